"""Announcements: what suppliers say is on its way."""

from receiving.advice import NewShipment, ShipmentReceipt, announce
from shared.http_edge import Api, Request, Response
from shared.rejection import Conflict, Unprocessable

handler = Api()


@handler.route(
    "POST",
    "/receiving/shipments",
    scope="receiving/write",
    returns=(201, ShipmentReceipt),
    rejects=(Conflict, Unprocessable),
)
def announce_shipment(request: Request, body: NewShipment) -> Response:
    """Announce a shipment. Supplier and reference name it: announced again it is corrected, until it arrives."""
    return announce(request, body)
