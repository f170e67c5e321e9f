"""Failed messages get another try, and leave their parking queue only when it is under way."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.app import SYSTEM
from local.redrive import CannotRedrive, redrive

NOTHING = object()


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        for name in ("orders-fulfilment", "orders-fulfilment-dlq", "orders-outbox-failures"):
            client.create_queue(QueueName=name)
        yield client


def _send(sqs: Any, queue: str, content: object) -> None:
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(content))


def _content(sqs: Any, queue: str) -> list[Any]:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


@pytest.mark.parametrize("named", ["orders-fulfilment", "orders-fulfilment-dlq"])
def test_dead_letters_go_back_to_their_queue(sqs: Any, named: str) -> None:
    for number in range(12):
        _send(sqs, "orders-fulfilment-dlq", {"id": number})
    assert redrive(sqs, NOTHING, NOTHING, SYSTEM, named) == 12
    assert _content(sqs, "orders-fulfilment-dlq") == []
    url = sqs.get_queue_url(QueueName="orders-fulfilment")["QueueUrl"]
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "12"


def test_what_the_bus_could_not_deliver_goes_back_as_the_bare_event(sqs: Any) -> None:
    event = {"id": "1", "type": "payments.PaymentAuthorized"}
    _send(sqs, "orders-fulfilment-dlq", {"detail-type": "payments.PaymentAuthorized", "detail": event})
    redrive(sqs, NOTHING, NOTHING, SYSTEM, "orders-fulfilment")
    assert _content(sqs, "orders-fulfilment") == [event]


def test_an_unknown_queue_is_answered_with_those_there_are(sqs: Any) -> None:
    with pytest.raises(CannotRedrive, match="orders-fulfilment, orders-outbox-failures"):
        redrive(sqs, NOTHING, NOTHING, SYSTEM, "orders-typo")


# --- what a stream reader gave up on ---


class Trimmed(Exception):
    """The stream no longer has the record."""


class Stream:
    """A shard with these records, read two at a time."""

    class exceptions:  # noqa: N801 - as boto3 names it
        TrimmedDataAccessException = Trimmed

    def __init__(self, records: list[dict[str, Any]], *, trimmed: bool = False) -> None:
        self._records = records
        self._trimmed = trimmed

    def get_shard_iterator(self, *, SequenceNumber: str, **_: str) -> dict[str, str]:  # noqa: N803
        if self._trimmed:
            raise Trimmed
        return {"ShardIterator": SequenceNumber}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:  # noqa: N803
        start = int(ShardIterator)
        page = [found for found in self._records if int(found["dynamodb"]["SequenceNumber"]) >= start][:2]
        after = int(page[-1]["dynamodb"]["SequenceNumber"]) + 1 if page else start
        return {"Records": page, "NextShardIterator": str(after)}


class Lambdas:
    """Remembers what it was invoked with, and fails when told to."""

    def __init__(self, *, failing: bool = False) -> None:
        self.invoked: list[tuple[str, dict[str, Any]]] = []
        self._failing = failing

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        self.invoked.append((FunctionName, json.loads(Payload)))
        failure = {"FunctionError": "Unhandled"} if self._failing else {}
        return {"Payload": io.BytesIO(b"the bus is down"), **failure}


def _record(number: int, sk: str = "C#0000000001", name: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": name,
        "dynamodb": {
            "SequenceNumber": str(number),
            "Keys": {"pk": {"S": f"Order#{number}"}, "sk": {"S": sk}},
            "ApproximateCreationDateTime": datetime(2026, 1, 1, tzinfo=UTC),
        },
    }


def _parked(first: int, last: int) -> dict[str, Any]:
    pointer = {
        "streamArn": "arn",
        "shardId": "shard",
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "approximateArrivalOfFirstRecord": "2026-01-31T08:00:00Z",
    }
    return {"DDBStreamBatchInfo": pointer}


def test_a_parked_batch_is_read_from_the_stream_again_and_only_its_commits_are_replayed(sqs: Any) -> None:
    _send(sqs, "orders-outbox-failures", _parked(2, 5))
    stream = Stream(
        [_record(1), _record(2), _record(3, sk="S"), _record(4, name="MODIFY"), _record(5), _record(6)]
    )
    lambdas = Lambdas()
    assert redrive(sqs, stream, lambdas, SYSTEM, "orders-outbox-failures") == 1
    ((function, payload),) = lambdas.invoked
    assert function == "stowage-orders-outbox"
    assert [found["dynamodb"]["SequenceNumber"] for found in payload["Records"]] == ["2", "5"]
    assert _content(sqs, "orders-outbox-failures") == []


def test_a_batch_that_fails_again_stays_parked(sqs: Any) -> None:
    _send(sqs, "orders-outbox-failures", _parked(1, 1))
    with pytest.raises(CannotRedrive, match="the bus is down"):
        redrive(sqs, Stream([_record(1)]), Lambdas(failing=True), SYSTEM, "orders-outbox-failures")
    url = sqs.get_queue_url(QueueName="orders-outbox-failures")["QueueUrl"]
    hidden = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert hidden["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_batch_that_the_stream_let_go_of_is_said_to_be_in_the_history(sqs: Any) -> None:
    _send(sqs, "orders-outbox-failures", _parked(1, 1))
    with pytest.raises(CannotRedrive, match="make replay` from 2026-01-31T08:00:00Z"):
        redrive(sqs, Stream([], trimmed=True), Lambdas(), SYSTEM, "orders-outbox-failures")
