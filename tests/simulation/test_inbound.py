"""Goods come in, are inspected, recalled, moved, put away, while everything else goes wrong: nothing is lost."""

import pytest

from tests.simulation.people import Shape
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan

DOCK = Shape(products=1, locations=1, orders=6, minutes=15, burst=30, shipments=3)


@pytest.mark.parametrize("seed", range(1, 7))
def test_what_comes_in_is_conserved_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=DOCK)

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))
