"""Captures, refunds and renewals through their Lambdas: asked by messages, by people and by the clock."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments import providers
from payments.domain import PAYMENTS, Payment, due
from payments.provider import ProviderUnavailable
from payments.sandbox import Sandbox
from shared import aws, clock, codec
from shared.envelope import CloudEvent
from tests.simulation.dynamodb import Database
from tests.support.deliveries import bus_event
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, Landscape, landscape
from tests.unit.payments.payments_cloud import new_order

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CAPTURES = "orders.CaptureRequested"
REFUNDS = "orders.RefundRequested"


class Till:
    """The payments service, with a clock that only this till moves."""

    def __init__(self, system: Landscape) -> None:
        self.system = system
        self.now = START

    def authorized(self, method: str = "tok_accepted", amount: int = 5000) -> str:
        order = new_order()
        data = {"order_id": order, "amount": amount, "currency": "EUR", "method": method}
        self.tell(order, "orders.PaymentAuthorizationRequested", data, "authorization")
        return order

    def capture(self, order: str, amount: int, capture_id: str = "d1", receives: int = 1) -> bool:
        """Ask for a capture by a message; whether the message is done with."""
        data = {"order_id": order, "capture_id": capture_id, "amount": amount, "currency": "EUR"}
        return self.tell(order, CAPTURES, data, receives=receives)

    def refund(self, order: str, amount: int, refund_id: str = "r1") -> bool:
        data = {"order_id": order, "refund_id": refund_id, "amount": amount, "reason": "goods returned"}
        return self.tell(order, REFUNDS, data)

    def renew(self, order: str, method: str | None = None) -> bool:
        data = {"order_id": order, "method": method}
        return self.tell(order, "orders.PaymentRenewalRequested", data, "authorization")

    def void(self, order: str) -> bool:
        return self.tell(order, "orders.PaymentVoidRequested", {"order_id": order, "reason": "x"}, "authorization")

    def tell(
        self, order: str, kind: str, data: dict[str, Any], capability: str = "settlement", receives: int = 1
    ) -> bool:
        """Deliver one message, always the same for the same content."""
        message: CloudEvent = bus_event(
            f"Order#{order}@{kind}/{sorted(data.items())}", data, type=kind, subject=f"Order#{order}"
        )
        return self.system.deliver(("payments", capability), message, receives=receives) == []

    def post(self, order: str, what: str, body: dict[str, Any], key: str = "") -> Answer:
        return self.system.call("POST", f"/payments/{order}/{what}", body, key=key or codec.fingerprint(body))

    def shown(self, order: str) -> dict[str, Any]:
        answer = self.system.call("GET", f"/payments/{order}")
        assert answer.status == 200, answer
        body: dict[str, Any] = answer.body
        return body

    def payment(self, order: str) -> Payment:
        return self.system.history("payments").load(PAYMENTS, PAYMENTS.stream_id(order)).state

    def happened(self, order: str) -> list[str]:
        commits = self.system.history("payments").read(PAYMENTS.stream_id(order))
        return [event.type.removeprefix("payments.") for commit in commits for event in commit.events]

    def sweep(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, the projector catch up, and the schedule look."""
        self.system.project("payments")
        self.now += after
        self.system.invoke("payments", "expiry", {})

    def row(self, order: str, number: int = 1) -> dict[str, Any]:
        """What the sandbox knows of one of the order's authorizations."""
        key = f"authorize-{order}" if number == 1 else f"authorize-{number}-{order}"
        item: dict[str, Any] = aws.dynamodb().get_item(TableName="payments-sandbox", Key={"pk": {"S": key}})[
            "Item"
        ]
        return {name: value.get("S") or value.get("N") for name, value in item.items()}


@pytest.fixture
def till() -> Iterator[Till]:
    real = clock._now, clock._sleep
    with landscape(database=Database()) as system:
        till = Till(system)
        clock.use(lambda: till.now, lambda _: None)
        yield till
        clock.use(*real)


def captured_and_refunded(till: Till, order: str) -> tuple[int, int]:
    """What the sandbox has really taken and given back, over all authorizations of the order."""
    rows = [till.row(order, number) for number in range(1, till.payment(order).number + 1)]
    moved = [(name.partition("/")[0], value) for row in rows for name, value in row.items() if "/" in name]
    amounts = {"capture": 0, "refund": 0}
    for kind, text in moved:
        entry = json.loads(text)
        amounts[kind] += entry["amount"] if entry["reference"] else 0
    return amounts["capture"], amounts["refund"]


def test_what_ships_is_captured_and_the_rest_stays_held(till: Till) -> None:
    order = till.authorized()
    assert till.capture(order, 3000)
    shown = till.shown(order)
    assert (shown["held"], shown["left"], shown["captured"], shown["refundable"]) == (2000, 2000, 3000, 3000)
    assert [(one["capture_id"], one["status"], one["amount"]) for one in shown["captures"]] == [
        ("d1", "captured", 3000)
    ]
    assert till.row(order)["left"] == "2000"
    assert till.capture(order, 2000, "d2")
    assert (till.payment(order).held, till.row(order)["money"]) == (0, "taken")


def test_five_deliveries_are_one_capture_and_one_refund(till: Till) -> None:
    order = till.authorized()
    for receives in range(1, 6):
        assert till.capture(order, 5000, receives=receives)
    for _ in range(5):
        assert till.refund(order, 1000)
    assert captured_and_refunded(till, order) == (5000, 1000)
    assert till.happened(order).count("PaymentCaptured") == till.happened(order).count("PaymentRefunded") == 1


def test_a_capture_of_more_than_is_left_is_answered_to_the_order(till: Till) -> None:
    order = till.authorized()
    assert till.capture(order, 5001)
    assert till.happened(order)[-1] == "CaptureDeclined"
    assert till.payment(order).captures["d1"].reason == "exceeds-authorized"
    assert till.refund(order, 1)
    assert till.happened(order)[-1] == "RefundDeclined"


def test_a_capture_that_overtakes_its_authorization_comes_again(till: Till) -> None:
    order = new_order()
    assert not till.capture(order, 1)
    assert till.happened(order) == []


def test_a_capture_with_another_amount_is_a_mistake_and_changes_nothing(till: Till) -> None:
    order = till.authorized()
    assert till.capture(order, 3000)
    assert not till.capture(order, 2999)
    assert captured_and_refunded(till, order) == (3000, 0)


def test_a_decline_at_capture_is_told_and_the_money_stays_held(till: Till) -> None:
    order = till.authorized("tok_capture_declined")
    assert till.capture(order, 3000)
    assert till.happened(order)[-1] == "CaptureDeclined"
    assert (till.payment(order).held, till.payment(order).left) == (5000, 5000)


def test_a_capture_whose_answer_is_lost_is_looked_up_instead_of_made_again(till: Till) -> None:
    order = till.authorized("tok_capture_timeout")
    assert not till.capture(order, 3000)
    assert till.happened(order)[-1] == "CaptureTimedOut"
    assert till.capture(order, 3000, receives=2)
    assert till.happened(order)[-1] == "PaymentCaptured"
    assert captured_and_refunded(till, order) == (3000, 0)


def test_a_refund_whose_answer_is_lost_is_looked_up_instead_of_made_again(till: Till) -> None:
    order = till.authorized("tok_refund_timeout")
    assert till.capture(order, 3000)
    assert not till.refund(order, 500)
    assert till.refund(order, 500)
    assert captured_and_refunded(till, order) == (3000, 500)


def test_a_refund_that_the_provider_refuses_is_told(till: Till) -> None:
    order = till.authorized("tok_refund_declined")
    assert till.capture(order, 3000)
    assert till.refund(order, 500)
    assert till.happened(order)[-1] == "RefundDeclined"
    assert till.shown(order)["refunds"][0]["status"] == "declined"


def test_a_void_after_a_capture_lets_go_of_the_rest_only(till: Till) -> None:
    order = till.authorized()
    assert till.capture(order, 3000)
    assert till.void(order)
    assert (till.payment(order).status, till.row(order)["money"], till.payment(order).captured) == (
        "voided",
        "voided",
        3000,
    )
    assert till.refund(order, 3000)
    assert captured_and_refunded(till, order) == (3000, 3000)


def test_an_authorization_that_expires_is_held_again_by_the_clock(till: Till) -> None:
    order = till.authorized()
    till.sweep(timedelta(days=6))
    assert till.payment(order).number == 1
    till.sweep(timedelta(days=2))
    assert till.happened(order)[-4:] == [
        "AuthorizationExpired",
        "AuthorizationReleased",
        "ReauthorizationAsked",
        "PaymentReauthorized",
    ]
    assert (till.row(order)["money"], till.row(order, 2)["money"]) == ("voided", "held")
    assert till.capture(order, 5000)
    assert till.row(order, 2)["money"] == "taken"
    till.sweep(timedelta(days=30))
    assert till.payment(order).number == 2, "nothing is held any more, so nothing expires"


def test_a_capture_that_finds_the_authorization_expired_holds_the_money_again(till: Till) -> None:
    order = till.authorized("tok_expires")
    assert till.capture(order, 3000)
    assert till.payment(order).number == 2
    assert captured_and_refunded(till, order) == (3000, 0)
    assert till.payment(order).held == 2000


def test_a_renewal_that_is_declined_declines_the_capture(till: Till) -> None:
    order = till.authorized("tok_expires_then_declined")
    assert till.capture(order, 3000)
    assert till.happened(order)[-2:] == ["ReauthorizationDeclined", "CaptureDeclined"]
    assert till.payment(order).status == "lapsed"
    assert till.capture(order, 1, "d2")
    assert till.payment(order).captures["d2"].reason == "insufficient_funds"


def test_what_has_lapsed_is_taken_by_another_means_of_payment(till: Till) -> None:
    order = till.authorized("tok_expires_then_declined")
    till.sweep(timedelta(hours=1))
    assert till.payment(order).status == "lapsed"
    assert till.renew(order)
    assert (till.payment(order).status, till.payment(order).number) == ("lapsed", 3)
    for _ in range(2):
        assert till.renew(order, "tok_accepted")
    assert till.happened(order)[-2:] == ["ReauthorizationAsked", "PaymentReauthorized"]
    assert (till.payment(order).held, till.row(order, 4)["money"]) == (5000, "held")
    assert till.capture(order, 3000)
    assert captured_and_refunded(till, order) == (3000, 0)
    assert till.refund(order, 1000)
    assert till.void(order)
    assert (till.payment(order).status, till.row(order, 4)["money"]) == ("voided", "voided")


def test_wherever_a_worker_dies_what_has_lapsed_is_held_again_once(till: Till) -> None:
    for moment in range(20):
        order = till.authorized("tok_expires_then_declined")
        till.sweep(timedelta(hours=1))
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            till.renew(order, "tok_accepted")
        assert till.renew(order, "tok_accepted")
        assert (till.payment(order).number, till.payment(order).held) == (3, 5000)
        if moment >= len(passed):
            break
    assert moment >= 3


def test_what_a_provider_lets_go_of_is_held_again_for_the_next_shipment(till: Till) -> None:
    order = till.authorized("tok_releases_rest")
    assert till.capture(order, 3000)
    assert (till.payment(order).held, till.row(order)["money"]) == (0, "released")
    assert till.capture(order, 1500, "d2")
    assert captured_and_refunded(till, order) == (4500, 0)
    assert till.refund(order, 3500)
    assert till.shown(order)["refunds"][0]["references"] == [
        share.reference for share in till.payment(order).refunds["r1"].shares
    ]
    assert captured_and_refunded(till, order) == (4500, 3500)


# --- people ---


def test_a_person_captures_and_refunds(till: Till) -> None:
    order = till.authorized()
    captured = till.post(order, "captures", {"capture_id": "d1", "amount": 3000, "currency": "EUR"})
    assert (captured.status, captured.body["status"]) == (202, "captured")
    again = till.post(order, "captures", {"capture_id": "d1", "amount": 3000, "currency": "EUR"})
    assert again.body == captured.body
    other_key = till.post(order, "captures", {"capture_id": "d1", "amount": 3000, "currency": "EUR"}, key="other")
    assert other_key.body == captured.body
    back = {"refund_id": "r1", "amount": 500, "currency": "EUR", "reason": "scratched"}
    refunded = till.post(order, "refunds", back)
    assert (refunded.status, refunded.body["status"], refunded.body["refunded"]) == (202, "refunded", 500)
    assert captured_and_refunded(till, order) == (3000, 500)


@pytest.mark.parametrize(
    ("what", "body", "status", "problem"),
    [
        ("captures", {"capture_id": "d1", "amount": 5001, "currency": "EUR"}, 409, "exceeds-authorized"),
        ("captures", {"capture_id": "d1", "amount": 1, "currency": "USD"}, 409, "currency-differs"),
        ("captures", {"capture_id": "d1", "amount": 0, "currency": "EUR"}, 422, "invalid-field"),
        ("captures", {"capture_id": "d 1", "amount": 1, "currency": "EUR"}, 422, "invalid-field"),
        ("refunds", {"refund_id": "r1", "amount": 1, "currency": "EUR", "reason": "x"}, 409, "exceeds-captured"),
        ("refunds", {"refund_id": "r1", "amount": 1, "currency": "USD", "reason": "x"}, 409, "currency-differs"),
    ],
)
def test_what_a_person_may_not_do_is_refused(
    till: Till, what: str, body: dict[str, Any], status: int, problem: str
) -> None:
    order = till.authorized()
    answer = till.post(order, what, body)
    assert (answer.status, answer.problem) == (status, problem)
    assert captured_and_refunded(till, order) == (0, 0)


def test_a_capture_for_an_order_without_a_payment_is_not_found(till: Till) -> None:
    body = {"capture_id": "d1", "amount": 1, "currency": "EUR"}
    assert till.post(new_order(), "captures", body).status == 404


def test_a_capture_without_an_answer_is_accepted_and_finished_by_the_clock(till: Till) -> None:
    order = till.authorized("tok_capture_timeout")
    answer = till.post(order, "captures", {"capture_id": "d1", "amount": 3000, "currency": "EUR"})
    assert (answer.status, answer.body["status"]) == (202, "asked")
    till.sweep(timedelta(minutes=1))
    assert till.shown(order)["captures"][0]["status"] == "asked"
    till.sweep(timedelta(minutes=2))
    assert till.shown(order)["captures"][0]["status"] == "captured"
    assert captured_and_refunded(till, order) == (3000, 0)


# --- while the provider is away ---


class Outage:
    """A provider that does not answer while it is away. Counts what it is asked."""

    def __init__(self) -> None:
        self.away = True
        self.asked = 0

    def __getattr__(self, question: str) -> Callable[..., Any]:
        def ask(*about: object) -> Any:
            self.asked += 1
            if self.away:
                raise ProviderUnavailable("connection refused")
            return getattr(Sandbox(aws.dynamodb(), "payments-sandbox"), question)(*about)

        return ask


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    away = Outage()
    monkeypatch.setattr(providers, "adapter", lambda: (away, providers.SANDBOX))
    return away


def test_an_outage_parks_orders_and_fails_none(till: Till, outage: Outage) -> None:
    outage.away = False
    shipped = [till.authorized() for _ in range(3)]
    outage.away, outage.asked = True, 0
    placed = [new_order() for _ in range(20)]

    def ask_for_all() -> list[bool]:
        answers = [till.capture(order, 3000) for order in shipped]
        for order in placed:
            data = {"order_id": order, "amount": 5000, "currency": "EUR", "method": "tok_accepted"}
            answers.append(till.tell(order, "orders.PaymentAuthorizationRequested", data, "authorization"))
        return answers

    assert not any(ask_for_all()[:3]), "while somebody asks, messages come again"
    for _ in range(9):
        done = ask_for_all()
        till.now += timedelta(seconds=1)
    assert all(done), "an outage sends nothing to the dead letters: what is due is found by the clock"
    assert {till.payment(order).is_parked for order in placed} == {True}
    assert outage.asked == providers.SANDBOX.failures, "an open circuit keeps everybody away"
    assert {till.payment(order).status for order in placed} == {"requested"}
    assert {till.payment(order).attempts for order in placed} == {0}, "not being asked is no failed attempt"
    answer = till.post(shipped[0], "captures", {"capture_id": "d2", "amount": 1, "currency": "EUR"})
    assert (answer.status, answer.body["status"]) == (202, "asked")
    for _ in range(5):
        till.sweep(timedelta(minutes=1))
    assert outage.asked <= providers.SANDBOX.failures + 5, "one tries at a time"
    outage.away = False
    till.sweep(timedelta(minutes=6))
    till.sweep(timedelta(minutes=1))
    assert {till.payment(order).status for order in placed} == {"authorized"}
    assert [captured_and_refunded(till, order)[0] for order in shipped] == [3001, 3000, 3000]
    assert all(ask_for_all()), "the messages find their work done"


# --- death at any moment ---


def renewed(till: Till) -> str:
    order = till.authorized()
    till.now += timedelta(days=8)
    return order


DEATHS: dict[str, tuple[Callable[[Till], str], Callable[[Till, str], object], tuple[int, int]]] = {
    "capture": (lambda till: till.authorized(), lambda till, order: till.capture(order, 3000), (3000, 0)),
    "capture by a lost answer": (
        lambda till: till.authorized("tok_capture_timeout"),
        lambda till, order: till.capture(order, 3000),
        (3000, 0),
    ),
    "capture of what has expired": (
        lambda till: till.authorized("tok_expires"),
        lambda till, order: till.capture(order, 3000),
        (3000, 0),
    ),
    "capture after eight days": (renewed, lambda till, order: till.capture(order, 3000), (3000, 0)),
    "capture by a person": (
        lambda till: till.authorized(),
        lambda till, order: till.post(order, "captures", {"capture_id": "d1", "amount": 3000, "currency": "EUR"}),
        (3000, 0),
    ),
    "refund": (
        lambda till: _with_capture(till, "tok_accepted"),
        lambda till, order: till.refund(order, 1000),
        (3000, 1000),
    ),
    "refund by a lost answer": (
        lambda till: _with_capture(till, "tok_refund_timeout"),
        lambda till, order: till.refund(order, 1000),
        (3000, 1000),
    ),
}


def _with_capture(till: Till, method: str) -> str:
    order = till.authorized(method)
    till.capture(order, 3000)
    return order


@pytest.mark.parametrize("what", DEATHS)
@pytest.mark.parametrize("by_clock", [False, True], ids=["delivered again", "taken up by the clock"])
def test_a_worker_may_die_at_any_moment_and_money_moves_once(till: Till, what: str, by_clock: bool) -> None:
    begin, act, moved = DEATHS[what]
    order = begin(till)
    with at_moment(aws.dynamodb(), -1, die) as moments:
        act(till, order)
    assert len(moments) >= 4
    for moment in range(len(moments)):
        order = begin(till)
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            act(till, order)
        begun = due(till.payment(order)) is not None
        if by_clock and begun:
            till.sweep(timedelta(minutes=3))
            till.sweep(timedelta(minutes=3))
        else:
            for _ in range(3):
                act(till, order)
        if begun or not by_clock:
            assert due(till.payment(order)) is None
            assert captured_and_refunded(till, order) == moved


def test_two_workers_with_one_capture_at_any_moment_take_the_money_once(till: Till) -> None:
    order = till.authorized("tok_expires")
    with at_moment(aws.dynamodb(), -1, die) as moments:
        till.capture(order, 3000)
    for moment in range(len(moments)):
        order = till.authorized("tok_expires")
        other: list[bool] = []
        meanwhile = lambda order=order, other=other: other.append(till.capture(order, 3000))  # noqa: E731
        with at_moment(aws.dynamodb(), moment, meanwhile):
            till.capture(order, 3000)
        till.capture(order, 3000)
        assert captured_and_refunded(till, order) == (3000, 0)
        assert due(till.payment(order)) is None
