"""Labels: what is stuck on places, products and handling units, to print or to show."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from inventory.aggregates import HOLDING, LOCATION, PRODUCT
from inventory.contracts import PackLevel
from inventory.domain.check_digits import label_text
from inventory.domain.holding import Holding
from inventory.domain.location import Location
from inventory.domain.product import EACH, Product, gtins
from inventory.labelling.layout import Content, draw
from inventory.views import LOCATIONS, PRODUCTS
from shared import clock, codec
from shared.codes.application_identifiers import table
from shared.codes.element_strings import Elements, require_company
from shared.codes.problems import Unreadable
from shared.codes.values import require_value
from shared.gs1 import Sscc, require_sscc
from shared.http_edge import Api, Document, Response
from shared.identifiers import LocationId, Sku
from shared.labelling.drawing import DoesNotFit, Drawing
from shared.labelling.rendering import to_pdf, to_svg, to_zpl
from shared.labelling.symbols import Symbology
from shared.rejection import TooLarge, Unprocessable
from shared.resources import history, views

handler = Api()

MAX_LABELS = 300
_MOST_BYTES = 4_000_000
"""Lambda answers with 6 MB at most, of which base64 takes a quarter."""

Level = Literal["each"] | PackLevel
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-12-31"])]
Lot = Annotated[str, Meta(min_length=1, max_length=20)]
Serial = Annotated[str, Meta(min_length=1, max_length=20)]
Count = Annotated[int, Meta(ge=1, le=99_999_999)]


class LocationLabel(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="location"):
    """The label of a place: its id, its check digits, and both as a symbol."""

    location: LocationId


class ProductLabel(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="product"):
    """The label of a product, or of one of its packs. `count` is a variable count of items (AI 30)."""

    sku: Sku
    level: Level = "each"
    lot: Lot | None = None
    expires_on: Day | None = None
    serial: Serial | None = None
    count: Count | None = None


class HandlingUnitLabel(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="handling_unit"):
    """The label of a handling unit: its SSCC, and with `contents` what is on it, where that is one product.

    Then the symbol says the product's GTIN, the count and the lot too (AI 02, 37, 10), as far as there are such
    and there is room for them; people can read them in any case.
    """

    sscc: Sscc
    contents: bool = True


class LabelOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Labels to make, all in one format. `dots_per_mm` is the resolution of the printer (8: 203 dpi, 12: 300)."""

    format: Literal["pdf", "svg", "zpl"]
    labels: Annotated[
        tuple[LocationLabel | ProductLabel | HandlingUnitLabel, ...], Meta(min_length=1, max_length=MAX_LABELS)
    ]
    symbology: Symbology = "gs1-128"
    dots_per_mm: Literal[6, 8, 12, 24] = 8


class SvgLabels(Struct, frozen=True):
    """Several labels as SVG documents, in the order in which they were asked for."""

    labels: list[str]


@handler.route(
    "POST",
    "/inventory/labels",
    scope="inventory/read",
    returns=(200, SvgLabels),
    rejects=(Unprocessable, TooLarge),
    media=("application/pdf", "application/zpl", "image/svg+xml"),
)
def make_labels(body: LabelOrder) -> Response:
    """Make labels: one PDF with a page each, ZPL with a format each, an SVG document, or several in a list."""
    shelf = _Shelf(body)
    drawings = [_drawing(body, index, shelf) for index in range(len(body.labels))]
    match body.format:
        case "pdf":
            document = Document("application/pdf", to_pdf(drawings), binary=True)
        case "zpl":
            zpl = "".join(to_zpl(drawing, body.dots_per_mm) for drawing in drawings)
            document = Document("application/zpl", zpl.encode())
        case _ if len(drawings) == 1:
            document = Document("image/svg+xml", to_svg(drawings[0]).encode())
        case _:
            document = Document("application/json", codec.to_json(SvgLabels([to_svg(d) for d in drawings])))
    if len(document.content) > _MOST_BYTES:
        raise TooLarge(
            f"The labels take {len(document.content)} bytes; one answer holds {_MOST_BYTES}.",
            field="labels",
            value=len(drawings),
            remedy="Ask for fewer labels at a time.",
        )
    return Response(200, document)


class _Shelf:
    """The products and places of one order of labels, read all at once; what a list lacks yet, one by one."""

    def __init__(self, order: LabelOrder) -> None:
        skus = [(PRODUCTS, label.sku) for label in order.labels if isinstance(label, ProductLabel)]
        ids = [(LOCATIONS, label.location) for label in order.labels if isinstance(label, LocationLabel)]
        self._products = views().documents(Product, skus) if skus else {}
        self._locations = views().documents(Location, ids) if ids else {}

    def product(self, sku: str) -> Product:
        """The product; one without a `sku` is not registered."""
        return self._products.get((PRODUCTS, sku)) or history().load(PRODUCT, PRODUCT.stream_id(sku)).state

    def location(self, id: str) -> Location:
        """The place; one without a `location` is not registered."""
        return self._locations.get((LOCATIONS, id)) or history().load(LOCATION, LOCATION.stream_id(id)).state


def _drawing(order: LabelOrder, index: int, shelf: _Shelf) -> Drawing:
    label, field = order.labels[index], f"labels[{index}]"
    match label:
        case LocationLabel():
            content = _of_location(label, field, shelf)
        case ProductLabel():
            content = _of_product(label, field, shelf)
        case HandlingUnitLabel():
            content = _of_unit(label, field, shelf)
    while True:
        try:
            return draw(content, order.symbology, order.dots_per_mm)
        except DoesNotFit as error:
            fewer = _with_less(content)
            if fewer is None:
                raise Unprocessable(
                    f"{field}: {error}.",
                    field=field,
                    value=order.symbology,
                    remedy="Leave something out, or take the symbology datamatrix or qr.",
                    code="label-too-full",
                ) from error
            content = fewer


def _with_less(content: Content) -> Content | None:
    """A handling unit's label whose symbol says less: not the lot, then nothing of what is on it."""
    if "00" not in content.elements or len(content.elements) == 1:
        return None
    left_out = ("10",) if "10" in content.elements else ("02", "37")
    return structs.replace(
        content, elements={ai: value for ai, value in content.elements.items() if ai not in left_out}
    )


def _of_unit(label: HandlingUnitLabel, field: str, shelf: _Shelf) -> Content:
    sscc = require_sscc(label.sscc, field=f"{field}.sscc")
    content = Content({"00": sscc}, title="SSCC", large=sscc, tall=True)
    books = history().load(HOLDING, HOLDING.stream_id(sscc)).state if label.contents else Holding()
    if books.occupants or len(books.units) != 1:
        return content
    [(sku, units)] = books.units.items()
    product = shelf.product(sku)
    lots = {item.lot for item in books.items.values()}
    elements: Elements = {"00": sscc} | _counted(product, units)
    lines = [f"{product.name or sku}", f"{sku} · {units} units"]
    if len(lots) == 1 and (lot := lots.pop()):
        lines.append(f"Lot {lot}")
        if "02" in elements:
            elements["10"] = lot
    elif len(lots) > 1:
        lines.append(f"{len(lots)} lots")
    try:
        _require_readable(elements, field)
    except Unprocessable:
        elements = {"00": sscc}
    return structs.replace(content, elements=elements, lines=tuple(lines))


def _counted(product: Product, units: int) -> Elements:
    """So many base units as a count of trade items: single ones, else of the smallest pack that is left whole."""
    for gtin, (_, size) in sorted(gtins(product).items(), key=lambda pair: pair[1][1]):
        if units % size == 0:
            return {"02": gtin, "37": str(units // size)}
    return {}


def _of_location(label: LocationLabel, field: str, shelf: _Shelf) -> Content:
    location = shelf.location(label.location)
    if not location.location:
        raise Unprocessable(
            f"There is no location {label.location!r}.",
            field=f"{field}.location",
            value=label.location,
            remedy="Register it first: PUT /inventory/locations/{id}.",
            code="unknown-location",
        )
    return Content(
        {},
        title=f"{location.warehouse} · zone {location.zone}",
        large=location.location,
        beside=location.check_digits,
        plain=label_text(location.location, location.check_digits),
    )


def _of_product(label: ProductLabel, field: str, shelf: _Shelf) -> Content:
    product = shelf.product(label.sku)
    if not product.sku:
        raise Unprocessable(
            f"There is no product {label.sku!r}.",
            field=f"{field}.sku",
            value=label.sku,
            remedy="Register it first: PUT /inventory/products/{sku}.",
            code="unknown-sku",
        )
    packs = {level: (gtin, units) for gtin, (level, units) in gtins(product).items()}
    if label.level not in packs:
        raise Unprocessable(
            f"{product.sku} has no GTIN for the level {label.level!r}; it has {', '.join(packs) or 'none'}.",
            field=f"{field}.level",
            value=label.level,
            remedy="Describe the pack with its GTIN first: PUT /inventory/products/{sku}.",
            code="no-gtin",
        )
    gtin, units = packs[label.level]
    elements: Elements = {"01": gtin}
    lines = [product.sku if label.level == EACH else f"{product.sku} · {label.level} of {units}"]
    if label.expires_on is not None:
        elements["17"] = _short_date(label.expires_on, f"{field}.expires_on")
        lines.append(f"Expires {label.expires_on}")
    for ai, value, said in (
        ("30", str(label.count) if label.count else None, "Count"),
        ("10", label.lot, "Lot"),
        ("21", label.serial, "Serial"),
    ):
        if value is not None:
            elements[ai] = value
            lines.append(f"{said} {value}")
    _require_readable(elements, field)
    pairs = [" · ".join(lines[at : at + 2]) for at in range(1, len(lines), 2)]
    return Content(elements, title=product.name, lines=(lines[0], *pairs))


def _short_date(text: str, field: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    today = clock.now().date()
    if day is None or not -49 <= day.year - today.year <= 50:
        raise Unprocessable(
            f"{text!r} is no day that a label can say: its year has two digits.",
            field=field,
            value=text,
            remedy="Send a day at most 49 years back and 50 ahead.",
        )
    return day.strftime("%y%m%d")


def _require_readable(elements: Elements, field: str) -> None:
    try:
        for ai, value in elements.items():
            require_value(table()[ai], value, clock.now().date())
        require_company(elements)
    except Unreadable as problem:
        raise Unprocessable(
            f"{field}: {problem.detail}",
            field=field,
            remedy="A label may only say what a scanner can read: see the characters that GS1 allows.",
            code=problem.type,
        ) from problem
