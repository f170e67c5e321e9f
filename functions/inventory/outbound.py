"""Outbound: what picking and shipping tell becomes stock: picked, packed, shipped; and what was not found.

Scans are facts, and come in any order and any number of times. Picks of one list are recorded together: one write
for each place, and one for the list's container. What is told of goods that have not come yet fails, and comes
again. An order's allocation is not written for any of this, unless something is not as it was allocated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, structs

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain import numbers
from inventory.domain.allocation import DeallocateUnits
from inventory.domain.goods import together
from inventory.domain.holding import NOT_FOR_SALE, Holding, collected, is_container, is_unit
from inventory.domain.movement import ReleaseUnit
from inventory.domain.order_allocation import AdoptGoods, Line, NotedShare, NoteLeft, ReportShort, TellAgain
from inventory.domain.outbound import (
    DAMAGED,
    CollectStock,
    FillCarton,
    NotThereYet,
    PackedUnits,
    PackStock,
    PickStock,
    RejectedUnits,
    RejectStock,
    ShipStock,
)
from inventory.domain.picked import LineGoods, StockPacked, StockPicked
from inventory.moving import settle
from inventory.putting_away import PutAwayGoods, create
from inventory.setting_aside import allocation_of, decide, follow, replace_lost
from inventory.stock_contracts import Goods, StockShipped
from inventory.subscriptions import READS, CartonPacked, PickShort, ShipmentDispatched, UnitsPicked, UnitsRejected
from inventory.trails import picks_of
from shared import codec, ids
from shared.consumer import react_in_groups
from shared.decider import Command, Outcome, execute, execute_all
from shared.envelope import CloudEvent, caused_by
from shared.events import CommandMetadata, Event
from shared.rejection import Unavailable
from shared.resources import history

E = TypeVar("E", bound=Event)


IN_TURN = (
    "picking.UnitsPicked",
    "picking.PickShort",
    "picking.UnitsRejected",
    "picking.CartonPacked",
    "shipping.ShipmentDispatched",
)
"""What comes before what, in one batch."""


class Pick(Struct, frozen=True):
    """A pick, and what told of it."""

    told: UnitsPicked
    metadata: CommandMetadata


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record a batch of picks, shorts, cartons and dispatches, the picks of one list together."""
    return react_in_groups(event, handle, group=_group, order=lambda one: IN_TURN.index(one.type))


def handle(events: Sequence[CloudEvent]) -> None:
    """Record the picks of one list, or what another event tells."""
    told = [codec.from_json(bytes(event.data), READS[event.type]) for event in events]
    picks = [
        Pick(one, _named(caused_by(event), "pick", one.pick_id, str(one.number)))
        for event, one in zip(events, told, strict=True)
        if isinstance(one, UnitsPicked)
    ]
    if picks:
        take(picks)
    for event, one in zip(events, told, strict=True):
        metadata = caused_by(event)
        match one:
            case PickShort():
                report(one, metadata)
            case UnitsRejected():
                reject(one, metadata)
            case CartonPacked():
                pack(one, metadata)
            case ShipmentDispatched():
                ship(one, metadata)


def take(picks: Sequence[Pick]) -> None:
    """Take picked goods out of their holdings, and put them into the container of their list."""
    container = picks[0].told.container
    books = ground.books(container).state
    new = [pick for pick in picks if not _has_come(books.seen, pick.told)]
    taken = [pair for holding in dict.fromkeys(pick.told.holding for pick in new) for pair in _taken(holding, new)]
    blocked = ground.blocked_among(goods for _, event in taken for goods in event.goods)
    if taken:
        together_named = ids.derived_id("collected", *(pick.metadata.command_id for pick, _ in taken))
        collect = CollectStock(container, picks[0].told.warehouse, tuple(event for _, event in taken), blocked)
        metadata = structs.replace(picks[0].metadata, command_id=f"collected/{together_named}")
        execute(history(), HOLDING, HOLDING.stream_id(container), Command(collect, metadata))
    for holding in dict.fromkeys(pick.told.holding for pick in picks):
        if is_container(holding):
            settle(holding, picks[0].metadata)
    for order_id in dict.fromkeys(pick.told.order_id for pick in picks):
        _agree(order_id, container, [pick for pick in picks if pick.told.order_id == order_id])


def report(short: PickShort, metadata: CommandMetadata) -> None:
    """Give back what was not found, let somebody count the place, and get the line other units.

    What was reported of the pick before has to be known first, so that nothing is looked for twice.
    """
    seen = ground.books(short.list_id).state.seen.get(collected(short.pick_id), ())
    earlier = [number for number in range(1, short.number) if not numbers.has(seen, number)]
    if earlier:
        raise Unavailable(f"pick {short.pick_id} number {earlier[0]} has not come yet")
    metadata = _named(metadata, "short", short.pick_id, str(short.number))
    back = DeallocateUnits(
        holding=short.holding,
        warehouse=short.warehouse,
        order_id=short.order_id,
        line_id=short.line_id,
        sku=short.sku,
        units=short.missing,
        lot=short.lot,
        reason="short",
    )
    execute(history(), HOLDING, HOLDING.stream_id(short.holding), Command(back, metadata))
    follow(allocation_of(short.order_id), (short.line_id,), metadata)
    lack = ReportShort(short.line_id, short.holding, short.reason, short.reported_at)
    decide(short.order_id, lack, metadata)


def reject(told: UnitsRejected, metadata: CommandMetadata) -> None:
    """Take what packers reject out of what can be sold, or out of the books, and get the lines other units.

    What was put back before has other units already: they are told again, for picking counted on the first ones.
    """
    for container in dict.fromkeys(line.container for line in told.lines):
        command = RejectStock(
            holding=container,
            warehouse=told.warehouse,
            rejection=told.rejection_id,
            order_id=told.order_id,
            lines=tuple(
                RejectedUnits(
                    line.pick_id, line.line_id, line.sku, line.units, line.holding, line.lot, line.serials
                )
                for line in told.lines
                if line.container == container
            ),
            damaged=told.condition == DAMAGED,
            reason=told.reason,
            occurred_at=told.rejected_at,
        )
        _waiting(container, command, _named(metadata, "reject", told.rejection_id, container))
        _out_of_carton(container, told, metadata)
    line_ids = tuple(dict.fromkeys(line.line_id for line in told.lines))
    follow(allocation_of(told.order_id), line_ids, metadata)
    decide(told.order_id, TellAgain(line_ids), _named(metadata, "rejected", told.rejection_id))


def pack(carton: CartonPacked, metadata: CommandMetadata) -> None:
    """Put what was packed out of the lists' containers into its carton."""
    lines = [
        line
        for container in dict.fromkeys(item.container for item in carton.items)
        for line in _unpacked(container, carton, metadata)
    ]
    place = ground.location_of(carton.packing_location) if carton.packing_location else None
    stands = place is not None and place.is_floor and place.warehouse == carton.warehouse
    fill = FillCarton(
        holding=carton.sscc,
        warehouse=carton.warehouse,
        place=carton.packing_location or "" if stands else "",
        order_id=carton.order_id,
        shipment_id=carton.shipment_id,
        lines=tuple(_together(lines)),
        occurred_at=carton.packed_at,
        volume_mm3=carton.length_mm * carton.width_mm * carton.height_mm,
        tare_g=carton.tare_g,
        recalls=ground.recalls_among(goods for line in lines for goods in line.goods),
    )
    execute(
        history(),
        HOLDING,
        HOLDING.stream_id(carton.sscc),
        Command(fill, _named(metadata, "fill", carton.sscc)),
    )
    lost = _lost(carton.order_id, carton.sscc, {item.line_id for item in carton.items})
    _give_back(
        carton.order_id,
        carton.sscc,
        {(one.line_id, one.sku) for one in carton.items if one.line_id in lost},
        metadata,
    )
    if lost and carton.sscc in allocation_of(carton.order_id).state.refused:
        for line_id in sorted(lost):
            replace_lost(carton.order_id, line_id, ground.part(metadata, f"refused/{line_id}"))
    skus = {item.line_id: item.sku for item in carton.items}
    strays = {line.line_id: skus[line.line_id] for line in lines if line.line_id not in lost and _is_stray(line)}
    if strays:
        follow(allocation_of(carton.order_id), strays, metadata)
        _adopt(carton.order_id, carton.sscc, strays, metadata)


def ship(dispatched: ShipmentDispatched, metadata: CommandMetadata) -> None:
    """Let a shipment's cartons leave, with everything on them."""
    for sscc in dispatched.cartons:
        command = ShipStock(
            holding=sscc,
            warehouse=dispatched.warehouse,
            shipment_id=dispatched.shipment_id,
            order_id=dispatched.order_id,
            occurred_at=dispatched.dispatched_at,
        )
        stood = ground.books(sscc).state
        outcome = _waiting(sscc, command, _named(metadata, "ship", sscc))
        shipped = next((one for one in outcome.events if isinstance(one, StockShipped)), None)
        if shipped is not None:
            _without_replacement(shipped, metadata)
        place = shipped.place if shipped else None
        if place is not None:
            left = Command(ReleaseUnit(place, sscc, stood.move + 1), ground.part(metadata, f"left/{sscc}"))
            execute(history(), HOLDING, HOLDING.stream_id(place), left)
            if is_container(place):
                settle(place, metadata)


def _without_replacement(shipped: StockShipped, metadata: CommandMetadata) -> None:
    """What expired in a carton has left with it: give back what was set aside for its lines instead."""
    if all(goods.status not in NOT_FOR_SALE for goods in shipped.goods):
        return
    lines = tuple((line.line_id, line.units) for line in shipped.lines)
    step = ground.part(metadata, f"instead/{shipped.holding}")
    follow(allocation_of(shipped.order_id), (line_id for line_id, _ in lines), step)
    decide(shipped.order_id, NoteLeft(shipped.holding, lines), step)


def _out_of_carton(holding: str, told: UnitsRejected, metadata: CommandMetadata) -> None:
    """What was laid aside out of an opened carton goes to quarantine; of a trolley its status alone says so."""
    books = ground.books(holding).state
    if not books.order_id or told.condition != DAMAGED:
        return
    for number, line in enumerate(told.lines):
        alike = (item for item in books.items.values() if item.sku == line.sku and line.lot in (None, item.lot))
        unfit = next((item for item in alike if item.status in NOT_FOR_SALE), None)
        if line.container == holding and unfit is not None:
            create(
                PutAwayGoods(
                    task_id=ids.derived_id("put-away", told.rejection_id, str(number)),
                    warehouse=told.warehouse,
                    holding=holding,
                    purpose="quarantine",
                    sku=line.sku,
                    lot=unfit.lot or None,
                    expires_on=unfit.expires_on or None,
                    stock_status=unfit.status,
                    units=line.units,
                ),
                metadata,
            )


def _group(event: CloudEvent) -> str:
    """Picks of one list go together, everything else by itself."""
    if event.type != "picking.UnitsPicked":
        return event.id
    return codec.from_json(bytes(event.data), UnitsPicked).container


def _named(metadata: CommandMetadata, *name: str) -> CommandMetadata:
    """Metadata whose command is named after what happened, whichever message tells of it."""
    return structs.replace(metadata, command_id="/".join(name))


def _has_come(seen: Any, pick: UnitsPicked) -> bool:
    return numbers.has(seen.get(collected(pick.pick_id), ()), pick.number)


def _taken(holding: str, picks: Iterable[Pick]) -> Iterator[tuple[Pick, StockPicked]]:
    """Take the picked goods out of one holding, by one write; what each pick took, now or before."""
    own = [pick for pick in picks if pick.told.holding == holding]
    commands = [Command(_pick(pick.told), pick.metadata) for pick in own]
    outcomes = execute_all(history(), HOLDING, HOLDING.stream_id(holding), commands)
    for pick, outcome in zip(own, outcomes, strict=True):
        event = next((one for one in outcome.events if isinstance(one, StockPicked)), None)
        if event is None:
            event = _in_history(holding, StockPicked, pick_id=pick.told.pick_id, number=pick.told.number)
        yield pick, event


def _pick(told: UnitsPicked) -> PickStock:
    return PickStock(
        holding=told.holding,
        warehouse=told.warehouse,
        container=told.container,
        pick_id=told.pick_id,
        number=told.number,
        order_id=told.order_id,
        line_id=told.line_id,
        sku=told.sku,
        units=told.units,
        occurred_at=told.picked_at,
        lot=told.lot,
        expires_on=told.expires_on,
        serials=told.serials,
    )


def _agree(order_id: str, container: str, picks: Sequence[Pick]) -> None:
    """See whether the order still wanted what was picked, and from there: mostly it did, and that is all."""
    allocation = allocation_of(order_id).state
    lost: set[tuple[str, str]] = set()
    adopted: dict[str, str] = {}
    for pick in picks:
        line = allocation.lines.get(pick.told.line_id, Line(closed=True))
        if line.lost:
            lost.add((pick.told.line_id, pick.told.sku))
        elif not {pick.told.holding, container} & set(line.shares):
            adopted[pick.told.line_id] = pick.told.sku
    _give_back(order_id, container, lost, picks[0].metadata)
    if adopted:
        _adopt(order_id, container, adopted, picks[0].metadata)


def _adopt(order_id: str, holding: str, skus: Mapping[str, str], metadata: CommandMetadata) -> None:
    """Let lines of an order count on what a holding has for them, though nobody had planned it."""
    books = ground.books(holding)
    shares = tuple(
        NotedShare(line_id, holding, books.sequence, picks_of(books.state, holding, order_id, line_id, sku))
        for line_id, sku in skus.items()
    )
    decide(order_id, AdoptGoods(shares), ground.part(metadata, f"adopt/{order_id}"))


def _is_stray(line: LineGoods) -> bool:
    """Whether goods were packed for the line that were not set aside for it (any more)."""
    return sum(one.units for one in line.set_aside) < sum(one.units for one in line.goods)


def _lost(order_id: str, holding: str, line_ids: Iterable[str]) -> set[str]:
    """Which of these lines are not to keep what that holding has for them."""
    allocation = allocation_of(order_id).state
    known = {line_id: allocation.lines.get(line_id, Line(closed=True)) for line_id in line_ids}
    return {line_id for line_id, line in known.items() if allocation.loses(line, holding)}


def _give_back(order_id: str, holding: str, lines: Iterable[tuple[str, str]], metadata: CommandMetadata) -> None:
    """Set goods free that were picked for lines which the order does not want any more: they are put back."""
    warehouse = ground.books(holding).state.warehouse
    commands = [
        Command(
            DeallocateUnits(holding, warehouse, order_id, line_id, sku),
            ground.part(metadata, f"stray/{holding}/{line_id}/{sku}"),
        )
        for line_id, sku in sorted(lines)
    ]
    if commands:
        execute_all(history(), HOLDING, HOLDING.stream_id(holding), commands)


def _unpacked(container: str, carton: CartonPacked, metadata: CommandMetadata) -> tuple[LineGoods, ...]:
    """The goods of a carton that come from one container, taken out of it now or before."""
    command = PackStock(
        holding=container,
        warehouse=carton.warehouse,
        carton=carton.sscc,
        order_id=carton.order_id,
        lines=tuple(
            PackedUnits(item.line_id, item.sku, item.units, item.lot, item.serials)
            for item in carton.items
            if item.container == container
        ),
        occurred_at=carton.packed_at,
    )
    outcome = _waiting(container, command, _named(metadata, "pack", carton.sscc, container))
    if is_unit(container):
        settle(container, metadata)
    event = next((one for one in outcome.events if isinstance(one, StockPacked)), None)
    return (event or _in_history(container, StockPacked, carton=carton.sscc)).lines


def _together(lines: Sequence[LineGoods]) -> Iterator[LineGoods]:
    """One entry for each order line, whichever containers its goods were in."""
    goods: dict[str, tuple[Goods, ...]] = {}
    for line in lines:
        goods[line.line_id] = (*goods.get(line.line_id, ()), *line.goods)
    yield from (LineGoods(line_id, together(own)) for line_id, own in goods.items())


def _waiting(holding: str, command: Struct, metadata: CommandMetadata) -> Outcome[Holding]:
    """Decide what has to wait for other news: it comes again when that has not come. Raises Unavailable."""
    try:
        return execute(history(), HOLDING, HOLDING.stream_id(holding), Command(command, metadata))
    except NotThereYet as early:
        raise Unavailable(str(early)) from early


def _in_history(holding: str, kind: type[E], **named: object) -> E:
    """What was recorded so long ago that the books have forgotten the command: it has to be searched for."""
    for commit in history().read(HOLDING.stream_id(holding)):
        for recorded in commit.events:
            if recorded.type == f"inventory.{kind.__name__}":
                event = HOLDING.catalog.decode(recorded)
                if isinstance(event, kind) and all(getattr(event, name) == one for name, one in named.items()):
                    return event
    raise LookupError(f"{holding} has no {kind.__name__} of {named}")
