"""Reads what a service's Lambdas wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.declaration import Service, log_group_name

RUNTIME_NOISE = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
POLL_SECONDS = 1.0
OVERLAP_MS = 10_000  # lines can turn up late; those seen already are left out


def lines(
    logs: Any, service: Service, *, minutes: float, follow: bool, sleep: Callable[[float], None] = time.sleep
) -> Iterator[str]:
    """The last `minutes` of all the service's log lines in order of time, and with `follow` whatever comes."""
    since = int((time.time() - minutes * 60) * 1000)
    seen: set[tuple[str, int, str]] = set()
    while True:
        events = sorted(_events(logs, service, since), key=lambda event: event["timestamp"])
        for event in events:
            text = event["message"].rstrip()
            line = (event["logStreamName"], event["timestamp"], text)
            if line not in seen and not text.startswith(RUNTIME_NOISE):
                yield text
            seen.add(line)
        if not follow:
            return
        since = max(since, int(time.time() * 1000) - OVERLAP_MS)
        sleep(POLL_SECONDS)


def _events(logs: Any, service: Service, since: int) -> Iterator[dict[str, Any]]:
    for capability in service.capabilities:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group_name(service.name, capability.name), startTime=since
        )
        try:
            for page in pages:
                yield from page["events"]
        except logs.exceptions.ResourceNotFoundException:
            continue
