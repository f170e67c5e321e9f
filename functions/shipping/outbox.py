"""Publishes what shipping has committed."""

from shared.outbox import publisher
from shipping.contracts import PUBLISHED

handler = publisher("shipping", [f"shipping.{event.__name__}" for event in PUBLISHED])
