"""The sample is realistic, fits together, and is the same on every machine."""

import hashlib
import re
from collections import Counter
from math import prod
from typing import get_args

import msgspec
import pytest

from sample.catalogue import CASE_UNITS
from sample.demand import OVERSIZED_ORDERS, TROUBLED_PAYMENTS
from sample.generate import dataset
from sample.model import Dataset
from sample.warehouse import zone_of
from shared.gs1 import has_valid_check_digit
from shared.identifiers import LocationId, Sku

FINGERPRINT = "e68c4901967ba1bcc7fd413da1a4afe01159b9783859bce3565de9c60c6d203a"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


def matches(annotated: object, value: str) -> bool:
    pattern: str = get_args(annotated)[1].pattern
    return re.search(pattern, value) is not None


def test_every_machine_builds_the_same_data(data: Dataset) -> None:
    assert hashlib.sha256(msgspec.json.encode(data)).hexdigest() == FINGERPRINT, (
        "the sample has changed: when that is meant, put the new fingerprint here"
    )


def test_every_product_has_a_valid_gtin_of_its_own_that_belongs_to_no_brand_owner(data: Dataset) -> None:
    gtins = [product.gtin for product in data.products]
    assert len(set(gtins)) == len(gtins) >= 300
    assert all(len(gtin) == 13 and has_valid_check_digit(gtin) for gtin in gtins)
    assert all(200 <= int(gtin[:3]) <= 299 for gtin in gtins)


def test_skus_and_location_ids_are_unique_and_well_formed(data: Dataset) -> None:
    skus = [product.sku for product in data.products]
    places = [location.location for location in data.locations]
    assert len(set(skus)) == len(skus)
    assert len(set(places)) == len(places)
    assert all(matches(Sku, sku) for sku in skus)
    assert all(matches(LocationId, place) for place in places)


def test_sizes_weights_and_prices_are_believable(data: Dataset) -> None:
    for product in data.products:
        size = product.dimensions
        sides = (size.length_mm, size.width_mm, size.height_mm)
        litres = size.length_mm * size.width_mm * size.height_mm / 1_000_000
        assert all(5 <= side <= 2500 for side in sides), product
        assert 5 <= product.weight_g <= 25_000, product
        assert 0.02 <= product.weight_g / 1000 / litres <= 8, f"nothing on sale here is as dense as {product}"
        assert 100 <= product.price.amount <= 50_000, product


def test_every_kind_of_place_exists(data: Dataset) -> None:
    kinds = {location.kind for location in data.locations}
    assert kinds == {"pick_face", "bulk", "dock", "staging", "packing", "quarantine"}
    assert {location.warehouse for location in data.locations} == {"MAIN"}


def test_only_racks_have_a_capacity(data: Dataset) -> None:
    racks = {"pick_face", "bulk", "quarantine"}
    assert all((location.capacity is not None) == (location.kind in racks) for location in data.locations)


def test_no_two_places_are_at_the_same_point(data: Dataset) -> None:
    assert len({location.coordinates for location in data.locations}) == len(data.locations)


def test_every_article_comes_in_whole_cases_from_one_supplier(data: Dataset) -> None:
    suppliers: dict[str, set[str]] = {}
    for shipment in data.shipments:
        for goods in shipment.received:
            assert goods.units > 0
            assert goods.units % CASE_UNITS == 0
            suppliers.setdefault(goods.sku, set()).add(shipment.supplier)
    assert suppliers.keys() == {product.sku for product in data.products}
    assert all(len(names) == 1 for names in suppliers.values())


def test_goods_are_told_apart_as_their_articles_ask_for(data: Dataset) -> None:
    tracking = {product.sku: product.tracking for product in data.products}
    assert set(tracking.values()) == {"none", "lot", "lot_expiry", "serial"}
    seen: list[str] = []
    for goods in (goods for shipment in data.shipments for goods in shipment.received):
        kind = tracking[goods.sku]
        assert (goods.lot is not None) == (kind in ("lot", "lot_expiry"))
        assert (goods.expires_on is not None) == (kind == "lot_expiry")
        assert len(goods.serials) == (goods.units if kind == "serial" else 0)
        seen += goods.serials
    assert len(set(seen)) == len(seen)


def test_whatever_comes_fits_into_the_racks_of_its_storage_class(data: Dataset) -> None:
    products = {product.sku: product for product in data.products}
    wanted: Counter[tuple[str, str]] = Counter()
    for goods in (goods for shipment in data.shipments for goods in shipment.received):
        product = products[goods.sku]
        zone = zone_of(product)
        capacity = zone.bulk if goods.sscc else zone.face
        assert goods.units * prod(msgspec.structs.astuple(product.dimensions)) <= capacity.volume_mm3
        assert goods.units * product.weight_g <= capacity.weight_g
        wanted[zone.code, "bulk" if goods.sscc else "pick_face"] += goods.condition == "ok"
    for (zone_code, kind), places in wanted.items():
        there = [at for at in data.locations if (at.zone, at.kind) == (zone_code, kind) and at.capacity]
        room = sum(at.capacity.handling_units if kind == "bulk" else 1 for at in there if at.capacity)
        assert places <= room, f"{zone_code} {kind}"


def test_handling_units_have_valid_numbers_of_no_company(data: Dataset) -> None:
    numbers = [goods.sscc for shipment in data.shipments for goods in shipment.received if goods.sscc]
    assert len(set(numbers)) == len(numbers) > 50
    assert all(len(number) == 18 and has_valid_check_digit(number) for number in numbers)


def test_some_shipments_are_not_what_was_announced(data: Dataset) -> None:
    differences: Counter[str] = Counter()
    for shipment in data.shipments:
        announced, received = Counter[str](), Counter[str]()
        for goods in shipment.announced:
            announced[goods.sku] += goods.units
        for goods in shipment.received:
            received[goods.sku] += goods.units
            differences["damaged"] += goods.condition == "damaged"
        differences["short"] += sum(announced[sku] > received[sku] for sku in announced)
        differences["over"] += sum(0 < announced[sku] < received[sku] for sku in received)
        differences["unexpected"] += sum(sku not in announced for sku in received)
    assert differences == {"damaged": 1, "short": 1, "over": 2, "unexpected": 1}


def test_there_are_200_orders_of_1_to_30_lines_over_several_channels(data: Dataset) -> None:
    lines = [len(order.lines) for order in data.orders]
    assert len(data.orders) == len({order.reference for order in data.orders}) == 200
    assert (min(lines), max(lines)) == (1, 30)
    assert 800 <= sum(lines) <= 1000
    assert len({order.channel for order in data.orders}) >= 3
    assert [order.placed_at for order in data.orders] == sorted(order.placed_at for order in data.orders)


def test_a_few_best_sellers_make_much_of_the_demand(data: Dataset) -> None:
    lines = Counter(line.sku for order in data.orders for line in order.lines)
    best_sellers = sum(count for _, count in lines.most_common(len(data.products) // 10))
    assert 0.35 <= best_sellers / lines.total() <= 0.7


def test_every_way_to_pay_occurs_as_often_as_it_says(data: Dataset) -> None:
    tokens = Counter(order.payment.method for order in data.orders)
    assert {token: tokens[token] for token in TROUBLED_PAYMENTS} == TROUBLED_PAYMENTS
    assert tokens["tok_accepted"] == 200 - sum(TROUBLED_PAYMENTS.values())


def test_only_the_oversized_lines_exceed_the_stock_whatever_the_order_of_arrival(data: Dataset) -> None:
    on_hand: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    wanted_by: Counter[str] = Counter()
    for goods in (goods for shipment in data.shipments for goods in shipment.received):
        on_hand[goods.sku] += goods.units if goods.condition == "ok" else 0
    for order in data.orders:
        for line in order.lines:
            wanted[line.sku] += line.quantity
            wanted_by[line.sku] += 1
    short = {sku for sku in wanted if wanted[sku] > on_hand[sku]}
    assert len(short) == OVERSIZED_ORDERS
    assert all(wanted_by[sku] == 1 for sku in short)
    payable = [order for order in data.orders if order.payment.method == "tok_accepted"]
    assert sum(any(line.sku in short for line in order.lines) for order in payable) == OVERSIZED_ORDERS
