"""Packing slips: every item of every carton is on paper, carton n of m, and nothing else is."""

import pypdfium2
from msgspec import structs

from picking.domain.slip import PackingSlip, SlipCarton, SlipRow
from picking.slip_drawing import to_pdf

MUGS = SlipRow("MUG-0350-BLU", "Stoneware mug 350 ml, blue", 6)
MILK = SlipRow("MILK-1L", "Milk 1 l", 2, "L2026-04", "2026-06-30")
DRILL = SlipRow("DRILL-18V", "Drill driver", 2, serials=("SN-000123", "SN-000124"))
SLIP = PackingSlip(
    "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e",
    "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e",
    (
        SlipCarton("906141410000000015", 1, "BOX-M", (MUGS, MILK), 2_350),
        SlipCarton("906141410000000022", 2, "BOX-S", (DRILL,), 4_100),
    ),
    of=2,
    packed_at="2026-01-31T09:30:00.000Z",
)


def pages(slip: PackingSlip) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(to_pdf(slip))]


def test_each_carton_has_its_page_with_what_is_in_it() -> None:
    first, second = pages(SLIP)
    for text in ("Carton 1 of 2", "906141410000000015", "MUG-0350-BLU", "Stoneware mug 350 ml, blue", "L2026-04"):
        assert text in first
    for text in ("Carton 2 of 2", "DRILL-18V", "Serials SN-000123, SN-000124", "4.10 kg"):
        assert text in second
    assert "DRILL-18V" not in first
    assert "2026-06-30" in first
    assert "2026-01-31" in first


def test_what_is_sent_instead_says_of_what() -> None:
    row = SlipRow("JUG-1L", "Jug", 2, serials=("SN-1", "SN-2"), instead_of="MUG-0350-BLU")
    [page] = pages(structs.replace(SLIP, cartons=(SlipCarton("906141410000000015", 1, "BOX-M", (row,)),), of=1))
    assert page.index("Instead of MUG-0350-BLU") < page.index("Serials SN-1, SN-2")


def test_while_the_shipment_is_being_packed_nobody_says_how_many_cartons_it_has() -> None:
    [page] = pages(structs.replace(SLIP, cartons=SLIP.cartons[:1], of=None, packed_at=None))
    assert "Carton 1" in page
    assert " of " not in page


def test_a_carton_of_many_products_goes_on_overleaf_and_leaves_nothing_out() -> None:
    rows = tuple(SlipRow(f"SKU-{n:03}", f"Product {n}", n) for n in range(1, 151))
    many = pages(structs.replace(SLIP, cartons=(SlipCarton("906141410000000015", 1, "BOX-M", rows, 100),), of=1))
    assert len(many) > 2
    assert all("Carton 1 of 1" in page for page in many)
    text = " ".join(many)
    assert all(text.count(row.sku) == 1 for row in rows)
    assert str(sum(row.units for row in rows)) in many[-1]


def test_names_that_are_too_long_or_not_printable_are_cut_and_marked() -> None:
    row = SlipRow("X", "Ω" + "very long name " * 20, 1)
    [page] = pages(structs.replace(SLIP, cartons=(SlipCarton("906141410000000015", 1, "BOX-M", (row,)),), of=1))
    assert "?very long name" in page
    assert "..." in page


def test_the_same_slip_is_the_same_document() -> None:
    assert to_pdf(SLIP) == to_pdf(SLIP)
