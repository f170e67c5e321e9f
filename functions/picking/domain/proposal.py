"""A packing proposal, pure: which cartons an order needs and where everything lies in them.

Cartonization (`picking.domain.cartonization`) places pieces; here units become pieces, many units of a product a
bundle of them, and what nobody has measured is named instead of guessed.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from picking.domain.carton_range import CartonKind
from picking.domain.cartonization import Carton, CartonType, Item, pack
from picking.domain.cartonization.model import Size

MOST_PIECES = 250
"""More units than that are bundled before they are placed: a large order takes no longer than so many pieces."""


class Portion(Struct, frozen=True):
    """Units of a line that are to be packed."""

    line_id: str
    sku: str
    units: int


class Body(Struct, frozen=True):
    """A unit as a thing in space. Without a `size` nobody has measured it, without a `weight_g` weighed it."""

    size: Size | None = None
    weight_g: int | None = None
    fragile: bool = False
    hazard_class: str | None = None


class Stack(Struct, frozen=True):
    """Units of a line in one place: their lowest corner in the carton, and their size together, as turned."""

    line_id: str
    sku: str
    units: int
    corner: Size
    size: Size


class ProposedCarton(Struct, frozen=True):
    """A carton, what lies where in it (from below), and what all of it weighs, carton included."""

    carton_type: str
    weight_g: int
    contents: tuple[Stack, ...]


class Unplaced(Struct, frozen=True):
    """Units that no carton is proposed for, and why."""

    line_id: str
    sku: str
    units: int
    reason: str


class Proposal(Struct, frozen=True):
    """The cartons, and what ships in its own packaging or is for the packer to judge.

    `unweighed` are SKUs whose weight nobody knows: they count as weightless. `void_mm3` is the empty volume.
    """

    cartons: tuple[ProposedCarton, ...]
    unplaced: tuple[Unplaced, ...]
    unweighed: tuple[str, ...]
    void_mm3: int


def propose(portions: Sequence[Portion], bodies: Mapping[str, Body], kinds: Sequence[CartonKind]) -> Proposal:
    """The cartons for `portions`. The same question has the same answer."""
    known = {portion.sku: bodies.get(portion.sku, Body()) for portion in portions}
    measured = [portion for portion in portions if known[portion.sku].size is not None]
    unplaced = [
        Unplaced(portion.line_id, portion.sku, portion.units, "nobody has measured it")
        for portion in portions
        if known[portion.sku].size is None
    ]
    if not kinds:
        unplaced += [
            Unplaced(portion.line_id, portion.sku, portion.units, "the warehouse has no cartons")
            for portion in measured
        ]
        measured = []
    pieces = _pieces(measured, known, kinds)
    packing = pack([piece for piece, _ in pieces.values()], [_inside(kind) for kind in kinds])
    tares = {kind.id: kind.tare_g for kind in kinds}
    oversize = [structs.replace(_unplaced(pieces[own.item][1]), reason=own.reason) for own in packing.own_carton]
    return Proposal(
        cartons=tuple(_proposed(carton, pieces, tares[carton.type]) for carton in packing.cartons),
        unplaced=(*unplaced, *_together(oversize)),
        unweighed=tuple(sorted(sku for sku, body in known.items() if body.weight_g is None)),
        void_mm3=packing.void,
    )


def _pieces(
    portions: Sequence[Portion], bodies: Mapping[str, Body], kinds: Sequence[CartonKind]
) -> dict[str, tuple[Item, Portion]]:
    """Each piece by its id, with the units that it stands for."""
    height = {portion.line_id: 1 for portion in portions}
    while sum(-(-portion.units // height[portion.line_id]) for portion in portions) > MOST_PIECES:
        tallest = [
            portion
            for portion in portions
            if portion.units > height[portion.line_id]
            and _fits(_stacked(bodies[portion.sku], 2 * height[portion.line_id]), kinds)
        ]
        if not tallest:
            break
        most = max(tallest, key=lambda portion: (portion.units // height[portion.line_id], portion.line_id))
        height[most.line_id] *= 2
    pieces: dict[str, tuple[Item, Portion]] = {}
    for portion in sorted(portions, key=lambda portion: int(portion.line_id)):
        for at in range(0, portion.units, height[portion.line_id]):
            units = min(height[portion.line_id], portion.units - at)
            body = _stacked(bodies[portion.sku], units)
            name = f"{int(portion.line_id):05d}/{at:07d}"
            item = Item(name, body.size or (0, 0, 0), body.weight_g or 0, False, body.fragile, body.hazard_class)
            pieces[name] = (item, structs.replace(portion, units=units))
    return pieces


def _stacked(body: Body, units: int) -> Body:
    """So many units together: beside or on top of each other, doubled along the shortest side each time."""
    if body.size is None:
        return body
    size = list(body.size)
    for _ in range((units - 1).bit_length()):
        size[size.index(min(size))] *= 2
    weight = None if body.weight_g is None else body.weight_g * units
    return structs.replace(body, size=(size[0], size[1], size[2]), weight_g=weight)


def _fits(body: Body, kinds: Sequence[CartonKind]) -> bool:
    size = sorted(body.size or ())
    return any(
        all(a <= b for a, b in zip(size, sorted(kind.inner.size), strict=True))
        and (body.weight_g or 0) <= kind.max_weight_g
        for kind in kinds
    )


def _inside(kind: CartonKind) -> CartonType:
    return CartonType(kind.id, kind.inner.size, kind.max_weight_g)


def _proposed(carton: Carton, pieces: Mapping[str, tuple[Item, Portion]], tare_g: int) -> ProposedCarton:
    stacks = []
    for placement in carton.contents:
        _, portion = pieces[placement.item]
        stacks.append(Stack(portion.line_id, portion.sku, portion.units, placement.corner, placement.size))
    return ProposedCarton(carton.type, carton.weight + tare_g, tuple(stacks))


def _unplaced(portion: Portion) -> Unplaced:
    return Unplaced(portion.line_id, portion.sku, portion.units, "")


def _together(found: Sequence[Unplaced]) -> list[Unplaced]:
    """The units of a line with one reason as one."""
    lines: dict[tuple[str, str], Unplaced] = {}
    for one in found:
        units = lines[one.line_id, one.reason].units if (one.line_id, one.reason) in lines else 0
        lines[one.line_id, one.reason] = structs.replace(one, units=units + one.units)
    return list(lines.values())
