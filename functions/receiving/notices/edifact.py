"""Notices as UN/EDIFACT DESADV (GS1 EANCOM): packing levels (CPS) with their SSCCs, and the lines packed on them.

pydifact takes the syntax apart; here is what the segments mean: BGM, DTM, NAD, CPS, GIN, LIN, PIA, QTY, RFF.
"""

import warnings
from dataclasses import dataclass

from pydifact.exceptions import EDISyntaxError
from pydifact.parser import Parser

from receiving.notices.reading import Reading
from shared.gs1 import SSCC_LENGTH

_FORMS = {"102": "%Y%m%d", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S", "101": "%y%m%d"}
_ESTIMATED_DELIVERY = ("17", "132", "64")
_EXPIRY = ("36", "361")
_SUPPLIERS = ("SU", "SE", "SF")
_PLACES = ("DP", "ST")
_DESPATCHED = ("12", "21")


@dataclass(slots=True)
class _Line:
    at: int
    gtin: str = ""
    sku: str = ""
    lot: str = ""
    expires_on: str = ""
    units: str = ""
    units_at: int = 0
    sscc: str = ""


def read(text: str) -> Reading:
    """The notice in `text`, with what is wrong in it."""
    reading = Reading("segment")
    segments = _segments(text, reading)
    line: _Line | None = None
    lines: list[_Line] = []
    sscc, begin, ended = "", 0, False
    for at, (tag, elements) in enumerate(segments, start=1):
        match tag:
            case "UNH":
                begin = at
                if _part(elements, 1, 0) != "DESADV":
                    kind = _part(elements, 1, 0)
                    reading.wrong(at, "S009", kind, "is no despatch advice", "Send a DESADV message.")
            case "UNT":
                ended = True
                if _part(elements, 0) != str(at - begin + 1):
                    reading.wrong(
                        at,
                        "0074",
                        _part(elements, 0),
                        f"but there are {at - begin + 1} segments",
                        "Send the file unbroken.",
                    )
            case "BGM":
                if reading.reference:
                    second = _part(elements, 1)
                    reading.wrong(at, "1004", second, "is a second shipment", "Send one shipment per file.")
                reading.reference = _part(elements, 1)
            case "DTM":
                _date(reading, at, line, elements)
            case "NAD":
                _party(reading, elements)
            case "CPS":
                sscc, line = "", None
            case "GIN":
                sscc = _identity(reading, at, elements, line, sscc)
            case "LIN":
                line = _Line(at, gtin=_part(elements, 2, 0), sscc=sscc)
                lines.append(line)
            case "PIA" if line is not None:
                _further(elements, line)
            case "QTY" if line is not None and _part(elements, 0, 0) in _DESPATCHED:
                line.units, line.units_at = _part(elements, 0, 1), at
            case "RFF" if line is not None and _part(elements, 0, 0) == "BT":
                line.lot = _part(elements, 0, 1)
    if segments and not ended:
        reading.wrong(len(segments), "UNT", None, "the message does not end", "Send the whole file.")
    for line in lines:
        _take(reading, line)
    return reading


def _segments(text: str, reading: Reading) -> list[tuple[str, list[object]]]:
    """Tags and elements. The service string advice (UNA) only tells how to read the others."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: list[tuple[str, list[object]]] = [
                (one.tag, [*one.elements]) for one in Parser().parse(text.strip())
            ]
    except (EDISyntaxError, ValueError, RuntimeError, IndexError, TypeError) as error:
        reading.wrong(1, "UNB", text[:20], f"is no EDIFACT: {error}", "Send the interchange from UNA or UNB on.")
        return []
    return [one for one in found if one[0] != "UNA"]


def _part(elements: list[object], element: int, component: int = 0) -> str:
    """A component of an element, or nothing."""
    value = elements[element] if element < len(elements) else ""
    if isinstance(value, list):
        return str(value[component]) if component < len(value) else ""
    return str(value) if component == 0 else ""


def _date(reading: Reading, at: int, line: _Line | None, elements: list[object]) -> None:
    qualifier, text, form = (_part(elements, 0, number) for number in range(3))
    if qualifier not in (*_ESTIMATED_DELIVERY, *_EXPIRY):
        return
    if form not in _FORMS:
        reading.wrong(at, "2379", form, "is no form of date that is known here", f"Use {', '.join(_FORMS)}.")
    elif qualifier in _EXPIRY and line is not None:
        line.expires_on = reading.day(at, "2380", text, _FORMS[form]) or ""
    elif qualifier in _ESTIMATED_DELIVERY and line is None:
        reading.eta = reading.moment(at, "2380", text, _FORMS[form])


def _party(reading: Reading, elements: list[object]) -> None:
    role, party = _part(elements, 0), _part(elements, 1, 0)
    if role == "SU" or (role in _SUPPLIERS and not reading.supplier):
        reading.supplier = party
    elif role in _PLACES:
        reading.warehouse = party


def _identity(reading: Reading, at: int, elements: list[object], line: _Line | None, sscc: str) -> str:
    """GIN: an SSCC (BJ) before the lines packed on it, or the lot (BX) of a line. Returns the SSCC that holds."""
    kind, value = _part(elements, 0), _part(elements, 1, 0)
    if kind == "BX" and line is not None:
        line.lot = value
    if kind != "BJ":
        return sscc
    if (sscc and sscc != value) or _part(elements, 2, 0):
        reading.wrong(
            at,
            "7402",
            value,
            "is a second handling unit for the same lines",
            "Describe every handling unit in a packing level (CPS) of its own.",
        )
    value = value[2:] if len(value) == SSCC_LENGTH + 2 and value.startswith("00") else value
    if line is not None and not line.sscc:
        line.sscc = value
        return sscc
    return value


def _further(elements: list[object], line: _Line) -> None:
    """PIA: the buyer's own article number (IN, BP), or the batch (NB)."""
    for number in range(1, len(elements)):
        value, kind = _part(elements, number, 0), _part(elements, number, 1)
        if kind in ("IN", "BP"):
            line.sku = value
        elif kind == "NB":
            line.lot = value


def _take(reading: Reading, line: _Line) -> None:
    if not line.gtin and not line.sku:
        reading.wrong(line.at, "7140", None, "the line names no product", "Send its GTIN, or PIA with IN.")
        return
    units = reading.units(line.units_at or line.at, "6060", line.units)
    if units is not None:
        reading.line(
            line.at,
            units=units,
            gtin=line.gtin,
            sku="" if line.gtin else line.sku,
            lot=line.lot,
            expires_on=line.expires_on,
            sscc=line.sscc,
        )
