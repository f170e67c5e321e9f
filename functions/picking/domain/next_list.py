"""Which list a request for the next one has chosen: a repeat of the request means the same one.

The choice is noted before the list is claimed, with the list's commit number at that time. The claim holds only on
that commit: as soon as the list has moved on without it, it never will be claimed by this choice, and another one
may be made.
"""

from collections.abc import Sequence

from msgspec import Struct

from picking.contracts import ListId
from shared.events import Event
from shared.quantity import Units


class NextListChosen(Event, frozen=True):
    """This list is to be claimed, as it stood after its commit number `sequence`."""

    list_id: ListId
    sequence: Units


class ChooseList(Struct, frozen=True):
    """Claim this list, which was seen at that commit."""

    list_id: str
    sequence: int


class Choice(Struct, frozen=True):
    """The list that was chosen last, at which of its commits, and how many were chosen so far (0: none)."""

    list_id: str = ""
    sequence: int = 0
    number: int = 0


def decide(command: ChooseList, _choice: Choice) -> Sequence[Event]:
    """Each choice is a command of its own: whoever makes it a second time gets the first answer."""
    return [NextListChosen(list_id=command.list_id, sequence=command.sequence)]


def evolve(choice: Choice, event: NextListChosen) -> Choice:
    """The choice after `event`."""
    return Choice(event.list_id, event.sequence, choice.number + 1)


EVENTS: tuple[type[Event], ...] = (NextListChosen,)
