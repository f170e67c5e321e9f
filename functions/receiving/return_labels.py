"""Labels of returns: a customer puts one on the parcel, and its scan at the dock names the announced shipment."""

from typing import Literal

from msgspec import Struct

from receiving.aggregates import SHIPMENT
from receiving.contracts import RETURNS
from receiving.domain.return_code import AI, digits_of
from receiving.domain.shipment import CLOSED, Shipment
from receiving.keys import shipment_id
from shared.http_edge import Api, Document, Response
from shared.identifiers import ShipmentId
from shared.labelling.drawing import Box, Drawing, Line
from shared.labelling.rendering import to_pdf, to_zpl
from shared.labelling.symbols import fitted, symbol
from shared.rejection import Conflict, NotFound
from shared.resources import history

handler = Api()

WIDTH, HEIGHT = 105.0, 148.0
_MARGIN = 8.0
_BAR_MM = 34.0
_LINES_SHOWN = 8


class ReturnLabelQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which format, for which printer (8 dots per mm: 203 dpi, 12: 300 dpi)."""

    format: Literal["pdf", "zpl"] = "pdf"
    dots_per_mm: Literal[8, 12, 24] = 8


class ReturnLabel(Struct, frozen=True):
    """A page to be stuck on the parcel that comes back."""

    return_id: ShipmentId


@handler.route(
    "GET",
    "/receiving/returns/{id}/label",
    scope="receiving/read",
    returns=(200, ReturnLabel),
    rejects=(NotFound, Conflict),
    media=("application/pdf", "application/zpl"),
)
def get_return_label(id: ShipmentId, query: ReturnLabelQuery) -> Response:
    """The label of an authorized return, in A6: what is expected, and its code as GS1-128 (AI 91)."""
    shipment = history().load(SHIPMENT, SHIPMENT.stream_id(shipment_id(RETURNS, id))).state
    if not shipment.return_id:
        raise NotFound(
            f"No return {id} is expected.",
            field="id",
            value=id,
            remedy="It follows its authorization (POST /orders/{id}/returns) within seconds: ask again then.",
            code="unknown-return",
        )
    if shipment.status == CLOSED:
        raise Conflict(
            f"Return {id} has come back: it was closed on {shipment.closed_at}.",
            field="id",
            value=id,
            remedy="Authorize another return for what is still to come.",
            code="return-is-closed",
        )
    drawing = drawn(shipment, query.dots_per_mm)
    if query.format == "zpl":
        return Response(200, Document("application/zpl", to_zpl(drawing, query.dots_per_mm).encode()))
    return Response(200, Document("application/pdf", to_pdf([drawing]), binary=True))


def drawn(shipment: Shipment, dots_per_mm: int) -> Drawing:
    """The label of a return."""
    return_id = shipment.return_id or ""
    code = digits_of(return_id)
    bars = symbol("gs1-128", f"[{AI}]{code}", gs1=True, room=WIDTH, bar_height=_BAR_MM, dots_per_mm=dots_per_mm)
    x, y = (WIDTH - bars.width) / 2, HEIGHT - _MARGIN - 5 - bars.height
    expected = [f"{line.units} x {line.sku}" for _, line in sorted(shipment.lines.items())]
    more = len(expected) - _LINES_SHOWN
    texts = [
        ("RETURN", 7.0, True),
        (f"To warehouse {shipment.warehouse}, returns", 4.2, False),
        (f"Return {return_id}", 3.0, False),
        (f"Order {shipment.order_id or ''}", 3.0, False),
        *((text, 3.4, False) for text in expected[:_LINES_SHOWN]),
        *([(f"and {more} more lines", 3.4, False)] if more > 0 else []),
    ]
    lines: list[Line] = []
    at = _MARGIN
    for text, size, bold in texts:
        line = fitted(text, size, WIDTH - 2 * _MARGIN)
        at += line.size
        lines.append(Line(_MARGIN, at, line.size, line.text, bold))
        at += 2.0
    said = fitted(f"({AI}) {code}", 3.2, WIDTH - 2 * _MARGIN)
    lines.append(Line(_MARGIN, HEIGHT - _MARGIN, said.size, said.text))
    rule = Box(_MARGIN, y - 4, WIDTH - 2 * _MARGIN, 0.4)
    return Drawing(WIDTH, HEIGHT, Box(x, y, bars.width, bars.height), bars.at(x, y), tuple(lines), (rule,))
