"""An order's whole way through orders, payments and shipping: real handlers, a bus that shuffles and repeats.

Inventory's and picking's answers are given as they publish them; labels, loads, tracking and money are real.
"""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest

from payments.domain import PAYMENTS
from shared import ids
from shared.envelope import CloudEvent
from shared.gs1 import check_digit
from tests.simulation.dynamodb import Database
from tests.support.landscape import landscape
from tests.unit.orders.counter import Counter, allocated, answer, packed, reserved, unused
from tests.unit.orders.test_fulfilment import Bus
from tests.unit.shipping.desk import BERLIN, HAMBURG, Desk

SERVICES = ("orders", "payments", "shipping")
_cartons = count(900_000)


class Town:
    """A shop, its payment provider and its trucks."""

    def __init__(self, counter: Counter, chance: Random) -> None:
        self.counter = counter
        self.desk = Desk(counter.landscape)
        self.bus = Bus(counter.landscape, chance, SERVICES)
        assert self.desk.put_carrier().status in (200, 201)
        self.bus.settle()

    def settle(self, *news: CloudEvent) -> None:
        """Everybody hears what there is to hear."""
        for event in news:
            self.bus.carry(event)
        self.bus.settle()
        for service in SERVICES:
            self.counter.landscape.project(service)

    def allocated(self, *quantities: int, method: str = "tok_accepted", **changes: object) -> str:
        """An order that may be picked."""
        lines = [(self.counter.sku(), quantity) for quantity in quantities]
        order_id = self.counter.place(*lines, payment={"method": method}, ship_to=BERLIN, **changes)
        self.settle()
        numbers = range(1, len(quantities) + 1)
        self.settle(*(reserved(order_id, line) for line in numbers))
        assert self.counter.post_to(order_id, "release").status == 202
        found = [allocated(order_id, n, units=units) for n, units in enumerate(quantities, start=1)]
        self.settle(*found)
        return order_id

    def packed(self, order_id: str, **units: int) -> tuple[str, str]:
        """A packed and labelled shipment, and its carton."""
        shipment_id, number = ids.derived_id("whole way", unused("s")), f"10614141{next(_cartons):09d}"
        sscc = f"{number}{check_digit(number)}"
        self.settle(packed(order_id, shipment_id, sscc, **units))
        return shipment_id, sscc

    def load(self, *ssccs: str) -> str:
        """A truck with cartons on it."""
        load_id = self.desk.load(*ssccs)
        self.settle()
        return load_id

    def dispatch(self, load_id: str) -> None:
        """The truck leaves."""
        assert self.desk.post(f"/shipping/loads/{load_id}/dispatch", {}).status in (200, 202)
        self.settle()

    def hand_over(self, shipment_id: str) -> None:
        """The driver gives the customer everything."""
        scans = {"updates": [{"status": "delivered", "occurred_at": "2027-02-01T10:00:00.000Z"}]}
        assert self.desk.post(f"/shipping/shipments/{shipment_id}/tracking", scans).status in (200, 202)
        self.settle()

    def books(self, order_id: str) -> Any:
        """The order's money, as payments has it."""
        return self.counter.landscape.history("payments").load(PAYMENTS, PAYMENTS.stream_id(order_id)).state

    def void_asked(self, order_id: str) -> bool:
        """Whether the order's money was to be let go of."""
        return "PaymentVoidRequested" in self.counter.happened(order_id)


@pytest.fixture(scope="module")
def found() -> Iterator[Counter]:
    with landscape(database=Database()) as deployed:
        yield Counter(deployed)


@pytest.fixture(params=range(2))
def town(found: Counter, request: pytest.FixtureRequest) -> Town:
    return Town(found, Random(request.param))


def test_an_order_is_labelled_loaded_paid_delivered_and_closed(town: Town) -> None:
    order_id = town.allocated(2, 3)
    shipment_id, sscc = town.packed(order_id, _1=2, _2=3)
    assert town.counter.order(order_id).status == "labelled"
    town.dispatch(town.load(sscc))
    details = town.counter.details(order_id)
    assert (details["status"], details["payment"]["captured"]) == ("dispatched", 5 * 995)
    town.hand_over(shipment_id)
    assert town.counter.order(order_id).status == "closed"
    assert town.books(order_id).captured == 5 * 995
    assert not town.void_asked(order_id)


def test_an_order_in_two_parts_of_which_one_is_given_up_pays_for_the_other(town: Town) -> None:
    order_id = town.allocated(2, 3)
    first, sscc = town.packed(order_id, _1=2)
    town.dispatch(town.load(sscc))
    second, _ = town.packed(order_id, _2=3)
    assert town.counter.order(order_id).status == "partially_dispatched"
    assert town.counter.cancel(order_id).status == 202
    town.settle()
    assert town.desk.state(second).status == "voided"
    town.settle(answer("inventory.ReservationReleased", order_id, 50, line_id="2"))
    town.hand_over(first)
    order, books = town.counter.order(order_id), town.books(order_id)
    assert (order.status, order.lines["2"].cancelled) == ("closed", 3)
    assert (books.captured, books.status) == (2 * 995, "voided")
    assert order.payment == "voided"


@pytest.mark.parametrize("first", ["cancel", "dispatch"])
def test_of_cancellation_and_dispatch_exactly_one_wins(town: Town, first: str) -> None:
    order_id = town.allocated(2)
    shipment_id, sscc = town.packed(order_id, _1=2)
    load_id = town.load(sscc)
    steps: dict[str, Callable[[], object]] = {
        "cancel": lambda: town.counter.cancel(order_id),
        "dispatch": lambda: town.desk.post(f"/shipping/loads/{load_id}/dispatch", {"leave_behind": True}),
    }
    for step in sorted(steps, key=lambda name: name != first):
        steps[step]()
    town.settle()
    town.settle(answer("inventory.ReservationReleased", order_id, 50, line_id="1"))
    gone = bool(town.counter.order(order_id).sent)
    assert gone == (town.desk.state(shipment_id).status == "dispatched")
    assert town.counter.order(order_id).status == ("dispatched" if gone else "cancelled")
    assert town.books(order_id).captured == (2 * 995 if gone else 0)
    assert town.void_asked(order_id) != gone


def test_another_address_gets_another_label(town: Town) -> None:
    order_id = town.allocated(1)
    shipment_id, _ = town.packed(order_id, _1=1)
    assert town.counter.put(order_id, "ship-to", HAMBURG).problem == "already-labelled"
    early = town.allocated(1)
    assert town.counter.put(early, "ship-to", HAMBURG).status == 200
    other, _ = town.packed(early, _1=1)
    sent_to = [town.desk.state(one).ship_to for one in (shipment_id, other)]
    assert [one.city for one in sent_to if one is not None] == ["Berlin", "Hamburg"]


def test_a_declined_capture_is_a_debt_and_the_goods_are_gone(town: Town) -> None:
    order_id = town.allocated(2, method="tok_capture_declined")
    shipment_id, sscc = town.packed(order_id, _1=2)
    town.dispatch(town.load(sscc))
    town.hand_over(shipment_id)
    details = town.counter.details(order_id)
    assert (details["status"], details["payment"]["due"]) == ("delivered", 2 * 995)
    retry = town.counter.post_to(order_id, "capture-retries")
    assert retry.body["captures"][0]["capture_id"] == f"{shipment_id}:2"
    town.settle()
    assert town.counter.details(order_id)["payment"]["due"] == 2 * 995, "the card is declined again"
    refused = [one for one in town.counter.landscape.bus if one.type == "payments.CaptureDeclined"]
    tried = {msgspec.json.decode(one.data)["capture_id"] for one in refused}
    assert {shipment_id, f"{shipment_id}:2"} <= tried


def test_what_left_when_its_authorization_had_lapsed_is_paid_by_another_means(town: Town) -> None:
    order_id = town.allocated(2, method="tok_expires_then_declined")
    shipment_id, sscc = town.packed(order_id, _1=2)
    town.dispatch(town.load(sscc))
    town.hand_over(shipment_id)
    details = town.counter.details(order_id)
    assert (details["payment"]["status"], details["payment"]["due"]) == ("lapsed", 2 * 995)
    town.counter.post_to(order_id, "capture-retries")
    town.settle()
    assert town.books(order_id).captures[f"{shipment_id}:2"].reason == "insufficient_funds"
    assert town.counter.put(order_id, "payment-method", {"method": "tok_accepted"}).status == 202
    town.settle()
    assert town.counter.details(order_id)["payment"]["status"] == "authorized"
    town.counter.post_to(order_id, "capture-retries")
    town.settle()
    assert (town.counter.order(order_id).status, town.books(order_id).captured) == ("closed", 2 * 995)
