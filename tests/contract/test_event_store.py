"""What every DynamoDB has to give the event store, and what the event store then gives everybody else."""

import base64
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from immutables import Map
from msgspec import Struct, ValidationError

from shared import event_store
from shared.availability import Throttled
from shared.decider import Contended, Decider, Outcome, execute, execute_all
from shared.event_store import (
    MAX_COMMIT_BYTES,
    MAX_EVENT_BYTES,
    ConcurrentCommit,
    EventStore,
    Stream,
)
from shared.events import Commit, originating
from shared.rejection import Conflict, PreconditionFailed, TooLarge, Unavailable, Unprocessable
from tests.contract.conftest import EventsTable
from tests.support.bin_of_units import (
    BIN,
    CATALOG,
    Attach,
    Bin,
    LabelsAttached,
    Look,
    Put,
    Take,
    UnitsPut,
    UnitsTaken,
    command,
    decide,
    evolve,
)
from tests.support.faults import counting, interrupted, losing_answers, refusing

LONG = 10_000
LABELS = [[str(uuid4()) for _ in range(5_000)] for _ in range(4)]
OFTEN = replace(BIN, snapshot_every=4)


def put(store: EventStore, stream_id: str, units: int = 1, decider: Decider[Bin] = BIN) -> Outcome[Bin]:
    return execute(store, decider, stream_id, command(Put(units), str(uuid4())))


def history(table: EventsTable, stream_id: str) -> list[Commit]:
    return list(table.store().read(stream_id))


def snapshot_item(table: EventsTable, stream_id: str) -> Any:
    return table.client.get_item(TableName=table.name, Key={"pk": {"S": stream_id}, "sk": {"S": "S"}}).get("Item")


def chunk_items(table: EventsTable, stream_id: str) -> Any:
    return table.client.query(
        TableName=table.name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"{stream_id}#S"}},
        ProjectionExpression="sk",
    )["Items"]


def commit_item(table: EventsTable, stream_id: str) -> Any:
    key = {"pk": {"S": stream_id}, "sk": {"S": "C#0000000001"}}
    return table.client.get_item(TableName=table.name, Key=key)["Item"]


class TestOneDecision:
    def test_a_commit_that_fits_a_write_unit_is_text(self, table: EventsTable, stream_id: str) -> None:
        put(table.store(), stream_id)

        assert set(commit_item(table, stream_id)["body"]) == {"S"}

    def test_a_larger_commit_is_packed_and_read_back_as_it_was(self, table: EventsTable, stream_id: str) -> None:
        asked = [command(Put(1), str(uuid4())) for _ in range(10)]
        execute_all(table.store(), BIN, stream_id, asked)
        item = commit_item(table, stream_id)
        assert set(item["body"]) == {"B"}
        assert len(item["body"]["B"]) < 1_024

        [commit] = history(table, stream_id)

        assert commit.command_ids == {one.metadata.command_id for one in asked}
        assert table.store().load(BIN, stream_id).state.units == 10

    def test_a_packed_commit_is_read_from_a_stream_too(self, table: EventsTable, stream_id: str) -> None:
        execute_all(table.store(), BIN, stream_id, [command(Put(1), str(uuid4())) for _ in range(10)])
        item = commit_item(table, stream_id)
        streamed = item | {"body": {"B": base64.b64encode(item["body"]["B"]).decode()}}

        assert [event_store.commit_of(streamed)] == history(table, stream_id)

    def test_a_stream_that_nobody_wrote_to_has_the_initial_state(self, table: EventsTable, stream_id: str) -> None:
        stream = table.store().load(BIN, stream_id)

        assert (stream.state, stream.sequence, stream.handled) == (Bin(), 0, {})

    def test_a_decision_costs_one_query_and_one_write(self, table: EventsTable, stream_id: str) -> None:
        with counting(table.client) as traffic:
            put(table.store(), stream_id)

        assert traffic.operations == ["Query", "PutItem"]

    def test_a_decision_without_events_writes_nothing_and_is_made_on_a_consistent_read(
        self, table: EventsTable, stream_id: str
    ) -> None:
        with counting(table.client) as traffic:
            outcome = execute(table.store(), BIN, stream_id, command(Look(), "look"))

        assert outcome.events == ()
        assert traffic.operations == ["Query", "Query"]

    def test_all_events_of_a_decision_are_one_commit_with_who_asked_and_why(
        self, table: EventsTable, stream_id: str
    ) -> None:
        asked = command(Put(7, in_steps=3), "put-7", fingerprint="abc")

        outcome = execute(table.store(), BIN, stream_id, asked)

        [commit] = history(table, stream_id)
        assert (commit.stream, commit.sequence, commit.at) == (stream_id, 1, outcome.recorded_at)
        assert commit.commands == (asked.metadata,)
        assert [CATALOG.decode(event) for event in commit.events] == [UnitsPut(units=7)] * 3
        assert [commit.event_id(index) for index in range(2)] == [f"{stream_id}@1.0", f"{stream_id}@1.1"]
        assert outcome.stream.state.units == 21

    def test_commits_are_read_by_number_and_from_a_number_on(self, table: EventsTable, stream_id: str) -> None:
        for units in (1, 2, 3):
            put(table.store(), stream_id, units)

        second = table.store().commit(stream_id, 2)
        assert second is not None
        assert CATALOG.decode(second.events[0]) == UnitsPut(units=2)
        assert table.store().commit(stream_id, 4) is None
        assert [commit.sequence for commit in table.store().read(stream_id, after=1)] == [2, 3]

    def test_a_state_and_all_that_led_to_it_are_read_as_of_one_moment(
        self, table: EventsTable, stream_id: str
    ) -> None:
        for units in range(1, 31):  # behind a snapshot
            put(table.store(), stream_id, units)

        stream, commits = table.store().load_with_commits(BIN, stream_id)

        loaded = table.store().load(BIN, stream_id)
        assert (stream.state, stream.sequence, stream.handled) == (loaded.state, 30, loaded.handled)
        assert [commit.sequence for commit in commits] == list(range(1, 31))
        assert table.store().load_with_commits(BIN, f"{stream_id}-new")[0].sequence == 0

    def test_a_caller_who_has_seen_another_version_is_refused(self, table: EventsTable, stream_id: str) -> None:
        put(table.store(), stream_id)
        put(table.store(), stream_id)

        with pytest.raises(PreconditionFailed) as refusal:
            execute(table.store(), BIN, stream_id, command(Put(1), "late", if_match=1))

        assert (refusal.value.field, refusal.value.value) == ("If-Match", 1)
        assert execute(table.store(), BIN, stream_id, command(Put(1), "now", if_match=2)).sequence == 3


class TestConcurrentWriters:
    def test_of_two_writers_who_saw_the_same_state_one_wins_and_the_other_decides_again(
        self, table: EventsTable, stream_id: str
    ) -> None:
        put(table.store(), stream_id, 5)
        fast, slow = table.store(), table.store()
        seen = slow.load(BIN, stream_id)
        execute(fast, BIN, stream_id, command(Take(3), "fast"))

        with pytest.raises(ConcurrentCommit):
            slow.append(BIN, seen, [originating("slow")], [(UnitsTaken(units=3), 0)])
        with pytest.raises(Conflict, match="holds 2"):
            execute(slow, BIN, stream_id, command(Take(3), "slow"))

        assert execute(slow, BIN, stream_id, command(Take(2), "less")).stream.state.units == 0

    def test_a_race_that_is_lost_is_decided_again_on_what_the_winner_left(
        self, table: EventsTable, stream_id: str
    ) -> None:
        put(table.store(), stream_id, 5)
        client = table.endpoint.client()
        winners = [command(Take(3), "winner")]

        def overtake() -> None:
            if winners:
                execute(table.store(), BIN, stream_id, winners.pop())

        with interrupted(client, "Query", overtake):
            outcome = execute(table.store(client), BIN, stream_id, command(Take(2), "loser"))

        assert (outcome.sequence, outcome.stream.state.units) == (3, 0)

    def test_threads_that_take_from_one_bin_take_what_is_there_and_no_more(
        self, table: EventsTable, stream_id: str
    ) -> None:
        put(table.store(), stream_id, 25)
        start = threading.Barrier(4)

        def take_ten(writer: int) -> int:
            store = table.store(table.endpoint.client())
            start.wait()
            return sum(taken(store, f"{writer}-{number}") for number in range(10))

        def taken(store: EventStore, command_id: str) -> bool:
            while True:
                try:
                    execute(store, BIN, stream_id, command(Take(1), command_id))
                except Contended:
                    continue
                except Conflict:
                    return False
                return True

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(take_ten, range(4))) == 25

        stream = table.store().load(BIN, stream_id)
        assert (stream.state.units, stream.sequence) == (0, 26)

    def test_a_stale_writer_is_refused_behind_a_commit_of_many_events(
        self, table: EventsTable, stream_id: str
    ) -> None:
        put(table.store(), stream_id)
        stale = table.store()
        seen = stale.load(BIN, stream_id)
        execute(table.store(), BIN, stream_id, command(Put(1, in_steps=5), "five events"))

        with pytest.raises(ConcurrentCommit):
            stale.append(BIN, seen, [originating("stale")], [(UnitsTaken(units=1), 0)])

        assert [len(commit.events) for commit in history(table, stream_id)] == [1, 5]

    def test_a_process_that_knows_a_stream_sees_what_others_commit_and_reads_only_that(
        self, table: EventsTable, stream_id: str
    ) -> None:
        known = table.store()
        for _ in range(5):
            put(known, stream_id)
        put(table.store(), stream_id, 10)
        put(table.store(), stream_id, 20)

        with counting(table.client) as traffic:
            stream = known.load(BIN, stream_id)

        assert (stream.state.units, stream.sequence) == (35, 7)
        assert (traffic.operations, traffic.items_read) == (["Query"], 2)


class TestRepeatedCommands:
    def test_a_retry_after_a_lost_answer_succeeds_and_records_nothing_more(
        self, table: EventsTable, stream_id: str
    ) -> None:
        client = table.endpoint.client()
        store = table.store(client)
        asked = command(Put(5), "once")
        with losing_answers(client, "PutItem"), pytest.raises(Unavailable):
            execute(store, BIN, stream_id, asked)

        for again in (store, table.store()):
            outcome = execute(again, BIN, stream_id, asked)
            assert (outcome.events, outcome.sequence, outcome.repeated) == ((UnitsPut(units=5),), 1, True)

        assert len(history(table, stream_id)) == 1

    def test_the_same_write_sent_twice_finds_its_own_commit(self, table: EventsTable, stream_id: str) -> None:
        store = table.store()
        seen = store.load(BIN, stream_id)
        metadata = originating("twice")
        first, _ = store.append(BIN, seen, [metadata], [(UnitsPut(units=5), 0)])

        second, stream = store.append(BIN, seen, [metadata], [(UnitsPut(units=5), 0)])

        assert second == first
        assert (stream.state.units, stream.sequence) == (5, 1)
        assert len(history(table, stream_id)) == 1

    def test_a_batch_whose_answer_was_lost_comes_again_with_more_and_only_the_new_is_recorded(
        self, table: EventsTable, stream_id: str
    ) -> None:
        client = table.endpoint.client()
        batch = [command(Put(1), "a"), command(Put(2), "b")]
        with losing_answers(client, "PutItem"), pytest.raises(Unavailable):
            execute_all(table.store(client), BIN, stream_id, batch)

        outcomes = execute_all(table.store(), BIN, stream_id, [*batch, command(Put(4), "c")])

        assert [outcome.repeated for outcome in outcomes] == [True, True, False]
        assert [outcome.events for outcome in outcomes] == [(UnitsPut(units=units),) for units in (1, 2, 4)]
        assert table.store().load(BIN, stream_id).state.units == 7

    def test_a_repeat_long_after_gets_the_events_of_the_first_answer(
        self, table: EventsTable, stream_id: str
    ) -> None:
        first = execute(table.store(), OFTEN, stream_id, command(Put(5, in_steps=2), "early"))
        for _ in range(10):
            put(table.store(), stream_id, decider=OFTEN)

        outcome = execute(table.store(), OFTEN, stream_id, command(Put(5, in_steps=2), "early"))

        assert outcome.repeated
        assert (outcome.events, outcome.recorded_at, outcome.sequence) == (first.events, first.recorded_at, 1)
        assert len(history(table, stream_id)) == 11

    def test_the_first_command_and_a_window_of_the_latest_are_remembered(
        self, table: EventsTable, stream_id: str
    ) -> None:
        short = replace(BIN, snapshot_every=4, window=3)
        for number in range(10):
            execute(table.store(), short, stream_id, command(Put(1), f"c{number}"))

        assert table.store().load(short, stream_id).handled == {"c0": 1, "c8": 9, "c9": 10}

    def test_what_created_a_stream_gets_its_first_answer_however_much_has_happened_since(
        self, table: EventsTable, stream_id: str
    ) -> None:
        short = replace(BIN, snapshot_every=4, window=3)
        for number in range(10):
            execute(table.store(), short, stream_id, command(Put(number + 1), f"c{number}"))

        repeat = execute(table.store(), short, stream_id, command(Put(1), "c0"))

        assert (repeat.repeated, repeat.sequence, repeat.stream.sequence) == (True, 1, 10)

    def test_one_command_id_with_another_request_is_refused(self, table: EventsTable, stream_id: str) -> None:
        execute(table.store(), BIN, stream_id, command(Put(5), "key", fingerprint="five"))

        with pytest.raises(Unprocessable) as refusal:
            execute(table.store(), BIN, stream_id, command(Put(6), "key", fingerprint="six"))

        assert refusal.value.code == "idempotency-key-reused"
        assert len(history(table, stream_id)) == 1

    def test_a_rejected_command_leaves_no_trace_and_may_be_asked_again(
        self, table: EventsTable, stream_id: str
    ) -> None:
        with pytest.raises(Conflict):
            execute(table.store(), BIN, stream_id, command(Take(1), "take"))
        put(table.store(), stream_id)

        assert execute(table.store(), BIN, stream_id, command(Take(1), "take")).stream.state.units == 0


class TestGroupCommit:
    def test_a_hundred_commands_are_one_write_and_each_gets_its_outcome(
        self, table: EventsTable, stream_id: str
    ) -> None:
        commands = [command(Put(units), f"c{units}") for units in range(1, 101)]

        with counting(table.client) as traffic:
            outcomes = execute_all(table.store(), BIN, stream_id, commands)

        assert traffic.operations == ["Query", "PutItem"]
        assert [outcome.events for outcome in outcomes] == [(UnitsPut(units=units),) for units in range(1, 101)]
        assert [outcome.command for outcome in outcomes] == commands
        assert table.store().load(BIN, stream_id).state.units == 5050

    def test_a_rejection_inside_a_group_leaves_the_others(self, table: EventsTable, stream_id: str) -> None:
        commands = [
            command(Put(3), "put"),
            command(Take(2), "first"),
            command(Take(2), "second"),
            command(Take(1), "third"),
        ]

        outcomes = execute_all(table.store(), BIN, stream_id, commands)

        assert [outcome.rejection is None for outcome in outcomes] == [True, True, False, True]
        [commit] = history(table, stream_id)
        assert [metadata.command_id for metadata in commit.commands] == ["put", "first", "third"]
        assert table.store().load(BIN, stream_id).state.units == 0

    def test_a_command_that_comes_twice_in_a_group_counts_once(self, table: EventsTable, stream_id: str) -> None:
        twice = command(Put(3), "twice")

        outcomes = execute_all(table.store(), BIN, stream_id, [twice, twice])

        assert [outcome.events for outcome in outcomes] == [(UnitsPut(units=3),)] * 2
        assert table.store().load(BIN, stream_id).state.units == 3

    def test_a_group_of_rejections_and_repeats_writes_nothing(self, table: EventsTable, stream_id: str) -> None:
        known = command(Put(1), "known")
        execute(table.store(), BIN, stream_id, known)

        with counting(table.client) as traffic:
            outcomes = execute_all(table.store(), BIN, stream_id, [known, command(Take(9), "too much")])

        assert [outcome.repeated for outcome in outcomes] == [True, False]
        assert isinstance(outcomes[1].rejection, Conflict)
        assert traffic.asked("PutItem") == 0


class WiderBin(Struct, frozen=True):
    """The state of a newer version of the code: it also counts the events."""

    units: int = 0
    events: int = 0


def evolve_wider(state: WiderBin, event: object) -> WiderBin:
    return WiderBin(evolve(Bin(state.units), event).units, state.events + 1)


WIDER = Decider(CATALOG, WiderBin(), evolve_wider, category="Bin", decide=lambda _, __: (), snapshot_every=4)


class TestSnapshots:
    def test_a_load_behind_a_snapshot_reads_it_and_the_commits_after_it(
        self, table: EventsTable, stream_id: str
    ) -> None:
        for _ in range(10):
            put(table.store(), stream_id, decider=OFTEN)

        with counting(table.client) as traffic:
            stream = table.store().load(OFTEN, stream_id)

        assert (stream.state.units, stream.sequence, len(stream.handled)) == (10, 10, 10)
        assert stream.snapshot is not None
        assert stream.snapshot.sequence == 8
        assert traffic.operations == ["Query"]
        assert traffic.items_read <= OFTEN.snapshot_every + 1

    def test_a_snapshot_of_another_shape_is_ignored(self, table: EventsTable, stream_id: str) -> None:
        for _ in range(6):
            put(table.store(), stream_id, decider=OFTEN)
        assert snapshot_item(table, stream_id)["sequence"] == {"N": "4"}

        assert table.store().load(WIDER, stream_id).state == WiderBin(units=6, events=6)

    def test_a_fold_that_changed_its_meaning_ignores_the_snapshots_of_before(
        self, table: EventsTable, stream_id: str
    ) -> None:
        for _ in range(4):
            put(table.store(), stream_id, decider=OFTEN)
        doubled = replace(
            OFTEN, revision=2, evolve=lambda state, event: Bin(evolve(evolve(state, event), event).units)
        )

        assert table.store().load(doubled, stream_id).state.units == 8

    def test_old_and_new_code_side_by_side_replace_each_others_snapshot_and_agree(
        self, table: EventsTable, stream_id: str
    ) -> None:
        new = replace(WIDER, decide=lambda asked, state: decide(asked, Bin(state.units)))
        for number in range(12):
            asked = command(Put(1), f"c{number}")
            if number % 2:
                execute(table.store(), new, stream_id, asked)
            else:
                execute(table.store(), OFTEN, stream_id, asked)

        assert table.store().load(OFTEN, stream_id).state.units == 12
        assert table.store().load(new, stream_id).state == WiderBin(units=12, events=12)

    def test_two_folds_of_one_stream_in_one_process_keep_apart(self, table: EventsTable, stream_id: str) -> None:
        store = table.store()
        put(store, stream_id, 3)

        assert store.load(WIDER, stream_id).state == WiderBin(units=3, events=1)
        assert store.load(BIN, stream_id).state == Bin(units=3)

    @pytest.mark.parametrize("body", [b"", b"no snapshot", bytes.fromhex("789cab562a2e492c49550200098d0286")])
    def test_a_damaged_snapshot_is_ignored_because_the_commits_are_the_truth(
        self, table: EventsTable, stream_id: str, body: bytes
    ) -> None:
        for _ in range(6):
            put(table.store(), stream_id, decider=OFTEN)
        item = snapshot_item(table, stream_id)
        table.client.put_item(TableName=table.name, Item={**item, "body": {"B": body}})

        assert table.store().load(OFTEN, stream_id).state.units == 6

    def test_a_snapshot_that_cannot_be_written_does_not_fail_the_append(
        self, table: EventsTable, stream_id: str
    ) -> None:
        client = table.endpoint.client()
        store = table.store(client)
        with refusing(client, "PutItem", "ThrottlingException", containing=b'"sequence"') as refused:
            for _ in range(5):
                put(store, stream_id, decider=OFTEN)

        assert len(refused) == 2
        assert snapshot_item(table, stream_id) is None
        assert table.store().load(OFTEN, stream_id).state.units == 5
        put(store, stream_id, decider=OFTEN)
        assert snapshot_item(table, stream_id)["sequence"] == {"N": "6"}

    def test_a_missing_commit_is_noticed(self, table: EventsTable, stream_id: str) -> None:
        for _ in range(3):
            put(table.store(), stream_id)
        table.client.delete_item(TableName=table.name, Key={"pk": {"S": stream_id}, "sk": {"S": "C#0000000002"}})

        with pytest.raises(RuntimeError, match=r"commit 1 is missing before 3|commit 2 is missing before 3"):
            table.store().load(BIN, stream_id)


@dataclass
class Crowded:
    """A bin with 20,000 labels: its snapshot does not fit one item."""

    table: EventsTable
    stream_id: str
    decider: Decider[Bin] = field(default_factory=lambda: replace(BIN, snapshot_every=1))

    def fill(self) -> None:
        store = self.table.store()
        for number, labels in enumerate(LABELS):
            once = replace(BIN, snapshot_every=len(LABELS))
            execute(store, once, self.stream_id, command(Attach(labels), f"labels-{number}"))

    def load(self, client: Any = None) -> Bin:
        return self.table.store(client).load(self.decider, self.stream_id).state

    def replace_snapshot(self) -> None:
        """Commits until a snapshot of a later commit has replaced the one that stands."""
        before = snapshot_item(self.table, self.stream_id)["sequence"]
        while snapshot_item(self.table, self.stream_id)["sequence"] == before:
            put(self.table.store(), self.stream_id, decider=self.decider)


class TestSnapshotsBeyondOneItem:
    @pytest.fixture
    def crowded(self, table: EventsTable, stream_id: str) -> Crowded:
        crowded = Crowded(table, stream_id)
        crowded.fill()
        return crowded

    def test_a_state_of_20000_entries_is_kept_in_chunks(self, table: EventsTable, crowded: Crowded) -> None:
        with counting(table.client) as traffic:
            state = crowded.load()

        assert state == Bin(0, Map({label: 36 for labels in LABELS for label in labels}))
        assert traffic.operations == ["Query", "Query"]
        assert len(chunk_items(table, crowded.stream_id)) == int(
            snapshot_item(table, crowded.stream_id)["chunks"]["N"]
        )

    def test_the_chunks_of_a_replaced_snapshot_go(self, table: EventsTable, crowded: Crowded) -> None:
        before = chunk_items(table, crowded.stream_id)
        crowded.replace_snapshot()
        after = chunk_items(table, crowded.stream_id)

        assert len(before) == len(after) == 2
        assert not {item["sk"]["S"] for item in before} & {item["sk"]["S"] for item in after}
        assert len(crowded.load().labels) == 20_000

    @pytest.mark.parametrize("replacements", [1, 3])
    def test_a_load_survives_that_the_snapshot_is_replaced_while_it_is_read(
        self, table: EventsTable, crowded: Crowded, replacements: int
    ) -> None:
        client = table.endpoint.client()
        left = [crowded.replace_snapshot] * replacements
        answers = iter(range(100))

        def replace_behind_the_pointer() -> None:
            if next(answers) % 2 == 0 and left:
                left.pop()()

        with interrupted(client, "Query", replace_behind_the_pointer):
            state = crowded.load(client)

        assert left == []
        assert len(state.labels) == 20_000

    def test_two_writers_of_one_snapshot_do_not_mix_their_chunks(
        self, table: EventsTable, crowded: Crowded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = replace(table.store().load(crowded.decider, crowded.stream_id), snapshot=None)
        metadata, client, writes = originating("delivered twice"), table.endpoint.client(), iter(range(100))

        def commit(client: Any) -> None:
            table.store(client).append(crowded.decider, seen, [metadata], [(UnitsPut(units=1), 0)])

        def second_delivery() -> None:
            if next(writes) == 1:  # the first delivery's commit and first chunk stand
                with monkeypatch.context() as patch:
                    patch.setattr(event_store, "SNAPSHOT_CHUNK_BYTES", 200_000)
                    commit(table.client)

        with interrupted(client, "PutItem", second_delivery):
            commit(client)

        with counting(table.client) as traffic:
            state = crowded.load()
        assert (state.units, len(state.labels)) == (1, 20_000)
        assert traffic.operations == ["Query", "Query"]

    def test_a_crash_between_the_chunks_leaves_the_snapshot_of_before(
        self, table: EventsTable, crowded: Crowded
    ) -> None:
        client = table.endpoint.client()
        with refusing(client, "PutItem", "ThrottlingException", containing=b"#0001"):
            put(table.store(client), crowded.stream_id, decider=crowded.decider)

        assert snapshot_item(table, crowded.stream_id)["sequence"] == {"N": "4"}
        assert (crowded.load().units, len(crowded.load().labels)) == (1, 20_000)


@pytest.fixture(scope="session")
def long_stream(table: EventsTable) -> str:
    """A stream of 10,000 commits: copies of one that the store wrote, a last one, and a snapshot of that."""
    stream_id = f"Bin#{uuid4()}"
    execute(table.store(), BIN, stream_id, command(Put(1), "command-1"))
    model = table.client.get_item(TableName=table.name, Key={"pk": {"S": stream_id}, "sk": {"S": "C#0000000001"}})[
        "Item"
    ]

    def copy(number: int) -> Any:
        body = model["body"]["S"].replace('"command-1"', f'"command-{number}"')
        return {"PutRequest": {"Item": {**model, "sk": {"S": f"C#{number:010d}"}, "body": {"S": body}}}}

    copies = [copy(number) for number in range(2, LONG)]
    while copies:
        answer = table.client.batch_write_item(RequestItems={table.name: copies[:25]})
        copies = copies[25:] + answer["UnprocessedItems"].get(table.name, [])
    last = Stream(stream_id, Bin(LONG - 1), LONG - 1)
    table.store().append(BIN, last, [originating("last")], [(UnitsPut(units=1), 0)])
    return stream_id


class TestLongStreams:
    def test_a_load_is_one_query_on_the_ten_thousandth_commit_as_on_the_tenth(
        self, table: EventsTable, long_stream: str
    ) -> None:
        put(table.store(), long_stream)

        with counting(table.client) as traffic:
            stream = table.store().load(BIN, long_stream)
        assert (stream.state.units, stream.sequence) == (LONG + 1, LONG + 1)
        assert (traffic.operations, traffic.items_read) == (["Query"], BIN.snapshot_every + 1)

        with counting(table.client) as traffic:
            outcome = execute(table.store(), BIN, long_stream, command(Put(1), "one more"))
        assert outcome.sequence == LONG + 2
        assert traffic.operations == ["Query", "PutItem"]

    def test_a_long_stream_is_read_page_by_page_in_order(self, table: EventsTable, long_stream: str) -> None:
        numbers = [commit.sequence for commit in table.store().read(long_stream)]

        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= LONG


class TestLimits:
    @pytest.mark.parametrize(
        ("labels", "size"),
        [
            pytest.param([["x" * 1000] * (MAX_EVENT_BYTES // 1000)], MAX_EVENT_BYTES, id="event"),
            pytest.param([["x" * 1000] * 180] * 2, MAX_COMMIT_BYTES, id="commit"),
        ],
    )
    def test_what_is_too_large_is_refused_and_nothing_is_written(
        self, table: EventsTable, stream_id: str, labels: Sequence[list[str]], size: int
    ) -> None:
        store = table.store()
        seen = store.load(BIN, stream_id)

        with counting(table.client) as traffic, pytest.raises(TooLarge) as refusal:
            store.append(BIN, seen, [originating("large")], [(LabelsAttached(labels=some), 0) for some in labels])

        assert (refusal.value.code, traffic.operations) == ("decision-too-large", [])
        assert int(str(refusal.value.value)) > size
        assert history(table, stream_id) == []
        assert put(store, stream_id).sequence == 1

    def test_an_event_that_could_not_be_read_again_is_refused_and_nothing_is_written(
        self, table: EventsTable, stream_id: str
    ) -> None:
        store = table.store()
        unreadable = LabelsAttached(labels=[7])  # type: ignore[list-item]

        with counting(table.client) as traffic, pytest.raises(ValidationError):
            store.append(BIN, store.load(BIN, stream_id), [originating("odd")], [(unreadable, 0)])

        assert traffic.asked("PutItem") == 0
        assert put(store, stream_id).sequence == 1

    def test_the_largest_decision_that_is_taken_fits_an_item(self, table: EventsTable, stream_id: str) -> None:
        events = [(LabelsAttached(labels=["x" * 172_000]), 0)] * 2

        commit, _ = table.store().append(BIN, table.store().load(BIN, stream_id), [originating("big")], events)

        assert history(table, stream_id) == [commit]

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("ProvisionedThroughputExceededException", 400),
            ("ThrottlingException", 400),
            ("InternalServerError", 500),
        ],
    )
    @pytest.mark.parametrize("operation", ["Query", "PutItem"])
    def test_throttling_is_named_and_leaves_nothing_half_done(
        self, table: EventsTable, stream_id: str, operation: str, code: str, status: int
    ) -> None:
        client = table.endpoint.client()
        store = table.store(client)
        with refusing(client, operation, code, status) as refused, pytest.raises(Throttled, match=code):
            execute(store, BIN, stream_id, command(Put(5), "throttled"))

        assert len(refused) == 1
        assert history(table, stream_id) == []
        assert execute(store, BIN, stream_id, command(Put(5), "throttled")).stream.state.units == 5

    def test_another_error_of_the_table_is_passed_on(self, table: EventsTable, stream_id: str) -> None:
        client = table.endpoint.client()
        with (
            refusing(client, "PutItem", "ResourceNotFoundException"),
            pytest.raises(client.exceptions.ResourceNotFoundException),
        ):
            put(table.store(client), stream_id)
