"""A person's token carries the scopes of the person's roles: no fewer, and none that were only asked for."""

from __future__ import annotations

from typing import Any

import pytest

from edge import claims

ROLES = {"viewer": ["orders/read"], "integrator": ["orders/read", "orders/write"]}


@pytest.fixture(autouse=True)
def roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE", "edge")
    monkeypatch.setenv("CAPABILITY", "claims")
    monkeypatch.setattr(claims, "ROLE_SCOPES", ROLES)


def _token(groups: list[str], asked: tuple[str, ...] = ()) -> dict[str, Any]:
    event = {
        "userName": "ada",
        "request": {"groupConfiguration": {"groupsToOverride": groups}, "scopes": list(asked)},
        "response": {},
    }
    answer = claims.handler(event, None)
    details: dict[str, Any] = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    return details


def test_a_role_brings_its_scopes() -> None:
    assert _token(["viewer"])["scopesToAdd"] == ["orders/read"]


def test_two_roles_bring_the_scopes_of_both_once() -> None:
    assert _token(["viewer", "integrator"])["scopesToAdd"] == ["orders/read", "orders/write"]


def test_a_group_that_is_no_role_brings_nothing() -> None:
    assert _token(["night-shift"])["scopesToAdd"] == []


def test_a_service_scope_that_was_asked_for_beyond_the_role_is_taken_away() -> None:
    asked = ("aws.cognito.signin.user.admin", "orders/write", "orders/read")
    assert _token(["viewer"], asked)["scopesToSuppress"] == ["orders/write"]
