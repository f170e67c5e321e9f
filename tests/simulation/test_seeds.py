"""Whatever happens, in whatever order: nothing is lost, nothing is done twice, and no unit is promised twice."""

import pytest

from tests.simulation.run import Plan, Report, idle_faults, shrunk, simulate, told

SEEDS = range(1, 111)
REPORTS: dict[int, Report] = {}


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_holds_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed)

    REPORTS[seed] = report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


def test_every_kind_of_fault_has_happened_and_real_work_was_done() -> None:
    reports = [REPORTS.get(seed) or simulate(Plan.of(seed)) for seed in SEEDS]

    assert idle_faults(reports) == []
    assert sum(report.orders for report in reports) > 2_000
    assert sum(report.events for report in reports) > 25_000


def test_a_seed_gives_the_same_run_every_time() -> None:
    first, second = simulate(Plan.of(7)), simulate(Plan.of(7))

    assert (first.events, first.commits, first.invocations, first.faults, first.simulated_s) == (
        second.events,
        second.commits,
        second.invocations,
        second.faults,
        second.simulated_s,
    )
