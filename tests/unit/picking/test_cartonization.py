"""Cartonization: what every packing must satisfy, and how near to the best it comes where the best is known."""

import random
from collections.abc import Iterable, Iterator
from itertools import combinations, permutations
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from picking.domain.cartonization import CartonType, Item, Packing, Placement, pack
from picking.domain.cartonization.model import Size
from picking.domain.cartonization.packing import EFFORT, _Effort, _smallest, least_cartons

SMALL = CartonType("S", (200, 150, 100), 5_000)
MEDIUM = CartonType("M", (300, 250, 200), 10_000)
LARGE = CartonType("L", (600, 400, 400), 25_000)
TUBE = CartonType("T", (900, 120, 120), 6_000)
CARTONS = (SMALL, MEDIUM, LARGE, TUBE)


def item(number: int, size: Size, weight: int = 100, *, upright: bool = False, fragile: bool = False) -> Item:
    return Item(f"item-{number:03}", size, weight, upright, fragile)


def faults(items: list[Item], packing: Packing, cartons: tuple[CartonType, ...] = CARTONS) -> list[str]:
    """Everything that is wrong with a packing."""
    kinds = {kind.id: kind for kind in cartons}
    known = {piece.id: piece for piece in items}
    found: list[str] = []
    packed = [place.item for carton in packing.cartons for place in carton.contents]
    if sorted([*packed, *(own.item for own in packing.own_carton)]) != sorted(known):
        found.append("an item is missing, or packed twice")
    for carton in packing.cartons:
        kind, contents = kinds[carton.type], carton.contents
        weight = sum(known[place.item].weight for place in contents)
        if weight != carton.weight or weight > kind.max_weight:
            found.append("weight")
        if len({known[place.item].hazard_class for place in contents}) > 1:
            found.append("hazard classes together")
        for place in contents:
            piece = known[place.item]
            if sorted(place.size) != sorted(piece.size) or (piece.upright and place.size[2] != piece.size[2]):
                found.append(f"{place.item} is turned as it must not be")
            extent = zip(place.corner, place.size, kind.size, strict=True)
            if any(at < 0 or at + length > inner for at, length, inner in extent):
                found.append(f"{place.item} sticks out")
        for a, b in combinations(contents, 2):
            if all(
                p < q + length and q < p + other
                for p, q, other, length in zip(a.corner, b.corner, a.size, b.size, strict=True)
            ):
                found.append(f"{a.item} and {b.item} overlap")
        for a in contents:
            below = [b for b in contents if b is not a and _over(a, b) and b.corner[2] + b.size[2] <= a.corner[2]]
            if a.corner[2] and not any(b.corner[2] + b.size[2] == a.corner[2] for b in below):
                found.append(f"{a.item} hovers")
            if not known[a.item].fragile and any(known[b.item].fragile for b in below):
                found.append(f"{a.item} lies on something fragile")
        for b in contents:
            load = [a for a in contents if a is not b and _over(a, b) and b.corner[2] + b.size[2] <= a.corner[2]]
            if known[b.item].fragile and sum(known[a.item].weight for a in load) > known[b.item].weight:
                found.append(f"{b.item} bears too much")
    room = sum(kinds[carton.type].volume for carton in packing.cartons)
    if packing.void != room - sum(known[place].volume for place in packed):
        found.append("void")
    return found


def _over(a: Placement, b: Placement) -> bool:
    return all(a.corner[n] < b.corner[n] + b.size[n] and b.corner[n] < a.corner[n] + a.size[n] for n in (0, 1))


lengths = some.integers(min_value=5, max_value=450)
pieces = some.lists(
    some.tuples(
        some.tuples(lengths, lengths, lengths),
        some.integers(min_value=1, max_value=9_000),
        some.booleans(),
        some.booleans(),
        some.sampled_from([None, None, None, "3", "8"]),
    ),
    max_size=25,
)


@given(pieces)
@settings(deadline=None, max_examples=150)
def test_whatever_is_packed_fits_is_apart_from_hazards_and_presses_on_nothing_fragile(
    drawn: list[tuple[Size, int, bool, bool, str | None]],
) -> None:
    items = [Item(f"item-{n:03}", *piece) for n, piece in enumerate(drawn)]
    packing = pack(items, CARTONS)
    assert faults(items, packing) == []
    assert pack(reversed(items), CARTONS) == packing
    packed = [piece for piece in items if piece.id not in {own.item for own in packing.own_carton}]
    assert len(packing.cartons) >= least_cartons(packed, CARTONS)


def test_the_smallest_carton_that_holds_everything_is_taken() -> None:
    packing = pack([item(1, (100, 75, 50)), item(2, (100, 75, 50))], CARTONS)
    assert [carton.type for carton in packing.cartons] == ["S"]


def test_an_item_is_turned_to_fit_unless_this_side_is_up() -> None:
    assert [carton.type for carton in pack([item(1, (100, 110, 800))], CARTONS).cartons] == ["T"]
    standing = pack([item(1, (100, 110, 800), upright=True)], CARTONS)
    assert [own.item for own in standing.own_carton] == ["item-001"]
    assert "larger" in standing.own_carton[0].reason


def test_what_is_too_heavy_for_its_carton_ships_by_itself() -> None:
    packing = pack([item(1, (50, 50, 50), 26_000), item(2, (50, 50, 50))], CARTONS)
    assert [own.item for own in packing.own_carton] == ["item-001"]
    assert "25000 g" in packing.own_carton[0].reason
    assert len(packing.cartons) == 1


def test_weight_alone_can_ask_for_another_carton() -> None:
    assert len(pack([item(n, (50, 50, 50), 9_000) for n in range(4)], CARTONS).cartons) == 2


def test_hazard_classes_travel_apart_from_each_other_and_from_the_rest() -> None:
    items = [Item("a", (10, 10, 10), 1, hazard_class="3"), Item("b", (10, 10, 10), 1, hazard_class="8")]
    assert len(pack([*items, Item("c", (10, 10, 10), 1)], CARTONS).cartons) == 3


def test_fragile_items_lie_on_top() -> None:
    box = CartonType("B", (100, 100, 200), 9_000)
    vase, brick = item(1, (100, 100, 100), 300, fragile=True), item(2, (100, 100, 100), 3_000)
    packing = pack([vase, brick], [box])
    assert [(place.item, place.corner[2]) for place in packing.cartons[0].contents] == [
        ("item-002", 0),
        ("item-001", 100),
    ]
    heavier = item(3, (100, 100, 100), 301, fragile=True)
    assert len(pack([vase, heavier], [box]).cartons) == 1
    assert len(pack([vase, heavier, brick], [box]).cartons) == 2


def test_two_items_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="item-001"):
        pack([item(1, (1, 1, 1)), item(1, (2, 2, 2))], CARTONS)


def test_nothing_needs_no_carton() -> None:
    assert pack([], CARTONS).cartons == ()


@pytest.mark.parametrize("sides", [(2, 2, 2), (3, 2, 4), (5, 3, 1)])
def test_cartons_full_to_the_brim_are_found(sides: tuple[int, int, int]) -> None:
    size = (120 // sides[0], 120 // sides[1], 120 // sides[2])
    number = sides[0] * sides[1] * sides[2]
    packing = pack([item(n, size) for n in range(2 * number)], [CartonType("B", (120, 120, 120), 90_000)])
    assert (len(packing.cartons), packing.void) == (2, 0)


def test_boxes_that_were_cut_from_full_cartons_need_few_more() -> None:
    """Random cuts of three full cartons into 24 boxes: three are possible, without a hair of void."""
    used = []
    for seed in range(20):
        rng = random.Random(seed)
        parts = [[200, 200, 200] for _ in range(3)]
        while len(parts) < 24:
            parts.sort(key=prod)
            part = parts.pop()
            axis = part.index(max(part))
            cut = rng.randrange(part[axis] // 4, 3 * part[axis] // 4)
            parts += [[*part[:axis], length, *part[axis + 1 :]] for length in (cut, part[axis] - cut)]
        items = [item(n, (a, b, c)) for n, (a, b, c) in enumerate(parts)]
        packing = pack(items, [CartonType("B", (200, 200, 200), 90_000)])
        assert faults(items, packing, (CartonType("B", (200, 200, 200), 90_000),)) == []
        used.append(len(packing.cartons))
    assert max(used) <= 5
    assert sum(used) <= 4.3 * len(used)


@pytest.mark.parametrize("weights", [[100] * 11, range(100, 111)], ids=["alike", "each different"])
def test_of_as_many_cartons_those_with_less_void_are_taken(weights: Iterable[int]) -> None:
    high = (CartonType("M", (100, 100, 60), 90_000), CartonType("L", (100, 100, 100), 90_000))
    packing = pack([item(n, (100, 100, 10), weight) for n, weight in enumerate(weights)], high)
    assert ([carton.type for carton in packing.cartons], packing.void) == (["M", "M"], 100_000)


def test_few_items_are_divided_as_well_as_can_be() -> None:
    """Against every way to divide them, as far as the packer finds a carton that holds a share."""
    boxes = (SMALL, CartonType("F", (400, 300, 60), 4_000), MEDIUM)
    several = mixed = 0
    for seed in range(60):
        rng = random.Random(seed)
        sizes = [(rng.randint(40, 290), rng.randint(40, 240), rng.randint(20, 190)) for _ in range(3)]
        items = [
            item(n, rng.choice(sizes), rng.randint(1, 3) * 900, fragile=rng.random() < 0.2)
            for n in range(rng.randint(2, 5))
        ]
        packing = pack(items, boxes)
        assert faults(items, packing, boxes) == []
        best = min(_divisions(items, boxes))
        assert (len(packing.cartons), packing.void) == best
        several += best[0] > 1
        mixed += len({carton.type for carton in packing.cartons}) > 1
    assert several >= 25
    assert mixed >= 5


def _divisions(items: list[Item], cartons: tuple[CartonType, ...]) -> Iterator[tuple[int, int]]:
    """How many cartons each division of the items into shares takes that fit one, and how much void it leaves."""
    if not items:
        yield 0, 0
        return
    first, *others = items
    for number in range(len(items)):
        for more in combinations(others, number):
            together = _smallest([first, *more], cartons, _Effort(EFFORT))
            if together is not None:
                for count, void in _divisions([one for one in others if one not in more], cartons):
                    yield count + 1, void + together.kind.volume - together.volume


def test_few_items_are_packed_as_an_exhaustive_search_packs_them() -> None:
    """Whether two or three items share one carton, against every way to cut it. What the search finds need not be
    supported, so a few answers may differ; none may be better than it."""
    box = CartonType("B", (10, 10, 10), 90_000)
    possible = ours = 0
    for seed in range(400):
        rng = random.Random(seed)
        sizes = [(rng.randint(3, 9), rng.randint(3, 9), rng.randint(2, 9)) for _ in range(rng.randint(2, 3))]
        one = len(pack([item(n, size) for n, size in enumerate(sizes)], [box]).cartons) == 1
        fits = _share(sizes, box.size)
        assert fits or not one
        possible += fits
        ours += one
    assert possible >= 80
    assert ours >= 0.95 * possible


def _share(sizes: list[Size], room: Size) -> bool:
    """Exact for up to three boxes: one of them can always be cut off."""
    if not sizes:
        return True
    for n, size in enumerate(sizes):
        for turn in set(permutations(size)):
            if all(a <= b for a, b in zip(turn, room, strict=True)):
                for axis in range(3):
                    left = (*room[:axis], room[axis] - turn[axis], *room[axis + 1 :])
                    if _share(sizes[:n] + sizes[n + 1 :], (left[0], left[1], left[2])):
                        return True
    return False
