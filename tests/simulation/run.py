"""One run from one seed, and what became of it; a smaller run that fails in the same way, when it failed."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

from infra.app import SYSTEM
from infra.declaration import Grant, System
from orders.domain.states import PAYMENT_TIME
from tests.simulation import faults as f
from tests.simulation.cloud import Cloud, Result
from tests.simulation.faults import Faults
from tests.simulation.invariants import Watch, deciders
from tests.simulation.lateshift import LateShift
from tests.simulation.outbound import CARRIERS, DISTANT, HOME, SOLD, SOUTH
from tests.simulation.paperwork import Paperwork
from tests.simulation.population import HOUR, MINUTE, Population
from tests.simulation.processes import installed, small_limits
from tests.simulation.putwork import NightShift
from tests.simulation.roadwork import DescribeAccount
from tests.simulation.scheduler import Restless, Scheduler
from tests.simulation.strategies import Plan
from tests.simulation.violation import Violation

SWEEPS_AFTERWARDS = 6
MOST_SHIFTS = 8
DAY = 24 * HOUR


@dataclass
class Report:
    """What a run was made of, and what it broke (None: nothing)."""

    seed: int
    orders: int = 0
    commits: int = 0
    events: int = 0
    invocations: int = 0
    simulated_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    violation: Violation | None = None
    trace: list[tuple[float, str]] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The same for two runs in which the same happened at the same time, as far as the trace was kept."""
        counts = (self.orders, self.commits, self.events, self.invocations, self.simulated_s)
        return sha256(repr((counts, sorted(self.faults.items()), self.trace)).encode()).hexdigest()


class Simulation:
    """A cloud with a population, run to the end."""

    def __init__(self, plan: Plan, system: System = SYSTEM, *, tracing: bool = True) -> None:
        self.plan = plan
        self.faults = Faults(Random(f"faults {plan.seed}"), plan.weather.enabled, plan.weather.weight)
        self.scheduler = Scheduler()
        self.cloud = Cloud(system, self.scheduler, Random(f"cloud {plan.seed}"), self.faults, tracing=tracing)
        self.population = Population(self.cloud, plan.actions)
        self.paperwork = Paperwork()
        self._ticking = True
        self.watch: Watch | None = None

    def run(self) -> Report:
        """Everything from the first request to the last check."""
        report = Report(self.plan.seed)
        with ExitStack() as process:
            process.enter_context(installed(self.cloud, Random(f"ids {self.plan.seed}")))
            known = deciders(_modules(self.cloud.system))
            if self.plan.shape.small_limits:
                process.enter_context(small_limits(known.values()))
            self.watch = self.cloud.witness = Watch(known, _public(self.cloud.system))
            self.watch.tally = self.population.tally
            self.watch.noticed = self.population.noticed
            self.population.standing = self.watch.standing
            self.population.progress = self.watch.progress
            self.population.held_up = self.watch.held_up
            try:
                self._live()
                self.watch.at_rest(self.cloud, self.population.tally)
                if self.plan.shape.shipments:
                    self.paperwork.check(self.watch.states, self.population.tally.book)
            except (Violation, Restless) as error:
                report.violation = error if isinstance(error, Violation) else Violation("no rest", error)
        report.orders = len(self.population.tally.orders)
        report.commits = sum(map(len, self.watch.commits.values()))
        report.events = self.watch.events
        report.invocations = self.cloud.invocations
        report.simulated_s = self.scheduler.seconds
        report.faults = self.faults.counts
        report.trace = list(self.cloud.trace)
        return report

    def _live(self) -> None:
        """Traffic with faults, then the faults end, people look after what was parked, and time goes on."""
        scheduler = self.scheduler
        self.population.arrive()
        self._tick()
        scheduler.run(until=self.plan.shape.minutes * MINUTE + self.faults.chance.choice((1, 30, 300)) * MINUTE)
        self.faults.active = self._ticking = False
        for reader in self.cloud.readers:
            reader.resumes_at = min(reader.resumes_at, scheduler.seconds)
            reader.look(0)
        scheduler.run()
        self._look_after()
        for _ in range(SWEEPS_AFTERWARDS):
            self._sweep_later(HOUR + MINUTE)
        for patience in (PAYMENT_TIME.total_seconds() + DAY, HOUR):
            self._sweep_later(patience)
        if self.plan.shape.months:
            self._sweep_later(8 * DAY)
            self._sweep_later(31 * DAY)
            self._sweep_later(HOUR)
        self._look_after()
        if self.plan.shape.outbound:
            self._finish()
        if self.plan.shape.shipments:
            self._work_through_the_night("MAIN", "NORTH", named="night")
        self.scheduler.spawn(self.population.page_through)
        if self.plan.shape.shipments:
            self.scheduler.spawn(partial(self.paperwork.read, self.population))
        self.scheduler.run()

    def _finish(self) -> None:
        """What can leave leaves; what was given up is brought back, and others get it, until nothing moves."""
        for number in range(MOST_SHIFTS):
            distant = DescribeAccount(0.0, f"late-{number}-distant", SOUTH, DISTANT, SOLD, HOME)
            shift = LateShift(0.0, f"late-{number}", SOUTH, CARRIERS, distant, HOME, number == 0)
            self.scheduler.spawn(partial(shift.act, self.population))
            self.scheduler.run()
            evening = self.population.progress(SOUTH)
            self._work_through_the_night(SOUTH, named=f"night-south-{number}")
            if number and self.population.progress(SOUTH) == evening:
                return
        self.population.tally.contradictions.append(f"orders still move after {MOST_SHIFTS} late shifts")

    def _work_through_the_night(self, *warehouses: str, named: str) -> None:
        """Whatever still stands at the dock is brought away, and what follows from that has its time."""
        self.scheduler.spawn(partial(NightShift(0.0, named, warehouses).act, self.population))
        self.scheduler.run()
        for _ in range(SWEEPS_AFTERWARDS):
            self._sweep_later(10 * MINUTE)

    def _look_after(self) -> None:
        """What operators do when the alarms have rung: redrive dead letters, replay what readers gave up on."""
        if sum(queue.redrive() for queue in self.cloud.queues.values()):
            self.scheduler.run()
        for reader in self.cloud.readers:
            if reader.parked:
                reader.parked.clear()
                again = partial(self.population.replay, reader.service.name, reader.capability.name)
                self.scheduler.spawn(again)
        self.scheduler.run()

    def _sweep_later(self, seconds: float) -> None:
        self.scheduler.run(until=self.scheduler.seconds + seconds)
        self._sweep()
        self.scheduler.run()

    def _tick(self) -> None:
        """The schedules, each as often as the map says."""
        if self._ticking:
            self._sweep(round(self.scheduler.seconds / MINUTE))
            self.scheduler.after(MINUTE, self._tick)

    def _sweep(self, minute: int = 0) -> None:
        for service in self.cloud.system.services:
            for capability in service.capabilities:
                if capability.every_minutes is not None and minute % capability.every_minutes == 0:
                    self.cloud.invoke(service, capability, {}, _ignored)


def simulate(
    plan: Plan, bug: Callable[[], AbstractContextManager[Any]] = nullcontext, *, tracing: bool = True
) -> Report:
    """Run `plan`, with a bug planted into the code when there is one to try."""
    with bug():
        return Simulation(plan, tracing=tracing).run()


def shrunk(plan: Plan, failed: Report, runs: int = 400, bug: Any = nullcontext) -> tuple[Plan, Report]:
    """A plan with fewer actions and kinds of faults that breaks the same rule: the smallest that `runs` find."""
    left = runs
    rule = failed.violation.rule if failed.violation else ""
    best, report = plan, failed

    def attempt(candidate: Plan) -> None:
        nonlocal best, report, left
        if left:
            left -= 1
            found = simulate(candidate, bug)
            if found.violation is not None and found.violation.rule == rule:
                best, report = candidate, found

    attempt(replace(best, weather=replace(best.weather, enabled=frozenset())))
    for _ in range(2):
        size = len(best.actions) // 2
        while size:
            for end in range(len(best.actions), 0, -size):
                attempt(replace(best, actions=best.actions[: max(0, end - size)] + best.actions[end:]))
            size //= 2
        for kind in f.KINDS:
            if kind in best.weather.enabled and report.faults[kind]:
                attempt(replace(best, weather=best.weather.without(kind)))
    return best, report


def told(plan: Plan, report: Report, lines: int = 60) -> str:
    """The violation, the plan that leads to it, what happened, and how to see it again."""
    violation = report.violation
    about = [part for part in (violation.about if violation else ()) if len(part) > 7]
    keys = {part.partition("@")[0].partition(" ")[0] for part in about}
    concerned = [line for line in report.trace if any(key in line[1] for key in keys)]
    shown = (concerned if len(concerned) > 5 else report.trace)[-lines:]
    return "\n".join(
        (
            f"VIOLATION with seed {plan.seed}: {violation}",
            f"shortest population found ({len(plan.actions)} actions):",
            *(f"  {action}" for action in plan.actions[:40]),
            f"faults needed: {', '.join(sorted(plan.weather.enabled & set(report.faults))) or 'none'}",
            f"what happened (the last {len(shown)} lines that concern it):",
            *(f"  {seconds:12.3f}s {line[:300]}" for seconds, line in shown),
            f"see it again: make simulate SEED={plan.seed}"
            + (f" OUTBOUND={plan.shape.outbound}" if plan.shape.outbound else "")
            + (" SCARCE=1" if plan.shape.scarce else "")
            + (" PERISHABLE=1" if plan.shape.perishable else ""),
        )
    )


def summary(reports: Sequence[Report], kinds: Sequence[str] = f.KINDS) -> str:
    """What the runs were made of: a run without faults cannot pass for one."""
    faults: Counter[str] = Counter()
    for report in reports:
        faults.update(report.faults)
    totals = {
        "seeds": len(reports),
        "orders": sum(report.orders for report in reports),
        "commits": sum(report.commits for report in reports),
        "events": sum(report.events for report in reports),
        "invocations": sum(report.invocations for report in reports),
        "simulated days": round(sum(report.simulated_s for report in reports) / DAY, 1),
        "violations": sum(report.violation is not None for report in reports),
    }
    lines = [f"{name:32} {value:>12,}" for name, value in totals.items()]
    return "\n".join([*lines, "faults:", *(f"  {kind:30} {faults[kind]:>12,}" for kind in kinds)])


def idle_faults(reports: Sequence[Report]) -> list[str]:
    """The kinds of faults that have not happened in any of the runs."""
    return [kind for kind in f.KINDS if not any(report.faults[kind] for report in reports)]


def _ignored(_: Result) -> None:
    """The next tick is the retry."""


def _modules(system: System) -> dict[str, Any]:
    names = tuple(f"{service.name}." for service in system.services)
    return {name: module for name, module in sys.modules.items() if name.startswith(names)}


def _public(system: System) -> dict[str, frozenset[str]]:
    """The published event types of each service that has an outbox."""
    found: dict[str, frozenset[str]] = {}
    for service in system.services:
        if any(Grant.PUBLISH in capability.grants for capability in service.capabilities):
            contracts = __import__(f"{service.name}.contracts", fromlist=["PUBLISHED"])
            found[service.name] = frozenset(f"{service.name}.{event.__name__}" for event in contracts.PUBLISHED)
    return found
