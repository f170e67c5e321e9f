"""The events that picking publishes: its public language."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from picking import packing_contracts
from shared.events import Event
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LotNumber,
    OrderId,
    SerialNumber,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, Units

WaveId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="A wave: orders that were released to picking together.",
        examples=["0190f3c2-8e22-8c1f-9a55-4c9b2e7c8d5f"],
    ),
]
ListId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="A pick list. What is picked on it stands in its container, a holding of the same name.",
        examples=["0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a"],
    ),
]
PickId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}\.[1-9][0-9]{0,5}$",
        description="One visit to one holding for one order line: the order, and its pick's number.",
        examples=["0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e.1"],
    ),
]
PickNumber = Annotated[
    int,
    Meta(
        ge=1, description="Numbers what was reported of a pick: a pick may be confirmed in portions.", examples=[1]
    ),
]
Priority = Annotated[
    int, Meta(ge=0, le=9, description="How urgent an order is: 9 goes first, 0 last.", examples=[5])
]
CarrierService = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,59}$",
        description="A carrier's service.",
        examples=["own-fleet:standard"],
    ),
]
Zone = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="A zone of the warehouse, as inventory's locations name it.",
        examples=["A"],
    ),
]
Method = Literal["discrete", "batch", "zone"]
Composition = Literal["single_line", "multi_line"]
Reason = Annotated[str, Meta(min_length=1, max_length=200, description="Why, in words.")]
Operator = Annotated[str, Meta(max_length=200, description="The id of whoever does it; never a name.")]
Share = Annotated[int, Meta(ge=1, le=10_000_000_000)]

MAX_ORDERS_PER_WAVE = 500
MAX_POSITIONS_PER_LIST = 300


class ListLimits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one pick list may hold: orders (each has a tote of its own), positions, volume, weight."""

    orders: Annotated[int, Meta(ge=1, le=100)] = 12
    positions: Annotated[int, Meta(ge=1, le=MAX_POSITIONS_PER_LIST)] = 60
    volume_mm3: Share | None = None
    weight_g: Share | None = None


class Criteria(Struct, frozen=True, omit_defaults=True):
    """Which of the orders that wait are picked together, and how.

    `cut_off`: those that are to leave by then at the latest. `carrier_service`: one service, or all of a carrier
    (own-fleet: own-fleet:standard too). `zone`: those all of whose units lie there. `composition`: orders of one
    line (single_line) or of several (multi_line). The most urgent come first, up to `max_orders`.
    `method`: discrete (a list for each order), batch (orders together, each in its tote), zone (a list for each
    zone; an order's parts meet at the packing place).
    """

    warehouse: WarehouseCode
    method: Method = "batch"
    cut_off: Timestamp | None = None
    min_priority: Priority = 0
    carrier_service: CarrierService | None = None
    zone: Zone | None = None
    composition: Composition | None = None
    max_orders: Annotated[int, Meta(ge=1, le=MAX_ORDERS_PER_WAVE)] = 100
    limits: ListLimits = ListLimits()


class WaveRequested(Event, frozen=True):
    """Orders that wait are to be released, as `criteria` say; `rule` has asked for it, or a person."""

    wave_id: WaveId
    criteria: Criteria
    requested_at: Timestamp
    rule: str | None = None


class WaveReleased(Event, frozen=True):
    """The orders of a wave are on pick lists: their picking may begin."""

    wave_id: WaveId
    warehouse: WarehouseCode
    orders: tuple[OrderId, ...]
    lists: tuple[ListId, ...]


class PickingStarted(Event, frozen=True):
    """Somebody has begun with a pick list on which units of the order are."""

    order_id: OrderId
    list_id: ListId
    warehouse: WarehouseCode
    started_at: Timestamp


class UnitsPicked(Event, frozen=True):
    """Units of an order line were taken out of `holding` and lie in `container`, the trolley or totes of the list.

    The scan is a fact. `pick_id` and `number` name it: whatever comes twice is the same.
    """

    list_id: ListId
    pick_id: PickId
    number: PickNumber
    warehouse: WarehouseCode
    holding: HoldingId
    container: HoldingId
    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Quantity
    operator: Operator
    picked_at: Timestamp
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class PickShort(Event, frozen=True):
    """`missing` units of an order line were not found in `holding`; this pick looks for them no longer."""

    list_id: ListId
    pick_id: PickId
    number: PickNumber
    warehouse: WarehouseCode
    holding: HoldingId
    order_id: OrderId
    line_id: LineId
    sku: Sku
    missing: Quantity
    reason: Reason
    reported_at: Timestamp
    lot: LotNumber | None = None


class Parcel(Struct, frozen=True, omit_defaults=True):
    """Units that were picked for an order line, of one lot."""

    pick_id: PickId
    line_id: LineId
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class MissingUnits(Struct, frozen=True):
    """Units that a pick has not found."""

    pick_id: PickId
    units: Units


class PartPicked(Event, frozen=True):
    """Nothing more of an order is to be picked on a list: `parcels` are in the list's container.

    `returned` picks were not made to the end, because the list was cancelled: what is left of them waits again.
    """

    list_id: ListId
    order_id: OrderId
    warehouse: WarehouseCode
    parcels: tuple[Parcel, ...]
    picked_at: Timestamp
    missing: tuple[MissingUnits, ...] = ()
    returned: tuple[PickId, ...] = ()


class PickedLine(Struct, frozen=True):
    """So many units of a line were picked, on all lists together."""

    line_id: LineId
    sku: Sku
    units: Quantity


class OrderPicked(Event, frozen=True):
    """No pick of the order is open any more.

    `lines` are all units that were picked so far; `short` are lines that lack some. Should more be allocated for
    them, it is picked and this is said again, with a higher `number`.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[PickedLine, ...]
    picked_at: Timestamp
    number: Annotated[int, Meta(ge=1)]
    short: tuple[LineId, ...] = ()


PUBLISHED: tuple[type[Event], ...] = (
    WaveRequested,
    WaveReleased,
    PickingStarted,
    UnitsPicked,
    PickShort,
    PartPicked,
    OrderPicked,
    *packing_contracts.PUBLISHED,
)
TOLD_TOGETHER: tuple[type[Event], ...] = (
    PickingStarted,
    UnitsPicked,
    PickShort,
    PartPicked,
    OrderPicked,
    packing_contracts.CartonPacked,
    packing_contracts.OrderPacked,
)
"""Small facts that come in numbers, and whose readers take many at once: several may share a message."""

_ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
_WAVE = "0190f3c2-8e22-8c1f-9a55-4c9b2e7c8d5f"
_LIST = "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a"
_AT = "2026-01-31T09:30:00.000Z"

EXAMPLES: dict[type[Event], Event] = {
    WaveRequested: WaveRequested(
        wave_id=_WAVE,
        criteria=Criteria(
            warehouse="MAIN",
            method="zone",
            cut_off="2026-01-31T16:00:00.000Z",
            min_priority=3,
            carrier_service="own-fleet:standard",
            zone="A",
            composition="multi_line",
            max_orders=200,
            limits=ListLimits(orders=20, positions=80, volume_mm3=600_000_000, weight_g=150_000),
        ),
        requested_at=_AT,
        rule="afternoon",
    ),
    WaveReleased: WaveReleased(wave_id=_WAVE, warehouse="MAIN", orders=(_ORDER,), lists=(_LIST,)),
    PickingStarted: PickingStarted(order_id=_ORDER, list_id=_LIST, warehouse="MAIN", started_at=_AT),
    UnitsPicked: UnitsPicked(
        list_id=_LIST,
        pick_id=f"{_ORDER}.1",
        number=1,
        warehouse="MAIN",
        holding="A-01-02-3",
        container=_LIST,
        order_id=_ORDER,
        line_id="1",
        sku="MUG-0350-BLU",
        units=4,
        operator="operator-7",
        picked_at=_AT,
        lot="L2026-04",
        expires_on="2027-06-30",
        serials=(),
    ),
    PickShort: PickShort(
        list_id=_LIST,
        pick_id=f"{_ORDER}.1",
        number=2,
        warehouse="MAIN",
        holding="A-01-02-3",
        order_id=_ORDER,
        line_id="1",
        sku="MUG-0350-BLU",
        missing=2,
        reason="place is empty",
        reported_at=_AT,
        lot="L2026-04",
    ),
    PartPicked: PartPicked(
        list_id=_LIST,
        order_id=_ORDER,
        warehouse="MAIN",
        parcels=(Parcel(f"{_ORDER}.1", "1", "MUG-0350-BLU", 4, lot="L2026-04", expires_on="2027-06-30"),),
        picked_at=_AT,
        missing=(MissingUnits(f"{_ORDER}.1", 2),),
        returned=(f"{_ORDER}.1",),
    ),
    OrderPicked: OrderPicked(
        order_id=_ORDER,
        warehouse="MAIN",
        lines=(PickedLine("1", "MUG-0350-BLU", 4),),
        picked_at=_AT,
        number=1,
        short=("1",),
    ),
    **packing_contracts.EXAMPLES,
}
