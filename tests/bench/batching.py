"""Order batching against the benchmark arXiv 2401.04563 (first answer, objective, seconds), and cartonization.

Solves the published small instance where it lies in ../shared/data/zalando, else a generated one of its kind, and
a generated one of the medium class. Plans are checked by `zalando.faults`, which shares no code with the solver.
The yardsticks: the published baseline and, as ours is another medium instance, a greedy algorithm on it:
batch by batch, each grown by the order that lengthens its walk least per unit.
"""

import random
import time
from pathlib import Path

from picking.domain.batching import Instance, Plan, first_plan, solve
from picking.domain.batching.state import State
from picking.domain.batching.walks import FAR
from picking.domain.cartonization import CartonType, Item, pack
from picking.domain.cartonization.packing import least_cartons
from tests.bench import zalando
from tests.bench.report import Cell, Report, Table, machine, percentile

PUBLISHED = Path("..") / "shared" / "data" / "zalando" / "small-0.json.gz"
CARTONS = (
    CartonType("S", (200, 150, 100), 5_000),
    CartonType("M", (300, 250, 200), 10_000),
    CartonType("L", (600, 400, 400), 25_000),
    CartonType("tube", (900, 120, 120), 6_000),
)


def solved(name: str, instance: Instance, seconds: float, published: int) -> list[Cell]:
    """One row: the first plan, the plan after so many seconds of wall time, the baselines."""
    started = time.perf_counter()
    first = first_plan(instance)
    answered = time.perf_counter() - started
    started = time.perf_counter()
    plan = solve(instance, lambda _: (time.perf_counter() - started) / seconds)
    taken = time.perf_counter() - started
    for found in (first, plan):
        assert not (wrong := zalando.faults(instance, found)), wrong[:5]
    grown = greedy(instance)
    return [
        *(name, first.length, answered, plan.length, taken, plan.units, len(plan.batches), grown.length),
        f"{plan.length / grown.length:.2f}",
        published,
        f"{plan.length / published:.2f}",
    ]


def greedy(instance: Instance) -> Plan:
    """Batch by batch, each grown by the order that lengthens its walk least per unit; no improvement."""
    state, goal = State(instance), instance.goal or 0
    number = {id(need): n for n, need in enumerate(state.needs)}
    asked = {order: [number[id(need)] for need in state.positions[order]] for order in state.pickable}
    left = dict.fromkeys(asked)
    in_zone: list[list[tuple[int, int]]] = [[] for _ in state.zones]
    for n, need in enumerate(state.needs):
        for _, source, zone in need.candidates:
            in_zone[zone].append((source, n))
    while left and state.units < goal:
        batch, costs = state.open_batch(), list(state.alone)

        def cheapest(n: int, costs: list[int] = costs) -> int:
            found = [costs[source] for _, source, _ in state.needs[n].candidates if state.free[source]]
            return min(found, default=FAR)

        best = [cheapest(n) for n in range(len(state.needs))]
        score = {order: sum(best[n] for n in asked[order]) / state.size[order] for order in left}
        while score and not state.full(batch) and state.units < goal:
            order = min(score, key=score.__getitem__)
            del score[order], left[order]
            if not (found := state.quote(batch, order, FAR)):
                continue
            state.place(batch, order, found[1])
            changed: set[int] = set()
            for zone in {state.zone[source] for source, _ in state.picks[order]}:
                for source, n in in_zone[zone]:
                    costs[source] = min(tour.added(source) for tour in state.lists[batch][zone])
                    if (cost := cheapest(n)) != best[n]:
                        best[n] = cost
                        changed.update(state.needs[n].orders)
            for other in changed & score.keys():
                score[other] = sum(best[n] for n in asked[other]) / state.size[other]
    return state.plan()


def packed() -> list[list[Cell]]:
    """CPU for orders of 100 items, and how many cartons beyond the lower bound."""
    rows: list[list[Cell]] = []
    for name, low, high in (("small", 20, 60), ("mixed", 20, 250), ("bulky", 20, 380)):
        taken, cartons, least = [], 0, 0
        for seed in range(20):
            rng = random.Random(seed)
            items = [
                Item(
                    f"item-{n}",
                    (rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)),
                    rng.randint(20, 1_500),
                    upright=rng.random() < 0.2,
                    fragile=rng.random() < 0.2,
                    hazard_class="3" if rng.random() < 0.1 else None,
                )
                for n in range(100)
            ]
            started = time.process_time()
            packing = pack(items, CARTONS)
            taken.append(1_000 * (time.process_time() - started))
            alone = {own.item for own in packing.own_carton}
            cartons += len(packing.cartons)
            least += least_cartons([item for item in items if item.id not in alone], CARTONS)
        rows.append([name, percentile(taken, 0.5), max(taken), cartons / 20, least / 20])
    return rows


def main() -> None:
    """Both classes, then cartons."""
    started, where = time.monotonic(), machine()
    if PUBLISHED.exists():
        small, name = zalando.read(PUBLISHED), "small-0, published"
        notes = ["The published small-0 was found in ../shared/data/zalando."]
    else:
        small, name = zalando.small(1), "small, generated"
        notes = [
            "The published small-0 is not here: a generated instance of its kind stands in, and the published "
            "figure is another instance's."
        ]
    rows = [
        solved(name, small, 10, 8_942),
        solved("medium, generated", zalando.medium(1), 60, 66_400),
    ]
    columns = ["instance", "first plan", "s", "plan", "s", "units", "batches"]
    columns += ["own greedy", "of it", "published baseline", "of it"]
    notes += [
        "Objective: steps walked, lower is better. Seconds of wall time on one core, from instance to plan.",
        "The published baseline of the medium class is another instance's; `own greedy` is this instance's.",
    ]
    cartons = Table(
        "Cartonization of 100 items into four kinds of cartons",
        ["items", "ms CPU, median", "ms CPU, worst", "cartons", "lower bound"],
        packed(),
        ["Means over 20 orders. The lower bound is by volume, weight and hazard class: often out of reach."],
    )
    Report(
        "batching",
        time.monotonic() - started,
        where,
        [Table("Order batching and routing", columns, rows, notes), cartons],
    ).write()


if __name__ == "__main__":
    main()
