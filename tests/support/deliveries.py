"""What Lambda is handed: queue batches, and batches of a table's stream."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from shared import codec
from shared.envelope import CloudEvent
from shared.event_store import EventStore
from shared.events import Commit, CommitBody


def queue_batch(*bodies: "CloudEvent | str", receives: int = 1) -> dict[str, Any]:
    """An SQS event; message n has the id `m<n>` and has been received `receives` times."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body if isinstance(body, str) else codec.to_json(body).decode(),
                "attributes": {"ApproximateReceiveCount": str(receives)},
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(response: Mapping[str, Any]) -> list[str]:
    """The ids of the messages that a partial batch response gives back."""
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def bus_event(
    event_id: str, data: Mapping[str, object], *, type: str = "elsewhere.UnitsAsked", subject: str = "Request#1"
) -> CloudEvent:
    """An event of another service, as it comes from the bus."""
    return codec.from_json(
        json.dumps(
            {
                "specversion": "1.0",
                "id": event_id,
                "source": "stowage.elsewhere",
                "type": type,
                "subject": subject,
                "time": "2026-01-31T09:30:00.000Z",
                "datacontenttype": "application/json",
                "dataschema": f"urn:stowage:event:{type}:1",
                "sequence": "0000000001.0000",
                "correlationid": "journey-7",
                "causationid": "request-7",
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "data": data,
            }
        ),
        CloudEvent,
    )


def stream_batch(commits: Iterable[Commit]) -> dict[str, Any]:
    """A DynamoDB stream event with the new images of `commits`."""
    return {"Records": [_record(commit) for commit in commits]}


def history(store: EventStore, stream_id: str) -> list[Commit]:
    """All commits of a stream."""
    return list(store.read(stream_id))


def _record(commit: Commit) -> dict[str, Any]:
    keys = {"pk": {"S": commit.stream}, "sk": {"S": f"C#{commit.sequence:010d}"}}
    body = codec.to_json(CommitBody(commit.commands, commit.events)).decode()
    return {
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": keys, "NewImage": {**keys, "at": {"S": commit.at}, "body": {"S": body}}},
    }
