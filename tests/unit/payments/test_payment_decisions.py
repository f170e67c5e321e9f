"""What a payment decides, whatever comes first, twice, or too late."""

import pytest

from payments.contracts import (
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentDeclined,
    PaymentDelayed,
    PaymentVoided,
)
from payments.domain import (
    MAX_ATTEMPTS,
    PATIENCE,
    PAYMENTS,
    AuthorizationAsked,
    AuthorizationCameLate,
    AuthorizationDue,
    AuthorizationTimedOut,
    Authorize,
    Capture,
    CaptureAsked,
    Park,
    RecordAuthorization,
    RecordAuthorizationTimeout,
    RecordDecline,
    RecordVoid,
    RecordVoidTimeout,
    Void,
    VoidAsked,
    VoidDue,
    VoidTimedOut,
    due,
)
from shared.events import Event
from shared.money import Money
from tests.support.scenarios import given

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
AMOUNT = Money(4990, "EUR")
AUTHORIZE = Authorize(ORDER, AMOUNT, "tok_accepted")
VOID = Void(ORDER, "order cancelled")

asked = AuthorizationAsked(order_id=ORDER, amount=4990, currency="EUR", method="tok_accepted")
authorized = PaymentAuthorized(order_id=ORDER, amount=4990, currency="EUR", authorization="auth_1")
declined = PaymentDeclined(order_id=ORDER, reason="card_declined")
delayed = PaymentDelayed(order_id=ORDER, attempts=PATIENCE, reason="provider_timeout")
abandoned = PaymentAbandoned(order_id=ORDER, reason="provider_timeout")
came_late = AuthorizationCameLate(order_id=ORDER, authorization="auth_1")
void_asked = VoidAsked(order_id=ORDER, reason="order cancelled")
voided = PaymentVoided(order_id=ORDER)


def timed_out(attempt: int) -> AuthorizationTimedOut:
    return AuthorizationTimedOut(order_id=ORDER, attempt=attempt)


LIVES: dict[str, tuple[Event, ...]] = {
    "requested": (asked,),
    "timed out": (asked, timed_out(1)),
    "authorized": (asked, authorized),
    "declined": (asked, declined),
    "abandoned": (asked, timed_out(1), abandoned),
    "abandoned, then authorized": (asked, timed_out(1), abandoned, came_late),
    "voiding": (asked, authorized, void_asked),
    "voided": (asked, authorized, void_asked, voided),
}


def test_a_first_request_is_recorded_before_the_provider_is_asked() -> None:
    payment = given(PAYMENTS).when(AUTHORIZE).then(asked)
    assert due(payment) == AuthorizationDue(ORDER, AMOUNT, "tok_accepted", attempt=1)


@pytest.mark.parametrize("life", LIVES)
def test_a_repeated_request_says_nothing_new(life: str) -> None:
    given(PAYMENTS, *LIVES[life]).when(AUTHORIZE).then()


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (Authorize(ORDER, Money(4991, "EUR"), "tok_accepted"), "amount"),
        (Authorize(ORDER, Money(4990, "USD"), "tok_accepted"), "amount"),
        (Authorize(ORDER, AMOUNT, "tok_declined"), "method"),
    ],
)
def test_a_second_request_with_other_terms_is_refused(other: Authorize, field: str) -> None:
    rejection = given(PAYMENTS, asked).when(other).then_rejected("payment-differs")
    assert rejection.field == field


def test_an_authorization_is_published_with_what_is_held() -> None:
    payment = given(PAYMENTS, asked).when(RecordAuthorization("auth_1")).then(authorized)
    assert (due(payment), payment.attempts) == (None, 1)


def test_the_same_answer_twice_is_published_once() -> None:
    given(PAYMENTS, asked, authorized).when(RecordAuthorization("auth_1")).then()
    given(PAYMENTS, asked, declined).when(RecordDecline("card_declined")).then()
    given(PAYMENTS, asked, void_asked, voided).when(RecordVoid()).then()


def test_a_decline_ends_the_payment_and_needs_no_void_at_the_provider() -> None:
    payment = given(PAYMENTS, asked).when(RecordDecline("card_declined")).then(declined)
    assert due(payment) is None
    payment = given(PAYMENTS, asked, declined).when(VOID).then(void_asked, voided)
    assert due(payment) is None


def test_a_timeout_is_counted_and_the_provider_is_to_be_asked_again() -> None:
    payment = given(PAYMENTS, asked).when(RecordAuthorizationTimeout(1)).then(timed_out(1))
    assert due(payment) == AuthorizationDue(ORDER, AMOUNT, "tok_accepted", attempt=2)


def test_two_workers_who_lost_the_same_answer_count_one_attempt() -> None:
    given(PAYMENTS, asked, timed_out(1)).when(RecordAuthorizationTimeout(1)).then()


def test_a_provider_that_stays_silent_parks_the_payment_which_is_told_once_and_still_asked_for() -> None:
    before = [timed_out(attempt) for attempt in range(1, PATIENCE)]
    silent = given(PAYMENTS, asked, *before)
    assert not silent.state.is_parked
    parked = silent.when(RecordAuthorizationTimeout(PATIENCE)).then(timed_out(PATIENCE), delayed)
    assert parked.is_parked
    assert due(parked) == AuthorizationDue(ORDER, AMOUNT, "tok_accepted", attempt=PATIENCE + 1)
    still = given(PAYMENTS, asked, *before, timed_out(PATIENCE), delayed)
    still.when(RecordAuthorizationTimeout(PATIENCE + 1)).then(timed_out(PATIENCE + 1))
    assert not still.when(RecordAuthorization("auth_1")).then(authorized).is_parked
    still.when(RecordDecline("card_declined")).then(declined)
    assert due(still.when(VOID).then(void_asked)) == VoidDue(ORDER, attempt=1)


def test_a_provider_that_is_left_alone_parks_the_payment_before_it_was_asked() -> None:
    away = PaymentDelayed(order_id=ORDER, attempts=0, reason="provider_away")
    parked = given(PAYMENTS, asked).when(Park()).then(away)
    assert parked.is_parked
    assert due(parked) == AuthorizationDue(ORDER, AMOUNT, "tok_accepted", attempt=1)
    given(PAYMENTS, asked, away).when(Park()).then()
    given(PAYMENTS, asked, away).when(RecordAuthorizationTimeout(1)).then(timed_out(1))
    before = [timed_out(attempt) for attempt in range(1, PATIENCE)]
    again = given(PAYMENTS, asked, away, *before).when(RecordAuthorizationTimeout(PATIENCE))
    again.then(timed_out(PATIENCE))


def test_nothing_can_be_captured_of_a_parked_payment_and_whoever_asks_is_told_why() -> None:
    capture = Capture(ORDER, "shipment-1", AMOUNT)
    given(PAYMENTS, asked).when(capture).then_rejected("not-authorized-yet")
    given(PAYMENTS, asked, delayed).when(capture).then_rejected("payment-parked")
    happened = given(PAYMENTS, asked, delayed, authorized).when(capture).events
    assert [type(event) for event in happened] == [CaptureAsked]


@pytest.mark.parametrize("life", [life for life in LIVES if life not in ("requested", "timed out")])
def test_only_an_authorization_is_parked(life: str) -> None:
    given(PAYMENTS, *LIVES[life]).when(Park()).then()


def test_after_a_week_of_timeouts_a_payment_that_no_order_has_ended_is_abandoned() -> None:
    before = [timed_out(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    payment = (
        given(PAYMENTS, asked, *before)
        .when(RecordAuthorizationTimeout(MAX_ATTEMPTS))
        .then(timed_out(MAX_ATTEMPTS), abandoned)
    )
    assert due(payment) is None


def test_an_answer_after_a_timeout_still_counts() -> None:
    payment = given(PAYMENTS, asked, timed_out(1)).when(RecordAuthorization("auth_1")).then(authorized)
    assert payment.attempts == 2


def test_a_void_before_any_request_needs_no_provider_and_closes_the_payment() -> None:
    payment = given(PAYMENTS).when(VOID).then(void_asked, voided)
    assert due(payment) is None
    payment = given(PAYMENTS, void_asked, voided).when(AUTHORIZE).then()
    assert due(payment) is None, "the request that came too late must never reach the provider"


@pytest.mark.parametrize(
    "life", ["requested", "timed out", "authorized", "abandoned", "abandoned, then authorized"]
)
def test_a_void_goes_to_the_provider_whenever_money_is_or_may_be_held(life: str) -> None:
    payment = given(PAYMENTS, *LIVES[life]).when(VOID).then(void_asked)
    assert due(payment) == VoidDue(ORDER, attempt=1)


@pytest.mark.parametrize("life", ["voiding", "voided"])
def test_a_second_void_says_nothing_new(life: str) -> None:
    given(PAYMENTS, *LIVES[life]).when(VOID).then()


def test_the_provider_void_ends_the_payment() -> None:
    payment = given(PAYMENTS, asked, authorized, void_asked).when(RecordVoid()).then(voided)
    assert due(payment) is None


def test_a_void_without_an_answer_is_asked_again_without_end() -> None:
    payment = (
        given(PAYMENTS, asked, void_asked).when(RecordVoidTimeout(1)).then(VoidTimedOut(order_id=ORDER, attempt=1))
    )
    assert due(payment) == VoidDue(ORDER, attempt=2)
    many = [VoidTimedOut(order_id=ORDER, attempt=attempt) for attempt in range(1, 40)]
    payment = given(PAYMENTS, asked, void_asked, *many).when(RecordVoidTimeout(39)).then()
    assert due(payment) == VoidDue(ORDER, attempt=40)


@pytest.mark.parametrize(
    "life", [(asked, void_asked), (asked, void_asked, voided), (asked, timed_out(1), abandoned)]
)
def test_an_authorization_that_is_overtaken_is_noted_but_not_published(life: tuple[Event, ...]) -> None:
    before = given(PAYMENTS, *life)
    payment = before.when(RecordAuthorization("auth_1")).then(came_late)
    assert payment.status == before.state.status
    assert payment.authorization == "auth_1"
    given(PAYMENTS, *life, came_late).when(RecordAuthorization("auth_1")).then()


@pytest.mark.parametrize("answer", [RecordDecline("card_declined"), RecordAuthorizationTimeout(1)])
@pytest.mark.parametrize("life", ["abandoned", "voiding", "voided"])
def test_no_other_late_answer_changes_anything(
    life: str, answer: RecordDecline | RecordAuthorizationTimeout
) -> None:
    given(PAYMENTS, *LIVES[life]).when(answer).then()


def test_a_late_void_timeout_changes_nothing() -> None:
    given(PAYMENTS, asked, void_asked, voided).when(RecordVoidTimeout(1)).then()


@pytest.mark.parametrize(
    ("life", "answer"),
    [
        ((), RecordAuthorization("auth_1")),
        ((), RecordDecline("card_declined")),
        ((), RecordVoid()),
        ((asked, authorized), RecordAuthorization("auth_2")),
        ((asked, authorized), RecordDecline("card_declined")),
        ((asked, authorized), RecordVoid()),
        ((asked, declined), RecordAuthorization("auth_1")),
        ((asked, void_asked, came_late), RecordAuthorization("auth_2")),
    ],
)
def test_a_provider_that_contradicts_itself_moves_no_more_money(
    life: tuple[Event, ...], answer: RecordAuthorization | RecordDecline | RecordVoid
) -> None:
    given(PAYMENTS, *life).when(answer).then_rejected("provider-contradiction")
