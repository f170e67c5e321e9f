"""What receiving tells may come in any order, late and again: goods and lots end up the same."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs

from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.deliveries import bus_event
from tests.support.landscape import landscape
from tests.unit.inventory.warehouse import Warehouse, number
from tests.unit.inventory.yard import shipment

AT = "2026-01-31T09:30:00.000Z"


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


def came(
    sent: str, dock: str, receipt: int, sku: str, units: int, inspection: str = "", **more: Any
) -> CloudEvent:
    waiting = {"inspection_id": inspection} if inspection else {}
    data = {
        "shipment_id": sent,
        "warehouse": "MAIN",
        "location": dock,
        "receipt": receipt,
        "supplier": "ACME",
        "occurred_at": AT,
        "lines": [{"line": 1, "sku": sku, "units": units, "status": "quarantine", **waiting, **more}],
    }
    return bus_event(f"Shipment#{sent}@{receipt}.0", data, type="receiving.GoodsReceived")


def decided(inspection: str, sku: str, holding: str, accepted: int, rejected: int, **more: Any) -> CloudEvent:
    goods = {"holding": holding, "accepted_units": accepted, "rejected_units": rejected}
    data = {
        "inspection_id": inspection,
        "warehouse": "MAIN",
        "sku": sku,
        "goods": [goods | {name: more.pop(name) for name in ("rejected_serials",) if name in more}],
        "rejected_status": "damaged",
        "decided_at": "2026-02-01T09:30:00.000Z",
        **more,
    }
    return bus_event(f"Inspection#{inspection}@3.0", data, type="receiving.InspectionDecided")


class TestDecisions:
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    @pytest.mark.parametrize("loose", [True, False])
    def test_a_decision_counts_for_goods_that_come_before_and_after_it(
        self, house: Warehouse, order: tuple[int, ...], loose: bool
    ) -> None:
        sku, dock, sent, inspection = house.product("lot"), house.place("dock"), shipment(), shipment()
        unit = sent if loose else f"{number():018d}"
        where = {} if loose else {"sscc": unit}
        events = [
            came(sent, dock, 1, sku, 6, inspection, lot="L1", **where),
            came(sent, dock, 2, sku, 4, inspection, lot="L1", **where),
            decided(inspection, sku, unit, 7, 3, lot="L1"),
        ]
        for place in order:
            house.deliver(events[place])
        for event in events:
            house.deliver(structs.replace(event, id=f"{event.id}/again"))
        house.settle()
        assert (house.units(unit, sku), house.units(unit, sku, "damaged")) == (7, 3)
        assert house.units(unit, sku, "quarantine") == 0
        assert not any(item.inspection_id for item in house.holding(unit).items.values())
        assert house.promise(sku).sellable_units == 7

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_the_units_that_were_named_are_rejected(self, house: Warehouse, order: tuple[int, ...]) -> None:
        sku, dock, sent, inspection = house.product("serial"), house.place("dock"), shipment(), shipment()
        events = [
            came(sent, dock, 1, sku, 2, inspection, serials=["A1", "A2"]),
            came(sent, dock, 2, sku, 2, inspection, serials=["B1", "B2"]),
            decided(inspection, sku, sent, 2, 2, rejected_serials=["A2", "B1"]),
        ]
        for place in order:
            house.deliver(events[place])
        house.settle()
        statuses = {item.serial: item.status for item in house.holding(sent).items.values()}
        assert statuses == {"A1": "available", "A2": "damaged", "B1": "damaged", "B2": "available"}

    def test_goods_of_a_recalled_lot_are_not_released_by_an_early_decision(self, house: Warehouse) -> None:
        sku, dock, sent, inspection = house.product("lot"), house.place("dock"), shipment(), shipment()
        house.deliver(decided(inspection, sku, sent, 5, 1, lot="L1"))
        house.tell("receiving.LotRecalled", {"sku": sku, "lot": "L1", "reason": "glass"})
        house.deliver(came(sent, dock, 1, sku, 6, inspection, lot="L1"))
        house.settle()
        assert (house.units(sent, sku, "quarantine"), house.units(sent, sku, "damaged")) == (5, 1)
        assert house.promise(sku).sellable_units == 0

    def test_what_is_more_than_was_inspected_stays_in_quarantine(self, house: Warehouse) -> None:
        sku, dock, sent, inspection = house.product(), house.place("dock"), shipment(), shipment()
        house.deliver(decided(inspection, sku, sent, 5, 0))
        for receipt in (1, 2):
            house.deliver(came(sent, dock, receipt, sku, 4, inspection))
        house.settle()
        assert (house.units(sent, sku), house.units(sent, sku, "quarantine")) == (5, 3)


def recalled(sku: str, number: int, minute: int, *, lifted: bool = False) -> CloudEvent:
    """The recall (or lifting) that receiving told of as the `number`th of this lot."""
    data = {"sku": sku, "lot": "L1", **({} if lifted else {"reason": f"glass {number}"})}
    type = "receiving.LotRecallLifted" if lifted else "receiving.LotRecalled"
    event = bus_event(f"Recall#{sku}#L1@{number}.0", data, type=type)
    return structs.replace(event, sequence=f"{number:010d}.0000", time=f"2026-01-31T09:{minute:02d}:00.000Z")


class TestRecalls:
    @pytest.mark.parametrize("recalls", [2, 3])
    def test_the_latest_of_recalls_and_liftings_counts_whenever_it_comes(
        self, house: Warehouse, recalls: int
    ) -> None:
        for order in permutations(range(recalls)):
            sku, dock, sent = house.product("lot"), house.place("dock"), shipment()
            events = [recalled(sku, n + 1, n, lifted=n % 2 == 1) for n in range(recalls)]
            for place in order:
                house.deliver(events[place])
            state = house.lot(sku, "L1")
            assert state.blocked == (recalls % 2 == 1), order
            for event in reversed(events):
                house.deliver(structs.replace(event, id=f"{event.id}/again"))
            assert house.lot(sku, "L1") == state
            house.deliver(came(sent, dock, 1, sku, 5, lot="L1", status="available"))
            house.settle()
            assert house.units(sent, sku) == (0 if state.blocked else 5)

    def test_what_a_person_has_said_meanwhile_counts_more_than_a_recall_of_before(self, house: Warehouse) -> None:
        sku, place = house.product("lot"), house.place()
        house.adjust(sku, place, 5, lot="L1")
        path = f"/inventory/lots/{sku}/L1"
        assert house.post(f"{path}/block", {"reason": "glass"}).status == 200
        assert house.post(f"{path}/unblock", {"reason": "it was another lot"}).status == 200
        house.deliver(recalled(sku, 1, 0))
        assert not house.lot(sku, "L1").blocked
        assert house.post(f"{path}/block", {"reason": "glass again"}).status == 200
        house.deliver(recalled(sku, 2, 1, lifted=True))
        assert house.lot(sku, "L1").blocked
