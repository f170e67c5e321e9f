"""Inspections: what was found in the samples, photos and documents of it, and what becomes of the goods."""

from msgspec import Struct

from receiving.aggregates import INSPECTION
from receiving.contracts import InspectionId, Reason, RejectedStatus
from receiving.domain.inspection import (
    DecideInspection,
    Inspection,
    Notes,
    RecordSample,
    RejectedGoods,
    Verdict,
)
from shared import clock
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.quantity import Quantity, Units
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()


class SampleResults(Struct, frozen=True, forbid_unknown_fields=True):
    """Units that were inspected, and how many of them are defective. Results add up until the lot is decided."""

    inspected: Quantity
    defects: Units
    notes: Notes = ""


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of the lot. `rejected` says what is, when the decision is partial.

    A `reason` is needed to decide before the sample is complete, or to accept a lot against its sample.
    """

    decision: Verdict
    rejected: tuple[RejectedGoods, ...] = ()
    rejected_status: RejectedStatus = "damaged"
    reason: Reason | None = None


class InspectionReceipt(Struct, frozen=True):
    """Where the inspection stands: the sample to take, what was found in it, and what was decided."""

    inspection_id: InspectionId
    status: str
    units: int
    severity: str
    code_letter: str
    sample_size: int
    accept: int
    reject: int
    inspected: int
    defects: int
    decision: str


@handler.route(
    "POST",
    "/receiving/inspections/{id}/results",
    scope="receiving/write",
    returns=(200, InspectionReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def record_results(request: Request, id: InspectionId, body: SampleResults) -> Response:
    """Record what was found in (a part of) the sample."""
    command = RecordSample(body.inspected, body.defects, clock.iso(clock.now()), body.notes)
    outcome = execute(history(), INSPECTION, INSPECTION.stream_id(id), request.command(command))
    return Response(200, receipt(outcome.stream.state), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/receiving/inspections/{id}/decision",
    scope="receiving/write",
    returns=(200, InspectionReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def decide_inspection(request: Request, id: InspectionId, body: Decision) -> Response:
    """Accept a lot, reject it, or part of it. Inventory moves the units to their new status."""
    command = DecideInspection(
        body.decision, clock.iso(clock.now()), body.rejected, body.rejected_status, body.reason
    )
    outcome = execute(history(), INSPECTION, INSPECTION.stream_id(id), request.command(command))
    return Response(200, receipt(outcome.stream.state), replayed=outcome.repeated)


def receipt(inspection: Inspection) -> InspectionReceipt:
    """Where an inspection stands."""
    return InspectionReceipt(
        inspection.inspection_id,
        inspection.status,
        inspection.units,
        inspection.severity,
        inspection.letter,
        inspection.sample_size,
        inspection.accept,
        inspection.reject,
        inspection.inspected,
        inspection.defects,
        inspection.decision,
    )
