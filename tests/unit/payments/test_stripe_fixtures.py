"""Stripe's own test server: every request is one that Stripe's API takes, every answer of its fixtures is read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import stripe as sdk

from payments.domain import NoteMovement
from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    ProviderMovement,
    ProviderTimeout,
    Refunded,
    TooManyMovements,
    authorization_key,
    capture_key,
    refund_key,
    void_key,
)
from payments.stripe import Stripe, connect
from payments.stripe_notices import Notice, notice_of, verified
from shared.money import Money
from tests.support.stripe_mock import KEY, StripeMock, stripe_mock
from tests.unit.payments.payments_cloud import new_order

FIFTY = Money(5000, "EUR")
SIGNING = "whsec_ours"
CREATED = "2009-02-13T23:31:30.000Z"
"""When all fixtures were made (1234567890)."""
CREATE, CONFIRM, RETRIEVE = (
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/pi_1/confirm",
    "GET /v1/payment_intents/",
)


@pytest.fixture(scope="module")
def running() -> Iterator[StripeMock]:
    with stripe_mock() as started:
        yield started


@pytest.fixture
def mock(running: StripeMock) -> StripeMock:
    running.overlays.clear()
    running.asked.clear()
    return running


@pytest.fixture
def stripe(mock: StripeMock) -> Stripe:
    return Stripe(connect(KEY, mock.url))


def hold(method: str = "pm_1", reference: str = "") -> Hold:
    order = new_order()
    return Hold(authorization_key(order), order, FIFTY, method, reference)


def test_what_stripe_does_not_know_is_refused_here(mock: StripeMock) -> None:
    client = connect(KEY, mock.url)
    wrong: Any = {"amount": 5000, "currency": "eur", "hold_until": "tomorrow"}
    with pytest.raises(sdk.InvalidRequestError, match="additional properties"):
        client.v1.payment_intents.create(wrong)
    without: Any = {"currency": "eur"}
    with pytest.raises(sdk.InvalidRequestError, match="amount"):
        client.v1.payment_intents.create(without)


@pytest.mark.parametrize("method", ["pm_1", "cus_1_pm_1"])
def test_an_authorization_is_an_intent_that_is_made_and_confirmed(
    stripe: Stripe, mock: StripeMock, method: str
) -> None:
    mock.overlays[CREATE] = {"id": "pi_1", "status": "requires_confirmation"}
    charge = mock.fixture("charges/ch_1")
    charge["payment_method_details"]["card"]["capture_before"] = 1_795_000_000
    mock.overlays[CONFIRM] = {"status": "requires_capture", "latest_charge": charge}
    assert stripe.authorize(hold(method)) == Authorized("pi_1", "2026-11-18T11:06:40.000Z")
    assert mock.asked == [CREATE, CONFIRM]


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("requires_capture", Authorized("pi_1", "2009-02-20T23:31:30.000Z")),
        ("succeeded", Authorized("pi_1", "2009-02-20T23:31:30.000Z")),
        ("canceled", Declined("authorization_voided")),
        ("requires_payment_method", Declined("declined")),
        ("requires_action", Declined("authentication_required")),
    ],
)
def test_an_intent_is_read_at_every_status(
    stripe: Stripe, mock: StripeMock, status: str, means: Authorized | Declined
) -> None:
    mock.overlays[RETRIEVE] = {"status": status}
    assert stripe.find_authorization(hold(reference="pi_1")) == means


def test_an_intent_whose_end_is_open_is_no_answer(stripe: Stripe, mock: StripeMock) -> None:
    mock.overlays[RETRIEVE] = {"status": "processing"}
    with pytest.raises(ProviderTimeout):
        stripe.find_authorization(hold(reference="pi_1"))


def test_an_intent_without_a_reference_is_searched(stripe: Stripe, mock: StripeMock) -> None:
    mock.overlays[RETRIEVE] = {"status": "requires_capture"}
    mock.overlays["GET /v1/payment_intents/search"] = {"data": [{"id": "pi_1", "object": "payment_intent"}]}
    found = stripe.find_authorization(hold())
    assert isinstance(found, Authorized)
    assert mock.asked[0].startswith("GET /v1/payment_intents/search?query=metadata")


def test_a_capture_is_asked_and_found_again(stripe: Stripe, mock: StripeMock) -> None:
    asked = hold(reference="pi_1")
    key = capture_key(asked.order_id, "d1")
    mock.overlays["POST /v1/payment_intents/pi_1/capture"] = {"status": "succeeded", "latest_charge": "ch_1"}
    assert stripe.capture(key, asked, Money(3000, "EUR")) == Captured("ch_1", holds_rest=False)
    assert stripe.find_capture(key, asked) is None
    mock.overlays[RETRIEVE] = {"status": "succeeded", "metadata": {"capture": key}, "latest_charge": "ch_1"}
    assert stripe.find_capture(key, asked) == Captured("ch_1", holds_rest=False)


def test_a_refund_is_asked_and_found_again(stripe: Stripe, mock: StripeMock) -> None:
    asked = hold(reference="pi_1")
    key = refund_key(asked.order_id, "r1")
    made = stripe.refund(key, asked, Money(1000, "EUR"))
    assert isinstance(made, Refunded)
    assert made.reference.startswith("re_")
    assert stripe.find_refund(key, asked) is None
    back = mock.fixture("refunds/re_1") | {"metadata": {"refund": key}}
    mock.overlays["GET /v1/refunds"] = {"data": [back]}
    assert stripe.find_refund(key, asked) == Refunded("re_1")
    mock.overlays["GET /v1/refunds"] = {"data": [back | {"status": "failed", "failure_reason": "declined"}]}
    assert stripe.find_refund(key, asked) == Declined("declined")


def test_a_void_cancels_what_is_known_and_what_was_made_under_the_key(stripe: Stripe, mock: StripeMock) -> None:
    known = hold(reference="pi_1")
    stripe.void(void_key(known.order_id), known)
    assert mock.asked == ["POST /v1/payment_intents/pi_1/cancel"]
    mock.overlays[CREATE] = {"id": "pi_2"}
    mock.overlays["GET /v1/payment_intents/search"] = {"data": [{"id": "pi_3", "object": "payment_intent"}]}
    unknown = hold()
    stripe.void(void_key(unknown.order_id), unknown)
    assert mock.asked[-2:] == [f"POST /v1/payment_intents/{one}/cancel" for one in ("pi_2", "pi_3")]


@pytest.mark.parametrize(
    ("type", "kind", "path", "amount"),
    [
        ("charge", "captured", "charges/ch_1", 3000),
        ("refund", "refunded", "refunds/re_1", 100),
        ("refund_failure", "refund_failed", "refunds/re_1", 100),
    ],
)
def test_the_balance_is_read_by_what_its_transactions_are_about(
    stripe: Stripe, mock: StripeMock, type: str, kind: Any, path: str, amount: int
) -> None:
    now = datetime.now(UTC)
    assert stripe.movements(now - timedelta(days=1), now, 9) == [], "nobody's orders"
    [transaction, *_] = mock.fixture("balance_transactions")["data"]
    intent = mock.fixture("payment_intents/pi_1") | {"metadata": {"order_id": "o1"}}
    source = mock.fixture(path) | {"payment_intent": intent}
    source |= {"amount_captured": 3000} if "amount_captured" in source else {}
    mock.overlays["GET /v1/balance_transactions"] = {"data": [transaction | {"type": type, "source": source}]}
    [found] = stripe.movements(now - timedelta(days=1), now, 9)
    assert found == ProviderMovement(kind, str(source["id"]), "o1", amount, "USD", CREATED)
    with pytest.raises(TooManyMovements):
        stripe.movements(now - timedelta(days=1), now, 0)


def test_the_order_of_an_intent_is_in_its_metadata(stripe: Stripe, mock: StripeMock) -> None:
    assert stripe.order_of("pi_1") == ""
    mock.overlays[RETRIEVE] = {"metadata": {"order_id": "o1"}}
    assert stripe.order_of("pi_1") == "o1"


def told(mock: StripeMock, kind: str, shown: dict[str, Any]) -> Notice | None:
    """What an event of Stripe's fixtures, of that type and about `shown`, says once it is signed and verified."""
    event = mock.fixture("events/evt_1") | {"type": kind, "data": {"object": shown}}
    payload = msgspec.json.encode(event).decode()
    signature = sdk.WebhookSignature.generate_signature_header(payload, SIGNING)
    return notice_of(verified(payload, signature, SIGNING))


@pytest.mark.parametrize(
    ("kind", "path", "overlay", "movement"),
    [
        ("payment_intent.succeeded", "payment_intents/pi_1", {"amount_received": 1099}, ("captured", 1099, "")),
        ("payment_intent.canceled", "payment_intents/pi_1", {}, ("released", 1099, "")),
        ("refund.created", "refunds/re_1", {}, ("refunded", 100, "")),
        ("refund.updated", "refunds/re_1", {}, ("refunded", 100, "")),
        ("refund.failed", "refunds/re_1", {"status": "failed"}, ("refund_failed", 100, "failed")),
        ("charge.dispute.created", "disputes/dp_1", {}, ("disputed", 1000, "general")),
        ("charge.dispute.closed", "disputes/dp_1", {"status": "lost"}, ("dispute_closed", 1000, "lost")),
    ],
)
def test_events_about_stripes_own_objects_are_read(
    mock: StripeMock, kind: str, path: str, overlay: dict[str, Any], movement: tuple[Any, int, str]
) -> None:
    shown = mock.fixture(path)
    notice = told(mock, kind, shown | overlay)
    assert notice is not None
    what, amount, reason = movement
    assert notice.movement == NoteMovement(what, str(shown["id"]), Money(amount, "USD"), CREATED, reason)


def test_an_event_of_another_kind_is_nothing_to_us(mock: StripeMock) -> None:
    event = mock.fixture("events/evt_1")
    assert told(mock, event["type"], event["data"]["object"]) is None
