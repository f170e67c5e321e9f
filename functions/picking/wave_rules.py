"""Wave rules, each minute: waves that were begun and not released, and those that rules ask for."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import chain, islice
from typing import Any

from msgspec import structs

from picking import keys
from picking.aggregates import WAVE
from picking.contracts import Criteria
from picking.domain.wave import RequestWave, Rule
from picking.wave_making import Pool, release
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
    """Go on with waves that stand still, for their orders have waited longest; then ask for waves by rule."""
    sweep(chain(_unfinished(), _rules()))


def _rules() -> Iterator[Work]:
    page = views().list(Rule, (keys.LIST, keys.RULES), keys.PLACE, index=keys.BY_LIST, limit=RULES_AT_MOST)
    pools: dict[str, Pool] = {}
    for _, rule in page.items:
        if rule.active and rule.criteria is not None:
            warehouse = rule.criteria.warehouse
            pool = pools[warehouse] = pools.get(warehouse) or Pool(warehouse)
            yield rule.rule, partial(apply, rule, rule.criteria, pool)


def _today(rule: Rule, criteria: Criteria) -> Criteria:
    """What the rule's criteria are today."""
    if rule.cut_off is None:
        return criteria
    from picking.daytime import today_at

    return structs.replace(criteria, cut_off=today_at(rule.cut_off, clock.now()))


def _unfinished() -> Iterator[Work]:
    stale = clock.iso(clock.now() - STALE_AFTER)
    found = views().keys((keys.UNFINISHED, keys.WAVES), keys.SINCE, keys.BY_UNFINISHED, upto=stale)
    for stream_id in islice(found, UNFINISHED_AT_ONCE):
        yield stream_id, partial(_go_on, stream_id)


def apply(rule: Rule, criteria: Criteria, pool: Pool) -> str | None:
    """Ask for a wave if the rule says that it is time; its id. Asking twice within a minute is asking once."""
    criteria = _today(rule, criteria)
    found = list(islice(pool.matching(criteria), criteria.max_orders))
    waited = clock.iso(clock.now() - timedelta(minutes=rule.max_wait_minutes))
    enough = min(rule.min_orders, criteria.max_orders)
    if not found or (len(found) < enough and min(order.since for order in found) > waited):
        return None
    minute = clock.iso(clock.now())[: len("2026-01-31T09:30")]
    wave_id = ids.derived_id("wave", rule.rule, minute)
    metadata = originating(f"wave-rule/{rule.rule}/{minute}", actor="stowage.picking")
    command = RequestWave(wave_id, criteria, clock.iso(clock.now()), rule.rule)
    execute(history(), WAVE, WAVE.stream_id(wave_id), Command(command, metadata))
    pool.take(found)
    return wave_id


def _go_on(stream_id: str) -> None:
    cause = originating(f"wave/{stream_id}", actor="stowage.picking")
    release(stream_id.partition("#")[2], going_on(stream_id, cause))
