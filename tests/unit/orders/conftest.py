"""The orders service: shared by a module's tests where they keep apart by themselves, else one for each test."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from payments import providers
from tests.support.clocks import MovableClock, movable_clock
from tests.support.landscape import landscape
from tests.unit.orders.counter import Counter


@pytest.fixture(scope="module")
def counter() -> Iterator[Counter]:
    """Here more providers fail to answer in a minute than in a day: their circuit never opens."""
    with (
        patch.object(providers, "SANDBOX", replace(providers.SANDBOX, failures=1_000_000)),
        landscape() as deployed,
    ):
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
