"""A shipment from its announcement to the report, over HTTP and through every queue and table."""

from uuid import uuid4

import pytest
import urllib3

from tests.support.shop import Shop

pytestmark = pytest.mark.cloud


def post(shop: Shop, path: str, body: object) -> dict[str, object]:
    answer = shop.call("POST", f"/receiving{path}", body, key=str(uuid4()))
    assert answer.status in (200, 201), answer
    found: dict[str, object] = answer.body
    return found


def test_a_shipment_is_announced_arrives_is_logged_inspected_and_closed(shop: Shop) -> None:
    unique = uuid4().hex[:8].upper()
    sku, dock, supplier = f"TIN-{unique}", f"DOCK-{unique}", f"SUP-{unique}"
    assert shop.call("PUT", f"/inventory/products/{sku}", {"name": "Tin", "tracking": "lot"}).status == 200
    place = {"warehouse": "MAIN", "zone": "D", "aisle": "00", "bay": "01", "level": "0", "kind": "dock"}
    assert shop.call("PUT", f"/inventory/locations/{dock}", place).status == 200
    assert shop.call("PUT", f"/receiving/inspection-plans/sku.{sku}", {"aql": "1.0"}).status == 200
    notice = {"supplier": supplier, "reference": unique, "lines": [{"sku": sku, "units": 20, "lot": "L1"}]}
    shop.until(
        lambda: shop.call("POST", "/receiving/shipments", notice, key=str(uuid4())).status == 201,
        "receiving knows the product",
    )
    shipment = str(post(shop, "/shipments", notice)["shipment_id"])
    shop.until(
        lambda: (
            shop.call(
                "POST", f"/receiving/shipments/{shipment}/arrival", {"location": dock}, key=str(uuid4())
            ).status
            == 200
        ),
        "receiving knows the dock",
    )
    entries = [
        {"sku": sku, "units": 15, "lot": "L1"},
        {"sku": sku, "units": 1, "lot": "L1", "condition": "damaged"},
    ]
    post(shop, f"/shipments/{shipment}/receipts", {"entries": entries})
    report = post(shop, f"/shipments/{shipment}/closing", {})
    assert report["totals"] == {"expected": 20, "received": 15, "damaged": 1, "short": 4, "over": 0}
    [inspection] = shop.get(f"/receiving/shipments/{shipment}")["inspections"]
    path = f"/inspections/{inspection}"
    shop.until(
        lambda: (
            shop.call("GET", f"/receiving{path}").status == 200
            and shop.get(f"/receiving{path}")["status"] == "open"
        ),
        "the inspection is open",
    )
    photo = b"\xff\xd8 a dent"
    address = post(
        shop, f"{path}/attachments", {"file_name": "dent.jpg", "media_type": "image/jpeg", "size": len(photo)}
    )
    sent = urllib3.request("PUT", str(address["url"]), body=photo, headers=address["headers"])  # type: ignore[arg-type]
    assert sent.status == 200, sent.data
    [attached] = shop.get(f"/receiving{path}/attachments")["items"]
    assert urllib3.request("GET", attached["url"]).data == photo
    post(shop, f"{path}/results", {"inspected": 13, "defects": 1})
    post(shop, f"{path}/decision", {"decision": "reject"})
    shop.until(
        lambda: any(
            one["supplier"] == supplier for one in shop.get("/receiving/reports/suppliers?limit=1000")["items"]
        ),
        "the supplier is scored",
    )
