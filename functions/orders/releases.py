"""Releases: lets many orders be picked with one request, those that are named or those that wait longest."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta, Struct, structs

from orders.aggregates import ORDER, RELEASE
from orders.contracts import NORMAL_PRIORITY, Channel, Priority
from orders.domain.commands import ReleaseOrder
from orders.domain.release import OrdersChosen, ReleaseChosen
from orders.domain.states import RESERVED, STAGES
from shared import clock, ids
from shared.decider import Command, execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import OrderId, WarehouseCode
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable
from shared.resources import history, views

MAX_ORDERS = 100
_PAGES_AT_MOST = 10

handler = Api()


class Candidate(Struct, frozen=True):
    """What the list of orders says of one, as far as it matters here."""

    order_id: str
    status: str
    channel: str = ""
    warehouse: str = ""
    priority: int = NORMAL_PRIORITY
    holds: tuple[str, ...] = ()


class WaitingOrders(Struct, frozen=True, forbid_unknown_fields=True):
    """At most `limit` reserved orders that nothing holds, those received first in front."""

    limit: Annotated[int, Meta(ge=1, le=MAX_ORDERS)] = 50
    warehouse: WarehouseCode | None = None
    channel: Channel | None = None
    min_priority: Priority = 0

    def want(self, order: Candidate) -> bool:
        """Whether an order is among those meant."""
        return (
            not order.holds
            and self.warehouse in (None, order.warehouse)
            and self.channel in (None, order.channel)
            and order.priority >= self.min_priority
        )


class Releases(Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders are to be picked: the named ones (`orders`), or those that `waiting` describes."""

    orders: Annotated[tuple[OrderId, ...], Meta(max_length=MAX_ORDERS)] = ()
    waiting: WaitingOrders | None = None


class ReleaseResult(Struct, frozen=True, omit_defaults=True):
    """What became of one order: its status, or why it is not released (`problem`) and what would help."""

    order_id: OrderId
    status: str = ""
    problem: str = ""
    detail: str = ""
    remedy: str = ""


class ReleaseResults(Struct, frozen=True):
    """What became of each order, in the order in which they were named or received."""

    released: int
    results: tuple[ReleaseResult, ...]


@handler.route(
    "POST",
    "/orders/releases",
    scope="orders/write",
    returns=(200, ReleaseResults),
    rejects=(Conflict, Unprocessable),
)
def release_orders(request: Request, body: Releases) -> Response:
    """Release many orders to picking. Each is decided by itself: one that cannot be released stops no other."""
    if bool(body.orders) == (body.waiting is not None):
        raise Unprocessable(
            "Either `orders` or `waiting` says which orders are meant, not both and not neither.",
            field="orders",
            value=len(body.orders),
            remedy="Name the orders, or describe those that wait.",
            code="ambiguous-release",
        )
    wanted = tuple(dict.fromkeys(body.orders))
    if body.waiting is not None:
        wanted = tuple(order.order_id for order in _waiting(body.waiting))
    command = request.command(ReleaseChosen(wanted, clock.now()))
    chosen = execute(history(), RELEASE, RELEASE.stream_id(request.created_id()), command)
    orders = next((event.orders for event in chosen.events if isinstance(event, OrdersChosen)), ())
    results = tuple(_release(request, order_id) for order_id in orders)
    released = sum(not result.problem for result in results)
    return Response(200, ReleaseResults(released, results), replayed=chosen.repeated)


def _waiting(meant: WaitingOrders) -> Sequence[Candidate]:
    found: list[Candidate] = []
    for order in _reserved():
        if meant.want(order):
            found.append(order)
        if len(found) == meant.limit:
            break
    return found


def _reserved() -> Iterator[Candidate]:
    after: str | None = None
    for _ in range(_PAGES_AT_MOST):
        page = views().listed(
            Candidate,
            ("stage", STAGES[RESERVED]),
            "placed",
            "by_stage",
            after=after,
            limit=MAX_ORDERS,
            wanted=lambda order: order.status == RESERVED,
        )
        yield from (order for _, order in page.items)
        after = page.next
        if after is None:
            return


def _release(request: Request, order_id: str) -> ReleaseResult:
    """Each order has a command id of its own, so that a repeat of the request is one for each of them."""
    own = ids.derived_id("release", request.metadata.command_id, order_id)
    metadata = structs.replace(request.metadata, command_id=own)
    try:
        outcome = execute(
            history(), ORDER, ORDER.stream_id(order_id), Command(ReleaseOrder(clock.now()), metadata)
        )
    except (Conflict, NotFound) as refused:
        return _refusal(order_id, refused)
    return ReleaseResult(order_id, outcome.stream.state.status)


def _refusal(order_id: str, refused: Rejection) -> ReleaseResult:
    return ReleaseResult(order_id, problem=refused.code, detail=refused.message, remedy=refused.remedy)
