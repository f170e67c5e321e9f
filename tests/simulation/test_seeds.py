"""Whatever happens, in whatever order: nothing is lost, nothing is done twice, and no unit is promised twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.run import Report, idle_faults, shrunk, simulate, told
from tests.simulation.strategies import Plan

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 46)
REPORTS: dict[int, Report] = {}


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_holds_in_the_run_of_seed(seed: int) -> None:
    plan = Plan.of(seed)

    REPORTS[seed] = report = simulate(plan)

    assert report.violation is None, told(*shrunk(plan, report))


def test_every_kind_of_fault_has_happened_and_real_work_was_done() -> None:
    reports = [REPORTS.get(seed) or simulate(Plan.of(seed)) for seed in SEEDS]

    assert idle_faults(reports) == []
    assert sum(report.orders for report in reports) > 800
    assert sum(report.events for report in reports) > 12_000


@pytest.mark.parametrize("seed", [7, 19])
def test_a_seed_gives_the_same_run_in_every_process(seed: int) -> None:
    code = f"from tests.simulation.run import *; print(simulate(Plan.of({seed})).fingerprint)"

    found = {_output_of(code, hash_seed) for hash_seed in ("1", "2")}

    assert found == {simulate(Plan.of(seed)).fingerprint}


def _output_of(code: str, hash_seed: str) -> str:
    """What `code` prints in a process of its own, whose strings have other hashes."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
