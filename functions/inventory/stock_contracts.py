"""The events of stock that inventory publishes: what lies where, how it moves, who is promised it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from inventory.measures import Code, CubicMillimetres, Ordinal, Text, Weight
from shared.events import Event
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
    StockStatus,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, SignedQuantity, Units

HandlingUnitType = Literal["carton", "tote", "pallet", "cage", "trailer"]
ReasonCode = Literal[
    "received",
    "found",
    "lost",
    "damaged",
    "expired",
    "stolen",
    "sample",
    "scrapped",
    "data_error",
    "counted",
    "recalled",
    "inspected",
    "repaired",
    "other",
]
ProcessId = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f-]{36}$", description="The id of a shipment, transfer, inspection or task."),
]
SupplyUnits = Annotated[int, Meta(description="Units of the product's base unit; may be negative.")]


class Goods(Struct, frozen=True, omit_defaults=True):
    """Units of one product that are alike: of one lot, one status, one expiry date.

    `serials` names each unit where the product is tracked by serial; `inspection_id` is the inspection that they
    wait for; `volume_mm3` and `weight_g` are those of one unit (0: not known); `received_at` is when they came.
    """

    sku: Sku
    units: Quantity
    status: StockStatus = "available"
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    inspection_id: ProcessId | None = None
    volume_mm3: CubicMillimetres = 0
    weight_g: Weight = 0
    storage_class: Code | None = None
    received_at: Timestamp | None = None


class Supply(Struct, frozen=True, omit_defaults=True):
    """What a holding adds to the units of a product that its warehouse can promise, from this event on.

    `units` are those available there, and those that left it for other holdings of the warehouse, without those
    that came from there: so that a unit on its way counts once. `expiring` says which of them expire, and when.
    """

    sku: Sku
    units: SupplyUnits
    expiring: tuple[tuple[CalendarDate, SupplyUnits], ...] = ()


class StockAdjusted(Event, frozen=True):
    """Units were added to or taken from one place. `on_hand` is what lies there afterwards.

    `location` may also be a handling unit's SSCC, or an inbound shipment's id; `on_hand` counts the product's
    units of every lot and status. `occurred_at` is when it happened; when it was recorded is the event's own time.
    """

    location: LocationId
    warehouse: WarehouseCode
    sku: Sku
    quantity: SignedQuantity
    on_hand: Units
    reason: Text
    occurred_at: Timestamp
    reason_code: ReasonCode | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    status: StockStatus = "available"
    volume_mm3: CubicMillimetres = 0
    weight_g: Weight = 0
    storage_class: Code | None = None
    claim: Text | None = None
    supply: tuple[Supply, ...] = ()


class StockReceived(Event, frozen=True):
    """Goods came into the warehouse: into a place, onto a handling unit, or to a shipment's loose goods.

    `place` is where the holding stands (its own id when it is a location). `receipt` numbers the receipts of a
    shipment; goods received without the receiving service have none.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    shipment_id: ProcessId | None = None
    receipt: Ordinal | None = None
    supplier: Text | None = None
    reference: Text | None = None
    claim: Text | None = None
    supply: tuple[Supply, ...] = ()


class StockDeparted(Event, frozen=True):
    """Loose goods left a holding for another one; until they arrive there they are in transit.

    `lane` and `number` make the departure recognizable for ever: the lane is one of the origin's to one
    destination, and its departures are numbered 1, 2, 3. `claim` is the room that was taken for them. Goods that
    leave for another warehouse name it (`to_warehouse`), and the transfer as their destination. Goods that are set
    aside for an order line stay so on their way (`order_id`, `line_id`).
    """

    holding: HoldingId
    warehouse: WarehouseCode
    destination: HoldingId
    lane: Ordinal
    number: Ordinal
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    claim: Text | None = None
    to_warehouse: WarehouseCode | None = None
    task_id: ProcessId | None = None
    reason: Text | None = None
    order_id: OrderId | None = None
    line_id: LineId | None = None


class StockArrived(Event, frozen=True):
    """Loose goods that left `origin` have arrived (its departure `number` on its lane `lane`).

    Those that are set aside for an order line name it.
    """

    holding: HoldingId
    warehouse: WarehouseCode | None
    origin: HoldingId
    lane: Ordinal
    number: Ordinal
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    claim: Text | None = None
    task_id: ProcessId | None = None
    order_id: OrderId | None = None
    line_id: LineId | None = None


class SupplyCorrected(Event, frozen=True):
    """Goods arrived in a container that no longer stands in the warehouse that they left: it moved, or travels."""

    holding: HoldingId
    warehouse: WarehouseCode
    supply: tuple[Supply, ...]


class StockStatusChanged(Event, frozen=True):
    """Goods have another status: `goods` as they were before, `status` what they are now.

    `inspection_id`: the inspection whose result this is; they wait for it no longer.
    """

    holding: HoldingId
    warehouse: WarehouseCode | None
    goods: tuple[Goods, ...]
    status: StockStatus
    reason_code: ReasonCode
    occurred_at: Timestamp
    reason: Text | None = None
    inspection_id: ProcessId | None = None
    supply: tuple[Supply, ...] = ()


class SerialsRepeated(Event, frozen=True):
    """Units of a shipment were logged by serial numbers that lie in the holding already: they count once.

    Either somebody has scanned a unit twice, or two units have the same number on them: somebody has to look.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    shipment_id: ProcessId
    receipt: Ordinal
    sku: Sku
    serials: tuple[SerialNumber, ...]
    occurred_at: Timestamp


class StockCounted(Event, frozen=True):
    """The units of one product (of one lot) were counted in one place, and the books follow.

    `difference` is what was counted less what was expected; `added` and `removed` are the goods that it means.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    sku: Sku
    expected: Units
    counted: Units
    difference: SignedQuantity
    occurred_at: Timestamp
    lot: LotNumber | None = None
    status: StockStatus = "available"
    added: tuple[Goods, ...] = ()
    removed: tuple[Goods, ...] = ()
    reason: Text | None = None
    claim: Text | None = None
    supply: tuple[Supply, ...] = ()


class StockAllocated(Event, frozen=True):
    """Concrete units of a holding are set aside for an order line."""

    holding: HoldingId
    warehouse: WarehouseCode
    order_id: OrderId
    line_id: LineId
    goods: tuple[Goods, ...]
    wanted: Quantity


class StockDeallocated(Event, frozen=True):
    """Units that were set aside for an order line no longer are.

    `reason`: released (asked for), or what became of them: missing, quarantine, damaged, expired; short (a picker
    did not find them), swapped (others were picked or packed in their stead).
    """

    holding: HoldingId
    warehouse: WarehouseCode
    order_id: OrderId
    line_id: LineId
    goods: tuple[Goods, ...]
    reason: Code = "released"


class ShippedLine(Struct, frozen=True):
    """Units of an order line that have left, or were to."""

    line_id: LineId
    sku: Sku
    units: Quantity


class StockShipped(Event, frozen=True):
    """Everything on a carton has left the warehouse with a shipment of an order.

    `lines` says for which of its lines. `supply` is by how much less can be promised from now on (units below
    zero): it does not repeat what the carton has added or taken before. `place` is where it stood.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    shipment_id: ProcessId
    order_id: OrderId
    goods: tuple[Goods, ...]
    lines: tuple[ShippedLine, ...]
    occurred_at: Timestamp
    supply: tuple[Supply, ...] = ()
    place: HoldingId | None = None


class HandlingUnitCreated(Event, frozen=True):
    """A handling unit is known from now on. `external`: its SSCC was issued by somebody else.

    `volume_mm3` is its outer volume (0: that of what is on it), `tare_g` its weight when empty.
    """

    holding: Sscc
    warehouse: WarehouseCode
    place: HoldingId
    type: HandlingUnitType
    occurred_at: Timestamp
    external: bool = False
    volume_mm3: CubicMillimetres = 0
    tare_g: Weight = 0
    shipment_id: ProcessId | None = None


class HandlingUnitMoved(Event, frozen=True):
    """A handling unit stands in another place, or on another handling unit, with everything on it.

    `number` counts its moves.
    """

    holding: Sscc
    warehouse: WarehouseCode
    origin: HoldingId
    place: HoldingId
    number: Ordinal
    occurred_at: Timestamp
    task_id: ProcessId | None = None
    reason: Text | None = None


class ContainerDeparted(Event, frozen=True):
    """A handling unit left its warehouse for another one: it is in transit, and no warehouse counts with it.

    `parent`: the unit on which it stands, and goes on standing, on the way.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    origin: HoldingId
    destination: WarehouseCode
    transfer_id: ProcessId
    number: Ordinal
    occurred_at: Timestamp
    parent: HoldingId | None = None
    supply: tuple[Supply, ...] = ()


class ContainerArrived(Event, frozen=True):
    """A handling unit, or the loose goods of a transfer, arrived in a warehouse and stand at `place`.

    `parent`: the unit on which it came, and stands; that is then its place.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    transfer_id: ProcessId
    number: Ordinal
    occurred_at: Timestamp
    parent: HoldingId | None = None
    supply: tuple[Supply, ...] = ()


class TransferDispatched(Event, frozen=True):
    """Goods are sent from one warehouse to another.

    `container` is what travels: a handling unit, or the transfer itself, which then holds `goods` from `origin`.
    """

    transfer_id: ProcessId
    warehouse: WarehouseCode
    destination: WarehouseCode
    origin: HoldingId
    container: HoldingId
    occurred_at: Timestamp
    goods: tuple[Goods, ...] = ()
    reference: Text | None = None


class TransferArrived(Event, frozen=True):
    """A transfer has reached the warehouse that it was sent to, and stands at `location`."""

    transfer_id: ProcessId
    warehouse: WarehouseCode
    location: LocationId
    container: HoldingId
    occurred_at: Timestamp


class PlaceOverfilled(Event, frozen=True):
    """Goods that are here already were recorded although a place has no room for them: somebody should make some.

    They came with, or onto, the handling unit `unit`, which stands there.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    problem: Text
    occurred_at: Timestamp
    unit: HoldingId | None = None


class LotRegistered(Event, frozen=True):
    """A lot of a product came for the first time."""

    sku: Sku
    lot: LotNumber
    registered_at: Timestamp
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    supplier: Text | None = None
    shipment_id: ProcessId | None = None


class LotBlocked(Event, frozen=True):
    """A lot is recalled: whatever there is of it goes to quarantine, wherever it is and whenever it comes."""

    sku: Sku
    lot: LotNumber
    reason: Text
    blocked_at: Timestamp


class LotUnblocked(Event, frozen=True):
    """The recall of a lot is lifted. What is in quarantine stays there until somebody changes its status."""

    sku: Sku
    lot: LotNumber
    reason: Text
    unblocked_at: Timestamp


class CartonRecalled(Event, frozen=True):
    """A packed carton of an order holds units of a recalled lot: it must not leave as it is.

    `lines` are all units that were packed into it.
    """

    holding: Sscc
    warehouse: WarehouseCode
    order_id: OrderId
    shipment_id: ProcessId
    sku: Sku
    lot: LotNumber
    reason: Text
    recalled_at: Timestamp
    lines: tuple[ShippedLine, ...] = ()


class AssignedLine(Struct, frozen=True):
    """Units that an order line has waited for."""

    order_id: OrderId
    line_id: LineId
    units: Quantity


class GoodsAssigned(Event, frozen=True):
    """Which waiting order lines the available units of one receipt serve; none when `lines` is empty.

    There is one for every product and lot of a receipt (`receipt` and `shipment_id`, or neither), and of an
    inspection's accepted goods (`inspection_id`). `answers` is the event that told of the goods.
    """

    warehouse: WarehouseCode
    sku: Sku
    holding: HoldingId
    units: Quantity
    answers: Text
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    shipment_id: ProcessId | None = None
    receipt: Ordinal | None = None
    inspection_id: ProcessId | None = None
    lines: tuple[AssignedLine, ...] = ()


PUBLISHED: tuple[type[Event], ...] = (
    StockAdjusted,
    StockReceived,
    StockDeparted,
    StockArrived,
    SupplyCorrected,
    StockStatusChanged,
    SerialsRepeated,
    StockCounted,
    StockAllocated,
    StockDeallocated,
    StockShipped,
    HandlingUnitCreated,
    HandlingUnitMoved,
    ContainerDeparted,
    ContainerArrived,
    TransferDispatched,
    TransferArrived,
    PlaceOverfilled,
    LotRegistered,
    LotBlocked,
    LotUnblocked,
    CartonRecalled,
    GoodsAssigned,
)

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_SHIPMENT = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
_TRANSFER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c40"
_INSPECTION = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c41"
_AT = "2026-01-31T09:30:00.000Z"
_SSCC = "106141412345678908"
_SKU, _LOT, _EXPIRES = "MILK-1L", "L2026-031", "2026-12-31"
_GOODS = Goods(
    sku=_SKU,
    units=48,
    lot=_LOT,
    expires_on=_EXPIRES,
    volume_mm3=1_200_000,
    weight_g=1_050,
    received_at=_AT,
)
_HELD = Goods(
    sku=_SKU,
    units=12,
    status="quarantine",
    lot=_LOT,
    expires_on=_EXPIRES,
    inspection_id=_INSPECTION,
    received_at=_AT,
)
_SUPPLY = (Supply(_SKU, 48, ((_EXPIRES, 48),)),)

EXAMPLES: dict[type[Event], Event] = {
    StockAdjusted: StockAdjusted(
        location="A-01-02-3",
        warehouse="MAIN",
        sku="MUG-0350-BLU",
        quantity=24,
        on_hand=64,
        reason="received",
        occurred_at=_AT,
        reason_code="received",
        supply=(Supply("MUG-0350-BLU", 64),),
    ),
    StockReceived: StockReceived(
        holding=_SSCC,
        warehouse="MAIN",
        place="DOCK-01",
        goods=(_GOODS, _HELD),
        occurred_at=_AT,
        shipment_id=_SHIPMENT,
        receipt=1,
        supplier="ACME Foods",
        supply=_SUPPLY,
    ),
    StockDeparted: StockDeparted(
        holding=_SSCC,
        warehouse="MAIN",
        destination="A-01-02-3",
        lane=1,
        number=1,
        goods=(_GOODS,),
        occurred_at=_AT,
        claim="0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c42",
    ),
    StockArrived: StockArrived(
        holding="A-01-02-3",
        warehouse="MAIN",
        origin=_SSCC,
        lane=1,
        number=1,
        goods=(_GOODS,),
        occurred_at=_AT,
        claim="0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c42",
    ),
    SupplyCorrected: SupplyCorrected(
        holding=_TRANSFER, warehouse="MAIN", supply=(Supply(_SKU, -48, ((_EXPIRES, -48),)),)
    ),
    StockStatusChanged: StockStatusChanged(
        holding=_SSCC,
        warehouse="MAIN",
        goods=(_HELD,),
        status="available",
        reason_code="inspected",
        occurred_at=_AT,
        inspection_id=_INSPECTION,
        supply=(Supply(_SKU, 60, ((_EXPIRES, 60),)),),
    ),
    StockCounted: StockCounted(
        holding="A-01-02-3",
        warehouse="MAIN",
        sku=_SKU,
        lot=_LOT,
        expected=48,
        counted=47,
        difference=-1,
        occurred_at=_AT,
        removed=(Goods(sku=_SKU, units=1, lot=_LOT, expires_on=_EXPIRES),),
        supply=(Supply(_SKU, 47, ((_EXPIRES, 47),)),),
    ),
    StockAllocated: StockAllocated(
        holding="A-01-02-3",
        warehouse="MAIN",
        order_id=_ORDER,
        line_id="1",
        goods=(Goods(sku=_SKU, units=6, lot=_LOT, expires_on=_EXPIRES),),
        wanted=6,
    ),
    StockDeallocated: StockDeallocated(
        holding="A-01-02-3",
        warehouse="MAIN",
        order_id=_ORDER,
        line_id="1",
        goods=(Goods(sku=_SKU, units=6, lot=_LOT, expires_on=_EXPIRES),),
        reason="missing",
    ),
    StockShipped: StockShipped(
        holding="106141412345678915",
        warehouse="MAIN",
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        goods=(Goods(sku=_SKU, units=6, lot=_LOT, expires_on=_EXPIRES),),
        lines=(ShippedLine("1", _SKU, 6),),
        occurred_at=_AT,
        supply=(Supply(_SKU, -6, ((_EXPIRES, -6),)),),
        place="PACK-01",
    ),
    HandlingUnitCreated: HandlingUnitCreated(
        holding=_SSCC,
        warehouse="MAIN",
        place="DOCK-01",
        type="pallet",
        occurred_at=_AT,
        external=True,
        tare_g=25_000,
        shipment_id=_SHIPMENT,
    ),
    HandlingUnitMoved: HandlingUnitMoved(
        holding=_SSCC, warehouse="MAIN", origin="DOCK-01", place="A-01-02-3", number=1, occurred_at=_AT
    ),
    ContainerDeparted: ContainerDeparted(
        holding=_SSCC,
        warehouse="MAIN",
        origin="DOCK-01",
        destination="EAST",
        transfer_id=_TRANSFER,
        number=2,
        occurred_at=_AT,
        supply=(Supply(_SKU, 0),),
    ),
    ContainerArrived: ContainerArrived(
        holding=_SSCC,
        warehouse="EAST",
        place="E-DOCK-01",
        transfer_id=_TRANSFER,
        number=3,
        occurred_at=_AT,
        supply=_SUPPLY,
    ),
    TransferDispatched: TransferDispatched(
        transfer_id=_TRANSFER,
        warehouse="MAIN",
        destination="EAST",
        origin="A-01-02-3",
        container=_TRANSFER,
        occurred_at=_AT,
        goods=(_GOODS,),
    ),
    TransferArrived: TransferArrived(
        transfer_id=_TRANSFER, warehouse="EAST", location="E-DOCK-01", container=_TRANSFER, occurred_at=_AT
    ),
    PlaceOverfilled: PlaceOverfilled(
        holding="A-01-02-3",
        warehouse="MAIN",
        problem="A-01-02-3 has no room: of its 800000 g of weight, 790000 are taken, and 24000 would come.",
        occurred_at=_AT,
        unit=_SSCC,
    ),
    LotRegistered: LotRegistered(
        sku=_SKU,
        lot=_LOT,
        registered_at=_AT,
        expires_on=_EXPIRES,
        produced_on="2026-01-05",
        supplier="ACME Foods",
        shipment_id=_SHIPMENT,
    ),
    LotBlocked: LotBlocked(sku=_SKU, lot=_LOT, reason="Recall 2026-17 by the supplier", blocked_at=_AT),
    LotUnblocked: LotUnblocked(sku=_SKU, lot=_LOT, reason="Analysis is clean", unblocked_at=_AT),
    SerialsRepeated: SerialsRepeated(
        holding=_SSCC,
        warehouse="MAIN",
        shipment_id=_SHIPMENT,
        receipt=2,
        sku="DRILL-18V",
        serials=("SN-000123",),
        occurred_at=_AT,
    ),
    CartonRecalled: CartonRecalled(
        holding="906141410000000015",
        warehouse="MAIN",
        order_id=_ORDER,
        shipment_id=_SHIPMENT,
        sku=_SKU,
        lot=_LOT,
        reason="Salmonella in the retained sample",
        recalled_at=_AT,
        lines=(ShippedLine("1", _SKU, 12),),
    ),
    GoodsAssigned: GoodsAssigned(
        warehouse="MAIN",
        sku=_SKU,
        holding=_SSCC,
        units=48,
        answers=f"Holding#{_SSCC}@2.0",
        lot=_LOT,
        expires_on=_EXPIRES,
        shipment_id=_SHIPMENT,
        receipt=1,
        lines=(AssignedLine(_ORDER, "1", 6),),
    ),
}
