"""The sample is realistic, fits together, and is the same on every machine."""

import hashlib
import re
from collections import Counter
from typing import get_args

import msgspec
import pytest

from sample.demand import OVERSIZED_ORDERS, TROUBLED_PAYMENTS
from sample.generate import dataset
from sample.model import Dataset
from sample.warehouse import CASE_UNITS, zone_of
from shared.gs1 import has_valid_check_digit
from shared.identifiers import LocationId, Sku

FINGERPRINT = "ba8de54bbb321cbe04a40d8e940598e7e2a0decc9d7e3ef052cd21e84de5339a"


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
    assert {location.kind for location in data.locations} == {"pick_face", "bulk", "dock", "staging"}
    assert {location.warehouse for location in data.locations} == {"MAIN"}


def test_stock_lies_in_cases_in_the_zone_of_its_storage_class_and_shares_no_place(data: Dataset) -> None:
    products = {product.sku: product for product in data.products}
    places = {location.location: location for location in data.locations}
    assert {stock.sku for stock in data.stock} == set(products)
    assert len({stock.location for stock in data.stock}) == len(data.stock)
    for stock in data.stock:
        assert stock.quantity > 0
        assert stock.quantity % CASE_UNITS == 0
        assert places[stock.location].zone == zone_of(products[stock.sku]).code


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
    for stock in data.stock:
        on_hand[stock.sku] += stock.quantity
    for order in data.orders:
        for line in order.lines:
            wanted[line.sku] += line.quantity
            wanted_by[line.sku] += 1
    short = {sku for sku in wanted if wanted[sku] > on_hand[sku]}
    assert len(short) == OVERSIZED_ORDERS
    assert all(wanted_by[sku] == 1 for sku in short)
    payable = [order for order in data.orders if order.payment.method == "tok_accepted"]
    assert sum(any(line.sku in short for line in order.lines) for order in payable) == OVERSIZED_ORDERS
