"""What payments reads of the orders service: only the fields it needs, whatever else is there."""

from msgspec import Struct

from payments.contracts import CaptureId, RefundId
from shared.identifiers import OrderId
from shared.money import Currency, MinorUnits, PositiveMinorUnits


class PaymentAuthorizationRequested(Struct, frozen=True, kw_only=True):
    """An order wants its amount held. `attempt` counts how often the order has asked; only logs show it."""

    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    method: str
    attempt: int = 1


class PaymentRenewalRequested(Struct, frozen=True, kw_only=True):
    """What is not held any more for an order has to be held again, by another `method` where one is named."""

    order_id: OrderId
    method: str | None = None


class PaymentVoidRequested(Struct, frozen=True, kw_only=True):
    """An order was called off: whatever is held for it has to be let go."""

    order_id: OrderId
    reason: str


class CaptureRequested(Struct, frozen=True, kw_only=True):
    """Goods have left: their money has to be taken."""

    order_id: OrderId
    capture_id: CaptureId
    amount: PositiveMinorUnits
    currency: Currency


class RefundRequested(Struct, frozen=True, kw_only=True):
    """Goods came back, or never arrived: their money has to go back."""

    order_id: OrderId
    refund_id: RefundId
    amount: PositiveMinorUnits
    reason: str


READS: dict[str, type[Struct]] = {
    "orders.PaymentAuthorizationRequested": PaymentAuthorizationRequested,
    "orders.PaymentRenewalRequested": PaymentRenewalRequested,
    "orders.PaymentVoidRequested": PaymentVoidRequested,
    "orders.CaptureRequested": CaptureRequested,
    "orders.RefundRequested": RefundRequested,
}
