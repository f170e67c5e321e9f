"""Carriers: who takes cartons away, and at what rates."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import WarehouseCode
from shared.rejection import Conflict, PreconditionFailed, Unprocessable
from shared.resources import history
from shipping.aggregates import CARRIER
from shipping.contracts import CarrierId
from shipping.domain.carrier import Account, Carrier, CarrierKind, CarrierName, DescribeCarrier, Fleet

handler = Api()


class CarrierDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """A carrier: our own `fleet` with its zones and flat rates, or an `account` with EasyPost.

    It serves the `warehouses` named, or all of them. One that is not `active` gets no new shipments.
    """

    name: CarrierName
    kind: CarrierKind = "own_fleet"
    active: bool = True
    warehouses: Annotated[tuple[WarehouseCode, ...], Meta(max_length=100)] = ()
    fleet: Fleet | None = None
    account: Account | None = None


@handler.route(
    "PUT",
    "/shipping/carriers/{id}",
    scope="shipping/supervise",
    returns=(200, Carrier),
    rejects=(Conflict, PreconditionFailed, Unprocessable),
)
def put_carrier(request: Request, id: CarrierId, body: CarrierDescription) -> Response:
    """Register a carrier, or describe it anew. Labels that are made keep their price."""
    command = request.command(DescribeCarrier(id, **structs.asdict(body)))
    outcome = execute(history(), CARRIER, CARRIER.stream_id(id), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)
