"""Recalls: what there is of a blocked lot goes to quarantine, in every place and on every handling unit."""

from typing import Any

from inventory import ground
from inventory.stock_contracts import LotBlocked
from inventory.withdrawing import holdings_of, withdraw
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent, caused_by


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Withdraw every lot that was blocked."""
    return react_each(event, handle)


def handle(event: CloudEvent) -> None:
    """Withdraw a lot. What comes of it later is met by whoever puts it there; stragglers by the upkeep."""
    blocked = codec.from_json(bytes(event.data), LotBlocked)
    metadata = caused_by(event)
    for holding in holdings_of(blocked.sku, blocked.lot):
        withdraw(holding, blocked.sku, blocked.lot, blocked.reason, ground.part(metadata, holding))
