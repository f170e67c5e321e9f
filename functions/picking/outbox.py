"""Publishes what picking has committed."""

from picking.contracts import PUBLISHED, TOLD_TOGETHER
from shared.outbox import publisher

handler = publisher(
    "picking",
    [f"picking.{event.__name__}" for event in PUBLISHED],
    together=[f"picking.{event.__name__}" for event in TOLD_TOGETHER],
)
