"""The value types of the common language: money, quantities, identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from shared import identifiers
from shared.money import Currency, MinorUnits, Money
from shared.quantity import MAX_UNITS, Quantity, SignedQuantity, Units

amounts = st.integers(0, 10**9)


@given(amounts, amounts)
def test_money_of_one_currency_adds_up(one: int, other: int) -> None:
    assert Money(one, "EUR") + Money(other, "EUR") == Money(one + other, "EUR")


def test_money_of_two_currencies_does_not_add_up() -> None:
    with pytest.raises(ValueError, match="cannot add GBP to EUR"):
        Money(1, "EUR") + Money(1, "GBP")


@given(amounts, st.integers(0, 1000))
def test_money_taken_several_times_is_money_added_as_often(amount: int, factor: int) -> None:
    assert Money(amount, "EUR").times(factor) == sum([Money(amount, "EUR")] * factor, start=Money(0, "EUR"))


GOOD = [
    (Currency, "EUR"),
    (MinorUnits, 0),
    (Quantity, 1),
    (Quantity, MAX_UNITS),
    (Units, 0),
    (SignedQuantity, -MAX_UNITS),
    (identifiers.Sku, "MUG-0350-BLU"),
    (identifiers.Sku, "a"),
    (identifiers.LocationId, "A-01-02-3"),
    (identifiers.WarehouseCode, "MAIN"),
    (identifiers.OrderId, "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"),
    (identifiers.LineId, "1"),
    (identifiers.Timestamp, "2026-01-31T09:30:00.000Z"),
]
BAD = [
    (Currency, "eur"),
    (Currency, "EURO"),
    (MinorUnits, -1),
    (MinorUnits, 1.5),
    (Quantity, 0),
    (Quantity, MAX_UNITS + 1),
    (Quantity, 1.0),
    (Units, -1),
    (SignedQuantity, MAX_UNITS + 1),
    (identifiers.Sku, ""),
    (identifiers.Sku, "-MUG"),
    (identifiers.Sku, "M#G"),
    (identifiers.Sku, "M" * 41),
    (identifiers.LocationId, "A 01"),
    (identifiers.WarehouseCode, "main"),
    (identifiers.OrderId, "7"),
    (identifiers.LineId, "٣"),
    (identifiers.Timestamp, "2026-01-31 09:30"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_what_fits_is_taken(kind: object, value: object) -> None:
    assert convert(value, kind) == value


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_what_does_not_fit_is_refused(kind: object, value: object) -> None:
    with pytest.raises(ValidationError):
        convert(value, kind)
