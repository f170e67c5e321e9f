"""The warehouse MAIN: zones of aisles, bays and levels, their coordinates, and what fits into each place.

A location's id is zone-aisle-bay-level, as it stands on the label of the rack: `A-01-02-3`. The docks lie at
x = 0, and the aisles run away from them, side by side.
"""

from collections.abc import Iterator

from msgspec import Struct

from sample.catalogue import CASE_UNITS
from sample.model import Capacity, Coordinates, Location, Product

WAREHOUSE = "MAIN"

PICK_FACE_LITRES = 360
"""Volume of one pick face, about 1.2 x 0.6 x 0.5 m: what does not fit there stands in bulk above."""

PALLET_LITRES = 1_200
"""Volume of the goods on one pallet, about 1.2 x 0.8 x 1.25 m."""


class Zone(Struct, frozen=True):
    """A part of the warehouse for some storage classes: every bay has pick faces below and bulk above."""

    code: str
    storage_classes: tuple[str, ...]
    aisles: int
    bays: int
    pick_levels: int
    bulk_levels: int
    face: Capacity = Capacity(volume_mm3=PICK_FACE_LITRES * 1_000_000, weight_g=400_000, handling_units=0)
    bulk: Capacity = Capacity(volume_mm3=2_600_000_000, weight_g=1_600_000, handling_units=2)


ZONES = (
    Zone("A", ("standard",), aisles=5, bays=12, pick_levels=3, bulk_levels=1),
    Zone("B", ("fragile",), aisles=2, bays=10, pick_levels=3, bulk_levels=1),
    Zone(
        "C",
        ("bulky",),
        aisles=3,
        bays=11,
        pick_levels=2,
        bulk_levels=2,
        face=Capacity(volume_mm3=700_000_000, weight_g=600_000, handling_units=0),
    ),
    Zone("H", ("flammable", "battery"), aisles=1, bays=12, pick_levels=3, bulk_levels=1),
    Zone("S", ("high_value",), aisles=1, bays=8, pick_levels=3, bulk_levels=1),
)
DOCK_DOORS = 4
STAGING_LANES = 6
PACKING_STATIONS = 4
QUARANTINE_BAYS = 4
QUARANTINE = Capacity(volume_mm3=6_000_000_000, weight_g=4_000_000, handling_units=8)

AISLE_WIDTH_MM, BAY_LENGTH_MM, LEVEL_HEIGHT_MM = 4_500, 1_200, 600
FIRST_BAY_AT_MM = 12_000
"""How far the racks stand from the doors: the yard before them is for staging and packing."""


def locations() -> tuple[Location, ...]:
    """Every location of the warehouse, in the order in which one walks through it."""
    return tuple(_all_locations())


def units_in_face(product: Product) -> int:
    """How many units of the article, in whole cases, lie in its pick face; the rest stands on pallets in bulk."""
    return _whole_cases(product, PICK_FACE_LITRES)


def units_on_pallet(product: Product) -> int:
    """How many units of the article, in whole cases, stand on one pallet."""
    return _whole_cases(product, PALLET_LITRES)


def dock(number: int) -> str:
    """The id of one of the doors, counted round."""
    return f"D-01-{number % DOCK_DOORS + 1:02d}-0"


def zone_of(product: Product) -> Zone:
    """The zone that stores the article's class."""
    return next(zone for zone in ZONES if product.storage_class in zone.storage_classes)


def _all_locations() -> Iterator[Location]:
    first_aisle = 0
    for zone in ZONES:
        yield from _rack(zone, first_aisle)
        first_aisle += zone.aisles
    yield from (_floor("D", door, "dock", 0) for door in range(1, DOCK_DOORS + 1))
    yield from (_floor("T", lane, "staging", 3_000) for lane in range(1, STAGING_LANES + 1))
    yield from (_floor("P", station, "packing", 7_000) for station in range(1, PACKING_STATIONS + 1))
    for bay in range(1, QUARANTINE_BAYS + 1):
        at = Coordinates(9_000, AISLE_WIDTH_MM * (first_aisle + bay), 0)
        yield _place("Q", 1, bay, 0, "quarantine", at, capacity=QUARANTINE)


def _rack(zone: Zone, first_aisle: int) -> Iterator[Location]:
    for aisle in range(1, zone.aisles + 1):
        for bay in range(1, zone.bays + 1):
            for level in range(1, zone.pick_levels + zone.bulk_levels + 1):
                is_face = level <= zone.pick_levels
                yield _place(
                    zone.code,
                    aisle,
                    bay,
                    level,
                    "pick_face" if is_face else "bulk",
                    Coordinates(
                        FIRST_BAY_AT_MM + BAY_LENGTH_MM * (bay - 1),
                        AISLE_WIDTH_MM * (first_aisle + aisle - 1),
                        LEVEL_HEIGHT_MM * (level - 1),
                    ),
                    capacity=zone.face if is_face else zone.bulk,
                    storage_classes=zone.storage_classes,
                    mixing="one_lot" if is_face else "any",
                )


def _floor(zone: str, number: int, kind: str, x_mm: int) -> Location:
    return _place(zone, 1, number, 0, kind, Coordinates(x_mm, 2 * AISLE_WIDTH_MM * number, 0))


def _place(
    zone: str,
    aisle: int,
    bay: int,
    level: int,
    kind: str,
    at: Coordinates,
    *,
    capacity: Capacity | None = None,
    storage_classes: tuple[str, ...] = (),
    mixing: str = "any",
) -> Location:
    return Location(
        location=f"{zone}-{aisle:02d}-{bay:02d}-{level}",
        warehouse=WAREHOUSE,
        zone=zone,
        aisle=f"{aisle:02d}",
        bay=f"{bay:02d}",
        level=str(level),
        kind=kind,
        coordinates=at,
        capacity=capacity,
        storage_classes=storage_classes,
        mixing=mixing,
    )


def _whole_cases(product: Product, litres: int) -> int:
    size = product.dimensions
    of_one = size.length_mm * size.width_mm * size.height_mm / 1_000_000
    return max(1, int(litres / of_one) // CASE_UNITS) * CASE_UNITS
