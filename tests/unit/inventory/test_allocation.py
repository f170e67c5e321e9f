"""Orders get concrete units: when they are released, when goods come in for them, others when those are lost."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import msgspec
import pytest

from inventory.aggregates import HOLDING
from inventory.task_views import BY_UNSETTLED, shortages_of
from shared import aws
from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.deliveries import bus_event
from tests.support.faults import Died, at_moment, counting, die
from tests.support.landscape import landscape
from tests.unit.inventory.yard import Yard, new_order

ALLOCATION = ("inventory", "allocation")


@pytest.fixture
def yard() -> Iterator[Yard]:
    with landscape(database=Database()) as deployed:
        yield Yard(deployed)


def stocked(yard: Yard, *units: int, tracking: str = "none", **more: object) -> tuple[str, list[str]]:
    """A product with units in so many places."""
    sku = yard.product(tracking)
    places = [yard.place() for _ in units]
    for place, here in zip(places, units, strict=True):
        assert yard.adjust(sku, place, here, **more).status == 201  # type: ignore[arg-type]
    yard.settle()
    return sku, places


def told(events: list[CloudEvent], name: str, order_id: str) -> list[dict[str, Any]]:
    """What was published of an order."""
    data = [msgspec.json.decode(e.data) for e in events if e.type == f"inventory.{name}"]
    return [one for one in data if one["order_id"] == order_id]


def lacking(yard: Yard, partition: tuple[str, str]) -> list[tuple[str, tuple[str, str]]]:
    """The orders that lack units of a product, as the lists show them."""
    return yard.landscape.views("inventory").pointers(partition, "since", BY_UNSETTLED).items


def commits(yard: Yard, place: str) -> int:
    """How often a place's books have been written."""
    return yard.landscape.history("inventory").load(HOLDING, HOLDING.stream_id(place)).sequence


class TestRelease:
    def test_a_released_order_gets_units_and_is_told_which(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 10)
        order_id = new_order()
        yard.release(order_id, (sku, 4))
        assert yard.set_aside(place, order_id) == 4
        [line] = told(yard.landscape.bus, "LineAllocated", order_id)[:1]
        assert line["picks"] == [{"holding": place, "place": place, "sku": sku, "units": 4}]
        shown = yard.landscape.call("GET", f"/inventory/allocations/{order_id}").body["lines"]
        assert [(one["allocated"], one["wanted"]) for one in shown] == [(4, 4)]

    def test_what_expires_first_goes_first_and_blocked_lots_do_not_go(self, yard: Yard) -> None:
        sku = yard.product("lot_expiry")
        dates = {"OLD": "2030-01-01", "NEW": "2031-01-01", "BAD": "2029-01-01"}
        places = {lot: yard.place() for lot in dates}
        for lot, date in dates.items():
            assert yard.adjust(sku, places[lot], 5, lot=lot, expires_on=date).status == 201
        assert yard.post(f"/inventory/lots/{sku}/BAD/block", {"reason": "recalled"}).status == 200
        yard.settle()
        order_id = new_order()
        yard.release(order_id, (sku, 7))
        assert {lot: yard.set_aside(place, order_id) for lot, place in places.items()} == {
            "OLD": 5,
            "NEW": 2,
            "BAD": 0,
        }

    def test_two_orders_never_get_the_same_units(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 6)
        one, other = new_order(), new_order()
        events = [
            bus_event(
                f"Order#{order_id}@1.0", yard.released(order_id, (sku, 4)), type="orders.AllocationRequested"
            )
            for order_id in (one, other)
        ]
        yard.deliver(*events)
        yard.settle()
        assert (yard.set_aside(place, one), yard.set_aside(place, other)) == (4, 2)
        [short] = told(yard.landscape.bus, "LineUnallocated", other)[-1:]
        assert short["missing"] == 2

    def test_what_was_short_is_found_by_the_clock_if_the_news_of_more_overtook_it(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 3)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        assert yard.allocation(order_id).short_of == (sku,)
        yard.skipped = ("put_away_tasks",)
        yard.adjust(sku, place, 9)
        yard.settle()
        assert yard.set_aside(place, order_id) == 3
        yard.landscape.invoke("inventory", "unsettled", {})
        happened = yard.settle()
        assert yard.set_aside(place, order_id) == 5
        assert {event.correlationid for event in happened} == {"journey-7"}
        assert yard.allocation(order_id).settled

    @pytest.mark.parametrize("how", ["received", "found", "counted", "released from quarantine", "given back"])
    def test_what_was_short_is_found_as_soon_as_there_is_more(self, yard: Yard, how: str) -> None:
        sku, [place] = stocked(yard, 7)
        other, order_id, third = new_order(), new_order(), new_order()
        yard.adjust(sku, place, 4, status="quarantine")
        yard.release(other, (sku, 4))
        yard.release(order_id, (sku, 5))
        yard.release(third, (sku, 9))
        assert (yard.set_aside(place, order_id), yard.set_aside(place, third)) == (3, 0)
        if how == "received":
            yard.receive(sku, 4, yard.place("dock"))
        elif how == "found":
            yard.adjust(sku, place, 4)
            yard.settle()
        elif how == "counted":
            count = {"location": place, "sku": sku, "units": 11}
            assert yard.post("/inventory/stock/counts", count).status == 201
            yard.settle()
        elif how == "given back":
            yard.give_up(other, sku)
        else:
            change = {
                "location": place,
                "sku": sku,
                "status": "quarantine",
                "to": "available",
                "reason_code": "other",
            }
            assert yard.post("/inventory/stock/status-changes", change).status == 201
            yard.settle()
        line = yard.allocation(order_id).lines["1"]
        assert (line.got, yard.allocation(order_id).settled) == (5, True)
        assert len(told(yard.landscape.bus, "LineAllocated", order_id)) >= 1
        assert yard.allocation(third).lines["1"].got == 2

    def test_an_order_that_lacks_nothing_any_more_is_not_looked_for(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 3)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        partition = shortages_of("MAIN", sku)
        assert [at for _, at in lacking(yard, partition)] == [(f"Shortage#MAIN#{sku}", order_id)]
        yard.give_up(order_id, sku)
        assert lacking(yard, partition) == []
        assert yard.set_aside(place) == 0

    def test_an_allocation_that_dies_anywhere_is_whole_when_the_message_comes_again(self, yard: Yard) -> None:
        for moment in count():
            sku, places = stocked(yard, 3, 4)
            order_id = new_order()
            data = yard.released(order_id, (sku, 5))
            event = bus_event(f"Order#{order_id}@1.0", data, type="orders.AllocationRequested")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(ALLOCATION, event)
            assert yard.landscape.deliver(ALLOCATION, event) == []
            yard.settle()
            assert sum(yard.set_aside(place, order_id) for place in places) == 5
            assert yard.allocation(order_id).lines["1"].got == 5
            assert yard.allocation(order_id).settled
            if moment >= len(passed):
                break
        assert moment > 5

    def test_orders_that_are_released_together_ask_each_place_once_and_none_is_planned_for_what_another_got(
        self, yard: Yard
    ) -> None:
        sku, places = stocked(yard, 6, 4)
        orders = [new_order() for _ in range(4)]
        events = [
            bus_event(f"Order#{one}@1.0", yard.released(one, (sku, 2)), type="orders.AllocationRequested")
            for one in orders
        ]
        before = [commits(yard, place) for place in places]
        with counting(aws.dynamodb()) as traffic:
            assert yard.landscape.deliver(ALLOCATION, *events) == []
        assert traffic.asked("PutItem") == 2 + 2 * len(orders), "one for each place, and two for each order"
        assert [commits(yard, place) - then for place, then in zip(places, before, strict=True)] == [1, 1]
        assert [yard.allocation(one).lines["1"].got for one in orders] == [2, 2, 2, 2]
        assert sum(yard.set_aside(place) for place in places) == 8

    def test_orders_that_are_released_together_are_whole_wherever_the_worker_died(self, yard: Yard) -> None:
        for moment in count(1, 3):
            sku, places = stocked(yard, 3, 3)
            one, other = new_order(), new_order()
            events = [
                bus_event(f"Order#{wants}@1.0", yard.released(wants, (sku, 4)), type="orders.AllocationRequested")
                for wants in (one, other, one)
            ]
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(ALLOCATION, *events)
            assert yard.landscape.deliver(ALLOCATION, *events[1:]) == []
            yard.settle()
            got = [sum(yard.set_aside(place, order_id) for place in places) for order_id in (one, other)]
            assert (sum(got), max(got) <= 4) == (6, True), moment
            assert [yard.allocation(order_id).lines["1"].got for order_id in (one, other)] == got
            if moment >= len(passed):
                break
        assert moment > 9

    def test_units_that_are_taken_meanwhile_are_found_elsewhere(self, yard: Yard) -> None:
        """Between the plan and the holding anything may happen."""
        for moment in count():
            sku, places = stocked(yard, 5, 5)
            order_id = new_order()
            data = yard.released(order_id, (sku, 5))
            event = bus_event(f"Order#{order_id}@1.0", data, type="orders.AllocationRequested")
            taking = partial(yard.adjust, sku, places[0], -4)
            with at_moment(aws.dynamodb(), moment, taking) as passed:
                yard.landscape.deliver(ALLOCATION, event)
            if moment >= len(passed):
                break
            yard.settle()
            assert sum(yard.set_aside(place, order_id) for place in places) == 5, moment
            assert yard.allocation(order_id).lines["1"].got == 5


class TestLosses:
    def test_units_that_are_counted_away_are_replaced(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 5, 9)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        assert yard.set_aside(first, order_id) == 5
        counted = {"sku": sku, "location": first, "units": 2}
        assert yard.post("/inventory/stock/counts", counted).status == 201
        yard.settle()
        assert (yard.set_aside(first, order_id), yard.set_aside(second, order_id)) == (2, 3)
        last = told(yard.landscape.bus, "LineAllocated", order_id)[-1]
        assert {pick["holding"]: pick["units"] for pick in last["picks"]} == {first: 2, second: 3}

    def test_a_picker_who_finds_a_place_empty_is_sent_elsewhere(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 5, 9)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        path = f"/inventory/allocations/{order_id}/lines/1/alternatives"
        answer = yard.post(path, {"holding": first}, key="empty")
        assert [(pick["holding"], pick["units"]) for pick in answer.body["picks"]] == [(second, 5)]
        assert yard.post(path, {"holding": first}, key="empty").body == answer.body
        yard.settle()
        assert (yard.set_aside(first), yard.set_aside(second, order_id)) == (0, 5)
        assert [one["holding"] for one in told(yard.landscape.bus, "CountRequested", order_id)] == [first]
        assert yard.post(path, {"holding": first}).problem == "not-allocated-there"

    def test_a_line_that_lost_its_units_is_looked_after_until_there_are_others(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 5)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        yard.settle()
        assert yard.post("/inventory/stock/counts", {"sku": sku, "location": place, "units": 2}).status == 201
        yard.settle()
        assert yard.allocation(order_id).short_of == (sku,)
        yard.adjust(sku, yard.place("bulk"), 9)
        yard.settle()
        yard.landscape.invoke("inventory", "unsettled", {})
        yard.settle()
        assert yard.allocation(order_id).lines["1"].got == 5


class TestCancellation:
    def test_a_cancelled_order_gives_everything_back(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 5)
        order_id = new_order()
        yard.release(order_id, (sku, 5))
        yard.give_up(order_id, sku)
        assert yard.set_aside(place) == 0
        yard.release(order_id, (sku, 5))
        assert yard.set_aside(place) == 0

    def test_nothing_stays_with_a_cancelled_order_whenever_it_is_cancelled(self, yard: Yard) -> None:
        for moment in count():
            sku, places = stocked(yard, 3, 4)
            order_id = new_order()
            data = yard.released(order_id, (sku, 5))
            event = bus_event(f"Order#{order_id}@1.0", data, type="orders.AllocationRequested")
            lines = {"order_id": order_id, "warehouse": "MAIN", "lines": [{"line_id": "1", "sku": sku}]}
            cancelled = bus_event(f"Order#{order_id}@2.0", lines, type="orders.ReservationReleaseRequested")
            cancel = partial(yard.landscape.deliver, ALLOCATION, cancelled)
            with at_moment(aws.dynamodb(), moment, cancel) as passed:
                failed = yard.landscape.deliver(ALLOCATION, event)
            if failed:
                yard.landscape.deliver(ALLOCATION, event)
            if moment >= len(passed):
                break
            yard.settle()
            assert [yard.set_aside(place) for place in places] == [0, 0], moment

    def test_nothing_stays_with_it_when_the_worker_that_set_it_aside_died_too(self, yard: Yard) -> None:
        for moment in count():
            sku, [place] = stocked(yard, 5)
            order_id = new_order()
            data = yard.released(order_id, (sku, 5))
            event = bus_event(f"Order#{order_id}@1.0", data, type="orders.AllocationRequested")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(ALLOCATION, event)
            yard.give_up(order_id, sku)
            assert yard.landscape.deliver(ALLOCATION, event) == []
            yard.settle()
            assert yard.set_aside(place) == 0
            if moment >= len(passed):
                break

    def test_a_broken_promise_frees_the_units_for_those_who_have_one(self, yard: Yard) -> None:
        sku, [place] = stocked(yard, 5)
        order_id = new_order()
        yard.reserve(order_id, (sku, 5))
        yard.release(order_id, (sku, 5), promise=yard_promise(yard, order_id))
        yard.adjust(sku, place, 3)
        yard.settle()
        assert yard.set_aside(place) == 5
        broken = {"order_id": order_id, "line_id": "1", "warehouse": "MAIN", "sku": sku, "quantity": 5}
        yard.deliver(later(bus_event(f"Promise#MAIN#{sku}@999.0", broken, type="inventory.LineBroken")))
        yard.settle()
        assert yard.set_aside(place) == 0


class TestCrossDock:
    def test_goods_that_an_order_waits_for_go_to_staging_and_the_rest_into_storage(self, yard: Yard) -> None:
        sku, dock, place, staging = yard.product(), yard.place("dock"), yard.place(), yard.place("staging")
        order_id = new_order()
        yard.reserve(order_id, (sku, 4))
        here = yard.receive(sku, 10, dock)
        assert told(yard.landscape.bus, "LineReserved", order_id)[-1]["backordered"] is True
        tasks = {task.purpose: task for task in yard.tasks(here)}
        assert {purpose: (task.units, task.location) for purpose, task in tasks.items()} == {
            "cross_dock": (4, staging),
            "storage": (6, place),
        }
        assert yard.set_aside(here, order_id) == 4
        assert yard.confirm(tasks["cross_dock"]).status == 200
        assert yard.confirm(tasks["storage"]).status == 200
        yard.settle()
        assert (yard.set_aside(staging, order_id), yard.units(place, sku)) == (4, 6)
        yard.release(order_id, (sku, 4))
        line = told(yard.landscape.bus, "LineAllocated", order_id)[-1]
        assert line["picks"] == [{"holding": staging, "place": staging, "sku": sku, "units": 4}]

    def test_goods_at_the_dock_that_an_order_gives_back_go_into_storage(self, yard: Yard) -> None:
        sku, dock, place, _ = yard.product(), yard.place("dock"), yard.place(), yard.place("staging")
        order_id = new_order()
        yard.reserve(order_id, (sku, 4))
        here = yard.receive(sku, 4, dock)
        [task] = yard.tasks(here)
        yard.give_up(order_id, sku)
        assert yard.set_aside(here) == 0
        assert yard.ask(task, "claim").problem == "put-away-cancelled"
        tasks = {task.purpose: (task.units, task.location, task.status) for task in yard.tasks(here)}
        assert tasks["storage"] == (4, place, "open")

    def test_goods_on_their_way_to_staging_come_back_when_the_order_is_cancelled(self, yard: Yard) -> None:
        sku, dock, _, staging = yard.product(), yard.place("dock"), yard.place(), yard.place("staging")
        order_id = new_order()
        yard.reserve(order_id, (sku, 4))
        [task] = yard.tasks(yard.receive(sku, 4, dock))
        assert yard.confirm(task).status == 200
        yard.give_up(order_id, sku)
        assert (yard.units(staging, sku), yard.set_aside(staging)) == (4, 0)

    def test_a_unit_that_serves_orders_in_part_is_broken_down_in_staging(self, yard: Yard) -> None:
        sku, dock, place, staging = yard.product(), yard.place("dock"), yard.place(), yard.place("staging")
        order_id, sscc = new_order(), "106141412345678908"
        yard.reserve(order_id, (sku, 4))
        yard.receive(sku, 10, dock, sscc=sscc)
        [task] = yard.tasks(sscc)
        assert (task.whole, task.purpose, task.location) == (True, "break_down", staging)
        assert yard.confirm(task).status == 200
        yard.settle()
        [rest] = [one for one in yard.tasks(sscc) if not one.whole]
        assert (rest.purpose, rest.units, rest.location) == ("storage", 6, place)
        assert yard.confirm(rest).status == 200
        assert (yard.units(place, sku), yard.set_aside(sscc, order_id)) == (6, 4)

    def test_nothing_is_assigned_twice_when_the_worker_dies_anywhere(self, yard: Yard) -> None:
        for moment in count():
            sku, dock, _, _ = yard.product(), yard.place("dock"), yard.place(), yard.place("staging")
            order_id = new_order()
            yard.reserve(order_id, (sku, 4))
            yard.skipped = ("put_away_tasks",)
            here = yard.receive(sku, 10, dock)
            yard.skipped = ()
            yard.landscape.project("inventory")
            event = next(e for e in yard.landscape.bus if e.type == "inventory.GoodsAssigned" and sku in e.subject)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(("inventory", "put_away_tasks"), event)
            assert yard.landscape.deliver(("inventory", "put_away_tasks"), event) == []
            yard.settle()
            assert yard.set_aside(here, order_id) == 4
            assert {task.purpose: task.units for task in yard.tasks(here)} == {"cross_dock": 4, "storage": 6}
            if moment >= len(passed):
                break
        assert moment > 5


def yard_promise(yard: Yard, order_id: str) -> int:
    """The number of the promise that an order's first line goes by."""
    return max(
        event.order_in_stream
        for event in yard.landscape.bus
        if event.type == "inventory.LineReserved" and order_id.encode() in bytes(event.data)
    )


def later(event: CloudEvent) -> CloudEvent:
    """The event as number 999 of its stream."""
    return msgspec.structs.replace(event, sequence="0000000999.0000")
