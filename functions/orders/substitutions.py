"""Substitutions: another product is sent instead of what an order lacks, where the customer allows it."""

from msgspec import Struct

from orders.aggregates import ORDER
from orders.assortment import substitutes, unknown
from orders.contracts import LineSubstituted
from orders.domain.commands import SubstituteLine
from orders.domain.order import Order
from shared import clock
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import LineId, OrderId, Sku
from shared.quantity import Quantity
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()


class Substitution(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent instead: left out, the first product that may be, and as many units as the line lacks."""

    sku: Sku | None = None
    units: Quantity | None = None


class SubstitutionReceipt(Struct, frozen=True):
    """`units` of line `line_id` are replaced by line `substitute`, at the same price.

    It gets its units like any line: GET /orders/{id} tells whether it has them.
    """

    order_id: OrderId
    line_id: LineId
    units: Quantity
    substitute: LineId
    sku: Sku


@handler.route(
    "POST",
    "/orders/{id}/lines/{line_id}/substitutions",
    scope="orders/substitute",
    returns=(202, SubstitutionReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def substitute(request: Request, id: OrderId, line_id: LineId, body: Substitution) -> Response:
    """Send another product instead of what a line lacks, where the order allows it.

    GET /inventory/products/{sku} names what may be sent instead, GET /inventory/stock/{sku} tells how much there
    is of it.
    """
    stream = history().load(ORDER, ORDER.stream_id(id))
    may = _may_replace(stream.state, line_id)
    wanted = request.command(SubstituteLine(line_id, body.sku, body.units, may, clock.now()))
    outcome = execute(history(), ORDER, stream.id, wanted, known=stream)
    done = next(event for event in outcome.events if isinstance(event, LineSubstituted))
    receipt = SubstitutionReceipt(id, line_id, done.units, done.substitute.line_id, done.substitute.sku)
    return Response(202, receipt, replayed=outcome.repeated)


def _may_replace(order: Order, line_id: str) -> tuple[str, ...]:
    """What may be sent instead of what the customer has ordered; that itself, where it was replaced before."""
    line = order.lines.get(line_id)
    if line is None or not order.substitutes_allowed:
        return ()
    ordered = order.ordered(line).sku
    others = [sku for sku in (*substitutes(ordered), ordered) if sku != line.sku]
    strange = unknown(set(others))
    return tuple(sku for sku in others if sku not in strange)
