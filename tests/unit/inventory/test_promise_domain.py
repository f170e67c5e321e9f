"""The promise: never oversold, oldest promise first, and a physical fact wins over a promise."""

from collections.abc import Sequence

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from immutables import Map

from inventory.aggregates import PROMISE
from inventory.contracts import LineBroken, LineReserved, LineShort, ReservationReleased
from inventory.domain.promise import (
    Claim,
    CountSupply,
    Promise,
    Release,
    Reserve,
    Settle,
    SettlementCompleted,
    SettlementDeferred,
    SupplyCounted,
    line_key,
)
from shared.events import Event
from tests.support.scenarios import given


def order(number: int) -> str:
    return f"00000000-0000-8000-8000-{number:012d}"


def at(minute: int) -> str:
    return f"2026-01-31T09:{minute:02d}:00.000Z"


def reserve(number: int, quantity: int, minute: int | None = None) -> Reserve:
    return Reserve("MAIN", "MUG", order(number), "1", quantity, at(number if minute is None else minute))


def release(number: int) -> Release:
    return Release("MAIN", "MUG", order(number), "1")


def count(units: int, version: int = 1, location: str = "A-01") -> CountSupply:
    return CountSupply("MAIN", "MUG", location, version, units)


def counted(units: int, version: int = 1, location: str = "A-01", sellable: int | None = None) -> SupplyCounted:
    return SupplyCounted(location=location, counted=version, units=units, sellable=sellable)


def reserved(number: int, quantity: int, *, backordered: bool = False, repeated: bool = False) -> LineReserved:
    return LineReserved(
        order_id=order(number),
        line_id="1",
        warehouse="MAIN",
        sku="MUG",
        quantity=quantity,
        promised_at=at(number),
        backordered=backordered,
        repeated=repeated,
    )


def short(number: int, quantity: int, available: int, *, repeated: bool = False) -> LineShort:
    return LineShort(
        order_id=order(number),
        line_id="1",
        warehouse="MAIN",
        sku="MUG",
        quantity=quantity,
        promised_at=at(number),
        available=available,
        repeated=repeated,
    )


def broken(number: int, quantity: int) -> LineBroken:
    return LineBroken(order_id=order(number), line_id="1", warehouse="MAIN", sku="MUG", quantity=quantity)


def released(number: int, quantity: int, backordered: int = 0) -> ReservationReleased:
    return ReservationReleased(
        order_id=order(number),
        line_id="1",
        warehouse="MAIN",
        sku="MUG",
        quantity=quantity,
        backordered=backordered,
    )


def test_a_line_that_finds_its_units_is_reserved() -> None:
    state = given(PROMISE, counted(10)).when(reserve(1, 4)).then(reserved(1, 4))
    assert (state.available_units, state.reserved_units) == (6, 4)


def test_a_line_that_finds_too_few_units_waits_and_is_told_how_many_there_are() -> None:
    given(PROMISE, counted(3)).when(reserve(1, 4)).then(short(1, 4, available=3))


def test_a_line_is_reserved_once_however_often_it_asks() -> None:
    state = given(PROMISE, counted(10), reserved(1, 4)).when(reserve(1, 4)).then(reserved(1, 4, repeated=True))
    assert state.reserved_units == 4


def test_a_waiting_line_that_asks_again_gets_the_same_answer() -> None:
    given(PROMISE, counted(3), short(1, 4, 3)).when(reserve(1, 4)).then(short(1, 4, 3, repeated=True))


def test_arriving_units_serve_the_oldest_promise_first() -> None:
    given(PROMISE, short(3, 5, 0), short(1, 5, 0), short(2, 5, 0)).when(count(10)).then(
        counted(10, sellable=10), reserved(1, 5, backordered=True), reserved(2, 5, backordered=True)
    )


def test_a_line_that_does_not_fit_holds_up_no_younger_one() -> None:
    given(PROMISE, short(1, 100, 0), short(2, 5, 0)).when(count(10)).then(
        counted(10, sellable=10), reserved(2, 5, backordered=True)
    )


def test_a_released_line_frees_its_units_for_those_who_wait() -> None:
    given(PROMISE, counted(5), reserved(1, 5), short(2, 5, 0)).when(release(1)).then(
        released(1, 5), reserved(2, 5, backordered=True)
    )


def test_a_waiting_line_that_is_released_waits_no_longer() -> None:
    state = given(PROMISE, counted(3), short(1, 5, 3)).when(release(1)).then(released(1, 0, backordered=5))
    assert not state.waiting


def test_a_release_that_overtakes_its_request_keeps_the_line_from_being_reserved() -> None:
    given(PROMISE, counted(5), released(1, 0)).when(reserve(1, 5)).then()


def keeping(number: int, keeps: int) -> Release:
    return Release("MAIN", "MUG", order(number), "1", keeps=keeps)


def reduced(number: int, less: int, keeps: int, *, waited: bool = False) -> ReservationReleased:
    units = {"quantity": 0, "backordered": less} if waited else {"quantity": less}
    return ReservationReleased(
        order_id=order(number), line_id="1", warehouse="MAIN", sku="MUG", keeps=keeps, **units
    )


def test_a_line_that_gives_units_up_keeps_the_rest_and_what_it_frees_serves_those_who_wait() -> None:
    state = (
        given(PROMISE, counted(6), reserved(1, 5), short(2, 3, 1))
        .when(keeping(1, 3))
        .then(reduced(1, 2, 3), reserved(2, 3, backordered=True))
    )
    assert (state.reserved_units, state.available_units) == (6, 0)
    assert PROMISE.decide(keeping(1, 3), state) == PROMISE.decide(keeping(1, 4), state) == []


def test_a_waiting_line_that_wants_fewer_is_served_when_they_suffice() -> None:
    given(PROMISE, counted(3), short(1, 5, 3)).when(keeping(1, 3)).then(
        reduced(1, 2, 3, waited=True), reserved(1, 3, backordered=True)
    )


def test_a_line_that_was_served_after_it_gave_units_up_gives_them_up_once() -> None:
    history = (short(1, 5, 3), reduced(1, 2, 3, waited=True), reserved(1, 3, backordered=True))
    given(PROMISE, counted(3), *history).when(keeping(1, 3)).then()


def test_nothing_is_given_up_of_a_line_that_claims_nothing() -> None:
    given(PROMISE, counted(5), reserved(1, 5), released(1, 5)).when(keeping(1, 3)).then()


def test_a_release_is_answered_however_often_it_is_asked() -> None:
    given(PROMISE, counted(5), reserved(1, 5), released(1, 5)).when(release(1)).then(released(1, 0))


def test_fewer_units_than_promises_break_the_youngest_promises() -> None:
    state = (
        given(PROMISE, counted(10), reserved(1, 5), reserved(2, 3), reserved(3, 2))
        .when(count(6, version=2))
        .then(counted(6, version=2, sellable=6), broken(3, 2), broken(2, 3))
    )
    assert (state.reserved_units, state.available_units) == (5, 1)


def test_units_left_over_from_a_broken_promise_serve_whoever_they_suffice_for() -> None:
    given(PROMISE, counted(10), reserved(1, 4), reserved(3, 6), short(5, 2, 0)).when(count(6, version=2)).then(
        counted(6, version=2, sellable=6), broken(3, 6), reserved(5, 2, backordered=True)
    )


def test_a_count_that_comes_late_or_twice_changes_nothing() -> None:
    given(PROMISE, counted(10, version=3)).when(count(40, version=2)).then()
    given(PROMISE, counted(10, version=3)).when(count(10, version=3)).then()


def test_the_supply_is_the_sum_of_the_latest_counts_of_all_places() -> None:
    state = given(PROMISE, counted(10), counted(5, location="B-01"), counted(7, version=2)).state
    assert state.sellable_units == 12


def test_more_lines_than_one_decision_holds_are_settled_by_the_next_ones() -> None:
    claims = {line_key(order(n), "1"): Claim(1, at(0), order(n), "1") for n in range(1_200)}
    state = Promise(waiting=Map(claims))
    decisions = []
    command: CountSupply | Settle = count(1_200)
    while True:
        events = PROMISE.decide(command, state)
        decisions.append(events)
        for event in events:
            state = PROMISE.evolve(state, event)
        if not state.unsettled:
            break
        command = Settle("MAIN", "MUG")
    assert [sum(isinstance(event, LineReserved) for event in events) for events in decisions] == [500, 500, 200]
    assert decisions[0][-1] == SettlementDeferred()
    assert decisions[-1][-1] == SettlementCompleted()
    assert (state.reserved_units, state.available_units, len(state.waiting)) == (1_200, 0, 0)


def test_while_a_settlement_is_unfinished_nobody_new_gets_ahead_of_those_who_wait() -> None:
    given(PROMISE, short(1, 5, 0), counted(20), SettlementDeferred()).when(reserve(9, 5)).then(short(9, 5, 20))


def test_more_broken_promises_than_one_decision_holds_are_settled_by_the_next_ones() -> None:
    claims = {line_key(order(n), "1"): Claim(1, at(0), order(n), "1") for n in range(700)}
    state = Promise(reserved=Map(claims), reserved_units=700)
    state = PROMISE.evolve(state, counted(700))
    for command in (count(0, version=2), Settle("MAIN", "MUG")):
        for event in PROMISE.decide(command, state):
            state = PROMISE.evolve(state, event)
    assert (state.reserved_units, len(state.waiting), state.unsettled) == (0, 700, False)


lines = st.integers(1, 12)
commands = st.one_of(
    st.builds(reserve, lines, st.integers(1, 9), st.integers(0, 59)),
    st.builds(release, lines),
    st.builds(keeping, st.integers(0, 9), st.integers(1, 5)),
    st.builds(count, st.integers(0, 30), st.integers(1, 20), st.sampled_from(["A-01", "B-01"])),
)


@settings(max_examples=300, deadline=None)
@for_all(st.lists(commands, max_size=60))
def test_in_any_history_nothing_is_oversold_and_no_line_waits_that_could_be_served(
    history: Sequence[Reserve | Release | CountSupply],
) -> None:
    state = Promise()
    published: list[Event] = []
    for command in history:
        for event in PROMISE.decide(command, state):
            state = PROMISE.evolve(state, event)
            published.append(event)
        assert state.reserved_units == sum(claim.quantity for claim in state.reserved.values())
        assert state.sellable_units == sum(place.units for place in state.supply.values())
        assert 0 <= state.reserved_units <= state.sellable_units
        assert all(claim.quantity > state.available_units for claim in state.waiting.values())
        assert not set(state.reserved) & set(state.waiting)
    assert _told(published) == {line_key(c.order_id, c.line_id) for c in state.reserved.values()}


def _told(events: Sequence[Event]) -> set[str]:
    """The lines that readers of the published events believe to be reserved."""
    believed: set[str] = set()
    for event in events:
        match event:
            case LineReserved():
                believed.add(line_key(event.order_id, event.line_id))
            case ReservationReleased() if event.keeps:
                continue
            case LineBroken() | ReservationReleased():
                believed.discard(line_key(event.order_id, event.line_id))
    return believed


@pytest.mark.parametrize("units", [0, 1, 39, 40, 64])
def test_sixty_four_orders_of_one_unit_get_exactly_the_units_that_there_are(units: int) -> None:
    state = PROMISE.evolve(Promise(), counted(units))
    for number in range(64):
        for event in PROMISE.decide(reserve(number, 1, minute=0), state):
            state = PROMISE.evolve(state, event)
    assert (len(state.reserved), len(state.waiting)) == (units, 64 - units)
