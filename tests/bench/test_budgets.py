"""Budgets: what a command and a journey may cost. They count, they do not time."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bench.cost import prices
from tests.bench.inbound import INBOUND, receipt_of
from tests.bench.journeys import JOURNEYS, metered, order, stocked
from tests.bench.meter import Bill
from tests.bench.outbound import OUTBOUND, SLICE

BUDGETS: dict[str, Any] = json.loads(Path(__file__).with_name("budgets.json").read_text())
COMMITS = ("inventory-events", "orders-events", "payments-events")
ALL = JOURNEYS | INBOUND | OUTBOUND


@cache
def bill(journey: str) -> Bill:
    return ALL[journey]()


def test_every_journey_has_a_budget() -> None:
    assert set(BUDGETS["journeys"]) == set(ALL)


@pytest.mark.parametrize("journey", ALL)
def test_a_journey_stays_within_its_budget(journey: str) -> None:
    measured = {unit: bill(journey).total(unit) for unit in BUDGETS["journeys"][journey]}
    over = {
        u: (m, BUDGETS["journeys"][journey][u]) for u, m in measured.items() if m > BUDGETS["journeys"][journey][u]
    }
    assert not over, f"{journey} costs more than its budget (measured, allowed): {over}"


def test_an_order_of_four_lines_costs_less_than_its_budget() -> None:
    cost = bill("order of 4 lines").cost(prices()) * 1_000_000
    assert 10 < cost < BUDGETS["usd_per_million_orders_of_4_lines"]


def test_an_order_from_placement_to_delivery_costs_less_than_its_budget() -> None:
    cost = bill(f"placement to delivery, one of {SLICE}").cost(prices()) * 1_000_000
    assert 20 < cost < BUDGETS["usd_per_million_orders_of_4_lines_to_delivery"]


def test_a_line_costs_the_same_in_a_large_receipt_as_in_a_small_one() -> None:
    small, large = receipt_of(20), bill("receipt of 100 lines")
    per_line = {
        unit: (small.total(unit) / 20, large.total(unit) / 100)
        for unit in ("dynamodb_write_unit", "dynamodb_read_unit", "eventbridge_event", "sqs_request")
    }
    dearer = {unit: (few, many) for unit, (few, many) in per_line.items() if many > 1.1 * few}
    assert not dearer, f"per line of a small and a large receipt: {dearer}"


def test_moving_a_pallet_of_forty_lots_is_one_write_of_one_unit() -> None:
    moved = bill("pallet of 40 lots moves")
    assert moved.calls["inventory.handling_units", "PutItem inventory-events"] == 1
    commits = {u.step: q for u, q in moved.units.items() if u.resource == "inventory-events" and "write" in u.unit}
    assert commits == {"inventory.handling_units": 1}


def test_a_read_of_five_hundred_tags_asks_for_each_product_once_and_writes_nothing() -> None:
    read = bill("scan of 500 RFID tags")
    assert read.total("dynamodb_write_unit") == 0
    assert sum(read.calls.values()) == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/orders", order(["SKU-0000", "SKU-0001"])),
        (
            "POST",
            "/inventory/stock/adjustments",
            {"sku": "SKU-0000", "location": "A-01-01-1", "quantity": 5, "reason": "found"},
        ),
        ("PUT", "/inventory/products/SKU-0009", {"name": "Mug"}),
        ("PUT", "/inventory/locations/B-01", {"zone": "B", "aisle": "01", "bay": "01", "level": "1"}),
    ],
)
def test_a_command_is_one_conditional_write(method: str, path: str, body: dict[str, object]) -> None:
    with metered() as (system, meter):
        stocked(system, 2)
        meter.bill = Bill()
        system.call(method, path, body, key="once" if method == "POST" else None)
        writes = {call: count for (_, call), count in meter.bill.calls.items() if call.startswith("PutItem")}
    assert sum(writes.values()) == 1
    assert next(iter(writes)).removeprefix("PutItem ") in COMMITS


def test_a_batch_of_a_hundred_reservations_of_one_sku_is_one_write() -> None:
    with metered() as (system, meter):
        [sku] = stocked(system, 1)
        for number in range(100):
            system.call("POST", "/orders", order([sku]), key=f"order-{number}")
        meter.bill = Bill()
        system.settle()
        commits = meter.bill.calls["inventory.reservation", "PutItem inventory-events"]
        units = sum(
            quantity
            for usage, quantity in meter.bill.units.items()
            if (usage.step, usage.resource, usage.unit)
            == ("inventory.reservation", "inventory-events", "dynamodb_write_unit")
        )
    assert commits == 1
    assert units <= 75, "write units for 100 reservations"
