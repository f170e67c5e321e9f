"""Order batching as in the benchmark arXiv 2401.04563: its files, instances of the same kind, faults of a plan.

The format: `articles` with volumes, `orders` with positions, `warehouse_items` (one physical unit each) with row,
aisle and zone, `parameters`. A generated instance has the shape of the published ones: every article has one unit,
the others lie anywhere; volumes are gamma distributed; places, zones and ordered articles are uniform.
"""

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from picking.domain.batching import (
    Article,
    Instance,
    Limits,
    OrderToPick,
    Plan,
    Position,
    Source,
)
from picking.domain.routing import ConveyorRows, Stop

POSITIONS = {2: 285, 3: 133, 4: 64, 5: 11, 6: 7}
"""How many orders in 500 have so many positions."""


def read(path: Path) -> Instance:
    """An instance of the benchmark."""
    return parse(json.loads(gzip.decompress(path.read_bytes())))


def parse(found: dict[str, Any]) -> Instance:
    """An instance from its JSON."""
    parameters = found["parameters"]
    return Instance(
        tuple(Article(article["id"], article["volume"]) for article in found["articles"]),
        tuple(
            OrderToPick(order["id"], tuple(Position(article) for article in order["positions"]))
            for order in found["orders"]
        ),
        tuple(
            Source(unit["id"], unit["article"], unit["zone"], Stop(unit["aisle"], unit["row"]))
            for unit in found["warehouse_items"]
        ),
        Limits(parameters["max_orders_per_batch"], parameters["max_container_volume"]),
        ConveyorRows(parameters["first_row"], parameters["last_row"]),
        parameters["min_number_requested_items"],
    )


def generated(seed: int, *, articles: int, orders: int, units: int, zones: int, goal: int) -> Instance:
    """An instance like the published ones."""
    rng = random.Random(seed)
    lines = [n for n in range(-48, 50) if n]
    volumes = [max(1, min(256, round(rng.gammavariate(1.96, 20.6)))) for _ in range(articles)]
    sizes = rng.choices(list(POSITIONS), list(POSITIONS.values()), k=orders)
    return Instance(
        tuple(Article(f"article-{n}", volume) for n, volume in enumerate(volumes)),
        tuple(
            OrderToPick(f"order-{n}", tuple(Position(f"article-{rng.randrange(articles)}") for _ in range(size)))
            for n, size in enumerate(sizes)
        ),
        tuple(
            Source(
                f"unit-{n}",
                f"article-{n if n < articles else rng.randrange(articles)}",
                f"zone-{rng.randrange(zones)}",
                Stop(rng.choice(lines), rng.choice(lines)),
            )
            for n in range(units)
        ),
        Limits(orders_per_batch=50, volume_per_list=1000),
        ConveyorRows(-50, 50),
        goal,
    )


def small(seed: int) -> Instance:
    """Of the small class."""
    return generated(seed, articles=3_333, orders=500, units=10_000, zones=10, goal=264)


def medium(seed: int) -> Instance:
    """Of the medium class."""
    return generated(seed, articles=33_333, orders=5_000, units=100_000, zones=50, goal=2_630)


def solution(plan: Plan) -> list[dict[str, list[Any]]]:
    """The plan in the benchmark's format."""
    return [
        {"orders": list(batch.orders), "picklists": [[pick.source for pick in lst.picks] for lst in batch.lists]}
        for batch in plan.batches
    ]


def faults(instance: Instance, plan: Plan) -> list[str]:
    """Everything that is wrong with a plan, found without any of the solver's own counting."""
    found: list[str] = []
    volumes = {article.id: article.volume for article in instance.articles}
    sources = {source.id: source for source in instance.sources}
    orders = {order.id: order for order in instance.orders}
    limits, metric = instance.limits, instance.metric
    taken: Counter[str] = Counter()
    seen: Counter[str] = Counter(order for batch in plan.batches for order in batch.orders)
    units = length = 0
    found += [
        f"{order} is in {times} batches" for order, times in seen.items() if times > 1 or order not in orders
    ]
    for n, batch in enumerate(plan.batches):
        if len(batch.orders) > limits.orders_per_batch:
            found.append(f"batch {n} has {len(batch.orders)} orders")
        served: Counter[tuple[str, int]] = Counter()
        for lst in batch.lists:
            stops, volume = [metric.depot], 0
            for pick in lst.picks:
                source, position = sources[pick.source], orders[pick.order].positions[pick.position]
                if (source.article, pick.units) != (position.article, position.units):
                    found.append(f"{pick.source} does not serve position {pick.position} of {pick.order}")
                if source.zone != lst.zone:
                    found.append(f"a list of batch {n} leaves zone {lst.zone}")
                served[pick.order, pick.position] += 1
                taken[pick.source] += pick.units
                volume += volumes[source.article] * pick.units
                units += pick.units
                stops.append(source.stop)
            walked = sum(metric.distance(a, b) for a, b in zip(stops, [*stops[1:], metric.depot], strict=True))
            length += walked
            if walked != lst.length:
                found.append(f"a list of batch {n} is {walked} long and says {lst.length}")
            if not lst.picks or volume > limits.volume_per_list:
                found.append(f"a list of batch {n} is empty or too large: {volume}")
            if limits.positions_per_list and len(lst.picks) > limits.positions_per_list:
                found.append(f"a list of batch {n} has {len(lst.picks)} positions")
        asked = Counter((order, place) for order in batch.orders for place in range(len(orders[order].positions)))
        if asked != served:
            found.append(f"batch {n} does not pick what its orders ask")
    found += [f"{units} units at {source}" for source, units in taken.items() if units > sources[source].units]
    if (length, units) != (plan.length, plan.units):
        found.append(f"{length} long with {units} units, not {plan.length} with {plan.units}")
    if instance.goal is None:
        left_out = {left.order for left in plan.left_out}
        found += [f"{order} is missing" for order in orders if order not in seen and order not in left_out]
    elif units < instance.goal:
        found.append(f"{units} units, {instance.goal} wanted")
    return found
