"""What is known of shipments, inspections, plans and recalls.

One shipment or inspection is read from its stream and is exact; lists are a moment behind.
"""

from heapq import merge
from itertools import islice
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from receiving.aggregates import INSPECTION, SHIPMENT
from receiving.contracts import RETURNS, HeldGoods, InspectionId, Supplier
from receiving.domain import inspection, shipment
from receiving.domain.plan import Plan
from receiving.domain.recall import Recall
from receiving.domain.return_code import return_of
from receiving.domain.shipment import Discrepancy, Totals, discrepancies_of, totals_of
from receiving.keys import shipment_id
from receiving.views import InspectionSummary, ShipmentSummary
from shared import clock
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import ShipmentId
from shared.journal import HistoryEntry, entries
from shared.rejection import Invalid, NotFound
from shared.resources import history, views
from shared.views import Page

V = TypeVar("V", bound=Struct)

handler = Api()

ShipmentStatus = Annotated[
    str, Meta(pattern=f"^({'|'.join(shipment.STATUSES)})$", description="Where a shipment stands.")
]
InspectionStatus = Annotated[
    str, Meta(pattern=f"^({'|'.join(inspection.STATUSES)})$", description="Where an inspection stands.")
]

ReturnCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=60,
        description="What a return's label says, as a scanner sends it, or the return's id.",
        examples=["91002171529612394051720358094412936437583"],
    ),
]


class ShipmentQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which shipments, and which page of them. `overdue`: expected before now, and not closed."""

    status: ShipmentStatus | None = None
    supplier: Supplier | None = None
    overdue: bool = False


class InspectionQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which inspections, and which page of them."""

    status: InspectionStatus | None = None
    supplier: Supplier | None = None


class ShipmentPage(Struct, frozen=True, omit_defaults=True):
    """Some shipments, the latest announced first (overdue: the longest overdue), and the next page's cursor."""

    items: list[ShipmentSummary]
    cursor: str | None = None


class InspectionPage(Struct, frozen=True, omit_defaults=True):
    """Some inspections, the latest opened first, and the cursor of the next page if there is one."""

    items: list[InspectionSummary]
    cursor: str | None = None


class PlanPage(Struct, frozen=True, omit_defaults=True):
    """Some inspection plans by id, and the cursor of the next page if there is one."""

    items: list[Plan]
    cursor: str | None = None


class RecallPage(Struct, frozen=True, omit_defaults=True):
    """Some recalls by SKU and lot, and the cursor of the next page if there is one."""

    items: list[Recall]
    cursor: str | None = None


class LineDetails(Struct, frozen=True, omit_defaults=True):
    """An announced line and what has come of it."""

    line: int
    sku: str
    expected: int
    received: int
    damaged: int
    remaining: int
    over: int
    lot: str | None = None
    expires_on: str | None = None
    sscc: str | None = None
    line_id: str | None = None


class ShipmentDetails(Struct, frozen=True, omit_defaults=True):
    """A shipment with everything that is known of it."""

    shipment_id: ShipmentId
    status: str
    supplier: str
    reference: str
    warehouse: str
    revision: int
    totals: Totals
    lines: list[LineDetails]
    discrepancies: list[Discrepancy]
    inspections: list[str]
    history: list[HistoryEntry]
    eta: str | None = None
    location: str | None = None
    arrived_at: str | None = None
    closed_at: str | None = None
    expired_units: int = 0
    short_life_units: int = 0
    return_id: str | None = None
    order_id: str | None = None
    reason: str | None = None


class ExpectedReturn(Struct, frozen=True):
    """A return and the shipment that it is announced as: record its arrival, log it, and close it as any other."""

    return_id: ShipmentId
    shipment_id: ShipmentId
    order_id: str
    status: str
    warehouse: str
    reason: str


class InspectionDetails(Struct, frozen=True, omit_defaults=True):
    """An inspection: its lot, its sampling plan, what was found, what was decided, and its history."""

    inspection_id: InspectionId
    status: str
    shipment_id: ShipmentId
    supplier: str
    warehouse: str
    sku: str
    plan: str
    aql: str
    severity: str
    units: int
    letter: str
    sample_size: int
    accept: int
    reject: int
    inspected: int
    defects: int
    goods: tuple[HeldGoods, ...]
    history: list[HistoryEntry]
    lot: str | None = None
    decision: str | None = None
    conforming: bool | None = None
    accepted_units: int = 0
    rejected_units: int = 0
    decided_at: str | None = None


@handler.route("GET", "/receiving/shipments", scope="receiving/read", returns=(200, ShipmentPage))
def list_shipments(query: ShipmentQuery) -> Response:
    """The shipments, by status, supplier, or overdue."""
    if query.overdue:
        return Response(200, ShipmentPage(*_overdue(query)))
    found = _listed(ShipmentSummary, "shipment", shipment.STATUSES, query.status, query.supplier, query)
    return Response(200, ShipmentPage(*found))


@handler.route(
    "GET", "/receiving/shipments/{id}", scope="receiving/read", returns=(200, ShipmentDetails), rejects=(NotFound,)
)
def get_shipment(id: ShipmentId) -> Response:
    """One shipment with its lines, how they compare to the announcement, and its history."""
    stream = history().load(SHIPMENT, SHIPMENT.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no shipment {id!r}.",
            field="id",
            value=id,
            remedy="GET /receiving/shipments lists those that there are.",
            code="unknown-shipment",
        )
    state = stream.state
    commits = [commit for commit in history().read(stream.id) if commit.sequence <= stream.sequence]
    details = ShipmentDetails(
        shipment_id=state.shipment_id,
        status=state.status,
        supplier=state.supplier,
        reference=state.reference,
        warehouse=state.warehouse,
        revision=state.revision,
        totals=totals_of(state),
        lines=[
            LineDetails(
                line.line,
                line.sku,
                line.units,
                line.received,
                line.damaged,
                line.remaining,
                line.over,
                line.lot,
                line.expires_on,
                line.sscc,
                line.line_id,
            )
            for _, line in sorted(state.lines.items())
        ],
        discrepancies=list(discrepancies_of(state)),
        inspections=sorted(state.inspections),
        history=[
            entry for entry in entries(commits) if not entry.type.endswith((".LinesAnnounced", ".EntriesLogged"))
        ],
        eta=state.eta,
        location=state.location or None,
        arrived_at=state.arrived_at or None,
        closed_at=state.closed_at or None,
        expired_units=state.expired_units,
        short_life_units=state.short_life_units,
        return_id=state.return_id,
        order_id=state.order_id,
        reason=state.reason,
    )
    return Response(200, details, version=stream.sequence)


@handler.route(
    "GET",
    "/receiving/returns/{code}",
    scope="receiving/read",
    returns=(200, ExpectedReturn),
    rejects=(NotFound,),
)
def find_return(code: ReturnCode) -> Response:
    """The shipment that a return is announced as: by the code on its label, as it is scanned, or by its id."""
    return_id = return_of(code)
    state = history().load(SHIPMENT, SHIPMENT.stream_id(shipment_id(RETURNS, return_id or ""))).state
    if not return_id or not state.return_id:
        raise NotFound(
            "No return is expected that is called so.",
            field="code",
            value=code,
            remedy="Scan the label again, or look for the order: GET /receiving/shipments?supplier=RETURNS.",
            code="unknown-return",
        )
    found = ExpectedReturn(
        return_id=return_id,
        shipment_id=state.shipment_id,
        order_id=state.order_id or "",
        status=state.status,
        warehouse=state.warehouse,
        reason=state.reason or "",
    )
    return Response(200, found, {"location": f"/receiving/shipments/{state.shipment_id}"})


@handler.route("GET", "/receiving/inspections", scope="receiving/read", returns=(200, InspectionPage))
def list_inspections(query: InspectionQuery) -> Response:
    """The inspections, by status or supplier."""
    found = _listed(InspectionSummary, "inspection", inspection.STATUSES, query.status, query.supplier, query)
    return Response(200, InspectionPage(*found))


@handler.route(
    "GET",
    "/receiving/inspections/{id}",
    scope="receiving/read",
    returns=(200, InspectionDetails),
    rejects=(NotFound,),
)
def get_inspection(id: InspectionId) -> Response:
    """One inspection: its sampling plan, what was found, what was decided, and its history."""
    stream = history().load(INSPECTION, INSPECTION.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no inspection {id!r}.",
            field="id",
            value=id,
            remedy="GET /receiving/inspections lists those that there are.",
            code="unknown-inspection",
        )
    commits = [commit for commit in history().read(stream.id) if commit.sequence <= stream.sequence]
    state = stream.state
    details = InspectionDetails(
        inspection_id=state.inspection_id,
        status=state.status,
        shipment_id=state.shipment_id,
        supplier=state.supplier,
        warehouse=state.warehouse,
        sku=state.sku,
        plan=state.plan,
        aql=state.aql,
        severity=state.severity,
        units=state.units,
        letter=state.letter,
        sample_size=state.sample_size,
        accept=state.accept,
        reject=state.reject,
        inspected=state.inspected,
        defects=state.defects,
        goods=state.goods,
        history=entries(commits),
        lot=state.lot,
        decision=state.decision or None,
        conforming=state.conforming,
        accepted_units=state.accepted_units,
        rejected_units=state.rejected_units,
        decided_at=state.decided_at or None,
    )
    return Response(200, details, version=stream.sequence)


@handler.route("GET", "/receiving/inspection-plans", scope="receiving/read", returns=(200, PlanPage))
def list_plans(query: ListQuery) -> Response:
    """The inspection plans, by id."""
    return Response(200, PlanPage(*_page_of(Plan, "plan", query)))


@handler.route("GET", "/receiving/recalls", scope="receiving/read", returns=(200, RecallPage))
def list_recalls(query: ListQuery) -> Response:
    """The recalls, also those that were lifted, by SKU and lot."""
    return Response(200, RecallPage(*_page_of(Recall, "recall", query)))


def _page_of(kind: type[V], name: str, query: ListQuery) -> tuple[list[V], str | None]:
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().list(kind, ("list", name), "place", index="by_list", after=after, limit=query.limit)
    return [document for _, document in page.items], encode_cursor(page.next) if page.next else None


def _overdue(query: ShipmentQuery) -> tuple[list[ShipmentSummary], str | None]:
    """Those expected before now, the longest overdue first."""
    if query.status is not None:
        raise Invalid(
            "Overdue shipments are announced or arrived; a status does not narrow them.",
            field="status",
            value=query.status,
            remedy="Leave status or overdue out.",
        )
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().list(
        ShipmentSummary,
        ("due", "shipment"),
        "expected",
        index="by_due",
        after=after,
        limit=query.limit,
        matching=("by", query.supplier) if query.supplier else None,
    )
    now = clock.iso(clock.now())
    late = [document for place, document in page.items if place < now]
    more = page.next and len(late) == len(page.items)
    return late, encode_cursor(page.next) if page.next and more else None


def _listed(
    kind: type[V],
    name: str,
    statuses: tuple[str, ...],
    status: str | None,
    supplier: str | None,
    query: ListQuery,
) -> tuple[list[V], str | None]:
    """The latest first: a supplier's, or those of one status, or of all statuses merged."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    if supplier:
        page = views().list(
            kind,
            ("supplied", f"{name}#{supplier}"),
            "place",
            index="by_supplier",
            after=after,
            descending=True,
            limit=query.limit,
            matching=("list", f"{name}#{status}") if status else None,
        )
        return [document for _, document in page.items], encode_cursor(page.next) if page.next else None
    pages: list[Page[V]] = [
        views().list(
            kind,
            ("list", f"{name}#{one}"),
            "place",
            index="by_list",
            after=after,
            descending=True,
            limit=query.limit,
        )
        for one in ([status] if status else statuses)
    ]
    everything = merge(*(page.items for page in pages), key=lambda item: item[0], reverse=True)
    shown = list(islice(everything, query.limit))
    more = any(page.next for page in pages) or sum(len(page.items) for page in pages) > len(shown)
    last = shown[-1][0] if shown else ""
    return [document for _, document in shown], encode_cursor(last) if more and last else None
