"""Who uses the system: shops, customers, operators, and the people who look after it.

What they do is in `actions.py`, who does what and when in `strategies.py`. An action is data, so that a run can be
repeated with some of them left out. Callers behave: they wait for an answer, and repeat a request that got none
with the same Idempotency-Key until they know.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, NamedTuple

from orders.domain.states import STATUSES
from shared import clock
from tests.simulation import faults as f
from tests.simulation.cloud import Answer, Cloud, Reader, Record, Result, stream_event
from tests.simulation.ledger import Ledger

MINUTE, HOUR = 60.0, 3600.0
PATIENCE = 400
OVER = ("closed", "cancelled")
SKEW = timedelta(seconds=30)
"""So much a worker's clock may be wrong."""


@dataclass(frozen=True)
class Action:
    """Something somebody does `at` so many seconds; `name` tells it from all others."""

    at: float
    name: str
    may_change_nothing: ClassVar[bool] = False
    """Whether it may ask for what is so already: nothing is recorded then, and a repeat tells how it is now."""

    def act(self, people: "Population") -> None:
        """Do it. Called inside a task."""
        raise NotImplementedError


MADE = ("unit-", "split-")
"""How the names of actions begin that make handling units."""


class Found(NamedTuple):
    """Units of a product somewhere, of one lot and status."""

    holding: str
    lot: str | None
    status: str
    units: int


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
    book: Ledger = field(default_factory=Ledger)
    listed: dict[str, list[str]] = field(default_factory=dict)
    """What a list shows, page by page, once everything has come to rest."""


class Population:
    """Lets the actions happen in a cloud."""

    def __init__(self, cloud: Cloud, actions: Sequence[Action]) -> None:
        self.cloud = cloud
        self._actions = actions
        self.names = {action.name for action in actions}
        self._waiting: dict[str, list[Callable[[object], None]]] = {}
        self._done: set[str] = set()
        self.tally = Tally()
        self.standing: Callable[[str], str] = str
        """Where an order stands, as one sees it in the warehouse."""
        self.progress: Callable[[str], Mapping[str, object]] = lambda _: {}
        """By order of a warehouse: where it and its lines stand."""
        self.held_up: Callable[[], list[str]] = list
        """Shipments that wait for a silent carrier although others take them."""

    def arrive(self) -> None:
        """Plan every action."""
        for action in self._actions:
            self.cloud.scheduler.spawn(partial(action.act, self), delay=action.at)

    def done(self, action: str) -> None:
        """Let those go on who wait for that action."""
        self._done.add(action)
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

    def follow(self, *actions: str) -> None:
        """Called inside a task: wait until these actions are done, those of them that there are."""
        for action in actions:
            if action in self.names and action not in self._done:
                self.wait_for(action)

    def shipment(self, reference: str, after: Sequence[str]) -> str | None:
        """Called inside a task: the id of an inbound shipment, once these actions are done; None without one."""
        self.follow(*after)
        return self.tally.book.shipments.get(reference)

    # --- those who look where goods are ---

    def unit(self, name: str) -> str | None:
        """Called inside a task: the SSCC of what the action `name` makes; any other name stands for itself.

        None when that action has made nothing.
        """
        if not name.startswith(MADE):
            return name
        self.follow(name)
        return self.tally.book.units.get(name)

    def look_for(self, sku: str, which: int) -> "Found | None":
        """Called inside a task: goods of a product in one of the holdings that have some, as the lists know."""
        stock = self.look(f"/inventory/stock/{sku}") or {}
        found = [
            Found(one["holding"], one.get("lot"), status, units)
            for one in stock.get("holdings", ())
            for status, units in one["statuses"].items()
        ]
        return found[which % len(found)] if found else None

    def wanted(self, sku: str, there: "Found", units: int) -> dict[str, Any]:
        """Some of what was found, as requests name it."""
        goods = {"sku": sku, "units": min(units, there.units), "status": there.status}
        return goods | ({"lot": there.lot} if there.lot else {})

    def goods_on(self, unit: str, units: int) -> list[dict[str, Any]]:
        """Called inside a task: some of what is on a handling unit, as requests name it."""
        shown = self.look(f"/inventory/handling-units/{unit}") or {}
        return [
            self.wanted(one["sku"], Found(unit, one.get("lot"), one["status"], one["units"]), units)
            for one in shown.get("goods", ())[:2]
        ]

    def serials_in(self, holding: str, sku: str) -> list[str]:
        """Called inside a task: the serials of a product's units in a holding, as the lists know."""
        known = [serial for (of, _, serial), units in self.tally.book.balance.items() if of == sku and units > 0]
        found = [(serial, self.look(f"/inventory/serials/{sku}/{serial}")) for serial in sorted(known)]
        return [serial for serial, shown in found if shown and shown["holding"] == holding]

    def tasks(self, warehouse: str) -> list[dict[str, Any]]:
        """Called inside a task: the oldest put-away tasks that are open, as the lists know."""
        items: list[dict[str, Any]] = self.get("/inventory/put-away-tasks", warehouse=warehouse)["items"]
        return items

    def digits(self, place: str) -> str:
        """Called inside a task: what is read from the label of a place."""
        return str(self.get(f"/inventory/locations/{place}")["check_digits"])

    def confirm(self, action: Action, task: str, scan: Mapping[str, Any], part: str, who: str) -> int:
        """Called inside a task: confirm a put-away task by a scan, and note what was answered: its status."""
        path = f"/inventory/put-away-tasks/{task}/confirmation"
        status, note = self.ask(action, "POST", path, scan, part=part, who=who)
        if status == 200:
            self.tally.book.confirmed[task] += note["units"]
            self.tally.book.in_hand.clear()
        return status

    def orders_at(self, warehouse: str, *statuses: str) -> list[dict[str, Any]]:
        """Called inside a task: the orders of a warehouse in these statuses, as the lists know."""
        found = [one for status in statuses for one in self.pages("/orders", status=status, limit="200")]
        return [one for one in found if one["warehouse"] == warehouse]

    def noticed(self, order_id: str) -> None:
        """Something has happened to an order: let those look who wait for it."""
        for wake in self._waiting.pop(order_id, []):
            self.cloud.scheduler.after(0, partial(wake, None))

    def seen_at(self, order_id: str, *statuses: str) -> bool:
        """Called inside a task: wait until an order stands at one of these statuses; False once it never will."""
        while self.standing(order_id) not in (*statuses, *OVER):
            task = self.cloud.scheduler.current
            self._waiting.setdefault(order_id, []).append(task.waker())
            task.wait()
        self.cloud.scheduler.sleep(self.cloud.chance.choice((0.1, 20, 240)))
        return self.standing(order_id) not in OVER or bool({*statuses} & {*OVER})

    def note_lease(self, list_id: str, picker: str, until: str, asked: float) -> None:
        """A picker, who `asked` then, was told to have a list; clocks may be wrong by half a minute each."""
        if self.tally.book.reassigned.get(list_id, -1.0) >= asked:
            return
        holder, end = self.tally.book.leases.get(list_id, (picker, ""))
        now = clock.iso(self.cloud.scheduler.now)
        if holder != picker and min(until, end) > clock.iso(self.cloud.scheduler.now + 2 * SKEW):
            self.tally.contradictions.append(f"{holder} and {picker} both have list {list_id} at {now}")
        if holder == picker or until > end:
            self.tally.book.leases[list_id] = (picker, until)

    def reassigning(self, list_id: str, *, until: float) -> None:
        """A supervisor takes a list away: nobody can tell who has it until that is answered."""
        self.tally.book.reassigned[list_id] = until
        self.tally.book.leases.pop(list_id, None)

    def end_lease(self, list_id: str, picker: str) -> None:
        """A picker has given a list back, or was told not to have it any more."""
        if self.tally.book.leases.get(list_id, ("", ""))[0] == picker:
            del self.tally.book.leases[list_id]

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
        found.extend(item[name] for item in self.pages(path, limit="7", **query))

    def pages(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Called inside a task: a list to its end, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        for _ in range(PATIENCE):
            page = self.get(path, **query, **cursor)
            found.extend(page["items"])
            if "cursor" not in page:
                return found
            cursor = {"cursor": page["cursor"]}
        self.tally.contradictions.append(f"{path} has no last page")
        return found

    def get(self, path: str, **query: str) -> Any:
        """Called inside a task: the answer to a query, which must be answered."""
        shown = self.look(path, **query)
        if shown is None:
            self.tally.contradictions.append(f"GET {path} {query} knows nothing")
        return shown

    def look(self, path: str, **query: str) -> Any:
        """Called inside a task: the answer to a query; None where there is nothing to be told."""
        for _ in range(PATIENCE):
            answer = self.cloud.request("GET", path, query=query)
            if answer is not None and answer.status < 500:
                return answer.body if answer.status == 200 else None
            self.cloud.scheduler.sleep(1)
        raise AssertionError(f"GET {path} is never answered")

    def ask(
        self, action: Action, method: str, path: str, body: object, *, part: str = "", who: str = "shop"
    ) -> tuple[int, Any]:
        """Send a request until there is an answer that will not change; sometimes once more. Answers the first.

        `part` tells the requests of one action apart, `who` sends them.
        """
        answers = self.answers(action, method, path, body, part=part, who=who)
        return (answers[0].status, answers[0].body) if answers else (0, None)

    def answers(
        self, action: Action, method: str, path: str, body: object, *, part: str = "", who: str = "shop"
    ) -> list[Answer]:
        """As `ask`, and with the last answer too when the request was sent once more; none when nobody answers."""
        cloud = self.cloud
        name = f"{action.name}.{part}" if part else action.name
        correlation = self.tally.correlations.setdefault(name, f"journey-{name}")
        headers = {"x-correlation-id": correlation}
        first: Answer | None = None
        for tries in range(PATIENCE):
            answer = cloud.request(
                method, path, body, key=name if method == "POST" else None, headers=headers, who=who
            )
            if answer is None or not _final(answer.status, answer.body):
                cloud.scheduler.sleep(cloud.chance.uniform(0.2, 3) * min(20, 1 + tries / 10))
            elif first is None and method == "POST" and answer.status < 300 and cloud.faults.strikes(f.REPEAT):
                first = answer
                cloud.scheduler.sleep(cloud.chance.choice((0, 1, 600)))
            else:
                known = first or answer
                exact = answer.replayed or not action.may_change_nothing
                if known.status == 201 and exact and answer[:2] != known[:2]:
                    self.tally.contradictions.append(f"{name} was answered {known}, then {answer}")
                return [first, answer] if first else [answer]
        self.tally.unanswered.append(name)
        return [first] if first else []

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
        "unknown-inspection",
    )
