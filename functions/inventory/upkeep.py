"""Upkeep, on a schedule: what expired is not available, room taken in vain is free, recalls are completed."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from msgspec import Struct

from inventory import ground
from inventory.aggregates import HOLDING, PUT_AWAY
from inventory.domain import numbers
from inventory.domain.holding import Holding, is_container, lane_of
from inventory.domain.movement import ReleaseSpace, ReleaseUnit, SettleUnit
from inventory.domain.putaway import OPEN, PUT_AWAY_CLAIMS
from inventory.domain.room import Claim, Occupant
from inventory.domain.stock import WithdrawExpired
from inventory.due import AWAITED, BLOCKED, BY_DUE, DUE_SHARDS, EXPIRING
from inventory.moving import settle
from inventory.withdrawing import holdings_of, withdraw
from shared import clock, ids
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.events import CommandMetadata, originating
from shared.journeys import going_on
from shared.resources import history, views
from shared.sweep import sweep

STALE_AFTER = timedelta(minutes=15)
"""Longer than any worker lives that may still use room which it has taken; a repeated request takes it anew."""
RECALLS_LOOKED_AFTER = timedelta(days=7)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look after every holding that is due."""
    now = clock.now()
    stale, yesterday = clock.iso(now - STALE_AFTER), clock.iso(now - timedelta(days=1))[ground.DAY]
    sweep(
        (f"{stream_id} {what}", partial(work, stream_id))
        for what, stream_ids, work in (
            ("room", _due(AWAITED, stale), tidy),
            ("expiry", _due(EXPIRING, yesterday), expire),
            ("recall", _recalled(), complete_recall),
        )
        for stream_id in stream_ids
    )


def expire(stream_id: str) -> None:
    """What has expired in a holding is no longer available."""
    holding = _id(stream_id)
    today = ground.today(ground.now())
    command = WithdrawExpired(holding, today, ground.now(), ground.find(holding).warehouse or None)
    _do(stream_id, command)


def complete_recall(stream_id: str) -> None:
    """Withdraw what was put somewhere by those who had looked just before the lot was blocked."""
    _, sku, lot = stream_id.split("#", 2)
    for holding in holdings_of(sku, lot):
        withdraw(holding, sku, lot, "", _metadata(HOLDING.stream_id(holding)))


def tidy(stream_id: str) -> None:
    """Free room that was taken for something that did not come, and note what stands here and nobody noted."""
    stream = ground.books(_id(stream_id))
    stale = clock.iso(clock.now() - STALE_AFTER)
    for claim_id, claim in stream.state.claims.items():
        if claim.taken_at <= stale and not _kept(claim_id, _id(stream_id)):
            _tidy_claim(stream, claim_id, claim)
    for unit, occupant in stream.state.occupants.items():
        if occupant.expected_at and occupant.expected_at <= stale:
            _tidy_unit(stream, unit, occupant)
    if is_container(_id(stream_id)):
        settle(_id(stream_id), _metadata(stream_id))


def _kept(claim_id: str, place: str) -> bool:
    """Whether the room is that of a put-away task which is still open and goes to `place`."""
    if not claim_id.startswith(PUT_AWAY_CLAIMS):
        return False
    task_id = claim_id.removeprefix(PUT_AWAY_CLAIMS).partition("/")[0]
    task = history().load(PUT_AWAY, PUT_AWAY.stream_id(task_id)).state
    return task.status == OPEN and (task.location, task.room_claim) == (place, claim_id)


def _tidy_claim(stream: Stream[Holding], claim_id: str, claim: Claim) -> None:
    here = _id(stream.id)
    if claim.unit:
        unit = ground.books(claim.unit)
        if unit.state.place != here:
            _do(stream.id, ReleaseSpace(here, claim_id))
        elif claim_id not in unit.state.claims:
            _do(stream.id, _settled(here, claim.unit, unit, (claim_id,)))
    elif not claim.origin or not _on_its_way(claim.origin, stream):
        _do(stream.id, ReleaseSpace(here, claim_id))


def _tidy_unit(stream: Stream[Holding], sscc: str, occupant: Occupant) -> None:
    here = _id(stream.id)
    unit = ground.books(sscc)
    if unit.state.place == here:
        _do(stream.id, _settled(here, sscc, unit, ()))
    else:
        _do(stream.id, ReleaseUnit(here, sscc, occupant.number + 1))


def _settled(here: str, sscc: str, unit: Stream[Holding], claims: tuple[str, ...]) -> SettleUnit:
    return SettleUnit(here, sscc, unit.state.move, unit.sequence, unit.state.load, claims)


def _on_its_way(origin: str, stream: Stream[Holding]) -> bool:
    """Whether anything has left `origin` for here and not arrived."""
    lane = ground.books(origin).state.lanes.get(_id(stream.id))
    if lane is None:
        return False
    seen = ground.books(_id(stream.id)).state.seen.get(lane_of(origin, lane.lane), ())
    return not all(numbers.has(seen, number) for number in range(1, lane.number + 1))


def _due(what: str, upto: str) -> Iterator[str]:
    for shard in DUE_SHARDS:
        yield from dict.fromkeys(views().keys(("due", f"{what}{shard}"), "deadline", BY_DUE, upto))


def _recalled() -> Iterator[str]:
    """The lots that were blocked in the last days."""
    now = clock.now()
    after: str | None = clock.iso(now - RECALLS_LOOKED_AFTER)
    while after is not None:
        page = views().pointers(("due", BLOCKED), "deadline", BY_DUE, after=after, upto=clock.iso(now))
        yield from (pk for _, (pk, _) in page.items)
        after = page.next


def _do(stream_id: str, command: Struct) -> None:
    execute(history(), HOLDING, stream_id, Command(command, _metadata(stream_id)))


def _metadata(stream_id: str) -> CommandMetadata:
    return going_on(stream_id, originating(f"deadline/upkeep/{ids.new_id()}", actor="stowage.inventory"))


def _id(stream_id: str) -> str:
    return stream_id.partition("#")[2]
