"""Deadlines: a sweeper on a schedule finds orders that have waited too long and makes them act.

It finds those whose deadline was less than a day away; `overdue` looks after the others.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from orders.aggregates import ORDER
from orders.domain.commands import CheckDeadline
from orders.stalls import call_for_somebody
from orders.views import DEADLINE_SHARDS
from shared import clock
from shared.decider import Command, execute
from shared.events import originating
from shared.journeys import going_on
from shared.resources import history, views
from shared.sweep import Work, sweep


def handler(_event: dict[str, Any], _context: object) -> None:
    """Check every order whose deadline is over."""
    sweep(_overdue(clock.iso(clock.now())))


def _overdue(now: str) -> Iterator[Work]:
    for shard in DEADLINE_SHARDS:
        for stream_id in views().keys(("due", shard), "deadline", "by_deadline", upto=now):
            yield stream_id, partial(check, stream_id)


def check(stream_id: str) -> None:
    """Let an order act if its deadline is over, whatever the list says that found it."""
    now = clock.now()
    metadata = going_on(stream_id, originating(f"deadline/{clock.iso(now)}", actor="stowage.orders"))
    call_for_somebody(execute(history(), ORDER, stream_id, Command(CheckDeadline(now), metadata)))
