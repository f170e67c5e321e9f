"""Seeding loads the sample once, however often it runs, and waits until its orders have settled."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from msgspec.structs import replace

from local.client import ApiClient
from local.seed import Placed, load, wait_until_settled
from sample.generate import dataset
from sample.model import Dataset
from tests.unit.local.fake_api import FakeStowage, served


def a_token() -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4_000_000_000}).encode()).decode().rstrip("=")
    return f"header.{claims}.signature"


@contextmanager
def client_of(stowage: FakeStowage) -> Iterator[ApiClient]:
    with served(stowage) as base_url:
        yield ApiClient(base_url, a_token)


def as_json(value: object) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode(value), type=dict[str, object])


@pytest.fixture(scope="module")
def some() -> Dataset:
    """A part of the sample that fits together."""
    whole = dataset()
    planned = tuple(f"{plan.category}-" for plan in whole.plans)
    orders = [one for one in whole.orders if not any(line.sku.startswith(planned) for line in one.lines)][:12]
    skus = {line.sku for order in orders for line in order.lines}
    shipments = (
        replace(
            shipment,
            announced=tuple(one for one in shipment.announced if one.sku in skus),
            received=tuple(one for one in shipment.received if one.sku in skus),
        )
        for shipment in whole.shipments
    )
    return Dataset(
        products=tuple(product for product in whole.products if product.sku in skus),
        locations=whole.locations[:20],
        plans=whole.plans,
        shipments=tuple(shipment for shipment in shipments if shipment.announced),
        carriers=whole.carriers,
        cartons=whole.cartons,
        orders=tuple(orders),
    )


def test_the_sample_arrives_as_it_is(some: Dataset) -> None:
    stowage = FakeStowage()
    with client_of(stowage) as client:
        placed = load(client, some)
    assert stowage.stored["products"] == {one.sku: as_json(one) for one in some.products}
    assert stowage.stored["locations"] == {
        one.location: {"check_digits": "47", **as_json(one)} for one in some.locations
    }
    received = [one for shipment in some.shipments for one in shipment.received]
    assert sorted(map(str, stowage.entries())) == sorted(str(as_json(one)) for one in received)
    assert {shipment["status"] for shipment in stowage.shipments.values()} == {"closed"}
    assert len(stowage.confirmed) == len(received)
    assert all(scan["check_digits"] == "47" for scan in stowage.confirmed.values())
    assert {one.reference for one in placed} == {order.reference for order in some.orders}
    for order in some.orders:
        stored = stowage.orders[f"sample-order-{order.reference}"]
        assert stored == {"order_id": stored["order_id"], **json.loads(msgspec.json.encode(order))}


def test_loading_again_adds_nothing_and_keeps_the_times_of_the_first_run(some: Dataset) -> None:
    stowage = FakeStowage()
    with client_of(stowage) as client:
        first = load(client, some)
        writes = stowage.writes
        second = load(client, some, first)
    assert stowage.writes == writes
    assert second == first


def test_what_was_changed_meanwhile_is_put_back_and_nothing_else(some: Dataset) -> None:
    stowage = FakeStowage()
    sku = some.products[0].sku
    with client_of(stowage) as client:
        load(client, some)
        stowage.stored["products"][sku]["name"] = "something else"
        writes = stowage.writes
        load(client, some)
    assert stowage.writes == writes + 1
    assert stowage.stored["products"][sku]["name"] == some.products[0].name


def test_what_the_api_adds_to_a_product_does_not_make_it_another(some: Dataset) -> None:
    stowage = FakeStowage()
    with client_of(stowage) as client:
        load(client, some)
        for product in stowage.stored["products"].values():
            packs = product["packaging"]
            assert isinstance(packs, list)
            product |= {"more": None, "packaging": [{**pack, "weight_g": None} for pack in packs]}
        writes = stowage.writes
        load(client, some)
    assert stowage.writes == writes


def test_times_of_a_cloud_that_was_thrown_away_are_replaced(some: Dataset) -> None:
    with client_of(FakeStowage()) as client:
        first = load(client, some)
    with client_of(FakeStowage()) as client:
        second = load(client, some, first)
    assert {one.order_id for one in second} == {one.order_id for one in first}
    assert all(new.sent_at > old.sent_at for new, old in zip(second, first, strict=True))


def test_an_order_whose_product_has_not_been_heard_of_is_placed_a_moment_later(
    some: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.patience.PAUSE_SECONDS", 0.001)
    stowage = FakeStowage(news_takes=2)
    with client_of(stowage) as client:
        placed = load(client, some)
    assert len(placed) == len(stowage.orders) == len(some.orders)


def test_it_waits_until_every_order_has_settled(some: Dataset) -> None:
    stowage = FakeStowage()
    pauses: list[float] = []
    with client_of(stowage) as client:
        ids = [one.order_id for one in load(client, replace(some, orders=some.orders[:3]))]
        assert wait_until_settled(client, ids, sleep=pauses.append) == set()
    assert len(pauses) == 1


def test_an_order_that_does_not_settle_in_time_is_named(some: Dataset) -> None:
    stowage = FakeStowage(settling_takes=0)
    with client_of(stowage) as client:
        placed: list[Placed] = load(client, some)
        stowage.stuck = {placed[0].order_id}
        unsettled = wait_until_settled(client, [one.order_id for one in placed], 0, lambda _: None)
    assert unsettled == {placed[0].order_id}
