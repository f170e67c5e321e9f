"""Packing one order: what may go into which carton, what a carton may weigh, and when a shipment is packed."""

from collections.abc import Sequence

import pytest
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from picking.domain.carton_range import CartonKind, CartonRange, DescribeCartonKind, Measures
from picking.domain.carton_range import decide as describe
from picking.domain.carton_range import evolve as described
from picking.domain.packing import (
    CartonOpened,
    CloseCarton,
    Command,
    CutShipmentShort,
    FilledCarton,
    ItemsPacked,
    OpenCarton,
    PackAtOnce,
    Packing,
    PickedOrder,
    PutItems,
    RejectItems,
    Scan,
    ShipmentBegun,
    ShipmentCutShort,
    TakeItemsOut,
    Traits,
    UnpackShipment,
    WeightOverridden,
    decide,
    evolve,
    without,
)
from picking.packing_contracts import CartonPacked, Condition, ItemsRejected, OrderPacked, PackedItem, PackedLine
from shared.events import Event
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
TROLLEY = "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6a"
AT = "2026-01-31T09:30:00.000Z"
BOX = CartonKind("BOX", Measures(300, 200, 100), Measures(310, 210, 110), max_weight_g=10_000, tare_g=200)
TRAITS = {
    "MUG": Traits(400),
    "MILK": Traits(1_000),
    "DRILL": Traits(2_000),
    "PAINT": Traits(900, "hazmat-3"),
    "ACID": Traits(900, "hazmat-8"),
    "ODD": Traits(),
}
MUGS = PackedItem("1", "MUG", 5, TROLLEY)
MILK = PackedItem("2", "MILK", 2, TROLLEY, lot="L1", expires_on="2999-12-31")
DRILLS = PackedItem("3", "DRILL", 2, TROLLEY, serials=("S1", "S2"))


def order(*goods: PackedItem, **awaited: int) -> PickedOrder:
    lines = tuple(PackedLine("9", sku, units) for sku, units in awaited.items())
    return PickedOrder(ORDER, "MAIN", goods or (MUGS, MILK, DRILLS), lines)


def scan(sku: str, units: int = 1, lot: str | None = None, serials: tuple[str, ...] = ()) -> Scan:
    return Scan(sku, units, "items[0]", lot, serials)


def given(*commands: Command) -> Packing:
    packing = Packing()
    for command in commands:
        for event in decide(command, packing):
            packing = evolve(packing, event)
    return packing


def when(command: Command, *before: Command) -> Sequence[Event]:
    return decide(command, given(*before))


def refused(command: Command, *before: Command) -> Rejection:
    packing = given(*before)
    with pytest.raises(Rejection) as refusal:
        decide(command, packing)
    return refusal.value


def opening(sscc: str = "1", *goods: PackedItem, partial: bool = False, **awaited: int) -> OpenCarton:
    return OpenCarton(order(*goods, **awaited), sscc, BOX, partial=partial)


def putting(*scans: Scan, sscc: str = "1", goods: tuple[PackedItem, ...] = ()) -> PutItems:
    return PutItems(order(*goods), sscc, scans, TRAITS)


def closing(
    weight_g: int, sscc: str = "1", override: str | None = None, goods: tuple[PackedItem, ...] = ()
) -> CloseCarton:
    return CloseCarton(order(*goods), sscc, weight_g, "operator-7", AT, override)


def at_once(*cartons: tuple[int, tuple[Scan, ...]], goods: tuple[PackedItem, ...] = ()) -> PackAtOnce:
    filled = tuple(
        FilledCarton(str(number), BOX, weight, scans, f"cartons[{number - 1}]")
        for number, (weight, scans) in enumerate(cartons, start=1)
    )
    return PackAtOnce(order(*goods), filled, TRAITS, "operator-7", AT)


def rejecting(
    *scans: Scan, condition: Condition = "damaged", goods: tuple[PackedItem, ...] = (), cancelled: str = ""
) -> RejectItems:
    known = structs.replace(order(*goods), cancelled=cancelled)
    return RejectItems(known, "rejection-1", scans, condition, "cracked", "operator-7", AT)


ALL = (scan("MUG", 5), scan("MILK", 2), scan("DRILL", 2, serials=("S1", "S2")))
WEIGHT = 200 + 5 * 400 + 2 * 1_000 + 2 * 2_000


def test_the_first_carton_begins_a_shipment_of_everything_that_is_picked() -> None:
    begun, opened = when(opening())
    assert isinstance(begun, ShipmentBegun)
    assert begun.goods == (MUGS, MILK, DRILLS)
    assert opened == CartonOpened(sscc="1", kind=BOX)
    [second] = when(opening("2"), opening())
    assert second == CartonOpened(sscc="2", kind=BOX)


def test_packed_carton_by_carton_the_shipment_is_done_with_its_last_one() -> None:
    [first] = when(closing(200 + 5 * 400), opening(), putting(scan("MUG", 5)))
    assert isinstance(first, CartonPacked)
    assert first.items == (MUGS,)
    last, packed = when(
        closing(6_200, "2"),
        opening(),
        opening("2"),
        putting(scan("MUG", 5)),
        closing(2_200),
        putting(scan("MILK", 2, "L1"), sscc="2"),
        putting(scan("DRILL", 2, serials=("S1", "S2")), sscc="2"),
    )
    assert isinstance(last, CartonPacked)
    assert last.items == (MILK, DRILLS)
    assert isinstance(packed, OrderPacked)
    assert [carton.sscc for carton in packed.cartons] == ["1", "2"]
    assert packed.lines == (PackedLine("1", "MUG", 5), PackedLine("2", "MILK", 2), PackedLine("3", "DRILL", 2))
    assert packed.shipment_id == first.shipment_id == last.shipment_id


def test_packed_at_once_nothing_but_cartons_and_the_shipment_is_told() -> None:
    carton, packed = when(at_once((WEIGHT, ALL)))
    assert isinstance(carton, CartonPacked)
    assert carton.items == (MUGS, MILK, DRILLS)
    assert (carton.weight_g, carton.tare_g, carton.length_mm) == (WEIGHT, 200, 310)
    assert isinstance(packed, OrderPacked)
    [shipment] = given(at_once((WEIGHT, ALL))).shipments
    assert shipment.cartons == (carton,)


def test_what_one_request_leaves_is_packed_by_later_ones_into_the_same_shipment() -> None:
    part = at_once((200 + 5 * 400, (scan("MUG", 5),)))
    begun, first = when(part)
    assert isinstance(begun, ShipmentBegun)
    rest = (scan("MILK", 2), scan("DRILL", 2, serials=("S1", "S2")))
    last, packed = when(structs.replace(at_once((0, ()), (6_200, rest)), cartons=_second((6_200, rest))), part)
    assert isinstance(first, CartonPacked)
    assert isinstance(last, CartonPacked)
    assert isinstance(packed, OrderPacked)
    assert last.shipment_id == first.shipment_id
    assert [carton.sscc for carton in packed.cartons] == ["1", "2"]


def _second(carton: tuple[int, tuple[Scan, ...]]) -> tuple[FilledCarton, ...]:
    return (FilledCarton("2", BOX, carton[0], carton[1], "cartons[0]"),)


def test_what_is_picked_later_makes_a_shipment_of_its_own() -> None:
    before = at_once((WEIGHT, ALL))
    first = given(before).shipments[0]
    more = PackedItem("4", "MUG", 1, TROLLEY)
    carton, packed = when(
        PackAtOnce(
            order(MUGS, MILK, DRILLS, more),
            (FilledCarton("9", BOX, 600, (scan("MUG"),), "cartons[0]"),),
            TRAITS,
            "operator-7",
            AT,
        ),
        before,
    )
    assert isinstance(carton, CartonPacked)
    assert carton.items == (more,)
    assert isinstance(packed, OrderPacked)
    assert packed.shipment_id != first.shipment_id


def test_a_shipment_that_is_not_packed_yet_takes_in_what_was_picked_meanwhile() -> None:
    begun, _ = when(opening("2", MUGS, MILK), opening("1", MUGS))
    assert isinstance(begun, ShipmentBegun)
    assert begun.goods == (MUGS, MILK)


def test_a_shipment_of_very_many_lines_is_begun_in_parts_and_packed_as_one() -> None:
    goods = tuple(PackedItem(str(n), f"SKU-{n}", 1, TROLLEY, lot=f"L{n}") for n in range(1, 2_001))
    *parts, opened = when(opening("1", *goods))
    assert isinstance(opened, CartonOpened)
    assert [len(part.goods) for part in parts if isinstance(part, ShipmentBegun)] == [800, 800, 400]
    assert given(opening("1", *goods)).left == goods
    assert when(opening("2", *goods), opening("1", *goods)) == [CartonOpened(sscc="2", kind=BOX)]


def test_nothing_is_packed_while_more_is_being_picked_unless_that_is_wanted() -> None:
    refusal = refused(opening("1", MUGS, MILK=2))
    assert (refusal.code, "2 of MILK" in refusal.message) == ("picking-goes-on", True)
    early = structs.replace(order(MUGS), complete=False)
    assert refused(structs.replace(opening(), order=early)).code == "picking-goes-on"
    begun, _ = when(opening("1", MUGS, partial=True, MILK=2))
    assert isinstance(begun, ShipmentBegun)
    assert begun.goods == (MUGS,)
    awaited = structs.replace(putting(scan("MILK")), order=order(MUGS, MILK=2))
    assert refused(awaited, opening("1", MUGS, partial=True, MILK=2)).code == "not-picked-yet"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (scan("PAINT"), "wrong-item", "items[0].sku"),
        (scan("MUG", 6), "too-many", "items[0].units"),
        (scan("MILK", 1, "L2"), "wrong-lot", "items[0].lot"),
        (scan("DRILL", 1, serials=("S9",)), "wrong-serial", "items[0].serials"),
        (scan("DRILL", 1), "serials-missing", "items[0].serials"),
        (scan("DRILL", 2, serials=("S1", "S1")), "serials-missing", "items[0].serials"),
    ],
)
def test_a_scan_that_does_not_fit_is_refused_with_what_is_wrong(wrong: Scan, code: str, field: str) -> None:
    refusal = refused(putting(wrong), opening())
    assert isinstance(refusal, Unprocessable)
    assert (refusal.code, refusal.field, refusal.remedy != "") == (code, field, True)


def test_every_wrong_item_of_a_request_is_named_and_nothing_is_packed() -> None:
    refusal = refused(putting(scan("PAINT"), scan("MUG"), scan("MUG", 9)), opening())
    assert (refusal.code, [further.code for further in refusal.further]) == ("wrong-item", ["too-many"])


def test_a_unit_is_packed_once_also_with_one_of_another_carton() -> None:
    packed = (opening(), opening("2"), putting(scan("MUG", 3)))
    assert refused(putting(scan("MUG", 3), sscc="2"), *packed).code == "too-many"
    assert refused(putting(scan("MUG"), sscc="2"), *packed, putting(scan("MUG", 2), sscc="2")).code == "too-many"
    serial = putting(scan("DRILL", serials=("S1",)))
    assert refused(serial, opening(), serial).code == "wrong-serial"


def test_one_of_two_lots_has_to_be_named() -> None:
    other = PackedItem("4", "MILK", 1, TROLLEY, lot="L2")
    lots = (opening("1", MILK, other),)
    assert refused(putting(scan("MILK"), goods=(MILK, other)), *lots).code == "lot-missing"
    assert when(putting(scan("MILK", 1, "L2"), goods=(MILK, other)), *lots)


def test_units_of_one_product_fill_the_lines_in_their_order() -> None:
    later = PackedItem("10", "MUG", 2, TROLLEY)
    packing = given(opening("1", later, MUGS), putting(scan("MUG", 6), goods=(later, MUGS)))
    assert [(item.line_id, item.units) for item in packing.cartons[0].items] == [("1", 5), ("10", 1)]


def test_what_is_taken_out_can_be_packed_elsewhere() -> None:
    out = TakeItemsOut("1", (scan("MUG", 2), scan("DRILL", 1, serials=("S2",))), TRAITS)
    before = (opening(), putting(*ALL), out)
    packing = given(*before)
    assert packing.left == (structs.replace(MUGS, units=2), structs.replace(DRILLS, units=1, serials=("S2",)))
    assert packing.cartons[0].weight_g == WEIGHT - 200 - 2 * 400 - 2_000
    assert refused(TakeItemsOut("1", (scan("DRILL", 1, serials=("S2",)),), TRAITS), *before).code == "wrong-serial"
    assert refused(TakeItemsOut("1", (scan("PAINT"),), TRAITS), *before).code == "not-in-carton"
    assert when(putting(scan("MUG", 2), sscc="2"), *before, opening("2"))


def test_a_carton_has_to_weigh_what_is_in_it() -> None:
    full = (opening(), putting(*ALL))
    for weight, hint in ((WEIGHT - 500, "missing"), (WEIGHT + 500, "not scanned")):
        refusal = refused(closing(weight), *full)
        assert (refusal.code, refusal.value, hint in refusal.message) == ("weight-differs", weight, True)
    assert when(closing(WEIGHT + 400), *full)
    overridden, _, _ = when(closing(WEIGHT - 500, override="scale is off"), *full)
    assert overridden == WeightOverridden(
        sscc="1", expected_g=WEIGHT, weight_g=WEIGHT - 500, reason="scale is off"
    )


def test_where_a_weight_is_not_known_a_carton_may_only_be_heavier() -> None:
    odd = PackedItem("4", "ODD", 1, TROLLEY)
    full = (opening("1", MUGS, odd), putting(scan("MUG", 5), scan("ODD"), goods=(MUGS, odd)))
    assert refused(closing(1_000), *full).code == "weight-differs"
    assert when(closing(5_000), *full)


def test_no_reason_makes_a_carton_stronger() -> None:
    assert refused(closing(10_201, override="it will hold"), opening(), putting(*ALL)).code == "carton-too-heavy"


def test_hazard_classes_and_what_is_no_hazard_are_kept_apart() -> None:
    goods = (MUGS, PackedItem("4", "PAINT", 1, TROLLEY), PackedItem("5", "ACID", 1, TROLLEY))
    opened = (opening("1", *goods),)
    for pair in (("PAINT", "ACID"), ("PAINT", "MUG"), ("MUG", "ACID")):
        both = tuple(scan(sku) for sku in pair)
        assert refused(putting(*both, goods=goods), *opened).code == "hazards-apart"
        assert refused(at_once((2_000, both), goods=goods)).code == "hazards-apart"
    paint = putting(scan("PAINT"), goods=goods)
    assert refused(putting(scan("MUG"), goods=goods), *opened, paint).code == "hazards-apart"
    out = TakeItemsOut("1", (scan("PAINT"),), TRAITS)
    assert when(putting(scan("MUG"), goods=goods), *opened, paint, out)


def test_closed_empty_and_strange_cartons_are_told_apart() -> None:
    assert refused(closing(200), opening()).code == "carton-empty"
    part = (opening(), putting(scan("MUG", 5)), closing(2_200))
    assert isinstance(refused(putting(scan("MILK")), *part), Conflict)
    assert isinstance(refused(closing(2_200), *part), Conflict)
    assert isinstance(refused(putting(scan("MUG"), sscc="7"), opening()), NotFound)
    assert refused(putting(scan("MUG")), at_once((WEIGHT, ALL))).code == "carton-closed"


def test_a_cancelled_order_is_not_packed_any_further_but_its_cartons_can_be_emptied() -> None:
    full = (opening(), putting(*ALL))
    cancelled = structs.replace(order(), cancelled="customer changed their mind")
    for command in (opening("2"), putting(scan("MUG")), closing(WEIGHT), at_once((WEIGHT, ALL))):
        refusal = refused(structs.replace(command, order=cancelled), *full)
        assert (refusal.code, "changed their mind" in refusal.message) == ("order-cancelled", True)
    assert when(TakeItemsOut("1", ALL, TRAITS), *full)


def test_a_shipment_can_leave_without_what_is_not_to_be_found_which_goes_with_the_next() -> None:
    short = CutShipmentShort(order(), "two cartons of milk broke", AT)
    full = (opening(), putting(scan("MUG", 5), scan("DRILL", 2, serials=("S1", "S2"))))
    assert refused(short, *full[:1]).code == "nothing-packed"
    closed = (*full, closing(WEIGHT - 2_000))
    open_one = (opening("2"), putting(scan("MILK"), sscc="2"))
    assert refused(short, *closed, *open_one).code == "carton-open"
    cut, packed = when(short, *closed)
    assert isinstance(cut, ShipmentCutShort)
    assert cut.left == (MILK,)
    assert isinstance(packed, OrderPacked)
    assert {line.sku for line in packed.lines} == {"MUG", "DRILL"}
    begun, _ = when(opening("3"), *closed, short)
    assert isinstance(begun, ShipmentBegun)
    assert begun.goods == (MILK,)
    assert begun.shipment_id != packed.shipment_id


def test_a_line_that_is_given_up_is_neither_packed_nor_waited_for() -> None:
    rest = structs.replace(order(MUGS, MILK), given_up=("2",))
    begun = (opening("1", MUGS, MILK), putting(scan("MUG", 5), goods=(MUGS, MILK)))
    assert refused(structs.replace(putting(scan("MILK")), order=rest), *begun).code == "wrong-item"
    _, packed = when(structs.replace(closing(2_200), order=rest), *begun)
    assert isinstance(packed, OrderPacked)
    assert [line.sku for line in packed.lines] == ["MUG"]
    assert refused(structs.replace(opening(), order=structs.replace(rest, given_up=("1", "2")))).code == (
        "nothing-to-pack"
    )


def test_goods_of_a_refused_shipment_are_not_packed_again_but_what_was_picked_anew_is() -> None:
    again = PackedItem("1", "MUG", 5, "0190f3c2-9f33-8c1f-9a55-000000000002")
    first = at_once((200 + 5 * 400, (scan("MUG", 5),)), goods=(MUGS,))
    packing = given(first)
    unpack = UnpackShipment(packing.shipments[0].shipment_id, "not wanted")
    [unpacked] = decide(unpack, packing)
    packing = evolve(packing, unpacked)
    assert (packing.sent, decide(unpack, packing)) == ((), [])
    known = structs.replace(order(MUGS, again), returned=(MUGS,))
    anew = structs.replace(first, order=known)
    *_, packed = decide(anew, packing)
    assert isinstance(packed, OrderPacked)
    assert packed.shipment_id != packing.shipments[0].shipment_id
    lost = structs.replace(known, goods=(MUGS,))
    with pytest.raises(Conflict, match="Nothing of the order is picked"):
        decide(structs.replace(first, order=lost), packing)


def test_what_the_order_has_lost_is_not_packed_and_comes_out_of_open_cartons() -> None:
    rest = structs.replace(order(MUGS, MILK), returned=(structs.replace(MUGS, units=3),))
    begun = (opening("1", MUGS, MILK), putting(scan("MUG", 4), goods=(MUGS, MILK)))
    kept = structs.replace(closing(1_800), order=rest)
    refusal = refused(kept, *begun)
    assert (refusal.code, refusal.field) == ("to-be-put-back", "sscc")
    out = TakeItemsOut("1", (scan("MUG", 2),), TRAITS)
    milk = structs.replace(putting(scan("MILK", 2)), order=rest)
    closed = structs.replace(closing(200 + 2 * 400 + 2 * 1_000), order=rest)
    _, packed = when(closed, *begun, out, milk)
    assert isinstance(packed, OrderPacked)
    assert [(line.sku, line.units) for line in packed.lines] == [("MUG", 2), ("MILK", 2)]


def test_all_that_the_order_has_lost_of_a_product_is_refused_by_name() -> None:
    rest = structs.replace(order(MUGS, MILK), returned=(MUGS,))
    refusal = refused(structs.replace(at_once((600, (scan("MUG", 1),))), order=rest))
    assert (refusal.code, refusal.field) == ("to-be-put-back", "items[0].sku")
    nothing = structs.replace(order(MUGS), returned=(MUGS,))
    assert refused(structs.replace(opening(), order=nothing)).code == "nothing-to-pack"
    assert refused(structs.replace(rejecting(scan("MUG", 1)), order=rest)).code == "to-be-put-back"


def test_who_knows_less_than_was_picked_takes_nothing_out_of_a_shipment() -> None:
    late = structs.replace(closing(2_200), order=order(MUGS))
    begun = (opening("1", MUGS, MILK), putting(scan("MUG", 5), goods=(MUGS, MILK)))
    assert [type(event) for event in when(late, *begun)] == [CartonPacked]
    assert when(opening("2", MUGS), *begun) == [CartonOpened(sscc="2", kind=BOX)]


def test_nothing_is_packed_of_what_is_packed_or_was_never_picked() -> None:
    assert refused(opening(), at_once((WEIGHT, ALL))).code == "nothing-to-pack"
    assert refused(OpenCarton(PickedOrder(ORDER, "MAIN", ()), "1", BOX)).code == "nothing-to-pack"


def test_a_carton_is_not_larger_inside_than_outside() -> None:
    turned = structs.replace(BOX, inner=Measures(100, 300, 200))
    [event] = describe(DescribeCartonKind("MAIN", turned), CartonRange())
    range = described(CartonRange(), event)  # type: ignore[arg-type]
    assert describe(DescribeCartonKind("MAIN", turned), range) == []
    with pytest.raises(Unprocessable) as refusal:
        describe(DescribeCartonKind("MAIN", structs.replace(BOX, inner=Measures(320, 10, 10))), range)
    assert refusal.value.field == "inner"


SKUS = some.sampled_from(["MUG", "MILK", "DRILL"])
SSCCS = some.sampled_from(["1", "2", "3", "4"])


class Bench(RuleBasedStateMachine):
    """Packers at one order who see different states of its picking: each unit is in one carton, if any."""

    @initialize()
    def begin(self) -> None:
        self.packing = Packing()
        self.picked: tuple[PackedItem, ...] = ()
        self.given_up: tuple[str, ...] = ()
        self.told: tuple[PackedItem, ...] = ()
        self.packed: dict[str, list[PackedItem]] = {}
        self.shipments: list[OrderPacked] = []
        self.cartons = 0

    def ask(self, command: Command) -> None:
        try:
            events = decide(command, self.packing)
        except Rejection:
            return
        for event in events:
            self.packing = evolve(self.packing, event)
            if isinstance(event, CartonPacked):
                assert event.sscc not in self.packed
                self.packed[event.sscc] = list(event.items)
            if isinstance(event, OrderPacked):
                self.shipments.append(event)

    @rule(sku=SKUS, units=some.integers(1, 4), lot=some.sampled_from([None, "L1", "L2"]))
    def pick(self, sku: str, units: int, lot: str | None) -> None:
        line = {"MUG": "1", "MILK": "2", "DRILL": "3"}[sku]
        serials = tuple(f"S{len(self.picked)}-{n}" for n in range(units)) if sku == "DRILL" else ()
        own = PackedItem(line, sku, units, TROLLEY, lot=lot if sku == "MILK" else None, serials=serials)
        self.picked = (*self.picked, own)

    @rule()
    def hear(self) -> None:
        self.told = self.picked

    @rule(latest=some.booleans(), partial=some.booleans())
    def open(self, latest: bool, partial: bool) -> None:
        self.cartons += 1
        self.ask(OpenCarton(self.order(latest), str(self.cartons), BOX, partial=partial))

    @rule(line=some.sampled_from(["1", "2", "3"]))
    def give_up(self, line: str) -> None:
        self.given_up = (*self.given_up, line)

    @rule(
        sscc=SSCCS,
        sku=SKUS,
        units=some.integers(1, 6),
        lot=some.sampled_from([None, "L1", "L2"]),
        latest=some.booleans(),
    )
    def put(self, sscc: str, sku: str, units: int, lot: str | None, latest: bool) -> None:
        self.ask(PutItems(self.order(latest), sscc, (self.scan(sku, units, lot),), TRAITS))

    @rule(sscc=SSCCS, sku=SKUS, units=some.integers(1, 6))
    def take_out(self, sscc: str, sku: str, units: int) -> None:
        self.ask(TakeItemsOut(sscc, (self.scan(sku, units, None),), TRAITS))

    @rule(sscc=SSCCS, latest=some.booleans())
    def close(self, sscc: str, latest: bool) -> None:
        self.ask(CloseCarton(self.order(latest), sscc, 3_000, "operator-7", AT, override="no scale"))

    @rule()
    def cut_short(self) -> None:
        self.ask(CutShipmentShort(self.order(True), "broken", AT))

    @rule(latest=some.booleans(), whole=some.booleans())
    @precondition(lambda self: self.picked)
    def pack_all(self, latest: bool, whole: bool) -> None:
        seen = self.order(latest)
        inside = [i for carton in self.packing.cartons for i in carton.contents]
        left = without(without(seen.goods, self.packing.sent), inside)
        scans = tuple(scan(item.sku, item.units, item.lot, item.serials) for item in left)
        self.cartons += 1
        kind = structs.replace(BOX, max_weight_g=10_000_000, tolerance_percent=100)
        weight = 200 + sum((TRAITS[item.sku].weight_g or 0) * item.units for item in left[: None if whole else 1])
        filled = FilledCarton(str(self.cartons), kind, weight, scans if whole else scans[:1], "cartons[0]")
        self.ask(PackAtOnce(seen, (filled,), TRAITS, "operator-7", AT))

    def order(self, latest: bool) -> PickedOrder:
        given_up = self.given_up if latest else ()
        return PickedOrder(ORDER, "MAIN", without(self.picked if latest else self.told, ()), given_up=given_up)

    def scan(self, sku: str, units: int, lot: str | None) -> Scan:
        known = tuple(serial for item in self.picked for serial in item.serials) if sku == "DRILL" else ()
        return scan(sku, units, lot if sku == "MILK" else None, known[:units])

    @invariant()
    def what_is_packed_was_picked_and_no_unit_is_in_two_cartons(self) -> None:
        packing = self.packing
        packed = [item for items in self.packed.values() for item in items]
        boxed = [*packed, *(item for carton in packing.cartons if not carton.closed for item in carton.items)]
        serials = [serial for item in boxed for serial in item.serials]
        assert len(serials) == len(set(serials))
        for line, lot in {(item.line_id, item.lot) for item in boxed}:
            inside = sum(item.units for item in boxed if (item.line_id, item.lot) == (line, lot))
            assert inside <= sum(i.units for i in self.picked if (i.line_id, i.lot) == (line, lot))

    @invariant()
    def a_shipment_is_told_once_with_exactly_what_its_cartons_hold(self) -> None:
        assert len({one.shipment_id for one in self.shipments}) == len(self.shipments)
        told = [carton.sscc for one in self.shipments for carton in one.cartons]
        assert len(told) == len(set(told))
        for one in self.shipments:
            inside = [item for carton in one.cartons for item in self.packed[carton.sscc]]
            for line in one.lines:
                assert line.units == sum(item.units for item in inside if item.line_id == line.line_id)
            assert {item.line_id for item in inside} == {line.line_id for line in one.lines}

    @invariant()
    def a_shipment_is_open_only_while_something_of_it_is_in_no_closed_carton(self) -> None:
        if self.given_up:
            return
        goods = self.packing.goods
        closed = [item for carton in self.packing.cartons if carton.closed for item in carton.contents]
        assert bool(goods) == bool(without(goods, closed))


TestBench = Bench.TestCase


def test_what_is_rejected_is_told_by_line_and_container_and_never_packed() -> None:
    [rejected] = when(rejecting(scan("MUG", 2), scan("DRILL", 1, serials=("S2",))))
    assert isinstance(rejected, ItemsRejected)
    assert rejected.items == (
        structs.replace(MUGS, units=2),
        structs.replace(DRILLS, units=1, serials=("S2",)),
    )
    assert (rejected.condition, rejected.reason, rejected.operator) == ("damaged", "cracked", "operator-7")
    before = rejecting(scan("MUG", 2), scan("DRILL", 1, serials=("S2",)))
    assert refused(at_once((WEIGHT, ALL)), before).code == "too-many"
    rest = (scan("MUG", 3), scan("MILK", 2), scan("DRILL", 1, serials=("S1",)))
    _, packed = when(at_once((WEIGHT - 800 - 2_000, rest)), before)
    assert isinstance(packed, OrderPacked)
    assert packed.lines == (PackedLine("1", "MUG", 3), PackedLine("2", "MILK", 2), PackedLine("3", "DRILL", 1))


def test_what_is_in_a_carton_has_to_come_out_before_it_is_rejected() -> None:
    filled = (opening(), putting(scan("MUG", 5)))
    assert refused(rejecting(scan("MUG")), *filled).code == "too-many"
    out = TakeItemsOut("1", (scan("MUG"),), TRAITS)
    after = given(*filled, out, rejecting(scan("MUG")))
    assert (after.left, after.rejected) == ((MILK, DRILLS), (structs.replace(MUGS, units=1),))
    assert refused(putting(scan("MUG")), *filled, out, rejecting(scan("MUG"))).code == "too-many"


def test_the_shipment_is_packed_when_all_that_was_left_is_rejected() -> None:
    before = (opening(), putting(scan("MUG", 5)), closing(2_200))
    _, packed = when(
        rejecting(scan("MILK", 2), scan("DRILL", 2, serials=("S1", "S2")), condition="missing"), *before
    )
    assert isinstance(packed, OrderPacked)
    assert packed.lines == (PackedLine("1", "MUG", 5),)


def test_others_that_were_picked_for_what_was_rejected_make_the_next_shipment() -> None:
    instead = PackedItem("1", "MUG", 2, "0190f3c2-9f33-8c1f-9a55-5dac3f8d9e6b")
    goods = (MUGS, instead)
    before = (rejecting(scan("MUG", 2), goods=(MUGS,)), at_once((200 + 1_200, (scan("MUG", 3),)), goods=(MUGS,)))
    carton, packed = when(at_once((200 + 800, (scan("MUG", 2),)), goods=goods), *before)
    assert isinstance(carton, CartonPacked)
    assert carton.items == (instead,)
    assert isinstance(packed, OrderPacked)


def test_what_lies_on_something_fragile_is_said_and_packed_nevertheless() -> None:
    traits = TRAITS | {"MUG": Traits(400, fragile=True), "DRILL": Traits(2_000, fragile=True)}
    mugs = structs.replace(putting(scan("MUG", 2)), traits=traits)
    for sku, units, lot, below in (("MUG", 1, None, ()), ("MILK", 1, "L1", ("MUG",))):
        [packed] = when(structs.replace(putting(scan(sku, units, lot)), traits=traits), opening(), mugs)
        assert isinstance(packed, ItemsPacked)
        assert packed.fragile_below == below
    milk = structs.replace(putting(scan("MILK", 1, "L1")), traits=traits)
    [packed] = when(mugs, opening(), milk)
    assert isinstance(packed, ItemsPacked)
    assert packed.fragile_below == ()


def test_what_a_carton_does_not_bear_is_refused_when_it_is_put_in() -> None:
    many = PackedItem("1", "DRILL", 6, TROLLEY)
    refusal = refused(
        putting(scan("DRILL", 3), goods=(many,)), opening("1", many), putting(scan("DRILL", 3), goods=(many,))
    )
    assert (refusal.code, refusal.field, refusal.value) == ("carton-too-heavy", "items[0].sku", "DRILL")


def test_nothing_of_a_cancelled_order_and_nothing_foreign_is_rejected() -> None:
    assert refused(rejecting(scan("MUG"), cancelled="changed my mind")).code == "order-cancelled"
    assert refused(rejecting(scan("PAINT"))).code == "wrong-item"
    assert refused(rejecting(scan("MUG", 6))).code == "too-many"


class TestUnpacking:
    """A packed shipment in which something is recalled: its cartons are opened, and the rest is packed anew."""

    CARTON = "906141410000000015"
    RECALLED = structs.replace(order(), blocked={("MILK", "L1"): "Salmonella"})

    def packed(self) -> PackAtOnce:
        first = FilledCarton(self.CARTON, BOX, WEIGHT, ALL, "cartons[0]")
        return PackAtOnce(order(), (first,), TRAITS, "operator-7", AT)

    def opened(self) -> tuple[PackAtOnce, UnpackShipment]:
        before = given(self.packed())
        return self.packed(), UnpackShipment(before.shipments[0].shipment_id, "lot L1 is recalled")

    def test_what_is_fit_is_packed_out_of_the_opened_carton_as_another_shipment(self) -> None:
        rejected = RejectItems(self.RECALLED, "r", (scan("MILK", 2),), "damaged", "recalled", "operator-7", AT)
        rest = FilledCarton("2", BOX, WEIGHT - 2_000, (ALL[0], ALL[2]), "cartons[0]")
        anew = PackAtOnce(self.RECALLED, (rest,), TRAITS, "operator-7", AT)
        events = when(anew, *self.opened(), rejected)
        closed, done = events
        assert isinstance(closed, CartonPacked)
        assert isinstance(done, OrderPacked)
        assert {item.container for item in closed.items} == {self.CARTON}
        assert [(line.sku, line.units) for line in done.lines] == [("MUG", 5), ("DRILL", 2)]
        assert done.shipment_id != given(self.packed()).shipments[0].shipment_id

    def test_what_is_recalled_is_refused_and_reported_out_of_the_opened_carton(self) -> None:
        all_of_it = FilledCarton("2", BOX, WEIGHT, ALL, "cartons[0]")
        refusal = refused(PackAtOnce(self.RECALLED, (all_of_it,), TRAITS, "operator-7", AT), *self.opened())
        assert refusal.code == "lot-blocked"
        report = RejectItems(self.RECALLED, "r", (scan("MILK", 2),), "damaged", "recalled", "operator-7", AT)
        [rejected] = when(report, *self.opened())
        assert isinstance(rejected, ItemsRejected)
        assert [(item.sku, item.units, item.container) for item in rejected.items] == [("MILK", 2, self.CARTON)]

    def test_when_the_recall_is_lifted_all_of_it_is_packed_anew(self) -> None:
        whole = FilledCarton("2", BOX, WEIGHT, ALL, "cartons[0]")
        closed, done = when(PackAtOnce(order(), (whole,), TRAITS, "operator-7", AT), *self.opened())
        assert isinstance(closed, CartonPacked)
        assert sum(item.units for item in closed.items) == 9
        assert isinstance(done, OrderPacked)

    def test_twice_it_is_opened_once_and_what_is_packed_is_packed_no_second_time(self) -> None:
        packed, unpack = self.opened()
        assert when(unpack, packed, unpack) == []
        whole = FilledCarton("906141410000000022", BOX, WEIGHT, ALL, "cartons[0]")
        anew = PackAtOnce(order(), (whole,), TRAITS, "operator-7", AT)
        assert refused(anew, packed, unpack, anew).code == "nothing-to-pack"
        again = given(packed, unpack, anew)
        assert again.sent == tuple(
            structs.replace(item, container=self.CARTON) for item in again.shipments[0].items
        )

    def test_opened_a_second_time_the_goods_lie_in_the_second_carton(self) -> None:
        packed, unpack = self.opened()
        whole = FilledCarton("906141410000000022", BOX, WEIGHT, ALL, "cartons[0]")
        anew = PackAtOnce(order(), (whole,), TRAITS, "operator-7", AT)
        second = UnpackShipment(given(packed, unpack, anew).shipments[1].shipment_id, "another lot is recalled")
        state = given(packed, unpack, anew, second)
        assert {item.container for item in state.lying(order().goods)} == {"906141410000000022"}
        assert state.in_cartons == without(order().goods, ()), (
            "counted once, by the containers they were picked into"
        )

    def test_where_others_have_left_only_the_carton_that_stays_is_opened(self) -> None:
        left = FilledCarton("906141410000000039", BOX, 200 + 5 * 400, (ALL[0],), "cartons[0]")
        stays = FilledCarton(self.CARTON, BOX, WEIGHT - 5 * 400, ALL[1:], "cartons[1]")
        packed = PackAtOnce(order(), (left, stays), TRAITS, "operator-7", AT)
        shipment_id = given(packed).shipments[0].shipment_id
        unpack = UnpackShipment(shipment_id, "recalled", (self.CARTON,))
        assert when(unpack, packed, unpack) == []
        state = given(packed, unpack)
        assert [item.sku for item in state.sent] == ["MUG"]
        to_pack = without(state.lying(order().goods), state.gone)
        assert {(item.sku, item.units, item.container) for item in to_pack} == {
            ("MILK", 2, self.CARTON),
            ("DRILL", 2, self.CARTON),
        }

    def test_a_shipment_that_nobody_has_packed_is_not_found(self) -> None:
        assert isinstance(refused(UnpackShipment("elsewhere", "recalled")), NotFound)
