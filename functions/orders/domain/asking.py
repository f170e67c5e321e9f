"""The words in which an order asks the other services for something."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from orders.contracts import (
    MAX_LINES_TO_PICK,
    AllocationRequested,
    CaptureRequested,
    LineToAllocate,
    LineToPick,
    PaymentAuthorizationRequested,
    PickingRequested,
    RefundRequested,
    ReleasedLine,
    RequestedLine,
    ReservationReleaseRequested,
    ReservationRequested,
    ShipmentRequested,
    WithdrawnLine,
)
from orders.domain.facts import attempt_id
from orders.domain.order import Line, Order, Return, Shipment
from orders.domain.states import (
    ALLOCATION_TIME,
    AUTHORIZATION_TIME,
    LINE_ALLOCATED,
    LINE_BACKORDERED,
    LINE_PENDING,
    LINE_RELEASED,
    RESERVATION_TIME,
)
from shared.address import Address
from shared.money import Money

_MOST_BYTES_TO_PICK = 100_000
_LINE_BYTES, _PICK_BYTES, _SERIAL_BYTES = 100, 150, 23


def until(at: datetime, time: timedelta) -> str:
    """The moment `time` after `at`."""
    return iso(at + time)


def iso(moment: datetime) -> str:
    """A moment as contracts write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def authorization(order: Order, method: str, at: datetime, attempt: int) -> PaymentAuthorizationRequested:
    """Hold the order's money."""
    return PaymentAuthorizationRequested(
        order_id=order.order_id,
        amount=order.total.amount,
        currency=order.total.currency,
        method=method,
        attempt=attempt,
        deadline=until(at, AUTHORIZATION_TIME),
    )


def reservation(
    order: Order, at: datetime, attempt: int, lines: Sequence[Line] | None = None
) -> ReservationRequested:
    """Promise `lines`, or all that have no answer yet."""
    return ReservationRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        promised_at=order.promised_at or iso(at),
        lines=requested(order.lines_in(LINE_PENDING) if lines is None else lines),
        attempt=attempt,
        deadline=until(at, RESERVATION_TIME),
    )


def allocation(order: Order, lines: Sequence[Line], at: datetime, attempt: int) -> AllocationRequested:
    """Set concrete units aside for `lines`. Inventory knows itself what of them has left."""
    return AllocationRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=tuple(LineToAllocate(line.line_id, line.sku, line.wanted, line.answer) for line in lines),
        deadline=until(at, ALLOCATION_TIME),
        attempt=attempt,
    )


def release(order: Order, lines: Sequence[Line]) -> ReservationReleaseRequested:
    """Let go of the units of `lines`."""
    return ReservationReleaseRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=tuple(ReleasedLine(line.line_id, line.sku) for line in lines),
    )


def fewer(order: Order, line: Line) -> ReservationReleaseRequested:
    """Let go of the units of a line that were given up."""
    given_back = (ReleasedLine(line.line_id, line.sku, line.wanted),)
    return ReservationReleaseRequested(order_id=order.order_id, warehouse=order.warehouse, lines=given_back)


def requested(lines: Sequence[Line]) -> tuple[RequestedLine, ...]:
    """`lines` as those that want stock."""
    return tuple(RequestedLine(line.line_id, line.sku, line.wanted) for line in lines)


def picking(
    order: Order, lines: Iterable[LineToPick], withdrawn: Iterable[WithdrawnLine] = ()
) -> PickingRequested:
    """Pick `lines`, and `withdrawn` ones no more; without any, what is said of the order has changed."""
    return PickingRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        number=order.picking_requests + 1,
        lines=tuple(lines),
        total_lines=order.lines_to_pick,
        priority=order.priority,
        ship_by=order.ship_by,
        carrier_service=order.carrier_service,
        substitutes_allowed=order.substitutes_allowed,
        withdrawn=tuple(withdrawn),
        refused=order.refused,
    )


def to_withdraw(order: Order) -> list[WithdrawnLine]:
    """Lines that picking was asked for, that have lost their units since, and of which it has not been told."""
    if order.is_over or not order.released or order.all_sent:
        return []
    return [
        WithdrawnLine(line.line_id, line.sku, line.requested, line.wanted)
        for line in order.lines_in(LINE_BACKORDERED, LINE_RELEASED)
        if line.requested and line.withdrawn != line.wanted
    ]


def to_pick(order: Order) -> list[LineToPick]:
    """What picking has not been told of and may pick, as much as one request can carry.

    The first request waits until it is known of every line whether it can be picked, and without partial shipments
    until all can. Whatever changes later is told at once.
    """
    if order.is_over or not order.released:
        return []
    waiting = [line for line in order.lines.values() if line.open > 0 and line.status != LINE_ALLOCATED]
    if order.picking_requests == 0 and waiting:
        unanswered = any(line.unanswered for line in waiting)
        if unanswered or not order.partial_shipments:
            return []
    packed = {carton.sscc for one in order.shipments.values() for carton in one.cartons}
    found: list[LineToPick] = []
    size = 0
    for line in order.lines_in(LINE_ALLOCATED):
        picks = tuple(pick for pick in line.picks if pick.holding not in packed)
        if (line.requested >= line.allocation and not line.anew) or not picks:
            continue
        size += _LINE_BYTES + sum(_PICK_BYTES + _SERIAL_BYTES * len(pick.serials) for pick in picks)
        if found and (size > _MOST_BYTES_TO_PICK or len(found) == MAX_LINES_TO_PICK):
            break
        units = sum(pick.units for pick in picks)
        in_all = line.wanted if line.cancelled else 0
        instead_of = order.ordered(line).sku if line.substitute_for else None
        found.append(LineToPick(line.line_id, line.sku, units, line.allocation, picks, in_all, instead_of))
    return found


def shipment(order: Order, one: Shipment, ship_to: Address) -> ShipmentRequested:
    """Label a shipment and let it leave."""
    return ShipmentRequested(
        order_id=order.order_id,
        shipment_id=one.shipment_id,
        warehouse=order.warehouse,
        ship_to=ship_to,
        cartons=one.cartons,
        value=Money(order.value(one), order.total.currency),
        service=order.carrier_service,
        reference=order.reference,
    )


def capture(order: Order, one: Shipment) -> CaptureRequested:
    """Take the money for a shipment that has left."""
    return CaptureRequested(
        order_id=order.order_id,
        capture_id=attempt_id(one.shipment_id, one.tries),
        amount=order.value(one),
        currency=order.total.currency,
    )


def refund(order: Order, one: Return, amount: int) -> RefundRequested:
    """Give the customer money back for a return, as a try of its own."""
    return RefundRequested(
        order_id=order.order_id,
        refund_id=attempt_id(one.return_id, len(one.amounts) + 1),
        amount=amount,
        reason=one.reason,
    )


def refund_again(order: Order, one: Return, attempt: int) -> RefundRequested:
    """The same try once more: it was not answered."""
    return RefundRequested(
        order_id=order.order_id,
        refund_id=attempt_id(one.return_id, attempt),
        amount=one.amounts[attempt - 1],
        reason=one.reason,
    )
