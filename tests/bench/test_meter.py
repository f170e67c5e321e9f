"""The meter counts as AWS does: by its published rules, and as AWS's own DynamoDB Local answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.declaration import Index
from tests.bench.meter import index_write_units, item_size
from tests.support.dynamodb_endpoints import endpoint
from tests.support.tables import create_events_table

BY_STATUS = Index("by_status", "status", "placed")


def item(size: int, sk: str = "C#0000000001") -> dict[str, Any]:
    empty = {"pk": {"S": "Stream#1"}, "sk": {"S": sk}, "body": {"S": ""}}
    return {**empty, "body": {"S": "x" * (size - item_size(empty))}}


def test_an_item_weighs_its_names_and_values() -> None:
    assert item_size({"pk": {"S": "abc"}, "n": {"N": "12345"}, "b": {"B": b"1234"}, "ü": {"BOOL": True}}) == (
        2 + 3 + 1 + 4 + 1 + 4 + 2 + 1
    )


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ({}, {"status": "placed", "placed": "1"}, 1),
        ({"status": "placed", "placed": "1"}, {"status": "reserved", "placed": "1"}, 2),
        ({"status": "placed", "placed": "1"}, {"status": "placed", "placed": "1", "x": "2"}, 1),
        ({"status": "placed", "placed": "1"}, {"status": "placed", "placed": "1"}, 0),
        ({"status": "placed", "placed": "1"}, {"placed": "1"}, 1),
        ({}, {"placed": "1"}, 0),
    ],
)
def test_an_index_takes_a_write_for_what_it_gains_loses_or_changes(
    old: dict[str, str], new: dict[str, str], units: int
) -> None:
    def typed(values: dict[str, str]) -> dict[str, dict[str, str]]:
        return {name: {"S": value} for name, value in values.items()}

    assert index_write_units(BY_STATUS, typed(old) or None, typed(new)) == units


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with endpoint("dynamodb-local") as local:
        client = local.client()
        create_events_table(client, "meter")
        yield client


@pytest.mark.parametrize("size", [100, 1023, 1024, 1025, 4096, 10_000, 300_000])
def test_a_write_is_billed_as_dynamodb_local_says(dynamodb: Any, size: int) -> None:
    answer = dynamodb.put_item(TableName="meter", Item=item(size), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == -(-size // 1024)


@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize("sizes", [(100,), (4096,), (4097,), (3000, 3000), (10_000, 100, 100)])
def test_a_query_is_billed_as_dynamodb_local_says(dynamodb: Any, sizes: tuple[int, ...], consistent: bool) -> None:
    stream = f"Stream#{sizes}"
    for number, size in enumerate(sizes):
        stored = item(size - len(stream) + len("Stream#1"), sk=f"C#{number:010d}") | {"pk": {"S": stream}}
        dynamodb.put_item(TableName="meter", Item=stored)
    answer = dynamodb.query(
        TableName="meter",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": stream}},
        ConsistentRead=consistent,
        ReturnConsumedCapacity="TOTAL",
    )
    weight = sum(map(item_size, answer["Items"]))
    units = max(1, -(-weight // 4096)) * (1 if consistent else 0.5)
    assert weight == sum(sizes)
    assert answer["ConsumedCapacity"]["CapacityUnits"] == units
