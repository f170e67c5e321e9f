"""The baseline of the benchmark arXiv 2401.04563, its Distance Greedy Algorithm, to be run on the same instance.

Batch by batch, and a batch until it holds all the orders it may, also when the goal is reached on the way: next
comes the order whose units lie nearest, on average, to what the batch visits in their zones already (the conveyor
and the order's own units before included). Position by position the nearest unit serves. A zone's units are walked
aisle by aisle and row by row, and a list ends where the next unit does not fit. Which order comes first where
distances are the same is not published; here it is the one with the lower number.
"""

from collections import defaultdict

from picking.domain.batching import Batch, Instance, Pick, PickList, Plan, Source
from picking.domain.routing import tour_length


def distance_greedy(instance: Instance) -> Plan:
    """The plan of the published baseline."""
    warehouse, units = _Warehouse(instance), 0
    batches: list[Batch] = []
    while warehouse.waiting and units < (instance.goal or 0):
        chosen = warehouse.batch()
        picks = [pick for order in chosen for pick in order]
        orders = tuple(dict.fromkeys(pick.order for pick in picks))
        batches.append(Batch(orders, _lists(instance, picks)))
        units += len(picks)
    length = sum(lst.length for batch in batches for lst in batch.lists)
    return Plan(tuple(batches), length, units)


class _Warehouse:
    """What is left of orders and units, and how near each unit is to the batch that is being filled."""

    def __init__(self, instance: Instance) -> None:
        self.metric, self.limits = instance.metric, instance.limits
        self.orders = instance.orders
        self.sources = instance.sources
        wanted = {position.article for order in self.orders for position in order.positions}
        self.units: dict[str, list[int]] = defaultdict(list)
        self.in_zone: dict[str, list[int]] = defaultdict(list)
        for unit, source in enumerate(self.sources):
            if source.article in wanted:
                self.units[source.article].append(unit)
                self.in_zone[source.zone].append(unit)
        self.asking: dict[str, list[int]] = defaultdict(list)
        for number, order in enumerate(self.orders):
            for position in order.positions:
                self.asking[position.article].append(number)
        self.waiting = dict.fromkeys(range(len(self.orders)))
        self.alone = {
            unit: self.metric.distance(self.metric.depot, self.sources[unit].stop)
            for units in self.in_zone.values()
            for unit in units
        }
        self.near: dict[int, int] = {}

    def batch(self) -> list[list[Pick]]:
        """The next batch: each of its orders with the units that serve it."""
        self.near = dict(self.alone)
        offers = {order: self._offer(order) for order in self.waiting}
        batch: list[list[Pick]] = []
        while offers and len(batch) < self.limits.orders_per_batch:
            order = min(offers, key=lambda number: (offers[number][0], number))
            _, served = offers.pop(order)
            del self.waiting[order]
            batch.append([Pick(self.sources[u].id, self.orders[order].id, n, 1) for n, u in enumerate(served)])
            for number in self._visit(served) & offers.keys():
                offers[number] = self._offer(number)
        return batch

    def _offer(self, number: int) -> tuple[float, list[int]]:
        """How far an order's units are on average, and which they are."""
        served: list[int] = []
        far = 0
        for position in self.orders[number].positions:
            distance, unit = min(
                (self._distance(unit, served), unit) for unit in self.units[position.article] if unit not in served
            )
            far += distance
            served.append(unit)
        return far / len(served), served

    def _distance(self, unit: int, served: list[int]) -> int:
        here = self.sources[unit]
        others = [self.sources[other] for other in served]
        own = [self.metric.distance(here.stop, other.stop) for other in others if other.zone == here.zone]
        return min((self.near[unit], *own))

    def _visit(self, served: list[int]) -> set[int]:
        """Take the units into the batch; answers the orders that something changes for."""
        changed = set()
        for unit in served:
            here = self.sources[unit]
            self.units[here.article].remove(unit)
            self.in_zone[here.zone].remove(unit)
            changed.add(here.article)
        for unit in served:
            here = self.sources[unit]
            for other in self.in_zone[here.zone]:
                there = self.sources[other]
                distance = self.metric.distance(here.stop, there.stop)
                if distance < self.near[other]:
                    self.near[other] = distance
                    changed.add(there.article)
        return {number for article in changed for number in self.asking[article]}


def _lists(instance: Instance, picks: list[Pick]) -> tuple[PickList, ...]:
    volume = {article.id: article.volume for article in instance.articles}
    source = {found.id: found for found in instance.sources}
    lists: list[list[Pick]] = []

    def place(pick: Pick) -> tuple[str, int, int]:
        found: Source = source[pick.source]
        return found.zone, found.stop.across, found.stop.along

    zone, load = "", 0
    for pick in sorted(picks, key=place):
        found = source[pick.source]
        load += volume[found.article]
        if found.zone != zone or load > instance.limits.volume_per_list:
            zone, load = found.zone, volume[found.article]
            lists.append([])
        lists[-1].append(pick)
    return tuple(
        PickList(
            source[picked[0].source].zone,
            tuple(picked),
            tour_length(instance.metric, [source[pick.source].stop for pick in picked]),
        )
        for picked in lists
    )
