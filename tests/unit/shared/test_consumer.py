"""Queue consumers: duplicates do nothing, a message that fails fails alone, one write per stream."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from shared import aws, codec
from shared.consumer import Addressed, react, react_each
from shared.decider import ATTEMPTS, Command
from shared.envelope import CloudEvent, CloudEvents
from shared.event_store import MAX_EVENT_BYTES, EventStore
from tests.support.bin_of_units import BIN, Attach, Bin, Drop, Put, Take
from tests.support.deliveries import bus_event, failed, history, queue_batch
from tests.support.faults import counting, interrupted, refusing
from tests.unit.shared.conftest import EVENTS_TABLE, QUEUE_URL, Time


class UnitsAsked(Struct, frozen=True):
    """What the other service publishes."""

    bin: str
    units: int = 0
    labels: list[str] = []
    drop: bool = False


def commands(event: CloudEvent) -> Iterable[Addressed]:
    asked = msgspec.json.decode(event.data, type=UnitsAsked)
    stream_id = f"Bin#{asked.bin}"
    if asked.drop:
        yield Addressed(stream_id, Drop())
    elif asked.labels:
        yield Addressed(stream_id, Attach(asked.labels))
    elif asked.units > 0:
        yield Addressed(stream_id, Put(asked.units))
    else:
        yield Addressed(stream_id, Take(-asked.units))


def asked(event_id: str, bin_id: str = "A", units: int = 1, **more: Any) -> CloudEvent:
    return bus_event(event_id, {"bin": bin_id, "units": units, **more})


def units(store: EventStore, bin_id: str = "A") -> int:
    return store.load(BIN, f"Bin#{bin_id}").state.units


def test_a_batch_for_one_stream_is_one_write(store: EventStore) -> None:
    with counting(aws.dynamodb()) as traffic:
        response = react(queue_batch(*(asked(f"e{number}") for number in range(100))), store, BIN, commands)

    assert failed(response) == []
    assert traffic.operations == ["Query", "PutItem"]
    assert units(store) == 100


def test_a_batch_for_several_streams_is_one_write_each(store: EventStore) -> None:
    batch = queue_batch(*(asked(f"e{number}", bin_id="ABC"[number % 3]) for number in range(30)))

    with counting(aws.dynamodb()) as traffic:
        react(batch, store, BIN, commands)

    assert traffic.asked("PutItem") == 3
    assert [units(store, bin_id) for bin_id in "ABC"] == [10, 10, 10]


def together(*events: CloudEvent) -> str:
    return codec.to_json(CloudEvents(events)).decode()


def test_a_message_may_hold_several_events(store: EventStore) -> None:
    message = together(*(asked(f"e{number}", bin_id="AB"[number % 2]) for number in range(6)))

    for _ in range(2):
        assert failed(react(queue_batch(message, asked("e6")), store, BIN, commands)) == []

    assert [units(store, bin_id) for bin_id in "AB"] == [4, 3]


def test_of_a_message_with_one_bad_event_the_others_count_once(store: EventStore) -> None:
    message = together(asked("e1"), asked("e2", units=-5, bin_id="B"), asked("e3"))

    for _ in range(2):
        assert failed(react(queue_batch(message, asked("e4")), store, BIN, commands)) == ["m0"]

    assert [units(store, bin_id) for bin_id in "AB"] == [3, 0]


def test_each_event_of_a_message_is_handed_on_by_itself() -> None:
    seen: list[str] = []

    def handle(event: CloudEvent) -> None:
        seen.append(event.id)
        if event.id == "e1":
            raise ValueError(event.id)

    response = react_each(queue_batch(together(asked("e1"), asked("e2")), asked("e3")), handle)

    assert (seen, failed(response)) == (["e1", "e2", "e3"], ["m0"])


def test_a_message_delivered_five_times_changes_nothing_more(store: EventStore) -> None:
    for _ in range(5):
        assert failed(react(queue_batch(asked("e1")), store, BIN, commands)) == []

    assert units(store) == 1
    assert len(history(store, "Bin#A")) == 1


def test_a_message_that_comes_twice_in_one_batch_counts_once(store: EventStore) -> None:
    assert failed(react(queue_batch(asked("e1"), asked("e1")), store, BIN, commands)) == []

    assert units(store) == 1


def test_a_reaction_carries_the_journey_on(store: EventStore) -> None:
    cause = asked("e1")
    react(queue_batch(cause), store, BIN, commands)

    [commit] = history(store, "Bin#A")
    [metadata] = commit.commands
    assert (metadata.command_id, metadata.causation_id, metadata.correlation_id) == ("e1", "e1", "journey-7")
    assert metadata.actor == "stowage.elsewhere"
    assert metadata.traceparent[:36] == cause.traceparent[:36]
    assert metadata.traceparent != cause.traceparent


def test_several_commands_of_one_event_are_told_apart_by_their_part(store: EventStore) -> None:
    def twice(_: CloudEvent) -> Iterable[Addressed]:
        yield Addressed("Bin#A", Put(1), part="one")
        yield Addressed("Bin#A", Put(2), part="two")

    for _ in range(2):
        assert failed(react(queue_batch(asked("e1")), store, BIN, twice)) == []

    assert units(store) == 3


def test_commands_keep_the_order_of_the_batch(store: EventStore) -> None:
    batch = queue_batch(asked("e1", units=2), asked("e2", units=-2), asked("e3", units=-2), asked("e4", units=1))

    assert failed(react(batch, store, BIN, commands)) == ["m2"]
    assert units(store) == 1


def test_commands_may_be_given_another_order(store: EventStore) -> None:
    def puts_first(command: Command) -> bool:
        return not isinstance(command.payload, Put)

    batch = queue_batch(asked("e1", units=-3), asked("e2", units=1), asked("e3", units=2))

    assert failed(react(batch, store, BIN, commands, order=puts_first)) == []
    assert units(store) == 0


class TestFailures:
    @pytest.mark.parametrize(
        "poison",
        ["", "no JSON", "{}", '{"id": 7}', json.dumps({"specversion": "1.0", "id": "e1"})],
    )
    def test_a_message_that_nobody_can_read_fails_alone(self, store: EventStore, poison: str) -> None:
        response = react(queue_batch(asked("e1"), poison, asked("e2")), store, BIN, commands)

        assert failed(response) == ["m1"]
        assert units(store) == 2

    def test_an_event_whose_data_do_not_fit_fails_alone(self, store: EventStore) -> None:
        batch = queue_batch(asked("e1"), bus_event("e2", {"bin": 7}), asked("e3"))

        assert failed(react(batch, store, BIN, commands)) == ["m1"]
        assert units(store) == 2

    def test_a_rejected_command_fails_its_message_alone(self, store: EventStore) -> None:
        batch = queue_batch(asked("e1"), asked("e2", units=-9), asked("e3"))

        assert failed(react(batch, store, BIN, commands)) == ["m1"]
        assert units(store) == 2

    @pytest.mark.parametrize("place", [0, 3, 7])
    def test_a_command_that_breaks_the_decision_fails_alone(self, store: EventStore, place: int) -> None:
        events = [asked(f"e{number}", drop=number == place) for number in range(8)]

        assert failed(react(queue_batch(*events), store, BIN, commands)) == [f"m{place}"]
        assert units(store) == 7

    def test_a_command_too_large_for_any_commit_fails_alone(self, store: EventStore) -> None:
        large = asked("e1", labels=["x" * (MAX_EVENT_BYTES + 1)])

        assert failed(react(queue_batch(asked("e0"), large, asked("e2")), store, BIN, commands)) == ["m1"]
        assert units(store) == 2

    def test_a_group_too_large_for_one_commit_becomes_several(self, store: EventStore) -> None:
        events = [asked(f"e{number}", labels=[f"{number}" + "x" * 100_000]) for number in range(8)]

        assert failed(react(queue_batch(*events), store, BIN, commands)) == []
        assert len(store.load(BIN, "Bin#A").state.labels) == 8
        assert 2 < len(history(store, "Bin#A")) < 8

    def test_a_stream_that_fails_leaves_the_other_streams(self, store: EventStore) -> None:
        batch = queue_batch(asked("e1", "A"), asked("e2", "B"), asked("e3", "A"))

        with refusing(aws.dynamodb(), "PutItem", "ThrottlingException", containing=b"Bin#A") as refused:
            response = react(batch, store, BIN, commands)

        assert failed(response) == ["m0", "m2"]
        assert len(refused) == 1
        assert (units(store, "A"), units(store, "B")) == (0, 1)

    def test_what_failed_succeeds_when_it_comes_again_and_the_rest_is_not_repeated(
        self, store: EventStore
    ) -> None:
        batch = queue_batch(asked("e1", units=-1), asked("e2", units=1))
        assert failed(react(batch, store, BIN, commands)) == ["m0"]

        assert failed(react(batch, store, BIN, commands)) == []
        assert (units(store), len(history(store, "Bin#A"))) == (0, 2)

    def test_an_event_of_two_streams_fails_when_one_of_them_does(self, store: EventStore) -> None:
        def both(_: CloudEvent) -> Iterable[Addressed]:
            yield Addressed("Bin#A", Put(1))
            yield Addressed("Bin#B", Take(1))

        assert failed(react(queue_batch(asked("e1")), store, BIN, both)) == ["m0"]
        assert units(store, "A") == 1

        react(queue_batch(asked("e2", "B")), store, BIN, commands)
        assert failed(react(queue_batch(asked("e1")), store, BIN, both)) == []
        assert (units(store, "A"), units(store, "B")) == (1, 0)

    def test_a_stream_that_others_keep_changing_is_given_back(self, store: EventStore, time: Time) -> None:
        other = EventStore(aws.dynamodb(), EVENTS_TABLE)
        numbers = iter(range(10**6))
        busy = [True]

        def overtake() -> None:
            if busy[0]:
                busy[0] = False
                react(queue_batch(asked(f"other-{next(numbers)}")), other, BIN, commands)
                busy[0] = True

        with interrupted(aws.dynamodb(), "Query", overtake):
            response = react(queue_batch(asked("e1"), asked("e2")), store, BIN, commands)

        assert failed(response) == ["m0", "m1"]
        assert units(store) == ATTEMPTS
        assert 0 < len(time.waits) <= ATTEMPTS


class Queue:
    """Remembers which messages were given back for how long."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.delays: dict[str, int] = {}
        self.failure = failure

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        assert QueueUrl == QUEUE_URL
        if self.failure:
            raise self.failure
        self.delays[ReceiptHandle] = VisibilityTimeout


class TestBackOff:
    @pytest.fixture
    def queue(self, monkeypatch: pytest.MonkeyPatch) -> Queue:
        queue = Queue()
        monkeypatch.setattr(aws.sqs(), "change_message_visibility", queue.change_message_visibility)
        return queue

    @pytest.mark.parametrize(
        ("receives", "shortest", "longest"), [(1, 1, 2), (3, 4, 8), (5, 16, 32), (12, 300, 600)]
    )
    def test_a_failed_message_comes_again_later_each_time(
        self, store: EventStore, queue: Queue, receives: int, shortest: int, longest: int
    ) -> None:
        react(queue_batch(asked("e1", units=-1), asked("e2"), receives=receives), store, BIN, commands)

        assert list(queue.delays) == ["receipt-0"]
        assert shortest <= queue.delays["receipt-0"] <= longest

    @pytest.mark.parametrize("unreadable", ["no JSON", bus_event("e1", {"bin": 7})])
    def test_a_message_that_cannot_be_read_comes_again_at_once_because_waiting_does_not_help(
        self, store: EventStore, queue: Queue, unreadable: CloudEvent | str
    ) -> None:
        react(queue_batch(unreadable, receives=5), store, BIN, commands)

        assert queue.delays == {"receipt-0": 0}

    def test_a_failure_of_ours_is_no_reason_to_give_a_message_up(self, store: EventStore, queue: Queue) -> None:
        react(queue_batch(asked("e1", drop=True), receives=5), store, BIN, commands)

        assert queue.delays["receipt-0"] >= 16

    def test_a_queue_that_takes_no_delay_changes_nothing(self, store: EventStore, queue: Queue) -> None:
        queue.failure = RuntimeError("denied")
        response = react(queue_batch(asked("e1", units=-1)), store, BIN, commands)

        assert failed(response) == ["m0"]


def test_what_a_stream_still_asks_for_is_decided_until_it_is_done(store: EventStore) -> None:
    batch = queue_batch(asked("e1", units=5))

    react(batch, store, BIN, commands, follow_up=lambda stream: Take(2) if stream.state.units >= 2 else None)
    react(batch, store, BIN, commands, follow_up=lambda stream: Take(2) if stream.state.units >= 2 else None)

    assert store.load(BIN, "Bin#A").state == Bin(units=1)
    assert len(history(store, "Bin#A")) == 3


def test_what_is_left_is_decided_also_when_the_last_message_of_the_batch_is_a_repeat(store: EventStore) -> None:
    repeat = asked("e1", units=1)
    react(queue_batch(repeat), store, BIN, commands)

    react(
        queue_batch(asked("e2", units=4), repeat),
        store,
        BIN,
        commands,
        follow_up=lambda stream: Take(2) if stream.state.units >= 3 else None,
    )

    assert store.load(BIN, "Bin#A").state == Bin(units=1)


class TestOneByOne:
    def test_each_event_is_handled_alone(self) -> None:
        handled: list[str] = []

        def handle(event: CloudEvent) -> None:
            handled.append(event.id)
            if event.id == "e2":
                raise ValueError

        response = react_each(queue_batch(asked("e1"), asked("e2"), "poison", asked("e3")), handle)

        assert handled == ["e1", "e2", "e3"]
        assert sorted(failed(response)) == ["m1", "m2"]


def test_a_batch_is_logged_in_one_line_with_its_journeys(
    store: EventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    react(queue_batch(asked("e1"), asked("e2", "B")), store, BIN, commands)

    [line] = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["messages"], line["failed"], line["streams"]) == ("reacted", 2, 0, 2)
    assert line["correlation_ids"] == ["journey-7"]
