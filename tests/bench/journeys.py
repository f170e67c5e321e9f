"""Whole journeys of orders through the real handlers, with a meter listening."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.app import SYSTEM
from tests.bench.meter import Bill, Meter
from tests.simulation.dynamodb import Database
from tests.support.landscape import Consumer, Landscape, landscape

STOCK = 1_000_000
STREAM_POLL_SECONDS = 0.25
"""How often Lambda looks at a table's stream."""


class MeteredSystem:
    """The system with its queues: what is asked of it runs until nothing moves any more."""

    def __init__(self, system: Landscape, meter: Meter) -> None:
        self._system = system
        self._meter = meter
        self._queues: dict[Consumer, deque[tuple[float, str]]] = {}
        self._capabilities = {
            (service.name, capability.name): capability
            for service in SYSTEM.services
            for capability in service.capabilities
        }
        self._now = 0.0
        self._unread: dict[Consumer, tuple[float, list[Any]]] = {}

    def call(self, method: str, path: str, body: object = None, key: str | None = None, **query: str) -> Any:
        """One HTTP request that has to succeed; what it answers."""
        step = ".".join(self._system.place_of(method, path))
        self._meter.http_call(step)
        with self._meter.invocation(step):
            answer = self._system.call(method, path, body, key=key, query=query)
        assert answer.status < 300, answer
        return answer.body

    def unbilled(self, method: str, path: str, **query: str) -> Any:
        """What a look of the bench's own is answered; it belongs to no journey."""
        bill, self._meter.bill = self._meter.bill, Bill()
        try:
            return self.call(method, path, **query)
        finally:
            self._meter.bill = bill

    def at_its_hour(self, service: str, capability: str) -> None:
        """A schedule starts a capability."""
        with self._meter.invocation(f"{service}.{capability}"):
            self._system.invoke(service, capability, {})

    def elapse(self, seconds: float) -> None:
        """Let so much time go by: streams are looked at, and readers get what is full or has waited."""
        until = self._now + seconds
        while self._now < until:
            self._now += STREAM_POLL_SECONDS
            self._look()

    def settle(self) -> None:
        """Let as much time go by as outboxes, projectors and consumers need until nothing waits any more."""
        while True:
            if self._look():
                self._now += STREAM_POLL_SECONDS
            elif moments := list(self._due()):
                self._now = max(self._now, min(moments))
            else:
                return

    def _look(self) -> bool:
        moved = False
        for service in SYSTEM.services:
            moved = self._follow(service.name) or moved
        for consumer in list(self._queues):
            moved = self._drain(consumer) or moved
        return moved

    def _due(self) -> Iterator[float]:
        """When what waits will have waited for as long as the map says."""
        for reader, (since, _) in self._unread.items():
            yield since + self._capabilities[reader].window_s
        for consumer, waiting in self._queues.items():
            if waiting:
                yield waiting[0][0] + self._capabilities[consumer].window_s

    def _follow(self, service: str) -> bool:
        moved = False
        for reader, hand in (("outbox", self._tell), ("views", self._show)):
            for batch in self._read(service, reader):
                hand(service, batch)
                moved = True
        return moved

    def _read(self, service: str, reader: str) -> Iterator[list[Any]]:
        """Full batches of a table's stream, and what has waited for as long as the map says."""
        since, records = self._unread.pop((service, reader), (self._now, []))
        records = [*records, *self._records(service, reader)]
        capability = self._capabilities[service, reader]
        while records:
            if len(records) < capability.batch and self._now - since < capability.window_s:
                self._unread[service, reader] = since, records
                return
            yield records[: capability.batch]
            records = records[capability.batch :]

    def _show(self, service: str, records: list[Any]) -> None:
        self._meter.streamed(f"{service}.views", service)
        with self._meter.invocation(f"{service}.views"):
            self._system.invoke(service, "views", {"Records": records})

    def _tell(self, service: str, records: list[Any]) -> None:
        self._meter.streamed(f"{service}.outbox", service)
        before = len(self._system.messages)
        with self._meter.invocation(f"{service}.outbox"):
            self._system.invoke(service, "outbox", {"Records": records})
            for _, message in self._system.messages[before:]:
                self._meter.event(len(message))
        for event_type, message in self._system.messages[before:]:
            for consumer in self._system.subscribers(event_type):
                self._queues.setdefault(consumer, deque()).append((self._now, message))
                self._meter.queued(".".join(consumer), len(message))

    def _records(self, service: str, reader: str) -> list[Any]:
        """What the table's stream hands to a reader; Lambda reads streams free of charge."""
        with self._meter.paused():
            return list(self._system.follow((service, reader)))

    def _drain(self, consumer: Consumer) -> bool:
        """Hand the consumer full batches, and what has waited for as long as the map says."""
        waiting, self._queues[consumer] = self._queues[consumer], deque()
        capability, step = self._capabilities[consumer], ".".join(consumer)
        moved = False
        while waiting:
            if len(waiting) < capability.batch and self._now - waiting[0][0] < capability.window_s:
                self._queues[consumer].extendleft(reversed(waiting))
                break
            moved = True
            batch = [waiting.popleft() for _ in range(min(len(waiting), capability.batch))]
            self._meter.polled(step, len(batch))
            with self._meter.invocation(step):
                again = self._system.deliver(consumer, *(message for _, message in batch))
            self._queues[consumer].extend((self._now, batch[place][1]) for place in again)
        return moved


@contextmanager
def metered(*, warm: bool = False) -> Iterator[tuple[MeteredSystem, Meter]]:
    """The whole system in this process, with empty tables and a listening meter.

    When it is `warm`, there is one worker of each Lambda, which stays from one invocation to the next, as Lambda
    keeps it that is called every second.
    """
    workers = [
        (service.name, capability.name) for service in SYSTEM.services for capability in service.capabilities
    ]
    database = Database()
    meter = Meter(database)
    with landscape(database=database, log_level="INFO", warm=workers if warm else ()) as system, meter.listening():
        yield MeteredSystem(system, meter), meter


def stocked(system: MeteredSystem, skus: int, units: int = STOCK) -> list[str]:
    """Register `skus` products with `units` each."""
    place = {"zone": "A", "aisle": "01", "bay": "01", "level": "1"}
    system.call("PUT", "/inventory/locations/A-01-01-1", place)
    names = [f"SKU-{number:04d}" for number in range(skus)]
    for name in names:
        system.call("PUT", f"/inventory/products/{name}", {"name": f"Product {name}"})
        if units:
            adjustment = {"sku": name, "location": "A-01-01-1", "quantity": units, "reason": "received"}
            system.call("POST", "/inventory/stock/adjustments", adjustment, key=f"stock-{name}")
    system.settle()
    return names


def order(skus: list[str], quantity: int = 1, method: str = "tok_accepted") -> dict[str, object]:
    """An order with one line for each of `skus`."""
    return {
        "channel": "webshop",
        "currency": "EUR",
        "reference": "WEB-100482",
        "customer": "C-20931",
        "payment": {"method": method},
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": 1295} for sku in skus],
    }


def placed(lines: int, orders: int = 1) -> Bill:
    """`orders` orders of `lines` lines, from placing to reserved."""
    with metered() as (system, meter):
        skus = stocked(system, max(lines, min(orders, 100)))
        meter.bill = Bill()
        for number in range(orders):
            wanted = [skus[(number + line) % len(skus)] for line in range(lines)]
            system.call("POST", "/orders", order(wanted), key=f"order-{number}")
        system.settle()
        return _checked(system, meter, {"reserved": orders})


def backordered(lines: int = 4) -> Bill:
    """An order that finds no stock, waits, and is reserved when it arrives."""
    with metered() as (system, meter):
        skus = stocked(system, lines, units=0)
        meter.bill = Bill()
        system.call("POST", "/orders", order(skus), key="order-0")
        system.settle()
        ordered = meter.bill
        meter.bill = Bill()
        for sku in skus:
            arrived = {"sku": sku, "location": "A-01-01-1", "quantity": 5, "reason": "received"}
            system.call("POST", "/inventory/stock/adjustments", arrived, key=f"stock-{sku}")
        system.settle()
        meter.bill.units.update(ordered.units)
        meter.bill.calls.update(ordered.calls)
        return _checked(system, meter, {"reserved": 1})


def cancelled(lines: int = 4) -> Bill:
    """An order that is reserved and then cancelled: stock released, money voided."""
    with metered() as (system, meter):
        skus = stocked(system, lines)
        meter.bill = Bill()
        order_id = system.call("POST", "/orders", order(skus), key="order-0")["order_id"]
        system.settle()
        system.call("POST", f"/orders/{order_id}/cancellation", {"reason": "changed my mind"}, key="cancel-0")
        system.settle()
        return _checked(system, meter, {"cancelled": 1})


def captured(lines: int = 4) -> Bill:
    """The money of a reserved order is taken in two parts, and some of it given back; the order is not billed."""
    with metered() as (system, meter):
        skus = stocked(system, lines)
        order_id = system.call("POST", "/orders", order(skus), key="order-0")["order_id"]
        system.settle()
        meter.bill = Bill()
        for number, amount in enumerate((4000, 1180)):
            taken = {"capture_id": f"shipment-{number}", "amount": amount, "currency": "EUR"}
            system.call("POST", f"/payments/{order_id}/captures", taken, key=f"capture-{number}")
            system.settle()
        back = {"refund_id": "return-0", "amount": 1295, "currency": "EUR", "reason": "goods returned"}
        system.call("POST", f"/payments/{order_id}/refunds", back, key="refund-0")
        system.settle()
        bill, meter.bill = meter.bill, Bill()
        shown = system.call("GET", f"/payments/{order_id}")
        assert (shown["captured"], shown["refunded"]) == (5180, 1295), shown
        return bill


def declined(lines: int = 4) -> Bill:
    """An order whose card is declined."""
    with metered() as (system, meter):
        skus = stocked(system, lines)
        meter.bill = Bill()
        system.call("POST", "/orders", order(skus, method="tok_declined"), key="order-0")
        system.settle()
        return _checked(system, meter, {"cancelled": 1})


def _checked(system: MeteredSystem, meter: Meter, statuses: Mapping[str, int]) -> Bill:
    """The bill, when every order is where it should be."""
    bill, meter.bill = meter.bill, Bill()
    for status, count in statuses.items():
        found = system.call("GET", "/orders", status=status, limit="200")["items"]
        assert len(found) == count, (status, len(found))
    return bill


JOURNEYS: dict[str, Callable[[], Bill]] = {
    "order of 1 line": lambda: placed(1),
    "order of 4 lines": lambda: placed(4),
    "order of 30 lines": lambda: placed(30),
    "backorder of 4 lines": backordered,
    "cancellation of 4 lines": cancelled,
    "two captures and a refund": captured,
    "decline": declined,
}
