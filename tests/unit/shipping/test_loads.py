"""Trucks are loaded, foreign and missing cartons are named, and what is on them leaves once."""

import csv
from contextlib import suppress
from functools import partial
from io import StringIO
from itertools import count

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer
from tests.unit.shipping.desk import DISPATCH, FLEET, HAMBURG, Desk, called_off, goes_to, new_id, new_sscc


@pytest.fixture(autouse=True)
def fleet(desk: Desk) -> None:
    desk.put_carrier()


def codes(answer: Answer) -> dict[str, str]:
    return {one["sscc"]: one["reason"] for one in answer.body["refused"]}


def test_cartons_are_scanned_on_in_bulk_and_twice_is_once(desk: Desk) -> None:
    one, two, three = new_sscc(), new_sscc(), new_sscc()
    desk.shipment(one, two)
    desk.shipment(three)
    load_id = desk.load()
    first = desk.scan(load_id, one, three, one)
    assert (first.body["loaded"], first.body["missing"], first.body["cartons"]) == ([one, three], [two], 2)
    again = desk.scan(load_id, one, two)
    assert (again.body["already"], again.body["loaded"], again.body["missing"]) == ([one], [two], [])
    shown = desk.get(f"/shipping/loads/{load_id}").body
    assert (shown["cartons"], shown["missing"], shown["vehicle"]) == (3, 0, "B-SW 1042")
    desk.landscape.project("shipping")
    listed = desk.get("/shipping/loads").body["items"]
    assert [(one["load_id"], one["cartons"]) for one in listed] == [(load_id, 3)]


def test_cartons_that_do_not_belong_there_are_refused_by_name_and_the_others_are_on(desk: Desk) -> None:
    good, foreign, void, north, nobodys, unlabelled = (new_sscc() for _ in range(6))
    desk.shipment(good)
    desk.put_carrier("others", name="Others", fleet=FLEET)
    desk.shipment(foreign, service="others:standard")
    order_id, shipment_id = desk.shipment(void)
    desk.deliver(called_off(order_id, shipment_id))
    desk.shipment(north, warehouse="NORTH")
    desk.shipment(unlabelled, service="overnight")
    desk.landscape.project("shipping")
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    answer = desk.scan(desk.load(), good, foreign, void, north, nobodys, unlabelled, wrong)
    assert answer.body["loaded"] == [good]
    assert codes(answer) == {
        foreign: "other-carrier",
        void: "called-off",
        north: "other-warehouse",
        nobodys: "unknown",
        unlabelled: "not-labelled",
        wrong: "unreadable",
    }


def test_a_dispatch_with_missing_cartons_names_them_and_leaves_them_behind_when_told_to(desk: Desk) -> None:
    one, two = new_sscc(), new_sscc()
    _, shipment_id = desk.shipment(one, two)
    load_id = desk.load(one)
    refused = desk.depart(load_id)
    assert (refused.status, refused.problem) == (409, "cartons-missing")
    assert two in [error["value"] for error in refused.body["errors"] if "value" in error]
    assert desk.depart(load_id, leave_behind=True).status == 202
    desk.leave(load_id)
    assert desk.state(shipment_id).status == "partially_dispatched"
    following = desk.load(two)
    assert desk.depart(following).status == 202
    desk.leave(following)
    told = desk.published("ShipmentDispatched", shipment_id)
    assert [(event["load_id"], event["cartons"]) for event in told] == [(load_id, [one]), (following, [two])]
    assert desk.state(shipment_id).status == "dispatched"
    assert codes(desk.scan(desk.load(), one)) == {one: "has-left"}


def test_a_carton_that_stands_on_another_load_is_refused_until_it_is_taken_off_there(desk: Desk) -> None:
    sscc = new_sscc()
    desk.shipment(sscc)
    first = desk.load(sscc)
    desk.landscape.project("shipping")
    second = desk.load()
    answer = desk.scan(second, sscc)
    assert (codes(answer), answer.body["loaded"]) == ({sscc: "on-other-load"}, [])
    assert first in answer.body["refused"][0]["message"]
    assert desk.scan(first, sscc).body["already"] == [sscc]
    desk.post(f"/shipping/loads/{first}/unloading", {"ssccs": [sscc]})
    assert desk.scan(second, sscc).body["loaded"] == [sscc]


def test_of_two_loads_that_take_a_carton_at_the_same_time_it_leaves_with_the_first_and_the_rest_with_its_own(
    desk: Desk,
) -> None:
    both, own = new_sscc(), new_sscc()
    _, shipment_id = desk.shipment(both, own)
    first, second = desk.load(), desk.load()
    desk.scan(first, both)
    assert desk.scan(second, both, own).body["loaded"] == [both, own], "the lists have not heard of the first scan"
    for load_id in (first, second):
        assert desk.depart(load_id, leave_behind=True).status == 202
    desk.leave(first)
    desk.leave(second)
    told = desk.published("ShipmentDispatched", shipment_id)
    assert [(event["load_id"], event["cartons"]) for event in told] == [(first, [both]), (second, [own])]
    shown = desk.get(f"/shipping/loads/{second}").body
    assert shown["refused"] == [{"shipment_id": shipment_id, "reason": "has-left", "cartons": [both]}]
    for load_id, sscc in ((first, both), (second, own)):
        manifest = desk.get(f"/shipping/loads/{load_id}/manifest", format="csv").body
        assert [row["sscc"] for row in csv.DictReader(StringIO(manifest))] == [sscc]


def test_what_leaves_is_told_for_each_shipment_on_the_shipments_own_journey(desk: Desk) -> None:
    ssccs = [new_sscc() for _ in range(3)]
    ids = [desk.shipment(sscc) for sscc in ssccs]
    load_id = desk.load(*ssccs)
    assert desk.depart(load_id).body["status"] == "dispatching"
    desk.leave(load_id)
    assert desk.get(f"/shipping/loads/{load_id}").body["status"] == "dispatched"
    for (order_id, shipment_id), sscc in zip(ids, ssccs, strict=True):
        [told] = desk.published("ShipmentDispatched", shipment_id)
        assert (told["order_id"], told["cartons"], told["carrier"]) == (order_id, [sscc], "own-fleet")
    journeys = {one.correlationid for one in desk.landscape.bus if one.type == "shipping.ShipmentDispatched"}
    assert journeys == {"journey-7"}


def test_a_worker_that_dies_anywhere_lets_every_shipment_leave_once(desk: Desk) -> None:
    for moment in count():
        ssccs = [new_sscc(), new_sscc()]
        ids = [desk.shipment(sscc)[1] for sscc in ssccs]
        load_id = desk.load(*ssccs)
        desk.depart(load_id)
        [part] = desk.parts(load_id)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            desk.landscape.deliver(DISPATCH, part)
        assert desk.landscape.deliver(DISPATCH, part) == []
        assert [desk.facts(shipment_id).count("ShipmentDispatched") for shipment_id in ids] == [1, 1]
        assert desk.get(f"/shipping/loads/{load_id}").body["status"] == "dispatched"
        if len(passed) <= moment:
            break
    assert moment > 5


def test_of_a_cancellation_and_a_dispatch_at_the_same_time_the_shipment_takes_one(desk: Desk) -> None:
    ends = set()
    for moment in count():
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        load_id = desk.load(sscc)
        desk.depart(load_id)
        [part] = desk.parts(load_id)
        cancel = partial(desk.deliver, called_off(order_id, shipment_id))
        with at_moment(aws.dynamodb(), moment, cancel) as passed:
            assert desk.landscape.deliver(DISPATCH, part) == []
        if len(passed) <= moment:
            break
        facts = desk.facts(shipment_id)
        assert facts.count("ShipmentDispatched") + facts.count("ShipmentVoided") == 1
        shown = desk.get(f"/shipping/loads/{load_id}").body
        assert shown["status"] == "dispatched"
        refused = [one["shipment_id"] for one in shown.get("refused", [])]
        assert refused == ([shipment_id] if "ShipmentVoided" in facts else [])
        ends.add(facts[-1])
    assert ends == {"ShipmentDispatched", "ShipmentVoided"}


def test_a_shipment_that_goes_elsewhere_after_it_was_loaded_does_not_leave_with_its_old_label(desk: Desk) -> None:
    desk.put_carrier(
        fleet=FLEET | {"zones": FLEET["zones"][:1], "rates": FLEET["rates"][:1]},
    )
    sscc = new_sscc()
    order_id, shipment_id = desk.shipment(sscc)
    load_id = desk.load(sscc)
    desk.deliver(goes_to(order_id, shipment_id, HAMBURG))
    desk.depart(load_id)
    desk.leave(load_id)
    [refused] = desk.get(f"/shipping/loads/{load_id}").body["refused"]
    assert (refused["shipment_id"], refused["reason"]) == (shipment_id, "no-labels")


def test_cartons_are_taken_off_again(desk: Desk) -> None:
    one, two = new_sscc(), new_sscc()
    desk.shipment(one)
    desk.shipment(two)
    load_id = desk.load(one, two)
    answer = desk.post(f"/shipping/loads/{load_id}/unloading", {"ssccs": [two]})
    assert (answer.status, answer.body["cartons"]) == (200, 1)
    assert desk.depart(load_id).status == 202
    late = desk.post(f"/shipping/loads/{load_id}/unloading", {"ssccs": [one]})
    assert (late.status, late.problem) == (409, "load-has-left")


def test_loads_of_unknown_carriers_and_unknown_loads_are_named(desk: Desk) -> None:
    assert desk.post("/shipping/loads", {"carrier": "nobody"}).problem == "unknown-carrier"
    for what, body in (("scans", {"ssccs": [new_sscc()]}), ("dispatch", {}), ("unloading", {"ssccs": ["1" * 18]})):
        assert desk.post(f"/shipping/loads/{new_id()}/{what}", body).problem == "unknown-load"
    assert desk.get(f"/shipping/loads/{new_id()}").status == 404
    assert desk.depart(desk.load()).problem == "load-empty"


def test_a_repeated_request_gets_the_first_answer(desk: Desk) -> None:
    first = desk.post("/shipping/loads", {"carrier": "own-fleet"}, key="open-it")
    again = desk.post("/shipping/loads", {"carrier": "own-fleet"}, key="open-it")
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")


class TestDelivery:
    def gone(self, desk: Desk, *ssccs: str) -> str:
        _, shipment_id = desk.shipment(*ssccs)
        load_id = desk.load(*ssccs)
        desk.depart(load_id)
        desk.leave(load_id)
        return shipment_id

    def track(self, desk: Desk, shipment_id: str, *updates: dict[str, str]) -> Answer:
        return desk.post(f"/shipping/shipments/{shipment_id}/tracking", {"updates": list(updates)})

    def test_a_driver_delivers_all_cartons_and_the_shipment_is_delivered(self, desk: Desk) -> None:
        one, two = new_sscc(), new_sscc()
        shipment_id = self.gone(desk, one, two)
        first = {"sscc": one, "status": "delivered", "occurred_at": "2026-02-01T10:00:00.000Z"}
        self.track(desk, shipment_id, first)
        assert desk.published("ShipmentDelivered", shipment_id) == []
        self.track(desk, shipment_id, {"status": "delivered", "occurred_at": "2026-02-01T10:05:00.000Z"})
        [delivered] = desk.published("ShipmentDelivered", shipment_id)
        assert delivered["delivered_at"] == "2026-02-01T10:05:00.000Z"
        assert len(desk.published("TrackingUpdated", shipment_id)) == 3

    def test_trouble_is_listed_until_the_carton_is_delivered(self, desk: Desk) -> None:
        shipment_id = self.gone(desk, new_sscc())
        nobody = {
            "status": "exception",
            "occurred_at": "2026-02-01T10:00:00.000Z",
            "details": "nobody at home",
        }
        self.track(desk, shipment_id, nobody)
        desk.landscape.project("shipping")
        listed = desk.get("/shipping/shipments", status="exception").body["items"]
        assert [one["shipment_id"] for one in listed] == [shipment_id]
        [raised] = desk.published("DeliveryExceptionRaised", shipment_id)
        assert raised["details"] == "nobody at home"
        self.track(desk, shipment_id, {"status": "delivered", "occurred_at": "2026-02-02T10:00:00.000Z"})
        desk.landscape.project("shipping")
        assert desk.get("/shipping/shipments", status="exception").body["items"] == []

    def test_what_has_not_left_is_not_delivered(self, desk: Desk) -> None:
        _, shipment_id = desk.shipment()
        update = {"status": "delivered", "occurred_at": "2026-02-01T10:00:00.000Z"}
        answer = desk.post(f"/shipping/shipments/{shipment_id}/tracking", {"updates": [update]})
        assert (answer.status, answer.problem) == (409, "shipment-not-dispatched")
