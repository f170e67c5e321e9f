"""DynamoDB in memory: what Stowage uses of it, exactly, and an error for everything else.

Answers have the shapes of AWS's, items are the low-level `{"S": ...}` maps. Every operation is atomic; `Database`
knows nothing of time, faults or concurrency, which are the business of whoever calls it.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Predicate = Callable[[Mapping[str, Any], Mapping[str, str], Mapping[str, Any]], bool]
Listener = Callable[["Table", Item | None, Item | None], None]
"""Told of each write: the table, the item as it is now, and as it was before (None: there is none)."""

PAGE_BYTES = 1_000_000
ITEM_BYTES = 400 * 1024

_NAME = r"#?[A-Za-z_]\w*"
_VALUE = r":\w+"
_TERMS = (
    re.compile(rf"attribute_not_exists\((?P<absent>{_NAME})\)"),
    re.compile(rf"begins_with\((?P<begins>{_NAME}), (?P<prefix>{_VALUE})\)"),
    re.compile(rf"(?P<between>{_NAME}) BETWEEN (?P<low>{_VALUE}) AND (?P<high>{_VALUE})"),
    re.compile(rf"(?P<left>{_NAME}) (?P<operator>=|<>|<=|>=|<|>) (?P<right>{_VALUE})"),
)
_SET = re.compile(rf"(?P<name>{_NAME}) = (?:if_not_exists\((?P<kept>{_NAME}), )?(?P<value>{_VALUE})\)?")
_ADD = re.compile(rf"(?P<name>{_NAME}) (?P<value>{_VALUE})")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class Unsupported(NotImplementedError):
    """The code uses something of DynamoDB's that this module does not know (yet): add it here, with care."""


def refusal(code: str, operation: str, item: Item | None = None) -> ClientError:
    """The error that boto3 raises for an answer with the error `code`."""
    answer: Any = {"Error": {"Code": code, "Message": "simulated"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    if item is not None:
        answer["Item"] = item
    return (ConditionalCheckFailed if code == "ConditionalCheckFailedException" else ClientError)(
        answer, operation
    )


class ConditionalCheckFailed(ClientError):
    """The condition of a write did not hold."""


@dataclass(frozen=True)
class IndexKeys:
    """The keys of a global secondary index."""

    partition: str
    sort: str
    keys_only: bool = False


@dataclass
class Table:
    """One table: items by partition and sort key (an empty one where the table has none)."""

    name: str
    sort_key: str | None = "sk"
    indexes: dict[str, IndexKeys] = field(default_factory=dict)
    partitions: dict[str, dict[str, Item]] = field(default_factory=dict)
    order: dict[str, list[str]] = field(default_factory=dict)

    def key(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """The item's key values."""
        return item["pk"]["S"], item[self.sort_key]["S"] if self.sort_key else ""

    def get(self, key: Mapping[str, Any]) -> Item | None:
        """The item under `key`."""
        pk, sk = self.key(key)
        return self.partitions.get(pk, {}).get(sk)

    def set(self, item: Item) -> Item | None:
        """Store `item`; the one that it replaces."""
        if size_of(item) > ITEM_BYTES:
            raise refusal("ValidationException", "PutItem")
        pk, sk = self.key(item)
        rows = self.partitions.setdefault(pk, {})
        if sk not in rows:
            insort(self.order.setdefault(pk, []), sk)
        old, rows[sk] = rows.get(sk), item
        return old

    def remove(self, key: Mapping[str, Any]) -> Item | None:
        """Delete what stands under `key`."""
        pk, sk = self.key(key)
        old = self.partitions.get(pk, {}).pop(sk, None)
        if old is not None:
            ordered = self.order[pk]
            del ordered[bisect_left(ordered, sk)]
        return old

    def items(self) -> list[Item]:
        """Every item, in key order within each partition."""
        return [self.partitions[pk][sk] for pk in self.order for sk in self.order[pk]]

    def rows(self, index: str | None, pk: str) -> list[tuple[str, Item]]:
        """What stands under the partition key `pk` of the table or of `index`, with sort keys, in their order."""
        if index is None:
            rows = self.partitions.get(pk, {})
            return [(sk, rows[sk]) for sk in self.order.get(pk, [])]
        keys = self.indexes[index]
        found = [
            (item[keys.sort]["S"], item)
            for item in self.items()
            if keys.sort in item and item.get(keys.partition, {}).get("S") == pk
        ]
        return sorted(found, key=lambda row: (row[0], self.key(row[1])))


class Database:
    """Tables, and the operations on them with boto3's names and arguments."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.written: Listener = lambda _table, _item, _old: None

    def table(self, name: str, operation: str = "") -> Table:
        """The table of that name."""
        if name not in self.tables:
            raise refusal("ResourceNotFoundException", operation)
        return self.tables[name]

    def put_item(self, **request: Any) -> Any:
        """PutItem."""
        known(request, "TableName Item ReturnValues", conditional=True)
        table = self.table(request["TableName"], "PutItem")
        self._require(table.get(request["Item"]), request, "PutItem")
        old = table.set(request["Item"])
        self.written(table, request["Item"], old)
        return {"Attributes": old} if old and request.get("ReturnValues") == "ALL_OLD" else {}

    def update_item(self, **request: Any) -> Any:
        """UpdateItem with `SET a = :a, b = if_not_exists(b, :b) ADD c :c`."""
        known(request, "TableName Key UpdateExpression ReturnValues", conditional=True)
        table = self.table(request["TableName"], "UpdateItem")
        before = table.get(request["Key"])
        self._require(before, request, "UpdateItem")
        item = {**(before or {}), **request["Key"]}
        _update(item, request)
        table.set(item)
        self.written(table, item, before)
        return {"Attributes": item} if request.get("ReturnValues") == "ALL_NEW" else {}

    def delete_item(self, **request: Any) -> Any:
        """DeleteItem."""
        known(request, "TableName Key")
        table = self.table(request["TableName"], "DeleteItem")
        old = table.remove(request["Key"])
        if old is not None:
            self.written(table, None, old)
        return {}

    def get_item(self, **request: Any) -> Any:
        """GetItem."""
        known(request, "TableName Key ConsistentRead")
        item = self.table(request["TableName"], "GetItem").get(request["Key"])
        return {"Item": item} if item is not None else {}

    def batch_get_item(self, **request: Any) -> Any:
        """BatchGetItem."""
        known(request, "RequestItems")
        answers: dict[str, list[Item]] = {}
        for name, wanted in request["RequestItems"].items():
            known(wanted, "Keys ProjectionExpression ConsistentRead")
            table = self.table(name, "BatchGetItem")
            found = [item for key in wanted["Keys"] if (item := table.get(key)) is not None]
            answers[name] = [_projected(item, wanted) for item in found]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def batch_write_item(self, **request: Any) -> Any:
        """BatchWriteItem with puts alone."""
        known(request, "RequestItems")
        for name, writes in request["RequestItems"].items():
            for write in writes:
                self.put_item(TableName=name, Item=write["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def query(self, **request: Any) -> Any:
        """Query, a page of up to 1 MB."""
        known(
            request,
            "TableName IndexName KeyConditionExpression FilterExpression ScanIndexForward Limit ConsistentRead "
            "ExclusiveStartKey ExpressionAttributeNames ExpressionAttributeValues ProjectionExpression",
        )
        table, index = self.table(request["TableName"], "Query"), request.get("IndexName")
        keys = table.indexes[index] if index else IndexKeys("pk", table.sort_key or "")
        rows = table.rows(index, _partition(keys, request))
        if not request.get("ScanIndexForward", True):
            rows.reverse()
        if start := request.get("ExclusiveStartKey"):
            place = (start[keys.sort]["S"], table.key(start))
            forward = request.get("ScanIndexForward", True)
            rows = [
                row
                for row in rows
                if ((row[0], table.key(row[1])) > place) == forward and table.key(row[1]) != place[1]
            ]
        return _page(table, index, keys, rows, request)

    def _require(self, item: Item | None, request: Mapping[str, Any], operation: str) -> None:
        expression = request.get("ConditionExpression")
        if expression is None or holds(expression, item or {}, request):
            return
        shown = item if request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else None
        raise refusal("ConditionalCheckFailedException", operation, shown)


def holds(expression: str, item: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether `item` satisfies the expression with the request's names and values."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return any(all(term(item, names, values) for term in terms) for terms in _parsed(expression))


def size_of(item: Mapping[str, Any]) -> int:
    """The item's size in bytes by AWS's rules: names and values in UTF-8."""
    return sum(len(name) + _size(value) for name, value in item.items())


def known(request: Mapping[str, Any], names: str, *, conditional: bool = False) -> None:
    """Raise Unsupported for an argument that is not among `names`."""
    allowed = set(names.split())
    if conditional:
        allowed |= {
            "ConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnValuesOnConditionCheckFailure",
        }
    if unknown := set(request) - allowed:
        raise Unsupported(f"arguments {sorted(unknown)}")


def _size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content) if content.isascii() else len(content.encode())
        case "B":
            return len(content)
        case "N":
            return len(content) // 2 + 1
        case _:
            raise Unsupported(f"values of type {kind}")


def _value(value: Mapping[str, Any] | None) -> Any:
    if value is None:
        return None
    [(kind, content)] = value.items()
    return int(content) if kind == "N" else content


@cache
def _parsed(expression: str) -> tuple[tuple[Predicate, ...], ...]:
    """The expression as alternatives, each of which is a list of terms that must all hold."""
    return tuple(tuple(_terms(alternative)) for alternative in expression.split(" OR "))


def _terms(text: str) -> list[Predicate]:
    terms: list[Predicate] = []
    while text:
        match = next((found for pattern in _TERMS if (found := pattern.match(text))), None)
        if match is None:
            raise Unsupported(f"expression {text!r}")
        terms.append(_term(match.groupdict()))
        rest = text[match.end() :]
        if rest and not rest.startswith(" AND "):
            raise Unsupported(f"expression {text!r}")
        text = rest.removeprefix(" AND ")
    return terms


def _term(parts: Mapping[str, str]) -> Predicate:
    if "absent" in parts:
        return lambda item, names, _values: names.get(parts["absent"], parts["absent"]) not in item
    if "begins" in parts:
        return lambda item, names, values: str(
            _value(item.get(names.get(parts["begins"], parts["begins"]))) or ""
        ).startswith(values[parts["prefix"]]["S"])
    if "between" in parts:
        return lambda item, names, values: (
            _value(values[parts["low"]])
            <= _value(item[names.get(parts["between"], parts["between"])])
            <= _value(values[parts["high"]])
        )
    compare = _COMPARE[parts["operator"]]

    def compared(item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        there = _value(item.get(names.get(parts["left"], parts["left"])))
        return there is not None and compare(there, _value(values[parts["right"]]))

    return compared


def _partition(keys: IndexKeys, request: Mapping[str, Any]) -> str:
    """The one partition that the key condition names."""
    first, _, _ = request["KeyConditionExpression"].partition(" AND ")
    match = _TERMS[-1].fullmatch(first)
    names = request.get("ExpressionAttributeNames", {})
    if match is None or match["operator"] != "=" or names.get(match["left"], match["left"]) != keys.partition:
        raise Unsupported(f"key condition {request['KeyConditionExpression']!r}")
    partition: str = request["ExpressionAttributeValues"][match["right"]]["S"]
    return partition


def _page(
    table: Table, index: str | None, keys: IndexKeys, rows: Sequence[tuple[str, Item]], request: Mapping[str, Any]
) -> Any:
    found: list[Item] = []
    size = read = 0
    last: Item | None = None
    filtered = request.get("FilterExpression")
    limit = request.get("Limit")
    for _, item in rows:
        if not holds(request["KeyConditionExpression"], item, request):
            continue
        if read == limit or size > PAGE_BYTES:
            break
        read, last, size = read + 1, item, size + size_of(item)
        if filtered is None or holds(filtered, item, request):
            found.append(_in_index(table, item, keys) if index else _projected(item, request))
    else:
        last = None if limit is None or read < limit else last
    answer: Any = {"Items": found, "Count": len(found), "ScannedCount": read}
    if last is not None:
        names = dict.fromkeys(["pk", *([table.sort_key] if table.sort_key else []), keys.partition, keys.sort])
        answer["LastEvaluatedKey"] = {name: last[name] for name in names}
    return answer


def _in_index(table: Table, item: Item, keys: IndexKeys) -> Item:
    if not keys.keys_only:
        return item
    return {name: item[name] for name in {"pk", table.sort_key or "pk", keys.partition, keys.sort}}


def _projected(item: Item, request: Mapping[str, Any]) -> Item:
    wanted = request.get("ProjectionExpression")
    return item if wanted is None else {name: item[name] for name in wanted.split(", ") if name in item}


def _update(item: Item, request: Mapping[str, Any]) -> None:
    names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
    expression: str = request["UpdateExpression"]
    settings, _, additions = expression.partition(" ADD ")
    if not settings.startswith("SET "):
        raise Unsupported(f"update {expression!r}")
    for clause in re.split(r", (?=#|[a-z]+ =)", settings.removeprefix("SET ")):
        match = _SET.fullmatch(clause)
        if match is None:
            raise Unsupported(f"update {clause!r}")
        name = names.get(match["name"], match["name"])
        if match["kept"] is None or names.get(match["kept"], match["kept"]) not in item:
            item[name] = values[match["value"]]
    for clause in additions.split(", ") if additions else []:
        match = _ADD.fullmatch(clause)
        if match is None:
            raise Unsupported(f"update {clause!r}")
        name = names.get(match["name"], match["name"])
        total = int(item.get(name, {"N": "0"})["N"]) + int(values[match["value"]]["N"])
        item[name] = {"N": str(total)}
