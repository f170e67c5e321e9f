"""Projections: each stream's commits folded into one document of the views table, and entries beside it.

The document's version is the number of the last commit that it shows. A write holds only where the stored version
is lower, so a repeat changes nothing; a gap makes the projector read the stream itself; and a view can be thrown
away and made again. A commit that leaves no entry, and of which nobody sees anything in the document, is not
written down in it: whoever does not remember it finds a gap, and reads it with what follows.

Entries are further documents that a commit leaves behind: a movement in a journal, or something that is looked up
under a key of its own. They carry the number of the commit they come from and are written before the document, so
that a projector that dies in between writes them again.

A stream of which much is known keeps its document small and the rest in parts, each folded from the events that
concern it and written only when it changes: what an event costs does not grow with what else the stream holds.
Parts are written after the entries and before the document. So parts are never behind the document, a part that is
ahead leaves out the commits that it shows already, and whatever such commits left beside it has been written.

Views can be filled anew while work goes on, emptied before or not: a replay of the whole history carries the
number of a filling, higher than that of any before. It begins each stream anew, overwrites what earlier fillings
have left, and counts with none of it, but shows at least the commits that they have shown; whoever comes later
goes on with the latest filling. What others have shown since a filling has read a stream it looks for once more
when its document is written: from then on they are told by a refused part that there is a later filling. A stored
version is the filling's number and behind it, in ten digits, the commit's.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from shared import telemetry
from shared.event_store import EventStore, commit_of
from shared.events import Commit, Event, EventCatalog
from shared.views import Views

V = TypeVar("V", bound=Struct)
P = TypeVar("P", bound=Struct)

_ATTEMPTS = 5
_REMEMBERED = 1_000
_PARTS_REMEMBERED = 20
"""Of one stream: a place has few products in turn, a dock thousands."""
UNWRITTEN_AT_MOST = 8
"""A document may be behind by so many commits of which nobody sees anything: who comes next has to read them."""
COMMITS_OF_A_FILLING = 10**10
"""What separates the fillings in the versions of stored documents: more commits than a stream can have."""


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
class Parts(Generic[V, P]):
    """How the streams of a projection have parts: documents under the projection's pk, `prefix` and a name.

    `concerns(event)` names the parts that an event may change (None: all that there are), `start(document, name)`
    is a part before the first event, `show(part, document, event, at)` the part after an event recorded `at`,
    which `document` already shows. `entries(part, before, event, commit, position)` is what an event, at that
    position in its commit, leaves beside a part that it changes.
    """

    kind: type[P]
    prefix: str
    concerns: Callable[[Event], Iterable[str] | None]
    start: Callable[[V, str], P]
    show: Callable[[P, V, Any, str], P]
    index: Callable[[P], Mapping[str, str]]
    entries: Callable[[P, P, Event, Commit, int], Iterable[Entry]]


class StoredParts(Protocol):
    """The parts of a stream that are stored, each with the number of the commit that it shows."""

    def named(self, names: Iterable[str], /) -> Mapping[str, tuple[Any, int]]:
        """Those of the parts with these names that there are."""
        ...

    def all(self) -> Mapping[str, tuple[Any, int]]:
        """All parts."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """Parts that were read before; none when nothing is stored yet."""

    parts: Mapping[str, tuple[Any, int]] = field(default_factory=dict)

    def named(self, names: Iterable[str], /) -> Mapping[str, tuple[Any, int]]:
        """Those of the parts with these names that there are."""
        return {name: self.parts[name] for name in names if name in self.parts}

    def all(self) -> Mapping[str, tuple[Any, int]]:
        """All parts."""
        return self.parts


@dataclass(frozen=True, slots=True)
class PartsInViews:
    """The parts of a stream as a filling of the views holds them, strongly consistent."""

    views: Views
    pk: str
    prefix: str
    kind: type[Struct]
    filling: int

    def named(self, names: Iterable[str], /) -> Mapping[str, tuple[Any, int]]:
        """Those of the parts with these names that there are."""
        found = self.views.get_many(((self.pk, self.prefix + name) for name in names), self.kind, consistent=True)
        return self._filled({sk: one for (_, sk), one in found.items()})

    def all(self) -> Mapping[str, tuple[Any, int]]:
        """All parts."""
        return self._filled(self.views.under(self.pk, self.prefix, self.kind, consistent=True))

    def _filled(self, found: Mapping[str, tuple[Any, int]]) -> Mapping[str, tuple[Any, int]]:
        return {
            sk.removeprefix(self.prefix): (part, version % COMMITS_OF_A_FILLING)
            for sk, (part, version) in found.items()
            if version // COMMITS_OF_A_FILLING == self.filling
        }


@dataclass(frozen=True, slots=True)
class Remembered:
    """Parts that this process has shown last, and the others as they are stored."""

    parts: Mapping[str, tuple[Any, int]]
    stored: StoredParts

    def named(self, names: Iterable[str], /) -> Mapping[str, tuple[Any, int]]:
        """Those of the parts with these names that there are."""
        wanted = list(names)
        known = {name: self.parts[name] for name in wanted if name in self.parts}
        others = [name for name in wanted if name not in known]
        return {**known, **self.stored.named(others)} if others else known

    def all(self) -> Mapping[str, tuple[Any, int]]:
        """All parts."""
        return self.stored.all()


@dataclass(frozen=True, slots=True)
class Shown(Generic[V]):
    """A stream's document with some commits more, its parts, and the entries that these commits leave.

    `parts` are those that were looked at, `changed` the names of those that are no longer as they are stored.
    `names` are what the stream can be found under besides, and since when. `passed` is the document after each of
    the commits.
    """

    document: V
    passed: Sequence[V]
    parts: Mapping[str, tuple[Any, int]]
    changed: frozenset[str]
    entries: Mapping[tuple[str, str], tuple[Entry, int]]
    names: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class _Latest(Generic[V]):
    """A document and those of its parts that were looked at last; what is stored is `unwritten` commits behind."""

    document: V
    stamp: int
    parts: Mapping[str, tuple[Any, int]] = field(default_factory=dict)
    unwritten: int = 0


@dataclass(frozen=True, slots=True)
class Projection(Generic[V]):
    """How the streams of `category` become documents.

    `start(stream_id)` is the document before the first event, `show(document, event, at)` the document after
    an event recorded `at`, `key(stream_id)` its (pk, sk), and `index(document)` the attributes for indexes.
    `entries(document, commit, events)` is what a commit leaves beside the document, which already shows it.
    `names(document)` are the (pk, sk) under which it can be found besides: each holds the `Owners` of the name.
    `parts` says how the rest of what is known of a stream is kept, when its document does not hold it all.
    `seen(document)` is what anybody sees of the document as it is stored, whole by default; None: nobody sees it.
    """

    category: str
    kind: type[V]
    start: Callable[[str], V]
    show: Callable[[V, Any, str], V]
    key: Callable[[str], tuple[str, str]]
    index: Callable[[V], Mapping[str, str]] = lambda _: {}
    entries: Callable[[V, Commit, Sequence[Event]], Iterable[Entry]] = lambda _document, _commit, _events: ()
    names: Callable[[V], Iterable[tuple[str, str]]] = lambda _: ()
    parts: Parts[V, Any] | None = None
    seen: Callable[[V], object] = lambda document: document

    def after(
        self, catalog: EventCatalog, document: V, commits: Sequence[Commit], stored: StoredParts | None = None
    ) -> Shown[V]:
        """What is shown once `document` and the `stored` parts show `commits` too."""
        decoded = [(commit, [catalog.decode(recorded) for recorded in commit.events]) for commit in commits]
        entries: dict[tuple[str, str], tuple[Entry, int]] = {}
        names: dict[tuple[str, str], str] = {}
        passed: list[V] = []
        books = None if self.parts is None else _Books(self.parts, decoded, stored or Known())
        for commit, events in decoded:
            for position, event in enumerate(events):
                document = self.show(document, event, commit.at)
                if books is not None:
                    books.enter(document, commit, position, event)
            passed.append(document)
            left = self.entries(document, commit, events)
            entries.update((entry.key, (entry, commit.sequence)) for entry in left)
            for name in self.names(document):
                names.setdefault(name, commit.at)
        if books is None:
            return Shown(document, passed, {}, frozenset(), entries, names)
        return Shown(document, passed, books.parts, frozenset(books.changed), entries | books.entries, names)


class _Books(Generic[V, P]):
    """The parts of one stream while commits are entered into them."""

    def __init__(
        self, rules: Parts[V, P], commits: Sequence[tuple[Commit, Sequence[Event]]], stored: StoredParts
    ) -> None:
        self._rules = rules
        concerned = [rules.concerns(event) for _, events in commits for event in events]
        everything = any(names is None for names in concerned)
        wanted = dict.fromkeys(name for names in concerned if names is not None for name in names)
        self.parts: dict[str, tuple[P, int]] = dict(stored.all() if everything else stored.named(wanted))
        self._ahead = {name: version for name, (_, version) in self.parts.items()}
        self.changed: set[str] = set()
        self.entries: dict[tuple[str, str], tuple[Entry, int]] = {}

    def enter(self, document: V, commit: Commit, position: int, event: Event) -> None:
        """Enter one event into every part that it concerns and that does not show it yet."""
        names = self._rules.concerns(event)
        for name in list(self.parts) if names is None else dict.fromkeys(names):
            if commit.sequence <= self._ahead.get(name, 0):
                continue
            before, _ = self.parts.get(name) or (self._rules.start(document, name), 0)
            part = self._rules.show(before, document, event, commit.at)
            if part == before:
                continue
            self.parts[name] = (part, commit.sequence)
            self.changed.add(name)
            left = self._rules.entries(part, before, event, commit, position)
            self.entries.update((entry.key, (entry, commit.sequence)) for entry in left)


def as_it_is(
    projection: Projection[V], catalog: EventCatalog, history: EventStore, views: Views, stream_id: str
) -> tuple[V, dict[str, Any], int]:
    """A stream's document, all its parts by name, and its latest commit's number, exact at the time of the call.

    They are what the views hold, brought up to date by the commits that no projector has shown yet: what it costs
    depends on the number of parts, not on the length of the stream.
    """
    pk, sk = projection.key(stream_id)
    document, stamp = views.get(pk, sk, projection.kind, consistent=True) or (projection.start(stream_id), 0)
    filling, version = divmod(stamp, COMMITS_OF_A_FILLING)
    stored: dict[str, tuple[Any, int]] = {}
    if projection.parts is not None:
        stored = dict(PartsInViews(views, pk, projection.parts.prefix, projection.parts.kind, filling).all())
    commits = list(history.read(stream_id, after=version))
    shown = projection.after(catalog, document, commits, Known(stored))
    parts = {name: part for name, (part, _) in (stored | dict(shown.parts)).items()}
    return shown.document, parts, commits[-1].sequence if commits else version


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
        self._latest: OrderedDict[str, _Latest[Any]] = OrderedDict()

    def handle(self, event: dict[str, Any]) -> None:
        """Show the commits of one batch of stream records. Raises when it has to come again.

        A replay that fills the views anew says the number of its `filling` with every batch.
        """
        filling = int(event.get("filling", 0))
        commits = [commit_of(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        written = 0
        for stream_id, own in groupby(sorted(commits, key=_by_stream), key=lambda commit: commit.stream):
            projection = self._projections.get(stream_id.partition("#")[0])
            if projection is not None:
                self._project(projection, stream_id, list(own), filling)
                written += 1
        telemetry.debug("projected", commits=len(commits), documents=written)

    def _project(self, projection: Projection[V], stream_id: str, commits: Sequence[Commit], filling: int) -> None:
        pk, sk = projection.key(stream_id)
        last = commits[-1].sequence
        anew = filling * COMMITS_OF_A_FILLING
        shown = self._shown_before(projection, stream_id, commits[0].sequence - 1, anew)
        for _ in range(_ATTEMPTS):
            before = shown or self._stored(projection, pk, sk, stream_id)
            shown, replaced = None, None
            if before.stamp < anew:
                before, replaced = _Latest(projection.start(stream_id), anew), before.stamp
            current, version = divmod(before.stamp, COMMITS_OF_A_FILLING)
            if version >= last:
                return
            missing = [commit for commit in commits if commit.sequence > version]
            # nobody comes again for what an earlier filling has shown beyond this batch
            if replaced is not None or [commit.sequence for commit in missing] != list(
                range(version + 1, last + 1)
            ):
                missing = list(self._history.read(stream_id, after=version))
            stored: StoredParts | None = None
            if projection.parts is not None and version:
                stored = Remembered(
                    before.parts,
                    PartsInViews(self._views, pk, projection.parts.prefix, projection.parts.kind, current),
                )
            after = projection.after(self._catalog, before.document, missing, stored)
            for name, since in after.names.items():
                self._own(name, sk, since)
            begin = before.stamp - version
            alone = self._write_beside(projection, pk, after, begin)
            latest = _Latest(
                after.document,
                begin + missing[-1].sequence,
                {**before.parts, **after.parts},
                before.unwritten + len(missing),
            )
            unseen = not after.entries and _unseen(projection, before, after.passed)
            if unseen and alone and replaced is None and latest.unwritten <= UNWRITTEN_AT_MOST:
                self._remember(stream_id, latest)
                return
            index = projection.index(latest.document)
            if self._views.put(pk, sk, latest.document, latest.stamp, index, replacing=replaced):
                self._remember(stream_id, replace(latest, unwritten=0))
                if replaced is not None:
                    self._catch_up(projection, stream_id, missing[-1].sequence, filling)
                return
        raise ProjectionContended(f"{pk} {sk}")

    def _catch_up(self, projection: Projection[V], stream_id: str, version: int, filling: int) -> None:
        """Show what others may have shown in the filling before while this one replaced it."""
        if later := list(self._history.read(stream_id, after=version)):
            self._project(projection, stream_id, later, filling)

    def _stored(self, projection: Projection[V], pk: str, sk: str, stream_id: str) -> _Latest[V]:
        document, stamp = self._views.get(pk, sk, projection.kind, consistent=True) or (
            projection.start(stream_id),
            0,
        )
        return _Latest(document, stamp)

    def _write_beside(self, projection: Projection[V], pk: str, after: Shown[V], begin: int) -> bool:
        """Write the entries, then the parts, in the filling that begins with the version `begin`.

        False when a part was refused: another projector has written it, perhaps in a later filling.
        """
        for entry, sequence in after.entries.values():
            self._views.put(*entry.key, entry.document, begin + sequence, entry.index)
        if projection.parts is None:
            return True
        alone = True
        for name in sorted(after.changed):
            part, sequence = after.parts[name]
            index = projection.parts.index(part)
            alone &= self._views.put(pk, projection.parts.prefix + name, part, begin + sequence, index)
        return alone

    def _own(self, name: tuple[str, str], owner: str, since: str) -> None:
        """Note the owner of a name. Names only ever gain owners, so it does not matter who notes them, or when."""
        for _ in range(_ATTEMPTS):
            owners, version = self._views.get(*name, Owners, consistent=True) or (Owners(), 0)
            if owner in owners.since:
                return
            if self._views.put(*name, Owners({**owners.since, owner: since}), version + 1):
                return
        raise ProjectionContended(f"{name[0]} {name[1]}")

    def _shown_before(
        self, projection: Projection[V], stream_id: str, version: int, anew: int
    ) -> _Latest[V] | None:
        """The document at `version`, when it need not be read: there is none yet, or this process showed it last.

        With it the parts that were looked at last: they are what their events make them, so whoever has shown all
        of these need not read them. Should another have gone on since, the conditional write fails, and the
        document is read. Versions lower than `anew` are of fillings that do not count any more.
        """
        if version == 0 and not anew:
            return _Latest(projection.start(stream_id), 0)
        latest = self._latest.get(stream_id)
        if latest is None or latest.stamp % COMMITS_OF_A_FILLING != version or latest.stamp < anew:
            return None
        return latest

    def _remember(self, stream_id: str, latest: _Latest[Any]) -> None:
        parts = dict(list(latest.parts.items())[-_PARTS_REMEMBERED:])
        self._latest[stream_id] = replace(latest, parts=parts)
        self._latest.move_to_end(stream_id)
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)


def _unseen(projection: Projection[V], before: _Latest[V], passed: Iterable[V]) -> bool:
    """Whether what is stored, if anything, shows all that anybody would have seen since.

    What was seen in between counts: a worker that stalled there may still write it.
    """
    stands = before.stamp % COMMITS_OF_A_FILLING > 0
    shows = projection.seen(before.document)
    return all((stands or seen is None) and seen == shows for seen in map(projection.seen, passed))


def _by_stream(commit: Commit) -> tuple[str, int]:
    return commit.stream, commit.sequence
