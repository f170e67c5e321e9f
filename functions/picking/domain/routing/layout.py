"""How far two stops lie apart. Every distance in picking comes from here."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Stop(Struct, frozen=True, order=True):
    """A place on the floor. `across`, counted along the cross aisles, says which aisle; `along` counts inside it.

    Millimetres in a rack warehouse, where a location's `x_mm` (of its aisle's centre line) and `y_mm` are meant.
    """

    across: int
    along: int


class Metric(Protocol):
    """A floor plan: where tours begin and end, and how far one walks."""

    @property
    def depot(self) -> Stop:
        """Where every tour begins and ends."""

    def distance(self, here: Stop, there: Stop) -> int:
        """The shortest way from one stop to the next, in the unit of the stops."""


class RackAisles(Struct, frozen=True):
    """Parallel aisles of one length, a cross aisle in front (along = 0) and, unless `back` is false, one behind.

    Both sides of an aisle are reached from its middle; levels cost no walking.
    """

    length: int
    depot: Stop = Stop(0, 0)
    back: bool = True

    def distance(self, here: Stop, there: Stop) -> int:
        """Inside an aisle straight, else over the nearer cross aisle."""
        if here.across == there.across:
            return abs(here.along - there.along)
        over_front = here.along + there.along
        ways = min(over_front, 2 * self.length - over_front) if self.back else over_front
        return ways + abs(here.across - there.across)


class ConveyorRows(Struct, frozen=True):
    """The floor of the benchmark arXiv 2401.04563: a conveyor along row 0, rows on both sides, aisles across.

    `across` is its aisle, `along` its row. Every step from stop to stop goes over the conveyor's aisle or, between
    rows of one side, over the aisle behind the last row: there is no shortcut inside an aisle, not even to a
    neighbour.
    """

    first_row: int = -50
    last_row: int = 50

    @property
    def depot(self) -> Stop:
        """The zone's conveyor station."""
        return Stop(0, 0)

    def distance(self, here: Stop, there: Stop) -> int:
        """Rows by the benchmark's rule, and the difference of the aisles."""
        rows = abs(here.along) + abs(there.along)
        if not min(here.along, there.along) < 0 < max(here.along, there.along):
            depth = -self.first_row if here.along < 0 else self.last_row
            rows = min(rows, 2 * depth - rows)
        return rows + abs(here.across - there.across)


def tour_length(metric: Metric, stops: Sequence[Stop]) -> int:
    """The walk from the depot through `stops` in this order and back."""
    here, walked = metric.depot, 0
    for stop in stops:
        walked += metric.distance(here, stop)
        here = stop
    return walked + metric.distance(here, metric.depot) if stops else 0
