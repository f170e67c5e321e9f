"""Lots: a recall blocks a lot wherever it is, and whatever comes of it."""

from msgspec import Struct

from inventory import ground
from inventory.aggregates import LOT
from inventory.domain.lot import BlockLot, Lot, UnblockLot
from inventory.measures import Text
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import LotNumber, Sku
from shared.rejection import NotFound, Unprocessable
from shared.resources import history

handler = Api()


class LotNotice(Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text


@handler.route(
    "POST",
    "/inventory/lots/{sku}/{lot}/block",
    scope="inventory/write",
    returns=(200, Lot),
    rejects=(NotFound, Unprocessable),
)
def block_lot(request: Request, sku: Sku, lot: LotNumber, body: LotNotice) -> Response:
    """LotNotice a lot. Its units go to quarantine in seconds, wherever they are; later ones when they come."""
    ground.product_of(sku)
    command = request.command(BlockLot(sku, lot, body.reason, ground.now(), known=True))
    outcome = execute(history(), LOT, LOT.stream_id(sku, lot), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/lots/{sku}/{lot}/unblock",
    scope="inventory/write",
    returns=(200, Lot),
    rejects=(NotFound, Unprocessable),
)
def unblock_lot(request: Request, sku: Sku, lot: LotNumber, body: LotNotice) -> Response:
    """Lift a recall. What is in quarantine stays there until its status is changed."""
    ground.product_of(sku)
    command = request.command(UnblockLot(sku, lot, body.reason, ground.now()))
    outcome = execute(history(), LOT, LOT.stream_id(sku, lot), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence, replayed=outcome.repeated)
