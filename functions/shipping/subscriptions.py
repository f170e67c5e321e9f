"""What shipping reads of the bus: only the fields it needs, whatever else is there."""

from msgspec import Struct

from shared.address import Address
from shared.gs1 import Sscc
from shared.identifiers import LotNumber, OrderId, Sku, Timestamp, WarehouseCode
from shared.money import Money
from shipping.contracts import CarrierId, LoadId, ShipmentId


class Carton(Struct, frozen=True):
    """A packed carton: its outer measures, and what it weighs with its contents."""

    sscc: Sscc
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int


class ShipmentRequested(Struct, frozen=True, kw_only=True):
    """orders.ShipmentRequested: cartons are packed and want labels."""

    order_id: OrderId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    ship_to: Address
    cartons: tuple[Carton, ...]
    value: Money
    service: str | None = None
    reference: str | None = None


class ShipToChanged(Struct, frozen=True):
    """orders.ShipToChanged: shipments go elsewhere."""

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    ship_to: Address


class ShipmentCancellationRequested(Struct, frozen=True):
    """orders.ShipmentCancellationRequested: shipments are not to leave, unless they have left."""

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    reason: str


class Held(Struct, frozen=True):
    """A hold, and why there is one."""

    kind: str
    reason: str


class ShipmentHoldsChanged(Struct, frozen=True):
    """orders.ShipmentHoldsChanged: all that stops shipments for now; without any of it they may leave."""

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    holds: tuple[Held, ...]


class CartonRecalled(Struct, frozen=True):
    """inventory.CartonRecalled: a packed carton holds units of a recalled lot."""

    holding: Sscc
    order_id: OrderId
    shipment_id: ShipmentId
    sku: Sku
    lot: LotNumber
    reason: str


class DepartingShipment(Struct, frozen=True):
    """Cartons of a shipment that are on a load."""

    shipment_id: ShipmentId
    ssccs: tuple[Sscc, ...]


class LoadDispatchStarted(Struct, frozen=True):
    """shipping.LoadDispatchStarted: shipments leave with a load."""

    load_id: LoadId
    carrier: CarrierId
    number: int
    shipments: tuple[DepartingShipment, ...]
    dispatched_at: Timestamp


READS: dict[str, type[Struct]] = {
    "orders.ShipmentRequested": ShipmentRequested,
    "orders.ShipToChanged": ShipToChanged,
    "orders.ShipmentCancellationRequested": ShipmentCancellationRequested,
    "orders.ShipmentHoldsChanged": ShipmentHoldsChanged,
    "inventory.CartonRecalled": CartonRecalled,
    "shipping.LoadDispatchStarted": LoadDispatchStarted,
}
