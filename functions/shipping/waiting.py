"""Takes up, by the clock, shipments that still wait for labels, or have some to give back."""

from typing import Any

from shared import clock, telemetry
from shared.events import CommandMetadata, originating
from shared.rejection import Unavailable
from shared.resources import history, views
from shipping.aggregates import SHIPMENT
from shipping.conversation import take_up
from shipping.views import SHARDS


class SweepFailed(Exception):
    """Some shipments could not be looked at; the next sweep finds them again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every shipment whose moment has come."""
    now = clock.iso(clock.now())
    looked_at = waiting = failed = 0
    for shard in SHARDS:
        for stream_id in views().keys(("due", shard), "moment", "by_due", upto=now):
            try:
                _look(stream_id, now)
                looked_at += 1
            except Unavailable as error:
                telemetry.warning("shipment waits", stream=stream_id, error=f"{type(error).__name__}: {error}")
                waiting += 1
            except Exception as error:
                failed += 1
                telemetry.error("shipment not looked at", stream=stream_id, **telemetry.failure(error))
    telemetry.info("swept", looked_at=looked_at, waiting=waiting, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {looked_at + waiting + failed} shipments")


def _look(stream_id: str, now: str) -> None:
    take_up(history().load(SHIPMENT, stream_id), lambda part: _metadata(stream_id, now, part))


def _metadata(stream_id: str, now: str, part: str) -> CommandMetadata:
    """Goes on with the shipment's own journey: the correlation id and trace of its first commit."""
    first = history().commit(stream_id, 1)
    sweep = originating(f"waiting/{now}", actor="stowage.shipping")
    journey = first.commands[0] if first is not None else sweep
    return CommandMetadata(
        command_id=f"{sweep.command_id}/{part}",
        correlation_id=journey.correlation_id,
        traceparent=telemetry.child_traceparent(journey.traceparent),
        causation_id=sweep.command_id,
        actor=sweep.actor,
    )
