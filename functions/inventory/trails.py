"""Where the goods of order lines are now: followed from where they were set aside, by the holdings' histories.

Picks, packing and dispatch are not told to an order's allocation. Who needs to know reads on in the history of
each holding, from the commit that the allocation has noted last, and goes where the goods of the line went.
"""

from collections.abc import Iterable, Iterator
from functools import reduce

from msgspec import Struct

from inventory import ground
from inventory.aggregates import ALLOCATION, HOLDING
from inventory.domain import numbers
from inventory.domain.allocation import units_for
from inventory.domain.holding import Holding, collected, lane_of, line_key
from inventory.domain.order_allocation import Allocation, FollowGoods, Line, NotedShare
from inventory.domain.picked import StockPacked, StockPicked
from inventory.stock_contracts import StockDeparted, StockShipped
from inventory.task_contracts import Pick
from shared.rejection import Unavailable
from shared.resources import history

_LEAVING = {f"inventory.{event.__name__}" for event in (StockPicked, StockPacked, StockDeparted, StockShipped)}


class Trail(Struct, frozen=True):
    """Goods of a line are to be looked for in what left `holding` after its commit `after`."""

    order_id: str
    line_id: str
    sku: str
    holding: str
    after: int


class _Found(Struct):
    """What was found: where goods of lines are, and what has left."""

    shares: dict[tuple[str, str], NotedShare]
    gone: dict[tuple[str, str], int]

    @property
    def note(self) -> FollowGoods:
        return FollowGoods(
            tuple(self.shares.values()),
            tuple((line_id, carton, units) for (line_id, carton), units in self.gone.items()),
        )


def followed(allocation: Allocation, line_ids: Iterable[str]) -> FollowGoods:
    """Where the goods of these lines are, as far as they are no longer where the allocation knows them.

    Raises Unavailable while some have left one holding and are not in the books of the next: they are not lost.
    """
    found = _Found({}, {})
    for line_id in line_ids:
        line = allocation.lines.get(line_id, Line())
        for holding, share in sorted(line.shares.items()):
            if not (share.asked and share.got):
                continue
            books = ground.books(holding)
            if units_for(books.state, allocation.order_id, line_id, line.sku) >= share.got:
                continue
            picks = picks_of(books.state, holding, allocation.order_id, line_id, line.sku)
            found.shares[line_id, holding] = NotedShare(line_id, holding, books.sequence, picks, answer=False)
            _follow(Trail(allocation.order_id, line_id, line.sku, holding, share.as_of), found)
    return found.note


def went_on(trails: Iterable[Trail]) -> FollowGoods:
    """Where goods have gone that are not where they were."""
    found = _Found({}, {})
    for trail in trails:
        _follow(trail, found)
    return found.note


def as_it_is(allocation: Allocation) -> Allocation:
    """The allocation with every line's goods where they are now; as it was, while some are on their way."""
    try:
        note = followed(allocation, allocation.lines)
    except Unavailable:
        return allocation
    events = ALLOCATION.decide(note, allocation)
    after: Allocation = reduce(ALLOCATION.evolve, events, allocation)
    return after


def picks_of(books: Holding, holding: str, order_id: str, line_id: str, sku: str) -> tuple[Pick, ...]:
    """What a holding has set aside for a line, lot by lot."""
    line = line_key(order_id, line_id)
    found: dict[tuple[str, str], Pick] = {}
    for item in sorted(books.items.values(), key=lambda item: item.turn):
        units = item.units_for(line)
        if item.sku != sku or not units:
            continue
        known = found.get((item.lot, item.expires_on))
        serials = (*(known.serials if known else ()), *((item.serial,) if item.serial else ()))
        found[item.lot, item.expires_on] = Pick(
            holding=holding,
            place=books.place or holding,
            sku=sku,
            units=units + (known.units if known else 0),
            lot=item.lot or None,
            expires_on=item.expires_on or None,
            serials=serials,
        )
    return tuple(found.values())


def _follow(trail: Trail, found: _Found) -> None:
    """Look where the goods went, and on from there."""
    for holding in dict.fromkeys(_destinations(trail, found)):
        if (trail.line_id, holding) in found.shares:
            continue
        books = ground.books(holding)
        picks = picks_of(books.state, holding, trail.order_id, trail.line_id, trail.sku)
        found.shares[trail.line_id, holding] = NotedShare(
            trail.line_id, holding, max(1, books.sequence), picks, answer=False
        )
        _follow(Trail(trail.order_id, trail.line_id, trail.sku, holding, 0), found)


def _destinations(trail: Trail, found: _Found) -> Iterator[str]:
    for commit in history().read(HOLDING.stream_id(trail.holding), after=trail.after):
        for recorded in commit.events:
            if recorded.type in _LEAVING:
                yield from _destination(HOLDING.catalog.decode(recorded), trail, found)


def _destination(event: object, trail: Trail, found: _Found) -> Iterator[str]:
    match event:
        case StockPicked(order_id=order, line_id=line) if (order, line) == (trail.order_id, trail.line_id):
            _require_seen(event.container, collected(event.pick_id), event.number)
            yield event.container
        case StockDeparted(order_id=order, line_id=line) if (order, line) == (trail.order_id, trail.line_id):
            _require_seen(event.destination, lane_of(event.holding, event.lane), event.number)
            yield event.destination
        case StockPacked(order_id=order) if order == trail.order_id:
            if any(one.line_id == trail.line_id for one in event.lines):
                if not ground.books(event.carton).state.kind:
                    raise Unavailable(f"carton {event.carton} is not in the books yet")
                yield event.carton
        case StockShipped(order_id=order) if order == trail.order_id:
            units = sum(one.units for one in event.lines if one.line_id == trail.line_id)
            if units:
                found.gone[trail.line_id, trail.holding] = units


def _require_seen(holding: str, where: str, number: int) -> None:
    if not numbers.has(ground.books(holding).state.seen.get(where, ()), number):
        raise Unavailable(f"what goes to {holding} as {where} number {number} is not in the books yet")
