"""Reports by period and supplier, as JSON and CSV: they say what the history says."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from shared import aws
from tests.support.clocks import movable_clock
from tests.support.faults import counting
from tests.unit.receiving.dock import FRESH, Dock, Json

LATE, EARLY = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


def receive(dock: Dock, reference: str, supplier: str, units: int, came: int, eta: str, damaged: int = 0) -> str:
    answer = dock.post(
        "/shipments",
        {"supplier": supplier, "reference": reference, "eta": eta, "lines": [{"sku": "MUG", "units": units}]},
    )
    shipment = str(answer.body["shipment_id"])
    dock.arrive(shipment)
    entries: list[Json] = [{"sku": "MUG", "units": came}] if came else []
    if damaged:
        entries.append({"sku": "MUG", "units": damaged, "condition": "damaged"})
    dock.log(shipment, *entries)
    dock.close(shipment)
    return shipment


@pytest.fixture
def busy(dock: Dock) -> Dock:
    receive(dock, "A1", "ACME", 10, 10, EARLY)
    receive(dock, "A2", "ACME", 10, 7, LATE)
    receive(dock, "B1", "BOLT", 10, 10, EARLY, damaged=2)
    dock.settle()
    return dock


def test_received_and_discrepancies_tell_the_same_story(busy: Dock) -> None:
    received = busy.get("/reports/received")["items"]
    assert [(one["reference"], one["received_units"], one.get("short_units", 0)) for one in received] == [
        ("A1", 10, 0),
        ("A2", 7, 3),
        ("B1", 10, 0),
    ]
    rows = busy.get("/reports/discrepancies")["items"]
    assert [(row["reference"], row["short"], row["over"], row["damaged"]) for row in rows] == [
        ("A2", 3, 0, 0),
        ("B1", 0, 2, 2),
    ]
    assert [row["reference"] for row in busy.get("/reports/discrepancies", supplier="BOLT")["items"]] == ["B1"]


def test_scorecards_count_each_receipt_once(busy: Dock) -> None:
    closed = [event for event in busy.system.bus if event.type == "receiving.ShipmentClosed"]
    assert busy.system.deliver(("receiving", "scoring"), *closed) == []
    busy.settle()
    report = busy.get("/reports/suppliers")
    assert [
        (one["supplier"], one["receipts"], one["on_time_rate"], one["complete_rate"], one["undamaged_rate"])
        for one in report["items"]
    ] == [("ACME", 2, 0.5, 0.5, 1.0), ("BOLT", 1, 1.0, 1.0, 0.0)]
    page = busy.get("/reports/suppliers", limit="1")
    assert [one["supplier"] for one in page["items"]] == ["ACME"]
    rest = busy.get("/reports/suppliers", limit="1", cursor=page["cursor"])
    assert [one["supplier"] for one in rest["items"]] == ["BOLT"]
    assert [one["supplier"] for one in busy.get("/reports/suppliers", supplier="BOLT")["items"]] == ["BOLT"]
    assert busy.get("/reports/dock-to-stock")["items"] == []


def test_the_time_from_dock_to_stock_counts_each_finished_task_once(dock: Dock) -> None:
    with movable_clock() as clock:
        clock.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        shipment = receive(dock, "A1", "ACME", 10, 10, EARLY)
    for task, remaining, at in (
        ("task-1", 4, "2026-03-02T09:00:00.000Z"),
        ("task-1", 0, "2026-03-02T10:00:00.000Z"),
        ("task-1", 0, "2026-03-02T10:00:00.000Z"),
        ("task-2", 0, "2026-03-02T12:00:00.000Z"),
    ):
        stored = {"task_id": task, "confirmed_at": at, "remaining": remaining, "shipment_id": shipment}
        dock.tell("PutAwayConfirmed", f"PutAway#{task}", stored)
    dock.tell(
        "PutAwayConfirmed", "PutAway#task-3", {"task_id": "task-3", "confirmed_at": "2026-03-02T12:00:00.000Z"}
    )
    dock.settle()

    report = dock.get("/reports/dock-to-stock", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert [(one["supplier"], one["put_aways"], one["mean_hours"]) for one in report["items"]] == [
        ("ACME", 2, 3.0)
    ]


def test_open_shipments_are_listed_with_the_overdue_first(busy: Dock) -> None:
    busy.announce({"sku": "MUG", "units": 1}, reference="SOON", eta=EARLY)
    busy.announce({"sku": "MUG", "units": 1}, reference="LATE", eta=LATE)
    busy.settle()
    assert [(one["reference"], one["overdue"]) for one in busy.get("/reports/open")["items"]] == [
        ("LATE", True),
        ("SOON", False),
    ]


def test_inspections_are_reported_by_their_decision(dock: Dock) -> None:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 5})
    answer = dock.log(shipment, {"sku": "MILK", "units": 5, "lot": "L1", "expires_on": FRESH})
    inspection = answer.body["results"][0]["goods"][0]["inspection_id"]
    dock.close(shipment)
    dock.settle()
    assert dock.get("/reports/inspections")["items"] == []
    dock.post(f"/inspections/{inspection}/decision", {"decision": "reject", "reason": "Smells"})
    dock.settle()
    [row] = dock.get("/reports/inspections")["items"]
    assert (row["decision"], row["rejected_units"], row["conforming"]) == ("rejected", 5, False)


def test_every_report_is_csv_too(busy: Dock) -> None:
    answer = busy.system.call("GET", "/receiving/reports/received", accept="text/csv")
    rows = list(csv.DictReader(StringIO(answer.body)))
    assert [row["reference"] for row in rows] == ["A1", "A2", "B1"]
    assert answer.headers["content-type"].startswith("text/csv")
    for name in ("received", "discrepancies", "open", "suppliers", "dock-to-stock", "inspections"):
        answer = busy.system.call("GET", f"/receiving/reports/{name}", query={"format": "csv"})
        assert answer.status == 200
        assert answer.body.partition("\r\n")[0].count(",") >= 2


def test_pages_of_a_report_go_on_where_the_last_one_ended(busy: Dock) -> None:
    first = busy.system.call("GET", "/receiving/reports/received", query={"format": "csv", "limit": "2"})
    assert first.body.count("\r\n") == 3
    rest = busy.system.call(
        "GET", "/receiving/reports/received", query={"limit": "2", "cursor": first.headers["next-cursor"]}
    )
    assert [one["reference"] for one in rest.body["items"]] == ["B1"]
    assert "cursor" not in rest.body


def test_a_period_is_days_and_reads_only_its_months(dock: Dock) -> None:
    with movable_clock() as time:
        time.now = datetime(2026, 1, 30, 12, tzinfo=UTC)
        for number in range(5):
            receive(dock, f"S{number}", "ACME", 1, 1, EARLY)
            time.pass_time(timedelta(days=1))
        dock.settle()

    def shown(since: str, until: str, **query: str) -> list[str]:
        answer = dock.get("/reports/received", **{"from": since, "to": until, **query})
        return [one["reference"] for one in answer["items"]]

    assert shown("2026-01-31", "2026-02-02") == ["S1", "S2", "S3"]
    assert shown("2026-02-01", "2026-02-28") == ["S2", "S3", "S4"]
    pages: list[str] = []
    cursor: Json = {}
    while True:
        answer = dock.get(
            "/reports/received", **{"from": "2026-01-30", "to": "2026-02-02", "limit": "2"}, **cursor
        )
        pages += [one["reference"] for one in answer["items"]]
        if "cursor" not in answer:
            break
        cursor = {"cursor": answer["cursor"]}
    assert pages == ["S0", "S1", "S2", "S3"]
    with counting(aws.dynamodb()) as traffic:
        shown("2026-02-01", "2026-02-02")
    assert traffic.asked("Query") == 1
    assert traffic.asked("Scan") == 0
    for since, until in (("2026-02-02", "2026-02-01"), ("2024-01-01", "2026-02-01"), ("2026-02-30", "2026-03-01")):
        query = {"from": since, "to": until}
        assert dock.system.call("GET", "/receiving/reports/received", query=query).status == 400
