"""Dispatched units take their reservation along: nobody else's promise is touched, and nothing counts twice."""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from inventory.aggregates import PROMISE
from inventory.contracts import LineBroken, LineReserved, LineShort
from inventory.domain import promise as rules
from inventory.domain.promise import (
    CountSupply,
    Fulfil,
    FulfilledLine,
    Promise,
    Release,
    Reserve,
    SupplyCounted,
    SupplyShipped,
)
from inventory.stock_contracts import AssignedLine
from shared.events import Event
from tests.support.scenarios import given

TODAY, AT = "2026-01-31", "2026-01-31T09:30:00.000Z"


def order(number: int) -> str:
    return f"00000000-0000-8000-8000-{number:012d}"


def reserved(number: int, quantity: int) -> LineReserved:
    return LineReserved(
        order_id=order(number), line_id="1", warehouse="MAIN", sku="MUG", quantity=quantity, promised_at=AT
    )


def fulfil(units: int, number: int = 1, carton: str = "carton-1", at: str = AT, **more: object) -> Fulfil:
    lines = (AssignedLine(order(number), "1", units),)
    return Fulfil("MAIN", "MUG", carton, at, units, lines=lines, today=TODAY, **more)  # type: ignore[arg-type]


def counted(units: int) -> SupplyCounted:
    return SupplyCounted(location="A-01", counted=1, units=units)


def test_units_that_leave_are_neither_there_nor_promised_any_more() -> None:
    state = (
        given(PROMISE, counted(10), reserved(1, 4), reserved(2, 6))
        .when(fulfil(4))
        .then(
            SupplyShipped(
                carton="carton-1",
                shipped_at=AT,
                units=4,
                sellable=6,
                lines=(FulfilledLine(order(1), "1", reserved=4),),
            )
        )
    )
    assert (state.sellable_units, state.reserved_units, state.available_units) == (6, 6, 0)
    assert list(state.reserved) == [f"{order(2)}/1"]


def test_the_rest_of_a_line_of_which_some_units_left_stays_promised() -> None:
    state = given(PROMISE, counted(10), reserved(1, 4)).when(fulfil(3)).state
    assert state.reserved[f"{order(1)}/1"].quantity == 1
    assert (state.sellable_units, state.reserved_units) == (7, 1)


def test_the_same_carton_counts_once_and_another_one_counts_too() -> None:
    first = given(PROMISE, counted(10), reserved(1, 4)).when(fulfil(3)).state
    assert PROMISE.decide(fulfil(3), first) == []
    state = first
    for event in PROMISE.decide(fulfil(1, carton="carton-2"), first):
        state = PROMISE.evolve(state, event)
    assert (state.sellable_units, state.reserved_units) == (6, 0)


def test_a_line_that_was_fulfilled_is_not_promised_again_and_gives_nothing_back() -> None:
    state = given(PROMISE, counted(10), reserved(1, 4)).when(fulfil(4)).state
    asked_again = Reserve("MAIN", "MUG", order(1), "1", 4, AT, TODAY)
    assert PROMISE.decide(asked_again, state) == []
    for event in PROMISE.decide(Release("MAIN", "MUG", order(1), "1", TODAY), state):
        state = PROMISE.evolve(state, event)
    assert (state.sellable_units, state.reserved_units) == (6, 0)


def test_units_that_left_although_the_line_was_released_are_missed_by_the_youngest_promise() -> None:
    events = PROMISE.decide(fulfil(4), given(PROMISE, counted(10), reserved(2, 8)).state)
    assert [type(event) for event in events] == [SupplyShipped, LineBroken]


def test_a_line_that_waits_again_wants_no_more_what_has_left_for_it() -> None:
    short = LineShort(
        order_id=order(1), line_id="1", warehouse="MAIN", sku="MUG", quantity=4, promised_at=AT, available=0
    )
    state = given(PROMISE, counted(4), reserved(2, 1), short).when(fulfil(3)).state
    assert state.waiting[f"{order(1)}/1"].quantity == 1
    assert (state.sellable_units, state.reserved_units) == (1, 1)


def test_what_had_expired_is_not_subtracted_again() -> None:
    lot = CountSupply("MAIN", "MUG", "A-01", 1, 10, (("2026-01-15", 4),), today=TODAY)
    state = given(PROMISE, reserved(1, 4)).when(lot).state
    assert state.sellable_units == 6
    gone = Fulfil("MAIN", "MUG", "carton-1", AT, 5, (("2026-01-15", 4),), (AssignedLine(order(1), "1", 4),), TODAY)
    for event in PROMISE.decide(gone, state):
        state = PROMISE.evolve(state, event)
    assert (state.sellable_units, dict(state.expiring)) == (5, {})


def test_forgotten_cartons_count_only_while_a_line_still_claims_what_left_on_them() -> None:
    state: Promise = given(PROMISE, counted(10_000), reserved(1, 4), reserved(2, 2)).state
    for number in range(rules.CARTONS_REMEMBERED + 1):
        gone = Fulfil(
            "MAIN", "MUG", f"early-{number}", f"2026-01-31T10:{number // 60:02d}:{number % 60:02d}.000Z", 1
        )
        for event in PROMISE.decide(gone, state):
            state = PROMISE.evolve(state, event)
    assert "early-0" not in state.shipped
    assert len(state.shipped) <= rules.CARTONS_REMEMBERED
    assert PROMISE.decide(Fulfil("MAIN", "MUG", "early-0", "2026-01-31T10:00:00.000Z", 1), state) == []
    late = fulfil(4, carton="late", at="2026-01-31T09:59:00.000Z")
    for event in PROMISE.decide(late, state):
        state = PROMISE.evolve(state, event)
    assert f"{order(1)}/1" not in state.reserved
    assert PROMISE.decide(late, state) == []


class FulfilmentMachine(RuleBasedStateMachine):
    """One place, orders that are reserved, picked, shipped in parts and released; messages in any order, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.promise = Promise()
        self.there = 0
        self.version = 0
        self.messages: list[rules.Command] = []
        self.wanted: Counter[int] = Counter()
        self.shipped: Counter[int] = Counter()
        self.orders = 0

    def tell(self, command: rules.Command) -> list[Event]:
        events = [
            PROMISE.catalog.decode(PROMISE.catalog.encode(event, 0))
            for event in PROMISE.decide(command, self.promise)
        ]
        for event in events:
            self.promise = PROMISE.evolve(self.promise, event)
        return events

    @rule(units=st.integers(1, 10))
    def come(self, units: int) -> None:
        self.there += units
        self.version += 1
        shipped = sum(self.shipped.values())
        self.messages.append(CountSupply("MAIN", "MUG", "A-01", self.version, self.there + shipped, today=TODAY))

    @rule(units=st.integers(1, 5))
    def place(self, units: int) -> None:
        self.orders += 1
        self.wanted[self.orders] = units
        self.tell(
            Reserve("MAIN", "MUG", order(self.orders), "1", units, f"2026-01-31T09:30:00.{self.orders:03d}Z")
        )

    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        ready = [n for n in range(1, self.orders + 1) if f"{order(n)}/1" in self.promise.reserved]
        if not ready:
            return
        number = data.draw(st.sampled_from(ready))
        most = min(self.wanted[number] - self.shipped[number], self.there)
        if most < 1:
            return
        units = data.draw(st.integers(1, most))
        self.shipped[number] += units
        self.there -= units
        self.messages.append(fulfil(units, number, f"carton-{len(self.messages)}"))

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.orders:
            number = data.draw(st.integers(1, self.orders))
            self.tell(Release("MAIN", "MUG", order(number), "1", TODAY))

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        more = [n for n in range(1, self.orders + 1) if self.wanted[n] > max(1, self.shipped[n])]
        if more:
            number = data.draw(st.sampled_from(more))
            keeps = data.draw(st.integers(max(1, self.shipped[number]), self.wanted[number] - 1))
            self.wanted[number] = keeps
            self.messages.append(Release("MAIN", "MUG", order(number), "1", TODAY, keeps))

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        if not self.messages:
            return
        message = data.draw(st.sampled_from(self.messages))
        claimed = sum(
            claim.quantity
            for line in (message.lines if isinstance(message, Fulfil) else ())
            if (claim := self.promise.reserved.get(f"{line.order_id}/{line.line_id}"))
        )
        events = self.tell(message)
        if isinstance(message, Fulfil) and claimed >= message.units:
            assert not [event for event in events if isinstance(event, LineBroken)]

    @invariant()
    def books_add_up(self) -> None:
        assert self.promise.reserved_units == sum(claim.quantity for claim in self.promise.reserved.values())
        counts = sum(count.units for count in self.promise.supply.values())
        assert self.promise.sellable_units == counts - self.promise.gone.units
        assert self.promise.reserved_units <= max(0, self.promise.sellable_units)
        assert not set(self.promise.reserved) & set(self.promise.waiting)

    def teardown(self) -> None:
        """Once everything was delivered, sellable is what is there, and no line claims what it has got."""
        for message in (*self.messages, *reversed(self.messages)):
            self.tell(message)
        assert self.promise.sellable_units == self.there
        for number in range(1, self.orders + 1):
            claim = self.promise.reserved.get(f"{order(number)}/1") or self.promise.waiting.get(
                f"{order(number)}/1"
            )
            if claim is not None:
                assert claim.quantity == self.wanted[number] - self.shipped[number]


TestFulfilment = FulfilmentMachine.TestCase
TestFulfilment.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
