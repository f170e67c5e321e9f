"""Codes are identified and labels made over HTTP, by Lambdas whose libraries lie in layers of their own."""

import random

import pytest

from shared.gs1 import check_digit
from tests.support.shop import Shop

pytestmark = pytest.mark.cloud


def test_a_product_is_labelled_and_scanned_with_separators(shop: Shop) -> None:
    digits = f"{random.randrange(10**12):012d}"
    gtin, sku = f"{digits}{check_digit(digits)}", f"SKU-{digits}"
    assert shop.call("PUT", f"/inventory/products/{sku}", {"name": "Mug", "gtin": gtin}).status == 200
    code = f"]d2010{gtin}10L-1\x1d21S-1"

    def scanned() -> bool:
        answer = shop.call("POST", "/inventory/scans", {"codes": [code, "3074257BF7194E4000001A85"]})
        assert answer.status == 200, answer
        product, tag = answer.body["results"]
        assert (product["lot"], product["serial"]) == ("L-1", "S-1")
        assert tag["epc_uri"] == "urn:epc:id:sgtin:0614141.812345.6789"
        return bool(product["sku"] == sku)

    shop.until(scanned, f"{gtin} stands for {sku}")
    for format, start in (("pdf", b"%PDF-"), ("svg", b"<svg "), ("zpl", b"^XA")):
        body = {"format": format, "symbology": "qr", "labels": [{"kind": "product", "sku": sku, "lot": "L-1"}]}
        answer = shop.call("POST", "/inventory/labels", body)
        assert answer.status == 200, answer
        assert answer.body.startswith(start)
