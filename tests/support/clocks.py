"""A clock that tests move, instead of waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared import clock


@dataclass
class MovableClock:
    """Stands still until it is moved, or until somebody waits."""

    now: datetime = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)

    def pass_time(self, time: timedelta) -> None:
        """Let `time` go by."""
        self.now += time

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@contextmanager
def movable_clock() -> Iterator[MovableClock]:
    """The clock of everything inside the block."""
    before = clock._now, clock._sleep
    moved = MovableClock()
    clock.use(lambda: moved.now, moved._sleep)
    try:
        yield moved
    finally:
        clock.use(*before)
