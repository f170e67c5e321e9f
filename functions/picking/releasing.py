"""Releasing: waves that were asked for become pick lists."""

from typing import Any

from picking.contracts import WaveRequested
from picking.wave_making import release
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent, caused_by


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Release the waves that were asked for."""
    return react_each(event, _release)


def _release(event: CloudEvent) -> None:
    release(codec.from_json(bytes(event.data), WaveRequested).wave_id, caused_by(event))
