"""Makes the contract documents from the services' code and the map of the system.

One JSON Schema (2020-12) and one example per published event, one AsyncAPI 3.0 document, one OpenAPI 3.1 document.
"""

from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc
from types import ModuleType
from typing import Any

import msgspec

from infra.app import SYSTEM
from infra.declaration import Kind
from shared import rejection
from shared.envelope import SCHEMA_PREFIX, CloudEvent
from shared.events import Event
from shared.http_edge import PROBLEM_PREFIX, Api, Problem, Route

Document = dict[str, Any]

VERSION = "1.0.0"
_COMPONENTS = "#/components/schemas/{name}"


def contracts() -> Iterator[tuple[str, type[Event], Event]]:
    """Every published event: its service, its class and the example."""
    for service in SYSTEM.services:
        module = import_module(f"{service.name}.contracts")
        for event in module.PUBLISHED:
            yield service.name, event, module.EXAMPLES[event]


def event_schema(service: str, event: type[Event]) -> Document:
    """The JSON Schema of an event's data."""
    schema = msgspec.json.schema(event)
    name = f"{service}.{event.__name__}"
    definitions = schema["$defs"]
    own = definitions.pop(event.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMA_PREFIX}{name}:{event.version}",
        **own,
        "title": name,
        **({"$defs": definitions} if definitions else {}),
    }


def event_example(event: Event) -> Document:
    """An event's data as they look on the bus."""
    document: Document = msgspec.json.decode(msgspec.json.encode(event))
    return document


def asyncapi() -> Document:
    """Which service sends which event over the bus, and which capability receives it."""
    types = [event for _, event, _ in contracts()]
    (_, *schemas), components = msgspec.json.schema_components((CloudEvent, *types), ref_template=_COMPONENTS)
    envelope = components.pop("CloudEvent")
    envelope["properties"]["data"] = {"type": "object", "description": "The event's own data."}
    components["CloudEvent"] = envelope
    channels: Document = {}
    messages: Document = {}
    operations: Document = {}
    for (service, event, example), data in zip(contracts(), schemas, strict=True):
        name = f"{service}.{event.__name__}"
        messages[name] = {
            "name": name,
            "title": f"{name}, version {event.version}",
            "summary": _first_line(event),
            "contentType": "application/cloudevents+json",
            "payload": {
                "allOf": [
                    {"$ref": _COMPONENTS.format(name="CloudEvent")},
                    {"type": "object", "properties": {"type": {"const": name}, "data": data}},
                ]
            },
            "examples": [{"name": "data", "payload": {"type": name, "data": event_example(example)}}],
        }
        channels[name] = {
            "address": name,
            "description": f"EventBridge detail-type {name} from source stowage.{service}.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"{service}.sends.{event.__name__}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
        }
    for service_declaration in SYSTEM.services:
        for capability in service_declaration.capabilities:
            for name in capability.subscribes:
                operations[f"{service_declaration.name}.{capability.name}.receives.{name}"] = {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{name}"},
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stowage events",
            "version": VERSION,
            "description": "What the services tell each other, as CloudEvents 1.0 on one EventBridge bus. "
            'A message is one event, or {"events": [...]} with several of one type.',
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": components},
    }


def apis() -> Iterator[tuple[str, str, Api]]:
    """Every Lambda with routes: its service, its capability and its routes."""
    for service in SYSTEM.services:
        for capability in service.capabilities:
            if capability.kind in (Kind.COMMAND, Kind.QUERY, Kind.HEALTH):
                yield service.name, capability.name, _handler(f"{service.name}.{capability.name}")
    yield "edge", "entry", _handler("edge.entry")


def openapi() -> Document:
    """Every operation of every service with its parameters, answers and errors."""
    routes = [(service, route) for service, _, api in apis() for route in api.routes.values()]
    types: list[Any] = [Problem]
    for _, route in routes:
        types.append(route.returns[1])
        types.extend(route.parameters[name] for name in ("body",) if name in route.parameters)
    _, components = msgspec.json.schema_components(types, schema_hook=_any_json, ref_template=_COMPONENTS)
    paths: Document = {}
    for service, route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(service, route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stowage",
            "version": VERSION,
            "description": "A warehouse management system. Every POST takes an Idempotency-Key; every error is "
            "problem details (RFC 9457). Gateway refusals without a valid token (401) or scope (403) have the "
            "gateway's own short body.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the system's user pool; each operation names its scope.",
                }
            },
        },
    }


def _operation(service: str, route: Route) -> Document:
    status, body = route.returns
    operation: Document = {
        "operationId": f"{service}.{route.handler.__name__}",
        "tags": [service],
        "summary": _first_line(route.handler),
        "parameters": list(_parameters(route)),
        "responses": {
            str(status): {
                "description": _first_line(body),
                "content": {
                    "application/json": {"schema": {"$ref": _COMPONENTS.format(name=body.__name__)}},
                    **{media: {} for media in route.media},
                },
            },
            **{str(code): answer for code, answer in sorted(_refusals(route).items())},
        },
        "security": [] if route.scope is None else [{"token": [route.scope]}],
    }
    if "body" in route.parameters:
        name = route.parameters["body"].__name__
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _COMPONENTS.format(name=name)}}},
        }
    if route.accepts:
        content = {media: {"schema": {"type": "string"}} for media in route.accepts}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> Iterator[Document]:
    for name, kind in route.parameters.items():
        if f"{{{name}}}" in route.path:
            yield {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(kind)}
    if "query" in route.parameters:
        schema = msgspec.json.schema(route.parameters["query"])
        [properties] = [one["properties"] for one in schema["$defs"].values()]
        for name, value in properties.items():
            yield {"name": name, "in": "query", "required": False, "schema": value}
    if route.method == "POST" and route.scope is not None:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": "New for each request, the same for each repetition of it: a repeat changes nothing "
            "and gets the first answer (with the header Idempotent-Replayed: true).",
        }
    if route.method == "PUT":
        yield {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "The ETag that was read: the change is refused when somebody else was faster.",
        }


def _refusals(route: Route) -> dict[int, Document]:
    """Status to answer for everything that the operation may say no with."""
    kinds: set[type[rejection.Rejection]] = {*route.rejects}
    if route.parameters.keys() - {"request", "body", "headers"}:
        kinds.add(rejection.Invalid)
    if "body" in route.parameters:
        kinds |= {
            rejection.Invalid,
            rejection.Unprocessable,
            rejection.UnsupportedMediaType,
            rejection.TooLarge,
            rejection.Conflict,
        }
    if route.scope is not None:
        kinds.add(rejection.Forbidden)
    by_status: dict[int, list[type[rejection.Rejection]]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        by_status.setdefault(kind.status, []).append(kind)
    problem = {
        "content": {"application/problem+json": {"schema": {"$ref": _COMPONENTS.format(name="Problem")}}},
    }
    answers: dict[int, Document] = {
        status: {
            "description": " ".join(_first_line(kind) for kind in group)
            + " Type: "
            + " or ".join(f"{PROBLEM_PREFIX}{kind.code}" for kind in group)
            + ", or one more specific.",
            **problem,
        }
        for status, group in by_status.items()
    }
    if route.scope is not None:
        answers[401] = {"description": "The token is missing, expired or not of this system."}
    answers[500] = {
        "description": "Something went wrong on our side; the same request may be sent again.",
        **problem,
    }
    answers[503] = {"description": "The service is busy; send the same request again.", **problem}
    return answers


def _any_json(kind: type) -> Document:
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError(f"{kind} has no JSON Schema")


def _handler(module: str) -> Api:
    imported: ModuleType = import_module(module)
    api = imported.handler
    if not isinstance(api, Api):
        raise TypeError(f"{module}.handler has no routes")
    return api


def _first_line(thing: Any) -> str:
    return (getdoc(thing) or "").partition("\n")[0]
