"""Takes the money of what has shipped and gives back that of what came back, as the orders service requests."""

from typing import Any

from payments.conversation import settle
from payments.domain import (
    CURRENCY_DIFFERS,
    EXCEEDS_AUTHORIZED,
    EXCEEDS_CAPTURED,
    NOTHING_HELD,
    PAYMENTS,
    Capture,
    Refund,
    RefuseCapture,
    RefuseRefund,
)
from payments.subscriptions import READS, CaptureRequested, RefundRequested
from shared import codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, Outcome, execute
from shared.envelope import CloudEvent, caused_by
from shared.money import Money
from shared.rejection import Rejection
from shared.resilience import CircuitOpen
from shared.resources import history

FINAL = frozenset({CURRENCY_DIFFERS, EXCEEDS_AUTHORIZED, EXCEEDS_CAPTURED, NOTHING_HELD})
"""Rejections that no later try can change: the order is told. All others let the message come again."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to a batch of requests, one by one: each is a conversation with the provider of its own."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    """Record what is requested, then ask the provider until the payment rests, or is left to the schedule."""
    request = _request(event)
    try:
        outcome = _execute(event, request, "")
    except Rejection as rejection:
        if rejection.code not in FINAL:
            raise
        telemetry.warning("request refused", order_id=request.order_id, code=rejection.code)
        outcome = _execute(event, _refusal(request, rejection.code), "refused")
    try:
        settle(outcome, lambda part: caused_by(event, part))
    except CircuitOpen as error:
        telemetry.warning("left to the schedule", order_id=request.order_id, error=str(error))


def _request(event: CloudEvent) -> Capture | Refund:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case CaptureRequested() as asked:
            return Capture(asked.order_id, asked.capture_id, Money(asked.amount, asked.currency))
        case RefundRequested() as asked:
            return Refund(asked.order_id, asked.refund_id, asked.amount, asked.reason)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} asks for nothing here")


def _refusal(request: Capture | Refund, code: str) -> RefuseCapture | RefuseRefund:
    if isinstance(request, Capture):
        return RefuseCapture(request.order_id, request.capture_id, request.amount, code)
    return RefuseRefund(request.order_id, request.refund_id, request.amount, code)


def _execute(
    event: CloudEvent, payload: Capture | Refund | RefuseCapture | RefuseRefund, part: str
) -> Outcome[Any]:
    command = Command(payload, caused_by(event, part))
    return execute(history(), PAYMENTS, PAYMENTS.stream_id(payload.order_id), command)
