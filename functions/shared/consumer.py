"""Queue consumers: a batch of bus events becomes commands, grouped by stream, one write per stream.

Every message can come twice, late or out of order, and may hold several events. One that fails is reported alone,
with a growing delay before its next try; what else is in it comes again with it, and is recognized. After the
queue's last try it lands in the dead-letter queue, from where it can be redriven.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from shared import aws, clock, ids, telemetry
from shared.decider import Command, Contended, Decider, Outcome, execute, execute_all
from shared.envelope import CloudEvent, caused_by, told
from shared.environment import required
from shared.event_store import EventStore, Stream
from shared.rejection import Unavailable

S = TypeVar("S")

_LONGEST_DELAY_SECONDS = 600
_HOPELESS = 0
"""Stands for the number of tries of a message that cannot be read: it goes to the dead-letter queue at once."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A command for a stream. `part` tells several commands of one event on the same stream apart."""

    stream_id: str
    payload: Struct
    part: str = ""


@dataclass(frozen=True, slots=True)
class _Message:
    """One event, and the message in which it came, alone or with others."""

    id: str
    receipt: str
    receives: int
    event: CloudEvent


class _Batch:
    """The messages of one invocation and which of them failed."""

    def __init__(self, lambda_event: dict[str, Any]) -> None:
        self._started = clock.now()
        self.messages: list[_Message] = []
        self._failed: dict[str, tuple[str, int]] = {}
        self._logged: set[tuple[str, str]] = set()
        self._size = len(lambda_event["Records"])
        for record in lambda_event["Records"]:
            receives = int(record["attributes"]["ApproximateReceiveCount"])
            try:
                events = told(record["body"])
            except msgspec.MsgspecError as error:
                telemetry.error("poison message", message_id=record["messageId"], error=str(error))
                self._failed[record["messageId"]] = (record["receiptHandle"], _HOPELESS)
                continue
            self.messages.extend(
                _Message(record["messageId"], record["receiptHandle"], receives, event) for event in events
            )

    def fail(self, message: _Message, error: Exception, *, hopeless: bool = False) -> None:
        if (message.id, message.event.id) not in self._logged:
            self._logged.add((message.id, message.event.id))
            log = telemetry.warning if isinstance(error, Unavailable) else telemetry.error
            log(
                "reaction failed",
                message_id=message.id,
                event_id=message.event.id,
                event_type=message.event.type,
                correlation_id=message.event.correlationid,
                receives=message.receives,
                **telemetry.failure(error),
            )
        _, tries = self._failed.get(message.id, ("", _HOPELESS))
        self._failed[message.id] = (message.receipt, max(tries, _HOPELESS if hopeless else message.receives))

    def response(self, **counts: int) -> dict[str, Any]:
        """The partial batch response; failed messages get a delay that doubles with each try."""
        for receipt, receives in self._failed.values():
            self._delay(receipt, receives)
        telemetry.info(
            "reacted",
            messages=self._size,
            events=len(self.messages),
            failed=len(self._failed),
            correlation_ids=sorted({message.event.correlationid for message in self.messages})[:10],
            milliseconds=int((clock.now() - self._started).total_seconds() * 1000),
            **counts,
        )
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in self._failed]}

    @staticmethod
    def _delay(receipt: str, receives: int) -> None:
        longest = min(2**receives, _LONGEST_DELAY_SECONDS)
        try:
            aws.sqs().change_message_visibility(
                QueueUrl=required("queue_url"),
                ReceiptHandle=receipt,
                VisibilityTimeout=int(longest / 2 + ids.jitter(longest / 2)),
            )
        except Exception as error:  # the queue's own visibility timeout then decides
            telemetry.warning("no shorter delay", error=f"{type(error).__name__}: {error}")


def react(
    lambda_event: dict[str, Any],
    store: EventStore,
    decider: Decider[S],
    commands: Callable[[CloudEvent], Iterable[Addressed]],
    order: Callable[[Command], Any] | None = None,
    follow_up: Callable[[Stream[S]], Struct | None] | None = None,
    noticed: Callable[[Outcome[S]], None] | None = None,
) -> dict[str, Any]:
    """Decide every command that the batch's events ask for, with one write per stream.

    `order` sorts the commands of one stream; without it they keep the batch's order. `follow_up` says what a
    stream still asks for when one decision could not hold all (None: nothing); it is decided until it is done.
    `noticed` hears of every outcome, again when its message comes again. A message fails when any of its commands
    does; those that were recorded are recognized when it comes again.
    """
    batch = _Batch(lambda_event)
    groups: dict[str, list[tuple[_Message, Command]]] = {}
    for message in batch.messages:
        try:
            for addressed in commands(message.event):
                command = Command(addressed.payload, caused_by(message.event, addressed.part))
                groups.setdefault(addressed.stream_id, []).append((message, command))
        except Exception as error:
            batch.fail(message, error, hopeless=_unreadable(error))
    for stream_id, group in groups.items():
        if order is not None:
            by = order
            group.sort(key=lambda pair: by(pair[1]))
        for message, failure in _failures(store, decider, stream_id, group, follow_up, noticed):
            batch.fail(message, failure)
    return batch.response(streams=len(groups))


def _unreadable(error: Exception) -> bool:
    """Whether the message itself is at fault, so that no further try can help."""
    return isinstance(error, msgspec.MsgspecError | KeyError)


def _failures(
    store: EventStore,
    decider: Decider[S],
    stream_id: str,
    group: list[tuple[_Message, Command]],
    follow_up: Callable[[Stream[S]], Struct | None] | None,
    noticed: Callable[[Outcome[S]], None] | None,
) -> Iterator[tuple[_Message, Exception]]:
    """Decide `group` with one write, and tell which messages failed.

    A group that cannot be decided is halved until what is at fault stands alone: one message that breaks the
    decision, or makes it too large for an item, does not take the others along.
    """
    try:
        outcomes = execute_all(store, decider, stream_id, [command for _, command in group])
        if follow_up is not None:
            latest = max(outcomes, key=lambda outcome: outcome.stream.sequence)
            _finish(store, decider, latest, follow_up)
    except (Contended, Unavailable) as error:
        yield from ((message, error) for message, _ in group)
    except Exception as error:
        if len(group) == 1:
            yield group[0][0], error
            return
        half = len(group) // 2
        for part in (group[:half], group[half:]):
            yield from _failures(store, decider, stream_id, part, follow_up, noticed)
    else:
        for (message, _), outcome in zip(group, outcomes, strict=True):
            if noticed is not None:
                noticed(outcome)
            if outcome.rejection is not None:
                yield message, outcome.rejection


def _finish(
    store: EventStore,
    decider: Decider[S],
    outcome: Outcome[S],
    follow_up: Callable[[Stream[S]], Struct | None],
) -> None:
    """Decide what is left, one commit after the other. The ids derive from the commit gone on from."""
    while (payload := follow_up(outcome.stream)) is not None:
        stream = outcome.stream
        metadata = structs.replace(outcome.command.metadata, command_id=f"{stream.id}@{stream.sequence}/follow-up")
        outcome = execute(store, decider, stream.id, Command(payload, metadata))


def react_in_groups(
    lambda_event: dict[str, Any],
    handle: Callable[[Sequence[CloudEvent]], None],
    *,
    group: Callable[[CloudEvent], str],
    order: Callable[[CloudEvent], Any],
) -> dict[str, Any]:
    """Hand the batch's events to `handle`, those of one group together, in the order of `order`.

    What `handle` raises fails the group, unless its halves get on without each other: so it has to recognize what
    it has done before.
    """
    batch = _Batch(lambda_event)
    groups: dict[str, list[_Message]] = {}
    readable: list[tuple[Any, str, _Message]] = []
    for message in batch.messages:
        try:
            readable.append((order(message.event), group(message.event), message))
        except Exception as error:
            batch.fail(message, error, hopeless=_unreadable(error))
    for _, name, message in sorted(readable, key=lambda one: one[0]):
        groups.setdefault(name, []).append(message)
    for together in groups.values():
        _hand_over(batch, together, handle)
    return batch.response(groups=len(groups))


def _hand_over(
    batch: _Batch, messages: Sequence[_Message], handle: Callable[[Sequence[CloudEvent]], None]
) -> None:
    first = messages[0].event
    try:
        with telemetry.bound(correlation_id=first.correlationid, event_id=first.id):
            handle([message.event for message in messages])
    except (Contended, Unavailable) as error:
        for message in messages:
            batch.fail(message, error)
    except Exception as error:
        if len(messages) == 1:
            batch.fail(messages[0], error, hopeless=_unreadable(error))
            return
        half = len(messages) // 2
        for part in (messages[:half], messages[half:]):
            _hand_over(batch, part, handle)


def react_each(lambda_event: dict[str, Any], handle: Callable[[CloudEvent], None]) -> dict[str, Any]:
    """Hand the batch's events to `handle` one by one; what it raises fails that message alone."""
    batch = _Batch(lambda_event)
    for message in batch.messages:
        try:
            with telemetry.bound(correlation_id=message.event.correlationid, event_id=message.event.id):
                handle(message.event)
        except Exception as error:
            batch.fail(message, error, hopeless=_unreadable(error))
    return batch.response()
