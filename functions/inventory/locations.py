"""Locations: places in a warehouse where stock can lie."""

from msgspec import Struct, structs

from inventory.aggregates import LOCATION
from inventory.contracts import Capacity, CheckDigits, Coordinates, GlnExtension, LocationKind, Mixing
from inventory.domain.location import DescribeLocation, Location
from inventory.measures import Code
from shared.decider import execute
from shared.gs1 import Gln
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, LocationId, WarehouseCode
from shared.rejection import Conflict, PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()


class LocationDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """A place: its warehouse, its address there, its kind, and what may lie in it.

    On the floor (dock, staging, packing) nobody counts room; racks (bulk, pick_face, quarantine) may have a
    `capacity` and rules for `mixing`, and take only products of their `storage_classes` when they name any. A
    place is never floor and rack in turn. `check_digits` derive from the id when they are left out.
    """

    zone: Code
    aisle: Code
    bay: Code
    level: Code
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    kind: LocationKind = "bulk"
    position: Code | None = None
    coordinates: Coordinates | None = None
    capacity: Capacity | None = None
    storage_classes: tuple[Code, ...] = ()
    mixing: Mixing = "any"
    check_digits: CheckDigits | None = None
    gln: Gln | None = None
    extension: GlnExtension | None = None


@handler.route(
    "PUT",
    "/inventory/locations/{id}",
    scope="inventory/write",
    returns=(200, Location),
    rejects=(Conflict, PreconditionFailed, Unprocessable),
)
def put_location(request: Request, id: LocationId, body: LocationDescription) -> Response:
    """Register a location, or describe it anew."""
    command = request.command(DescribeLocation(id, **structs.asdict(body)))
    outcome = execute(history(), LOCATION, LOCATION.stream_id(id), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)
