"""Who uses the system: shops, customers, operators, and the people who look after it.

What they do is in `actions.py`, who does what and when in `strategies.py`. An action is data, so that a run can be
repeated with some of them left out. Callers behave: they wait for an answer, and repeat a request that got none
with the same Idempotency-Key until they know.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orders.domain.states import STATUSES
from tests.simulation import faults as f
from tests.simulation.cloud import Cloud, Reader, Record, Result, stream_event

MINUTE, HOUR = 60.0, 3600.0
PATIENCE = 400


@dataclass(frozen=True)
class Action:
    """Something somebody does `at` so many seconds; `name` tells it from all others."""

    at: float
    name: str

    def act(self, people: "Population") -> None:
        """Do it. Called inside a task."""
        raise NotImplementedError


@dataclass
class Tally:
    """What the callers know: what they were answered, and under which correlation ids they asked."""

    correlations: dict[str, str] = field(default_factory=dict)
    stock: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What must lie in a place of a SKU, after all that callers were told has been put in or taken out."""
    orders: dict[str, str] = field(default_factory=dict)
    cancelled: dict[str, int] = field(default_factory=dict)
    captures: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """By order and capture id: how its request was answered, and for which amount."""
    refunds: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """By order and refund id: how its request was answered, and for which amount."""
    products: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=dict)
    """What a list shows, page by page, once everything has come to rest."""


class Population:
    """Lets the actions happen in a cloud."""

    def __init__(self, cloud: Cloud, actions: Sequence[Action]) -> None:
        self.cloud = cloud
        self._actions = actions
        self.names = {action.name for action in actions}
        self._waiting: dict[str, list[Callable[[object], None]]] = {}
        self.tally = Tally()

    def arrive(self) -> None:
        """Plan every action."""
        for action in self._actions:
            self.cloud.scheduler.spawn(partial(action.act, self), delay=action.at)

    def done(self, action: str) -> None:
        """Let those go on who wait for that action."""
        for wake in self._waiting.pop(action, []):
            wake(None)

    def wait_for(self, action: str) -> None:
        """Called inside a task: wait until that action is done."""
        task = self.cloud.scheduler.current
        self._waiting.setdefault(action, []).append(task.waker())
        task.wait()

    def order_placed_by(self, action: str) -> str | None:
        """Called inside a task: the id of the order that the action places, once it has; None when it does not."""
        if action in self.names and action not in self.tally.orders:
            self.wait_for(action)
        return self.tally.orders.get(action)

    def page_through(self) -> None:
        """Called inside a task: read every list to its end, in small pages."""
        for channel in ("webshop", "market"):
            self._list("/orders", "order_id", channel=channel)
        for status in STATUSES:
            self._list("/orders", "order_id", status=status)
        self._list("/orders", "order_id")
        self._list("/inventory/products", "sku")
        self._list("/inventory/stock", "sku")

    def _list(self, path: str, name: str, **query: str) -> None:
        found = self.tally.listed.setdefault(" ".join((path, *query.values())), [])
        cursor: dict[str, str] = {}
        for _ in range(PATIENCE):
            page = self.get(path, limit="7", **query, **cursor)
            found.extend(item[name] for item in page["items"])
            if "cursor" not in page:
                return
            cursor = {"cursor": page["cursor"]}
        self.tally.contradictions.append(f"{path} has no last page")

    def get(self, path: str, **query: str) -> Any:
        """Called inside a task: the answer to a query, which must be answered."""
        for _ in range(PATIENCE):
            answer = self.cloud.request("GET", path, query=query)
            if answer is not None and answer[0] < 500:
                if answer[0] != 200:
                    self.tally.contradictions.append(f"GET {path} {query}: {answer}")
                return answer[1]
            self.cloud.scheduler.sleep(1)
        raise AssertionError(f"GET {path} is never answered")

    def ask(self, action: Action, method: str, path: str, body: object) -> tuple[int, Any]:
        """Send a request until there is an answer that will not change; sometimes once more."""
        cloud = self.cloud
        correlation = self.tally.correlations.setdefault(action.name, f"journey-{action.name}")
        headers = {"x-correlation-id": correlation}
        first: tuple[int, Any] | None = None
        for tries in range(PATIENCE):
            answer = cloud.request(
                method, path, body, key=action.name if method == "POST" else None, headers=headers
            )
            if answer is None or not _final(*answer):
                cloud.scheduler.sleep(cloud.chance.uniform(0.2, 3) * min(20, 1 + tries / 10))
            elif first is None and method == "POST" and answer[0] < 300 and cloud.faults.strikes(f.REPEAT):
                first = answer
                cloud.scheduler.sleep(cloud.chance.choice((0, 1, 600)))
            else:
                if first is not None and first[0] == 201 and answer != first:
                    self.tally.contradictions.append(f"{action.name} was answered {first}, then {answer}")
                return first or answer
        self.tally.unanswered.append(action.name)
        return 0, None

    # --- those who look after the system ---

    def replay(self, service: str, reader: str) -> None:
        """Called inside a task: hand the whole history to a reader again, less at a time when it fails."""
        records, most = self.cloud.commits(service), 100
        filling = int(self.cloud.scheduler.seconds * 1000) if reader == "views" else 0
        while records:
            if self._replayed(service, reader, records[:most], filling):
                records = records[most:]
            else:
                most = max(1, most // 2)
                self.cloud.scheduler.sleep(2)

    def _replayed(self, service: str, reader: str, records: list[Record], filling: int) -> bool:
        found = self.readers(service, reader)[0]
        task = self.cloud.scheduler.current
        wake: Callable[[Result], None] = task.waker()
        self.cloud.invoke(found.service, found.capability, stream_event(records) | {"filling": filling}, wake)
        result: Result = task.wait()
        return result.succeeded

    def readers(self, service: str, capability: str) -> list[Reader]:
        """The stream readers of a capability."""
        return [
            reader
            for reader in self.cloud.readers
            if (reader.service.name, reader.capability.name) == (service, capability)
        ]


def _final(status: int, answer: Any) -> bool:
    """Whether the caller learns nothing new by asking again."""
    if status >= 500:
        return False
    problem = str(answer.get("type", "")).rpartition(":")[2]
    return problem not in (
        "contended",
        "unknown-sku",
        "unknown-location",
        "not-authorized-yet",
        "not-captured-yet",
    )
