"""Who may do what: every Lambda exactly what its kind needs, on its own service's resources by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.app import SYSTEM, payments
from infra.declaration import Capability, Grant, Kind, Service
from tests.infra.conftest import synthesize
from tests.support.templates import Templates

READ_HISTORY = {"dynamodb:GetItem", "dynamodb:Query"}
WRITE_HISTORY = {"dynamodb:PutItem", "dynamodb:DeleteItem"}
READ_VIEWS = {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"}
WRITE_VIEWS = {"dynamodb:PutItem", "dynamodb:DeleteItem"}
FOLLOW = {f"dynamodb:{act}" for act in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
CONSUME = {
    f"sqs:{act}" for act in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
}
HISTORY, VIEWS, STREAM, BUS, QUEUE, FAILURES = "history", "views", "stream", "bus", "queue", "failures"

ALLOWED: dict[Kind, dict[str, set[str]]] = {
    Kind.COMMAND: {HISTORY: READ_HISTORY | WRITE_HISTORY},
    Kind.QUERY: {HISTORY: READ_HISTORY, VIEWS: READ_VIEWS},
    Kind.REACTION: {HISTORY: READ_HISTORY | WRITE_HISTORY, QUEUE: CONSUME},
    Kind.REPLICA: {VIEWS: READ_VIEWS | WRITE_VIEWS, QUEUE: CONSUME},
    Kind.SCHEDULE: {HISTORY: READ_HISTORY | WRITE_HISTORY, VIEWS: READ_VIEWS},
    Kind.PROJECTOR: {
        HISTORY: READ_HISTORY,
        VIEWS: READ_VIEWS | WRITE_VIEWS,
        STREAM: FOLLOW,
        FAILURES: {"sqs:SendMessage"},
    },
    Kind.OUTBOX: {STREAM: FOLLOW, BUS: {"events:PutEvents"}, FAILURES: {"sqs:SendMessage"}},
    Kind.HEALTH: {HISTORY: READ_HISTORY, VIEWS: READ_VIEWS},
}
ATTACHED = "attached files"
AT_PROVIDER = {"payments-sandbox": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}}
BESIDES: dict[str, dict[str, set[str]]] = {
    "inventory put_away": {VIEWS: READ_VIEWS},
    "inventory alternatives": {VIEWS: READ_VIEWS},
    "inventory allocation": {VIEWS: READ_VIEWS},
    "inventory outbound": {VIEWS: READ_VIEWS},
    "inventory put_away_tasks": {VIEWS: READ_VIEWS},
    "orders intake": {VIEWS: READ_VIEWS},
    "orders releases": {VIEWS: READ_VIEWS},
    "orders substitutions": {VIEWS: READ_VIEWS},
    "inventory recalls": {VIEWS: READ_VIEWS},
    "receiving announcements": {VIEWS: READ_VIEWS},
    "receiving attachments": {ATTACHED: {"s3:PutObject"}},
    "receiving attached": {ATTACHED: {"s3:GetObject"}},
    "receiving imports": {VIEWS: READ_VIEWS},
    "receiving arrivals": {VIEWS: READ_VIEWS},
    "picking releasing": {VIEWS: READ_VIEWS},
    "picking picking": {VIEWS: READ_VIEWS},
    "picking packing": {VIEWS: READ_VIEWS},
    "payments authorization": AT_PROVIDER,
    "payments settlement": AT_PROVIDER,
    "payments movements": AT_PROVIDER,
    "payments expiry": AT_PROVIDER,
    "payments webhooks": AT_PROVIDER,
    "payments reconciliation": {"payments-sandbox": AT_PROVIDER["payments-sandbox"] | {"dynamodb:Scan"}},
}
KEYS = "keys"
AT_CARRIERS = {
    "shipping-circuits": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
    VIEWS: READ_VIEWS,
    KEYS: {"secretsmanager:GetSecretValue"},
    ATTACHED: {"s3:PutObject", "s3:DeleteObject"},
}
BESIDES |= {f"shipping {name}": AT_CARRIERS for name in ("shipments", "labels", "waiting")}
BESIDES["shipping webhooks"] = {VIEWS: READ_VIEWS, KEYS: {"secretsmanager:GetSecretValue"}}
BESIDES["shipping loads"] = {VIEWS: READ_VIEWS}
BESIDES["shipping documents"] = {ATTACHED: {"s3:PutObject", "s3:GetObject"}}
CAPABILITIES = [(service, capability) for service in SYSTEM.services for capability in service.capabilities]


def _names(service: Service, capability: Capability) -> dict[str, str]:
    queue = {f"{service.name}-{capability.name}": QUEUE} if capability.subscribes else {}
    return {
        f"{service.name}-events": HISTORY,
        f"{service.name}-views": VIEWS,
        f"{service.name}-events/stream": STREAM,
        f"{service.name}-{capability.name}-failures": FAILURES,
        **queue,
    }


def _found(templates: Templates, service: Service, capability: Capability) -> dict[str, set[str]]:
    """Actions by what they are allowed on; an index belongs to its table, the own log is left out."""
    function = templates.function(f"stowage-{service.name}-{capability.name}")
    names = _names(service, capability)
    found: dict[str, set[str]] = {}
    for statement in function.template.may(function):
        for resource in statement.resources:
            if resource.endswith(":event-bus/stowage"):
                found.setdefault(BUS, set()).update(statement.actions)
            elif resource != f"/stowage/{service.name}/{capability.name}":
                table, _, _ = resource.partition("/index/")
                table = ATTACHED if statement.sid in ("Attach", "FetchAttached", "RemoveAttached") else table
                table = KEYS if statement.sid == Grant.READ_KEYS.value else table
                found.setdefault(names.get(table, table), set()).update(statement.actions)
    return found


@pytest.mark.parametrize(("service", "capability"), CAPABILITIES, ids=lambda part: part.name)
def test_a_lambda_may_do_what_its_kind_needs_and_nothing_else(
    either: Templates, service: Service, capability: Capability
) -> None:
    besides = BESIDES.get(f"{service.name} {capability.name}", {})
    assert _found(either, service, capability) == {**ALLOWED[capability.kind], **besides}


def test_only_outboxes_publish(either: Templates) -> None:
    publishers = {
        function.name
        for function in either.of_type("Lambda::Function")
        for statement in function.template.may(function)
        if "events:PutEvents" in statement.actions
    }
    assert publishers == {f"stowage-{service.name}-outbox" for service in SYSTEM.services}


def test_writing_history_views_and_the_bus_are_separate_statements(either: Templates) -> None:
    for function in either.of_type("Lambda::Function"):
        for statement in function.template.may(function):
            tables = {resource.partition("/")[0] for resource in statement.resources}
            assert len(tables) == 1, f"{function.name} {statement.sid}: {tables}"


def test_no_role_has_a_wildcard(either: Templates) -> None:
    for function in either.of_type("Lambda::Function"):
        for statement in function.template.may(function):
            parts = statement.actions | {part.removesuffix("/attached/*") for part in statement.resources}
            wild = [part for part in parts if "*" in part]
            assert not wild, f"{function.name} {statement.sid}: {wild}"


def test_every_lambda_has_a_role_of_its_own(either: Templates) -> None:
    roles = [
        f"{function.template.stack} {function['Role']['Fn::GetAtt'][0]}"
        for function in either.of_type("Lambda::Function")
    ]
    assert (
        len(roles)
        == len(set(roles))
        == sum(len(s.capabilities) for s in SYSTEM.services) + len(("entry", "claims"))
    )


def test_only_lambda_may_assume_those_roles_and_nothing_is_attached_to_them(either: Templates) -> None:
    for role in either.of_type("IAM::Role"):
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert "ManagedPolicyArns" not in role.properties
    assert either.of_type("IAM::Policy") == []


def test_the_platforms_lambdas_may_only_write_their_logs(either: Templates) -> None:
    for capability in ("entry", "claims"):
        function = either.function(f"stowage-edge-{capability}")
        assert [statement.sid for statement in function.template.may(function)] == ["WriteLog"]


def test_who_asks_stripe_may_read_its_keys_and_no_other_secret(tmp_path: Path) -> None:
    alone = replace(SYSTEM, services=(payments("stripe"),), roles={}, machine_clients=())
    templates = synthesize("aws", str(tmp_path), alone)
    reading = {
        function.name: statement.resources
        for function in templates.of_type("Lambda::Function")
        for statement in function.template.may(function)
        if "secretsmanager:GetSecretValue" in statement.actions
    }
    asking = ("authorization", "settlement", "movements", "expiry", "webhooks", "reconciliation")
    assert set(reading) == {f"stowage-payments-{name}" for name in asking}
    of_secrets = {one.rpartition(":secret:")[2] for resources in reading.values() for one in resources}
    assert of_secrets == {"stowage/payments/stripe-??????"}
    for name in asking:
        function = templates.function(f"stowage-payments-{name}")
        assert function["Environment"]["Variables"]["KEYS_NAME"] == "stowage/payments/stripe"
        assert len(function["Layers"]) == 2
