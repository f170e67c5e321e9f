"""Put-away tasks and unsettled allocations in the read model: who works on what, and what is still looked for."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from inventory.domain.order_allocation import (
    HoldingAvoided,
    LineClosed,
    LineSuspended,
    LineWanted,
    ShareWithdrawn,
)
from inventory.domain.putaway import OPEN, PutAway, evolve
from inventory.task_contracts import LineAllocated, LineUnallocated
from shared.events import Commit, Event
from shared.projection import Entry, Projection

TASK = "Task"
ALLOCATION = "Allocation"
BY_TASK_STATUS, BY_UNSETTLED = "by_task_status", "by_unsettled"
SHARDS = ("0", "1", "2", "3")
UNDIRECTED = "undirected"
TASK_STATUSES = (OPEN, UNDIRECTED, "confirmed", "cancelled")
"""Undirected are the open tasks for which there is no place."""


class AllocationView(Struct, frozen=True, omit_defaults=True):
    """What an order's allocation has not settled: `lines` lack units, for `short` ones too little was found.

    `lacked` are the products of which it has ever found too little.
    """

    order_id: str
    warehouse: str = ""
    lines: tuple[str, ...] = ()
    short: dict[str, str] = {}
    since: str = ""
    lacked: tuple[str, ...] = ()


class Shortage(Struct, frozen=True):
    """Whether an order still lacks units of a product."""

    order_id: str
    warehouse: str
    sku: str
    lacking: bool


def show_task(task: PutAway, event: Event, _at: str) -> PutAway:
    """A task after an event."""
    return evolve(task, event)


def show_allocation(view: AllocationView, event: Event, at: str) -> AllocationView:
    """What is unsettled after an event."""
    match event:
        case LineWanted():
            lines = tuple(dict.fromkeys((*view.lines, event.line_id)))
            return structs.replace(view, warehouse=event.warehouse, lines=lines, since=view.since or at)
        case ShareWithdrawn(avoid=True) | HoldingAvoided():
            lines = tuple(dict.fromkeys((*view.lines, event.line_id)))
            return structs.replace(view, lines=lines, since=view.since or at)
        case LineUnallocated():
            return structs.replace(
                view,
                warehouse=event.warehouse,
                lines=tuple(dict.fromkeys((*view.lines, event.line_id))),
                short=view.short | {event.line_id: event.sku},
                since=view.since or at,
                lacked=tuple(dict.fromkeys((*view.lacked, event.sku))),
            )
        case LineAllocated() | LineClosed() | LineSuspended():
            lines = tuple(line for line in view.lines if line != event.line_id)
            short = {line: sku for line, sku in view.short.items() if line != event.line_id}
            return structs.replace(view, lines=lines, short=short, since=view.since if lines else "")
        case _:
            return view


def status_of(task: PutAway) -> str:
    """Where a task stands, as lists tell it."""
    return UNDIRECTED if task.status == OPEN and not task.location else task.status


def _task_index(task: PutAway) -> Mapping[str, str]:
    keys = {
        "tasks": f"{task.warehouse}#{status_of(task)}",
        "queued": f"{task.created_at}#{task.task_id}",
    }
    if task.zone:
        keys["zone"] = task.zone
    if status_of(task) == UNDIRECTED:
        keys |= {"unsettled": _shard(task.task_id), "since": keys["queued"]}
    return keys


def _allocation_index(view: AllocationView) -> Mapping[str, str]:
    if not view.lines:
        return {}
    return {"unsettled": _shard(view.order_id), "since": f"{view.since}#{view.order_id}"}


def shortages_of(warehouse: str, sku: str) -> tuple[str, str]:
    """The index partition of the orders that lack units of a product, the oldest first."""
    return "unsettled", f"{warehouse}#{sku}"


def _shortages(view: AllocationView, _commit: Commit, events: Sequence[Event]) -> Iterator[Entry]:
    """For each product that the order has ever lacked: whether it still does."""
    if not any(
        isinstance(event, LineUnallocated | LineAllocated | LineClosed | LineSuspended) for event in events
    ):
        return
    for sku in view.lacked:
        lacking = sku in view.short.values()
        partition, product = shortages_of(view.warehouse, sku)
        index = {partition: product, "since": f"{view.since}#{view.order_id}"} if lacking else {}
        shortage = Shortage(view.order_id, view.warehouse, sku, lacking)
        yield Entry((f"Shortage#{product}", view.order_id), shortage, index)


def _seen(view: AllocationView) -> AllocationView | None:
    """It is looked up in its index alone."""
    return view if view.lines else None


def _shard(name: str) -> str:
    return SHARDS[int(name[-1], 16) % len(SHARDS)]


TASKS: Projection[PutAway] = Projection(
    "PutAway", PutAway, lambda _: PutAway(), show_task, lambda stream_id: (stream_id, TASK), _task_index
)
ALLOCATIONS: Projection[AllocationView] = Projection(
    "Allocation",
    AllocationView,
    lambda stream_id: AllocationView(stream_id.partition("#")[2]),
    show_allocation,
    lambda stream_id: (stream_id, ALLOCATION),
    _allocation_index,
    _shortages,
    seen=_seen,
)
