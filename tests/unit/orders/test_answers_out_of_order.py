"""Whatever inventory answers and in whatever order it arrives: an order ends where inventory's books have it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from orders.aggregates import ORDER
from orders.contracts import OrderCancelled, OrderLine, OrderReserved, ReservationReleaseRequested
from orders.domain.commands import (
    CancelOrder,
    NoteAuthorization,
    NoteReleasedLine,
    NoteReservedLine,
    NoteVoid,
    NoteWaitingLine,
    PlaceOrder,
)
from orders.domain.facts import LineDelayed, LinePromised
from orders.domain.order import Order
from shared.clock import iso
from tests.support.scenarios import Given, given

ID = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LINES = (OrderLine("1", "MUG", 2, 895), OrderLine("2", "CUP", 1, 500))

Data = st.DataObject
Answer = NoteReservedLine | NoteWaitingLine | NoteReleasedLine


def reserving() -> Given[Order]:
    """An order that is paid for and waits for inventory's answers."""
    place = PlaceOrder(ID, "webshop", None, None, "MAIN", "EUR", "tok_accepted", iso(NOW), LINES, NOW)
    return after(given(ORDER).when(place).state, NoteAuthorization("auth_1", NOW))


def after(order: Order, *commands: Answer | NoteAuthorization | CancelOrder | NoteVoid) -> Given[Order]:
    for command in commands:
        order = Given(ORDER, order).when(command).state
    return Given(ORDER, order)


def reserved(line: str, answer: int) -> NoteReservedLine:
    return NoteReservedLine(line, answer, NOW)


def waiting(line: str, answer: int) -> NoteWaitingLine:
    return NoteWaitingLine(line, answer, 0, NOW)


def test_a_line_broken_for_the_second_time_is_not_reserved_by_the_answer_in_between() -> None:
    order = after(reserving().state, reserved("2", 1), waiting("1", 5)).state
    order = Given(ORDER, order).when(waiting("1", 9)).then(LineDelayed(line_id="1", answer=9))
    Given(ORDER, order).when(reserved("1", 7)).then()


def test_a_line_reserved_for_the_second_time_is_not_delayed_by_the_answer_in_between() -> None:
    order = after(reserving().state, reserved("2", 1), reserved("1", 5)).state
    order = Given(ORDER, order).when(reserved("1", 9)).then(LinePromised(line_id="1", answer=9))
    Given(ORDER, order).when(waiting("1", 7)).then()


def test_an_order_is_told_to_be_reserved_once_however_often_its_lines_are() -> None:
    outcome = after(reserving().state, reserved("2", 1), reserved("1", 5)).when(reserved("1", 9))
    assert OrderReserved not in {type(event) for event in outcome.events}


def test_a_release_that_is_older_than_the_claim_does_not_end_a_cancellation() -> None:
    cancelling = after(
        reserving().state, CancelOrder("why not", NOW), NoteVoid(NOW), NoteReleasedLine("2", 3, NOW)
    )
    claimed_anew = after(cancelling.state, reserved("1", 12))
    claimed_anew.when(NoteReleasedLine("1", 8, NOW)).then()
    ended = claimed_anew.when(NoteReleasedLine("1", 14, NOW))
    assert OrderCancelled in {type(event) for event in ended.events}


@pytest.mark.parametrize("claim", [reserved("1", 9), waiting("1", 9)], ids=["reserved", "waiting"])
def test_a_line_that_claims_stock_after_its_order_is_over_is_released_again(claim: Answer) -> None:
    freed = (NoteVoid(NOW), NoteReleasedLine("2", 3, NOW), NoteReleasedLine("1", 4, NOW))
    cancelled = after(reserving().state, CancelOrder("why not", NOW), *freed)
    [released] = cancelled.when(claim).events
    assert isinstance(released, ReservationReleaseRequested)
    assert [line.line_id for line in released.lines] == ["1"]


truths = st.lists(st.booleans(), min_size=1, max_size=5)


def answers(line: str, truth: list[bool]) -> list[Answer]:
    """What inventory says of a line, one answer after the other (some of them repeat the one before)."""
    return [reserved(line, n) if held else waiting(line, n) for n, held in enumerate(truth, start=1)]


@settings(max_examples=300, deadline=None)
@for_all(truths, truths, st.data())
def test_the_highest_answer_of_each_line_counts(first: list[bool], second: list[bool], data: Data) -> None:
    everything = answers("1", first) + answers("2", second)
    doubled = everything + data.draw(st.lists(st.sampled_from(everything), max_size=4))
    order = after(reserving().state, *data.draw(st.permutations(doubled))).state
    lines = {line.line_id: line.status == "reserved" for line in order.lines.values()}
    assert lines == {"1": first[-1], "2": second[-1]}
    assert order.status == ("reserved" if first[-1] and second[-1] else "backordered")


@pytest.mark.parametrize("answer", [reserved("1", 5), waiting("1", 5)], ids=["reserved", "waiting"])
def test_an_answer_delivered_again_changes_nothing(answer: Answer) -> None:
    after(reserving().state, answer).when(answer).then()
