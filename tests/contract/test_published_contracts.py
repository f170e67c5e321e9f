"""What services promise each other: schemas, examples, and readers that understand the writers."""

import copy
import json
from importlib import import_module
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec import Struct
from openapi_spec_validator import validate

from events import documents, generate
from events.compatibility import incompatibilities
from infra.app import SYSTEM
from shared.events import Event

CONTRACTS = list(documents.contracts())
EXAMPLES = {f"{service}.{event.__name__}": example for service, event, example in CONTRACTS}
READERS = [
    (service.name, name, kind)
    for service in SYSTEM.services
    for name, kind in import_module(f"{service.name}.subscriptions").READS.items()
]


@pytest.mark.parametrize(
    ("service", "event", "example"), CONTRACTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_every_example_keeps_its_schema(service: str, event: type[Event], example: Event) -> None:
    schema = documents.event_schema(service, event)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(documents.event_example(example), schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("service", "name", "reader"), READERS, ids=lambda value: getattr(value, "__name__", value)
)
def test_every_reader_understands_what_the_writer_publishes(service: str, name: str, reader: type[Struct]) -> None:
    data = documents.event_example(EXAMPLES[name])
    assert msgspec.convert(data, reader)
    assert msgspec.convert({**data, "added_later": {"by": "the writer"}}, reader)
    written = {field.encode_name for field in msgspec.structs.fields(type(EXAMPLES[name]))}
    assert {field.encode_name for field in msgspec.structs.fields(reader)} <= written, service


def test_a_service_reads_exactly_what_the_map_subscribes_it_to() -> None:
    for service in SYSTEM.services:
        subscribed = {name for capability in service.capabilities for name in capability.subscribes}
        assert {name for reader, name, _ in READERS if reader == service.name} == subscribed


def test_the_documents_are_what_the_code_says() -> None:
    made = generate.expected()
    assert generate.drift(made) == []
    assert generate.broken_promises(made) == []


def test_the_openapi_document_is_valid_and_has_every_route_with_its_scope_and_errors() -> None:
    document = documents.openapi()
    validate(msgspec.json.decode(msgspec.json.encode(document)))
    for route in SYSTEM.routes:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["security"] == ([] if route.scope is None else [{"token": [route.scope]}])
        expected = {"500", "503"} | ({"401", "403"} if route.scope else set())
        assert expected <= set(operation["responses"]), route
    assert sum(len(operations) for operations in document["paths"].values()) == len(SYSTEM.routes)


def test_every_channel_of_the_asyncapi_document_has_a_writer_and_every_reader_a_channel() -> None:
    document = documents.asyncapi()
    assert set(document["channels"]) == set(EXAMPLES)
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].rpartition("/")[2] in document["channels"]


OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sku": {"type": "string"},
        "place": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
    },
    "required": ["sku"],
    "$defs": {"Line": {"type": "object", "properties": {"units": {"type": "integer"}}, "required": ["units"]}},
}


def changed(*path: str | int, to: object) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    at: Any = new
    for step in path[:-1]:
        at = at[step]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return new


def test_new_optional_fields_and_better_words_break_nobody() -> None:
    assert incompatibilities(OLD, OLD) == []
    assert incompatibilities(OLD, changed("properties", "lot", to={"type": "string"})) == []
    assert incompatibilities(OLD, changed("properties", "sku", "description", to="Stock keeping unit")) == []


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        (changed("properties", "sku", to=None), "$.sku is gone"),
        (changed("properties", "sku", "type", to="integer"), "$.sku: type was"),
        (changed("required", to=["sku", "place"]), "$.place is required now"),
        (changed("required", to=[]), "$.sku is no longer certain"),
        (changed("properties", "sku", "pattern", to="^X"), "$.sku: pattern was"),
        (changed("properties", "place", "anyOf", to=[{"type": "string"}]), "$.place: there were 2 forms"),
        (changed("properties", "place", "anyOf", 0, "type", to="integer"), "$.place: type was"),
        (changed("$defs", "Line", "properties", "units", "type", to="string"), "$.lines[].units: type was"),
        (changed("properties", "lines", "items", to=None), "$.lines: the items were"),
    ],
)
def test_a_change_that_breaks_readers_is_found(new: dict[str, Any], complaint: str) -> None:
    [found] = incompatibilities(OLD, new)
    assert found.startswith(complaint)


def test_a_published_version_that_leaves_the_code_is_missed() -> None:
    made = generate.expected()
    gone = next(path for path in made if path.name == "OrderPlaced.v1.schema.json")
    del made[gone]
    assert generate.broken_promises(made) == [
        "orders/OrderPlaced.v1.schema.json: this version is published, but no longer in the code"
    ]


def test_the_published_schema_of_an_order_names_no_person() -> None:
    schema = json.loads((generate.EVENTS / "orders" / "OrderPlaced.v1.schema.json").read_text())
    assert not {"name", "email", "address", "phone"} & set(schema["properties"])
