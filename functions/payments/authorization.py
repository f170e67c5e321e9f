"""Asks the payment provider to hold an order's money, and to let go of it, as the orders service requests."""

from functools import cache
from typing import Any

from msgspec import Struct

from payments.domain import (
    PAYMENTS,
    AuthorizationDue,
    Authorize,
    Payment,
    RecordAuthorization,
    RecordAuthorizationTimeout,
    RecordDecline,
    RecordVoid,
    RecordVoidTimeout,
    Void,
    VoidDue,
    due,
)
from payments.provider import (
    Authorized,
    Declined,
    PaymentProvider,
    ProviderTimeout,
    authorization_key,
    void_key,
)
from payments.sandbox import Sandbox
from payments.subscriptions import READS, PaymentAuthorizationRequested, PaymentVoidRequested
from shared import aws, codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.environment import MisconfiguredError, required
from shared.event_store import Stream
from shared.money import Money
from shared.rejection import Unavailable
from shared.resources import history


class OutcomeUnknown(Unavailable):
    """The provider did not answer, and that is recorded: the message has to come again."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to a batch of requests, one by one: each is a conversation with the provider of its own."""
    return react_each(event, _react)


@cache
def provider() -> PaymentProvider:
    """The payment provider that the environment names."""
    match required("payment_provider"):
        case "sandbox":
            return Sandbox(aws.dynamodb(), required("sandbox_ledger_table"))
        case unknown:
            raise MisconfiguredError(f"environment: PAYMENT_PROVIDER {unknown!r} is unknown; there is 'sandbox'")


def _react(event: CloudEvent) -> None:
    """Record what is requested, then ask the provider until the payment rests.

    What to ask comes from the stream alone, so any message of an order also takes up what a dead worker has left.
    """
    request = _request(event)
    stream = _record(event, request.order_id, request)
    while (step := due(stream.state)) is not None:
        answer = _ask(step)
        telemetry.info(
            "provider asked",
            order_id=step.order_id,
            step=type(step).__name__,
            attempt=step.attempt,
            answer=type(answer).__name__,
        )
        stream = _record(event, request.order_id, answer, _part(answer), known=stream)
        if isinstance(answer, _TIMEOUTS) and type(due(stream.state)) is type(step):
            raise OutcomeUnknown(f"no answer to attempt {step.attempt} of {type(step).__name__}")


def _request(event: CloudEvent) -> Authorize | Void:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case PaymentAuthorizationRequested() as asked:
            if asked.attempt > 1:
                telemetry.warning("asked again", order_id=asked.order_id, attempt=asked.attempt)
            return Authorize(asked.order_id, Money(asked.amount, asked.currency), asked.method)
        case PaymentVoidRequested() as asked:
            return Void(asked.order_id, asked.reason)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} asks for nothing here")


Answer = RecordAuthorization | RecordDecline | RecordAuthorizationTimeout | RecordVoid | RecordVoidTimeout
_TIMEOUTS = (RecordAuthorizationTimeout, RecordVoidTimeout)


def _ask(step: AuthorizationDue | VoidDue) -> Answer:
    """Put `step` to the provider, always under the order's own key; what is to be recorded of its answer."""
    key = authorization_key(step.order_id)
    match step:
        case AuthorizationDue():
            try:
                answer = provider().authorize(key, step.amount, step.method)
            except ProviderTimeout:
                return RecordAuthorizationTimeout(step.attempt)
            match answer:
                case Authorized(authorization):
                    return RecordAuthorization(authorization)
                case Declined(reason):
                    return RecordDecline(reason)
        case VoidDue():
            try:
                provider().void(void_key(step.order_id), key)
            except ProviderTimeout:
                return RecordVoidTimeout(step.attempt)
            return RecordVoid()


def _part(answer: Answer) -> str:
    """Tells the answers to one message apart: each attempt is recorded once, however often it is delivered."""
    attempt = f"/{answer.attempt}" if isinstance(answer, _TIMEOUTS) else ""
    return f"{type(answer).__name__}{attempt}"


def _record(
    event: CloudEvent, order_id: str, payload: Struct, part: str = "", known: Stream[Payment] | None = None
) -> Stream[Payment]:
    command = Command(payload, caused_by(event, part))
    return execute(history(), PAYMENTS, PAYMENTS.stream_id(order_id), command, known=known).stream
