"""Wave rules, each minute: waves that rules ask for, and waves that were begun and not released."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from picking import keys
from picking.aggregates import WAVE
from picking.domain.wave import RequestWave, Rule
from picking.wave_making import candidates, release
from shared import clock, ids
from shared.decider import Command, execute
from shared.events import originating
from shared.journeys import going_on
from shared.resources import history, views
from shared.sweep import Work, sweep

STALE_AFTER = timedelta(minutes=5)
"""By then a wave was released, or whoever was at it is gone."""
RULES_AT_MOST = 200
UNFINISHED_AT_ONCE = 10


def handler(_event: dict[str, Any], _context: object) -> None:
    """Ask for waves by rule, and go on with waves that stand still."""
    sweep((*_rules(), *_unfinished()))


def _rules() -> Iterator[Work]:
    page = views().list(Rule, (keys.LIST, keys.RULES), keys.PLACE, index=keys.BY_LIST, limit=RULES_AT_MOST)
    for _, rule in page.items:
        yield rule.rule, partial(apply, rule)


def _unfinished() -> Iterator[Work]:
    stale = clock.iso(clock.now() - STALE_AFTER)
    found = views().keys((keys.UNFINISHED, keys.WAVES), keys.SINCE, keys.BY_UNFINISHED, upto=stale)
    for stream_id in islice(found, UNFINISHED_AT_ONCE):
        yield stream_id, partial(_go_on, stream_id)


def apply(rule: Rule) -> str | None:
    """Ask for a wave if the rule says that it is time; its id. Asking twice within a minute is asking once."""
    if not rule.active or rule.criteria is None:
        return None
    found = candidates(rule.criteria)
    waited = clock.iso(clock.now() - timedelta(minutes=rule.max_wait_minutes))
    streams = [order.since for order in found if order.since]
    if not found or (len(found) < rule.min_orders and min(streams, default=waited) > waited):
        return None
    minute = clock.iso(clock.now())[: len("2026-01-31T09:30")]
    wave_id = ids.derived_id("wave", rule.rule, minute)
    metadata = originating(f"wave-rule/{rule.rule}/{minute}", actor="stowage.picking")
    command = RequestWave(wave_id, rule.criteria, clock.iso(clock.now()), rule.rule)
    execute(history(), WAVE, WAVE.stream_id(wave_id), Command(command, metadata))
    return wave_id


def _go_on(stream_id: str) -> None:
    cause = originating(f"wave/{stream_id}", actor="stowage.picking")
    release(stream_id.partition("#")[2], going_on(stream_id, cause))
