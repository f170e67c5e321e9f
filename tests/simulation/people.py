"""What decides how a population is drawn: its size, and the choices, moments and things of its parts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

from tests.simulation.faults import Weather
from tests.simulation.population import MINUTE, Action
from tests.simulation.wares import Ware

T = TypeVar("T")
TRACKING = ("none", "lot", "lot_expiry", "lot_expiry", "serial")


@dataclass(frozen=True)
class Shape:
    """How large a population is."""

    products: int
    locations: int
    orders: int
    minutes: float
    burst: int
    """The share in percent of actions that come at one moment with others."""
    months: bool = False
    """Whether the run goes on until backorders expire."""
    small_limits: bool = False
    """Whether snapshots, chunks, settlements and batches reach their limits early."""
    shipments: int = 0
    """How many shipments come in; with none there is no warehouse around the places."""
    outbound: int = 0
    """How many orders go out of a warehouse of their own; with none nobody picks."""
    scarce: bool = False
    """Whether there is too little of what is ordered, and counts find less: lines wait, and are allocated anew."""
    perishable: bool = False
    """Whether some of what is ordered expires before the late shift, in racks, trolleys and at the bench."""


class People:
    """Draws what a part of the population does: choices, moments, and whom or what it concerns."""

    def __init__(self, draw: st.DrawFn, shape: Shape, weather: Weather) -> None:
        self._draw = draw
        self.shape = shape
        self.weather = weather
        self.skus = [f"SKU-{number}" for number in range(1, shape.products + 1)]
        self.places = [f"A-{number:02d}" for number in range(1, shape.locations + 1)]
        self.demand = max(1, shape.orders * 3 // shape.products)
        """About as many units of a SKU as orders will ask for."""
        self.wares: list[Ware] = []
        self.goods: list[Ware] = []
        """What is sent to customers."""
        self.shipments = 0
        self._wanted = [sku for rank, sku in enumerate(self.skus) for _ in range(60 // (rank + 1))]
        self._rushes = [self.seconds(10, shape.minutes * MINUTE) for _ in range(2)]

    def expect(self, shipments: int) -> None:
        """From now on there is a warehouse around the places, to which so many shipments come."""
        self.shipments = shipments
        self.wares = [
            Ware(f"WARE-{number}", self.one_of(*TRACKING), self.one_of("plain", "checked"))
            for number in range(1, self.number(1, 3) + 1)
        ]

    def send(self, orders: int) -> None:
        """From now on there is a warehouse from which so many orders are sent."""
        self.shape = replace(self.shape, outbound=orders)
        self.goods = [Ware(f"GOOD-{number}", self.one_of(*TRACKING)) for number in range(1, self.number(1, 3) + 1)]
        if self.shape.perishable:
            self.goods[0] = Ware(self.goods[0].sku, "lot_expiry")

    def happens(self, percent: int) -> bool:
        """Whether something happens that does so in so many of a hundred cases."""
        return self._draw(st.integers(0, 99)) >= 100 - percent

    def one_of(self, *choices: T) -> T:
        """One of the choices; the first is the simplest."""
        return self._draw(st.sampled_from(choices))

    def most_of(self, count: int) -> Iterator[int]:
        """The numbers below `count`, of which a few may be left out (when it fails: all that can be)."""
        return (number for number in range(count) if self.happens(97))

    def number(self, least: int, most: int) -> int:
        """A whole number."""
        return self._draw(st.integers(least, most))

    def seconds(self, least: float, most: float) -> float:
        """A time, in whole milliseconds."""
        return self._draw(st.integers(int(least * 1000), int(most * 1000))) / 1000

    def moment(self) -> float:
        """When something happens; in a rush together with much else."""
        if self.happens(self.shape.burst):
            return self.one_of(*self._rushes)
        return self.seconds(5, self.shape.minutes * MINUTE)

    def sku(self) -> str:
        """A product, whichever."""
        return self.one_of(*self.skus)

    def wanted_sku(self) -> str:
        """A product as customers want it: a few are most of the demand."""
        return self.one_of(*self._wanted)

    def ware(self) -> Ware:
        """A product that comes through the dock."""
        return self.one_of(*self.wares)

    def place(self) -> str:
        """A place, whichever."""
        return self.one_of(*self.places)


Part = Callable[[People], Iterator[Action]]
