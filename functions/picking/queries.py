"""What is known of picking. One list, wave or order is read from its stream, exact; lists are a moment behind."""

from typing import Annotated

from msgspec import Meta, Struct

from picking import keys
from picking.aggregates import PICK_LIST, PICK_ORDER, WAVE
from picking.contracts import ListId, WaveId, Zone
from picking.domain.pick_list import LIST_DONE, LIST_OPEN, LIST_STATUSES
from picking.domain.pick_order import PickOrder, pick_id
from picking.domain.wave import Rule
from picking.guidance import Guidance, guidance
from picking.summaries import ListSummary, PickingSummary, WaveSummary
from shared import clock
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import DEFAULT_WAREHOUSE, OrderId, WarehouseCode
from shared.rejection import Invalid, NotFound
from shared.resources import history, views
from shared.views import Page

handler = Api()

ListStatus = Annotated[
    str, Meta(pattern=f"^({'|'.join(LIST_STATUSES)})$", description="Where a pick list stands.")
]


class ListsQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which pick lists. Lists whose lease is over are still among the claimed ones; anybody may claim them."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    status: ListStatus = LIST_OPEN
    zone: Zone | None = None


class WarehouseQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Of which warehouse."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class ListPage(Struct, frozen=True, omit_defaults=True):
    """Some pick lists, the most urgent first."""

    items: list[ListSummary]
    cursor: str | None = None


class WavePage(Struct, frozen=True, omit_defaults=True):
    """Some waves, the latest first."""

    items: list[WaveSummary]
    cursor: str | None = None


class RulePage(Struct, frozen=True, omit_defaults=True):
    """Some rules, by name."""

    items: list[Rule]
    cursor: str | None = None


class PoolPage(Struct, frozen=True, omit_defaults=True):
    """Some orders that wait for a wave, the most urgent first."""

    items: list[PickingSummary]
    cursor: str | None = None


class WaveDetails(Struct, frozen=True, omit_defaults=True):
    """A wave: requested, planned, or released with these orders on these lists."""

    wave_id: str
    status: str
    warehouse: str
    method: str
    requested_at: str
    walk_mm: int
    orders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    rule: str | None = None


class PickDetails(Struct, frozen=True, omit_defaults=True):
    """A pick of an order that is open: from where, and on which list it is."""

    pick_id: str
    line_id: str
    sku: str
    units: int
    place: str
    list_id: str | None = None
    lot: str | None = None


class CollectedUnits(Struct, frozen=True, omit_defaults=True):
    """Units that were picked, and in which list's container they were put."""

    line_id: str
    sku: str
    units: int
    container: str
    lot: str | None = None
    serials: tuple[str, ...] = ()


class OrderPicking(Struct, frozen=True, omit_defaults=True):
    """An order's picking: what is open, what was collected, and where its parts stand."""

    order_id: str
    warehouse: str
    priority: int
    open: tuple[PickDetails, ...]
    collected: tuple[CollectedUnits, ...]
    containers: tuple[str, ...]
    ship_by: str | None = None
    carrier_service: str | None = None
    withdrawn: str | None = None


@handler.route("GET", "/picking/pick-lists", scope="picking/read", returns=(200, ListPage), rejects=(Invalid,))
def list_lists(query: ListsQuery) -> Response:
    """Pick lists of a warehouse."""
    page = views().list(
        ListSummary,
        (keys.LIST, keys.lists_of(query.warehouse, query.status)),
        keys.PLACE,
        index=keys.BY_LIST,
        after=_after(query),
        descending=query.status == LIST_DONE,
        limit=query.limit,
        matching=("zone", query.zone) if query.zone else None,
    )
    return Response(200, ListPage([one for _, one in page.items], _cursor(page)))


@handler.route(
    "GET", "/picking/pick-lists/{id}", scope="picking/read", returns=(200, Guidance), rejects=(NotFound,)
)
def show_list(id: ListId) -> Response:
    """One pick list, position by position in walking order."""
    stream = history().load(PICK_LIST, PICK_LIST.stream_id(id))
    return Response(200, guidance(stream.state, clock.iso(clock.now())), version=stream.sequence or None)


@handler.route("GET", "/picking/waves", scope="picking/read", returns=(200, WavePage), rejects=(Invalid,))
def list_waves(query: WarehouseQuery) -> Response:
    """Waves of a warehouse."""
    page = views().list(
        WaveSummary,
        (keys.LIST, keys.waves_of(query.warehouse)),
        keys.PLACE,
        index=keys.BY_LIST,
        after=_after(query),
        descending=True,
        limit=query.limit,
    )
    return Response(200, WavePage([one for _, one in page.items], _cursor(page)))


@handler.route("GET", "/picking/waves/{id}", scope="picking/read", returns=(200, WaveDetails), rejects=(NotFound,))
def show_wave(id: WaveId) -> Response:
    """One wave."""
    stream = history().load(WAVE, WAVE.stream_id(id))
    wave = stream.state
    if wave.criteria is None:
        raise NotFound(
            f"There is no wave {id}.",
            field="id",
            value=id,
            remedy="GET /picking/waves lists those that there are.",
            code="unknown-wave",
        )
    details = WaveDetails(
        wave_id=wave.wave_id,
        status=wave.status,
        warehouse=wave.criteria.warehouse,
        method=wave.criteria.method,
        requested_at=wave.requested_at,
        walk_mm=wave.walk_mm,
        orders=wave.orders,
        lists=wave.lists,
        rule=wave.rule,
    )
    return Response(200, details, version=stream.sequence)


@handler.route("GET", "/picking/wave-rules", scope="picking/read", returns=(200, RulePage), rejects=(Invalid,))
def list_rules(query: ListQuery) -> Response:
    """The rules that release waves."""
    page = views().list(
        Rule, (keys.LIST, keys.RULES), keys.PLACE, index=keys.BY_LIST, after=_after(query), limit=query.limit
    )
    return Response(200, RulePage([one for _, one in page.items], _cursor(page)))


@handler.route("GET", "/picking/pool", scope="picking/read", returns=(200, PoolPage), rejects=(Invalid,))
def list_pool(query: WarehouseQuery) -> Response:
    """Orders that wait for a wave."""
    page = views().pointers(
        (keys.POOL, query.warehouse), keys.URGENCY, keys.BY_POOL, after=_after(query), limit=query.limit
    )
    order = [key for _, key in page.items]
    found = views().documents(PickingSummary, order)
    cursor = encode_cursor(page.next) if page.next else None
    return Response(200, PoolPage([found[key] for key in order if key in found], cursor))


@handler.route(
    "GET", "/picking/orders/{id}", scope="picking/read", returns=(200, OrderPicking), rejects=(NotFound,)
)
def show_order(id: OrderId) -> Response:
    """One order's picking."""
    stream = history().load(PICK_ORDER, PICK_ORDER.stream_id(id))
    if not stream.state.number:
        raise NotFound(
            f"Nothing of an order {id} is to be picked.",
            field="id",
            value=id,
            remedy="Release the order first: POST /orders/{id}/release.",
            code="unknown-order",
        )
    return Response(200, _details(stream.state), version=stream.sequence)


def _details(order: PickOrder) -> OrderPicking:
    return OrderPicking(
        order_id=order.order_id,
        warehouse=order.warehouse,
        priority=order.priority,
        open=tuple(
            PickDetails(
                pick_id(order.order_id, pick.number),
                pick.line_id,
                pick.sku,
                pick.visit.units,
                pick.visit.place,
                pick.list_id or None,
                pick.visit.lot,
            )
            for pick in order.open_picks
        ),
        collected=tuple(
            CollectedUnits(one.line_id, one.sku, one.units, one.container, one.lot, one.serials)
            for one in order.held
        ),
        containers=tuple(dict.fromkeys(one.container for one in order.held)),
        ship_by=order.ship_by,
        carrier_service=order.carrier_service,
        withdrawn=order.withdrawn or None,
    )


def _after(query: ListQuery) -> str | None:
    return decode_cursor(query.cursor)[0] if query.cursor else None


def _cursor(page: "Page[ListSummary] | Page[WaveSummary] | Page[Rule]") -> str | None:
    return encode_cursor(page.next) if page.next else None
