"""Orders go out of a warehouse while everything else goes wrong: every unit and every cent is accounted for."""

from dataclasses import replace

import pytest

from tests.simulation.planted import Bug
from tests.simulation.planted_outbound import OUTBOUND, SENDING
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan


@pytest.mark.parametrize("seed", range(1, 13))
def test_what_goes_out_is_accounted_for_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=SENDING)

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


@pytest.mark.parametrize("seed", range(1, 4))
def test_what_comes_in_and_what_goes_out_is_accounted_for_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=replace(SENDING, shipments=2))

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


@pytest.mark.parametrize(("bug", "seeds"), [pytest.param(*each, id=each[0].__name__) for each in OUTBOUND])
def test_a_mistake_planted_between_an_order_and_its_customer_is_noticed(bug: Bug, seeds: int) -> None:
    """The runs hold without it: they are those of above."""
    runs = (Plan.of(seed, shape=SENDING) for seed in range(1, seeds + 1))

    assert any(simulate(plan, bug, tracing=False).violation for plan in runs)
