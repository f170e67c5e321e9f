"""Where goods are put away: the rules by which a place is chosen among candidates.

A place must take them by its rules (storage class, mixing, capacity). Of those that do: where the same product
and lot lies already, then the same product; then fast movers (A) near the dock and slow ones (C) out of their way;
then, for loose units, a pick face before bulk, for handling units the other way round; then the fewest metres.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from inventory.contracts import Coordinates
from inventory.domain.room import Load, Rules, require_room
from inventory.task_contracts import Purpose
from shared.identifiers import LocationId
from shared.rejection import Rejection

FAR = 10**9
"""Millimetres to a place of which nobody knows where it is."""
_NEAR_ONES = 3
"""The nearest of so many parts of the places are kept for fast movers."""
KINDS: dict[Purpose, tuple[str, ...]] = {
    "storage": ("bulk", "pick_face"),
    "quarantine": ("quarantine",),
    "cross_dock": ("staging", "packing"),
    "break_down": ("staging", "packing"),
}
"""The kinds of places for each purpose."""


class Place(Struct, frozen=True):
    """A place as it is believed to be: `rules` is None on the floor; `standing` handling units stand there."""

    location: LocationId
    kind: str
    zone: str = ""
    coordinates: Coordinates | None = None
    rules: Rules | None = None
    taken: Load = Load()
    standing: int = 0


class ToPlace(Struct, frozen=True):
    """Goods that look for a place: how much room they take, from where they come, how fast they move.

    `handling_units` is 1 for a handling unit, 0 for loose units.
    """

    purpose: Purpose
    load: Load
    handling_units: int = 0
    velocity: str | None = None
    origin: LocationId | None = None
    standing_at: Coordinates | None = None


def metres(one: Coordinates | None, other: Coordinates | None) -> int:
    """The way between two points in millimetres, along aisles and up: the sum of the three distances."""
    if one is None or other is None:
        return FAR
    return abs(one.x_mm - other.x_mm) + abs(one.y_mm - other.y_mm) + abs(one.z_mm - other.z_mm)


def fits(goods: ToPlace, place: Place) -> Rejection | None:
    """Why `place` does not take `goods`; None when it does."""
    try:
        require_room(place.location, place.rules, place.taken, goods.load, place.standing, goods.handling_units)
    except Rejection as rejection:
        return rejection
    return None


def direct(goods: ToPlace, places: Iterable[Place]) -> list[Place]:
    """The places that take the goods by their rules, the best first; never where they stand."""
    taking = [
        place
        for place in places
        if place.kind in KINDS[goods.purpose] and place.location != goods.origin and fits(goods, place) is None
    ]
    near = _near(goods, taking)
    return sorted(taking, key=lambda place: _preference(goods, place, near))


def problem(goods: ToPlace, places: Sequence[Place]) -> str:
    """Why none of `places` takes the goods, in words."""
    kinds = [place for place in places if place.kind in KINDS[goods.purpose] and place.location != goods.origin]
    if not kinds:
        return f"there is no place of the kind {' or '.join(KINDS[goods.purpose])}"
    reasons: dict[str, int] = {}
    for place in kinds:
        rejection = fits(goods, place)
        if rejection is not None:
            reasons[rejection.code] = reasons.get(rejection.code, 0) + 1
    told = ", ".join(f"{count} {code}" for code, count in sorted(reasons.items(), key=lambda pair: -pair[1]))
    return f"none of {len(kinds)} places takes them: {told}"[:200]


def _near(goods: ToPlace, places: Sequence[Place]) -> int:
    """The distance up to which places count as near: the nearest part of those that take the goods."""
    distances = sorted(metres(goods.standing_at, place.coordinates) for place in places)
    return distances[(len(distances) - 1) // _NEAR_ONES] if distances else 0


def _preference(goods: ToPlace, place: Place, near: int) -> tuple[int, int, int, int, str]:
    there = set(place.taken.contents)
    skus = {sku for sku, _ in there}
    if goods.load.contents and all(pair in there for pair in goods.load.contents):
        alike = 0
    elif goods.load.contents and all(sku in skus for sku, _ in goods.load.contents):
        alike = 1
    else:
        alike = 2
    way = metres(goods.standing_at, place.coordinates)
    wrong_part = (goods.velocity == "A" and way > near) or (goods.velocity == "C" and way <= near)
    wrong_kind = (place.kind == "pick_face") == bool(goods.handling_units)
    kind = KINDS[goods.purpose].index(place.kind) if goods.purpose != "storage" else int(wrong_kind)
    return alike, int(wrong_part), kind, way, place.location
