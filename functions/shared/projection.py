"""Projections: each stream's commits folded into one document of the views table, and entries beside it.

The document's version is the number of the last commit that it shows. A write holds only where the stored version
is lower, so a repeat changes nothing; a gap makes the projector read the stream itself; and a view can be thrown
away and made again.

Entries are further documents that a commit leaves behind: a movement in a journal, or the part of a document that
is looked up under a key of its own. They carry the number of the commit they come from and are written before the
document, so that a projector that dies in between writes them again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

from msgspec import Struct

from shared import telemetry
from shared.event_store import EventStore, commit_of
from shared.events import Commit, Event, EventCatalog
from shared.views import Views

V = TypeVar("V", bound=Struct)

_ATTEMPTS = 5
_REMEMBERED = 1_000


class ProjectionContended(Exception):
    """Other projectors kept writing the same document: the batch has to come again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document beside a projection's own: its (pk, sk), what it says, and its attributes for indexes."""

    key: tuple[str, str]
    document: Struct
    index: Mapping[str, str] = field(default_factory=dict)


class Owners(Struct, frozen=True):
    """Who has ever had a name, by the sort key of their document, and since when; who has it now, they say."""

    since: dict[str, str] = {}

    @property
    def in_order(self) -> list[str]:
        """The owners, the one who had the name first in front."""
        return sorted(self.since, key=lambda owner: (self.since[owner], owner))


@dataclass(frozen=True, slots=True)
class Projection(Generic[V]):
    """How the streams of `category` become documents.

    `start(stream_id)` is the document before the first event, `show(document, event, at)` the document after
    an event recorded `at`, `key(stream_id)` its (pk, sk), and `index(document)` the attributes for indexes.
    `entries(document, commit, events)` is what a commit leaves beside the document, which already shows it.
    `names(document)` are the (pk, sk) under which it can be found besides: each holds the `Owners` of the name.
    """

    category: str
    kind: type[V]
    start: Callable[[str], V]
    show: Callable[[V, Any, str], V]
    key: Callable[[str], tuple[str, str]]
    index: Callable[[V], Mapping[str, str]] = lambda _: {}
    entries: Callable[[V, Commit, Sequence[Event]], Iterable[Entry]] = lambda _document, _commit, _events: ()
    names: Callable[[V], Iterable[tuple[str, str]]] = lambda _: ()

    def after(self, catalog: EventCatalog, document: V, commit: Commit) -> tuple[V, Iterable[Entry]]:
        """The document once it shows `commit`, and what the commit leaves beside it."""
        events = [catalog.decode(recorded) for recorded in commit.events]
        for event in events:
            document = self.show(document, event, commit.at)
        return document, self.entries(document, commit, events)


class Projector:
    """Keeps the documents of several projections up to date with a service's commits."""

    def __init__(
        self,
        catalog: EventCatalog,
        history: EventStore,
        views: Views,
        projections: Iterable[Projection[Any]],
    ) -> None:
        self._catalog = catalog
        self._history = history
        self._views = views
        self._projections = {projection.category: projection for projection in projections}
        self._latest: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def handle(self, event: dict[str, Any]) -> None:
        """Show the commits of one batch of stream records. Raises when it has to come again."""
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        written = 0
        for stream_id, own in groupby(sorted(commits, key=_by_stream), key=lambda commit: commit.stream):
            projection = self._projections.get(stream_id.partition("#")[0])
            if projection is not None:
                self._project(projection, stream_id, list(own))
                written += 1
        telemetry.info("projected", commits=len(commits), documents=written)

    def _project(self, projection: Projection[V], stream_id: str, commits: Sequence[Commit]) -> None:
        pk, sk = projection.key(stream_id)
        last = commits[-1].sequence
        shown = self._shown_before(projection, stream_id, commits[0].sequence - 1)
        for _ in range(_ATTEMPTS):
            document, version = (
                shown
                or self._views.get(pk, sk, projection.kind, consistent=True)
                or (projection.start(stream_id), 0)
            )
            shown = None
            if version >= last:
                return
            missing = [commit for commit in commits if commit.sequence > version]
            if [commit.sequence for commit in missing] != list(range(version + 1, last + 1)):
                missing = list(self._history.read(stream_id, after=version))
            beside: dict[tuple[str, str], tuple[Entry, int]] = {}
            names: dict[tuple[str, str], str] = {}
            for commit in missing:
                document, entries = projection.after(self._catalog, document, commit)
                beside.update((entry.key, (entry, commit.sequence)) for entry in entries)
                for name in projection.names(document):
                    names.setdefault(name, commit.at)
            for name, since in names.items():
                self._own(name, sk, since)
            for entry, sequence in beside.values():
                self._views.put(*entry.key, entry.document, sequence, entry.index)
            if self._views.put(pk, sk, document, missing[-1].sequence, projection.index(document)):
                self._remember(stream_id, document, missing[-1].sequence)
                return
        raise ProjectionContended(f"{pk} {sk}")

    def _own(self, name: tuple[str, str], owner: str, since: str) -> None:
        """Note the owner of a name. Names only ever gain owners, so it does not matter who notes them, or when."""
        for _ in range(_ATTEMPTS):
            owners, version = self._views.get(*name, Owners, consistent=True) or (Owners(), 0)
            if owner in owners.since:
                return
            if self._views.put(*name, Owners({**owners.since, owner: since}), version + 1):
                return
        raise ProjectionContended(f"{name[0]} {name[1]}")

    def _shown_before(self, projection: Projection[V], stream_id: str, version: int) -> tuple[V, int] | None:
        """The document at `version`, when it need not be read: there is none yet, or this process wrote it last.

        Should another have gone on since, the conditional write fails, and the document is read.
        """
        if version == 0:
            return projection.start(stream_id), 0
        document, known = self._latest.get(stream_id, (None, 0))
        return (document, known) if document is not None and known == version else None

    def _remember(self, stream_id: str, document: Struct, version: int) -> None:
        self._latest[stream_id] = (document, version)
        self._latest.move_to_end(stream_id)
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)


def _by_stream(commit: Commit) -> tuple[str, int]:
    return commit.stream, commit.sequence
