"""Read models in one table: small JSON documents under (pk, sk), with attributes for the indexes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from shared import codec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

V = TypeVar("V", bound=Struct)

_BATCH_GET_KEYS = 100


class Page(Struct, Generic[V], frozen=True):
    """Some documents in index order, each with its sort key, and whether more follow."""

    items: list[tuple[str, V]]
    more: bool


class Views:
    """The documents in table `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, pk: str, sk: str, kind: type[V], *, consistent: bool = False) -> tuple[V, int] | None:
        """The document under (pk, sk) with its version, or None."""
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=consistent
        )
        item = answer.get("Item")
        return (codec.from_json(item["body"]["S"], kind), int(item["version"]["N"])) if item else None

    def put(
        self, pk: str, sk: str, document: Struct, version: int, index: Mapping[str, str] | None = None
    ) -> bool:
        """Write the document where the stored version is lower; False when it was not."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": pk},
                    "sk": {"S": sk},
                    "version": {"N": str(version)},
                    "body": {"S": codec.to_json(document).decode()},
                    **{name: {"S": value} for name, value in (index or {}).items()},
                },
                ConditionExpression="attribute_not_exists(pk) OR version < :version",
                ExpressionAttributeValues={":version": {"N": str(version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def present(self, pk: str, sort_keys: Sequence[str]) -> set[str]:
        """Which of `sort_keys` have a document under `pk`."""
        found: set[str] = set()
        unread = [{"pk": {"S": pk}, "sk": {"S": sk}} for sk in dict.fromkeys(sort_keys)]
        while unread:
            batch, unread = unread[:_BATCH_GET_KEYS], unread[_BATCH_GET_KEYS:]
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": batch, "ProjectionExpression": "sk"}}
            )
            found.update(item["sk"]["S"] for item in answer["Responses"].get(self._table, []))
            rest: Any = answer.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
            unread.extend(rest)
        return found

    def list(
        self,
        kind: type[V],
        partition: tuple[str, str],
        sort_attribute: str,
        *,
        index: str | None = None,
        after: str | None = None,
        upto: str | None = None,
        descending: bool = False,
        limit: int = 50,
        matching: tuple[str, str] | None = None,
    ) -> Page[V]:
        """Up to `limit` documents of `partition` (attribute, value) in the order of `sort_attribute`.

        `after` is the sort key to go on behind; `upto` an inclusive bound; `matching` keeps documents whose
        attribute has that value (it is tested after the index is read: a page may hold fewer than `limit`).
        """
        names = {"#partition": partition[0], "#sort": sort_attribute}
        values: dict[str, Any] = {":partition": {"S": partition[1]}}
        condition = "#partition = :partition"
        if after is not None:
            condition += f" AND #sort {'<' if descending else '>'} :after"
            values[":after"] = {"S": after}
        elif upto is not None:
            condition += " AND #sort <= :upto"
            values[":upto"] = {"S": upto}
        else:
            del names["#sort"]
        extra: dict[str, Any] = {"IndexName": index} if index else {}
        if matching is not None:
            names["#matching"] = matching[0]
            values[":matching"] = {"S": matching[1]}
            extra["FilterExpression"] = "#matching = :matching"
        items: list[tuple[str, V]] = []
        start: Any = None
        while len(items) < limit:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ScanIndexForward=not descending,
                Limit=limit - len(items) if matching is None else max(limit, 100),
                **extra,
                **({"ExclusiveStartKey": start} if start else {}),
            )
            items.extend(
                (item[sort_attribute]["S"], codec.from_json(item["body"]["S"], kind))
                for item in answer["Items"]
                if "body" in item
            )
            start = answer.get("LastEvaluatedKey")
            if not start:
                break
        return Page(items[:limit], more=bool(start) or len(items) > limit)

    def keys(self, partition: tuple[str, str], sort_attribute: str, index: str, upto: str) -> Iterator[str]:
        """The `pk` of everything in a keys-only index's partition with a sort key up to `upto`, in order."""
        start: Any = None
        while True:
            answer = self._client.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression="#partition = :partition AND #sort <= :upto",
                ExpressionAttributeNames={"#partition": partition[0], "#sort": sort_attribute},
                ExpressionAttributeValues={":partition": {"S": partition[1]}, ":upto": {"S": upto}},
                **({"ExclusiveStartKey": start} if start else {}),
            )
            yield from (item["sk"]["S"] for item in answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start:
                return
