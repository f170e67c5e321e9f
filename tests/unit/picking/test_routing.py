"""Routing: distances by hand, rules of thumb on a drawn floor, and tours against exact answers."""

import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from ortools.constraint_solver import pywrapcp
from ortools.sat.python import cp_model

from picking.domain.routing import (
    ConveyorRows,
    Metric,
    RackAisles,
    Stop,
    exact_tour,
    largest_gap,
    nearest_neighbour,
    optimised_tour,
    s_shape,
    tour_length,
)

RACKS = RackAisles(length=20)
FRONT_ONLY = RackAisles(length=20, back=False)
METRICS: list[Metric] = [RACKS, FRONT_ONLY, ConveyorRows()]


def length(metric: Metric, stops: list[Stop], tour: list[int]) -> int:
    assert sorted(tour) == list(range(len(stops)))
    return tour_length(metric, [stops[n] for n in tour])


def drawn(metric: Metric, count: int, seed: int) -> list[Stop]:
    rng = random.Random(seed)
    if isinstance(metric, ConveyorRows):
        sides = [n for n in range(-48, 50) if n]
        return [Stop(rng.choice(sides), rng.choice(sides)) for _ in range(count)]
    return [Stop(3 * rng.randrange(8), rng.randrange(21)) for _ in range(count)]


@pytest.mark.parametrize(
    ("metric", "here", "there", "apart"),
    [
        (RACKS, Stop(0, 5), Stop(0, 15), 10),
        (RACKS, Stop(0, 5), Stop(3, 4), 12),
        (RACKS, Stop(0, 15), Stop(3, 16), 12),
        (FRONT_ONLY, Stop(0, 15), Stop(3, 16), 34),
        (ConveyorRows(), Stop(7, 10), Stop(7, 12), 22),
        (ConveyorRows(), Stop(7, 40), Stop(9, 45), 17),
        (ConveyorRows(), Stop(7, -40), Stop(9, 45), 87),
        (ConveyorRows(), Stop(0, 0), Stop(-9, -45), 54),
        (ConveyorRows(), Stop(4, 10), Stop(4, 10), 20),
    ],
)
def test_distances_are_what_one_counts_on_the_floor(metric: Metric, here: Stop, there: Stop, apart: int) -> None:
    assert metric.distance(here, there) == metric.distance(there, here) == apart


FLOOR = [Stop(0, 4), Stop(0, 18), Stop(3, 2), Stop(3, 17), Stop(6, 10), Stop(9, 3)]


def test_s_shape_walks_aisles_from_end_to_end() -> None:
    assert s_shape(RACKS, FLOOR) == [0, 1, 3, 2, 4, 5]
    assert length(RACKS, FLOOR, s_shape(RACKS, FLOOR)) == 20 + 20 + 2 * 10 + 2 * 3 + 2 * 9


def test_s_shape_without_a_back_aisle_comes_back_to_the_front() -> None:
    assert length(FRONT_ONLY, FLOOR, s_shape(FRONT_ONLY, FLOOR)) == 2 * (18 + 17 + 10 + 3) + 2 * 9


def test_largest_gap_leaves_out_the_longest_empty_stretch() -> None:
    assert largest_gap(RACKS, FLOOR) == [0, 1, 3, 4, 5, 2]
    assert length(RACKS, FLOOR, largest_gap(RACKS, FLOOR)) == 20 + 3 + 13 + 13 + 5 + 2 + 2 * 9


def test_rules_begin_at_the_end_that_is_nearer_to_the_depot() -> None:
    layout = RackAisles(20, depot=Stop(12, 0))
    assert s_shape(layout, FLOOR)[0] == 5


@pytest.mark.parametrize("tour", [exact_tour, nearest_neighbour, optimised_tour])
@pytest.mark.parametrize("metric", METRICS, ids=["racks", "front only", "conveyor"])
def test_no_stop_and_one_stop_are_tours(tour, metric: Metric) -> None:  # type: ignore[no-untyped-def]
    assert tour(metric, []) == []
    assert tour(metric, [Stop(3, 4)]) == [0]


@pytest.mark.parametrize("metric", METRICS, ids=["racks", "front only", "conveyor"])
def test_the_exact_tour_is_the_shortest_of_all_orders(metric: Metric) -> None:
    for seed in range(5):
        stops = drawn(metric, 6, seed)
        best = min(tour_length(metric, order) for order in permutations(stops))
        assert length(metric, stops, exact_tour(metric, stops)) == best


@pytest.mark.parametrize("metric", METRICS, ids=["racks", "front only", "conveyor"])
def test_the_exact_tour_is_what_a_constraint_solver_proves(metric: Metric) -> None:
    for seed in range(3):
        stops = drawn(metric, 10, seed)
        assert length(metric, stops, exact_tour(metric, stops)) == _proven(metric, stops)


@pytest.mark.parametrize("metric", METRICS, ids=["racks", "front only", "conveyor"])
def test_optimised_tours_of_twelve_stops_are_within_two_in_a_hundred_of_the_exact_ones(metric: Metric) -> None:
    ours = best = 0
    for seed in range(12):
        stops = drawn(metric, 12, 100 + seed)
        ours += length(metric, stops, optimised_tour(metric, stops))
        best += length(metric, stops, exact_tour(metric, stops))
    assert best <= ours <= 1.02 * best


@pytest.mark.parametrize("metric", METRICS, ids=["racks", "front only", "conveyor"])
def test_optimised_tours_of_forty_stops_keep_up_with_a_routing_library(metric: Metric) -> None:
    stops = drawn(metric, 40, 7)
    assert length(metric, stops, optimised_tour(metric, stops)) <= 1.05 * _routed(metric, stops)


@given(some.integers(0, 10_000), some.integers(1, 25))
@settings(deadline=None, max_examples=40)
def test_an_optimised_tour_is_never_longer_than_any_rule(seed: int, count: int) -> None:
    stops = drawn(RACKS, count, seed)
    ours = length(RACKS, stops, optimised_tour(RACKS, stops))
    assert ours <= min(
        length(RACKS, stops, rule(RACKS, stops)) for rule in (s_shape, largest_gap, nearest_neighbour)
    )


def test_exact_tours_are_refused_where_they_would_take_too_long() -> None:
    with pytest.raises(ValueError, match="13 stops"):
        exact_tour(RACKS, drawn(RACKS, 13, 1))


def _matrix(metric: Metric, stops: list[Stop]) -> list[list[int]]:
    places = [metric.depot, *stops]
    return [[metric.distance(a, b) if a is not b else 0 for b in places] for a in places]


def _proven(metric: Metric, stops: list[Stop]) -> int:
    apart, model = _matrix(metric, stops), cp_model.CpModel()
    arcs = [(i, j, model.new_bool_var("")) for i in range(len(apart)) for j in range(len(apart)) if i != j]
    model.add_circuit(arcs)
    model.minimize(sum(apart[i][j] * arc for i, j, arc in arcs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


def _routed(metric: Metric, stops: list[Stop]) -> int:
    apart = _matrix(metric, stops)
    manager = pywrapcp.RoutingIndexManager(len(apart), 1, 0)
    routing = pywrapcp.RoutingModel(manager)
    transit = routing.RegisterTransitCallback(lambda i, j: apart[manager.IndexToNode(i)][manager.IndexToNode(j)])
    routing.SetArcCostEvaluatorOfAllVehicles(transit)
    return int(routing.Solve().ObjectiveValue())
