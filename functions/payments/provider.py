"""The port to a payment provider: what payments asks of it, and what an adapter has to promise.

Every call carries an idempotency key that derives from the order alone. A provider is never asked for the same
thing under a second key, so it can never hold an order's money twice.
"""

from typing import Protocol

from msgspec import Struct

from shared.money import Money


class Authorized(Struct, frozen=True):
    """The provider holds the money and calls it `authorization`."""

    authorization: str


class Declined(Struct, frozen=True):
    """The provider said no, for `reason`."""

    reason: str


class ProviderTimeout(Exception):
    """No answer came in time: the provider may have done what it was asked, or not."""


class KeyReused(Exception):
    """One idempotency key came with two different requests: a mistake of ours, never a customer's."""


class PaymentProvider(Protocol):
    """A payment provider. Both calls may be repeated at any time with the same key and the same request.

    An adapter promises: the same key with the same request is answered like the first time and does nothing
    twice; with another request it raises KeyReused; when it cannot know what has become of a call it raises
    ProviderTimeout.
    """

    def authorize(self, key: str, amount: Money, method: str) -> Authorized | Declined:
        """Hold `amount` by payment method `method` (a token). Raises ProviderTimeout, KeyReused."""

    def void(self, key: str, authorization_key: str) -> None:
        """Let go of what was authorized under `authorization_key`, if anything was.

        It is final: once this has returned, nothing is held under that key, and a later (or slower) `authorize`
        under it holds nothing. Raises ProviderTimeout, KeyReused.
        """


def authorization_key(order_id: str) -> str:
    """The one key under which the provider is ever asked to authorize this order."""
    return f"authorize-{order_id}"


def void_key(order_id: str) -> str:
    """The one key under which the provider is ever asked to void this order."""
    return f"void-{order_id}"
