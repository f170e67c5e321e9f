"""A carton with units of a recalled lot stays, whenever the recall is heard of: before, while, after it leaves."""

from contextlib import suppress
from functools import partial
from itertools import count, permutations

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die
from tests.unit.shipping.desk import DISPATCH, Desk, called_off, new_id, new_sscc, recalled, requested


@pytest.fixture(autouse=True)
def fleet(desk: Desk) -> None:
    desk.put_carrier()


def test_it_is_not_loaded_and_says_why_and_what_to_do(desk: Desk) -> None:
    bad, good = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(bad, good)
    assert desk.deliver(recalled(order_id, shipment_id, bad)) == []
    desk.landscape.project("shipping")
    scanned = desk.scan(desk.load(), bad, good).body
    [refused] = scanned["refused"]
    assert (refused["sscc"], refused["reason"], scanned["loaded"]) == (bad, "recalled", [good])
    for said in ("Lot L1 of MILK-1L", "Salmonella", "packing bench"):
        assert said in refused["message"]
    [listed] = desk.get("/shipping/shipments", status="exception").body["items"]
    assert (listed["shipment_id"], list(listed["stopped"])) == (shipment_id, [bad])
    assert list(desk.get(f"/shipping/shipments/{shipment_id}").body["stopped"]) == [bad]


def test_it_does_not_leave_with_a_load_that_it_is_on_already(desk: Desk) -> None:
    bad, other = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(bad)
    _, unconcerned = desk.shipment(other)
    load_id = desk.load(bad, other)
    assert desk.deliver(recalled(order_id, shipment_id, bad)) == []
    desk.depart(load_id)
    desk.leave(load_id)
    shown = desk.get(f"/shipping/loads/{load_id}").body
    assert shown["status"] == "dispatched"
    assert shown["refused"] == [{"shipment_id": shipment_id, "reason": "carton-recalled"}]
    assert (desk.state(shipment_id).has_left, desk.state(unconcerned).has_left) == (False, True)


@pytest.mark.parametrize("first", ["the recall", "the load"])
def test_where_others_have_left_the_shipment_is_complete_without_it(desk: Desk, first: str) -> None:
    gone, bad = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(gone, bad)
    load_id = desk.load(gone)
    desk.depart(load_id, leave_behind=True)
    stops = (recalled(order_id, shipment_id, bad), called_off(order_id, shipment_id))
    if first == "the recall":
        assert desk.deliver(stops[0]) == []
        desk.leave(load_id)
        assert desk.deliver(stops[1]) == []
    else:
        desk.leave(load_id)
        assert desk.deliver(recalled(order_id, shipment_id, gone), *stops) == []
    assert desk.deliver(*stops) == []
    desk.landscape.project("shipping")
    shipment = desk.state(shipment_id)
    assert list(shipment.stopped) == [bad], "what has left cannot be kept"
    assert (list(shipment.cartons), shipment.status) == ([gone], "dispatched")
    assert [one["sscc"] for one in desk.published("CartonKept", shipment_id)] == [bad]
    assert [one["reason"] for one in desk.scan(desk.load(), bad).body["refused"]] == ["recalled"]
    delivered = {"updates": [{"status": "delivered", "occurred_at": "2026-02-01T09:30:00.000Z"}]}
    assert desk.post(f"/shipping/shipments/{shipment_id}/tracking", delivered).body["status"] == "delivered"


def test_on_a_later_load_it_stays_and_a_shipment_that_was_delivered_without_it_is_complete(desk: Desk) -> None:
    gone, bad = new_sscc(), new_sscc()
    order_id, shipment_id = desk.shipment(gone, bad)
    load_id = desk.load(gone)
    desk.depart(load_id, leave_behind=True)
    desk.leave(load_id)
    delivered = {"updates": [{"status": "delivered", "occurred_at": "2026-02-01T09:30:00.000Z"}]}
    assert desk.post(f"/shipping/shipments/{shipment_id}/tracking", delivered).status == 200
    later = desk.load(bad)
    assert desk.published("ShipmentDelivered", shipment_id) == []
    assert desk.deliver(recalled(order_id, shipment_id, bad)) == []
    assert len(desk.published("ShipmentDelivered", shipment_id)) == 1
    desk.depart(later)
    desk.leave(later)
    [refused] = desk.get(f"/shipping/loads/{later}").body["refused"]
    assert (refused["shipment_id"], refused["reason"]) == (shipment_id, "carton-recalled")


def test_in_whatever_order_it_is_heard_and_twice_it_is_stopped_once(desk: Desk) -> None:
    for order in permutations(range(3)):
        sscc, order_id, shipment_id = new_sscc(), new_id(), new_id()
        told = [
            requested(order_id, shipment_id, sscc),
            recalled(order_id, shipment_id, sscc),
            called_off(order_id, shipment_id),
        ]
        for one in order:
            assert desk.deliver(told[one]) == []
        assert desk.deliver(*told) == []
        shipment = desk.state(shipment_id)
        assert (list(shipment.stopped), shipment.status) == ([sscc], "voided")
        assert desk.facts(shipment_id).count("CartonStopped") == 1
        assert desk.facts(shipment_id).count("ShipmentVoided") == 1


def test_labels_are_not_made_again_for_it(desk: Desk) -> None:
    sscc = new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    desk.post(f"/shipping/shipments/{shipment_id}/void", {"reason": "wrong carton"})
    desk.deliver(recalled(order_id, shipment_id, sscc))
    refused = desk.post(f"/shipping/shipments/{shipment_id}/labelling", None)
    assert (refused.status, refused.problem) == (409, "carton-recalled")


def test_of_a_recall_and_a_dispatch_at_the_same_time_the_shipment_takes_one(desk: Desk) -> None:
    ends = set()
    for moment in count():
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        load_id = desk.load(sscc)
        desk.depart(load_id)
        [part] = desk.parts(load_id)
        recall = partial(desk.deliver, recalled(order_id, shipment_id, sscc))
        with at_moment(aws.dynamodb(), moment, recall) as passed:
            assert desk.landscape.deliver(DISPATCH, part) == []
        if len(passed) <= moment:
            break
        facts = desk.facts(shipment_id)
        assert facts.count("ShipmentDispatched") + facts.count("CartonStopped") == 1
        ends.add(facts[-1])
    assert ends == {"ShipmentDispatched", "CartonStopped"}


def test_a_worker_that_dies_anywhere_stops_it_all_the_same(desk: Desk) -> None:
    for moment in count():
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        told = recalled(order_id, shipment_id, sscc)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            desk.deliver(told)
        assert desk.deliver(told) == []
        assert desk.facts(shipment_id).count("CartonStopped") == 1
        if len(passed) <= moment:
            break
    assert moment > 0
