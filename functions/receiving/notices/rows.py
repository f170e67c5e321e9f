"""Notices as CSV: one row per line, with a header row. Comma or semicolon; supplier and reference in every row."""

import csv
from io import StringIO

from receiving.notices.reading import Reading

COLUMNS = ("supplier", "reference", "eta", "warehouse", "sku", "gtin", "units", "lot", "expires_on", "sscc")
_OF_SHIPMENT = ("supplier", "reference", "eta", "warehouse")


def read(text: str) -> Reading:
    """The notice in `text`, with what is wrong in it."""
    reading = Reading("row")
    header = text.partition("\n")[0]
    rows = csv.reader(StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        for name in names:
            if name not in COLUMNS or names.count(name) > 1:
                reading.wrong(1, name, name, "is no column, or there twice", f"Use {', '.join(COLUMNS)}.")
        if "units" not in names or not {"sku", "gtin"} & set(names):
            reading.wrong(1, "units", None, "the columns units and sku or gtin are needed", "Add them.")
        if reading.problems:
            return reading
        for at, row in enumerate(rows, start=2):
            if any(cell.strip() for cell in row):
                _read_row(reading, at, names, [cell.strip() for cell in row])
    except csv.Error as error:
        reading.wrong(rows.line_num, "row", None, f"is no CSV: {error}", "Correct its quotes.")
    return reading


def _read_row(reading: Reading, at: int, names: list[str], row: list[str]) -> None:
    if len(row) != len(names):
        reading.wrong(at, "row", len(row), f"has {len(row)} cells, not {len(names)}", "Quote cells with commas.")
        return
    cells = dict(zip(names, row, strict=True))
    for name in _OF_SHIPMENT:
        value = cells.get(name, "")
        known = getattr(reading, name) or ""
        if value and known and value != known:
            reading.wrong(at, name, value, f"differs from {known!r} above", "One file is one shipment.")
        elif value:
            setattr(reading, name, value)
    units = reading.units(at, "units", cells.get("units", ""))
    if units is not None:
        goods = {name: cells.get(name) for name in ("sku", "gtin", "lot", "expires_on", "sscc")}
        reading.line(at, units=units, **goods)
