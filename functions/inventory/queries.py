"""What is known of products, locations and stock.

One product, location or stock is read from its stream and is exact; lists are read models, a moment behind.
"""

from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from inventory.aggregates import HOLDING, LOCATION, PRODUCT, PROMISE
from inventory.contracts import PUBLISHED, Capacity
from inventory.domain import CATALOG
from inventory.domain.location import Location
from inventory.domain.product import Product
from inventory.holding_views import BY_SKU, HoldingKind, HoldingView, StockInHolding
from inventory.lot_views import TransferView, transfer_key
from inventory.standing import (
    Content,
    HoldingStock,
    Standing,
    by_holding,
    contents,
    contents_of,
    exact,
    parts_in,
    standings,
    totals,
    units_at,
)
from inventory.views import LOCATIONS, PRODUCTS, Stock, StockByLocation, stock_partition
from shared.gs1 import Sscc
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import DEFAULT_WAREHOUSE, HoldingId, LocationId, Sku, WarehouseCode
from shared.journal import HistoryEntry, entries
from shared.rejection import NotFound
from shared.resources import history, views

V = TypeVar("V", bound=Struct)

handler = Api()

MOST_HOLDINGS = 2_000
"""So many holdings of one product are summed up in one answer."""
HISTORY_SHOWN = 50
"""So many of a handling unit's latest decisions are told; those about room in it are its own."""
PUBLIC = frozenset(CATALOG.name(event) for event in PUBLISHED)


class StockQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which warehouse's stock, and which page of it."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class StockDetailsQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which warehouse's stock, and which page of the holdings that have it."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class LotStock(Struct, frozen=True, omit_defaults=True):
    """Units of one lot by status."""

    lot: str
    statuses: dict[str, int]
    expires_on: str | None = None


class StockDetails(Stock, frozen=True, kw_only=True):
    """One SKU in one warehouse: what can be promised, exact; and what lies where, a moment behind.

    `statuses` and `lots` sum up everything in the warehouse (`partial`: more holdings have it than could be read),
    `in_transit` is on its way from other warehouses. What is carried within the warehouse lies in neither place
    for the moment between departure and arrival; only what can be promised counts it meanwhile. `holdings` is a
    page, and `cursor` that of the next; further pages hold nothing but holdings.
    """

    statuses: dict[str, int] = {}
    lots: list[LotStock] = []
    in_transit: int = 0
    holdings: list[HoldingStock] = []
    partial: bool = False
    cursor: str | UnsetType = UNSET


class Room(Struct, frozen=True, omit_defaults=True):
    """Volume, weight and handling units that are used (or claimed by what is on its way), and what is free."""

    used: Capacity
    capacity: Capacity | None = None
    free: Capacity | None = None


class HandlingUnit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A handling unit, or the loose goods of a shipment or transfer. `units` are those right on it."""

    holding: str
    kind: HoldingKind
    units: int
    changed_at: str
    type: str | None = None
    place: str | None = None
    warehouse: str | None = None
    external: bool = False
    shipment_id: str | None = None
    in_transit_to: str | None = None


class HandlingUnitStock(HandlingUnit, frozen=True, kw_only=True, omit_defaults=True):
    """A handling unit with what is on it."""

    goods: tuple[Content, ...] = ()


class HandlingUnitDetails(HandlingUnitStock, frozen=True, kw_only=True, omit_defaults=True):
    """A handling unit with everything that is known of it; `carries` are the units on it, and those on them."""

    at: Standing
    carries: list[HandlingUnitStock] = []
    history: list[HistoryEntry] = []


class LocationStock(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lies in a place: goods by themselves, handling units with what stands on them (`place` says where)."""

    location: str
    warehouse: str
    kind: str
    room: Room
    goods: tuple[Content, ...] = ()
    handling_units: list[HandlingUnitStock] = []
    cursor: str | None = None


class HandlingUnitQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The place (or the handling unit) whose handling units are wanted, and which page of them."""

    place: HoldingId


class HandlingUnitPage(Struct, frozen=True, omit_defaults=True):
    """Some handling units by SSCC, and the cursor of the next page if there is one."""

    items: list[HandlingUnit]
    cursor: str | None = None


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
        raise _unknown_location(id)
    return Response(200, stream.state, version=stream.sequence)


@handler.route("GET", "/inventory/stock", scope="inventory/read", returns=(200, StockPage))
def list_stock(query: StockQuery) -> Response:
    """The stock of a warehouse, by SKU."""
    return Response(200, StockPage(*_page(Stock, stock_partition(query.warehouse), query)))


@handler.route(
    "GET", "/inventory/stock/{sku}", scope="inventory/read", returns=(200, StockDetails), rejects=(NotFound,)
)
def get_stock(sku: Sku, query: StockDetailsQuery) -> Response:
    """One product's stock in a warehouse: promised and free, by location, status, lot and holding, in transit."""
    stream = history().load(PROMISE, PROMISE.stream_id(query.warehouse, sku))
    if not stream.sequence and not history().load(PRODUCT, PRODUCT.stream_id(sku)).sequence:
        raise _unknown_product(sku)
    promise = stream.state
    details = _details(sku, query)
    stock = StockDetails(
        sku=sku,
        warehouse=query.warehouse,
        on_hand=promise.sellable_units,
        reserved=promise.reserved_units,
        available=promise.available_units,
        backordered=sum(claim.quantity for claim in promise.waiting.values()),
        **details,
    )
    return Response(200, stock, version=stream.sequence)


@handler.route(
    "GET",
    "/inventory/locations/{id}/stock",
    scope="inventory/read",
    returns=(200, LocationStock),
    rejects=(NotFound,),
)
def get_location_stock(id: LocationId, query: ListQuery) -> Response:
    """What lies in a place: its loose goods and its room, exact; and the handling units there, a moment behind."""
    location = history().load(LOCATION, LOCATION.stream_id(id)).state
    if not location.location:
        raise _unknown_location(id)
    _, parts, version = exact(id)
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    units, following = units_at(id, after, query.limit)
    stock = LocationStock(
        location=id,
        warehouse=location.warehouse,
        kind=location.kind,
        goods=contents(parts),
        handling_units=_with_contents(_nested(units)),
        room=_room(location),
        cursor=encode_cursor(following) if following else None,
    )
    return Response(200, stock, version=version)


@handler.route("GET", "/inventory/handling-units", scope="inventory/read", returns=(200, HandlingUnitPage))
def list_handling_units(query: HandlingUnitQuery) -> Response:
    """The handling units that stand right at a place, or on a handling unit, by SSCC."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    units, following = units_at(query.place, after, query.limit)
    shown = [_summary(unit) for unit in units if unit.kind == "handling_unit"]
    return Response(200, HandlingUnitPage(shown, encode_cursor(following) if following else None))


@handler.route(
    "GET",
    "/inventory/handling-units/{sscc}",
    scope="inventory/read",
    returns=(200, HandlingUnitDetails),
    rejects=(NotFound,),
)
def get_handling_unit(sscc: Sscc) -> Response:
    """One handling unit: what is on it, where it stands, what stands on it, and its latest history."""
    view, parts, version = exact(sscc)
    if not version:
        raise NotFound(
            f"There is no handling unit {sscc!r}.",
            field="sscc",
            value=sscc,
            remedy="GET /inventory/handling-units?place=... lists those that stand in a place.",
        )
    commits = history().read(f"Holding#{sscc}", after=max(0, version - HISTORY_SHOWN))
    details = HandlingUnitDetails(
        **structs.asdict(_summary(view)),
        at=standings([sscc], {sscc: view})[sscc],
        goods=contents(parts),
        carries=_with_contents(_nested(units_at(sscc)[0])),
        history=[entry for entry in entries(commits) if entry.type in PUBLIC],
    )
    return Response(200, details, version=version)


def _nested(units: list[HoldingView]) -> list[HoldingView]:
    """The units, each followed by those that stand on it."""
    return [
        one
        for unit in units
        for one in (unit, *(_nested(units_at(unit.holding)[0]) if unit.kind == "handling_unit" else ()))
    ]


def _with_contents(units: list[HoldingView]) -> list[HandlingUnitStock]:
    inside = contents_of(unit.holding for unit in units)
    return [
        HandlingUnitStock(**structs.asdict(_summary(unit)), goods=contents(inside[unit.holding])) for unit in units
    ]


def _summary(unit: HoldingView) -> HandlingUnit:
    return HandlingUnit(
        holding=unit.holding,
        kind=unit.kind,
        type=unit.type or None,
        place=unit.place or None,
        warehouse=unit.warehouse or None,
        units=unit.units,
        external=unit.external,
        shipment_id=unit.shipment_id or None,
        in_transit_to=unit.destination or None,
        changed_at=unit.changed_at,
    )


def _room(location: Location) -> Room:
    """What is taken of a place, as the place itself counts: docks, staging and packing count loose goods alone."""
    holding = history().load(HOLDING, HOLDING.stream_id(location.location)).state
    taken = holding.taken
    used = Capacity(taken.volume_mm3, taken.weight_g, holding.standing)
    capacity = location.capacity
    if capacity is None:
        return Room(used)
    return Room(
        used,
        capacity,
        Capacity(
            _less(capacity.volume_mm3, used.volume_mm3),
            _less(capacity.weight_g, used.weight_g),
            _less(capacity.handling_units, used.handling_units),
        ),
    )


def _less(limit: int | None, used: int | None) -> int | None:
    return None if limit is None else max(0, limit - (used or 0))


def _details(sku: str, query: StockDetailsQuery) -> dict[str, Any]:
    """What the read model knows: sums and the first holdings, or a further page of holdings."""
    stocked = ("stocked", f"{query.warehouse}#{sku}")
    if query.cursor:
        page = parts_in(BY_SKU, stocked, decode_cursor(query.cursor)[0], query.limit)
        return {"holdings": by_holding(page.parts), "cursor": encode_cursor(page.next) if page.next else UNSET}
    everything = parts_in(BY_SKU, stocked, None, MOST_HOLDINGS)
    shown = everything.parts[: query.limit]
    more = len(everything.parts) > len(shown) or everything.next is not None
    return {
        "statuses": totals(everything.parts),
        "lots": _lots(everything.parts),
        "in_transit": _in_transit(sku, query.warehouse),
        "locations": _locations(everything.parts),
        "holdings": by_holding(shown),
        "partial": everything.next is not None,
        "cursor": encode_cursor(f"{shown[-1].holding}#{shown[-1].lot}") if more and shown else UNSET,
    }


def _lots(parts: list[StockInHolding]) -> list[LotStock]:
    by_lot: dict[str, list[StockInHolding]] = {}
    for part in parts:
        if part.lot:
            by_lot.setdefault(part.lot, []).append(part)
    return [
        LotStock(
            lot, totals(own), min((b.expires_on for p in own for b in p.batches if b.expires_on), default=None)
        )
        for lot, own in sorted(by_lot.items())
    ]


def _locations(parts: list[StockInHolding]) -> tuple[StockByLocation, ...]:
    """Available units by the location in which they lie, loose or on whatever stands there."""
    at = standings(part.holding for part in parts)
    units: dict[str, int] = {}
    for part in parts:
        location, available = at[part.holding].location, part.balances.get("available", 0)
        if location and available:
            units[location] = units.get(location, 0) + available
    return tuple(StockByLocation(location, units[location]) for location in sorted(units))


def _in_transit(sku: str, warehouse: str) -> int:
    """Units on their way to the warehouse: on handling units, or as the loose goods of a transfer."""
    parts = parts_in(BY_SKU, ("stocked", f"#{sku}"), None, MOST_HOLDINGS).parts
    if not parts:
        return 0
    going = {holding: at.in_transit_to for holding, at in standings(part.holding for part in parts).items()}
    loose = [holding for holding, to in going.items() if to is None]
    sent = views().documents(TransferView, map(transfer_key, loose))
    going |= {transfer.transfer_id: transfer.destination for transfer in sent.values()}
    return sum(part.units for part in parts if going[part.holding] == warehouse)


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


def _unknown_location(id: str) -> NotFound:
    return NotFound(
        f"There is no location {id!r}.",
        field="id",
        value=id,
        remedy="GET /inventory/locations lists those that there are.",
    )
