"""Fulfilment: the saga that sees each order through, from payment to delivery, and back."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from orders.aggregates import ORDER
from orders.contracts import Carton, Pick, UnitsOfLine
from orders.domain.asking import to_pick
from orders.domain.commands import (
    NoteAbandonedPayment,
    NoteAllocatedLine,
    NoteAuthorization,
    NoteCapture,
    NoteDecline,
    NoteDeclinedCapture,
    NoteDelayedPayment,
    NoteDelivery,
    NoteDispatch,
    NoteFailedDelivery,
    NoteFailedLabels,
    NoteKeptCarton,
    NoteLabels,
    NoteLapse,
    NotePacked,
    NotePicked,
    NotePickingStarted,
    NoteRecalledCarton,
    NoteRefund,
    NoteReleasedLine,
    NoteRenewal,
    NoteReservedLine,
    NoteReturn,
    NoteUnallocatedLine,
    NoteVoid,
    NoteVoidedLabels,
    NoteWaitingLine,
    RequestPicking,
)
from orders.domain.facts import CameBack
from orders.domain.order import Order
from orders.stalls import call_for_somebody
from orders.subscriptions import (
    READS,
    CaptureDeclined,
    CartonKept,
    CartonRecalled,
    DeliveryFailed,
    LabelFailed,
    LineAllocated,
    LineBroken,
    LineReserved,
    LineShort,
    LineUnallocated,
    OrderPacked,
    OrderPicked,
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentDelayed,
    PaymentReauthorized,
    PaymentRefunded,
    PaymentVoided,
    PickingStarted,
    ReauthorizationDeclined,
    RefundDeclined,
    ReservationReleased,
    ReturnReceived,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLabelled,
    ShipmentVoided,
)
from shared import clock, codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.event_store import Stream
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Carry a batch of answers into the orders that wait for them, each order's in one decision."""
    return react(event, history(), ORDER, commands, follow_up=_what_is_left, noticed=call_for_somebody)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` tells the order it is about."""
    answer: Any = codec.from_json(bytes(event.data), READS[event.type])
    yield Addressed(ORDER.stream_id(answer.order_id), _noted(answer, event.order_in_stream))


def _what_is_left(stream: Stream[Order]) -> Struct | None:
    """A large order asks for its picks in several decisions."""
    return RequestPicking(clock.now()) if to_pick(stream.state) else None


def _noted(answer: Any, number: int) -> Struct:
    now = clock.now()
    match answer:
        case PaymentAuthorized():
            return NoteAuthorization(answer.authorization, now)
        case PaymentDeclined():
            return NoteDecline(answer.reason, now)
        case PaymentDelayed():
            return NoteDelayedPayment(now)
        case PaymentAbandoned():
            return NoteAbandonedPayment(answer.reason, now)
        case PaymentReauthorized():
            return NoteRenewal(number, now)
        case ReauthorizationDeclined():
            return NoteLapse(number, answer.reason, now)
        case PaymentVoided():
            return NoteVoid(now)
        case PaymentCaptured():
            return NoteCapture(answer.capture_id, answer.amount, now)
        case CaptureDeclined():
            return NoteDeclinedCapture(answer.capture_id, answer.reason, now)
        case PaymentRefunded() | RefundDeclined():
            declined = isinstance(answer, RefundDeclined)
            return NoteRefund(answer.refund_id, answer.number, answer.amount, declined, now, number)
        case LineReserved():
            return NoteReservedLine(answer.line_id, number, now)
        case LineShort():
            return NoteWaitingLine(answer.line_id, number, answer.available, now)
        case LineBroken():
            return NoteWaitingLine(answer.line_id, number, 0, now)
        case ReservationReleased():
            return NoteReleasedLine(answer.line_id, number, now, answer.keeps)
        case LineAllocated():
            picks = tuple(Pick(**structs.asdict(pick)) for pick in answer.picks)
            return NoteAllocatedLine(answer.line_id, number, picks, now, answer.quantity)
        case LineUnallocated():
            return NoteUnallocatedLine(answer.line_id, number, answer.missing, now, answer.quantity)
        case _:
            return _on_its_way(answer, number)


def _on_its_way(answer: Any, number: int) -> Struct:
    now = clock.now()
    match answer:
        case PickingStarted():
            return NotePickingStarted(now)
        case OrderPicked():
            return NotePicked(bool(answer.lines), now, answer.number)
        case OrderPacked():
            cartons = tuple(Carton(**structs.asdict(carton)) for carton in answer.cartons)
            lines = tuple(UnitsOfLine(**structs.asdict(line)) for line in answer.lines)
            return NotePacked(answer.shipment_id, cartons, lines, now)
        case ShipmentLabelled():
            return NoteLabels(answer.shipment_id, number, now)
        case LabelFailed():
            return NoteFailedLabels(answer.shipment_id, number, answer.reason, answer.permanent, now)
        case ShipmentVoided():
            return NoteVoidedLabels(answer.shipment_id, number, now)
        case CartonRecalled():
            inside = tuple(UnitsOfLine(**structs.asdict(line)) for line in answer.lines)
            return NoteRecalledCarton(
                answer.shipment_id, answer.holding, answer.sku, answer.lot, answer.reason, now, inside
            )
        case CartonKept():
            return NoteKeptCarton(answer.shipment_id, answer.sscc, now)
        case ShipmentDispatched():
            return NoteDispatch(answer.shipment_id, answer.cartons, answer.dispatched_at, now)
        case ShipmentDelivered():
            return NoteDelivery(answer.shipment_id, answer.delivered_at, now)
        case DeliveryFailed():
            return NoteFailedDelivery(answer.shipment_id, answer.returned, now)
        case ReturnReceived():
            back = tuple(CameBack(**structs.asdict(line)) for line in answer.lines)
            return NoteReturn(answer.return_id, back, now)
        case _:
            raise TypeError(f"no order waits for {type(answer).__name__}")
