"""What became of stock: movements in a period, stock at a past time, lots and serials, transfers.

These answers come from the read model, a moment behind; none of them costs more for a longer history. What a
holding had at a past time may cost a look at the picks of its product between that time and what its journal says
before it.
"""

from collections.abc import Iterable, Sequence
from heapq import merge
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from inventory.aggregates import PRODUCT
from inventory.domain import CATALOG
from inventory.due import BY_LOT
from inventory.holding_views import (
    BY_PRODUCT,
    BY_TIME,
    SERIAL_PREFIX,
    LotReceipt,
    LotUse,
    Movement,
    SerialView,
    StockInHolding,
    Whereabouts,
    lot_partition,
    out_partition,
    serial_partition,
    whereabouts_partition,
)
from inventory.lot_views import BY_STATUS, LOTS, LotView, TransferStatus, TransferView
from inventory.standing import HoldingStock, Standing, by_holding, parts_in, standings, totals
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import DEFAULT_WAREHOUSE, LotNumber, SerialNumber, Sku, Timestamp, WarehouseCode
from shared.projection import as_it_is
from shared.rejection import Invalid, NotFound
from shared.resources import history, views
from shared.views import Page

handler = Api()

MOST_HOLDINGS = 2_000
PICKS_AT_ONCE = 500
_END = "~"  # behind everything that goes on after a time or a name
_NEVER, _ALWAYS = "0000", "9999"
UsePage = Annotated[int, Meta(ge=1, le=200)]


class MovementQuery(ListQuery, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Which warehouse's movements, recorded from when to when (both included), and which page of them."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    since: Timestamp | None = None
    until: Timestamp | None = None


class MovementPage(Struct, frozen=True, omit_defaults=True):
    """Some movements in the order in which they were recorded, and the cursor of the next page if there is one."""

    items: list[Movement]
    cursor: str | None = None


class AsOfQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which warehouse's stock, at what time, and which page of the holdings that had it."""

    at: Timestamp
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class HoldingThen(Struct, frozen=True, omit_defaults=True):
    """What one holding had of a product (of one lot) then, by status; `place` is where a container stood."""

    holding: str
    statuses: dict[str, int]
    lot: str | None = None
    place: str | None = None


class StockThen(Struct, frozen=True, omit_defaults=True):
    """A product's stock in a warehouse as it was recorded at a past time. `statuses` sums up this page."""

    sku: str
    warehouse: str
    at: str
    statuses: dict[str, int]
    holdings: list[HoldingThen]
    cursor: str | None = None


class LotDetails(LotView, frozen=True, kw_only=True, omit_defaults=True):
    """A lot and where it is now. `statuses` sums up every holding, `holdings` is a page of them."""

    statuses: dict[str, int] = {}
    holdings: list[HoldingStock] = []
    partial: bool = False
    cursor: str | None = None


class OrderLineUse(Struct, frozen=True, omit_defaults=True):
    """An order line and its units of a lot: set aside for it now, assigned to it when the goods came, or shipped.

    `shipments` are those with which units have left, `holdings` where it has units now, or had them on leaving.
    """

    order_id: str
    line_id: str
    allocated: int
    assigned: int
    recorded_at: str
    holdings: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    shipped: int = 0
    shipments: tuple[str, ...] = ()


class LotTrace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a lot came from, and who got it: back to its receipts, forward to order lines."""

    sku: str
    lot: str
    received: list[LotReceipt]
    lines: list[OrderLineUse]
    more_received: bool = False
    cursor: str | None = None


class SerialDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One unit: where it is, or where it was last. `seen` are the holdings that know it, the latest first.

    A shipped one names its order and shipment; its holding is the carton that it left on.
    """

    sku: str
    serial: str
    state: Literal["in_stock", "in_transit", "shipped", "gone"]
    status: str
    holding: str
    since: str
    at: Standing
    lot: str | None = None
    expires_on: str | None = None
    destination: str | None = None
    order_id: str | None = None
    shipment_id: str | None = None
    seen: list[SerialView] = []


class TransferQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Transfers in which status, and which page of them."""

    status: TransferStatus = "in_transit"


class TransferPage(Struct, frozen=True, omit_defaults=True):
    """Some transfers in the order of their dispatch, and the cursor of the next page if there is one."""

    items: list[TransferView]
    cursor: str | None = None


@handler.route(
    "GET",
    "/inventory/stock/{sku}/movements",
    scope="inventory/read",
    returns=(200, MovementPage),
    rejects=(NotFound,),
)
def list_movements(sku: Sku, query: MovementQuery) -> Response:
    """Everything that changed a product's stock in a warehouse in a period."""
    if query.since and query.until and query.since > query.until:
        raise Invalid(
            f"The period ends at {query.until}, before it begins.",
            field="to",
            value=query.until,
            remedy=f"Send a time that is not before {query.since}.",
        )
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    pages = [
        _movements(query, ("movements", f"{query.warehouse}#{sku}"), "moved", after, BY_TIME),
        _movements(query, ("pk", out_partition(query.warehouse, sku)), "sk", after),
    ]
    found = list(merge(*(page.items for page in pages), key=lambda item: item[0]))
    if not found and not query.cursor:
        _require_product(sku)
    shown = found[: query.limit]
    more = len(found) > len(shown) or any(page.next for page in pages)
    cursor = encode_cursor(shown[-1][0]) if more and shown else None
    return Response(200, MovementPage([movement for _, movement in shown], cursor))


def _movements(
    query: MovementQuery, partition: tuple[str, str], sort: str, after: str | None, index: str | None = None
) -> Page[Movement]:
    return views().list(
        Movement,
        partition,
        sort,
        index=index,
        after=after,
        span=(query.since or _NEVER, (query.until or _ALWAYS) + _END),
        limit=query.limit,
    )


@handler.route(
    "GET", "/inventory/stock/{sku}/as-of", scope="inventory/read", returns=(200, StockThen), rejects=(NotFound,)
)
def get_stock_as_of(sku: Sku, query: AsOfQuery) -> Response:
    """A product's stock in a warehouse at a past time, by holding: what had been recorded by then."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().pointers(
        ("product", sku), "first", BY_PRODUCT, after=after, upto=query.at + _END, limit=query.limit
    )
    found = views().documents(StockInHolding, [pointer for _, pointer in page.items])
    parts = [found[pointer] for _, pointer in page.items if pointer in found]
    latest = _latest(sku, query, [part for part in parts if part.changed_at > query.at])
    holdings = [
        then
        for part in parts
        if (then := _then(part, latest.get((part.holding, part.lot)), query.warehouse, query.at))
    ]
    if not page.items and not query.cursor:
        _require_product(sku)
    units: dict[str, int] = {}
    for then in holdings:
        for status, more in then.statuses.items():
            units[status] = units.get(status, 0) + more
    cursor = encode_cursor(page.next) if page.next else None
    return Response(200, StockThen(sku, query.warehouse, query.at, units, holdings, cursor))


@handler.route(
    "GET", "/inventory/lots/{sku}/{lot}", scope="inventory/read", returns=(200, LotDetails), rejects=(NotFound,)
)
def get_lot(sku: Sku, lot: LotNumber, query: ListQuery) -> Response:
    """A lot: whether it is blocked, when it expires, and where it is now, by holding and place."""
    view, _, version = as_it_is(LOTS, CATALOG, history(), views(), f"Lot#{sku}#{lot}")
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    everything = parts_in(BY_LOT, ("lot", f"{sku}#{lot}"), after, MOST_HOLDINGS)
    if not version and not everything.parts and not _received(sku, lot, 1).items:
        raise _unknown_lot(sku, lot)
    shown = everything.parts[: query.limit]
    more = len(everything.parts) > len(shown) or everything.next is not None
    details = LotDetails(
        **structs.asdict(view),
        statuses={} if query.cursor else totals(everything.parts),
        holdings=by_holding(shown),
        partial=everything.next is not None,
        cursor=encode_cursor(f"{shown[-1].holding}#{shown[-1].lot}") if more and shown else None,
    )
    return Response(200, details, version=version)


@handler.route(
    "GET",
    "/inventory/lots/{sku}/{lot}/trace",
    scope="inventory/read",
    returns=(200, LotTrace),
    rejects=(NotFound,),
)
def trace_lot(sku: Sku, lot: LotNumber, query: ListQuery) -> Response:
    """Back: the receipts of a lot. Forward: the order lines that got units of it, a page by order and line."""
    received = _received(sku, lot, 200)
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    lines, following = _lines(sku, lot, after, query.limit)
    if not received.items and not lines and not query.cursor:
        view = views().get(lot_partition(sku, lot), "Lot", LotView)
        if view is None:
            raise _unknown_lot(sku, lot)
    trace = LotTrace(
        sku=sku,
        lot=lot,
        received=[receipt for _, receipt in received.items] if not query.cursor else [],
        more_received=received.next is not None,
        lines=lines,
        cursor=encode_cursor(following) if following else None,
    )
    return Response(200, trace)


@handler.route(
    "GET",
    "/inventory/serials/{sku}/{serial}",
    scope="inventory/read",
    returns=(200, SerialDetails),
    rejects=(NotFound,),
)
def get_serial(sku: Sku, serial: SerialNumber) -> Response:
    """One unit by its serial number: where it is, in which status, and which holdings have had it."""
    known = [view for view, _ in views().under(serial_partition(sku, serial), SERIAL_PREFIX, SerialView).values()]
    if not known:
        raise NotFound(
            f"There is no unit of {sku} with the serial number {serial!r}.",
            field="serial",
            value=serial,
            remedy="Scan the unit: POST /inventory/scans.",
            code="unknown-serial",
        )
    seen = sorted(known, key=lambda view: (view.here, view.changed_at), reverse=True)
    latest = seen[0]
    at = standings([latest.holding])[latest.holding]
    moving = latest.destination is not None if not latest.here else at.warehouse is None
    shipped = not latest.here and latest.shipment_id is not None
    details = SerialDetails(
        sku=sku,
        serial=serial,
        state="shipped" if shipped else "in_transit" if moving else "in_stock" if latest.here else "gone",
        status=latest.status,
        holding=latest.holding,
        since=latest.changed_at,
        at=at,
        lot=latest.lot or None,
        expires_on=latest.expires_on,
        destination=latest.destination or at.in_transit_to,
        order_id=latest.order_id,
        shipment_id=latest.shipment_id,
        seen=seen,
    )
    return Response(200, details)


@handler.route("GET", "/inventory/transfers", scope="inventory/read", returns=(200, TransferPage))
def list_transfers(query: TransferQuery) -> Response:
    """The transfers between warehouses that are on their way, or have arrived, in the order of dispatch."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().list(
        TransferView, ("transfers", query.status), "dispatched", index=BY_STATUS, after=after, limit=query.limit
    )
    transfers = [transfer for _, transfer in page.items]
    return Response(200, TransferPage(transfers, encode_cursor(page.next) if page.next else None))


def _latest(sku: str, query: AsOfQuery, changed: Sequence[StockInHolding]) -> dict[tuple[str, str], Movement]:
    """The last movement until then of holdings that have changed since, by holding and lot."""
    found: dict[tuple[str, str], Movement] = {}
    since: dict[tuple[str, str], tuple[str, str]] = {}
    for part in changed:
        page = views().list(
            Movement, ("pk", part.journal), "sk", span=(_NEVER, query.at + _END), descending=True, limit=1
        )
        since[part.holding, part.lot] = part.first_at, ""
        for key, movement in page.items:
            found[part.holding, part.lot] = movement
            since[part.holding, part.lot] = movement.recorded_at, _number(key)
    return found | _last_picks(sku, query, since)


def _last_picks(
    sku: str, query: AsOfQuery, since: dict[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], Movement]:
    """The last pick until then out of each of these, where there was one after what its journal says.

    Looked for from that time backwards, for all of them at once: what is picked from often is found soon.
    """
    found: dict[tuple[str, str], Movement] = {}
    last = query.at + _END
    while since:
        page = views().list(
            Movement,
            ("pk", out_partition(query.warehouse, sku)),
            "sk",
            span=(min(at for at, _ in since.values()), last),
            descending=True,
            limit=PICKS_AT_ONCE,
        )
        for key, movement in page.items:
            of = movement.holding, movement.lot
            if movement.kind != "picked" or of not in since:
                continue
            if (movement.recorded_at, _number(key)) > since.pop(of):
                found[of] = movement
        if page.next is None or not page.items:
            break
        last = page.items[-1][0]  # comes again, and says nothing new
    return found


def _number(key: str) -> str:
    """Which event of its holding a movement is, from its sort key."""
    return key.rpartition("#")[2]


def _then(part: StockInHolding, latest: Movement | None, warehouse: str, at: str) -> HoldingThen | None:
    """What a holding had then, if it was in the warehouse: as it is now when nothing has changed since."""
    if part.changed_at <= at:
        was_in, statuses = part.warehouse, part.balances
    elif latest is None:
        return None
    else:
        was_in, statuses = latest.warehouse, latest.balances
    if was_in != warehouse or not statuses:
        return None
    stood = views().list(
        Whereabouts,
        ("pk", whereabouts_partition(part.holding)),
        "sk",
        span=(_NEVER, at + _END),
        descending=True,
        limit=1,
    )
    place = stood.items[0][1].place if stood.items else ""
    return HoldingThen(part.holding, statuses, part.lot or None, place or None)


def _received(sku: str, lot: str, limit: int) -> Page[LotReceipt]:
    return views().list(
        LotReceipt, ("pk", lot_partition(sku, lot)), "sk", span=("Receipt#", "Receipt#" + _END), limit=limit
    )


def _lines(sku: str, lot: str, after: str | None, limit: int) -> tuple[list[OrderLineUse], str | None]:
    """The order lines behind `after`, each with all of its uses, and behind which more follow."""
    lines: dict[tuple[str, str], list[tuple[str, LotUse]]] = {}
    following: str | None = after
    while True:
        page = views().list(
            LotUse,
            ("pk", lot_partition(sku, lot)),
            "sk",
            span=("Line#", "Line#" + _END),
            after=following,
            limit=limit + 1,
        )
        for key, use in page.items:
            lines.setdefault((use.order_id, use.line_id), []).append((key, use))
        following = page.next
        if following is None or len(lines) > limit:
            break
    shown = list(lines.values())[:limit]
    more = following is not None or len(lines) > limit
    return [_use(uses) for uses in shown], shown[-1][-1][0] if more and shown else None


def _use(uses: Iterable[tuple[str, LotUse]]) -> OrderLineUse:
    own = [use for _, use in uses]
    held: dict[str, int] = {}
    serials: dict[str, int] = {}
    left: list[LotUse] = []
    for use in own:
        if use.shipment_id is not None:
            left.append(use)
        if not use.assigned:
            held[use.holding] = held.get(use.holding, 0) + use.units
            serials |= {serial: serials.get(serial, 0) + (1 if use.units > 0 else -1) for serial in use.serials}
    return OrderLineUse(
        order_id=own[0].order_id,
        line_id=own[0].line_id,
        allocated=sum(held.values()),
        assigned=sum(use.units for use in own if use.assigned),
        recorded_at=max(use.recorded_at for use in own),
        holdings=tuple(sorted({holding for holding, units in held.items() if units} | {u.holding for u in left})),
        serials=tuple(
            sorted({s for s, count in serials.items() if count > 0} | {s for u in left for s in u.serials})
        ),
        shipped=-sum(use.units for use in left),
        shipments=tuple(sorted({use.shipment_id for use in left if use.shipment_id is not None})),
    )


def _require_product(sku: str) -> None:
    if not history().load(PRODUCT, PRODUCT.stream_id(sku)).sequence:
        raise NotFound(
            f"There is no product {sku!r}.",
            field="sku",
            value=sku,
            remedy="GET /inventory/products lists those that there are.",
            code="unknown-sku",
        )


def _unknown_lot(sku: str, lot: str) -> NotFound:
    return NotFound(
        f"There is no lot {lot!r} of {sku}.",
        field="lot",
        value=lot,
        remedy="GET /inventory/stock/{sku} lists the lots of a product that are in stock.",
        code="unknown-lot",
    )
