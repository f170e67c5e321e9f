"""Recalls: a lot that must not be used, wherever it is."""

from collections.abc import Sequence

from msgspec import Struct

from receiving.contracts import LotRecalled, LotRecallLifted, Reason
from shared.events import Event, EventCatalog
from shared.identifiers import LotNumber, Sku
from shared.rejection import NotFound

CATALOG = EventCatalog("receiving", (LotRecalled, LotRecallLifted))


class Recall(Struct, frozen=True):
    """Whether a lot is recalled, and why; an empty `sku` means: it never was."""

    sku: str = ""
    lot: str = ""
    active: bool = False
    reason: str = ""


class RecallLot(Struct, frozen=True):
    """Stop every use of a lot."""

    sku: Sku
    lot: LotNumber
    reason: Reason


class LiftRecall(Struct, frozen=True):
    """Let the lot be used again."""


def decide(command: RecallLot | LiftRecall, recall: Recall) -> Sequence[Event]:
    """A recall once, and its end once."""
    match command:
        case RecallLot():
            if recall.active:
                return []
            return [LotRecalled(sku=command.sku, lot=command.lot, reason=command.reason)]
        case LiftRecall():
            if not recall.sku:
                raise NotFound(
                    "This lot was never recalled.",
                    field="lot",
                    remedy="GET /receiving/recalls lists the recalls.",
                    code="unknown-recall",
                )
            return [LotRecallLifted(sku=recall.sku, lot=recall.lot)] if recall.active else []


def evolve(recall: Recall, event: Event) -> Recall:
    """The recall after `event`."""
    match event:
        case LotRecalled():
            return Recall(event.sku, event.lot, True, event.reason)
        case LotRecallLifted():
            return Recall(event.sku, event.lot, False, recall.reason)
        case _:
            return recall
