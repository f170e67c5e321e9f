"""What travels on the bus: a CloudEvents 1.0 event with correlation, causation and trace context."""

from collections.abc import Iterator

from msgspec import Raw, Struct

from shared import codec, telemetry
from shared.events import CommandMetadata, Commit

_EVENTS_PER_COMMIT = 10_000
SCHEMA_PREFIX = "urn:stowage:event:"


class CloudEvent(Struct, frozen=True, kw_only=True):
    """A published event: the CloudEvents 1.0 attributes and the extensions that Stowage adds.

    `subject` is the stream, `sequence` the event's place in it (commit number, then position: text order is
    stream order), `correlationid` the journey, `causationid` the event or request that caused this one,
    `traceparent` the W3C trace context (CloudEvents distributed tracing extension).
    """

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str = "application/json"
    dataschema: str
    sequence: str
    correlationid: str
    causationid: str
    traceparent: str
    data: Raw

    @property
    def order_in_stream(self) -> int:
        """The event's place in its stream as one growing number."""
        commit, _, position = self.sequence.partition(".")
        return int(commit) * _EVENTS_PER_COMMIT + int(position)

    @property
    def commit_sequence(self) -> int:
        """The number of the commit in its stream that recorded this event."""
        return int(self.sequence.partition(".")[0])


class CloudEvents(Struct, frozen=True):
    """Several events of one type that travel as one message: each of them is an event as if it came alone."""

    events: tuple[CloudEvent, ...] = ()


def told(message: str | bytes) -> tuple[CloudEvent, ...]:
    """The events that a message from the bus holds: one, or several. Raises msgspec.MsgspecError."""
    return codec.from_json(message, CloudEvents).events or (codec.from_json(message, CloudEvent),)


def published(commit: Commit, service: str) -> Iterator[CloudEvent]:
    """The events of `commit` as the bus carries them."""
    for index, event in enumerate(commit.events):
        cause = commit.commands[event.command]
        yield CloudEvent(
            id=commit.event_id(index),
            source=f"stowage.{service}",
            type=event.type,
            subject=commit.stream,
            time=commit.at,
            dataschema=f"{SCHEMA_PREFIX}{event.type}:{event.version}",
            sequence=f"{commit.sequence:010d}.{index:04d}",
            correlationid=cause.correlation_id,
            causationid=cause.causation_id or cause.command_id,
            traceparent=cause.traceparent,
            data=event.data,
        )


def caused_by(event: CloudEvent, part: str = "") -> CommandMetadata:
    """Metadata of the command that is a reaction to `event`.

    Its id derives from the event's, so a second delivery is recognized; `part` tells several commands on one
    stream apart.
    """
    return CommandMetadata(
        command_id=f"{event.id}/{part}" if part else event.id,
        correlation_id=event.correlationid,
        traceparent=telemetry.child_traceparent(event.traceparent),
        causation_id=event.id,
        actor=event.source,
    )
