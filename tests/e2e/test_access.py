"""Who may do what, with IAM enforced: callers by their scopes, Lambdas by their roles."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from tests.support.shop import Shop, order

pytestmark = pytest.mark.cloud

PROTECTED = [
    ("GET", "/orders", None),
    ("POST", "/orders", order({"MUG": 1})),
    ("GET", "/inventory/stock", None),
    ("PUT", "/inventory/products/MUG", {"name": "Mug"}),
    ("POST", "/inventory/stock/adjustments", {"sku": "MUG", "location": "A", "quantity": 1, "reason": "found"}),
    ("GET", "/payments/7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10", None),
]


@pytest.mark.parametrize(("method", "path", "body"), PROTECTED)
def test_nobody_gets_in_without_a_token(shop: Shop, method: str, path: str, body: object) -> None:
    assert shop.call(method, path, body, caller=None).status == 401
    assert shop.call(method, path, body, caller=None, Authorization="Bearer not.a.token").status == 401


@pytest.mark.parametrize(("method", "path", "body"), [call for call in PROTECTED if call[0] != "GET"])
def test_a_viewer_may_look_but_not_touch(shop: Shop, method: str, path: str, body: object) -> None:
    assert shop.call(method, path, body, caller="viewer").status == 403


def test_every_role_may_look(shop: Shop) -> None:
    for caller in ("viewer", "operator", "integrator", "supervisor", "monitor"):
        assert shop.call("GET", "/orders?limit=1", caller=caller).status == 200, caller


def test_an_operator_corrects_stock_but_places_no_orders(shop: Shop) -> None:
    assert shop.call("PUT", "/inventory/products/OPERATED", {"name": "Mug"}, caller="operator").status == 200
    assert shop.call("POST", "/orders", order({"OPERATED": 1}), caller="operator").status == 403


def as_lambda(cloud: LocalCloud, service: str, capability: str, client: str) -> Any:
    """A client with the role of a Lambda."""
    function = cloud.client("lambda").get_function_configuration(FunctionName=f"stowage-{service}-{capability}")
    assumed = cloud.client("sts").assume_role(RoleArn=function["Role"], RoleSessionName="test")
    credentials = assumed["Credentials"]
    return boto3.client(
        client,  # type: ignore[call-overload]
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def denied(error: pytest.ExceptionInfo[ClientError]) -> bool:
    return error.value.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied")


ITEM = {"pk": {"S": "Order#forged"}, "sk": {"S": "C#0000000001"}}


@pytest.mark.parametrize("service", ["inventory", "receiving", "orders", "payments", "picking"])
def test_a_projector_cannot_write_history(cloud: LocalCloud, service: str) -> None:
    projector = as_lambda(cloud, service, "views", "dynamodb")
    with pytest.raises(ClientError) as refused:
        projector.put_item(TableName=f"{service}-events", Item=ITEM)
    assert denied(refused)
    projector.put_item(TableName=f"{service}-views", Item={"pk": {"S": "test"}, "sk": {"S": "test"}})
    cloud.client("dynamodb").delete_item(
        TableName=f"{service}-views", Key={"pk": {"S": "test"}, "sk": {"S": "test"}}
    )


@pytest.mark.parametrize("service", ["inventory", "receiving", "orders", "payments", "picking"])
def test_a_query_can_write_nothing(cloud: LocalCloud, service: str) -> None:
    query = as_lambda(cloud, service, "queries", "dynamodb")
    for table in (f"{service}-events", f"{service}-views"):
        with pytest.raises(ClientError) as refused:
            query.put_item(TableName=table, Item=ITEM)
        assert denied(refused)


def test_a_service_cannot_read_the_tables_of_another(cloud: LocalCloud) -> None:
    orders = as_lambda(cloud, "orders", "fulfilment", "dynamodb")
    with pytest.raises(ClientError) as refused:
        orders.get_item(TableName="payments-events", Key=ITEM)
    assert denied(refused)


def test_only_the_outbox_publishes(cloud: LocalCloud) -> None:
    intake = as_lambda(cloud, "orders", "intake", "events")
    with pytest.raises(ClientError) as refused:
        intake.put_events(
            Entries=[{"EventBusName": "stowage", "Source": "stowage.orders", "DetailType": "x", "Detail": "{}"}]
        )
    assert denied(refused)
