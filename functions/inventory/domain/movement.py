"""Goods and containers on their way: loose goods, handling units, transfers, and the room taken ahead of them."""

from collections.abc import Sequence

from msgspec import Struct

from inventory.domain import numbers
from inventory.domain.goods import AVAILABLE, together
from inventory.domain.holding import (
    LOOSE,
    RANKS,
    HandlingUnitFound,
    Holding,
    Lane,
    SpaceFreed,
    SpaceTaken,
    UnitExpected,
    UnitLeft,
    UnitSettled,
    changed_supply,
    evolve,
    lane_of,
    line_key,
)
from inventory.domain.room import Load, Rules, require_room
from inventory.domain.stock import Wanted, take, take_allocated, warehouse_of
from inventory.measures import MAX_TEXT, CubicMillimetres, Ordinal, Text, Weight
from inventory.stock_contracts import (
    ContainerArrived,
    ContainerDeparted,
    Goods,
    HandlingUnitCreated,
    HandlingUnitMoved,
    HandlingUnitType,
    PlaceOverfilled,
    ProcessId,
    StockArrived,
    StockDeallocated,
    StockDeparted,
    StockStatusChanged,
    SupplyCorrected,
)
from shared.events import Event
from shared.identifiers import HoldingId, LineId, OrderId, Timestamp, WarehouseCode
from shared.rejection import Conflict, Unprocessable


class Changed(Conflict):
    """What this was decided on has changed meanwhile: look again, and decide again."""

    code = "changed-meanwhile"


class DepartStock(Struct, frozen=True):
    """Send loose goods on their way to `destination`. No `wanted` means: everything.

    With an order line: those units of what is wanted that are set aside for it, and they stay so.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    destination: HoldingId
    wanted: tuple[Wanted, ...]
    occurred_at: Timestamp
    claim: Text | None = None
    to_warehouse: WarehouseCode | None = None
    task_id: ProcessId | None = None
    reason: Text | None = None
    order_id: OrderId | None = None
    line_id: LineId | None = None


class ArriveStock(Struct, frozen=True):
    """Note that loose goods have arrived. `blocked` are the (SKU, lot) that are recalled.

    `warehouse` is that of the holding where it is a location; `origin_warehouse` the one that the goods left in.
    """

    holding: HoldingId
    warehouse: WarehouseCode | None
    origin: HoldingId
    origin_warehouse: WarehouseCode
    lane: Ordinal
    number: Ordinal
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    claim: Text | None = None
    task_id: ProcessId | None = None
    blocked: tuple[tuple[str, str], ...] = ()
    order_id: OrderId | None = None
    line_id: LineId | None = None


class TakeSpace(Struct, frozen=True):
    """Take room for goods on their way here, or onto the handling unit `unit` that stands here.

    `standing_at` is where the sender has seen this container (None: it is a location). `recorded_in` is the
    warehouse of goods that have come already: then room that is not there is told of instead of refused.
    """

    holding: HoldingId
    claim: Text
    load: Load
    at: Timestamp
    unit: str = ""
    origin: str = ""
    rules: Rules | None = None
    standing_at: str | None = None
    handling_units: int = 0
    recorded_in: WarehouseCode | None = None


class ExpectUnit(Struct, frozen=True):
    """Take room for a handling unit that is about to come here by its move `number`.

    `claim` is the room that was taken for it before, if any: it is used by this.
    """

    holding: HoldingId
    unit: HoldingId
    unit_type: HandlingUnitType
    number: int
    version: int
    load: Load
    at: Timestamp
    rules: Rules | None = None
    standing_at: str | None = None
    claim: str = ""


class SettleUnit(Struct, frozen=True):
    """Note what a handling unit that stands here by its move `number` takes now, and which claims are used."""

    holding: HoldingId
    unit: HoldingId
    number: int
    version: int
    load: Load
    claims: tuple[str, ...] = ()


class ReleaseUnit(Struct, frozen=True):
    """Free the room of a handling unit that has left by its move `before`, or made that move to elsewhere."""

    holding: HoldingId
    unit: HoldingId
    before: int


class ReleaseSpace(Struct, frozen=True):
    """Free room that was taken for goods which will not come."""

    holding: HoldingId
    claim: Text


class CreateUnit(Struct, frozen=True):
    """Make a handling unit known."""

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    type: HandlingUnitType
    occurred_at: Timestamp
    external: bool = False
    volume_mm3: CubicMillimetres = 0
    tare_g: Weight = 0


class MoveUnit(Struct, frozen=True):
    """Put a handling unit elsewhere, by its move `number`. `load` is what room was taken for (None: floor).

    `expected_at`: only when it stands there.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    number: Ordinal
    occurred_at: Timestamp
    load: Load | None = None
    expected_at: HoldingId | None = None
    task_id: ProcessId | None = None
    reason: Text | None = None


class SendContainer(Struct, frozen=True):
    """Let a handling unit leave its warehouse for `destination`, by itself or on what it stands on (`parent`)."""

    holding: HoldingId
    warehouse: WarehouseCode
    destination: WarehouseCode
    transfer_id: ProcessId
    occurred_at: Timestamp
    parent: HoldingId | None = None


class LandContainer(Struct, frozen=True):
    """Let a container arrive at `place`; with what it stands on (`parent`), then that is its place."""

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    transfer_id: ProcessId
    occurred_at: Timestamp
    parent: HoldingId | None = None


def depart(command: DepartStock, holding: Holding) -> Sequence[Event]:
    """The departure, numbered on its lane. Raises Conflict when there is less than wanted, or nothing."""
    warehouse = warehouse_of(holding, command.warehouse)
    if command.destination == command.holding:
        raise Unprocessable(
            f"{command.holding} is where the goods are.",
            field="to",
            value=command.destination,
            remedy="Name another place.",
            code="same-place",
        )
    goods = _everything(command.holding, holding) if not command.wanted else _chosen(command, holding)
    known = holding.lanes.get(command.destination, Lane(holding.departures + 1, 0, 0))
    return [
        StockDeparted(
            holding=command.holding,
            warehouse=warehouse,
            destination=command.destination,
            lane=known.lane,
            number=known.number + 1,
            goods=together(goods),
            occurred_at=command.occurred_at,
            claim=command.claim,
            to_warehouse=command.to_warehouse,
            task_id=command.task_id,
            reason=command.reason,
            order_id=command.order_id,
            line_id=command.line_id,
        )
    ]


def arrive(command: ArriveStock, holding: Holding) -> Sequence[Event]:
    """The arrival, once; goods of a blocked lot go to quarantine with it. Never refuses: they are on their way."""
    if numbers.has(holding.seen.get(lane_of(command.origin, command.lane), ()), command.number):
        return [SpaceFreed(claim=command.claim)] if command.claim and command.claim in holding.claims else []
    here = holding.warehouse if holding.kind else command.warehouse or ""
    arrived = StockArrived(
        holding=command.holding,
        warehouse=here or None,
        origin=command.origin,
        lane=command.lane,
        number=command.number,
        goods=command.goods,
        occurred_at=command.occurred_at,
        claim=command.claim,
        task_id=command.task_id,
        order_id=command.order_id,
        line_id=command.line_id,
    )
    events: list[Event] = [arrived]
    holding = evolve(holding, arrived)
    if here != command.origin_warehouse:
        left = SupplyCorrected(
            holding=command.holding,
            warehouse=command.origin_warehouse,
            supply=changed_supply(holding, command.origin_warehouse, [(one, -1) for one in command.goods]),
        )
        events.append(left)
        holding = evolve(holding, left)
        if here:
            came = SupplyCorrected(
                holding=command.holding,
                warehouse=here,
                supply=changed_supply(holding, here, [(one, 1) for one in command.goods]),
            )
            events.append(came)
            holding = evolve(holding, came)
    recalled = [one for one in command.goods if one.status == AVAILABLE and (one.sku, one.lot) in command.blocked]
    if recalled and command.order_id is not None and command.line_id is not None:
        lost = StockDeallocated(
            holding=command.holding,
            warehouse=here or command.origin_warehouse,
            order_id=command.order_id,
            line_id=command.line_id,
            goods=tuple(recalled),
            reason="quarantine",
        )
        events.append(lost)
        holding = evolve(holding, lost)
    if recalled:
        events.append(
            StockStatusChanged(
                holding=command.holding,
                warehouse=here or None,
                goods=tuple(recalled),
                status="quarantine",
                reason_code="recalled",
                occurred_at=command.occurred_at,
                supply=changed_supply(holding, here, [(one, -1) for one in recalled]) if here else (),
            )
        )
    return events


def take_space(command: TakeSpace, holding: Holding) -> Sequence[Event]:
    """The room, taken once for each claim. Raises Conflict when there is none, Changed when it has moved."""
    if command.claim in holding.claims:
        return []
    _require_standing(command.holding, command.standing_at, holding)
    if command.unit and command.unit not in holding.occupants:
        raise Changed(
            f"{command.unit} no longer stands at {command.holding}.", field="location", value=command.unit
        )
    taken = SpaceTaken(
        claim=command.claim,
        load=command.load,
        at=command.at,
        unit=command.unit,
        origin=command.origin,
        handling_units=command.handling_units,
    )
    try:
        require_room(
            command.holding, command.rules, holding.taken, command.load, holding.standing, command.handling_units
        )
    except Conflict as full:
        if command.recorded_in is None:
            raise
        overfilled = PlaceOverfilled(
            holding=command.holding,
            warehouse=command.recorded_in,
            problem=full.message[:MAX_TEXT],
            occurred_at=command.at,
            unit=command.unit or None,
        )
        return [overfilled, taken]
    return [taken]


def expect_unit(command: ExpectUnit, holding: Holding) -> Sequence[Event]:
    """The room for a handling unit. What was taken for it before never shrinks by this: it may be coming twice."""
    _require_standing(command.holding, command.standing_at, holding)
    if holding.kind and holding.kind != LOOSE and RANKS[holding.kind] <= RANKS[command.unit_type]:
        raise Conflict(
            f"A {command.unit_type} does not stand on a {holding.kind}.",
            field="to",
            value=command.holding,
            remedy="Cartons stand on totes, pallets, cages and trailers; totes on pallets, cages and trailers; "
            "pallets and cages on trailers.",
            code="wrong-nesting",
        )
    known = holding.occupants.get(command.unit)
    if known is not None and known.number > command.number:
        raise Changed(f"{command.unit} has moved meanwhile.", field="to", value=command.holding)
    load = command.load if known is None else command.load.largest(known.load)
    if known is not None and known.number == command.number and known.load == load:
        return []
    others = evolve(holding, SpaceFreed(claim=command.claim))
    others = evolve(others, UnitLeft(unit=command.unit)) if known is not None else others
    require_room(command.holding, command.rules, others.taken, load, units=others.standing, more_units=1)
    return [
        UnitExpected(
            unit=command.unit,
            number=command.number,
            as_of=max(command.version, known.version if known else 0),
            load=load,
            at=command.at,
            claim=command.claim,
        )
    ]


def settle_unit(command: SettleUnit, holding: Holding) -> Sequence[Event]:
    """What a handling unit here takes by now. Late news, and news of one that has left, change nothing."""
    known = holding.occupants.get(command.unit)
    if known is None or known.number > command.number:
        return []
    claims = tuple(one for one in command.claims if one in holding.claims)
    if known.version >= command.version and not known.expected_at and not claims:
        return []
    newest = command.version >= known.version
    return [
        UnitSettled(
            unit=command.unit,
            number=command.number,
            as_of=command.version if newest else known.version,
            load=command.load if newest else known.load,
            claims=claims,
        )
    ]


def release_unit(command: ReleaseUnit, holding: Holding) -> Sequence[Event]:
    """The room is free, unless the unit has come back by a later move."""
    known = holding.occupants.get(command.unit)
    return [UnitLeft(unit=command.unit)] if known is not None and known.number < command.before else []


def release_space(command: ReleaseSpace, holding: Holding) -> Sequence[Event]:
    """The room is free."""
    return [SpaceFreed(claim=command.claim)] if command.claim in holding.claims else []


def create_unit(command: CreateUnit, holding: Holding) -> Sequence[Event]:
    """The handling unit. Raises Conflict when there is one with that SSCC."""
    if holding.kind:
        raise Conflict(
            f"There is a handling unit {command.holding} already.",
            field="sscc",
            value=command.holding,
            remedy="Scan the label again, or let us issue an SSCC.",
            code="sscc-taken",
        )
    return [
        HandlingUnitCreated(
            holding=command.holding,
            warehouse=command.warehouse,
            place=command.place,
            type=command.type,
            occurred_at=command.occurred_at,
            external=command.external,
            volume_mm3=command.volume_mm3,
            tare_g=command.tare_g,
        )
    ]


def move_unit(command: MoveUnit, holding: Holding) -> Sequence[Event]:
    """The move, or that it stands there: a request that comes again is to be known by one of them.

    Raises Changed when it moved meanwhile, or has grown beyond its room.
    """
    warehouse = warehouse_of(holding, None)
    if holding.place == command.place:
        return [HandlingUnitFound(warehouse=warehouse, place=command.place, at=command.occurred_at)]
    if warehouse != command.warehouse:
        raise Conflict(
            f"{command.holding} is in warehouse {warehouse}; {command.place} is in {command.warehouse}.",
            field="to",
            value=command.place,
            remedy="Send it by a transfer: POST /inventory/stock/transfers.",
            code="other-warehouse",
        )
    if command.expected_at is not None and command.expected_at != holding.place:
        raise Conflict(
            f"{command.holding} stands at {holding.place}.",
            field="from",
            value=command.expected_at,
            remedy=f"Fetch it from {holding.place}, or leave `from` out.",
            code="stands-elsewhere",
        )
    if command.number != holding.move + 1 or (command.load is not None and not command.load.covers(holding.load)):
        raise Changed(f"{command.holding} has changed meanwhile.", field="sscc", value=command.holding)
    return [
        HandlingUnitMoved(
            holding=command.holding,
            warehouse=warehouse,
            origin=holding.place,
            place=command.place,
            number=command.number,
            occurred_at=command.occurred_at,
            task_id=command.task_id,
            reason=command.reason,
        )
    ]


def send(command: SendContainer, holding: Holding) -> Sequence[Event]:
    """The departure; none when it has left with this transfer. Raises Conflict for goods that are allocated.

    What stands on another unit follows it, unless it was taken off in time.
    """
    if holding.transfer_id == command.transfer_id:
        return []
    if command.parent is not None and (holding.place != command.parent or holding.warehouse != command.warehouse):
        return []
    warehouse = warehouse_of(holding, None)
    allocated = sum(item.allocated_units for item in holding.items.values())
    if allocated and command.parent is None:
        raise Conflict(
            f"{allocated} units on {command.holding} are allocated to order lines of {warehouse}.",
            field="location",
            value=command.holding,
            remedy="Release their allocation first, or send what is free.",
            code="allocated",
        )
    return [
        ContainerDeparted(
            holding=command.holding,
            warehouse=warehouse,
            origin=holding.place,
            destination=command.destination,
            transfer_id=command.transfer_id,
            number=holding.move + 1,
            occurred_at=command.occurred_at,
            parent=command.parent,
            supply=changed_supply(
                holding, warehouse, [(item.some(item.units), -1) for item in holding.items.values()]
            ),
        )
    ]


def land(command: LandContainer, holding: Holding) -> Sequence[Event]:
    """The arrival; none when it is not, or no longer, on its way with this transfer."""
    if holding.transfer_id not in (command.transfer_id, "") or not holding.in_transit:
        return []
    return [
        ContainerArrived(
            holding=command.holding,
            warehouse=command.warehouse,
            place=command.place,
            transfer_id=command.transfer_id,
            number=holding.move + 1,
            occurred_at=command.occurred_at,
            parent=command.parent,
            supply=changed_supply(
                holding, command.warehouse, [(item.some(item.units), 1) for item in holding.items.values()]
            ),
        )
    ]


def _chosen(command: DepartStock, holding: Holding) -> list[Goods]:
    """What is wanted, line after line: a later line finds what the ones before have left."""
    chosen: list[Goods] = []
    for index, wanted in enumerate(command.wanted):
        if command.order_id is not None and command.line_id is not None:
            line = line_key(command.order_id, command.line_id)
            goods = take_allocated(command.holding, holding, wanted, line, field="units", index=index)
        else:
            goods = take(command.holding, holding, wanted, field="units", index=index)
        chosen += goods
        holding = evolve(holding, _leaving(command, goods))
    return chosen


def _leaving(command: DepartStock, goods: Sequence[Goods]) -> StockDeparted:
    return StockDeparted(
        holding=command.holding,
        warehouse=command.warehouse,
        destination=command.destination,
        lane=1,
        number=1,
        goods=tuple(goods),
        occurred_at=command.occurred_at,
        order_id=command.order_id,
        line_id=command.line_id,
    )


def _everything(place: str, holding: Holding) -> list[Goods]:
    items = sorted(holding.items.values(), key=lambda item: item.key)
    stuck = [item for item in items if item.free_units < item.units]
    if stuck or not items:
        item = stuck[0] if stuck else None
        raise Conflict(
            f"{place} is empty."
            if item is None
            else f"{place} holds {item.units} units of {item.sku} that "
            f"{'wait for an inspection' if item.inspection_id else 'are allocated to order lines'}.",
            field="location",
            value=place,
            remedy="Move the whole handling unit, or what is free." if item else "Nothing has to be done.",
            code="not-free" if item else "nothing-there",
        )
    return [item.some(item.units) for item in items]


def _require_standing(container: str, seen_at: str | None, holding: Holding) -> None:
    if seen_at is not None and (holding.place != seen_at or holding.in_transit):
        raise Changed(f"{container} has moved meanwhile.", field="to", value=container)
