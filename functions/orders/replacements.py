"""Replacements: places the order that sends other goods for those that came back, and says what was not sent."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orders.aggregates import ORDER
from orders.contracts import ReplacementRequested, ReplacementUndone, Replaces
from orders.domain.commands import NoteUndone, PlaceOrder
from orders.subscriptions import READS
from shared import clock, codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history

NO_PAYMENT = "tok_none"
"""A replacement costs nothing, so no means of payment is ever asked."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Place an order for each replacement, once: its id derives from the return. What is undone is refunded."""
    return react(event, history(), ORDER, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """The order that `event` asks for, or what it tells the order whose goods came back."""
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ReplacementRequested() as wanted:
            yield Addressed(ORDER.stream_id(wanted.replacement_id), _order(wanted, clock.now()))
        case ReplacementUndone() as undone:
            told = NoteUndone(undone.return_id, undone.lines, clock.now())
            yield Addressed(ORDER.stream_id(undone.order_id), told)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} is nothing to replacements")


def _order(wanted: ReplacementRequested, at: datetime) -> PlaceOrder:
    return PlaceOrder(
        order_id=wanted.replacement_id,
        channel=wanted.channel,
        reference=wanted.reference,
        customer=wanted.customer,
        warehouse=wanted.warehouse,
        currency=wanted.currency,
        method=NO_PAYMENT,
        placed_at=wanted.requested_at,
        lines=wanted.lines,
        at=at,
        ship_to=wanted.ship_to,
        priority=wanted.priority,
        carrier_service=wanted.carrier_service,
        replaces=Replaces(wanted.order_id, wanted.return_id),
    )
