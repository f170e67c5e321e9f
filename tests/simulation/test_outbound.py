"""Orders go out of a warehouse while everything else goes wrong: every unit and every cent is accounted for."""

from dataclasses import replace

import pytest

from tests.simulation.people import Shape
from tests.simulation.planted import Bug
from tests.simulation.planted_outbound import EXPIRING, OUTBOUND, PERISHABLE, SCARCE, SENDING
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan


@pytest.mark.parametrize(
    ("shape", "seed"),
    [
        *(pytest.param(SENDING, seed, id=f"{seed}") for seed in range(1, 9)),
        *(pytest.param(SCARCE, seed, id=f"scarce-{seed}") for seed in (1, 2)),
        *(pytest.param(PERISHABLE, seed, id=f"perishable-{seed}") for seed in (2, 8)),
    ],
)
def test_what_goes_out_is_accounted_for_in_the_run_of_seed(shape: Shape, seed: int) -> None:
    plan = Plan.of(seed, shape=shape)

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


@pytest.mark.parametrize("seed", range(1, 4))
def test_what_comes_in_and_what_goes_out_is_accounted_for_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed, shape=replace(SENDING, shipments=2))

    report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


PLANTED = [
    pytest.param(bug, seeds, shape, id=bug.__name__)
    for shape, bugs in ((SENDING, OUTBOUND), (PERISHABLE, EXPIRING))
    for bug, seeds in bugs
]


@pytest.mark.parametrize(("bug", "seeds", "shape"), PLANTED)
def test_a_mistake_planted_between_an_order_and_its_customer_is_noticed(
    bug: Bug, seeds: int, shape: Shape
) -> None:
    """The runs hold without it: they are those of above."""
    runs = (Plan.of(seed, shape=shape) for seed in range(1, seeds + 1))

    assert any(simulate(plan, bug, tracing=False).violation for plan in runs)
