"""ISO 2859-1: well-known cells of its tables, and what must hold for all of them."""

from itertools import pairwise

import pytest

from receiving.domain.sampling import (
    AQLS,
    DISCONTINUED,
    NORMAL,
    REDUCED,
    TABLES,
    TIGHTENED,
    SamplingPlan,
    code_letter,
    plan_at,
    sampling_plan,
    score_of,
)

LETTERS = "ABCDEFGHJKLMNPQ"


@pytest.mark.parametrize(
    ("lot", "letter"),
    [(1, "A"), (8, "A"), (9, "B"), (50, "D"), (51, "E"), (280, "G"), (281, "H"), (1_200, "J"), (1_201, "K"),
     (3_200, "K"), (3_201, "L"), (150_001, "P"), (500_000, "P"), (500_001, "Q")],
)  # fmt: skip
def test_the_code_letter_follows_from_the_lot_size(lot: int, letter: str) -> None:
    assert code_letter(lot) == letter


@pytest.mark.parametrize(
    ("lot", "aql", "severity", "plan"),
    [
        (3_200, "1.0", NORMAL, SamplingPlan("K", 125, 3, 4)),
        (1_201, "1.0", TIGHTENED, SamplingPlan("K", 125, 2, 3)),
        (3_200, "1.0", REDUCED, SamplingPlan("K", 50, 2, 3)),
        (3_200, "2.5", NORMAL, SamplingPlan("K", 125, 7, 8)),
        (3_200, "4.0", NORMAL, SamplingPlan("K", 125, 10, 11)),
        (3_200, "4.0", TIGHTENED, SamplingPlan("K", 125, 8, 9)),
        (500, "1.0", NORMAL, SamplingPlan("H", 50, 1, 2)),
        (1_000, "0.65", NORMAL, SamplingPlan("J", 80, 1, 2)),
        (10_000, "0.65", NORMAL, SamplingPlan("L", 200, 3, 4)),
        (90, "1.0", NORMAL, SamplingPlan("E", 13, 0, 1)),
        (150, "1.0", NORMAL, SamplingPlan("E", 13, 0, 1)),  # arrow up from F
        (280, "1.0", NORMAL, SamplingPlan("H", 50, 1, 2)),  # arrow down from G
        (150, "1.0", TIGHTENED, SamplingPlan("F", 20, 0, 1)),
        (280, "1.0", TIGHTENED, SamplingPlan("J", 80, 1, 2)),
        (600_000, "0.010", NORMAL, SamplingPlan("Q", 1250, 0, 1)),
        (20, "0.010", NORMAL, SamplingPlan("Q", 20, 0, 1)),  # the sample is larger than the lot: every unit
        (40, "1.0", DISCONTINUED, SamplingPlan("D", 40, 0, 1)),
    ],
)
def test_well_known_plans(lot: int, aql: str, severity: str, plan: SamplingPlan) -> None:
    assert sampling_plan(lot, aql, severity) == plan  # type: ignore[arg-type]


@pytest.mark.parametrize("severity", [NORMAL, TIGHTENED, REDUCED])
def test_every_arrow_leads_to_a_plan_that_rejects_one_more_than_it_accepts(severity: str) -> None:
    for letter in LETTERS:
        for aql in AQLS:
            plan = plan_at(letter, aql, severity)  # type: ignore[arg-type]
            assert plan.reject == plan.accept + 1
            assert 0 <= plan.accept < plan.sample_size


@pytest.mark.parametrize("severity", [NORMAL, TIGHTENED, REDUCED])
def test_numbers_grow_along_rows_and_columns_and_stay_the_same_along_diagonals(severity: str) -> None:
    table = TABLES[severity]
    rows = [[int(cell) if cell.isdigit() else None for cell in cells] for _, cells in table.values()]
    for line in [*rows, *zip(*rows, strict=True)]:
        numbers = [number for number in line if number is not None]
        assert numbers == sorted(set(numbers))
    for upper, lower in pairwise(rows):
        for column in range(1, len(AQLS)):
            if upper[column] is not None and lower[column - 1] is not None:
                assert upper[column] == lower[column - 1]
    sizes = [size for size, _ in table.values()]
    assert sizes == sorted(sizes)
    assert all(len(cells) == len(AQLS) for _, cells in table.values())


def test_tightened_inspection_never_accepts_more_and_reduced_never_inspects_more_than_normal() -> None:
    for letter in LETTERS:
        for aql in AQLS:
            normal, tightened, reduced = (plan_at(letter, aql, s) for s in (NORMAL, TIGHTENED, REDUCED))
            if normal.sample_size == tightened.sample_size:
                assert tightened.accept <= normal.accept
            assert reduced.sample_size <= normal.sample_size
            assert reduced.accept <= normal.accept or reduced.letter != normal.letter


def test_the_switching_score_grows_by_what_the_standard_says() -> None:
    assert score_of(3_200, "1.0", defects=2) == 3  # accepted at 0.65 too: Ac 2
    assert score_of(3_200, "1.0", defects=3) == 0  # accepted, but not at 0.65
    assert score_of(500, "1.0", defects=1) == 2  # Ac 1
    assert score_of(90, "1.0", defects=0) == 2  # Ac 0
    assert score_of(90, "1.0", defects=1) == 0
