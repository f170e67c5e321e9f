"""Any history of holdings and a promise, in memory: goods conserved, nothing negative, room never exceeded.

Handlers are played step by step: any step may be the last one of a request that died, or be gone on from when much
has happened meanwhile; and messages arrive late, twice and in any order.
"""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import Struct

from inventory.aggregates import HOLDING, PROMISE
from inventory.contracts import Capacity
from inventory.domain.allocation import AllocateUnits, DeallocateUnits
from inventory.domain.goods import Item, items_of
from inventory.domain.holding import Holding
from inventory.domain.movement import (
    ArriveStock,
    CreateUnit,
    DepartStock,
    ExpectUnit,
    MoveUnit,
    ReleaseUnit,
    SettleUnit,
    TakeSpace,
)
from inventory.domain.promise import CountSupply, Promise, Release, Reserve
from inventory.domain.room import Rules, load_of
from inventory.domain.stock import AdjustStock, ChangeStatus, CountStock, Wanted, WithdrawExpired, WithdrawLot
from inventory.stock_contracts import Goods, HandlingUnitMoved, StockDeparted
from shared.events import Event
from shared.rejection import Rejection

AT, TODAY, SKU = "2026-01-31T09:30:00.000Z", "2026-01-31", "MILK"
DOCK, RACK, NARROW = "DOCK", "RACK", "NARROW"
UNITS = ("106141412345678908", "106141412345678915")
LOTS = {"OLD": "2026-01-30", "SOON": "2026-02-28", "LATE": "2027-01-01"}
RULES = {
    DOCK: None,
    RACK: Rules(Capacity(volume_mm3=5, handling_units=2)),
    NARROW: Rules(Capacity(weight_g=3, handling_units=1), mixing="one_lot"),
}
PLACES = st.sampled_from([DOCK, RACK, NARROW, *UNITS])
GROUND = st.sampled_from([DOCK, RACK, NARROW])
LOT = st.sampled_from(["SOON", "SOON", "LATE", "OLD"])
FEW = st.integers(1, 5)


class StockMachine(RuleBasedStateMachine):
    """Three places, two pallets, one product of three lots in one warehouse."""

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[str, Holding] = {}
        self.versions: Counter[str] = Counter()
        self.promise = Promise()
        self.lines = 0
        self.counts: list[CountSupply] = []
        self.departed: list[StockDeparted] = []
        self.moved: list[HandlingUnitMoved] = []
        self.unfinished: list[tuple[str, Struct]] = []
        self.put_in: Counter[str] = Counter()
        for sscc in UNITS:
            self.decide(sscc, CreateUnit(sscc, "MAIN", DOCK, "pallet", AT))
        for lot, units in (("SOON", 6), ("LATE", 4)):
            self._adjust(DOCK, lot, units)

    def state(self, holding: str) -> Holding:
        return self.books.get(holding, Holding())

    def decide(self, holding: str, command: Struct) -> list[Event] | None:
        """What a handler's one write does: the events, and the messages that they become (None: refused)."""
        state = self.state(holding)
        try:
            events = list(HOLDING.decide(command, state))
        except Rejection:
            return None
        if not events:
            return []
        self.versions[holding] += 1
        for index, event in enumerate(events):
            recorded = HOLDING.catalog.decode(HOLDING.catalog.encode(event, 0))
            state = HOLDING.evolve(state, recorded)
            self._publish(recorded, holding, self.versions[holding] * 10_000 + index)
        self.books[holding] = state
        return events

    def _publish(self, event: Any, holding: str, version: int) -> None:
        for one in getattr(event, "supply", ()):
            counted = CountSupply("MAIN", one.sku, holding, version, one.units, one.expiring, TODAY)
            self.counts.append(counted)
        if isinstance(event, StockDeparted):
            self.departed.append(event)
        if isinstance(event, HandlingUnitMoved):
            self.moved.append(event)

    def tell_promise(self, command: Struct) -> None:
        for event in PROMISE.decide(command, self.promise):
            self.promise = PROMISE.evolve(self.promise, PROMISE.catalog.decode(PROMISE.catalog.encode(event, 0)))

    # --- facts ---

    @rule(place=st.sampled_from([DOCK, DOCK, RACK, NARROW]), lot=LOT, units=st.integers(-2, 5))
    def adjust(self, place: str, lot: str, units: int) -> None:
        self._adjust(place, lot, units)

    def _adjust(self, place: str, lot: str, units: int) -> None:
        command = AdjustStock(
            place, "MAIN", SKU, units, "found", AT,
            lot=lot, expires_on=LOTS[lot], volume_mm3=1, weight_g=1, rules=RULES[place],
        )  # fmt: skip
        for event in self.decide(place, command) or []:
            self.put_in[lot] += getattr(event, "quantity", 0)

    @rule(data=st.data(), what=st.sampled_from(["count", "status", "status", "withdraw", "expire", "give back"]))
    def mishap(self, data: st.DataObject, what: str) -> None:
        if not (found := self._somewhere(data)):
            return
        place, item = found
        match what:
            case "count" if place in RULES:
                left = Goods(sku=SKU, units=1, lot=item.lot, expires_on=item.expires_on, volume_mm3=1, weight_g=1)
                units = data.draw(st.integers(0, item.units + 1))
                command = CountStock(place, "MAIN", SKU, units, AT, left, lot=item.lot, rules=RULES[place])
                for event in self.decide(place, command) or []:
                    self.put_in[item.lot] += getattr(event, "difference", 0)
            case "status":
                after: Any = "damaged" if item.status == "available" else "available"
                wanted = Wanted(SKU, data.draw(st.integers(1, item.units)), item.lot, status=item.status)
                self.decide(place, ChangeStatus(place, "MAIN", wanted, after, "other", AT))
            case "withdraw":
                command_ = WithdrawLot(place, SKU, item.lot, "quarantine", "recalled", AT, warehouse="MAIN")
                self.decide(place, command_)
            case "expire":
                self.decide(place, WithdrawExpired(place, TODAY, AT, "MAIN"))
            case _:
                order_id = f"00000000-0000-8000-8000-{data.draw(st.integers(1, 3)):012d}"
                self.decide(place, DeallocateUnits(place, "MAIN", order_id, "1", SKU))

    @rule(data=st.data(), line=st.integers(1, 3), units=FEW)
    def allocate(self, data: st.DataObject, line: int, units: int) -> None:
        if found := self._somewhere(data):
            order_id = f"00000000-0000-8000-8000-{line:012d}"
            self.decide(found[0], AllocateUnits(found[0], "MAIN", order_id, "1", SKU, units, TODAY))

    def _somewhere(self, data: st.DataObject) -> tuple[str, Item] | None:
        """Some goods, and where they lie."""
        there = [
            (place, item)
            for place, holding in sorted(self.books.items())
            for item in sorted(holding.items.values(), key=lambda item: item.key)
        ]
        return data.draw(st.sampled_from(there)) if there else None

    # --- moves of loose goods, which may die after each step ---

    @rule(data=st.data(), to=PLACES, steps=st.sampled_from([1, 2, 2, 3, 3, 3]), blocked=st.booleans())
    def move(self, data: st.DataObject, to: str, steps: int, blocked: bool) -> None:
        if not (found := self._somewhere(data)):
            return
        origin, item = found
        wanted = Wanted(SKU, data.draw(st.integers(1, item.units)), item.lot, status=item.status)
        blocked = blocked and item.lot == "LATE"
        command = DepartStock(origin, "MAIN", to, (wanted,), AT)
        try:
            [departure] = HOLDING.decide(command, self.state(origin))
        except Rejection:
            return
        assert isinstance(departure, StockDeparted)
        claim = f"claim-{self.versions.total()}"
        load = load_of(item for goods in departure.goods for item in items_of(goods))
        if to != DOCK and not self._make_room(to, claim, load):
            return
        going = DepartStock(origin, "MAIN", to, (wanted,), AT, claim=claim)
        if steps < 2:
            self.unfinished.append((origin, going))
            return
        events = self.decide(origin, going)
        if steps > 2 and events:
            assert isinstance(events[0], StockDeparted)
            self._arrive(events[0], blocked)

    def _make_room(self, holder: str, claim: str, load: Any) -> bool:
        """As the handler takes it: in the rack first, then on the pallet."""
        place = self.state(holder).place
        if holder in UNITS and place != DOCK:
            below = TakeSpace(place, claim, load, AT, unit=holder, rules=RULES[place])
            if self.decide(place, below) is None:
                return False
        command = TakeSpace(
            holder, claim, load, AT, rules=RULES.get(holder), standing_at=place if holder in UNITS else None
        )
        return self.decide(holder, command) is not None

    def _arrive(self, event: StockDeparted, blocked: bool) -> None:
        lots = ((SKU, "LATE"),) if blocked else ()
        command = ArriveStock(
            event.destination, "MAIN", event.holding, "MAIN", event.lane, event.number, event.goods, AT,
            claim=event.claim, blocked=lots,
        )  # fmt: skip
        self.decide(event.destination, command)
        self._settle(event.destination, event.claim)

    def _settle(self, unit: str, claim: str | None) -> None:
        if unit in UNITS and self.state(unit).place != DOCK:
            state, claims = self.state(unit), (claim,) if claim else ()
            place = state.place
            self.decide(place, SettleUnit(place, unit, state.move, self.versions[unit], state.load, claims))

    # --- moves of pallets, which may die after each step ---

    @rule(unit=st.sampled_from(UNITS), to=GROUND, steps=st.integers(1, 2), stale=st.booleans())
    def bring(self, unit: str, to: str, steps: int, stale: bool) -> None:
        state = self.state(unit)
        number = state.move + (0 if stale and state.move else 1)
        load = None
        if to != DOCK:
            load = state.load
            version = self.versions[unit]
            room = ExpectUnit(to, unit, "pallet", number, version, load, AT, rules=RULES[to])
            if self.decide(to, room) is None:
                return
        going = MoveUnit(unit, "MAIN", to, number, AT, load=load)
        if steps > 1:
            self.decide(unit, going)
        else:
            self.unfinished.append((unit, going))

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        if self.unfinished:
            step = data.draw(st.sampled_from(self.unfinished))
            self.unfinished.remove(step)
            self.decide(*step)

    # --- messages, in any order and any number of times ---

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        if self.counts:
            self.tell_promise(data.draw(st.sampled_from(self.counts)))

    @rule(data=st.data(), blocked=st.booleans())
    def deliver_departure(self, data: st.DataObject, blocked: bool) -> None:
        if self.departed:
            self._arrive(data.draw(st.sampled_from(self.departed)), blocked)

    @rule(data=st.data())
    def deliver_move(self, data: st.DataObject) -> None:
        if self.moved:
            self._left(data.draw(st.sampled_from(self.moved)))

    def _left(self, event: HandlingUnitMoved) -> None:
        self.decide(event.origin, ReleaseUnit(event.origin, event.holding, event.number))
        self._settle(event.holding, None)

    @rule(units=FEW, give_back=st.booleans())
    def order(self, units: int, give_back: bool) -> None:
        self.lines += 0 if give_back else 1
        order_id = f"10000000-0000-8000-8000-{self.lines:012d}"
        command: Struct = Reserve("MAIN", SKU, order_id, "1", units, AT, TODAY)
        if give_back:
            command = Release("MAIN", SKU, order_id, "1", TODAY)
        self.tell_promise(command)

    # --- what holds ---

    def _everywhere(self) -> Counter[str]:
        """Units by lot that lie somewhere, and those on their way."""
        found: Counter[str] = Counter()
        for holding in self.books.values():
            for item in holding.items.values():
                found[item.lot] += item.units
        for event in self.departed:
            if not self._has_arrived(event):
                for goods in event.goods:
                    found[goods.lot or ""] += goods.units
        return found

    def _has_arrived(self, event: StockDeparted) -> bool:
        seen = self.state(event.destination).seen.get(f"{event.holding}|{event.lane}", ())
        return any(first <= event.number <= last for first, last in seen)

    @invariant()
    def every_unit_is_somewhere_once(self) -> None:
        assert +self._everywhere() == +self.put_in

    @invariant()
    def nothing_is_negative_or_set_aside_twice(self) -> None:
        for holding in self.books.values():
            for item in holding.items.values():
                assert item.units > 0
                assert 0 <= item.allocated_units <= item.units

    @invariant()
    def room_and_mixing_are_never_exceeded(self) -> None:
        for place, rules in RULES.items():
            if rules is None:
                continue
            here = [unit for unit in UNITS if self.state(unit).place == place]
            loads = [load_of(self.state(place).items.values()), *(self.state(unit).load for unit in here)]
            assert sum(load.volume_mm3 for load in loads) <= (rules.capacity.volume_mm3 or 10**9)
            assert sum(load.weight_g for load in loads) <= (rules.capacity.weight_g or 10**9)
            assert len(here) <= (rules.capacity.handling_units or 0)
            lots = {pair for load in loads for pair in load.contents}
            assert rules.mixing == "any" or len(lots) <= 1

    @invariant()
    def the_promise_is_never_oversold(self) -> None:
        assert self.promise.reserved_units <= max(0, self.promise.sellable_units)

    @invariant()
    def holdings_add_what_is_available_or_on_its_way(self) -> None:
        nets = sum(holding.supply("MAIN", SKU).units for holding in self.books.values())
        available = sum(
            item.units
            for holding in self.books.values()
            for item in holding.items.values()
            if item.status == "available"
        )
        on_the_way = sum(
            goods.units
            for event in self.departed
            if not self._has_arrived(event)
            for goods in event.goods
            if goods.status == "available"
        )
        assert nets == available + on_the_way

    def teardown(self) -> None:
        """Once everything has been delivered, the promise counts exactly what is available and has not expired."""
        for event in self.departed:
            self._arrive(event, blocked=False)
        for moved in self.moved:
            self._left(moved)
        for count in (*self.counts, *reversed(self.counts)):
            self.tell_promise(count)
        good = sum(
            item.units
            for holding in self.books.values()
            for item in holding.items.values()
            if item.status == "available" and item.expires_on >= TODAY
        )
        assert self.promise.sellable_units == good
        assert +self._everywhere() == +self.put_in


TestStock = StockMachine.TestCase
TestStock.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
