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
Gap = tuple[tuple[int, int, int, int], tuple[int, int, int, int]]
START: Ways = (0, FAR, FAR, 0, FAR, 0)
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
        "_gaps",
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
        self._walk = walk
        self.keys = [0]
        self.sources: list[int] = [-1]
        depot = _at_depot(START)
        self.from_east: list[Ways] = [START, depot]
        self.from_west: list[Ways] = [depot, START]
        self._gaps: list[Gap | None] = [None, None]
        self.rows = self.length = self.volume = self.count = 0

    def gap(self, place: int) -> Gap:
        """What a stop at `place` costs besides its own way: by the front, the nearer end, from behind, or through;
        for a southern stop, then for a northern one."""
        known = self._gaps[place]
        if known:
            return known
        a0, a1, a2, a3, a4, a5 = self.from_east[place]
        b0, b1, b2, b3, b4, b5 = self.from_west[place]
        rows, metric = self.rows, self._walk.metric
        both = a4 + b4 - rows
        ff, fn, fs = a0 + b0 - rows, a1 + b1 - rows, a2 + b2 - rows
        north = min(a0 + b1, a1 + b0, a1 + b3, a2 + b4, a3 + b1, a4 + b2) - rows + metric.last_row
        south = min(a0 + b2, a2 + b0, a2 + b5, a1 + b4, a5 + b2, a4 + b1) - rows - metric.first_row
        made = (
            (min(ff, fn), fs, min(a5 + b5 - rows, both), south),
            (min(ff, fs), fn, min(a3 + b3 - rows, both), north),
        )
        self._gaps[place] = made
        return made

    def added(self, source: int) -> int:
        """What one stop more costs."""
        key, north, front, nearer, behind = self._walk.sites[source]
        keys = self.keys
        place = bisect_left(keys, key)
        by_front, by_nearer, by_behind, longer = (self._gaps[place] or self.gap(place))[north]
        by_front += front
        if by_front < longer:
            longer = by_front
        by_nearer += nearer
        if by_nearer < longer:
            longer = by_nearer
        by_behind += behind
        if by_behind < longer:
            longer = by_behind
        if key < keys[0]:
            return longer + 2 * (keys[0] - key)
        if key > keys[-1]:
            return longer + 2 * (key - keys[-1])
        return longer

    def removed(self, source: int) -> int:
        """What one stop less costs, below zero mostly."""
        keys, place = self.keys, self.sources.index(source)
        a0, a1, a2, a3, a4, a5 = self.from_east[place]
        b0, b1, b2, b3, b4, b5 = self.from_west[place + 1]
        longer = min(a0 + b0, a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5) - self.rows
        if place == 0:
            return longer - 2 * (keys[1] - keys[0])
        if place == len(keys) - 1:
            return longer - 2 * (keys[-1] - keys[-2])
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
        walk, sources = self._walk, self.sources
        north, front, behind, depth = walk.north, walk.front, walk.behind, walk.depth
        ways, table = self.from_east[east_known], self.from_east
        for place in range(east_known, len(sources)):
            source = sources[place]
            if source < 0:
                ways = _at_depot(ways)
            elif north[source]:
                ways = _past_north(ways, front[source], behind[source], depth[source])
            else:
                ways = _past_south(ways, front[source], behind[source], depth[source])
            table[place + 1] = ways
        self.rows = min(ways[FF], ways[NN], ways[SS])
        ways, table = self.from_west[west_known], self.from_west
        for place in range(west_known - 1, -1, -1):
            source = sources[place]
            if source < 0:
                ways = _at_depot(ways)
            elif north[source]:
                ways = _past_north(ways, front[source], behind[source], depth[source])
            else:
                ways = _past_south(ways, front[source], behind[source], depth[source])
            table[place] = ways
        self._gaps = [None] * len(table)
        self.length = self.rows + 2 * (self.keys[-1] - self.keys[0])

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


def _at_depot(ways: Ways) -> Ways:
    return (ways[FF], ways[FN], ways[FS], FAR, FAR, FAR)


def _past_north(ways: Ways, front: int, behind: int, through: int) -> Ways:
    """The states after one northern row; `min` is spelled out, as this is where the search spends its time."""
    ff, fn, fs, nn, ns, _ = ways
    ff_through, fn_through = ff + through, fn + through
    turned = nn + through
    if ff_through < turned:
        turned = ff_through
    fn += front if front < behind else behind
    ff += front
    nn += behind
    fs_through, ns_through = fs + through, ns + through
    fs += front
    ns += behind
    return (
        ff if ff < fn_through else fn_through,
        fn if fn < turned else turned,
        fs if fs < ns_through else ns_through,
        nn if nn < fn_through else fn_through,
        ns if ns < fs_through else fs_through,
        FAR,
    )


def _past_south(ways: Ways, front: int, behind: int, through: int) -> Ways:
    """The states after one southern row."""
    ff, fn, fs, _, ns, ss = ways
    ff_through, fs_through = ff + through, fs + through
    turned = ss + through
    if ff_through < turned:
        turned = ff_through
    fs += front if front < behind else behind
    ff += front
    ss += behind
    fn_through, ns_through = fn + through, ns + through
    fn += front
    ns += behind
    return (
        ff if ff < fs_through else fs_through,
        fn if fn < ns_through else ns_through,
        fs if fs < turned else turned,
        FAR,
        ns if ns < fn_through else fn_through,
        ss if ss < fs_through else fs_through,
    )


def polished(metric: Metric, stops: Sequence[Stop], sequence: Sequence[int]) -> list[int]:
    """The sources of one list in the best order that is found, beginning with the one given."""
    order = optimised_tour(metric, [stops[source] for source in sequence], range(len(sequence)))
    return [sequence[n] for n in order]
