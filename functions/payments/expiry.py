"""Takes up, by the clock, payments whose authorization has expired and those that still wait for an answer."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from payments.conversation import settle
from payments.domain import PAYMENTS, CheckExpiry
from payments.views import SHARDS
from shared import clock
from shared.decider import Command, execute
from shared.events import originating, part_of
from shared.journeys import going_on
from shared.rejection import Unavailable
from shared.resilience import CircuitOpen
from shared.resources import history, views
from shared.sweep import Work, sweep


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every payment whose moment has come; while the provider is left alone, none can go on."""
    sweep(_due(clock.iso(clock.now())), waits=(Unavailable,), ends=(CircuitOpen,))


def _due(now: str) -> Iterator[Work]:
    for shard in SHARDS:
        for stream_id in views().keys(("due", shard), "moment", "by_moment", upto=now):
            yield stream_id, partial(take_up, stream_id, now)


def take_up(stream_id: str, now: str) -> None:
    """Go on with one payment. Raises Unavailable while the provider does not answer."""
    journey = going_on(stream_id, originating(f"deadline/{now}", actor="stowage.payments"))
    command = Command(CheckExpiry(now), part_of(journey, "expiry"))
    settle(execute(history(), PAYMENTS, stream_id, command), partial(part_of, journey))
