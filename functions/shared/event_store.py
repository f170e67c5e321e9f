"""The event store: streams of commits in one DynamoDB table.

A commit is ONE item (`pk` = stream, `sk` = `C#` + commit number) that holds every event of one decision,
written on the condition that no such item exists. The number counts commits, so two writers who have seen
the same state always want the same key, and one of them loses. A snapshot (`sk` = `S`) stands beside the
commits; because `S` sorts after `C#`, one descending query brings the snapshot and the commits after it.

| operation | cost |
|---|---|
| load | 1 query: the snapshot (when there is one) and at most `snapshot_every` commits |
| load, seen before by this process | 1 query: only the commits since |
| load with commits | 1 query: all commits |
| append | 1 conditional write; what would be larger than the 1 KB of a write unit is packed (zlib) |
| snapshot | 1 write every `snapshot_every` commits (and 1 per further 300 KB of state) |
"""

import base64
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import MsgspecError, Struct

from shared import clock, codec, ids, telemetry
from shared.availability import answering
from shared.events import CommandMetadata, Commit, CommitBody, Event, EventCatalog
from shared.rejection import TooLarge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

S = TypeVar("S")

COMMIT_PREFIX = "C#"
SNAPSHOT_KEY = "S"
MAX_COMMIT_BYTES = 350_000
MAX_EVENT_BYTES = 200_000
SNAPSHOT_CHUNK_BYTES = 300_000
PACKED_FROM_BYTES = 880
"""Bodies from this size on are packed: with its keys and its time an item would be larger than a write unit."""
_DIGITS = 10
_CACHED_STREAMS = 512


class ConcurrentCommit(Exception):
    """Another writer has committed first: reload and decide again."""


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """How a stream's events become state.

    `revision` is raised when `evolve` changes its meaning while the state keeps its shape: snapshots of another
    revision or shape are ignored. `window` is how many handled commands a snapshot remembers.
    """

    catalog: EventCatalog
    initial: S
    evolve: Callable[[S, Any], S]
    revision: int = 1
    snapshot_every: int = 20
    window: int = 200
    _shape: list[str] = field(default_factory=list, init=False, compare=False)

    @property
    def shape(self) -> str:
        """The hash of the state's shape and the fold's revision."""
        if not self._shape:
            self._shape.append(f"{codec.shape(type(self.initial))}.{self.revision}")
        return self._shape[0]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which snapshot stands in the table: after which commit, of which shape, in how many chunks (0: inline).

    `token` belongs to one writing of it, so that the chunks of two writers never mix.
    """

    sequence: int
    shape: str
    chunks: int
    token: str


@dataclass(frozen=True, slots=True)
class Stream(Generic[S]):
    """A stream as it was read: `sequence` is its last commit's number (0: none yet).

    `handled` maps the ids of the latest commands to the commit that answered them, and that of the very first
    command: what it created is named after it, so its repeat comes to this stream however late. `snapshot` is the
    one that stands in the table.
    """

    id: str
    state: S
    sequence: int = 0
    handled: dict[str, int] = field(default_factory=dict)
    recorded_at: str = ""
    snapshot: "Snapshot | None" = None


class _SnapshotBody(Struct, Generic[S], frozen=True):
    state: S
    handled: dict[str, int]
    recorded_at: str


class _Torn(RuntimeError):
    """A commit is missing between others that were read."""


class _SnapshotGone(Exception):
    """The snapshot's chunks were replaced while they were read."""


class EventStore:
    """Streams in the table `table`, reached through `client`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._cache: OrderedDict[tuple[str, str], Stream[Any]] = OrderedDict()

    def load(self, fold: Fold[S], stream_id: str) -> Stream[S]:
        """The stream's present state, strongly consistent. An unknown stream has the fold's initial state.

        Raises Unavailable.
        """
        return self._load(fold, stream_id, consistent=True)

    def glance(self, fold: Fold[S], stream_id: str) -> Stream[S]:
        """A state in which the stream was a moment ago, nearly always its present one, for half the price.

        For deciders whose write tells whether it was the latest. Raises Unavailable.
        """
        try:
            return self._load(fold, stream_id, consistent=False)
        except _Torn:
            return self.load(fold, stream_id)

    def _load(self, fold: Fold[S], stream_id: str, *, consistent: bool) -> Stream[S]:
        known: Stream[S] | None = self._cache.get((stream_id, fold.shape))
        stream = (
            self._fold(fold, known, list(self._read(known.id, known.sequence, consistent=consistent)))
            if known
            else self._load_whole(fold, stream_id, consistent=consistent)
        )
        self._remember(fold, stream)
        return stream

    def append(
        self,
        fold: Fold[S],
        stream: Stream[S],
        commands: Sequence[CommandMetadata],
        events: Sequence[tuple[Event, int]],
    ) -> tuple[Commit, Stream[S]]:
        """Record `events` (each with the index of its command) as the commit after `stream`, and only there.

        A commit that is already there and answers the same commands is our own earlier try: it is returned.
        Raises ConcurrentCommit when another writer was first, TooLarge when the decision outgrows an item,
        msgspec.ValidationError when an event breaks its own contract, and Unavailable when it is not known whether
        the commit stands: repeat with the same commands.
        """
        commit = Commit(
            stream=stream.id,
            sequence=stream.sequence + 1,
            at=clock.iso(clock.now()),
            commands=tuple(commands),
            events=tuple(fold.catalog.encode(event, command) for event, command in events),
        )
        following = self._fold(fold, stream, [commit])  # before it is written: what cannot be read is not recorded
        standing = self._put(commit)
        if standing is not None:
            if standing.command_ids != commit.command_ids:
                raise ConcurrentCommit(f"{stream.id} already has a commit {commit.sequence}")
            commit, following = standing, self._fold(fold, stream, [standing])
        following = self._snapshot_when_due(fold, following)
        self._remember(fold, following)
        return commit, following

    def load_with_commits(self, fold: Fold[S], stream_id: str) -> tuple[Stream[S], list[Commit]]:
        """The stream's present state and all of its commits, as of one moment. Raises Unavailable.

        For short streams: all of it is read and folded.
        """
        commits = list(self.read(stream_id))
        return self._fold(fold, Stream(stream_id, fold.initial), commits), commits

    def read(self, stream_id: str, after: int = 0) -> Iterator[Commit]:
        """The stream's commits with a number above `after`, oldest first, strongly consistent."""
        return self._read(stream_id, after, consistent=True)

    def _read(self, stream_id: str, after: int, *, consistent: bool) -> Iterator[Commit]:
        start: dict[str, Any] | None = None
        while True:
            page = self._query(
                consistent,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
                ExpressionAttributeValues={
                    ":pk": {"S": stream_id},
                    ":from": {"S": _commit_key(after + 1)},
                    ":to": {"S": _commit_key(10**_DIGITS - 1)},
                },
                **({"ExclusiveStartKey": start} if start else {}),
            )
            yield from (commit_of(item) for item in page["Items"])
            start = page.get("LastEvaluatedKey")
            if not start:
                return

    def commit(self, stream_id: str, sequence: int) -> Commit | None:
        """Commit number `sequence` of the stream, or None."""
        with answering():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"pk": {"S": stream_id}, "sk": {"S": _commit_key(sequence)}},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return commit_of(item) if item else None

    def _put(self, commit: Commit) -> Commit | None:
        """Write `commit`; the commit that stands in its place when there is one."""
        body = codec.to_json(CommitBody(commit.commands, commit.events))
        _require_size(commit, body)
        try:
            with answering():
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        "pk": {"S": commit.stream},
                        "sk": {"S": _commit_key(commit.sequence)},
                        "at": {"S": commit.at},
                        "body": _packed(body),
                    },
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            item: Any = error.response.get("Item")
            if item:
                return commit_of(item)
            raise ConcurrentCommit(f"{commit.stream} already has a commit {commit.sequence}") from error
        return None

    def _load_whole(self, fold: Fold[S], stream_id: str, *, consistent: bool) -> Stream[S]:
        for _ in range(3):
            try:
                return self._load_descending(fold, stream_id, consistent=consistent)
            except _SnapshotGone:
                continue
        return self._fold(fold, Stream(stream_id, fold.initial), list(self.read(stream_id)))

    def _load_descending(self, fold: Fold[S], stream_id: str, *, consistent: bool) -> Stream[S]:
        base: Stream[S] = Stream(stream_id, fold.initial)
        commits: list[Commit] = []
        start: dict[str, Any] | None = None
        while True:
            page = self._query(
                consistent,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": stream_id}},
                ScanIndexForward=False,
                **({"ExclusiveStartKey": start} if start else {"Limit": fold.snapshot_every + 1}),
            )
            for item in page["Items"]:
                if item["sk"]["S"] == SNAPSHOT_KEY:
                    base = self._restore(fold, stream_id, item)
                    continue
                commit = commit_of(item)
                if commit.sequence <= base.sequence:
                    break
                commits.append(commit)
            reached = commits[-1].sequence == base.sequence + 1 if commits else True
            start = page.get("LastEvaluatedKey")
            if not start or (reached and (commits or base.sequence)):
                return self._fold(fold, base, commits[::-1])

    def _restore(self, fold: Fold[S], stream_id: str, item: dict[str, Any]) -> Stream[S]:
        snapshot = _snapshot_of(item)
        if snapshot.shape != fold.shape:
            return Stream(stream_id, fold.initial, snapshot=snapshot)
        packed = item["body"]["B"] if snapshot.chunks == 0 else self._read_chunks(stream_id, snapshot)
        kind: Any = _SnapshotBody[type(fold.initial)]  # type: ignore[misc]
        try:
            body = codec.from_json(zlib.decompress(packed), kind)
        except (zlib.error, MsgspecError) as error:
            telemetry.error("snapshot unreadable", stream=stream_id, sequence=snapshot.sequence, error=str(error))
            return Stream(stream_id, fold.initial)
        return Stream(stream_id, body.state, snapshot.sequence, body.handled, body.recorded_at, snapshot)

    def _read_chunks(self, stream_id: str, snapshot: Snapshot) -> bytes:
        parts: list[bytes] = []
        start: dict[str, Any] | None = None
        while True:
            page = self._query(
                True,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :snapshot)",
                ExpressionAttributeValues={
                    ":pk": {"S": _chunks_partition(stream_id)},
                    ":snapshot": {"S": _chunk_prefix(snapshot)},
                },
                **({"ExclusiveStartKey": start} if start else {}),
            )
            parts.extend(bytes(item["body"]["B"]) for item in page["Items"])
            start = page.get("LastEvaluatedKey")
            if not start:
                break
        if len(parts) != snapshot.chunks:
            raise _SnapshotGone
        return b"".join(parts)

    def _fold(self, fold: Fold[S], stream: Stream[S], commits: Sequence[Commit]) -> Stream[S]:
        if not commits:
            return stream
        state, handled, sequence = stream.state, dict(stream.handled), stream.sequence
        for commit in commits:
            if commit.sequence != sequence + 1:
                raise _Torn(f"{stream.id}: commit {sequence + 1} is missing before {commit.sequence}")
            sequence = commit.sequence
            for recorded in commit.events:
                state = fold.evolve(state, fold.catalog.decode(recorded))
            for command in commit.commands:
                handled[command.command_id] = sequence
        for surplus in list(handled)[1:][: max(0, len(handled) - fold.window)]:
            del handled[surplus]
        return replace(stream, state=state, handled=handled, sequence=sequence, recorded_at=commits[-1].at)

    def _snapshot_when_due(self, fold: Fold[S], stream: Stream[S]) -> Stream[S]:
        """Write a snapshot every `snapshot_every` commits (rarer for a state of many chunks), best effort."""
        standing = stream.snapshot
        if standing is None or standing.shape != fold.shape:
            due = fold.snapshot_every
        else:
            due = standing.sequence + fold.snapshot_every * max(1, standing.chunks)
        if stream.sequence < due:
            return stream
        try:
            return self._save_snapshot(fold, stream)
        except (BotoCoreError, ClientError) as error:
            telemetry.warning("snapshot not written", stream=stream.id, sequence=stream.sequence, error=str(error))
            return stream

    def _save_snapshot(self, fold: Fold[S], stream: Stream[S]) -> Stream[S]:
        """Chunks first, then the item that points at them, then the chunks of the one before it go."""
        body = _SnapshotBody(stream.state, stream.handled, stream.recorded_at)
        packed = zlib.compress(codec.to_json(body), level=3)
        parts = [packed[at : at + SNAPSHOT_CHUNK_BYTES] for at in range(0, len(packed), SNAPSHOT_CHUNK_BYTES)]
        chunks = len(parts) if len(parts) > 1 else 0
        snapshot = Snapshot(stream.sequence, fold.shape, chunks, ids.random_hex(16))
        for key, part in zip(_chunk_keys(stream.id, snapshot), parts, strict=False):
            self._client.put_item(TableName=self._table, Item={**key, "body": {"B": part}})
        replaced = self._point_at(stream.id, snapshot, packed)
        if replaced is not None:
            for key in _chunk_keys(stream.id, replaced):
                self._client.delete_item(TableName=self._table, Key=key)
        return replace(stream, snapshot=snapshot)

    def _point_at(self, stream_id: str, snapshot: Snapshot, packed: bytes) -> Snapshot | None:
        """Make `snapshot` the stream's. Answers whose chunks are now of no use: the replaced one's, or its own."""
        try:
            answer = self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": stream_id},
                    "sk": {"S": SNAPSHOT_KEY},
                    "sequence": {"N": str(snapshot.sequence)},
                    "shape": {"S": snapshot.shape},
                    "chunks": {"N": str(snapshot.chunks)},
                    "token": {"S": snapshot.token},
                    **({} if snapshot.chunks else {"body": {"B": packed}}),
                },
                ConditionExpression="attribute_not_exists(pk) OR #sequence < :sequence OR shape <> :shape",
                ExpressionAttributeNames={"#sequence": "sequence"},
                ExpressionAttributeValues={
                    ":sequence": {"N": str(snapshot.sequence)},
                    ":shape": {"S": snapshot.shape},
                },
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            standing: Any = error.response.get("Item")
            return None if standing and _snapshot_of(standing) == snapshot else snapshot
        old = answer.get("Attributes")
        return _snapshot_of(old) if old else None

    def _query(self, consistent: bool, **arguments: Any) -> Any:
        with answering():
            return self._client.query(TableName=self._table, ConsistentRead=consistent, **arguments)

    def _remember(self, fold: Fold[S], stream: Stream[S]) -> None:
        if not stream.sequence:
            return
        key = (stream.id, fold.shape)
        self._cache[key] = stream
        self._cache.move_to_end(key)
        if len(self._cache) > _CACHED_STREAMS:
            self._cache.popitem(last=False)


def commit_of(item: dict[str, Any]) -> Commit:
    """The commit that a DynamoDB item (or a stream record's NewImage) holds."""
    body = codec.from_json(_unpacked(item["body"]), CommitBody)
    return Commit(
        stream=item["pk"]["S"],
        sequence=int(item["sk"]["S"].removeprefix(COMMIT_PREFIX)),
        at=item["at"]["S"],
        commands=body.commands,
        events=body.events,
    )


def _packed(body: bytes) -> Any:
    """A commit's JSON as an attribute: text as long as that is small, else packed."""
    return {"S": body.decode()} if len(body) < PACKED_FROM_BYTES else {"B": zlib.compress(body)}


def _unpacked(attribute: dict[str, Any]) -> str | bytes:
    """The JSON that an attribute holds. Lambda hands out what is binary in a table's stream as base64."""
    if "S" in attribute:
        return str(attribute["S"])
    packed = attribute["B"]
    return zlib.decompress(base64.b64decode(packed) if isinstance(packed, str) else packed)


def _commit_key(sequence: int) -> str:
    return f"{COMMIT_PREFIX}{sequence:0{_DIGITS}d}"


def _chunks_partition(stream_id: str) -> str:
    return f"{stream_id}#{SNAPSHOT_KEY}"


def _chunk_prefix(snapshot: Snapshot) -> str:
    return f"{snapshot.sequence:0{_DIGITS}d}#{snapshot.token}#"


def _chunk_keys(stream_id: str, snapshot: Snapshot) -> list[dict[str, Any]]:
    prefix, partition = _chunk_prefix(snapshot), _chunks_partition(stream_id)
    return [{"pk": {"S": partition}, "sk": {"S": f"{prefix}{index:04d}"}} for index in range(snapshot.chunks)]


def _snapshot_of(item: dict[str, Any]) -> Snapshot:
    return Snapshot(int(item["sequence"]["N"]), item["shape"]["S"], int(item["chunks"]["N"]), item["token"]["S"])


def _require_size(commit: Commit, body: bytes) -> None:
    if len(body) > MAX_COMMIT_BYTES:
        raise TooLarge(
            f"The decision on {commit.stream} takes {len(body)} bytes; at most {MAX_COMMIT_BYTES} can be recorded "
            "at once. Nothing was recorded.",
            value=len(body),
            remedy="Split the request into smaller ones.",
            code="decision-too-large",
        )
    for event in commit.events:
        if len(bytes(event.data)) > MAX_EVENT_BYTES:
            raise TooLarge(
                f"A {event.type} of {len(bytes(event.data))} bytes is more than the {MAX_EVENT_BYTES} that can be "
                "published. Nothing was recorded.",
                value=len(bytes(event.data)),
                remedy="Split the request into smaller ones.",
                code="decision-too-large",
            )
