"""Placing orders with a service that may not have heard of the newest products yet."""

import time
from collections.abc import Callable

from msgspec import Struct

from local.client import ApiClient, Problem, Refused, Reply

UNKNOWN_SKU_PAUSE_SECONDS = 0.5


class Deadline:
    """A moment after which nobody waits any longer."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def passed(self) -> bool:
        """Whether the moment is over."""
        return self._clock() >= self._end


class PlacedOrder(Struct, frozen=True):
    """What the API says about an order that it has taken."""

    order_id: str


def place(
    client: ApiClient,
    order: object,
    idempotency_key: str,
    patience: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> Reply:
    """Place an order whose products have all been registered.

    Orders hears of a product by an event, so it may call a SKU unknown for a moment after it was registered:
    that refusal alone is asked again, until `patience` ends. Raises Refused.
    """
    while True:
        try:
            return client.post("/orders", order, idempotency_key)
        except Refused as refusal:
            if not _is_unknown_sku(refusal.status, refusal.problem) or patience.passed():
                raise
        sleep(UNKNOWN_SKU_PAUSE_SECONDS)


def _is_unknown_sku(status: int, problem: Problem) -> bool:
    return status == 422 and problem.type.endswith("unknown-sku")
