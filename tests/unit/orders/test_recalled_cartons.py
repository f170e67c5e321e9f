"""Recalled goods in a packed carton: its shipment is stopped and packed anew, whatever comes first, and twice."""

from itertools import permutations

from orders.aggregates import ORDER
from orders.contracts import (
    CaptureRequested,
    FulfilmentStalled,
    OrderClosed,
    ShipmentCancellationRequested,
    ShipmentRequested,
    UnitsOfLine,
    UnpackingRequested,
)
from orders.domain.commands import (
    CancelOrder,
    HoldOrder,
    NoteKeptCarton,
    NoteRecalledCarton,
    NoteVoidedLabels,
    ReleaseHold,
)
from orders.domain.order import Order
from shared.events import Event
from tests.support.scenarios import Given
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    NOW,
    SECOND,
    VALUE,
    arrived,
    collected,
    dispatched,
    labels,
    left,
    only,
    packed,
    paid,
    told,
)

CARTON = CARTONS[FIRST][0].sscc
RECALL = NoteRecalledCarton(FIRST, CARTON, "MUG", "L1", "Salmonella", NOW)
VOID = NoteVoidedLabels(FIRST, 5, NOW)


def happened(order: Order, *commands: object) -> tuple[Order, list[Event]]:
    events: list[Event] = []
    for command in commands:
        outcome = Given(ORDER, order).when(command)  # type: ignore[arg-type]
        assert outcome.rejection is None, outcome.rejection
        events += outcome.events
        order = outcome.state
    return order, events


def kinds(events: list[Event], *wanted: type[Event]) -> list[str]:
    return [type(event).__name__ for event in events if isinstance(event, wanted)]


def test_a_labelled_shipment_is_stopped_first_and_then_packed_anew() -> None:
    order, events = happened(told(collected(), packed(), labels()), RECALL)
    stopped = only(ShipmentCancellationRequested, events)
    assert stopped.shipment_ids == (FIRST,)
    assert stopped.reason == "lot L1 of MUG is recalled: Salmonella"
    assert order.shipments[FIRST].status == "recalled"
    order, events = happened(order, VOID)
    asked = only(UnpackingRequested, events)
    assert (asked.shipment_id, asked.reason) == (FIRST, stopped.reason)
    assert (order.status, order.waiting_for, order.shipments[FIRST].status) == ("picked", "packing", "withdrawn")


def test_what_is_packed_anew_leaves_is_paid_and_closes_the_order() -> None:
    order = told(collected(), packed(), labels(), RECALL, VOID)
    order, events = happened(order, packed(SECOND), labels(SECOND, 9), left(SECOND), paid(SECOND), arrived(SECOND))
    assert [one.shipment_id for one in events if isinstance(one, ShipmentRequested)] == [SECOND]
    assert only(OrderClosed, events).captured == order.total.amount
    assert order.status == "closed"


def test_what_was_not_asked_to_leave_yet_is_packed_anew_at_once() -> None:
    held = told(collected(), HoldOrder("manual", "wait", NOW), packed())
    order, events = happened(held, RECALL)
    assert kinds(events, ShipmentCancellationRequested, UnpackingRequested) == ["UnpackingRequested"]
    _, events = happened(order, ReleaseHold("manual", NOW))
    assert kinds(events, ShipmentRequested) == []


def test_a_recall_that_is_heard_before_its_shipment_is_packed_waits_for_it() -> None:
    order, events = happened(collected(), RECALL)
    assert kinds(events, ShipmentCancellationRequested, UnpackingRequested) == []
    _, events = happened(order, packed())
    assert kinds(events, ShipmentRequested, UnpackingRequested) == ["UnpackingRequested"]


def test_in_whatever_order_and_twice_it_is_stopped_and_unpacked_once() -> None:
    for order_told in permutations((packed(), labels(), RECALL)):
        order, events = happened(collected(), *order_told, VOID, *order_told, VOID)
        assert kinds(events, UnpackingRequested) == ["UnpackingRequested"]
        assert order.shipments[FIRST].withdrawn


def test_goods_that_left_before_they_could_be_stopped_are_called_out_once() -> None:
    for order_told in permutations((left(), RECALL)):
        order, events = happened(told(collected(), packed(), labels()), *order_told, RECALL)
        assert only(FulfilmentStalled, events).waiting_for == "goods that left although their lot is recalled"
        assert kinds(events, UnpackingRequested) == []
        assert (order.status, order.waiting_for) == ("dispatched", "capture")
        assert order.deadline
    closed, events = happened(told(dispatched(), paid(), arrived()), RECALL)
    assert (closed.status, kinds(events, FulfilmentStalled)) == ("closed", ["FulfilmentStalled"])


def test_where_others_have_left_the_shipment_is_paid_without_it_and_the_rest_is_packed_anew() -> None:
    other = CARTONS[FIRST][1].sscc
    inside = (UnitsOfLine("1", "MUG", 3), UnitsOfLine("2", "CUP", 2))
    recall = NoteRecalledCarton(FIRST, CARTON, "MUG", "L1", "Salmonella", NOW, inside)
    kept = NoteKeptCarton(FIRST, CARTON, NOW)
    for facts in permutations((left(FIRST, other), recall, kept)):
        order, events = happened(told(collected(), packed()), *facts, *facts, labels())
        asked = only(UnpackingRequested, events)
        assert (asked.shipment_id, asked.cartons) == (FIRST, (CARTON,))
        assert only(CaptureRequested, events).amount == 2 * 895
        assert (order.status, order.lines["1"].open, order.lines["2"].open) == ("partially_dispatched", 3, 2)
        order, events = happened(
            order, paid(FIRST, 2 * 895), arrived(), packed(SECOND, _1=3, _2=2), labels(SECOND, 9), left(SECOND)
        )
        assert only(CaptureRequested, events).amount == VALUE - 2 * 895
        order, events = happened(order, paid(SECOND, VALUE - 2 * 895), arrived(SECOND))
        assert only(OrderClosed, events).captured == VALUE


def test_a_cancellation_does_not_wait_for_a_carton_that_stays() -> None:
    other = CARTONS[FIRST][1].sscc
    inside = (UnitsOfLine("1", "MUG", 3),)
    order = told(collected(), packed(), labels(), left(FIRST, other), CancelOrder("changed their mind", NOW))
    assert not order.compensating
    recall = NoteRecalledCarton(FIRST, CARTON, "MUG", "L1", "Salmonella", NOW, inside)
    order, events = happened(order, recall, NoteKeptCarton(FIRST, CARTON, NOW))
    assert kinds(events, UnpackingRequested) == []
    assert order.compensating


def test_an_order_that_is_given_up_meanwhile_is_not_packed_anew() -> None:
    order, _ = happened(told(collected(), packed(), labels()), RECALL, CancelOrder("changed their mind", NOW))
    order, events = happened(order, VOID)
    assert kinds(events, UnpackingRequested) == []
    assert order.compensating
