"""Arrivals: what receiving logs and inspects comes into stock; what is on its way between places arrives.

The second half is a safety net: commands do these steps themselves, and whatever died in between is done here. And
it tells places in racks, and units that others stand on, what has left them or weighs less than before.
"""

from collections.abc import Sequence
from typing import Any

from inventory import ground
from inventory.aggregates import HOLDING, LOT
from inventory.domain import numbers
from inventory.domain.goods import items_of
from inventory.domain.holding import Holding, is_container, receipts_of
from inventory.domain.lot import BlockLot, RegisterLot, UnblockLot
from inventory.domain.movement import ReleaseUnit
from inventory.domain.room import load_of
from inventory.domain.stock import ApplyInspection, ReceiveGoods
from inventory.domain.transfer import Transfer
from inventory.moving import arrive, settle, unit_claim
from inventory.stock_contracts import (
    ContainerDeparted,
    Goods,
    HandlingUnitCreated,
    HandlingUnitMoved,
    HandlingUnitType,
    StockArrived,
    StockDeparted,
    TransferArrived,
)
from inventory.subscriptions import (
    READS,
    GoodsReceived,
    InspectionDecided,
    LotRecalled,
    LotRecallLifted,
    ReceivedGoods,
)
from inventory.travelling import land, record_loose, record_unit
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.resources import history

UNANNOUNCED_TYPE: HandlingUnitType = "pallet"
"""What a handling unit is taken for that came in and was never described."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what a batch of events asks for, one by one."""
    return react_each(event, handle)


def handle(event: CloudEvent) -> None:
    """What follows from one event. Everything here may happen any number of times, in any order."""
    metadata = caused_by(event)
    match codec.from_json(bytes(event.data), READS[event.type]):
        case GoodsReceived() as received:
            receive(received, metadata)
        case InspectionDecided() as decided:
            inspect(decided, metadata)
        case LotRecalled() as recalled:
            block = BlockLot(recalled.sku, recalled.lot, recalled.reason, event.time, notice=event.order_in_stream)
            _lot(recalled.sku, recalled.lot, block, metadata)
        case LotRecallLifted() as lifted:
            unblock = UnblockLot(lifted.sku, lifted.lot, "recall lifted", event.time, event.order_in_stream)
            _lot(lifted.sku, lifted.lot, unblock, metadata)
        case StockDeparted() as departed:
            arrive(departed, metadata)
            if departed.to_warehouse is not None:
                record_loose(departed, metadata)
            _settle(departed.holding, metadata)
        case HandlingUnitMoved() as moved:
            _free(moved.origin, moved.holding, moved.number, metadata)
            settle(moved.holding, metadata, (unit_claim(moved.holding, moved.number),))
        case ContainerDeparted() as sent:
            if sent.parent is None:
                _free(sent.origin, sent.holding, sent.number, metadata)
            record_unit(sent, metadata)
        case TransferArrived() as arrived:
            transfer = Transfer(
                transfer_id=arrived.transfer_id,
                destination=arrived.warehouse,
                container=arrived.container,
                location=arrived.location,
                arrived_at=arrived.occurred_at,
            )
            land(transfer, metadata)
        case HandlingUnitCreated() as created:
            settle(created.holding, metadata, (unit_claim(created.holding, 0),))
        case StockArrived() as came:
            _settle(came.holding, metadata, came.claim)


def receive(received: GoodsReceived, metadata: CommandMetadata) -> None:
    """Put the goods of one receipt into stock: onto their handling units, or to the shipment's loose goods.

    A holding that has noted the receipt is done with: nothing is looked up for it again, so that a large receipt
    whose worker was stopped goes on where that one was.
    """
    by_holding: dict[str, list[ReceivedGoods]] = {}
    for line in received.lines:
        by_holding.setdefault(line.sscc or received.shipment_id, []).append(line)
    for holding, lines in by_holding.items():
        _receive(holding, lines, received, metadata)


def inspect(decided: InspectionDecided, metadata: CommandMetadata) -> None:
    """Release the goods that waited for an inspection; those of a recalled lot stay in quarantine."""
    recalled = decided.lot is not None and ground.lot_of(decided.sku, decided.lot).blocked
    for one in decided.goods:
        command = ApplyInspection(
            holding=one.holding,
            warehouse=decided.warehouse,
            inspection_id=decided.inspection_id,
            accepted_units=one.accepted_units,
            rejected_units=one.rejected_units,
            rejected_serials=one.rejected_serials,
            rejected_status=decided.rejected_status,
            occurred_at=decided.decided_at,
            accepted_status="quarantine" if recalled else "available",
        )
        execute(history(), HOLDING, HOLDING.stream_id(one.holding), Command(command, metadata))


def _receive(
    holding: str, lines: Sequence[ReceivedGoods], received: GoodsReceived, metadata: CommandMetadata
) -> None:
    """Record what is here: a place without room for it is told of, and so is what is on a unit in transit."""
    books = ground.books(holding)
    on_a_place = bool(books.state.place) and holding != received.shipment_id
    claim = f"{received.shipment_id}/{received.receipt}" if on_a_place else None
    known = books.state.seen.get(receipts_of(received.shipment_id), ())
    if not numbers.has(known, received.receipt):
        _record(books, lines, received, claim, metadata)
    if claim is not None:
        settle(holding, metadata, (claim,))


def _record(
    books: Stream[Holding],
    lines: Sequence[ReceivedGoods],
    received: GoodsReceived,
    claim: str | None,
    metadata: CommandMetadata,
) -> None:
    holding = books.id.partition("#")[2]
    described = [_goods(line, received, metadata) for line in lines]
    goods = tuple(one for one, _ in described)
    blocked = {(one.sku, one.lot) for one, recalled in described if recalled and one.lot}
    place = received.location
    if claim is not None:
        standing = ground.Standing(holding, books.state.warehouse, books=books)
        place = standing.place
        load = load_of(item for one in goods for item in items_of(one))
        ground.make_room(standing, load, claim, metadata, inside=False, recorded_in=books.state.warehouse)
    command = ReceiveGoods(
        holding=holding,
        warehouse=received.warehouse,
        place=place,
        goods=goods,
        occurred_at=received.occurred_at,
        shipment_id=received.shipment_id,
        receipt=received.receipt,
        supplier=received.supplier,
        unit_type=None if holding == received.shipment_id else UNANNOUNCED_TYPE,
        claim=claim,
        blocked=tuple(sorted(blocked)),
    )
    execute(history(), HOLDING, books.id, Command(command, metadata))


def _goods(line: ReceivedGoods, received: GoodsReceived, metadata: CommandMetadata) -> tuple[Goods, bool]:
    """A line as goods, and whether their lot is recalled."""
    product = ground.product_of(line.sku)
    goods = Goods(
        sku=line.sku,
        units=line.units,
        status=line.status,
        lot=line.lot,
        expires_on=line.expires_on,
        serials=line.serials,
        inspection_id=line.inspection_id,
        received_at=received.occurred_at,
    )
    goods = ground.measured(goods, product)
    if line.lot is None:
        return goods, False
    note = RegisterLot(
        sku=line.sku,
        lot=line.lot,
        registered_at=received.occurred_at,
        expires_on=line.expires_on,
        produced_on=line.produced_on,
        supplier=received.supplier,
        shipment_id=received.shipment_id,
    )
    return ground.noted(goods, note, metadata)


def _lot(sku: str, lot: str, command: BlockLot | UnblockLot, metadata: CommandMetadata) -> None:
    execute(history(), LOT, LOT.stream_id(sku, lot), Command(command, metadata))


def _free(place: str, unit: str, number: int, metadata: CommandMetadata) -> None:
    """Free the room that a unit has left behind by its move `number`."""
    command = Command(ReleaseUnit(place, unit, number), ground.part(metadata, "left"))
    if execute(history(), HOLDING, HOLDING.stream_id(place), command).events:
        _settle(place, metadata)


def _settle(holding: str, metadata: CommandMetadata, claim: str | None = None) -> None:
    if is_container(holding):
        settle(holding, metadata, (claim,) if claim else ())
