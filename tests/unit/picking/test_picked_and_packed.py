"""From an order that asks to be picked to its packed cartons: what is packed is what pickers have brought."""

from typing import Any

from tests.support.landscape import Answer
from tests.unit.picking.floor import Floor, line, new_order, visit

Json = dict[str, Any]

BOX: Json = {
    "inner": {"length_mm": 400, "width_mm": 300, "height_mm": 250},
    "outer": {"length_mm": 410, "width_mm": 310, "height_mm": 260},
    "max_weight_g": 20_000,
    "tare_g": 300,
}
MUGS = line("1", "MUG", visit("A-01-01", 5))
MILK = line("2", "MILK", visit("B-03-02", 2, lot="L1"))
DRILLS = line("3", "DRILL", visit("A-02-03", 2, serials=["S1", "S2"]))


def pack(floor: Floor, order_id: str, *items: Json, weight_g: int = 9_000) -> Answer:
    """Pack the items into one carton."""
    assert floor.system.call("PUT", "/picking/carton-types/BOX", BOX).status == 200
    carton = {"carton_type": "BOX", "weight_g": weight_g, "items": items}
    return floor.post(f"/orders/{order_id}/packing", {"cartons": [carton]})


def items(*names: str) -> list[Json]:
    """What a packer scans."""
    known: dict[str, Json] = {
        "mugs": {"code": "4006381333931", "count": 5},
        "milk": {"sku": "MILK", "units": 2, "lot": "L1"},
        "drills": {"sku": "DRILL", "serials": ["S1", "S2"]},
    }
    return [known[name] for name in names]


def test_what_pickers_have_brought_is_packed_with_its_lots_serials_and_containers(floor: Floor) -> None:
    order_id = new_order()
    floor.ask(order_id, MUGS, MILK, DRILLS)
    assert pack(floor, order_id, *items("mugs")).problem == "picking-goes-on"
    [picklist] = floor.lists(warehouse="MAIN")
    floor.pick_all(picklist)
    answer = pack(floor, order_id, *items("mugs", "milk", "drills"))
    assert (answer.status, answer.body["packed"]) == (201, True)
    [carton] = floor.published("CartonPacked", order_id=order_id)
    assert {item["container"] for item in carton["items"]} == {picklist["list_id"]}
    assert [(item["sku"], item["units"], item.get("lot"), item.get("serials")) for item in carton["items"]] == [
        ("MUG", 5, None, None),
        ("MILK", 2, "L1", None),
        ("DRILL", 2, None, ["S1", "S2"]),
    ]
    picked = floor.published("UnitsPicked", order_id=order_id)
    assert sum(one["units"] for one in picked) == sum(item["units"] for item in carton["items"])


def test_what_two_pickers_bring_from_their_zones_meets_in_one_carton(floor: Floor) -> None:
    order_id = new_order()
    floor.ask(order_id, MUGS, MILK)
    first, second = floor.lists(warehouse="MAIN", method="zone")
    floor.pick_all(first, "kim")
    assert pack(floor, order_id, *items("mugs")).problem == "picking-goes-on"
    floor.pick_all(second, "lee")
    assert pack(floor, order_id, *items("mugs", "milk")).body["packed"] is True
    [carton] = floor.published("CartonPacked", order_id=order_id)
    assert {item["container"] for item in carton["items"]} == {first["list_id"], second["list_id"]}


def test_what_was_not_found_is_packed_with_the_next_shipment(floor: Floor) -> None:
    order_id = new_order()
    floor.ask(order_id, MUGS, MILK)
    [picklist] = floor.lists(warehouse="MAIN")
    shown = floor.claimed(picklist["list_id"])
    mugs, milk = sorted(shown["steps"], key=lambda step: str(step["sku"]), reverse=True)
    seen = floor.scan(milk)
    gone = {name: seen[name] for name in ("pick_id", "location", "check_digits", "occurred_at")}
    short = gone | {"confirmation_id": "gone", "short": {"units_found": 0, "reason": "empty"}}
    verdicts = floor.confirm(picklist["list_id"], floor.scan(mugs), short)
    assert {verdict["result"] for verdict in verdicts} == {"accepted"}, verdicts
    floor.settle()
    first = pack(floor, order_id, *items("mugs"))
    assert first.body["packed"] is True
    floor.ask(order_id, line("2", "MILK", visit("B-03-01", 2, lot="L1"), answer=2), number=2, total_lines=2)
    [again] = floor.lists(warehouse="MAIN")
    floor.pick_all(again)
    second = pack(floor, order_id, *items("milk"), weight_g=300 + 2 * 1_050)
    assert second.body["packed"] is True
    assert first.body["shipment_id"] != second.body["shipment_id"]
    packed = floor.published("OrderPacked", order_id=order_id)
    assert [[(one["sku"], one["units"]) for one in told["lines"]] for told in packed] == [
        [("MUG", 5)],
        [("MILK", 2)],
    ]


def test_an_order_that_is_given_up_after_it_was_picked_is_not_packed(floor: Floor) -> None:
    order_id = new_order()
    floor.ask(order_id, MUGS)
    [picklist] = floor.lists(warehouse="MAIN")
    floor.pick_all(picklist)
    floor.give_up(order_id)
    answer = pack(floor, order_id, *items("mugs"))
    assert (answer.status, answer.problem) == (409, "order-cancelled")
    assert floor.published("CartonPacked") == []
