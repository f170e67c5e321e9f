"""Stripe behind the port, over real HTTP: what is asked, asked again, lost on the way, and refused."""

from collections.abc import Iterator
from dataclasses import replace as replaced

import pytest
from msgspec.structs import replace

from infra.app import SYSTEM, payments
from infra.declaration import System
from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    KeyReused,
    Lapsed,
    ProviderTimeout,
    ProviderUnavailable,
    Refunded,
    authorization_key,
    capture_key,
    refund_key,
    void_key,
)
from payments.stripe import Stripe, connect
from shared import aws, codec
from shared.money import Money
from tests.support.lambda_process import lambda_process
from tests.support.landscape import landscape
from tests.support.local_stripe import AUTHENTICATED, DECLINED, KEY, Line, LocalStripe, local_stripe
from tests.unit.payments.payments_cloud import new_order
from tests.unit.payments.test_settlement import Till

FIFTY = Money(5000, "EUR")


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
def stripe(line: Line) -> Stripe:
    return Stripe(connect(KEY, line.url))


def hold(card: str, number: int = 1) -> Hold:
    order = new_order()
    return Hold(authorization_key(order, number), order, FIFTY, card)


def held(stripe: Stripe, asked: Hold) -> Hold:
    """The hold once its money is held."""
    answer = stripe.authorize(asked)
    assert isinstance(answer, Authorized), answer
    return replace(asked, reference=answer.authorization)


def capture(asked: Hold, of: str = "d1") -> str:
    return capture_key(asked.order_id, of)


def statuses(server: LocalStripe, asked: Hold) -> list[str]:
    return [str(intent["status"]) for intent in server.intents(asked.order_id)]


def test_an_amount_is_held_once_however_often_it_is_asked_for(stripe: Stripe, server: LocalStripe) -> None:
    asked = hold(server.card())
    first = stripe.authorize(asked)
    assert isinstance(first, Authorized)
    assert first.expires_at > "2026"
    assert stripe.authorize(asked) == first
    [intent] = server.intents(asked.order_id)
    assert (intent["id"], intent["status"], intent["amount"]) == (first.authorization, "requires_capture", 5000)


@pytest.mark.parametrize(
    ("card", "reason"), [(DECLINED, "generic_decline"), (AUTHENTICATED, "authentication_required")]
)
def test_a_refused_card_is_a_decline_that_stays(
    stripe: Stripe, server: LocalStripe, card: str, reason: str
) -> None:
    asked = hold(server.card(card))
    assert stripe.authorize(asked) == Declined(reason)
    assert isinstance(stripe.authorize(asked), Declined)
    assert "requires_capture" not in statuses(server, asked)


def test_a_payment_method_that_stripe_does_not_know_is_a_decline(stripe: Stripe, server: LocalStripe) -> None:
    asked = hold("pm_unheard_of")
    refused = stripe.authorize(asked)
    assert isinstance(refused, Declined)
    assert stripe.authorize(asked) == refused
    stripe.void(void_key(asked.order_id), asked)
    assert server.intents(asked.order_id) == []


def test_part_of_it_is_captured_once_and_the_rest_let_go(stripe: Stripe, server: LocalStripe) -> None:
    asked = held(stripe, hold(server.card()))
    assert stripe.find_capture(capture(asked), asked) is None
    taken = stripe.capture(capture(asked), asked, Money(3000, "EUR"))
    assert isinstance(taken, Captured)
    assert not taken.holds_rest
    assert stripe.capture(capture(asked), asked, Money(3000, "EUR")) == taken
    assert stripe.find_capture(capture(asked), asked) == taken
    assert stripe.find_capture(capture(asked, "d2"), asked) is None
    assert stripe.capture(capture(asked, "d2"), asked, Money(2000, "EUR")) == Declined("captured_otherwise")
    assert [intent["amount_received"] for intent in server.intents(asked.order_id)] == [3000]


def test_money_goes_back_in_parts_and_never_more_than_was_taken(stripe: Stripe, server: LocalStripe) -> None:
    asked = held(stripe, hold(server.card()))
    stripe.capture(capture(asked), asked, Money(3000, "EUR"))
    keys = [refund_key(asked.order_id, f"r{number}") for number in range(3)]
    first = stripe.refund(keys[0], asked, Money(1000, "EUR"))
    assert isinstance(first, Refunded)
    assert stripe.refund(keys[0], asked, Money(1000, "EUR")) == first
    assert isinstance(stripe.refund(keys[1], asked, Money(2000, "EUR")), Refunded)
    assert stripe.refund(keys[2], asked, Money(1, "EUR")) == Declined("charge_already_refunded")
    assert stripe.find_refund(keys[0], asked) == first
    assert stripe.find_refund(keys[2], asked) is None
    assert sorted(refund["amount"] for refund in server.refunds(asked.reference)) == [1000, 2000]


def test_a_void_lets_go_of_what_is_held(stripe: Stripe, server: LocalStripe) -> None:
    asked = held(stripe, hold(server.card()))
    for _ in range(2):
        stripe.void(void_key(asked.order_id), asked)
    assert statuses(server, asked) == ["canceled"]
    assert stripe.capture(capture(asked), asked, FIFTY) == Lapsed()


def test_after_a_void_a_slower_authorization_holds_nothing(stripe: Stripe, server: LocalStripe) -> None:
    asked = hold(server.card())
    stripe.void(void_key(asked.order_id), asked)
    assert stripe.authorize(asked) == Declined("authorization_voided")
    assert statuses(server, asked) == ["canceled"]


def test_a_void_leaves_alone_what_was_captured(stripe: Stripe, server: LocalStripe) -> None:
    asked = held(stripe, hold(server.card()))
    stripe.capture(capture(asked), asked, FIFTY)
    stripe.void(void_key(asked.order_id), asked)
    assert statuses(server, asked) == ["succeeded"]


@pytest.mark.parametrize("lost", ["payment_intents HTTP", "/confirm"])
def test_an_authorization_whose_answer_is_lost_is_found_not_made_again(
    stripe: Stripe, server: LocalStripe, line: Line, lost: str
) -> None:
    asked = hold(server.card())
    line.cut_at(lost)
    with pytest.raises(ProviderTimeout):
        stripe.authorize(asked)
    assert line.cuts == 1
    assert isinstance(stripe.authorize(asked), Authorized)
    assert statuses(server, asked) == ["requires_capture"]


def test_an_authorization_is_found_when_its_key_is_forgotten(
    stripe: Stripe, server: LocalStripe, line: Line
) -> None:
    asked = hold(server.card())
    assert stripe.find_authorization(asked) is None
    line.cut_at("/confirm")
    with pytest.raises(ProviderTimeout):
        stripe.authorize(asked)
    [intent] = server.intents(asked.order_id)
    found = stripe.find_authorization(asked)
    assert isinstance(found, Authorized)
    assert found.authorization == intent["id"]


def test_a_capture_and_a_refund_whose_answers_are_lost_are_found(
    stripe: Stripe, server: LocalStripe, line: Line
) -> None:
    asked = held(stripe, hold(server.card()))
    line.cut_at("/capture")
    with pytest.raises(ProviderTimeout):
        stripe.capture(capture(asked), asked, FIFTY)
    assert isinstance(stripe.find_capture(capture(asked), asked), Captured)
    back = refund_key(asked.order_id, "r1")
    line.cut_at("/refunds")
    with pytest.raises(ProviderTimeout):
        stripe.refund(back, asked, FIFTY)
    assert isinstance(stripe.find_refund(back, asked), Refunded)
    assert [refund["amount"] for refund in server.refunds(asked.reference)] == [5000]
    assert line.cuts == 2


def test_a_void_whose_answer_is_lost_is_made_again_without_harm(
    stripe: Stripe, server: LocalStripe, line: Line
) -> None:
    asked = held(stripe, hold(server.card()))
    line.cut_at("/cancel")
    with pytest.raises(ProviderTimeout):
        stripe.void(void_key(asked.order_id), asked)
    stripe.void(void_key(asked.order_id), asked)
    assert statuses(server, asked) == ["canceled"]


def test_an_intent_that_was_cancelled_at_stripe_has_lapsed(stripe: Stripe, server: LocalStripe) -> None:
    asked = held(stripe, hold(server.card()))
    server.cancel(asked.reference)
    assert stripe.capture(capture(asked), asked, FIFTY) == Lapsed()


def test_one_key_is_for_one_request(stripe: Stripe, server: LocalStripe) -> None:
    asked = hold(server.card())
    stripe.authorize(asked)
    with pytest.raises(KeyReused):
        stripe.authorize(replace(asked, amount=Money(1, "EUR")))


def test_who_does_not_answer_the_telephone_has_done_nothing(server: LocalStripe) -> None:
    closed = Line(server.url)
    url = closed.url
    closed.close()
    with pytest.raises(ProviderUnavailable):
        Stripe(connect(KEY, url)).authorize(hold(server.card()))


def test_a_wrong_key_of_the_api_makes_orders_wait(server: LocalStripe) -> None:
    with lambda_process("payments", "authorization", log_level="CRITICAL"), pytest.raises(ProviderUnavailable):
        Stripe(connect("wrong", server.url)).authorize(hold(server.card()))


def system(url: str) -> System:
    """The system as it is deployed for Stripe, which answers at `url`."""
    service = payments("stripe")
    asking = (
        replaced(one, environment={**one.environment, "STRIPE_URL": url}) if one.environment else one
        for one in service.capabilities
    )
    stripe_payments = replaced(service, capabilities=tuple(asking))
    services = tuple(stripe_payments if one.name == "payments" else one for one in SYSTEM.services)
    return replaced(SYSTEM, services=services)


@pytest.fixture
def till(line: Line) -> Iterator[Till]:
    with landscape(system(line.url)) as deployed:
        kept = codec.to_json({"api_key": KEY}).decode()
        aws.secretsmanager().create_secret(Name="stowage/payments/stripe", SecretString=kept)
        yield Till(deployed)


def test_an_order_that_ships_in_two_parts_is_paid_once_though_every_answer_is_lost_once(
    till: Till, server: LocalStripe, line: Line
) -> None:
    line.cut_at("/confirm")
    order = till.authorized(server.kept_card())
    line.cut_at("/capture", times=2)
    assert not till.capture(order, 3000)
    assert till.capture(order, 3000)
    line.cut_at("/confirm")
    assert till.capture(order, 2000, "d2")
    line.cut_at("/refunds", times=2)
    assert not till.refund(order, 3500)
    assert till.refund(order, 3500)
    assert line.cuts == 6
    shown = till.shown(order)
    assert (shown["captured"], shown["refunded"], shown["status"]) == (5000, 3500, "authorized")
    intents = server.intents(order)
    assert sorted((one["status"], one["amount_received"]) for one in intents) == [
        ("succeeded", 2000),
        ("succeeded", 3000),
    ]
    back = [refund["amount"] for one in intents for refund in server.refunds(one["id"])]
    assert sorted(back) == [500, 3000]


def test_a_declined_card_and_a_cancelled_order_leave_nothing_held(till: Till, server: LocalStripe) -> None:
    declined = till.authorized(server.card(DECLINED))
    assert till.shown(declined)["status"] == "declined"
    order = till.authorized(server.card())
    assert till.void(order)
    assert till.shown(order)["status"] == "voided"
    assert [one["status"] for one in server.intents(order)] == ["canceled"]
