"""Holdings: what physically lies in one place, or on one container, and what room is left there.

A holding is a location, a handling unit (its SSCC), or the loose goods of one shipment or transfer. Containers
(all but locations) stand somewhere, which their own stream tells: moving a pallet moves everything on it by one
event.

"Never below zero", which concrete units are set aside for whom, and whether something still fits are decided here.
"""

from collections.abc import Iterable

from immutables import Map
from msgspec import Struct, structs

from inventory.domain import numbers
from inventory.domain.goods import AVAILABLE, Items, allocating, as_status, with_goods, without_goods
from inventory.domain.picked import (
    CartonFilled,
    LineGoods,
    RejectionNoted,
    StockCollected,
    StockPacked,
    StockPicked,
)
from inventory.domain.room import Claim, Load, Occupant, load_of, total
from inventory.stock_contracts import (
    ContainerArrived,
    ContainerDeparted,
    Goods,
    HandlingUnitCreated,
    HandlingUnitMoved,
    SerialsRepeated,
    StockAdjusted,
    StockAllocated,
    StockArrived,
    StockCounted,
    StockDeallocated,
    StockDeparted,
    StockReceived,
    StockShipped,
    StockStatusChanged,
    Supply,
    SupplyCorrected,
)
from shared.events import Event
from shared.gs1 import CARTON_EXTENSION, SSCC_LENGTH
from shared.identifiers import StockStatus

LANES_REMEMBERED = 500
PICK_LISTS_REMEMBERED = 100
LOOSE = "loose"
"""The kind of a container that is no thing one could touch: the loose goods of a shipment or transfer."""
NOT_FOR_SALE = frozenset({"quarantine", "damaged", "expired"})
"""The statuses of goods that are brought to quarantine."""
RANKS = {"carton": 1, "tote": 2, "pallet": 3, "cage": 3, "trailer": 4}
"""A handling unit stands only on one of a higher rank, so that none can ever stand on itself."""
_ID_OF_A_PROCESS = 36


class Lane(Struct, frozen=True, array_like=True):
    """Departures to one destination: which of the origin's lanes it is, and the last departure's number on it.

    `latest` is that departure's number among all of the origin's, so that lanes long unused can be forgotten.
    """

    lane: int
    number: int
    latest: int


class Verdict(Struct, frozen=True, array_like=True):
    """What an inspection has decided for units that are still to come."""

    accepted_units: int
    rejected_units: int
    rejected_status: StockStatus
    decided_at: str
    rejected_serials: tuple[str, ...] = ()


class PickedInto(Struct, frozen=True, array_like=True):
    """The picks that have gone from here into a pick list's container; `latest` orders such containers."""

    latest: int
    picks: tuple[str, ...] = ()


class SpaceTaken(Event, frozen=True):
    """Room is taken for goods on their way here from `origin`, or onto the handling unit `unit` here."""

    claim: str
    load: Load
    at: str
    unit: str = ""
    origin: str = ""
    handling_units: int = 0


class UnitExpected(Event, frozen=True):
    """Room is taken for a handling unit that will come by its move `number`, as heavy as in commit `as_of`.

    `claim` was taken for it before, and is used by this.
    """

    unit: str
    number: int
    as_of: int
    load: Load
    at: str
    claim: str = ""


class UnitSettled(Event, frozen=True):
    """A handling unit stands here, takes what `load` says, and `claims` for it are used."""

    unit: str
    number: int
    as_of: int
    load: Load
    claims: tuple[str, ...] = ()


class UnitLeft(Event, frozen=True):
    """A handling unit stands here no longer, or never came: its room is free."""

    unit: str


class SpaceFreed(Event, frozen=True):
    """Nothing will come for which this room was taken."""

    claim: str


class HandlingUnitFound(Event, frozen=True):
    """Somebody wanted to bring the handling unit to `place`, where it stood already."""

    warehouse: str
    place: str
    at: str


class InspectionNoted(Event, frozen=True):
    """What an inspection has decided for units that wait for it and have not come yet, possibly none."""

    inspection_id: str
    accepted_units: int
    rejected_units: int
    rejected_status: StockStatus
    decided_at: str
    rejected_serials: tuple[str, ...] = ()


PRIVATE: tuple[type[Event], ...] = (
    SpaceTaken,
    UnitExpected,
    UnitSettled,
    UnitLeft,
    SpaceFreed,
    HandlingUnitFound,
    InspectionNoted,
)


class Holding(Struct, frozen=True):
    """The books of one place or container.

    `items` by what tells them apart; `net` what it adds to its warehouses' promises, by warehouse and SKU and then
    by expiry date; `occupants` and `claims` what else takes room here. For containers: `kind`, `warehouse` (empty:
    in transit), `place`, the number of its latest `move`. `lanes`, `seen` and `picks` make departures, arrivals,
    receipts and picks happen once; `inspected` keeps what inspections have decided for goods that come after the
    decision. For an order's carton: its order and shipment, the units `meant` for each line (line, SKU, units),
    and whether it has `left` with them.
    """

    items: Items = Map()
    net: Map[str, tuple[tuple[str, int], ...]] = Map()
    occupants: Map[str, Occupant] = Map()
    claims: Map[str, Claim] = Map()
    lanes: Map[str, Lane] = Map()
    departures: int = 0
    seen: Map[str, tuple[tuple[int, int], ...]] = Map()
    inspected: Map[str, Verdict] = Map()
    kind: str = ""
    warehouse: str = ""
    place: str = ""
    move: int = 0
    transfer_id: str = ""
    volume_mm3: int = 0
    tare_g: int = 0
    picks: Map[str, PickedInto] = Map()
    order_id: str = ""
    shipment_id: str = ""
    meant: tuple[tuple[str, str, int], ...] = ()
    left: bool = False

    @property
    def units(self) -> Map[str, int]:
        """Units by SKU, whatever their lot and status."""
        counted: dict[str, int] = {}
        for item in self.items.values():
            counted[item.sku] = counted.get(item.sku, 0) + item.units
        return Map(counted)

    @property
    def in_transit(self) -> bool:
        """Whether it is on its way between two warehouses."""
        return bool(self.kind) and not self.warehouse

    @property
    def load(self) -> Load:
        """What it takes of the place where it stands, with all that stands on it or is about to."""
        inner = self.taken
        return structs.replace(
            inner, volume_mm3=max(inner.volume_mm3, self.volume_mm3), weight_g=inner.weight_g + self.tare_g
        )

    @property
    def taken(self) -> Load:
        """What is taken of its own room."""
        return total(
            (
                load_of(self.items.values()),
                *(occupant.load for occupant in self.occupants.values()),
                *(claim.load for claim in self.claims.values()),
            )
        )

    @property
    def standing(self) -> int:
        """Handling units that stand here, or for which room is taken."""
        return len(self.occupants) + sum(claim.handling_units for claim in self.claims.values())

    def units_of(self, sku: str) -> int:
        """Units of a product, whatever their lot and status."""
        return sum(item.units for item in self.items.values() if item.sku == sku)

    def supply(self, warehouse: str, sku: str) -> Supply:
        """What it adds to what `warehouse` can promise of `sku`."""
        by_date = self.net.get(f"{warehouse}|{sku}", ())
        return Supply(sku, sum(units for _, units in by_date), tuple(pair for pair in by_date if pair[0]))


def is_unit(holding: str) -> bool:
    """Whether an id is that of a handling unit: an SSCC."""
    return len(holding) == SSCC_LENGTH and holding.isdigit()


def is_carton(holding: str) -> bool:
    """Whether an id is that of an order's packed carton."""
    return is_unit(holding) and holding.startswith(CARTON_EXTENSION)


def is_container(holding: str) -> bool:
    """Whether an id is that of a container: a handling unit, a shipment or a transfer."""
    return is_unit(holding) or (len(holding) == _ID_OF_A_PROCESS and holding.count("-") == 4)


def receipts_of(shipment_id: str) -> str:
    """Where a holding remembers the receipts of a shipment."""
    return f"receipt|{shipment_id}"


def pick_key(pick_id: str, number: int) -> str:
    """What a pick is remembered by where goods were taken."""
    return f"{pick_id}/{number}"


def collected(pick_id: str) -> str:
    """Where a pick list's container remembers a pick that has come into it."""
    return f"pick|{pick_id}"


def packed(carton: str) -> str:
    """Where a pick list's container remembers that goods of it are in a carton."""
    return f"carton|{carton}"


def rejected(rejection: str) -> str:
    """Where a pick list's container remembers a packer's report of damaged or missing goods."""
    return f"rejection|{rejection}"


def lane_of(origin: str, lane: int) -> str:
    """Where a holding remembers the arrivals of one of its origin's lanes."""
    return f"{origin}|{lane}"


def evolve(holding: Holding, event: Event) -> Holding:
    """The books after `event`."""
    match event:
        case StockAdjusted():
            return _adjusted(holding, event)
        case StockReceived():
            seen = holding.seen
            if event.shipment_id is not None and event.receipt is not None:
                seen = _seeing(seen, receipts_of(event.shipment_id), event.receipt)
            came = structs.replace(
                holding,
                items=with_goods(holding.items, event.goods, event.occurred_at),
                net=_net(holding, event.warehouse, event.supply),
                seen=seen,
            )
            if holding.left:
                return _back(came, event.place)
            if event.place == event.holding or holding.kind not in ("", LOOSE):
                return came
            return structs.replace(came, kind=LOOSE, place=event.place, warehouse=event.warehouse)
        case SerialsRepeated(shipment_id=shipment_id, receipt=receipt):
            return structs.replace(holding, seen=_seeing(holding.seen, receipts_of(shipment_id), receipt))
        case StockDeparted():
            return _departed(holding, event)
        case StockArrived():
            items = with_goods(holding.items, event.goods, event.occurred_at)
            return structs.replace(
                holding,
                items=_set_aside(items, event, 1),
                seen=_seeing(holding.seen, lane_of(event.origin, event.lane), event.number),
                claims=_without(holding.claims, event.claim),
                kind=holding.kind or (LOOSE if event.warehouse is None else ""),
            )
        case SupplyCorrected():
            return structs.replace(holding, net=_net(holding, event.warehouse, event.supply))
        case StockStatusChanged():
            items = without_goods(holding.items, event.goods)
            return structs.replace(
                holding,
                items=with_goods(items, as_status(event.goods, event.status), event.occurred_at),
                net=_net(holding, event.warehouse or "", event.supply),
            )
        case StockCounted():
            items = without_goods(holding.items, event.removed)
            return structs.replace(
                holding,
                items=with_goods(items, event.added, event.occurred_at),
                net=_net(holding, event.warehouse, event.supply),
            )
        case StockAllocated():
            items = allocating(holding.items, line_key(event.order_id, event.line_id), event.goods, 1)
            return structs.replace(holding, items=items)
        case StockDeallocated():
            items = allocating(holding.items, line_key(event.order_id, event.line_id), event.goods, -1)
            return structs.replace(holding, items=items)
        case InspectionNoted():
            verdict = Verdict(
                event.accepted_units,
                event.rejected_units,
                event.rejected_status,
                event.decided_at,
                event.rejected_serials,
            )
            return structs.replace(holding, inspected=holding.inspected.set(event.inspection_id, verdict))
        case _:
            return _as_container(_on_its_way_out(holding, event), event)


def line_key(order_id: str, line_id: str) -> str:
    """The key of an order line in the books."""
    return f"{order_id}/{line_id}"


def _on_its_way_out(holding: Holding, event: Event) -> Holding:
    match event:
        case StockPicked():
            items = allocating(holding.items, line_key(event.order_id, event.line_id), event.set_aside, -1)
            return structs.replace(
                holding, items=without_goods(items, event.goods), picks=_with_pick(holding.picks, event)
            )
        case StockCollected():
            line = LineGoods(event.line_id, event.goods, sellable(event.goods))
            return structs.replace(
                holding,
                items=_coming(holding.items, event.order_id, line, event.occurred_at),
                seen=_seeing(holding.seen, collected(event.pick_id), event.number),
                kind=holding.kind or LOOSE,
                warehouse=holding.warehouse or event.warehouse,
            )
        case StockPacked():
            items = holding.items
            for line in event.lines:
                aside = allocating(items, line_key(event.order_id, line.line_id), line.set_aside, -1)
                items = without_goods(aside, line.goods)
            return structs.replace(holding, items=items, seen=_seeing(holding.seen, packed(event.carton), 1))
        case RejectionNoted():
            return structs.replace(holding, seen=_seeing(holding.seen, rejected(event.rejection), 1))
        case CartonFilled():
            items = holding.items
            for line in event.lines:
                items = _coming(items, event.order_id, line, event.occurred_at)
            return structs.replace(
                holding,
                items=items,
                kind=holding.kind or "carton",
                warehouse=event.warehouse,
                place=event.place,
                volume_mm3=event.volume_mm3,
                tare_g=event.tare_g,
                order_id=event.order_id,
                shipment_id=event.shipment_id,
                meant=tuple((line.line_id, one.sku, one.units) for line in event.lines for one in line.goods),
            )
        case StockShipped():
            return structs.replace(holding, items=Map(), place="", left=True)
        case _:
            return holding


def sellable(goods: Iterable[Goods]) -> tuple[Goods, ...]:
    """Those of `goods` that may be set aside for order lines."""
    return tuple(one for one in goods if one.status == AVAILABLE and not one.inspection_id)


def _coming(items: Items, order_id: str, line: LineGoods, at: str) -> Items:
    """`items` and the goods of an order's line, set aside for it."""
    return allocating(with_goods(items, line.goods, at), line_key(order_id, line.line_id), sellable(line.goods), 1)


def _with_pick(picks: Map[str, PickedInto], event: StockPicked) -> Map[str, PickedInto]:
    """The picks that are remembered, without those of the lists that it has heard of least recently."""
    known = picks.get(event.container, PickedInto(0))
    latest = max((one.latest for one in picks.values()), default=0) + 1
    now = PickedInto(latest, (*known.picks, pick_key(event.pick_id, event.number)))
    picks = picks.set(event.container, now)
    if len(picks) > PICK_LISTS_REMEMBERED:
        oldest = sorted(one.latest for one in picks.values())[len(picks) // 2]
        picks = Map({container: one for container, one in picks.items() if one.latest >= oldest})
    return picks


def _back(holding: Holding, place: str) -> Holding:
    """A carton that had left, and has come back with goods: it stands at `place`, and belongs to no order."""
    return structs.replace(holding, place=place, left=False, order_id="", shipment_id="", meant=())


def _as_container(holding: Holding, event: Event) -> Holding:
    match event:
        case HandlingUnitCreated():
            return structs.replace(
                holding,
                kind=event.type,
                warehouse=event.warehouse,
                place=event.place,
                volume_mm3=event.volume_mm3,
                tare_g=event.tare_g,
            )
        case HandlingUnitMoved():
            return structs.replace(holding, place=event.place, move=event.number)
        case ContainerDeparted():
            return structs.replace(
                holding,
                place="",
                warehouse="",
                transfer_id=event.transfer_id,
                move=event.number,
                net=_net(holding, event.warehouse, event.supply),
            )
        case ContainerArrived():
            return structs.replace(
                holding,
                place=event.place,
                warehouse=event.warehouse,
                transfer_id="",
                kind=holding.kind or LOOSE,
                move=event.number,
                net=_net(holding, event.warehouse, event.supply),
            )
        case SpaceTaken():
            claim = Claim(event.load, event.at, event.unit, event.origin, event.handling_units)
            return structs.replace(holding, claims=holding.claims.set(event.claim, claim))
        case SpaceFreed():
            return structs.replace(holding, claims=_without(holding.claims, event.claim))
        case UnitExpected():
            occupant = Occupant(event.number, event.as_of, event.load, event.at)
            return structs.replace(
                holding,
                occupants=holding.occupants.set(event.unit, occupant),
                claims=_without(holding.claims, event.claim),
            )
        case UnitSettled():
            claims = holding.claims
            for claim_id in event.claims:
                claims = _without(claims, claim_id)
            occupant = Occupant(event.number, event.as_of, event.load)
            return structs.replace(holding, occupants=holding.occupants.set(event.unit, occupant), claims=claims)
        case UnitLeft():
            claims = holding.claims
            for claim_id, claim in holding.claims.items():
                if claim.unit == event.unit:
                    claims = claims.delete(claim_id)
            return structs.replace(holding, occupants=holding.occupants.delete(event.unit), claims=claims)
        case _:
            return holding


def _adjusted(holding: Holding, event: StockAdjusted) -> Holding:
    goods = [
        Goods(
            sku=event.sku,
            units=abs(event.quantity),
            status=event.status,
            lot=event.lot,
            expires_on=event.expires_on,
            serials=event.serials,
            volume_mm3=event.volume_mm3,
            weight_g=event.weight_g,
            storage_class=event.storage_class,
        )
    ]
    if event.quantity > 0:
        items = with_goods(holding.items, goods, event.occurred_at)
    else:
        items = without_goods(holding.items, goods)
    supply = event.supply or (_counting(holding, event),)
    return structs.replace(holding, items=items, net=_net(holding, event.warehouse, supply))


def _counting(holding: Holding, event: StockAdjusted) -> Supply:
    """What an adjustment means that was recorded before adjustments said so themselves."""
    known = holding.supply(event.warehouse, event.sku)
    return structs.replace(known, units=known.units + event.quantity)


def _departed(holding: Holding, event: StockDeparted) -> Holding:
    departures = holding.departures + 1
    lanes = holding.lanes.set(event.destination, Lane(event.lane, event.number, departures))
    if len(lanes) > LANES_REMEMBERED:
        oldest = sorted(lane.latest for lane in lanes.values())[len(lanes) // 2]
        lanes = Map({place: lane for place, lane in lanes.items() if lane.latest >= oldest})
    items = without_goods(_set_aside(holding.items, event, -1), event.goods)
    return structs.replace(holding, items=items, lanes=lanes, departures=departures)


def _set_aside(items: Items, event: StockDeparted | StockArrived, sign: int) -> Items:
    """`items` with the goods of an order line that arrive (or leave) set aside for it (or no longer)."""
    if event.order_id is None or event.line_id is None:
        return items
    return allocating(items, line_key(event.order_id, event.line_id), event.goods, sign)


def changed_supply(holding: Holding, warehouse: str, changes: list[tuple[Goods, int]]) -> tuple[Supply, ...]:
    """What the holding adds to the promises once `changes` (goods and a sign) have happened to it.

    Products of which nothing available changes are named too: readers count with whatever is named.
    """
    by_sku: dict[str, dict[str, int]] = {}
    for goods, sign in changes:
        dates = by_sku.setdefault(goods.sku, dict(holding.net.get(f"{warehouse}|{goods.sku}", ())))
        if goods.status == AVAILABLE:
            date = goods.expires_on or ""
            dates[date] = dates.get(date, 0) + sign * goods.units
    return tuple(
        Supply(sku, sum(dates.values()), tuple(sorted((d, u) for d, u in dates.items() if d and u)))
        for sku, dates in by_sku.items()
    )


def _net(holding: Holding, warehouse: str, supply: tuple[Supply, ...]) -> Map[str, tuple[tuple[str, int], ...]]:
    net = holding.net
    for one in supply:
        undated = one.units - sum(units for _, units in one.expiring)
        by_date = (*((("", undated),) if undated else ()), *one.expiring)
        net = net.set(f"{warehouse}|{one.sku}", by_date)
    return net


def _seeing(
    seen: Map[str, tuple[tuple[int, int], ...]], where: str, number: int
) -> Map[str, tuple[tuple[int, int], ...]]:
    return seen.set(where, numbers.adding(seen.get(where, ()), number))


def _without(claims: Map[str, Claim], claim_id: str | None) -> Map[str, Claim]:
    return claims.delete(claim_id) if claim_id is not None and claim_id in claims else claims
