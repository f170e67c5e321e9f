"""A pick list, pure: one picker at a time has it by a lease, and confirms position by position what was taken.

A confirmation is a scan of a place and of a product. It is taken from whoever claimed the list last, also when
the lease is over by then: a picker without a network sends it minutes later. Each confirmation is taken once, by
its id, and what was reported of a pick is numbered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from picking.contracts import (
    ListId,
    Method,
    MissingUnits,
    Operator,
    Parcel,
    PartPicked,
    PickId,
    PickingStarted,
    PickShort,
    Priority,
    Reason,
    UnitsPicked,
    WaveId,
)
from picking.domain.fitness import BlockedLots, fault_of
from picking.domain.labels import Label
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
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable

OPEN, PICKED, SHORT, WITHDRAWN = "open", "picked", "short", "withdrawn"
LIST_OPEN, LIST_CLAIMED, LIST_DONE = "open", "claimed", "done"
LIST_STATUSES = (LIST_OPEN, LIST_CLAIMED, LIST_DONE)
_LABEL_SEPARATOR = ":"


class Position(Struct, frozen=True, omit_defaults=True):
    """One visit of a list. `slot` is the tote of its order, counted from 1."""

    pick_id: PickId
    order_id: OrderId
    line_id: LineId
    sku: Sku
    units: Quantity
    holding: HoldingId
    place: HoldingId
    slot: int
    zone: str = ""
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()


# --- events that only picking itself reads ---


class PickListCreated(Event, frozen=True):
    """A tour through the warehouse: `positions` in walking order, `walk_mm` from the packing place and back."""

    list_id: ListId
    wave_id: WaveId
    warehouse: WarehouseCode
    method: Method
    positions: tuple[Position, ...]
    walk_mm: Units
    created_at: Timestamp
    zone: str = ""
    priority: Priority = 0
    ship_by: Timestamp | None = None


class PickListClaimed(Event, frozen=True):
    """An operator has the list until then. Said again when the lease is prolonged."""

    list_id: ListId
    operator: Operator
    until: Timestamp


class PickListReleased(Event, frozen=True):
    """The operator has given the list back."""

    list_id: ListId
    operator: Operator


class ConfirmationsTaken(Event, frozen=True):
    """These confirmations count."""

    ids: tuple[str, ...]


class PicksWithdrawn(Event, frozen=True):
    """These picks are not to be made, or not to the end."""

    list_id: ListId
    picks: tuple[PickId, ...]
    reason: Reason


class PickListCancelled(Event, frozen=True):
    """A supervisor has cancelled the list: what was picked on it stays, the rest is picked by another one."""

    list_id: ListId
    reason: Reason


class PickListCompleted(Event, frozen=True):
    """Nothing is left to be picked on the list."""

    list_id: ListId
    warehouse: WarehouseCode
    completed_at: Timestamp


EVENTS: tuple[type[Event], ...] = (
    PickListCreated,
    PickListClaimed,
    PickListReleased,
    ConfirmationsTaken,
    PicksWithdrawn,
    PickListCancelled,
    PickListCompleted,
)


# --- state ---


class Progress(Struct, frozen=True):
    """A position and what became of it; `number` counts what was reported of it."""

    position: Position
    status: str = OPEN
    number: int = 0
    parcels: tuple[Parcel, ...] = ()

    @property
    def picked(self) -> int:
        """Units that were taken."""
        return sum(parcel.units for parcel in self.parcels)

    @property
    def remaining(self) -> int:
        """Units that are still to be taken, or were not found."""
        return self.position.units - self.picked

    @property
    def serials_left(self) -> tuple[str, ...]:
        """The serials that are still to be taken."""
        taken = {serial for parcel in self.parcels for serial in parcel.serials}
        return tuple(serial for serial in self.position.serials if serial not in taken)


class PickList(Struct, frozen=True):
    """A pick list; an empty `list_id` means: there is none (but picks may be withdrawn from it already)."""

    list_id: str = ""
    wave_id: str = ""
    warehouse: str = ""
    method: Method = "batch"
    zone: str = ""
    priority: int = 0
    ship_by: str | None = None
    created_at: str = ""
    walk_mm: int = 0
    picks: dict[str, Progress] = {}
    operator: str = ""
    until: str = ""
    begun: bool = False
    completed_at: str = ""
    confirmed: dict[str, int] = {}
    withdrawn: tuple[str, ...] = ()
    cancelled: str = ""

    @property
    def open_picks(self) -> list[Progress]:
        """What is still to be picked, in walking order."""
        return [one for one in self.picks.values() if one.status == OPEN]

    def held_by_another(self, operator: str, at: str) -> bool:
        """Whether somebody else has a lease at `at`."""
        return self.operator not in ("", operator) and self.until > at

    def status(self, at: str) -> str:
        """Where the list stands: a lease that is over holds nobody off."""
        if self.completed_at:
            return LIST_DONE
        return LIST_CLAIMED if self.operator and self.until > at else LIST_OPEN


# --- commands ---


class CreateList(Struct, frozen=True):
    """Make a list of positions in walking order."""

    list_id: str
    wave_id: str
    warehouse: str
    method: Method
    positions: tuple[Position, ...]
    walk_mm: int
    at: Timestamp
    zone: str = ""
    priority: int = 0
    ship_by: str | None = None


class ClaimList(Struct, frozen=True):
    """Take the list, or keep it for longer."""

    operator: str
    at: Timestamp
    until: Timestamp


class ReleaseList(Struct, frozen=True):
    """Give the list back."""

    operator: str
    at: Timestamp


class HandOver(Struct, frozen=True):
    """Take the list from whoever has it, and give it to `operator` (empty: to nobody in particular)."""

    operator: str
    at: Timestamp
    until: Timestamp


class CancelList(Struct, frozen=True):
    """Nothing more is to be picked on this list; what is left is picked on another one."""

    reason: str
    at: Timestamp


class Scan(Struct, frozen=True):
    """What a picker has scanned and counted for a pick; `field` is where the request says so.

    `missing` is the reason why no more than `units` were found (None: all of them were not needed yet). `label` is
    what `code` says where it is more than a SKU, `unreadable` why nobody can tell; a lot and serials that it holds
    are among those scanned.
    """

    confirmation_id: str
    pick_id: str
    units: int
    occurred_at: Timestamp
    field: str
    location: str | None = None
    check_digits: str | None = None
    code: str | None = None
    lot: str | None = None
    serials: tuple[str, ...] = ()
    tote: int | None = None
    missing: str | None = None
    label: Label | None = None
    unreadable: str | None = None


class Confirm(Struct, frozen=True):
    """Take a picker's scans, in their order.

    `digits` are the places' check digits, `packs` the products' GTINs in 14 digits, each with the units in such a
    pack, `blocked` the recalled lots.
    """

    operator: str
    at: Timestamp
    until: Timestamp
    scans: tuple[Scan, ...]
    digits: Mapping[str, str | None]
    packs: Mapping[str, Mapping[str, int]]
    blocked: BlockedLots = {}


class Withdraw(Struct, frozen=True):
    """These picks are not to be made, as far as they were not."""

    list_id: str
    picks: tuple[str, ...]
    reason: str
    at: Timestamp


Command = CreateList | ClaimList | ReleaseList | HandOver | CancelList | Confirm | Withdraw


def decide(command: Command, picklist: PickList) -> Sequence[Event]:
    """The events that `command` leads to; wrong scans lead to none (see `refusal`). Raises Conflict, NotFound."""
    match command:
        case CreateList():
            return list(_created(command, picklist))
        case ClaimList():
            return list(_claimed(command, picklist))
        case ReleaseList():
            require_list(picklist)
            if picklist.operator != command.operator:
                _require_nobody_else(picklist, command.operator, command.at)
                return []
            return [PickListReleased(list_id=picklist.list_id, operator=command.operator)]
        case HandOver():
            return list(_handed_over(command, picklist))
        case CancelList():
            return list(_cancelled(command, picklist))
        case Confirm():
            return list(_confirmed(command, picklist))
        case Withdraw():
            return list(_withdrawn(command, picklist))


def evolve(picklist: PickList, event: Event) -> PickList:
    """The list after `event`."""
    match event:
        case PickListCreated():
            return structs.replace(
                picklist,
                list_id=event.list_id,
                wave_id=event.wave_id,
                warehouse=event.warehouse,
                method=event.method,
                zone=event.zone,
                priority=event.priority,
                ship_by=event.ship_by,
                created_at=event.created_at,
                walk_mm=event.walk_mm,
                picks={position.pick_id: Progress(position) for position in event.positions},
            )
        case PickListClaimed():
            return structs.replace(picklist, operator=event.operator, until=event.until, begun=True)
        case PickListReleased():
            return structs.replace(picklist, operator="", until="")
        case UnitsPicked():
            return _change(picklist, event.pick_id, lambda one: _with_units(one, event))
        case PickShort():
            return _change(
                picklist, event.pick_id, lambda one: structs.replace(one, status=SHORT, number=event.number)
            )
        case ConfirmationsTaken():
            first = len(picklist.confirmed) + 1
            taken = {one: number for number, one in enumerate(event.ids, start=first)}
            return structs.replace(picklist, confirmed=picklist.confirmed | taken)
        case PicksWithdrawn():
            picks = {
                pick_id: structs.replace(one, status=WITHDRAWN)
                if pick_id in event.picks and one.status == OPEN
                else one
                for pick_id, one in picklist.picks.items()
            }
            return structs.replace(picklist, picks=picks, withdrawn=(*picklist.withdrawn, *event.picks))
        case PickListCancelled():
            return structs.replace(picklist, cancelled=event.reason)
        case PickListCompleted():
            return structs.replace(picklist, completed_at=event.completed_at, operator="", until="")
        case _:
            return picklist


def require_list(picklist: PickList) -> None:
    """Raise NotFound where there is no such list."""
    if not picklist.list_id:
        raise NotFound(
            "There is no such pick list.",
            field="id",
            remedy="GET /picking/pick-lists lists those that there are.",
            code="unknown-list",
        )


def units_per_scan(label: Label | None, packs: Mapping[str, int], position: Position) -> int:
    """Base units that stand behind one scan of a label: more than one where it is a pack's.

    What the label of the handling unit that is picked from says of its contents is not what was taken.
    """
    if label is None or label.gtin is None or label.sscc == position.holding:
        return 1
    return packs.get(label.gtin, 1) * (label.count or 1)


def refusal(scan: Scan, command: Confirm, picklist: PickList) -> Rejection | None:
    """What is wrong with a scan, or None."""
    try:
        _require_right(scan, command, picklist)
    except Rejection as rejection:
        return rejection
    return None


def refusals(command: Confirm, picklist: PickList) -> dict[str, Rejection]:
    """What is wrong with which scans, by confirmation, when they are taken one after the other."""
    found: dict[str, Rejection] = {}
    for scan in command.scans:
        if scan.confirmation_id in picklist.confirmed:
            continue
        if (wrong := refusal(scan, command, picklist)) is not None:
            found[scan.confirmation_id] = wrong
            continue
        for event in (*_facts(scan, command, picklist), ConfirmationsTaken(ids=(scan.confirmation_id,))):
            picklist = evolve(picklist, event)
    return found


def _created(command: CreateList, picklist: PickList) -> Iterator[Event]:
    positions = tuple(one for one in command.positions if one.pick_id not in picklist.withdrawn)
    if picklist.list_id or not positions:
        return
    yield PickListCreated(
        list_id=command.list_id,
        wave_id=command.wave_id,
        warehouse=command.warehouse,
        method=command.method,
        positions=positions,
        walk_mm=command.walk_mm,
        created_at=command.at,
        zone=command.zone,
        priority=command.priority,
        ship_by=command.ship_by,
    )


def _claimed(command: ClaimList, picklist: PickList) -> Iterator[Event]:
    _require_unfinished(picklist)
    _require_nobody_else(picklist, command.operator, command.at)
    yield PickListClaimed(list_id=picklist.list_id, operator=command.operator, until=command.until)
    if not picklist.begun:
        for order_id in dict.fromkeys(one.position.order_id for one in picklist.open_picks):
            yield PickingStarted(
                order_id=order_id,
                list_id=picklist.list_id,
                warehouse=picklist.warehouse,
                started_at=command.at,
            )


def _handed_over(command: HandOver, picklist: PickList) -> Iterator[Event]:
    _require_unfinished(picklist)
    if picklist.operator:
        released = PickListReleased(list_id=picklist.list_id, operator=picklist.operator)
        yield released
        picklist = evolve(picklist, released)
    if command.operator:
        yield from _claimed(ClaimList(command.operator, command.at, command.until), picklist)


def _cancelled(command: CancelList, picklist: PickList) -> Iterator[Event]:
    """Each order hears what was picked of it, and which picks wait for another list."""
    _require_unfinished(picklist)
    left = tuple(one.position.pick_id for one in picklist.open_picks)
    withdrawn = PicksWithdrawn(list_id=picklist.list_id, picks=left, reason=command.reason)
    yield PickListCancelled(list_id=picklist.list_id, reason=command.reason)
    yield withdrawn
    after = evolve(picklist, withdrawn)
    for order_id in dict.fromkeys(one.position.order_id for one in picklist.open_picks):
        if part := _part(after, order_id, command.at):
            returned = tuple(one for one in left if picklist.picks[one].position.order_id == order_id)
            yield structs.replace(part, returned=returned)
    yield PickListCompleted(list_id=picklist.list_id, warehouse=picklist.warehouse, completed_at=command.at)


def _require_unfinished(picklist: PickList) -> None:
    require_list(picklist)
    if picklist.completed_at:
        raise Conflict(
            f"This list was {'cancelled' if picklist.cancelled else 'completed'} at {picklist.completed_at}.",
            field="id",
            value=picklist.list_id,
            remedy="Take another one: POST /picking/pick-lists/next.",
            code="list-completed",
        )


def _require_nobody_else(picklist: PickList, operator: str, at: str) -> None:
    if picklist.held_by_another(operator, at):
        raise Conflict(
            f"{picklist.operator} has this list until {picklist.until}.",
            field="id",
            value=picklist.list_id,
            remedy="Take another one (POST /picking/pick-lists/next), or wait until it is given back.",
            code="list-claimed",
        )


def _confirmed(command: Confirm, picklist: PickList) -> Iterator[Event]:
    require_list(picklist)
    taken: list[str] = []
    parts: list[PartPicked] = []
    for scan in command.scans:
        if scan.confirmation_id in picklist.confirmed or refusal(scan, command, picklist) is not None:
            continue
        for event in (*_facts(scan, command, picklist), ConfirmationsTaken(ids=(scan.confirmation_id,))):
            if isinstance(event, ConfirmationsTaken):
                taken.append(scan.confirmation_id)
            else:
                yield event
            picklist = evolve(picklist, event)
        order_id = picklist.picks[scan.pick_id].position.order_id
        if part := _part(picklist, order_id, min(scan.occurred_at, command.at)):
            parts.append(part)
    yield from parts
    if not taken:
        return
    yield ConfirmationsTaken(ids=tuple(taken))
    if not picklist.open_picks:
        yield PickListCompleted(list_id=picklist.list_id, warehouse=picklist.warehouse, completed_at=command.at)
    elif picklist.until < command.until:
        yield PickListClaimed(list_id=picklist.list_id, operator=command.operator, until=command.until)


def _facts(scan: Scan, command: Confirm, picklist: PickList) -> Iterator[Event]:
    progress = picklist.picks[scan.pick_id]
    position, number = progress.position, progress.number
    at = min(scan.occurred_at, command.at)
    if scan.units:
        number += 1
        yield UnitsPicked(
            list_id=picklist.list_id,
            pick_id=scan.pick_id,
            number=number,
            warehouse=picklist.warehouse,
            holding=position.holding,
            container=picklist.list_id,
            order_id=position.order_id,
            line_id=position.line_id,
            sku=position.sku,
            units=scan.units,
            operator=command.operator,
            picked_at=at,
            lot=position.lot,
            expires_on=position.expires_on,
            serials=scan.serials if position.serials else (),
        )
    if scan.missing is not None:
        yield PickShort(
            list_id=picklist.list_id,
            pick_id=scan.pick_id,
            number=number + 1,
            warehouse=picklist.warehouse,
            holding=position.holding,
            order_id=position.order_id,
            line_id=position.line_id,
            sku=position.sku,
            missing=progress.remaining - scan.units,
            reason=scan.missing,
            reported_at=at,
            lot=position.lot,
        )


def _part(picklist: PickList, order_id: str, at: Timestamp) -> PartPicked | None:
    """That nothing of the order is left on the list, if that is so."""
    own = [one for one in picklist.picks.values() if one.position.order_id == order_id]
    if any(one.status == OPEN for one in own):
        return None
    return PartPicked(
        list_id=picklist.list_id,
        order_id=order_id,
        warehouse=picklist.warehouse,
        parcels=tuple(parcel for one in own for parcel in one.parcels),
        picked_at=at,
        missing=tuple(MissingUnits(one.position.pick_id, one.remaining) for one in own if one.remaining),
    )


def _withdrawn(command: Withdraw, picklist: PickList) -> Iterator[Event]:
    """What was picked stays picked. A list that is not made yet will be made without these picks."""
    if picklist.list_id:
        affected = tuple(
            pick_id
            for pick_id in command.picks
            if pick_id in picklist.picks and picklist.picks[pick_id].status == OPEN
        )
    else:
        affected = tuple(pick_id for pick_id in command.picks if pick_id not in picklist.withdrawn)
    if not affected:
        return
    withdrawn = PicksWithdrawn(list_id=command.list_id, picks=affected, reason=command.reason)
    yield withdrawn
    if not picklist.list_id:
        return
    after = evolve(picklist, withdrawn)
    for order_id in dict.fromkeys(picklist.picks[pick_id].position.order_id for pick_id in affected):
        if part := _part(after, order_id, command.at):
            yield part
    if not after.open_picks:
        yield PickListCompleted(list_id=after.list_id, warehouse=after.warehouse, completed_at=command.at)


def _require_right(scan: Scan, command: Confirm, picklist: PickList) -> None:
    progress = picklist.picks.get(scan.pick_id)
    if progress is None:
        raise _wrong(
            scan, "pick_id", scan.pick_id, "This list has no such pick.", "unknown-pick", "Read the list again."
        )
    if progress.status == WITHDRAWN and picklist.cancelled:
        raise _wrong(
            scan,
            "pick_id",
            scan.pick_id,
            f"This list was cancelled: {picklist.cancelled}.",
            "list-cancelled",
            f"Put what you took and had not confirmed back to {progress.position.place}, and bring the rest to "
            "packing.",
        )
    if progress.status == WITHDRAWN:
        raise _wrong(
            scan,
            "pick_id",
            scan.pick_id,
            "This pick was withdrawn: its order was cancelled, or gets other units.",
            "pick-withdrawn",
            f"Put what you took back to {progress.position.place}.",
        )
    if progress.status != OPEN:
        raise _wrong(
            scan,
            "pick_id",
            scan.pick_id,
            f"All {progress.position.units} units of this pick were reported: {progress.picked} were picked.",
            "pick-closed",
            f"Put what is too much back to {progress.position.place}.",
        )
    if picklist.operator != command.operator:
        whose = f"{picklist.operator} has it until {picklist.until}" if picklist.operator else "nobody has it"
        raise Conflict(
            f"This list is not yours: {whose}.",
            field=f"{scan.field}.pick_id",
            value=scan.pick_id,
            remedy="Claim the list first (POST /picking/pick-lists/{id}/claim); hand over what you took, "
            "or put it back.",
            code="list-not-claimed",
        )
    _require_place(scan, command, progress.position)
    if scan.units or scan.code is not None:
        _require_product(scan, command, progress.position)
    if scan.units:
        _require_identity(scan, progress)
        _require_fit(scan, command, progress.position)
    _require_units(scan, command, progress)
    if scan.tote is not None and scan.tote != progress.position.slot:
        raise _wrong(
            scan,
            "tote",
            scan.tote,
            f"The units belong into tote {progress.position.slot}.",
            "wrong-tote",
            f"Put them into tote {progress.position.slot}.",
        )


def _require_place(scan: Scan, command: Confirm, position: Position) -> None:
    """The place's label with its check digits, or the handling unit's SSCC."""
    if scan.location == position.holding != position.place:
        return
    location, digits = scan.location or "", scan.check_digits
    if digits is None and _LABEL_SEPARATOR in location:
        location, _, digits = location.rpartition(_LABEL_SEPARATOR)
    if location != position.place:
        raise _wrong(
            scan,
            "location",
            scan.location,
            f"The units are to be taken from {position.place}"
            + (f" (handling unit {position.holding})." if position.holding != position.place else "."),
            "wrong-location",
            f"Go to {position.place}, and scan its label.",
        )
    right = command.digits.get(location)
    if right is not None and digits != right:
        raise _wrong(
            scan,
            "check_digits",
            digits,
            f"These are not the check digits of {location}.",
            "wrong-check-digits",
            f"Read the two digits at {location} again.",
        )


def _require_product(scan: Scan, command: Confirm, position: Position) -> None:
    if scan.unreadable is not None:
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"The code cannot be read: {scan.unreadable}",
            "unreadable-code",
            "Scan it again; where the label is wrong or damaged, enter the SKU, and the lot and serials with it.",
        )
    gtin = scan.label.gtin if scan.label else None
    if scan.code != position.sku and gtin not in command.packs.get(position.sku, ()):
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"{gtin or scan.code or 'Nothing'} is not {position.sku}, which is to be picked.",
            "wrong-item",
            "Put it back, and scan the product that is asked for.",
        )


def _require_fit(scan: Scan, command: Confirm, position: Position) -> None:
    """Goods that had expired when they were taken, or whose lot is recalled, are left where they are."""
    at = min(scan.occurred_at, command.at)
    if (fault := fault_of(position.sku, position, command.blocked, at[:10])) is not None:
        raise _wrong(
            scan,
            "lot" if position.lot else "code",
            position.lot or scan.code,
            fault.message,
            fault.code,
            f"Leave it at {position.place}, or put it back, and report it short: the order gets other units.",
        )


def _require_identity(scan: Scan, progress: Progress) -> None:
    position = progress.position
    if scan.label is not None:
        _require_label(scan, scan.label, position)
    if position.lot is not None and scan.lot != position.lot:
        raise _wrong(
            scan,
            "lot",
            scan.lot,
            f"Lot {position.lot} is to be picked" + (f", not {scan.lot}." if scan.lot else "; none was scanned."),
            "wrong-lot" if scan.lot else "lot-missing",
            f"Take units of lot {position.lot}, and scan it.",
        )
    if not position.serials:
        return
    left = progress.serials_left
    for serial in scan.serials:
        if serial not in left:
            raise _wrong(
                scan,
                "serials",
                serial,
                f"Serial {serial} is not to be picked here; {', '.join(left[:5])} are.",
                "wrong-serial",
                "Put it back, and take one that is asked for.",
            )
    if len(set(scan.serials)) != scan.units:
        raise _wrong(
            scan,
            "serials",
            len(scan.serials),
            f"{scan.units} units have {scan.units} serials; {len(set(scan.serials))} were scanned.",
            "serials-missing",
            "Scan the serial of each unit, once.",
        )


def _require_label(scan: Scan, label: Label, position: Position) -> None:
    """What the label says beside the product agrees with what was entered, and with what is to be picked."""
    if label.lot is not None and label.lot != scan.lot:
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"The code says lot {label.lot}, and lot {scan.lot} was entered.",
            "wrong-lot",
            "Leave the lot out: the code holds it.",
        )
    if position.serials and label.serial is not None and label.serial not in scan.serials:
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"The code says serial {label.serial}, which is not among those entered.",
            "wrong-serial",
            "Scan the serial of each unit, or leave them out: the code holds one.",
        )
    if position.expires_on is not None and label.expires_on not in (None, position.expires_on):
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"Units that expire on {position.expires_on} are to be picked, not on {label.expires_on}.",
            "wrong-expiry",
            "Put it back, and take the units that are asked for; if there are none, report the pick short.",
        )
    if label.sscc not in (None, position.holding) and position.holding != position.place:
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"The units are to be taken from handling unit {position.holding}, not {label.sscc}.",
            "wrong-location",
            f"Look for handling unit {position.holding} at {position.place}, and scan what is on it.",
        )


def _require_units(scan: Scan, command: Confirm, progress: Progress) -> None:
    """No more than is left, and of packs that were scanned only whole ones."""
    left = progress.remaining
    pack = units_per_scan(scan.label, command.packs.get(progress.position.sku, {}), progress.position)
    if scan.units > left:
        raise _wrong(
            scan,
            "units",
            scan.units,
            f"{scan.units} units are too many: {left} {'is' if left == 1 else 'are'} left of this pick."
            + (f" What was scanned is a pack of {pack}." if pack > 1 else ""),
            "too-many",
            f"Take {left} out of a pack, and scan one of them, or enter the SKU."
            if left < pack
            else f"Put {scan.units - left} back.",
        )
    if scan.units % pack:
        raise _wrong(
            scan,
            "code",
            scan.code,
            f"What was scanned is a pack of {pack} units; {scan.units} are no whole packs.",
            "wrong-pack",
            "Scan one of the units, or enter the SKU. For whole packs leave the units out, and scan each.",
        )
    if scan.missing is not None and scan.units == left:
        raise _wrong(
            scan,
            "short",
            scan.units,
            "All units were found: this pick is not short.",
            "not-short",
            "Leave `short` out.",
        )
    if scan.missing is None and not scan.units:
        raise _wrong(
            scan, "units", 0, "No units were picked.", "invalid-field", "Say how many, or say why none in `short`."
        )


def _wrong(scan: Scan, field: str, value: object, message: str, code: str, remedy: str) -> Unprocessable:
    return Unprocessable(message, field=f"{scan.field}.{field}", value=value, remedy=remedy, code=code)


def _change(picklist: PickList, pick_id: str, change: Callable[[Progress], Progress]) -> PickList:
    return structs.replace(picklist, picks=picklist.picks | {pick_id: change(picklist.picks[pick_id])})


def _with_units(progress: Progress, event: UnitsPicked) -> Progress:
    parcel = Parcel(
        event.pick_id, event.line_id, event.sku, event.units, event.lot, event.expires_on, event.serials
    )
    parcels = (*progress.parcels, parcel)
    done = sum(one.units for one in parcels) >= progress.position.units
    return structs.replace(
        progress, parcels=parcels, number=event.number, status=PICKED if done else progress.status
    )
