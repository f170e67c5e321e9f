"""Our own tracking numbers: a prefix, the carton's SSCC, which label of it, and check digits.

An SSCC belongs to one carton, so no two labels ever get one number, and nobody has to count (see
docs/decisions/0100). The check digits are those of ISO 7064 MOD 97-10, as in an IBAN: they show every single wrong
character and every two that are swapped.
"""

_SERIAL_DIGITS = 17
"""An SSCC without its own check digit."""


def tracking_number(prefix: str, sscc: str, label: int) -> str:
    """The number of the carton's label number `label`."""
    body = f"{prefix}{sscc[:_SERIAL_DIGITS]}{label:02d}"
    return f"{body}{98 - _as_digits(f'{body}00') % 97:02d}"


def is_intact(number: str) -> bool:
    """Whether the check digits fit the rest."""
    return number.isascii() and number.isalnum() and len(number) > 2 and _as_digits(number.upper()) % 97 == 1


def _as_digits(text: str) -> int:
    """Letters stand for 10 to 35."""
    return int("".join(str(int(character, 36)) for character in text))
