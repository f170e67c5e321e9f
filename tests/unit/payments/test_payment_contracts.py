"""The public language of payments: its shapes, their examples, and what it reads of others."""

import msgspec
import pytest

from payments.contracts import EXAMPLES, PUBLISHED, PaymentAuthorized
from payments.domain import CATALOG
from payments.subscriptions import READS, PaymentAuthorizationRequested
from shared import codec
from shared.events import Event

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"


def test_every_published_event_has_an_example_a_description_and_a_place_in_the_catalog() -> None:
    assert set(EXAMPLES) == set(PUBLISHED)
    for kind in PUBLISHED:
        assert kind.__doc__
        assert CATALOG.types[f"payments.{kind.__name__}"] is kind


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        (
            "PaymentAuthorized",
            1,
            '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e","amount":12485,"currency":"EUR",'
            '"authorization":"auth_8b6f0d0e-7c1f-8a52-9d3b-54a1f1c0e2d7","expires_at":"2026-02-07T09:30:00.000Z"}',
        ),
        (
            "PaymentDeclined",
            1,
            '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e","reason":"insufficient_funds"}',
        ),
        (
            "PaymentAbandoned",
            1,
            '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e","reason":"provider_timeout"}',
        ),
        ("PaymentVoided", 1, '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"}'),
        (
            "PaymentCaptured",
            1,
            '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e",'
            '"capture_id":"0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e","amount":7485,"currency":"EUR",'
            '"reference":"cap_0d4c5a11-93f1-8e06-a7ce-8f0f1d8a1b52","held":5000}',
        ),
        (
            "PaymentRefunded",
            1,
            '{"order_id":"0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e","refund_id":"RMA-20931","amount":1995,'
            '"currency":"EUR","reference":"re_5d8c6f70-02b4-8d53-9c5f-6a1d27c1f0aa"}',
        ),
    ],
)
def test_the_json_of_each_published_event_stays_as_it_is(name: str, version: int, data: str) -> None:
    kind = next(kind for kind in PUBLISHED if kind.__name__ == name)
    assert kind.version == version
    assert codec.to_json(EXAMPLES[kind]).decode() == data
    assert codec.from_json(data, kind) == EXAMPLES[kind]


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_published_event_has_a_schema(kind: type[Event]) -> None:
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    assert schema["description"].split() == (kind.__doc__ or "").split()
    assert "order_id" in schema["required"]


def test_fields_that_others_add_are_ignored() -> None:
    data = {"order_id": ORDER, "amount": 1, "currency": "EUR", "method": "tok_accepted", "loyalty": {"points": 3}}
    read = msgspec.convert(data, READS["orders.PaymentAuthorizationRequested"])
    assert read == PaymentAuthorizationRequested(order_id=ORDER, amount=1, currency="EUR", method="tok_accepted")


@pytest.mark.parametrize("wrong", [{"amount": -1}, {"currency": "euro"}, {"order_id": "42"}, {"method": None}])
def test_a_request_that_makes_no_sense_is_not_read(wrong: dict[str, object]) -> None:
    data = {"order_id": ORDER, "amount": 1, "currency": "EUR", "method": "tok_accepted"} | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, READS["orders.PaymentAuthorizationRequested"])


def test_an_authorization_from_before_providers_said_when_it_expires_is_still_read() -> None:
    old = {"order_id": ORDER, "amount": 12485, "currency": "EUR", "authorization": "auth_1"}
    assert msgspec.convert(old, PaymentAuthorized).expires_at is None
