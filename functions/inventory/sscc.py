"""SSCCs that inventory issues: no counter, no collision.

Extension digit and serial reference derive from the command that asks, so that a repeat asks for the same ones;
should they be another's already, the handling unit's own stream says so, and the next ones are tried.
"""

from collections.abc import Iterator

from shared import ids
from shared.environment import environment
from shared.gs1 import CARTON_EXTENSION, serial_digits, sscc

_TRIES = 50


def candidates(command_id: str) -> Iterator[str]:
    """The SSCCs to try for the command, one after the other, always the same ones; none of packing's."""
    prefix = environment().gs1_company_prefix
    digits = 1 + serial_digits(prefix)
    for attempt in range(_TRIES):
        drawn = int(ids.derived_id("sscc", command_id, str(attempt)).replace("-", ""), 16) % 10**digits
        reference = f"{drawn:0{digits}d}"
        if reference[0] != CARTON_EXTENSION:
            yield sscc(prefix, reference[0], reference[1:])
