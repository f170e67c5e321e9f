"""What can be asked of an order, and what the other services can tell it."""

from datetime import datetime

from msgspec import Struct

from orders.contracts import (
    NORMAL_PRIORITY,
    CarrierService,
    Carton,
    Channel,
    CustomerReference,
    HoldKind,
    OrderLine,
    PaymentMethod,
    Pick,
    Priority,
    Reason,
    Reference,
    Replaces,
    Resolution,
    ReturnId,
    ShipmentId,
    UnitsOfLine,
)
from orders.domain.facts import CameBack
from shared.address import Address
from shared.gs1 import Sscc
from shared.identifiers import LineId, LotNumber, OrderId, Sku, Timestamp, WarehouseCode
from shared.quantity import Quantity


class PlaceOrder(Struct, frozen=True):
    """Take an order, received at `at`."""

    order_id: OrderId
    channel: Channel
    reference: Reference | None
    customer: CustomerReference | None
    warehouse: WarehouseCode
    currency: str
    method: PaymentMethod
    placed_at: Timestamp
    lines: tuple[OrderLine, ...]
    at: datetime
    ship_to: Address | None = None
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False
    replaces: Replaces | None = None


class CancelOrder(Struct, frozen=True):
    """Give the order up, or what of it has not left."""

    reason: Reason
    at: datetime


class ReleaseOrder(Struct, frozen=True):
    """Let the order be picked: its lines are to get concrete units."""

    at: datetime


class HoldOrder(Struct, frozen=True):
    """Let nothing of the order be released or leave until the hold is released."""

    kind: HoldKind
    reason: Reason
    at: datetime


class ReleaseHold(Struct, frozen=True):
    """That hold no longer stops the order."""

    kind: HoldKind
    at: datetime


class ChangeShipTo(Struct, frozen=True):
    """Send what has no label yet to another address."""

    ship_to: Address
    at: datetime


class ChangePriority(Struct, frozen=True):
    """Make the order more or less urgent."""

    priority: Priority
    at: datetime


class SubstituteLine(Struct, frozen=True):
    """Send another product instead of `units` that a line lacks (None: of all).

    `sku` is one of those that `may` be sent instead; None: the first of them.
    """

    line_id: LineId
    sku: Sku | None
    units: Quantity | None
    may: tuple[Sku, ...]
    at: datetime


class ChangePaymentMethod(Struct, frozen=True):
    """Set the order's money aside by another means of payment."""

    method: PaymentMethod
    at: datetime


class RetryCaptures(Struct, frozen=True):
    """Ask again for the money that could not be taken."""

    at: datetime


class RetryRefunds(Struct, frozen=True):
    """Ask again for what should have gone back to the customer, and did not."""

    at: datetime


class ReturnWish(Struct, frozen=True):
    """Units of a line that the customer wants to send back."""

    line_id: LineId
    units: Quantity
    lot: LotNumber | None = None


class AuthorizeReturn(Struct, frozen=True):
    """Let the customer send goods back."""

    return_id: ReturnId
    lines: tuple[ReturnWish, ...]
    reason: Reason
    resolution: Resolution
    at: datetime


class GiveUpParcels(Struct, frozen=True):
    """What of a shipment did not arrive never will: the customer gets `lines` of it back without sending any."""

    return_id: ReturnId
    shipment_id: ShipmentId
    lines: tuple[ReturnWish, ...]
    reason: Reason
    resolution: Resolution
    at: datetime


class RequestPicking(Struct, frozen=True):
    """Ask for the picks that one decision could not hold."""

    at: datetime


class NoteAllocatedLine(Struct, frozen=True):
    """Inventory says: concrete units are set aside for the line, which was to have `quantity` (0: unsaid)."""

    line_id: LineId
    answer: int
    picks: tuple[Pick, ...]
    at: datetime
    quantity: int = 0


class NoteUnallocatedLine(Struct, frozen=True):
    """Inventory says: `missing` units of the line, which was to have `quantity`, are not set aside."""

    line_id: LineId
    answer: int
    missing: int
    at: datetime
    quantity: int = 0


class NoteAuthorization(Struct, frozen=True):
    """Payments says: the money is set aside."""

    authorization: str
    at: datetime


class NoteDecline(Struct, frozen=True):
    """Payments says: declined."""

    reason: str
    at: datetime


class NoteDelayedPayment(Struct, frozen=True):
    """Payments says: the provider does not answer for now, and is asked again by the clock."""

    at: datetime


class NoteAbandonedPayment(Struct, frozen=True):
    """Payments says: the provider does not answer, and will not be asked again."""

    reason: str
    at: datetime


class NoteLapse(Struct, frozen=True):
    """Payments says: the money is no longer set aside, and cannot be again."""

    answer: int
    reason: str
    at: datetime


class NoteRenewal(Struct, frozen=True):
    """Payments says: the money is set aside by a new authorization."""

    answer: int
    at: datetime


class NoteVoid(Struct, frozen=True):
    """Payments says: no money is set aside any more."""

    at: datetime


class NoteCapture(Struct, frozen=True):
    """Payments says: the money for a shipment is taken."""

    capture_id: str
    amount: int
    at: datetime


class NoteDeclinedCapture(Struct, frozen=True):
    """Payments says: the money for a shipment cannot be taken."""

    capture_id: str
    reason: str
    at: datetime


class NoteRefund(Struct, frozen=True):
    """Payments says: part `number` of a refund has gone back to the customer, or does not."""

    refund_id: str
    number: int
    amount: int
    declined: bool
    at: datetime
    answer: int = 0


class NoteReservedLine(Struct, frozen=True):
    """Inventory says: the line has its units."""

    line_id: LineId
    answer: int
    at: datetime


class NoteWaitingLine(Struct, frozen=True):
    """Inventory says: the line has no units, or has lost them, and waits."""

    line_id: LineId
    answer: int
    available: int
    at: datetime


class NoteReleasedLine(Struct, frozen=True):
    """Inventory says: the line claims only `keeps` units in all any more; 0: nothing."""

    line_id: LineId
    answer: int
    at: datetime
    keeps: int = 0


class NotePickingStarted(Struct, frozen=True):
    """Picking says: somebody collects units of the order."""

    at: datetime


class NotePicked(Struct, frozen=True):
    """Picking says: no pick of the order is open any more. `anything` tells whether units are picked."""

    anything: bool
    at: datetime
    number: int = 1


class NotePacked(Struct, frozen=True):
    """Picking says: a shipment of the order is packed."""

    shipment_id: ShipmentId
    cartons: tuple[Carton, ...]
    lines: tuple[UnitsOfLine, ...]
    at: datetime


class NoteLabels(Struct, frozen=True):
    """Shipping says: a shipment has its labels."""

    shipment_id: ShipmentId
    answer: int
    at: datetime


class NoteFailedLabels(Struct, frozen=True):
    """Shipping says: there are no labels for a shipment; `permanent`: nor will there be for that address."""

    shipment_id: ShipmentId
    answer: int
    reason: str
    permanent: bool
    at: datetime


class NoteVoidedLabels(Struct, frozen=True):
    """Shipping says: a shipment's labels are void, it does not leave."""

    shipment_id: ShipmentId
    answer: int
    at: datetime


class NoteRecalledCarton(Struct, frozen=True):
    """Inventory says: units of a recalled lot are in a packed carton."""

    shipment_id: ShipmentId
    carton: Sscc
    sku: Sku
    lot: LotNumber
    reason: str
    at: datetime
    lines: tuple[UnitsOfLine, ...] = ()


class NoteKeptCarton(Struct, frozen=True):
    """Shipping says: others of its shipment have left, this carton stays."""

    shipment_id: ShipmentId
    carton: Sscc
    at: datetime


class NoteDispatch(Struct, frozen=True):
    """Shipping says: cartons of a shipment have left."""

    shipment_id: ShipmentId
    cartons: tuple[Sscc, ...]
    dispatched_at: Timestamp
    at: datetime


class NoteDelivery(Struct, frozen=True):
    """Shipping says: the customer has all cartons of a shipment."""

    shipment_id: ShipmentId
    delivered_at: Timestamp
    at: datetime


class NoteFailedDelivery(Struct, frozen=True):
    """Shipping says: nothing of a shipment is on its way any more, and these cartons came back."""

    shipment_id: ShipmentId
    returned: tuple[Sscc, ...]
    at: datetime


class NoteReturn(Struct, frozen=True):
    """Receiving says: goods of a return are back."""

    return_id: ReturnId
    lines: tuple[CameBack, ...]
    at: datetime


class NoteUndone(Struct, frozen=True):
    """The order that replaces a return's goods says: of its `lines` the customer does not have so many units."""

    return_id: ReturnId
    lines: tuple[UnitsOfLine, ...]
    at: datetime


class CheckDeadline(Struct, frozen=True):
    """Act when the order has waited too long, as of `at`."""

    at: datetime


Command = (
    PlaceOrder
    | CancelOrder
    | ReleaseOrder
    | HoldOrder
    | ReleaseHold
    | ChangeShipTo
    | ChangePriority
    | SubstituteLine
    | ChangePaymentMethod
    | RetryCaptures
    | RetryRefunds
    | AuthorizeReturn
    | GiveUpParcels
    | RequestPicking
    | NoteAuthorization
    | NoteDecline
    | NoteDelayedPayment
    | NoteAbandonedPayment
    | NoteLapse
    | NoteRenewal
    | NoteVoid
    | NoteCapture
    | NoteDeclinedCapture
    | NoteRefund
    | NoteReservedLine
    | NoteWaitingLine
    | NoteReleasedLine
    | NoteAllocatedLine
    | NoteUnallocatedLine
    | NotePickingStarted
    | NotePicked
    | NotePacked
    | NoteLabels
    | NoteFailedLabels
    | NoteVoidedLabels
    | NoteRecalledCarton
    | NoteKeptCarton
    | NoteDispatch
    | NoteDelivery
    | NoteFailedDelivery
    | NoteReturn
    | NoteUndone
    | CheckDeadline
)
