"""The allocation of an order: which holdings its lines get their units from.

Plan first, then do: a share of a line is recorded here before the holding, which decides, is asked for it; what
the holding says is noted with the number of the holding's commit, so that late and repeated news change nothing. A
line that has all its units is allocated. One that has not is planned again without the holdings that had less than
they should; when nothing is found it is short, until stock changes.

A closed line never gets anything again: whatever a holding sets aside for it is given back.

Goods that are picked, packed and shipped are not told to the allocation, which would be a write for every pick: as
long as nothing goes wrong nobody asks. Before anything is decided about a line again, its goods are followed from
where they were set aside to where they are now (`FollowGoods`), as the holdings' own histories tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from immutables import Map
from msgspec import Struct, structs

from inventory.domain.holding import is_carton, is_container
from inventory.domain.picks import Need, Share
from inventory.task_contracts import CountRequested, LineAllocated, LineUnallocated, Pick
from shared.events import Event
from shared.identifiers import HoldingId, LineId, OrderId, Sku, Timestamp, WarehouseCode
from shared.quantity import Quantity, Units

T = TypeVar("T")


class WantedLine(Struct, frozen=True):
    """An order line that is to get concrete units; `promise` is the number of the promise it goes by."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    promise: int = 0


class LineWanted(Event, frozen=True):
    """A line of a released order is to get concrete units."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    sku: Sku
    quantity: Quantity
    promise: int


class SharePlanned(Event, frozen=True):
    """A holding is to set `units` in all aside for a line. `assigned` names the receipt that it is part of."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    sku: Sku
    holding: HoldingId
    units: Quantity
    assigned: str = ""
    promise: int = 0


class ShareNoted(Event, frozen=True):
    """What is set aside for a line in a holding, as of the holding's commit `as_of`."""

    line_id: LineId
    holding: HoldingId
    as_of: int
    picks: tuple[Pick, ...] = ()


class ShareWithdrawn(Event, frozen=True):
    """A line wants nothing of a holding any more: what is set aside there is to be given back."""

    line_id: LineId
    holding: HoldingId
    avoid: bool = False


class ShareFreed(Event, frozen=True):
    """A holding sets nothing aside for a line any more."""

    line_id: LineId
    holding: HoldingId


class HoldingAvoided(Event, frozen=True):
    """A holding has less than its books say: nothing more of it is wanted for a line."""

    line_id: LineId
    holding: HoldingId


class UnitsGone(Event, frozen=True):
    """Units of a line have left the warehouse on a carton."""

    line_id: LineId
    carton: HoldingId
    units: Quantity


class LineSuspended(Event, frozen=True):
    """The line has lost its promise (number `promise`) and gets nothing before it is wanted by a later one."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    promise: int


class LineReduced(Event, frozen=True):
    """The line wants `keeps` units in all from now on, with those that have left."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    keeps: Quantity


class CartonsRefused(Event, frozen=True):
    """What is packed in these cartons does not leave: no line of the order keeps any of it."""

    order_id: OrderId
    warehouse: WarehouseCode
    cartons: tuple[HoldingId, ...]


class LineClosed(Event, frozen=True):
    """The line never wants anything again."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId


PRIVATE: tuple[type[Event], ...] = (
    LineWanted,
    SharePlanned,
    ShareNoted,
    ShareWithdrawn,
    ShareFreed,
    HoldingAvoided,
    UnitsGone,
    LineSuspended,
    LineReduced,
    CartonsRefused,
    LineClosed,
)


class HeldShare(Struct, frozen=True, array_like=True):
    """What a line is to get of a holding (in all), and what it has got; `asked`: that is the holding's answer.

    `assigned` are the receipts whose goods it is made of.
    """

    units: int
    picks: tuple[Pick, ...] = ()
    as_of: int = 0
    asked: bool = False
    assigned: tuple[str, ...] = ()

    @property
    def got(self) -> int:
        """Units that are set aside."""
        return sum(pick.units for pick in self.picks)


class Line(Struct, frozen=True, omit_defaults=True):
    """A line: how much of what it wants, since which promise; its shares by holding.

    `withdrawn` are holdings that are to give back what they have set aside; `avoid` those that had too little when
    it was looked for last, `doubtful` those where a picker has ever found too little; `suspended` is the number of
    the promise that was broken last, `short` whether nothing more was found. `trails` says of withdrawn holdings
    how much they had, and as of which commit; `gone` what has left on which carton; `emptied` since which commit
    holdings have nothing any more, so that an older look at them changes nothing. `keeps` is what is left of it
    where the order has given some of its units up.
    """

    sku: str = ""
    quantity: int = 0
    wanted: bool = False
    promise: int = 0
    suspended: int = 0
    closed: bool = False
    short: bool = False
    shares: Map[str, HeldShare] = Map()
    withdrawn: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    trails: Map[str, tuple[int, int]] = Map()
    gone: Map[str, int] = Map()
    emptied: Map[str, int] = Map()
    keeps: int | None = None

    @property
    def lost(self) -> bool:
        """Whether it is to get nothing, and to keep nothing."""
        return self.closed or self.suspended > self.promise

    def loses(self, holding: HoldingId) -> bool:
        """Whether it is to give back what a holding has for it; what is packed stays, unless it is given up."""
        return self.closed or (self.lost and not is_carton(holding))

    @property
    def wants(self) -> int:
        """Units that it is to get, without those that have left."""
        return max(0, self.quantity - sum(self.gone.values()))

    @property
    def got(self) -> int:
        """Units that are set aside for it."""
        return sum(share.got for share in self.shares.values())

    @property
    def planned(self) -> int:
        """Units that are set aside, or that holdings are still to be asked for."""
        return sum(share.got if share.asked else share.units for share in self.shares.values())

    @property
    def lacking(self) -> int:
        """Units for which there is no plan."""
        return max(0, self.wants - self.planned) if self.wanted else 0

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Everything that is set aside for it."""
        return tuple(pick for _, share in sorted(self.shares.items()) for pick in share.picks)


class Allocation(Struct, frozen=True):
    """The allocation of one order, by line; what is packed in cartons that are `refused` is nobody's."""

    order_id: str = ""
    warehouse: str = ""
    lines: Map[str, Line] = Map()
    refused: tuple[str, ...] = ()

    def loses(self, line: Line, holding: HoldingId) -> bool:
        """Whether a line is to give back what a holding has for it."""
        return holding in self.refused or line.loses(holding)

    @property
    def needs(self) -> list[Need]:
        """What is to be planned, in the order of the lines."""
        return [
            Need(line_id, line.sku, line.lacking, line.avoid, line.doubtful)
            for line_id, line in self.in_order
            if line.lacking and not line.short
        ]

    @property
    def to_ask(self) -> list[tuple[HoldingId, LineId, Sku, int]]:
        """Holdings that are to set units aside, and how many in all."""
        return [
            (holding, line_id, line.sku, share.units)
            for line_id, line in self.in_order
            for holding, share in sorted(line.shares.items())
            if not share.asked
        ]

    @property
    def to_free(self) -> list[tuple[HoldingId, LineId, Sku]]:
        """Holdings that are to give units back."""
        return [(holding, line_id, line.sku) for line_id, line in self.in_order for holding in line.withdrawn]

    @property
    def in_order(self) -> list[tuple[LineId, Line]]:
        """The lines by their numbers."""
        return sorted(self.lines.items(), key=lambda pair: int(pair[0]))

    @property
    def short_of(self) -> tuple[Sku, ...]:
        """The products of which it has not found enough."""
        return tuple(dict.fromkeys(line.sku for _, line in self.in_order if line.short and line.lacking))

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be done."""
        return not (self.to_ask or self.to_free or any(line.lacking for line in self.lines.values()))


class RequestAllocation(Struct, frozen=True):
    """An order is released: its lines are to get concrete units."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[WantedLine, ...]


class AssignGoods(Struct, frozen=True):
    """Goods that came in serve a line which has waited. `promise` is the number of that promise.

    `assigned` names the receipt, `already` are the units that the holding has set aside for the line before.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    sku: Sku
    holding: HoldingId
    units: Quantity
    promise: int
    assigned: str
    already: Units = 0


class PlanShares(Struct, frozen=True):
    """Get units from these holdings; lines that nothing was found for are short."""

    shares: tuple[Share, ...]
    looked_for: tuple[LineId, ...]


class NotedShare(Struct, frozen=True):
    """What is set aside for a line in a holding, as of the holding's commit `as_of`.

    `answer`: the holding was asked to set it aside; otherwise somebody has only looked.
    """

    line_id: LineId
    holding: HoldingId
    as_of: int
    picks: tuple[Pick, ...]
    answer: bool = True


class NoteShares(Struct, frozen=True):
    """Holdings say what they have set aside."""

    shares: tuple[NotedShare, ...]


class FollowGoods(Struct, frozen=True):
    """A line's goods are elsewhere now than where they were set aside; `gone` has left: line, carton, units."""

    shares: tuple[NotedShare, ...] = ()
    gone: tuple[tuple[LineId, HoldingId, int], ...] = ()


class AdoptGoods(Struct, frozen=True):
    """Units were picked for a line at a place that it did not count on; it needs as many fewer from elsewhere."""

    shares: tuple[NotedShare, ...]


class NoteLeft(Struct, frozen=True):
    """Units of lines have left on a carton where not all were set aside: what lines got instead is too much."""

    carton: HoldingId
    lines: tuple[tuple[LineId, int], ...]


class TellAgain(Struct, frozen=True):
    """Say what lines have, for whoever picks them counts on goods that they have no more."""

    line_ids: tuple[LineId, ...]


class NoteFreed(Struct, frozen=True):
    """Holdings have given back what they had set aside for lines."""

    shares: tuple[tuple[LineId, HoldingId], ...]


class CloseLines(Struct, frozen=True):
    """The order no longer wants these lines."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_ids: tuple[LineId, ...]


class ReduceLine(Struct, frozen=True):
    """The order wants only `keeps` units of a line any more, with those that have left."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    keeps: Quantity


class RefuseCartons(Struct, frozen=True):
    """What is packed in these cartons does not leave: it is put back, and the lines get other units."""

    order_id: OrderId
    warehouse: WarehouseCode
    cartons: tuple[HoldingId, ...]


class SuspendLine(Struct, frozen=True):
    """The promise of a line was broken, as number `promise` of its book."""

    order_id: OrderId
    warehouse: WarehouseCode
    line_id: LineId
    promise: int


class LookAgain(Struct, frozen=True):
    """Stock has changed: plan again what was short."""


class ReportEmpty(Struct, frozen=True):
    """A picker found fewer units in a holding than are set aside there."""

    line_id: LineId
    holding: HoldingId
    reason: str
    at: Timestamp


class ReportShort(Struct, frozen=True):
    """A picker found fewer units in a holding than were set aside there, and these have been given back."""

    line_id: LineId
    holding: HoldingId
    reason: str
    at: Timestamp


Command = (
    RequestAllocation
    | AssignGoods
    | PlanShares
    | NoteShares
    | FollowGoods
    | AdoptGoods
    | NoteLeft
    | TellAgain
    | ReportShort
    | NoteFreed
    | CloseLines
    | ReduceLine
    | RefuseCartons
    | SuspendLine
    | LookAgain
    | ReportEmpty
)


def decide(command: Command, allocation: Allocation) -> Sequence[Event]:
    """What follows from `command`; it never raises: what no longer matters changes nothing."""
    match command:
        case RequestAllocation():
            return list(_request(command, allocation))
        case AssignGoods():
            return list(_assign(command, allocation))
        case PlanShares():
            return list(_plan(command, allocation))
        case NoteShares():
            return list(_note(command, allocation))
        case FollowGoods():
            return list(_follow(command, allocation))
        case AdoptGoods():
            return list(_adopt(command, allocation))
        case NoteLeft():
            return list(_left(command, allocation))
        case ReportShort():
            return list(_short(command, allocation))
        case TellAgain():
            told = ((line_id, _line(allocation, line_id)) for line_id in command.line_ids)
            return [_allocated(allocation, line_id, line) for line_id, line in told if _complete(line)]
        case NoteFreed():
            return [
                ShareFreed(line_id=line_id, holding=holding)
                for line_id, holding in command.shares
                if holding in allocation.lines.get(line_id, Line()).withdrawn
            ]
        case CloseLines():
            return list(_close(command, allocation))
        case ReduceLine():
            return list(_reduce(command, allocation))
        case RefuseCartons():
            return list(_refuse(command, allocation))
        case SuspendLine():
            return list(_suspend(command, allocation))
        case LookAgain():
            return [_wanted(allocation, line_id, line) for line_id, line in allocation.in_order if line.short]
        case ReportEmpty():
            return list(_empty(command, allocation))


def evolve(allocation: Allocation, event: Event) -> Allocation:
    """The allocation after `event`."""
    match event:
        case LineWanted():
            line = _line(allocation, event.line_id)
            line = structs.replace(
                line,
                sku=event.sku,
                quantity=event.quantity if line.keeps is None else min(event.quantity, line.keeps),
                wanted=True,
                promise=event.promise,
                short=False,
                avoid=(),
            )
            return _with(allocation, event, line)
        case SharePlanned():
            line = _line(allocation, event.line_id)
            known = line.shares.get(event.holding, HeldShare(0))
            assigned = (*known.assigned, event.assigned) if event.assigned else known.assigned
            share = structs.replace(known, units=event.units, asked=False, assigned=assigned)
            line = structs.replace(
                line,
                sku=event.sku,
                promise=max(line.promise, event.promise),
                shares=line.shares.set(event.holding, share),
            )
            return _with(allocation, event, line)
        case ShareNoted():
            return _noted(allocation, event)
        case ShareWithdrawn():
            line = _line(allocation, event.line_id)
            known = line.shares.get(event.holding, HeldShare(0))
            line = structs.replace(
                line,
                trails=line.trails.set(event.holding, (known.as_of, known.got)) if known.got else line.trails,
                shares=line.shares.delete(event.holding) if event.holding in line.shares else line.shares,
                withdrawn=tuple(dict.fromkeys((*line.withdrawn, event.holding))),
                avoid=_adding(line.avoid, event.holding) if event.avoid else line.avoid,
                doubtful=_adding(line.doubtful, event.holding) if event.avoid else line.doubtful,
            )
            return _with_line(allocation, event.line_id, line)
        case ShareFreed():
            line = _line(allocation, event.line_id)
            left = tuple(holding for holding in line.withdrawn if holding != event.holding)
            trails = line.trails.delete(event.holding) if event.holding in line.trails else line.trails
            return _with_line(allocation, event.line_id, structs.replace(line, withdrawn=left, trails=trails))
        case HoldingAvoided():
            line = _line(allocation, event.line_id)
            line = structs.replace(
                line,
                avoid=_adding(line.avoid, event.holding),
                doubtful=_adding(line.doubtful, event.holding),
            )
            return _with_line(allocation, event.line_id, line)
        case UnitsGone():
            line = _line(allocation, event.line_id)
            gone = line.gone.set(event.carton, event.units)
            return _with_line(allocation, event.line_id, structs.replace(line, gone=gone))
        case LineUnallocated():
            line = structs.replace(_line(allocation, event.line_id), short=True, avoid=())
            return _with_line(allocation, event.line_id, line)
        case LineSuspended():
            line = structs.replace(
                _line(allocation, event.line_id), wanted=False, short=False, suspended=event.promise
            )
            return _with(allocation, event, line)
        case LineReduced():
            line = _line(allocation, event.line_id)
            line = structs.replace(line, quantity=min(line.quantity, event.keeps), short=False, keeps=event.keeps)
            return _with(allocation, event, line)
        case CartonsRefused():
            return structs.replace(
                allocation,
                order_id=event.order_id,
                warehouse=event.warehouse,
                refused=(*allocation.refused, *event.cartons),
            )
        case LineClosed():
            line = structs.replace(_line(allocation, event.line_id), wanted=False, short=False, closed=True)
            return _with(allocation, event, line)
        case _:
            return allocation


def _request(command: RequestAllocation, allocation: Allocation) -> Iterator[Event]:
    for wanted in command.lines:
        line = _line(allocation, wanted.line_id)
        if line.closed or wanted.promise < line.suspended:
            continue
        if line.wanted and wanted.promise <= line.promise:
            if line.got >= line.wants:
                yield _allocated(allocation, wanted.line_id, line)
            elif line.short:
                yield _unallocated(allocation, wanted.line_id, line)
            continue
        event = LineWanted(
            order_id=command.order_id,
            warehouse=command.warehouse,
            line_id=wanted.line_id,
            sku=wanted.sku,
            quantity=wanted.quantity,
            promise=wanted.promise,
        )
        yield event
        allocation = evolve(allocation, event)
        line = allocation.lines[wanted.line_id]
        if line.got >= line.wants:
            yield _allocated(allocation, wanted.line_id, line)


def _assign(command: AssignGoods, allocation: Allocation) -> Iterator[Event]:
    line = _line(allocation, command.line_id)
    known = line.shares.get(command.holding, HeldShare(0))
    if line.closed or command.promise < line.suspended or command.assigned in known.assigned:
        return
    units = min(command.units, line.lacking) if line.wanted else command.units
    if not units:
        return  # released before these goods were heard of, it has got others
    held = command.already if known.asked else max(command.already, known.units)
    yield SharePlanned(
        order_id=command.order_id,
        warehouse=command.warehouse,
        line_id=command.line_id,
        sku=command.sku,
        holding=command.holding,
        units=held + units,
        assigned=command.assigned,
        promise=command.promise,
    )


def _plan(command: PlanShares, allocation: Allocation) -> Iterator[Event]:
    """The plan, as far as it is still needed; lines that got no share at all are short."""
    for share in command.shares:
        line = _line(allocation, share.line_id)
        units = min(share.units, line.lacking)
        if not units:
            continue
        known = line.shares.get(share.holding, HeldShare(0))
        planned = SharePlanned(
            order_id=allocation.order_id,
            warehouse=allocation.warehouse,
            line_id=share.line_id,
            sku=line.sku,
            holding=share.holding,
            units=units + (known.got if known.asked else known.units),
        )
        yield planned
        allocation = evolve(allocation, planned)
    for line_id in command.looked_for:
        line = _line(allocation, line_id)
        if line.lacking and not line.short and not any(share.line_id == line_id for share in command.shares):
            yield _unallocated(allocation, line_id, line)


def _note(command: NoteShares, allocation: Allocation) -> Iterator[Event]:
    before = allocation
    for noted in command.shares:
        line = _line(allocation, noted.line_id)
        known = line.shares.get(noted.holding)
        if noted.holding in line.withdrawn or (known is None and not _is_news(noted, line)):
            continue
        if allocation.loses(line, noted.holding):
            if noted.picks:
                yield ShareWithdrawn(line_id=noted.line_id, holding=noted.holding)
            continue
        if known is not None and (noted.as_of <= known.as_of if known.asked else not noted.answer):
            continue
        event = ShareNoted(line_id=noted.line_id, holding=noted.holding, as_of=noted.as_of, picks=noted.picks)
        yield event
        allocation = evolve(allocation, event)
    for line_id in dict.fromkeys(noted.line_id for noted in command.shares):
        line = _line(allocation, line_id)
        told = _line(before, line_id)
        if _complete(line) and (line.picks != told.picks or not _complete(told)):
            yield _allocated(allocation, line_id, line)


def _follow(command: FollowGoods, allocation: Allocation) -> Iterator[Event]:
    """Where the goods are now, without telling anybody: they are the line's as before, unless it has lost them."""
    for line_id, carton, units in command.gone:
        if carton not in _line(allocation, line_id).gone:
            yield UnitsGone(line_id=line_id, carton=carton, units=units)
    for noted in command.shares:
        line = _line(allocation, noted.line_id)
        known = line.shares.get(noted.holding)
        if noted.holding in line.withdrawn or (known is None and not _is_news(noted, line)):
            continue
        if known is not None and (not known.asked or noted.as_of <= known.as_of):
            continue
        event = ShareNoted(line_id=noted.line_id, holding=noted.holding, as_of=noted.as_of, picks=noted.picks)
        yield event
        allocation = evolve(allocation, event)
        if allocation.loses(line, noted.holding) and noted.picks:
            withdrawn = ShareWithdrawn(line_id=noted.line_id, holding=noted.holding)
            yield withdrawn
            allocation = evolve(allocation, withdrawn)


def _adopt(command: AdoptGoods, allocation: Allocation) -> Iterator[Event]:
    before = allocation
    for event in _follow(FollowGoods(command.shares), allocation):
        yield event
        allocation = evolve(allocation, event)
    for line_id in dict.fromkeys(noted.line_id for noted in command.shares):
        own = {noted.holding for noted in command.shares if noted.line_id == line_id}
        line = _line(allocation, line_id)
        for holding, share in sorted(line.shares.items()):
            units = share.got if share.asked else share.units
            if holding not in own and units and line.planned - units >= line.wants:
                event = ShareWithdrawn(line_id=line_id, holding=holding)
                yield event
                allocation = evolve(allocation, event)
                line = _line(allocation, line_id)
        if _complete(line) and line.picks != _line(before, line_id).picks:
            yield _allocated(allocation, line_id, line)


def _left(command: NoteLeft, allocation: Allocation) -> Iterator[Event]:
    """What the lines want no more of is given back; whoever still wants something is told what it has."""
    for line_id, units in command.lines:
        line = _line(allocation, line_id)
        if line.wanted and command.carton not in line.gone:
            gone = UnitsGone(line_id=line_id, carton=command.carton, units=units)
            yield gone
            allocation = evolve(allocation, gone)
        surplus = list(_too_much(_line(allocation, line_id))) if line.wanted else []
        for event in _withdrawing(line_id, surplus):
            yield event
            allocation = evolve(allocation, event)
        after = _line(allocation, line_id)
        if after.wants and _complete(after) and not (_complete(line) and after.picks == line.picks):
            yield _allocated(allocation, line_id, after)


def _short(command: ReportShort, allocation: Allocation) -> Iterator[Event]:
    line = _line(allocation, command.line_id)
    yield CountRequested(
        holding=command.holding,
        warehouse=allocation.warehouse,
        sku=line.sku,
        reason=command.reason,
        requested_at=command.at,
        order_id=allocation.order_id,
        line_id=command.line_id,
    )
    if line.lacking:
        yield HoldingAvoided(line_id=command.line_id, holding=command.holding)


def _close(command: CloseLines, allocation: Allocation) -> Iterator[Event]:
    for line_id in command.line_ids:
        line = _line(allocation, line_id)
        if not line.closed:
            yield LineClosed(order_id=command.order_id, warehouse=command.warehouse, line_id=line_id)
            yield from _withdrawing(line_id, line.shares)


def _reduce(command: ReduceLine, allocation: Allocation) -> Iterator[Event]:
    """What the line has too much of is given back, from places first; what it lacks still is looked for again.

    How much it keeps only ever shrinks, so that late and repeated news change nothing.
    """
    known = _line(allocation, command.line_id)
    if known.closed or (known.keeps is not None and known.keeps <= command.keeps):
        return
    reduced = LineReduced(
        order_id=command.order_id, warehouse=command.warehouse, line_id=command.line_id, keeps=command.keeps
    )
    yield reduced
    allocation = evolve(allocation, reduced)
    line = _line(allocation, command.line_id)
    for holding in _too_much(line) if line.wanted else ():
        withdrawn = ShareWithdrawn(line_id=command.line_id, holding=holding)
        yield withdrawn
        allocation = evolve(allocation, withdrawn)
    line = _line(allocation, command.line_id)
    if _complete(line):
        yield _allocated(allocation, command.line_id, line)


def _too_much(line: Line) -> Iterator[HoldingId]:
    """Holdings that the line can do without, and one more of which it wants only a part, if need be.

    What stands in a packed carton stays there: it has been packed for the line.
    """
    units = {holding: share.got if share.asked else share.units for holding, share in sorted(line.shares.items())}
    surplus = line.planned - line.wants
    loose = sorted((one for one in units if not is_carton(one)), key=lambda one: (is_container(one), -units[one]))
    for holding in loose:
        if 0 < units[holding] <= surplus:
            surplus -= units[holding]
            units[holding] = 0
            yield holding
    yield from [holding for holding in loose if units[holding]][:1] if surplus > 0 else ()


def _refuse(command: RefuseCartons, allocation: Allocation) -> Iterator[Event]:
    """Also of cartons that nobody has heard of yet: when their goods come, they are given back."""
    cartons = tuple(one for one in command.cartons if one not in allocation.refused)
    if not cartons:
        return
    yield CartonsRefused(order_id=command.order_id, warehouse=command.warehouse, cartons=cartons)
    for line_id, line in allocation.in_order:
        yield from _withdrawing(line_id, (one for one in line.shares if one in cartons))


def _suspend(command: SuspendLine, allocation: Allocation) -> Iterator[Event]:
    """Late news of a promise that was broken before the one that the line goes by now change nothing."""
    line = allocation.lines.get(command.line_id)
    if line is None or line.closed or command.promise <= max(line.suspended, line.promise):
        return
    yield LineSuspended(
        order_id=command.order_id, warehouse=command.warehouse, line_id=command.line_id, promise=command.promise
    )
    yield from _withdrawing(command.line_id, (one for one in line.shares if not is_carton(one)))


def _empty(command: ReportEmpty, allocation: Allocation) -> Iterator[Event]:
    line = _line(allocation, command.line_id)
    if command.holding not in line.shares:
        return
    yield CountRequested(
        holding=command.holding,
        warehouse=allocation.warehouse,
        sku=line.sku,
        reason=command.reason,
        requested_at=command.at,
        order_id=allocation.order_id,
        line_id=command.line_id,
    )
    yield ShareWithdrawn(line_id=command.line_id, holding=command.holding, avoid=True)


def _withdrawing(line_id: LineId, holdings: Iterable[HoldingId]) -> Iterable[Event]:
    return [ShareWithdrawn(line_id=line_id, holding=holding) for holding in sorted(holdings)]


def _noted(allocation: Allocation, event: ShareNoted) -> Allocation:
    line = _line(allocation, event.line_id)
    known = line.shares.get(event.holding, HeldShare(0))
    share = structs.replace(known, picks=event.picks, as_of=event.as_of, asked=True)
    avoid = _adding(line.avoid, event.holding) if share.got < known.units else line.avoid
    share = structs.replace(share, units=share.got)
    if share.got or share.assigned:
        shares, emptied = line.shares.set(event.holding, share), _without(line.emptied, event.holding)
    else:
        shares, emptied = _without(line.shares, event.holding), line.emptied.set(event.holding, event.as_of)
    line = structs.replace(line, shares=shares, avoid=avoid, emptied=emptied)
    return _with_line(allocation, event.line_id, line)


def _is_news(noted: NotedShare, line: Line) -> bool:
    """Whether a holding that the line does not count on has something for it, and did not lose it since."""
    return bool(noted.picks) and noted.as_of > line.emptied.get(noted.holding, 0)


def _without(known: Map[str, T], holding: str) -> Map[str, T]:
    return known.delete(holding) if holding in known else known


def _complete(line: Line) -> bool:
    return line.wanted and line.got >= line.wants and all(share.asked for share in line.shares.values())


def _allocated(allocation: Allocation, line_id: LineId, line: Line) -> LineAllocated:
    return LineAllocated(
        order_id=allocation.order_id,
        line_id=line_id,
        warehouse=allocation.warehouse,
        sku=line.sku,
        quantity=line.quantity,
        picks=line.picks,
    )


def _unallocated(allocation: Allocation, line_id: LineId, line: Line) -> LineUnallocated:
    return LineUnallocated(
        order_id=allocation.order_id,
        line_id=line_id,
        warehouse=allocation.warehouse,
        sku=line.sku,
        quantity=line.quantity,
        missing=line.lacking,
    )


def _wanted(allocation: Allocation, line_id: LineId, line: Line) -> LineWanted:
    return LineWanted(
        order_id=allocation.order_id,
        warehouse=allocation.warehouse,
        line_id=line_id,
        sku=line.sku,
        quantity=line.quantity,
        promise=line.promise,
    )


def _line(allocation: Allocation, line_id: str) -> Line:
    return allocation.lines.get(line_id, Line())


def _with(
    allocation: Allocation, event: LineWanted | SharePlanned | LineSuspended | LineReduced | LineClosed, line: Line
) -> Allocation:
    named = structs.replace(allocation, order_id=event.order_id, warehouse=event.warehouse)
    return _with_line(named, event.line_id, line)


def _with_line(allocation: Allocation, line_id: str, line: Line) -> Allocation:
    return structs.replace(allocation, lines=allocation.lines.set(line_id, line))


def _adding(holdings: tuple[str, ...], holding: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*holdings, holding)))
