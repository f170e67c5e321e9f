"""Deadlines: overdue orders are found through the sparse index, act once, and fail alone."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from orders.domain.states import (
    ATTEMPTS,
    AUTHORIZATION_TIME,
    BACKORDER_TIME,
    LABELLING_TIME,
    PAYMENT_TIME,
    RELEASE_TIME,
    RESERVATION_TIME,
)
from orders.views import DEADLINE_SHARDS
from shared import aws, clock
from shared.sweep import SweepFailed
from tests.support.clocks import MovableClock
from tests.support.faults import Died, at_moment, die, refusing
from tests.support.landscape import landscape
from tests.unit.orders.counter import (
    Counter,
    allocated,
    answer,
    authorized,
    dispatched,
    packed,
    reserved,
    shipped,
    short,
)
from tests.unit.orders.test_amendments import HOME


def sweep(counter: Counter) -> None:
    """One run of both sweepers, on views that are up to date."""
    counter.landscape.project("orders")
    counter.landscape.invoke("orders", "deadlines", {})
    counter.landscape.project("orders")
    counter.landscape.invoke("orders", "overdue", {})


def in_index(counter: Counter) -> set[str]:
    """The orders that the sweeper of every minute could find, ever."""
    counter.landscape.project("orders")
    views = counter.landscape.views("orders")
    keys = [key for shard in DEADLINE_SHARDS for key in views.keys(("due", shard), "deadline", "by_deadline", "3")]
    assert len(keys) == len(set(keys))
    return {key.removeprefix("Order#") for key in keys}


def test_an_overdue_authorization_is_asked_for_again_once_per_deadline(
    time: MovableClock, new_counter: Counter
) -> None:
    order_id = new_counter.place()
    sweep(new_counter)
    assert new_counter.happened(order_id) == ["OrderPlaced", "PaymentAuthorizationRequested"]
    time.pass_time(AUTHORIZATION_TIME)
    for _ in range(3):
        sweep(new_counter)
    asked_again = ["DeadlinePassed", "PaymentAuthorizationRequested"]
    assert new_counter.happened(order_id)[2:] == asked_again
    assert new_counter.order(order_id).attempt == 2


def test_a_sweeper_that_sees_views_of_yesterday_acts_once(time: MovableClock, new_counter: Counter) -> None:
    order_id = new_counter.place()
    new_counter.landscape.project("orders")
    time.pass_time(AUTHORIZATION_TIME)
    for _ in range(3):
        new_counter.landscape.invoke("orders", "deadlines", {})
    assert new_counter.happened(order_id).count("DeadlinePassed") == 1


def test_two_sweepers_at_once_act_once(time: MovableClock, new_counter: Counter) -> None:
    for moment in range(12):
        order_id = new_counter.place()
        new_counter.landscape.project("orders")
        time.pass_time(AUTHORIZATION_TIME)
        other = partial(new_counter.landscape.invoke, "orders", "deadlines", {})
        with at_moment(aws.dynamodb(), moment, other):
            new_counter.landscape.invoke("orders", "deadlines", {})
        assert new_counter.happened(order_id).count("DeadlinePassed") == 1


def test_an_answer_that_arrives_while_the_sweeper_looks_counts(time: MovableClock, new_counter: Counter) -> None:
    for moment in range(9):
        order_id = new_counter.place()
        new_counter.landscape.project("orders")
        time.pass_time(AUTHORIZATION_TIME)
        told = authorized(order_id)
        with at_moment(aws.dynamodb(), moment, partial(new_counter.tell, told)):
            new_counter.landscape.invoke("orders", "deadlines", {})
        new_counter.tell(told)
        assert new_counter.order(order_id).status == "reserving"
        assert new_counter.happened(order_id).count("PaymentSecured") == 1


def test_a_sweeper_that_dies_leaves_the_rest_to_the_next(time: MovableClock, new_counter: Counter) -> None:
    orders = [new_counter.place() for _ in range(5)]
    new_counter.landscape.project("orders")
    time.pass_time(AUTHORIZATION_TIME)
    for moment in range(14):
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            new_counter.landscape.invoke("orders", "deadlines", {})
    sweep(new_counter)
    assert {new_counter.happened(order_id).count("DeadlinePassed") for order_id in orders} == {1}


def test_a_deadline_that_is_days_away_is_seen_by_the_daily_look_at_open_orders_alone(
    time: MovableClock, new_counter: Counter
) -> None:
    order_id = new_counter.place()
    assert in_index(new_counter) == {order_id}, "payment answers within the hour"
    new_counter.tell(authorized(order_id), short(order_id, 1))
    assert in_index(new_counter) == set()
    deadline = datetime.fromisoformat(new_counter.details(order_id)["deadline"])
    time.pass_time(deadline - clock.now() - timedelta(seconds=1))
    new_counter.landscape.invoke("orders", "overdue", {})
    assert new_counter.details(order_id)["status"] == "backordered"
    time.pass_time(timedelta(seconds=1))
    for _ in range(2):
        new_counter.landscape.invoke("orders", "overdue", {})
    assert new_counter.details(order_id)["reason"] == "backorder-expired"
    assert new_counter.happened(order_id).count("CancellationStarted") == 1


def test_the_daily_look_goes_through_all_pages_and_one_order_that_fails_stops_no_other(
    time: MovableClock, new_counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.overdue._AT_ONCE", 2)
    monkeypatch.setattr("shared.views._BATCH_GET_KEYS", 3)
    orders = [new_counter.place() for _ in range(7)]
    for order_id in orders:
        new_counter.tell(authorized(order_id), short(order_id, 1))
    new_counter.landscape.project("orders")
    time.pass_time(BACKORDER_TIME)
    refused = refusing(aws.dynamodb(), "Query", "ThrottlingException", containing=f"Order#{orders[1]}".encode())
    with refused, pytest.raises(SweepFailed, match="1 of 7"):
        new_counter.landscape.invoke("orders", "overdue", {})
    assert [one for one in orders if new_counter.details(one)["status"] == "backordered"] == [orders[1]]
    new_counter.landscape.invoke("orders", "overdue", {})
    assert {new_counter.details(order_id)["reason"] for order_id in orders} == {"backorder-expired"}


def test_every_step_that_waits_ends_in_the_end(time: MovableClock, new_counter: Counter) -> None:
    unpaid, unanswered, waiting, ready = (new_counter.place() for _ in range(4))
    new_counter.tell(authorized(unanswered), authorized(waiting), authorized(ready))
    new_counter.tell(short(waiting, 1), reserved(ready, 1))
    for _ in range(ATTEMPTS):
        time.pass_time(max(AUTHORIZATION_TIME, RESERVATION_TIME))
        sweep(new_counter)
    assert new_counter.details(unpaid)["status"] == "placed", "an outage of the provider parks orders"
    assert new_counter.happened(unpaid)[-1] == "FulfilmentStalled"
    assert new_counter.details(unanswered)["reason"] == "reservation-timeout"
    assert new_counter.details(waiting)["status"] == "backordered"
    time.pass_time(PAYMENT_TIME + timedelta(days=1))
    sweep(new_counter)
    assert new_counter.details(unpaid)["reason"] == "payment-timeout"
    time.pass_time(max(BACKORDER_TIME, RELEASE_TIME))
    sweep(new_counter)
    assert new_counter.details(waiting)["reason"] == "backorder-expired"
    assert new_counter.happened(ready)[-1] == "FulfilmentStalled"
    assert new_counter.details(ready)["status"] == "reserved"
    for _ in range(ATTEMPTS):
        time.pass_time(timedelta(days=1))
        sweep(new_counter)
    for order_id in (unpaid, unanswered, waiting):
        assert new_counter.happened(order_id)[-1] == "FulfilmentStalled"
    assert in_index(new_counter) == set()


@pytest.fixture
def loud_counter() -> Iterator[Counter]:
    """One whose Lambdas write their log lines."""
    with landscape(log_level="WARNING") as deployed:
        yield Counter(deployed)


def counted(lines: str) -> list[dict[str, object]]:
    """What was written for the metric by which a person is called."""
    found = [json.loads(line) for line in lines.splitlines()]
    return [line for line in found if "_aws" in line]


def test_a_stall_is_listed_and_rings_every_day_until_the_order_goes_on(
    time: MovableClock, loud_counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck, fine = loud_counter.ready(1), loud_counter.ready(1)
    assert loud_counter.post_to(fine, "release").status == 202
    loud_counter.tell(allocated(fine, 1))
    time.pass_time(RELEASE_TIME - timedelta(seconds=1))
    loud_counter.tell(answer("picking.PickingStarted", fine))
    time.pass_time(timedelta(seconds=2))
    capsys.readouterr()
    sweep(loud_counter)
    since = loud_counter.order(stuck).stalled
    [rung] = counted(capsys.readouterr().out)
    assert (rung["order_id"], rung["OrdersStalled"], rung["service"]) == (stuck, 1, "orders")
    sweep(loud_counter)
    assert counted(capsys.readouterr().out) == [], "it is told once a day"
    time.pass_time(timedelta(days=1))
    sweep(loud_counter)
    assert [line["order_id"] for line in counted(capsys.readouterr().out)] == [stuck]
    assert listed(loud_counter, stalled="true") == {stuck}
    assert listed(loud_counter, stalled="true", status="reserved", channel="webshop") == {stuck}
    assert listed(loud_counter, stalled="true", status="picking") == set()
    assert listed(loud_counter, stalled="false") == {fine}
    assert since is not None
    assert loud_counter.order(stuck).stalled == since, "since the first time"
    assert loud_counter.details(stuck)["stalled"] == {"waiting_for": "release to picking", "since": since.since}
    assert loud_counter.post_to(stuck, "release").status == 202
    assert listed(loud_counter, stalled="true") == set()
    assert loud_counter.details(stuck)["stalled"] is None


def listed(counter: Counter, **query: str) -> set[str]:
    """The orders of a list that is up to date."""
    counter.landscape.project("orders")
    answer = counter.get("/orders", **query)
    assert answer.status == 200, answer
    return {order["order_id"] for order in answer.body["items"]}


def test_goods_that_left_although_their_order_was_cancelled_ring_as_soon_as_it_is_known(
    loud_counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id, shipment = loud_counter.allocated(2, ship_to=HOME), "00000000-0000-8000-8000-000000000001"
    loud_counter.tell(packed(order_id, shipment, _1=2))
    loud_counter.cancel(order_id)
    loud_counter.tell(shipped("ShipmentVoided", order_id, shipment, 2))
    loud_counter.tell(
        answer("inventory.ReservationReleased", order_id, 2, line_id="1"),
        answer("payments.PaymentVoided", order_id),
    )
    assert loud_counter.details(order_id)["status"] == "cancelled"
    capsys.readouterr()
    loud_counter.tell(dispatched(order_id, shipment))
    assert [line["order_id"] for line in counted(capsys.readouterr().out)] == [order_id]
    assert listed(loud_counter, stalled="true") == {order_id}


def test_what_the_sweeper_starts_goes_on_with_the_orders_own_journey(
    time: MovableClock, new_counter: Counter
) -> None:
    order_id = new_counter.place()
    time.pass_time(AUTHORIZATION_TIME)
    sweep(new_counter)
    placed, checked = (commit.commands[0] for commit in new_counter.commits(order_id))
    assert checked.correlation_id == placed.correlation_id
    assert checked.traceparent.split("-")[1] == placed.traceparent.split("-")[1]
    assert checked.actor == "stowage.orders"
    journeys = {event.correlationid for event in new_counter.landscape.publish("orders")}
    assert journeys == {placed.correlation_id}


def test_only_orders_with_a_deadline_are_in_the_index(time: MovableClock, new_counter: Counter) -> None:
    placed, declined, cancelled = (new_counter.place() for _ in range(3))
    new_counter.tell(answer("payments.PaymentDeclined", declined, reason="card_declined"))
    new_counter.cancel(cancelled)
    assert in_index(new_counter) == {placed, cancelled}
    new_counter.tell(answer("payments.PaymentVoided", cancelled))
    assert in_index(new_counter) == {placed}
    time.pass_time(AUTHORIZATION_TIME)
    sweep(new_counter)
    assert in_index(new_counter) == {placed}


def test_one_order_that_fails_stops_no_other_and_the_sweep_tells(time: MovableClock, new_counter: Counter) -> None:
    orders = [new_counter.place() for _ in range(6)]
    new_counter.landscape.project("orders")
    time.pass_time(AUTHORIZATION_TIME)
    bad = orders[2].encode()
    refused = refusing(aws.dynamodb(), "Query", "ThrottlingException", containing=bad)
    with refused, pytest.raises(SweepFailed, match="1 of 6"):
        new_counter.landscape.invoke("orders", "deadlines", {})
    counts = [new_counter.happened(order_id).count("DeadlinePassed") for order_id in orders]
    assert counts == [1, 1, 0, 1, 1, 1]
    sweep(new_counter)
    assert new_counter.happened(orders[2]).count("DeadlinePassed") == 1


def test_more_overdue_orders_than_an_index_page_holds_are_all_found(
    time: MovableClock, new_counter: Counter
) -> None:
    sku = new_counter.sku()
    orders = {new_counter.place((sku, 1)) for _ in range(40)}
    time.pass_time(AUTHORIZATION_TIME)
    sweep(new_counter)
    assert all(new_counter.order(order_id).attempt == 2 for order_id in orders)


def test_the_sweeper_asks_for_labels_again(time: MovableClock, new_counter: Counter) -> None:
    order_id, number = new_counter.allocated(2, ship_to=HOME), "00000000-0000-8000-8000-000000000001"
    new_counter.tell(packed(order_id, number, _1=2))
    time.pass_time(LABELLING_TIME)
    for _ in range(3):
        new_counter.landscape.project("orders")
        new_counter.landscape.invoke("orders", "deadlines", {})
    assert new_counter.happened(order_id).count("ShipmentRequested") == 2
    asked = [one for one in new_counter.landscape.publish("orders") if one.type == "orders.ShipmentRequested"]
    assert len({bytes(one.data) for one in asked}) == 1, "the same question again"
