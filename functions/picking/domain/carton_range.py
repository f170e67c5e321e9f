"""The kinds of carton that a warehouse packs into. All kinds of one warehouse are one stream: they are few."""

from collections.abc import Sequence
from typing import Annotated

from immutables import Map
from msgspec import Meta, Struct

from picking.packing_contracts import CartonTypeId, Grams, Millimetres
from shared.events import Event, EventCatalog
from shared.identifiers import WarehouseCode
from shared.rejection import Unprocessable

Percent = Annotated[int, Meta(ge=0, le=100, description="Percent.", examples=[5])]
DEFAULT_TOLERANCE = 5


class Measures(Struct, frozen=True, forbid_unknown_fields=True):
    """Length, width and height in millimetres."""

    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres

    @property
    def size(self) -> tuple[int, int, int]:
        """Length, width, height."""
        return self.length_mm, self.width_mm, self.height_mm


class CartonKind(Struct, frozen=True):
    """A kind of carton: what fits in, how much it takes up, what it weighs when empty.

    `max_weight_g` is that of the contents. A closed carton may weigh `tolerance_percent` more or less than what is
    in it should. Kinds that are not `active` are no longer packed into.
    """

    id: CartonTypeId
    inner: Measures
    outer: Measures
    max_weight_g: Grams
    tare_g: Grams
    tolerance_percent: Percent = DEFAULT_TOLERANCE
    active: bool = True


class CartonKindDescribed(Event, frozen=True):
    """Goods are packed into cartons of this kind from now on (or, when it is not active, no longer)."""

    warehouse: WarehouseCode
    kind: CartonKind


CATALOG = EventCatalog("picking", (CartonKindDescribed,))


class CartonRange(Struct, frozen=True):
    """All kinds of one warehouse, by id."""

    kinds: Map[str, CartonKind] = Map()


class DescribeCartonKind(Struct, frozen=True):
    """Add the kind, or describe it anew."""

    warehouse: WarehouseCode
    kind: CartonKind


def decide(command: DescribeCartonKind, range: CartonRange) -> Sequence[Event]:
    """The event that makes the kind what `command` says; nothing when it is so already.

    Raises Unprocessable when the inside is larger than the outside.
    """
    kind = command.kind
    if any(a > b for a, b in zip(sorted(kind.inner.size), sorted(kind.outer.size), strict=True)):
        raise Unprocessable(
            f"A carton of {kind.outer.size} mm does not hold {kind.inner.size} mm inside.",
            field="inner",
            remedy="Measure again: no inner length may be greater than the outer one.",
            code="larger-inside-than-outside",
        )
    return (
        [] if range.kinds.get(kind.id) == kind else [CartonKindDescribed(warehouse=command.warehouse, kind=kind)]
    )


def evolve(range: CartonRange, event: CartonKindDescribed) -> CartonRange:
    """The kinds after `event`."""
    return CartonRange(range.kinds.set(event.kind.id, event.kind))
