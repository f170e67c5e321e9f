"""Nothing of a held order leaves, whenever the hold is heard of: before, while, after its cartons are loaded."""

from contextlib import suppress
from functools import partial
from itertools import count, permutations

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die
from tests.unit.shipping.desk import DISPATCH, Desk, called_off, held, new_id, new_sscc, recalled, requested

FRAUD = {"fraud": "the card was reported as stolen"}


@pytest.fixture(autouse=True)
def fleet(desk: Desk) -> None:
    desk.put_carrier()


def test_it_is_not_loaded_until_all_holds_are_released(desk: Desk) -> None:
    sscc, other = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    desk.shipment(other)
    assert desk.deliver(held(order_id, shipment_id, number=9, **FRAUD, manual="the customer calls back")) == []
    desk.landscape.project("shipping")
    load_id = desk.load()
    scanned = desk.scan(load_id, sscc, other).body
    [refused] = scanned["refused"]
    assert (refused["sscc"], refused["reason"], scanned["loaded"]) == (sscc, "held", [other])
    for said in (
        order_id,
        "fraud: the card was reported as stolen",
        "manual: the customer calls back",
        "released",
    ):
        assert said in refused["message"]
    assert desk.get(f"/shipping/shipments/{shipment_id}").body["holds"]["fraud"] == FRAUD["fraud"]
    desk.deliver(held(order_id, shipment_id, number=12, **FRAUD))
    desk.landscape.project("shipping")
    assert [one["reason"] for one in desk.scan(load_id, sscc).body["refused"]] == ["held"]
    desk.deliver(held(order_id, shipment_id, number=15))
    desk.landscape.project("shipping")
    assert desk.scan(load_id, sscc).body["loaded"] == [sscc]
    desk.depart(load_id)
    desk.leave(load_id)
    assert desk.state(shipment_id).status == "dispatched"


def test_it_does_not_leave_with_a_load_that_it_is_on_already_and_goes_with_the_next(desk: Desk) -> None:
    sscc, other = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    _, unconcerned = desk.shipment(other)
    load_id = desk.load(sscc, other)
    assert desk.deliver(held(order_id, shipment_id, number=9, **FRAUD)) == []
    desk.depart(load_id)
    desk.leave(load_id)
    shown = desk.get(f"/shipping/loads/{load_id}").body
    assert shown["refused"] == [{"shipment_id": shipment_id, "reason": "order-held"}]
    assert (desk.state(shipment_id).has_left, desk.state(unconcerned).has_left) == (False, True)
    desk.deliver(held(order_id, shipment_id, number=10))
    desk.landscape.project("shipping")
    later = desk.load(sscc)
    desk.depart(later)
    desk.leave(later)
    assert desk.state(shipment_id).cartons[sscc].load_id == later


def test_in_whatever_order_holds_are_heard_and_twice_the_latest_counts(desk: Desk) -> None:
    for order in permutations(range(4)):
        sscc, order_id, shipment_id = new_sscc(), new_id(), new_id()
        told = [
            requested(order_id, shipment_id, sscc, number=7),
            held(order_id, shipment_id, number=9, **FRAUD),
            held(order_id, shipment_id, number=10),
            held(order_id, shipment_id, number=14, manual="why"),
        ]
        for one in order:
            assert desk.deliver(told[one]) == []
        assert desk.deliver(*told) == []
        shipment = desk.state(shipment_id)
        assert (shipment.holds, shipment.status) == ({"manual": "why"}, "labelled")


def test_what_has_left_is_not_held_and_what_was_left_behind_is(desk: Desk) -> None:
    first, second = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(first, second)
    load_id = desk.load(first)
    desk.depart(load_id, leave_behind=True)
    desk.leave(load_id)
    desk.deliver(held(order_id, shipment_id, number=9, **FRAUD))
    desk.landscape.project("shipping")
    assert [one["reason"] for one in desk.scan(desk.load(), second).body["refused"]] == ["held"]
    desk.deliver(held(order_id, shipment_id, number=10))
    desk.landscape.project("shipping")
    rest = desk.load(second)
    desk.depart(rest)
    desk.leave(rest)
    desk.deliver(held(order_id, shipment_id, number=11, **FRAUD))
    assert (desk.state(shipment_id).status, desk.state(shipment_id).holds) == ("dispatched", {})


def test_a_recall_outlasts_a_hold_and_an_order_that_is_called_off_says_that(desk: Desk) -> None:
    sscc = new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    desk.deliver(held(order_id, shipment_id, number=8, **FRAUD), recalled(order_id, shipment_id, sscc))
    desk.deliver(held(order_id, shipment_id, number=9))
    desk.landscape.project("shipping")
    assert [one["reason"] for one in desk.scan(desk.load(), sscc).body["refused"]] == ["recalled"]
    sscc = new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    desk.deliver(held(order_id, shipment_id, number=8, **FRAUD), called_off(order_id, shipment_id))
    desk.landscape.project("shipping")
    assert [one["reason"] for one in desk.scan(desk.load(), sscc).body["refused"]] == ["called-off"]


def test_of_a_hold_and_a_dispatch_at_the_same_time_the_shipment_takes_one(desk: Desk) -> None:
    ends = set()
    for moment in count():
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        load_id = desk.load(sscc)
        desk.depart(load_id)
        [part] = desk.parts(load_id)
        hold = partial(desk.deliver, held(order_id, shipment_id, number=9, **FRAUD))
        with at_moment(aws.dynamodb(), moment, hold) as passed:
            assert desk.landscape.deliver(DISPATCH, part) == []
        if len(passed) <= moment:
            break
        facts = desk.facts(shipment_id)
        assert facts.count("ShipmentDispatched") + facts.count("HoldsNoted") == 1
        ends.add(facts[-1])
    assert ends == {"ShipmentDispatched", "HoldsNoted"}


def test_a_worker_that_dies_anywhere_holds_it_all_the_same(desk: Desk) -> None:
    for moment in count():
        order_id, shipment_id = desk.shipment(new_sscc())
        told = held(order_id, shipment_id, number=9, **FRAUD)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            desk.deliver(told)
        assert desk.deliver(told) == []
        assert desk.facts(shipment_id).count("HoldsNoted") == 1
        if len(passed) <= moment:
            break
    assert moment > 0
