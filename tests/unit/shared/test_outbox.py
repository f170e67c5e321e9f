"""The outbox publishes all that was committed, in order, and raises when the bus refuses any of it."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import aws
from shared.envelope import CloudEvent, told
from shared.environment import environment
from shared.event_store import EventStore
from shared.events import Commit, originating
from shared.outbox import (
    MAX_ENTRIES,
    MAX_IN_CROWD,
    MAX_REQUEST_BYTES,
    MAX_TOGETHER,
    MAX_TOGETHER_BYTES,
    PublicationFailed,
    publisher,
)
from tests.support.bin_of_units import BIN, LabelsAttached, UnitsPut, UnitsTaken
from tests.support.deliveries import history, stream_batch

publish = publisher("depot", ["depot.UnitsPut", "depot.LabelsAttached"])
publish_together = publisher(
    "depot", ["depot.UnitsPut", "depot.UnitsTaken", "depot.LabelsAttached"], together=["depot.UnitsPut"]
)


class Bus:
    """Answers PutEvents in the place of the real one; the client in front of it is the real client."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.refused: set[int] = set()
        events: Any = aws.eventbridge().meta.events
        events.register("before-call.events.PutEvents", self._answer)

    def _answer(self, params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        entries = json.loads(params["body"])["Entries"]
        before = sum(map(len, self.requests))
        self.requests.append(entries)
        places = range(before, before + len(entries))
        answers: list[dict[str, str]] = [
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "injected"}
            if place in self.refused
            else {"EventId": str(place)}
            for place in places
        ]
        failed = sum("ErrorCode" in answer for answer in answers)
        return _Ok(), {"FailedEntryCount": failed, "Entries": answers, "ResponseMetadata": {"HTTPStatusCode": 200}}

    @property
    def published(self) -> list[CloudEvent]:
        return [event for message in self.messages for event in message]

    @property
    def messages(self) -> list[tuple[CloudEvent, ...]]:
        return [told(entry["Detail"]) for entries in self.requests for entry in entries]


class _Ok:
    status_code = 200


@pytest.fixture
def bus() -> Bus:
    return Bus()


def committed(store: EventStore, stream_id: str, *events: Any) -> None:
    stream = store.load(BIN, stream_id)
    store.append(BIN, stream, [originating(f"{stream_id}-{stream.sequence}")], [(event, 0) for event in events])


def test_what_was_committed_is_published_in_its_order(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", UnitsPut(units=1), UnitsPut(units=2))
    committed(store, "Bin#A", UnitsPut(units=3))

    publish(stream_batch(history(store, "Bin#A")), None)

    assert [event.id for event in bus.published] == ["Bin#A@1.0", "Bin#A@1.1", "Bin#A@2.0"]
    [entry, *_] = bus.requests[0]
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (
        "stowage",
        "stowage.depot",
        "depot.UnitsPut",
    )


def test_what_is_no_public_event_stays_inside(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", UnitsPut(units=1), UnitsTaken(units=1))
    publish(stream_batch(history(store, "Bin#A")), None)

    assert [event.type for event in bus.published] == ["depot.UnitsPut"]


def test_nothing_to_publish_asks_the_bus_nothing(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", UnitsTaken(units=1))
    publish(stream_batch(history(store, "Bin#A")), None)
    publish({"Records": []}, None)

    assert bus.requests == []


def test_entries_are_sent_ten_at_a_time(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", *(UnitsPut(units=number) for number in range(1, 24)))
    publish(stream_batch(history(store, "Bin#A")), None)

    assert [len(entries) for entries in bus.requests] == [MAX_ENTRIES, MAX_ENTRIES, 3]
    assert [event.sequence for event in bus.published] == sorted(event.sequence for event in bus.published)


def test_large_entries_are_sent_in_requests_that_the_bus_takes(store: EventStore, bus: Bus) -> None:
    for size in (100_000, 100_000, 190_000, 10, 10):
        committed(store, "Bin#A", LabelsAttached(labels=["x" * size]))
    publish(stream_batch(history(store, "Bin#A")), None)

    sizes = [sum(len(entry["Detail"]) for entry in entries) for entries in bus.requests]
    assert [len(entries) for entries in bus.requests] == [2, 3]
    assert max(sizes) < MAX_REQUEST_BYTES
    assert len(bus.published) == 5


@pytest.mark.parametrize("refused", [0, 4, 9, 12])
def test_one_refused_entry_brings_the_whole_batch_again(store: EventStore, bus: Bus, refused: int) -> None:
    committed(store, "Bin#A", *(UnitsPut(units=number) for number in range(1, 14)))
    batch = stream_batch(history(store, "Bin#A"))
    bus.refused = {refused}

    with pytest.raises(PublicationFailed, match=rf"Bin#A@1\.{refused}.*ThrottlingException"):
        publish(batch, None)

    bus.refused, bus.requests = set(), []
    publish(batch, None)
    assert [event.id for event in bus.published] == [f"Bin#A@1.{number}" for number in range(13)]


def test_a_second_publication_carries_the_same_ids(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", UnitsPut(units=1), UnitsPut(units=2))
    batch = stream_batch(history(store, "Bin#A"))

    publish(batch, None)
    publish(batch, None)

    first, second = bus.published[:2], bus.published[2:]
    assert first == second


def test_an_error_of_the_bus_raises(store: EventStore) -> None:
    committed(store, "Bin#A", UnitsPut(units=1))
    events: Any = aws.eventbridge().meta.events

    def fail(**_: object) -> None:
        raise ConnectionError

    events.register("before-call.events.PutEvents", fail)

    with pytest.raises(ConnectionError):
        publish(stream_batch(history(store, "Bin#A")), None)


def test_a_real_bus_takes_what_is_published(
    store: EventStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    environment.cache_clear()
    aws.eventbridge().create_event_bus(Name="stowage")
    committed(store, "Bin#A", UnitsPut(units=1))
    capsys.readouterr()

    publish(stream_batch(history(store, "Bin#A")), None)

    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["commits"], line["events"]) == ("published", 1, 1)


def test_small_facts_share_messages_up_to_what_a_message_may_hold(store: EventStore, bus: Bus) -> None:
    committed(store, "Bin#A", *(UnitsPut(units=number) for number in range(1, 24)))
    publish_together(stream_batch(history(store, "Bin#A")), None)

    assert [len(message) for message in bus.messages] == [MAX_TOGETHER, MAX_TOGETHER, 3]
    assert [event.id for event in bus.published] == [f"Bin#A@1.{place}" for place in range(23)]
    assert {entry["DetailType"] for entries in bus.requests for entry in entries} == {"depot.UnitsPut"}


def test_of_what_comes_in_crowds_more_share_a_message(store: EventStore, bus: Bus) -> None:
    publish_crowds = publisher(
        "depot", ["depot.UnitsPut", "depot.UnitsTaken"], ["depot.UnitsTaken"], ["depot.UnitsPut"]
    )
    committed(store, "Bin#A", *(UnitsPut(units=number) for number in range(1, 31)))
    committed(store, "Bin#B", *(UnitsTaken(units=1) for _ in range(11)))
    publish_crowds(stream_batch([*history(store, "Bin#A"), *history(store, "Bin#B")]), None)

    assert [len(message) for message in bus.messages] == [MAX_IN_CROWD, 5, MAX_TOGETHER, 1]
    assert [event.subject for event in bus.published] == ["Bin#A"] * 30 + ["Bin#B"] * 11


def test_what_is_too_large_to_share_a_billed_chunk_travels_alone(store: EventStore, bus: Bus) -> None:
    both = publisher("depot", ["depot.LabelsAttached"], together=["depot.LabelsAttached"])
    for size in (40_000, 40_000, 10, 190_000):
        committed(store, "Bin#A", LabelsAttached(labels=["x" * size]))
    both(stream_batch(history(store, "Bin#A")), None)

    assert [len(message) for message in bus.messages] == [1, 2, 1]
    assert len(bus.requests[0][1]["Detail"]) < MAX_TOGETHER_BYTES + 1_000


@given(
    happened=st.lists(
        st.tuples(
            st.sampled_from("ABC"), st.lists(st.sampled_from([UnitsPut(units=9), UnitsTaken(units=1)]), min_size=1)
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_shares_a_message_the_events_of_a_stream_keep_their_order(
    bus: Bus, happened: list[tuple[str, list[Any]]]
) -> None:
    bus.requests = []
    numbers: Counter[str] = Counter()
    commits = []
    for name, events in happened:
        numbers[name] += 1
        recorded = tuple(BIN.catalog.encode(event, 0) for event in events)
        at = "2026-01-31T09:30:00.000Z"
        commits.append(
            Commit(f"Bin#{name}", numbers[name], at, (originating(f"{name}{numbers[name]}"),), recorded)
        )
    publish_together(stream_batch(commits), None)

    for name, last in numbers.items():
        places = [event.sequence for event in bus.published if event.subject == f"Bin#{name}"]
        own = [commit for commit in commits if commit.stream == f"Bin#{name}"]
        assert places == sorted(places)
        assert len(set(places)) == sum(len(commit.events) for commit in own)
        assert len(own) == last
    assert all(len({event.type for event in message}) == 1 for message in bus.messages)
