"""Fulfilment: the saga that sees each order through, from payment to allocation."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from orders.aggregates import ORDER
from orders.contracts import Pick
from orders.domain import (
    NoteAbandonedPayment,
    NoteAllocatedLine,
    NoteAuthorization,
    NoteDecline,
    NoteReleasedLine,
    NoteReservedLine,
    NoteUnallocatedLine,
    NoteVoid,
    NoteWaitingLine,
)
from orders.subscriptions import (
    READS,
    LineAllocated,
    LineBroken,
    LineReserved,
    LineShort,
    LineUnallocated,
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentDeclined,
    PaymentVoided,
    ReservationReleased,
)
from shared import clock, codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Carry a batch of answers into the orders that wait for them, each order's in one decision."""
    return react(event, history(), ORDER, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` tells the order it is about."""
    answer: Any = codec.from_json(bytes(event.data), READS[event.type])
    yield Addressed(ORDER.stream_id(answer.order_id), _noted(answer, event.order_in_stream))


def _noted(answer: Any, number: int) -> Struct:
    now = clock.now()
    match answer:
        case PaymentAuthorized():
            return NoteAuthorization(answer.authorization, now)
        case PaymentDeclined():
            return NoteDecline(answer.reason)
        case PaymentAbandoned():
            return NoteAbandonedPayment(answer.reason, now)
        case PaymentVoided():
            return NoteVoid()
        case LineReserved():
            return NoteReservedLine(answer.line_id, number, now)
        case LineShort():
            return NoteWaitingLine(answer.line_id, number, answer.available, now)
        case LineBroken():
            return NoteWaitingLine(answer.line_id, number, 0, now)
        case ReservationReleased():
            return NoteReleasedLine(answer.line_id, number)
        case LineAllocated():
            picks = tuple(Pick(**structs.asdict(pick)) for pick in answer.picks)
            return NoteAllocatedLine(answer.line_id, number, picks, now)
        case LineUnallocated():
            return NoteUnallocatedLine(answer.line_id, number, answer.missing, now)
        case _:
            raise TypeError(f"no order waits for {type(answer).__name__}")
