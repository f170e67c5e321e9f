"""What AWS would bill, counted from the wire.

DynamoDB units follow AWS's published rules, from the sizes of the items that calls carry and touch:
a write costs 1 unit per started KB of the larger of the old and the new item, and the same again in every index
that has the item before or after (twice when its key there changes); a consistent read costs 1 unit per started
4 KB, an eventually consistent one half of that; a query reads the sum of its items; a failed condition costs what
the write would have. Streams read by Lambda are free. An EventBridge event and an SQS message count once per
started 64 KB. Of the calls of S3 those that put are counted.
"""

import base64
import contextlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from moto.core.botocore_stubber import BotocoreStubber
from msgspec import Struct

from infra.app import SYSTEM
from infra.declaration import Index
from shared import aws
from tests.simulation import boto3_client
from tests.simulation.dynamodb import Database

KB = 1024
MESSAGE_CHUNK = 64 * KB
LAMBDA_MEMORY_OF_ONE_CPU_MB = 1769
"""Lambda gives a function CPU in proportion to its memory; at this much it has one whole CPU."""
NETWORK_SECONDS = {"dynamodb": 0.005, "events": 0.010, "sqs": 0.008, "s3": 0.030}
"""How long one call takes on AWS: stated, not measured; it is most of what a Lambda's duration is made of."""

PROVIDERS_OWN = frozenset({"payments-sandbox"})
"""What stands for the payment provider's own books: a real provider keeps them elsewhere, and bills for itself."""

Item = Mapping[str, Mapping[str, Any]]


class Usage(Struct, frozen=True):
    """What is billed: by which step (a Lambda, or the bus), on what, and what for."""

    step: str
    resource: str
    unit: str


@dataclass
class Bill:
    """Counted units, and the calls behind them."""

    units: Counter[Usage] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, usage: Usage, quantity: float) -> None:
        """Count `quantity` more units."""
        self.units[usage] += quantity  # type: ignore[assignment]

    def total(self, unit: str) -> float:
        """All units of one kind."""
        return sum(quantity for usage, quantity in self.units.items() if usage.unit == unit)

    def cost(self, prices: Mapping[str, float]) -> float:
        """The bill in the currency of `prices`."""
        return sum(quantity * prices[usage.unit] for usage, quantity in self.units.items())

    def by_step(self, prices: Mapping[str, float]) -> dict[str, float]:
        """What each step costs."""
        steps: defaultdict[str, float] = defaultdict(float)
        for usage, quantity in self.units.items():
            steps[usage.step] += quantity * prices[usage.unit]
        return dict(steps)

    def by_service(self, prices: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """What each service costs, by what it is billed for; writes by table and index."""
        services: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for usage, quantity in self.units.items():
            billed = f"writes of {usage.resource}" if usage.unit == "dynamodb_write_unit" else usage.unit
            services[usage.step.partition(".")[0]][billed] += quantity * prices[usage.unit]
        return {service: dict(costs) for service, costs in services.items()}

    def include(self, other: "Bill") -> None:
        """Count what `other` has counted, too."""
        self.units.update(other.units)
        self.calls.update(other.calls)

    def shared_by(self, count: int) -> "Bill":
        """One of `count` equal parts; its calls stay those of all."""
        part = Bill(calls=Counter(self.calls))
        for usage, quantity in self.units.items():
            part.add(usage, quantity / count)
        return part


class Meter:
    """Listens to the AWS clients of this process and keeps the bill. `database` answers them, if not moto."""

    def __init__(self, database: Database | None = None) -> None:
        self.bill = Bill()
        self._database = database
        self._step = "none"
        self._indexes: dict[str, tuple[Index, ...]] = {
            service.views_table: service.indexes for service in SYSTEM.services
        }
        self._memory = {
            f"{service.name}.{capability.name}": capability.memory_mb
            for service in SYSTEM.services
            for capability in service.capabilities
        }
        self._touched: Item | None = None
        self._outside = 0.0
        self._network = 0.0

    @contextmanager
    def invocation(self, step: str) -> Iterator[None]:
        """One Lambda invocation: its calls, its duration, what it logs."""
        previous, self._step = self._step, step
        outside, network = self._outside, self._network
        logged = _Log()
        started = time.process_time()
        try:
            with contextlib.redirect_stdout(logged):
                yield
        finally:
            own = time.process_time() - started - (self._outside - outside)
            memory = self._memory[step]
            cpu = own * max(1.0, LAMBDA_MEMORY_OF_ONE_CPU_MB / memory)
            seconds = ceil((cpu + self._network - network) * 1000) / 1000
            self._count("lambda", "lambda_invocation", 1)
            self._count("lambda", "lambda_gb_second", seconds * memory / KB)
            self._count("logs", "log_byte", logged.written)
            self._step = previous

    def http_call(self, step: str) -> None:
        """One call of the HTTP API."""
        self.bill.add(Usage(step, "http api", "http_api_call"), 1)

    def event(self, size: int) -> None:
        """One event put on the bus."""
        self._count("bus", "eventbridge_event", ceil(size / MESSAGE_CHUNK))

    def streamed(self, step: str, service: str) -> None:
        """One batch read from a table's stream."""
        self.bill.add(Usage(step, f"{service}-events/stream", "dynamodb_stream_read"), 1)

    def queued(self, step: str, size: int) -> None:
        """One message put into a queue by the bus."""
        self.bill.add(Usage(step, "queue", "sqs_request"), ceil(size / MESSAGE_CHUNK))

    def polled(self, step: str, messages: int) -> None:
        """A batch taken from a queue and deleted: at most 10 messages per request."""
        self.bill.add(Usage(step, "queue", "sqs_request"), 2 * ceil(messages / 10))

    def _count(self, resource: str, unit: str, quantity: float) -> None:
        self.bill.add(Usage(self._step, resource, unit), quantity)

    # --- DynamoDB ---

    def before(self, operation: str, request: Mapping[str, Any]) -> None:
        """Look at what a write is about to replace."""
        self._touched = None
        if operation in ("PutItem", "UpdateItem", "DeleteItem"):
            key = request.get("Key") or {
                name: request["Item"][name] for name in ("pk", "sk") if name in request["Item"]
            }
            self._touched = self._look(request["TableName"], key)

    def after(self, operation: str, request: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        """Count what a call has cost."""
        table = request.get("TableName") or next(iter(request["RequestItems"]))
        if table in PROVIDERS_OWN:
            return
        self.bill.calls[self._step, f"{operation} {table}"] += 1
        self._network += NETWORK_SECONDS["dynamodb"]
        match operation:
            case "PutItem":
                self._written(table, self._touched, request["Item"], failed="Error" in response)
            case "UpdateItem":
                key = request["Key"]
                self._written(table, self._touched, self._look(table, key), failed="Error" in response)
            case "DeleteItem":
                self._written(table, self._touched, None, failed="Error" in response)
            case "GetItem":
                self._read(table, item_size(response.get("Item", {})), bool(request.get("ConsistentRead")))
            case "BatchGetItem":
                asked = request["RequestItems"][table]
                found = {_primary(item): item for item in response["Responses"].get(table, ())}
                for wanted in asked["Keys"]:
                    item = found.get(_primary(wanted), {})
                    if (
                        "ProjectionExpression" in asked
                    ):  # billed by the whole item, whatever part of it is asked for
                        item = self._look(table, wanted) or {}
                    self._read(table, item_size(item), bool(asked.get("ConsistentRead")))
            case "Query":
                self._read(table, sum(map(item_size, response["Items"])), bool(request.get("ConsistentRead")))
            case _:
                raise NotImplementedError(f"{operation} is not metered")

    def _look(self, table: str, key: Mapping[str, Any]) -> Item | None:
        """What stands under a key: not billed, and no time of the Lambda's."""
        with self.paused():
            if self._database is not None:
                return self._database.table(table).get(key)
            return aws.dynamodb().get_item(TableName=table, Key=key).get("Item")

    def _read(self, table: str, size: int, consistent: bool) -> None:
        units = max(1, ceil(size / (4 * KB))) * (1.0 if consistent else 0.5)
        self._count(table, "dynamodb_read_unit", units)

    def _written(self, table: str, old: Item | None, new: Item | None, *, failed: bool) -> None:
        size = max(item_size(old or {}), item_size(new or {}))
        self._count(table, "dynamodb_write_unit", max(1, ceil(size / KB)))
        if failed:
            return
        for index in self._indexes.get(table, ()):
            units = index_write_units(index, old, new)
            if units:
                self._count(f"{table}/{index.name}", "dynamodb_write_unit", units)

    # --- how it listens ---

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Count everything that this process's clients ask inside the block."""
        client: Any = aws.dynamodb()
        memory: Any = boto3_client
        requests: list[tuple[str, Mapping[str, Any]]] = []

        def provide(params: dict[str, Any], model: Any, **_: object) -> None:
            if not self._paused:
                self.before(model.name, params)
                requests.append((model.name, params))

        def done(parsed: dict[str, Any], **_: object) -> None:
            if not self._paused and requests:
                self.after(*requests.pop(), parsed)

        stubber: Any = BotocoreStubber
        emulators = stubber.__call__, memory.answered

        def timed(emulator: Callable[..., Any]) -> Callable[..., Any]:
            def answer(*arguments: Any, **named: Any) -> Any:
                started = time.process_time()
                try:
                    return emulator(*arguments, **named)
                finally:
                    self._outside += time.process_time() - started

            return answer

        def kept(**_: object) -> None:
            if not self._paused:
                self._count("attachments", "s3_put", 1)
                self._network += NETWORK_SECONDS["s3"]

        documents: Any = aws.s3()
        client.meta.events.register("provide-client-params.dynamodb", provide)
        client.meta.events.register("after-call.dynamodb", done)
        documents.meta.events.register("after-call.s3.PutObject", kept)
        stubber.__call__, memory.answered = map(timed, emulators)
        try:
            yield
        finally:
            stubber.__call__, memory.answered = emulators
            client.meta.events.unregister("provide-client-params.dynamodb", provide)
            client.meta.events.unregister("after-call.dynamodb", done)
            documents.meta.events.unregister("after-call.s3.PutObject", kept)

    _paused = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The meter's own looks are not counted, and take no time of the Lambda's."""
        started = time.process_time()
        before, self._paused = self._paused, True
        outside = self._outside
        try:
            yield
        finally:
            self._paused = before
            self._outside = outside + time.process_time() - started


class _Log:
    """Counts what is written to it."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, text: str) -> int:
        self.written += len(text.encode())
        return len(text)

    def flush(self) -> None:
        return None


def item_size(item: Item) -> int:
    """The bytes of an item by DynamoDB's rules: names and values, numbers by their digits."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.lstrip("-").replace(".", "").strip("0") or "0") // 2 + 2
        case "B":
            return len(content if isinstance(content, bytes) else base64.b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case _:
            raise NotImplementedError(f"items hold no {kind}")


def index_write_units(index: Index, old: Item | None, new: Item | None) -> int:
    """The write units that an index takes when an item changes from `old` to `new`."""
    was, now = _in_index(index, old), _in_index(index, new)
    if (was is None and now is None) or was == now:
        return 0
    if was is None or now is None or _key(index, was) == _key(index, now):
        return max(1, ceil(max(item_size(was or {}), item_size(now or {})) / KB))
    return sum(max(1, ceil(item_size(one) / KB)) for one in (was, now))


def _in_index(index: Index, item: Item | None) -> Item | None:
    """The item as the index has it: nothing when it lacks one of the keys."""
    if item is None or index.partition not in item or index.sort not in item:
        return None
    if not index.keys_only:
        return item
    return {name: item[name] for name in ("pk", "sk", index.partition, index.sort)}


def _primary(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _key(index: Index, item: Item) -> tuple[str, str]:
    return json.dumps(item[index.partition]), json.dumps(item[index.sort])
