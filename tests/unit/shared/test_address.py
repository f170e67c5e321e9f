"""An address: what is taken, and what a log line would show of it."""

import pytest
from msgspec import ValidationError, convert

from shared import codec
from shared.address import Address

SHORTEST = {"name": "Kim", "street1": "Weg 1", "city": "Bonn", "postal_code": "53111", "country": "DE"}
FULL = SHORTEST | {
    "company": "Example GmbH",
    "street2": "Hinterhaus",
    "region": "NRW",
    "email": "kim@example.com",
    "phone": "+49 228 123456",
}


@pytest.mark.parametrize("given", [SHORTEST, FULL], ids=["shortest", "full"])
def test_an_address_survives_json(given: dict[str, str]) -> None:
    address = convert(given, Address)
    assert codec.from_json(codec.to_json(address), Address) == address
    assert codec.from_json(codec.to_json(address), dict) == given


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("street1", "Weg\n1"),
        ("city", "x" * 101),
        ("postal_code", "-1"),
        ("country", "DEU"),
        ("country", "de"),
        ("email", "kim"),
        ("phone", "call me"),
    ],
)
def test_what_cannot_be_printed_or_reached_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        convert(FULL | {field: value}, Address)


def test_an_address_in_a_log_line_names_nobody() -> None:
    shown = f"{convert(FULL, Address)} {convert(FULL, Address)!r}"
    assert shown == "Address(DE) Address(DE)"
