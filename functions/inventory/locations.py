"""Locations: places in a warehouse where stock can lie."""

from msgspec import Struct, structs

from inventory.aggregates import LOCATION
from inventory.contracts import Code
from inventory.domain.location import DescribeLocation, Location
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, LocationId, WarehouseCode
from shared.rejection import Conflict, PreconditionFailed
from shared.resources import history

handler = Api()


class LocationDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """A place: its warehouse, its address there, and its kind (bulk, pick_face, dock, staging)."""

    zone: Code
    aisle: Code
    bay: Code
    level: Code
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    kind: Code = "bulk"


@handler.route(
    "PUT",
    "/inventory/locations/{id}",
    scope="inventory/write",
    returns=(200, Location),
    rejects=(Conflict, PreconditionFailed),
)
def put_location(request: Request, id: LocationId, body: LocationDescription) -> Response:
    """Register a location, or describe it anew."""
    command = request.command(DescribeLocation(id, **structs.asdict(body)))
    outcome = execute(history(), LOCATION, LOCATION.stream_id(id), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)
