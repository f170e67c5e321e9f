"""Orders over HTTP on a local cloud: how many per second, and how long until they are reserved.

Clients place orders of two lines as fast as they are answered. How long an order took is read from its history:
the time at which `OrderReserved` was recorded, less the time at which the POST was sent, on one clock. Beside it
stands the emulator's own floor: the same clients calling GET /health, whose handler does nothing.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from infra.app import SYSTEM
from local import people
from local.cloud import temporary_cloud
from tests.bench.report import Cell, Report, Table, machine, median, percentile
from tests.support.shop import Shop, until

ORDERS = {1: 20, 8: 64, 32: 96}
PRODUCTS = 8
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
    Report("end_to_end", time.monotonic() - started, where, [table]).write()


if __name__ == "__main__":
    main()
