"""Publishes what receiving has committed."""

from receiving.contracts import PUBLISHED
from shared.outbox import publisher

handler = publisher("receiving", [f"receiving.{event.__name__}" for event in PUBLISHED])
