"""Returns: lets customers send back what they have got, and makes up for what did not arrive."""

from typing import Annotated

from msgspec import Meta, Struct

from orders.aggregates import ORDER
from orders.contracts import MAX_LINES, Reason, Resolution, ReturnAuthorized, ReturnedLine, ReturnId, ShipmentId
from orders.domain.commands import AuthorizeReturn, GiveUpParcels, ReturnWish
from orders.domain.facts import ParcelsGivenUp
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


class Loss(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a shipment does not arrive, and whether the customer gets money or other goods for it.

    Without `lines` nothing is owed: nobody waits for the rest of the shipment any more.
    """

    shipment_id: ShipmentId
    reason: Reason
    lines: Annotated[tuple[UnitsToReturn, ...], Meta(max_length=MAX_LINES)] = ()
    resolution: Resolution = "refund"


class LossReceipt(Struct, frozen=True):
    """The shipment is waited for no more. GET /orders/{id} tells, under `returns`, what becomes of the claim."""

    return_id: ReturnId
    order_id: OrderId
    shipment_id: ShipmentId
    resolution: Resolution
    given_up_at: Timestamp


@handler.route(
    "POST",
    "/orders/{id}/losses",
    scope="orders/supervise",
    returns=(201, LossReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def give_up(request: Request, id: OrderId, body: Loss) -> Response:
    """Refund or replace goods that were sent, did not arrive and do not come back: never more than were sent."""
    command = GiveUpParcels(
        return_id=request.created_id(),
        shipment_id=body.shipment_id,
        lines=tuple(ReturnWish(line.line_id, line.units, line.lot) for line in body.lines),
        reason=body.reason,
        resolution=body.resolution,
        at=clock.now(),
    )
    outcome = execute(history(), ORDER, ORDER.stream_id(id), request.command(command))
    noted = next(event for event in outcome.events if isinstance(event, ParcelsGivenUp))
    receipt = LossReceipt(noted.return_id, id, noted.shipment_id, noted.resolution, outcome.recorded_at)
    return Response(201, receipt, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/orders/{id}/returns",
    scope="orders/write",
    returns=(201, ReturnReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def authorize_return(request: Request, id: OrderId, body: NewReturn) -> Response:
    """Let goods come back, from the customer or with their carrier: never more than were sent and are not back."""
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
