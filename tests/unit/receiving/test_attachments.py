"""Photos and documents of inspections go to the bucket by addresses that allow one file each."""

from urllib.parse import parse_qs, urlsplit

from tests.unit.receiving.dock import FRESH, Dock

PHOTO = {"file_name": "dent.jpg", "media_type": "image/jpeg", "size": 12_345}


def inspection(dock: Dock) -> str:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 5, "lot": "L1"})
    answer = dock.log(shipment, {"sku": "MILK", "units": 5, "lot": "L1", "expires_on": FRESH})
    dock.settle()
    return str(answer.body["results"][0]["goods"][0]["inspection_id"])


def test_an_address_is_for_one_file_of_one_type_and_size_and_for_a_quarter_of_an_hour(dock: Dock) -> None:
    one = inspection(dock)
    answer = dock.post(f"/inspections/{one}/attachments", PHOTO)
    assert answer.status == 201, answer
    url = urlsplit(answer.body["url"])
    query = parse_qs(url.query)
    assert url.path.endswith(f"attached/inspections/{one}/{answer.body['attachment_id']}")
    assert query["X-Amz-Expires"] == ["900"]
    assert set(query["X-Amz-SignedHeaders"][0].split(";")) == {"content-length", "content-type", "host"}
    assert answer.body["headers"] == {"content-type": "image/jpeg", "content-length": "12345"}


def test_the_same_request_gets_an_address_for_the_same_file(dock: Dock) -> None:
    one = inspection(dock)
    first = dock.post(f"/inspections/{one}/attachments", PHOTO, key="k")
    again = dock.post(f"/inspections/{one}/attachments", PHOTO, key="k")
    assert again.body["attachment_id"] == first.body["attachment_id"]
    other = dock.post(f"/inspections/{one}/attachments", PHOTO)
    assert other.body["attachment_id"] != first.body["attachment_id"]
    items = dock.get(f"/inspections/{one}/attachments")["items"]
    assert [item["file_name"] for item in items] == ["dent.jpg", "dent.jpg"]
    assert "attachment%3B%20filename" in items[0]["url"]


def test_what_is_too_large_of_another_type_or_too_much_is_refused(dock: Dock) -> None:
    one = inspection(dock)
    path = f"/inspections/{one}/attachments"
    assert dock.post(path, PHOTO | {"size": 20 * 1024 * 1024 + 1}).field == "size"
    assert dock.post(path, PHOTO | {"media_type": "text/html"}).field == "media_type"
    assert dock.post(path, PHOTO | {"file_name": "../etc/passwd"}).field == "file_name"
    assert dock.post(f"/inspections/{'0' * 36}/attachments", PHOTO).problem == "unknown-inspection"
    for _ in range(20):
        assert dock.post(path, PHOTO).status == 201
    assert dock.post(path, PHOTO).problem == "too-many-attachments"
