"""Orders that are given up, held, sent elsewhere or hurried, at every stage; what becomes of stock and money."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from orders.aggregates import ORDER
from orders.contracts import (
    AllocationRequested,
    CancellationRefused,
    CancellationStarted,
    CaptureRequested,
    FulfilmentStalled,
    OrderCancelled,
    PaymentVoidRequested,
    Pick,
    PickingRequested,
    RefundRequested,
    RemainderCancelled,
    ReservationReleaseRequested,
    ReservationRequested,
    ShipmentCancellationRequested,
    ShipmentRequested,
    ShipToChanged,
    UnitsOfLine,
)
from orders.domain.commands import (
    CancelOrder,
    ChangePriority,
    ChangeShipTo,
    CheckDeadline,
    HoldOrder,
    NoteAllocatedLine,
    NoteDispatch,
    NoteFailedLabels,
    NotePacked,
    NotePicked,
    NotePickingStarted,
    NoteReleasedLine,
    NoteReservedLine,
    NoteUnallocatedLine,
    NoteVoid,
    NoteVoidedLabels,
    ReleaseHold,
    ReleaseOrder,
    SubstituteLine,
)
from orders.domain.facts import DestinationChanged, HoldReleased, ShipmentWithdrawn
from orders.domain.order import Order
from orders.domain.saga import LEFT_ALTHOUGH_CANCELLED
from orders.domain.states import CANCELLATION_TIME, STALLED_TIME
from shared.clock import iso
from shared.events import Event
from tests.support.scenarios import Given
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    HOME,
    NOW,
    OFFICE,
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
    released,
    reserved,
    stalled,
    told,
)

GIVE_UP = CancelOrder("changed my mind", NOW)
FREED = (NoteVoid(NOW), NoteReleasedLine("1", 9, NOW), NoteReleasedLine("2", 9, NOW))


def kinds(events: object) -> list[type]:
    return [type(event) for event in events]  # type: ignore[attr-defined]


class TestCancellation:
    @pytest.mark.parametrize(
        "order",
        [
            reserved(),
            released(),
            allocated(),
            told(allocated(), NotePickingStarted(NOW)),
            collected(),
            told(collected(ship_to=None), packed()),
        ],
        ids=["reserved", "released", "allocated", "picking", "picked", "packed and held"],
    )
    def test_before_a_shipment_is_asked_for_stock_and_money_are_freed_at_once(self, order: Order) -> None:
        outcome = Given(ORDER, order).when(GIVE_UP)
        assert kinds(outcome.events) == [CancellationStarted, PaymentVoidRequested, ReservationReleaseRequested]
        assert told(outcome.state, *FREED).status == "cancelled"

    def test_a_shipment_that_was_asked_for_is_stopped_before_anything_is_freed(self) -> None:
        order = told(collected(), packed(), labels())
        outcome = Given(ORDER, order).when(GIVE_UP)
        assert kinds(outcome.events) == [CancellationStarted, ShipmentCancellationRequested]
        assert only(ShipmentCancellationRequested, outcome.events).shipment_ids == (FIRST,)
        stopped = Given(ORDER, outcome.state).when(NoteVoidedLabels(FIRST, 2, NOW))
        assert kinds(stopped.events) == [ShipmentWithdrawn, PaymentVoidRequested, ReservationReleaseRequested]
        assert told(stopped.state, *FREED).status == "cancelled"

    def test_a_shipment_that_has_left_meanwhile_goes_on_and_is_paid(self) -> None:
        order = told(collected(), packed(), labels(), GIVE_UP)
        outcome = Given(ORDER, order).when(left())
        assert only(CancellationRefused, outcome.events).reason == "changed my mind"
        assert only(CaptureRequested, outcome.events).amount == VALUE
        assert not any(isinstance(event, PaymentVoidRequested) for event in outcome.events)
        assert outcome.state.status == "dispatched"
        assert told(outcome.state, paid(), arrived()).status == "closed"

    def test_a_shipment_of_which_a_carton_has_left_goes_on_and_frees_nothing_until_the_rest_follows(self) -> None:
        one, other = (carton.sscc for carton in CARTONS[FIRST])
        order = told(collected(), packed(), labels(), left(FIRST, one))
        outcome = Given(ORDER, order).when(GIVE_UP)
        assert kinds(outcome.events) == [CancellationStarted]
        done = Given(ORDER, outcome.state).when(left(FIRST, other))
        assert only(CancellationRefused, done.events).reason == "changed my mind"
        assert done.state.status == "dispatched"

    def test_what_has_left_stays_and_the_rest_is_cancelled(self) -> None:
        order = told(collected(), packed(_1=3), labels(), left())
        assert order.status == "partially_dispatched"
        outcome = Given(ORDER, order).when(GIVE_UP)
        assert kinds(outcome.events) == [CancellationStarted, ReservationReleaseRequested]
        order = told(outcome.state, NoteReleasedLine("1", 9, NOW))
        done = Given(ORDER, order).when(NoteReleasedLine("2", 9, NOW))
        rest = only(RemainderCancelled, done.events).lines
        assert rest == (UnitsOfLine("1", "MUG", 2), UnitsOfLine("2", "CUP", 2))
        assert done.state.status == "dispatched"
        settled = Given(ORDER, done.state).when(paid(amount=3 * 895))
        assert only(PaymentVoidRequested, settled.events).reason == "nothing more is sent"
        assert told(settled.state, NoteVoid(NOW), arrived()).status == "closed"

    def test_of_two_shipments_one_is_stopped_and_one_has_left(self) -> None:
        order = told(collected(), packed(_1=5), packed(SECOND, _2=2), labels(), labels(SECOND), GIVE_UP)
        order = told(order, left())
        assert order.status == "cancelling"
        stopped = Given(ORDER, order).when(NoteVoidedLabels(SECOND, 2, NOW))
        assert only(ReservationReleaseRequested, stopped.events).lines[0].line_id == "2"
        order = told(stopped.state, NoteReleasedLine("2", 9, NOW))
        assert (order.status, order.lines["2"].cancelled) == ("dispatched", 2)
        assert told(order, paid(amount=5 * 895), arrived()).status == "closed"

    @pytest.mark.parametrize("order", [dispatched(), told(dispatched(), arrived()), closed()])
    def test_what_has_all_left_can_only_be_returned(self, order: Order) -> None:
        refused = Given(ORDER, order).when(GIVE_UP).then_rejected("order-left")
        assert "return" in refused.remedy

    def test_a_shipment_packed_while_the_order_is_given_up_does_not_leave(self) -> None:
        outcome = Given(ORDER, told(collected(), GIVE_UP)).when(packed())
        assert not any(isinstance(event, ShipmentRequested) for event in outcome.events)
        part = told(collected(), packed(_1=3), labels(), left(), GIVE_UP, packed(SECOND, _1=2, _2=2))
        part = told(part, NoteReleasedLine("1", 9, NOW), NoteReleasedLine("2", 9, NOW))
        assert (part.status, part.undecided, part.standing_packed) == ("dispatched", [], [])
        late = told(collected(), packed(_1=3), labels(), left(), GIVE_UP)
        late = told(late, NoteReleasedLine("1", 9, NOW), NoteReleasedLine("2", 9, NOW), packed(SECOND, _1=2))
        assert (late.status, late.undecided) == ("dispatched", [])

    def test_labels_that_were_void_before_do_not_end_a_cancellation(self) -> None:
        order = told(collected(), packed(), labels(), NoteVoidedLabels(FIRST, 2, NOW), GIVE_UP)
        assert told(order, NoteVoidedLabels(FIRST, 2, NOW)).undecided, "old news: it may have been labelled again"
        assert told(order, NoteVoidedLabels(FIRST, 5, NOW), *FREED).status == "cancelled"

    def test_goods_that_left_although_the_order_was_cancelled_call_for_a_person(self) -> None:
        over = told(collected(), packed(), labels(), GIVE_UP, NoteVoidedLabels(FIRST, 2, NOW), *FREED)
        outcome = Given(ORDER, over).when(left())
        assert "goods that left" in only(FulfilmentStalled, outcome.events).waiting_for
        assert outcome.state.status == "cancelled"
        tomorrow = NOW + STALLED_TIME
        again = Given(ORDER, outcome.state).when(CheckDeadline(tomorrow))
        order = again.then(stalled(LEFT_ALTHOUGH_CANCELLED, tomorrow, since=NOW))
        assert told(order, paid()).stalled, "the customer does not have them yet"
        for known in ((paid(), arrived()), (arrived(), paid())):
            settled = told(order, *known)
            assert (settled.status, settled.stalled, settled.deadline) == ("cancelled", None, "")
            Given(ORDER, settled).when(CheckDeadline(tomorrow + STALLED_TIME)).then()
        assert only(CaptureRequested, outcome.events).amount == VALUE

    def test_a_cancellation_that_shipping_does_not_answer_is_asked_again_and_frees_nothing(self) -> None:
        order = told(collected(), packed(), labels(), GIVE_UP)
        late = NOW + CANCELLATION_TIME
        again = Given(ORDER, order).when(CheckDeadline(late))
        assert kinds(again.events)[1:] == [CancellationStarted, ShipmentCancellationRequested]
        last = told(again.state, CheckDeadline(late + CANCELLATION_TIME))
        events = Given(ORDER, last).when(CheckDeadline(late + 2 * CANCELLATION_TIME)).events
        assert "shipments" in only(FulfilmentStalled, events).waiting_for


class TestHolds:
    def test_a_held_order_is_not_released(self) -> None:
        held = told(reserved(), HoldOrder("fraud", "card of another", NOW))
        refused = Given(ORDER, held).when(ReleaseOrder(NOW)).then_rejected("order-held")
        assert "fraud" in refused.message
        assert told(held, ReleaseHold("fraud", NOW), ReleaseOrder(NOW)).status == "allocating"

    def test_a_held_order_is_packed_but_does_not_leave_until_its_last_hold_is_released(self) -> None:
        held = told(collected(), HoldOrder("fraud", "f", NOW), HoldOrder("manual", "m", NOW), packed())
        assert (held.status, held.undecided, held.waiting_for) == ("packed", [], "release of a hold")
        still = told(held, ReleaseHold("fraud", NOW))
        assert still.undecided == []
        assert only(ShipmentRequested, Given(ORDER, still).when(ReleaseHold("manual", NOW)).events).ship_to == HOME

    def test_holding_or_releasing_twice_changes_nothing(self) -> None:
        held = told(reserved(), HoldOrder("manual", "m", NOW))
        Given(ORDER, held).when(HoldOrder("manual", "again", NOW)).then()
        Given(ORDER, reserved()).when(ReleaseHold("manual", NOW)).then()

    @pytest.mark.parametrize("order", [dispatched(), closed(), told(reserved(), GIVE_UP)])
    def test_what_is_not_here_is_not_held(self, order: Order) -> None:
        Given(ORDER, order).when(HoldOrder("manual", "m", NOW)).then_rejected("order-left")

    def test_a_held_order_can_be_cancelled(self) -> None:
        assert told(reserved(), HoldOrder("manual", "m", NOW), GIVE_UP, *FREED).status == "cancelled"

    def test_an_order_without_an_address_waits_for_one_and_for_nothing_else(self) -> None:
        held = told(collected(ship_to=None), packed())
        Given(ORDER, held).when(ReleaseHold("address", NOW)).then_rejected("no-address")
        outcome = Given(ORDER, held).when(ChangeShipTo(OFFICE, NOW))
        assert kinds(outcome.events)[:2] == [DestinationChanged, HoldReleased]
        assert only(ShipmentRequested, outcome.events).ship_to == OFFICE

    def test_an_address_that_was_right_after_all_is_tried_again(self) -> None:
        held = told(collected(), packed(), NoteFailedLabels(FIRST, 1, "no such street", True, NOW))
        outcome = Given(ORDER, held).when(ReleaseHold("address", NOW))
        told_again = only(ShipToChanged, outcome.events)
        assert (told_again.shipment_ids, told_again.ship_to) == ((FIRST,), HOME)
        assert outcome.state.waiting_for == "labels"


class TestChanges:
    def test_another_address_before_packing_is_only_noted(self) -> None:
        outcome = Given(ORDER, allocated()).when(ChangeShipTo(OFFICE, NOW))
        assert kinds(outcome.events) == [DestinationChanged]
        assert (
            only(
                ShipmentRequested,
                Given(ORDER, told(outcome.state, packed())).when(CheckDeadline(NOW + timedelta(hours=1))).events,
            ).ship_to
            == OFFICE
        )

    def test_shipping_is_told_of_another_address_for_what_was_asked_for(self) -> None:
        outcome = Given(ORDER, told(collected(), packed())).when(ChangeShipTo(OFFICE, NOW))
        changed = only(ShipToChanged, outcome.events)
        assert (changed.shipment_ids, changed.ship_to) == ((FIRST,), OFFICE)

    def test_a_better_address_ends_the_hold_of_a_label_that_failed(self) -> None:
        held = told(collected(), packed(), NoteFailedLabels(FIRST, 1, "no such street", True, NOW))
        outcome = Given(ORDER, held).when(ChangeShipTo(OFFICE, NOW))
        assert only(ShipToChanged, outcome.events).shipment_ids == (FIRST,)
        assert (dict(outcome.state.holds), told(outcome.state, labels(answer=2)).status) == ({}, "labelled")

    def test_the_same_address_again_changes_nothing(self) -> None:
        Given(ORDER, allocated()).when(ChangeShipTo(HOME, NOW)).then()

    def test_once_labelled_the_address_stays(self) -> None:
        labelled = told(collected(), packed(), labels())
        refused = Given(ORDER, labelled).when(ChangeShipTo(OFFICE, NOW)).then_rejected("already-labelled")
        assert "void" in refused.remedy.lower()
        Given(ORDER, dispatched()).when(ChangeShipTo(OFFICE, NOW)).then_rejected("order-left")

    def test_the_rest_of_a_partly_sent_order_may_go_elsewhere(self) -> None:
        part = told(collected(), packed(_1=5), labels(), left(), ChangeShipTo(OFFICE, NOW))
        asked = only(ShipmentRequested, Given(ORDER, part).when(packed(SECOND, _2=2)).events)
        assert asked.ship_to == OFFICE

    def test_picking_is_told_of_another_priority_once_it_knows_the_order(self) -> None:
        assert told(reserved(), ChangePriority(9, NOW)).picking_requests == 0
        outcome = Given(ORDER, allocated()).when(ChangePriority(9, NOW))
        asked = only(PickingRequested, outcome.events)
        assert (asked.priority, asked.lines, asked.number) == (9, (), 2)
        Given(ORDER, outcome.state).when(ChangePriority(9, NOW)).then()
        Given(ORDER, dispatched()).when(ChangePriority(9, NOW)).then_rejected("order-left")


class Warehouse:
    """The other services as one: each answers what it was asked, after any time, and also twice.

    `chance` decides what happens next; people give the order up, hold it and send it elsewhere in between.
    """

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.order = released(partial_shipments=chance.random() < 0.7, substitutes_allowed=True)
        self.under_way: list[Struct] = [allocated_line("1"), allocated_line("2")]
        self.events: list[Event] = []
        self.ended: dict[str, str] = {}
        self.captured: dict[str, int] = {}
        self.refunded: dict[str, int] = {}
        self.voided = False
        self.number = 10
        self.packed = False
        self.cartons: dict[str, tuple[str, ...]] = {}

    def run(self, wishes: list[Struct]) -> None:
        """Until nothing is under way; held orders are released in the end."""
        wishes = list(wishes)
        while self.under_way or wishes:
            if wishes and (not self.under_way or self.chance.random() < 0.2):
                self._tell(wishes.pop())
            else:
                news = self.under_way.pop(self.chance.randrange(len(self.under_way)))
                if self.chance.random() < 0.15:
                    self.under_way.append(news)
                self._tell(news)
                if isinstance(news, NoteUnallocatedLine) and self.chance.random() < 0.5:
                    wishes.append(SubstituteLine("1", None, self.chance.choice([None, 1]), ("JUG",), NOW))
            if not self.under_way and not wishes:
                self._tell(ReleaseHold("manual", NOW))

    def _tell(self, command: Struct) -> None:
        outcome = Given(ORDER, self.order).when(command)
        self.order = outcome.state
        for event in outcome.events:
            self.events.append(event)
            self._answer(event)

    def _answer(self, event: Event) -> None:
        match event:
            case PickingRequested() if event.lines:
                self.under_way += [NotePickingStarted(NOW)]
                if not self.packed:
                    self._pick()
                self._pack_substitutes(event)
            case ReservationRequested():
                self.under_way += [NoteReservedLine(one.line_id, self._count(), NOW) for one in event.lines]
            case AllocationRequested():
                self.under_way += [self._found(one.line_id, one.quantity) for one in event.lines]
            case ShipmentRequested() if event.shipment_id not in self.ended:
                self.under_way.append(labels(event.shipment_id, self._count()))
                self._leave_or_not(event.shipment_id, self.chance.random() < 0.6)
            case ShipmentCancellationRequested():
                for shipment_id in event.shipment_ids:
                    self._leave_or_not(shipment_id, False)
            case CaptureRequested() if event.capture_id not in self.captured:
                self.captured[event.capture_id] = event.amount
                assert not self.voided, "money is taken that was let go of"
                self.under_way.append(paid(event.capture_id, event.amount))
            case PaymentVoidRequested():
                self.voided = True
                self.under_way.append(NoteVoid(NOW))
            case ReservationReleaseRequested():
                self.under_way += [
                    NoteReleasedLine(one.line_id, self._count(), NOW, one.keeps) for one in event.lines
                ]
                self.under_way += [self._found(one.line_id, one.keeps) for one in event.lines if one.keeps == 3]

    def _pick(self) -> None:
        """All of it is packed in one or two shipments, or only part of it, and the rest is short for good."""
        self.packed = True
        self.under_way.append(NotePicked(True, NOW))
        shape = self.chance.choice(["one", "two", "part"])
        if shape == "one":
            self.under_way.append(packed())
        if shape == "two":
            self.under_way += [packed(_1=3), packed(SECOND, _1=2, _2=2)]
        if shape == "part":
            self.under_way += [packed(_1=3), NoteUnallocatedLine("1", self._count(), 2, NOW)]

    def _found(self, line_id: str, units: int) -> NoteAllocatedLine:
        """Inventory has what a line wants, or goes on wanting."""
        return NoteAllocatedLine(
            line_id, self._count(), (Pick(f"A-{line_id}", f"A-{line_id}", units),), NOW, units
        )

    def _pack_substitutes(self, asked: PickingRequested) -> None:
        """Each is a shipment of its own."""
        for line in asked.lines:
            if int(line.line_id) > 2:
                shipment_id = f"{FIRST[:-1]}{line.line_id}"
                carton = structs.replace(CARTONS[SECOND][0], sscc=f"90614141000000000{line.line_id}")
                units = UnitsOfLine(line.line_id, line.sku, line.quantity)
                self.under_way.append(NotePacked(shipment_id, (carton,), (units,), NOW))
                self.cartons[shipment_id] = (carton.sscc,)

    def _leave_or_not(self, shipment_id: str, leaves: bool) -> None:
        """Shipping decides once about each shipment."""
        stopped = not leaves and any(
            isinstance(event, ShipmentCancellationRequested) and shipment_id in event.shipment_ids
            for event in self.events
        )
        if shipment_id in self.ended or not (leaves or stopped):
            return
        self.ended[shipment_id] = "left" if leaves else "stopped"
        if leaves:
            gone = self.cartons.get(shipment_id) or tuple(one.sscc for one in CARTONS[shipment_id])
            self.under_way += [NoteDispatch(shipment_id, gone, iso(NOW), NOW), arrived(shipment_id)]
        else:
            self.under_way.append(NoteVoidedLabels(shipment_id, self._count(), NOW))

    def _count(self) -> int:
        self.number += 1
        return self.number


wishes = st.lists(
    st.sampled_from(
        [GIVE_UP, HoldOrder("manual", "m", NOW), ReleaseHold("manual", NOW), ChangeShipTo(OFFICE, NOW)]
    ),
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@for_all(st.integers(0, 2**32).map(Random), wishes)
def test_whatever_people_want_and_however_news_travel_goods_and_money_agree(
    chance: Random, wanted: list[Struct]
) -> None:
    warehouse = Warehouse(chance)
    warehouse.run(wanted)
    order, events = warehouse.order, warehouse.events
    gone = {shipment_id for shipment_id, end in warehouse.ended.items() if end == "left"}
    assert {one.shipment_id for one in order.sent} == gone
    assert order.captured == sum(warehouse.captured.values()) == order.shipped_value <= VALUE
    assert all(0 <= line.open <= line.quantity for line in order.lines.values())
    assert not any(isinstance(event, RefundRequested) for event in events)
    if order.status == "cancelled":
        assert not gone
        assert warehouse.voided
    over = next(
        (n for n, event in enumerate(events) if isinstance(event, OrderCancelled | RemainderCancelled)), None
    )
    if over is not None:
        assert not any(isinstance(event, ShipmentRequested | PickingRequested) for event in events[over:])
    if any(isinstance(event, CancellationRefused) for event in events):
        assert order.all_sent
    if GIVE_UP in wanted and any(isinstance(event, CancellationStarted) for event in events):
        assert order.status in ("cancelled", "closed"), order.status
        claims = [line for line in order.lines.values() if line.status not in ("released", "shipped")]
        assert not claims
    if order.all_sent:
        assert order.status == "closed"
        assert warehouse.voided == (order.captured < order.total.amount)
