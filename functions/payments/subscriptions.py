"""What payments reads of the orders service: only the fields it needs, whatever else is there."""

from msgspec import Struct

from shared.identifiers import OrderId
from shared.money import Currency, MinorUnits


class PaymentAuthorizationRequested(Struct, frozen=True, kw_only=True):
    """An order wants its amount held. `attempt` counts how often the order has asked; only logs show it."""

    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    method: str
    attempt: int = 1


class PaymentVoidRequested(Struct, frozen=True, kw_only=True):
    """An order was called off: whatever is held for it has to be let go."""

    order_id: OrderId
    reason: str


READS: dict[str, type[Struct]] = {
    "orders.PaymentAuthorizationRequested": PaymentAuthorizationRequested,
    "orders.PaymentVoidRequested": PaymentVoidRequested,
}
