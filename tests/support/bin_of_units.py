"""A small stream for tests of the kernel, which knows no service: a bin that units go in and out of."""

from collections.abc import Sequence

from immutables import Map
from msgspec import Struct

from shared.decider import Command, Decider
from shared.events import Event, EventCatalog, originating
from shared.rejection import Conflict


class UnitsPut(Event, frozen=True):
    """Units went into the bin."""

    units: int


class UnitsTaken(Event, frozen=True):
    """Units left the bin."""

    units: int


class LabelsAttached(Event, frozen=True):
    """Labels were attached to the bin."""

    labels: list[str]


class Put(Struct, frozen=True):
    """Put `units` in; `in_steps` of so many events."""

    units: int
    in_steps: int = 1


class Take(Struct, frozen=True):
    """Take `units` out."""

    units: int


class Attach(Struct, frozen=True):
    """Attach labels."""

    labels: list[str]


class Look(Struct, frozen=True):
    """Change nothing."""


class Drop(Struct, frozen=True):
    """Something that nobody can decide."""


class Bin(Struct, frozen=True):
    """What is in the bin."""

    units: int = 0
    labels: Map[str, int] = Map()


def decide(command: object, state: Bin) -> Sequence[Event]:
    """What the command leads to."""
    match command:
        case Put(units, steps):
            return [UnitsPut(units=units)] * steps
        case Take(units):
            if units > state.units:
                raise Conflict(f"The bin holds {state.units}.", field="units", value=units, remedy="Take less.")
            return [UnitsTaken(units=units)]
        case Attach(labels):
            return [LabelsAttached(labels=labels)]
        case Look():
            return []
        case _:
            raise LookupError(f"no decision for {command}")


def evolve(state: Bin, event: object) -> Bin:
    """The bin after the event."""
    match event:
        case UnitsPut(units):
            return Bin(state.units + units, state.labels)
        case UnitsTaken(units):
            return Bin(state.units - units, state.labels)
        case LabelsAttached(labels):
            return Bin(state.units, state.labels.update({label: len(label) for label in labels}))
        case _:
            raise LookupError(f"no such event: {event}")


CATALOG = EventCatalog("depot", [UnitsPut, UnitsTaken, LabelsAttached])
BIN = Decider(CATALOG, Bin(), evolve, category="Bin", decide=decide)


def command(payload: Struct, command_id: str, fingerprint: str = "", if_match: int | None = None) -> Command:
    """`payload` as a command with that id."""
    return Command(payload, originating(command_id, fingerprint=fingerprint), if_match)
