"""Moves: loose goods from one place to another within a warehouse."""

from typing import Annotated

from msgspec import Meta, Struct

from inventory import ground
from inventory.domain.holding import Holding
from inventory.domain.stock import Wanted
from inventory.measures import Text
from inventory.moving import move_goods
from inventory.stock_contracts import Goods, StockDeparted
from shared.decider import Outcome
from shared.http_edge import Api, Request, Response
from shared.identifiers import HoldingId, Timestamp, WarehouseCode
from shared.rejection import Conflict, Unprocessable

handler = Api()


class Move(Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """Goods that somebody moves: `from` and `to` are locations, or handling units (their SSCCs)."""

    origin: HoldingId
    to: HoldingId
    goods: Annotated[tuple[Wanted, ...], Meta(min_length=1, max_length=200)]
    reason: Text | None = None
    occurred_at: Timestamp | None = None


class MoveNote(Struct, frozen=True, rename={"origin": "from"}):
    """The goods that were moved."""

    origin: HoldingId
    to: HoldingId
    warehouse: WarehouseCode
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    recorded_at: Timestamp


@handler.route(
    "POST",
    "/inventory/stock/moves",
    scope="inventory/write",
    returns=(201, MoveNote),
    rejects=(Conflict, Unprocessable),
)
def move_stock(request: Request, body: Move) -> Response:
    """Move loose goods. Refused where they do not fit, may not lie with what is there, or are not free."""
    outcome = move_goods(
        body.origin,
        body.to,
        body.goods,
        request.metadata,
        occurred_at=body.occurred_at or ground.now(),
        reason=body.reason,
    )
    return Response(201, moved(outcome), replayed=outcome.repeated)


def moved(outcome: Outcome[Holding]) -> MoveNote:
    """The answer to a move."""
    [event] = (event for event in outcome.events if isinstance(event, StockDeparted))
    return MoveNote(
        origin=event.holding,
        to=event.destination,
        warehouse=event.warehouse,
        goods=event.goods,
        occurred_at=event.occurred_at,
        recorded_at=outcome.recorded_at,
    )
