"""SSCCs that we issue: no counter, no collision.

An SSCC-18 is an extension digit, our GS1 company prefix, a serial reference and a check digit (GS1 General
Specifications, section 2.2.1). Serial references derive from the command that asks, so that a repeat asks for the
same one; should it be another's already, the handling unit's own stream says so, and the next one is tried.
"""

from collections.abc import Iterator

from shared import ids
from shared.environment import environment
from shared.gs1 import SSCC_LENGTH, check_digit

_TRIES = 50


def candidates(command_id: str) -> Iterator[str]:
    """The SSCCs to try for the command, one after the other, always the same ones."""
    prefix = environment().gs1_company_prefix
    digits = SSCC_LENGTH - 1 - len(prefix)
    for attempt in range(_TRIES):
        drawn = int(ids.derived_id("sscc", command_id, str(attempt)).replace("-", ""), 16) % 10**digits
        reference = f"{drawn:0{digits}d}"
        body = f"{reference[0]}{prefix}{reference[1:]}"
        yield f"{body}{check_digit(body)}"
