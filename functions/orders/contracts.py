"""The events that orders publishes: its public language."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.events import Event
from shared.identifiers import LineId, OrderId, Sku, Timestamp, WarehouseCode
from shared.money import Currency, MinorUnits, Money, PositiveMinorUnits
from shared.quantity import Quantity

Channel = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,29}$",
        description="The shop or partner that the order came through.",
        examples=["webshop"],
    ),
]
Reference = Annotated[
    str, Meta(min_length=1, max_length=100, description="The channel's own number of the order.")
]
CustomerReference = Annotated[
    str,
    Meta(min_length=1, max_length=100, description="The channel's number of the customer; never a name."),
]
PaymentMethod = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,10}_[A-Za-z0-9_]{1,80}$",
        description="The payment provider's token for a means of payment; never a card number.",
        examples=["tok_accepted"],
    ),
]
MAX_REASON = 200
Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]
Attempt = Annotated[int, Meta(ge=1, description="1 for the first time; higher when it is asked again.")]

MAX_LINES = 1_500


class OrderLine(Struct, frozen=True):
    """One line of an order: so many units of a product at a price each, in minor units."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    unit_price: MinorUnits


class RequestedLine(Struct, frozen=True):
    """A line that asks for stock."""

    line_id: LineId
    sku: Sku
    quantity: Quantity


class ReleasedLine(Struct, frozen=True):
    """A line that gives its claim to stock back."""

    line_id: LineId
    sku: Sku


class OrderPlaced(Event, frozen=True):
    """A customer has ordered. `placed_at` is when the channel took the order."""

    order_id: OrderId
    channel: Channel
    warehouse: WarehouseCode
    total: Money
    placed_at: Timestamp
    lines: tuple[OrderLine, ...]
    reference: Reference | None = None
    customer: CustomerReference | None = None


class PaymentAuthorizationRequested(Event, frozen=True):
    """The order's total is to be authorized, until `deadline` at the latest."""

    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    method: PaymentMethod
    deadline: Timestamp
    attempt: Attempt = 1


class PaymentVoidRequested(Event, frozen=True):
    """The order takes no money any more: what was authorized is to be freed."""

    order_id: OrderId
    reason: Reason


class CaptureRequested(Event, frozen=True):
    """Goods of the order have left (`capture_id` is their shipment): their money is to be taken."""

    order_id: OrderId
    capture_id: Reference
    amount: PositiveMinorUnits
    currency: Currency


class RefundRequested(Event, frozen=True):
    """Money of the order is to go back (`refund_id` is what for, such as the return)."""

    order_id: OrderId
    refund_id: Reference
    amount: PositiveMinorUnits
    reason: Reason


class ReservationRequested(Event, frozen=True):
    """The order asks for the units of `lines`; whoever was promised first (`promised_at`) is served first."""

    order_id: OrderId
    warehouse: WarehouseCode
    promised_at: Timestamp
    lines: tuple[RequestedLine, ...]
    deadline: Timestamp
    attempt: Attempt = 1


class ReservationReleaseRequested(Event, frozen=True):
    """The order no longer wants the units of `lines`."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReleasedLine, ...]


class LineToAllocate(Struct, frozen=True):
    """A line that is to get concrete units; `promise` is the number of inventory's answer that it has them."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    promise: Annotated[int, Meta(ge=0)] = 0


class AllocationRequested(Event, frozen=True):
    """The order is released to picking: its lines are to get concrete units, until `deadline`."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[LineToAllocate, ...]
    deadline: Timestamp
    attempt: Attempt = 1


class OrderAllocated(Event, frozen=True):
    """Concrete units are set aside for every line: the order can be picked."""

    order_id: OrderId
    deadline: Timestamp


class AllocationDelayed(Event, frozen=True):
    """The order has lost units that were set aside for it; others are being looked for, until `deadline`."""

    order_id: OrderId
    lines: tuple[LineId, ...]
    deadline: Timestamp


class OrderReserved(Event, frozen=True):
    """Every line has its units and the money is authorized: the order is ready to be released to picking."""

    order_id: OrderId
    deadline: Timestamp


class OrderBackordered(Event, frozen=True):
    """At least one line (`lines`) waits for stock; the others keep what they have, until `deadline`."""

    order_id: OrderId
    lines: tuple[RequestedLine, ...]
    deadline: Timestamp


class CancellationStarted(Event, frozen=True):
    """The order will not be fulfilled: its stock and money are being freed."""

    order_id: OrderId
    reason: Reason
    deadline: Timestamp


class OrderCancelled(Event, frozen=True):
    """The order is over; it holds neither stock nor money."""

    order_id: OrderId
    reason: Reason


class FulfilmentStalled(Event, frozen=True):
    """A step (`waiting_for`) has not ended in all its time: a person has to look."""

    order_id: OrderId
    waiting_for: Reason


PUBLISHED: tuple[type[Event], ...] = (
    OrderPlaced,
    PaymentAuthorizationRequested,
    PaymentVoidRequested,
    CaptureRequested,
    RefundRequested,
    ReservationRequested,
    ReservationReleaseRequested,
    OrderReserved,
    OrderBackordered,
    AllocationRequested,
    OrderAllocated,
    AllocationDelayed,
    CancellationStarted,
    OrderCancelled,
    FulfilmentStalled,
)

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_AT = "2026-01-31T09:30:00.000Z"
_DEADLINE = "2026-01-31T09:45:00.000Z"
_REQUESTED = (RequestedLine("1", "MUG-0350-BLU", 6),)

EXAMPLES: dict[type[Event], Event] = {
    OrderPlaced: OrderPlaced(
        order_id=_ORDER,
        channel="webshop",
        warehouse="MAIN",
        total=Money(5370, "EUR"),
        placed_at=_AT,
        lines=(OrderLine("1", "MUG-0350-BLU", 6, 895),),
        reference="WS-100482",
        customer="C-20931",
    ),
    PaymentAuthorizationRequested: PaymentAuthorizationRequested(
        order_id=_ORDER, amount=5370, currency="EUR", method="tok_accepted", deadline=_DEADLINE
    ),
    PaymentVoidRequested: PaymentVoidRequested(order_id=_ORDER, reason="customer changed their mind"),
    CaptureRequested: CaptureRequested(
        order_id=_ORDER, capture_id="0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e", amount=5370, currency="EUR"
    ),
    RefundRequested: RefundRequested(order_id=_ORDER, refund_id="RMA-20931", amount=895, reason="goods returned"),
    ReservationRequested: ReservationRequested(
        order_id=_ORDER, warehouse="MAIN", promised_at=_AT, lines=_REQUESTED, deadline=_DEADLINE
    ),
    ReservationReleaseRequested: ReservationReleaseRequested(
        order_id=_ORDER, warehouse="MAIN", lines=(ReleasedLine("1", "MUG-0350-BLU"),)
    ),
    OrderReserved: OrderReserved(order_id=_ORDER, deadline="2026-02-07T09:30:01.000Z"),
    OrderBackordered: OrderBackordered(order_id=_ORDER, lines=_REQUESTED, deadline="2026-03-02T09:30:01.000Z"),
    AllocationRequested: AllocationRequested(
        order_id=_ORDER,
        warehouse="MAIN",
        lines=(LineToAllocate("1", "MUG-0350-BLU", 6, 120_000),),
        deadline=_DEADLINE,
    ),
    OrderAllocated: OrderAllocated(order_id=_ORDER, deadline="2026-02-07T09:30:02.000Z"),
    AllocationDelayed: AllocationDelayed(order_id=_ORDER, lines=("1",), deadline=_DEADLINE),
    CancellationStarted: CancellationStarted(
        order_id=_ORDER, reason="customer changed their mind", deadline=_DEADLINE
    ),
    OrderCancelled: OrderCancelled(order_id=_ORDER, reason="customer changed their mind"),
    FulfilmentStalled: FulfilmentStalled(order_id=_ORDER, waiting_for="release to picking"),
}
