"""What customers send back: expected once authorized, logged like any receipt, told to the order when closed."""

from itertools import permutations
from uuid import UUID

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from receiving.domain.return_code import digits_of, return_of
from tests.unit.receiving.dock import Dock, Json

POINTS_PER_MM = 72 / 25.4
RETURN = "0190f3c2-7e22-8c1f-9a55-4c9b2e7c8d4f"
ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
AUTHORIZED: Json = {
    "return_id": RETURN,
    "order_id": ORDER,
    "warehouse": "MAIN",
    "reason": "arrived broken",
    "lines": [
        {"line_id": "2", "sku": "MUG", "units": 5},
        {"line_id": "7", "sku": "PAINT", "units": 2, "lot": "P-1"},
    ],
}


def authorize(dock: Dock, **other: object) -> str:
    """Let receiving hear of the authorization; the shipment that is expected."""
    dock.tell("ReturnAuthorized", f"Order#{ORDER}", AUTHORIZED | other, service="orders")
    dock.system.project("receiving")
    (shipment,) = dock.get("/shipments", supplier="RETURNS")["items"]
    return str(shipment["shipment_id"])


def returned(dock: Dock, shipment: str, *entries: Json) -> list[Json]:
    """Arrive, log `entries` one by one, close; what orders are told."""
    assert dock.arrive(shipment).status == 200
    for entry in entries:
        answer = dock.log(shipment, entry)
        assert answer.status == 200, answer
    assert dock.close(shipment).status == 200
    (told,) = dock.published("ReturnReceived")
    lines: list[Json] = told["lines"]
    return lines


def test_an_authorized_return_is_expected_once_however_often_it_is_told(dock: Dock) -> None:
    shipment = authorize(dock)
    assert authorize(dock) == shipment
    details = dock.get(f"/shipments/{shipment}")
    assert (details["status"], details["return_id"], details["order_id"]) == ("announced", RETURN, ORDER)
    assert [(line["line_id"], line["sku"], line["expected"]) for line in details["lines"]] == [
        ("2", "MUG", 5),
        ("7", "PAINT", 2),
    ]
    assert details["revision"] == 1


def test_an_authorization_told_again_after_the_goods_came_changes_nothing(dock: Dock) -> None:
    shipment = authorize(dock)
    returned(dock, shipment, {"sku": "MUG", "units": 5})
    before = dock.get(f"/shipments/{shipment}")["history"]
    assert authorize(dock) == shipment
    assert dock.get(f"/shipments/{shipment}")["history"] == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_goods_go_where_their_disposition_says_in_whatever_order_they_are_logged(
    dock: Dock, order: tuple[int, ...]
) -> None:
    shipment = authorize(dock)
    entries: list[Json] = [
        {"sku": "MUG", "units": 2},
        {"sku": "MUG", "units": 1, "disposition": "quarantine"},
        {"sku": "MUG", "units": 1, "condition": "damaged"},
    ]
    lines = returned(dock, shipment, *(entries[index] for index in order))
    assert [(line["line_id"], line["units"], line["disposition"]) for line in lines] == [
        ("2", 2, "restock"),
        ("2", 1, "quarantine"),
        ("2", 1, "scrap"),
    ]
    received = [one for event in dock.published("GoodsReceived") for one in event["lines"]]
    assert {one.get("status", "available"): one["units"] for one in received} == {
        "available": 2,
        "quarantine": 1,
        "damaged": 1,
    }


def test_damaged_goods_may_be_held_but_not_restocked(dock: Dock) -> None:
    shipment = authorize(dock)
    dock.arrive(shipment)
    refused = dock.log(shipment, {"sku": "MUG", "units": 1, "condition": "damaged", "disposition": "restock"})
    assert (refused.status, refused.body["type"].rsplit(":")[-1]) == (422, "damaged-not-restocked")
    assert refused.body["errors"][0]["field"] == "entries[0].disposition"
    held = dock.log(shipment, {"sku": "MUG", "units": 1, "condition": "damaged", "disposition": "quarantine"})
    assert held.body["results"][0]["goods"][0]["status"] == "quarantine"


def test_what_was_not_authorized_is_taken_in_but_not_told_as_returned(dock: Dock) -> None:
    shipment = authorize(dock)
    lines = returned(
        dock,
        shipment,
        {"sku": "MUG", "units": 7},
        {"sku": "PAINT", "units": 1, "lot": "P-2"},
        {"sku": "DRILL", "units": 1, "serials": ["D-1"]},
    )
    assert [(line["line_id"], line["sku"], line["units"]) for line in lines] == [
        ("2", "MUG", 5),
        ("7", "PAINT", 1),
    ]
    found = dock.get(f"/shipments/{shipment}")["discrepancies"]
    assert {(one["sku"], one.get("over", 0), one.get("wrong_lot", 0)) for one in found} >= {
        ("MUG", 2, 0),
        ("PAINT", 0, 1),
        ("DRILL", 1, 0),
    }


def test_goods_that_wait_for_an_inspection_are_told_as_held(dock: Dock) -> None:
    dock.plan("supplier.RETURNS")
    lines = returned(dock, authorize(dock), {"sku": "MUG", "units": 5})
    assert [(line["units"], line["disposition"]) for line in lines] == [(5, "quarantine")]


def test_nothing_came_back_is_told_too(dock: Dock) -> None:
    assert returned(dock, authorize(dock)) == []


def test_closing_again_tells_nothing_twice(dock: Dock) -> None:
    shipment = authorize(dock)
    returned(dock, shipment, {"sku": "MUG", "units": 1})
    dock.close(shipment)
    assert len(dock.published("ReturnReceived")) == 1


def test_returns_are_nobodys_receipts_and_have_a_report_of_their_own(dock: Dock) -> None:
    shipment = authorize(dock)
    returned(dock, shipment, {"sku": "MUG", "units": 4}, {"sku": "MUG", "units": 1, "disposition": "scrap"})
    dock.settle()
    assert dock.get("/reports/received")["items"] == []
    assert dock.get("/reports/discrepancies")["items"] == []
    assert dock.get("/reports/suppliers")["items"] == []
    (row,) = dock.get("/reports/returns")["items"]
    assert (row["return_id"], row["order_id"], row["reason"]) == (RETURN, ORDER, "arrived broken")
    assert (row["authorized_units"], row["restocked_units"], row["scrapped_units"], row["short_units"]) == (
        7,
        4,
        1,
        2,
    )


def test_suppliers_cannot_announce_returns_and_their_goods_have_no_disposition(dock: Dock) -> None:
    refused = dock.post(
        "/shipments", {"supplier": "RETURNS", "reference": "1", "lines": [{"sku": "MUG", "units": 1}]}
    )
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "supplier")
    shipment = dock.arrived({"sku": "MUG", "units": 1})
    refused = dock.log(shipment, {"sku": "MUG", "units": 1, "disposition": "restock"})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "entries[0].disposition")


class TestLabels:
    def test_its_code_is_read_back_and_names_the_announced_shipment(self, dock: Dock) -> None:
        shipment = authorize(dock)
        answer = dock.system.call("GET", f"/receiving/returns/{RETURN}/label")
        assert answer.status == 200, answer
        document = pypdfium2.PdfDocument(answer.body)
        [page] = document
        assert [round(side / POINTS_PER_MM) for side in page.get_size()] == [105, 148]
        [found] = zxingcpp.read_barcodes(page.render(scale=8 / POINTS_PER_MM).to_pil())
        scanned = f"{found.symbology_identifier}{found.text}"
        assert scanned == f"]C1(91){digits_of(RETURN)}"
        said = page.get_textpage().get_text_range()
        assert all(text in said for text in (RETURN, ORDER, "warehouse MAIN", "5 x MUG", "2 x PAINT"))
        for code in (scanned, f"91{digits_of(RETURN)}", f"]C191{digits_of(RETURN)}", RETURN, RETURN.upper()):
            named = dock.get(f"/returns/{code}")
            assert (named["shipment_id"], named["order_id"], named["return_id"]) == (shipment, ORDER, RETURN)

    def test_a_label_printer_gets_it_as_zpl(self, dock: Dock) -> None:
        authorize(dock)
        answer = dock.system.call("GET", f"/receiving/returns/{RETURN}/label", query={"format": "zpl"})
        assert answer.status == 200
        assert answer.body.startswith("^XA^CI28^PW840^LL1184")
        assert "5 x MUG" in answer.body

    def test_many_lines_still_leave_room_for_the_code(self, dock: Dock) -> None:
        authorize(dock, lines=[{"line_id": str(n), "sku": f"SKU-{n}", "units": n} for n in range(1, 40)])
        body = dock.system.call("GET", f"/receiving/returns/{RETURN}/label").body
        [page] = pypdfium2.PdfDocument(body)
        assert "and 31 more lines" in page.get_textpage().get_text_range()
        assert len(zxingcpp.read_barcodes(page.render(scale=8 / POINTS_PER_MM).to_pil())) == 1

    def test_what_is_no_return_is_not_found_and_one_that_is_closed_has_no_label(self, dock: Dock) -> None:
        for path in (
            f"/returns/{ORDER}",
            f"/returns/{ORDER}/label",
            "/returns/nonsense",
            f"/returns/91{'9' * 39}",
        ):
            answer = dock.system.call("GET", f"/receiving{path}")
            assert (answer.status, answer.problem) == (404, "unknown-return")
        shipment = authorize(dock)
        returned(dock, shipment, {"sku": "MUG", "units": 5})
        answer = dock.system.call("GET", f"/receiving/returns/{RETURN}/label")
        assert (answer.status, answer.problem) == (409, "return-is-closed")
        assert dock.get(f"/returns/{RETURN}")["status"] == "closed"


@given(st.uuids())
def test_every_id_is_found_by_its_digits(return_id: UUID) -> None:
    digits = digits_of(str(return_id))
    assert len(digits) == 39
    assert return_of(f"]C191{digits}") == return_of(str(return_id)) == str(return_id)
