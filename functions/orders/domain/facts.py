"""What the order notes for itself; other services never see these events."""

from msgspec import Struct

from orders.contracts import (
    AllocationDelayed,
    CancellationRefused,
    Carton,
    HoldKind,
    OrderAllocated,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderReserved,
    Pick,
    RemainderCancelled,
    Resolution,
    ReturnId,
    ShipmentId,
    UnitsOfLine,
)
from shared.address import Address
from shared.events import Event
from shared.gs1 import Sscc
from shared.identifiers import LineId, LotNumber, Sku, Timestamp


def attempt_of(asked: str) -> tuple[str, int]:
    """What a capture or refund is for, and which try it is: the first bears the id of what it is for."""
    what, _, number = asked.partition(":")
    return what, int(number) if number.isdecimal() else 1


def attempt_id(what: str, attempt: int) -> str:
    """The id under which that try at the money for a shipment or a return is asked for."""
    return what if attempt == 1 else f"{what}:{attempt}"


class PaymentSecured(Event, frozen=True):
    """The order's total is authorized."""

    authorization: str


class PaymentRefused(Event, frozen=True):
    """The means of payment was declined."""

    reason: str


class PaymentLapsed(Event, frozen=True):
    """The order's money is no longer set aside, for `reason`. `answer` is its number in payments' books."""

    answer: int
    reason: str


class PaymentRenewed(Event, frozen=True):
    """What is still to be taken is set aside by a new authorization. `answer`: see PaymentLapsed."""

    answer: int


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


class PickingBegun(Event, frozen=True):
    """Somebody collects units of the order."""


class PickingEnded(Event, frozen=True):
    """Nothing more of the order is to be picked for now, as picking's news of this `number` say."""

    number: int = 0


class NothingPicked(Event, frozen=True):
    """Nothing is picked of the order (any more: packers have rejected it), as the news of this `number` say."""

    number: int


class ShipmentPacked(Event, frozen=True):
    """`lines` stand packed in `cartons`: they are one shipment."""

    shipment_id: ShipmentId
    cartons: tuple[Carton, ...]
    lines: tuple[UnitsOfLine, ...]


class LabelsNoted(Event, frozen=True):
    """How a shipment's labels stand: made, failed or void. `answer` is the number of that in shipping's books."""

    shipment_id: ShipmentId
    answer: int
    label: str
    reason: str = ""


class ShipmentRecalled(Event, frozen=True):
    """Units of a recalled lot are in a carton of a shipment, which must not leave as it is."""

    shipment_id: ShipmentId
    carton: Sscc
    sku: Sku
    lot: LotNumber
    reason: str
    lines: tuple[UnitsOfLine, ...] = ()


class CartonLeftBehind(Event, frozen=True):
    """A carton never leaves with its shipment, of which others have left."""

    shipment_id: ShipmentId
    carton: Sscc


class ShipmentReduced(Event, frozen=True):
    """A shipment is complete without a carton that stays, and without `lines`, which are in it."""

    shipment_id: ShipmentId
    carton: Sscc
    lines: tuple[UnitsOfLine, ...]


class ShipmentWithdrawn(Event, frozen=True):
    """A shipment never leaves: its labels are void, as was asked for."""

    shipment_id: ShipmentId
    answer: int


class CartonsLeft(Event, frozen=True):
    """Cartons of a shipment have left the warehouse; what was left behind follows in another one."""

    shipment_id: ShipmentId
    cartons: tuple[Sscc, ...]
    dispatched_at: Timestamp


class ShipmentArrived(Event, frozen=True):
    """The customer has all cartons of a shipment."""

    shipment_id: ShipmentId
    delivered_at: Timestamp


class PaymentTaken(Event, frozen=True):
    """The money for a shipment is taken."""

    shipment_id: ShipmentId
    amount: int


class CaptureRefused(Event, frozen=True):
    """The money for a shipment that has left cannot be taken, at the try with that number."""

    shipment_id: ShipmentId
    number: int
    reason: str


class OrderHeld(Event, frozen=True):
    """The order may neither be released to picking nor leave, until the hold is released."""

    kind: HoldKind
    reason: str


class HoldReleased(Event, frozen=True):
    """That hold no longer stops the order."""

    kind: HoldKind


class DestinationChanged(Event, frozen=True):
    """What has no label yet goes to this address."""

    ship_to: Address


class PriorityChanged(Event, frozen=True):
    """How urgent the order is from now on."""

    priority: int


class Stall(Struct, frozen=True):
    """What an order waits for although all the time for it is over, and since when it does."""

    waiting_for: str
    since: str


class CameBack(Struct, frozen=True):
    """Units of a line that came back; `refused` ones give the customer nothing."""

    line_id: LineId
    sku: Sku
    units: int
    disposition: str


class DeliveryEnded(Event, frozen=True):
    """Nothing of a shipment is on its way any more; the cartons in `returned` did not arrive and came back."""

    shipment_id: ShipmentId
    returned: tuple[Sscc, ...]


class ParcelsGivenUp(Event, frozen=True):
    """Nobody waits any more for what of a shipment did not arrive. The customer gets `due` for `lines`, if any.

    They are noted as a return that has been received, though nothing comes back.
    """

    return_id: ReturnId
    shipment_id: ShipmentId
    lines: tuple[CameBack, ...]
    due: int
    reason: str
    resolution: Resolution


class GoodsReturned(Event, frozen=True):
    """A return has been received; `due` is what the customer gets back for it."""

    return_id: ReturnId
    lines: tuple[CameBack, ...]
    due: int


class ReplacementLost(Event, frozen=True):
    """Of what replaces the goods of a return the customer does not have `lines`, in the order's own lines.

    `due` is what the customer gets back for them in all.
    """

    return_id: ReturnId
    lines: tuple[UnitsOfLine, ...]
    due: int


class MoneyReturned(Event, frozen=True):
    """Part `number` of a refund has gone back to the customer, or was declined.

    `attempt` counts how often money was asked for; of the same part the higher `answer` in payments' books counts.
    """

    return_id: ReturnId
    number: int
    amount: int
    declined: bool = False
    attempt: int = 1
    answer: int = 0


class PaymentParked(Event, frozen=True):
    """The payment provider does not answer for now: the order waits, and nothing is reserved for it yet."""


class DeadlinePassed(Event, frozen=True):
    """A step had not answered in time and is asked again, until `deadline` where the question itself has none."""

    waiting_for: str
    deadline: str = ""


class OrderAdvanced(Event, frozen=True):
    """The order as a whole stands elsewhere now, or waits for something else (nothing: it waits no more)."""

    status: str
    waiting_for: str = ""
    deadline: str = ""


_GOING_ON = (
    OrderReserved,
    OrderBackordered,
    OrderAllocated,
    AllocationDelayed,
    OrderAdvanced,
    CancellationRefused,
    RemainderCancelled,
    OrderCancelled,
    OrderClosed,
)
"""What is only said of an order when it stands elsewhere than before, or waits for something else."""


def goes_on(event: Event, before: str, after: str) -> bool:
    """Whether an order that had stalled has gone on by an event: its status, `before` and `after`, may tell."""
    return before != after or isinstance(event, _GOING_ON)


PRIVATE: tuple[type[Event], ...] = (
    PaymentParked,
    PaymentSecured,
    PaymentRefused,
    PaymentLapsed,
    PaymentRenewed,
    PaymentFreed,
    LinePromised,
    LineDelayed,
    LineFreed,
    LineSetAside,
    LineIncomplete,
    PickingBegun,
    PickingEnded,
    NothingPicked,
    ShipmentPacked,
    LabelsNoted,
    ShipmentRecalled,
    CartonLeftBehind,
    ShipmentReduced,
    ShipmentWithdrawn,
    CartonsLeft,
    ShipmentArrived,
    PaymentTaken,
    CaptureRefused,
    OrderHeld,
    HoldReleased,
    DestinationChanged,
    PriorityChanged,
    DeliveryEnded,
    ParcelsGivenUp,
    GoodsReturned,
    ReplacementLost,
    MoneyReturned,
    DeadlinePassed,
    OrderAdvanced,
)
