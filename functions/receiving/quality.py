"""Quality: opens inspections for goods that plans ask for, and lets every decided lot count for its supplier."""

from typing import Any

from receiving.aggregates import INSPECTION, QUALITY
from receiving.contracts import (
    InspectionDecided,
    InspectionLot,
    InspectionLotsCompleted,
    InspectionsRequested,
    RequestedInspection,
)
from receiving.domain.inspection import OpenInspection, SizeLot
from receiving.domain.sampling import Severity
from receiving.domain.switching import JudgeLot
from receiving.subscriptions import READS
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Open, size and judge the inspection lots that a batch of events speaks of."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case InspectionsRequested() as requested:
            for one in requested.inspections:
                opening = _opening(requested, one, one.units)
                _ask(event, one.inspection_id, opening)
        case InspectionLotsCompleted() as completed:
            for lot in completed.lots:
                opening = _opening(completed, lot, 0)
                _ask(event, lot.inspection_id, SizeLot(opening, lot.goods, opening.severity))
        case InspectionDecided() as decided:
            _judge(event, decided)


def _opening(
    event: InspectionsRequested | InspectionLotsCompleted, one: RequestedInspection | InspectionLot, units: int
) -> OpenInspection:
    return OpenInspection(
        inspection_id=one.inspection_id,
        shipment_id=event.shipment_id,
        supplier=event.supplier,
        warehouse=event.warehouse,
        sku=one.sku,
        plan=one.plan,
        aql=one.aql,
        severity=_severity(event.supplier, one.sku),
        announced_units=units,
        lot=one.lot,
        category=one.category,
        reduced_allowed=one.reduced_allowed,
    )


def _severity(supplier: str, sku: str) -> Severity:
    return history().load(QUALITY, QUALITY.stream_id(supplier, sku)).state.severity


def _ask(event: CloudEvent, inspection_id: str, payload: OpenInspection | SizeLot) -> None:
    command = Command(payload, caused_by(event, inspection_id))
    execute(history(), INSPECTION, INSPECTION.stream_id(inspection_id), command)


def _judge(event: CloudEvent, decided: InspectionDecided) -> None:
    """The lot counts with what its own stream says of the sample."""
    inspection = history().load(INSPECTION, INSPECTION.stream_id(decided.inspection_id)).state
    judged = JudgeLot(
        supplier=decided.supplier,
        sku=decided.sku,
        inspection_id=decided.inspection_id,
        severity=inspection.severity,
        conforming=decided.conforming,
        score=inspection.score,
        reduced_allowed=inspection.reduced_allowed,
    )
    stream_id = QUALITY.stream_id(decided.supplier, decided.sku)
    execute(history(), QUALITY, stream_id, Command(judged, caused_by(event)))
