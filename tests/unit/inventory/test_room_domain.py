"""Room in a place: taken before something comes, never shrunk by a rival, freed by whoever really left."""

from inventory.aggregates import HOLDING
from inventory.contracts import Capacity
from inventory.domain.holding import UnitExpected, UnitLeft, UnitSettled
from inventory.domain.movement import ExpectUnit, ReleaseUnit, SettleUnit
from inventory.domain.room import Load, Rules
from tests.support.scenarios import given

SSCC, AT = "106141412345678908", "2026-01-31T09:30:00.000Z"
LIGHT, HEAVY = Load(1, 10, (("MUG", ""),), ("",)), Load(2, 20, (("CUP", ""), ("MUG", "")), ("",))


def expect(load: Load, number: int = 1, version: int = 1, **more: int) -> ExpectUnit:
    rules = Rules(Capacity(**more)) if more else Rules()
    return ExpectUnit("A-01", SSCC, "pallet", number, version, load, AT, rules=rules)


def expected(load: Load, number: int = 1, as_of: int = 1) -> UnitExpected:
    return UnitExpected(unit=SSCC, number=number, as_of=as_of, load=load, at=AT)


def test_room_for_a_unit_is_taken_once() -> None:
    given(HOLDING).when(expect(LIGHT)).then(expected(LIGHT))
    given(HOLDING, expected(LIGHT)).when(expect(LIGHT)).then()


def test_a_rival_who_knows_an_older_load_does_not_shrink_the_room_that_is_taken() -> None:
    given(HOLDING, expected(HEAVY, as_of=4)).when(expect(LIGHT, version=3)).then()
    given(HOLDING, expected(LIGHT, as_of=3)).when(expect(HEAVY, version=4)).then(expected(HEAVY, as_of=4))


def test_a_unit_that_grew_needs_room_for_what_it_has_grown_by() -> None:
    refused = given(HOLDING, expected(LIGHT)).when(expect(HEAVY, weight_g=15)).then_rejected("capacity-exceeded")
    assert "15 g of weight" in refused.message
    given(HOLDING, expected(LIGHT)).when(expect(HEAVY, weight_g=20)).then(expected(HEAVY))


def test_late_news_of_a_unit_that_left_does_not_free_the_room_to_which_it_has_come_back() -> None:
    given(HOLDING, expected(LIGHT, number=3)).when(ReleaseUnit("A-01", SSCC, before=2)).then()
    given(HOLDING, expected(LIGHT, number=1)).when(ReleaseUnit("A-01", SSCC, before=2)).then(UnitLeft(unit=SSCC))


def test_what_a_unit_takes_follows_it_and_late_news_changes_nothing() -> None:
    settled = UnitSettled(unit=SSCC, number=1, as_of=5, load=LIGHT)
    given(HOLDING, expected(HEAVY, as_of=4)).when(SettleUnit("A-01", SSCC, 1, 5, LIGHT)).then(settled)
    given(HOLDING, expected(HEAVY, as_of=4), settled).when(SettleUnit("A-01", SSCC, 1, 4, HEAVY)).then()
    given(HOLDING).when(SettleUnit("A-01", SSCC, 1, 5, LIGHT)).then()
