"""Says how the running system stands, and proves that its books agree: `python -m local.summary`.

Ends with an error when an order has not settled, a dead-letter queue holds something, or the units that inventory
has reserved are not those of the orders' reserved lines.
"""

import argparse
import importlib
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from local.client import ApiClient, Refused, Unreachable, path_of
from local.cloud import local_client
from local.connection import connect, outputs
from local.outputs import Outputs
from local.parallel import Progress, in_parallel
from local.patience import Deadline
from local.seed import ON_THEIR_WAY, PAGE, PARKED, SETTLED, Placed, read_placed
from shared.event_store import COMMIT_PREFIX, commit_of
from shared.identifiers import DEFAULT_WAREHOUSE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

STATUSES = ("placed", "reserving", "allocating", "cancelling", *SETTLED)
RESERVED_EVENT = "OrderReserved"
AGREEMENT_SECONDS = 30.0
POLL_SECONDS = 0.5
REASONS_SHOWN = 20
TASK_STATUSES = ("confirmed", "open", "undirected")
SKUS_SHOWN = 4


class Line(Struct, frozen=True):
    """A line of an order."""

    sku: str
    quantity: int
    status: str
    shipped: int = 0
    cancelled: int = 0


class HistoryEntry(Struct, frozen=True):
    """One thing that happened to an order."""

    type: str
    at: datetime


class Order(Struct, frozen=True):
    """An order with its lines and its history."""

    order_id: str
    status: str
    warehouse: str
    lines: tuple[Line, ...]
    history: tuple[HistoryEntry, ...]
    reason: str | None = None
    waiting_for: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it has its answer, or is parked until the payment provider has one."""
        return self.status in SETTLED or (self.status == "placed" and self.waiting_for == PARKED)


class ListedOrder(Struct, frozen=True):
    """An order as the list has it."""

    order_id: str


class Stock(Struct, frozen=True):
    """One product in one warehouse."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    available: int
    backordered: int = 0


class Shipment(Struct, frozen=True):
    """A shipment in the list: units that came, and how they differ from what was announced."""

    status: str
    received_units: int = 0
    damaged_units: int = 0
    short_units: int = 0
    over_units: int = 0


class Task(Struct, frozen=True):
    """A put-away task in the list."""

    task_id: str


class EventCount(Struct, frozen=True):
    """Events that a service has recorded: of published types, and of types that it keeps for itself."""

    service: str
    published: int
    internal: int


class Report(Struct, frozen=True):
    """All that the summary says, gathered."""

    orders: tuple[Order, ...]
    stock: tuple[Stock, ...]
    events: tuple[EventCount, ...]
    dead_letters: Mapping[str, int]
    placed: tuple[Placed, ...]
    shipments: tuple[Shipment, ...] = ()
    tasks: Mapping[str, int] = {}


Place = tuple[str, str]
"""A warehouse and a SKU."""


def reserved_by_orders(orders: Iterable[Order]) -> Counter[Place]:
    """Units of the orders' reserved lines."""
    units: Counter[Place] = Counter()
    for order in orders:
        for line in order.lines:
            if line.status in ("reserved", "allocated"):
                units[order.warehouse, line.sku] += line.quantity - line.shipped - line.cancelled
    return units


def disagreements(orders: Iterable[Order], stock: Iterable[Stock]) -> dict[Place, tuple[int, int]]:
    """Where inventory and orders do not agree: units reserved in inventory, units of reserved order lines."""
    inventory = {(one.warehouse, one.sku): one.reserved for one in stock}
    ordered = reserved_by_orders(orders)
    return {
        place: (inventory.get(place, 0), ordered[place])
        for place in sorted(inventory.keys() | ordered.keys())
        if inventory.get(place, 0) != ordered[place]
    }


def reasons(orders: Iterable[Order]) -> dict[str, Counter[str]]:
    """Per status how many orders there are for which reason."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for order in orders:
        groups[order.status][_reason(order)] += 1
    return groups


def seconds_to_reserved(orders: Iterable[Order], placed: Iterable[Placed]) -> list[float]:
    """Per order from the moment that its POST left to its first reservation, shortest first."""
    sent = {one.order_id: one.sent_at for one in placed}
    times = []
    for order in orders:
        reserved = next((entry.at for entry in order.history if entry.type.endswith(RESERVED_EVENT)), None)
        if reserved and order.order_id in sent:
            times.append((reserved - sent[order.order_id]).total_seconds())
    return sorted(times)


def percentile(ascending: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank)."""
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def complaints(report: Report) -> list[str]:
    """What is not as it must be; nothing when all is well."""
    found = []
    if unsettled := [order for order in report.orders if not order.is_settled]:
        found.append(f"{len(unsettled)} orders have not settled, for example {unsettled[0].order_id}")
    known = {order.order_id for order in report.orders}
    if lost := [one.reference for one in report.placed if one.order_id not in known]:
        found.append(f"{len(lost)} sample orders are in no list: {', '.join(lost[:5])}")
    for (warehouse, sku), (inventory, ordered) in disagreements(report.orders, report.stock).items():
        found.append(f"{warehouse} {sku}: {inventory} units reserved in inventory, {ordered} in order lines")
    found += [f"{queue} holds {count} messages" for queue, count in report.dead_letters.items() if count]
    return found


def lines(report: Report) -> Iterator[str]:
    """The summary in words."""
    yield from _inbound_lines(report)
    yield from _order_lines(report.orders)
    yield from _stock_lines(report)
    yield from _event_lines(report)
    yield from _time_lines(report)


def gather(client: ApiClient, where: Outputs, placed: Sequence[Placed]) -> Report:
    """Everything there is to say. Lists follow a moment behind, so differences are looked at again for a while."""
    deadline = Deadline(AGREEMENT_SECONDS)
    while True:
        orders = _orders(client)
        warehouses = {DEFAULT_WAREHOUSE} | {order.warehouse for order in orders}
        stock = tuple(
            one
            for warehouse in sorted(warehouses)
            for one in client.pages("/inventory/stock", Stock, warehouse=warehouse, limit=PAGE)
        )
        listed = {order.order_id for order in orders}
        complete = all(one.order_id in listed for one in placed)
        if (complete and not disagreements(orders, stock)) or deadline.passed():
            break
        time.sleep(POLL_SECONDS)
    dynamodb = local_client("dynamodb", where.endpoint_url)
    events = tuple(_events(dynamodb, service, tables.events) for service, tables in where.tables.items())
    dead_letters = _dead_letters(local_client("sqs", where.endpoint_url), where)
    shipments = tuple(client.pages("/receiving/shipments", Shipment, limit=PAGE))
    tasks = {
        status: sum(1 for _ in client.pages("/inventory/put-away-tasks", Task, status=status, limit=PAGE))
        for status in TASK_STATUSES
    }
    return Report(orders, stock, events, dead_letters, tuple(placed), shipments, tasks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the summary. Returns 1 when something is not as it must be."""
    argparse.ArgumentParser(prog="python -m local.summary", description=__doc__).parse_args(arguments)
    try:
        where = outputs()
        report = gather(connect(), where, read_placed())
    except (Refused, Unreachable, FileNotFoundError) as error:
        print(f"No summary: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines(report)))
    print("\n".join(_directions(where)))
    wrong = complaints(report)
    for complaint in wrong:
        print(f"NOT AS IT MUST BE: {complaint}", file=sys.stderr)
    return 1 if wrong else 0


def _orders(client: ApiClient) -> tuple[Order, ...]:
    ids = {
        listed.order_id
        for status in STATUSES
        for listed in client.pages("/orders", ListedOrder, status=status, limit=PAGE)
    }
    progress = Progress("reading orders", len(ids))
    found = []
    for order in in_parallel(lambda order_id: client.get("/orders" + path_of(order_id), Order), sorted(ids)):
        found.append(order)
        progress.advance()
    progress.finish()
    return tuple(found)


def _events(dynamodb: "DynamoDBClient", service: str, table: str) -> EventCount:
    """Every event in the commits of a service, by whether its type is one that the outbox publishes."""
    public = {f"{service}.{event.__name__}" for event in importlib.import_module(f"{service}.contracts").PUBLISHED}
    counts: Counter[bool] = Counter()
    commits = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="begins_with(sk, :commit)",
        ExpressionAttributeValues={":commit": {"S": COMMIT_PREFIX}},
    )
    for page in commits:
        for item in page["Items"]:
            counts.update(event.type in public for event in commit_of(dict(item)).events)
    return EventCount(service, counts[True], counts[False])


def _dead_letters(sqs: "SQSClient", where: Outputs) -> dict[str, int]:
    """How many messages lie in each queue for what failed."""
    urls = {
        (queue.dlq or name): queue.dlq_url if queue.dlq_url else queue.url for name, queue in where.queues.items()
    }
    return {name: _depth(sqs, url) for name, url in sorted(urls.items())}


def _depth(sqs: "SQSClient", url: str) -> int:
    answer = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )
    return sum(int(count) for count in answer["Attributes"].values())


def _reason(order: Order) -> str:
    match order.status:
        case "backordered":
            short = sorted({line.sku for line in order.lines if line.status == "backordered"})
            more = f" and {len(short) - SKUS_SHOWN} more products" if len(short) > SKUS_SHOWN else ""
            return f"short of {', '.join(short[:SKUS_SHOWN])}{more}"
        case "cancelled" | "cancelling":
            return order.reason or "no reason given"
        case "reserved":
            return "every line has its units, the money is authorized"
        case "allocated":
            return "concrete units are set aside for every line"
        case "placed" if order.waiting_for == PARKED:
            return "parked: the payment provider does not answer, and is asked again"
        case "placed":
            return "waits for the payment"
        case "partially_dispatched":
            return "what was there has left, the rest follows"
        case "delivered":
            return "the customer has it"
        case "closed":
            return "delivered and paid"
        case status if status in ON_THEIR_WAY:
            return "on its way through the warehouse"
        case _:
            return "waits for the stock's answer"


def _inbound_lines(report: Report) -> Iterator[str]:
    if not report.shipments:
        return
    closed = [shipment for shipment in report.shipments if shipment.status == "closed"]
    yield _row("shipments", len(report.shipments), f"{len(closed)} of them closed")
    yield _row("  units received", sum(shipment.received_units for shipment in report.shipments))
    yield _row("  short", sum(shipment.short_units for shipment in report.shipments), "than announced")
    yield _row(
        "  over", sum(shipment.over_units for shipment in report.shipments), "than announced, or not announced"
    )
    yield _row("  damaged", sum(shipment.damaged_units for shipment in report.shipments), "brought to quarantine")
    waiting = report.tasks.get("open", 0) + report.tasks.get("undirected", 0)
    yield _row("put-away tasks", report.tasks.get("confirmed", 0), f"done, {waiting} to be done")


def _order_lines(orders: Sequence[Order]) -> Iterator[str]:
    groups = reasons(orders)
    yield _row("orders", len(orders))
    for status in (*STATUSES, *sorted(groups.keys() - set(STATUSES))):
        if status in groups:
            counts = groups[status].most_common()
            yield _row(f"  {status}", groups[status].total())
            yield from (_row("", count, reason) for reason, count in counts[:REASONS_SHOWN])
            if len(counts) > REASONS_SHOWN:
                rest = sum(count for _, count in counts[REASONS_SHOWN:])
                yield _row("", rest, f"for {len(counts) - REASONS_SHOWN} other reasons")


def _stock_lines(report: Report) -> Iterator[str]:
    yield _row("units on hand", sum(one.on_hand for one in report.stock))
    yield _row("  reserved", sum(one.reserved for one in report.stock))
    yield _row("  available", sum(one.available for one in report.stock))
    yield _row("  waited for", sum(one.backordered for one in report.stock), "by backordered lines")
    differing = len(disagreements(report.orders, report.stock))
    verdict = f"DIFFERS for {differing} products" if differing else "OK, for every product"
    ordered = reserved_by_orders(report.orders).total()
    yield _row("  reserved lines", ordered, f"units of the orders' reserved lines, against reserved: {verdict}")


def _event_lines(report: Report) -> Iterator[str]:
    published = sum(count.published for count in report.events)
    yield _row("events published", published, "events of published types in the commits of the events tables")
    for count in report.events:
        yield _row(f"  {count.service}", count.published, f"and {count.internal} that it keeps for itself")
    dead = sum(report.dead_letters.values())
    yield _row("dead letters", dead, f"in {len(report.dead_letters)} queues for what failed")


def _time_lines(report: Report) -> Iterator[str]:
    if times := seconds_to_reserved(report.orders, report.placed):
        yield _row(
            "POST to reserved", len(times), "orders of the sample, timed in the run that placed them all at once"
        )
        yield _row("  p50", f"{percentile(times, 50):.2f}", "seconds")
        yield _row("  p99", f"{percentile(times, 99):.2f}", "seconds")


def _row(label: str, value: int | str, remark: str = "") -> str:
    return f"{label:<18}{value:>9}  {remark}".rstrip()


def _directions(where: Outputs) -> Iterator[str]:
    api = where.api_url
    yield ""
    yield f"API           {api}"
    yield f"  contract    {api}/openapi.json"
    yield f"  health      {api}/health"
    yield f"AWS endpoint  {where.endpoint_url} (region {where.region}); all names: {Path('.local/outputs.json')}"
    yield "token         make token ROLE=viewer   (or operator, supervisor, integrator)"
    yield "try it        TOKEN=$(make -s token ROLE=integrator)"
    yield f"  curl -s -H \"Authorization: Bearer $TOKEN\" '{api}/orders?status=backordered&limit=3'"
    yield f"  curl -s -H \"Authorization: Bearer $TOKEN\" '{api}/inventory/stock?limit=3'"
    yield (
        "  curl -s -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' "
        f"-H 'Idempotency-Key: my-first-order' '{api}/orders' \\"
    )
    yield (
        '    -d \'{"channel":"webshop","currency":"EUR","payment":{"method":"tok_accepted"},'
        '"lines":[{"sku":"MUG-NVY","quantity":1,"unit_price":790}]}\''
    )
    yield "logs          make logs SERVICE=orders"
    yield "stop          make stop"


if __name__ == "__main__":
    raise SystemExit(main())
