"""Goods on their way out: picked into a container, packed into cartons, shipped.

What a picker or packer has scanned is a fact. Where the books have less than was picked, they follow: units that
nobody has set aside go first, then those of other lines, who lose them, and what the books do not know at all was
found. Nothing is ever below zero.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from inventory.domain import numbers
from inventory.domain.goods import AVAILABLE, Item, together
from inventory.domain.holding import (
    Holding,
    PickedInto,
    changed_supply,
    collected,
    evolve,
    line_key,
    packed,
    pick_key,
    rejected,
    sellable,
)
from inventory.domain.picked import (
    CartonFilled,
    LineGoods,
    RejectionNoted,
    StockCollected,
    StockPacked,
    StockPicked,
)
from inventory.domain.stock import WithdrawLot, with_status, withdraw_lot
from inventory.measures import CubicMillimetres, Ordinal, Text, Weight
from inventory.stock_contracts import (
    CartonRecalled,
    Goods,
    ProcessId,
    ShippedLine,
    StockAdjusted,
    StockDeallocated,
    StockShipped,
    Supply,
)
from inventory.task_contracts import CountRequested
from shared.events import Event
from shared.gs1 import Sscc
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
from shared.quantity import Quantity
from shared.rejection import Conflict

FOUND = "picked, though the books did not know of it"
DAMAGED: Literal["damaged"] = "damaged"
Blocked = tuple[tuple[str, str], ...]
"""The (SKU, lot) of goods that are recalled."""


class NotThereYet(Conflict):
    """Goods are told to have gone on that have not come here, as far as is known: look again later."""

    code = "not-there-yet"


class PickStock(Struct, frozen=True):
    """An operator has taken units for an order line from here, into the container of a pick list."""

    holding: HoldingId
    warehouse: WarehouseCode
    container: HoldingId
    pick_id: Text
    number: Ordinal
    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Quantity
    occurred_at: Timestamp
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class CollectStock(Struct, frozen=True):
    """Note picked goods in the container of their pick list. `blocked` are lots that are recalled."""

    holding: HoldingId
    warehouse: WarehouseCode
    picks: tuple[StockPicked, ...]
    blocked: Blocked = ()


class PackedUnits(Struct, frozen=True):
    """Units of an order line that a packer has put into a carton."""

    line_id: LineId
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] = ()


class PackStock(Struct, frozen=True):
    """Units of an order have gone from a pick list's container into a carton."""

    holding: HoldingId
    warehouse: WarehouseCode
    carton: Sscc
    order_id: OrderId
    lines: tuple[PackedUnits, ...]
    occurred_at: Timestamp


class RejectedUnits(Struct, frozen=True):
    """Units of an order line that a packer rejects; the pick `pick_id` took them from `origin`."""

    pick_id: Text
    line_id: LineId
    sku: Sku
    units: Quantity
    origin: HoldingId
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] = ()


class RejectStock(Struct, frozen=True):
    """Goods in a pick list's container are damaged, or are not there, as the packer's report `rejection` says."""

    holding: HoldingId
    warehouse: WarehouseCode
    rejection: Text
    order_id: OrderId
    lines: tuple[RejectedUnits, ...]
    damaged: bool
    reason: Text
    occurred_at: Timestamp


class Recall(Struct, frozen=True):
    """A lot that is recalled, and why."""

    sku: Sku
    lot: LotNumber
    reason: Text


class FillCarton(Struct, frozen=True):
    """Note a carton of an order's shipment with its goods. `recalls` are those of lots among them."""

    holding: Sscc
    warehouse: WarehouseCode
    place: str
    order_id: OrderId
    shipment_id: ProcessId
    lines: tuple[LineGoods, ...]
    occurred_at: Timestamp
    volume_mm3: CubicMillimetres = 0
    tare_g: Weight = 0
    recalls: tuple[Recall, ...] = ()

    @property
    def blocked(self) -> Blocked:
        """The (SKU, lot) of goods that are recalled."""
        return tuple((one.sku, one.lot) for one in self.recalls)


class ShipStock(Struct, frozen=True):
    """A carton has left with a shipment of an order."""

    holding: HoldingId
    warehouse: WarehouseCode
    shipment_id: ProcessId
    order_id: OrderId
    occurred_at: Timestamp


def pick(command: PickStock, holding: Holding) -> Sequence[Event]:
    """The pick, once, and what it means for the books where they have less. Never refuses."""
    key = pick_key(command.pick_id, command.number)
    if key in holding.picks.get(command.container, PickedInto(0)).picks:
        return []
    line = line_key(command.order_id, command.line_id)
    alike = [item for item in _in_turn(holding) if _is_picked(item, command)]
    taken = _Taking(command.units)
    own = taken.take((item, item.units_for(line)) for item in alike)
    taken.take((item, item.free_units) for item in alike if item.status == AVAILABLE)
    others = taken.take((item, item.allocated_units - item.units_for(line)) for item in alike)
    taken.take((item, item.units) for item in alike if item.status != AVAILABLE or item.inspection_id)
    events = [*_deallocating(command, holding, others, line), *_swapped(command, holding, own, line)]
    if taken.left:
        found = _found(command, holding, taken.goods, taken.left)
        taken.goods.append(found)
        events += _adding(command, holding, found)
    return [
        *events,
        StockPicked(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            container=command.container,
            pick_id=command.pick_id,
            number=command.number,
            order_id=command.order_id,
            line_id=command.line_id,
            goods=together(taken.goods),
            occurred_at=command.occurred_at,
            set_aside=together(own),
        ),
    ]


def collect(command: CollectStock, holding: Holding) -> Sequence[Event]:
    """The goods are in the container, each pick once; those of a recalled lot go to quarantine with it."""
    events: list[Event] = []
    for picked in command.picks:
        if numbers.has(holding.seen.get(collected(picked.pick_id), ()), picked.number):
            continue
        came = StockCollected(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            origin=picked.holding,
            pick_id=picked.pick_id,
            number=picked.number,
            order_id=picked.order_id,
            line_id=picked.line_id,
            goods=picked.goods,
            occurred_at=picked.occurred_at,
        )
        recalled = _recalled(command, evolve(holding, came), picked.goods, picked.occurred_at)
        for event in (came, *recalled):
            events.append(event)
            holding = evolve(holding, event)
    return events


def pack(command: PackStock, holding: Holding) -> Sequence[Event]:
    """What went into the carton, once. Raises NotThereYet when the container has less of it."""
    if holding.seen.get(packed(command.carton)):
        return []
    events: list[Event] = []
    lines: list[LineGoods] = []
    left = holding
    for units in command.lines:
        line = line_key(command.order_id, units.line_id)
        alike = [item for item in _in_turn(left) if _is_packed(item, units)]
        taken = _Taking(units.units)
        own = taken.take((item, item.units_for(line)) for item in alike)
        taken.take((item, item.free_units) for item in alike if item.status == AVAILABLE)
        siblings = taken.take((item, _of_order(item, command.order_id, line)) for item in alike)
        taken.take((item, item.units) for item in alike if item.status != AVAILABLE or item.inspection_id)
        if taken.left:
            raise NotThereYet(
                f"{command.holding} lacks {taken.left} of {units.units} units of {units.sku} that are in "
                f"{command.carton}.",
                field="container",
                value=command.holding,
            )
        swapped = list(_deallocating(command, left, siblings, line, "swapped"))
        for event in swapped:
            left = evolve(left, event)
        events += swapped
        lines.append(LineGoods(units.line_id, together(taken.goods), together(own)))
        left = evolve(left, _packed(command, left, (lines[-1],)))
    return [*events, _packed(command, holding, tuple(lines))]


def reject(command: RejectStock, holding: Holding) -> Sequence[Event]:
    """Damaged goods have that status, missing ones are off the books, once; the line has lost them.

    What has been put back meanwhile is left alone. Raises NotThereYet when the pick (or carton) has not come yet.
    """
    if holding.seen.get(rejected(command.rejection)):
        return []
    events: list[Event] = []
    for units in command.lines:
        for event in _rejected(command, units, holding):
            events.append(event)
            holding = evolve(holding, event)
    return [*events, RejectionNoted(holding=command.holding, rejection=command.rejection)]


def fill(command: FillCarton, holding: Holding) -> Sequence[Event]:
    """The carton, once; goods of a recalled lot go to quarantine with it, and it must not leave with them."""
    if holding.order_id:
        return []
    filled = CartonFilled(
        holding=command.holding,
        warehouse=command.warehouse,
        place=command.place,
        order_id=command.order_id,
        shipment_id=command.shipment_id,
        lines=command.lines,
        occurred_at=command.occurred_at,
        volume_mm3=command.volume_mm3,
        tare_g=command.tare_g,
    )
    goods = [one for line in command.lines for one in line.goods]
    after = evolve(holding, filled)
    stopped = [_carton_recalled(after, command.holding, one, command.occurred_at) for one in command.recalls]
    return [filled, *_recalled(command, after, goods, command.occurred_at), *stopped]


def recall(command: WithdrawLot, holding: Holding) -> Sequence[Event]:
    """What is available of a recalled lot no longer is; an order's carton with something of it must not leave."""
    events = withdraw_lot(command, holding)
    if not events or not holding.order_id:
        return events
    why = Recall(command.sku, command.lot, command.reason or command.reason_code)
    return [*events, _carton_recalled(holding, command.holding, why, command.occurred_at)]


def ship(command: ShipStock, holding: Holding) -> Sequence[Event]:
    """Everything on the carton leaves, once. Raises NotThereYet when nothing is known of the carton."""
    if holding.left:
        return []
    if not holding.kind:
        raise NotThereYet(f"Nothing is known of carton {command.holding}.", field="cartons", value=command.holding)
    goods = together(item.some(item.units) for item in _in_turn(holding))
    by_sku: dict[str, dict[str, int]] = {}
    for one in sellable(goods):
        dates = by_sku.setdefault(one.sku, {})
        dates[one.expires_on or ""] = dates.get(one.expires_on or "", 0) - one.units
    return [
        StockShipped(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            shipment_id=command.shipment_id,
            order_id=command.order_id,
            goods=goods,
            lines=tuple(_lines(command, holding)),
            occurred_at=command.occurred_at,
            supply=tuple(
                Supply(sku, sum(dates.values()), tuple(sorted((d, units) for d, units in dates.items() if d)))
                for sku, dates in by_sku.items()
            ),
            place=holding.place or None,
        )
    ]


class _Taking:
    """Units that are taken from items, one source after the other, until there are enough."""

    def __init__(self, units: int) -> None:
        self.left = units
        self.goods: list[Goods] = []

    def take(self, sources: Iterator[tuple[Item, int]]) -> list[Goods]:
        """Take what is still lacking, from each item at most so many units; what was taken."""
        taken: list[Goods] = []
        for item, there in sources:
            here = min(self.left, there)
            if here > 0:
                taken.append(item.some(here))
                self.left -= here
        self.goods += taken
        return taken


def _in_turn(holding: Holding) -> list[Item]:
    return sorted(holding.items.values(), key=lambda item: item.turn)


def _is_picked(item: Item, command: PickStock) -> bool:
    return (
        item.sku == command.sku
        and (command.lot is None or item.lot == command.lot)
        and (not command.serials or item.serial in command.serials)
    )


def _is_packed(item: Item, units: PackedUnits | RejectedUnits) -> bool:
    return (
        item.sku == units.sku
        and (units.lot is None or item.lot == units.lot)
        and (not units.serials or item.serial in units.serials)
    )


def _of_order(item: Item, order_id: str, line: str) -> int:
    """Units that are set aside for other lines of the same order."""
    return sum(units for key, units in item.allocated if key != line and key.startswith(f"{order_id}/"))


def _deallocating(
    command: PickStock | PackStock, holding: Holding, goods: Sequence[Goods], line: str, reason: str = "missing"
) -> Iterator[Event]:
    """What lines other than `line` lose, since `goods` are taken that were set aside for them."""
    order = command.order_id if isinstance(command, PackStock) else ""
    by_line: dict[str, list[Goods]] = {}
    for one in goods:
        item = holding.items[_key(one)]
        left = one.units
        for other, units in reversed(item.allocated):
            here = 0 if other == line or not other.startswith(order) else min(left, units)
            if here:
                by_line.setdefault(other, []).append(item.some(here))
                left -= here
    for other, lost in by_line.items():
        order_id, _, line_id = other.partition("/")
        yield StockDeallocated(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            order_id=order_id,
            line_id=line_id,
            goods=together(lost),
            reason=reason,
        )


def _key(goods: Goods) -> str:
    """The key of the one item that `goods` are of."""
    return Item(
        sku=goods.sku,
        units=goods.units,
        status=goods.status,
        lot=goods.lot or "",
        expires_on=goods.expires_on or "",
        serial=goods.serials[0] if goods.serials else "",
        inspection_id=goods.inspection_id or "",
    ).key


def _swapped(command: PickStock, holding: Holding, own: Sequence[Goods], line: str) -> Iterator[Event]:
    """What the line no longer needs here, since other units were picked in its stead."""
    taken = {_key(one): one.units for one in own}
    left = command.units - sum(taken.values())
    back: list[Goods] = []
    for item in _in_turn(holding):
        there = item.units_for(line) - taken.get(item.key, 0) if item.sku == command.sku else 0
        here = min(left, there)
        if here > 0:
            back.append(item.some(here))
            left -= here
    if back:
        yield StockDeallocated(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            order_id=command.order_id,
            line_id=command.line_id,
            goods=together(back),
            reason="swapped",
        )


def _found(command: PickStock, holding: Holding, taken: Sequence[Goods], units: int) -> Goods:
    """Units that were picked and that the books do not know, as heavy and large as others of their product."""
    known = next((item for item in holding.items.values() if item.sku == command.sku), Item(command.sku, 0))
    named = {serial for one in taken for serial in one.serials}
    return Goods(
        sku=command.sku,
        units=units,
        lot=command.lot,
        expires_on=command.expires_on,
        serials=tuple(serial for serial in command.serials if serial not in named),
        volume_mm3=known.volume_mm3,
        weight_g=known.weight_g,
        storage_class=known.storage_class or None,
        received_at=command.occurred_at,
    )


def _adding(command: PickStock, holding: Holding, found: Goods) -> Iterator[Event]:
    warehouse = holding.warehouse or command.warehouse
    yield StockAdjusted(
        location=command.holding,
        warehouse=warehouse,
        sku=found.sku,
        quantity=found.units,
        on_hand=holding.units_of(found.sku) + found.units,
        reason=FOUND,
        occurred_at=command.occurred_at,
        reason_code="found",
        lot=found.lot,
        expires_on=found.expires_on,
        serials=found.serials,
        volume_mm3=found.volume_mm3,
        weight_g=found.weight_g,
        storage_class=found.storage_class,
        supply=changed_supply(holding, warehouse, [(found, 1)]),
    )
    yield CountRequested(
        holding=command.holding,
        warehouse=warehouse,
        sku=found.sku,
        reason=f"{found.units} units were {FOUND}",
        requested_at=command.occurred_at,
        order_id=command.order_id,
        line_id=command.line_id,
    )


def _rejected(command: RejectStock, units: RejectedUnits, holding: Holding) -> Iterator[Event]:
    """What the line loses, and what the goods are now; a place where something is missing is counted."""
    warehouse = holding.warehouse or command.warehouse
    if not holding.order_id and not holding.seen.get(collected(units.pick_id)):
        raise NotThereYet(
            f"Pick {units.pick_id}, of which units are rejected, has not come to {command.holding}.",
            field="container",
            value=command.holding,
        )
    alike = [item for item in _in_turn(holding) if _is_packed(item, units)]
    taken = _Taking(units.units)
    own = taken.take((item, item.units_for(line_key(command.order_id, units.line_id))) for item in alike)
    taken.take((item, item.free_units) for item in alike if item.status == AVAILABLE)
    taken.take((item, item.units) for item in alike if item.status != AVAILABLE or item.inspection_id)
    if own:
        lost = StockDeallocated(
            holding=command.holding,
            warehouse=warehouse,
            order_id=command.order_id,
            line_id=units.line_id,
            goods=together(own),
            reason=DAMAGED if command.damaged else "missing",
        )
        yield lost
        holding = evolve(holding, lost)
    goods = tuple(one for one in together(taken.goods) if not command.damaged or one.status == AVAILABLE)
    if command.damaged and goods:
        yield from with_status(
            holding, command.holding, warehouse, goods, DAMAGED, DAMAGED, command.occurred_at,
            reason=command.reason,
        )  # fmt: skip
    if command.damaged:
        return
    for one in goods:
        yield (gone := _written_off(command, holding, warehouse, one))
        holding = evolve(holding, gone)
    yield CountRequested(
        holding=units.origin,
        warehouse=warehouse,
        sku=units.sku,
        reason=command.reason,
        requested_at=command.occurred_at,
        order_id=command.order_id,
        line_id=units.line_id,
    )


def _written_off(command: RejectStock, holding: Holding, warehouse: str, goods: Goods) -> StockAdjusted:
    return StockAdjusted(
        location=command.holding,
        warehouse=warehouse,
        sku=goods.sku,
        quantity=-goods.units,
        on_hand=holding.units_of(goods.sku) - goods.units,
        reason=command.reason,
        occurred_at=command.occurred_at,
        reason_code="lost",
        lot=goods.lot,
        expires_on=goods.expires_on,
        serials=goods.serials,
        status=goods.status,
        volume_mm3=goods.volume_mm3,
        weight_g=goods.weight_g,
        storage_class=goods.storage_class,
        supply=changed_supply(holding, warehouse, [(goods, -1)]),
    )


def _packed(command: PackStock, holding: Holding, lines: tuple[LineGoods, ...]) -> StockPacked:
    return StockPacked(
        holding=command.holding,
        warehouse=holding.warehouse or command.warehouse,
        carton=command.carton,
        order_id=command.order_id,
        lines=lines,
        occurred_at=command.occurred_at,
    )


def _recalled(
    command: CollectStock | FillCarton, holding: Holding, goods: Sequence[Goods], at: str
) -> Iterator[Event]:
    """Available goods of recalled lots are none for sale, from the moment at which they come."""
    lots = {(one.sku, one.lot) for one in sellable(goods) if one.lot}
    for sku, lot in sorted(pair for pair in command.blocked if pair in lots):
        withdraw = WithdrawLot(
            holding=command.holding,
            sku=sku,
            lot=lot,
            status="quarantine",
            reason_code="recalled",
            occurred_at=at,
            warehouse=command.warehouse,
        )
        for event in withdraw_lot(withdraw, holding):
            yield event
            holding = evolve(holding, event)


def _carton_recalled(holding: Holding, sscc: str, recall: Recall, at: str) -> CartonRecalled:
    return CartonRecalled(
        holding=sscc,
        warehouse=holding.warehouse,
        order_id=holding.order_id,
        shipment_id=holding.shipment_id,
        sku=recall.sku,
        lot=recall.lot,
        reason=recall.reason,
        recalled_at=at,
        lines=tuple(ShippedLine(line_id, sku, units) for line_id, sku, units in holding.meant),
    )


def _lines(command: ShipStock, holding: Holding) -> Iterator[ShippedLine]:
    """For which lines the goods leave: those that they are set aside for, then those that they were packed for."""
    units: dict[tuple[str, str], int] = {}
    free: dict[str, int] = {}
    for item in _in_turn(holding):
        free[item.sku] = free.get(item.sku, 0) + item.units
        for key, count in item.allocated:
            order_id, _, line_id = key.partition("/")
            if order_id == command.order_id:
                units[line_id, item.sku] = units.get((line_id, item.sku), 0) + count
                free[item.sku] -= count
    meant: dict[tuple[str, str], int] = {}
    for line_id, sku, count in holding.meant:
        meant[line_id, sku] = meant.get((line_id, sku), 0) + count
    for (line_id, sku), count in meant.items():
        more = min(free.get(sku, 0), count - units.get((line_id, sku), 0))
        if more > 0:
            units[line_id, sku] = units.get((line_id, sku), 0) + more
            free[sku] -= more
    for (line_id, sku), count in sorted(units.items(), key=lambda pair: int(pair[0][0])):
        yield ShippedLine(line_id, sku, count)
