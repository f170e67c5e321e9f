"""A barcode as a scanner hands it over: which elements (AI -> value) it holds."""

import re
from datetime import date

from shared.codes import LONGEST_CODE
from shared.codes.digital_links import read_link
from shared.codes.element_strings import SEPARATOR, Elements, bracketed, scanned
from shared.codes.problems import Unreadable
from shared.codes.values import WRONG_CHECK_DIGIT
from shared.gs1 import GTIN_LENGTHS, SSCC_LENGTH, as_gtin14, check_digit, has_valid_check_digit

ELEMENT_SYMBOLOGIES = frozenset(["C1", "d2", "Q3", "J1", "e0", "e1", "e2"])

_GTIN_AIS = ("01", "02", "03", "8006", "8026")
_SYMBOLOGY = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_UPC_E = 8
_EAN_SYMBOLOGIES = {"E0": 13, "E3": 13, "E4": 8, "I0": 14, "I1": 14}
_TRANSLITERATED = re.compile(r"␝|\^\]|\{GS\}|<GS>|\[GS\]|\{FNC1\}|<FNC1>|\[FNC1\]|\|", re.IGNORECASE)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def read_barcode(code: str, today: date) -> Elements:
    """The elements of `code`: a GTIN, an SSCC, element strings, bracketed text or a Digital Link.

    A symbology identifier may stand before it. Raises Unreadable saying why nothing can be made of it.
    """
    text = trimmed(code)
    if symbology := _SYMBOLOGY.match(text):
        elements = behind_symbology(symbology[1], text[symbology.end() :], today)
        if elements is not None:
            return elements
        text = text[symbology.end() :]
    if is_uri(text):
        return read_link(text, today)
    if text.startswith("("):
        return bracketed(text, today)
    if text.isascii() and text.isdigit() and (key := bare_key(text)) is not None:
        return key
    return scanned(separated(text), today)


def gtin_of(elements: Elements) -> str | None:
    """The GTIN-14 of the product that the elements name, or of what the handling unit holds."""
    return next((elements[ai][:14] for ai in _GTIN_AIS if ai in elements), None)


def trimmed(code: str) -> str:
    """`code` without blanks around it. Raises Unreadable where nothing is left, or too much."""
    text = code.strip()
    if not separated(text).strip(SEPARATOR):
        raise Unreadable("empty", "There is nothing to read.")
    if len(text) > LONGEST_CODE:
        raise Unreadable("too-long", f"The code has {len(text)} characters; at most {LONGEST_CODE} are read.")
    return text


def separated(text: str) -> str:
    """The text with group separators where a scanner has written them out."""
    return _TRANSLITERATED.sub(SEPARATOR, text)


def is_uri(text: str) -> bool:
    """Whether it begins like a URI with a domain."""
    return _URI.match(text) is not None


def behind_symbology(name: str, data: str, today: date) -> Elements | None:
    """The elements in the data behind a symbology identifier (ISO/IEC 15424); None where it may be anything.

    Raises Unreadable when the data are not of the kind that the symbology says.
    """
    if not separated(data).strip(SEPARATOR):
        raise Unreadable("empty", f"Nothing follows the symbology identifier ]{name}.")
    if name in ELEMENT_SYMBOLOGIES and not is_uri(data):
        return bracketed(data, today) if data.startswith("(") else scanned(separated(data), today)
    if name not in _EAN_SYMBOLOGIES:
        return None
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


def bare_key(digits: str) -> Elements | None:
    """The GTIN or SSCC that consists of these digits and no AI; None where they are too many or too few."""
    if len(digits) == _UPC_E and digits[0] in "01" and not has_valid_check_digit(digits):
        full = _upc_a(digits)
        return _gtin(full if has_valid_check_digit(full) else digits)
    if len(digits) in GTIN_LENGTHS:
        return _gtin(digits)
    if len(digits) == SSCC_LENGTH:
        _require_check_digit(digits, "SSCC")
        return {"00": digits}
    return None


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


def _gtin(digits: str) -> Elements:
    _require_check_digit(digits, "GTIN")
    return {"01": as_gtin14(digits)}


def _require_check_digit(digits: str, name: str) -> None:
    if not has_valid_check_digit(digits):
        right = check_digit(digits[:-1])
        raise Unreadable(
            WRONG_CHECK_DIGIT,
            f"{digits} is no {name}: it ends in {digits[-1]}, its check digit should be {right}.",
        )
