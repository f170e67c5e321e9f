"""Publishes what happened to payments."""

from payments.contracts import PUBLISHED, TOLD_TOGETHER
from shared.outbox import publisher

handler = publisher(
    "payments",
    [f"payments.{event.__name__}" for event in PUBLISHED],
    together=[f"payments.{event.__name__}" for event in TOLD_TOGETHER],
)
