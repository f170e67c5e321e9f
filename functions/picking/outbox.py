"""Publishes what picking has committed."""

from picking.contracts import PUBLISHED
from shared.outbox import publisher

handler = publisher("picking", [f"picking.{event.__name__}" for event in PUBLISHED])
