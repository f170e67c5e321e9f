"""Progress: what lists have collected, and what packers reject of it, is noted with its order.

The order is picked once nothing is open.
"""

from collections.abc import Iterator
from typing import Any

from picking.aggregates import PICK_ORDER
from picking.contracts import PartPicked
from picking.domain.pick_order import NotePart, NoteRejection
from picking.packing_contracts import ItemsRejected
from picking.subscriptions import READS
from shared import codec
from shared.consumer import Addressed, react
from shared.envelope import CloudEvent
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note what was collected for orders, and what is no good, each order's in one decision."""
    return react(event, history(), PICK_ORDER, commands)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` tells the order that it is about."""
    match codec.from_json(bytes(event.data), READS[event.type]):
        case PartPicked() as part:
            command = NotePart(part.list_id, part.parcels, part.picked_at, part.returned)
            yield Addressed(PICK_ORDER.stream_id(part.order_id), command)
        case ItemsRejected() as bad:
            rejection = NoteRejection(bad.rejection_id, bad.items, bad.condition, bad.reason, bad.rejected_at)
            yield Addressed(PICK_ORDER.stream_id(bad.order_id), rejection)
