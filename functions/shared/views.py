"""Read models in one table: small JSON documents under (pk, sk), with attributes for the indexes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from shared import codec
from shared.availability import answering

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

V = TypeVar("V", bound=Struct)

_BATCH_GET_KEYS = 100
_FILTERED_PAGE = 200
_INDEX_PAGES_AT_MOST = 10
_FIRST, _LAST = " ", "~"
"""Before and behind every sort key of an index: those are printable ASCII."""
_JUST_BEHIND = " "
"""Appended to a sort key: what follows it, and no other key lies between."""


class Page(Struct, Generic[V], frozen=True):
    """Some documents in index order, each with its sort key; `next` is the sort key behind which more follow."""

    items: list[tuple[str, V]]
    next: str | None


class Pointers(Struct, frozen=True):
    """The (pk, sk) of some documents in index order, each with its sort key; `next` as in Page."""

    items: list[tuple[str, tuple[str, str]]]
    next: str | None


class Views:
    """The documents in table `table`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, pk: str, sk: str, kind: type[V], *, consistent: bool = False) -> tuple[V, int] | None:
        """The document under (pk, sk) with its version, or None."""
        with answering():
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=consistent
            )
        item = answer.get("Item")
        return _document(item, kind) if item else None

    def put(
        self,
        pk: str,
        sk: str,
        document: Struct,
        version: int,
        index: Mapping[str, str] | None = None,
        *,
        replacing: int | None = None,
    ) -> bool:
        """Write the document where the stored version is lower; False when it was not.

        With `replacing` only where just that version is stored (0: none is). Like every method of this class it
        raises Unavailable when the table does not answer now.
        """
        comparison, compared = ("<", version) if replacing is None else ("=", replacing)
        try:
            with answering():
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        "pk": {"S": pk},
                        "sk": {"S": sk},
                        "version": {"N": str(version)},
                        "body": {"S": codec.to_json(document).decode()},
                        **{name: {"S": value} for name, value in (index or {}).items()},
                    },
                    ConditionExpression=f"attribute_not_exists(pk) OR version {comparison} :version",
                    ExpressionAttributeValues={":version": {"N": str(compared)}},
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def get_many(
        self, keys: Iterable[tuple[str, str]], kind: type[V], *, consistent: bool = False
    ) -> dict[tuple[str, str], tuple[V, int]]:
        """The documents that there are under `keys`, each with its version."""
        extra = {"ConsistentRead": True} if consistent else {}
        return {key: _document(item, kind) for key, item in self._batch(keys, extra).items()}

    def under(self, pk: str, prefix: str, kind: type[V], *, consistent: bool = False) -> dict[str, tuple[V, int]]:
        """Every document of the partition whose sort key begins with `prefix`, by sort key, with its version."""
        found: dict[str, tuple[V, int]] = {}
        start: Any = None
        while True:
            answer = self._query(
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
                ConsistentRead=consistent,
                **({"ExclusiveStartKey": start} if start else {}),
            )
            found.update((item["sk"]["S"], _document(item, kind)) for item in answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start:
                return found

    def present(self, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the (pk, sk) in `keys` have a document."""
        return set(self._batch(keys, {"ProjectionExpression": "pk, sk"}))

    def documents(self, kind: type[V], keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], V]:
        """The documents that there are under the (pk, sk) in `keys`, a hundred per request."""
        return {key: codec.from_json(item["body"]["S"], kind) for key, item in self._batch(keys, {}).items()}

    def _batch(self, keys: Iterable[tuple[str, str]], extra: dict[str, Any]) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {}
        unread = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)]
        while unread:
            batch, unread = unread[:_BATCH_GET_KEYS], unread[_BATCH_GET_KEYS:]
            request: Any = {"Keys": batch, **extra}
            with answering():
                answer = self._client.batch_get_item(RequestItems={self._table: request})
            for item in answer["Responses"][self._table]:
                found[item["pk"]["S"], item["sk"]["S"]] = item
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
        descending: bool = False,
        limit: int = 50,
        matching: tuple[str, str] | None = None,
        span: tuple[str, str] | None = None,
    ) -> Page[V]:
        """Up to `limit` documents of `partition` (attribute, value) in the order of `sort_attribute`.

        `after` is the sort key to go on behind, `span` the first and the last sort key that may be listed (both
        together: ascending only). `matching` keeps documents whose attribute has that value. It is
        tested after the index is read, and no call reads more than a bounded number of index pages: a page may
        hold fewer than `limit` and still have a next one.
        """
        names = {"#partition": partition[0]}
        values: dict[str, Any] = {":partition": {"S": partition[1]}}
        condition = "#partition = :partition"
        extra: dict[str, Any] = {"IndexName": index} if index else {}
        if span is not None:
            low, high = span if after is None else (max(span[0], after + _JUST_BEHIND), span[1])
            if low > high:
                return Page([], next=None)
            condition += " AND #sort BETWEEN :low AND :high"
            names["#sort"] = sort_attribute
            values |= {":low": {"S": low}, ":high": {"S": high}}
        elif after is not None:
            condition += f" AND #sort {'<' if descending else '>'} :after"
            names["#sort"] = sort_attribute
            values[":after"] = {"S": after}
        if matching is not None:
            names["#matching"] = matching[0]
            values[":matching"] = {"S": matching[1]}
            extra["FilterExpression"] = "#matching = :matching"
        items: list[tuple[str, V]] = []
        start: Any = None
        for _ in range(_INDEX_PAGES_AT_MOST):
            answer = self._query(
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ScanIndexForward=not descending,
                Limit=limit - len(items) if matching is None else _FILTERED_PAGE,
                **extra,
                **({"ExclusiveStartKey": start} if start else {}),
            )
            items.extend(
                (item[sort_attribute]["S"], codec.from_json(item["body"]["S"], kind)) for item in answer["Items"]
            )
            start = answer.get("LastEvaluatedKey")
            if not start or len(items) >= limit:
                break
        if len(items) > limit or (len(items) == limit and start):
            return Page(items[:limit], next=items[limit - 1][0])
        return Page(items, next=start[sort_attribute]["S"] if start else None)

    def listed(
        self,
        kind: type[V],
        partition: tuple[str, str],
        sort_attribute: str,
        index: str,
        *,
        after: str | None = None,
        descending: bool = False,
        limit: int = 50,
        wanted: Callable[[V], bool] | None = None,
    ) -> Page[V]:
        """Up to `limit` documents that a keys-only index points at, as `list` has them, if they are `wanted`.

        The documents are those of now, the index may be a moment behind: what has moved on is left to `wanted`.
        """
        items: list[tuple[str, V]] = []
        size = _BATCH_GET_KEYS if wanted is not None else min(limit, _BATCH_GET_KEYS)
        for _ in range(_INDEX_PAGES_AT_MOST):
            page = self.pointers(partition, sort_attribute, index, after=after, descending=descending, limit=size)
            documents = self.documents(kind, (key for _, key in page.items))
            for sort_key, key in page.items:
                if key in documents and (wanted is None or wanted(documents[key])):
                    items.append((sort_key, documents[key]))
                    if len(items) == limit:
                        last = page.next is None and sort_key == page.items[-1][0]
                        return Page(items, next=None if last else sort_key)
            after = page.next
            if after is None:
                break
        return Page(items, next=after)

    def pointers(
        self,
        partition: tuple[str, str],
        sort_attribute: str,
        index: str,
        *,
        after: str | None = None,
        upto: str | None = None,
        descending: bool = False,
        limit: int = 50,
    ) -> Pointers:
        """Where up to `limit` documents of a keys-only index's partition are, in the order of `sort_attribute`.

        `after` is the sort key to go on behind, `upto` the last that may be listed (ascending).
        """
        condition, bounds = "BETWEEN :low AND :high", {":low": after + _JUST_BEHIND if after else _FIRST}
        if descending:
            condition, bounds = "< :behind", {":behind": after or _LAST}
        else:
            bounds[":high"] = upto or _LAST
            if bounds[":low"] > bounds[":high"]:
                return Pointers([], next=None)
        answer = self._query(
            IndexName=index,
            KeyConditionExpression=f"#partition = :partition AND #sort {condition}",
            ExpressionAttributeNames={"#partition": partition[0], "#sort": sort_attribute},
            ExpressionAttributeValues={
                ":partition": {"S": partition[1]},
                **{name: {"S": bound} for name, bound in bounds.items()},
            },
            ScanIndexForward=not descending,
            Limit=limit,
        )
        items = [(item[sort_attribute]["S"], (item["pk"]["S"], item["sk"]["S"])) for item in answer["Items"]]
        return Pointers(items, next=items[-1][0] if items and answer.get("LastEvaluatedKey") else None)

    def keys(self, partition: tuple[str, str], sort_attribute: str, index: str, upto: str) -> Iterator[str]:
        """The `pk` of everything in a keys-only index's partition with a sort key up to `upto`, in order."""
        start: Any = None
        while True:
            answer = self._query(
                IndexName=index,
                KeyConditionExpression="#partition = :partition AND #sort <= :upto",
                ExpressionAttributeNames={"#partition": partition[0], "#sort": sort_attribute},
                ExpressionAttributeValues={":partition": {"S": partition[1]}, ":upto": {"S": upto}},
                **({"ExclusiveStartKey": start} if start else {}),
            )
            yield from (item["pk"]["S"] for item in answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start:
                return

    def _query(self, **arguments: Any) -> Any:
        with answering():
            return self._client.query(TableName=self._table, **arguments)


def _document(item: Any, kind: type[V]) -> tuple[V, int]:
    return codec.from_json(item["body"]["S"], kind), int(item["version"]["N"])
