"""What picking publishes of packing: cartons, and the shipments that they make up."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

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
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity

_ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"

CartonTypeId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="A kind of carton: 1 to 40 letters, digits, dots, dashes or underscores.",
        examples=["BOX-M"],
    ),
]
PackedShipmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="One shipment of an order: what is packed, labelled and dispatched together.",
        examples=["0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"],
    ),
]
Operator = Annotated[str, Meta(description="Who did it: an id, never a name.", examples=["operator-7"])]
Millimetres = Annotated[int, Meta(ge=1, le=100_000, description="A length in millimetres.", examples=[400])]
Grams = Annotated[int, Meta(ge=0, le=100_000_000, description="A weight in grams.", examples=[2_350])]

PositiveGrams = Annotated[
    int, Meta(ge=1, le=100_000_000, description="A weight in grams, at least 1.", examples=[2_350])
]


RejectionId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="One report of a packer that items are damaged or missing.",
        examples=["0190f3c2-7a10-8c1f-9a55-6b8a1d6b7c3e"],
    ),
]
Condition = Literal["damaged", "missing"]
RejectionReason = Annotated[str, Meta(min_length=1, max_length=200, description="What was seen, in words.")]


class PackedItem(Struct, frozen=True, omit_defaults=True):
    """Units of an order's line, of one lot, that were picked into `container` (a pick list's trolley)."""

    line_id: LineId
    sku: Sku
    units: Quantity
    container: HoldingId
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class CartonPacked(Event, frozen=True):
    """A carton of an order's shipment is closed: what is in it, its outer measures, and what it weighs."""

    sscc: Sscc
    order_id: OrderId
    shipment_id: PackedShipmentId
    warehouse: WarehouseCode
    carton_type: CartonTypeId
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres
    weight_g: Grams
    tare_g: Grams
    items: Annotated[tuple[PackedItem, ...], Meta(min_length=1)]
    operator: Operator
    packed_at: Timestamp
    packing_location: LocationId | None = None


class PackedCarton(Struct, frozen=True):
    """A carton of a packed shipment: its outer measures, and what it weighs with its contents."""

    sscc: Sscc
    carton_type: CartonTypeId
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres
    weight_g: Grams


class PackedLine(Struct, frozen=True):
    """So many units of a line are in the shipment's cartons."""

    line_id: LineId
    sku: Sku
    units: Quantity


class OrderPacked(Event, frozen=True):
    """One shipment of an order is packed: all of it is in closed cartons. An order may have several."""

    order_id: OrderId
    shipment_id: PackedShipmentId
    warehouse: WarehouseCode
    cartons: Annotated[tuple[PackedCarton, ...], Meta(min_length=1)]
    lines: Annotated[tuple[PackedLine, ...], Meta(min_length=1)]
    packed_at: Timestamp


class ItemsRejected(Event, frozen=True):
    """A packer has found picked items damaged, or has not found them: they are never packed."""

    rejection_id: RejectionId
    order_id: OrderId
    warehouse: WarehouseCode
    items: Annotated[tuple[PackedItem, ...], Meta(min_length=1)]
    condition: Condition
    reason: RejectionReason
    operator: Operator
    rejected_at: Timestamp


class RejectedUnits(Struct, frozen=True, omit_defaults=True):
    """Units of an order line that were in `container` and cannot be sent; `pick_id` took them from `holding`."""

    pick_id: Annotated[str, Meta(description="The pick that they came by.", examples=[f"{_ORDER}.1"])]
    line_id: LineId
    sku: Sku
    units: Quantity
    container: HoldingId
    holding: HoldingId
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class UnitsRejected(Event, frozen=True):
    """Picked units of an order are damaged, or missing: they count no longer, and others are looked for."""

    rejection_id: RejectionId
    order_id: OrderId
    warehouse: WarehouseCode
    lines: Annotated[tuple[RejectedUnits, ...], Meta(min_length=1)]
    condition: Condition
    reason: RejectionReason
    rejected_at: Timestamp


PUBLISHED: tuple[type[Event], ...] = (CartonPacked, OrderPacked, ItemsRejected, UnitsRejected)

_SHIPMENT = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"
_LIST = "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a"
_REJECTION = "0190f3c2-7a10-8c1f-9a55-6b8a1d6b7c3e"
_SSCC = "906141410000000015"
_AT = "2026-01-31T09:30:00.000Z"

EXAMPLES: dict[type[Event], Event] = {
    CartonPacked: CartonPacked(
        sscc=_SSCC,
        order_id=_ORDER,
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        carton_type="BOX-M",
        length_mm=400,
        width_mm=300,
        height_mm=250,
        weight_g=2_350,
        tare_g=310,
        items=(
            PackedItem("1", "MUG-0350-BLU", 6, container=_LIST),
            PackedItem("2", "MILK-1L", 2, container=_LIST, lot="L2026-04", expires_on="2026-06-30"),
            PackedItem("3", "DRILL-18V", 1, container=_LIST, serials=("SN-000123",)),
        ),
        operator="operator-7",
        packed_at=_AT,
        packing_location="PACK-1",
    ),
    OrderPacked: OrderPacked(
        order_id=_ORDER,
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        cartons=(PackedCarton(_SSCC, "BOX-M", 400, 300, 250, 2_350),),
        lines=(
            PackedLine("1", "MUG-0350-BLU", 6),
            PackedLine("2", "MILK-1L", 2),
            PackedLine("3", "DRILL-18V", 1),
        ),
        packed_at=_AT,
    ),
    ItemsRejected: ItemsRejected(
        rejection_id=_REJECTION,
        order_id=_ORDER,
        warehouse="MAIN",
        items=(PackedItem("2", "MILK-1L", 1, container=_LIST, lot="L2026-04", expires_on="2026-06-30"),),
        condition="damaged",
        reason="the bottle leaks",
        operator="operator-7",
        rejected_at=_AT,
    ),
    UnitsRejected: UnitsRejected(
        rejection_id=_REJECTION,
        order_id=_ORDER,
        warehouse="MAIN",
        lines=(
            RejectedUnits(
                f"{_ORDER}.2",
                "2",
                "MILK-1L",
                1,
                container=_LIST,
                holding="A-01-02-3",
                lot="L2026-04",
                expires_on="2026-06-30",
            ),
        ),
        condition="damaged",
        reason="the bottle leaks",
        rejected_at=_AT,
    ),
}
