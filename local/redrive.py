"""Gives what failed another try, after its cause is gone: dead letters, and batches a stream reader gave up on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from infra.declaration import System

HOLD_SECONDS = 120


class CannotRedrive(Exception):
    """Says why, and which queues can be."""


def redrive(sqs: Any, streams: Any, lambdas: Any, system: System, queue: str) -> int:
    """Empties the parking queue of `queue` by trying everything in it again; how many messages went well.

    `queue` is a queue with dead letters (`orders-fulfilment` or `orders-fulfilment-dlq`), or what a stream reader
    gave up on (`orders-outbox-failures`). A message leaves its parking queue only after its new try is under way,
    so stopping half-way loses nothing; consumers do nothing twice.
    """
    name = queue.removesuffix("-dlq")
    for service in system.services:
        for capability in service.capabilities:
            if name == service.queue(capability):
                return _send_back(sqs, f"{name}-dlq", name)
            if name == service.failures_queue(capability):
                return _replay(sqs, streams, lambdas, name, service.function(capability))
    known = [
        name
        for service in system.services
        for capability in service.capabilities
        for name in (service.queue(capability), service.failures_queue(capability))
        if name
    ]
    raise CannotRedrive(f"no queue {queue!r}; there are {', '.join(sorted(known))}")


def _send_back(sqs: Any, parking: str, queue: str) -> int:
    target = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    count = 0
    for url, message in _parked(sqs, parking):
        sqs.send_message(QueueUrl=target, MessageBody=_event_of(message["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def _event_of(body: str) -> str:
    """What the consumer expects: of a message that the bus itself could not deliver, its detail."""
    content = json.loads(body) if body.startswith("{") else None
    if isinstance(content, dict) and {"detail", "detail-type"} <= content.keys():
        return json.dumps(content["detail"])
    return body


def _replay(sqs: Any, streams: Any, lambdas: Any, parking: str, function: str) -> int:
    """A parked message only points into the stream, which keeps records for 24 hours.

    What is older is still in the events table, and `local.replay` reads it from there.
    """
    count = 0
    for url, message in _parked(sqs, parking):
        pointer = json.loads(message["Body"])["DDBStreamBatchInfo"]
        records = _records(streams, pointer)
        answer = lambdas.invoke(FunctionName=function, Payload=json.dumps({"Records": records}, default=_seconds))
        if "FunctionError" in answer:
            said = answer["Payload"].read().decode(errors="replace")
            raise CannotRedrive(f"{function} failed again, the message stays in {parking}: {said}")
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def _seconds(moment: datetime) -> float:
    """Lambda gets times as Unix seconds."""
    return moment.timestamp()


def _records(streams: Any, pointer: dict[str, Any]) -> list[dict[str, Any]]:
    """The commits between the two sequence numbers, in their order."""
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=pointer["streamArn"],
            ShardId=pointer["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=pointer["startSequenceNumber"],
        )["ShardIterator"]
        commits: list[dict[str, Any]] = []
        last = int(pointer["endSequenceNumber"])
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return commits
                if record["eventName"] == "INSERT" and record["dynamodb"]["Keys"]["sk"]["S"].startswith("C#"):
                    commits.append(record)
                if int(record["dynamodb"]["SequenceNumber"]) == last:
                    return commits
            iterator = page.get("NextShardIterator") if page["Records"] else None
    except streams.exceptions.TrimmedDataAccessException as gone:
        raise CannotRedrive(
            f"the stream, which keeps 24 hours, has let go of {pointer['startSequenceNumber']}; its events are in "
            f"the events table: `make replay` from {pointer['approximateArrivalOfFirstRecord']}"
        ) from gone
    return commits


def _parked(sqs: Any, parking: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every message that is in the queue now, hidden from others while it is dealt with.

    What fails again and comes back meanwhile is left for the next time, so that this ends.
    """
    url = sqs.get_queue_url(QueueName=parking)["QueueUrl"]
    depth = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    left = int(depth["Attributes"]["ApproximateNumberOfMessages"])
    while left > 0:
        batch = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(10, left),
            VisibilityTimeout=HOLD_SECONDS,
            WaitTimeSeconds=1,
        ).get("Messages", [])
        if not batch:
            return
        left -= len(batch)
        for message in batch:
            yield url, message
