"""Arrivals: shipments reach a dock, what stands there is logged scan by scan, and the shipment is closed."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from receiving.aggregates import SHIPMENT
from receiving.contracts import Disposition, GoodsReceived, ReceivedGoods, Reference, ShipmentArrived, Supplier
from receiving.domain.shipment import (
    CLOSED,
    CloseShipment,
    Condition,
    Discrepancy,
    EntriesLogged,
    Entry,
    Finding,
    LogGoods,
    ReceiveUnannounced,
    RecordArrival,
    Shipment,
    Terms,
    Totals,
    discrepancies_of,
    totals_of,
)
from receiving.keys import shipment_id
from receiving.masterdata import Article, packs, require_arrival_place
from receiving.terms import terms_for
from shared import clock
from shared.decider import Outcome, execute
from shared.event_store import Stream
from shared.gs1 import Gtin, Sscc, as_gtin14, require_gtin
from shared.http_edge import Api, Request, Response
from shared.identifiers import (
    DEFAULT_WAREHOUSE,
    CalendarDate,
    LocationId,
    LotNumber,
    SerialNumber,
    ShipmentId,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity
from shared.rejection import Conflict, NotFound, Rejection, TooLarge, Unprocessable, one_refusal
from shared.resources import history

handler = Api()

MAX_ENTRIES = 1_000
MAX_SERIALS = 5_000


class Arrival(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the shipment stands: a dock door or a staging place."""

    location: LocationId


class ArrivalReceipt(Struct, frozen=True):
    """The shipment has arrived: its goods can be logged."""

    shipment_id: ShipmentId
    status: str
    location: LocationId
    arrived_at: Timestamp


class FoundGoods(Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator found: typed in, or the elements of a scanned code.

    A product is named by `sku` with `units`, or by the `gtin` of a pack, of which there are `count` (one when left
    out). An `sscc` alone is that handling unit, whole and as announced; with a product it is what the goods stand
    on. Goods of a return have a `disposition`; left out, sound ones are restocked and damaged ones scrapped.
    """

    sku: Sku | None = None
    gtin: Gtin | None = None
    units: Quantity | None = None
    count: Quantity | None = None
    condition: Condition = "ok"
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    serial: SerialNumber | None = None
    serials: Annotated[tuple[SerialNumber, ...], Meta(max_length=MAX_SERIALS)] = ()
    sscc: Sscc | None = None
    disposition: Disposition | None = None


class FoundEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 entries, all recorded or none."""

    entries: Annotated[tuple[FoundGoods, ...], Meta(min_length=1, max_length=MAX_ENTRIES)]


class LoggedGoods(Struct, frozen=True, omit_defaults=True):
    """What became of one entry: the line it counts for (0: not announced), and the goods' status."""

    line: int
    sku: str
    units: int
    status: str
    inspection_id: str | None = None


class EntryResult(Struct, frozen=True, omit_defaults=True):
    """What was found for an entry: the worst as `outcome`, all as `findings`, and what is still expected."""

    index: int
    outcome: Finding
    findings: tuple[Finding, ...]
    units: int
    remaining: int
    goods: list[LoggedGoods]


class LoggingReceipt(Struct, frozen=True):
    """The entries are recorded."""

    shipment_id: ShipmentId
    results: list[EntryResult]


class UnannouncedShipment(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that nobody announced. `reference` is that of the delivery note, when there is one."""

    supplier: Supplier
    location: LocationId
    reference: Reference | None = None
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class NoBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


class DiscrepancyReport(Struct, frozen=True):
    """How what came compares to what was announced."""

    shipment_id: ShipmentId
    status: str
    closed_at: str
    on_time: bool
    totals: Totals
    discrepancies: list[Discrepancy]


@handler.route(
    "POST",
    "/receiving/shipments/{id}/arrival",
    scope="receiving/write",
    returns=(200, ArrivalReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def record_arrival(request: Request, id: ShipmentId, body: Arrival) -> Response:
    """Record that a shipment stands at a dock door."""
    stream_id = SHIPMENT.stream_id(id)
    require_arrival_place(body.location, _known(history().load(SHIPMENT, stream_id)).warehouse, "location")
    command = RecordArrival(body.location, clock.iso(clock.now()))
    outcome = execute(history(), SHIPMENT, stream_id, request.command(command))
    state = outcome.stream.state
    return Response(
        200,
        ArrivalReceipt(id, "arrived", state.location, state.arrived_at),
        version=outcome.stream.sequence,
        replayed=outcome.repeated,
    )


@handler.route(
    "POST",
    "/receiving/shipments/{id}/receipts",
    scope="receiving/write",
    returns=(200, LoggingReceipt),
    rejects=(NotFound, Conflict, Unprocessable, TooLarge),
)
def log_goods(request: Request, id: ShipmentId, body: FoundEntries) -> Response:
    """Log what was found. Everything that stands there is recorded; what cannot be is refused, all of it."""
    stream_id = SHIPMENT.stream_id(id)
    shipment = _known(history().load(SHIPMENT, stream_id))
    now = clock.now()
    entries, known = _resolved(body.entries)
    announced = {
        shipment.lines[line].sku
        for entry in entries
        if not entry.sku
        for line in shipment.of_unit.get(entry.sscc or "", ())
    }
    skus = {entry.sku for entry in entries if entry.sku} | announced
    terms = terms_for(shipment.supplier, skus, known)
    _require_known(entries, announced, terms)
    command = LogGoods(entries, terms, clock.iso(now), now.date().isoformat())
    outcome = execute(history(), SHIPMENT, stream_id, request.command(command))
    return Response(200, LoggingReceipt(id, _results(outcome)), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/receiving/unannounced-shipments",
    scope="receiving/write",
    returns=(201, ArrivalReceipt),
    rejects=(Unprocessable,),
)
def receive_unannounced(request: Request, body: UnannouncedShipment) -> Response:
    """Open a shipment for goods at the dock that nobody announced; then log them like any other's."""
    require_arrival_place(body.location, body.warehouse, "location")
    own = request.created_id()
    # A reference of the supplier's names the shipment, as an announcement's does: two operators open one.
    shipment = shipment_id(body.supplier, body.reference) if body.reference else own
    command = ReceiveUnannounced(
        shipment_id=shipment,
        supplier=body.supplier,
        reference=body.reference or f"unannounced-{own[:8]}",
        warehouse=body.warehouse,
        location=body.location,
        at=clock.iso(clock.now()),
    )
    outcome = execute(history(), SHIPMENT, SHIPMENT.stream_id(shipment), request.command(command))
    state = outcome.stream.state
    if not any(isinstance(event, ShipmentArrived) for event in outcome.events) and not state.arrived_at:
        raise Conflict(
            f"Shipment {body.reference!r} of {body.supplier} is announced.",
            field="reference",
            value=body.reference,
            remedy=f"Record its arrival: POST /receiving/shipments/{shipment}/arrival.",
            code="shipment-is-announced",
        )
    return Response(
        201,
        ArrivalReceipt(shipment, "arrived", state.location, state.arrived_at),
        {"location": f"/receiving/shipments/{shipment}"},
        replayed=outcome.repeated,
    )


@handler.route(
    "POST",
    "/receiving/shipments/{id}/closing",
    scope="receiving/write",
    returns=(200, DiscrepancyReport),
    rejects=(NotFound, Conflict),
)
def close_shipment(request: Request, id: ShipmentId, body: NoBody) -> Response:
    """Close a shipment and report how it compares to its announcement. Nothing can be logged afterwards."""
    del body
    command = CloseShipment(clock.iso(clock.now()))
    outcome = execute(history(), SHIPMENT, SHIPMENT.stream_id(id), request.command(command))
    state = outcome.stream.state
    return Response(200, report_of(state), version=outcome.stream.sequence, replayed=outcome.repeated)


def report_of(shipment: Shipment) -> DiscrepancyReport:
    """The discrepancies of a shipment as they stand."""
    return DiscrepancyReport(
        shipment_id=shipment.shipment_id,
        status=shipment.status,
        closed_at=shipment.closed_at if shipment.status == CLOSED else "",
        on_time=shipment.eta is None or shipment.arrived_at <= shipment.eta,
        totals=totals_of(shipment),
        discrepancies=list(discrepancies_of(shipment)),
    )


def _known(stream: Stream[Shipment]) -> Shipment:
    if not stream.sequence:
        raise NotFound(
            "There is no such shipment.",
            field="id",
            value=stream.id.partition("#")[2],
            remedy="GET /receiving/shipments lists those that there are.",
            code="unknown-shipment",
        )
    return stream.state


def _resolved(found: Sequence[FoundGoods]) -> tuple[tuple[Entry, ...], dict[str, Article]]:
    """The entries by SKU in base units, and the articles read on the way."""
    boxes = packs({as_gtin14(goods.gtin) for goods in found if goods.gtin})
    entries: list[Entry] = []
    problems: list[Rejection] = []
    for index, goods in enumerate(found):
        try:
            entries.append(_entry(f"entries[{index}]", goods, boxes))
        except Rejection as problem:
            problems.append(problem)
    _raise(problems)
    return tuple(entries), {article.sku: article for article, _ in boxes.values()}


def _entry(where: str, goods: FoundGoods, boxes: Mapping[str, tuple[Article, int]]) -> Entry:
    serials = (goods.serial, *goods.serials) if goods.serial else goods.serials
    sku, units = goods.sku or "", goods.units or 0
    if goods.gtin:
        gtin = as_gtin14(require_gtin(goods.gtin, field=f"{where}.gtin"))
        if gtin not in boxes:
            raise Unprocessable(
                f"No product has the GTIN {goods.gtin!r}.",
                field=f"{where}.gtin",
                value=goods.gtin,
                remedy="Register it with its product (PUT /inventory/products/{sku}), or enter the SKU.",
                code="unknown-gtin",
            )
        article, per_pack = boxes[gtin]
        if sku and sku != article.sku:
            raise Unprocessable(
                f"The GTIN {goods.gtin} belongs to {article.sku}, not to {sku}.",
                field=f"{where}.gtin",
                value=goods.gtin,
                remedy="Leave one of the two out.",
                code="gtin-of-another-product",
            )
        sku, units = article.sku, units or per_pack * (goods.count or 1)
    elif sku:
        units = units or goods.count or len(serials)
    if not sku and not goods.sscc:
        raise Unprocessable(
            "The entry names neither a product nor a handling unit.",
            field=where,
            remedy="Send a sku with units, a gtin, or an sscc.",
            code="product-missing",
        )
    if sku and not units:
        raise Unprocessable(
            f"How many units of {sku}?",
            field=f"{where}.units",
            remedy="Send the units, in the product's base unit.",
            code="units-missing",
        )
    return Entry(
        sku,
        units,
        goods.condition,
        goods.lot,
        goods.expires_on,
        goods.produced_on,
        serials,
        goods.sscc,
        goods.disposition,
    )


def _require_known(entries: Sequence[Entry], announced: set[str], terms: Mapping[str, Terms]) -> None:
    _raise(
        [
            Unprocessable(
                f"There is no product {sku!r}.",
                field=f"{where}.sku",
                value=sku,
                remedy="Register it first (PUT /inventory/products/{sku}); known ones follow within seconds.",
                code="unknown-sku",
            )
            for where, sku in [
                *((f"entries[{index}]", entry.sku) for index, entry in enumerate(entries) if entry.sku),
                *(("lines", sku) for sku in sorted(announced)),
            ]
            if sku not in terms
        ]
    )


def _raise(problems: Sequence[Rejection]) -> None:
    if problems:
        raise one_refusal(problems, f"{len(problems)} of the entries cannot be taken; nothing was recorded.")


def _results(outcome: Outcome[Shipment]) -> list[EntryResult]:
    """One result per entry, from what was recorded for this request."""
    goods: list[ReceivedGoods] = [
        one for event in outcome.events if isinstance(event, GoodsReceived) for one in event.lines
    ]
    results: list[EntryResult] = []
    at = 0
    for event in outcome.events:
        if isinstance(event, EntriesLogged):
            for entry in event.entries:
                mine = goods[at : at + entry.parts]
                at += entry.parts
                results.append(
                    EntryResult(
                        index=len(results),
                        outcome=entry.findings[0],
                        findings=entry.findings,
                        units=entry.units,
                        remaining=entry.remaining,
                        goods=[
                            LoggedGoods(one.line, one.sku, one.units, one.status, one.inspection_id)
                            for one in mine
                        ],
                    )
                )
    return results
