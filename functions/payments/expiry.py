"""Takes up, by the clock, payments whose authorization has expired and those that still wait for an answer."""

from typing import Any

from payments.conversation import settle
from payments.domain import PAYMENTS, CheckExpiry
from payments.journeys import going_on
from payments.views import SHARDS
from shared import clock, telemetry
from shared.decider import Command, execute
from shared.events import originating
from shared.rejection import Unavailable
from shared.resilience import CircuitOpen
from shared.resources import history, views


class SweepFailed(Exception):
    """Some payments could not be looked at; the next sweep finds them again."""


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every payment whose moment has come; while the provider is left alone, none can go on."""
    now = clock.iso(clock.now())
    looked_at = waiting = failed = 0
    for shard in SHARDS:
        for stream_id in views().keys(("due", shard), "moment", "by_moment", upto=now):
            try:
                _look(stream_id, now)
                looked_at += 1
            except CircuitOpen as error:
                telemetry.warning("all wait", error=str(error))
                return
            except Unavailable as error:
                waiting += 1
                telemetry.warning("answer outstanding", stream=stream_id, error=f"{type(error).__name__}: {error}")
            except Exception as error:
                failed += 1
                telemetry.error("payment not looked at", stream=stream_id, **telemetry.failure(error))
    telemetry.info("swept", looked_at=looked_at, waiting=waiting, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {looked_at + waiting + failed} payments")


def _look(stream_id: str, now: str) -> None:
    metadata = going_on(stream_id, originating(f"deadline/{now}", actor="stowage.payments"))
    outcome = execute(history(), PAYMENTS, stream_id, Command(CheckExpiry(now), metadata("expiry")))
    settle(outcome, metadata)
