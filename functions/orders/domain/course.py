"""What follows from the facts that an order knows: where it stands, what it waits for, and what it asks for next.

Nothing here depends on which fact came first. Each step looks at what is known and asks for what has not been
asked for, so facts that come twice, late or out of order lead to the same order.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

from msgspec import structs

from orders.contracts import (
    MAX_REASON,
    AllocationDelayed,
    CancellationRefused,
    Held,
    HoldKind,
    OrderAllocated,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderLine,
    PaymentVoidRequested,
    RemainderCancelled,
    ReplacementRequested,
    ReplacementUndone,
    ShipmentCancellationRequested,
    ShipmentHoldsChanged,
    ShipmentRefused,
    UnitsOfLine,
    UnpackingRequested,
)
from orders.domain import asking
from orders.domain.asking import iso, until
from orders.domain.facts import OrderAdvanced, OrderHeld, ShipmentReduced, ShipmentWithdrawn
from orders.domain.order import Line, Order, Return, evolve
from orders.domain.states import (
    ALLOCATED,
    ALLOCATING,
    BACKORDERED,
    CANCELLED,
    CANCELLING,
    CAPTURE_DECLINED,
    CAPTURE_REQUESTED,
    CLAIMING,
    CLOSED,
    DELIVERED,
    DISPATCHED,
    LABEL_MADE,
    LABELLED,
    LINE_ALLOCATED,
    LINE_BACKORDERED,
    LINE_PENDING,
    LINE_RESERVED,
    PACKED,
    PARTIALLY_DISPATCHED,
    PAYMENT_AUTHORIZED,
    PICKED,
    PICKING,
    RETURN_AUTHORIZED,
    RETURN_RECEIVED,
    TIMES,
    WAIT_ALLOCATION,
    WAIT_CAPTURE,
    WAIT_COLLECTION,
    WAIT_DEBT,
    WAIT_DELIVERY,
    WAIT_HOLD,
    WAIT_LABELS,
    WAIT_LOADING,
    WAIT_PACKING,
    WAIT_PARCELS,
    WAIT_PICKING,
    WAIT_REFUND,
    WAIT_REFUND_DUE,
    WAIT_REST,
    WAIT_RETURN,
    WAIT_STOCK,
)
from shared import ids
from shared.events import Event
from shared.money import Money

NO_ADDRESS = "no address to send to"
KINDS_OF_HOLDS: tuple[HoldKind, ...] = get_args(HoldKind)


def consequences(order: Order, at: datetime) -> Iterator[Event]:
    """Everything that the facts ask for and that has not been asked for."""
    steps = (
        _recalls,
        _cancellation,
        _refusals,
        _picking,
        _shipments,
        _holds,
        _captures,
        _surplus,
        _returns,
        _undone,
        _closing,
        _advance,
        _over,
    )
    for step in steps:
        for event in step(order, at):
            yield event
            order = evolve(order, event)


def standing(order: Order) -> str:
    """Where the order as a whole stands. Of several shipments that are still here, the last one counts."""
    if order.is_over or order.status == CLOSED or not order.released:
        return order.status
    sent = order.sent
    if sent and order.all_sent:
        return DELIVERED if all(map(order.has_arrived, sent)) else DISPATCHED
    if sent:
        return PARTIALLY_DISPATCHED
    if packed := order.standing_packed:
        return LABELLED if all(one.label == LABEL_MADE for one in packed) else PACKED
    if order.picking_ended:
        return PICKED
    if order.picking_begun and order.lines_in(LINE_ALLOCATED):
        return PICKING
    return _before_picking(order)


def _before_picking(order: Order) -> str:
    if order.lines_in(LINE_BACKORDERED):
        return BACKORDERED
    unallocated = order.lines_in(LINE_PENDING, LINE_RESERVED)
    if not unallocated:
        return ALLOCATED
    first = (
        order.partial_shipments and order.lines_in(LINE_ALLOCATED) and all(line.missing for line in unallocated)
    )
    return ALLOCATED if first else ALLOCATING


_WAITS = {
    BACKORDERED: WAIT_STOCK,
    ALLOCATING: WAIT_ALLOCATION,
    ALLOCATED: WAIT_PICKING,
    PICKING: WAIT_COLLECTION,
    PICKED: WAIT_PACKING,
}


def waiting(order: Order, status: str) -> str:
    """What an order that stands at `status` waits for first; nothing when there is nothing to wait for."""
    if any(one.outstanding for one in order.returns.values()):
        return WAIT_REFUND
    if any(one.capture == CAPTURE_REQUESTED for one in order.sent):
        return WAIT_CAPTURE
    if status in _WAITS:
        return _WAITS[status]
    if any(one.label != LABEL_MADE for one in order.undecided) and not order.holds:
        return WAIT_LABELS
    if (order.leaving or order.undecided) and not (order.holds and order.standing_packed):
        return WAIT_LOADING
    if order.standing_packed:
        return WAIT_HOLD if order.holds else WAIT_REST
    if order.in_debt:
        return WAIT_DEBT
    if order.refunds_due:
        return WAIT_REFUND_DUE
    if any(not (one.delivered or one.ended) for one in order.sent):
        return WAIT_DELIVERY
    returning = any(one.status == RETURN_AUTHORIZED for one in order.returns.values())
    if not all(map(order.has_arrived, order.sent)):
        return WAIT_RETURN if returning else WAIT_PARCELS
    if status == PARTIALLY_DISPATCHED:
        return WAIT_REST
    return WAIT_RETURN if returning else ""


def unanswered(order: Order) -> Iterator[Event]:
    """What the order has asked for and is still to be answered, asked again."""
    match order.waiting_for:
        case "labels" if order.ship_to is not None:
            for one in order.undecided:
                if one.label != LABEL_MADE:
                    yield asking.shipment(order, one, order.ship_to)
        case "capture":
            for one in order.sent:
                if one.capture == CAPTURE_REQUESTED:
                    yield asking.capture(order, one)
        case "refund":
            for back in order.returns.values():
                for attempt in back.unanswered():
                    yield asking.refund_again(order, back, attempt)


def compensation(order: Order) -> Iterator[Event]:
    """Free what the order holds; money only when nothing has left, for else it is still to be taken."""
    if order.holds_money and not order.sent:
        yield PaymentVoidRequested(order_id=order.order_id, reason=order.reason)
    if held := [line for line in order.lines_in(*CLAIMING) if line.open > 0]:
        yield asking.release(order, held)


def _cancellation(order: Order, _at: datetime) -> Iterator[Event]:
    """Free stock and money once it is certain that nothing more leaves; then it is over."""
    if order.status != CANCELLING or order.undecided or order.leaving:
        return
    if order.sent and order.all_sent:
        yield CancellationRefused(order_id=order.order_id, reason=order.reason)
        return
    if not order.compensating:
        yield from compensation(order)
    if [line for line in order.lines_in(*CLAIMING) if line.open > 0]:
        return
    if order.sent:
        rest = [line for line in _by_number(order) if line.open > 0]
        lines = tuple(UnitsOfLine(line.line_id, line.sku, line.open) for line in rest)
        yield RemainderCancelled(order_id=order.order_id, reason=order.reason, lines=lines)
    elif not order.holds_money:
        yield OrderCancelled(order_id=order.order_id, reason=order.reason)


def _recalls(order: Order, _at: datetime) -> Iterator[Event]:
    """A shipment with recalled goods is stopped, and packed anew once it is certain that it stays here.

    Where some of its cartons have left, it is complete without the one that stays.
    """
    for one in order.in_shipments:
        here = {carton.sscc for carton in one.cartons}
        for sscc in (sscc for sscc in one.kept if sscc in one.recalled and sscc in here):
            yield ShipmentReduced(shipment_id=one.shipment_id, carton=sscc, lines=one.recalled[sscc])
            if not order.is_over:
                yield UnpackingRequested(
                    order_id=order.order_id,
                    shipment_id=one.shipment_id,
                    reason=one.recall[:MAX_REASON],
                    cartons=(sscc,),
                )
    if order.is_over or order.all_sent:
        return
    for one in order.in_shipments:
        if not (one.recalled and one.packed) or one.gone or one.refused:
            continue
        reason = one.recall[:MAX_REASON]
        if one.undecided and not one.stopping:
            yield ShipmentCancellationRequested(
                order_id=order.order_id, shipment_ids=(one.shipment_id,), reason=reason
            )
        if not one.requested and not one.withdrawn:
            yield ShipmentWithdrawn(shipment_id=one.shipment_id, answer=one.heard)
        if not one.undecided and not one.unpacking:
            yield UnpackingRequested(order_id=order.order_id, shipment_id=one.shipment_id, reason=reason)


def _refusals(order: Order, _at: datetime) -> Iterator[Event]:
    """A shipment that holds more than the order wants never leaves: units were given up before it was packed."""
    if order.is_over:
        return
    for one in order.standing_packed:
        if one.requested or one.gone or not (surplus := order.surplus(one)):
            continue
        refused = ShipmentRefused(
            order_id=order.order_id,
            shipment_id=one.shipment_id,
            warehouse=order.warehouse,
            cartons=tuple(carton.sscc for carton in one.cartons),
            surplus=surplus,
        )
        yield refused
        order = evolve(order, refused)


def _picking(order: Order, _at: datetime) -> Iterator[Event]:
    """Ask for what can be picked, say what cannot be any more, and of how many lines picking is to know."""
    lines, withdrawn = asking.to_pick(order), asking.to_withdraw(order)
    more = order.picking_requests and order.lines_told != order.lines_to_pick
    more = more or len(order.refused) > order.refusals_told
    if lines or withdrawn or (more and not order.is_over and not order.all_sent):
        yield asking.picking(order, lines, withdrawn)


def _shipments(order: Order, _at: datetime) -> Iterator[Event]:
    """What is packed may leave, unless something holds the order, or it is to leave as a whole."""
    ready = [one for one in order.standing_packed if not one.requested]
    if not ready or order.is_over or order.holds or order.all_sent:
        return
    if not order.partial_shipments and not _is_packed(order):
        return
    if order.ship_to is None:
        yield OrderHeld(kind="address", reason=NO_ADDRESS)
        return
    for one in ready:
        yield asking.shipment(order, one, order.ship_to)


def _holds(order: Order, _at: datetime) -> Iterator[Event]:
    """A hold stops also what was requested before it: shipping is told all holds whenever there are others."""
    holds = tuple(Held(kind, order.holds[kind]) for kind in KINDS_OF_HOLDS if kind in order.holds)
    kinds = tuple(one.kind for one in holds)
    untold = tuple(one.shipment_id for one in order.in_shipments if one.may_leave and one.held != kinds)
    if untold:
        yield ShipmentHoldsChanged(order_id=order.order_id, shipment_ids=untold, holds=holds)


def _is_packed(order: Order) -> bool:
    """Whether nothing of the order is still to be packed."""
    units: dict[str, int] = {}
    for shipment in order.standing_packed:
        for one in shipment.lines:
            units[one.line_id] = units.get(one.line_id, 0) + one.units
    return all(units.get(line.line_id, 0) >= line.open for line in order.lines.values())


def _captures(order: Order, _at: datetime) -> Iterator[Event]:
    """What has left is paid: each shipment what is in it costs."""
    for one in order.sent:
        if not one.capture and order.value(one):
            yield asking.capture(order, structs.replace(one, tries=1))


def _surplus(order: Order, _at: datetime) -> Iterator[Event]:
    """Money is let go of that nothing is sent for any more, once all is taken that is owed."""
    sent = order.sent
    if (
        sent
        and order.all_sent
        and order.payment == PAYMENT_AUTHORIZED
        and not order.voiding
        and order.captured < order.total.amount
        and all(order.is_paid(one) for one in sent)
    ):
        yield PaymentVoidRequested(order_id=order.order_id, reason="nothing more is sent")


def _returns(order: Order, at: datetime) -> Iterator[Event]:
    """What has come back is refunded, as far as it was paid, or replaced.

    A refund waits while money for goods that have left is still to be taken.
    """
    settled = not any(one.capture in (CAPTURE_REQUESTED, CAPTURE_DECLINED) for one in order.sent)
    for one in [order.returns[key] for key in sorted(order.returns)]:
        if one.status != RETURN_RECEIVED or (one.covered and one.due <= one.covered):
            continue
        if one.resolution == "replace" and not one.replacement_id:
            yield _replacement(order, one, at)
        elif settled and (amount := min(one.due - one.covered, order.captured - order.back)) > 0:
            asked = asking.refund(order, one, amount)
            yield asked
            order = evolve(order, asked)


def _replacement(order: Order, one: Return, at: datetime) -> ReplacementRequested:
    return ReplacementRequested(
        order_id=order.order_id,
        return_id=one.return_id,
        replacement_id=ids.derived_id("replacement", one.return_id),
        channel=order.channel,
        warehouse=order.warehouse,
        currency=order.total.currency,
        lines=tuple(
            OrderLine(str(number), order.lines[line_id].sku, units, 0)
            for number, (line_id, units) in enumerate(one.accepted.items(), start=1)
        ),
        requested_at=iso(at),
        reference=order.reference,
        customer=order.customer,
        ship_to=order.ship_to,
        priority=order.priority,
        carrier_service=order.carrier_service,
    )


def _undone(order: Order, _at: datetime) -> Iterator[Event]:
    """What of a replacement the customer does not have is said to the order whose goods came back first."""
    if order.replaces is None:
        return
    units = {
        line.line_id: max(order.missing_units(line), order.undone.get(line.line_id, 0))
        for line in _by_number(order)
    }
    if all(count == order.undone.get(line_id, 0) for line_id, count in units.items()):
        return
    yield ReplacementUndone(
        order_id=order.replaces.order_id,
        return_id=order.replaces.return_id,
        replacement_id=order.order_id,
        lines=tuple(
            UnitsOfLine(line_id, order.lines[line_id].sku, count) for line_id, count in units.items() if count
        ),
    )


def _closing(order: Order, _at: datetime) -> Iterator[Event]:
    """An order whose goods are all delivered and paid is closed; returns may still follow."""
    if order.status == CLOSED or standing(order) != DELIVERED or not all(map(order.is_paid, order.sent)):
        return
    shipped = Money(order.shipped_value, order.total.currency)
    yield OrderClosed(order_id=order.order_id, shipped=shipped, captured=order.captured)


def _advance(order: Order, at: datetime) -> Iterator[Event]:
    """Say where the order stands, when that has changed, and until when it may stand there."""
    if order.is_over or not order.released:
        return
    status = standing(order)
    wait = waiting(order, status)
    if (status, wait) == (order.status, order.waiting_for):
        return
    deadline = until(at, TIMES[wait]) if wait else ""
    if status == ALLOCATED and all(
        line.status == LINE_ALLOCATED for line in order.lines.values() if line.open > 0
    ):
        yield OrderAllocated(order_id=order.order_id, deadline=deadline)
    elif status == ALLOCATING and order.status == ALLOCATED:
        lost = tuple(line.line_id for line in order.lines_in(LINE_PENDING, LINE_RESERVED))
        yield AllocationDelayed(order_id=order.order_id, lines=lost, deadline=deadline)
    elif status == BACKORDERED:
        lines = asking.requested(order.lines_in(LINE_BACKORDERED))
        yield OrderBackordered(order_id=order.order_id, lines=lines, deadline=deadline)
    else:
        yield OrderAdvanced(status=status, waiting_for=wait, deadline=deadline)


def _over(order: Order, _at: datetime) -> Iterator[Event]:
    """Goods that left although their order was cancelled call for nobody any more once they are there and paid."""
    if order.status != CANCELLED or order.stalled is None or order.leaving or not order.sent:
        return
    if all(order.has_arrived(one) and order.is_paid(one) for one in order.sent):
        yield OrderAdvanced(status=CANCELLED)


def _by_number(order: Order) -> list[Line]:
    return sorted(order.lines.values(), key=lambda line: int(line.line_id))
