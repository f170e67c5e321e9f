"""What is known of carriers."""

from msgspec import Struct

from shared.http_edge import Api, Response
from shared.rejection import NotFound
from shared.resources import history, views
from shipping.aggregates import CARRIER
from shipping.contracts import CarrierId
from shipping.domain.carrier import Carrier
from shipping.views import CARRIERS

handler = Api()


class CarrierList(Struct, frozen=True):
    """All carriers, by their ids."""

    items: list[Carrier]


@handler.route("GET", "/shipping/carriers", scope="shipping/read", returns=(200, CarrierList))
def list_carriers() -> Response:
    """The carriers that were registered, also those that are not active."""
    found = views().under(*CARRIERS, Carrier)
    return Response(200, CarrierList([found[carrier][0] for carrier in sorted(found)]))


@handler.route(
    "GET", "/shipping/carriers/{id}", scope="shipping/read", returns=(200, Carrier), rejects=(NotFound,)
)
def get_carrier(id: CarrierId) -> Response:
    """One carrier with its zones and rates."""
    stream = history().load(CARRIER, CARRIER.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no carrier {id!r}.",
            field="id",
            value=id,
            remedy="GET /shipping/carriers lists those that there are.",
            code="unknown-carrier",
        )
    return Response(200, stream.state, version=stream.sequence)
