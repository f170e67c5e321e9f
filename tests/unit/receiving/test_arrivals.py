"""Shipments over HTTP: announced, arrived, logged by scans, closed."""

from tests.unit.receiving.dock import FRESH, LONG_GONE, SSCC, Dock


def test_supplier_and_reference_name_a_shipment_that_can_be_corrected_until_it_arrives(dock: Dock) -> None:
    first = dock.announce({"sku": "MUG", "units": 10})
    assert dock.announce({"sku": "MUG", "units": 10}) == first
    corrected = dock.post(
        "/shipments", {"supplier": "ACME", "reference": "ASN-1", "lines": [{"sku": "MUG", "units": 12}]}
    )
    assert (corrected.status, corrected.body["shipment_id"], corrected.body["revision"]) == (201, first, 2)
    assert dock.get(f"/shipments/{first}")["totals"]["expected"] == 12
    dock.arrive(first)
    late = dock.post(
        "/shipments", {"supplier": "ACME", "reference": "ASN-1", "lines": [{"sku": "MUG", "units": 13}]}
    )
    assert (late.status, late.problem) == (409, "shipment-has-arrived")


def test_the_same_key_gets_the_first_answer_also_after_a_correction(dock: Dock) -> None:
    body = {"supplier": "ACME", "reference": "ASN-1", "lines": [{"sku": "MUG", "units": 10}]}
    first = dock.post("/shipments", body, key="k1")
    dock.announce({"sku": "MUG", "units": 12})
    again = dock.post("/shipments", body, key="k1")
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"


def test_every_line_whose_product_is_not_known_is_named(dock: Dock) -> None:
    lines = [
        {"sku": "MUG", "units": 1},
        {"sku": "NONE", "units": 1},
        {"gtin": "96385074", "units": 1},
        {"units": 2},
    ]
    answer = dock.post("/shipments", {"supplier": "ACME", "reference": "R", "lines": lines})
    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["lines[1].sku", "lines[2].gtin", "lines[3].sku"]


def test_a_gtin_stands_for_the_base_units_of_its_pack(dock: Dock) -> None:
    shipment = dock.arrived({"gtin": "14006381333938", "units": 2})
    assert dock.get(f"/shipments/{shipment}")["totals"]["expected"] == 48
    [result] = dock.log(shipment, {"gtin": "14006381333938", "count": 2}).body["results"]
    assert (result["outcome"], result["units"]) == ("matched", 48)


def test_goods_arrive_only_at_docks_and_staging_places_of_their_warehouse(dock: Dock) -> None:
    shipment = dock.announce({"sku": "MUG", "units": 10})
    for location, problem in (
        ("NOWHERE", "unknown-location"),
        ("A-01", "no-place-to-arrive"),
        ("DOCK-9", "no-place-to-arrive"),
    ):
        assert dock.arrive(shipment, location).problem == problem
    assert dock.arrive(shipment, "STAGE-1").body["location"] == "STAGE-1"
    assert dock.arrive(shipment, "STAGE-1").status == 200
    assert dock.arrive(shipment, "DOCK-1").problem == "shipment-has-arrived"


def test_nothing_is_logged_before_arrival_or_after_closing(dock: Dock) -> None:
    shipment = dock.announce({"sku": "MUG", "units": 10})
    entry = {"sku": "MUG", "units": 1}
    assert dock.log(shipment, entry).problem == "shipment-not-arrived"
    assert dock.close(shipment).problem == "shipment-not-arrived"
    dock.arrive(shipment)
    first = dock.log(shipment, entry, key="before")
    report = dock.close(shipment)
    assert dock.close(shipment).body == report.body
    refused = dock.log(shipment, entry)
    assert (refused.status, refused.problem) == (409, "shipment-closed")
    assert "unannounced" in refused.body["errors"][0]["remedy"]
    assert dock.log(shipment, entry, key="before").body == first.body
    assert dock.log("0" * 36, entry).status == 404


def test_each_entry_is_told_how_it_compares_to_the_announcement(dock: Dock) -> None:
    shipment = dock.arrived(
        {"sku": "MUG", "units": 10},
        {"sku": "MILK", "units": 5, "lot": "L1"},
        {"sku": "PAINT", "units": 4, "lot": "P1"},
    )
    assert dock.outcomes(
        shipment,
        {"sku": "MUG", "units": 4},
        {"sku": "MUG", "units": 6},
        {"sku": "MUG", "units": 1},
        {"sku": "PAINT", "units": 1, "lot": "P1", "condition": "damaged"},
        {"sku": "PAINT", "units": 3, "lot": "P2"},
        {"sku": "MILK", "units": 1, "lot": "L1", "expires_on": LONG_GONE},
        {"sku": "MILK", "units": 1, "lot": "L1", "expires_on": FRESH},
        {"sku": "DRILL", "units": 1, "serial": "S1"},
    ) == ["short", "matched", "over", "damaged", "wrong_lot", "expired", "short", "unexpected_sku"]
    [event] = dock.published("GoodsReceived")
    assert [(line["line"], line.get("status", "available")) for line in event["lines"]] == [
        (1, "available"),
        (1, "available"),
        (1, "available"),
        (3, "damaged"),
        (3, "available"),
        (2, "quarantine"),
        (2, "available"),
        (0, "available"),
    ]
    report = dock.close(shipment).body
    assert report["totals"] == {"expected": 19, "received": 17, "damaged": 1, "short": 3, "over": 2}
    assert [
        (row["line"], row["sku"], row.get("short", 0), row.get("over", 0), row.get("wrong_lot", 0))
        for row in report["discrepancies"]
    ] == [
        (1, "MUG", 0, 1, 0),
        (2, "MILK", 3, 0, 0),
        (3, "PAINT", 0, 0, 0),
        (3, "PAINT", 0, 0, 3),
        (0, "DRILL", 0, 1, 0),
    ]


def test_too_little_shelf_life_is_quarantined(dock: Dock) -> None:
    from datetime import UTC, datetime, timedelta

    soon = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    shipment = dock.arrived({"sku": "MILK", "units": 5})
    answer = dock.log(shipment, {"sku": "MILK", "units": 5, "lot": "L1", "expires_on": soon})
    [result] = answer.body["results"]
    assert result["outcome"] == "short_shelf_life"
    assert result["goods"][0]["status"] == "quarantine"


def test_what_the_tracking_policy_asks_for_is_named_entry_by_entry_and_nothing_is_recorded(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MILK", "units": 5})
    answer = dock.log(
        shipment,
        {"sku": "MILK", "units": 1, "lot": "L1", "expires_on": FRESH},
        {"sku": "MILK", "units": 1},
        {"sku": "MILK", "units": 1, "lot": "L1"},
        {"sku": "DRILL", "units": 2, "serials": ["A"]},
        {"sku": "MILK", "units": 1, "lot": "L1", "expires_on": "2999-02-31"},
    )
    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [
        "entries[1].lot",
        "entries[2].expires_on",
        "entries[3].serials",
        "entries[4].expires_on",
    ]
    assert all(error["remedy"] for error in answer.body["errors"])
    assert dock.get(f"/shipments/{shipment}")["totals"]["received"] == 0


def test_entries_that_name_nothing_or_nobody_are_refused(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MUG", "units": 5})
    answer = dock.log(
        shipment,
        {"units": 3},
        {"sku": "MUG"},
        {"gtin": "96385074"},
        {"gtin": "4006381333930"},
        {"sku": "MILK", "gtin": "4006381333931"},
    )
    assert [error["field"] for error in answer.body["errors"]] == [
        "entries[0]",
        "entries[1].units",
        "entries[2].gtin",
        "entries[3].gtin",
        "entries[4].gtin",
    ]
    assert dock.log(shipment, {"sku": "NONE", "units": 1}).problem == "unknown-sku"


def test_a_serial_is_logged_once(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "DRILL", "units": 5})
    assert dock.outcomes(shipment, {"sku": "DRILL", "serials": ["A", "B"]}) == ["short"]
    again = dock.log(shipment, {"sku": "DRILL", "serials": ["C", "A"]})
    assert again.problem == "serial-logged-twice"
    assert again.field == "entries[0].serials[1]"
    assert dock.log(shipment, {"sku": "DRILL", "serials": ["D", "D"]}).problem == "serial-logged-twice"


def test_an_sscc_stands_for_everything_announced_on_it_once(dock: Dock) -> None:
    shipment = dock.arrived(
        {"sku": "MUG", "units": 10, "sscc": SSCC},
        {"sku": "MILK", "units": 5, "lot": "L1", "expires_on": FRESH, "sscc": SSCC},
        {"sku": "MUG", "units": 3},
    )
    [result] = dock.log(shipment, {"sscc": SSCC}).body["results"]
    assert (result["outcome"], result["units"]) == ("matched", 15)
    [event] = dock.published("GoodsReceived")
    assert [(line["line"], line["units"], line["sscc"]) for line in event["lines"]] == [
        (1, 10, SSCC),
        (2, 5, SSCC),
    ]
    assert dock.log(shipment, {"sscc": SSCC}).problem == "handling-unit-logged-twice"
    assert dock.log(shipment, {"sku": "MUG", "units": 1, "sscc": SSCC}).problem == "handling-unit-logged-twice"
    assert dock.log(shipment, {"sscc": "106141412345678915"}).problem == "handling-unit-not-announced"
    assert dock.log(shipment, {"sscc": "106141412345678900"}).problem == "invalid-gs1-key"


def test_what_stands_on_a_handling_unit_can_be_logged_piece_by_piece(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MUG", "units": 10, "sscc": SSCC})
    assert dock.outcomes(shipment, {"sku": "MUG", "units": 4, "sscc": SSCC}) == ["short"]
    assert dock.outcomes(shipment, {"sku": "MUG", "units": 6, "sscc": SSCC}) == ["matched"]
    assert dock.log(shipment, {"sscc": SSCC}).problem == "handling-unit-logged-twice"


def test_goods_that_nobody_announced_are_received_too(dock: Dock) -> None:
    body = {"supplier": "ACME", "location": "DOCK-1", "reference": "NOTE-7"}
    first = dock.post("/unannounced-shipments", body)
    assert first.status == 201
    shipment = first.body["shipment_id"]
    assert dock.post("/unannounced-shipments", body).body["shipment_id"] == shipment
    assert dock.outcomes(shipment, {"sku": "MUG", "units": 3}) == ["unexpected_sku"]
    assert dock.close(shipment).body["totals"]["over"] == 3
    nameless = [dock.post("/unannounced-shipments", {"supplier": "ACME", "location": "DOCK-1"}) for _ in range(2)]
    assert nameless[0].body["shipment_id"] != nameless[1].body["shipment_id"]
    dock.announce({"sku": "MUG", "units": 1}, reference="ASN-2")
    announced = dock.post("/unannounced-shipments", body | {"reference": "ASN-2"})
    assert announced.problem == "shipment-is-announced"


def test_lists_show_shipments_by_status_supplier_and_overdue(dock: Dock) -> None:
    late = dock.announce({"sku": "MUG", "units": 1}, reference="LATE", eta="2020-01-01T00:00:00.000Z")
    later = dock.announce({"sku": "MUG", "units": 1}, reference="LATER", eta="2999-01-01T00:00:00.000Z")
    done = dock.arrived({"sku": "MUG", "units": 1}, reference="DONE", eta="2020-01-01T00:00:00.000Z")
    dock.close(done)
    dock.settle()
    assert {item["shipment_id"] for item in dock.get("/shipments")["items"]} == {late, later, done}
    assert [item["shipment_id"] for item in dock.get("/shipments", status="closed")["items"]] == [done]
    assert [item["shipment_id"] for item in dock.get("/shipments", overdue="true")["items"]] == [late]
    assert len(dock.get("/shipments", supplier="ACME", status="announced")["items"]) == 2
    assert dock.get("/shipments", supplier="OTHER")["items"] == []
    page = dock.get("/shipments", limit="2")
    assert len(page["items"]) == 2
    rest = dock.get("/shipments", limit="2", cursor=page["cursor"])
    assert len(rest["items"]) == 1
    assert "cursor" not in rest


def test_a_repeated_request_is_logged_once(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MUG", "units": 10})
    first = dock.log(shipment, {"sku": "MUG", "units": 4}, key="k")
    again = dock.log(shipment, {"sku": "MUG", "units": 4}, key="k")
    assert again.body == first.body
    assert dock.get(f"/shipments/{shipment}")["totals"]["received"] == 4
    assert dock.log(shipment, {"sku": "MUG", "units": 5}, key="k").problem == "idempotency-key-reused"
