"""Stock: what lies where. Received, adjusted with a reason, counted, given another status."""

from typing import Annotated

from msgspec import Meta, Struct

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain.goods import items_of
from inventory.domain.holding import Holding
from inventory.domain.lot import RegisterLot
from inventory.domain.room import load_of
from inventory.domain.stock import AdjustStock, ChangeStatus, CountStock, ReceiveGoods, Wanted
from inventory.measures import Text
from inventory.moving import settle
from inventory.stock_contracts import (
    Goods,
    ReasonCode,
    StockAdjusted,
    StockCounted,
    StockReceived,
    StockStatusChanged,
)
from shared.decider import Outcome, execute
from shared.events import CommandMetadata
from shared.http_edge import Api, Request, Response
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LotNumber,
    SerialNumber,
    Sku,
    StockStatus,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, SignedQuantity, Units
from shared.rejection import Conflict, TooLarge, Unprocessable
from shared.resources import history

handler = Api()

Serials = Annotated[tuple[SerialNumber, ...], Meta(max_length=2_000)]


class Adjustment(Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of one product's stock in one place.

    `location` is a location, or a handling unit's SSCC. `quantity` is added (or taken away when negative);
    `reason` says why in words, `reason_code` in a way that can be counted; `occurred_at` is when it happened (left
    out: now). Lot, serials and expiry date as the product is tracked; the date only where the lot is new.
    """

    sku: Sku
    location: HoldingId
    quantity: SignedQuantity
    reason: Text
    occurred_at: Timestamp | None = None
    reason_code: ReasonCode | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: Serials = ()
    status: StockStatus = "available"


class AdjustmentReceipt(Struct, frozen=True):
    """The adjustment as it was recorded; `on_hand` is what lay in the place right after it."""

    sku: Sku
    location: HoldingId
    warehouse: WarehouseCode
    quantity: SignedQuantity
    on_hand: Units
    reason: Text
    occurred_at: Timestamp
    recorded_at: Timestamp
    reason_code: ReasonCode | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    status: StockStatus = "available"


class DirectLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one product that came in, of one lot and status."""

    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    serials: Serials = ()
    status: StockStatus = "available"


class DirectReceipt(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that came in without an inbound shipment: into a location, or onto a handling unit (its SSCC)."""

    location: HoldingId
    lines: Annotated[tuple[DirectLine, ...], Meta(min_length=1, max_length=200)]
    supplier: Text | None = None
    reference: Text | None = None
    occurred_at: Timestamp | None = None


class ReceiptNote(Struct, frozen=True):
    """What was received, as it was recorded: goods of a recalled lot are in quarantine."""

    location: HoldingId
    warehouse: WarehouseCode
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    recorded_at: Timestamp


class StatusChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Free goods of one place get the status `to`; `units` left out means all of them."""

    location: HoldingId
    sku: Sku
    to: StockStatus
    reason_code: ReasonCode
    units: Quantity | None = None
    lot: LotNumber | None = None
    serials: Serials = ()
    status: StockStatus = "available"
    reason: Text | None = None
    occurred_at: Timestamp | None = None


class StatusNote(Struct, frozen=True):
    """The goods as they were, and the status that they have now."""

    location: HoldingId
    goods: tuple[Goods, ...]
    to: StockStatus
    recorded_at: Timestamp


class StockCount(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody has counted of one product in one place, without knowing what is expected.

    `units`, or for a product tracked by serial the `serials` that were found (none: []). Tracked by lot: one lot.
    """

    location: HoldingId
    sku: Sku
    units: Units | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: Serials | None = None
    status: StockStatus = "available"
    reason: Text | None = None
    occurred_at: Timestamp | None = None


class CountNote(Struct, frozen=True):
    """What the books said, what was counted, and the difference, which the books follow."""

    location: HoldingId
    sku: Sku
    lot: LotNumber | None
    status: StockStatus
    expected: Units
    counted: Units
    difference: SignedQuantity
    missing_serials: tuple[SerialNumber, ...]
    found_serials: tuple[SerialNumber, ...]
    occurred_at: Timestamp
    recorded_at: Timestamp


@handler.route(
    "POST",
    "/inventory/stock/adjustments",
    scope="inventory/write",
    returns=(201, AdjustmentReceipt),
    rejects=(Conflict, Unprocessable),
)
def adjust_stock(request: Request, body: Adjustment) -> Response:
    """Add units to a place, or take them away. What is free to promise follows a moment later."""
    where = ground.find(body.location)
    product = ground.product_of(body.sku)
    at = body.occurred_at or ground.now()
    goods = Goods(
        sku=body.sku,
        units=max(1, abs(body.quantity)),
        status=body.status,
        lot=body.lot,
        expires_on=body.expires_on,
        serials=body.serials,
    )
    claim: str | None = None
    if body.quantity:
        ground.require_tracking(goods, product)
    if body.quantity > 0:
        goods = ground.measured(goods, product)
        if body.lot is not None:
            note = RegisterLot(body.sku, body.lot, at, body.expires_on)
            goods = ground.registered(goods, product, note, request.metadata)
        claim = _room_below(where, [goods], request)
    command = AdjustStock(
        location=body.location,
        warehouse=where.warehouse,
        sku=body.sku,
        quantity=body.quantity,
        reason=body.reason,
        occurred_at=at,
        reason_code=body.reason_code,
        lot=body.lot,
        expires_on=goods.expires_on,
        serials=body.serials,
        status=goods.status,
        volume_mm3=goods.volume_mm3,
        weight_g=goods.weight_g,
        storage_class=goods.storage_class,
        rules=where.rules,
        claim=claim,
    )
    outcome = _done(where, request, command, command.claim)
    return Response(201, _adjustment(outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/stock/receipts",
    scope="inventory/write",
    returns=(201, ReceiptNote),
    rejects=(Conflict, TooLarge, Unprocessable),
)
def receive_stock(request: Request, body: DirectReceipt) -> Response:
    """Note goods that came in without an announced shipment. They are in stock at once."""
    where = ground.find(body.location)
    at = body.occurred_at or ground.now()
    goods = tuple(_received(line, f"lines[{index}].", at, body, request) for index, line in enumerate(body.lines))
    command = ReceiveGoods(
        holding=body.location,
        warehouse=where.warehouse,
        place=where.place or body.location,
        goods=goods,
        occurred_at=at,
        supplier=body.supplier,
        reference=body.reference,
        rules=where.rules,
        claim=_room_below(where, goods, request),
    )
    outcome = _done(where, request, command, command.claim)
    [received] = (event for event in outcome.events if isinstance(event, StockReceived))
    note = ReceiptNote(
        received.holding, received.warehouse, received.goods, received.occurred_at, outcome.recorded_at
    )
    return Response(201, note, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/stock/status-changes",
    scope="inventory/write",
    returns=(201, StatusNote),
    rejects=(Conflict, Unprocessable),
)
def change_status(request: Request, body: StatusChange) -> Response:
    """Give goods another status: only what is available can be promised, and no unit of a recalled lot is."""
    where = ground.find(body.location)
    product = ground.product_of(body.sku)
    if body.to == "available":
        _require_not_recalled(body, where, request.metadata)
    command = ChangeStatus(
        holding=body.location,
        warehouse=where.warehouse,
        wanted=Wanted(body.sku, body.units, body.lot, body.serials, body.status),
        status=body.to,
        reason_code=body.reason_code,
        occurred_at=body.occurred_at or ground.now(),
        reason=body.reason,
    )
    if product.tracking == "serial" and body.units is not None and not body.serials:
        raise Unprocessable(
            f"{body.sku} is tracked by serial number: which units is it?",
            field="serials",
            remedy="Name the units by their serial numbers, or leave units out to mean all.",
            code="serial-required",
        )
    outcome = _done(where, request, command, None)
    [changed] = (event for event in outcome.events if isinstance(event, StockStatusChanged))
    note = StatusNote(changed.holding, changed.goods, changed.status, outcome.recorded_at)
    return Response(201, note, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/stock/counts",
    scope="inventory/write",
    returns=(201, CountNote),
    rejects=(Conflict, Unprocessable),
)
def count_stock(request: Request, body: StockCount) -> Response:
    """Record what was counted. Whoever counts need not know what is expected; the answer tells the difference."""
    where = ground.find(body.location)
    product = ground.product_of(body.sku)
    serial = product.tracking == "serial"
    if (body.serials if serial else body.units) is None:
        field = "serials" if serial else "units"
        raise Unprocessable(
            f"A count of {body.sku} says which {field} there are.",
            field=field,
            remedy=f"Send {field}; none there: {'[]' if serial else 0}.",
        )
    counted = len(body.serials or ()) if serial else body.units or 0
    at = body.occurred_at or ground.now()
    found = Goods(
        sku=body.sku,
        units=max(1, counted),
        status=body.status,
        lot=body.lot,
        expires_on=body.expires_on,
        serials=body.serials or (),
    )
    if counted or (product.tracking in ("lot", "lot_expiry") and body.lot is None):
        ground.require_tracking(found, product)
    found = ground.measured(found, product)
    if body.lot is not None and counted:
        note = RegisterLot(body.sku, body.lot, at, body.expires_on)
        found = ground.registered(found, product, note, request.metadata)
    command = CountStock(
        holding=body.location,
        warehouse=where.warehouse,
        sku=body.sku,
        counted=counted,
        occurred_at=at,
        found=found,
        lot=body.lot,
        serials=body.serials if serial else None,
        status=body.status,
        reason=body.reason,
        rules=where.rules,
        claim=_room_below(where, [found], request) if where.books and counted else None,
    )
    outcome = _done(where, request, command, command.claim)
    [event] = (event for event in outcome.events if isinstance(event, StockCounted))
    return Response(201, _count(event, outcome.recorded_at), replayed=outcome.repeated)


def _done(where: ground.Standing, request: Request, command: Struct, claim: str | None) -> Outcome[Holding]:
    """Decide `command` where it belongs, and tell what a container stands on what it takes there now."""
    outcome = execute(history(), HOLDING, HOLDING.stream_id(where.id), request.command(command))
    if where.place:
        settle(where.id, request.metadata, (claim,) if claim else ())
    return outcome


def _adjustment(outcome: Outcome[Holding]) -> AdjustmentReceipt:
    parts = [event for event in outcome.events if isinstance(event, StockAdjusted)]
    last = parts[-1]
    return AdjustmentReceipt(
        sku=last.sku,
        location=last.location,
        warehouse=last.warehouse,
        quantity=sum(event.quantity for event in parts),
        on_hand=last.on_hand,
        reason=last.reason,
        occurred_at=last.occurred_at,
        recorded_at=outcome.recorded_at,
        reason_code=last.reason_code,
        lot=last.lot,
        expires_on=last.expires_on,
        serials=tuple(serial for event in parts for serial in event.serials),
        status=last.status,
    )


def _count(event: StockCounted, recorded_at: str) -> CountNote:
    return CountNote(
        location=event.holding,
        sku=event.sku,
        lot=event.lot,
        status=event.status,
        expected=event.expected,
        counted=event.counted,
        difference=event.difference,
        missing_serials=tuple(serial for goods in event.removed for serial in goods.serials),
        found_serials=tuple(serial for goods in event.added for serial in goods.serials),
        occurred_at=event.occurred_at,
        recorded_at=recorded_at,
    )


def _received(line: DirectLine, at: str, occurred_at: str, body: DirectReceipt, request: Request) -> Goods:
    """A line as goods. Raises a rejection whose field begins with `at`."""
    product = ground.product_of(line.sku, f"{at}sku")
    goods = Goods(
        sku=line.sku,
        units=line.units,
        status=line.status,
        lot=line.lot,
        expires_on=line.expires_on,
        serials=line.serials,
        received_at=occurred_at,
    )
    ground.require_tracking(goods, product, at)
    goods = ground.measured(goods, product)
    if line.lot is None:
        return goods
    note = RegisterLot(line.sku, line.lot, occurred_at, line.expires_on, line.produced_on, body.supplier)
    return ground.registered(goods, product, note, request.metadata, at)


def _room_below(where: ground.Standing, goods: list[Goods] | tuple[Goods, ...], request: Request) -> str | None:
    """The claim under which room was taken in what a container stands on; a location decides about its own."""
    if where.books is None or not where.place or request.metadata.command_id in where.books.handled:
        return None
    load = load_of(item for one in goods for item in items_of(one))
    ground.make_room(where, load, request.metadata.command_id, request.metadata, inside=False)
    return request.metadata.command_id


def _require_not_recalled(body: StatusChange, where: ground.Standing, metadata: CommandMetadata) -> None:
    """Raise Conflict for goods of a recalled lot; a change from before the recall may be repeated."""
    books = where.books or ground.books(where.id)
    if metadata.command_id in books.handled:
        return
    lots = {
        item.lot
        for item in books.state.items.values()
        if item.sku == body.sku and item.lot and (body.lot is None or item.lot == body.lot)
    }
    for lot in sorted(lots):
        if ground.lot_of(body.sku, lot).blocked:
            raise Conflict(
                f"Lot {lot} of {body.sku} is recalled.",
                field="lot",
                value=lot,
                remedy="Lift the recall first: POST /inventory/lots/{sku}/{lot}/unblock.",
                code="lot-blocked",
            )
