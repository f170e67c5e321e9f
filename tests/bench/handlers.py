"""CPU per command outside network calls, handler by handler.

The real handlers run in this process over an emulated DynamoDB. The time inside the emulator is subtracted, and
boto3's own work is told apart. Orders go through alone, so that no batch shares what an invocation costs.
"""

import cProfile
import io
import json
import os
import pstats
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from typing import Any

from botocore.client import BaseClient
from moto.core.botocore_stubber import BotocoreStubber

from infra.app import SYSTEM
from infra.declaration import Kind
from tests.bench.journeys import MeteredSystem, order, stocked
from tests.bench.meter import Meter
from tests.bench.report import Cell, Report, Table, machine, median, percentile
from tests.support.landscape import landscape

ORDERS = 40
GOAL_MS = 3.0


class Clock:
    """CPU seconds of this thread, and which of them were spent in the emulator and in boto3."""

    def __init__(self) -> None:
        self.emulator = 0.0
        self.boto3 = 0.0
        self.handlers: defaultdict[str, list[tuple[float, float, int]]] = defaultdict(list)

    def emulated(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`original`, noted as the emulator's time."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.thread_time()
            try:
                return original(*arguments, **named)
            finally:
                self.emulator += time.thread_time() - started

        return timed

    def called(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`original`, noted as boto3's time, without the emulator's."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started, emulator = time.thread_time(), self.emulator
            try:
                return original(*arguments, **named)
            finally:
                self.boto3 += time.thread_time() - started - (self.emulator - emulator)

        return timed

    def handling(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """A handler, noted with what it had to do."""

        def timed(event: dict[str, Any], context: object) -> Any:
            started, emulator, boto3 = time.thread_time(), self.emulator, self.boto3
            try:
                return original(event, context)
            finally:
                own = time.thread_time() - started - (self.emulator - emulator)
                self.handlers[name].append((own, self.boto3 - boto3, _commands(event)))

        return timed


def _commands(event: dict[str, Any]) -> int:
    """How many commands an invocation is asked for: a request for stock asks for each of its lines."""
    commands = 0
    for record in event.get("Records", [{}]):
        message = json.loads(record["body"]) if "body" in record else {}
        lines = message["data"]["lines"] if message.get("type", "").startswith("orders.Reservation") else [0]
        commands += len(lines)
    return commands


def drive(system: MeteredSystem, skus: list[str], orders: int) -> None:
    """Orders one after the other, each until nothing moves; every fourth is cancelled; everything is looked at."""
    for number in range(orders):
        placed = system.call("POST", "/orders", order(skus), key=f"order-{number}")["order_id"]
        system.settle()
        system.call("GET", f"/orders/{placed}")
        system.call("GET", "/orders", limit="50")
        system.call("GET", f"/payments/{placed}")
        system.call("GET", f"/inventory/stock/{skus[0]}")
        system.call("GET", "/inventory/products", limit="50")
        arrived = {"sku": skus[0], "location": "A-01-01-1", "quantity": 1, "reason": "found"}
        system.call("POST", "/inventory/stock/adjustments", arrived, key=f"found-{number}")
        system.call("PUT", f"/inventory/products/{skus[0]}", {"name": f"Product {number}"})
        system.call(
            "PUT", f"/inventory/locations/B-{number}", {"zone": "B", "aisle": "1", "bay": "1", "level": "1"}
        )
        if number % 4 == 0:
            system.call("POST", f"/orders/{placed}/cancellation", {"reason": "no more"}, key=f"cancel-{number}")
        system.settle()


def main() -> None:
    """Measure every handler; with PROFILE=<service.capability> print where its time goes."""
    started, where = time.monotonic(), machine()
    clock, profiled = Clock(), os.environ.get("PROFILE", "")
    profile = cProfile.Profile()
    stubber, client = BotocoreStubber.__call__, BaseClient._make_api_call  # type: ignore[attr-defined]
    with landscape() as system:
        metered = MeteredSystem(system, Meter())
        skus = stocked(metered, 4)
        drive(metered, skus, 2)  # imports, decoders and clients are made
        BotocoreStubber.__call__ = clock.emulated(stubber)  # type: ignore[method-assign]
        BaseClient._make_api_call = clock.called(client)  # type: ignore[attr-defined]
        kinds: dict[str, Kind] = {}
        originals: list[tuple[Any, Any]] = []
        for service in SYSTEM.services:
            for capability in service.capabilities:
                name = f"{service.name}.{capability.name}"
                module: Any = import_module(name)
                kinds[name] = capability.kind
                originals.append((module, module.handler))
                run = module.handler
                if name == profiled:
                    run = lambda event, context, run=run: profile.runcall(run, event, context)  # noqa: E731
                module.handler = clock.handling(name, run)
        try:
            drive_again(metered, skus)
            for _ in range(ORDERS):
                system.invoke("orders", "deadlines", {})
        finally:
            BotocoreStubber.__call__ = stubber  # type: ignore[method-assign]
            BaseClient._make_api_call = client  # type: ignore[attr-defined]
            for module, handler in originals:
                module.handler = handler
    if profiled:
        text = io.StringIO()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(40)
        print(text.getvalue())
    rows: list[list[Cell]] = []
    for name, kind in kinds.items():
        if not (runs := clock.handlers.get(name)):
            continue
        own = [cpu * 1000 for cpu, _, _ in runs]
        boto3 = median([seconds * 1000 for _, seconds, _ in runs])
        per = sum(own) / sum(size for _, _, size in runs)
        rows.append(
            [
                name,
                kind.value,
                len(runs),
                median(own),
                boto3,
                median(own) - boto3,
                percentile(own, 0.95),
                per,
                "ok" if per < GOAL_MS else "OVER",
            ]
        )
    table = Table(
        "CPU milliseconds per invocation outside network calls",
        [
            "handler",
            "kind",
            "runs",
            "median",
            "of it boto3",
            "our code",
            "p95",
            "per command",
            f"under {GOAL_MS:.0f} ms",
        ],
        rows,
        [
            "A command: a request, an order line that asks for stock, a message, a commit. Orders of 4 lines.",
            "Every invocation is a worker that remembers nothing of the one before: loads are first loads.",
            "boto3 takes about 0.4 ms per call on its own; here it also carries the emulator's hooks.",
        ],
    )
    Report("handlers", time.monotonic() - started, where, [table]).write()


def drive_again(system: MeteredSystem, skus: list[str]) -> None:
    """The measured traffic: keys of its own."""
    original = system.call

    def call(method: str, path: str, body: object = None, key: str | None = None, **query: str) -> Any:
        return original(method, path, body, f"measured-{key}" if key else None, **query)

    system.call = call  # type: ignore[method-assign]
    drive(system, skus, ORDERS)


if __name__ == "__main__":
    main()
