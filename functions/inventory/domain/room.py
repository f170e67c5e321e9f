"""Room in a place: what things there take of its capacity, and what may lie there together."""

from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from inventory.contracts import Capacity, Mixing
from inventory.domain.goods import Item
from shared.rejection import Conflict

C = TypeVar("C", str, tuple[str, str])

Contents = tuple[tuple[str, str], ...]


class Load(Struct, frozen=True, array_like=True):
    """What something takes of a place: volume, weight, products and lots, storage classes."""

    volume_mm3: int = 0
    weight_g: int = 0
    contents: Contents = ()
    classes: tuple[str, ...] = ()

    def covers(self, other: "Load") -> bool:
        """Whether room for this is room for `other`."""
        return (
            self.volume_mm3 >= other.volume_mm3
            and self.weight_g >= other.weight_g
            and set(self.contents) >= set(other.contents)
            and set(self.classes) >= set(other.classes)
        )

    def largest(self, other: "Load") -> "Load":
        """What covers both."""
        return Load(
            max(self.volume_mm3, other.volume_mm3),
            max(self.weight_g, other.weight_g),
            _union(self.contents, other.contents),
            _union(self.classes, other.classes),
        )


class Occupant(Struct, frozen=True, array_like=True):
    """A handling unit that stands here, or is about to, by its move `number`.

    `load` is what it weighs and takes as of its version `version`; `expected_at` is when the room was taken, empty
    once it is known to stand here.
    """

    number: int
    version: int
    load: Load
    expected_at: str = ""


class Claim(Struct, frozen=True, array_like=True):
    """Room taken at `taken_at` for goods on their way from `origin`, or onto the handling unit `unit` here.

    `handling_units` is 1 where it is room for a handling unit.
    """

    load: Load
    taken_at: str
    unit: str = ""
    origin: str = ""
    handling_units: int = 0


class Rules(Struct, frozen=True):
    """What a place in a rack allows, as its description says."""

    capacity: Capacity = Capacity()
    mixing: Mixing = "any"
    storage_classes: tuple[str, ...] = ()


def load_of(items: Iterable[Item]) -> Load:
    """What goods take."""
    volume = weight = 0
    contents: set[tuple[str, str]] = set()
    classes: set[str] = set()
    for item in items:
        volume += item.units * item.volume_mm3
        weight += item.units * item.weight_g
        contents.add((item.sku, item.lot))
        classes.add(item.storage_class)
    return Load(volume, weight, tuple(sorted(contents)), tuple(sorted(classes)))


def total(loads: Iterable[Load]) -> Load:
    """What all of them take together."""
    volume = weight = 0
    contents: set[tuple[str, str]] = set()
    classes: set[str] = set()
    for load in loads:
        volume += load.volume_mm3
        weight += load.weight_g
        contents.update(load.contents)
        classes.update(load.classes)
    return Load(volume, weight, tuple(sorted(contents)), tuple(sorted(classes)))


def require_room(
    place: str, rules: Rules | None, there: Load, more: Load, units: int = 0, more_units: int = 0
) -> None:
    """Raise Conflict where `more` on top of what is `there` breaks the rules of `place` (None: it has none).

    `units` handling units stand there and `more_units` come. Nothing that a place holds already is a reason to
    refuse what does not make it worse.
    """
    if rules is None:
        return
    capacity = rules.capacity
    _require_less(place, "volume", "mm³", capacity.volume_mm3, there.volume_mm3, more.volume_mm3)
    _require_less(place, "weight", "g", capacity.weight_g, there.weight_g, more.weight_g)
    _require_less(place, "handling units", "units", capacity.handling_units, units, more_units)
    _require_mixing(place, rules.mixing, there.contents, more.contents)
    wrong = [one for one in more.classes if rules.storage_classes and one not in rules.storage_classes]
    if wrong:
        raise Conflict(
            f"{place} takes storage classes {', '.join(rules.storage_classes)}, not "
            f"{', '.join(one or 'none' for one in wrong)}.",
            field="location",
            value=place,
            remedy="Choose a place of the product's storage class.",
            code="wrong-storage-class",
        )


def _require_less(place: str, what: str, unit: str, limit: int | None, there: int, more: int) -> None:
    if limit is not None and more > 0 and there + more > limit:
        raise Conflict(
            f"{place} has no room: of its {limit} {unit} of {what}, {there} are taken, and {more} would come.",
            field="location",
            value=place,
            remedy=f"Choose another place, or make room for {there + more - limit} {unit} first.",
            code="capacity-exceeded",
        )


def _require_mixing(place: str, mixing: Mixing, there: Contents, more: Contents) -> None:
    if mixing == "any" or not more:
        return
    together = _union(there, more)
    kinds = {sku for sku, _ in together} if mixing == "one_sku" else set(together)
    if len(kinds) > 1:
        lies = ", ".join(f"{sku} {lot}".strip() for sku, lot in (there or more)[:5])
        raise Conflict(
            f"{place} holds {'one product' if mixing == 'one_sku' else 'one lot'} at a time, and there is {lies}.",
            field="location",
            value=place,
            remedy="Choose another place, or empty this one first.",
            code="mixing-forbidden",
        )


def _union(one: tuple[C, ...], other: tuple[C, ...]) -> tuple[C, ...]:
    both: set[C] = set(one)
    both.update(other)
    return tuple(sorted(both))
