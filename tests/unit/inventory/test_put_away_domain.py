"""Put-away tasks: given events, when a command, then events or a conflict that names the way out."""

from functools import reduce

import pytest

from inventory.domain.putaway import (
    Cancel,
    Claim,
    Command,
    CreateTask,
    Direct,
    Direction,
    NoteMove,
    PutAway,
    Release,
    Shrink,
    decide,
    evolve,
)
from inventory.task_contracts import (
    PutAwayCancelled,
    PutAwayClaimed,
    PutAwayConfirmed,
    PutAwayReduced,
    PutAwayReleased,
)
from shared.rejection import Conflict

TASK = "00000000-0000-8000-8000-000000000001"
SHIPMENT = "00000000-0000-8000-8000-000000000002"
ANN, BEN = "ann", "ben"
CREATED = CreateTask(
    task_id=TASK,
    warehouse="MAIN",
    holding=SHIPMENT,
    purpose="storage",
    created_at="2026-01-31T09:00:00.000Z",
    direction=Direction("A-1", "A"),
    sku="MILK",
    units=10,
    shipment_id=SHIPMENT,
)


def at(minute: int) -> str:
    return f"2026-01-31T09:{minute:02d}:00.000Z"


def claim(operator: str, minute: int) -> Claim:
    return Claim(operator, at(minute), at(minute + 15))


def moved(number: int, units: int, location: str = "A-1") -> NoteMove:
    return NoteMove(number, location, units, at(5), ANN)


def after(*commands: Command) -> PutAway:
    return reduce(lambda task, command: reduce(evolve, decide(command, task), task), commands, PutAway())


def test_a_task_is_created_once_and_knows_where_to_go() -> None:
    task = after(CREATED)
    assert (task.status, task.location, task.zone, task.units) == ("open", "A-1", "A", 10)
    assert decide(CREATED, task) == []


def test_one_operator_has_a_task_and_may_keep_it_longer() -> None:
    task = after(CREATED, claim(ANN, 0))
    [renewed] = decide(claim(ANN, 10), task)
    assert isinstance(renewed, PutAwayClaimed)
    assert renewed.until == at(25)


def test_a_second_operator_is_told_until_when_and_what_to_do() -> None:
    task = after(CREATED, claim(ANN, 0))
    with pytest.raises(Conflict) as refused:
        decide(claim(BEN, 14), task)
    assert refused.value.code == "put-away-claimed"
    assert at(15) in refused.value.message
    assert "release" in refused.value.remedy
    with pytest.raises(Conflict):
        decide(Release(BEN, at(14)), task)


def test_an_expired_lease_is_taken_over() -> None:
    [claimed] = decide(claim(BEN, 15), after(CREATED, claim(ANN, 0)))
    assert isinstance(claimed, PutAwayClaimed)
    assert claimed.operator == BEN


def test_a_task_is_given_back_once() -> None:
    task = after(CREATED, claim(ANN, 0))
    [released] = decide(Release(ANN, at(1)), task)
    assert isinstance(released, PutAwayReleased)
    assert decide(Release(ANN, at(2)), evolve(task, released)) == []


def test_a_move_is_noted_once_and_what_remains_stays_open() -> None:
    task = after(CREATED, claim(ANN, 0))
    [confirmed] = decide(moved(1, 4, "B-1"), task)
    assert isinstance(confirmed, PutAwayConfirmed)
    assert (confirmed.units, confirmed.remaining, confirmed.directed) == (4, 6, "A-1")
    rest = evolve(task, confirmed)
    assert (rest.status, rest.units, rest.operator) == ("open", 6, ANN)
    assert rest.room_claim != task.room_claim
    assert decide(moved(1, 4, "B-1"), rest) == []
    assert evolve(rest, decide(moved(2, 6), rest)[0]).status == "confirmed"


def test_goods_that_were_moved_are_noted_even_when_the_task_was_cancelled_meanwhile() -> None:
    task = after(CREATED, Cancel("no goods", at(1)))
    assert [type(event) for event in decide(moved(1, 10), task)] == [PutAwayConfirmed]


def test_a_task_shrinks_to_what_is_there_and_ends_when_nothing_is() -> None:
    task = after(CREATED)
    [reduced] = decide(Shrink(4, "only 4", at(1)), task)
    assert isinstance(reduced, PutAwayReduced)
    assert evolve(task, reduced).units == 4
    assert decide(Shrink(12, "more", at(1)), task) == []
    assert isinstance(decide(Shrink(0, "nothing", at(1)), task)[0], PutAwayCancelled)


def test_what_is_done_or_cancelled_cannot_be_claimed() -> None:
    for state, code in (
        (after(CREATED, moved(1, 10)), "put-away-confirmed"),
        (after(CREATED, Cancel("sold", at(1))), "put-away-cancelled"),
    ):
        with pytest.raises(Conflict) as refused:
            decide(claim(BEN, 1), state)
        assert refused.value.code == code


def test_a_direction_counts_only_when_nobody_was_faster_and_it_says_something_new() -> None:
    task = after(CREATED)
    nowhere = Direction(problem="none of 3 places takes them: 3 capacity-exceeded")
    [directed] = decide(Direct(nowhere, 1, at(1)), task)
    lost = evolve(task, directed)
    assert (lost.location, lost.problem) == ("", nowhere.problem)
    assert decide(Direct(nowhere, 2, at(2)), lost) == []
    assert decide(Direct(Direction("B-1", "B"), 1, at(2)), lost) == []
