"""Scoring: lets every closed shipment count for its supplier and month."""

from typing import Any

from receiving.aggregates import SCORE
from receiving.contracts import ShipmentClosed
from receiving.domain.score import ScoreReceipt
from receiving.subscriptions import READS
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.resources import history

_MONTH = len("2026-01")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count a batch of closed shipments."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ShipmentClosed() as closed:
            month = closed.closed_at[:_MONTH]
            counted = ScoreReceipt(
                closed.shipment_id,
                closed.supplier,
                month,
                closed.on_time,
                closed.complete,
                closed.undamaged,
                closed.received_units,
            )
            stream_id = SCORE.stream_id(closed.supplier, month)
            execute(history(), SCORE, stream_id, Command(counted, caused_by(event)))
