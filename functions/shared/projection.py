"""Projections: each stream's commits folded into one document of the views table.

The document's version is the number of the last commit that it shows. A write holds only where the stored version
is lower, so a repeat changes nothing; a gap makes the projector read the stream itself; and a view can be thrown
away and made again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
class Projection(Generic[V]):
    """How the streams of `category` become documents.

    `start(stream_id)` is the document before the first event, `show(document, event, at)` the document after
    an event recorded `at`, `key(stream_id)` its (pk, sk), and `index(document)` the attributes for indexes.
    """

    category: str
    kind: type[V]
    start: Callable[[str], V]
    show: Callable[[V, Any, str], V]
    key: Callable[[str], tuple[str, str]]
    index: Callable[[V], Mapping[str, str]] = lambda _: {}


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
            for commit in missing:
                for recorded in commit.events:
                    event: Event = self._catalog.decode(recorded)
                    document = projection.show(document, event, commit.at)
            if self._views.put(pk, sk, document, missing[-1].sequence, projection.index(document)):
                self._remember(stream_id, document, missing[-1].sequence)
                return
        raise ProjectionContended(f"{pk} {sk}")

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
