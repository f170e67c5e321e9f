"""The warehouse MAIN: zones of aisles, bays and levels, and which article has its pick face where.

A location's id is zone-aisle-bay-level, as it stands on the label of the rack: `A-01-02-3`.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from sample.model import Location, Product, Stock

WAREHOUSE = "MAIN"

PICK_FACE_LITRES = 360
"""Volume of one pick face, about 1.2 x 0.6 x 0.5 m: what does not fit there stands in bulk above."""

CASE_UNITS = 6
"""Units per case: stock comes and lies in whole cases."""


class Zone(Struct, frozen=True):
    """A part of the warehouse for some storage classes: every bay has pick faces below and bulk above."""

    code: str
    storage_classes: tuple[str, ...]
    aisles: int
    bays: int
    pick_levels: int
    bulk_levels: int


ZONES = (
    Zone("A", ("standard",), aisles=5, bays=12, pick_levels=3, bulk_levels=1),
    Zone("B", ("fragile",), aisles=2, bays=10, pick_levels=3, bulk_levels=1),
    Zone("C", ("bulky",), aisles=3, bays=11, pick_levels=2, bulk_levels=2),
    Zone("H", ("flammable", "battery"), aisles=1, bays=12, pick_levels=3, bulk_levels=1),
    Zone("S", ("high_value",), aisles=1, bays=8, pick_levels=3, bulk_levels=1),
)
DOCK_DOORS = 4
STAGING_LANES = 6


def locations() -> tuple[Location, ...]:
    """Every location of the warehouse, in the order in which one walks through it."""
    return tuple(_all_locations())


def put_away(products: Sequence[Product], units: Mapping[str, int]) -> tuple[Stock, ...]:
    """Where the stock lies: one pick face per article, the rest of its units in bulk of the same zone.

    `products` come fastest seller first, and the fastest sellers get the faces nearest to the docks.
    """
    faces = {zone.code: _free(zone, "pick_face") for zone in ZONES}
    bulk = {zone.code: _free(zone, "bulk") for zone in ZONES}
    stock: list[Stock] = []
    for product in products:
        zone = zone_of(product).code
        face = next(faces[zone])
        wanted = units[product.sku]
        in_face = min(wanted, _units_in_face(product))
        stock.append(Stock(product.sku, face.location, in_face))
        if wanted > in_face:
            stock.append(Stock(product.sku, next(bulk[zone]).location, wanted - in_face))
    return tuple(stock)


def zone_of(product: Product) -> Zone:
    """The zone that stores the article's class."""
    return next(zone for zone in ZONES if product.storage_class in zone.storage_classes)


def _all_locations() -> Iterator[Location]:
    for zone in ZONES:
        yield from _rack(zone)
    yield from (_place("D", "01", f"{door:02d}", "0", "dock") for door in range(1, DOCK_DOORS + 1))
    yield from (_place("T", "01", f"{lane:02d}", "0", "staging") for lane in range(1, STAGING_LANES + 1))


def _rack(zone: Zone) -> Iterator[Location]:
    for aisle in range(1, zone.aisles + 1):
        for bay in range(1, zone.bays + 1):
            for level in range(1, zone.pick_levels + zone.bulk_levels + 1):
                kind = "pick_face" if level <= zone.pick_levels else "bulk"
                yield _place(zone.code, f"{aisle:02d}", f"{bay:02d}", str(level), kind)


def _place(zone: str, aisle: str, bay: str, level: str, kind: str) -> Location:
    return Location(f"{zone}-{aisle}-{bay}-{level}", WAREHOUSE, zone, aisle, bay, level, kind)


def _free(zone: Zone, kind: str) -> Iterator[Location]:
    """The zone's locations of one kind, nearest bay first over all aisles."""
    return iter(
        sorted(
            (place for place in _rack(zone) if place.kind == kind),
            key=lambda at: (at.bay, at.aisle, at.level),
        )
    )


def _units_in_face(product: Product) -> int:
    size = product.dimensions
    litres = size.length_mm * size.width_mm * size.height_mm / 1_000_000
    return max(1, int(PICK_FACE_LITRES / litres) // CASE_UNITS) * CASE_UNITS
