"""Orders go out of a warehouse while everything else goes wrong: every unit and every cent is accounted for."""

import pytest

from tests.simulation.people import Shape
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan

SENDING = Shape(products=1, locations=1, orders=0, minutes=90, burst=30, outbound=8)


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_goes_out_is_accounted_for_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=SENDING)

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))
