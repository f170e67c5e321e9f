"""Identifiers that sort by time (UUIDv7, RFC 9562) or derive from what they stand for."""

import hashlib
import random
from uuid import UUID

from shared import clock

# The system's source, so that processes that start from one memory image (Lambda SnapStart) differ.
_random: random.Random = random.SystemRandom()


def use(source: random.Random) -> None:
    """Replace the source of randomness, for tests and simulations."""
    global _random
    _random = source


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = round(clock.now().timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | _random.getrandbits(12) << 64 | 0b10 << 62 | _random.getrandbits(62)
    return str(UUID(int=value))


def derived_id(*parts: str) -> str:
    """The one identifier that belongs to `parts`: a UUIDv8 (RFC 9562, section 5.8) over their BLAKE2b hash.

    The same parts give the same identifier, so a repeated request collides with its first try.
    """
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
    value = int.from_bytes(digest, "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=value))


def random_hex(digits: int) -> str:
    """`digits` random hexadecimal digits, never all zero (W3C Trace Context forbids that)."""
    return f"{_random.getrandbits(digits * 4) or 1:0{digits}x}"


def jitter(ceiling: float) -> float:
    """A random duration between 0 and `ceiling` seconds ("full jitter": spreads colliding writers best)."""
    return _random.uniform(0, ceiling)
