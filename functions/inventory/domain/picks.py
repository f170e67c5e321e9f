"""Which units an order line gets: first expired, first out; else first in, first out.

Among units whose turn is the same: whole handling units before one is broken (where a line needs all of it), then
places in zones that the order goes to anyway, then the fewest places, then loose units before those on a unit.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shared.identifiers import CalendarDate, HoldingId, LineId, LocationId, LotNumber, Sku, Timestamp
from shared.quantity import Quantity, Units

NEVER = "9999-12-31"


class Candidate(Struct, frozen=True):
    """Free units of one product and lot in one holding. `place` is where the holding stands, in `zone`.

    `unit_total`: all units on the handling unit that they are on, whatever they are (0: they are loose).
    """

    holding: HoldingId
    sku: Sku
    free: Units
    place: LocationId
    zone: str = ""
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    received_at: Timestamp | None = None
    unit_total: Units = 0

    @property
    def turn(self) -> tuple[str, str]:
        """Smaller goes first. What expires goes by its date alone, the rest by the day on which it came."""
        if self.expires_on:
            return self.expires_on, ""
        return NEVER, (self.received_at or "")[:10]


class Need(Struct, frozen=True):
    """Units of a product that an order line lacks.

    `avoid` are holdings that did not have what they should. From `doubtful` ones, where a picker has found too
    little before, it gets something only when there is nothing elsewhere.
    """

    line_id: LineId
    sku: Sku
    units: Quantity
    avoid: tuple[HoldingId, ...] = ()
    doubtful: tuple[HoldingId, ...] = ()


class Share(Struct, frozen=True):
    """Units of one holding for one line."""

    line_id: LineId
    holding: HoldingId
    units: Quantity


def plan(needs: Sequence[Need], candidates: Iterable[Candidate], today: CalendarDate) -> list[Share]:
    """The shares of all lines, in the order of `needs`: never more than a line needs, nor than is free.

    A line for which there is too little gets what there is.
    """
    [shares] = plan_each([needs], candidates, today)
    return shares


def plan_each(
    orders: Iterable[Sequence[Need]], candidates: Iterable[Candidate], today: CalendarDate
) -> list[list[Share]]:
    """The same for several orders: what one gets is not free for those behind it."""
    stock = _Stock(candidates, today)
    plans: list[list[Share]] = []
    for needs in orders:
        zones: set[str] = set()
        plans.append([share for need in needs for share in stock.take(need, zones)])
    return plans


class _Stock:
    """What is free while lines are served, one after the other."""

    def __init__(self, candidates: Iterable[Candidate], today: CalendarDate) -> None:
        self._candidates: dict[str, list[Candidate]] = {}
        self._free: dict[tuple[str, str, str, str], int] = {}
        for one in candidates:
            if one.free > 0 and (one.expires_on or NEVER) >= today:
                self._candidates.setdefault(one.sku, []).append(one)
                self._free[_key(one)] = self._free.get(_key(one), 0) + one.free

    def take(self, need: Need, zones: set[str]) -> list[Share]:
        """The line's shares, which are not free afterwards; `zones` are those that the order goes to."""
        taken: dict[str, int] = {}
        left = need.units
        turns: dict[tuple[bool, str, str], list[Candidate]] = {}
        for one in self._candidates.get(need.sku, []):
            if one.holding not in need.avoid:
                turns.setdefault((one.holding in need.doubtful, *one.turn), []).append(one)
        for turn in sorted(turns):
            rest = list({_key(one): one for one in turns[turn]}.values())
            while left > 0 and rest:
                best = min(rest, key=lambda one: self._preference(one, left, zones))
                rest.remove(best)
                here = min(left, self._free[_key(best)])
                if here > 0:
                    self._free[_key(best)] -= here
                    taken[best.holding] = taken.get(best.holding, 0) + here
                    zones.add(best.zone)
                    left -= here
        return [Share(need.line_id, holding, units) for holding, units in taken.items()]

    def _preference(self, one: Candidate, wanted: int, zones: set[str]) -> tuple[object, ...]:
        free = self._free[_key(one)]
        whole = bool(one.unit_total) and free == one.unit_total and free <= wanted
        enough = free >= wanted
        return (
            not whole,
            -free if whole else 0,
            one.zone not in zones,
            not enough,
            bool(one.unit_total),
            free if enough else -free,
            one.place,
            one.holding,
            one.lot or "",
        )


def missing(needs: Iterable[Need], shares: Iterable[Share]) -> Mapping[LineId, int]:
    """Units that each line still lacks once it has its shares."""
    lacking = {need.line_id: need.units for need in needs}
    for share in shares:
        lacking[share.line_id] -= share.units
    return {line: units for line, units in lacking.items() if units}


def _key(one: Candidate) -> tuple[str, str, str, str]:
    return one.holding, one.sku, one.lot or "", one.expires_on or ""
