"""What stands on a product's label: its GTIN, and the lot, serial and expiry that are encoded beside it."""

from msgspec import Struct


class Label(Struct, frozen=True):
    """A code that names a product, a handling unit, or both; `count` is how many of it a handling unit holds."""

    gtin: str | None = None
    sscc: str | None = None
    lot: str | None = None
    serial: str | None = None
    expires_on: str | None = None
    count: int | None = None
