"""GS1 identification keys and their check digits (GS1 General Specifications, section 7.9)."""

from typing import Annotated

from msgspec import Meta

from shared.rejection import Unprocessable

Gtin = Annotated[
    str,
    Meta(
        pattern=r"^(\d{8}|\d{12}|\d{13}|\d{14})$",
        description="GTIN-8, -12, -13 or -14 with its check digit.",
        examples=["4006381333931"],
    ),
]
Sscc = Annotated[
    str,
    Meta(
        pattern=r"^\d{18}$",
        description="Serial Shipping Container Code with its check digit.",
        examples=["106141412345678908"],
    ),
]
Gln = Annotated[
    str,
    Meta(
        pattern=r"^\d{13}$",
        description="Global Location Number with its check digit.",
        examples=["0614141000012"],
    ),
]

GTIN_LENGTHS = (8, 12, 13, 14)
SSCC_LENGTH = 18
GLN_LENGTH = 13

CARTON_EXTENSION = "9"
"""The extension digit of the SSCCs that packing gives to cartons. Other handling units get any other digit, so
that two services issue SSCCs and never the same one."""


def check_digit(digits: str) -> int:
    """The check digit for `digits` (a GS1 key without its last digit).

    From the right, digits weigh 3, 1, 3, 1, ...; the check digit fills the sum up to the next ten
    (GS1 General Specifications, section 7.9.1).
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def has_valid_check_digit(key: str) -> bool:
    """Whether `key` is all digits and its last one is the check digit of the others."""
    return key.isascii() and key.isdigit() and len(key) > 1 and check_digit(key[:-1]) == int(key[-1])


def require_gtin(value: str, *, field: str = "gtin") -> str:
    """`value`, when it is a valid GTIN. Raises Unprocessable naming `field` and the right check digit."""
    return _require(value, GTIN_LENGTHS, "GTIN", field)


def require_sscc(value: str, *, field: str = "sscc") -> str:
    """`value`, when it is a valid SSCC-18. Raises Unprocessable naming `field`."""
    return _require(value, (SSCC_LENGTH,), "SSCC", field)


def require_gln(value: str, *, field: str = "gln") -> str:
    """`value`, when it is a valid GLN-13. Raises Unprocessable naming `field`."""
    return _require(value, (GLN_LENGTH,), "GLN", field)


def sscc(company_prefix: str, extension: str, serial: str) -> str:
    """The SSCC-18 of an extension digit, a company prefix, a serial reference and their check digit.

    (GS1 General Specifications, section 2.2.1.) `serial` has `serial_digits(company_prefix)` digits.
    """
    body = f"{extension}{company_prefix}{serial}"
    return f"{body}{check_digit(body)}"


def serial_digits(company_prefix: str) -> int:
    """How many digits an SSCC's serial reference has behind this prefix."""
    return SSCC_LENGTH - 2 - len(company_prefix)


def as_gtin14(gtin: str) -> str:
    """The same GTIN in 14 digits, padded with zeros on the left, as GS1 stores and compares them."""
    return gtin.zfill(14)


def _require(value: str, lengths: tuple[int, ...], name: str, field: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) in lengths):
        raise Unprocessable(
            f"{value!r} is no {name}: it must have {' or '.join(map(str, lengths))} digits.",
            field=field,
            value=value,
            remedy=f"Send the {name} with all its digits and nothing else.",
            code="invalid-gs1-key",
        )
    if not has_valid_check_digit(value):
        right = check_digit(value[:-1])
        raise Unprocessable(
            f"{value!r} is no {name}: its check digit is {value[-1]}, but should be {right}.",
            field=field,
            value=value,
            remedy="Scan or type the number again; one of its digits is wrong.",
            code="invalid-gs1-key",
        )
    return value
