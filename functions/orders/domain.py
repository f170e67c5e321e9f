"""The order and the saga that sees it through, pure.

    placed ──► reserving ──► reserved ──► allocating ──► allocated (ready to be picked)
       │            │  ▲         │  release    │    ◄── units lost  │
       │            ▼  │         ▼             ▼                    ▼
       │        backordered ◄── a promise broken, at any time
       ▼            ▼
    cancelling ──► cancelled

Money is authorized first, then stock is reserved. A declined payment ends the order before it touches stock.
Every state that waits has a deadline; a step that has not answered by then is asked again a few times, and then
the order is cancelled, with its stock and money freed. Answers can come twice, late or out of order: what
inventory says of a line carries the number that it has in inventory's own books, and only a higher number counts.
What it says of a line's promise and of its allocation are numbered apart: they are two books.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from immutables import Map
from msgspec import Struct, structs

from orders.contracts import (
    MAX_LINES_TO_PICK,
    MAX_REASON,
    NORMAL_PRIORITY,
    PUBLISHED,
    AllocationDelayed,
    AllocationRequested,
    CancellationStarted,
    CarrierService,
    Channel,
    CustomerReference,
    FulfilmentStalled,
    LineToAllocate,
    LineToPick,
    OrderAllocated,
    OrderBackordered,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderReserved,
    PaymentAuthorizationRequested,
    PaymentMethod,
    PaymentVoidRequested,
    Pick,
    PickingRequested,
    Priority,
    Reason,
    Reference,
    ReleasedLine,
    RequestedLine,
    ReservationReleaseRequested,
    ReservationRequested,
)
from shared.address import Address
from shared.events import Event, EventCatalog
from shared.identifiers import LineId, OrderId, Timestamp, WarehouseCode
from shared.money import MAX_MINOR_UNITS, Money
from shared.rejection import Conflict, NotFound, Unprocessable

AUTHORIZATION_TIME = timedelta(hours=1)
RESERVATION_TIME = timedelta(hours=1)
CANCELLATION_TIME = timedelta(hours=1)
BACKORDER_TIME = timedelta(days=30)
RELEASE_TIME = timedelta(days=7)
ALLOCATION_TIME = timedelta(hours=1)
PICKING_TIME = timedelta(days=7)
ATTEMPTS = 3

PLACED, RESERVING, RESERVED, BACKORDERED = "placed", "reserving", "reserved", "backordered"
ALLOCATING, ALLOCATED = "allocating", "allocated"
CANCELLING, CANCELLED = "cancelling", "cancelled"
STATUSES = (PLACED, RESERVING, RESERVED, BACKORDERED, ALLOCATING, ALLOCATED, CANCELLING, CANCELLED)

LINE_PENDING, LINE_RESERVED, LINE_BACKORDERED, LINE_RELEASED = "pending", "reserved", "backordered", "released"
LINE_ALLOCATED = "allocated"
CLAIMING = (LINE_PENDING, LINE_RESERVED, LINE_BACKORDERED, LINE_ALLOCATED)
"""Where a line stands that may hold stock."""
PAYMENT_NONE, PAYMENT_REQUESTED, PAYMENT_AUTHORIZED = "none", "requested", "authorized"
PAYMENT_DECLINED, PAYMENT_VOIDED = "declined", "voided"


class PaymentSecured(Event, frozen=True):
    """The order's total is authorized."""

    authorization: str


class PaymentRefused(Event, frozen=True):
    """The means of payment was declined."""

    reason: str


class PaymentFreed(Event, frozen=True):
    """No money is set aside for the order any more."""


class LinePromised(Event, frozen=True):
    """A line has its units. `answer` is the number of that answer in inventory's books."""

    line_id: LineId
    answer: int


class LineDelayed(Event, frozen=True):
    """A line waits for stock: `available` units were free."""

    line_id: LineId
    answer: int
    available: int = 0


class LineFreed(Event, frozen=True):
    """A line claims no stock any more."""

    line_id: LineId
    answer: int


class LineSetAside(Event, frozen=True):
    """Concrete units are set aside for a line. `answer` is the number of that answer in the allocation's book."""

    line_id: LineId
    answer: int
    picks: tuple[Pick, ...]


class LineIncomplete(Event, frozen=True):
    """Units of a line are `missing`: they are not set aside, or no longer."""

    line_id: LineId
    answer: int
    missing: int


class DeadlinePassed(Event, frozen=True):
    """A step had not answered in time and is asked again."""

    waiting_for: str


CATALOG = EventCatalog(
    "orders",
    (
        *PUBLISHED,
        PaymentSecured,
        PaymentRefused,
        PaymentFreed,
        LinePromised,
        LineDelayed,
        LineFreed,
        LineSetAside,
        LineIncomplete,
        DeadlinePassed,
    ),
)


class Line(Struct, frozen=True):
    """A line of the order: what is wanted, where it stands, and the latest answers of inventory on it.

    `answer` is that on its promise, `allocation` that on its allocation: `picks` are set aside, `missing` are not.
    `requested` is the allocation that picking was last asked to pick.
    """

    line_id: str
    sku: str
    quantity: int
    unit_price: int
    status: str = LINE_PENDING
    answer: int = 0
    allocation: int = 0
    picks: tuple[Pick, ...] = ()
    missing: int = 0
    requested: int = 0


class Order(Struct, frozen=True):
    """An order and where its saga stands; an empty `order_id` means: not placed."""

    order_id: str = ""
    status: str = ""
    channel: str = ""
    reference: str | None = None
    customer: str | None = None
    warehouse: str = ""
    total: Money = Money(0, "XXX")
    placed_at: str = ""
    promised_at: str = ""
    lines: Map[str, Line] = Map()
    payment: str = PAYMENT_NONE
    payment_method: str = ""
    authorization: str = ""
    reason: str = ""
    attempt: int = 1
    deadline: str = ""
    ship_to: Address | None = None
    priority: int = NORMAL_PRIORITY
    ship_by: str | None = None
    carrier_service: str | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False
    picking_requests: int = 0

    def lines_in(self, *statuses: str) -> list[Line]:
        """The lines in any of `statuses`, in the order of their numbers."""
        found = [line for line in self.lines.values() if line.status in statuses]
        return sorted(found, key=lambda line: int(line.line_id))


class PlaceOrder(Struct, frozen=True):
    """Take an order, received at `at`."""

    order_id: OrderId
    channel: Channel
    reference: Reference | None
    customer: CustomerReference | None
    warehouse: WarehouseCode
    currency: str
    method: PaymentMethod
    placed_at: Timestamp
    lines: tuple[OrderLine, ...]
    at: datetime
    ship_to: Address | None = None
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False


class CancelOrder(Struct, frozen=True):
    """Give the order up."""

    reason: Reason
    at: datetime


class ReleaseOrder(Struct, frozen=True):
    """Let the order be picked: its lines are to get concrete units."""

    at: datetime


class NoteAllocatedLine(Struct, frozen=True):
    """Inventory says: concrete units are set aside for the line."""

    line_id: LineId
    answer: int
    picks: tuple[Pick, ...]
    at: datetime


class NoteUnallocatedLine(Struct, frozen=True):
    """Inventory says: `missing` units of the line are not set aside."""

    line_id: LineId
    answer: int
    missing: int
    at: datetime


class NoteAuthorization(Struct, frozen=True):
    """Payments says: the money is set aside."""

    authorization: str
    at: datetime


class NoteDecline(Struct, frozen=True):
    """Payments says: declined."""

    reason: str


class NoteAbandonedPayment(Struct, frozen=True):
    """Payments says: the provider does not answer, and will not be asked again."""

    reason: str
    at: datetime


class NoteVoid(Struct, frozen=True):
    """Payments says: no money is set aside any more."""


class NoteReservedLine(Struct, frozen=True):
    """Inventory says: the line has its units."""

    line_id: LineId
    answer: int
    at: datetime


class NoteWaitingLine(Struct, frozen=True):
    """Inventory says: the line has no units, or has lost them, and waits."""

    line_id: LineId
    answer: int
    available: int
    at: datetime


class NoteReleasedLine(Struct, frozen=True):
    """Inventory says: the line claims nothing any more."""

    line_id: LineId
    answer: int


class CheckDeadline(Struct, frozen=True):
    """Act when the order has waited too long, as of `at`."""

    at: datetime


Command = (
    PlaceOrder
    | CancelOrder
    | NoteAuthorization
    | NoteDecline
    | NoteAbandonedPayment
    | NoteVoid
    | NoteReservedLine
    | NoteWaitingLine
    | NoteReleasedLine
    | ReleaseOrder
    | NoteAllocatedLine
    | NoteUnallocatedLine
    | CheckDeadline
)


def decide(command: Command, order: Order) -> Sequence[Event]:
    """What follows from `command`. Raises NotFound for an order never placed, Unprocessable for too dear a one."""
    if isinstance(command, PlaceOrder):
        return list(_place(command, order))
    if not order.order_id:
        raise NotFound("There is no such order.", field="id", code="unknown-order")
    match command:
        case CancelOrder():
            return list(_cancel(order, command.reason, command.at))
        case NoteAuthorization():
            return list(_authorized(command, order))
        case NoteDecline():
            return list(_declined(command, order))
        case NoteAbandonedPayment():
            return list(_cancel(order, _reason("payment-unavailable", command.reason), command.at))
        case NoteVoid():
            return list(_payment_voided(order))
        case NoteReservedLine():
            return list(_line_reserved(command, order))
        case NoteWaitingLine():
            return list(_line_waits(command, order))
        case NoteReleasedLine():
            return list(_line_released(command, order))
        case ReleaseOrder():
            return list(_release_to_picking(command, order))
        case NoteAllocatedLine():
            return list(_line_allocated(command, order))
        case NoteUnallocatedLine():
            return list(_line_incomplete(command, order))
        case CheckDeadline():
            return list(_overdue(command, order))


def evolve(order: Order, event: Event) -> Order:
    """The order after `event`."""
    match event:
        case OrderPlaced():
            return Order(
                order_id=event.order_id,
                status=PLACED,
                channel=event.channel,
                reference=event.reference,
                customer=event.customer,
                warehouse=event.warehouse,
                total=event.total,
                placed_at=event.placed_at,
                lines=Map({line.line_id: Line(**structs.asdict(line)) for line in event.lines}),
                ship_to=event.ship_to,
                priority=event.priority,
                ship_by=event.ship_by,
                carrier_service=event.carrier_service,
                partial_shipments=event.partial_shipments,
                substitutes_allowed=event.substitutes_allowed,
            )
        case PaymentAuthorizationRequested():
            return structs.replace(
                order,
                payment=PAYMENT_REQUESTED,
                payment_method=event.method,
                attempt=event.attempt,
                deadline=event.deadline,
            )
        case PaymentSecured():
            return structs.replace(order, payment=PAYMENT_AUTHORIZED, authorization=event.authorization)
        case PaymentRefused():
            return structs.replace(order, payment=PAYMENT_DECLINED)
        case PaymentFreed():
            return structs.replace(order, payment=PAYMENT_VOIDED)
        case ReservationRequested():
            return structs.replace(
                order,
                status=RESERVING,
                promised_at=event.promised_at,
                attempt=event.attempt,
                deadline=event.deadline,
            )
        case LinePromised():
            known = order.lines[event.line_id].status
            status = LINE_ALLOCATED if known == LINE_ALLOCATED else LINE_RESERVED
            return _with_line(order, event.line_id, status, event.answer)
        case LineDelayed():
            line = structs.replace(
                order.lines[event.line_id], status=LINE_BACKORDERED, answer=event.answer, picks=(), missing=0
            )
            return structs.replace(order, lines=order.lines.set(event.line_id, line))
        case LineSetAside() | LineIncomplete():
            return _with_allocation(order, event)
        case AllocationRequested():
            return structs.replace(order, status=ALLOCATING, attempt=event.attempt, deadline=event.deadline)
        case AllocationDelayed():
            return structs.replace(order, status=ALLOCATING, attempt=1, deadline=event.deadline)
        case OrderAllocated():
            return structs.replace(order, status=ALLOCATED, deadline=event.deadline)
        case PickingRequested():
            asked = {
                wanted.line_id: structs.replace(order.lines[wanted.line_id], requested=wanted.answer)
                for wanted in event.lines
            }
            return structs.replace(order, lines=order.lines.update(asked), picking_requests=event.number)
        case LineFreed():
            return _with_line(order, event.line_id, LINE_RELEASED, event.answer)
        case OrderReserved():
            return structs.replace(order, status=RESERVED, deadline=event.deadline)
        case OrderBackordered():
            return structs.replace(order, status=BACKORDERED, deadline=event.deadline)
        case CancellationStarted():
            return structs.replace(
                order,
                status=CANCELLING,
                reason=event.reason,
                deadline=event.deadline,
                attempt=order.attempt + 1 if order.status == CANCELLING else 1,
                lines=_claiming_nothing(order.lines) if order.status == PLACED else order.lines,
            )
        case OrderCancelled():
            return structs.replace(
                order,
                status=CANCELLED,
                reason=event.reason,
                deadline="",
                lines=_claiming_nothing(order.lines),
            )
        case FulfilmentStalled():
            return structs.replace(order, deadline="")
        case _:
            return order


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
    )
    yield placed
    if amount == 0:
        yield _reservation(evolve(order, placed), command.at, attempt=1)
    else:
        yield _authorization(evolve(order, placed), command.method, command.at, attempt=1)


def _authorized(command: NoteAuthorization, order: Order) -> Iterator[Event]:
    if order.status == PLACED and order.payment == PAYMENT_REQUESTED:
        yield PaymentSecured(authorization=command.authorization)
        yield _reservation(order, command.at, attempt=1)


def _declined(command: NoteDecline, order: Order) -> Iterator[Event]:
    if order.payment != PAYMENT_REQUESTED:
        return
    refused = PaymentRefused(reason=command.reason)
    yield refused
    if order.status == PLACED:
        yield OrderCancelled(order_id=order.order_id, reason=_reason("payment-declined", command.reason))
    else:
        yield from _finish_cancellation(evolve(order, refused))


def _payment_voided(order: Order) -> Iterator[Event]:
    if order.status == CANCELLING and _holds_money(order):
        yield PaymentFreed()
        yield from _finish_cancellation(evolve(order, PaymentFreed()))


def _line_reserved(command: NoteReservedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if command.answer <= line.answer or order.status == PLACED:
        return
    if line.status == LINE_RELEASED:
        yield _release(order, [line])
        return
    promised = LinePromised(line_id=command.line_id, answer=command.answer)
    yield promised
    order = evolve(order, promised)
    yield from _take_stock_of_lines(order, command.at)
    if order.status in (ALLOCATING, ALLOCATED):
        yield _allocation(order, [order.lines[command.line_id]], command.at, order.attempt)


def _line_waits(command: NoteWaitingLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if command.answer <= line.answer or order.status == PLACED:
        return
    if line.status == LINE_RELEASED:
        yield _release(order, [line])
        return
    delayed = LineDelayed(line_id=command.line_id, answer=command.answer, available=command.available)
    yield delayed
    yield from _take_stock_of_lines(evolve(order, delayed), command.at)


def _take_stock_of_lines(order: Order, at: datetime) -> Iterator[Event]:
    """Once every line has an answer, the order as a whole is reserved or backordered.

    A line's answer is noted also when it says nothing new: its number keeps older answers out that arrive later.
    """
    if order.status == CANCELLING or order.lines_in(LINE_PENDING):
        return
    waiting = order.lines_in(LINE_BACKORDERED)
    if not waiting and order.status not in (RESERVED, ALLOCATING, ALLOCATED):
        yield OrderReserved(order_id=order.order_id, deadline=_until(at, RELEASE_TIME))
    if waiting and order.status != BACKORDERED:
        yield OrderBackordered(
            order_id=order.order_id, lines=_requested(waiting), deadline=_until(at, BACKORDER_TIME)
        )


def _release_to_picking(command: ReleaseOrder, order: Order) -> Iterator[Event]:
    """An order that is released already stays as it is. Raises Conflict for one that is not reserved."""
    if order.status in (ALLOCATING, ALLOCATED):
        return
    if order.status != RESERVED:
        what, remedy = _NOT_RELEASED[order.status]
        raise Conflict(
            f"Order {order.order_id} is {order.status}: {what}.",
            field="id",
            value=order.order_id,
            remedy=remedy,
            code="not-reserved",
        )
    yield _allocation(order, order.lines_in(LINE_RESERVED, LINE_ALLOCATED), command.at, attempt=1)


def _line_allocated(command: NoteAllocatedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if _says_nothing_new(command.answer, line, order):
        return
    noted = LineSetAside(line_id=command.line_id, answer=command.answer, picks=command.picks)
    yield noted
    order = evolve(order, noted)
    if order.status == ALLOCATING and len(order.lines_in(LINE_ALLOCATED)) == len(order.lines):
        yield OrderAllocated(order_id=order.order_id, deadline=_until(command.at, PICKING_TIME))
        yield from _picking(order)


def _picking(order: Order) -> Iterator[PickingRequested]:
    """Ask for the picks that picking has not been told of, in parts."""
    ready = [line for line in order.lines_in(LINE_ALLOCATED) if line.requested < line.allocation]
    for number, start in enumerate(range(0, len(ready), MAX_LINES_TO_PICK), order.picking_requests + 1):
        yield PickingRequested(
            order_id=order.order_id,
            warehouse=order.warehouse,
            number=number,
            lines=tuple(
                LineToPick(line.line_id, line.sku, line.quantity, line.allocation, line.picks)
                for line in ready[start : start + MAX_LINES_TO_PICK]
            ),
            total_lines=len(order.lines),
            priority=order.priority,
            ship_by=order.ship_by,
            carrier_service=order.carrier_service,
            substitutes_allowed=order.substitutes_allowed,
        )


def _line_incomplete(command: NoteUnallocatedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if _says_nothing_new(command.answer, line, order):
        return
    noted = LineIncomplete(line_id=command.line_id, answer=command.answer, missing=command.missing)
    yield noted
    if order.status == ALLOCATED:
        yield AllocationDelayed(
            order_id=order.order_id, lines=(command.line_id,), deadline=_until(command.at, ALLOCATION_TIME)
        )


def _says_nothing_new(answer: int, line: Line, order: Order) -> bool:
    """Whether an answer on a line's allocation comes late, or for an order that is not released any more."""
    return (
        answer <= line.allocation
        or order.status not in (ALLOCATING, ALLOCATED)
        or line.status not in (LINE_RESERVED, LINE_ALLOCATED)
    )


def _line_released(command: NoteReleasedLine, order: Order) -> Iterator[Event]:
    line = order.lines[command.line_id]
    if command.answer <= line.answer or order.status != CANCELLING or line.status == LINE_RELEASED:
        return
    freed = LineFreed(line_id=command.line_id, answer=command.answer)
    yield freed
    yield from _finish_cancellation(evolve(order, freed))


def _cancel(order: Order, reason: str, at: datetime) -> Iterator[Event]:
    """Free what the order holds; an order that is being cancelled, or is, stays as it is."""
    if order.status in (CANCELLING, CANCELLED):
        return
    started = CancellationStarted(order_id=order.order_id, reason=reason, deadline=_until(at, CANCELLATION_TIME))
    yield started
    order = evolve(order, started)
    yield from _compensate(order, reason)
    yield from _finish_cancellation(order)


def _compensate(order: Order, reason: str) -> Iterator[Event]:
    if _holds_money(order):
        yield PaymentVoidRequested(order_id=order.order_id, reason=reason)
    if held := order.lines_in(*CLAIMING):
        yield _release(order, held)


def _finish_cancellation(order: Order) -> Iterator[Event]:
    if not _holds_money(order) and not order.lines_in(*CLAIMING):
        yield OrderCancelled(order_id=order.order_id, reason=order.reason)


def _overdue(command: CheckDeadline, order: Order) -> Iterator[Event]:
    """A step past its deadline is asked again; after the last attempt the order is given up."""
    if not order.deadline or _iso(command.at) < order.deadline:
        return
    again = order.attempt + 1
    match order.status:
        case "placed" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="payment authorization")
            yield _authorization(order, order.payment_method, command.at, again)
        case "placed":
            yield from _cancel(order, "payment-timeout", command.at)
        case "reserving" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="reservation")
            yield _reservation(order, command.at, again)
        case "reserving":
            yield from _cancel(order, "reservation-timeout", command.at)
        case "backordered":
            yield from _cancel(order, "backorder-expired", command.at)
        case "allocating" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="allocation")
            yield _allocation(order, order.lines_in(LINE_RESERVED, LINE_ALLOCATED), command.at, again)
        case "cancelling" if again <= ATTEMPTS:
            yield DeadlinePassed(waiting_for="cancellation")
            yield CancellationStarted(
                order_id=order.order_id,
                reason=order.reason,
                deadline=_until(command.at, CANCELLATION_TIME),
            )
            yield from _compensate(order, order.reason)
        case _:
            yield FulfilmentStalled(order_id=order.order_id, waiting_for=_WAITING_FOR[order.status])


_WAITING_FOR = {
    RESERVED: "release to picking",
    ALLOCATING: "allocation",
    ALLOCATED: "picking",
    CANCELLING: "release of stock or void of payment",
}
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


def _authorization(order: Order, method: str, at: datetime, attempt: int) -> PaymentAuthorizationRequested:
    return PaymentAuthorizationRequested(
        order_id=order.order_id,
        amount=order.total.amount,
        currency=order.total.currency,
        method=method,
        attempt=attempt,
        deadline=_until(at, AUTHORIZATION_TIME),
    )


def _reservation(order: Order, at: datetime, attempt: int) -> ReservationRequested:
    return ReservationRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        promised_at=order.promised_at or _iso(at),
        lines=_requested(order.lines_in(LINE_PENDING)),
        attempt=attempt,
        deadline=_until(at, RESERVATION_TIME),
    )


def _allocation(order: Order, lines: Sequence[Line], at: datetime, attempt: int) -> AllocationRequested:
    return AllocationRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=tuple(LineToAllocate(line.line_id, line.sku, line.quantity, line.answer) for line in lines),
        deadline=_until(at, ALLOCATION_TIME),
        attempt=attempt,
    )


def _release(order: Order, lines: Sequence[Line]) -> ReservationReleaseRequested:
    return ReservationReleaseRequested(
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=tuple(ReleasedLine(line.line_id, line.sku) for line in lines),
    )


def _requested(lines: Sequence[Line]) -> tuple[RequestedLine, ...]:
    return tuple(RequestedLine(line.line_id, line.sku, line.quantity) for line in lines)


def _with_line(order: Order, line_id: str, status: str, answer: int) -> Order:
    line = structs.replace(order.lines[line_id], status=status, answer=answer)
    return structs.replace(order, lines=order.lines.set(line_id, line))


def _with_allocation(order: Order, event: LineSetAside | LineIncomplete) -> Order:
    line = order.lines[event.line_id]
    if isinstance(event, LineSetAside):
        status, picks, missing = LINE_ALLOCATED, event.picks, 0
    else:
        status, picks, missing = LINE_RESERVED, line.picks, event.missing
    line = structs.replace(line, status=status, allocation=event.answer, picks=picks, missing=missing)
    return structs.replace(order, lines=order.lines.set(event.line_id, line))


def _claiming_nothing(lines: Map[str, Line]) -> Map[str, Line]:
    return Map(
        {key: structs.replace(line, status=LINE_RELEASED, picks=(), missing=0) for key, line in lines.items()}
    )


def _holds_money(order: Order) -> bool:
    return order.payment in (PAYMENT_REQUESTED, PAYMENT_AUTHORIZED)


def _reason(why: str, details: str) -> str:
    """Why the order ends: our words and another service's, which may be long."""
    return f"{why}: {details}"[:MAX_REASON]


def _until(at: datetime, time: timedelta) -> str:
    return _iso(at + time)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
