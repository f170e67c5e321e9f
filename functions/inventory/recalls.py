"""Recalls: what there is of a blocked lot goes to quarantine, in every place and on every handling unit."""

from collections.abc import Iterator
from typing import Any

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain.stock import WithdrawLot
from inventory.holding_views import BY_LOT
from inventory.stock_contracts import LotBlocked
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.events import CommandMetadata
from shared.resources import history, views

_PAGE = 200


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Withdraw every lot that was blocked."""
    return react_each(event, handle)


def handle(event: CloudEvent) -> None:
    """Withdraw a lot. What comes of it later is met by whoever puts it there; stragglers by the upkeep."""
    blocked = codec.from_json(bytes(event.data), LotBlocked)
    metadata = caused_by(event)
    for holding in holdings_of(blocked.sku, blocked.lot):
        withdraw(holding, blocked.sku, blocked.lot, blocked.reason, ground.part(metadata, holding))


def holdings_of(sku: str, lot: str) -> Iterator[str]:
    """Where there is something of a lot, as the views know, a moment behind."""
    after: str | None = None
    while True:
        page = views().pointers(("lot", f"{sku}#{lot}"), "held", BY_LOT, after=after, limit=_PAGE)
        for _, (pk, _) in page.items:
            yield pk.partition("#")[2]
        if page.next is None:
            return
        after = page.next


def withdraw(holding: str, sku: str, lot: str, reason: str, metadata: CommandMetadata) -> bool:
    """Put what a holding has available of a blocked lot into quarantine; whether there was anything."""
    if not ground.lot_of(sku, lot).blocked:
        return False
    command = WithdrawLot(
        holding=holding,
        sku=sku,
        lot=lot,
        status="quarantine",
        reason_code="recalled",
        occurred_at=ground.now(),
        reason=reason or None,
        warehouse=ground.find(holding).warehouse or None,
    )
    return bool(execute(history(), HOLDING, HOLDING.stream_id(holding), Command(command, metadata)).events)
