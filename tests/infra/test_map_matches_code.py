"""The map and the code say the same: every capability has its handler, every route its function and scope."""

from importlib import import_module

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
