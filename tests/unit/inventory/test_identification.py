"""POST /inventory/scans: what our catalogue and our map of places add to what codes say."""

from typing import Any

import pytest

from shared import aws
from shared.codes.element_strings import SEPARATOR
from shared.gs1 import check_digit
from tests.unit.inventory.stockroom import Stockroom, new_sku

CASE = "14006381333938"
PALLET = "24006381333935"


def scan(room: Stockroom, *codes: str) -> list[dict[str, Any]]:
    answer = room.call("POST", "/inventory/scans", {"codes": codes})
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.body["results"]
    assert [result["input"] for result in results] == list(codes)
    return results


def gtin(number: int) -> str:
    digits = f"09{number:011d}"
    return f"{digits}{check_digit(digits)}"


def describe(room: Stockroom, sku: str, **fields: Any) -> None:
    answer = room.call("PUT", f"/inventory/products/{sku}", {"name": sku, **fields})
    assert answer.status == 200, answer.body
    room.landscape.project("inventory")


@pytest.fixture(scope="module")
def mug(room: Stockroom) -> str:
    """A product with an own GTIN, a case and a pallet."""
    packs = [{"level": "case", "gtin": CASE, "units": 24}, {"level": "pallet", "gtin": PALLET, "units": 960}]
    sku = new_sku()
    describe(room, sku, gtin="4006381333931", packaging=packs, tracking="lot_expiry")
    return sku


def test_a_gtin_says_which_product_in_which_pack_of_how_many_units(room: Stockroom, mug: str) -> None:
    each, case, pallet, other = scan(room, "4006381333931", CASE, f"(01){PALLET}", "614141123452")
    assert each == {
        "input": "4006381333931",
        "kind": "product",
        "elements": {"01": "04006381333931"},
        "gtin": "04006381333931",
        "sku": mug,
        "level": "each",
        "units": 1,
    }
    assert (case["sku"], case["level"], case["units"]) == (mug, "case", 24)
    assert (pallet["sku"], pallet["level"], pallet["units"]) == (mug, "pallet", 960)
    assert (other["sku"], "level" in other, "units" in other) == (None, False, False)


def test_everything_on_the_label_is_told(room: Stockroom, mug: str) -> None:
    code = f"]d201{CASE}1126011515260300172603313103001750{SEPARATOR}10L-1{SEPARATOR}21S/2"
    [found] = scan(room, code)
    assert found["elements"] == {
        "01": CASE,
        "11": "260115",
        "15": "260300",
        "17": "260331",
        "3103": "001750",
        "10": "L-1",
        "21": "S/2",
    }
    told = ("sku", "lot", "serial", "produced_on", "best_before", "expires_on", "net_weight_g")
    assert [found[name] for name in told] == [mug, "L-1", "S/2", "2026-01-15", "2026-03-31", "2026-03-31", 1750]


def test_a_handling_unit_says_what_it_holds(room: Stockroom, mug: str) -> None:
    [found] = scan(room, f"(00)106141412345678908(02){CASE}(10)L1(17)260331(37)40")
    told = ("kind", "sscc", "sku", "level", "units", "count", "lot", "expires_on", "epc_uri")
    assert [found[name] for name in told] == [
        "handling_unit",
        "106141412345678908",
        mug,
        "case",
        24,
        40,
        "L1",
        "2026-03-31",
        "urn:epc:id:sscc:0614141.1234567890",
    ]


def test_the_tag_of_the_standards_own_example(room: Stockroom) -> None:
    [found] = scan(room, "3074257BF7194E4000001A85")
    assert found == {
        "input": "3074257BF7194E4000001A85",
        "kind": "product",
        "elements": {"01": "80614141123458", "21": "6789"},
        "gtin": "80614141123458",
        "sku": None,
        "serial": "6789",
        "epc_uri": "urn:epc:id:sgtin:0614141.812345.6789",
    }


def test_assets_are_told_and_other_keys_of_gs1_are_unknown(room: Stockroom) -> None:
    asset, other = scan(room, "3374257BF40C0E400000162E", "(253)9506000134352XYZ")
    assert (asset["kind"], asset["serial"]) == ("asset", "5678")
    assert (other["kind"], other["problem"]["type"]) == ("unknown", "unsupported-key")
    assert other["elements"] == {"253": "9506000134352XYZ"}


def test_a_label_a_gln_and_a_tag_name_a_place_of_ours(room: Stockroom) -> None:
    place = room.place()
    body = {"zone": "A", "aisle": "01", "bay": "02", "level": "3", "gln": "0614141123452", "extension": "5678"}
    assert room.call("PUT", f"/inventory/locations/{place}", body).status == 200
    room.landscape.project("inventory")
    digits = room.get(f"/inventory/locations/{place}").body["check_digits"]
    wrong = "11" if digits != "11" else "12"
    label, tag, gln, misread, bare, nowhere = scan(
        room,
        f"{place}:{digits}",
        "3274257BF46072000000162E",
        "(414)0614141123452",
        f"{place}:{wrong}",
        place,
        "NOWHERE:11",
    )
    assert label == {
        "input": f"{place}:{digits}",
        "kind": "location",
        "elements": {},
        "location": place,
        "gln": "0614141123452",
    }
    assert (tag["kind"], tag["gln"], tag["location"]) == ("location", "0614141123452", place)
    assert (gln["kind"], "location" in gln) == ("location", False)
    problems = [found["problem"]["type"] for found in (misread, bare, nowhere)]
    assert problems == ["wrong-check-digit", "missing-check-digits", "unknown-location"]


def test_one_bad_code_does_not_spoil_the_others(room: Stockroom, mug: str) -> None:
    bad, good, again = scan(room, "4006381333932\t\r\n\x00", "4006381333931\r\n", "4006381333931\r\n")
    assert bad["kind"] == "unknown"
    assert bad["problem"]["detail"]
    assert good["sku"] == again["sku"] == mug


def test_of_two_products_with_one_gtin_the_first_keeps_it_until_it_lets_go(room: Stockroom) -> None:
    first, second, shared = new_sku(), new_sku(), gtin(77)
    describe(room, first, gtin=shared)
    describe(room, second, gtin=shared)
    assert scan(room, shared)[0]["sku"] == first
    describe(room, first)
    assert scan(room, shared)[0]["sku"] == second
    describe(room, second)
    assert scan(room, shared)[0]["sku"] is None


def test_a_pallet_of_500_tags_asks_the_table_once(room: Stockroom) -> None:
    asked: list[str] = []
    events: Any = aws.dynamodb().meta.events

    def note(model: Any, **_: Any) -> None:
        asked.append(model.name)

    events.register("before-call.dynamodb", note)
    try:
        tags = [f"urn:epc:tag:sgtin-96:1.4006381.{n % 40:06d}.{n}" for n in range(500)]
        found = scan(room, *tags, *tags)
    finally:
        events.unregister("before-call.dynamodb", note)
    assert all(result["kind"] == "product" for result in found)
    assert asked == ["BatchGetItem"]


@pytest.mark.parametrize("codes", [[], ["1"] * 1001, "4006381333931", [1], None])
def test_a_body_that_holds_no_codes_is_refused(room: Stockroom, codes: object) -> None:
    answer = room.call("POST", "/inventory/scans", {"codes": codes})
    assert (answer.status, answer.field.partition("[")[0]) == (422, "codes")
