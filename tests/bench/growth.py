"""What a command costs and a query takes as orders and SKUs grow.

The real handlers run over DynamoDB in memory, which holds copies of one real order and one real product as the
handlers have written them. Units come from the sizes of the items that a call touches, by AWS's rules. Time
is that of our code and boto3: what is spent inside the table is left out: its indexes are not DynamoDB's.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from math import ceil
from typing import Any
from uuid import uuid4

from infra.app import SYSTEM
from shared import aws
from tests.bench.meter import KB, index_write_units, item_size
from tests.bench.report import Cell, Report, Table, machine, median
from tests.simulation import boto3_client
from tests.simulation.dynamodb import Database, IndexKeys
from tests.simulation.dynamodb import Table as MemoryTable
from tests.support.lambda_process import lambda_process

SIZES = (1_000, 10_000, 100_000)
REPEATS = 5
SKU, PLACE = "SKU-0000000", "A-01-01-1"


class Deployment:
    """The services' tables in memory, their handlers, and a count of units and calls."""

    def __init__(self) -> None:
        self.database = Database()
        self.units: Counter[str] = Counter()
        self.table_seconds = 0.0
        self._indexes = {service.views_table: service.indexes for service in SYSTEM.services}
        for service in SYSTEM.services:
            indexes = {i.name: IndexKeys(i.partition, i.sort, i.keys_only) for i in service.indexes}
            self.database.tables[service.events_table] = MemoryTable(service.events_table)
            self.database.tables[service.views_table] = MemoryTable(service.views_table, "sk", indexes)
        self.database.written = self._written

    def _written(self, table: MemoryTable, item: Any, old: Any) -> None:
        units = max(1, ceil(max(item_size(item or {}), item_size(old or {})) / KB))
        self.units["write"] += units + sum(
            index_write_units(i, old, item) for i in self._indexes.get(table.name, ())
        )

    def answer(self, model: Any, params: dict[str, Any], **_: object) -> Any:
        """DynamoDB's answer to one request, counted."""
        started = time.perf_counter()
        answered = boto3_client.answered(self.database, model.name, params)
        self.units["calls"] += 1
        found = answered[1]
        sizes = [
            *([sum(map(item_size, found["Items"]))] if "Items" in found else []),
            *([item_size(found["Item"])] if "Item" in found else []),
            *(item_size(item) for items in found.get("Responses", {}).values() for item in items),
        ]
        share = 1.0 if json.loads(params["body"]).get("ConsistentRead") else 0.5
        if model.name in ("Query", "GetItem", "BatchGetItem"):
            self.units["half reads"] += int(2 * share) * sum(
                max(1, ceil(size / (4 * KB))) for size in sizes or [0]
            )
        self.table_seconds += time.perf_counter() - started
        return answered

    def invoke(self, service: str, capability: str, event: dict[str, Any]) -> Any:
        """One invocation of a worker that has seen nothing."""
        tables = SYSTEM.service(service)
        with lambda_process(
            service,
            capability,
            events_table=tables.events_table,
            views_table=tables.views_table,
            bus_name="bus",
            queue_url="https://queue",
            log_level="ERROR",
        ):
            hooks: Any = aws.dynamodb().meta.events
            hooks.register_last("before-call.dynamodb", self.answer)
            handler = import_module(f"{service}.{capability}").handler
            self.units.clear()
            before, started = self.table_seconds, time.perf_counter()
            answer = handler(event, None)
            self.milliseconds = (time.perf_counter() - started - (self.table_seconds - before)) * 1000
        return answer

    def call(self, service: str, capability: str, route: str, body: object = None, **given: Any) -> Any:
        """One HTTP request."""
        method, _, path = route.partition(" ")
        answer = self.invoke(
            service,
            capability,
            {
                "routeKey": route,
                "rawPath": path,
                "pathParameters": given.get("path", {}),
                "queryStringParameters": given.get("query", {}),
                "headers": {"content-type": "application/json", "idempotency-key": str(uuid4())},
                "body": None if body is None else json.dumps(body),
                "requestContext": {
                    "authorizer": {
                        "jwt": {"claims": {"client_id": "bench", "scope": f"{service}/read {service}/write"}}
                    }
                },
            },
        )
        assert answer["statusCode"] < 300, (method, answer)
        return json.loads(answer["body"])

    def project(self, service: str) -> None:
        """Let the projector see every commit."""
        items = self.database.tables[SYSTEM.service(service).events_table].items()
        records = [
            {"eventName": "INSERT", "dynamodb": {"NewImage": i}} for i in items if i["sk"]["S"].startswith("C#")
        ]
        self.invoke(service, "views", {"Records": records})

    def multiply(self, service: str, old: str, new: Callable[[int], str], start: int, stop: int) -> None:
        """Copies of everything of `service` that names `old`, under other names."""
        named = SYSTEM.service(service)
        for table in (self.database.tables[named.events_table], self.database.tables[named.views_table]):
            template = [text for item in table.items() if old in (text := json.dumps(item))]
            for number in range(start, stop):
                for text in template:
                    table.set(json.loads(text.replace(old, new(number))))


def order(sku: str) -> dict[str, Any]:
    """An order of one line."""
    return {
        "channel": "webshop",
        "currency": "EUR",
        "payment": {"method": "tok_accepted"},
        "lines": [{"sku": sku, "quantity": 1, "unit_price": 995}],
    }


def operations(system: Deployment, order_id: str) -> dict[str, Callable[[], Any]]:
    """What is measured."""
    place = {"zone": "A", "aisle": "01", "bay": "01", "level": "1"}
    adjustment = {"sku": SKU, "location": PLACE, "quantity": 1, "reason": "found"}
    by = {"id": order_id}
    return {
        "POST /orders": lambda: system.call("orders", "intake", "POST /orders", order(SKU)),
        "POST adjustment": lambda: system.call(
            "inventory", "stock", "POST /inventory/stock/adjustments", adjustment
        ),
        "PUT location": lambda: system.call(
            "inventory",
            "locations",
            "PUT /inventory/locations/{id}",
            place,
            path={"id": f"B-{uuid4().hex[:6].upper()}"},
        ),
        "GET /orders/{id}": lambda: system.call("orders", "queries", "GET /orders/{id}", path=by),
        "GET /orders, 50 placed": lambda: system.call(
            "orders", "queries", "GET /orders", query={"status": "placed"}
        ),
        "GET products, 50": lambda: system.call("inventory", "queries", "GET /inventory/products"),
        "GET stock of a SKU": lambda: system.call(
            "inventory", "queries", "GET /inventory/stock/{sku}", path={"sku": SKU}
        ),
    }


def main() -> None:
    """Measure at every size."""
    started, where = time.monotonic(), machine()
    system = Deployment()
    system.call(
        "inventory",
        "locations",
        "PUT /inventory/locations/{id}",
        {"zone": "A", "aisle": "01", "bay": "01", "level": "1"},
        path={"id": PLACE},
    )
    system.call("inventory", "catalog", "PUT /inventory/products/{sku}", {"name": "Mug"}, path={"sku": SKU})
    article = {"pk": {"S": f"Article#{SKU}"}, "sk": {"S": "Article"}, "version": {"N": "1"}, "body": {"S": "{}"}}
    system.database.tables[SYSTEM.service("orders").views_table].set(article)
    order_id = system.call("orders", "intake", "POST /orders", order(SKU))["order_id"]
    for service in ("inventory", "orders"):
        system.project(service)
    rows: list[list[Cell]] = []
    reached = 1
    for size in SIZES:
        system.multiply("inventory", SKU, lambda n: f"SKU-{n:07d}", reached, size)
        system.multiply("orders", order_id, lambda n: f"{order_id[:-7]}{n:07x}", reached, size)
        for service in ("inventory", "orders"):
            assert len(system.database.tables[SYSTEM.service(service).events_table].partitions) >= size
        reached = size
        for name, run in operations(system, order_id).items():
            taken = []
            for _ in range(REPEATS):
                run()
                taken.append(system.milliseconds)
            units = system.units
            rows.append([name, size, units["calls"], units["half reads"] / 2, units["write"], median(taken)])
    rows.sort(key=lambda row: str(row[0]))
    table = Table(
        "Growth: one operation with so many orders and as many SKUs in the tables",
        ["operation", "orders and SKUs", "calls", "read units", "write units", "ms outside the table"],
        rows,
        ["First loads of a worker that has seen nothing. Units of the operation itself, not of what follows it."],
    )
    Report("growth", time.monotonic() - started, where, [table]).write()


if __name__ == "__main__":
    main()
