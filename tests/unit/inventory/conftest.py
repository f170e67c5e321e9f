"""Inventory's Lambdas, deployed once per test module: every test uses products and places of its own."""

from collections.abc import Iterator

import pytest

from tests.support.landscape import landscape
from tests.unit.inventory.stockroom import Stockroom


@pytest.fixture(scope="module")
def room() -> Iterator[Stockroom]:
    with landscape() as deployed:
        yield Stockroom(deployed)
