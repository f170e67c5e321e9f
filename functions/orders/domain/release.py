"""Which orders a request to release many has chosen: a repeat of the request means the same ones."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.events import Event
from shared.identifiers import OrderId


class OrdersChosen(Event, frozen=True):
    """These orders are to be released to picking."""

    orders: tuple[OrderId, ...]


class ReleaseChosen(Struct, frozen=True):
    """Release these orders."""

    orders: tuple[OrderId, ...]
    at: datetime


class Chosen(Struct, frozen=True):
    """The orders that were chosen."""

    orders: tuple[str, ...] = ()


def decide(command: ReleaseChosen, _chosen: Chosen) -> Sequence[Event]:
    """A choice is made once: whoever asks again with the same key gets the first answer."""
    return [OrdersChosen(orders=command.orders)]


def evolve(_chosen: Chosen, event: OrdersChosen) -> Chosen:
    """The choice after `event`."""
    return Chosen(event.orders)


PRIVATE: tuple[type[Event], ...] = (OrdersChosen,)
