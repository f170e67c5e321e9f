"""What a payment decides about captures, refunds and authorizations that end."""

import pytest

from payments.contracts import (
    AuthorizationExpired,
    CaptureDeclined,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentReauthorized,
    PaymentRefunded,
    PaymentVoided,
    ReauthorizationDeclined,
    RefundDeclined,
)
from payments.domain import (
    MAX_LAPSES,
    PAYMENTS,
    AuthorizationAsked,
    AuthorizationDue,
    AuthorizationReleased,
    Authorize,
    Capture,
    CaptureAsked,
    CaptureDue,
    CaptureTimedOut,
    CheckExpiry,
    ReauthorizationAsked,
    RecordAuthorization,
    RecordCapture,
    RecordCaptureDecline,
    RecordCaptureTimeout,
    RecordDecline,
    RecordLapse,
    RecordRefund,
    RecordRefundDecline,
    RecordRefundFailure,
    RecordRefundTimeout,
    RecordVoid,
    Refund,
    RefundAsked,
    RefundDue,
    RefundTimedOut,
    RefuseCapture,
    RefuseRefund,
    Renew,
    Share,
    Void,
    VoidAsked,
    VoidDue,
    due,
)
from shared.events import Event
from shared.money import Money
from tests.support.scenarios import given

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
EXPIRES = "2026-02-07T09:30:00.000Z"

asked = AuthorizationAsked(order_id=ORDER, amount=5000, currency="EUR", method="tok_accepted")
authorized = PaymentAuthorized(
    order_id=ORDER, amount=5000, currency="EUR", authorization="auth_1", expires_at=EXPIRES
)
HELD: tuple[Event, ...] = (asked, authorized)
expired = AuthorizationExpired(order_id=ORDER, authorization="auth_1", amount=5000, currency="EUR")
released = AuthorizationReleased(order_id=ORDER, number=1)
lapsed = ReauthorizationDeclined(order_id=ORDER, amount=5000, currency="EUR", reason="insufficient_funds")


def euros(amount: int) -> Money:
    return Money(amount, "EUR")


def capture(capture_id: str, amount: int) -> Capture:
    return Capture(ORDER, capture_id, euros(amount))


def refund(refund_id: str, amount: int) -> Refund:
    return Refund(ORDER, refund_id, amount, "goods returned")


def capture_asked(capture_id: str, amount: int) -> CaptureAsked:
    return CaptureAsked(order_id=ORDER, capture_id=capture_id, amount=amount, currency="EUR")


def captured(capture_id: str, amount: int, held: int) -> PaymentCaptured:
    return PaymentCaptured(
        order_id=ORDER,
        capture_id=capture_id,
        amount=amount,
        currency="EUR",
        reference=f"cap_{capture_id}",
        held=held,
    )


def refund_asked(refund_id: str, *shares: Share) -> RefundAsked:
    return RefundAsked(
        order_id=ORDER,
        refund_id=refund_id,
        amount=sum(share.amount for share in shares),
        currency="EUR",
        reason="goods returned",
        shares=shares,
    )


def refunded(refund_id: str, amount: int, number: int = 1, outstanding: int = 0) -> PaymentRefunded:
    return PaymentRefunded(
        order_id=ORDER,
        refund_id=refund_id,
        amount=amount,
        currency="EUR",
        reference=f"re_{refund_id}",
        outstanding=outstanding,
        number=number,
    )


def capture_declined(capture_id: str, amount: int, reason: str) -> CaptureDeclined:
    return CaptureDeclined(order_id=ORDER, capture_id=capture_id, amount=amount, currency="EUR", reason=reason)


def asked_again(amount: int, number: int = 2, method: str | None = None) -> ReauthorizationAsked:
    return ReauthorizationAsked(order_id=ORDER, number=number, amount=amount, currency="EUR", method=method)


def reauthorized(amount: int, number: int = 2, expires_at: str | None = None) -> PaymentReauthorized:
    return PaymentReauthorized(
        order_id=ORDER,
        amount=amount,
        currency="EUR",
        authorization=f"auth_{number}",
        expires_at=expires_at,
    )


# --- captures ---


def test_a_capture_is_recorded_before_the_provider_is_asked() -> None:
    payment = given(PAYMENTS, *HELD).when(capture("d1", 3000)).then(capture_asked("d1", 3000))
    assert due(payment) == CaptureDue(ORDER, "d1", euros(3000), attempt=1)
    assert (payment.left, payment.held) == (2000, 5000)


def test_a_capture_happens_once_however_often_it_is_asked_for() -> None:
    for happened in ((), (captured("d1", 3000, held=2000),), (capture_declined("d1", 3000, "card_declined"),)):
        given(PAYMENTS, *HELD, capture_asked("d1", 3000), *happened).when(capture("d1", 3000)).then()


def test_the_same_capture_with_another_amount_is_refused() -> None:
    rejection = (
        given(PAYMENTS, *HELD, capture_asked("d1", 3000))
        .when(capture("d1", 3001))
        .then_rejected("capture-differs")
    )
    assert (rejection.field, rejection.value) == ("amount", 3001)


@pytest.mark.parametrize(
    ("before", "amount"),
    [
        ((), 5001),
        ((capture_asked("d1", 3000),), 2001),
        ((capture_asked("d1", 3000), captured("d1", 3000, held=2000)), 2001),
    ],
)
def test_captures_add_up_to_what_is_authorized_at_most(before: tuple[Event, ...], amount: int) -> None:
    rejection = given(PAYMENTS, *HELD, *before).when(capture("d2", amount)).then_rejected("exceeds-authorized")
    assert rejection.value == amount
    allowed = given(PAYMENTS, *HELD, *before).when(capture("d2", amount - 1))
    allowed.then(capture_asked("d2", amount - 1))


def test_what_a_declined_capture_wanted_can_be_captured_otherwise() -> None:
    before = (*HELD, capture_asked("d1", 5000), capture_declined("d1", 5000, "card_declined"))
    given(PAYMENTS, *before).when(capture("d2", 5000)).then(capture_asked("d2", 5000))


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ((), "not-authorized-yet"),
        ((asked,), "not-authorized-yet"),
        ((*HELD, VoidAsked(order_id=ORDER, reason="cancelled")), "nothing-held"),
        ((*HELD, VoidAsked(order_id=ORDER, reason="cancelled"), PaymentVoided(order_id=ORDER)), "nothing-held"),
    ],
)
def test_what_is_not_held_cannot_be_captured(before: tuple[Event, ...], code: str) -> None:
    given(PAYMENTS, *before).when(capture("d1", 1)).then_rejected(code)


def test_a_capture_in_another_currency_is_refused() -> None:
    command = Capture(ORDER, "d1", Money(1, "USD"))
    rejection = given(PAYMENTS, *HELD).when(command).then_rejected("currency-differs")
    assert rejection.field == "currency"


def test_a_capture_is_published_with_what_is_still_held() -> None:
    payment = (
        given(PAYMENTS, *HELD, capture_asked("d1", 3000))
        .when(RecordCapture("d1", "cap_d1", holds_rest=True))
        .then(captured("d1", 3000, held=2000))
    )
    assert (due(payment), payment.captured, payment.left) == (None, 3000, 2000)
    given(PAYMENTS, *HELD, capture_asked("d1", 3000), captured("d1", 3000, held=2000)).when(
        RecordCapture("d1", "cap_d1", holds_rest=True)
    ).then()


def test_a_decline_at_capture_is_an_event_and_ends_nothing_else() -> None:
    payment = (
        given(PAYMENTS, *HELD, capture_asked("d1", 3000))
        .when(RecordCaptureDecline("d1", "card_declined"))
        .then(capture_declined("d1", 3000, "card_declined"))
    )
    assert (payment.status, payment.left, due(payment)) == ("authorized", 5000, None)


def test_a_capture_without_an_answer_is_due_again() -> None:
    timed_out = CaptureTimedOut(order_id=ORDER, capture_id="d1", attempt=1)
    payment = given(PAYMENTS, *HELD, capture_asked("d1", 3000)).when(RecordCaptureTimeout("d1", 1)).then(timed_out)
    assert due(payment) == CaptureDue(ORDER, "d1", euros(3000), attempt=2)
    given(PAYMENTS, *HELD, capture_asked("d1", 3000), timed_out).when(RecordCaptureTimeout("d1", 1)).then()


@pytest.mark.parametrize(
    "answer",
    [
        RecordCapture("d1", "cap_other", holds_rest=True),
        RecordCaptureDecline("d1", "card_declined"),
        RecordCapture("d9", "cap_d9", holds_rest=True),
    ],
)
def test_a_provider_that_contradicts_itself_about_a_capture_is_noticed(
    answer: RecordCapture | RecordCaptureDecline,
) -> None:
    before = (*HELD, capture_asked("d1", 3000), captured("d1", 3000, held=2000))
    given(PAYMENTS, *before).when(answer).then_rejected("provider-contradiction")


def test_a_refused_capture_is_answered_once() -> None:
    refusal = RefuseCapture(ORDER, "d1", euros(9000), "exceeds-authorized")
    declined = capture_declined("d1", 9000, "exceeds-authorized")
    given(PAYMENTS, *HELD).when(refusal).then(declined)
    given(PAYMENTS, *HELD, declined).when(refusal).then()
    given(PAYMENTS, *HELD, capture_asked("d1", 3000)).when(refusal).then()


# --- refunds ---

CAPTURED = (*HELD, capture_asked("d1", 3000), captured("d1", 3000, held=2000))


def test_a_refund_is_recorded_before_the_provider_is_asked() -> None:
    payment = given(PAYMENTS, *CAPTURED).when(refund("r1", 1000)).then(refund_asked("r1", Share(1, 1000)))
    assert due(payment) == RefundDue(ORDER, "r1", euros(1000), attempt=1)
    assert payment.refundable == 2000


def test_refunds_add_up_to_what_was_captured_at_most() -> None:
    given(PAYMENTS, *CAPTURED).when(refund("r1", 3001)).then_rejected("exceeds-captured")
    before = (*CAPTURED, refund_asked("r1", Share(1, 1000)), refunded("r1", 1000))
    given(PAYMENTS, *before).when(refund("r2", 2001)).then_rejected("exceeds-captured")
    given(PAYMENTS, *before).when(refund("r2", 2000)).then(refund_asked("r2", Share(1, 2000)))


def test_a_refund_of_what_is_about_to_be_captured_comes_too_early() -> None:
    given(PAYMENTS, *HELD, capture_asked("d1", 3000)).when(refund("r1", 1)).then_rejected("not-captured-yet")


def test_a_refund_happens_once_however_often_it_is_asked_for() -> None:
    before = (*CAPTURED, refund_asked("r1", Share(1, 1000)))
    given(PAYMENTS, *before).when(refund("r1", 1000)).then()
    given(PAYMENTS, *before).when(refund("r1", 1001)).then_rejected("refund-differs")
    payment = given(PAYMENTS, *before).when(RecordRefund("r1", 1, "re_r1")).then(refunded("r1", 1000))
    assert (payment.refunded, due(payment)) == (1000, None)
    given(PAYMENTS, *before, refunded("r1", 1000)).when(RecordRefund("r1", 1, "re_r1")).then()


def test_what_a_declined_refund_wanted_can_be_refunded_otherwise() -> None:
    declined = RefundDeclined(order_id=ORDER, refund_id="r1", amount=3000, reason="refund_failed")
    before = (*CAPTURED, refund_asked("r1", Share(1, 3000)))
    payment = given(PAYMENTS, *before).when(RecordRefundDecline("r1", 1, "refund_failed")).then(declined)
    assert payment.refundable == 3000
    given(PAYMENTS, *before, declined).when(refund("r2", 3000)).then(refund_asked("r2", Share(1, 3000)))


def test_a_refund_without_an_answer_is_due_again() -> None:
    timed_out = RefundTimedOut(order_id=ORDER, refund_id="r1", attempt=1)
    before = (*CAPTURED, refund_asked("r1", Share(1, 1000)))
    payment = given(PAYMENTS, *before).when(RecordRefundTimeout("r1", 1)).then(timed_out)
    assert due(payment) == RefundDue(ORDER, "r1", euros(1000), attempt=2)


def test_a_refund_goes_back_by_the_authorizations_that_took_the_money() -> None:
    before = (
        *(*HELD, capture_asked("d1", 3000), captured("d1", 3000, held=0)),
        *(capture_asked("d2", 2000), asked_again(2000), reauthorized(2000), captured("d2", 2000, held=0)),
    )
    wanted = refund_asked("r1", Share(1, 3000), Share(2, 500))
    payment = given(PAYMENTS, *before).when(refund("r1", 3500)).then(wanted)
    assert due(payment) == RefundDue(ORDER, "r1", euros(3000), attempt=1, number=1)
    first = refunded("r1", 3000, number=1, outstanding=500)
    payment = given(PAYMENTS, *before, wanted).when(RecordRefund("r1", 1, "re_r1")).then(first)
    assert due(payment) == RefundDue(ORDER, "r1", euros(500), attempt=1, number=2)
    payment = (
        given(PAYMENTS, *before, wanted, first)
        .when(RecordRefund("r1", 2, "re_r1"))
        .then(refunded("r1", 500, number=2))
    )
    assert (payment.refundable, payment.refunded) == (1500, 3500)


def test_a_refused_refund_is_answered_once() -> None:
    refusal = RefuseRefund(ORDER, "r1", 9000, "exceeds-captured")
    declined = RefundDeclined(order_id=ORDER, refund_id="r1", amount=9000, reason="exceeds-captured")
    payment = given(PAYMENTS, *CAPTURED).when(refusal).then(declined)
    assert payment.refundable == 3000
    given(PAYMENTS, *CAPTURED, declined).when(refusal).then()


# --- voids of what is not captured ---

VOID = Void(ORDER, "cancelled")
void_asked = VoidAsked(order_id=ORDER, reason="cancelled")


def test_a_void_lets_go_of_what_is_not_captured() -> None:
    payment = given(PAYMENTS, *CAPTURED).when(VOID).then(void_asked)
    assert due(payment) == VoidDue(ORDER, attempt=1)
    payment = given(PAYMENTS, *CAPTURED, void_asked).when(RecordVoid()).then(PaymentVoided(order_id=ORDER))
    assert (payment.captured, payment.held, payment.refundable) == (3000, 0, 3000)


def test_a_void_of_what_is_captured_in_full_needs_no_provider() -> None:
    before = (*HELD, capture_asked("d1", 5000), captured("d1", 5000, held=0))
    given(PAYMENTS, *before).when(VOID).then(void_asked, PaymentVoided(order_id=ORDER))


def test_a_capture_without_an_answer_is_settled_before_the_void() -> None:
    payment = given(PAYMENTS, *HELD, capture_asked("d1", 3000)).when(VOID).then(void_asked)
    assert due(payment) == CaptureDue(ORDER, "d1", euros(3000), attempt=1)


# --- authorizations that end ---


def test_an_authorization_that_has_expired_is_released_before_its_money_is_held_again() -> None:
    payment = given(PAYMENTS, *HELD).when(CheckExpiry(EXPIRES)).then(expired)
    assert due(payment) == VoidDue(ORDER, attempt=1)
    payment = given(PAYMENTS, *HELD, expired).when(RecordVoid()).then(released, asked_again(5000))
    assert due(payment) == AuthorizationDue(ORDER, euros(5000), "tok_accepted", attempt=1, number=2)
    payment = (
        given(PAYMENTS, *HELD, expired, released, asked_again(5000))
        .when(RecordAuthorization("auth_2", number=2))
        .then(reauthorized(5000))
    )
    assert (payment.held, payment.left, due(payment)) == (5000, 5000, None)


@pytest.mark.parametrize(
    "before",
    [
        (asked,),
        (*HELD, capture_asked("d1", 1)),
        (*HELD, capture_asked("d1", 5000), captured("d1", 5000, held=0)),
        (*HELD, expired),
        (*HELD, void_asked),
    ],
)
def test_there_is_nothing_to_expire(before: tuple[Event, ...]) -> None:
    given(PAYMENTS, *before).when(CheckExpiry("2027-01-01T00:00:00.000Z")).then()


def test_an_authorization_does_not_expire_before_its_time() -> None:
    given(PAYMENTS, *HELD).when(CheckExpiry("2026-02-07T09:29:59.999Z")).then()


def test_a_capture_that_finds_its_authorization_expired_is_made_by_the_next_one() -> None:
    before = (*HELD, capture_asked("d1", 3000))
    payment = given(PAYMENTS, *before).when(RecordLapse(1)).then(expired, released, asked_again(5000))
    assert due(payment) == AuthorizationDue(ORDER, euros(5000), "tok_accepted", attempt=1, number=2)
    before = (*before, expired, released, asked_again(5000))
    payment = given(PAYMENTS, *before).when(RecordAuthorization("auth_2", number=2)).then(reauthorized(5000))
    assert due(payment) == CaptureDue(ORDER, "d1", euros(3000), attempt=1, number=2)
    given(PAYMENTS, *before).when(RecordLapse(1)).then()


def test_a_capture_that_finds_one_authorization_after_the_other_expired_is_declined() -> None:
    before: list[Event] = [*HELD, capture_asked("d1", 3000)]
    for number in range(1, MAX_LAPSES + 1):
        over = AuthorizationExpired(order_id=ORDER, authorization=f"auth_{number}", amount=5000, currency="EUR")
        gone = AuthorizationReleased(order_id=ORDER, number=number)
        before += [over, gone, asked_again(5000, number + 1), reauthorized(5000, number + 1)]
    number = MAX_LAPSES + 1
    payment = (
        given(PAYMENTS, *before)
        .when(RecordLapse(number))
        .then(
            AuthorizationExpired(order_id=ORDER, authorization=f"auth_{number}", amount=5000, currency="EUR"),
            capture_declined("d1", 3000, "authorization_expired"),
            AuthorizationReleased(order_id=ORDER, number=number),
        )
    )
    assert due(payment) is None
    assert payment.left == 5000


def test_what_a_provider_lets_go_of_after_a_capture_is_held_again_when_it_is_captured() -> None:
    before = (*HELD, capture_asked("d1", 3000), captured("d1", 3000, held=0))
    payment = given(PAYMENTS, *before).when(capture("d2", 1500)).then(capture_asked("d2", 1500), asked_again(2000))
    assert due(payment) == AuthorizationDue(ORDER, euros(2000), "tok_accepted", attempt=1, number=2)


def test_a_renewal_that_is_declined_declines_the_captures_that_wait_for_it() -> None:
    before = (*HELD, capture_asked("d1", 3000), expired, released, asked_again(5000))
    payment = (
        given(PAYMENTS, *before)
        .when(RecordDecline("insufficient_funds", number=2))
        .then(lapsed, capture_declined("d1", 3000, "insufficient_funds"))
    )
    assert (payment.status, due(payment)) == ("lapsed", None)
    given(PAYMENTS, *before, lapsed).when(VOID).then(void_asked, PaymentVoided(order_id=ORDER))


LAPSED = (*HELD, expired, released, asked_again(5000), lapsed)


def test_what_has_lapsed_is_asked_for_again_by_whom_it_is_wanted() -> None:
    payment = given(PAYMENTS, *LAPSED).when(Renew(ORDER)).then(asked_again(5000, 3))
    assert due(payment) == AuthorizationDue(ORDER, euros(5000), "tok_accepted", attempt=1, number=3)
    other = given(PAYMENTS, *LAPSED).when(Renew(ORDER, "tok_other")).then(asked_again(5000, 3, "tok_other"))
    assert due(other) == AuthorizationDue(ORDER, euros(5000), "tok_other", attempt=1, number=3)
    given(PAYMENTS, *LAPSED, asked_again(5000, 3)).when(Renew(ORDER)).then()
    given(PAYMENTS, *LAPSED, asked_again(5000, 3), reauthorized(5000, 3)).when(Renew(ORDER)).then()
    given(PAYMENTS, *HELD).when(Renew(ORDER)).then()
    given(PAYMENTS, *LAPSED, void_asked, PaymentVoided(order_id=ORDER)).when(Renew(ORDER)).then()


def test_a_capture_of_what_has_lapsed_asks_for_the_money_first() -> None:
    asked = (capture_asked("d1", 3000), asked_again(5000, 3))
    payment = given(PAYMENTS, *LAPSED).when(capture("d1", 3000)).then(*asked)
    assert due(payment) == AuthorizationDue(ORDER, euros(5000), "tok_accepted", attempt=1, number=3)
    payment = given(PAYMENTS, *LAPSED, *asked, reauthorized(5000, 3)).when(capture("d1", 3000)).then()
    assert due(payment) == CaptureDue(ORDER, "d1", euros(3000), attempt=1, number=3)
    given(PAYMENTS, *LAPSED, *asked).when(RecordDecline("insufficient_funds", number=3)).then(
        lapsed, capture_declined("d1", 3000, "insufficient_funds")
    )
    given(PAYMENTS, *LAPSED, *asked, lapsed, capture_declined("d1", 3000, "insufficient_funds")).when(
        RecordDecline("insufficient_funds", number=2)
    ).then()


def test_the_first_request_is_known_again_after_another_means_of_payment() -> None:
    by_another = (*LAPSED, asked_again(5000, 3, "tok_other"), reauthorized(5000, 3))
    given(PAYMENTS, *by_another).when(Authorize(ORDER, euros(5000), "tok_accepted")).then()


def came_again(amount: int) -> RefundDeclined:
    return RefundDeclined(
        order_id=ORDER, refund_id="r1", amount=amount, reason="failed", outstanding=0, reference="re_r1"
    )


def test_a_refund_that_came_again_is_declined_and_can_be_given_back_anew() -> None:
    before = (*HELD, capture_asked("d1", 5000), captured("d1", 5000, held=0), refund_asked("r1", Share(1, 3000)))
    news = RecordRefundFailure("r1", 1, "re_r1", "failed")
    payment = given(PAYMENTS, *before, refunded("r1", 3000)).when(news).then(came_again(3000))
    assert (payment.refunded, payment.refundable, due(payment)) == (0, 5000, None)
    given(PAYMENTS, *before, refunded("r1", 3000), came_again(3000)).when(news).then()
    given(PAYMENTS, *before, came_again(3000)).when(RecordRefund("r1", 1, "re_r1")).then()
    early = given(PAYMENTS, *before).when(news).then(came_again(3000))
    assert (early.refunded, early.refundable) == (0, 5000)
    given(PAYMENTS, *before, refunded("r1", 3000), came_again(3000)).when(refund("r1:2", 3000)).then(
        refund_asked("r1:2", Share(1, 3000))
    )
    given(PAYMENTS, *before).when(RecordRefundFailure("r9", 1, "re_9", "failed")).then()


def test_a_void_while_the_money_is_asked_for_again_lets_go_of_what_may_be_held() -> None:
    before = (*HELD, expired, released, asked_again(5000))
    payment = given(PAYMENTS, *before).when(VOID).then(void_asked)
    assert due(payment) == VoidDue(ORDER, attempt=1, number=2)
    given(PAYMENTS, *before, void_asked).when(RecordVoid(2)).then(PaymentVoided(order_id=ORDER))
    given(PAYMENTS, *before, void_asked).when(RecordVoid(1)).then()
