"""Carton types: the cartons that a warehouse has to pack into."""

from msgspec import Struct

from picking.domain.carton_range import (
    DEFAULT_TOLERANCE,
    CartonKind,
    DescribeCartonKind,
    Measures,
    Percent,
)
from picking.packing_aggregates import CARTON_RANGE
from picking.packing_contracts import CartonTypeId, Grams, PositiveGrams
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, WarehouseCode
from shared.rejection import PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()


class CartonTypeDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of carton. `inner` is what fits in, `outer` what it takes up, `max_weight_g` is that of its contents.

    A packed carton may weigh `tolerance_percent` more or less than it should. One that is not `active` is no
    longer packed into.
    """

    inner: Measures
    outer: Measures
    max_weight_g: PositiveGrams
    tare_g: Grams
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    tolerance_percent: Percent = DEFAULT_TOLERANCE
    active: bool = True


class CartonTypeDocument(Struct, frozen=True):
    """A kind of carton, and the warehouse that has it."""

    id: CartonTypeId
    warehouse: WarehouseCode
    inner: Measures
    outer: Measures
    max_weight_g: Grams
    tare_g: Grams
    tolerance_percent: Percent
    active: bool


@handler.route(
    "PUT",
    "/picking/carton-types/{id}",
    scope="picking/write",
    returns=(200, CartonTypeDocument),
    rejects=(PreconditionFailed, Unprocessable),
)
def put_carton_type(request: Request, id: CartonTypeId, body: CartonTypeDescription) -> Response:
    """Describe a kind of carton of a warehouse. The entity tag is that of all kinds of the warehouse."""
    kind = CartonKind(
        id, body.inner, body.outer, body.max_weight_g, body.tare_g, body.tolerance_percent, body.active
    )
    command = request.command(DescribeCartonKind(body.warehouse, kind))
    outcome = execute(history(), CARTON_RANGE, CARTON_RANGE.stream_id(body.warehouse), command)
    return Response(200, document(kind, body.warehouse), version=outcome.stream.sequence)


def document(kind: CartonKind, warehouse: str) -> CartonTypeDocument:
    """A kind of carton as it is shown."""
    return CartonTypeDocument(
        kind.id,
        warehouse,
        kind.inner,
        kind.outer,
        kind.max_weight_g,
        kind.tare_g,
        kind.tolerance_percent,
        kind.active,
    )
