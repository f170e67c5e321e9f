"""The rules of picking: given these facts, when this is asked, then those follow; in every order of events."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from picking.contracts import Criteria, ListLimits, OrderPicked, Parcel, PartPicked, PickShort, UnitsPicked
from picking.domain import pick_list, pick_order, wave
from picking.domain.batching import steps
from picking.domain.pick_list import (
    CancelList,
    ClaimList,
    Confirm,
    CreateList,
    HandOver,
    PickList,
    PickListCancelled,
    PickListCompleted,
    PickListCreated,
    Position,
    ReleaseList,
    Scan,
    Withdraw,
)
from picking.domain.pick_order import (
    AssignPicks,
    CartonsToAsk,
    ListPart,
    ListsToAsk,
    LostLine,
    NotePart,
    NoteRejection,
    PickOrder,
    PicksAssigned,
    PicksRequested,
    RefusedShipment,
    RequestPicks,
    Settled,
    Visit,
    WantedLine,
    WithdrawPicking,
    pick_id,
)
from picking.domain.release import Floor, Measures, Spot, plan_lists
from picking.domain.routing import Stop
from picking.packing_contracts import PackedItem, UnitsRejected
from shared.events import Event
from shared.rejection import Conflict

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
SHIPMENT = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"
LIST, OTHER = "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a", "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6b"
WAVE = "0190f3c2-8e22-8c1f-9a55-4c9b2e7c8d5f"
NOW, SOON, LATER = "2026-01-31T09:30:00.000Z", "2026-01-31T09:45:00.000Z", "2026-01-31T10:30:00.000Z"


def asks(*visits: Visit, answer: int = 1, number: int = 1, settled: Sequence[Settled] = ()) -> RequestPicks:
    units = sum(visit.units for visit in visits)
    line = WantedLine("1", "MUG", units, answer, visits)
    return RequestPicks(ORDER, "MAIN", number, (line,), 1, NOW, settled=tuple(settled))


def at(place: str, units: int, serials: tuple[str, ...] = ()) -> Visit:
    return Visit(place, place, units, serials=serials)


def after(order: PickOrder, *commands: Any) -> PickOrder:
    for command in commands:
        for event in pick_order.decide(command, order):
            order = pick_order.evolve(order, event)
    return order


def took(number: int, units: int) -> Parcel:
    return Parcel(pick_id(ORDER, number), "1", "MUG", units)


def on(list_id: str, *numbers: int) -> AssignPicks:
    return AssignPicks(WAVE, (ListPart(list_id, numbers),))


class TestOrders:
    def test_given_nothing_when_units_are_asked_for_then_there_are_picks_that_wait(self) -> None:
        [event] = pick_order.decide(asks(at("A", 2), at("B", 1)), PickOrder())
        assert isinstance(event, PicksRequested)
        assert [(pick.number, pick.visit.holding) for pick in event.picks] == [(1, "A"), (2, "B")]

    def test_given_a_pick_on_a_list_when_another_wave_wants_it_then_it_gets_nothing(self) -> None:
        order = after(PickOrder(), asks(at("A", 2)), on(LIST, 1))
        assert pick_order.decide(on(OTHER, 1), order) == []

    def test_given_two_picks_when_one_is_taken_then_the_other_can_still_be_put_on_a_list(self) -> None:
        order = after(PickOrder(), asks(at("A", 2), at("B", 1)), on(LIST, 1))
        [event] = pick_order.decide(on(OTHER, 1, 2), order)
        assert isinstance(event, PicksAssigned)
        assert event.parts == (ListPart(OTHER, (2,)),)

    def test_given_a_pick_on_a_list_when_it_is_replaced_then_the_list_is_asked_first(self) -> None:
        order = after(PickOrder(), asks(at("A", 2)), on(LIST, 1))
        with pytest.raises(ListsToAsk) as raised:
            pick_order.decide(asks(at("B", 2), answer=2, number=2), order)
        assert raised.value.lists == {LIST: (1,)}

    def test_given_what_the_list_says_when_it_is_replaced_then_only_the_rest_is_asked_for(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1))
        settled = Settled(LIST, (1,), (took(1, 3),))
        order = after(order, asks(at("A", 3), at("B", 2), answer=2, number=2, settled=[settled]))
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("B", 2)]
        assert order.picked("1") == 3

    def test_given_units_in_our_container_when_inventory_knows_then_the_rest_is_asked_for(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), NotePart(LIST, (took(1, 3),), NOW))
        order = after(order, asks(at(LIST, 3), at("A", 1), at("B", 1), answer=2, number=2))
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("A", 1), ("B", 1)]

    def test_given_packed_cartons_when_more_is_allocated_then_cartons_are_not_picked(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), NotePart(LIST, (took(1, 3),), NOW))
        order = after(order, asks(at("906141410000000015", 3), at("B", 2), answer=2, number=2))
        assert [pick.visit.holding for pick in order.open_picks] == ["B"]

    def test_given_units_that_are_packed_or_gone_when_the_rest_is_allocated_then_it_is_picked(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), NotePart(LIST, (took(1, 4),), NOW))
        order = after(order, asks(at(LIST, 3), at("A", 1), answer=2, number=2))
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("A", 1)]
        assert order.lines["1"].quantity == 5

    def test_given_a_pick_that_stays_when_the_line_gets_more_then_it_stays_on_its_list(self) -> None:
        order = after(PickOrder(), asks(at("A", 2)), on(LIST, 1))
        order = after(order, asks(at("A", 2), at("B", 1), answer=2, number=2))
        assert [(pick.number, pick.list_id) for pick in order.open_picks] == [(1, LIST), (2, "")]

    def test_given_serials_taken_when_others_are_set_aside_then_those_are_asked_for(self) -> None:
        order = after(PickOrder(), asks(at("A", 3, ("S1", "S2", "S3"))), on(LIST, 1))
        taken = Parcel(pick_id(ORDER, 1), "1", "MUG", 2, serials=("S1", "S3"))
        order = after(order, NotePart(LIST, (taken,), NOW))
        order = after(order, asks(at("A", 2, ("S1", "S3")), at("B", 1, ("S7",)), answer=2, number=2))
        assert [pick.visit.serials for pick in order.open_picks] == [("S7",)]

    def test_given_all_is_picked_when_some_is_rejected_then_others_are_asked_for_once(self) -> None:
        order = after(PickOrder(), asks(at("A", 3), at("B", 2)), on(LIST, 1, 2))
        order = after(order, NotePart(LIST, (took(1, 3), took(2, 2)), NOW))
        reject = NoteRejection("r1", (PackedItem("1", "MUG", 4, LIST),), "damaged", "cracked", NOW)
        rejected, said = pick_order.decide(reject, order)
        assert isinstance(rejected, UnitsRejected)
        assert [(one.holding, one.units, one.pick_id) for one in rejected.lines] == [
            ("A", 3, pick_id(ORDER, 1)),
            ("B", 1, pick_id(ORDER, 2)),
        ]
        assert isinstance(said, OrderPicked)
        assert (said.number, said.lines[0].units, said.short) == (2, 1, ("1",))
        order = after(order, reject)
        assert pick_order.decide(reject, order) == []
        early = after(order, asks(at(LIST, 5), answer=2, number=2))
        assert early.open_picks == []
        order = after(early, asks(at(LIST, 1), at("C", 4), answer=3, number=3))
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("C", 4)]

    def test_given_serials_when_one_is_rejected_then_that_one_is(self) -> None:
        order = after(PickOrder(), asks(at("A", 2, ("S1", "S2"))), on(LIST, 1))
        parcel = Parcel(pick_id(ORDER, 1), "1", "MUG", 2, serials=("S1", "S2"))
        order = after(order, NotePart(LIST, (parcel,), NOW))
        bad = PackedItem("1", "MUG", 1, LIST, serials=("S2",))
        order = after(order, NoteRejection("r1", (bad,), "missing", "gone", NOW))
        assert [(one.units, one.serials) for one in order.held] == [(1, ("S1",))]
        assert order.picked("1") == 1

    def test_given_all_is_picked_when_the_part_is_told_again_then_nothing_happens(self) -> None:
        order = after(PickOrder(), asks(at("A", 2)), on(LIST, 1))
        [_, told] = pick_order.decide(NotePart(LIST, (took(1, 2),), NOW), order)
        assert isinstance(told, OrderPicked)
        assert (told.lines[0].units, told.short, told.number) == (2, (), 1)
        order = after(order, NotePart(LIST, (took(1, 2),), NOW))
        assert pick_order.decide(NotePart(LIST, (took(1, 2),), NOW), order) == []

    def test_given_a_list_that_was_cancelled_when_the_order_hears_then_the_rest_waits_under_new_numbers(
        self,
    ) -> None:
        order = after(PickOrder(), asks(at("A", 5), at("B", 2), at("C", 1)), on(LIST, 1, 2), on(OTHER, 3))
        part = NotePart(LIST, (took(1, 3),), NOW, (pick_id(ORDER, 1), pick_id(ORDER, 2)))
        order = after(order, part)
        assert [(pick.number, pick.visit.holding, pick.visit.units) for pick in order.waiting] == [
            (4, "A", 2),
            (5, "B", 2),
        ]
        assert order.picked("1") == 3
        assert pick_order.decide(part, order) == []
        given_up = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), WithdrawPicking(ORDER, "never", NOW))
        assert after(given_up, NotePart(LIST, (), NOW, (pick_id(ORDER, 1),))).open_picks == []

    def test_given_units_set_aside_again_after_a_short_pick_when_the_list_is_heard_last_then_they_wait(
        self,
    ) -> None:
        order = after(PickOrder(), asks(at("A", 2)), on(LIST, 1), asks(at("A", 2), answer=2, number=2))

        heard_late = after(order, NotePart(LIST, (took(1, 1),), NOW))
        assert [(pick.number, pick.visit.holding, pick.visit.units) for pick in heard_late.waiting] == [
            (2, "A", 1)
        ]

        found_too_little_since = after(order, NotePart(LIST, (took(1, 1),), SOON))
        assert found_too_little_since.open_picks == []

    def test_given_half_of_a_large_order_when_it_is_picked_then_the_order_is_not(self) -> None:
        half = RequestPicks(ORDER, "MAIN", 1, (WantedLine("1", "MUG", 2, 1, (at("A", 2),)),), 2, NOW)
        order = after(PickOrder(), half, on(LIST, 1))
        assert not any(
            isinstance(event, OrderPicked)
            for event in pick_order.decide(NotePart(LIST, (took(1, 2),), NOW), order)
        )

    def test_given_a_cancelled_order_when_anything_is_asked_then_nothing_is_picked(self) -> None:
        order = after(PickOrder(), WithdrawPicking(ORDER, "changed my mind", NOW))
        assert pick_order.decide(asks(at("A", 2)), order) == []
        order = after(PickOrder(), asks(at("A", 2)), WithdrawPicking(ORDER, "changed my mind", NOW))
        assert pick_order.decide(on(LIST, 1), order) == []

    def test_given_a_line_that_never_leaves_when_the_rest_is_picked_then_it_is_not_short(self) -> None:
        lines = tuple(WantedLine(str(n), "MUG", 1, 1, (at(f"A{n}", 1),)) for n in (1, 2))
        order = after(PickOrder(), RequestPicks(ORDER, "MAIN", 1, lines, 2, NOW), on(LIST, 1))
        order = after(order, NotePart(LIST, (took(1, 1),), NOW))
        [_, told] = pick_order.decide(WithdrawPicking(ORDER, "never", NOW, ("2",)), order)
        assert isinstance(told, OrderPicked)
        assert told.short == ()


def lost(answer: int = 1, keeps: int = 5, number: int = 2, **more: Any) -> RequestPicks:
    line = LostLine("1", "MUG", answer, keeps)
    return RequestPicks(ORDER, "MAIN", number, (), 1, NOW, lost=(line,), **{"packed": (), **more})


def packed(units: int) -> PackedItem:
    return PackedItem("1", "MUG", units, LIST)


def refusing(*items: PackedItem, answer: int, number: int, visits: tuple[Visit, ...]) -> RequestPicks:
    """The line is asked for again, for a shipment with these items does not leave."""
    asked = asks(*visits, answer=answer, number=number)
    return structs.replace(asked, packed=(), refused=(RefusedShipment(SHIPMENT, items),))


class TestLostLines:
    def collected(self) -> PickOrder:
        """Three of five mugs are in the trolley; a place with the other two is to be visited."""
        order = after(PickOrder(), asks(at("A", 3), at("B", 2)), on(LIST, 1))
        return after(order, NotePart(LIST, (took(1, 3),), NOW))

    def test_given_open_picks_when_the_line_is_lost_then_none_is_made_and_the_order_is_told_short(self) -> None:
        order = self.collected()
        [asked, told] = pick_order.decide(lost(), order)
        assert isinstance(asked, PicksRequested)
        assert asked.dropped == (2,)
        assert isinstance(told, OrderPicked)
        assert (told.lines, told.short) == ((), ("1",))

    def test_given_a_pick_on_a_list_when_the_line_is_lost_then_the_list_is_asked_first(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1))
        with pytest.raises(ListsToAsk):
            pick_order.decide(lost(), order)
        order = after(order, lost(settled=(Settled(LIST, (1,), (took(1, 2),)),)))
        assert [one.units for one in order.returned] == [2]

    def test_given_something_collected_when_the_line_is_lost_then_it_matters_what_is_packed(self) -> None:
        order = self.collected()
        with pytest.raises(CartonsToAsk):
            pick_order.decide(structs.replace(lost(), packed=None), order)
        order = after(order, lost(packed=(packed(1),)))
        assert [(one.container, one.units) for one in order.returned] == [(LIST, 2)]
        assert order.picked("1") == 1

    def test_given_a_lost_line_when_it_gets_units_again_then_all_that_is_not_packed_is_picked_anew(self) -> None:
        order = after(self.collected(), lost(packed=(packed(1),)))
        again = structs.replace(asks(at("C", 4), answer=2, number=3), packed=(packed(1),))
        order = after(order, again)
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("C", 4)]
        assert [one.units for one in order.returned] == [2], "it is still to be put back"

    def test_given_a_lost_line_when_inventory_counts_on_the_trolley_again_then_that_is_not_put_back(self) -> None:
        order = after(self.collected(), lost())
        again = structs.replace(asks(at(LIST, 3), at("C", 2), answer=2, number=3), packed=())
        order = after(order, again)
        assert ([pick.visit.units for pick in order.open_picks], order.returned) == ([2], ())
        assert order.picked("1") == 3

    def test_given_a_lost_line_when_a_carton_was_closed_meanwhile_then_that_counts(self) -> None:
        order = after(self.collected(), lost())
        again = structs.replace(asks(at("C", 5), answer=2, number=3), packed=(packed(3),))
        order = after(order, again)
        assert [pick.visit.units for pick in order.open_picks] == [2]

    def test_given_a_packed_shipment_when_it_is_refused_then_its_goods_count_no_more_and_are_picked_anew(
        self,
    ) -> None:
        order = self.collected()
        refused = refusing(packed(3), answer=1, number=2, visits=(at("A", 3), at("B", 2)))
        asked, *_ = pick_order.decide(refused, order)
        assert isinstance(asked, PicksRequested)
        assert (asked.refused, [one.units for one in asked.put_back]) == ((SHIPMENT,), [3])
        order = after(order, refused)
        assert order.held == ()
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("B", 2), ("A", 3)]
        assert pick_order.decide(refused, order) == []

    def test_given_a_refusal_that_another_request_overtook_when_it_comes_then_its_line_is_asked_for(self) -> None:
        priority = RequestPicks(ORDER, "MAIN", 3, (), 1, NOW, refused=(RefusedShipment(SHIPMENT, (packed(3),)),))
        order = after(self.collected(), priority)
        assert (order.held, [pick.visit.holding for pick in order.open_picks]) == ((), ["B"])
        late = refusing(packed(3), answer=1, number=2, visits=(at("A", 3), at("B", 2)))
        order = after(order, late)
        assert sum(pick.visit.units for pick in order.open_picks) == 5
        assert pick_order.decide(late, order) == []

    def test_given_a_lost_line_whose_goods_were_packed_when_that_is_refused_then_they_are_put_back_once(
        self,
    ) -> None:
        order = after(self.collected(), lost())
        assert [one.units for one in order.returned] == [3]
        order = after(order, refusing(packed(3), answer=2, number=3, visits=(at("C", 5),)))
        assert (order.returned, [one.units for one in order.put_back]) == ((), [3])
        assert [(pick.visit.holding, pick.visit.units) for pick in order.open_picks] == [("C", 5)]

    def test_given_serials_when_the_line_is_lost_then_those_that_are_packed_stay(self) -> None:
        order = after(PickOrder(), asks(at("A", 2, ("S1", "S2"))), on(LIST, 1))
        taken = Parcel(pick_id(ORDER, 1), "1", "MUG", 2, serials=("S1", "S2"))
        item = PackedItem("1", "MUG", 1, LIST, serials=("S2",))
        order = after(order, NotePart(LIST, (taken,), NOW), lost(packed=(item,)))
        assert [one.serials for one in order.returned] == [("S1",)]

    @pytest.mark.parametrize("late", [lost(), asks(at("A", 3), at("B", 2)), lost(keeps=5, number=9)])
    def test_given_a_line_that_has_units_again_when_older_news_come_then_they_change_no_pick(
        self, late: RequestPicks
    ) -> None:
        order = after(self.collected(), lost(), structs.replace(asks(at("C", 5), answer=2, number=3), packed=()))
        assert after(order, late).open_picks == order.open_picks

    def test_given_a_lost_line_that_was_never_heard_of_when_its_picks_come_then_they_are_not_made(self) -> None:
        order = after(PickOrder(), lost(), asks(at("A", 5)))
        assert order.open_picks == []

    def test_given_a_lost_line_when_less_of_it_is_wanted_or_nothing_then_it_is_not_short(self) -> None:
        order = after(self.collected(), lost())
        assert after(order, lost(keeps=2, number=3)).lines["1"].quantity == 2
        assert after(order, lost(keeps=0, number=3)).told_short == ()

    def test_given_units_given_up_when_the_rest_is_there_then_the_line_is_not_short(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), NotePart(LIST, (took(1, 3),), NOW))
        assert order.told_short == ("1",)
        fewer = WantedLine("1", "MUG", 3, 2, (at(LIST, 3),), in_all=3)
        order = after(order, RequestPicks(ORDER, "MAIN", 2, (fewer,), 1, NOW))
        assert (order.told_short, order.open_picks) == ((), [])

    def test_given_more_found_than_is_wanted_any_more_when_the_rest_is_there_then_that_is_put_back(self) -> None:
        order = after(PickOrder(), asks(at("A", 3), at("B", 2)), on(LIST, 1, 2))
        order = after(order, NotePart(LIST, (took(1, 3), took(2, 2)), NOW))
        fewer = RequestPicks(ORDER, "MAIN", 2, (WantedLine("1", "MUG", 3, 2, (at("A", 3),), in_all=3),), 1, NOW)
        with pytest.raises(CartonsToAsk):
            pick_order.decide(fewer, order)
        loose = after(order, structs.replace(fewer, packed=()))
        assert [(one.holding, one.units) for one in loose.returned] == [("B", 2)]
        assert (loose.picked("1"), loose.open_picks) == (3, [])
        closed = after(order, structs.replace(fewer, packed=(packed(4),)))
        assert [one.units for one in closed.returned] == [1], "what is packed leaves"

    def test_given_more_lines_to_come_when_they_are_announced_then_the_order_is_not_picked(self) -> None:
        order = after(PickOrder(), asks(at("A", 5)), on(LIST, 1), RequestPicks(ORDER, "MAIN", 2, (), 2, NOW))
        assert after(order, asks(at("A", 5))).total_lines == 2, "an older request says nothing of that"
        assert not after(order, NotePart(LIST, (took(1, 5),), NOW)).tellings


def a_list(*units: int, orders: int = 1) -> PickList:
    positions = tuple(
        Position(
            pick_id=pick_id(ORDER, number),
            order_id=f"order-{number % orders}",
            line_id=str(number),
            sku="MUG",
            units=many,
            holding="A",
            place="A",
            slot=1,
        )
        for number, many in enumerate(units, start=1)
    )
    return build(PickList(), CreateList(LIST, WAVE, "MAIN", "batch", positions, 0, NOW))


def build(picklist: PickList, *commands: Any) -> PickList:
    for command in commands:
        for event in pick_list.decide(command, picklist):
            picklist = pick_list.evolve(picklist, event)
    return picklist


def scan(name: str, number: int, units: int, missing: str | None = None) -> Scan:
    return Scan(name, pick_id(ORDER, number), units, NOW, "confirmations[0]", "A", None, "MUG", missing=missing)


def confirms(who: str, when: str, *scans: Scan) -> Confirm:
    return Confirm(who, when, LATER, scans, {"A": None}, {})


class TestLists:
    def test_given_a_lease_when_another_claims_then_who_and_until_when_is_said(self) -> None:
        picklist = build(a_list(2), ClaimList("kim", NOW, SOON))
        with pytest.raises(Conflict, match=f"kim has this list until {SOON}"):
            pick_list.decide(ClaimList("sam", NOW, SOON), picklist)
        assert build(picklist, ClaimList("sam", SOON, LATER)).operator == "sam"

    def test_given_picks_withdrawn_when_the_list_is_made_afterwards_then_they_are_not_on_it(self) -> None:
        early = Withdraw(LIST, (pick_id(ORDER, 1),), "cancelled", NOW)
        withdrawn = build(PickList(), early)
        assert pick_list.decide(early, withdrawn) == []
        positions = tuple(one.position for one in a_list(2, 3).picks.values())
        [made] = pick_list.decide(CreateList(LIST, WAVE, "MAIN", "batch", positions, 0, NOW), withdrawn)
        assert isinstance(made, PickListCreated)
        assert [position.units for position in made.positions] == [3]

    def test_given_a_list_when_a_supervisor_cancels_it_then_each_order_hears_what_waits_again(self) -> None:
        picklist = build(a_list(2, 3, 4, orders=2), ClaimList("kim", NOW, SOON))
        picklist = build(picklist, confirms("kim", NOW, scan("c1", 1, 2), scan("c2", 3, 1)))
        cancelled, withdrawn, *parts, completed = pick_list.decide(CancelList("cart broke", NOW), picklist)
        assert isinstance(cancelled, PickListCancelled)
        assert isinstance(completed, PickListCompleted)
        assert withdrawn.picks == (pick_id(ORDER, 2), pick_id(ORDER, 3))  # type: ignore[attr-defined]
        assert [
            (part.order_id, sum(parcel.units for parcel in part.parcels), part.returned)
            for part in parts
            if isinstance(part, PartPicked)
        ] == [("order-0", 0, (pick_id(ORDER, 2),)), ("order-1", 3, (pick_id(ORDER, 3),))]
        over = build(picklist, CancelList("cart broke", NOW))
        late = confirms("kim", NOW, scan("c3", 3, 3))
        assert pick_list.refusals(late, over)["c3"].code == "list-cancelled"
        for command in (CancelList("again", NOW), ClaimList("sam", NOW, SOON), HandOver("sam", NOW, SOON)):
            with pytest.raises(Conflict, match="cancelled"):
                pick_list.decide(command, over)

    def test_given_a_lease_when_a_supervisor_hands_the_list_over_then_only_the_other_may_confirm(self) -> None:
        picklist = build(a_list(2), ClaimList("kim", NOW, SOON), HandOver("sam", NOW, SOON))
        assert (picklist.operator, picklist.until) == ("sam", SOON)
        assert (
            pick_list.refusals(confirms("kim", NOW, scan("c1", 1, 2)), picklist)["c1"].code == "list-not-claimed"
        )
        assert pick_list.refusals(confirms("sam", NOW, scan("c1", 1, 2)), picklist) == {}
        assert build(picklist, HandOver("", NOW, SOON)).operator == ""

    def test_given_a_short_pick_when_it_is_confirmed_then_both_are_said_and_the_part_is_over(self) -> None:
        picklist = build(a_list(5), ClaimList("kim", NOW, SOON))
        events = pick_list.decide(confirms("kim", NOW, scan("c1", 1, 3, "empty")), picklist)
        picked, short, part = events[:3]
        assert isinstance(picked, UnitsPicked)
        assert isinstance(short, PickShort)
        assert isinstance(part, PartPicked)
        assert (picked.units, picked.number, short.missing, short.number) == (3, 1, 2, 2)
        assert (part.parcels[0].units, part.missing[0].units) == (3, 2)
        assert isinstance(events[-1], PickListCompleted)

    def test_given_orders_on_one_list_when_one_is_over_then_only_its_part_is_said(self) -> None:
        picklist = build(a_list(1, 1, orders=2), ClaimList("kim", NOW, SOON))
        events = pick_list.decide(confirms("kim", NOW, scan("c1", 1, 1)), picklist)
        assert [event.order_id for event in events if isinstance(event, PartPicked)] == ["order-1"]

    def test_given_the_same_confirmation_twice_in_one_bulk_then_it_counts_once(self) -> None:
        picklist = build(a_list(5), ClaimList("kim", NOW, SOON))
        events = pick_list.decide(confirms("kim", NOW, scan("c1", 1, 2), scan("c1", 1, 2)), picklist)
        assert [event.units for event in events if isinstance(event, UnitsPicked)] == [2]


PICKERS = ("kim", "sam")
moves = st.lists(
    st.tuples(
        st.sampled_from(["claim", "release", "confirm", "short", "withdraw", "wait"]),
        st.sampled_from(PICKERS),
        st.integers(1, 3),
        st.integers(1, 4),
        st.integers(1, 12),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=3, max_size=3), moves)
def test_no_unit_is_picked_twice_and_two_pickers_never_have_one_list(units: list[int], told: Any) -> None:
    picklist, minute = a_list(*units, orders=2), 0
    facts: list[Event] = []
    for what, who, number, many, name in told:
        now, until = f"2026-01-31T{9 + minute // 60:02d}:{minute % 60:02d}:00.000Z", ""
        until = f"2026-01-31T{9 + (minute + 15) // 60:02d}:{(minute + 15) % 60:02d}:00.000Z"
        holder = picklist.operator if picklist.operator and picklist.until > now else ""
        command: Any
        match what:
            case "wait":
                minute += 10
                continue
            case "claim":
                command = ClaimList(who, now, until)
            case "release":
                command = ReleaseList(who, now)
            case "withdraw":
                command = Withdraw(LIST, (pick_id(ORDER, number),), "cancelled", now)
            case _:
                one = scan(f"c{name}", number, many, "empty" if what == "short" else None)
                command = Confirm(who, now, until, (one,), {"A": None}, {})
        try:
            events = pick_list.decide(command, picklist)
        except Conflict:
            continue
        if what in ("claim", "confirm", "short") and events and what != "withdraw":
            assert holder in ("", who)
        for event in events:
            picklist = pick_list.evolve(picklist, event)
        facts += events
    picked: dict[str, int] = {}
    for event in facts:
        if isinstance(event, UnitsPicked):
            picked[event.pick_id] = picked.get(event.pick_id, 0) + event.units
    for number, wanted in enumerate(units, start=1):
        name = pick_id(ORDER, number)
        assert picked.get(name, 0) <= wanted
        assert picked.get(name, 0) == picklist.picks[name].picked
    named = [(event.pick_id, event.number) for event in facts if isinstance(event, UnitsPicked | PickShort)]
    assert len(named) == len(set(named))
    parts = [event.order_id for event in facts if isinstance(event, PartPicked)]
    assert len(parts) == len(set(parts))
    assert bool(picklist.completed_at) == (not picklist.open_picks)


changes = st.lists(
    st.tuples(st.sampled_from(["answer", "assign", "pick", "short"]), st.integers(0, 3), st.integers(0, 5)),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 6), changes)
def test_whatever_inventory_answers_a_line_is_never_picked_beyond_what_it_wants(wanted: int, told: Any) -> None:
    """Lists are played by what they would have picked; inventory by answers that know of some of it, or none."""
    order = after(PickOrder(), asks(at("P0", wanted)))
    answer, lists = 1, 0
    for what, where, known in told:
        match what:
            case "answer":
                answer += 1
                inside = min(known, order.picked("1"))
                containers = [one.container for one in order.goods][:1] if inside else []
                visits = [at(containers[0], inside)] if containers else []
                if wanted - inside:
                    visits.append(at(f"P{where}", wanted - inside))
                command = asks(*visits, answer=answer, number=answer)
                try:
                    order = after(order, command)
                except ListsToAsk as asked:
                    settled = [Settled(name, numbers, ()) for name, numbers in asked.lists.items()]
                    order = after(order, asks(*visits, answer=answer, number=answer, settled=settled))
            case "assign":
                lists += 1
                name = f"{LIST[:-4]}{lists:04d}"
                order = after(order, on(name, *(pick.number for pick in order.waiting)))
            case _:
                for name, numbers in order.on_lists().items():
                    less = 1 if what == "short" else 0
                    parcels = tuple(
                        took(number, units)
                        for number in numbers
                        if (units := order.picks[number].visit.units - less)
                    )
                    order = after(order, NotePart(name, parcels, NOW))
        still = sum(pick.visit.units for pick in order.open_picks)
        assert order.picked("1") + still <= wanted


class TestWaves:
    def test_each_step_of_a_wave_happens_once(self) -> None:
        asked = wave.RequestWave(WAVE, Criteria("MAIN"), NOW)
        planned = wave.PlanWave((), 0, NOW)
        released = wave.ReleaseWave("MAIN", (), ())
        state = wave.Wave()
        assert wave.decide(planned, state) == []
        for command in (asked, planned, released):
            for event in wave.decide(command, state):
                state = wave.evolve(state, event)
            assert wave.decide(command, state) == []
        assert state.status == "released"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4)), min_size=1, max_size=4), max_size=8),
    st.sampled_from(["discrete", "batch", "zone"]),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_every_pick_is_on_exactly_one_list_within_its_limits(
    wanted: list[list[tuple[int, int]]], method: Any, orders_per_list: int, positions: int
) -> None:
    spots = {f"P{n}": Spot("AB"[n % 2], Stop(3_000 * (n % 4), 1_000 * n)) for n in range(8)}
    orders = []
    for number, picks in enumerate(wanted):
        order_id = f"{number:08d}{ORDER[8:]}"
        line = WantedLine("1", "MUG", 99, 1, tuple(at(f"P{place}", units) for place, units in picks))
        orders.append(after(PickOrder(), RequestPicks(order_id, "MAIN", 1, (line,), 1, NOW)))
    criteria = Criteria("MAIN", method, limits=ListLimits(orders_per_list, positions, weight_g=5_000))
    floor = Floor(spots, {"MUG": Measures(weight_g=1_000)}, Stop(0, 0))
    lists, _ = plan_lists(orders, criteria, floor, steps(200), lambda n: f"list-{n}")
    planned = [(one.order_id, number) for each in lists for one in each.orders for number in one.picks]
    assert sorted(planned) == sorted((order.order_id, pick.number) for order in orders for pick in order.waiting)
    by_id = {order.order_id: order for order in orders}
    for each in lists:
        own = [by_id[one.order_id].picks[number] for one in each.orders for number in one.picks]
        assert len(each.orders) <= (1 if method == "discrete" else orders_per_list)
        assert len(own) <= positions
        assert sum(pick.visit.units for pick in own) * 1_000 <= 5_000
        assert method != "zone" or {spots[pick.visit.place].zone for pick in own} == {each.zone}
    assert len({each.list_id for each in lists}) == len(lists)
