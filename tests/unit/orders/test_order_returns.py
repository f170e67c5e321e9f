"""Returns: never more than was delivered, never more money than was taken, and other goods instead of money."""

from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import FulfilmentStalled, OrderLine, RefundRequested, ReplacementRequested, ReturnAuthorized
from orders.domain.commands import (
    AuthorizeReturn,
    CheckDeadline,
    NoteDeclinedCapture,
    NoteRefund,
    NoteReturn,
    RetryCaptures,
    RetryRefunds,
    ReturnWish,
)
from orders.domain.facts import CameBack
from orders.domain.order import Order
from orders.domain.states import ATTEMPTS, DEBT_TIME, REFUND_TIME, RETURN_TIME
from shared.events import Event
from tests.support.scenarios import Given
from tests.unit.orders.journey import (
    FIRST,
    HOME,
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


def wish(return_id: str = RMA, resolution: str = "refund", **units: int) -> AuthorizeReturn:
    lines = tuple(ReturnWish(name.removeprefix("_"), count) for name, count in units.items())
    return AuthorizeReturn(return_id, lines, "broken", resolution, NOW)  # type: ignore[arg-type]


def back(return_id: str = RMA, disposition: str = "restock", **units: int) -> NoteReturn:
    lines = ((name.removeprefix("_"), count) for name, count in units.items())
    return NoteReturn(return_id, tuple(CameBack(line, SKUS[line], n, disposition) for line, n in lines), NOW)


def refunded(
    amount: int, return_id: str = RMA, number: int = 1, declined: bool = False, answer: int = 0
) -> NoteRefund:
    return NoteRefund(return_id, number, amount, declined, NOW, answer)


def test_a_return_is_authorized_received_and_refunded() -> None:
    outcome = Given(ORDER, closed()).when(wish(_1=2))
    allowed = only(ReturnAuthorized, outcome.events)
    assert [(line.line_id, line.sku, line.units) for line in allowed.lines] == [("1", "MUG", 2)]
    received = Given(ORDER, outcome.state).when(back(_1=2))
    asked = only(RefundRequested, received.events)
    assert (asked.refund_id, asked.amount) == (RMA, 2 * 895)
    order = told(received.state, refunded(1000), refunded(790, number=2))
    assert (order.returns[RMA].status, order.returns[RMA].refunded) == ("closed", 1790)
    assert (order.status, order.deadline) == ("closed", "")


@pytest.mark.parametrize("disposition", ["restock", "quarantine", "scrap"])
def test_what_came_back_is_refunded_whatever_becomes_of_it(disposition: str) -> None:
    outcome = Given(ORDER, told(closed(), wish(_2=1))).when(back(disposition=disposition, _2=1))
    assert only(RefundRequested, outcome.events).amount == 500


def test_what_was_refused_is_not_refunded_and_ends_the_return() -> None:
    outcome = Given(ORDER, told(closed(), wish(_2=1))).when(back(disposition="refused", _2=1))
    assert not any(isinstance(event, RefundRequested) for event in outcome.events)
    assert outcome.state.returns[RMA].status == "closed"


def test_more_than_has_left_does_not_come_back() -> None:
    Given(ORDER, told(collected(), packed(), labels())).when(wish(_1=1)).then_rejected("more-than-sent")
    refused = Given(ORDER, told(closed(), wish(_1=3))).when(wish(OTHER, _1=3)).then_rejected("more-than-sent")
    assert (refused.field, refused.value) == ("lines[0].units", 3)
    assert "2 units" in refused.remedy
    twice = AuthorizeReturn(RMA, (ReturnWish("2", 2), ReturnWish("2", 1)), "broken", "refund", NOW)
    assert Given(ORDER, closed()).when(twice).then_rejected("more-than-sent").field == "lines[1].units"
    unknown = AuthorizeReturn(RMA, (ReturnWish("7", 1),), "broken", "refund", NOW)
    Given(ORDER, closed()).when(unknown).then_rejected("unknown-line")


def test_what_is_returned_but_did_not_come_back_may_be_returned_again() -> None:
    order = told(closed(), wish(_1=3), back(_1=1))
    assert only(ReturnAuthorized, Given(ORDER, order).when(wish(OTHER, _1=4)).events).return_id == OTHER


def test_more_than_was_authorized_is_not_refunded() -> None:
    outcome = Given(ORDER, told(closed(), wish(_1=1))).when(back(_1=4, _2=2))
    assert only(RefundRequested, outcome.events).amount == 895


def test_goods_that_came_back_count_once() -> None:
    order = told(closed(), wish(_1=1), back(_1=1))
    Given(ORDER, order).when(back(_1=1)).then()
    Given(ORDER, closed()).when(back(_1=1)).then()


def test_a_refund_waits_while_the_goods_are_still_to_be_paid() -> None:
    owed = told(dispatched(), arrived(), NoteDeclinedCapture(FIRST, "card_declined", NOW), wish(_1=1), back(_1=1))
    assert owed.returns[RMA].asked == 0
    outcome = Given(ORDER, told(owed, RetryCaptures(NOW))).when(paid(f"{FIRST}:2"))
    assert only(RefundRequested, outcome.events).amount == 895


def test_a_refund_that_is_declined_is_owed_until_it_is_asked_again_and_goes_back() -> None:
    order = told(closed(), wish(_1=1), back(_1=1), refunded(895, declined=True))
    one = order.returns[RMA]
    assert (one.status, one.refunded, one.declined) == ("received", 0, 895)
    assert (order.status, order.waiting_for) == ("closed", "a refund that was declined")
    outcome = Given(ORDER, order).when(RetryRefunds(NOW))
    asked = only(RefundRequested, outcome.events)
    assert (asked.refund_id, asked.amount) == (f"{RMA}:2", 895)
    assert outcome.state.waiting_for == "refund"
    Given(ORDER, outcome.state).when(RetryRefunds(NOW)).then_rejected("nothing-due")
    done = told(outcome.state, refunded(895, f"{RMA}:2"))
    assert (done.returns[RMA].status, done.returns[RMA].refunded, done.waiting_for) == ("closed", 895, "")


def test_of_a_refund_in_parts_only_what_was_declined_is_asked_again() -> None:
    parts = (refunded(600, declined=True), refunded(295, number=2))
    outcome = Given(ORDER, told(closed(), wish(_1=1), back(_1=1), *parts)).when(RetryRefunds(NOW))
    assert only(RefundRequested, outcome.events).amount == 600
    again = Given(ORDER, told(outcome.state, refunded(600, f"{RMA}:2", declined=True))).when(RetryRefunds(NOW))
    assert (only(RefundRequested, again.events).refund_id, again.state.returns[RMA].asked) == (f"{RMA}:3", 895)


@pytest.mark.parametrize("first", ["went back", "came again"])
def test_money_that_came_again_is_owed_whichever_news_comes_first(first: str) -> None:
    before = told(closed(), wish(_1=1), back(_1=1))
    news = (refunded(895, answer=5), refunded(895, declined=True, answer=9))
    order = told(before, *(news if first == "went back" else news[::-1]), *news)
    one = order.returns[RMA]
    assert (one.status, one.refunded, one.declined) == ("received", 0, 895)
    asked = only(RefundRequested, Given(ORDER, order).when(RetryRefunds(NOW)).events)
    assert (asked.refund_id, asked.amount) == (f"{RMA}:2", 895)


def test_a_person_is_called_for_a_refund_that_nobody_asks_again() -> None:
    order = told(closed(), wish(_1=1), back(_1=1), refunded(895, declined=True))
    outcome = Given(ORDER, order).when(CheckDeadline(NOW + DEBT_TIME))
    assert only(FulfilmentStalled, outcome.events).waiting_for == "a refund that was declined"


def test_other_goods_are_sent_instead_of_money() -> None:
    outcome = Given(ORDER, told(closed(), wish(resolution="replace", _1=2, _2=1))).when(back(_1=2, _2=1))
    asked = only(ReplacementRequested, outcome.events)
    assert asked.lines == (OrderLine("1", "MUG", 2, 0), OrderLine("2", "CUP", 1, 0))
    assert asked.ship_to == HOME
    assert not any(isinstance(event, RefundRequested) for event in outcome.events)
    assert outcome.state.returns[RMA].replacement_id == asked.replacement_id
    refused = Given(ORDER, told(closed(), wish(resolution="replace", _1=1))).when(
        back(disposition="refused", _1=1)
    )
    assert not any(isinstance(event, ReplacementRequested) for event in refused.events)


def test_a_refund_that_is_not_answered_is_asked_again_and_then_a_person_is_called() -> None:
    order, at, kinds = told(closed(), wish(_1=1), back(_1=1)), NOW, []
    for _ in range(ATTEMPTS):
        at += REFUND_TIME
        outcome = Given(ORDER, order).when(CheckDeadline(at))
        kinds.append(type(outcome.events[-1]))
        order = outcome.state
    assert kinds == [RefundRequested, RefundRequested, FulfilmentStalled]


def test_goods_that_never_come_back_call_for_a_person() -> None:
    outcome = Given(ORDER, told(closed(), wish(_1=1))).when(CheckDeadline(NOW + RETURN_TIME))
    assert only(FulfilmentStalled, outcome.events).waiting_for == "returned goods"


wishes = st.lists(
    st.builds(
        lambda name, one, two: (name, one, two), st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 2)
    ),
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@for_all(st.integers(0, 2**32).map(Random), wishes)
def test_nobody_gets_more_back_than_was_paid_nor_returns_more_than_was_delivered(
    chance: Random, wanted: list[tuple[str, int, int]]
) -> None:
    order: Order = told(collected(), packed(_1=3), packed(SECOND, _1=2, _2=2))
    under_way: list[Struct] = [labels(), labels(SECOND), left(), left(SECOND), arrived(), arrived(SECOND)]
    asked: dict[str, int] = {}
    events: list[Event] = []
    while under_way or wanted:
        if wanted and (not under_way or chance.random() < 0.3):
            name, ones, twos = wanted.pop()
            lines = tuple(ReturnWish(line, n) for line, n in (("1", ones), ("2", twos)) if n)
            number = f"00000000-0000-8000-8000-00000000000{name}"
            command: Struct = AuthorizeReturn(number, lines, "broken", "refund", NOW)
            if number in order.returns or not lines:
                continue
        else:
            command = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < 0.15:
                under_way.append(command)
        outcome = Given(ORDER, order).when(command)
        order = outcome.state
        events += outcome.events
        for event in outcome.events:
            if isinstance(event, ReturnAuthorized):
                came = tuple(CameBack(one.line_id, one.sku, one.units, "restock") for one in event.lines)
                under_way.append(NoteReturn(event.return_id, came, NOW))
            if isinstance(event, RefundRequested):
                asked[event.refund_id] = asked.get(event.refund_id, 0) + event.amount
                under_way.append(refunded(event.amount, event.refund_id))
        captures = [event for event in outcome.events if type(event).__name__ == "CaptureRequested"]
        under_way += [paid(event.capture_id, event.amount) for event in captures]  # type: ignore[attr-defined]
    assert order.captured == VALUE
    assert sum(asked.values()) == sum(one.refunded for one in order.returns.values()) <= VALUE
    for line in order.lines.values():
        assert sum(one.units(line.line_id) for one in order.returns.values()) <= line.shipped
    assert all(one.status == "closed" for one in order.returns.values())
    returned = sum(
        order.lines[line.line_id].unit_price * line.units
        for one in order.returns.values()
        for line in one.received
    )
    assert sum(asked.values()) == returned
    assert order.status == "closed"
