"""Imports orders from a CSV file of order lines: `python -m local.import_orders FILE`.

Every row that cannot be imported is reported with its number and the reason, and stops nothing. Importing the
same file again adds nothing. docs/importing-orders.md says how rows are read.
"""

import argparse
import csv
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import msgspec
from msgspec import Struct

from local.client import ApiClient, Refused, Unreachable, path_of
from local.connection import connect
from local.environment import ROOT
from local.order_csv import (
    COLUMN_NAMES,
    PRODUCT_CODE,
    Finding,
    Invoice,
    OrderFile,
    Reason,
    Rules,
    Severity,
    Survey,
    WrongFile,
    invoices,
    survey,
)
from local.parallel import LINE_WIDTH, Progress, in_parallel
from local.patience import Deadline, once_heard
from orders.contracts import Channel
from shared.address import Address
from shared.identifiers import WarehouseCode

CARD = "tok_accepted"
LONGEST_KEY = 200
PAGE = 200
NEWS_SECONDS = 180.0
"""How long orders may take to hear of products that were registered just before."""


class Line(Struct, frozen=True):
    """One line of an order, as the API takes it."""

    sku: str
    quantity: int
    unit_price: int


class Payment(Struct, frozen=True):
    """The card that an order is paid with."""

    method: str


class Order(Struct, frozen=True, omit_defaults=True):
    """An order, as the API takes it."""

    channel: str
    reference: str
    currency: str
    payment: Payment
    lines: tuple[Line, ...]
    customer: str | None = None
    placed_at: str | None = None
    warehouse: str | None = None
    ship_to: Address | None = None


class Terms(Struct, frozen=True):
    """What holds for all orders of a file: channel, currency, what pays for them, who sends them out."""

    channel: str
    currency: str
    card: str
    warehouse: str | None


class ListedProduct(Struct, frozen=True):
    """What the list of products says about one."""

    sku: str


class Outcome(StrEnum):
    """What became of one invoice or product."""

    NEW = "new"
    KNOWN = "there already"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Tally:
    """Counts what becomes of a file, and writes each finding to the report and to the screen."""

    def __init__(self, report: TextIO, screen: TextIO) -> None:
        self._report = csv.writer(report)
        self._report.writerow(("row", "invoice", "sku", "severity", "reason", "detail"))
        self._screen = screen
        self.findings: Counter[tuple[Severity, Reason]] = Counter()
        self.products: Counter[Outcome] = Counter()
        self.orders: Counter[Outcome] = Counter()
        self.lines = 0

    def note(self, finding: Finding) -> None:
        """Report one finding: what is not imported on the screen too."""
        self.findings[finding.severity, finding.reason] += 1
        self._report.writerow(
            (finding.row, finding.invoice, finding.sku, finding.severity, finding.reason, finding.detail)
        )
        if finding.severity is Severity.REJECTED:
            place = f"row {finding.row}" if finding.row else f"product {finding.sku}"
            text = f"  {place}: {finding.reason}: {finding.detail}"
            print(text.ljust(LINE_WIDTH) if self._screen.isatty() else text, file=self._screen)

    def table(self) -> str:
        """The final counts."""
        return "\n".join(
            (
                *_group("orders", self.orders.items()),
                f"{'order lines in them':<28} {self.lines:>8}",
                *_group("products", self.products.items()),
                *_group("not imported", self._found(Severity.REJECTED)),
                *_group("imported with a remark", self._found(Severity.WARNING)),
            )
        )

    def _found(self, wanted: Severity) -> list[tuple[Reason, int]]:
        return [(reason, count) for (severity, reason), count in self.findings.items() if severity is wanted]


def order_of(invoice: Invoice, terms: Terms) -> Order:
    """The order that an invoice stands for."""
    return Order(
        channel=terms.channel,
        reference=invoice.number,
        currency=terms.currency,
        payment=Payment(terms.card),
        lines=tuple(Line(line.sku, line.quantity, line.unit_price) for line in invoice.lines),
        customer=invoice.customer or None,
        placed_at=_timestamp(invoice.placed_at),
        warehouse=terms.warehouse,
        ship_to=invoice.ship_to,
    )


def idempotency_key(channel: str, invoice: str) -> str:
    """The key that makes an invoice one order however often it is imported."""
    key = f"import-{quote(channel, safe='')}-{quote(invoice, safe='')}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"import-{hashlib.sha256(key.encode()).hexdigest()}"


def register_products(client: ApiClient, names: Mapping[str, str], tally: Tally) -> frozenset[str]:
    """Register the products that the catalogue does not have; those that it has stay as they are.

    Returns the SKUs that it refused.
    """
    listed = {product.sku for product in client.pages("/inventory/products", ListedProduct, limit=PAGE)}
    tally.products[Outcome.KNOWN] += len(listed & names.keys())
    progress = Progress("products", len(names))
    progress.advance(len(listed & names.keys()))

    def register(sku: str) -> tuple[Outcome, Finding | None]:
        path = "/inventory/products" + path_of(sku)
        try:
            if client.find(path, ListedProduct) is not None:
                return Outcome.KNOWN, None
            client.put(path, {"name": names[sku]})
        except Refused as refusal:
            return Outcome.REFUSED, _failure(Reason.PRODUCT_REFUSED, str(refusal.problem), sku=sku)
        return Outcome.NEW, None

    refused = []
    for outcome, finding in in_parallel(register, sorted(names.keys() - listed)):
        tally.products[outcome] += 1
        progress.advance()
        if finding:
            refused.append(finding.sku)
            tally.note(finding)
    progress.finish(f"{tally.products[Outcome.NEW]} new")
    return frozenset(refused)


def place_orders(
    client: ApiClient,
    found: Iterator[Invoice | Finding],
    terms: Terms,
    refused_skus: frozenset[str],
    progress: Progress,
    tally: Tally,
) -> None:
    """Place one order for each invoice; every finding on the way goes to the tally."""
    until_news_has_spread, at_once = Deadline(NEWS_SECONDS), Deadline(0)

    def place_one(invoice: Invoice) -> tuple[Invoice, Outcome, Finding | None]:
        order = order_of(invoice, terms)
        row = invoice.lines[0].row
        hopeless = not refused_skus.isdisjoint(line.sku for line in order.lines)
        patience = at_once if hopeless else until_news_has_spread
        try:
            key = idempotency_key(terms.channel, invoice.number)
            reply = once_heard(partial(client.post, "/orders", order, key), patience)
        except Refused as refusal:
            finding = _failure(Reason.ORDER_REFUSED, str(refusal.problem), row, invoice.number)
            return invoice, Outcome.REFUSED, finding
        except Unreachable as error:
            return invoice, Outcome.UNANSWERED, _failure(Reason.NO_ANSWER, str(error), row, invoice.number)
        return invoice, Outcome.KNOWN if reply.replayed else Outcome.NEW, None

    for invoice, outcome, finding in in_parallel(place_one, _only_invoices(found, tally)):
        tally.orders[outcome] += 1
        progress.advance()
        if finding:
            tally.note(finding)
        else:
            tally.lines += len(invoice.lines)
    progress.finish(", ".join(f"{count} {outcome}" for outcome, count in tally.orders.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Import a file. Returns 0 also when rows were bad; 1 when orders are left that the API did not answer."""
    options = _options(arguments)
    file = OrderFile(options.file, dict(options.map), _rules(options), options.delimiter)
    report_path = options.report or ROOT / ".local" / f"import-{options.file.name}.report.csv"
    try:
        known = survey(file.rows(), options.limit)
        print(f"{options.file.name}: {len(known.rows_per_invoice)} orders of {len(known.product_names)} products")
        report_path.parent.mkdir(parents=True, exist_ok=True)
        with report_path.open("w", newline="", encoding="utf-8") as report:
            tally = Tally(report, sys.stdout)
            found = invoices(file.rows(), known, options.keep_duplicates)
            if options.check:
                _check(found, known, tally)
            else:
                terms = Terms(options.channel, options.currency, options.card, options.warehouse)
                _import(found, known, terms, tally)
    except KeyboardInterrupt:
        print("Stopped. Run it again for the rest: nothing is imported twice.", file=sys.stderr)
        return 130
    except (WrongFile, OSError) as error:
        print(f"{options.file} cannot be imported: {error}", file=sys.stderr)
        return 2
    except (Refused, Unreachable) as error:
        print(f"The import broke off: {error}. Run it again: nothing is imported twice.", file=sys.stderr)
        return 1
    print(tally.table())
    print(f"every finding: {report_path}")
    if tally.orders[Outcome.UNANSWERED]:
        print("Some orders had no answer. Run the import again: nothing is imported twice.", file=sys.stderr)
        return 1
    return 0


def _import(found: Iterator[Invoice | Finding], known: Survey, terms: Terms, tally: Tally) -> None:
    client = connect()
    refused_skus = register_products(client, known.product_names, tally)
    place_orders(client, found, terms, refused_skus, Progress("orders", len(known.rows_per_invoice)), tally)


def _check(found: Iterator[Invoice | Finding], known: Survey, tally: Tally) -> None:
    for invoice in _only_invoices(found, tally):
        tally.lines += len(invoice.lines)
    print(f"checked only: {len(known.rows_per_invoice)} orders would be placed")


def _only_invoices(found: Iterator[Invoice | Finding], tally: Tally) -> Iterator[Invoice]:
    for one in found:
        if isinstance(one, Invoice):
            yield one
        else:
            tally.note(one)


def _failure(reason: Reason, detail: str, row: int = 0, invoice: str = "", sku: str = "") -> Finding:
    return Finding(row, Severity.REJECTED, reason, detail, invoice, sku)


def _timestamp(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _group(title: str, counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    present = sorted(((name, count) for name, count in counts if count), key=lambda entry: -entry[1])
    yield f"{title:<28} {sum(count for _, count in present):>8}"
    yield from (f"  {name:<26} {count:>8}" for name, count in present)


def _rules(options: argparse.Namespace) -> Rules:
    return Rules(
        sku_pattern=options.sku_pattern,
        currency=options.currency,
        date_format=options.date_format,
        cancellation_prefix=options.cancellation_prefix,
        bad_debt_prefix=options.bad_debt_prefix,
        keep_duplicates=options.keep_duplicates,
    )


def _column(written: str) -> tuple[str, str]:
    field, separator, column = written.partition("=")
    if not separator or field not in COLUMN_NAMES:
        raise argparse.ArgumentTypeError(
            f"{written!r} is not FIELD=COLUMN with a field of {', '.join(COLUMN_NAMES)}"
        )
    return field, column


def _channel(written: str) -> str:
    try:
        return msgspec.convert(written, Channel)
    except msgspec.ValidationError:
        raise argparse.ArgumentTypeError(f"{written!r} is no channel: use lower case, digits and dashes") from None


def _warehouse(written: str) -> str:
    try:
        return msgspec.convert(written, WarehouseCode)
    except msgspec.ValidationError as error:
        raise argparse.ArgumentTypeError(f"{written!r} is no warehouse: {error}") from None


def _pattern(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{written!r} is no regular expression: {error}") from None
    return written


def _delimiter(written: str) -> str:
    delimiter = "\t" if written == "tab" else written
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise argparse.ArgumentTypeError(f"{written!r} is neither one character nor tab")
    return delimiter


def _positive(written: str) -> int:
    if not written.isdigit() or int(written) < 1:
        raise argparse.ArgumentTypeError(f"{written!r} is no whole number above 0")
    return int(written)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.import_orders", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path, help="CSV file of order lines, plain or compressed with gzip")
    parser.add_argument(
        "--map", type=_column, nargs="+", action="extend", default=[], metavar="FIELD=COLUMN",
        help="which column holds a field, for example invoice=InvoiceNo; common names are found by themselves",
    )  # fmt: skip
    parser.add_argument("--channel", type=_channel, default="import", help="the orders' channel (default: import)")
    parser.add_argument(
        "--currency", type=str.upper, default="EUR", help="currency of the prices, ISO 4217 (default: EUR)"
    )
    parser.add_argument("--card", default=CARD, help=f"what pays for the orders (default: {CARD})")
    parser.add_argument(
        "--warehouse", type=_warehouse, help="who sends them out (default: the API's default warehouse)"
    )
    parser.add_argument(
        "--sku-pattern",
        type=_pattern,
        default=PRODUCT_CODE,
        help="what a product code looks like (a regular expression)",
    )
    parser.add_argument(
        "--date-format", default="", help="how dates are written, as for strptime (default: ISO 8601)"
    )
    parser.add_argument("--delimiter", type=_delimiter, default=",", help="between columns: a character, or tab")
    parser.add_argument(
        "--cancellation-prefix", default="C", help="letters that mark an invoice as a cancellation"
    )
    parser.add_argument("--bad-debt-prefix", default="A", help="letters that mark an invoice as a bad debt")
    parser.add_argument("--keep-duplicates", action="store_true", help="order rows that repeat another one too")
    parser.add_argument("--limit", type=_positive, help="import only the first orders; all rows are checked")
    parser.add_argument("--check", action="store_true", help="only read and report; nothing is imported")
    parser.add_argument("--report", type=Path, help="CSV file for all findings (default: in .local/)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
