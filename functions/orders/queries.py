"""What is known of orders. One order is read from its stream and is exact; the list is a moment behind."""

from collections.abc import Callable
from functools import partial
from heapq import merge
from itertools import islice
from typing import Annotated, Literal

from msgspec import Meta, Struct

from orders.aggregates import ORDER
from orders.contracts import Carton, Channel, Pick, Replaces, ReturnedLine, UnitsOfLine
from orders.domain.facts import CameBack, Stall
from orders.domain.order import Line, Order, Return, Shipment
from orders.domain.states import STAGES, STATUSES
from orders.views import STALLED, OrderSummary
from shared.address import Address
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import OrderId
from shared.journal import HistoryEntry, entries
from shared.money import Money
from shared.rejection import NotFound
from shared.resources import history, views
from shared.views import Page

handler = Api()

Status = Annotated[str, Meta(pattern=f"^({'|'.join(STATUSES)})$", description="Where an order stands.")]


Attention = Annotated[
    Literal["hold", "payment", "refund"],
    Meta(description="Held orders, or those with money to be taken or to go back that was declined."),
]


class OrderQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which orders, and which page of them."""

    status: Status | None = None
    channel: Channel | None = None
    stalled: Annotated[bool, Meta(description="Those that have stalled, or those that have not.")] | None = None
    attention: Attention | None = None


class OrderPage(Struct, frozen=True, omit_defaults=True):
    """Some orders, the latest received first, and the cursor of the next page if there is one."""

    items: list[OrderSummary]
    cursor: str | None = None


class LineDetails(Struct, frozen=True, omit_defaults=True):
    """One line of an order and where it stands: pending, reserved, backordered, allocated, shipped or released.

    `picks` are the units that are set aside for it once the order is released, `missing` those that are not found,
    `shipped` those that have left, `cancelled` those that never will. `substitute_for` is the line of which it
    replaces units.
    """

    line_id: str
    sku: str
    quantity: int
    unit_price: int
    amount: Money
    status: str
    picks: tuple[Pick, ...] = ()
    missing: int = 0
    shipped: int = 0
    cancelled: int = 0
    substitute_for: str = ""


class PaymentDetails(Struct, frozen=True):
    """Where the order's payment stands: none, requested, authorized, lapsed, declined, voided.

    `captured` was taken for what has left, `refunded` went back, `due` could not be taken, `refund_due` should
    have gone back and did not (in minor units).
    """

    status: str
    authorization: str = ""
    captured: int = 0
    refunded: int = 0
    due: int = 0
    refund_due: int = 0


class OrderShipment(Struct, frozen=True):
    """What of the order leaves together, and where it stands.

    Its status is packed, requested, labelled, label_failed, recalled, partially_dispatched, dispatched, delivered,
    undelivered or withdrawn. `capture` says whether its `value` is taken: requested, captured, declined.
    """

    shipment_id: str
    status: str
    value: Money
    capture: str
    lines: tuple[UnitsOfLine, ...]
    cartons: tuple[Carton, ...]


class OrderReturn(Struct, frozen=True):
    """Goods that come back: authorized, received or closed. Of `due`, `refunded` went back, `declined` not."""

    return_id: str
    status: str
    reason: str
    resolution: str
    lines: tuple[ReturnedLine, ...]
    received: tuple[CameBack, ...]
    due: int
    refunded: int
    declined: int
    replacement_id: str | None = None


class OrderDetails(Struct, frozen=True):
    """An order with everything that is known of it."""

    order_id: OrderId
    status: str
    channel: str
    warehouse: str
    total: Money
    placed_at: str
    lines: list[LineDetails]
    payment: PaymentDetails
    history: list[HistoryEntry]
    correlation_id: str
    reference: str | None = None
    customer: str | None = None
    reason: str | None = None
    deadline: str | None = None
    waiting_for: str | None = None
    stalled: Stall | None = None
    ship_to: Address | None = None
    priority: int = 0
    ship_by: str | None = None
    carrier_service: str | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False
    holds: dict[str, str] = {}
    shipments: tuple[OrderShipment, ...] = ()
    returns: tuple[OrderReturn, ...] = ()
    replaces: Replaces | None = None


@handler.route("GET", "/orders", scope="orders/read", returns=(200, OrderPage))
def list_orders(query: OrderQuery) -> Response:
    """The orders, the latest received first."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    pages = _pages(query, after)
    everything = merge(*(page.items for page in pages), key=lambda item: item[0], reverse=True)
    shown = list(islice(everything, query.limit))
    more = any(page.next for page in pages) or sum(len(page.items) for page in pages) > len(shown)
    last = shown[-1][0] if shown else next((page.next for page in pages if page.next), None)
    if len(pages) == 1 and len(shown) < query.limit:
        last = pages[0].next
    cursor = encode_cursor(last) if more and last else None
    return Response(200, OrderPage([order for _, order in shown], cursor))


@handler.route("GET", "/orders/{id}", scope="orders/read", returns=(200, OrderDetails), rejects=(NotFound,))
def get_order(id: OrderId) -> Response:
    """One order with its lines, amounts, status and full history."""
    stream, commits = history().load_with_commits(ORDER, ORDER.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no order {id!r}.", field="id", value=id, remedy="GET /orders lists those that there are."
        )
    order = stream.state
    details = OrderDetails(
        order_id=order.order_id,
        status=order.status,
        channel=order.channel,
        reference=order.reference,
        customer=order.customer,
        warehouse=order.warehouse,
        total=order.total,
        placed_at=order.placed_at,
        lines=[_line(order, line) for line in sorted(order.lines.values(), key=lambda line: int(line.line_id))],
        payment=PaymentDetails(
            order.payment,
            order.authorization,
            order.captured,
            sum(one.refunded for one in order.returns.values()),
            sum(order.value(one) for one in order.in_debt),
            sum(one.declined for one in order.refunds_due),
        ),
        reason=order.reason or None,
        deadline=order.deadline or None,
        waiting_for=order.waiting_for or None,
        stalled=order.stalled,
        ship_to=order.ship_to,
        priority=order.priority,
        ship_by=order.ship_by,
        carrier_service=order.carrier_service,
        partial_shipments=order.partial_shipments,
        substitutes_allowed=order.substitutes_allowed,
        holds=dict(sorted(order.holds.items())),
        shipments=tuple(_shipment(order, one) for one in order.in_shipments),
        returns=tuple(_return(order.returns[key]) for key in sorted(order.returns)),
        replaces=order.replaces,
        correlation_id=commits[0].commands[0].correlation_id,
        history=entries(commits),
    )
    return Response(200, details, version=stream.sequence)


def _line(order: Order, line: Line) -> LineDetails:
    return LineDetails(
        line.line_id,
        line.sku,
        line.quantity,
        line.unit_price,
        Money(line.unit_price, order.total.currency).times(line.quantity),
        line.status,
        line.picks,
        line.missing,
        line.shipped,
        line.cancelled,
        line.substitute_for,
    )


def _shipment(order: Order, one: Shipment) -> OrderShipment:
    value = Money(order.value(one), order.total.currency)
    return OrderShipment(one.shipment_id, one.status, value, one.capture, one.lines, one.cartons)


def _return(one: Return) -> OrderReturn:
    return OrderReturn(
        one.return_id,
        one.status,
        one.reason,
        one.resolution,
        one.lines,
        one.received,
        one.due,
        one.refunded,
        one.declined,
        one.replacement_id or None,
    )


def _pages(query: OrderQuery, after: str | None) -> list[Page[OrderSummary]]:
    """The index pages that hold the wanted orders: one, or one per stage when nothing narrows the list."""
    wanted = partial(_is_wanted, query)
    if query.stalled or query.attention is not None:
        return [_page("stalled", STALLED, query.limit, after, wanted)]
    if query.status is not None:
        return [_page("stage", STAGES[query.status], query.limit, after, wanted)]
    listed = None if query.stalled is None else wanted
    if query.channel is not None:
        return [_page("channel", query.channel, query.limit, after, listed)]
    return [_page("stage", stage, query.limit, after, listed) for stage in dict.fromkeys(STAGES.values())]


def _is_wanted(query: OrderQuery, order: OrderSummary) -> bool:
    return (
        query.status in (None, order.status)
        and query.channel in (None, order.channel)
        and query.stalled in (None, order.stalled is not None)
        and _has(query.attention, order)
    )


def _has(attention: Attention | None, order: OrderSummary) -> bool:
    match attention:
        case "hold":
            return bool(order.holds)
        case "payment":
            return bool(order.payment_due)
        case "refund":
            return bool(order.refund_due)
        case None:
            return True


def _page(
    attribute: str,
    value: str,
    limit: int,
    after: str | None,
    wanted: Callable[[OrderSummary], bool] | None,
) -> Page[OrderSummary]:
    return views().listed(
        OrderSummary,
        (attribute, value),
        "placed",
        f"by_{attribute}",
        after=after,
        descending=True,
        limit=limit,
        wanted=wanted,
    )
