"""Check digits of locations: two digits on the label of a place, which prove that somebody stands before it."""

CHECK_DIGITS_LENGTH = 2
LABEL_SEPARATOR = ":"
"""Between the id and the check digits in what a location's label encodes; no id contains it."""

_MODULUS = 97
_RADIX = 1000


def derived_check_digits(location: str) -> str:
    """The check digits of a place whose owner has chosen none: its id as a number, by ISO/IEC 7064 MOD 97-10.

    Every character counts with its code as three decimal digits, so "a" and "A" differ. Ids that differ in one
    character, or by two neighbours swapped, never have the same check digits: neighbouring places are told apart.
    """
    remainder = 0
    for character in location:
        remainder = (remainder * _RADIX + ord(character)) % _MODULUS
    return f"{_MODULUS + 1 - remainder * 100 % _MODULUS:02d}"


def label_text(location: str, check_digits: str) -> str:
    """What a location's label encodes, for example `A-01-02-3:47`."""
    return f"{location}{LABEL_SEPARATOR}{check_digits}"


def split_label(text: str) -> tuple[str, str] | None:
    """The id and the check digits in a location's label, or None where `text` does not have its form."""
    location, separator, digits = text.rpartition(LABEL_SEPARATOR)
    if not (
        separator and location and digits.isascii() and digits.isdigit() and len(digits) == CHECK_DIGITS_LENGTH
    ):
        return None
    return location, digits
