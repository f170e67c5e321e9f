"""Handling units: pallets, totes, cartons with an SSCC, which are packed, nested, moved as one, split, emptied."""

from typing import Annotated

from msgspec import Meta, Struct

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain.holding import HandlingUnitFound, Holding
from inventory.domain.movement import Changed, CreateUnit, DepartStock
from inventory.domain.room import Load
from inventory.domain.stock import Wanted
from inventory.measures import CubicMillimetres, Text, Weight
from inventory.moves import MoveNote, moved
from inventory.moving import move_goods, move_unit, take_room
from inventory.sscc import candidates
from inventory.stock_contracts import HandlingUnitCreated, HandlingUnitMoved, HandlingUnitType
from shared.decider import ATTEMPTS, Command, Contended, Outcome, execute
from shared.events import CommandMetadata
from shared.gs1 import Sscc, require_sscc
from shared.http_edge import Api, Request, Response
from shared.identifiers import HoldingId, LocationId, Timestamp, WarehouseCode
from shared.rejection import Conflict, Rejection, Unprocessable
from shared.resources import history

handler = Api()

WantedGoods = Annotated[tuple[Wanted, ...], Meta(min_length=1, max_length=200)]


class NewUnit(Struct, frozen=True, forbid_unknown_fields=True):
    """A handling unit. Without an `sscc` we issue one; with one (a supplier's) its check digit has to be right.

    `location` may also be another unit's SSCC. `volume_mm3` is the outer volume where the contents do not say
    enough, `tare_g` the weight when empty.
    """

    type: HandlingUnitType
    location: HoldingId
    sscc: Sscc | None = None
    volume_mm3: CubicMillimetres = 0
    tare_g: Weight = 0


class UnitNote(Struct, frozen=True):
    """A handling unit and where it stands."""

    sscc: Sscc
    type: HandlingUnitType
    location: HoldingId
    warehouse: WarehouseCode
    external: bool
    recorded_at: Timestamp


class Packing(Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """Goods that are put onto the unit from a place, or from another unit."""

    origin: HoldingId
    goods: WantedGoods
    reason: Text | None = None
    occurred_at: Timestamp | None = None


class UnitMove(Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """Where the unit goes; with `from` only when it stands there."""

    to: LocationId
    origin: HoldingId | None = None
    reason: Text | None = None
    occurred_at: Timestamp | None = None


class Nesting(Struct, frozen=True, forbid_unknown_fields=True):
    """The handling unit that this one is put onto, which is of a higher kind."""

    onto: Sscc
    occurred_at: Timestamp | None = None


class UnitMoveNote(Struct, frozen=True, rename={"origin": "from"}):
    """The move as it was recorded."""

    sscc: Sscc
    warehouse: WarehouseCode
    origin: HoldingId
    to: HoldingId
    occurred_at: Timestamp
    recorded_at: Timestamp


class Split(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes onto a new unit, which stands where the old one does unless `location` says otherwise."""

    goods: WantedGoods
    type: HandlingUnitType = "carton"
    location: HoldingId | None = None
    sscc: Sscc | None = None
    occurred_at: Timestamp | None = None


class SplitNote(Struct, frozen=True):
    """The new unit, and what was put onto it."""

    unit: UnitNote
    move: MoveNote


class Emptying(Struct, frozen=True, forbid_unknown_fields=True):
    """Where everything goes."""

    to: HoldingId
    reason: Text | None = None
    occurred_at: Timestamp | None = None


@handler.route(
    "POST",
    "/inventory/handling-units",
    scope="inventory/write",
    returns=(201, UnitNote),
    rejects=(Conflict, Unprocessable),
)
def create_unit(request: Request, body: NewUnit) -> Response:
    """Make a handling unit known, with an SSCC of ours or its own."""
    outcome = _created(body, request.metadata, ground.now())
    return Response(201, _unit(outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/handling-units/{sscc}/contents",
    scope="inventory/write",
    returns=(201, MoveNote),
    rejects=(Conflict, Unprocessable),
)
def pack(request: Request, sscc: Sscc, body: Packing) -> Response:
    """Put goods onto the unit."""
    at = body.occurred_at or ground.now()
    outcome = move_goods(
        body.origin,
        sscc,
        body.goods,
        request.metadata,
        occurred_at=at,
        reason=body.reason,
        fields=("from", "sscc"),
    )
    return Response(201, moved(outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/handling-units/{sscc}/moves",
    scope="inventory/write",
    returns=(201, UnitMoveNote),
    rejects=(Conflict, Unprocessable),
)
def move(request: Request, sscc: Sscc, body: UnitMove) -> Response:
    """Move the unit with everything on it: one command, one write, however much is on it."""
    outcome = move_unit(
        sscc,
        body.to,
        request.metadata,
        occurred_at=body.occurred_at or ground.now(),
        reason=body.reason,
        expected_at=body.origin,
    )
    return Response(201, _move(outcome, sscc), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/handling-units/{sscc}/nesting",
    scope="inventory/write",
    returns=(201, UnitMoveNote),
    rejects=(Conflict, Unprocessable),
)
def nest(request: Request, sscc: Sscc, body: Nesting) -> Response:
    """Put the unit onto another one; from then on it goes where that goes."""
    at = body.occurred_at or ground.now()
    outcome = move_unit(sscc, body.onto, request.metadata, occurred_at=at, fields=("sscc", "onto"))
    return Response(201, _move(outcome, sscc), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/handling-units/{sscc}/splits",
    scope="inventory/write",
    returns=(201, SplitNote),
    rejects=(Conflict, Unprocessable),
)
def split(request: Request, sscc: Sscc, body: Split) -> Response:
    """Put part of the unit's contents onto a new one."""
    at = body.occurred_at or ground.now()
    old = ground.find(sscc, "sscc")
    stream = old.books or ground.books(sscc)
    if request.metadata.command_id not in stream.handled:
        wanted = DepartStock(sscc, old.warehouse, _NOWHERE, body.goods, at)
        HOLDING.decide(wanted, stream.state)
    new = NewUnit(body.type, body.location or stream.state.place, body.sscc)
    unit = _unit(_created(new, request.metadata, at))
    outcome = move_goods(
        sscc, unit.sscc, body.goods, request.metadata, occurred_at=at, fields=("sscc", "location")
    )
    return Response(201, SplitNote(unit, moved(outcome)), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/inventory/handling-units/{sscc}/emptying",
    scope="inventory/write",
    returns=(201, MoveNote),
    rejects=(Conflict, Unprocessable),
)
def empty(request: Request, sscc: Sscc, body: Emptying) -> Response:
    """Put everything that lies on the unit into a place, or onto another unit. Units on it stay there."""
    outcome = move_goods(
        sscc,
        body.to,
        (),
        request.metadata,
        occurred_at=body.occurred_at or ground.now(),
        reason=body.reason,
        fields=("sscc", "to"),
    )
    return Response(201, moved(outcome), replayed=outcome.repeated)


_NOWHERE = "nowhere"
"""Stands for a unit that is not created yet, while it is asked whether the goods could leave."""


def _created(body: NewUnit, metadata: CommandMetadata, at: str) -> Outcome[Holding]:
    """The unit under its own SSCC, or the first of ours that nobody has."""
    if body.sscc is not None:
        require_sscc(body.sscc)
        return _create(body.sscc, body, metadata, at)
    for sscc in candidates(metadata.command_id):
        try:
            return _create(sscc, body, metadata, at)
        except Conflict as conflict:
            if conflict.code != "sscc-taken":
                raise
    raise Contended("No SSCC is left of those that were tried.", remedy="Send the request with another key.")


def _create(sscc: str, body: NewUnit, metadata: CommandMetadata, at: str) -> Outcome[Holding]:
    stream = ground.books(sscc)
    for _ in range(ATTEMPTS):
        goal = ground.find(body.location)
        command = CreateUnit(
            holding=sscc,
            warehouse=goal.warehouse,
            place=goal.id,
            type=body.type,
            occurred_at=at,
            external=body.sscc is not None,
            volume_mm3=body.volume_mm3,
            tare_g=body.tare_g,
        )
        if metadata.command_id not in stream.handled:
            HOLDING.decide(command, stream.state)
            if not goal.warehouse:
                raise _in_transit(goal.id)
            try:
                take_room(goal, sscc, body.type, Load(body.volume_mm3, body.tare_g), metadata)
            except Changed:
                continue
        return execute(history(), HOLDING, stream.id, Command(command, metadata))
    raise Contended(f"{body.location} changed {ATTEMPTS} times meanwhile.", remedy="Send the same request again.")


def _unit(outcome: Outcome[Holding]) -> UnitNote:
    [event] = (event for event in outcome.events if isinstance(event, HandlingUnitCreated))
    return UnitNote(event.holding, event.type, event.place, event.warehouse, event.external, outcome.recorded_at)


def _move(outcome: Outcome[Holding], sscc: str) -> UnitMoveNote:
    """The move; where the unit stood there already, it is said from where to where all the same."""
    [event] = (event for event in outcome.events if isinstance(event, HandlingUnitMoved | HandlingUnitFound))
    if isinstance(event, HandlingUnitFound):
        return UnitMoveNote(sscc, event.warehouse, event.place, event.place, event.at, outcome.recorded_at)
    return UnitMoveNote(sscc, event.warehouse, event.origin, event.place, event.occurred_at, outcome.recorded_at)


def _in_transit(place: str) -> Rejection:
    return Conflict(f"{place} is in transit.", field="location", value=place, code="in-transit")
