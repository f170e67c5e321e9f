"""What is to be batched, under which limits, and what comes out."""

from msgspec import Struct

from picking.domain.routing import Metric, Stop


class Article(Struct, frozen=True):
    """A product; `volume` is that of one unit."""

    id: str
    volume: int


class Position(Struct, frozen=True):
    """So many units of one article; they are picked together, from one source."""

    article: str
    units: int = 1


class OrderToPick(Struct, frozen=True):
    """An order that is picked whole, within one batch."""

    id: str
    positions: tuple[Position, ...]


class Source(Struct, frozen=True):
    """Where `units` of an article lie, of which any may be picked."""

    id: str
    article: str
    zone: str
    stop: Stop
    units: int = 1


class Limits(Struct, frozen=True):
    """What a batch and a pick list may hold."""

    orders_per_batch: int
    volume_per_list: int
    positions_per_list: int | None = None


class Instance(Struct, frozen=True):
    """One batching problem. `goal` is how many units are wanted at least; None: every order that can be picked."""

    articles: tuple[Article, ...]
    orders: tuple[OrderToPick, ...]
    sources: tuple[Source, ...]
    limits: Limits
    metric: Metric
    goal: int | None = None


class Pick(Struct, frozen=True):
    """One visit: take `units` for a position (counted from 0) of an order."""

    source: str
    order: str
    position: int
    units: int


class PickList(Struct, frozen=True):
    """One tour through one zone, in walking order."""

    zone: str
    picks: tuple[Pick, ...]
    length: int


class Batch(Struct, frozen=True):
    """Orders that are picked together, and the lists on which they are."""

    orders: tuple[str, ...]
    lists: tuple[PickList, ...]


class LeftOut(Struct, frozen=True):
    """An order that cannot be picked, and why."""

    order: str
    reason: str


class Plan(Struct, frozen=True):
    """The batches, their walk in all, the units on them, and the orders that no plan could hold."""

    batches: tuple[Batch, ...]
    length: int
    units: int
    left_out: tuple[LeftOut, ...] = ()
