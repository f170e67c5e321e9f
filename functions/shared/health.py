"""Health routes of a service: is this process alive, and can it reach what it needs."""

from typing import Annotated

from msgspec import Meta, Struct

from shared import aws, telemetry
from shared.environment import environment, required
from shared.http_edge import Api, Response


class Health(Struct, frozen=True):
    """`status` is `pass` or `fail` as in the health check response format (draft-inadarei-api-health-check)."""

    status: Annotated[str, Meta(examples=["pass"])]
    service: str
    checks: dict[str, str] = {}


def health_api(service: str) -> Api:
    """The Lambda handler for `/<service>/health/live` and `/ready`."""
    api = Api()

    @api.route("GET", f"/{service}/health/live", scope=None, returns=(200, Health))
    def live() -> Response:
        """Whether the service's code runs."""
        return Response(200, Health("pass", environment().service))

    @api.route("GET", f"/{service}/health/ready", scope=None, returns=(200, Health))
    def ready() -> Response:
        """Whether the service reaches its tables; 503 when one does not answer."""
        checks = {name: _reach(required(f"{name}_table")) for name in ("events", "views")}
        healthy = all(answer == "pass" for answer in checks.values())
        return Response(200 if healthy else 503, Health("pass" if healthy else "fail", service, checks))

    return api


def _reach(table: str) -> str:
    try:
        aws.dynamodb().get_item(TableName=table, Key={"pk": {"S": "health"}, "sk": {"S": "health"}})
    except Exception as error:
        telemetry.error("table not reached", table=table, **telemetry.failure(error))
        return "fail"
    return "pass"
