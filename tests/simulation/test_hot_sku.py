"""Everybody wants the same thing: many requests in one write, no unit promised twice, the oldest promise first."""

from collections.abc import Sequence
from random import Random

import pytest

from tests.simulation import faults as f
from tests.simulation.hot_sku import Outcome, Request, one_sku, run, zipf

WORKERS = 5
FAULTS = frozenset({f.DUPLICATE, f.REORDER, f.DELAY, f.DEATH_BEFORE, f.DEATH_AFTER, f.LOST, f.THROTTLE, f.STALL})


@pytest.mark.parametrize("batch", [1, 10, 100, 1_000])
def test_workers_at_once_promise_every_unit_once_and_a_batch_is_a_write(batch: int) -> None:
    outcome = run(one_sku(300), {"HOT": 200}, batch=batch, workers=WORKERS)

    assert outcome.answers == 300
    assert len(outcome.reserved["HOT"]) == len(set(outcome.reserved["HOT"])) == 200
    assert outcome.writes <= -(-300 // batch) + 1


def test_a_hundred_requests_for_one_product_are_one_write_of_the_oldest_promises_first() -> None:
    outcome = run(one_sku(100), {"HOT": 40}, batch=100, workers=1)

    assert (outcome.writes, outcome.conflicts) == (1, 0)
    assert outcome.reserved["HOT"] == list(range(40))
    assert outcome.short["HOT"] == list(range(40, 100))


def test_what_arrives_later_goes_to_those_who_wait_longest() -> None:
    outcome = run(one_sku(100), {"HOT": 40}, later_supply={"HOT": 70}, batch=100, workers=1)

    assert outcome.reserved["HOT"] == list(range(70))


def test_a_commit_holds_about_a_thousand_answers_and_what_does_not_fit_takes_another() -> None:
    outcome = run(one_sku(1_000), {"HOT": 500}, batch=1_000, workers=1)

    assert outcome.answers == 1_000
    assert 2 <= outcome.writes <= 4


@pytest.mark.parametrize("seed", range(1, 6))
def test_faults_oversell_nothing_and_leave_nobody_without_an_answer(seed: int) -> None:
    outcome = run(one_sku(200), {"HOT": 120}, batch=20, workers=WORKERS, faults=FAULTS, seed=seed)

    assert outcome.answers == 200
    assert outcome.states["Promise#MAIN#HOT"].reserved_units == 120


def test_a_skewed_catalogue_shares_writes_where_it_is_hot() -> None:
    requests = zipf(500, 50, Random(1))

    outcome = run(requests, {f"SKU-{number}": 1_000 for number in range(1, 51)}, batch=100, workers=WORKERS)

    assert outcome.answers == 500
    assert outcome.writes < 250


def test_one_hot_product_does_not_delay_the_others() -> None:
    chance = Random(1)
    cold = [Request(f"COLD-{age % 20}", chance.uniform(0, 20), age) for age in range(150)]
    hot = [Request("HOT", chance.uniform(0, 20), age) for age in range(1_000, 2_500)]
    supply = {f"COLD-{number}": 100 for number in range(20)}

    alone = _waits(run(cold, supply), cold)
    together = _waits(run([*cold, *hot], {**supply, "HOT": 700}), cold)

    assert _percentile(together, 95) < 1.5 * _percentile(alone, 95)
    assert max(together) < 3


def _waits(outcome: Outcome, requests: Sequence[Request]) -> list[float]:
    return sorted(outcome.answered[request.age] - request.at for request in requests)


def _percentile(waits: Sequence[float], percent: int) -> float:
    return waits[len(waits) * percent // 100]
