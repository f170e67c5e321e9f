"""Mistakes that others have made, to be planted into the code: the simulation must notice each of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from msgspec import structs

from orders import fulfilment
from orders.aggregates import ORDER
from orders.domain import commands, course, saga
from orders.domain.order import Order
from orders.domain.states import LINE_RELEASED
from payments import authorization, conversation
from shared import aws, clock, codec, consumer, envelope, environment, event_store, ids, outbox
from shared.event_store import ConcurrentCommit, EventStore, Stream
from shared.events import CommandMetadata, Commit, CommitBody, Event
from shared.views import Views
from tests.simulation import faults as f
from tests.simulation.faults import Weather
from tests.simulation.invariants import Watch
from tests.simulation.people import Shape

Bug = Callable[[], AbstractContextManager[Any]]


@contextmanager
def no_condition_on_the_commit() -> Iterator[None]:
    """A commit is written over whatever stands in its place."""

    def put(store: EventStore, commit: Commit) -> None:
        store._client.put_item(TableName=store._table, Item=_item(commit))

    with patch.object(EventStore, "_put", put):
        yield


@contextmanager
def keys_that_count_events() -> Iterator[None]:
    """A commit's key is the number of its last event: a stale writer finds its own key free and slips in."""

    def append(
        store: EventStore,
        fold: Any,
        stream: Stream[Any],
        commands: Sequence[CommandMetadata],
        events: Sequence[tuple[Event, int]],
    ) -> tuple[Commit, Stream[Any]]:
        recorded = tuple(fold.catalog.encode(event, command) for event, command in events)
        commit = Commit(
            stream.id, stream.sequence + len(recorded), clock.iso(clock.now()), tuple(commands), recorded
        )
        standing = store._put(commit)
        if standing is not None and standing.command_ids != commit.command_ids:
            raise ConcurrentCommit(stream.id)
        following = store._fold(fold, stream, [standing or commit])
        store._remember(fold, following)
        return standing or commit, following

    def fold_with_gaps(
        _store: EventStore, fold: Any, stream: Stream[Any], commits: Sequence[Commit]
    ) -> Stream[Any]:
        state, handled = stream.state, dict(stream.handled)
        for commit in commits:
            for recorded in commit.events:
                state = fold.evolve(state, fold.catalog.decode(recorded))
            handled |= dict.fromkeys(commit.command_ids, commit.sequence)
        sequence = commits[-1].sequence if commits else stream.sequence
        return replace(stream, state=state, handled=handled, sequence=sequence)

    with (
        patch.object(EventStore, "append", append),
        patch.object(EventStore, "_fold", fold_with_gaps),
        patch.object(Watch, "require_next", lambda _watch, _commit: None),  # too easy: it must show in the stock
    ):
        yield


@contextmanager
def repeats_not_recognized() -> Iterator[None]:
    """A command that comes again is decided again."""
    fold = EventStore._fold

    def forgetful(*arguments: Any) -> Stream[Any]:
        return replace(fold(*arguments), handled={})

    with patch.object(EventStore, "_fold", forgetful):
        yield


@contextmanager
def batch_failures_swallowed() -> Iterator[None]:
    """A consumer says that all went well."""
    with patch.object(consumer._Batch, "response", lambda _batch, **_counts: {"batchItemFailures": []}):
        yield


@contextmanager
def published_before_the_commit() -> Iterator[None]:
    """An event is published when it is decided; whether it is then recorded is another matter."""
    put = EventStore._put

    def publish_and_put(store: EventStore, commit: Commit) -> Commit | None:
        service = environment.environment().service
        public = [
            event for event in envelope.published(commit, service) if event.type == "inventory.StockAdjusted"
        ]
        if public:
            outbox._put([outbox.Message(event.type, event.source, [event]) for event in public])
        return put(store, commit)

    with patch.object(EventStore, "_put", publish_and_put):
        yield


@contextmanager
def outbox_skips_on_trouble() -> Iterator[None]:
    """The outbox goes on behind a batch that it could not publish."""
    put = outbox._put

    def careless(chunk: Any) -> None:
        try:
            put(chunk)
        except Exception:
            return

    with patch.object(outbox, "_put", careless):
        yield


@contextmanager
def bus_answers_ignored() -> Iterator[None]:
    """PutEvents is called, and its answer is not looked at."""

    def put(chunk: Any) -> None:
        aws.eventbridge().put_events(
            Entries=[
                {
                    "EventBusName": "stowage",
                    "Source": message.source,
                    "DetailType": message.type,
                    "Detail": message.detail.decode(),
                }
                for message in chunk
            ]
        )

    with patch.object(outbox, "_put", put):
        yield


@contextmanager
def stock_read_then_written() -> Iterator[None]:
    """Who loses the race for a place's stock writes what it had worked out all the same, one number further."""
    append = EventStore.append

    def stubborn(store: EventStore, fold: Any, stream: Stream[Any], commands: Any, events: Any) -> Any:
        while True:
            try:
                return append(store, fold, stream, commands, events)
            except ConcurrentCommit:
                if not stream.id.startswith("Holding#"):
                    raise
                stream = store.load(fold, stream.id)

    with patch.object(EventStore, "append", stubborn):
        yield


@contextmanager
def saga_without_compensation() -> Iterator[None]:
    """A cancelled order frees nothing of what it holds."""
    with patch.object(course, "compensation", lambda _order: iter(())):
        yield


@contextmanager
def answers_in_any_order() -> Iterator[None]:
    """An older answer of inventory undoes a newer one."""

    def gullible(command: Any, order: Order) -> Sequence[Event]:
        if isinstance(command, commands.NoteReservedLine | commands.NoteWaitingLine | commands.NoteReleasedLine):
            command = structs.replace(command, answer=order.lines[command.line_id].answer + 1)
        return saga.decide(command, order)

    with patch.object(fulfilment, "ORDER", replace(ORDER, decide=gullible)):
        yield


@contextmanager
def late_claims_left_waiting() -> Iterator[None]:
    """A line that asks for stock after its order is over, and has to wait for it, waits for nobody."""
    line_waits = saga._line_waits

    def indifferent(command: commands.NoteWaitingLine, order: Order) -> Iterator[Event]:
        if order.lines[command.line_id].status != LINE_RELEASED:
            yield from line_waits(command, order)

    with patch.object(saga, "_line_waits", indifferent):
        yield


@contextmanager
def provider_key_per_attempt() -> Iterator[None]:
    """Each attempt asks the provider under a key of its own."""
    with patch.object(
        conversation,
        "authorization_key",
        lambda order_id, _number=1: f"authorize-{ids.random_hex(4)}-{order_id}",
    ):
        yield


@contextmanager
def views_written_unconditionally() -> Iterator[None]:
    """The projector that writes last wins, not the one that knows most."""

    def put(
        views: Views, pk: str, sk: str, document: Any, version: int, index: dict[str, str] | None = None
    ) -> bool:
        views._client.put_item(
            TableName=views._table,
            Item={
                "pk": {"S": pk},
                "sk": {"S": sk},
                "version": {"N": str(version)},
                "body": {"S": codec.to_json(document).decode()},
                **{name: {"S": value} for name, value in (index or {}).items()},
            },
        )
        return True

    with patch.object(Views, "put", put):
        yield


@contextmanager
def journeys_cut() -> Iterator[None]:
    """A reaction starts a correlation of its own."""
    caused_by = envelope.caused_by

    def unrelated(event: Any, part: str = "") -> CommandMetadata:
        metadata = caused_by(event, part)
        return CommandMetadata(metadata.command_id, ids.new_id(), metadata.traceparent, metadata.causation_id)

    with patch.object(consumer, "caused_by", unrelated), patch.object(authorization, "caused_by", unrelated):
        yield


def _item(commit: Commit) -> dict[str, Any]:
    body = codec.to_json(CommitBody(commit.commands, commit.events))
    return {
        "pk": {"S": commit.stream},
        "sk": {"S": event_store._commit_key(commit.sequence)},
        "at": {"S": commit.at},
        "body": {"S": body.decode()},
    }


NOTICED: tuple[tuple[Bug, int], ...] = (
    (no_condition_on_the_commit, 5),
    (keys_that_count_events, 10),
    (repeats_not_recognized, 5),
    (batch_failures_swallowed, 40),
    (published_before_the_commit, 2),
    (outbox_skips_on_trouble, 5),
    (bus_answers_ignored, 5),
    (stock_read_then_written, 30),
    (saga_without_compensation, 3),
    (answers_in_any_order, 25),
    (provider_key_per_attempt, 5),
    (views_written_unconditionally, 80),
    (journeys_cut, 2),
)
"""Each mistake, and within how many seeds (from 1 on) it has to be noticed at the latest."""

CROWD = Shape(products=2, locations=1, orders=60, minutes=2, burst=30, small_limits=True)
BAD_POST = Weather(frozenset({f.DUPLICATE, f.DELAY, f.REORDER, f.REPEAT}), 5.0)

FOUND: tuple[tuple[Bug, Shape, Weather, int], ...] = ((late_claims_left_waiting, CROWD, BAD_POST, 15),)
"""Mistakes that simulated runs have found in this code. Each is planted again into the kind of run that shows it,
and has to be noticed within so many seeds; the run that notices it holds without it."""
