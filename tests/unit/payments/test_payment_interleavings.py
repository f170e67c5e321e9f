"""Whatever workers do to each other and wherever they die: one authorization at most, and a void is a void.

Every interleaving is tried, not a sample. Workers handle messages of one order at once, each in the steps that the
Lambda takes: record the request, ask the provider what was due then, record the answer, and again while something
is due. At each point any worker may be next, its answer may be lost, it may die, and its message may be delivered
again. A commit is one step, because the event store lets only one writer go on from a state and makes the others
decide again.
"""

from collections.abc import Iterator

import pytest
from msgspec import Struct
from msgspec.structs import replace

from payments import domain
from payments.contracts import PUBLISHED, PaymentAbandoned, PaymentAuthorized, PaymentDeclined, PaymentVoided
from payments.domain import (
    PAYMENTS,
    AuthorizationDue,
    Authorize,
    Command,
    Payment,
    RecordAuthorization,
    RecordAuthorizationTimeout,
    RecordDecline,
    RecordVoid,
    RecordVoidTimeout,
    Void,
    VoidDue,
    due,
)
from shared.events import Event
from shared.money import Money

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
AUTHORIZE = Authorize(ORDER, Money(4990, "EUR"), "tok_accepted")
VOID = Void(ORDER, "order cancelled")
MESSAGES: dict[str, Authorize | Void] = {
    "requested": AUTHORIZE,
    "requested again": AUTHORIZE,
    "void": VOID,
    "void again": VOID,
}
ANSWERS = (PaymentAuthorized, PaymentDeclined, PaymentAbandoned)


class Bank(Struct, frozen=True):
    """A provider that keeps the port's promises, as simply as it can be said."""

    accepts: bool
    authorizations: int = 0
    held: bool = False
    voided: bool = False
    answer: RecordAuthorization | RecordDecline | None = None

    def authorize(self) -> "Bank":
        if self.answer is not None:
            return self
        if self.accepts and not self.voided:
            return replace(
                self, authorizations=self.authorizations + 1, held=True, answer=RecordAuthorization("auth_1")
            )
        return replace(self, answer=RecordDecline("card_declined"))

    def void(self) -> "Bank":
        return replace(self, held=False, voided=True)


class Worker(Struct, frozen=True):
    """One delivery of a message: what it is about to ask, or what it was answered and has not yet recorded."""

    message: str
    started: bool = False
    step: AuthorizationDue | VoidDue | None = None
    answer: Command | None = None

    @property
    def finished(self) -> bool:
        return self.started and self.step is None


class World(Struct, frozen=True):
    """Everything there is: the order's stream, the provider, and the workers."""

    bank: Bank
    workers: tuple[Worker, ...]
    payment: Payment = Payment()
    published: tuple[Event, ...] = ()
    handled: frozenset[str] = frozenset()

    def next(self) -> Iterator["World"]:
        """Every world that may come next."""
        for place, worker in enumerate(self.workers):
            if worker.started:
                yield self._having(place, Worker(worker.message))
            if not worker.started:
                yield self._recorded(place, MESSAGES[worker.message], worker.message)
            elif worker.answer is not None:
                yield self._recorded(place, worker.answer, f"{worker.message}/{worker.answer}")
            elif worker.step is not None:
                yield from self._asked(place, worker, worker.step)

    def _recorded(self, place: int, command: Command, command_id: str) -> "World":
        events = () if command_id in self.handled else tuple(PAYMENTS.decide(command, self.payment))
        payment = self.payment
        for event in events:
            payment = PAYMENTS.evolve(payment, event)
        step = due(payment)
        known = replace(
            self,
            payment=payment,
            published=self.published + tuple(event for event in events if isinstance(event, PUBLISHED)),
            handled=self.handled | {command_id} if events else self.handled,
        )
        message = self.workers[place].message
        timed_out = isinstance(command, RecordAuthorizationTimeout | RecordVoidTimeout)
        if timed_out and type(step) is type(self.workers[place].step):
            return known._having(place, Worker(message))
        return known._having(place, Worker(message, started=True, step=step))

    def _asked(self, place: int, worker: Worker, step: AuthorizationDue | VoidDue) -> Iterator["World"]:
        answers: tuple[Command | None, ...]
        match step:
            case AuthorizationDue(attempt=attempt):
                bank = self.bank.authorize()
                answers = (bank.answer, RecordAuthorizationTimeout(attempt))
            case VoidDue(attempt=attempt):
                bank = self.bank.void()
                answers = (RecordVoid(), RecordVoidTimeout(attempt)) if attempt == 1 else (RecordVoid(),)
        for answer in answers:
            yield replace(self, bank=bank)._having(place, replace(worker, answer=answer))

    def _having(self, place: int, worker: Worker) -> "World":
        return replace(self, workers=(*self.workers[:place], worker, *self.workers[place + 1 :]))


def assert_sound(world: World) -> None:
    """What holds at every moment."""
    kinds = [type(event) for event in world.published]
    status = world.payment.status
    assert world.bank.authorizations <= 1, "the order's money was held twice"
    assert sum(kind in ANSWERS for kind in kinds) <= 1, "the order got two answers"
    assert kinds.count(PaymentVoided) <= 1
    if PaymentVoided in kinds:
        assert status == "voided"
        assert not world.bank.held, "a voided payment holds money"
    if {"void", "void again"} & world.handled:
        assert status in ("voiding", "voided"), "a payment that was called off came back"
    if PaymentAbandoned in kinds:
        assert status in ("abandoned", "voiding", "voided"), "a payment that was given up came back"
    if PaymentAuthorized in kinds:
        assert world.bank.authorizations == 1
    if PaymentDeclined in kinds:
        assert world.bank.authorizations == 0


def assert_settled(world: World) -> None:
    """What holds when no message is left."""
    status = world.payment.status
    asked = {type(MESSAGES[worker.message]) for worker in world.workers}
    assert due(world.payment) is None
    if Void in asked:
        assert status == "voided"
        assert not world.bank.held
    else:
        assert status in ("authorized", "declined", "abandoned")
        assert world.bank.held == (world.bank.accepts and status != "declined")


@pytest.mark.parametrize("accepts", [True, False], ids=["good card", "bad card"])
@pytest.mark.parametrize(
    "messages",
    [
        ("requested", "requested", "requested again"),
        ("requested", "requested again", "void"),
        ("requested", "void", "void"),
        ("requested", "void", "void again"),
    ],
    ids=" + ".join,
)
def test_every_interleaving_is_sound_and_settles(
    monkeypatch: pytest.MonkeyPatch, messages: tuple[str, ...], accepts: bool
) -> None:
    monkeypatch.setattr(domain, "MAX_ATTEMPTS", 2)
    beginning = World(Bank(accepts), tuple(Worker(message) for message in messages))
    seen, unexplored, settled = {beginning}, [beginning], 0
    while unexplored:
        world = unexplored.pop()
        assert_sound(world)
        if all(worker.finished for worker in world.workers):
            assert_settled(world)
            settled += 1
        for following in world.next():
            if following not in seen:
                seen.add(following)
                unexplored.append(following)
    assert settled
    assert len(seen) > 100
