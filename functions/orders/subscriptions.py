"""What orders reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from shared.identifiers import LineId, OrderId, Sku
from shared.quantity import Units


class PaymentAuthorized(Struct, frozen=True):
    """payments.PaymentAuthorized: the money is set aside."""

    order_id: OrderId
    authorization: str


class PaymentDeclined(Struct, frozen=True):
    """payments.PaymentDeclined: the means of payment was refused."""

    order_id: OrderId
    reason: str


class PaymentAbandoned(Struct, frozen=True):
    """payments.PaymentAbandoned: the provider has not answered; whether money is set aside is unknown."""

    order_id: OrderId
    reason: str


class PaymentVoided(Struct, frozen=True):
    """payments.PaymentVoided: no money is set aside any more."""

    order_id: OrderId


class LineReserved(Struct, frozen=True):
    """inventory.LineReserved: a line has its units."""

    order_id: OrderId
    line_id: LineId


class LineShort(Struct, frozen=True):
    """inventory.LineShort: a line waits; `available` units were free."""

    order_id: OrderId
    line_id: LineId
    available: Units


class LineBroken(Struct, frozen=True):
    """inventory.LineBroken: a line has lost its units and waits again."""

    order_id: OrderId
    line_id: LineId


class ReservationReleased(Struct, frozen=True):
    """inventory.ReservationReleased: a line claims nothing any more."""

    order_id: OrderId
    line_id: LineId


class ProductRegistered(Struct, frozen=True):
    """inventory.ProductRegistered: a product can be ordered."""

    sku: Sku
    name: str


READS: dict[str, type[Struct]] = {
    "payments.PaymentAuthorized": PaymentAuthorized,
    "payments.PaymentDeclined": PaymentDeclined,
    "payments.PaymentAbandoned": PaymentAbandoned,
    "payments.PaymentVoided": PaymentVoided,
    "inventory.LineReserved": LineReserved,
    "inventory.LineShort": LineShort,
    "inventory.LineBroken": LineBroken,
    "inventory.ReservationReleased": ReservationReleased,
    "inventory.ProductRegistered": ProductRegistered,
}
