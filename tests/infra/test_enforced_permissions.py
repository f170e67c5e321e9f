"""The same permissions, tried out: in a cloud that enforces IAM, Lambdas that attempt everything are stopped.

Every capability is deployed with a handler that tries each kind of access and reports which ones it got.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra.app import SYSTEM
from infra.declaration import Capability, Grant, Service
from local import people
from local.cloud import LocalCloud, temporary_cloud

pytestmark = pytest.mark.cloud

INTRUDER = """
import os
import boto3
from botocore.exceptions import ClientError

DYNAMODB, EVENTS, SQS = (boto3.client(name) for name in ("dynamodb", "events", "sqs"))
KEY = {"pk": {"S": "Intruder#1"}, "sk": {"S": "C#0000000001"}}


def attempts(service, elsewhere, queue_url, ledger):
    events, views = f"{service}-events", f"{service}-views"
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "Intruder#1"}}}
    yield "ReadHistory", lambda: DYNAMODB.query(TableName=events, **query)
    yield "WriteHistory", lambda: DYNAMODB.put_item(TableName=events, Item=KEY)
    yield "ReadViews", lambda: DYNAMODB.query(TableName=views, **query)
    yield "WriteViews", lambda: DYNAMODB.put_item(TableName=views, Item=KEY)
    yield "Publish", lambda: EVENTS.put_events(
        Entries=[{"Source": "intruder", "DetailType": "x", "Detail": "{}", "EventBusName": "stowage"}])
    yield "KeepLedger", lambda: DYNAMODB.get_item(TableName=ledger, Key={"pk": {"S": "x"}})
    yield "ChangeHistory", lambda: DYNAMODB.update_item(TableName=events, Key=KEY)
    yield "ScanHistory", lambda: DYNAMODB.scan(TableName=events)
    yield "ScanViews", lambda: DYNAMODB.scan(TableName=views)
    yield "ReadElsewhere", lambda: DYNAMODB.query(TableName=f"{elsewhere}-events", **query)
    yield "WriteElsewhere", lambda: DYNAMODB.put_item(TableName=f"{elsewhere}-views", Item=KEY)
    yield "SendMessages", lambda: SQS.send_message(QueueUrl=queue_url, MessageBody="{}")
    yield "DropTable", lambda: DYNAMODB.delete_table(TableName=f"{elsewhere}-views")


def handler(event, context):
    print("trying")
    if "elsewhere" not in event:
        return {}
    got = []
    for name, attempt in attempts(os.environ["SERVICE"], event["elsewhere"], event["queue_url"], event["ledger"]):
        try:
            attempt()
            got.append(name)
        except ClientError as error:
            if "AccessDenied" not in error.response["Error"]["Code"]:
                raise
    return got
"""

OPEN_DOOR = """
def handler(event, context):
    print("called")
    return {"statusCode": 200, "body": "in"}
"""

TRIED = {
    Grant.READ_HISTORY,
    Grant.WRITE_HISTORY,
    Grant.READ_VIEWS,
    Grant.WRITE_VIEWS,
    Grant.PUBLISH,
    Grant.KEEP_LEDGER,
}
CAPABILITIES = [(service, capability) for service in SYSTEM.services for capability in service.capabilities]
SCOPED = [route for route in SYSTEM.routes if route.scope]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    folder = tmp_path_factory.mktemp("enforcing")
    with temporary_cloud(folder, auth=True, functions=_intruders(folder / "functions")) as cloud:
        people.hire(cloud.client("cognito-idp"), cloud.outputs(), list(SYSTEM.roles), folder / "passwords.json")
        yield cloud


def _intruders(functions: Path) -> Path:
    """A folder of functions like the real one, but every capability is the intruder."""
    for service in SYSTEM.services:
        folder = functions / service.name
        folder.mkdir(parents=True)
        for capability in service.capabilities:
            code = (
                INTRUDER if not capability.routes else INTRUDER.replace("return {}", 'return {"statusCode": 200}')
            )
            (folder / f"{capability.name}.py").write_text(code)
    edge = functions / "edge"
    edge.mkdir()
    (edge / "entry.py").write_text(OPEN_DOOR)
    real = Path(people.__file__).parent.parent / "functions"
    (edge / "claims.py").write_text((real / "edge" / "claims.py").read_text())
    (functions / "shared").mkdir()
    for module in (real / "shared").glob("*.py"):
        (functions / "shared" / module.name).write_text(module.read_text())
    return functions


@pytest.mark.parametrize(("service", "capability"), CAPABILITIES, ids=lambda part: part.name)
def test_a_lambda_gets_through_to_what_it_was_granted_only(
    cloud: LocalCloud, service: Service, capability: Capability
) -> None:
    elsewhere = next(other.name for other in SYSTEM.services if other is not service)
    queue = cloud.outputs().queues["orders-fulfilment"].url
    ledger = service.ledger_table or next(other.ledger_table for other in SYSTEM.services if other.ledger_table)
    answer = cloud.client("lambda").invoke(
        FunctionName=service.function(capability),
        Payload=json.dumps({"elsewhere": elsewhere, "queue_url": queue, "ledger": ledger}),
    )
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    assert set(result) == {grant.value for grant in capability.grants & TRIED}


def _call(cloud: LocalCloud, method: str, path: str, token: str | None) -> int:
    answer: Any = urllib3.request(
        method,
        cloud.outputs().api_url + path.replace("{", "").replace("}", ""),
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=30.0,
    )
    return int(answer.status)


@pytest.mark.parametrize("route", SCOPED, ids=lambda route: route.key)
def test_who_has_no_token_is_sent_away(cloud: LocalCloud, route: Any) -> None:
    assert _call(cloud, route.method, route.path, None) == 401
    assert _call(cloud, route.method, route.path, "no.such.token") == 401


@pytest.mark.parametrize("caller", ["viewer", "operator", "integrator", "supervisor", "monitor"])
def test_a_caller_comes_through_where_its_scopes_say(cloud: LocalCloud, caller: str) -> None:
    folder = cloud.outputs_file.parent
    token = people.token_of(caller, cloud.client("cognito-idp"), cloud.outputs(), folder / "passwords.json")
    machines = {machine.name: machine.scopes for machine in SYSTEM.machine_clients}
    scopes = SYSTEM.roles.get(caller) or machines[caller]
    statuses = {route.key: _call(cloud, route.method, route.path, token) for route in SCOPED}
    assert statuses == {route.key: 200 if route.scope in scopes else 403 for route in SCOPED}


def test_health_and_the_description_are_open(cloud: LocalCloud) -> None:
    assert [_call(cloud, route.method, route.path, None) for route in SYSTEM.routes if not route.scope] == [
        200 for route in SYSTEM.routes if not route.scope
    ]
