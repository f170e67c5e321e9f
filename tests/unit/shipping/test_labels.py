"""Orders asks for shipments; they get labels, other ones, or none; messages come twice, late, workers die."""

from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from itertools import count, permutations

import pytest

from shared import aws
from shipping.domain.tracking_number import is_intact
from tests.support.clocks import MovableClock
from tests.support.faults import Died, at_moment, die
from tests.unit.shipping.desk import (
    HAMBURG,
    PARIS,
    Desk,
    called_off,
    goes_to,
    new_id,
    new_sscc,
    requested,
)


@pytest.fixture(autouse=True)
def fleet(desk: Desk) -> None:
    desk.put_carrier()


def test_a_packed_shipment_is_labelled_with_one_write_and_orders_is_told(desk: Desk) -> None:
    one, two = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(one, two)
    [told] = desk.published("ShipmentLabelled", shipment_id)
    assert (told["order_id"], told["carrier"], told["service"]) == (order_id, "own-fleet", "standard")
    assert told["cost"] == {"amount": 780, "currency": "EUR"}
    assert [carton["sscc"] for carton in told["cartons"]] == [one, two]
    assert all(is_intact(carton["tracking_number"]) for carton in told["cartons"])
    assert len(list(desk.landscape.history("shipping").read(f"Shipment#{shipment_id}"))) == 1


def test_where_nobody_goes_the_order_is_told_once_and_labels_follow_when_somebody_does(desk: Desk) -> None:
    _, shipment_id = desk.shipment(ship_to=PARIS)
    failed = [{"reason": "no-carrier", "permanent": False}]
    told = desk.published("LabelFailed", shipment_id)
    assert [{key: one[key] for key in ("reason", "permanent")} for one in told] == failed
    assert [one["shipment_id"] for one in desk.get("/shipping/shipments", status="failed").body["items"]] == [
        shipment_id
    ]
    fleet = {
        "currency": "EUR",
        "zones": [{"zone": "fr", "country": "FR"}],
        "rates": [{"service": "standard", "zone": "fr", "up_to_g": 9_000, "amount": 1_990}],
    }
    desk.put_carrier("la-poste", name="La Poste", fleet=fleet)
    assert desk.post(f"/shipping/shipments/{shipment_id}/labelling", {}).status == 202
    [labelled] = desk.published("ShipmentLabelled", shipment_id)
    assert labelled["carrier"] == "la-poste"
    assert len(desk.published("LabelFailed", shipment_id)) == 1


def test_an_address_change_makes_labels_with_other_numbers(desk: Desk) -> None:
    order_id, shipment_id = desk.shipment()
    assert desk.deliver(goes_to(order_id, shipment_id, HAMBURG)) == []
    first, second = desk.published("ShipmentLabelled", shipment_id)
    assert first["cartons"][0]["tracking_number"] != second["cartons"][0]["tracking_number"]
    assert second["cost"]["amount"] == 990


def test_a_shipment_of_a_cancelled_order_is_void_and_stays_so(desk: Desk) -> None:
    order_id, shipment_id = desk.shipment()
    for _ in range(2):
        assert desk.deliver(called_off(order_id, shipment_id)) == []
    assert len(desk.published("ShipmentVoided", shipment_id)) == 1
    answer = desk.post(f"/shipping/shipments/{shipment_id}/labelling", {})
    assert (answer.status, answer.problem) == (409, "shipment-called-off")


def test_whatever_order_the_messages_come_in_and_twice_each_the_end_is_the_same(desk: Desk) -> None:
    ends = set()
    for order in permutations(range(3)):
        order_id, shipment_id, sscc = new_id(), new_id(), new_sscc()
        messages = [
            requested(order_id, shipment_id, sscc),
            goes_to(order_id, shipment_id, HAMBURG),
            called_off(order_id, shipment_id),
        ]
        for position in (*order, *order):
            assert desk.deliver(messages[position]) == []
        state = desk.state(shipment_id)
        assert state.ship_to is not None
        assert len(desk.published("ShipmentVoided", shipment_id)) == 1
        ends.add((state.status, state.ship_to.city if order.index(1) < order.index(2) else "Hamburg"))
    assert ends == {("voided", "Hamburg")}


def test_a_worker_that_dies_anywhere_leaves_a_shipment_as_one_that_lived(desk: Desk) -> None:
    for moment in count():
        order_id, shipment_id = new_id(), new_id()
        message = requested(order_id, shipment_id, new_sscc())
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            desk.deliver(message)
        assert desk.deliver(message) == []
        assert desk.facts(shipment_id) == ["ShipmentAccepted", "ShipmentLabelled"]
        if len(passed) <= moment:
            break
    assert moment > 2


def test_an_address_that_comes_while_the_shipment_is_being_labelled_is_the_one_that_counts(desk: Desk) -> None:
    for moment in count():
        order_id, shipment_id = new_id(), new_id()
        first, second = requested(order_id, shipment_id, new_sscc()), goes_to(order_id, shipment_id, HAMBURG)
        with at_moment(aws.dynamodb(), moment, partial(desk.deliver, second)) as passed:
            assert desk.deliver(first) == []
        if len(passed) <= moment:
            break
        state = desk.state(shipment_id)
        assert state.ship_to is not None
        assert state.cost is not None
        assert (state.ship_to.city, state.status, state.cost.amount) == ("Hamburg", "labelled", 990)


def test_a_shipment_that_was_left_half_way_is_labelled_by_the_clock(time: MovableClock, desk: Desk) -> None:
    """Its address changed while it was accepted, and the worker died before it was labelled."""
    order_id, shipment_id = new_id(), new_id()
    first, second = requested(order_id, shipment_id, new_sscc()), goes_to(order_id, shipment_id, HAMBURG)

    def move_it_and_die() -> None:
        desk.deliver(second)
        end.enter_context(at_moment(aws.dynamodb(), 3, die))

    with ExitStack() as end, suppress(Died), at_moment(aws.dynamodb(), 0, move_it_and_die):
        desk.deliver(first)
    assert desk.state(shipment_id).status == "requested"
    for minutes, status in ((1, "requested"), (2, "labelled")):
        time.pass_time(timedelta(minutes=minutes))
        desk.landscape.project("shipping")
        desk.landscape.invoke("shipping", "waiting", {})
        assert desk.state(shipment_id).status == status


def test_messages_of_one_batch_fail_alone(desk: Desk) -> None:
    good = requested(new_id(), new_id(), new_sscc())
    poor = requested(new_id(), new_id(), "12")
    assert desk.deliver(poor, good) == [0]


class TestByHand:
    def test_a_label_is_voided_and_made_again(self, desk: Desk) -> None:
        _, shipment_id = desk.shipment()
        path = f"/shipping/shipments/{shipment_id}"
        answer = desk.post(f"{path}/void", {"reason": "wrong box"}, key="void-it")
        assert (answer.status, answer.body["status"]) == (202, "voided")
        again = desk.post(f"{path}/void", {"reason": "wrong box"}, key="void-it")
        assert again.headers["idempotent-replayed"] == "true"
        assert desk.post(f"{path}/labelling", {}).body["status"] == "labelled"
        assert desk.facts(shipment_id)[2:] == [
            "ShipmentWithdrawn",
            "ShipmentVoided",
            "LabelsOrderedAgain",
            "ShipmentLabelled",
        ]

    def test_voided_by_hand_and_sent_elsewhere_by_its_order_it_is_labelled_anew_and_leaves(
        self, desk: Desk
    ) -> None:
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        desk.post(f"/shipping/shipments/{shipment_id}/void", {"reason": "the customer has moved"})
        elsewhere = goes_to(order_id, shipment_id, HAMBURG, number=20)
        for _ in range(2):
            assert desk.deliver(elsewhere) == []
        assert desk.facts(shipment_id)[3:] == ["ShipmentVoided", "AddressChanged", "ShipmentLabelled"]
        [_, again] = desk.published("ShipmentLabelled", shipment_id)
        assert again["cost"]["amount"] == 990
        desk.landscape.project("shipping")
        load_id = desk.load(sscc)
        assert desk.depart(load_id).status == 202
        desk.leave(load_id)
        assert desk.state(shipment_id).status == "dispatched"

    def test_a_labelled_shipment_is_not_labelled_again(self, desk: Desk) -> None:
        _, shipment_id = desk.shipment()
        answer = desk.post(f"/shipping/shipments/{shipment_id}/labelling", {})
        assert (answer.status, answer.problem) == (409, "not-to-be-labelled")

    def test_a_reprint_is_noted_with_who_and_why(self, desk: Desk) -> None:
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc)
        path = f"/shipping/shipments/{shipment_id}/reprints"
        assert desk.post(path, {"reason": "torn"}, actor="ann").status == 201
        shown = desk.get(f"/shipping/shipments/{shipment_id}").body["history"][-1]
        assert (shown["actor"], shown["data"]["reason"], shown["data"]["ssccs"]) == ("ann", "torn", [sscc])
        foreign = desk.post(path, {"reason": "torn", "ssccs": [new_sscc()]})
        assert (foreign.status, foreign.field) == (422, "ssccs[0]")

    def test_what_nobody_knows_is_not_found(self, desk: Desk) -> None:
        for what, body in (("void", {"reason": "x"}), ("labelling", {}), ("reprints", {"reason": "x"})):
            answer = desk.post(f"/shipping/shipments/{new_id()}/{what}", body)
            assert (answer.status, answer.problem) == (404, "unknown-shipment")
        assert desk.get(f"/shipping/shipments/{new_id()}").status == 404


def test_an_address_is_in_no_list_and_in_no_log(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    _, shipment_id = desk.shipment()
    listed = desk.get("/shipping/shipments", status="labelled").body["items"]
    assert [one["shipment_id"] for one in listed] == [shipment_id]
    assert "Kim Example" not in str(listed)
    assert desk.get(f"/shipping/shipments/{shipment_id}").body["ship_to"]["name"] == "Kim Example"
    assert "Kim Example" not in capsys.readouterr().out
