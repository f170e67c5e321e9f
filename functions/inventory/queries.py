"""What is known of products, locations and stock.

One product, location or stock is read from its stream and is exact; lists are read models, a moment behind.
"""

from typing import TypeVar

from msgspec import Struct

from inventory.aggregates import LOCATION, PRODUCT, PROMISE
from inventory.domain.location import Location
from inventory.domain.product import Product
from inventory.views import LOCATIONS, PRODUCTS, Stock, StockByLocation, stock_partition
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import DEFAULT_WAREHOUSE, LocationId, Sku, WarehouseCode
from shared.rejection import NotFound
from shared.resources import history, views

V = TypeVar("V", bound=Struct)

handler = Api()


class WarehouseQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which warehouse's stock."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class StockQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which warehouse's stock, and which page of it."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class ProductPage(Struct, frozen=True, omit_defaults=True):
    """Some products in the order of their SKUs, and the cursor of the next page if there is one."""

    items: list[Product]
    cursor: str | None = None


class LocationPage(Struct, frozen=True, omit_defaults=True):
    """Some locations in the order of their ids, and the cursor of the next page if there is one."""

    items: list[Location]
    cursor: str | None = None


class StockPage(Struct, frozen=True, omit_defaults=True):
    """Stock of some SKUs in their order, and the cursor of the next page if there is one."""

    items: list[Stock]
    cursor: str | None = None


@handler.route("GET", "/inventory/products", scope="inventory/read", returns=(200, ProductPage))
def list_products(query: ListQuery) -> Response:
    """The products, by SKU."""
    return Response(200, ProductPage(*_page(Product, PRODUCTS, query)))


@handler.route(
    "GET", "/inventory/products/{sku}", scope="inventory/read", returns=(200, Product), rejects=(NotFound,)
)
def get_product(sku: Sku) -> Response:
    """One product."""
    stream = history().load(PRODUCT, PRODUCT.stream_id(sku))
    if not stream.sequence:
        raise _unknown_product(sku)
    return Response(200, stream.state, version=stream.sequence)


@handler.route("GET", "/inventory/locations", scope="inventory/read", returns=(200, LocationPage))
def list_locations(query: ListQuery) -> Response:
    """The locations, by id."""
    return Response(200, LocationPage(*_page(Location, LOCATIONS, query)))


@handler.route(
    "GET", "/inventory/locations/{id}", scope="inventory/read", returns=(200, Location), rejects=(NotFound,)
)
def get_location(id: LocationId) -> Response:
    """One location."""
    stream = history().load(LOCATION, LOCATION.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no location {id!r}.",
            field="id",
            value=id,
            remedy="GET /inventory/locations lists those that there are.",
        )
    return Response(200, stream.state, version=stream.sequence)


@handler.route("GET", "/inventory/stock", scope="inventory/read", returns=(200, StockPage))
def list_stock(query: StockQuery) -> Response:
    """The stock of a warehouse, by SKU."""
    return Response(200, StockPage(*_page(Stock, stock_partition(query.warehouse), query)))


@handler.route("GET", "/inventory/stock/{sku}", scope="inventory/read", returns=(200, Stock), rejects=(NotFound,))
def get_stock(sku: Sku, query: WarehouseQuery) -> Response:
    """One product's stock in a warehouse: on hand, reserved, available, waited for, and by location."""
    stream = history().load(PROMISE, PROMISE.stream_id(query.warehouse, sku))
    if not stream.sequence and not history().load(PRODUCT, PRODUCT.stream_id(sku)).sequence:
        raise _unknown_product(sku)
    promise = stream.state
    stock = Stock(
        sku=sku,
        warehouse=query.warehouse,
        on_hand=promise.sellable_units,
        reserved=promise.reserved_units,
        available=promise.available_units,
        backordered=sum(claim.quantity for claim in promise.waiting.values()),
        locations=tuple(
            StockByLocation(location, count.units)
            for location, count in sorted(promise.supply.items())
            if count.units
        ),
    )
    return Response(200, stock, version=stream.sequence)


def _page(kind: type[V], partition: str, query: ListQuery) -> tuple[list[V], str | None]:
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().list(kind, ("pk", partition), "sk", after=after, limit=query.limit)
    cursor = encode_cursor(page.next) if page.next else None
    return [document for _, document in page.items], cursor


def _unknown_product(sku: str) -> NotFound:
    return NotFound(
        f"There is no product {sku!r}.",
        field="sku",
        value=sku,
        remedy="GET /inventory/products lists those that there are.",
        code="unknown-sku",
    )
