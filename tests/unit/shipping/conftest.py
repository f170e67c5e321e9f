"""A shipping desk with trucks of its own, in this process."""

from collections.abc import Iterator

import pytest

from tests.support.clocks import MovableClock, movable_clock
from tests.support.landscape import landscape
from tests.unit.shipping.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with landscape() as system:
        yield Desk(system)


@pytest.fixture
def time() -> Iterator[MovableClock]:
    with movable_clock() as moved:
        yield moved
