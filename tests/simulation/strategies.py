"""Who does what and when, as Hypothesis strategies, and the weather it happens in.

A property test draws plans with Hypothesis, which then shrinks what fails. `make simulate SEED=123` draws from the
same strategies: their choices are then made by bytes that follow from the seed (`drawn`), so that a seed means the
same run in every process.

A new kind of action is a class in `actions.py` and a function here that is marked `@part_of_the_population`. Put
last, it draws last, and the rest of what a seed's people do stays as it is. All shrinks towards the first of
several choices, towards the least number, and towards "does not happen".
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation import faults as f
from tests.simulation import inbound, outbound
from tests.simulation.actions import (
    AdjustStock,
    CancelOrder,
    CaptureMoney,
    DescribeLocation,
    DescribeProduct,
    PauseReader,
    PlaceOrder,
    RebuildViews,
    RefundMoney,
)
from tests.simulation.faults import Weather
from tests.simulation.people import Part, People, Shape
from tests.simulation.population import MINUTE, Action

T = TypeVar("T")
CHOICE_BYTES = 65_536
"""More than any plan draws."""
TOKENS = (
    *("tok_accepted",) * 12,
    *("tok_timeout_once",) * 3,
    *("tok_timeout_always",) * 2,
    *("tok_declined",) * 2,
    "tok_insufficient_funds",
    "tok_unheard_of",
)
ANY_SEED = st.integers(0, 999_999)
SERVICES = ("inventory", "orders", "payments")


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run. From `seed` follows what is not drawn: who is first, what fails when."""

    seed: int
    shape: Shape
    weather: Weather
    actions: tuple[Action, ...]

    @staticmethod
    def of(seed: int, weather: Weather | None = None, shape: Shape | None = None) -> "Plan":
        """The run of a seed."""
        return drawn(plans(st.just(seed), weather, shape), seed)


PARTS: list[Part] = []


def part_of_the_population(part: Part) -> Part:
    """Let every population have this part."""
    PARTS.append(part)
    return part


@part_of_the_population
def master_data(people: People) -> Iterator[Action]:
    """Every product and place is described, some again later."""
    for number, sku in enumerate(people.skus):
        yield DescribeProduct(0.0, f"product-{number}", sku, "first")
        if people.happens(30):
            yield DescribeProduct(people.moment(), f"product-again-{number}", sku, "second")
    for number, place in enumerate(people.places):
        yield DescribeLocation(0.0, f"location-{number}", place, "A")
        if people.happens(30):
            yield DescribeLocation(people.moment(), f"location-again-{number}", place, "B")


@part_of_the_population
def arrivals(people: People) -> Iterator[Action]:
    """Stock arrives, the first of it early."""
    for sku in people.skus:
        for number in people.most_of(people.number(1, 6)):
            at = people.moment() if number else people.seconds(1, 20)
            yield AdjustStock(at, f"arrival-{sku}-{number}", sku, people.place(), people.number(1, people.demand))


@part_of_the_population
def corrections(people: People) -> Iterator[Action]:
    """Somebody finds more or fewer units than there should be."""
    for number in people.most_of(max(2, people.shape.orders // 3)):
        units = people.one_of(-1, -1, -2, -5, -people.demand, 1, 3)
        yield AdjustStock(people.moment(), f"correction-{number}", people.sku(), people.place(), units)


@part_of_the_population
def orders(people: People) -> Iterator[Action]:
    """Customers order, and some of them think better of it, some of these twice."""
    for number in people.most_of(people.shape.orders):
        lines = tuple(
            (people.wanted_sku(), people.one_of(1, 1, 1, 2, 3, 8)) for _ in range(people.one_of(1, 1, 2, 3, 4, 12))
        )
        price = 0 if people.happens(5) else people.number(1, 5_000)
        at = people.moment()
        token, channel = people.one_of(*TOKENS), people.one_of("webshop", "market")
        yield PlaceOrder(at, f"order-{number}", lines, token, price, channel)
        if people.happens(25):
            later = people.seconds(0, people.one_of(0, 0.5, 5, 600))
            yield CancelOrder(at + later, f"cancel-{number}", f"order-{number}")
            if people.happens(20):
                later = people.seconds(0, 60)
                yield CancelOrder(at + later, f"cancel-again-{number}", f"order-{number}")


@part_of_the_population
def trouble_with_views(people: People) -> Iterator[Action]:
    """Projectors stand still, views are rebuilt."""
    for service in SERVICES:
        if people.happens(20) and f.BEHIND in people.weather.enabled:
            at = people.seconds(0, people.shape.minutes * MINUTE)
            yield PauseReader(at, f"pause-{service}", service, people.one_of(0.2, 2, 5))
        if people.happens(20) and f.REBUILD in people.weather.enabled:
            yield RebuildViews(people.moment(), f"rebuild-{service}", service)


@part_of_the_population
def operators_at_once(people: People) -> Iterator[Action]:
    """Several operators correct one product in one place within a second."""
    if not people.happens(40):
        return
    sku, place, at = people.sku(), people.place(), people.moment()
    for number in people.most_of(people.number(2, 6)):
        units = people.one_of(1, -1, 2, -2, people.demand)
        yield AdjustStock(at + people.seconds(0, 1), f"operator-{number}", sku, place, units)


@part_of_the_population
def money(people: People) -> Iterator[Action]:
    """Money is taken and given back by hand, sometimes the same twice, or more than there is."""
    for number in range(people.shape.orders):
        if not people.happens(30):
            continue
        order, at = f"order-{number}", people.moment()
        for part in range(people.one_of(1, 1, 2)):
            name, amount = f"capture-{number}-{part}", people.one_of(1, 40, 700, 20_000)
            yield CaptureMoney(at + 20 * part, name, order, f"shipment-{part}", amount)
            if people.happens(20):
                later = people.seconds(0, 60)
                yield CaptureMoney(at + later, f"{name}-again", order, f"shipment-{part}", amount)
            if people.happens(40):
                back = people.one_of(1, amount, amount + 1)
                yield RefundMoney(at + people.seconds(0, 60), f"refund-{number}-{part}", order, name, "rma", back)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Mostly small populations, sometimes crowded, sometimes long."""
    return Shape(
        products=draw(st.integers(1, 5)),
        locations=draw(st.integers(1, 4)),
        orders=draw(st.sampled_from((6, 12, 20, 20, 30, 60))),
        minutes=draw(st.sampled_from((1, 2, 15, 60, 120))),
        burst=draw(st.sampled_from((0, 30, 80))),
        months=draw(st.integers(0, 99)) >= 85,
        small_limits=draw(st.integers(0, 99)) >= 70,
    )


@st.composite
def weathers(draw: st.DrawFn, mildest: bool = False) -> Weather:
    """Most faults, seldom or often, or none. `mildest`: not more often than usual."""
    weight = draw(st.sampled_from((0.0, 0.3, 1.0, 1.0, 2.0, 5.0)))
    enabled = frozenset(kind for kind in f.KINDS if draw(st.integers(0, 99)) >= 8)
    return Weather(enabled, min(weight, 1.0) if mildest else weight)


@st.composite
def plans(
    draw: st.DrawFn,
    seeds: st.SearchStrategy[int] = ANY_SEED,
    weather: Weather | None = None,
    shape: Shape | None = None,
) -> Plan:
    """A run: what is not given is drawn."""
    seed = draw(seeds)
    size = shape or draw(shapes())
    # what has hardly a memory decides every repeat again: storms of repeats feed themselves
    sky = weather or draw(weathers(mildest=size.small_limits))
    people = People(draw, size, sky)
    actions = [action for part in PARTS for action in part(people)]
    if shape is None:
        size = replace(size, shipments=draw(st.sampled_from((0, 0, 1, 2, 4))))
    if size.shipments:
        people.expect(size.shipments)
        actions += [action for part in inbound.PARTS for action in part(people)]
    if size.outbound:
        people.send(size.outbound)
        actions += [action for part in outbound.PARTS for action in part(people)]
    return Plan(seed, size, sky, tuple(sorted(actions, key=lambda action: (action.at, action.name))))


def drawn(strategy: st.SearchStrategy[T], seed: int) -> T:
    """What the strategy gives when its choices are made by the seed."""
    found: list[T] = []

    @settings(database=None)
    @given(strategy)
    def keep(value: T) -> None:
        found.append(value)

    keep.hypothesis.fuzz_one_input(Random(f"choices {seed}").randbytes(CHOICE_BYTES))  # type: ignore[attr-defined]
    if not found:
        raise ValueError(f"{CHOICE_BYTES} bytes are not enough for the choices of seed {seed}")
    return found[0]
