"""What must hold of units that are set aside: each for a line that wants it, all that it wants, or it is told."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from inventory.domain.holding import Holding, is_container, line_key
from inventory.domain.location import Location
from inventory.domain.order_allocation import Allocation, Line
from inventory.domain.putaway import OPEN
from orders.domain.order import Order
from orders.domain.states import ALLOCATED, CANCELLED, LINE_ALLOCATED
from tests.simulation.violation import Violation

States = Mapping[str, Any]
Gone = Mapping[tuple[str, str], int]
"""Units that have left on cartons, by order and line."""


def check_allocations(states: States, today: str, gone: Gone) -> None:
    """Holdings, allocations and orders agree about every unit that is set aside.

    Goods that were picked are elsewhere than their allocation knows; what has left the building is in `gone`.
    """
    held: dict[str, Counter[str]] = defaultdict(Counter)
    free: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    """By warehouse and SKU: units that nobody has, and where."""
    for name, holding in _of(states, "Holding"):
        for item in holding.items.values():
            for line, units in item.allocated:
                held[line][name] += units
            if (
                item.status == "available"
                and item.free_units
                and not (item.expires_on and item.expires_on < today)
            ):
                warehouse = _can_be_picked(name, states)
                if warehouse and not _blocked(states, item.sku, item.lot):
                    free[warehouse, item.sku][name] += item.free_units
    for order_id, allocation in _of(states, "Allocation"):
        if allocation.to_ask or allocation.to_free:
            raise Violation("an allocation has stopped halfway", order_id, allocation.to_ask, allocation.to_free)
        for line_id, line in allocation.in_order:
            has = held.pop(line_key(order_id, line_id), Counter())
            _check_line(order_id, line_id, line, has, gone[order_id, line_id])
            there = free[allocation.warehouse, line.sku]
            if line.lacking and any(units for name, units in there.items() if name not in line.avoid):
                raise Violation("a line lacks units though some are free", order_id, line_id, line.lacking)
    if held:
        raise Violation("units are set aside for nobody", *list(held.items())[:3])
    for order_id, order in _of(states, "Order"):
        _check_order(order_id, order, states.get(f"Allocation#{order_id}", Allocation()))


def _check_line(order_id: str, line_id: str, line: Line, held: Counter[str], gone: int) -> None:
    noted = Counter({holding: share.got for holding, share in line.shares.items() if share.got})
    if line.closed:
        noted, gone = Counter(), 0
    left = gone - sum(line.gone.values())
    if held != noted and (noted.total() - left != held.total() or not all(map(is_container, held - noted))):
        raise Violation("an allocation is not what holdings have set aside", order_id, line_id, held, noted)
    if held and (line.closed or line.suspended > line.promise):
        raise Violation("units are set aside for a line that wants none", order_id, line_id, held)
    if line.wanted and held.total() > line.quantity:
        raise Violation("more is set aside than was ordered", order_id, line_id, held.total(), line.quantity)
    if line.lacking and not line.short:
        raise Violation("a line lacks units, and nobody was told", order_id, line_id, line.lacking)


def _check_order(order_id: str, order: Order, allocation: Allocation) -> None:
    for line_id, line in order.lines.items():
        if order.status == ALLOCATED and line.status == LINE_ALLOCATED and _lacks(allocation.lines.get(line_id)):
            raise Violation("an order counts on units that nobody has set aside", order_id, line_id)
    if order.status == CANCELLED and any(line.shares for line in allocation.lines.values()):
        raise Violation("a cancelled order has units set aside", order_id)


def check_tasks(states: States) -> None:
    """Whatever had a place to go to was brought there."""
    for task_id, task in _of(states, "PutAway"):
        if task.status == OPEN and task.location:
            raise Violation("a put-away task does not end", task_id, task.purpose, task.units)


def _lacks(line: Line | None) -> bool:
    return line is None or not line.wanted or line.got < line.quantity


def _can_be_picked(name: str, states: States) -> str:
    """The warehouse of a holding that orders may get units of; empty where they may not."""
    holding: Holding = states[f"Holding#{name}"]
    while holding.kind:
        if not holding.place:
            return ""
        name = holding.place
        holding = states.get(f"Holding#{name}", Holding())
    location: Location = states[f"Location#{name}"]
    return "" if location.kind == "quarantine" else location.warehouse


def _blocked(states: States, sku: str, lot: str) -> bool:
    known = states.get(f"Lot#{sku}#{lot}")
    return bool(known and known.blocked)


def _of(states: States, category: str) -> Iterator[tuple[str, Any]]:
    for stream, state in states.items():
        name, _, key = stream.partition("#")
        if name == category:
            yield key, state
