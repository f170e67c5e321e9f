"""What goods go out in and with: the kinds of carton, our own fleet with its rates, and where customers live."""

from sample.catalogue import CURRENCY
from sample.chance import Chance
from sample.model import Address, Carrier, CartonType, Dimensions, Fleet, FleetRate, FleetZone

WALL_MM = 5
CARTONS = tuple(
    CartonType(
        id=name,
        inner=Dimensions(length, width, height),
        outer=Dimensions(length + 2 * WALL_MM, width + 2 * WALL_MM, height + 2 * WALL_MM),
        max_weight_g=kilograms * 1000,
        tare_g=tare,
    )
    for name, length, width, height, kilograms, tare in (
        ("BOX-S", 200, 150, 100, 5, 90),
        ("BOX-M", 350, 250, 200, 15, 240),
        ("BOX-L", 500, 400, 350, 30, 520),
        ("BOX-XL", 800, 600, 550, 60, 1_400),
        ("CRATE", 2_400, 1_200, 1_000, 450, 24_000),
    )
)

CITY, COUNTRY, AUSTRIA, NETHERLANDS = "city", "country", "austria", "netherlands"
AMOUNTS = (
    (CITY, (390, 690, 4_900)),
    (COUNTRY, (490, 990, 7_900)),
    (AUSTRIA, (890, 1_690, 12_900)),
    (NETHERLANDS, (890, 1_690, 12_900)),
)
"""Per zone the rates of cartons up to 5, 31 and 500 kg, in minor units."""

FLEET = Carrier(
    id="own-fleet",
    name="Own fleet",
    fleet=Fleet(
        currency=CURRENCY,
        zones=(
            FleetZone(CITY, "DE", ("20", "21", "22")),
            FleetZone(COUNTRY, "DE"),
            FleetZone(AUSTRIA, "AT"),
            FleetZone(NETHERLANDS, "NL"),
        ),
        rates=tuple(
            FleetRate("standard", zone, kilograms * 1000, amount)
            for zone, amounts in AMOUNTS
            for kilograms, amount in zip((5, 31, 500), amounts, strict=True)
        ),
    ),
)

TOWNS = (
    ("Hamburg", "20457", "DE"),
    ("Hamburg", "22767", "DE"),
    ("Berlin", "10115", "DE"),
    ("Leipzig", "04109", "DE"),
    ("München", "80331", "DE"),
    ("Wien", "1010", "AT"),
    ("Utrecht", "3511 AB", "NL"),
)
STREETS = ("Hafenstraße", "Lindenweg", "Am Speicher", "Marktplatz", "Gartenweg", "Kanalstraße")


def address(customer: str) -> Address:
    """Where a customer lives: an invented person in an invented house, always the same."""
    chance = Chance(sum(ord(letter) * 31**place for place, letter in enumerate(customer)))
    town, postal_code, country = chance.one_of(TOWNS)
    street = chance.one_of(STREETS)
    return Address(
        name=f"Customer {customer}",
        street1=f"{street} {chance.within(1, 120)}",
        city=town,
        postal_code=postal_code,
        country=country,
    )
