"""Returns: lets customers send back what they have got."""

from typing import Annotated

from msgspec import Meta, Struct

from orders.aggregates import ORDER
from orders.contracts import MAX_LINES, Reason, Resolution, ReturnAuthorized, ReturnedLine, ReturnId
from orders.domain.commands import AuthorizeReturn, ReturnWish
from shared import clock
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import LineId, LotNumber, OrderId, Timestamp
from shared.quantity import Quantity
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()


class UnitsToReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a line, and their lot where it is known."""

    line_id: LineId
    units: Quantity
    lot: LotNumber | None = None


class NewReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer wants to send back, why, and whether for their money or for other goods."""

    lines: Annotated[tuple[UnitsToReturn, ...], Meta(min_length=1, max_length=MAX_LINES)]
    reason: Reason
    resolution: Resolution = "refund"


class ReturnReceipt(Struct, frozen=True):
    """The return is authorized: the goods are expected. GET /orders/{id} tells what becomes of it."""

    return_id: ReturnId
    order_id: OrderId
    lines: tuple[ReturnedLine, ...]
    resolution: Resolution
    authorized_at: Timestamp


@handler.route(
    "POST",
    "/orders/{id}/returns",
    scope="orders/write",
    returns=(201, ReturnReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def authorize_return(request: Request, id: OrderId, body: NewReturn) -> Response:
    """Let a customer send goods back: never more than were delivered and have not come back."""
    command = AuthorizeReturn(
        return_id=request.created_id(),
        lines=tuple(ReturnWish(line.line_id, line.units, line.lot) for line in body.lines),
        reason=body.reason,
        resolution=body.resolution,
        at=clock.now(),
    )
    outcome = execute(history(), ORDER, ORDER.stream_id(id), request.command(command))
    allowed = next(event for event in outcome.events if isinstance(event, ReturnAuthorized))
    receipt = ReturnReceipt(allowed.return_id, id, allowed.lines, allowed.resolution, outcome.recorded_at)
    return Response(201, receipt, replayed=outcome.repeated)
