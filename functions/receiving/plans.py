"""Inspection plans: whose goods are inspected, and how strictly."""

from msgspec import Struct, structs

from receiving.aggregates import PLAN, QUALITY
from receiving.contracts import PlanId, Reason, Supplier
from receiving.domain.plan import DescribePlan, Plan
from receiving.domain.sampling import Aql, Severity
from receiving.domain.switching import SetSeverity
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import Sku
from shared.rejection import Conflict, PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()


class PlanDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """How strictly. `reduced_allowed`: good suppliers come to reduced inspection (ISO 2859-1, 9.3.3.1 c)."""

    aql: Aql
    reduced_allowed: bool = True
    active: bool = True


class NewSeverity(Struct, frozen=True, forbid_unknown_fields=True):
    """How the next lots are inspected, and why."""

    severity: Severity
    reason: Reason


class SeverityReceipt(Struct, frozen=True):
    """How the next lots of the supplier and product are inspected."""

    supplier: Supplier
    sku: Sku
    severity: Severity


@handler.route(
    "PUT",
    "/receiving/inspection-plans/{id}",
    scope="receiving/write",
    returns=(200, Plan),
    rejects=(PreconditionFailed, Unprocessable),
)
def put_plan(request: Request, id: PlanId, body: PlanDescription) -> Response:
    """Make or change an inspection plan. Its id says for what: sku.<sku>, supplier.<code>, category.<category>."""
    command = request.command(DescribePlan(id, **structs.asdict(body)))
    outcome = execute(history(), PLAN, PLAN.stream_id(id), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)


@handler.route(
    "POST",
    "/receiving/suppliers/{supplier}/products/{sku}/severity",
    scope="receiving/write",
    returns=(200, SeverityReceipt),
    rejects=(Conflict, Unprocessable),
)
def set_severity(request: Request, supplier: Supplier, sku: Sku, body: NewSeverity) -> Response:
    """Switch the severity by hand, where ISO 2859-1 leaves it to a person (9.3.4 b and c, 9.4)."""
    command = request.command(SetSeverity(supplier, sku, body.severity, body.reason))
    outcome = execute(history(), QUALITY, QUALITY.stream_id(supplier, sku), command)
    severity = outcome.stream.state.severity
    return Response(200, SeverityReceipt(supplier, sku, severity), replayed=outcome.repeated)
