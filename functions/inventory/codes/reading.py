"""One code of any kind, read: which elements it holds, or which location's label it is."""

import re
from datetime import date
from typing import Literal

from biip import ParseError
from biip.symbology import SymbologyIdentifier
from msgspec import Struct

from inventory.codes.digital_links import read_link
from inventory.codes.element_strings import SEPARATOR, Elements, bracketed, first_ai, scanned
from inventory.codes.epcs import HEX_DIGITS, PREFIX, is_tag, read_hex, read_uri, uri_of
from inventory.codes.problems import Unreadable
from inventory.codes.values import WRONG_CHECK_DIGIT
from inventory.domain.check_digits import split_label
from shared.gs1 import GTIN_LENGTHS, SSCC_LENGTH, as_gtin14, check_digit, has_valid_check_digit

Kind = Literal["product", "handling_unit", "location", "asset", "unknown"]
PRODUCT: Kind = "product"
HANDLING_UNIT: Kind = "handling_unit"
LOCATION: Kind = "location"
ASSET: Kind = "asset"
UNKNOWN: Kind = "unknown"

LONGEST_CODE = 1_000
UNRECOGNIZED = "unrecognized"

_GTIN_AIS = ("01", "02", "03", "8006", "8026")
_ELEMENT_SYMBOLOGIES = frozenset(["C1", "d2", "Q3", "J1", "e0", "e1", "e2"])
_UPC_E = 8
_EAN_SYMBOLOGIES = {"E0": 13, "E3": 13, "E4": 8, "I0": 14, "I1": 14}
_TRANSLITERATED = re.compile(r"␝|\^\]|\{GS\}|<GS>|\[GS\]|\{FNC1\}|<FNC1>|\[FNC1\]|\|", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?([0-9A-Fa-f]+)", re.IGNORECASE)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
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
    if any(ai in elements for ai in _GTIN_AIS):
        return PRODUCT
    if "414" in elements:
        return LOCATION
    if "8003" in elements or "8004" in elements:
        return ASSET
    return UNKNOWN


def gtin_of(elements: Elements) -> str | None:
    """The GTIN-14 of the product that the elements name, or of what the handling unit holds."""
    return next((elements[ai][:14] for ai in _GTIN_AIS if ai in elements), None)


def read(code: str, today: date) -> Reading:
    """What `code` says. Raises Unreadable saying why nothing can be made of it."""
    text = code.strip()
    if not _separated(text).strip(SEPARATOR):
        raise Unreadable("empty", "There is nothing to read.")
    if len(text) > LONGEST_CODE:
        raise Unreadable("too-long", f"The code has {len(text)} characters; at most {LONGEST_CODE} are read.")
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
    if name not in _ELEMENT_SYMBOLOGIES:
        try:
            symbology = SymbologyIdentifier.extract(text)
        except (ParseError, ValueError, IndexError) as error:
            raise Unreadable("unknown-symbology", f"{text[:3]!r} is no symbology identifier.") from error
        name, data = symbology.value[1:], text[len(symbology) :]
    if not _separated(data).strip(SEPARATOR):
        raise Unreadable("empty", f"Nothing follows the symbology identifier ]{name}.")
    if name in _ELEMENT_SYMBOLOGIES and not _URI.match(data):
        return _of(bracketed(data, today) if data.startswith("(") else scanned(_separated(data), today))
    if name in _EAN_SYMBOLOGIES:
        length = _EAN_SYMBOLOGIES[name]
        digits = data[:length] if name == "E3" else data
        if name == "E0" and len(digits) == _UPC_E and digits[0] in "01":
            digits = _upc_a(digits)
        if name == "E0" and len(digits) == 12:
            digits = digits.zfill(length)
        if not (digits.isascii() and digits.isdigit()):
            raise Unreadable("invalid-character", f"]{name} is followed by {length} digits only.")
        if len(digits) != length:
            wrong = "truncated" if len(digits) < length else "too-long"
            raise Unreadable(wrong, f"]{name} is followed by {length} digits, not {len(digits)}.")
        return _gtin(digits)
    return _plain(data, today)


def _plain(text: str, today: date) -> Reading:
    if text[: len(PREFIX)].lower() == PREFIX:
        return _tagged(*read_uri(text, today))
    if _URI.match(text):
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
    separated = _separated(text)
    label = split_label(text)
    if label is not None and not _LOCATION_ID.fullmatch(label[0]):
        label = None
    hexadecimal = _HEX.fullmatch(text)
    tag = hexadecimal[1] if hexadecimal is not None and is_tag(hexadecimal[1]) else None
    if SEPARATOR not in separated and first_ai(text) is None and tag is None:
        if label is None:
            raise Unreadable(UNRECOGNIZED, _nothing_known(text))
        return Reading({}, label=label)
    try:
        reading = _of(scanned(separated, today))
    except Unreadable:
        if label is not None:
            return Reading({}, label=label)
        if tag is not None:
            return _tagged(*read_hex(tag, today))
        raise
    return Reading({}, label=label) if label is not None and reading.kind == UNKNOWN else reading


def _digits(text: str, today: date) -> Reading:
    if len(text) == _UPC_E and text[0] in "01" and not has_valid_check_digit(text):
        full = _upc_a(text)
        return _gtin(full if has_valid_check_digit(full) else text)
    if len(text) in GTIN_LENGTHS:
        return _gtin(text)
    if len(text) == SSCC_LENGTH:
        _require_check_digit(text, "SSCC")
        return _of({"00": text})
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


def _upc_a(digits: str) -> str:
    """The GTIN-12 that a UPC-E of 8 digits stands for (GS1 General Specifications, section on UPC-E)."""
    system, item, check = digits[0], digits[1:7], digits[7]
    last = item[5]
    match last:
        case "0" | "1" | "2":
            body = f"{item[:2]}{last}0000{item[2:5]}"
        case "3":
            body = f"{item[:3]}00000{item[3:5]}"
        case "4":
            body = f"{item[:4]}00000{item[4]}"
        case _:
            body = f"{item[:5]}0000{last}"
    return f"{system}{body}{check}"


def _gtin(digits: str) -> Reading:
    _require_check_digit(digits, "GTIN")
    return _of({"01": as_gtin14(digits)})


def _require_check_digit(digits: str, name: str) -> None:
    if not has_valid_check_digit(digits):
        right = check_digit(digits[:-1])
        raise Unreadable(
            WRONG_CHECK_DIGIT,
            f"{digits} is no {name}: it ends in {digits[-1]}, its check digit should be {right}.",
        )


def _of(elements: Elements) -> Reading:
    return Reading(elements, uri_of(elements))


def _tagged(elements: Elements, uri: str) -> Reading:
    return Reading(elements, uri)


def _separated(text: str) -> str:
    """The text with group separators where a scanner has written them out."""
    return _TRANSLITERATED.sub(SEPARATOR, text)


def _nothing_known(text: str) -> str:
    return (
        f"{text[:60]!r} is no GTIN, SSCC, element string, Digital Link, EPC or location label. "
        "A location's label ends in ':' and its two check digits."
    )
