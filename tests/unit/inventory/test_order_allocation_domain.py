"""An order's allocation: given events, when a command, then events."""

from collections.abc import Sequence
from functools import reduce

from inventory.domain.order_allocation import (
    Allocation,
    AssignGoods,
    CloseLines,
    Command,
    FollowGoods,
    LineClosed,
    LineReduced,
    LineSuspended,
    LineWanted,
    LookAgain,
    NotedShare,
    NoteFreed,
    NoteLeft,
    NoteShares,
    PlanShares,
    ReduceLine,
    ReportEmpty,
    ReportShort,
    RequestAllocation,
    ShareFreed,
    ShareNoted,
    SharePlanned,
    ShareWithdrawn,
    SuspendLine,
    UnitsGone,
    WantedLine,
    decide,
    evolve,
)
from inventory.domain.picks import Share
from inventory.task_contracts import CountRequested, LineAllocated, LineUnallocated, Pick
from shared.events import Event

ORDER = "00000000-0000-8000-8000-000000000001"
AT = "2026-01-31T09:30:00.000Z"
REQUEST = RequestAllocation(ORDER, "MAIN", (WantedLine("1", "MILK", 6, promise=7),))


def after(*commands: Command) -> Allocation:
    """The allocation once all commands were decided."""
    return reduce(lambda state, command: reduce(evolve, decide(command, state), state), commands, Allocation())


def names(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def pick(units: int, holding: str = "A-1") -> Pick:
    return Pick(holding, holding, "MILK", units)


def planned(*shares: tuple[str, int], looked_for: tuple[str, ...] = ("1",)) -> PlanShares:
    return PlanShares(tuple(Share("1", holding, units) for holding, units in shares), looked_for)


def noted(units: int, holding: str = "A-1", as_of: int = 3, *, answer: bool = True) -> NoteShares:
    picks = (pick(units, holding),) if units else ()
    return NoteShares((NotedShare("1", holding, as_of, picks, answer),))


def test_a_released_line_is_wanted_planned_and_allocated_once_the_holding_has_answered() -> None:
    asked = after(REQUEST, planned(("A-1", 6)))
    assert asked.to_ask == [("A-1", "1", "MILK", 6)]
    events = decide(noted(6), asked)
    assert names(events) == ["ShareNoted", "LineAllocated"]
    assert events[1] == LineAllocated(
        order_id=ORDER, line_id="1", warehouse="MAIN", sku="MILK", quantity=6, picks=(pick(6),)
    )
    assert reduce(evolve, events, asked).settled


def test_a_plan_that_comes_late_gets_nothing_more_than_is_lacking() -> None:
    state = after(REQUEST, planned(("A-1", 4)))
    assert decide(planned(("B-1", 6)), state) == [
        SharePlanned(order_id=ORDER, warehouse="MAIN", line_id="1", sku="MILK", holding="B-1", units=2)
    ]
    assert decide(planned(("B-1", 6)), after(REQUEST, planned(("A-1", 6)))) == []


def test_what_a_holding_could_not_give_is_planned_elsewhere() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(4))
    [need] = state.needs
    assert (need.units, need.avoid) == (2, ("A-1",))


def test_a_line_for_which_nothing_is_found_is_short_and_looked_for_again() -> None:
    state = after(REQUEST, planned(("A-1", 4)), noted(4))
    events = decide(planned(), state)
    assert events == [
        LineUnallocated(order_id=ORDER, line_id="1", warehouse="MAIN", sku="MILK", quantity=6, missing=2)
    ]
    short = reduce(evolve, events, state)
    assert short.needs == []
    assert short.short_of == ("MILK",)
    assert not short.settled
    again = reduce(evolve, decide(LookAgain(), short), short)
    assert [need.units for need in again.needs] == [2]
    assert decide(LookAgain(), again) == []


def test_an_answer_that_comes_twice_or_late_changes_nothing() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6, as_of=5))
    assert decide(noted(6, as_of=5), state) == []
    assert decide(noted(2, as_of=4, answer=False), state) == []


def test_a_look_at_a_holding_is_no_answer_to_what_it_is_still_asked_for() -> None:
    state = after(REQUEST, planned(("A-1", 6)))
    assert decide(noted(0, as_of=2, answer=False), state) == []


def test_units_that_get_lost_are_looked_for_again() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    events = decide(noted(2, as_of=9, answer=False), state)
    assert names(events) == ["ShareNoted"]
    assert [need.units for need in reduce(evolve, events, state).needs] == [4]


def test_units_that_move_are_told_of_again() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    moved = NoteShares((NotedShare("1", "A-1", 4, (), False), NotedShare("1", "S-1", 2, (pick(6, "S-1"),), False)))
    events = decide(moved, state)
    assert names(events) == ["ShareNoted", "ShareNoted", "LineAllocated"]
    assert events[-1].picks == (pick(6, "S-1"),)  # type: ignore[attr-defined]


def test_the_same_request_again_tells_what_stands() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    assert names(decide(REQUEST, state)) == ["LineAllocated"]
    assert decide(REQUEST, after(REQUEST)) == []


def test_the_same_request_again_tells_what_is_missing() -> None:
    short = after(REQUEST, planned(("A-1", 4)), noted(4), planned())
    [told] = decide(REQUEST, short)
    assert isinstance(told, LineUnallocated)
    assert (told.line_id, told.missing) == ("1", 2)


def test_a_closed_line_gives_everything_back_and_never_gets_anything_again() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    close = CloseLines(ORDER, "MAIN", ("1",))
    events = decide(close, state)
    assert events == [
        LineClosed(order_id=ORDER, warehouse="MAIN", line_id="1"),
        ShareWithdrawn(line_id="1", holding="A-1"),
    ]
    closed = reduce(evolve, events, state)
    assert closed.to_free == [("A-1", "1", "MILK")]
    assert decide(close, closed) == decide(REQUEST, closed) == decide(planned(("B-1", 6)), closed) == []
    assert decide(noted(6, as_of=9), closed) == [], "it is to be given back anyway"
    arrived = decide(noted(6, "S-1", as_of=9), closed)
    assert arrived == [ShareWithdrawn(line_id="1", holding="S-1")]
    assert decide(NoteFreed((("1", "A-1"),)), closed) == [ShareFreed(line_id="1", holding="A-1")]
    assert after(REQUEST, planned(("A-1", 6)), noted(6), close, NoteFreed((("1", "A-1"),))).settled


def test_a_line_that_is_closed_before_it_is_wanted_stays_closed() -> None:
    assert decide(REQUEST, after(CloseLines(ORDER, "MAIN", ("1",)))) == []


def keeping(units: int) -> ReduceLine:
    return ReduceLine(ORDER, "MAIN", "1", units)


def fewer(units: int) -> LineReduced:
    return LineReduced(order_id=ORDER, warehouse="MAIN", line_id="1", keeps=units)


def test_a_short_line_that_gives_up_what_it_lacks_is_allocated_with_what_it_has() -> None:
    state = after(REQUEST, planned(("A-1", 4)), noted(4), planned())
    events = decide(keeping(4), state)
    told = LineAllocated(order_id=ORDER, line_id="1", warehouse="MAIN", sku="MILK", quantity=4, picks=(pick(4),))
    assert events == [fewer(4), told]
    reduced = reduce(evolve, events, state)
    assert reduced.settled
    assert decide(keeping(4), reduced) == decide(keeping(5), reduced) == []


def test_a_short_line_that_gives_up_less_than_it_lacks_is_looked_for_again() -> None:
    state = after(REQUEST, planned(("A-1", 2)), noted(2), planned(), keeping(4))
    assert [need.units for need in state.needs] == [2]
    [told] = decide(planned(), state)
    assert isinstance(told, LineUnallocated)
    assert (told.quantity, told.missing) == (4, 2)


def test_what_was_found_meanwhile_is_given_back_as_far_as_it_is_too_much() -> None:
    both = after(REQUEST, planned(("A-1", 4), ("B-1", 2)), noted(4), noted(2, "B-1"))
    assert decide(keeping(4), both) == [
        fewer(4),
        ShareWithdrawn(line_id="1", holding="B-1"),
        LineAllocated(order_id=ORDER, line_id="1", warehouse="MAIN", sku="MILK", quantity=4, picks=(pick(4),)),
    ]
    part = after(REQUEST, planned(("A-1", 6)), noted(6), keeping(4))
    assert part.to_free == [("A-1", "1", "MILK")]
    freed = after(REQUEST, planned(("A-1", 6)), noted(6), keeping(4), NoteFreed((("1", "A-1"),)))
    assert [need.units for need in freed.needs] == [4]


def test_what_is_picked_stays_with_the_line_before_what_is_not_and_what_is_packed_always() -> None:
    trolley, carton = "0190f3c2-9f33-8c1f-9a55-000000000001", "906141412345678904"
    state = after(
        REQUEST, planned((trolley, 3), (carton, 2), ("A-1", 1)), noted(3, trolley), noted(2, carton), noted(1)
    )
    assert [event.holding for event in decide(keeping(5), state) if isinstance(event, ShareWithdrawn)] == ["A-1"]
    withdrawn = [event.holding for event in decide(keeping(1), state) if isinstance(event, ShareWithdrawn)]
    assert withdrawn == ["A-1", trolley]


def test_what_came_instead_of_units_that_left_after_all_is_given_back() -> None:
    carton, gone = "906141412345678904", UnitsGone(line_id="1", carton="906141412345678904", units=4)
    packed = (REQUEST, planned(("A-1", 2), (carton, 4)), noted(2), noted(4, carton))
    state = after(*packed, noted(0, carton, as_of=5), planned(("B-1", 4)), noted(4, "B-1"))
    events = decide(NoteLeft(carton, (("1", 4),)), state)
    assert events == [
        gone,
        ShareWithdrawn(line_id="1", holding="B-1"),
        LineAllocated(order_id=ORDER, line_id="1", warehouse="MAIN", sku="MILK", quantity=6, picks=(pick(2),)),
    ]
    assert decide(NoteLeft(carton, (("1", 4),)), reduce(evolve, events, state)) == []


def test_a_short_line_whose_units_left_after_all_has_what_it_still_wants() -> None:
    carton = "906141412345678904"
    packed = (REQUEST, planned(("A-1", 2), (carton, 4)), noted(2), noted(4, carton))
    state = after(*packed, noted(0, carton, as_of=5), planned())
    events = decide(NoteLeft(carton, (("1", 4),)), state)
    assert names(events) == ["UnitsGone", "LineAllocated"]
    all_of_it = after(REQUEST, planned((carton, 6)), noted(6, carton), noted(0, carton, as_of=5), planned())
    assert names(decide(NoteLeft(carton, (("1", 6),)), all_of_it)) == ["UnitsGone"]


def test_a_line_that_is_given_up_counts_no_more_what_leaves() -> None:
    carton = "906141412345678904"
    closed = after(REQUEST, planned((carton, 6)), noted(6, carton), CloseLines(ORDER, "MAIN", ("1",)))
    assert decide(NoteLeft(carton, (("1", 6),)), closed) == []


def test_a_request_that_was_on_its_way_gets_no_more_than_the_line_keeps() -> None:
    state = after(keeping(4), REQUEST)
    assert [need.units for need in state.needs] == [4]


def test_a_line_that_has_lost_its_promise_gives_units_up_silently() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6), SuspendLine(ORDER, "MAIN", "1", 8))
    assert decide(keeping(4), state) == [fewer(4)]


def test_a_line_whose_promise_is_broken_waits_for_a_later_one() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    assert decide(SuspendLine(ORDER, "MAIN", "1", 6), state) == [], "it was broken before it was promised again"
    events = decide(SuspendLine(ORDER, "MAIN", "1", 8), state)
    assert events == [
        LineSuspended(order_id=ORDER, warehouse="MAIN", line_id="1", promise=8),
        ShareWithdrawn(line_id="1", holding="A-1"),
    ]
    suspended = reduce(evolve, events, state)
    assert decide(REQUEST, suspended) == []
    later = RequestAllocation(ORDER, "MAIN", (WantedLine("1", "MILK", 6, promise=9),))
    assert names(decide(later, suspended)) == ["LineWanted"]


def test_what_is_packed_stays_with_a_line_whose_promise_is_broken_and_goes_with_a_line_that_is_given_up() -> None:
    trolley, carton = "0190f3c2-9f33-8c1f-9a55-000000000001", "906141412345678904"
    state = after(REQUEST, planned((trolley, 4), (carton, 2)), noted(4, trolley), noted(2, carton))
    events = decide(SuspendLine(ORDER, "MAIN", "1", 8), state)
    assert [one.holding for one in events if isinstance(one, ShareWithdrawn)] == [trolley]
    suspended = reduce(evolve, events, state)
    packed_since = FollowGoods((NotedShare("1", carton, 9, (pick(6, carton),), answer=False),))
    assert names(decide(packed_since, suspended)) == ["ShareNoted"]
    packed = reduce(evolve, decide(packed_since, suspended), suspended)
    given_up = decide(CloseLines(ORDER, "MAIN", ("1",)), packed)
    assert [one.holding for one in given_up if isinstance(one, ShareWithdrawn)] == [carton]


def test_goods_that_came_in_are_assigned_once_before_the_order_is_released() -> None:
    assign = AssignGoods(ORDER, "MAIN", "1", "MILK", "shipment", 4, 7, "receipt-1")
    state = after(assign)
    assert state.to_ask == [("shipment", "1", "MILK", 4)]
    assert decide(assign, state) == []
    held = after(assign, noted(4, "shipment"))
    assert held.needs == []
    assert held.settled
    second = AssignGoods(ORDER, "MAIN", "1", "MILK", "shipment", 2, 8, "receipt-2", already=4)
    assert after(assign, noted(4, "shipment"), second).to_ask == [("shipment", "1", "MILK", 6)]


def test_a_release_counts_what_was_assigned_before() -> None:
    assign = AssignGoods(ORDER, "MAIN", "1", "MILK", "shipment", 4, 7, "receipt-1")
    state = after(assign, noted(4, "shipment"), REQUEST)
    assert [need.units for need in state.needs] == [2]
    all_there = after(AssignGoods(ORDER, "MAIN", "1", "MILK", "shipment", 6, 7, "r"), noted(6, "shipment"))
    assert names(decide(REQUEST, all_there)) == ["LineWanted", "LineAllocated"]


def test_goods_that_are_heard_of_after_the_release_are_assigned_as_far_as_the_line_lacks_them() -> None:
    assign = AssignGoods(ORDER, "MAIN", "1", "MILK", "shipment", 4, 7, "receipt-1")
    assert decide(assign, after(REQUEST, planned(("A-1", 6)), noted(6))) == []
    lacking = after(REQUEST, planned(("A-1", 5)), noted(5), assign)
    assert lacking.to_ask == [("shipment", "1", "MILK", 1)]


def test_a_holding_found_empty_is_avoided_and_counted() -> None:
    state = after(REQUEST, planned(("A-1", 6)), noted(6))
    events = decide(ReportEmpty("1", "A-1", "nothing there", AT), state)
    assert names(events) == ["CountRequested", "ShareWithdrawn"]
    assert isinstance(events[0], CountRequested)
    assert events[0].holding == "A-1"
    [need] = reduce(evolve, events, state).needs
    assert (need.units, need.avoid) == (6, ("A-1",))
    assert decide(ReportEmpty("1", "B-1", "nothing there", AT), state) == []


def test_a_holding_found_short_by_a_line_that_is_short_already_is_tried_again_later() -> None:
    short = after(REQUEST, planned(("A-1", 6)), noted(4), planned())
    state = reduce(evolve, decide(noted(3, as_of=4, answer=False), short), short)
    state = reduce(evolve, decide(ReportShort("1", "A-1", "empty", AT), state), state)
    assert state.needs == []
    again = reduce(evolve, decide(LookAgain(), state), state)
    assert [(need.units, need.avoid) for need in again.needs] == [(3, ())]


def test_every_event_of_an_allocation_is_known() -> None:
    """What is decided can be recorded."""
    from inventory.domain import CATALOG

    for event in (LineWanted, SharePlanned, ShareNoted, ShareWithdrawn, ShareFreed, LineSuspended, LineClosed):
        assert CATALOG.name(event)


def test_an_older_look_at_a_holding_that_was_emptied_since_changes_nothing() -> None:
    """Two short picks in one place are told at once, and the first one's worker is the slower."""
    emptied = after(REQUEST, planned(("A-1", 6)), noted(6, as_of=3), noted(0, as_of=5, answer=False))

    assert decide(noted(6, as_of=4, answer=False), emptied) == []
    assert decide(FollowGoods(noted(6, as_of=5).shares), emptied) == []


def test_a_holding_that_was_emptied_counts_again_once_it_has_something_for_the_line() -> None:
    emptied = after(REQUEST, planned(("A-1", 6)), noted(6, as_of=3), noted(0, as_of=5, answer=False))

    assert names(decide(noted(2, as_of=6, answer=False), emptied)) == ["ShareNoted"]
