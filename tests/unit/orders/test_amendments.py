"""What people change about an order over HTTP: address, priority, holds, and money that is owed."""

from contextlib import suppress
from functools import partial

import pytest

from orders.contracts import PickingRequested, ShipmentRequested
from orders.domain import CATALOG
from shared import aws, ids
from shared.events import Event
from tests.support.faults import Died, at_moment, die
from tests.unit.orders.counter import Counter, answer, delivered, dispatched, packed, shipped, unused

HOME = {"name": "Kim", "street1": "Weg 1", "city": "Bonn", "postal_code": "53111", "country": "DE"}
OFFICE = HOME | {"street1": "Ring 9", "postal_code": "53113"}


def shipment() -> str:
    return ids.derived_id("shipment", unused("s"))


def told(counter: Counter, order_id: str, kind: type[Event]) -> list[Event]:
    """The events of a kind in an order's history."""
    name = CATALOG.name(kind)
    commits = counter.commits(order_id)
    return [CATALOG.decode(event) for commit in commits for event in commit.events if event.type == name]


class TestAddress:
    def test_an_address_given_with_the_order_goes_to_shipping_and_nowhere_else(
        self, counter: Counter, capsys: pytest.CaptureFixture[str]
    ) -> None:
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        counter.tell(packed(order_id, number, _1=2))
        [asked] = told(counter, order_id, ShipmentRequested)
        assert isinstance(asked, ShipmentRequested)
        assert (asked.ship_to.street1, asked.value.amount) == ("Weg 1", 1990)
        assert counter.details(order_id)["ship_to"] == HOME
        assert "Weg 1" not in capsys.readouterr().out

    def test_an_address_is_changed_until_the_label_is_made(self, counter: Counter) -> None:
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        changed = counter.put(order_id, "ship-to", OFFICE)
        assert (changed.status, changed.body["ship_to"]) == (200, OFFICE)
        counter.tell(packed(order_id, number, _1=2), shipped("ShipmentLabelled", order_id, number))
        refused = counter.put(order_id, "ship-to", HOME)
        assert (refused.status, refused.problem) == (409, "already-labelled")
        assert refused.body["errors"][0]["remedy"]

    def test_somebody_elses_change_is_not_overwritten(self, counter: Counter) -> None:
        order_id = counter.ready(1)
        tag = counter.get(f"/orders/{order_id}").headers["etag"]
        assert counter.put(order_id, "ship-to", HOME, if_match=tag).status == 200
        assert counter.put(order_id, "ship-to", OFFICE, if_match=tag).status == 412
        assert counter.details(order_id)["ship_to"] == HOME

    @pytest.mark.parametrize(("field", "value"), [("country", "Germany"), ("name", ""), ("postal_code", "?")])
    def test_what_is_no_address_is_refused_by_name(self, counter: Counter, field: str, value: str) -> None:
        refused = counter.put(counter.ready(1), "ship-to", HOME | {field: value})
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)


class TestPriority:
    def test_picking_hears_of_it_once_it_knows_the_order(self, counter: Counter) -> None:
        order_id = counter.allocated(1, priority=3)
        assert counter.put(order_id, "priority", {"priority": 9}).body["priority"] == 9
        asked = told(counter, order_id, PickingRequested)
        assert [one.priority for one in asked if isinstance(one, PickingRequested)] == [3, 9]
        counter.landscape.project("orders")
        listed = counter.get("/orders", status="allocated", limit="200").body["items"]
        assert next(one for one in listed if one["order_id"] == order_id)["priority"] == 9


class TestHolds:
    def test_a_held_order_is_not_released_and_says_why(self, counter: Counter) -> None:
        order_id = counter.ready(1)
        held = counter.post_to(order_id, "holds", {"kind": "fraud", "reason": "another's card"})
        assert (held.status, held.body["held"]) == (200, True)
        assert counter.details(order_id)["holds"] == {"fraud": "another's card"}
        assert counter.post_to(order_id, "release").problem == "order-held"
        assert counter.post_to(order_id, "holds/fraud/release").body["held"] is False
        assert counter.post_to(order_id, "release").status == 202

    def test_holds_stand_in_the_list_of_orders(self, counter: Counter) -> None:
        order_id = counter.ready(1)
        for kind in ("manual", "fraud"):
            counter.post_to(order_id, "holds", {"kind": kind, "reason": "wait"})
        counter.post_to(order_id, "holds/manual/release")
        counter.landscape.project("orders")
        listed = counter.get("/orders", status="reserved", limit="200").body["items"]
        assert next(one for one in listed if one["order_id"] == order_id)["holds"] == ["fraud"]

    def test_a_kind_of_hold_that_there_is_not_is_refused(self, counter: Counter) -> None:
        order_id = counter.ready(1)
        assert counter.post_to(order_id, "holds", {"kind": "weather", "reason": "rain"}).status == 422
        assert counter.post_to(order_id, "holds/weather/release").status == 400

    def test_a_hold_is_placed_once_wherever_its_worker_dies(self, counter: Counter) -> None:
        for moment in range(5):
            order_id, key = counter.ready(1), unused("hold")
            ask = partial(counter.post_to, order_id, "holds", {"kind": "manual", "reason": "wait"}, key)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                ask()
            assert ask().status == 200
            assert counter.happened(order_id).count("OrderHeld") == 1
            if moment >= len(passed):
                break
        assert moment >= 2


class TestMoneyOwed:
    def test_a_declined_capture_is_seen_and_tried_again(self, counter: Counter) -> None:
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        counter.tell(packed(order_id, number, _1=2), dispatched(order_id, number), delivered(order_id, number))
        counter.tell(answer("payments.CaptureDeclined", order_id, capture_id=number, reason="card_declined"))
        details = counter.details(order_id)
        assert (details["status"], details["payment"]["due"]) == ("delivered", 1990)
        counter.landscape.project("orders")
        listed = counter.get("/orders", status="delivered", limit="200").body["items"]
        assert next(one for one in listed if one["order_id"] == order_id)["payment_due"] == [number]
        first, again = (counter.post_to(order_id, "capture-retries", key="retry-1") for _ in range(2))
        assert first.body == again.body
        assert first.body["captures"] == [{"capture_id": f"{number}:2", "amount": 1990, "currency": "EUR"}]
        taken = answer("payments.PaymentCaptured", order_id, 2, capture_id=f"{number}:2", amount=1990)
        counter.tell(taken)
        details = counter.details(order_id)
        assert (details["status"], details["payment"]["captured"]) == ("closed", 1990)

    def test_a_declined_refund_is_seen_and_tried_again(self, counter: Counter) -> None:
        order_id = counter.delivered(2, shipment_id=shipment(), ship_to=HOME)
        lines = [{"line_id": "1", "units": 1}]
        back = counter.post_to(order_id, "returns", {"lines": lines, "reason": "broken"}).body["return_id"]
        came = [{"line_id": "1", "sku": "X", "units": 1, "disposition": "restock"}]
        counter.tell(answer("receiving.ReturnReceived", order_id, return_id=back, lines=came))
        news = {"refund_id": back, "amount": 995, "number": 1}
        counter.tell(answer("payments.PaymentRefunded", order_id, 5, **news))
        assert counter.details(order_id)["payment"]["refunded"] == 995
        for _ in range(2):
            counter.tell(answer("payments.RefundDeclined", order_id, 6, **news))
        details = counter.details(order_id)
        assert (details["payment"]["refunded"], details["payment"]["refund_due"]) == (0, 995)
        assert (details["status"], details["waiting_for"]) == ("closed", "a refund that was declined")
        assert self.wanted(counter, "refund", order_id) == [back]
        first, again = (counter.post_to(order_id, "refund-retries", key=f"again-{order_id}") for _ in range(2))
        assert first.body == again.body
        assert first.body["refunds"] == [{"refund_id": f"{back}:2", "amount": 995}]
        assert self.wanted(counter, "refund", order_id) is None
        counter.tell(answer("payments.PaymentRefunded", order_id, 8, **(news | {"refund_id": f"{back}:2"})))
        assert counter.details(order_id)["payment"] == details["payment"] | {"refunded": 995, "refund_due": 0}
        assert counter.post_to(order_id, "refund-retries").problem == "nothing-due"

    def test_orders_that_somebody_has_to_see_to_are_listed_by_why(self, counter: Counter) -> None:
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        counter.tell(packed(order_id, number, _1=2), dispatched(order_id, number))
        counter.tell(answer("payments.CaptureDeclined", order_id, capture_id=number, reason="card_declined"))
        held = counter.ready(1)
        counter.post_to(held, "holds", {"kind": "manual", "reason": "wait"})
        assert self.wanted(counter, "payment", order_id) == [number]
        assert self.wanted(counter, "payment", held) is None
        assert self.wanted(counter, "hold", held) == []
        assert self.wanted(counter, "hold", held, status="allocated") is None
        counter.post_to(held, "holds/manual/release")
        assert self.wanted(counter, "hold", held) is None
        assert counter.get("/orders", attention="weather").status == 400

    @staticmethod
    def wanted(counter: Counter, why: str, order_id: str, **narrowed: str) -> list[str] | None:
        """What an order lacks in the list of those that somebody has to see to; None when it is not in it."""
        counter.landscape.project("orders")
        listed = counter.get("/orders", attention=why, limit="200", **narrowed).body["items"]
        found = [one for one in listed if one["order_id"] == order_id]
        return next((one.get(f"{why}_due", []) for one in found), None)

    def test_nothing_is_tried_that_is_not_owed(self, counter: Counter) -> None:
        refused = counter.post_to(counter.ready(1), "capture-retries")
        assert (refused.status, refused.problem) == (409, "nothing-due")
