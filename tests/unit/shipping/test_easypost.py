"""Labels that are bought from carriers: over real HTTP, once per carton, whatever gets lost or is down."""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from easypost.util import validate_webhook

from infra.app import AT_CARRIERS, SYSTEM
from infra.declaration import System
from shared import aws, codec
from shipping import fetching
from tests.support.clocks import MovableClock, movable_clock
from tests.support.easypost_server import EasyPostServer, easypost_server
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, landscape
from tests.unit.shipping.desk import (
    BERLIN,
    FLEET,
    HAMBURG,
    PARIS,
    Desk,
    called_off,
    goes_to,
    new_id,
    new_sscc,
    requested,
)

KEY = "EZTK-test-key"
BUCKET = "shipping-attachments"
SECRET = "sécret"
ACCOUNT: dict[str, Any] = {
    "origin": BERLIN | {"name": "Stowage", "street1": "Rampe 1"},
    "sells": [
        {"service": "standard", "carrier": "USPS", "carrier_service": "GroundAdvantage"},
        {"service": "express", "carrier": "USPS", "carrier_service": "Express"},
    ],
}
NOWHERE = BERLIN | {"postal_code": "00000"}


@pytest.fixture
def server() -> Iterator[EasyPostServer]:
    with easypost_server() as running:
        yield running


@pytest.fixture
def time() -> Iterator[MovableClock]:
    with movable_clock() as moved:
        yield moved


@pytest.fixture
def desk(server: EasyPostServer, time: MovableClock) -> Iterator[Desk]:
    """A desk whose one carrier is EasyPost, at a time that moves when a test says so."""
    assert time.now.tzinfo is not None
    with landscape(_asking(server.url)) as system:
        secret = json.dumps({"api_key": KEY, "webhook_secret": SECRET})
        aws.secretsmanager().create_secret(Name="stowage/shipping/easypost", SecretString=secret)
        aws.s3().create_bucket(Bucket=BUCKET)
        made = Desk(system)
        assert (
            made.put_carrier("easypost", name="EasyPost", kind="easypost", fleet=None, account=ACCOUNT).status
            == 200
        )
        yield made


def _asking(url: str) -> System:
    """The system, with EasyPost at `url`."""
    shipping = SYSTEM.service("shipping")
    capabilities = tuple(
        replace(one, environment={"EASYPOST_URL": url, "EASYPOST_FILES": url.removesuffix("/v2")})
        if one.environment == AT_CARRIERS
        else one
        for one in shipping.capabilities
    )
    changed = replace(shipping, capabilities=capabilities)
    return replace(SYSTEM, services=tuple(changed if one is shipping else one for one in SYSTEM.services))


def sweep(desk: Desk, time: MovableClock, minutes: int = 3) -> None:
    """Let the schedule look, some minutes later."""
    desk.landscape.project("shipping")
    time.pass_time(timedelta(minutes=minutes))
    desk.landscape.invoke("shipping", "waiting", {})
    desk.landscape.project("shipping")


def test_every_carton_gets_a_label_that_is_paid_for_once(desk: Desk, server: EasyPostServer) -> None:
    one, two = new_sscc(), new_sscc()
    _, shipment_id = desk.shipment(one, two, service="standard")
    [told] = desk.published("ShipmentLabelled", shipment_id)
    assert (told["carrier"], told["service"], told["cost"]) == (
        "easypost",
        "standard",
        {"amount": 1516, "currency": "USD"},
    )
    numbers = {server.shipments[f"shp_{number}"]["tracking_code"] for number in (1, 2)}
    assert {carton["tracking_number"] for carton in told["cartons"]} == numbers
    assert server.bought() == sorted([f"{one}-1", f"{two}-1"])
    assert server.keys == {f"Bearer {KEY}"}


def test_measures_are_told_in_inches_and_ounces_never_too_small(desk: Desk, server: EasyPostServer) -> None:
    desk.shipment(service="standard")
    assert server.shipments["shp_1"]["parcel"] == {"length": 15.8, "width": 11.9, "height": 7.9, "weight": 70.6}


def test_the_cheapest_of_all_carriers_is_taken_and_the_goods_currency_comes_first(
    desk: Desk, server: EasyPostServer
) -> None:
    desk.put_carrier("own-fleet", fleet=FLEET)
    _, shipment_id = desk.shipment()
    assert desk.state(shipment_id).carrier == "own-fleet"
    _, dollars = desk.shipment(value={"amount": 100, "currency": "USD"})
    assert desk.state(dollars).carrier == "easypost"
    assert len(server.bought()) == 1


def test_a_bad_address_is_told_for_good_and_a_better_one_is_labelled(desk: Desk) -> None:
    order_id, shipment_id = desk.shipment(ship_to=NOWHERE)
    [told] = desk.published("LabelFailed", shipment_id)
    assert (told["reason"], told["permanent"]) == ("address-refused", True)
    desk.deliver(goes_to(order_id, shipment_id, HAMBURG))
    assert desk.state(shipment_id).status == "labelled"


def test_an_outage_parks_shipments_and_they_go_on_when_it_is_over(
    desk: Desk, server: EasyPostServer, time: MovableClock
) -> None:
    server.down = True
    ids = [desk.shipment()[1] for _ in range(12)]
    asked = len(server.requests)
    assert asked < 2 * len(ids)
    sweep(desk, time)
    assert [desk.state(one).status for one in ids] == ["requested"] * len(ids)
    server.down = False
    for _ in range(3):
        sweep(desk, time, minutes=10)
    assert [desk.state(one).status for one in ids] == ["labelled"] * len(ids)
    assert len(server.bought()) == len(ids)
    assert all(desk.published("LabelFailed", one) == [] for one in ids)


def test_an_outage_holds_up_nothing_that_our_own_fleet_takes(desk: Desk, server: EasyPostServer) -> None:
    assert desk.put_carrier("own-fleet").status == 200
    server.down = True
    _, near = desk.shipment()
    _, far = desk.shipment(ship_to=PARIS)
    assert (desk.state(near).status, desk.state(near).carrier) == ("labelled", "own-fleet")
    assert desk.state(far).status == "requested"


def test_a_purchase_whose_answer_was_lost_is_asked_for_and_not_made_again(
    desk: Desk, server: EasyPostServer, time: MovableClock
) -> None:
    sscc = new_sscc()
    server.lose = lambda request: request.endswith("/buy") or request.startswith("GET")
    _, shipment_id = desk.shipment(sscc)
    assert desk.state(shipment_id).status == "requested"
    assert server.bought() == [f"{sscc}-1"]
    server.lose = lambda _request: False
    sweep(desk, time)
    assert desk.state(shipment_id).status == "labelled"
    assert server.bought() == [f"{sscc}-1"]


def test_a_worker_that_dies_anywhere_pays_for_one_label(desk: Desk, server: EasyPostServer) -> None:
    for moment in count():
        sscc, shipment_id = new_sscc(), new_id()
        message = requested(new_id(), shipment_id, sscc)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            desk.deliver(message)
        assert desk.deliver(message) == []
        assert desk.state(shipment_id).status == "labelled"
        assert [reference for reference in server.bought() if reference.startswith(sscc)] == [f"{sscc}-1"]
        if len(passed) <= moment:
            break
    assert moment > 4


class TestGivingBack:
    def test_the_labels_of_a_cancelled_shipment_are_given_back(self, desk: Desk, server: EasyPostServer) -> None:
        order_id, shipment_id = desk.shipment()
        desk.deliver(called_off(order_id, shipment_id))
        assert len(desk.published("ShipmentVoided", shipment_id)) == 1
        assert server.bought() == []
        assert desk.facts(shipment_id)[-1] == "PostageSettled"

    def test_the_label_of_an_old_address_is_given_back_and_the_new_one_is_kept(
        self, desk: Desk, server: EasyPostServer
    ) -> None:
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        desk.deliver(goes_to(order_id, shipment_id, HAMBURG))
        assert server.bought() == [f"{sscc}-2"]

    def test_during_an_outage_the_shipment_is_void_at_once_and_its_label_is_given_back_later(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        sscc = new_sscc()
        order_id, shipment_id = desk.shipment(sscc)
        server.down = True
        desk.deliver(called_off(order_id, shipment_id))
        assert len(desk.published("ShipmentVoided", shipment_id)) == 1
        assert server.bought() == [f"{sscc}-1"]
        server.down = False
        sweep(desk, time)
        assert server.bought() == []

    def test_whenever_a_cancellation_comes_nothing_stays_paid_for_what_does_not_leave(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        for moment in count():
            order_id, shipment_id, sscc = new_id(), new_id(), new_sscc()
            message, cancel = requested(order_id, shipment_id, sscc), called_off(order_id, shipment_id)
            with at_moment(aws.dynamodb(), moment, partial(desk.deliver, cancel)) as passed:
                desk.deliver(message)
            if len(passed) <= moment:
                break
            for _ in range(2):
                sweep(desk, time)
            assert desk.state(shipment_id).status == "voided"
            assert [reference for reference in server.bought() if reference.startswith(sscc)] == []


def test_an_account_without_what_it_sells_is_refused(desk: Desk) -> None:
    assert desk.put_carrier("other", kind="easypost").field == "account"
    assert desk.put_carrier("other", fleet=FLEET, account=ACCOUNT).field == "account"


class TestWebhooks:
    PATH = "/shipping/webhooks/easypost"

    def told(self, number: str, *steps: tuple[str, str]) -> dict[str, Any]:
        """A message as EasyPost sends it."""
        details = [
            {"object": "TrackingDetail", "status": s, "datetime": at, "message": "scanned"} for s, at in steps
        ]
        tracker = {"id": "trk_1", "object": "Tracker", "tracking_code": number, "tracking_details": details}
        return {"id": "evt_1", "object": "Event", "description": "tracker.updated", "result": tracker}

    def send(self, desk: Desk, message: dict[str, Any], secret: str = SECRET) -> Answer:
        """Send a message, signed as EasyPost's own SDK checks it."""
        body = codec.to_json(message)
        key = unicodedata.normalize("NFKD", secret).encode()
        signature = "hmac-sha256-hex=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        if secret == SECRET:
            assert validate_webhook(body, {"X-Hmac-Signature": signature}, SECRET) == message
        return desk.landscape.call("POST", self.PATH, message, x_hmac_signature=signature)

    def labelled(self, desk: Desk) -> tuple[str, str]:
        """A shipment with a bought label, and its tracking number."""
        _, shipment_id = desk.shipment()
        [parcel] = desk.state(shipment_id).cartons.values()
        return shipment_id, parcel.tracking_number

    def test_a_carton_is_followed_to_its_delivery_whatever_comes_twice_or_late(self, desk: Desk) -> None:
        shipment_id, number = self.labelled(desk)
        early = self.told(number, ("pre_transit", "2026-02-01T08:00:00Z"), ("in_transit", "2026-02-01T12:00:00Z"))
        late = self.told(
            number, ("out_for_delivery", "2026-02-02T07:00:00Z"), ("delivered", "2026-02-02T10:00:00Z")
        )
        for message in (late, early, late):
            assert self.send(desk, message).status == 200
        [delivered] = desk.published("ShipmentDelivered", shipment_id)
        assert delivered["delivered_at"] == "2026-02-02T10:00:00.000Z"
        statuses = [one["status"] for one in desk.published("TrackingUpdated", shipment_id)]
        assert statuses == ["out_for_delivery", "delivered"]

    def test_trouble_is_raised_in_our_words(self, desk: Desk) -> None:
        shipment_id, number = self.labelled(desk)
        steps = (
            ("failure", "2026-02-01T08:00:00Z"),
            ("return_to_sender", "2026-02-02T08:00:00Z"),
            ("unknown", "x"),
        )
        assert self.send(desk, self.told(number, *steps)).body == {"steps": 2}
        raised = desk.published("DeliveryExceptionRaised", shipment_id)
        assert [one["status"] for one in raised] == ["exception", "returned"]

    def test_a_message_that_is_not_signed_by_the_secret_is_refused(self, desk: Desk) -> None:
        shipment_id, number = self.labelled(desk)
        message = self.told(number, ("delivered", "2026-02-02T10:00:00Z"))
        for answer in (self.send(desk, message, "another"), desk.landscape.call("POST", self.PATH, message)):
            assert (answer.status, answer.problem) == (403, "bad-signature")
        assert desk.published("TrackingUpdated", shipment_id) == []

    def test_what_is_nobodys_or_no_tracker_is_taken_and_changes_nothing(self, desk: Desk) -> None:
        foreign = self.told("9400nobody", ("delivered", "2026-02-02T10:00:00Z"))
        batch = {"id": "evt_2", "object": "Event", "description": "batch.created", "result": {"object": "Batch"}}
        assert [self.send(desk, message).body for message in (foreign, batch)] == [{"steps": 0}, {"steps": 0}]

    def test_a_time_that_is_none_is_named(self, desk: Desk) -> None:
        shipment_id, number = self.labelled(desk)
        answer = self.send(desk, self.told(number, ("delivered", "yesterday")))
        assert (answer.status, answer.body["errors"][0]["value"]) == (400, "yesterday")
        assert desk.published("TrackingUpdated", shipment_id) == []


def kept(prefix: str) -> list[str]:
    """What lies in the bucket under a prefix."""
    found = aws.s3().list_objects_v2(Bucket=BUCKET, Prefix=f"attached/{prefix}")
    return [one["Key"] for one in found.get("Contents", ())]


def content(key: str) -> bytes:
    """A document in the bucket."""
    return aws.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read()


class TestTheCarriersOwnLabels:
    def test_they_are_kept_and_handed_out_beside_ours(self, desk: Desk, server: EasyPostServer) -> None:
        one, two = new_sscc(), new_sscc()
        _, shipment_id = desk.shipment(one, two)
        assert kept(f"postage/{shipment_id}") == [
            f"attached/postage/{shipment_id}/shp_{number}" for number in (1, 2)
        ]
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels")
        labels = answer.body["carrier_labels"]
        assert [(label["sscc"], label["media_type"]) for label in labels] == [
            (one, "application/pdf"),
            (two, "application/pdf"),
        ]
        assert f"/attached/postage/{shipment_id}/shp_2?" in labels[1]["url"]
        [only] = desk.get(f"/shipping/shipments/{shipment_id}/labels", sscc=two).body["carrier_labels"]
        assert only["sscc"] == two
        assert content(f"attached/postage/{shipment_id}/shp_2") == server.label[1]

    def test_ours_alone_are_not_handed_out_for_a_printer_while_the_carrier_wants_its_own(self, desk: Desk) -> None:
        _, shipment_id = desk.shipment(new_sscc(), new_sscc())
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels/document", format="zpl")
        assert (answer.status, answer.problem) == (409, "carrier-labels")
        assert f"/shipping/shipments/{shipment_id}/labels " in answer.body["errors"][0]["remedy"]

    def test_they_come_as_the_account_wants_them(self, desk: Desk, server: EasyPostServer) -> None:
        desk.put_carrier(
            "easypost", name="E", kind="easypost", fleet=None, account=ACCOUNT | {"label_format": "zpl"}
        )
        server.label = (200, b"^XA^FO20,20^FS^XZ")
        _, shipment_id = desk.shipment()
        [label] = desk.get(f"/shipping/shipments/{shipment_id}/labels").body["carrier_labels"]
        assert server.shipments["shp_1"]["options"] == {"label_format": "ZPL"}
        assert (label["media_type"], label["url"].partition(".zpl")[1]) == ("application/zpl", ".zpl")

    def test_our_own_fleet_has_none(self, desk: Desk) -> None:
        desk.put_carrier("own-fleet", fleet=FLEET)
        _, shipment_id = desk.shipment()
        assert desk.get(f"/shipping/shipments/{shipment_id}/labels").body["carrier_labels"] == []

    def test_a_label_that_is_given_back_goes(self, desk: Desk) -> None:
        order_id, shipment_id = desk.shipment()
        desk.deliver(goes_to(order_id, shipment_id, HAMBURG))
        assert kept(f"postage/{shipment_id}") == [f"attached/postage/{shipment_id}/shp_2"]
        desk.deliver(called_off(order_id, shipment_id))
        assert kept(f"postage/{shipment_id}") == []

    def test_where_documents_are_down_the_label_waits_and_is_paid_for_once(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        server.label = (503, b"slow down")
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc)
        assert (desk.state(shipment_id).status, server.bought()) == ("requested", [f"{sscc}-1"])
        server.label = (200, b"%PDF-1.7 a label")
        sweep(desk, time)
        assert (desk.state(shipment_id).status, server.bought()) == ("labelled", [f"{sscc}-1"])
        assert len(kept(f"postage/{shipment_id}")) == 1

    @pytest.mark.parametrize(
        "address",
        [
            "http://169.254.169.254/latest/meta-data/",
            "https://example.com/files/label.pdf",
            "{files}@example.com/label.pdf",
            "http://user@{host}/files/label.pdf",
            "file:///etc/passwd",
        ],
    )
    def test_nothing_is_fetched_from_elsewhere(self, desk: Desk, server: EasyPostServer, address: str) -> None:
        host = server.files.removeprefix("http://")
        server.label_url = address.format(files=server.files, host=host)
        _, shipment_id = desk.shipment()
        assert desk.state(shipment_id).status == "labelled", "it is bought, and has our label"
        assert server.asked("GET /files/") == 0
        assert kept("postage") == []

    @pytest.mark.parametrize(
        "label", [(404, b"gone"), (302, b""), (200, b"<html>"), (200, b"%PDF-" + b"x" * fetching.LARGEST)]
    )
    def test_what_is_no_label_is_not_kept(
        self, desk: Desk, server: EasyPostServer, label: tuple[int, bytes]
    ) -> None:
        server.label = label
        _, shipment_id = desk.shipment()
        assert desk.state(shipment_id).status == "labelled"
        assert kept("postage") == []


class TestSilentCarriers:
    def under_way(self, desk: Desk, *ssccs: str) -> tuple[str, list[str]]:
        """A shipment that has left, and its cartons' numbers."""
        ssccs = ssccs or (new_sscc(),)
        _, shipment_id = desk.shipment(*ssccs)
        load_id = desk.load(*ssccs, carrier="easypost")
        assert desk.depart(load_id).status == 202
        desk.leave(load_id)
        return shipment_id, [carton.tracking_number for carton in desk.state(shipment_id).cartons.values()]

    def test_a_carrier_that_tells_nothing_for_a_day_is_asked_until_all_is_delivered(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        shipment_id, [one, two] = self.under_way(desk, new_sscc(), new_sscc())
        sweep(desk, time, minutes=23 * 60)
        assert server.asked("GET /v2/trackers") == 0
        at = time.now.isoformat()
        server.scanned(one, "delivered", at)
        server.scanned(two, "in_transit", at)
        for _ in range(3):
            sweep(desk, time, minutes=62)
        assert server.asked("GET /v2/trackers") == 1, "and then a day goes by"
        told = desk.published("TrackingUpdated", shipment_id)
        assert {(news["tracking_number"], news["status"]) for news in told} == {
            (one, "delivered"),
            (two, "in_transit"),
        }
        server.scanned(two, "delivered", time.now.isoformat())
        sweep(desk, time, minutes=24 * 60)
        assert len(desk.published("ShipmentDelivered", shipment_id)) == 1
        assert server.requests[-1].count("tracking_codes") == 1, "what is there is not asked for"
        asked = server.asked("GET /v2/trackers")
        sweep(desk, time, minutes=72 * 60)
        assert server.asked("GET /v2/trackers") == asked

    def test_what_was_heard_before_says_nothing_new(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        shipment_id, [number] = self.under_way(desk)
        server.scanned(number, "in_transit", time.now.isoformat())
        server.scanned(number, "unknown", time.now.isoformat())
        for _ in range(3):
            sweep(desk, time, minutes=25 * 60)
        assert server.asked("GET /v2/trackers") == 3
        assert len(desk.published("TrackingUpdated", shipment_id)) == 1

    def test_during_an_outage_it_waits(self, desk: Desk, server: EasyPostServer, time: MovableClock) -> None:
        shipment_id, [number] = self.under_way(desk)
        server.scanned(number, "delivered", time.now.isoformat())
        server.down = True
        sweep(desk, time, minutes=25 * 60)
        assert desk.state(shipment_id).asked_at == ""
        server.down = False
        sweep(desk, time, minutes=5)
        assert desk.state(shipment_id).status == "delivered"

    def test_one_that_is_lost_is_not_asked_for_for_ever(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        self.under_way(desk)
        sweep(desk, time, minutes=46 * 24 * 60)
        sweep(desk, time, minutes=46 * 24 * 60)
        assert server.asked("GET /v2/trackers") == 1

    def test_our_own_drivers_are_not_asked(self, desk: Desk, server: EasyPostServer, time: MovableClock) -> None:
        desk.put_carrier("own-fleet", fleet=FLEET)
        sscc = new_sscc()
        desk.shipment(sscc)
        load_id = desk.load(sscc)
        desk.depart(load_id)
        desk.leave(load_id)
        sweep(desk, time, minutes=48 * 60)
        assert server.asked("GET /v2/trackers") == 0


class TestPickupForms:
    def dispatched(self, desk: Desk, *services: str) -> str:
        """A load that has left with a shipment of each service."""
        ssccs = [new_sscc() for _ in services]
        for sscc, service in zip(ssccs, services, strict=True):
            desk.shipment(sscc, service=service)
        load_id = desk.load(*ssccs, carrier="easypost")
        assert desk.depart(load_id).status == 202
        desk.leave(load_id)
        return load_id

    def forms(self, desk: Desk, load_id: str) -> dict[str, Any]:
        """What GET tells of the load's forms."""
        answer = desk.get(f"/shipping/loads/{load_id}/pickup-forms")
        assert answer.status == 200
        return dict(answer.body)

    def test_a_load_gets_one_form_for_all_its_cartons(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        load_id = self.dispatched(desk, "standard", "standard", "express")
        assert self.forms(desk, load_id)["unformed"] == 3
        for _ in range(3):
            sweep(desk, time)
        assert server.forms == [["shp_1", "shp_2", "shp_3"]]
        told = self.forms(desk, load_id)
        [form] = told["forms"]
        assert (form["form"], form["cartons"], form["media_type"]) == ("sf_1", 3, "application/pdf")
        assert (told["unformed"], told["refused"]) == (0, 0)
        assert content(f"attached/forms/{load_id}/sf_1") == server.label[1]

    def test_an_outage_holds_up_no_dispatch_and_the_form_follows(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc)
        server.down = True
        load_id = desk.load(sscc, carrier="easypost")
        desk.depart(load_id)
        desk.leave(load_id)
        sweep(desk, time)
        assert desk.state(shipment_id).status == "dispatched"
        assert desk.get(f"/shipping/loads/{load_id}").body["status"] == "dispatched"
        server.down = False
        sweep(desk, time)
        assert len(self.forms(desk, load_id)["forms"]) == 1

    def test_a_form_whose_answer_was_lost_is_found_and_not_made_again(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        load_id = self.dispatched(desk, "standard")
        server.lose = lambda request: request.endswith("/scan_forms")
        sweep(desk, time)
        assert self.forms(desk, load_id)["unformed"] == 1
        server.lose = lambda _request: False
        sweep(desk, time)
        assert server.forms == [["shp_1"]]
        assert self.forms(desk, load_id)["forms"][0]["form"] == "sf_1"

    def test_cartons_without_a_form_are_counted_and_not_asked_for_again(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        server.forms_refused = True
        load_id = self.dispatched(desk, "standard")
        for _ in range(2):
            sweep(desk, time)
        told = self.forms(desk, load_id)
        assert (told["forms"], told["unformed"], told["refused"]) == ([], 0, 1)
        assert server.asked("POST /v2/scan_forms") == 1

    def test_each_of_the_accounts_carriers_has_a_form_of_its_own(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        sells = [*ACCOUNT["sells"], {"service": "parcel", "carrier": "UPSDAP", "carrier_service": "Ground"}]
        desk.put_carrier("easypost", name="E", kind="easypost", fleet=None, account=ACCOUNT | {"sells": sells})
        load_id = self.dispatched(desk, "standard", "parcel", "express")
        sweep(desk, time)
        assert server.forms == [["shp_1", "shp_3"], ["shp_2"]]
        assert [one["cartons"] for one in self.forms(desk, load_id)["forms"]] == [2, 1]

    def test_a_worker_that_dies_anywhere_makes_one_form(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        for moment in count():
            before = len(server.forms)
            load_id = self.dispatched(desk, "standard")
            desk.landscape.project("shipping")
            time.pass_time(timedelta(minutes=3))
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                desk.landscape.invoke("shipping", "waiting", {})
            sweep(desk, time)
            assert len(server.forms) == before + 1
            assert self.forms(desk, load_id)["unformed"] == 0
            if len(passed) <= moment:
                break
        assert moment > 3


class TestReturnLabels:
    def delivered(self, desk: Desk, **how: Any) -> tuple[str, str]:
        """A shipment that has left, and its carton."""
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc, **how)
        load_id = desk.load(sscc, carrier=desk.state(shipment_id).carrier)
        desk.depart(load_id)
        desk.leave(load_id)
        return shipment_id, sscc

    def order(self, desk: Desk, shipment_id: str, return_id: str, sscc: str, key: str | None = None) -> Answer:
        """Order a label for a return."""
        body = {"return_id": return_id, "sscc": sscc}
        return desk.post(f"/shipping/shipments/{shipment_id}/return-labels", body, key)

    def labels(self, desk: Desk, shipment_id: str) -> list[dict[str, Any]]:
        """What GET tells of the labels."""
        return list(desk.get(f"/shipping/shipments/{shipment_id}/return-labels").body["labels"])

    def test_a_customer_gets_a_label_of_the_carrier_by_the_service_that_the_goods_went_by(
        self, desk: Desk, server: EasyPostServer
    ) -> None:
        shipment_id, sscc = self.delivered(desk, service="express")
        return_id = new_id()
        answer = self.order(desk, shipment_id, return_id, sscc)
        assert (answer.status, answer.body["status"]) == (202, "bought"), answer
        bought = server.shipments["shp_2"]
        assert (bought["reference"], bought["is_return"]) == (f"{return_id}-{sscc}", True)
        assert bought["from"] == "Rampe 1", "as on the way out: EasyPost swaps them"
        [label] = self.labels(desk, shipment_id)
        assert label["tracking_number"] == bought["tracking_code"]
        assert label["cost"] == {"amount": 3310, "currency": "USD"}
        assert f"/attached/postage/{shipment_id}/shp_2?" in label["url"]
        assert desk.state(shipment_id).status == "dispatched"

    def test_ordered_twice_it_is_bought_once(self, desk: Desk, server: EasyPostServer) -> None:
        shipment_id, sscc = self.delivered(desk)
        return_id = new_id()
        answers = [self.order(desk, shipment_id, return_id, sscc, key) for key in ("K-1", "K-1", "K-2")]
        assert {answer.body["tracking_number"] for answer in answers} == {
            server.shipments["shp_2"]["tracking_code"]
        }
        assert [one["is_return"] for one in server.shipments.values()] == [False, True]

    def test_during_an_outage_it_waits_and_is_bought_later(
        self, desk: Desk, server: EasyPostServer, time: MovableClock
    ) -> None:
        shipment_id, sscc = self.delivered(desk)
        server.down = True
        assert self.order(desk, shipment_id, new_id(), sscc).body["status"] == "ordered"
        server.down = False
        sweep(desk, time)
        assert [label["status"] for label in self.labels(desk, shipment_id)] == ["bought"]

    def test_a_worker_that_dies_anywhere_pays_for_one_label(self, desk: Desk, server: EasyPostServer) -> None:
        shipment_id, sscc = self.delivered(desk)
        for moment in count():
            return_id = new_id()
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                self.order(desk, shipment_id, return_id, sscc)
            assert self.order(desk, shipment_id, return_id, sscc).body["status"] == "bought"
            assert len([one for one in server.bought() if one.startswith(return_id)]) == 1
            if len(passed) <= moment:
                break
        assert moment > 3

    def test_one_that_the_carrier_refuses_says_so_and_can_be_ordered_again(self, desk: Desk) -> None:
        shipment_id, sscc = self.delivered(desk)
        desk.put_carrier(
            "easypost",
            name="E",
            kind="easypost",
            fleet=None,
            account=ACCOUNT | {"sells": [ACCOUNT["sells"][0] | {"carrier_service": "Nowhere"}]},
        )
        return_id = new_id()
        answer = self.order(desk, shipment_id, return_id, sscc)
        assert (answer.body["status"], answer.body["refused"]) == ("refused", "no-service-for-returns")
        desk.put_carrier("easypost", name="E", kind="easypost", fleet=None, account=ACCOUNT)
        assert self.order(desk, shipment_id, return_id, sscc).body["status"] == "bought"

    def test_what_cannot_come_back_by_a_carrier_is_refused(self, desk: Desk) -> None:
        sscc = new_sscc()
        _, here = desk.shipment(sscc)
        assert self.order(desk, here, new_id(), sscc).problem == "carton-not-dispatched"
        assert self.order(desk, here, new_id(), new_sscc()).problem == "foreign-carton"
        desk.put_carrier("own-fleet", fleet=FLEET)
        shipment_id, sscc = self.delivered(desk)
        answer = self.order(desk, shipment_id, new_id(), sscc)
        assert (answer.status, answer.problem) == (409, "no-labels-for-returns")
