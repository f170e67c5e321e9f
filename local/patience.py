"""Waiting for what follows within seconds: one service hears of another's news by events."""

import time
from collections.abc import Callable

from local.client import Refused, Reply

PAUSE_SECONDS = 0.5
NOT_HEARD_YET = ("unknown-sku", "unknown-location")
"""Refusals of something that has been registered, by a service that has not heard of it yet."""


class Deadline:
    """A moment after which nobody waits any longer."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def passed(self) -> bool:
        """Whether the moment is over."""
        return self._clock() >= self._end


def once_heard(
    send: Callable[[], Reply], patience: Deadline, sleep: Callable[[float], None] = time.sleep
) -> Reply:
    """The answer to a request that names only products and places that have all been registered.

    Another service hears of them by an event, so it may call one unknown for a moment: that refusal alone is asked
    again, until `patience` ends. Raises Refused.
    """
    while True:
        try:
            return send()
        except Refused as refusal:
            if not _is_news(refusal) or patience.passed():
                raise
        sleep(PAUSE_SECONDS)


def _is_news(refusal: Refused) -> bool:
    return refusal.status == 422 and refusal.problem.type.rpartition(":")[2] in NOT_HEARD_YET
