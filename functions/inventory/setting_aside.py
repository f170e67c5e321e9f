"""How units are set aside for orders: planned on the order's allocation, then asked of holdings, then noted.

Every step is recorded before the next one begins, and may be repeated: `carry_out` goes on from wherever an
allocation stands, whoever died in between.
"""

from collections.abc import Iterable, Sequence
from functools import reduce

from msgspec import Struct

from inventory import ground
from inventory.aggregates import ALLOCATION, HOLDING
from inventory.candidates import candidates
from inventory.domain.allocation import AllocateUnits, DeallocateUnits, units_for
from inventory.domain.order_allocation import (
    Allocation,
    AssignGoods,
    FollowGoods,
    LookAgain,
    NotedShare,
    NoteFreed,
    NoteShares,
    PlanShares,
    ReduceLine,
    RefuseCartons,
    RequestAllocation,
)
from inventory.domain.picks import Need, plan_each
from inventory.stock_contracts import GoodsAssigned, StockDeallocated
from inventory.task_views import BY_UNSETTLED, shortages_of
from inventory.trails import Trail, followed, picks_of, went_on
from shared.decider import Command, Outcome, execute, execute_all
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.rejection import Unavailable
from shared.resources import history, views

STEPS = 40
"""Steps that one worker goes at most: every holding that disappoints costs three."""
BLOCKED_LOTS_SKIPPED = 5
SHORT_AT_ONCE = 25
"""Orders that are looked for again when units of a product become free; the sweep looks for the rest."""


def request(command: RequestAllocation, metadata: CommandMetadata) -> None:
    """Note which lines an order wants, and get them their units. The first plan is recorded by the same write."""
    request_all([(command, metadata)])


def request_all(asked: Sequence[tuple[RequestAllocation, CommandMetadata]]) -> None:
    """The same for several orders of a warehouse: a product is looked for once, and a holding asked once."""
    wanted: dict[str, tuple[Stream[Allocation], RequestAllocation, CommandMetadata]] = {}
    others: list[tuple[RequestAllocation, CommandMetadata]] = []
    for command, metadata in asked:
        stream = allocation_of(command.order_id)
        if metadata.command_id in stream.handled:
            carry_out(command.order_id, metadata)
        elif command.order_id in wanted:
            others.append((command, metadata))
        else:
            lines = (line.line_id for line in command.lines)
            wanted[command.order_id] = follow(stream, lines, metadata), command, metadata
    begun = _planned_first(list(wanted.values()))
    ready = [pair for pair in begun if not pair[0].state.to_free]
    noted = _asked_each([(stream.state, _step(stream, metadata)) for stream, metadata in ready])
    after = {
        stream.id: _note(stream, shares, ground.part(_step(stream, metadata), "asked"))
        for (stream, metadata), shares in zip(ready, noted, strict=True)
        if shares.shares
    }
    for stream, metadata in begun:
        if not after.get(stream.id, stream).state.settled:
            carry_out(stream.state.order_id, metadata)
    for command, metadata in others:
        request(command, metadata)


def _planned_first(
    wanted: Sequence[tuple[Stream[Allocation], RequestAllocation, CommandMetadata]],
) -> list[tuple[Stream[Allocation], CommandMetadata]]:
    """Note what orders want, each together with its first plan."""
    states: list[Allocation] = [
        reduce(ALLOCATION.evolve, ALLOCATION.decide(command, stream.state), stream.state)
        for stream, command, _ in wanted
    ]
    begun: list[tuple[Stream[Allocation], CommandMetadata]] = []
    for (stream, command, metadata), state, planned in zip(wanted, states, _planned_each(states), strict=True):
        commands = [Command(command, metadata)]
        if state.needs:
            commands.append(Command(planned, ground.part(metadata, "plan")))
        outcomes = execute_all(history(), ALLOCATION, stream.id, commands, known=stream)
        begun.append((max((one.stream for one in outcomes), key=lambda after: after.sequence), metadata))
    return begun


def _step(stream: Stream[Allocation], metadata: CommandMetadata) -> CommandMetadata:
    """The metadata of the next step of an allocation, from where it stands."""
    return ground.part(metadata, f"step@{stream.sequence}")


def decide(order_id: str, command: Struct, metadata: CommandMetadata) -> Stream[Allocation]:
    """Note something on an order's allocation, and do what follows."""
    execute(history(), ALLOCATION, ALLOCATION.stream_id(order_id), Command(command, metadata))
    return carry_out(order_id, metadata)


def look_again(order_id: str, metadata: CommandMetadata) -> Stream[Allocation]:
    """Go on with an allocation that has stopped, and look for what it was short of, if there is any now."""
    stream = carry_out(order_id, metadata)
    state: Allocation = reduce(ALLOCATION.evolve, ALLOCATION.decide(LookAgain(), stream.state), stream.state)
    if not stream.state.short_of or not state.needs or not (planned := _planned(state)).shares:
        return stream
    step = ground.part(metadata, f"again@{stream.sequence}")
    commands = [Command(LookAgain(), step), Command(planned, ground.part(step, "plan"))]
    execute_all(history(), ALLOCATION, stream.id, commands)
    return carry_out(order_id, metadata)


def serve_short(warehouse: str, skus: Iterable[str], metadata: CommandMetadata, besides: str = "") -> None:
    """Units of these products have become free: the orders that lack some get them, the oldest first.

    It costs one small read for a product of which nobody is short. `besides` is an order that has just given the
    units back.
    """
    for sku in dict.fromkeys(skus):
        lacking = views().pointers(shortages_of(warehouse, sku), "since", BY_UNSETTLED, limit=SHORT_AT_ONCE)
        for _, (_, order_id) in lacking.items:
            if order_id == besides:
                continue
            after = look_again(order_id, ground.part(metadata, f"short/{order_id}"))
            if sku in after.state.short_of:
                break


def assign(goods: GoodsAssigned, promise: int, metadata: CommandMetadata) -> dict[tuple[str, str], int]:
    """Set the goods of a receipt aside for the order lines that it serves; what each of them has got."""
    books = ground.books(goods.holding)
    got: dict[tuple[str, str], int] = {}
    for line in goods.lines:
        command = AssignGoods(
            order_id=line.order_id,
            warehouse=goods.warehouse,
            line_id=line.line_id,
            sku=goods.sku,
            holding=goods.holding,
            units=line.units,
            promise=promise,
            assigned=f"{goods.answers}|{goods.lot or ''}|{goods.expires_on or ''}",
            already=units_for(books.state, line.order_id, line.line_id, goods.sku),
        )
        decide(line.order_id, command, ground.part(metadata, f"{line.order_id}/{line.line_id}"))
    after = ground.books(goods.holding).state if goods.lines else books.state
    for line in goods.lines:
        units = min(line.units, units_for(after, line.order_id, line.line_id, goods.sku))
        if units:
            got[line.order_id, line.line_id] = units
    return got


def carry_out(order_id: str, metadata: CommandMetadata) -> Stream[Allocation]:
    """Give back, ask, plan until nothing is left to be done. Raises Unavailable when that does not end.

    Lines that lack something are looked after first: their goods may have gone on.
    """
    stream = allocation_of(order_id)
    stream = follow(stream, (line_id for line_id, line in stream.state.in_order if line.lacking), metadata)
    for _ in range(STEPS):
        step = _step(stream, metadata)
        if stream.state.to_free:
            freed, gone_on = _freed(stream.state, step)
            stream = _note(stream, freed, ground.part(step, "freed"), gone_on)
        elif stream.state.to_ask:
            [noted] = _asked_each([(stream.state, step)])
            stream = _note(stream, noted, ground.part(step, "asked"))
        elif stream.state.needs:
            stream = _note(stream, _planned(stream.state), ground.part(step, "planned"))
        else:
            return stream
    raise Unavailable(f"the allocation of order {order_id} is not settled after {STEPS} steps")


def follow(stream: Stream[Allocation], line_ids: Iterable[str], metadata: CommandMetadata) -> Stream[Allocation]:
    """Note where the goods of lines have gone that are no longer where they were set aside; nobody is told."""
    note = followed(stream.state, line_ids)
    if not note.shares and not note.gone:
        return stream
    return _note(stream, note, ground.part(metadata, f"follow@{stream.sequence}"))


def replace_lost(order_id: str, line_id: str, metadata: CommandMetadata) -> Stream[Allocation]:
    """Get a line other units for those that it has lost, wherever its goods are."""
    follow(allocation_of(order_id), (line_id,), metadata)
    return carry_out(order_id, metadata)


def give_up(command: ReduceLine, metadata: CommandMetadata) -> Stream[Allocation]:
    """Let a line go on with fewer units: with those that it has, wherever they are."""
    follow(allocation_of(command.order_id), (command.line_id,), metadata)
    return decide(command.order_id, command, metadata)


def refuse(command: RefuseCartons, metadata: CommandMetadata) -> None:
    """Have goods put back that are packed in cartons which do not leave, and get their lines other units.

    It is noted before the cartons are looked at: one that is filled at this moment is seen here, or sees it there.
    """
    decide(command.order_id, command, metadata)
    for sscc in command.cartons:
        for line_id in dict.fromkeys(line_id for line_id, _, _ in ground.books(sscc).state.meant):
            replace_lost(command.order_id, line_id, ground.part(metadata, f"refused/{sscc}/{line_id}"))


def recount(order_id: str, line_id: str, holdings: Sequence[str], metadata: CommandMetadata) -> Stream[Allocation]:
    """Note what holdings have set aside for a line at this moment, and get it what it lacks."""
    line = allocation_of(order_id).state.lines.get(line_id)
    if line is None:
        return allocation_of(order_id)
    shares = []
    for holding in holdings:
        books = ground.books(holding)
        picks = picks_of(books.state, holding, order_id, line_id, line.sku)
        shares.append(NotedShare(line_id, holding, books.sequence, picks, answer=False))
    return decide(order_id, NoteShares(tuple(shares)), metadata)


def return_strays(order_id: str, told: Iterable[tuple[str, str, str, CommandMetadata]]) -> None:
    """Give back what holdings have set aside for lines that do not count on it (any more).

    `told` are the holding, line and product, and what tells of it.
    """
    allocation = allocation_of(order_id).state
    for holding, line_id, sku, metadata in told:
        line = allocation.lines.get(line_id)
        if line is None or holding not in line.shares:
            command = DeallocateUnits(holding, allocation.warehouse, order_id, line_id, sku)
            stray = Command(command, ground.part(metadata, "stray"))
            execute(history(), HOLDING, HOLDING.stream_id(holding), stray)


def allocation_of(order_id: str) -> Stream[Allocation]:
    """An order's allocation."""
    return history().load(ALLOCATION, ALLOCATION.stream_id(order_id))


def _note(
    stream: Stream[Allocation], command: Struct, metadata: CommandMetadata, further: Struct | None = None
) -> Stream[Allocation]:
    commands = [Command(command, metadata)]
    if further is not None:
        commands.append(Command(further, ground.part(metadata, "further")))
    outcomes: list[Outcome[Allocation]] = execute_all(history(), ALLOCATION, stream.id, commands, known=stream)
    if any(outcome.events for outcome in outcomes):
        return max((outcome.stream for outcome in outcomes), key=lambda after: after.sequence)
    return allocation_of(stream.id.partition("#")[2])


def _freed(allocation: Allocation, metadata: CommandMetadata) -> tuple[NoteFreed, FollowGoods]:
    """Holdings give back what they have set aside, one write for each of them; and what has gone on from there."""
    trails: list[Trail] = []
    by_holding: dict[str, list[tuple[str, str]]] = {}
    for holding, line_id, sku in allocation.to_free:
        by_holding.setdefault(holding, []).append((line_id, sku))
    for holding, lines in by_holding.items():
        commands = [
            Command(
                DeallocateUnits(holding, allocation.warehouse, allocation.order_id, line_id, sku),
                ground.part(metadata, f"free/{line_id}"),
            )
            for line_id, sku in lines
        ]
        outcomes = execute_all(history(), HOLDING, HOLDING.stream_id(holding), commands)
        for (line_id, sku), outcome in zip(lines, outcomes, strict=True):
            freed = (event for event in outcome.events if isinstance(event, StockDeallocated))
            units = sum(goods.units for event in freed for goods in event.goods)
            after, got = allocation.lines[line_id].trails.get(holding, (0, 0))
            if units < got:
                trails.append(Trail(allocation.order_id, line_id, sku, holding, after))
    freed_shares = NoteFreed(tuple((line_id, holding) for holding, line_id, _ in allocation.to_free))
    return freed_shares, went_on(trails)


def _asked_each(allocations: Sequence[tuple[Allocation, CommandMetadata]]) -> list[NoteShares]:
    """Holdings set aside what they are to for each of these, as far as they can, one write for each holding."""
    by_holding: dict[str, list[tuple[int, str, str, int]]] = {}
    for place, (allocation, _) in enumerate(allocations):
        for holding, line_id, sku, units in allocation.to_ask:
            by_holding.setdefault(holding, []).append((place, line_id, sku, units))
    noted: list[list[NotedShare]] = [[] for _ in allocations]
    today = ground.today(ground.now())
    for holding, asked in by_holding.items():
        commands = [
            Command(
                AllocateUnits(
                    holding=holding,
                    warehouse=allocations[place][0].warehouse,
                    order_id=allocations[place][0].order_id,
                    line_id=line_id,
                    sku=sku,
                    wanted=units,
                    today=today,
                ),
                ground.part(allocations[place][1], f"ask/{line_id}"),
            )
            for place, line_id, sku, units in asked
        ]
        outcomes = execute_all(history(), HOLDING, HOLDING.stream_id(holding), commands)
        books = max((outcome.stream for outcome in outcomes), key=lambda stream: stream.sequence)
        for place, line_id, sku, _ in asked:
            picks = picks_of(books.state, holding, allocations[place][0].order_id, line_id, sku)
            noted[place].append(NotedShare(line_id, holding, max(1, books.sequence), picks))
    return [NoteShares(tuple(shares)) for shares in noted]


def _planned(allocation: Allocation) -> PlanShares:
    """A plan for what is lacking."""
    [planned] = _planned_each([allocation])
    return planned


def _planned_each(allocations: Sequence[Allocation]) -> list[PlanShares]:
    """Plans for what allocations of one warehouse lack.

    Recalled lots are left out, also where holdings have not heard of it.
    """
    wanted: list[list[Need]] = [allocation.needs for allocation in allocations]
    skus = dict.fromkeys(need.sku for needs in wanted for need in needs)
    today = ground.today(ground.now())
    found = candidates(allocations[0].warehouse, skus) if skus else []
    for _ in range(BLOCKED_LOTS_SKIPPED):
        chosen = {share.holding for shares in plan_each(wanted, found, today) for share in shares}
        lots = {(one.sku, one.lot) for one in found if one.holding in chosen and one.lot}
        blocked = {(sku, lot) for sku, lot in sorted(lots, key=str) if lot and ground.lot_of(sku, lot).blocked}
        if not blocked:
            break
        found = [one for one in found if (one.sku, one.lot) not in blocked]
    return [
        PlanShares(tuple(shares), tuple(need.line_id for need in needs))
        for needs, shares in zip(wanted, plan_each(wanted, found, today), strict=True)
    ]
