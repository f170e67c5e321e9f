"""Quantities are whole numbers in a product's base unit: never fractions, never floats."""

from typing import Annotated

from msgspec import Meta

MAX_UNITS = 1_000_000_000

Quantity = Annotated[
    int, Meta(ge=1, le=MAX_UNITS, description="Units of the product's base unit, at least 1.", examples=[6])
]
Units = Annotated[
    int, Meta(ge=0, le=MAX_UNITS, description="Units of the product's base unit, 0 or more.", examples=[40])
]
SignedQuantity = Annotated[
    int,
    Meta(
        ge=-MAX_UNITS,
        le=MAX_UNITS,
        description="Units of the product's base unit; positive adds, negative takes away.",
        examples=[40],
    ),
]
