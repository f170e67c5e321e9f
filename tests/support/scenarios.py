"""Given these events, when this is asked, then those events: sentences about a decider.

    given(PAYMENTS, AuthorizationAsked(...)).when(RecordDecline("card_declined")).then(PaymentDeclined(...))

Every event goes through its JSON on the way in and out, so that each scenario also proves that what a service
records can be read back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

from shared.decider import Decider
from shared.events import Event
from shared.rejection import Rejection

S = TypeVar("S")


@dataclass(frozen=True)
class Outcome(Generic[S]):
    """What a decider has answered: events, or the rejection that stands in their place."""

    state: S
    events: Sequence[Event]
    rejection: Rejection | None

    def then(self, *events: Event) -> S:
        """Exactly `events` were decided, in this order (none: nothing). Returns the state behind them."""
        assert self.rejection is None, f"rejected: {self.rejection}"
        assert list(self.events) == list(events)
        return self.state

    def then_rejected(self, code: str) -> Rejection:
        """The command was rejected with `code`. Returns the rejection, to look at its field and remedy."""
        assert self.rejection is not None, f"not rejected, decided {list(self.events)}"
        assert self.rejection.code == code
        return self.rejection


@dataclass(frozen=True)
class Given(Generic[S]):
    """A stream's state before something is asked of it."""

    decider: Decider[S]
    state: S

    def when(self, command: Struct) -> Outcome[S]:
        """Ask for `command`."""
        try:
            events = [_through_json(self.decider, event) for event in self.decider.decide(command, self.state)]
        except Rejection as rejection:
            return Outcome(self.state, (), rejection)
        return Outcome(_fold(self.decider, self.state, events), events, None)


def given(decider: Decider[S], *events: Event) -> Given[S]:
    """A stream of `decider` on which `events` have happened."""
    return Given(decider, _fold(decider, decider.initial, events))


def _fold(decider: Decider[S], state: S, events: Sequence[Event]) -> S:
    for event in events:
        state = decider.evolve(state, _through_json(decider, event))
    return state


def _through_json(decider: Decider[S], event: Event) -> Event:
    return decider.catalog.decode(decider.catalog.encode(event, 0))
