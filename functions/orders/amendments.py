"""Amendments: what people change about an order on its way: address, priority, holds, and how it is paid."""

from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import (
    CaptureRequested,
    HoldKind,
    PaymentMethod,
    PaymentRenewalRequested,
    PlacedHold,
    Priority,
    Reason,
    Reference,
    RefundRequested,
    ShipmentId,
)
from orders.domain.commands import (
    ChangePaymentMethod,
    ChangePriority,
    ChangeShipTo,
    HoldOrder,
    ReleaseHold,
    RetryCaptures,
    RetryRefunds,
)
from orders.domain.order import Order
from shared import clock
from shared.address import Address
from shared.decider import Outcome, execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import OrderId
from shared.money import Currency, PositiveMinorUnits
from shared.rejection import Conflict, NotFound, PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()


class Amended(Struct, frozen=True):
    """Where the order stands, and what of it was changed."""

    order_id: OrderId
    status: str
    ship_to: Address | None
    priority: Priority


class WantedPriority(Struct, frozen=True, forbid_unknown_fields=True):
    """How urgent the order is: 9 goes first, 0 last."""

    priority: Priority


class Hold(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the order is stopped."""

    kind: PlacedHold
    reason: Reason


class HoldReceipt(Struct, frozen=True):
    """Whether that hold stops the order: nothing is released to picking, loaded or dispatched while any does.

    Cartons of the shipments in `left` have left before. Should others leave until the dock hears of the hold, the
    order's history says so, and a person is called.
    """

    order_id: OrderId
    kind: HoldKind
    held: bool
    left: tuple[ShipmentId, ...] = ()


class WantedMethod(Struct, frozen=True, forbid_unknown_fields=True):
    """By what the order is to be paid from now on."""

    method: PaymentMethod


class Renewal(Struct, frozen=True):
    """Money is asked for again. GET /orders/{id} tells what becomes of it."""

    order_id: OrderId
    method: PaymentMethod


class Capture(Struct, frozen=True):
    """Money that is asked for again."""

    capture_id: Reference
    amount: PositiveMinorUnits
    currency: Currency


class Refund(Struct, frozen=True):
    """Money that is to go back once more."""

    refund_id: Reference
    amount: PositiveMinorUnits


class RefundRetry(Struct, frozen=True):
    """What is to go back once more. GET /orders/{id} tells what becomes of it."""

    order_id: OrderId
    refunds: tuple[Refund, ...]


class CaptureRetry(Struct, frozen=True):
    """What is asked for again. GET /orders/{id} tells what becomes of it."""

    order_id: OrderId
    captures: tuple[Capture, ...]


@handler.route(
    "PUT",
    "/orders/{id}/ship-to",
    scope="orders/write",
    returns=(200, Amended),
    rejects=(NotFound, Conflict, PreconditionFailed, Unprocessable),
)
def change_ship_to(request: Request, id: OrderId, body: Address) -> Response:
    """Send an order elsewhere, until it is labelled. That ends a hold for its address."""
    command = request.command(ChangeShipTo(body, clock.now()))
    return _amended(id, execute(history(), ORDER, ORDER.stream_id(id), command))


@handler.route(
    "PUT",
    "/orders/{id}/priority",
    scope="orders/write",
    returns=(200, Amended),
    rejects=(NotFound, Conflict, PreconditionFailed, Unprocessable),
)
def change_priority(request: Request, id: OrderId, body: WantedPriority) -> Response:
    """Make an order more or less urgent, as long as something of it is here."""
    command = request.command(ChangePriority(body.priority, clock.now()))
    return _amended(id, execute(history(), ORDER, ORDER.stream_id(id), command))


@handler.route(
    "POST",
    "/orders/{id}/holds",
    scope="orders/write",
    returns=(200, HoldReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def hold_order(request: Request, id: OrderId, body: Hold) -> Response:
    """Stop an order. It keeps what it has, and may be picked, packed and labelled; nothing of it leaves.

    Holding it twice changes nothing.
    """
    command = request.command(HoldOrder(body.kind, body.reason, clock.now()))
    outcome = execute(history(), ORDER, ORDER.stream_id(id), command)
    left = tuple(one.shipment_id for one in outcome.stream.state.in_shipments if one.gone)
    return Response(200, HoldReceipt(id, body.kind, held=True, left=left), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/orders/{id}/holds/{kind}/release",
    scope="orders/write",
    returns=(200, HoldReceipt),
    rejects=(NotFound, Conflict),
)
def release_hold(request: Request, id: OrderId, kind: HoldKind) -> Response:
    """Let an order go on. What is packed may leave at once; to pick it, release the order.

    Where its money is no longer set aside that is asked for again, and the hold stays until it is.
    """
    command = request.command(ReleaseHold(kind, clock.now()))
    outcome = execute(history(), ORDER, ORDER.stream_id(id), command)
    held = any(isinstance(event, PaymentRenewalRequested) for event in outcome.events)
    return Response(200, HoldReceipt(id, kind, held), replayed=outcome.repeated)


@handler.route(
    "PUT",
    "/orders/{id}/payment-method",
    scope="orders/write",
    returns=(202, Renewal),
    rejects=(NotFound, Conflict, PreconditionFailed, Unprocessable),
)
def change_payment_method(request: Request, id: OrderId, body: WantedMethod) -> Response:
    """Have an order paid by something else when its money is no longer set aside. That may end its hold."""
    execute(history(), ORDER, ORDER.stream_id(id), request.command(ChangePaymentMethod(body.method, clock.now())))
    return Response(202, Renewal(id, body.method))


@handler.route(
    "POST",
    "/orders/{id}/capture-retries",
    scope="orders/supervise",
    returns=(202, CaptureRetry),
    rejects=(NotFound, Conflict),
)
def retry_captures(request: Request, id: OrderId) -> Response:
    """Ask again for the money of shipments that have left and could not be charged."""
    outcome = execute(history(), ORDER, ORDER.stream_id(id), request.command(RetryCaptures(clock.now())))
    captures = tuple(
        Capture(event.capture_id, event.amount, event.currency)
        for event in outcome.events
        if isinstance(event, CaptureRequested)
    )
    return Response(202, CaptureRetry(id, captures), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/orders/{id}/refund-retries",
    scope="orders/supervise",
    returns=(202, RefundRetry),
    rejects=(NotFound, Conflict),
)
def retry_refunds(request: Request, id: OrderId) -> Response:
    """Ask again for the money that should have gone back to the customer, and was declined or came again."""
    outcome = execute(history(), ORDER, ORDER.stream_id(id), request.command(RetryRefunds(clock.now())))
    refunds = tuple(
        Refund(event.refund_id, event.amount) for event in outcome.events if isinstance(event, RefundRequested)
    )
    return Response(202, RefundRetry(id, refunds), replayed=outcome.repeated)


def _amended(order_id: str, outcome: Outcome[Order]) -> Response:
    order = outcome.stream.state
    amended = Amended(order_id, order.status, order.ship_to, order.priority)
    return Response(200, amended, version=outcome.stream.sequence)
