"""Orders are released into waves, picked by lists, and told picked; whatever comes twice, late, or dies."""

from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest

from picking.aggregates import PICK_LIST
from picking.domain.pick_list import LIST_CLAIMED, LIST_OPEN
from picking.picking import LISTS_AT_ONCE
from picking.summaries import ListSummary
from picking.views import LISTS
from shared import aws
from tests.support.faults import Died, at_moment, counting, die
from tests.unit.picking.floor import Floor, line, new_order, visit

RELEASING = ("picking", "releasing")
REQUESTS = ("picking", "requests")


def mugs(floor: Floor, *places: str, units: int = 2, **more: Any) -> str:
    """An order of one line for mugs from these places."""
    order_id = new_order()
    floor.ask(order_id, line("1", "MUG", *(visit(place, units) for place in places)), **more)
    return order_id


class TestWaves:
    def test_orders_that_wait_are_picked_together_each_in_its_tote(self, floor: Floor) -> None:
        orders = {mugs(floor, "A-01-01"), mugs(floor, "A-02-03", "A-01-02")}
        assert {one["order_id"] for one in floor.get("/pool")["items"]} == orders
        [picklist] = floor.lists(method="batch")
        assert {step["order_id"] for step in picklist["steps"]} == orders
        assert len({step["slot"] for step in picklist["steps"]}) == 2
        assert picklist["walk_mm"] == 2 * 6_000 + 2 * 3_000
        assert floor.get("/pool")["items"] == []
        [released] = floor.published("WaveReleased")
        assert set(released["orders"]) == orders
        assert released["lists"] == [picklist["list_id"]]

    def test_discrete_picking_makes_a_list_for_each_order(self, floor: Floor) -> None:
        orders = [mugs(floor, "A-01-01", "B-03-01"), mugs(floor, "A-01-01")]
        lists = floor.lists(method="discrete")
        assert sorted({step["order_id"] for step in one["steps"]}.pop() for one in lists) == sorted(orders)
        assert len(lists) == 2

    def test_zone_picking_makes_lists_by_zone_and_the_order_is_picked_when_all_are(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01", "B-03-01")
        first, second = floor.lists(method="zone")
        assert {first["zone"], second["zone"]} == {"A", "B"}
        floor.pick_all(first)
        assert floor.published("OrderPicked") == []
        floor.pick_all(second, actor="sam")
        [picked] = floor.published("OrderPicked")
        assert picked["lines"] == [{"line_id": "1", "sku": "MUG", "units": 4}]
        assert set(floor.get(f"/orders/{order_id}")["containers"]) == {first["list_id"], second["list_id"]}

    @pytest.mark.parametrize(
        ("criteria", "chosen"),
        [
            ({"min_priority": 7}, {"urgent"}),
            ({"cut_off": "2026-01-31T12:00:00.000Z"}, {"soon"}),
            ({"carrier_service": "own-fleet:standard"}, {"soon"}),
            ({"zone": "B"}, {"far"}),
            ({"carrier_service": "own-fleet"}, {"soon"}),
            ({"carrier_service": "own"}, set()),
            ({"composition": "multi_line"}, {"two", "begun"}),
            ({"composition": "single_line", "max_orders": 1}, {"urgent"}),
            ({"composition": "single_line"}, {"urgent", "soon", "far"}),
            ({"zone": "A", "composition": "single_line", "min_priority": 9}, {"urgent"}),
            ({"warehouse": "OTHER"}, set()),
        ],
    )
    def test_a_wave_takes_what_meets_its_criteria(
        self, floor: Floor, criteria: dict[str, Any], chosen: set[str]
    ) -> None:
        orders = {
            "urgent": mugs(floor, "A-01-01", priority=9),
            "soon": mugs(
                floor,
                "A-01-01",
                ship_by="2026-01-31T11:00:00.000Z",
                carrier_service="own-fleet:standard",
            ),
            "far": mugs(floor, "B-03-01", priority=1),
            "two": new_order(),
            "begun": mugs(floor, "A-01-01", total_lines=4),
        }
        two = [line("1", "MUG", visit("A-01-01", 1)), line("2", "MILK", visit("A-01-02", 1, lot="L1"))]
        floor.ask(orders["two"], *two)
        wave = floor.wave(**criteria)
        assert set(wave.get("orders", [])) == {orders[name] for name in chosen}

    def test_lists_keep_to_their_limits(self, floor: Floor) -> None:
        for _ in range(5):
            mugs(floor, "A-01-01", "A-02-01")
        lists = floor.lists(method="batch", limits={"orders": 2})
        assert sorted(len({step["slot"] for step in one["steps"]}) for one in lists) == [1, 2, 2]
        drills = new_order()
        picks = [visit("A-01-02", 1, serials=[f"S{n}"]) for n in range(3)]
        floor.ask(drills, line("1", "DRILL", *picks))
        heavy = floor.lists(method="batch", limits={"weight_g": 4_500})
        assert sorted(len(one["steps"]) for one in heavy) == [1, 2]

    def test_a_wave_that_dies_anywhere_is_released_when_its_message_comes_again(self, floor: Floor) -> None:
        for moment in count():
            orders = {mugs(floor, "A-01-01"), mugs(floor, "B-03-02", "A-01-01")}
            wave_id = floor.post("/waves", {"method": "zone"}).body["wave_id"]
            [asked] = [one for one in floor.system.publish("picking") if one.type == "picking.WaveRequested"]
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                floor.system.deliver(RELEASING, asked)
            assert floor.system.deliver(RELEASING, asked) == []
            floor.settle()
            wave = floor.get(f"/waves/{wave_id}")
            assert (wave["status"], set(wave["orders"])) == ("released", orders)
            lists = [floor.get(f"/pick-lists/{list_id}") for list_id in wave["lists"]]
            assert sum(step["units"] for one in lists for step in one["steps"]) == 6
            assert floor.get("/pool")["items"] == []
            if moment >= len(passed):
                break
        assert moment > 8

    def test_two_waves_at_once_never_get_the_same_pick(self, floor: Floor) -> None:
        for moment in count():
            orders = {mugs(floor, "A-01-01", "B-03-01"), mugs(floor, "A-01-02")}
            waves = [floor.post("/waves", {"method": "batch"}).body["wave_id"] for _ in range(2)]
            first, second = (one for one in floor.system.publish("picking") if one.type == "picking.WaveRequested")
            other = partial(floor.system.deliver, RELEASING, second)
            with at_moment(aws.dynamodb(), moment, other) as passed:
                assert floor.system.deliver(RELEASING, first) == []
            assert floor.system.deliver(RELEASING, second) == []
            floor.settle()
            shown = [floor.get(f"/waves/{wave_id}") for wave_id in waves]
            lists = [floor.get(f"/pick-lists/{one}") for wave in shown for one in wave.get("lists", [])]
            picks = [step["pick_id"] for one in lists for step in one["steps"]]
            assert len(picks) == len(set(picks)) == 3, moment
            assert {step["order_id"] for one in lists for step in one["steps"]} == orders
            if moment >= len(passed):
                break

    def test_a_wave_that_nobody_finished_is_released_by_the_clock(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01")
        wave_id = floor.post("/waves").body["wave_id"]
        floor.system.project("picking")
        floor.system.invoke("picking", "wave_rules", {})
        assert floor.get(f"/waves/{wave_id}")["status"] == "requested"
        floor.pass_minutes(6)
        floor.system.invoke("picking", "wave_rules", {})
        assert floor.get(f"/waves/{wave_id}")["orders"] == [order_id]


class TestRules:
    def test_a_rule_releases_once_enough_orders_wait(self, floor: Floor) -> None:
        rule = {"method": "batch", "min_orders": 2, "max_wait_minutes": 60}
        answer = floor.system.call("PUT", "/picking/wave-rules/noon", rule)
        assert (answer.status, answer.body["min_orders"]) == (200, 2)
        mugs(floor, "A-01-01")
        floor.system.invoke("picking", "wave_rules", {})
        floor.settle()
        assert floor.get("/waves")["items"] == []
        mugs(floor, "A-01-02")
        for _ in range(2):
            floor.system.invoke("picking", "wave_rules", {})
        floor.settle()
        [wave] = floor.get("/waves")["items"]
        assert (wave["rule"], wave["orders"], wave["status"]) == ("noon", 2, "released")
        assert [one["rule"] for one in floor.get("/wave-rules")["items"]] == ["noon"]

    def test_an_order_does_not_wait_longer_than_the_rule_lets_it(self, floor: Floor) -> None:
        rule = {"min_orders": 10, "max_wait_minutes": 0}
        assert floor.system.call("PUT", "/picking/wave-rules/soon", rule).status == 200
        floor.settle()
        order_id = mugs(floor, "A-01-01")
        floor.system.invoke("picking", "wave_rules", {})
        floor.settle()
        assert floor.published("WaveReleased")[0]["orders"] == [order_id]

    def test_a_rules_cut_off_is_a_time_of_each_day(self, floor: Floor) -> None:
        cut_off = {"time": "16:00", "time_zone": "Europe/Berlin"}
        answer = floor.system.call("PUT", "/picking/wave-rules/van", {"cut_off": cut_off, "max_wait_minutes": 0})
        assert (answer.status, answer.body["cut_off"]) == (200, cut_off)
        floor.settle()
        late = mugs(floor, "A-01-01", ship_by="2026-01-30T15:00:00.000Z")
        today = mugs(floor, "A-01-01", ship_by="2026-01-31T15:00:00.000Z")
        tomorrow = mugs(floor, "A-01-01", ship_by="2026-02-01T15:00:00.000Z")
        mugs(floor, "A-01-01", ship_by="2026-02-02T15:00:00.000Z")
        mugs(floor, "A-01-01")
        for released in ([{late, today}], [{late, today}], [{late, today}, {tomorrow}]):
            floor.system.invoke("picking", "wave_rules", {})
            floor.settle()
            assert [set(wave["orders"]) for wave in floor.published("WaveReleased")] == released
            floor.pass_minutes(7 * 60)
        assert [wave["criteria"]["cut_off"] for wave in floor.published("WaveRequested")] == [
            "2026-01-31T15:00:00.000Z",
            "2026-02-01T15:00:00.000Z",
        ]

    @pytest.mark.parametrize(
        ("rule", "problem", "field"),
        [
            ({"min_orders": 4, "max_orders": 3}, "never-enough", "min_orders"),
            (
                {"cut_off": {"time": "16:00", "time_zone": "Europe/Bielefeld"}},
                "unknown-time-zone",
                "cut_off.time_zone",
            ),
            ({"cut_off": {"time": "24:00", "time_zone": "UTC"}}, "invalid-field", "cut_off.time"),
            ({"cut_off": "2026-01-31T16:00:00.000Z"}, "invalid-field", "cut_off"),
        ],
    )
    def test_a_rule_that_could_never_match_is_refused(
        self, floor: Floor, rule: dict[str, Any], problem: str, field: str
    ) -> None:
        answer = floor.system.call("PUT", "/picking/wave-rules/never", rule)
        assert (answer.status, answer.problem, answer.field) == (422, problem, field)

    def test_what_one_rule_takes_the_next_one_leaves(self, floor: Floor) -> None:
        for name, max_orders in (("first", 1), ("second", 10)):
            rule = {"max_wait_minutes": 0, "max_orders": max_orders}
            assert floor.system.call("PUT", f"/picking/wave-rules/{name}", rule).status == 200
        orders = [mugs(floor, "A-01-01", priority=priority) for priority in (9, 1)]
        floor.system.invoke("picking", "wave_rules", {})
        floor.settle()
        assert [wave["orders"] for wave in floor.published("WaveReleased")] == [[one] for one in orders]

    def test_rules_that_match_nothing_load_no_orders(self, floor: Floor) -> None:
        for name, rule in (
            ("far", {"zone": "B"}),
            ("van", {"carrier_service": "own-fleet"}),
            ("top", {"min_priority": 9}),
        ):
            answer = floor.system.call("PUT", f"/picking/wave-rules/{name}", rule | {"max_wait_minutes": 0})
            assert answer.status == 200
        for _ in range(12):
            mugs(floor, "A-01-01", "A-02-01")
        with counting(aws.dynamodb()) as traffic:
            floor.system.invoke("picking", "wave_rules", {})
        assert len(traffic.operations) == 5
        assert floor.published("WaveRequested") == []

    def test_rules_that_die_anywhere_release_every_order_once(self, floor: Floor) -> None:
        for name in ("far", "near"):
            rule = {"zone": "A" if name == "near" else "B", "max_wait_minutes": 0}
            assert floor.system.call("PUT", f"/picking/wave-rules/{name}", rule).status == 200
        orders: list[str] = []
        for moment in count():
            orders += [mugs(floor, "A-01-01"), mugs(floor, "B-03-01")]
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                floor.system.invoke("picking", "wave_rules", {})
            floor.system.invoke("picking", "wave_rules", {})
            floor.settle()
            released = [one for wave in floor.published("WaveReleased") for one in wave["orders"]]
            assert sorted(released) == sorted(orders), moment
            if moment >= len(passed):
                break
            floor.pass_minutes(1)
        assert moment > 5

    def test_what_was_begun_is_gone_on_with_before_rules_ask_for_more(self, floor: Floor) -> None:
        assert floor.system.call("PUT", "/picking/wave-rules/soon", {"max_wait_minutes": 0}).status == 200
        order_id = mugs(floor, "A-01-01")
        wave_id = floor.post("/waves").body["wave_id"]
        floor.system.project("picking")
        floor.pass_minutes(6)
        floor.system.publish("picking")
        floor.system.invoke("picking", "wave_rules", {})
        assert floor.get(f"/waves/{wave_id}")["orders"] == [order_id]
        happened = [event.type.removeprefix("picking.") for event in floor.system.publish("picking")]
        assert happened == ["WaveReleased", "WaveRequested"]

    def test_a_rule_waits_from_when_an_order_began_to_wait(self, floor: Floor) -> None:
        rule = {"min_orders": 2, "max_wait_minutes": 30}
        assert floor.system.call("PUT", "/picking/wave-rules/noon", rule).status == 200
        order_id = mugs(floor, "A-01-01")
        floor.lists()
        floor.pass_minutes(60)
        floor.ask(order_id, line("1", "MUG", visit("B-03-01", 2), answer=2), number=2)
        floor.system.invoke("picking", "wave_rules", {})
        assert len(floor.published("WaveRequested")) == 1
        floor.pass_minutes(31)
        floor.system.invoke("picking", "wave_rules", {})
        assert len(floor.published("WaveRequested")) == 2

    def test_an_inactive_rule_releases_nothing(self, floor: Floor) -> None:
        rule = {"max_wait_minutes": 0, "active": False}
        assert floor.system.call("PUT", "/picking/wave-rules/idle", rule).status == 200
        floor.settle()
        mugs(floor, "A-01-01")
        floor.system.invoke("picking", "wave_rules", {})
        assert floor.published("WaveRequested") == []


class TestClaims:
    def test_one_picker_has_a_list_and_the_next_is_told_who_and_until_when(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        shown = floor.claimed(picklist["list_id"])
        refused = floor.post(f"/pick-lists/{picklist['list_id']}/claim", actor="sam")
        assert (refused.status, refused.problem) == (409, "list-claimed")
        assert refused.body["detail"].startswith(f"kim has this list until {shown['until']}")
        [started] = floor.published("PickingStarted")
        assert (started["order_id"], started["list_id"]) == (order_id, picklist["list_id"])
        floor.claimed(picklist["list_id"])
        assert len(floor.published("PickingStarted")) == 1

    def test_a_list_that_was_given_back_is_somebody_elses(self, floor: Floor) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        floor.claimed(picklist["list_id"])
        assert floor.post(f"/pick-lists/{picklist['list_id']}/release", actor="sam").problem == "list-claimed"
        assert floor.post(f"/pick-lists/{picklist['list_id']}/release").status == 200
        assert floor.claimed(picklist["list_id"], "sam")["operator"] == "sam"

    def test_the_next_list_is_the_most_urgent_one_that_nobody_has(self, floor: Floor) -> None:
        for priority in (2, 8):
            mugs(floor, "A-01-01", priority=priority)
        mugs(floor, "B-03-01", priority=9)
        lists = {one["steps"][0]["order_id"]: one["list_id"] for one in floor.lists(method="discrete")}
        far, urgent, slow = (one["list_id"] for one in floor.get("/pick-lists")["items"])
        assert {far, urgent, slow} == set(lists.values())
        first = floor.post("/pick-lists/next")
        assert first.body["list_id"] == far
        floor.settle()
        assert floor.post("/pick-lists/next", actor="sam").body["list_id"] == urgent
        assert floor.post("/pick-lists/next", actor="kim").body["list_id"] == far
        assert floor.post("/pick-lists/next", {"warehouse": "OTHER"}).problem == "no-list"

    def test_a_zones_list_is_found_behind_any_number_of_others(self, floor: Floor) -> None:
        mugs(floor, "A-01-01", "B-03-01", priority=1)
        in_zone = {one["zone"]: one["list_id"] for one in floor.lists(method="zone")}
        _crowd(floor, 120, LIST_OPEN, zone="A")
        assert floor.post("/pick-lists/next", {"zone": "B"}).body["list_id"] == in_zone["B"]
        assert floor.post("/pick-lists/next", {"zone": "C"}).problem == "no-list"

    def test_ones_own_list_and_an_abandoned_one_are_found_behind_any_number_that_others_have(
        self, floor: Floor
    ) -> None:
        for _ in range(2):
            mugs(floor, "A-01-01", priority=1)
        own, abandoned = (one["list_id"] for one in floor.lists(method="discrete"))
        floor.claimed(own)
        floor.claimed(abandoned, "gone")
        _crowd(floor, 120, LIST_CLAIMED, operator="sam", until="2099-01-01T00:00:00.000Z")
        floor.settle()
        assert floor.post("/pick-lists/next").body["list_id"] == own
        floor.pass_minutes(16)
        assert floor.post("/pick-lists/next").body["list_id"] == own
        assert floor.post("/pick-lists/next", actor="pat").body["list_id"] == abandoned

    def test_a_list_that_was_just_left_comes_last_and_a_forgotten_one_when_it_is_urgent(
        self, floor: Floor
    ) -> None:
        mugs(floor, "A-01-01", priority=5)
        [left] = floor.lists(method="discrete")
        floor.claimed(left["list_id"], "gone")
        for priority in (9, 4, 3):
            mugs(floor, "A-01-01", priority=priority)
        floor.lists(method="discrete")
        urgent, slow, slower = (one["list_id"] for one in floor.get("/pick-lists")["items"])
        floor.pass_minutes(20)
        assert _next(floor, "p1") == urgent
        floor.settle()
        assert _next(floor, "p2") == slow
        floor.settle()
        floor.pass_minutes(11)
        assert _next(floor, "p3") == left["list_id"]
        floor.settle()
        assert _next(floor, "p4") == slower

    def test_no_more_lists_are_read_than_are_looked_at(self, floor: Floor) -> None:
        mugs(floor, "A-01-01", priority=9)
        [picklist] = floor.lists()
        _crowd(floor, 45, LIST_CLAIMED, operator="sam", until="2099-01-01T00:00:00.000Z")
        _crowd(floor, 120, LIST_OPEN, priority=1)
        with counting(aws.dynamodb()) as traffic:
            assert _next(floor, "kim") == picklist["list_id"]
        assert traffic.items_read < 45 + LISTS_AT_ONCE + 5

    def test_two_pickers_who_ask_at_once_never_get_the_same_list(self, floor: Floor) -> None:
        for moment in count():
            mugs(floor, "A-01-01")
            floor.lists()
            got: list[str] = []
            with at_moment(aws.dynamodb(), moment, lambda: got.append(_next(floor, "sam"))) as passed:  # noqa: B023
                got.append(_next(floor, "kim"))
            if moment >= len(passed):
                break
            assert (sorted(got)[0], len(set(got))) == ("", 2), moment
            floor.settle()
            for one in floor.get("/pick-lists", status="claimed")["items"]:
                floor.pick_all(one, one["operator"])


def _crowd(floor: Floor, number: int, status: str, priority: int = 9, **more: Any) -> None:
    """So many lists stand in the list of lists."""
    for one in range(number):
        name = f"0190f3c2-9f33-8c1f-9a55-{one:012}"
        shown = ListSummary(name, warehouse="MAIN", status=status, priority=priority, **more)
        key = (f"PickList#{name}/{status}", "Summary")
        floor.system.views("picking").put(*key, shown, 1, LISTS.index(shown))


def _next(floor: Floor, actor: str, key: str = "") -> str:
    answer = floor.post("/pick-lists/next", actor=actor, key=key)
    return str(answer.body["list_id"]) if answer.status == 200 else ""


class TestRepeatedRequestsForTheNextList:
    """A scanner that lost the answer asks again with its key: it gets the list of the first request."""

    def test_a_repeat_gets_the_list_of_the_first_though_the_lists_do_not_show_the_claim_yet(
        self, floor: Floor
    ) -> None:
        _two_lists(floor)
        first = floor.post("/pick-lists/next", key="lost")
        again = floor.post("/pick-lists/next", key="lost")
        assert again.body == first.body
        assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
        assert len(_claims(floor)) == 1

    def test_a_repeat_gets_it_though_it_is_finished(self, floor: Floor) -> None:
        _two_lists(floor)
        first = floor.post("/pick-lists/next", key="lost").body
        floor.pick_all(first)
        again = floor.post("/pick-lists/next", key="lost").body
        assert (again["list_id"], again["status"]) == (first["list_id"], "done")
        assert _claims(floor) == {}

    def test_a_repeat_gets_it_though_somebody_else_has_it_by_now(self, floor: Floor) -> None:
        _two_lists(floor)
        first = floor.post("/pick-lists/next", key="lost").body
        floor.post(f"/pick-lists/{first['list_id']}/hand-over", {"operator": "sam"})
        floor.settle()
        again = floor.post("/pick-lists/next", key="lost").body
        assert (again["list_id"], again["operator"]) == (first["list_id"], "sam")

    def test_a_repeat_gets_it_however_much_has_happened_to_the_list_since(self, floor: Floor) -> None:
        _two_lists(floor)
        first = floor.post("/pick-lists/next", key="lost").body
        for _ in range(PICK_LIST.window + 1):
            floor.claimed(first["list_id"])
        again = floor.post("/pick-lists/next", key="lost")
        assert (again.body["list_id"], again.headers["idempotent-replayed"]) == (first["list_id"], "true")

    def test_another_request_under_the_same_key_is_refused(self, floor: Floor) -> None:
        _two_lists(floor)
        floor.post("/pick-lists/next", key="used")
        other = floor.post("/pick-lists/next", {"zone": "B"}, key="used")
        assert (other.status, other.problem) == (422, "idempotency-key-reused")

    def test_the_same_request_twice_at_once_claims_one_list(self, floor: Floor) -> None:
        for moment in count():
            _two_lists(floor)
            got: list[str] = []
            again = partial(_next, floor, "kim", f"k{moment}")
            with at_moment(aws.dynamodb(), moment, lambda: got.append(again())) as passed:  # noqa: B023
                got.append(again())
            if moment >= len(passed):
                break
            assert len(set(got)) == 1, moment
            assert len(_claims(floor)) == 1, moment
            _finish_all(floor)

    def test_wherever_a_worker_dies_the_repeat_claims_one_list(self, floor: Floor) -> None:
        for moment in count():
            _two_lists(floor)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                _next(floor, "kim", f"k{moment}")
            if moment >= len(passed):
                break
            assert _next(floor, "kim", f"k{moment}"), moment
            assert len(_claims(floor)) == 1, moment
            _finish_all(floor)

    def test_what_somebody_faster_has_taken_is_given_up_for_another_list_once(self, floor: Floor) -> None:
        """Another picker takes the list that was chosen, and the same request comes again at any later moment."""
        for taken in count():
            _two_lists(floor)
            with at_moment(aws.dynamodb(), taken, lambda: _next(floor, "sam")) as passed:
                got = [_next(floor, "kim", f"k{taken}")]
            if taken >= len(passed):
                break
            got.append(_next(floor, "kim", f"k{taken}"))
            assert len(set(got)) == 1, taken
            assert sorted(_claims(floor).values()) == ["kim", "sam"], taken
            _finish_all(floor)

    def test_a_request_that_was_overtaken_by_its_repeat_claims_nothing_more(self, floor: Floor) -> None:
        """Its list is taken and given back while it sleeps, and its repeat goes on with another one meanwhile."""

        def overtaken(key: str, got: list[str]) -> None:
            chosen = _next(floor, "sam")
            got.append(_next(floor, "kim", key))
            floor.post(f"/pick-lists/{chosen}/release", actor="sam")

        for moment in count():
            _two_lists(floor)
            key, got = f"k{moment}", list[str]()
            with at_moment(aws.dynamodb(), moment, partial(overtaken, key, got)) as passed:
                got.append(_next(floor, "kim", key))
            if moment >= len(passed):
                break
            assert len(set(got)) == 1, moment
            assert list(_claims(floor).values()) == ["kim"], moment
            _finish_all(floor)


def _two_lists(floor: Floor) -> None:
    mugs(floor, "A-01-01")
    mugs(floor, "A-02-01")
    assert len(floor.lists(method="discrete")) == 2


def _claims(floor: Floor) -> dict[str, str]:
    """Who has which list, by the lists themselves."""
    floor.system.project("picking")
    return {one["list_id"]: one["operator"] for one in floor.get("/pick-lists", status="claimed")["items"]}


def _finish_all(floor: Floor) -> None:
    for status in ("claimed", "open"):
        for one in floor.get("/pick-lists", status=status)["items"]:
            floor.pick_all(one, one.get("operator") or "kim")


class TestConfirmations:
    def test_an_order_is_picked_when_everything_on_its_list_is(self, floor: Floor) -> None:
        order_id = new_order()
        floor.ask(
            order_id,
            line("1", "MUG", visit("A-01-01", 3), visit("A-02-02", 1)),
            line("2", "MILK", visit("B-03-01", 2, lot="L1", expires_on="2027-01-01")),
            line("3", "DRILL", visit("A-01-03", 2, serials=["S1", "S2"])),
        )
        [picklist] = floor.lists()
        floor.pick_all(picklist)
        picked = floor.published("UnitsPicked")
        assert {(one["holding"], one["units"], one["container"]) for one in picked} == {
            ("A-01-01", 3, picklist["list_id"]),
            ("A-02-02", 1, picklist["list_id"]),
            ("B-03-01", 2, picklist["list_id"]),
            ("A-01-03", 2, picklist["list_id"]),
        }
        assert {one.get("lot") for one in picked} == {None, "L1"}
        [told] = floor.published("OrderPicked")
        assert (told["order_id"], told.get("short", []), told["number"]) == (order_id, [], 1)
        assert floor.get(f"/pick-lists/{picklist['list_id']}")["status"] == "done"
        assert floor.post(f"/pick-lists/{picklist['list_id']}/claim").problem == "list-completed"

    @pytest.mark.parametrize(
        ("wrong", "problem", "field"),
        [
            ({"location": "A-01-02"}, "wrong-location", "location"),
            ({"check_digits": "99"}, "wrong-check-digits", "check_digits"),
            ({"location": None, "check_digits": None}, "wrong-location", "location"),
            ({"code": "4006381333931"}, "wrong-item", "code"),
            ({"code": None}, "wrong-item", "code"),
            ({"lot": "L2"}, "wrong-lot", "lot"),
            ({"lot": None}, "lot-missing", "lot"),
            ({"units": 3}, "too-many", "units"),
            ({"tote": 2}, "wrong-tote", "tote"),
            ({"short": {"units_found": 2, "reason": "empty"}}, "not-short", "short"),
        ],
    )
    def test_a_wrong_scan_is_refused_with_what_is_wrong(
        self, floor: Floor, wrong: dict[str, Any], problem: str, field: str
    ) -> None:
        floor.ask(new_order(), line("1", "MILK", visit("A-01-01", 2, lot="L1")))
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        [verdict] = floor.confirm(picklist["list_id"], floor.scan(step, **wrong))
        assert (verdict["result"], verdict["problem"]) == ("refused", problem)
        assert verdict["error"]["field"] == f"confirmations[0].{field}"
        assert verdict["error"]["remedy"]
        assert floor.published("UnitsPicked") == []

    def test_what_has_expired_or_is_recalled_is_left_at_its_place_and_reported_short(self, floor: Floor) -> None:
        old = visit("A-01-01", 2, lot="L1", expires_on="2026-01-30")
        floor.ask(new_order(), line("1", "MILK", old), line("2", "MILK", visit("A-01-02", 2, lot="L2")))
        floor.tell("inventory.LotBlocked", {"sku": "MILK", "lot": "L2", "reason": "glass found"}, "Lot#MILK#L2")
        [picklist] = floor.lists()
        steps = floor.claimed(picklist["list_id"])["steps"]
        verdicts = floor.confirm(picklist["list_id"], *(floor.scan(step) for step in steps))
        assert {one["problem"] for one in verdicts} == {"expired", "lot-blocked"}
        nothing = {"short": {"units_found": 0, "reason": "not fit to be sold"}, "units": None}
        verdicts = floor.confirm(picklist["list_id"], *(floor.scan(step, **nothing) for step in steps))
        assert [one["result"] for one in verdicts] == ["accepted", "accepted"]

    def test_what_is_encoded_beside_the_product_counts_as_scanned(self, floor: Floor) -> None:
        dated = visit("A-01-01", 4, lot="L1", expires_on="2027-01-31")
        unit = visit("A-02-01", 2, holding="106141412345678908", lot="L1")
        drills = visit("A-01-02", 2, serials=["S1", "S2"])
        floor.ask(new_order(), line("1", "MILK", dated), line("2", "DRILL", drills), line("3", "MILK", unit))
        [picklist] = floor.lists()
        steps = {step["place"]: step for step in floor.claimed(picklist["list_id"])["steps"]}

        def scans(place: str, *codes: str, **more: Any) -> list[str]:
            by_code = {"lot": None, "serials": None, "units": None} | more
            asked = [floor.scan(steps[place], **by_code, code=code) for code in codes]
            verdicts = floor.confirm(picklist["list_id"], *asked)
            return [str(one.get("problem", one["result"])) for one in verdicts]

        milk = "]C10104012345678901"
        assert scans(
            "A-01-01", f"{milk}10L2", f"{milk}1727020110L1", "]C1010401234567890110", "(01)0401", milk
        ) == [
            "wrong-lot",
            "wrong-expiry",
            "unreadable-code",
            "unreadable-code",
            "lot-missing",
        ]
        assert scans("A-01-01", f"{milk}10L1", lot="L2") == ["wrong-lot"]
        assert scans("A-01-01", "https://id.gs1.org/01/05901234123457/10/L1", "(00)106141412345678908") == [
            "wrong-item",
            "wrong-item",
        ]
        assert scans("A-01-01", f"{milk}10L1\x1d17270131", units=1) == ["accepted"]
        assert scans("A-01-01", "https://example.com/01/4012345678901/10/L1?17=270131") == ["accepted"]
        drill = "]d20105901234123457"
        assert scans("A-01-02", f"{drill}21S3", f"{drill}21S1", f"{drill}21S1", f"{drill}21S2") == [
            "wrong-serial",
            "accepted",
            "wrong-serial",
            "accepted",
        ]
        pallet = "(02)04012345678901(10)L1(37)40"
        assert scans("A-02-01", f"(00)106141412345678915{pallet}", location=None, check_digits=None) == [
            "wrong-location"
        ]
        assert scans(
            "A-02-01", milk, location="]C100106141412345678908", check_digits=None, lot="L1", units=1
        ) == ["accepted"]
        assert scans("A-02-01", f"(00)106141412345678908{pallet}", location=None, check_digits=None) == [
            "accepted"
        ]
        picked = floor.published("UnitsPicked")
        assert [(one["sku"], one["units"], one.get("lot"), one.get("serials", [])) for one in picked] == [
            ("MILK", 1, "L1", []),
            ("MILK", 3, "L1", []),
            ("DRILL", 1, None, ["S1"]),
            ("DRILL", 1, None, ["S2"]),
            ("MILK", 1, "L1", []),
            ("MILK", 1, "L1", []),
        ]

    def test_control_characters_are_taken_in_codes_alone(self, floor: Floor) -> None:
        floor.ask(new_order(), line("1", "MILK", visit("A-01-01", 2, lot="L1")))
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        scan = floor.scan(step, short={"units_found": 0, "reason": "a\x1db"})
        answer = floor.post(f"/pick-lists/{picklist['list_id']}/confirmations", {"confirmations": [scan]})
        assert (answer.status, answer.field) == (422, "confirmations[0].short.reason")

    def test_serials_are_those_that_were_set_aside_each_once(self, floor: Floor) -> None:
        floor.ask(new_order(), line("1", "DRILL", visit("A-01-01", 3, serials=["S1", "S2", "S3"])))
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        scans = [
            floor.scan(step, units=1, serials=["S9"]),
            floor.scan(step, units=2, serials=["S1", "S1"]),
            floor.scan(step, units=1, serials=["S2"]),
            floor.scan(step, units=1, serials=["S2"]),
            floor.scan(step, units=2, serials=["S1", "S3"]),
        ]
        verdicts = floor.confirm(picklist["list_id"], *scans)
        assert [one.get("problem", "") for one in verdicts] == [
            "wrong-serial",
            "serials-missing",
            "",
            "wrong-serial",
            "",
        ]
        assert [one["number"] for one in floor.published("UnitsPicked")] == [1, 2]

    @pytest.mark.parametrize(
        "right",
        [
            {"code": "4006381333931"},
            {"location": "A-01-01:11", "check_digits": None},
        ],
    )
    def test_codes_and_labels_are_read_as_they_are_printed(self, floor: Floor, right: dict[str, Any]) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        assert floor.confirm(picklist["list_id"], floor.scan(step, **right))[0]["result"] == "accepted"

    def test_a_pack_counts_what_is_in_it(self, floor: Floor) -> None:
        mugs(floor, "A-01-01", units=49)
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]

        def scanned(code: str, **more: Any) -> Any:
            [verdict] = floor.confirm(picklist["list_id"], floor.scan(step, **{"units": None} | more, code=code))
            return verdict.get("error", verdict["result"])

        case, mug = "14006381333938", "4006381333931"
        assert "72 units are too many" in scanned(case, units=72)["message"]
        half = scanned(case, units=2)
        assert half["field"] == "confirmations[0].code"
        assert "is a pack of 24 units; 2 are no whole packs" in half["message"]
        few = {"units_found": 25, "reason": "no more there"}
        assert "25 are no whole packs" in scanned(case, short=few)["message"]
        assert [scanned(case), scanned(f"(01){case}")] == ["accepted", "accepted"]
        opened = scanned(case)
        assert "24 units are too many: 1 is left of this pick. What was scanned is a pack" in opened["message"]
        assert opened["remedy"].startswith("Take 1 out of a pack")
        assert scanned(mug) == "accepted"
        assert [one["units"] for one in floor.published("UnitsPicked")] == [24, 24, 1]

    def test_a_pallets_own_label_will_do(self, floor: Floor) -> None:
        sscc = "106141412345678908"
        floor.ask(new_order(), line("1", "MUG", visit("A-01-01", 2, holding=sscc)))
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        assert step["holding"] == sscc
        [verdict] = floor.confirm(picklist["list_id"], floor.scan(step, location=sscc, check_digits=None))
        assert verdict["result"] == "accepted"
        assert floor.published("UnitsPicked")[0]["holding"] == sscc

    def test_late_confirmations_count_once_also_after_the_lease(self, floor: Floor) -> None:
        mugs(floor, "A-01-01", "A-01-02")
        [picklist] = floor.lists()
        first, second = floor.claimed(picklist["list_id"])["steps"]
        scans = [floor.scan(first, units=1), floor.scan(first, units=1), floor.scan(second)]
        floor.pass_minutes(40)
        assert [one["result"] for one in floor.confirm(picklist["list_id"], scans[0])] == ["accepted"]
        again = floor.confirm(picklist["list_id"], *scans)
        assert [one["result"] for one in again] == ["already", "accepted", "accepted"]
        twice = floor.confirm(picklist["list_id"], *scans)
        assert [one["result"] for one in twice] == ["already"] * 3
        assert sum(one["units"] for one in floor.published("UnitsPicked")) == 4
        assert floor.published("UnitsPicked")[0]["picked_at"] == "2026-01-31T09:31:00.000Z"

    def test_a_picker_who_lost_the_list_is_told_so(self, floor: Floor) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        floor.pass_minutes(20)
        floor.claimed(picklist["list_id"], "sam")
        [verdict] = floor.confirm(picklist["list_id"], floor.scan(step))
        assert (verdict["result"], verdict["problem"]) == ("refused", "list-not-claimed")

    def test_what_was_refused_is_decided_anew_under_the_same_key_and_what_was_accepted_is_not(
        self, floor: Floor
    ) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        scan, hand_over = floor.scan(step), f"/pick-lists/{picklist['list_id']}/hand-over"
        floor.post(hand_over, {"operator": "sam"}, "boss")
        [refused] = floor.confirm(picklist["list_id"], scan, key="bulk")
        floor.post(hand_over, {"operator": "kim"}, "boss")
        [accepted] = floor.confirm(picklist["list_id"], scan, key="bulk")
        [repeated] = floor.confirm(picklist["list_id"], scan, key="bulk")
        assert (refused["result"], refused["problem"]) == ("refused", "list-not-claimed")
        assert (accepted["result"], repeated) == ("accepted", accepted)
        assert [one["units"] for one in floor.published("UnitsPicked")] == [2]

    def test_a_confirmation_that_dies_anywhere_counts_once_when_it_is_sent_again(self, floor: Floor) -> None:
        for moment in count():
            order_id = mugs(floor, "A-01-01", "A-01-02")
            [picklist] = floor.lists()
            steps = floor.claimed(picklist["list_id"])["steps"]
            scans = [floor.scan(step) for step in steps]
            body = {"confirmations": scans}
            path = f"/pick-lists/{picklist['list_id']}/confirmations"
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                floor.post(path, body, key=f"bulk-{moment}")
            answer = floor.post(path, body, key=f"bulk-{moment}")
            assert [one["result"] for one in answer.body["verdicts"]] == ["accepted"] * 2
            floor.settle()
            assert sum(one["units"] for one in floor.published("UnitsPicked", order_id=order_id)) == 4
            assert len(floor.published("OrderPicked", order_id=order_id)) == 1
            if moment >= len(passed):
                break
        assert moment > 2


class TestShorts:
    def test_what_is_found_counts_and_the_rest_is_picked_elsewhere(self, floor: Floor) -> None:
        order_id = new_order()
        other = line("2", "MILK", visit("A-01-02", 1, lot="L1"))
        floor.ask(order_id, line("1", "MUG", visit("A-01-01", 5)), other)
        [picklist] = floor.lists()
        steps = {step["line_id"]: step for step in floor.claimed(picklist["list_id"])["steps"]}
        short = floor.scan(steps["1"], units=None, short={"units_found": 3, "reason": "no more there"})
        assert floor.confirm(picklist["list_id"], short)[0]["result"] == "accepted"
        [missing] = floor.published("PickShort")
        assert (missing["missing"], missing["number"], missing["holding"]) == (2, 2, "A-01-01")
        # inventory has not heard of the three yet, and says that they are where they were
        again = line("1", "MUG", visit("A-01-01", 3), visit("B-03-01", 2), answer=2)
        floor.ask(order_id, again, number=2, total_lines=2)
        assert [(one["place"], one["units"]) for one in _open(floor, order_id)] == [("A-01-02", 1), ("B-03-01", 2)]
        [second] = floor.lists()
        floor.pick_all(second, "sam")
        assert floor.published("OrderPicked") == []
        assert floor.confirm(picklist["list_id"], floor.scan(steps["2"]))[0]["result"] == "accepted"
        floor.settle()
        [told] = floor.published("OrderPicked")
        assert {one["line_id"]: one["units"] for one in told["lines"]} == {"1": 5, "2": 1}
        assert told.get("short", []) == []

    def test_an_order_whose_missing_units_come_later_is_told_picked_again(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01", units=4)
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        short = floor.scan(step, units=None, short={"units_found": 1, "reason": "damaged"})
        floor.confirm(picklist["list_id"], short)
        floor.settle()
        [told] = floor.published("OrderPicked")
        assert (told["lines"][0]["units"], told["short"]) == (1, ["1"])
        inside = visit(picklist["list_id"], 1)
        floor.ask(order_id, line("1", "MUG", inside, visit("B-03-02", 3), answer=7), number=2)
        [second] = floor.lists()
        floor.pick_all(second)
        assert [one["number"] for one in floor.published("OrderPicked")] == [1, 2]
        assert floor.published("OrderPicked")[1]["lines"][0]["units"] == 4

    def test_a_place_that_is_empty_is_scanned_but_no_product(self, floor: Floor) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        empty = {"units": None, "code": None, "short": {"reason": "empty"}}
        elsewhere = floor.scan(step, **empty, location="A-01-02", check_digits="12")
        nowhere = floor.scan(step, **empty, location=None, check_digits=None)
        misread = floor.scan(step, **empty, check_digits="99")
        verdicts = floor.confirm(picklist["list_id"], elsewhere, nowhere, misread)
        assert [one["problem"] for one in verdicts] == ["wrong-location", "wrong-location", "wrong-check-digits"]
        assert floor.published("PickShort") == []
        assert floor.confirm(picklist["list_id"], floor.scan(step, **empty))[0]["result"] == "accepted"
        assert floor.published("PickShort")[0]["missing"] == 2


class TestChanges:
    def test_picks_that_are_replaced_leave_their_list_and_come_on_another(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01", units=2)
        [picklist] = floor.lists()
        floor.ask(order_id, line("1", "MUG", visit("B-03-01", 2), answer=2), number=2)
        [step] = floor.get(f"/pick-lists/{picklist['list_id']}")["steps"]
        assert step["status"] == "withdrawn"
        [second] = floor.lists()
        floor.pick_all(second)
        assert [one["holding"] for one in floor.published("UnitsPicked")] == ["B-03-01"]

    def test_what_was_taken_before_the_change_is_not_asked_for_again(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01", units=4)
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        floor.confirm(picklist["list_id"], floor.scan(step, units=3))
        floor.ask(order_id, line("1", "MUG", visit("A-01-01", 3), visit("B-03-01", 1), answer=2), number=2)
        assert [(one["place"], one["units"]) for one in _open(floor, order_id)] == [("B-03-01", 1)]
        [late] = floor.confirm(picklist["list_id"], floor.scan(step, units=1))
        assert late["problem"] == "pick-withdrawn"
        assert "A-01-01" in late["error"]["remedy"]

    def test_what_is_told_twice_or_late_changes_nothing(self, floor: Floor) -> None:
        order_id = new_order()
        new = line("1", "MUG", visit("B-03-01", 2), answer=5)
        old = line("1", "MUG", visit("A-01-01", 2), answer=3)
        floor.ask(order_id, new, number=2)
        floor.ask(order_id, old, number=1)
        floor.ask(order_id, new, number=2)
        assert [(one["place"], one["units"]) for one in _open(floor, order_id)] == [("B-03-01", 2)]

    def test_a_change_that_dies_anywhere_leaves_every_unit_asked_for_once(self, floor: Floor) -> None:
        for moment in count():
            order_id = mugs(floor, "A-01-01", units=4)
            [picklist] = floor.lists()
            [step] = floor.claimed(picklist["list_id"])["steps"]
            floor.confirm(picklist["list_id"], floor.scan(step, units=1))
            data = floor.wanted(
                order_id,
                line("1", "MUG", visit("A-01-01", 2), visit("B-03-01", 2), answer=2),
                number=2,
            )
            message = floor.told("orders.PickingRequested", data, f"Order#{order_id}", 20)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                floor.system.deliver(REQUESTS, message)
            assert floor.system.deliver(REQUESTS, message) == []
            floor.settle()
            assert sum(one["units"] for one in _open(floor, order_id)) == 3, moment
            for one in floor.lists():
                floor.pick_all(one, "sam")
            assert sum(one["units"] for one in floor.published("UnitsPicked", order_id=order_id)) == 4
            assert len(floor.published("OrderPicked", order_id=order_id)) == 1
            if moment >= len(passed):
                break
        assert moment > 4

    def test_a_change_and_a_picker_at_the_same_moment_leave_every_unit_once(self, floor: Floor) -> None:
        for moment in count():
            order_id = mugs(floor, "A-01-01", units=4)
            [picklist] = floor.lists()
            [step] = floor.claimed(picklist["list_id"])["steps"]
            scan = floor.scan(step)
            data = floor.wanted(order_id, line("1", "MUG", visit("B-03-01", 4), answer=2), number=2)
            message = floor.told("orders.PickingRequested", data, f"Order#{order_id}", 20)
            picks = partial(floor.confirm, picklist["list_id"], scan)
            with at_moment(aws.dynamodb(), moment, picks) as passed:
                assert floor.system.deliver(REQUESTS, message) == []
            floor.settle()
            for one in floor.lists():
                floor.pick_all(one, "sam")
            assert sum(one["units"] for one in floor.published("UnitsPicked", order_id=order_id)) == 4, moment
            assert len(floor.published("OrderPicked", order_id=order_id)) == 1
            if moment >= len(passed):
                break


class TestCancellation:
    def test_a_cancelled_order_is_not_picked_any_more(self, floor: Floor) -> None:
        order_id, other = mugs(floor, "A-01-01", "A-01-02"), mugs(floor, "A-02-01")
        [picklist] = floor.lists()
        steps = floor.claimed(picklist["list_id"])["steps"]
        own = [step for step in steps if step["order_id"] == order_id]
        floor.confirm(picklist["list_id"], floor.scan(own[0]))
        floor.give_up(order_id)
        [verdict] = floor.confirm(picklist["list_id"], floor.scan(own[1]))
        assert verdict["problem"] == "pick-withdrawn"
        assert floor.get(f"/orders/{order_id}")["withdrawn"] == "changed my mind"
        assert floor.published("OrderPicked") == []
        [left] = [step for step in steps if step["order_id"] == other]
        floor.confirm(picklist["list_id"], floor.scan(left))
        floor.settle()
        assert [one["order_id"] for one in floor.published("OrderPicked")] == [other]
        assert floor.get(f"/pick-lists/{picklist['list_id']}")["status"] == "done"

    def test_an_order_that_is_cancelled_before_it_asks_is_never_picked(self, floor: Floor) -> None:
        order_id = new_order()
        floor.give_up(order_id)
        floor.ask(order_id, line("1", "MUG", visit("A-01-01", 2)))
        assert floor.wave().get("orders", []) == []

    def test_whenever_it_is_cancelled_while_it_is_released_nothing_stays_on_a_list(self, floor: Floor) -> None:
        for moment in count():
            order_id = mugs(floor, "A-01-01", "B-03-01")
            floor.post("/waves", {"method": "zone"})
            [asked] = [one for one in floor.system.publish("picking") if one.type == "picking.WaveRequested"]
            data = {"order_id": order_id, "reason": "changed my mind"}
            message = floor.told("orders.CancellationStarted", data, f"Order#{order_id}", 999)
            cancel = partial(floor.system.deliver, REQUESTS, message)
            with at_moment(aws.dynamodb(), moment, cancel) as passed:
                assert floor.system.deliver(RELEASING, asked) == []
            if moment >= len(passed):
                break
            floor.settle()
            lists = floor.get("/pick-lists")["items"] + floor.get("/pick-lists", status="claimed")["items"]
            assert lists == [], moment


class TestSupervision:
    def test_what_was_picked_on_a_cancelled_list_is_packed_and_the_rest_is_waved_again(self, floor: Floor) -> None:
        order_id = mugs(floor, "A-01-01", "B-03-01", units=4)
        [picklist] = floor.lists()
        steps = floor.claimed(picklist["list_id"])["steps"]
        first, second = sorted(steps, key=lambda step: str(step["place"]))
        assert floor.confirm(picklist["list_id"], floor.scan(first, units=3))[0]["result"] == "accepted"
        path = f"/pick-lists/{picklist['list_id']}/cancellation"
        answer = floor.post(path, {"reason": "the cart broke"}, "boss", "cancel")
        assert (answer.status, answer.body["status"], answer.body["cancelled"]) == (200, "done", "the cart broke")
        assert floor.post(path, {"reason": "the cart broke"}, "boss", "cancel").body == answer.body
        assert floor.post(path, {"reason": "again"}, "boss").problem == "list-completed"
        [late] = floor.confirm(picklist["list_id"], floor.scan(second))
        assert (late["result"], late["problem"]) == ("refused", "list-cancelled")
        floor.settle()
        assert [one["order_id"] for one in floor.get("/pool")["items"]] == [order_id]
        assert [(one["place"], one["units"]) for one in _open(floor, order_id)] == [("A-01-01", 1), ("B-03-01", 4)]
        [again] = floor.lists()
        floor.pick_all(again, "sam")
        [told] = floor.published("OrderPicked")
        assert (told["lines"][0]["units"], told.get("short", [])) == (8, [])
        assert floor.get(f"/orders/{order_id}")["containers"] == [picklist["list_id"], again["list_id"]]

    def test_a_pick_at_any_moment_of_a_cancellation_counts_once_and_the_rest_is_picked_once(
        self, floor: Floor
    ) -> None:
        for moment in count():
            order_id = mugs(floor, "A-01-01", units=4)
            [picklist] = floor.lists()
            [step] = floor.claimed(picklist["list_id"])["steps"]
            pick = partial(floor.confirm, picklist["list_id"], floor.scan(step, units=3))
            with at_moment(aws.dynamodb(), moment, pick) as passed:
                floor.post(f"/pick-lists/{picklist['list_id']}/cancellation", {"reason": "fire drill"}, "boss")
            floor.settle()
            for one in floor.lists():
                floor.pick_all(one, "sam")
            assert sum(one["units"] for one in floor.published("UnitsPicked", order_id=order_id)) == 4, moment
            assert len(floor.published("OrderPicked", order_id=order_id)) == 1
            if moment >= len(passed):
                break

    def test_a_supervisor_gives_a_list_to_another_picker(self, floor: Floor) -> None:
        mugs(floor, "A-01-01")
        [picklist] = floor.lists()
        [step] = floor.claimed(picklist["list_id"])["steps"]
        path = f"/pick-lists/{picklist['list_id']}/hand-over"
        handed = floor.post(path, {"operator": "sam"}, "boss")
        assert (handed.status, handed.body["operator"]) == (200, "sam")
        [verdict] = floor.confirm(picklist["list_id"], floor.scan(step))
        assert (verdict["problem"], "sam has it until" in verdict["error"]["message"]) == (
            "list-not-claimed",
            True,
        )
        assert floor.post(path, {}, "boss").body.get("operator") is None
        assert floor.claimed(picklist["list_id"], "alex")["operator"] == "alex"
        assert len(floor.published("PickingStarted")) == 1
        assert floor.post(f"/pick-lists/{new_order()}/hand-over", {}, "boss").problem == "unknown-list"


def _open(floor: Floor, order_id: str) -> list[dict[str, Any]]:
    found = floor.get(f"/orders/{order_id}")["open"]
    return sorted(found, key=lambda one: str(one["place"]))
