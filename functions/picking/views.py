"""Picking's read models: orders that are picked, pick lists, waves and their rules.

The Lambda here keeps them up to date.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from msgspec import structs

from picking import keys
from picking.aggregates import CATALOG
from picking.contracts import OrderPicked, PickShort, UnitsPicked, WaveReleased, WaveRequested
from picking.domain.pick_list import (
    LIST_CLAIMED,
    LIST_DONE,
    LIST_OPEN,
    PickListClaimed,
    PickListCompleted,
    PickListCreated,
    PickListReleased,
)
from picking.domain.pick_order import PartNoted, PickingWithdrawn, PicksAssigned, PicksRequested
from picking.domain.wave import PLANNED, RELEASED, Rule, WavePlanned, evolve_rule
from picking.summaries import (
    ASSIGNED,
    PICKED,
    WAITING,
    WITHDRAWN,
    ListSummary,
    PickingSummary,
    WaveSummary,
)
from shared.events import Event
from shared.projection import Projection, Projector
from shared.resources import history, views


def show_order(order: PickingSummary, event: Event, at: str) -> PickingSummary:
    """The order's picking after an event."""
    match event:
        case PicksRequested():
            order = _without(order, event.dropped)
            begins = bool(event.picks and not order.waiting)
            return structs.replace(
                order,
                warehouse=event.warehouse,
                status=WITHDRAWN if order.status == WITHDRAWN else WAITING,
                priority=event.priority,
                ship_by=event.ship_by,
                carrier_service=event.carrier_service,
                lines=event.total_lines,
                waiting=(*order.waiting, *(pick.number for pick in event.picks)),
                places=(*order.places, *(pick.visit.place for pick in event.picks)),
                since=at if begins else order.since,
            )
        case PicksAssigned():
            moved = tuple(number for part in event.parts for number in part.picks)
            order = _without(order, moved)
            status = order.status if order.waiting else ASSIGNED
            return structs.replace(order, assigned=(*order.assigned, *moved), status=status)
        case PartNoted():
            return structs.replace(
                order,
                assigned=tuple(one for one in order.assigned if one not in event.closed),
                units_picked=order.units_picked + sum(parcel.units for parcel in event.parcels),
            )
        case PickingWithdrawn(lines=()):
            return structs.replace(order, status=WITHDRAWN, waiting=(), places=())
        case OrderPicked():
            return structs.replace(order, status=PICKED, short=event.short)
        case _:
            return order


def _without(order: PickingSummary, picks: Collection[int]) -> PickingSummary:
    """The order when these picks wait no longer."""
    left = [one for one in order.waits_at if one[0] not in picks]
    waiting, places = tuple(pick for pick, _ in left), tuple(place for _, place in left)
    return structs.replace(order, waiting=waiting, places=places)


def show_list(picklist: ListSummary, event: Event, _at: str) -> ListSummary:
    """The list after an event."""
    match event:
        case PickListCreated():
            return structs.replace(
                picklist,
                wave_id=event.wave_id,
                warehouse=event.warehouse,
                zone=event.zone,
                method=event.method,
                priority=event.priority,
                ship_by=event.ship_by,
                orders=len({position.order_id for position in event.positions}),
                positions=len(event.positions),
                units=sum(position.units for position in event.positions),
                walk_mm=event.walk_mm,
                created_at=event.created_at,
            )
        case PickListClaimed():
            return structs.replace(picklist, status=LIST_CLAIMED, operator=event.operator, until=event.until)
        case PickListReleased():
            return structs.replace(picklist, status=LIST_OPEN, operator="", until="")
        case UnitsPicked():
            return structs.replace(picklist, picked=picklist.picked + event.units)
        case PickShort():
            return structs.replace(picklist, short=picklist.short + event.missing)
        case PickListCompleted():
            return structs.replace(
                picklist, status=LIST_DONE, completed_at=event.completed_at, operator="", until=""
            )
        case _:
            return picklist


def show_wave(wave: WaveSummary, event: Event, _at: str) -> WaveSummary:
    """The wave after an event."""
    match event:
        case WaveRequested():
            return structs.replace(
                wave,
                warehouse=event.criteria.warehouse,
                method=event.criteria.method,
                rule=event.rule,
                requested_at=event.requested_at,
            )
        case WavePlanned():
            return structs.replace(wave, status=PLANNED, walk_mm=event.walk_mm)
        case WaveReleased():
            return structs.replace(wave, status=RELEASED, orders=len(event.orders), lists=len(event.lists))
        case _:
            return wave


def show_rule(rule: Rule, event: Event, _at: str) -> Rule:
    """The rule after an event."""
    return evolve_rule(rule, event)


def _order_index(order: PickingSummary) -> Mapping[str, str]:
    if not order.waiting or order.status == WITHDRAWN:
        return {}
    sort = keys.urgency(order.priority, order.ship_by, order.order_id)
    return {keys.POOL: order.warehouse, keys.URGENCY: sort}


def _order_seen(order: PickingSummary) -> PickingSummary | None:
    """Lists show what waits for a wave; what has become of an order its stream says."""
    return order if _order_index(order) else None


def _list_index(picklist: ListSummary) -> Mapping[str, str]:
    if not picklist.warehouse:
        return {}
    sort = keys.urgency(picklist.priority, picklist.ship_by, picklist.list_id)
    found = {keys.LIST: keys.lists_of(picklist.warehouse, picklist.status), keys.PLACE: sort}
    return found | ({"zone": picklist.zone} if picklist.zone else {})


def _wave_index(wave: WaveSummary) -> Mapping[str, str]:
    found = {keys.LIST: keys.waves_of(wave.warehouse), keys.PLACE: f"{wave.requested_at}#{wave.wave_id}"}
    if wave.status != RELEASED:
        found |= {keys.UNFINISHED: keys.WAVES, keys.SINCE: wave.requested_at}
    return found


def _named(stream_id: str) -> str:
    return stream_id.partition("#")[2]


ORDERS: Projection[PickingSummary] = Projection(
    "PickOrder",
    PickingSummary,
    lambda stream_id: PickingSummary(_named(stream_id)),
    show_order,
    lambda stream_id: (stream_id, "Summary"),
    _order_index,
    seen=_order_seen,
)
LISTS: Projection[ListSummary] = Projection(
    "PickList",
    ListSummary,
    lambda stream_id: ListSummary(_named(stream_id)),
    show_list,
    lambda stream_id: (stream_id, "Summary"),
    _list_index,
)
WAVES: Projection[WaveSummary] = Projection(
    "Wave",
    WaveSummary,
    lambda stream_id: WaveSummary(_named(stream_id)),
    show_wave,
    lambda stream_id: (stream_id, "Summary"),
    _wave_index,
)
WAVE_RULES: Projection[Rule] = Projection(
    "WaveRule",
    Rule,
    lambda _: Rule(),
    show_rule,
    lambda stream_id: (stream_id, "Rule"),
    lambda rule: {keys.LIST: keys.RULES, keys.PLACE: rule.rule},
)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), (ORDERS, LISTS, WAVES, WAVE_RULES))


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the read models."""
    projector().handle(event)
