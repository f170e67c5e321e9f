"""Many orders for one product at once: how many reservations a write carries, who collides, who waits for whom.

`python -m tests.simulation.hot_sku` prints the table in docs/reliability.md. Times are simulated: a call to
DynamoDB takes 4 ms on average. Counts of writes and conflicts do not depend on that much; seconds do.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from infra.app import SYSTEM
from infra.declaration import MAX_CONCURRENT_CONSUMERS, System
from inventory.aggregates import PROMISE
from inventory.contracts import LineReserved, LineShort
from inventory.domain.promise import Promise
from shared import clock, codec
from shared.event_store import commit_of
from tests.simulation import faults as f
from tests.simulation.cloud import Cloud, Witness
from tests.simulation.dynamodb import Item, size_of
from tests.simulation.faults import Faults
from tests.simulation.invariants import check_state, check_turn
from tests.simulation.processes import installed
from tests.simulation.scheduler import START, Scheduler

QUEUE = "inventory-reservation"
KILOBYTE = 1024


@dataclass(frozen=True)
class Request:
    """An order line that asks for one unit of `sku`, sent `at`; the smaller `age`, the older the promise."""

    sku: str
    at: float
    age: int


@dataclass
class Outcome(Witness):
    """What the requests came to; checks each commit on the way."""

    scheduler: Scheduler
    writes: int = 0
    write_units: int = 0
    conflicts: int = 0
    seconds: float = 0.0
    reserved: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    short: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    answered: dict[int, float] = field(default_factory=dict)
    states: dict[str, Promise] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """How many requests got their answer."""
        return len(self.answered)

    def committed(self, _service: str, item: Item, _old: Item | None, /) -> None:
        """Count the write, and see that nothing is oversold and nobody jumps the queue."""
        commit = commit_of(item)
        self.write_units += -(-size_of(item) // KILOBYTE)
        self.writes += 1
        state = self.states.get(commit.stream, Promise())
        for recorded in commit.events:
            event = PROMISE.catalog.decode(recorded)
            if isinstance(event, LineReserved) and event.backordered:
                check_turn(commit.stream, state, event)
            if isinstance(event, LineReserved | LineShort):
                age = int(event.order_id[-12:])
                book = self.reserved if isinstance(event, LineReserved) else self.short
                book[event.sku].append(age)
                self.answered.setdefault(age, self.scheduler.seconds)
            state = PROMISE.evolve(state, event)
        self.states[commit.stream] = state
        check_state(commit.stream, state)


def run(
    requests: Sequence[Request],
    supply: dict[str, int],
    *,
    batch: int = 100,
    workers: int = MAX_CONCURRENT_CONSUMERS,
    later_supply: dict[str, int] | None = None,
    faults: frozenset[str] = frozenset(),
    seed: int = 1,
) -> Outcome:
    """Send the requests to reservation, `workers` of it at once, each with up to `batch` messages."""
    scheduler = Scheduler()
    weather = Faults(Random(f"faults {seed}"), faults, weight=3.0)
    outcome = Outcome(scheduler)
    cloud = Cloud(
        _inventory_alone(batch), scheduler, Random(seed), weather, outcome, tracing=False, consumers=workers
    )
    with installed(cloud, Random(f"ids {seed}")):
        queue = cloud.queues[QUEUE]
        for sku, units in supply.items():
            queue.send(_counted(sku, units, 1))
        scheduler.run()
        supplied, start = outcome.writes, scheduler.seconds
        units_before = outcome.write_units
        for request in requests:
            scheduler.after(request.at, partial(queue.send, _requested(request)))
        scheduler.run()
        outcome.seconds = max(outcome.answered.values(), default=start) - start
        outcome.answered = {age: at - start for age, at in outcome.answered.items()}
        outcome.writes -= supplied
        outcome.write_units -= units_before
        for sku, units in (later_supply or {}).items():
            queue.send(_counted(sku, units, 2))
        weather.active = False
        scheduler.run()
    outcome.conflicts = weather.counts[f.CONFLICT]
    return outcome


def zipf(count: int, skus: int, chance: Random, seconds: float = 0.0) -> list[Request]:
    """Requests for a catalogue in which the n-th product sells 1/n as often as the first."""
    names = [f"SKU-{number}" for number in range(1, skus + 1)]
    weights = [1 / number for number in range(1, skus + 1)]
    drawn = chance.choices(names, weights, k=count)
    return [Request(sku, chance.uniform(0, seconds), age) for age, sku in enumerate(drawn)]


def one_sku(count: int) -> list[Request]:
    """Requests for one product, all at one moment, in an order that has nothing to do with their ages."""
    ages = Random(count).sample(range(count), count)
    return [Request("HOT", 0.0, age) for age in ages]


def table(count: int = 2_000) -> Iterator[str]:
    """The measurements, as a Markdown table."""
    yield "| catalogue | batch | workers | answers | writes | per write | write units per answer | conflicts |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, requests in (("one SKU", one_sku(count)), ("Zipf, 200 SKUs", zipf(count, 200, Random(count)))):
        supply = dict.fromkeys({request.sku for request in requests}, count // 2)
        for batch in (1, 10, 100, 1_000):
            for workers in (1, MAX_CONCURRENT_CONSUMERS):
                seen = run(requests, dict(sorted(supply.items())), batch=batch, workers=workers)
                answers = seen.answers
                yield (
                    f"| {name} | {batch:,} | {workers} | {answers:,} | {seen.writes:,} "
                    f"| {answers / seen.writes:.1f} | {seen.write_units / answers:.2f} | {seen.conflicts} |"
                )


def _inventory_alone(batch: int) -> System:
    """The map with nothing but inventory in it, reservation taking up to `batch` messages at once."""
    inventory = SYSTEM.service("inventory")
    capabilities = tuple(
        replace(one, batch=batch) if inventory.queue(one) == QUEUE else one for one in inventory.capabilities
    )
    return replace(SYSTEM, services=(replace(inventory, capabilities=capabilities),))


def _requested(request: Request) -> str:
    order_id = f"00000000-0000-8000-8000-{request.age:012d}"
    return _event(
        "orders.ReservationRequested",
        f"Order#{order_id}",
        {
            "order_id": order_id,
            "warehouse": "MAIN",
            "promised_at": clock.iso(START + timedelta(seconds=request.age)),
            "lines": [{"line_id": "1", "sku": request.sku, "quantity": 1}],
        },
    )


def _counted(sku: str, units: int, commit: int) -> str:
    stock = {
        "location": f"A-{sku}",
        "warehouse": "MAIN",
        "sku": sku,
        "quantity": units,
        "on_hand": units,
    }
    return _event("inventory.StockAdjusted", f"Holding#A-{sku}", stock, commit)


def _event(kind: str, stream: str, data: dict[str, Any], commit: int = 1) -> str:
    return codec.to_json(
        {
            "specversion": "1.0",
            "id": f"{stream}@{commit}.0",
            "source": f"stowage.{kind.partition('.')[0]}",
            "type": kind,
            "subject": stream,
            "time": "2026-01-31T09:30:00.000Z",
            "dataschema": f"urn:stowage:event:{kind}:1",
            "sequence": f"{commit:010d}.0000",
            "correlationid": stream,
            "causationid": stream,
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "data": data,
        }
    ).decode()


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
