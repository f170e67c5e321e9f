"""What goes wrong on its way through the machine: repeats, poison, dead workers. Nothing is lost or doubled."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from infra.app import SYSTEM
from local.cloud import LocalCloud
from local.redrive import redrive
from shared import codec
from shared.envelope import CloudEvent, published
from shared.event_store import EventStore
from tests.support.processes import children, kill
from tests.support.shop import Shop, until

pytestmark = pytest.mark.cloud


def bus_events(cloud: LocalCloud, table: str, stream_id: str) -> Iterator[CloudEvent]:
    """Every event of a stream as the bus has carried it."""
    store = EventStore(cloud.client("dynamodb"), table)
    for commit in store.read(stream_id):
        yield from published(commit, table.partition("-")[0])


def deliver(cloud: LocalCloud, queue: str, body: bytes) -> None:
    """Put a message into one of the system's queues."""
    url = cloud.outputs().queues[queue].url
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody=body.decode())


def depth(cloud: LocalCloud, url: str) -> int:
    """Messages in a queue, seen and unseen."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def quiet(cloud: LocalCloud) -> bool:
    """Whether every working queue is empty."""
    return all(depth(cloud, queue.url) == 0 for queue in cloud.outputs().queues.values())


def test_messages_delivered_five_times_more_change_nothing(cloud: LocalCloud, shop: Shop) -> None:
    sku = shop.product(units=10)
    order_id = shop.place({sku: 4})
    shop.settled(order_id, "reserved")
    until(lambda: quiet(cloud), "every queue is empty")
    before = (shop.order(order_id), shop.stock(sku), shop.get(f"/payments/{order_id}"))

    readers: dict[str, str] = {
        "orders.PaymentAuthorizationRequested": "payments-authorization",
        "orders.ReservationRequested": "inventory-reservation",
        "payments.PaymentAuthorized": "orders-fulfilment",
        "inventory.LineReserved": "orders-fulfilment",
        "inventory.StockAdjusted": "inventory-reservation",
        "inventory.ProductRegistered": "orders-assortment",
    }
    location = shop.stock(sku)["locations"][0]["location"]
    everything = [
        *bus_events(cloud, "orders-events", f"Order#{order_id}"),
        *bus_events(cloud, "payments-events", f"Payment#{order_id}"),
        *bus_events(cloud, "inventory-events", f"Promise#MAIN#{sku}"),
        *bus_events(cloud, "inventory-events", f"Holding#{location}"),
        *bus_events(cloud, "inventory-events", f"Product#{sku}"),
    ]
    repeated = [event for event in everything if event.type in readers]
    assert {event.type for event in repeated} == set(readers)
    for event in repeated * 5:
        deliver(cloud, readers[event.type], codec.to_json(event))
    until(lambda: quiet(cloud), "every queue is empty again", 120)

    assert (shop.order(order_id), shop.stock(sku), shop.get(f"/payments/{order_id}")) == before


@pytest.mark.parametrize(
    ("queue", "body"),
    [
        ("orders-fulfilment", lambda _: b'{"not": "an event"}'),
        (
            "inventory-reservation",
            lambda event: codec.to_json(msgspec.structs.replace(event, data=msgspec.Raw(b"{}"))),
        ),
    ],
)
def test_a_poison_message_lands_in_the_dead_letter_queue_alone_and_can_be_sent_again(
    cloud: LocalCloud, shop: Shop, queue: str, body: Callable[[CloudEvent], bytes]
) -> None:
    sku = shop.product(units=5)
    order_id = shop.place({sku: 1})
    shop.settled(order_id, "reserved")
    model = next(
        event
        for event in bus_events(cloud, "orders-events", f"Order#{order_id}")
        if event.type == "orders.ReservationRequested"
    )
    dead_letters = cloud.outputs().queues[queue].dlq_url
    assert dead_letters is not None
    deliver(cloud, queue, body(model))
    until(lambda: depth(cloud, dead_letters) == 1, "the poison is in the dead-letter queue", 90)
    shop.settled(shop.place({sku: 1}), "reserved")

    sqs, streams, lambdas = (cloud.client(name) for name in ("sqs", "dynamodbstreams", "lambda"))
    assert redrive(sqs, streams, lambdas, SYSTEM, queue) == 1
    until(lambda: depth(cloud, dead_letters) == 1, "it has failed again", 90)
    cloud.client("sqs").purge_queue(QueueUrl=dead_letters)


def test_workers_that_are_killed_again_and_again_lose_and_double_nothing(cloud: LocalCloud, shop: Shop) -> None:
    skus = [shop.product(units=30) for _ in range(3)]
    process = cloud.running()
    assert process is not None
    orders: list[str] = []
    killed = 0
    for _ in range(5):
        orders += shop.place_many([dict.fromkeys(skus, 1)] * 8, clients=4)
        killed += kill(children(process.pid))
    assert killed >= 20
    shop.until(lambda: shop.statuses(orders) == {"reserved": 30, "backordered": 10}, "all orders settled", 300)
    for sku in skus:
        stock = shop.stock(sku)
        assert (stock["on_hand"], stock["reserved"], stock["available"]) == (30, 30, 0)
    assert len(set(orders)) == 40
    for order_id in orders:
        assert _authorizations(cloud, order_id) == 1


def _authorizations(cloud: LocalCloud, order_id: str) -> int:
    """How many times money was set aside for an order, as the provider's own books say."""
    answer: dict[str, Any] = cloud.client("dynamodb").get_item(
        TableName="payments-sandbox", Key={"pk": {"S": f"authorize-{order_id}"}}
    )
    return 1 if "Item" in answer else 0
