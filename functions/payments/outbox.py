"""Publishes what happened to payments."""

from payments.contracts import PUBLISHED
from shared.outbox import publisher

handler = publisher("payments", [f"payments.{event.__name__}" for event in PUBLISHED])
