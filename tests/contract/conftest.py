"""Every contract test runs against every DynamoDB endpoint that this machine can offer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.event_store import EventStore
from tests.support import dynamodb_endpoints
from tests.support.dynamodb_endpoints import Endpoint
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class EventsTable:
    """An events table at an endpoint. Each `store` is a process of its own: it remembers nothing of the others."""

    endpoint: Endpoint
    name: str
    client: "DynamoDBClient"

    def store(self, client: "DynamoDBClient | None" = None) -> EventStore:
        """An event store as a newly started process has it."""
        return EventStore(client or self.client, self.name)


@pytest.fixture(scope="session", params=dynamodb_endpoints.NAMES)
def table(request: pytest.FixtureRequest) -> Iterator[EventsTable]:
    """One events table per endpoint; tests keep apart by their streams."""
    with dynamodb_endpoints.endpoint(request.param) as endpoint:
        client = endpoint.client()
        name = f"contract-{uuid4().hex[:12]}-events"
        create_events_table(client, name)
        yield EventsTable(endpoint, name, client)
        client.delete_table(TableName=name)


@pytest.fixture
def stream_id() -> str:
    """A stream that nobody has used."""
    return f"Bin#{uuid4()}"


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """The environment that the kernel's log lines are written with."""
    with lambda_process("depot", "bins"):
        yield
