"""The cloud that the system runs in: Lambdas, streams, bus, queues, schedules and the HTTP API, with their faults.

What is wired to what, batch sizes, timeouts and retry limits come from the map that is deployed (`infra.app`).
"""

import importlib
import re
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError, ReadTimeoutError

from infra.declaration import (
    MAX_CONCURRENT_CONSUMERS,
    MAX_RECEIVES,
    PATIENCE_S,
    TIMEOUT_S,
    Capability,
    Grant,
    Kind,
    Service,
    System,
)
from shared import codec
from shared.environment import Environment
from shared.event_store import COMMIT_PREFIX, commit_of
from tests.simulation import faults as f
from tests.simulation.dynamodb import ConditionalCheckFailed, Database, IndexKeys, Item, Table, refusal
from tests.simulation.faults import Faults
from tests.simulation.postoffice import WEBHOOK_SECRET, PostOffice
from tests.simulation.scheduler import Died, Scheduler, Task

SHARDS = 2
CLIENT_ATTEMPTS = 4
READ_TIMEOUT_S = 5.0
STALE_S = 3.0
TRACE_LINES = 60_000


class Worker:
    """A process of one Lambda: its environment, its clock, and whatever its code keeps between invocations."""

    def __init__(self, cloud: "Cloud", service: Service, capability: Capability, number: int) -> None:
        self.cloud = cloud
        self.service = service
        self.capability = capability
        self.name = f"{service.name}.{capability.name}/{number}"
        self.kept: dict[tuple[object, tuple[object, ...]], Any] = {}
        self.environment = _environment(cloud.system, service, capability)
        self.skew = timedelta()
        if cloud.faults.strikes(f.SKEW):
            self.skew = timedelta(seconds=cloud.chance.choice((-30, -2, -0.2, 0.2, 2, 30)))
        self.dynamodb = DynamoDB(self)
        self.eventbridge = EventBridge(self)
        self.sqs = Sqs(self)
        self.s3 = S3(self)
        self.secretsmanager = Safe(self)
        self.died = False

    def call(self, operation: str, effect: Callable[[], Any]) -> Any:
        """A request as boto3 makes it: tried again some times when there is no good answer. May be the end."""
        cloud, faults = self.cloud, self.cloud.faults
        if self.died:  # nobody is there to clean up
            raise Died
        self._may_die(f.DEATH_BEFORE, operation)
        given_up = cloud.chance.random() < 0.4
        for attempt in range(1, CLIENT_ATTEMPTS + 1):
            last = given_up or attempt == CLIENT_ATTEMPTS
            if faults.strikes(f.THROTTLE):
                cloud.scheduler.sleep(0.02)
                if last:
                    raise refusal("ThrottlingException", operation)
            elif faults.strikes(f.LOST):
                if cloud.chance.random() < 0.6:
                    self._perform(operation, effect)
                cloud.scheduler.sleep(READ_TIMEOUT_S)
                if last:
                    raise ReadTimeoutError(endpoint_url="simulated")
            else:
                answer = self._perform(operation, effect)
                self._may_die(f.DEATH_AFTER, operation)
                if isinstance(answer, ClientError):
                    raise answer
                return answer
            cloud.scheduler.sleep(cloud.chance.uniform(0, 0.1))
        raise AssertionError("the last attempt answers or raises")

    def beyond(self, operation: str, effect: Callable[[], Any]) -> Any:
        """A request to somebody who is not AWS, made once. May be the end."""
        if self.died:
            raise Died
        self._may_die(f.DEATH_BEFORE, operation)
        answer = self._perform(operation, effect)
        self._may_die(f.DEATH_AFTER, operation)
        return answer

    def _perform(self, operation: str, effect: Callable[[], Any]) -> Any:
        """The effect happens somewhere between request and answer, also when the worker is dead by then."""
        scheduler, chance = self.cloud.scheduler, self.cloud.chance
        task = scheduler.current
        wake = task.waker()
        latency = chance.expovariate(250)
        if self.cloud.faults.strikes(f.STALL):
            latency = chance.uniform(1, 70)

        def happen() -> None:
            answer: Any
            try:
                answer = effect()
            except ClientError as error:
                answer = error
            scheduler.after(latency / 2, lambda: wake(answer))

        scheduler.after(latency / 2, happen)
        self._may_die(f.DEATH_DURING, operation)
        return task.wait()

    def _may_die(self, when: str, operation: str) -> None:
        if self.cloud.faults.strikes(when):
            self.died = True
            self.cloud.note(f"{self.name} dies: {when} ({operation})")
            raise Died


class DynamoDB:
    """A worker's DynamoDB client."""

    class exceptions:  # noqa: N801 - boto3's name
        """Where boto3 keeps the errors."""

        ConditionalCheckFailedException = ConditionalCheckFailed

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        cloud = self._worker.cloud
        perform = getattr(cloud.database, operation)
        if operation in ("get_item", "query", "batch_get_item"):
            return lambda **request: self._worker.call(operation, lambda: cloud.read(perform, request))
        if operation == "put_item":
            return lambda **request: self._worker.call(operation, lambda: cloud.put(request))
        return lambda **request: self._worker.call(operation, lambda: perform(**request))


class EventBridge:
    """A worker's EventBridge client."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def put_events(self, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's name
        """PutEvents."""
        return self._worker.call("put_events", lambda: self._worker.cloud.publish(Entries))


class Sqs:
    """A worker's SQS client."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> Any:  # noqa: N803
        """ChangeMessageVisibility."""
        queue = self._worker.cloud.queues[QueueUrl]
        return self._worker.call(
            "change_message_visibility", lambda: queue.change_visibility(ReceiptHandle, VisibilityTimeout)
        )


class S3:
    """A worker's S3 client."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Any:  # noqa: N803
        """PutObject."""
        kept = self._worker.cloud.objects
        return self._worker.call("put_object", lambda: kept.update({(Bucket, Key): (ContentType, Body)}))

    def delete_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        """DeleteObject."""
        kept = self._worker.cloud.objects
        return self._worker.call("delete_object", lambda: kept.pop((Bucket, Key), None))


class Safe:
    """A worker's Secrets Manager client: there is one secret, which signs what carriers tell."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803
        """GetSecretValue."""
        kept = {"SecretString": codec.to_json({"webhook_secret": WEBHOOK_SECRET}).decode()}
        return self._worker.call(f"get_secret_value {SecretId}", lambda: kept)


@dataclass(eq=False)
class Message:
    """A message in a queue."""

    id: str
    body: str
    visible_at: float
    receives: int = 0
    receipt: str = ""


class Queue:
    """A standard queue with its dead letters and the event source mapping that feeds a Lambda from it."""

    def __init__(self, cloud: "Cloud", service: Service, capability: Capability) -> None:
        self._cloud = cloud
        self.service = service
        self.capability = capability
        self.name = service.queue(capability) or ""
        self.messages: list[Message] = []
        self.dead: list[Message] = []
        self._consumers = 0
        self._next_look = float("inf")
        self._numbers = 0

    def send(self, body: str, delay: float = 0.0) -> None:
        """Put a message into the queue."""
        self._numbers += 1
        now = self._cloud.scheduler.seconds
        self.messages.append(Message(f"{self.name}-{self._numbers}", body, now + delay))
        self._look(delay + self._cloud.chance.uniform(0, self.capability.window_s))

    def redrive(self) -> int:
        """Try the dead letters again; how many there were."""
        again, self.dead = self.dead, []
        for message in again:
            self.send(message.body)
        return len(again)

    def change_visibility(self, receipt: str, seconds: int) -> Any:
        """Hide a received message for so long from now on."""
        message = next((message for message in self.messages if message.receipt == receipt), None)
        if message is None:
            raise refusal("InvalidParameterValue", "ChangeMessageVisibility")
        message.visible_at = self._cloud.scheduler.seconds + seconds
        self._look(seconds)
        return {}

    def _look(self, delay: float) -> None:
        moment = self._cloud.scheduler.seconds + delay
        if moment < self._next_look:
            self._next_look = moment
            self._cloud.scheduler.after(delay, lambda: self._receive(moment))

    def _receive(self, moment: float) -> None:
        if moment != self._next_look:
            return
        self._next_look = float("inf")
        now = self._cloud.scheduler.seconds
        for worn_out in [one for one in self.messages if one.visible_at <= now and one.receives >= MAX_RECEIVES]:
            self.messages.remove(worn_out)
            self.dead.append(worn_out)
            self._cloud.note(f"{self.name}: {worn_out.id} goes to the dead letters")
        visible = [message for message in self.messages if message.visible_at <= now]
        if visible and self._consumers < self._cloud.consumers:
            self._hand_out(visible)
        if later := [message.visible_at for message in self.messages if message.visible_at > now]:
            self._look(min(later) - now + 0.001)

    def _hand_out(self, visible: list[Message]) -> None:
        cloud = self._cloud
        if len(visible) > 1 and cloud.faults.strikes(f.REORDER):
            cloud.chance.shuffle(visible)
        batch = visible[: self.capability.batch]
        now = cloud.scheduler.seconds
        receipts: dict[str, tuple[Message, str]] = {}
        for message in batch:
            message.receives += 1
            message.receipt = f"{message.id}!{message.receives}"
            message.visible_at = now + self.capability.visibility_timeout_s
            if cloud.faults.strikes(f.DUPLICATE):
                message.visible_at = now + cloud.chance.uniform(0, 2)
            receipts[message.id] = (message, message.receipt)
        self._consumers += 1
        cloud.note(f"{self.name} hands out {', '.join(f'{m.id} (receive {m.receives})' for m in batch)}")
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
            }
            for message in batch
        ]

        def done(result: "Result") -> None:
            self._consumers -= 1
            if result.succeeded:
                failed = {failure["itemIdentifier"] for failure in result.answer["batchItemFailures"]}
                for message_id, (message, receipt) in receipts.items():
                    if message_id not in failed and message.receipt == receipt and message in self.messages:
                        self.messages.remove(message)
            self._look(0)

        cloud.invoke(self.service, self.capability, {"Records": records}, done)
        if len(visible) > len(batch):
            self._look(0)


@dataclass(frozen=True)
class Result:
    """What became of an invocation."""

    succeeded: bool
    answer: Any = None
    error: str = ""


class Answer(NamedTuple):
    """What an HTTP request was answered; `replayed` when it was that of an earlier try."""

    status: int
    body: Any
    replayed: bool = False


@dataclass(frozen=True)
class Record:
    """A record of a table's stream, and when it was written."""

    item: Item
    at: float


class Reader:
    """A stream's event source mapping for one shard: batches in order, a failing batch again and in halves."""

    def __init__(self, cloud: "Cloud", service: Service, capability: Capability, log: list[Record]) -> None:
        self._cloud = cloud
        self.service = service
        self.capability = capability
        self._log = log
        self._place = 0
        self._most = capability.batch
        self._busy = False
        self._planned = False
        self.resumes_at = 0.0
        self.parked: list[Record] = []

    @property
    def caught_up(self) -> bool:
        """Whether there is nothing left to read."""
        return self._place == len(self._log)

    def look(self, delay: float) -> None:
        """See in `delay` seconds what there is to read."""
        if not self._planned:
            self._planned = True
            wait = max(delay, self.resumes_at - self._cloud.scheduler.seconds)
            self._cloud.scheduler.after(wait, self._read)

    def _read(self) -> None:
        self._planned = False
        now = self._cloud.scheduler.seconds
        if self._busy:
            return
        if now < self.resumes_at:
            self.look(0)
            return
        while not self.caught_up and now - self._log[self._place].at > PATIENCE_S[self.capability.kind]:
            self.parked.append(self._log[self._place])
            self._place += 1
        records = self._log[self._place : self._place + self._most]
        if not records:
            return
        self._busy = True

        def done(result: Result) -> None:
            self._busy = False
            if not result.succeeded:
                self._most = max(1, len(records) // 2)
                self.look(self._cloud.chance.uniform(0.5, 2))
                return
            self._most = self.capability.batch
            if not self._cloud.faults.strikes(f.DUPLICATE):
                self._place += len(records)
            self.look(0.01)

        self._cloud.invoke(self.service, self.capability, stream_event(records), done)


def stream_event(records: list[Record]) -> dict[str, Any]:
    """What a Lambda is handed of a stream."""
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"pk": record.item["pk"], "sk": record.item["sk"]},
                    "NewImage": record.item,
                },
            }
            for record in records
        ]
    }


class Witness:
    """Sees what happens the moment it does. Does nothing; the invariants do."""

    def committed(self, service: str, item: Item, old: Item | None, /) -> None:
        """A commit item was written to a service's history; `old` stood there before."""

    def offered(self, entry: Mapping[str, Any], *, accepted: bool) -> None:
        """An event was put onto the bus, which took it or refused it."""

    def logged(self, worker: Worker, level: str, message: str, fields: Mapping[str, object]) -> None:
        """A worker has written a line of its log."""


@dataclass
class Cloud:
    """Everything outside the Lambdas, and the Lambdas' processes."""

    system: System
    scheduler: Scheduler
    chance: Random
    faults: Faults
    witness: Witness = field(default_factory=Witness)
    tracing: bool = True
    consumers: int = MAX_CONCURRENT_CONSUMERS

    def __post_init__(self) -> None:
        self.database = Database()
        self.database.written = self._written
        self.trace: deque[tuple[float, str]] = deque(maxlen=TRACE_LINES)
        self.queues: dict[str, Queue] = {}
        self.objects: dict[tuple[str, str], tuple[str, bytes]] = {}
        """By bucket and key: media type and content."""
        self.carrier = PostOffice(self)
        self.readers: list[Reader] = []
        self.invocations = 0
        self.calls = 0
        self._idle: dict[tuple[str, str], list[Worker]] = defaultdict(list)
        self._workers = 0
        self._recent: dict[str, deque[tuple[float, Item | None, Item | None]]] = defaultdict(deque)
        self._logs: dict[str, list[list[Record]]] = {}
        self._rules: dict[str, list[Queue]] = defaultdict(list)
        self._services = {service.events_table: service for service in self.system.services}
        for service in self.system.services:
            self._deploy(service)

    def _deploy(self, service: Service) -> None:
        self.database.tables[service.events_table] = Table(service.events_table)
        self.database.tables[service.views_table] = Table(
            service.views_table,
            indexes={
                index.name: IndexKeys(index.partition, index.sort, index.keys_only) for index in service.indexes
            },
        )
        if service.ledger_table:
            self.database.tables[service.ledger_table] = Table(service.ledger_table, sort_key=None)
        self._logs[service.events_table] = [[] for _ in range(SHARDS)]
        for capability in service.capabilities:
            if name := service.queue(capability):
                queue = self.queues[name] = Queue(self, service, capability)
                for event_type in capability.subscribes:
                    self._rules[event_type].append(queue)
            if Grant.FOLLOW_HISTORY in capability.grants:
                self.readers.extend(
                    Reader(self, service, capability, log) for log in self._logs[service.events_table]
                )

    # --- tables and streams ---

    def read(self, operation: Callable[..., Any], request: dict[str, Any]) -> Any:
        """A read; unless it asks for consistency it may see the table as it was a moment ago."""
        tables = [request["TableName"]] if "TableName" in request else list(request["RequestItems"])
        batches = request.get("RequestItems", {}).values()
        consistent = request.get("ConsistentRead") or (
            batches and all(one.get("ConsistentRead") for one in batches)
        )
        if consistent or not any(self._recent_writes(table) for table in tables):
            return operation(**request)
        if not self.faults.strikes(f.STALE):
            return operation(**request)
        with self._as_it_was(tables[0]):
            return operation(**request)

    def put(self, request: dict[str, Any]) -> Any:
        """A write; when it is a commit and another writer was first, that is counted."""
        try:
            return self.database.put_item(**request)
        except ConditionalCheckFailed as refused:
            standing: Any = refused.response.get("Item", request["Item"])
            if standing["sk"]["S"].startswith(COMMIT_PREFIX) and standing["body"] != request["Item"]["body"]:
                self.faults.happened(f.CONFLICT)
            raise

    def _recent_writes(self, table: str) -> "deque[tuple[float, Item | None, Item | None]]":
        recent = self._recent[table]
        while recent and recent[0][0] < self.scheduler.seconds - STALE_S:
            recent.popleft()
        return recent

    @contextmanager
    def _as_it_was(self, name: str) -> Iterator[None]:
        table, recent = self.database.tables[name], list(self._recent_writes(name))
        for _, new, old in reversed(recent):
            _restore(table, new, old)
        try:
            yield
        finally:
            for _, new, old in recent:
                _restore(table, old, new)

    def _written(self, table: Table, item: Item | None, old: Item | None) -> None:
        self._recent_writes(table.name).append((self.scheduler.seconds, item, old))
        service = self._services.get(table.name)
        if service is None or item is None or not item["sk"]["S"].startswith(COMMIT_PREFIX):
            return
        self.note(f"{service.name} commits {item['pk']['S']} {item['sk']['S']}: {_summary(item)}")
        self.witness.committed(service.name, item, old)
        if old is None:
            log = self._logs[table.name][zlib.crc32(item["pk"]["S"].encode()) % SHARDS]
            log.append(Record(item, self.scheduler.seconds))
            for reader in self.readers:
                if reader._log is log:
                    reader.look(self.chance.uniform(0.05, 0.6))

    def commits(self, service: str) -> list[Record]:
        """Every commit of a service, each stream's in order."""
        items = self.database.tables[self.system.service(service).events_table].items()
        return [Record(item, 0.0) for item in items if item["sk"]["S"].startswith(COMMIT_PREFIX)]

    # --- bus and queues ---

    def publish(self, entries: list[dict[str, Any]]) -> Any:
        """Take events onto the bus; some may be refused."""
        refused: set[int] = set()
        if self.faults.strikes(f.PARTIAL):
            refused = {self.chance.randrange(len(entries)) for _ in entries[: self.chance.randint(1, 3)]}
        answers: list[dict[str, str]] = []
        for place, entry in enumerate(entries):
            self.witness.offered(entry, accepted=place not in refused)
            if place in refused:
                answers.append({"ErrorCode": "InternalFailure"})
                continue
            answers.append({"EventId": f"entry-{place}"})
            for queue in self._rules[entry["DetailType"]]:
                self._deliver(queue, entry["Detail"])
        return {"FailedEntryCount": len(refused), "Entries": answers}

    def _deliver(self, queue: Queue, body: str) -> None:
        for _ in range(2 if self.faults.strikes(f.DUPLICATE) else 1):
            delay = self.chance.uniform(0.02, 0.3)
            if self.faults.strikes(f.DELAY):
                delay = self.chance.choice((5, 60, 900, 7_200)) * self.chance.random()
            queue.send(body, delay)
        if self.faults.strikes(f.POISON):
            queue.send(poison(self.chance, body), self.chance.random())

    # --- Lambdas ---

    def invoke(
        self,
        service: Service,
        capability: Capability,
        event: Mapping[str, Any],
        done: Callable[[Result], None],
    ) -> None:
        """Hand `event` to a worker, warm or new; `done` hears how it ended."""
        self.invocations += 1
        worker = self._worker(service, capability)
        handler = importlib.import_module(f"{service.name}.{capability.name}").handler
        ended: list[Result] = []

        def end(result: Result) -> None:
            if ended:
                return
            ended.append(result)
            if not worker.died:
                self._idle[service.name, capability.name].append(worker)
            self.scheduler.after(0, lambda: done(result))

        def work() -> None:
            try:
                end(Result(True, handler(event, None)))
            except Died:
                worker.died = True
                end(Result(False, error="died"))
            except Exception as error:
                self.witness.logged(worker, "RAISED", type(error).__name__, {"error": str(error)})
                end(Result(False, error=f"{type(error).__name__}: {error}"))

        task = self.scheduler.spawn(work, worker)

        def time_out() -> None:
            if not ended:
                self.faults.happened(f.TIMED_OUT)
                self.note(f"{worker.name} is killed for its timeout")
                worker.died = True
                task.kill()
                end(Result(False, error="timed out"))

        self.scheduler.after(TIMEOUT_S[capability.kind], time_out)

    def _worker(self, service: Service, capability: Capability) -> Worker:
        idle = self._idle[service.name, capability.name]
        if idle and self.chance.random() < 0.9:
            return idle.pop(self.chance.randrange(len(idle)))
        self._workers += 1
        return Worker(self, service, capability, self._workers)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        patience: float = 12.0,
        who: str = "shop",
    ) -> "Answer | None":
        """Called inside a task: an HTTP request; None when there was no answer."""
        service, capability, route, parameters = self._route(method, path)
        sent = {"content-type": "application/json", **({"idempotency-key": key} if key else {}), **(headers or {})}
        event = {
            "routeKey": route.key,
            "rawPath": path,
            "pathParameters": parameters,
            "queryStringParameters": dict(query or {}),
            "headers": sent,
            "body": None if body is None else codec.to_json(body).decode(),
            "requestContext": {"authorizer": {"jwt": {"claims": {"client_id": who, "scope": route.scope}}}},
        }
        task: Task = self.scheduler.current
        wake = task.waker()
        self.invoke(service, capability, event, wake)
        task.plan(patience, Result(False, error="no answer"))
        result: Result = task.wait()
        if not result.succeeded or self.faults.strikes(f.LOST):
            return None
        status: int = result.answer["statusCode"]
        self.note(f"{method} {path} {key or ''}: {status}")
        replayed = result.answer["headers"].get("idempotent-replayed") == "true"
        return Answer(status, msgspec.json.decode(result.answer["body"]), replayed)

    def _route(self, method: str, path: str) -> tuple[Service, Capability, Any, dict[str, str]]:
        for service in self.system.services:
            for capability in service.capabilities:
                for route in capability.routes:
                    match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
                    if match and route.method == method:
                        return service, capability, route, match.groupdict()
        raise LookupError(f"no route for {method} {path}")

    # --- what was seen ---

    def note(self, line: str) -> None:
        """Keep a line of what happened."""
        if self.tracing:
            self.trace.append((self.scheduler.seconds, line))


def poison(chance: Random, body: str) -> str:
    """A message that nobody can read."""
    marked = {"specversion": "1.0", "id": "poison", "poison": True}
    match chance.randrange(3):
        case 0:
            return '{"poison": '
        case 1:
            return msgspec.json.encode(marked).decode()
        case _:
            told = msgspec.json.decode(body)
            events = [
                {**event, "data": {"poison": [event["id"]]}, "id": f"poison-{event['id']}"}
                for event in told.get("events", [told])
            ]
            return msgspec.json.encode({"events": events} if "events" in told else events[0]).decode()


def is_poison(message: Message) -> bool:
    """Whether the message was made by `poison`."""
    return '"poison' in message.body


def _restore(table: Table, now: Item | None, then: Item | None) -> None:
    if then is not None:
        table.set(then)
    elif now is not None:
        table.remove(now)


def _summary(item: Item) -> str:
    return ", ".join(event.type.partition(".")[2] for event in commit_of(item).events)


def _environment(system: System, service: Service, capability: Capability) -> Environment:
    told = {name.lower(): value for name, value in capability.environment.items()}
    if Grant.KEEP_LEDGER in capability.grants and service.ledger_table:
        told["providers_table"] = service.ledger_table
    if Grant.READ_KEYS in capability.grants and service.keys:
        told["keys_name"] = service.keys
    if Grant.ATTACH in capability.grants:
        told["attachments_bucket"] = f"{service.name}-attachments"
    return Environment(
        service=service.name,
        capability=capability.name,
        events_table=service.events_table,
        views_table=service.views_table,
        bus_name=system.bus,
        queue_url=service.queue(capability) or "",
        **told,
    )


STREAM_READERS = (Kind.PROJECTOR, Kind.OUTBOX)
