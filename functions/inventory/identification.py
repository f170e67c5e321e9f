"""Identification: what scanned barcodes, RFID tags and labels stand for."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from inventory.codes.reading import (
    LOCATION,
    UNKNOWN,
    Kind,
    Reading,
    bare_location,
    read,
)
from inventory.domain.check_digits import derived_check_digits
from inventory.domain.location import Location
from inventory.domain.product import Product, gtins
from inventory.views import LOCATIONS, PRODUCTS, gln_key, gtin_key
from shared import clock
from shared.codes.barcodes import gtin_of
from shared.codes.problems import Unreadable
from shared.codes.values import WRONG_CHECK_DIGIT, read_date
from shared.http_edge import Api, Response
from shared.projection import Owners
from shared.resources import views

handler = Api()

MAX_CODES = 1_000
_GRAMS_PER_POUND = Decimal("453.59237")
_NAMELESS = "unsupported-key"


class Scan(Struct, frozen=True, forbid_unknown_fields=True):
    """Codes as scanners and readers send them; group separators (U+001D) may stand in them."""

    codes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MAX_CODES)]


class ScanProblem(Struct, frozen=True):
    """Why a code is unknown. `type` is stable, `detail` is for people."""

    type: str
    detail: str


class Identified(Struct, frozen=True, kw_only=True):
    """What one code is. `elements` are its application identifiers and values; what is absent does not apply.

    `sku` is null where the catalogue does not know the GTIN. `units` are the base units in one pack of `level`.
    With a handling unit, the product's fields say what it holds, `count` how many. `location` is our id.
    """

    input: str
    kind: Kind
    elements: dict[str, str]
    gtin: str | UnsetType = UNSET
    sku: str | UnsetType | None = UNSET
    level: str | UnsetType = UNSET
    units: int | UnsetType = UNSET
    lot: str | UnsetType = UNSET
    serial: str | UnsetType = UNSET
    sscc: str | UnsetType = UNSET
    gln: str | UnsetType = UNSET
    location: str | UnsetType = UNSET
    expires_on: str | UnsetType = UNSET
    best_before: str | UnsetType = UNSET
    produced_on: str | UnsetType = UNSET
    count: int | UnsetType = UNSET
    net_weight_g: int | float | UnsetType = UNSET
    epc_uri: str | UnsetType = UNSET
    problem: ScanProblem | UnsetType = UNSET


class ScanResults(Struct, frozen=True):
    """One result per code, in the order of the codes."""

    results: list[Identified]


@handler.route(
    "POST", "/inventory/scans", scope="inventory/read", returns=(200, ScanResults), any_characters=("codes",)
)
def identify(body: Scan) -> Response:
    """Say what each code is: a product with its pack, lot and dates, a handling unit, a location, an asset."""
    today = clock.now().date()
    read_once = {code: _read(code, today) for code in dict.fromkeys(body.codes)}
    known = _Known(read_once)
    answers = {code: _identified(code, found, known, today) for code, found in read_once.items()}
    return Response(200, ScanResults([answers[code] for code in body.codes]))


class _Known:
    """What our catalogue and our map of places say of everything that was read, asked for all at once."""

    def __init__(self, found: Mapping[str, Reading | Unreadable]) -> None:
        readings = [reading for reading in found.values() if isinstance(reading, Reading)]
        self._gtins = {gtin for reading in readings if (gtin := gtin_of(reading.elements))}
        self._glns = {_gln(reading) for reading in readings if "414" in reading.elements}
        labels = {reading.label[0] for reading in readings if reading.label}
        bare = {_bare(code) for code, problem in found.items() if isinstance(problem, Unreadable)} - {""}
        owners = views().documents(
            Owners, [*map(gtin_key, self._gtins), *(gln_key(gln, extension) for gln, extension in self._glns)]
        )
        self._owners = {key: names.in_order for key, names in owners.items()}
        skus = _all(self._owners.get(gtin_key(gtin), []) for gtin in self._gtins)
        places = _all(self._owners.get(gln_key(*gln), []) for gln in self._glns)
        self._products = views().documents(Product, [(PRODUCTS, sku) for sku in skus])
        self._locations = views().documents(Location, [(LOCATIONS, id) for id in {*labels, *bare, *places}])

    def pack(self, gtin: str) -> tuple[str, str, int] | None:
        """SKU, level and base units of a GTIN: of those products that have it now, the one that had it first."""
        for sku in self._owners.get(gtin_key(gtin), []):
            product = self._products.get((PRODUCTS, sku))
            if product and (pack := gtins(product).get(gtin)):
                return sku, *pack
        return None

    def location(self, id: str) -> Location | None:
        """The place of that id."""
        return self._locations.get((LOCATIONS, id))

    def place(self, gln: str, extension: str | None) -> str | None:
        """The id of the place that has this GLN now; of several, the one that had it first."""
        for id in self._owners.get(gln_key(gln, extension), []):
            location = self.location(id)
            if location and (location.gln, location.extension) == (gln, extension):
                return id
        return None


def _read(code: str, today: date) -> Reading | Unreadable:
    try:
        return read(code, today)
    except Unreadable as problem:
        return problem


def _identified(code: str, found: Reading | Unreadable, known: _Known, today: date) -> Identified:
    if isinstance(found, Unreadable):
        location = known.location(_bare(code))
        if location is not None:
            return _unknown(
                code,
                "missing-check-digits",
                f"{code.strip()} is a location; scan its label, which ends in ':' and its two check digits.",
            )
        return _unknown(code, found.type, found.detail, found.elements)
    if found.label is not None:
        return _labelled(code, *found.label, known)
    elements = found.elements
    if found.kind == UNKNOWN:
        keys = ", ".join(f"({ai})" for ai in elements)
        return _unknown(code, _NAMELESS, f"{keys} name no product, handling unit, location or asset.", elements)
    answer = Identified(
        input=code,
        kind=found.kind,
        elements=elements,
        lot=elements.get("10", UNSET),
        serial=elements.get("21") or elements.get("8003", "")[14:] or UNSET,
        sscc=elements.get("00", UNSET),
        gln=elements.get("414", UNSET),
        expires_on=_day(elements.get("17") or elements.get("7003"), today),
        best_before=_day(elements.get("15"), today),
        produced_on=_day(elements.get("11"), today),
        count=int(counted) if (counted := elements.get("37") or elements.get("30")) else UNSET,
        net_weight_g=_net_weight(elements),
        epc_uri=found.epc_uri or UNSET,
    )
    if gtin := gtin_of(elements):
        pack = known.pack(gtin)
        answer = structs.replace(answer, gtin=gtin, sku=None)
        if pack is not None:
            answer = structs.replace(answer, sku=pack[0], level=pack[1], units=pack[2])
    if "414" in elements:
        answer = structs.replace(answer, location=known.place(*_gln(found)) or UNSET)
    return answer


def _labelled(code: str, id: str, digits: str, known: _Known) -> Identified:
    location = known.location(id)
    right = location.check_digits if location and location.check_digits else derived_check_digits(id)
    if location is None:
        return _unknown(code, "unknown-location", f"There is no location {id!r}.")
    if digits != right:
        return _unknown(code, WRONG_CHECK_DIGIT, f"{digits} are not the check digits of location {id!r}.")
    return Identified(input=code, kind=LOCATION, elements={}, location=id, gln=location.gln or UNSET)


def _unknown(code: str, type: str, detail: str, elements: dict[str, str] | None = None) -> Identified:
    return Identified(input=code, kind="unknown", elements=elements or {}, problem=ScanProblem(type, detail))


def _gln(reading: Reading) -> tuple[str, str | None]:
    return reading.elements["414"], reading.elements.get("254")


def _bare(code: str) -> str:
    return bare_location(code) or ""


def _day(value: str | None, today: date) -> str | UnsetType:
    return read_date(value, today).isoformat() if value else UNSET


def _net_weight(elements: Mapping[str, str]) -> int | float | UnsetType:
    """Grams, exactly where they are given in kilograms (AI 310n), to the nearest gram from pounds (320n)."""
    for ai, value in elements.items():
        if ai[:3] == "310":
            grams = Decimal(value).scaleb(3 - int(ai[3]))
            return int(grams) if grams == grams.to_integral_value() else float(grams)
        if ai[:3] == "320":
            pounds = Decimal(value).scaleb(-int(ai[3]))
            return int((pounds * _GRAMS_PER_POUND).quantize(Decimal(1), ROUND_HALF_UP))
    return UNSET


def _all(lists: Iterable[Iterable[str]]) -> set[str]:
    return {item for items in lists for item in items}
