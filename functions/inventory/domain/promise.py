"""The promise: how many units of one SKU in one warehouse can be sold, and to which order lines they are promised.

"Never oversold" is decided here. Lines that find too few units wait; whatever frees units serves the waiting
lines in the same decision, oldest promise first. A line that does not fit is passed over, so that one huge order
does not hold up all others. Physical facts win over promises: when fewer units lie there than are promised, the
youngest promises are broken.

One decision breaks or serves at most SETTLED_AT_ONCE lines, so that it fits into one commit; what is left is
settled by the next decisions, and until then nobody new is served.

Supply is kept as what each holding adds, with that count's version: a count that comes twice or late changes
nothing, and the sum is always right once every holding's latest count has arrived. A holding adds what is
available there and what has left it for others of the warehouse, less what came from them: units on their way
count once, and moves within a warehouse change no count at all. What has expired is not sold: commands carry the
day.

For goods that were received the promise says at once which waiting lines they serve, possibly none.

What is dispatched takes its reservation along: units and claim go in one decision, so that nobody else's promise
is touched by it. Cartons are many, and a count of each would be kept for ever: so what leaves on one is subtracted
once, and the latest cartons are remembered. News of a carton older than those counts only where one of its lines
still claims units.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from immutables import Map
from msgspec import Meta, Struct, structs

from inventory.contracts import LineBroken, LineReserved, LineShort, ReservationReleased
from inventory.stock_contracts import AssignedLine, GoodsAssigned
from shared.events import Event
from shared.identifiers import CalendarDate, HoldingId, LineId, OrderId, Sku, Timestamp, WarehouseCode
from shared.quantity import MAX_UNITS, Quantity, Units

CLOSED_LINES_REMEMBERED = 300
CARTONS_REMEMBERED = 300
SETTLED_AT_ONCE = 500
Version = Annotated[int, Meta(ge=1)]


Expiring = tuple[tuple[CalendarDate, int], ...]
"""Units by the date after which they cannot be sold."""


class SupplyCounted(Event, frozen=True):
    """One holding adds `units` to what can be sold, as of `counted` (the holding's version; higher is later).

    `expiring` are those of them that expire, and when; `sellable` is what can be sold of all holdings' units then.
    """

    location: HoldingId
    counted: Version
    units: int
    expiring: Expiring = ()
    sellable: int | None = None


class DayBegun(Event, frozen=True):
    """It is `today` (UTC), and units have expired before it; `sellable` are left."""

    today: CalendarDate
    sellable: int


class FulfilledLine(Struct, frozen=True, array_like=True):
    """An order line whose units have left: how many of them it was promised, and how many it still waited for."""

    order_id: OrderId
    line_id: LineId
    reserved: Units = 0
    waited: Units = 0


class SupplyShipped(Event, frozen=True):
    """Available units have left the warehouse on a carton at `shipped_at`, for `lines`; `sellable` are left.

    `expiring` are those of them that expire, and when.
    """

    carton: HoldingId
    shipped_at: Timestamp
    units: Units
    sellable: int
    expiring: Expiring = ()
    lines: tuple[FulfilledLine, ...] = ()


class SettlementDeferred(Event, frozen=True):
    """More lines are to be broken or served than fit into one decision."""


class SettlementCompleted(Event, frozen=True):
    """Everything that was put off has been settled."""


PRIVATE: tuple[type[Event], ...] = (
    SupplyCounted,
    SupplyShipped,
    DayBegun,
    SettlementDeferred,
    SettlementCompleted,
)


class Count(Struct, frozen=True, array_like=True):
    """The latest count of one holding: its version, the units, and which of them expire."""

    counted: int
    units: int
    expiring: Expiring = ()

    def sellable(self, today: str) -> int:
        """Units that have not expired."""
        return self.units - sum(units for date, units in self.expiring if date < today)


class Claim(Struct, frozen=True, array_like=True):
    """What an order line wants: units, and since when it is promised them (ISO 8601).

    `wanted` counts what has left as well: it changes only when the order gives units up.
    """

    quantity: int
    promised_at: str
    order_id: str
    line_id: str
    wanted: int = 0

    @property
    def age(self) -> tuple[str, str, int]:
        """Sorts claims from the oldest promise to the youngest."""
        return self.promised_at, self.order_id, int(self.line_id)


class Promise(Struct, frozen=True):
    """The books of one SKU in one warehouse.

    `reserved` and `waiting` are claims by order line, `closed` the latest lines that have given up their claim;
    `unsettled`: more lines are to be broken or served than the last decision had room for. `expiring` are all
    holdings' units by date, `today` the day before which they have expired. `shipped` says when the latest cartons
    left, `forgotten` until when others did; `gone` has left on all of them.
    """

    supply: Map[str, Count] = Map()
    expiring: Map[str, int] = Map()
    today: str = ""
    sellable_units: int = 0
    reserved: Map[str, Claim] = Map()
    reserved_units: int = 0
    waiting: Map[str, Claim] = Map()
    closed: tuple[str, ...] = ()
    unsettled: bool = False
    shipped: Map[str, str] = Map()
    gone: Count = Count(0, 0)
    forgotten: str = ""

    @property
    def available_units(self) -> int:
        """Units that nobody has been promised."""
        return self.sellable_units - self.reserved_units


class Reserve(Struct, frozen=True):
    """Promise an order line its units."""

    warehouse: WarehouseCode
    sku: Sku
    order_id: OrderId
    line_id: LineId
    quantity: Quantity
    promised_at: Timestamp
    today: str = ""


class Release(Struct, frozen=True):
    """Take an order line's claim back, whether it is reserved or waits; it keeps `keeps` units in all, if any."""

    warehouse: WarehouseCode
    sku: Sku
    order_id: OrderId
    line_id: LineId
    today: str = ""
    keeps: Units = 0


class Arrival(Struct, frozen=True):
    """Units of one lot that a receipt brought, or an inspection accepted, and that can be sold."""

    units: Quantity
    lot: str | None = None
    expires_on: str | None = None


class CountSupply(Struct, frozen=True):
    """Note what a holding adds. `counted` is the version of that holding's books.

    `arrivals` are new goods among it, which `answers` (the event's id) told of: who they serve will be published.
    """

    warehouse: WarehouseCode
    sku: Sku
    location: HoldingId
    counted: Version
    units: int
    expiring: Expiring = ()
    today: str = ""
    arrivals: tuple[Arrival, ...] = ()
    answers: str = ""
    shipment_id: str | None = None
    receipt: int | None = None
    inspection_id: str | None = None


class Fulfil(Struct, frozen=True):
    """Units of order lines have left on a carton: they are no longer here, nor promised.

    `units` are those that could be sold; `expiring` says which of them expire, and when.
    """

    warehouse: WarehouseCode
    sku: Sku
    carton: HoldingId
    shipped_at: Timestamp
    units: Units
    expiring: Expiring = ()
    lines: tuple[AssignedLine, ...] = ()
    today: str = ""


class Settle(Struct, frozen=True):
    """Go on breaking or serving lines where the last decision had to stop."""

    warehouse: WarehouseCode
    sku: Sku


Command = Reserve | Release | CountSupply | Fulfil | Settle


def decide(command: Command, promise: Promise) -> Sequence[Event]:
    """What follows from `command`. Never raises: a line that cannot be served waits."""
    match command:
        case Reserve():
            day, promise = _day(command, promise, ())
            return [*day, *_reserve(command, promise)]
        case Release():
            day, promise = _day(command, promise, ())
            give_back = _reduce if command.keeps else _release
            return [*day, *give_back(command, promise)]
        case CountSupply():
            day, promise = _day(command, promise, command.expiring)
            return [*day, *_count(command, promise)]
        case Fulfil():
            day, promise = _day(command, promise, command.expiring)
            return [*day, *_fulfil(command, promise)]
        case Settle():
            return _settle(command, promise) if promise.unsettled else []


def evolve(promise: Promise, event: Event) -> Promise:
    """The books after `event`."""
    match event:
        case LineReserved(repeated=False):
            return _with_reserved(promise, event)
        case LineShort(repeated=False):
            return structs.replace(promise, waiting=promise.waiting.set(_key(event), _claim(event)))
        case LineBroken():
            return _with_broken(promise, event)
        case ReservationReleased():
            return _with_less(promise, event) if event.keeps else _without(promise, event)
        case SupplyCounted():
            return _with_supply(promise, event)
        case SupplyShipped():
            return _with_shipped(promise, event)
        case DayBegun():
            return structs.replace(promise, today=event.today, sellable_units=event.sellable)
        case SettlementDeferred():
            return structs.replace(promise, unsettled=True)
        case SettlementCompleted():
            return structs.replace(promise, unsettled=False)
        case _:
            return promise


def line_key(order_id: str, line_id: str) -> str:
    """The key of an order line in the books."""
    return f"{order_id}/{line_id}"


def _reserve(line: Reserve, promise: Promise) -> list[Event]:
    """A line is promised its units once: asked again, it gets the answer that stands."""
    key = _key(line)
    if key in promise.closed:
        return []
    if key in promise.reserved:
        return [_reserved(line, promise.reserved[key], repeated=True)]
    if key in promise.waiting:
        return [_short(line, promise.waiting[key], promise.available_units, repeated=True)]
    claim = _claim(line)
    if claim.quantity <= promise.available_units and not promise.unsettled:
        return [_reserved(line, claim)]
    return [_short(line, claim, promise.available_units)]


def _release(line: Release, promise: Promise) -> list[Event]:
    """The claim ends, whatever it was; the units that it frees serve the lines that wait."""
    key = _key(line)
    reserved, waiting = promise.reserved.get(key), promise.waiting.get(key)
    released = ReservationReleased(
        order_id=line.order_id,
        line_id=line.line_id,
        warehouse=line.warehouse,
        sku=line.sku,
        quantity=reserved.quantity if reserved else 0,
        backordered=waiting.quantity if waiting else 0,
    )
    return [released, *_settle(line, _without(promise, released))]


def _reduce(line: Release, promise: Promise) -> list[Event]:
    """The claim shrinks to what the line keeps, less what has left of it; what it frees serves lines that wait.

    How much it keeps only ever shrinks, so that late and repeated news change nothing.
    """
    key = _key(line)
    reserved, waiting = promise.reserved.get(key), promise.waiting.get(key)
    claim = reserved or waiting
    if claim is None or claim.wanted <= line.keeps:
        return []
    less = min(claim.quantity, claim.wanted - line.keeps)
    released = ReservationReleased(
        order_id=line.order_id,
        line_id=line.line_id,
        warehouse=line.warehouse,
        sku=line.sku,
        quantity=less if reserved else 0,
        backordered=less if waiting else 0,
        keeps=line.keeps,
    )
    return [released, *_settle(line, evolve(promise, released))]


def _count(place: CountSupply, promise: Promise) -> list[Event]:
    """The latest count of a holding stands; then promises are broken or waiting lines served, as units allow.

    Received goods whose count has been overtaken by a later one serve nobody in particular any more.
    """
    known = promise.supply.get(place.location)
    if known is not None and known.counted >= place.counted:
        return [*_assigned(place, promise, [])]
    counted = SupplyCounted(
        location=place.location, counted=place.counted, units=place.units, expiring=place.expiring
    )
    promise = evolve(promise, counted)
    settled = _settle(place, promise)
    return [
        structs.replace(counted, sellable=promise.sellable_units),
        *settled,
        *_assigned(place, promise, [event for event in settled if isinstance(event, LineReserved)]),
    ]


def _fulfil(carton: Fulfil, promise: Promise) -> list[Event]:
    """What left counts once; its lines give up as much of their claims, and others' promises stay as they are.

    Lines that were promised nothing any more leave their units to be missed by all: then a fact wins as ever.
    """
    if carton.carton in promise.shipped:
        return []
    lines = tuple(_fulfilled(line, promise) for line in carton.lines)
    if carton.shipped_at <= promise.forgotten and not any(line.reserved or line.waited for line in lines):
        return []
    shipped = SupplyShipped(
        carton=carton.carton,
        shipped_at=carton.shipped_at,
        units=carton.units,
        sellable=promise.sellable_units - Count(0, carton.units, carton.expiring).sellable(promise.today),
        expiring=carton.expiring,
        lines=lines,
    )
    return [shipped, *_settle(carton, evolve(promise, shipped))]


def _fulfilled(line: AssignedLine, promise: Promise) -> FulfilledLine:
    key = line_key(line.order_id, line.line_id)
    reserved, waiting = promise.reserved.get(key), promise.waiting.get(key)
    return FulfilledLine(
        line.order_id,
        line.line_id,
        reserved=min(line.units, reserved.quantity) if reserved else 0,
        waited=min(line.units, waiting.quantity) if waiting else 0,
    )


def _assigned(place: CountSupply, promise: Promise, served: Sequence[LineReserved]) -> Iterator[GoodsAssigned]:
    """Which of the lines that were `served` get which of the goods that arrived: first expired, first out."""
    wanted = [AssignedLine(line.order_id, line.line_id, line.quantity) for line in served]
    for arrival in sorted(place.arrivals, key=lambda arrival: (arrival.expires_on or "9999", arrival.lot or "")):
        left = 0 if arrival.expires_on and arrival.expires_on < promise.today else arrival.units
        lines: list[AssignedLine] = []
        while wanted and left:
            here = min(left, wanted[0].units)
            lines.append(structs.replace(wanted[0], units=here))
            left -= here
            rest = wanted[0].units - here
            wanted = [*([structs.replace(wanted[0], units=rest)] if rest else []), *wanted[1:]]
        yield GoodsAssigned(
            warehouse=place.warehouse,
            sku=place.sku,
            holding=place.location,
            units=arrival.units,
            answers=place.answers,
            lot=arrival.lot,
            expires_on=arrival.expires_on,
            shipment_id=place.shipment_id,
            receipt=place.receipt,
            inspection_id=place.inspection_id,
            lines=tuple(lines),
        )


def _day(
    command: Reserve | Release | CountSupply | Fulfil, promise: Promise, coming: Expiring
) -> tuple[list[Event], Promise]:
    """The day has come on which units are not sold any more, when it makes a difference; promises follow."""
    expired = sum(units for date, units in promise.expiring.items() if promise.today <= date < command.today)
    if not expired and not any(promise.today <= date < command.today for date, _ in coming):
        return [], promise
    begun = DayBegun(today=command.today, sellable=promise.sellable_units - expired)
    promise = evolve(promise, begun)
    settled = _settle(command, promise)
    for event in settled:
        promise = evolve(promise, event)
    return [begun, *settled], promise


def _settle(stock: Command, promise: Promise) -> list[Event]:
    """Break the youngest promises that have no units any more, then serve the oldest waiting lines that fit."""
    available = promise.available_units
    broken: list[Claim] = []
    if available < 0:
        for claim in sorted(promise.reserved.values(), key=_age, reverse=True)[:SETTLED_AT_ONCE]:
            broken.append(claim)
            available += claim.quantity
            if available >= 0:
                break
    served: list[Claim] = []
    deferred = available < 0
    if available > 0:
        for claim in sorted((*promise.waiting.values(), *broken), key=_age):
            if claim.quantity > available:
                continue
            if len(broken) + len(served) >= SETTLED_AT_ONCE:
                deferred = True
                break
            served.append(claim)
            available -= claim.quantity
            if available == 0:
                break
    events: list[Event] = [_broken(stock, claim) for claim in broken]
    events += [_reserved(stock, claim, backordered=True) for claim in served]
    if deferred and not promise.unsettled:
        events.append(SettlementDeferred())
    if promise.unsettled and not deferred:
        events.append(SettlementCompleted())
    return events


def _age(claim: Claim) -> tuple[str, str, int]:
    return claim.age


def _reserved(stock: Command, claim: Claim, *, backordered: bool = False, repeated: bool = False) -> LineReserved:
    return LineReserved(
        order_id=claim.order_id,
        line_id=claim.line_id,
        warehouse=stock.warehouse,
        sku=stock.sku,
        quantity=claim.quantity,
        promised_at=claim.promised_at,
        backordered=backordered,
        repeated=repeated,
    )


def _short(stock: Command, claim: Claim, available: int, *, repeated: bool = False) -> LineShort:
    return LineShort(
        order_id=claim.order_id,
        line_id=claim.line_id,
        warehouse=stock.warehouse,
        sku=stock.sku,
        quantity=claim.quantity,
        promised_at=claim.promised_at,
        available=min(MAX_UNITS, max(0, available)),
        repeated=repeated,
    )


def _broken(stock: Command, claim: Claim) -> LineBroken:
    return LineBroken(
        order_id=claim.order_id,
        line_id=claim.line_id,
        warehouse=stock.warehouse,
        sku=stock.sku,
        quantity=claim.quantity,
    )


def _claim(line: Reserve | LineReserved | LineShort) -> Claim:
    return Claim(line.quantity, line.promised_at, line.order_id, line.line_id, line.quantity)


def _key(line: Reserve | Release | LineReserved | LineShort | LineBroken | ReservationReleased) -> str:
    return line_key(line.order_id, line.line_id)


def _with_supply(promise: Promise, event: SupplyCounted) -> Promise:
    known = promise.supply.get(event.location, Count(0, 0))
    now = Count(event.counted, event.units, event.expiring)
    expiring = promise.expiring
    for date, units in (*now.expiring, *((date, -units) for date, units in known.expiring)):
        left = expiring.get(date, 0) + units
        expiring = expiring.set(date, left) if left else expiring.delete(date) if date in expiring else expiring
    return structs.replace(
        promise,
        supply=promise.supply.set(event.location, now),
        expiring=expiring,
        sellable_units=promise.sellable_units + now.sellable(promise.today) - known.sellable(promise.today),
    )


def _with_shipped(promise: Promise, event: SupplyShipped) -> Promise:
    """The books without what has left; a claim of which nothing is left is closed."""
    expiring, reserved, waiting, closed = promise.expiring, promise.reserved, promise.waiting, promise.closed
    for date, units in event.expiring:
        left = expiring.get(date, 0) - units
        expiring = expiring.set(date, left) if left else expiring.delete(date) if date in expiring else expiring
    for line in event.lines:
        key = line_key(line.order_id, line.line_id)
        reserved = _less(reserved, key, line.reserved)
        waiting = _less(waiting, key, line.waited)
        if (line.reserved or line.waited) and key not in reserved and key not in waiting:
            closed = (*closed, key)
    shipped, forgotten = promise.shipped.set(event.carton, event.shipped_at), promise.forgotten
    if len(shipped) > CARTONS_REMEMBERED:
        forgotten = max(forgotten, sorted(shipped.values())[len(shipped) // 2])
        shipped = Map({carton: at for carton, at in shipped.items() if at > forgotten})
    return structs.replace(
        promise,
        sellable_units=event.sellable,
        expiring=expiring,
        reserved=reserved,
        reserved_units=promise.reserved_units - sum(line.reserved for line in event.lines),
        waiting=waiting,
        closed=closed[-CLOSED_LINES_REMEMBERED:],
        shipped=shipped,
        gone=_with_more(promise.gone, event, promise.today),
        forgotten=forgotten,
    )


def _with_more(gone: Count, event: SupplyShipped, today: str) -> Count:
    """What has left, without what would have expired before `today`: that is in no count of what can be sold."""
    undated = gone.units - sum(units for _, units in gone.expiring) + event.units
    undated -= sum(units for _, units in event.expiring)
    dates: dict[str, int] = {}
    for date, units in (*gone.expiring, *event.expiring):
        if date >= today:
            dates[date] = dates.get(date, 0) + units
    return Count(0, undated + sum(dates.values()), tuple(sorted(dates.items())))


def _less(claims: Map[str, Claim], key: str, units: int) -> Map[str, Claim]:
    """The claims with `units` less in one of them."""
    if not units:
        return claims
    claim = claims[key]
    if claim.quantity == units:
        return claims.delete(key)
    return claims.set(key, structs.replace(claim, quantity=claim.quantity - units))


def _with_reserved(promise: Promise, event: LineReserved) -> Promise:
    key = _key(event)
    return structs.replace(
        promise,
        waiting=promise.waiting.delete(key) if key in promise.waiting else promise.waiting,
        reserved=promise.reserved.set(key, promise.waiting.get(key) or _claim(event)),
        reserved_units=promise.reserved_units + event.quantity,
    )


def _with_broken(promise: Promise, event: LineBroken) -> Promise:
    key = _key(event)
    claim = promise.reserved[key]
    return structs.replace(
        promise,
        reserved=promise.reserved.delete(key),
        reserved_units=promise.reserved_units - claim.quantity,
        waiting=promise.waiting.set(key, claim),
    )


def _with_less(promise: Promise, event: ReservationReleased) -> Promise:
    """The books with a smaller claim; one of which nothing is left is closed."""
    key = _key(event)
    reserved = _less(_wanting(promise.reserved, key, event.keeps), key, event.quantity)
    waiting = _less(_wanting(promise.waiting, key, event.keeps), key, event.backordered)
    over = key not in reserved and key not in waiting
    return structs.replace(
        promise,
        reserved=reserved,
        reserved_units=promise.reserved_units - event.quantity,
        waiting=waiting,
        closed=(*promise.closed, key)[-CLOSED_LINES_REMEMBERED:] if over else promise.closed,
    )


def _wanting(claims: Map[str, Claim], key: str, units: int) -> Map[str, Claim]:
    """The claims, of which one wants so many units in all."""
    return claims.set(key, structs.replace(claims[key], wanted=units)) if key in claims else claims


def _without(promise: Promise, event: ReservationReleased) -> Promise:
    key = _key(event)
    closed = promise.closed if key in promise.closed else (*promise.closed, key)
    return structs.replace(
        promise,
        reserved=promise.reserved.delete(key) if key in promise.reserved else promise.reserved,
        reserved_units=promise.reserved_units - event.quantity,
        waiting=promise.waiting.delete(key) if key in promise.waiting else promise.waiting,
        closed=closed[-CLOSED_LINES_REMEMBERED:],
    )
