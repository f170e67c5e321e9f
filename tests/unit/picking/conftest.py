"""A warehouse floor with a few products and places, in this process."""

from collections.abc import Iterator

import pytest

from tests.simulation.dynamodb import Database
from tests.support.clocks import movable_clock
from tests.support.landscape import landscape
from tests.unit.picking.floor import Floor


@pytest.fixture
def floor() -> Iterator[Floor]:
    with landscape(database=Database()) as system, movable_clock() as clock:
        yield Floor(system, clock)
