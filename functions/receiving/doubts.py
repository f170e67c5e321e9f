"""Doubts: what inventory does not count of what was logged is noted with its shipment, as a discrepancy of it."""

from typing import Any, cast

from receiving.aggregates import SHIPMENT
from receiving.domain.shipment import NoteRepeatedSerials
from receiving.subscriptions import READS, SerialsRepeated
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note the serial numbers of a batch of events that were logged though they were known."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    repeated = cast(SerialsRepeated, codec.from_json(bytes(event.data), READS[event.type]))
    command = NoteRepeatedSerials(repeated.sku, repeated.serials, repeated.holding)
    execute(history(), SHIPMENT, SHIPMENT.stream_id(repeated.shipment_id), Command(command, caused_by(event)))
