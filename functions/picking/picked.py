"""What was picked of an order, as packing sees it."""

from collections.abc import Iterable

from picking.aggregates import PICK_ORDER
from picking.domain.packing import PickedOrder, without
from picking.domain.pick_order import Collected, PickOrder
from picking.packing_contracts import PackedItem, PackedLine
from picking.reference import blocked_lots
from shared import clock
from shared.rejection import NotFound
from shared.resources import history


def picked_order(order_id: str) -> PickedOrder:
    """The goods of an order in the containers of its pick lists, and what is still to be picked.

    Raises NotFound when nothing of it was ever to be picked.
    """
    order = history().load(PICK_ORDER, PICK_ORDER.stream_id(order_id)).state
    if not order.lines:
        raise NotFound(
            f"Nothing of order {order_id} was ever to be picked.",
            field="id",
            value=order_id,
            remedy="Release the order first (POST /orders/{id}/release); picking hears of it within seconds.",
            code="unknown-order",
        )
    goods = _items(order.goods)
    return PickedOrder(
        order_id=order_id,
        warehouse=order.warehouse,
        goods=goods,
        awaited=_awaited(order),
        complete=len(order.lines) >= order.total_lines,
        given_up=tuple(line_id for line_id, line in order.lines.items() if not line.quantity),
        returned=_items((*order.returned, *order.put_back)),
        cancelled=order.withdrawn,
        blocked=blocked_lots((item.sku, item.lot) for item in goods if item.lot),
        today=clock.now().date().isoformat(),
    )


def skus_of(order: PickedOrder) -> set[str]:
    """The products of everything that was picked, or will be."""
    return {item.sku for item in order.goods} | {line.sku for line in order.awaited}


def _items(collected: Iterable[Collected]) -> tuple[PackedItem, ...]:
    """What was collected, by what nobody needs to tell apart."""
    return without(
        (
            PackedItem(
                line_id=one.line_id,
                sku=one.sku,
                units=one.units,
                container=one.container,
                lot=one.lot,
                expires_on=one.expires_on,
                serials=one.serials,
            )
            for one in collected
        ),
        (),
    )


def _awaited(order: PickOrder) -> tuple[PackedLine, ...]:
    lines: dict[str, PackedLine] = {}
    for pick in order.open_picks:
        units = lines[pick.line_id].units if pick.line_id in lines else 0
        lines[pick.line_id] = PackedLine(pick.line_id, pick.sku, units + pick.visit.units)
    return tuple(lines.values())
