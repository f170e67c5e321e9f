"""One thread, simulated time: tasks that give way at each call to the outside, and a queue of what comes next.

A task is a greenlet, so handlers stay the ordinary synchronous code that they are. Only the scheduler decides who
goes on, and it decides by time alone (ties: in the order of planning), so a run depends on nothing but its seed.
"""

import heapq
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Died(BaseException):
    """The task's process is gone, in the middle of its work."""


class Restless(AssertionError):
    """The system does not come to rest."""


class Task:
    """Something that runs, gives way and goes on. `owner` is whatever it runs for."""

    def __init__(self, scheduler: "Scheduler", run: Callable[[], object], owner: Any) -> None:
        def live() -> None:
            with suppress(Died):
                run()

        self._scheduler = scheduler
        self._greenlet: Any = greenlet(live)
        self.owner = owner
        self._turn = 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self._greenlet.dead

    def plan(self, delay: float, value: object = None) -> None:
        """Let it go on after `delay` seconds, unless it goes on before."""
        turn = self._turn
        self._scheduler.after(delay, lambda: self.resume(turn, value))

    def resume(self, turn: int, value: object = None) -> None:
        """Let it go on now with `value`, if it still waits where it did at `turn`."""
        if self.alive and turn == self._turn:
            self._switch(lambda: self._greenlet.switch(value))

    def waker(self) -> Callable[[object], None]:
        """Something to call with a value, which makes the task go on from where it waits next."""
        turn = self._turn
        return lambda value: self.resume(turn, value)

    def kill(self) -> None:
        """End it where it is."""
        if not self.alive:
            return
        self._turn += 1
        if self._greenlet:
            self._switch(lambda: self._greenlet.throw(Died))
        else:
            self._greenlet.throw(GreenletExit)

    def start(self) -> None:
        """Run it up to its first wait."""
        if self.alive:
            self._switch(self._greenlet.switch)

    def wait(self) -> Any:
        """Called inside the task: give way until somebody resumes it; what it is resumed with."""
        value = self._scheduler.hub.switch()
        self._turn += 1
        return value

    def _switch(self, switch: Callable[[], object]) -> None:
        scheduler = self._scheduler
        before, scheduler.running = scheduler.running, self
        self._greenlet.parent = getcurrent()
        try:
            switch()
        finally:
            scheduler.running = before


class Scheduler:
    """Simulated time, and everything that is to happen in it."""

    def __init__(self, limit: int = 3_000_000) -> None:
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._limit = limit
        self.seconds = 0.0
        self.running: Task | None = None
        self.hub: Any = None

    @property
    def now(self) -> datetime:
        """The simulated time."""
        return START + timedelta(seconds=self.seconds)

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do `action` in `delay` seconds."""
        self._count += 1
        heapq.heappush(self._planned, (self.seconds + delay, self._count, action))

    def spawn(self, run: Callable[[], object], owner: Any = None, delay: float = 0.0) -> Task:
        """Start a task in `delay` seconds."""
        task = Task(self, run, owner)
        self.after(delay, task.start)
        return task

    def sleep(self, seconds: float) -> None:
        """Called inside a task: wait."""
        task = self.current
        task.plan(seconds)
        task.wait()

    @property
    def current(self) -> Task:
        """The task that runs now."""
        if self.running is None:
            raise RuntimeError("no task runs")
        return self.running

    def run(self, until: float | None = None) -> None:
        """Let things happen until `until` (seconds from the start), or until nothing is planned any more.

        Raises Restless when there is no end of it.
        """
        self.hub = getcurrent()
        while self._planned and (until is None or self._planned[0][0] <= until):
            moment, count, action = heapq.heappop(self._planned)
            self.seconds = max(self.seconds, moment)
            if count > self._limit:
                raise Restless(f"after {count} steps and {self.seconds:.0f} simulated seconds there is no end")
            action()
        if until is not None:
            self.seconds = max(self.seconds, until)
