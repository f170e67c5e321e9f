"""Health routes tell whether the code runs and whether it reaches its tables."""

import json
from typing import Any

import pytest

from shared import aws
from shared.health import health_api
from tests.unit.shared.conftest import VIEWS_TABLE

api = health_api("depot")


def ask(what: str) -> tuple[int, Any]:
    path = f"/depot/health/{what}"
    answer = api({"routeKey": f"GET {path}", "rawPath": path})
    return answer["statusCode"], json.loads(answer["body"])


def test_a_service_without_its_tables_is_alive() -> None:
    assert ask("live") == (200, {"status": "pass", "service": "depot", "checks": {}})


@pytest.mark.usefixtures("store", "views")
def test_a_service_that_reaches_its_tables_is_ready() -> None:
    assert ask("ready") == (
        200,
        {"status": "pass", "service": "depot", "checks": {"events": "pass", "views": "pass"}},
    )


@pytest.mark.usefixtures("store", "views")
def test_a_table_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    aws.dynamodb().delete_table(TableName=VIEWS_TABLE)

    assert ask("ready") == (
        503,
        {"status": "fail", "service": "depot", "checks": {"events": "pass", "views": "fail"}},
    )
    failed = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (failed["level"], failed["table"]) == ("ERROR", VIEWS_TABLE)


def test_anybody_may_ask() -> None:
    assert {route.scope for route in api.routes.values()} == {None}
