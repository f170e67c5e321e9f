"""How goods and handling units get from one place to another: each step by itself, each as often as need be.

Loose goods: room is taken where they go (in racks and on containers), they depart, they arrive. Handling units:
room is taken where they go (in racks and on other units), and they move. A step that was done is recognized, so
that a request or a reaction which died in between is simply repeated.
"""

from msgspec import convert, structs

from inventory import ground
from inventory.aggregates import HOLDING
from inventory.domain.goods import items_of
from inventory.domain.holding import Holding, is_container
from inventory.domain.movement import (
    ArriveStock,
    Changed,
    DepartStock,
    ExpectUnit,
    MoveUnit,
    SettleUnit,
)
from inventory.domain.room import Load, load_of
from inventory.domain.stock import Wanted
from inventory.ground import Standing
from inventory.stock_contracts import Goods, HandlingUnitMoved, HandlingUnitType, StockDeparted
from shared import ids
from shared.decider import ATTEMPTS, Command, Contended, Outcome, execute
from shared.events import CommandMetadata
from shared.resources import history


def move_goods(
    origin: str,
    destination: str,
    wanted: tuple[Wanted, ...],
    metadata: CommandMetadata,
    *,
    occurred_at: str,
    task_id: str | None = None,
    reason: str | None = None,
    line: tuple[str, str] | None = None,
    fields: tuple[str, str] = ("from", "to"),
) -> Outcome[Holding]:
    """Move loose goods (no `wanted`: all there are). The outcome is that of the departure: it decides.

    `line` is an order (its id) and its line: only units that are set aside for it move, and stay so.

    Raises a rejection naming one of `fields` or of the goods, having moved nothing.
    """
    source = ground.find(origin, fields[0])
    stream = source.books or ground.books(origin)
    command = DepartStock(
        holding=origin,
        warehouse=source.warehouse,
        destination=destination,
        wanted=wanted,
        occurred_at=occurred_at,
        task_id=task_id,
        reason=reason,
        order_id=line[0] if line else None,
        line_id=line[1] if line else None,
    )
    if metadata.command_id not in stream.handled:
        command = _with_room(command, stream.state, ground.find(destination, fields[1]), metadata, fields[1])
    return depart(command, metadata)


def depart(command: DepartStock, metadata: CommandMetadata) -> Outcome[Holding]:
    """Let goods depart, and arrive."""
    outcome = execute(history(), HOLDING, HOLDING.stream_id(command.holding), Command(command, metadata))
    for event in outcome.events:
        if isinstance(event, StockDeparted):
            arrive(event, ground.part(metadata, "arrival"))
    return outcome


def arrive(departed: StockDeparted, metadata: CommandMetadata) -> Outcome[Holding]:
    """Let goods arrive that have departed; nothing happens when they have arrived before."""
    to_container = is_container(departed.destination)
    command = ArriveStock(
        holding=departed.destination,
        warehouse=None if to_container else departed.warehouse,
        origin=departed.holding,
        origin_warehouse=departed.warehouse,
        lane=departed.lane,
        number=departed.number,
        goods=departed.goods,
        occurred_at=departed.occurred_at,
        claim=departed.claim,
        task_id=departed.task_id,
        blocked=ground.blocked_among(departed.goods),
        order_id=departed.order_id,
        line_id=departed.line_id,
    )
    return execute(history(), HOLDING, HOLDING.stream_id(departed.destination), Command(command, metadata))


def move_unit(
    sscc: str,
    destination: str,
    metadata: CommandMetadata,
    *,
    occurred_at: str,
    task_id: str | None = None,
    reason: str | None = None,
    expected_at: str | None = None,
    claim: str = "",
    fields: tuple[str, str] = ("sscc", "to"),
) -> Outcome[Holding]:
    """Move a handling unit with everything on it, to a place or onto another unit.

    `expected_at`: only when it stands there. `claim` is room that was taken for it there before. Raises a
    rejection naming one of `fields`, having moved nothing.
    """
    for _ in range(ATTEMPTS):
        unit = ground.find(sscc, fields[0])
        stream = unit.books or ground.books(sscc)
        goal = ground.find(destination, fields[1])
        number = stream.state.move + 1
        command = MoveUnit(
            holding=sscc,
            warehouse=goal.warehouse,
            place=destination,
            number=number,
            occurred_at=occurred_at,
            expected_at=expected_at,
            task_id=task_id,
            reason=reason,
        )
        if metadata.command_id not in stream.handled and _stands_elsewhere(command, stream.state):
            held = stream.state
            unit_type = convert(held.kind, HandlingUnitType)
            try:
                taken = take_room(
                    goal,
                    sscc,
                    unit_type,
                    held.load,
                    metadata,
                    number=number,
                    version=stream.sequence,
                    claim=claim,
                )
                if taken:
                    command = structs.replace(command, load=held.load)
            except Changed:
                continue
        try:
            return execute(history(), HOLDING, stream.id, Command(command, metadata))
        except Changed:
            continue
    raise Contended(f"{sscc} changed {ATTEMPTS} times while it was moved.", remedy="Send the same request again.")


def _stands_elsewhere(command: MoveUnit, unit: Holding) -> bool:
    """Whether the unit has to be moved. Raises what deciding the move would raise."""
    return any(isinstance(event, HandlingUnitMoved) for event in HOLDING.decide(command, unit))


def take_room(
    goal: Standing,
    sscc: str,
    unit_type: HandlingUnitType,
    load: Load,
    metadata: CommandMetadata,
    *,
    number: int = 0,
    version: int = 0,
    claim: str = "",
) -> bool:
    """Take room at `goal`, and in what that stands on, for a handling unit; False where nobody counts room.

    `claim` is room that was taken for it there before.

    Raises Changed when the goal does not stand still, Conflict when there is no room.
    """
    if goal.books is None and goal.rules is None:
        return False
    if goal.books is not None:
        ground.make_room(goal, load, unit_claim(sscc, number), metadata, inside=False)
    command = ExpectUnit(
        holding=goal.id,
        unit=sscc,
        unit_type=unit_type,
        number=number,
        version=version,
        load=load,
        at=ground.now(),
        rules=goal.rules,
        standing_at=goal.place if goal.books else None,
        claim=claim,
    )
    taking = ground.part(metadata, f"unit/{ids.random_hex(16)}")
    execute(history(), HOLDING, HOLDING.stream_id(goal.id), Command(command, taking))
    return True


def unit_claim(sscc: str, number: int) -> str:
    """The claim for a handling unit's move `number` in what its goal stands on."""
    return f"{sscc}/{number}"


def settle(container: str, metadata: CommandMetadata, claims: tuple[str, ...] = ()) -> None:
    """Tell what `container` stands on what it takes there by now, and so on outwards; `claims` are used."""
    stream = ground.books(container)
    while stream.state.place:
        place = stream.state.place
        below = ground.find(place)
        if below.books is None and below.rules is None:
            return
        child = stream.id.partition("#")[2]
        command = SettleUnit(
            holding=place,
            unit=child,
            number=stream.state.move,
            version=stream.sequence,
            load=stream.state.load,
            claims=claims,
        )
        settled = execute(
            history(),
            HOLDING,
            HOLDING.stream_id(place),
            Command(command, ground.part(metadata, f"settle/{child}")),
        )
        if below.books is None:
            return
        stream = settled.stream


def _with_room(
    command: DepartStock, holding: Holding, goal: Standing, metadata: CommandMetadata, field: str
) -> DepartStock:
    """`command` for exactly the goods for which room was taken. Raises what deciding it would raise."""
    [departed] = (event for event in HOLDING.decide(command, holding) if isinstance(event, StockDeparted))
    ground.require_warehouse(goal, departed.warehouse, field)
    claim: str | None = None
    if goal.books is not None or goal.rules is not None:
        claim = metadata.command_id
        load = load_of(item for one in departed.goods for item in items_of(one))
        ground.make_room(goal, load, claim, metadata, origin=command.holding)
    return DepartStock(
        holding=command.holding,
        warehouse=command.warehouse,
        destination=command.destination,
        wanted=tuple(_exactly(goods) for goods in departed.goods),
        occurred_at=command.occurred_at,
        claim=claim,
        task_id=command.task_id,
        reason=command.reason,
        order_id=command.order_id,
        line_id=command.line_id,
    )


def _exactly(goods: Goods) -> Wanted:
    return Wanted(goods.sku, goods.units, goods.lot, goods.serials, goods.status, goods.expires_on)
