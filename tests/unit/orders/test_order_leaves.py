"""An order's way out, as its messages bring it: twice, out of order, at once, and with workers that die."""

from contextlib import suppress
from functools import partial
from itertools import permutations

import pytest

from shared import aws, ids
from tests.support.faults import Died, at_moment, die
from tests.unit.orders.counter import (
    Counter,
    answer,
    captured,
    delivered,
    dispatched,
    packed,
    shipped,
    unused,
)
from tests.unit.orders.test_amendments import HOME


def shipment() -> str:
    return ids.derived_id("shipment", unused("s"))


def test_an_order_is_seen_from_its_allocation_to_its_closing(counter: Counter) -> None:
    order_id, number = counter.allocated(2, 3, ship_to=HOME), shipment()
    units = [{"line_id": "1", "sku": "X", "units": 2}, {"line_id": "2", "sku": "X", "units": 3}]
    seen = []
    for news in (
        answer("picking.PickingStarted", order_id, list_id="l", warehouse="MAIN"),
        answer("picking.OrderPicked", order_id, lines=units, short=[], number=1),
        packed(order_id, number, _1=2, _2=3),
        shipped("ShipmentLabelled", order_id, number),
        dispatched(order_id, number),
        captured(order_id, number, 4975),
        delivered(order_id, number),
    ):
        assert counter.tell(news) == []
        seen.append(counter.order(order_id).status)
    assert seen == ["picking", "picked", "packed", "labelled", "dispatched", "dispatched", "closed"]
    details = counter.details(order_id)
    [sent] = details["shipments"]
    assert (sent["status"], sent["capture"], sent["value"]["amount"]) == ("delivered", "captured", 4975)
    assert [line["shipped"] for line in details["lines"]] == [2, 3]
    assert {line["status"] for line in details["lines"]} == {"shipped"}
    assert "deadline" not in details or details["deadline"] is None
    counter.landscape.project("orders")
    listed = counter.get("/orders", status="closed", limit="200").body["items"]
    assert order_id in {one["order_id"] for one in listed}


def test_news_of_a_shipment_in_any_order_and_twice_close_the_order_once(counter: Counter) -> None:
    for order_of_news in permutations(range(4)):
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        news = [
            packed(order_id, number, _1=2),
            shipped("ShipmentLabelled", order_id, number),
            dispatched(order_id, number),
            delivered(order_id, number),
        ]
        told = [news[place] for place in order_of_news]
        assert counter.tell(*told[:2], *told[:1]) == []
        assert counter.tell(*told[2:], *told) == []
        assert counter.happened(order_id).count("CaptureRequested") == 1
        counter.tell(captured(order_id, number, 1990), captured(order_id, number, 1990))
        assert counter.order(order_id).status == "closed"
        assert counter.happened(order_id).count("OrderClosed") == 1


def test_wherever_a_worker_dies_over_the_news_they_count_once(counter: Counter) -> None:
    for moment in range(12):
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        news = [
            packed(order_id, number, _1=2),
            shipped("ShipmentLabelled", order_id, number),
            dispatched(order_id, number),
        ]
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            counter.tell(*news)
        for _ in range(2):
            assert counter.tell(*news[::-1]) == []
        happened = counter.happened(order_id)
        assert [happened.count(name) for name in ("CaptureRequested", "CartonsLeft")] == [1, 1]
        assert happened.count("ShipmentRequested") <= 1
        if moment >= len(passed):
            break
    assert moment >= 2


@pytest.mark.parametrize("wins", ["ShipmentVoided", "ShipmentDispatched"])
def test_a_cancellation_at_the_moment_of_dispatch_ends_as_shipping_decides(counter: Counter, wins: str) -> None:
    for moment in range(6):
        order_id, number = counter.allocated(2, ship_to=HOME), shipment()
        counter.tell(packed(order_id, number, _1=2), shipped("ShipmentLabelled", order_id, number))
        news = dispatched(order_id, number) if wins == "ShipmentDispatched" else None
        with at_moment(aws.dynamodb(), moment, partial(counter.cancel, order_id)) as passed:
            counter.tell(news or shipped("ShipmentLabelled", order_id, number))
        counter.cancel(order_id)
        if news is None:
            assert "PaymentVoidRequested" not in counter.happened(order_id)
            counter.tell(shipped("ShipmentVoided", order_id, number, 5))
            assert counter.happened(order_id).count("PaymentVoidRequested") == 1
            counter.tell(answer("payments.PaymentVoided", order_id))
            counter.tell(answer("inventory.ReservationReleased", order_id, 8, line_id="1"))
        assert counter.order(order_id).status == ("cancelled" if news is None else "dispatched")
        if moment >= len(passed):
            break


def test_what_has_left_is_not_cancelled_but_returned(counter: Counter) -> None:
    order_id = counter.delivered(2, shipment_id=shipment(), ship_to=HOME)
    refused = counter.cancel(order_id)
    assert (refused.status, refused.problem) == (409, "order-left")
    assert "/returns" in refused.body["errors"][0]["remedy"]


def test_an_order_of_more_lines_than_one_request_holds_is_picked_in_parts(counter: Counter) -> None:
    sku = counter.sku()
    order_id = counter.place(*((sku, 1) for _ in range(700)))
    counter.tell(answer("payments.PaymentAuthorized", order_id, authorization="a"))
    counter.tell(*(answer("inventory.LineReserved", order_id, line_id=str(n)) for n in range(1, 701)))
    counter.post_to(order_id, "release")
    pick = {"holding": "A-1", "place": "A-1", "sku": "X", "units": 1}
    lines = [answer("inventory.LineAllocated", order_id, line_id=str(n), picks=[pick]) for n in range(1, 701)]
    for start in range(0, 700, 100):
        assert counter.tell(*lines[start : start + 100]) == []
    order = counter.order(order_id)
    assert (order.status, order.picking_requests) == ("allocated", 3)
    assert all(line.requested == line.allocation for line in order.lines.values())
