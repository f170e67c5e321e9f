"""A plan while it is being improved: orders in batches, positions at sources, sources on lists."""

from collections import defaultdict
from collections.abc import Sequence

from picking.domain.batching.model import Batch, Instance, LeftOut, OrderToPick, Pick, PickList, Plan
from picking.domain.batching.walks import FAR, WorkingList, polished, walk_for
from picking.domain.routing import tour_length

Chosen = list[tuple[int, WorkingList | None]]
"""For each position of an order: the source, and the list it goes on (None: a new one)."""
Quote = tuple[int, Chosen]
Known = tuple[int, int, int, WorkingList]
"""Of a position of an order: which it is, what it costs, its source and its list."""


class Need:
    """Positions that ask for the same units of the same article, and the sources that have them."""

    __slots__ = ("candidates", "orders", "room", "units", "volume")

    def __init__(self, units: int, volume: int, room: int) -> None:
        self.units, self.volume, self.room = units, volume, room
        self.orders: list[int] = []
        self.candidates: list[tuple[int, int, int]] = []


class State:
    """Batches, lists and what is where, by numbers. `length` is the walk in all, `units` what is picked."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.limits = instance.limits
        self.most = instance.limits.positions_per_list or FAR
        self.stops = [source.stop for source in instance.sources]
        self.walk = walk_for(instance.metric, self.stops)
        self.zones = sorted({source.zone for source in instance.sources})
        zone_of = {zone: number for number, zone in enumerate(self.zones)}
        self.zone = [zone_of[source.zone] for source in instance.sources]
        self.free = [source.units for source in instance.sources]
        self.alone = [FAR] * len(self.stops)
        """What a list would cost that visits one source only; of those that somebody wants."""
        self.positions: list[tuple[Need, ...]] = []
        self.size: list[int] = []
        self.least: list[list[int]] = []
        self.floor: list[int] = []
        self.place_of: list[list[int]] = []
        self.repeats: list[bool] = []
        self.left_out: list[LeftOut] = []
        self.needs: list[Need] = []
        self._read_orders()
        self.batch_of = [-1] * len(instance.orders)
        self.picks: list[list[tuple[int, WorkingList]]] = [[] for _ in instance.orders]
        self.members: list[list[int]] = []
        self.lists: list[list[list[WorkingList]]] = []
        self.length = self.units = 0

    def _read_orders(self) -> None:
        volumes = {article.id: article.volume for article in self.instance.articles}
        asked = {position.article for order in self.instance.orders for position in order.positions}
        sources, nothing = defaultdict(list), self.walk.open()
        for number, source in enumerate(self.instance.sources):
            if source.article in asked:
                sources[source.article].append(number)
                self.alone[number] = nothing.added(number)
        needs: dict[tuple[str, int], Need] = {}
        for number, order in enumerate(self.instance.orders):
            wanted = []
            for position in order.positions:
                key = (position.article, position.units)
                if key not in needs:
                    volume = volumes.get(position.article, 0) * position.units
                    needs[key] = Need(position.units, volume, self.limits.volume_per_list - volume)
                    needs[key].candidates = sorted(
                        (self.walk.least(source), source, self.zone[source])
                        for source in sources[position.article]
                        if self.free[source] >= position.units
                    )
                wanted.append(needs[key])
            if reason := self._unpickable(order, wanted):
                self.left_out.append(LeftOut(order.id, reason))
            else:
                for need in dict.fromkeys(wanted):
                    need.orders.append(number)
            self.size.append(sum(position.units for position in order.positions))
            self.repeats.append(len({position.article for position in order.positions}) < len(wanted))
            least = [need.candidates[0][0] if need.candidates else 0 for need in wanted]
            hardest = sorted(range(len(wanted)), key=lambda n: (-least[n], n))
            self.place_of.append(hardest)
            self.positions.append(tuple(wanted[n] for n in hardest))
            self.least.append([least[n] for n in hardest])
            self.floor.append(sum(least))
        self.needs = list(needs.values())

    def _unpickable(self, order: OrderToPick, wanted: Sequence[Need]) -> str:
        for position, need in zip(order.positions, wanted, strict=True):
            if not need.candidates:
                return f"no source has {position.units} of {position.article}"
            if need.volume > self.limits.volume_per_list:
                return f"{position.units} of {position.article} exceed the volume of a pick list"
        return "" if wanted else "it has no positions"

    @property
    def pickable(self) -> list[int]:
        """The orders that a plan may hold."""
        excluded = {left.order for left in self.left_out}
        return [n for n, order in enumerate(self.instance.orders) if order.id not in excluded]

    def open_batch(self) -> int:
        """One batch more."""
        self.members.append([])
        self.lists.append([[] for _ in self.zones])
        return len(self.members) - 1

    def cheapest(
        self, batch: int, need: Need, bound: int, taken: Sequence[int] = ()
    ) -> tuple[int, int, WorkingList | None]:
        """For a position in a batch: what its cheapest source costs, below `bound`; the source or -1; its list."""
        best, source, found = bound, -1, None
        lists, free, alone, units, room, most = (
            self.lists[batch],
            self.free,
            self.alone,
            need.units,
            need.room,
            self.most,
        )
        for least, candidate, zone in need.candidates:
            if least >= best:
                break
            if free[candidate] < units or candidate in taken:
                continue
            if not (tours := lists[zone]):
                if alone[candidate] < best:
                    best, source, found = alone[candidate], candidate, None
                continue
            fits = False
            for tour in tours:
                if tour.volume <= room and tour.count < most:
                    fits = True
                    cost = tour.added(candidate)
                    if cost < best:
                        best, source, found = cost, candidate, tour
            if not fits and alone[candidate] < best:
                best, source, found = alone[candidate], candidate, None
        return best, source, found

    def quote(self, batch: int, order: int, bound: int, known: Known | None = None) -> Quote | None:
        """What the order would cost in that batch, each position for itself; None at `bound` and above."""
        left, at, least = bound - self.floor[order], -1, self.least[order]
        if known:
            at = known[0]
            left -= known[1] - least[at]
        if left <= 0:
            return None
        needs, repeats = self.positions[order], self.repeats[order]
        chosen: Chosen = [(-1, None)] * len(needs)
        taken: list[int] = []
        if known:
            chosen[at] = known[2:]
            taken.append(known[2])
        for n, need in enumerate(needs):
            if n == at:
                continue
            left += least[n]
            cost, source, found = self.cheapest(batch, need, left, taken)
            if source < 0:
                return None
            left -= cost
            chosen[n] = (source, found)
            if repeats:
                taken.append(source)
        return bound - left, chosen

    def place(self, batch: int, order: int, chosen: Chosen | list[tuple[int, WorkingList]]) -> None:
        """Take the order into the batch; a list that has become full since the quote is replaced."""
        self.picks[order] = [
            (source, self.visit(batch, need, source, tour))
            for need, (source, tour) in zip(self.positions[order], chosen, strict=True)
        ]
        self.batch_of[order] = batch
        self.members[batch].append(order)
        self.units += self.size[order]

    def restore(self, batch: int, order: int, picks: list[tuple[int, WorkingList]]) -> None:
        """Put the order exactly where it was in another moment."""
        for need, (source, tour) in zip(self.positions[order], picks, strict=True):
            lists = self.lists[batch][self.zone[source]]
            if not tour.count:
                lists.append(tour)
            self._on(tour, need, source)
        self.picks[order] = picks
        self.batch_of[order] = batch
        self.members[batch].append(order)
        self.units += self.size[order]

    def visit(self, batch: int, need: Need, source: int, tour: WorkingList | None) -> WorkingList:
        """One position more on a list of the batch: on `tour` if it can be, even if it has been emptied since."""
        room, most = need.room, self.most
        if tour is None or not tour.count or tour.volume > room or tour.count >= most:
            lists = self.lists[batch][self.zone[source]]
            if tour is None or tour.count:
                tour = next((t for t in lists if t.volume <= room and t.count < most), None) or self.walk.open()
            if not tour.count:
                lists.append(tour)
        self._on(tour, need, source)
        return tour

    def _on(self, tour: WorkingList, need: Need, source: int) -> None:
        self.length -= tour.length
        tour.add(source)
        self.length += tour.length
        tour.volume += need.volume
        tour.count += 1
        self.free[source] -= need.units

    def leave(self, batch: int, need: Need, source: int, tour: WorkingList) -> None:
        """One position less."""
        self.length -= tour.length
        tour.remove(source)
        self.length += tour.length
        tour.volume -= need.volume
        tour.count -= 1
        self.free[source] += need.units
        if not tour.count:
            self.lists[batch][self.zone[source]].remove(tour)

    def take(self, order: int) -> list[tuple[int, WorkingList]]:
        """Take the order out of its batch; answers where it was, for `place`."""
        batch, was = self.batch_of[order], self.picks[order]
        for need, (source, tour) in zip(self.positions[order], was, strict=True):
            self.leave(batch, need, source, tour)
        self.picks[order] = []
        self.batch_of[order] = -1
        self.members[batch].remove(order)
        self.units -= self.size[order]
        return was

    def loss(self, order: int) -> int:
        """What the walk would change by without the order, each of its positions for itself; below zero mostly."""
        return sum([tour.removed(source) for source, tour in self.picks[order]])

    def _outrun(self) -> list[LeftOut]:
        """Where all orders are wanted: those whose stock others have taken."""
        if self.instance.goal is not None:
            return []
        waiting = [order for order in self.pickable if self.batch_of[order] < 0]
        return [
            LeftOut(self.instance.orders[order].id, "other orders take the stock it needs") for order in waiting
        ]

    def full(self, batch: int) -> bool:
        """Whether it holds all the orders it may."""
        return len(self.members[batch]) >= self.limits.orders_per_batch

    def plan(self) -> Plan:
        """What this state says, with every list in its best order."""
        instance, batches, length = self.instance, [], 0
        for orders, zones in zip(self.members, self.lists, strict=True):
            waiting: dict[tuple[int, int], list[Pick]] = defaultdict(list)
            for order in orders:
                for place, (source, tour) in enumerate(self.picks[order]):
                    pick = Pick(
                        instance.sources[source].id,
                        instance.orders[order].id,
                        self.place_of[order][place],
                        self.positions[order][place].units,
                    )
                    waiting[id(tour), source].append(pick)
            lists = []
            for zone, tours in zip(self.zones, zones, strict=True):
                for tour in tours:
                    walked = polished(instance.metric, self.stops, tour.sequence())
                    picks = tuple(waiting[id(tour), source].pop() for source in walked)
                    way = tour_length(instance.metric, [self.stops[source] for source in walked])
                    lists.append(PickList(zone, picks, way))
                    length += way
            if orders:
                batches.append(Batch(tuple(instance.orders[order].id for order in orders), tuple(lists)))
        return Plan(tuple(batches), length, self.units, (*self.left_out, *self._outrun()))
