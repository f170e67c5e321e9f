"""Where goods go: never against a place's rules, and among those that take them the right one first."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.contracts import Capacity, Coordinates
from inventory.domain.directing import KINDS, Place, ToPlace, direct, fits, problem
from inventory.domain.room import Load, Rules

DOCK = Coordinates(0, 0, 0)
MILK = (("MILK", "L1"),)


def place(
    name: str,
    metres: int = 1,
    kind: str = "bulk",
    taken: Load | None = None,
    rules: Rules | None = None,
    standing: int = 0,
) -> Place:
    return Place(name, kind, "A", Coordinates(metres * 1000, 0, 0), rules or Rules(), taken or Load(), standing)


def goods(velocity: str | None = None, handling_units: int = 0, volume: int = 10, **more: object) -> ToPlace:
    load = Load(volume, 10, MILK, ("",))
    return ToPlace("storage", load, handling_units, velocity, standing_at=DOCK, **more)  # type: ignore[arg-type]


def order(what: ToPlace, *places: Place) -> list[str]:
    return [place.location for place in direct(what, places)]


def test_the_same_lot_goes_together_then_the_same_product_then_anywhere_near() -> None:
    other_lot = place("other-lot", 2, taken=Load(1, 1, (("MILK", "L2"),)))
    same_lot = place("same-lot", 9, taken=Load(1, 1, MILK))
    assert order(goods(), place("near"), other_lot, same_lot) == ["same-lot", "other-lot", "near"]


def test_fast_movers_lie_near_and_slow_ones_out_of_their_way() -> None:
    places = [place(f"at-{metres}", metres) for metres in range(1, 7)]
    assert order(goods("A"), *places)[0] == "at-1"
    assert order(goods("B"), *places)[0] == "at-1"
    assert order(goods("C"), *places)[0] == "at-3"


def test_loose_units_fill_a_pick_face_before_bulk_and_handling_units_do_not() -> None:
    places = [place("bulk", 1), place("face", 5, "pick_face")]
    assert order(goods(), *places) == ["face", "bulk"]
    assert order(goods(handling_units=1), *places) == ["bulk", "face"]


def test_a_full_pick_face_is_passed_over() -> None:
    full = place("face", 1, "pick_face", Load(95), Rules(Capacity(volume_mm3=100)))
    assert order(goods(), full, place("bulk", 5)) == ["bulk"]


def test_goods_go_only_to_places_of_the_kind_that_they_need() -> None:
    places = [place("bulk"), place("q", kind="quarantine"), place("s", kind="staging"), place("p", kind="packing")]
    assert order(ToPlace("quarantine", Load(1)), *places) == ["q"]
    assert order(ToPlace("cross_dock", Load(1)), *places) == ["s", "p"]
    assert order(goods(origin="bulk"), *places) == []


def test_it_is_said_why_no_place_takes_them() -> None:
    full = place("full", taken=Load(95), rules=Rules(Capacity(volume_mm3=100)))
    cold = place("cold", rules=Rules(storage_classes=("chilled",)))
    assert problem(goods(), [full, cold]) == (
        "none of 2 places takes them: 1 capacity-exceeded, 1 wrong-storage-class"
    )
    assert problem(goods(), []) == "there is no place of the kind bulk or pick_face"


LOADS = st.builds(
    Load,
    st.integers(0, 60),
    st.integers(0, 60),
    st.lists(st.sampled_from([("MILK", "L1"), ("MILK", "L2"), ("BREAD", "")]), max_size=2, unique=True).map(
        lambda pairs: tuple(sorted(pairs))
    ),
    st.sampled_from([(), ("",), ("chilled",)]),
)
PLACES = st.lists(
    st.builds(
        Place,
        location=st.sampled_from(["A-1", "A-2", "B-1", "B-2", "Q-1"]),
        kind=st.sampled_from(["bulk", "pick_face", "quarantine", "staging"]),
        coordinates=st.none() | st.builds(Coordinates, st.integers(0, 9), st.integers(0, 9)),
        rules=st.builds(
            Rules,
            st.builds(
                Capacity, st.none() | st.integers(1, 99), st.none() | st.integers(1, 99), st.none() | st.just(1)
            ),
            st.sampled_from(["any", "one_sku", "one_lot"]),
            st.sampled_from([(), ("chilled",)]),
        ),
        taken=LOADS,
        standing=st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda place: place.location,
)
GOODS = st.builds(
    ToPlace,
    purpose=st.sampled_from(list(KINDS)),
    load=LOADS,
    handling_units=st.integers(0, 1),
    velocity=st.sampled_from([None, "A", "B", "C"]),
    standing_at=st.none() | st.just(DOCK),
)


@given(GOODS, PLACES)
def test_no_rule_of_a_place_is_ever_broken(what: ToPlace, places: list[Place]) -> None:
    for chosen in direct(what, places):
        assert chosen.kind in KINDS[what.purpose]
        rules = chosen.rules or Rules()
        for limit, there, more in (
            (rules.capacity.volume_mm3, chosen.taken.volume_mm3, what.load.volume_mm3),
            (rules.capacity.weight_g, chosen.taken.weight_g, what.load.weight_g),
            (rules.capacity.handling_units, chosen.standing, what.handling_units),
        ):
            assert limit is None or more == 0 or there + more <= limit
        together = set(chosen.taken.contents) | set(what.load.contents)
        if what.load.contents and rules.mixing == "one_lot":
            assert len(together) <= 1
        if what.load.contents and rules.mixing == "one_sku":
            assert len({sku for sku, _ in together}) <= 1
        if rules.storage_classes:
            assert set(what.load.classes) <= set(rules.storage_classes)


@given(GOODS, PLACES)
def test_every_place_that_takes_them_is_offered(what: ToPlace, places: list[Place]) -> None:
    wanted = {p.location for p in places if p.kind in KINDS[what.purpose] and fits(what, p) is None}
    assert {place.location for place in direct(what, places)} == wanted
