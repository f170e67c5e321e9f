"""What orders reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from orders.contracts import ReplacementRequested, ReplacementUndone
from shared.gs1 import Sscc
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LotNumber,
    OrderId,
    SerialNumber,
    Sku,
    Timestamp,
)
from shared.money import MinorUnits
from shared.quantity import Quantity, Units


class PaymentAuthorized(Struct, frozen=True):
    """payments.PaymentAuthorized: the money is set aside."""

    order_id: OrderId
    authorization: str


class PaymentDeclined(Struct, frozen=True):
    """payments.PaymentDeclined: the means of payment was refused."""

    order_id: OrderId
    reason: str


class PaymentDelayed(Struct, frozen=True):
    """payments.PaymentDelayed: the provider does not answer for now; whether money is set aside is unknown."""

    order_id: OrderId


class PaymentAbandoned(Struct, frozen=True):
    """payments.PaymentAbandoned: the provider has not answered; whether money is set aside is unknown."""

    order_id: OrderId
    reason: str


class PaymentReauthorized(Struct, frozen=True):
    """payments.PaymentReauthorized: the money is set aside by a new authorization."""

    order_id: OrderId


class ReauthorizationDeclined(Struct, frozen=True):
    """payments.ReauthorizationDeclined: the money is no longer set aside."""

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
    """inventory.ReservationReleased: a line claims only `keeps` units in all any more; 0: nothing."""

    order_id: OrderId
    line_id: LineId
    keeps: Units = 0


class Pick(Struct, frozen=True):
    """Concrete units that are set aside for a line."""

    holding: HoldingId
    place: HoldingId
    units: Units
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class LineAllocated(Struct, frozen=True):
    """inventory.LineAllocated: concrete units are set aside for a line, which was to have `quantity`."""

    order_id: OrderId
    line_id: LineId
    picks: tuple[Pick, ...]
    quantity: Units = 0


class LineUnallocated(Struct, frozen=True):
    """inventory.LineUnallocated: `missing` units of a line, which was to have `quantity`, are not set aside."""

    order_id: OrderId
    line_id: LineId
    missing: Units
    quantity: Units = 0


class PaymentCaptured(Struct, frozen=True):
    """payments.PaymentCaptured: the money for a shipment is taken."""

    order_id: OrderId
    capture_id: str
    amount: MinorUnits


class CaptureDeclined(Struct, frozen=True):
    """payments.CaptureDeclined: the money for a shipment is not taken."""

    order_id: OrderId
    capture_id: str
    reason: str


class PaymentRefunded(Struct, frozen=True):
    """payments.PaymentRefunded: part `number` of a refund goes back to the customer."""

    order_id: OrderId
    refund_id: str
    amount: MinorUnits
    number: int = 1


class RefundDeclined(Struct, frozen=True):
    """payments.RefundDeclined: part `number` of a refund does not go back."""

    order_id: OrderId
    refund_id: str
    amount: MinorUnits
    number: int = 1


class PickingStarted(Struct, frozen=True):
    """picking.PickingStarted: somebody collects units of the order."""

    order_id: OrderId


class LineUnits(Struct, frozen=True):
    """So many units of a line."""

    line_id: LineId
    sku: Sku
    units: Quantity


class OrderPicked(Struct, frozen=True):
    """picking.OrderPicked: no pick of the order is open any more; `lines` are picked. The last `number` counts."""

    order_id: OrderId
    lines: tuple[LineUnits, ...]
    number: int = 1


class PackedCarton(Struct, frozen=True):
    """A carton that was packed."""

    sscc: Sscc
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    carton_type: str | None = None


class OrderPacked(Struct, frozen=True):
    """picking.OrderPacked: one shipment of the order is packed."""

    order_id: OrderId
    shipment_id: str
    cartons: tuple[PackedCarton, ...]
    lines: tuple[LineUnits, ...]


class ShipmentLabelled(Struct, frozen=True):
    """shipping.ShipmentLabelled: all cartons of a shipment have labels."""

    order_id: OrderId
    shipment_id: str


class LabelFailed(Struct, frozen=True):
    """shipping.LabelFailed: the carrier makes no labels; `permanent`: nor will it for that address."""

    order_id: OrderId
    shipment_id: str
    reason: str
    permanent: bool


class CartonRecalled(Struct, frozen=True):
    """inventory.CartonRecalled: there are units of a recalled lot in a packed carton."""

    order_id: OrderId
    shipment_id: str
    holding: Sscc
    sku: Sku
    lot: LotNumber
    reason: str
    lines: tuple[LineUnits, ...] = ()


class CartonKept(Struct, frozen=True):
    """shipping.CartonKept: others of its shipment have left, this carton stays."""

    order_id: OrderId
    shipment_id: str
    sscc: Sscc


class ShipmentVoided(Struct, frozen=True):
    """shipping.ShipmentVoided: a shipment's labels are void."""

    order_id: OrderId
    shipment_id: str


class ShipmentDispatched(Struct, frozen=True):
    """shipping.ShipmentDispatched: cartons of a shipment have left the warehouse."""

    order_id: OrderId
    shipment_id: str
    cartons: tuple[Sscc, ...]
    dispatched_at: Timestamp


class ShipmentDelivered(Struct, frozen=True):
    """shipping.ShipmentDelivered: the customer has all cartons of a shipment."""

    order_id: OrderId
    shipment_id: str
    delivered_at: Timestamp


class DeliveryFailed(Struct, frozen=True):
    """shipping.DeliveryFailed: nothing of a shipment is on its way any more, and not all of it arrived."""

    order_id: OrderId
    shipment_id: str
    returned: tuple[Sscc, ...]


class ReturnedUnits(Struct, frozen=True):
    """Units of a line that came back, and what became of them; `refused` ones give the customer nothing."""

    line_id: LineId
    sku: Sku
    units: Quantity
    disposition: str


class ReturnReceived(Struct, frozen=True):
    """receiving.ReturnReceived: goods of a return are back."""

    order_id: OrderId
    return_id: str
    lines: tuple[ReturnedUnits, ...]


class ProductRegistered(Struct, frozen=True):
    """inventory.ProductRegistered: a product can be ordered; `substitutes` may be sent instead, the best first."""

    sku: Sku
    name: str
    substitutes: tuple[Sku, ...] = ()


class ProductChanged(ProductRegistered, frozen=True):
    """inventory.ProductChanged: the same, said anew."""


READS: dict[str, type[Struct]] = {
    "payments.PaymentAuthorized": PaymentAuthorized,
    "payments.PaymentDeclined": PaymentDeclined,
    "payments.PaymentDelayed": PaymentDelayed,
    "payments.PaymentAbandoned": PaymentAbandoned,
    "payments.PaymentReauthorized": PaymentReauthorized,
    "payments.ReauthorizationDeclined": ReauthorizationDeclined,
    "payments.PaymentVoided": PaymentVoided,
    "inventory.LineReserved": LineReserved,
    "inventory.LineShort": LineShort,
    "inventory.LineBroken": LineBroken,
    "inventory.ReservationReleased": ReservationReleased,
    "inventory.LineAllocated": LineAllocated,
    "inventory.CartonRecalled": CartonRecalled,
    "shipping.CartonKept": CartonKept,
    "inventory.LineUnallocated": LineUnallocated,
    "inventory.ProductRegistered": ProductRegistered,
    "inventory.ProductChanged": ProductChanged,
    "payments.PaymentCaptured": PaymentCaptured,
    "payments.CaptureDeclined": CaptureDeclined,
    "payments.PaymentRefunded": PaymentRefunded,
    "payments.RefundDeclined": RefundDeclined,
    "picking.PickingStarted": PickingStarted,
    "picking.OrderPicked": OrderPicked,
    "picking.OrderPacked": OrderPacked,
    "shipping.ShipmentLabelled": ShipmentLabelled,
    "shipping.LabelFailed": LabelFailed,
    "shipping.ShipmentVoided": ShipmentVoided,
    "shipping.ShipmentDispatched": ShipmentDispatched,
    "shipping.ShipmentDelivered": ShipmentDelivered,
    "shipping.DeliveryFailed": DeliveryFailed,
    "receiving.ReturnReceived": ReturnReceived,
    "orders.ReplacementRequested": ReplacementRequested,
    "orders.ReplacementUndone": ReplacementUndone,
}
