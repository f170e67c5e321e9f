"""The tour of one pick list while it is being composed: what a stop more or less costs, without walking it anew.

`StrandWalk` is for the benchmark's floor, where it is exact but for ties (see `Strands`); `SequenceWalk` for any
other metric, by cheapest insertion into a sequence. Both speak of sources by their number.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from picking.domain.routing import ConveyorRows, Metric, Stop, optimised_tour

FAR = 1 << 40


class WorkingList(Protocol):
    """A pick list that is being composed; whoever composes it keeps `volume` and `count`, its visits."""

    length: int
    volume: int
    count: int

    def added(self, source: int) -> int:
        """How much longer the walk becomes with this source."""

    def removed(self, source: int) -> int:
        """How much longer (mostly: shorter, so below zero) it becomes without one visit of this source."""

    def add(self, source: int) -> None:
        """Visit it."""

    def remove(self, source: int) -> None:
        """Visit it once less."""

    def sequence(self) -> list[int]:
        """The sources in walking order."""


class Walk(Protocol):
    """How lists are walked in one instance."""

    def open(self) -> WorkingList:
        """A list without stops."""

    def least(self, source: int) -> int:
        """What visiting this source hardly ever costs less than, on any list."""


def walk_for(metric: Metric, stops: Sequence[Stop]) -> "Walk":
    """The way of walking that suits the floor plan; `stops` are those of the sources by their number."""
    return StrandWalk(metric, stops) if isinstance(metric, ConveyorRows) else SequenceWalk(metric, stops)


class SequenceWalk:
    """Any metric; a list is a sequence of stops."""

    def __init__(self, metric: Metric, stops: Sequence[Stop]) -> None:
        self.metric, self.stops = metric, stops

    def open(self) -> "Visits":
        """A list without stops."""
        return Visits(self.metric, self.stops)

    def least(self, _source: int) -> int:
        """A stop may lie on the way."""
        return 0


class Visits:
    """A list walked in the order of `sources`."""

    __slots__ = ("_metric", "_stops", "count", "length", "sources", "volume")

    def __init__(self, metric: Metric, stops: Sequence[Stop]) -> None:
        self._metric, self._stops = metric, stops
        self.sources: list[int] = []
        self.length = self.volume = self.count = 0

    def added(self, source: int) -> int:
        """The cheapest insertion."""
        return self._cheapest(source)[0]

    def removed(self, source: int) -> int:
        """Straight on from its predecessor to its successor."""
        place = self.sources.index(source)
        before, after = self._neighbours(place, place + 1)
        stop, apart = self._stops[source], self._metric.distance
        shortcut = apart(before, after) if len(self.sources) > 1 else 0
        return shortcut - apart(before, stop) - apart(stop, after)

    def add(self, source: int) -> None:
        """Where it is cheapest."""
        longer, place = self._cheapest(source)
        self.sources.insert(place, source)
        self.length += longer

    def remove(self, source: int) -> None:
        """Leave it out."""
        self.length += self.removed(source)
        self.sources.remove(source)

    def sequence(self) -> list[int]:
        """As it is."""
        return list(self.sources)

    def _neighbours(self, left: int, right: int) -> tuple[Stop, Stop]:
        depot, found = self._metric.depot, self.sources
        return (
            self._stops[found[left - 1]] if left else depot,
            self._stops[found[right]] if right < len(found) else depot,
        )

    def _cheapest(self, source: int) -> tuple[int, int]:
        stop, apart, depot = self._stops[source], self._metric.distance, self._metric.depot
        best, place, before, to_before = FAR, 0, depot, apart(depot, stop)
        for n, following in enumerate([*self.sources, -1]):
            after = self._stops[following] if following >= 0 else depot
            to_after = apart(stop, after)
            longer = to_before + to_after - apart(before, after)
            if longer < best:
                best, place = longer, n
            before, to_before = after, to_after
        return best, place


Ways = tuple[int, int, int, int, int, int]
Gap = tuple[int, int, int, int]
NEVER = 1 << 28
"""Longer than any walk on that floor, and short enough for fast sums."""
START: Ways = (0, NEVER, NEVER, 0, NEVER, 0)
"""Both strands are in one corridor where a tour turns round: conveyor, north or south."""
FF, FN, FS, NN, NS, SS = range(6)
CORRIDORS = ("FF", "FN", "FS", "NN", "NS", "SS")


class StrandWalk:
    """The benchmark's floor."""

    def __init__(self, metric: ConveyorRows, stops: Sequence[Stop]) -> None:
        self.metric = metric
        self.stops = stops
        self.north = [stop.along >= 0 for stop in stops]
        self.keys = [-stop.across for stop in stops]
        self.depth = [metric.last_row if stop.along >= 0 else -metric.first_row for stop in stops]
        self.front = [2 * abs(stop.along) for stop in stops]
        self.behind = [2 * depth - front for depth, front in zip(self.depth, self.front, strict=True)]
        self.nearer = [min(ways) for ways in zip(self.front, self.behind, strict=True)]
        self.sites = list(zip(self.keys, self.north, self.front, self.nearer, self.behind, strict=True))
        self.rows = list(zip(self.north, self.front, self.nearer, self.behind, self.depth, strict=True))

    def open(self) -> "Strands":
        """A list without stops."""
        return Strands(self)

    def least(self, source: int) -> int:
        """The row from its nearer end; a little less where the stop opens a way for others."""
        return self.nearer[source] - 6


class Strands:
    """A list on the benchmark's floor, with its shortest walk kept up to date.

    Seen along the aisles a tour is two strands from its farthest aisle on one side of the depot to the farthest on
    the other; each strand runs in the conveyor's aisle (F), behind the north rows (N) or behind the south rows
    (S). A stop is served from a corridor that a strand is in and back into it, or by changing a strand's
    corridor through the stop's row; what both cost does not depend on any other stop. So a pass over the stops in
    the order of their aisles with six states (FF, FN, FS, NN, NS, SS) finds the shortest such walk. Kept from both
    ends it prices one stop more or less in constant time. This is Ratliff and Rosenthal's (1983) idea for a
    floor on which only the corridors connect. What it does not see: a third strand, and a better order of stops
    of one aisle; the finished list is polished for both.
    """

    __slots__ = (
        "_gone",
        "_northern",
        "_sites",
        "_southern",
        "_walk",
        "count",
        "from_east",
        "from_west",
        "keys",
        "length",
        "rows",
        "sources",
        "volume",
    )

    def __init__(self, walk: StrandWalk) -> None:
        self._walk, self._sites = walk, walk.sites
        self.keys = [0]
        self.sources: list[int] = [-1]
        depot = (0, NEVER, NEVER, NEVER, NEVER, NEVER)
        self.from_east: list[Ways] = [START, depot]
        self.from_west: list[Ways] = [depot, START]
        self._northern: list[Gap | None] = [None, None]
        self._southern: list[Gap | None] = [None, None]
        self._gone: dict[int, int] = {}
        self.rows = self.length = self.volume = self.count = 0

    def _gap(self, place: int, north: bool) -> Gap:
        """What a stop at `place` costs besides its own way: by front, by nearer end, from behind, or through."""
        a0, a1, a2, a3, a4, a5 = self.from_east[place]
        b0, b1, b2, b3, b4, b5 = self.from_west[place]
        rows = self.rows
        if north:
            beside, other, turned = a1 + b1, a2 + b2, a3 + b3
            through = min(a0 + b1, a1 + b0, a1 + b3, a2 + b4, a3 + b1, a4 + b2) + self._walk.metric.last_row
        else:
            beside, other, turned = a2 + b2, a1 + b1, a5 + b5
            through = min(a0 + b2, a2 + b0, a2 + b5, a1 + b4, a5 + b2, a4 + b1) - self._walk.metric.first_row
        both, ahead = a4 + b4, a0 + b0
        made = (
            (ahead if ahead < other else other) - rows,
            beside - rows,
            (turned if turned < both else both) - rows,
            through - rows,
        )
        (self._northern if north else self._southern)[place] = made
        return made

    def added(self, source: int) -> int:
        """What one stop more costs."""
        key, north, front, nearer, behind = self._sites[source]
        keys = self.keys
        place = bisect_left(keys, key)
        known = (self._northern if north else self._southern)[place]
        by_front, by_nearer, by_behind, longer = known or self._gap(place, north)
        if by_front + front < longer:
            longer = by_front + front
        if by_nearer + nearer < longer:
            longer = by_nearer + nearer
        if by_behind + behind < longer:
            longer = by_behind + behind
        if not place:
            return longer + 2 * (keys[0] - key)
        if place == len(keys):
            return longer + 2 * (key - keys[-1])
        return longer

    def removed(self, source: int) -> int:
        """What one stop less costs, below zero mostly."""
        if (known := self._gone.get(source)) is not None:
            return known
        keys, place = self.keys, self.sources.index(source)
        a0, a1, a2, a3, a4, a5 = self.from_east[place]
        b0, b1, b2, b3, b4, b5 = self.from_west[place + 1]
        longer = min(a0 + b0, a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5) - self.rows
        if place == 0:
            longer -= 2 * (keys[1] - keys[0])
        elif place == len(keys) - 1:
            longer -= 2 * (keys[-1] - keys[-2])
        self._gone[source] = longer
        return longer

    def add(self, source: int) -> None:
        """Visit it."""
        key = self._walk.keys[source]
        place = bisect_left(self.keys, key)
        self.keys.insert(place, key)
        self.sources.insert(place, source)
        self.from_east.insert(place + 1, START)
        self.from_west.insert(place, START)
        self._renew(place, place + 1)

    def remove(self, source: int) -> None:
        """Visit it once less."""
        place = self.sources.index(source)
        del self.keys[place], self.sources[place], self.from_east[place + 1], self.from_west[place]
        self._renew(place, place)

    def _renew(self, east_known: int, west_known: int) -> None:
        rows, sources, keys = self._walk.rows, self.sources, self.keys
        table = self.from_east
        table[east_known + 1 :] = _swept(rows, sources[east_known:], table[east_known])
        ff, _, _, nn, _, ss = table[-1]
        self.rows = min(ff, nn, ss)
        table = self.from_west
        table[:west_known] = _swept(rows, sources[:west_known][::-1], table[west_known])[::-1]
        self._northern = [None] * len(table)
        self._southern = [None] * len(table)
        self._gone = {}
        self.length = self.rows + 2 * (keys[-1] - keys[0])

    def sequence(self) -> list[int]:
        """The stops in the order of the shortest walk that the strands know."""
        walk, rest = self._walk, self.from_west
        state = next(s for s in (FF, NN, SS) if rest[0][s] == self.rows)
        strands: list[list[int]] = [[], []]
        corridors = list(CORRIDORS[state])
        for place, source in enumerate(self.sources):
            target = next(
                (s, how)
                for s in range(6)
                for how in _ways_past(walk, source, state, s)
                if how[0] + rest[place + 1][s] == rest[place][state]
            )
            reached, (_, left, entered) = target
            strand = corridors.index(left)
            strands[strand].append(source)
            corridors[strand] = entered
            state = reached
        circle = strands[0] + strands[1][::-1]
        begin = circle.index(-1)
        return circle[begin + 1 :] + circle[:begin]


def _ways_past(walk: StrandWalk, source: int, state: int, reached: int) -> list[tuple[int, str, str]]:
    """The ways to serve a stop that lead from one state to another: cost, and the serving strand's corridors."""
    before, after = CORRIDORS[state], CORRIDORS[reached]
    if source < 0:
        return [(0, "F", "F")] if state == reached and "F" in before else []
    side = "N" if walk.north[source] else "S"
    if state == reached:
        served = (("F", walk.front[source]), (side, walk.behind[source]))
        return [(cost, corridor, corridor) for corridor, cost in served if corridor in before]
    return [
        (walk.depth[source], left, entered)
        for left, entered in (("F", side), (side, "F"))
        if left in before and sorted(before.replace(left, entered, 1)) == sorted(after)
    ]


def _swept(rows: list[tuple[bool, int, int, int, int]], sources: list[int], ways: Ways) -> list[Ways]:
    """The states after each of the stops; `min` is spelled out, as this is where the search spends its time."""
    ff, fn, fs, nn, ns, ss = ways
    found: list[Ways] = []
    for source in sources:
        if source < 0:
            nn = ns = ss = NEVER
        else:
            north, front, nearer, behind, through = rows[source]
            ff_through, fn_through, fs_through, ns_through = ff + through, fn + through, fs + through, ns + through
            ff += front
            ns += behind
            if north:
                turned = nn + through
                if ff_through < turned:
                    turned = ff_through
                fn += nearer
                fs += front
                nn += behind
                ss = NEVER
                if fn_through < ff:
                    ff = fn_through
                if turned < fn:
                    fn = turned
                if ns_through < fs:
                    fs = ns_through
                if fn_through < nn:
                    nn = fn_through
                if fs_through < ns:
                    ns = fs_through
            else:
                turned = ss + through
                if ff_through < turned:
                    turned = ff_through
                fs += nearer
                fn += front
                ss += behind
                nn = NEVER
                if fs_through < ff:
                    ff = fs_through
                if turned < fs:
                    fs = turned
                if ns_through < fn:
                    fn = ns_through
                if fs_through < ss:
                    ss = fs_through
                if fn_through < ns:
                    ns = fn_through
        found.append((ff, fn, fs, nn, ns, ss))
    return found


def polished(metric: Metric, stops: Sequence[Stop], sequence: Sequence[int]) -> list[int]:
    """The sources of one list in the best order that is found, beginning with the one given."""
    order = optimised_tour(metric, [stops[source] for source in sequence], range(len(sequence)))
    return [sequence[n] for n in order]
