"""Publishes what inventory has committed."""

from inventory.contracts import PUBLISHED, TOLD_IN_CROWDS, TOLD_TOGETHER
from shared.outbox import publisher

handler = publisher(
    "inventory",
    [f"inventory.{event.__name__}" for event in PUBLISHED],
    together=[f"inventory.{event.__name__}" for event in TOLD_TOGETHER],
    crowds=[f"inventory.{event.__name__}" for event in TOLD_IN_CROWDS],
)
