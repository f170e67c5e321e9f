"""What customers send back: expected once authorized, logged like any receipt, told to the order when closed."""

from itertools import permutations

import pytest

from tests.unit.receiving.dock import Dock, Json

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
