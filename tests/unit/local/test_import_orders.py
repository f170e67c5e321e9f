"""An import places each invoice once, registers what is new, and reports what it leaves out."""

import base64
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import import_orders
from local.client import ApiClient
from local.import_orders import LONGEST_KEY, idempotency_key, main
from local.order_csv import Reason
from tests.unit.local.fake_api import FakeStowage, served

ROWS = (
    "invoice,sku,description,quantity,date,unit price,customer,country",
    "1001,10001,RED MUG ,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    "1002,10002,BOWL,1,2010-12-01 08:30:00,4.00,,France",
    "1001,10002,BOWL,2,2010-12-01 08:26:00,3.99,17850.0,United Kingdom",
    "C1001,10001,RED MUG,-6,2010-12-02 09:00:00,2.55,17850.0,United Kingdom",
    "1003,POST,POSTAGE,1,2010-12-02 09:00:00,18.00,17851.0,France",
    "1002,10002,BOWL,1,2010-12-01 08:30:00,4.00,,France",
)


@pytest.fixture
def orders_csv(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(ROWS))
    return path


class Importing:
    """Runs the import against a small shop of its own."""

    def __init__(self, stowage: FakeStowage, base_url: str, report: Path) -> None:
        self._client = ApiClient(base_url, _token)
        self._report = report
        self.stowage = stowage

    def connected(self) -> ApiClient:
        return self._client

    def run(self, path: Path, *options: str) -> int:
        return main([str(path), "--report", str(self._report), *options])

    def report(self) -> list[dict[str, str]]:
        with self._report.open(newline="") as lines:
            return list(csv.DictReader(lines))


def _token() -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4_000_000_000}).encode()).decode().rstrip("=")
    return f"header.{claims}.signature"


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importing]:
    stowage = FakeStowage(news_takes=1)
    with served(stowage) as base_url:
        run = Importing(stowage, base_url, tmp_path / "reports" / "report.csv")
        monkeypatch.setattr(import_orders, "connect", run.connected)
        monkeypatch.setattr("local.patience.PAUSE_SECONDS", 0.001)
        yield run


def test_each_invoice_becomes_one_order(importing: Importing, orders_csv: Path) -> None:
    assert importing.run(orders_csv, "--currency", "gbp", "--channel", "gift-shop") == 0
    assert importing.stowage.orders["import-gift-shop-1001"] == {
        "order_id": "id-of-import-gift-shop-1001",
        "channel": "gift-shop",
        "reference": "1001",
        "currency": "GBP",
        "payment": {"method": "tok_accepted"},
        "lines": [
            {"sku": "10001", "quantity": 6, "unit_price": 255},
            {"sku": "10002", "quantity": 2, "unit_price": 399},
        ],
        "customer": "17850",
        "placed_at": "2010-12-01T08:26:00.000Z",
    }
    assert "customer" not in importing.stowage.orders["import-gift-shop-1002"]


def test_new_products_are_registered_and_known_ones_stay_as_they_are(
    importing: Importing, orders_csv: Path
) -> None:
    known = {"sku": "10002", "name": "Stoneware bowl", "weight_g": 520}
    importing.stowage.stored["products"]["10002"] = dict(known)
    importing.run(orders_csv)
    assert importing.stowage.stored["products"] == {"10002": known, "10001": {"sku": "10001", "name": "RED MUG"}}


def test_importing_again_adds_nothing_and_says_so(
    importing: Importing, orders_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    importing.run(orders_csv)
    writes = importing.stowage.writes
    capsys.readouterr()
    assert importing.run(orders_csv) == 0
    assert importing.stowage.writes == writes
    assert "2 there already" in capsys.readouterr().out


def test_every_bad_row_is_printed_and_reported_with_its_number_and_reason(
    importing: Importing, orders_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert importing.run(orders_csv) == 0
    out = capsys.readouterr().out
    assert "row 5: cancellation: invoice C1001 takes an earlier one back" in out
    assert sorted((entry["row"], entry["severity"], entry["reason"]) for entry in importing.report()) == [
        ("3", "warning", Reason.GUEST_ORDER),
        ("5", "rejected", Reason.CANCELLATION),
        ("6", "rejected", Reason.NOT_A_PRODUCT),
        ("7", "rejected", Reason.DUPLICATE_ROW),
    ]


def test_an_order_that_the_api_refuses_is_reported_and_stops_no_other(
    importing: Importing, orders_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_orders, "NEWS_SECONDS", 0.0)
    importing.stowage.stored["products"]["10001"] = {"sku": "10001", "name": "RED MUG"}
    importing.stowage.heard_of("10002")
    assert importing.run(orders_csv) == 0
    refused = [entry for entry in importing.report() if entry["reason"] == Reason.ORDER_REFUSED]
    assert [(entry["row"], entry["invoice"], entry["detail"]) for entry in refused] == [
        ("2", "1001", "lines[0].sku: There is no product '10001'.")
    ]
    assert list(importing.stowage.orders) == ["import-import-1002"]


def test_a_check_places_nothing(
    importing: Importing, orders_csv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert importing.run(orders_csv, "--check") == 0
    assert importing.stowage.writes == 0
    assert "2 orders would be placed" in capsys.readouterr().out
    assert len(importing.report()) == 4


def test_a_file_without_the_needed_columns_is_refused(
    importing: Importing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.csv"
    path.write_text("Belegnummer,sku,quantity,price\n1001,10001,1,2\n")
    assert importing.run(path) == 2
    assert "--map invoice=COLUMN" in capsys.readouterr().err
    assert importing.run(path, "--map", "invoice=Belegnummer") == 0
    assert list(importing.stowage.orders) == ["import-import-1001"]


@pytest.mark.parametrize("invoice", ["536365", "2010/12 №7", "9" * 300])
def test_an_idempotency_key_is_short_printable_and_the_invoices_own(invoice: str) -> None:
    key = idempotency_key("import", invoice)
    assert 1 <= len(key) <= LONGEST_KEY
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key
    assert key == idempotency_key("import", invoice)
    assert key != idempotency_key("import", invoice + "0")


def test_orders_carry_their_address_and_what_the_command_line_says_of_all(
    importing: Importing, tmp_path: Path
) -> None:
    path = tmp_path / "addressed.csv"
    path.write_text(
        "invoice,sku,quantity,price,recipient,street,city,zip,country,company\n"
        "1001,10001,1,2.50,Kim Example,Langer Weg 12,Berlin,10115,DE,\n"
    )
    assert importing.run(path, "--card", "tok_capture_declined", "--warehouse", "EAST") == 0
    order = importing.stowage.orders["import-import-1001"]
    assert order["payment"] == {"method": "tok_capture_declined"}
    assert order["warehouse"] == "EAST"
    assert order["ship_to"] == {
        "name": "Kim Example",
        "street1": "Langer Weg 12",
        "city": "Berlin",
        "postal_code": "10115",
        "country": "DE",
    }
