"""A payment: one order's money is authorized at most once, and voided when the order is called off.

The provider stands outside. Before it is asked for money, that is recorded (`AuthorizationAsked`), and before it
is asked to let go of it, that is too (`VoidAsked`). So the stream knows at any time whether the provider may have
been asked, also when a worker died in between, and `due` says what the provider has to be asked (again).
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from payments.contracts import (
    PUBLISHED,
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentDeclined,
    PaymentVoided,
)
from shared.decider import Decider
from shared.events import Event, EventCatalog
from shared.identifiers import OrderId
from shared.money import Currency, MinorUnits, Money
from shared.rejection import Conflict

MAX_ATTEMPTS = 5
"""So many times an authorization may time out before the payment is abandoned."""

PROVIDER_TIMEOUT = "provider_timeout"

PaymentStatus = Literal["new", "requested", "authorized", "declined", "abandoned", "voiding", "voided"]


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


class RecordAuthorization(Struct, frozen=True):
    """The provider has authorized, and calls it `authorization`."""

    authorization: str


class RecordDecline(Struct, frozen=True):
    """The provider has said no."""

    reason: str


class RecordAuthorizationTimeout(Struct, frozen=True):
    """Authorization attempt number `attempt` ended without an answer."""

    attempt: int


class RecordVoid(Struct, frozen=True):
    """The provider holds nothing for the order any more, and never will under its authorization's key."""


class RecordVoidTimeout(Struct, frozen=True):
    """Void attempt number `attempt` ended without an answer."""

    attempt: int


Command = (
    Authorize
    | Void
    | RecordAuthorization
    | RecordDecline
    | RecordAuthorizationTimeout
    | RecordVoid
    | RecordVoidTimeout
)


# --- state --------------------------------------------------------------------------------------------------


class Payment(Struct, frozen=True):
    """What is known of one order's payment.

    `attempts` counts the authorization attempts whose end is known (answered or timed out), `void_timeouts` the
    voids without an answer. `authorization` is empty while no authorization is known, `reason` says why the
    payment was declined, abandoned or voided.
    """

    status: PaymentStatus = "new"
    order_id: str = ""
    amount: Money | None = None
    method: str = ""
    authorization: str = ""
    reason: str = ""
    attempts: int = 0
    void_timeouts: int = 0


class AuthorizationDue(Struct, frozen=True):
    """The provider has to be asked to authorize; it is attempt number `attempt`."""

    order_id: str
    amount: Money
    method: str
    attempt: int


class VoidDue(Struct, frozen=True):
    """The provider has to be asked to void; it is attempt number `attempt`."""

    order_id: str
    attempt: int


def due(payment: Payment) -> AuthorizationDue | VoidDue | None:
    """What the provider has to be asked next, or None when the payment rests."""
    if payment.status == "requested" and payment.amount is not None:
        return AuthorizationDue(payment.order_id, payment.amount, payment.method, payment.attempts + 1)
    if payment.status == "voiding":
        return VoidDue(payment.order_id, payment.void_timeouts + 1)
    return None


# --- decide -------------------------------------------------------------------------------------------------


def decide(command: Command, payment: Payment) -> Sequence[Event]:
    """The events that `command` leads to; none when it says nothing new. Raises Conflict."""
    match command:
        case Authorize():
            return _authorize(command, payment)
        case Void():
            return _void(command, payment)
        case RecordAuthorization(authorization):
            return _record_authorization(authorization, payment)
        case RecordDecline(reason):
            return _record_decline(reason, payment)
        case RecordAuthorizationTimeout(attempt):
            return _record_authorization_timeout(attempt, payment)
        case RecordVoid():
            return _record_void(payment)
        case RecordVoidTimeout(attempt):
            return _record_void_timeout(attempt, payment)


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
        case "new" | "declined":
            return asked, PaymentVoided(order_id=command.order_id)
        case "requested" | "authorized" | "abandoned":
            return (asked,)


def _record_authorization(authorization: str, payment: Payment) -> Sequence[Event]:
    if payment.authorization:
        if authorization != payment.authorization:
            raise _contradiction(payment, f"authorization {authorization!r}")
        return ()
    match payment.status:
        case "requested" if payment.amount is not None:
            return (
                PaymentAuthorized(
                    order_id=payment.order_id,
                    amount=payment.amount.amount,
                    currency=payment.amount.currency,
                    authorization=authorization,
                ),
            )
        case "abandoned" | "voiding" | "voided":
            return (AuthorizationCameLate(order_id=payment.order_id, authorization=authorization),)
        case _:
            raise _contradiction(payment, f"authorization {authorization!r}")


def _record_decline(reason: str, payment: Payment) -> Sequence[Event]:
    match payment.status:
        case "requested":
            return (PaymentDeclined(order_id=payment.order_id, reason=reason),)
        case "declined" | "abandoned" | "voiding" | "voided":
            return ()
        case "new" | "authorized":
            raise _contradiction(payment, f"decline {reason!r}")


def _record_authorization_timeout(attempt: int, payment: Payment) -> Sequence[Event]:
    if payment.status != "requested" or attempt != payment.attempts + 1:
        return ()
    timed_out = AuthorizationTimedOut(order_id=payment.order_id, attempt=attempt)
    if attempt < MAX_ATTEMPTS:
        return (timed_out,)
    return timed_out, PaymentAbandoned(order_id=payment.order_id, reason=PROVIDER_TIMEOUT)


def _record_void(payment: Payment) -> Sequence[Event]:
    match payment.status:
        case "voiding":
            return (PaymentVoided(order_id=payment.order_id),)
        case "voided":
            return ()
        case _:
            raise _contradiction(payment, "void")


def _record_void_timeout(attempt: int, payment: Payment) -> Sequence[Event]:
    if payment.status != "voiding" or attempt != payment.void_timeouts + 1:
        return ()
    return (VoidTimedOut(order_id=payment.order_id, attempt=attempt),)


def _contradiction(payment: Payment, answer: str) -> Conflict:
    """A provider that does not keep its port's promises: somebody has to look before money moves again."""
    return Conflict(
        f"The provider's answer ({answer}) contradicts the payment of order {payment.order_id or 'unknown'}: "
        f"it is {payment.status} with authorization {payment.authorization or 'none'}.",
        value=answer,
        remedy="Compare with the provider's own records before this message is redriven.",
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
                method=event.method,
            )
        case AuthorizationTimedOut(attempt=attempt):
            return replace(payment, attempts=attempt)
        case PaymentAuthorized(authorization=authorization):
            return replace(
                payment, status="authorized", authorization=authorization, attempts=payment.attempts + 1
            )
        case AuthorizationCameLate(authorization=authorization):
            return replace(payment, authorization=authorization, attempts=payment.attempts + 1)
        case PaymentDeclined(reason=reason):
            return replace(payment, status="declined", reason=reason, attempts=payment.attempts + 1)
        case PaymentAbandoned(reason=reason):
            return replace(payment, status="abandoned", reason=reason)
        case VoidAsked(order_id=order_id, reason=reason):
            return replace(payment, status="voiding", order_id=order_id, reason=reason)
        case VoidTimedOut(attempt=attempt):
            return replace(payment, void_timeouts=attempt)
        case PaymentVoided():
            return replace(payment, status="voided")
    return payment


CATALOG = EventCatalog(
    "payments",
    (*PUBLISHED, AuthorizationAsked, AuthorizationTimedOut, AuthorizationCameLate, VoidAsked, VoidTimedOut),
)

PAYMENTS = Decider(CATALOG, Payment(), evolve, category="Payment", decide=decide)
