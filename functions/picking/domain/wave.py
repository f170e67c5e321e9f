"""Waves and the rules that ask for them, pure.

A wave is asked for, planned, and released once all of its lists are made. What it plans is recorded before the
first order is touched: whoever dies on the way, the next one goes on with the same plan.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct, structs

from picking.contracts import Criteria, ListId, WaveId, WaveReleased, WaveRequested
from shared.events import Event
from shared.identifiers import OrderId, Timestamp, WarehouseCode
from shared.quantity import Units
from shared.rejection import Unprocessable

REQUESTED, PLANNED, RELEASED = "requested", "planned", "released"
WAVE_STATUSES = (REQUESTED, PLANNED, RELEASED)


class PlannedOrder(Struct, frozen=True):
    """Picks of an order that are to be on a list, by number; `slot` is the order's tote."""

    order_id: OrderId
    slot: int
    picks: tuple[int, ...]


class PlannedList(Struct, frozen=True):
    """A list that is to be made."""

    list_id: ListId
    zone: str
    orders: tuple[PlannedOrder, ...]


class WavePlanned(Event, frozen=True):
    """Which lists the wave will have. `walk_mm` is what pickers will walk, `planned_at` when that was decided."""

    wave_id: WaveId
    lists: tuple[PlannedList, ...]
    walk_mm: Units
    planned_at: Timestamp


class TimeOfDay(Struct, frozen=True, forbid_unknown_fields=True):
    """A time on each day, as clocks show it there."""

    time: Annotated[
        str,
        Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Hours and minutes.", examples=["16:00"]),
    ]
    time_zone: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
            max_length=60,
            description="A name of the IANA time zone database.",
            examples=["Europe/Berlin"],
        ),
    ]


class RuleDescribed(Event, frozen=True):
    """A rule asks for a wave once enough orders wait, or the first of them has waited long enough.

    `cut_off` says until when they are to leave today; the criteria's own was said by rules of former times.
    """

    rule: str
    criteria: Criteria
    min_orders: int
    max_wait_minutes: int
    active: bool = True
    cut_off: TimeOfDay | None = None


EVENTS: tuple[type[Event], ...] = (WavePlanned, RuleDescribed)


class Wave(Struct, frozen=True):
    """A wave; an empty `wave_id` means: there is none."""

    wave_id: str = ""
    criteria: Criteria | None = None
    rule: str | None = None
    requested_at: str = ""
    status: str = ""
    planned: tuple[PlannedList, ...] = ()
    walk_mm: int = 0
    orders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


class RequestWave(Struct, frozen=True):
    """Release orders that meet the criteria."""

    wave_id: str
    criteria: Criteria
    at: Timestamp
    rule: str | None = None


class PlanWave(Struct, frozen=True):
    """Record what the wave's lists will be."""

    lists: tuple[PlannedList, ...]
    walk_mm: int
    at: Timestamp


class ReleaseWave(Struct, frozen=True):
    """All lists are made: these, with these orders."""

    warehouse: WarehouseCode
    orders: tuple[str, ...]
    lists: tuple[str, ...]


Command = RequestWave | PlanWave | ReleaseWave


def decide(command: Command, wave: Wave) -> Sequence[Event]:
    """The events that `command` leads to: each step of a wave happens once."""
    match command:
        case RequestWave():
            if wave.wave_id:
                return []
            return [
                WaveRequested(
                    wave_id=command.wave_id,
                    criteria=command.criteria,
                    requested_at=command.at,
                    rule=command.rule,
                )
            ]
        case PlanWave():
            if wave.status != REQUESTED:
                return []
            return [
                WavePlanned(
                    wave_id=wave.wave_id, lists=command.lists, walk_mm=command.walk_mm, planned_at=command.at
                )
            ]
        case ReleaseWave():
            if wave.status != PLANNED:
                return []
            return [
                WaveReleased(
                    wave_id=wave.wave_id,
                    warehouse=command.warehouse,
                    orders=command.orders,
                    lists=command.lists,
                )
            ]


def evolve(wave: Wave, event: Event) -> Wave:
    """The wave after `event`."""
    match event:
        case WaveRequested():
            return Wave(event.wave_id, event.criteria, event.rule, event.requested_at, REQUESTED)
        case WavePlanned():
            return structs.replace(wave, planned=event.lists, walk_mm=event.walk_mm, status=PLANNED)
        case WaveReleased():
            return structs.replace(wave, orders=event.orders, lists=event.lists, status=RELEASED)
        case _:
            return wave


class Rule(Struct, frozen=True):
    """A rule; an empty `rule` means: there is none."""

    rule: str = ""
    criteria: Criteria | None = None
    min_orders: int = 1
    max_wait_minutes: int = 0
    active: bool = True
    cut_off: TimeOfDay | None = None


class DescribeRule(Struct, frozen=True):
    """Make a rule, or change it."""

    rule: str
    criteria: Criteria
    min_orders: int
    max_wait_minutes: int
    active: bool
    cut_off: TimeOfDay | None = None


def decide_rule(command: DescribeRule, rule: Rule) -> Sequence[Event]:
    """A description that says nothing new changes nothing. Raises Unprocessable where enough never wait."""
    most = command.criteria.max_orders
    if command.min_orders > most:
        raise Unprocessable(
            f"A wave takes {most} orders at the most: {command.min_orders} never come together.",
            field="min_orders",
            value=command.min_orders,
            remedy="Ask for max_orders or fewer, or allow a wave more.",
            code="never-enough",
        )
    described = RuleDescribed(**structs.asdict(command))
    return [] if evolve_rule(rule, described) == rule else [described]


def evolve_rule(rule: Rule, event: Event) -> Rule:
    """The rule after `event`."""
    return Rule(**structs.asdict(event)) if isinstance(event, RuleDescribed) else rule
