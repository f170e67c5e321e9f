"""Goods and handling units on their way: conserved, once, never beyond room, whatever dies or comes twice."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import pytest

from shared import aws
from shared.gs1 import has_valid_check_digit
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, landscape
from tests.unit.inventory.warehouse import LITRE, Warehouse, number


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


class TestLooseGoods:
    def test_a_move_takes_the_goods_from_here_to_there_and_no_promise_changes(self, house: Warehouse) -> None:
        sku, here, there = house.product(), house.place(), house.place()
        house.adjust(sku, here, 10)
        house.settle()
        answer = house.move(sku, here, there, 4)
        assert (answer.status, answer.body["goods"][0]["units"]) == (201, 4)
        assert (house.units(here, sku), house.units(there, sku)) == (6, 4)
        before = house.promise(sku)
        happened = house.settle()
        assert house.promise(sku) == before
        assert {event.type for event in happened} == {"inventory.StockDeparted", "inventory.StockArrived"}
        assert (house.units(here, sku), house.units(there, sku)) == (6, 4)

    def test_a_move_that_is_repeated_moves_once(self, house: Warehouse) -> None:
        sku, here, there = house.product(), house.place(), house.place(capacity={"volume_mm3": 5 * LITRE})
        house.adjust(sku, here, 10)
        first = house.move(sku, here, there, 4, key="M-1")
        again = house.move(sku, here, there, 4, key="M-1")
        assert again.body == first.body
        assert again.headers["idempotent-replayed"] == "true"
        assert (house.units(here, sku), house.units(there, sku)) == (6, 4)
        assert not house.holding(there).claims

    def test_a_worker_that_dies_anywhere_loses_and_doubles_nothing(self, house: Warehouse) -> None:
        for repeated in (True, False):
            for moment in count():
                sku, here = house.product(), house.place()
                there = house.place(capacity={"volume_mm3": 4 * LITRE})
                house.adjust(sku, here, 10)
                house.settle()
                key = f"dies-{number()}"
                move = partial(house.move, sku, here, there, 4, key)
                with at_moment(aws.dynamodb(), moment, die) as passed, contextlib.suppress(Died):
                    move()
                if repeated:
                    assert move().status == 201
                house.settle()
                left = house.units(here, sku)
                assert (left, house.units(there, sku)) in ((6, 4),) if repeated else ((6, 4), (10, 0))
                assert house.promise(sku).sellable_units == 10
                if repeated:
                    assert not house.holding(there).claims
                if moment >= len(passed):
                    break
            assert moment > 5

    def test_no_more_leaves_than_is_free_and_the_error_says_what_is_there(self, house: Warehouse) -> None:
        sku, here, there = house.product(), house.place(), house.place()
        house.adjust(sku, here, 3)
        answer = house.move(sku, here, there, 4)
        assert (answer.status, answer.problem, answer.field) == (409, "insufficient-stock", "goods[0].units")
        assert f"{here} holds 3 units of {sku}" in answer.body["detail"]

    def test_two_moves_into_the_last_room_at_once_do_not_both_fit(self, house: Warehouse) -> None:
        for moment in count():
            sku, here = house.product(), house.place()
            there = house.place(capacity={"volume_mm3": 5 * LITRE, "weight_g": 10_000})
            house.adjust(sku, here, 10)
            other: list[Answer] = []
            rival = partial(_remember, other, partial(house.move, sku, here, there, 3))
            with at_moment(aws.dynamodb(), moment, rival) as passed:
                mine = house.move(sku, here, there, 3)
            if moment >= len(passed):
                break
            assert sorted((mine.status, other[0].status)) == [201, 409]
            assert {mine.status: mine, other[0].status: other[0]}[409].problem == "capacity-exceeded"
            house.settle()
            assert (house.units(here, sku), house.units(there, sku)) == (7, 3)

    @pytest.mark.parametrize(("mixing", "fits"), [("any", 201), ("one_sku", 409), ("one_lot", 409)])
    def test_what_may_not_lie_together_is_kept_apart(self, house: Warehouse, mixing: str, fits: int) -> None:
        one, other, here, there = house.product(), house.product(), house.place(), house.place(mixing=mixing)
        house.adjust(one, here, 1)
        house.adjust(other, here, 1)
        assert house.move(one, here, there, 1).status == 201
        answer = house.move(other, here, there, 1)
        assert answer.status == fits
        if fits == 409:
            assert answer.problem == "mixing-forbidden"

    def test_two_lots_of_a_product_lie_apart_where_one_lot_may_lie(self, house: Warehouse) -> None:
        sku, here, there = house.product("lot"), house.place(), house.place(mixing="one_lot")
        for lot in ("L1", "L2"):
            assert house.adjust(sku, here, 5, lot=lot).status == 201
        assert house.move(sku, here, there, 2).problem == "lot-required"
        assert house.move(sku, here, there, 2, lot="L1").status == 201
        assert house.move(sku, here, there, 1, lot="L2").problem == "mixing-forbidden"

    def test_a_place_takes_only_its_storage_classes(self, house: Warehouse) -> None:
        sku, here = house.product(storage_class="frozen"), house.place()
        house.adjust(sku, here, 2)
        assert house.move(sku, here, house.place(storage_classes=["dry"]), 1).problem == "wrong-storage-class"
        assert house.move(sku, here, house.place(storage_classes=["dry", "frozen"]), 1).status == 201

    @pytest.mark.parametrize(
        ("to", "problem", "field"), [("", "same-place", "to"), ("X", "unknown-location", "to")]
    )
    def test_a_move_that_makes_no_sense_is_refused(
        self, house: Warehouse, to: str, problem: str, field: str
    ) -> None:
        sku, here = house.product(), house.place()
        house.adjust(sku, here, 2)
        answer = house.move(sku, here, to or here, 1)
        assert (answer.status, answer.problem, answer.field) == (422, problem, field)

    def test_goods_do_not_move_to_another_warehouse_without_a_transfer(self, house: Warehouse) -> None:
        sku, here, there = house.product(), house.place(), house.place(warehouse="EAST")
        house.adjust(sku, here, 2)
        assert house.move(sku, here, there, 1).problem == "other-warehouse"


class TestHandlingUnits:
    def test_a_move_to_where_the_unit_stands_is_not_repeated_after_another_move(self, house: Warehouse) -> None:
        here, there = house.place(), house.place()
        sscc = house.unit(here)
        first = house.bring(sscc, here, "stay")
        assert (first.status, first.body["from"], first.body["to"]) == (201, here, here)
        assert house.bring(sscc, there).status == 201
        again = house.bring(sscc, here, "stay")
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["idempotent-replayed"] == "true"
        house.settle()
        assert house.holding(sscc).place == there
        assert (house.holding(here).standing, house.holding(there).standing) == (0, 1)

    def test_our_ssccs_are_valid_differ_and_are_the_same_for_the_same_request(self, house: Warehouse) -> None:
        dock = house.place("dock")
        ours = {house.unit(dock) for _ in range(20)}
        assert len(ours) == 20
        assert all(has_valid_check_digit(sscc) and sscc[1:8] == "0614141" for sscc in ours)
        body = {"type": "pallet", "location": dock}
        first = house.post("/inventory/handling-units", body, key="U-1")
        again = house.post("/inventory/handling-units", body, key="U-1")
        assert first.body == again.body

    def test_an_sscc_that_somebody_has_is_passed_over(
        self, house: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from inventory import handling_units

        taken = house.unit(house.place("dock"))
        free = "106141419999999994"
        monkeypatch.setattr(handling_units, "candidates", lambda _id: iter((taken, free)))
        assert house.unit(house.place("dock")) == free

    def test_a_suppliers_sscc_is_taken_when_its_check_digit_is_right(self, house: Warehouse) -> None:
        dock = house.place("dock")
        body = {"type": "pallet", "location": dock, "sscc": "340123450000000017"}
        wrong = house.post("/inventory/handling-units", {**body, "sscc": "340123450000000018"})
        assert (wrong.status, wrong.field) == (422, "sscc")
        assert house.post("/inventory/handling-units", body).body["external"] is True
        assert house.post("/inventory/handling-units", body).problem == "sscc-taken"

    def test_a_pallet_of_forty_lots_moves_by_one_write(self, house: Warehouse) -> None:
        sku, dock, rack = house.product("lot"), house.place("dock"), house.place("staging")
        sscc = house.unit(dock)
        lines = [{"sku": sku, "units": 3, "lot": f"L{lot}"} for lot in range(40)]
        answer = house.post("/inventory/stock/receipts", {"location": sscc, "lines": lines})
        assert answer.status == 201
        house.settle()
        before = house.promise(sku)
        assert before.sellable_units == 120
        moved = house.bring(sscc, rack)
        assert (moved.status, moved.body["from"], moved.body["to"]) == (201, dock, rack)
        assert [event.type for event in house.settle()] == ["inventory.HandlingUnitMoved"]
        assert house.promise(sku) == before
        assert house.holding(sscc).place == rack

    def test_a_unit_takes_room_where_it_comes_and_frees_it_where_it_was(self, house: Warehouse) -> None:
        sku, dock = house.product(), house.place("dock")
        one, two = (house.place(capacity={"handling_units": 1, "weight_g": 30_000}) for _ in range(2))
        units = [house.unit(dock, tare_g=20_000) for _ in range(2)]
        house.adjust(sku, units[0], 5)
        assert house.bring(units[0], one).status == 201
        assert house.bring(units[1], one).problem == "capacity-exceeded"
        house.settle()
        assert house.holding(one).taken.weight_g == 25_000
        assert house.bring(units[0], two).status == 201
        house.settle()
        assert not house.holding(one).occupants
        assert house.bring(units[1], one).status == 201

    def test_two_operators_who_bring_a_unit_each_to_the_last_slot_do_not_both_succeed(
        self, house: Warehouse
    ) -> None:
        for moment in count():
            dock, rack = house.place("dock"), house.place(capacity={"handling_units": 1})
            mine, theirs = house.unit(dock), house.unit(dock)
            other: list[Answer] = []
            with at_moment(
                aws.dynamodb(), moment, partial(_remember, other, partial(house.bring, theirs, rack))
            ) as passed:
                answer = house.bring(mine, rack)
            if moment >= len(passed):
                break
            assert sorted((answer.status, other[0].status)) == [201, 409]
            house.settle()
            assert len(house.holding(rack).occupants) == 1
            standing = [sscc for sscc in (mine, theirs) if house.holding(sscc).place == rack]
            assert standing == list(house.holding(rack).occupants)

    def test_one_unit_brought_to_two_places_at_once_stands_in_one_and_takes_room_in_one(
        self, house: Warehouse
    ) -> None:
        for moment in count():
            dock = house.place("dock")
            one, two = (house.place(capacity={"handling_units": 1}) for _ in range(2))
            sscc = house.unit(dock)
            other: list[Answer] = []
            with at_moment(
                aws.dynamodb(), moment, partial(_remember, other, partial(house.bring, sscc, two))
            ) as passed:
                answer = house.bring(sscc, one)
            if moment >= len(passed):
                break
            assert (answer.status, other[0].status) == (201, 201)
            house.settle()
            stands = house.holding(sscc).place
            assert [place for place in (one, two) if house.holding(place).occupants] == [stands]

    def test_a_move_that_dies_anywhere_is_done_once_when_it_is_repeated(self, house: Warehouse) -> None:
        for moment in count():
            sku, dock, rack = house.product(), house.place("dock"), house.place(capacity={"handling_units": 1})
            sscc = house.unit(dock)
            house.adjust(sku, sscc, 5)
            key = f"bring-{number()}"
            with at_moment(aws.dynamodb(), moment, die) as passed, contextlib.suppress(Died):
                house.bring(sscc, rack, key)
            assert house.bring(sscc, rack, key).status == 201
            house.settle()
            occupant = house.holding(rack).occupants[sscc]
            assert (house.holding(sscc).place, occupant.expected_at, house.holding(sscc).move) == (rack, "", 1)
            if moment >= len(passed):
                break
        assert moment > 4

    def test_goods_that_are_packed_while_the_unit_moves_never_exceed_the_room_where_it_goes(
        self, house: Warehouse
    ) -> None:
        for moment in count():
            sku, dock = house.product(), house.place("dock")
            rack = house.place(capacity={"volume_mm3": 5 * LITRE})
            sscc, other = house.unit(dock), list[Answer]()
            house.adjust(sku, dock, 10)
            house.adjust(sku, sscc, 3)
            pack = partial(house.pack, sku, dock, sscc, 3)
            with at_moment(aws.dynamodb(), moment, partial(_remember, other, pack)) as passed:
                answer = house.bring(sscc, rack)
            if moment >= len(passed):
                break
            assert 409 in (answer.status, other[0].status)
            house.settle()
            stands_there = house.holding(sscc).place == rack
            assert not stands_there or house.holding(sscc).load.volume_mm3 <= 5 * LITRE
            assert house.units(dock, sku) + house.units(sscc, sku) == 13
            assert house.holding(rack).taken.volume_mm3 == (3 * LITRE if stands_there else 0) or not stands_there

    def test_a_unit_moves_while_goods_are_packed_and_never_exceeds_the_room(self, house: Warehouse) -> None:
        for moment in count():
            sku, dock = house.product(), house.place("dock")
            rack = house.place(capacity={"volume_mm3": 5 * LITRE})
            sscc, other = house.unit(dock), list[Answer]()
            house.adjust(sku, dock, 10)
            house.adjust(sku, sscc, 3)
            bring = partial(house.bring, sscc, rack)
            with at_moment(aws.dynamodb(), moment, partial(_remember, other, bring)) as passed:
                house.pack(sku, dock, sscc, 3)
            if moment >= len(passed):
                break
            house.settle()
            assert house.holding(sscc).place != rack or house.holding(sscc).load.volume_mm3 <= 5 * LITRE
            assert house.units(dock, sku) + house.units(sscc, sku) == 13

    def test_what_is_packed_onto_a_unit_in_a_rack_needs_room_there(self, house: Warehouse) -> None:
        sku, dock, rack = house.product(), house.place("dock"), house.place(capacity={"volume_mm3": 5 * LITRE})
        house.adjust(sku, dock, 10)
        sscc = house.unit(rack)
        assert house.pack(sku, dock, sscc, 6).problem == "capacity-exceeded"
        assert house.pack(sku, dock, sscc, 5).status == 201
        house.settle()
        assert house.holding(rack).taken.volume_mm3 == 5 * LITRE
        assert not house.holding(rack).claims
        assert house.adjust(sku, sscc, 1).problem == "capacity-exceeded"
        house.adjust(sku, sscc, -2)
        house.settle()
        assert house.holding(rack).taken.volume_mm3 == 3 * LITRE
        assert house.adjust(sku, sscc, 1).status == 201
        house.settle()
        assert (house.holding(rack).taken.volume_mm3, len(house.holding(rack).claims)) == (4 * LITRE, 0)

    def test_units_nest_by_rank_and_go_where_their_parent_goes(self, house: Warehouse) -> None:
        sku, dock, rack = house.product(), house.place("dock"), house.place(capacity={"volume_mm3": 5 * LITRE})
        pallet, carton = house.unit(dock), house.unit(dock, "carton")
        house.adjust(sku, dock, 9)
        house.pack(sku, dock, carton, 4)
        wrong = house.post(f"/inventory/handling-units/{pallet}/nesting", {"onto": carton})
        assert (wrong.status, wrong.problem) == (409, "wrong-nesting")
        assert house.post(f"/inventory/handling-units/{carton}/nesting", {"onto": pallet}).status == 201
        house.settle()
        assert house.bring(pallet, rack).status == 201
        house.settle()
        assert house.holding(rack).taken.volume_mm3 == 4 * LITRE
        assert house.pack(sku, dock, carton, 2).problem == "capacity-exceeded"
        assert house.pack(sku, dock, carton, 1).status == 201
        house.settle()
        assert house.holding(rack).taken.volume_mm3 == 5 * LITRE
        assert not house.holding(rack).claims
        assert not house.holding(pallet).claims
        assert house.bring(carton, dock).status == 201
        house.settle()
        assert house.holding(rack).taken.volume_mm3 == 0
        assert not house.holding(pallet).occupants

    def test_a_split_puts_part_onto_a_new_unit_and_an_emptying_all_into_a_place(self, house: Warehouse) -> None:
        sku, dock, place = house.product("lot"), house.place("dock"), house.place()
        sscc = house.unit(dock)
        for lot in ("L1", "L2"):
            house.adjust(sku, sscc, 5, lot=lot)
        body = {"goods": [{"sku": sku, "units": 2, "lot": "L1"}], "type": "carton"}
        split = house.post(f"/inventory/handling-units/{sscc}/splits", body, key=f"split-{number()}")
        assert split.status == 201
        new = split.body["unit"]["sscc"]
        assert (house.units(new, sku, lot="L1"), house.units(sscc, sku, lot="L1")) == (2, 3)
        assert house.holding(new).place == dock
        body = {"goods": [{"sku": sku, "units": 9, "lot": "L1"}]}
        short = house.post(f"/inventory/handling-units/{sscc}/splits", body)
        assert (short.status, short.problem) == (409, "insufficient-stock")
        emptied = house.post(f"/inventory/handling-units/{sscc}/emptying", {"to": place})
        assert (emptied.status, len(emptied.body["goods"])) == (201, 2)
        assert house.holding(sscc).units_of(sku) == 0
        assert house.units(place, sku) == 8
        again = house.post(f"/inventory/handling-units/{sscc}/emptying", {"to": place})
        assert (again.status, again.problem) == (409, "nothing-there")

    def test_whoever_thinks_that_a_unit_stands_elsewhere_is_told_where_it_stands(self, house: Warehouse) -> None:
        dock, other = house.place("dock"), house.place("staging")
        sscc = house.unit(dock)
        answer = house.bring(sscc, house.place(), **{"from": other})
        assert (answer.status, answer.problem, answer.field) == (409, "stands-elsewhere", "from")
        assert dock in answer.body["detail"]


def _remember(answers: list[Answer], call: Callable[[], Answer]) -> None:
    answers.append(call())
