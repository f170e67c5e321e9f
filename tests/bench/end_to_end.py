"""Orders over HTTP on a local cloud: how many per second, and how long until they are reserved.

Clients place orders of two lines as fast as they are answered. How long an order took is read from its history:
the time at which `OrderReserved` was recorded, less the time at which the POST was sent, on one clock. Beside it
stands the emulator's own floor: the same clients calling GET /health, whose handler does nothing.

A hop is the way of one event from a commit through stream, outbox, bus and queue to the reaction. Beside it stands
the same way with two Lambdas of a few lines: one puts the event onto the bus, one notes when it came.
"""

import io
import json
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from infra.app import SYSTEM
from local import people
from local.cloud import LocalCloud, temporary_cloud
from tests.bench.report import Cell, Report, Table, machine, median, percentile
from tests.support.dynamodb_endpoints import free_port
from tests.support.shop import Shop, until
from tests.support.tables import create_events_table, create_ledger_table

ORDERS = {1: 20, 8: 64, 32: 96}
PRODUCTS = 8
HOPS = 20
UNITS = 1_000_000


def floor(shop: Shop, clients: int, calls: int) -> tuple[float, float]:
    """Calls per second and median milliseconds of an empty handler."""

    def call(_: int) -> float:
        started = time.perf_counter()
        assert shop.call("GET", "/health", caller=None).status == 200
        return (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(call, range(clients)))  # its workers have started
        started = time.perf_counter()
        taken = list(pool.map(call, range(calls)))
    return calls / (time.perf_counter() - started), median(taken)


def orders(shop: Shop, skus: list[str], clients: int, calls: int) -> list[Cell]:
    """Place orders, wait until all are reserved: a row of the table."""

    def place(number: int) -> tuple[str, float, float]:
        sent, started = time.time(), time.perf_counter()
        order_id = shop.place({skus[number % PRODUCTS]: 1, skus[(number + 1) % PRODUCTS]: 2})
        return order_id, sent, (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(place, range(clients)))  # its workers have started
        time.sleep(1.0)
        started = time.time()
        placed = list(pool.map(place, range(calls)))
        taken = time.time() - started
    ids = [order_id for order_id, _, _ in placed]
    until(lambda: shop.statuses(ids[-clients:]) == {"reserved": len(ids[-clients:])}, "the last are reserved", 120)
    until(lambda: shop.statuses(ids) == {"reserved": len(ids)}, "all are reserved", 120)
    waits, last = [], 0.0
    for order_id, sent, _ in placed:
        recorded = next(e["at"] for e in shop.order(order_id)["history"] if e["type"].endswith("OrderReserved"))
        reserved = datetime.fromisoformat(recorded).timestamp()
        waits.append((reserved - sent) * 1000)
        last = max(last, reserved)
    answers = [milliseconds for _, _, milliseconds in placed]
    return [
        calls,
        calls / taken,
        median(answers),
        percentile(answers, 0.95),
        calls / (last - started),
        median(waits),
        percentile(waits, 0.95),
    ]


BARE_OUTBOX = """
import boto3, json, os
bus = boto3.client("events")
def handler(event, context):
    bus.put_events(Entries=[
        {"EventBusName": "bare", "Source": "bare", "DetailType": "bare", "Detail": json.dumps({"id": key})}
        for record in event["Records"] for key in [record["dynamodb"]["Keys"]["pk"]["S"]]
    ])
"""
BARE_REACTION = """
import boto3, json, time
table = boto3.client("dynamodb")
def handler(event, context):
    now = time.time()
    for record in event["Records"]:
        key = json.loads(record["body"])["detail"]["id"]
        table.put_item(TableName="bare-arrivals", Item={"pk": {"S": key}, "at": {"N": str(now)}})
"""


def bare_hop(cloud: LocalCloud, count: int) -> list[float]:
    """The milliseconds of single events from a table's stream to a Lambda behind a queue."""
    table, queues, bus, functions = (cloud.client(name) for name in ("dynamodb", "sqs", "events", "lambda"))
    create_events_table(table, "bare")
    create_ledger_table(table, "bare-arrivals")
    url = queues.create_queue(QueueName="bare")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.create_event_bus(Name="bare")
    bus.put_rule(Name="bare", EventBusName="bare", EventPattern=json.dumps({"detail-type": ["bare"]}))
    bus.put_targets(Rule="bare", EventBusName="bare", Targets=[{"Id": "bare", "Arn": queue}])
    stream = table.describe_table(TableName="bare")["Table"]["LatestStreamArn"]
    for name, code, source in (("bare-outbox", BARE_OUTBOX, stream), ("bare-reaction", BARE_REACTION, queue)):
        functions.create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role="arn:aws:iam::000000000000:role/bare",
            Handler="index.handler",
            Code={"ZipFile": zipped(code)},
            Timeout=30,
        )
        start = {"StartingPosition": "LATEST"} if source == stream else {}
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=source, **start)
    taken: list[float] = []
    for number in range(-2, count):  # the first two start the Lambdas
        sent = time.time()
        table.put_item(TableName="bare", Item={"pk": {"S": f"event-{number}"}, "sk": {"S": "-"}})
        time.sleep(0.3)  # asking meanwhile would slow it down
        key = {"TableName": "bare-arrivals", "Key": {"pk": {"S": f"event-{number}"}}}
        until(lambda key=key: "Item" in table.get_item(**key), "the event arrives", 60)  # type: ignore[misc]
        if number >= 0:
            taken.append((float(table.get_item(**key)["Item"]["at"]["N"]) - sent) * 1000)
    return taken


def zipped(code: str) -> bytes:
    """A Lambda's package with one module."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", code)
    return package.getvalue()


def hops(shop: Shop, skus: list[str], count: int) -> list[float]:
    """The milliseconds from an order's commit to that of its payment, one order at a time."""
    taken: list[float] = []
    for _ in range(count):
        order_id = shop.place({skus[0]: 1})
        time.sleep(0.3)
        until(lambda one=order_id: shop.statuses([one]) == {"reserved": 1}, "it is reserved", 60)  # type: ignore[misc]
        placed = shop.order(order_id)["history"][0]["at"]
        asked = shop.call("GET", f"/payments/{order_id}").body["history"][0]["at"]
        taken.append((datetime.fromisoformat(asked) - datetime.fromisoformat(placed)).total_seconds() * 1000)
    return taken


def main() -> None:
    """Measure at every number of clients."""
    started, where = time.monotonic(), machine()
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder, temporary_cloud(Path(folder)) as cloud:
        outputs, passwords = cloud.outputs(), Path(folder) / "passwords.json"
        cognito = cloud.client("cognito-idp")
        people.hire(cognito, outputs, list(SYSTEM.roles), passwords)
        shop = Shop(outputs.api_url, token=lambda caller: people.token_of(caller, cognito, outputs, passwords))
        skus = [shop.product(UNITS) for _ in range(PRODUCTS)]
        for clients, calls in ORDERS.items():
            per_second, milliseconds = floor(shop, clients, 3 * calls)
            rows.append([clients, per_second, milliseconds, *orders(shop, skus, clients, calls)])
        ours = hops(shop, skus, HOPS)
    with tempfile.TemporaryDirectory() as folder:
        alone = LocalCloud(Path(folder), port=free_port())
        alone.start()
        try:
            bare = bare_hop(alone, HOPS)
        finally:
            alone.stop()
    columns = ["clients", "floor calls/s", "floor ms", "orders", "POST/s", "POST ms", "POST p95"]
    columns += ["reserved/s", "to reserved ms", "to reserved p95"]
    table = Table(
        "Orders of 2 lines on the local cloud",
        columns,
        rows,
        [
            "`floor`: GET /health, HTTP to an empty Lambda. `to reserved`: from the POST to the OrderReserved,",
            "through 4 times stream, outbox, bus, queue and Lambda. Everything shares the machine's cores.",
        ],
    )
    hop = Table(
        "One hop: stream, outbox, bus, queue, Lambda",
        ["hop", "events", "median ms", "p95 ms", "ratio of medians"],
        [
            [what, len(found), median(found), percentile(found, 0.95), median(found) / median(bare)]
            for what, found in (("Lambdas of a few lines", bare), ("an order's commit to its payment's", ours))
        ],
        ["One event at a time. The Lambdas of a few lines have a cloud of their own, with nothing else in it."],
    )
    Report("end_to_end", time.monotonic() - started, where, [table, hop]).write()


if __name__ == "__main__":
    main()
