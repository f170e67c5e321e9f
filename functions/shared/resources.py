"""This Lambda's tables, as its environment names them; made once per process."""

from functools import cache

from shared import aws
from shared.environment import required
from shared.event_store import EventStore
from shared.views import Views


@cache
def history() -> EventStore:
    """The service's event store."""
    return EventStore(aws.dynamodb(), required("events_table"))


@cache
def views() -> Views:
    """The service's read models."""
    return Views(aws.dynamodb(), required("views_table"))
