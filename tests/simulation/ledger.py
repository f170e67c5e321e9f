"""An independent book of the warehouse, kept from what callers were answered: what came, went and was decided."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Kind = tuple[str, str, str]
"""SKU, lot and serial; empty where the product is not tracked by it."""


@dataclass
class Ledger:
    """What people have seen and been told."""

    wares: set[str] = field(default_factory=set)
    """Products that move about: of these only the sums are known, not what lies where."""
    balance: Counter[Kind] = field(default_factory=Counter)
    """Units that came in less those that went out."""
    shipments: dict[str, str] = field(default_factory=dict)
    """By reference: the id of an inbound shipment."""
    logged: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By shipment, SKU and lot: units that operators have logged."""
    closed: set[str] = field(default_factory=set)
    """Ids of shipments that were closed."""
    inspections: dict[str, str] = field(default_factory=dict)
    """The inspections that goods wait for, and their shipment's id."""
    decided: set[str] = field(default_factory=set)
    """Inspections whose decision was accepted."""
    recalled: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """By SKU and lot what was asked for: `recall`, `lift`."""
    units: dict[str, str] = field(default_factory=dict)
    """By action: the SSCC of the handling unit that it has made."""
    transfers: dict[str, str] = field(default_factory=dict)
    """By action: the id of the transfer that it has sent."""
    confirmed: Counter[str] = field(default_factory=Counter)
    """By task: units whose put-away was answered."""
    sending: set[str] = field(default_factory=set)
    """Warehouses in which everything that can leave has left in the end."""
    picked: Counter[str] = field(default_factory=Counter)
    """By pick: units whose confirmation was accepted."""
    scans: set[str] = field(default_factory=set)
    """Confirmations of picks that were accepted."""
    leases: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By pick list: who was told to have it, and until when."""
    packed: dict[str, Counter[Kind]] = field(default_factory=dict)
    """By SSCC: what was closed into a carton."""
    in_hand: set[str] = field(default_factory=set)
    """Serials that somebody has taken from their place, and nobody has brought back."""
    rejected: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    """By condition: units that packers have rejected."""
    called_off: dict[str, float] = field(default_factory=dict)
    """Pick lists that a supervisor has cancelled, and since when that is known."""
    reassigned: dict[str, float] = field(default_factory=dict)
    """By pick list: until when a supervisor was about to take it away. What was asked before proves nothing."""
    returns: dict[str, str] = field(default_factory=dict)
    """By return id: its inbound shipment."""
    told: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """By a carrier's number of a carton: what has become of it and when, as far as messages on it were taken."""
    sent_back: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    """Units that customers have sent back, by the carton that they came in."""

    def note_cartons(self, cartons: Iterable[Mapping[str, Any]]) -> None:
        """Note cartons that were closed, as answers tell of them."""
        for carton in cartons:
            self.packed[carton["sscc"]] = goods_of(carton["items"])

    def note_rejected(self, condition: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Note what a packer has rejected, as the answer tells of it."""
        for kind, units in goods_of(items).items():
            self.rejected[condition, kind] += units

    def count(self, sku: str, units: int, lot: str | None = None, serials: Iterable[str] = ()) -> None:
        """Note units that came (or went: fewer than none)."""
        sign = 1 if units > 0 else -1
        named = list(serials)
        if sign > 0:
            self.in_hand.difference_update(named)
        for serial in named:
            self.balance[sku, lot or "", serial] += sign
        if not named:
            self.balance[sku, lot or "", ""] += units

    def count_goods(self, goods: Iterable[Mapping[str, Any]]) -> None:
        """Note goods that came, as answers tell of them."""
        for one in goods:
            self.count(one["sku"], one["units"], one.get("lot"), one.get("serials", ()))


def goods_of(items: Iterable[Mapping[str, Any]]) -> Counter[Kind]:
    """Units by SKU, lot and serial of what answers tell."""
    found: Counter[Kind] = Counter()
    for item in items:
        found.update(kinds(item["sku"], item["units"], item.get("lot"), item.get("serials", ())))
    return found


def kinds(sku: str, units: int, lot: str | None, serials: Iterable[str]) -> Counter[Kind]:
    """Units by SKU, lot and serial."""
    named = list(serials)
    if named:
        return Counter((sku, lot or "", serial) for serial in named)
    return Counter({(sku, lot or "", ""): units})
