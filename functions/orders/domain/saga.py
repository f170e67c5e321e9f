"""The saga that sees an order through: what follows from a command, and from what the other services say.

Money is authorized first, then stock is reserved. A declined payment ends the order before it touches stock.
Every state that waits has a deadline; a step that has not answered by then is asked again a few times, and then a
person is called, or the order is cancelled, with its stock and money freed. Answers can come twice, late or out of
order: what inventory and shipping say carries the number that it has in their own books, and only a higher number
counts; what else is said is a fact about one shipment, and noted once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import structs

from orders.contracts import (
    MAX_LINES,
    MAX_REASON,
    CancellationStarted,
    FulfilmentStalled,
    LineSubstituted,
    OrderBackordered,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderReserved,
    PaymentRenewalRequested,
    ReturnAuthorized,
    ReturnedLine,
    ShipmentCancellationRequested,
    ShipToChanged,
    UnitsOfLine,
)
from orders.domain import asking
from orders.domain.asking import iso, until
from orders.domain.commands import (
    AuthorizeReturn,
    CancelOrder,
    ChangePaymentMethod,
    ChangePriority,
    ChangeShipTo,
    CheckDeadline,
    Command,
    GiveUpParcels,
    HoldOrder,
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
    NoteUndone,
    NoteVoid,
    NoteVoidedLabels,
    NoteWaitingLine,
    PlaceOrder,
    ReleaseHold,
    ReleaseOrder,
    RequestPicking,
    RetryCaptures,
    RetryRefunds,
    ReturnWish,
    SubstituteLine,
)
from orders.domain.course import NO_ADDRESS, consequences, unanswered
from orders.domain.facts import (
    CameBack,
    CaptureRefused,
    CartonLeftBehind,
    CartonsLeft,
    DeadlinePassed,
    DeliveryEnded,
    DestinationChanged,
    GoodsReturned,
    HoldReleased,
    LabelsNoted,
    LineDelayed,
    LineFreed,
    LineIncomplete,
    LinePromised,
    LineSetAside,
    MoneyReturned,
    NothingPicked,
    OrderHeld,
    ParcelsGivenUp,
    PaymentFreed,
    PaymentLapsed,
    PaymentParked,
    PaymentRefused,
    PaymentRenewed,
    PaymentSecured,
    PaymentTaken,
    PickingBegun,
    PickingEnded,
    PriorityChanged,
    ReplacementLost,
    ShipmentArrived,
    ShipmentPacked,
    ShipmentRecalled,
    ShipmentWithdrawn,
    attempt_of,
)
from orders.domain.order import Line, Order, Return, Shipment, evolve
from orders.domain.states import (
    ALLOCATION_TIME,
    ARRIVED_ALTHOUGH_GIVEN_UP,
    ATTEMPTS,
    BACKORDER_TIME,
    BACKORDERED,
    CANCELLATION_TIME,
    CANCELLED,
    CANCELLING,
    CAPTURED,
    CLOSED,
    LABEL_FAILED,
    LABEL_MADE,
    LABEL_VOID,
    LEFT_ALTHOUGH_HELD,
    LEFT_ALTHOUGH_RECALLED,
    LINE_ALLOCATED,
    LINE_BACKORDERED,
    LINE_PENDING,
    LINE_RELEASED,
    LINE_RESERVED,
    LINE_SHIPPED,
    PAYMENT_LAPSED,
    PAYMENT_REQUESTED,
    PAYMENT_TIME,
    PLACED,
    RELEASE_TIME,
    RESERVED,
    RESERVING,
    RETURN_AUTHORIZED,
    STALLED_TIME,
    TIMES,
    WAIT_AUTHORIZATION,
    WAIT_PROVIDER,
    WAIT_RELEASE,
    WAIT_REST,
)
from shared.events import Event
from shared.money import MAX_MINOR_UNITS, Money
from shared.rejection import Conflict, NotFound, Unprocessable

LEFT_ALTHOUGH_CANCELLED = "goods that left although the order was cancelled"


def decide(command: Command, order: Order) -> Sequence[Event]:
    """What follows from `command`.

    Raises NotFound for an order never placed, Conflict for what comes too late or too early, and Unprocessable for
    too dear an order or a return of more than was delivered.
    """
    if isinstance(command, PlaceOrder):
        return list(_place(command, order))
    if not order.order_id:
        raise NotFound("There is no such order.", field="id", code="unknown-order")
    events = list(_decided(command, order))
    for event in events:
        order = evolve(order, event)
    if events or isinstance(command, RequestPicking):
        events.extend(consequences(order, command.at))
    return events


def _decided(command: Command, order: Order) -> Iterator[Event]:
    match command:
        case CancelOrder():
            return _cancel_by_request(command, order)
        case ReleaseOrder():
            return _release_to_picking(command, order)
        case HoldOrder():
            return _hold(command, order)
        case ReleaseHold():
            return _release_hold(command, order)
        case ChangeShipTo():
            return _change_ship_to(command, order)
        case ChangePriority():
            return _change_priority(command, order)
        case SubstituteLine():
            return _substitute(command, order)
        case ChangePaymentMethod():
            return _change_payment_method(command, order)
        case RetryCaptures():
            return _retry_captures(order)
        case RetryRefunds():
            return _retry_refunds(order)
        case AuthorizeReturn():
            return _authorize_return(command, order)
        case GiveUpParcels():
            return _give_up(command, order)
        case NoteAuthorization():
            return _authorized(command, order)
        case NoteDecline():
            return _declined(command, order)
        case NoteDelayedPayment():
            return _payment_delayed(order)
        case NoteAbandonedPayment():
            return _cancel(order, _reason("payment-unavailable", command.reason), command.at)
        case NoteLapse():
            return _payment_lapsed(command, order)
        case NoteRenewal():
            return _payment_renewed(command, order)
        case NoteVoid():
            return _payment_voided(order)
        case NoteReservedLine():
            return _line_reserved(command, order)
        case NoteWaitingLine():
            return _line_waits(command, order)
        case NoteReleasedLine():
            return _line_released(command, order)
        case NoteAllocatedLine() | NoteUnallocatedLine():
            return _line_sought(command, order)
        case CheckDeadline():
            return _overdue(command, order)
        case _:
            return _noted(command, order)


def _noted(command: Command, order: Order) -> Iterator[Event]:
    """What picking, shipping, payments and receiving say of an order that is on its way."""
    match command:
        case NotePickingStarted() if not order.picking_begun:
            yield PickingBegun()
        case NotePicked() if command.number > order.picking_told:
            yield from _picked(command, order)
        case NotePacked() if not _shipment(order, command.shipment_id).packed:
            yield ShipmentPacked(shipment_id=command.shipment_id, cartons=command.cartons, lines=command.lines)
        case NoteLabels() | NoteFailedLabels() | NoteVoidedLabels():
            yield from _labels(command, order)
        case NoteRecalledCarton() if command.carton not in _shipment(order, command.shipment_id).recalled:
            yield ShipmentRecalled(
                shipment_id=command.shipment_id,
                carton=command.carton,
                sku=command.sku,
                lot=command.lot,
                reason=command.reason,
                lines=command.lines,
            )
            if command.carton in _shipment(order, command.shipment_id).gone:
                yield _too_late(order, LEFT_ALTHOUGH_RECALLED)
        case NoteKeptCarton() if command.carton not in _shipment(order, command.shipment_id).kept:
            yield CartonLeftBehind(shipment_id=command.shipment_id, carton=command.carton)
        case NoteDispatch() if not set(command.cartons) <= set(_shipment(order, command.shipment_id).gone):
            yield CartonsLeft(
                shipment_id=command.shipment_id, cartons=command.cartons, dispatched_at=command.dispatched_at
            )
            if order.status == CANCELLED:
                yield _stalled(order, LEFT_ALTHOUGH_CANCELLED, command.at)
            if set(command.cartons) & set(_shipment(order, command.shipment_id).recalled.keys()):
                yield _too_late(order, LEFT_ALTHOUGH_RECALLED)
            if order.holds and order.status != CANCELLED:
                yield _too_late(order, LEFT_ALTHOUGH_HELD)
        case NoteDelivery() if not _shipment(order, command.shipment_id).delivered:
            yield ShipmentArrived(shipment_id=command.shipment_id, delivered_at=command.delivered_at)
            if _shipment(order, command.shipment_id).given_up:
                yield _too_late(order, ARRIVED_ALTHOUGH_GIVEN_UP)
        case NoteFailedDelivery() if not _shipment(order, command.shipment_id).ended:
            yield DeliveryEnded(shipment_id=command.shipment_id, returned=command.returned)
        case NoteCapture() | NoteDeclinedCapture():
            yield from _capture(command, order)
        case NoteReturn():
            yield from _came_back(command, order)
        case NoteUndone():
            yield from _not_replaced(command, order)
        case NoteRefund():
            yield from _refund(command, order)


def _picked(command: NotePicked, order: Order) -> Iterator[Event]:
    """Later news are noted also where they change nothing: else older ones that come after would be believed."""
    if command.anything and (not order.picking_ended or command.number > 1):
        yield PickingEnded(number=command.number)
    if not command.anything and (order.picking_ended or command.number > 1):
        yield NothingPicked(number=command.number)


# --- payment and reservation ---------------------------------------------------------------------------------


def _place(command: PlaceOrder, order: Order) -> Iterator[Event]:
    if order.order_id:
        raise Conflict(f"Order {order.order_id} was placed before.", code="order-exists")
    amount = sum(line.quantity * line.unit_price for line in command.lines)
    if amount > MAX_MINOR_UNITS:
        raise Unprocessable(
            f"The order comes to {amount} minor units of {command.currency}; at most {MAX_MINOR_UNITS} are taken.",
            field="lines",
            value=amount,
            remedy="Check quantities and prices, or split the order.",
            code="order-too-expensive",
        )
    total = Money(amount, command.currency)
    placed = OrderPlaced(
        order_id=command.order_id,
        channel=command.channel,
        reference=command.reference,
        customer=command.customer,
        warehouse=command.warehouse,
        total=total,
        placed_at=command.placed_at,
        lines=command.lines,
        ship_to=command.ship_to,
        priority=command.priority,
        ship_by=command.ship_by,
        carrier_service=command.carrier_service,
        partial_shipments=command.partial_shipments,
        substitutes_allowed=command.substitutes_allowed,
        replaces=command.replaces,
    )
    yield placed
    if amount == 0:
        yield asking.reservation(evolve(order, placed), command.at, attempt=1)
    else:
        yield asking.authorization(evolve(order, placed), command.method, command.at, attempt=1)


def _authorized(command: NoteAuthorization, order: Order) -> Iterator[Event]:
    if order.status == PLACED and order.payment in (PAYMENT_REQUESTED, PAYMENT_LAPSED):
        yield PaymentSecured(authorization=command.authorization)
        yield asking.reservation(order, command.at, attempt=1)


def _payment_delayed(order: Order) -> Iterator[Event]:
    if order.status == PLACED and order.payment == PAYMENT_REQUESTED and order.waiting_for != WAIT_PROVIDER:
        yield PaymentParked()


def _declined(command: NoteDecline, order: Order) -> Iterator[Event]:
    if order.payment != PAYMENT_REQUESTED:
        return
    yield PaymentRefused(reason=command.reason)
    if order.status == PLACED:
        yield OrderCancelled(order_id=order.order_id, reason=_reason("payment-declined", command.reason))


def _payment_lapsed(command: NoteLapse, order: Order) -> Iterator[Event]:
    """An order whose money is no longer set aside keeps what it has, and goes no further."""
    if command.answer <= order.renewal or not order.holds_money:
        return
    yield PaymentLapsed(answer=command.answer, reason=command.reason)
    if _is_here(order):
        yield OrderHeld(kind="payment", reason=_reason("no longer authorized", command.reason))


def _payment_renewed(command: NoteRenewal, order: Order) -> Iterator[Event]:
    if command.answer <= order.renewal or not order.holds_money:
        return
    yield PaymentRenewed(answer=command.answer)
    if "payment" in order.holds:
        yield HoldReleased(kind="payment")


def _payment_voided(order: Order) -> Iterator[Event]:
    if order.voiding and order.holds_money:
        yield PaymentFreed()


def _line_reserved(command: NoteReservedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if _is_old_news(command.answer, line, order):
        return
    if line.status == LINE_RELEASED:
        yield asking.release(order, [line])
        return
    promised = LinePromised(line_id=command.line_id, answer=command.answer)
    yield promised
    order = evolve(order, promised)
    if not order.released:
        yield from _take_stock_of_lines(order, command.at)
    elif not order.is_over:
        yield asking.allocation(order, [order.lines[command.line_id]], command.at, order.attempt)


def _line_waits(command: NoteWaitingLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if _is_old_news(command.answer, line, order):
        return
    if line.status == LINE_RELEASED:
        yield asking.release(order, [line])
        return
    delayed = LineDelayed(line_id=command.line_id, answer=command.answer, available=command.available)
    yield delayed
    if not order.released:
        yield from _take_stock_of_lines(evolve(order, delayed), command.at)


def _is_old_news(answer: int, line: Line, order: Order) -> bool:
    """Whether an answer on a line's promise comes late, or after all of the line has left."""
    return answer <= line.answer or order.status == PLACED or line.status == LINE_SHIPPED


def _take_stock_of_lines(order: Order, at: datetime) -> Iterator[Event]:
    """Once every line has an answer, the order as a whole is reserved or backordered.

    A line's answer is noted also when it says nothing new: its number keeps older answers out that arrive later.
    """
    if order.status == CANCELLING or order.lines_in(LINE_PENDING):
        return
    waiting = order.lines_in(LINE_BACKORDERED)
    if not waiting and order.status != RESERVED:
        yield OrderReserved(order_id=order.order_id, deadline=until(at, RELEASE_TIME))
    if waiting and order.status != BACKORDERED:
        yield OrderBackordered(
            order_id=order.order_id, lines=asking.requested(waiting), deadline=until(at, BACKORDER_TIME)
        )


# --- release and allocation ----------------------------------------------------------------------------------


def _release_to_picking(command: ReleaseOrder, order: Order) -> Iterator[Event]:
    """An order that is released already stays as it is. Raises Conflict for one that is held, or not reserved."""
    if order.released and not order.is_over:
        return
    if order.status != RESERVED:
        what, remedy = _NOT_RELEASED[order.status]
        raise _not_now(order, f"Order {order.order_id} is {order.status}: {what}.", remedy, "not-reserved")
    if order.holds:
        kinds = ", ".join(sorted(order.holds))
        raise _not_now(
            order,
            f"Order {order.order_id} is held ({kinds}).",
            "Release the hold first: POST /orders/{id}/holds/{kind}/release.",
            "order-held",
        )
    yield asking.allocation(order, order.lines_in(LINE_RESERVED, LINE_ALLOCATED), command.at, attempt=1)


def _line_sought(command: NoteAllocatedLine | NoteUnallocatedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if (
        command.answer <= line.allocation
        or command.quantity > line.wanted
        or not order.released
        or order.is_over
        or line.status not in (LINE_RESERVED, LINE_ALLOCATED)
    ):
        return
    if isinstance(command, NoteAllocatedLine):
        yield LineSetAside(line_id=command.line_id, answer=command.answer, picks=command.picks)
    else:
        yield LineIncomplete(line_id=command.line_id, answer=command.answer, missing=command.missing)


# --- shipments -----------------------------------------------------------------------------------------------


def _labels(command: NoteLabels | NoteFailedLabels | NoteVoidedLabels, order: Order) -> Iterator[Event]:
    """Of what shipping says of labels the latest counts; once the shipment is called off, void ones are an end."""
    shipment = _shipment(order, command.shipment_id)
    if command.answer <= shipment.heard or shipment.withdrawn:
        return
    match command:
        case NoteLabels():
            yield LabelsNoted(shipment_id=command.shipment_id, answer=command.answer, label=LABEL_MADE)
        case NoteVoidedLabels() if (order.is_over or shipment.stopping) and shipment.undecided:
            yield ShipmentWithdrawn(shipment_id=command.shipment_id, answer=command.answer)
        case NoteVoidedLabels():
            yield LabelsNoted(shipment_id=command.shipment_id, answer=command.answer, label=LABEL_VOID)
        case NoteFailedLabels():
            yield LabelsNoted(
                shipment_id=command.shipment_id, answer=command.answer, label=LABEL_FAILED, reason=command.reason
            )
            if command.permanent and not order.is_over and not shipment.gone and "address" not in order.holds:
                yield OrderHeld(kind="address", reason=_reason("no label", command.reason))


def _too_late(order: Order, what: str) -> FulfilmentStalled:
    """It could not be prevented any more: somebody has to see to that."""
    return FulfilmentStalled(order_id=order.order_id, waiting_for=what)


def _capture(command: NoteCapture | NoteDeclinedCapture, order: Order) -> Iterator[Event]:
    """Money that was taken stays taken; a decline counts only for the latest try."""
    shipment_id, number = attempt_of(command.capture_id)
    shipment = order.shipments.get(shipment_id)
    if shipment is None or shipment.capture == CAPTURED:
        return
    if isinstance(command, NoteCapture):
        yield PaymentTaken(shipment_id=shipment_id, amount=command.amount)
    elif number >= shipment.tries and (shipment.tries, shipment.capture) != (number, "declined"):
        yield CaptureRefused(shipment_id=shipment_id, number=number, reason=command.reason)


def _retry_captures(order: Order) -> Iterator[Event]:
    """Raises Conflict when no money is owed."""
    if not order.in_debt:
        raise _not_now(
            order,
            f"No money is owed for order {order.order_id}.",
            "GET /orders/{id} tells what is paid: only a capture that was declined is asked for again.",
            "nothing-due",
        )
    for shipment in order.in_debt:
        yield asking.capture(order, structs.replace(shipment, tries=shipment.tries + 1))


# --- changes by people ---------------------------------------------------------------------------------------


def _hold(command: HoldOrder, order: Order) -> Iterator[Event]:
    """Raises Conflict when nothing of the order can be held any more. Holding twice changes nothing."""
    if command.kind in order.holds:
        return
    _require_something_here(order)
    yield OrderHeld(kind=command.kind, reason=command.reason)


def _release_hold(command: ReleaseHold, order: Order) -> Iterator[Event]:
    """Raises Conflict for a hold that only an address can end. What is not held stays as it is.

    An address that was right after all is told again: that is how shipping knows to try once more. Money that is
    no longer set aside is asked for again, and its hold ends when it is there.
    """
    if command.kind not in order.holds:
        return
    if command.kind == "payment":
        yield PaymentRenewalRequested(order_id=order.order_id)
        return
    if order.holds[command.kind] == NO_ADDRESS:
        raise _not_now(
            order,
            f"Order {order.order_id} has no address to send to.",
            "Give it one: PUT /orders/{id}/ship-to. That ends the hold.",
            "no-address",
        )
    yield HoldReleased(kind=command.kind)
    if command.kind == "address" and order.ship_to is not None and not order.is_over:
        failed = tuple(one.shipment_id for one in order.undecided if one.label == LABEL_FAILED)
        if failed:
            yield ShipToChanged(order_id=order.order_id, shipment_ids=failed, ship_to=order.ship_to)


def _change_ship_to(command: ChangeShipTo, order: Order) -> Iterator[Event]:
    """Raises Conflict once a label is made for what is still here, or when nothing is here."""
    _require_something_here(order)
    if any(one.label == LABEL_MADE for one in order.undecided):
        raise _not_now(
            order,
            f"Order {order.order_id} is labelled already.",
            "Void its labels first (POST /shipping/shipments/{id}/void), or cancel the order.",
            "already-labelled",
        )
    if command.ship_to == order.ship_to and "address" not in order.holds:
        return
    yield DestinationChanged(ship_to=command.ship_to)
    if "address" in order.holds:
        yield HoldReleased(kind="address")
    if elsewhere := tuple(one.shipment_id for one in order.undecided):
        yield ShipToChanged(order_id=order.order_id, shipment_ids=elsewhere, ship_to=command.ship_to)


def _change_payment_method(command: ChangePaymentMethod, order: Order) -> Iterator[Event]:
    """Raises Conflict while the order's money is set aside, and when no more of it is wanted."""
    if order.payment != PAYMENT_LAPSED:
        raise _not_now(
            order,
            f"The payment of order {order.order_id} is {order.payment}.",
            "Name another means of payment once what was authorized has lapsed, or place a new order.",
            "payment-stands",
        )
    if not order.in_debt:
        _require_something_here(order)
    yield PaymentRenewalRequested(order_id=order.order_id, method=command.method)


def _change_priority(command: ChangePriority, order: Order) -> Iterator[Event]:
    """Raises Conflict when nothing of the order is here. Picking is told once it knows the order."""
    _require_something_here(order)
    if command.priority == order.priority:
        return
    changed = PriorityChanged(priority=command.priority)
    yield changed
    if order.picking_requests:
        yield asking.picking(evolve(order, changed), ())


def _substitute(command: SubstituteLine, order: Order) -> Iterator[Event]:
    """What the line lacks comes as another product, in a line of its own that has to get its units like any other.

    Raises NotFound for a line that there is not, Conflict when the order does not allow it or the line lacks
    nothing, Unprocessable for another product than may be sent, and for more units than are lacking.
    """
    line = order.lines.get(command.line_id)
    if line is None:
        raise NotFound(
            f"Order {order.order_id} has no line {command.line_id}.",
            field="line_id",
            value=command.line_id,
            remedy="GET /orders/{id} shows its lines.",
            code="unknown-line",
        )
    if not order.substitutes_allowed:
        raise _not_now(
            order,
            f"Order {order.order_id} is to be sent as it was ordered.",
            "Wait for stock, or cancel the order: whoever orders says whether other products may be sent "
            "(substitutes_allowed).",
            "substitutes-not-allowed",
        )
    _require_something_here(order)
    sku, units = _replacing(command, order, line)
    if len(order.lines) >= MAX_LINES:
        raise _not_now(
            order,
            f"Order {order.order_id} has {len(order.lines)} lines; it can have no more.",
            "Wait for stock.",
            "too-many-lines",
        )
    number = max(int(line_id) for line_id in order.lines) + 1
    substituted = LineSubstituted(
        order_id=order.order_id,
        line_id=line.line_id,
        sku=line.sku,
        units=units,
        substitute=OrderLine(str(number), sku, units, line.unit_price),
    )
    yield substituted
    order = evolve(order, substituted)
    yield asking.fewer(order, order.lines[line.line_id])
    yield asking.reservation(order, command.at, attempt=1, lines=[order.lines[str(number)]])


def _replacing(command: SubstituteLine, order: Order, line: Line) -> tuple[str, int]:
    """Which product replaces how many units of a line."""
    lacks = order.lacks(line)
    if not lacks:
        raise _not_now(
            order,
            f"Line {line.line_id} of order {order.order_id} ({line.sku}) lacks nothing that is known.",
            "Only what inventory does not have is replaced: report it missing where it is picked or packed first.",
            "not-short",
        )
    if not command.may:
        raise _not_now(
            order,
            f"Nothing may be sent instead of {order.ordered(line).sku}.",
            "Name substitutes: PUT /inventory/products/{sku}.",
            "no-substitute",
        )
    sku, units = command.sku or command.may[0], command.units or lacks
    if sku not in command.may:
        raise Unprocessable(
            f"{sku} may not be sent instead of {order.ordered(line).sku}.",
            field="sku",
            value=sku,
            remedy=f"Take one of {', '.join(command.may)}, or leave it out for the first of them.",
            code="not-a-substitute",
        )
    if units > lacks:
        raise Unprocessable(
            f"Line {line.line_id} lacks {lacks} units: {units} are not replaced.",
            field="units",
            value=units,
            remedy=f"Replace at most {lacks}, or leave it out for all that are lacking.",
            code="too-many-units",
        )
    return sku, units


def _is_here(order: Order) -> bool:
    """Whether something of the order is here, and still to leave."""
    return not (order.is_over or order.status == CLOSED or (order.released and order.all_sent))


def _require_something_here(order: Order) -> None:
    if not _is_here(order):
        raise _not_now(
            order,
            f"Order {order.order_id} is {order.status}: nothing of it is here.",
            "What was sent can be returned: POST /orders/{id}/returns.",
            "order-left",
        )


# --- cancellation --------------------------------------------------------------------------------------------


def _cancel_by_request(command: CancelOrder, order: Order) -> Iterator[Event]:
    """Raises Conflict for an order of which nothing is left to cancel."""
    if not order.is_over and order.released and order.all_sent:
        raise _not_now(
            order,
            f"Order {order.order_id} is {order.status}: all of it has left.",
            "Let the customer return it: POST /orders/{id}/returns.",
            "order-left",
        )
    yield from _cancel(order, command.reason, command.at)


def _cancel(order: Order, reason: str, at: datetime) -> Iterator[Event]:
    """Free what the order holds; an order that is being cancelled, or is, or has left, stays as it is."""
    if order.is_over or (order.released and order.all_sent):
        return
    yield from _start_cancellation(order, reason, at)


def _start_cancellation(order: Order, reason: str, at: datetime) -> Iterator[Event]:
    """What was asked to leave is stopped first: only when that is certain are stock and money freed."""
    yield CancellationStarted(order_id=order.order_id, reason=reason, deadline=until(at, CANCELLATION_TIME))
    if stopped := tuple(one.shipment_id for one in order.undecided):
        yield ShipmentCancellationRequested(order_id=order.order_id, shipment_ids=stopped, reason=reason)


def _line_released(command: NoteReleasedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if command.keeps or command.answer <= line.answer or order.status != CANCELLING:
        return
    if line.status not in (LINE_RELEASED, LINE_SHIPPED):
        yield LineFreed(line_id=command.line_id, answer=command.answer)


# --- returns -------------------------------------------------------------------------------------------------


def _authorize_return(command: AuthorizeReturn, order: Order) -> Iterator[Event]:
    """Raises Unprocessable naming the line of which more is to come back than has left.

    What has left may come back whether or not the customer ever had it: money goes back once the goods are here.
    """
    wanted: dict[str, int] = {}
    for index, wish in enumerate(command.lines):
        wanted[wish.line_id] = wanted.get(wish.line_id, 0) + wish.units
        _require_returnable(order, index, wish, wanted[wish.line_id])
    yield ReturnAuthorized(
        return_id=command.return_id,
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=tuple(
            ReturnedLine(wish.line_id, order.lines[wish.line_id].sku, wish.units, wish.lot)
            for wish in command.lines
        ),
        reason=command.reason,
        resolution=command.resolution,
    )


def _require_returnable(order: Order, index: int, wish: ReturnWish, units: int) -> None:
    if wish.line_id not in order.lines:
        raise Unprocessable(
            f"Order {order.order_id} has no line {wish.line_id}.",
            field=f"lines[{index}].line_id",
            value=wish.line_id,
            remedy="GET /orders/{id} shows its lines.",
            code="unknown-line",
        )
    sent, back = order.lines[wish.line_id].shipped, order.returning(wish.line_id)
    if units > sent - back:
        raise Unprocessable(
            f"Of line {wish.line_id}, {sent} units have left and {back} are returned or given up already: "
            f"{units} more cannot be.",
            field=f"lines[{index}].units",
            value=wish.units,
            remedy=f"At most {sent - back} units of the line are left.",
            code="more-than-sent",
        )


def _give_up(command: GiveUpParcels, order: Order) -> Iterator[Event]:
    """Raises Conflict for a shipment that has not left, Unprocessable for more than is in it or not settled."""
    shipment = _shipment(order, command.shipment_id)
    if not shipment.sent:
        raise _not_now(
            order,
            f"Shipment {command.shipment_id} of order {order.order_id} has not left.",
            "Only what has left can be lost: GET /orders/{id} shows the shipments.",
            "not-sent",
        )
    inside = {line_id: order.units_in(shipment, line_id) for line_id in order.lines}
    wanted: dict[str, int] = {}
    for index, wish in enumerate(command.lines):
        wanted[wish.line_id] = wanted.get(wish.line_id, 0) + wish.units
        _require_returnable(order, index, wish, wanted[wish.line_id])
        if wanted[wish.line_id] > inside[wish.line_id]:
            raise Unprocessable(
                f"In shipment {command.shipment_id} are {inside[wish.line_id]} units of line {wish.line_id}.",
                field=f"lines[{index}].units",
                value=wish.units,
                remedy="Name what was in the parcels that did not arrive.",
                code="not-in-shipment",
            )
    lost = tuple(
        CameBack(wish.line_id, order.lines[wish.line_id].sku, wish.units, "lost") for wish in command.lines
    )
    due = sum(order.lines[one.line_id].unit_price * one.units for one in lost)
    yield ParcelsGivenUp(
        return_id=command.return_id,
        shipment_id=command.shipment_id,
        lines=lost,
        due=due if command.resolution == "refund" else 0,
        reason=command.reason,
        resolution=command.resolution,
    )


def _came_back(command: NoteReturn, order: Order) -> Iterator[Event]:
    """What is not of a return of this order, or more than it allows, is not counted."""
    expected = order.returns.get(command.return_id)
    if expected is None or expected.status != RETURN_AUTHORIZED:
        return
    counted = tuple(_within(expected, command.lines))
    due = sum(
        order.lines[line.line_id].unit_price * line.units for line in counted if line.disposition != "refused"
    )
    yield GoodsReturned(
        return_id=command.return_id, lines=counted, due=due if expected.resolution == "refund" else 0
    )


def _not_replaced(command: NoteUndone, order: Order) -> Iterator[Event]:
    """Goods whose replacement the customer does not have are refunded after all, at the price that was paid.

    It is said how many units in all: of two pieces of news the one that says more counts, whichever comes first.
    """
    one = order.returns.get(command.return_id)
    if one is None or not one.replacement_id:
        return
    said = {line.line_id: line.units for line in command.lines}
    lost = {
        line_id: max(one.lost.get(line_id, 0), min(units, said.get(str(number), 0)))
        for number, (line_id, units) in enumerate(one.accepted.items(), start=1)
    }
    if all(units == one.lost.get(line_id, 0) for line_id, units in lost.items()):
        return
    yield ReplacementLost(
        return_id=one.return_id,
        lines=tuple(UnitsOfLine(key, order.lines[key].sku, units) for key, units in lost.items() if units),
        due=sum(order.lines[line_id].unit_price * units for line_id, units in lost.items()),
    )


def _refund(command: NoteRefund, order: Order) -> Iterator[Event]:
    """Money that has gone back may come again, weeks later: the last word on each part of a refund counts."""
    return_id, attempt = attempt_of(command.refund_id)
    if return_id not in order.returns:
        return
    for known in order.returns[return_id].answered:
        if (known.attempt, known.number) == (attempt, command.number) and (
            known.declined == command.declined or command.answer <= known.answer
        ):
            return
    yield MoneyReturned(
        return_id=return_id,
        number=command.number,
        amount=command.amount,
        declined=command.declined,
        attempt=attempt,
        answer=command.answer,
    )


def _retry_refunds(order: Order) -> Iterator[Event]:
    """Raises Conflict when all went back that was to."""
    if not order.refunds_due:
        raise _not_now(
            order,
            f"Nothing is to be refunded again for order {order.order_id}.",
            "GET /orders/{id} tells what went back: only a refund that was declined is asked for again.",
            "nothing-due",
        )
    for one in order.refunds_due:
        yield asking.refund(order, one, one.declined)


def _within(expected: Return, lines: Sequence[CameBack]) -> Iterator[CameBack]:
    room = {line.line_id: expected.units(line.line_id) for line in expected.lines}
    for line in lines:
        units = min(line.units, room.get(line.line_id, 0))
        if units:
            room[line.line_id] -= units
            yield CameBack(line.line_id, line.sku, units, line.disposition)


# --- deadlines -----------------------------------------------------------------------------------------------


def _overdue(command: CheckDeadline, order: Order) -> Iterator[Event]:
    """A step past its deadline is asked again; after the last attempt the order is given up, or a person called.

    While the payment provider is away the order is parked: a person is called, and only days later it is given up.
    An order that has stalled is looked at again every day, and a person called again.
    """
    if iso(command.at) < order.deadline or not (order.deadline or order.stalled):
        return
    again = order.attempt + 1
    match order.status:
        case "placed" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for=WAIT_AUTHORIZATION)
            yield asking.authorization(order, order.payment_method, command.at, again)
        case "placed" if order.attempt == ATTEMPTS:
            yield _stalled(order, WAIT_AUTHORIZATION, command.at, until(command.at, PAYMENT_TIME))
        case "placed":
            yield from _cancel(order, "payment-timeout", command.at)
        case "reserving" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="reservation")
            yield asking.reservation(order, command.at, again)
        case "reserving":
            yield from _cancel(order, "reservation-timeout", command.at)
        case "backordered":
            yield from _cancel(order, "backorder-expired", command.at)
        case "partially_dispatched" if order.waiting_for == WAIT_REST and not order.standing_packed:
            yield from _cancel(order, "backorder-expired", command.at)
        case "allocating" if again <= ATTEMPTS:
            yield from _sought_again(order, command.at, again)
        case "cancelling" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="cancellation")
            yield from _start_cancellation(order, order.reason, command.at)
        case _:
            questions = list(unanswered(order)) if again <= ATTEMPTS else []
            if questions:
                deadline = until(command.at, TIMES[order.waiting_for])
                yield DeadlinePassed(waiting_for=order.waiting_for, deadline=deadline)
                yield from questions
            else:
                yield _stalled(order, _awaited(order), command.at)


def _stalled(order: Order, waiting_for: str, at: datetime, deadline: str | None = None) -> FulfilmentStalled:
    """A person is called, until the order goes on; it is given up at the `deadline`, if there is one."""
    known = order.stalled.since if order.stalled is not None and order.stalled.waiting_for == waiting_for else ""
    return FulfilmentStalled(
        order_id=order.order_id,
        waiting_for=waiting_for,
        deadline=deadline,
        since=known or iso(at),
        look_again=None if deadline else until(at, STALLED_TIME),
    )


def _sought_again(order: Order, at: datetime, attempt: int) -> Iterator[Event]:
    """Ask again for the promises and the units of lines that have none."""
    unpromised, sought = order.lines_in(LINE_PENDING), order.lines_in(LINE_RESERVED)
    deadline = "" if sought else until(at, ALLOCATION_TIME)
    yield DeadlinePassed(waiting_for="allocation", deadline=deadline)
    if unpromised:
        yield asking.reservation(order, at, attempt, unpromised)
    if sought:
        yield asking.allocation(order, sought, at, attempt)


def _awaited(order: Order) -> str:
    match order.status:
        case "cancelling" if order.undecided or order.leaving:
            return "the end of shipments that were to be stopped"
        case "cancelling":
            return "release of stock or void of payment"
        case "cancelled":
            return LEFT_ALTHOUGH_CANCELLED
        case _:
            return order.waiting_for or WAIT_RELEASE


_NOT_RELEASED = {
    PLACED: ("its payment is not authorized yet", "Release it once it is reserved: GET /orders/{id} tells."),
    RESERVING: ("its stock is not promised yet", "Release it once it is reserved: GET /orders/{id} tells."),
    BACKORDERED: (
        "some of its lines wait for stock",
        "Release it once it is reserved (GET /orders/{id} tells which lines wait), or cancel it.",
    ),
    CANCELLING: ("it is being given up", "Place a new order."),
    CANCELLED: ("it was given up", "Place a new order."),
}


def _not_now(order: Order, message: str, remedy: str, code: str) -> Conflict:
    return Conflict(message, field="id", value=order.order_id, remedy=remedy, code=code)


def _shipment(order: Order, shipment_id: str) -> Shipment:
    return order.shipments.get(shipment_id) or Shipment(shipment_id)


def _reason(why: str, details: str) -> str:
    """Why the order ends: our words and another service's, which may be long."""
    return f"{why}: {details}"[:MAX_REASON]
