"""Append and load at growing stream lengths, against the library `eventsourcing` doing the same work.

One stream of one kind of event, one event per commit, folded into a number of units; a snapshot every 20 events,
or none. Ours is timed twice: over DynamoDB in memory without boto3 (time inside that table subtracted: our code
alone), and on a local cloud through boto3 (time inside the HTTP request subtracted: our code and boto3's; the rest
is network and emulator). The library runs over its in-memory and its SQLite recorder (a file).
"""

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from botocore.httpsession import URLLib3Session
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from local.cloud import LocalCloud
from shared.decider import Decider
from shared.event_store import EventStore, Stream
from shared.events import originating
from tests.bench.report import Cell, Report, Table, machine, median
from tests.simulation.dynamodb import Database
from tests.simulation.dynamodb import Table as MemoryTable
from tests.support.bin_of_units import BIN, Bin, Put
from tests.support.dynamodb_endpoints import free_port
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table

LENGTHS = (10, 100, 1_000, 10_000)
EVERY = 20
NEVER = 1_000_000
TABLE = "bench-events"
LOADS = 30
APPENDS = 60


class Stopwatch:
    """Adds up the seconds that are spent in something."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, with its time noted."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


class Tank(Aggregate):
    """What `tests.support.bin_of_units` is, in the library's words."""

    def __init__(self) -> None:
        self.units = 0

    @event("UnitsPut")
    def put(self, units: int) -> None:
        """Units go in."""
        self.units += units


class Tanks(Application[UUID]):
    """The library's application, without snapshots."""


class SnapshotTanks(Application[UUID]):
    """The library's application, with a snapshot every 20 events."""

    is_snapshotting_enabled = True
    snapshotting_intervals = {Tank: EVERY}


class Timing:
    """Median milliseconds of a load and of an append, and how much of them was spent elsewhere."""

    def __init__(self) -> None:
        self.load: list[float] = []
        self.append: list[float] = []
        self.load_elsewhere: list[float] = []
        self.append_elsewhere: list[float] = []

    def note(self, load: bool, seconds: float, elsewhere: float) -> None:
        """One measurement."""
        (self.load if load else self.append).append(seconds * 1000)
        (self.load_elsewhere if load else self.append_elsewhere).append(elsewhere * 1000)

    def own(self, load: bool) -> float:
        """What was not spent elsewhere."""
        all_, elsewhere = (self.load, self.load_elsewhere) if load else (self.append, self.append_elsewhere)
        return median([a - b for a, b in zip(all_, elsewhere, strict=True)])

    def total(self, load: bool) -> float:
        """All of it."""
        return median(self.load if load else self.append)


def fill(database: Database, decider: Decider[Bin], length: int) -> str:
    """A stream of `length` commits in memory."""
    stream_id = f"Bin#{length}-{decider.snapshot_every}"
    store = EventStore(cast(Any, database), TABLE)
    stream: Stream[Bin] = store.load(decider, stream_id)
    for _ in range(length):
        stream = _append(store, decider, stream)
    return stream_id


def _append(store: EventStore, decider: Decider[Bin], stream: Stream[Bin]) -> Stream[Bin]:
    events = decider.decide(Put(3), stream.state)
    metadata = originating(f"command-{stream.sequence}", actor="bench")
    return store.append(decider, stream, [metadata], [(one, 0) for one in events])[1]


def time_ours(
    make: Callable[[], EventStore],
    decider: Decider[Bin],
    stream_id: str,
    watch: Stopwatch,
    loads: int,
    appends: int,
) -> Timing:
    """Loads by processes that have seen nothing, then appends."""
    timing = Timing()
    for _ in range(loads):
        store = make()
        before, started = watch.seconds, time.perf_counter()
        stream = store.load(decider, stream_id)
        timing.note(True, time.perf_counter() - started, watch.seconds - before)
    for _ in range(appends):
        before, started = watch.seconds, time.perf_counter()
        stream = _append(store, decider, stream)
        timing.note(False, time.perf_counter() - started, watch.seconds - before)
    return timing


def time_library(
    application: type[Application[UUID]], length: int, environment: dict[str, str], loads: int
) -> Timing:
    """The same with the library."""
    timing = Timing()
    app = application(env=environment)
    try:
        tank = Tank()
        app.save(tank)
        for _ in range(length - 1):
            tank.put(3)
            if len(tank.pending_events) == EVERY:
                app.save(tank)
        app.save(tank)
        for _ in range(loads):
            started = time.perf_counter()
            tank = app.repository.get(tank.id)
            timing.note(True, time.perf_counter() - started, 0.0)
        assert tank.version == length
        for _ in range(APPENDS):
            started = time.perf_counter()
            tank.put(3)
            app.save(tank)
            timing.note(False, time.perf_counter() - started, 0.0)
    finally:
        app.close()
    return timing


@contextmanager
def table_in_memory(watch: Stopwatch) -> Iterator[Database]:
    """DynamoDB in this process, its own time noted."""
    database = Database()
    database.tables[TABLE] = MemoryTable(TABLE)
    for name in ("query", "put_item", "delete_item"):
        setattr(database, name, watch.around(getattr(database, name)))
    yield database


@contextmanager
def cloud_table(watch: Stopwatch) -> Iterator[Any]:
    """A client of a local cloud's DynamoDB; time inside HTTP requests is noted."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder), port=free_port())
        cloud.start()
        send = URLLib3Session.send
        URLLib3Session.send = watch.around(send)  # type: ignore[method-assign]
        try:
            client = cloud.client("dynamodb")
            create_events_table(client, TABLE)
            yield client
        finally:
            URLLib3Session.send = send  # type: ignore[method-assign]
            cloud.stop()


def copy(database: Database, stream_id: str, client: Any) -> None:
    """The stream as it is in memory, written to another table."""
    items = list(database.tables[TABLE].partitions[stream_id].values())
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={TABLE: puts})


def main() -> None:
    """Measure and write the report."""
    started, where = time.monotonic(), machine()
    rows: dict[bool, list[list[Cell]]] = {True: [], False: []}
    shares: list[list[Cell]] = []
    gc.freeze()
    memory_watch, cloud_watch = Stopwatch(), Stopwatch()
    with (
        lambda_process("bench", "streams", log_level="ERROR"),
        table_in_memory(memory_watch) as database,
        cloud_table(cloud_watch) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        for snapshots in (True, False):
            decider: Decider[Bin] = replace(BIN, snapshot_every=EVERY if snapshots else NEVER)
            application: type[Application[UUID]] = SnapshotTanks if snapshots else Tanks
            for length in LENGTHS:
                heavy = not snapshots and length >= LENGTHS[-1]
                loads = 5 if heavy else LOADS
                stream_id = fill(database, decider, length)
                copy(database, stream_id, client)
                ours = time_ours(
                    lambda: EventStore(cast(Any, database), TABLE),
                    decider,
                    stream_id,
                    memory_watch,
                    loads,
                    APPENDS,
                )
                cloud = time_ours(
                    lambda: EventStore(client, TABLE), decider, stream_id, cloud_watch, 3 if heavy else 15, 15
                )
                memory = time_library(application, length, {"PERSISTENCE_MODULE": "eventsourcing.popo"}, loads)
                sqlite = time_library(
                    application,
                    length,
                    {
                        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                        "SQLITE_DBNAME": str(Path(folder) / f"{length}-{snapshots}.db"),
                    },
                    loads,
                )
                label = "every 20" if snapshots else "none"
                for load in (True, False):
                    mine = ours.own(load)
                    rows[load].append(
                        [
                            f"{length:,}",
                            label,
                            mine,
                            memory.total(load),
                            sqlite.total(load),
                            mine / memory.total(load),
                            mine / sqlite.total(load),
                        ]
                    )
                    own, total = cloud.own(load), cloud.total(load)
                    shares.append(
                        [
                            f"{length:,}",
                            label,
                            "load" if load else "append",
                            total,
                            mine,
                            max(0.0, own - mine),
                            total - own,
                            f"{(total - own) / total:.0%}",
                        ]
                    )
    columns = [
        "events",
        "snapshots",
        "ours ms",
        "library, memory ms",
        "library, SQLite ms",
        "ratio memory",
        "ratio SQLite",
    ]
    tables = [
        Table(
            "Load by a process that has not seen the stream: our code against `eventsourcing` 9.5.6",
            columns,
            rows[True],
            ["Ours without the time inside the table; medians; a ratio below 1 means that ours is faster."],
        ),
        Table("Append one event (with a snapshot every 20th time, where there are any)", columns, rows[False], []),
        Table(
            "Where the time goes on the local cloud",
            [
                "events",
                "snapshots",
                "what",
                "total ms",
                "our code ms",
                "boto3 ms",
                "network and emulator ms",
                "share",
            ],
            shares,
            ["`share`: of network and emulator in the total."],
        ),
    ]
    Report("streams", time.monotonic() - started, where, tables).write()


if __name__ == "__main__":
    main()
