"""The simulation is worth what it notices: every mistake planted into the code is found within a few seeds."""

import pytest

from tests.simulation.faults import Weather
from tests.simulation.people import Shape
from tests.simulation.planted import FOUND, NOTICED, Bug, saga_without_compensation
from tests.simulation.planted_inbound import BAD_POST, INBOUND, WAREHOUSE
from tests.simulation.run import shrunk, simulate, told
from tests.simulation.strategies import Plan


@pytest.mark.parametrize(("bug", "seeds"), [pytest.param(*each, id=each[0].__name__) for each in NOTICED])
def test_a_planted_bug_is_noticed(bug: Bug, seeds: int) -> None:
    assert any(simulate(Plan.of(seed), bug, tracing=False).violation for seed in range(1, seeds + 1))


@pytest.mark.parametrize(
    ("bug", "shape", "weather", "seeds"), [pytest.param(*each, id=each[0].__name__) for each in FOUND]
)
def test_what_a_run_has_found_once_is_found_again_and_mended(
    bug: Bug, shape: Shape, weather: Weather, seeds: int
) -> None:
    runs = [Plan.of(seed, weather, shape) for seed in range(1, seeds + 1)]

    found = next(plan for plan in runs if simulate(plan, bug, tracing=False).violation)

    assert simulate(found, tracing=False).violation is None


@pytest.mark.parametrize(("bug", "seeds"), [pytest.param(*each, id=each[0].__name__) for each in INBOUND])
def test_a_mistake_planted_into_the_warehouse_is_noticed_and_the_run_holds_without_it(
    bug: Bug, seeds: int
) -> None:
    runs = [Plan.of(seed, BAD_POST, WAREHOUSE) for seed in range(1, seeds + 1)]

    noticed = next(plan for plan in runs if simulate(plan, bug, tracing=False).violation)

    assert simulate(noticed, tracing=False).violation is None


def test_a_violation_is_told_with_a_short_population_its_trace_and_how_to_see_it_again() -> None:
    plan = Plan.of(1, shape=Shape(products=2, locations=1, orders=10, minutes=2, burst=0))
    report = simulate(plan, saga_without_compensation)

    short, shown = shrunk(plan, report, bug=saga_without_compensation)
    text = told(short, shown)

    assert len(short.actions) <= 8 < len(plan.actions)
    assert "VIOLATION with seed 1: an order goes on that should be cancelled" in text
    assert "OrderPlaced" in text
    assert "make simulate SEED=1" in text
