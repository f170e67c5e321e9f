"""GET /payments/{order_id}: the latest state with its whole history."""

from typing import Any

import msgspec
import pytest

from payments.queries import handler
from tests.unit.payments.payments_cloud import PaymentsCloud, new_order, requested, void_requested

pytestmark = pytest.mark.usefixtures("cloud")

ROUTE = "GET /payments/{order_id}"


def get(order_id: str, scope: str = "payments/read") -> tuple[int, dict[str, str], dict[str, Any]]:
    answer = handler(
        {
            "routeKey": ROUTE,
            "rawPath": f"/payments/{order_id}",
            "headers": {},
            "pathParameters": {"order_id": order_id},
            "requestContext": {"authorizer": {"jwt": {"claims": {"sub": "u1", "scope": scope}}}},
        }
    )
    return answer["statusCode"], answer["headers"], msgspec.json.decode(answer["body"])


def test_an_authorized_payment_shows_amount_authorization_and_history(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order, "tok_timeout_once"))
    status, headers, body = get(order)
    assert (status, headers["etag"]) == (200, '"3"')
    history = body.pop("history")
    assert body.pop("expires_at") == cloud.payment(order).expires_at
    assert body == {
        "order_id": order,
        "status": "authorized",
        "attempts": 2,
        "amount": {"amount": 4990, "currency": "EUR"},
        "authorization": cloud.ledger(order)["authorize"].authorization,
        "held": 4990,
        "left": 4990,
    }
    assert [entry["type"] for entry in history] == [
        "payments.AuthorizationAsked",
        "payments.AuthorizationTimedOut",
        "payments.PaymentAuthorized",
    ]
    assert history[1]["data"] == {"order_id": order, "attempt": 1}
    assert all(entry["at"].endswith("Z") for entry in history)


def test_a_declined_payment_says_why(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order, "tok_insufficient_funds"))
    _, _, body = get(order)
    assert (body["status"], body["reason"], body["attempts"]) == ("declined", "insufficient_funds", 1)


def test_a_payment_that_was_only_voided_has_no_amount(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(void_requested(order))
    _, headers, body = get(order)
    assert (body["status"], body["reason"], "amount" in body) == ("voided", "order cancelled", False)
    assert headers["etag"] == '"1"'


def test_what_was_just_recorded_is_shown(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order))
    assert get(order)[2]["status"] == "authorized"
    cloud.drain(void_requested(order))
    assert get(order)[2]["status"] == "voided"


def test_an_order_without_a_payment_is_not_found(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.happened(order) == []
    status, headers, body = get(order)
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert (body["type"], body["errors"][0]["field"]) == ("urn:stowage:problem:not-found", "order_id")


def test_an_id_that_is_none_is_refused() -> None:
    status, _, body = get("42")
    assert (status, body["errors"][0]["field"]) == (400, "order_id")


def test_another_services_scope_is_not_enough() -> None:
    assert get(new_order(), scope="orders/read")[0] == 403
