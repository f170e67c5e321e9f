"""What was picked, packed and shipped is a fact: the books follow, each time once, and never below zero."""

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import structs

from inventory.aggregates import HOLDING
from inventory.domain.holding import Holding
from inventory.domain.outbound import (
    CollectStock,
    FillCarton,
    NotThereYet,
    PackedUnits,
    PackStock,
    PickStock,
    RejectedUnits,
    RejectStock,
    ShipStock,
)
from inventory.domain.picked import (
    CartonFilled,
    LineGoods,
    RejectionNoted,
    StockCollected,
    StockPacked,
    StockPicked,
)
from inventory.stock_contracts import (
    Goods,
    ShippedLine,
    StockAdjusted,
    StockAllocated,
    StockDeallocated,
    StockReceived,
    StockShipped,
    StockStatusChanged,
    Supply,
)
from inventory.task_contracts import CountRequested
from shared.events import Event
from tests.support.scenarios import given

AT = "2026-01-31T09:30:00.000Z"
ORDER, OTHER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10", "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a11"
LIST = "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a"
SHIPMENT = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"
CARTON = "106141412345678915"
PICK = f"{ORDER}.1"
MILK = Goods(sku="MILK", units=10, lot="L1", expires_on="2026-12-31", volume_mm3=1, weight_g=1, received_at=AT)


def some(units: int, **more: object) -> Goods:
    return structs.replace(MILK, units=units, **more)


def received(*goods: Goods) -> StockReceived:
    return StockReceived(holding="A-01", warehouse="MAIN", place="A-01", goods=goods, occurred_at=AT)


def set_aside(units: int, order_id: str = ORDER, line_id: str = "1") -> StockAllocated:
    return StockAllocated(
        holding="A-01", warehouse="MAIN", order_id=order_id, line_id=line_id, goods=(some(units),), wanted=units
    )


def pick(units: int, number: int = 1, **more: object) -> PickStock:
    command = PickStock("A-01", "MAIN", LIST, PICK, number, ORDER, "1", "MILK", units, AT, lot="L1")
    return structs.replace(command, **more)


def picked(goods: tuple[Goods, ...], aside: tuple[Goods, ...]) -> StockPicked:
    return StockPicked(
        holding="A-01",
        warehouse="MAIN",
        container=LIST,
        pick_id=PICK,
        number=1,
        order_id=ORDER,
        line_id="1",
        goods=goods,
        occurred_at=AT,
        set_aside=aside,
    )


def collect(goods: Goods, **more: object) -> CollectStock:
    return structs.replace(CollectStock(LIST, "MAIN", (picked((goods,), ()),)), **more)


def test_what_is_set_aside_for_the_line_leaves_and_adds_as_much_as_before_to_the_promise() -> None:
    state = given(HOLDING, received(MILK), set_aside(4)).when(pick(3)).then(picked((some(3),), (some(3),)))
    [item] = state.items.values()
    assert (item.units, item.units_for(f"{ORDER}/1")) == (7, 1)


def test_a_pick_counts_once() -> None:
    given(HOLDING, received(MILK), set_aside(4), picked((some(3),), (some(3),))).when(pick(3)).then()


def test_units_that_nobody_has_set_aside_go_first_where_the_line_has_too_few() -> None:
    given(HOLDING, received(MILK), set_aside(2), set_aside(3, OTHER)).when(pick(6)).then(
        picked((some(6),), (some(2),))
    )


def test_then_another_line_loses_its_units_and_hears_of_it() -> None:
    given(HOLDING, received(some(5)), set_aside(2), set_aside(3, OTHER)).when(pick(4)).then(
        StockDeallocated(
            holding="A-01", warehouse="MAIN", order_id=OTHER, line_id="1", goods=(some(2),), reason="missing"
        ),
        picked((some(4),), (some(2),)),
    )


def test_what_the_books_do_not_know_was_found_and_the_place_is_to_be_counted() -> None:
    outcome = given(HOLDING, received(some(2)), set_aside(2)).when(pick(5))
    found, count, took = outcome.events
    assert isinstance(found, StockAdjusted)
    assert (found.quantity, found.on_hand, found.reason_code, found.lot) == (3, 5, "found", "L1")
    assert found.supply == (Supply("MILK", 3),)
    assert isinstance(count, CountRequested)
    assert isinstance(took, StockPicked)
    assert sum(goods.units for goods in took.goods) == 5
    assert not outcome.state.items


def test_another_lot_than_the_one_set_aside_gives_that_one_back() -> None:
    late = some(4, lot="L2", expires_on="2027-01-31")
    outcome = given(HOLDING, received(MILK, late), set_aside(3)).when(pick(3, lot="L2"))
    swapped, took = outcome.events
    assert isinstance(swapped, StockDeallocated)
    assert (swapped.reason, swapped.goods[0].lot) == ("swapped", "L1")
    assert isinstance(took, StockPicked)
    assert (took.goods[0].lot, took.set_aside) == ("L2", ())
    assert not any(item.allocated for item in outcome.state.items.values())


def test_a_serial_that_is_not_where_it_should_be_was_found() -> None:
    here = Goods(sku="MILK", units=2, serials=("S1", "S2"), received_at=AT)
    outcome = given(HOLDING, received(here)).when(pick(2, lot=None, serials=("S1", "S9")))
    found = outcome.events[0]
    assert isinstance(found, StockAdjusted)
    assert found.serials == ("S9",)
    assert [item.serial for item in outcome.state.items.values()] == ["S2"]


def test_picked_goods_stay_set_aside_in_the_container_and_come_once() -> None:
    outcome = given(HOLDING).when(collect(some(3)))
    assert isinstance(outcome.events[0], StockCollected)
    [item] = outcome.state.items.values()
    assert (item.units, item.units_for(f"{ORDER}/1"), outcome.state.kind) == (3, 3, "loose")
    assert HOLDING.decide(collect(some(3)), outcome.state) == []


def test_picked_goods_of_a_recalled_lot_are_quarantined_as_they_come() -> None:
    outcome = given(HOLDING).when(collect(some(3), blocked=(("MILK", "L1"),)))
    assert [type(event) for event in outcome.events] == [StockCollected, StockDeallocated, StockStatusChanged]
    assert outcome.events[2].supply == (Supply("MILK", -3, (("2026-12-31", -3),)),)  # type: ignore[attr-defined]


def in_container(units: int) -> StockCollected:
    return StockCollected(
        holding=LIST,
        warehouse="MAIN",
        origin="A-01",
        pick_id=PICK,
        number=1,
        order_id=ORDER,
        line_id="1",
        goods=(some(units),),
        occurred_at=AT,
    )


def pack(units: int) -> PackStock:
    return PackStock(LIST, "MAIN", CARTON, ORDER, (PackedUnits("1", "MILK", units, "L1"),), AT)


def test_a_packer_takes_what_was_picked_for_the_line_once() -> None:
    outcome = given(HOLDING, in_container(5)).when(pack(3))
    [event] = outcome.events
    assert isinstance(event, StockPacked)
    assert event.lines == (LineGoods("1", (some(3),), (some(3),)),)
    assert HOLDING.decide(pack(3), outcome.state) == []


def test_what_is_packed_before_it_is_known_to_be_picked_waits() -> None:
    given(HOLDING, in_container(2)).when(pack(3)).then_rejected("not-there-yet")


def fill(*lines: LineGoods, **more: object) -> FillCarton:
    command = FillCarton(CARTON, "MAIN", "PACK-01", ORDER, SHIPMENT, lines, AT, volume_mm3=9, tare_g=150)
    return structs.replace(command, **more)


def filled(*lines: LineGoods) -> CartonFilled:
    [event] = given(HOLDING).when(fill(*lines)).events
    assert isinstance(event, CartonFilled)
    return event


def test_a_carton_stands_where_it_was_packed_with_its_order_s_goods() -> None:
    state = given(HOLDING, filled(LineGoods("1", (some(3),)))).state
    [item] = state.items.values()
    assert (state.kind, state.place, state.order_id, item.units_for(f"{ORDER}/1")) == (
        "carton",
        "PACK-01",
        ORDER,
        3,
    )
    assert HOLDING.decide(fill(LineGoods("1", (some(3),))), state) == []


def ship() -> ShipStock:
    return ShipStock(CARTON, "MAIN", SHIPMENT, ORDER, AT)


def test_everything_on_a_carton_leaves_with_its_shipment_once() -> None:
    state = (
        given(HOLDING, filled(LineGoods("1", (some(3),)), LineGoods("2", (some(2),))))
        .when(ship())
        .then(
            StockShipped(
                holding=CARTON,
                warehouse="MAIN",
                shipment_id=SHIPMENT,
                order_id=ORDER,
                goods=(some(5),),
                lines=(ShippedLine("1", "MILK", 3), ShippedLine("2", "MILK", 2)),
                occurred_at=AT,
                supply=(Supply("MILK", -5, (("2026-12-31", -5),)),),
                place="PACK-01",
            )
        )
    )
    assert (state.items, state.place, state.left) == (Holding().items, "", True)
    assert HOLDING.decide(ship(), state) == []


def test_a_carton_nobody_knows_of_cannot_leave_yet() -> None:
    given(HOLDING).when(ship()).then_rejected("not-there-yet")


def test_goods_that_are_set_aside_for_nobody_any_more_leave_for_the_line_they_were_packed_for() -> None:
    freed = StockDeallocated(holding=CARTON, warehouse="MAIN", order_id=ORDER, line_id="1", goods=(some(3),))
    outcome = given(HOLDING, filled(LineGoods("1", (some(3),))), freed).when(ship())
    [event] = outcome.events
    assert isinstance(event, StockShipped)
    assert event.lines == (ShippedLine("1", "MILK", 3),)


def test_a_carton_that_comes_back_stands_where_it_came_in() -> None:
    [left] = given(HOLDING, filled(LineGoods("1", (some(3),)))).when(ship()).events
    back = StockReceived(holding=CARTON, warehouse="MAIN", place="DOCK", goods=(some(3),), occurred_at=AT)
    state = given(HOLDING, filled(LineGoods("1", (some(3),))), left, back).state
    assert (state.place, state.left, state.order_id) == ("DOCK", False, "")


@settings(deadline=None)
@for_all(
    there=st.integers(0, 6),
    own=st.integers(0, 6),
    others=st.integers(0, 6),
    damaged=st.integers(0, 3),
    picks=st.lists(st.integers(1, 4), max_size=4),
)
def test_whatever_is_picked_nothing_is_negative_and_every_unit_is_somewhere(
    there: int, own: int, others: int, damaged: int, picks: list[int]
) -> None:
    events: list[Event] = [received(some(there))] if there else []
    if damaged:
        events.append(received(some(damaged, status="damaged")))
    if own := min(own, there):
        events.append(set_aside(own))
    if others := min(others, there - own):
        events.append(set_aside(others, OTHER))
    shelf, trolley, found = given(HOLDING, *events).state, Holding(), 0
    for number, units in enumerate(picks, 1):
        for event in HOLDING.decide(pick(units, number), shelf):
            shelf = HOLDING.evolve(shelf, event)
            found += event.quantity if isinstance(event, StockAdjusted) else 0
            if isinstance(event, StockPicked):
                for came in HOLDING.decide(CollectStock(LIST, "MAIN", (event,)), trolley):
                    trolley = HOLDING.evolve(trolley, came)
    for holding in (shelf, trolley):
        for item in holding.items.values():
            assert item.units > 0
            assert 0 <= item.allocated_units <= item.units
    assert trolley.units_of("MILK") == sum(picks)
    assert shelf.units_of("MILK") + trolley.units_of("MILK") == there + damaged + found
    assert found == max(0, sum(picks) - there - damaged)


def collected(units: int) -> StockCollected:
    return StockCollected(
        holding=LIST,
        warehouse="MAIN",
        origin="A-01",
        pick_id=PICK,
        number=1,
        order_id=ORDER,
        line_id="1",
        goods=(some(units),),
        occurred_at=AT,
    )


def rejecting(units: int, *, damaged: bool = True) -> RejectStock:
    lines = (RejectedUnits(PICK, "1", "MILK", units, "A-01", lot="L1"),)
    return RejectStock(LIST, "MAIN", "r1", ORDER, lines, damaged, "cracked", AT)


def lost(units: int, reason: str) -> StockDeallocated:
    return StockDeallocated(
        holding=LIST, warehouse="MAIN", order_id=ORDER, line_id="1", goods=(some(units),), reason=reason
    )


def test_what_a_packer_finds_damaged_is_lost_to_the_line_and_to_the_promise() -> None:
    outcome = given(HOLDING, collected(4)).when(rejecting(3))
    gone, changed, noted = outcome.events
    assert gone == lost(3, "damaged")
    assert isinstance(changed, StockStatusChanged)
    assert (changed.status, changed.reason_code, changed.goods, changed.supply) == (
        "damaged",
        "damaged",
        (some(3),),
        (Supply("MILK", -3, (("2026-12-31", -3),)),),
    )
    assert noted == RejectionNoted(holding=LIST, rejection="r1")
    assert {item.status: item.units for item in outcome.state.items.values()} == {"available": 1, "damaged": 3}


def test_what_a_packer_does_not_find_is_written_off_and_counted_where_it_came_from() -> None:
    outcome = given(HOLDING, collected(4)).when(rejecting(3, damaged=False))
    gone, adjusted, count, _ = outcome.events
    assert gone == lost(3, "missing")
    assert isinstance(adjusted, StockAdjusted)
    assert (adjusted.quantity, adjusted.on_hand, adjusted.reason_code) == (-3, 1, "lost")
    assert isinstance(count, CountRequested)
    assert (count.holding, count.order_id) == ("A-01", ORDER)
    assert sum(item.units for item in outcome.state.items.values()) == 1


def test_a_report_counts_once_waits_for_its_pick_and_leaves_alone_what_was_put_back() -> None:
    noted = RejectionNoted(holding=LIST, rejection="r1")
    given(HOLDING, collected(4), noted).when(rejecting(3)).then()
    given(HOLDING).when(rejecting(3)).then_rejected(NotThereYet.code)
    outcome = given(HOLDING, collected(2)).when(rejecting(3))
    assert {item.status: item.units for item in outcome.state.items.values()} == {"damaged": 2}
