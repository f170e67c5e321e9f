"""Barcodes as scanners hand them over: what each says, and why one says nothing."""

from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.codes.reading import read
from shared.codes.barcodes import gtin_of, read_barcode
from shared.codes.element_strings import as_scanned, as_text
from shared.codes.problems import Unreadable
from shared.gs1 import check_digit

TODAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("4006381333931", "(01)04006381333931"),
        ("]E04006381333931", "(01)04006381333931"),
        ("04252614", "(01)00042100005264"),
        ("106141412345678908", "(00)106141412345678908"),
        ("]C100106141412345678908", "(00)106141412345678908"),
        ("]d2010950600013435210ABC<GS>2112345", "(01)09506000134352(10)ABC(21)12345"),
        ("010950600013435217260131", "(01)09506000134352(17)260131"),
        ("(01)09506000134352(10)ABC", "(01)09506000134352(10)ABC"),
        ("https://id.gs1.org/01/9506000134352/10/ABC?17=260131", "(01)09506000134352(10)ABC(17)260131"),
        ("]Q1https://id.gs1.org/01/09506000134352", "(01)09506000134352"),
        ("]A0(01)09506000134352", "(01)09506000134352"),
    ],
)
def test_a_barcode_says_which_elements_it_holds(code: str, elements: str) -> None:
    assert as_text(read_barcode(code, TODAY)) == elements


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "empty"),
        ("]C1", "empty"),
        ("4006381333932", "wrong-check-digit"),
        ("(01)09506000134352(17)261301", "invalid-date"),
        ("]C101095060001343", "truncated"),
        ("MUG", "unknown-ai"),
        ("A-01-02-3:47", "unknown-ai"),
        ("1" * 1_001, "too-long"),
    ],
)
def test_what_is_no_barcode_of_gs1s_is_refused_for_the_right_reason(code: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_barcode(code, TODAY)
    assert refused.value.type == why


def test_the_gtin_is_that_of_the_product_or_of_what_the_handling_unit_holds() -> None:
    assert gtin_of({"00": "106141412345678908", "02": "09506000134352", "37": "4"}) == "09506000134352"
    assert gtin_of({"00": "106141412345678908"}) is None


gtins = st.integers(0, 10**13 - 1).map(lambda number: f"{number:013d}").map(lambda d: f"{d}{check_digit(d)}")
lots = st.sampled_from([None, "L1", "a/b", "2026.04-X", "10"])


@given(gtins, lots, st.sampled_from(["", "]C1", "]d2", "]Q3", "(", "https://id.gs1.org"]))
def test_a_product_is_read_like_identification_reads_it_however_it_is_written(
    gtin: str, lot: str | None, before: str
) -> None:
    elements = {"01": gtin} | ({"10": lot} if lot else {})
    match before:
        case "(":
            code = as_text(elements)
        case "https://id.gs1.org":
            code = before + "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in elements.items())
        case _:
            code = before + as_scanned(elements)
    assert read_barcode(code, TODAY) == read(code, TODAY).elements == elements
