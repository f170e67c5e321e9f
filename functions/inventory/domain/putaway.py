"""Put-away tasks: what stands at the dock and has to go, where to, and who is bringing it.

One operator at a time has a task, by a lease. A confirmation is numbered: whoever moves the goods of a task moves
them under the task's id and that number, so that whatever is tried twice happens once.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.measures import Code, Text
from inventory.stock_contracts import ProcessId
from inventory.task_contracts import (
    Operator,
    Purpose,
    PutAwayCancelled,
    PutAwayClaimed,
    PutAwayConfirmed,
    PutAwayDirected,
    PutAwayReduced,
    PutAwayReleased,
    PutAwayTaskCreated,
    TaskId,
)
from shared.events import Event
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    Sku,
    StockStatus,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Units
from shared.rejection import Conflict

OPEN, CONFIRMED, CANCELLED = "open", "confirmed", "cancelled"
PUT_AWAY_CLAIMS = "put-away/"
"""How the names of the room begin that is taken for a task's moves."""


class PutAway(Struct, frozen=True):
    """A task; an empty `task_id` means: there is none.

    `location` is where the goods are to go (empty: no place takes them, as `problem` says), by direction number
    `number`. `moves` counts the confirmations, `placed` is where the latest of them put the goods.
    """

    task_id: str = ""
    warehouse: str = ""
    holding: str = ""
    purpose: Purpose = "storage"
    whole: bool = False
    sku: str | None = None
    lot: str | None = None
    expires_on: str | None = None
    stock_status: StockStatus = "available"
    units: int = 0
    order_id: str | None = None
    line_id: str | None = None
    shipment_id: str | None = None
    inspection_id: str | None = None
    place: str | None = None
    created_at: str = ""
    status: str = ""
    location: str = ""
    zone: str = ""
    problem: str = ""
    number: int = 0
    operator: str = ""
    until: str = ""
    moves: int = 0
    placed: str = ""
    reason: str = ""

    def held_by_another(self, operator: str, at: str) -> bool:
        """Whether somebody else has a lease at `at`."""
        return self.operator not in ("", operator) and self.until > at

    @property
    def room_claim(self) -> str:
        """The name of the room that is taken for its next move, and of that move."""
        return move_name(self.task_id, self.moves)


def move_name(task_id: str, moves: int) -> str:
    """What a task's move after `moves` others is called: its command id, and the claim on room for it."""
    return f"{PUT_AWAY_CLAIMS}{task_id}/{moves + 1}"


class Direction(Struct, frozen=True):
    """Where goods go; without a location, why nowhere."""

    location: LocationId | None = None
    zone: Code | None = None
    problem: Text | None = None


class CreateTask(Struct, frozen=True):
    """Goods are to be brought elsewhere; `direction` says where to."""

    task_id: TaskId
    warehouse: WarehouseCode
    holding: HoldingId
    purpose: Purpose
    created_at: Timestamp
    direction: Direction
    place: HoldingId | None = None
    whole: bool = False
    sku: Sku | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    stock_status: StockStatus = "available"
    units: Units = 0
    order_id: OrderId | None = None
    line_id: LineId | None = None
    shipment_id: ProcessId | None = None
    inspection_id: ProcessId | None = None


class Direct(Struct, frozen=True):
    """Send the goods elsewhere, when direction `after` is still the latest."""

    direction: Direction
    after: int
    at: Timestamp
    purpose: Purpose | None = None


class Claim(Struct, frozen=True):
    """Take the task over, or keep it for longer."""

    operator: Operator
    at: Timestamp
    until: Timestamp


class Release(Struct, frozen=True):
    """Give the task back."""

    operator: Operator
    at: Timestamp


class NoteMove(Struct, frozen=True):
    """The goods of the task's move `number` lie at `location`; `remaining` units are still to be brought."""

    number: int
    location: LocationId
    units: Units
    confirmed_at: Timestamp
    operator: Operator | None = None
    reason: Text | None = None


class Shrink(Struct, frozen=True):
    """Only `units` of the goods are there (0: none)."""

    units: Units
    reason: Text
    at: Timestamp


class Cancel(Struct, frozen=True):
    """The goods stay where they are, or are somebody else's business."""

    reason: Text
    at: Timestamp


Command = CreateTask | Direct | Claim | Release | NoteMove | Shrink | Cancel


def decide(command: Command, task: PutAway) -> Sequence[Event]:
    """What follows from `command`. Raises Conflict for what an operator wants of a task that cannot be."""
    match command:
        case CreateTask():
            return _create(command) if not task.task_id else []
        case Direct():
            return _direct(command, task)
        case Claim():
            return _claim(command, task)
        case Release():
            return _release(command, task)
        case NoteMove():
            return _note(command, task)
        case Shrink():
            return _shrink(command, task)
        case Cancel():
            return [_cancelled(task, command.reason, command.at)] if task.status == OPEN else []


def evolve(task: PutAway, event: Event) -> PutAway:
    """The task after `event`."""
    match event:
        case PutAwayTaskCreated():
            return PutAway(
                task_id=event.task_id,
                warehouse=event.warehouse,
                holding=event.holding,
                purpose=event.purpose,
                whole=event.whole,
                sku=event.sku,
                lot=event.lot,
                expires_on=event.expires_on,
                stock_status=event.status,
                units=event.units,
                order_id=event.order_id,
                line_id=event.line_id,
                shipment_id=event.shipment_id,
                inspection_id=event.inspection_id,
                place=event.place,
                created_at=event.created_at,
                status=OPEN,
                location=event.location or "",
                zone=event.zone or "",
                problem=event.problem or "",
                number=1 if event.location or event.problem else 0,
            )
        case PutAwayDirected():
            return structs.replace(
                task,
                location=event.location or "",
                zone=event.zone or "",
                problem=event.problem or "",
                number=event.number,
                purpose=event.purpose or task.purpose,
            )
        case PutAwayClaimed():
            return structs.replace(task, operator=event.operator, until=event.until)
        case PutAwayReleased():
            return structs.replace(task, operator="", until="")
        case PutAwayReduced():
            return structs.replace(task, units=event.units)
        case PutAwayConfirmed():
            done = event.whole or event.remaining == 0
            return structs.replace(
                task,
                status=CONFIRMED if done else OPEN,
                units=event.remaining,
                moves=event.number,
                placed=event.location,
                operator="" if done else task.operator,
                until="" if done else task.until,
            )
        case PutAwayCancelled():
            return structs.replace(task, status=CANCELLED, reason=event.reason, operator="", until="")
        case _:
            return task


def require_open(task: PutAway) -> None:
    """Raise Conflict, saying what became of it, for a task that is done or cancelled."""
    if task.status == CONFIRMED:
        raise Conflict(
            f"The goods of this task were put away at {task.placed}.",
            field="id",
            value=task.task_id,
            remedy="Take another task: GET /inventory/put-away-tasks?status=open.",
            code="put-away-confirmed",
        )
    if task.status == CANCELLED:
        raise Conflict(
            f"This task was cancelled: {task.reason}.",
            field="id",
            value=task.task_id,
            remedy="Take another task: GET /inventory/put-away-tasks?status=open.",
            code="put-away-cancelled",
        )


def require_nobody_else(task: PutAway, operator: str, at: str) -> None:
    """Raise Conflict while somebody else has the task."""
    if task.held_by_another(operator, at):
        raise Conflict(
            f"Somebody else has this task until {task.until}.",
            field="id",
            value=task.task_id,
            remedy=f"Take another task (GET /inventory/put-away-tasks?status=open), claim it after {task.until}, "
            "or let them release it: POST /inventory/put-away-tasks/{id}/release.",
            code="put-away-claimed",
        )


def _create(command: CreateTask) -> list[Event]:
    return [
        PutAwayTaskCreated(
            task_id=command.task_id,
            warehouse=command.warehouse,
            holding=command.holding,
            purpose=command.purpose,
            created_at=command.created_at,
            place=command.place,
            whole=command.whole,
            sku=command.sku,
            lot=command.lot,
            expires_on=command.expires_on,
            status=command.stock_status,
            units=command.units,
            order_id=command.order_id,
            line_id=command.line_id,
            shipment_id=command.shipment_id,
            inspection_id=command.inspection_id,
            location=command.direction.location,
            zone=command.direction.zone,
            problem=command.direction.problem,
        )
    ]


def _direct(command: Direct, task: PutAway) -> list[Event]:
    """A new direction counts only when nobody was faster, and says something new."""
    if task.status != OPEN or task.number != command.after:
        return []
    said = (task.location, task.zone, task.problem, task.purpose)
    event = _directed(task, command.direction, command.at, command.purpose)
    after = evolve(task, event)
    return [event] if said != (after.location, after.zone, after.problem, after.purpose) else []


def _claim(command: Claim, task: PutAway) -> list[Event]:
    require_open(task)
    require_nobody_else(task, command.operator, command.at)
    return [
        PutAwayClaimed(
            task_id=task.task_id,
            warehouse=task.warehouse,
            operator=command.operator,
            claimed_at=command.at,
            until=command.until,
        )
    ]


def _release(command: Release, task: PutAway) -> list[Event]:
    require_open(task)
    require_nobody_else(task, command.operator, command.at)
    if not task.operator:
        return []
    return [
        PutAwayReleased(
            task_id=task.task_id, warehouse=task.warehouse, operator=task.operator, released_at=command.at
        )
    ]


def _note(command: NoteMove, task: PutAway) -> list[Event]:
    """Goods that were moved have moved, whatever the task says by now; each move is noted once."""
    if not task.task_id or command.number <= task.moves:
        return []
    return [
        PutAwayConfirmed(
            task_id=task.task_id,
            warehouse=task.warehouse,
            holding=task.holding,
            location=command.location,
            purpose=task.purpose,
            number=command.number,
            confirmed_at=command.confirmed_at,
            whole=task.whole,
            sku=task.sku,
            lot=task.lot,
            units=command.units,
            remaining=0 if task.whole else max(0, task.units - command.units),
            shipment_id=task.shipment_id,
            inspection_id=task.inspection_id,
            order_id=task.order_id,
            line_id=task.line_id,
            operator=command.operator or task.operator or None,
            directed=task.location if task.location and task.location != command.location else None,
            reason=command.reason,
        )
    ]


def _shrink(command: Shrink, task: PutAway) -> list[Event]:
    if task.status != OPEN or command.units >= task.units:
        return []
    if command.units == 0:
        return [_cancelled(task, command.reason, command.at)]
    return [
        PutAwayReduced(task_id=task.task_id, warehouse=task.warehouse, units=command.units, reason=command.reason)
    ]


def _cancelled(task: PutAway, reason: str, at: str) -> PutAwayCancelled:
    return PutAwayCancelled(task_id=task.task_id, warehouse=task.warehouse, reason=reason, cancelled_at=at)


def _directed(task: PutAway, direction: Direction, at: str, purpose: Purpose | None = None) -> PutAwayDirected:
    return PutAwayDirected(
        task_id=task.task_id,
        warehouse=task.warehouse,
        number=task.number + 1,
        directed_at=at,
        location=direction.location,
        zone=direction.zone,
        purpose=purpose,
        problem=direction.problem,
    )
