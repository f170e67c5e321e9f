"""Goods that came in are brought to their places: by whom, where to, and once."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from inventory.domain.putaway import PutAway
from shared import aws, clock
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, landscape
from tests.unit.inventory.warehouse import LITRE, number
from tests.unit.inventory.yard import PUT_AWAY_TASKS, Yard, new_order, shipment


@pytest.fixture
def yard() -> Iterator[Yard]:
    with landscape(database=Database()) as deployed:
        yield Yard(deployed)


class TestTasks:
    def test_loose_goods_get_a_task_for_each_product_with_room_taken_where_they_go(self, yard: Yard) -> None:
        sku, dock, place = yard.product(), yard.place("dock"), yard.place(capacity={"volume_mm3": 10 * LITRE})
        here = yard.receive(sku, 6, dock)
        [task] = yard.tasks(here)
        assert (task.purpose, task.units, task.location, task.place) == ("storage", 6, place, dock)
        assert [claim.load.volume_mm3 for claim in yard.holding(place).claims.values()] == [6 * LITRE]

    def test_a_receipt_that_is_told_twice_makes_one_task(self, yard: Yard) -> None:
        sku, dock, _ = yard.product(), yard.place("dock"), yard.place()
        here = yard.receive(sku, 6, dock)
        yard.receive(sku, 6, dock, here)
        assert len(yard.tasks(here)) == 1
        yard.receive(sku, 4, dock, here, receipt=2)
        assert sorted(task.units for task in yard.tasks(here)) == [4, 6]

    def test_goods_for_which_there_is_no_room_say_so_and_get_a_place_later(self, yard: Yard) -> None:
        sku, dock = yard.product(), yard.place("dock")
        yard.place(capacity={"volume_mm3": LITRE})
        here = yard.receive(sku, 6, dock)
        [task] = yard.tasks(here)
        assert task.location == ""
        assert "capacity-exceeded" in task.problem
        place = yard.place(capacity={"volume_mm3": 9 * LITRE})
        yard.landscape.project("inventory")
        yard.landscape.invoke("inventory", "unsettled", {})
        assert yard.task(task.task_id).location == place

    def test_a_handling_unit_is_put_away_as_one(self, yard: Yard) -> None:
        one, other, dock = yard.product(), yard.product(), yard.place("dock")
        place = yard.place(capacity={"handling_units": 1})
        here, sscc = shipment(), "106141412345678908"
        yard.receive(one, 6, dock, here, 1, sscc=sscc)
        yard.receive(other, 4, dock, here, 2, sscc=sscc)
        [task] = yard.tasks(sscc)
        assert (task.whole, task.purpose, task.location) == (True, "storage", place)
        assert yard.confirm(task).status == 200
        yard.settle()
        books = yard.holding(sscc)
        assert (books.place, yard.task(task.task_id).status) == (place, "confirmed")
        assert yard.holding(place).standing == 1

    def test_two_pallets_do_not_go_to_a_place_for_one(self, yard: Yard) -> None:
        sku, dock = yard.product(), yard.place("dock")
        places = {yard.place(capacity={"handling_units": 1}) for _ in range(2)}
        here = shipment()
        for receipt, sscc in enumerate(("106141412345678908", "106141412345678915"), 1):
            yard.receive(sku, 6, dock, here, receipt, sscc=sscc)
        tasks = [*yard.tasks("106141412345678908"), *yard.tasks("106141412345678915")]
        assert {task.location for task in tasks} == places

    def test_damaged_goods_go_to_quarantine(self, yard: Yard) -> None:
        sku, dock, place = yard.product(), yard.place("dock"), yard.place("quarantine")
        yard.place()
        here = yard.receive(sku, 2, dock, status="damaged")
        [task] = yard.tasks(here)
        assert (task.purpose, task.location, task.stock_status) == ("quarantine", place, "damaged")
        assert yard.confirm(task).status == 200
        assert yard.units(place, sku, "damaged") == 2

    def test_inspected_goods_are_put_away_when_they_are_accepted(self, yard: Yard) -> None:
        sku, dock, place, quarantine = yard.product(), yard.place("dock"), yard.place(), yard.place("quarantine")
        inspection = shipment()
        here = yard.receive(sku, 5, dock, status="quarantine", inspection_id=inspection)
        assert yard.tasks(here) == []
        yard.tell(
            "receiving.InspectionDecided",
            {
                "inspection_id": inspection,
                "shipment_id": here,
                "warehouse": "MAIN",
                "sku": sku,
                "goods": [{"holding": here, "accepted_units": 3, "rejected_units": 2, "rejected_serials": []}],
                "rejected_status": "damaged",
                "decided_at": "2026-01-31T10:00:00.000Z",
            },
        )
        yard.settle()
        tasks = {task.purpose: (task.units, task.location) for task in yard.tasks(here)}
        assert tasks == {"storage": (3, place), "quarantine": (2, quarantine)}


class TestOperators:
    def test_a_second_operator_is_told_until_when(self, yard: Yard) -> None:
        task = ready(yard)
        assert yard.ask(task, "claim", actor="ann").status == 200
        assert yard.ask(task, "claim", actor="ann").status == 200
        refused = yard.ask(task, "claim", actor="ben")
        assert (refused.status, refused.problem) == (409, "put-away-claimed")
        assert yard.confirm(task, actor="ben").problem == "put-away-claimed"
        assert yard.ask(task, "release", actor="ann").status == 200
        assert yard.ask(task, "claim", actor="ben").status == 200

    def test_what_was_confirmed_lies_there_and_the_same_request_gets_the_same_answer(self, yard: Yard) -> None:
        task = ready(yard, 6)
        first, again = yard.confirm(task, key="k"), yard.confirm(task, key="k")
        assert (first.status, again.status) == (200, 200)
        assert (first.body["units"], first.body["lies_there"], first.body["location"]) == (6, 6, task.location)
        assert again.headers["idempotent-replayed"] == "true"
        other = yard.confirm(task, actor="ben")
        assert (other.status, other.problem) == (409, "put-away-confirmed")
        assert yard.units(task.location, task.sku or "") == 6

    def test_a_part_is_confirmed_and_the_rest_stays_to_be_brought(self, yard: Yard) -> None:
        task = ready(yard, 6)
        answer = yard.confirm(task, units=4)
        assert (answer.body["remaining"], answer.body["next_location"]) == (2, task.location)
        assert yard.confirm(task).body["lies_there"] == 6
        assert yard.holding(task.holding).units_of(task.sku or "") == 0
        assert not yard.holding(task.location).claims

    def test_elsewhere_needs_a_reason_and_frees_the_room_that_was_kept(self, yard: Yard) -> None:
        task = ready(yard, 6)
        other = yard.place()
        refused = yard.confirm(task, other)
        assert (refused.status, refused.problem, refused.field) == (422, "reason-required", "reason")
        assert yard.confirm(task, other, reason="the aisle is blocked").status == 200
        assert yard.units(other, task.sku or "") == 6
        assert not yard.holding(task.location).claims

    def test_wrong_check_digits_move_nothing(self, yard: Yard) -> None:
        task = ready(yard)
        body = {"location": task.location, "check_digits": "00"}
        refused = yard.ask(task, "confirmation", body)
        assert (refused.status, refused.problem) == (422, "wrong-check-digits")
        label = yard.ask(task, "confirmation", {"label": f"{task.location}:00"})
        assert (label.status, label.field) == (422, "label")
        assert yard.holding(task.holding).units

    def test_goods_that_have_become_fewer_are_told_of_and_the_task_shrinks(self, yard: Yard) -> None:
        task = ready(yard, 6)
        assert yard.adjust(task.sku or "", task.holding, -2).status == 201
        refused = yard.confirm(task)
        assert (refused.status, refused.problem) == (409, "insufficient-stock")
        assert "4 units" in refused.body["detail"]
        assert yard.task(task.task_id).units == 4
        assert yard.confirm(yard.task(task.task_id)).status == 200

    def test_a_task_whose_goods_are_gone_is_cancelled(self, yard: Yard) -> None:
        task = ready(yard, 6)
        yard.adjust(task.sku or "", task.holding, -6)
        refused = yard.ask(task, "claim")
        assert (refused.status, refused.problem) == (409, "put-away-cancelled")
        assert yard.task(task.task_id).status == "cancelled"
        assert not yard.holding(task.location).claims

    def test_a_task_is_sent_elsewhere_by_hand(self, yard: Yard) -> None:
        task = ready(yard, 6)
        other = yard.place()
        yard.landscape.project("inventory")
        answer = yard.ask(task, "direction", {"avoid": [task.location]})
        assert (answer.status, answer.body["location"]) == (200, other)
        assert not yard.holding(task.location).claims
        assert len(yard.holding(other).claims) == 1


class TestAtEveryMoment:
    def test_what_an_order_gives_back_serves_another_or_goes_into_storage_once(self, yard: Yard) -> None:
        for moment in count(step=2):
            sku, staging = yard.product(), yard.place("staging")
            yard.place()
            yard.adjust(sku, staging, 4)
            yard.settle()
            first, second = new_order(), new_order()
            yard.release(first, (sku, 4))
            yard.release(second, (sku, 1))
            yard.skipped = ("put_away_tasks",)
            yard.give_up(first, sku)
            freed = [event for event in yard.landscape.bus if event.type == "inventory.StockDeallocated"][-1]
            yard.landscape.project("inventory")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(PUT_AWAY_TASKS, freed)
            for _ in range(2):
                yard.landscape.project("inventory")
                assert yard.landscape.deliver(PUT_AWAY_TASKS, freed) == []
            yard.settle()
            assert (yard.set_aside(staging, first), yard.set_aside(staging, second)) == (0, 1)
            [task] = yard.tasks(staging)
            assert (task.units, task.purpose, task.stock_status) == (3, "storage", "available")
            yard.skipped = ()
            if moment >= len(passed):
                break
        assert moment > 10

    def test_room_for_a_task_that_was_never_recorded_is_free_again(self, yard: Yard) -> None:
        now, places = clock._now, []
        for moment in count():
            sku, dock = yard.product(), yard.place("dock")
            places.append(yard.place(capacity={"volume_mm3": 10 * LITRE}))
            yard.skipped = ("put_away_tasks",)
            here = yard.receive(sku, 6, dock)
            assigned = [event for event in yard.landscape.bus if event.type == "inventory.GoodsAssigned"][-1]
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(PUT_AWAY_TASKS, assigned)
            yard.skipped = ("put_away_tasks",)
            yard.landscape.project("inventory")
            clock.use(lambda: now() + timedelta(hours=1), clock._sleep)
            yard.landscape.invoke("inventory", "upkeep", {})
            clock.use(now, clock._sleep)
            going = [task.location for task in yard.tasks(here)]
            kept = [
                place for place in places for claim in yard.holding(place).claims.values() if claim.origin == here
            ]
            assert kept == going
            if moment >= len(passed):
                break
        assert going

    @pytest.mark.parametrize("whole", [False, True])
    def test_a_confirmation_that_dies_is_repeated_and_moves_once(self, yard: Yard, whole: bool) -> None:
        for moment in count():
            task = ready(yard, 6, whole=whole)
            try:
                with at_moment(aws.dynamodb(), moment, die) as passed:
                    yard.confirm(task, key=f"k-{task.task_id}")
            except Died:
                pass
            if moment % 2:
                yard.settle()
            answer = yard.confirm(task, key=f"k-{task.task_id}")
            assert answer.status == 200 or (moment % 2 and answer.problem == "put-away-confirmed"), answer
            yard.settle()
            after = yard.task(task.task_id)
            assert (after.status, after.placed, after.moves) == ("confirmed", task.location, 1)
            if whole:
                assert yard.holding(task.holding).place == task.location
            else:
                assert yard.units(task.location, task.sku or "") == 6
            assert not yard.holding(task.location).claims
            if moment >= len(passed):
                break
        assert moment > 5

    def test_two_operators_who_confirm_at_once_move_the_goods_once(self, yard: Yard) -> None:
        for moment in count():
            task = ready(yard, 6)
            elsewhere = yard.place()
            others: list[Answer] = []
            rival = partial(
                _remember, others, partial(yard.confirm, task, elsewhere, actor="ben", reason="nearer")
            )
            with at_moment(aws.dynamodb(), moment, rival) as passed:
                mine = yard.confirm(task, actor="ann")
            if moment >= len(passed):
                break
            yard.settle()
            lies = yard.units(task.location, task.sku or ""), yard.units(elsewhere, task.sku or "")
            assert lies in ((6, 0), (0, 6)), (moment, mine, others)
            assert sorted((mine.status, others[0].status)) == [200, 409], (moment, mine, others)
            after = yard.task(task.task_id)
            assert (after.status, after.moves) == ("confirmed", 1)
            assert after.placed == (task.location if lies[0] else elsewhere)
            assert not yard.holding(task.location).claims
            assert not yard.holding(elsewhere).claims

    def test_two_operators_who_claim_at_once_do_not_both_get_it(self, yard: Yard) -> None:
        for moment in count():
            task = ready(yard, 6)
            others: list[Answer] = []
            rival = partial(_remember, others, partial(yard.ask, task, "claim", actor="ben"))
            with at_moment(aws.dynamodb(), moment, rival) as passed:
                mine = yard.ask(task, "claim", actor="ann")
            if moment >= len(passed):
                break
            assert sorted((mine.status, others[0].status)) == [200, 409]

    def test_a_task_that_dies_while_it_is_made_is_made_once(self, yard: Yard) -> None:
        for moment in count():
            sku, dock, place = yard.product(), yard.place("dock"), yard.place(capacity={"volume_mm3": 9 * LITRE})
            yard.skipped = ("put_away_tasks",)
            here = yard.receive(sku, 6, dock)
            yard.skipped = ()
            yard.landscape.project("inventory")
            told = next(e for e in yard.landscape.bus if e.type == "inventory.GoodsAssigned" and sku in e.subject)
            try:
                with at_moment(aws.dynamodb(), moment, die) as passed:
                    yard.landscape.deliver(PUT_AWAY_TASKS, told)
            except Died:
                pass
            yard.deliver(told)
            yard.settle()
            [task] = yard.tasks(here)
            assert (task.units, task.location) == (6, place), (moment, task.problem)
            assert len(yard.holding(place).claims) == 1
            assert yard.confirm(task).status == 200
            if moment >= len(passed):
                break
        assert moment > 5


def ready(yard: Yard, units: int = 6, *, whole: bool = False) -> PutAway:
    """A task to bring units of a new product to a place with room."""
    sku, dock = yard.product(storage_class=(group := f"c-{number()}")), yard.place("dock")
    yard.place(capacity={"volume_mm3": 99 * LITRE}, storage_classes=[group])
    sscc = yard.unit(dock) if whole else ""
    more: dict[str, Any] = {"sscc": sscc} if whole else {}
    here = yard.receive(sku, units, dock, **more)
    [task] = yard.tasks(sscc or here)
    assert task.location, task
    return task


def _remember(answers: list[Answer], ask: Callable[[], Answer]) -> None:
    answers.append(ask())
