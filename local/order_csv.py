"""Order lines in CSV files from elsewhere: what a row says, or why it cannot become an order line.

Nothing here talks to anybody: rows go in, invoices and findings come out.
"""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from msgspec import Struct, ValidationError, convert

from shared.address import Address
from shared.quantity import MAX_UNITS

PRODUCT_CODE = r"\d{5}[A-Z]{0,2}"
"""Five digits and up to two letters of either case: an article. The rest are postage, fees, vouchers."""

REQUIRED_FIELDS = ("invoice", "sku", "quantity", "unit_price")
COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "invoice": ("invoice", "invoiceno", "invoicenumber", "orderid", "orderno", "ordernumber"),
    "sku": ("sku", "stockcode", "itemcode", "productcode", "articleno"),
    "description": ("description", "itemdescription", "productname"),
    "quantity": ("quantity", "qty"),
    "date": ("date", "invoicedate", "orderdate", "placedat"),
    "unit_price": ("unitprice", "price", "itemprice"),
    "customer": ("customer", "customerid", "customerno", "customernumber"),
    "name": ("shippingname", "recipient", "shipto"),
    "company": ("company", "shippingcompany"),
    "street1": ("street", "street1", "address1", "shippingstreet", "shippingaddress1"),
    "street2": ("street2", "address2", "shippingaddress2"),
    "city": ("city", "town", "shippingcity"),
    "region": ("region", "state", "province", "shippingprovince"),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode", "shippingzip"),
    "country": ("country", "countrycode", "shippingcountry", "shippingcountrycode"),
    "email": ("email",),
    "phone": ("phone", "shippingphone"),
}
"""Per field the column names that are recognised, in lower case and without spaces, dashes and underscores."""

ADDRESS_FIELDS = Address.__struct_fields__
NO_ADDRESS_ALONE = frozenset({"country", "email", "phone"})
"""Fields that say nothing about where goods go to while nothing else does."""

MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Decimal places of the currencies that do not have two (ISO 4217)."""

MAX_MINOR_UNITS = 1_000_000_000_000
"""The highest price that the API takes."""

LONGEST_QUOTE = 60
GZIP_MAGIC = b"\x1f\x8b"


class Reason(StrEnum):
    """Why a row is no order line, or what was noticed about one that is."""

    UNREADABLE = "unreadable"
    COLUMN_COUNT = "column-count"
    NO_INVOICE = "no-invoice"
    CANCELLATION = "cancellation"
    BAD_DEBT = "bad-debt"
    NO_SKU = "no-sku"
    NOT_A_PRODUCT = "not-a-product"
    QUANTITY_NOT_WHOLE = "quantity-not-whole"
    QUANTITY_NOT_POSITIVE = "quantity-not-positive"
    QUANTITY_TOO_LARGE = "quantity-too-large"
    PRICE_NOT_A_NUMBER = "price-not-a-number"
    PRICE_NEGATIVE = "price-negative"
    PRICE_ZERO = "price-zero"
    PRICE_TOO_LARGE = "price-too-large"
    PRICE_TOO_FINE = "price-too-fine"
    DATE_NOT_UNDERSTOOD = "date-not-understood"
    DUPLICATE_ROW = "duplicate-row"
    ORDER_REFUSED = "order-refused"
    PRODUCT_REFUSED = "product-refused"
    NO_ANSWER = "no-answer"
    GUEST_ORDER = "guest-order"
    SEVERAL_CUSTOMERS = "several-customers"
    SEVERAL_TIMES = "several-times"
    SKU_CASE = "sku-case"
    NO_DESCRIPTION = "no-description"
    ADDRESS_NOT_TAKEN = "address-not-taken"
    SEVERAL_ADDRESSES = "several-addresses"


class Severity(StrEnum):
    """What became of the row: not imported, or imported with a remark."""

    REJECTED = "rejected"
    WARNING = "warning"


class Finding(Struct, frozen=True):
    """One thing to report about a row. Rows count as a spreadsheet does: the header is row 1."""

    row: int
    severity: Severity
    reason: Reason
    detail: str
    invoice: str = ""
    sku: str = ""


class OrderLine(Struct, frozen=True):
    """One good row. `unit_price` is in minor units; `cells` is the row as it stood in the file.

    `address_fault` says why an address that it bears could not be taken.
    """

    row: int
    invoice: str
    sku: str
    description: str
    quantity: int
    unit_price: int
    placed_at: datetime | None
    customer: str
    cells: tuple[str, ...]
    written_sku: str
    ship_to: Address | None = None
    address_fault: str = ""


class Invoice(Struct, frozen=True):
    """All good rows of one invoice: an order."""

    number: str
    lines: tuple[OrderLine, ...]

    @property
    def placed_at(self) -> datetime | None:
        """When the first of its lines was written."""
        return min((line.placed_at for line in self.lines if line.placed_at), default=None)

    @property
    def customer(self) -> str:
        """The first customer that any line names, or nothing."""
        return next((line.customer for line in self.lines if line.customer), "")

    @property
    def ship_to(self) -> Address | None:
        """The first whole address that any line bears, or none."""
        return next((line.ship_to for line in self.lines if line.ship_to), None)


class Rules(Struct, frozen=True):
    """How rows are read: what a product code looks like, which invoices are no orders, how dates are written."""

    sku_pattern: str = PRODUCT_CODE
    currency: str = "EUR"
    date_format: str = ""
    cancellation_prefix: str = "C"
    bad_debt_prefix: str = "A"
    keep_duplicates: bool = False


class WrongFile(Exception):
    """The file as a whole cannot be read as order lines."""


class _Bad(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


Row: TypeAlias = OrderLine | Finding


class OrderFile:
    """A CSV file of order lines, plain or compressed with gzip, read from its beginning as often as wanted."""

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str] | None = None,
        rules: Rules | None = None,
        delimiter: str = ",",
    ) -> None:
        self._path = path
        self._named = columns or {}
        self._rules = rules or Rules()
        self._delimiter = delimiter

    def rows(self) -> Iterator[Row]:
        """Every row of the file, as an order line or as the finding that says why it is none.

        Raises WrongFile when columns are missing or the file breaks off.
        """
        with self._path.open("rb") as raw:
            text = io.TextIOWrapper(_decompressed(raw), encoding="utf-8-sig", errors=WINDOWS_1252, newline="")
            try:
                cells = _numbered(csv.reader(text, delimiter=self._delimiter))
                _, header = next(cells, (1, []))
                if isinstance(header, csv.Error):
                    raise WrongFile(f"{self._path} is no CSV file: {header}")
                reader = RowReader(header, match_columns(header, self._named), self._rules)
                for row, content in cells:
                    if content:
                        yield reader.read(row, content)
            except (EOFError, gzip.BadGzipFile) as error:
                raise WrongFile(f"{self._path} is damaged: {error}") from error


class RowReader:
    """Reads the rows that stand under one header."""

    def __init__(self, header: Sequence[str], columns: Mapping[str, int], rules: Rules) -> None:
        self._width = len(header)
        self._columns = columns
        self._rules = rules
        self._product_code = re.compile(rules.sku_pattern, re.IGNORECASE)
        self._minor_digits = MINOR_DIGITS.get(rules.currency, 2)

    def read(self, row: int, content: "Sequence[str] | csv.Error") -> Row:
        """The order line in this row, or the finding that says why there is none."""
        if isinstance(content, csv.Error):
            return Finding(row, Severity.REJECTED, Reason.UNREADABLE, f"the row cannot be read as CSV: {content}")
        if len(content) != self._width:
            detail = f"the row has {len(content)} columns, the header {self._width}"
            return Finding(row, Severity.REJECTED, Reason.COLUMN_COUNT, detail)
        invoice, written_sku = self._cell(content, "invoice"), self._cell(content, "sku")
        try:
            self._check_invoice(invoice)
            self._check_sku(written_sku)
            ship_to, address_fault = self._address(content)
            return OrderLine(
                row=row,
                invoice=invoice,
                sku=written_sku.upper(),
                description=" ".join(self._cell(content, "description").split()),
                quantity=_quantity(self._cell(content, "quantity")),
                unit_price=self._unit_price(self._cell(content, "unit_price")),
                placed_at=self._date(content),
                customer=_without_fraction(self._cell(content, "customer")),
                cells=tuple(content),
                written_sku=written_sku,
                ship_to=ship_to,
                address_fault=address_fault,
            )
        except _Bad as bad:
            return Finding(row, Severity.REJECTED, bad.reason, bad.detail, invoice, written_sku)

    def _cell(self, content: Sequence[str], field: str) -> str:
        column = self._columns.get(field)
        return "" if column is None else content[column].strip()

    def _check_invoice(self, invoice: str) -> None:
        if not invoice:
            raise _Bad(Reason.NO_INVOICE, "the row names no invoice")
        if _is_marked(invoice, self._rules.cancellation_prefix):
            raise _Bad(Reason.CANCELLATION, f"invoice {invoice} takes an earlier one back: it is no order")
        if _is_marked(invoice, self._rules.bad_debt_prefix):
            raise _Bad(Reason.BAD_DEBT, f"invoice {invoice} writes off a bad debt: it is no order")

    def _check_sku(self, sku: str) -> None:
        if not sku:
            raise _Bad(Reason.NO_SKU, "the row names no stock code")
        if not self._product_code.fullmatch(sku):
            raise _Bad(
                Reason.NOT_A_PRODUCT,
                f"stock code {_short(sku)} is no product: those are {self._product_code.pattern}",
            )

    def _unit_price(self, written: str) -> int:
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", written):
            raise _Bad(Reason.PRICE_NOT_A_NUMBER, f"unit price {_short(written)} is no number such as 2.55")
        price = Decimal(written)
        if price < 0:
            raise _Bad(Reason.PRICE_NEGATIVE, f"unit price {_short(written)} is negative")
        if price == 0:
            raise _Bad(Reason.PRICE_ZERO, "unit price is 0: a gift, a sample or a correction, but not a sale")
        minor = price * 10**self._minor_digits
        if minor > MAX_MINOR_UNITS:
            raise _Bad(Reason.PRICE_TOO_LARGE, f"unit price {_short(written)} is more than the API takes")
        if minor != minor.to_integral_value():
            places = f"{self._minor_digits} decimal places of {self._rules.currency}"
            raise _Bad(Reason.PRICE_TOO_FINE, f"unit price {_short(written)} has more than the {places}")
        return int(minor)

    def _address(self, content: Sequence[str]) -> tuple[Address | None, str]:
        """Where the row wants its goods to go, if it says so, and what is wrong with it, without quoting it."""
        told = {field: written for field in ADDRESS_FIELDS if (written := self._cell(content, field))}
        if not told.keys() - NO_ADDRESS_ALONE:
            return None, ""
        try:
            return convert(told, Address), ""
        except ValidationError as error:
            return None, f"the order has no address: {error}"

    def _date(self, content: Sequence[str]) -> datetime | None:
        if "date" not in self._columns:
            return None
        written = self._cell(content, "date")
        try:
            if self._rules.date_format:
                moment = datetime.strptime(written, self._rules.date_format)
            else:
                moment = datetime.fromisoformat(written)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            expected = self._rules.date_format or "an ISO 8601 date; --date-format tells another form"
            raise _Bad(Reason.DATE_NOT_UNDERSTOOD, f"date {_short(written)} is not {expected}") from None


class Survey(Struct, frozen=True):
    """What a first reading finds: how many good rows each invoice has, and what each product is called."""

    rows_per_invoice: Mapping[str, int]
    product_names: Mapping[str, str]


def survey(rows: Iterable[Row], limit: int | None = None) -> Survey:
    """Count the rows of each invoice and name each product; with a limit, of the first `limit` invoices only.

    A product with several descriptions gets the commonest, of equally common ones the longest, then the first;
    one that has none is called by its SKU.
    """
    rows_per_invoice: Counter[str] = Counter()
    descriptions: dict[str, Counter[str]] = {}
    for row in rows:
        if isinstance(row, Finding):
            continue
        if row.invoice not in rows_per_invoice and limit is not None and len(rows_per_invoice) >= limit:
            continue
        rows_per_invoice[row.invoice] += 1
        heard = descriptions.setdefault(row.sku, Counter())
        if row.description:
            heard[row.description] += 1
    names = {sku: _best_description(heard) or sku for sku, heard in descriptions.items()}
    return Survey(rows_per_invoice, names)


def invoices(rows: Iterable[Row], known: Survey, keep_duplicates: bool = False) -> Iterator[Invoice | Finding]:
    """The invoices of the survey, each as soon as its last row is read, and all findings.

    Rows of an invoice may lie anywhere in the file: only invoices that are not complete yet are kept in memory.
    """
    unfinished: dict[str, list[OrderLine]] = {}
    for row in rows:
        if isinstance(row, Finding):
            yield row
            continue
        if row.invoice not in known.rows_per_invoice:
            continue
        lines = unfinished.setdefault(row.invoice, [])
        lines.append(row)
        if len(lines) == known.rows_per_invoice[row.invoice]:
            yield from _completed(unfinished.pop(row.invoice), keep_duplicates)


def match_columns(header: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """The column of each field: as `named` says, else by a common name. Raises WrongFile when one is missing."""
    positions = {_simplified(name): position for position, name in reversed(list(enumerate(header)))}
    columns: dict[str, int] = {}
    for field, names in COLUMN_NAMES.items():
        wanted = (named[field],) if field in named else names
        found = next((positions[_simplified(name)] for name in wanted if _simplified(name) in positions), None)
        if found is not None:
            columns[field] = found
        elif field in named or field in REQUIRED_FIELDS:
            raise WrongFile(
                f"the file has no column {' or '.join(map(repr, wanted))} for {field}. Its columns are "
                f"{', '.join(map(repr, header))}: name the right one with --map {field}=COLUMN."
            )
    return columns


def _completed(lines: Sequence[OrderLine], keep_duplicates: bool) -> Iterator[Invoice | Finding]:
    first_rows: dict[tuple[str, ...], int] = {}
    kept: list[OrderLine] = []
    for line in lines:
        first = first_rows.setdefault(line.cells, line.row)
        if first != line.row and not keep_duplicates:
            detail = f"the row repeats row {first} in every column"
            yield Finding(line.row, Severity.REJECTED, Reason.DUPLICATE_ROW, detail, line.invoice, line.sku)
        else:
            kept.append(line)
            yield from _row_warnings(line)
    invoice = Invoice(lines[0].invoice, tuple(kept))
    yield from _invoice_warnings(invoice)
    yield invoice


def _row_warnings(line: OrderLine) -> Iterator[Finding]:
    if line.written_sku != line.sku:
        detail = f"{line.written_sku} is read as {line.sku}"
        yield Finding(line.row, Severity.WARNING, Reason.SKU_CASE, detail, line.invoice, line.sku)
    if not line.description:
        detail = "no description: the product's name comes from other rows"
        yield Finding(line.row, Severity.WARNING, Reason.NO_DESCRIPTION, detail, line.invoice, line.sku)
    if line.address_fault:
        yield Finding(
            line.row, Severity.WARNING, Reason.ADDRESS_NOT_TAKEN, line.address_fault, line.invoice, line.sku
        )


def _invoice_warnings(invoice: Invoice) -> Iterator[Finding]:
    row = invoice.lines[0].row
    customers = sorted({line.customer for line in invoice.lines if line.customer})
    times = {line.placed_at for line in invoice.lines}
    if not customers:
        detail = "no customer: placed as a guest order"
        yield Finding(row, Severity.WARNING, Reason.GUEST_ORDER, detail, invoice.number)
    if len(customers) > 1:
        detail = f"rows name the customers {', '.join(customers)}: {invoice.customer} is taken"
        yield Finding(row, Severity.WARNING, Reason.SEVERAL_CUSTOMERS, detail, invoice.number)
    if len(times) > 1:
        detail = f"rows bear {len(times)} different times: the earliest is taken, {invoice.placed_at}"
        yield Finding(row, Severity.WARNING, Reason.SEVERAL_TIMES, detail, invoice.number)
    addresses = {line.ship_to for line in invoice.lines if line.ship_to}
    if len(addresses) > 1:
        detail = f"rows bear {len(addresses)} different addresses: the first is taken"
        yield Finding(row, Severity.WARNING, Reason.SEVERAL_ADDRESSES, detail, invoice.number)


def _quantity(written: str) -> int:
    if not re.fullmatch(r"[+-]?\d+(\.0*)?", written):
        raise _Bad(Reason.QUANTITY_NOT_WHOLE, f"quantity {_short(written)} is no whole number")
    quantity = Decimal(written)
    if quantity <= 0:
        raise _Bad(Reason.QUANTITY_NOT_POSITIVE, f"quantity {_short(written)} is not above 0")
    if quantity > MAX_UNITS:
        raise _Bad(Reason.QUANTITY_TOO_LARGE, f"quantity {_short(written)} is more than {MAX_UNITS}")
    return int(quantity)


def _without_fraction(written: str) -> str:
    """A whole number that a spreadsheet has turned into 17850.0, as it was; anything else unchanged."""
    return re.sub(r"^([+-]?\d+)\.0*$", r"\1", written)


def _short(written: str) -> str:
    """A value as it is quoted in a finding: a spoilt file may have very long ones."""
    return repr(written if len(written) <= LONGEST_QUOTE else f"{written[:LONGEST_QUOTE]}...")


def _is_marked(invoice: str, prefix: str) -> bool:
    return bool(prefix) and re.fullmatch(re.escape(prefix) + r"\d+", invoice, re.IGNORECASE) is not None


def _best_description(heard: Counter[str]) -> str:
    return max(heard, key=lambda text: (heard[text], len(text)), default="")


def _simplified(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name).lower()


def _numbered(reader: "Iterator[list[str]]") -> Iterator[tuple[int, "list[str] | csv.Error"]]:
    row = 0
    while True:
        row += 1
        try:
            yield row, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield row, error


def _decompressed(raw: io.BufferedReader) -> BinaryIO:
    if raw.peek(2)[:2] == GZIP_MAGIC:
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return raw


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


WINDOWS_1252 = "windows-1252-where-not-utf-8"
codecs.register_error(WINDOWS_1252, _as_windows_1252)
