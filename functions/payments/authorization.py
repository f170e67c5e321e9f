"""Asks the payment provider to hold an order's money (again), and to let go of it, as orders requests."""

from functools import partial
from typing import Any

from payments.conversation import park, settle
from payments.domain import PAYMENTS, Authorize, Renew, Void
from payments.subscriptions import (
    READS,
    PaymentAuthorizationRequested,
    PaymentRenewalRequested,
    PaymentVoidRequested,
)
from shared import codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.money import Money
from shared.resilience import CircuitOpen
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to a batch of requests, one by one: each is a conversation with the provider of its own."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    """Record what is requested, then ask the provider until the payment rests, or is left to the schedule."""
    request = _request(event)
    command = Command(request, caused_by(event))
    outcome = execute(history(), PAYMENTS, PAYMENTS.stream_id(request.order_id), command)
    try:
        settle(outcome, partial(caused_by, event))
    except CircuitOpen as error:
        park(outcome.stream.id, caused_by(event, "parked"))
        telemetry.warning("left to the schedule", order_id=request.order_id, error=str(error))


def _request(event: CloudEvent) -> Authorize | Renew | Void:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case PaymentAuthorizationRequested() as asked:
            if asked.attempt > 1:
                telemetry.warning("asked again", order_id=asked.order_id, attempt=asked.attempt)
            return Authorize(asked.order_id, Money(asked.amount, asked.currency), asked.method)
        case PaymentRenewalRequested() as asked:
            return Renew(asked.order_id, asked.method or "")
        case PaymentVoidRequested() as asked:
            return Void(asked.order_id, asked.reason)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} asks for nothing here")
