"""What must hold of goods on their way out: what is picked was set aside, once, and is where it was brought.

Counted from the events as they are committed, and from the ledger of what people were answered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from inventory.domain.holding import Holding
from inventory.domain.location import Location
from inventory.domain.order_allocation import Allocation
from inventory.domain.picked import StockCollected
from inventory.stock_contracts import Goods, StockShipped
from inventory.task_contracts import LineAllocated
from orders.contracts import CaptureRequested, LineSubstituted, OrderPlaced, ShipmentHoldsChanged
from orders.domain.facts import attempt_of
from orders.domain.order import Order, Return
from orders.domain.states import (
    CAPTURE_DECLINED,
    LINE_BACKORDERED,
    RETURN_AUTHORIZED,
    RETURN_CLOSED,
    RETURN_RECEIVED,
)
from picking.contracts import UnitsPicked
from picking.domain.pick_list import PickList, PickListClaimed, PickListReleased
from picking.domain.pick_order import Collected, PickOrder, PicksRequested, pick_id
from picking.packing_contracts import CartonPacked, ItemsRejected, PackedItem, UnitsRejected
from picking.picking import LEASE
from shared import clock
from shared.events import Event
from shipping.contracts import ShipmentDispatched, ShipmentLabelled, ShipmentVoided
from shipping.domain.shipment import HoldsNoted
from shipping.domain.shipment import Shipment as Outbound
from tests.simulation.ledger import Kind, Ledger, kinds
from tests.simulation.violation import Violation

States = Mapping[str, Any]
Line = tuple[str, str]
"""Order and line."""


class Outgoing:
    """Follows order lines from their allocation into trolleys and cartons, away, and to their payment."""

    def __init__(self) -> None:
        self._ordered: dict[Line, int] = {}
        self._prices: dict[Line, int] = {}
        self._set_aside: dict[Line, set[tuple[str, str | None]]] = defaultdict(set)
        self._picked: Counter[Line] = Counter()
        self._collected: Counter[str] = Counter()
        self._unpacked: Counter[tuple[str, Line]] = Counter()
        """Units by trolley and order line."""
        self._packed: dict[str, CartonPacked] = {}
        self._labelled: dict[str, set[str]] = {}
        """By shipment: its cartons that have labels."""
        self._stopped: set[str] = set()
        """Shipments that were called off."""
        self._to_be_held: dict[str, dict[str, str]] = {}
        self._held: dict[str, dict[str, str]] = {}
        """By shipment: what orders has told last that stops it, and what the dock has noted last."""
        self.cartons_gone: set[str] = set()
        self._taken_out: set[str] = set()
        """Cartons whose goods are no stock any more."""
        self.gone: Counter[Line] = Counter()
        """Units that have left, by order line."""

    # --- at every commit ---

    def committed(self, before: Any, events: Sequence[Event]) -> None:
        """A commit of a stream whose state was `before`."""
        for event in events:
            match event:
                case OrderPlaced():
                    self._ordered |= {(event.order_id, line.line_id): line.quantity for line in event.lines}
                    self._prices |= {(event.order_id, line.line_id): line.unit_price for line in event.lines}
                case LineSubstituted():
                    line_id = event.substitute.line_id
                    self._ordered[event.order_id, line_id] = event.substitute.quantity
                    self._prices[event.order_id, line_id] = event.substitute.unit_price
                case PicksRequested(returned=tuple() as returned):
                    self._put_back(before.returned, returned, event.order_id)
                case LineAllocated():
                    line = self._set_aside[event.order_id, event.line_id]
                    line.update((pick.holding, pick.lot) for pick in event.picks)
                case PickListClaimed() if not any(isinstance(one, PickListReleased) for one in events):
                    _check_claim(before, event)  # otherwise a supervisor has taken the list away first
                case UnitsPicked():
                    self._check_pick(before, event)
                case StockCollected():
                    self._collected[event.pick_id] += sum(goods.units for goods in event.goods)
                case _:
                    self._send(event)

    def _put_back(self, known: Iterable[Collected], now: Iterable[Collected], order_id: str) -> None:
        """What was picked and is to be put back is picked anew, as far as the line gets it again."""
        for one in known:
            self._picked[order_id, one.line_id] += one.units
        for one in now:
            self._picked[order_id, one.line_id] -= one.units

    def _send(self, event: Event) -> None:
        match event:
            case CartonPacked():
                self._check_carton(event)
            case ItemsRejected():
                self._check_rejection(event)
            case UnitsRejected():
                for line in event.lines:
                    self._picked[event.order_id, line.line_id] -= line.units
            case ShipmentLabelled():
                self._check_labels(event)
            case ShipmentVoided():
                self._stopped.add(event.shipment_id)
                self._labelled.pop(event.shipment_id, None)
            case ShipmentHoldsChanged():
                holds: dict[str, str] = {one.kind: one.reason for one in event.holds}
                self._to_be_held |= dict.fromkeys(event.shipment_ids, holds)
            case HoldsNoted():
                self._held[event.shipment_id] = event.holds
            case ShipmentDispatched():
                self._check_departure(event)
            case StockShipped():
                self._check_shipped(event)
            case CaptureRequested():
                self._check_capture(event)

    def _check_pick(self, before: PickList, event: UnitsPicked) -> None:
        line = (event.order_id, event.line_id)
        if (event.holding, event.lot) not in self._set_aside[line]:
            raise Violation("units were picked that were never set aside", event.pick_id, event.holding)
        if event.operator != before.operator:
            raise Violation("units were picked from somebody else's list", event.list_id, event.operator)
        self._picked[line] += event.units
        self._unpacked[event.container, line] += event.units
        if self._picked[line] > self._ordered[line]:
            raise Violation("more was picked than was ordered", *line, self._picked[line])

    def _check_carton(self, event: CartonPacked) -> None:
        if event.sscc in self._packed:
            raise Violation("two cartons have one SSCC", event.sscc)
        self._packed[event.sscc] = event
        for item in event.items:
            if item.expires_on is not None and item.expires_on < event.packed_at[:10]:
                raise Violation("expired goods were packed", event.sscc, item.sku, item.expires_on)
            there = (item.container, (event.order_id, item.line_id))
            self._unpacked[there] -= item.units
            if self._unpacked[there] < 0:
                raise Violation("more was packed than was picked", event.sscc, *there)

    def _check_rejection(self, event: ItemsRejected) -> None:
        for item in event.items:
            there = (item.container, (event.order_id, item.line_id))
            self._unpacked[there] -= item.units
            if self._unpacked[there] < 0:
                raise Violation("more was rejected than was picked", event.rejection_id, *there)

    def _check_labels(self, event: ShipmentLabelled) -> None:
        cartons = {one.sscc for one in event.cartons}
        if any(self._packed[sscc].shipment_id != event.shipment_id for sscc in cartons):
            raise Violation("a carton is labelled that is none of the shipment's", event.shipment_id)
        if event.shipment_id in self._stopped and event.shipment_id not in self._labelled:
            self._stopped.discard(event.shipment_id)  # somebody has voided it by hand, and thought better of it
        self._labelled[event.shipment_id] = cartons

    def _check_departure(self, event: ShipmentDispatched) -> None:
        if holds := self._held.get(event.shipment_id):
            raise Violation("a carton has left though its order is held", event.shipment_id, holds)
        for sscc in event.cartons:
            if sscc not in self._labelled.get(event.shipment_id, ()):
                raise Violation("a carton has left without a good label", event.shipment_id, sscc)
            if sscc in self.cartons_gone:
                raise Violation("a carton has left twice", event.shipment_id, sscc)
            self.cartons_gone.add(sscc)

    def _check_shipped(self, event: StockShipped) -> None:
        if event.holding not in self.cartons_gone or event.holding in self._taken_out:
            raise Violation("stock has left without its carton", event.holding)
        self._taken_out.add(event.holding)
        packed = _goods(self._packed[event.holding].items)
        if _goods(event.goods) != packed:
            raise Violation("other goods have left than were packed", event.holding, event.goods)
        for one in event.lines:
            self.gone[event.order_id, one.line_id] += one.units

    def _check_capture(self, event: CaptureRequested) -> None:
        shipment_id, _ = attempt_of(event.capture_id)
        cartons = [sscc for sscc, one in self._packed.items() if one.shipment_id == shipment_id]
        if not cartons or not self.cartons_gone.issuperset(cartons):
            raise Violation("money is asked for before the goods have left", event.order_id, event.capture_id)
        if event.amount != self._value(cartons):
            raise Violation("more or less is asked for than has left", event.order_id, event.capture_id)

    def _value(self, cartons: Iterable[str]) -> int:
        """What the goods in cartons cost."""
        return sum(
            self._prices[packed.order_id, item.line_id] * item.units
            for packed in (self._packed[sscc] for sscc in cartons)
            for item in packed.items
        )

    # --- at rest ---

    def at_rest(self, states: States, book: Ledger) -> None:
        """Everything has arrived: lists, orders, holdings and pickers know the same."""
        lists = dict(_of(states, "PickList"))
        self._picks(lists, book)
        for order_id, order in _of(states, "PickOrder"):
            _check_order(order_id, order, lists)
        _check_put_back(states, {*lists, *self._packed} - self.cartons_gone)
        self._cartons(book)
        self._holds(states)
        self._money(states, book)

    def _holds(self, states: States) -> None:
        """The dock holds what orders holds, of that which is still here."""
        for shipment_id, shipment in _of(states, "Shipment"):
            wanted = self._to_be_held.get(shipment_id, {})
            if not isinstance(shipment, Outbound) or self.cartons_gone.issuperset(shipment.cartons):
                continue
            if shipment.holds != wanted:
                raise Violation("the dock holds what orders does not, or the other way round", shipment_id, wanted)

    def _cartons(self, book: Ledger) -> None:
        """What packers were told is what was packed, and what has left is no stock any more."""
        packed = {sscc: _goods(one.items) for sscc, one in self._packed.items()}
        if packed != book.packed:
            wrong = [sscc for sscc in {*packed, *book.packed} if packed.get(sscc) != book.packed.get(sscc)]
            raise Violation("packing does not know what was packed", *sorted(wrong)[:3])
        if self._taken_out != self.cartons_gone:
            raise Violation(
                "what has left is still in the books", *sorted(self.cartons_gone - self._taken_out)[:3]
            )

    def _returns(self, order: Order, book: Ledger) -> None:
        for return_id, one in order.returns.items():
            if one.status == RETURN_AUTHORIZED:
                raise Violation("a return was closed, and its order waits for it", order.order_id, return_id)
            shipment = book.returns[return_id]
            logged = sum(units for (of, _, _), units in book.logged.items() if of == shipment)
            _check_return(order, one, logged)

    def _money(self, states: States, book: Ledger) -> None:
        """Of each order as much is taken as what has left costs, unless that was declined."""
        for order_id, order in _of(states, "Order"):
            if order.status == "cancelled" and any(
                self._packed[sscc].order_id == order_id for sscc in self.cartons_gone
            ):
                raise Violation("goods of a cancelled order have left", order_id)
            self._returns(order, book)
            owed = 0
            for shipment in order.shipments.values():
                cartons = [sscc for sscc, one in self._packed.items() if one.shipment_id == shipment.shipment_id]
                if cartons and self.cartons_gone.issuperset(cartons) and shipment.capture != CAPTURE_DECLINED:
                    owed += self._value(cartons)
            if order.captured != owed:
                raise Violation("the money for what has left is not taken", order_id, order.captured, owed)

    def _picks(self, lists: Mapping[str, PickList], book: Ledger) -> None:
        for list_id, picklist in lists.items():
            if list_id in book.called_off and not picklist.cancelled:
                raise Violation("an accepted cancellation of a list is lost", list_id)
            if picklist.cancelled and picklist.open_picks:
                raise Violation("something is still to be picked on a cancelled list", list_id)
        picked = Counter(
            {name: one.picked for picklist in lists.values() for name, one in picklist.picks.items() if one.picked}
        )
        if picked != +book.picked:
            raise Violation("picking does not know what was confirmed", *_different(picked, book.picked))
        if picked != self._collected:
            raise Violation("what was picked is not in its trolley", *_different(picked, self._collected))


def replacements(order: Order) -> list[str]:
    """The ids of orders that replace what has come back of an order."""
    return [one.replacement_id for one in order.returns.values() if one.replacement_id]


def _check_return(order: Order, one: Return, logged: int) -> None:
    """What came back counts as far as it was expected, and is refunded or replaced, once."""
    back = sum(line.units for line in one.received)
    if back != logged:
        raise Violation("an order does not know what has come back", order.order_id, one.return_id, back, logged)
    due = sum(order.lines[line.line_id].unit_price * line.units for line in one.received)
    if one.resolution == "replace":
        if bool(one.replacement_id) != bool(back):
            raise Violation("what has come back is not replaced", order.order_id, one.return_id)
        if one.due and not order.in_debt and (one.refunded + one.declined, one.status) != (one.due, _ended(one)):
            raise Violation("what was not replaced is not refunded", order.order_id, one.return_id, one.due)
    elif not order.in_debt and (one.refunded + one.declined, one.status) != (due, _ended(one)):
        raise Violation("what has come back is not refunded", order.order_id, one.return_id, one.refunded, due)


def _ended(one: Return) -> str:
    """Where a return ends: one whose refund was declined waits for somebody who asks for it again."""
    return RETURN_RECEIVED if one.declined else RETURN_CLOSED


def check_end(order: Order) -> None:
    """Where an order may stand once all was done for it that can be done."""
    lacks = any(line.missing or line.status == LINE_BACKORDERED for line in order.lines.values() if line.open > 0)
    match order.status:
        case "closed":
            return
        case "delivered" if order.in_debt:
            return
        case "backordered" | "allocating" | "partially_dispatched" if lacks:
            return
        case "picked" | "packed" if lacks and not order.partial_shipments:
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


def _check_put_back(states: States, holdings: Iterable[str]) -> None:
    """What lies in a trolley or carton is set aside for an order, or somebody is asked to put it back."""
    tasks = {task.holding for _, task in _of(states, "PutAway") if task.status == "open"}
    for name in holdings:
        holding: Holding = states.get(f"Holding#{name}", Holding())
        free = sum(item.units - item.allocated_units for item in holding.items.values())
        place: Location | None = states.get(f"Location#{holding.place}")
        if free and name not in tasks and (place is None or place.is_floor):
            raise Violation("nobody puts back what was picked in vain", name, holding.place, free)
    for order_id, order in _of(states, "Order"):
        allocation: Allocation = states.get(f"Allocation#{order_id}", Allocation())
        if order.status == "cancelled" and any(not line.closed for line in allocation.lines.values()):
            raise Violation("a cancelled order still wants units", order_id)


def _goods(items: Iterable[Goods | PackedItem]) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for item in items:
        found.update(kinds(item.sku, item.units, item.lot, item.serials))
    return found


def _different(one: Counter[str], other: Counter[str]) -> list[tuple[str, int, int]]:
    return [(name, one[name], other[name]) for name in sorted({*one, *other}) if one[name] != other[name]][:3]


def _of(states: States, category: str) -> Iterator[tuple[str, Any]]:
    for stream, state in states.items():
        name, _, key = stream.partition("#")
        if name == category:
            yield key, state
