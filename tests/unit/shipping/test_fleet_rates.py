"""What our own fleet asks for, and the numbers under which it knows cartons."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.address import Address
from shared.money import Money
from shipping.domain.carrier import Carrier, Fleet
from shipping.domain.offers import answer
from shipping.domain.rates import prices, zone_of
from shipping.domain.shipment import NoOffer, Parcel, Shipment
from shipping.domain.tracking_number import is_intact, tracking_number
from tests.unit.shipping.desk import FLEET

TABLE = msgspec.convert(FLEET, Fleet)
SSCC = "106141412345678908"


def to(postal_code: str, country: str = "DE") -> Address:
    return Address(name="Kim", street1="Weg 1", city="Ort", postal_code=postal_code, country=country)


@pytest.mark.parametrize(
    ("postal_code", "country", "zone"),
    [
        ("10115", "DE", "city"),
        ("12 345", "DE", "city"),
        ("20095", "DE", "country"),
        ("1010", "AT", "neighbours"),
        ("10115", "FR", None),
    ],
)
def test_the_longest_prefix_tells_the_zone(postal_code: str, country: str, zone: str | None) -> None:
    assert zone_of(TABLE, to(postal_code, country)) == zone


def test_each_carton_costs_what_its_weight_class_does() -> None:
    assert prices(TABLE, to("10115"), [5_000, 5_001]) == {"standard": 390 + 690, "express": 2 * 1_490}


def test_a_service_that_cannot_take_every_carton_takes_none() -> None:
    assert prices(TABLE, to("10115"), [1_000, 30_001]) == {}
    assert prices(TABLE, to("1010", "AT"), [1_000]) == {}


def shipment(wanted: str | None = None, warehouse: str = "MAIN") -> Shipment:
    return Shipment(
        shipment_id="s",
        warehouse=warehouse,
        ship_to=to("10115"),
        wanted=wanted,
        value=Money(1_000, "EUR"),
        cartons={SSCC: Parcel(SSCC, 1, 1, 1, 2_000)},
        revision=1,
    )


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, ("cheap", "standard")),
        ("standard", ("cheap", "standard")),
        ("express", ("cheap", "express")),
        ("own-fleet:standard", ("own-fleet", "standard")),
        ("Own-Fleet:Express", ("own-fleet", "express")),
        ("overnight", None),
        ("nobody:standard", None),
    ],
)
def test_the_cheapest_that_fits_what_was_promised_is_taken(
    wanted: str | None, chosen: tuple[str, str] | None
) -> None:
    cheaper = msgspec.structs.replace(
        TABLE, rates=tuple(msgspec.structs.replace(rate, amount=rate.amount - 1) for rate in TABLE.rates)
    )
    carriers = [
        Carrier("own-fleet", "own_fleet", "Ours", fleet=TABLE),
        Carrier("cheap", "own_fleet", "Cheap", fleet=cheaper),
        Carrier("elsewhere", "own_fleet", "Elsewhere", warehouses=("NORTH",), fleet=cheaper),
        Carrier("asleep", "own_fleet", "Asleep", active=False, fleet=cheaper),
    ]
    offered = answer(shipment(wanted), carriers)
    assert (None if isinstance(offered, NoOffer) else (offered.carrier, offered.service)) == chosen


def test_the_currency_of_the_goods_comes_first() -> None:
    dear = msgspec.structs.replace(TABLE, currency="JPY")
    carriers = [Carrier("a", fleet=dear), Carrier("b", fleet=TABLE)]
    offered = answer(shipment("standard"), carriers)
    assert not isinstance(offered, NoOffer)
    assert offered.carrier == "b"


@given(st.integers(0, 10**17 - 1), st.integers(1, 99), st.data())
def test_a_tracking_number_shows_a_wrong_character_and_two_swapped_ones(
    serial: int, label: int, data: st.DataObject
) -> None:
    number = tracking_number("OF", f"{serial:017d}0", label)
    assert is_intact(number)
    place = data.draw(st.integers(2, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not is_intact(number[:place] + other + number[place + 1 :])
    if place + 1 < len(number) and number[place] != number[place + 1]:
        assert not is_intact(number[:place] + number[place + 1] + number[place] + number[place + 2 :])


def test_no_two_labels_have_one_number() -> None:
    numbers = {tracking_number("OF", f"{serial:017d}0", label) for serial in range(50) for label in range(1, 20)}
    assert len(numbers) == 50 * 19
