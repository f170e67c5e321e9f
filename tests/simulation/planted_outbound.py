"""Mistakes of those who send goods, to be planted into the code: the simulation must notice each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

from msgspec import structs

from inventory import outbound, setting_aside
from inventory.domain.order_allocation import FollowGoods
from orders.contracts import CaptureRequested
from orders.domain import asking
from orders.domain.order import Order, Shipment
from payments import conversation
from payments.provider import refund_key
from picking import picking
from picking.aggregates import PICK_LIST
from picking.domain import packing, pick_list, pick_order
from picking.domain.packing import Packing
from shared import ids
from shared.decider import Outcome
from shared.events import Event
from shipping import conversation as labels
from shipping import easypost, webhooks
from shipping.contracts import ShipmentVoided
from shipping.domain import shipment
from shipping.domain.shipment import Answer
from shipping.domain.shipment import Shipment as Outbound
from tests.simulation.people import Shape
from tests.simulation.planted import Bug


@contextmanager
def leases_not_minded() -> Iterator[None]:
    """A list is given to whoever asks for it, though somebody has it."""
    with patch.object(pick_list, "_require_nobody_else", lambda *_: None):
        yield


@contextmanager
def scans_not_compared() -> Iterator[None]:
    """Whatever is scanned is taken for what should be picked."""
    with patch.object(pick_list, "_require_product", lambda *_: None):
        yield


@contextmanager
def confirmations_not_recognized() -> Iterator[None]:
    """A confirmation that comes again is one more."""
    evolve = pick_list.evolve

    def forgetful(picklist: pick_list.PickList, event: Event) -> pick_list.PickList:
        after = evolve(picklist, event)
        return structs.replace(after, confirmed={}) if isinstance(event, pick_list.ConfirmationsTaken) else after

    with patch.object(picking, "PICK_LIST", replace(PICK_LIST, evolve=forgetful)):
        yield


@contextmanager
def repeats_answered_anew() -> Iterator[None]:
    """Who sends accepted picks once more is told how it is now, and not what was answered."""
    verdicts = picking._verdicts

    def of_now(command: pick_list.Confirm, outcome: Outcome[pick_list.PickList], wrong: Any) -> Any:
        return verdicts(command, replace(outcome, events=()) if outcome.repeated else outcome, wrong)

    with patch.object(picking, "_verdicts", of_now):
        yield


@contextmanager
def shorts_told_to_nobody() -> Iterator[None]:
    """What a picker does not find stays set aside where it is not."""
    with patch.object(outbound, "report", lambda *_: None):
        yield


@contextmanager
def trolleys_not_followed() -> Iterator[None]:
    """What was picked of an order that is given up is looked for where it once lay."""
    with patch.object(setting_aside, "went_on", lambda _: FollowGoods()):
        yield


@contextmanager
def earlier_shipments_forgotten() -> Iterator[None]:
    """What left with the first shipment can be packed into the second."""
    with patch.object(Packing, "sent", ()):
        yield


@contextmanager
def shipped_cartons_stay_in_stock() -> Iterator[None]:
    """A truck leaves, and nobody tells the books."""
    with patch.object(outbound, "ship", lambda *_: None):
        yield


@contextmanager
def refund_key_per_attempt() -> Iterator[None]:
    """Each attempt at a refund asks the provider under a key of its own."""
    with patch.object(conversation, "refund_key", lambda *about: f"{ids.random_hex(4)}-{refund_key(*about)}"):
        yield


@contextmanager
def whole_order_captured() -> Iterator[None]:
    """The first shipment of an order is charged with all of it."""
    capture = asking.capture

    def greedy(order: Order, one: Shipment) -> CaptureRequested:
        return structs.replace(capture(order, one), amount=order.total.amount)

    with patch.object(asking, "capture", greedy):
        yield


@contextmanager
def labels_not_voided() -> Iterator[None]:
    """A shipment that is called off is said to be void, and may be loaded with its labels."""
    withdrawn = shipment._withdrawn

    def said(*about: Any) -> list[Event]:
        return [event for event in withdrawn(*about) if isinstance(event, ShipmentVoided)]

    with patch.object(shipment, "_withdrawn", said):
        yield


@contextmanager
def rejections_told_to_nobody() -> Iterator[None]:
    """What a packer finds damaged stays for sale, and what is missing stays in the books."""
    with patch.object(outbound, "reject", lambda *_: None):
        yield


@contextmanager
def rejected_units_packed() -> Iterator[None]:
    """What a packer has rejected can be packed by the next one."""
    with patch.object(Packing, "rejected", ()):
        yield


@contextmanager
def cancelled_lists_forgotten() -> Iterator[None]:
    """What was not picked yet of a list that is cancelled waits for no other."""
    with patch.object(pick_order, "_left_of", lambda *_: iter(())):
        yield


@contextmanager
def cancelled_lists_confirmed() -> Iterator[None]:
    """Whoever works on a list that is cancelled goes on, and what is confirmed counts."""
    cancelled = pick_list._cancelled

    def said(*about: Any) -> Iterator[Event]:
        return (event for event in cancelled(*about) if not isinstance(event, pick_list.PicksWithdrawn))

    with patch.object(pick_list, "_cancelled", said):
        yield


@contextmanager
def labels_not_given_back() -> Iterator[None]:
    """A label that is not wanted any more is said to be given back, and is paid for."""
    with patch.object(easypost.EasyPost, "give_back", lambda *_: True):
        yield


@contextmanager
def silence_waited_for() -> Iterator[None]:
    """Whoever is asked for a price is waited for, though others take the shipment."""
    chosen = labels._chosen

    def patient(shipment: Outbound) -> Answer:
        for carrier in labels._carriers():
            if labels._asked(carrier, shipment):
                easypost.easypost().offers(shipment, carrier)
        return chosen(shipment)

    with patch.object(labels, "_chosen", patient):
        yield


@contextmanager
def older_news_believed() -> Iterator[None]:
    """Whatever is told last of a carton is taken for the latest, and noted."""
    calls = count()

    def ever_earlier(*_: object) -> int:
        return -next(calls)

    with patch.object(shipment, "_place", ever_earlier):
        yield


@contextmanager
def forged_news_believed() -> Iterator[None]:
    """Nobody looks whether a carrier's message is the carrier's."""
    with patch.object(webhooks, "_require_signature", lambda *_: None):
        yield


@contextmanager
def expired_goods_packed() -> Iterator[None]:
    """Nobody looks at the bench whether goods have expired since they were picked."""
    with patch.object(packing, "fault_of", lambda *_: None):
        yield


SENDING = Shape(products=1, locations=1, orders=0, minutes=60, burst=30, outbound=5)

OUTBOUND: tuple[tuple[Bug, int], ...] = (
    (leases_not_minded, 6),
    (scans_not_compared, 1),
    (confirmations_not_recognized, 5),
    (repeats_answered_anew, 3),
    (shorts_told_to_nobody, 6),
    (trolleys_not_followed, 5),
    (earlier_shipments_forgotten, 4),
    (shipped_cartons_stay_in_stock, 3),
    (refund_key_per_attempt, 4),
    (whole_order_captured, 6),
    (labels_not_voided, 6),
    (rejections_told_to_nobody, 8),
    (rejected_units_packed, 4),
    (cancelled_lists_forgotten, 8),
    (cancelled_lists_confirmed, 6),
    (labels_not_given_back, 8),
    (silence_waited_for, 6),
    (older_news_believed, 3),
    (forged_news_believed, 3),
)
"""Each mistake, and within how many runs of a warehouse that sends it has to be noticed at the latest."""

SCARCE = replace(SENDING, scarce=True)
PERISHABLE = replace(SENDING, perishable=True)

EXPIRING: tuple[tuple[Bug, int], ...] = ((expired_goods_packed, 3),)
"""The same for runs in which goods expire."""
