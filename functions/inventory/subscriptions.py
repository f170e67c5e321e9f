"""What inventory reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from inventory.stock_contracts import (
    ContainerArrived,
    ContainerDeparted,
    GoodsAssigned,
    HandlingUnitCreated,
    HandlingUnitMoved,
    LotBlocked,
    StockAllocated,
    StockArrived,
    StockCounted,
    StockDeallocated,
    StockDeparted,
    StockReceived,
    StockShipped,
    StockStatusChanged,
    Supply,
    SupplyCorrected,
    TransferArrived,
)
from inventory.task_contracts import PutAwayConfirmed
from shared.gs1 import Sscc
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    SerialNumber,
    ShipmentId,
    Sku,
    StockStatus,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, SignedQuantity, Units


class RequestedLine(Struct, frozen=True):
    """An order line that asks for stock."""

    line_id: LineId
    sku: Sku
    quantity: Quantity


class ReservationRequested(Struct, frozen=True):
    """orders.ReservationRequested: an order asks for the units of its lines, promised at `promised_at`."""

    order_id: OrderId
    warehouse: WarehouseCode
    promised_at: Timestamp
    lines: tuple[RequestedLine, ...]


class ReleasedLine(Struct, frozen=True):
    """An order line that gives its claim back, but for `keeps` units in all, with those that have left."""

    line_id: LineId
    sku: Sku
    keeps: Units = 0


class ReservationReleaseRequested(Struct, frozen=True):
    """orders.ReservationReleaseRequested: an order no longer wants units of these lines."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReleasedLine, ...]


class ShipmentRefused(Struct, frozen=True):
    """orders.ShipmentRefused: a packed shipment does not leave, what is in its cartons is to be put back."""

    order_id: OrderId
    warehouse: WarehouseCode
    cartons: tuple[Sscc, ...]


class WantedLine(Struct, frozen=True):
    """A line of a released order; `promise` is the number of the promise that it goes by."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    promise: int = 0


class AllocationRequested(Struct, frozen=True):
    """orders.AllocationRequested: an order is released, its lines are to get concrete units."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[WantedLine, ...]


class LineBroken(Struct, frozen=True):
    """inventory.LineBroken: an order line has lost its promise."""

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku


class StockAdjusted(Struct, frozen=True):
    """inventory.StockAdjusted: a place holds `on_hand` units of a product, `quantity` more than before.

    `supply` is what it adds to the promise; events of before there was one have none, and then it is `on_hand`.
    """

    location: LocationId
    warehouse: WarehouseCode
    sku: Sku
    on_hand: Units
    quantity: SignedQuantity
    status: StockStatus = "available"
    supply: tuple[Supply, ...] = ()


class ReceivedGoods(Struct, frozen=True):
    """Units of one product that receiving has logged: on a handling unit (`sscc`), or loose."""

    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    sscc: Sscc | None = None
    status: StockStatus = "available"
    inspection_id: str | None = None


class GoodsReceived(Struct, frozen=True):
    """receiving.GoodsReceived: goods came in at `location`, by the shipment's receipt number `receipt`."""

    shipment_id: ShipmentId
    warehouse: WarehouseCode
    location: LocationId
    receipt: int
    supplier: str
    occurred_at: Timestamp
    lines: tuple[ReceivedGoods, ...]


class InspectedGoods(Struct, frozen=True):
    """What an inspection decided for the units in one holding."""

    holding: HoldingId
    accepted_units: Units
    rejected_units: Units
    rejected_serials: tuple[SerialNumber, ...] = ()


class InspectionDecided(Struct, frozen=True):
    """receiving.InspectionDecided: accepted units become available, rejected ones get `rejected_status`."""

    inspection_id: str
    warehouse: WarehouseCode
    sku: Sku
    goods: tuple[InspectedGoods, ...]
    rejected_status: StockStatus
    decided_at: Timestamp
    lot: LotNumber | None = None


class LotRecalled(Struct, frozen=True):
    """receiving.LotRecalled: a lot must not be used."""

    sku: Sku
    lot: LotNumber
    reason: str


class LotRecallLifted(Struct, frozen=True):
    """receiving.LotRecallLifted: a lot may be used again."""

    sku: Sku
    lot: LotNumber


class UnitsPicked(Struct, frozen=True):
    """picking.UnitsPicked: units of an order line were taken out of `holding`, and lie in the list's `container`.

    `pick_id` and `number` name it.
    """

    pick_id: str
    number: int
    warehouse: WarehouseCode
    holding: HoldingId
    container: HoldingId
    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Quantity
    picked_at: Timestamp
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class PickShort(Struct, frozen=True):
    """picking.PickShort: `missing` units of an order line were not found in `holding`."""

    list_id: HoldingId
    pick_id: str
    number: int
    warehouse: WarehouseCode
    holding: HoldingId
    order_id: OrderId
    line_id: LineId
    sku: Sku
    missing: Quantity
    reason: str
    reported_at: Timestamp
    lot: LotNumber | None = None


class RejectedUnits(Struct, frozen=True):
    """Units of an order line in `container`, which `pick_id` took from `holding`, that a packer rejects."""

    pick_id: str
    line_id: LineId
    sku: Sku
    units: Quantity
    container: HoldingId
    holding: HoldingId
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] = ()


class UnitsRejected(Struct, frozen=True):
    """picking.UnitsRejected: picked units of an order are damaged, or missing."""

    rejection_id: str
    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[RejectedUnits, ...]
    condition: str
    reason: str
    rejected_at: Timestamp


class PackedItem(Struct, frozen=True):
    """Units of an order line that a packer took out of `container`."""

    line_id: LineId
    sku: Sku
    units: Quantity
    container: HoldingId
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] = ()


class CartonPacked(Struct, frozen=True):
    """picking.CartonPacked: a carton of an order's shipment is closed."""

    sscc: Sscc
    order_id: OrderId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    length_mm: int
    width_mm: int
    height_mm: int
    tare_g: int
    items: tuple[PackedItem, ...]
    packed_at: Timestamp
    packing_location: LocationId | None = None


class ShipmentDispatched(Struct, frozen=True):
    """shipping.ShipmentDispatched: these cartons of a shipment have left."""

    shipment_id: ShipmentId
    order_id: OrderId
    warehouse: WarehouseCode
    cartons: tuple[Sscc, ...]
    dispatched_at: Timestamp


READS: dict[str, type[Struct]] = {
    "orders.ReservationRequested": ReservationRequested,
    "orders.ShipmentRefused": ShipmentRefused,
    "orders.ReservationReleaseRequested": ReservationReleaseRequested,
    "orders.AllocationRequested": AllocationRequested,
    "inventory.LineBroken": LineBroken,
    "inventory.GoodsAssigned": GoodsAssigned,
    "inventory.StockAllocated": StockAllocated,
    "inventory.StockDeallocated": StockDeallocated,
    "inventory.PutAwayConfirmed": PutAwayConfirmed,
    "receiving.GoodsReceived": GoodsReceived,
    "receiving.InspectionDecided": InspectionDecided,
    "receiving.LotRecalled": LotRecalled,
    "receiving.LotRecallLifted": LotRecallLifted,
    "inventory.StockAdjusted": StockAdjusted,
    "inventory.StockReceived": StockReceived,
    "inventory.StockDeparted": StockDeparted,
    "inventory.StockArrived": StockArrived,
    "inventory.StockStatusChanged": StockStatusChanged,
    "inventory.StockCounted": StockCounted,
    "inventory.StockShipped": StockShipped,
    "inventory.SupplyCorrected": SupplyCorrected,
    "inventory.HandlingUnitCreated": HandlingUnitCreated,
    "inventory.HandlingUnitMoved": HandlingUnitMoved,
    "inventory.LotBlocked": LotBlocked,
    "picking.UnitsPicked": UnitsPicked,
    "picking.PickShort": PickShort,
    "picking.UnitsRejected": UnitsRejected,
    "picking.CartonPacked": CartonPacked,
    "shipping.ShipmentDispatched": ShipmentDispatched,
    "inventory.ContainerDeparted": ContainerDeparted,
    "inventory.ContainerArrived": ContainerArrived,
    "inventory.TransferArrived": TransferArrived,
}
