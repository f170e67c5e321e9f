"""Holdings in the read model: one small document for each, a part for every product and lot that it has ever held.

A part says what there is of one product and lot in one holding. What moves leaves a movement behind, with the
balances after it: so what was there at any past time is one step back in the part's journal. A container's place
is in its own document alone: moving a pallet of forty lots writes one document.

Goods that are picked are on their way out: containers of pick lists and orders' cartons have no parts, but for
lots (a recall has to find them), and no journal. What was picked out of a place, and what was shipped, leaves a
movement behind that stands with its product.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from inventory.domain import CATALOG
from inventory.domain.holding import SpaceFreed, SpaceTaken, UnitExpected, UnitLeft, UnitSettled, sellable
from inventory.domain.picked import CartonFilled, StockCollected, StockPacked, StockPicked
from inventory.domain.room import Load
from inventory.due import AWAITED, EXPIRING, due_shard
from inventory.stock_contracts import (
    ContainerArrived,
    ContainerDeparted,
    Goods,
    HandlingUnitCreated,
    HandlingUnitMoved,
    StockAdjusted,
    StockAllocated,
    StockArrived,
    StockCounted,
    StockDeallocated,
    StockDeparted,
    StockReceived,
    StockShipped,
    StockStatusChanged,
)
from shared.events import Commit, Event
from shared.gs1 import SSCC_LENGTH
from shared.identifiers import StockStatus
from shared.projection import Entry, Parts, Projection

STATUSES: tuple[StockStatus, ...] = ("available", "quarantine", "damaged", "expired")
HoldingKind = Literal["location", "handling_unit", "shipment", "transfer", "pick_list"]
MovementKind = Literal[
    "received",
    "adjusted",
    "counted",
    "departed",
    "arrived",
    "status_changed",
    "transfer_departed",
    "transfer_arrived",
    "picked",
    "shipped",
]

Moving = (
    StockAdjusted
    | StockReceived
    | StockDeparted
    | StockArrived
    | StockStatusChanged
    | StockCounted
    | ContainerDeparted
    | ContainerArrived
    | StockPicked
    | StockCollected
    | StockPacked
    | CartonFilled
    | StockShipped
)
Allocating = StockAllocated | StockDeallocated
KINDS: Mapping[type[Event], MovementKind] = {
    StockReceived: "received",
    StockAdjusted: "adjusted",
    StockCounted: "counted",
    StockDeparted: "departed",
    StockArrived: "arrived",
    StockStatusChanged: "status_changed",
    ContainerDeparted: "transfer_departed",
    ContainerArrived: "transfer_arrived",
    StockPicked: "picked",
}

_PICKED = f"inventory.{StockPicked.__name__}"
DOCUMENT = "Holding"
PART_PREFIX = "Stock#"
SERIAL_PREFIX = "At#"
BY_SKU, BY_PRODUCT, BY_TIME, BY_PLACE = "by_sku", "by_product", "by_time", "by_place"


class Awaited(Struct, frozen=True, array_like=True):
    """Room that was taken `since` then for goods (a claim) or a handling unit which have not come yet."""

    name: str
    since: str
    unit: str = ""


class Room(Struct, frozen=True, array_like=True):
    """Room that something takes: volume, weight, 1 for a handling unit; `unit` is the one that it goes onto."""

    volume_mm3: int
    weight_g: int
    handling_units: int = 0
    unit: str = ""


class HoldingView(Struct, frozen=True, omit_defaults=True):
    """A place or a container, without its goods.

    `units`, `volume_mm3` and `weight_g` are those of the goods that lie in it themselves. `place` is where a
    container stands; in transit it has no warehouse, goes to `destination`, and stands nowhere but on a unit that
    travels too. `awaited` is what room was taken for and has not come. `standing` are the handling units for which
    room is taken here (they stand here or are expected), `claimed` is the room taken for what else is on its way.
    `order_id` is the order that a carton is packed for, and has `left` with.
    """

    holding: str
    kind: HoldingKind = "location"
    warehouse: str = ""
    place: str = ""
    type: str = ""
    external: bool = False
    outer_volume_mm3: int = 0
    tare_g: int = 0
    shipment_id: str = ""
    transfer_id: str = ""
    destination: str = ""
    units: int = 0
    volume_mm3: int = 0
    weight_g: int = 0
    moved_at: str = ""
    changed_at: str = ""
    awaited: tuple[Awaited, ...] = ()
    standing: dict[str, Room] = {}
    claimed: dict[str, Room] = {}
    order_id: str = ""
    left: bool = False

    @property
    def taken(self) -> tuple[int, int, int]:
        """What is taken of its room: volume, weight, handling units."""
        rooms = (*self.standing.values(), *self.claimed.values())
        return (
            self.volume_mm3 + sum(room.volume_mm3 for room in rooms),
            self.weight_g + sum(room.weight_g for room in rooms),
            sum(room.handling_units for room in rooms),
        )

    def without_claim(self, name: str) -> "HoldingView":
        """The same with the room free that is taken under a name."""
        if name not in self.claimed:
            return self
        return structs.replace(
            self, claimed={claim: room for claim, room in self.claimed.items() if claim != name}
        )

    @property
    def going_out(self) -> bool:
        """Whether what is in it has been picked for orders."""
        return self.kind == "pick_list" or bool(self.order_id)

    @property
    def is_container(self) -> bool:
        """Whether it stands somewhere, and moves with what is in it."""
        return self.kind != "location"


class Batch(Struct, frozen=True, omit_defaults=True):
    """Units of one product and lot in one holding that are alike; `allocated` of them are set aside for orders."""

    status: StockStatus
    units: int
    allocated: int = 0
    expires_on: str | None = None
    inspection_id: str | None = None
    received_at: str = ""
    volume_mm3: int = 0
    weight_g: int = 0

    @property
    def alike(self) -> tuple[str, str, str]:
        """What tells it from the other batches."""
        return self.status, self.expires_on or "", self.inspection_id or ""


class StockInHolding(Struct, frozen=True, omit_defaults=True):
    """What there is of one product and lot in one holding. Without a warehouse: on its way between two.

    `going_out`: it has been picked for orders.
    """

    sku: str
    holding: str
    lot: str = ""
    warehouse: str = ""
    batches: tuple[Batch, ...] = ()
    first_at: str = ""
    changed_at: str = ""
    going_out: bool = False

    @property
    def units(self) -> int:
        """Units of every status."""
        return sum(batch.units for batch in self.batches)

    @property
    def balances(self) -> dict[str, int]:
        """Units by status."""
        return _by_status(self.batches)

    @property
    def journal(self) -> str:
        """The partition of its movements, but for picks."""
        return f"Journal#{self.holding}#{self.sku}#{self.lot}"


class LinePicked(Struct, frozen=True):
    """Units that a movement is for, by order line."""

    order_id: str
    line_id: str
    units: int


class Movement(Struct, frozen=True, omit_defaults=True):
    """Units that came, went or changed status: `changes` by status, `balances` what is there afterwards.

    `warehouse` is the one whose stock it changes (none: goods in transit). `other` is where goods came from or
    went to; `recorded_at` puts movements in order, `occurred_at` says when it happened. `lines` are the order
    lines that units were picked for where they are several: what was picked together is one movement.
    """

    sku: str
    holding: str
    kind: MovementKind
    changes: dict[str, int]
    balances: dict[str, int]
    recorded_at: str
    occurred_at: str
    warehouse: str = ""
    lot: str = ""
    other: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    serials: tuple[str, ...] = ()
    shipment_id: str | None = None
    supplier: str | None = None
    inspection_id: str | None = None
    transfer_id: str | None = None
    task_id: str | None = None
    order_id: str | None = None
    line_id: str | None = None
    lines: tuple[LinePicked, ...] = ()


class Whereabouts(Struct, frozen=True, omit_defaults=True):
    """Where a container has stood since `recorded_at`; without a place it was in transit."""

    holding: str
    recorded_at: str
    occurred_at: str
    place: str = ""
    warehouse: str = ""


class SerialView(Struct, frozen=True, omit_defaults=True):
    """One unit, as one holding knows it: whether it is `here`, or has left (for the holding `destination`).

    Where it left the warehouse: with which shipment of which order.
    """

    sku: str
    serial: str
    holding: str
    here: bool
    status: StockStatus
    changed_at: str
    lot: str = ""
    expires_on: str | None = None
    destination: str | None = None
    order_id: str | None = None
    shipment_id: str | None = None


class LotReceipt(Struct, frozen=True, omit_defaults=True):
    """Units of a lot that came in: by which shipment, from whom, or by an adjustment for which reason."""

    holding: str
    warehouse: str
    units: int
    status: StockStatus
    recorded_at: str
    occurred_at: str
    shipment_id: str | None = None
    receipt: int | None = None
    supplier: str | None = None
    reference: str | None = None
    reason: str | None = None


class LotUse(Struct, frozen=True, omit_defaults=True):
    """Units of a lot that an order line got set aside in a holding, or is to get on arrival (`assigned`).

    Negative: it has them there no longer, because they were given free, went on to another holding, or left with
    the shipment `shipment_id`.
    """

    order_id: str
    line_id: str
    holding: str
    warehouse: str
    units: int
    recorded_at: str
    assigned: bool = False
    reason: str | None = None
    serials: tuple[str, ...] = ()
    shipment_id: str | None = None


def lot_partition(sku: str, lot: str) -> str:
    """The partition of everything that is known of a lot."""
    return f"Lot#{sku}#{lot}"


def serial_partition(sku: str, serial: str) -> str:
    """The partition of what holdings know of one unit."""
    return f"Serial#{sku}#{serial}"


def whereabouts_partition(holding: str) -> str:
    """The partition of the places where a container has stood."""
    return f"Whereabouts#{holding}"


# --- what events mean ---


def goods_moved(event: Event) -> Iterator[tuple[int, Goods]]:
    """Goods that an event puts into its holding (1) or takes out (-1), in the order in which it does."""
    match event:
        case StockAdjusted():
            yield (1 if event.quantity > 0 else -1), _adjusted(event)
        case StockReceived() | StockArrived() | StockCollected():
            yield from ((1, goods) for goods in event.goods)
        case StockDeparted() | StockPicked() | StockShipped():
            yield from ((-1, goods) for goods in event.goods)
        case StockPacked():
            yield from ((-1, goods) for line in event.lines for goods in line.goods)
        case CartonFilled():
            yield from ((1, goods) for line in event.lines for goods in line.goods)
        case StockStatusChanged():
            yield from ((-1, goods) for goods in event.goods)
            for goods in event.goods:
                yield 1, structs.replace(goods, status=event.status, inspection_id=None)
        case StockCounted():
            yield from ((-1, goods) for goods in event.removed)
            yield from ((1, goods) for goods in event.added)
        case _:
            return


def _adjusted(event: StockAdjusted) -> Goods:
    return Goods(
        sku=event.sku,
        units=abs(event.quantity),
        status=event.status,
        lot=event.lot,
        expires_on=event.expires_on,
        serials=event.serials,
        volume_mm3=event.volume_mm3,
        weight_g=event.weight_g,
    )


# --- the document ---


def show_holding(view: HoldingView, event: Event, at: str) -> HoldingView:
    """The document after an event."""
    awaited = tuple(_awaited(view.awaited, event))
    view = _with_room(structs.replace(view, changed_at=max(view.changed_at, at), awaited=awaited), event)
    match event:
        case HandlingUnitCreated():
            return structs.replace(
                view,
                kind="handling_unit",
                type=event.type,
                warehouse=event.warehouse,
                place=event.place,
                external=event.external,
                outer_volume_mm3=event.volume_mm3,
                tare_g=event.tare_g,
                shipment_id=event.shipment_id or "",
                moved_at=view.changed_at,
            )
        case HandlingUnitMoved():
            return structs.replace(view, place=event.place, moved_at=view.changed_at)
        case ContainerDeparted():
            return structs.replace(
                view,
                warehouse="",
                place=event.parent or "",
                destination=event.destination,
                transfer_id=event.transfer_id,
                moved_at=view.changed_at,
            )
        case ContainerArrived():
            return structs.replace(
                view,
                kind="transfer" if view.kind == "location" else view.kind,
                warehouse=event.warehouse,
                place=event.place,
                destination="",
                transfer_id=event.transfer_id,
                moved_at=view.changed_at,
            )
        case StockCollected() if view.kind == "location":
            view = structs.replace(view, kind="pick_list")
        case CartonFilled():
            view = structs.replace(
                view,
                type=view.type or "carton",
                place=event.place,
                order_id=event.order_id,
                shipment_id=event.shipment_id,
                outer_volume_mm3=event.volume_mm3,
                tare_g=event.tare_g,
                moved_at=view.changed_at,
            )
        case StockShipped():
            view = structs.replace(view, place="", left=True, moved_at=view.changed_at)
        case StockReceived() if view.left:
            view = structs.replace(
                view,
                place=event.place,
                left=False,
                order_id="",
                shipment_id=event.shipment_id or "",
                moved_at=view.changed_at,
            )
        case StockReceived() if event.place != event.holding and view.kind == "location":
            view = structs.replace(
                view,
                kind="shipment",
                place=event.place,
                shipment_id=event.shipment_id or event.holding,
                moved_at=view.changed_at,
            )
        case StockArrived(warehouse=None) if view.kind == "location":
            view = structs.replace(view, kind="transfer")
        case _:
            pass
    return _with_goods(view, event)


def _with_room(view: HoldingView, event: Event) -> HoldingView:
    """The document with the room that an event takes or frees."""
    standing, claimed = dict(view.standing), dict(view.claimed)
    match event:
        case SpaceTaken():
            claimed[event.claim] = _room(event.load, event.handling_units, event.unit)
        case UnitExpected():
            claimed.pop(event.claim, None)
            standing[event.unit] = _room(event.load, 1)
        case UnitSettled():
            for claim in event.claims:
                claimed.pop(claim, None)
            standing[event.unit] = _room(event.load, 1)
        case UnitLeft():
            standing.pop(event.unit, None)
            claimed = {claim: room for claim, room in claimed.items() if room.unit != event.unit}
        case SpaceFreed() | StockArrived():
            claimed.pop(event.claim or "", None)
        case _:
            return view
    return structs.replace(view, standing=standing, claimed=claimed)


def _room(load: Load, handling_units: int, unit: str = "") -> Room:
    return Room(load.volume_mm3, load.weight_g, handling_units, unit)


def _with_goods(view: HoldingView, event: Event) -> HoldingView:
    units, volume, weight = view.units, view.volume_mm3, view.weight_g
    for sign, goods in goods_moved(event):
        units += sign * goods.units
        volume += sign * goods.units * goods.volume_mm3
        weight += sign * goods.units * goods.weight_g
    came = StockAdjusted | StockReceived | StockArrived | StockCounted | StockCollected | CartonFilled
    if isinstance(event, came) and not view.destination:
        view = structs.replace(view, warehouse=event.warehouse or "")
    empty = units == 0
    return structs.replace(
        view, units=units, volume_mm3=0 if empty else max(0, volume), weight_g=0 if empty else max(0, weight)
    )


def _awaited(known: tuple[Awaited, ...], event: Event) -> Iterator[Awaited]:
    """What is awaited after an event."""
    gone: set[str] = set()
    come: list[Awaited] = []
    match event:
        case SpaceTaken():
            come = [Awaited(event.claim, event.at, event.unit)]
        case SpaceFreed():
            gone = {event.claim}
        case StockArrived():
            gone = {event.claim or ""}
        case UnitExpected():
            gone, come = {event.claim, event.unit}, [Awaited(event.unit, event.at, event.unit)]
        case UnitSettled():
            gone = {event.unit, *event.claims}
        case UnitLeft():
            gone = {one.name for one in known if one.unit == event.unit}
        case _:
            pass
    yield from (one for one in known if one.name not in gone)
    yield from come


def index_holding(view: HoldingView) -> Mapping[str, str]:
    """By what has been awaited longest.

    Containers also by the place where they stand: handling units always, loose goods while there are any.
    """
    keys: dict[str, str] = {}
    if view.awaited:
        keys = {"due": due_shard(AWAITED, view.holding), "deadline": min(one.since for one in view.awaited)}
    if view.place and (view.kind == "handling_unit" or view.units):
        keys |= {"place": view.place, "unit": view.holding}
    return keys


def entries_beside(view: HoldingView, commit: Commit, events: Sequence[Event]) -> Iterator[Entry]:
    """Where a container stands, what is known of single units, and where a lot came from and went."""
    for position, event in enumerate(events):
        yield from _whereabouts(view, event, _number(commit, position))
        yield from _serials(view, event)
        yield from _lots(view, event, _number(commit, position))
        if isinstance(event, StockShipped):
            yield from _shipped(event, view.changed_at, _number(commit, position))


def _whereabouts(view: HoldingView, event: Event, number: str) -> Iterator[Entry]:
    moved = HandlingUnitCreated | HandlingUnitMoved | ContainerDeparted | ContainerArrived | StockReceived
    if not isinstance(event, moved) or not view.is_container:
        return
    if isinstance(event, StockReceived) and view.moved_at != view.changed_at:
        return
    if isinstance(event, ContainerDeparted):
        place, warehouse = event.parent or "", ""
    else:
        place, warehouse = event.place, event.warehouse
    yield Entry(
        (whereabouts_partition(view.holding), f"{view.changed_at}#{number}"),
        Whereabouts(view.holding, view.changed_at, event.occurred_at, place, warehouse),
    )


def _serials(view: HoldingView, event: Event) -> Iterator[Entry]:
    for sign, goods in goods_moved(event):
        for serial in goods.serials:
            yield Entry(
                (serial_partition(goods.sku, serial), SERIAL_PREFIX + view.holding),
                SerialView(
                    sku=goods.sku,
                    serial=serial,
                    holding=view.holding,
                    here=sign > 0,
                    status=goods.status,
                    changed_at=view.changed_at,
                    lot=goods.lot or "",
                    expires_on=goods.expires_on,
                    destination=_gone_to(event) if sign < 0 else None,
                    order_id=getattr(event, "order_id", None),
                    shipment_id=event.shipment_id if isinstance(event, StockShipped) else None,
                ),
            )


def _gone_to(event: Event) -> str | None:
    match event:
        case StockDeparted():
            return event.destination
        case StockPicked():
            return event.container
        case StockPacked():
            return event.carton
        case _:
            return None


def _lots(view: HoldingView, event: Event, number: str) -> Iterator[Entry]:
    match event:
        case StockReceived():
            received = event.goods
        case StockAdjusted() if event.quantity > 0:
            received = (_adjusted(event),)
        case StockAllocated() | StockDeallocated():
            yield from _uses(view, event, event.order_id, event.line_id, number)
            return
        case StockDeparted() | StockArrived():
            if event.order_id is not None and event.line_id is not None:
                yield from _uses(view, event, event.order_id, event.line_id, number)
            return
        case StockPicked() | StockCollected() | StockPacked() | CartonFilled() | StockShipped():
            yield from _uses_on_the_way_out(view, event, number)
            return
        case _:
            return
    for line, goods in enumerate(received):
        if goods.lot is None:
            continue
        told = event if isinstance(event, StockReceived) else None
        yield Entry(
            (lot_partition(goods.sku, goods.lot), f"Receipt#{view.changed_at}#{view.holding}#{number}.{line:04d}"),
            LotReceipt(
                holding=view.holding,
                warehouse=event.warehouse,
                units=goods.units,
                status=goods.status,
                recorded_at=view.changed_at,
                occurred_at=event.occurred_at,
                shipment_id=told.shipment_id if told else None,
                receipt=told.receipt if told else None,
                supplier=told.supplier if told else None,
                reference=told.reference if told else None,
                reason=event.reason if isinstance(event, StockAdjusted) else None,
            ),
        )


def _uses(
    view: HoldingView, event: Allocating | StockDeparted | StockArrived, order_id: str, line_id: str, number: str
) -> Iterator[Entry]:
    sign = 1 if isinstance(event, StockAllocated | StockArrived) else -1
    for line, goods in enumerate(event.goods):
        if goods.lot is None:
            continue
        use = LotUse(
            order_id=order_id,
            line_id=line_id,
            holding=view.holding,
            warehouse=event.warehouse or "",
            units=sign * goods.units,
            recorded_at=view.changed_at,
            reason=event.reason if isinstance(event, StockDeallocated) else None,
            serials=goods.serials,
        )
        yield Entry((lot_partition(goods.sku, goods.lot), use_key(use, f"{number}.{line:04d}")), use)


def _uses_on_the_way_out(
    view: HoldingView, event: StockPicked | StockCollected | StockPacked | CartonFilled | StockShipped, number: str
) -> Iterator[Entry]:
    """Which order lines' units of lots have gone from here, or come here."""
    for place, (line_id, goods, sign) in enumerate(_lines_on_the_way_out(event)):
        use = LotUse(
            order_id=event.order_id,
            line_id=line_id,
            holding=view.holding,
            warehouse=event.warehouse,
            units=sign * goods.units,
            recorded_at=view.changed_at,
            serials=goods.serials,
            shipment_id=event.shipment_id if isinstance(event, StockShipped) else None,
        )
        yield Entry((lot_partition(goods.sku, goods.lot or ""), use_key(use, f"{number}.{place:04d}")), use)


def _lines_on_the_way_out(event: Event) -> Iterator[tuple[str, Goods, int]]:
    """Goods of lots that were set aside for order lines (-1: and are here no longer)."""
    match event:
        case StockPicked():
            told = [(event.line_id, one, -1) for one in event.set_aside]
        case StockCollected():
            told = [(event.line_id, one, 1) for one in sellable(event.goods)]
        case StockPacked():
            told = [(line.line_id, one, -1) for line in event.lines for one in line.set_aside]
        case CartonFilled():
            told = [(line.line_id, one, 1) for line in event.lines for one in sellable(line.goods)]
        case StockShipped():
            told = [(line_id, one, -1) for line_id, one in shared_out(event)]
        case _:
            told = []
    yield from (one for one in told if one[1].lot is not None)


def shared_out(event: StockShipped) -> Iterator[tuple[str, Goods]]:
    """Which goods of a carton were for which order line: first expired first, where lines share a product."""
    left = {(line.line_id, line.sku): line.units for line in event.lines}
    for goods in event.goods:
        units, serials = goods.units, goods.serials
        for line_id, sku in left:
            here = min(units, left[line_id, sku]) if sku == goods.sku else 0
            if here:
                left[line_id, sku] -= here
                units -= here
                yield line_id, structs.replace(goods, units=here, serials=serials[:here])
                serials = serials[here:]


def _shipped(event: StockShipped, at: str, number: str) -> Iterator[Entry]:
    """A movement for each product and lot that has left."""
    for name in dict.fromkeys(part_name(goods.sku, goods.lot) for goods in event.goods):
        goods = [one for one in event.goods if part_name(one.sku, one.lot) == name]
        changes: dict[str, int] = {}
        for one in goods:
            changes[one.status] = changes.get(one.status, 0) - one.units
        lines = {line.line_id for line in event.lines if line.sku == goods[0].sku}
        movement = Movement(
            sku=goods[0].sku,
            holding=event.holding,
            kind="shipped",
            changes=changes,
            balances={},
            recorded_at=at,
            occurred_at=event.occurred_at,
            warehouse=event.warehouse,
            lot=goods[0].lot or "",
            serials=tuple(serial for one in goods for serial in one.serials),
            shipment_id=event.shipment_id,
            order_id=event.order_id,
            line_id=lines.pop() if len(lines) == 1 else None,
        )
        yield Entry(_on_the_way_out(movement, number), movement)


def out_partition(warehouse: str, sku: str) -> str:
    """Where the movements of a product's units stand that were picked in a warehouse, or have left it in cartons.

    They are most of all movements. In the order of time they need no index, and they are in no holding's journal:
    nobody asks what a carton held at a past time, and of a place the last pick is found from that time backwards.
    """
    return f"Out#{warehouse}#{sku}"


def _on_the_way_out(movement: Movement, number: str) -> tuple[str, str]:
    return out_partition(movement.warehouse, movement.sku), _moved(movement, number)


def use_key(use: LotUse, number: str) -> str:
    """The sort key of a lot's use: all of one order line stand together."""
    return f"Line#{use.order_id}#{use.line_id}#{use.recorded_at}#{use.holding}#{number}"


# --- its parts ---


def part_name(sku: str, lot: str | None) -> str:
    """The name of the part for one product and lot."""
    return f"{sku}#{lot or ''}"


def _concerned(event: Event) -> Iterable[str] | None:
    match event:
        case ContainerDeparted() | ContainerArrived():
            return None
        case StockCollected() | StockPacked() | CartonFilled() | StockShipped():
            return [part_name(goods.sku, goods.lot) for _, goods in goods_moved(event) if goods.lot is not None]
        case StockAllocated() | StockDeallocated():
            return [part_name(goods.sku, goods.lot) for goods in event.goods]
        case _:
            return [part_name(goods.sku, goods.lot) for _, goods in goods_moved(event)]


def _start_part(view: HoldingView, name: str) -> StockInHolding:
    sku, _, lot = name.partition("#")
    return StockInHolding(sku, view.holding, lot)


def show_part(part: StockInHolding, view: HoldingView, event: Moving | Allocating, at: str) -> StockInHolding:
    """A part after an event that concerns it; of a container in transit, it is in no warehouse."""
    if view.going_out and not part.lot:
        return part
    warehouse = "" if view.destination else event.warehouse or ""
    if isinstance(event, ContainerDeparted | ContainerArrived):
        if not part.batches:
            return part
        batches = part.batches
    elif isinstance(event, StockAllocated | StockDeallocated):
        sign = 1 if isinstance(event, StockAllocated) else -1
        batches = part.batches
        for goods in event.goods:
            if (goods.sku, goods.lot or "") == (part.sku, part.lot):
                batches = _with(batches, goods, 0, sign * goods.units, "")
    else:
        batches = part.batches
        aside = isinstance(event, StockDeparted | StockArrived) and event.order_id is not None
        for sign, goods in goods_moved(event):
            if (goods.sku, goods.lot or "") == (part.sku, part.lot):
                allocated = sign * goods.units if aside else 0
                batches = _with(batches, goods, sign * goods.units, allocated, event.occurred_at)
        for goods, units in _set_aside_with(event):
            if (goods.sku, goods.lot or "") == (part.sku, part.lot):
                batches = _with(batches, goods, 0, units, "")
        if isinstance(event, StockShipped):
            batches = ()
    return structs.replace(
        part,
        warehouse=warehouse,
        batches=batches,
        first_at=part.first_at or at,
        changed_at=max(part.changed_at, at),
        going_out=view.going_out,
    )


def _set_aside_with(event: Event) -> Iterator[tuple[Goods, int]]:
    """By how many units more (or fewer) of which goods are set aside, where those that move are not all."""
    match event:
        case StockPicked():
            yield from ((goods, -goods.units) for goods in event.set_aside)
        case StockCollected():
            yield from ((goods, goods.units) for goods in sellable(event.goods))
        case StockPacked():
            yield from ((goods, -goods.units) for line in event.lines for goods in line.set_aside)
        case CartonFilled():
            yield from ((goods, goods.units) for line in event.lines for goods in sellable(line.goods))
        case _:
            return


def _with(
    batches: tuple[Batch, ...], goods: Goods, units: int, allocated: int, occurred_at: str
) -> tuple[Batch, ...]:
    """The batches with `units` more of `goods`, `allocated` more of them set aside."""
    new = Batch(goods.status, 0, 0, goods.expires_on, goods.inspection_id)
    known = next((batch for batch in batches if batch.alike == new.alike), new)
    came = [] if units <= 0 else [goods.received_at or occurred_at]
    changed = structs.replace(
        known,
        units=known.units + units,
        allocated=known.allocated + allocated,
        received_at=min([*([known.received_at] if known.received_at else []), *came], default=""),
        volume_mm3=(goods.volume_mm3 if units > 0 else 0) or known.volume_mm3,
        weight_g=(goods.weight_g if units > 0 else 0) or known.weight_g,
    )
    others = [batch for batch in batches if batch.alike != new.alike]
    if changed.units or changed.allocated:
        others.append(changed)
    return tuple(sorted(others, key=lambda batch: batch.alike))


def index_part(part: StockInHolding) -> Mapping[str, str]:
    """By product for ever; by warehouse and product, by lot, by what expires first, while there is anything.

    What is on its way out is found by its lot alone, and by what expires.
    """
    keys = {} if part.going_out else {"product": part.sku, "first": f"{part.first_at}#{part.holding}#{part.lot}"}
    if part.batches:
        keys["held"] = f"{part.holding}#{part.lot}"
        if not part.going_out:
            keys["stocked"] = f"{part.warehouse}#{part.sku}"
        if part.lot:
            keys["lot"] = f"{part.sku}#{part.lot}"
    expiring = [batch.expires_on for batch in part.batches if batch.status == "available" and batch.expires_on]
    if expiring:
        keys |= {"due": due_shard(EXPIRING, part.holding), "deadline": min(expiring)}
    return keys


def _movements(
    part: StockInHolding, before: StockInHolding, event: Event, commit: Commit, position: int
) -> Iterator[Entry]:
    kind = KINDS.get(type(event))
    if kind is None or part.going_out:
        return
    if isinstance(event, StockPicked):
        yield from _picked(part, commit, position)
        return
    told: Any = event
    balances, warehouse = part.balances, told.warehouse or ""
    if isinstance(event, StockReceived):
        warehouse = part.warehouse
    changes = _difference(before.balances, balances)
    if isinstance(event, ContainerDeparted):
        changes, balances = _difference(balances, {}), {}
    elif isinstance(event, ContainerArrived):
        changes = balances
    movement = Movement(
        sku=part.sku,
        holding=part.holding,
        kind=kind,
        changes=changes,
        balances=balances,
        recorded_at=part.changed_at,
        occurred_at=told.occurred_at,
        warehouse=warehouse,
        lot=part.lot,
        other=_other(event),
        reason=getattr(event, "reason", None),
        reason_code=getattr(event, "reason_code", None),
        serials=_serials_of(part, event),
        shipment_id=getattr(event, "shipment_id", None),
        supplier=getattr(event, "supplier", None),
        inspection_id=getattr(event, "inspection_id", None),
        transfer_id=getattr(event, "transfer_id", None),
        task_id=getattr(event, "task_id", None),
        order_id=getattr(event, "order_id", None),
        line_id=getattr(event, "line_id", None),
    )
    number = _number(commit, position)
    yield Entry((part.journal, f"{part.changed_at}#{number}"), movement, _journal_index(movement, number))


def _picked(part: StockInHolding, commit: Commit, position: int) -> Iterator[Entry]:
    """With the last pick of a product and lot in a commit, one movement for all of them."""
    picks = [
        (place, goods, told)
        for place, recorded in enumerate(commit.events)
        if recorded.type == _PICKED and isinstance(told := CATALOG.decode(recorded), StockPicked)
        for goods in told.goods
        if part_name(goods.sku, goods.lot) == part_name(part.sku, part.lot)
    ]
    if position != picks[-1][0]:
        return
    changes: dict[str, int] = {}
    lines: dict[tuple[str, str], int] = {}
    for _, goods, told in picks:
        changes[goods.status] = changes.get(goods.status, 0) - goods.units
        lines[told.order_id, told.line_id] = lines.get((told.order_id, told.line_id), 0) + goods.units
    orders = {order_id for order_id, _ in lines}
    last = picks[-1][2]
    movement = Movement(
        sku=part.sku,
        holding=part.holding,
        kind="picked",
        changes=changes,
        balances=part.balances,
        recorded_at=part.changed_at,
        occurred_at=last.occurred_at,
        warehouse=last.warehouse,
        lot=part.lot,
        other=last.container,
        serials=tuple(dict.fromkeys(serial for _, goods, _ in picks for serial in goods.serials)),
        order_id=last.order_id if len(orders) == 1 else None,
        line_id=last.line_id if len(lines) == 1 else None,
        lines=tuple(LinePicked(*line, units) for line, units in lines.items()) if len(lines) > 1 else (),
    )
    yield Entry(_on_the_way_out(movement, _number(commit, position)), movement)


def _journal_index(movement: Movement, number: str) -> Mapping[str, str]:
    return {
        "movements": f"{movement.warehouse}#{movement.sku}",
        "moved": _moved(movement, number),
    }


def _moved(movement: Movement, number: str) -> str:
    return f"{movement.recorded_at}#{movement.holding}#{movement.lot}#{number}"


def _other(event: Event) -> str | None:
    match event:
        case StockDeparted():
            return event.destination
        case StockArrived():
            return event.origin
        case ContainerDeparted():
            return event.destination
        case _:
            return None


def _serials_of(part: StockInHolding, event: Event) -> tuple[str, ...]:
    own = (
        goods
        for _, goods in goods_moved(event)
        if part_name(goods.sku, goods.lot) == part_name(part.sku, part.lot)
    )
    return tuple(dict.fromkeys(serial for goods in own for serial in goods.serials))


def _by_status(batches: Iterable[Batch]) -> dict[str, int]:
    units: dict[str, int] = {}
    for batch in batches:
        units[batch.status] = units.get(batch.status, 0) + batch.units
    return {status: units[status] for status in STATUSES if units.get(status)}


def _difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    changed = {status: after.get(status, 0) - before.get(status, 0) for status in STATUSES}
    return {status: units for status, units in changed.items() if units}


def _number(commit: Commit, position: int) -> str:
    return f"{commit.sequence:010d}.{position:04d}"


def _new_holding(stream_id: str) -> HoldingView:
    holding = stream_id.partition("#")[2]
    unit = len(holding) == SSCC_LENGTH and holding.isdigit()
    return HoldingView(holding, kind="handling_unit" if unit else "location")


def holding_key(holding: str) -> tuple[str, str]:
    """Where a holding's document is."""
    return f"Holding#{holding}", DOCUMENT


def _seen(view: HoldingView) -> HoldingView:
    """Nobody sees when a place has last changed, nor how much a trolley carries: it stands nowhere."""
    if view.kind == "pick_list":
        return structs.replace(view, units=0, volume_mm3=0, weight_g=0, changed_at="")
    return view if view.is_container else structs.replace(view, changed_at="")


HOLDINGS: Projection[HoldingView] = Projection(
    "Holding",
    HoldingView,
    _new_holding,
    show_holding,
    lambda stream_id: (stream_id, DOCUMENT),
    index_holding,
    entries_beside,
    parts=Parts(StockInHolding, PART_PREFIX, _concerned, _start_part, show_part, index_part, _movements),
    seen=_seen,
)
