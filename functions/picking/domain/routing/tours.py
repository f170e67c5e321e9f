"""Tours under any metric: nearest neighbour, improved by 2-opt and Or-opt; exact for few stops.

They return indices into `stops` in walking order. Distances are symmetric in every layout.
"""

from collections.abc import Sequence
from itertools import combinations

from picking.domain.routing.aisles import largest_gap, s_shape
from picking.domain.routing.layout import Metric, RackAisles, Stop, tour_length

EXACT_LIMIT = 12


def nearest_neighbour(metric: Metric, stops: Sequence[Stop]) -> list[int]:
    """Always on to the nearest stop that is left; ties go to the lower index."""
    here, left, tour = metric.depot, set(range(len(stops))), []
    while left:
        chosen = min(left, key=lambda n: (metric.distance(here, stops[n]), n))
        left.remove(chosen)
        tour.append(chosen)
        here = stops[chosen]
    return tour


def optimised_tour(
    metric: Metric, stops: Sequence[Stop], start: Sequence[int] | None = None, *, exact_limit: int = 7
) -> list[int]:
    """The best tour that we find: exact up to `exact_limit` stops, else the rules' best, improved until neither
    reversing a stretch (2-opt) nor moving one of up to three stops (Or-opt) shortens it. `start` competes too."""
    if len(stops) <= exact_limit:
        return exact_tour(metric, stops)
    starts = [list(start)] if start is not None else []
    starts.append(nearest_neighbour(metric, stops))
    if isinstance(metric, RackAisles):
        starts += [s_shape(metric, stops), largest_gap(metric, stops)]
    improved = [_improved(metric, stops, tour) for tour in starts]
    return min(improved, key=lambda tour: tour_length(metric, [stops[n] for n in tour]))


def exact_tour(metric: Metric, stops: Sequence[Stop]) -> list[int]:
    """A shortest tour by dynamic programming over subsets (Held and Karp 1962). Raises ValueError above
    `EXACT_LIMIT` stops: time and memory double with each."""
    if len(stops) > EXACT_LIMIT:
        raise ValueError(f"{len(stops)} stops; an exact tour takes up to {EXACT_LIMIT}")
    if not stops:
        return []
    apart = [[metric.distance(a, b) for b in stops] for a in stops]
    home = [metric.distance(metric.depot, stop) for stop in stops]
    everything = range(len(stops))
    best = {(1 << n, n): (home[n], -1) for n in everything}
    for size in range(2, len(stops) + 1):
        for chosen in combinations(everything, size):
            visited = sum(1 << n for n in chosen)
            for last in chosen:
                before = visited ^ (1 << last)
                best[visited, last] = min((best[before, n][0] + apart[n][last], n) for n in chosen if n != last)
    visited = (1 << len(stops)) - 1
    last = min(everything, key=lambda n: best[visited, n][0] + home[n])
    tour: list[int] = []
    while last >= 0:
        tour.append(last)
        visited, last = visited ^ (1 << last), best[visited, last][1]
    return tour[::-1]


def _improved(metric: Metric, stops: Sequence[Stop], tour: Sequence[int]) -> list[int]:
    places = [*stops, metric.depot]
    apart = [[metric.distance(a, b) for b in places] for a in places]
    route = [len(stops), *tour, len(stops)]
    while _reversal(route, apart) or _relocation(route, apart):
        pass
    return route[1:-1]


def _reversal(route: list[int], apart: list[list[int]]) -> bool:
    for i in range(len(route) - 2):
        a, b = route[i], route[i + 1]
        for j in range(i + 2, len(route) - 1):
            c, d = route[j], route[j + 1]
            if apart[a][c] + apart[b][d] < apart[a][b] + apart[c][d]:
                route[i + 1 : j + 1] = route[i + 1 : j + 1][::-1]
                return True
    return False


def _relocation(route: list[int], apart: list[list[int]]) -> bool:
    for length in (1, 2, 3):
        for i in range(1, len(route) - length):
            stretch = route[i : i + length]
            a, b, first, last = route[i - 1], route[i + length], stretch[0], stretch[-1]
            saved = apart[a][first] + apart[last][b] - apart[a][b]
            rest = route[:i] + route[i + length :]
            for j in range(len(rest) - 1):
                c, d = rest[j], rest[j + 1]
                for turned in (False, True):
                    head, tail = (last, first) if turned else (first, last)
                    if apart[c][head] + apart[tail][d] - apart[c][d] < saved:
                        route[:] = rest[: j + 1] + (stretch[::-1] if turned else stretch) + rest[j + 1 :]
                        return True
    return False
