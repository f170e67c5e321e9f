"""Many processes in one: whatever the code keeps per process is kept per worker, time and chance are simulated.

The code says `@cache` where it wants one of something per process. Every such function of the kernel and of the
services is replaced by one that looks into the memory of the worker that runs now; nothing else of them changes.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import patch

import msgspec
from immutables import Map

from inventory.domain import promise
from payments.provider import PaymentProvider, ProviderTimeout
from shared import clock, codec, event_store, ids, outbox, projection, telemetry
from shared.decider import Decider
from tests.simulation import faults as f
from tests.simulation.cloud import Cloud, Worker
from tests.simulation.postoffice import Desk


class PerWorker:
    """Stands in for a cached function: calls it once per worker and arguments."""

    def __init__(self, cloud: Cloud, function: Callable[..., Any]) -> None:
        self._cloud = cloud
        self._function = function

    def __call__(self, *arguments: object) -> Any:
        """What the running worker keeps."""
        kept = _worker(self._cloud).kept
        key = (self, arguments)
        if key not in kept:
            kept[key] = self._function(*arguments)
        return kept[key]

    def cache_clear(self) -> None:
        """Forget nothing: a worker forgets when it dies."""


class UnreliableProvider:
    """A provider whose answers get lost, before or after it has done what it was asked."""

    def __init__(self, cloud: Cloud, provider: PaymentProvider) -> None:
        self._cloud = cloud
        self._provider = provider

    def __getattr__(self, question: str) -> Callable[..., Any]:
        """Ask the provider, if the question arrives."""
        ask = getattr(self._provider, question)

        def asked(*about: object) -> Any:
            self._lose(0.5)
            answer = ask(*about)
            self._lose(0.5)
            return answer

        return asked

    def _lose(self, share: float) -> None:
        if self._cloud.chance.random() < share and self._cloud.faults.strikes(f.PROVIDER):
            raise ProviderTimeout("simulated")


SMALL: tuple[tuple[ModuleType, str, int], ...] = (
    (event_store, "SNAPSHOT_CHUNK_BYTES", 300),
    (event_store, "MAX_COMMIT_BYTES", 6_000),
    (event_store, "_CACHED_STREAMS", 6),
    (projection, "_REMEMBERED", 4),
    (outbox, "MAX_ENTRIES", 3),
    (promise, "SETTLED_AT_ONCE", 2),
    (promise, "CLOSED_LINES_REMEMBERED", 2),
)
SMALL_SNAPSHOT_EVERY = 3
SMALL_WINDOW = 4
NO_NATURAL_KEY = ("Holding", "Shipment", "Inspection")
"""Categories whose commands are recognized by their ids alone: there the window is an assumption."""


@contextmanager
def small_limits(deciders: Iterable[Decider[Any]]) -> Iterator[None]:
    """Run the block with small limits, so that what happens at a limit happens in a small population too."""
    usual = [(decider, decider.snapshot_every, decider.window) for decider in deciders]
    with ExitStack() as patches:
        for module, name, value in SMALL:
            patches.enter_context(patch.object(module, name, value))
        for decider, _, window in usual:
            _limit(decider, SMALL_SNAPSHOT_EVERY, window if decider.category in NO_NATURAL_KEY else SMALL_WINDOW)
        try:
            yield
        finally:
            for limits in usual:
                _limit(*limits)


def _limit(decider: Decider[Any], snapshot_every: int, window: int) -> None:
    object.__setattr__(decider, "snapshot_every", snapshot_every)
    object.__setattr__(decider, "window", window)


@contextmanager
def installed(cloud: Cloud, randomness: Random) -> Iterator[None]:
    """Run the block with the system's code living in `cloud`."""
    modules = _modules(cloud)
    undo: list[tuple[ModuleType, str, Any]] = []
    replacements: dict[int, Any] = {}
    special = _special(cloud)
    for module in modules:
        for name, value in list(vars(module).items()):
            if hasattr(value, "cache_clear") and hasattr(value, "__wrapped__"):
                if id(value) not in replacements:
                    where = f"{value.__module__}.{value.__name__}"
                    replacements[id(value)] = special.get(where, lambda made: made)(
                        PerWorker(cloud, value.__wrapped__)
                    )
                undo.append((module, name, value))
                setattr(module, name, replacements[id(value)])
    before = clock._now, clock._sleep, ids._random, telemetry._log
    clock.use(lambda: _now(cloud), cloud.scheduler.sleep)
    ids.use(randomness)
    telemetry._log = lambda level, message, fields: _log(cloud, level, message, fields)
    try:
        with patch.object(codec, "_encoder", msgspec.json.Encoder(enc_hook=_in_order)):
            yield
    finally:
        clock.use(before[0], before[1])
        ids.use(before[2])
        telemetry._log = before[3]
        for module, name, value in undo:
            setattr(module, name, value)


def _in_order(value: object) -> object:
    """A map in the order of its keys: its own order differs from process to process, and with it the compressed
    size of a snapshot, the number of its chunks, and so the run."""
    if isinstance(value, Map):
        return dict(sorted(value.items()))
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def _special(cloud: Cloud) -> Mapping[str, Callable[[Any], Any]]:
    """What is more than a cached value: by the full name of the function, how its stand-in is made."""
    return {
        "shared.aws.dynamodb": lambda _: lambda: _worker(cloud).dynamodb,
        "shared.aws.eventbridge": lambda _: lambda: _worker(cloud).eventbridge,
        "shared.aws.sqs": lambda _: lambda: _worker(cloud).sqs,
        "shared.aws.secretsmanager": lambda _: lambda: _worker(cloud).secretsmanager,
        "shared.aws.s3": lambda _: lambda: _worker(cloud).s3,
        "shipping.easypost.easypost": lambda _: PerWorker(cloud, lambda: Desk(cloud.carrier, _worker(cloud))),
        "shared.environment.environment": lambda _: lambda: _worker(cloud).environment,
        "payments.providers.adapter": lambda kept: lambda: (UnreliableProvider(cloud, kept()[0]), kept()[1]),
    }


def _worker(cloud: Cloud) -> Worker:
    worker = cloud.scheduler.current.owner
    if not isinstance(worker, Worker):
        raise TypeError("only workers run the system's code")
    return worker


def _now(cloud: Cloud) -> datetime:
    running = cloud.scheduler.running
    skew = running.owner.skew if running is not None and isinstance(running.owner, Worker) else None
    return cloud.scheduler.now + skew if skew else cloud.scheduler.now


def _log(cloud: Cloud, level: str, message: str, fields: Mapping[str, object]) -> None:
    if level in ("WARNING", "ERROR"):
        worker = _worker(cloud)
        cloud.witness.logged(worker, level, message, fields)
        cloud.note(f"{worker.name} {level} {message} {str(fields.get('error', ''))[:150]}")


def _modules(cloud: Cloud) -> list[ModuleType]:
    services = [service.name for service in cloud.system.services]
    for service in cloud.system.services:
        for capability in service.capabilities:
            importlib.import_module(f"{service.name}.{capability.name}")
    prefixes = tuple(f"{package}." for package in ("shared", *services))
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(prefixes)]
