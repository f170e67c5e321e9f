"""The outbox publishes all that was committed, in order, and raises when the bus refuses any of it."""

import json
from typing import Any

import pytest

from shared import aws, codec
from shared.envelope import CloudEvent
from shared.event_store import EventStore
from shared.events import originating
from shared.outbox import MAX_ENTRIES, MAX_REQUEST_BYTES, PublicationFailed, publisher
from tests.support.bin_of_units import BIN, LabelsAttached, UnitsPut, UnitsTaken
from tests.support.deliveries import history, stream_batch

publish = publisher("depot", ["depot.UnitsPut", "depot.LabelsAttached"])


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
        return [codec.from_json(entry["Detail"], CloudEvent) for entries in self.requests for entry in entries]


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


def test_a_real_bus_takes_what_is_published(store: EventStore, capsys: pytest.CaptureFixture[str]) -> None:
    aws.eventbridge().create_event_bus(Name="stowage")
    committed(store, "Bin#A", UnitsPut(units=1))
    capsys.readouterr()

    publish(stream_batch(history(store, "Bin#A")), None)

    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["commits"], line["events"]) == ("published", 1, 1)
