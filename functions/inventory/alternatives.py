"""Alternatives: a picker finds less in a place than the books say, and is sent elsewhere."""

from msgspec import Struct

from inventory import ground
from inventory.domain.order_allocation import ReportEmpty
from inventory.measures import Text
from inventory.setting_aside import allocation_of, decide
from inventory.task_contracts import Pick
from shared.http_edge import Api, Request, Response
from shared.identifiers import HoldingId, LineId, OrderId
from shared.rejection import Conflict, NotFound

handler = Api()


class FoundEmpty(Struct, frozen=True, forbid_unknown_fields=True):
    """A holding in which the units that were set aside are not."""

    holding: HoldingId
    reason: Text = "a picker found fewer units than the books say"


class Alternatives(Struct, frozen=True):
    """Where the line's units are now; `missing` are not found anywhere, and looked for when stock changes."""

    order_id: OrderId
    line_id: LineId
    picks: tuple[Pick, ...]
    missing: int


@handler.route(
    "POST",
    "/inventory/allocations/{order_id}/lines/{line_id}/alternatives",
    scope="inventory/write",
    returns=(200, Alternatives),
    rejects=(NotFound, Conflict),
)
def find_alternatives(request: Request, order_id: OrderId, line_id: LineId, body: FoundEmpty) -> Response:
    """Set other units aside for an order line. The place found empty is to be counted."""
    stream = allocation_of(order_id)
    line = stream.state.lines.get(line_id)
    if line is None:
        raise NotFound(
            f"Nothing was ever set aside for line {line_id} of order {order_id}.",
            field="line_id",
            value=line_id,
            remedy="GET /inventory/allocations/{order_id} tells what was.",
            code="no-allocation",
        )
    if request.metadata.command_id not in stream.handled and body.holding not in line.shares:
        raise Conflict(
            f"Nothing is set aside for this line at {body.holding}.",
            field="holding",
            value=body.holding,
            remedy=f"Its units are at {', '.join(sorted(line.shares)) or 'no place'}.",
            code="not-allocated-there",
        )
    after = decide(order_id, ReportEmpty(line_id, body.holding, body.reason, ground.now()), request.metadata)
    line = after.state.lines[line_id]
    note = Alternatives(order_id, line_id, line.picks, max(0, line.quantity - line.got) if line.wanted else 0)
    return Response(200, note, version=after.sequence)
