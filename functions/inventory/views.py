"""Inventory's read models: products, locations, stock, holdings, lots, transfers.

The Lambda here keeps them up to date.
"""

from functools import cache
from typing import Any

from msgspec import Struct, structs

from inventory.contracts import (
    LineBroken,
    LineReserved,
    LineShort,
    LocationChanged,
    LocationRegistered,
    ProductChanged,
    ProductRegistered,
    ReservationReleased,
)
from inventory.domain import CATALOG
from inventory.domain.directing import FAR
from inventory.domain.location import Location
from inventory.domain.location import evolve as evolve_location
from inventory.domain.product import Product, gtins
from inventory.domain.promise import DayBegun, SupplyCounted, SupplyShipped
from inventory.holding_views import HOLDINGS
from inventory.lot_views import DISPATCHES, LOTS, assigned
from inventory.task_views import ALLOCATIONS, TASKS
from shared.events import Event
from shared.projection import Projection, Projector
from shared.resources import history, views

PRODUCTS = "Product"
LOCATIONS = "Location"
BY_KIND = "by_kind"
"""Places by warehouse and kind, from the warehouse's origin outwards."""


def stock_partition(warehouse: str) -> str:
    """The partition of a warehouse's stock documents."""
    return f"Stock#{warehouse}"


class StockByLocation(Struct, frozen=True):
    """Units of one SKU in one place."""

    location: str
    on_hand: int


class Stock(Struct, frozen=True):
    """One SKU in one warehouse: units that lie there, that are promised, that are free, that are waited for.

    In a list, `locations` are the places where units came in: moves inside a warehouse do not change a promise.
    One SKU by itself names the locations where its available units lie.
    """

    sku: str
    warehouse: str
    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    backordered: int = 0
    locations: tuple[StockByLocation, ...] = ()


def show_product(_: Product, event: ProductRegistered | ProductChanged, _at: str) -> Product:
    """The product as the event describes it."""
    return Product(**structs.asdict(event))


def show_location(location: Location, event: LocationRegistered | LocationChanged, _at: str) -> Location:
    """The location as the event describes it."""
    return evolve_location(location, event)


def show_stock(stock: Stock, event: Event, _at: str) -> Stock:
    """The stock document after an event of its promise."""
    match event:
        case SupplyCounted():
            others = [place for place in stock.locations if place.location != event.location]
            here = [StockByLocation(event.location, event.units)] if event.units else []
            places = tuple(sorted((*others, *here), key=lambda place: place.location))
            on_hand = sum(place.on_hand for place in places) if event.sellable is None else event.sellable
            return structs.replace(stock, locations=places, on_hand=on_hand, available=on_hand - stock.reserved)
        case SupplyShipped():
            left = structs.replace(stock, on_hand=event.sellable)
            return _claimed(
                left,
                reserved=-sum(line.reserved for line in event.lines),
                backordered=-sum(line.waited for line in event.lines),
            )
        case DayBegun():
            return structs.replace(stock, on_hand=event.sellable, available=event.sellable - stock.reserved)
        case LineReserved(repeated=False):
            waited = event.quantity if event.backordered else 0
            return _claimed(stock, reserved=event.quantity, backordered=-waited)
        case LineShort(repeated=False):
            return _claimed(stock, backordered=event.quantity)
        case LineBroken():
            return _claimed(stock, reserved=-event.quantity, backordered=event.quantity)
        case ReservationReleased():
            return _claimed(stock, reserved=-event.quantity, backordered=-event.backordered)
        case _:
            return stock


def _claimed(stock: Stock, *, reserved: int = 0, backordered: int = 0) -> Stock:
    promised = stock.reserved + reserved
    return structs.replace(
        stock,
        reserved=promised,
        available=stock.on_hand - promised,
        backordered=stock.backordered + backordered,
    )


def _new_stock(stream_id: str) -> Stock:
    _, warehouse, sku = stream_id.split("#", 2)
    return Stock(sku, warehouse)


def _stock_key(stream_id: str) -> tuple[str, str]:
    _, warehouse, sku = stream_id.split("#", 2)
    return stock_partition(warehouse), sku


def _key_in(partition: str) -> Any:
    return lambda stream_id: (partition, stream_id.partition("#")[2])


def gtin_key(gtin: str) -> tuple[str, str]:
    """Where the products that have had this GTIN-14 are named."""
    return f"Gtin#{gtin}", "Owners"


def gln_key(gln: str, extension: str | None) -> tuple[str, str]:
    """Where the places that have had this GLN and extension are named."""
    return f"Gln#{gln}#{extension or ''}", "Owners"


def _gtin_keys(product: Product) -> list[tuple[str, str]]:
    return [gtin_key(gtin) for gtin in gtins(product)]


def _gln_keys(location: Location) -> list[tuple[str, str]]:
    return [gln_key(location.gln, location.extension)] if location.gln else []


def _reached(location: Location) -> dict[str, str]:
    """How far a place is from the warehouse's origin; last, where nobody knows."""
    at = location.coordinates
    way = abs(at.x_mm) + abs(at.y_mm) + abs(at.z_mm) if at else FAR
    return {"places": f"{location.warehouse}#{location.kind}", "reached": f"{way:012d}#{location.location}"}


PROJECTIONS: tuple[Projection[Any], ...] = (
    Projection("Product", Product, lambda _: Product(), show_product, _key_in(PRODUCTS), names=_gtin_keys),
    Projection(
        "Location", Location, lambda _: Location(), show_location, _key_in(LOCATIONS), _reached, names=_gln_keys
    ),
    Projection("Promise", Stock, _new_stock, show_stock, _stock_key, entries=assigned),
    HOLDINGS,
    TASKS,
    ALLOCATIONS,
    LOTS,
    DISPATCHES,
)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), PROJECTIONS)


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the lists."""
    projector().handle(event)
