"""Captures and refunds that people ask for."""

from functools import partial

from msgspec import Struct

from payments.contracts import CaptureId, RefundId, RefundReason
from payments.conversation import settle, take_up
from payments.documents import CaptureDocument, RefundDocument, captures_of, refunds_of
from payments.domain import PAYMENTS, Capture, Payment, Refund
from shared import telemetry
from shared.decider import execute
from shared.events import part_of
from shared.http_edge import Api, Request, Response
from shared.identifiers import OrderId
from shared.money import Currency, Money, PositiveMinorUnits
from shared.rejection import Conflict, NotFound, Unavailable
from shared.resources import history

handler = Api()


class NewCapture(Struct, frozen=True, forbid_unknown_fields=True):
    """Take so much of what is held for the order, once for this `capture_id`."""

    capture_id: CaptureId
    amount: PositiveMinorUnits
    currency: Currency


class NewRefund(Struct, frozen=True, forbid_unknown_fields=True):
    """Give so much of what was captured back, once for this `refund_id`."""

    refund_id: RefundId
    amount: PositiveMinorUnits
    currency: Currency
    reason: RefundReason


@handler.route(
    "POST",
    "/payments/{order_id}/captures",
    scope="payments/write",
    returns=(202, CaptureDocument),
    rejects=(Conflict, NotFound),
)
def capture(request: Request, order_id: OrderId, body: NewCapture) -> Response:
    """Take money that is held for an order. While its status is `asked`, the provider has not answered yet."""
    command = Capture(order_id, body.capture_id, Money(body.amount, body.currency))
    payment = _carried_out(request, order_id, command)
    shown = next(one for one in captures_of(payment) if one.capture_id == body.capture_id)
    return Response(202, shown, {"location": f"/payments/{order_id}"})


@handler.route(
    "POST",
    "/payments/{order_id}/refunds",
    scope="payments/write",
    returns=(202, RefundDocument),
    rejects=(Conflict, NotFound),
)
def refund(request: Request, order_id: OrderId, body: NewRefund) -> Response:
    """Give captured money back. While its status is `asked`, the provider has not answered yet."""
    command = Refund(order_id, body.refund_id, body.amount, body.reason, body.currency)
    payment = _carried_out(request, order_id, command)
    shown = next(one for one in refunds_of(payment) if one.refund_id == body.refund_id)
    return Response(202, shown, {"location": f"/payments/{order_id}"})


def _carried_out(request: Request, order_id: OrderId, payload: Capture | Refund) -> Payment:
    """The payment after `payload` and what the provider has said by now; the schedule takes up the rest.

    What was left without an answer before is taken up first: what can be asked for may depend on it.
    """
    stream_id = PAYMENTS.stream_id(order_id)
    stream = history().load(PAYMENTS, stream_id)
    if not stream.sequence:
        raise NotFound(
            f"No payment was ever asked for order {order_id}.",
            field="order_id",
            value=order_id,
            remedy="Check the id.",
        )
    metadata = partial(part_of, request.metadata)

    try:
        stream = take_up(stream, metadata)
    except Unavailable as error:
        telemetry.warning("answer outstanding", order_id=order_id, error=f"{type(error).__name__}: {error}")
    outcome = execute(history(), PAYMENTS, stream_id, request.command(payload), known=stream)
    try:
        return settle(outcome, metadata).state
    except Unavailable as error:
        telemetry.warning("answer outstanding", order_id=order_id, error=f"{type(error).__name__}: {error}")
        return history().load(PAYMENTS, stream_id).state
