"""GS1 keys: published examples, and no single wrong digit passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from shared import gs1
from shared.rejection import Unprocessable

PUBLISHED = {
    "4006381333931": gs1.require_gtin,  # GTIN-13
    "73513537": gs1.require_gtin,  # GTIN-8
    "036000291452": gs1.require_gtin,  # GTIN-12
    "10012345678902": gs1.require_gtin,  # GTIN-14
    "106141412345678908": gs1.require_sscc,
    "0614141000012": gs1.require_gln,
    "6291041500213": gs1.require_gtin,  # GS1's own example of the calculation
}
bodies = st.sampled_from([7, 11, 12, 13, 17]).flatmap(
    lambda length: st.text("0123456789", min_size=length, max_size=length)
)


@pytest.mark.parametrize("key", PUBLISHED)
def test_published_examples_are_valid(key: str) -> None:
    assert PUBLISHED[key](key) == key


@given(bodies, st.data())
def test_every_single_wrong_digit_is_noticed(body: str, data: st.DataObject) -> None:
    key = f"{body}{gs1.check_digit(body)}"
    place = data.draw(st.integers(0, len(key) - 1))
    wrong = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != key[place]))

    assert gs1.has_valid_check_digit(key)
    assert not gs1.has_valid_check_digit(key[:place] + wrong + key[place + 1 :])


@given(bodies)
def test_zeros_on_the_left_change_no_check_digit(body: str) -> None:
    key = f"{body}{gs1.check_digit(body)}"

    assert gs1.has_valid_check_digit(key.zfill(18))


def test_the_right_check_digit_is_named() -> None:
    with pytest.raises(Unprocessable, match="check digit is 2, but should be 1") as refusal:
        gs1.require_gtin("4006381333932", field="products[0].gtin")

    assert (refusal.value.field, refusal.value.value) == ("products[0].gtin", "4006381333932")
    assert refusal.value.code == "invalid-gs1-key"


@pytest.mark.parametrize(
    "key", ["", "400638133393", "40063813339310", "4006381333931 ", "400638133393X", "٤٠٠٦٣٨١٣٣٣٩٣١"]
)
def test_what_is_no_gtin_is_refused(key: str) -> None:
    with pytest.raises(Unprocessable, match="GTIN"):
        gs1.require_gtin(key)


@pytest.mark.parametrize("key", ["4006381333931", "10614141234567890"])
def test_what_is_no_sscc_is_refused(key: str) -> None:
    with pytest.raises(Unprocessable, match="it must have 18 digits"):
        gs1.require_sscc(key)


def test_what_is_no_gln_is_refused() -> None:
    with pytest.raises(Unprocessable, match="it must have 13 digits"):
        gs1.require_gln("73513537")


@pytest.mark.parametrize("key", ["", "4", "12a", "-12"])
def test_what_is_no_key_has_no_valid_check_digit(key: str) -> None:
    assert not gs1.has_valid_check_digit(key)


def test_a_gtin_is_compared_in_fourteen_digits() -> None:
    assert gs1.as_gtin14("73513537") == "00000073513537"
    assert gs1.as_gtin14("10012345678902") == "10012345678902"


@pytest.mark.parametrize(
    ("kind", "good"), [(gs1.Gtin, "4006381333931"), (gs1.Sscc, "106141412345678908"), (gs1.Gln, "0614141000012")]
)
@pytest.mark.parametrize("spoil", [" {}", "{}x", "x{}", "{}\n{}"])
def test_the_types_of_keys_take_digits_only(kind: object, good: str, spoil: str) -> None:
    assert convert(good, kind) == good
    with pytest.raises(ValidationError):
        convert(spoil.format(good, good), kind)


@pytest.mark.parametrize("prefix", ["0614141", "061414112", "0614141123"])
def test_an_sscc_is_made_of_its_parts_and_their_check_digit(prefix: str) -> None:
    digits = gs1.serial_digits(prefix)
    made = gs1.sscc(prefix, "1", "7".zfill(digits))
    assert gs1.require_sscc(made).startswith(f"1{prefix}")
    assert gs1.sscc("0614141", "1", "234567890") == "106141412345678908"
