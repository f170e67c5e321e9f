"""The two tables of a service, as the deployment makes them."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_events_table(client: "DynamoDBClient", name: str) -> None:
    """A table for commits, with the stream that is the outbox."""
    _create(client, name, ("pk", "sk"), {"StreamSpecification": _STREAM})


def create_views_table(
    client: "DynamoDBClient",
    name: str,
    indexes: Mapping[str, tuple[str, str]] | None = None,
    keys_only: Collection[str] = (),
) -> None:
    """A table for read models; `indexes` maps an index's name to its partition and sort attributes.

    Those named in `keys_only` hold nothing but the keys.
    """
    indexes = indexes or {}
    extra = {
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key(*keys),
                "Projection": {"ProjectionType": "KEYS_ONLY" if index in keys_only else "ALL"},
            }
            for index, keys in indexes.items()
        ]
    }
    attributes = dict.fromkeys(["pk", "sk", *(name for keys in indexes.values() for name in keys)])
    _create(client, name, tuple(attributes), extra if indexes else {})


def create_ledger_table(client: "DynamoDBClient", name: str) -> None:
    """The table of the payment sandbox's ledger."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


_STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


def _key(partition: str, sort: str) -> list[Any]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _create(client: "DynamoDBClient", name: str, attributes: tuple[str, ...], extra: Mapping[str, Any]) -> None:
    client.create_table(
        TableName=name,
        KeySchema=_key("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in attributes],
        BillingMode="PAY_PER_REQUEST",
        **extra,
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
