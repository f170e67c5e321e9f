"""Inventory's rules, pure. Two consistency boundaries: what is promised and what physically lies where."""

from inventory.contracts import PUBLISHED
from inventory.domain import holding, lot, order_allocation, picked, promise
from shared.events import EventCatalog

CATALOG = EventCatalog(
    "inventory",
    (
        *PUBLISHED,
        *promise.PRIVATE,
        *holding.PRIVATE,
        *picked.PRIVATE,
        *lot.PRIVATE,
        *order_allocation.PRIVATE,
    ),
)
