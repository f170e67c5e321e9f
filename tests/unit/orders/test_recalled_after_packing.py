"""A lot is recalled when its units lie in a closed carton with its label on it: with all services as they are."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation.dynamodb import Database
from tests.support.landscape import landscape
from tests.unit.picking.test_from_order_to_trolley import CODES, House
from tests.unit.shipping.desk import BERLIN, FLEET


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with landscape(database=Database()) as system:
        house = House(system)
        house.ask("PUT", "/shipping/carriers/own-fleet", {"name": "Own Fleet", "fleet": FLEET})
        house.settle()
        yield house


def labelled(house: House, sku: str, *, apart: bool = False) -> str:
    """An order of two units of lot L1 and two of lot L2, in one carton (or each in its own) that has its label."""
    CODES.setdefault("PAN", "4006381333917")
    house.describe(sku, "lot")
    house.stock("A-01", 2, sku, lot="L1")
    house.stock("A-02", 2, sku, lot="L2")
    order_id = house.released(4, sku, ship_to=BERLIN)
    for picklist in house.wave():
        for _ in picklist["steps"]:
            house.pick(house.again(picklist))
    assert packed(house, order_id, sku, ("L1", 2), ("L2", 2), apart=apart)["packed"] is True
    assert house.status(order_id) == "labelled"
    return order_id


def packed(house: House, order_id: str, sku: str, *lots: tuple[str, int], apart: bool = False) -> Any:
    items = [{"code": CODES[sku], "lot": lot, "units": units} for lot, units in lots]
    cartons = [[item] for item in items] if apart else [items]
    body = {
        "cartons": [{"carton_type": "BOX", "weight_g": 300, "items": inside} for inside in cartons],
        "packing_location": "PACK",
    }
    answer = house.ask("POST", f"/picking/orders/{order_id}/packing", body)
    house.settle()
    return answer


def recall(house: House, sku: str, lot: str = "L1") -> None:
    house.ask("POST", "/receiving/recalls", {"sku": sku, "lot": lot, "reason": "Salmonella"})
    house.settle()


def told_again(house: House, *types: str) -> None:
    """What was told of recalls comes once more, the latest first."""
    for event in [one for one in reversed(house.system.bus) if one.type in types]:
        for consumer in house.system.subscribers(event.type):
            assert house.system.deliver(consumer, event) == []
    house.settle()


def shipments(house: House, order_id: str) -> dict[str, str]:
    return {one["shipment_id"]: one["status"] for one in house.ask("GET", f"/orders/{order_id}")["shipments"]}


def carton_of(house: House, order_id: str, number: int = 0) -> str:
    shown = house.ask("GET", f"/picking/orders/{order_id}/packing")
    return str(shown["shipments"][number]["cartons"][0]["sscc"])


def send(house: House, *ssccs: str, **how: object) -> Any:
    load_id = house.ask("POST", "/shipping/loads", {"carrier": "own-fleet"})["load_id"]
    scanned = house.ask("POST", f"/shipping/loads/{load_id}/scans", {"ssccs": list(ssccs)})
    if scanned["loaded"]:
        house.ask("POST", f"/shipping/loads/{load_id}/dispatch", how)
        house.settle()
    return scanned


def test_the_carton_is_opened_its_good_units_are_packed_anew_and_others_come_for_the_recalled_ones(
    house: House,
) -> None:
    order_id = labelled(house, "MILK")
    bad = carton_of(house, order_id)
    house.stock("A-02", 5, "MILK", lot="L3")
    recall(house, "MILK")
    [refused] = send(house, bad)["refused"]
    assert refused["reason"] == "recalled"
    assert "Lot L1 of MILK in it is recalled: Salmonella" in refused["message"]
    [first] = shipments(house, order_id)
    assert (house.status(order_id), shipments(house, order_id)) == ("picked", {first: "withdrawn"})
    shown = house.ask("GET", f"/picking/orders/{order_id}/packing")
    assert shown["shipments"][0]["unpacked"] == "lot L1 of MILK is recalled: Salmonella"
    assert {(item["lot"], item["units"], item["container"]) for item in shown["to_pack"]} == {
        ("L1", 2, bad),
        ("L2", 2, bad),
    }
    assert [(one["item"]["lot"], one["code"]) for one in shown["unfit"]] == [("L1", "lot-blocked")]

    items = [{"code": CODES["MILK"], "lot": "L1", "units": 2}]
    body = {"items": items, "condition": "damaged", "reason": "recalled"}
    house.ask("POST", f"/picking/orders/{order_id}/rejections", body)
    house.settle()
    [task] = [one for one in house.ask("GET", "/inventory/put-away-tasks")["items"] if one["holding"] == bad]
    assert (task["purpose"], task["stock_status"], task["lot"], task["units"], task["location"]) == (
        "quarantine", "quarantine", "L1", 2, "Q-01",
    )  # fmt: skip
    house.system.invoke("inventory", "unsettled", {})
    house.settle()
    [picklist] = house.wave()
    assert [(step["lot"], step["units"]) for step in picklist["steps"]] == [("L3", 2)]
    house.pick(picklist)
    assert packed(house, order_id, "MILK", ("L2", 2), ("L3", 2))["packed"] is True
    told_again(house, "inventory.LotBlocked", "inventory.CartonRecalled", "orders.UnpackingRequested")
    told_again(house, "orders.ShipmentCancellationRequested", "shipping.ShipmentVoided", "picking.UnitsRejected")
    assert house.status(order_id) == "labelled"
    house.put_back(bad)
    good = carton_of(house, order_id, 1)
    assert send(house, good)["refused"] == []
    assert house.status(order_id) == "dispatched"
    stock = house.ask("GET", "/inventory/stock/MILK")
    assert (stock["reserved"], stock["available"]) == (0, 3)
    lying = {one["holding"]: one["statuses"] for one in stock["holdings"]}
    assert lying == {"Q-01": {"quarantine": 2}, "A-02": {"available": 3}}
    assert order_id in str(house.ask("GET", "/inventory/lots/MILK/L3/trace"))
    assert order_id in str(house.ask("GET", "/inventory/lots/MILK/L2/trace"))


def test_where_the_recall_is_lifted_all_of_it_is_packed_anew_and_leaves(house: House) -> None:
    order_id = labelled(house, "JUG")
    carton = carton_of(house, order_id)
    recall(house, "JUG")
    house.ask("POST", "/receiving/recalls/lifting", {"sku": "JUG", "lot": "L1"})
    house.settle()
    clean = {"sku": "JUG", "location": carton, "lot": "L1", "status": "quarantine", "to": "available"}
    house.ask("POST", "/inventory/stock/status-changes", clean | {"reason_code": "inspected"})
    house.settle()
    assert house.ask("GET", f"/picking/orders/{order_id}/packing")["unfit"] == []
    assert packed(house, order_id, "JUG", ("L1", 2), ("L2", 2))["packed"] is True
    assert house.status(order_id) == "labelled"
    assert send(house, carton_of(house, order_id, 1))["refused"] == []
    assert house.status(order_id) == "dispatched"
    stock = house.ask("GET", "/inventory/stock/JUG")
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (0, 0, 0)


def test_where_another_carton_has_left_the_one_that_stays_is_packed_anew(house: House) -> None:
    order_id = labelled(house, "PAN", apart=True)
    shown = house.ask("GET", f"/picking/orders/{order_id}/packing")["shipments"][0]["cartons"]
    cartons = {one["items"][0]["lot"]: one["sscc"] for one in shown}
    assert send(house, cartons["L2"], leave_behind=True)["refused"] == []
    recall(house, "PAN")
    assert [one["reason"] for one in send(house, cartons["L1"])["refused"]] == ["recalled"]
    order = house.ask("GET", f"/orders/{order_id}")
    [shipment] = order["shipments"]
    assert (order["status"], shipment["status"], shipment["capture"]) == (
        "partially_dispatched", "dispatched", "captured",
    )  # fmt: skip
    assert [line["units"] for line in shipment["lines"]] == [2]
    packing = house.ask("GET", f"/picking/orders/{order_id}/packing")
    assert [(item["lot"], item["units"], item["container"]) for item in packing["to_pack"]] == [
        ("L1", 2, cartons["L1"])
    ]
    body = {"items": [{"code": CODES["PAN"], "units": 2}], "condition": "damaged", "reason": "recalled"}
    house.ask("POST", f"/picking/orders/{order_id}/rejections", body)
    house.stock("A-02", 2, "PAN", lot="L3")
    house.system.invoke("inventory", "unsettled", {})
    house.settle()
    [picklist] = house.wave()
    house.pick(picklist)
    assert packed(house, order_id, "PAN", ("L3", 2))["packed"] is True
    assert send(house, carton_of(house, order_id, 1))["refused"] == []
    assert house.status(order_id) == "dispatched"
    told_again(house, "inventory.CartonRecalled", "shipping.CartonKept", "orders.UnpackingRequested")
    stock = house.ask("GET", "/inventory/stock/PAN")
    assert (stock["reserved"], stock["available"]) == (0, 0)
