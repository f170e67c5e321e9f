"""Work in a few threads at once, with progress that one can watch."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TextIO, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 8
LIVE_SECONDS = 0.2
LINE_SECONDS = 2.0
PATIENCE_SECONDS = 15.0
"""How often a line says that nothing has changed."""

LINE_WIDTH = 100
"""Lines are filled up to this width on a terminal, so that each covers the one below."""


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS) -> Iterator[Result]:
    """The results of `work` for every item, as they come. Only a few items are taken ahead of the work.

    An error in one of them is raised here, and what has not begun yet is given up.
    """
    pool = ThreadPoolExecutor(workers)
    pending: set[Future[Result]] = set()
    try:
        for item in items:
            pending.add(pool.submit(work, item))
            if len(pending) >= 2 * workers:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(cancel_futures=True)


class Progress:
    """Counts what one thread sees done: on a terminal in one living line, elsewhere with a line now and then."""

    def __init__(self, label: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream or sys.stdout
        self._started = time.monotonic()
        self._reported = self._started
        self._count = 0
        self._note = ""
        self._told: tuple[int, str] | None = None

    def advance(self, count: int = 1) -> None:
        """Some more is done."""
        self.show(self._count + count)

    def show(self, count: int, note: str = "") -> None:
        """So much is done by now; `note` says what is going on."""
        news = (count, note) != self._told
        self._count, self._note = count, note
        live = self._stream.isatty()
        pause = LIVE_SECONDS if live else LINE_SECONDS if news else PATIENCE_SECONDS
        if time.monotonic() - self._reported >= pause:
            self._reported = time.monotonic()
            self._told = (count, note)
            self._write(end="\r" if live else "\n")

    def finish(self, note: str = "") -> None:
        """All is done: the last word."""
        self._note = note
        self._write(end="\n")

    def _write(self, end: str) -> None:
        seconds = time.monotonic() - self._started
        done = f"{self._count}/{self._total}" if self._total is not None else f"{self._count}"
        line = f"  {self._label:<22} {done:>11}  {seconds:6.1f} s  {self._note}".rstrip()
        self._stream.write(f"{line:<{LINE_WIDTH}}{end}" if self._stream.isatty() else f"{line}{end}")
        self._stream.flush()
