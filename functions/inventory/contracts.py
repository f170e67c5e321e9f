"""The events that inventory publishes: its public language."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from inventory import stock_contracts, task_contracts
from inventory.measures import Code, CubicMillimetres, Grams, Millimetres, Text, Weight
from shared.events import Event
from shared.gs1 import Gln, Gtin
from shared.identifiers import LineId, LocationId, OrderId, Sku, Timestamp, WarehouseCode
from shared.money import Money
from shared.quantity import Quantity, Units


class Dimensions(Struct, frozen=True, forbid_unknown_fields=True):
    """Outer dimensions in millimetres."""

    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres


Tracking = Literal["none", "lot", "lot_expiry", "serial"]
Velocity = Literal["A", "B", "C"]
PackLevel = Literal["inner", "case", "pallet"]
PackUnits = Annotated[int, Meta(ge=2, le=1_000_000, description="Base units in one pack.", examples=[24])]
ShelfLifeDays = Annotated[int, Meta(ge=1, le=36_500, description="Days.", examples=[90])]


MAX_SUBSTITUTES = 10
Substitutes = Annotated[
    tuple[Sku, ...],
    Meta(
        max_length=MAX_SUBSTITUTES,
        description="Products that may be sent instead, the best first. They need not be registered yet.",
        examples=[["MUG-0350-GRN"]],
    ),
]


class PackagingLevel(Struct, frozen=True, forbid_unknown_fields=True):
    """A pack in which the product is handled: its own GTIN, and how many base units it holds.

    Dimensions and weight are those of one full pack.
    """

    level: PackLevel
    gtin: Gtin
    units: PackUnits
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None


class ProductRegistered(Event, frozen=True):
    """A product may be stocked and ordered from now on.

    `tracking` says what is known of each unit in stock; it never changes. `packaging` goes from the smallest pack
    to the largest. `velocity` is how fast it moves (A fastest), `category` what inspection plans go by,
    `minimum_shelf_life_days` what has to be left of its life when it is received, `substitutes` what may be sent
    instead where an order allows it. On what is `fragile` nothing heavier is packed.
    """

    sku: Sku
    name: Text
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: Code | None = None
    tracking: Tracking = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    velocity: Velocity | None = None
    category: Code | None = None
    minimum_shelf_life_days: ShelfLifeDays | None = None
    substitutes: Substitutes = ()
    fragile: bool = False


class ProductChanged(Event, frozen=True):
    """A product is described anew; what is left out is no longer known."""

    sku: Sku
    name: Text
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: Code | None = None
    tracking: Tracking = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    velocity: Velocity | None = None
    category: Code | None = None
    minimum_shelf_life_days: ShelfLifeDays | None = None
    substitutes: Substitutes = ()
    fragile: bool = False


LocationKind = Literal["dock", "staging", "packing", "bulk", "pick_face", "quarantine"]
Mixing = Literal["any", "one_sku", "one_lot"]
CheckDigits = Annotated[str, Meta(pattern=r"^\d{2}$", examples=["47"])]
GlnExtension = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._-]{1,20}$", description="GLN extension component (AI 254).")
]


class Coordinates(Struct, frozen=True, forbid_unknown_fields=True):
    """A point of the warehouse in millimetres from its origin: x along the aisles, y across them, z up."""

    x_mm: int
    y_mm: int
    z_mm: int = 0


class Capacity(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What fits into a place; what is left out is not limited."""

    volume_mm3: CubicMillimetres | None = None
    weight_g: Weight | None = None
    handling_units: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class LocationRegistered(Event, frozen=True):
    """A place where stock can lie.

    `kind` is dock, staging or packing (floor, without capacity), bulk, pick_face or quarantine (racks).
    `storage_classes` are those of the products that may lie there (none: all); `mixing` says what may lie there
    together; `check_digits` are read from its label by whoever stands before it.
    """

    location: LocationId
    warehouse: WarehouseCode
    zone: Code
    aisle: Code
    bay: Code
    level: Code
    kind: Code
    position: Code | None = None
    coordinates: Coordinates | None = None
    capacity: Capacity | None = None
    storage_classes: tuple[Code, ...] = ()
    mixing: Mixing = "any"
    check_digits: CheckDigits | None = None
    gln: Gln | None = None
    extension: GlnExtension | None = None


class LocationChanged(Event, frozen=True):
    """A place is described anew. Its warehouse never changes."""

    location: LocationId
    warehouse: WarehouseCode
    zone: Code
    aisle: Code
    bay: Code
    level: Code
    kind: Code
    position: Code | None = None
    coordinates: Coordinates | None = None
    capacity: Capacity | None = None
    storage_classes: tuple[Code, ...] = ()
    mixing: Mixing = "any"
    check_digits: CheckDigits | None = None
    gln: Gln | None = None
    extension: GlnExtension | None = None


class LineReserved(Event, frozen=True):
    """An order line has its units promised. `backordered`: it had to wait for them.

    `repeated`: nothing new, the answer was asked for again.
    """

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Quantity
    promised_at: Timestamp
    backordered: bool = False
    repeated: bool = False


class LineShort(Event, frozen=True):
    """An order line cannot be promised now and waits: only `available` units were free.

    `repeated`: nothing new, the answer was asked for again.
    """

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Quantity
    promised_at: Timestamp
    available: Units
    repeated: bool = False


class LineBroken(Event, frozen=True):
    """A promise had to be taken back, because a physical fact left fewer units than were promised."""

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Quantity


class ReservationReleased(Event, frozen=True):
    """An order line no longer claims these units: `quantity` were promised, `backordered` were waited for.

    The line goes on wanting `keeps` in all, with those that have left; 0: it claims nothing any more.
    """

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Units
    backordered: Units = 0
    keeps: Units = 0


PUBLISHED: tuple[type[Event], ...] = (
    ProductRegistered,
    ProductChanged,
    LocationRegistered,
    LocationChanged,
    LineReserved,
    LineShort,
    LineBroken,
    ReservationReleased,
    *stock_contracts.PUBLISHED,
    *task_contracts.PUBLISHED,
)
TOLD_TOGETHER: tuple[type[Event], ...] = (
    LineReserved,
    LineShort,
    ReservationReleased,
    task_contracts.LineUnallocated,
    stock_contracts.StockShipped,
)
"""Small facts that come in numbers, and whose readers take many at once: several may share a message."""
TOLD_IN_CROWDS: tuple[type[Event], ...] = (task_contracts.LineAllocated, stock_contracts.StockAllocated)
"""Those of them that a release of orders brings all at once, one for each line: still more may share a message."""

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_AT = "2026-01-31T09:30:00.000Z"
_PRODUCT = ProductRegistered(
    sku="MUG-0350-BLU",
    name="Mug, 350 ml, blue",
    gtin="4006381333931",
    dimensions=Dimensions(120, 85, 95),
    weight_g=340,
    price=Money(895, "EUR"),
    storage_class="fragile",
    tracking="lot",
    packaging=(
        PackagingLevel("case", "14006381333938", 24, Dimensions(520, 350, 210), 8_600),
        PackagingLevel("pallet", "24006381333935", 960, Dimensions(1200, 800, 1200), 369_000),
    ),
    velocity="A",
    category="tableware",
    minimum_shelf_life_days=90,
    substitutes=("MUG-0350-GRN", "MUG-0350-RED"),
)
_LOCATION = LocationRegistered(
    location="A-01-02-3",
    warehouse="MAIN",
    zone="A",
    aisle="01",
    bay="02",
    level="3",
    kind="pick_face",
    position="1",
    coordinates=Coordinates(12_500, 4_200, 1_800),
    capacity=Capacity(volume_mm3=1_200_000_000, weight_g=800_000, handling_units=1),
    storage_classes=("fragile",),
    mixing="one_lot",
    check_digits="47",
    gln="0614141000012",
    extension="3",
)

EXAMPLES: dict[type[Event], Event] = {
    ProductRegistered: _PRODUCT,
    ProductChanged: ProductChanged(**structs.asdict(_PRODUCT)),
    LocationRegistered: _LOCATION,
    LocationChanged: LocationChanged(**structs.asdict(_LOCATION)),
    LineReserved: LineReserved(
        order_id=_ORDER,
        line_id="1",
        warehouse="MAIN",
        sku="MUG-0350-BLU",
        quantity=6,
        promised_at=_AT,
        backordered=True,
    ),
    LineShort: LineShort(
        order_id=_ORDER,
        line_id="1",
        warehouse="MAIN",
        sku="MUG-0350-BLU",
        quantity=6,
        promised_at=_AT,
        available=2,
    ),
    LineBroken: LineBroken(order_id=_ORDER, line_id="1", warehouse="MAIN", sku="MUG-0350-BLU", quantity=6),
    ReservationReleased: ReservationReleased(
        order_id=_ORDER, line_id="1", warehouse="MAIN", sku="MUG-0350-BLU", quantity=6
    ),
    **stock_contracts.EXAMPLES,
    **task_contracts.EXAMPLES,
}
