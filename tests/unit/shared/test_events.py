"""Events in the catalog, in a commit, and on the bus."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from shared import codec
from shared.envelope import CloudEvent, caused_by, published
from shared.events import CommandMetadata, Commit, Event, EventCatalog, RecordedEvent, originating
from tests.support.bin_of_units import CATALOG, LabelsAttached, UnitsPut

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class UnitsCounted(Event, frozen=True):
    """The third version: a list of counts became a sum, and the counter became optional."""

    version = 3

    units: int
    counter: str = ""


COUNTS = EventCatalog(
    "depot",
    [UnitsCounted],
    {
        ("depot.UnitsCounted", 1): lambda data: {"all": data["counts"]},
        ("depot.UnitsCounted", 2): lambda data: {"units": sum(data["all"])},  # type: ignore[call-overload]
    },
)


def commit(*events: RecordedEvent) -> Commit:
    first = CommandMetadata("ask-1", "journey-1", TRACEPARENT, causation_id="cause-1")
    second = CommandMetadata("ask-2", "journey-2", TRACEPARENT)
    return Commit("Bin#A", 12, "2026-01-31T09:30:00.000Z", (first, second), events)


class TestCatalog:
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
    def test_what_is_recorded_is_read_back(self, labels: list[str]) -> None:
        event = LabelsAttached(labels=labels)

        assert CATALOG.decode(CATALOG.encode(event, 0)) == event

    def test_an_event_is_named_after_its_service_and_class(self) -> None:
        assert CATALOG.name(UnitsPut) == "depot.UnitsPut"
        assert CATALOG.encode(UnitsPut(units=3), 1) == RecordedEvent("depot.UnitsPut", 1, Raw(b'{"units":3}'), 1)

    def test_defaults_take_no_room(self) -> None:
        assert bytes(COUNTS.encode(UnitsCounted(units=3), 0).data) == b'{"units":3}'

    @pytest.mark.parametrize(
        ("version", "data"), [(1, b'{"counts":[1,2]}'), (2, b'{"all":[1,2]}'), (3, b'{"units":3}')]
    )
    def test_an_event_of_an_older_version_becomes_todays(self, version: int, data: bytes) -> None:
        assert COUNTS.decode(RecordedEvent("depot.UnitsCounted", version, Raw(data))) == UnitsCounted(units=3)

    def test_fields_that_are_not_known_are_ignored(self) -> None:
        recorded = RecordedEvent("depot.UnitsPut", 1, Raw(b'{"units":3,"colour":"red"}'))

        assert CATALOG.decode(recorded) == UnitsPut(units=3)

    def test_an_event_that_is_not_in_the_catalog_is_named(self) -> None:
        with pytest.raises(KeyError, match=r"depot\.UnitsLost"):
            CATALOG.decode(RecordedEvent("depot.UnitsLost", 1, Raw(b"{}")))

    def test_data_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(msgspec.ValidationError, match="units"):
            CATALOG.decode(RecordedEvent("depot.UnitsPut", 1, Raw(b'{"units":"3"}')))


class TestEnvelope:
    def test_a_published_event_has_the_attributes_of_cloudevents(self) -> None:
        first, second = published(
            commit(CATALOG.encode(UnitsPut(units=1), 0), CATALOG.encode(UnitsPut(units=2), 1)), "depot"
        )

        assert json.loads(codec.to_json(first)) == {
            "specversion": "1.0",
            "id": "Bin#A@12.0",
            "source": "stowage.depot",
            "type": "depot.UnitsPut",
            "subject": "Bin#A",
            "time": "2026-01-31T09:30:00.000Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:stowage:event:depot.UnitsPut:1",
            "sequence": "0000000012.0000",
            "correlationid": "journey-1",
            "causationid": "cause-1",
            "traceparent": TRACEPARENT,
            "data": {"units": 1},
        }
        assert (second.id, second.sequence, second.commit_sequence) == ("Bin#A@12.1", "0000000012.0001", 12)

    def test_an_event_without_another_cause_was_caused_by_its_request(self) -> None:
        [event] = published(commit(CATALOG.encode(UnitsPut(units=1), 1)), "depot")

        assert (event.causationid, event.correlationid) == ("ask-2", "journey-2")

    @given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 9)), min_size=2))
    def test_the_order_of_sequences_as_text_is_the_order_of_the_stream(
        self, places: list[tuple[int, int]]
    ) -> None:
        def sequence(place: tuple[int, int]) -> str:
            events = [CATALOG.encode(UnitsPut(units=1), 0)] * 10
            whole = msgspec.structs.replace(commit(*events), sequence=place[0])
            return list(published(whole, "depot"))[place[1]].sequence

        assert sorted(places) == sorted(places, key=sequence)

    def test_a_consumer_reads_what_was_published_and_ignores_what_it_does_not_know(self) -> None:
        [event] = published(commit(CATALOG.encode(UnitsPut(units=1), 0)), "depot")
        text = codec.to_json(event).replace(b'{"specversion"', b'{"unheard":1,"specversion"')

        assert codec.from_json(text, CloudEvent) == event

    def test_a_reaction_derives_its_id_from_the_event_and_continues_the_journey(self) -> None:
        [event] = published(commit(CATALOG.encode(UnitsPut(units=1), 0)), "depot")

        whole, part = caused_by(event), caused_by(event, "second")

        assert (whole.command_id, part.command_id) == ("Bin#A@12.0", "Bin#A@12.0/second")
        assert (whole.causation_id, whole.correlation_id, whole.actor) == (event.id, "journey-1", "stowage.depot")
        assert whole.traceparent[:36] == TRACEPARENT[:36]
        assert whole.traceparent != TRACEPARENT
        assert caused_by(event).command_id == whole.command_id


def test_a_command_of_nobodys_asking_starts_a_journey_of_its_own() -> None:
    one, other = originating("sweep-1", actor="schedule"), originating("sweep-2")

    assert (one.command_id, one.actor) == ("sweep-1", "schedule")
    assert one.correlation_id != other.correlation_id
    assert one.traceparent != other.traceparent
