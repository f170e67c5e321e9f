"""Publishes what orders has committed."""

from orders.contracts import PUBLISHED, TOLD_TOGETHER
from shared.outbox import publisher

handler = publisher(
    "orders",
    [f"orders.{event.__name__}" for event in PUBLISHED],
    together=[f"orders.{event.__name__}" for event in TOLD_TOGETHER],
)
