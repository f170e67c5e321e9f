"""Unsettled: a sweeper on a schedule looks again for units that orders lack, and for places that goods lack."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from inventory.aggregates import ALLOCATION
from inventory.putting_away import redirect, task_of
from inventory.setting_aside import look_again
from inventory.task_views import BY_UNSETTLED, SHARDS
from shared import clock
from shared.events import originating
from shared.journeys import going_on
from shared.resources import views
from shared.sweep import Work, sweep

AT_ONCE = 50
"""What one sweep looks at of each shard; the oldest first."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Go on with every allocation that is unsettled, and find places for goods that have none."""
    sweep(_waiting(clock.iso(clock.now())))


def _waiting(now: str) -> Iterator[Work]:
    for shard in SHARDS:
        for stream_id in islice(views().keys(("unsettled", shard), "since", BY_UNSETTLED, upto=now), AT_ONCE):
            yield stream_id, partial(_go_on, stream_id, now)


def _go_on(stream_id: str, now: str) -> None:
    metadata = going_on(stream_id, originating(f"unsettled/{now}", actor="stowage.inventory"))
    category, _, name = stream_id.partition("#")
    if category == ALLOCATION.category:
        look_again(name, metadata)
    else:
        redirect(task_of(name), metadata)
