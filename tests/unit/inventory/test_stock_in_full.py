"""Receipts, counts, statuses, lots, transfers, inspections: what is recorded, refused, promised, and to whom."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest

from shared import aws
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import landscape
from tests.unit.inventory.stockroom import order, requested
from tests.unit.inventory.warehouse import LITRE, Warehouse, number

SOON, LONG_AGO = "2099-12-31", "2020-01-31"


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


def shipment() -> str:
    return f"00000000-0000-8000-8000-{number():012d}"


def received(
    shipment_id: str, dock: str, *lines: dict[str, Any], receipt: int = 1, warehouse: str = "MAIN"
) -> dict[str, Any]:
    return {
        "shipment_id": shipment_id,
        "warehouse": warehouse,
        "location": dock,
        "receipt": receipt,
        "supplier": "ACME-DE",
        "occurred_at": "2026-01-31T09:30:00.000Z",
        "lines": [{"line": n, **line} for n, line in enumerate(lines, start=1)],
    }


class TestTracking:
    @pytest.mark.parametrize(
        ("tracking", "more", "field", "problem"),
        [
            ("none", {"lot": "L1"}, "lot", "lot-not-tracked"),
            ("none", {"expires_on": SOON}, "expires_on", "expires_on-not-tracked"),
            ("none", {"serials": ["S1"]}, "serials", "serial-not-tracked"),
            ("lot", {}, "lot", "lot-required"),
            ("lot", {"lot": "L1", "serials": ["S1"]}, "serials", "serial-not-tracked"),
            ("lot_expiry", {"lot": "L1"}, "expires_on", "expires_on-required"),
            ("serial", {}, "serials", "serial-required"),
            ("serial", {"serials": ["S1", "S2"]}, "serials", "serials-and-units-differ"),
        ],
    )
    def test_what_a_product_is_tracked_by_is_required_and_nothing_else_taken(
        self, house: Warehouse, tracking: str, more: dict[str, Any], field: str, problem: str
    ) -> None:
        answer = house.adjust(house.product(tracking), house.place(), 1, **more)
        assert (answer.status, answer.field, answer.problem) == (422, field, problem)

    def test_a_lot_has_one_expiry_date(self, house: Warehouse) -> None:
        sku, place = house.product("lot_expiry"), house.place()
        assert house.adjust(sku, place, 5, lot="L1", expires_on=SOON).body["expires_on"] == SOON
        assert house.adjust(sku, place, 5, lot="L1").body["expires_on"] == SOON
        other = house.adjust(sku, place, 5, lot="L1", expires_on="2099-01-01")
        assert (other.status, other.problem, other.field) == (409, "lot-expires-otherwise", "expires_on")
        assert house.adjust(sku, place, -9, lot="L1").body["on_hand"] == 1

    def test_a_serial_number_lies_in_a_place_once(self, house: Warehouse) -> None:
        sku, place = house.product("serial"), house.place()
        assert house.adjust(sku, place, 2, serials=["S1", "S2"]).status == 201
        assert house.adjust(sku, place, 1, serials=["S1"]).problem == "serial-known"
        assert house.adjust(sku, place, 2, serials=["S3", "S3"]).problem == "serial-twice"
        assert house.adjust(sku, place, -1, serials=["S2"]).body["on_hand"] == 1
        assert house.adjust(sku, place, -1, serials=["S2"]).problem == "insufficient-stock"

    def test_serials_move_one_by_one(self, house: Warehouse) -> None:
        sku, here, there = house.product("serial"), house.place(), house.place()
        house.adjust(sku, here, 3, serials=["S1", "S2", "S3"])
        assert house.move(sku, here, there, None, serials=["S2"]).status == 201
        assert {item.serial for item in house.holding(there).items.values()} == {"S2"}


class TestReceipts:
    def test_a_receipt_puts_lines_into_stock_at_once(self, house: Warehouse) -> None:
        milk, mug, dock = house.product("lot_expiry"), house.product(), house.place("dock")
        lines = [
            {"sku": milk, "units": 12, "lot": "L1", "expires_on": SOON, "produced_on": "2026-01-01"},
            {"sku": mug, "units": 3, "status": "damaged"},
        ]
        body = {"location": dock, "lines": lines, "supplier": "ACME"}
        first = house.post("/inventory/stock/receipts", body, key=f"R-{dock}")
        assert (first.status, len(first.body["goods"])) == (201, 2)
        assert house.post("/inventory/stock/receipts", body, key=f"R-{dock}").body == first.body
        house.settle()
        assert (house.promise(milk).sellable_units, house.promise(mug).sellable_units) == (12, 0)

    def test_a_line_that_is_wrong_is_named(self, house: Warehouse) -> None:
        sku, dock = house.product("lot"), house.place("dock")
        lines = [{"sku": sku, "units": 1, "lot": "L1"}, {"sku": sku, "units": 1}]
        answer = house.post("/inventory/stock/receipts", {"location": dock, "lines": lines})
        assert (answer.status, answer.field) == (422, "lines[1].lot")
        assert not house.holding(dock).items

    def test_a_rack_takes_no_more_than_it_holds(self, house: Warehouse) -> None:
        sku, rack = house.product(), house.place(capacity={"volume_mm3": 3 * LITRE})
        body = {"location": rack, "lines": [{"sku": sku, "units": 4}]}
        assert house.post("/inventory/stock/receipts", body).problem == "capacity-exceeded"
        assert house.adjust(sku, rack, 4).problem == "capacity-exceeded"
        assert house.adjust(sku, rack, 3).status == 201


class TestCounts:
    def test_whoever_counts_is_told_what_was_expected_and_the_books_follow(self, house: Warehouse) -> None:
        sku, place = house.product(), house.place()
        house.adjust(sku, place, 10)
        body = {"location": place, "sku": sku, "units": 8}
        answer = house.post("/inventory/stock/counts", body, key=f"C-{place}")
        assert (answer.body["expected"], answer.body["counted"], answer.body["difference"]) == (10, 8, -2)
        assert house.post("/inventory/stock/counts", body, key=f"C-{place}").body == answer.body
        house.settle()
        assert (house.units(place, sku), house.promise(sku).sellable_units) == (8, 8)
        more = house.post("/inventory/stock/counts", {**body, "units": 9})
        assert more.body["difference"] == 1
        house.settle()
        assert house.promise(sku).sellable_units == 9

    def test_a_count_of_serials_says_which_are_missing_and_which_were_found(self, house: Warehouse) -> None:
        sku, place = house.product("serial"), house.place()
        house.adjust(sku, place, 2, serials=["S1", "S2"])
        body = {"location": place, "sku": sku, "serials": ["S2", "S3"]}
        answer = house.post("/inventory/stock/counts", body).body
        assert (answer["difference"], answer["missing_serials"], answer["found_serials"]) == (0, ["S1"], ["S3"])
        house.settle()
        assert {item.serial for item in house.holding(place).items.values()} == {"S2", "S3"}
        assert house.promise(sku).sellable_units == 2

    def test_a_lot_is_counted_alone(self, house: Warehouse) -> None:
        sku, place = house.product("lot"), house.place()
        house.adjust(sku, place, 5, lot="L1")
        house.adjust(sku, place, 7, lot="L2")
        assert house.post("/inventory/stock/counts", {"location": place, "sku": sku, "units": 0}).field == "lot"
        body = {"location": place, "sku": sku, "units": 0, "lot": "L1"}
        assert house.post("/inventory/stock/counts", body).body["difference"] == -5
        assert house.units(place, sku) == 7

    def test_a_count_says_units_or_serials(self, house: Warehouse) -> None:
        body = {"location": house.place(), "sku": house.product()}
        assert house.post("/inventory/stock/counts", body).field == "units"


class TestStatuses:
    def test_only_what_is_available_is_promised(self, house: Warehouse) -> None:
        sku, place = house.product(), house.place()
        house.adjust(sku, place, 10)
        body = {"location": place, "sku": sku, "units": 4, "to": "quarantine", "reason_code": "damaged"}
        assert house.post("/inventory/stock/status-changes", body).status == 201
        house.settle()
        assert (house.units(place, sku), house.units(place, sku, "quarantine")) == (6, 4)
        assert house.promise(sku).sellable_units == 6
        back = {
            "location": place,
            "sku": sku,
            "status": "quarantine",
            "to": "available",
            "reason_code": "repaired",
        }
        assert house.post("/inventory/stock/status-changes", back).body["goods"][0]["units"] == 4
        house.settle()
        assert house.promise(sku).sellable_units == 10
        assert house.post("/inventory/stock/status-changes", back).problem == "insufficient-stock"

    def test_moving_quarantined_goods_leaves_the_promise_alone(self, house: Warehouse) -> None:
        sku, here, there = house.product(), house.place(), house.place("quarantine")
        house.adjust(sku, here, 5, status="quarantine")
        assert house.move(sku, here, there, 5, status="quarantine").status == 201
        house.settle()
        assert (house.units(there, sku, "quarantine"), house.promise(sku).sellable_units) == (5, 0)


class TestPromise:
    def test_what_has_expired_is_never_promised(self, house: Warehouse) -> None:
        sku, place = house.product("lot_expiry"), house.place()
        house.adjust(sku, place, 5, lot="OLD", expires_on=LONG_AGO)
        house.adjust(sku, place, 2, lot="NEW", expires_on=SOON)
        house.settle()
        assert house.promise(sku).sellable_units == 2
        house.deliver(requested(number(), (sku, 3)), requested(number(), (sku, 2)))
        assert (len(house.promise(sku).waiting), house.promise(sku).available_units) == (1, 0)

    def test_received_goods_are_assigned_to_those_who_wait_oldest_first(self, house: Warehouse) -> None:
        sku, dock, sent = house.product("lot"), house.place("dock"), shipment()
        first, second, third = sorted(number() for _ in range(3))
        for at, (who, units) in enumerate(((first, 4), (second, 5), (third, 50))):
            house.deliver(requested(who, (sku, units), minute=at))
        told = house.tell(
            "receiving.GoodsReceived",
            received(sent, dock, {"sku": sku, "units": 6, "lot": "A"}, {"sku": sku, "units": 10, "lot": "B"}),
        )
        house.deliver(told, told)
        happened = house.settle()
        assigned = [event for event in happened if event.type == "inventory.GoodsAssigned"]
        by_lot = {data["lot"]: data for data in map(_data, assigned)}
        assert len(assigned) == 2
        assert [(one["order_id"], one["units"]) for one in by_lot["A"]["lines"]] == [
            (order(first), 4),
            (order(second), 2),
        ]
        assert [(one["order_id"], one["units"]) for one in by_lot["B"]["lines"]] == [(order(second), 3)]
        assert (by_lot["A"]["shipment_id"], by_lot["A"]["receipt"], by_lot["A"]["holding"]) == (sent, 1, sent)
        assert house.promise(sku).reserved_units == 9

    def test_received_goods_that_nobody_waits_for_are_assigned_to_nobody(self, house: Warehouse) -> None:
        sku, dock, sent = house.product(), house.place("dock"), shipment()
        house.tell("receiving.GoodsReceived", received(sent, dock, {"sku": sku, "units": 6}))
        [assigned] = [event for event in house.settle() if event.type == "inventory.GoodsAssigned"]
        assert "lines" not in _data(assigned)
        assert _data(assigned)["units"] == 6


class TestArrivals:
    def test_a_receipt_comes_once_however_often_it_is_told(self, house: Warehouse) -> None:
        sku, dock, sent, sscc = house.product(), house.place("dock"), shipment(), "340123450000000109"
        lines = ({"sku": sku, "units": 6}, {"sku": sku, "units": 4, "sscc": sscc})
        for event_id in ("A@1.0", "A@1.0", "B@1.0"):
            house.tell("receiving.GoodsReceived", received(sent, dock, *lines), f"{sent}{event_id}")
        house.tell("receiving.GoodsReceived", received(sent, dock, *lines, receipt=2))
        house.settle()
        assert (house.units(sent, sku), house.units(sscc, sku)) == (12, 8)
        assert (house.holding(sscc).place, house.holding(sent).place) == (dock, dock)
        assert house.promise(sku).sellable_units == 20

    def test_a_receipt_that_dies_anywhere_is_whole_when_it_comes_again(self, house: Warehouse) -> None:
        for moment in count():
            sku, dock, sent = house.product("lot"), house.place("dock"), shipment()
            sscc = f"{34012345000001000 + number():017d}"
            sscc += str(-sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(sscc))) % 10)
            lines = ({"sku": sku, "units": 6, "lot": "L1"}, {"sku": sku, "units": 4, "lot": "L1", "sscc": sscc})
            tell = partial(house.tell, "receiving.GoodsReceived", received(sent, dock, *lines), f"{sent}@1.0")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                tell()
            tell()
            house.settle()
            assert (house.units(sent, sku), house.units(sscc, sku)) == (6, 4)
            assert house.promise(sku).sellable_units == 10
            if moment >= len(passed):
                break
        assert moment > 5

    def test_loose_goods_of_a_shipment_are_put_away_by_moves(self, house: Warehouse) -> None:
        sku, dock, rack, sent = house.product(), house.place("dock"), house.place(), shipment()
        house.tell("receiving.GoodsReceived", received(sent, dock, {"sku": sku, "units": 6}))
        house.settle()
        assert house.move(sku, sent, rack, 6).status == 201
        house.settle()
        assert (house.units(rack, sku), house.promise(sku).sellable_units) == (6, 6)

    def test_an_inspection_releases_what_it_accepts(self, house: Warehouse) -> None:
        sku, dock, rack, sent, inspection = (
            house.product("lot"),
            house.place("dock"),
            house.place(),
            shipment(),
            shipment(),
        )
        held = {"sku": sku, "units": 10, "lot": "L1", "status": "quarantine", "inspection_id": inspection}
        house.tell("receiving.GoodsReceived", received(sent, dock, held))
        house.deliver(requested(number(), (sku, 5)))
        house.settle()
        stuck = house.move(sku, sent, rack, 1, lot="L1", status="quarantine")
        assert (stuck.problem, "wait for an inspection" in stuck.body["detail"]) == ("insufficient-stock", True)
        decided = {
            "inspection_id": inspection,
            "warehouse": "MAIN",
            "sku": sku,
            "lot": "L1",
            "goods": [{"holding": sent, "accepted_units": 7, "rejected_units": 3}],
            "rejected_status": "damaged",
            "decided_at": "2026-02-01T09:30:00.000Z",
        }
        for _ in range(2):
            house.tell("receiving.InspectionDecided", decided)
        happened = house.settle()
        assert (house.units(sent, sku), house.units(sent, sku, "damaged")) == (7, 3)
        assert (house.promise(sku).sellable_units, house.promise(sku).reserved_units) == (7, 5)
        [assigned] = [_data(event) for event in happened if event.type == "inventory.GoodsAssigned"]
        assert (assigned["inspection_id"], assigned["lines"][0]["units"]) == (inspection, 5)


class TestRecalls:
    def test_what_comes_of_a_blocked_lot_goes_to_quarantine(self, house: Warehouse) -> None:
        sku, dock, place, sent = house.product("lot"), house.place("dock"), house.place(), shipment()
        house.adjust(sku, place, 5, lot="L1")
        path = f"/inventory/lots/{sku}/L1"
        assert house.post(f"/inventory/lots/{sku}/L9/block", {"reason": "typo"}).problem == "unknown-lot"
        blocked = house.post(f"{path}/block", {"reason": "glass"}, key=f"B-{sku}")
        assert (blocked.status, blocked.body["blocked"]) == (200, True)
        house.tell("receiving.GoodsReceived", received(sent, dock, {"sku": sku, "units": 6, "lot": "L1"}))
        house.adjust(sku, place, 2, lot="L1")
        assert (house.units(sent, sku, "quarantine"), house.units(place, sku, "quarantine")) == (6, 2)
        house.move(sku, place, house.place(), 3, lot="L1")
        house.settle()
        assert house.promise(sku).sellable_units == 2
        back = {"location": sent, "sku": sku, "status": "quarantine", "to": "available", "reason_code": "other"}
        assert house.post("/inventory/stock/status-changes", back).problem == "lot-blocked"
        assert house.post(f"{path}/unblock", {"reason": "clean"}).body["blocked"] is False
        assert house.post("/inventory/stock/status-changes", back).status == 201

    def test_a_status_change_that_is_repeated_after_a_recall_gets_its_first_answer(self, house: Warehouse) -> None:
        sku, place = house.product("lot"), house.place()
        house.adjust(sku, place, 5, lot="L1", status="quarantine")
        back = {"location": place, "sku": sku, "status": "quarantine", "to": "available", "reason_code": "other"}
        first = house.post("/inventory/stock/status-changes", back, key=f"S-{sku}")
        house.post(f"/inventory/lots/{sku}/L1/block", {"reason": "glass"})

        again = house.post("/inventory/stock/status-changes", back, key=f"S-{sku}")

        assert (first.status, again.status, again.body) == (201, 201, first.body)

    def test_receiving_recalls_a_lot_too(self, house: Warehouse) -> None:
        sku, dock, sent = house.product("lot"), house.place("dock"), shipment()
        house.tell("receiving.LotRecalled", {"sku": sku, "lot": "L1", "reason": "glass"})
        house.tell("receiving.GoodsReceived", received(sent, dock, {"sku": sku, "units": 6, "lot": "L1"}))
        assert house.units(sent, sku, "quarantine") == 6


class TestTransfers:
    def test_loose_goods_in_transit_belong_to_no_warehouse(self, house: Warehouse) -> None:
        sku, here, dock = house.product(), house.place(), house.place("dock", "EAST")
        house.adjust(sku, here, 10)
        body = {"location": here, "destination": "EAST", "goods": [{"sku": sku, "units": 4}]}
        sent = house.post("/inventory/stock/transfers", body, key=f"T-{here}")
        assert sent.status == 201, sent.body
        assert (
            house.post("/inventory/stock/transfers", body, key=f"T-{here}").body["transfer_id"]
            == (sent.body["transfer_id"])
        )
        house.settle()
        transfer = sent.body["transfer_id"]
        assert house.holding(transfer).in_transit
        assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (6, 0)
        stuck = house.move(sku, transfer, here, 1)
        assert (stuck.status, stuck.problem) == (409, "in-transit")
        path = f"/inventory/stock/transfers/{transfer}/arrival"
        assert house.post(path, {"location": here}).problem in ("not-on-the-floor", "other-warehouse")
        for _ in range(2):
            assert house.post(path, {"location": dock}).body["location"] == dock
            house.settle()
        assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (6, 4)
        rack = house.place(warehouse="EAST")
        assert house.move(sku, transfer, rack, 4).status == 201
        house.settle()
        assert (house.units(rack, sku), house.promise(sku, "EAST").sellable_units) == (4, 4)

    def test_a_pallet_goes_with_all_that_stands_on_it(self, house: Warehouse) -> None:
        sku, dock, east = house.product(), house.place("dock"), house.place("dock", "EAST")
        rack = house.place(capacity={"handling_units": 1})
        pallet, carton = house.unit(dock), house.unit(dock, "carton")
        house.adjust(sku, pallet, 5)
        house.adjust(sku, carton, 2)
        house.post(f"/inventory/handling-units/{carton}/nesting", {"onto": pallet})
        house.settle()
        house.bring(pallet, rack)
        house.settle()
        body = {"location": pallet, "destination": "EAST"}
        transfer = house.post("/inventory/stock/transfers", body).body["transfer_id"]
        house.settle()
        assert not house.holding(rack).occupants
        assert all(house.holding(unit).in_transit for unit in (pallet, carton))
        assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (0, 0)
        house.post(f"/inventory/stock/transfers/{transfer}/arrival", {"location": east})
        house.settle()
        assert (house.holding(pallet).place, house.holding(carton).place) == (east, pallet)
        assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (0, 7)
        assert house.bring(carton, east).status == 201

    def test_goods_may_arrive_at_once(self, house: Warehouse) -> None:
        sku, here, dock = house.product(), house.place(), house.place("dock", "EAST")
        house.adjust(sku, here, 10)
        body = {"location": here, "destination": "EAST", "goods": [{"sku": sku, "units": 4}], "arrive_at": dock}
        assert house.post("/inventory/stock/transfers", body).body["location"] == dock
        house.settle()
        assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (6, 4)

    def test_a_transfer_that_dies_anywhere_conserves_units_and_goes_on_when_it_is_repeated(
        self, house: Warehouse
    ) -> None:
        for moment in count():
            sku, here, dock = house.product(), house.place(), house.place("dock", "EAST")
            house.adjust(sku, here, 10)
            body = {
                "location": here,
                "destination": "EAST",
                "goods": [{"sku": sku, "units": 4}],
                "arrive_at": dock,
            }
            send = partial(house.post, "/inventory/stock/transfers", body, f"T-{here}")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                send()
            if moment % 2:
                house.settle()
            assert send().status == 201
            house.settle()
            assert (house.promise(sku).sellable_units, house.promise(sku, "EAST").sellable_units) == (6, 4)
            if moment >= len(passed):
                break
        assert moment > 10

    @pytest.mark.parametrize(
        ("change", "problem"),
        [({"destination": "MAIN"}, "same-warehouse"), ({"goods": []}, "goods-required")],
    )
    def test_a_transfer_that_makes_no_sense_is_refused(
        self, house: Warehouse, change: dict[str, object], problem: str
    ) -> None:
        sku, here = house.product(), house.place()
        house.adjust(sku, here, 10)
        body = {"location": here, "destination": "EAST", "goods": [{"sku": sku, "units": 4}], **change}
        answer = house.post("/inventory/stock/transfers", body)
        assert (answer.status, answer.problem) == (422, problem)


def _data(event: Any) -> dict[str, Any]:
    import json

    data: dict[str, Any] = json.loads(bytes(event.data))
    return data
