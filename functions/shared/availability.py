"""Tells "not now" from "never": a table that refuses for its load, or does not answer, may answer later."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from shared.rejection import Unavailable

_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
}


class Throttled(Unavailable):
    """DynamoDB has refused for its load or an inner failure, also after the client's own retries."""


@contextmanager
def answering() -> Iterator[None]:
    """Raise Throttled or Unavailable where a request inside the block may succeed when it is sent again.

    A write whose answer was lost may stand nevertheless: only a repeat that recognizes itself is safe.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _THROTTLED:
            raise Throttled(f"DynamoDB: {code}") from error
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable(f"DynamoDB does not answer: {error}") from error
