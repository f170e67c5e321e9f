"""A boto3 client whose requests are answered by a `Database` in this process."""

import base64
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from tests.simulation.dynamodb import Database, IndexKeys, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def client_of(database: Database) -> "DynamoDBClient":
    """A client with everything that boto3 does around a request, except sending it."""
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    answer_from(database, client)
    return client


def answer_from(database: Database, client: "DynamoDBClient") -> None:
    """Let `database` answer what `client` asks."""

    def answer(model: Any, params: dict[str, Any], **_: object) -> tuple[AWSResponse, Any]:
        return answered(database, model.name, params)

    hooks: Any = client.meta.events
    hooks.register_last("before-call.dynamodb", answer)


def answered(database: Database, operation: str, params: dict[str, Any]) -> tuple[AWSResponse, Any]:
    """The database's answer to one request, as it comes from the wire."""
    request = _binary(json.loads(params["body"]), base64.b64decode)
    status = 200
    try:
        handled = _TABLES.get(operation) or getattr(Database, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        answer = handled(database, **request)
    except ClientError as error:
        status, answer = 400, error.response
    answer.setdefault("ResponseMetadata", {"HTTPStatusCode": status})
    return AWSResponse(params["url"], status, HTTPHeaders(), None), answer


def _binary(value: Any, decode: Callable[[str], bytes]) -> Any:
    """`value` with every `{"B": "<base64>"}` as bytes."""
    if isinstance(value, dict):
        if set(value) == {"B"}:
            return {"B": decode(value["B"])}
        return {name: _binary(inner, decode) for name, inner in value.items()}
    return [_binary(inner, decode) for inner in value] if isinstance(value, list) else value


def _create_table(database: Database, **request: Any) -> Any:
    keys = [key["AttributeName"] for key in request["KeySchema"]]
    indexes = {
        index["IndexName"]: IndexKeys(
            index["KeySchema"][0]["AttributeName"],
            index["KeySchema"][1]["AttributeName"],
            index["Projection"]["ProjectionType"] == "KEYS_ONLY",
        )
        for index in request.get("GlobalSecondaryIndexes", [])
    }
    name = request["TableName"]
    database.tables[name] = Table(name, keys[1] if len(keys) > 1 else None, indexes)
    return {}


def _describe_table(database: Database, **request: Any) -> Any:
    database.table(request["TableName"], "DescribeTable")
    return {"Table": {"TableName": request["TableName"], "TableStatus": "ACTIVE"}}


def _delete_table(database: Database, **request: Any) -> Any:
    del database.tables[request["TableName"]]
    return {}


_TABLES: dict[str, Callable[..., Any]] = {
    "CreateTable": _create_table,
    "DescribeTable": _describe_table,
    "DeleteTable": _delete_table,
}
