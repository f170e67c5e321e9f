"""Unsettled: a sweeper on a schedule looks again for units that orders lack, and for places that goods lack."""

from itertools import islice
from typing import Any

from inventory import ground
from inventory.aggregates import ALLOCATION
from inventory.putting_away import redirect, task_of
from inventory.setting_aside import look_again
from inventory.task_views import BY_UNSETTLED, SHARDS
from shared import clock, telemetry
from shared.resources import views

AT_ONCE = 50
"""What one sweep looks at of each shard; the oldest first."""


class SweepFailed(Exception):
    """Some could not be looked at; the next sweep finds them again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Go on with every allocation that is unsettled, and find places for goods that have none."""
    now = clock.iso(clock.now())
    done = failed = 0
    for shard in SHARDS:
        for stream_id in islice(views().keys(("unsettled", shard), "since", BY_UNSETTLED, upto=now), AT_ONCE):
            try:
                _go_on(stream_id, now)
                done += 1
            except Exception as error:
                failed += 1
                telemetry.error("not settled", stream=stream_id, **telemetry.failure(error))
    telemetry.info("swept", done=done, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {done + failed}")


def _go_on(stream_id: str, now: str) -> None:
    metadata = ground.on_schedule(stream_id, f"unsettled/{now}")
    category, _, name = stream_id.partition("#")
    if category == ALLOCATION.category:
        look_again(name, metadata)
    else:
        redirect(task_of(name), metadata)
