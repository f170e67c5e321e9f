"""Orders' read model: one summary per order, listed by stage and by channel, and found by its deadline.

The indexes hold nothing but keys, and none of them names the status: an order changes it a dozen times, and its
stage only four.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from msgspec import Struct, structs

from orders.contracts import (
    NORMAL_PRIORITY,
    AllocationDelayed,
    AllocationRequested,
    CancellationRefused,
    CancellationStarted,
    FulfilmentStalled,
    LineSubstituted,
    OrderAllocated,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderPlaced,
    OrderReserved,
    PaymentAuthorizationRequested,
    RefundRequested,
    RemainderCancelled,
    ReservationRequested,
)
from orders.domain import CATALOG
from orders.domain.facts import (
    CaptureRefused,
    DeadlinePassed,
    HoldReleased,
    MoneyReturned,
    OrderAdvanced,
    OrderHeld,
    PaymentParked,
    PaymentTaken,
    PriorityChanged,
    Stall,
    attempt_id,
    attempt_of,
    goes_on,
)
from orders.domain.states import (
    ALLOCATED,
    ALLOCATING,
    BACKORDERED,
    CANCELLED,
    CANCELLING,
    CLOSED,
    DISPATCHED,
    NOT_WAITED_FOR,
    OPEN_STAGES,
    PLACED,
    RESERVED,
    RESERVING,
    STAGES,
    WAIT_PROVIDER,
)
from shared.events import Event
from shared.money import Money
from shared.projection import Projection, Projector
from shared.resources import history, views

STALLED = "yes"
"""Where orders stand that somebody has to see to: stalled or held ones, and those with money that was declined."""
DEADLINE_SHARDS = ("0", "1", "2", "3")
_DAYS_AWAY = timedelta(days=1)
_BEFORE_PICKING = (RESERVED, BACKORDERED, ALLOCATING, ALLOCATED)


class OrderSummary(Struct, frozen=True, omit_defaults=True):
    """An order in a list. `backordered` are the SKUs that it lacked when it went to backorder.

    `holds` stop it, `payment_due` are the shipments that have left and whose money could not be taken,
    `refund_due` the refunds that were declined and not asked for again.
    `waiting_for` names who keeps a placed order waiting: the payment provider, while it does not answer.
    `stalled` tells what it waits for although all the time for that is over. `released`: it may be picked.
    """

    order_id: str
    status: str
    channel: str = ""
    reference: str | None = None
    customer: str | None = None
    warehouse: str = ""
    total: Money = Money(0, "XXX")
    placed_at: str = ""
    received_at: str = ""
    changed_at: str = ""
    lines: int = 0
    units: int = 0
    reason: str = ""
    backordered: tuple[str, ...] = ()
    deadline: str = ""
    priority: int = NORMAL_PRIORITY
    ship_by: str | None = None
    holds: tuple[str, ...] = ()
    payment_due: tuple[str, ...] = ()
    refund_due: tuple[str, ...] = ()
    waiting_for: str = ""
    released: bool = False
    stalled: Stall | None = None


def show(order: OrderSummary, event: Event, at: str) -> OrderSummary:
    """The summary after an event recorded `at`."""
    after = _show(order, event, at)
    if order.stalled is not None and goes_on(event, order.status, after.status):
        return structs.replace(after, stalled=None)
    return after


def _show(order: OrderSummary, event: Event, at: str) -> OrderSummary:
    match event:
        case OrderPlaced():
            return structs.replace(
                order,
                channel=event.channel,
                reference=event.reference,
                customer=event.customer,
                warehouse=event.warehouse,
                total=event.total,
                placed_at=event.placed_at,
                received_at=at,
                changed_at=at,
                lines=len(event.lines),
                units=sum(line.quantity for line in event.lines),
                priority=event.priority,
                ship_by=event.ship_by,
            )
        case PaymentAuthorizationRequested():
            return structs.replace(order, deadline=event.deadline)
        case PaymentParked():
            return structs.replace(order, waiting_for=WAIT_PROVIDER, changed_at=at)
        case ReservationRequested() if order.released:
            return order
        case ReservationRequested():
            return structs.replace(order, status=RESERVING, changed_at=at, deadline=event.deadline, waiting_for="")
        case OrderReserved():
            return structs.replace(order, status=RESERVED, changed_at=at, backordered=(), deadline=event.deadline)
        case OrderBackordered():
            short = tuple(dict.fromkeys(line.sku for line in event.lines))
            return structs.replace(
                order, status=BACKORDERED, changed_at=at, backordered=short, deadline=event.deadline
            )
        case AllocationRequested() if order.status not in _BEFORE_PICKING:
            return order
        case AllocationRequested() | AllocationDelayed():
            return structs.replace(order, status=ALLOCATING, changed_at=at, deadline=event.deadline, released=True)
        case OrderAllocated():
            return structs.replace(order, status=ALLOCATED, changed_at=at, deadline=event.deadline)
        case CancellationStarted():
            return structs.replace(
                order,
                status=CANCELLING,
                changed_at=at,
                reason=event.reason,
                backordered=(),
                deadline=event.deadline,
                waiting_for="",
            )
        case OrderCancelled():
            return structs.replace(
                order,
                status=CANCELLED,
                changed_at=at,
                reason=event.reason,
                backordered=(),
                deadline="",
                waiting_for="",
            )
        case FulfilmentStalled(waiting_for=waiting_for) if waiting_for in NOT_WAITED_FOR:
            return order
        case FulfilmentStalled():
            stall = Stall(event.waiting_for, event.since or at)
            return structs.replace(order, deadline=event.deadline or event.look_again or "", stalled=stall)
        case _:
            return _show_on_its_way(order, event, at)


def _show_on_its_way(order: OrderSummary, event: Event, at: str) -> OrderSummary:
    match event:
        case LineSubstituted():
            return structs.replace(order, lines=order.lines + 1, changed_at=at)
        case OrderAdvanced():
            return structs.replace(order, status=event.status, changed_at=at, deadline=event.deadline)
        case DeadlinePassed() if event.deadline:
            return structs.replace(order, deadline=event.deadline)
        case CancellationRefused():
            return structs.replace(order, status=DISPATCHED, changed_at=at, reason="", deadline="")
        case RemainderCancelled():
            return structs.replace(order, status=DISPATCHED, changed_at=at, backordered=(), deadline="")
        case OrderClosed():
            return structs.replace(order, status=CLOSED, changed_at=at, deadline="")
        case OrderHeld():
            return structs.replace(order, holds=tuple(sorted({*order.holds, event.kind})))
        case HoldReleased():
            return structs.replace(order, holds=tuple(kind for kind in order.holds if kind != event.kind))
        case PriorityChanged():
            return structs.replace(order, priority=event.priority)
        case CaptureRefused():
            due = tuple(dict.fromkeys((*order.payment_due, event.shipment_id)))
            return structs.replace(order, payment_due=due)
        case PaymentTaken():
            due = tuple(one for one in order.payment_due if one != event.shipment_id)
            return structs.replace(order, payment_due=due)
        case RefundRequested() if order.refund_due:
            return_id, attempt = attempt_of(event.refund_id)
            tries = ((one, *attempt_of(one)) for one in order.refund_due)
            due = tuple(one for one, of, tried in tries if of != return_id or tried >= attempt)
            return structs.replace(order, refund_due=due)
        case MoneyReturned(declined=True):
            declined = attempt_id(event.return_id, event.attempt)
            return structs.replace(order, refund_due=tuple(dict.fromkeys((*order.refund_due, declined))))
        case _:
            return order


def index(order: OrderSummary) -> Mapping[str, str]:
    """By stage and by channel in the order of receipt; by deadline only while a sweep has to find it by that.

    Few are among the stalled ones, where somebody has to see to them: most orders are never written there.
    """
    keys = {
        "stage": STAGES[order.status],
        "channel": order.channel,
        "placed": f"{order.received_at}#{order.order_id}",
    }
    if order.stalled is not None or order.holds or order.payment_due or order.refund_due:
        keys["stalled"] = STALLED
    if order.deadline and (moment := _looked_at(order)):
        keys |= {"due": DEADLINE_SHARDS[int(order.order_id[-1], 16) % 4], "deadline": moment}
    return keys


def _looked_at(order: OrderSummary) -> str:
    """When a sweep is to look at an order, if it has to be told: at a deadline that is less than a day away.

    Others need not be in the index: all open orders are looked at once a day. What comes back to a closed one is
    waited for until the morning after the deadline.
    """
    deadline = datetime.fromisoformat(order.deadline)
    if deadline - datetime.fromisoformat(order.changed_at or order.deadline) < _DAYS_AWAY:
        return order.deadline
    if STAGES[order.status] in OPEN_STAGES:
        return ""
    return (deadline.date() + timedelta(days=1)).isoformat()


def _start(stream_id: str) -> OrderSummary:
    return OrderSummary(stream_id.partition("#")[2], PLACED)


SUMMARIES: Projection[OrderSummary] = Projection(
    "Order", OrderSummary, _start, show, lambda stream_id: (stream_id, "Summary"), index
)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), (SUMMARIES,))


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the list of orders."""
    projector().handle(event)
