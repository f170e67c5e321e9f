"""The orders service: shared by a module's tests where they keep apart by themselves, else one for each test."""

from collections.abc import Iterator

import pytest

from tests.support.clocks import MovableClock, movable_clock
from tests.support.landscape import landscape
from tests.unit.orders.counter import Counter


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    with landscape() as deployed:
        yield Counter(deployed)


@pytest.fixture
def new_counter() -> Iterator[Counter]:
    """Nobody has ordered anything here."""
    with landscape() as deployed:
        yield Counter(deployed)


@pytest.fixture
def time() -> Iterator[MovableClock]:
    with movable_clock() as moved:
        yield moved
