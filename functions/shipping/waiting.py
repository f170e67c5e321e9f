"""Takes up, by the clock, shipments that still wait for labels, or have some to give back."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from shared import clock
from shared.events import originating, part_of
from shared.journeys import going_on
from shared.rejection import Unavailable
from shared.resources import history, views
from shared.sweep import Work, sweep
from shipping.aggregates import SHIPMENT
from shipping.conversation import take_up
from shipping.views import SHARDS


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every shipment whose moment has come."""
    sweep(_due(clock.iso(clock.now())), waits=(Unavailable,))


def _due(now: str) -> Iterator[Work]:
    for shard in SHARDS:
        for stream_id in views().keys(("due", shard), "moment", "by_due", upto=now):
            yield stream_id, partial(_look, stream_id, now)


def _look(stream_id: str, now: str) -> None:
    journey = going_on(stream_id, originating(f"waiting/{now}", actor="stowage.shipping"))
    take_up(history().load(SHIPMENT, stream_id), partial(part_of, journey))
