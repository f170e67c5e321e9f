"""A delivery that is not what was announced: to the racks, to an order that waits for it, and a recall."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from shared.gs1 import check_digit
from tests.support.shop import Json, Shop, order

pytestmark = pytest.mark.cloud

WAITED_FOR, SHORT, OVER, DENTED, INSPECTED = "WAITED", "SHORT", "OVER", "DENTED", "INSPECTED"
ANNOUNCED = {WAITED_FOR: 10, SHORT: 20, OVER: 30, DENTED: 12, INSPECTED: 40}
LOT, EXPIRES = "L2609", "2031-06-30"


@dataclass
class Warehouse:
    """A small warehouse of its own: a dock, a staging lane, racks, a quarantine cage, and five products."""

    shop: Shop
    code: str = field(default_factory=lambda: f"W{uuid4().hex[:8].upper()}")

    def sku(self, name: str) -> str:
        return f"{name}-{self.code}"

    def at(self, place: str) -> str:
        return f"{self.code}-{place}"

    def gtin(self, name: str) -> str:
        digits = f"2{int(self.code[1:], 16) % 10**9:09d}{list(ANNOUNCED).index(name):02d}"
        return f"{digits}{check_digit(digits)}"

    def build(self) -> None:
        shop = self.shop
        for name in ANNOUNCED:
            tracked = {"tracking": "lot_expiry"} if name == INSPECTED else {}
            body = {"name": name, "gtin": self.gtin(name).zfill(13), "velocity": "B", **tracked, **SIZE}
            assert shop.call("PUT", f"/inventory/products/{self.sku(name)}", body).status == 200
        for place, kind, more in (
            ("DOCK", "dock", {}),
            ("LANE", "staging", {}),
            ("CAGE", "quarantine", {}),
            *((f"R{number}", "bulk", RACK) for number in range(1, 7)),
        ):
            body = {"warehouse": self.code, "zone": "A", "aisle": "01", "bay": place, "level": "1", "kind": kind}
            assert shop.call("PUT", f"/inventory/locations/{self.at(place)}", body | more).status == 200
        plan = f"/receiving/inspection-plans/sku.{self.sku(INSPECTED)}"
        assert shop.call("PUT", plan, {"aql": "1.0"}).status == 200

    def stock(self, name: str) -> Json:
        return self.shop.get(f"/inventory/stock/{self.sku(name)}?warehouse={self.code}")

    def tasks(self, status: str = "open") -> list[Json]:
        items: list[Json] = self.shop.get(f"/inventory/put-away-tasks?warehouse={self.code}&status={status}")[
            "items"
        ]
        return items

    def units_at(self, place: str) -> int:
        found = self.shop.get(f"/inventory/locations/{self.at(place)}/stock")
        return sum(int(goods["units"]) for goods in found.get("goods", []))


SIZE = {"dimensions": {"length_mm": 100, "width_mm": 100, "height_mm": 100}, "weight_g": 500}
RACK = {"capacity": {"volume_mm3": 35 * 10**6}, "mixing": "one_sku"}


@pytest.fixture(scope="module")
def warehouse(shop: Shop) -> Warehouse:
    built = Warehouse(shop)
    built.build()
    return built


def test_a_delivery_that_is_not_what_was_announced(warehouse: Warehouse) -> None:
    shop, sku = warehouse.shop, warehouse.sku
    body = {**order({sku(WAITED_FOR): 6}), "warehouse": warehouse.code}
    waiting = str(shop.once_heard("/orders", body, 201)["order_id"])
    shop.settled(waiting, "backordered")

    # announced, arrived, and logged by two operators at once, one of them by scanned GTINs
    lines = [
        {"sku": sku(name), "units": units, **({"lot": LOT, "expires_on": EXPIRES} if name == INSPECTED else {})}
        for name, units in ANNOUNCED.items()
    ]
    notice = {
        "supplier": f"ACME-{warehouse.code}",
        "reference": warehouse.code,
        "warehouse": warehouse.code,
        "lines": lines,
    }
    shipment = str(shop.once_heard("/receiving/shipments", notice, 201)["shipment_id"])
    at = f"/receiving/shipments/{shipment}"
    shop.once_heard(f"{at}/arrival", {"location": warehouse.at("DOCK")}, 200)
    [scanned] = shop.post("/inventory/scans", {"codes": [warehouse.gtin(OVER).zfill(13)]})["results"]
    assert (scanned["kind"], scanned["sku"]) == ("product", sku(OVER))
    first = [
        {"sku": sku(WAITED_FOR), "units": 10},
        {"sku": sku(SHORT), "units": 18},
        {"sku": sku(DENTED), "units": 11},
        {"sku": sku(DENTED), "units": 1, "condition": "damaged"},
    ]
    second = [
        {"gtin": warehouse.gtin(OVER).zfill(13), "count": 33},
        {"sku": sku(INSPECTED), "units": 40, "lot": LOT, "expires_on": EXPIRES},
    ]
    with ThreadPoolExecutor(2) as operators:
        logged = list(
            operators.map(lambda found: shop.post(f"{at}/receipts", {"entries": found}), (first, second))
        )
    outcomes = [[one["outcome"] for one in answer["results"]] for answer in logged]
    assert outcomes == [["matched", "short", "short", "damaged"], ["over", "matched"]]
    report = shop.post(f"{at}/closing")
    assert report["totals"] == {"expected": 112, "received": 112, "damaged": 1, "short": 2, "over": 3}
    late = shop.call("POST", f"{at}/receipts", {"entries": first[:1]})
    assert late.status == 409

    # what waited is served, what is inspected or broken is not for sale
    shop.settled(waiting, "reserved")
    shop.until(
        lambda: warehouse.stock(INSPECTED)["available"] == 0 and warehouse.stock(OVER)["available"] == 33, "stock"
    )
    expected = {WAITED_FOR: (10, 6, 4), SHORT: (18, 0, 18), OVER: (33, 0, 33), DENTED: (11, 0, 11)}
    for name, (on_hand, reserved, available) in expected.items():
        found = warehouse.stock(name)
        assert (found["on_hand"], found["reserved"], found["available"]) == (on_hand, reserved, available), name

    # put away by two operators: what an order waits for to staging, what is broken to the cage, the rest to racks
    shop.until(lambda: len(warehouse.tasks()) == 6, "a task for everything that may be moved")
    by_purpose = {(task["purpose"], task["sku"]): task for task in warehouse.tasks()}
    cross_dock = by_purpose["cross_dock", sku(WAITED_FOR)]
    assert (cross_dock["units"], cross_dock["location"]) == (6, warehouse.at("LANE"))
    assert by_purpose["storage", sku(WAITED_FOR)]["units"] == 4
    assert by_purpose["quarantine", sku(DENTED)]["location"] == warehouse.at("CAGE")
    task_path = f"/inventory/put-away-tasks/{cross_dock['task_id']}"
    assert shop.call("POST", f"{task_path}/claim", {}, caller="operator").status == 200
    taken = shop.call("POST", f"{task_path}/claim", {}, caller="supervisor")
    assert taken.status == 409, taken
    wrong = shop.call(
        "POST",
        f"{task_path}/confirmation",
        {"location": warehouse.at("LANE"), "check_digits": "00"},
        caller="operator",
    )
    assert wrong.status == 422, wrong
    with ThreadPoolExecutor(2) as operators:
        list(operators.map(lambda task: _bring(warehouse, task), warehouse.tasks()))
    assert warehouse.units_at("LANE") == 6
    assert warehouse.units_at("CAGE") == 1
    assert sum(warehouse.units_at(f"R{number}") for number in range(1, 7)) == 4 + 18 + 33 + 11
    for name, (on_hand, reserved, available) in expected.items():
        found = warehouse.stock(name)
        assert (found["on_hand"], found["reserved"], found["available"]) == (on_hand, reserved, available), name

    timed = f"/receiving/reports/dock-to-stock?supplier=ACME-{warehouse.code}"
    shop.until(lambda: [one["put_aways"] for one in shop.get(timed)["items"]] == [6], "six tasks are timed")

    # the order is released, and gets what was brought to the lane for it
    assert shop.call("POST", f"/orders/{waiting}/release", {}).status in (200, 202)
    shop.settled(waiting, "allocated")
    [line] = shop.get(f"/inventory/allocations/{waiting}")["lines"]
    assert [(pick["holding"], pick["units"]) for pick in line["picks"]] == [(warehouse.at("LANE"), 6)]

    # the sample fails: the lot is rejected, recalled and traced
    [inspection] = shop.get(at)["inspections"]
    path = f"/receiving/inspections/{inspection}"
    shop.until(lambda: shop.get(path)["status"] == "open", "the inspection is open")
    sample = shop.get(path)
    assert (sample["sample_size"], sample["accept"]) == (13, 0)
    shop.post(f"{path}/results", {"inspected": 13, "defects": 2})
    shop.post(f"{path}/decision", {"decision": "reject", "rejected_status": "quarantine"})
    recall = {"sku": sku(INSPECTED), "lot": LOT, "reason": "mould in the sample"}
    answer = shop.call("POST", "/receiving/recalls", recall)
    assert answer.status in (200, 201, 202), answer
    lot = f"/inventory/lots/{sku(INSPECTED)}/{LOT}"
    shop.until(lambda: shop.get(lot)["status"] == "blocked", "the lot is blocked")
    assert warehouse.stock(INSPECTED)["available"] == 0
    trace = shop.get(f"{lot}/trace")
    assert [(one["shipment_id"], one["supplier"]) for one in trace["received"]] == [
        (shipment, f"ACME-{warehouse.code}")
    ]


def test_the_last_slot_of_a_rack_goes_to_one_of_two_operators(warehouse: Warehouse) -> None:
    shop = warehouse.shop
    place = warehouse.at("LAST")
    body = {"warehouse": warehouse.code, "zone": "A", "aisle": "01", "bay": "LAST", "level": "1", "kind": "bulk"}
    assert (
        shop.call("PUT", f"/inventory/locations/{place}", body | {"capacity": {"handling_units": 1}}).status == 200
    )
    units = [
        shop.post("/inventory/handling-units", {"type": "pallet", "location": warehouse.at("DOCK")}, 201)["sscc"]
        for _ in range(2)
    ]
    with ThreadPoolExecutor(2) as operators:
        answers = list(
            operators.map(
                lambda sscc: shop.call("POST", f"/inventory/handling-units/{sscc}/moves", {"to": place}),
                units,
            )
        )
    assert sorted(answer.status for answer in answers)[1] == 409
    assert sum(answer.status < 300 for answer in answers) == 1


def test_a_thousand_lines_and_five_hundred_tags(warehouse: Warehouse) -> None:
    shop, sku = warehouse.shop, warehouse.sku(SHORT)
    blind = {"supplier": "BULK", "location": warehouse.at("DOCK"), "warehouse": warehouse.code}
    shipment = shop.post("/receiving/unannounced-shipments", blind, 201)["shipment_id"]
    entries = [{"sku": sku, "units": 1 + number % 3} for number in range(1_000)]
    answer = shop.post(f"/receiving/shipments/{shipment}/receipts", {"entries": entries})
    assert len(answer["results"]) == 1_000
    units = sum(1 + number % 3 for number in range(1_000))
    shop.until(lambda: warehouse.stock(SHORT)["on_hand"] >= units, f"{units} more on hand", 120)
    tags = [f"3074257BF7194E4{number:09X}" for number in range(500)]
    results = shop.post("/inventory/scans", {"codes": tags})["results"]
    assert [one["input"] for one in results] == tags
    assert {one["gtin"] for one in results} == {"80614141123458"}


def _bring(warehouse: Warehouse, task: Json) -> None:
    path = f"/inventory/put-away-tasks/{task['task_id']}"
    label = warehouse.shop.get(f"/inventory/locations/{task['location']}")["check_digits"]
    scan = {"location": task["location"], "check_digits": label}
    assert warehouse.shop.call("POST", f"{path}/claim", {}, caller="operator").status == 200
    answer = warehouse.shop.call("POST", f"{path}/confirmation", scan, caller="operator")
    assert answer.status == 200, answer
