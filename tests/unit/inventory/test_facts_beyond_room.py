"""Goods that are here are recorded, wherever their handling unit stands: what has no room is told of."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

from shared import aws
from tests.simulation.dynamodb import Database
from tests.support.deliveries import bus_event
from tests.support.faults import Died, at_moment, counting, die
from tests.support.landscape import Answer, landscape
from tests.unit.inventory.test_told_out_of_order import came
from tests.unit.inventory.warehouse import LITRE, Warehouse, number
from tests.unit.inventory.yard import shipment


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


def test_goods_logged_on_a_unit_in_a_full_rack_are_recorded_and_told_of_once(house: Warehouse) -> None:
    for moment in count():
        sku, dock, rack = house.product(), house.place("dock"), house.place(capacity={"volume_mm3": 4 * LITRE})
        sscc, sent = house.unit(rack), shipment()
        house.adjust(sku, sscc, 3)
        house.settle()
        event = came(sent, dock, 1, sku, 6, sscc=sscc, status="available")
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            house.deliver(event)
        house.deliver(event)
        happened = house.settle()
        house.deliver(event)
        happened += house.settle()
        told = [one for one in happened if one.type == "inventory.PlaceOverfilled"]
        assert len(told) == 1
        assert rack in told[0].subject
        assert sscc.encode() in bytes(told[0].data)
        assert (house.units(sscc, sku), house.promise(sku).sellable_units) == (9, 9)
        assert house.holding(rack).taken.volume_mm3 == 9 * LITRE
        assert not house.holding(rack).claims
        if moment >= len(passed):
            break
    assert moment > 5


def test_a_person_is_still_refused_where_there_is_no_room(house: Warehouse) -> None:
    sku, rack = house.product(), house.place(capacity={"volume_mm3": 4 * LITRE})
    sscc = house.unit(rack)
    assert house.adjust(sku, sscc, 5).problem == "capacity-exceeded"


def test_goods_logged_on_a_unit_in_transit_are_recorded_and_counted_once_it_arrives(house: Warehouse) -> None:
    sku, dock, there = house.product("lot"), house.place("dock"), house.place("dock", "EAST")
    sscc, sent = house.unit(dock), shipment()
    house.adjust(sku, sscc, 3, lot="L1")
    transfer = sent_to_east(house, sscc)
    house.settle()
    house.deliver(came(sent, dock, 1, sku, 6, sscc=sscc, lot="L1", status="available"))
    house.settle()
    assert house.units(sscc, sku) == 9
    assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (0, 0)
    house.landscape.project("inventory")
    assert known(house, sku, "MAIN") == known(house, sku, "EAST") == 0
    arrived = house.post(f"/inventory/stock/transfers/{transfer.body['transfer_id']}/arrival", {"location": there})
    assert arrived.status == 200, arrived
    house.settle()
    house.landscape.project("inventory")
    assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (0, 9)
    assert (known(house, sku, "MAIN"), known(house, sku, "EAST")) == (0, 9)


def sent_to_east(house: Warehouse, sscc: str) -> Answer:
    answer = house.post(
        "/inventory/stock/transfers", {"location": sscc, "destination": "EAST"}, f"send-{number()}"
    )
    assert answer.status == 201, answer
    return answer


def known(house: Warehouse, sku: str, warehouse: str) -> int:
    """Units that the lists show in a warehouse."""
    answer = house.landscape.call("GET", f"/inventory/stock/{sku}", query={"warehouse": warehouse})
    assert answer.status == 200, answer
    return sum(answer.body.get("statuses", {}).values())


def test_a_receipt_that_was_recorded_is_not_looked_up_again(house: Warehouse) -> None:
    dock, sent, skus = house.place("dock"), shipment(), [house.product("lot") for _ in range(20)]
    lines = [{"line": 1, "sku": sku, "units": 2, "lot": "L1", "status": "available"} for sku in skus]
    event = bus_event(f"Shipment#{sent}@1.0", receipt_of(sent, dock, lines), type="receiving.GoodsReceived")
    house.deliver(event)
    with counting(aws.dynamodb()) as traffic:
        house.deliver(event)
    assert traffic.asked("Query") < 5
    assert all(house.units(sent, sku) == 2 for sku in skus)


def receipt_of(sent: str, dock: str, lines: list[dict[str, object]]) -> dict[str, object]:
    return {
        "shipment_id": sent,
        "warehouse": "MAIN",
        "location": dock,
        "receipt": 1,
        "supplier": "ACME",
        "occurred_at": "2026-01-31T09:30:00.000Z",
        "lines": lines,
    }
