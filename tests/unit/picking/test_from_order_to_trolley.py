"""An order is placed, paid, reserved, released, picked short, picked elsewhere: with all services as they are."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest

from infra.app import SYSTEM
from shared import aws
from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.faults import at_moment
from tests.support.landscape import Answer, Landscape, landscape

BOX = {
    "inner": {"length_mm": 400, "width_mm": 300, "height_mm": 250},
    "outer": {"length_mm": 410, "width_mm": 310, "height_mm": 260},
    "max_weight_g": 20_000,
    "tare_g": 300,
}


CODES = {"MUG": "4006381333931", "MILK": "4012345678901", "JUG": "4006381333924"}


class House:
    """The whole system; news goes round until there is none."""

    def __init__(self, system: Landscape) -> None:
        self.system = system
        self.late: list[tuple[tuple[str, str], CloudEvent]] = []
        self._calls = 0
        for place, kind in (
            ("A-01", "pick_face"),
            ("A-02", "pick_face"),
            ("PACK", "packing"),
            ("Q-01", "quarantine"),
        ):
            self.ask("PUT", f"/inventory/locations/{place}", _place(place, kind))
        self.describe("MUG", "none")
        self.ask("PUT", "/picking/carton-types/BOX", BOX)
        self.settle()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        self._calls += 1
        key = f"call-{self._calls}" if method == "POST" else None
        answer: Answer = self.system.call(method, path, body, key=key)
        assert answer.status in (200, 201, 202), answer
        return answer.body

    def refused(self, path: str, body: object) -> str:
        """Why a request is refused."""
        self._calls += 1
        return self.system.call("POST", path, body, key=f"call-{self._calls}").problem

    def again(self, picklist: Any) -> Any:
        """A list as it stands now."""
        return self.ask("GET", f"/picking/pick-lists/{picklist['list_id']}")

    def describe(self, sku: str, tracking: str, **more: object) -> None:
        product = {"name": sku, "gtin": CODES[sku], "tracking": tracking, **more}
        self.ask("PUT", f"/inventory/products/{sku}", product)

    def settle(self, *, backwards: bool = False, but: Collection[tuple[str, str]] = ()) -> None:
        """Let news go round, those of one moment in their order or backwards; those for `but` come late."""
        told = True
        while told:
            told = False
            for service in SYSTEM.services:
                news = self.system.publish(service.name)
                for event in reversed(news) if backwards else news:
                    told = True
                    for consumer in self.system.subscribers(event.type):
                        if consumer in but:
                            self.late.append((consumer, event))
                            continue
                        assert self.system.deliver(consumer, event) == [], (consumer, event.type)
                self.system.project(service.name)

    def catch_up(self, order: Callable[[int], int]) -> None:
        """Deliver what came late in this order, again as long as it fails, and then all of it once more."""
        late, self.late = self.late, []
        waiting = [late[place] for place in sorted(range(len(late)), key=order)]
        for _ in range(10):
            waiting = [(to, event) for to, event in waiting if self.system.deliver(to, event)]
            self.settle()
        assert not waiting
        for to, event in late:
            assert self.system.deliver(to, event) == []
        self.settle()

    def stock(self, place: str, units: int, sku: str = "MUG", **more: str) -> None:
        body = {"sku": sku, "location": place, "quantity": units, "reason": "found", **more}
        self.ask("POST", "/inventory/stock/adjustments", body)
        self.settle()

    def released(self, quantity: int, sku: str = "MUG", **more: object) -> str:
        order = {
            "channel": "webshop",
            "currency": "EUR",
            "payment": {"method": "tok_accepted"},
            "lines": [{"sku": sku, "quantity": quantity, "unit_price": 895}],
            **more,
        }
        order_id: str = self.ask("POST", "/orders", order)["order_id"]
        self.settle()
        self.ask("POST", f"/orders/{order_id}/release")
        self.settle()
        return order_id

    def wave(self) -> list[Any]:
        wave_id = self.ask("POST", "/picking/waves", {})["wave_id"]
        self.settle()
        lists = self.ask("GET", f"/picking/waves/{wave_id}").get("lists", [])
        return [self.ask("POST", f"/picking/pick-lists/{list_id}/claim") for list_id in lists]

    def pick(self, picklist: Any, found: int | None = None, but: Collection[tuple[str, str]] = ()) -> None:
        step = next(step for step in picklist["steps"] if step["status"] == "open")
        place = self.ask("GET", f"/inventory/locations/{step['place']}")
        scan = {
            "confirmation_id": step["pick_id"],
            "pick_id": step["pick_id"],
            "location": f"{step['place']}:{place['check_digits']}",
            "code": CODES[step["sku"]],
        }
        if step.get("lot"):
            scan["lot"] = step["lot"]
        short = {} if found is None else {"short": {"units_found": found, "reason": "no more there"}}
        path = f"/picking/pick-lists/{picklist['list_id']}/confirmations"
        [verdict] = self.ask("POST", path, {"confirmations": [scan | short]})["verdicts"]
        assert verdict["result"] == "accepted", verdict
        self.settle(but=but)

    def reject(self, order_id: str, units: int, condition: str, sku: str = "MUG") -> Any:
        """The packer reports units of an order."""
        items = [{"code": CODES[sku], "units": units}]
        body = {"items": items, "condition": condition, "reason": "seen at the bench"}
        answer = self.ask("POST", f"/picking/orders/{order_id}/rejections", body)
        self.settle()
        return answer

    def put_back(self, holding: str) -> None:
        """Bring to its place what is to be put back from there."""
        [task] = [
            one for one in self.ask("GET", "/inventory/put-away-tasks")["items"] if one["holding"] == holding
        ]
        path = f"/inventory/put-away-tasks/{task['task_id']}"
        self.ask("POST", f"{path}/claim")
        place = self.ask("GET", f"/inventory/locations/{task['location']}")
        body = {"location": task["location"], "check_digits": place["check_digits"], "units": task["units"]}
        self.ask("POST", f"{path}/confirmation", body)
        self.settle()

    def pack(self, order_id: str, units: int, sku: str = "MUG") -> Any:
        answer = self.ask("POST", f"/picking/orders/{order_id}/packing", self.carton(units, sku))
        self.settle()
        return answer

    def carton(self, units: int, sku: str) -> dict[str, Any]:
        items = [{"code": CODES[sku], "units": units}]
        return {"cartons": [{"carton_type": "BOX", "weight_g": 300, "items": items}]}

    def counted(self, sku: str = "MUG") -> dict[str, int]:
        """How many of a product (mugs) can be sold, and how many of them are promised."""
        stock = self.ask("GET", f"/inventory/stock/{sku}")
        return {name: stock[name] for name in ("on_hand", "reserved", "available")}

    def lying(self, place: str) -> dict[str, int]:
        """Mugs in a place, by status; none of them are set aside."""
        holdings = self.ask("GET", "/inventory/stock/MUG")["holdings"]
        [found] = [one for one in holdings if one["holding"] == place]
        assert not found.get("allocated")
        statuses: dict[str, int] = found["statuses"]
        return statuses

    def status(self, order_id: str) -> str:
        return str(self.ask("GET", f"/orders/{order_id}")["status"])


def _place(name: str, kind: str) -> dict[str, Any]:
    return {
        "zone": name[0],
        "aisle": "01",
        "bay": name[-2:],
        "level": "1",
        "kind": kind,
        "coordinates": {"x_mm": 1_000, "y_mm": 3_000},
    }


@pytest.fixture
def house() -> Iterator[House]:
    with landscape(database=Database()) as system:
        yield House(system)


def test_a_released_order_waits_for_a_wave_and_is_picked(house: House) -> None:
    house.stock("A-01", 5)
    order_id = house.released(3)
    assert [one["order_id"] for one in house.ask("GET", "/picking/pool")["items"]] == [order_id]
    [picklist] = house.wave()
    house.settle()
    assert house.status(order_id) == "picking"
    house.pick(picklist)
    assert house.status(order_id) == "picked"
    [collected] = house.ask("GET", f"/picking/orders/{order_id}")["collected"]
    assert (collected["units"], collected["container"]) == (3, picklist["list_id"])


def test_what_is_not_found_is_picked_where_inventory_has_more(house: House) -> None:
    house.stock("A-01", 3)
    house.stock("A-02", 5)
    order_id = house.released(3)
    [picklist] = house.wave()
    house.pick(picklist, found=1)
    [second] = house.wave()
    assert sum(step["units"] for step in second["steps"]) == 2
    house.pick(second)
    assert house.status(order_id) == "picked"
    collected = house.ask("GET", f"/picking/orders/{order_id}")["collected"]
    assert sum(one["units"] for one in collected) == 3


def test_what_the_packer_finds_damaged_is_picked_elsewhere_and_the_books_agree(house: House) -> None:
    house.stock("A-01", 3)
    house.stock("A-02", 5)
    order_id = house.released(3)
    [picklist] = house.wave()
    house.pick(picklist)
    rejected = house.reject(order_id, 1, "damaged")
    assert (rejected["packed"], [one["units"] for one in rejected["items"]]) == (False, [1])
    assert house.counted() == {"on_hand": 7, "reserved": 3, "available": 4}
    [second] = house.wave()
    assert [(step["place"], step["units"]) for step in second["steps"]] == [("A-02", 1)]
    house.pick(second)
    assert house.status(order_id) == "picked"
    assert house.pack(order_id, 3)["packed"] is True
    assert house.status(order_id) == "packed"
    assert house.lying("A-02") == {"available": 4}
    [task] = house.ask("GET", "/inventory/put-away-tasks")["items"]
    assert (task["holding"], task["purpose"], task["stock_status"], task["units"], task["location"]) == (
        picklist["list_id"],
        "quarantine",
        "damaged",
        1,
        "Q-01",
    )


def test_what_the_packer_does_not_find_and_nobody_has_waits_for_stock(house: House) -> None:
    house.stock("A-01", 3)
    order_id = house.released(3)
    [picklist] = house.wave()
    house.pick(picklist)
    house.reject(order_id, 1, "missing")
    [line] = house.ask("GET", f"/orders/{order_id}")["lines"]
    assert line["status"] == "backordered"
    assert house.counted() == {"on_hand": 2, "reserved": 0, "available": 2}
    refused = house.refused(f"/picking/orders/{order_id}/packing", house.carton(2, "MUG"))
    assert refused == "nothing-to-pack"
    [back] = house.ask("GET", f"/picking/orders/{order_id}/packing")["to_put_back"]
    assert (back["units"], back["container"]) == (2, picklist["list_id"])
    house.stock("A-02", 5)
    [second] = house.wave()
    assert [(step["place"], step["units"]) for step in second["steps"]] == [("A-02", 3)]
    house.pick(second)
    house.pack(order_id, 3)
    assert house.status(order_id) == "packed"
    assert house.counted() == {"on_hand": 7, "reserved": 3, "available": 4}
    assert house.lying("A-02") == {"available": 2}
    [carton] = house.ask("GET", f"/picking/orders/{order_id}/packing")["shipments"][0]["cartons"]
    allocation = house.ask("GET", f"/inventory/allocations/{order_id}")
    assert [(pick["holding"], pick["units"]) for pick in allocation["lines"][0]["picks"]] == [(carton["sscc"], 3)]


def test_what_was_put_back_is_picked_anew_from_where_it_lies_now(house: House) -> None:
    house.stock("A-01", 3)
    order_id = house.released(3)
    [picklist] = house.wave()
    house.pick(picklist)
    house.reject(order_id, 1, "missing")
    house.put_back(picklist["list_id"])
    house.stock("A-02", 1)
    lists = house.wave()
    assert sum(step["units"] for one in lists for step in one["steps"]) == 3
    for step in range(len(lists[0]["steps"])):
        house.pick(house.again(lists[0]) if step else lists[0])
    house.pack(order_id, 3)
    assert house.status(order_id) == "packed"
    assert house.counted() == {"on_hand": 3, "reserved": 3, "available": 0}


def test_what_is_not_found_is_replaced_where_the_customer_allows_it(house: House) -> None:
    house.describe("MUG", "none", substitutes=["JUG"])
    house.describe("JUG", "none")
    house.stock("A-01", 5)
    house.stock("A-02", 9, "JUG")
    order_id = house.released(5, substitutes_allowed=True)
    [picklist] = house.wave()
    house.pick(picklist, found=3)
    [line] = house.ask("GET", f"/orders/{order_id}")["lines"]
    assert (line["status"], line["missing"]) == ("reserved", 2)
    made = house.ask("POST", f"/orders/{order_id}/lines/1/substitutions", {})
    assert (made["sku"], made["units"]) == ("JUG", 2)
    house.settle()
    house.stock("A-01", -2)
    assert house.counted() == {"on_hand": 3, "reserved": 3, "available": 0}, "the count breaks nothing"
    [second] = house.wave()
    assert [(step["sku"], step["units"]) for step in second["steps"]] == [("JUG", 2)]
    house.pick(second)
    assert house.status(order_id) == "picked"
    carton = house.carton(3, "MUG")
    carton["cartons"][0]["items"].append({"code": CODES["JUG"], "units": 2})
    packed = house.ask("POST", f"/picking/orders/{order_id}/packing", carton)
    house.settle()
    assert packed["packed"] is True
    order = house.ask("GET", f"/orders/{order_id}")
    assert order["status"] == "packed"
    assert order["shipments"][0]["value"] == order["total"]
    path = f"/picking/orders/{order_id}/packing-slip"
    [paper] = house.system.call("GET", path, query={"format": "json"}).body["cartons"]
    rows = [(row["sku"], row["units"], row.get("instead_of")) for row in paper["rows"]]
    assert rows == [("JUG", 2, "MUG"), ("MUG", 3, None)]


def test_two_who_replace_units_of_one_line_at_once_promise_and_send_each_unit_once(house: House) -> None:
    house.describe("MUG", "none", substitutes=["JUG"])
    house.describe("JUG", "none")
    house.stock("A-01", 5)
    house.stock("A-02", 9, "JUG")
    order_id = house.released(5, substitutes_allowed=True)
    [picklist] = house.wave()
    house.pick(picklist, found=1)
    path = f"/orders/{order_id}/lines/1/substitutions"
    with at_moment(aws.dynamodb(), 0, lambda: house.ask("POST", path, {"units": 1})):
        assert house.ask("POST", path, {"units": 2})["substitute"] == "3", "the other was faster"
    house.settle(backwards=True)
    assert house.counted()["reserved"] == 2, "of four units that were missing three are replaced"
    assert house.counted("JUG") == {"on_hand": 9, "reserved": 3, "available": 6}
    [second] = house.wave()
    steps = sorted((step["sku"], step["units"]) for step in second["steps"])
    assert steps == [("JUG", 1), ("JUG", 2), ("MUG", 1)], "inventory has found another mug meanwhile"
    for step in range(3):
        house.pick(house.again(second) if step else second)
    carton = house.carton(2, "MUG")
    carton["cartons"][0]["items"].append({"code": CODES["JUG"], "units": 3})
    assert house.ask("POST", f"/picking/orders/{order_id}/packing", carton)["packed"] is True
    house.settle(backwards=True)
    order = house.ask("GET", f"/orders/{order_id}")
    assert (order["status"], order["shipments"][0]["value"]) == ("packed", order["total"])


def test_a_lot_that_is_recalled_in_the_trolley_is_not_packed_and_other_units_are_picked(house: House) -> None:
    house.describe("MILK", "lot")
    house.stock("A-01", 3, "MILK", lot="L1")
    house.stock("A-02", 5, "MILK", lot="L2")
    order_id = house.released(3, "MILK")
    [picklist] = house.wave()
    house.pick(picklist)
    house.ask("POST", "/receiving/recalls", {"sku": "MILK", "lot": "L1", "reason": "cooling chain broken"})
    house.settle()
    path = f"/picking/orders/{order_id}/packing"
    refused = house.system.call("POST", path, house.carton(3, "MILK"), key="unfit")
    assert refused.status == 422
    assert refused.body["errors"][0]["message"] == "Lot L1 of MILK is recalled: cooling chain broken."
    [unfit] = house.ask("GET", path)["unfit"]
    assert (unfit["code"], unfit["item"]["units"]) == ("lot-blocked", 3)
    house.reject(order_id, 3, "damaged", "MILK")
    [second] = house.wave()
    assert [(step["place"], step["lot"], step["units"]) for step in second["steps"]] == [("A-02", "L2", 3)]
    house.pick(second)
    assert house.pack(order_id, 3, "MILK")["packed"] is True
    [left] = house.ask("GET", "/inventory/stock/MILK")["holdings"]
    assert (left["holding"], left["statuses"], left.get("allocated", 0)) == ("A-02", {"available": 2}, 0)
    [carton] = house.ask("GET", path)["shipments"][0]["cartons"]
    allocation = house.ask("GET", f"/inventory/allocations/{order_id}")
    assert [(pick["holding"], pick["units"]) for pick in allocation["lines"][0]["picks"]] == [(carton["sscc"], 3)]
    [task] = house.ask("GET", "/inventory/put-away-tasks")["items"]
    assert (task["holding"], task["stock_status"], task["units"]) == (picklist["list_id"], "quarantine", 3)


def test_a_closed_carton_stays_as_it_is_when_its_line_loses_the_promise(house: House) -> None:
    house.stock("A-01", 3)
    older = house.released(3)
    [first] = house.wave()
    house.stock("A-02", 3)
    younger = house.released(3)
    [second] = house.wave()
    house.pick(first)
    house.pick(second)
    house.pack(younger, 3)
    house.reject(older, 1, "missing")
    [line] = house.ask("GET", f"/orders/{younger}")["lines"]
    assert line["status"] == "backordered", "fewer are there than were promised, and this promise is the youngest"
    assert house.ask("GET", "/inventory/put-away-tasks")["items"] == []
    [carton] = house.ask("GET", f"/picking/orders/{younger}/packing")["shipments"][0]["cartons"]
    [allocated] = house.ask("GET", f"/inventory/allocations/{younger}")["lines"]
    assert [(pick["holding"], pick["units"]) for pick in allocated["picks"]] == [(carton["sscc"], 3)]
    assert house.status(younger) == "packed"
    house.stock("A-02", 1)
    house.system.invoke("inventory", "unsettled", {})
    house.settle()
    [third] = house.wave()
    house.pick(third)
    house.pack(older, 3)
    assert house.counted() == {"on_hand": 6, "reserved": 6, "available": 0}


PICKING_AND_STOCK = (("picking", "requests"), ("inventory", "outbound"))
"""Who hears last of what orders, pickers and packers say."""


class TestUnitsThatTurnUpAgain:
    """All mugs are in a trolley when somebody counts their empty place; then they are replaced, and packed."""

    def packed_too_many(self, house: House, given_up: int) -> str:
        house.describe("MUG", "none", substitutes=["JUG"])
        house.describe("JUG", "none")
        house.stock("A-01", 5)
        house.stock("A-02", 9, "JUG")
        order_id = house.released(5, substitutes_allowed=True)
        [picklist] = house.wave()
        house.settle()
        house.pick(picklist, but=PICKING_AND_STOCK)
        house.ask("POST", "/inventory/stock/counts", {"location": "A-01", "sku": "MUG", "units": 0})
        house.settle(but=PICKING_AND_STOCK)
        [line] = house.ask("GET", f"/orders/{order_id}")["lines"]
        assert line["status"] == "backordered"
        house.ask("POST", f"/orders/{order_id}/lines/1/substitutions", {"units": given_up})
        house.settle(but=PICKING_AND_STOCK)
        house.ask("POST", f"/picking/orders/{order_id}/packing", house.carton(5, "MUG"))
        house.settle(but=PICKING_AND_STOCK)
        return order_id

    @pytest.mark.parametrize("order", [lambda place: place, lambda place: -place], ids=["in order", "backwards"])
    @pytest.mark.parametrize("given_up", [5, 2])
    def test_the_shipment_is_refused_put_back_and_what_is_wanted_of_it_leaves_with_the_substitute(
        self, house: House, given_up: int, order: Callable[[int], int]
    ) -> None:
        order_id = self.packed_too_many(house, given_up)
        [refused] = house.ask("GET", f"/orders/{order_id}")["shipments"]
        assert refused["status"] == "withdrawn"
        house.catch_up(order)
        [shipment] = house.ask("GET", f"/picking/orders/{order_id}/packing")["shipments"]
        assert shipment["unpacked"] == "the order does not want all of it any more: everything is put back"
        tasks = house.ask("GET", "/inventory/put-away-tasks")["items"]
        assert {(task["holding"], task["units"]) for task in tasks} >= {(shipment["cartons"][0]["sscc"], 5)}
        house.put_back(shipment["cartons"][0]["sscc"])
        house.system.invoke("inventory", "unsettled", {})
        house.settle()
        kept = 5 - given_up
        for picklist in house.wave():
            for step in range(len(picklist["steps"])):
                house.pick(house.again(picklist) if step else picklist)
        carton = house.carton(given_up, "JUG")
        carton["cartons"][0]["items"] += [{"code": CODES["MUG"], "units": kept}] if kept else []
        assert house.ask("POST", f"/picking/orders/{order_id}/packing", carton)["packed"] is True
        house.settle()
        shown = house.ask("GET", f"/orders/{order_id}")
        [value] = [one["value"] for one in shown["shipments"] if one["status"] != "withdrawn"]
        assert (shown["status"], value) == ("packed", shown["total"])
        assert house.counted() == {"on_hand": 5, "reserved": kept, "available": given_up}
        assert house.counted("JUG") == {"on_hand": 9, "reserved": given_up, "available": 9 - given_up}
