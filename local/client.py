"""A small client for the HTTP API: tokens, time limits, and retries that never do anything twice."""

import base64
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from msgspec import Struct

T = TypeVar("T")

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
ATTEMPTS = 7
BACKOFF_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 5.0
TOKEN_MARGIN_SECONDS = 60.0
BUSY = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed. Every request here can be repeated: GET and PUT by their
nature, POST by its Idempotency-Key."""


class TokenSource(Protocol):
    """Where access tokens come from."""

    def __call__(self) -> str:
        """A new access token (a JWT)."""


class FieldError(Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str = ""
    message: str = ""
    remedy: str = ""


class Problem(Struct, frozen=True):
    """A problem+json body (RFC 9457)."""

    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    errors: tuple[FieldError, ...] = ()

    def __str__(self) -> str:
        errors = [f"{error.field}: {error.message} {error.remedy}".strip() for error in self.errors]
        return " | ".join(errors) or self.detail or self.title


class Refused(Exception):
    """The API says no (4xx): repeating the request would not help."""

    def __init__(self, request: str, status: int, problem: Problem) -> None:
        super().__init__(f"{request} was refused with {status}: {problem}")
        self.status = status
        self.problem = problem


class Unreachable(Exception):
    """The API gave no useful answer in any of the tries."""


class Reply(Struct, frozen=True):
    """An answer of the API. `sent_at` is when the first try of the request left."""

    status: int
    body: bytes
    sent_at: datetime
    replayed: bool = False

    def read(self, shape: type[T]) -> T:
        """The body as `shape`; fields that it does not know are left out."""
        return msgspec.json.decode(self.body, type=shape)


class _Page(Struct, frozen=True):
    items: list[msgspec.Raw]
    cursor: str | None = None


class ApiClient:
    """Calls the HTTP API at `base_url` with tokens from `token_source`. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        token_source: TokenSource,
        *,
        connections: int = 8,
        read_seconds: float = READ_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = _CachedToken(token_source)
        self._sleep = sleep
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )

    def get(self, path: str, shape: type[T], **query: str | int) -> T:
        """What lies at `path`. Raises Refused when there is nothing."""
        return self._send("GET", _with_query(path, query)).read(shape)

    def find(self, path: str, shape: type[T]) -> T | None:
        """What lies at `path`, or None."""
        try:
            return self.get(path, shape)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def pages(self, path: str, shape: type[T], **query: str | int) -> Iterator[T]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            position = {"cursor": cursor} if cursor else {}
            page = self.get(path, _Page, **query, **position)
            yield from (msgspec.json.decode(item, type=shape) for item in page.items)
            cursor = page.cursor
            if not cursor:
                return

    def put(self, path: str, body: object) -> Reply:
        """Store `body` at `path`."""
        return self._send("PUT", path, body)

    def post(self, path: str, body: object, idempotency_key: str) -> Reply:
        """Ask for something to be done once: every try carries the same Idempotency-Key."""
        return self._send("POST", path, body, {"Idempotency-Key": idempotency_key})

    def _send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        request = f"{method} {path}"
        content = None if body is None else msgspec.json.encode(body)
        sent_at = datetime.now(UTC)
        trouble = ""
        for attempt in range(ATTEMPTS):
            token = self._token.value()
            try:
                answer = self._pool.request(
                    method, self._base_url + path, body=content, headers=_headers(token, content, headers)
                )
            except urllib3.exceptions.HTTPError as error:
                trouble = f"{type(error).__name__}: {error}"
                self._sleep(_pause(attempt, ""))
                continue
            if answer.status < 400:
                replayed = answer.headers.get("Idempotent-Replayed", "").lower() == "true"
                return Reply(answer.status, answer.data, sent_at, replayed)
            problem = _problem(answer.data)
            if answer.status == 401 and attempt == 0:
                self._token.forget(token)
                continue
            if answer.status not in BUSY:
                raise Refused(request, answer.status, problem)
            trouble = f"{answer.status} {problem}"
            self._sleep(_pause(attempt, answer.headers.get("Retry-After", "")))
        raise Unreachable(f"{request} failed {ATTEMPTS} times, the last time with {trouble}")


class _CachedToken:
    """One access token for all threads, fetched again before it expires."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._value = ""
        self._good_until = 0.0

    def value(self) -> str:
        with self._lock:
            if time.time() >= self._good_until:
                self._value = self._source()
                self._good_until = _expiry(self._value) - TOKEN_MARGIN_SECONDS
            return self._value

    def forget(self, refused: str) -> None:
        """Fetch another token next time, unless another thread has done so already."""
        with self._lock:
            if self._value == refused:
                self._good_until = 0.0


class _Claims(Struct, frozen=True):
    exp: float


def _expiry(token: str) -> float:
    """When the JWT expires, in Unix seconds. It is read, not verified: that is the API's part."""
    payload = token.split(".")[1]
    padded = payload + "=" * (-len(payload) % 4)
    return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims).exp


def path_of(*segments: str) -> str:
    """A path of these segments, each escaped."""
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def _with_query(path: str, query: Mapping[str, str | int]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _headers(token: str, content: bytes | None, more: Mapping[str, str] | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", **(more or {})}
    if content is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _problem(body: bytes) -> Problem:
    try:
        return msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem(detail=body[:300].decode(errors="replace"))


def _pause(attempt: int, retry_after: str) -> float:
    """Seconds to wait: what the API asks for, else exponential backoff with full jitter; both bounded."""
    if retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT_SECONDS)
    return random.uniform(0, min(LONGEST_WAIT_SECONDS, BACKOFF_SECONDS * 2**attempt))
