"""What lists show of orders that are picked, of pick lists and of waves."""

from msgspec import Struct

from picking.domain.pick_list import LIST_OPEN
from picking.domain.wave import REQUESTED

WAITING, ASSIGNED, PICKED, WITHDRAWN = "waiting", "assigned", "picked", "withdrawn"


class PickingSummary(Struct, frozen=True, omit_defaults=True):
    """An order's picking in a list. `waiting` are its picks on no list, `assigned` those that lists have."""

    order_id: str
    warehouse: str = ""
    status: str = WAITING
    priority: int = 0
    ship_by: str | None = None
    carrier_service: str | None = None
    lines: int = 0
    waiting: tuple[int, ...] = ()
    assigned: tuple[int, ...] = ()
    units_picked: int = 0
    short: tuple[str, ...] = ()
    since: str = ""


class ListSummary(Struct, frozen=True, omit_defaults=True):
    """A pick list in a list. `operator` has it until `until`, unless that is over."""

    list_id: str
    wave_id: str = ""
    warehouse: str = ""
    zone: str = ""
    method: str = ""
    status: str = LIST_OPEN
    priority: int = 0
    ship_by: str | None = None
    orders: int = 0
    positions: int = 0
    units: int = 0
    picked: int = 0
    short: int = 0
    walk_mm: int = 0
    operator: str = ""
    until: str = ""
    created_at: str = ""
    completed_at: str = ""


class WaveSummary(Struct, frozen=True, omit_defaults=True):
    """A wave in a list: how it was asked for, and what became of it."""

    wave_id: str
    warehouse: str = ""
    method: str = ""
    status: str = REQUESTED
    rule: str | None = None
    requested_at: str = ""
    walk_mm: int = 0
    orders: int = 0
    lists: int = 0
