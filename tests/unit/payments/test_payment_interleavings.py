"""Whatever workers do to each other and wherever they die: one authorization at most, and a void is a void.

The machine runs any number of workers at once over one order's payment. Each takes the steps that the Lambda takes
(record the request, ask the provider, record the answer), and the machine chooses who goes next, whose answer is
lost, and who dies. Commits are optimistic as in the event store: a decision on an old state is decided again.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

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


@dataclass
class Bank:
    """A provider that keeps the port's promises, as simply as it can be said."""

    accepts: bool = True
    authorizations: int = 0
    held: bool = False
    voided: bool = False
    answer: RecordAuthorization | RecordDecline | None = None

    def authorize(self) -> RecordAuthorization | RecordDecline:
        if self.answer is None:
            if self.accepts and not self.voided:
                self.authorizations += 1
                self.held = True
                self.answer = RecordAuthorization("auth_1")
            else:
                self.answer = RecordDecline("card_declined")
        return self.answer

    def void(self) -> RecordVoid:
        self.held, self.voided = False, True
        return RecordVoid()


@dataclass
class Worker:
    """One delivery of a message: where it stands and what it carries."""

    request: Authorize | Void
    recorded: bool = False
    answer: Command | None = None


@dataclass
class Order:
    """The stream and what was published of it."""

    payment: Payment = field(default_factory=lambda: PAYMENTS.initial)
    published: list[Event] = field(default_factory=list)

    def record(self, command: Command) -> None:
        for event in PAYMENTS.decide(command, self.payment):
            self.payment = PAYMENTS.evolve(self.payment, event)
            if isinstance(event, PUBLISHED):
                self.published.append(event)


class Payments(RuleBasedStateMachine):
    workers: Bundle[Worker] = Bundle("workers")

    def __init__(self) -> None:
        super().__init__()
        self.order = Order()
        self.bank = Bank()
        self.void_asked = False

    @rule(accepts=st.booleans())
    def the_card_is_good_or_bad(self, accepts: bool) -> None:
        if self.bank.answer is None:
            self.bank.accepts = accepts

    @rule(target=workers, request=st.sampled_from([AUTHORIZE, AUTHORIZE, VOID]))
    def a_message_is_delivered(self, request: Authorize | Void) -> Worker:
        return Worker(request)

    @rule(worker=workers)
    def it_records_the_request(self, worker: Worker) -> None:
        if not worker.recorded:
            self.order.record(worker.request)
            self.void_asked = self.void_asked or isinstance(worker.request, Void)
            worker.recorded = True

    @rule(worker=workers, answer_is_lost=st.booleans())
    def it_asks_the_provider(self, worker: Worker, answer_is_lost: bool) -> None:
        """The state may be old by the time the provider is asked: the ask is put to `a_slow_worker_asks` too."""
        if worker.recorded and worker.answer is None:
            worker.answer = self._ask(due(self.order.payment), answer_is_lost)

    @rule(worker=workers)
    def it_records_the_answer(self, worker: Worker) -> None:
        if worker.answer is not None:
            self.order.record(worker.answer)
            worker.answer = None

    @rule(target=workers, answer_is_lost=st.booleans())
    def a_slow_worker_asks(self, answer_is_lost: bool) -> Worker:
        """A worker that saw the payment requested long ago asks for the authorization only now."""
        slow = Worker(AUTHORIZE, recorded=True)
        if self.order.payment.amount is not None:
            attempt = self.order.payment.attempts + 1
            slow.answer = self._ask(
                AuthorizationDue(ORDER, AUTHORIZE.amount, AUTHORIZE.method, attempt), answer_is_lost
            )
        return slow

    @rule(_worker=consumes(workers))
    def it_dies(self, _worker: Worker) -> None:
        """What it held in memory is gone; the queue delivers its message again, as a new worker."""

    def _ask(self, step: AuthorizationDue | VoidDue | None, answer_is_lost: bool) -> Command | None:
        match step:
            case AuthorizationDue(attempt=attempt):
                answer: Command = self.bank.authorize()
                return RecordAuthorizationTimeout(attempt) if answer_is_lost else answer
            case VoidDue(attempt=attempt):
                answer = self.bank.void()
                return RecordVoidTimeout(attempt) if answer_is_lost else answer
        return None

    @invariant()
    def the_money_was_held_once_at_most(self) -> None:
        assert self.bank.authorizations <= 1

    @invariant()
    def a_voided_payment_holds_nothing_and_stays_voided(self) -> None:
        if PaymentVoided(order_id=ORDER) in self.order.published:
            assert self.order.payment.status == "voided"
            assert not self.bank.held

    @invariant()
    def the_outside_hears_one_answer_and_at_most_one_void(self) -> None:
        answers = (PaymentAuthorized, PaymentDeclined, PaymentAbandoned)
        assert sum(isinstance(event, answers) for event in self.order.published) <= 1
        assert sum(isinstance(event, PaymentVoided) for event in self.order.published) <= 1

    @invariant()
    def what_is_published_is_so(self) -> None:
        for event in self.order.published:
            if isinstance(event, PaymentAuthorized):
                assert self.bank.authorizations == 1
            if isinstance(event, PaymentDeclined):
                assert self.bank.authorizations == 0

    def teardown(self) -> None:
        """The queue delivers until nothing is due: then every order has its answer, and every void was done."""
        while (step := due(self.order.payment)) is not None:
            answer = self._ask(step, answer_is_lost=False)
            assert answer is not None
            self.order.record(answer)
        if self.void_asked:
            assert self.order.payment.status == "voided"
            assert not self.bank.held
        assert self.order.payment.status not in ("requested", "voiding")
        assert self.bank.held <= (self.order.payment.status in ("authorized", "abandoned"))


TestPayments = Payments.TestCase
TestPayments.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
