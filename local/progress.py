"""Says what takes long, while it takes long."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

STILL_AT_IT_SECONDS = 5.0


def say(message: str) -> None:
    """Prints a line at once, also into a pipe."""
    print(message, file=sys.stderr, flush=True)


class Step:
    """A piece of work with a name: announced, reported every few seconds, and its time told at the end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._over = threading.Event()
        self._note = ""

    def note(self, news: str) -> None:
        """What has just been reached; shown with the next report."""
        self._note = f": {news}"

    def __enter__(self) -> Step:
        self._started = time.monotonic()
        say(f"· {self._what} ...")
        self._reporter = threading.Thread(target=self._report, daemon=True)
        self._reporter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._reporter.join()
        say(f"{'✗' if error else '✓'} {self._what} ({self._seconds()} s)")

    def _report(self) -> None:
        while not self._over.wait(STILL_AT_IT_SECONDS):
            say(f"  … {self._what} {self._seconds()} s{self._note}")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._started:.0f}"
