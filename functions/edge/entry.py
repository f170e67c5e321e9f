"""The system's own routes: that it answers, and what it offers (the merged OpenAPI document)."""

from functools import cache
from pathlib import Path

from msgspec import Raw, Struct

from shared.health import Health
from shared.http_edge import Api, Response

handler = Api()


class OpenApi(Struct, frozen=True):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, object]
    paths: dict[str, object]


@handler.route("GET", "/health", scope=None, returns=(200, Health))
def health() -> Response:
    """Whether the front door answers; each service tells of itself at /<service>/health/ready."""
    return Response(200, Health("pass", "stowage"))


@handler.route("GET", "/openapi.json", scope=None, returns=(200, OpenApi))
def openapi() -> Response:
    """Every operation of every service with its errors."""
    return Response(200, _document())


@cache
def _document() -> Raw:
    return Raw(Path(__file__).with_name("openapi.json").read_bytes())
