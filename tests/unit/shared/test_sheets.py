"""Tables as CSV: what opens in a spreadsheet as what it is."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sheets import as_csv

PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).filter(
    lambda text: not text.startswith(("=", "+", "-", "@"))
)


@given(st.lists(st.lists(PLAIN, min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    read = list(csv.reader(StringIO(as_csv(("a", "b"), rows), newline="")))
    assert read == [["a", "b"], *rows]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (("x",), '["x"]'),
        ("=1+1", "'=1+1"),
        ("@cmd", "'@cmd"),
        ("x=1", "x=1"),
    ],
)
def test_values_become_cells_and_none_a_formula(value: object, cell: str) -> None:
    [_, row] = csv.reader(StringIO(as_csv(("a",), [(value,)]), newline=""))
    assert (row or [""]) == [cell]


def test_a_cell_that_looks_like_a_formula_is_disarmed() -> None:
    text = as_csv(["a", "b"], [["=1+1", "+4"], ["-2", "@x"], [-2, 1.5], [None, True]])
    assert text == "a,b\r\n'=1+1,'+4\r\n'-2,'@x\r\n-2,1.5\r\n,true\r\n"
