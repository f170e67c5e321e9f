"""Publishes what was committed: the table's stream is the outbox.

Every entry's answer is checked. A failure raises, so that the whole batch comes again: consumers recognize what
they have seen, nothing is lost, and the order within a stream is kept.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from shared import aws, codec, telemetry
from shared.envelope import CloudEvent, published
from shared.environment import required
from shared.event_store import commit_of

MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 240_000
_ENTRY_OVERHEAD_BYTES = 200


class PublicationFailed(Exception):
    """The bus has refused at least one entry: the batch has to come again."""


def publisher(service: str, event_types: Collection[str]) -> Callable[[dict[str, Any], object], None]:
    """The Lambda handler that publishes those of `service`'s committed events that are in `event_types`."""
    public = frozenset(event_types)

    def handler(event: dict[str, Any], _context: object) -> None:
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        events = [one for commit in commits for one in published(commit, service) if one.type in public]
        for chunk in _chunks(events):
            _put(chunk)
        telemetry.info("published", commits=len(commits), events=len(events))

    return handler


def _chunks(events: list[CloudEvent]) -> Iterator[list[tuple[CloudEvent, bytes]]]:
    chunk: list[tuple[CloudEvent, bytes]] = []
    size = 0
    for event in events:
        detail = codec.to_json(event)
        weight = len(detail) + _ENTRY_OVERHEAD_BYTES
        if chunk and (len(chunk) == MAX_ENTRIES or size + weight > MAX_REQUEST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((event, detail))
        size += weight
    if chunk:
        yield chunk


def _put(chunk: list[tuple[CloudEvent, bytes]]) -> None:
    bus = required("bus_name")
    answer = aws.eventbridge().put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": event.source,
                "DetailType": event.type,
                "Detail": detail.decode(),
                "Resources": [],
            }
            for event, detail in chunk
        ]
    )
    refused = [
        (event.id, entry.get("ErrorCode"))
        for (event, _), entry in zip(chunk, answer["Entries"], strict=True)
        if not entry.get("EventId")
    ]
    if refused or answer["FailedEntryCount"]:
        telemetry.error("bus refused entries", refused=refused)
        raise PublicationFailed(f"{len(refused)} of {len(chunk)} entries were refused, first: {refused[:1]}")
