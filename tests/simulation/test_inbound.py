"""Goods come in, are inspected, recalled, moved, put away, while everything else goes wrong: nothing is lost."""

import pytest

from tests.simulation.planted_inbound import WAREHOUSE
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan


@pytest.mark.parametrize("seed", range(1, 7))
def test_what_comes_in_is_conserved_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=WAREHOUSE)

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))
