"""Allocation: gives released orders concrete units, others for those that are lost, and takes units back."""

from typing import Any

from inventory import ground
from inventory.domain.order_allocation import (
    CloseLines,
    ReduceLine,
    RequestAllocation,
    SuspendLine,
    WantedLine,
)
from inventory.setting_aside import decide, give_up, recount, replace_lost, request, return_strays
from inventory.stock_contracts import StockAllocated, StockDeallocated
from inventory.subscriptions import (
    READS,
    AllocationRequested,
    LineBroken,
    ReservationReleaseRequested,
)
from inventory.task_contracts import PutAwayConfirmed
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent, caused_by

NOT_LOST = frozenset({"released", "short", "swapped"})
"""Why units are given back that a line does not miss, or that whoever gave them back has looked after."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what a batch of events asks for, order by order."""
    return react_each(event, handle)


def handle(event: CloudEvent) -> None:
    """What follows from one event. Everything here may happen any number of times, in any order."""
    metadata = caused_by(event)
    match codec.from_json(bytes(event.data), READS[event.type]):
        case AllocationRequested() as asked:
            lines = tuple(WantedLine(one.line_id, one.sku, one.quantity, one.promise) for one in asked.lines)
            request(RequestAllocation(asked.order_id, asked.warehouse, lines), metadata)
        case ReservationReleaseRequested() as released:
            closed = tuple(line.line_id for line in released.lines if not line.keeps)
            if closed:
                decide(released.order_id, CloseLines(released.order_id, released.warehouse, closed), metadata)
            for line in released.lines:
                if line.keeps:
                    fewer = ReduceLine(released.order_id, released.warehouse, line.line_id, line.keeps)
                    give_up(fewer, ground.part(metadata, f"keeps/{line.line_id}"))
        case LineBroken() as broken:
            suspend = SuspendLine(broken.order_id, broken.warehouse, broken.line_id, event.order_in_stream)
            decide(broken.order_id, suspend, metadata)
        case StockAllocated() as stock:
            for sku in dict.fromkeys(goods.sku for goods in stock.goods):
                return_strays(stock.holding, stock.order_id, stock.line_id, sku, metadata)
        case StockDeallocated() as stock if stock.reason not in NOT_LOST:
            replace_lost(stock.order_id, stock.line_id, metadata)
        case PutAwayConfirmed(order_id=str() as order_id, line_id=str() as line_id) as moved:
            recount(order_id, line_id, (moved.holding, moved.location), metadata)
