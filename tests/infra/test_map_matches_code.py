"""The map and the code say the same: every capability has its handler, every route its function and scope."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from events.documents import apis
from infra.app import SYSTEM
from infra.declaration import Kind
from shared.http_edge import Api

CAPABILITIES = [
    (service.name, capability.name) for service in SYSTEM.services for capability in service.capabilities
]


@pytest.mark.parametrize(("service", "capability"), CAPABILITIES)
def test_every_capability_on_the_map_has_a_handler(service: str, capability: str) -> None:
    assert callable(import_module(f"{service}.{capability}").handler)


def test_the_routes_on_the_map_are_those_of_the_code_with_the_same_scopes() -> None:
    in_code = {
        (service, capability, route.key, route.scope)
        for service, capability, api in apis()
        for route in api.routes.values()
    }
    on_map = {
        (service.name, capability.name, route.key, route.scope)
        for service in SYSTEM.services
        for capability in service.capabilities
        for route in capability.routes
    } | {("edge", "entry", route.key, route.scope) for route in SYSTEM.edge_routes}
    assert in_code == on_map


def test_every_module_with_routes_is_on_the_map_as_one() -> None:
    for service in SYSTEM.services:
        for capability in service.capabilities:
            handler = import_module(f"{service.name}.{capability.name}").handler
            has_routes = capability.kind in (Kind.COMMAND, Kind.QUERY, Kind.HEALTH)
            assert isinstance(handler, Api) == has_routes


def test_the_documented_roles_are_those_of_the_map() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| (\w+) \| everything \|(.*)\|$", text, re.MULTILINE)
    documented = {role: set(re.findall(r"`([^`]+)`", may)) for role, may in rows}
    assert documented == {
        role: {scope for scope in scopes if not scope.endswith("/read")} for role, scopes in SYSTEM.roles.items()
    }
    everything = {f"{service.name}/read" for service in SYSTEM.services}
    assert all(everything <= set(scopes) for scopes in SYSTEM.roles.values())
