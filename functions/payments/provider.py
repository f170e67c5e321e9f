"""The port to a payment provider: what payments asks of it, and what an adapter has to promise.

Every call carries an idempotency key that derives from what it is for: the order and the number of its
authorization, the capture, the refund. A provider is never asked for the same thing under a second key, so it can
never hold, take or give back an order's money twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from shared.money import Money
from shared.rejection import Unavailable


class Hold(Struct, frozen=True):
    """One authorization, as an adapter needs it to find it: `reference` is empty while its answer is unknown."""

    key: str
    order_id: str
    amount: Money
    method: str
    reference: str = ""


class Authorized(Struct, frozen=True):
    """The provider holds the money, calls it `authorization`, and does so until `expires_at` (when it says so)."""

    authorization: str
    expires_at: str = ""


class Captured(Struct, frozen=True):
    """The provider has taken the money and calls it `reference`; `holds_rest` is whether it holds what is left."""

    reference: str
    holds_rest: bool = True


class Refunded(Struct, frozen=True):
    """The provider gives the money back and calls it `reference`."""

    reference: str


class Lapsed(Struct, frozen=True):
    """The provider holds nothing (any more) of what should be captured, and has taken nothing."""


class ProviderMovement(Struct, frozen=True):
    """Money that the provider has taken or given back for an order (empty: one that it cannot name).

    `refund_failed` is what was given back and came again, under the reference of its refund.
    """

    kind: Literal["captured", "refunded", "refund_failed"]
    reference: str
    order_id: str
    amount: int
    currency: str
    at: str


class TooManyMovements(Exception):
    """The provider has more movements in a period than are read at once."""


class Declined(Struct, frozen=True):
    """The provider said no, for `reason`."""

    reason: str


class ProviderTimeout(Exception):
    """No answer came in time: the provider may have done what it was asked, or not."""


class ProviderUnavailable(Unavailable):
    """The provider cannot be asked now, and has surely done nothing: the same question later."""


class KeyReused(Exception):
    """One idempotency key came with two different requests: a mistake of ours, never a customer's."""


class PaymentProvider(Protocol):
    """A payment provider. Every call may be repeated with the same key and the same request.

    An adapter promises: the same key with the same request is answered like the first time and does nothing
    twice; with another request it raises KeyReused; when it cannot know what has become of a call it raises
    ProviderTimeout; when the call has surely not arrived, ProviderUnavailable. No call waits for ever.
    """

    def authorize(self, hold: Hold) -> Authorized | Declined:
        """Hold the amount by the payment method (a token). Raises ProviderTimeout, KeyReused."""

    def capture(self, key: str, hold: Hold, amount: Money) -> Captured | Declined | Lapsed:
        """Take `amount` of what is held. Raises ProviderTimeout, KeyReused."""

    def refund(self, key: str, hold: Hold, amount: Money) -> Refunded | Declined:
        """Give back `amount` of what was taken of `hold`. Raises ProviderTimeout, KeyReused."""

    def void(self, key: str, hold: Hold) -> None:
        """Let go of what is still held by `hold`, if anything is. What was captured stays captured.

        It is final: once this has returned, nothing is held under the hold's key, and a later (or slower)
        `authorize` under it holds nothing. Raises ProviderTimeout, KeyReused.
        """

    def find_authorization(self, hold: Hold) -> Authorized | Declined | None:
        """What has become of `authorize`, however long ago; None when it never arrived. Raises ProviderTimeout."""

    def find_capture(self, key: str, hold: Hold) -> Captured | Declined | None:
        """What has become of the capture under `key`; None when it never arrived. Raises ProviderTimeout."""

    def find_refund(self, key: str, hold: Hold) -> Refunded | Declined | None:
        """What has become of the refund under `key`; None when it never arrived. Raises ProviderTimeout."""

    def movements(self, since: datetime, until: datetime, most: int) -> Sequence[ProviderMovement]:
        """What was captured and refunded, and came again, for our orders from `since` to before `until`.

        Raises ProviderTimeout, and TooManyMovements as soon as more than `most` would have to be read.
        """


def authorization_key(order_id: str, number: int = 1) -> str:
    """The one key under which the provider is ever asked for the order's authorization `number`."""
    return f"authorize-{order_id}" if number == 1 else f"authorize-{number}-{order_id}"


def capture_key(order_id: str, capture_id: str, number: int = 1) -> str:
    """The one key under which the provider is ever asked for that capture by authorization `number`."""
    return f"capture/{capture_id}/{number}/{order_id}"


def refund_key(order_id: str, refund_id: str, number: int = 1) -> str:
    """The one key under which the provider is ever asked for what of that refund goes back by `number`."""
    return f"refund/{refund_id}/{number}/{order_id}"


def void_key(order_id: str, number: int = 1) -> str:
    """The one key under which the provider is ever asked to void the order's authorization `number`."""
    return f"void-{order_id}" if number == 1 else f"void-{number}-{order_id}"
