"""Allocation: gives released orders concrete units, others for those that are lost, and takes units back."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from inventory import ground
from inventory.domain.order_allocation import (
    CloseLines,
    ReduceLine,
    RefuseCartons,
    RequestAllocation,
    SuspendLine,
    WantedLine,
)
from inventory.setting_aside import decide, give_up, recount, refuse, replace_lost, request_all, return_strays
from inventory.stock_contracts import StockAllocated, StockDeallocated
from inventory.subscriptions import (
    READS,
    AllocationRequested,
    LineBroken,
    ReservationReleaseRequested,
    ShipmentRefused,
)
from inventory.task_contracts import PutAwayConfirmed
from shared import codec
from shared.consumer import react_in_groups
from shared.envelope import CloudEvent, caused_by
from shared.events import CommandMetadata

NOT_LOST = frozenset({"released", "short", "swapped"})
"""Why units are given back that a line does not miss, or that whoever gave them back has looked after."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what a batch of events asks for: all orders of a warehouse together, everything else order by order."""
    return react_in_groups(event, handle, group=_group, order=lambda _: 0)


def _group(event: CloudEvent) -> str:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case AllocationRequested() as asked:
            return f"{event.type}#{asked.warehouse}"
        case StockAllocated() as stock:
            return f"{event.type}#{stock.order_id}"
        case _:
            return event.id


def handle(events: Sequence[CloudEvent]) -> None:
    """What follows from events of one group. Everything here may happen any number of times, in any order."""
    told = [(codec.from_json(bytes(event.data), READS[event.type]), caused_by(event)) for event in events]
    if asked := [(_wanted(one), metadata) for one, metadata in told if isinstance(one, AllocationRequested)]:
        request_all(asked)
    if stock := [(one, metadata) for one, metadata in told if isinstance(one, StockAllocated)]:
        return_strays(
            stock[0][0].order_id,
            [
                (one.holding, one.line_id, sku, metadata)
                for one, metadata in stock
                for sku in dict.fromkeys(goods.sku for goods in one.goods)
            ],
        )
    for event, (one, metadata) in zip(events, told, strict=True):
        _follow(one, event, metadata)


def _wanted(asked: AllocationRequested) -> RequestAllocation:
    lines = tuple(WantedLine(one.line_id, one.sku, one.quantity, one.promise) for one in asked.lines)
    return RequestAllocation(asked.order_id, asked.warehouse, lines)


def _follow(told: Struct, event: CloudEvent, metadata: CommandMetadata) -> None:
    """What follows from an event that concerns one order."""
    match told:
        case ReservationReleaseRequested() as released:
            closed = tuple(line.line_id for line in released.lines if not line.keeps)
            if closed:
                decide(released.order_id, CloseLines(released.order_id, released.warehouse, closed), metadata)
            for line in released.lines:
                if line.keeps:
                    fewer = ReduceLine(released.order_id, released.warehouse, line.line_id, line.keeps)
                    give_up(fewer, ground.part(metadata, f"keeps/{line.line_id}"))
        case ShipmentRefused() as refused:
            refuse(RefuseCartons(refused.order_id, refused.warehouse, refused.cartons), metadata)
        case LineBroken() as broken:
            suspend = SuspendLine(broken.order_id, broken.warehouse, broken.line_id, event.order_in_stream)
            decide(broken.order_id, suspend, metadata)
        case StockDeallocated() as stock if stock.reason not in NOT_LOST:
            replace_lost(stock.order_id, stock.line_id, metadata)
        case PutAwayConfirmed(order_id=str() as order_id, line_id=str() as line_id) as moved:
            recount(order_id, line_id, (moved.holding, moved.location), metadata)
