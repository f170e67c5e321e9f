"""Holds that come when shipments were requested already: shipping is told, and who held too late is told too."""

from collections.abc import Iterable
from itertools import permutations
from typing import TypeVar

from orders.aggregates import ORDER
from orders.contracts import FulfilmentStalled, Held, ShipmentHoldsChanged
from orders.domain.commands import (
    CancelOrder,
    ChangeShipTo,
    HoldOrder,
    NoteFailedLabels,
    NoteVoidedLabels,
    ReleaseHold,
)
from orders.domain.course import KINDS_OF_HOLDS
from orders.domain.order import Order
from orders.domain.states import LEFT_ALTHOUGH_HELD
from shared.events import Event
from tests.support.scenarios import Given
from tests.unit.orders.counter import Counter, dispatched, shipped
from tests.unit.orders.counter import packed as packed_message
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    ID,
    NOW,
    OFFICE,
    SECOND,
    arrived,
    collected,
    labels,
    left,
    only,
    packed,
    paid,
    told,
)

E = TypeVar("E", bound=Event)

HOME_BODY = {"name": "Kim", "street1": "Weg 1", "city": "Bonn", "postal_code": "53111", "country": "DE"}
FRAUD, MANUAL = HoldOrder("fraud", "stolen card", NOW), HoldOrder("manual", "calls back", NOW)


def changed(*shipments: str, **holds: str) -> ShipmentHoldsChanged:
    """Shipping is told all holds that there are."""
    listed = tuple(Held(kind, holds[kind]) for kind in KINDS_OF_HOLDS if kind in holds)
    return ShipmentHoldsChanged(order_id=ID, shipment_ids=shipments, holds=listed)


def of_kind(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def labelled() -> Order:
    """Two shipments, one labelled, one asked for."""
    return told(collected(), packed(_1=5), packed(SECOND, _2=2), labels())


def test_what_was_asked_for_is_held_and_let_go_with_every_change_of_the_holds() -> None:
    order, said = labelled(), []
    for command in (
        FRAUD,
        MANUAL,
        FRAUD,
        ReleaseHold("fraud", NOW),
        ReleaseHold("fraud", NOW),
        ReleaseHold("manual", NOW),
    ):
        outcome = Given(ORDER, order).when(command)
        said += of_kind(ShipmentHoldsChanged, outcome.events)
        order = outcome.state
    assert said == [
        changed(FIRST, SECOND, fraud="stolen card"),
        changed(FIRST, SECOND, fraud="stolen card", manual="calls back"),
        changed(FIRST, SECOND, manual="calls back"),
        changed(FIRST, SECOND),
    ]
    assert (order.waiting_for, dict(order.holds)) == ("labels", {})


def test_a_held_order_waits_for_the_release_and_not_for_the_dock() -> None:
    order = told(collected(), packed(), labels(), FRAUD)
    assert (order.status, order.waiting_for) == ("labelled", "release of a hold")
    part = told(collected(), packed(), labels(), left(FIRST, CARTONS[FIRST][0].sscc), FRAUD)
    assert part.waiting_for == "release of a hold"
    assert told(part, ReleaseHold("fraud", NOW)).waiting_for == "dispatch"


def test_what_is_asked_for_later_needs_no_word_about_holds() -> None:
    held = Given(ORDER, told(collected(), FRAUD)).when(packed())
    assert of_kind(ShipmentHoldsChanged, held.events) == []
    freed = Given(ORDER, held.state).when(ReleaseHold("fraud", NOW))
    assert of_kind(ShipmentHoldsChanged, freed.events) == []
    assert freed.state.undecided


def test_of_what_has_left_only_the_rest_is_held() -> None:
    part = told(labelled(), left())
    assert only(ShipmentHoldsChanged, Given(ORDER, part).when(FRAUD).events).shipment_ids == (SECOND,)
    leaving = told(labelled(), left(FIRST, CARTONS[FIRST][0].sscc))
    assert only(ShipmentHoldsChanged, Given(ORDER, leaving).when(FRAUD).events).shipment_ids == (FIRST, SECOND)


def test_a_shipment_that_failed_for_its_address_is_let_go_with_the_new_one() -> None:
    order = told(labelled(), NoteFailedLabels(SECOND, 1, "no such street", True, NOW))
    assert order.shipments[FIRST].held == ("address",), "the other one does not leave there either"
    freed = Given(ORDER, told(order, NoteVoidedLabels(FIRST, 2, NOW))).when(ChangeShipTo(OFFICE, NOW))
    assert only(ShipmentHoldsChanged, freed.events) == changed(FIRST, SECOND)


def test_what_left_before_the_hold_arrived_calls_a_person_once_and_is_paid() -> None:
    held = told(collected(), packed(), labels(), FRAUD)
    outcome = Given(ORDER, held).when(left())
    assert only(FulfilmentStalled, outcome.events).waiting_for == LEFT_ALTHOUGH_HELD
    order = outcome.state
    assert (order.status, order.waiting_for, order.stalled) == ("dispatched", "capture", None)
    Given(ORDER, order).when(left()).then()
    assert of_kind(ShipmentHoldsChanged, Given(ORDER, order).when(ReleaseHold("fraud", NOW)).events) == []
    assert told(order, paid(), arrived()).status == "closed"
    assert (
        of_kind(
            FulfilmentStalled, Given(ORDER, told(labelled(), FRAUD, ReleaseHold("fraud", NOW))).when(left()).events
        )
        == []
    )


def test_in_whatever_order_a_hold_and_the_cartons_are_heard_of_it_is_known_what_was_too_late() -> None:
    one, other = CARTONS[FIRST]
    for order in permutations([left(FIRST, one.sscc), left(FIRST, other.sscc), FRAUD]):
        state, said = told(collected(), packed(), labels()), []
        for command in order:
            outcome = Given(ORDER, state).when(command)
            said += of_kind(FulfilmentStalled, outcome.events)
            state = outcome.state
        assert len(said) == 2 - order.index(FRAUD)


def test_a_held_order_that_is_cancelled_is_stopped_as_ever() -> None:
    held = told(collected(), packed(), labels(), FRAUD, CancelOrder("fraud", NOW))
    stopped = told(held, NoteVoidedLabels(FIRST, 2, NOW))
    assert (stopped.status, stopped.undecided) == ("cancelling", [])
    assert of_kind(ShipmentHoldsChanged, Given(ORDER, stopped).when(ReleaseHold("fraud", NOW)).events) == []


def test_whoever_holds_an_order_hears_what_of_it_has_left(counter: Counter) -> None:
    order_id, shipment = counter.allocated(2, ship_to=HOME_BODY), "00000000-0000-8000-8000-0000000000a1"
    second, sscc = "00000000-0000-8000-8000-0000000000a2", "106141412345678915"
    counter.tell(packed_message(order_id, shipment, _1=1), packed_message(order_id, second, sscc, _1=1))
    counter.tell(shipped("ShipmentLabelled", order_id, shipment), dispatched(order_id, shipment))
    receipt = counter.post_to(order_id, "holds", {"kind": "fraud", "reason": "stolen card"})
    assert (receipt.status, receipt.body["held"], receipt.body["left"]) == (200, True, [shipment])
    counter.tell(dispatched(order_id, second, sscc))
    told_of = [entry for entry in counter.details(order_id)["history"] if "FulfilmentStalled" in entry["type"]]
    assert [entry["data"]["waiting_for"] for entry in told_of] == [LEFT_ALTHOUGH_HELD]
