"""`python -m tests.simulation --seeds 200`: many runs and their summary; `--seed 123`: one run, told in full."""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from time import monotonic

from tests.simulation.people import Shape
from tests.simulation.planted_outbound import SENDING
from tests.simulation.run import Report, idle_faults, shrunk, simulate, summary, told
from tests.simulation.strategies import Plan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for. Answers 0 when nothing was violated and every kind of fault has happened."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many runs")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="one run instead, with everything that happened when it fails")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8), help="how many at once")
    parser.add_argument("--outbound", type=int, default=0, help="send so many orders, and do little else")
    parser.add_argument("--scarce", action="store_true", help="with too little of what is ordered")
    parser.add_argument("--perishable", action="store_true", help="with goods that expire on their way out")
    parser.add_argument("--attempts", type=int, default=400, help="how many runs to look for a shorter trace")
    chosen = parser.parse_args(arguments)
    shape = None
    if chosen.outbound or chosen.scarce or chosen.perishable:
        orders = chosen.outbound or SENDING.outbound
        shape = replace(SENDING, outbound=orders, scarce=chosen.scarce, perishable=chosen.perishable)
    if chosen.seed is not None:
        return _one(chosen.seed, shape, chosen.attempts)
    started = monotonic()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    with ProcessPoolExecutor(chosen.jobs) as workers:
        reports = list(workers.map(partial(_quiet, shape), seeds, chunksize=5))
    print(summary(reports))
    print(f"{'seconds':32} {monotonic() - started:>12.0f}")
    failed = [report for report in reports if report.violation is not None]
    for report in failed[:20]:
        print(f"seed {report.seed}: {report.violation}")
    if failed:
        _one(failed[0].seed, shape, chosen.attempts)
    if missing := idle_faults(reports):
        print(f"never happened, so nothing is proved about it: {', '.join(missing)}")
    return 1 if failed or missing else 0


def _quiet(shape: Shape | None, seed: int) -> Report:
    return simulate(Plan.of(seed, shape=shape), tracing=False)


def _one(seed: int, shape: Shape | None, attempts: int) -> int:
    plan = Plan.of(seed, shape=shape)
    report = simulate(plan)
    print(summary([report]))
    print(f"{'fingerprint':32} {report.fingerprint[:12]:>12}")
    if report.violation is None:
        print(f"seed {seed}: everything holds")
        return 0
    print(told(*shrunk(plan, report, attempts)))
    return 1


if __name__ == "__main__":
    sys.exit(main())
