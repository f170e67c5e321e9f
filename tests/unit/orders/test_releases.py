"""Many orders are released with one request: each by itself, the same ones when the request is repeated."""

from functools import partial

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer
from tests.unit.orders.counter import Counter, unused

NOBODY = "00000000-0000-8000-8000-000000000000"


def release(new_counter: Counter, body: object, key: str = "") -> Answer:
    return new_counter.landscape.call("POST", "/orders/releases", body, key=key or unused("key"))


def test_each_named_order_gets_its_own_answer(new_counter: Counter) -> None:
    ready, held, placed = new_counter.ready(1), new_counter.ready(1), new_counter.place()
    new_counter.post_to(held, "holds", {"kind": "manual", "reason": "wait"})
    answer = release(new_counter, {"orders": [ready, held, placed, NOBODY, ready]})
    assert (answer.status, answer.body["released"]) == (200, 1)
    found = [(one["order_id"], one.get("status"), one.get("problem")) for one in answer.body["results"]]
    assert found == [
        (ready, "allocating", None),
        (held, None, "order-held"),
        (placed, None, "not-reserved"),
        (NOBODY, None, "unknown-order"),
    ]
    assert all(one["remedy"] for one in answer.body["results"][1:3])


def test_those_that_wait_longest_go_first(new_counter: Counter) -> None:
    orders = [new_counter.ready(1) for _ in range(4)]
    other, urgent = new_counter.ready(1, warehouse="NORTH"), new_counter.ready(1, priority=9)
    new_counter.post_to(orders[0], "holds", {"kind": "manual", "reason": "wait"})
    new_counter.landscape.project("orders")

    def chosen(**waiting: object) -> list[str]:
        return [one["order_id"] for one in release(new_counter, {"waiting": waiting}).body["results"]]

    assert chosen(limit=2, warehouse="MAIN") == orders[1:3]
    new_counter.landscape.project("orders")
    assert chosen(min_priority=8) == [urgent]
    new_counter.landscape.project("orders")
    assert chosen(warehouse="NORTH", channel="webshop") == [other]
    new_counter.landscape.project("orders")
    assert chosen() == [orders[3]]
    new_counter.landscape.project("orders")
    assert chosen() == []


def test_a_repeat_means_the_same_orders_although_others_wait_by_then(new_counter: Counter) -> None:
    first, second = new_counter.ready(1), new_counter.ready(1)
    new_counter.landscape.project("orders")
    once = release(new_counter, {"waiting": {"limit": 1}}, "k-1")
    new_counter.landscape.project("orders")
    again = release(new_counter, {"waiting": {"limit": 1}}, "k-1")
    assert [one["order_id"] for one in again.body["results"]] == [first]
    assert once.body == again.body
    assert new_counter.order(second).status == "reserved"
    assert new_counter.happened(first).count("AllocationRequested") == 1


def test_a_release_is_finished_wherever_its_worker_died(new_counter: Counter) -> None:
    deaths = 0
    for moment in range(40):
        orders, key = [new_counter.ready(1) for _ in range(2)], unused("release")
        ask = partial(release, new_counter, {"orders": orders}, key)
        with at_moment(aws.dynamodb(), moment, die) as passed:
            try:
                ask()
            except Died:
                deaths += 1
        assert [one["status"] for one in ask().body["results"]] == ["allocating", "allocating"]
        assert {new_counter.happened(one).count("AllocationRequested") for one in orders} == {1}
        if moment >= len(passed):
            break
    assert deaths >= 6


@pytest.mark.parametrize("body", [{}, {"orders": [NOBODY], "waiting": {}}])
def test_it_has_to_be_said_which_orders_are_meant(new_counter: Counter, body: object) -> None:
    refused = release(new_counter, body)
    assert (refused.status, refused.problem) == (422, "ambiguous-release")
