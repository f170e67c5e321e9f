"""What receiving reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from receiving.contracts import (
    InspectionDecided,
    InspectionLotsCompleted,
    InspectionsRequested,
    ShipmentClosed,
)
from shared.identifiers import (
    HoldingId,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    SerialNumber,
    ShipmentId,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Units


class PackagingLevel(Struct, frozen=True):
    """A pack: its GTIN, and how many base units it holds."""

    gtin: str
    units: int


class ProductRegistered(Struct, frozen=True):
    """inventory.ProductRegistered: what has to be known of a product to receive it."""

    sku: Sku
    name: str
    gtin: str | None = None
    tracking: str = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    category: str | None = None
    minimum_shelf_life_days: int | None = None


class ProductChanged(ProductRegistered, frozen=True):
    """inventory.ProductChanged: the same, said anew."""


class LocationRegistered(Struct, frozen=True):
    """inventory.LocationRegistered: where shipments may arrive."""

    location: LocationId
    warehouse: WarehouseCode
    kind: str


class LocationChanged(LocationRegistered, frozen=True):
    """inventory.LocationChanged: the same, said anew."""


class PutAwayConfirmed(Struct, frozen=True):
    """inventory.PutAwayConfirmed: goods of a task lie in their place; `remaining` units of it do not yet."""

    task_id: str
    confirmed_at: Timestamp
    remaining: Units = 0
    shipment_id: ShipmentId | None = None


class SerialsRepeated(Struct, frozen=True):
    """inventory.SerialsRepeated: units were logged by serial numbers that lie in the holding already."""

    holding: HoldingId
    shipment_id: ShipmentId
    sku: Sku
    serials: tuple[SerialNumber, ...]


class ReturnedLine(Struct, frozen=True):
    """Units of an order line that may come back; `lot` where it is known which was sent."""

    line_id: LineId
    sku: Sku
    units: Units
    lot: LotNumber | None = None


class ReturnAuthorized(Struct, frozen=True):
    """orders.ReturnAuthorized: a customer may send goods back."""

    return_id: str
    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReturnedLine, ...]
    reason: str


READS: dict[str, type[Struct]] = {
    "inventory.ProductRegistered": ProductRegistered,
    "inventory.ProductChanged": ProductChanged,
    "inventory.LocationRegistered": LocationRegistered,
    "inventory.LocationChanged": LocationChanged,
    "inventory.PutAwayConfirmed": PutAwayConfirmed,
    "inventory.SerialsRepeated": SerialsRepeated,
    "orders.ReturnAuthorized": ReturnAuthorized,
    "receiving.InspectionsRequested": InspectionsRequested,
    "receiving.InspectionLotsCompleted": InspectionLotsCompleted,
    "receiving.InspectionDecided": InspectionDecided,
    "receiving.ShipmentClosed": ShipmentClosed,
}
