"""Parcels that come back with their carrier, or never arrive: each unit and cent is settled, the order closed."""

from itertools import permutations

import pytest
from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import (
    FulfilmentStalled,
    OrderClosed,
    RefundRequested,
    ReplacementRequested,
    ReturnAuthorized,
)
from orders.domain.commands import (
    AuthorizeReturn,
    CheckDeadline,
    GiveUpParcels,
    NoteFailedDelivery,
    NoteRefund,
    NoteReturn,
    ReturnWish,
)
from orders.domain.facts import CameBack, DeliveryEnded
from orders.domain.order import Order
from orders.domain.states import ARRIVED_ALTHOUGH_GIVEN_UP, PARCELS_TIME
from tests.support.scenarios import Given
from tests.unit.orders.counter import Counter
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    NOW,
    SECOND,
    SKUS,
    VALUE,
    arrived,
    closed,
    collected,
    dispatched,
    labels,
    left,
    only,
    packed,
    paid,
    told,
)

RMA = "00000000-0000-8000-8000-00000000000a"
OTHER = "00000000-0000-8000-8000-00000000000b"


def wishes(units: dict[str, int]) -> tuple[ReturnWish, ...]:
    return tuple(ReturnWish(name.removeprefix("_"), count) for name, count in units.items())


def may_return(return_id: str = RMA, **units: int) -> AuthorizeReturn:
    return AuthorizeReturn(return_id, wishes(units), "came back", "refund", NOW)


def given_up(
    shipment: str = FIRST, resolution: str = "refund", return_id: str = OTHER, **units: int
) -> GiveUpParcels:
    return GiveUpParcels(return_id, shipment, wishes(units), "lost", resolution, NOW)  # type: ignore[arg-type]


def back(return_id: str = RMA, **units: int) -> NoteReturn:
    lines = ((one.line_id, one.units) for one in wishes(units))
    return NoteReturn(return_id, tuple(CameBack(line, SKUS[line], n, "restock") for line, n in lines), NOW)


def failed(shipment: str = FIRST, *returned: str) -> NoteFailedDelivery:
    """One of the shipment's cartons came back, and the other ones are delivered."""
    return NoteFailedDelivery(shipment, returned or (CARTONS[shipment][0].sscc,), NOW)


def refunded(amount: int, return_id: str = RMA) -> NoteRefund:
    return NoteRefund(return_id, 1, amount, False, NOW)


def test_what_came_back_is_received_as_a_return_refunded_and_the_order_closed() -> None:
    order = told(dispatched(), paid(), failed())
    assert (order.status, order.waiting_for) == ("dispatched", "what becomes of goods that did not arrive")
    assert order.shipments[FIRST].status == "undelivered"
    late = NOW + PARCELS_TIME
    assert (
        only(FulfilmentStalled, Given(ORDER, order).when(CheckDeadline(late)).events).waiting_for
        == order.waiting_for
    )
    outcome = Given(ORDER, order).when(may_return(_1=3))
    assert only(ReturnAuthorized, outcome.events).return_id == RMA
    assert outcome.state.waiting_for == "returned goods"
    received = Given(ORDER, outcome.state).when(back(_1=3))
    assert only(RefundRequested, received.events).amount == 3 * 895
    ended = Given(ORDER, received.state).when(refunded(3 * 895))
    assert only(OrderClosed, ended.events).captured == VALUE
    assert (ended.state.status, ended.state.deadline) == ("closed", "")


def test_in_whatever_order_it_is_heard_and_twice_it_ends_alike() -> None:
    heard: list[Struct] = [paid(), failed(), back(_1=3), refunded(3 * 895)]
    ends = set()
    for order in permutations(heard):
        if order.index(heard[3]) < order.index(heard[2]) or order.index(heard[2]) < order.index(heard[0]):
            continue  # nothing is refunded before it is back and paid
        state = told(dispatched(), may_return(_1=3), *order)
        if order.index(heard[1]) > order.index(heard[3]):
            assert state.waiting_for == "what becomes of goods that did not arrive"
            state = told(state, given_up())
        ends.add((state.status, state.captured, state.back))
        again = told(state, *order)
        assert (again.status, again.back) == (state.status, state.back)
    assert ends == {("closed", VALUE, 3 * 895)}


def test_a_lost_parcel_is_refunded_without_goods_coming_back() -> None:
    order = told(dispatched(), paid())
    outcome = Given(ORDER, order).when(given_up(_1=5, _2=2))
    assert only(RefundRequested, outcome.events).amount == VALUE
    assert not any(isinstance(event, ReturnAuthorized) for event in outcome.events), (
        "nothing is expected at the dock"
    )
    assert outcome.state.waiting_for == "refund"
    ended = told(outcome.state, refunded(VALUE, OTHER))
    assert (ended.status, ended.returns[OTHER].status, ended.returns[OTHER].refunded) == (
        "closed",
        "closed",
        VALUE,
    )


def test_a_lost_parcel_that_is_not_paid_yet_is_refunded_when_it_is() -> None:
    order = told(dispatched(), given_up(_2=2))
    assert order.returns[OTHER].asked == 0
    outcome = Given(ORDER, order).when(paid())
    assert only(RefundRequested, outcome.events).amount == 1000
    assert told(outcome.state, refunded(1000, OTHER)).status == "closed"


def test_a_lost_parcel_is_replaced_by_other_goods() -> None:
    outcome = Given(ORDER, told(dispatched(), paid())).when(given_up(resolution="replace", _1=2))
    asked = only(ReplacementRequested, outcome.events)
    assert [(line.sku, line.quantity, line.unit_price) for line in asked.lines] == [("MUG", 2, 0)]
    assert outcome.state.status == "closed"


def test_nothing_is_given_up_twice_nor_returned_as_well() -> None:
    order = told(dispatched(), paid(), given_up(_1=3))
    Given(ORDER, order).when(given_up(return_id=RMA, _1=3)).then_rejected("more-than-sent")
    Given(ORDER, order).when(may_return(_1=3)).then_rejected("more-than-sent")
    assert only(ReturnAuthorized, Given(ORDER, order).when(may_return(_1=2)).events).lines[0].units == 2


def test_only_what_is_in_a_shipment_that_has_left_is_given_up() -> None:
    here = told(collected(), packed(), labels())
    Given(ORDER, here).when(given_up(_1=1)).then_rejected("not-sent")
    two = told(collected(), packed(_1=5), packed(SECOND, _2=2), labels(), labels(SECOND), left(), left(SECOND))
    refused = Given(ORDER, two).when(given_up(SECOND, _1=1)).then_rejected("not-in-shipment")
    assert (refused.field, refused.value) == ("lines[0].units", 1)
    Given(ORDER, two).when(given_up(_7=1)).then_rejected("unknown-line")


@pytest.mark.parametrize("first", [arrived(SECOND), failed()])
def test_of_two_shipments_each_has_an_end_of_its_own(first: Struct) -> None:
    two = told(collected(), packed(_1=5), packed(SECOND, _2=2), labels(), labels(SECOND), left(), left(SECOND))
    order = told(two, paid(FIRST, 4475), paid(SECOND, 1000), first)
    order = told(order, failed() if first == arrived(SECOND) else arrived(SECOND))
    assert (order.status, order.waiting_for) == ("dispatched", "what becomes of goods that did not arrive")
    assert told(order, may_return(_1=5), back(_1=5), refunded(4475)).status == "closed"


def test_an_earlier_return_settles_nothing_of_what_comes_back_later() -> None:
    two = told(
        collected(), packed(_1=3), packed(SECOND, _1=2, _2=2), labels(), labels(SECOND), left(), left(SECOND)
    )
    order = told(
        two, paid(FIRST, 2685), paid(SECOND, 2790), arrived(), may_return(_1=1), back(_1=1), refunded(895)
    )
    waits = told(order, failed(SECOND))
    assert waits.waiting_for == "what becomes of goods that did not arrive"
    assert told(waits, given_up(SECOND)).status == "closed", "somebody says that nothing is owed"


def test_parcels_that_arrive_after_all_call_for_a_person() -> None:
    order = told(dispatched(), paid(), failed())
    assert told(order, arrived()).status == "closed", "the carrier found the customer"
    lost = told(dispatched(), paid(), given_up(_1=5, _2=2), refunded(VALUE, OTHER))
    outcome = Given(ORDER, lost).when(arrived())
    assert only(FulfilmentStalled, outcome.events).waiting_for == ARRIVED_ALTHOUGH_GIVEN_UP
    assert (outcome.state.status, outcome.state.back) == ("closed", VALUE)
    Given(ORDER, outcome.state).when(arrived()).then()


def test_a_failed_delivery_is_noted_once() -> None:
    order: Order = told(dispatched(), paid())
    assert only(DeliveryEnded, Given(ORDER, order).when(failed()).events).returned == (CARTONS[FIRST][0].sscc,)
    Given(ORDER, told(order, failed())).when(failed()).then()
    assert told(closed(), failed()).status == "closed"


def test_a_supervisor_gives_up_a_parcel_once_per_key(counter: Counter) -> None:
    shipment = "00000000-0000-8000-8000-0000000000b1"
    order_id = counter.delivered(2, shipment_id=shipment)
    body = {"shipment_id": shipment, "reason": "empty parcel", "lines": [{"line_id": "1", "units": 1}]}
    answers = [counter.post_to(order_id, "losses", body, key="loss-1") for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    [claim] = counter.details(order_id)["returns"]
    assert (claim["status"], claim["due"], claim["received"][0]["disposition"]) == ("received", 995, "lost")
    too_many = counter.post_to(order_id, "losses", body | {"lines": [{"line_id": "1", "units": 2}]})
    assert (too_many.status, too_many.problem, too_many.field) == (422, "more-than-sent", "lines[0].units")
