"""A serial number that lies on a handling unit is logged onto it again, by another shipment: it is one unit."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count, permutations
from typing import Any

import msgspec
import pytest

from shared import aws
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import landscape
from tests.unit.inventory.test_stock_in_full import received, shipment
from tests.unit.inventory.warehouse import Warehouse, number


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


def pallet() -> str:
    body = f"{34012345000002000 + number():017d}"
    return body + str(-sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(body))) % 10)


def logged(house: Warehouse, sku: str, sent: str, dock: str, sscc: str, *serials: str) -> None:
    line = {"sku": sku, "units": len(serials), "serials": list(serials), "sscc": sscc}
    house.tell("receiving.GoodsReceived", received(sent, dock, line), f"{sent}@1.0")


def lying(house: Warehouse, sscc: str) -> list[str]:
    return sorted(item.serial for item in house.holding(sscc).items.values())


def told(house: Warehouse, name: str, sscc: str) -> list[dict[str, Any]]:
    data = [msgspec.json.decode(e.data) for e in house.landscape.bus if e.type == f"inventory.{name}"]
    return [one for one in data if one["holding"] == sscc]


def test_it_is_counted_once_and_somebody_is_to_look(house: Warehouse) -> None:
    sku, dock, sscc, first, second = house.product("serial"), house.place("dock"), pallet(), shipment(), shipment()
    logged(house, sku, first, dock, sscc, "S1", "S2")
    logged(house, sku, second, dock, sscc, "S2", "S3")
    house.settle()
    assert lying(house, sscc) == ["S1", "S2", "S3"]
    assert house.promise(sku).sellable_units == 3
    [repeated] = told(house, "SerialsRepeated", sscc)
    assert (repeated["shipment_id"], repeated["sku"], repeated["serials"]) == (second, sku, ["S2"])
    [count_it] = told(house, "CountRequested", sscc)
    assert (count_it["sku"], count_it["reason"]) == (sku, "logged again though it lies here: S2")


def test_a_receipt_of_nothing_new_is_done_with(house: Warehouse) -> None:
    sku, dock, sscc, first, second = house.product("serial"), house.place("dock"), pallet(), shipment(), shipment()
    logged(house, sku, first, dock, sscc, "S1")
    for _ in range(3):
        logged(house, sku, second, dock, sscc, "S1")
    house.settle()
    assert (lying(house, sscc), house.promise(sku).sellable_units) == (["S1"], 1)
    assert [one["shipment_id"] for one in told(house, "StockReceived", sscc)] == [first]
    assert len(told(house, "SerialsRepeated", sscc)) == 1


def test_whichever_receipt_comes_first_and_however_often_each_unit_is_there_once(house: Warehouse) -> None:
    for order in permutations(range(3)):
        sku, dock, sscc = house.product("serial"), house.place("dock"), pallet()
        receipts = [(shipment(), ("S1", "S2")), (shipment(), ("S2", "S3")), (shipment(), ("S3", "S1"))]
        for one in (*order, *order):
            logged(house, sku, receipts[one][0], dock, sscc, *receipts[one][1])
        house.settle()
        assert (lying(house, sscc), house.promise(sku).sellable_units) == (["S1", "S2", "S3"], 3)
        assert sum(len(one["serials"]) for one in told(house, "SerialsRepeated", sscc)) == 3


def test_a_worker_that_dies_anywhere_counts_it_once(house: Warehouse) -> None:
    for moment in count():
        sku, dock, sscc, sent = house.product("serial"), house.place("dock"), pallet(), shipment()
        logged(house, sku, shipment(), dock, sscc, "S1", "S2")
        tell = partial(logged, house, sku, sent, dock, sscc, "S2", "S3")
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            tell()
        tell()
        house.settle()
        assert (lying(house, sscc), house.promise(sku).sellable_units) == (["S1", "S2", "S3"], 3)
        assert len(told(house, "SerialsRepeated", sscc)) == 1
        if moment >= len(passed):
            break
    assert moment > 3
