"""Faults of DynamoDB that no emulator has by itself, and counters of what a client asks and gets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def refusing(
    client: "DynamoDBClient", operation: str, code: str, status: int = 400, containing: bytes = b""
) -> Iterator[list[bytes]]:
    """Answer `operation` with the error `code`, and let nothing reach the table. Yields the refused requests.

    This is what is left when the client's own retries have not helped either.
    `containing` spares the requests whose body does not contain it.
    """
    refused: list[bytes] = []

    def refuse(params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
        if containing not in params["body"]:
            return None
        refused.append(params["body"])
        error = {
            "Error": {"Code": code, "Message": "injected"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        return AWSResponse(params["url"], status, HTTPHeaders(), None), error

    events: Any = client.meta.events
    event = f"before-call.dynamodb.{operation}"
    events.register(event, refuse)
    try:
        yield refused
    finally:
        events.unregister(event, refuse)


@contextmanager
def interrupted(client: "DynamoDBClient", operation: str, interruption: Callable[[], None]) -> Iterator[None]:
    """Call `interruption` whenever the answer to an `operation` has arrived and is not looked at yet."""

    def interrupt(**_: object) -> None:
        interruption()

    event = f"after-call.dynamodb.{operation}"
    client.meta.events.register(event, interrupt)
    try:
        yield
    finally:
        client.meta.events.unregister(event, interrupt)


@contextmanager
def losing_answers(client: "DynamoDBClient", operation: str) -> Iterator[None]:
    """Let `operation` reach the table and lose the answer, as a connection does that breaks too late."""

    def lose() -> None:
        raise ReadTimeoutError(endpoint_url="injected")

    with interrupted(client, operation, lose):
        yield


class Traffic:
    """What went over the wire: the operations asked, and how many items the queries brought."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        self.items_read = 0

    def asked(self, operation: str) -> int:
        """How often `operation` was asked."""
        return self.operations.count(operation)


@contextmanager
def counting(client: "DynamoDBClient") -> Iterator[Traffic]:
    """Count what `client` asks inside the block."""
    traffic = Traffic()

    def count(parsed: dict[str, Any], model: Any, **_: object) -> None:
        traffic.operations.append(model.name)
        traffic.items_read += parsed.get("Count", 0)

    client.meta.events.register("after-call.dynamodb", count)
    try:
        yield traffic
    finally:
        client.meta.events.unregister("after-call.dynamodb", count)


class Died(BaseException):
    """The worker's process is gone in the middle of its work."""


def die() -> None:
    """End the worker here and now."""
    raise Died


@contextmanager
def at_moment(client: "DynamoDBClient", moment: int, happens: Callable[[], object]) -> Iterator[list[int]]:
    """Let `happens` happen once, just after DynamoDB has answered call number `moment`.

    Between two calls a worker changes nothing that anybody else can see, so these moments (and never having begun)
    are all the places at which another worker, or death, can make a difference. Yields the moments that passed.
    """
    passed: list[int] = []
    events = client.meta.events

    def tick(**_: object) -> None:
        passed.append(len(passed))
        if passed[-1] == moment:
            stop()
            happens()

    def stop() -> None:
        events.unregister("after-call.dynamodb", tick)

    events.register("after-call.dynamodb", tick)
    try:
        yield passed
    finally:
        stop()
