"""Typed JSON: what is written is read back, and a shape that changes is noticed."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from msgspec import Struct, ValidationError, defstruct

from shared import codec
from shared.money import Money

texts = st.text(st.characters(exclude_categories=["Cs"]))


class Shelf(Struct, frozen=True):
    name: str
    units: Map[str, int] = Map()
    levels: Map[int, Map[str, Money]] = Map()


@given(
    st.builds(
        Shelf,
        texts,
        st.dictionaries(texts, st.integers(-(2**63), 2**63 - 1)).map(Map),
        st.dictionaries(
            st.integers(-(2**63), 2**63 - 1),
            st.dictionaries(texts, st.builds(Money, st.integers(0, 10**12), st.just("EUR"))).map(Map),
        ).map(Map),
    )
)
def test_what_is_written_is_read_back(shelf: Shelf) -> None:
    assert codec.from_json(codec.to_json(shelf), Shelf) == shelf


def test_maps_are_read_by_their_types() -> None:
    with pytest.raises(ValidationError, match="Expected `int`, got `str`"):
        codec.from_json('{"name":"a","units":{"b":"many"}}', Shelf)


def test_a_type_without_a_json_form_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="object has no JSON form"):
        codec.to_json(object())
    with pytest.raises(NotImplementedError, match="complex"):
        codec.from_json("1", complex)


@given(st.dictionaries(texts, st.integers(-(2**63), 2**63 - 1)))
def test_equal_values_have_equal_fingerprints_in_any_order(values: dict[str, int]) -> None:
    backwards = dict(reversed(values.items()))

    assert codec.fingerprint(values) == codec.fingerprint(backwards) == codec.fingerprint(Map(backwards))


@given(st.lists(texts), st.lists(texts))
def test_different_values_have_different_fingerprints(one: list[str], other: list[str]) -> None:
    assert (codec.fingerprint(one) == codec.fingerprint(other)) == (one == other)


class TestShape:
    def test_the_same_declaration_has_the_same_shape(self) -> None:
        one, other = (defstruct("State", [("units", int)]) for _ in range(2))

        assert codec.shape(one) == codec.shape(other)

    @pytest.mark.parametrize(
        "fields",
        [
            [("units", str)],
            [("amount", int)],
            [("units", int), ("more", int)],
            [("units", int | None)],
            [],
        ],
    )
    def test_another_field_or_type_is_another_shape(self, fields: list[tuple[str, type]]) -> None:
        before = defstruct("State", [("units", int)])

        assert codec.shape(defstruct("State", fields)) != codec.shape(before)

    @pytest.mark.parametrize(
        "holding",
        [
            lambda inner: inner,
            lambda inner: inner | None,
            lambda inner: Map.__class_getitem__((str, inner)),
            lambda inner: list.__class_getitem__(dict.__class_getitem__((str, inner))),
        ],
    )
    def test_what_changes_deep_inside_changes_the_shape(self, holding: Callable[[type], type]) -> None:
        shapes = {
            codec.shape(defstruct("State", [("inner", holding(defstruct("Inner", [("units", kind)])))]))
            for kind in (int, str)
        }

        assert len(shapes) == 2

    def test_two_structs_of_one_name_do_not_hide_each_other(self) -> None:
        def state(kind: type) -> type[Struct]:
            hidden = defstruct("Line", [("units", kind)], module="elsewhere")
            return defstruct("State", [("one", defstruct("Line", [("sku", str)])), ("two", hidden)])

        assert codec.shape(state(int)) != codec.shape(state(str))

    def test_a_state_that_holds_itself_has_a_shape(self) -> None:
        assert codec.shape(Tree)


class Tree(Struct, frozen=True):
    branches: tuple["Tree", ...] = ()


def test_a_decoder_is_made_once_per_type(monkeypatch: pytest.MonkeyPatch) -> None:
    codec.from_json(b'{"name":"a"}', Shelf)
    monkeypatch.setattr(msgspec.json, "Decoder", None)

    assert codec.from_json(b'{"name":"b"}', Shelf) == Shelf("b")
