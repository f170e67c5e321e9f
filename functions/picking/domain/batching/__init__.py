"""Which orders are picked together, which source serves which position, and on which list it stands."""

from picking.domain.batching.model import (
    Article,
    Batch,
    Instance,
    LeftOut,
    Limits,
    OrderToPick,
    Pick,
    PickList,
    Plan,
    Position,
    Source,
)
from picking.domain.batching.solve import Spent, first_plan, solve, steps

__all__ = [
    "Article",
    "Batch",
    "Instance",
    "LeftOut",
    "Limits",
    "OrderToPick",
    "Pick",
    "PickList",
    "Plan",
    "Position",
    "Source",
    "Spent",
    "first_plan",
    "solve",
    "steps",
]
