"""Packing slips: what is in the cartons of a shipment, to print and to put in, or as data."""

from typing import Literal

from msgspec import Struct, structs

from picking.aggregates import PICK_ORDER
from picking.domain.packing import Packing
from picking.domain.slip import PackingSlip, latest_shipment, slip
from picking.packing_aggregates import PACKING
from picking.packing_contracts import PackedShipmentId
from picking.reference import articles
from picking.slip_drawing import to_pdf
from shared.gs1 import Sscc
from shared.http_edge import Api, Document, Response
from shared.identifiers import OrderId
from shared.rejection import NotFound, TooLarge
from shared.resources import history

handler = Api()

_MOST_BYTES = 4_000_000
"""Lambda answers with 6 MB at most, of which base64 takes a quarter."""


class SlipQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which shipment (the latest, if not said), which of its cartons (all), and in what form."""

    shipment: PackedShipmentId | None = None
    carton: Sscc | None = None
    format: Literal["pdf", "json"] = "pdf"


@handler.route(
    "GET",
    "/picking/orders/{id}/packing-slip",
    scope="picking/read",
    returns=(200, PackingSlip),
    rejects=(NotFound, TooLarge),
    media=("application/pdf",),
)
def get_packing_slip(id: OrderId, query: SlipQuery) -> Response:
    """The packing slip of a shipment: a page for each carton with its items, lots, serials and quantities."""
    packing = history().load(PACKING, PACKING.stream_id(id)).state
    shipment_id = query.shipment or latest_shipment(packing)
    made = slip(packing, shipment_id, _names(packing), _instead_of(id))
    if query.carton:
        made = _only(made, query.carton)
    if query.format == "json":
        return Response(200, made)
    content = to_pdf(made)
    if len(content) > _MOST_BYTES:
        raise TooLarge(
            f"The slip takes {len(content)} bytes; one answer holds {_MOST_BYTES}.",
            field="carton",
            remedy="Ask for one carton at a time.",
        )
    return Response(200, Document("application/pdf", content, binary=True))


def _names(packing: Packing) -> dict[str, str]:
    boxed = [
        *(item for one in packing.shipments for item in one.items),
        *(item for carton in packing.cartons for item in carton.contents),
    ]
    return {sku: article.name for sku, article in articles({item.sku for item in boxed}).items()}


def _instead_of(order_id: str) -> dict[str, str]:
    """What was ordered where something else is sent, by the line that is sent."""
    order = history().load(PICK_ORDER, PICK_ORDER.stream_id(order_id)).state
    return {line_id: line.instead_of for line_id, line in order.lines.items() if line.instead_of}


def _only(made: PackingSlip, sscc: str) -> PackingSlip:
    cartons = tuple(carton for carton in made.cartons if carton.sscc == sscc)
    if not cartons:
        raise NotFound(
            f"The shipment has no carton {sscc}.",
            field="carton",
            value=sscc,
            remedy="Leave it out to get all cartons.",
            code="unknown-carton",
        )
    return structs.replace(made, cartons=cartons)
