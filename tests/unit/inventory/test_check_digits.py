"""The check digits on location labels."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.check_digits import derived_check_digits, label_text, split_label

CHARACTERS = "ABCXYZabcxyz0123456789._-"
IDS = st.text(CHARACTERS, min_size=1, max_size=40)


@given(IDS, st.data())
def test_a_place_one_character_away_has_other_check_digits(location: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(location) - 1))
    other = data.draw(st.sampled_from([c for c in CHARACTERS if c != location[at]]))
    assert derived_check_digits(location) != derived_check_digits(location[:at] + other + location[at + 1 :])


@given(IDS.filter(lambda text: len(text) > 1), st.data())
def test_a_place_with_two_neighbours_swapped_has_other_check_digits(location: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(location) - 2))
    swapped = location[:at] + location[at + 1] + location[at] + location[at + 2 :]
    assert swapped == location or derived_check_digits(location) != derived_check_digits(swapped)


@given(IDS)
def test_a_label_says_the_place_and_its_check_digits(location: str) -> None:
    digits = derived_check_digits(location)
    assert len(digits) == 2
    assert split_label(label_text(location, digits)) == (location, digits)


def test_check_digits_never_change() -> None:
    assert [derived_check_digits(place) for place in ("A-01-02-3", "A-01-02-4", "DOCK-1")] == ["77", "74", "83"]


def test_other_texts_are_no_labels() -> None:
    for text in ("", "A-01", "A-01:4", "A-01:471", ":47", "A-01:4x", "A-01:٤٧"):
        assert split_label(text) is None
