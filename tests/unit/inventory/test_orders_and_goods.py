"""Orders and inventory together: an order waits, goods come in for it, it is released, and given up."""

from collections.abc import Iterator

import pytest

from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.landscape import landscape
from tests.unit.inventory.yard import Yard

SERVICES = ("orders", "payments", "inventory")


class Town(Yard):
    """All services that an order goes through."""

    def settle(self) -> list[CloudEvent]:
        """Publish and deliver among all services until nothing is left."""
        happened: list[CloudEvent] = []
        while events := [event for service in SERVICES for event in self.landscape.publish(service)]:
            happened += events
            for service in SERVICES:
                self.landscape.project(service)
            consumers = dict.fromkeys(c for event in events for c in self.landscape.subscribers(event.type))
            for consumer in consumers:
                mine = [one for one in events if consumer in self.landscape.subscribers(one.type)]
                assert self.landscape.deliver(consumer, *mine) == [], consumer
        for service in SERVICES:
            self.landscape.project(service)
        return happened

    def place_order(self, sku: str, units: int) -> str:
        """An order of one line, as far as it gets by itself."""
        body = {
            "channel": "webshop",
            "currency": "EUR",
            "payment": {"method": "tok_accepted"},
            "lines": [{"sku": sku, "quantity": units, "unit_price": 995}],
        }
        answer = self.post("/orders", body)
        assert answer.status == 201, answer
        self.settle()
        return str(answer.body["order_id"])

    def shown(self, order_id: str) -> tuple[str, str]:
        """The status of an order and of its line."""
        body = self.landscape.call("GET", f"/orders/{order_id}").body
        return body["status"], body["lines"][0]["status"]


@pytest.fixture
def town() -> Iterator[Town]:
    with landscape(database=Database()) as deployed:
        yield Town(deployed)


def test_an_order_that_waits_gets_the_goods_that_come_in_and_is_picked_from_staging(town: Town) -> None:
    sku, dock, rack, staging = town.product(), town.place("dock"), town.place(), town.place("staging")
    town.settle()
    order_id = town.place_order(sku, 4)
    assert town.shown(order_id) == ("backordered", "backordered")
    assert town.post(f"/orders/{order_id}/release", None).problem == "not-reserved"

    here = town.receive(sku, 10, dock)
    town.settle()
    assert town.shown(order_id) == ("reserved", "reserved")
    tasks = {task.purpose: task for task in town.tasks(here)}
    assert {purpose: (task.units, task.location) for purpose, task in tasks.items()} == {
        "cross_dock": (4, staging),
        "storage": (6, rack),
    }
    assert town.confirm(tasks["cross_dock"]).status == 200
    town.settle()

    assert town.post(f"/orders/{order_id}/release", None).body["status"] == "allocating"
    town.settle()
    assert town.shown(order_id) == ("allocated", "allocated")
    [line] = town.landscape.call("GET", f"/orders/{order_id}").body["lines"]
    assert line["picks"] == [{"holding": staging, "place": staging, "units": 4}]

    assert town.post(f"/orders/{order_id}/cancellation", {"reason": "changed my mind"}).status == 202
    town.settle()
    assert town.shown(order_id) == ("cancelled", "released")
    assert town.set_aside(staging) == 0
    assert town.promise(sku).available_units == 10

    [back] = town.tasks(staging)
    assert (back.purpose, back.units, back.location) == ("storage", 4, rack)
    assert town.confirm(back).status == 200
    town.settle()
    assert (town.units(staging, sku), town.units(rack, sku)) == (0, 4)


@pytest.mark.parametrize("orders", [(10,), (4, 6), (4,)])
def test_what_nobody_wants_any_more_of_a_pallet_in_staging_goes_into_storage(
    town: Town, orders: tuple[int, ...]
) -> None:
    sku, dock, _, staging = town.product(), town.place("dock"), town.place(), town.place("staging")
    town.settle()
    waiting = [town.place_order(sku, units) for units in orders]
    sscc = "106141412345678908"
    town.receive(sku, 10, dock, sscc=sscc)
    [task] = town.tasks(sscc)
    assert task.location == staging
    assert town.confirm(task).status == 200
    town.settle()
    for order_id in waiting:
        assert town.post(f"/orders/{order_id}/cancellation", {"reason": "changed my mind"}).status == 202
        town.settle()
    back = [one for one in town.tasks(sscc) if one.status == "open"]
    assert {one.purpose for one in back} == {"storage"}
    whole = len(orders) == 1 and orders[0] == 10
    assert sorted((one.units, one.whole) for one in back) == ([(10, True)] if whole else [(4, False), (6, False)])


def test_an_order_whose_units_are_lost_gets_others_and_stays_allocated(town: Town) -> None:
    sku, first, second = town.product(), town.place(), town.place()
    town.adjust(sku, first, 5)
    town.adjust(sku, second, 5)
    town.settle()
    order_id = town.place_order(sku, 5)
    town.post(f"/orders/{order_id}/release", None)
    town.settle()
    [place] = [one for one in (first, second) if town.set_aside(one)]
    assert town.post("/inventory/stock/counts", {"sku": sku, "location": place, "units": 3}).status == 201
    town.settle()
    assert town.shown(order_id) == ("allocated", "allocated")
    assert town.set_aside(first) + town.set_aside(second) == 5
