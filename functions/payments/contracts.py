"""What payments tells the other services. A published shape only grows; anything else is a new version."""

from typing import Annotated, ClassVar

from msgspec import Meta

from shared.events import Event
from shared.identifiers import OrderId
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
AbandonReason = Annotated[str, Meta(description="Why payments stopped trying.", examples=["provider_timeout"])]


class PaymentAuthorized(Event, frozen=True, kw_only=True):
    """The provider holds the order's amount for us."""

    version: ClassVar[int] = 1
    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    authorization: Authorization


class PaymentDeclined(Event, frozen=True, kw_only=True):
    """The provider said no: nothing is held, and asking again would not help."""

    version: ClassVar[int] = 1
    order_id: OrderId
    reason: DeclineReason


class PaymentAbandoned(Event, frozen=True, kw_only=True):
    """The provider gave no answer at any try: money may be held, so whoever reads this has to ask for a void."""

    version: ClassVar[int] = 1
    order_id: OrderId
    reason: AbandonReason


class PaymentVoided(Event, frozen=True, kw_only=True):
    """Nothing is held for the order, and nothing will be."""

    version: ClassVar[int] = 1
    order_id: OrderId


PUBLISHED: tuple[type[Event], ...] = (PaymentAuthorized, PaymentDeclined, PaymentAbandoned, PaymentVoided)

_ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"

EXAMPLES: dict[type[Event], Event] = {
    PaymentAuthorized: PaymentAuthorized(
        order_id=_ORDER,
        amount=12485,
        currency="EUR",
        authorization="auth_8b6f0d0e-7c1f-8a52-9d3b-54a1f1c0e2d7",
    ),
    PaymentDeclined: PaymentDeclined(order_id=_ORDER, reason="insufficient_funds"),
    PaymentAbandoned: PaymentAbandoned(order_id=_ORDER, reason="provider_timeout"),
    PaymentVoided: PaymentVoided(order_id=_ORDER),
}
