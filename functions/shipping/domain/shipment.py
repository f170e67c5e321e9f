"""Shipments: cartons that go to one address with one carrier, from their labels to their delivery."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from shared.address import Address
from shared.events import Event
from shared.money import Money
from shared.rejection import Conflict, NotFound, Unprocessable
from shipping.contracts import (
    CartonKept,
    DeliveryExceptionRaised,
    DeliveryFailed,
    Details,
    LabelFailed,
    LabelledCarton,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLabelled,
    ShipmentVoided,
    TrackingStatus,
    TrackingUpdated,
)

Status = Literal[
    "requested", "failed", "labelled", "voiding", "voided", "partially_dispatched", "dispatched", "delivered"
]
STATUSES: tuple[Status, ...] = (
    "requested",
    "failed",
    "labelled",
    "voiding",
    "voided",
    "partially_dispatched",
    "dispatched",
    "delivered",
)
NO_CARRIER = "no-carrier"
UNTIL_RELEASED = "Keep it at the dock: it may leave when the hold is released."
TO_THE_BENCH = "Bring it to the packing bench: its order is packed anew without the recalled units."
TROUBLE: tuple[TrackingStatus, ...] = ("exception", "returned")
_ON_THE_WAY: tuple[TrackingStatus, ...] = (
    "pre_transit",
    "in_transit",
    "out_for_delivery",
    "exception",
    "returned",
    "delivered",
)


# --- events that only shipping reads ---


class PackedCarton(Struct, frozen=True):
    """A carton as it was packed: its outer measures, and what it weighs with its contents."""

    sscc: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int


class ShipmentAccepted(Event, frozen=True, kw_only=True):
    """A shipment is to be labelled. `address_number` tells which of two addresses of it is the later one."""

    shipment_id: str
    order_id: str
    warehouse: str
    ship_to: Address
    address_number: int
    cartons: tuple[PackedCarton, ...]
    value: Money
    service: str | None = None
    reference: str | None = None


class AddressChanged(Event, frozen=True, kw_only=True):
    """The shipment goes elsewhere: its labels are of no use. One that was voided by hand is labelled anew."""

    shipment_id: str
    order_id: str
    ship_to: Address
    address_number: int


class ShipmentWithdrawn(Event, frozen=True, kw_only=True):
    """The shipment is not to leave; `by_order` when its order is called off, so that it never will."""

    shipment_id: str
    order_id: str
    reason: str
    by_order: bool


class CartonStopped(Event, frozen=True, kw_only=True):
    """A carton must not leave: units of a recalled lot are in it."""

    shipment_id: str
    order_id: str
    sscc: str
    sku: str
    lot: str
    reason: str


class HoldsNoted(Event, frozen=True, kw_only=True):
    """What stops the shipment's order now, by kind with its reason: nothing of the shipment leaves meanwhile.

    `number` tells which of two is the later one.
    """

    shipment_id: str
    order_id: str
    number: int
    holds: dict[str, str]


class Purchase(Struct, frozen=True):
    """A label that is to be bought: what the carrier calls the carton and the rate, and what it costs."""

    sscc: str
    consignment: str
    rate: str
    amount: int


class CarrierChosen(Event, frozen=True, kw_only=True):
    """The labels number `revision` are bought from a carrier that is not ours, each under the number given."""

    shipment_id: str
    revision: int
    carrier: str
    service: str
    currency: str
    purchases: tuple[Purchase, ...]


class LabelBought(Event, frozen=True, kw_only=True):
    """A carton's label was bought; one that is no longer wanted is given back.

    `document` is the media type of the carrier's own label as it is kept; empty when none could be had.
    """

    shipment_id: str
    sscc: str
    consignment: str
    tracking_number: str
    document: str = ""


class PostageSettled(Event, frozen=True, kw_only=True):
    """A label that is not wanted any more was given back to its carrier, if it was ever bought (`returned`)."""

    shipment_id: str
    consignment: str
    returned: bool


class CarrierAsked(Event, frozen=True, kw_only=True):
    """A carrier that had told nothing for long was asked where cartons are. What was new is told beside this."""

    shipment_id: str
    asked_at: str


class ReturnLabelOrdered(Event, frozen=True, kw_only=True):
    """A customer who sends goods back gets a label of the carrier, for a parcel like the carton that it was."""

    shipment_id: str
    return_id: str
    sscc: str


class ReturnPostageChosen(Event, frozen=True, kw_only=True):
    """The label of a return is bought, under the number given."""

    shipment_id: str
    return_id: str
    purchase: Purchase
    currency: str


class ReturnLabelBought(Event, frozen=True, kw_only=True):
    """The label of a return was bought; `document` is its media type, empty when it could not be had."""

    shipment_id: str
    return_id: str
    sscc: str
    tracking_number: str
    document: str = ""


class ReturnLabelRefused(Event, frozen=True, kw_only=True):
    """The carrier sells no label for the return."""

    shipment_id: str
    return_id: str
    sscc: str
    reason: str


class LabelsOrderedAgain(Event, frozen=True, kw_only=True):
    """Somebody wants labels for a shipment that has none: what kept it from having some was mended."""

    shipment_id: str


class LabelsReprinted(Event, frozen=True, kw_only=True):
    """Labels were printed once more, because the first ones were lost or cannot be read."""

    shipment_id: str
    ssccs: tuple[str, ...]
    reason: str


# --- state ---


class Parcel(Struct, frozen=True, omit_defaults=True):
    """A carton of the shipment: as packed, its label, the load it left with, and the latest news of it.

    `document` is the media type of its carrier's own label; empty where we draw the only one.
    """

    sscc: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    tracking_number: str = ""
    document: str = ""
    load_id: str = ""
    tracking: TrackingStatus | None = None
    heard_at: str = ""
    delivered_at: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it has arrived: with the customer, or back with us."""
        return bool(self.delivered_at) or self.tracking == "returned"


class ReturnLabel(Struct, frozen=True, omit_defaults=True):
    """The carrier's label for a parcel that comes back: what is bought for it, or why it was `refused`."""

    return_id: str
    sscc: str
    purchase: Purchase | None = None
    currency: str = ""
    tracking_number: str = ""
    document: str = ""
    refused: str = ""

    @property
    def status(self) -> Literal["ordered", "bought", "refused"]:
        """Where the label stands."""
        if self.refused:
            return "refused"
        return "bought" if self.tracking_number else "ordered"


class Stop(Struct, frozen=True):
    """What keeps a carton here: in one word, the code of the refusal, why, and what to do with the carton."""

    kind: Literal["recalled", "held"]
    code: str
    why: str
    remedy: str


class Shipment(Struct, frozen=True, omit_defaults=True):
    """A shipment. Without cartons it was not requested yet, and only an address or a withdrawal is known.

    `revision` numbers the sets of labels that were wanted: each address, and each time they are ordered again, has
    its own. `withdrawn` tells by whom it was called off. `purchases` are the labels of the present revision that a
    carrier sells, by carton; `unwanted` are those of before that may have to be given back, with their cartons.
    `asked_at` is when its carrier was last asked where cartons are. `return_labels` are for what comes back, by
    return and carton. `stopped` says of cartons why they must not leave, `holds` of all that are here; the latter
    are those of number `holds_number`. `came_back` are the cartons of which was told that they did, at the end.
    """

    shipment_id: str = ""
    order_id: str = ""
    warehouse: str = ""
    ship_to: Address | None = None
    address_number: int = 0
    wanted: str | None = None
    reference: str | None = None
    value: Money | None = None
    cartons: dict[str, Parcel] = {}
    revision: int = 0
    carrier: str = ""
    service: str = ""
    cost: Money | None = None
    labelled_at: str = ""
    failure: str = ""
    permanent: bool = False
    withdrawn: Literal["", "by_order", "by_hand"] = ""
    voided: bool = False
    dispatched_at: str = ""
    delivered_at: str = ""
    currency: str = ""
    purchases: dict[str, Purchase] = {}
    unwanted: dict[str, str] = {}
    asked_at: str = ""
    return_labels: dict[str, ReturnLabel] = {}
    stopped: dict[str, str] = {}
    holds: dict[str, str] = {}
    holds_number: int = 0
    came_back: tuple[str, ...] = ()

    @property
    def held_back(self) -> list[str]:
        """The cartons that are still here, would leave, and must not."""
        if self.withdrawn and not self.has_left:
            return []
        return [sscc for sscc, carton in self.cartons.items() if sscc in self.stopped and not carton.load_id]

    def stop(self, sscc: str) -> "Stop | None":
        """What keeps a carton here that is to leave; None when nothing does."""
        if sscc in self.stopped:
            return Stop("recalled", "carton-recalled", self.stopped[sscc], TO_THE_BENCH)
        if self.holds and not self.withdrawn:
            why = ", ".join(f"{kind}: {reason}" for kind, reason in sorted(self.holds.items()))
            return Stop("held", "order-held", f"Its order {self.order_id} is held ({why}).", UNTIL_RELEASED)
        return None

    @property
    def under_way(self) -> list["Parcel"]:
        """The cartons that somebody else's carrier has taken along and not delivered."""
        return [
            one for one in self.cartons.values() if one.load_id and one.sscc in self.purchases and not one.is_there
        ]

    @property
    def last_heard(self) -> str:
        """Since when nothing is known of a carton that is under way; empty when none is."""
        silent = [max(self.dispatched_at, one.heard_at) for one in self.under_way]
        return max(self.asked_at, min(silent)) if silent else ""

    @property
    def is_requested(self) -> bool:
        """Whether it is known what is to be shipped."""
        return bool(self.cartons)

    @property
    def is_labelled(self) -> bool:
        """Whether every carton has a label."""
        return bool(self.labelled_at)

    @property
    def has_left(self) -> bool:
        """Whether at least one carton has been dispatched."""
        return any(carton.load_id for carton in self.cartons.values())

    @property
    def status(self) -> Status:
        """Where the shipment stands."""
        if self.has_left:
            if self.delivered_at:
                return "delivered"
            return "dispatched" if all(one.load_id for one in self.cartons.values()) else "partially_dispatched"
        if self.withdrawn:
            return "voided" if self.voided else "voiding"
        if self.is_labelled:
            return "delivered" if self.delivered_at else "labelled"
        return "failed" if self.failure else "requested"


# --- commands ---


class OfferedLabel(Struct, frozen=True):
    """The label of a carton that comes with an offer."""

    sscc: str
    tracking_number: str


class Offer(Struct, frozen=True, kw_only=True):
    """What a carrier asks for the labels number `revision` of a shipment.

    Either the `labels` come with it, or they are `purchases` that are still to be made.
    """

    revision: int
    carrier: str
    service: str
    cost: Money
    labels: tuple[OfferedLabel, ...] = ()
    purchases: tuple[Purchase, ...] = ()


class NoOffer(Struct, frozen=True):
    """No carrier takes the shipment where it goes, as it is wanted."""

    revision: int
    reason: str = NO_CARRIER
    permanent: bool = False


Answer = Offer | NoOffer


class RequestShipment(Struct, frozen=True):
    """Take the shipment on, and label it as `answer` says if that still fits."""

    accepted: ShipmentAccepted
    answer: Answer | None
    at: str


class ChangeAddress(Struct, frozen=True):
    """Send the shipment elsewhere, and label it anew as `answer` says if that still fits."""

    changed: AddressChanged
    answer: Answer | None
    at: str


class LabelShipment(Struct, frozen=True):
    """Label a shipment that waits for it."""

    answer: Answer
    at: str


class NoteBought(Struct, frozen=True):
    """Note that a label was bought."""

    purchase: Purchase
    tracking_number: str
    at: str
    document: str = ""


class NoteRefused(Struct, frozen=True):
    """Note that the carrier does not sell a label after all."""

    purchase: Purchase
    reason: str


class NoteSettled(Struct, frozen=True):
    """Note that an unwanted label was given back, or was never bought."""

    consignment: str
    returned: bool


class OrderLabelsAgain(Struct, frozen=True):
    """Label a shipment that has failed, or was voided by hand."""

    answer: Answer | None
    at: str


class Withdraw(Struct, frozen=True):
    """Call the shipment off."""

    shipment_id: str
    order_id: str
    reason: str
    by_order: bool


class StopCarton(Struct, frozen=True):
    """Keep a carton here: units of a recalled lot are in it."""

    shipment_id: str
    order_id: str
    sscc: str
    sku: str
    lot: str
    reason: str


class NoteHolds(Struct, frozen=True):
    """Note what stops the order now, by kind with its reason; nothing: it stops no more."""

    shipment_id: str
    order_id: str
    number: int
    holds: dict[str, str]


class Reprint(Struct, frozen=True):
    """Note that labels are printed once more: those of `ssccs`, or all."""

    ssccs: tuple[str, ...]
    reason: str


class Dispatch(Struct, frozen=True):
    """Let cartons leave with a load."""

    load_id: str
    carrier: str
    ssccs: tuple[str, ...]
    at: str


class News(Struct, frozen=True, omit_defaults=True):
    """What a carrier says of one carton."""

    sscc: str
    status: TrackingStatus
    occurred_at: str
    details: Details | None = None


class Track(Struct, frozen=True):
    """Note news of cartons. Those of a driver are of cartons that have left."""

    news: tuple[News, ...]
    by_driver: bool = False


class NoteAsked(Struct, frozen=True):
    """Note what a carrier has answered that was asked `at` this moment where cartons are."""

    news: tuple[News, ...]
    at: str


class OrderReturnLabel(Struct, frozen=True):
    """Have the carrier make a label for a parcel like carton `sscc`, which comes back by the return."""

    return_id: str
    sscc: str


class NoteReturnPostage(Struct, frozen=True):
    """Note what is to be bought for a return."""

    return_id: str
    purchase: Purchase
    currency: str


class NoteReturnBought(Struct, frozen=True):
    """Note that the label of a return was bought."""

    return_id: str
    sscc: str
    tracking_number: str
    document: str


class NoteReturnRefused(Struct, frozen=True):
    """Note that the carrier sells no label for a return."""

    return_id: str
    sscc: str
    reason: str


ShipmentCommand = (
    RequestShipment
    | ChangeAddress
    | LabelShipment
    | NoteBought
    | NoteRefused
    | NoteSettled
    | OrderLabelsAgain
    | Withdraw
    | StopCarton
    | NoteHolds
    | Reprint
    | Dispatch
    | Track
    | NoteAsked
    | OrderReturnLabel
    | NoteReturnPostage
    | NoteReturnBought
    | NoteReturnRefused
)
ShipmentEvent = (
    ShipmentAccepted
    | AddressChanged
    | ShipmentLabelled
    | LabelFailed
    | ShipmentWithdrawn
    | ShipmentVoided
    | CartonStopped
    | HoldsNoted
    | CartonKept
    | CarrierChosen
    | LabelBought
    | PostageSettled
    | CarrierAsked
    | ReturnLabelOrdered
    | ReturnPostageChosen
    | ReturnLabelBought
    | ReturnLabelRefused
    | LabelsOrderedAgain
    | LabelsReprinted
    | ShipmentDispatched
    | TrackingUpdated
    | DeliveryExceptionRaised
    | DeliveryFailed
    | ShipmentDelivered
)


def decide(command: ShipmentCommand, shipment: Shipment) -> Sequence[Event]:
    """What happens to the shipment because of `command`."""
    match command:
        case RequestShipment(accepted, answer, at):
            return [] if shipment.is_requested else _then_labelled(shipment, accepted, answer, at)
        case ChangeAddress(changed, answer, at):
            return _with_address(shipment, changed, answer, at)
        case LabelShipment(answer, at):
            return _labelled(shipment, answer, at)
        case NoteBought():
            return _bought(shipment, command)
        case NoteRefused(purchase, reason):
            wanted = waits(shipment) and shipment.purchases.get(purchase.sscc) == purchase
            return [_failed(shipment, reason, permanent=True)] if wanted else []
        case NoteSettled(consignment, returned):
            if consignment not in shipment.unwanted:
                return []
            return [PostageSettled(shipment_id=shipment.shipment_id, consignment=consignment, returned=returned)]
        case OrderLabelsAgain(answer, at):
            return _ordered_again(shipment, answer, at)
        case Withdraw():
            return _withdrawn(shipment, command)
        case StopCarton():
            return _stopped(shipment, command)
        case NoteHolds():
            return _holds_noted(shipment, command)
        case Reprint(ssccs, reason):
            return _reprinted(shipment, ssccs, reason)
        case Dispatch():
            return _dispatched(shipment, command)
        case Track(news, by_driver):
            return list(_heard(shipment, news, by_driver=by_driver))
        case NoteAsked(news, at):
            if not shipment.under_way:
                return []
            asked = CarrierAsked(shipment_id=shipment.shipment_id, asked_at=at)
            return [asked, *_heard(shipment, news, by_driver=False)]
        case OrderReturnLabel(return_id, sscc):
            return _return_label_ordered(shipment, return_id, sscc)
        case NoteReturnPostage() | NoteReturnBought() | NoteReturnRefused():
            return _return_label_noted(shipment, command)


def evolve(shipment: Shipment, event: ShipmentEvent) -> Shipment:
    """The shipment after `event`."""
    match event:
        case ShipmentAccepted():
            return _accepted(shipment, event)
        case AddressChanged():
            by_order = shipment.withdrawn == "by_order"
            return replace(
                _without_labels(shipment),
                shipment_id=event.shipment_id,
                order_id=event.order_id,
                ship_to=event.ship_to,
                address_number=event.address_number,
                withdrawn="by_order" if by_order else "",
                voided=shipment.voided and by_order,
            )
        case ShipmentLabelled(carrier=carrier, service=service, cost=cost, labelled_at=at, cartons=cartons):
            return replace(
                shipment,
                carrier=carrier,
                service=service,
                cost=cost,
                labelled_at=at,
                failure="",
                permanent=False,
                cartons={
                    one.sscc: replace(shipment.cartons[one.sscc], tracking_number=one.tracking_number)
                    for one in cartons
                },
            )
        case LabelFailed(reason=reason, permanent=permanent):
            return replace(_without_purchases(shipment), failure=reason, permanent=permanent)
        case CarrierChosen():
            return replace(
                shipment,
                carrier=event.carrier,
                service=event.service,
                currency=event.currency,
                failure="",
                purchases={one.sscc: one for one in event.purchases},
            )
        case LabelBought(sscc=sscc, consignment=consignment, tracking_number=number, document=document):
            if not _is_wanted(shipment, sscc, consignment):
                return replace(shipment, unwanted=shipment.unwanted | {consignment: sscc})
            parcel = replace(shipment.cartons[sscc], tracking_number=number, document=document)
            return replace(shipment, cartons=shipment.cartons | {sscc: parcel})
        case PostageSettled(consignment=consignment):
            left = {one: sscc for one, sscc in shipment.unwanted.items() if one != consignment}
            return replace(shipment, unwanted=left)
        case CarrierAsked(asked_at=at):
            return replace(shipment, asked_at=at)
        case ReturnLabelOrdered(return_id=return_id, sscc=sscc):
            return _with_return_label(shipment, ReturnLabel(return_id, sscc))
        case ReturnPostageChosen(return_id=return_id, purchase=purchase, currency=currency):
            return _with_return_label(shipment, ReturnLabel(return_id, purchase.sscc, purchase, currency))
        case ReturnLabelBought(return_id=return_id, sscc=sscc, tracking_number=number, document=document):
            label = shipment.return_labels[return_key(return_id, sscc)]
            return _with_return_label(shipment, replace(label, tracking_number=number, document=document))
        case ReturnLabelRefused(return_id=return_id, sscc=sscc, reason=reason):
            return _with_return_label(shipment, ReturnLabel(return_id, sscc, refused=reason))
        case ShipmentWithdrawn(shipment_id=shipment_id, order_id=order_id, by_order=by_order):
            by = "by_order" if by_order else "by_hand"
            return replace(_without_purchases(shipment), shipment_id=shipment_id, order_id=order_id, withdrawn=by)
        case ShipmentVoided():
            return replace(shipment, voided=True)
        case CartonStopped(shipment_id=shipment_id, order_id=order_id, sscc=sscc):
            why = f"Lot {event.lot} of {event.sku} in it is recalled: {event.reason}."
            stopped = shipment.stopped | {sscc: why}
            return replace(shipment, shipment_id=shipment_id, order_id=order_id, stopped=stopped)
        case HoldsNoted(shipment_id=shipment_id, order_id=order_id, number=number, holds=holds):
            return replace(shipment, shipment_id=shipment_id, order_id=order_id, holds=holds, holds_number=number)
        case CartonKept(sscc=sscc):
            return _without_carton(shipment, sscc)
        case LabelsOrderedAgain():
            return replace(_without_labels(shipment), withdrawn="", voided=False)
        case LabelsReprinted():
            return shipment
        case ShipmentDispatched(load_id=load_id, cartons=ssccs, dispatched_at=at):
            gone = {sscc: replace(shipment.cartons[sscc], load_id=load_id) for sscc in ssccs}
            return replace(shipment, cartons=shipment.cartons | gone, dispatched_at=at)
        case TrackingUpdated():
            heard = _told(shipment.cartons[event.sscc], event.status, event.occurred_at)
            return replace(shipment, cartons=shipment.cartons | {event.sscc: heard})
        case DeliveryExceptionRaised():
            return shipment
        case DeliveryFailed(returned=returned):
            return replace(shipment, came_back=returned)
        case ShipmentDelivered(delivered_at=at):
            return replace(shipment, delivered_at=at)


# --- labels ---


def waits(shipment: Shipment) -> bool:
    """Whether the shipment is to get labels and has none."""
    return shipment.is_requested and not shipment.is_labelled and not shipment.withdrawn and not shipment.permanent


class ChoiceDue(Struct, frozen=True):
    """A carrier has to be chosen for the labels number `revision`."""

    revision: int


class PurchaseDue(Struct, frozen=True):
    """A label has to be bought."""

    purchase: Purchase


class ReturnDue(Struct, frozen=True):
    """It has to be made sure that a label that is not wanted any more is not paid for."""

    consignment: str


class ReturnChoiceDue(Struct, frozen=True):
    """It has to be asked what the label of a return costs."""

    label: ReturnLabel


class ReturnPurchaseDue(Struct, frozen=True):
    """The label of a return has to be bought."""

    label: ReturnLabel
    purchase: Purchase


Step = ChoiceDue | PurchaseDue | ReturnDue | ReturnChoiceDue | ReturnPurchaseDue


def due(shipment: Shipment) -> Step | None:
    """What has to be done next, as far as the shipment itself can tell; None when it rests."""
    if waits(shipment):
        if not shipment.purchases:
            return ChoiceDue(shipment.revision)
        for sscc, purchase in shipment.purchases.items():
            if not shipment.cartons[sscc].tracking_number:
                return PurchaseDue(purchase)
    for consignment in shipment.unwanted:
        return ReturnDue(consignment)
    for label in shipment.return_labels.values():
        if label.status == "ordered":
            return ReturnPurchaseDue(label, label.purchase) if label.purchase else ReturnChoiceDue(label)
    return None


def _is_wanted(shipment: Shipment, sscc: str, consignment: str) -> bool:
    purchase = shipment.purchases.get(sscc)
    return purchase is not None and purchase.consignment == consignment


def _bought(shipment: Shipment, command: NoteBought) -> list[Event]:
    """The label, and all of them once it is the last one. One that came too late is noted, to be given back."""
    purchase = command.purchase
    if purchase.consignment in shipment.unwanted:
        return []
    wanted = _is_wanted(shipment, purchase.sscc, purchase.consignment)
    if wanted and shipment.cartons[purchase.sscc].tracking_number:
        return []
    bought = LabelBought(
        shipment_id=shipment.shipment_id,
        sscc=purchase.sscc,
        consignment=purchase.consignment,
        tracking_number=command.tracking_number,
        document=command.document,
    )
    after = evolve(shipment, bought)
    if not wanted or not waits(after) or isinstance(due(after), PurchaseDue):
        return [bought]
    labelled = ShipmentLabelled(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        carrier=shipment.carrier,
        service=shipment.service,
        cartons=tuple(LabelledCarton(one.sscc, one.tracking_number) for one in after.cartons.values()),
        cost=Money(sum(one.amount for one in shipment.purchases.values()), shipment.currency),
        labelled_at=command.at,
    )
    return [bought, labelled]


def _then_labelled(
    shipment: Shipment, event: ShipmentAccepted | AddressChanged, answer: Answer | None, at: str
) -> list[Event]:
    """`event`, and the labels that `answer` offers, if it was made for the shipment as it is then."""
    after = evolve(shipment, event)
    return [event, *(_labelled(after, answer, at) if answer is not None else ())]


def _with_address(shipment: Shipment, changed: AddressChanged, answer: Answer | None, at: str) -> Sequence[Event]:
    """An address that came too late, for whatever reason, changes nothing."""
    if shipment.has_left or changed.address_number <= shipment.address_number:
        return []
    return _then_labelled(shipment, changed, answer, at)


def _labelled(shipment: Shipment, answer: Answer, at: str) -> list[Event]:
    """Labels, or that there are none; nothing when that is not, or no longer, what the shipment waits for."""
    if not waits(shipment) or answer.revision != shipment.revision:
        return []
    if shipment.purchases:
        return []
    if isinstance(answer, NoOffer):
        known = (shipment.failure, shipment.permanent) == (answer.reason, answer.permanent)
        return [] if known else [_failed(shipment, answer.reason, permanent=answer.permanent)]
    if answer.purchases:
        return [
            CarrierChosen(
                shipment_id=shipment.shipment_id,
                revision=answer.revision,
                carrier=answer.carrier,
                service=answer.service,
                currency=answer.cost.currency,
                purchases=answer.purchases,
            )
        ]
    return [
        ShipmentLabelled(
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            warehouse=shipment.warehouse,
            carrier=answer.carrier,
            service=answer.service,
            cartons=tuple(LabelledCarton(label.sscc, label.tracking_number) for label in answer.labels),
            cost=answer.cost,
            labelled_at=at,
        )
    ]


def _failed(shipment: Shipment, reason: str, *, permanent: bool) -> LabelFailed:
    return LabelFailed(
        shipment_id=shipment.shipment_id, order_id=shipment.order_id, reason=reason, permanent=permanent
    )


def _ordered_again(shipment: Shipment, answer: Answer | None, at: str) -> list[Event]:
    require_requested(shipment)
    if shipment.withdrawn == "by_order":
        raise Conflict(
            f"Shipment {shipment.shipment_id} was called off by its order.",
            field="id",
            value=shipment.shipment_id,
            remedy="Unpack it: its goods go back into stock.",
            code="shipment-called-off",
        )
    if stopped := [sscc for sscc in shipment.cartons if sscc in shipment.stopped]:
        raise Conflict(
            f"Carton {stopped[0]} must not leave. {shipment.stopped[stopped[0]]}",
            field="id",
            value=shipment.shipment_id,
            remedy=TO_THE_BENCH,
            code="carton-recalled",
        )
    if not (shipment.failure or shipment.voided) or shipment.has_left:
        raise Conflict(
            f"Shipment {shipment.shipment_id} is {shipment.status}.",
            field="id",
            value=shipment.shipment_id,
            remedy="Only a shipment that has failed, or was voided by hand, is labelled again.",
            code="not-to-be-labelled",
        )
    ordered = LabelsOrderedAgain(shipment_id=shipment.shipment_id)
    return [ordered, *(_labelled(evolve(shipment, ordered), answer, at) if answer is not None else ())]


def _withdrawn(shipment: Shipment, command: Withdraw) -> Sequence[Event]:
    """Called off by its order, a shipment may not be known here yet; what has left stays away.

    An order that calls off what was voided by hand is answered as well: labels may have been ordered again since.
    """
    if not command.by_order:
        require_requested(shipment)
        if shipment.has_left:
            raise Conflict(
                f"Shipment {shipment.shipment_id} has left on {shipment.dispatched_at}.",
                field="id",
                value=shipment.shipment_id,
                remedy="Authorize a return for what should come back.",
                code="shipment-has-left",
            )
    if shipment.has_left or shipment.withdrawn == "by_order" or (shipment.withdrawn and not command.by_order):
        return []
    withdrawn = ShipmentWithdrawn(
        shipment_id=command.shipment_id,
        order_id=shipment.order_id or command.order_id,
        reason=command.reason,
        by_order=command.by_order,
    )
    voided = ShipmentVoided(shipment_id=command.shipment_id, order_id=withdrawn.order_id)
    return [withdrawn, voided]


def _stopped(shipment: Shipment, command: StopCarton) -> Sequence[Event]:
    """A carton that has left cannot be kept; of its shipment nothing may be known here yet."""
    carton = shipment.cartons.get(command.sscc)
    if command.sscc in shipment.stopped or (carton is not None and carton.load_id):
        return []
    stopped = CartonStopped(
        shipment_id=command.shipment_id,
        order_id=command.order_id,
        sscc=command.sscc,
        sku=command.sku,
        lot=command.lot,
        reason=command.reason,
    )
    return [stopped, *_kept(evolve(shipment, stopped))]


def _kept(shipment: Shipment) -> Iterator[Event]:
    """A shipment of which cartons have left goes on without those that must not leave."""
    if not shipment.has_left:
        return
    for sscc in shipment.held_back:
        kept = CartonKept(shipment_id=shipment.shipment_id, order_id=shipment.order_id, sscc=sscc)
        yield kept
        shipment = evolve(shipment, kept)
        if not shipment.delivered_at and all(one.delivered_at for one in shipment.cartons.values()):
            yield _delivered(shipment)
    yield from _failed_to_arrive(shipment)


def _without_carton(shipment: Shipment, sscc: str) -> Shipment:
    """The shipment without a carton that stays; a label that was bought for it is to be given back."""
    purchases = {one: purchase for one, purchase in shipment.purchases.items() if one != sscc}
    unwanted = {purchase.consignment: one for one, purchase in shipment.purchases.items() if one == sscc}
    return replace(
        shipment,
        cartons={one: carton for one, carton in shipment.cartons.items() if one != sscc},
        purchases=purchases,
        unwanted=shipment.unwanted | unwanted,
    )


def _delivered(shipment: Shipment) -> ShipmentDelivered:
    return ShipmentDelivered(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        delivered_at=max(one.delivered_at for one in shipment.cartons.values()),
    )


def _holds_noted(shipment: Shipment, command: NoteHolds) -> Sequence[Event]:
    """The latest counts. What has left cannot be held; of the shipment nothing may be known here yet."""
    gone = shipment.is_requested and all(carton.load_id for carton in shipment.cartons.values())
    if command.number <= shipment.holds_number or gone:
        return []
    noted = HoldsNoted(
        shipment_id=command.shipment_id, order_id=command.order_id, number=command.number, holds=command.holds
    )
    return [noted]


def _reprinted(shipment: Shipment, ssccs: tuple[str, ...], reason: str) -> Sequence[Event]:
    require_requested(shipment)
    require_labels(shipment)
    for index, sscc in enumerate(ssccs):
        if sscc not in shipment.cartons:
            raise foreign_carton(shipment, sscc, f"ssccs[{index}]")
    return [
        LabelsReprinted(shipment_id=shipment.shipment_id, ssccs=ssccs or tuple(shipment.cartons), reason=reason)
    ]


# --- labels for what comes back ---


def return_key(return_id: str, sscc: str) -> str:
    """By what a label of a return is known: one for each carton that a return may come back in."""
    return f"{return_id}/{sscc}"


def _return_label_ordered(shipment: Shipment, return_id: str, sscc: str) -> Sequence[Event]:
    """Ordered twice it is bought once; one that was refused is asked for again."""
    require_requested(shipment)
    if sscc not in shipment.cartons:
        raise foreign_carton(shipment, sscc, "sscc")
    if not shipment.cartons[sscc].load_id:
        raise Conflict(
            f"Carton {sscc} has not left yet.",
            field="sscc",
            value=sscc,
            remedy="Only what has left can come back.",
            code="carton-not-dispatched",
        )
    if sscc not in shipment.purchases:
        raise Conflict(
            f"Carton {sscc} went with {shipment.carrier}, which sells no labels.",
            field="sscc",
            value=sscc,
            remedy="Print the return's own label: GET /receiving/returns/{id}/label.",
            code="no-labels-for-returns",
        )
    known = shipment.return_labels.get(return_key(return_id, sscc))
    if known is not None and known.status != "refused":
        return []
    return [ReturnLabelOrdered(shipment_id=shipment.shipment_id, return_id=return_id, sscc=sscc)]


def _return_label_noted(
    shipment: Shipment, command: NoteReturnPostage | NoteReturnBought | NoteReturnRefused
) -> Sequence[Event]:
    """The first answer to each question counts."""
    sscc = command.purchase.sscc if isinstance(command, NoteReturnPostage) else command.sscc
    label = shipment.return_labels.get(return_key(command.return_id, sscc))
    if label is None or label.status != "ordered":
        return []
    match command:
        case NoteReturnPostage(return_id, purchase, currency):
            if label.purchase is not None:
                return []
            chosen = ReturnPostageChosen(
                shipment_id=shipment.shipment_id, return_id=return_id, purchase=purchase, currency=currency
            )
            return [chosen]
        case NoteReturnBought(return_id, sscc, number, document):
            bought = ReturnLabelBought(
                shipment_id=shipment.shipment_id,
                return_id=return_id,
                sscc=sscc,
                tracking_number=number,
                document=document,
            )
            return [bought]
        case NoteReturnRefused(return_id, sscc, reason):
            return [
                ReturnLabelRefused(shipment_id=shipment.shipment_id, return_id=return_id, sscc=sscc, reason=reason)
            ]


def _with_return_label(shipment: Shipment, label: ReturnLabel) -> Shipment:
    key = return_key(label.return_id, label.sscc)
    return replace(shipment, return_labels=shipment.return_labels | {key: label})


# --- on the way ---


def _dispatched(shipment: Shipment, command: Dispatch) -> Sequence[Event]:
    """What of the load's cartons leaves. Raises Conflict when the shipment is not to leave with it."""
    require_requested(shipment)
    _require_may_leave(shipment, command.carrier)
    leaving = tuple(
        sscc for sscc in command.ssccs if sscc in shipment.cartons and not shipment.cartons[sscc].load_id
    )
    kept = (sscc for sscc in command.ssccs if sscc in shipment.stopped and sscc not in shipment.cartons)
    for sscc in (*leaving, *kept):
        if (stop := shipment.stop(sscc)) is not None:
            raise Conflict(
                f"Carton {sscc} must not leave. {stop.why}",
                field="ssccs",
                value=sscc,
                remedy=f"Take it off the load. {stop.remedy}",
                code=stop.code,
            )
    if not leaving:
        return []
    dispatched = ShipmentDispatched(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        load_id=command.load_id,
        carrier=shipment.carrier,
        cartons=leaving,
        dispatched_at=command.at,
    )
    return [dispatched, *_kept(evolve(shipment, dispatched))]


def _require_may_leave(shipment: Shipment, carrier: str) -> None:
    if shipment.withdrawn:
        raise Conflict(
            f"Shipment {shipment.shipment_id} was called off.",
            field="ssccs",
            value=shipment.shipment_id,
            remedy="Take its cartons off the load.",
            code="shipment-called-off",
        )
    require_labels(shipment)
    if shipment.carrier != carrier:
        raise Conflict(
            f"Shipment {shipment.shipment_id} is labelled for {shipment.carrier}, not for {carrier}.",
            field="ssccs",
            value=shipment.shipment_id,
            remedy=f"Put its cartons on a load of {shipment.carrier}.",
            code="other-carrier",
        )


def _heard(shipment: Shipment, news: Iterable[News], *, by_driver: bool) -> Iterator[Event]:
    """What the news change, oldest first. What is older than the latest that is known of a carton changes nothing,
    but that it was delivered: that stays true whatever came after."""
    require_requested(shipment)
    for one in sorted(news, key=lambda one: one.occurred_at):
        carton = shipment.cartons.get(one.sscc)
        if carton is None:
            raise foreign_carton(shipment, one.sscc, "updates")
        if not carton.tracking_number or (by_driver and not carton.load_id):
            raise Conflict(
                f"Carton {one.sscc} has not left yet.",
                field="updates",
                value=one.sscc,
                remedy="Dispatch the load that it is on first.",
                code="carton-not-dispatched",
            )
        newly_delivered = one.status == "delivered" and not carton.delivered_at
        later = _place(one.occurred_at, one.status) > _place(carton.heard_at, carton.tracking)
        if not later and not newly_delivered:
            continue
        for event in _told_of(shipment, carton, one):
            yield event
            shipment = evolve(shipment, event)
        missing = [one for one in shipment.cartons.values() if not one.delivered_at]
        if newly_delivered and not missing:
            delivered = _delivered(shipment)
            yield delivered
            shipment = evolve(shipment, delivered)
    yield from _failed_to_arrive(shipment)


def _failed_to_arrive(shipment: Shipment) -> Iterator[DeliveryFailed]:
    """Once nothing of a shipment is on its way any more, it is told what came back; again only if that changes."""
    cartons = shipment.cartons.values()
    returned = tuple(sorted(one.sscc for one in cartons if one.load_id and not one.delivered_at and one.is_there))
    delivered = tuple(sorted(one.sscc for one in cartons if one.delivered_at))
    if not returned or returned == shipment.came_back or len(returned) + len(delivered) < len(cartons):
        return
    yield DeliveryFailed(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        delivered=delivered,
        returned=returned,
        ended_at=max(one.heard_at for one in cartons),
    )


def _told_of(
    shipment: Shipment, carton: Parcel, news: News
) -> Iterator[TrackingUpdated | DeliveryExceptionRaised]:
    yield TrackingUpdated(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        sscc=carton.sscc,
        tracking_number=carton.tracking_number,
        status=news.status,
        occurred_at=news.occurred_at,
        details=news.details,
    )
    if news.status == "exception" or news.status == "returned":
        yield DeliveryExceptionRaised(
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            sscc=carton.sscc,
            tracking_number=carton.tracking_number,
            status=news.status,
            occurred_at=news.occurred_at,
            details=news.details,
        )


def _told(carton: Parcel, status: TrackingStatus, at: str) -> Parcel:
    if _place(at, status) > _place(carton.heard_at, carton.tracking):
        carton = replace(carton, tracking=status, heard_at=at)
    if status == "delivered" and not carton.delivered_at:
        carton = replace(carton, delivered_at=at)
    return carton


def _place(at: str, status: TrackingStatus | None) -> tuple[str, int]:
    """What is later on a carton's way: by time, and at the same time by how far it has come."""
    return at, -1 if status is None else _ON_THE_WAY.index(status)


# --- what the shipment is made of ---


def _accepted(shipment: Shipment, event: ShipmentAccepted) -> Shipment:
    """The shipment with its cartons. A later address may have come before."""
    known = shipment.address_number > event.address_number
    return replace(
        shipment,
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        warehouse=event.warehouse,
        ship_to=shipment.ship_to if known else event.ship_to,
        address_number=max(shipment.address_number, event.address_number),
        wanted=event.service,
        reference=event.reference,
        value=event.value,
        cartons={
            one.sscc: Parcel(one.sscc, one.length_mm, one.width_mm, one.height_mm, one.weight_g)
            for one in event.cartons
        },
        revision=shipment.revision + 1,
    )


def _without_labels(shipment: Shipment) -> Shipment:
    """The shipment as one that waits for its next labels."""
    return replace(
        _without_purchases(shipment),
        revision=shipment.revision + 1,
        carrier="",
        service="",
        cost=None,
        labelled_at="",
        failure="",
        permanent=False,
        cartons={
            sscc: replace(carton, tracking_number="", document="") for sscc, carton in shipment.cartons.items()
        },
    )


def _without_purchases(shipment: Shipment) -> Shipment:
    """The shipment without what was bought for it or is being bought: all of it is to be given back."""
    unwanted = {one.consignment: one.sscc for one in shipment.purchases.values()}
    return replace(shipment, purchases={}, unwanted=shipment.unwanted | unwanted)


def require_labels(shipment: Shipment) -> None:
    """Raises Conflict when the shipment has no labels that are good."""
    if not shipment.is_labelled or (shipment.withdrawn and not shipment.has_left):
        raise Conflict(
            f"Shipment {shipment.shipment_id} has no labels: it is {shipment.status}.",
            field="id",
            value=shipment.shipment_id,
            remedy=f"It has no label because of {shipment.failure!r}: mend that, and order labels again."
            if shipment.failure
            else "Ask again when it is labelled.",
            code="no-labels",
        )


def require_requested(shipment: Shipment) -> None:
    """Raises NotFound when nobody has asked for the shipment."""
    if not shipment.is_requested:
        raise NotFound(
            "There is no such shipment.",
            field="id",
            value=shipment.shipment_id or None,
            remedy="GET /shipping/shipments lists those that there are.",
            code="unknown-shipment",
        )


def foreign_carton(shipment: Shipment, sscc: str, field: str) -> Unprocessable:
    """That the carton that `field` names does not belong to the shipment."""
    return Unprocessable(
        f"Carton {sscc} does not belong to shipment {shipment.shipment_id}.",
        field=field,
        value=sscc,
        remedy=f"Its cartons are {', '.join(shipment.cartons)}.",
        code="foreign-carton",
    )
