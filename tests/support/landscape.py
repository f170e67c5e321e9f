"""Every service's Lambdas in this process, over tables of their own, wired as the map of the system says.

Nothing moves by itself: a test says when an outbox publishes, which messages a queue hands out, and when a
projector catches up. Each invocation is a worker that remembers nothing of the one before.
"""

import base64
import importlib
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from infra.app import SYSTEM
from infra.declaration import Capability, Grant, Service, System
from shared import aws, codec, resources
from shared.envelope import CloudEvent, told
from shared.environment import Environment, environment
from shared.event_store import COMMIT_PREFIX, EventStore
from shared.views import Views
from tests.simulation.boto3_client import answer_from
from tests.simulation.dynamodb import Database
from tests.support.deliveries import failed, queue_batch
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table, create_ledger_table, create_views_table

Record = Mapping[str, Any]
Consumer = tuple[str, str]
"""A service and one of its capabilities."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def field(self) -> str:
        """The field that a refusal names."""
        return str(self.body["errors"][0]["field"])

    @property
    def problem(self) -> str:
        """The code of a refusal."""
        return str(self.body["type"]).rpartition(":")[2]


class Landscape:
    """The system, as far as it is made of Lambdas, tables, queues and a bus."""

    def __init__(self, system: System = SYSTEM, log_level: str = "ERROR", warm: Collection[Consumer] = ()) -> None:
        self._system = system
        self._log_level = log_level
        self._warm = warm
        self._running: list[Consumer] = []
        self._given: dict[Consumer, set[tuple[str, str]]] = {}
        self._streams: dict[Consumer, Any] = {}
        self.bus: list[CloudEvent] = []
        self.messages: list[tuple[str, str]] = []
        self._written: dict[str, set[tuple[str, str]]] = {}
        aws.dynamodb().meta.events.register("before-call.dynamodb.PutItem", self._note)
        hooks: Any = aws.eventbridge().meta.events
        hooks.register("before-call.events.PutEvents", self._take)

    def invoke(self, service: str, capability: str, event: Mapping[str, Any]) -> Any:
        """Start a worker of the capability and hand it `event`."""
        self._running.append((service, capability))
        try:
            self._become(service, capability)
            return importlib.import_module(f"{service}.{capability}").handler(event, None)
        finally:
            self._running.pop()
            if self._running:
                self._become(*self._running[-1])

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        actor: str = "test-shop",
        **headers: str,
    ) -> Answer:
        """An HTTP request by `actor` with the scope that its route needs; `key` is its Idempotency-Key."""
        service, capability, route, parameters = self._route(method, path)
        sent = {"content-type": "application/json"} | {n.replace("_", "-"): value for n, value in headers.items()}
        answer = self.invoke(
            service,
            capability,
            {
                "routeKey": route.key,
                "rawPath": path,
                "pathParameters": parameters,
                "queryStringParameters": dict(query or {}),
                "headers": sent | ({"idempotency-key": key} if key else {}),
                "body": None if body is None else codec.to_json(body).decode(),
                "requestContext": {
                    "authorizer": {"jwt": {"claims": {"client_id": actor, "scope": route.scope or ""}}}
                },
            },
        )
        said: Any = answer["body"]
        if answer.get("isBase64Encoded"):
            said = base64.b64decode(said)
        elif answer["headers"]["content-type"].endswith("json"):
            said = msgspec.json.decode(said)
        return Answer(answer["statusCode"], answer["headers"], said)

    def deliver(self, consumer: Consumer, *events: CloudEvent | str, receives: int = 1) -> list[int]:
        """Hand one queue batch to the consumer; the places of the messages that have to come again."""
        answer = self.invoke(*consumer, queue_batch(*events, receives=receives))
        return [int(message_id.removeprefix("m")) for message_id in failed(answer)]

    def follow(self, reader: Consumer) -> list[Record]:
        """The service's commits that `reader` has not been given yet, each stream's in order."""
        table = self._system.service(reader[0]).events_table
        given = self._given.setdefault(reader, set())
        records: list[Record] = []
        for pk, sk in sorted(self._written.get(table, set()) - given):
            key = {"pk": {"S": pk}, "sk": {"S": sk}}
            if item := aws.dynamodb().get_item(TableName=table, Key=key).get("Item"):
                given.add((pk, sk))
                records.append({"eventName": "INSERT", "dynamodb": {"NewImage": item}})
        return records

    def publish(self, service: str) -> list[CloudEvent]:
        """Let the service's outbox publish what was committed since; what reached the bus."""
        before = len(self.bus)
        if records := self.follow((service, "outbox")):
            self.invoke(service, "outbox", {"Records": records})
        return self.bus[before:]

    def project(self, service: str) -> None:
        """Let the service's projector catch up."""
        if records := self.follow((service, "views")):
            self.invoke(service, "views", {"Records": records})

    def subscribers(self, event_type: str) -> list[Consumer]:
        """Who gets the events of that type, as the map says."""
        return [
            (service.name, capability.name)
            for service, capability in self._capabilities()
            if event_type in capability.subscribes
        ]

    def history(self, service: str) -> EventStore:
        """The service's history, as somebody sees it who has cached nothing."""
        return EventStore(aws.dynamodb(), self._system.service(service).events_table)

    def views(self, service: str) -> Views:
        """The service's read models."""
        return Views(aws.dynamodb(), self._system.service(service).views_table)

    def place_of(self, method: str, path: str) -> Consumer:
        """The service and capability that answer a request."""
        return self._route(method, path)[:2]

    def _capabilities(self) -> Iterator[tuple[Service, Capability]]:
        for service in self._system.services:
            for capability in service.capabilities:
                yield service, capability

    def _route(self, method: str, path: str) -> tuple[str, str, Any, dict[str, str]]:
        for service, capability in self._capabilities():
            for route in capability.routes:
                pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
                match = re.fullmatch(pattern, path)
                if match and route.method == method:
                    return service.name, capability.name, route, match.groupdict()
        raise LookupError(f"no route for {method} {path}")

    def _become(self, service_name: str, capability_name: str) -> None:
        service = self._system.service(service_name)
        [capability] = [one for one in service.capabilities if one.name == capability_name]
        for name in Environment.__struct_encode_fields__:
            os.environ.pop(name, None)
        os.environ.update(
            SERVICE=service.name,
            CAPABILITY=capability.name,
            EVENTS_TABLE=service.events_table,
            VIEWS_TABLE=service.views_table,
            BUS_NAME=self._system.bus,
            QUEUE_URL=f"https://sqs.us-east-1.amazonaws.com/123456789012/{service.queue(capability)}",
            LOG_LEVEL=self._log_level,
            **capability.environment,
        )
        if Grant.READ_KEYS in capability.grants and service.keys:
            os.environ["KEYS_NAME"] = service.keys
        if Grant.KEEP_LEDGER in capability.grants and service.ledger_table:
            os.environ["PROVIDERS_TABLE"] = service.ledger_table
        if capability.grants & {Grant.ATTACH, Grant.FETCH_ATTACHED, Grant.REMOVE_ATTACHED}:
            os.environ["ATTACHMENTS_BUCKET"] = f"{service.name}-attachments"
        environment.cache_clear()
        if (service_name, capability_name) in self._warm:
            _forget(("shared.resources",))
            kept = self._streams.setdefault((service_name, capability_name), resources.history()._cache)
            resources.history()._cache = kept
        else:
            _forget((service.name, "shared.resources"))

    def _note(self, params: dict[str, Any], **_: object) -> None:
        """Remember which commits somebody wanted to write, so that nobody has to search for them."""
        put = msgspec.json.decode(params["body"])
        if put["Item"]["sk"]["S"].startswith(COMMIT_PREFIX):
            keys = self._written.setdefault(put["TableName"], set())
            keys.add((put["Item"]["pk"]["S"], put["Item"]["sk"]["S"]))

    def _take(self, params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        entries = msgspec.json.decode(params["body"])["Entries"]
        self.messages.extend((entry["DetailType"], entry["Detail"]) for entry in entries)
        self.bus.extend(event for entry in entries for event in told(entry["Detail"]))
        taken = {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n, _ in enumerate(entries)]}
        return AWSResponse(params["url"], 200, HTTPHeaders(), None), taken


@contextmanager
def landscape(
    system: System = SYSTEM,
    database: Database | None = None,
    log_level: str = "ERROR",
    warm: Collection[Consumer] = (),
) -> Iterator[Landscape]:
    """The whole system with empty tables, in this process: moto's, or those of `database`.

    Those in `warm` remember the streams that they have loaded, and what the modules of their service keep, from
    one invocation to the next.
    """
    with mock_aws(), lambda_process("landscape", "none"):
        if database is not None:
            answer_from(database, aws.dynamodb())
        for service in system.services:
            create_events_table(aws.dynamodb(), service.events_table)
            create_views_table(
                aws.dynamodb(),
                service.views_table,
                {index.name: (index.partition, index.sort) for index in service.indexes},
                keys_only=[index.name for index in service.indexes if index.keys_only],
            )
            if service.ledger_table:
                create_ledger_table(aws.dynamodb(), service.ledger_table)
        yield Landscape(system, log_level, warm)
        _forget(tuple(service.name for service in system.services))


_kept: dict[str, tuple[object, list[Any]]] = {}
"""What the modules that were looked at keep for a process."""


def _forget(packages: Iterable[str]) -> None:
    """Make the next use of whatever these packages keep for a process a first one."""
    prefixes = tuple(packages)
    for name, module in list(sys.modules.items()):
        if name in prefixes or name.startswith(tuple(f"{prefix}." for prefix in prefixes)):
            for once in _caches(name, module):
                once.cache_clear()


def _caches(name: str, module: object) -> list[Any]:
    known, caches = _kept.get(name, (None, []))
    if known is not module:
        caches = [one for one in vars(module).values() if hasattr(one, "cache_clear")]
        _kept[name] = module, caches
    return caches
