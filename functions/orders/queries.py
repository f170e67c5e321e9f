"""What is known of orders. One order is read from its stream and is exact; the list is a moment behind."""

from heapq import merge
from itertools import islice
from typing import Annotated

from msgspec import Meta, Struct

from orders.aggregates import ORDER
from orders.contracts import Channel, Pick
from orders.domain.states import STATUSES
from orders.views import OrderSummary
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import OrderId
from shared.journal import HistoryEntry, entries
from shared.money import Money
from shared.rejection import NotFound
from shared.resources import history, views
from shared.views import Page

handler = Api()

Status = Annotated[str, Meta(pattern=f"^({'|'.join(STATUSES)})$", description="Where an order stands.")]


class OrderQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which orders, and which page of them."""

    status: Status | None = None
    channel: Channel | None = None


class OrderPage(Struct, frozen=True, omit_defaults=True):
    """Some orders, the latest received first, and the cursor of the next page if there is one."""

    items: list[OrderSummary]
    cursor: str | None = None


class LineDetails(Struct, frozen=True, omit_defaults=True):
    """One line of an order and where it stands: pending, reserved, backordered, allocated or released.

    `picks` are the units that are set aside for it once the order is released, `missing` those that are not found.
    """

    line_id: str
    sku: str
    quantity: int
    unit_price: int
    amount: Money
    status: str
    picks: tuple[Pick, ...] = ()
    missing: int = 0


class PaymentDetails(Struct, frozen=True):
    """Where the order's payment stands, as the order knows it: none, requested, authorized, declined, voided."""

    status: str
    authorization: str = ""


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
        lines=[
            LineDetails(
                line.line_id,
                line.sku,
                line.quantity,
                line.unit_price,
                Money(line.unit_price, order.total.currency).times(line.quantity),
                line.status,
                line.picks,
                line.missing,
            )
            for line in sorted(order.lines.values(), key=lambda line: int(line.line_id))
        ],
        payment=PaymentDetails(order.payment, order.authorization),
        reason=order.reason or None,
        deadline=order.deadline or None,
        correlation_id=commits[0].commands[0].correlation_id,
        history=entries(commits),
    )
    return Response(200, details, version=stream.sequence)


def _pages(query: OrderQuery, after: str | None) -> list[Page[OrderSummary]]:
    """The index pages that hold the wanted orders: one, or one per status when nothing narrows the list."""
    if query.status is None and query.channel is not None:
        return [_page("channel", query.channel, query.limit, after)]
    matching = ("channel", query.channel) if query.channel is not None else None
    statuses = [query.status] if query.status is not None else STATUSES
    return [_page("status", status, query.limit, after, matching) for status in statuses]


def _page(
    attribute: str, value: str, limit: int, after: str | None, matching: tuple[str, str] | None = None
) -> Page[OrderSummary]:
    return views().list(
        OrderSummary,
        (attribute, value),
        "placed",
        index=f"by_{attribute}",
        after=after,
        descending=True,
        limit=limit,
        matching=matching,
    )
