"""Runs deciders: load, decide, one conditional write, and again when another writer was first.

A decider is two pure functions: `decide(command, state) -> events` and `evolve(state, event) -> state`. Several
commands for one stream are decided one after the other on the evolving state and recorded in ONE commit
(group commit): a queue batch of a hundred requests for one best-seller costs one write.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct, ValidationError

from shared import clock, ids, telemetry
from shared.event_store import ConcurrentCommit, EventStore, Fold, Stream
from shared.events import CommandMetadata, Commit, Event
from shared.rejection import PreconditionFailed, Rejection, Unprocessable

S = TypeVar("S")
R = TypeVar("R")

ATTEMPTS = 10
_BACKOFF_SECONDS = 0.01
_LONGEST_BACKOFF_SECONDS = 0.5


class Contended(Rejection):
    """Too many writers wanted the same stream at once: nothing was recorded, try again (409)."""

    code = "contended"
    status = 409


def _decide_nothing(_command: object, _state: object) -> Sequence[Event]:
    return ()


@dataclass(frozen=True, slots=True)
class Decider(Fold[S]):
    """A fold that also decides. `category` names its streams: `<category>#<id>`."""

    category: str = ""
    decide: Callable[[Any, S], Sequence[Event]] = _decide_nothing

    def stream_id(self, *parts: str) -> str:
        """The id of the stream that `parts` name, for example `Promise#MAIN#MUG-0350-BLU`."""
        return "#".join((self.category, *parts))


@dataclass(frozen=True, slots=True)
class Command:
    """Something asked of a stream: what (`payload`) and who, why, under which id (`metadata`).

    `if_match` is the commit number that the caller has seen: on any other the command is refused.
    """

    payload: Struct
    metadata: CommandMetadata
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """What became of one command.

    `events` are those of the commit that answered it, whether now or at an earlier try (`repeated`);
    `rejection` says why there are none. `stream` is the stream afterwards.
    """

    command: Command
    stream: Stream[S]
    events: tuple[Event, ...] = ()
    recorded_at: str = ""
    sequence: int = 0
    repeated: bool = False
    rejection: Rejection | None = None


def execute(
    store: EventStore, decider: Decider[S], stream_id: str, command: Command, *, known: Stream[S] | None = None
) -> Outcome[S]:
    """Decide one command. Raises its Rejection or Contended: then it has recorded nothing.

    `known` is the stream as the caller has just recorded it: see `execute_all`. Raises Unavailable when it is not
    known whether the command was recorded: the same command again finds out.
    """
    [outcome] = execute_all(store, decider, stream_id, [command], known=known)
    if outcome.rejection is not None:
        raise outcome.rejection
    return outcome


def execute_all(
    store: EventStore,
    decider: Decider[S],
    stream_id: str,
    commands: Sequence[Command],
    *,
    known: Stream[S] | None = None,
) -> list[Outcome[S]]:
    """Decide `commands` in their order with at most one write; one outcome each, in the same order.

    A command whose id the stream has seen is not decided again. A rejected command leaves the others alone.
    The first try reads the stream without asking whether it is the latest, for half the price, because the write
    holds only where nobody was faster. `known` is the stream as the caller has just recorded it: it is decided on
    without being read again. Where a command leads to no write, or to something that cannot be, the stream is read
    consistently after all.
    Raises Contended after ATTEMPTS lost races, Unavailable when the table does not answer, TooLarge.
    """
    for attempt in range(ATTEMPTS):
        group = None
        if not attempt:
            group = _at_a_glance(store, decider, known or store.glance(decider, stream_id), commands)
        if group is None or not group.writes_for_all:
            group = _Group(store, decider, store.load(decider, stream_id), commands)
        stream = group.stream
        if not group.events:
            return group.outcomes()
        try:
            commit, stream = store.append(decider, stream, group.metadata, group.events)
        except ConcurrentCommit:
            clock.sleep(ids.jitter(min(_LONGEST_BACKOFF_SECONDS, _BACKOFF_SECONDS * 2**attempt)))
            continue
        except ValidationError:  # an event that cannot be read again: it may be missing what was not seen yet
            if attempt:
                raise
            continue
        return group.outcomes(commit, stream)
    raise Contended(
        f"{stream_id} was changed by others {ATTEMPTS} times while this was decided.",
        remedy="Send the same request again.",
    )


def _at_a_glance(
    store: EventStore, decider: Decider[S], stream: Stream[S], commands: Sequence[Command]
) -> "_Group[S] | None":
    """The decision on a state that may lack the latest commits; None when it fails, for want of those perhaps."""
    try:
        return _Group(store, decider, stream, commands)
    except Exception as error:  # whatever a decider does with what is not there
        telemetry.warning("decided too early", stream=stream.id, error=f"{type(error).__name__}: {error}")
        return None


class _Group(Generic[S]):
    """The decision over several commands on one read of their stream."""

    def __init__(
        self, store: EventStore, decider: Decider[S], stream: Stream[S], commands: Sequence[Command]
    ) -> None:
        self._store = store
        self._decider = decider
        self.stream = stream
        self._commands = commands
        self.metadata: list[CommandMetadata] = []
        self.events: list[tuple[Event, int]] = []
        self._settled: dict[int, Outcome[S]] = {}
        self._accepted: dict[str, CommandMetadata] = {}
        state = stream.state
        for position, command in enumerate(commands):
            state = self._decide(position, command, state)

    @property
    def writes_for_all(self) -> bool:
        """Whether every command leads to events, so that the write tells if the stream was the latest."""
        return not self._settled

    def _decide(self, position: int, command: Command, state: S) -> S:
        if command.metadata.command_id in self.stream.handled:
            self._settled[position] = self._earlier(command)
            return state
        if command.metadata.command_id in self._accepted:
            return state
        try:
            self._require_match(command)
            events = self._decider.decide(command.payload, state)
        except Rejection as rejection:
            self._settled[position] = Outcome(command, self.stream, rejection=rejection)
            return state
        if not events:
            self._settled[position] = Outcome(command, self.stream)
            return state
        self._accepted[command.metadata.command_id] = command.metadata
        self.metadata.append(command.metadata)
        for event in events:
            self.events.append((event, len(self.metadata) - 1))
            state = self._decider.evolve(state, event)
        return state

    def _require_match(self, command: Command) -> None:
        if command.if_match is not None and command.if_match != self.stream.sequence:
            raise PreconditionFailed(
                f"The resource is at version {self.stream.sequence}, not {command.if_match}.",
                field="If-Match",
                value=command.if_match,
                remedy="Read it again, apply your change to what you read, and send its ETag.",
            )

    def _earlier(self, command: Command) -> Outcome[S]:
        """The outcome of a command that the stream has already answered."""
        sequence = self.stream.handled[command.metadata.command_id]
        commit = self._store.commit(self.stream.id, sequence)
        if commit is None:
            raise RuntimeError(f"{self.stream.id}: commit {sequence} is missing")
        return self._answer(command, commit, self.stream, repeated=True)

    def outcomes(self, commit: Commit | None = None, stream: Stream[S] | None = None) -> list[Outcome[S]]:
        """One outcome per command, now that `commit` stands."""
        answers: list[Outcome[S]] = []
        for position, command in enumerate(self._commands):
            settled = self._settled.get(position)
            if settled is None:
                if commit is None or stream is None:
                    raise RuntimeError("events without a commit")
                settled = self._answer(command, commit, stream, repeated=False)
            answers.append(settled)
        return answers

    def _answer(self, command: Command, commit: Commit, stream: Stream[S], *, repeated: bool) -> Outcome[S]:
        index, metadata = next(
            (index, metadata)
            for index, metadata in enumerate(commit.commands)
            if metadata.command_id == command.metadata.command_id
        )
        if metadata.fingerprint != command.metadata.fingerprint:
            return Outcome(command, stream, rejection=_reused())
        events = tuple(
            self._decider.catalog.decode(recorded) for recorded in commit.events if recorded.command == index
        )
        return Outcome(command, stream, events, commit.at, commit.sequence, repeated)


def _reused() -> Rejection:
    return Unprocessable(
        "This Idempotency-Key was used before with another request.",
        field="Idempotency-Key",
        remedy="Send a new key with a new request, or the very same request with the old key.",
        code="idempotency-key-reused",
    )
