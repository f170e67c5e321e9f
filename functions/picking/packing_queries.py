"""What is known of packing: the cartons that there are."""

from msgspec import Struct

from picking.carton_types import CartonTypeDocument, document
from picking.packing_aggregates import CARTON_RANGE
from shared.http_edge import Api, Response
from shared.identifiers import DEFAULT_WAREHOUSE, WarehouseCode
from shared.resources import history

handler = Api()


class CartonTypeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose kinds of carton."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class CartonTypes(Struct, frozen=True):
    """Every kind of carton of a warehouse by id, also those that are no longer packed into."""

    items: list[CartonTypeDocument]


@handler.route("GET", "/picking/carton-types", scope="picking/read", returns=(200, CartonTypes))
def list_carton_types(query: CartonTypeQuery) -> Response:
    """The kinds of carton of a warehouse."""
    stream = history().load(CARTON_RANGE, CARTON_RANGE.stream_id(query.warehouse))
    kinds = stream.state.kinds
    shown = [document(kinds[id], query.warehouse) for id in sorted(kinds)]
    return Response(200, CartonTypes(shown), version=stream.sequence)
