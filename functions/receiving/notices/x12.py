"""Notices as ASC X12 856 (Ship Notice/Manifest): shipment, order, tare or pack, item by hierarchical levels.

Only what an announcement needs is read (BSN, DTM, N1, HL, MAN GM, LIN, SN1, REF LT and BT), the rest passed over.
"""

from dataclasses import dataclass, field

from receiving.notices.reading import Reading
from shared.gs1 import SSCC_LENGTH

_ISA_LENGTH = 106
_GTINS = ("UK", "UP", "EN", "UA", "UI")
_SKUS = ("BP", "IN", "SK")
_ESTIMATED_DELIVERY, _EXPIRY = ("017", "067"), ("036",)
_LOTS = ("LT", "BT")


@dataclass(slots=True)
class _Level:
    """A hierarchical level: what it is, above which it stands, and what its segments say."""

    at: int
    code: str
    parent: str
    sscc: str = ""
    product: dict[str, str] = field(default_factory=dict)
    lot: str = ""
    units: str = ""
    units_at: int = 0
    expires_on: str = ""


def read(text: str) -> Reading:
    """The notice in `text`, with what is wrong in it."""
    reading = Reading("segment")
    text = text.strip()
    if not text.startswith("ISA") or len(text) < _ISA_LENGTH:
        reading.wrong(
            1, "ISA", text[:20], "is no X12 interchange header", "Send the file from its ISA segment on."
        )
        return reading
    element, terminator = text[3], text[_ISA_LENGTH - 1]
    segments = [part.strip("\r\n ").split(element) for part in text.split(terminator)]
    levels: dict[str, _Level] = {}
    level: _Level | None = None
    begin = 0
    for at, segment in enumerate(segments, start=1):
        values = (*segment, *("" for _ in range(25)))
        match segment[0]:
            case "ST":
                begin = at
                if values[1] != "856":
                    reading.wrong(at, "ST01", values[1], "is no ship notice", "Send transaction set 856.")
            case "SE" if values[1] != str(at - begin + 1):
                reading.wrong(
                    at, "SE01", values[1], f"but there are {at - begin + 1} segments", "Send the file unbroken."
                )
            case "BSN":
                if reading.reference:
                    reading.wrong(at, "BSN02", values[2], "is a second shipment", "Send one shipment per file.")
                reading.reference = values[2]
            case "HL":
                level = levels[values[1]] = _Level(at, values[3], values[2])
                if values[2] and values[2] not in levels:
                    reading.wrong(
                        at, "HL02", values[2], "is no level above", "Name the parent before its children."
                    )
            case "N1":
                _party(reading, values)
            case "DTM":
                _date(reading, at, level, values)
            case "MAN" if level is not None and values[1] == "GM":
                level.sscc = _sscc(values[2])
            case "LIN" if level is not None:
                pairs = zip(values[2:24:2], values[3:25:2], strict=True)
                level.product = {qualifier: value for qualifier, value in pairs if qualifier}
            case "SN1" if level is not None:
                level.units, level.units_at = values[2], at
            case "REF" if level is not None and values[1] in _LOTS:
                level.lot = values[2]
    if not any(segment[0] == "SE" for segment in segments):
        reading.wrong(len(segments), "SE", None, "the transaction set does not end", "Send the whole file.")
    for level in levels.values():
        if level.code == "I":
            _item(reading, level, levels)
    return reading


def _party(reading: Reading, values: tuple[str, ...]) -> None:
    match values[1]:
        case "SU":
            reading.supplier = values[4]
        case "SF":
            reading.supplier = reading.supplier or values[4]
        case "ST":
            reading.warehouse = values[4]


def _date(reading: Reading, at: int, level: _Level | None, values: tuple[str, ...]) -> None:
    if values[1] in _ESTIMATED_DELIVERY:
        time = values[3][:4] or "0000"
        reading.eta = reading.moment(at, "DTM02", values[2] + time, "%Y%m%d%H%M")
    elif values[1] in _EXPIRY and level is not None:
        level.expires_on = reading.day(at, "DTM02", values[2]) or ""


def _sscc(mark: str) -> str:
    """An SSCC, also where its application identifier (00) stands before it."""
    return mark[2:] if len(mark) == SSCC_LENGTH + 2 and mark.startswith("00") else mark


def _item(reading: Reading, level: _Level, levels: dict[str, _Level]) -> None:
    gtin = next((level.product[one] for one in _GTINS if one in level.product), None)
    sku = next((level.product[one] for one in _SKUS if one in level.product), None)
    if gtin is None and sku is None:
        reading.wrong(
            level.at,
            "LIN02",
            ", ".join(level.product) or None,
            "the item names no product",
            f"Name it by one of {', '.join((*_GTINS, *_SKUS))}.",
        )
        return
    units = reading.units(level.units_at or level.at, "SN102", level.units)
    if units is None:
        return
    sscc, above, seen = "", level, {id(level)}
    while not sscc and (parent := levels.get(above.parent)) is not None and id(parent) not in seen:
        sscc, above = parent.sscc, parent
        seen.add(id(parent))
    reading.line(
        level.at,
        units=units,
        gtin=gtin,
        sku=None if gtin else sku,
        lot=level.lot or level.product.get("LT"),
        expires_on=level.expires_on,
        sscc=sscc or level.sscc,
    )
