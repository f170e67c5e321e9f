"""What goes wrong, how often, and how often it did."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType

DUPLICATE = "message delivered twice"
REORDER = "messages reordered"
DELAY = "message delayed"
DEATH_BEFORE = "death before a call"
DEATH_DURING = "death during a call"
DEATH_AFTER = "death after a call"
TIMED_OUT = "killed for its timeout"
STALL = "call stalled"
LOST = "request or answer lost"
THROTTLE = "throttled"
CONFLICT = "lost a race for a commit"
PARTIAL = "bus refused some entries"
PROVIDER = "provider without an answer"
POISON = "poison message"
SKEW = "worker with a wrong clock"
STALE = "stale read"
BEHIND = "projector hours behind"
REBUILD = "view rebuilt in traffic"
REPEAT = "request repeated by the caller"

KINDS = (
    DUPLICATE,
    REORDER,
    DELAY,
    DEATH_BEFORE,
    DEATH_DURING,
    DEATH_AFTER,
    TIMED_OUT,
    STALL,
    LOST,
    THROTTLE,
    CONFLICT,
    PARTIAL,
    PROVIDER,
    POISON,
    SKEW,
    STALE,
    BEHIND,
    REBUILD,
    REPEAT,
)

RATES = MappingProxyType(
    {
        DUPLICATE: 0.05,
        REORDER: 0.2,
        DELAY: 0.05,
        DEATH_BEFORE: 0.004,
        DEATH_DURING: 0.004,
        DEATH_AFTER: 0.004,
        STALL: 0.004,
        LOST: 0.01,
        THROTTLE: 0.01,
        PARTIAL: 0.1,
        PROVIDER: 0.15,
        POISON: 0.01,
        SKEW: 0.4,
        STALE: 0.2,
        BEHIND: 0.3,
        REBUILD: 0.3,
        REPEAT: 0.1,
    }
)


@dataclass
class Faults:
    """The faults of one run. Nothing happens once `active` is taken back."""

    chance: Random
    enabled: frozenset[str] = frozenset(KINDS)
    weight: float = 1.0
    active: bool = True
    counts: Counter[str] = field(default_factory=Counter)

    def strikes(self, kind: str) -> bool:
        """Whether the fault happens now; counted when it does."""
        if not self.active or kind not in self.enabled:
            return False
        if self.chance.random() >= min(0.5, RATES[kind] * self.weight):
            return False
        self.counts[kind] += 1
        return True

    def happened(self, kind: str) -> None:
        """Count a fault that follows from others."""
        self.counts[kind] += 1


@dataclass(frozen=True)
class Weather:
    """Which faults may happen in a run and how much more often than usual."""

    enabled: frozenset[str] = frozenset(KINDS)
    weight: float = 1.0

    def without(self, kind: str) -> "Weather":
        """The same without one kind."""
        return replace(self, enabled=self.enabled - {kind})
