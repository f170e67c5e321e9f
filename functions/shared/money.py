"""Money: integer minor units with a currency (ISO 4217)."""

from typing import Annotated

from msgspec import Meta, Struct

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217 currency code.", examples=["EUR"])]
MAX_MINOR_UNITS = 1_000_000_000_000
MinorUnits = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_MINOR_UNITS,
        description="An amount in the currency's minor unit (cents).",
        examples=[1995],
    ),
]
PositiveMinorUnits = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_MINOR_UNITS,
        description="An amount above zero in the currency's minor unit (cents).",
        examples=[1995],
    ),
]


class Money(Struct, frozen=True):
    """An amount of money: `amount` in minor units (1995 = 19.95 EUR) and its ISO 4217 `currency`."""

    amount: MinorUnits
    currency: Currency

    def __add__(self, other: "Money") -> "Money":
        """The sum. Raises ValueError when the currencies differ."""
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def times(self, factor: int) -> "Money":
        """This amount `factor` times."""
        return Money(self.amount * factor, self.currency)
