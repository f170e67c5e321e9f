"""Events, the catalog of a service's event types, and the commit that records one decision."""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import msgspec
from msgspec import Raw, Struct

from shared import codec, ids, telemetry

Upcaster = Callable[[dict[str, object]], dict[str, object]]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact in the past tense. `version` is the version of its shape."""

    version: ClassVar[int] = 1


class EventCatalog:
    """The event types of one service: `<service>.<PastTenseName>` and a version, to and from JSON.

    `upcasters` maps (name, old version) to a function that turns old data into the next version's.
    """

    def __init__(
        self,
        service: str,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self.service = service
        self.types: dict[str, type[Event]] = {f"{service}.{event.__name__}": event for event in events}
        self._names = {event: name for name, event in self.types.items()}
        self._upcasters = dict(upcasters or {})

    def name(self, event: type[Event]) -> str:
        """The published name of an event class, for example `orders.OrderPlaced`."""
        return self._names[event]

    def encode(self, event: Event, command: int) -> "RecordedEvent":
        """`event` as it is stored, caused by the commit's command number `command`."""
        return RecordedEvent(self._names[type(event)], event.version, Raw(codec.to_json(event)), command)

    def decode(self, recorded: "RecordedEvent") -> Event:
        """The event as today's class, upcast when it was written in an older version.

        Raises KeyError when the type is unknown, msgspec.ValidationError when the data do not fit.
        """
        kind = self.types[recorded.type]
        if recorded.version == kind.version:
            return codec.from_json(bytes(recorded.data), kind)
        data = msgspec.json.decode(recorded.data, type=dict[str, object])
        for version in range(recorded.version, kind.version):
            data = self._upcasters[recorded.type, version](data)
        return msgspec.convert(data, kind)


class RecordedEvent(Struct, frozen=True):
    """An event inside a commit: type, version, JSON data, and the index of the command that caused it."""

    type: str
    version: int
    data: Raw
    command: int = 0


class CommandMetadata(Struct, frozen=True, omit_defaults=True):
    """Who asked for a decision, and because of what.

    `command_id` makes a repeat recognizable; `fingerprint` is the hash of the request, so that one id with two
    requests is refused; `correlation_id` ties a journey together; `causation_id` is the event (or request)
    that led here; `traceparent` is the W3C trace context; `actor` is a client or user id, never a name.
    """

    command_id: str
    correlation_id: str
    traceparent: str
    causation_id: str = ""
    actor: str = ""
    fingerprint: str = ""


class CommitBody(Struct, frozen=True):
    """What one commit item holds as JSON: the handled commands and the events of the decision."""

    commands: tuple[CommandMetadata, ...]
    events: tuple[RecordedEvent, ...]


class Commit(Struct, frozen=True):
    """One decision on one stream: commit number `sequence` (from 1) of `stream`, recorded `at` (ISO 8601)."""

    stream: str
    sequence: int
    at: str
    commands: tuple[CommandMetadata, ...]
    events: tuple[RecordedEvent, ...]

    def event_id(self, index: int) -> str:
        """The id of event `index`: derived from its place, so that a second publication carries the same."""
        return f"{self.stream}@{self.sequence}.{index}"

    @property
    def command_ids(self) -> frozenset[str]:
        """The ids of the commands that this commit answered."""
        return frozenset(command.command_id for command in self.commands)


def originating(command_id: str, actor: str = "", fingerprint: str = "") -> CommandMetadata:
    """Metadata of a command that starts a journey of its own (a schedule, a tool, a test)."""
    return CommandMetadata(
        command_id=command_id,
        correlation_id=ids.new_id(),
        traceparent=telemetry.new_traceparent(),
        actor=actor,
        fingerprint=fingerprint,
    )


def part_of(cause: CommandMetadata, name: str) -> CommandMetadata:
    """The metadata of a further command that follows from `cause`: `name` tells those of one stream apart.

    It carries no fingerprint, for it is not the request itself.
    """
    return msgspec.structs.replace(cause, command_id=f"{cause.command_id}/{name}", fingerprint="")
