"""Takes a blocked lot out of what can be promised, holding by holding."""

from collections.abc import Iterator

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain.stock import WithdrawLot
from inventory.due import BY_LOT
from shared.decider import Command, execute
from shared.events import CommandMetadata
from shared.resources import history, views

_PAGE = 200


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
    known = ground.lot_of(sku, lot)
    if not known.blocked:
        return False
    command = WithdrawLot(
        holding=holding,
        sku=sku,
        lot=lot,
        status="quarantine",
        reason_code="recalled",
        occurred_at=ground.now(),
        reason=reason or known.reason,
        warehouse=ground.find(holding).warehouse or None,
    )
    return bool(execute(history(), HOLDING, HOLDING.stream_id(holding), Command(command, metadata)).events)
