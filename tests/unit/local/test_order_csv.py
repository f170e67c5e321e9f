"""What a file of order lines from elsewhere becomes: orders where it can, a finding with a reason where not."""

import csv
import gzip
import io
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.order_csv import Finding, Invoice, OrderFile, Reason, Rules, Severity, WrongFile, invoices, survey
from shared.address import Address

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
REAL_FILE = Path(__file__).parents[3].parent / "shared" / "data" / "online_retail_2010-12.csv.gz"


def a_row(
    invoice: str = "536365",
    sku: str = "85123A",
    description: str = "WHITE HEART",
    quantity: str = "6",
    date: str = "2010-12-01 08:26:00",
    price: str = "2.55",
    customer: str = "17850.0",
) -> str:
    return f"{invoice},{sku},{description},{quantity},{date},{price},{customer},United Kingdom"


@pytest.fixture
def write(tmp_path: Path) -> "Write":
    return Write(tmp_path)


class Write:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *rows: str, header: str = HEADER) -> Path:
        return self.content("\r\n".join((header, *rows)).encode())

    def content(self, content: bytes) -> Path:
        path = self._folder / "orders.csv"
        path.write_bytes(content)
        return path


def read(file: OrderFile, keep_duplicates: bool = False) -> tuple[list[Invoice], list[Finding]]:
    found = list(invoices(file.rows(), survey(file.rows()), keep_duplicates))
    return [one for one in found if isinstance(one, Invoice)], [one for one in found if isinstance(one, Finding)]


def reasons(findings: Iterable[Finding], severity: Severity) -> list[tuple[int, str]]:
    return [(finding.row, finding.reason) for finding in findings if finding.severity is severity]


def test_rows_of_one_invoice_become_one_order_wherever_they_lie_in_the_file(write: Write) -> None:
    path = write(a_row("1001", "10001"), a_row("1002", "10001"), a_row("1001", "10002", quantity="3"))
    orders, findings = read(OrderFile(path))
    assert [(order.number, [(line.sku, line.quantity) for line in order.lines]) for order in orders] == [
        ("1002", [("10001", 6)]),
        ("1001", [("10001", 6), ("10002", 3)]),
    ]
    assert findings == []


def test_a_line_has_its_price_in_minor_units_its_time_in_utc_and_its_customer_as_a_number(write: Write) -> None:
    orders, _ = read(OrderFile(write(a_row(price="2.5", date="2010-12-01T09:26+01:00"))))
    assert orders[0].lines[0].unit_price == 250
    assert orders[0].placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert orders[0].customer == "17850"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row(invoice=""), Reason.NO_INVOICE),
        (a_row(invoice="C536379", quantity="-1"), Reason.CANCELLATION),
        (a_row(invoice="A563185"), Reason.BAD_DEBT),
        (a_row(sku=""), Reason.NO_SKU),
        *(
            (a_row(sku=code), Reason.NOT_A_PRODUCT)
            for code in ("POST", "DOT", "M", "m", "C2", "D", "S", "PADS", "B")
        ),
        *(
            (a_row(sku=code), Reason.NOT_A_PRODUCT)
            for code in ("BANK CHARGES", "gift_0001_40", "85123ABC", "8512A")
        ),
        (a_row(quantity="-10"), Reason.QUANTITY_NOT_POSITIVE),
        (a_row(quantity="0"), Reason.QUANTITY_NOT_POSITIVE),
        (a_row(quantity="1.5"), Reason.QUANTITY_NOT_WHOLE),
        (a_row(quantity="a dozen"), Reason.QUANTITY_NOT_WHOLE),
        (a_row(quantity=""), Reason.QUANTITY_NOT_WHOLE),
        (a_row(quantity="1000000001"), Reason.QUANTITY_TOO_LARGE),
        (a_row(price="0.0"), Reason.PRICE_ZERO),
        (a_row(price="-11062.06"), Reason.PRICE_NEGATIVE),
        (a_row(price="free"), Reason.PRICE_NOT_A_NUMBER),
        (a_row(price="nan"), Reason.PRICE_NOT_A_NUMBER),
        (a_row(quantity="9" * 5000), Reason.QUANTITY_TOO_LARGE),
        (a_row(price="1E999999999"), Reason.PRICE_NOT_A_NUMBER),
        (a_row(price="10000000000.01"), Reason.PRICE_TOO_LARGE),
        (a_row(date="0001-01-01T00:00:00+14:00"), Reason.DATE_NOT_UNDERSTOOD),
        (a_row(price="0.001"), Reason.PRICE_TOO_FINE),
        (a_row(date="12/1/2010 8:26"), Reason.DATE_NOT_UNDERSTOOD),
        (a_row(date=""), Reason.DATE_NOT_UNDERSTOOD),
        (a_row() + ",surplus", Reason.COLUMN_COUNT),
        ("536365,85123A", Reason.COLUMN_COUNT),
    ],
)
def test_a_bad_row_is_reported_with_its_number_and_reason_and_stops_nothing(
    write: Write, row: str, reason: Reason
) -> None:
    orders, findings = read(OrderFile(write(a_row("1001"), row, a_row("1002"))))
    assert [order.number for order in orders] == ["1001", "1002"]
    assert reasons(findings, Severity.REJECTED) == [(3, reason)]
    assert findings[0].detail


def test_a_finding_names_the_value_that_is_wrong(write: Write) -> None:
    _, findings = read(OrderFile(write(a_row(quantity="a dozen"))))
    assert findings[0].detail == "quantity 'a dozen' is no whole number"
    assert (findings[0].invoice, findings[0].sku) == ("536365", "85123A")


def test_an_exact_repetition_is_reported_with_the_row_it_repeats_and_not_ordered_twice(write: Write) -> None:
    path = write(a_row(), a_row(sku="10002"), a_row())
    orders, findings = read(OrderFile(path))
    assert len(orders[0].lines) == 2
    assert reasons(findings, Severity.REJECTED) == [(4, Reason.DUPLICATE_ROW)]
    assert "row 2" in findings[0].detail


def test_repetitions_are_ordered_when_the_user_says_so(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(), a_row())), keep_duplicates=True)
    assert len(orders[0].lines) == 2
    assert findings == []


def test_one_sku_twice_in_an_invoice_with_another_quantity_is_two_lines(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(quantity="6"), a_row(quantity="2"))))
    assert [line.quantity for line in orders[0].lines] == [6, 2]
    assert findings == []


def test_codes_that_differ_only_by_case_are_one_product(write: Write) -> None:
    file = OrderFile(write(a_row(sku="85123A"), a_row(sku="85123a", quantity="1")))
    orders, findings = read(file)
    assert {line.sku for line in orders[0].lines} == {"85123A"}
    assert reasons(findings, Severity.WARNING) == [(3, Reason.SKU_CASE)]
    assert set(survey(file.rows()).product_names) == {"85123A"}


@pytest.mark.parametrize(
    ("descriptions", "name"),
    [
        (("RED MUG", "MUG", "MUG"), "MUG"),
        (("MUG", "RED  ENAMEL MUG  "), "RED ENAMEL MUG"),
        (("RED MUG", "MUG RED"), "RED MUG"),
        (("", "MUG"), "MUG"),
        (("", " "), "10001"),
    ],
    ids=[
        "the commonest",
        "then the longest",
        "then the first",
        "any rather than none",
        "the SKU when there is none",
    ],
)
def test_a_product_with_several_descriptions_gets_one(
    write: Write, descriptions: tuple[str, ...], name: str
) -> None:
    path = write(*(a_row(f"100{n}", "10001", text) for n, text in enumerate(descriptions)))
    assert survey(OrderFile(path).rows()).product_names == {"10001": name}


def test_descriptions_of_bad_rows_name_nothing(write: Write) -> None:
    path = write(a_row(description="MUG"), *[a_row(description="damages", quantity="-9")] * 3)
    assert survey(OrderFile(path).rows()).product_names == {"85123A": "MUG"}


def test_an_invoice_without_customer_is_a_guest_order_with_a_warning(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(customer=""), a_row(sku="10002", customer=""))))
    assert orders[0].customer == ""
    assert reasons(findings, Severity.WARNING) == [(2, Reason.GUEST_ORDER)]


def test_an_invoice_of_several_minutes_counts_from_the_first(write: Write) -> None:
    path = write(a_row(date="2010-12-01 08:27:00"), a_row(sku="10002", date="2010-12-01 08:26:00"))
    orders, findings = read(OrderFile(path))
    assert orders[0].placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert reasons(findings, Severity.WARNING) == [(2, Reason.SEVERAL_TIMES)]


def test_an_invoice_of_two_customers_goes_to_the_first(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(customer="2"), a_row(sku="10002", customer="1"))))
    assert orders[0].customer == "2"
    assert reasons(findings, Severity.WARNING) == [(2, Reason.SEVERAL_CUSTOMERS)]


def test_an_invoice_of_over_a_thousand_lines_is_one_order(write: Write) -> None:
    orders, _ = read(OrderFile(write(*(a_row(sku=f"{10000 + n}") for n in range(1200)))))
    assert [len(order.lines) for order in orders] == [1200]


def test_with_a_limit_only_the_first_invoices_are_ordered_but_every_row_is_checked(write: Write) -> None:
    file = OrderFile(write(a_row("1001"), a_row("1002"), a_row("1001", "10002"), a_row("1003", quantity="0")))
    found = list(invoices(file.rows(), survey(file.rows(), limit=1)))
    assert [one.number for one in found if isinstance(one, Invoice)] == ["1001"]
    assert [one.row for one in found if isinstance(one, Finding)] == [5]
    assert set(survey(file.rows(), limit=1).product_names) == {"85123A", "10002"}


@pytest.mark.parametrize(
    "header",
    [
        "invoice,sku,description,quantity,date,unit price,customer,country",
        "Invoice No,Stock Code,Item Description,Qty,Order Date,Unit_Price,Customer ID,Country",
        "INVOICENO,STOCKCODE,DESCRIPTION,QUANTITY,INVOICEDATE,UNITPRICE,CUSTOMERID,COUNTRY",
    ],
)
def test_common_column_names_are_recognised(write: Write, header: str) -> None:
    orders, findings = read(OrderFile(write(a_row(), header=header)))
    assert [(line.sku, line.customer) for line in orders[0].lines] == [("85123A", "17850")]
    assert findings == []


def test_other_column_names_are_mapped_in_any_order(write: Write) -> None:
    path = write("7,EUR,9.90,1001,10001", header="Menge,Curr,Preis,Beleg,Artikel")
    columns = {"invoice": "Beleg", "sku": "Artikel", "quantity": "Menge", "unit_price": "preis"}
    orders, _ = read(OrderFile(path, columns))
    line = orders[0].lines[0]
    assert (line.invoice, line.sku, line.quantity, line.unit_price) == ("1001", "10001", 7, 990)
    assert orders[0].placed_at is None


def test_a_missing_column_is_named_with_the_columns_there_are(write: Write) -> None:
    with pytest.raises(WrongFile, match=r"for quantity.*'Menge'.*--map quantity=COLUMN"):
        read(OrderFile(write("1001,10001,7,1", header="Invoice,SKU,Menge,Price")))


def test_a_mapped_column_that_does_not_exist_is_an_error(write: Write) -> None:
    with pytest.raises(WrongFile, match="'Land' for country"):
        read(OrderFile(write(a_row()), {"country": "Land"}))


def test_dates_of_another_form_are_read_as_told(write: Write) -> None:
    orders, _ = read(OrderFile(write(a_row(date="12/1/2010 8:26")), rules=Rules(date_format="%m/%d/%Y %H:%M")))
    assert orders[0].placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def test_a_currency_without_cents_takes_no_decimal_places(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(price="255"), a_row(price="2.55")), rules=Rules(currency="JPY")))
    assert orders[0].lines[0].unit_price == 255
    assert reasons(findings, Severity.REJECTED) == [(3, Reason.PRICE_TOO_FINE)]


def test_product_codes_and_invoice_marks_are_the_users_to_say(write: Write) -> None:
    rules = Rules(sku_pattern=r"MUG-\d+", cancellation_prefix="", bad_debt_prefix="")
    orders, findings = read(OrderFile(write(a_row("C1001", "mug-1"), a_row("A1002", "MUG-2")), rules=rules))
    assert [(order.number, order.lines[0].sku) for order in orders] == [("C1001", "MUG-1"), ("A1002", "MUG-2")]
    assert reasons(findings, Severity.REJECTED) == []


def test_a_compressed_file_reads_like_a_plain_one_whatever_its_name(write: Write) -> None:
    path = write(a_row())
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(OrderFile(path))[0][0].number == "536365"


def test_a_compressed_file_that_breaks_off_says_so(write: Write) -> None:
    path = write(*(a_row(sku=f"{10000 + n}") for n in range(500)))
    path.write_bytes(gzip.compress(path.read_bytes())[:-40])
    with pytest.raises(WrongFile, match="damaged"):
        list(OrderFile(path).rows())


def test_old_encodings_a_byte_order_mark_blank_lines_and_quoted_commas_are_no_dirt(write: Write) -> None:
    latin = a_row(description='"CAFÉ, £5 OFF"').encode("cp1252")
    path = write.content(b"\xef\xbb\xbf" + HEADER.encode() + b"\n\n" + latin + b"\n")
    orders, findings = read(OrderFile(path))
    assert orders[0].lines[0].description == "CAFÉ, £5 OFF"
    assert orders[0].lines[0].row == 3
    assert findings == []


def test_an_unreadable_row_is_reported_and_the_next_one_is_read(write: Write) -> None:
    orders, findings = read(OrderFile(write(a_row(description="x" * 200_000), a_row("1002"))))
    assert [order.number for order in orders] == ["1002"]
    assert reasons(findings, Severity.REJECTED) == [(2, Reason.UNREADABLE)]


CELLS = (
    st.sampled_from(["1001", "85123A", "6", "2.55", "-1", "1E9", "NaN", "2010-12-01", "C1001", "\0", ""])
    | st.text()
)


@given(st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=5), st.binary(max_size=50))
def test_no_content_whatever_breaks_the_reading(cells: list[list[str]], garbage: bytes) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER.split(","), *cells])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        path.write_bytes(text.getvalue().encode(errors="surrogatepass") + garbage)
        file = OrderFile(path)
        rows = list(file.rows())
        assert len([row for row in rows if row.row <= len(cells) + 1]) == len(cells)
        list(invoices(file.rows(), survey(file.rows())))


def test_an_empty_file_is_no_order_file(write: Write) -> None:
    with pytest.raises(WrongFile, match="no column"):
        read(OrderFile(write.content(b"")))


@pytest.mark.skipif(not REAL_FILE.exists(), reason=f"the public data set is not there: {REAL_FILE.name}")
def test_a_month_of_a_real_shop_becomes_orders_and_every_other_row_has_its_reason() -> None:
    """The numbers were counted apart from this code, with awk and with csv.DictReader."""
    file = OrderFile(REAL_FILE, rules=Rules(currency="GBP"))
    known = survey(file.rows())
    orders: list[Invoice] = []
    found: Counter[Reason] = Counter()
    for one in invoices(file.rows(), known):
        if isinstance(one, Invoice):
            orders.append(one)
        else:
            found[one.reason] += 1
    lines = [line for order in orders for line in order.lines]
    assert (len(orders), len(lines), len(known.product_names)) == (1550, 40821, 2719)
    assert sum(line.quantity for line in lines) == 357_523
    assert sum(line.quantity * line.unit_price for line in lines) == 77_557_223
    assert max(len(order.lines) for order in orders) == 674
    assert found == {
        Reason.CANCELLATION: 728,
        Reason.NOT_A_PRODUCT: 170,
        Reason.QUANTITY_NOT_POSITIVE: 70,
        Reason.PRICE_ZERO: 203,
        Reason.DUPLICATE_ROW: 489,
        Reason.GUEST_ORDER: 156,
        Reason.SKU_CASE: 235,
        Reason.SEVERAL_TIMES: 1,
    }
    assert len(lines) + 728 + 170 + 70 + 203 + 489 == 42_481


ADDRESSED = (
    "InvoiceNo,StockCode,Quantity,UnitPrice,Shipping Name,Shipping Street,Shipping City,Shipping Zip,Country"
)


def addressed(name: str = "Kim Example", street: str = "Langer Weg 12", country: str = "DE") -> str:
    return f"1001,10001,1,2.50,{name},{street},Berlin,10115,{country}"


def test_an_order_goes_to_the_first_whole_address_of_its_rows(write: Write) -> None:
    path = write(addressed(name=""), addressed(), addressed(street="Kurzer Weg 1"), header=ADDRESSED)
    [order], findings = read(OrderFile(path))
    assert order.ship_to == Address(
        name="Kim Example", street1="Langer Weg 12", city="Berlin", postal_code="10115", country="DE"
    )
    warnings = [found for found in reasons(findings, Severity.WARNING) if found[1] != Reason.NO_DESCRIPTION]
    assert warnings == [(2, Reason.ADDRESS_NOT_TAKEN), (2, Reason.GUEST_ORDER), (2, Reason.SEVERAL_ADDRESSES)]


def test_what_is_wrong_with_an_address_is_told_without_quoting_it(write: Write) -> None:
    [order], findings = read(OrderFile(write(addressed(country="Germany"), header=ADDRESSED)))
    assert order.ship_to is None
    [fault] = [found.detail for found in findings if found.reason is Reason.ADDRESS_NOT_TAKEN]
    assert "`$.country`" in fault
    assert "Germany" not in fault
    assert "Langer Weg" not in fault


def test_a_country_alone_is_no_address(write: Write) -> None:
    [order], findings = read(OrderFile(write(a_row())))
    assert order.ship_to is None
    assert findings == []
