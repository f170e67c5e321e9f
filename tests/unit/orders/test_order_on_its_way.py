"""From allocated to delivered and paid: picking, packing, labels, dispatch and money, told in whatever order."""

from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import (
    MAX_LINES_TO_PICK,
    AllocationRequested,
    CaptureRequested,
    FulfilmentStalled,
    OrderAllocated,
    OrderClosed,
    OrderLine,
    PaymentVoidRequested,
    Pick,
    PickingRequested,
    ShipmentRequested,
)
from orders.domain.commands import (
    CancelOrder,
    ChangePriority,
    CheckDeadline,
    HoldOrder,
    NoteAllocatedLine,
    NoteAuthorization,
    NoteDeclinedCapture,
    NoteFailedLabels,
    NotePicked,
    NotePickingStarted,
    NoteReservedLine,
    NoteUnallocatedLine,
    NoteWaitingLine,
    ReleaseOrder,
    RequestPicking,
    RetryCaptures,
)
from orders.domain.facts import NothingPicked, OrderAdvanced, OrderHeld, Stall
from orders.domain.order import Order
from orders.domain.states import ATTEMPTS, CAPTURE_TIME, DELIVERY_TIME, LABELLING_TIME, STALLED_TIME
from shared.clock import iso
from shared.events import Event
from shared.money import Money
from tests.support.scenarios import Given, given
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    HOME,
    ID,
    NOW,
    SECOND,
    VALUE,
    allocated,
    allocated_line,
    arrived,
    closed,
    collected,
    dispatched,
    labels,
    left,
    only,
    packed,
    paid,
    place,
    released,
    stalled,
    told,
)


class TestPicking:
    def test_an_order_is_picked_once_all_its_lines_are_allocated(self) -> None:
        order = told(released(priority=8, carrier_service="own-fleet:next-day"), allocated_line("2"))
        outcome = Given(ORDER, order).when(allocated_line("1"))
        asked = only(PickingRequested, outcome.events)
        assert [(line.line_id, line.quantity, line.answer) for line in asked.lines] == [("1", 5, 1), ("2", 2, 1)]
        assert (asked.number, asked.total_lines, asked.priority) == (1, 2, 8)
        assert asked.carrier_service == "own-fleet:next-day"
        assert only(OrderAllocated, outcome.events).order_id == ID

    def test_what_inventory_cannot_find_waits_and_the_rest_is_picked(self) -> None:
        order = told(released(), allocated_line("2"))
        outcome = Given(ORDER, order).when(NoteUnallocatedLine("1", 1, 5, NOW))
        assert [line.line_id for line in only(PickingRequested, outcome.events).lines] == ["2"]
        assert outcome.state.status == "allocated"
        later = Given(ORDER, outcome.state).when(allocated_line("1", 4))
        asked = only(PickingRequested, later.events)
        assert ([line.line_id for line in asked.lines], asked.number) == (["1"], 2)

    def test_without_partial_shipments_nothing_is_picked_until_all_is_there(self) -> None:
        order = told(released(partial_shipments=False), allocated_line("2"), NoteUnallocatedLine("1", 1, 5, NOW))
        assert (order.status, order.picking_requests) == ("allocating", 0)
        asked = only(PickingRequested, Given(ORDER, order).when(allocated_line("1", 2)).events)
        assert [line.line_id for line in asked.lines] == ["1", "2"]

    def test_picks_that_changed_are_asked_for_again_with_their_new_number(self) -> None:
        other = NoteAllocatedLine("1", 7, (Pick("B-9", "B-9", 5),), NOW)
        asked = only(PickingRequested, Given(ORDER, allocated()).when(other).events)
        assert [(line.line_id, line.answer, line.picks) for line in asked.lines] == [("1", 7, other.picks)]
        assert asked.number == 2

    def test_units_that_stand_in_a_packed_carton_are_not_picked_again(self) -> None:
        order = told(collected(), packed(_1=3), NoteUnallocatedLine("1", 4, 2, NOW))
        carton = CARTONS[FIRST][0]
        picks = (Pick(carton.sscc, "PACK-1", 3), Pick("B-9", "B-9", 2))
        asked = only(PickingRequested, Given(ORDER, order).when(NoteAllocatedLine("1", 5, picks, NOW)).events)
        assert [(line.quantity, line.picks) for line in asked.lines] == [(2, picks[1:])]

    def test_a_line_that_is_promised_anew_is_allocated_without_a_second_release(self) -> None:
        broken = told(allocated(), NoteWaitingLine("1", 5, 0, NOW))
        assert broken.status == "backordered"
        outcome = Given(ORDER, broken).when(NoteReservedLine("1", 6, NOW))
        assert [line.line_id for line in only(AllocationRequested, outcome.events).lines] == ["1"]

    def test_of_a_line_that_has_left_in_part_all_is_allocated_for_inventory_knows_what_is_gone(self) -> None:
        order = told(collected(), packed(_1=3), labels(), left(), NoteWaitingLine("1", 5, 0, NOW))
        again = Given(ORDER, order).when(NoteReservedLine("1", 6, NOW))
        assert [(line.line_id, line.quantity) for line in only(AllocationRequested, again.events).lines] == [
            ("1", 5)
        ]

    def test_an_order_that_is_being_picked_goes_on_while_a_line_waits(self) -> None:
        order = told(allocated(), NotePickingStarted(NOW), NoteWaitingLine("1", 5, 0, NOW))
        assert order.status == "picking"
        again = told(order, NoteReservedLine("1", 6, NOW))
        assert again.status == "picking"

    @pytest.mark.parametrize("serials", [0, 60])
    def test_a_large_order_is_asked_for_in_parts(self, serials: int) -> None:
        count = 700
        lines = [OrderLine(str(n), f"SKU-{n}", max(1, serials), 100) for n in range(1, count + 1)]
        order = told(given(ORDER).when(place(lines)).state, NoteAuthorization("auth_1", NOW))
        order = told(order, *(NoteReservedLine(line.line_id, 1, NOW) for line in lines), ReleaseOrder(NOW))
        requests = []
        numbers = tuple(f"SERIAL-{n:013d}" for n in range(serials))
        for line in lines:
            picks = (Pick("A-1", "A-1", line.quantity, serials=numbers),)
            outcome = Given(ORDER, order).when(NoteAllocatedLine(line.line_id, 1, picks, NOW))
            requests += [event for event in outcome.events if isinstance(event, PickingRequested)]
            order = outcome.state
        while events := Given(ORDER, order).when(RequestPicking(NOW)).events:
            requests.append(only(PickingRequested, events))
            order = ORDER.evolve(order, requests[-1])
        assert [asked.number for asked in requests] == list(range(1, len(requests) + 1))
        assert [line.line_id for asked in requests for line in asked.lines] == [line.line_id for line in lines]
        assert all(len(asked.lines) <= MAX_LINES_TO_PICK for asked in requests)
        assert all(len(ORDER.catalog.encode(asked, 0).data) < 150_000 for asked in requests)


class TestShipping:
    def test_a_packed_order_asks_for_labels(self) -> None:
        asked = only(ShipmentRequested, Given(ORDER, collected()).when(packed()).events)
        assert (asked.shipment_id, asked.ship_to, asked.value) == (FIRST, HOME, Money(VALUE, "EUR"))
        assert (asked.cartons, asked.reference) == (CARTONS[FIRST], "WS-1")

    def test_an_order_goes_through_all_its_states(self) -> None:
        order, seen = collected(), []
        for news in (packed(), labels(), left(), paid(), arrived()):
            order = told(order, news)
            seen.append(order.status)
        assert seen == ["packed", "labelled", "dispatched", "dispatched", "closed"]
        assert order.deadline == ""

    def test_without_an_address_a_packed_order_is_held(self) -> None:
        outcome = Given(ORDER, collected(ship_to=None)).when(packed())
        assert only(OrderHeld, outcome.events).kind == "address"
        assert not any(isinstance(event, ShipmentRequested) for event in outcome.events)

    def test_an_address_that_no_carrier_takes_holds_the_order(self) -> None:
        order = told(collected(), packed())
        failed = Given(ORDER, order).when(NoteFailedLabels(FIRST, 1, "no such street", True, NOW))
        assert only(OrderHeld, failed.events).reason == "no label: no such street"
        assert failed.state.status == "packed"

    def test_without_partial_shipments_all_of_it_leaves_together(self) -> None:
        order = told(collected(partial_shipments=False), packed(_1=5))
        assert order.undecided == []
        outcome = Given(ORDER, order).when(packed(SECOND, _2=2))
        asked = [event.shipment_id for event in outcome.events if isinstance(event, ShipmentRequested)]
        assert asked == [FIRST, SECOND]

    def test_a_label_that_is_void_again_is_no_label_however_late_the_older_news(self) -> None:
        order = told(collected(), packed(), labels(answer=5))
        assert told(order, NoteFailedLabels(FIRST, 3, "closed", False, NOW)).status == "labelled"
        assert told(order, NoteFailedLabels(FIRST, 7, "closed", False, NOW)).status == "packed"


class TestMoney:
    def test_only_what_ships_is_captured(self) -> None:
        order = told(collected(), packed(_1=3), packed(SECOND, _1=2, _2=2), labels(), labels(SECOND))
        first = Given(ORDER, order).when(left())
        assert only(CaptureRequested, first.events).amount == 3 * 895
        assert first.state.status == "partially_dispatched"
        second = Given(ORDER, first.state).when(left(SECOND))
        asked = only(CaptureRequested, second.events)
        assert (asked.amount, asked.capture_id) == (2 * 895 + 2 * 500, SECOND)
        assert second.state.status == "dispatched"

    def test_a_carton_that_was_left_behind_is_not_paid_before_it_follows(self) -> None:
        order = told(collected(), packed(), labels())
        one, other = (carton.sscc for carton in CARTONS[FIRST])
        part = Given(ORDER, order).when(left(FIRST, one))
        assert not any(isinstance(event, CaptureRequested) for event in part.events)
        assert (part.state.status, part.state.waiting_for) == ("labelled", "dispatch")
        Given(ORDER, part.state).when(left(FIRST, one)).then()
        rest = Given(ORDER, part.state).when(left(FIRST, other))
        assert only(CaptureRequested, rest.events).amount == VALUE
        assert rest.state.status == "dispatched"

    def test_goods_that_cost_nothing_need_no_capture(self) -> None:
        lines = (OrderLine("1", "MUG", 5, 0), OrderLine("2", "CUP", 2, 0))
        order = given(ORDER).when(place(lines)).state
        order = told(order, NoteReservedLine("1", 1, NOW), NoteReservedLine("2", 1, NOW), ReleaseOrder(NOW))
        order = told(order, allocated_line("1"), allocated_line("2"), packed(), labels(), left())
        assert only(OrderClosed, Given(ORDER, order).when(arrived()).events).captured == 0

    def test_a_declined_capture_is_owed_and_asked_for_again_under_another_name(self) -> None:
        order = told(dispatched(), NoteDeclinedCapture(FIRST, "card_declined", NOW), arrived())
        assert (order.status, [one.shipment_id for one in order.in_debt]) == ("delivered", [FIRST])
        again = Given(ORDER, order).when(RetryCaptures(NOW))
        asked = only(CaptureRequested, again.events)
        assert (asked.capture_id, asked.amount) == (f"{FIRST}:2", VALUE)
        late = told(again.state, NoteDeclinedCapture(FIRST, "card_declined", NOW))
        assert late.in_debt == [], "the first try's answer again"
        assert told(late, paid(f"{FIRST}:2")).status == "closed"
        refused = told(again.state, NoteDeclinedCapture(f"{FIRST}:2", "card_declined", NOW))
        assert (
            only(CaptureRequested, Given(ORDER, refused).when(RetryCaptures(NOW)).events).capture_id
            == f"{FIRST}:3"
        )

    def test_nobody_pays_twice(self) -> None:
        Given(ORDER, closed()).when(RetryCaptures(NOW)).then_rejected("nothing-due")
        Given(ORDER, closed()).when(paid()).then()
        Given(ORDER, dispatched()).when(RetryCaptures(NOW)).then_rejected("nothing-due")

    def test_a_closed_order_says_what_was_shipped_and_paid(self) -> None:
        outcome = Given(ORDER, told(dispatched(), arrived())).when(paid())
        ended = only(OrderClosed, outcome.events)
        assert (ended.shipped, ended.captured) == (Money(VALUE, "EUR"), VALUE)
        assert not any(isinstance(event, PaymentVoidRequested) for event in outcome.events)


class TestDeadlines:
    def test_labels_that_do_not_come_are_asked_for_again_and_then_a_person_is_called(self) -> None:
        order, at, kinds = told(collected(), packed()), NOW, []
        for _ in range(ATTEMPTS):
            at += LABELLING_TIME
            outcome = Given(ORDER, order).when(CheckDeadline(at))
            kinds.append(type(outcome.events[-1]))
            order = outcome.state
        assert kinds == [ShipmentRequested, ShipmentRequested, FulfilmentStalled]
        assert (order.deadline, told(order, labels()).status) == (iso(at + STALLED_TIME), "labelled")
        assert order.stalled == Stall("labels", iso(at))

    def test_captures_that_are_not_answered_are_asked_for_again_under_the_same_name(self) -> None:
        outcome = Given(ORDER, dispatched()).when(CheckDeadline(NOW + CAPTURE_TIME))
        assert only(CaptureRequested, outcome.events).capture_id == FIRST
        assert outcome.state.attempt == 2

    def test_a_delivery_that_nobody_hears_of_calls_for_a_person(self) -> None:
        outcome = Given(ORDER, told(dispatched(), paid())).when(CheckDeadline(NOW + DELIVERY_TIME))
        outcome.then(stalled("delivery", NOW + DELIVERY_TIME))

    @pytest.mark.parametrize(
        ("order", "waits"),
        [
            (allocated(), "picking"),
            (told(allocated(), NotePickingStarted(NOW)), "the end of picking"),
            (collected(), "packing"),
            (told(collected(partial_shipments=False), packed(_1=5)), "the rest of the order"),
            (told(collected(ship_to=None), packed()), "release of a hold"),
            (told(collected(), packed(), labels()), "dispatch"),
        ],
    )
    def test_every_step_that_only_people_can_take_calls_for_one_in_the_end(self, order: Order, waits: str) -> None:
        assert order.deadline
        late = NOW + timedelta(days=40)
        outcome = Given(ORDER, order).when(CheckDeadline(late))
        assert outcome.then(stalled(waits, late)).stalled == Stall(waits, iso(late))

    def test_a_person_is_called_again_every_day_until_the_order_goes_on(self) -> None:
        since = NOW + timedelta(days=40)
        order = told(allocated(), CheckDeadline(since))
        Given(ORDER, order).when(CheckDeadline(since + timedelta(hours=23))).then()
        for days in (1, 2, 5):
            at = since + timedelta(days=days)
            order = Given(ORDER, order).when(CheckDeadline(at)).then(stalled("picking", at, since=since))
            Given(ORDER, order).when(CheckDeadline(at)).then()
        assert order.stalled == Stall("picking", iso(since))
        begun = told(order, NotePickingStarted(NOW))
        assert (begun.status, begun.stalled) == ("picking", None)
        again = NOW + timedelta(days=90)
        Given(ORDER, begun).when(CheckDeadline(again)).then(stalled("the end of picking", again))

    def test_what_changes_nothing_about_the_wait_ends_no_stall(self) -> None:
        late = NOW + timedelta(days=40)
        order = told(allocated(), CheckDeadline(late), ChangePriority(9, late), HoldOrder("manual", "why", late))
        assert order.stalled == Stall("picking", iso(late))
        assert told(order, CancelOrder("late", late)).stalled is None

    def test_an_order_that_stalled_before_that_was_noted_is_looked_at_at_once(self) -> None:
        order = allocated()
        before = ORDER.evolve(order, FulfilmentStalled(order_id=ID, waiting_for="picking"))
        assert before.deadline == ""
        Given(ORDER, before).when(CheckDeadline(NOW)).then(stalled("picking", NOW))

    def test_what_is_not_found_for_a_month_is_given_up_when_the_rest_has_arrived(self) -> None:
        order = told(released(), allocated_line("2"), NoteUnallocatedLine("1", 1, 5, NOW))
        order = told(order, packed(_2=2), labels(), left(), paid(amount=1000), arrived())
        assert (order.status, order.waiting_for) == ("partially_dispatched", "the rest of the order")
        given_up = told(order, CheckDeadline(NOW + timedelta(days=31)))
        assert (given_up.status, given_up.reason) == ("cancelling", "backorder-expired")


class TestNothingIsPickedAnyMore:
    """Packers have rejected all that was picked."""

    def test_an_order_whose_units_are_all_rejected_waits_for_others_and_not_for_packing(self) -> None:
        outcome = Given(ORDER, collected()).when(NotePicked(False, NOW, 2))
        assert outcome.events[0] == NothingPicked(number=2)
        order = told(outcome.state, NoteUnallocatedLine("1", 2, 5, NOW), NoteUnallocatedLine("2", 2, 2, NOW))
        assert (order.status, order.waiting_for) == ("allocating", "allocation")
        delayed = told(order, NoteWaitingLine("1", 2, 0, NOW), NoteWaitingLine("2", 2, 0, NOW))
        assert (delayed.status, delayed.waiting_for) == ("backordered", "stock")

    def test_it_is_picked_again_once_others_are_found(self) -> None:
        order = told(collected(), NotePicked(False, NOW, 2), allocated_line("1", 3), allocated_line("2", 3))
        assert order.status == "picking"
        assert told(order, NotePicked(True, NOW, 3)).status == "picked"

    @pytest.mark.parametrize("latest", [2, 3])
    def test_the_latest_news_count_in_whatever_order_and_however_often_they_come(self, latest: int) -> None:
        news = [NotePicked(number % 2 == 1, NOW, number) for number in range(1, latest + 1)]
        ends = {
            told(allocated(), NotePickingStarted(NOW), *order).status for order in permutations([*news, news[0]])
        }
        assert ends == {"picked" if latest == 3 else "picking"}

    def test_what_stands_packed_stays_packed(self) -> None:
        order = told(collected(), packed(_1=3), NotePicked(False, NOW, 2))
        assert (order.status, order.waiting_for) == ("packed", "labels")


JOURNEY = (
    NotePickingStarted(NOW),
    NotePicked(True, NOW),
    packed(_1=3),
    packed(SECOND, _1=2, _2=2),
    labels(answer=1),
    labels(SECOND, answer=1),
    left(FIRST, CARTONS[FIRST][0].sscc),
    left(FIRST, CARTONS[FIRST][1].sscc),
    left(SECOND),
    arrived(),
    arrived(SECOND),
)


@settings(max_examples=300, deadline=None)
@for_all(st.integers(0, 2**32).map(Random))
def test_an_order_ends_the_same_however_its_news_arrive(chance: Random) -> None:
    """News come in any order and also twice; only payments answers what it was asked."""
    order = allocated()
    events: list[Event] = []
    under_way: list[Struct] = list(JOURNEY)
    while under_way:
        news = under_way.pop(chance.randrange(len(under_way)))
        if chance.random() < 0.15:
            under_way.append(news)
        outcome = Given(ORDER, order).when(news)
        events += outcome.events
        order = outcome.state
        asked = [event for event in outcome.events if isinstance(event, CaptureRequested)]
        under_way += [paid(event.capture_id, event.amount) for event in asked]
    money = (paid(amount=3 * 895), paid(SECOND, amount=2 * 895 + 2 * 500))
    expected = told(allocated(), *JOURNEY, *money)
    assert _facts(order) == _facts(expected)
    assert (order.status, order.deadline) == ("closed", "")
    assert order.captured == order.shipped_value == VALUE
    assert len([event for event in events if isinstance(event, OrderClosed)]) == 1
    captures = [event.capture_id for event in events if isinstance(event, CaptureRequested)]
    assert len(captures) == len(set(captures))


def _facts(order: Order) -> object:
    shipments = {
        key: (one.lines, one.gone, one.delivered, one.label, one.captured) for key, one in order.shipments.items()
    }
    lines = {key: (one.status, one.shipped, one.open) for key, one in order.lines.items()}
    return order.status, order.waiting_for, order.picking_begun, order.picking_ended, shipments, lines


def test_where_an_order_stands_follows_from_what_is_known_and_from_nothing_else() -> None:
    some = (packed(_1=3), labels(), left(), arrived())
    ends = {told(collected(), *order).status for order in permutations(some)}
    assert ends == {"partially_dispatched"}
    advanced = [
        event
        for event in Given(ORDER, told(collected(), *some[:3])).when(some[3]).events
        if isinstance(event, OrderAdvanced)
    ]
    assert advanced == []
