"""Reports: received shipments, discrepancies, open and overdue, scorecards, dock-to-stock, inspections, returns.

Each reads one partition per month and one page of it: what a report costs depends on what it shows, never on what
there is. As JSON, or as CSV with `Accept: text/csv` or `?format=csv`.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct, structs

from receiving.contracts import Supplier
from receiving.domain.score import Score
from receiving.views import MONTH, DiscrepancyRow, InspectionSummary, ShipmentSummary
from shared import clock
from shared.http_edge import Api, Document, Request, Response, decode_cursor, encode_cursor
from shared.identifiers import CalendarDate
from shared.rejection import Invalid
from shared.resources import views
from shared.sheets import MEDIA_TYPE, as_csv

V = TypeVar("V", bound=Struct)

handler = Api()

MAX_MONTHS = 24
MAX_ROWS = 1_000
_SECONDS_PER_HOUR = 3600

Rows = Annotated[int, Meta(ge=1, le=MAX_ROWS, description="How many rows a page may hold.")]


class OpenQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose shipments, and which page of them."""

    supplier: Supplier | None = None
    format: Literal["json", "csv"] | None = None
    cursor: str | None = None
    limit: Rows = 100


class PeriodQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """From the first day to the last, both included (UTC); left out: this month. Two years at most."""

    since: CalendarDate | None = None
    until: CalendarDate | None = None
    supplier: Supplier | None = None
    format: Literal["json", "csv"] | None = None
    cursor: str | None = None
    limit: Rows = 100


class ReturnsQuery(Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """From the first day to the last, both included (UTC); left out: this month. Two years at most."""

    since: CalendarDate | None = None
    until: CalendarDate | None = None
    format: Literal["json", "csv"] | None = None
    cursor: str | None = None
    limit: Rows = 100


class ReturnRow(Struct, frozen=True):
    """A return that was closed: what was authorized, what came back, and where it went.

    `quarantined_units` also counts those that an inspection has accepted since.
    """

    return_id: str
    order_id: str
    reason: str
    shipment_id: str
    warehouse: str
    authorized_at: str
    arrived_at: str
    closed_at: str
    authorized_units: int
    restocked_units: int
    quarantined_units: int
    scrapped_units: int
    short_units: int
    over_units: int


class OpenShipment(Struct, frozen=True, omit_defaults=True):
    """A shipment that is expected or being received, and whether it should have come."""

    shipment_id: str
    status: str
    supplier: str
    reference: str
    warehouse: str
    overdue: bool
    expected_units: int
    received_units: int
    damaged_units: int
    eta: str | None = None
    arrived_at: str | None = None


class Scorecard(Struct, frozen=True):
    """How a supplier's shipments went: receipts on time, complete, undamaged, and their share of all receipts."""

    supplier: str
    receipts: int
    on_time: int
    complete: int
    undamaged: int
    units: int
    on_time_rate: float
    complete_rate: float
    undamaged_rate: float


class DockToStock(Struct, frozen=True):
    """The mean of (put-away confirmed - arrival) in hours, over so many put-away tasks."""

    supplier: str
    put_aways: int
    mean_hours: float


class ReceivedReport(Struct, frozen=True, omit_defaults=True):
    """Shipments that were closed in the period, the first closed first, and the next page's cursor."""

    items: list[ShipmentSummary]
    cursor: str | None = None


class DiscrepancyList(Struct, frozen=True, omit_defaults=True):
    """Discrepancies of shipments that were closed in the period, and the next page's cursor."""

    items: list[DiscrepancyRow]
    cursor: str | None = None


class ReturnsReport(Struct, frozen=True, omit_defaults=True):
    """Returns that were closed in the period, the first closed first, and the next page's cursor."""

    items: list[ReturnRow]
    cursor: str | None = None


class OpenReport(Struct, frozen=True, omit_defaults=True):
    """Open shipments that have an ETA, the longest overdue first, and the next page's cursor."""

    items: list[OpenShipment]
    cursor: str | None = None


class ScorecardReport(Struct, frozen=True, omit_defaults=True):
    """Scorecards by supplier over whole months, and the next page's cursor."""

    months: list[str]
    items: list[Scorecard]
    cursor: str | None = None


class DockToStockReport(Struct, frozen=True, omit_defaults=True):
    """Dock-to-stock times by supplier over whole months, and the next page's cursor."""

    months: list[str]
    items: list[DockToStock]
    cursor: str | None = None


class InspectionReport(Struct, frozen=True, omit_defaults=True):
    """Inspections that were decided in the period, the first decided first, and the next page's cursor."""

    items: list[InspectionSummary]
    cursor: str | None = None


@handler.route(
    "GET",
    "/receiving/reports/received",
    scope="receiving/read",
    returns=(200, ReceivedReport),
    media=(MEDIA_TYPE,),
)
def received(request: Request, query: PeriodQuery) -> Response:
    """What was received in a period, shipment by shipment."""
    return _answer(
        request, query, ShipmentSummary, *_in_period(ShipmentSummary, "shipment", query), ReceivedReport
    )


@handler.route(
    "GET",
    "/receiving/reports/discrepancies",
    scope="receiving/read",
    returns=(200, DiscrepancyList),
    media=(MEDIA_TYPE,),
)
def discrepancies(request: Request, query: PeriodQuery) -> Response:
    """Every line of a period's shipments that was not as announced."""
    found = _in_period(DiscrepancyRow, "discrepancy", query)
    return _answer(request, query, DiscrepancyRow, *found, DiscrepancyList)


@handler.route(
    "GET",
    "/receiving/reports/inspections",
    scope="receiving/read",
    returns=(200, InspectionReport),
    media=(MEDIA_TYPE,),
)
def inspections(request: Request, query: PeriodQuery) -> Response:
    """The inspections that were decided in a period."""
    found = _in_period(InspectionSummary, "inspection", query)
    return _answer(request, query, InspectionSummary, *found, InspectionReport)


@handler.route(
    "GET", "/receiving/reports/returns", scope="receiving/read", returns=(200, ReturnsReport), media=(MEDIA_TYPE,)
)
def returns(request: Request, query: ReturnsQuery) -> Response:
    """What customers sent back in a period, return by return."""
    found, cursor = _in_period(ShipmentSummary, "return", query)
    items = [
        ReturnRow(
            one.return_id or "",
            one.order_id or "",
            one.reason or "",
            one.shipment_id,
            one.warehouse,
            one.announced_at,
            one.arrived_at,
            one.closed_at,
            one.expected_units,
            one.received_units - one.quarantined_units,
            one.quarantined_units,
            one.damaged_units,
            one.short_units,
            one.over_units,
        )
        for one in found
    ]
    return _answer(request, query, ReturnRow, items, cursor, ReturnsReport)


@handler.route(
    "GET", "/receiving/reports/open", scope="receiving/read", returns=(200, OpenReport), media=(MEDIA_TYPE,)
)
def open_shipments(request: Request, query: OpenQuery) -> Response:
    """The shipments that are not closed, the longest overdue first."""
    now = clock.iso(clock.now())
    page = views().list(
        ShipmentSummary,
        ("due", "shipment"),
        "expected",
        index="by_due",
        after=decode_cursor(query.cursor)[0] if query.cursor else None,
        limit=query.limit,
        matching=("by", query.supplier) if query.supplier else None,
    )
    items = [
        OpenShipment(
            one.shipment_id,
            one.status,
            one.supplier,
            one.reference,
            one.warehouse,
            (one.eta or now) < now and not one.arrived_at,
            one.expected_units,
            one.received_units,
            one.damaged_units,
            one.eta,
            one.arrived_at or None,
        )
        for _, one in page.items
    ]
    return _answer(
        request, query, OpenShipment, items, encode_cursor(page.next) if page.next else None, OpenReport
    )


@handler.route(
    "GET",
    "/receiving/reports/suppliers",
    scope="receiving/read",
    returns=(200, ScorecardReport),
    media=(MEDIA_TYPE,),
)
def suppliers(request: Request, query: PeriodQuery) -> Response:
    """Scorecards: on time, complete and undamaged receipts by supplier."""
    months, sums, cursor = _scores(query)
    items = [
        Scorecard(
            supplier,
            score.receipts,
            score.on_time,
            score.complete,
            score.undamaged,
            score.units,
            _rate(score.on_time, score.receipts),
            _rate(score.complete, score.receipts),
            _rate(score.undamaged, score.receipts),
        )
        for supplier, score in sums
        if score.receipts
    ]
    return _answer(request, query, Scorecard, items, cursor, lambda rows, at: ScorecardReport(months, rows, at))


@handler.route(
    "GET",
    "/receiving/reports/dock-to-stock",
    scope="receiving/read",
    returns=(200, DockToStockReport),
    media=(MEDIA_TYPE,),
)
def dock_to_stock(request: Request, query: PeriodQuery) -> Response:
    """How long goods take from the dock to their place."""
    months, sums, cursor = _scores(query)
    items = [
        DockToStock(supplier, score.put_aways, round(score.seconds / score.put_aways / _SECONDS_PER_HOUR, 2))
        for supplier, score in sums
        if score.put_aways
    ]
    return _answer(
        request, query, DockToStock, items, cursor, lambda rows, at: DockToStockReport(months, rows, at)
    )


def _in_period(kind: type[V], name: str, query: PeriodQuery | ReturnsQuery) -> tuple[list[V], str | None]:
    """One page of what happened in the period: month by month, until the page is full."""
    since, until, months = _period(query)
    after = decode_cursor(query.cursor)[0] if query.cursor else since
    supplier = query.supplier if isinstance(query, PeriodQuery) else None
    items: list[V] = []
    for month in months:
        if month < after[:MONTH]:
            continue
        page = views().list(
            kind,
            ("period", f"{name}#{month}"),
            "moment",
            index="by_period",
            after=max(after, month),
            limit=query.limit - len(items),
            matching=("by", supplier) if supplier else None,
        )
        inside = [(moment, document) for moment, document in page.items if moment[: len(until)] <= until]
        items += [document for _, document in inside]
        if len(inside) < len(page.items):
            return items, None
        if page.next and page.next[: len(until)] <= until:
            return items, encode_cursor(page.next)
        if len(items) == query.limit:
            return items, encode_cursor(page.items[-1][0]) if month != months[-1] else None
    return items, None


def _scores(query: PeriodQuery) -> tuple[list[str], list[tuple[str, Score]], str | None]:
    """The sums by supplier over the months of the period, for one page of suppliers in their order."""
    _, _, months = _period(query)
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    sums: dict[str, Score] = {}
    ends: list[str] = []
    for month in months:
        if query.supplier:
            found = views().get(f"Score#{query.supplier}#{month}", "Score", Score)
            documents = [found[0]] if found else []
        else:
            page = views().list(
                Score, ("period", f"score#{month}"), "moment", index="by_period", after=after, limit=query.limit
            )
            documents = [document for _, document in page.items]
            if page.next:
                ends.append(page.next)
        for document in documents:
            sums[document.supplier] = _sum(sums.get(document.supplier, Score()), document)
    # Behind the earliest end of a month's page, suppliers may still lack that month.
    reached = min(ends) if ends else None
    shown = sorted((supplier, score) for supplier, score in sums.items() if reached is None or supplier <= reached)
    page_end = shown[query.limit - 1][0] if len(shown) > query.limit else reached
    return months, shown[: query.limit], encode_cursor(page_end) if page_end else None


def _sum(one: Score, other: Score) -> Score:
    names = ("receipts", "on_time", "complete", "undamaged", "units", "put_aways", "seconds")
    return structs.replace(other, **{name: getattr(one, name) + getattr(other, name) for name in names})


def _period(query: PeriodQuery | ReturnsQuery) -> tuple[str, str, list[str]]:
    """The first and last day, and the months they span. Raises Invalid naming what is wrong."""
    today = clock.now().date()
    since = _day("from", query.since) or today.replace(day=1)
    until = _day("to", query.until) or max(today, since)
    first, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    if until < since or last - first >= MAX_MONTHS:
        raise Invalid(
            f"From {since} to {until} is no period of up to {MAX_MONTHS} months.",
            field="to",
            value=until.isoformat(),
            remedy="Send an earlier day in from and a later one in to.",
        )
    months = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]
    return since.isoformat(), until.isoformat(), months


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(
            f"{text!r} is no day of the calendar.", field=name, value=text, remedy="Correct the date."
        ) from error


def _rate(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _answer(
    request: Request,
    query: PeriodQuery | ReturnsQuery | OpenQuery,
    kind: type[V],
    items: list[V],
    cursor: str | None,
    report: Callable[[list[V], str | None], Struct],
) -> Response:
    """The page as JSON, or as CSV with the cursor of the next page in the header Next-Cursor."""
    wanted = query.format or ("csv" if MEDIA_TYPE in request.headers.get("accept", "") else "json")
    if wanted == "json":
        return Response(200, report(items, cursor))
    columns = kind.__struct_fields__
    text = as_csv(columns, ([getattr(item, name) for name in columns] for item in items))
    return Response(
        200, Document(f"{MEDIA_TYPE}; charset=utf-8", text.encode()), {"next-cursor": cursor} if cursor else {}
    )
