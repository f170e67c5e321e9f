"""What comes out of orders' history, what a dying worker leaves behind, and the health of its tables."""

from contextlib import suppress
from itertools import count

import pytest

from orders.contracts import PUBLISHED
from shared import aws
from shared.outbox import PublicationFailed
from tests.support.deliveries import stream_batch
from tests.support.faults import Died, at_moment, die, losing_answers, refusing
from tests.unit.orders.counter import Counter, authorized, reserved, short


def test_what_others_may_know_is_published_on_the_orders_journey_and_nothing_else(counter: Counter) -> None:
    order_id = counter.place((counter.sku(), 1), (counter.sku(), 1))
    counter.tell(authorized(order_id))
    counter.tell(reserved(order_id, 1), short(order_id, 2))
    own = [event for event in counter.landscape.publish("orders") if event.subject == f"Order#{order_id}"]
    assert [event.type.removeprefix("orders.") for event in own] == [
        "OrderPlaced",
        "PaymentAuthorizationRequested",
        "ReservationRequested",
        "OrderBackordered",
    ]
    assert {event.type for event in own} <= {f"orders.{event.__name__}" for event in PUBLISHED}
    assert own[2].causationid == authorized(order_id).id
    assert own[3].causationid == short(order_id, 2).id


def test_a_bus_that_takes_nothing_fails_the_batch_so_that_it_comes_again(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = counter.place()
    refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}, {"EventId": "1"}]}
    monkeypatch.setattr(aws.eventbridge(), "put_events", lambda **_: refusal)
    with pytest.raises(PublicationFailed):
        counter.landscape.invoke("orders", "outbox", stream_batch(counter.commits(order_id)))


def test_a_worker_that_dies_over_two_orders_leaves_them_as_one_that_lived(counter: Counter) -> None:
    for moment in count():
        orders = [counter.place((counter.sku(), 1), (counter.sku(), 1)) for _ in range(2)]
        counter.tell(*(authorized(order_id) for order_id in orders))
        answers = [reserved(order_id, line) for line in (1, 2) for order_id in orders]
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            counter.tell(*answers)
        for _ in range(2):
            assert counter.tell(*answers[::-1]) == []
        for order_id in orders:
            told = ["LinePromised", "LinePromised", "OrderReserved"]
            assert counter.happened(order_id)[4:] == told
        if moment >= len(passed):
            break
    assert moment == 4


def test_answers_that_could_not_be_noted_are_given_back_and_noted_once(counter: Counter) -> None:
    order_id = counter.place()
    with refusing(aws.dynamodb(), "PutItem", "ThrottlingException"):
        assert counter.tell(authorized(order_id)) == [0]
    with losing_answers(aws.dynamodb(), "PutItem"):
        assert counter.tell(authorized(order_id)) == [0]
    assert counter.tell(authorized(order_id)) == []
    assert counter.happened(order_id).count("PaymentSecured") == 1


def test_orders_is_ready_while_its_tables_answer(counter: Counter) -> None:
    assert counter.get("/orders/health/live").body["status"] == "pass"
    assert counter.get("/orders/health/ready").body["checks"] == {"events": "pass", "views": "pass"}
    with refusing(aws.dynamodb(), "GetItem", "ResourceNotFoundException", containing=b"orders-events"):
        ready = counter.get("/orders/health/ready")
    assert (ready.status, ready.body["checks"]) == (503, {"events": "fail", "views": "pass"})
