"""What receiving reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

READS: dict[str, type[Struct]] = {}
