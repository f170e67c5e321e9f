"""Fitness: what must not reach a customer though it was set aside: expired goods, and those of recalled lots."""

from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct

from shared.identifiers import CalendarDate

BlockedLots = Mapping[tuple[str, str], str]
"""Why lots are recalled, by SKU and lot number."""


class Goods(Protocol):
    """Units of one product, of one lot and expiry where it is tracked by them."""

    @property
    def lot(self) -> str | None: ...
    @property
    def expires_on(self) -> str | None: ...


class Fault(Struct, frozen=True):
    """Why goods may not leave: `code` for scanners, `message` for people."""

    code: Literal["expired", "lot-blocked"]
    message: str


def fault_of(sku: str, goods: Goods, blocked: BlockedLots, today: CalendarDate) -> Fault | None:
    """What is wrong with goods on that day (UTC), or None. On the day that they expire on they may still leave."""
    if goods.expires_on is not None and goods.expires_on < today:
        return Fault("expired", f"{sku} that expires on {goods.expires_on} has expired.")
    reason = blocked.get((sku, goods.lot)) if goods.lot is not None else None
    if reason is not None:
        return Fault("lot-blocked", f"Lot {goods.lot} of {sku} is recalled: {reason}.")
    return None
