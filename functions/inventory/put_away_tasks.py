"""Put-away tasks: what came in, was inspected or was set free at the dock is to be brought to its place.

A task's id derives from what made it, so that the same news makes no second one. Loose goods get a task for each
product and lot, and for each order line that waits for them; a handling unit gets one as a whole. A unit of which
only some goods serve orders goes to staging, to be broken down; from there the rest goes into storage.

The same news say that units are free that were not: the orders that lack some get them at once.
"""

from typing import Any

from msgspec import structs

from inventory import ground
from inventory.domain.holding import NOT_FOR_SALE, is_container, is_unit
from inventory.moving import arrive
from inventory.putting_away import PutAwayGoods, create, note_move, purpose_of, redirect, task_of
from inventory.setting_aside import assign, serve_short
from inventory.stock_contracts import (
    Goods,
    GoodsAssigned,
    HandlingUnitMoved,
    StockCounted,
    StockDeallocated,
    StockDeparted,
    StockReceived,
    StockStatusChanged,
)
from inventory.subscriptions import READS, StockAdjusted
from inventory.task_contracts import PutAwayConfirmed
from shared import codec, ids
from shared.consumer import react_each
from shared.envelope import CloudEvent, caused_by
from shared.events import CommandMetadata


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do what a batch of events asks for, one by one."""
    return react_each(event, handle)


def handle(event: CloudEvent) -> None:
    """What follows from one event. Everything here may happen any number of times, in any order."""
    metadata = caused_by(event)
    match codec.from_json(bytes(event.data), READS[event.type]):
        case GoodsAssigned() as goods:
            _assigned(goods, event.order_in_stream, metadata)
        case StockReceived(shipment_id=str()) as received:
            refused = [one for one in received.goods if one.status in NOT_FOR_SALE and not one.inspection_id]
            _refused(received.holding, received.warehouse, refused, event.id, metadata, received.shipment_id)
            if is_unit(received.holding) and all(one.status != "available" for one in received.goods):
                _whole(received.holding, received.warehouse, metadata, received.shipment_id)
        case StockStatusChanged(warehouse=str() as warehouse) as changed if changed.status in NOT_FOR_SALE:
            now = [structs.replace(one, status=changed.status, inspection_id=None) for one in changed.goods]
            _refused(changed.holding, warehouse, now, event.id, metadata, None, changed.inspection_id)
        case StockStatusChanged(warehouse=str() as warehouse, status="available", inspection_id=None) as changed:
            serve_short(warehouse, (one.sku for one in changed.goods), metadata)
        case StockAdjusted(status="available") as adjusted if adjusted.quantity > 0:
            serve_short(adjusted.warehouse, (adjusted.sku,), metadata)
        case StockCounted(status="available") as counted if counted.difference > 0:
            serve_short(counted.warehouse, (counted.sku,), metadata)
        case StockDeallocated(reason="released") as freed:
            serve_short(freed.warehouse, (one.sku for one in freed.goods), metadata, besides=freed.order_id)
            _set_free(freed, event.id, metadata)
        case StockDeparted(task_id=str() as task_id) as departed if departed.to_warehouse is None:
            arrive(departed, ground.part(metadata, "arrival"))
            units = sum(one.units for one in departed.goods)
            _moved(task_id, event.causationid, departed.destination, units, departed.occurred_at, metadata)
            if departed.order_id is None:
                serve_short(departed.warehouse, (one.sku for one in departed.goods), metadata)
        case HandlingUnitMoved(task_id=str() as task_id) as moved:
            units = sum(item.units for item in ground.books(moved.holding).state.items.values())
            _moved(task_id, event.causationid, moved.place, units, moved.occurred_at, metadata)
        case PutAwayConfirmed(purpose="break_down") as confirmed:
            _rest(confirmed, metadata)


def _assigned(goods: GoodsAssigned, promise: int, metadata: CommandMetadata) -> None:
    """Goods came in: what orders wait for goes to staging, the rest into storage."""
    got = assign(goods, promise, metadata)
    serve_short(goods.warehouse, (goods.sku,), metadata)
    if is_unit(goods.holding):
        _whole(goods.holding, goods.warehouse, metadata, goods.shipment_id, goods.inspection_id)
        return
    if not is_container(goods.holding):
        return
    named = (goods.answers, goods.sku, goods.lot or "", goods.expires_on or "")
    for (order_id, line_id), units in got.items():
        create(
            PutAwayGoods(
                task_id=ids.derived_id("put-away", *named, order_id, line_id),
                warehouse=goods.warehouse,
                holding=goods.holding,
                purpose="cross_dock",
                sku=goods.sku,
                lot=goods.lot,
                expires_on=goods.expires_on,
                units=units,
                order_id=order_id,
                line_id=line_id,
                shipment_id=goods.shipment_id,
                inspection_id=goods.inspection_id,
            ),
            metadata,
        )
    if rest := goods.units - sum(got.values()):
        create(
            PutAwayGoods(
                task_id=ids.derived_id("put-away", *named),
                warehouse=goods.warehouse,
                holding=goods.holding,
                purpose="storage",
                sku=goods.sku,
                lot=goods.lot,
                expires_on=goods.expires_on,
                units=rest,
                shipment_id=goods.shipment_id,
                inspection_id=goods.inspection_id,
            ),
            metadata,
        )


def _whole(
    sscc: str,
    warehouse: str,
    metadata: CommandMetadata,
    shipment_id: str | None = None,
    inspection_id: str | None = None,
) -> None:
    """A handling unit on the floor is put away as one, once for each place where it stands.

    What came onto it later may change where it goes.
    """
    books = ground.books(sscc).state
    standing = ground.find(books.place) if books.place and books.warehouse else None
    if standing is None or standing.rules is not None or standing.books is not None:
        return
    task_id = _whole_task(sscc, books.move)
    purpose = purpose_of(books)
    known = task_of(task_id)
    if known.state.task_id:
        if known.state.purpose != purpose:
            redirect(known, metadata)
        return
    if books.move and purpose in ("cross_dock", "break_down"):
        return
    create(
        PutAwayGoods(
            task_id=task_id,
            warehouse=warehouse,
            holding=sscc,
            purpose=purpose,
            whole=True,
            shipment_id=shipment_id,
            inspection_id=inspection_id,
        ),
        metadata,
    )


def _whole_task(sscc: str, move: int) -> str:
    """The task of a handling unit where its latest move, number `move`, has brought it."""
    return ids.derived_id("put-away", sscc, str(move))


def _refused(
    holding: str,
    warehouse: str,
    goods: list[Goods],
    event_id: str,
    metadata: CommandMetadata,
    shipment_id: str | None,
    inspection_id: str | None = None,
) -> None:
    """What cannot be sold goes to quarantine, from wherever it lies; not with a unit, which goes as a whole."""
    if is_unit(holding) or not goods:
        return
    if not is_container(holding):
        place = ground.location_of(holding)
        if place is None or place.kind == "quarantine":
            return
    for number, one in enumerate(goods):
        create(
            PutAwayGoods(
                task_id=ids.derived_id("put-away", event_id, str(number)),
                warehouse=warehouse,
                holding=holding,
                purpose="quarantine",
                sku=one.sku,
                lot=one.lot,
                expires_on=one.expires_on,
                stock_status=one.status,
                units=one.units,
                shipment_id=shipment_id,
                inspection_id=inspection_id,
            ),
            metadata,
        )


def _set_free(freed: StockDeallocated, event_id: str, metadata: CommandMetadata) -> None:
    """Units that an order does not want any more go into storage, from wherever they are but in a rack.

    A handling unit that came in, or of which nothing else is wanted, goes as one; from packing, and out of an
    order's carton, goods go by themselves.
    """
    floor = _floor_under(freed.holding)
    if floor is None:
        return
    books = ground.books(freed.holding).state
    if is_unit(freed.holding) and not books.order_id and floor in ("dock", "staging"):
        goes_as_one = _whole_task(freed.holding, books.move)
        everything = sum(one.units for one in freed.goods) == sum(item.units for item in books.items.values())
        if not books.move or everything or task_of(goes_as_one).state.task_id:
            _whole(freed.holding, freed.warehouse, metadata)
            return
    for number, one in enumerate(freed.goods):
        create(
            PutAwayGoods(
                task_id=ids.derived_id("put-away", event_id, str(number)),
                warehouse=freed.warehouse,
                holding=freed.holding,
                purpose="storage",
                sku=one.sku,
                lot=one.lot,
                expires_on=one.expires_on,
                stock_status=one.status,
                units=one.units,
            ),
            metadata,
        )


def _floor_under(holding: str) -> str | None:
    """The kind of place on the floor where goods are; None where they stand in a rack, or are in transit.

    What stands nowhere in particular (somebody has it with them) is on the floor.
    """
    while is_container(holding):
        books = ground.books(holding).state
        if not books.place:
            return None if books.in_transit else "anywhere"
        holding = books.place
    place = ground.location_of(holding)
    return place.kind if place is not None and place.is_floor else None


def _moved(task_id: str, name: str, location: str, units: int, at: str, metadata: CommandMetadata) -> None:
    """Note a move of a task whose worker did not come to it. What caused it says which of its moves it was."""
    task = task_of(task_id).state
    if task.task_id and task.room_claim == name:
        note_move(task, task.moves + 1, location, units, at, ground.part(metadata, "moved"))


def _rest(confirmed: PutAwayConfirmed, metadata: CommandMetadata) -> None:
    """What no order wants of a unit that stands in staging goes into storage, product by product."""
    books = ground.books(confirmed.holding).state
    for item in sorted(books.items.values(), key=lambda item: item.key):
        if item.free_units and item.status == "available":
            create(
                PutAwayGoods(
                    task_id=ids.derived_id("put-away", confirmed.task_id, item.key),
                    warehouse=confirmed.warehouse,
                    holding=confirmed.holding,
                    purpose="storage",
                    sku=item.sku,
                    lot=item.lot or None,
                    expires_on=item.expires_on or None,
                    units=item.free_units,
                    shipment_id=confirmed.shipment_id,
                ),
                metadata,
            )
