"""The code on a return's label: its id as company internal information of GS1 (AI 91), in digits.

Digits take half the room of letters in a GS1-128 symbol: 39 of them, with bars a quarter of a millimetre wide, are
74 mm. The id is the number that a UUID is.
"""

import re
from uuid import UUID

AI = "91"
_DIGITS = 39
_SCANNED = re.compile(rf"^(?:\]C1)?(?:\({AI}\)|{AI})(\d{{{_DIGITS}}})$")


def digits_of(return_id: str) -> str:
    """What the label's symbol says after its application identifier."""
    return f"{UUID(return_id).int:0{_DIGITS}d}"


def return_of(code: str) -> str | None:
    """The return that a scanned code or a typed id names; None when it is neither."""
    scanned = _SCANNED.match(code)
    try:
        return str(UUID(int=int(scanned[1])) if scanned else UUID(code))
    except ValueError:
        return None
