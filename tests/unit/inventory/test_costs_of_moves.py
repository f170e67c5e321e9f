"""What commands of stock ask of DynamoDB, as the documentation says."""

from collections.abc import Callable, Iterator

import pytest

from shared import aws
from tests.support.faults import counting
from tests.support.landscape import Answer, landscape
from tests.unit.inventory.warehouse import LITRE, Warehouse


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape() as deployed:
        yield Warehouse(deployed)


def cost(call: Callable[[], Answer]) -> tuple[int, int]:
    with counting(aws.dynamodb()) as traffic:
        assert call().status == 201
    return traffic.asked("Query"), traffic.asked("PutItem")


def test_commands_cost_what_the_documentation_says(house: Warehouse) -> None:
    sku, lots, dock, stage = house.product(), house.product("lot"), house.place("dock"), house.place("staging")
    rack, slot = house.place(capacity={"volume_mm3": 100 * LITRE}), house.place(capacity={"handling_units": 1})
    pallet = house.unit(dock)
    house.adjust(lots, dock, 5, lot="L1")
    assert cost(lambda: house.adjust(sku, dock, 50)) == (3, 1)
    assert cost(lambda: house.adjust(lots, dock, 5, lot="L1")) == (4, 1)
    assert cost(lambda: house.bring(pallet, stage)) == (3, 1)
    assert cost(lambda: house.bring(pallet, slot)) == (4, 2)
    assert cost(lambda: house.move(sku, dock, stage, 5)) == (5, 2)
    assert cost(lambda: house.move(sku, dock, rack, 5)) == (6, 3)
