"""How goods are put away: a place is found and room taken there, a task is made, the goods move, the task ends.

Room is taken under the name of the task's next move, and that move is done under the same name: whoever tries
again takes no room twice, and moves nothing twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec import Struct, structs

from inventory import ground
from inventory.aggregates import HOLDING, PUT_AWAY
from inventory.candidates import PlacesPage, holdings_of, places_by_kind, places_of, stocked
from inventory.domain.allocation import units_for
from inventory.domain.directing import KINDS, Place, ToPlace, direct, problem
from inventory.domain.goods import Item
from inventory.domain.holding import Holding, line_key
from inventory.domain.location import Location
from inventory.domain.movement import ReleaseSpace
from inventory.domain.putaway import OPEN, CreateTask, Direct, Direction, NoteMove, PutAway, move_name
from inventory.domain.room import Load, Rules, load_of
from inventory.domain.stock import Wanted, alike_to
from inventory.holding_views import HoldingView
from inventory.standing import standings
from inventory.task_contracts import Purpose
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.rejection import Conflict
from shared.resources import history

TRIES = 8
"""Places at which room is tried to be taken before a task is left without one."""
PAGES_AT_MOST = 5
ALIKE_AT_MOST = 3
"""Products of a mixed handling unit of which it is asked where they lie already."""
_UNKNOWN = (("?", ""),)
"""The contents of a place in which nobody has looked: nothing may be mixed with it."""


@dataclass(frozen=True, slots=True)
class There:
    """What there is of a task's goods: `units` that it may bring, of `items`; `place` is where they stand."""

    units: int
    items: tuple[Item, ...]
    load: Load
    place: str


class PutAwayGoods(Struct, frozen=True):
    """What a task is to be made for: everything that it says, without where to."""

    task_id: str
    warehouse: str
    holding: str
    purpose: Purpose
    whole: bool = False
    sku: str | None = None
    lot: str | None = None
    expires_on: str | None = None
    stock_status: str = "available"
    units: int = 0
    order_id: str | None = None
    line_id: str | None = None
    shipment_id: str | None = None
    inspection_id: str | None = None


def task_of(task_id: str) -> Stream[PutAway]:
    """A task."""
    return history().load(PUT_AWAY, PUT_AWAY.stream_id(task_id))


def create(goods: PutAwayGoods, metadata: CommandMetadata) -> None:
    """Make a task, once, with room taken where it goes. Nothing is made for goods that are not there."""
    known = task_of(goods.task_id)
    if known.state.task_id:
        return
    task = PutAway(**structs.asdict(goods), status=OPEN)
    books = ground.books(goods.holding).state
    there = what_is_there(task, books)
    if not there.units:
        return
    direction = find(task, there, metadata)
    command = CreateTask(
        **structs.asdict(goods)
        | {
            "units": there.units if goods.whole else min(goods.units, there.units),
            "created_at": ground.now(),
            "direction": direction,
            "place": books.place or goods.holding,
        }
    )
    execute(
        history(),
        PUT_AWAY,
        PUT_AWAY.stream_id(goods.task_id),
        Command(command, structs.replace(metadata, command_id=f"{goods.task_id}/create")),
        known=known,
    )


def redirect(stream: Stream[PutAway], metadata: CommandMetadata, avoid: Iterable[str] = ()) -> Stream[PutAway]:
    """Find another place for an open task, or one at all; the room at the former place is free again."""
    task = stream.state
    if task.status != OPEN:
        return stream
    books = ground.books(task.holding).state
    there = what_is_there(task, books)
    if not there.units:
        return stream
    purpose = purpose_of(books) if task.whole else task.purpose
    task = structs.replace(task, purpose=purpose)
    direction = find(task, there, metadata, avoid)
    outcome = execute(
        history(),
        PUT_AWAY,
        stream.id,
        Command(
            Direct(direction, stream.state.number, ground.now(), purpose),
            ground.part(metadata, f"direct@{stream.sequence}"),
        ),
    )
    after = outcome.stream.state
    for place in {stream.state.location, direction.location or ""} - {after.location, ""}:
        free_room(place, task.room_claim, metadata)
    return outcome.stream


def find(task: PutAway, there: There, metadata: CommandMetadata, avoid: Iterable[str] = ()) -> Direction:
    """The first place by the rules that still has room, which is taken; or why there is none."""
    velocity = ground.product_of(task.sku).velocity if task.sku else None
    origin = places_of([there.place]).get(there.place)
    goods = ToPlace(
        purpose=task.purpose,
        load=there.load,
        handling_units=1 if task.whole else 0,
        velocity=velocity,
        origin=there.place,
        standing_at=origin.coordinates if origin else None,
    )
    avoided = set(avoid)
    seen: list[Place] = []
    tried = 0
    for places in _candidates(task, there, descending=velocity == "C"):
        known = {place.location for place in seen}
        new = [place for place in places if place.location not in known | avoided]
        seen += new
        for place in direct(goods, new):
            if tried >= TRIES:
                break
            tried += 1
            try:
                ground.make_room(
                    ground.find(place.location),
                    there.load,
                    task.room_claim,
                    metadata,
                    origin=task.holding,
                    handling_units=goods.handling_units,
                )
            except Conflict:
                continue
            return Direction(place.location, place.zone or None)
    return Direction(problem=problem(goods, seen) if not tried else f"{tried} places were full meanwhile")


def what_is_there(task: PutAway, books: Holding) -> There:
    """What a task may bring of a holding: all of a handling unit; units set aside for its line, or free ones."""
    place = books.place or task.holding
    if task.whole:
        gone = not books.place or (task.place is not None and books.place != task.place)
        units = 0 if gone else sum(item.units for item in books.items.values())
        return There(units, tuple(books.items.values()), books.load, place)
    wanted = Wanted(task.sku or "", None, task.lot, (), task.stock_status, task.expires_on)
    line = line_key(task.order_id, task.line_id) if task.order_id and task.line_id else ""
    found: list[Item] = []
    left = task.units
    for item in alike_to(books, wanted):
        here = min(left, item.units_for(line) if line else item.free_units)
        if here > 0:
            found.append(structs.replace(item, units=here, allocated=()))
            left -= here
    return There(sum(item.units for item in found), tuple(found), load_of(found), place)


def purpose_of(books: Holding) -> Purpose:
    """What a handling unit is put away for, as a whole, by what is on it."""
    items = books.items.values()
    allocated = sum(item.allocated_units for item in items)
    if any(item.status != "available" for item in items):
        return "quarantine"
    if allocated and allocated == sum(item.units for item in items):
        return "cross_dock"
    return "break_down" if allocated else "storage"


def note_move(
    task: PutAway, number: int, location: str, units: int, at: str, metadata: CommandMetadata, **more: str | None
) -> Stream[PutAway]:
    """Note what a move under the task's name has moved, find a place for the rest, and free room not needed."""
    command = NoteMove(number=number, location=location, units=units, confirmed_at=at, **more)
    outcome = execute(history(), PUT_AWAY, PUT_AWAY.stream_id(task.task_id), Command(command, metadata))
    if task.location and task.location != location:
        free_room(task.location, move_name(task.task_id, number - 1), metadata)
    after = outcome.stream
    if after.state.status == OPEN and after.state.location and outcome.events:
        return redirect(after, metadata)
    return after


def free_room(place: str, claim: str, metadata: CommandMetadata) -> None:
    """Free room that was taken for goods which go elsewhere."""
    command = Command(ReleaseSpace(place, claim), ground.part(metadata, f"free/{claim}"))
    execute(history(), HOLDING, HOLDING.stream_id(place), command)


def allocated_here(task: PutAway, books: Holding) -> int:
    """Units that are set aside for the task's order line where its goods stand."""
    if not (task.order_id and task.line_id and task.sku):
        return 0
    return units_for(books, task.order_id, task.line_id, task.sku)


def _candidates(task: PutAway, there: There, *, descending: bool) -> Iterator[list[Place]]:
    """Places to look at: those where the same products lie, then all of the right kinds, page by page."""
    contents: dict[str, set[tuple[str, str]]] = {}
    if task.purpose == "storage":
        for sku in dict.fromkeys(sku for sku, _ in there.load.contents[:ALIKE_AT_MOST]):
            parts = stocked(task.warehouse, sku)
            at = standings(part.holding for part in parts)
            for part in parts:
                if location := at[part.holding].location:
                    contents.setdefault(location, set()).add((part.sku, part.lot))
        if contents:
            yield _places(places_of(contents).values(), contents, task.room_claim)
    for kind in KINDS[task.purpose]:
        page = PlacesPage([], "")
        for _ in range(PAGES_AT_MOST):
            if page.next is None:
                break
            page = places_by_kind(task.warehouse, kind, page.next or None, descending=descending)
            yield _places(page.places, contents, task.room_claim)


def _places(
    locations: Iterable[Location], contents: dict[str, set[tuple[str, str]]], own_claim: str
) -> list[Place]:
    """Places as the lists show them; room that is taken under the name `own_claim` counts as free."""
    found = list(locations)
    known = holdings_of(place.location for place in found)
    return [
        _place(
            place,
            known.get(place.location, HoldingView(place.location)).without_claim(own_claim),
            contents.get(place.location),
        )
        for place in found
    ]


def _place(place: Location, view: HoldingView, contents: set[tuple[str, str]] | None) -> Place:
    volume, weight, standing = view.taken
    there = tuple(sorted(contents)) if contents is not None else _UNKNOWN if view.units or standing else ()
    rules = (
        Rules(place.capacity, place.mixing, place.storage_classes)
        if place.capacity
        else Rules(mixing=place.mixing, storage_classes=place.storage_classes)
    )
    return Place(
        location=place.location,
        kind=place.kind,
        zone=place.zone,
        coordinates=place.coordinates,
        rules=None if place.is_floor else rules,
        taken=Load(volume, weight, there),
        standing=standing,
    )
