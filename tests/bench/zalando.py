"""Order batching as in the benchmark arXiv 2401.04563: its files, its instances drawn anew, faults of a plan.

The format: `articles` with volumes, `orders` with positions, `warehouse_items` (one physical unit each) with row,
aisle and zone, `parameters`. The published instances are draws of one generator that is seeded with 1, five of
each class, the small ones first. `instances` draws in the same order, so what it yields is what is published:
every article has one unit, the others are of any article; an order asks for units that nobody has asked for yet,
so articles with many units are ordered more often.
"""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
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

POSITIONS = {2: 100, 3: 50, 4: 20, 5: 5, 6: 2}
"""How many orders in 177 have so many positions."""
SIZES = [size for size, weight in POSITIONS.items() for _ in range(weight)]
LINES = [*range(1, 50), *range(-1, -49, -1)]
"""The rows and aisles in which something lies."""
OF_A_CLASS = 5
"""How many instances of each class are published."""
CLASSES = {"small": (10_000, 500, 10), "medium": (100_000, 5_000, 50)}
"""Units, orders and zones."""


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


def generated(rng: random.Random, *, units: int, orders: int, zones: int) -> Instance:
    """One instance, drawn as the published ones: three units to an article, a fifth of all positions wanted."""
    articles = units // 3
    volumes = [max(1, round(rng.gammavariate(2.0, 20.0))) for _ in range(articles)]
    sources = [_unit(rng, number, articles, zones) for number in range(units)]
    unasked = [source.article for source in sources]
    rng.shuffle(unasked)
    asked: list[OrderToPick] = []
    for number in range(orders):
        for_others = 2 * (orders - number - 1)
        size = min(len(unasked) - for_others, rng.choice(SIZES))
        asked.append(
            OrderToPick(f"order-{number}", tuple(Position(unasked.pop()) for _ in range(size))),
        )
    return Instance(
        tuple(Article(f"article-{number}", volume) for number, volume in enumerate(volumes)),
        tuple(asked),
        tuple(sources),
        Limits(orders_per_batch=50, volume_per_list=1000),
        ConveyorRows(-50, 50),
        sum(len(order.positions) for order in asked) // 5,
    )


def _unit(rng: random.Random, number: int, articles: int, zones: int) -> Source:
    row, aisle, zone = rng.choice(LINES), rng.choice(LINES), rng.randrange(zones)
    article = number if number < articles else rng.randrange(articles)
    return Source(f"warehouse-item-{number}", f"article-{article}", f"zone-{zone}", Stop(aisle, row))


def instances() -> Iterator[tuple[str, Instance]]:
    """The published instances of the small and the medium class, by name."""
    rng = random.Random(1)
    for kind, (units, orders, zones) in CLASSES.items():
        for number in range(OF_A_CLASS):
            yield f"{kind}-{number}", generated(rng, units=units, orders=orders, zones=zones)


def instance(wanted: str) -> Instance:
    """A published instance, such as "medium-0"."""
    return next(found for name, found in instances() if name == wanted)


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
