"""What lists show of orders that are picked, of pick lists and of waves."""

from itertools import zip_longest

from msgspec import Struct

from picking.domain.pick_list import LIST_OPEN
from picking.domain.wave import REQUESTED

WAITING, ASSIGNED, PICKED, WITHDRAWN = "waiting", "assigned", "picked", "withdrawn"


class PickingSummary(Struct, frozen=True, omit_defaults=True):
    """An order's picking in a list.

    `waiting` are its picks on no list, at these `places` and since then, `assigned` those that lists have. `lines`
    are all that the order has.
    """

    order_id: str
    warehouse: str = ""
    status: str = WAITING
    priority: int = 0
    ship_by: str | None = None
    carrier_service: str | None = None
    lines: int = 0
    waiting: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    assigned: tuple[int, ...] = ()
    units_picked: int = 0
    short: tuple[str, ...] = ()
    since: str = ""

    @property
    def waits_at(self) -> list[tuple[int, str]]:
        """The picks that wait, each with its place; that is empty where none was noted yet."""
        return list(zip_longest(self.waiting, self.places, fillvalue=""))  # type: ignore[arg-type]

    @property
    def total_lines(self) -> int:
        """As the order itself calls its lines."""
        return self.lines


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
