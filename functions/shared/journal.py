"""A stream's history as people read it."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Raw, Struct

from shared.events import Commit
from shared.identifiers import Timestamp


class HistoryEntry(Struct, frozen=True):
    """One fact: the event's type, when it was recorded, who caused it (an id), and what it says."""

    type: Annotated[str, Meta(examples=["orders.OrderPlaced"])]
    at: Timestamp
    actor: str
    data: Raw


def entries(commits: Iterable[Commit]) -> list[HistoryEntry]:
    """Every event of `commits`, in their order."""
    return [
        HistoryEntry(event.type, commit.at, commit.commands[event.command].actor, event.data)
        for commit in commits
        for event in commit.events
    ]
