"""Goods in a holding: items of units that are alike, how they are found, taken and put together."""

from collections.abc import Iterable, Iterator

from immutables import Map
from msgspec import Struct, structs

from inventory.stock_contracts import Goods
from shared.identifiers import StockStatus

AVAILABLE: StockStatus = "available"
_SEPARATOR = "|"  # in none of the identifiers


class Item(Struct, frozen=True, array_like=True):
    """Units that are alike in all that matters, and to which order lines some of them are allocated.

    `volume_mm3` and `weight_g` are those of one unit; `received_at` is when the oldest of them came.
    """

    sku: str
    units: int
    status: StockStatus = AVAILABLE
    lot: str = ""
    expires_on: str = ""
    serial: str = ""
    inspection_id: str = ""
    received_at: str = ""
    volume_mm3: int = 0
    weight_g: int = 0
    storage_class: str = ""
    allocated: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> str:
        """What tells the item from all others in its holding."""
        return _SEPARATOR.join((self.sku, self.status, self.lot, self.expires_on, self.serial, self.inspection_id))

    @property
    def allocated_units(self) -> int:
        """Units that are set aside for order lines."""
        return sum(units for _, units in self.allocated)

    @property
    def free_units(self) -> int:
        """Units that may leave by themselves: neither set aside nor waiting for an inspection."""
        return 0 if self.inspection_id else self.units - self.allocated_units

    @property
    def turn(self) -> tuple[str, str, str]:
        """First expired, first out; then first in, first out."""
        return self.expires_on or "9999", self.received_at or "0", self.key

    def units_for(self, line: str) -> int:
        """Units that are set aside for `line`."""
        return sum(units for key, units in self.allocated if key == line)

    def allocating(self, line: str, units: int) -> "Item":
        """The item with `units` more (or fewer) set aside for `line`."""
        before = self.units_for(line)
        others = tuple(pair for pair in self.allocated if pair[0] != line)
        here = ((line, before + units),) if before + units else ()
        return structs.replace(self, allocated=(*others, *here))

    def some(self, units: int) -> Goods:
        """`units` of it as an event tells of them."""
        return Goods(
            sku=self.sku,
            units=units,
            status=self.status,
            lot=self.lot or None,
            expires_on=self.expires_on or None,
            serials=(self.serial,) if self.serial else (),
            inspection_id=self.inspection_id or None,
            volume_mm3=self.volume_mm3,
            weight_g=self.weight_g,
            storage_class=self.storage_class or None,
            received_at=self.received_at or None,
        )


Items = Map[str, Item]


def items_of(goods: Goods) -> Iterator[Item]:
    """One item, or one for each serial."""
    whole = Item(
        sku=goods.sku,
        units=goods.units,
        status=goods.status,
        lot=goods.lot or "",
        expires_on=goods.expires_on or "",
        inspection_id=goods.inspection_id or "",
        received_at=goods.received_at or "",
        volume_mm3=goods.volume_mm3,
        weight_g=goods.weight_g,
        storage_class=goods.storage_class or "",
    )
    if not goods.serials:
        yield whole
    for serial in goods.serials:
        yield structs.replace(whole, serial=serial, units=1)


def with_goods(items: Items, goods: Iterable[Goods], at: str = "") -> Items:
    """`items` and `goods`, which came at `at` when they do not say so themselves."""
    changed = items.mutate()
    for item in (item for one in goods for item in items_of(one)):
        known = changed.get(item.key)
        came = item.received_at or at
        if known is None:
            changed[item.key] = structs.replace(item, received_at=came)
            continue
        changed[item.key] = structs.replace(
            known,
            units=known.units + item.units,
            received_at=min(known.received_at or came, came),
            volume_mm3=item.volume_mm3 or known.volume_mm3,
            weight_g=item.weight_g or known.weight_g,
            storage_class=item.storage_class or known.storage_class,
        )
    return changed.finish()


def without_goods(items: Items, goods: Iterable[Goods]) -> Items:
    """`items` less `goods`, which are among them."""
    changed = items.mutate()
    for item in (item for one in goods for item in items_of(one)):
        left = changed[item.key].units - item.units
        if left:
            changed[item.key] = structs.replace(changed[item.key], units=left)
        else:
            del changed[item.key]
    return changed.finish()


def allocating(items: Items, line: str, goods: Iterable[Goods], sign: int) -> Items:
    """`items` with `goods` set aside for `line` (sign 1), or no longer (sign -1)."""
    changed = items.mutate()
    for item in (item for one in goods for item in items_of(one)):
        changed[item.key] = changed[item.key].allocating(line, sign * item.units)
    return changed.finish()


def together(parts: Iterable[Goods]) -> tuple[Goods, ...]:
    """`parts` with those that are alike put together, serials in one list."""
    found: dict[tuple[object, ...], Goods] = {}
    for part in parts:
        alike = (part.sku, part.status, part.lot, part.expires_on, part.inspection_id, bool(part.serials))
        known = found.get(alike)
        found[alike] = (
            part
            if known is None
            else structs.replace(
                known,
                units=known.units + part.units,
                serials=known.serials + part.serials,
                received_at=min(known.received_at or "", part.received_at or "") or None,
            )
        )
    return tuple(found.values())


def as_status(goods: Iterable[Goods], status: StockStatus) -> tuple[Goods, ...]:
    """The same goods with another status, which wait for no inspection."""
    return tuple(structs.replace(one, status=status, inspection_id=None) for one in goods)
