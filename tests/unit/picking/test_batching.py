"""Batching: every plan keeps the limits, the search is repeatable, and tiny instances come out nearly best."""

import random
import subprocess
import sys
from collections import Counter
from itertools import combinations, permutations, product
from math import exp, log
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from picking.domain.batching import (
    Article,
    Instance,
    Limits,
    OrderToPick,
    Position,
    Source,
    first_plan,
    solve,
    steps,
)
from picking.domain.batching.leaving import Leaving
from picking.domain.batching.state import State
from picking.domain.batching.walks import FAR, StrandWalk, WorkingList, walk_for
from picking.domain.routing import ConveyorRows, Metric, RackAisles, Stop, exact_tour, optimised_tour, tour_length
from tests.bench import zalando
from tests.bench.distance_greedy import distance_greedy
from tests.bench.zalando import faults, generated, read, solution

DATA = Path("..") / "shared" / "data" / "zalando"
RACKS = RackAisles(length=30_000)


def few(seed: int, goal: int | None = 60) -> Instance:
    instance = generated(random.Random(seed), units=1_200, orders=80, zones=4)
    return msgspec.structs.replace(instance, goal=goal, limits=Limits(12, 300))


def racks(seed: int, orders: int = 40) -> Instance:
    """An ordinary warehouse: one zone of racks, every order is due, articles lie in bins of many units."""
    rng = random.Random(seed)
    articles = [f"SKU-{n}" for n in range(60)]
    return Instance(
        tuple(Article(article, rng.randint(1, 20)) for article in articles),
        tuple(
            OrderToPick(
                f"order-{n}",
                tuple(Position(rng.choice(articles), rng.randint(1, 4)) for _ in range(rng.randint(1, 5))),
            )
            for n in range(orders)
        ),
        tuple(
            Source(
                f"bin-{n}", article, rng.choice("AB"), Stop(3_000 * rng.randrange(10), rng.randrange(30_000)), 400
            )
            for n, article in enumerate(articles * 2)
        ),
        Limits(orders_per_batch=8, volume_per_list=400, positions_per_list=15),
        RACKS,
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_first_plan_and_a_better_one_keep_every_limit_and_reach_the_goal(seed: int) -> None:
    instance = few(seed)
    first, better = first_plan(instance), solve(instance, steps(6_000), seed=seed)
    assert faults(instance, first) == []
    assert faults(instance, better) == []
    assert better.length < first.length


@pytest.mark.parametrize("seed", range(2))
def test_all_orders_are_batched_where_no_goal_is_set(seed: int) -> None:
    for instance in (few(seed, None), racks(seed)):
        first, better = first_plan(instance), solve(instance, steps(3_000), seed=seed)
        assert faults(instance, first) == []
        assert faults(instance, better) == []
        assert better.length < first.length
        served = sum(len(batch.orders) for batch in better.batches)
        assert served + len(better.left_out) == len(instance.orders)
        assert all(left.reason == "other orders take the stock it needs" for left in better.left_out)
    assert better.left_out == ()


def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    assert solve(few(1), steps(2_000), seed=5) == solve(few(1), steps(2_000), seed=5)
    assert solve(few(1), steps(2_000), seed=5) != solve(few(1), steps(2_000), seed=6)


def test_a_plan_does_not_depend_on_the_process() -> None:
    script = (
        "from tests.unit.picking.test_batching import few, solve, steps, msgspec;"
        "import hashlib;print(hashlib.sha256(msgspec.json.encode(solve(few(1), steps(800)))).hexdigest())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "functions:."},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_without_time_the_first_plan_stands() -> None:
    assert solve(few(1), lambda _: 1.0).length == first_plan(few(1)).length


@pytest.mark.parametrize("seed", range(3))
def test_the_best_plan_on_the_way_is_answered_however_far_the_search_has_gone_astray(seed: int) -> None:
    for instance in (few(seed), few(seed, None)):
        hot_to_the_end = solve(instance, lambda made: float(made >= 1_500), seed=seed)
        assert faults(instance, hot_to_the_end) == []
        assert hot_to_the_end.length <= first_plan(instance).length


def test_orders_that_nothing_can_serve_are_named() -> None:
    stop = Stop(5, 5)
    instance = Instance(
        (Article("A", 10), Article("B", 500)),
        (
            OrderToPick("fits", (Position("A", 2),)),
            OrderToPick("too many", (Position("A", 9),)),
            OrderToPick("too large", (Position("B", 3),)),
            OrderToPick("unknown", (Position("C"),)),
            OrderToPick("empty", ()),
        ),
        (Source("s", "A", "Z", stop, 5), Source("t", "B", "Z", stop, 5)),
        Limits(10, 1000),
        ConveyorRows(),
    )
    plan = solve(instance, steps(100))
    assert [batch.orders for batch in plan.batches] == [("fits",)]
    assert {left.order: left.reason for left in plan.left_out} == {
        "too many": "no source has 9 of A",
        "too large": "3 of B exceed the volume of a pick list",
        "unknown": "no source has 1 of C",
        "empty": "it has no positions",
    }


def test_a_source_is_never_asked_for_more_than_it_has() -> None:
    instance = Instance(
        (Article("A", 1),),
        tuple(OrderToPick(f"order-{n}", (Position("A", 2), Position("A", 2))) for n in range(4)),
        tuple(Source(f"s{n}", "A", "Z", Stop(n + 1, 5), 5) for n in range(9)),
        Limits(2, 1000),
        ConveyorRows(),
    )
    assert faults(instance, solve(instance, steps(2_000))) == []


def test_an_instance_without_orders_has_an_empty_plan() -> None:
    plan = solve(Instance((), (), (), Limits(1, 1), RACKS), steps(10))
    assert (plan.batches, plan.length) == ((), 0)


def test_tiny_instances_are_solved_to_within_five_in_a_hundred_of_the_best_of_all_plans() -> None:
    ours = best = 0
    for seed in (0, 1, 6, 7, 12):
        instance = msgspec.structs.replace(
            generated(random.Random(seed), units=12, orders=4, zones=2), goal=6, limits=Limits(2, 120)
        )
        exact = _best_length(instance)
        plans = [solve(instance, steps(6_000), seed=n) for n in range(3)]
        assert all(plan.length >= exact for plan in plans)
        ours += min(plan.length for plan in plans)
        best += exact
    assert ours <= 1.05 * best


def _best_length(instance: Instance) -> int:
    """Every choice of orders, batches, units and splits, each list walked by an exact tour."""
    volumes = {article.id: article.volume for article in instance.articles}
    at: dict[str, list[Source]] = {}
    for source in instance.sources:
        at.setdefault(source.article, []).append(source)
    known: dict[tuple[Stop, ...], int] = {}

    def walk(stops: list[Stop]) -> int:
        key = tuple(sorted(stops))
        if key not in known:
            known[key] = tour_length(instance.metric, [key[n] for n in exact_tour(instance.metric, key)])
        return known[key]

    def lists(sources: list[Source]) -> int:
        """The best split of one zone's units."""
        if not sources:
            return 0
        first, others = sources[0], sources[1:]
        best = 1 << 30
        for count in range(len(others) + 1):
            for together in combinations(others, count):
                chosen = [first, *together]
                if sum(volumes[s.article] for s in chosen) <= instance.limits.volume_per_list:
                    rest = [s for s in others if s not in together]
                    best = min(best, walk([s.stop for s in chosen]) + lists(rest))
        return best

    assert instance.goal is not None
    best = 1 << 30
    numbers = range(len(instance.orders))
    for count in numbers:
        for chosen in combinations(numbers, count + 1):
            positions = [p.article for n in chosen for p in instance.orders[n].positions]
            if len(positions) < instance.goal or len(positions) > instance.goal + 2:
                continue
            for units in product(*(at.get(article, []) for article in positions)):
                if len({unit.id for unit in units}) < len(units):
                    continue
                for batches in _pairings(list(chosen)):
                    total = 0
                    for batch in batches:
                        mine = [
                            unit
                            for unit, owner in zip(
                                units, [n for n in chosen for _ in instance.orders[n].positions], strict=True
                            )
                            if owner in batch
                        ]
                        for zone in {unit.zone for unit in mine}:
                            total += lists([unit for unit in mine if unit.zone == zone])
                    best = min(best, total)
    return best


def _pairings(orders: list[int]) -> list[list[list[int]]]:
    """Every way to put orders into batches of up to two."""
    if not orders:
        return [[]]
    first, rest = orders[0], orders[1:]
    answer = [[[first], *others] for others in _pairings(rest)]
    for partner in rest:
        left = [order for order in rest if order != partner]
        answer += [[[first, partner], *others] for others in _pairings(left)]
    return answer


def one_batch(instance: Instance, orders: int) -> State:
    state = State(instance)
    batch = state.open_batch()
    for order in state.pickable[:orders]:
        found = state.quote(batch, order, FAR)
        assert found
        state.place(batch, order, found[1])
    return state


def test_who_leaves_a_full_batch_is_drawn_as_often_as_its_weight_says() -> None:
    state, leaving, temperature, price = one_batch(few(2), 12), Leaving(), 15.0, 20.0
    draws = [leaving.draw(state, 0, temperature, price, (n + 0.5) / 5_000) for n in range(5_000)]
    often = Counter(order for order, _ in draws)
    weights = {order: exp((-state.loss(order) - price * state.size[order]) / temperature) for order in range(12)}
    total = sum(weights.values())
    for order, weight in weights.items():
        assert often[order] / 5_000 == pytest.approx(weight / total, abs=1e-3)
    assert all(rare == pytest.approx(temperature * log(total / weights[order])) for order, rare in draws)
    assert leaving.gain(state, 0, temperature, price) == pytest.approx(temperature * log(total))


def test_an_order_that_has_left_its_batch_is_not_drawn_again() -> None:
    state, leaving = one_batch(few(2), 12), Leaving()
    shares = [(n + 0.5) / 200 for n in range(200)]
    gone, _ = leaving.draw(state, 0, 15.0, 20.0, shares[100])
    state.take(gone)
    assert gone not in {leaving.draw(state, 0, 15.0, 20.0, share)[0] for share in shares}
    newcomer = next(n for n in state.pickable if state.batch_of[n] < 0 and n != gone)
    found = state.quote(0, newcomer, FAR)
    assert found
    state.place(0, newcomer, found[1])
    leaving.exchanged(state, newcomer)
    assert newcomer in {leaving.draw(state, 0, 1e6, 0.0, share)[0] for share in shares}


@pytest.mark.parametrize("seed", range(3))
def test_a_price_is_told_only_where_it_stays_below_the_bound(seed: int) -> None:
    state = one_batch(racks(seed), 6)
    for order in state.pickable[6:]:
        found = state.quote(0, order, FAR)
        assert found
        price, chosen = found
        assert state.quote(0, order, price) is None
        assert state.quote(0, order, price + 1) == found
        for place, (source, tour) in enumerate(chosen):
            if tour is not None:
                known = (place, tour.added(source), source, tour)
                assert state.quote(0, order, price + 1, known) == found


def stops_of(metric: Metric, seed: int, count: int) -> list[Stop]:
    rng = random.Random(seed)
    if isinstance(metric, ConveyorRows):
        lines = [n for n in range(-48, 50) if n]
        return [Stop(rng.choice(lines), rng.choice(lines)) for _ in range(count)]
    return [Stop(3_000 * rng.randrange(8), rng.randrange(30_000)) for _ in range(count)]


@given(some.integers(0, 10_000), some.lists(some.integers(0, 29), max_size=60))
@settings(deadline=None, max_examples=80)
def test_a_list_knows_before_what_a_stop_more_or_less_costs(seed: int, moves: list[int]) -> None:
    for metric in (ConveyorRows(), RACKS):
        stops = stops_of(metric, seed, 30)
        tour: WorkingList = walk_for(metric, stops).open()
        visited: set[int] = set()
        for source in moves:
            before = tour.length
            if source in visited:
                expected = tour.removed(source)
                tour.remove(source)
            else:
                expected = tour.added(source)
                tour.add(source)
            visited ^= {source}
            assert tour.length == before + expected
            order = [n for n in tour.sequence() if n >= 0]
            assert sorted(order) == sorted(visited)
            assert tour_length(metric, [stops[n] for n in order]) == tour.length


def test_strands_are_the_shortest_tours_but_for_a_third_strand_and_ties() -> None:
    metric = ConveyorRows()
    exact = strands = 0
    for seed in range(60):
        stops = stops_of(metric, seed, 8)
        tour = StrandWalk(metric, stops).open()
        for n in range(8):
            tour.add(n)
        best = tour_length(metric, [stops[n] for n in exact_tour(metric, stops)])
        assert tour.length >= best
        exact += best
        strands += tour.length
    assert strands <= 1.025 * exact


def test_a_far_side_tour_uses_the_aisle_behind_the_rows() -> None:
    metric, stops = ConveyorRows(), [Stop(10, 25), Stop(20, 48), Stop(30, 47), Stop(40, 26)]
    tour = StrandWalk(metric, stops).open()
    for n in range(4):
        tour.add(n)
    assert tour.length == 2 * 40 + 50 + 4 + 6 + 50
    assert min(tour_length(metric, order) for order in permutations(stops)) == tour.length
    assert tour_length(metric, [stops[n] for n in optimised_tour(metric, stops)]) == tour.length


@pytest.mark.skipif(not (DATA / "small-0.json.gz").exists(), reason="the benchmark's data are not here")
def test_the_published_instances_are_drawn_anew() -> None:
    assert zalando.instance("small-0") == read(DATA / "small-0.json.gz")


def test_the_published_baseline_is_a_plan_and_longer_than_ours() -> None:
    instance = few(0)
    baseline = distance_greedy(instance)
    assert faults(instance, baseline) == []
    assert baseline.length > first_plan(instance).length


def test_the_baseline_fills_its_last_batch_though_the_goal_is_reached() -> None:
    instance = few(0)
    baseline = distance_greedy(instance)
    assert {len(batch.orders) for batch in baseline.batches} == {instance.limits.orders_per_batch}
    assert instance.goal is not None
    assert baseline.units > instance.goal


@pytest.mark.skipif(not (DATA / "small-0.json.gz").exists(), reason="the benchmark's data are not here")
def test_the_benchmarks_own_scorer_agrees(tmp_path: Path) -> None:
    instance = read(DATA / "small-0.json.gz")
    plan = solve(instance, steps(2_000))
    assert faults(instance, plan) == []
    written = tmp_path / "solution.json"
    written.write_bytes(msgspec.json.encode(solution(plan)))
    scored = subprocess.run(
        [sys.executable, str(DATA / "score.py"), str(DATA / "small-0.json.gz"), str(written)],
        check=True,
        capture_output=True,
        text=True,
    )
    answer = msgspec.json.decode(scored.stdout.strip().splitlines()[-1])
    assert answer == {
        "feasible": True,
        "objective": plan.length,
        "units": plan.units,
        "batches": len(plan.batches),
    }
