"""A receiving dock with a few products and places, in this process."""

from collections.abc import Iterator

import pytest

from tests.support.landscape import landscape
from tests.unit.receiving.dock import Dock


@pytest.fixture
def dock() -> Iterator[Dock]:
    with landscape() as system:
        yield Dock(system)
