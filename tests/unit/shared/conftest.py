"""A Lambda process of the kernel's own, with its tables, bus and queue in this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from shared import aws, clock, resources
from shared.event_store import EventStore
from shared.views import Views
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table, create_views_table

EVENTS_TABLE = "depot-events"
VIEWS_TABLE = "depot-views"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/depot-bins"


@dataclass
class Time:
    """A clock that moves when it is told to, or when somebody waits."""

    now: datetime = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    waits: tuple[float, ...] = ()

    def sleep(self, seconds: float) -> None:
        self.waits += (seconds,)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock of this test; the real one is put back afterwards."""
    moment = Time()
    monkeypatch.setattr(clock, "_now", lambda: moment.now)
    monkeypatch.setattr(clock, "_sleep", moment.sleep)
    return moment


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """The kernel's environment; nothing in it reaches AWS."""
    with (
        lambda_process(
            "depot",
            "bins",
            events_table=EVENTS_TABLE,
            views_table=VIEWS_TABLE,
            bus_name="stowage",
            queue_url=QUEUE_URL,
        ),
        mock_aws(),
    ):
        yield


@pytest.fixture
def store() -> EventStore:
    """An empty event store."""
    create_events_table(aws.dynamodb(), EVENTS_TABLE)
    return resources.history()


@pytest.fixture
def views() -> Views:
    """Read models, with an index `by_colour` (colour, placed)."""
    create_views_table(aws.dynamodb(), VIEWS_TABLE, {"by_colour": ("colour", "placed")})
    return resources.views()
