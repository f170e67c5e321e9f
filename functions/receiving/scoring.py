"""Scoring: every closed shipment counts for its supplier and month; so does the time until goods are stored."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from receiving.aggregates import SCORE, SHIPMENT
from receiving.contracts import RETURNS, ShipmentClosed
from receiving.domain.score import ScoreReceipt, TimePutAway
from receiving.subscriptions import READS, PutAwayConfirmed
from shared import codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history

_MONTH = len("2026-01")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count a batch of closed shipments and finished put-away tasks, each supplier's and month's in one write."""
    return react(event, history(), SCORE, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` adds to a scorecard."""
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ShipmentClosed(supplier=supplier) as closed if supplier != RETURNS:
            month = closed.closed_at[:_MONTH]
            yield Addressed(
                SCORE.stream_id(closed.supplier, month),
                ScoreReceipt(
                    closed.shipment_id,
                    closed.supplier,
                    month,
                    closed.on_time,
                    closed.complete,
                    closed.undamaged,
                    closed.received_units,
                ),
            )
        case PutAwayConfirmed(remaining=0, shipment_id=str() as shipment_id) as stored:
            shipment = history().load(SHIPMENT, SHIPMENT.stream_id(shipment_id)).state
            if shipment.arrived_at and shipment.supplier != RETURNS:
                month = stored.confirmed_at[:_MONTH]
                taken = datetime.fromisoformat(stored.confirmed_at) - datetime.fromisoformat(shipment.arrived_at)
                yield Addressed(
                    SCORE.stream_id(shipment.supplier, month),
                    TimePutAway(stored.task_id, shipment.supplier, month, max(0, round(taken.total_seconds()))),
                )
