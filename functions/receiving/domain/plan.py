"""Inspection plans: whose goods are inspected, and how strictly. A plan's id says what it is for."""

from collections.abc import Sequence

from msgspec import Struct, structs

from receiving.contracts import PlanId
from receiving.domain.sampling import Aql
from shared.events import Event, EventCatalog


class PlanDescribed(Event, frozen=True):
    """Goods are inspected by this plan from now on, or, when it is not `active`, no longer."""

    plan_id: PlanId
    aql: Aql
    reduced_allowed: bool = True
    active: bool = True


CATALOG = EventCatalog("receiving", (PlanDescribed,))


class Plan(Struct, frozen=True):
    """An inspection plan; an empty `plan_id` means: there is none."""

    plan_id: str = ""
    aql: str = ""
    reduced_allowed: bool = True
    active: bool = True


class DescribePlan(Struct, frozen=True):
    """Make the plan, or change it."""

    plan_id: PlanId
    aql: Aql
    reduced_allowed: bool = True
    active: bool = True


def decide(command: DescribePlan, plan: Plan) -> Sequence[Event]:
    """The event that makes the plan what `command` says; nothing when it is so already."""
    described = structs.asdict(command)
    return [] if described == structs.asdict(plan) else [PlanDescribed(**described)]


def evolve(_plan: Plan, event: PlanDescribed) -> Plan:
    """The plan after `event`."""
    return Plan(**structs.asdict(event))
