"""How a wave that was asked for becomes pick lists.

Its plan is recorded first, then its orders are put on its lists one by one, then the lists are made, and at last
the wave is released. Every step finds out by itself that it was done before: whoever comes again goes on.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from msgspec import structs

from picking import keys, reference
from picking.aggregates import PICK_LIST, PICK_ORDER, WAVE
from picking.contracts import Criteria
from picking.domain.pick_list import CreateList, Position
from picking.domain.pick_order import AssignPicks, ListPart, Pick, PickOrder, pick_id
from picking.domain.release import (
    Floor,
    Measures,
    Spent,
    Spot,
    is_choosy,
    matches,
    plan_lists,
    walking_order,
)
from picking.domain.routing import Stop
from picking.domain.wave import PLANNED, REQUESTED, PlannedList, PlanWave, ReleaseWave, Wave
from picking.summaries import WITHDRAWN, PickingSummary
from shared import clock, ids
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.resources import history, views

LOOKED_AT = 2_000
"""So many waiting orders are looked at for one wave, the most urgent first."""
IMPROVED_FOR_S = 5.0
STEPS_PER_PICK, STEPS_AT_MOST = 100, 60_000
"""What the search for shorter walks may take, in seconds and in steps, whichever is used up first."""
AISLE_MM, BAY_MM = 3_000, 1_000
"""How far apart aisles and bays are taken to be where places have no coordinates."""


def release(wave_id: str, metadata: CommandMetadata) -> Wave:
    """Plan, assign, make the lists, release: whatever of it is left to do."""
    stream = history().load(WAVE, WAVE.stream_id(wave_id))
    if stream.state.status == REQUESTED and stream.state.criteria is not None:
        stream = _planned(stream, stream.state.criteria, metadata)
    if stream.state.status == PLANNED and stream.state.criteria is not None:
        orders, lists = _made(stream.state, stream.state.criteria, metadata)
        command = ReleaseWave(stream.state.criteria.warehouse, orders, lists)
        stream = _do(stream, command, metadata, "released")
    return stream.state


def candidates(criteria: Criteria) -> list[PickOrder]:
    """The orders that wait and meet the criteria, the most urgent first."""
    if is_choosy(criteria):
        summaries = Pool(criteria.warehouse).matching(criteria)
        seem_right: Iterable[str] = (PICK_ORDER.stream_id(one.order_id) for one in summaries)
    else:
        seem_right = islice((pk for page in _pages(criteria.warehouse) for pk, _ in page), LOOKED_AT)
    found: list[PickOrder] = []
    for batch in _batches(seem_right, criteria.max_orders):
        orders = [history().load(PICK_ORDER, stream_id).state for stream_id in batch]
        zones = _zones({pick.visit.place for order in orders for pick in order.waiting}) if criteria.zone else {}
        found += (
            order
            for order in orders
            if matches(order, criteria, [pick.visit.place for pick in order.waiting], zones)
        )
        if len(found) >= criteria.max_orders:
            break
    return found[: criteria.max_orders]


class Pool:
    """What the list says of the orders that wait in a warehouse. It is read once, as far as somebody looks."""

    def __init__(self, warehouse: str) -> None:
        self._read: list[PickingSummary] = []
        self._pages = _pages(warehouse)
        self._zones: dict[str, str] = {}
        self._taken: set[str] = set()

    def matching(self, criteria: Criteria) -> Iterator[PickingSummary]:
        """Those that meet the criteria, the most urgent first."""
        looked_at = 0
        while looked_at < LOOKED_AT and (looked_at < len(self._read) or self._read_on()):
            page = self._read[looked_at:LOOKED_AT]
            looked_at += len(page)
            if criteria.zone is not None:
                self._learn_zones(page)
            for order in page:
                at = [place for _, place in order.waits_at]
                if order.order_id not in self._taken and matches(order, criteria, at, self._zones):
                    yield order

    def take(self, orders: Iterable[PickingSummary]) -> None:
        """Match these no more: a wave was asked for that takes them."""
        self._taken.update(order.order_id for order in orders)

    def _read_on(self) -> bool:
        page = next(self._pages, None)
        if page is None:
            return False
        found = views().documents(PickingSummary, page)
        self._read += (found[key] for key in page if key in found and found[key].status != WITHDRAWN)
        return True

    def _learn_zones(self, orders: Iterable[PickingSummary]) -> None:
        unknown = {place for order in orders for _, place in order.waits_at} - self._zones.keys()
        self._zones |= dict.fromkeys(unknown, "") | _zones(unknown)


def _planned(stream: Stream[Wave], criteria: Criteria, metadata: CommandMetadata) -> Stream[Wave]:
    orders = candidates(criteria)
    floor = _floor(criteria.warehouse, [pick for order in orders for pick in order.waiting])
    wave_id = stream.state.wave_id
    lists, walk = plan_lists(
        orders,
        criteria,
        floor,
        _allowance(sum(len(order.waiting) for order in orders)),
        lambda number: ids.derived_id("pick-list", wave_id, str(number)),
    )
    return _do(stream, PlanWave(lists, walk, _now()), metadata, "planned")


def _made(wave: Wave, criteria: Criteria, metadata: CommandMetadata) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put every order on its lists, then make the lists of what is on them. Answers the orders and the lists."""
    parts: dict[str, list[ListPart]] = {}
    for planned in wave.planned:
        for order in planned.orders:
            parts.setdefault(order.order_id, []).append(ListPart(planned.list_id, order.picks))
    orders = {
        order_id: execute(
            history(),
            PICK_ORDER,
            PICK_ORDER.stream_id(order_id),
            Command(AssignPicks(wave.wave_id, tuple(own)), _named(metadata, f"{wave.wave_id}/assigned")),
        ).stream.state
        for order_id, own in parts.items()
    }
    released: dict[str, None] = {}
    lists: list[str] = []
    for planned in wave.planned:
        own_orders = [(order.slot, orders[order.order_id]) for order in planned.orders]
        on_list = [
            (slot, order, pick)
            for slot, order in own_orders
            for pick in order.open_picks
            if pick.list_id == planned.list_id
        ]
        if on_list and _make(planned, on_list, wave, criteria, metadata):
            lists.append(planned.list_id)
            released.update(dict.fromkeys(order.order_id for _, order, _ in on_list))
    return tuple(released), tuple(lists)


def _make(
    planned: PlannedList,
    picks: Sequence[tuple[int, PickOrder, Pick]],
    wave: Wave,
    criteria: Criteria,
    metadata: CommandMetadata,
) -> bool:
    """Whether the list is there: it is not where all of its picks were withdrawn meanwhile."""
    floor = _floor(criteria.warehouse, [pick for _, _, pick in picks])
    stops = sorted({floor.spot(pick).stop for _, _, pick in picks})
    tour, walk = walking_order(stops, floor.metric)
    turn = {stops[index]: place for place, index in enumerate(tour)}
    positions = sorted(
        (
            (turn[floor.spot(pick).stop], pick.visit.place, slot, pick.number),
            Position(
                pick_id=pick_id(order.order_id, pick.number),
                order_id=order.order_id,
                line_id=pick.line_id,
                sku=pick.sku,
                units=pick.visit.units,
                holding=pick.visit.holding,
                place=pick.visit.place,
                slot=slot,
                zone=floor.spot(pick).zone,
                lot=pick.visit.lot,
                expires_on=pick.visit.expires_on,
                serials=pick.visit.serials,
            ),
        )
        for slot, order, pick in picks
    )
    deadlines = [order.ship_by for _, order, _ in picks if order.ship_by]
    command = CreateList(
        list_id=planned.list_id,
        wave_id=wave.wave_id,
        warehouse=criteria.warehouse,
        method=criteria.method,
        positions=tuple(position for _, position in positions),
        walk_mm=walk,
        at=_now(),
        zone=planned.zone,
        priority=max(order.priority for _, order, _ in picks),
        ship_by=min(deadlines, default=None),
    )
    stream_id = PICK_LIST.stream_id(planned.list_id)
    made = execute(history(), PICK_LIST, stream_id, Command(command, _named(metadata, f"{planned.list_id}/made")))
    return bool(made.stream.state.list_id)


def _do(
    stream: Stream[Wave], command: PlanWave | ReleaseWave, metadata: CommandMetadata, step: str
) -> Stream[Wave]:
    named = _named(metadata, f"{stream.state.wave_id}/{step}")
    return execute(history(), WAVE, stream.id, Command(command, named), known=stream).stream


def _named(metadata: CommandMetadata, name: str) -> CommandMetadata:
    """Steps are named after the wave, so that it does not matter who takes them."""
    return structs.replace(metadata, command_id=name)


def _pages(warehouse: str) -> Iterator[list[tuple[str, str]]]:
    """Where the summaries of the orders that wait in a warehouse are, by urgency."""
    after: str | None = None
    while True:
        page = views().pointers((keys.POOL, warehouse), keys.URGENCY, keys.BY_POOL, after=after, limit=200)
        yield [key for _, key in page.items]
        if page.next is None:
            return
        after = page.next


def _batches(stream_ids: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(stream_ids)
    while batch := list(islice(left, size)):
        yield batch


def _zones(places: Collection[str]) -> dict[str, str]:
    """The zones of those places that inventory has described."""
    return {name: place.zone for name, place in reference.places(places).items()}


def _floor(warehouse: str, picks: Iterable[Pick]) -> Floor:
    """Where the picks are and what they weigh, as inventory has described it."""
    visited = list(picks)
    places = reference.places({pick.visit.place for pick in visited})
    articles = reference.articles({pick.sku for pick in visited})
    packing = reference.packing_places(warehouse)
    along = [_stop(place) for place in (*places.values(), *packing)]
    front = min((stop.along for stop in along), default=0)
    return Floor(
        spots={name: Spot(place.zone, _from(front, _stop(place))) for name, place in places.items()},
        measures={
            sku: Measures(article.volume_mm3 or 0, article.weight_g or 0) for sku, article in articles.items()
        },
        depot=_from(front, _stop(packing[0])) if packing else Stop(0, 0),
    )


def _stop(place: reference.Place) -> Stop:
    if place.x_mm is not None and place.y_mm is not None:
        return Stop(across=place.y_mm, along=place.x_mm)
    return Stop(across=AISLE_MM * _number(place.aisle), along=BAY_MM * _number(place.bay))


def _from(front: int, stop: Stop) -> Stop:
    return Stop(stop.across, stop.along - front)


def _number(name: str) -> int:
    digits = "".join(one for one in name if one.isdecimal())
    return int(digits) if digits else sum(map(ord, name))


def _allowance(picks: int) -> Spent:
    """The share of time or steps that is used, whichever is more."""
    started = clock.now()
    allowed = max(1, min(STEPS_PER_PICK * picks, STEPS_AT_MOST))
    return lambda made: max(made / allowed, (clock.now() - started).total_seconds() / IMPROVED_FOR_S)


def _now() -> str:
    return clock.iso(clock.now())
