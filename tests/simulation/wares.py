"""What comes into the warehouse: products with lots, expiry dates and serials, and the units they stand on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.gs1 import check_digit

UNIT_MM = 10
UNIT_VOLUME = UNIT_MM**3
UNIT_WEIGHT = 100
LOTS = {
    "L-LATE": "2027-06-30",
    "L-LONG": "2027-12-31",
    "L-WEEK": "2026-02-07",
    "L-SOON": "2026-02-02",
    "L-PAST": "2026-01-20",
}
"""Lots and when they expire: two that last, two that expire in longer runs, one that has when runs begin."""


@dataclass(frozen=True)
class Ware:
    """A product of the warehouse, and what is known of its units."""

    sku: str
    tracking: str = "none"
    category: str = "plain"

    @property
    def described(self) -> dict[str, Any]:
        """What its description says besides its name."""
        size = {"length_mm": UNIT_MM, "width_mm": UNIT_MM, "height_mm": UNIT_MM}
        return {
            "dimensions": size,
            "weight_g": UNIT_WEIGHT,
            "tracking": self.tracking,
            "category": self.category,
        }

    def labelled(self, lot: str, units: int, named: str) -> dict[str, Any]:
        """What the labels on `units` units of it say. `named` makes their serials unlike all others."""
        label: dict[str, Any] = {}
        if self.tracking in ("lot", "lot_expiry"):
            label["lot"] = lot
        if self.tracking == "lot_expiry":
            label["expires_on"] = LOTS[lot]
        if self.tracking == "serial":
            label["serials"] = [f"{named}-{number}" for number in range(1, units + 1)]
        return label


@dataclass(frozen=True)
class Parcel:
    """Units of one product, as somebody announces or finds them; `label` is what stands on them."""

    sku: str
    units: int
    label: dict[str, Any] = field(default_factory=dict)
    sscc: str | None = None
    damaged: bool = False

    @property
    def announced(self) -> dict[str, Any]:
        """As a line of an announcement: serials are not announced."""
        line = {"sku": self.sku, "units": self.units, "sscc": self.sscc}
        return _told(line | {name: value for name, value in self.label.items() if name != "serials"})

    @property
    def found(self) -> dict[str, Any]:
        """As an entry that an operator logs."""
        condition = "damaged" if self.damaged else "ok"
        return _told(
            {"sku": self.sku, "units": self.units, "sscc": self.sscc, "condition": condition} | self.label
        )

    @property
    def kinds(self) -> Iterator[tuple[str, str, str, int]]:
        """SKU, lot, serial and units of what is alike."""
        lot = self.label.get("lot", "")
        serials = self.label.get("serials", ())
        if not serials:
            yield self.sku, lot, "", self.units
        for serial in serials:
            yield self.sku, lot, serial, 1


def sscc(number: int) -> str:
    """A supplier's handling unit."""
    digits = f"3{number:016d}"
    return f"{digits}{check_digit(digits)}"


def _told(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}
