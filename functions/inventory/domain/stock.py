"""What happens to goods in one place: received, adjusted, counted, given another status, inspected."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, structs

from inventory.domain import numbers
from inventory.domain.goods import AVAILABLE, Item, items_of, together
from inventory.domain.holding import (
    Holding,
    InspectionNoted,
    Verdict,
    changed_supply,
    evolve,
    receipts_of,
)
from inventory.domain.room import Rules, load_of, require_room
from inventory.measures import Code, CubicMillimetres, Ordinal, Text, Weight
from inventory.stock_contracts import (
    Goods,
    HandlingUnitCreated,
    HandlingUnitType,
    ProcessId,
    ReasonCode,
    SerialsRepeated,
    StockAdjusted,
    StockCounted,
    StockDeallocated,
    StockReceived,
    StockStatusChanged,
)
from inventory.task_contracts import CountRequested
from shared.events import Event
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
from shared.quantity import MAX_UNITS, Quantity, SignedQuantity, Units
from shared.rejection import Conflict, Unprocessable


class Wanted(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Goods as somebody asks for them: units of a product, of which lot, which serials, in which status.

    Left out, `units` are all that there are.
    """

    sku: Sku
    units: Quantity | None = None
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] = ()
    status: StockStatus = AVAILABLE
    expires_on: CalendarDate | None = None


class AdjustStock(Struct, frozen=True):
    """Add units to the place, or take them away, for a reason, at the time `occurred_at`.

    `rules` are those of the place (None: nobody counts its room).
    """

    location: HoldingId
    warehouse: WarehouseCode
    sku: Sku
    quantity: SignedQuantity
    reason: Text
    occurred_at: Timestamp
    reason_code: ReasonCode | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    status: StockStatus = AVAILABLE
    volume_mm3: CubicMillimetres = 0
    weight_g: Weight = 0
    storage_class: Code | None = None
    rules: Rules | None = None
    claim: Text | None = None


class ReceiveGoods(Struct, frozen=True):
    """Note goods that have come in. A handling unit not known yet is created as `unit_type`, at `place`.

    `blocked` are the (SKU, lot) among them that are recalled.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    place: HoldingId
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    shipment_id: ProcessId | None = None
    receipt: Ordinal | None = None
    supplier: Text | None = None
    reference: Text | None = None
    unit_type: HandlingUnitType | None = None
    rules: Rules | None = None
    claim: Text | None = None
    blocked: tuple[tuple[str, str], ...] = ()


class CountStock(Struct, frozen=True):
    """Note how many units of a product (of one lot and status) were counted. Serial-tracked: which ones.

    `found` says of what kind units are that the books do not know.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    sku: Sku
    counted: Units
    occurred_at: Timestamp
    found: Goods
    lot: LotNumber | None = None
    serials: tuple[SerialNumber, ...] | None = None
    status: StockStatus = AVAILABLE
    reason: Text | None = None
    rules: Rules | None = None
    claim: Text | None = None


class ChangeStatus(Struct, frozen=True):
    """Give free goods another status."""

    holding: HoldingId
    warehouse: WarehouseCode
    wanted: Wanted
    status: StockStatus
    reason_code: ReasonCode
    occurred_at: Timestamp
    reason: Text | None = None


class WithdrawLot(Struct, frozen=True):
    """Take what is available of a lot out of the promise, also what is set aside: to quarantine, or expired."""

    holding: HoldingId
    sku: Sku
    lot: LotNumber
    status: StockStatus
    reason_code: ReasonCode
    occurred_at: Timestamp
    reason: Text | None = None
    warehouse: WarehouseCode | None = None


class WithdrawExpired(Struct, frozen=True):
    """Give the status expired to everything available that expired before `today`."""

    holding: HoldingId
    today: CalendarDate
    occurred_at: Timestamp
    warehouse: WarehouseCode | None = None


class ApplyInspection(Struct, frozen=True):
    """Release what waited for an inspection: accepted units to `accepted_status`, rejected ones to theirs."""

    holding: HoldingId
    warehouse: WarehouseCode
    inspection_id: ProcessId
    accepted_units: Units
    rejected_units: Units
    rejected_serials: tuple[SerialNumber, ...]
    rejected_status: StockStatus
    occurred_at: Timestamp
    accepted_status: StockStatus = AVAILABLE


def warehouse_of(holding: Holding, named: str | None) -> str:
    """Where it is: a container knows, a location was asked. Raises Conflict for what is on its way."""
    if holding.in_transit:
        raise Conflict(
            "These goods are in transit between two warehouses.",
            field="location",
            value=holding.transfer_id,
            remedy="Record the transfer's arrival first: POST /inventory/stock/transfers/{id}/arrival.",
            code="in-transit",
        )
    return holding.warehouse or named or ""


def adjust(command: AdjustStock, holding: Holding) -> Sequence[Event]:
    """The adjustment. Raises Unprocessable for 0 units, Conflict when fewer lie there free than are taken."""
    if command.quantity == 0:
        raise Unprocessable(
            "An adjustment by 0 units changes nothing.",
            field="quantity",
            value=0,
            remedy="Send a positive quantity to add units, a negative one to take them away.",
        )
    before = holding.units_of(command.sku)
    if command.quantity > 0:
        _require_countable(command.location, command.sku, before + command.quantity, "quantity", command.quantity)
        goods = _goods_of(command)
        require_new_serials(holding, [goods])
        _require_room(command.location, command.rules, holding, [goods])
        parts = [(goods, 1)]
    else:
        wanted = Wanted(command.sku, -command.quantity, command.lot, command.serials, command.status)
        parts = [(goods, -1) for goods in take(command.location, holding, wanted, field="quantity", any_lot=False)]
    events: list[Event] = []
    for goods, sign in parts:
        warehouse = warehouse_of(holding, command.warehouse)
        event = StockAdjusted(
            location=command.location,
            warehouse=warehouse,
            sku=command.sku,
            quantity=sign * goods.units,
            on_hand=holding.units_of(command.sku) + sign * goods.units,
            reason=command.reason,
            occurred_at=command.occurred_at,
            reason_code=command.reason_code,
            lot=goods.lot,
            expires_on=goods.expires_on,
            serials=goods.serials,
            status=goods.status,
            volume_mm3=goods.volume_mm3,
            weight_g=goods.weight_g,
            storage_class=goods.storage_class,
            claim=command.claim,
            supply=changed_supply(holding, warehouse, [(goods, sign)]),
        )
        events.append(event)
        holding = evolve(holding, event)
    return events


def receive(command: ReceiveGoods, holding: Holding) -> Sequence[Event]:
    """The receipt; none when the shipment's receipt of that number has been noted here before.

    What a shipment has brought is a fact, also on a unit in transit: nobody counts with it until that arrives. A
    serial number that lies here already is no second unit: it is named, and somebody is to count.
    """
    receipts = holding.seen.get(receipts_of(command.shipment_id or ""), ())
    if command.receipt is not None and numbers.has(receipts, command.receipt):
        return []
    events: list[Event] = []
    if command.unit_type is not None and not holding.kind:
        created = HandlingUnitCreated(
            holding=command.holding,
            warehouse=command.warehouse,
            place=command.place,
            type=command.unit_type,
            occurred_at=command.occurred_at,
            external=True,
            shipment_id=command.shipment_id,
        )
        events.append(created)
        holding = evolve(holding, created)
    travelling = holding.in_transit and command.shipment_id is not None
    warehouse = command.warehouse if travelling else warehouse_of(holding, command.warehouse)
    if command.receipt is not None:
        repeated = list(_repeated(command, holding, warehouse))
        if repeated:
            events += repeated
            command = structs.replace(command, goods=tuple(_without_known(command.goods, holding)))
            if not command.goods:
                return events
    require_new_serials(holding, command.goods)
    for sku in {goods.sku for goods in command.goods}:
        units = sum(goods.units for goods in command.goods if goods.sku == sku)
        _require_countable(command.holding, sku, holding.units_of(sku) + units, "lines", units)
    _require_room(command.holding, command.rules, holding, command.goods)
    place = (holding.place if holding.kind in _TYPES else "") or command.place
    received = StockReceived(
        holding=command.holding,
        warehouse=warehouse,
        place=place,
        goods=command.goods,
        occurred_at=command.occurred_at,
        shipment_id=command.shipment_id,
        receipt=command.receipt,
        supplier=command.supplier,
        reference=command.reference,
        claim=command.claim,
        supply=() if travelling else changed_supply(holding, warehouse, [(goods, 1) for goods in command.goods]),
    )
    return [*events, received, *_inspected_before(command, evolve(holding, received))]


def _repeated(command: ReceiveGoods, holding: Holding, warehouse: str) -> Iterator[Event]:
    """What is said of serial numbers of a receipt that lie here already, product by product."""
    there = serials_of(holding)
    serials: dict[str, list[str]] = {}
    for goods in command.goods:
        if known := [serial for serial in goods.serials if (goods.sku, serial) in there]:
            serials.setdefault(goods.sku, []).extend(known)
    for sku, known in serials.items():
        yield SerialsRepeated(
            holding=command.holding,
            warehouse=warehouse,
            shipment_id=command.shipment_id or "",
            receipt=command.receipt or 0,
            sku=sku,
            serials=tuple(known),
            occurred_at=command.occurred_at,
        )
        yield CountRequested(
            holding=command.holding,
            warehouse=warehouse,
            sku=sku,
            reason=f"logged again though it lies here: {', '.join(known[:5])}" + (", ..." if known[5:] else ""),
            requested_at=command.occurred_at,
        )


def _without_known(goods: Iterable[Goods], holding: Holding) -> Iterator[Goods]:
    """`goods` without the units whose serial numbers lie here already."""
    there = serials_of(holding)
    for one in goods:
        new = tuple(serial for serial in one.serials if (one.sku, serial) not in there)
        if len(new) == len(one.serials):
            yield one
        elif new:
            yield structs.replace(one, units=len(new), serials=new)


def count(command: CountStock, holding: Holding) -> Sequence[Event]:
    """The count, and what it takes from order lines when fewer units are there than were set aside for them."""
    warehouse = warehouse_of(holding, command.warehouse)
    found = [item for item in holding.items.values() if _matches(item, command)]
    expected = sum(item.units for item in found)
    others = holding.units_of(command.sku) - expected
    _require_countable(command.holding, command.sku, others + command.counted, "counted", command.counted)
    added, removed = _difference(command, found, expected)
    if added:
        require_new_serials(holding, added)
        _require_room(command.holding, command.rules, holding, added)
    released = list(_deallocating(command.holding, warehouse, holding, removed, "missing"))
    counted = StockCounted(
        holding=command.holding,
        warehouse=warehouse,
        sku=command.sku,
        expected=expected,
        counted=command.counted,
        difference=command.counted - expected,
        occurred_at=command.occurred_at,
        lot=command.lot,
        status=command.status,
        added=together(added),
        removed=together(removed),
        reason=command.reason,
        claim=command.claim,
        supply=changed_supply(
            holding,
            warehouse,
            [*((goods, 1) for goods in added), *((goods, -1) for goods in removed), (_none_of(command), 0)],
        ),
    )
    return [*released, counted]


def change_status(command: ChangeStatus, holding: Holding) -> Sequence[Event]:
    """The change. Raises Conflict when there are fewer such units that are free."""
    warehouse = warehouse_of(holding, command.warehouse)
    if command.wanted.status == command.status:
        raise Unprocessable(
            f"The goods are {command.status} already.",
            field="status",
            value=command.status,
            remedy="Send the status that they have as `from`, and another one as `to`.",
        )
    goods = take(command.holding, holding, command.wanted, field="units", any_lot=True)
    return with_status(
        holding, command.holding, warehouse, goods, command.status, command.reason_code, command.occurred_at,
        reason=command.reason,
    )  # fmt: skip


def withdraw_lot(command: WithdrawLot, holding: Holding) -> Sequence[Event]:
    """The units of the lot that were available no longer are; none when there are none."""
    found = [
        item
        for item in holding.items.values()
        if (item.sku, item.lot, item.status) == (command.sku, command.lot, AVAILABLE)
    ]
    return _withdrawn(
        holding, command.holding, command.warehouse, found, command.status, command.reason_code,
        command.occurred_at, command.reason,
    )  # fmt: skip


def withdraw_expired(command: WithdrawExpired, holding: Holding) -> Sequence[Event]:
    """What has expired is no longer available; none when nothing has."""
    found = [
        item
        for item in holding.items.values()
        if item.status == AVAILABLE and item.expires_on and item.expires_on < command.today
    ]
    return _withdrawn(
        holding, command.holding, command.warehouse, found, "expired", "expired", command.occurred_at, None
    )


def apply_inspection(command: ApplyInspection, holding: Holding) -> Sequence[Event]:
    """Everything that waited for the inspection waits no longer; what comes of it later will not wait.

    A decision counts once. What was rejected is named by serial, or by units; what is left over, because more lie
    there than were inspected, stays in quarantine.
    """
    if command.inspection_id in holding.inspected:
        return []
    verdict = Verdict(
        command.accepted_units,
        command.rejected_units,
        command.rejected_status,
        command.occurred_at,
        command.rejected_serials,
    )
    return _released(holding, command, command.inspection_id, verdict, command.accepted_status)


def _inspected_before(command: ReceiveGoods, holding: Holding) -> list[Event]:
    """What follows for goods that were decided on before they came."""
    events: list[Event] = []
    for inspection_id in dict.fromkeys(goods.inspection_id for goods in command.goods):
        if inspection_id is None or inspection_id not in holding.inspected:
            continue
        recalled = any(
            goods.inspection_id == inspection_id and (goods.sku, goods.lot) in command.blocked
            for goods in command.goods
        )
        released = _released(
            holding,
            command,
            inspection_id,
            holding.inspected[inspection_id],
            "quarantine" if recalled else AVAILABLE,
        )
        for event in released:
            holding = evolve(holding, event)
        events += released
    return events


def _released(
    holding: Holding,
    command: ApplyInspection | ReceiveGoods,
    inspection_id: str,
    verdict: Verdict,
    accepted_status: StockStatus,
) -> list[Event]:
    """What is here of an inspection's goods, as decided: rejected first, then accepted, then the rest.

    Units that were rejected by serial number and are not here yet leave others alone.
    """
    held = sorted(
        (item for item in holding.items.values() if item.inspection_id == inspection_id),
        key=lambda item: (item.serial not in verdict.rejected_serials, item.turn),
    )
    serials = {item.serial for item in held if item.serial}
    coming = tuple(serial for serial in verdict.rejected_serials if serial not in serials)
    warehouse = "" if holding.in_transit else warehouse_of(holding, command.warehouse)
    rejected, rest = _split(held, max(0, verdict.rejected_units - (len(coming) if serials else 0)))
    accepted, left = _split(rest, verdict.accepted_units)
    events: list[Event] = []
    for goods, status in (
        (rejected, verdict.rejected_status),
        (accepted, accepted_status),
        ([item.some(item.units) for item in left], "quarantine"),
    ):
        if goods:
            changed = with_status(
                holding, command.holding, warehouse, goods, status, "inspected", verdict.decided_at,
                inspection_id=inspection_id,
            )  # fmt: skip
            for event in changed:
                holding = evolve(holding, event)
            events += changed
    noted = InspectionNoted(
        inspection_id=inspection_id,
        accepted_units=verdict.accepted_units - sum(goods.units for goods in accepted),
        rejected_units=verdict.rejected_units - sum(goods.units for goods in rejected),
        rejected_status=verdict.rejected_status,
        decided_at=verdict.decided_at,
        rejected_serials=coming,
    )
    return [*events, noted]


def take(
    place: str, holding: Holding, wanted: Wanted, *, field: str, any_lot: bool = False, index: int | None = None
) -> list[Goods]:
    """The goods that `wanted` names, first expired first. Raises a rejection that says what is there and free."""
    where = f"goods[{index}]" if index is not None else ""
    alike = alike_to(holding, wanted)
    free = sum(item.free_units for item in alike)
    units = wanted.units if wanted.units is not None else (len(wanted.serials) or free)
    if wanted.serials and (wanted.units or units) != len(wanted.serials):
        raise Unprocessable(
            f"{len(wanted.serials)} serial numbers name {len(wanted.serials)} units, not {wanted.units}.",
            field=f"{where}.serials" if where else "serials",
            value=wanted.units,
            remedy="Send one serial number for each unit.",
            code="serials-and-units-differ",
        )
    if units > free or units == 0:
        raise _shortage(place, holding, wanted, units, alike, f"{where}.{field}" if where else field)
    lots = sorted({item.lot for item in alike if item.free_units})
    if not any_lot and wanted.lot is None and not wanted.serials and len(lots) > 1 and units < free:
        raise Unprocessable(
            f"{place} holds {len(lots)} lots of {wanted.sku}: {', '.join(lots[:10])}.",
            field=f"{where}.lot" if where else "lot",
            remedy="Say which lot.",
            code="lot-required",
        )
    taken, _ = _split(alike, units, free_only=True)
    return taken


def alike_to(holding: Holding, wanted: Wanted) -> list[Item]:
    """What there is of what is wanted, first expired first."""
    return [
        item
        for item in sorted(holding.items.values(), key=lambda item: item.turn)
        if item.sku == wanted.sku
        and item.status == wanted.status
        and (wanted.lot is None or item.lot == wanted.lot)
        and (not wanted.serials or item.serial in wanted.serials)
        and (wanted.expires_on is None or item.expires_on == wanted.expires_on)
    ]


def take_allocated(
    place: str, holding: Holding, wanted: Wanted, line: str, *, field: str = "units", index: int = 0
) -> list[Goods]:
    """The units of what is wanted that are set aside for `line`. Raises Conflict when they are fewer."""
    alike = [item for item in alike_to(holding, wanted) if item.units_for(line)]
    there = sum(item.units_for(line) for item in alike)
    units = wanted.units if wanted.units is not None else there
    if units > there or units == 0:
        raise Conflict(
            f"{place} has {there} units of {wanted.sku} set aside for order line {line}; {units} cannot be taken.",
            field=f"goods[{index}].{field}",
            value=units,
            remedy=f"Take at most {there}." if there else "Look where the order's units are now.",
            code="insufficient-stock",
        )
    taken: list[Goods] = []
    for item in alike:
        here = min(units, item.units_for(line))
        if here:
            taken.append(item.some(here))
            units -= here
    return taken


def serials_of(holding: Holding) -> set[tuple[str, str]]:
    """The units that lie here, by SKU and serial number."""
    return {(item.sku, item.serial) for item in holding.items.values() if item.serial}


def require_new_serials(holding: Holding, goods: Iterable[Goods]) -> None:
    """Raise Conflict for a serial number that is there already, Unprocessable for one that is named twice."""
    named: set[tuple[str, str]] = set()
    there = serials_of(holding)
    for one in goods:
        for serial in one.serials:
            if (one.sku, serial) in named:
                raise Unprocessable(
                    f"{one.sku} {serial} is named twice.",
                    field="serials",
                    value=serial,
                    remedy="Name each unit once.",
                    code="serial-twice",
                )
            if (one.sku, serial) in there:
                raise Conflict(
                    f"{one.sku} {serial} lies here already.",
                    field="serials",
                    value=serial,
                    remedy="Scan the unit again, or count the place.",
                    code="serial-known",
                )
            named.add((one.sku, serial))


_TYPES = frozenset({"carton", "tote", "pallet", "cage", "trailer"})


def _goods_of(command: AdjustStock) -> Goods:
    return Goods(
        sku=command.sku,
        units=command.quantity,
        status=command.status,
        lot=command.lot,
        expires_on=command.expires_on,
        serials=command.serials,
        volume_mm3=command.volume_mm3,
        weight_g=command.weight_g,
        storage_class=command.storage_class,
    )


def _none_of(command: CountStock) -> Goods:
    """Names the product in the supply even where the count changes nothing."""
    return structs.replace(command.found, units=1)


def _matches(item: Item, command: CountStock) -> bool:
    return (item.sku, item.status) == (command.sku, command.status) and (
        command.lot is None or item.lot == command.lot
    )


def _difference(command: CountStock, found: list[Item], expected: int) -> tuple[list[Goods], list[Goods]]:
    """What the count adds to the books, and what it takes: free units before those set aside, youngest first."""
    if command.serials is not None:
        known = {item.serial: item for item in found}
        new = tuple(serial for serial in command.serials if serial not in known)
        added = [structs.replace(command.found, units=len(new), serials=new)] if new else []
        return added, [item.some(1) for serial, item in known.items() if serial not in command.serials]
    more = command.counted - expected
    if more > 0:
        return [structs.replace(command.found, units=more)], []
    latest = sorted(found, key=lambda item: item.turn, reverse=True)
    free, _ = _split(latest, -more, free_only=True)
    missing = -more - sum(goods.units for goods in free)
    taken = {items.key: goods.units for goods in free for items in items_of(goods)}
    rest = [structs.replace(item, units=item.units - taken.get(item.key, 0)) for item in latest]
    allocated, _ = _split([item for item in rest if item.units], missing)
    return [], [*free, *allocated]


def _split(items: Sequence[Item], units: int, *, free_only: bool = False) -> tuple[list[Goods], list[Item]]:
    """The first `units` units of `items`, or as many as there are, and what is left of the items."""
    taken: list[Goods] = []
    left: list[Item] = []
    for item in items:
        here = min(units, item.free_units if free_only else item.units)
        if here > 0:
            taken.append(item.some(here))
            units -= here
        if item.units > here:
            left.append(structs.replace(item, units=item.units - here))
    return taken, left


def _withdrawn(
    holding: Holding,
    place: str,
    named: str | None,
    found: list[Item],
    status: StockStatus,
    reason_code: ReasonCode,
    occurred_at: str,
    reason: str | None,
) -> Sequence[Event]:
    if not found:
        return []
    warehouse = "" if holding.in_transit else warehouse_of(holding, named)
    goods = [item.some(item.units) for item in found]
    released = list(_deallocating(place, warehouse or named or "", holding, goods, status))
    for event in released:
        holding = evolve(holding, event)
    changed = with_status(holding, place, warehouse, goods, status, reason_code, occurred_at, reason=reason)
    return [*released, *changed]


def with_status(
    holding: Holding,
    place: str,
    warehouse: str,
    goods: Sequence[Goods],
    status: StockStatus,
    reason_code: ReasonCode,
    occurred_at: str,
    *,
    reason: str | None = None,
    inspection_id: str | None = None,
) -> list[Event]:
    """What gives `goods` that lie here another status."""
    after = [structs.replace(one, status=status) for one in goods]
    changes = [*((one, -1) for one in goods), *((one, 1) for one in after)]
    return [
        StockStatusChanged(
            holding=place,
            warehouse=warehouse or None,
            goods=together(goods),
            status=status,
            reason_code=reason_code,
            occurred_at=occurred_at,
            reason=reason,
            inspection_id=inspection_id,
            supply=changed_supply(holding, warehouse, changes) if warehouse else (),
        )
    ]


def _deallocating(
    place: str, warehouse: str, holding: Holding, removed: Iterable[Goods], reason: str
) -> Iterator[Event]:
    """What `removed` takes from order lines: those beyond an item's free units, the last line first."""
    lost: dict[str, int] = {}
    for goods in removed:
        for item in items_of(goods):
            lost[item.key] = lost.get(item.key, 0) + item.units
    by_line: dict[str, list[Goods]] = {}
    for key, units in lost.items():
        item = holding.items[key]
        over = units - (item.units - item.allocated_units)
        for line, allocated in reversed(item.allocated):
            if over <= 0:
                break
            here = min(over, allocated)
            by_line.setdefault(line, []).append(item.some(here))
            over -= here
    for line, gone in by_line.items():
        order_id, _, line_id = line.partition("/")
        yield StockDeallocated(
            holding=place,
            warehouse=warehouse,
            order_id=order_id,
            line_id=line_id,
            goods=together(gone),
            reason=reason,
        )


def _require_countable(place: str, sku: str, units: int, field: str, value: int) -> None:
    if units > MAX_UNITS:
        raise Conflict(
            f"{place} would hold {units} units of {sku}; at most {MAX_UNITS} can be counted.",
            field=field,
            value=value,
            remedy="Check the quantity.",
            code="too-much-stock",
        )


def _require_room(place: str, rules: Rules | None, holding: Holding, goods: Iterable[Goods]) -> None:
    if rules is not None:
        more = load_of(item for one in goods for item in items_of(one))
        require_room(place, rules, holding.taken, more)


def _shortage(
    place: str, holding: Holding, wanted: Wanted, units: int, alike: Sequence[Item], field: str
) -> Conflict:
    there = sum(item.units for item in alike)
    allocated = sum(item.allocated_units for item in alike)
    held = sum(item.units for item in alike if item.inspection_id)
    free = sum(item.free_units for item in alike)
    named = " ".join(filter(None, (wanted.sku, wanted.lot, "" if wanted.status == AVAILABLE else wanted.status)))
    but = [f"{allocated} of them are allocated to order lines"] if allocated else []
    but += [f"{held} of them wait for an inspection"] if held else []
    others = holding.units_of(wanted.sku) - there
    but += [f"{others} units of other lots or statuses lie there too"] if others else []
    return Conflict(
        f"{place} holds {there} units of {named}{''.join(f', {one}' for one in but)}; "
        f"{units or 'none'} cannot be taken.",
        field=field,
        value=-units if field == "quantity" else units,
        remedy=f"Take at most {free}, or count the location and correct its stock first.",
        code="insufficient-stock",
    )
