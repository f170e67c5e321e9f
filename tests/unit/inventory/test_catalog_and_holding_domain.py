"""Products, locations and holdings."""

import pytest
from immutables import Map
from msgspec import structs

from inventory.aggregates import HOLDING, LOCATION, PRODUCT
from inventory.contracts import (
    LocationChanged,
    LocationRegistered,
    PackagingLevel,
    ProductChanged,
    ProductRegistered,
    Tracking,
)
from inventory.domain.location import DescribeLocation
from inventory.domain.product import DescribeProduct, gtins
from inventory.domain.stock import AdjustStock
from inventory.stock_contracts import StockAdjusted, Supply
from tests.support.scenarios import given

AT = "2026-01-31T09:30:00.000Z"
REGISTERED = ProductRegistered(sku="MUG", name="Mug", gtin="4006381333931")
PLACE = LocationRegistered(
    location="A-01",
    warehouse="MAIN",
    zone="A",
    aisle="01",
    bay="02",
    level="3",
    kind="bulk",
    check_digits="03",
)


def adjust(quantity: int) -> AdjustStock:
    return AdjustStock("A-01", "MAIN", "MUG", quantity, "counted", AT)


def adjusted(quantity: int, on_hand: int) -> StockAdjusted:
    return StockAdjusted(
        location="A-01",
        warehouse="MAIN",
        sku="MUG",
        quantity=quantity,
        on_hand=on_hand,
        reason="counted",
        occurred_at=AT,
        supply=(Supply("MUG", on_hand),),
    )


def test_a_product_is_registered_when_it_is_described_for_the_first_time() -> None:
    given(PRODUCT).when(DescribeProduct("MUG", "Mug", "4006381333931")).then(REGISTERED)


def test_a_product_described_as_it_is_known_changes_nothing() -> None:
    given(PRODUCT, REGISTERED).when(DescribeProduct("MUG", "Mug", "4006381333931")).then()


def test_a_product_described_anew_is_changed() -> None:
    given(PRODUCT, REGISTERED).when(DescribeProduct("MUG", "Mug, blue")).then(
        ProductChanged(sku="MUG", name="Mug, blue")
    )


def test_a_product_with_a_wrong_check_digit_is_refused_and_the_right_digit_named() -> None:
    rejection = (
        given(PRODUCT).when(DescribeProduct("MUG", "Mug", "4006381333932")).then_rejected("invalid-gs1-key")
    )
    assert (rejection.field, rejection.value) == ("gtin", "4006381333932")
    assert "should be 1" in rejection.message


def test_what_may_be_sent_instead_is_kept_in_the_order_of_preference() -> None:
    instead = ("MUG-GRN", "MUG-RED")
    wanted = DescribeProduct("MUG", "Mug", "4006381333931", substitutes=instead)
    changed = ProductChanged(sku="MUG", name="Mug", gtin="4006381333931", substitutes=instead)
    given(PRODUCT, REGISTERED).when(wanted).then(changed)
    given(PRODUCT, REGISTERED, changed).when(wanted).then()


@pytest.mark.parametrize(("instead", "field"), [(("GRN", "MUG"), 1), (("GRN", "RED", "GRN"), 2)])
def test_a_product_is_not_sent_instead_of_itself_and_no_other_is_named_twice(
    instead: tuple[str, ...], field: int
) -> None:
    wanted = DescribeProduct("MUG", "Mug", substitutes=instead)
    rejection = given(PRODUCT).when(wanted).then_rejected("no-substitute")
    assert rejection.field == f"substitutes[{field}]"


CASE = PackagingLevel("case", "14006381333938", 24)
PALLET = PackagingLevel("pallet", "24006381333935", 960)


def mug(*packs: PackagingLevel, tracking: Tracking | None = None) -> DescribeProduct:
    return DescribeProduct("MUG", "Mug", "4006381333931", tracking=tracking, packaging=packs)


def test_a_product_knows_the_base_units_of_each_of_its_packs() -> None:
    state = given(PRODUCT).when(mug(CASE, PALLET)).state
    assert gtins(state) == {
        "04006381333931": ("each", 1),
        "14006381333938": ("case", 24),
        "24006381333935": ("pallet", 960),
    }


@pytest.mark.parametrize(
    ("packs", "code", "field"),
    [
        ((PALLET, CASE), "packs-out-of-order", "packaging[1].level"),
        ((CASE, structs.replace(PALLET, level="case")), "packs-out-of-order", "packaging[1].level"),
        ((CASE, structs.replace(PALLET, units=24)), "packs-out-of-order", "packaging[1].units"),
        ((CASE, structs.replace(PALLET, gtin=CASE.gtin)), "gtin-twice", "packaging[1].gtin"),
        ((structs.replace(CASE, gtin="04006381333931"),), "gtin-twice", "packaging[0].gtin"),
        ((structs.replace(CASE, gtin="14006381333939"),), "invalid-gs1-key", "packaging[0].gtin"),
    ],
)
def test_packs_that_make_no_sense_are_refused(packs: tuple[PackagingLevel, ...], code: str, field: str) -> None:
    assert given(PRODUCT).when(mug(*packs)).then_rejected(code).field == field


def test_how_a_product_is_tracked_is_chosen_once() -> None:
    tracked = structs.replace(REGISTERED, tracking="lot")
    given(PRODUCT).when(mug(tracking="lot")).then(tracked)
    given(PRODUCT, tracked).when(mug()).then()
    given(PRODUCT, tracked).when(mug(tracking="lot")).then()
    rejection = given(PRODUCT, tracked).when(mug(tracking="serial")).then_rejected("tracking-is-fixed")
    assert (rejection.field, rejection.value) == ("tracking", "serial")
    given(PRODUCT, REGISTERED).when(mug(tracking="lot")).then_rejected("tracking-is-fixed")


def test_a_location_is_registered_changed_and_never_moved_to_another_warehouse() -> None:
    described = DescribeLocation("A-01", "MAIN", "A", "01", "02", "3", "bulk")
    given(LOCATION).when(described).then(PLACE)
    given(LOCATION, PLACE).when(described).then()
    given(LOCATION, PLACE).when(DescribeLocation("A-01", "MAIN", "B", "01", "02", "3", "pick_face")).then(
        LocationChanged(**structs.asdict(PLACE) | {"zone": "B", "kind": "pick_face"})
    )
    moved = DescribeLocation("A-01", "EAST", "A", "01", "02", "3", "bulk")
    assert given(LOCATION, PLACE).when(moved).then_rejected("warehouse-is-fixed").field == "warehouse"


def test_an_adjustment_says_what_lies_there_afterwards() -> None:
    given(HOLDING, adjusted(40, 40)).when(adjust(-15)).then(adjusted(-15, 25))


def test_no_more_is_taken_than_lies_there_and_the_error_says_how_much_does() -> None:
    rejection = given(HOLDING, adjusted(40, 40)).when(adjust(-41)).then_rejected("insufficient-stock")
    assert rejection.value == -41
    assert "holds 40 units of MUG" in rejection.message
    assert "at most 40" in rejection.remedy


@pytest.mark.parametrize(("quantity", "code"), [(0, "unprocessable"), (1_000_000_000, "too-much-stock")])
def test_adjustments_that_mean_nothing_are_refused(quantity: int, code: str) -> None:
    given(HOLDING, adjusted(40, 40)).when(adjust(quantity)).then_rejected(code)


def test_products_in_one_place_do_not_touch_each_other() -> None:
    state = given(HOLDING, adjusted(40, 40)).when(AdjustStock("A-01", "MAIN", "CUP", 5, "found", AT)).state
    assert state.units == Map({"MUG": 40, "CUP": 5})
