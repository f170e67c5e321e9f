"""Takes up, by the clock, shipments that wait for labels or have some to give back, and loads that wait for forms.

And asks where cartons are whose carrier has told nothing for a day.
"""

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from shared import clock
from shared.events import originating, part_of
from shared.journeys import going_on
from shared.rejection import Unavailable
from shared.resilience import CircuitOpen
from shared.resources import history, views
from shared.sweep import Work, sweep
from shipping.aggregates import LOAD, SHIPMENT
from shipping.conversation import ask_where, take_up
from shipping.forms import make_forms
from shipping.views import SHARDS, SILENT

ASKED_AT_ONCE = 50
"""So many shipments a run asks for at most, also when a carrier has told nothing of any."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every shipment and load whose moment has come; what waits for papers comes first."""
    now = clock.iso(clock.now())
    try:
        sweep(_due(now), waits=(Unavailable,))
    finally:
        sweep(islice(_silent(now), ASKED_AT_ONCE), waits=(Unavailable,), ends=(CircuitOpen,))


def _due(now: str) -> Iterator[Work]:
    for shard in SHARDS:
        for stream_id in views().keys(("due", shard), "moment", "by_due", upto=now):
            yield stream_id, partial(_look, stream_id, now)


def _silent(now: str) -> Iterator[Work]:
    shards = (views().keys(("due", f"{SILENT}{shard}"), "moment", "by_due", upto=now) for shard in SHARDS)
    for stream_id in chain.from_iterable(shards):
        yield stream_id, partial(_ask, stream_id, now)


def _look(stream_id: str, now: str) -> None:
    journey = partial(part_of, going_on(stream_id, originating(f"waiting/{now}", actor="stowage.shipping")))
    if stream_id.startswith(f"{LOAD.category}#"):
        make_forms(history().load(LOAD, stream_id), journey)
    else:
        take_up(history().load(SHIPMENT, stream_id), journey)


def _ask(stream_id: str, now: str) -> None:
    journey = going_on(stream_id, originating(f"silent/{now}", actor="stowage.shipping"))
    stream = history().load(SHIPMENT, stream_id)
    if stream.state.under_way:
        ask_where(stream, partial(part_of, journey))
