"""Single sampling plans for inspection by attributes: ISO 2859-1:1999, general inspection level II.

Tables 1 (code letters), 2-A (normal), 2-B (tightened) and 2-C (reduced) for AQLs of 0.010 to 10 per cent
nonconforming items. A cell is the acceptance number Ac (the rejection number Re is Ac + 1), `v` for the first plan
below the arrow, `^` for the first plan above it (10.3): then that plan's letter and sample size are used.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Severity = Literal["normal", "tightened", "reduced", "discontinued"]
NORMAL: Severity = "normal"
TIGHTENED: Severity = "tightened"
REDUCED: Severity = "reduced"
DISCONTINUED: Severity = "discontinued"

AQLS = (
    "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25",
    "0.40", "0.65", "1.0", "1.5", "2.5", "4.0", "6.5", "10",
)  # fmt: skip
Aql = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(AQLS).replace('.', '[.]')})$",
        description="Acceptance quality limit in per cent nonconforming, one of ISO 2859-1's preferred values.",
        examples=["1.0"],
    ),
]

_LARGEST_LOTS = (
    (8, "A"), (15, "B"), (25, "C"), (50, "D"), (90, "E"), (150, "F"), (280, "G"), (500, "H"), (1_200, "J"),
    (3_200, "K"), (10_000, "L"), (35_000, "M"), (150_000, "N"), (500_000, "P"),
)  # fmt: skip
_LARGEST_LETTER = "Q"

_NORMAL = """
A     2      v     v     v     v     v     v     v     v     v     v     v     v     v     v     0     v
B     3      v     v     v     v     v     v     v     v     v     v     v     v     v     0     ^     v
C     5      v     v     v     v     v     v     v     v     v     v     v     v     0     ^     v     1
D     8      v     v     v     v     v     v     v     v     v     v     v     0     ^     v     1     2
E    13      v     v     v     v     v     v     v     v     v     v     0     ^     v     1     2     3
F    20      v     v     v     v     v     v     v     v     v     0     ^     v     1     2     3     5
G    32      v     v     v     v     v     v     v     v     0     ^     v     1     2     3     5     7
H    50      v     v     v     v     v     v     v     0     ^     v     1     2     3     5     7    10
J    80      v     v     v     v     v     v     0     ^     v     1     2     3     5     7    10    14
K   125      v     v     v     v     v     0     ^     v     1     2     3     5     7    10    14    21
L   200      v     v     v     v     0     ^     v     1     2     3     5     7    10    14    21     ^
M   315      v     v     v     0     ^     v     1     2     3     5     7    10    14    21     ^     ^
N   500      v     v     0     ^     v     1     2     3     5     7    10    14    21     ^     ^     ^
P   800      v     0     ^     v     1     2     3     5     7    10    14    21     ^     ^     ^     ^
Q  1250      0     ^     v     1     2     3     5     7    10    14    21     ^     ^     ^     ^     ^
R  2000      ^     ^     1     2     3     5     7    10    14    21     ^     ^     ^     ^     ^     ^
"""
_TIGHTENED = """
A     2      v     v     v     v     v     v     v     v     v     v     v     v     v     v     v     0
B     3      v     v     v     v     v     v     v     v     v     v     v     v     v     v     0     v
C     5      v     v     v     v     v     v     v     v     v     v     v     v     v     0     v     v
D     8      v     v     v     v     v     v     v     v     v     v     v     v     0     v     v     1
E    13      v     v     v     v     v     v     v     v     v     v     v     0     v     v     1     2
F    20      v     v     v     v     v     v     v     v     v     v     0     v     v     1     2     3
G    32      v     v     v     v     v     v     v     v     v     0     v     v     1     2     3     5
H    50      v     v     v     v     v     v     v     v     0     v     v     1     2     3     5     8
J    80      v     v     v     v     v     v     v     0     v     v     1     2     3     5     8    12
K   125      v     v     v     v     v     v     0     v     v     1     2     3     5     8    12    18
L   200      v     v     v     v     v     0     v     v     1     2     3     5     8    12    18     ^
M   315      v     v     v     v     0     v     v     1     2     3     5     8    12    18     ^     ^
N   500      v     v     v     0     v     v     1     2     3     5     8    12    18     ^     ^     ^
P   800      v     v     0     v     v     1     2     3     5     8    12    18     ^     ^     ^     ^
Q  1250      v     0     v     v     1     2     3     5     8    12    18     ^     ^     ^     ^     ^
R  2000      0     ^     v     1     2     3     5     8    12    18     ^     ^     ^     ^     ^     ^
S  3150      ^     ^     1     2     3     5     8    12    18     ^     ^     ^     ^     ^     ^     ^
"""
_REDUCED = """
A     2      v     v     v     v     v     v     v     v     v     v     v     v     v     v     0     v
B     2      v     v     v     v     v     v     v     v     v     v     v     v     v     0     ^     v
C     2      v     v     v     v     v     v     v     v     v     v     v     v     0     ^     v     v
D     3      v     v     v     v     v     v     v     v     v     v     v     0     ^     v     v     1
E     5      v     v     v     v     v     v     v     v     v     v     0     ^     v     v     1     2
F     8      v     v     v     v     v     v     v     v     v     0     ^     v     v     1     2     3
G    13      v     v     v     v     v     v     v     v     0     ^     v     v     1     2     3     5
H    20      v     v     v     v     v     v     v     0     ^     v     v     1     2     3     5     6
J    32      v     v     v     v     v     v     0     ^     v     v     1     2     3     5     6     8
K    50      v     v     v     v     v     0     ^     v     v     1     2     3     5     6     8    10
L    80      v     v     v     v     0     ^     v     v     1     2     3     5     6     8    10     ^
M   125      v     v     v     0     ^     v     v     1     2     3     5     6     8    10     ^     ^
N   200      v     v     0     ^     v     v     1     2     3     5     6     8    10     ^     ^     ^
P   315      v     0     ^     v     v     1     2     3     5     6     8    10     ^     ^     ^     ^
Q   500      0     ^     ^     v     1     2     3     5     6     8    10     ^     ^     ^     ^     ^
R   800      ^     ^     ^     1     2     3     5     6     8    10     ^     ^     ^     ^     ^     ^
"""


class SamplingPlan(Struct, frozen=True):
    """How many units to inspect, and what they say: accept with up to `accept` defects, not from `reject`."""

    letter: str
    sample_size: int
    accept: int
    reject: int


def _read(table: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Sample size and cells by code letter."""
    rows = (line.split() for line in table.strip().splitlines())
    return {letter: (int(size), tuple(cells)) for letter, size, *cells in rows}


TABLES: dict[str, dict[str, tuple[int, tuple[str, ...]]]] = {
    NORMAL: _read(_NORMAL),
    TIGHTENED: _read(_TIGHTENED),
    REDUCED: _read(_REDUCED),
}


def code_letter(lot_size: int) -> str:
    """The sample size code letter for a lot (table 1, general inspection level II)."""
    return next((letter for largest, letter in _LARGEST_LOTS if lot_size <= largest), _LARGEST_LETTER)


def plan_at(letter: str, aql: str, severity: Severity) -> SamplingPlan:
    """The plan in a table's cell, or where the arrow in it leads to."""
    table = TABLES[severity]
    letters = list(table)
    column, row = AQLS.index(aql), letters.index(letter)
    size, cells = table[letter]
    while not cells[column].isdigit():
        row += 1 if cells[column] == "v" else -1
        size, cells = table[letters[row]]
    accept = int(cells[column])
    return SamplingPlan(letters[row], size, accept, accept + 1)


def sampling_plan(lot_size: int, aql: str, severity: Severity) -> SamplingPlan:
    """How to inspect a lot of `lot_size` units.

    A sample as large as the lot, or larger, means inspecting every unit (10.3). While inspection is discontinued
    (9.4) sampling proves nothing: every unit is inspected and none may be defective.
    """
    letter = code_letter(lot_size)
    if severity == DISCONTINUED:
        return SamplingPlan(letter, lot_size, 0, 1)
    plan = plan_at(letter, aql, severity)
    return SamplingPlan(plan.letter, min(plan.sample_size, lot_size), plan.accept, plan.reject)


def score_of(lot_size: int, aql: str, defects: int) -> int:
    """What a lot accepted on normal inspection adds to the switching score (9.3.3.2); 0: the score starts again.

    With Ac of 2 or more, 3 when it would have been accepted at the next tighter AQL; with Ac of 0 or 1, 2.
    """
    plan = sampling_plan(lot_size, aql, NORMAL)
    if defects > plan.accept:
        return 0
    if plan.accept < 2:
        return 2
    tighter = plan_at(plan.letter, AQLS[max(0, AQLS.index(aql) - 1)], NORMAL)
    return 3 if defects <= min(tighter.accept, plan.accept - 1) else 0
