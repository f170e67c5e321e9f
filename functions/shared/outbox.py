"""Publishes what was committed: the table's stream is the outbox.

A bus bills by the message and a queue by the request, so small facts that come in numbers travel together: several
events of one type in one message. The events of a stream keep their order all the same.

Every entry's answer is checked. A failure raises, so that the whole batch comes again: consumers recognize what
they have seen, nothing is lost, and the order within a stream is kept.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import aws, codec, telemetry
from shared.envelope import CloudEvent, CloudEvents, published
from shared.environment import required
from shared.event_store import commit_of

MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 240_000
MAX_TOGETHER = 10
"""Events in one message at most: a consumer gets as many of them as its batches hold messages."""
MAX_IN_CROWD = 25
"""The same of types that come by the line of an order, and whose readers take them by the order."""
MAX_TOGETHER_BYTES = 60_000
"""Bytes of several events in one message at most: EventBridge and SQS bill each started 64 KB."""
_ENTRY_OVERHEAD_BYTES = 200


class PublicationFailed(Exception):
    """The bus has refused at least one entry: the batch has to come again."""


@dataclass(slots=True)
class Message:
    """Events of one type, and how many bytes they have."""

    type: str
    source: str
    events: list[CloudEvent] = field(default_factory=list)
    size: int = 0
    most: int = MAX_TOGETHER

    def add(self, event: CloudEvent, size: int) -> None:
        self.events.append(event)
        self.size += size

    def has_room(self, size: int) -> bool:
        return len(self.events) < self.most and self.size + size <= MAX_TOGETHER_BYTES

    @property
    def detail(self) -> bytes:
        """What travels: an event, or several."""
        [first, *others] = self.events
        return codec.to_json(CloudEvents(tuple(self.events)) if others else first)


def publisher(
    service: str, event_types: Collection[str], together: Collection[str] = (), crowds: Collection[str] = ()
) -> Callable[[dict[str, Any], object], None]:
    """The Lambda handler that publishes those of `service`'s committed events that are in `event_types`.

    Those in `together` may share a message with others of their type, those in `crowds` with more of them.
    """
    public = frozenset(event_types)
    shared = dict.fromkeys(together, MAX_TOGETHER) | dict.fromkeys(crowds, MAX_IN_CROWD)

    def handler(event: dict[str, Any], _context: object) -> None:
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        events = [one for commit in commits for one in published(commit, service) if one.type in public]
        messages = _messages(events, shared)
        for chunk in _chunks(messages):
            _put(chunk)
        telemetry.debug("published", commits=len(commits), events=len(events), messages=len(messages))

    return handler


def _messages(events: Sequence[CloudEvent], shared: Mapping[str, int]) -> list[Message]:
    """The events in messages, of the `shared` types up to so many in one.

    One joins an earlier message only when none of its stream has followed since.
    """
    messages: list[Message] = []
    open_ones: dict[str, int] = {}
    latest: dict[str, int] = {}
    for event in events:
        size = len(codec.to_json(event))
        place = open_ones.get(event.type)
        if place is None or place < latest.get(event.subject, 0) or not messages[place].has_room(size):
            place = len(messages)
            messages.append(Message(event.type, event.source, most=shared.get(event.type, 1)))
            if event.type in shared:
                open_ones[event.type] = place
        messages[place].add(event, size)
        latest[event.subject] = place
    return messages


def _chunks(messages: Sequence[Message]) -> Iterator[list[Message]]:
    chunk: list[Message] = []
    size = 0
    for message in messages:
        weight = message.size + _ENTRY_OVERHEAD_BYTES
        if chunk and (len(chunk) == MAX_ENTRIES or size + weight > MAX_REQUEST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += weight
    if chunk:
        yield chunk


def _put(chunk: Sequence[Message]) -> None:
    bus = required("bus_name")
    answer = aws.eventbridge().put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": message.source,
                "DetailType": message.type,
                "Detail": message.detail.decode(),
                "Resources": [],
            }
            for message in chunk
        ]
    )
    refused = [
        ([event.id for event in message.events], entry.get("ErrorCode"))
        for message, entry in zip(chunk, answer["Entries"], strict=True)
        if not entry.get("EventId")
    ]
    if refused or answer["FailedEntryCount"]:
        telemetry.error("bus refused entries", refused=refused)
        raise PublicationFailed(f"{len(refused)} of {len(chunk)} entries were refused, first: {refused[:1]}")
