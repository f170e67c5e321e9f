"""The HTTP edge: routes, validated requests, problem details, idempotency, entity tags, cursors, scopes.

A route is a function whose parameters say what it takes: path parameters by name, `query` and `body` as typed
structs, `request` for the rest. What is wrong with a request is answered with RFC 9457 problem details that name
the field, the value and the remedy. The same declarations make the OpenAPI document.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Raw, Struct

from shared import clock, codec, ids, telemetry
from shared.decider import Command
from shared.events import CommandMetadata
from shared.rejection import (
    Forbidden,
    Invalid,
    NotFound,
    Rejection,
    TooLarge,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)

MAX_BODY_BYTES = 512 * 1024
PROBLEM_PREFIX = "urn:stowage:problem:"
_FIRST_PRINTABLE = 0x20
_LONGEST_SORT_KEY = 1024
"""Bytes that DynamoDB takes for a sort key."""
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_AT = re.compile(r" - at (?:`key` in )?`\$?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]+)`")
_ETAG = re.compile(r'(?:W/)?"(?P<version>[0-9]{1,18})"')

Handler = Callable[..., "Response"]
PageLimit = Annotated[int, Meta(ge=1, le=200, description="How many items a page may hold.")]


class FieldError(Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field: its JSON path, the value given, why, and what would be right."""

    field: str
    message: str
    value: object = None
    remedy: str = ""


class Problem(Struct, frozen=True, omit_defaults=True):
    """Problem details (RFC 9457). `type` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    correlation_id: str = ""
    errors: tuple[FieldError, ...] = ()


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Paging: `limit` items from behind `cursor`, which an earlier page has given."""

    cursor: str | None = None
    limit: PageLimit = 50


@dataclass(frozen=True, slots=True)
class Request:
    """What a route may need besides its typed parameters."""

    path: str
    headers: Mapping[str, str]
    actor: str
    scopes: frozenset[str]
    metadata: CommandMetadata
    if_match: int | None = None

    def command(self, payload: Struct) -> Command:
        """`payload` as a command of this request."""
        return Command(payload, self.metadata, self.if_match)

    def created_id(self) -> str:
        """The id of what this request creates: it derives from the command id, so a repeat collides."""
        return ids.derived_id("created", self.metadata.command_id)


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is no JSON of ours; `binary` where it is no text in UTF-8."""

    media_type: str
    content: bytes
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is a file in one of the types that its route accepts."""

    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body and further headers. `version` becomes the entity tag, `replayed` marks a first answer."""

    status: int
    body: Struct | Raw | Document | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: what it takes, answers and refuses."""

    method: str
    path: str
    handler: Handler
    scope: str | None
    returns: tuple[int, type[Struct]]
    rejects: tuple[type[Rejection], ...]
    parameters: Mapping[str, Any]
    any_characters: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The route's key at API Gateway, for example `PUT /inventory/products/{sku}`."""
        return f"{self.method} {self.path}"


class Api:
    """The routes of one Lambda. An instance is the Lambda handler."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}

    def route(
        self,
        method: str,
        path: str,
        *,
        scope: str | None,
        returns: tuple[int, type[Struct]],
        rejects: tuple[type[Rejection], ...] = (),
        any_characters: tuple[str, ...] = (),
        media: tuple[str, ...] = (),
        accepts: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the operation `method` `path`.

        `scope` is what the caller's token must grant (None: open to everybody); `returns` the status and body
        of success; `rejects` the rejections beyond those that the edge itself raises; `any_characters` are those
        fields of the body that may hold control characters, where they mean something and are never stored;
        `media` are the types of a `Document` that may be answered instead of JSON; `accepts` the types of a file
        that it takes as `upload`.
        """

        def declare(handler: Handler) -> Handler:
            hints = get_type_hints(handler, include_extras=True)
            hints.pop("return", None)
            route = Route(method, path, handler, scope, returns, rejects, hints, any_characters, media, accepts)
            self.routes[route.key] = route
            return handler

        return declare

    def __call__(self, event: dict[str, Any], _context: object = None) -> dict[str, Any]:
        """Answer one API Gateway HTTP API event (payload format 2.0)."""
        started = clock.now()
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        correlation_id = _correlation_id(headers)
        with telemetry.bound(correlation_id=correlation_id):
            answer = self._answer(event, headers, correlation_id)
            telemetry.info(
                "answered",
                route=event.get("routeKey", ""),
                status=answer["statusCode"],
                milliseconds=int((clock.now() - started).total_seconds() * 1000),
            )
        return answer

    def _answer(self, event: dict[str, Any], headers: dict[str, str], correlation_id: str) -> dict[str, Any]:
        path = event.get("rawPath", "")
        try:
            route = self.routes.get(event.get("routeKey", ""))
            if route is None:
                raise NotFound(f"There is no operation {event.get('routeKey')!r} here.")
            response = _call(route, event, headers, correlation_id)
        except Rejection as rejection:
            return _problem(
                rejection.status, rejection.code, rejection.message, path, correlation_id, _field_errors(rejection)
            )
        except Unavailable as error:
            telemetry.warning("unavailable", error=str(error))
            return _problem(
                503, "unavailable", "The service is busy. Send the same request again.", path, correlation_id
            )
        except Exception as error:
            telemetry.error("request failed", **telemetry.failure(error))
            return _problem(
                500,
                "internal-error",
                "Something went wrong on our side. Send the same request, with the same Idempotency-Key, again.",
                path,
                correlation_id,
            )
        return _render(response, correlation_id)


def encode_cursor(*parts: str) -> str:
    """An opaque cursor that holds `parts`."""
    return base64.urlsafe_b64encode(codec.to_json(parts)).rstrip(b"=").decode()


def decode_cursor(cursor: str, parts: int = 1) -> list[str]:
    """The `parts` of a cursor. Raises Invalid naming `cursor` when it is none of ours."""
    try:
        decoded = codec.from_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), list[str])
    except (ValueError, msgspec.MsgspecError):
        decoded = []
    if len(decoded) != parts or not all(0 < len(part.encode()) <= _LONGEST_SORT_KEY for part in decoded):
        raise Invalid(
            f"{cursor[:200]!r} is no cursor of this list.",
            field="cursor",
            value=cursor[:200],
            remedy="Send the cursor of an earlier page unchanged, or leave it out to start again.",
        )
    return decoded


def _call(route: Route, event: dict[str, Any], headers: dict[str, str], correlation_id: str) -> Response:
    actor, scopes = _caller(event)
    if route.scope is not None and route.scope not in scopes:
        raise Forbidden(
            f"This operation needs the scope {route.scope!r}; the token grants {sorted(scopes) or 'none'}.",
            field="Authorization",
            remedy="Ask for a token with that scope.",
        )
    arguments: dict[str, Any] = {}
    fingerprint = ""
    for name, value in (event.get("pathParameters") or {}).items():
        arguments[name] = _converted(value, route.parameters[name], name)
    if "query" in route.parameters:
        given = {name: value for name, value in (event.get("queryStringParameters") or {}).items() if value}
        arguments["query"] = _converted(given, route.parameters["query"], "")
    if "body" in route.parameters:
        arguments["body"] = _body(event, headers, route)
        fingerprint = codec.fingerprint((route.key, event.get("pathParameters") or {}, arguments["body"]))
    if "headers" in route.parameters:
        arguments["headers"] = headers
    if "upload" in route.parameters:
        arguments["upload"] = upload = _upload(event, headers, route)
        query = event.get("queryStringParameters") or {}
        fingerprint = codec.fingerprint((route.key, query, upload.media_type, upload.text))
    if "request" in route.parameters:
        arguments["request"] = Request(
            path=event.get("rawPath", ""),
            headers=headers,
            actor=actor,
            scopes=scopes,
            metadata=CommandMetadata(
                command_id=_command_id(route, headers, actor),
                correlation_id=correlation_id,
                traceparent=telemetry.child_traceparent(headers.get("traceparent", "")),
                actor=actor,
                fingerprint=fingerprint,
            ),
            if_match=_if_match(headers),
        )
    return route.handler(**arguments)


def _caller(event: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """Who calls (a client's or user's id, never a name) and with which scopes, as the authorizer has verified."""
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    return str(claims.get("sub") or claims.get("client_id") or ""), frozenset(str(claims.get("scope", "")).split())


def _command_id(route: Route, headers: Mapping[str, str], actor: str) -> str:
    """The id that makes a repeat recognizable: from the caller and its Idempotency-Key; else a new one."""
    key = headers.get("idempotency-key")
    if key is None:
        if route.method != "POST":
            return ids.new_id()
        raise Invalid(
            "The header Idempotency-Key is missing.",
            field="Idempotency-Key",
            remedy="Send a key of your own, new for each request and the same for each repetition of it.",
        )
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Invalid(
            "An Idempotency-Key has 1 to 200 printable ASCII characters.",
            field="Idempotency-Key",
            value=key[:200],
            remedy="A UUID is a good key.",
        )
    return ids.derived_id("request", actor, route.key, key)


def _if_match(headers: Mapping[str, str]) -> int | None:
    tag = headers.get("if-match")
    if tag is None or tag.strip() == "*":
        return None
    match = _ETAG.fullmatch(tag.strip())
    if match is None:
        raise Invalid(
            f"{tag!r} is no entity tag of this API.",
            field="If-Match",
            value=tag,
            remedy='Send the ETag of an earlier answer unchanged, for example "3".',
        )
    return int(match["version"])


def _correlation_id(headers: Mapping[str, str]) -> str:
    given = headers.get("x-correlation-id", "")
    return given if _IDEMPOTENCY_KEY.fullmatch(given) else ids.new_id()


def _body(event: dict[str, Any], headers: Mapping[str, str], route: Route) -> Any:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            f"The body is {media_type or 'of no stated type'}, but has to be application/json.",
            field="Content-Type",
            value=media_type,
            remedy="Send JSON with the header Content-Type: application/json.",
        )
    raw = _raw(event)
    try:
        body = msgspec.json.decode(raw, type=route.parameters["body"])
        if b"\\" in raw:  # the only way to write a control character in JSON
            _require_printable(msgspec.json.decode(raw), "", Unprocessable, route.any_characters)
        return body
    except msgspec.ValidationError as error:
        raise _unfit(error, _json(raw), "body", Unprocessable) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error) from error


def _upload(event: dict[str, Any], headers: Mapping[str, str], route: Route) -> Upload:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in route.accepts:
        raise UnsupportedMediaType(
            f"The body is {media_type or 'of no stated type'}, which is not taken here.",
            field="Content-Type",
            value=media_type,
            remedy=f"Send one of {', '.join(route.accepts)}.",
        )
    try:
        return Upload(media_type, _raw(event).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid(
            f"The file is not text in UTF-8: byte {error.start} does not fit.",
            field="body",
            remedy="Save it in UTF-8 and send it again.",
        ) from error


def _raw(event: dict[str, Any]) -> bytes:
    """The bytes of the body. Raises Invalid or TooLarge."""
    text = event.get("body") or ""
    try:
        raw = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    except (ValueError, UnicodeEncodeError) as error:
        raise Invalid("The body is not text in UTF-8.", field="body", remedy="Send JSON in UTF-8.") from error
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(
            f"The body has {len(raw)} bytes; at most {MAX_BODY_BYTES} are taken.",
            field="body",
            value=len(raw),
            remedy="Split the request into smaller ones.",
        )
    return raw


def _json(raw: bytes) -> object:
    """What `raw` says, for the answer that names the value that does not fit."""
    try:
        return msgspec.json.decode(raw)
    except msgspec.ValidationError:  # a number that no type can hold
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error) from error


def _no_json(error: Exception) -> Invalid:
    return Invalid(
        f"The body is not JSON: {error}.",
        field="body",
        remedy="Send one JSON object.",
        code="invalid-json",
    )


def _require_printable(value: object, path: str, kind: type[Rejection], but: tuple[str, ...] = ()) -> None:
    """No text of a request may hold control characters, `but` fields of these names: they hide in labels and logs.

    (A pattern that ends in `$` lets a line end pass, so the patterns alone would not keep them out.)
    """
    match value:
        case str() if any(ord(character) < _FIRST_PRINTABLE for character in value):
            raise kind(
                f"{path}: holds a control character.",
                field=path,
                value=value[:200],
                remedy="Leave line ends, tabs and other control characters out.",
                code="invalid-field",
            )
        case dict():
            for name, item in value.items():
                if name not in but:
                    _require_printable(item, f"{path}.{name}" if path else str(name), kind, but)
        case list():
            for index, item in enumerate(value):
                _require_printable(item, f"{path}[{index}]", kind, but)


def _converted(value: Any, kind: Any, name: str) -> Any:
    _require_printable(value, name, Invalid)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _unfit(error, value, name, Invalid) from error


def _unfit(error: msgspec.ValidationError, given: object, whole: str, kind: type[Rejection]) -> Rejection:
    """The rejection that names what does not fit, from msgspec's message "<what> - at `$.<path>`"."""
    text = str(error)
    at = _AT.search(text)
    path = at["path"].replace("[...]", "").lstrip(".") if at else ""
    what = text[: at.start()] if at else text
    remedy = "Correct the value and send the request again."
    value = _value_at(given, path)
    for pattern, advice in (
        (_MISSING, "Add the field {}."),
        (_UNKNOWN, "Leave the field {} out; it is not known."),
    ):
        if named := pattern.match(what):
            path = f"{path}.{named['name']}" if path else named["name"]
            remedy = advice.format(named["name"])
            value = _value_at(given, path)
    return kind(f"{path or whole}: {what}.", field=path or whole, value=value, remedy=remedy, code="invalid-field")


def _value_at(value: Any, path: str) -> object:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    if isinstance(value, str | int | float | bool):
        return value if len(str(value)) <= 200 else f"{str(value)[:200]}…"
    return None


def _field_errors(rejection: Rejection) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(one.field, one.message, one.value, one.remedy)
        for one in (rejection, *rejection.further)
        if one.field or one.remedy
    )


def _problem(
    status: int,
    code: str,
    detail: str,
    path: str,
    correlation_id: str,
    errors: tuple[FieldError, ...] = (),
) -> dict[str, Any]:
    problem = Problem(
        type=PROBLEM_PREFIX + code,
        title=code.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        instance=path,
        correlation_id=correlation_id,
        errors=errors,
    )
    headers = {"content-type": "application/problem+json", "x-correlation-id": correlation_id}
    if status == 503:
        headers["retry-after"] = "1"
    return {"statusCode": status, "headers": headers, "body": codec.to_json(problem).decode()}


def _render(response: Response, correlation_id: str) -> dict[str, Any]:
    headers = {"x-correlation-id": correlation_id, **response.headers}
    if response.version is not None:
        headers["etag"] = f'"{response.version}"'
    if response.replayed:
        headers["idempotent-replayed"] = "true"
    body = ""
    if isinstance(response.body, Document):
        headers["content-type"] = response.body.media_type
        content, binary = response.body.content, response.body.binary
        body = base64.b64encode(content).decode() if binary else content.decode()
        return {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": binary}
    if response.body is not None:
        headers.setdefault("content-type", "application/json")
        body = codec.to_json(response.body).decode()
    return {"statusCode": response.status, "headers": headers, "body": body}
