"""What was deployed and where: `.local/outputs.json`, for tools, tests and people."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from infra.declaration import Service, System


class Tables(Struct, frozen=True, omit_defaults=True):
    """The tables of a service."""

    events: str
    views: str
    ledger: str | None = None


class Queue(Struct, frozen=True, omit_defaults=True):
    """A queue, and the one beside it that takes what failed."""

    url: str
    dlq: str | None = None
    dlq_url: str | None = None


class Outputs(Struct, frozen=True):
    """Addresses and names of a deployed system. It holds no secret."""

    api_url: str
    region: str
    endpoint_url: str
    bus: str
    tables: dict[str, Tables]
    queues: dict[str, Queue]
    functions: dict[str, dict[str, str]]
    user_pool_id: str
    token_url: str
    clients: dict[str, str]

    @staticmethod
    def read(file: Path) -> Outputs:
        """The outputs of an earlier deployment. Raises FileNotFoundError saying what to do."""
        if not file.exists():
            raise FileNotFoundError(f"{file}: nothing is deployed here yet; start with `make run`")
        return msgspec.json.decode(file.read_bytes(), type=Outputs)

    def write(self, file: Path) -> None:
        """Writes them for people to read, too."""
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def tables_of(service: Service) -> Tables:
    """The names of a service's tables."""
    return Tables(service.events_table, service.views_table, service.ledger_table)


def queues_of(system: System) -> dict[str, str | None]:
    """Every queue that a capability or a stream reader has, with the name of its dead-letter queue."""
    queues: dict[str, str | None] = {}
    for service in system.services:
        for capability in service.capabilities:
            if queue := service.queue(capability):
                queues[queue] = f"{queue}-dlq"
            if failures := service.failures_queue(capability):
                queues[failures] = None
    return queues
