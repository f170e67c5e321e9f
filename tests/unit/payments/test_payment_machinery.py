"""What comes out of payments' history: the read model, the published events, and the health of its tables."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import msgspec
import pytest

from payments import health, outbox, views
from payments.views import PaymentView
from shared import aws, resources
from shared.money import Money
from shared.outbox import PublicationFailed
from tests.unit.payments.payments_cloud import BUS, PaymentsCloud, new_order, requested, void_requested


def shown(order_id: str) -> tuple[PaymentView, int]:
    document = resources.views().get(f"Payment#{order_id}", "Books", PaymentView, consistent=True)
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("method", "status", "attempts", "reason"),
    [
        ("tok_accepted", "authorized", 1, ""),
        ("tok_timeout_once", "authorized", 2, ""),
        ("tok_declined", "declined", 1, "card_declined"),
        ("tok_timeout_always", "requested", 5, ""),
    ],
)
@pytest.mark.parametrize("then_void", [False, True])
def test_the_view_agrees_with_the_stream(
    cloud: PaymentsCloud, method: str, status: str, attempts: int, reason: str, then_void: bool
) -> None:
    order = new_order()
    cloud.drain(requested(order, method))
    if then_void:
        cloud.drain(void_requested(order))
    views.handler({"Records": cloud.stream_records(order)}, None)
    document, version = shown(order)
    payment = cloud.payment(order)
    assert document.status == payment.status == ("voided" if then_void else status)
    assert document.reason == payment.reason == ("order cancelled" if then_void else reason)
    assert document.attempts == payment.attempts == attempts
    assert document.authorization == payment.authorization
    assert document.amount == Money(4990, "EUR")
    assert version == cloud.commits(order)
    assert document.asked_at <= document.changed_at


def test_a_parked_payment_is_taken_up_ever_more_rarely(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order, "tok_timeout_always"))
    pauses = []
    for _ in range(7):
        views.handler({"Records": cloud.stream_records(order)}, None)
        document, _ = shown(order)
        moment = datetime.fromisoformat(views.PAYMENT_VIEW.index(document)["moment"])
        pauses.append(moment - datetime.fromisoformat(document.changed_at))
        cloud.drain(requested(order, "tok_timeout_always", attempt=len(pauses) + 1))
    assert [pause.total_seconds() / 60 for pause in pauses] == [2, 4, 8, 16, 32, 60, 60]


def test_an_authorization_that_came_late_is_in_the_view(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.overtake(requested(order), void_requested(order))
    assert "AuthorizationCameLate" in cloud.happened(order)
    views.handler({"Records": cloud.stream_records(order)}, None)
    document, _ = shown(order)
    assert (document.status, document.authorization) == ("voided", cloud.payment(order).authorization)
    assert document.attempts == cloud.payment(order).attempts == 1


def test_records_that_come_twice_or_with_a_gap_end_in_the_same_view(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order, "tok_timeout_once"), void_requested(order))
    records = cloud.stream_records(order)
    views.handler({"Records": records[-1:]}, None)
    latest = shown(order)
    views.handler({"Records": records}, None)
    views.handler({"Records": records[:1]}, None)
    assert shown(order) == latest
    assert latest[0].status == "voided"


@pytest.fixture
def published(cloud: PaymentsCloud) -> Iterator[list[dict[str, Any]]]:
    """What reaches the bus."""
    assert cloud is not None
    entries: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: object) -> None:
        entries.extend(params["Entries"])

    boto3.client("events").create_event_bus(Name=BUS)
    hooks = aws.eventbridge().meta.events
    hooks.register("provide-client-params.events.PutEvents", keep)
    yield entries
    hooks.unregister("provide-client-params.events.PutEvents", keep)
    boto3.client("events").delete_event_bus(Name=BUS)


def test_only_what_others_may_know_is_published(cloud: PaymentsCloud, published: list[dict[str, Any]]) -> None:
    order = new_order()
    cloud.drain(requested(order, "tok_timeout_always"))
    cloud.drain(void_requested(order))
    outbox.handler({"Records": cloud.stream_records(order)}, None)
    assert [(entry["Source"], entry["DetailType"]) for entry in published] == [
        ("stowage.payments", "payments.PaymentDelayed"),
        ("stowage.payments", "payments.PaymentVoided"),
    ]
    detail = msgspec.json.decode(published[0]["Detail"])
    assert detail["data"] == {"order_id": order, "attempts": 5, "reason": "provider_timeout"}
    assert detail["correlationid"] == f"journey-{order}"
    assert detail["causationid"] == f"Order#{order}@1.0"
    assert detail["subject"] == f"Payment#{order}"


def test_an_answer_carries_what_is_held(cloud: PaymentsCloud, published: list[dict[str, Any]]) -> None:
    order = new_order()
    cloud.drain(requested(order))
    outbox.handler({"Records": cloud.stream_records(order)}, None)
    [data] = [msgspec.json.decode(entry["Detail"])["data"] for entry in published]
    assert data.pop("expires_at") == cloud.payment(order).expires_at != ""
    assert data == {
        "order_id": order,
        "amount": 4990,
        "currency": "EUR",
        "authorization": cloud.ledger(order)["authorize"].authorization,
    }


def test_a_bus_that_takes_nothing_fails_the_batch(cloud: PaymentsCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    order = new_order()
    cloud.drain(requested(order))
    refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    monkeypatch.setattr(aws.eventbridge(), "put_events", lambda **_: refusal)
    with pytest.raises(PublicationFailed):
        outbox.handler({"Records": cloud.stream_records(order)}, None)


def health_of(probe: str) -> tuple[int, dict[str, Any]]:
    answer = health.handler({"routeKey": f"GET /payments/health/{probe}", "rawPath": f"/payments/health/{probe}"})
    return answer["statusCode"], msgspec.json.decode(answer["body"])


def test_payments_is_healthy_while_its_tables_answer(cloud: PaymentsCloud) -> None:
    assert cloud is not None
    assert health_of("live") == (200, {"status": "pass", "service": "payments", "checks": {}})
    assert health_of("ready")[1]["checks"] == {"events": "pass", "views": "pass"}
