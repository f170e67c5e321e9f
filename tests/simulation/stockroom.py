"""What must hold in the warehouse: per lot, serial and handling unit, in every place, for every promise.

Counted from the services' own folds, from the events as they are committed, and from the ledger of what callers
were told, so that none of them can be wrong alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inventory.domain.goods import Item
from inventory.domain.holding import Holding, is_container
from inventory.domain.location import Location
from inventory.domain.outbound import FOUND
from inventory.domain.picked import CartonFilled, StockCollected, StockPacked, StockPicked
from inventory.domain.putaway import PUT_AWAY_CLAIMS
from inventory.domain.room import Load, load_of, total
from inventory.stock_contracts import (
    Goods,
    PlaceOverfilled,
    StockAdjusted,
    StockAllocated,
    StockArrived,
    StockCounted,
    StockDeparted,
    StockReceived,
    StockShipped,
    StockStatusChanged,
)
from receiving.domain.inspection import DECIDED, Inspection
from receiving.domain.shipment import Shipment
from shared.events import Event
from tests.simulation.ledger import Kind, Ledger, kinds
from tests.simulation.rejected import Rejected
from tests.simulation.violation import Violation

States = Mapping[str, Any]
Like = tuple[str, str, str, str]
"""What units have in common: SKU, lot, serial, status."""
Departure = tuple[str, str, int | str, int]


class Stockroom:
    """Follows every holding: what is on its way, what stands where, and what that takes of each place."""

    def __init__(self) -> None:
        self._on_the_way: dict[Departure, Counter[Like]] = {}
        self._arrived: set[Departure] = set()
        self._found: Counter[Kind] = Counter()
        """Units that pickers have found where the books had none."""
        self._rejected = Rejected()
        self._standing: dict[str, str] = {}
        self._carried: dict[str, set[str]] = defaultdict(set)
        self._overfilled: dict[str, bool] = {}
        """Places of which it was told that more is there than should be, and whether it has been since."""

    # --- at every commit ---

    def committed(self, stream: str, before: Any, after: Any, events: Sequence[Event], states: States) -> None:
        """A commit of a stream whose state was `before` and is `after`; `states` are all that there are now."""
        self._rejected.committed(events)
        if not isinstance(after, Holding):
            return
        place = stream.partition("#")[2]
        self._conserves(stream, before, after, events)
        for item in after.items.values():
            _check_item(stream, item)
        if after.place != self._standing.get(place, ""):
            self._carried[self._standing.get(place, "")].discard(place)
            self._standing[place] = after.place
            self._carried[after.place].add(place)
        if any(isinstance(event, PlaceOverfilled) for event in events):
            self._overfilled.setdefault(place, False)
        self._require_room(place, states)

    def _conserves(self, stream: str, before: Holding, after: Holding, events: Iterable[Event]) -> None:
        """A holding has afterwards what it had, and what its events say has come and gone."""
        expected = _contents(before)
        for event in events:
            for goods, sign in _changes(event):
                for like, units in _alike(goods).items():
                    expected[like] += sign * units
            match event:
                case StockDeparted():
                    departure = (event.holding, event.destination, event.lane, event.number)
                    self._leave(stream, departure, event.goods)
                case StockArrived():
                    departure = (event.origin, event.holding, event.lane, event.number)
                    self._come(stream, departure, event.goods)
                case StockPicked():
                    self._leave(stream, ("pick", event.container, event.pick_id, event.number), event.goods)
                case StockCollected():
                    self._come(stream, ("pick", event.holding, event.pick_id, event.number), event.goods)
                case StockPacked():
                    packed = [goods for line in event.lines for goods in line.goods]
                    self._leave(stream, ("carton", event.carton, event.holding, 1), packed)
                case CartonFilled():
                    self._fill(stream, event)
                case StockAdjusted() if event.reason == FOUND:
                    self._found.update(kinds(event.sku, event.quantity, event.lot, event.serials))
        if +expected != _contents(after) or -expected:
            raise Violation("a holding is not what its events say", stream, *events)

    def _leave(self, stream: str, departure: Departure, goods: Iterable[Goods]) -> None:
        if departure in self._on_the_way or departure in self._arrived:
            raise Violation("two departures have one number", stream, departure)
        self._on_the_way[departure] = _sum(map(_alike, goods))

    def _come(self, stream: str, departure: Departure, goods: Iterable[Goods]) -> None:
        if self._on_the_way.pop(departure, None) != _sum(map(_alike, goods)):
            raise Violation("goods arrived that were not on their way", stream, departure)
        self._arrived.add(departure)

    def _fill(self, stream: str, event: CartonFilled) -> None:
        """What is packed comes from all trolleys at once."""
        parts = [one for one in self._on_the_way if one[:2] == ("carton", event.holding)]
        packed = _sum(self._on_the_way.pop(one) for one in parts)
        self._arrived.update(parts)
        if packed != _sum(_alike(goods) for line in event.lines for goods in line.goods):
            raise Violation("a carton is not filled with what was packed", stream)

    def _require_room(self, place: str, states: States) -> None:
        while standing := self._standing.get(place, ""):
            place = standing
        location = states.get(f"Location#{place}")
        if not isinstance(location, Location) or location.is_floor:
            return
        broken = list(self._broken_rules(place, location, states))
        if broken and place not in self._overfilled:
            raise Violation("a place holds what it must not", place, *broken)
        if self._overfilled.get(place) and not broken:
            del self._overfilled[place]
        elif broken:
            self._overfilled[place] = True

    def _broken_rules(self, place: str, location: Location, states: States) -> Iterator[str]:
        load = self._load(place, states)
        capacity = location.capacity
        if capacity is not None:
            units = len(self._carried[place])
            for what, limit, taken in (
                ("volume", capacity.volume_mm3, load.volume_mm3),
                ("weight", capacity.weight_g, load.weight_g),
                ("handling units", capacity.handling_units, units),
            ):
                if limit is not None and taken > limit:
                    yield f"{taken} of {limit} {what}"
        kinds = {sku for sku, _ in load.contents} if location.mixing == "one_sku" else set(load.contents)
        if location.mixing != "any" and len(kinds) > 1:
            yield f"{location.mixing}: {sorted(kinds)}"

    def _load(self, place: str, states: States) -> Load:
        """What really is in a place, with all that stands there."""
        holding: Holding = states.get(f"Holding#{place}", Holding())
        inside = total(
            (load_of(holding.items.values()), *(self._load(one, states) for one in self._carried[place]))
        )
        return Load(
            max(inside.volume_mm3, holding.volume_mm3),
            inside.weight_g + holding.tare_g,
            inside.contents,
            inside.classes,
        )

    # --- at rest ---

    def at_rest(self, states: States, book: Ledger, gone: Iterable[str]) -> None:
        """Everything has arrived: the sums are those that callers know, and all books agree with each other.

        `gone` are the cartons that have left.
        """
        if self._on_the_way:
            raise Violation("goods left and never arrived", *list(self._on_the_way)[:3])
        holdings = dict(_of(states, "Holding"))
        self._rejected.at_rest(book)
        self._sums(holdings, book, gone)
        self._standings(holdings, states)
        self._promises(holdings, states)
        self._inspections(holdings, states, book)
        self._lots(holdings, states)
        self._shipments(states, book)

    def _sums(self, holdings: Mapping[str, Holding], book: Ledger, gone: Iterable[str]) -> None:
        there: Counter[tuple[str, str, str]] = Counter()
        for holding in holdings.values():
            for item in holding.items.values():
                if item.sku in book.wares:
                    there[item.sku, item.lot, item.serial] += item.units
        came = Counter(book.balance)
        came.update(self._found)
        came.subtract(self._rejected.written_off)
        for carton in gone:
            came.subtract(book.packed[carton])
        known = {kind: units for kind, units in came.items() if units}
        if there != known:
            wrong = {kind: (there[kind], known.get(kind, 0)) for kind in {*there, *known}}
            different = {kind: both for kind, both in wrong.items() if both[0] != both[1]}
            raise Violation("what lies there is not what came and went", *sorted(different.items())[:3])

    def _standings(self, holdings: Mapping[str, Holding], states: States) -> None:
        """Containers and what they stand on know of each other, and no room is taken for nothing."""
        tasks = {task.room_claim for _, task in _of(states, "PutAway") if task.status == "open" and task.location}
        for name, holding in holdings.items():
            for unit in holding.occupants:
                if holdings[unit].place != name:
                    raise Violation("a place counts with a unit that stands elsewhere", name, unit)
            for claim in holding.claims:
                if not (claim.startswith(PUT_AWAY_CLAIMS) and claim in tasks):
                    raise Violation("room is taken for nothing", name, claim)
            if not holding.kind or not holding.place:
                continue
            below = holdings.get(holding.place)
            location: Location | None = states.get(f"Location#{holding.place}")
            warehouse = location.warehouse if location else below.warehouse if below else ""
            if holding.warehouse != warehouse:
                raise Violation("a unit is not in the warehouse where it stands", name, holding.warehouse)
            counted = location is None or not location.is_floor
            if counted and holding.kind != "loose" and (below is None or name not in below.occupants):
                raise Violation("a unit stands where nobody counts with it", name, holding.place)

    def _promises(self, holdings: Mapping[str, Holding], states: States) -> None:
        """The promises count with what is available, and with nothing else."""
        available: Counter[tuple[str, str]] = Counter()
        days = {key: promise.today for key, promise in _of(states, "Promise")}
        for name, holding in holdings.items():
            warehouse = _warehouse(name, holding, states)
            for item in holding.items.values():
                today = days.get(f"{warehouse}#{item.sku}", "")
                if warehouse and item.status == "available" and not (item.expires_on and item.expires_on < today):
                    available[warehouse, item.sku] += item.units
        for key, promise in _of(states, "Promise"):
            warehouse, _, sku = key.partition("#")
            if promise.sellable_units != available.pop((warehouse, sku), 0):
                raise Violation("the promise does not count with what is available", key, promise.sellable_units)
            if promise.unsettled or promise.available_units < 0:
                raise Violation("more is promised than there is", key)
        if unknown := {key: units for key, units in available.items() if units}:
            raise Violation("the promise does not know what is available", unknown)

    def _inspections(self, holdings: Mapping[str, Holding], states: States, book: Ledger) -> None:
        """What waits for an inspection is in quarantine until it is decided, and no longer."""
        for name, holding in holdings.items():
            for item in holding.items.values():
                inspection: Inspection | None = states.get(f"Inspection#{item.inspection_id}")
                if item.inspection_id and (inspection is None or inspection.status == DECIDED):
                    raise Violation("goods wait for an inspection that is over", name, item.inspection_id)
        for inspection_id in book.decided:
            if states[f"Inspection#{inspection_id}"].status != DECIDED:
                raise Violation("an accepted decision is lost", inspection_id)

    def _lots(self, holdings: Mapping[str, Holding], states: States) -> None:
        """A lot is blocked when it is recalled, and then nothing of it is available anywhere."""
        for key, recall in _of(states, "Recall"):
            if states[f"Lot#{key}"].blocked != recall.active:
                raise Violation("a lot is blocked though it is not recalled, or the other way round", key)
        blocked = {(lot.sku, lot.lot) for _, lot in _of(states, "Lot") if lot.blocked}
        for name, holding in holdings.items():
            for item in holding.items.values():
                if item.status == "available" and (item.sku, item.lot) in blocked:
                    raise Violation("a recalled lot can be sold", name, item.sku, item.lot)

    def _shipments(self, states: States, book: Ledger) -> None:
        """Receiving has recorded what operators were told that it has, each once."""
        known: Counter[tuple[str, str, str]] = Counter()
        for key, shipment in _of(states, "Shipment"):
            if not isinstance(shipment, Shipment):
                continue  # shipping's: those that go out
            if key in book.closed and shipment.status != "closed":
                raise Violation("a shipment was closed and is open", key)
            known.update(_came(key, shipment))
        told = Counter({(shipment, sku, ""): 0 for shipment, sku, _ in book.logged})
        for (shipment_id, sku, _), units in book.logged.items():
            told[shipment_id, sku, ""] += units
        if known != told:
            raise Violation("receiving does not know what was logged", *list((known - told) + (told - known))[:3])


def _came(key: str, shipment: Shipment) -> Counter[tuple[str, str, str]]:
    came: Counter[tuple[str, str, str]] = Counter()
    for one in (*shipment.lines.values(), *shipment.unannounced.values()):
        if units := one.received + one.damaged:
            came[key, one.sku, ""] += units
    return came


def _check_item(stream: str, item: Item) -> None:
    set_aside = sum(units for _, units in item.allocated)
    if item.units < 1 or any(units < 1 for _, units in item.allocated):
        raise Violation("fewer than no units", stream, item)
    if set_aside > item.units:
        raise Violation("more is set aside than there is", stream, item)
    if set_aside and (item.status != "available" or item.inspection_id):
        raise Violation("goods are set aside that cannot be sold", stream, item)
    if item.inspection_id and item.status != "quarantine":
        raise Violation("goods that wait for an inspection are not in quarantine", stream, item)
    if item.serial and item.units != 1:
        raise Violation("a serial stands for several units", stream, item)


def check_allocation(stream: str, event: StockAllocated, at: str) -> None:
    """What is set aside for an order line can be sold on that day. A minute before midnight counts as the next."""
    for goods in event.goods:
        if goods.expires_on and goods.expires_on < at:
            raise Violation("expired goods were set aside", stream, event)


def _changes(event: Event) -> Iterator[tuple[Goods, int]]:
    """Goods that an event adds to its holding (1), and takes away (-1)."""
    match event:
        case StockAdjusted():
            units, sign = abs(event.quantity), 1 if event.quantity > 0 else -1
            yield Goods(event.sku, units, event.status, event.lot, serials=event.serials), sign
        case StockReceived() | StockArrived():
            yield from ((goods, 1) for goods in event.goods)
        case StockDeparted():
            yield from ((goods, -1) for goods in event.goods)
        case StockStatusChanged():
            for goods in event.goods:
                yield goods, -1
                yield Goods(goods.sku, goods.units, event.status, goods.lot, serials=goods.serials), 1
        case StockCounted():
            yield from ((goods, 1) for goods in event.added)
            yield from ((goods, -1) for goods in event.removed)
        case StockPicked() | StockShipped():
            yield from ((goods, -1) for goods in event.goods)
        case StockCollected():
            yield from ((goods, 1) for goods in event.goods)
        case StockPacked():
            yield from ((goods, -1) for line in event.lines for goods in line.goods)
        case CartonFilled():
            yield from ((goods, 1) for line in event.lines for goods in line.goods)


def _alike(goods: Goods) -> Counter[Like]:
    lot, status = goods.lot or "", goods.status
    if goods.serials:
        return Counter((goods.sku, lot, serial, status) for serial in goods.serials)
    return Counter({(goods.sku, lot, "", status): goods.units})


def _contents(holding: Holding) -> Counter[Like]:
    found: Counter[Like] = Counter()
    for item in holding.items.values():
        found[item.sku, item.lot, item.serial, item.status] += item.units
    return found


def _sum(counters: Iterable[Counter[Like]]) -> Counter[Like]:
    found: Counter[Like] = Counter()
    for counter in counters:
        found.update(counter)
    return found


def _of(states: States, category: str) -> Iterator[tuple[str, Any]]:
    for stream, state in states.items():
        name, _, key = stream.partition("#")
        if name == category:
            yield key, state


def _warehouse(name: str, holding: Holding, states: States) -> str:
    if holding.kind or is_container(name):
        return holding.warehouse
    location: Location = states[f"Location#{name}"]
    return location.warehouse
