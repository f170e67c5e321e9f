"""Reservation: promises stock to order lines, many requests for one SKU in one write."""

from collections.abc import Iterator
from typing import Any

from inventory.aggregates import PROMISE
from inventory.domain.promise import CountSupply, Promise, Release, Reserve, Settle
from inventory.subscriptions import READS, ReservationReleaseRequested, ReservationRequested, StockAdjusted
from shared import codec
from shared.consumer import Addressed, react
from shared.decider import Command
from shared.envelope import CloudEvent
from shared.event_store import Stream
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Decide a batch of requests, releases and counts, each SKU's in one decision, oldest promise first."""
    return react(event, history(), PROMISE, commands, order=_order, follow_up=_left_to_settle)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` asks of the promises of its SKUs."""
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ReservationRequested() as order:
            for line in order.lines:
                yield Addressed(
                    PROMISE.stream_id(order.warehouse, line.sku),
                    Reserve(
                        order.warehouse, line.sku, order.order_id, line.line_id, line.quantity, order.promised_at
                    ),
                    part=line.line_id,
                )
        case ReservationReleaseRequested() as order:
            for released in order.lines:
                yield Addressed(
                    PROMISE.stream_id(order.warehouse, released.sku),
                    Release(order.warehouse, released.sku, order.order_id, released.line_id),
                    part=released.line_id,
                )
        case StockAdjusted() as stock:
            yield Addressed(
                PROMISE.stream_id(stock.warehouse, stock.sku),
                CountSupply(stock.warehouse, stock.sku, stock.location, event.order_in_stream, stock.on_hand),
            )


def _left_to_settle(stream: Stream[Promise]) -> Settle | None:
    """The command that goes on where one decision had no room for more."""
    if not stream.state.unsettled:
        return None
    _, warehouse, sku = stream.id.split("#", 2)
    return Settle(warehouse, sku)


def _order(command: Command) -> tuple[int, str, str, int]:
    """Counts first, then releases, then requests from the oldest promise to the youngest."""
    match command.payload:
        case Reserve() as line:
            return 2, line.promised_at, line.order_id, int(line.line_id)
        case Release():
            return 1, "", "", 0
        case _:
            return 0, "", "", 0
