"""Publishes what inventory has committed."""

from inventory.contracts import PUBLISHED
from shared.outbox import publisher

handler = publisher("inventory", [f"inventory.{event.__name__}" for event in PUBLISHED])
