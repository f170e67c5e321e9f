"""Where goods are sent to. An address is personal data: it is never logged, and never part of a key."""

from typing import Annotated

from msgspec import Meta, Struct

PRINTABLE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

AddressLine = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=PRINTABLE,
        description="One line of an address as it is printed.",
        examples=["Langer Weg 12"],
    ),
]
PostalCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 -]{0,10}[A-Za-z0-9])?$",
        description="The postal code as the country writes it.",
        examples=["10115"],
    ),
]
CountryCode = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 country code.", examples=["DE"])
]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$",
        description="Where the carrier may write to.",
        examples=["kim@example.com"],
    ),
]
Phone = Annotated[
    str,
    Meta(
        pattern=r"^\+?[0-9][0-9 ()./-]{2,28}[0-9]$",
        description="Where the carrier may call.",
        examples=["+49 30 901820"],
    ),
]


class Address(Struct, frozen=True, omit_defaults=True):
    """A postal address. Its text shows only where to, never whom: an address in a log line tells no name."""

    name: AddressLine
    street1: AddressLine
    city: AddressLine
    postal_code: PostalCode
    country: CountryCode
    company: AddressLine | None = None
    street2: AddressLine | None = None
    region: AddressLine | None = None
    email: Email | None = None
    phone: Phone | None = None

    def __repr__(self) -> str:
        """The country alone."""
        return f"Address({self.country})"
