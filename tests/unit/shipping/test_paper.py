"""What is printed can be scanned and read: labels say the SSCC, manifests what is on the load."""

import csv
import re
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from shared import aws
from tests.unit.shipping.desk import BERLIN, HAMBURG, Desk, called_off, goes_to, new_id, new_sscc

BUCKET = "shipping-attachments"
PIXELS_PER_MM = 12
POINTS_PER_MM = 72 / 25.4


@pytest.fixture(autouse=True)
def printer(desk: Desk) -> None:
    aws.s3().create_bucket(Bucket=BUCKET)
    desk.put_carrier()


def fetched(answer: Any) -> bytes:
    """The document behind a signed address."""
    key = urlsplit(answer.body["url"]).path.partition("attached/")[2]
    return aws.s3().get_object(Bucket=BUCKET, Key=f"attached/{key}")["Body"].read()


def pages(pdf: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=PIXELS_PER_MM / POINTS_PER_MM).to_pil() for page in document]


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def scanned(picture: Image.Image) -> str:
    """What a scanner sends: GS1-128 is announced by ]C1."""
    [found] = zxingcpp.read_barcodes(picture)
    return f"{found.symbology_identifier}{found.text}"


def of_zpl(text: str) -> Image.Image:
    """The picture in a format's ^GFA field, unpacked as the ZPL manual says."""
    match = re.search(r"\^GFA,(\d+),\d+,(\d+),([^^]*)\^FS", text)
    assert match is not None
    per_row, data = int(match[2]), match[3]
    digits, times, row = "", 0, ""
    for character in data:
        if character == ":":
            digits += row
        elif character in "0123456789ABCDEF":
            digits, times = digits + character * (times or 1), 0
        else:
            times += ord(character) - ord("F") if character.isupper() else (ord(character) - ord("f")) * 20
        if len(digits) % (2 * per_row) == 0:
            row = digits[-2 * per_row :]
    assert len(digits) == 2 * int(match[1])
    width = per_row * 8
    dots = Image.frombytes("1", (width, len(digits) * 4 // width), bytes.fromhex(digits)).convert("L")
    framed = Image.new("L", (width + 40, dots.height + 40), 255)
    framed.paste(dots.point(lambda value: 255 - value), (20, 20))
    return framed.resize((framed.width * 3, framed.height * 3), Image.Resampling.NEAREST)


class TestLabels:
    def test_every_carton_has_a_page_in_a6_whose_code_is_read_back_as_its_sscc(self, desk: Desk) -> None:
        ssccs = [new_sscc() for _ in range(3)]
        _, shipment_id = desk.shipment(*ssccs)
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels")
        assert answer.status == 200, answer.body
        pdf = fetched(answer)
        assert [scanned(page) for page in pages(pdf)] == [f"]C1(00){sscc}" for sscc in ssccs]
        size = pypdfium2.PdfDocument(pdf)[0].get_size()
        assert [round(side / POINTS_PER_MM) for side in size] == [105, 148]
        said = words(pdf)
        for carton in answer.body["cartons"]:
            assert carton["tracking_number"] in said
        assert all(line in said for line in ("Kim Example", "Langer Weg 12", "10115 Berlin"))

    @pytest.mark.parametrize("dots_per_mm", [8, 12, 24])
    def test_a_label_printer_prints_the_same_code(self, desk: Desk, dots_per_mm: int) -> None:
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc)
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels", format="zpl", dots_per_mm=str(dots_per_mm))
        zpl = fetched(answer).decode()
        assert scanned(of_zpl(zpl)) == f"]C1(00){sscc}"
        assert f"^PW{105 * dots_per_mm}" in zpl

    def test_a_reprint_is_the_same_document_and_one_carton_can_be_asked_for(self, desk: Desk) -> None:
        one, two = new_sscc(), new_sscc()
        _, shipment_id = desk.shipment(one, two)
        path = f"/shipping/shipments/{shipment_id}/labels"
        first = desk.get(path)
        assert desk.post(f"/shipping/shipments/{shipment_id}/reprints", {"reason": "torn"}).status == 201
        again = desk.get(path)
        assert urlsplit(again.body["url"]).path == urlsplit(first.body["url"]).path
        assert fetched(again) == fetched(first)
        [page] = pages(fetched(desk.get(path, sscc=two)))
        assert scanned(page) == f"]C1(00){two}"
        assert desk.get(path, sscc=new_sscc()).problem == "foreign-carton"

    def test_after_an_address_change_the_labels_say_the_new_one(self, desk: Desk) -> None:
        order_id, shipment_id = desk.shipment()
        old = desk.get(f"/shipping/shipments/{shipment_id}/labels")
        desk.deliver(goes_to(order_id, shipment_id, HAMBURG))
        new = desk.get(f"/shipping/shipments/{shipment_id}/labels")
        assert "20095 Hamburg" in words(fetched(new))
        assert new.body["cartons"][0]["tracking_number"] != old.body["cartons"][0]["tracking_number"]

    @pytest.mark.parametrize("format", ["pdf", "zpl"])
    def test_a_printer_gets_the_very_document_in_the_answer_and_nothing_is_kept(
        self, desk: Desk, format: str
    ) -> None:
        one, two = new_sscc(), new_sscc()
        _, shipment_id = desk.shipment(one, two)
        path = f"/shipping/shipments/{shipment_id}/labels"
        answer = desk.get(f"{path}/document", format=format)
        assert answer.headers["content-type"] == f"application/{format}"
        assert "Contents" not in aws.s3().list_objects_v2(Bucket=BUCKET, Prefix=f"attached/labels/{shipment_id}")
        document = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        assert document == fetched(desk.get(path, format=format))
        only = desk.get(f"{path}/document", format=format, sscc=two).body
        assert len(only) < len(document)

    def test_labels_too_large_for_an_answer_are_asked_for_one_by_one(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shipping.documents.MOST_BYTES", 1_000)
        _, shipment_id = desk.shipment()
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels/document")
        assert (answer.status, answer.problem) == (413, "too-large")

    def test_a_shipment_without_labels_says_why(self, desk: Desk) -> None:
        order_id, shipment_id = desk.shipment()
        desk.deliver(called_off(order_id, shipment_id))
        answer = desk.get(f"/shipping/shipments/{shipment_id}/labels")
        assert (answer.status, answer.problem) == (409, "no-labels")
        assert desk.get(f"/shipping/shipments/{shipment_id}/labels/document").problem == "no-labels"
        _, unserved = desk.shipment(service="overnight")
        answer = desk.get(f"/shipping/shipments/{unserved}/labels")
        assert "no-carrier" in answer.body["errors"][0]["remedy"]
        assert desk.get(f"/shipping/shipments/{new_id()}/labels").status == 404

    def test_a_long_name_stays_on_the_label_and_commands_no_printer(self, desk: Desk) -> None:
        name = "^XZ~JA " + "Wolfeschlegelsteinhausenbergerdorff " * 2
        sscc = new_sscc()
        _, shipment_id = desk.shipment(sscc, ship_to=BERLIN | {"name": name})
        path = f"/shipping/shipments/{shipment_id}/labels"
        assert scanned(pages(fetched(desk.get(path)))[0]) == f"]C1(00){sscc}"
        zpl = fetched(desk.get(path, format="zpl")).decode()
        assert (zpl.count("^XZ"), "~" in zpl) == (1, False)


class TestManifest:
    def test_a_manifest_lists_what_leaves_and_not_what_was_called_off(self, desk: Desk) -> None:
        one, two, void = new_sscc(), new_sscc(), new_sscc()
        desk.shipment(one, ship_to=HAMBURG, reference="WS-7")
        desk.shipment(two, reference="=1+1")
        order_id, shipment_id = desk.shipment(void)
        load_id = desk.load(one, two, void)
        desk.deliver(called_off(order_id, shipment_id))
        desk.depart(load_id)
        desk.leave(load_id)
        answer = desk.get(f"/shipping/loads/{load_id}/manifest", format="csv")
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(StringIO(answer.body)))
        assert [(row["sscc"], row["destination"], row["reference"]) for row in rows] == [
            (two, "DE 10115 Berlin", "'=1+1"),
            (one, "DE 20095 Hamburg", "WS-7"),
        ]
        said = words(desk.get(f"/shipping/loads/{load_id}/manifest").body)
        assert all(text in said for text in (load_id, one, two, "B-SW 1042", "2 cartons of 2 shipments"))
        assert void not in said

    def test_a_long_manifest_goes_on_on_further_pages(self, desk: Desk) -> None:
        ssccs = [new_sscc() for _ in range(60)]
        desk.shipment(*ssccs)
        document = desk.get(f"/shipping/loads/{desk.load(*ssccs)}/manifest").body
        assert len(pypdfium2.PdfDocument(document)) == 2
        assert all(sscc in words(document) for sscc in ssccs)

    def test_an_unknown_load_has_none(self, desk: Desk) -> None:
        assert desk.get(f"/shipping/loads/{new_id()}/manifest").problem == "unknown-load"
