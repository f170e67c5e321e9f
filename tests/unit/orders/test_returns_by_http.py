"""A customer sends goods back: by HTTP, through receiving, to money or to other goods."""

from contextlib import suppress
from typing import Any

from orders.domain.states import WAIT_REFUND
from shared import aws, ids
from shared.envelope import CloudEvent
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer
from tests.unit.orders.counter import Counter, answer, reserved, unused
from tests.unit.orders.test_amendments import HOME

REPLACEMENTS = ("orders", "replacements")


def delivered(counter: Counter, *quantities: int) -> str:
    """An order that its customer has and has paid."""
    order_id = counter.delivered(*quantities, shipment_id=ids.derived_id("s", unused("s")), ship_to=HOME)
    assert counter.order(order_id).status == "closed"
    return order_id


def send_back(counter: Counter, order_id: str, units: int = 1, key: str = "", **more: object) -> Answer:
    body: dict[str, Any] = {"lines": [{"line_id": "1", "units": units}], "reason": "broken", **more}
    return counter.post_to(order_id, "returns", body, key)


def received(order_id: str, return_id: str, units: int = 1, disposition: str = "scrap") -> CloudEvent:
    lines = [{"line_id": "1", "sku": "X", "units": units, "disposition": disposition}]
    return answer("receiving.ReturnReceived", order_id, return_id=return_id, lines=lines, received_at="2026-02-09")


def test_goods_come_back_and_the_money_goes(counter: Counter) -> None:
    order_id = delivered(counter, 3)
    first, again = (send_back(counter, order_id, 2, "rma-1") for _ in range(2))
    assert (first.status, first.body) == (201, again.body)
    return_id = first.body["return_id"]
    counter.tell(received(order_id, return_id, 2), received(order_id, return_id, 2))
    details = counter.details(order_id)
    assert details["waiting_for"] == WAIT_REFUND
    assert (details["returns"][0]["status"], details["returns"][0]["due"]) == ("received", 1990)
    counter.tell(answer("payments.PaymentRefunded", order_id, refund_id=return_id, amount=1990))
    details = counter.details(order_id)
    assert (details["returns"][0]["status"], details["payment"]["refunded"]) == ("closed", 1990)
    assert counter.happened(order_id).count("RefundRequested") == 1


def test_more_than_was_delivered_is_refused_by_line(counter: Counter) -> None:
    order_id = delivered(counter, 3)
    assert send_back(counter, order_id, 2).status == 201
    refused = send_back(counter, order_id, 2)
    assert (refused.status, refused.problem) == (422, "more-than-sent")
    assert refused.body["errors"][0]["field"] == "lines[0].units"
    assert send_back(counter, counter.ready(1)).problem == "more-than-sent"
    assert send_back(counter, "00000000-0000-8000-8000-000000000000").status == 404


def test_a_return_is_replaced_by_one_order_that_costs_nothing(counter: Counter) -> None:
    order_id = delivered(counter, 2)
    counter.landscape.publish("orders")
    return_id = send_back(counter, order_id, 1, resolution="replace").body["return_id"]
    counter.tell(received(order_id, return_id))
    [wanted] = [one for one in counter.landscape.publish("orders") if one.type == "orders.ReplacementRequested"]
    for moment in range(6):
        with at_moment(aws.dynamodb(), moment, die), suppress(Died):
            counter.landscape.deliver(REPLACEMENTS, wanted, wanted)
    assert counter.landscape.deliver(REPLACEMENTS, wanted) == []
    [back] = counter.details(order_id)["returns"]
    replacement = counter.details(back["replacement_id"])
    assert counter.happened(back["replacement_id"]) == ["OrderPlaced", "ReservationRequested"]
    assert (replacement["total"]["amount"], replacement["ship_to"], replacement["status"]) == (
        0,
        HOME,
        "reserving",
    )
    counter.tell(reserved(back["replacement_id"], 1))
    assert counter.order(back["replacement_id"]).status == "reserved"
    assert "RefundRequested" not in counter.happened(order_id)
