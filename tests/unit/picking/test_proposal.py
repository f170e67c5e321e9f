"""Packing proposals: everything of an order is placed or named, and large orders stay quick."""

import time

from hypothesis import given, settings
from hypothesis import strategies as some

from picking.domain.carton_range import CartonKind, Measures
from picking.domain.proposal import MOST_PIECES, Body, Portion, Proposal, propose


def kind(name: str, length: int, width: int, height: int, max_weight_g: int = 20_000) -> CartonKind:
    inner, outer = Measures(length, width, height), Measures(length + 10, width + 10, height + 10)
    return CartonKind(name, inner, outer, max_weight_g, tare_g=200)


BOXES = (kind("S", 200, 150, 100, 5_000), kind("L", 600, 400, 400))
MUG = Body((125, 95, 100), 340, fragile=True)


def units(proposal: Proposal) -> dict[str, int]:
    """What the proposal speaks of, by line."""
    found: dict[str, int] = {}
    placed = [(stack.line_id, stack.units) for carton in proposal.cartons for stack in carton.contents]
    for line, count in (*placed, *((own.line_id, own.units) for own in proposal.unplaced)):
        found[line] = found.get(line, 0) + count
    return found


def test_a_small_order_gets_the_smallest_carton_and_the_place_of_each_unit() -> None:
    [carton] = propose([Portion("1", "MUG", 1)], {"MUG": MUG}, BOXES).cartons
    assert (carton.carton_type, carton.weight_g) == ("S", 540)
    [stack] = carton.contents
    assert (stack.corner, sorted(stack.size), stack.units) == ((0, 0, 0), [95, 100, 125], 1)


def test_what_nobody_measured_is_named_and_keeps_nothing_else_from_its_carton() -> None:
    proposal = propose([Portion("1", "ODD", 3), Portion("2", "MUG", 1)], {"MUG": MUG}, BOXES)
    assert [(one.sku, one.units, one.reason) for one in proposal.unplaced] == [
        ("ODD", 3, "nobody has measured it")
    ]
    assert (len(proposal.cartons), proposal.unweighed) == (1, ("ODD",))


def test_what_fits_no_carton_ships_as_it_is() -> None:
    ladder = Body((2_000, 400, 100), 9_000)
    proposal = propose([Portion("1", "LADDER", 2)], {"LADDER": ladder}, BOXES)
    [own] = proposal.unplaced
    assert (own.units, own.reason, proposal.cartons) == (2, "larger than every carton", ())


def test_a_warehouse_without_cartons_has_nothing_to_propose() -> None:
    [own] = propose([Portion("1", "MUG", 2)], {"MUG": MUG}, ()).unplaced
    assert (own.units, own.reason) == (2, "the warehouse has no cartons")


def test_hazards_are_apart() -> None:
    bodies = {"A": Body((50, 50, 50), 100), "P": Body((50, 50, 50), 100, hazard_class="hazmat")}
    proposal = propose([Portion("1", "A", 1), Portion("2", "P", 1)], bodies, BOXES)
    assert sorted([stack.sku for stack in carton.contents] for carton in proposal.cartons) == [["A"], ["P"]]


def test_thousands_of_units_are_bundled_and_stay_quick() -> None:
    screws = Body((30, 20, 10), 5)
    started = time.process_time()
    proposal = propose(
        [Portion("1", "SCREWS", 9_000), Portion("2", "MUG", 40)], {"SCREWS": screws, "MUG": MUG}, BOXES
    )
    assert time.process_time() - started < 2
    assert units(proposal) == {"1": 9_000, "2": 40}
    assert sum(len(carton.contents) for carton in proposal.cartons) <= MOST_PIECES


@settings(max_examples=15, deadline=None)
@given(
    some.lists(
        some.tuples(
            some.integers(1, 30),
            some.one_of(some.none(), some.tuples(*[some.integers(20, 700)] * 3)),
            some.one_of(some.none(), some.integers(1, 30_000)),
            some.booleans(),
            some.sampled_from([None, "hazmat"]),
        ),
        max_size=8,
    )
)
def test_every_unit_is_placed_once_or_named(
    lines: list[tuple[int, tuple[int, int, int] | None, int | None, bool, str | None]],
) -> None:
    portions = [Portion(str(n), f"SKU-{n}", count) for n, (count, *_) in enumerate(lines, start=1)]
    bodies = {
        f"SKU-{n}": Body(size, weight, fragile, hazard)
        for n, (_, size, weight, fragile, hazard) in enumerate(lines, start=1)
    }
    proposal = propose(portions, bodies, BOXES)
    assert units(proposal) == {portion.line_id: portion.units for portion in portions}
    assert proposal.cartons == propose(portions[::-1], bodies, BOXES).cartons
    for carton in proposal.cartons:
        most = {box.id: box.max_weight_g + box.tare_g for box in BOXES}[carton.carton_type]
        assert carton.weight_g <= most
        assert len({bodies[stack.sku].hazard_class for stack in carton.contents}) == 1
