"""Reservation: promises stock to order lines, many requests for one SKU in one write."""

from collections.abc import Iterator
from typing import Any

from inventory.aggregates import PROMISE
from inventory.domain.promise import Arrival, CountSupply, Fulfil, Promise, Release, Reserve, Settle
from inventory.stock_contracts import (
    AssignedLine,
    ContainerArrived,
    ContainerDeparted,
    Goods,
    StockCounted,
    StockReceived,
    StockShipped,
    StockStatusChanged,
    Supply,
    SupplyCorrected,
)
from inventory.subscriptions import READS, ReservationReleaseRequested, ReservationRequested, StockAdjusted
from shared import clock, codec
from shared.consumer import Addressed, react
from shared.decider import Command
from shared.envelope import CloudEvent
from shared.event_store import Stream
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Decide a batch of requests, releases and counts, each SKU's in one decision, oldest promise first."""
    return react(event, history(), PROMISE, commands, order=_order, follow_up=_left_to_settle)


def commands(event: CloudEvent) -> Iterator[Addressed]:
    """What `event` asks of the promises of its SKUs, today."""
    today = clock.iso(clock.now())[:10]
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ReservationRequested() as order:
            for line in order.lines:
                yield Addressed(
                    PROMISE.stream_id(order.warehouse, line.sku),
                    Reserve(
                        order.warehouse,
                        line.sku,
                        order.order_id,
                        line.line_id,
                        line.quantity,
                        order.promised_at,
                        today,
                    ),
                    part=line.line_id,
                )
        case ReservationReleaseRequested() as order:
            for released in order.lines:
                yield Addressed(
                    PROMISE.stream_id(order.warehouse, released.sku),
                    Release(
                        order.warehouse, released.sku, order.order_id, released.line_id, today, released.keeps
                    ),
                    part=released.line_id,
                )
        case StockAdjusted() as stock:
            supply = stock.supply or (Supply(stock.sku, stock.on_hand),)
            yield from _counts(event, stock.location, stock.warehouse, supply, today)
        case StockReceived() as stock:
            yield from _counts(event, stock.holding, stock.warehouse, stock.supply, today, stock.goods, stock)
        case StockStatusChanged(status="available", warehouse=str()) as stock if stock.inspection_id:
            yield from _counts(event, stock.holding, stock.warehouse, stock.supply, today, stock.goods, stock)
        case (
            StockStatusChanged(warehouse=str())
            | StockCounted()
            | SupplyCorrected()
            | ContainerDeparted()
            | ContainerArrived()
        ) as stock:
            yield from _counts(event, stock.holding, stock.warehouse, stock.supply, today)

        case StockShipped() as stock:
            less = {one.sku: one for one in stock.supply}
            for sku in dict.fromkeys(goods.sku for goods in stock.goods):
                left = less.get(sku, Supply(sku, 0))
                yield Addressed(
                    PROMISE.stream_id(stock.warehouse, sku),
                    Fulfil(
                        warehouse=stock.warehouse,
                        sku=sku,
                        carton=stock.holding,
                        shipped_at=event.time,
                        units=-left.units,
                        expiring=tuple((date, -units) for date, units in left.expiring),
                        lines=tuple(
                            AssignedLine(stock.order_id, line.line_id, line.units)
                            for line in stock.lines
                            if line.sku == sku
                        ),
                        today=today,
                    ),
                )


def _counts(
    event: CloudEvent,
    holding: str,
    warehouse: str | None,
    supply: tuple[Supply, ...],
    today: str,
    goods: tuple[Goods, ...] = (),
    told: StockReceived | StockStatusChanged | None = None,
) -> Iterator[Addressed]:
    """One count for each product of `supply`, and which of its new `goods` can be sold."""
    for one in supply:
        yield Addressed(
            PROMISE.stream_id(warehouse or "", one.sku),
            CountSupply(
                warehouse=warehouse or "",
                sku=one.sku,
                location=holding,
                counted=event.order_in_stream,
                units=one.units,
                expiring=one.expiring,
                today=today,
                arrivals=tuple(_arrivals(one.sku, goods, inspected=isinstance(told, StockStatusChanged))),
                answers=event.id,
                shipment_id=told.shipment_id if isinstance(told, StockReceived) else None,
                receipt=told.receipt if isinstance(told, StockReceived) else None,
                inspection_id=told.inspection_id if isinstance(told, StockStatusChanged) else None,
            ),
        )


def _arrivals(sku: str, goods: tuple[Goods, ...], *, inspected: bool) -> Iterator[Arrival]:
    """Goods of a product that can be sold from now on, by lot."""
    units: dict[tuple[str | None, str | None], int] = {}
    for one in goods:
        if one.sku == sku and (inspected or one.status == "available"):
            units[one.lot, one.expires_on] = units.get((one.lot, one.expires_on), 0) + one.units
    for (lot, expires_on), count in units.items():
        yield Arrival(count, lot, expires_on)


def _left_to_settle(stream: Stream[Promise]) -> Settle | None:
    """The command that goes on where one decision had no room for more."""
    if not stream.state.unsettled:
        return None
    _, warehouse, sku = stream.id.split("#", 2)
    return Settle(warehouse, sku)


def _order(command: Command) -> tuple[int, str, str, int]:
    """Counts first, then what left, then releases, then requests from the oldest promise to the youngest."""
    match command.payload:
        case Reserve() as line:
            return 3, line.promised_at, line.order_id, int(line.line_id)
        case Release():
            return 2, "", "", 0
        case Fulfil() as left:
            return 1, left.shipped_at, left.carton, 0
        case CountSupply() as count:
            return 0, "", "", count.counted
        case _:
            return 0, "", "", 0
