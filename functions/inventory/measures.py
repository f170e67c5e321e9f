"""The plain values of inventory's language: texts, codes, measures."""

from typing import Annotated

from msgspec import Meta

MAX_TEXT = 200
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
Millimetres = Annotated[int, Meta(ge=1, le=100_000, description="Millimetres.")]
Grams = Annotated[int, Meta(ge=1, le=100_000_000, description="Grams.")]
CubicMillimetres = Annotated[int, Meta(ge=0, le=10**15, description="Cubic millimetres.")]
Weight = Annotated[int, Meta(ge=0, le=10**12, description="Grams, 0 where it is not known.")]
Ordinal = Annotated[int, Meta(ge=1)]
