"""Packing over HTTP: what is scanned, weighed and told, by whom and how often, and what a death leaves behind."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import msgspec
import pytest

from picking.packing_aggregates import PACKING
from picking.packing_contracts import CartonPacked
from shared import aws, ids
from shared.gs1 import CARTON_EXTENSION, require_sscc
from tests.support.clocks import movable_clock
from tests.support.deliveries import history
from tests.support.faults import Died, at_moment, counting, die
from tests.support.landscape import Answer, landscape
from tests.unit.picking.packing_bench import (
    BOX,
    CASE_GTIN,
    DRILL_GTIN,
    MILK_GTIN,
    MUG_GTIN,
    TARE,
    PackingBench,
    line,
)

Json = dict[str, Any]


@pytest.fixture
def bench() -> Iterator[PackingBench]:
    with landscape() as deployed:
        yield PackingBench(deployed)


def _append(answers: list[Answer], ask: Callable[[], Answer]) -> None:
    answers.append(ask())


def mugs(units: int) -> Json:
    return {"sku": "MUG", "units": units}


class TestWhatMustNotLeave:
    def test_what_has_expired_since_it_was_picked_is_refused_until_it_is_reported(
        self, bench: PackingBench
    ) -> None:
        with movable_clock() as clock:
            order_id = bench.picked(line("MILK", 2, lot="L1", expires_on="2026-01-31"), line("MUG", 1))
            sscc = bench.open(order_id)
            assert bench.fill(order_id, sscc, {"sku": "MILK", "units": 1}).status == 200, "it expires today"
            clock.pass_time(timedelta(days=1))
            refused = bench.fill(order_id, sscc, {"sku": "MILK", "units": 1})
            assert (refused.status, refused.problem) == (422, "expired")
            assert "rejections" in refused.body["errors"][0]["remedy"]
            refused = bench.close(order_id, sscc, TARE + 1_000)
            assert (refused.status, refused.problem) == (409, "expired")
            bench.post(f"{order_id}/cartons/{sscc}/removals", {"items": [{"sku": "MILK", "units": 1}]})
            body = {"items": [{"sku": "MILK", "units": 2}], "condition": "damaged", "reason": "past its date"}
            assert bench.post(f"{order_id}/rejections", body).status == 201
            assert bench.get(f"{order_id}/packing")["unfit"] == []
            assert bench.fill(order_id, sscc, mugs(1)).status == 200
            assert bench.close(order_id, sscc, TARE + 400).body["packed"] is True

    def test_what_is_good_goes_first_and_what_has_expired_is_rejected_first(self, bench: PackingBench) -> None:
        with movable_clock():
            order_id = bench.picked(
                line("MILK", 2, lot="L1", expires_on="2026-01-30"),
                line("MILK", 2, lot="L1", expires_on="2026-03-01"),
            )
            sscc = bench.open(order_id)
            packed = bench.fill(order_id, sscc, {"sku": "MILK", "units": 2})
            assert [item["expires_on"] for item in packed.body["items"]] == ["2026-03-01"]
            body = {"items": [{"sku": "MILK", "units": 2}], "condition": "damaged", "reason": "past its date"}
            rejected = bench.post(f"{order_id}/rejections", body)
            assert [item["expires_on"] for item in rejected.body["items"]] == ["2026-01-30"]

    def test_a_recalled_lot_is_refused_until_the_recall_is_lifted(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MILK", 1, lot="L1"))
        bench.hear("LotBlocked", {"sku": "MILK", "lot": "L1", "reason": "glass found"}, 2)
        bench.hear("LotBlocked", {"sku": "MILK", "lot": "L1", "reason": "glass found"}, 2)
        refused = bench.pack(order_id, (TARE + 1_000, [{"sku": "MILK", "units": 1}]))
        assert (refused.status, refused.problem) == (422, "lot-blocked")
        bench.hear("LotUnblocked", {"sku": "MILK", "lot": "L1", "reason": "a mistake"}, 3)
        bench.hear("LotBlocked", {"sku": "MILK", "lot": "L1", "reason": "glass found"}, 2)
        assert bench.pack(order_id, (TARE + 1_000, [{"sku": "MILK", "units": 1}])).status == 201


class TestAtOnce:
    def test_an_order_is_packed_in_one_request_and_told_carton_by_carton(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5), line("MILK", 2, lot="L1"), line("DRILL", 1, serials=["S1"]))
        milk, drill = {"sku": "MILK", "units": 2}, {"sku": "DRILL", "serials": ["S1"]}
        answer = bench.pack(order_id, (TARE + 2_000, [mugs(5)]), (TARE + 4_000, [milk, drill]))
        assert (answer.status, answer.body["packed"]) == (201, True)
        first, second = answer.body["cartons"]
        for carton in (first, second):
            assert require_sscc(carton["sscc"]).startswith(CARTON_EXTENSION)
        told = bench.told("CartonPacked")
        assert [(one["sscc"], one["weight_g"], one["operator"]) for one in told] == [
            (first["sscc"], 2_300, "operator-7"),
            (second["sscc"], 4_300, "operator-7"),
        ]
        assert [(item["sku"], item["units"], item.get("lot")) for item in told[1]["items"]] == [
            ("MILK", 2, "L1"),
            ("DRILL", 1, None),
        ]
        [packed] = bench.told("OrderPacked")
        assert (packed["order_id"], packed["shipment_id"]) == (order_id, answer.body["shipment_id"])
        assert [(one["line_id"], one["units"]) for one in packed["lines"]] == [("1", 5), ("2", 2), ("3", 1)]
        assert [one["sscc"] for one in packed["cartons"]] == [first["sscc"], second["sscc"]]

    def test_it_costs_one_write(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        with counting(aws.dynamodb()) as traffic:
            assert bench.pack(order_id, (TARE + 2_000, [mugs(5)])).status == 201
        assert traffic.asked("PutItem") == 2, "the order's packing, and a block of numbers for 500 cartons"
        assert len(history(bench.system.history("picking"), PACKING.stream_id(order_id))) == 1

    def test_the_same_request_again_gets_the_first_answer_and_packs_nothing(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        first = bench.pack(order_id, (TARE + 2_000, [mugs(5)]), key="k")
        bench.put("BOX", {**BOX, "active": False})
        again = bench.pack(order_id, (TARE + 2_000, [mugs(5)]), key="k")
        assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
        other = bench.pack(order_id, (TARE + 400, [mugs(1)]), key="k")
        assert (other.status, other.problem) == (422, "idempotency-key-reused")
        assert len(bench.told("CartonPacked")) == 1

    def test_what_is_wrong_is_named_where_the_request_says_it_and_nothing_is_packed(
        self, bench: PackingBench
    ) -> None:
        order_id = bench.picked(line("MUG", 5))
        for carton, problem, field in (
            ((TARE + 2_000, [mugs(6)]), "too-many", "cartons[0].items[0].units"),
            ((TARE + 2_000, [mugs(1), {"sku": "MILK"}]), "wrong-item", "cartons[0].items[1].sku"),
            ((TARE + 2_000, [{"code": "96385074"}]), "wrong-item", "cartons[0].items[0].code"),
            ((TARE + 2_000, [{"units": 1}]), "product-missing", "cartons[0].items[0]"),
            ((TARE + 100, [mugs(5)]), "weight-differs", "cartons[0].weight_g"),
        ):
            answer = bench.pack(order_id, carton)
            assert (answer.status, answer.problem, answer.field) == (422, problem, field)
        body = {"cartons": [{"carton_type": "BAG", "weight_g": 1, "items": [mugs(1)]}]}
        answer = bench.post(f"{order_id}/packing", body)
        assert (answer.problem, answer.field) == ("unknown-carton-type", "cartons[0].carton_type")
        assert "BOX" in answer.body["detail"]
        assert bench.told("CartonPacked") == []

    def test_an_order_that_is_unknown_or_not_picked_is_not_packed(self, bench: PackingBench) -> None:
        assert bench.pack(ids.new_id(), (1, [mugs(1)])).problem == "unknown-order"
        order_id = ids.new_id()
        bench.ask(order_id, line("MUG", 5))
        waiting = bench.pack(order_id, (TARE + 400, [mugs(1)]))
        assert (waiting.status, waiting.problem) == (409, "picking-goes-on")
        bench.pick(order_id, 1, found=0)
        assert bench.pack(order_id, (TARE + 400, [mugs(1)])).problem == "nothing-to-pack"

    def test_cartons_are_packed_at_packing_places_of_their_warehouse(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        for location in ("DOCK-1", "PACK-9", "NOWHERE"):
            answer = bench.pack(order_id, (TARE + 2_000, [mugs(5)]), packing_location=location)
            assert (answer.status, answer.problem, answer.field) == (422, "no-place-to-pack", "packing_location")
        assert bench.pack(order_id, (TARE + 2_000, [mugs(5)]), packing_location="PACK-1").status == 201
        assert bench.told("CartonPacked")[0]["packing_location"] == "PACK-1"


class TestByHand:
    def test_cartons_are_opened_filled_by_scan_weighed_and_closed(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5), line("MILK", 2, lot="L1"))
        sscc = bench.open(order_id, packing_location="PACK-1")
        assert bench.fill(order_id, sscc, {"code": CASE_GTIN, "units": 3}).problem == "wrong-pack"
        case = bench.fill(order_id, sscc, {"code": CASE_GTIN})
        assert [(item["sku"], item["units"], item["line_id"]) for item in case.body["items"]] == [("MUG", 4, "1")]
        assert bench.fill(order_id, sscc, {"code": MUG_GTIN}).status == 200
        assert bench.fill(order_id, sscc, {"code": MUG_GTIN}).problem == "too-many"
        closed = bench.close(order_id, sscc, TARE + 2_000)
        assert (closed.status, closed.body["packed"]) == (200, False)
        assert bench.told("OrderPacked") == []
        second = bench.open(order_id)
        assert second != sscc
        assert bench.fill(order_id, second, {"sku": "MILK", "lot": "L1", "units": 2}).status == 200
        assert bench.close(order_id, second, TARE + 2_000).body["packed"] is True
        [packed] = bench.told("OrderPacked")
        assert [one["sscc"] for one in packed["cartons"]] == [sscc, second]
        assert bench.told("CartonPacked")[0]["packing_location"] == "PACK-1"

    def test_what_is_encoded_beside_the_product_counts_as_scanned(self, bench: PackingBench) -> None:
        order_id = bench.picked(
            line("MILK", 2, lot="L1", expires_on="2027-01-31"),
            line("MILK", 1, lot="L2"),
            line("DRILL", 2, serials=["S1", "S2"]),
        )
        sscc = bench.open(order_id)
        milk, drill = f"]d2010{MILK_GTIN}", f"https://id.gs1.org/01/{DRILL_GTIN}/21"
        wrong: list[tuple[Json, str, str]] = [
            ({"code": f"{milk}10L9"}, "wrong-lot", "items[0].lot"),
            ({"code": milk}, "lot-missing", "items[0].lot"),
            ({"code": f"{milk}10L1", "lot": "L2"}, "wrong-lot", "items[0].code"),
            ({"code": f"{milk}1727020110L1"}, "wrong-expiry", "items[0].code"),
            ({"code": f"{milk}10"}, "unreadable-code", "items[0].code"),
            ({"code": f"{drill}/S3"}, "wrong-serial", "items[0].serials"),
            ({"code": f"{drill}/S1", "serials": ["S2"]}, "wrong-serial", "items[0].code"),
            ({"code": f"]C100{sscc}"}, "wrong-item", "items[0].code"),
            ({"code": "(01)04006381333931(10)L1"}, "wrong-item", "items[0].code"),
        ]
        for item, problem, field in wrong:
            refused = bench.fill(order_id, sscc, item)
            assert (refused.status, refused.problem, refused.field) == (422, problem, field), item
        scanned: list[Json] = [
            {"code": f"{milk}10L1\x1d17270131", "units": 2},
            {"code": f"{milk}10L2"},
            {"code": f"{drill}/S2"},
        ]
        packed = bench.fill(order_id, f"]C100{sscc}", *scanned).body
        assert packed["sscc"] == sscc
        assert [(one["line_id"], one["units"], one.get("lot"), one.get("serials")) for one in packed["items"]] == [
            ("1", 2, "L1", None),
            ("2", 1, "L2", None),
            ("3", 1, None, ["S2"]),
        ]
        assert bench.close(order_id, f"(00){sscc}", TARE + 5_000).status == 200

    def test_what_lies_on_fragile_things_is_named_and_packed(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5), line("MILK", 2, lot="L1"))
        sscc = bench.open(order_id)
        assert bench.fill(order_id, sscc, mugs(5)).body["warnings"] == []
        onto = bench.fill(order_id, sscc, {"sku": "MILK", "units": 2}, key="k")
        [warning] = onto.body["warnings"]
        assert (onto.status, warning["code"], warning["sku"]) == (200, "fragile-below", "MUG")
        assert bench.fill(order_id, sscc, {"sku": "MILK", "units": 2}, key="k").body == onto.body
        assert bench.close(order_id, sscc, TARE + 4_000).body["packed"] is True

    def test_what_is_dangerous_may_be_fragile_as_well(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("FLASK", 2), line("PAINT", 2), line("MUG", 1))
        sscc = bench.open(order_id)
        assert bench.fill(order_id, sscc, {"sku": "FLASK", "units": 2}).body["warnings"] == []
        [warning] = bench.fill(order_id, sscc, {"sku": "PAINT", "units": 2}).body["warnings"]
        assert (warning["code"], warning["sku"]) == ("fragile-below", "FLASK")
        assert bench.fill(order_id, sscc, mugs(1)).problem == "hazards-apart"

    def test_what_is_damaged_is_reported_once_and_told_with_the_pick_that_it_came_by(
        self, bench: PackingBench
    ) -> None:
        order_id = bench.picked(line("MUG", 5))
        body = {"items": [{"code": MUG_GTIN, "units": 2}], "condition": "damaged", "reason": "cracked"}
        answer = bench.post(f"{order_id}/rejections", body, "k")
        again = bench.post(f"{order_id}/rejections", body, "k")
        assert (answer.status, answer.body["packed"]) == (201, False)
        assert (again.body, again.headers["idempotent-replayed"]) == (answer.body, "true")
        too_many = bench.post(f"{order_id}/rejections", {**body, "items": [{"sku": "MUG", "units": 4}]})
        assert (too_many.status, too_many.problem, too_many.field) == (422, "too-many", "items[0].units")
        [rejected] = [one for one in bench.system.publish("picking") if one.type == "picking.ItemsRejected"]
        for _ in range(2):
            assert bench.system.deliver(("picking", "progress"), rejected) == []
        [told] = bench.told("UnitsRejected")
        [gone] = told["lines"]
        assert (gone["pick_id"], gone["units"], gone["holding"]) == (f"{order_id}.1", 2, "A-MUG")
        assert bench.get(f"{order_id}/packing")["to_pack"][0]["units"] == 3
        assert bench.get(order_id)["collected"][0]["units"] == 3
        assert bench.pack(order_id, (TARE + 1_200, [mugs(3)])).body["packed"] is True

    def test_what_is_taken_out_goes_into_another_carton(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        first, second = bench.open(order_id), bench.open(order_id)
        bench.fill(order_id, first, mugs(5))
        out = bench.post(f"{order_id}/cartons/{first}/removals", {"items": [{"code": MUG_GTIN, "count": 2}]})
        assert [item["units"] for item in out.body["items"]] == [2]
        assert bench.fill(order_id, second, mugs(2)).status == 200
        assert bench.close(order_id, first, TARE + 1_200).status == 200
        assert bench.close(order_id, second, TARE + 800).body["packed"] is True

    def test_only_a_supervisor_closes_a_carton_whose_weight_is_wrong(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        sscc = bench.open(order_id)
        bench.fill(order_id, sscc, mugs(5))
        refused = bench.close(order_id, sscc, TARE + 1_000)
        assert (refused.problem, refused.field) == ("weight-differs", "weight_g")
        path = f"{order_id}/cartons/{sscc}/override"
        assert bench.post(path, {"weight_g": TARE + 1_000}).field == "reason"
        answer = bench.post(path, {"weight_g": TARE + 1_000, "reason": "hollow mugs"}, actor="supervisor-1")
        assert (answer.status, answer.body["packed"]) == (200, True)
        told = bench.get(f"{order_id}/packing")["history"]
        [overridden] = [one for one in told if one["type"] == "picking.WeightOverridden"]
        assert (overridden["actor"], overridden["data"]["reason"]) == ("supervisor-1", "hollow mugs")

    def test_a_cancelled_order_is_not_packed_but_its_carton_can_be_emptied(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        sscc = bench.open(order_id)
        bench.fill(order_id, sscc, mugs(5))
        bench.cancel(order_id)
        refused = bench.close(order_id, sscc, TARE + 2_000)
        assert (refused.status, refused.problem) == (409, "order-cancelled")
        assert bench.pack(order_id, (TARE + 2_000, [mugs(5)])).problem == "order-cancelled"
        assert bench.post(f"{order_id}/cartons/{sscc}/removals", {"items": [mugs(5)]}).status == 200
        assert bench.told("CartonPacked") == []

    def test_a_carton_of_another_order_is_not_found(self, bench: PackingBench) -> None:
        mine, other = bench.picked(line("MUG", 5)), bench.picked(line("MUG", 5))
        sscc = bench.open(other)
        answer = bench.fill(mine, sscc, mugs(1))
        assert (answer.status, answer.problem) == (404, "unknown-carton")


class TestShipments:
    def test_what_is_picked_later_is_another_shipment(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        first = bench.pack(order_id, (TARE + 2_000, [mugs(5)]))
        bench.ask(order_id, line("MILK", 1), first=2, number=2, lines=2)
        bench.pick(order_id, 2)
        second = bench.pack(order_id, (TARE + 1_000, [{"sku": "MILK"}]))
        assert second.body["packed"] is True
        assert first.body["shipment_id"] != second.body["shipment_id"]
        assert len(bench.told("OrderPacked")) == 2

    def test_part_of_an_order_is_shipped_on_its_own_when_that_is_wanted(self, bench: PackingBench) -> None:
        order_id = ids.new_id()
        bench.ask(order_id, line("MUG", 5), line("MILK", 1))
        bench.pick(order_id, 1)
        assert bench.pack(order_id, (TARE + 2_000, [mugs(5)])).problem == "picking-goes-on"
        answer = bench.pack(order_id, (TARE + 2_000, [mugs(5)]), partial=True)
        assert answer.body["packed"] is True
        bench.pick(order_id, 2)
        assert bench.pack(order_id, (TARE + 1_000, [{"sku": "MILK"}])).body["packed"] is True

    def test_a_supervisor_lets_a_shipment_leave_without_what_is_broken(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        assert bench.pack(order_id, (TARE + 1_600, [mugs(4)])).body["packed"] is False
        answer = bench.post(f"{order_id}/packing/completion", {"reason": "one broke"}, key="cut")
        assert [(item["sku"], item["units"]) for item in answer.body["left"]] == [("MUG", 1)]
        assert bench.post(f"{order_id}/packing/completion", {"reason": "one broke"}, key="cut").body == answer.body
        [packed] = bench.told("OrderPacked")
        assert [one["units"] for one in packed["lines"]] == [4]
        assert bench.pack(order_id, (TARE + 400, [mugs(1)])).body["packed"] is True


class TestFaults:
    def test_a_packer_who_dies_anywhere_has_packed_all_or_nothing_and_can_say_it_again(
        self, bench: PackingBench
    ) -> None:
        for moment in count():
            order_id = bench.picked(line("MUG", 5), line("MILK", 2))
            cartons = (TARE + 2_000, [mugs(5)]), (TARE + 2_000, [{"sku": "MILK", "units": 2}])
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                bench.pack(order_id, *cartons, key=f"key-{moment}")
            answer = bench.pack(order_id, *cartons, key=f"key-{moment}")
            assert (answer.status, answer.body["packed"]) == (201, True)
            told = [one for one in bench.told("CartonPacked") if one["order_id"] == order_id]
            assert [one["sscc"] for one in told] == [one["sscc"] for one in answer.body["cartons"]]
            if moment >= len(passed):
                break
        assert moment > 4

    def test_steps_that_die_anywhere_are_repeated_without_harm(self, bench: PackingBench) -> None:
        for moment in count():
            order_id = bench.picked(line("MUG", 5))
            longest = 0
            opened = f"{order_id}/cartons"
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                bench.post(opened, {"carton_type": "BOX"}, key=f"open-{moment}")
            longest = max(longest, len(passed))
            sscc = bench.post(opened, {"carton_type": "BOX"}, key=f"open-{moment}").body["sscc"]
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                bench.fill(order_id, sscc, mugs(5), key=f"fill-{moment}")
            longest = max(longest, len(passed))
            assert bench.fill(order_id, sscc, mugs(5), key=f"fill-{moment}").status == 200
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                bench.close(order_id, sscc, TARE + 2_000, key=f"close-{moment}")
            longest = max(longest, len(passed))
            assert bench.close(order_id, sscc, TARE + 2_000, key=f"close-{moment}").body["packed"] is True
            assert [one["sscc"] for one in bench.told("CartonPacked") if one["order_id"] == order_id] == [sscc]
            if moment >= longest:
                break
        assert moment > 3

    def test_of_two_packers_at_one_order_one_packs_whatever_the_moment(self, bench: PackingBench) -> None:
        for moment in count():
            order_id = bench.picked(line("MUG", 5))
            carton = (TARE + 2_000, [mugs(5)])
            answers: list[Answer] = []
            other = partial(bench.pack, order_id, carton)
            with at_moment(aws.dynamodb(), moment, partial(_append, answers, other)) as passed:
                answers.append(bench.pack(order_id, carton))
            if moment >= len(passed):
                break
            assert sorted(answer.status for answer in answers) == [201, 409], moment
            told = [one for one in bench.told("CartonPacked") if one["order_id"] == order_id]
            assert sum(item["units"] for one in told for item in one["items"]) == 5
        assert moment > 4

    def test_two_packers_fill_their_cartons_and_no_unit_is_in_both(self, bench: PackingBench) -> None:
        for moment in count():
            order_id = bench.picked(line("MUG", 5))
            mine, other = bench.open(order_id), bench.open(order_id)
            answers: list[Answer] = []
            second = partial(bench.fill, order_id, other, mugs(3))
            with at_moment(aws.dynamodb(), moment, partial(_append, answers, second)) as passed:
                answers.append(bench.fill(order_id, mine, mugs(3)))
            if moment >= len(passed):
                break
            assert sorted(answer.status for answer in answers) == [200, 422], moment
            shown = bench.get(f"{order_id}/packing")
            assert [item["units"] for item in shown["to_pack"]] == [2]
        assert moment > 2


class TestQuestions:
    def test_a_proposal_says_which_item_lies_where_before_and_after_picking(self, bench: PackingBench) -> None:
        order_id = ids.new_id()
        bench.ask(order_id, line("MUG", 5), line("MILK", 2), line("PAINT", 1), line("ODD", 1))
        before = bench.get(f"{order_id}/packing-proposal")
        bench.pick(order_id, 1, 2, 3, 4)
        assert bench.get(f"{order_id}/packing-proposal") == before
        assert [one["sku"] for one in before["unplaced"]] == before["unweighed"] == ["ODD"]
        skus = sorted(sorted({stack["sku"] for stack in carton["contents"]}) for carton in before["cartons"])
        assert skus == [["MILK", "MUG"], ["PAINT"]]
        assert sum(carton["weight_g"] for carton in before["cartons"]) == 2 * TARE + 2_000 + 2_000 + 900
        stack = before["cartons"][0]["contents"][0]
        assert (len(stack["corner"]), len(stack["size"])) == (3, 3)

    def test_what_is_packed_is_not_proposed_again(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5))
        sscc = bench.open(order_id)
        bench.fill(order_id, sscc, mugs(3))
        [carton] = bench.get(f"{order_id}/packing-proposal")["cartons"]
        assert len(carton["contents"]) == 2

    def test_packing_tells_what_is_left_what_is_open_and_what_is_packed(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5), line("MILK", 1))
        sscc = bench.open(order_id)
        bench.fill(order_id, sscc, mugs(3))
        shown = bench.get(f"{order_id}/packing")
        assert [(item["sku"], item["units"]) for item in shown["to_pack"]] == [("MUG", 2), ("MILK", 1)]
        [shipment] = shown["shipments"]
        [carton] = shipment["cartons"]
        assert (carton["status"], carton["expected_g"], "packed_at" in shipment) == ("open", TARE + 1_200, False)
        bench.fill(order_id, sscc, mugs(2), {"sku": "MILK"})
        bench.close(order_id, sscc, TARE + 3_000)
        shown = bench.get(f"{order_id}/packing")
        [shipment] = shown["shipments"]
        assert (shown["to_pack"], shipment["cartons"][0]["status"]) == ([], "closed")
        assert shipment["packed_at"]

    def test_a_slip_is_printed_for_the_shipment_or_one_of_its_cartons(self, bench: PackingBench) -> None:
        order_id = bench.picked(line("MUG", 5), line("MILK", 2, lot="L1"))
        path = f"/picking/orders/{order_id}/packing-slip"
        assert bench.system.call("GET", path).problem == "nothing-packed"
        cartons = (TARE + 2_000, [mugs(5)]), (TARE + 2_000, [{"sku": "MILK", "units": 2}])
        packed = bench.pack(order_id, *cartons).body
        pdf = bench.system.call("GET", path)
        assert (pdf.status, pdf.headers["content-type"], pdf.body[:5]) == (200, "application/pdf", b"%PDF-")
        last = packed["cartons"][1]["sscc"]
        said = bench.get(f"{order_id}/packing-slip", format="json", carton=last, shipment=packed["shipment_id"])
        [carton] = said["cartons"]
        assert (carton["number"], said["of"], carton["sscc"]) == (2, 2, last)
        assert carton["rows"] == [{"sku": "MILK", "name": "Milk", "units": 2, "lot": "L1"}]
        for query, problem in (
            ({"shipment": ids.new_id()}, "unknown-shipment"),
            ({"carton": "106141412345678908"}, "unknown-carton"),
        ):
            assert bench.system.call("GET", path, query=query).problem == problem


def test_a_carton_that_was_told_names_each_units_line_and_container(bench: PackingBench) -> None:
    order_id = ids.new_id()
    bench.ask(order_id, line("MUG", 2), line("MUG", 3))
    lists = [bench.pick(order_id, 1), bench.pick(order_id, 2)]
    bench.pack(order_id, (TARE + 2_000, [mugs(5)]))
    [told] = bench.told("CartonPacked")
    packed = msgspec.convert(told, CartonPacked)
    assert [(item.line_id, item.units, item.container) for item in packed.items] == [
        ("1", 2, lists[0]),
        ("2", 3, lists[1]),
    ]
