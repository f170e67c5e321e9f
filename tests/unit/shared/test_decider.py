"""Deciders run as sentences say: load, decide, one write, and again when another writer was first."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import aws
from shared.decider import ATTEMPTS, Command, Contended, Decider, execute, execute_all
from shared.event_store import EventStore
from shared.rejection import Conflict, PreconditionFailed
from tests.support.bin_of_units import BIN, CATALOG, Bin, Drop, Put, Take, UnitsPut, command, evolve
from tests.support.deliveries import history
from tests.support.faults import interrupted
from tests.unit.shared.conftest import EVENTS_TABLE, Time


def other_process() -> EventStore:
    return EventStore(aws.dynamodb(), EVENTS_TABLE)


def test_a_stream_is_named_after_its_category_and_parts() -> None:
    assert BIN.stream_id("MAIN", "A-01") == "Bin#MAIN#A-01"


def test_a_fold_that_only_reads_decides_nothing(store: EventStore) -> None:
    reader = Decider(CATALOG, Bin(), evolve, category="Bin")

    assert execute(store, reader, "Bin#A", command(Put(1), "ask")).events == ()


class TestContention:
    def test_lost_races_are_run_again_after_growing_random_waits(self, store: EventStore, time: Time) -> None:
        races = iter(range(4))

        def overtake() -> None:
            number = next(races, None)
            if number is not None and number % 2 == 0:
                execute(other_process(), BIN, "Bin#A", command(Put(1), f"other-{number}"))

        with interrupted(aws.dynamodb(), "Query", overtake):
            outcome = execute(store, BIN, "Bin#A", command(Put(10), "mine"))

        assert (outcome.sequence, outcome.stream.state.units) == (3, 12)
        assert len(time.waits) == 2
        assert all(0 <= wait <= 0.01 * 2**attempt for attempt, wait in enumerate(time.waits))

    def test_whoever_loses_every_race_is_told_to_come_again_and_has_changed_nothing(
        self, store: EventStore, time: Time
    ) -> None:
        busy = [True]
        others: list[str] = []

        def overtake() -> None:
            if busy[0]:
                busy[0] = False
                others.append(f"other-{len(others)}")
                execute(other_process(), BIN, "Bin#A", command(Put(1), others[-1]))
                busy[0] = True

        with interrupted(aws.dynamodb(), "Query", overtake), pytest.raises(Contended) as refusal:
            execute(store, BIN, "Bin#A", command(Put(10), "mine"))

        assert (refusal.value.status, refusal.value.code) == (409, "contended")
        assert refusal.value.remedy
        assert len(others) == ATTEMPTS
        assert all(wait <= 0.5 for wait in time.waits)
        assert store.load(BIN, "Bin#A").state.units == ATTEMPTS

    def test_a_command_that_another_delivery_decided_meanwhile_is_answered_with_that(
        self, store: EventStore
    ) -> None:
        twice = command(Put(10), "delivered twice")
        others = [twice]

        def overtake() -> None:
            if others:
                execute(other_process(), BIN, "Bin#A", others.pop())

        with interrupted(aws.dynamodb(), "Query", overtake):
            outcome = execute(store, BIN, "Bin#A", twice)

        assert (outcome.events, outcome.sequence) == ((UnitsPut(units=10),), 1)
        assert store.load(BIN, "Bin#A").state.units == 10


class TestKnownStreams:
    def test_what_was_just_recorded_is_decided_on_without_reading_it_again(self, store: EventStore) -> None:
        first = execute(store, BIN, "Bin#A", command(Put(1), "first"))
        reads: list[str] = []

        with interrupted(aws.dynamodb(), "Query", lambda: reads.append("query")):
            second = execute(store, BIN, "Bin#A", command(Put(2), "second"), known=first.stream)

        assert (second.sequence, second.stream.state.units, reads) == (2, 3, [])

    def test_a_stream_that_others_have_changed_since_is_read_and_decided_again(self, store: EventStore) -> None:
        first = execute(store, BIN, "Bin#A", command(Put(1), "first"))
        execute(other_process(), BIN, "Bin#A", command(Take(1), "other"))

        with pytest.raises(Conflict, match="holds 0"):
            execute(store, BIN, "Bin#A", command(Take(1), "second"), known=first.stream)

        assert store.load(BIN, "Bin#A").sequence == 2

    def test_a_refusal_is_not_believed_before_the_stream_is_read(self, store: EventStore) -> None:
        first = execute(store, BIN, "Bin#A", command(Put(1), "first"))
        execute(other_process(), BIN, "Bin#A", command(Put(1), "other"))

        second = execute(store, BIN, "Bin#A", command(Take(2), "second"), known=first.stream)

        assert (second.sequence, second.stream.state.units) == (3, 0)

    def test_a_repeat_that_the_known_stream_has_not_seen_is_not_decided_again(self, store: EventStore) -> None:
        first = execute(store, BIN, "Bin#A", command(Put(1), "first"))
        twice = command(Put(2), "twice")
        execute(other_process(), BIN, "Bin#A", twice)
        execute(other_process(), BIN, "Bin#A", command(Put(4), "other"))

        again = execute(store, BIN, "Bin#A", twice, known=first.stream)

        assert (again.sequence, again.events) == (2, (UnitsPut(units=2),))
        assert store.load(BIN, "Bin#A").state.units == 7


class Lagging:
    """A client whose reads that need not be consistent lack what follows commit `upto`, or commit `torn` alone."""

    def __init__(self, upto: int = 0, torn: int = 0) -> None:
        self._client = aws.dynamodb()
        self._upto, self._torn = upto, torn
        self.consistent: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **asked: Any) -> Any:
        page: Any = self._client.query(**asked)
        self.consistent.append(asked["ConsistentRead"])
        if asked["ConsistentRead"]:
            return page
        numbers = [int(item["sk"]["S"].removeprefix("C#")) for item in page["Items"]]
        items = zip(numbers, page["Items"], strict=True)
        shown = [item for number, item in items if number <= (self._upto or number) and number != self._torn]
        return {**page, "Items": shown}


@pytest.mark.usefixtures("store", "time")
class TestGlances:
    """The first try reads what may be a moment old; whether it was the latest, the write tells."""

    def filled(self, client: Lagging) -> EventStore:
        for number in range(3):
            execute(other_process(), BIN, "Bin#A", command(Put(1), f"put-{number}"))
        store: Any = client
        return EventStore(store, EVENTS_TABLE)

    def test_a_decision_on_the_latest_state_reads_once_for_half_the_price(self) -> None:
        client = Lagging()
        outcome = execute(self.filled(client), BIN, "Bin#A", command(Take(3), "take"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 0, [False])

    def test_a_decision_on_an_older_state_is_not_recorded_but_made_again(self) -> None:
        client = Lagging(upto=1)
        outcome = execute(self.filled(client), BIN, "Bin#A", command(Put(7), "more"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 10, [False, True])
        assert [commit.sequence for commit in history(other_process(), "Bin#A")] == [1, 2, 3, 4]

    def test_what_an_older_state_would_refuse_is_decided_on_the_latest(self) -> None:
        client = Lagging(upto=1)
        outcome = execute(self.filled(client), BIN, "Bin#A", command(Take(3), "take"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 0, [False, True])

    def test_a_repeat_that_the_older_state_does_not_know_is_answered_with_what_stands(self) -> None:
        for upto in (1, 2):
            again = execute(self.filled(Lagging(upto=upto)), BIN, "Bin#A", command(Put(1), "put-2"))
            assert (again.sequence, again.stream.state.units) == (3, 3)
        assert other_process().load(BIN, "Bin#A").sequence == 3

    def test_a_read_that_lacks_a_commit_in_between_is_not_believed(self) -> None:
        client = Lagging(torn=2)
        outcome = execute(self.filled(client), BIN, "Bin#A", command(Put(1), "more"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 4, [False, True])

    def test_what_cannot_be_decided_on_an_older_state_is_decided_on_the_latest(self) -> None:
        def take_from_what_is_there(ask: Any, state: Bin) -> Any:
            return {3: BIN.decide(ask, state)}[state.units]

        client = Lagging(upto=1)
        literal = replace(BIN, decide=take_from_what_is_there)
        outcome = execute(self.filled(client), literal, "Bin#A", command(Put(1), "more"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 4, [False, True])

    def test_an_event_that_nobody_could_read_is_decided_again_on_the_latest(self) -> None:
        def put_as_many_again(_ask: Any, state: Bin) -> Any:
            return [UnitsPut(units=state.units if state.units == 3 else "unknown")]  # type: ignore[arg-type]

        def trusting(state: Bin, event: Any) -> Bin:
            return evolve(state, event) if isinstance(event.units, int) else state

        client = Lagging(upto=1)
        literal = replace(BIN, decide=put_as_many_again, evolve=trusting)
        outcome = execute(self.filled(client), literal, "Bin#A", command(Put(1), "more"))
        assert (outcome.sequence, outcome.stream.state.units, client.consistent) == (4, 6, [False, True])

    def test_what_cannot_be_decided_on_the_latest_state_either_is_a_mistake(self) -> None:
        def fail(_ask: Any, state: Bin) -> Any:
            return dict[int, Any]()[state.units]

        client = Lagging(upto=1)
        with pytest.raises(KeyError):
            execute(self.filled(client), replace(BIN, decide=fail), "Bin#A", command(Put(1), "more"))
        assert client.consistent == [False, True]

    def test_a_worker_that_knows_more_than_the_read_shows_keeps_what_it_knows(self) -> None:
        client = Lagging(upto=1)
        worker = self.filled(client)
        worker.load(BIN, "Bin#A")
        outcome = execute(worker, BIN, "Bin#A", command(Take(3), "take"))
        assert (outcome.sequence, client.consistent) == (4, [True, False])


class TestRefusals:
    def test_a_rejection_is_raised_for_a_single_command(self, store: EventStore) -> None:
        with pytest.raises(Conflict, match="holds 0"):
            execute(store, BIN, "Bin#A", command(Take(1), "ask"))

    def test_an_error_that_is_no_rejection_is_passed_on_and_nothing_is_recorded(self, store: EventStore) -> None:
        with pytest.raises(LookupError):
            execute_all(store, BIN, "Bin#A", [command(Put(1), "fine"), command(Drop(), "broken")])

        assert history(store, "Bin#A") == []

    def test_another_version_than_seen_is_refused_in_its_place(self, store: EventStore) -> None:
        execute(store, BIN, "Bin#A", command(Put(1), "first"))

        refused, taken = execute_all(
            store, BIN, "Bin#A", [command(Put(1), "stale", if_match=0), command(Put(1), "fresh", if_match=1)]
        )

        assert isinstance(refused.rejection, PreconditionFailed)
        assert taken.rejection is None

    def test_a_repeat_is_answered_whatever_version_it_had_seen(self, store: EventStore) -> None:
        seen = command(Put(1), "edit", if_match=0)
        execute(store, BIN, "Bin#A", seen)
        execute(store, BIN, "Bin#A", command(Put(1), "later"))

        assert execute(store, BIN, "Bin#A", seen).repeated

    def test_no_commands_write_nothing(self, store: EventStore) -> None:
        assert execute_all(store, BIN, "Bin#A", []) == []
        assert history(store, "Bin#A") == []


asks = st.tuples(st.integers(0, 9), st.integers(-4, 4).filter(bool))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(asks, min_size=1, max_size=6), max_size=6))
def test_any_grouping_with_repeats_decides_each_command_once_and_never_takes_what_is_not_there(
    store: EventStore, batches: list[list[tuple[int, int]]]
) -> None:
    stream_id = f"Bin#{uuid4()}"
    accepted: dict[str, int] = {}

    def as_command(number: int, units: int) -> Command:
        payload = Put(units) if units > 0 else Take(-units)
        return command(payload, f"{number}:{units}")

    for batch in batches:
        outcomes = execute_all(other_process(), BIN, stream_id, [as_command(*ask) for ask in batch])
        for (_, units), outcome in zip(batch, outcomes, strict=True):
            if outcome.rejection is None:
                accepted[outcome.command.metadata.command_id] = units

    stream = other_process().load(BIN, stream_id)
    assert stream.state.units == sum(accepted.values()) >= 0
    assert set(stream.handled) == set(accepted)
    recorded = [metadata.command_id for commit in history(store, stream_id) for metadata in commit.commands]
    assert sorted(recorded) == sorted(accepted)
