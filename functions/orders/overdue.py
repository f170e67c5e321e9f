"""Overdue: once a day every open order is looked at, and those act that have waited for days too long.

An order moves its deadline with every step. An index by deadlines that are days away would be written each time,
and asked nearly never; the list of open orders is there anyway, and to read all of it costs less than one such
write for each order.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from orders.deadlines import check
from orders.domain.states import OPEN_STAGES
from orders.views import SUMMARIES, OrderSummary
from shared import clock
from shared.resources import views
from shared.sweep import Work, sweep

_AT_ONCE = 100


def handler(_event: dict[str, Any], _context: object) -> None:
    """Check every open order whose deadline is over."""
    now = clock.iso(clock.now())
    sweep(work for stage in OPEN_STAGES for work in _overdue(stage, now))


def _overdue(stage: str, now: str) -> Iterator[Work]:
    """The orders of a stage that have waited too long, in the order of their receipt."""
    after: str | None = None
    while True:
        page = views().listed(
            OrderSummary,
            ("stage", stage),
            "placed",
            "by_stage",
            after=after,
            limit=_AT_ONCE,
            wanted=lambda order: order.deadline <= now if order.deadline else order.stalled is not None,
        )
        for _, order in page.items:
            stream_id = f"{SUMMARIES.category}#{order.order_id}"
            yield stream_id, partial(check, stream_id)
        after = page.next
        if after is None:
            return
