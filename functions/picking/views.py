"""Picking's read models. The Lambda here keeps them up to date."""

from functools import cache
from typing import Any

from picking.aggregates import CATALOG
from shared.projection import Projector
from shared.resources import history, views


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), ())


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of committed decisions in the read models."""
    projector().handle(event)
