"""A reader gets the history again: every commit once, in the order of its stream, and nothing but commits."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from msgspec import Raw

from infra.app import ORDERS
from local.replay import BATCH, CannotReplay, replay
from shared import codec
from shared.event_store import commit_of
from shared.events import CommitBody, RecordedEvent, originating


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="orders-events",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        )
        yield client


class Reader:
    """A Lambda that remembers what it read, and fails when told to."""

    def __init__(self, *, failing: bool = False) -> None:
        self.batches: list[list[tuple[str, str]]] = []
        self.fillings: list[int] = []
        self.images: list[dict[str, Any]] = []
        self._failing = failing

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "stowage-orders-views"
        handed = json.loads(Payload)
        self.fillings.append(handed["filling"])
        images = [record["dynamodb"]["NewImage"] for record in handed["Records"]]
        self.images.extend(images)
        self.batches.append([(image["pk"]["S"], image["sk"]["S"]) for image in images])
        failure = {"FunctionError": "Unhandled"} if self._failing else {}
        return {"Payload": io.BytesIO(b"no such table"), **failure}

    @property
    def read(self) -> list[tuple[str, str]]:
        return [one for batch in self.batches for one in batch]


def _commit(dynamodb: Any, order: str, number: int, at: str = "2026-01-31T08:00:00.000Z") -> tuple[str, str]:
    key = (f"Order#{order}", f"C#{number:010}")
    dynamodb.put_item(TableName="orders-events", Item={"pk": {"S": key[0]}, "sk": {"S": key[1]}, "at": {"S": at}})
    return key


def test_every_commit_is_read_once_in_the_order_of_its_stream(dynamodb: Any) -> None:
    commits = [_commit(dynamodb, order, number) for order in ("a", "b") for number in range(1, BATCH)]
    snapshot = {"pk": {"S": "Order#a"}, "sk": {"S": "S"}, "at": {"S": "2026-01-31T08:00:00.000Z"}}
    dynamodb.put_item(TableName="orders-events", Item=snapshot)
    reader = Reader()
    assert replay(dynamodb, reader, ORDERS, "views") == len(commits)
    assert reader.read == sorted(commits)
    assert max(len(batch) for batch in reader.batches) <= BATCH


def test_a_stretch_of_time_can_be_chosen(dynamodb: Any) -> None:
    _commit(dynamodb, "a", 1, "2026-01-31T07:59:59.999Z")
    within = _commit(dynamodb, "a", 2, "2026-01-31T08:30:00.000Z")
    _commit(dynamodb, "a", 3, "2026-01-31T09:30:00.000Z")
    reader = Reader()
    replay(dynamodb, reader, ORDERS, "views", since="2026-01-31T08:00", until="2026-01-31T09:00")
    assert reader.read == [within]


def test_every_batch_says_which_filling_of_the_views_it_belongs_to(dynamodb: Any) -> None:
    for number in range(1, BATCH + 2):
        _commit(dynamodb, "a", number)
    reader = Reader()
    replay(dynamodb, reader, ORDERS, "views", filling=7)
    assert reader.fillings == [7, 7]


def test_a_packed_commit_is_handed_over_as_by_a_stream(dynamodb: Any) -> None:
    body = CommitBody((originating("c-1"),), (RecordedEvent("orders.Noted", 1, Raw(b'"%s"' % (b"x" * 2_000))),))
    key = {"pk": {"S": "Order#packed"}, "sk": {"S": "C#0000000001"}, "at": {"S": "2026-01-31T08:00:00.000Z"}}
    packed = {"body": {"B": zlib.compress(codec.to_json(body))}}
    dynamodb.put_item(TableName="orders-events", Item=key | packed)
    reader = Reader()
    replay(dynamodb, reader, ORDERS, "views")
    assert [commit_of(image).events for image in reader.images] == [body.events]


def test_a_failing_reader_stops_the_replay(dynamodb: Any) -> None:
    _commit(dynamodb, "a", 1)
    with pytest.raises(CannotReplay, match="no such table"):
        replay(dynamodb, Reader(failing=True), ORDERS, "views")


def test_only_stream_readers_can_be_chosen(dynamodb: Any) -> None:
    with pytest.raises(CannotReplay, match="views, outbox"):
        replay(dynamodb, Reader(), ORDERS, "intake")
