"""Serial references for the SSCCs of cartons: they are counted, and taken in blocks."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from shared.events import Event, EventCatalog
from shared.gs1 import CARTON_EXTENSION, SSCC_LENGTH

Count = Annotated[int, Meta(ge=1, le=100_000)]


class NumbersTaken(Event, frozen=True):
    """`count` numbers from `first` on are somebody's, and nobody else's ever."""

    first: int
    count: Count


CATALOG = EventCatalog("picking", (NumbersTaken,))


class CartonNumbers(Struct, frozen=True):
    """`next` is the first number that nobody has taken."""

    next: int = 0


class TakeNumbers(Struct, frozen=True):
    """Take so many numbers."""

    count: Count


def is_carton(container: str) -> bool:
    """Whether goods lie in a packed carton, and not in the container of a pick list."""
    return len(container) == SSCC_LENGTH and container.isdigit() and container.startswith(CARTON_EXTENSION)


def decide(command: TakeNumbers, numbers: CartonNumbers) -> Sequence[Event]:
    """The numbers that follow those taken so far."""
    return [NumbersTaken(first=numbers.next, count=command.count)]


def evolve(_numbers: CartonNumbers, event: NumbersTaken) -> CartonNumbers:
    """The numbers after `event`."""
    return CartonNumbers(event.first + event.count)
