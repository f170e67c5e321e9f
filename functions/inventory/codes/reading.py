"""One code of any kind, read: which elements it holds, or which location's label it is."""

import re
from datetime import date
from typing import Literal

from biip import ParseError
from biip.symbology import SymbologyIdentifier
from msgspec import Struct

from inventory.codes.epcs import HEX_DIGITS, PREFIX, is_tag, read_hex, read_uri, uri_of
from inventory.domain.check_digits import split_label
from shared.codes.barcodes import (
    ELEMENT_SYMBOLOGIES,
    bare_key,
    behind_symbology,
    gtin_of,
    is_uri,
    separated,
    trimmed,
)
from shared.codes.digital_links import read_link
from shared.codes.element_strings import SEPARATOR, Elements, bracketed, first_ai, scanned
from shared.codes.problems import Unreadable
from shared.gs1 import GTIN_LENGTHS, SSCC_LENGTH

Kind = Literal["product", "handling_unit", "location", "asset", "unknown"]
PRODUCT: Kind = "product"
HANDLING_UNIT: Kind = "handling_unit"
LOCATION: Kind = "location"
ASSET: Kind = "asset"
UNKNOWN: Kind = "unknown"

UNRECOGNIZED = "unrecognized"

_HEX = re.compile(r"(?:0x)?([0-9A-Fa-f]+)", re.IGNORECASE)
_LOCATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Reading(Struct, frozen=True):
    """What a code says by itself. `label` is a location's id and check digits, where it is such a label."""

    elements: Elements
    epc_uri: str | None = None
    label: tuple[str, str] | None = None

    @property
    def kind(self) -> Kind:
        """What the code stands for."""
        if self.label is not None:
            return LOCATION
        return kind_of(self.elements)


def kind_of(elements: Elements) -> Kind:
    """What the elements name: a handling unit, even when its contents are named beside it; else a product, ..."""
    if "00" in elements:
        return HANDLING_UNIT
    if gtin_of(elements) is not None:
        return PRODUCT
    if "414" in elements:
        return LOCATION
    if "8003" in elements or "8004" in elements:
        return ASSET
    return UNKNOWN


def read(code: str, today: date) -> Reading:
    """What `code` says. Raises Unreadable saying why nothing can be made of it."""
    text = trimmed(code)
    if text.startswith("]"):
        return _with_symbology(text, today)
    return _plain(text, today)


def bare_location(code: str) -> str | None:
    """The id that `code` would be, were it a location's id without check digits."""
    text = code.strip()
    return text if _LOCATION_ID.fullmatch(text) else None


def _with_symbology(text: str, today: date) -> Reading:
    """Data behind a symbology identifier (ISO/IEC 15424), which says what they are."""
    name, data = text[1:3], text[3:]
    if name not in ELEMENT_SYMBOLOGIES:
        try:
            symbology = SymbologyIdentifier.extract(text)
        except (ParseError, ValueError, IndexError) as error:
            raise Unreadable("unknown-symbology", f"{text[:3]!r} is no symbology identifier.") from error
        name, data = symbology.value[1:], text[len(symbology) :]
    elements = behind_symbology(name, data, today)
    return _of(elements) if elements is not None else _plain(data, today)


def _plain(text: str, today: date) -> Reading:
    if text[: len(PREFIX)].lower() == PREFIX:
        return _tagged(*read_uri(text, today))
    if is_uri(text):
        return _of(read_link(text, today))
    if text.startswith("("):
        return _of(bracketed(text, today))
    if text.isascii() and text.isdigit():
        return _digits(text, today)
    hexadecimal = _HEX.fullmatch(text)
    if hexadecimal and is_tag(hexadecimal[1]) and first_ai(text) is None:
        return _tagged(*read_hex(hexadecimal[1], today))
    return _text(text, today)


def _text(text: str, today: date) -> Reading:
    """Element strings or a location's label: both begin with any letter or digit."""
    data = separated(text)
    label = split_label(text)
    if label is not None and not _LOCATION_ID.fullmatch(label[0]):
        label = None
    hexadecimal = _HEX.fullmatch(text)
    tag = hexadecimal[1] if hexadecimal is not None and is_tag(hexadecimal[1]) else None
    if SEPARATOR not in data and first_ai(text) is None and tag is None:
        if label is None:
            raise Unreadable(UNRECOGNIZED, _nothing_known(text))
        return Reading({}, label=label)
    try:
        reading = _of(scanned(data, today))
    except Unreadable:
        if label is not None:
            return Reading({}, label=label)
        if tag is not None:
            return _tagged(*read_hex(tag, today))
        raise
    return Reading({}, label=label) if label is not None and reading.kind == UNKNOWN else reading


def _digits(text: str, today: date) -> Reading:
    key = bare_key(text)
    if key is not None:
        return _of(key)
    if len(text) == HEX_DIGITS and text[:2] in ("30", "31", "32", "33", "34"):
        return _tagged(*read_hex(text, today))  # no element string of 24 digits begins so: it would lack its key
    try:
        reading = _of(scanned(text, today))
    except Unreadable:
        if text[:2] in ("00", "01", "02"):
            raise
    else:
        if reading.kind != UNKNOWN:
            return reading
    if len(text) > HEX_DIGITS and is_tag(text):
        return _tagged(*read_hex(text, today))
    lengths = ", ".join(map(str, (*GTIN_LENGTHS, SSCC_LENGTH)))
    raise Unreadable("wrong-length", f"{len(text)} digits are neither a GTIN nor an SSCC, which have {lengths}.")


def _of(elements: Elements) -> Reading:
    return Reading(elements, uri_of(elements))


def _tagged(elements: Elements, uri: str) -> Reading:
    return Reading(elements, uri)


def _nothing_known(text: str) -> str:
    return (
        f"{text[:60]!r} is no GTIN, SSCC, element string, Digital Link, EPC or location label. "
        "A location's label ends in ':' and its two check digits."
    )
