"""Scanned: what a scanner has read, made out as a product's label or a handling unit."""

import re
from datetime import date

from picking.domain.labels import Label
from shared.codes.problems import Unreadable
from shared.gs1 import GTIN_LENGTHS, as_gtin14, has_valid_check_digit

_ELEMENTS = re.compile(r"[\](]|00\d{18}|0[12]\d{14}")
"""How a code begins that is no SKU: with a symbology identifier, a bracketed AI, or an AI and its key."""


def read_label(code: str, today: date) -> Label | None:
    """What `code` says (AI 00, 01, 02, 10, 17, 21, 37); None where it is no code of GS1's, but a SKU or a name.

    Raises Unreadable where it was meant to be one, and says why it is none. How codes are built is loaded with the
    first one that is more than a GTIN.
    """
    text = code.strip()
    if len(text) in GTIN_LENGTHS and has_valid_check_digit(text):
        return Label(gtin=as_gtin14(text))
    from shared.codes.barcodes import gtin_of, is_uri, read_barcode, separated
    from shared.codes.element_strings import SEPARATOR
    from shared.codes.values import read_date

    try:
        elements = read_barcode(text, today)
    except Unreadable:
        if _ELEMENTS.match(text) or is_uri(text) or SEPARATOR in separated(text):
            raise
        return None
    gtin, sscc, expiry = gtin_of(elements), elements.get("00"), elements.get("17")
    if gtin is None and sscc is None:
        return None
    return Label(
        gtin=gtin,
        sscc=sscc,
        lot=elements.get("10"),
        serial=elements.get("21"),
        expires_on=read_date(expiry, today).isoformat() if expiry else None,
        count=int(elements["37"]) if "37" in elements else None,
    )


def handling_unit(code: str, today: date) -> str | None:
    """The SSCC that `code` names, however it is written; None where it names none, or cannot be read."""
    if not any(character.isdigit() for character in code):
        return None
    try:
        label = read_label(code, today)
    except Unreadable:
        return None
    return label.sscc if label else None
