"""An order as its history has made it: what it is, what is known of its lines, shipments, money and returns."""

from collections.abc import Iterable, Iterator

from immutables import Map
from msgspec import Struct, structs

from orders.contracts import (
    NORMAL_PRIORITY,
    AllocationDelayed,
    AllocationRequested,
    CancellationRefused,
    CancellationStarted,
    CaptureRequested,
    Carton,
    FulfilmentStalled,
    LineSubstituted,
    OrderAllocated,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderPlaced,
    OrderReserved,
    PaymentAuthorizationRequested,
    PaymentVoidRequested,
    Pick,
    PickingRequested,
    RefundRequested,
    RemainderCancelled,
    ReplacementRequested,
    ReplacementUndone,
    Replaces,
    ReservationReleaseRequested,
    ReservationRequested,
    ReturnAuthorized,
    ReturnedLine,
    ShipmentCancellationRequested,
    ShipmentHoldsChanged,
    ShipmentRefused,
    ShipmentRequested,
    ShipToChanged,
    UnitsOfLine,
    UnpackingRequested,
)
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
    OrderAdvanced,
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
    ShipmentReduced,
    ShipmentWithdrawn,
    Stall,
    attempt_of,
    goes_on,
)
from orders.domain.states import (
    ALLOCATED,
    ALLOCATING,
    BACKORDERED,
    CANCELLED,
    CANCELLING,
    CAPTURE_DECLINED,
    CAPTURE_REQUESTED,
    CAPTURED,
    CLOSED,
    DISPATCHED,
    LABEL_FAILED,
    LABEL_MADE,
    LABEL_VOID,
    LINE_ALLOCATED,
    LINE_BACKORDERED,
    LINE_PENDING,
    LINE_RELEASED,
    LINE_RESERVED,
    LINE_SHIPPED,
    NOT_WAITED_FOR,
    PAYMENT_AUTHORIZED,
    PAYMENT_DECLINED,
    PAYMENT_LAPSED,
    PAYMENT_NONE,
    PAYMENT_REQUESTED,
    PAYMENT_VOIDED,
    PLACED,
    RESERVED,
    RESERVING,
    RETURN_AUTHORIZED,
    RETURN_CLOSED,
    RETURN_RECEIVED,
    WAIT_ALLOCATION,
    WAIT_PICKING,
    WAIT_PROVIDER,
    WAIT_RELEASE,
    WAIT_STOCK,
)
from shared.address import Address
from shared.events import Event
from shared.money import Money

_BEFORE_PICKING = (RESERVED, BACKORDERED, ALLOCATING, ALLOCATED)


class Line(Struct, frozen=True, omit_defaults=True):
    """A line of the order: what is wanted, where it stands, and the latest answers of inventory on it.

    `answer` is that on its promise, `allocation` that on its allocation: `picks` are set aside, `missing` are not.
    `requested` is the allocation that picking was last asked to pick, `withdrawn` how much the line kept when
    picking was told that it has lost that. `shipped` units have left, `cancelled` ones never will.
    `substitute_for` is the line of which it replaces units. `anew`: units of it were in a shipment that was
    refused, and picking is to be told its picks again.
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
    shipped: int = 0
    cancelled: int = 0
    withdrawn: int | None = None
    substitute_for: str = ""
    anew: bool = False

    @property
    def open(self) -> int:
        """Units that are still to leave."""
        return self.wanted - self.shipped

    @property
    def wanted(self) -> int:
        """Units that are to leave, or have left."""
        return self.quantity - self.cancelled

    @property
    def unanswered(self) -> bool:
        """Whether it is not known yet if it gets units."""
        return self.status == LINE_PENDING or (self.status == LINE_RESERVED and not self.missing)


class Shipment(Struct, frozen=True, omit_defaults=True):
    """What of the order is packed and leaves together, as far as it is known.

    `heard` is the number of the latest news of its labels, `gone` are the cartons that have left, and `tries`
    counts how often its money was asked for. There are recalled goods in the cartons `recalled` (with all that was
    packed into them), for the reason `recall`: it is `stopping` when shipping was asked to keep it here, and
    `unpacking` when it is packed anew. It is complete without `kept` cartons, for others have left. `held` are the
    kinds of holds for which shipping keeps it here, as it was told last. It has `ended` when nothing of it is on
    its way any more and not all has arrived, and is `given_up` when nobody waits for that; returns that were
    `settled_before` are about something else. It is `refused` where it holds too much, and put back.
    """

    shipment_id: str
    lines: tuple[UnitsOfLine, ...] = ()
    cartons: tuple[Carton, ...] = ()
    requested: bool = False
    heard: int = 0
    label: str = ""
    withdrawn: bool = False
    refused: bool = False
    gone: tuple[str, ...] = ()
    delivered: bool = False
    capture: str = ""
    tries: int = 0
    captured: int = 0
    recalled: Map[str, tuple[UnitsOfLine, ...]] = Map()
    kept: tuple[str, ...] = ()
    recall: str = ""
    stopping: bool = False
    unpacking: bool = False
    held: tuple[str, ...] = ()
    ended: bool = False
    given_up: bool = False
    settled_before: tuple[str, ...] = ()

    @property
    def packed(self) -> bool:
        """Whether it is known what is in it."""
        return bool(self.lines)

    @property
    def sent(self) -> bool:
        """Whether all of it has left."""
        return self.packed and bool(self.gone) and all(carton.sscc in self.gone for carton in self.cartons)

    @property
    def leaving(self) -> bool:
        """Whether some of its cartons have left, and others are to follow."""
        return bool(self.gone) and not self.sent

    @property
    def status(self) -> str:
        """Where it stands, in one word."""
        if self.delivered:
            return "delivered"
        if self.ended:
            return "undelivered"
        if self.gone:
            return "dispatched" if self.sent else "partially_dispatched"
        if self.withdrawn:
            return "withdrawn"
        if self.recalled:
            return "recalled"
        if self.label in (LABEL_MADE, LABEL_FAILED):
            return "labelled" if self.label == LABEL_MADE else "label_failed"
        return "requested" if self.requested else "packed"

    @property
    def undecided(self) -> bool:
        """Whether it was asked for, and may still leave or not."""
        return self.requested and not self.gone and not self.withdrawn

    @property
    def may_leave(self) -> bool:
        """Whether it was asked for, and something of it may still leave."""
        return self.requested and not self.sent and not self.withdrawn and not self.delivered


class Return(Struct, frozen=True, omit_defaults=True):
    """Goods that the customer may send back, has sent back, and what for.

    Of `due`, `asked` is to go back to the customer; `amounts` is what was asked for, one by one, and `answered`
    what was said to that. All of `due` that is `covered` was asked for.
    `lost` are the units of its lines that were replaced, and whose replacement the customer does not have.
    """

    return_id: str
    lines: tuple[ReturnedLine, ...]
    reason: str
    resolution: str = "refund"
    status: str = RETURN_AUTHORIZED
    received: tuple[CameBack, ...] = ()
    due: int = 0
    asked: int = 0
    covered: int = 0
    amounts: tuple[int, ...] = ()
    answered: tuple[MoneyReturned, ...] = ()
    replacement_id: str = ""
    lost: Map[str, int] = Map()

    @property
    def accepted(self) -> dict[str, int]:
        """Units by line that came back and are worth something, in the order in which they did."""
        units: dict[str, int] = {}
        for line in self.received:
            if line.disposition != "refused":
                units[line.line_id] = units.get(line.line_id, 0) + line.units
        return units

    @property
    def refunded(self) -> int:
        """What has gone back to the customer."""
        return sum(part.amount for part in self.answered if not part.declined)

    @property
    def outstanding(self) -> int:
        """What was asked to go back and is not answered."""
        return sum(self.amounts) - sum(part.amount for part in self.answered)

    @property
    def declined(self) -> int:
        """What should have gone back, does not, and was not asked for again."""
        return self.asked - self.refunded - self.outstanding

    def unanswered(self) -> Iterator[int]:
        """Which of the times that money was asked for are not answered, or only in part."""
        for attempt, amount in enumerate(self.amounts, start=1):
            if sum(part.amount for part in self.answered if part.attempt == attempt) < amount:
                yield attempt

    def units(self, line_id: str) -> int:
        """Units of a line that have come back, or may."""
        counted: Iterable[ReturnedLine | CameBack] = (
            self.lines if self.status == RETURN_AUTHORIZED else self.received
        )
        return sum(one.units for one in counted if one.line_id == line_id)


class Order(Struct, frozen=True):
    """An order and where its saga stands; an empty `order_id` means: not placed.

    `stalled` says what it waits for in vain. `released` says that it may be picked, `lines_told` how many lines
    picking was told of, `picking_told` is the number of the latest news on what was picked that have changed
    something, `compensating` says that a cancellation has asked for stock and money to be freed, `voiding` that
    payments was asked to let go of money. `renewal` is the number of the latest news of its authorization in
    payments' books. `replaces` is set for an order that replaces goods, and `undone` what of it was said not to be
    with the customer. `refusals_told` counts the refused shipments of which picking knows.
    """

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
    waiting_for: str = ""
    stalled: Stall | None = None
    ship_to: Address | None = None
    priority: int = NORMAL_PRIORITY
    ship_by: str | None = None
    carrier_service: str | None = None
    partial_shipments: bool = True
    substitutes_allowed: bool = False
    released: bool = False
    picking_requests: int = 0
    lines_told: int = 0
    picking_begun: bool = False
    picking_ended: bool = False
    picking_told: int = 0
    shipments: Map[str, Shipment] = Map()
    holds: Map[str, str] = Map()
    returns: Map[str, Return] = Map()
    compensating: bool = False
    voiding: bool = False
    renewal: int = 0
    replaces: Replaces | None = None
    undone: Map[str, int] = Map()
    refusals_told: int = 0

    def lines_in(self, *statuses: str) -> list[Line]:
        """The lines in any of `statuses`, in the order of their numbers."""
        found = [line for line in self.lines.values() if line.status in statuses]
        return sorted(found, key=lambda line: int(line.line_id))

    @property
    def holds_money(self) -> bool:
        """Whether money is set aside for the order, or may be."""
        return self.payment in (PAYMENT_REQUESTED, PAYMENT_AUTHORIZED, PAYMENT_LAPSED)

    @property
    def is_over(self) -> bool:
        """Whether the order is being given up, or was."""
        return self.status in (CANCELLING, CANCELLED)

    @property
    def all_sent(self) -> bool:
        """Whether nothing is still to leave."""
        return all(line.open <= 0 for line in self.lines.values())

    @property
    def in_shipments(self) -> list[Shipment]:
        """All shipments, always in the same order."""
        return [self.shipments[key] for key in sorted(self.shipments)]

    @property
    def sent(self) -> list[Shipment]:
        """The shipments that have left."""
        return [one for one in self.in_shipments if one.sent]

    @property
    def standing_packed(self) -> list[Shipment]:
        """The shipments that are packed and still here."""
        return [one for one in self.in_shipments if one.packed and not one.sent and not one.withdrawn]

    @property
    def undecided(self) -> list[Shipment]:
        """The shipments that were asked for and may still leave or not."""
        return [one for one in self.in_shipments if one.undecided]

    @property
    def refused(self) -> tuple[str, ...]:
        """The packed shipments that never leave, because they held too much."""
        return tuple(one.shipment_id for one in self.in_shipments if one.refused)

    @property
    def leaving(self) -> bool:
        """Whether a shipment has left in part."""
        return any(one.leaving for one in self.shipments.values())

    @property
    def in_debt(self) -> list[Shipment]:
        """The shipments that have left and whose money could not be taken."""
        return [one for one in self.sent if one.capture == CAPTURE_DECLINED]

    @property
    def refunds_due(self) -> list[Return]:
        """The returns whose money should have gone back to the customer, and did not."""
        return [one for _, one in sorted(self.returns.items()) if one.declined]

    @property
    def captured(self) -> int:
        """What was taken for the order's shipments, in minor units."""
        return sum(one.captured for one in self.shipments.values())

    @property
    def shipped_value(self) -> int:
        """What the goods cost that have left, in minor units."""
        return sum(self.value(one) for one in self.sent)

    @property
    def back(self) -> int:
        """What is to go back to the customer, or has, in minor units."""
        return sum(one.asked for one in self.returns.values())

    @property
    def lines_to_pick(self) -> int:
        """Lines that picking has been asked for, or will be."""
        return sum(1 for line in self.lines.values() if line.wanted or line.requested)

    def packed_units(self, line_id: str) -> int:
        """Units of a line that are packed and still here."""
        return sum(
            one.units for shipment in self.standing_packed for one in shipment.lines if one.line_id == line_id
        )

    def surplus(self, shipment: Shipment) -> tuple[UnitsOfLine, ...]:
        """What of a packed shipment the order does not want, by line."""
        found: list[UnitsOfLine] = []
        for one in shipment.lines:
            too_many = self.packed_units(one.line_id) - self.lines[one.line_id].open
            if too_many > 0:
                found.append(structs.replace(one, units=min(one.units, too_many)))
        return tuple(found)

    def lacks(self, line: Line) -> int:
        """Units of a line that inventory does not have for it, and that are not packed."""
        packed = self.packed_units(line.line_id)
        match line.status:
            case "backordered":
                return max(0, line.open - packed)
            case "reserved":
                return max(0, min(line.missing, line.open - packed))
            case _:
                return 0

    def ordered(self, line: Line) -> Line:
        """The line that the customer has ordered, where this one replaces it, or replaces what replaced it."""
        while line.substitute_for:
            line = self.lines[line.substitute_for]
        return line

    def value(self, shipment: Shipment) -> int:
        """What the goods of a shipment cost, in minor units."""
        return sum(self.lines[one.line_id].unit_price * one.units for one in shipment.lines)

    def is_paid(self, shipment: Shipment) -> bool:
        """Whether nothing of a shipment is still to be taken."""
        return shipment.capture == CAPTURED or not self.value(shipment)

    def missing_units(self, line: Line) -> int:
        """Units of a line that the customer does not have for good: they never leave, or came back for money."""
        never = line.cancelled + (line.open if self.status == CANCELLED else 0)
        back = 0
        for one in self.returns.values():
            units = one.accepted if one.resolution == "refund" else one.lost
            back += units.get(line.line_id, 0)
        return never + back

    @staticmethod
    def units_in(shipment: Shipment, line_id: str) -> int:
        """Units of a line in a shipment."""
        return sum(one.units for one in shipment.lines if one.line_id == line_id)

    def returning(self, line_id: str) -> int:
        """Units of a line that have come back, may, or are given up for lost."""
        return sum(one.units(line_id) for one in self.returns.values())

    def has_arrived(self, shipment: Shipment) -> bool:
        """Whether the customer has all of a shipment, or got something for what did not arrive.

        Of goods that came back with their carrier a return tells what they were: it has to be over.
        """
        if shipment.delivered or not shipment.ended:
            return shipment.delivered
        about = {one.line_id for one in shipment.lines}
        settling = [
            one
            for one in self.returns.values()
            if one.return_id not in shipment.settled_before and any(line.line_id in about for line in one.lines)
        ]
        begun = shipment.given_up or bool(settling)
        return begun and all(one.status == RETURN_CLOSED for one in settling)


def evolve(order: Order, event: Event) -> Order:
    """The order after `event`."""
    after = _evolve(order, event)
    if order.stalled is not None and goes_on(event, order.status, after.status):
        return structs.replace(after, stalled=None)
    return after


def _evolve(order: Order, event: Event) -> Order:
    match event:
        case OrderPlaced():
            return _placed(event)
        case PaymentAuthorizationRequested():
            return structs.replace(
                order,
                payment=PAYMENT_REQUESTED,
                payment_method=event.method,
                attempt=event.attempt,
                deadline=event.deadline,
            )
        case PaymentParked():
            return structs.replace(order, waiting_for=WAIT_PROVIDER)
        case PaymentSecured():
            stands = PAYMENT_LAPSED if order.payment == PAYMENT_LAPSED else PAYMENT_AUTHORIZED
            return structs.replace(order, payment=stands, authorization=event.authorization, waiting_for="")
        case PaymentLapsed():
            return structs.replace(order, payment=PAYMENT_LAPSED, renewal=event.answer)
        case PaymentRenewed():
            stands = PAYMENT_AUTHORIZED if order.payment == PAYMENT_LAPSED else order.payment
            return structs.replace(order, payment=stands, renewal=event.answer)
        case PaymentRefused():
            return structs.replace(order, payment=PAYMENT_DECLINED)
        case PaymentVoidRequested():
            compensating = order.compensating or order.status == CANCELLING
            return structs.replace(order, voiding=True, compensating=compensating)
        case PaymentFreed():
            return structs.replace(order, payment=PAYMENT_VOIDED)
        case ReservationRequested() if order.released:
            return structs.replace(order, promised_at=event.promised_at)
        case ReservationRequested():
            return structs.replace(
                order,
                status=RESERVING,
                promised_at=event.promised_at,
                attempt=event.attempt,
                deadline=event.deadline,
                waiting_for="",
            )
        case LineSubstituted():
            return _with_lines(order, _substituted(order, event))
        case ReservationReleaseRequested():
            return structs.replace(order, compensating=order.compensating or order.status == CANCELLING)
        case LinePromised() | LineDelayed() | LineFreed() | LineSetAside() | LineIncomplete():
            return _with_lines(order, [_told(order.lines[event.line_id], event)])
        case _:
            return _evolve_released(order, event)


def _evolve_released(order: Order, event: Event) -> Order:
    match event:
        case OrderReserved():
            return _at(order, RESERVED, WAIT_RELEASE, event.deadline)
        case OrderBackordered():
            return _at(order, BACKORDERED, WAIT_STOCK, event.deadline)
        case AllocationRequested():
            asked = [
                structs.replace(order.lines[line.line_id], status=LINE_RESERVED, missing=0) for line in event.lines
            ]
            order = structs.replace(_with_lines(order, asked), released=True)
            if order.status not in _BEFORE_PICKING:
                return order
            return structs.replace(_at(order, ALLOCATING, WAIT_ALLOCATION, event.deadline), attempt=event.attempt)
        case AllocationDelayed():
            return structs.replace(_at(order, ALLOCATING, WAIT_ALLOCATION, event.deadline), attempt=1)
        case OrderAllocated():
            return _at(order, ALLOCATED, WAIT_PICKING, event.deadline)
        case PickingRequested():
            wanted = [
                structs.replace(order.lines[one.line_id], requested=one.answer, withdrawn=None, anew=False)
                for one in event.lines
            ]
            lost = [structs.replace(order.lines[one.line_id], withdrawn=one.keeps) for one in event.withdrawn]
            order = _with_lines(order, (*wanted, *lost))
            return structs.replace(
                order,
                picking_requests=event.number,
                lines_told=event.total_lines,
                refusals_told=len(event.refused),
            )
        case PickingBegun():
            return structs.replace(order, picking_begun=True)
        case PickingEnded():
            return structs.replace(order, picking_ended=True, picking_told=event.number)
        case NothingPicked():
            return structs.replace(order, picking_ended=False, picking_told=event.number)
        case OrderAdvanced():
            return structs.replace(_at(order, event.status, event.waiting_for, event.deadline), attempt=1)
        case DeadlinePassed() if event.deadline:
            return structs.replace(order, deadline=event.deadline, attempt=order.attempt + 1)
        case FulfilmentStalled(waiting_for=waiting_for) if waiting_for in NOT_WAITED_FOR:
            return order
        case FulfilmentStalled():
            attempt = order.attempt + 1 if event.deadline else order.attempt
            return structs.replace(
                order,
                deadline=event.deadline or event.look_again or "",
                attempt=attempt,
                stalled=Stall(event.waiting_for, event.since or ""),
            )
        case OrderHeld():
            return structs.replace(order, holds=order.holds.set(event.kind, event.reason))
        case HoldReleased():
            return structs.replace(order, holds=order.holds.delete(event.kind))
        case DestinationChanged():
            return structs.replace(order, ship_to=event.ship_to)
        case PriorityChanged():
            return structs.replace(order, priority=event.priority)
        case _:
            return _evolve_leaving(order, event)


def _evolve_leaving(order: Order, event: Event) -> Order:
    match event:
        case ShipmentPacked():
            packed = structs.replace(_shipment(order, event.shipment_id), lines=event.lines, cartons=event.cartons)
            return _count_sent(_with_shipment(order, packed), packed)
        case CartonsLeft():
            before = _shipment(order, event.shipment_id)
            gone = structs.replace(before, gone=tuple(sorted({*before.gone, *event.cartons})))
            order = _with_shipment(order, gone)
            return order if before.sent else _count_sent(order, gone)
        case ShipmentRequested():
            shipment = _shipment(order, event.shipment_id)
            label = "" if shipment.label in (LABEL_FAILED, LABEL_VOID) else shipment.label
            return _with_shipment(order, structs.replace(shipment, requested=True, label=label))
        case ShipToChanged():
            waiting = (_shipment(order, shipment_id) for shipment_id in event.shipment_ids)
            anew = {one.shipment_id: structs.replace(one, label="") for one in waiting if one.label != LABEL_MADE}
            return structs.replace(order, shipments=order.shipments.update(anew))
        case LabelsNoted():
            shipment = _shipment(order, event.shipment_id)
            return _with_shipment(order, structs.replace(shipment, label=event.label, heard=event.answer))
        case ShipmentRecalled():
            shipment = _shipment(order, event.shipment_id)
            recalled = structs.replace(
                shipment,
                recalled=shipment.recalled.set(event.carton, event.lines),
                recall=shipment.recall or f"lot {event.lot} of {event.sku} is recalled: {event.reason}",
            )
            return _with_shipment(order, recalled)
        case ShipmentCancellationRequested():
            asked_off = (_shipment(order, shipment_id) for shipment_id in event.shipment_ids)
            stopping = {one.shipment_id: structs.replace(one, stopping=True) for one in asked_off}
            return structs.replace(order, shipments=order.shipments.update(stopping))
        case ShipmentHoldsChanged():
            kinds = tuple(one.kind for one in event.holds)
            concerned = (_shipment(order, shipment_id) for shipment_id in event.shipment_ids)
            held = {one.shipment_id: structs.replace(one, held=kinds) for one in concerned}
            return structs.replace(order, shipments=order.shipments.update(held))
        case CartonLeftBehind():
            shipment = _shipment(order, event.shipment_id)
            return _with_shipment(order, structs.replace(shipment, kept=(*shipment.kept, event.carton)))
        case ShipmentReduced():
            reduced = _reduced(_shipment(order, event.shipment_id), event)
            return _count_sent(_with_shipment(order, reduced), reduced)
        case UnpackingRequested(cartons=cartons) if cartons:
            return order
        case UnpackingRequested():
            shipment = _shipment(order, event.shipment_id)
            return _with_shipment(order, structs.replace(shipment, unpacking=True))
        case ShipmentWithdrawn():
            shipment = _shipment(order, event.shipment_id)
            withdrawn = structs.replace(shipment, label=LABEL_VOID, heard=event.answer, withdrawn=True)
            return _with_shipment(order, withdrawn)
        case ShipmentRefused():
            refused = structs.replace(_shipment(order, event.shipment_id), withdrawn=True, refused=True)
            again = [structs.replace(order.lines[one.line_id], anew=True) for one in refused.lines]
            return _with_shipment(_with_lines(order, again), refused)
        case ShipmentArrived():
            return _with_shipment(order, structs.replace(_shipment(order, event.shipment_id), delivered=True))
        case DeliveryEnded():
            return _with_shipment(order, _ended(order, event.shipment_id))
        case ParcelsGivenUp():
            given_up = structs.replace(_ended(order, event.shipment_id), given_up=True)
            return _with_given_up(_with_shipment(order, given_up), event)
        case CaptureRequested():
            shipment_id, number = attempt_of(event.capture_id)
            asked = structs.replace(_shipment(order, shipment_id), capture=CAPTURE_REQUESTED, tries=number)
            return _with_shipment(order, asked)
        case PaymentTaken():
            shipment = _shipment(order, event.shipment_id)
            return _with_shipment(order, structs.replace(shipment, capture=CAPTURED, captured=event.amount))
        case CaptureRefused():
            shipment = _shipment(order, event.shipment_id)
            return _with_shipment(order, structs.replace(shipment, capture=CAPTURE_DECLINED, tries=event.number))
        case _:
            return _evolve_ending(order, event)


def _evolve_ending(order: Order, event: Event) -> Order:
    match event:
        case CancellationStarted():
            return structs.replace(
                order,
                status=CANCELLING,
                reason=event.reason,
                deadline=event.deadline,
                waiting_for="",
                attempt=order.attempt + 1 if order.status == CANCELLING else 1,
                lines=_claiming_nothing(order.lines) if order.status == PLACED else order.lines,
                compensating=False,
            )
        case CancellationRefused():
            return structs.replace(_at(order, DISPATCHED, "", ""), reason="", attempt=1)
        case RemainderCancelled():
            given_up = [_given_up(order.lines[one.line_id], one.units) for one in event.lines]
            stay = {one.shipment_id: structs.replace(one, withdrawn=True) for one in order.standing_packed}
            order = structs.replace(_with_lines(order, given_up), shipments=order.shipments.update(stay))
            return structs.replace(_at(order, DISPATCHED, "", ""), attempt=1)
        case OrderCancelled():
            return structs.replace(
                order,
                status=CANCELLED,
                reason=event.reason,
                deadline="",
                waiting_for="",
                lines=_claiming_nothing(order.lines),
            )
        case OrderClosed():
            return _at(order, CLOSED, "", "")
        case ReturnAuthorized():
            opened = Return(event.return_id, event.lines, event.reason, event.resolution)
            return _with_return(order, opened)
        case GoodsReturned():
            received = structs.replace(
                order.returns[event.return_id],
                status=RETURN_RECEIVED if event.due or _is_replaced(order, event) else RETURN_CLOSED,
                received=event.lines,
                due=event.due,
            )
            return _with_return(order, received)
        case RefundRequested() if attempt_of(event.refund_id)[0] in order.returns:
            return _refunding(order, event)
        case ReplacementRequested():
            replaced = structs.replace(
                order.returns[event.return_id], status=RETURN_CLOSED, replacement_id=event.replacement_id
            )
            return _with_return(order, replaced)
        case ReplacementLost():
            one = order.returns[event.return_id]
            lost = Map({line.line_id: line.units for line in event.lines})
            status = RETURN_RECEIVED if event.due > one.covered else one.status
            return _with_return(order, structs.replace(one, status=status, due=event.due, lost=lost))
        case ReplacementUndone():
            return structs.replace(order, undone=Map({line.line_id: line.units for line in event.lines}))
        case MoneyReturned():
            return _with_return(order, _answered(order.returns[event.return_id], event))
        case _:
            return order


def _placed(event: OrderPlaced) -> Order:
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
        replaces=event.replaces,
    )


def _told(line: Line, event: LinePromised | LineDelayed | LineFreed | LineSetAside | LineIncomplete) -> Line:
    match event:
        case LinePromised():
            status = LINE_ALLOCATED if line.status == LINE_ALLOCATED else LINE_RESERVED
            return structs.replace(line, status=status, answer=event.answer)
        case LineDelayed():
            return structs.replace(line, status=LINE_BACKORDERED, answer=event.answer, picks=(), missing=0)
        case LineFreed():
            return structs.replace(line, status=LINE_RELEASED, answer=event.answer)
        case LineSetAside():
            return structs.replace(
                line, status=LINE_ALLOCATED, allocation=event.answer, picks=event.picks, missing=0
            )
        case LineIncomplete():
            return structs.replace(line, status=LINE_RESERVED, allocation=event.answer, missing=event.missing)


def _substituted(order: Order, event: LineSubstituted) -> Iterator[Line]:
    """The line with fewer units, which is over if it has none any more, and the one that replaces them."""
    known = order.lines[event.line_id]
    line = structs.replace(
        known, cancelled=known.cancelled + event.units, missing=max(0, known.missing - event.units)
    )
    yield _given_up(line, 0) if line.open <= 0 else line
    yield Line(**structs.asdict(event.substitute), substitute_for=event.line_id)


def _given_up(line: Line, units: int) -> Line:
    status = LINE_SHIPPED if line.shipped else LINE_RELEASED
    return structs.replace(line, status=status, cancelled=line.cancelled + units, picks=(), missing=0)


def _count_sent(order: Order, shipment: Shipment) -> Order:
    """Once it is known that a shipment has left and what is in it, its units are no longer to be sent."""
    return _with_lines(order, _lines_sent(order, shipment)) if shipment.sent else order


def _reduced(shipment: Shipment, event: ShipmentReduced) -> Shipment:
    """A shipment without a carton, and without what is in it."""
    units = {one.line_id: one.units for one in shipment.lines}
    for line in event.lines:
        units[line.line_id] = units.get(line.line_id, 0) - line.units
    lines = (structs.replace(one, units=units.pop(one.line_id, 0)) for one in shipment.lines)
    return structs.replace(
        shipment,
        lines=tuple(one for one in lines if one.units > 0),
        cartons=tuple(carton for carton in shipment.cartons if carton.sscc != event.carton),
    )


def _lines_sent(order: Order, shipment: Shipment) -> Iterator[Line]:
    units: dict[str, int] = {}
    for one in shipment.lines:
        units[one.line_id] = units.get(one.line_id, 0) + one.units
    for line_id, count in units.items():
        line = structs.replace(order.lines[line_id], shipped=order.lines[line_id].shipped + count)
        yield line if line.open > 0 else structs.replace(line, status=LINE_SHIPPED, picks=(), missing=0)


def _refunding(order: Order, event: RefundRequested) -> Order:
    """What is asked for a second time under the same id is nothing new."""
    return_id, attempt = attempt_of(event.refund_id)
    one = order.returns[return_id]
    if attempt <= len(one.amounts):
        return order
    asked = one.refunded + one.outstanding + event.amount
    amounts = (*one.amounts, event.amount)
    return _with_return(order, structs.replace(one, asked=asked, covered=one.due, amounts=amounts))


def _answered(one: Return, part: MoneyReturned) -> Return:
    """Of each part the latest answer counts; a return is closed while all that was asked for has gone back."""
    others = (known for known in one.answered if (known.attempt, known.number) != (part.attempt, part.number))
    one = structs.replace(one, answered=(*others, part))
    done = one.refunded >= one.asked and one.due <= one.covered
    return structs.replace(one, status=RETURN_CLOSED if done else RETURN_RECEIVED)


def _ended(order: Order, shipment_id: str) -> Shipment:
    shipment = _shipment(order, shipment_id)
    if shipment.ended:
        return shipment
    before = tuple(sorted(key for key, one in order.returns.items() if one.status == RETURN_CLOSED))
    return structs.replace(shipment, ended=True, settled_before=before)


def _with_given_up(order: Order, event: ParcelsGivenUp) -> Order:
    """The customer's claim for what was given up is a return of which all has been received."""
    if not event.lines:
        return order
    lines = tuple(ReturnedLine(one.line_id, one.sku, one.units) for one in event.lines)
    owed = event.due or event.resolution == "replace"
    claim = Return(
        event.return_id,
        lines,
        event.reason,
        event.resolution,
        status=RETURN_RECEIVED if owed else RETURN_CLOSED,
        received=event.lines,
        due=event.due,
    )
    return _with_return(order, claim)


def _is_replaced(order: Order, event: GoodsReturned) -> bool:
    return order.returns[event.return_id].resolution == "replace" and any(
        line.disposition != "refused" for line in event.lines
    )


def _shipment(order: Order, shipment_id: str) -> Shipment:
    return order.shipments.get(shipment_id) or Shipment(shipment_id)


def _with_shipment(order: Order, shipment: Shipment) -> Order:
    return structs.replace(order, shipments=order.shipments.set(shipment.shipment_id, shipment))


def _with_return(order: Order, one: Return) -> Order:
    return structs.replace(order, returns=order.returns.set(one.return_id, one))


def _with_lines(order: Order, lines: Iterable[Line]) -> Order:
    return structs.replace(order, lines=order.lines.update({line.line_id: line for line in lines}))


def _at(order: Order, status: str, waiting_for: str, deadline: str) -> Order:
    return structs.replace(order, status=status, waiting_for=waiting_for, deadline=deadline)


def _claiming_nothing(lines: Map[str, Line]) -> Map[str, Line]:
    return Map(
        {
            key: structs.replace(line, status=LINE_SHIPPED if line.shipped else LINE_RELEASED, picks=(), missing=0)
            for key, line in lines.items()
        }
    )
