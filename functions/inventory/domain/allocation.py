"""Concrete units set aside for order lines, so that nobody else takes them."""

from collections.abc import Sequence

from msgspec import Struct

from inventory.domain.goods import AVAILABLE, Item, together
from inventory.domain.holding import Holding, line_key
from inventory.domain.stock import warehouse_of
from inventory.measures import Code
from inventory.stock_contracts import Goods, StockAllocated, StockDeallocated
from shared.events import Event
from shared.identifiers import CalendarDate, HoldingId, LineId, LotNumber, OrderId, Sku, WarehouseCode
from shared.quantity import Quantity, Units


class AllocateUnits(Struct, frozen=True):
    """Set units aside for an order line: as many as are free, until it has `wanted`, first expired first.

    With `lot` only of that lot. What has expired before `today` is never set aside.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    order_id: OrderId
    line_id: LineId
    sku: Sku
    wanted: Quantity
    today: CalendarDate
    lot: LotNumber | None = None


class DeallocateUnits(Struct, frozen=True):
    """Give back what is set aside for an order line: all of it, or `units` (those of `lot` first)."""

    holding: HoldingId
    warehouse: WarehouseCode
    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Units | None = None
    lot: LotNumber | None = None
    reason: Code = "released"


def allocate(command: AllocateUnits, holding: Holding) -> Sequence[Event]:
    """What could be set aside; none when nothing is free, or when the line has as many units here already.

    Never raises: whoever plans asks `units_for` afterwards what it is, and looks elsewhere for the rest.
    """
    if holding.in_transit:
        return []
    goods: list[Goods] = []
    left = command.wanted - units_for(holding, command.order_id, command.line_id, command.sku)
    for item in sorted(holding.items.values(), key=lambda item: item.turn):
        here = min(left, _free(item, command))
        if here > 0:
            goods.append(item.some(here))
            left -= here
    if not goods:
        return []
    return [
        StockAllocated(
            holding=command.holding,
            warehouse=warehouse_of(holding, command.warehouse),
            order_id=command.order_id,
            line_id=command.line_id,
            goods=together(goods),
            wanted=command.wanted,
        )
    ]


def deallocate(command: DeallocateUnits, holding: Holding) -> Sequence[Event]:
    """The line's units are free again; none when it has none here."""
    line = line_key(command.order_id, command.line_id)
    goods: list[Goods] = []
    left = command.units
    for item in sorted(holding.items.values(), key=lambda item: (item.lot != command.lot, item.turn)):
        there = item.units_for(line) if item.sku == command.sku else 0
        here = there if left is None else min(there, left)
        if here:
            goods.append(item.some(here))
            left = None if left is None else left - here
    if not goods:
        return []
    return [
        StockDeallocated(
            holding=command.holding,
            warehouse=holding.warehouse or command.warehouse,
            order_id=command.order_id,
            line_id=command.line_id,
            goods=together(goods),
            reason=command.reason,
        )
    ]


def units_for(holding: Holding, order_id: str, line_id: str, sku: str) -> int:
    """Units of a product that are set aside here for an order line."""
    line = line_key(order_id, line_id)
    return sum(item.units_for(line) for item in holding.items.values() if item.sku == sku)


def _free(item: Item, command: AllocateUnits) -> int:
    wrong = (
        item.sku != command.sku
        or item.status != AVAILABLE
        or (command.lot is not None and item.lot != command.lot)
        or (item.expires_on and item.expires_on < command.today)
    )
    return 0 if wrong else item.free_units
