"""Publishes what shipping has committed."""

from shared.outbox import publisher
from shipping.contracts import PUBLISHED, TOLD_TOGETHER

handler = publisher(
    "shipping",
    [f"shipping.{event.__name__}" for event in PUBLISHED],
    together=[f"shipping.{event.__name__}" for event in TOLD_TOGETHER],
)
