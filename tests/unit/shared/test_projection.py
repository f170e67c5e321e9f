"""Projections show the fold of a stream, whatever was delivered twice, late or out of order."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from shared import aws, codec
from shared.event_store import EventStore
from shared.events import Commit, originating
from shared.projection import (
    COMMITS_OF_A_FILLING,
    UNWRITTEN_AT_MOST,
    Entry,
    Owners,
    Parts,
    Projection,
    ProjectionContended,
    Projector,
    as_it_is,
)
from shared.views import Views
from tests.support.bin_of_units import BIN, CATALOG, UnitsPut, UnitsTaken
from tests.support.deliveries import history, stream_batch
from tests.support.faults import Died, at_moment, counting, die, interrupted, refusing
from tests.unit.shared.conftest import VIEWS_TABLE


class BinView(Struct, frozen=True):
    bin: str
    units: int = 0
    movements: tuple[int, ...] = ()


def show(view: BinView, event: object, at: str) -> BinView:
    assert at.endswith("Z")
    match event:
        case UnitsPut(units):
            change = units
        case UnitsTaken(units):
            change = -units
        case _:
            return view
    return BinView(view.bin, view.units + change, (*view.movements, change))


BINS = Projection(
    category="Bin",
    kind=BinView,
    start=lambda stream_id: BinView(stream_id.partition("#")[2]),
    show=show,
    key=lambda stream_id: (stream_id, "view"),
    index=lambda view: {"colour": "red" if view.units else "grey", "placed": view.bin},
)


@dataclass
class Depot:
    store: EventStore
    views: Views

    @property
    def projector(self) -> Projector:
        return Projector(CATALOG, self.store, self.views, [BINS])

    def commits(self, *changes: int | tuple[int, ...], stream_id: str = "Bin#A") -> list[Commit]:
        """One commit per change, or per tuple of changes."""
        for change in changes:
            stream = self.store.load(BIN, stream_id)
            each = change if isinstance(change, tuple) else (change,)
            events = [(UnitsPut(units=one) if one >= 0 else UnitsTaken(units=-one), 0) for one in each]
            self.store.append(BIN, stream, [originating(str(uuid4()))], events)
        return history(self.store, stream_id)

    def show(self, commits: Sequence[Commit]) -> None:
        self.projector.handle(stream_batch(commits))

    def view(self, stream_id: str = "Bin#A") -> tuple[BinView, int] | None:
        return self.views.get(stream_id, "view", BinView, consistent=True)


@pytest.fixture
def depot(store: EventStore, views: Views) -> Depot:
    return Depot(store, views)


def test_a_stream_becomes_a_document_of_its_last_commits_version(depot: Depot) -> None:
    depot.show(depot.commits(5, (1, 2), -3))

    assert depot.view() == (BinView("A", 5, (5, 1, 2, -3)), 3)


def test_later_batches_go_on_from_what_is_stored(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)
    for commit in commits:
        depot.show([commit])

    assert depot.view() == (BinView("A", 6, (1, 2, 3)), 3)


def test_a_new_stream_costs_one_write(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)

    with counting(aws.dynamodb()) as traffic:
        depot.show(commits)

    assert traffic.operations == ["PutItem"]


def test_a_document_that_stands_costs_one_read_and_one_write(depot: Depot) -> None:
    first, second = depot.commits(1, 2)
    depot.show([first])

    with counting(aws.dynamodb()) as traffic:
        depot.show([second])

    assert traffic.operations == ["GetItem", "PutItem"]


def test_a_batch_that_comes_twice_changes_nothing(depot: Depot) -> None:
    commits = depot.commits(1, 2)
    depot.show(commits)

    for again in (commits, commits[:1], commits[1:], [*commits, *commits]):
        depot.show(again)

    assert depot.view() == (BinView("A", 3, (1, 2)), 2)


def test_a_gap_makes_the_projector_read_the_stream(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3, 4)
    depot.show(commits[:1])
    depot.show(commits[3:])

    assert depot.view() == (BinView("A", 10, (1, 2, 3, 4)), 4)


def test_a_first_commit_that_never_came_is_read_too(depot: Depot) -> None:
    depot.show(depot.commits(1, 2)[1:])

    assert depot.view() == (BinView("A", 3, (1, 2)), 2)


def test_a_late_commit_does_not_turn_the_document_back(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)
    depot.show(commits[2:])
    depot.show(commits[:1])

    assert depot.view() == (BinView("A", 6, (1, 2, 3)), 3)


def test_a_batch_of_many_streams_becomes_many_documents(depot: Depot) -> None:
    commits = [
        *depot.commits(1, 2),
        *depot.commits(5, stream_id="Bin#B"),
        *depot.commits(9, stream_id="Elsewhere#1"),
    ]
    depot.show(commits[::-1])

    assert depot.view() == (BinView("A", 3, (1, 2)), 2)
    assert depot.view("Bin#B") == (BinView("B", 5, (5,)), 1)
    assert depot.view("Elsewhere#1") is None


def test_a_document_stands_in_its_indexes(depot: Depot) -> None:
    depot.show([*depot.commits(1), *depot.commits(1, -1, stream_id="Bin#B")])

    def bins(colour: str) -> list[str]:
        page = depot.views.list(BinView, ("colour", colour), "placed", index="by_colour")
        return [view.bin for _, view in page.items]

    assert (bins("red"), bins("grey")) == (["A"], ["B"])


def test_two_projectors_at_once_end_with_the_whole(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)
    depot.show(commits[:1])
    other = [commits[1]]

    def overtake() -> None:
        if other:
            depot.show([other.pop()])

    with interrupted(aws.dynamodb(), "GetItem", overtake):
        depot.show(commits[1:])

    assert depot.view() == (BinView("A", 6, (1, 2, 3)), 3)


def test_a_document_that_others_keep_writing_makes_the_batch_come_again(depot: Depot) -> None:
    [commit] = depot.commits(1)

    with (
        refusing(aws.dynamodb(), "PutItem", "ConditionalCheckFailedException"),
        pytest.raises(ProjectionContended, match="Bin#A view"),
    ):
        depot.show([commit])

    depot.show([commit])
    assert depot.view() == (BinView("A", 1, (1,)), 1)


def test_a_view_that_was_thrown_away_is_made_again_from_the_next_commit(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)
    depot.show(commits)
    aws.dynamodb().delete_item(TableName=VIEWS_TABLE, Key={"pk": {"S": "Bin#A"}, "sk": {"S": "view"}})

    depot.show(depot.commits(4)[3:])

    assert depot.view() == (BinView("A", 10, (1, 2, 3, 4)), 4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), st.data())
def test_any_order_of_deliveries_with_repeats_and_gaps_ends_with_the_fold(
    depot: Depot, changes: list[int], data: st.DataObject
) -> None:
    stream_id = f"Bin#{uuid4()}"
    commits = depot.commits(*changes, stream_id=stream_id)
    batches = data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1), max_size=6))

    for batch in [*batches, commits[-1:]]:
        depot.show(batch)

    bin_id = stream_id.partition("#")[2]
    assert depot.view(stream_id) == (BinView(bin_id, sum(changes), tuple(changes)), len(changes))


def test_a_projector_goes_on_from_what_it_wrote_last_without_reading_it(depot: Depot) -> None:
    projector = depot.projector
    commits = depot.commits(5, 6, -1)
    with counting(aws.dynamodb()) as traffic:
        for commit in commits:
            projector.handle(stream_batch([commit]))
    assert (traffic.asked("GetItem"), traffic.asked("PutItem")) == (0, 3)
    assert depot.view() == (BinView("A", 10, (5, 6, -1)), 3)


def test_a_projector_that_another_has_overtaken_reads_before_it_goes_on(depot: Depot) -> None:
    slow = depot.projector
    commits = depot.commits(5, 6, -1, 4)
    slow.handle(stream_batch(commits[:1]))
    depot.show(commits[1:3])
    slow.handle(stream_batch(commits[1:2]))
    slow.handle(stream_batch(commits[3:]))
    assert depot.view() == (BinView("A", 14, (5, 6, -1, 4)), 4)


class Movement(Struct, frozen=True):
    bin: str
    units: int


JOURNALED = replace(
    BINS,
    entries=lambda view, commit, _events: [
        Entry((f"Journal#{view.bin}", f"{commit.sequence:04d}"), Movement(view.bin, view.movements[-1])),
        Entry(("Level", view.bin), Movement(view.bin, view.units), {"colour": "grey", "placed": view.bin}),
    ],
)


def journal(depot: Depot, bin_id: str = "A") -> dict[str, int]:
    page = depot.views.list(Movement, ("pk", f"Journal#{bin_id}"), "sk")
    return {number: movement.units for number, movement in page.items}


def test_commits_leave_entries_beside_the_document(depot: Depot) -> None:
    projector = Projector(CATALOG, depot.store, depot.views, [JOURNALED])

    projector.handle(stream_batch(depot.commits(5, -2, 4)))

    assert journal(depot) == {"0001": 5, "0002": -2, "0003": 4}
    assert depot.views.get("Level", "A", Movement) == (Movement("A", 7), 3)
    assert [
        key for key, _ in depot.views.list(Movement, ("colour", "grey"), "placed", index="by_colour").items
    ] == ["A"]


def test_a_projector_that_dies_before_the_document_leaves_its_entries_to_the_next_try(depot: Depot) -> None:
    commits = depot.commits(5, -2, 4)
    for moment in range(4):
        projector = Projector(CATALOG, depot.store, depot.views, [JOURNALED])
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            projector.handle(stream_batch(commits))
        assert depot.view() is None
    Projector(CATALOG, depot.store, depot.views, [JOURNALED]).handle(stream_batch(commits))

    assert journal(depot) == {"0001": 5, "0002": -2, "0003": 4}
    assert depot.views.get("Level", "A", Movement) == (Movement("A", 7), 3)
    assert depot.view() == (BinView("A", 7, (5, -2, 4)), 3)


def test_a_gap_leaves_no_entry_out(depot: Depot) -> None:
    commits = depot.commits(1, 2, 3)
    projector = Projector(CATALOG, depot.store, depot.views, [JOURNALED])
    projector.handle(stream_batch(commits[2:]))
    projector.handle(stream_batch(commits[:2]))

    assert journal(depot) == {"0001": 1, "0002": 2, "0003": 3}
    assert depot.views.get("Level", "A", Movement) == (Movement("A", 6), 3)


class Colour(Struct, frozen=True):
    """Units of one colour in a bin: even changes are white, odd ones black; what is taken goes to both."""

    name: str
    units: int = 0
    events: int = 0


def _concerned(event: object) -> list[str] | None:
    return None if isinstance(event, UnitsTaken) else ["black" if event.units % 2 else "white"]  # type: ignore[attr-defined]


def _coloured(colour: Colour, _bin: BinView, event: UnitsPut | UnitsTaken, _at: str) -> Colour:
    change = event.units if isinstance(event, UnitsPut) else -event.units
    return Colour(colour.name, colour.units + change, colour.events + 1)


COLOURED = replace(
    BINS,
    parts=Parts(
        Colour,
        "Colour#",
        _concerned,
        lambda _bin, name: Colour(name),
        _coloured,
        lambda colour: {"colour": colour.name, "placed": str(colour.units)} if colour.units else {},
        lambda colour, before, _event, commit, position: [
            Entry((f"Steps#{colour.name}", f"{commit.stream}#{commit.sequence:04d}.{position}"), before)
        ],
    ),
)


def stored(stream_id: str) -> dict[tuple[str, str], tuple[str, str, Any]]:
    """Everything that the views hold of a stream, with versions."""
    found: dict[tuple[str, str], tuple[str, str, Any]] = {}
    for item in aws.dynamodb().scan(TableName=VIEWS_TABLE)["Items"]:
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if pk == stream_id or sk.startswith(f"{stream_id}#"):
            found[pk, sk] = (item["version"]["N"], item["body"]["S"], item.get("placed"))
    return found


def folded(stream_id: str, commits: Sequence[Commit]) -> dict[str, tuple[Colour, int]]:
    """The parts as a fold from the first commit on."""
    return dict(COLOURED.after(CATALOG, COLOURED.start(stream_id), commits).parts)


CHANGES = st.lists(
    st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=3).map(tuple), min_size=1, max_size=6
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.data())
def test_parts_are_the_fold_of_their_events_whatever_comes_twice_late_or_dies_half_way(
    depot: Depot, changes: list[tuple[int, ...]], data: st.DataObject
) -> None:
    stream_id = f"Bin#{uuid4()}"
    commits = depot.commits(*changes, stream_id=stream_id)
    batches = data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1), max_size=5))
    projectors = [Projector(CATALOG, depot.store, depot.views, [COLOURED]) for _ in range(2)]

    for batch in batches:
        projector = data.draw(st.sampled_from(projectors))
        with suppress(Died), at_moment(aws.dynamodb(), data.draw(st.integers(0, 12)), die):
            projector.handle(stream_batch(batch))
    Projector(CATALOG, depot.store, depot.views, [COLOURED]).handle(stream_batch(commits[-1:]))

    expected = COLOURED.after(CATALOG, COLOURED.start(stream_id), commits)
    shown = stored(stream_id)
    for name, (part, version) in expected.parts.items():
        placed = {"S": str(part.units)} if part.units else None
        assert shown.pop((stream_id, f"Colour#{name}")) == (str(version), codec.to_json(part).decode(), placed)
    for key, (entry, version) in expected.entries.items():
        assert shown.pop(key) == (str(version), codec.to_json(entry.document).decode(), None)
    assert shown.pop((stream_id, "view")) == (str(len(commits)), codec.to_json(expected.document).decode(), ANY)
    assert shown == {}


def empty_views() -> None:
    for item in aws.dynamodb().scan(TableName=VIEWS_TABLE)["Items"]:
        aws.dynamodb().delete_item(TableName=VIEWS_TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.booleans(), st.data())
def test_views_that_are_filled_anew_under_a_working_projector_are_whole(
    depot: Depot, changes: list[tuple[int, ...]], emptied: bool, data: st.DataObject
) -> None:
    stream_id = f"Bin#{uuid4()}"
    commits = depot.commits(*changes, stream_id=stream_id)
    working, replaying = (Projector(CATALOG, depot.store, depot.views, [COLOURED]) for _ in range(2))
    before = data.draw(st.integers(0, len(commits)))
    for commit in commits[:before]:
        working.handle(stream_batch([commit]))
    if emptied:
        with at_moment(aws.dynamodb(), data.draw(st.integers(0, 12)), empty_views):
            for commit in commits[before:]:
                working.handle(stream_batch([commit]))
    for commit in commits:
        if data.draw(st.booleans()):
            working.handle(stream_batch([data.draw(st.sampled_from(commits))]))
        replaying.handle(stream_batch([commit]) | {"filling": 7})

    expected = COLOURED.after(CATALOG, COLOURED.start(stream_id), commits)
    shown = {
        key: (int(version) % COMMITS_OF_A_FILLING, body) for key, (version, body, _) in stored(stream_id).items()
    }
    wanted = {
        (stream_id, f"Colour#{name}"): (version, codec.to_json(part).decode())
        for name, (part, version) in expected.parts.items()
    }
    wanted |= {
        key: (version, codec.to_json(entry.document).decode())
        for key, (entry, version) in expected.entries.items()
    }
    wanted[stream_id, "view"] = (len(commits), codec.to_json(expected.document).decode())
    assert shown == wanted
    document, parts, version = as_it_is(COLOURED, CATALOG, depot.store, depot.views, stream_id)
    assert (document, version) == (expected.document, len(commits))
    assert parts == {name: part for name, (part, _) in expected.parts.items()}


def test_a_replay_that_began_before_a_commit_keeps_what_a_working_projector_has_shown_of_it(depot: Depot) -> None:
    for moment in count():
        commits = depot.commits((1,), (2,), stream_id=f"Bin#{uuid4()}")
        working, replaying = (Projector(CATALOG, depot.store, depot.views, [COLOURED]) for _ in range(2))
        going_on = partial(working.handle, stream_batch(commits[1:]))
        with at_moment(aws.dynamodb(), moment, going_on) as passed:
            replaying.handle(stream_batch(commits[:1]) | {"filling": 7})
        if moment >= len(passed):
            going_on()
        expected = COLOURED.after(CATALOG, COLOURED.start(commits[0].stream), commits)
        version, body, _ = stored(commits[0].stream)[commits[0].stream, "view"]
        assert (int(version), body) == (7 * COMMITS_OF_A_FILLING + 2, codec.to_json(expected.document).decode())
        if moment >= len(passed):
            break
    assert moment > 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.data())
def test_what_no_projector_has_shown_yet_is_known_as_it_is(
    depot: Depot, changes: list[tuple[int, ...]], data: st.DataObject
) -> None:
    stream_id = f"Bin#{uuid4()}"
    commits = depot.commits(*changes, stream_id=stream_id)
    projector = Projector(CATALOG, depot.store, depot.views, [COLOURED])
    with suppress(Died), at_moment(aws.dynamodb(), data.draw(st.integers(0, 12)), die):
        projector.handle(stream_batch(commits[: data.draw(st.integers(1, len(commits)))]))

    document, parts, version = as_it_is(COLOURED, CATALOG, depot.store, depot.views, stream_id)

    assert document == COLOURED.after(CATALOG, COLOURED.start(stream_id), commits).document
    assert parts == {name: part for name, (part, _) in folded(stream_id, commits).items()}
    assert version == len(commits)


def test_a_part_that_no_event_concerns_is_neither_read_nor_written(depot: Depot) -> None:
    first, second = depot.commits((2, 3), 4)
    Projector(CATALOG, depot.store, depot.views, [COLOURED]).handle(stream_batch([first]))

    with counting(aws.dynamodb()) as traffic:
        Projector(CATALOG, depot.store, depot.views, [COLOURED]).handle(stream_batch([second]))

    assert traffic.operations == ["GetItem", "BatchGetItem", "PutItem", "PutItem", "PutItem"]
    assert depot.views.get("Bin#A", "Colour#black", Colour) == (Colour("black", 3, 1), 1)
    assert depot.views.get("Bin#A", "Colour#white", Colour) == (Colour("white", 6, 2), 2)


@pytest.mark.parametrize("remembered", [0, 1, 20])
def test_a_projector_reads_no_part_that_it_has_shown_last(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr("shared.projection._PARTS_REMEMBERED", remembered or -1000)
    first, second, third = depot.commits((2, 3), 4, -1)
    projector = Projector(CATALOG, depot.store, depot.views, [COLOURED])
    projector.handle(stream_batch([first]))
    with counting(aws.dynamodb()) as traffic:
        projector.handle(stream_batch([second]))
    assert (traffic.asked("GetItem"), traffic.asked("BatchGetItem")) == (0, 0 if remembered == 20 else 1)
    projector.handle(stream_batch([third]))
    assert depot.views.get("Bin#A", "Colour#black", Colour) == (Colour("black", 2, 2), 3)
    assert depot.views.get("Bin#A", "Colour#white", Colour) == (Colour("white", 5, 3), 3)


QUIET = replace(
    BINS,
    show=lambda view, event, at: show(view, event, at) if isinstance(event, UnitsTaken) else view,
    parts=Parts(
        Colour,
        "Colour#",
        lambda event: [] if isinstance(event, UnitsTaken) else _concerned(event),
        lambda _bin, name: Colour(name),
        _coloured,
        lambda _colour: {},
        lambda *_: [],
    ),
)
"""Bins whose documents show what was taken, and whose parts show what was put in."""


def behind(commits: Sequence[Commit]) -> tuple[BinView, dict[str, Colour]]:
    """What there is to show of a bin."""
    shown = QUIET.after(CATALOG, QUIET.start(commits[0].stream), commits)
    return shown.document, {name: part for name, (part, _) in shown.parts.items()}


def test_a_commit_that_changes_no_document_is_not_written_down_in_it(depot: Depot) -> None:
    commits = depot.commits(-1, 3, 4, 5, -2)
    projector = Projector(CATALOG, depot.store, depot.views, [QUIET])
    versions = []
    for commit in commits:
        projector.handle(stream_batch([commit]))
        found = depot.view()
        assert found is not None
        versions.append(found[1])
    assert versions == [1, 1, 1, 1, 5]
    assert depot.view() == (BinView("A", -3, (-1, -2)), 5)
    assert depot.views.get("Bin#A", "Colour#black", Colour) == (Colour("black", 8, 2), 4)


def test_who_does_not_know_what_was_not_written_down_reads_it(depot: Depot) -> None:
    for change in (-1, 3, 5, 4, -2):
        commits = depot.commits(change)
        with counting(aws.dynamodb()) as traffic:
            Projector(CATALOG, depot.store, depot.views, [QUIET]).handle(stream_batch(commits[-1:]))
        assert traffic.asked("PutItem") == 1
    assert depot.view() == (BinView("A", -3, (-1, -2)), 5)
    assert depot.views.get("Bin#A", "Colour#black", Colour) == (Colour("black", 8, 2), 3)
    assert depot.views.get("Bin#A", "Colour#white", Colour) == (Colour("white", 4, 1), 4)


def test_a_document_is_never_far_behind(depot: Depot) -> None:
    commits = depot.commits(-1, *([3] * (2 * UNWRITTEN_AT_MOST)))
    projector = Projector(CATALOG, depot.store, depot.views, [QUIET])
    for commit in commits:
        projector.handle(stream_batch([commit]))
        found = depot.view()
        assert found is not None
        assert commit.sequence - found[1] <= UNWRITTEN_AT_MOST


def test_what_was_seen_in_between_is_written_over_for_a_stalled_worker_may_still_write_it(depot: Depot) -> None:
    full_bins = replace(BINS, seen=lambda view: view if view.units else None)
    first, second = depot.commits(2, -2)
    others = [[first, second]]

    def overtake() -> None:
        if others:
            Projector(CATALOG, depot.store, depot.views, [full_bins]).handle(stream_batch(others.pop()))

    with interrupted(aws.dynamodb(), "PutItem", overtake):
        Projector(CATALOG, depot.store, depot.views, [full_bins]).handle(stream_batch([first]))

    assert not others
    assert depot.view() == (BinView("A", 0, (2, -2)), 2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.data())
def test_what_is_not_written_down_is_known_whatever_comes_twice_late_or_dies_half_way(
    depot: Depot, changes: list[tuple[int, ...]], data: st.DataObject
) -> None:
    commits = depot.commits(*changes, stream_id=f"Bin#{uuid4()}")
    batches = data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1), max_size=5))
    projectors = [Projector(CATALOG, depot.store, depot.views, [QUIET]) for _ in range(2)]

    for batch in [*batches, commits[-1:]]:
        projector = data.draw(st.sampled_from(projectors))
        filling = {"filling": 7} if data.draw(st.booleans()) else {}
        try:
            with at_moment(aws.dynamodb(), data.draw(st.integers(0, 12)), die):
                projector.handle(stream_batch(batch) | filling)
        except Died:
            if filling:  # a replay does not go on before its batch is shown
                projector.handle(stream_batch(batch) | filling)
    Projector(CATALOG, depot.store, depot.views, [QUIET]).handle(stream_batch(commits[-1:]))

    document, parts = behind(commits)
    found = depot.view(commits[0].stream)
    assert found is not None
    assert found[0] == document
    shown = depot.views.under(commits[0].stream, "Colour#", Colour, consistent=True)
    assert {name.removeprefix("Colour#"): part for name, (part, _) in shown.items()} == parts
    known, all_parts, version = as_it_is(QUIET, CATALOG, depot.store, depot.views, commits[0].stream)
    assert (known, all_parts, version) == (document, parts, len(commits))


@pytest.mark.parametrize("warm", [True, False])
def test_a_filling_that_begins_beside_a_projector_misses_nothing_that_was_not_written_down(
    depot: Depot, warm: bool
) -> None:
    for moment in count():
        earlier = depot.commits((-1,), (2,), (3,), stream_id=f"Bin#{uuid4()}")
        working, replaying = (Projector(CATALOG, depot.store, depot.views, [QUIET]) for _ in range(2))
        for commit in earlier:
            working.handle(stream_batch([commit]))
        if not warm:
            working = Projector(CATALOG, depot.store, depot.views, [QUIET])

        def going_on(working: Projector = working, stream_id: str = earlier[0].stream) -> None:
            working.handle(stream_batch(depot.commits((4,), stream_id=stream_id)[-1:]))

        with at_moment(aws.dynamodb(), moment, going_on) as passed:
            replaying.handle(stream_batch(earlier) | {"filling": 7})
        if moment >= len(passed):
            going_on()
        commits = history(depot.store, earlier[0].stream)
        document, parts = behind(commits)
        known, all_parts, version = as_it_is(QUIET, CATALOG, depot.store, depot.views, commits[0].stream)
        assert (known, all_parts, version) == (document, parts, 4)
        shown = depot.views.under(commits[0].stream, "Colour#", Colour, consistent=True)
        assert {name.removeprefix("Colour#"): part for name, (part, _) in shown.items()} == parts
        if moment >= len(passed):
            break
    assert moment > 4


NAMED = replace(
    BINS,
    key=lambda stream_id: ("Bin", stream_id.partition("#")[2]),
    names=lambda view: [("Units", str(view.units))],
)


def owners(depot: Depot, units: int) -> list[str]:
    found = depot.views.get("Units", str(units), Owners)
    return found[0].in_order if found else []


def test_a_document_is_found_under_every_name_it_ever_had_even_if_its_projector_died(depot: Depot) -> None:
    commits = depot.commits(5, -2) + depot.commits(5, stream_id="Bin#B")
    for moment in range(8):
        with at_moment(aws.dynamodb(), moment, die), suppress(Died):
            Projector(CATALOG, depot.store, depot.views, [NAMED]).handle(stream_batch(commits))
    Projector(CATALOG, depot.store, depot.views, [NAMED]).handle(stream_batch(commits))
    assert sorted(owners(depot, 5)) == ["A", "B"]
    assert owners(depot, 3) == ["A"]
    assert owners(depot, 4) == []


def test_who_had_a_name_first_comes_first() -> None:
    since = {"B": "2026-01-02", "C": "2026-01-01", "A": "2026-01-02"}
    assert Owners(since).in_order == ["C", "A", "B"]
