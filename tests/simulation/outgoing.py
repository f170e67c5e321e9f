"""What must hold of goods on their way out: what is picked was set aside, once, and is where it was brought.

Counted from the events as they are committed, and from the ledger of what people were answered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from inventory.domain.holding import Holding
from inventory.domain.order_allocation import Allocation
from inventory.domain.picked import StockCollected
from inventory.stock_contracts import StockShipped
from inventory.task_contracts import LineAllocated
from orders.contracts import OrderPlaced
from orders.domain.order import Order
from orders.domain.states import LINE_BACKORDERED
from picking.contracts import UnitsPicked
from picking.domain.pick_list import PickList, PickListClaimed
from picking.domain.pick_order import PickOrder, pick_id
from picking.picking import LEASE
from shared import clock
from shared.events import Event
from tests.simulation.ledger import Ledger
from tests.simulation.violation import Violation

States = Mapping[str, Any]
Line = tuple[str, str]
"""Order and line."""


class Outgoing:
    """Follows order lines from their allocation to the trolley."""

    def __init__(self) -> None:
        self._ordered: dict[Line, int] = {}
        self._set_aside: dict[Line, set[tuple[str, str | None]]] = defaultdict(set)
        self._picked: Counter[Line] = Counter()
        self._collected: Counter[str] = Counter()
        self.gone: Counter[Line] = Counter()
        """Units that have left, by order line."""

    # --- at every commit ---

    def committed(self, before: Any, events: Sequence[Event]) -> None:
        """A commit of a stream whose state was `before`."""
        for event in events:
            match event:
                case OrderPlaced():
                    self._ordered |= {(event.order_id, line.line_id): line.quantity for line in event.lines}
                case LineAllocated():
                    line = self._set_aside[event.order_id, event.line_id]
                    line.update((pick.holding, pick.lot) for pick in event.picks)
                case PickListClaimed():
                    _check_claim(before, event)
                case UnitsPicked():
                    self._check_pick(before, event)
                case StockShipped():
                    for one in event.lines:
                        self.gone[event.order_id, one.line_id] += one.units
                case StockCollected():
                    self._collected[event.pick_id] += sum(goods.units for goods in event.goods)

    def _check_pick(self, before: PickList, event: UnitsPicked) -> None:
        line = (event.order_id, event.line_id)
        if (event.holding, event.lot) not in self._set_aside[line]:
            raise Violation("units were picked that were never set aside", event.pick_id, event.holding)
        if event.operator != before.operator:
            raise Violation("units were picked from somebody else's list", event.list_id, event.operator)
        self._picked[line] += event.units
        if self._picked[line] > self._ordered[line]:
            raise Violation("more was picked than was ordered", *line, self._picked[line])

    # --- at rest ---

    def at_rest(self, states: States, book: Ledger) -> None:
        """Everything has arrived: lists, orders, holdings and pickers know the same."""
        lists = dict(_of(states, "PickList"))
        self._picks(lists, book)
        for order_id, order in _of(states, "PickOrder"):
            _check_order(order_id, order, lists)
        _check_put_back(states, lists)

    def _picks(self, lists: Mapping[str, PickList], book: Ledger) -> None:
        picked = Counter(
            {name: one.picked for picklist in lists.values() for name, one in picklist.picks.items() if one.picked}
        )
        if picked != +book.picked:
            raise Violation("picking does not know what was confirmed", *_different(picked, book.picked))
        if picked != self._collected:
            raise Violation("what was picked is not in its trolley", *_different(picked, self._collected))


def check_end(order: Order) -> None:
    """Where an order may stand once everything was done for it that can be done."""
    match order.status:
        case "picked":
            return
        case "backordered" if order.lines_in(LINE_BACKORDERED):
            return
        case "allocating" if any(line.missing for line in order.lines.values()):
            return
        case _:
            raise Violation("an order does not go on", order.order_id, order.status, order.waiting_for)


def _check_claim(before: PickList, claim: PickListClaimed) -> None:
    """A lease is prolonged by a confirmation also when it is over, as long as nobody else has claimed the list."""
    at = clock.iso(datetime.fromisoformat(claim.until) - LEASE)
    if before.operator not in ("", claim.operator) and before.until > at:
        raise Violation("two pickers have one list", claim.list_id, before.operator, claim.operator)


def _check_order(order_id: str, order: PickOrder, lists: Mapping[str, PickList]) -> None:
    """What an order knows of its picks is what its lists say."""
    noted: Counter[str] = Counter()
    for goods in order.goods:
        noted[goods.container] += goods.units
    told: Counter[str] = Counter()
    for number, pick in order.picks.items():
        progress = lists[pick.list_id].picks.get(pick_id(order_id, number)) if pick.list_id in lists else None
        if progress is not None:
            told[pick.list_id] += progress.picked
            if progress.status != "open" and pick.open:
                raise Violation("an order waits for a pick that is over", order_id, number)
    if noted != +told:
        raise Violation("an order does not know what was picked for it", order_id, noted, +told)


def _check_put_back(states: States, lists: Mapping[str, PickList]) -> None:
    """What lies in a trolley is set aside for an order, or somebody is asked to put it back."""
    tasks = {task.holding for _, task in _of(states, "PutAway") if task.status == "open"}
    for name in lists:
        holding: Holding = states.get(f"Holding#{name}", Holding())
        free = sum(item.units - item.allocated_units for item in holding.items.values())
        if free and name not in tasks:
            raise Violation("nobody puts back what was picked in vain", name, free)
    for order_id, order in _of(states, "Order"):
        allocation: Allocation = states.get(f"Allocation#{order_id}", Allocation())
        if order.status == "cancelled" and any(not line.closed for line in allocation.lines.values()):
            raise Violation("a cancelled order still wants units", order_id)


def _different(one: Counter[str], other: Counter[str]) -> list[tuple[str, int, int]]:
    return [(name, one[name], other[name]) for name in sorted({*one, *other}) if one[name] != other[name]][:3]


def _of(states: States, category: str) -> Iterator[tuple[str, Any]]:
    for stream, state in states.items():
        name, _, key = stream.partition("#")
        if name == category:
            yield key, state
