"""The events of put-away and allocation that inventory publishes: who brings what where, what goes to whom."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from inventory.measures import Code, Ordinal, Text
from inventory.stock_contracts import ProcessId
from shared.events import Event
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
from shared.quantity import Quantity, Units

Purpose = Literal["storage", "cross_dock", "break_down", "quarantine"]
Operator = Annotated[str, Meta(max_length=200, description="The id of whoever does it; never a name.")]
TaskId = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$", description="A put-away task's identifier.")]


class PutAwayTaskCreated(Event, frozen=True):
    """Goods stand where they should not stay, and are to be brought elsewhere.

    `whole`: the holding is a handling unit, and all of it goes; otherwise `units` of one product (and lot) do.
    `purpose` is storage, cross_dock (to staging, for the order line it names), break_down (to staging: some units
    of a handling unit serve orders), or quarantine. The goods are to go to `location`, which is in `zone`; without
    one, `problem` says why no place takes them.
    """

    task_id: TaskId
    warehouse: WarehouseCode
    holding: HoldingId
    purpose: Purpose
    created_at: Timestamp
    place: HoldingId | None = None
    whole: bool = False
    sku: Sku | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    status: StockStatus = "available"
    units: Units = 0
    order_id: OrderId | None = None
    line_id: LineId | None = None
    shipment_id: ProcessId | None = None
    inspection_id: ProcessId | None = None
    location: LocationId | None = None
    zone: Code | None = None
    problem: Text | None = None


class PutAwayDirected(Event, frozen=True):
    """The goods of a task are to go elsewhere: to `location`; without one, `problem` says why no place takes them.

    `number` counts the directions of the task, that of its creation too; `zone` is that of the location.
    """

    task_id: TaskId
    warehouse: WarehouseCode
    number: Ordinal
    directed_at: Timestamp
    location: LocationId | None = None
    zone: Code | None = None
    purpose: Purpose | None = None
    problem: Text | None = None


class PutAwayClaimed(Event, frozen=True):
    """An operator has taken a task over, until `until`."""

    task_id: TaskId
    warehouse: WarehouseCode
    operator: Operator
    claimed_at: Timestamp
    until: Timestamp


class PutAwayReleased(Event, frozen=True):
    """An operator has given a task back."""

    task_id: TaskId
    warehouse: WarehouseCode
    operator: Operator
    released_at: Timestamp


class PutAwayConfirmed(Event, frozen=True):
    """Goods of a task lie at `location` now. `remaining` units of the task are still to be brought.

    `number` counts the task's confirmations; `directed` is where they should have gone, `reason` why they did not.
    """

    task_id: TaskId
    warehouse: WarehouseCode
    holding: HoldingId
    location: LocationId
    purpose: Purpose
    number: Ordinal
    confirmed_at: Timestamp
    whole: bool = False
    sku: Sku | None = None
    lot: LotNumber | None = None
    units: Units = 0
    remaining: Units = 0
    shipment_id: ProcessId | None = None
    inspection_id: ProcessId | None = None
    order_id: OrderId | None = None
    line_id: LineId | None = None
    operator: Operator | None = None
    directed: LocationId | None = None
    reason: Text | None = None


class PutAwayReduced(Event, frozen=True):
    """Fewer goods are there than a task was to bring: only `units` are left of it."""

    task_id: TaskId
    warehouse: WarehouseCode
    units: Quantity
    reason: Text


class PutAwayCancelled(Event, frozen=True):
    """Nothing has to be brought any more."""

    task_id: TaskId
    warehouse: WarehouseCode
    reason: Text
    cancelled_at: Timestamp


class Pick(Struct, frozen=True, omit_defaults=True):
    """Concrete units that are set aside for an order line. `place` is where the holding stood when they were."""

    holding: HoldingId
    place: HoldingId
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class LineAllocated(Event, frozen=True):
    """All units of an order line are set aside: `picks` says which, and where they lie.

    It is said again when they have changed, or are asked for again.
    """

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Quantity
    picks: tuple[Pick, ...]


class LineUnallocated(Event, frozen=True):
    """Not all units of an order line were found: `missing` are looked for again when stock changes."""

    order_id: OrderId
    line_id: LineId
    warehouse: WarehouseCode
    sku: Sku
    quantity: Quantity
    missing: Quantity


class CountRequested(Event, frozen=True):
    """A holding has fewer units than its books say: somebody should count it."""

    holding: HoldingId
    warehouse: WarehouseCode
    sku: Sku
    reason: Text
    requested_at: Timestamp
    order_id: OrderId | None = None
    line_id: LineId | None = None


PUBLISHED: tuple[type[Event], ...] = (
    PutAwayTaskCreated,
    PutAwayDirected,
    PutAwayClaimed,
    PutAwayReleased,
    PutAwayConfirmed,
    PutAwayReduced,
    PutAwayCancelled,
    LineAllocated,
    LineUnallocated,
    CountRequested,
)

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_SHIPMENT = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
_TASK = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c50"
_AT = "2026-01-31T09:30:00.000Z"
_OPERATOR = "0190f3c2-5b1e-7c1f-9a55-2f8a1d6b7c51"
_SKU, _LOT, _EXPIRES = "MILK-1L", "L2026-031", "2026-12-31"

EXAMPLES: dict[type[Event], Event] = {
    PutAwayTaskCreated: PutAwayTaskCreated(
        task_id=_TASK,
        warehouse="MAIN",
        holding=_SHIPMENT,
        place="DOCK-01",
        purpose="storage",
        sku=_SKU,
        lot=_LOT,
        expires_on=_EXPIRES,
        units=42,
        shipment_id=_SHIPMENT,
        location="A-01-02-3",
        zone="A",
        created_at=_AT,
    ),
    PutAwayDirected: PutAwayDirected(
        task_id=_TASK, warehouse="MAIN", number=2, location="A-01-02-3", zone="A", directed_at=_AT
    ),
    PutAwayClaimed: PutAwayClaimed(
        task_id=_TASK, warehouse="MAIN", operator=_OPERATOR, claimed_at=_AT, until="2026-01-31T09:45:00.000Z"
    ),
    PutAwayReleased: PutAwayReleased(task_id=_TASK, warehouse="MAIN", operator=_OPERATOR, released_at=_AT),
    PutAwayConfirmed: PutAwayConfirmed(
        task_id=_TASK,
        warehouse="MAIN",
        holding=_SHIPMENT,
        location="A-01-02-4",
        purpose="storage",
        number=1,
        sku=_SKU,
        lot=_LOT,
        units=42,
        shipment_id=_SHIPMENT,
        confirmed_at=_AT,
        operator=_OPERATOR,
        directed="A-01-02-3",
        reason="blocked by a ladder",
    ),
    PutAwayReduced: PutAwayReduced(task_id=_TASK, warehouse="MAIN", units=40, reason="only 40 units are there"),
    PutAwayCancelled: PutAwayCancelled(
        task_id=_TASK, warehouse="MAIN", reason="no units are there", cancelled_at=_AT
    ),
    LineAllocated: LineAllocated(
        order_id=_ORDER,
        line_id="1",
        warehouse="MAIN",
        sku=_SKU,
        quantity=6,
        picks=(Pick("A-01-02-3", "A-01-02-3", _SKU, 6, _LOT, _EXPIRES),),
    ),
    LineUnallocated: LineUnallocated(
        order_id=_ORDER, line_id="1", warehouse="MAIN", sku=_SKU, quantity=6, missing=2
    ),
    CountRequested: CountRequested(
        holding="A-01-02-3",
        warehouse="MAIN",
        sku=_SKU,
        reason="a picker found nothing there",
        requested_at=_AT,
        order_id=_ORDER,
        line_id="1",
    ),
}
