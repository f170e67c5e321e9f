"""Deadlines: a sweeper on a schedule finds orders that have waited too long and makes them act."""

from typing import Any

from orders.aggregates import ORDER
from orders.domain.commands import CheckDeadline
from orders.views import DEADLINE_SHARDS
from shared import clock, telemetry
from shared.decider import Command, Outcome, execute
from shared.events import CommandMetadata, originating
from shared.resources import history, views


class SweepFailed(Exception):
    """Some orders could not be checked; the next sweep finds them again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Check every order whose deadline is over."""
    now = clock.now()
    checked = failed = 0
    for shard in DEADLINE_SHARDS:
        for stream_id in views().keys(("due", shard), "deadline", "by_deadline", upto=clock.iso(now)):
            try:
                _check(stream_id)
                checked += 1
            except Exception as error:
                failed += 1
                telemetry.error("deadline not checked", stream=stream_id, **telemetry.failure(error))
    telemetry.info("swept", checked=checked, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {checked + failed} orders")


def _check(stream_id: str) -> Outcome[Any]:
    return execute(history(), ORDER, stream_id, Command(CheckDeadline(clock.now()), _metadata(stream_id)))


def _metadata(stream_id: str) -> CommandMetadata:
    """Goes on with the order's own journey: the correlation id and trace of its first commit."""
    first = history().commit(stream_id, 1)
    sweep = originating(f"deadline/{clock.iso(clock.now())}", actor="stowage.orders")
    if first is None:
        return sweep
    return CommandMetadata(
        command_id=sweep.command_id,
        correlation_id=first.commands[0].correlation_id,
        traceparent=telemetry.child_traceparent(first.commands[0].traceparent),
        causation_id=sweep.command_id,
        actor=sweep.actor,
    )
