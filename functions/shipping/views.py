"""Shipping's read models: its carriers."""

from functools import cache
from typing import Any

from shared.events import Event
from shared.projection import Projection, Projector
from shared.resources import history, views
from shipping.aggregates import CARRIER, CATALOG
from shipping.domain.carrier import Carrier, evolve

CARRIERS = ("Carriers", "Carrier#")
"""Where carriers are listed: the partition, and what their sort keys begin with."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of the service's commits."""
    projector().handle(event)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), (CARRIER_VIEW,))


def _show_carrier(carrier: Carrier, event: Event, _at: str) -> Carrier:
    shown: Any = event
    return evolve(carrier, shown)


CARRIER_VIEW: Projection[Carrier] = Projection(
    CARRIER.category,
    Carrier,
    lambda _: Carrier(),
    _show_carrier,
    lambda stream_id: (CARRIERS[0], stream_id),
)
