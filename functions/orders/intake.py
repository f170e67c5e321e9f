"""Intake: takes customers' orders, their cancellations, and the word that they are to be picked."""

from typing import Annotated

from msgspec import Meta, Struct

from orders.aggregates import ORDER
from orders.assortment import unknown
from orders.contracts import (
    MAX_LINES,
    NORMAL_PRIORITY,
    AllocationRequested,
    CancellationStarted,
    CarrierService,
    Channel,
    CustomerReference,
    OrderLine,
    OrderPlaced,
    PaymentMethod,
    Priority,
    Reason,
    Reference,
)
from orders.domain.commands import CancelOrder, PlaceOrder, ReleaseOrder
from orders.domain.order import Order
from orders.domain.states import ALLOCATING, CANCELLING, PLACED
from shared import clock
from shared.address import Address
from shared.decider import Outcome, execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, OrderId, Sku, Timestamp, WarehouseCode
from shared.money import Currency, MinorUnits, Money
from shared.quantity import Quantity
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()


class WantedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a product at a price each, in the currency's minor units."""

    sku: Sku
    quantity: Quantity
    unit_price: MinorUnits


class MeansOfPayment(Struct, frozen=True, forbid_unknown_fields=True):
    """The payment provider's token for the customer's means of payment."""

    method: PaymentMethod


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """An order as a channel hands it in.

    `reference` and `customer` are the channel's own numbers (never a name or an address); `placed_at` is when
    the channel took the order (left out: now). `ship_to` may follow until the first label is made. With
    `partial_shipments` what is there goes first; without, the order waits until all of it is packed.
    """

    channel: Channel
    currency: Currency
    payment: MeansOfPayment
    lines: Annotated[tuple[WantedLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    reference: Reference | None = None
    customer: CustomerReference | None = None
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    placed_at: Timestamp | None = None
    ship_to: Address | None = None
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False


class OrderReceipt(Struct, frozen=True):
    """The order is taken: it will be neither lost nor doubled. GET /orders/{id} tells how it goes on."""

    order_id: OrderId
    status: str
    total: Money
    received_at: Timestamp


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the order is given up."""

    reason: Reason


class CancellationReceipt(Struct, frozen=True):
    """Where the order stands: `cancelling` until its stock and money are free, then `cancelled`."""

    order_id: OrderId
    status: str
    reason: str


class ReleaseReceipt(Struct, frozen=True):
    """Where the order stands: `allocating` until every line has concrete units, then `allocated`."""

    order_id: OrderId
    status: str


@handler.route(
    "POST", "/orders", scope="orders/write", returns=(201, OrderReceipt), rejects=(Conflict, Unprocessable)
)
def place_order(request: Request, body: NewOrder) -> Response:
    """Take an order. Payment and reservation follow on their own."""
    _require_known_skus(body.lines)
    now = clock.now()
    order_id = request.created_id()
    command = PlaceOrder(
        order_id=order_id,
        channel=body.channel,
        reference=body.reference,
        customer=body.customer,
        warehouse=body.warehouse,
        currency=body.currency,
        method=body.payment.method,
        placed_at=body.placed_at or clock.iso(now),
        lines=tuple(
            OrderLine(str(number), line.sku, line.quantity, line.unit_price)
            for number, line in enumerate(body.lines, start=1)
        ),
        at=now,
        ship_to=body.ship_to,
        priority=body.priority,
        ship_by=body.ship_by,
        carrier_service=body.carrier_service,
        partial_shipments=body.partial_shipments,
        substitutes_allowed=body.substitutes_allowed,
    )
    outcome = execute(history(), ORDER, ORDER.stream_id(order_id), request.command(command))
    placed = next(event for event in outcome.events if isinstance(event, OrderPlaced))
    receipt = OrderReceipt(order_id, PLACED, placed.total, outcome.recorded_at)
    return Response(201, receipt, {"location": f"/orders/{order_id}"}, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/orders/{id}/cancellation",
    scope="orders/write",
    returns=(202, CancellationReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def cancel_order(request: Request, id: OrderId, body: Cancellation) -> Response:
    """Give an order up. Its stock is released and its money freed; cancelling twice changes nothing."""
    command = request.command(CancelOrder(body.reason, clock.now()))
    outcome = execute(history(), ORDER, ORDER.stream_id(id), command)
    return Response(202, _cancellation_receipt(id, outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/orders/{id}/release",
    scope="orders/write",
    returns=(202, ReleaseReceipt),
    rejects=(NotFound, Conflict),
)
def release_order(request: Request, id: OrderId) -> Response:
    """Release a reserved order to picking: concrete units are set aside. Releasing twice changes nothing."""
    outcome = execute(history(), ORDER, ORDER.stream_id(id), request.command(ReleaseOrder(clock.now())))
    now = any(isinstance(event, AllocationRequested) for event in outcome.events)
    status = ALLOCATING if now else outcome.stream.state.status
    return Response(202, ReleaseReceipt(id, status), replayed=outcome.repeated)


def _cancellation_receipt(order_id: str, outcome: Outcome[Order]) -> CancellationReceipt:
    for event in outcome.events:
        if isinstance(event, CancellationStarted):
            return CancellationReceipt(order_id, CANCELLING, event.reason)
    return CancellationReceipt(order_id, outcome.stream.state.status, outcome.stream.state.reason)


def _require_known_skus(lines: tuple[WantedLine, ...]) -> None:
    missing = unknown({line.sku for line in lines})
    for index, line in enumerate(lines):
        if line.sku in missing:
            raise Unprocessable(
                f"There is no product {line.sku!r}.",
                field=f"lines[{index}].sku",
                value=line.sku,
                remedy="Register it first (PUT /inventory/products/{sku}), or correct the SKU.",
                code="unknown-sku",
            )
