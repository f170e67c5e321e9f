"""What payments tells the other services. A published shape only grows; anything else is a new version."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.events import Event
from shared.identifiers import OrderId, Timestamp
from shared.money import Currency, MinorUnits

Authorization = Annotated[
    str,
    Meta(
        description="The provider's reference of the authorization.",
        examples=["auth_8b6f0d0e-7c1f-8a52-9d3b-54a1f1c0e2d7"],
    ),
]
DeclineReason = Annotated[
    str,
    Meta(description="Why the provider said no, in the provider's word.", examples=["insufficient_funds"]),
]
CaptureId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
        description="What a capture is for, such as the outbound shipment: it is made once, however often asked.",
        examples=["0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"],
    ),
]
RefundId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
        description="What a refund is for, such as the return: it is made once, however often asked.",
        examples=["RMA-20931"],
    ),
]
Reference = Annotated[
    str,
    Meta(description="What the provider calls it.", examples=["cap_0d4c5a11-93f1-8e06-a7ce-8f0f1d8a1b52"]),
]
RefundReason = Annotated[
    str, Meta(min_length=1, max_length=200, description="Why money goes back.", examples=["goods returned"])
]
MovementKind = Literal["captured", "refunded", "refund_failed", "released", "disputed", "dispute_closed"]
Attempts = Annotated[int, Meta(ge=0, description="How often the provider was asked.", examples=[5])]
DelayReason = Annotated[str, Meta(description="Why there is no answer yet.", examples=["provider_timeout"])]
AbandonReason = Annotated[str, Meta(description="Why payments stopped trying.", examples=["provider_timeout"])]


class PaymentAuthorized(Event, frozen=True, kw_only=True):
    """The provider holds the order's amount for us, until `expires_at` when it says so."""

    version: ClassVar[int] = 1
    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    authorization: Authorization
    expires_at: Timestamp | None = None


class PaymentDeclined(Event, frozen=True, kw_only=True):
    """The provider said no: nothing is held, and asking again would not help."""

    version: ClassVar[int] = 1
    order_id: OrderId
    reason: DeclineReason


class PaymentDelayed(Event, frozen=True, kw_only=True):
    """The provider does not answer, or is left alone because it does not: the payment is parked.

    It was asked `attempts` times, so money may be held, and is asked again by the clock. An answer still comes,
    unless the order asks for a void first.
    """

    version: ClassVar[int] = 1
    order_id: OrderId
    attempts: Attempts
    reason: DelayReason


class PaymentAbandoned(Event, frozen=True, kw_only=True):
    """The provider gave no answer for days: money may be held, so whoever reads this has to ask for a void."""

    version: ClassVar[int] = 1
    order_id: OrderId
    reason: AbandonReason


class PaymentVoided(Event, frozen=True, kw_only=True):
    """Nothing is held for the order, and nothing will be. What was captured stays captured."""

    version: ClassVar[int] = 1
    order_id: OrderId


class PaymentCaptured(Event, frozen=True, kw_only=True):
    """The provider has taken `amount` of what it held; `held` is what it still holds."""

    version: ClassVar[int] = 1
    order_id: OrderId
    capture_id: CaptureId
    amount: MinorUnits
    currency: Currency
    reference: Reference
    held: MinorUnits


class CaptureDeclined(Event, frozen=True, kw_only=True):
    """Nothing was taken for this capture, and nothing will be."""

    version: ClassVar[int] = 1
    order_id: OrderId
    capture_id: CaptureId
    amount: MinorUnits
    currency: Currency
    reason: DeclineReason


class PaymentRefunded(Event, frozen=True, kw_only=True):
    """`amount` goes back to the customer. `outstanding` is what of the same refund is still to be answered.

    A refund comes in several parts when its money was taken by several authorizations: `number` says by which.
    """

    version: ClassVar[int] = 1
    order_id: OrderId
    refund_id: RefundId
    amount: MinorUnits
    currency: Currency
    reference: Reference
    outstanding: MinorUnits = 0
    number: int = 1


class RefundDeclined(Event, frozen=True, kw_only=True):
    """`amount` of this refund does not go back. `outstanding` is what of it is still to be answered.

    With a `reference` it had gone back, and came again: banks say so up to weeks later.
    """

    version: ClassVar[int] = 1
    order_id: OrderId
    refund_id: RefundId
    amount: MinorUnits
    reason: DeclineReason
    outstanding: MinorUnits = 0
    number: int = 1
    reference: Reference | None = None


class AuthorizationExpired(Event, frozen=True, kw_only=True):
    """The provider no longer holds `amount`. What is still to be captured is asked to be held again."""

    version: ClassVar[int] = 1
    order_id: OrderId
    authorization: Authorization
    amount: MinorUnits
    currency: Currency


class PaymentReauthorized(Event, frozen=True, kw_only=True):
    """The provider holds `amount`, all that is still to be captured, by a new authorization."""

    version: ClassVar[int] = 1
    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    authorization: Authorization
    expires_at: Timestamp | None = None


class ReauthorizationDeclined(Event, frozen=True, kw_only=True):
    """The provider does not hold `amount` again: nothing more can be captured for the order."""

    version: ClassVar[int] = 1
    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    reason: DeclineReason


class MovementNoted(Event, frozen=True, kw_only=True):
    """Something happened to the order's money at the provider that payments did not ask for.

    `captured`, `refunded`, `released` (what was held is held no more), `disputed`, `dispute_closed`, or
    `refund_failed`: money that had gone back came again. `reference` is the provider's, `reason` its word for why.
    """

    version: ClassVar[int] = 1
    order_id: OrderId
    kind: MovementKind
    reference: Reference
    amount: MinorUnits
    currency: Currency
    occurred_at: Timestamp
    reason: str | None = None


PUBLISHED: tuple[type[Event], ...] = (
    PaymentAuthorized,
    PaymentDeclined,
    PaymentDelayed,
    PaymentAbandoned,
    PaymentVoided,
    PaymentCaptured,
    CaptureDeclined,
    PaymentRefunded,
    RefundDeclined,
    AuthorizationExpired,
    PaymentReauthorized,
    ReauthorizationDeclined,
    MovementNoted,
)
TOLD_TOGETHER: tuple[type[Event], ...] = (
    PaymentAuthorized,
    PaymentCaptured,
)
"""Small facts that come in numbers, and whose readers take many at once: several may share a message."""

_ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
_AUTHORIZATION = "auth_8b6f0d0e-7c1f-8a52-9d3b-54a1f1c0e2d7"
_DISPATCH = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"

EXAMPLES: dict[type[Event], Event] = {
    PaymentAuthorized: PaymentAuthorized(
        order_id=_ORDER,
        amount=12485,
        currency="EUR",
        authorization=_AUTHORIZATION,
        expires_at="2026-02-07T09:30:00.000Z",
    ),
    PaymentDeclined: PaymentDeclined(order_id=_ORDER, reason="insufficient_funds"),
    PaymentDelayed: PaymentDelayed(order_id=_ORDER, attempts=5, reason="provider_timeout"),
    PaymentAbandoned: PaymentAbandoned(order_id=_ORDER, reason="provider_timeout"),
    PaymentVoided: PaymentVoided(order_id=_ORDER),
    PaymentCaptured: PaymentCaptured(
        order_id=_ORDER,
        capture_id=_DISPATCH,
        amount=7485,
        currency="EUR",
        reference="cap_0d4c5a11-93f1-8e06-a7ce-8f0f1d8a1b52",
        held=5000,
    ),
    CaptureDeclined: CaptureDeclined(
        order_id=_ORDER, capture_id=_DISPATCH, amount=7485, currency="EUR", reason="card_declined"
    ),
    PaymentRefunded: PaymentRefunded(
        order_id=_ORDER,
        refund_id="RMA-20931",
        amount=1995,
        currency="EUR",
        reference="re_5d8c6f70-02b4-8d53-9c5f-6a1d27c1f0aa",
    ),
    RefundDeclined: RefundDeclined(
        order_id=_ORDER, refund_id="RMA-20931", amount=1995, reason="expired_or_canceled_card"
    ),
    AuthorizationExpired: AuthorizationExpired(
        order_id=_ORDER, authorization=_AUTHORIZATION, amount=5000, currency="EUR"
    ),
    PaymentReauthorized: PaymentReauthorized(
        order_id=_ORDER,
        amount=5000,
        currency="EUR",
        authorization="auth_2c1a7d34-11c0-8b5e-8f21-7d7f0a4c9e13",
        expires_at="2026-02-14T09:30:00.000Z",
    ),
    ReauthorizationDeclined: ReauthorizationDeclined(
        order_id=_ORDER, amount=5000, currency="EUR", reason="insufficient_funds"
    ),
    MovementNoted: MovementNoted(
        order_id=_ORDER,
        kind="disputed",
        reference="du_1MtJUT2eZvKYlo2CNaw2HvEv",
        amount=7485,
        currency="EUR",
        occurred_at="2026-03-02T11:05:00.000Z",
        reason="product_not_received",
    ),
}
