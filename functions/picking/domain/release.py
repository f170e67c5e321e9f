"""Which of the waiting orders go into a wave, and on which lists their picks are; places and weights come in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from picking.contracts import Criteria, ListLimits
from picking.domain.batching import (
    Article,
    Batch,
    Instance,
    Limits,
    OrderToPick,
    Position,
    Source,
    Spent,
    solve,
)
from picking.domain.pick_order import Pick, PickOrder, pick_id
from picking.domain.routing import Metric, RackAisles, Stop, optimised_tour, s_shape, tour_length
from picking.domain.wave import PlannedList, PlannedOrder

FULL = 1_000_000
"""What a list holds, in millionths of whichever limit is reached first."""
FEW_STOPS = 100
"""Up to so many stops a tour is optimised; beyond, it goes aisle by aisle."""


class Spot(Struct, frozen=True):
    """Where a place is."""

    zone: str
    stop: Stop


class Measures(Struct, frozen=True):
    """What one unit takes of a list's volume and weight; 0 where that is not known."""

    volume_mm3: int = 0
    weight_g: int = 0


class Floor(Struct, frozen=True):
    """The warehouse as far as a wave sees it: `spots` by place, `measures` by SKU, `depot` where tours begin."""

    spots: Mapping[str, Spot]
    measures: Mapping[str, Measures]
    depot: Stop

    def spot(self, pick: Pick) -> Spot:
        """Where a pick is. Of a place that nobody has described it is only known that it is somewhere."""
        return self.spots.get(pick.visit.place, Spot("", self.depot))

    @property
    def metric(self) -> RackAisles:
        """How far one walks: the aisles reach from the stop nearest to their front to the farthest."""
        along = [spot.stop.along for spot in self.spots.values()]
        return RackAisles(length=max((*along, self.depot.along, 1)), depot=self.depot)


class Waiting(Protocol):
    """An order that waits for a wave."""

    @property
    def warehouse(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def ship_by(self) -> str | None: ...
    @property
    def carrier_service(self) -> str | None: ...
    @property
    def total_lines(self) -> int: ...


def is_choosy(criteria: Criteria) -> bool:
    """Whether there are orders that wait in the warehouse and do not meet the criteria."""
    return bool(
        criteria.min_priority
        or criteria.cut_off
        or criteria.carrier_service
        or criteria.composition
        or criteria.zone
    )


def matches(order: Waiting, criteria: Criteria, places: Collection[str], zones: Mapping[str, str]) -> bool:
    """Whether an order whose picks wait at these `places` belongs into a wave with these criteria.

    `zones` are those of the places, by name, as far as they are known; nothing but `criteria.zone` needs them.
    """
    return bool(
        places
        and order.warehouse == criteria.warehouse
        and order.priority >= criteria.min_priority
        and (criteria.cut_off is None or (order.ship_by is not None and order.ship_by <= criteria.cut_off))
        and (criteria.carrier_service is None or _is_of(order.carrier_service, criteria.carrier_service))
        and (criteria.composition is None or (criteria.composition == "single_line") == (order.total_lines == 1))
        and (criteria.zone is None or all(zones.get(place) == criteria.zone for place in places))
    )


def _is_of(service: str | None, wanted: str) -> bool:
    """Whether it is the service that is wanted, or one of the carrier that is."""
    return service is not None and (service == wanted or service.startswith(f"{wanted}:"))


def plan_lists(
    orders: Sequence[PickOrder], criteria: Criteria, floor: Floor, spent: Spent, list_id: Callable[[int], str]
) -> tuple[tuple[PlannedList, ...], int]:
    """The lists that `orders` are picked by, and how far is walked in all."""
    picks = {pick_id(order.order_id, pick.number): (order, pick) for order in orders for pick in order.waiting}
    plan = solve(_instance(orders, picks, criteria, floor), spent)
    lists: list[PlannedList] = []
    for batch in plan.batches:
        lists += _lists(batch, picks, len(lists), list_id)
    return tuple(lists), plan.length


def walking_order(stops: Sequence[Stop], metric: RackAisles) -> tuple[list[int], int]:
    """In which order to visit the stops, and how far that is."""
    tour = optimised_tour(metric, stops) if len(stops) <= FEW_STOPS else s_shape(metric, stops)
    return tour, tour_length(metric, [stops[n] for n in tour])


def _instance(
    orders: Sequence[PickOrder],
    picks: Mapping[str, tuple[PickOrder, Pick]],
    criteria: Criteria,
    floor: Floor,
) -> Instance:
    """Every pick has its own article, which lies where the pick is: allocation has chosen the place already."""
    by_zone = criteria.method == "zone"
    limits = criteria.limits
    metric: Metric = floor.metric
    return Instance(
        articles=tuple(Article(name, _load(pick, limits, floor)) for name, (_, pick) in picks.items()),
        orders=tuple(
            OrderToPick(
                order.order_id,
                tuple(Position(pick_id(order.order_id, pick.number)) for pick in order.waiting),
            )
            for order in orders
        ),
        sources=tuple(
            Source(name, name, floor.spot(pick).zone if by_zone else "", floor.spot(pick).stop)
            for name, (_, pick) in picks.items()
        ),
        limits=Limits(1 if criteria.method == "discrete" else limits.orders, FULL, limits.positions),
        metric=metric,
    )


def _load(pick: Pick, limits: ListLimits, floor: Floor) -> int:
    """What a pick takes of a list; one that is larger than any list gets a list for itself."""
    each = floor.measures.get(pick.sku, Measures())
    shares = [
        each_one * pick.visit.units * FULL // limit
        for each_one, limit in ((each.volume_mm3, limits.volume_mm3), (each.weight_g, limits.weight_g))
        if limit is not None
    ]
    return min(FULL, max(shares, default=0))


def _lists(
    batch: Batch,
    picks: Mapping[str, tuple[PickOrder, Pick]],
    made: int,
    list_id: Callable[[int], str],
) -> list[PlannedList]:
    slots = {order_id: slot for slot, order_id in enumerate(batch.orders, start=1)}
    lists: list[PlannedList] = []
    for picklist in batch.lists:
        numbers: dict[str, list[int]] = {}
        for one in picklist.picks:
            order, pick = picks[one.source]
            numbers.setdefault(order.order_id, []).append(pick.number)
        lists.append(
            PlannedList(
                list_id(made + len(lists)),
                picklist.zone,
                tuple(PlannedOrder(order_id, slots[order_id], tuple(own)) for order_id, own in numbers.items()),
            )
        )
    return lists


__all__ = ["Floor", "Measures", "Spent", "Spot", "is_choosy", "matches", "plan_lists", "walking_order"]
