"""One order's picking, pure: which units are to be picked, on which lists they are, and what has been collected.

    asked for ──► on a list of a wave ──► collected in the list's container
        ▲                │
        └── asked for elsewhere, when inventory has given the line other units

A pick is one visit to one holding for one line, and on one list at most. Only a pick that is open here and on
no list can be put on one, so two waves never get the same pick. A pick that is on a list is only replaced once the
list has said what became of it: what is on the trolley stays there, and is never asked for again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from picking.contracts import (
    CarrierService,
    ListId,
    OrderPicked,
    Parcel,
    PickedLine,
    Priority,
    Reason,
    WaveId,
)
from picking.domain.carton_numbers import is_carton
from picking.packing_contracts import Condition, PackedItem, PackedShipmentId, RejectedUnits, UnitsRejected
from shared.events import Event
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LotNumber,
    OrderId,
    SerialNumber,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, Units
from shared.rejection import Conflict

NORMAL_PRIORITY = 5
CLOCKS_DIFFER = timedelta(minutes=1)
"""By no more than this, from process to process."""


class Visit(Struct, frozen=True, omit_defaults=True):
    """Units that lie in a holding, and where that stood when they were set aside."""

    holding: HoldingId
    place: HoldingId
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


class NewPick(Struct, frozen=True, omit_defaults=True):
    """A pick by its number within the order."""

    number: int
    line_id: LineId
    sku: Sku
    visit: Visit


class AskedLine(Struct, frozen=True, omit_defaults=True):
    """A line, and the number of the answer that its picks come from; `instead_of` is what was ordered for it."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    answer: int
    instead_of: str = ""


class LostLine(Struct, frozen=True):
    """A line that has lost the units of answer `answer`, and wants `keeps` in all any more."""

    line_id: LineId
    sku: Sku
    answer: int
    keeps: Units


class Collected(Struct, frozen=True, omit_defaults=True):
    """Units of a line that are in a list's container (`container`), and the holding that a pick took them from."""

    line_id: str
    sku: str
    units: int
    container: str
    holding: str
    lot: str | None = None
    expires_on: str | None = None
    serials: tuple[str, ...] = ()
    pick_id: str = ""


# --- events that only picking itself reads ---


class PicksRequested(Event, frozen=True):
    """`picks` are to be made from `requested_at` on; `dropped` ones, which were never begun, are not any more.

    `kept` ones are on lists, and a later answer of inventory counts on them too.
    `lost` lines have nothing for now. `returned`, where said, is all that was collected and is to be put back.
    `put_back` were packed in the shipments `refused`, which do not leave: they are put back as well.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    number: int
    total_lines: int
    requested_at: Timestamp
    lines: tuple[AskedLine, ...] = ()
    picks: tuple[NewPick, ...] = ()
    dropped: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    priority: Priority = NORMAL_PRIORITY
    ship_by: Timestamp | None = None
    carrier_service: CarrierService | None = None
    substitutes_allowed: bool = False
    lost: tuple[LostLine, ...] = ()
    returned: tuple[Collected, ...] | None = None
    refused: tuple[PackedShipmentId, ...] = ()
    put_back: tuple[Collected, ...] = ()


class ListPart(Struct, frozen=True):
    """An order's picks on one list."""

    list_id: ListId
    picks: tuple[int, ...]


class PicksAssigned(Event, frozen=True):
    """Picks of the order are on lists of a wave."""

    wave_id: WaveId
    parts: tuple[ListPart, ...]


class PartNoted(Event, frozen=True):
    """The picks `closed` on a list are over; `parcels` are in its container."""

    list_id: ListId
    closed: tuple[int, ...]
    parcels: tuple[Parcel, ...]


class PickingWithdrawn(Event, frozen=True):
    """Lines of the order (none named: all) are not picked any more."""

    order_id: OrderId
    reason: Reason
    lines: tuple[LineId, ...] = ()


EVENTS: tuple[type[Event], ...] = (PicksRequested, PicksAssigned, PartNoted, PickingWithdrawn)


# --- state ---


class Pick(Struct, frozen=True):
    """A pick, the list that it is on (empty: it waits for a wave), and whether it is still to be made.

    `kept_at` is when a later answer of inventory last counted on it too.
    """

    number: int
    line_id: str
    sku: str
    visit: Visit
    list_id: str = ""
    open: bool = True
    kept_at: str = ""


class Line(Struct, frozen=True, omit_defaults=True):
    """A line that is picked: so many units, by inventory's answer of that number; `lost`: it has none of them.

    `instead_of` is what the customer has ordered, where this is sent instead. `asked` is the number of the request
    that named it last.
    """

    sku: str
    quantity: int
    answer: int
    lost: bool = False
    instead_of: str = ""
    asked: int = 0


class PickOrder(Struct, frozen=True):
    """An order's picking; `number` 0 means that nothing was asked for yet.

    `since` is when its latest picks were asked for, `told` what OrderPicked last said. `goods` are all that was
    ever collected, `rejected` what of it packers found damaged or missing, by the reports `rejections`; `returned`
    is no longer the order's, and to be put back; `put_back` too, for it was in shipments that were `refused`.
    """

    order_id: str = ""
    warehouse: str = ""
    number: int = 0
    since: str = ""
    total_lines: int = 0
    priority: int = NORMAL_PRIORITY
    ship_by: str | None = None
    carrier_service: str | None = None
    substitutes_allowed: bool = False
    lines: dict[str, Line] = {}
    picks: dict[int, Pick] = {}
    goods: tuple[Collected, ...] = ()
    withdrawn: str = ""
    tellings: int = 0
    told: tuple[PickedLine, ...] = ()
    told_short: tuple[str, ...] = ()
    rejected: tuple[Collected, ...] = ()
    rejections: tuple[str, ...] = ()
    returned: tuple[Collected, ...] = ()
    refused: tuple[str, ...] = ()
    put_back: tuple[Collected, ...] = ()

    @property
    def open_picks(self) -> list[Pick]:
        """The picks that are still to be made, by number."""
        return [pick for pick in self.picks.values() if pick.open]

    @property
    def waiting(self) -> list[Pick]:
        """The open picks that are on no list."""
        return [] if self.withdrawn else [pick for pick in self.open_picks if not pick.list_id]

    @property
    def awaited(self) -> dict[str, int]:
        """Units by SKU that are still to be picked."""
        units: dict[str, int] = {}
        for pick in self.open_picks:
            units[pick.sku] = units.get(pick.sku, 0) + pick.visit.units
        return units

    def picked(self, line_id: str) -> int:
        """Units of a line that were collected, are good, and still the order's."""
        return sum(parcel.units for parcel in self.held if parcel.line_id == line_id)

    @property
    def held(self) -> tuple[Collected, ...]:
        """What was collected, is good, and still the order's."""
        out = (*self.rejected, *self.returned, *self.put_back)
        return tuple(_without(self.goods, out)) if out else self.goods

    def on_lists(self, lines: Iterable[str] = ()) -> dict[str, tuple[int, ...]]:
        """The open picks (of these lines, or of all) that are on lists, by list."""
        chosen = set(lines)
        found: dict[str, tuple[int, ...]] = {}
        for pick in self.open_picks:
            if pick.list_id and (not chosen or pick.line_id in chosen):
                found[pick.list_id] = (*found.get(pick.list_id, ()), pick.number)
        return found


class ListsToAsk(Conflict):
    """Picks that are to be replaced are on lists, which first have to say what became of them."""

    code = "lists-to-ask"

    def __init__(self, lists: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(f"{', '.join(lists)} have picks that are to be replaced.")
        self.lists = lists


class CartonsToAsk(Conflict):
    """Something collected is to be put back, or is not any more: it matters what of it is packed already."""

    code = "cartons-to-ask"

    def __init__(self) -> None:
        super().__init__("What is packed of the order has to be known first.")


# --- commands ---


class WantedLine(Struct, frozen=True):
    """A line with the units that are set aside for it, by answer number `answer`.

    It wants `in_all`, if that is said; `instead_of` is what was ordered in its place.
    """

    line_id: str
    sku: str
    quantity: int
    answer: int
    visits: tuple[Visit, ...]
    in_all: int = 0
    instead_of: str = ""


class Settled(Struct, frozen=True):
    """What a list says of picks that it closed: `parcels` were made of them."""

    list_id: str
    picks: tuple[int, ...]
    parcels: tuple[Parcel, ...]


class RefusedShipment(Struct, frozen=True):
    """A packed shipment that does not leave, and what is in it."""

    shipment_id: str
    items: tuple[PackedItem, ...]


class RequestPicks(Struct, frozen=True):
    """Pick the units of `lines`, and nothing any more of those that have `lost` theirs.

    `settled` are picks that lists have closed, because these replace them; `packed` is what is in closed cartons.
    What was packed in `refused` shipments is put back, and counts no more.
    """

    order_id: str
    warehouse: str
    number: int
    lines: tuple[WantedLine, ...]
    total_lines: int
    at: Timestamp
    priority: int = NORMAL_PRIORITY
    ship_by: str | None = None
    carrier_service: str | None = None
    substitutes_allowed: bool = False
    settled: tuple[Settled, ...] = ()
    lost: tuple[LostLine, ...] = ()
    packed: tuple[PackedItem, ...] | None = None
    refused: tuple[RefusedShipment, ...] = ()


class AssignPicks(Struct, frozen=True):
    """Put picks on lists of a wave, as far as they still wait."""

    wave_id: str
    parts: tuple[ListPart, ...]


class NotePart(Struct, frozen=True):
    """Nothing more of the order is to be picked on the list; `parcels` were, `returned` picks wait for another."""

    list_id: str
    parcels: tuple[Parcel, ...]
    at: Timestamp
    returned: tuple[str, ...] = ()


class WithdrawPicking(Struct, frozen=True):
    """Lines of the order (none named: all) are given up."""

    order_id: str
    reason: str
    at: Timestamp
    lines: tuple[str, ...] = ()


class NoteRejection(Struct, frozen=True):
    """Collected items are damaged or missing."""

    rejection_id: str
    items: tuple[PackedItem, ...]
    condition: Condition
    reason: str
    at: Timestamp


Command = RequestPicks | AssignPicks | NotePart | WithdrawPicking | NoteRejection


def pick_id(order_id: str, number: int) -> str:
    """What a pick is called outside of its order."""
    return f"{order_id}.{number}"


def decide(command: Command, order: PickOrder) -> Sequence[Event]:
    """The events that `command` leads to.

    Raises ListsToAsk for picks that cannot be replaced unasked, CartonsToAsk where it matters what is packed.
    """
    match command:
        case RequestPicks():
            events = list(_requested(command, order))
        case AssignPicks():
            events = list(_assigned(command, order))
        case NotePart():
            events = list(_noted(command, order))
        case WithdrawPicking():
            events = list(_withdrawn(command, order))
        case NoteRejection():
            events = list(_rejected(command, order))
    after = order
    for event in events:
        after = evolve(after, event)
    if events and not isinstance(command, AssignPicks) and (said := _over(after, command.at)):
        events.append(said)
    return events


def evolve(order: PickOrder, event: Event) -> PickOrder:
    """The order's picking after `event`."""
    match event:
        case PicksRequested():
            return _with_request(order, event)
        case PicksAssigned():
            picks = dict(order.picks)
            for part in event.parts:
                for number in part.picks:
                    picks[number] = structs.replace(picks[number], list_id=part.list_id)
            return structs.replace(order, picks=picks)
        case PartNoted():
            return _with_part(order, event)
        case PickingWithdrawn():
            return _given_up(order, event)
        case OrderPicked():
            return structs.replace(order, tellings=event.number, told=event.lines, told_short=event.short)
        case UnitsRejected():
            return _with_rejection(order, event)
        case _:
            return order


def is_collected(holding: str, order: PickOrder) -> bool:
    """Whether what lies there was picked before: a container of one of the order's lists, or a packed carton."""
    return is_carton(holding) or any(pick.list_id == holding for pick in order.picks.values())


def still_to_pick(visits: Sequence[Visit], line_id: str, order: PickOrder, wanted: int) -> list[Visit]:
    """What of a line's units is still to be collected, of which the order has `wanted` in all.

    Inventory learns of a pick a moment later: what was collected and is in none of our containers by its answer
    still counts where it came from. The latest picks are the last that it learns of. Units that no visit names
    stand in packed cartons, or have left. Never is more asked for than the line lacks.
    """
    inside = sum(visit.units for visit in visits if is_collected(visit.holding, order))
    packed = max(0, wanted - sum(visit.units for visit in visits))
    own = [parcel for parcel in order.held if parcel.line_id == line_id]
    behind = max(0, sum(parcel.units for parcel in own) - inside - packed)
    left = [visit for visit in visits if not is_collected(visit.holding, order)]
    for parcel in reversed(own):
        for visit in left:
            if (visit.holding, visit.lot) == (parcel.holding, parcel.lot):
                left, behind = _less(left, visit, min(parcel.units, behind), behind, parcel.serials)
                break
    for visit in reversed(
        left
    ):  # it was taken where inventory has none any more: there will be enough without these
        left, behind = _less(left, visit, behind, behind)
    return left


def _less(
    left: Sequence[Visit], visit: Visit, units: int, behind: int, serials: Sequence[str] = ()
) -> tuple[list[Visit], int]:
    """`left` without so many units of a visit, those with these serials first; and what is still behind then."""
    gone = min(visit.units, units)
    kept = (
        sorted(visit.serials, key=lambda serial: serial in serials)[: visit.units - gone] if visit.serials else ()
    )
    rest = structs.replace(visit, units=visit.units - gone, serials=tuple(sorted(kept)))
    return [one for one in (rest if other is visit else other for other in left) if one.units], behind - gone


def _requested(command: RequestPicks, order: PickOrder) -> Iterator[Event]:
    if order.withdrawn:
        return
    newer = [line for line in command.lines if _is_newer(line, command, order)]
    lost = tuple(line for line in command.lost if _is_news(line, order))
    refused = tuple(one for one in command.refused if one.shipment_id not in order.refused)
    if not newer and not lost and not refused and command.number <= order.number:
        return
    for settled in command.settled:
        closed = tuple(number for number in settled.picks if number in order.picks and order.picks[number].open)
        if closed:
            yield (noted := _part(order.order_id, settled.list_id, closed, settled.parcels))
            order = evolve(order, noted)
    put_back = tuple(_put_back(refused, order))
    order = _without_refused(order, put_back)
    ahead = command.number > order.number
    gone = {line.line_id for line in lost}
    picks: list[NewPick] = []
    dropped: list[Pick] = []
    again: list[int] = []
    following = max(order.picks, default=0)
    returned = _returned(command, order, newer, gone)
    known = order if returned is None else structs.replace(order, returned=returned)
    for line in newer:
        kept = [pick for pick in order.open_picks if pick.line_id == line.line_id]
        for visit in still_to_pick(line.visits, line.line_id, known, _wanted(order, line)):
            same = next((pick for pick in kept if pick.visit == visit), None)
            if same is not None:
                kept.remove(same)
                again += [same.number] if same.list_id else []
                continue
            following += 1
            picks.append(NewPick(following, line.line_id, line.sku, visit))
        dropped += kept
    dropped += [pick for pick in order.open_picks if pick.line_id in gone]
    asked: dict[str, tuple[int, ...]] = {}
    for pick in dropped:
        if pick.list_id:
            asked[pick.list_id] = (*asked.get(pick.list_id, ()), pick.number)
    if asked:
        raise ListsToAsk(asked)
    yield PicksRequested(
        order_id=command.order_id,
        warehouse=command.warehouse,
        number=max(command.number, order.number),
        total_lines=command.total_lines if ahead else order.total_lines,
        requested_at=command.at,
        lines=tuple(
            AskedLine(line.line_id, line.sku, _wanted(order, line), line.answer, line.instead_of) for line in newer
        ),
        picks=tuple(picks),
        dropped=tuple(pick.number for pick in dropped),
        kept=tuple(again),
        priority=command.priority if ahead else order.priority,
        ship_by=command.ship_by if ahead else order.ship_by,
        carrier_service=command.carrier_service if ahead else order.carrier_service,
        substitutes_allowed=command.substitutes_allowed if ahead else order.substitutes_allowed,
        lost=lost,
        returned=returned,
        refused=tuple(one.shipment_id for one in refused),
        put_back=put_back,
    )


def _is_newer(line: WantedLine, command: RequestPicks, order: PickOrder) -> bool:
    """Whether an answer is news; the same one again is, where what was picked by it is put back."""
    known = order.lines.get(line.line_id)
    if known is None or known.answer < line.answer:
        return True
    return bool(command.refused) and known.answer == line.answer and known.asked < command.number


def _put_back(refused: Iterable[RefusedShipment], order: PickOrder) -> Iterator[Collected]:
    """What of the collected goods was packed in these shipments."""
    goods = tuple(_without(order.goods, (*order.rejected, *order.put_back)))
    items = [item for one in refused for item in one.items]
    for item in sorted(items, key=lambda item: is_carton(item.container)):
        left = item.units
        for one in goods:
            units, serials = _shared(one, item, left)
            if units:
                left -= units
                found = structs.replace(one, units=units, serials=serials)
                goods = tuple(_without(goods, (found,)))
                yield found


def _without_refused(order: PickOrder, put_back: tuple[Collected, ...]) -> PickOrder:
    """The order's picking once goods are on their way back that were packed."""
    if not put_back:
        return order
    returned = tuple(_without(order.returned, put_back))
    return structs.replace(order, returned=returned, put_back=(*order.put_back, *put_back))


def _is_news(line: LostLine, order: PickOrder) -> bool:
    """Whether a line has lost its units since what is known of it, or keeps fewer."""
    known = order.lines.get(line.line_id)
    if known is None or known.answer < line.answer:
        return True
    return known.answer == line.answer and (not known.lost or line.keeps < known.quantity)


def _returned(
    command: RequestPicks, order: PickOrder, newer: Sequence[WantedLine], lost: Collection[str]
) -> tuple[Collected, ...] | None:
    """All that was collected and is to be put back from now on; None when that is what it was.

    Of a lost line that is everything but what is packed. A line that is picked again gets back what was packed all
    the same, and what inventory counts among its units in our containers. One that has given units up keeps no
    more than it wants.
    """
    again = {line.line_id for line in newer} & {one.line_id for one in order.returned}
    surplus = {line.line_id: order.picked(line.line_id) - line.in_all for line in newer if line.in_all}
    surplus = {line_id: units for line_id, units in surplus.items() if units > 0 and line_id not in again}
    if not again and not surplus and not any(one.line_id in lost for one in order.goods):
        return None
    if command.packed is None:
        raise CartonsToAsk
    stays = _Staying(command.packed, [line for line in newer if line.line_id in again])
    back = [one for one in order.returned if one.line_id not in again and one.line_id not in lost]
    for one in order.held:
        if one.line_id in lost:
            back += stays.rest_of(one)
        elif one.line_id in again:
            stays.rest_of(one)
    for one in order.returned:
        if one.line_id in lost or one.line_id in again:
            back += stays.rest_of(one)
    for line_id, units in surplus.items():
        loose = [rest for one in order.held if one.line_id == line_id for rest in stays.rest_of(one)]
        back += _latest(loose, units)
    return tuple(back)


def _latest(collected: Sequence[Collected], units: int) -> Iterator[Collected]:
    """The last `units` of what was collected."""
    for one in reversed(collected):
        here = min(one.units, units)
        if here:
            yield structs.replace(one, units=here, serials=one.serials[len(one.serials) - here :])
            units -= here


class _Staying:
    """What of collected goods stays with its lines: what is packed, and what inventory names in our containers."""

    def __init__(self, packed: Iterable[PackedItem], again: Iterable[WantedLine]) -> None:
        self._units: dict[tuple[str, str, str | None], int] = {}
        self._serials: set[str] = set()
        for item in packed:
            self._add((item.line_id, item.container, item.lot), item.units, item.serials)
        for line in again:
            for visit in line.visits:
                self._add((line.line_id, visit.holding, visit.lot), visit.units, visit.serials)

    def _add(self, key: tuple[str, str, str | None], units: int, serials: Iterable[str]) -> None:
        self._units[key] = self._units.get(key, 0) + units
        self._serials.update(serials)

    def rest_of(self, one: Collected) -> list[Collected]:
        """What of `one` does not stay; what does is no longer there for others."""
        key = (one.line_id, one.container, one.lot)
        serials = tuple(serial for serial in one.serials if serial not in self._serials)
        stays = len(one.serials) - len(serials) if one.serials else min(one.units, self._units.get(key, 0))
        self._units[key] = self._units.get(key, 0) - stays
        return [structs.replace(one, units=one.units - stays, serials=serials)] if stays < one.units else []


def _answer(order: PickOrder, line: WantedLine) -> int:
    return order.lines[line.line_id].answer


def _wanted(order: PickOrder, line: WantedLine) -> int:
    """Units of the line in all: a later request leaves out what is packed by then."""
    if line.in_all:
        return line.in_all
    known = order.lines.get(line.line_id)
    return max(line.quantity, known.quantity) if known else line.quantity


def _assigned(command: AssignPicks, order: PickOrder) -> Iterator[Event]:
    free = {pick.number for pick in order.waiting}
    parts: list[ListPart] = []
    for part in command.parts:
        if mine := tuple(number for number in part.picks if number in free):
            parts.append(ListPart(part.list_id, mine))
            free -= set(mine)
    if parts:
        yield PicksAssigned(wave_id=command.wave_id, parts=tuple(parts))


def _noted(command: NotePart, order: PickOrder) -> Iterator[Event]:
    closed = order.on_lists().get(command.list_id)
    if not closed:
        return
    noted = _part(order.order_id, command.list_id, closed, command.parcels)
    yield noted
    left = tuple(_left_of(command, noted, order))
    if left:
        yield PicksRequested(
            order_id=order.order_id,
            warehouse=order.warehouse,
            number=order.number,
            total_lines=order.total_lines,
            requested_at=command.at,
            picks=left,
            priority=order.priority,
            ship_by=order.ship_by,
            carrier_service=order.carrier_service,
            substitutes_allowed=order.substitutes_allowed,
        )


def _left_of(command: NotePart, noted: PartNoted, order: PickOrder) -> Iterator[NewPick]:
    """What is left of the returned picks, under new numbers: reports of the old ones may still be under way.

    So is what a list had reported missing before inventory set the very same units aside again.
    """
    if order.withdrawn:
        return
    following = max(order.picks, default=0)
    for number in noted.closed:
        pick = order.picks[number]
        name = pick_id(order.order_id, number)
        if not (name in command.returned or _was_kept(pick, command.at)) or not order.lines[pick.line_id].quantity:
            continue
        taken = [parcel for parcel in noted.parcels if parcel.pick_id == name]
        gone = {serial for parcel in taken for serial in parcel.serials}
        units = pick.visit.units - sum(parcel.units for parcel in taken)
        if units > 0:
            following += 1
            serials = tuple(serial for serial in pick.visit.serials if serial not in gone)
            visit = structs.replace(pick.visit, units=units, serials=serials)
            yield NewPick(following, pick.line_id, pick.sku, visit)


def _was_kept(pick: Pick, at: Timestamp) -> bool:
    """Whether inventory has counted on the pick again after its list had said (`at`) what became of it."""
    if not pick.kept_at:
        return False
    return datetime.fromisoformat(at) < datetime.fromisoformat(pick.kept_at) + CLOCKS_DIFFER


def _part(order_id: str, list_id: str, closed: Sequence[int], parcels: Sequence[Parcel]) -> PartNoted:
    own = {pick_id(order_id, number) for number in closed}
    return PartNoted(
        list_id=list_id, closed=tuple(closed), parcels=tuple(one for one in parcels if one.pick_id in own)
    )


def _withdrawn(command: WithdrawPicking, order: PickOrder) -> Iterator[Event]:
    if order.withdrawn:
        return
    if command.lines and not any(pick.line_id in command.lines for pick in order.open_picks):
        return
    yield PickingWithdrawn(order_id=command.order_id, reason=command.reason, lines=command.lines)


def _rejected(command: NoteRejection, order: PickOrder) -> Iterator[Event]:
    """Which of the collected goods the items are, by where they were picked."""
    if command.rejection_id in order.rejections:
        return
    lines: list[RejectedUnits] = []
    held = order.held
    for item in sorted(command.items, key=lambda item: is_carton(item.container)):
        left = item.units
        found: list[Collected] = []
        for one in held:
            units, serials = _shared(one, item, left)
            if units:
                left -= units
                found.append(structs.replace(one, units=units, serials=serials))
                lines.append(
                    RejectedUnits(
                        one.pick_id,
                        item.line_id,
                        item.sku,
                        units,
                        item.container,
                        one.holding,
                        item.lot,
                        item.expires_on,
                        serials,
                    )
                )
        held = tuple(_without(held, found))
    if lines:
        yield UnitsRejected(
            rejection_id=command.rejection_id,
            order_id=order.order_id,
            warehouse=order.warehouse,
            lines=tuple(lines),
            condition=command.condition,
            reason=command.reason,
            rejected_at=command.at,
        )


def _shared(one: Collected, item: Collected | PackedItem, units: int) -> tuple[int, tuple[str, ...]]:
    """How many of `units` of an item, and which serials, are among those collected.

    What lies in a carton that was opened again may have come by any container.
    """
    for name in ("line_id", "sku", "lot", "expires_on"):
        if getattr(one, name) != getattr(item, name):
            return 0, ()
    if one.container != item.container and not is_carton(item.container):
        return 0, ()
    serials = tuple(serial for serial in one.serials if serial in item.serials)
    return len(serials) if one.serials else min(units, one.units), serials


def _without(goods: Iterable[Collected], others: Iterable[Collected]) -> Iterator[Collected]:
    """`goods` without `others` among them."""
    bad = tuple(others)
    left = [gone.units for gone in bad]
    for one in goods:
        rest = one
        for number, gone in enumerate(bad):
            if gone.pick_id != one.pick_id:
                continue
            shared, serials = _shared(rest, gone, left[number])
            left[number] -= shared
            kept = tuple(serial for serial in rest.serials if serial not in serials)
            rest = structs.replace(rest, units=rest.units - shared, serials=kept)
        if rest.units:
            yield rest


def _over(order: PickOrder, at: Timestamp) -> OrderPicked | None:
    """That nothing is open any more, if that is so, and other than was said before."""
    if order.withdrawn or order.open_picks or not order.lines or len(order.lines) < order.total_lines:
        return None
    lines = tuple(
        PickedLine(line_id, line.sku, units)
        for line_id, line in order.lines.items()
        if (units := order.picked(line_id))
    )
    short = tuple(line_id for line_id, line in order.lines.items() if order.picked(line_id) < line.quantity)
    if order.tellings and (lines, short) == (order.told, order.told_short):
        return None
    return OrderPicked(
        order_id=order.order_id,
        warehouse=order.warehouse,
        lines=lines,
        picked_at=at,
        number=order.tellings + 1,
        short=short,
    )


def _with_request(order: PickOrder, event: PicksRequested) -> PickOrder:
    lines = order.lines | {
        line.line_id: Line(line.sku, line.quantity, line.answer, instead_of=line.instead_of, asked=event.number)
        for line in event.lines
    }
    lines |= {line.line_id: Line(line.sku, line.keeps, line.answer, lost=True) for line in event.lost}
    picks = dict(order.picks)
    for number in event.dropped:
        picks[number] = structs.replace(picks[number], open=False)
    for number in event.kept:
        picks[number] = structs.replace(picks[number], kept_at=event.requested_at)
    for pick in event.picks:
        picks[pick.number] = Pick(pick.number, pick.line_id, pick.sku, pick.visit)
    order = _without_refused(order, event.put_back)
    return structs.replace(
        order,
        refused=(*order.refused, *event.refused),
        order_id=event.order_id,
        warehouse=event.warehouse,
        number=event.number,
        since=event.requested_at if event.picks else order.since,
        total_lines=event.total_lines,
        priority=event.priority,
        ship_by=event.ship_by,
        carrier_service=event.carrier_service,
        substitutes_allowed=event.substitutes_allowed,
        lines=lines,
        picks=picks,
        returned=order.returned if event.returned is None else event.returned,
    )


def _with_part(order: PickOrder, event: PartNoted) -> PickOrder:
    picks = dict(order.picks)
    for number in event.closed:
        picks[number] = structs.replace(picks[number], open=False)
    goods = tuple(
        Collected(
            parcel.line_id,
            parcel.sku,
            parcel.units,
            event.list_id,
            picks[int(parcel.pick_id.rpartition(".")[2])].visit.holding,
            parcel.lot,
            parcel.expires_on,
            parcel.serials,
            parcel.pick_id,
        )
        for parcel in event.parcels
    )
    return structs.replace(order, picks=picks, goods=(*order.goods, *goods))


def _with_rejection(order: PickOrder, event: UnitsRejected) -> PickOrder:
    gone = (
        Collected(
            one.line_id,
            one.sku,
            one.units,
            one.container,
            one.holding,
            one.lot,
            one.expires_on,
            one.serials,
            one.pick_id,
        )
        for one in event.lines
    )
    return structs.replace(
        order, rejected=(*order.rejected, *gone), rejections=(*order.rejections, event.rejection_id)
    )


def _given_up(order: PickOrder, event: PickingWithdrawn) -> PickOrder:
    """What is on a list stays open until the list says what became of it."""
    chosen = set(event.lines) or set(order.lines)
    picks = {
        number: structs.replace(pick, open=False) if pick.line_id in chosen and not pick.list_id else pick
        for number, pick in order.picks.items()
    }
    lines = {
        line_id: structs.replace(line, quantity=0) if line_id in chosen else line
        for line_id, line in order.lines.items()
    }
    return structs.replace(
        order,
        order_id=event.order_id,
        picks=picks,
        lines=lines,
        withdrawn=order.withdrawn if event.lines else event.reason,
    )
