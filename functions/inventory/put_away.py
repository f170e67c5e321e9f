"""Put-away: operators take tasks over, give them back, and confirm by a scan what they have brought where."""

from datetime import timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from inventory import ground
from inventory.aggregates import LOCATION, PUT_AWAY
from inventory.contracts import CheckDigits
from inventory.domain.check_digits import split_label
from inventory.domain.directing import KINDS
from inventory.domain.holding import HandlingUnitFound
from inventory.domain.location import Location
from inventory.domain.putaway import (
    Claim,
    PutAway,
    Release,
    Shrink,
    require_nobody_else,
    require_open,
)
from inventory.domain.stock import Wanted
from inventory.measures import Text
from inventory.moving import move_goods, move_unit
from inventory.putting_away import free_room, note_move, redirect, task_of, what_is_there
from inventory.stock_contracts import HandlingUnitMoved, StockDeparted
from inventory.task_contracts import PutAwayConfirmed, TaskId
from shared import clock
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.http_edge import Api, Request, Response
from shared.identifiers import LocationId
from shared.quantity import Quantity
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable
from shared.resources import history

handler = Api()

LEASE = timedelta(minutes=15)


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """What was brought where: the location with its check digits, or its scanned label (`label`) instead.

    `units` are fewer than the task's when only some were brought; `reason` says why they went elsewhere than told.
    """

    location: LocationId | None = None
    check_digits: CheckDigits | None = None
    label: Annotated[str, Meta(max_length=50)] | None = None
    units: Quantity | None = None
    reason: Text | None = None


class Redirection(Struct, frozen=True, forbid_unknown_fields=True):
    """Places that will not do."""

    avoid: Annotated[tuple[LocationId, ...], Meta(max_length=50)] = ()


class ConfirmationNote(Struct, frozen=True, omit_defaults=True):
    """What was put away, and what lies there now of the same product (and lot), units of every status.

    `remaining` units of the task are still to be brought, to `next_location`.
    """

    task_id: str
    location: str
    units: int
    lies_there: int
    remaining: int = 0
    next_location: str | None = None
    sku: str | None = None
    lot: str | None = None


@handler.route(
    "POST",
    "/inventory/put-away-tasks/{id}/claim",
    scope="inventory/write",
    returns=(200, PutAway),
    rejects=(NotFound, Conflict),
)
def claim_task(request: Request, id: TaskId) -> Response:
    """Take a task over for 15 minutes; the same operator may do so again and again."""
    stream = _as_it_is(id, request)
    now = clock.now()
    command = Claim(request.actor, clock.iso(now), clock.iso(now + LEASE))
    outcome = execute(history(), PUT_AWAY, stream.id, request.command(command))
    return Response(200, outcome.stream.state, version=outcome.stream.sequence, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/put-away-tasks/{id}/release",
    scope="inventory/write",
    returns=(200, PutAway),
    rejects=(NotFound, Conflict),
)
def release_task(request: Request, id: TaskId) -> Response:
    """Give a task back, so that somebody else can take it."""
    stream = _known(id)
    command = request.command(Release(request.actor, ground.now()))
    outcome = execute(history(), PUT_AWAY, stream.id, command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/put-away-tasks/{id}/direction",
    scope="inventory/write",
    returns=(200, PutAway),
    rejects=(NotFound, Conflict),
)
def direct_task(request: Request, id: TaskId, body: Redirection) -> Response:
    """Find a place for a task once more, other than those named."""
    stream = _as_it_is(id, request)
    require_nobody_else(stream.state, request.actor, ground.now())
    avoid = (*body.avoid, *((stream.state.location,) if stream.state.location else ()))
    after = redirect(stream, request.metadata, avoid if body.avoid else ())
    return Response(200, after.state, version=after.sequence)


@handler.route(
    "POST",
    "/inventory/put-away-tasks/{id}/confirmation",
    scope="inventory/write",
    returns=(200, ConfirmationNote),
    rejects=(NotFound, Conflict, Unprocessable),
)
def confirm_task(request: Request, id: TaskId, body: Confirmation) -> Response:
    """Put the goods of a task where they were brought. They lie there when this is answered."""
    stream = _known(id)
    task = stream.state
    if request.metadata.command_id in stream.handled:
        return _first_answer(stream, request)
    location = _scanned(body)
    books = ground.books(task.holding)
    if task.room_claim not in books.handled:
        require_open(task)
        require_nobody_else(task, request.actor, ground.now())
        _require_fit(task, location, body)
        _require_there(stream, body, request.metadata)
    at = ground.now()
    place, units, at = _moved(task, location.location, body, at, request.metadata)
    after = note_move(
        task, task.moves + 1, place, units, at, request.metadata, operator=request.actor, reason=body.reason
    )
    if place != location.location or (body.units and units != body.units):
        raise Conflict(
            f"{units} units of this task were put away at {place} meanwhile.",
            field="location",
            value=location.location,
            remedy=f"Look at {place}; if the goods are not there, move them: POST /inventory/stock/moves.",
            code="put-away-confirmed",
        )
    return Response(200, _note(after.state, place, units), version=after.sequence)


def _moved(
    task: PutAway, location: str, body: Confirmation, at: str, metadata: CommandMetadata
) -> tuple[str, int, str]:
    """Move the goods under the name of the task's next move: where they went, how many, and when."""
    named = structs.replace(metadata, command_id=task.room_claim, fingerprint="")
    if task.whole:
        claim = task.room_claim if location == task.location else ""
        unit = move_unit(
            task.holding,
            location,
            named,
            occurred_at=at,
            task_id=task.task_id,
            reason=body.reason,
            claim=claim,
            fields=("id", "location"),
        )
        units = sum(item.units for item in unit.stream.state.items.values())
        for event in unit.events:
            if isinstance(event, HandlingUnitMoved):
                return event.place, units, event.occurred_at
            if isinstance(event, HandlingUnitFound):
                return event.place, units, event.at
        return unit.stream.state.place, units, at
    wanted = Wanted(task.sku or "", body.units or task.units, task.lot, (), task.stock_status, task.expires_on)
    if task.location and task.location != location:
        free_room(task.location, task.room_claim, metadata)
    goods = move_goods(
        task.holding,
        location,
        (wanted,),
        named,
        occurred_at=at,
        task_id=task.task_id,
        reason=body.reason,
        line=(task.order_id, task.line_id) if task.order_id and task.line_id else None,
        fields=("id", "location"),
    )
    [departed] = (event for event in goods.events if isinstance(event, StockDeparted))
    return departed.destination, sum(one.units for one in departed.goods), departed.occurred_at


def _known(task_id: str) -> Stream[PutAway]:
    stream = task_of(task_id)
    if not stream.sequence:
        raise NotFound(
            f"There is no put-away task {task_id!r}.",
            field="id",
            value=task_id,
            remedy="GET /inventory/put-away-tasks lists those that there are.",
            code="unknown-task",
        )
    return stream


def _as_it_is(task_id: str, request: Request) -> Stream[PutAway]:
    """A task that is open, and whose goods are there; it shrinks to what is there first."""
    stream = _known(task_id)
    if request.metadata.command_id in stream.handled:
        return stream
    require_open(stream.state)
    return _shrunk(stream, request.metadata)


def _shrunk(stream: Stream[PutAway], metadata: CommandMetadata) -> Stream[PutAway]:
    task = stream.state
    books = ground.books(task.holding)
    if task.room_claim in books.handled:
        return stream
    there = what_is_there(task, books.state)
    if there.units and (task.whole or there.units >= task.units):
        return stream
    what = task.holding if task.whole else " ".join(filter(None, (task.sku, task.lot)))
    if there.units:
        reason = f"only {there.units} units of {what} are left at {there.place}"
    else:
        reason = f"nothing is left of {what} to bring" if not task.whole else f"{what} is at {there.place}"
    command = Command(
        Shrink(there.units, reason, ground.now()), ground.part(metadata, f"shrink@{stream.sequence}")
    )
    outcome = execute(history(), PUT_AWAY, stream.id, command)
    if outcome.events and not there.units and task.location:
        free_room(task.location, task.room_claim, metadata)
    require_open(outcome.stream.state)
    return outcome.stream


def _require_there(stream: Stream[PutAway], body: Confirmation, metadata: CommandMetadata) -> None:
    """Raise Conflict, saying what is there, where that is less than is confirmed."""
    after = _shrunk(stream, metadata).state
    asked = body.units or stream.state.units
    if not stream.state.whole and asked > after.units:
        raise Conflict(
            f"Only {after.units} units of {after.sku} are left of this task; {asked} cannot be confirmed.",
            field="units",
            value=asked,
            remedy=f"Confirm at most {after.units}, and count what you have.",
            code="insufficient-stock",
        )


def _scanned(body: Confirmation) -> Location:
    """The location whose label was scanned, or whose check digits were read. Raises Unprocessable."""
    named, digits = body.location, body.check_digits
    if body.label is not None:
        label = split_label(body.label)
        if label is None or named not in (None, label[0]):
            raise _misread("label", body.label, "Scan the label of the place where the goods are.")
        named, digits = label
    if named is None or digits is None:
        raise _misread(
            "check_digits" if named else "location", None, "Send the location and its check digits, or its label."
        )
    location = history().load(LOCATION, LOCATION.stream_id(named)).state
    if not location.location:
        raise Unprocessable(
            f"There is no location {named!r}.",
            field="location",
            value=named,
            remedy="Scan the label again.",
            code="unknown-location",
        )
    if digits != location.check_digits:
        raise _misread("label" if body.label else "check_digits", digits, f"Read the two digits at {named} again.")
    return location


def _misread(field: str, value: Any, remedy: str) -> Unprocessable:
    said = "is missing" if value is None else f"{value!r} is not that of the location"
    return Unprocessable(f"{field}: {said}.", field=field, value=value, remedy=remedy, code="wrong-check-digits")


def _require_fit(task: PutAway, location: Location, body: Confirmation) -> None:
    problem: Rejection | None = None
    if task.location and location.location != task.location and not body.reason:
        problem = Unprocessable(
            f"The goods were to go to {task.location}, not to {location.location}.",
            field="reason",
            remedy=f"Bring them to {task.location}, or say why not in `reason`.",
            code="reason-required",
        )
    elif (location.kind == "quarantine") != (task.purpose == "quarantine"):
        kinds = " or ".join(KINDS[task.purpose])
        problem = Unprocessable(
            f"{location.location} is a {location.kind} place; these goods go to {kinds}.",
            field="location",
            value=location.location,
            remedy="Bring them to a place of the right kind.",
            code="wrong-kind",
        )
    elif task.whole and body.units is not None:
        problem = Unprocessable(
            "A handling unit is put away as a whole.",
            field="units",
            value=body.units,
            remedy="Leave units out, or split the unit first.",
        )
    if problem is not None:
        raise problem


def _first_answer(stream: Stream[PutAway], request: Request) -> Response:
    """What was answered to this request before."""
    outcome = execute(history(), PUT_AWAY, stream.id, request.command(Release(request.actor, "")))
    [confirmed] = (event for event in outcome.events if isinstance(event, PutAwayConfirmed))
    return Response(200, _note(stream.state, confirmed.location, confirmed.units), replayed=True)


def _note(task: PutAway, place: str, units: int) -> ConfirmationNote:
    here = ground.books(task.holding if task.whole else place).state
    there = sum(
        item.units
        for item in here.items.values()
        if task.whole or (item.sku == task.sku and (task.lot is None or item.lot == task.lot))
    )
    return ConfirmationNote(
        task_id=task.task_id,
        location=place,
        units=units,
        lies_there=there,
        remaining=task.units if task.status == "open" else 0,
        next_location=task.location or None if task.status == "open" else None,
        sku=task.sku,
        lot=task.lot,
    )
