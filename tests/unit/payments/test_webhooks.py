"""Stripe's webhooks: signed or refused, told twice, and what they find that we did not ask for."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe as sdk

from shared import aws, clock, codec
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, landscape
from tests.support.local_stripe import KEY, Line, LocalStripe, local_stripe
from tests.unit.payments.test_settlement import Till
from tests.unit.payments.test_stripe import system

SIGNING = "whsec_ours"


class Desk(Till):
    """The payments service beside Stripe, which tells it what happened."""

    def __init__(self, till: Till, server: LocalStripe) -> None:
        super().__init__(till.system)
        self.server = server
        self.told = 0

    def intent(self, order: str) -> dict[str, Any]:
        """The order's latest intent as Stripe shows it in events: without what could be expanded."""
        found = self.server.intents(order)[-1]
        charge = found["latest_charge"]
        return found | {"latest_charge": charge["id"] if charge else None}

    def tell_of(self, kind: str, shown: dict[str, Any], event_id: str = "", **more: Any) -> Answer:
        """A webhook of an event of that type about the object `shown`."""
        self.told += 1
        event = {
            "id": event_id or f"evt_{self.told}",
            "object": "event",
            "type": kind,
            "created": int(clock.now().timestamp()),
            "data": {"object": shown | more},
        }
        return self.post_event(event, SIGNING)

    def post_event(self, event: dict[str, Any], key: str, at: int | None = None) -> Answer:
        signature = sdk.WebhookSignature.generate_signature_header(codec.to_json(event).decode(), key, at)
        return self.system.call("POST", "/payments/webhooks/stripe", event, stripe_signature=signature)

    def outcome(self, answer: Answer) -> str:
        assert answer.status == 200, answer
        return str(answer.body["outcome"])


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStripe]:
    with local_stripe() as running:
        yield running


@pytest.fixture
def line(server: LocalStripe) -> Iterator[Line]:
    opened = Line(server.url)
    yield opened
    opened.close()


@pytest.fixture
def desk(line: Line, server: LocalStripe) -> Iterator[Desk]:
    with landscape(system(line.url)) as deployed:
        kept = codec.to_json({"api_key": KEY, "webhook_secret": SIGNING}).decode()
        aws.secretsmanager().create_secret(Name="stowage/payments/stripe", SecretString=kept)
        yield Desk(Till(deployed), server)


def test_what_stripe_has_not_signed_for_us_is_refused(desk: Desk) -> None:
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1, "data": {"object": {}}}
    forged = desk.post_event(event, "whsec_theirs")
    assert (forged.status, forged.problem) == (400, "wrong-signature")
    assert desk.post_event(event, SIGNING, at=1_000_000_000).problem == "wrong-signature"
    assert desk.system.call("POST", "/payments/webhooks/stripe", event).problem == "wrong-signature"


def test_events_of_other_kinds_and_other_peoples_payments_are_acknowledged(desk: Desk) -> None:
    assert desk.outcome(desk.tell_of("customer.created", {"id": "cus_1"})) == "ignored"
    foreign = {"id": "pi_other", "amount": 100, "amount_received": 100, "currency": "eur", "metadata": {}}
    assert desk.outcome(desk.tell_of("payment_intent.succeeded", foreign)) == "ignored"
    elsewhere = foreign | {"metadata": {"order_id": "0190f3c2-5b1e-8c1f-9a55-000000000000"}}
    assert desk.outcome(desk.tell_of("payment_intent.succeeded", elsewhere)) == "ignored"


def test_what_we_have_asked_for_is_known(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    desk.capture(order, 5000)
    desk.refund(order, 1000)
    before = desk.happened(order)
    intent = desk.intent(order)
    assert desk.outcome(desk.tell_of("payment_intent.succeeded", intent)) == "known"
    [back] = desk.server.refunds(intent["id"])
    assert desk.outcome(desk.tell_of("refund.created", back)) == "known"
    assert desk.happened(order) == before


def test_the_answer_to_a_capture_that_was_lost_comes_by_the_webhook(desk: Desk, line: Line) -> None:
    order = desk.authorized(desk.server.card())
    line.cut_at("/capture", times=2)
    assert not desk.capture(order, 3000)
    assert desk.outcome(desk.tell_of("payment_intent.succeeded", desk.intent(order), "evt_late")) == "noted"
    assert desk.shown(order)["captured"] == 3000
    assert desk.outcome(desk.tell_of("payment_intent.succeeded", desk.intent(order), "evt_late")) == "known"
    assert desk.capture(order, 3000)
    assert desk.happened(order).count("PaymentCaptured") == 1


def test_the_answer_to_a_refund_that_was_lost_comes_by_the_webhook(desk: Desk, line: Line) -> None:
    order = desk.authorized(desk.server.card())
    desk.capture(order, 5000)
    line.cut_at("/refunds", times=2)
    assert not desk.refund(order, 1000)
    [back] = desk.server.refunds(desk.intent(order)["id"])
    assert desk.outcome(desk.tell_of("refund.created", back)) == "noted"
    assert desk.shown(order)["refunded"] == 1000
    assert desk.refund(order, 1000)
    assert len(desk.server.refunds(desk.intent(order)["id"])) == 1


def test_a_refund_that_comes_again_later_is_declined_once_and_stands_in_the_report(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    desk.capture(order, 5000)
    desk.refund(order, 1000)
    [back] = desk.server.refunds(desk.intent(order)["id"])
    seen = [
        desk.outcome(desk.tell_of(kind, back, status="failed")) for kind in ("refund.updated", "refund.failed")
    ]
    assert seen == ["noted", "known"]
    assert desk.outcome(desk.tell_of("refund.created", back)) == "known", "older news"
    shown = desk.shown(order)
    assert (shown["captured"], shown.get("refunded", 0), shown["refundable"]) == (5000, 0, 5000)
    assert shown["refunds"][0]["status"] == "declined"
    assert desk.happened(order)[-1] == "RefundDeclined"
    desk.system.publish("payments")
    assert "payments.RefundDeclined" in {event.type for event in desk.system.bus}
    desk.system.project("payments")
    report = desk.system.call("GET", "/payments/reconciliation").body
    assert not report["agrees"]
    [difference] = [one for one in report["differences"] if one["order_id"] == order]
    assert (difference["kind"], difference["difference"], difference["amount"]) == (
        "refund_failed",
        "unknown_at_provider",
        1000,
    )
    assert desk.refund(order, 1000, "r1:2")
    assert desk.shown(order)["refunded"] == 1000


def test_money_that_was_moved_by_hand_is_noted_once(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    intent = desk.intent(order)
    desk.server.capture(intent["id"])
    back = desk.server.refund(intent["id"], 700)
    for event in ("evt_a", "evt_a", "evt_b"):
        desk.tell_of("payment_intent.succeeded", desk.intent(order), event)
        desk.tell_of("refund.created", back, f"{event}_r")
    noted = [one["data"] for one in desk.shown(order)["history"] if one["type"].endswith("MovementNoted")]
    assert [(one["kind"], one["amount"]) for one in noted] == [("captured", 5000), ("refunded", 700)]
    assert "captured" not in desk.shown(order)


def test_a_dispute_is_noted_when_it_begins_and_when_it_ends(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    desk.capture(order, 5000)
    dispute = {"id": "du_1", "amount": 5000, "currency": "eur", "payment_intent": desk.intent(order)["id"]}
    begun = dispute | {"status": "needs_response", "reason": "fraudulent"}
    assert desk.outcome(desk.tell_of("charge.dispute.created", begun)) == "noted"
    assert desk.outcome(desk.tell_of("charge.dispute.closed", begun, status="lost")) == "noted"
    noted = [one["data"] for one in desk.shown(order)["history"] if one["type"].endswith("MovementNoted")]
    assert [(one["kind"], one["reason"]) for one in noted] == [
        ("disputed", "fraudulent"),
        ("dispute_closed", "lost"),
    ]


def test_a_hold_that_stripe_lets_expire_is_asked_for_again_and_one_let_go_by_hand_is_noted(desk: Desk) -> None:
    expired = desk.authorized(desk.server.kept_card())
    desk.server.cancel(desk.intent(expired)["id"])
    desk.tell_of("payment_intent.canceled", desk.intent(expired), cancellation_reason="automatic")
    assert desk.happened(expired)[-3:] == ["AuthorizationExpired", "AuthorizationReleased", "ReauthorizationAsked"]
    by_hand = desk.authorized(desk.server.card())
    desk.server.cancel(desk.intent(by_hand)["id"])
    desk.tell_of("payment_intent.canceled", desk.intent(by_hand), cancellation_reason="requested_by_customer")
    assert desk.happened(by_hand)[-1] == "MovementNoted"
    ours = desk.authorized(desk.server.card())
    desk.void(ours)
    assert desk.outcome(desk.tell_of("payment_intent.canceled", desk.intent(ours))) == "known"


def test_a_worker_that_dies_at_any_call_leaves_nothing_undone_or_done_twice(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    desk.server.capture(desk.intent(order)["id"])
    shown = desk.intent(order)
    deaths = 0
    for call in range(1, 12):
        with suppress(Died), at_moment(aws.dynamodb(), call, die):
            assert desk.tell_of("payment_intent.succeeded", shown, "evt_fatal").status == 200
            break
        deaths += 1
    assert 2 < deaths < 11
    assert desk.happened(order).count("MovementNoted") == 1


def test_two_workers_that_hear_the_same_note_it_once(desk: Desk) -> None:
    order = desk.authorized(desk.server.card())
    desk.server.capture(desk.intent(order)["id"])
    shown = desk.intent(order)

    def other() -> None:
        desk.tell_of("payment_intent.succeeded", shown, "evt_same")

    before_the_write = 3
    with at_moment(aws.dynamodb(), before_the_write, other):
        desk.tell_of("payment_intent.succeeded", shown, "evt_same")
    assert desk.happened(order).count("MovementNoted") == 1


def test_where_the_sandbox_is_asked_there_is_no_such_webhook() -> None:
    with landscape() as deployed:
        assert deployed.call("POST", "/payments/webhooks/stripe", {"id": "evt_1"}).status == 404
