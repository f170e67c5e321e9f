"""The order's saga: payment, reservation, backorder, cancellation, deadlines."""

from datetime import UTC, datetime, timedelta

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from orders.aggregates import ORDER
from orders.contracts import (
    CancellationStarted,
    FulfilmentStalled,
    OrderBackordered,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderReserved,
    PaymentAuthorizationRequested,
    PaymentVoidRequested,
    ReleasedLine,
    RequestedLine,
    ReservationReleaseRequested,
    ReservationRequested,
)
from orders.domain import states
from orders.domain.commands import (
    CancelOrder,
    CheckDeadline,
    Command,
    NoteAbandonedPayment,
    NoteAuthorization,
    NoteDecline,
    NoteDelayedPayment,
    NoteReleasedLine,
    NoteReservedLine,
    NoteVoid,
    NoteWaitingLine,
    PlaceOrder,
    ReleaseOrder,
)
from orders.domain.facts import (
    DeadlinePassed,
    LineDelayed,
    LineFreed,
    LinePromised,
    PaymentFreed,
    PaymentParked,
    PaymentRefused,
    PaymentSecured,
)
from orders.domain.order import Order
from shared.clock import iso
from shared.events import Event
from shared.money import Money
from tests.support.scenarios import Given, given
from tests.unit.orders.journey import stalled, told

ID = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LINES = (OrderLine("1", "MUG", 2, 895), OrderLine("2", "CUP", 1, 500))
ASKED = (RequestedLine("1", "MUG", 2), RequestedLine("2", "CUP", 1))


def after(time: timedelta) -> str:
    return iso(NOW + time)


PLACED = OrderPlaced(
    order_id=ID, channel="webshop", warehouse="MAIN", total=Money(2290, "EUR"), placed_at=iso(NOW), lines=LINES
)
AUTHORIZING = PaymentAuthorizationRequested(
    order_id=ID, amount=2290, currency="EUR", method="tok_accepted", deadline=after(states.AUTHORIZATION_TIME)
)
SECURED = PaymentSecured(authorization="auth_1")
RESERVING = ReservationRequested(
    order_id=ID,
    warehouse="MAIN",
    promised_at=iso(NOW),
    lines=ASKED,
    deadline=after(states.RESERVATION_TIME),
)
RESERVED = OrderReserved(order_id=ID, deadline=after(states.RELEASE_TIME))
STARTED = CancellationStarted(order_id=ID, reason="changed my mind", deadline=after(states.CANCELLATION_TIME))
VOIDING = PaymentVoidRequested(order_id=ID, reason="changed my mind")
CANCELLED = OrderCancelled(order_id=ID, reason="changed my mind")

paid = given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING)


def promised(line: str, answer: int) -> LinePromised:
    return LinePromised(line_id=line, answer=answer)


def delayed(line: str, answer: int, available: int = 0) -> LineDelayed:
    return LineDelayed(line_id=line, answer=answer, available=available)


def backordered(*lines: RequestedLine) -> OrderBackordered:
    return OrderBackordered(order_id=ID, lines=lines, deadline=after(states.BACKORDER_TIME))


def releasing(*lines: str) -> ReservationReleaseRequested:
    skus = {"1": "MUG", "2": "CUP"}
    return ReservationReleaseRequested(
        order_id=ID, warehouse="MAIN", lines=tuple(ReleasedLine(line, skus[line]) for line in lines)
    )


def place(lines: tuple[OrderLine, ...] = LINES) -> PlaceOrder:
    return PlaceOrder(ID, "webshop", None, None, "MAIN", "EUR", "tok_accepted", iso(NOW), lines, NOW)


def test_a_placed_order_asks_for_its_money_first() -> None:
    given(ORDER).when(place()).then(PLACED, AUTHORIZING)


def test_an_order_that_costs_nothing_asks_for_its_stock_at_once() -> None:
    free = (OrderLine("1", "MUG", 2, 0),)
    outcome = given(ORDER).when(place(free))
    assert (outcome.state.status, outcome.state.payment) == ("reserving", "none")
    assert [type(event) for event in outcome.events] == [OrderPlaced, ReservationRequested]


def test_an_authorized_order_asks_for_its_stock() -> None:
    given(ORDER, PLACED, AUTHORIZING).when(NoteAuthorization("auth_1", NOW)).then(SECURED, RESERVING)


def test_a_declined_payment_ends_the_order_before_it_touches_stock() -> None:
    given(ORDER, PLACED, AUTHORIZING).when(NoteDecline("insufficient_funds", NOW)).then(
        PaymentRefused(reason="insufficient_funds"),
        OrderCancelled(order_id=ID, reason="payment-declined: insufficient_funds"),
    )


def test_an_order_is_reserved_when_its_last_line_is() -> None:
    paid.when(NoteReservedLine("1", 7, NOW)).then(promised("1", 7))
    given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7)).when(
        NoteReservedLine("2", 3, NOW)
    ).then(promised("2", 3), RESERVED)


def test_an_order_with_a_short_line_is_backordered_once_every_line_has_an_answer() -> None:
    paid.when(NoteWaitingLine("1", 7, 1, NOW)).then(delayed("1", 7, 1))
    given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, delayed("1", 7, 1)).when(
        NoteReservedLine("2", 3, NOW)
    ).then(promised("2", 3), backordered(ASKED[0]))


def test_a_backordered_order_is_reserved_when_its_stock_arrives() -> None:
    given(
        ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, promised("2", 3), delayed("1", 7), backordered(ASKED[0])
    ).when(NoteReservedLine("1", 9, NOW)).then(promised("1", 9), RESERVED)


def test_a_reserved_order_whose_promise_is_broken_goes_to_backorder() -> None:
    given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7), promised("2", 3), RESERVED).when(
        NoteWaitingLine("2", 4, 0, NOW)
    ).then(delayed("2", 4), backordered(ASKED[1]))


def test_an_older_answer_that_arrives_late_is_passed_over() -> None:
    before = (PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 9), promised("2", 3), RESERVED)
    given(ORDER, *before).when(NoteWaitingLine("1", 5, 0, NOW)).then()


def test_an_answer_that_comes_twice_changes_nothing() -> None:
    given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7)).when(
        NoteReservedLine("1", 7, NOW)
    ).then()
    paid.when(NoteAuthorization("auth_1", NOW)).then()


def test_cancelling_a_reserved_order_releases_its_stock_and_voids_its_payment() -> None:
    before = (PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7), promised("2", 3), RESERVED)
    given(ORDER, *before).when(CancelOrder("changed my mind", NOW)).then(STARTED, VOIDING, releasing("1", "2"))


def test_cancelling_before_the_payment_has_answered_voids_whatever_comes_of_it() -> None:
    given(ORDER, PLACED, AUTHORIZING).when(CancelOrder("changed my mind", NOW)).then(STARTED, VOIDING)
    given(ORDER, PLACED, AUTHORIZING, STARTED, VOIDING).when(NoteAuthorization("auth_1", NOW)).then()
    given(ORDER, PLACED, AUTHORIZING, STARTED, VOIDING).when(NoteVoid(NOW)).then(PaymentFreed(), CANCELLED)


def test_a_cancellation_ends_when_money_and_stock_are_free_in_whatever_order() -> None:
    before = (PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7), delayed("2", 3))
    cancelling = (*before, STARTED, VOIDING, releasing("1", "2"))
    freed = [LineFreed(line_id="1", answer=8), LineFreed(line_id="2", answer=4)]
    given(ORDER, *cancelling).when(NoteVoid(NOW)).then(PaymentFreed())
    given(ORDER, *cancelling, PaymentFreed(), freed[0]).when(NoteReleasedLine("2", 4, NOW)).then(
        freed[1], CANCELLED
    )
    given(ORDER, *cancelling, *freed).when(NoteVoid(NOW)).then(PaymentFreed(), CANCELLED)


def test_cancelling_twice_changes_nothing() -> None:
    given(ORDER, PLACED, AUTHORIZING, STARTED, VOIDING).when(CancelOrder("again", NOW)).then()
    given(ORDER, PLACED, AUTHORIZING, STARTED, VOIDING, PaymentFreed(), CANCELLED).when(
        CancelOrder("again", NOW)
    ).then()


def test_a_line_reserved_after_its_release_is_released_again() -> None:
    cancelling = (PLACED, AUTHORIZING, SECURED, RESERVING, STARTED, VOIDING, releasing("1", "2"), PaymentFreed())
    over = (*cancelling, LineFreed(line_id="1", answer=8), LineFreed(line_id="2", answer=4), CANCELLED)
    given(ORDER, *over).when(NoteReservedLine("1", 12, NOW)).then(releasing("1"))
    given(ORDER, *over).when(NoteReservedLine("1", 7, NOW)).then()


def test_a_payment_that_nobody_can_tell_of_cancels_the_order_and_voids() -> None:
    reason = "payment-unavailable: provider_timeout"
    given(ORDER, PLACED, AUTHORIZING).when(NoteAbandonedPayment("provider_timeout", NOW)).then(
        CancellationStarted(order_id=ID, reason=reason, deadline=after(states.CANCELLATION_TIME)),
        PaymentVoidRequested(order_id=ID, reason=reason),
    )


def test_an_order_nobody_has_placed_is_not_found() -> None:
    given(ORDER).when(CancelOrder("why not", NOW)).then_rejected("unknown-order")


def test_nothing_happens_before_a_deadline() -> None:
    soon = NOW + states.AUTHORIZATION_TIME - timedelta(milliseconds=1)
    given(ORDER, PLACED, AUTHORIZING).when(CheckDeadline(soon)).then()


def test_an_overdue_authorization_is_asked_for_again_and_in_the_end_the_order_is_parked() -> None:
    late = NOW + states.AUTHORIZATION_TIME
    again = given(ORDER, PLACED, AUTHORIZING).when(CheckDeadline(late))
    assert [type(event) for event in again.events] == [DeadlinePassed, PaymentAuthorizationRequested]
    assert again.state.attempt == 2
    last = PaymentAuthorizationRequested(
        order_id=ID, amount=2290, currency="EUR", method="tok_accepted", deadline=after(timedelta()), attempt=3
    )
    parked = given(ORDER, PLACED, last).when(CheckDeadline(late))
    deadline = after(states.AUTHORIZATION_TIME + states.PAYMENT_TIME)
    calling = FulfilmentStalled(
        order_id=ID, waiting_for="payment authorization", deadline=deadline, since=iso(late)
    )
    assert (parked.then(calling).status, parked.state.deadline) == ("placed", deadline)
    answered = Given(ORDER, parked.state).when(NoteAuthorization("auth_1", late)).state
    assert (answered.status, answered.stalled) == ("reserving", None)
    Given(ORDER, parked.state).when(CheckDeadline(late)).then()
    given_up = Given(ORDER, parked.state).when(CheckDeadline(late + states.PAYMENT_TIME))
    assert [type(event) for event in given_up.events] == [CancellationStarted, PaymentVoidRequested]
    assert given_up.state.reason == "payment-timeout"


def test_an_order_whose_provider_is_silent_says_so_until_there_is_an_answer() -> None:
    parked = given(ORDER, PLACED, AUTHORIZING).when(NoteDelayedPayment(NOW))
    assert parked.then(PaymentParked()).waiting_for == states.WAIT_PROVIDER
    assert parked.state.deadline == AUTHORIZING.deadline, "its own deadline goes on"
    given(ORDER, PLACED, AUTHORIZING, PaymentParked()).when(NoteDelayedPayment(NOW)).then()
    answered = Given(ORDER, parked.state).when(NoteAuthorization("auth_1", NOW)).state
    assert (answered.status, answered.waiting_for) == ("reserving", "")
    refused = Given(ORDER, parked.state).when(NoteDecline("card_declined", NOW)).state
    assert (refused.status, refused.reason) == ("cancelled", "payment-declined: card_declined")
    paid.when(NoteDelayedPayment(NOW)).then()


def test_an_overdue_reservation_is_asked_for_again_for_the_lines_without_an_answer() -> None:
    late = NOW + states.RESERVATION_TIME
    again = given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7)).when(CheckDeadline(late))
    asked = again.events[1]
    assert isinstance(asked, ReservationRequested)
    assert (asked.lines, asked.attempt, asked.promised_at) == ((ASKED[1],), 2, iso(NOW))


def test_a_backorder_that_nobody_could_serve_in_its_time_is_cancelled() -> None:
    before = (PLACED, AUTHORIZING, SECURED, RESERVING, promised("2", 3), delayed("1", 7), backordered(ASKED[0]))
    outcome = given(ORDER, *before).when(CheckDeadline(NOW + states.BACKORDER_TIME))
    assert [type(event) for event in outcome.events] == [
        CancellationStarted,
        PaymentVoidRequested,
        ReservationReleaseRequested,
    ]


def test_an_overdue_cancellation_asks_again_and_in_the_end_calls_for_a_person() -> None:
    state = given(ORDER, PLACED, AUTHORIZING, SECURED, RESERVING, STARTED, VOIDING, releasing("1", "2")).state
    at, kinds = NOW, []
    for _ in range(states.ATTEMPTS):
        at += states.CANCELLATION_TIME
        events = ORDER.decide(CheckDeadline(at), state)
        kinds.append([type(event) for event in events])
        for event in events:
            state = ORDER.evolve(state, event)
    again = [DeadlinePassed, CancellationStarted, PaymentVoidRequested, ReservationReleaseRequested]
    assert kinds == [again, again, [FulfilmentStalled]]
    assert state.deadline == iso(at + states.STALLED_TIME)


def test_a_reserved_order_that_nobody_releases_calls_for_a_person_and_keeps_its_stock() -> None:
    before = (PLACED, AUTHORIZING, SECURED, RESERVING, promised("1", 7), promised("2", 3), RESERVED)
    late = NOW + states.RELEASE_TIME
    state = given(ORDER, *before).when(CheckDeadline(late)).then(stalled("release to picking", late))
    assert (state.status, told(state, ReleaseOrder(late)).stalled) == ("reserved", None)


lines = st.sampled_from(["1", "2"])
answers = st.integers(1, 40)
moments = st.integers(0, 60 * 24 * 40).map(lambda minutes: NOW + timedelta(minutes=minutes))
commands = st.one_of(
    st.builds(NoteAuthorization, st.just("auth_1"), st.just(NOW)),
    st.builds(NoteDecline, st.just("declined"), st.just(NOW)),
    st.builds(NoteDelayedPayment, st.just(NOW)),
    st.builds(NoteAbandonedPayment, st.just("timeout"), st.just(NOW)),
    st.builds(NoteVoid, st.just(NOW)),
    st.builds(NoteReservedLine, lines, answers, st.just(NOW)),
    st.builds(NoteWaitingLine, lines, answers, st.just(0), st.just(NOW)),
    st.builds(NoteReleasedLine, lines, answers, st.just(NOW)),
    st.builds(CancelOrder, st.just("why not"), st.just(NOW)),
    st.builds(CheckDeadline, moments),
)


@settings(max_examples=300, deadline=None)
@for_all(st.lists(commands, max_size=40))
def test_whatever_is_told_in_whatever_order_the_order_stays_consistent(history: list[Command]) -> None:
    state: Order = given(ORDER, PLACED, AUTHORIZING).state
    published: list[Event] = []
    for command in history:
        for event in ORDER.decide(command, state):
            state = ORDER.evolve(state, event)
            published.append(event)
        statuses = {line.status for line in state.lines.values()}
        if state.status == "reserved":
            assert statuses == {"reserved"}
            assert state.payment == "authorized"
        if state.status == "backordered":
            assert "backordered" in statuses
            assert "pending" not in statuses
        if state.status == "cancelled":
            assert statuses == {"released"}
            assert state.payment in ("declined", "voided", "none")
    kinds = [type(event) for event in published]
    assert kinds.count(PaymentSecured) <= 1
    assert kinds.count(OrderCancelled) <= 1
    if OrderCancelled in kinds:
        rest = set(kinds[kinds.index(OrderCancelled) + 1 :])
        assert rest <= {ReservationReleaseRequested}
