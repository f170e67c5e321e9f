"""What picking reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from picking.contracts import PartPicked, WaveRequested
from picking.packing_contracts import ItemsRejected, PackedShipmentId
from shared.gs1 import Sscc
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    SerialNumber,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity


class Dimensions(Struct, frozen=True):
    """Outer dimensions in millimetres."""

    length_mm: int
    width_mm: int
    height_mm: int


class PackagingLevel(Struct, frozen=True):
    """A pack: its GTIN, and how many base units it holds."""

    gtin: str
    units: int


class ProductRegistered(Struct, frozen=True):
    """inventory.ProductRegistered: what has to be known of a product to pick and to pack it."""

    sku: Sku
    name: str
    gtin: str | None = None
    dimensions: Dimensions | None = None
    weight_g: int | None = None
    storage_class: str | None = None
    tracking: str = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    category: str | None = None
    fragile: bool = False


class ProductChanged(ProductRegistered, frozen=True):
    """inventory.ProductChanged: the same, said anew."""


class LotBlocked(Struct, frozen=True):
    """inventory.LotBlocked: nothing of the lot may leave."""

    sku: Sku
    lot: LotNumber
    reason: str


class LotUnblocked(Struct, frozen=True):
    """inventory.LotUnblocked: the recall of a lot is lifted."""

    sku: Sku
    lot: LotNumber


class Coordinates(Struct, frozen=True):
    """A point of the warehouse in millimetres: x along the aisles, y across them."""

    x_mm: int
    y_mm: int


class LocationRegistered(Struct, frozen=True):
    """inventory.LocationRegistered: where pickers go, and how they prove that they are there."""

    location: LocationId
    warehouse: WarehouseCode
    zone: str
    aisle: str
    bay: str
    kind: str
    coordinates: Coordinates | None = None
    check_digits: str | None = None


class LocationChanged(LocationRegistered, frozen=True):
    """inventory.LocationChanged: the same, said anew."""


class Visit(Struct, frozen=True):
    """Units that are set aside for a line: in which holding, and where that stood then."""

    holding: HoldingId
    place: HoldingId
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class LineToPick(Struct, frozen=True):
    """A line whose units are to be picked; a later `answer` replaces the picks of an earlier one."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    answer: int
    picks: tuple[Visit, ...]
    in_all: int = 0
    instead_of: str | None = None


class WithdrawnLine(Struct, frozen=True):
    """A line that has lost what was to be picked by `answer`, and wants `keeps` units in all any more."""

    line_id: LineId
    sku: Sku
    answer: int
    keeps: int


class PickingRequested(Struct, frozen=True):
    """orders.PickingRequested: units are to be picked, or not any more; `number` counts what was asked for."""

    order_id: OrderId
    warehouse: WarehouseCode
    number: int
    lines: tuple[LineToPick, ...]
    total_lines: int
    priority: int = 5
    ship_by: Timestamp | None = None
    carrier_service: str | None = None
    substitutes_allowed: bool = False
    withdrawn: tuple[WithdrawnLine, ...] = ()
    refused: tuple[PackedShipmentId, ...] = ()


class CancellationStarted(Struct, frozen=True):
    """orders.CancellationStarted: nothing more of the order is to be picked."""

    order_id: OrderId
    reason: str


class CancelledUnits(Struct, frozen=True):
    """A line that is given up."""

    line_id: LineId


class RemainderCancelled(Struct, frozen=True):
    """orders.RemainderCancelled: part of the order has left, and these lines never will."""

    order_id: OrderId
    lines: tuple[CancelledUnits, ...]


class UnpackingRequested(Struct, frozen=True):
    """orders.UnpackingRequested: a packed shipment, or `cartons` of it, stays and is to be packed anew."""

    order_id: OrderId
    shipment_id: PackedShipmentId
    reason: str
    cartons: tuple[Sscc, ...] = ()


READS: dict[str, type[Struct]] = {
    "inventory.ProductRegistered": ProductRegistered,
    "inventory.ProductChanged": ProductChanged,
    "inventory.LocationRegistered": LocationRegistered,
    "inventory.LocationChanged": LocationChanged,
    "inventory.LotBlocked": LotBlocked,
    "inventory.LotUnblocked": LotUnblocked,
    "orders.PickingRequested": PickingRequested,
    "orders.CancellationStarted": CancellationStarted,
    "orders.RemainderCancelled": RemainderCancelled,
    "orders.UnpackingRequested": UnpackingRequested,
    "picking.WaveRequested": WaveRequested,
    "picking.PartPicked": PartPicked,
    "picking.ItemsRejected": ItemsRejected,
}
