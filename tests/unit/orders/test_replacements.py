"""Replacements that fail: what the customer does not have is refunded by the order whose goods were replaced."""

from contextlib import suppress
from itertools import permutations

import pytest

from orders.aggregates import ORDER
from orders.contracts import (
    OrderLine,
    RefundRequested,
    ReplacementRequested,
    ReplacementUndone,
    Replaces,
    UnitsOfLine,
)
from orders.domain.commands import (
    CancelOrder,
    CheckDeadline,
    NoteRefund,
    NoteReleasedLine,
    NoteReservedLine,
    NoteUndone,
    NoteWaitingLine,
    ReleaseOrder,
)
from orders.domain.order import Order
from orders.domain.states import BACKORDER_TIME
from shared import aws, ids
from shared.envelope import CloudEvent
from tests.support.faults import Died, at_moment, die
from tests.support.scenarios import Given, given
from tests.unit.orders.counter import Counter, answer, unused
from tests.unit.orders.journey import (
    FIRST,
    NOW,
    allocated_line,
    arrived,
    closed,
    labels,
    left,
    only,
    packed,
    place,
    told,
)
from tests.unit.orders.test_amendments import HOME
from tests.unit.orders.test_order_returns import OTHER, RMA, back, refunded, wish

REPLACEMENTS = ("orders", "replacements")
ORIGINAL = "5a0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a11"
FREE = (OrderLine("1", "MUG", 2, 0), OrderLine("2", "CUP", 1, 0))


def replaced() -> Order:
    """An order of which two mugs and a cup came back, and are replaced."""
    return told(closed(), wish(resolution="replace", _1=2, _2=1), back(_1=2, _2=1))


def undone(**units: int) -> NoteUndone:
    skus = {"1": "MUG", "2": "CUP"}
    lines = ((name.removeprefix("_"), count) for name, count in units.items())
    return NoteUndone(RMA, tuple(UnitsOfLine(line, skus[line], count) for line, count in lines), NOW)


def replacement() -> Order:
    """The order that replaces them, ready to be released."""
    placed = given(ORDER).when(place(lines=FREE, replaces=Replaces(ORIGINAL, RMA))).state
    return told(placed, NoteReservedLine("1", 1, NOW), NoteReservedLine("2", 1, NOW))


def delivered() -> Order:
    """The same, at the customer's."""
    on_its_way = told(replacement(), ReleaseOrder(NOW), allocated_line("1", units=2), allocated_line("2", units=1))
    return told(on_its_way, packed(_1=2, _2=1), labels(), left(), arrived())


def said(event: ReplacementUndone) -> dict[str, int]:
    return {line.line_id: line.units for line in event.lines}


# --- the order whose goods were replaced ---


def test_what_is_never_sent_instead_is_refunded_at_the_price_that_was_paid() -> None:
    order = replaced()
    assert order.returns[RMA].status == "closed"
    outcome = Given(ORDER, order).when(undone(_1=2, _2=1))
    asked = only(RefundRequested, outcome.events)
    assert (asked.refund_id, asked.amount) == (RMA, 2 * 895 + 500)
    assert (outcome.state.returns[RMA].status, outcome.state.waiting_for) == ("received", "refund")
    Given(ORDER, outcome.state).when(undone(_1=2, _2=1)).then()
    done = told(outcome.state, refunded(2 * 895 + 500))
    assert (done.returns[RMA].status, done.waiting_for) == ("closed", "")
    assert not any(isinstance(event, ReplacementRequested) for event in outcome.events)


@pytest.mark.parametrize("news", list(permutations((undone(_1=1), undone(_1=2), undone(_1=2, _2=1)))))
def test_of_what_is_said_the_most_counts_and_is_refunded_once(news: tuple[NoteUndone, ...]) -> None:
    order, asked = replaced(), []
    for one in (*news, *news):
        outcome = Given(ORDER, order).when(one)
        asked += [event for event in outcome.events if isinstance(event, RefundRequested)]
        order = outcome.state
    assert sum(event.amount for event in asked) == 2 * 895 + 500
    assert len({event.refund_id for event in asked}) == len(asked)
    for event in asked:
        order = told(order, NoteRefund(event.refund_id, 1, event.amount, False, NOW))
    assert (order.returns[RMA].status, order.returns[RMA].refunded) == ("closed", 2 * 895 + 500)


def test_never_more_is_refunded_than_came_back() -> None:
    outcome = Given(ORDER, replaced()).when(undone(_1=9, _2=9))
    assert only(RefundRequested, outcome.events).amount == 2 * 895 + 500


def test_what_was_refunded_and_not_replaced_is_nothing_to_anybody() -> None:
    order = told(closed(), wish(_1=2), back(_1=2))
    Given(ORDER, order).when(undone(_1=2)).then()
    Given(ORDER, closed()).when(undone(_1=2)).then()


# --- the order that replaces ---


def test_a_replacement_that_is_cancelled_says_that_nothing_of_it_is_sent() -> None:
    freed = (NoteReleasedLine("1", 5, NOW), NoteReleasedLine("2", 5, NOW))
    cancelling = told(replacement(), CancelOrder("not needed", NOW), freed[0])
    assert not cancelling.undone
    outcome = Given(ORDER, cancelling).when(freed[1])
    told_of = only(ReplacementUndone, outcome.events)
    assert (told_of.order_id, told_of.return_id, said(told_of)) == (ORIGINAL, RMA, {"1": 2, "2": 1})


def test_a_replacement_without_stock_is_given_up_and_says_so() -> None:
    waiting = told(given(ORDER).when(place(lines=FREE, replaces=Replaces(ORIGINAL, RMA))).state)
    waiting = told(waiting, NoteReservedLine("1", 1, NOW), NoteWaitingLine("2", 1, 0, NOW))
    given_up = told(waiting, CheckDeadline(NOW + BACKORDER_TIME), NoteReleasedLine("1", 5, NOW))
    outcome = Given(ORDER, given_up).when(NoteReleasedLine("2", 5, NOW))
    assert said(only(ReplacementUndone, outcome.events)) == {"1": 2, "2": 1}


def test_a_replacement_of_which_the_rest_is_cancelled_says_what_is_never_sent() -> None:
    order = told(replacement(), ReleaseOrder(NOW), allocated_line("1", units=2), allocated_line("2", units=1))
    order = told(order, packed(_1=2), labels(), left(), CancelOrder("enough", NOW))
    outcome = Given(ORDER, order).when(NoteReleasedLine("2", 5, NOW))
    assert said(only(ReplacementUndone, outcome.events)) == {"2": 1}


def test_a_faulty_replacement_is_worth_what_the_goods_cost() -> None:
    order = told(delivered(), wish(OTHER, _1=1))
    outcome = Given(ORDER, order).when(back(OTHER, "scrap", _1=1))
    assert said(only(ReplacementUndone, outcome.events)) == {"1": 1}
    assert not any(isinstance(event, RefundRequested) for event in outcome.events)
    Given(ORDER, outcome.state).when(back(OTHER, "scrap", _1=1)).then()
    refused = Given(ORDER, told(delivered(), wish(OTHER, _1=1))).when(back(OTHER, "refused", _1=1))
    assert not any(isinstance(event, ReplacementUndone) for event in refused.events)


def test_a_replacement_of_a_replacement_passes_the_news_on() -> None:
    order = told(delivered(), wish(OTHER, resolution="replace", _2=1), back(OTHER, _2=1))
    assert not order.undone
    outcome = Given(ORDER, order).when(NoteUndone(OTHER, (UnitsOfLine("1", "CUP", 1),), NOW))
    assert said(only(ReplacementUndone, outcome.events)) == {"2": 1}


def test_an_order_of_its_own_says_nothing_when_it_is_cancelled() -> None:
    order = told(given(ORDER).when(place(lines=FREE)).state, CancelOrder("no", NOW), NoteReleasedLine("1", 5, NOW))
    outcome = Given(ORDER, order).when(NoteReleasedLine("2", 5, NOW))
    assert not any(isinstance(event, ReplacementUndone) for event in outcome.events)


def test_a_replacement_that_arrives_says_nothing() -> None:
    order = delivered()
    assert (order.status, dict(order.undone), order.shipments[FIRST].status) == ("closed", {}, "delivered")


# --- as messages bring it ---


def to_be_replaced(counter: Counter) -> tuple[str, str]:
    """An order of which a unit came back, and the order that is to replace it."""
    order_id = counter.delivered(2, shipment_id=ids.derived_id("shipment", unused("s")), ship_to=HOME)
    counter.landscape.publish("orders")
    wanted = {"lines": [{"line_id": "1", "units": 1}], "reason": "broken", "resolution": "replace"}
    return_id = counter.post_to(order_id, "returns", wanted).body["return_id"]
    came = [{"line_id": "1", "sku": "X", "units": 1, "disposition": "scrap"}]
    counter.tell(answer("receiving.ReturnReceived", order_id, return_id=return_id, lines=came))
    deliver(counter, "ReplacementRequested")
    return order_id, str(counter.details(order_id)["returns"][0]["replacement_id"])


def deliver(counter: Counter, kind: str) -> CloudEvent:
    """Hand on the one event of a kind that the outbox has now."""
    [event] = [one for one in counter.landscape.publish("orders") if one.type == f"orders.{kind}"]
    assert counter.landscape.deliver(REPLACEMENTS, event) == []
    return event


def test_a_replacement_that_is_called_off_gives_the_customer_the_money(counter: Counter) -> None:
    order_id, replacement_id = to_be_replaced(counter)
    assert counter.details(replacement_id)["replaces"]["order_id"] == order_id
    assert counter.cancel(replacement_id).status == 202
    counter.tell(answer("inventory.ReservationReleased", replacement_id, 3, line_id="1"))
    deliver(counter, "ReplacementUndone")
    [one] = counter.details(order_id)["returns"]
    assert (one["status"], one["due"], counter.order(order_id).waiting_for) == ("received", 995, "refund")
    counter.tell(answer("payments.PaymentRefunded", order_id, refund_id=one["return_id"], amount=995))
    assert counter.details(order_id)["payment"]["refunded"] == 995


def test_wherever_a_worker_dies_a_replacement_that_failed_is_refunded_once(counter: Counter) -> None:
    for moment in range(8):
        order_id, replacement_id = to_be_replaced(counter)
        counter.cancel(replacement_id)
        counter.tell(answer("inventory.ReservationReleased", replacement_id, 3, line_id="1"))
        [undone] = [one for one in counter.landscape.publish("orders") if one.type == "orders.ReplacementUndone"]
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            counter.landscape.deliver(REPLACEMENTS, undone, undone)
        assert counter.landscape.deliver(REPLACEMENTS, undone) == []
        assert counter.happened(order_id).count("RefundRequested") == 1
        if moment >= len(passed):
            break
    assert moment >= 1
