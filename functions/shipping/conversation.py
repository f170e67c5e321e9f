"""The conversation with carriers: chooses one, buys labels, gives unwanted ones back, until the shipment rests.

What to do comes from the shipment's stream alone, so whoever looks at a shipment takes up what a dead worker, or a
carrier's outage, has left. What became of a purchase is asked before it is made again.
"""

from collections.abc import Callable

from shared import clock, telemetry
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.rejection import Invalid, Unavailable
from shared.resources import history, views
from shipping.aggregates import SHIPMENT
from shipping.carrier_port import Bought, Postage, Refused
from shipping.domain.carrier import CARRIERS, Carrier
from shipping.domain.offers import cheapest, fleet_offers, is_wanted, serves
from shipping.domain.shipment import (
    Answer,
    ChoiceDue,
    LabelShipment,
    News,
    NoOffer,
    NoteAsked,
    NoteBought,
    NoteRefused,
    NoteReturnBought,
    NoteReturnPostage,
    NoteReturnRefused,
    NoteSettled,
    Purchase,
    PurchaseDue,
    ReturnChoiceDue,
    ReturnDue,
    ReturnLabel,
    ReturnPurchaseDue,
    Shipment,
    Step,
    due,
)
from shipping.papers import keep, postage_key, remove
from shipping.sellers import seller
from shipping.tracking import news_of

Metadata = Callable[[str], CommandMetadata]
"""Who asks, and why: the metadata of the command that records an answer, by a name that tells answers apart."""

Recorded = (
    LabelShipment
    | NoteBought
    | NoteRefused
    | NoteSettled
    | NoteReturnPostage
    | NoteReturnBought
    | NoteReturnRefused
)


def instant_answer(shipment: Shipment) -> Answer | None:
    """The labels of our own fleet where nobody else could be asked; None where somebody has to be."""
    carriers = _carriers()
    if any(_asked(carrier, shipment) for carrier in carriers):
        return None
    return cheapest(shipment, fleet_offers(shipment, carriers))


def take_up(stream: Stream[Shipment], metadata: Metadata) -> Stream[Shipment]:
    """Do what is due until the shipment rests. Raises Unavailable when a carrier cannot be asked now."""
    chosen_now = False
    while (step := due(stream.state)) is not None:
        if isinstance(step, ChoiceDue) and stream.state.failure and chosen_now:
            break
        answer = _answer(step, stream.state, fresh=chosen_now)
        chosen_now = chosen_now or isinstance(step, ChoiceDue | ReturnChoiceDue)
        telemetry.info("carrier asked", shipment_id=stream.state.shipment_id, step=type(step).__name__)
        command = Command(answer, metadata(_name(step)))
        stream = execute(history(), SHIPMENT, stream.id, command, known=stream).stream
        if due(stream.state) == step:
            break
    return stream


def _name(step: Step) -> str:
    match step:
        case ChoiceDue(revision):
            return f"choice/{revision}"
        case PurchaseDue(purchase):
            return f"purchase/{purchase.consignment}"
        case ReturnDue(consignment):
            return f"return/{consignment}"
        case ReturnChoiceDue(label):
            return f"return-choice/{label.return_id}/{label.sscc}"
        case ReturnPurchaseDue(label, purchase):
            return f"return-purchase/{purchase.consignment}"


def _answer(step: Step, shipment: Shipment, *, fresh: bool) -> Recorded:
    """What is to be recorded of a step. `fresh`: nobody else can have made the purchase yet."""
    now = clock.iso(clock.now())
    match step:
        case ChoiceDue():
            return LabelShipment(_chosen(shipment), now)
        case PurchaseDue(purchase):
            found = None if fresh else seller().find(purchase)
            match found or seller().buy(purchase):
                case Bought(number, address):
                    key = postage_key(shipment.shipment_id, purchase.consignment)
                    return NoteBought(purchase, number, now, keep(key, seller(), address))
                case Refused(reason):
                    return NoteRefused(purchase, reason)
        case ReturnDue(consignment):
            returned = seller().give_back(consignment)
            remove(postage_key(shipment.shipment_id, consignment))
            return NoteSettled(consignment, returned)
        case ReturnChoiceDue(label):
            return _return_choice(shipment, label)
        case ReturnPurchaseDue(label, purchase):
            return _return_purchase(shipment, label, purchase, fresh=fresh)


def _return_choice(shipment: Shipment, label: ReturnLabel) -> Recorded:
    sold_by = next((one for one in _carriers() if one.carrier == shipment.carrier), Carrier())
    match seller().return_postage(shipment, sold_by, label):
        case Postage(purchase, currency):
            return NoteReturnPostage(label.return_id, purchase, currency)
        case Refused(reason):
            return NoteReturnRefused(label.return_id, label.sscc, reason)


def _return_purchase(shipment: Shipment, label: ReturnLabel, purchase: Purchase, *, fresh: bool) -> Recorded:
    found = None if fresh else seller().find(purchase)
    match found or seller().buy(purchase):
        case Bought(number, address):
            document = keep(postage_key(shipment.shipment_id, purchase.consignment), seller(), address)
            return NoteReturnBought(label.return_id, label.sscc, number, document)
        case Refused(reason):
            return NoteReturnRefused(label.return_id, label.sscc, reason)


def ask_where(stream: Stream[Shipment], metadata: Metadata) -> None:
    """Ask where cartons are whose carrier has told nothing for long, and note what it says.

    Raises Unavailable when it cannot be asked now.
    """
    shipment = stream.state
    by_number = {one.tracking_number: one.sscc for one in shipment.under_way}
    news: list[News] = []
    for tracker in seller().tracked(list(by_number)):
        try:
            news += news_of(tracker, by_number.get(tracker.tracking_code, ""))
        except Invalid as error:
            telemetry.error("unreadable news", shipment_id=shipment.shipment_id, error=str(error))
    known = tuple(one for one in news if one.sscc)
    command = Command(NoteAsked(known, clock.iso(clock.now())), metadata("where"))
    execute(history(), SHIPMENT, stream.id, command, known=stream)
    telemetry.info("carrier asked", shipment_id=shipment.shipment_id, step="Where", steps=len(known))


def _chosen(shipment: Shipment) -> Answer:
    """The cheapest offer of all carriers that answer.

    A refusal only counts when nobody offers anything, and so does silence: then Unavailable is raised.
    """
    carriers = _carriers()
    offers = fleet_offers(shipment, carriers)
    refusal, silence = "", None
    for carrier in carriers:
        if _asked(carrier, shipment):
            try:
                answer = seller().offers(shipment, carrier)
            except Unavailable as error:
                silence = error
                telemetry.warning("carrier silent", shipment_id=shipment.shipment_id, carrier=carrier.carrier)
            else:
                if isinstance(answer, Refused):
                    refusal = answer.reason
                else:
                    offers += answer
    if silence and not offers:
        raise silence
    if refusal and not offers:
        return NoOffer(shipment.revision, refusal, permanent=True)
    return cheapest(shipment, offers)


def _asked(carrier: Carrier, shipment: Shipment) -> bool:
    """Whether somebody else has to be asked what the carrier would take."""
    account = carrier.account
    return (
        account is not None
        and serves(carrier, shipment)
        and any(is_wanted(shipment, carrier.carrier, sold.service) for sold in account.sells)
    )


def _carriers() -> list[Carrier]:
    return [carrier for carrier, _ in views().under(*CARRIERS, Carrier).values()]
