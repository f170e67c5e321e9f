"""The conversation with the payment provider: asks what is due, records the answer, until the payment rests.

What to ask comes from the stream alone, so whoever talks about an order also takes up what a dead worker has left.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from payments.domain import (
    PATIENCE,
    PAYMENTS,
    AuthorizationAsked,
    AuthorizationDue,
    CaptureAsked,
    CaptureDue,
    Park,
    Payment,
    ReauthorizationAsked,
    RecordAuthorization,
    RecordAuthorizationTimeout,
    RecordCapture,
    RecordCaptureDecline,
    RecordCaptureTimeout,
    RecordDecline,
    RecordLapse,
    RecordRefund,
    RecordRefundDecline,
    RecordRefundTimeout,
    RecordVoid,
    RecordVoidTimeout,
    RefundAsked,
    RefundDue,
    Step,
    VoidDue,
    due,
)
from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    Lapsed,
    PaymentProvider,
    ProviderTimeout,
    Refunded,
    authorization_key,
    capture_key,
    refund_key,
    void_key,
)
from payments.providers import provider
from shared import clock, telemetry
from shared.decider import Command, Outcome, execute
from shared.event_store import Stream
from shared.events import CommandMetadata, Event
from shared.money import Money
from shared.rejection import Unavailable
from shared.resources import history

KEYS_REMEMBERED_FOR = timedelta(hours=12)
"""So long every provider surely knows an idempotency key: what is older or was asked often is looked up first."""

Answer = (
    RecordAuthorization
    | RecordDecline
    | RecordAuthorizationTimeout
    | RecordCapture
    | RecordCaptureDecline
    | RecordCaptureTimeout
    | RecordLapse
    | RecordRefund
    | RecordRefundDecline
    | RecordRefundTimeout
    | RecordVoid
    | RecordVoidTimeout
)
_AS_HOPED = (RecordAuthorization, RecordCapture, RecordRefund, RecordVoid)
"""What is as it should be, nearly always: the payment's history says it, and the log where somebody debugs."""
_TIMEOUTS = (RecordAuthorizationTimeout, RecordCaptureTimeout, RecordRefundTimeout, RecordVoidTimeout)

Metadata = Callable[[str], CommandMetadata]
"""Who asks, and why: the metadata of the command that records an answer, by a name that tells answers apart."""


class OutcomeUnknown(Unavailable):
    """The provider did not answer, and that is recorded: the payment has to be taken up again."""


def settle(outcome: Outcome[Payment], metadata: Metadata) -> Stream[Payment]:
    """Ask the provider until the payment rests. `outcome` is that of the command that has begun it.

    Raises OutcomeUnknown, or another Unavailable when the provider cannot be asked now: what is due stays due. A
    step without an answer to PATIENCE tries raises nothing: it waits for the schedule, which finds what is due.
    """
    return take_up(outcome.stream, metadata, frozenset(_intents(outcome)))


def take_up(stream: Stream[Payment], metadata: Metadata, fresh: frozenset[str] = frozenset()) -> Stream[Payment]:
    """The same for a payment as it was found; `fresh` is what nobody else can have asked the provider yet."""
    while (step := due(stream.state)) is not None:
        subject = _subject(step)
        answer = _ask(step, stream, known=subject in fresh)
        say = telemetry.debug if step.attempt == 1 and isinstance(answer, _AS_HOPED) else telemetry.info
        say(
            "provider asked",
            order_id=step.order_id,
            step=subject,
            attempt=step.attempt,
            answer=type(answer).__name__,
        )
        attempt = f"/{step.attempt}" if isinstance(answer, _TIMEOUTS) else ""
        command = Command(answer, metadata(f"{subject}/{type(answer).__name__}{attempt}"))
        recorded = execute(history(), PAYMENTS, stream.id, command, known=stream)
        stream = recorded.stream
        fresh = fresh.union(_intents(recorded)) - {subject}
        following = due(stream.state)
        asked_again = following is not None and _subject(following) == subject
        if asked_again and (isinstance(answer, _TIMEOUTS) or following == step):
            if step.attempt >= PATIENCE:
                telemetry.warning(
                    "left to the schedule", order_id=step.order_id, step=subject, attempts=step.attempt
                )
                return stream
            raise OutcomeUnknown(f"no answer to attempt {step.attempt} of {subject}")
    return stream


def park(stream_id: str, metadata: CommandMetadata) -> None:
    """Say of an order whose authorization is due that it waits, while nobody asks the provider."""
    execute(history(), PAYMENTS, stream_id, Command(Park(), metadata))


def _subject(step: Step) -> str:
    """What a step is about, whichever attempt it is."""
    match step:
        case AuthorizationDue(number=number):
            return f"authorization/{number}"
        case CaptureDue(capture_id=capture_id, number=number):
            return f"capture/{number}/{capture_id}"
        case RefundDue(refund_id=refund_id, number=number):
            return f"refund/{number}/{refund_id}"
        case VoidDue(number=number):
            return f"void/{number}"


def _intents(outcome: Outcome[Payment]) -> Iterator[str]:
    """What nobody can have asked the provider yet, because it was recorded just now."""
    events: Iterable[Event] = () if outcome.repeated else outcome.events
    for event in events:
        match event:
            case AuthorizationAsked():
                yield "authorization/1"
            case ReauthorizationAsked(number=number):
                yield f"authorization/{number}"
            case CaptureAsked(capture_id=capture_id):
                yield f"capture/{outcome.stream.state.number}/{capture_id}"
            case RefundAsked(refund_id=refund_id, shares=shares):
                yield from (f"refund/{share.number}/{refund_id}" for share in shares)


def _ask(step: Step, stream: Stream[Payment], *, known: bool) -> Answer:
    """Put `step` to the provider; what is to be recorded of its answer.

    `known`: nobody has asked it before. Otherwise the provider is first asked what has become of it.
    """
    payment = stream.state
    match step:
        case AuthorizationDue():
            old = payment.attempts >= PATIENCE or _older(stream, KEYS_REMEMBERED_FOR)
            return _authorize(step, payment, old=old and not known)
        case CaptureDue():
            return _capture(step, payment, known=known)
        case RefundDue():
            return _refund(step, payment, known=known)
        case VoidDue(order_id=order_id, number=number):
            try:
                provider().void(void_key(order_id, number), _hold(payment, number))
            except ProviderTimeout:
                return RecordVoidTimeout(step.attempt)
            return RecordVoid(number)


def _authorize(step: AuthorizationDue, payment: Payment, *, old: bool) -> Answer:
    at, hold = provider(), _hold(payment, step.number)
    try:
        answer = (at.find_authorization(hold) if old else None) or at.authorize(hold)
    except ProviderTimeout:
        return RecordAuthorizationTimeout(step.attempt, step.number)
    match answer:
        case Authorized(authorization, expires_at):
            return RecordAuthorization(authorization, expires_at, step.number)
        case Declined(reason):
            return RecordDecline(reason, step.number)


def _capture(step: CaptureDue, payment: Payment, *, known: bool) -> Answer:
    key, hold = capture_key(step.order_id, step.capture_id, step.number), _hold(payment, step.number)
    try:
        answer = _captured(provider(), key, hold, step.amount, known=known)
    except ProviderTimeout:
        return RecordCaptureTimeout(step.capture_id, step.attempt)
    match answer:
        case Captured(reference, holds_rest):
            return RecordCapture(step.capture_id, reference, holds_rest)
        case Declined(reason):
            return RecordCaptureDecline(step.capture_id, reason)
        case Lapsed():
            return RecordLapse(step.number)


def _captured(
    at: PaymentProvider, key: str, hold: Hold, amount: Money, *, known: bool
) -> Captured | Declined | Lapsed:
    found = None if known else at.find_capture(key, hold)
    return found or at.capture(key, hold, amount)


def _refund(step: RefundDue, payment: Payment, *, known: bool) -> Answer:
    key, hold = refund_key(step.order_id, step.refund_id, step.number), _hold(payment, step.number)
    at = provider()
    try:
        answer = (None if known else at.find_refund(key, hold)) or at.refund(key, hold, step.amount)
    except ProviderTimeout:
        return RecordRefundTimeout(step.refund_id, step.attempt)
    match answer:
        case Refunded(reference):
            return RecordRefund(step.refund_id, step.number, reference)
        case Declined(reason):
            return RecordRefundDecline(step.refund_id, step.number, reason)


def _hold(payment: Payment, number: int) -> Hold:
    return Hold(
        authorization_key(payment.order_id, number),
        payment.order_id,
        Money(payment.asking, payment.currency),
        payment.pays_by,
        payment.reference(number),
    )


def _older(stream: Stream[Payment], age: timedelta) -> bool:
    """Whether the stream's latest commit is older than `age`."""
    return bool(stream.recorded_at) and clock.now() - datetime.fromisoformat(stream.recorded_at) > age
