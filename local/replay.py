"""Hands a service's history to one of its stream reader Lambdas again.

To `views`, to fill a read model that was emptied or whose code was wrong; to `outbox`, to publish again what the
stream let go of before it could be published. Both recognize what they have done already, and so do consumers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from infra.declaration import Grant, Service

BATCH = 100


class CannotReplay(Exception):
    """Says why, and what can be done."""


def replay(
    dynamodb: Any,
    lambdas: Any,
    service: Service,
    reader: str,
    *,
    since: str = "",
    until: str = "9999",
    filling: int = 0,
) -> int:
    """Invokes `reader` with every commit recorded from `since` to `until` (ISO 8601, UTC); how many there were.

    With the number of a `filling`, higher than any before, a projector makes every document anew, whatever the
    views hold: that takes the whole history.

    It reads the whole events table once, a page at a time: mind the price of that on AWS.
    """
    readers = [found.name for found in service.capabilities if Grant.FOLLOW_HISTORY in found.grants]
    if reader not in readers:
        raise CannotReplay(f"{service.name} has no stream reader {reader!r}; it has {', '.join(readers)}")
    function = f"stowage-{service.name}-{reader}"
    count = 0
    for page in _commits(dynamodb, service.events_table, since, until):
        for start in range(0, len(page), BATCH):
            _invoke(lambdas, function, page[start : start + BATCH], filling)
        count += len(page)
    return count


def _commits(dynamodb: Any, table: str, since: str, until: str) -> Iterator[Sequence[dict[str, Any]]]:
    """Pages of commits; a scan reads each partition key in order, so the commits of a stream are in theirs."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression="begins_with(sk, :commits) AND #at BETWEEN :since AND :until",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={":commits": {"S": "C#"}, ":since": {"S": since or "0"}, ":until": {"S": until}},
    )
    for page in pages:
        yield sorted(page["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def _invoke(lambdas: Any, function: str, items: Sequence[dict[str, Any]], filling: int) -> None:
    records = [
        {
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"pk": item["pk"], "sk": item["sk"]}, "NewImage": item},
        }
        for item in items
    ]
    payload = json.dumps({"Records": records, "filling": filling}, default=_base64)
    answer = lambdas.invoke(FunctionName=function, Payload=payload)
    if "FunctionError" in answer:
        said = answer["Payload"].read().decode(errors="replace")
        raise CannotReplay(
            f"{function} failed; what came before went well, and replaying again is harmless: {said}"
        )


def _base64(packed: bytes) -> str:
    """What is binary in an item, as a table's stream hands it out."""
    return base64.b64encode(packed).decode()
