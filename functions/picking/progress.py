"""Progress: what lists have collected is noted with its order, which is picked once nothing is open."""

from collections.abc import Iterator
from typing import Any

from picking.aggregates import PICK_ORDER
from picking.contracts import PartPicked
from picking.domain.pick_order import NotePart
from shared import codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note what was collected for orders, each order's in one decision."""
    return react(event, history(), PICK_ORDER, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` tells the order that it is about."""
    part = codec.from_json(bytes(event.data), PartPicked)
    yield Addressed(PICK_ORDER.stream_id(part.order_id), NotePart(part.list_id, part.parcels, part.picked_at))
