"""Receiving's read models: shipments and inspections in lists and by period, plans, recalls, scorecards.

A document has one place in each list that it is in, so that no list and no report reads more than it shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct, structs

from receiving.contracts import (
    PUBLISHED,
    RETURNS,
    GoodsReceived,
    InspectionDecided,
    LotRecalled,
    LotRecallLifted,
    ShipmentAnnounced,
    ShipmentArrived,
    ShipmentClosed,
)
from receiving.domain import inspection, plan, score, shipment, switching
from receiving.domain.inspection import Inspection, LotSized
from receiving.domain.plan import Plan
from receiving.domain.recall import Recall
from receiving.domain.score import Score
from receiving.domain.shipment import ANNOUNCED, ARRIVED, CLOSED, DiscrepanciesReported, Discrepancy
from receiving.keys import plan_key
from shared.events import Commit, Event, EventCatalog
from shared.projection import Entry, Projection, Projector
from shared.resources import history, views

MONTH = len("2026-01")

CATALOG = EventCatalog(
    "receiving",
    dict.fromkeys(
        (
            *PUBLISHED,
            *shipment.CATALOG.types.values(),
            *inspection.CATALOG.types.values(),
            *plan.CATALOG.types.values(),
            *switching.CATALOG.types.values(),
            *score.CATALOG.types.values(),
        )
    ),
)


class ShipmentSummary(Struct, frozen=True, omit_defaults=True):
    """A shipment in a list or report."""

    shipment_id: str
    status: str = ""
    supplier: str = ""
    reference: str = ""
    warehouse: str = ""
    eta: str | None = None
    announced_at: str = ""
    arrived_at: str = ""
    closed_at: str = ""
    location: str = ""
    lines: int = 0
    expected_units: int = 0
    received_units: int = 0
    damaged_units: int = 0
    short_units: int = 0
    over_units: int = 0
    on_time: bool | None = None
    complete: bool | None = None
    undamaged: bool | None = None
    return_id: str | None = None
    order_id: str | None = None
    reason: str | None = None
    quarantined_units: int = 0


class DiscrepancyRow(Struct, frozen=True, omit_defaults=True):
    """A discrepancy of a closed shipment."""

    shipment_id: str
    supplier: str
    reference: str
    closed_at: str
    line: int
    sku: str
    expected: int
    received: int
    damaged: int
    short: int
    over: int
    wrong_lot: int
    lot: str | None = None
    repeated: int = 0
    serials: str = ""


class InspectionSummary(Struct, frozen=True, omit_defaults=True):
    """An inspection in a list or report."""

    inspection_id: str
    status: str = ""
    shipment_id: str = ""
    supplier: str = ""
    sku: str = ""
    lot: str | None = None
    plan: str = ""
    aql: str = ""
    severity: str = ""
    units: int = 0
    sample_size: int = 0
    accept: int = 0
    inspected: int = 0
    defects: int = 0
    decision: str = ""
    conforming: bool | None = None
    accepted_units: int = 0
    rejected_units: int = 0
    decided_at: str = ""
    opened_at: str = ""


def show_shipment(summary: ShipmentSummary, event: Event, at: str) -> ShipmentSummary:
    """The summary after an event recorded `at`."""
    match event:
        case ShipmentAnnounced():
            return ShipmentSummary(
                summary.shipment_id,
                ANNOUNCED,
                event.supplier,
                event.reference,
                event.warehouse,
                event.eta,
                summary.announced_at or at,
                lines=event.lines,
                expected_units=event.units,
                return_id=event.return_id,
                order_id=event.order_id,
                reason=event.reason,
            )
        case ShipmentArrived():
            return structs.replace(summary, status=ARRIVED, arrived_at=event.arrived_at, location=event.location)
        case GoodsReceived():
            bad = sum(goods.units for goods in event.lines if goods.status == "damaged")
            good = sum(goods.units for goods in event.lines) - bad
            held = sum(goods.units for goods in event.lines if goods.status == "quarantine")
            return structs.replace(
                summary,
                received_units=summary.received_units + good,
                damaged_units=summary.damaged_units + bad,
                quarantined_units=summary.quarantined_units + held,
            )
        case ShipmentClosed():
            return structs.replace(
                summary,
                status=CLOSED,
                closed_at=event.closed_at,
                received_units=event.received_units,
                damaged_units=event.damaged_units,
                short_units=event.short_units,
                over_units=event.over_units,
                on_time=event.on_time,
                complete=event.complete,
                undamaged=event.undamaged,
            )
        case _:
            return summary


def place_shipment(summary: ShipmentSummary) -> Mapping[str, str]:
    """By status, by supplier, by the month of its closing; while it is open also by when it is expected.

    Returns are no receipts from suppliers: they have months of their own.
    """
    place = f"{summary.announced_at}#{summary.shipment_id}"
    keys = {
        "list": f"shipment#{summary.status}",
        "place": place,
        "by": summary.supplier,
        "supplied": f"shipment#{summary.supplier}",
    }
    if summary.status == CLOSED:
        closed = f"{summary.closed_at}#{summary.shipment_id}"
        kind = "return" if summary.supplier == RETURNS else "shipment"
        keys |= {"period": f"{kind}#{summary.closed_at[:MONTH]}", "moment": closed}
    elif summary.eta:
        keys |= {"due": "shipment", "expected": f"{summary.eta}#{summary.shipment_id}"}
    return keys


def discrepancies(summary: ShipmentSummary, commit: Commit, events: Sequence[Event]) -> Iterable[Entry]:
    """One entry for each discrepancy of a supplier's shipment that was closed, now or before."""
    if summary.supplier == RETURNS:
        return
    rows: list[Discrepancy] = [
        one for event in events if isinstance(event, DiscrepanciesReported) for one in event.discrepancies
    ]
    closes = any(isinstance(event, ShipmentClosed) for event in events)
    for number, one in enumerate(rows):
        name = f"{number:05d}" if closes else f"later-{commit.sequence:010d}.{number:05d}"
        row = DiscrepancyRow(
            summary.shipment_id,
            summary.supplier,
            summary.reference,
            summary.closed_at,
            one.line,
            one.sku,
            one.expected,
            one.received,
            one.damaged,
            one.short,
            one.over,
            one.wrong_lot,
            one.lot,
            one.repeated,
            " ".join(one.serials),
        )
        moment = f"{summary.closed_at}#{summary.shipment_id}#{name}"
        yield Entry(
            (f"Discrepancies#{summary.shipment_id}", name),
            row,
            {
                "period": f"discrepancy#{summary.closed_at[:MONTH]}",
                "moment": moment,
                "by": summary.supplier,
            },
        )


def show_inspection(summary: InspectionSummary, event: Event, at: str) -> InspectionSummary:
    """The summary after an event recorded `at`."""
    match event:
        case inspection.InspectionOpened():
            opened = inspection.evolve(Inspection(), event)
            return InspectionSummary(
                summary.inspection_id,
                opened.status,
                opened.shipment_id,
                opened.supplier,
                opened.sku,
                opened.lot,
                opened.plan,
                opened.aql,
                opened.severity,
                opened.units,
                opened.sample_size,
                opened.accept,
                opened_at=at,
            )
        case LotSized():
            return structs.replace(
                summary,
                status=inspection.OPEN,
                severity=event.severity,
                units=event.units,
                sample_size=event.sample_size,
                accept=event.accept,
            )
        case inspection.SampleInspected():
            return structs.replace(
                summary, inspected=summary.inspected + event.units, defects=summary.defects + event.defects
            )
        case InspectionDecided():
            return structs.replace(
                summary,
                status=inspection.DECIDED,
                decision=event.decision,
                conforming=event.conforming,
                decided_at=event.decided_at,
                accepted_units=sum(goods.accepted_units for goods in event.goods),
                rejected_units=sum(goods.rejected_units for goods in event.goods),
            )
        case _:
            return summary


def place_inspection(summary: InspectionSummary) -> Mapping[str, str]:
    """By status, by supplier, and by the month of its decision."""
    place = f"{summary.opened_at}#{summary.inspection_id}"
    keys = {
        "list": f"inspection#{summary.status}",
        "place": place,
        "by": summary.supplier,
        "supplied": f"inspection#{summary.supplier}",
    }
    if summary.decided_at:
        decided = f"{summary.decided_at}#{summary.inspection_id}"
        keys |= {"period": f"inspection#{summary.decided_at[:MONTH]}", "moment": decided}
    return keys


def _id(stream_id: str) -> str:
    return stream_id.partition("#")[2]


def show_plan(_plan: Plan, event: Event, _at: str) -> Plan:
    """The plan as it was described last."""
    return plan.evolve(_plan, event) if isinstance(event, plan.PlanDescribed) else _plan


def show_recall(recall: Recall, event: Event, _at: str) -> Recall:
    """The recall after an event."""
    match event:
        case LotRecalled():
            return Recall(event.sku, event.lot, True, event.reason)
        case LotRecallLifted():
            return structs.replace(recall, active=False)
        case _:
            return recall


def show_score(sums: Score, event: Event, _at: str) -> Score:
    """The sums after an event; what was counted is the history's business."""
    return structs.replace(score.evolve(sums, event), counted=Score().counted)


SHIPMENTS: Projection[ShipmentSummary] = Projection(
    "Shipment",
    ShipmentSummary,
    lambda stream_id: ShipmentSummary(_id(stream_id)),
    show_shipment,
    lambda stream_id: (stream_id, "Summary"),
    place_shipment,
    discrepancies,
)
INSPECTIONS: Projection[InspectionSummary] = Projection(
    "Inspection",
    InspectionSummary,
    lambda stream_id: InspectionSummary(_id(stream_id)),
    show_inspection,
    lambda stream_id: (stream_id, "Summary"),
    place_inspection,
)
PLANS: Projection[Plan] = Projection(
    "Plan",
    Plan,
    lambda stream_id: Plan(_id(stream_id)),
    show_plan,
    lambda stream_id: plan_key(_id(stream_id)),
    lambda document: {"list": "plan", "place": document.plan_id},
)
RECALLS: Projection[Recall] = Projection(
    "Recall",
    Recall,
    lambda _: Recall(),
    show_recall,
    lambda stream_id: (stream_id, "Recall"),
    lambda document: {"list": "recall", "place": f"{document.sku}#{document.lot}"},
)
SCORES: Projection[Score] = Projection(
    "Score",
    Score,
    lambda _: Score(),
    show_score,
    lambda stream_id: (stream_id, "Score"),
    lambda document: {"period": f"score#{document.month}", "moment": document.supplier},
)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), (SHIPMENTS, INSPECTIONS, PLANS, RECALLS, SCORES))


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the read models."""
    projector().handle(event)
