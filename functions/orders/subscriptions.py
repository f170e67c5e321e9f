"""What orders reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from shared.identifiers import CalendarDate, HoldingId, LineId, LotNumber, OrderId, SerialNumber, Sku
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


class Pick(Struct, frozen=True):
    """Concrete units that are set aside for a line."""

    holding: HoldingId
    place: HoldingId
    units: Units
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class LineAllocated(Struct, frozen=True):
    """inventory.LineAllocated: concrete units are set aside for a line."""

    order_id: OrderId
    line_id: LineId
    picks: tuple[Pick, ...]


class LineUnallocated(Struct, frozen=True):
    """inventory.LineUnallocated: `missing` units of a line are not set aside."""

    order_id: OrderId
    line_id: LineId
    missing: Units


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
    "inventory.LineAllocated": LineAllocated,
    "inventory.LineUnallocated": LineUnallocated,
    "inventory.ProductRegistered": ProductRegistered,
}
