"""The events that orders publishes: its public language."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.address import Address
from shared.events import Event
from shared.gs1 import Sscc
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LotNumber,
    OrderId,
    SerialNumber,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.money import Currency, MinorUnits, Money, PositiveMinorUnits
from shared.quantity import Quantity, Units

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

Priority = Annotated[
    int, Meta(ge=0, le=9, description="How urgent an order is: 9 goes first, 0 last.", examples=[5])
]
NORMAL_PRIORITY = 5
CarrierService = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,59}$",
        description="The carrier's service that was promised; without one the cheapest that fits is taken.",
        examples=["own-fleet:standard"],
    ),
]
ShipmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="One shipment of an order: what is packed, labelled, dispatched and paid together.",
        examples=["0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"],
    ),
]
ReturnId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="A return that was authorized.",
        examples=["0190f3c2-7e22-8c1f-9a55-4c9b2e7c8d4f"],
    ),
]
HoldKind = Literal["fraud", "address", "manual", "payment"]
"""Why an order is stopped; `payment`: its money is no longer set aside."""
PlacedHold = Literal["fraud", "address", "manual"]
"""Those that people place."""
Resolution = Literal["refund", "replace"]
Millimetres = Annotated[int, Meta(ge=1, le=100_000, description="A length in millimetres.", examples=[400])]
Grams = Annotated[int, Meta(ge=0, le=100_000_000, description="A weight in grams.", examples=[2_350])]

MAX_LINES = 1_500
MAX_LINES_TO_PICK = 300


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
    """A line that gives its claim to stock back, but for `keeps` units in all, with those that have left."""

    line_id: LineId
    sku: Sku
    keeps: Units = 0


class Replaces(Struct, frozen=True):
    """What an order replaces: goods that came back by that return of another order."""

    order_id: OrderId
    return_id: ReturnId


class OrderPlaced(Event, frozen=True):
    """A customer has ordered, or is sent other goods for those that came back (`replaces`).

    `placed_at` is when the channel took the order.
    """

    order_id: OrderId
    channel: Channel
    warehouse: WarehouseCode
    total: Money
    placed_at: Timestamp
    lines: tuple[OrderLine, ...]
    reference: Reference | None = None
    customer: CustomerReference | None = None
    ship_to: Address | None = None
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False
    replaces: Replaces | None = None


class PaymentAuthorizationRequested(Event, frozen=True):
    """The order's total is to be authorized, until `deadline` at the latest."""

    order_id: OrderId
    amount: MinorUnits
    currency: Currency
    method: PaymentMethod
    deadline: Timestamp
    attempt: Attempt = 1


class PaymentRenewalRequested(Event, frozen=True):
    """What the order costs is not set aside any more: it is to be again, by `method` if one is named."""

    order_id: OrderId
    method: PaymentMethod | None = None


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
    """The order no longer wants the units of `lines`, or only some of them."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReleasedLine, ...]


class LineToAllocate(Struct, frozen=True):
    """A line that is to get concrete units; `promise` is the number of inventory's answer that it has them.

    `quantity` are the units of the line in all, with those that have left already.
    """

    line_id: LineId
    sku: Sku
    quantity: Quantity
    promise: Annotated[int, Meta(ge=0)] = 0


class LineSubstituted(Event, frozen=True):
    """Another product is sent instead of `units` of a line: `substitute` is a line of its own, at the same price.

    The line goes on with the rest; without any it is over.
    """

    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Quantity
    substitute: OrderLine


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


class Pick(Struct, frozen=True, omit_defaults=True):
    """Concrete units that are set aside for a line: in which holding, and where that stood then."""

    holding: HoldingId
    place: HoldingId
    units: int
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class LineToPick(Struct, frozen=True, omit_defaults=True):
    """A line whose units are to be picked: `quantity` of them, as `picks` say.

    `answer` numbers inventory's answers on the line: picks with a higher number replace the earlier ones. A pick
    whose holding is a pick list's container is in there already. `in_all` is said where units
    were given up: how many the line still wants, with those that are packed or have left. `instead_of` is what the
    customer has ordered, where this is sent instead.
    """

    line_id: LineId
    sku: Sku
    quantity: Quantity
    answer: Annotated[int, Meta(ge=0)]
    picks: tuple[Pick, ...]
    in_all: Units = 0
    instead_of: Sku | None = None


class WithdrawnLine(Struct, frozen=True):
    """A line that has lost what was to be picked by `answer`: nothing of it is picked or packed any more.

    What is packed already counts among the `keeps` units that the line still wants in all; 0: it wants none.
    """

    line_id: LineId
    sku: Sku
    answer: Annotated[int, Meta(ge=0)]
    keeps: Units


class PickingRequested(Event, frozen=True):
    """Units of the order are to be picked.

    Large orders come in parts, and lines whose picks have changed come again: `number` counts what the order has
    asked for, and what a higher number says of a line, of `priority`, `ship_by` and `carrier_service` holds.
    `total_lines` are those of the whole order, without those that were given up before they were asked for.
    `withdrawn` lines have lost their units, until a later request names them again. `refused` are all packed
    shipments that do not leave: what is in them is put back, and counts no more among what was picked or packed.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    number: Annotated[int, Meta(ge=1)]
    lines: Annotated[tuple[LineToPick, ...], Meta(max_length=MAX_LINES_TO_PICK)]
    total_lines: Annotated[int, Meta(ge=1)]
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    substitutes_allowed: bool = False
    withdrawn: tuple[WithdrawnLine, ...] = ()
    refused: tuple[ShipmentId, ...] = ()


class Carton(Struct, frozen=True, omit_defaults=True):
    """A packed carton: its outer measures, and what it weighs with its contents."""

    sscc: Sscc
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres
    weight_g: Grams
    carton_type: str | None = None


class ShipmentRequested(Event, frozen=True):
    """A shipment of the order is packed and may leave: its cartons need labels. `value` is that of the goods."""

    order_id: OrderId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    ship_to: Address
    cartons: tuple[Carton, ...]
    value: Money
    service: CarrierService | None = None
    reference: Reference | None = None


class ShipToChanged(Event, frozen=True):
    """Shipments that were requested go elsewhere: labels with another address are void, and made anew."""

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    ship_to: Address


class ShipmentCancellationRequested(Event, frozen=True):
    """Shipments that were requested are not to leave, unless they have left already."""

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    reason: Reason


class Held(Struct, frozen=True):
    """A hold, and why there is one."""

    kind: HoldKind
    reason: Reason


class ShipmentHoldsChanged(Event, frozen=True):
    """Requested shipments do not leave while there are `holds`: these are all of them; without any they may leave.

    Of several the latest counts, by its place in the order's history. What has left by then has left.
    """

    order_id: OrderId
    shipment_ids: tuple[ShipmentId, ...]
    holds: tuple[Held, ...]


class UnpackingRequested(Event, frozen=True):
    """A packed shipment does not leave, for recalled goods are in it: it is to be packed anew without them.

    Where others of its cartons have left, only `cartons` are.
    """

    order_id: OrderId
    shipment_id: ShipmentId
    reason: Reason
    cartons: tuple[Sscc, ...] = ()


class UnitsOfLine(Struct, frozen=True):
    """So many units of a line."""

    line_id: LineId
    sku: Sku
    units: Quantity


class ShipmentRefused(Event, frozen=True):
    """A packed shipment holds `surplus` units that the order does not want any more: it never leaves.

    What is in its `cartons` is put back; what the order still wants of it is picked and packed anew.
    """

    order_id: OrderId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    cartons: Annotated[tuple[Sscc, ...], Meta(min_length=1)]
    surplus: Annotated[tuple[UnitsOfLine, ...], Meta(min_length=1)]


class RemainderCancelled(Event, frozen=True):
    """Part of the order has left; the rest (`lines`) never will, and holds no stock any more."""

    order_id: OrderId
    reason: Reason
    lines: tuple[UnitsOfLine, ...]


class CancellationRefused(Event, frozen=True):
    """The order was to be cancelled, but had left by then: it goes on. What was sent can be returned."""

    order_id: OrderId
    reason: Reason


class ReturnedLine(Struct, frozen=True, omit_defaults=True):
    """Units of a line that the customer may send back."""

    line_id: LineId
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None


class ReturnAuthorized(Event, frozen=True):
    """The customer may send goods back: they are expected in the warehouse."""

    return_id: ReturnId
    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReturnedLine, ...]
    reason: Reason
    resolution: Resolution = "refund"


class ReplacementRequested(Event, frozen=True):
    """Goods that came back are replaced: order `replacement_id` sends others, and costs nothing."""

    order_id: OrderId
    return_id: ReturnId
    replacement_id: OrderId
    channel: Channel
    warehouse: WarehouseCode
    currency: Currency
    lines: tuple[OrderLine, ...]
    requested_at: Timestamp
    reference: Reference | None = None
    customer: CustomerReference | None = None
    ship_to: Address | None = None
    priority: Priority = NORMAL_PRIORITY
    carrier_service: CarrierService | None = None


class ReplacementUndone(Event, frozen=True):
    """Units of a replacement that its customer does not have: they never leave, or came back for money.

    It tells the order (`order_id`) whose goods were replaced. `lines` are the replacement's, with all such units.
    """

    order_id: OrderId
    return_id: ReturnId
    replacement_id: OrderId
    lines: tuple[UnitsOfLine, ...]


class OrderClosed(Event, frozen=True):
    """Everything that was to be sent is delivered and paid: `shipped` is its value, `captured` what was taken."""

    order_id: OrderId
    shipped: Money
    captured: MinorUnits


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
    """A step (`waiting_for`) has not ended in all its time, `since` this moment: a person has to look.

    With a `deadline` the order is given up then, if nothing has happened by then. Without one this is said again
    when it is looked at again, at `look_again`, as long as nothing has happened.
    """

    order_id: OrderId
    waiting_for: Reason
    deadline: Timestamp | None = None
    since: Timestamp | None = None
    look_again: Timestamp | None = None


PUBLISHED: tuple[type[Event], ...] = (
    OrderPlaced,
    PaymentAuthorizationRequested,
    PaymentRenewalRequested,
    PaymentVoidRequested,
    CaptureRequested,
    RefundRequested,
    ReservationRequested,
    ReservationReleaseRequested,
    LineSubstituted,
    OrderReserved,
    OrderBackordered,
    AllocationRequested,
    OrderAllocated,
    AllocationDelayed,
    PickingRequested,
    ShipmentRequested,
    ShipToChanged,
    ShipmentCancellationRequested,
    ShipmentHoldsChanged,
    UnpackingRequested,
    ShipmentRefused,
    CancellationStarted,
    CancellationRefused,
    RemainderCancelled,
    OrderCancelled,
    OrderClosed,
    ReturnAuthorized,
    ReplacementRequested,
    ReplacementUndone,
    FulfilmentStalled,
)
TOLD_TOGETHER: tuple[type[Event], ...] = (
    OrderPlaced,
    OrderReserved,
    OrderAllocated,
    OrderClosed,
    ReservationRequested,
    PickingRequested,
    PaymentAuthorizationRequested,
    AllocationRequested,
    ShipmentRequested,
    CaptureRequested,
)
"""What comes in numbers: several may share a message. Whoever takes long over one takes one message at a time."""

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_AT = "2026-01-31T09:30:00.000Z"
_DEADLINE = "2026-01-31T09:45:00.000Z"
_REQUESTED = (RequestedLine("1", "MUG-0350-BLU", 6),)
_SHIPMENT = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"
_RETURN = "0190f3c2-7e22-8c1f-9a55-4c9b2e7c8d4f"
_SHIP_TO = Address(name="Kim Example", street1="Langer Weg 12", city="Berlin", postal_code="10115", country="DE")

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
        ship_to=_SHIP_TO,
        priority=7,
        ship_by="2026-01-31T16:00:00.000Z",
        carrier_service="own-fleet:standard",
    ),
    PaymentAuthorizationRequested: PaymentAuthorizationRequested(
        order_id=_ORDER, amount=5370, currency="EUR", method="tok_accepted", deadline=_DEADLINE
    ),
    PaymentRenewalRequested: PaymentRenewalRequested(order_id=_ORDER, method="tok_accepted"),
    PaymentVoidRequested: PaymentVoidRequested(order_id=_ORDER, reason="customer changed their mind"),
    CaptureRequested: CaptureRequested(order_id=_ORDER, capture_id=_SHIPMENT, amount=5370, currency="EUR"),
    RefundRequested: RefundRequested(order_id=_ORDER, refund_id="RMA-20931", amount=895, reason="goods returned"),
    ReservationRequested: ReservationRequested(
        order_id=_ORDER, warehouse="MAIN", promised_at=_AT, lines=_REQUESTED, deadline=_DEADLINE
    ),
    ReservationReleaseRequested: ReservationReleaseRequested(
        order_id=_ORDER, warehouse="MAIN", lines=(ReleasedLine("1", "MUG-0350-BLU"),)
    ),
    LineSubstituted: LineSubstituted(
        order_id=_ORDER,
        line_id="1",
        sku="MUG-0350-BLU",
        units=2,
        substitute=OrderLine("2", "MUG-0350-GRN", 2, 895),
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
    PickingRequested: PickingRequested(
        order_id=_ORDER,
        warehouse="MAIN",
        number=1,
        lines=(
            LineToPick(
                "1",
                "MUG-0350-BLU",
                6,
                120_000,
                (Pick("A-01-02-3", "A-01-02-3", 6, lot="L2026-04", expires_on="2027-06-30"),),
            ),
        ),
        total_lines=1,
        priority=7,
        ship_by="2026-01-31T16:00:00.000Z",
        carrier_service="own-fleet:standard",
    ),
    ShipmentRequested: ShipmentRequested(
        order_id=_ORDER,
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        ship_to=_SHIP_TO,
        cartons=(Carton("106141412345678908", 400, 300, 200, 2_350, "BOX-M"),),
        value=Money(5370, "EUR"),
        service="own-fleet:standard",
        reference="WS-100482",
    ),
    ShipToChanged: ShipToChanged(order_id=_ORDER, shipment_ids=(_SHIPMENT,), ship_to=_SHIP_TO),
    ShipmentCancellationRequested: ShipmentCancellationRequested(
        order_id=_ORDER, shipment_ids=(_SHIPMENT,), reason="customer changed their mind"
    ),
    ShipmentHoldsChanged: ShipmentHoldsChanged(
        order_id=_ORDER, shipment_ids=(_SHIPMENT,), holds=(Held("fraud", "the card was reported as stolen"),)
    ),
    UnpackingRequested: UnpackingRequested(
        order_id=_ORDER, shipment_id=_SHIPMENT, reason="lot L2026-04 of MILK-1L is recalled: Salmonella"
    ),
    ShipmentRefused: ShipmentRefused(
        order_id=_ORDER,
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        cartons=("906141410000000015",),
        surplus=(UnitsOfLine("1", "MUG-0350-BLU", 2),),
    ),
    CancellationRefused: CancellationRefused(order_id=_ORDER, reason="customer changed their mind"),
    RemainderCancelled: RemainderCancelled(
        order_id=_ORDER, reason="customer changed their mind", lines=(UnitsOfLine("1", "MUG-0350-BLU", 2),)
    ),
    OrderClosed: OrderClosed(order_id=_ORDER, shipped=Money(5370, "EUR"), captured=5370),
    ReturnAuthorized: ReturnAuthorized(
        return_id=_RETURN,
        order_id=_ORDER,
        warehouse="MAIN",
        lines=(ReturnedLine("1", "MUG-0350-BLU", 1, "L2026-04"),),
        reason="arrived broken",
    ),
    ReplacementUndone: ReplacementUndone(
        order_id=_ORDER,
        return_id=_RETURN,
        replacement_id="6c1b2f2d-0e0a-8a52-9c58-5e1e0e3a6900",
        lines=(UnitsOfLine("1", "MUG-0350-BLU", 1),),
    ),
    ReplacementRequested: ReplacementRequested(
        order_id=_ORDER,
        return_id=_RETURN,
        replacement_id="6c1b2f2d-0e0a-8a52-9c58-5e1e0e3a6900",
        channel="webshop",
        warehouse="MAIN",
        currency="EUR",
        lines=(OrderLine("1", "MUG-0350-BLU", 1, 0),),
        requested_at="2026-02-20T09:30:00.000Z",
        reference="WS-100482",
        customer="C-20931",
        ship_to=_SHIP_TO,
        priority=7,
    ),
    CancellationStarted: CancellationStarted(
        order_id=_ORDER, reason="customer changed their mind", deadline=_DEADLINE
    ),
    OrderCancelled: OrderCancelled(order_id=_ORDER, reason="customer changed their mind"),
    FulfilmentStalled: FulfilmentStalled(
        order_id=_ORDER,
        waiting_for="release to picking",
        since="2026-02-07T09:30:01.000Z",
        look_again="2026-02-08T09:30:01.000Z",
    ),
}
