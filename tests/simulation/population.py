"""Who uses the system: shops, customers, operators, and the people who look after it; all from one seed.

An action is data, so that a run can be repeated with some of them left out. Callers behave: they wait for an
answer, and repeat a request that got none with the same Idempotency-Key until they know.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from tests.simulation import faults as f
from tests.simulation.cloud import Cloud, Reader, Record, Result, stream_event
from tests.simulation.faults import Weather

MINUTE, HOUR = 60.0, 3600.0
TOKENS = (
    *("tok_accepted",) * 12,
    *("tok_timeout_once",) * 3,
    *("tok_timeout_always",) * 2,
    *("tok_declined",) * 2,
    "tok_insufficient_funds",
    "tok_unheard_of",
)
PATIENCE = 400


@dataclass(frozen=True)
class Action:
    """Something somebody does `at` so many seconds; `name` tells it from all others."""

    at: float
    name: str


@dataclass(frozen=True)
class DescribeProduct(Action):
    """Register a product, or describe it anew."""

    sku: str
    text: str


@dataclass(frozen=True)
class DescribeLocation(Action):
    """Register a place, or describe it anew."""

    location: str
    zone: str


@dataclass(frozen=True)
class AdjustStock(Action):
    """Put units into a place, or take them out."""

    sku: str
    location: str
    quantity: int


@dataclass(frozen=True)
class PlaceOrder(Action):
    """Order something."""

    lines: tuple[tuple[str, int], ...]
    token: str
    price: int
    channel: str


@dataclass(frozen=True)
class CancelOrder(Action):
    """Give up the order that the action `order` has placed."""

    order: str


@dataclass(frozen=True)
class RebuildViews(Action):
    """Empty a service's views and fill them again from the history, while work goes on."""

    service: str


@dataclass(frozen=True)
class PauseReader(Action):
    """A service's projector stands still for hours."""

    service: str
    hours: float


@dataclass(frozen=True)
class Shape:
    """How large a population is."""

    products: int
    locations: int
    orders: int
    minutes: float
    burst: float
    """The share of orders that come at one moment."""
    months: bool = False
    """Whether the run goes on until backorders expire."""
    small_limits: bool = False
    """Whether snapshots, chunks, settlements and batches reach their limits early."""


def shape_of(seed: int) -> Shape:
    """The population of a seed: mostly small, sometimes crowded, sometimes long."""
    chance = Random(f"shape {seed}")
    return Shape(
        products=chance.randint(1, 5),
        locations=chance.randint(1, 4),
        orders=chance.choice((6, 12, 20, 20, 30, 60)),
        minutes=chance.choice((1, 2, 15, 60, 120)),
        burst=chance.choice((0.0, 0.3, 0.8)),
        months=chance.random() < 0.15,
        small_limits=chance.random() < 0.3,
    )


def actions_of(seed: int, shape: Shape, weather: Weather) -> list[Action]:
    """What happens in the run with that seed."""
    return sorted(
        _actions(Random(f"population {seed}"), shape, weather), key=lambda action: (action.at, action.name)
    )


def _actions(chance: Random, shape: Shape, weather: Weather) -> Iterator[Action]:
    skus = [f"SKU-{number}" for number in range(1, shape.products + 1)]
    places = [f"A-{number:02d}" for number in range(1, shape.locations + 1)]
    popularity = [1 / (rank + 1) for rank in range(len(skus))]
    end = shape.minutes * MINUTE
    bursts = [chance.uniform(10, end) for _ in range(2)]

    def moment() -> float:
        return chance.choice(bursts) if chance.random() < shape.burst else chance.uniform(5, end)

    for number, sku in enumerate(skus):
        yield DescribeProduct(0.0, f"product-{number}", sku, "first")
        if chance.random() < 0.3:
            yield DescribeProduct(moment(), f"product-again-{number}", sku, "second")
    for number, place in enumerate(places):
        yield DescribeLocation(0.0, f"location-{number}", place, "A")
        if chance.random() < 0.3:
            yield DescribeLocation(moment(), f"location-again-{number}", place, "B")
    demand = max(1, shape.orders * 3 // len(skus))
    for sku in skus:
        for number in range(chance.randint(1, 6)):
            quantity = chance.randint(1, demand)
            at = chance.uniform(1, 20) if number == 0 else moment()
            yield AdjustStock(at, f"arrival-{sku}-{number}", sku, chance.choice(places), quantity)
    for number in range(max(2, shape.orders // 3)):
        quantity = chance.choice((-1, -1, -2, -5, -demand, 1, 3))
        yield AdjustStock(moment(), f"correction-{number}", chance.choice(skus), chance.choice(places), quantity)
    for number in range(shape.orders):
        lines = tuple(
            (chance.choices(skus, popularity)[0], chance.choice((1, 1, 1, 2, 3, 8)))
            for _ in range(chance.choice((1, 1, 2, 3, 4, 12)))
        )
        price = 0 if chance.random() < 0.05 else chance.randint(1, 5_000)
        at = moment()
        channel = chance.choice(("webshop", "market"))
        yield PlaceOrder(at, f"order-{number}", lines, chance.choice(TOKENS), price, channel)
        if chance.random() < 0.25:
            yield CancelOrder(
                at + chance.choice((0, 0.5, 5, 600)) * chance.random(), f"cancel-{number}", f"order-{number}"
            )
            if chance.random() < 0.2:
                yield CancelOrder(at + chance.uniform(0, 60), f"cancel-again-{number}", f"order-{number}")
    for service in ("inventory", "orders", "payments"):
        if f.BEHIND in weather.enabled and chance.random() < 0.2:
            yield PauseReader(chance.uniform(0, end), f"pause-{service}", service, chance.choice((0.2, 2, 5)))
        if f.REBUILD in weather.enabled and chance.random() < 0.2:
            yield RebuildViews(moment(), f"rebuild-{service}", service)


@dataclass
class Tally:
    """What the callers know: what they were answered, and under which correlation ids they asked."""

    correlations: dict[str, str] = field(default_factory=dict)
    adjusted: dict[str, tuple[AdjustStock, int]] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    cancelled: dict[str, int] = field(default_factory=dict)
    products: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    listed: dict[str, list[str]] = field(default_factory=dict)
    """What a list shows, page by page, once everything has come to rest."""


class Population:
    """Lets the actions happen in a cloud."""

    def __init__(self, cloud: Cloud, actions: Sequence[Action]) -> None:
        self._cloud = cloud
        self._actions = actions
        self._names = {action.name for action in actions}
        self._waiting: dict[str, list[Callable[[object], None]]] = {}
        self.tally = Tally()
        self.replaying = 0

    def arrive(self) -> None:
        """Plan every action."""
        for action in self._actions:
            self._cloud.scheduler.spawn(partial(self._act, action), delay=action.at)

    def _act(self, action: Action) -> None:
        tally = self.tally
        match action:
            case DescribeProduct():
                self._ask(action, "PUT", f"/inventory/products/{action.sku}", {"name": action.text})
                tally.products.add(action.sku)
            case DescribeLocation():
                place = {"zone": action.zone, "aisle": "01", "bay": "01", "level": "1"}
                self._ask(action, "PUT", f"/inventory/locations/{action.location}", place)
            case AdjustStock():
                asked = {
                    "sku": action.sku,
                    "location": action.location,
                    "quantity": action.quantity,
                    "reason": action.name,
                }
                status, _ = self._ask(action, "POST", "/inventory/stock/adjustments", asked)
                tally.adjusted[action.name] = (action, status)
            case PlaceOrder():
                self._order(action)
            case CancelOrder():
                self._cancel(action)
            case PauseReader():
                self._pause(action)
            case RebuildViews():
                self._rebuild(action.service)

    def _order(self, action: PlaceOrder) -> None:
        asked = {
            "channel": action.channel,
            "currency": "EUR",
            "payment": {"method": action.token},
            "lines": [{"sku": sku, "quantity": units, "unit_price": action.price} for sku, units in action.lines],
        }
        status, answer = self._ask(action, "POST", "/orders", asked)
        if status == 201:
            self.tally.orders[action.name] = answer["order_id"]
            self._look_up(answer)
        for wake in self._waiting.pop(action.name, []):
            wake(None)

    def _look_up(self, receipt: Any) -> None:
        """What was acknowledged can be read at once."""
        answer = self._get(f"/orders/{receipt['order_id']}")
        if answer["total"] != receipt["total"] or not answer["history"]:
            self.tally.contradictions.append(f"order {receipt['order_id']} reads {answer}")

    def page_through(self) -> None:
        """Called inside a task: read every list to its end, in small pages."""
        for channel in ("webshop", "market"):
            self._list("/orders", "order_id", channel=channel)
        for status in ("placed", "reserving", "reserved", "backordered", "cancelling", "cancelled"):
            self._list("/orders", "order_id", status=status)
        self._list("/orders", "order_id")
        self._list("/inventory/products", "sku")
        self._list("/inventory/stock", "sku")

    def _list(self, path: str, name: str, **query: str) -> None:
        found = self.tally.listed.setdefault(" ".join((path, *query.values())), [])
        cursor: dict[str, str] = {}
        for _ in range(PATIENCE):
            page = self._get(path, limit="7", **query, **cursor)
            found.extend(item[name] for item in page["items"])
            if "cursor" not in page:
                return
            cursor = {"cursor": page["cursor"]}
        self.tally.contradictions.append(f"{path} has no last page")

    def _get(self, path: str, **query: str) -> Any:
        for _ in range(PATIENCE):
            answer = self._cloud.request("GET", path, query=query)
            if answer is not None and answer[0] < 500:
                if answer[0] != 200:
                    self.tally.contradictions.append(f"GET {path} {query}: {answer}")
                return answer[1]
            self._cloud.scheduler.sleep(1)
        raise AssertionError(f"GET {path} is never answered")

    def _cancel(self, action: CancelOrder) -> None:
        if action.order not in self._names:
            return
        if action.order not in self.tally.orders:
            task = self._cloud.scheduler.current
            self._waiting.setdefault(action.order, []).append(task.waker())
            task.wait()
        order_id = self.tally.orders.get(action.order)
        if order_id is not None:
            status, _ = self._ask(action, "POST", f"/orders/{order_id}/cancellation", {"reason": action.name})
            self.tally.cancelled[order_id] = status

    def _ask(self, action: Action, method: str, path: str, body: object) -> tuple[int, Any]:
        """Send a request until there is an answer that will not change; sometimes once more."""
        cloud = self._cloud
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

    def _pause(self, action: PauseReader) -> None:
        cloud = self._cloud
        cloud.faults.happened(f.BEHIND)
        cloud.note(f"the projector of {action.service} stands still for {action.hours} hours")
        for reader in self._readers(action.service, "views"):
            reader.resumes_at = cloud.scheduler.seconds + action.hours * HOUR

    def _rebuild(self, service: str) -> None:
        cloud = self._cloud
        cloud.faults.happened(f.REBUILD)
        cloud.note(f"the views of {service} are emptied")
        table = cloud.database.tables[f"{service}-views"]
        for item in table.items():
            cloud.database.delete_item(TableName=table.name, Key={name: item[name] for name in ("pk", "sk")})
        self.replay(service, "views")
        if service == "orders":  # it keeps its copy of inventory's products among its views
            self.replay("inventory", "outbox")

    def replay(self, service: str, reader: str) -> None:
        """Called inside a task: hand the whole history to a reader again, as `make replay` does."""
        records = self._cloud.commits(service)
        for start in range(0, len(records), 100):
            while not self._replayed(service, reader, records[start : start + 100]):
                self._cloud.scheduler.sleep(2)

    def _replayed(self, service: str, reader: str, records: list[Record]) -> bool:
        found = self._readers(service, reader)[0]
        task = self._cloud.scheduler.current
        wake: Callable[[Result], None] = task.waker()
        self._cloud.invoke(found.service, found.capability, stream_event(records), wake)
        result: Result = task.wait()
        return result.succeeded

    def _readers(self, service: str, capability: str) -> list[Reader]:
        return [
            reader
            for reader in self._cloud.readers
            if (reader.service.name, reader.capability.name) == (service, capability)
        ]


def _final(status: int, answer: Any) -> bool:
    """Whether the caller learns nothing new by asking again."""
    if status >= 500:
        return False
    problem = str(answer.get("type", "")).rpartition(":")[2]
    return problem not in ("contended", "unknown-sku", "unknown-location")
