"""The only source of time. Domains never ask for it: time comes in with the command."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

_now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - a seam, replaced by `use`
_sleep: Callable[[float], None] = time.sleep


def now() -> datetime:
    """The current time in UTC, to the millisecond (what is stored is what is compared)."""
    moment = _now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def sleep(seconds: float) -> None:
    """Wait `seconds`. Only back-offs between attempts may wait."""
    _sleep(seconds)


def use(now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
    """Replace the sources of time, for tests and simulations."""
    global _now, _sleep
    _now, _sleep = now, sleep


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`: fixed width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
