"""Many reservation workers and one SKU, or a catalogue in which a few SKUs are most of what is wanted.

The deployed handler runs in several processes against the DynamoDB of a local cloud. Each worker is handed queue
batches of its own, and messages that fail come again at once. Of five units that are asked for three are there, so
that every run also decides who goes without; afterwards the books must add up.
"""

import io
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from threading import Lock
from typing import Any

from infra.declaration import MAX_CONCURRENT_CONSUMERS
from inventory.aggregates import PROMISE
from inventory.contracts import LineReserved
from local.cloud import LocalCloud
from shared import aws, resources
from shared.event_store import COMMIT_PREFIX, EventStore
from tests.bench.meter import KB, item_size
from tests.bench.report import Cell, Report, Table, machine, median, percentile
from tests.support.deliveries import bus_event, failed, queue_batch
from tests.support.dynamodb_endpoints import free_port
from tests.support.tables import create_events_table

TABLE = "inventory-events"
PARTITION_WRITE_UNITS = 1000
"""What AWS lets one partition take per second."""
WORKERS = (1, 2, 8)
BATCHES = {1: 40, 10: 20, 100: 8, 1000: 3}
"""How many batches of each size a worker is handed."""
CATALOGUE = 200
STOCKED = 0.6
TRIES = 50
OTHERS_PER_SECOND, OTHER_SKUS = 40, 20
HOT_PER_SECOND = (0, 40, 400)
"""How many requests for one hot SKU come among those for the others; none is what the others are compared with."""
WINDOW_S = 1.0
"""How long a batch waits for more, as deployed."""
ARRIVAL_SECONDS = 4.0
ROUNDS = 3
BATCH = 100

Asked = tuple[str, str, str]
"""An order line that asks for one unit: SKU, order id, promised at."""


def requests(asked: Sequence[Asked]) -> list[Any]:
    """The messages in which these orders ask for their lines."""
    return [
        bus_event(
            f"Order#{order_id}@2.0",
            {
                "order_id": order_id,
                "warehouse": "MAIN",
                "promised_at": promised_at,
                "lines": [{"line_id": "1", "sku": sku, "quantity": 1}],
            },
            type="orders.ReservationRequested",
            subject=f"Order#{order_id}",
        )
        for sku, order_id, promised_at in asked
    ]


def arrival(sku: str, units: int) -> Any:
    """The message that so many units lie in the SKU's place."""
    return bus_event(
        f"Holding#A-01-{sku}@1.0",
        {"location": "A-01", "warehouse": "MAIN", "sku": sku, "quantity": units, "on_hand": units},
        type="inventory.StockAdjusted",
        subject="Holding#A-01",
    )


def become_worker(endpoint: str) -> None:
    """Make this process one that runs the reservation Lambda against the cloud at `endpoint`."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        SERVICE="inventory",
        CAPABILITY="reservation",
        EVENTS_TABLE=TABLE,
        VIEWS_TABLE="inventory-views",
        BUS_NAME="bus",
        QUEUE_URL=f"{endpoint}/000000000000/none",
        LOG_LEVEL="ERROR",
    )
    sys.stdout = io.StringIO()  # what the Lambda logs
    import_module("inventory.reservation")
    aws.dynamodb()


def work(batches: list[list[Asked]], start_at: float) -> Counter[str]:
    """Hand the batches to this process's handler, one by one; what it did."""
    resources.history.cache_clear()
    counts: Counter[str] = Counter()
    client: Any = aws.dynamodb()
    written: list[Any] = []

    def before(params: dict[str, Any], **_: object) -> None:
        written.append(params)

    def after(http_response: Any, **_: object) -> None:
        item = written.pop().get("Item", {})
        kind = "commit" if item["sk"]["S"].startswith(COMMIT_PREFIX) else "snapshot"
        refused = http_response.status_code != 200
        counts["conflicts" if refused and kind == "commit" else f"{kind}s"] += 1
        counts[f"{kind} units"] += -(-item_size(item) // KB)

    client.meta.events.register("provide-client-params.dynamodb.PutItem", before)
    client.meta.events.register("after-call.dynamodb.PutItem", after)
    handler = import_module("inventory.reservation").handler
    time.sleep(max(0.0, start_at - time.time()))
    try:
        for batch in batches:
            waiting = requests(batch)
            for _ in range(TRIES):
                if not waiting:
                    break
                answer = handler(queue_batch(*waiting), None)
                waiting = [waiting[int(message.removeprefix("m"))] for message in failed(answer)]
                counts["redelivered"] += len(waiting)
            assert not waiting, f"still failing after {TRIES} tries"
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb.PutItem", before)
        client.meta.events.unregister("after-call.dynamodb.PutItem", after)
    return counts


_runs = count(1)


def plan(skewed: bool, workers: int, size: int) -> list[list[list[Asked]]]:
    """The batches of each worker: orders of one line, promised at times that are in no order."""
    run, chance = next(_runs), random.Random(size * workers)
    orders = count(1)
    weights = [1 / rank for rank in range(1, CATALOGUE + 1)]

    def asked() -> Asked:
        rank = chance.choices(range(CATALOGUE), weights)[0] if skewed else 0
        number = next(orders)
        minute, second = divmod(chance.randrange(3600), 60)
        return (
            f"SKU-{run}-{rank}",
            f"00000000-0000-4000-8000-{run:04d}{number:08d}",
            f"2026-01-31T09:{minute:02d}:{second:02d}.000Z",
        )

    return [[[asked() for _ in range(size)] for _ in range(BATCHES[size])] for _ in range(workers)]


def check(store: EventStore, asked: Sequence[Asked], supply: Counter[str]) -> int:
    """How many lines were reserved. AssertionError where more than there was, a line twice, or a line lost."""
    reserved_lines = 0
    for sku, units in supply.items():
        stream_id = PROMISE.stream_id("MAIN", sku)
        promise = store.load(PROMISE, stream_id).state
        events = [
            PROMISE.catalog.decode(event)
            for commit in store.read(stream_id)
            for event in commit.events
            if event.type == "inventory.LineReserved"
        ]
        lines = [(e.order_id, e.line_id) for e in events if isinstance(e, LineReserved) and not e.repeated]
        wanted = sum(1 for one in asked if one[0] == sku)
        assert len(lines) == len(set(lines)), f"{sku}: a line was reserved twice"
        assert len(lines) == promise.reserved_units == min(units, wanted), f"{sku}: oversold, or not sold"
        assert len(promise.reserved) + len(promise.waiting) == wanted, f"{sku}: a line was lost"
        reserved_lines += len(lines)
    return reserved_lines


def measure(pool: ProcessPoolExecutor, client: Any, skewed: bool, workers: int, size: int) -> list[Cell]:
    """One run: a row of the table."""
    batches = plan(skewed, workers, size)
    asked = [one for mine in batches for batch in mine for one in batch]
    supply = Counter({sku: max(1, int(n * STOCKED)) for sku, n in Counter(sku for sku, _, _ in asked).items()})
    store = EventStore(client, TABLE)
    import_module("inventory.reservation").handler(
        queue_batch(*(arrival(sku, units) for sku, units in supply.items())), None
    )
    start_at = time.time() + 0.2
    done = [pool.submit(work, mine, start_at) for mine in batches]
    total: Counter[str] = sum((future.result() for future in done), Counter())
    seconds = time.time() - start_at
    check(store, asked, supply)
    units = total["commit units"] + total["snapshot units"]
    per_request = units / len(asked)
    return [
        "Zipf, 200 SKUs" if skewed else "one SKU",
        workers,
        size,
        len(asked),
        total["commits"],
        len(asked) / total["commits"],
        per_request,
        total["conflicts"],
        total["redelivered"],
        seconds,
        len(asked) / seconds,
        None if skewed else int(PARTITION_WRITE_UNITS / per_request),
    ]


def handle(asked: list[Asked]) -> tuple[dict[str, float], list[int]]:
    """Hand one batch to this process's handler: when each SKU's promise was written, and what must come again."""
    client: Any = aws.dynamodb()
    written: dict[str, float] = {}
    asking: list[str] = []

    def before(params: dict[str, Any], **_: object) -> None:
        asking.append(params["Item"]["pk"]["S"].rpartition("#")[2])

    def after(http_response: Any, **_: object) -> None:
        sku = asking.pop()
        if http_response.status_code == 200:
            written.setdefault(sku, time.time())

    client.meta.events.register("provide-client-params.dynamodb.PutItem", before)
    client.meta.events.register("after-call.dynamodb.PutItem", after)
    try:
        answer = import_module("inventory.reservation").handler(queue_batch(*requests(asked)), None)
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb.PutItem", before)
        client.meta.events.unregister("after-call.dynamodb.PutItem", after)
    return written, [int(message.removeprefix("m")) for message in failed(answer)]


def arrivals(hot_per_second: int, seed: int) -> list[tuple[float, Asked]]:
    """When which request comes: for the others evenly spread over their SKUs, for the hot one as often as said."""
    run, chance, orders = next(_runs), random.Random(seed), count(1)
    others, hot = int(OTHERS_PER_SECOND * ARRIVAL_SECONDS), int(hot_per_second * ARRIVAL_SECONDS)
    skus = [f"OTHER-{run}-{number % OTHER_SKUS}" for number in range(others)] + [f"HOT-{run}"] * hot
    times = sorted((chance.uniform(0, ARRIVAL_SECONDS), sku) for sku in skus)
    return [
        (at, (sku, f"00000000-0000-4000-8000-{run:04d}{next(orders):08d}", f"2026-01-31T09:00:{at:06.3f}Z"))
        for at, sku in times
    ]


def waits(pool: ProcessPoolExecutor, coming: list[tuple[float, Asked]]) -> list[tuple[str, float]]:
    """How many milliseconds each request waited for its promise, with as many consumers as are deployed."""
    queue, answered, lock = deque(coming), list[tuple[str, float]](), Lock()
    supply = Counter(sku for _, (sku, _, _) in coming)
    handle_arrivals = queue_batch(*(arrival(sku, units) for sku, units in supply.items()))
    import_module("inventory.reservation").handler(handle_arrivals, None)
    started = time.time() + 0.1

    def collected() -> list[tuple[float, Asked]]:
        """The next batch: full, or as old as the window; empty when nothing comes any more."""
        batch: list[tuple[float, Asked]] = []
        first = 0.0
        while len(batch) < BATCH and not (batch and time.time() >= first + WINDOW_S):
            with lock:
                if not queue:
                    return batch
                if started + queue[0][0] <= time.time():
                    batch.append(queue.popleft())
                    first = first or time.time()
                    continue
            time.sleep(0.005)
        return batch

    def consume() -> None:
        while batch := collected():
            written, again = pool.submit(handle, [asked for _, asked in batch]).result()
            with lock:
                for place, (at, asked) in enumerate(batch):
                    if place in again:
                        queue.append((at, asked))
                    else:
                        answered.append((asked[0], (written[asked[0]] - started - at) * 1000))

    with ThreadPoolExecutor(MAX_CONCURRENT_CONSUMERS) as consumers:
        for running in [consumers.submit(consume) for _ in range(MAX_CONCURRENT_CONSUMERS)]:
            running.result()
    assert len(answered) == len(coming), "a request was lost"
    return answered


def beside(pool: ProcessPoolExecutor) -> Table:
    """What requests for other SKUs wait with a hot one among them, and without, in turn."""
    others: dict[int, list[float]] = defaultdict(list)
    hot: dict[int, list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        for rate in HOT_PER_SECOND:
            for sku, milliseconds in waits(pool, arrivals(rate, number)):
                (hot if sku.startswith("HOT") else others)[rate].append(milliseconds)
    alone = others[0]
    rows: list[list[Cell]] = []
    for rate, found in others.items():
        middle, late = median(found), percentile(found, 0.95)
        ratios: list[Cell] = [middle / median(alone), late / percentile(alone, 0.95)]
        rows.append([rate, len(found), middle, late, *ratios, median(hot[rate]) if rate else None])
    columns = ["hot requests/s", "others", "others' median ms", "others' p95 ms"]
    return Table(
        f"What requests for {OTHER_SKUS} other SKUs wait beside a hot one",
        [*columns, "ratio of medians", "ratio of p95", "hot median ms"],
        rows,
        [
            f"{OTHERS_PER_SECOND} requests/s for the others; as deployed: {MAX_CONCURRENT_CONSUMERS} workers, "
            f"batches of up to {BATCH} that wait {WINDOW_S:.0f} s for more. {ROUNDS} rounds in turn.",
            "A wait: from the message to the write of its promise. Ratios: to no hot SKU.",
        ],
    )


def main() -> None:
    """Every number of workers with every size of batch."""
    started, where = time.monotonic(), machine()
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder), port=free_port())
        cloud.start()
        try:
            create_events_table(cloud.client("dynamodb"), TABLE)
            become_worker(cloud.endpoint)
            with ProcessPoolExecutor(
                max(WORKERS), get_context("spawn"), initializer=become_worker, initargs=(cloud.endpoint,)
            ) as pool:
                list(pool.map(time.sleep, [2.0] * max(WORKERS)))  # every process has started
                for skewed in (False, True):
                    for workers in WORKERS:
                        rows += [measure(pool, aws.dynamodb(), skewed, workers, size) for size in BATCHES]
                waiting = beside(pool)
        finally:
            cloud.stop()
    columns = ["demand", "workers", "batch", "requests", "writes", "requests per write", "write units per request"]
    columns += ["conflicts", "came again", "seconds", "requests/s", "AWS limit/s"]
    table = Table(
        "Reservations of hot SKUs on the local cloud",
        columns,
        rows,
        [
            "Write units: commits (also refused ones, which cost the same) and snapshots, from the items' sizes.",
            "AWS limit: requests for one SKU that the 1,000 write units/s of its partition pay for.",
            "After each run: nothing oversold, no line reserved twice, none lost.",
        ],
    )
    Report("hot_sku", time.monotonic() - started, where, [table, waiting]).write()


if __name__ == "__main__":
    main()
