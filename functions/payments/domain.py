"""A payment: one order's money is held, taken as its goods leave, given back, and let go, each exactly once.

The provider stands outside. Whatever it is asked for is recorded before it is asked (`AuthorizationAsked`,
`CaptureAsked`, `RefundAsked`, `ReauthorizationAsked`, `VoidAsked`). So the stream knows at any time whether the
provider may have been asked, also when a worker died in between, and `due` says what it has to be asked (again).

Captures and refunds have natural keys (`capture_id`, `refund_id`): each happens once, however often it is asked
for. An order's money is held by one authorization at a time. When that has expired, or when the provider lets go
of the rest after a capture, the next one gets the next number: the old one is released before it is asked for.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from payments.contracts import (
    PUBLISHED,
    AuthorizationExpired,
    CaptureDeclined,
    CaptureId,
    MovementKind,
    MovementNoted,
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentDelayed,
    PaymentReauthorized,
    PaymentRefunded,
    PaymentVoided,
    ReauthorizationDeclined,
    RefundDeclined,
    RefundId,
)
from shared.decider import Decider
from shared.events import Event, EventCatalog
from shared.identifiers import OrderId
from shared.money import Currency, MinorUnits, Money
from shared.rejection import Conflict, Rejection

PATIENCE = 5
"""So many times an authorization may time out before the payment is parked: whoever asked need not come again."""

MAX_ATTEMPTS = 200
"""So many times an authorization may time out, over a week, before a payment is abandoned that no order ends."""

MAX_LAPSES = 2
"""So many authorizations may be found expired by one capture before it is declined."""

PROVIDER_TIMEOUT = "provider_timeout"
PROVIDER_AWAY = "provider_away"
AUTHORIZATION_EXPIRED = "authorization_expired"

NOT_YET = "not-authorized-yet"
PARKED = "payment-parked"
NOT_CAPTURED_YET = "not-captured-yet"
NOTHING_HELD = "nothing-held"
EXCEEDS_AUTHORIZED = "exceeds-authorized"
EXCEEDS_CAPTURED = "exceeds-captured"
CURRENCY_DIFFERS = "currency-differs"

PaymentStatus = Literal["new", "requested", "authorized", "declined", "abandoned", "lapsed", "voiding", "voided"]
MovementStatus = Literal["asked", "captured", "refunded", "declined"]
Renewal = Literal["", "releasing", "asking"]


# --- events that stay in this service -----------------------------------------------------------------------


class AuthorizationAsked(Event, frozen=True, kw_only=True):
    """An order wants its amount held; from here on the provider may have been asked."""

    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    method: str


class AuthorizationTimedOut(Event, frozen=True, kw_only=True):
    """The provider's answer to authorization attempt number `attempt` never came: its outcome is unknown."""

    order_id: OrderId
    attempt: int


class AuthorizationCameLate(Event, frozen=True, kw_only=True):
    """The provider did authorize, but its answer came after the payment was abandoned or a void was asked."""

    order_id: OrderId
    authorization: str


class AuthorizationReleased(Event, frozen=True, kw_only=True):
    """The provider holds nothing by the expired authorization, and never will."""

    order_id: OrderId
    number: int


class ReauthorizationAsked(Event, frozen=True, kw_only=True):
    """What is still to be captured has to be held again, by the order's authorization `number`.

    With a `method`, by that one from here on.
    """

    order_id: OrderId
    number: int
    amount: MinorUnits
    currency: Currency
    method: str | None = None


class CaptureAsked(Event, frozen=True, kw_only=True):
    """Some of what is held has to be taken; from here on the provider may have been asked."""

    order_id: OrderId
    capture_id: CaptureId
    amount: MinorUnits
    currency: Currency


class CaptureTimedOut(Event, frozen=True, kw_only=True):
    """The provider's answer to capture attempt number `attempt` never came."""

    order_id: OrderId
    capture_id: CaptureId
    attempt: int


class Share(Struct, frozen=True):
    """What of a refund goes back by the order's authorization `number`."""

    number: int
    amount: int


class RefundAsked(Event, frozen=True, kw_only=True):
    """Some of what was taken has to go back; from here on the provider may have been asked."""

    order_id: OrderId
    refund_id: RefundId
    amount: MinorUnits
    currency: Currency
    reason: str
    shares: tuple[Share, ...]


class RefundTimedOut(Event, frozen=True, kw_only=True):
    """The provider's answer to refund attempt number `attempt` never came."""

    order_id: OrderId
    refund_id: RefundId
    attempt: int


class VoidAsked(Event, frozen=True, kw_only=True):
    """An order was called off: whatever is or may be held for it has to be let go."""

    order_id: OrderId
    reason: str


class VoidTimedOut(Event, frozen=True, kw_only=True):
    """The provider's answer to void attempt number `attempt` never came."""

    order_id: OrderId
    attempt: int


# --- commands -----------------------------------------------------------------------------------------------


class Authorize(Struct, frozen=True):
    """Hold `amount` for the order by the payment method (a token, never a card number)."""

    order_id: OrderId
    amount: Money
    method: str


class Void(Struct, frozen=True):
    """Let go of whatever is held for the order."""

    order_id: OrderId
    reason: str


class Renew(Struct, frozen=True):
    """Hold again what is not held any more and still to be captured; with a `method`, by that one from now on."""

    order_id: OrderId
    method: str = ""


class Capture(Struct, frozen=True):
    """Take `amount` of what is held, once for this `capture_id`."""

    order_id: OrderId
    capture_id: CaptureId
    amount: Money


class RefuseCapture(Struct, frozen=True):
    """Answer that this capture will not happen, when there is no other answer yet."""

    order_id: OrderId
    capture_id: CaptureId
    amount: Money
    reason: str


class Refund(Struct, frozen=True):
    """Give `amount` of what was taken back, once for this `refund_id`. Without a currency: that of the payment."""

    order_id: OrderId
    refund_id: RefundId
    amount: int
    reason: str
    currency: str = ""


class RefuseRefund(Struct, frozen=True):
    """Answer that this refund will not happen, when there is no other answer yet."""

    order_id: OrderId
    refund_id: RefundId
    amount: int
    reason: str


class CheckExpiry(Struct, frozen=True):
    """See whether the authorization has expired by `at` (ISO 8601)."""

    at: str


class RecordAuthorization(Struct, frozen=True):
    """The provider has authorized, calls it `authorization`, and holds the money until `expires_at` (if known)."""

    authorization: str
    expires_at: str = ""
    number: int = 1


class RecordDecline(Struct, frozen=True):
    """The provider has said no to authorization `number`."""

    reason: str
    number: int = 1


class RecordAuthorizationTimeout(Struct, frozen=True):
    """Attempt number `attempt` at authorization `number` ended without an answer."""

    attempt: int
    number: int = 1


class Park(Struct, frozen=True):
    """The provider cannot be asked now: the order's authorization waits for the schedule."""


class RecordLapse(Struct, frozen=True):
    """The provider holds nothing by authorization `number` any more, though it was neither used up nor voided."""

    number: int


class RecordCapture(Struct, frozen=True):
    """The provider has taken what was asked and calls it `reference`. `holds_rest`: what is left is still held."""

    capture_id: CaptureId
    reference: str
    holds_rest: bool


class RecordCaptureDecline(Struct, frozen=True):
    """The provider has said no to a capture."""

    capture_id: CaptureId
    reason: str


class RecordCaptureTimeout(Struct, frozen=True):
    """Attempt number `attempt` at a capture ended without an answer."""

    capture_id: CaptureId
    attempt: int


class RecordRefund(Struct, frozen=True):
    """The provider gives back what was asked by authorization `number`, and calls it `reference`."""

    refund_id: RefundId
    number: int
    reference: str


class RecordRefundDecline(Struct, frozen=True):
    """The provider has said no to what a refund wants back by authorization `number`."""

    refund_id: RefundId
    number: int
    reason: str


class RecordRefundFailure(Struct, frozen=True):
    """What went back by authorization `number`, and the provider calls `reference`, has come again."""

    refund_id: RefundId
    number: int
    reference: str
    reason: str


class RecordRefundTimeout(Struct, frozen=True):
    """Attempt number `attempt` at a refund ended without an answer."""

    refund_id: RefundId
    attempt: int


class RecordVoid(Struct, frozen=True):
    """The provider holds nothing by authorization `number` any more, and never will."""

    number: int = 1


class RecordVoidTimeout(Struct, frozen=True):
    """Void attempt number `attempt` ended without an answer."""

    attempt: int


class NoteMovement(Struct, frozen=True):
    """Something happened at the provider `at` that time, and was not asked for here (as far as is known)."""

    kind: MovementKind
    reference: str
    amount: Money
    at: str
    reason: str = ""


Command = (
    Authorize
    | Void
    | Renew
    | Capture
    | RefuseCapture
    | Refund
    | RefuseRefund
    | CheckExpiry
    | RecordAuthorization
    | RecordDecline
    | RecordAuthorizationTimeout
    | Park
    | RecordLapse
    | RecordCapture
    | RecordCaptureDecline
    | RecordCaptureTimeout
    | RecordRefund
    | RecordRefundDecline
    | RecordRefundFailure
    | RecordRefundTimeout
    | RecordVoid
    | RecordVoidTimeout
    | NoteMovement
)


# --- state --------------------------------------------------------------------------------------------------


class CaptureState(Struct, frozen=True):
    """One capture. `lapses` counts the authorizations that it has found expired."""

    amount: int
    status: MovementStatus = "asked"
    reference: str = ""
    reason: str = ""
    timeouts: int = 0
    lapses: int = 0


class ShareState(Struct, frozen=True):
    """What of a refund goes back by authorization `number`, and whether it has."""

    number: int
    amount: int
    status: MovementStatus = "asked"
    reference: str = ""
    reason: str = ""


class RefundState(Struct, frozen=True):
    """One refund, by the authorizations that its money was taken by."""

    amount: int
    reason: str
    shares: tuple[ShareState, ...] = ()
    timeouts: int = 0

    @property
    def outstanding(self) -> int:
        """What the provider has not answered yet."""
        return sum(share.amount for share in self.shares if share.status == "asked")

    @property
    def refunded(self) -> int:
        """What has gone back."""
        return sum(share.amount for share in self.shares if share.status == "refunded")


class Payment(Struct, frozen=True):
    """What is known of one order's payment.

    `attempts` counts the attempts at the present authorization whose end is known (answered or timed out),
    `void_timeouts` the voids without an answer. `authorization` is empty while no authorization is known, `reason`
    says why the payment was declined, abandoned or voided. `number` counts the authorizations, `asking` is what
    the present one is for, `held` what of it is left, `earlier` what those before were called. `capturing` and
    `refunding` are what the provider has not answered, oldest first; `taken` says by authorization what can be
    given back. `parked` leaves an authorization to the schedule; `noted` are the movements that happened at the
    provider unasked. `instead` is the payment method that has taken the place of the first one.
    """

    status: PaymentStatus = "new"
    order_id: str = ""
    amount: Money | None = None
    method: str = ""
    instead: str = ""
    authorization: str = ""
    reason: str = ""
    attempts: int = 0
    void_timeouts: int = 0
    number: int = 1
    renewal: Renewal = ""
    asking: int = 0
    held: int = 0
    expires_at: str = ""
    parked: bool = False
    earlier: tuple[str, ...] = ()
    captures: Map[str, CaptureState] = Map()
    capturing: tuple[str, ...] = ()
    refunds: Map[str, RefundState] = Map()
    refunding: tuple[str, ...] = ()
    captured: int = 0
    refunded: int = 0
    taken: tuple[int, ...] = ()
    noted: tuple[str, ...] = ()

    @property
    def currency(self) -> str:
        """The currency of everything here."""
        return self.amount.currency if self.amount is not None else ""

    @property
    def pays_by(self) -> str:
        """The payment method that an authorization is asked for by now."""
        return self.instead or self.method

    @property
    def is_parked(self) -> bool:
        """Whether only the schedule asks for the authorization, and ever more rarely."""
        return self.status == "requested" and self.parked

    @property
    def left(self) -> int:
        """What may still be asked to be captured: neither captured nor about to be."""
        if self.amount is None:
            return 0
        return self.amount.amount - self.captured - self.about_to_be_captured

    @property
    def about_to_be_captured(self) -> int:
        """What was asked to be captured and is not answered."""
        return sum(self.captures[capture_id].amount for capture_id in self.capturing)

    @property
    def refundable(self) -> int:
        """What may still be asked to be given back."""
        return sum(self.taken)

    def reference(self, number: int) -> str:
        """What the provider calls authorization `number`; empty when that is not known."""
        return self.earlier[number - 1] if number < self.number else self.authorization


class AuthorizationDue(Struct, frozen=True):
    """The provider has to be asked to authorize; it is attempt number `attempt` at authorization `number`."""

    order_id: str
    amount: Money
    method: str
    attempt: int
    number: int = 1


class CaptureDue(Struct, frozen=True):
    """The provider has to be asked to capture `amount` of authorization `number`."""

    order_id: str
    capture_id: str
    amount: Money
    attempt: int
    number: int = 1


class RefundDue(Struct, frozen=True):
    """The provider has to be asked to give back `amount` of what was captured of authorization `number`."""

    order_id: str
    refund_id: str
    amount: Money
    attempt: int
    number: int = 1


class VoidDue(Struct, frozen=True):
    """The provider has to be asked to void authorization `number`; it is attempt number `attempt`."""

    order_id: str
    attempt: int
    number: int = 1


Step = AuthorizationDue | CaptureDue | RefundDue | VoidDue


def due(payment: Payment) -> Step | None:
    """What the provider has to be asked next, or None when the payment rests."""
    if payment.amount is None:
        return None
    if payment.status == "requested":
        return AuthorizationDue(payment.order_id, payment.amount, payment.method, payment.attempts + 1)
    if payment.status == "authorized" or (payment.status == "voiding" and payment.capturing):
        if payment.renewal == "releasing":
            return _void_due(payment)
        if payment.renewal == "asking":
            again = Money(payment.asking, payment.currency)
            by = payment.pays_by
            return AuthorizationDue(payment.order_id, again, by, payment.attempts + 1, payment.number)
    for capture_id in payment.capturing:
        capture = payment.captures[capture_id]
        amount = Money(capture.amount, payment.currency)
        return CaptureDue(payment.order_id, capture_id, amount, capture.timeouts + 1, payment.number)
    for refund_id in payment.refunding:
        refund = payment.refunds[refund_id]
        share = next(share for share in refund.shares if share.status == "asked")
        amount = Money(share.amount, payment.currency)
        return RefundDue(payment.order_id, refund_id, amount, refund.timeouts + 1, share.number)
    return _void_due(payment) if payment.status == "voiding" else None


def _void_due(payment: Payment) -> VoidDue:
    return VoidDue(payment.order_id, payment.void_timeouts + 1, payment.number)


# --- decide -------------------------------------------------------------------------------------------------


def decide(command: Command, payment: Payment) -> Sequence[Event]:
    """The events that `command` leads to; none when it says nothing new. Raises Conflict."""
    match command:
        case Authorize():
            return _authorize(command, payment)
        case Void():
            return _void(command, payment)
        case Renew():
            return _renew(command, payment)
        case Capture():
            return _capture(command, payment)
        case RefuseCapture():
            return _refuse_capture(command, payment)
        case Refund():
            return _refund(command, payment)
        case RefuseRefund():
            return _refuse_refund(command, payment)
        case CheckExpiry(at):
            return _check_expiry(at, payment)
        case RecordAuthorization():
            return _record_authorization(command, payment)
        case RecordDecline():
            return _record_decline(command, payment)
        case RecordAuthorizationTimeout():
            return _record_authorization_timeout(command, payment)
        case Park():
            return _delayed(payment, PROVIDER_AWAY) if payment.status == "requested" else ()
        case RecordLapse(number):
            return _record_lapse(number, payment)
        case RecordCapture():
            return _record_capture(command, payment)
        case RecordCaptureDecline():
            return _record_capture_decline(command, payment)
        case RecordCaptureTimeout():
            return _record_capture_timeout(command, payment)
        case RecordRefund():
            return _record_refund(command, payment)
        case RecordRefundDecline():
            return _record_refund_decline(command, payment)
        case RecordRefundFailure():
            return _record_refund_failure(command, payment)
        case RecordRefundTimeout():
            return _record_refund_timeout(command, payment)
        case RecordVoid(number):
            return _record_void(number, payment)
        case RecordVoidTimeout(attempt):
            return _record_void_timeout(attempt, payment)
        case NoteMovement():
            return _note_movement(command, payment)


# --- what is asked for ---


def _authorize(command: Authorize, payment: Payment) -> Sequence[Event]:
    if payment.status == "new":
        return (
            AuthorizationAsked(
                order_id=command.order_id,
                amount=command.amount.amount,
                currency=command.amount.currency,
                method=command.method,
            ),
        )
    asked_before = payment.amount is not None
    if asked_before and (command.amount, command.method) != (payment.amount, payment.method):
        raise Conflict(
            f"The payment of order {command.order_id} was asked before with another amount or method.",
            field="amount" if command.amount != payment.amount else "method",
            value=command.amount.amount if command.amount != payment.amount else command.method,
            remedy="Repeat the request as it was: an order is authorized once.",
            code="payment-differs",
        )
    return ()


def _void(command: Void, payment: Payment) -> Sequence[Event]:
    asked = VoidAsked(order_id=command.order_id, reason=command.reason)
    match payment.status:
        case "voiding" | "voided":
            return ()
        case "new" | "declined" | "lapsed":
            return asked, PaymentVoided(order_id=command.order_id)
        case "authorized" if not payment.held and not payment.renewal and not payment.capturing:
            return asked, PaymentVoided(order_id=command.order_id)
        case "requested" | "authorized" | "abandoned":
            return (asked,)


def _renew(command: Renew, payment: Payment) -> Sequence[Event]:
    """A renewal that was declined is asked for again; what is held, or being asked for, stays as it is."""
    if payment.status != "lapsed" or not payment.left:
        return ()
    return (_reauthorization(payment, command.method),)


def _capture(command: Capture, payment: Payment) -> Sequence[Event]:
    known = payment.captures.get(command.capture_id)
    if known is not None:
        if known.amount != command.amount.amount:
            raise _differs("capture", command.capture_id, known.amount, command.amount.amount)
        return ()
    if payment.is_parked:
        raise Conflict(
            f"The payment of order {command.order_id} is parked: the provider does not answer for now.",
            remedy="Ask again when it is authorized: GET /payments/{order_id} tells.",
            code=PARKED,
        )
    if payment.status in ("new", "requested"):
        raise Conflict(
            f"The payment of order {command.order_id} is not authorized yet.",
            remedy="Ask again in a moment.",
            code=NOT_YET,
        )
    if payment.status not in ("authorized", "lapsed"):
        raise Conflict(
            f"Nothing is held for order {command.order_id}: its payment is {payment.status}.",
            remedy="Place a new order, or ask for the money in another way.",
            code=NOTHING_HELD,
        )
    _require_currency(command.amount.currency, payment)
    if command.amount.amount > payment.left:
        raise Conflict(
            f"{command.amount.amount} is more than the {payment.left} that are left to capture.",
            field="amount",
            value=command.amount.amount,
            remedy=f"Capture at most {payment.left}.",
            code=EXCEEDS_AUTHORIZED,
        )
    asked = CaptureAsked(
        order_id=command.order_id,
        capture_id=command.capture_id,
        amount=command.amount.amount,
        currency=command.amount.currency,
    )
    return _held_again(payment, asked)


def _refuse_capture(command: RefuseCapture, payment: Payment) -> Sequence[Event]:
    if command.capture_id in payment.captures:
        return ()
    return (
        CaptureDeclined(
            order_id=command.order_id,
            capture_id=command.capture_id,
            amount=command.amount.amount,
            currency=command.amount.currency,
            reason=command.reason,
        ),
    )


def _refund(command: Refund, payment: Payment) -> Sequence[Event]:
    known = payment.refunds.get(command.refund_id)
    if known is not None:
        if known.amount != command.amount:
            raise _differs("refund", command.refund_id, known.amount, command.amount)
        return ()
    _require_currency(command.currency or payment.currency, payment)
    if command.amount > payment.refundable:
        may_come = command.amount <= payment.refundable + payment.about_to_be_captured
        raise Conflict(
            f"{command.amount} is more than the {payment.refundable} that were captured and not given back.",
            field="amount",
            value=command.amount,
            remedy="Ask again in a moment." if may_come else f"Refund at most {payment.refundable}.",
            code=NOT_CAPTURED_YET if may_come else EXCEEDS_CAPTURED,
        )
    return (
        RefundAsked(
            order_id=command.order_id,
            refund_id=command.refund_id,
            amount=command.amount,
            currency=payment.currency,
            reason=command.reason,
            shares=tuple(_shares(command.amount, payment.taken)),
        ),
    )


def _shares(amount: int, taken: tuple[int, ...]) -> Iterator[Share]:
    """What goes back by which authorization: the oldest first."""
    for number, available in enumerate(taken, start=1):
        if share := min(amount, available):
            amount -= share
            yield Share(number, share)


def _refuse_refund(command: RefuseRefund, payment: Payment) -> Sequence[Event]:
    if command.refund_id in payment.refunds:
        return ()
    return (
        RefundDeclined(
            order_id=command.order_id,
            refund_id=command.refund_id,
            amount=command.amount,
            reason=command.reason,
        ),
    )


def _check_expiry(at: str, payment: Payment) -> Sequence[Event]:
    """An authorization that is over is released before its money is held again: nothing is ever held twice.

    While a capture is without an answer it may have been made: its answer comes first.
    """
    idle = payment.status == "authorized" and not payment.renewal and not payment.capturing
    if not idle or not payment.held or not payment.expires_at or payment.expires_at > at:
        return ()
    return (_expired(payment),)


# --- what the provider has answered ---


def _record_authorization(answer: RecordAuthorization, payment: Payment) -> Sequence[Event]:
    if answer.number < payment.number:
        return ()
    authorization = answer.authorization
    if payment.authorization:
        if authorization != payment.authorization:
            raise _contradiction(payment, f"authorization {authorization!r}")
        return ()
    if isinstance(due(payment), AuthorizationDue):
        kind = PaymentAuthorized if payment.number == 1 else PaymentReauthorized
        return (
            kind(
                order_id=payment.order_id,
                amount=payment.asking,
                currency=payment.currency,
                authorization=authorization,
                expires_at=answer.expires_at or None,
            ),
        )
    if payment.status in ("abandoned", "voiding", "voided"):
        return (AuthorizationCameLate(order_id=payment.order_id, authorization=authorization),)
    raise _contradiction(payment, f"authorization {authorization!r}")


def _record_decline(answer: RecordDecline, payment: Payment) -> Sequence[Event]:
    if answer.number < payment.number:
        return ()
    if answer.number > 1:
        return _record_renewal_decline(answer.reason, payment)
    match payment.status:
        case "requested":
            return (PaymentDeclined(order_id=payment.order_id, reason=answer.reason),)
        case "declined" | "abandoned" | "voiding" | "voided":
            return ()
        case _:
            raise _contradiction(payment, f"decline {answer.reason!r}")


def _record_renewal_decline(reason: str, payment: Payment) -> Sequence[Event]:
    if payment.renewal == "asking" and isinstance(due(payment), AuthorizationDue):
        declined = ReauthorizationDeclined(
            order_id=payment.order_id, amount=payment.asking, currency=payment.currency, reason=reason
        )
        return declined, *_declined_captures(payment, reason)
    if payment.status in ("lapsed", "voiding", "voided"):
        return ()
    raise _contradiction(payment, f"decline {reason!r}")


def _record_authorization_timeout(answer: RecordAuthorizationTimeout, payment: Payment) -> Sequence[Event]:
    step = due(payment)
    if not isinstance(step, AuthorizationDue) or (step.number, step.attempt) != (answer.number, answer.attempt):
        return ()
    timed_out = AuthorizationTimedOut(order_id=payment.order_id, attempt=answer.attempt)
    if answer.number > 1:
        return (timed_out,)
    if answer.attempt >= MAX_ATTEMPTS:
        return timed_out, PaymentAbandoned(order_id=payment.order_id, reason=PROVIDER_TIMEOUT)
    if answer.attempt >= PATIENCE:
        return timed_out, *_delayed(evolve(payment, timed_out), PROVIDER_TIMEOUT)
    return (timed_out,)


def _delayed(payment: Payment, reason: str) -> Sequence[Event]:
    """That the payment is parked, once."""
    if payment.parked:
        return ()
    return (PaymentDelayed(order_id=payment.order_id, attempts=payment.attempts, reason=reason),)


def _record_lapse(number: int, payment: Payment) -> Sequence[Event]:
    if number != payment.number or payment.renewal:
        return ()
    if payment.status != "authorized" and not (payment.status == "voiding" and payment.capturing):
        return ()
    if not payment.held and not payment.capturing:
        return ()
    expired = _expired(payment)
    if payment.capturing and payment.captures[payment.capturing[0]].lapses >= MAX_LAPSES:
        declined = tuple(_declined_captures(payment, AUTHORIZATION_EXPIRED))
        return expired, *declined, AuthorizationReleased(order_id=payment.order_id, number=number)
    return _released(payment, expired, AuthorizationReleased(order_id=payment.order_id, number=number))


def _record_capture(answer: RecordCapture, payment: Payment) -> Sequence[Event]:
    capture = payment.captures.get(answer.capture_id)
    if capture is None or capture.status == "declined":
        raise _contradiction(payment, f"capture {answer.capture_id!r}")
    if capture.status == "captured":
        if capture.reference != answer.reference:
            raise _contradiction(payment, f"capture {answer.capture_id!r} as {answer.reference!r}")
        return ()
    captured = PaymentCaptured(
        order_id=payment.order_id,
        capture_id=answer.capture_id,
        amount=capture.amount,
        currency=payment.currency,
        reference=answer.reference,
        held=max(0, payment.held - capture.amount) if answer.holds_rest else 0,
    )
    return _held_again(payment, captured)


def _record_capture_decline(answer: RecordCaptureDecline, payment: Payment) -> Sequence[Event]:
    capture = payment.captures.get(answer.capture_id)
    if capture is None or capture.status == "captured":
        raise _contradiction(payment, f"decline of capture {answer.capture_id!r}")
    if capture.status == "declined":
        return ()
    return (_declined_capture(payment, answer.capture_id, answer.reason),)


def _record_capture_timeout(answer: RecordCaptureTimeout, payment: Payment) -> Sequence[Event]:
    capture = payment.captures.get(answer.capture_id)
    if capture is None or capture.status != "asked" or answer.attempt != capture.timeouts + 1:
        return ()
    return (CaptureTimedOut(order_id=payment.order_id, capture_id=answer.capture_id, attempt=answer.attempt),)


def _record_refund(answer: RecordRefund, payment: Payment) -> Sequence[Event]:
    share = _share(payment, answer.refund_id, answer.number)
    if share is not None and share.status == "declined" and share.reference == answer.reference:
        return ()
    if share is None or share.status == "declined":
        raise _contradiction(payment, f"refund {answer.refund_id!r}")
    if share.status == "refunded":
        if share.reference != answer.reference:
            raise _contradiction(payment, f"refund {answer.refund_id!r} as {answer.reference!r}")
        return ()
    return (
        PaymentRefunded(
            order_id=payment.order_id,
            refund_id=answer.refund_id,
            amount=share.amount,
            currency=payment.currency,
            reference=answer.reference,
            outstanding=payment.refunds[answer.refund_id].outstanding - share.amount,
            number=answer.number,
        ),
    )


def _record_refund_decline(answer: RecordRefundDecline, payment: Payment) -> Sequence[Event]:
    share = _share(payment, answer.refund_id, answer.number)
    if share is None or share.status == "refunded":
        raise _contradiction(payment, f"decline of refund {answer.refund_id!r}")
    if share.status == "declined":
        return ()
    return (
        RefundDeclined(
            order_id=payment.order_id,
            refund_id=answer.refund_id,
            amount=share.amount,
            reason=answer.reason,
            outstanding=payment.refunds[answer.refund_id].outstanding - share.amount,
            number=answer.number,
        ),
    )


def _record_refund_failure(news: RecordRefundFailure, payment: Payment) -> Sequence[Event]:
    """A refund that came again is a decline: what it gave back can be asked to be given back anew."""
    share = _share(payment, news.refund_id, news.number)
    if share is None or share.status == "declined":
        return ()
    outstanding = payment.refunds[news.refund_id].outstanding
    return (
        RefundDeclined(
            order_id=payment.order_id,
            refund_id=news.refund_id,
            amount=share.amount,
            reason=news.reason,
            outstanding=outstanding - (share.amount if share.status == "asked" else 0),
            number=news.number,
            reference=news.reference,
        ),
    )


def _record_refund_timeout(answer: RecordRefundTimeout, payment: Payment) -> Sequence[Event]:
    refund = payment.refunds.get(answer.refund_id)
    if refund is None or not refund.outstanding or answer.attempt != refund.timeouts + 1:
        return ()
    return (RefundTimedOut(order_id=payment.order_id, refund_id=answer.refund_id, attempt=answer.attempt),)


def _record_void(number: int, payment: Payment) -> Sequence[Event]:
    if number < payment.number or payment.status == "voided":
        return ()
    if payment.status == "voiding" and not payment.capturing:
        return (PaymentVoided(order_id=payment.order_id),)
    if payment.renewal == "releasing":
        return _released(payment, AuthorizationReleased(order_id=payment.order_id, number=number))
    raise _contradiction(payment, "void")


def _record_void_timeout(attempt: int, payment: Payment) -> Sequence[Event]:
    if not isinstance(due(payment), VoidDue) or attempt != payment.void_timeouts + 1:
        return ()
    return (VoidTimedOut(order_id=payment.order_id, attempt=attempt),)


def _note_movement(movement: NoteMovement, payment: Payment) -> Sequence[Event]:
    """Noted once, unless it is what the provider has answered us."""
    if payment.amount is None or _named(movement.kind, movement.reference) in payment.noted:
        return ()
    if movement.kind == "captured":
        asked = any(capture.reference == movement.reference for capture in payment.captures.values())
    elif movement.kind == "refunded":
        shares = (share for refund in payment.refunds.values() for share in refund.shares)
        asked = any(share.reference == movement.reference for share in shares)
    elif movement.kind == "released":
        ended = payment.status in ("voiding", "voided") or payment.renewal == "releasing"
        asked = ended or movement.reference != payment.authorization or not payment.held
    else:
        asked = False
    if asked:
        return ()
    return (
        MovementNoted(
            order_id=payment.order_id,
            kind=movement.kind,
            reference=movement.reference,
            amount=movement.amount.amount,
            currency=movement.amount.currency,
            occurred_at=movement.at,
            reason=movement.reason or None,
        ),
    )


def _named(kind: str, reference: str) -> str:
    return f"{kind}/{reference}"


# --- what follows ---


def _held_again(payment: Payment, event: Event) -> Sequence[Event]:
    """`event`, and what has to be held again when the next capture is more than what is held then."""
    after = evolve(payment, event)
    if after.renewal or not after.capturing or after.captures[after.capturing[0]].amount <= after.held:
        return (event,)
    return event, _reauthorization(after)


def _released(payment: Payment, *events: Event) -> Sequence[Event]:
    """`events`, after which nothing is held, and what has to be held again because of them."""
    for event in events:
        payment = evolve(payment, event)
    wanted = payment.about_to_be_captured + (payment.left if payment.status == "authorized" else 0)
    return (*events, _reauthorization(payment)) if wanted else events


def _reauthorization(payment: Payment, method: str = "") -> ReauthorizationAsked:
    left = payment.left if payment.status in ("authorized", "lapsed") else 0
    return ReauthorizationAsked(
        order_id=payment.order_id,
        number=payment.number + 1,
        amount=payment.about_to_be_captured + left,
        currency=payment.currency,
        method=method or None,
    )


def _expired(payment: Payment) -> AuthorizationExpired:
    return AuthorizationExpired(
        order_id=payment.order_id,
        authorization=payment.authorization,
        amount=payment.held,
        currency=payment.currency,
    )


def _declined_captures(payment: Payment, reason: str) -> Iterator[CaptureDeclined]:
    return (_declined_capture(payment, capture_id, reason) for capture_id in payment.capturing)


def _declined_capture(payment: Payment, capture_id: str, reason: str) -> CaptureDeclined:
    return CaptureDeclined(
        order_id=payment.order_id,
        capture_id=capture_id,
        amount=payment.captures[capture_id].amount,
        currency=payment.currency,
        reason=reason,
    )


def _share(payment: Payment, refund_id: str, number: int) -> ShareState | None:
    refund = payment.refunds.get(refund_id)
    shares = refund.shares if refund is not None else ()
    return next((share for share in shares if share.number == number), None)


def _require_currency(currency: str, payment: Payment) -> None:
    if payment.currency and currency != payment.currency:
        raise Conflict(
            f"The payment is in {payment.currency}, not in {currency}.",
            field="currency",
            value=currency,
            remedy=f"Name the amount in {payment.currency}.",
            code=CURRENCY_DIFFERS,
        )


def _differs(what: str, its_id: str, before: int, now: int) -> Rejection:
    return Conflict(
        f"The {what} {its_id!r} was asked before, for {before}.",
        field="amount",
        value=now,
        remedy=f"Repeat the request as it was, or give a new {what} an id of its own.",
        code=f"{what}-differs",
    )


def _contradiction(payment: Payment, answer: str) -> Rejection:
    return Conflict(
        f"The provider answers {answer} to the payment of order {payment.order_id}, which is {payment.status}"
        + (f" as {payment.authorization!r}." if payment.authorization else "."),
        remedy="Compare with the provider's own records before anything is repeated.",
        code="provider-contradiction",
    )


# --- evolve -------------------------------------------------------------------------------------------------


def evolve(payment: Payment, event: Event) -> Payment:
    """The payment after `event`."""
    match event:
        case AuthorizationAsked():
            return replace(
                payment,
                status="requested",
                order_id=event.order_id,
                amount=Money(event.amount, event.currency),
                asking=event.amount,
                method=event.method,
            )
        case AuthorizationTimedOut(attempt=attempt):
            return replace(payment, attempts=attempt)
        case PaymentAuthorized() | PaymentReauthorized():
            return replace(
                payment,
                status="authorized" if payment.status == "requested" else payment.status,
                authorization=event.authorization,
                expires_at=event.expires_at or "",
                held=event.amount,
                renewal="",
                attempts=payment.attempts + 1,
            )
        case AuthorizationCameLate(authorization=authorization):
            return replace(payment, authorization=authorization, attempts=payment.attempts + 1)
        case PaymentDeclined(reason=reason):
            return replace(payment, status="declined", reason=reason, attempts=payment.attempts + 1)
        case PaymentDelayed():
            return replace(payment, parked=True)
        case PaymentAbandoned(reason=reason):
            return replace(payment, status="abandoned", reason=reason)
        case AuthorizationExpired():
            return _lapsed(payment)
        case AuthorizationReleased():
            return replace(payment, renewal="", void_timeouts=0)
        case ReauthorizationAsked():
            return replace(
                payment,
                status="authorized" if payment.status == "lapsed" else payment.status,
                instead=event.method or payment.instead,
                number=event.number,
                renewal="asking",
                asking=event.amount,
                held=0,
                expires_at="",
                earlier=(*payment.earlier, payment.authorization),
                authorization="",
                attempts=0,
            )
        case ReauthorizationDeclined(reason=reason):
            status = "lapsed" if payment.status == "authorized" else payment.status
            return replace(payment, status=status, reason=reason, renewal="", attempts=payment.attempts + 1)
        case CaptureAsked(capture_id=capture_id, amount=amount):
            return replace(
                payment,
                captures=payment.captures.set(capture_id, CaptureState(amount)),
                capturing=(*payment.capturing, capture_id),
            )
        case CaptureTimedOut(capture_id=capture_id, attempt=attempt):
            capture = replace(payment.captures[capture_id], timeouts=attempt)
            return replace(payment, captures=payment.captures.set(capture_id, capture))
        case PaymentCaptured():
            return _captured(payment, event)
        case CaptureDeclined(capture_id=capture_id, amount=amount, reason=reason):
            known = payment.captures.get(capture_id) or CaptureState(amount)
            declined = replace(known, status="declined", reason=reason)
            return replace(
                payment,
                order_id=event.order_id,
                captures=payment.captures.set(capture_id, declined),
                capturing=_without(payment.capturing, capture_id),
            )
        case RefundAsked():
            shares = tuple(ShareState(share.number, share.amount) for share in event.shares)
            refund = RefundState(event.amount, event.reason, shares)
            return replace(
                payment,
                refunds=payment.refunds.set(event.refund_id, refund),
                refunding=(*payment.refunding, event.refund_id),
                taken=_moved(payment.taken, *((share.number, -share.amount) for share in event.shares)),
            )
        case RefundTimedOut(refund_id=refund_id, attempt=attempt):
            refund = replace(payment.refunds[refund_id], timeouts=attempt)
            return replace(payment, refunds=payment.refunds.set(refund_id, refund))
        case PaymentRefunded():
            return _answered(payment, event, "refunded", event.reference)
        case RefundDeclined():
            return _answered(payment, event, "declined", event.reference or "")
        case VoidAsked(order_id=order_id, reason=reason):
            return replace(payment, status="voiding", order_id=order_id, reason=reason)
        case VoidTimedOut(attempt=attempt):
            return replace(payment, void_timeouts=attempt)
        case PaymentVoided():
            return replace(payment, status="voided", held=0, renewal="")
        case MovementNoted(kind=kind, reference=reference):
            return replace(payment, noted=(*payment.noted, _named(kind, reference)))
    return payment


def _lapsed(payment: Payment) -> Payment:
    captures = payment.captures
    for capture_id in payment.capturing[:1]:
        capture = captures[capture_id]
        captures = captures.set(capture_id, replace(capture, lapses=capture.lapses + 1))
    return replace(payment, held=0, renewal="releasing", captures=captures)


def _captured(payment: Payment, event: PaymentCaptured) -> Payment:
    capture = replace(payment.captures[event.capture_id], status="captured", reference=event.reference)
    return replace(
        payment,
        captures=payment.captures.set(event.capture_id, capture),
        capturing=_without(payment.capturing, event.capture_id),
        captured=payment.captured + event.amount,
        held=event.held,
        taken=_moved(payment.taken, (payment.number, event.amount)),
    )


def _answered(
    payment: Payment, event: PaymentRefunded | RefundDeclined, status: MovementStatus, reference: str
) -> Payment:
    """The payment after the answer to one share of a refund; a refund that was refused has none."""
    refund = payment.refunds.get(event.refund_id) or RefundState(event.amount, "")
    before = refund.refunded
    reason = event.reason if isinstance(event, RefundDeclined) else ""
    shares = tuple(
        replace(share, status=status, reference=reference, reason=reason)
        if share.number == event.number
        else share
        for share in refund.shares
    )
    refund = replace(refund, shares=shares, reason=refund.reason or reason)
    back = ((event.number, event.amount),) if status == "declined" and shares else ()
    return replace(
        payment,
        order_id=event.order_id,
        refunds=payment.refunds.set(event.refund_id, refund),
        refunding=payment.refunding if refund.outstanding else _without(payment.refunding, event.refund_id),
        refunded=payment.refunded + refund.refunded - before,
        taken=_moved(payment.taken, *back),
    )


def _without(ids: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(one for one in ids if one != gone)


def _moved(taken: tuple[int, ...], *moves: tuple[int, int]) -> tuple[int, ...]:
    """What was taken by each authorization, after `moves` (authorization number, amount)."""
    amounts = list(taken)
    for number, amount in moves:
        amounts.extend([0] * (number - len(amounts)))
        amounts[number - 1] += amount
    return tuple(amounts)


CATALOG = EventCatalog(
    "payments",
    (
        *PUBLISHED,
        AuthorizationAsked,
        AuthorizationTimedOut,
        AuthorizationCameLate,
        AuthorizationReleased,
        ReauthorizationAsked,
        CaptureAsked,
        CaptureTimedOut,
        RefundAsked,
        RefundTimedOut,
        VoidAsked,
        VoidTimedOut,
    ),
)

PAYMENTS = Decider(CATALOG, Payment(), evolve, category="Payment", decide=decide)
