"""Identifiers: unique, in the order of time, or derived from what they stand for."""

import os
import random
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from tests.unit.shared.conftest import Time

texts = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]))


def test_a_new_id_is_a_uuid_of_version_7() -> None:
    value = UUID(ids.new_id())

    assert value.version == 7
    assert value.variant == "specified in RFC 4122"


def test_a_new_id_carries_its_millisecond(time: Time) -> None:
    for passed in range(1000):
        assert UUID(ids.new_id()).int >> 80 == 1769851800000 + passed
        time.now += timedelta(milliseconds=1)


def test_new_ids_of_later_milliseconds_sort_behind_earlier_ones(time: Time) -> None:
    made = []
    for _ in range(100):
        made.append(ids.new_id())
        time.now += timedelta(milliseconds=1)

    assert made == sorted(made)


@pytest.mark.usefixtures("time")
def test_new_ids_of_one_millisecond_differ() -> None:
    assert len({ids.new_id() for _ in range(1000)}) == 1000


def test_processes_that_start_from_one_memory_image_make_different_ids() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, ids.random_hex(32).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 32).decode() != ids.random_hex(32)


@pytest.mark.usefixtures("time")
def test_a_simulation_may_bring_its_own_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_random", ids._random)
    made = []
    for _ in range(2):
        ids.use(random.Random(42))
        made.append((ids.new_id(), ids.random_hex(16), ids.jitter(1)))

    assert made[0] == made[1]


def test_a_derived_id_is_always_the_same() -> None:
    assert ids.derived_id("created", "order 7") == "e9019f7e-0c97-882e-97b6-b05837e788c5"


@given(st.lists(texts, min_size=1), st.lists(texts, min_size=1))
def test_derived_ids_are_equal_exactly_where_what_they_stand_for_is(one: list[str], other: list[str]) -> None:
    assert (ids.derived_id(*one) == ids.derived_id(*other)) == (one == other)


def test_a_derived_id_is_a_uuid_of_version_8() -> None:
    for _ in range(50):
        value = UUID(ids.derived_id(str(uuid4())))
        assert (value.version, value.variant) == (8, "specified in RFC 4122")


@given(st.integers(1, 40))
def test_random_digits_are_as_many_as_asked_and_never_all_zero(digits: int) -> None:
    made = ids.random_hex(digits)

    assert len(made) == digits
    assert int(made, 16) > 0


@given(st.floats(0, 1000))
def test_jitter_stays_below_its_ceiling(ceiling: float) -> None:
    assert 0 <= ids.jitter(ceiling) <= ceiling
