"""The payment provider that this deployment uses, behind a guard that all its processes share."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar

from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    Lapsed,
    PaymentProvider,
    ProviderMovement,
    ProviderTimeout,
    ProviderUnavailable,
    Refunded,
)
from payments.sandbox import Sandbox
from shared import aws
from shared.environment import MisconfiguredError, environment, required
from shared.money import Money
from shared.resilience import Circuit, Guard, Policy

T = TypeVar("T")

SANDBOX = Policy(attempts=1)
"""The sandbox loses answers on purpose: whoever asks it has to see that."""

STRIPE = Policy(attempts=2, within=2.0)
"""A request that failed quickly is made once more, under its key; one that took long comes again by its queue."""


class GuardedProvider:
    """A provider that is asked through a guard."""

    def __init__(self, provider: PaymentProvider, guard: Guard) -> None:
        self._provider = provider
        self._guard = guard

    def authorize(self, hold: Hold) -> Authorized | Declined:
        """See PaymentProvider; like all of these it raises CircuitOpen or Busy when the provider is not asked."""
        return self._asked(lambda: self._provider.authorize(hold))

    def capture(self, key: str, hold: Hold, amount: Money) -> Captured | Declined | Lapsed:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.capture(key, hold, amount))

    def refund(self, key: str, hold: Hold, amount: Money) -> Refunded | Declined:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.refund(key, hold, amount))

    def void(self, key: str, hold: Hold) -> None:
        """See PaymentProvider."""
        self._asked(lambda: self._provider.void(key, hold))

    def find_authorization(self, hold: Hold) -> Authorized | Declined | None:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.find_authorization(hold))

    def find_capture(self, key: str, hold: Hold) -> Captured | Declined | None:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.find_capture(key, hold))

    def find_refund(self, key: str, hold: Hold) -> Refunded | Declined | None:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.find_refund(key, hold))

    def movements(self, since: datetime, until: datetime, most: int) -> Sequence[ProviderMovement]:
        """See PaymentProvider."""
        return self._asked(lambda: self._provider.movements(since, until, most))

    def _asked(self, question: Callable[[], T]) -> T:
        return self._guard.call(question)


@cache
def provider() -> PaymentProvider:
    """The payment provider that the environment names."""
    at, policy = adapter()
    return GuardedProvider(at, _guard(policy))


def order_of(reference: str) -> str:
    """The order that Stripe's intent `reference` was made for; empty when it is none of ours."""
    from payments.stripe import Stripe

    at, policy = adapter()
    if not isinstance(at, Stripe):
        return ""
    return _guard(policy).call(lambda: at.order_of(reference))


def _guard(policy: Policy) -> Guard:
    circuit = Circuit(aws.dynamodb(), required("providers_table"), required("payment_provider"))
    return Guard(circuit, policy, (ProviderTimeout, ProviderUnavailable))


@cache
def adapter() -> tuple[PaymentProvider, Policy]:
    """The adapter to the provider that the environment names, and how it is called."""
    match required("payment_provider"):
        case "sandbox":
            return Sandbox(aws.dynamodb(), required("providers_table")), SANDBOX
        case "stripe":
            # Its SDK is large, and there only where Stripe is asked.
            from payments.stripe import Stripe, connect, keys

            return Stripe(connect(keys().api_key, environment().stripe_url)), STRIPE
        case unknown:
            raise MisconfiguredError(
                f"environment: PAYMENT_PROVIDER {unknown!r} is unknown; there are 'sandbox' and 'stripe'"
            )
