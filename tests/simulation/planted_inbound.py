"""Mistakes of warehouses, to be planted into the code: the simulation must notice each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from msgspec import structs

from inventory import arrivals, ground, put_away, recalls, upkeep
from inventory.domain import holding, movement, order_allocation, room, stock
from tests.simulation import faults as f
from tests.simulation.faults import Weather
from tests.simulation.people import Shape
from tests.simulation.planted import Bug

NEVER = SimpleNamespace(has=lambda *_: False)


@contextmanager
def room_not_counted() -> Iterator[None]:
    """Places take whatever is brought."""
    with patch.object(room, "_require_less", lambda *_: None):
        yield


@contextmanager
def mixing_not_minded() -> Iterator[None]:
    """Products and lots lie together where they must not."""
    with patch.object(room, "_require_mixing", lambda *_: None):
        yield


@contextmanager
def arrivals_not_recognized() -> Iterator[None]:
    """Goods that have arrived arrive once more when the message comes again."""
    with patch.object(movement, "numbers", NEVER):
        yield


@contextmanager
def inspections_reach_nobody() -> Iterator[None]:
    """What an inspection has decided stays on paper."""
    with patch.object(arrivals, "inspect", lambda *_: None):
        yield


@contextmanager
def recalls_reach_nobody() -> Iterator[None]:
    """A lot is blocked, and whoever has some of it goes on selling it."""
    with (
        patch.object(recalls, "withdraw", lambda *_: False),
        patch.object(upkeep, "withdraw", lambda *_: False),
    ):
        yield


@contextmanager
def quarantine_counts_as_supply() -> Iterator[None]:
    """What came in can be promised, whatever its status."""

    def careless(books: Any, warehouse: str, changes: Any) -> Any:
        sellable = [(structs.replace(goods, status="available"), sign) for goods, sign in changes]
        return holding.changed_supply(books, warehouse, sellable)

    with patch.object(stock, "changed_supply", careless):
        yield


@contextmanager
def cancelled_lines_keep_their_units() -> Iterator[None]:
    """What is set aside for an order that is given up stays set aside."""
    with patch.object(order_allocation, "_withdrawing", lambda *_: []):
        yield


@contextmanager
def digits_not_compared() -> Iterator[None]:
    """A put-away is confirmed whatever digits were read."""
    with patch.object(put_away, "_scanned", lambda body: ground.location_of(body.location)):
        yield


WAREHOUSE = Shape(products=1, locations=1, orders=6, minutes=15, burst=30, shipments=3)
BAD_POST = Weather(frozenset({f.DUPLICATE, f.DELAY, f.REORDER, f.REPEAT}), 5.0)

INBOUND: tuple[tuple[Bug, int], ...] = (
    (room_not_counted, 6),
    (mixing_not_minded, 10),
    (arrivals_not_recognized, 4),
    (quarantine_counts_as_supply, 4),
    (inspections_reach_nobody, 4),
    (recalls_reach_nobody, 20),
    (cancelled_lines_keep_their_units, 20),
    (digits_not_compared, 8),
)
"""Each mistake, and within how many runs of the warehouse in bad weather it has to be noticed at the latest."""
