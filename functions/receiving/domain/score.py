"""Scorecards: how the shipments of one supplier went that were closed in one month, and how soon they were stored.

Sums that hold in any order: a shipment counts once, a put-away task counts once.
"""

from collections.abc import Sequence

from immutables import Map
from msgspec import Struct, structs

from receiving.contracts import Supplier
from shared.events import Event, EventCatalog
from shared.identifiers import ShipmentId
from shared.quantity import Units


class ReceiptScored(Event, frozen=True):
    """A closed shipment counts for its supplier."""

    shipment_id: ShipmentId
    supplier: Supplier
    month: str
    on_time: bool
    complete: bool
    undamaged: bool
    units: Units = 0


class PutAwayTimed(Event, frozen=True):
    """Goods of a shipment were stored so many seconds after it had arrived."""

    task_id: str
    supplier: Supplier
    month: str
    seconds: Units


CATALOG = EventCatalog("receiving", (ReceiptScored, PutAwayTimed))


class Score(Struct, frozen=True, omit_defaults=True):
    """Counts and sums of one supplier and month."""

    supplier: str = ""
    month: str = ""
    receipts: int = 0
    on_time: int = 0
    complete: int = 0
    undamaged: int = 0
    units: int = 0
    put_aways: int = 0
    seconds: int = 0
    counted: Map[str, bool] = Map()


class ScoreReceipt(Struct, frozen=True):
    """Count a closed shipment."""

    shipment_id: ShipmentId
    supplier: Supplier
    month: str
    on_time: bool
    complete: bool
    undamaged: bool
    units: Units = 0


class TimePutAway(Struct, frozen=True):
    """Count a put-away task."""

    task_id: str
    supplier: Supplier
    month: str
    seconds: Units


def decide(command: ScoreReceipt | TimePutAway, score: Score) -> Sequence[Event]:
    """Nothing is counted twice."""
    match command:
        case ScoreReceipt():
            known = command.shipment_id in score.counted
            return [] if known else [ReceiptScored(**structs.asdict(command))]
        case TimePutAway():
            return [] if command.task_id in score.counted else [PutAwayTimed(**structs.asdict(command))]


def evolve(score: Score, event: Event) -> Score:
    """The sums after `event`."""
    match event:
        case ReceiptScored():
            return structs.replace(
                score,
                supplier=event.supplier,
                month=event.month,
                receipts=score.receipts + 1,
                on_time=score.on_time + event.on_time,
                complete=score.complete + event.complete,
                undamaged=score.undamaged + event.undamaged,
                units=score.units + event.units,
                counted=score.counted.set(event.shipment_id, True),
            )
        case PutAwayTimed():
            return structs.replace(
                score,
                supplier=event.supplier,
                month=event.month,
                put_aways=score.put_aways + 1,
                seconds=score.seconds + event.seconds,
                counted=score.counted.set(event.task_id, True),
            )
        case _:
            return score
