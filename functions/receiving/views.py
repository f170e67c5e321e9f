"""Receiving's read models."""

from functools import cache
from typing import Any

from receiving.contracts import PUBLISHED
from shared.events import EventCatalog
from shared.projection import Projector
from shared.resources import history, views


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(EventCatalog("receiving", PUBLISHED), history(), views(), ())


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the read models."""
    projector().handle(event)
