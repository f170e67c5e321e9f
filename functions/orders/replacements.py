"""Replacements: places the order that sends other goods for those that came back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orders.aggregates import ORDER
from orders.contracts import ReplacementRequested
from orders.domain.commands import PlaceOrder
from shared import clock, codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history

NO_PAYMENT = "tok_none"
"""A replacement costs nothing, so no means of payment is ever asked."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Place an order for each replacement, once: its id derives from the return."""
    return react(event, history(), ORDER, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """The order that `event` asks for."""
    wanted = codec.from_json(bytes(event.data), ReplacementRequested)
    yield Addressed(ORDER.stream_id(wanted.replacement_id), _order(wanted, clock.now()))


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
    )
