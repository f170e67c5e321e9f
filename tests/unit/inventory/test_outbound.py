"""From the shelf to the truck: picks, shorts, cartons and dispatches, told in any order, over any death."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count, permutations
from typing import Any

import msgspec
import pytest

from inventory.aggregates import LOT
from inventory.upkeep import complete_recall
from shared import aws, clock
from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.deliveries import bus_event
from tests.support.faults import Died, at_moment, counting, die
from tests.support.landscape import landscape
from tests.unit.inventory.test_allocation import stocked, told
from tests.unit.inventory.warehouse import number
from tests.unit.inventory.yard import AT, Yard, new_order

OUTBOUND, ALLOCATION = ("inventory", "outbound"), ("inventory", "allocation")


@pytest.fixture
def yard() -> Iterator[Yard]:
    with landscape(database=Database()) as deployed:
        yield Yard(deployed)


class Outbound:
    """An order of one product on its way out, as picking and shipping tell of it."""

    def __init__(self, yard: Yard, sku: str, units: int, *, line_id: str = "1") -> None:
        self.yard, self.sku, self.units, self.line_id = yard, sku, units, line_id
        self.order_id = new_order()
        self.list_id = new_id("9f33")
        self.sscc = f"{number():018d}"
        self.shipment_id = new_id("6d11")
        self.rejection_id = new_id("7a10")
        reserve = {
            "order_id": self.order_id,
            "warehouse": "MAIN",
            "promised_at": AT,
            "lines": [{"line_id": line_id, "sku": sku, "quantity": units}],
        }
        yard.tell("orders.ReservationRequested", reserve)
        yard.settle()
        yard.release(self.order_id, (sku, units))

    def picked(self, holding: str, units: int, *, pick: int = 1, number: int = 1, **more: Any) -> CloudEvent:
        return self._event("picking.UnitsPicked", f"picked-{pick}-{number}", {
            **self._pick(holding, pick, number), "container": self.list_id, "units": units, "operator": "op-7",
            "picked_at": AT, **more,
        })  # fmt: skip

    def short(self, holding: str, missing: int, *, pick: int = 1, number: int = 1) -> CloudEvent:
        return self._event("picking.PickShort", f"short-{pick}-{number}", {
            **self._pick(holding, pick, number), "missing": missing, "reason": "empty", "reported_at": AT,
        })  # fmt: skip

    def rejected(
        self, holding: str, units: int, condition: str = "damaged", *, pick: int = 1, **more: Any
    ) -> CloudEvent:
        line = {
            "pick_id": f"{self.order_id}.{pick}", "line_id": self.line_id, "sku": self.sku, "units": units,
            "container": self.list_id, "holding": holding, **more,
        }  # fmt: skip
        return self._event("picking.UnitsRejected", f"rejected-{pick}", {
            "rejection_id": self.rejection_id, "order_id": self.order_id, "warehouse": "MAIN",
            "lines": [line], "condition": condition, "reason": "cracked", "rejected_at": AT,
        })  # fmt: skip

    def packed(self, units: int, place: str, **more: Any) -> CloudEvent:
        item = {"line_id": self.line_id, "sku": self.sku, "units": units, "container": self.list_id, **more}
        return self._event("picking.CartonPacked", "packed", {
            "sscc": self.sscc, "order_id": self.order_id, "shipment_id": self.shipment_id, "warehouse": "MAIN",
            "carton_type": "BOX-M", "length_mm": 400, "width_mm": 300, "height_mm": 200, "weight_g": 2350,
            "tare_g": 150, "items": [item], "operator": "operator-7", "packed_at": AT, "packing_location": place,
        })  # fmt: skip

    def dispatched(self) -> CloudEvent:
        return self._event("shipping.ShipmentDispatched", "dispatched", {
            "shipment_id": self.shipment_id, "order_id": self.order_id, "warehouse": "MAIN",
            "load_id": new_id("8a10"), "carrier": "own-fleet", "cartons": [self.sscc], "dispatched_at": AT,
        })  # fmt: skip

    def cancelled(self) -> CloudEvent:
        lines = [{"line_id": self.line_id, "sku": self.sku}]
        data = {"order_id": self.order_id, "warehouse": "MAIN", "lines": lines}
        return self._event("orders.ReservationReleaseRequested", "cancelled", data)

    def kept(self, units: int) -> CloudEvent:
        lines = [{"line_id": self.line_id, "sku": self.sku, "keeps": units}]
        data = {"order_id": self.order_id, "warehouse": "MAIN", "lines": lines}
        return self._event("orders.ReservationReleaseRequested", f"kept-{units}", data)

    def refused(self) -> CloudEvent:
        data = {"order_id": self.order_id, "warehouse": "MAIN", "cartons": [self.sscc]}
        return self._event("orders.ShipmentRefused", "refused", data)

    def hear(self, *events: CloudEvent) -> list[int]:
        """Hand outbound's queue a batch; the places of what has to come again."""
        self.yard.landscape.project("inventory")
        return self.yard.landscape.deliver(OUTBOUND, *events)

    def set_aside(self, holding: str) -> int:
        return self.yard.set_aside(holding, self.order_id)

    def _pick(self, holding: str, pick: int, number: int) -> dict[str, Any]:
        return {
            "list_id": self.list_id, "pick_id": f"{self.order_id}.{pick}", "number": number, "warehouse": "MAIN",
            "holding": holding, "order_id": self.order_id, "line_id": self.line_id, "sku": self.sku,
        }  # fmt: skip

    def _event(self, type: str, name: str, data: dict[str, Any]) -> CloudEvent:
        return bus_event(f"Elsewhere#{self.order_id}/{name}@1.0", data, type=type)


def new_id(group: str) -> str:
    return f"0190f3c2-{group}-8c1f-9a55-{number():012d}"


def on_hand(yard: Yard, sku: str, *holdings: str) -> int:
    return sum(yard.holding(holding).units_of(sku) for holding in holdings)


class TestTheWayOut:
    def test_units_leave_the_shelf_for_the_trolley_the_carton_and_the_truck(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 10)
        bench = yard.place("packing")
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4)) == []
        assert (on_hand(yard, sku, shelf), out.set_aside(out.list_id)) == (6, 4)
        assert out.hear(out.packed(4, bench)) == []
        assert (on_hand(yard, sku, out.list_id), out.set_aside(out.sscc)) == (0, 4)
        assert yard.holding(out.sscc).place == bench
        assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (10, 4)
        assert out.hear(out.dispatched()) == []
        yard.settle()
        assert yard.holding(out.sscc).left
        assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (6, 0)
        [shipped] = told(yard.landscape.bus, "StockShipped", out.order_id)
        assert shipped["lines"] == [{"line_id": "1", "sku": sku, "units": 4}]
        assert shipped["shipment_id"] == out.shipment_id

    def test_in_whatever_order_it_is_told_and_twice_the_end_is_the_same(self, yard: Yard) -> None:
        bench = yard.place("packing")
        for order in (*permutations(range(4)),)[5::3]:
            sku, [shelf, other] = stocked(yard, 3, 9)
            out = Outbound(yard, sku, 5)
            events = [out.picked(shelf, 3), out.picked(other, 2, pick=2), out.packed(5, bench), out.dispatched()]
            waiting = [events[place] for place in order]
            for _ in range(4):
                again = []
                for event in waiting:
                    again += [event] if out.hear(event, event) else []
                waiting = again
            assert not waiting
            assert out.hear(*reversed(events)) == []
            yard.settle()
            assert (on_hand(yard, sku, shelf, other), yard.holding(out.sscc).left) == (7, True)
            assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (7, 0)
            assert not yard.holding(out.list_id).items

    def test_a_mere_pick_writes_the_shelf_and_the_trolley_alone(self, yard: Yard) -> None:
        sku, shelves = stocked(yard, 1, 1, 1, 1)
        out = Outbound(yard, sku, 4)
        picks = [out.picked(shelf, 1, pick=n) for n, shelf in enumerate(shelves, 1)]
        with counting(aws.dynamodb()) as traffic:
            assert yard.landscape.deliver(OUTBOUND, *picks) == []
        assert traffic.asked("PutItem") == 5
        assert not [event for event in yard.settle() if event.type.startswith("inventory.")]

    def test_a_carton_and_a_dispatch_are_few_writes(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 9)
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4)) == []
        with counting(aws.dynamodb()) as packing:
            assert yard.landscape.deliver(OUTBOUND, out.packed(4, shelf)) == []
        with counting(aws.dynamodb()) as leaving:
            assert yard.landscape.deliver(OUTBOUND, out.dispatched()) == []
        assert (packing.asked("PutItem"), leaving.asked("PutItem")) == (2, 1)

    def test_what_was_set_aside_instead_of_units_that_leave_all_the_same_is_free_again(self, yard: Yard) -> None:
        """Whoever dies in between, and however often it is told."""
        bench = yard.place("packing")
        for moment in count(step=2):
            sku, [shelf] = stocked(yard, 4, tracking="lot", lot="L1")
            other = yard.place()
            assert yard.adjust(sku, other, 9, lot="L2").status == 201
            yard.settle()
            out = Outbound(yard, sku, 4)
            assert out.hear(out.picked(shelf, 4, lot="L1"), out.packed(4, bench, lot="L1")) == []
            assert yard.post(f"/inventory/lots/{sku}/L1/block", {"reason": "spoilt"}).status == 200
            yard.settle()
            assert (out.set_aside(out.sscc), out.set_aside(other)) == (0, 4)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(OUTBOUND, out.dispatched())
            assert out.hear(out.dispatched(), out.dispatched()) == []
            yard.settle()
            line = yard.allocation(out.order_id).lines["1"]
            assert (line.wants, line.got, out.set_aside(other)) == (0, 0, 0)
            assert yard.promise(sku).reserved_units == 0
            if moment >= len(passed):
                break
        assert moment > 4

    @pytest.mark.parametrize("step", ["picked", "packed", "dispatched"])
    def test_a_worker_that_dies_anywhere_leaves_nothing_half_done(self, yard: Yard, step: str) -> None:
        bench = yard.place("packing")
        sku, [shelf] = stocked(yard, 1000)
        for moment in count():
            out = Outbound(yard, sku, 5)
            steps = {
                "picked": [out.picked(shelf, 3), out.picked(shelf, 2, pick=2)],
                "packed": [out.packed(5, bench)],
                "dispatched": [out.dispatched()],
            }
            passed: list[int] = []
            for name, events in steps.items():
                if name == step:
                    with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                        yard.landscape.deliver(OUTBOUND, *events)
                assert out.hear(*events) == []
            yard.settle()
            left = 1000 - 5 * (moment + 1)
            assert on_hand(yard, sku, shelf, out.list_id, out.sscc) == left
            assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (left, 0)
            if moment >= len(passed):
                break
        assert moment > 1

    def test_picks_that_come_at_the_same_time_twice_are_taken_once(self, yard: Yard) -> None:
        for moment in count():
            sku, [shelf] = stocked(yard, 9)
            out = Outbound(yard, sku, 4)
            pick = out.picked(shelf, 4)

            def rival(pick: CloudEvent = pick) -> None:
                yard.landscape.deliver(OUTBOUND, pick)

            with at_moment(aws.dynamodb(), moment, rival) as passed:
                yard.landscape.deliver(OUTBOUND, pick)
            assert out.hear(pick) == []
            assert (on_hand(yard, sku, shelf), out.set_aside(out.list_id)) == (5, 4)
            if moment >= len(passed):
                break


class TestFacts:
    def test_more_was_there_than_the_books_knew(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 2)
        out = Outbound(yard, sku, 2)
        assert out.hear(out.picked(shelf, 3)) == []
        yard.settle()
        assert (on_hand(yard, sku, shelf), out.set_aside(out.list_id)) == (0, 3)
        assert yard.promise(sku).sellable_units == 3
        [asked] = told(yard.landscape.bus, "CountRequested", out.order_id)
        assert asked["holding"] == shelf

    def test_another_order_whose_units_were_picked_gets_others(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 4, 9)
        out, other = Outbound(yard, sku, 2), Outbound(yard, sku, 2)
        assert other.set_aside(first) == 2
        assert out.hear(out.picked(first, 4)) == []
        yard.settle()
        assert (other.set_aside(first), other.set_aside(second)) == (0, 2)

    def test_what_was_picked_where_nothing_was_allocated_is_needed_less_elsewhere(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 5, 9)
        out = Outbound(yard, sku, 4)
        assert out.set_aside(first) == 4
        assert out.hear(out.picked(second, 4)) == []
        assert (out.set_aside(first), out.set_aside(out.list_id)) == (0, 4)
        [latest] = told(yard.settle(), "LineAllocated", out.order_id)
        assert {pick["holding"]: pick["units"] for pick in latest["picks"]} == {out.list_id: 4}


class TestShort:
    def test_what_is_missing_comes_from_elsewhere_and_what_was_picked_stays(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 5, 9)
        out = Outbound(yard, sku, 5)
        assert out.hear(out.short(first, 2, number=2), out.picked(first, 3)) == []
        assert (out.set_aside(first), out.set_aside(out.list_id), out.set_aside(second)) == (0, 3, 2)
        happened = yard.settle()
        [latest] = told(happened, "LineAllocated", out.order_id)
        assert {pick["holding"]: pick["units"] for pick in latest["picks"]} == {out.list_id: 3, second: 2}
        assert [asked["holding"] for asked in told(happened, "CountRequested", out.order_id)] == [first]
        shown = yard.landscape.call("GET", f"/inventory/allocations/{out.order_id}").body["lines"]
        assert shown[0]["allocated"] == 5

    def test_a_short_waits_for_the_units_that_were_found_before_it(self, yard: Yard) -> None:
        sku, [first, _] = stocked(yard, 5, 9)
        out = Outbound(yard, sku, 5)
        assert out.hear(out.short(first, 2, number=2)) == [0]
        assert out.hear(out.picked(first, 3)) == []
        assert out.hear(out.short(first, 2, number=2)) == []
        assert out.set_aside(out.list_id) == 3

    def test_what_is_found_nowhere_is_unallocated_and_looked_for_again(self, yard: Yard) -> None:
        sku, [only] = stocked(yard, 5)
        out = Outbound(yard, sku, 5)
        assert out.hear(out.picked(only, 3), out.short(only, 2, number=2)) == []
        [lacking] = told(yard.settle(), "LineUnallocated", out.order_id)
        assert lacking["missing"] == 2
        more = yard.place()
        assert yard.adjust(sku, more, 6).status == 201
        yard.settle()
        yard.landscape.invoke("inventory", "unsettled", {})
        yard.settle()
        assert (out.set_aside(out.list_id), out.set_aside(more) + out.set_aside(only)) == (3, 2)

    def test_a_short_that_dies_anywhere_is_whole_when_it_comes_again(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 1000, 2000)
        for moment in count():
            out = Outbound(yard, sku, 5)
            assert out.hear(out.picked(first, 3)) == []
            short = out.short(first, 2, number=2)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(OUTBOUND, short)
            assert out.hear(short) == []
            yard.settle()
            assert (out.set_aside(first), out.set_aside(out.list_id), out.set_aside(second)) == (0, 3, 2), moment
            assert len(told(yard.landscape.bus, "CountRequested", out.order_id)) == 1
            if moment >= len(passed):
                break
        assert moment > 5

    def test_goods_between_trolley_and_carton_are_not_looked_for_again(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 1000, 2000)
        waited = set()
        for moment in count():
            out = Outbound(yard, sku, 5)
            assert out.hear(out.picked(first, 3)) == []
            carton, short = out.packed(3, first), out.short(first, 2, number=2)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(OUTBOUND, carton)
            waited.add(bool(out.hear(short)))
            assert out.hear(carton) == out.hear(short) == []
            yard.settle()
            assert (out.set_aside(out.sscc), out.set_aside(first), out.set_aside(second)) == (3, 0, 2), moment
            if moment >= len(passed):
                break
        assert waited == {True, False}


class TestGivingUnitsUp:
    def test_a_line_goes_on_with_what_lies_in_the_trolley(self, yard: Yard) -> None:
        sku, [only] = stocked(yard, 5)
        out = Outbound(yard, sku, 5)
        assert out.hear(out.picked(only, 3), out.short(only, 2, number=2)) == []
        yard.settle()
        yard.deliver(out.kept(3), out.kept(3))
        [latest] = told(yard.settle(), "LineAllocated", out.order_id)
        assert (latest["quantity"], [pick["units"] for pick in latest["picks"]]) == (3, [3])
        assert (out.set_aside(out.list_id), yard.promise(sku).reserved_units) == (3, 3)
        assert yard.adjust(sku, only, -2).status == 201
        yard.settle()
        assert yard.promise(sku).reserved_units == 3, "the count breaks no promise any more"

    def test_units_that_are_given_up_at_any_moment_are_given_up_once(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 1000, 2000)
        for moment in count():
            out = Outbound(yard, sku, 5)
            assert out.hear(out.picked(first, 3), out.short(first, 2, number=2)) == []
            fewer = out.kept(3)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(ALLOCATION, fewer)
            assert yard.landscape.deliver(ALLOCATION, fewer) == []
            yard.settle()
            assert (out.set_aside(first), out.set_aside(out.list_id), out.set_aside(second)) == (0, 3, 0), moment
            assert yard.allocation(out.order_id).settled
            if moment >= len(passed):
                break
        assert moment > 5


class TestRefusedShipments:
    """A carton is packed that does not leave: its goods are put back, and the line gets others."""

    def ready(self, yard: Yard, sku: str, shelf: str) -> Outbound:
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4)) == []
        return out

    def require_put_back(self, yard: Yard, out: Outbound, shelves: list[str], moment: object) -> None:
        assert (out.set_aside(out.list_id), out.set_aside(out.sscc)) == (0, 0), moment
        assert sum(out.set_aside(shelf) for shelf in shelves) == 4, moment
        assert sum(task["units"] for task in TestCancellation().tasks(yard, out.sscc)) == 4, moment
        assert yard.allocation(out.order_id).settled, moment

    def test_it_is_put_back_whichever_is_heard_first_and_twice(self, yard: Yard) -> None:
        sku, shelves = stocked(yard, 1000, 2000)
        bench = yard.place("packing")
        for first in (True, False):
            out = self.ready(yard, sku, shelves[0])
            carton, refused = out.packed(4, bench), out.refused()
            if first:
                assert out.hear(carton, carton) == []
            for _ in range(2):
                assert yard.landscape.deliver(ALLOCATION, refused) == []
            if not first:
                assert out.hear(carton, carton) == []
            yard.settle()
            self.require_put_back(yard, out, shelves, first)
        assert yard.promise(sku).reserved_units == 8

    def test_a_carton_that_is_packed_at_any_moment_of_the_refusal_is_put_back(self, yard: Yard) -> None:
        sku, shelves = stocked(yard, 1000, 2000)
        bench = yard.place("packing")
        told: dict[int, Outbound] = {}
        for moment in count():
            out = self.ready(yard, sku, shelves[0])
            pack = partial(yard.landscape.deliver, OUTBOUND, out.packed(4, bench))
            refuse = partial(yard.landscape.deliver, ALLOCATION, out.refused())
            with at_moment(aws.dynamodb(), moment, pack) as passed:
                refuse()
            assert (refuse(), pack()) == ([], [])
            told[moment] = out
            if moment >= len(passed):
                break
        assert moment > 3
        yard.settle()
        for moment, out in told.items():
            self.require_put_back(yard, out, shelves, moment)

    def test_a_refusal_at_any_moment_of_the_packing_has_the_carton_put_back(self, yard: Yard) -> None:
        sku, shelves = stocked(yard, 1000, 2000)
        bench = yard.place("packing")
        told: dict[int, Outbound] = {}
        for moment in count():
            out = self.ready(yard, sku, shelves[0])
            pack = partial(yard.landscape.deliver, OUTBOUND, out.packed(4, bench))
            refuse = partial(yard.landscape.deliver, ALLOCATION, out.refused())
            with at_moment(aws.dynamodb(), moment, refuse) as passed:
                pack()
            assert (pack(), refuse()) == ([], [])
            told[moment] = out
            if moment >= len(passed):
                break
        assert moment > 3
        yard.settle()
        for moment, out in told.items():
            self.require_put_back(yard, out, shelves, moment)

    @pytest.mark.parametrize("dies", [ALLOCATION, OUTBOUND])
    def test_a_worker_that_dies_on_its_way_leaves_nothing_half_done(
        self, yard: Yard, dies: tuple[str, str]
    ) -> None:
        sku, shelves = stocked(yard, 1000, 2000)
        bench = yard.place("packing")
        told: dict[int, Outbound] = {}
        for moment in count(step=3):
            out = self.ready(yard, sku, shelves[0])
            news = [(OUTBOUND, out.packed(4, bench)), (ALLOCATION, out.refused())]
            first, last = news if dies == ALLOCATION else reversed(news)
            assert yard.landscape.deliver(*first) == []
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(*last)
            assert yard.landscape.deliver(*last) == []
            told[moment] = out
            if moment >= len(passed):
                break
        assert moment > 3
        yard.settle()
        for moment, out in told.items():
            self.require_put_back(yard, out, shelves, moment)


class TestRejections:
    def test_what_is_damaged_at_the_bench_goes_to_quarantine_and_the_line_gets_others(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 5, 9)
        bench, quarantine = yard.place("packing"), yard.place("quarantine")
        out = Outbound(yard, sku, 5)
        assert out.hear(out.rejected(first, 2)) == [0], "its pick is not known yet"
        assert out.hear(out.picked(first, 5)) == []
        assert out.hear(out.rejected(first, 2)) == []
        assert out.hear(out.rejected(first, 2)) == []
        happened = yard.settle()
        assert (out.set_aside(out.list_id), out.set_aside(second)) == (3, 2)
        latest = told(happened, "LineAllocated", out.order_id)[-1]
        assert {pick["holding"]: pick["units"] for pick in latest["picks"]} == {out.list_id: 3, second: 2}
        yard.landscape.project("inventory")
        tasks = yard.landscape.call("GET", "/inventory/put-away-tasks", query={"limit": "200"}).body["items"]
        [task] = [one for one in tasks if one["holding"] == out.list_id]
        assert (task["purpose"], task["units"], task["location"]) == ("quarantine", 2, quarantine)
        assert out.hear(out.picked(second, 2, pick=2), out.packed(5, bench)) == []
        assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (12, 5)
        assert (on_hand(yard, sku, out.list_id), out.set_aside(out.sscc)) == (2, 5)

    def test_a_report_that_dies_anywhere_is_whole_when_it_comes_again(self, yard: Yard) -> None:
        sku, [first, second] = stocked(yard, 1000, 2000)
        for moment in count():
            out = Outbound(yard, sku, 5)
            assert out.hear(out.picked(first, 5)) == []
            missing = out.rejected(first, 2, "missing")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(OUTBOUND, missing)
            assert out.hear(missing) == []
            yard.settle()
            assert (out.set_aside(out.list_id), on_hand(yard, sku, out.list_id)) == (3, 3), moment
            assert out.set_aside(first) + out.set_aside(second) == 2
            assert len(told(yard.landscape.bus, "CountRequested", out.order_id)) == 1
            if moment >= len(passed):
                break
        assert moment > 1

    def test_what_is_laid_aside_out_of_an_opened_carton_goes_to_quarantine_wherever_the_worker_dies(
        self, yard: Yard
    ) -> None:
        sku, [shelf, _] = stocked(yard, 1000, 2000)
        bench, _ = yard.place("packing"), yard.place("quarantine")
        for moment in count(step=6):
            out = Outbound(yard, sku, 5)
            laid_aside = out.rejected(shelf, 2, container=out.sscc)
            assert out.hear(laid_aside) == [0], "its carton is not known yet"
            assert out.hear(out.picked(shelf, 5), out.packed(5, bench)) == []
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                yard.landscape.deliver(OUTBOUND, laid_aside)
            assert out.hear(laid_aside) == []
            assert out.hear(laid_aside) == []
            happened = yard.settle()
            assert (out.set_aside(out.sscc), yard.units(out.sscc, sku, "damaged")) == (3, 2), moment
            told_of = [msgspec.json.decode(e.data) for e in yard.landscape.bus if e.type.endswith("TaskCreated")]
            [task] = [one for one in told_of if one["holding"] == out.sscc]
            assert (task["purpose"], task["units"], task["status"]) == ("quarantine", 2, "damaged")
            assert sum(pick["units"] for pick in told(happened, "LineAllocated", out.order_id)[-1]["picks"]) == 5
            if moment >= len(passed):
                break
        assert moment > 8

    def test_goods_go_on_from_an_opened_carton_into_another_one(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 9)
        bench = yard.place("packing")
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4), out.packed(4, bench)) == []
        opened, out.sscc = out.sscc, f"{number():018d}"
        anew = out.packed(3, bench, container=opened)
        assert out.hear(anew) == []
        assert out.hear(anew) == []
        assert (out.set_aside(opened), out.set_aside(out.sscc)) == (1, 3)
        yard.settle()
        allocation = yard.landscape.call("GET", f"/inventory/allocations/{out.order_id}").body
        picks = {pick["holding"]: pick["units"] for pick in allocation["lines"][0]["picks"]}
        assert picks == {opened: 1, out.sscc: 3}, "its goods are followed"


class TestCancellation:
    @pytest.mark.parametrize("packed", [False, True])
    def test_picked_goods_of_a_cancelled_order_are_put_back(self, yard: Yard, packed: bool) -> None:
        sku, [shelf] = stocked(yard, 9)
        bench = yard.place("packing")
        out = Outbound(yard, sku, 4)
        events = [out.picked(shelf, 4), *([out.packed(4, bench)] if packed else [])]
        assert out.hear(*events) == []
        yard.deliver(out.cancelled())
        yard.settle()
        where = out.sscc if packed else out.list_id
        assert out.set_aside(where) == 0
        [task] = self.tasks(yard, where)
        assert (task["sku"], task["units"], task["purpose"]) == (sku, 4, "storage")
        assert yard.promise(sku).available_units == 9

    def test_what_is_put_back_goes_to_an_order_that_lacks_it_as_soon_as_it_lies_in_its_place(
        self, yard: Yard
    ) -> None:
        sku, [shelf] = stocked(yard, 4)
        out, waiting = Outbound(yard, sku, 4), new_order()
        assert out.hear(out.picked(shelf, 4)) == []
        yard.release(waiting, (sku, 3))
        yard.deliver(out.cancelled())
        yard.settle()
        assert yard.allocation(waiting).short_of == (sku,)
        [made] = self.tasks(yard, out.list_id)
        task = yard.task(made["task_id"])
        assert yard.ask(task, "claim").status == 200
        assert yard.confirm(task).status == 200
        yard.settle()
        assert yard.set_aside(task.location, waiting) == 3

    def test_a_cancellation_at_any_moment_of_a_pick_leaves_nothing_set_aside(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 1000)
        for moment in count():
            out = Outbound(yard, sku, 4)

            def cancel(out: Outbound = out) -> None:
                yard.landscape.deliver(ALLOCATION, out.cancelled())

            with at_moment(aws.dynamodb(), moment, cancel) as passed:
                assert yard.landscape.deliver(OUTBOUND, out.picked(shelf, 4)) == []
            cancel()
            yard.settle()
            assert (out.set_aside(shelf), out.set_aside(out.list_id)) == (0, 0), moment
            assert len(self.tasks(yard, out.list_id)) == 1, moment
            if moment >= len(passed):
                break
        assert moment > 3

    def test_a_pick_at_any_moment_of_a_cancellation_leaves_nothing_set_aside(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 1000)
        for moment in count():
            out = Outbound(yard, sku, 4)

            def pick(out: Outbound = out, shelf: str = shelf) -> None:
                yard.landscape.deliver(OUTBOUND, out.picked(shelf, 4))

            with at_moment(aws.dynamodb(), moment, pick) as passed:
                yard.landscape.deliver(ALLOCATION, out.cancelled())
            pick()
            yard.settle()
            assert (out.set_aside(shelf), out.set_aside(out.list_id)) == (0, 0), moment
            assert len(self.tasks(yard, out.list_id)) == 1, moment
            if moment >= len(passed):
                break

    def test_a_carton_that_is_packed_of_a_cancelled_order_is_put_back_too(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 9)
        bench = yard.place("packing")
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4)) == []
        yard.landscape.deliver(ALLOCATION, out.cancelled())
        assert out.hear(out.packed(4, bench)) == []
        yard.settle()
        assert out.set_aside(out.sscc) == 0
        assert len(self.tasks(yard, out.sscc)) == 1

    def test_a_carton_that_had_left_when_its_order_was_cancelled_is_gone(self, yard: Yard) -> None:
        sku, [shelf] = stocked(yard, 9)
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4), out.packed(4, yard.place("packing")), out.dispatched()) == []
        yard.settle()
        yard.deliver(out.cancelled())
        yard.settle()
        assert (yard.promise(sku).sellable_units, yard.promise(sku).reserved_units) == (5, 0)
        assert self.tasks(yard, out.sscc) == []

    def tasks(self, yard: Yard, holding: str) -> list[dict[str, Any]]:
        """The tasks that were made for what stands in a holding."""
        made = [
            msgspec.json.decode(e.data) for e in yard.landscape.bus if e.type == "inventory.PutAwayTaskCreated"
        ]
        return list({one["task_id"]: one for one in made if one["holding"] == holding}.values())


class TestTraces:
    def test_a_lot_is_traced_to_the_order_and_shipment_that_got_it(self, yard: Yard) -> None:
        sku = yard.product("lot")
        shelf, bench = yard.place(), yard.place("packing")
        assert yard.adjust(sku, shelf, 9, lot="L1").status == 201
        yard.settle()
        out = Outbound(yard, sku, 4)
        assert out.hear(out.picked(shelf, 4, lot="L1"), out.packed(4, bench, lot="L1")) == []
        yard.settle()
        [line] = yard.landscape.call("GET", f"/inventory/lots/{sku}/L1/trace").body["lines"]
        assert (line["allocated"], line["holdings"]) == (4, [out.sscc])
        assert out.hear(out.dispatched()) == []
        yard.settle()
        [line] = yard.landscape.call("GET", f"/inventory/lots/{sku}/L1/trace").body["lines"]
        assert (line["order_id"], line["allocated"], line["shipped"]) == (out.order_id, 0, 4)
        assert (line["shipments"], line["holdings"]) == ([out.shipment_id], [out.sscc])
        moves = yard.landscape.call("GET", f"/inventory/stock/{sku}/movements").body["items"]
        assert [(one["kind"], one["changes"]) for one in moves[-2:]] == [
            ("picked", {"available": -4}),
            ("shipped", {"available": -4}),
        ]
        assert moves[-1]["shipment_id"] == out.shipment_id
        one_by_one: list[object] = []
        cursor: dict[str, str] = {}
        while True:
            query = {"limit": "1", **cursor}
            page = yard.landscape.call("GET", f"/inventory/stock/{sku}/movements", query=query).body
            one_by_one.extend(page["items"])
            if "cursor" not in page:
                break
            cursor = {"cursor": page["cursor"]}
        assert one_by_one == moves

    def test_what_is_picked_together_is_one_movement_that_names_the_order_lines(self, yard: Yard) -> None:
        sku, other, shelf = yard.product(), yard.product(), yard.place()
        assert yard.adjust(sku, shelf, 9).status == yard.adjust(other, shelf, 9).status == 201
        yard.settle()
        one, two = Outbound(yard, sku, 2), Outbound(yard, sku, 3)
        two.list_id = one.list_id
        yard.deliver(one.picked(shelf, 2), two.picked(shelf, 3))
        yard.settle()
        [came, gone] = yard.landscape.call("GET", f"/inventory/stock/{sku}/movements").body["items"]
        assert (gone["kind"], gone["changes"], gone["balances"]) == ("picked", {"available": -5}, {"available": 4})
        assert {(line["order_id"], line["units"]) for line in gone["lines"]} == {
            (one.order_id, 2),
            (two.order_id, 3),
        }
        assert "order_id" not in gone
        then = yard.landscape.call("GET", f"/inventory/stock/{sku}/as-of", query={"at": gone["recorded_at"]}).body
        assert then["statuses"] == {"available": 4}
        early = yard.landscape.call("GET", f"/inventory/stock/{sku}/as-of", query={"at": came["recorded_at"]}).body
        assert early["statuses"] == {"available": 9}

    @pytest.mark.parametrize("at_once", [2, 500])
    def test_what_places_held_at_a_past_time_counts_what_was_picked_until_then(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        monkeypatch.setattr("inventory.tracing.PICKS_AT_ONCE", at_once)
        sku = yard.product()
        busy, quiet, late = (yard.place() for _ in range(3))
        held: dict[str, dict[str, int]] = {}

        def stood(**units: int) -> None:
            yard.settle()
            held[clock.iso(clock.now())] = {
                {"b": busy, "q": quiet, "l": late}[name]: n for name, n in units.items()
            }

        assert yard.adjust(sku, busy, 9).status == yard.adjust(sku, quiet, 5).status == 201
        stood(b=9, q=5)
        for left in (8, 7, 6):
            out = Outbound(yard, sku, 1)
            assert out.hear(out.picked(busy, 1)) == []
            stood(b=left, q=5)
        assert yard.adjust(sku, late, 2).status == yard.adjust(sku, busy, 4).status == 201
        stood(b=10, q=5, l=2)
        for shelf, units in ((busy, {"b": 9, "q": 5, "l": 2}), (quiet, {"b": 9, "q": 4, "l": 2})):
            out = Outbound(yard, sku, 1)
            assert out.hear(out.picked(shelf, 1)) == []
            stood(**units)
        out = Outbound(yard, sku, 2)
        assert out.hear(out.picked(late, 2)) == []
        stood(b=9, q=4)
        for at, units in held.items():
            path = f"/inventory/stock/{sku}/as-of"
            then = yard.landscape.call("GET", path, query={"at": at}).body["holdings"]
            assert {one["holding"]: one["statuses"] for one in then} == {
                holding: {"available": number} for holding, number in units.items()
            }

    def test_a_serial_number_is_known_to_have_been_shipped_with_whom(self, yard: Yard) -> None:
        sku = yard.product("serial")
        shelf, bench = yard.place(), yard.place("packing")
        assert yard.adjust(sku, shelf, 2, serials=["S1", "S2"]).status == 201
        yard.settle()
        out = Outbound(yard, sku, 1)
        assert out.hear(out.picked(shelf, 1, serials=["S2"]), out.packed(1, bench, serials=["S2"])) == []
        yard.settle()
        assert yard.landscape.call("GET", f"/inventory/serials/{sku}/S2").body["holding"] == out.sscc
        assert out.hear(out.dispatched()) == []
        yard.settle()
        shown = yard.landscape.call("GET", f"/inventory/serials/{sku}/S2").body
        assert (shown["state"], shown["order_id"], shown["shipment_id"]) == (
            "shipped", out.order_id, out.shipment_id,
        )  # fmt: skip
        assert yard.landscape.call("GET", f"/inventory/serials/{sku}/S1").body["state"] == "in_stock"

    def test_a_recall_reaches_the_trolley_and_the_carton(self, yard: Yard) -> None:
        sku = yard.product("lot")
        shelf, bench = yard.place(), yard.place("packing")
        assert yard.adjust(sku, shelf, 9, lot="L1").status == 201
        yard.settle()
        trolley, carton = Outbound(yard, sku, 2), Outbound(yard, sku, 3)
        assert trolley.hear(trolley.picked(shelf, 2, lot="L1")) == []
        assert carton.hear(carton.picked(shelf, 3, lot="L1"), carton.packed(3, bench, lot="L1")) == []
        yard.settle()
        assert yard.post(f"/inventory/lots/{sku}/L1/block", {"reason": "recalled"}).status == 200
        yard.settle()
        for holding in (shelf, trolley.list_id, carton.sscc):
            assert yard.units(holding, sku) == 0
            assert yard.units(holding, sku, "quarantine") > 0
        assert yard.promise(sku).sellable_units == 0
        [stopped] = told(yard.landscape.bus, "CartonRecalled", carton.order_id)
        assert (stopped["holding"], stopped["shipment_id"]) == (carton.sscc, carton.shipment_id)
        assert (stopped["sku"], stopped["lot"], stopped["reason"]) == (sku, "L1", "recalled")
        assert told(yard.landscape.bus, "CartonRecalled", trolley.order_id) == [], "the bench stops what it packs"

    def test_a_carton_that_is_closed_at_any_moment_of_a_recall_is_stopped_once(self, yard: Yard) -> None:
        shelf, bench = yard.place(), yard.place("packing")
        for moment in count(step=2):
            sku = yard.product("lot")
            assert yard.adjust(sku, shelf, 9, lot="L1").status == 201
            yard.settle()
            out = Outbound(yard, sku, 3)
            assert out.hear(out.picked(shelf, 3, lot="L1")) == []
            packed = out.packed(3, bench, lot="L1")

            def recall(sku: str = sku) -> None:
                assert yard.post(f"/inventory/lots/{sku}/L1/block", {"reason": "spoilt"}).status == 200
                yard.settle()

            with at_moment(aws.dynamodb(), moment, recall) as passed:
                yard.landscape.deliver(OUTBOUND, packed)
            if moment >= len(passed):
                recall()
            assert out.hear(packed) == []
            yard.settle()
            complete_recall(LOT.stream_id(sku, "L1"))
            yard.settle()
            assert yard.units(out.sscc, sku, "quarantine") == 3, moment
            reasons = [one["reason"] for one in told(yard.landscape.bus, "CartonRecalled", out.order_id)]
            assert reasons == ["spoilt"], moment
            if moment >= len(passed):
                break
        assert moment > 5

    def test_nobody_is_stopped_by_a_lot_that_has_left(self, yard: Yard) -> None:
        sku = yard.product("lot")
        shelf, bench = yard.place(), yard.place("packing")
        assert yard.adjust(sku, shelf, 9, lot="L1").status == 201
        yard.settle()
        out = Outbound(yard, sku, 3)
        assert out.hear(out.picked(shelf, 3, lot="L1"), out.packed(3, bench, lot="L1"), out.dispatched()) == []
        yard.settle()
        assert yard.post(f"/inventory/lots/{sku}/L1/block", {"reason": "spoilt"}).status == 200
        yard.settle()
        assert told(yard.landscape.bus, "CartonRecalled", out.order_id) == []
        trace = yard.landscape.call("GET", f"/inventory/lots/{sku}/L1/trace").body
        assert out.order_id in str(trace), "who got the lot is what the trace tells"
