"""Recalls reach every place, what expired is told so, and room that was taken in vain is free again."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from shared import aws, clock
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import landscape
from tests.unit.inventory.warehouse import LITRE, Warehouse, number

LONG_AGO, SOON = "2020-01-31", "2099-12-31"


@pytest.fixture
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


@pytest.fixture
def an_hour_later() -> Iterator[None]:
    now = clock._now
    clock.use(lambda: now() + timedelta(hours=1), clock._sleep)
    yield
    clock.use(now, clock._sleep)


def upkeep(house: Warehouse) -> None:
    house.landscape.project("inventory")
    house.landscape.invoke("inventory", "upkeep", {})
    house.settle()
    house.landscape.project("inventory")


def recall(house: Warehouse, sku: str, lot: str) -> None:
    house.landscape.project("inventory")
    assert house.post(f"/inventory/lots/{sku}/{lot}/block", {"reason": "glass"}).status == 200
    blocked = [event for event in house.landscape.publish("inventory") if event.type == "inventory.LotBlocked"]
    for _ in range(2):
        assert house.landscape.deliver(("inventory", "recalls"), *blocked) == []
    house.settle()


def test_a_recall_reaches_every_place_and_unit_and_what_is_set_aside(house: Warehouse) -> None:
    sku, dock, places = house.product("lot"), house.place("dock"), [house.place() for _ in range(3)]
    sscc = house.unit(dock)
    for where in (*places, sscc):
        house.adjust(sku, where, 4, lot="L1")
        house.adjust(sku, where, 1, lot="L2")
    house.settle()
    recall(house, sku, "L1")
    assert [house.units(where, sku, "quarantine") for where in (*places, sscc)] == [4] * 4
    assert house.promise(sku).sellable_units == 4


def test_what_was_put_somewhere_while_the_lot_was_blocked_is_found_later(house: Warehouse) -> None:
    for moment in count():
        sku, place = house.product("lot"), house.place()
        house.adjust(sku, place, 1, lot="L1")
        house.settle()
        with at_moment(aws.dynamodb(), moment, partial(recall, house, sku, "L1")) as passed:
            assert house.adjust(sku, place, 5, lot="L1").status == 201
        if moment >= len(passed):
            break
        upkeep(house)
        assert (house.units(place, sku), house.units(place, sku, "quarantine")) == (0, 6)
    assert moment > 2


def test_what_expired_is_no_longer_available(house: Warehouse) -> None:
    sku, place, dock = house.product("lot_expiry"), house.place(), house.place("dock")
    sscc = house.unit(dock)
    for where in (place, sscc):
        house.adjust(sku, where, 4, lot="OLD", expires_on=LONG_AGO)
        house.adjust(sku, where, 2, lot="NEW", expires_on=SOON)
    house.settle()
    for _ in range(2):
        upkeep(house)
        assert [house.units(where, sku, "expired") for where in (place, sscc)] == [4, 4]
        assert [house.units(where, sku) for where in (place, sscc)] == [2, 2]
        assert house.promise(sku).sellable_units == 4


@pytest.mark.usefixtures("an_hour_later")
def test_room_that_a_dead_worker_has_taken_is_free_again_and_nothing_else_is(house: Warehouse) -> None:
    hour = clock._now
    for moment in count():
        sku, dock, place = house.product(), house.place("dock"), house.place(capacity={"volume_mm3": 4 * LITRE})
        sscc, rack = house.unit(dock), house.place(capacity={"handling_units": 1})
        house.adjust(sku, dock, 9)
        house.settle()
        clock.use(lambda: hour() - timedelta(hours=1), clock._sleep)
        key = f"dies-{number()}"
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            house.move(sku, dock, place, 4, key)
            house.bring(sscc, rack, key)
        with suppress(Died):
            house.settle()
        clock.use(hour, clock._sleep)
        upkeep(house)
        assert not house.holding(place).claims
        assert house.holding(place).taken.volume_mm3 == house.units(place, sku) * LITRE
        assert (sscc in house.holding(rack).occupants) == (house.holding(sscc).place == rack)
        assert all(not occupant.expected_at for occupant in house.holding(rack).occupants.values())
        assert house.move(sku, dock, place, 4, key).status == 201
        assert house.bring(sscc, rack, key).status == 201
        house.settle()
        assert (house.units(place, sku), house.holding(sscc).place) == (4, rack)
        if moment >= len(passed):
            break
    assert moment > 10


@pytest.mark.usefixtures("an_hour_later")
def test_room_on_a_unit_and_below_it_is_free_again(house: Warehouse) -> None:
    hour = clock._now
    for moment in count():
        sku, dock = house.product(), house.place("dock")
        rack = house.place(capacity={"volume_mm3": 4 * LITRE})
        pallet, carton = house.unit(rack), house.unit(dock, "carton")
        house.adjust(sku, dock, 9)
        house.post(f"/inventory/handling-units/{carton}/nesting", {"onto": pallet})
        house.settle()
        clock.use(lambda: hour() - timedelta(hours=1), clock._sleep)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            house.pack(sku, dock, carton, 4)
        house.settle()
        clock.use(hour, clock._sleep)
        for _ in range(3):
            upkeep(house)
        assert not any(house.holding(one).claims for one in (rack, pallet, carton))
        assert house.holding(rack).taken.volume_mm3 == house.units(carton, sku) * LITRE
        if moment >= len(passed):
            break
    assert moment > 10
