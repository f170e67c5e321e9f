"""Labels: what is printed is scanned as what it was printed for."""

import re
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from tests.unit.inventory.stockroom import Stockroom, new_sku

SSCC = "106141412345678908"
SYMBOLOGIES = ("gs1-128", "datamatrix", "qr")
FORMATS = ("pdf", "svg", "zpl")
PIXELS_PER_MM = 16


@pytest.fixture(scope="module")
def mug(room: Stockroom) -> str:
    """A product with an own GTIN and a case."""
    sku = new_sku()
    packs = [{"level": "case", "gtin": "14006381333938", "units": 24}]
    body = {"name": "Mug <blue> & ^XZ ~JA", "gtin": "4006381333931", "packaging": packs}
    assert room.call("PUT", f"/inventory/products/{sku}", body).status == 200
    room.landscape.project("inventory")
    return sku


@pytest.fixture(scope="module")
def place(room: Stockroom) -> str:
    """A place."""
    place = room.place()
    room.landscape.project("inventory")
    return place


def order(room: Stockroom, *labels: dict[str, Any], format: str = "svg", symbology: str = "gs1-128") -> Any:
    body = {"format": format, "symbology": symbology, "labels": labels}
    return room.call("POST", "/inventory/labels", body)


def pictures(answer: Any) -> list[Image.Image]:
    """What a printer or screen would show of every label."""
    kind = answer.headers["content-type"]
    if kind == "application/pdf":
        pages = pypdfium2.PdfDocument(answer.body)
        return [page.render(scale=PIXELS_PER_MM * 25.4 / 72).to_pil() for page in pages]
    if kind == "application/zpl":
        return [of_zpl(text) for text in answer.body.splitlines()]
    documents = answer.body["labels"] if kind == "application/json" else [answer.body]
    return [of_svg(text) for text in documents]


def of_svg(text: str) -> Image.Image:
    picture = Image.new("L", (100 * PIXELS_PER_MM, 150 * PIXELS_PER_MM), 255)
    pen = ImageDraw.Draw(picture)
    [path] = re.findall(r'<path d="([^"]*)"', text)
    for x, y, width, height in re.findall(r"M([\d.e-]+) ([\d.e-]+)h([\d.e-]+)v([\d.e-]+)", path):
        left, top, right, bottom = float(x), float(y), float(x) + float(width), float(y) + float(height)
        box = [round(at * PIXELS_PER_MM) for at in (left, top, right, bottom)]
        pen.rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=0)
    return picture


def of_zpl(text: str) -> Image.Image:
    """The picture in a format's ^GFA field, unpacked as the ZPL manual says."""
    match = re.search(r"\^GFA,(\d+),(\d+),(\d+),([^^]*)\^FS", text)
    assert match is not None
    total, _, per_row, data = match.groups()
    digits, times, row = "", 0, ""
    for character in data:
        if character == ":":
            digits += row
        elif character in "0123456789ABCDEF":
            digits, times = digits + character * (times or 1), 0
        elif character.isupper():
            times += ord(character) - ord("F")
        else:
            times += (ord(character) - ord("f")) * 20
        if len(digits) % (2 * int(per_row)) == 0:
            row = digits[-2 * int(per_row) :]
    assert len(digits) == 2 * int(total)
    width = int(per_row) * 8
    picture = Image.frombytes("1", (width, len(digits) * 4 // width), bytes.fromhex(digits))
    inverted = picture.convert("L").point(lambda value: 255 - value)
    framed = Image.new("L", (width + 40, inverted.height + 40), 255)
    framed.paste(inverted, (20, 20))
    return framed.resize((framed.width * 3, framed.height * 3), Image.Resampling.NEAREST)


def decoded(picture: Image.Image) -> str:
    """What a scanner sends for the one symbol in the picture."""
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1, found
    return f"{found[0].symbology_identifier}{found[0].text}" if found[0].symbology_identifier else found[0].text


def scan(room: Stockroom, code: str) -> dict[str, Any]:
    answer = room.call("POST", "/inventory/scans", {"codes": [code]})
    result: dict[str, Any] = answer.body["results"][0]
    return result


@pytest.mark.parametrize("symbology", SYMBOLOGIES)
@pytest.mark.parametrize("format", FORMATS)
def test_every_label_scans_as_what_it_was_made_for(
    room: Stockroom, mug: str, place: str, format: str, symbology: str
) -> None:
    answer = order(
        room,
        {"kind": "location", "location": place},
        {"kind": "product", "sku": mug, "level": "case", "lot": "L(1)", "expires_on": "2026-12-31", "count": 3},
        {"kind": "product", "sku": mug, "serial": "S/9"},
        {"kind": "handling_unit", "sscc": SSCC},
        format=format,
        symbology=symbology,
    )
    assert answer.status == 200, answer.body
    location, case, each, unit = (scan(room, decoded(picture)) for picture in pictures(answer))
    assert (location["kind"], location["location"]) == ("location", place)
    told = ("sku", "level", "units", "lot", "expires_on", "count")
    assert [case[name] for name in told] == [mug, "case", 24, "L(1)", "2026-12-31", 3]
    assert (each["sku"], each["level"], each["serial"]) == (mug, "each", "S/9")
    assert (unit["kind"], unit["sscc"]) == ("handling_unit", SSCC)


def stacked(
    room: Stockroom, units: int, *lots: str, gtin: str = "4006381333931", packs: Any = ()
) -> tuple[str, str]:
    """A product, and a handling unit with so many units of each lot of it."""
    sku = new_sku()
    described = {"name": "Cup", "tracking": "lot", **({"gtin": gtin} if gtin else {}), "packaging": packs}
    assert room.call("PUT", f"/inventory/products/{sku}", described).status == 200
    dock = room.place()
    unit = room.call("POST", "/inventory/handling-units", {"type": "pallet", "location": dock}, key=f"U-{sku}")
    sscc = unit.body["sscc"]
    for lot in lots:
        body = {"sku": sku, "location": sscc, "quantity": units, "reason": "found", "lot": lot}
        assert room.call("POST", "/inventory/stock/adjustments", body, key=f"A-{sku}-{lot}").status == 201
    room.landscape.project("inventory")
    return sku, sscc


def told_of(room: Stockroom, sscc: str, symbology: str, **more: Any) -> dict[str, Any]:
    """The elements of a handling unit's label."""
    answer = order(room, {"kind": "handling_unit", "sscc": sscc, **more}, symbology=symbology)
    assert answer.status == 200, answer.body
    [picture] = pictures(answer)
    result = scan(room, decoded(picture))
    assert (result["kind"], result["sscc"]) == ("handling_unit", sscc)
    elements: dict[str, Any] = result["elements"]
    return elements


@pytest.mark.parametrize("symbology", SYMBOLOGIES)
class TestWhatIsOnAUnit:
    def test_one_product_of_one_lot_is_said_with_its_count(self, room: Stockroom, symbology: str) -> None:
        _, sscc = stacked(room, 48, "L1")
        assert told_of(room, sscc, symbology) == {"00": sscc, "02": "04006381333931", "37": "48", "10": "L1"}
        assert told_of(room, sscc, symbology, contents=False) == {"00": sscc}

    def test_several_lots_are_counted_together(self, room: Stockroom, symbology: str) -> None:
        _, sscc = stacked(room, 6, "L1", "L2")
        assert told_of(room, sscc, symbology) == {"00": sscc, "02": "04006381333931", "37": "12"}

    def test_a_product_without_a_gtin_is_counted_in_whole_packs(self, room: Stockroom, symbology: str) -> None:
        packs = [{"level": "case", "gtin": "14006381333938", "units": 24}]
        _, sscc = stacked(room, 48, "L1", gtin="", packs=packs)
        assert told_of(room, sscc, symbology) == {"00": sscc, "02": "14006381333938", "37": "2", "10": "L1"}
        _, other = stacked(room, 50, "L1", gtin="", packs=packs)
        assert told_of(room, other, symbology) == {"00": other}

    def test_what_a_symbol_has_no_room_for_is_only_read_by_people(self, room: Stockroom, symbology: str) -> None:
        lot = "LOT-2026-01-31-A/0042"[:20]
        _, sscc = stacked(room, 48, lot)
        short = symbology == "gs1-128"
        assert told_of(room, sscc, symbology).get("10") == (None if short else lot)
        answer = order(room, {"kind": "handling_unit", "sscc": sscc}, symbology=symbology)
        assert f"Lot {lot}" in answer.body


def test_a_unit_with_several_products_is_named_alone(room: Stockroom, mug: str) -> None:
    _, sscc = stacked(room, 48, "L1")
    body = {"sku": mug, "location": sscc, "quantity": 3, "reason": "found"}
    assert room.call("POST", "/inventory/stock/adjustments", body, key=f"M-{sscc}").status == 201
    assert told_of(room, sscc, "gs1-128") == {"00": sscc}


def test_one_svg_is_a_document_and_several_are_a_list(room: Stockroom) -> None:
    label = {"kind": "handling_unit", "sscc": SSCC}
    assert order(room, label).headers["content-type"] == "image/svg+xml"
    assert len(order(room, label, label).body["labels"]) == 2


def test_text_cannot_command_the_printer_nor_the_page(room: Stockroom, mug: str) -> None:
    label = {"kind": "product", "sku": mug}
    zpl = order(room, label, format="zpl").body
    assert zpl.count("^XZ") == 1
    assert "~" not in zpl
    assert "Mug <blue> & _5EXZ _7EJA" in zpl
    assert "Mug &lt;blue&gt; &amp; ^XZ ~JA" in order(room, label).body


@pytest.mark.parametrize("format", FORMATS)
def test_hundreds_of_labels_are_one_answer(room: Stockroom, mug: str, format: str) -> None:
    labels = [{"kind": "product", "sku": mug, "serial": f"S{number}"} for number in range(300)]
    assert len(pictures_or_size(order(room, *labels, format=format))) == 300


def pictures_or_size(answer: Any) -> Any:
    kind = answer.headers["content-type"]
    if kind == "application/pdf":
        return pypdfium2.PdfDocument(answer.body)
    return answer.body["labels"] if kind == "application/json" else answer.body.splitlines()


@pytest.mark.parametrize(
    ("label", "field", "code"),
    [
        ({"kind": "location", "location": "NOWHERE"}, "labels[0].location", "unknown-location"),
        ({"kind": "product", "sku": "NOTHING"}, "labels[0].sku", "unknown-sku"),
        ({"kind": "product", "sku": "MUG", "level": "pallet"}, "labels[0].level", "no-gtin"),
        ({"kind": "product", "sku": "MUG", "lot": "Ü"}, "labels[0]", "invalid-character"),
        ({"kind": "product", "sku": "MUG", "expires_on": "2026-02-30"}, "labels[0].expires_on", "unprocessable"),
        ({"kind": "product", "sku": "MUG", "expires_on": "2099-01-01"}, "labels[0].expires_on", "unprocessable"),
        ({"kind": "handling_unit", "sscc": "106141412345678909"}, "labels[0].sscc", "invalid-gs1-key"),
        ({"kind": "product", "sku": "MUG", "lot": "L" * 20, "serial": "S" * 20}, "labels[0]", "label-too-full"),
        ({"kind": "pallet"}, "labels[0].kind", "invalid-field"),
    ],
)
def test_a_label_that_makes_no_sense_is_refused(
    room: Stockroom, mug: str, label: dict[str, Any], field: str, code: str
) -> None:
    if label.get("sku") == "MUG":
        label = {**label, "sku": mug}
    answer = order(room, label)
    assert (answer.status, answer.field, answer.problem) == (422, field, code)
