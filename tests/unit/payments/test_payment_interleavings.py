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
from payments.contracts import (
    PUBLISHED,
    CaptureDeclined,
    PaymentAbandoned,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentReauthorized,
    PaymentRefunded,
    PaymentVoided,
    RefundDeclined,
)
from payments.domain import (
    NOT_CAPTURED_YET,
    NOT_YET,
    PAYMENTS,
    AuthorizationDue,
    Authorize,
    Capture,
    CaptureDue,
    CheckExpiry,
    Command,
    Payment,
    RecordAuthorization,
    RecordAuthorizationTimeout,
    RecordCapture,
    RecordCaptureTimeout,
    RecordDecline,
    RecordLapse,
    RecordRefund,
    RecordRefundTimeout,
    RecordVoid,
    RecordVoidTimeout,
    Refund,
    RefundDue,
    RefuseCapture,
    RefuseRefund,
    Step,
    Void,
    VoidDue,
    due,
)
from payments.settlement import FINAL
from shared.events import Event
from shared.money import Money
from shared.rejection import Rejection

ORDER = "0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"
AUTHORIZE = Authorize(ORDER, Money(4990, "EUR"), "tok_accepted")
VOID = Void(ORDER, "order cancelled")
EXPIRES = "2026-02-07T09:30:00.000Z"
Message = Authorize | Void | Capture | Refund | CheckExpiry
MESSAGES: dict[str, Message] = {
    "requested": AUTHORIZE,
    "requested again": AUTHORIZE,
    "void": VOID,
    "void again": VOID,
    "capture": Capture(ORDER, "dispatch-1", Money(3000, "EUR")),
    "capture the rest": Capture(ORDER, "dispatch-2", Money(1990, "EUR")),
    "refund": Refund(ORDER, "return-1", 2500, "goods returned"),
    "sweep": CheckExpiry(EXPIRES),
}
ANSWERS = (PaymentAuthorized, PaymentDeclined, PaymentAbandoned)
TIMEOUTS = (RecordAuthorizationTimeout, RecordCaptureTimeout, RecordRefundTimeout, RecordVoidTimeout)


class Account(Struct, frozen=True):
    """One authorization at the bank."""

    held: int = 0
    voided: bool = False
    answered: bool = False


class Bank(Struct, frozen=True):
    """A provider that keeps the port's promises, as simply as it can be said.

    `expires`: the first authorization is over at once. `releases`: a capture lets go of what is left.
    """

    accepts: bool
    expires: bool = False
    releases: bool = False
    accounts: tuple[tuple[int, Account], ...] = ()
    captured: tuple[tuple[str, int], ...] = ()
    refunded: tuple[tuple[str, int], ...] = ()

    def account(self, number: int) -> Account:
        return dict(self.accounts).get(number, Account())

    @property
    def held(self) -> int:
        """What it really holds, whatever has expired."""
        return sum(account.held for number, account in self.accounts if not (self.expires and number == 1))

    def authorize(self, number: int, amount: int) -> tuple["Bank", Command]:
        account = self.account(number)
        accepted = self.accepts and (account.answered or not account.voided)
        answer: Command = RecordDecline("card_declined", number)
        if accepted:
            expires_at = EXPIRES if self.expires and number == 1 else ""
            answer = RecordAuthorization(f"auth_{number}", expires_at, number)
        if account.answered:
            return self, answer
        return self._with(number, replace(account, answered=True, held=amount if accepted else 0)), answer

    def capture(self, step: CaptureDue) -> tuple["Bank", Command]:
        done = RecordCapture(step.capture_id, f"cap_{step.capture_id}", not self.releases)
        account = self.account(step.number)
        if step.capture_id in dict(self.captured):
            return self, done
        if (self.expires and step.number == 1) or account.held < step.amount.amount:
            return self, RecordLapse(step.number)
        left = 0 if self.releases else account.held - step.amount.amount
        bank = self._with(step.number, replace(account, held=left))
        return replace(bank, captured=(*bank.captured, (step.capture_id, step.amount.amount))), done

    def refund(self, step: RefundDue) -> tuple["Bank", Command]:
        key, done = f"{step.refund_id}/{step.number}", RecordRefund(step.refund_id, step.number, "re_1")
        if key in dict(self.refunded):
            return self, done
        return replace(self, refunded=(*self.refunded, (key, step.amount.amount))), done

    def void(self, number: int) -> "Bank":
        return self._with(number, replace(self.account(number), held=0, voided=True))

    def _with(self, number: int, account: Account) -> "Bank":
        return replace(self, accounts=tuple(sorted({**dict(self.accounts), number: account}.items())))


class Worker(Struct, frozen=True):
    """One delivery of a message: what it is about to ask, or what it was answered and has not yet recorded."""

    message: str
    started: bool = False
    step: Step | None = None
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
                yield from self._begun(place, MESSAGES[worker.message])
            elif worker.answer is not None:
                yield self._recorded(place, worker.answer, f"{worker.message}/{worker.answer}")
            elif worker.step is not None:
                yield from self._asked(place, worker, worker.step)

    def _begun(self, place: int, message: Message) -> Iterator["World"]:
        """The worker records what is requested; a message that comes too early comes again."""
        name = self.workers[place].message
        try:
            yield self._recorded(place, message, name)
        except Rejection as rejection:
            if rejection.code in (NOT_YET, NOT_CAPTURED_YET):
                return
            if rejection.code not in FINAL:
                raise
            match message:
                case Capture():
                    refusal: Command = RefuseCapture(ORDER, message.capture_id, message.amount, rejection.code)
                case Refund():
                    refusal = RefuseRefund(ORDER, message.refund_id, message.amount, rejection.code)
                case _:
                    raise
            yield self._recorded(place, refusal, f"{name}/refused")

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
        if isinstance(command, TIMEOUTS) and type(step) is type(self.workers[place].step):
            return known._having(place, Worker(message))
        return known._having(place, Worker(message, started=True, step=step))

    def _asked(self, place: int, worker: Worker, step: Step) -> Iterator["World"]:
        timeout: Command
        match step:
            case AuthorizationDue(attempt=attempt, number=number):
                bank, answer = self.bank.authorize(number, step.amount.amount)
                timeout = RecordAuthorizationTimeout(attempt, number)
            case CaptureDue():
                bank, answer = self.bank.capture(step)
                timeout = RecordCaptureTimeout(step.capture_id, step.attempt)
            case RefundDue():
                bank, answer = self.bank.refund(step)
                timeout = RecordRefundTimeout(step.refund_id, step.attempt)
            case VoidDue(number=number):
                bank, answer = self.bank.void(number), RecordVoid(number)
                timeout = RecordVoidTimeout(step.attempt)
        bounded = isinstance(step, AuthorizationDue) and step.number == 1
        lost = (timeout,) if bounded or step.attempt == 1 else ()
        for said in (answer, *lost):
            yield replace(self, bank=bank)._having(place, replace(worker, answer=said))

    def _having(self, place: int, worker: Worker) -> "World":
        return replace(self, workers=(*self.workers[:place], worker, *self.workers[place + 1 :]))


def assert_sound(world: World) -> None:
    """What holds at every moment."""
    kinds = [type(event) for event in world.published]
    payment, bank = world.payment, world.bank
    status = payment.status
    total = AUTHORIZE.amount.amount
    captured = sum(amount for _, amount in bank.captured)
    assert bank.held + captured <= total, "more of the order's money is held or taken than was asked"
    assert sum(amount for _, amount in bank.refunded) <= captured, "more was given back than taken"
    assert sum(kind in ANSWERS for kind in kinds) <= 1, "the order got two answers"
    assert kinds.count(PaymentVoided) <= 1
    for kind, natural in ((PaymentCaptured, "capture_id"), (PaymentRefunded, "refund_id")):
        told = [getattr(event, natural) for event in world.published if isinstance(event, kind)]
        assert len(told) == len(set(told)), "the order was told of the same money twice"
    assert payment.captured <= captured
    assert payment.captured <= total
    assert payment.refunded <= payment.captured
    if PaymentVoided in kinds:
        assert status == "voided"
        assert not bank.held, "a voided payment holds money"
    if {"void", "void again"} & world.handled:
        assert status in ("voiding", "voided"), "a payment that was called off came back"
    if PaymentAbandoned in kinds:
        assert status in ("abandoned", "voiding", "voided"), "a payment that was given up came back"
    if PaymentAuthorized in kinds:
        assert bank.account(1).answered
    if PaymentDeclined in kinds:
        assert not bank.held


def assert_settled(world: World) -> None:
    """What holds when no message is left."""
    payment, bank = world.payment, world.bank
    messages = [MESSAGES[worker.message] for worker in world.workers]
    assert due(payment) is None
    assert payment.captured == sum(amount for _, amount in bank.captured)
    assert payment.refunded == sum(amount for _, amount in bank.refunded)
    if any(isinstance(message, Void) for message in messages):
        assert payment.status == "voided"
        assert not bank.held
    else:
        assert payment.status in ("authorized", "declined", "abandoned", "lapsed")
        if payment.status == "authorized" and PaymentReauthorized not in map(type, world.published):
            assert bank.account(1).held == payment.held
        elif payment.status == "authorized":
            assert bank.held == payment.held
    told = [event for event in world.published if isinstance(event, PaymentCaptured | CaptureDeclined)]
    assert {event.capture_id for event in told} == {
        message.capture_id for message in messages if isinstance(message, Capture)
    }, "every capture has its answer"
    back = [event for event in world.published if isinstance(event, PaymentRefunded | RefundDeclined)]
    assert {event.refund_id for event in back} == {
        message.refund_id for message in messages if isinstance(message, Refund)
    }, "every refund has its answer"


def authorized(world: World) -> World:
    """The same once the order's money is held."""
    for command in (AUTHORIZE, None):
        bank, answer = world.bank.authorize(1, AUTHORIZE.amount.amount)
        if command is None:
            world = replace(world, bank=bank)
        for event in PAYMENTS.decide(command or answer, world.payment):
            published = (event,) if isinstance(event, PUBLISHED) else ()
            payment = PAYMENTS.evolve(world.payment, event)
            world = replace(world, payment=payment, published=world.published + published)
    return world


BANKS = {
    "good card": Bank(accepts=True),
    "bad card": Bank(accepts=False),
    "expires at once": Bank(accepts=True, expires=True),
    "releases the rest": Bank(accepts=True, releases=True),
}


@pytest.mark.parametrize(
    ("bank", "messages"),
    [
        ("good card", ("requested", "requested", "requested again")),
        ("bad card", ("requested", "requested", "requested again")),
        ("good card", ("requested", "requested again", "void")),
        ("bad card", ("requested", "requested again", "void")),
        ("good card", ("requested", "void", "void")),
        ("bad card", ("requested", "void", "void")),
        ("good card", ("requested", "void", "void again")),
        ("bad card", ("requested", "void", "void again")),
        ("good card", ("requested", "capture", "capture")),
        ("bad card", ("requested", "capture", "capture")),
        ("good card", ("requested", "capture", "void")),
        ("good card", ("requested", "capture", "refund")),
        ("good card", ("authorized", "capture", "capture the rest")),
        ("good card", ("authorized", "refund", "capture")),
        ("releases the rest", ("authorized", "capture", "capture the rest")),
        ("releases the rest", ("authorized", "capture", "void")),
        ("expires at once", ("authorized", "capture", "capture")),
        ("expires at once", ("authorized", "capture", "sweep")),
        ("expires at once", ("authorized", "sweep", "sweep")),
        ("expires at once", ("authorized", "sweep", "void")),
        ("expires at once", ("authorized", "capture", "void")),
    ],
    ids=lambda value: value if isinstance(value, str) else " + ".join(value),
)
def test_every_interleaving_is_sound_and_settles(
    monkeypatch: pytest.MonkeyPatch, messages: tuple[str, ...], bank: str
) -> None:
    monkeypatch.setattr(domain, "MAX_ATTEMPTS", 2)
    beginning = World(BANKS[bank], tuple(Worker(message) for message in messages if message != "authorized"))
    if "authorized" in messages:
        beginning = authorized(beginning)
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
    assert len(seen) > 30
