"""Packing one order, pure: what was picked goes into cartons, carton by carton, each unit once.

    picked ──► in an open carton ──► in a closed carton ──► shipment packed
      ▲                                                           │
      └───────────────── shipment to be unpacked ◄────────────────┘

A shipment is what was picked of the order and is in no earlier shipment. It is packed when all of it is in closed
cartons; what is picked afterwards makes the next one. What was picked is told with each command and only ever
grows, so that one who knows less refuses more, and nobody packs what was not picked.

A shipment that must not leave as it is, for something in it was recalled, is unpacked: its cartons are then the
containers that its goods lie in, and these make the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from picking.domain.carton_numbers import is_carton
from picking.domain.carton_range import CartonKind
from picking.domain.fitness import BlockedLots, Fault, fault_of
from picking.packing_contracts import (
    CartonPacked,
    Condition,
    ItemsRejected,
    OrderPacked,
    PackedCarton,
    PackedItem,
    PackedLine,
)
from shared import ids
from shared.events import Event, EventCatalog
from shared.gs1 import Sscc
from shared.identifiers import CalendarDate, LocationId, OrderId, Sku, Timestamp, WarehouseCode
from shared.quantity import Units
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable, one_refusal

GRACE_G = 30
"""So many grams a scale and the packing paper may be off, however light the carton."""

GOODS_PER_EVENT = 800
"""An event holds so many kinds of goods at most, which is far below what the bus carries."""

REJECT_IT = (
    "Lay it aside and report it as damaged: POST /picking/orders/{id}/rejections; the order gets other units."
)

Key = tuple[str, str, str, str, str]
"""What units have in common that nobody needs to tell apart: line, SKU, container, lot, expiry."""


# --- events that only picking itself reads ---


class ShipmentBegun(Event, frozen=True):
    """`goods` are to be packed as one shipment. Said again when more was picked before it was packed.

    Many goods are told in several events; the later ones are `further`.
    """

    order_id: OrderId
    shipment_id: str
    warehouse: WarehouseCode
    goods: tuple[PackedItem, ...]
    further: bool = False


class CartonOpened(Event, frozen=True):
    """An empty carton stands ready."""

    sscc: Sscc
    kind: CartonKind
    packing_location: LocationId | None = None


class ItemsPacked(Event, frozen=True):
    """Items lie in a carton: what they should weigh, and how many units nobody knows the weight of.

    `fragile_below` are the fragile products that they lie on and should not.
    """

    sscc: Sscc
    items: tuple[PackedItem, ...]
    weight_g: Units = 0
    unweighed: Units = 0
    hazard_class: str | None = None
    fragile_below: tuple[Sku, ...] = ()


class ItemsTakenOut(Event, frozen=True):
    """Items are out of a carton again."""

    sscc: Sscc
    items: tuple[PackedItem, ...]
    weight_g: Units = 0
    unweighed: Units = 0


class WeightOverridden(Event, frozen=True):
    """A supervisor has closed a carton that does not weigh what it should."""

    sscc: Sscc
    expected_g: Units
    weight_g: Units
    reason: str


class ShipmentCutShort(Event, frozen=True):
    """A supervisor lets the shipment leave without `left`, which may be packed with the next one."""

    order_id: OrderId
    shipment_id: str
    left: tuple[PackedItem, ...]
    reason: str


class ShipmentUnpacked(Event, frozen=True):
    """Cartons of a packed shipment are to be opened: what is in them is packed anew, as far as it is fit."""

    order_id: OrderId
    shipment_id: str
    reason: str
    cartons: tuple[Sscc, ...]


CATALOG = EventCatalog(
    "picking",
    (
        CartonPacked,
        OrderPacked,
        ItemsRejected,
        ShipmentBegun,
        CartonOpened,
        ItemsPacked,
        ItemsTakenOut,
        WeightOverridden,
        ShipmentCutShort,
        ShipmentUnpacked,
    ),
)


# --- state ---


class PackingCarton(Struct, frozen=True):
    """A carton of the shipment that is being packed; `closed` is its CartonPacked once it is."""

    sscc: str
    kind: CartonKind | None = None
    packing_location: str | None = None
    items: tuple[PackedItem, ...] = ()
    weight_g: int = 0
    unweighed: int = 0
    hazard_class: str | None = None
    closed: CartonPacked | None = None

    @property
    def carton_type(self) -> str:
        """The id of its kind."""
        return self.closed.carton_type if self.closed else self.kind.id if self.kind else ""

    @property
    def contents(self) -> tuple[PackedItem, ...]:
        """What is in it."""
        return self.closed.items if self.closed else self.items


class PackedShipment(Struct, frozen=True, omit_defaults=True):
    """A shipment that is packed, and its cartons in the order in which they were closed.

    `unpacked` says why cartons of it were to be opened again, when `opened` ones were.
    """

    shipment_id: str
    packed_at: str
    cartons: tuple[CartonPacked, ...]
    unpacked: str = ""
    opened: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[PackedItem, ...]:
        """What was packed into its cartons."""
        return tuple(item for carton in self.cartons for item in carton.items)

    @property
    def to_open(self) -> tuple[CartonPacked, ...]:
        """Its cartons that were to be opened again."""
        return tuple(carton for carton in self.cartons if carton.sscc in self.opened)


class Packing(Struct, frozen=True):
    """What is packed of an order. `goods` are those of the present shipment, if it was begun carton by carton.

    `rejected` are damaged or missing: they were picked, and are never packed.
    """

    order_id: str = ""
    warehouse: str = ""
    shipment_id: str = ""
    goods: tuple[PackedItem, ...] = ()
    cartons: tuple[PackingCarton, ...] = ()
    shipments: tuple[PackedShipment, ...] = ()
    rejected: tuple[PackedItem, ...] = ()

    @property
    def left(self) -> tuple[PackedItem, ...]:
        """What of the present shipment is in no carton yet."""
        return without(self.goods, (item for carton in self.cartons for item in carton.contents))

    @property
    def sent(self) -> tuple[PackedItem, ...]:
        """What earlier shipments hold."""
        return tuple(
            item
            for one in self.shipments
            for carton in one.cartons
            if carton.sscc not in one.opened
            for item in carton.items
        )

    @property
    def in_cartons(self) -> tuple[PackedItem, ...]:
        """What was ever put into a carton and closed in, by the containers that pickers had put it in."""
        closed = (item for carton in self.cartons if carton.closed for item in carton.contents)
        packed = (item for one in self.shipments for item in one.items)
        return tuple(item for item in (*packed, *closed) if not is_carton(item.container))

    def lying(self, goods: Iterable[PackedItem]) -> tuple[PackedItem, ...]:
        """`goods` by where they lie: what was in cartons that were opened again still lies there."""
        found = tuple(goods)
        for one in self.shipments:
            for carton in one.to_open:
                inside = _common(found, carton.items)
                moved = (structs.replace(item, container=carton.sscc) for item in inside)
                found = without((*without(found, inside), *moved), ())
        return found

    @property
    def gone(self) -> tuple[PackedItem, ...]:
        """What is not to be packed any more: it is in a carton, or rejected."""
        boxed = (item for carton in self.cartons for item in carton.contents)
        return (*self.sent, *boxed, *self.rejected)


# --- commands ---


class PickedOrder(Struct, frozen=True):
    """What is known of an order's picking: the goods in its containers, and what is still to be picked.

    It is not `complete` while picking has not heard of all lines yet. `given_up` are lines that are not wanted any
    more, `returned` are goods that the order has lost; `cancelled` says why the whole order is not wanted, when it
    is not. `blocked` are recalled lots among the goods, and `today` (UTC) tells what has expired.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    goods: tuple[PackedItem, ...]
    awaited: tuple[PackedLine, ...] = ()
    complete: bool = True
    given_up: tuple[str, ...] = ()
    returned: tuple[PackedItem, ...] = ()
    cancelled: str = ""
    blocked: BlockedLots = {}
    today: CalendarDate = ""

    def fault_of(self, item: PackedItem) -> Fault | None:
        """Why an item must not leave, if so."""
        return fault_of(item.sku, item, self.blocked, self.today)


class Traits(Struct, frozen=True):
    """What a product weighs, when that is known, its hazard class, when it has one, and whether it is fragile."""

    weight_g: int | None = None
    hazard_class: str | None = None
    fragile: bool = False


class Scan(Struct, frozen=True):
    """Units that a packer holds, and the expiry on their label; `field` is where the request names them."""

    sku: str
    units: int
    field: str
    lot: str | None = None
    serials: tuple[str, ...] = ()
    expires_on: str | None = None


class FilledCarton(Struct, frozen=True):
    """A carton as it was packed; `field` is where the request names it."""

    sscc: str
    kind: CartonKind
    weight_g: int
    items: tuple[Scan, ...]
    field: str


class OpenCarton(Struct, frozen=True):
    """Begin a carton, and with the first one the shipment. `partial`: although more is still being picked."""

    order: PickedOrder
    sscc: str
    kind: CartonKind
    packing_location: str | None = None
    partial: bool = False


class PutItems(Struct, frozen=True):
    """Put items into an open carton."""

    order: PickedOrder
    sscc: str
    items: tuple[Scan, ...]
    traits: Mapping[str, Traits]


class TakeItemsOut(Struct, frozen=True):
    """Take items out of an open carton."""

    sscc: str
    items: tuple[Scan, ...]
    traits: Mapping[str, Traits]


class CloseCarton(Struct, frozen=True):
    """Weigh a carton and close it. With `override`, a reason, also when its weight is wrong."""

    order: PickedOrder
    sscc: str
    weight_g: int
    operator: str
    at: Timestamp
    override: str | None = None


class PackAtOnce(Struct, frozen=True):
    """Pack and close several cartons in one decision: all of them, or none."""

    order: PickedOrder
    cartons: tuple[FilledCarton, ...]
    traits: Mapping[str, Traits]
    operator: str
    at: Timestamp
    packing_location: str | None = None
    partial: bool = False


class CutShipmentShort(Struct, frozen=True):
    """Let the closed cartons leave as they are: the rest of the shipment is not to be found."""

    order: PickedOrder
    reason: str
    at: Timestamp


class RejectItems(Struct, frozen=True):
    """Items that are in no carton are damaged, or are not there."""

    order: PickedOrder
    rejection_id: str
    items: tuple[Scan, ...]
    condition: Condition
    reason: str
    operator: str
    at: Timestamp


class UnpackShipment(Struct, frozen=True):
    """Let cartons of a packed shipment be opened; none named: all."""

    shipment_id: str
    reason: str
    cartons: tuple[str, ...] = ()


Command = (
    OpenCarton
    | PutItems
    | TakeItemsOut
    | CloseCarton
    | PackAtOnce
    | CutShipmentShort
    | RejectItems
    | UnpackShipment
)


def decide(command: Command, packing: Packing) -> Sequence[Event]:
    """The events that `command` leads to.

    Raises Conflict when the order, the shipment or the carton is not in the state for it, NotFound for a carton
    that is none of this order's, Unprocessable naming what is wrong with an item or a weight.
    """
    if not isinstance(command, TakeItemsOut | UnpackShipment):
        order = structs.replace(
            command.order,
            goods=packing.lying(command.order.goods),
            returned=packing.lying(command.order.returned),
        )
        command = structs.replace(command, order=order)
    match command:
        case UnpackShipment():
            return list(_unpacked(command, packing))
        case OpenCarton():
            _require_wanted(command.order)
            begun = _shipment(command.order, packing, partial=command.partial)
            opened = CartonOpened(sscc=command.sscc, kind=command.kind, packing_location=command.packing_location)
            return [*_parts(begun), opened] if begun.goods != packing.goods else [opened]
        case PutItems():
            _require_wanted(command.order)
            carton = _open(packing, command.sscc)
            goods = _wanted(packing.goods, command.order)
            left = without(goods, (item for one in packing.cartons for item in one.contents))
            taken = list(_taken(command.items, left, command.order, goods))
            packed = _packed(carton, taken, command.items, command.traits)
            _require_bearing(_with(carton, packed), command.items)
            return [packed]
        case TakeItemsOut():
            carton = _open(packing, command.sscc)
            taken = list(_taken(command.items, carton.items, None, carton.items))
            weight, unweighed = _weight(taken, command.traits)
            return [ItemsTakenOut(sscc=carton.sscc, items=tuple(taken), weight_g=weight, unweighed=unweighed)]
        case CloseCarton():
            _require_wanted(command.order)
            return list(_closed(command, packing))
        case PackAtOnce():
            _require_wanted(command.order)
            return list(_packed_at_once(command, packing))
        case CutShipmentShort():
            _require_wanted(command.order)
            return _cut_short(command, packing)
        case RejectItems():
            _require_wanted(command.order)
            return list(_rejected(command, packing))


def evolve(packing: Packing, event: Event) -> Packing:
    """What is packed after `event`."""
    match event:
        case ShipmentBegun():
            return structs.replace(
                packing,
                order_id=event.order_id,
                warehouse=event.warehouse,
                shipment_id=event.shipment_id,
                goods=(*packing.goods, *event.goods) if event.further else event.goods,
            )
        case CartonOpened():
            opened = PackingCarton(event.sscc, event.kind, event.packing_location)
            return structs.replace(packing, cartons=(*packing.cartons, opened))
        case ItemsPacked():
            return _change(packing, event.sscc, lambda carton: _with(carton, event))
        case ItemsTakenOut():
            return _change(packing, event.sscc, lambda carton: _less(carton, event))
        case CartonPacked():
            closed = PackingCarton(event.sscc, closed=event)
            others = tuple(carton for carton in packing.cartons if carton.sscc != event.sscc)
            return structs.replace(
                packing,
                order_id=event.order_id,
                warehouse=event.warehouse,
                shipment_id=event.shipment_id,
                cartons=(*others, closed),
            )
        case OrderPacked():
            cartons = tuple(carton.closed for carton in packing.cartons if carton.closed)
            done = PackedShipment(event.shipment_id, event.packed_at, cartons)
            return structs.replace(
                packing, shipment_id="", goods=(), cartons=(), shipments=(*packing.shipments, done)
            )
        case ItemsRejected():
            return structs.replace(
                packing,
                goods=without(packing.goods, event.items),
                rejected=without((*packing.rejected, *event.items), ()),
            )
        case ShipmentUnpacked():
            shipments = tuple(
                structs.replace(one, unpacked=event.reason, opened=(*one.opened, *event.cartons))
                if one.shipment_id == event.shipment_id
                else one
                for one in packing.shipments
            )
            return structs.replace(packing, shipments=shipments)
        case _:
            return packing


def without(goods: Iterable[PackedItem], gone: Iterable[PackedItem]) -> tuple[PackedItem, ...]:
    """`goods` less `gone`, each kind of units once, by line."""
    rest: dict[Key, PackedItem] = {}
    for item in goods:
        known = rest.get(_key(item))
        rest[_key(item)] = item if known is None else _plus(known, item.units, item.serials)
    for item in gone:
        if known := rest.get(_key(item)):
            serials = tuple(serial for serial in known.serials if serial not in item.serials)
            rest[_key(item)] = structs.replace(known, units=known.units - item.units, serials=serials)
    return tuple(rest[key] for key in sorted(rest, key=_place) if rest[key].units > 0)


def _common(goods: Iterable[PackedItem], others: Iterable[PackedItem]) -> tuple[PackedItem, ...]:
    """What of `others` is among `goods`."""
    there = {_key(item): item for item in without(goods, ())}
    found: list[PackedItem] = []
    for item in without(others, ()):
        known = there.get(_key(item))
        if known is not None:
            serials = tuple(serial for serial in item.serials if serial in known.serials)
            units = len(serials) if known.serials else min(item.units, known.units)
            if units:
                found.append(structs.replace(item, units=units, serials=serials))
    return tuple(found)


def expected_weight(carton: PackingCarton) -> int:
    """What a carton should weigh with its contents, as far as their weights are known, in grams."""
    return carton.weight_g + (carton.kind.tare_g if carton.kind else 0)


def _require_wanted(order: PickedOrder) -> None:
    if order.cancelled:
        raise Conflict(
            f"The order is cancelled ({order.cancelled}): nothing of it is packed any more.",
            remedy="Leave its goods where they are: there are tasks to put them back.",
            code="order-cancelled",
        )


def _shipment(order: PickedOrder, packing: Packing, *, partial: bool) -> ShipmentBegun:
    """The shipment that cartons are packed for now. It takes in what was picked since it was begun."""
    goods = packing.goods
    more = without(_wanted(order.goods, order), (*packing.sent, *packing.rejected, *packing.goods))
    if partial or not (order.awaited or not order.complete):
        goods = without((*packing.goods, *more), ())
    elif not goods:
        raise Conflict(
            f"More of the order is still to be picked: {_listed(order.awaited) or 'further lines'}.",
            remedy="Wait until they are picked, or send partial: true to ship what is there on its own.",
            code="picking-goes-on",
        )
    if not _wanted(goods, order):
        raise Conflict(
            "Nothing of the order is picked and not packed yet.",
            value=order.order_id,
            remedy="Pick the order first; what is packed already shows GET /picking/orders/{id}/packing.",
            code="nothing-to-pack",
        )
    number = str(len(packing.shipments) + 1)
    return ShipmentBegun(
        order_id=order.order_id,
        shipment_id=packing.shipment_id or ids.derived_id("shipment", order.order_id, number),
        warehouse=order.warehouse,
        goods=goods,
    )


def _parts(begun: ShipmentBegun) -> Iterator[ShipmentBegun]:
    for at in range(0, len(begun.goods), GOODS_PER_EVENT):
        yield structs.replace(begun, goods=begun.goods[at : at + GOODS_PER_EVENT], further=at > 0)


def _packed_at_once(command: PackAtOnce, packing: Packing) -> Iterator[Event]:
    """The closed cartons; before them the shipment when they leave some of it, behind them its end when none."""
    begun = _shipment(command.order, packing, partial=command.partial)
    wanted = _wanted(begun.goods, command.order)
    shipment = structs.replace(packing, shipment_id=begun.shipment_id, goods=wanted)
    cartons: list[CartonPacked] = []
    for filled in command.cartons:
        taken = list(_taken(filled.items, shipment.left, command.order, wanted))
        empty = PackingCarton(filled.sscc, filled.kind, command.packing_location)
        full = _with(empty, _packed(empty, taken, filled.items, command.traits))
        _require_weight(full, filled.kind, filled.weight_g, f"{filled.field}.weight_g")
        closed = _carton_packed(full, filled.kind, begun, filled.weight_g, command.operator, command.at)
        cartons.append(closed)
        shipment = evolve(shipment, closed)
    complete = not _outstanding(shipment, command.order)
    if not complete and begun.goods != packing.goods:
        yield from _parts(begun)
    yield from cartons
    if complete:
        yield _order_packed(shipment, begun.order_id, begun.warehouse, command.at)


def _closed(command: CloseCarton, packing: Packing) -> Iterator[Event]:
    carton = _open(packing, command.sscc)
    if carton.kind is None or not carton.items:
        raise Conflict(
            f"Nothing is in carton {carton.sscc}.",
            field="sscc",
            value=carton.sscc,
            remedy="Put items into it first, or leave it: an empty carton is forgotten with its shipment.",
            code="carton-empty",
        )
    _require_own(carton, packing, command.order)
    _require_fit(carton, command.order)
    _require_strength(carton, carton.kind, command.weight_g, "weight_g")
    if command.override is None:
        _require_weight(carton, carton.kind, command.weight_g, "weight_g")
    else:
        yield WeightOverridden(
            sscc=carton.sscc,
            expected_g=expected_weight(carton),
            weight_g=command.weight_g,
            reason=command.override,
        )
    begun = ShipmentBegun(
        order_id=packing.order_id,
        shipment_id=packing.shipment_id,
        warehouse=packing.warehouse,
        goods=packing.goods,
    )
    closed = _carton_packed(carton, carton.kind, begun, command.weight_g, command.operator, command.at)
    yield closed
    after = evolve(packing, closed)
    if not _outstanding(after, command.order):
        yield _order_packed(after, packing.order_id, packing.warehouse, command.at)


def _require_own(carton: PackingCarton, packing: Packing, order: PickedOrder) -> None:
    """Raises Conflict naming what lies in an open carton and is to be put back."""
    if lost := without(carton.items, _outstanding(packing, order)):
        named = _listed([PackedLine(item.line_id, item.sku, item.units) for item in lost])
        raise Conflict(
            f"{named} in carton {carton.sscc} are not the order's any more.",
            field="sscc",
            value=carton.sscc,
            remedy="Take them out (POST .../removals) and back into their container: they are to be put back.",
            code="to-be-put-back",
        )


def _cut_short(command: CutShipmentShort, packing: Packing) -> list[Event]:
    if not any(carton.closed for carton in packing.cartons):
        raise Conflict(
            "No carton of the shipment is closed: there is nothing that could leave.",
            remedy="Pack and close what there is first.",
            code="nothing-packed",
        )
    if filled := [carton.sscc for carton in packing.cartons if carton.items and not carton.closed]:
        raise Conflict(
            f"Something is in carton {filled[0]}, which is open.",
            field="sscc",
            value=filled[0],
            remedy="Close it, or take out what is in it.",
            code="carton-open",
        )
    left = ShipmentCutShort(
        order_id=packing.order_id,
        shipment_id=packing.shipment_id,
        left=packing.left,
        reason=command.reason,
    )
    return [left, _order_packed(packing, packing.order_id, packing.warehouse, command.at)]


def _unpacked(command: UnpackShipment, packing: Packing) -> Iterator[Event]:
    """Raises NotFound for a shipment that is not packed. Twice changes nothing."""
    shipment = next((one for one in packing.shipments if one.shipment_id == command.shipment_id), None)
    if shipment is None:
        raise NotFound(f"No shipment {command.shipment_id} is packed.", code="unknown-shipment")
    wanted = command.cartons or tuple(carton.sscc for carton in shipment.cartons)
    closed = tuple(one.sscc for one in shipment.cartons if one.sscc in wanted and one.sscc not in shipment.opened)
    if closed:
        yield ShipmentUnpacked(
            order_id=packing.order_id,
            shipment_id=shipment.shipment_id,
            reason=command.reason,
            cartons=closed,
        )


def _rejected(command: RejectItems, packing: Packing) -> Iterator[Event]:
    """The items, and that the shipment is packed where they were the last that was in no carton."""
    order = structs.replace(command.order, blocked={}, today="")
    goods = _wanted(order.goods, order)
    taken = _taken(command.items, without(goods, packing.gone), order, goods)
    rejected = ItemsRejected(
        rejection_id=command.rejection_id,
        order_id=command.order.order_id,
        warehouse=command.order.warehouse,
        items=without(taken, ()),
        condition=command.condition,
        reason=command.reason,
        operator=command.operator,
        rejected_at=command.at,
    )
    yield rejected
    after = evolve(packing, rejected)
    if any(carton.closed for carton in after.cartons) and not _outstanding(after, command.order):
        yield _order_packed(after, command.order.order_id, command.order.warehouse, command.at)


def _wanted(goods: Iterable[PackedItem], order: PickedOrder) -> tuple[PackedItem, ...]:
    """The goods of lines that are not given up, without what is to be put back."""
    wanted = tuple(item for item in goods if item.line_id not in order.given_up)
    return without(wanted, order.returned) if order.returned else wanted


def _outstanding(packing: Packing, order: PickedOrder) -> tuple[PackedItem, ...]:
    """What of the shipment is in no closed carton."""
    closed = (item for carton in packing.cartons if carton.closed for item in carton.contents)
    return without(_wanted(packing.goods, order), closed)


def _carton_packed(
    carton: PackingCarton, kind: CartonKind, begun: ShipmentBegun, weight_g: int, operator: str, at: str
) -> CartonPacked:
    return CartonPacked(
        sscc=carton.sscc,
        order_id=begun.order_id,
        shipment_id=begun.shipment_id,
        warehouse=begun.warehouse,
        carton_type=kind.id,
        length_mm=kind.outer.length_mm,
        width_mm=kind.outer.width_mm,
        height_mm=kind.outer.height_mm,
        weight_g=weight_g,
        tare_g=kind.tare_g,
        items=carton.items,
        operator=operator,
        packed_at=at,
        packing_location=carton.packing_location,
    )


def _order_packed(packing: Packing, order_id: str, warehouse: str, at: str) -> OrderPacked:
    closed = [carton.closed for carton in packing.cartons if carton.closed]
    lines: dict[str, PackedLine] = {}
    for item in sorted((item for carton in closed for item in carton.items), key=lambda item: int(item.line_id)):
        units = lines[item.line_id].units if item.line_id in lines else 0
        lines[item.line_id] = PackedLine(item.line_id, item.sku, units + item.units)
    return OrderPacked(
        order_id=order_id,
        shipment_id=packing.shipment_id,
        warehouse=warehouse,
        cartons=tuple(
            PackedCarton(one.sscc, one.carton_type, one.length_mm, one.width_mm, one.height_mm, one.weight_g)
            for one in closed
        ),
        lines=tuple(lines.values()),
        packed_at=at,
    )


def _open(packing: Packing, sscc: str) -> PackingCarton:
    """The open carton with that SSCC. Raises NotFound or Conflict."""
    closed = {carton.sscc for one in packing.shipments for carton in one.cartons}
    for carton in packing.cartons:
        if carton.sscc == sscc and carton.closed is None:
            return carton
        if carton.closed:
            closed.add(carton.sscc)
    if sscc in closed:
        raise Conflict(
            f"Carton {sscc} is closed.",
            field="sscc",
            value=sscc,
            remedy="Open another carton: POST /picking/orders/{id}/cartons.",
            code="carton-closed",
        )
    raise NotFound(
        f"No carton {sscc} of this order is open.",
        field="sscc",
        value=sscc,
        remedy="Scan the carton again, or open one: POST /picking/orders/{id}/cartons.",
        code="unknown-carton",
    )


def _packed(
    carton: PackingCarton, taken: Sequence[PackedItem], scans: Sequence[Scan], traits: Mapping[str, Traits]
) -> ItemsPacked:
    """Raises Unprocessable when hazard classes would share the carton."""
    classes = {carton.hazard_class} if carton.items else set()
    for scan in scans:
        own = traits.get(scan.sku, Traits()).hazard_class
        if classes and own not in classes:
            [other] = classes
            raise Unprocessable(
                f"{scan.sku} ({own or 'no hazard'}) must not share a carton with {other or 'what is no hazard'}.",
                field=f"{scan.field}.sku",
                value=scan.sku,
                remedy="Put it into a carton of its own class.",
                code="hazards-apart",
            )
        classes = {own}
    weight, unweighed = _weight(taken, traits)
    hazard = next(iter(classes), None)
    return ItemsPacked(
        sscc=carton.sscc,
        items=tuple(taken),
        weight_g=weight,
        unweighed=unweighed,
        hazard_class=hazard,
        fragile_below=_fragile_below(carton, scans, traits),
    )


def _fragile_below(carton: PackingCarton, scans: Sequence[Scan], traits: Mapping[str, Traits]) -> tuple[str, ...]:
    """Fragile products that were in the carton before something that is not fragile came onto them."""
    if all(traits.get(scan.sku, Traits()).fragile for scan in scans):
        return ()
    return tuple(sorted({item.sku for item in carton.items if traits.get(item.sku, Traits()).fragile}))


def _require_bearing(carton: PackingCarton, scans: Sequence[Scan]) -> None:
    """Raises Unprocessable when the carton, with the scanned items in it, holds more than it bears."""
    if carton.kind is not None and carton.weight_g > carton.kind.max_weight_g:
        raise Unprocessable(
            f"A carton {carton.kind.id} holds {carton.kind.max_weight_g} g; with {scans[-1].sku} this one would "
            f"have {carton.weight_g} g in it.",
            field=f"{scans[-1].field}.sku",
            value=scans[-1].sku,
            remedy="Put it into another carton.",
            code="carton-too-heavy",
        )


def _weight(items: Iterable[PackedItem], traits: Mapping[str, Traits]) -> tuple[int, int]:
    """What the items weigh as far as that is known, and how many units are not in it."""
    weight = unweighed = 0
    for item in items:
        each = traits.get(item.sku, Traits()).weight_g
        if each is None:
            unweighed += item.units
        else:
            weight += each * item.units
    return weight, unweighed


def _require_fit(carton: PackingCarton, order: PickedOrder) -> None:
    """Raises Conflict when something in the carton must not leave (any more)."""
    for item in carton.items:
        if (fault := order.fault_of(item)) is not None:
            raise Conflict(
                fault.message,
                field="sscc",
                value=carton.sscc,
                remedy=f"Take it out of the carton. {REJECT_IT}",
                code=fault.code,
            )


def _require_strength(carton: PackingCarton, kind: CartonKind, weight_g: int, field: str) -> None:
    contents = max(weight_g - kind.tare_g, carton.weight_g)
    if contents > kind.max_weight_g:
        raise Unprocessable(
            f"A carton {kind.id} holds {kind.max_weight_g} g; this one has {contents} g in it.",
            field=field,
            value=weight_g,
            remedy="Take something out, and put it into another carton.",
            code="carton-too-heavy",
        )


def _require_weight(carton: PackingCarton, kind: CartonKind, weight_g: int, field: str) -> None:
    """What the scale says fits what is in the carton; where a weight is not known, it may only be more."""
    _require_strength(carton, kind, weight_g, field)
    expected = expected_weight(carton)
    tolerance = max(GRACE_G, expected * kind.tolerance_percent // 100)
    too_light = weight_g < expected - tolerance
    if too_light or (weight_g > expected + tolerance and not carton.unweighed):
        raise Unprocessable(
            f"The carton weighs {weight_g} g, but should weigh {expected} g (give or take {tolerance} g): "
            f"something {'is missing' if too_light else 'is in it that was not scanned'}.",
            field=field,
            value=weight_g,
            remedy="Check what is in the carton; a supervisor may close it as it is "
            "(POST /picking/orders/{id}/cartons/{sscc}/override).",
            code="weight-differs",
        )


def _taken(
    scans: Sequence[Scan], left: Sequence[PackedItem], order: PickedOrder | None, goods: Sequence[PackedItem]
) -> Iterator[PackedItem]:
    """The units of `left` that the packer holds. `goods` is everything that `left` is the rest of.

    Raises Unprocessable naming the first item that is wrong, with all others that are.
    """
    problems: list[Rejection] = []
    for scan in scans:
        try:
            matching = _matching(scan, left, order, goods)
        except Unprocessable as problem:
            problems.append(problem)
            continue
        found = list(_portions(scan, matching))
        left = without(left, found)
        if not problems:
            yield from found
    if problems:
        raise one_refusal(problems)


def _matching(
    scan: Scan, left: Sequence[PackedItem], order: PickedOrder | None, goods: Sequence[PackedItem]
) -> list[PackedItem]:
    """The goods that the scanned units are among. Raises Unprocessable saying what is wrong with the scan."""
    own = [item for item in left if item.sku == scan.sku]
    if not own:
        raise _not_there(scan, order, goods)
    if scan.lot is not None:
        lots = sorted({item.lot or "none" for item in own})
        own = [item for item in own if item.lot == scan.lot]
        if not own:
            raise _wrong(
                scan,
                "lot",
                scan.lot,
                f"Lot {scan.lot} of {scan.sku} was not picked for this order; there is {', '.join(lots)}.",
                "wrong-lot",
                "Lay it aside, and take a unit of the lot that was picked.",
            )
    elif len({item.lot for item in own}) > 1:
        lots = sorted({item.lot or "none" for item in own})
        raise _wrong(
            scan,
            "lot",
            None,
            f"Several lots of {scan.sku} were picked: {', '.join(lots)}. Which is it?",
            "lot-missing",
            "Scan the lot too.",
        )
    days = {item.expires_on for item in own if item.expires_on}
    if scan.expires_on in days:
        own = [item for item in own if item.expires_on == scan.expires_on]
    elif scan.expires_on is not None and days:
        raise _wrong(
            scan,
            "code",
            scan.expires_on,
            f"{scan.sku} that expires on {scan.expires_on} was not picked for this order; there is "
            f"{', '.join(sorted(days))}.",
            "wrong-expiry",
            "Lay it aside, and take a unit that was picked.",
        )
    own = _fit(scan, own, order)
    known = {serial for item in own for serial in item.serials}
    if strange := [serial for serial in scan.serials if serial not in known]:
        raise _wrong(
            scan,
            "serials",
            strange[0],
            f"Serial {strange[0]} of {scan.sku} was not picked for this order, or is packed.",
            "wrong-serial",
            "Lay it aside, and take a unit that was picked.",
        )
    if known and len(set(scan.serials)) != scan.units:
        raise _wrong(
            scan,
            "serials",
            len(scan.serials),
            f"{scan.units} units of {scan.sku} have {scan.units} serials; {len(set(scan.serials))} were scanned.",
            "serials-missing",
            "Scan the serial of each unit.",
        )
    there = sum(item.units for item in own)
    if scan.units > there:
        raise _wrong(
            scan,
            "units",
            scan.units,
            f"{scan.units} units of {scan.sku} are too many: {there} are left to be packed.",
            "too-many",
            f"Put {there} in, and lay the others aside.",
        )
    return own


def _fit(scan: Scan, own: Sequence[PackedItem], order: PickedOrder | None) -> list[PackedItem]:
    """Those of the goods that may leave. Raises Unprocessable when there are no others among them."""
    faults = [order.fault_of(item) if order else None for item in own]
    fit = [item for item, fault in zip(own, faults, strict=True) if fault is None]
    if not fit and (fault := faults[0]) is not None:
        raise _wrong(scan, "sku", scan.sku, fault.message, fault.code, REJECT_IT)
    return fit


def _not_there(scan: Scan, order: PickedOrder | None, goods: Sequence[PackedItem]) -> Rejection:
    if order is None:
        return _wrong(
            scan,
            "sku",
            scan.sku,
            f"No {scan.sku} is in the carton.",
            "not-in-carton",
            "Scan what was taken out again.",
        )
    if packed := sum(item.units for item in goods if item.sku == scan.sku):
        return _wrong(
            scan,
            "units",
            scan.units,
            f"All {packed} units of {scan.sku} are in cartons already.",
            "too-many",
            "Lay the others aside.",
        )
    if scan.sku in {line.sku for line in order.awaited} | {item.sku for item in _wanted(order.goods, order)}:
        return _wrong(
            scan,
            "sku",
            scan.sku,
            f"{scan.sku} is not in this shipment: it is still to be picked, or was picked later.",
            "not-picked-yet",
            "Pack it with the order's next shipment.",
        )
    if scan.sku in {item.sku for item in order.returned}:
        return _wrong(
            scan,
            "sku",
            scan.sku,
            f"The order has lost the units of {scan.sku} that were picked for it.",
            "to-be-put-back",
            "Leave them in their container: there is a task to put them back.",
        )
    return _wrong(
        scan,
        "sku",
        scan.sku,
        f"{scan.sku} was not picked for this order, or is not wanted any more.",
        "wrong-item",
        "Lay it aside: it belongs to another order, or back to its place.",
    )


def _wrong(scan: Scan, field: str, value: object, message: str, code: str, remedy: str) -> Unprocessable:
    return Unprocessable(message, field=f"{scan.field}.{field}", value=value, remedy=remedy, code=code)


def _portions(scan: Scan, among: Sequence[PackedItem]) -> Iterator[PackedItem]:
    """So many units of `among` as were scanned, the first lines first; those with the scanned serials."""
    wanted = scan.units
    for item in among:
        serials = tuple(serial for serial in item.serials if serial in scan.serials)
        units = len(serials) if item.serials else min(wanted, item.units)
        if units:
            yield structs.replace(item, units=units, serials=serials)
            wanted -= units


def _change(packing: Packing, sscc: str, change: Callable[[PackingCarton], PackingCarton]) -> Packing:
    cartons = tuple(change(carton) if carton.sscc == sscc else carton for carton in packing.cartons)
    return structs.replace(packing, cartons=cartons)


def _with(carton: PackingCarton, event: ItemsPacked) -> PackingCarton:
    return structs.replace(
        carton,
        items=without((*carton.items, *event.items), ()),
        weight_g=carton.weight_g + event.weight_g,
        unweighed=carton.unweighed + event.unweighed,
        hazard_class=event.hazard_class,
    )


def _less(carton: PackingCarton, event: ItemsTakenOut) -> PackingCarton:
    return structs.replace(
        carton,
        items=without(carton.items, event.items),
        weight_g=max(0, carton.weight_g - event.weight_g),
        unweighed=max(0, carton.unweighed - event.unweighed),
    )


def _plus(item: PackedItem, units: int, serials: Iterable[str]) -> PackedItem:
    return structs.replace(item, units=item.units + units, serials=(*item.serials, *serials))


def _key(item: PackedItem) -> Key:
    return item.line_id, item.sku, item.container, item.lot or "", item.expires_on or ""


def _place(key: Key) -> tuple[int, Key]:
    return int(key[0]), key


def _listed(lines: Sequence[PackedLine]) -> str:
    named = [f"{line.units} of {line.sku}" for line in lines]
    return ", ".join(named[:5]) + (", ..." if len(named) > 5 else "")
