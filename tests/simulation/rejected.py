"""What must hold of goods that packers reject: none of them is sent, and each is out of the books or unsellable.

Followed from the events as they are committed, and compared with what packers were answered.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from inventory.domain.picked import StockCollected
from inventory.stock_contracts import Goods, StockAdjusted, StockCounted, StockDeparted, StockStatusChanged
from picking.packing_contracts import ItemsRejected, PackedItem, RejectedUnits, UnitsRejected
from shared.events import Event
from tests.simulation.ledger import Kind, Ledger, kinds
from tests.simulation.violation import Violation

Spot = tuple[str, str, Kind]
"""Condition, trolley, and what it is."""


class Rejected:
    """Follows what packers reject from the bench to the books."""

    def __init__(self) -> None:
        self._packers: Counter[Spot] = Counter()
        """As the packing of orders has recorded it."""
        self._told: Counter[Spot] = Counter()
        """As inventory is told."""
        self._settled: Counter[Spot] = Counter()
        """As it is in the books."""
        self._trolleys: set[str] = set()
        self._elsewhere: Counter[tuple[str, Kind]] = Counter()
        """By trolley: what was brought back from it, has expired in it, or was not there when it was counted."""

    def committed(self, events: Sequence[Event]) -> None:
        """A commit."""
        for event in events:
            match event:
                case ItemsRejected():
                    self._packers.update(_spots(event.condition, event.items))
                case UnitsRejected():
                    self._told.update(_spots(event.condition, event.lines))
                case StockCollected():
                    self._trolleys.add(event.holding)
                case StockAdjusted() if event.location in self._trolleys and event.reason_code == "lost":
                    gone = kinds(event.sku, -event.quantity, event.lot, event.serials)
                    self._settled.update({("missing", event.location, kind): gone[kind] for kind in gone})
                case StockStatusChanged() if event.holding in self._trolleys and event.status == "damaged":
                    bad = _kinds_of(event.goods)
                    self._settled.update({("damaged", event.holding, kind): bad[kind] for kind in bad})
                case StockStatusChanged() if event.holding in self._trolleys and event.status == "expired":
                    old = _kinds_of(event.goods)  # which says more than damaged does
                    self._elsewhere.update({(event.holding, kind): old[kind] for kind in old})
                case StockDeparted() if event.holding in self._trolleys:
                    self._elsewhere.update(
                        {(event.holding, kind): n for kind, n in _kinds_of(event.goods).items()}
                    )
                case StockCounted() if event.holding in self._trolleys:
                    lost = _kinds_of(event.removed)
                    self._elsewhere.update({(event.holding, kind): n for kind, n in lost.items()})

    @property
    def written_off(self) -> Counter[Kind]:
        """Units that are off the books because packers did not find them."""
        found: Counter[Kind] = Counter()
        for (condition, _, kind), units in self._settled.items():
            if condition == "missing":
                found[kind] += units
        return found

    def at_rest(self, book: Ledger) -> None:
        """What packers were answered has been told, and is so, but for what had been brought back by then."""
        recorded: Counter[tuple[str, Kind]] = Counter()
        for (condition, _, kind), units in self._packers.items():
            recorded[condition, kind] += units
        if recorded != book.rejected:
            raise Violation("packing does not know what was rejected", recorded, book.rejected)
        if self._told != self._packers:
            raise Violation("inventory was not told what was rejected", *(self._packers - self._told))
        for spot in {*self._told, *self._settled}:
            _, trolley, kind = spot
            still = self._told[spot] - self._settled[spot]
            if still < 0:
                raise Violation("more is written off than was rejected", *spot, -still)
            if still > self._elsewhere[trolley, kind]:
                raise Violation("what was rejected is in the books as before", *spot, still)


def _spots(condition: str, items: Iterable[PackedItem | RejectedUnits]) -> Counter[Spot]:
    found: Counter[Spot] = Counter()
    for item in items:
        for kind, units in kinds(item.sku, item.units, item.lot, item.serials).items():
            found[condition, item.container, kind] += units
    return found


def _kinds_of(goods: Iterable[Goods]) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for one in goods:
        found.update(kinds(one.sku, one.units, one.lot, one.serials))
    return found
