"""The authorization Lambda: duplicates, lost answers, overtaking, and death between any two of its calls."""

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments import authorization, conversation, expiry, providers
from payments.domain import PATIENCE, PAYMENTS
from payments.provider import Hold, ProviderTimeout
from payments.sandbox import Sandbox
from shared import aws, clock, codec
from shared.envelope import CloudEvent, CloudEvents
from shared.environment import MisconfiguredError
from shared.money import Money
from tests.support.deliveries import failed, queue_batch
from tests.support.faults import Died, at_moment, die
from tests.support.lambda_process import lambda_process
from tests.unit.payments.payments_cloud import (
    LEDGER,
    PaymentsCloud,
    new_order,
    requested,
    void_requested,
)

METHODS = ["tok_accepted", "tok_declined", "tok_timeout_once", "tok_timeout_always"]
CONCLUSIONS = ("PaymentAuthorized", "PaymentDeclined", "PaymentDelayed")


def assert_settled(cloud: PaymentsCloud, order_id: str, *, voided: bool) -> None:
    """One authorization at most, one answer at most, and no money held where it must not be."""
    happened = cloud.happened(order_id)
    assert sum(name in CONCLUSIONS for name in happened) <= 1
    assert happened.count("PaymentVoided") == voided
    status = cloud.payment(order_id).status
    if voided:
        assert status == "voided"
        assert not cloud.holds(order_id)
    else:
        assert status in ("authorized", "declined", "requested")
        assert cloud.holds(order_id) == (status != "declined")


def test_an_accepted_card_is_authorized_with_one_call_and_two_writes(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(requested(order)) == []
    assert cloud.happened(order) == ["AuthorizationAsked", "PaymentAuthorized"]
    assert cloud.commits(order) == 2
    row = cloud.ledger(order)["authorize"]
    assert (row.calls, row.money) == (1, "held")
    assert cloud.payment(order).authorization == row.authorization


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_from_nowhere", "unknown_token"),
    ],
)
def test_a_declined_card_holds_nothing(cloud: PaymentsCloud, method: str, reason: str) -> None:
    order = new_order()
    assert cloud.deliver(requested(order, method)) == []
    assert cloud.happened(order) == ["AuthorizationAsked", "PaymentDeclined"]
    assert cloud.payment(order).reason == reason
    assert not cloud.holds(order)


def test_five_deliveries_are_one_authorization(cloud: PaymentsCloud) -> None:
    order = new_order()
    for receives in range(1, 6):
        assert cloud.deliver(requested(order), receives=receives) == []
    assert cloud.happened(order) == ["AuthorizationAsked", "PaymentAuthorized"]
    assert cloud.ledger(order)["authorize"].calls == 1


def test_five_copies_in_one_batch_are_one_authorization(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(*[requested(order)] * 5) == []
    assert cloud.commits(order) == 2
    assert cloud.ledger(order)["authorize"].calls == 1


def test_requests_that_share_a_message_come_again_together_and_each_is_one_authorization(
    cloud: PaymentsCloud,
) -> None:
    orders = [new_order() for _ in range(4)]
    methods = ["tok_accepted", "tok_timeout_once", "tok_declined", "tok_accepted"]
    events = [requested(order, method) for order, method in zip(orders, methods, strict=True)]
    message = queue_batch(codec.to_json(CloudEvents(tuple(events))).decode())
    assert failed(authorization.handler(message, None)) == ["m0"], "one of them got no answer"
    assert failed(authorization.handler(message, None)) == []
    assert [cloud.happened(order)[-1] for order in orders] == [
        "PaymentAuthorized",
        "PaymentAuthorized",
        "PaymentDeclined",
        "PaymentAuthorized",
    ]
    assert [cloud.ledger(order)["authorize"].calls for order in orders] == [1, 2, 1, 1]
    for order in orders:
        assert_settled(cloud, order, voided=False)


def test_an_order_that_asks_again_after_its_answer_is_not_authorized_again(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(requested(order), requested(order, attempt=2)) == []
    assert cloud.happened(order) == ["AuthorizationAsked", "PaymentAuthorized"]
    assert cloud.ledger(order)["authorize"].calls == 1


def test_five_deliveries_of_a_void_are_one_void(cloud: PaymentsCloud) -> None:
    order = new_order()
    cloud.drain(requested(order), *[void_requested(order)] * 5)
    assert cloud.happened(order) == ["AuthorizationAsked", "PaymentAuthorized", "VoidAsked", "PaymentVoided"]
    assert cloud.ledger(order)["void"].calls == 1
    assert not cloud.holds(order)


def test_a_lost_answer_fails_the_message_and_the_next_delivery_learns_it(cloud: PaymentsCloud) -> None:
    order = new_order()
    message = requested(order, "tok_timeout_once")
    assert cloud.deliver(message) == [message]
    assert cloud.holds(order), "the first call did authorize"
    assert cloud.deliver(message, receives=2) == []
    assert cloud.happened(order) == ["AuthorizationAsked", "AuthorizationTimedOut", "PaymentAuthorized"]
    assert cloud.ledger(order)["authorize"].calls == 2
    assert cloud.payment(order).attempts == 2


def test_a_provider_that_never_answers_parks_the_payment_and_its_message_is_done(cloud: PaymentsCloud) -> None:
    order = new_order()
    message = requested(order, "tok_timeout_always")
    for attempt in range(1, PATIENCE):
        assert cloud.deliver(message, receives=attempt) == [message]
    assert cloud.deliver(message, receives=PATIENCE) == []
    parked = ["AuthorizationAsked", *["AuthorizationTimedOut"] * PATIENCE, "PaymentDelayed"]
    assert cloud.happened(order) == parked
    assert cloud.holds(order), "which nobody here can know"
    assert cloud.payment(order).is_parked
    assert cloud.deliver(requested(order, "tok_timeout_always", attempt=2)) == [], "an hour later, by the order"
    assert cloud.happened(order) == [*parked, "AuthorizationTimedOut"]
    assert cloud.ledger(order)["authorize"].calls == PATIENCE, "the next time it is looked up first"
    cloud.drain(void_requested(order))
    assert_settled(cloud, order, voided=True)
    assert cloud.ledger(order)["void"].calls == 1
    assert cloud.keys(order) == {f"authorize-{order}", f"void-{order}"}, "no call with a new key, ever"


def test_a_void_between_two_attempts_ends_them(cloud: PaymentsCloud) -> None:
    order = new_order()
    message = requested(order, "tok_timeout_always")
    assert cloud.deliver(message) == [message]
    assert cloud.deliver(void_requested(order)) == []
    assert cloud.deliver(message, receives=2) == []
    assert cloud.ledger(order)["authorize"].calls == 1
    assert_settled(cloud, order, voided=True)


def test_a_void_that_overtakes_its_request_keeps_the_provider_out_of_it(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(void_requested(order), requested(order)) == []
    assert cloud.happened(order) == ["VoidAsked", "PaymentVoided"]
    assert cloud.ledger(order) == {}


def test_a_declined_payment_is_voided_without_the_provider(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(requested(order, "tok_declined"), void_requested(order)) == []
    assert "void" not in cloud.ledger(order)
    assert_settled(cloud, order, voided=True)


def test_a_request_with_another_amount_fails_and_changes_nothing(cloud: PaymentsCloud) -> None:
    order = new_order()
    assert cloud.deliver(requested(order)) == []
    other = requested(order, attempt=2, amount=1)
    assert cloud.deliver(other) == [other]
    assert cloud.commits(order) == 2
    assert cloud.ledger(order)["authorize"].calls == 1


def test_one_bad_message_leaves_the_rest_of_its_batch_alone(cloud: PaymentsCloud) -> None:
    good, bad = new_order(), requested("no order id")
    assert cloud.deliver(bad, requested(good)) == [bad]
    assert cloud.payment(good).status == "authorized"


def passed_moments(cloud: PaymentsCloud, *earlier: CloudEvent, message: CloudEvent) -> int:
    """How many moments the delivery of `message` has when nobody disturbs it."""
    cloud.drain(requested(new_order()))  # an answer: no failures are left to be forgiven
    for one in earlier:
        cloud.deliver(one)
    with at_moment(aws.dynamodb(), -1, die) as passed:
        cloud.deliver(message)
    return len(passed)


def deliver_meanwhile(cloud: PaymentsCloud, message: CloudEvent, failed: list[CloudEvent]) -> None:
    """Another worker handles `message` from its beginning to its end."""
    failed.extend(cloud.deliver(message))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("then_void", [False, True])
def test_a_worker_may_die_at_any_moment_of_an_authorization(
    cloud: PaymentsCloud, method: str, then_void: bool
) -> None:
    moments = passed_moments(cloud, message=requested(new_order(), method))
    assert moments >= 4
    for moment in range(moments):
        order = new_order()
        message = requested(order, method)
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            cloud.deliver(message)
        if then_void:
            cloud.drain(void_requested(order))
        cloud.drain(message)
        assert_settled(cloud, order, voided=then_void)


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_may_die_at_any_moment_of_a_void(cloud: PaymentsCloud, method: str) -> None:
    sample = new_order()
    moments = passed_moments(cloud, requested(sample, method), message=void_requested(sample))
    for moment in range(moments):
        order = new_order()
        cloud.deliver(requested(order, method))
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            cloud.deliver(void_requested(order))
        cloud.drain(requested(order, method), void_requested(order))
        assert_settled(cloud, order, voided=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_void_may_overtake_an_authorization_at_any_moment(cloud: PaymentsCloud, method: str) -> None:
    moments = passed_moments(cloud, message=requested(new_order(), method))
    for moment in range(moments):
        order = new_order()
        message, void = requested(order, method), void_requested(order)
        failed: list[CloudEvent] = []
        with at_moment(aws.dynamodb(), moment, partial(deliver_meanwhile, cloud, void, failed)):
            failed.extend(cloud.deliver(message))
        cloud.drain(*failed)
        assert_settled(cloud, order, voided=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_second_worker_may_do_the_same_at_any_moment(cloud: PaymentsCloud, method: str, attempt: int) -> None:
    moments = passed_moments(cloud, message=requested(new_order(), method))
    for moment in range(moments):
        order = new_order()
        message, other = requested(order, method), requested(order, method, attempt=attempt)
        failed: list[CloudEvent] = []
        with at_moment(aws.dynamodb(), moment, partial(deliver_meanwhile, cloud, other, failed)):
            failed.extend(cloud.deliver(message))
        cloud.drain(*failed)
        assert_settled(cloud, order, voided=False)


Delivery = tuple[int, int, str]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    deliveries=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-1, 9), st.sampled_from(["dies", "is preempted"])), max_size=6
    ),
    preempting=st.integers(0, 3),
)
def test_no_order_of_deliveries_and_deaths_holds_money_twice_or_too_long(
    cloud: PaymentsCloud, method: str, deliveries: Sequence[Delivery], preempting: int
) -> None:
    order = new_order()
    messages = [
        requested(order, method),
        requested(order, method, attempt=2),
        void_requested(order),
        void_requested(order, attempt=2),
    ]
    for chosen, moment, fate in deliveries:
        meanwhile = partial(deliver_meanwhile, cloud, messages[preempting], [])
        happens = die if fate == "dies" else meanwhile
        try:
            with at_moment(aws.dynamodb(), moment, happens):
                cloud.deliver(messages[chosen])
        except Died:
            pass
    cloud.drain(*messages)
    assert_settled(cloud, order, voided=True)


class LosingVoids(Sandbox):
    """A connection to the provider that loses the answers to the first voids."""

    losses = 7

    def void(self, key: str, hold: Hold) -> None:
        super().void(key, hold)
        self.losses -= 1
        if self.losses >= 0:
            raise ProviderTimeout(key)


def test_a_void_whose_answer_is_lost_is_asked_again_until_it_is_done(
    cloud: PaymentsCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = new_order()
    cloud.drain(requested(order))
    lossy = LosingVoids(aws.dynamodb(), LEDGER)
    monkeypatch.setattr(conversation, "provider", lambda: lossy)
    cloud.drain(void_requested(order))
    assert cloud.happened(order)[2:] == ["VoidAsked", *["VoidTimedOut"] * PATIENCE], "its message is done"
    for _ in range(3):
        expiry.take_up(PAYMENTS.stream_id(order), clock.iso(clock.now()))
    assert cloud.happened(order)[2:] == ["VoidAsked", *["VoidTimedOut"] * 7, "PaymentVoided"]
    assert_settled(cloud, order, voided=True)
    assert cloud.ledger(order)["void"].calls == 8


def test_a_key_that_was_used_otherwise_fails_the_message(cloud: PaymentsCloud) -> None:
    order = new_order()
    providers.provider().void(f"authorize-{order}", Hold("something else", order, Money(1, "EUR"), ""))
    message = requested(order)
    assert cloud.deliver(message) == [message]
    assert cloud.payment(order).status == "requested"


def test_an_unknown_provider_is_named() -> None:
    providers.adapter.cache_clear()
    with (
        lambda_process("payments", "authorization", payment_provider="piggybank"),
        pytest.raises(MisconfiguredError, match="piggybank"),
    ):
        providers.adapter()
