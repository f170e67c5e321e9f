"""The two rules of thumb for rack aisles that pickers can follow without a screen.

Both after Hall (1993), "Distance approximations for routing manual pickers in a warehouse", and de Koster and
van der Poort (1998). They return indices into `stops` in walking order.
"""

from collections.abc import Sequence
from itertools import groupby

from picking.domain.routing.layout import RackAisles, Stop


def s_shape(layout: RackAisles, stops: Sequence[Stop]) -> list[int]:
    """Walk every aisle with stops from end to end, the last one only as far as needed; without a back cross
    aisle every aisle is entered and left in front."""
    tour: list[int] = []
    outward = True
    for _, aisle in _aisles(layout, stops):
        tour += aisle if outward else reversed(aisle)
        outward = not outward or not layout.back
    return tour


def largest_gap(layout: RackAisles, stops: Sequence[Stop]) -> list[int]:
    """Traverse the first and the last aisle; enter the others from both ends and never walk their largest gap.

    Falls back to S-shape where there is no back cross aisle.
    """
    aisles = [aisle for _, aisle in _aisles(layout, stops)]
    if not layout.back or len(aisles) < 2:
        return s_shape(layout, stops)
    from_behind: list[int] = []
    from_front: list[int] = []
    for aisle in aisles[1:-1]:
        ends = [0, *(stops[n].along for n in aisle), layout.length]
        gap = max(range(len(ends) - 1), key=lambda n: ends[n + 1] - ends[n])
        from_behind += reversed(aisle[gap:])
        from_front = aisle[:gap] + from_front
    return [*aisles[0], *from_behind, *reversed(aisles[-1]), *from_front]


def _aisles(layout: RackAisles, stops: Sequence[Stop]) -> list[tuple[int, list[int]]]:
    """Aisles with their stops front to back, beginning at the end that is nearer to the depot."""
    ordered = sorted(range(len(stops)), key=lambda n: stops[n])
    aisles = [(across, list(found)) for across, found in groupby(ordered, key=lambda n: stops[n].across)]
    if aisles and abs(aisles[-1][0] - layout.depot.across) < abs(aisles[0][0] - layout.depot.across):
        aisles.reverse()
    return aisles
