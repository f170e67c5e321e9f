"""The guard of calls to others: few tries, few at once, and a circuit that all processes share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared import clock, ids
from shared.resilience import Busy, Circuit, CircuitOpen, Guard, Policy
from tests.support.dynamodb_endpoints import endpoint
from tests.support.faults import counting, refusing
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_ledger_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "circuits"
POLICY = Policy(attempts=1, failures=3, window=30, cooldown=10, longest_cooldown=30, looks_every=3, probe=20)


class NoAnswer(Exception):
    """The service does not answer."""


class Refused(Exception):
    """The service says no."""


class Time:
    """A clock that moves only when it is told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
        self.slept: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)


class Service:
    """Somebody who is asked, and answers when well."""

    def __init__(self) -> None:
        self.well = True
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if not self.well:
            raise NoAnswer
        return "yes"


@pytest.fixture(scope="module")
def client() -> Iterator["DynamoDBClient"]:
    with endpoint("moto") as started, lambda_process("payments", "settlement", log_level="ERROR"):
        client = started.client()
        create_ledger_table(client, TABLE)
        yield client


@pytest.fixture
def time() -> Iterator[Time]:
    before, time = (clock._now, clock._sleep), Time()
    clock.use(lambda: time.now, time.sleep)
    yield time
    clock.use(*before)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def process(client: "DynamoDBClient", time: Time) -> Callable[..., Guard]:
    """Makes guards of one service, as several processes have them."""
    assert time.slept == []
    name = ids.new_id()
    return lambda policy=POLICY: Guard(Circuit(client, TABLE, name), policy, (NoAnswer,))


def fail(guard: Guard, service: Service, times: int) -> None:
    service.well = False
    for _ in range(times):
        with pytest.raises(NoAnswer):
            guard.call(service)


def test_a_call_that_succeeds_reads_once_in_a_while_and_writes_nothing(
    process: Callable[..., Guard], service: Service, client: "DynamoDBClient", time: Time
) -> None:
    guard = process()
    with counting(client) as traffic:
        assert [guard.call(service) for _ in range(50)] == ["yes"] * 50
        time.pass_by(3)
        guard.call(service)
    assert (traffic.asked("GetItem"), traffic.asked("UpdateItem"), len(traffic.operations)) == (2, 0, 2)


def test_a_failing_call_is_tried_again_with_growing_random_waits(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    guard = process(Policy(attempts=5, backoff=1, longest_backoff=3, within=1000))
    fail(guard, service, 1)
    assert service.asked == 5
    assert len(time.slept) == 4
    assert all(0 <= waited <= longest for waited, longest in zip(time.slept, (1, 2, 3, 3), strict=True))


def test_no_try_is_begun_after_the_time_is_over(process: Callable[..., Guard], time: Time) -> None:
    asked: list[datetime] = []

    def slow() -> None:
        asked.append(time.now)
        time.pass_by(4)
        raise NoAnswer

    with pytest.raises(NoAnswer):
        process(Policy(attempts=10, within=5)).call(slow)
    assert len(asked) == 2


def test_what_is_an_answer_is_not_asked_again_and_speaks_for_the_service(
    process: Callable[..., Guard], service: Service
) -> None:
    guard = process()
    fail(guard, service, 2)

    def refuse() -> None:
        service.asked += 1
        raise Refused

    for _ in range(5):
        with pytest.raises(Refused):
            guard.call(refuse)
    assert service.asked == 2 + 5
    fail(guard, service, 2)


def test_failures_open_the_circuit_for_every_process(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    one, other = process(), process()
    other.call(service)
    fail(one, service, 3)
    with pytest.raises(CircuitOpen):
        one.call(service)
    assert service.asked == 4
    time.pass_by(3)
    with pytest.raises(CircuitOpen):
        other.call(service)
    with pytest.raises(CircuitOpen):
        process().call(service)
    assert service.asked == 4, "nobody asks while it is open"


def test_failures_of_several_processes_count_together(process: Callable[..., Guard], service: Service) -> None:
    for _ in range(3):
        fail(process(), service, 1)
    with pytest.raises(CircuitOpen):
        process().call(service)


def test_failures_long_apart_do_not_open_the_circuit(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    guard = process()
    for _ in range(10):
        fail(guard, service, 2)
        time.pass_by(31)


def test_a_success_forgives_the_failures_before_it(process: Callable[..., Guard], service: Service) -> None:
    guard = process()
    for _ in range(5):
        fail(guard, service, 2)
        service.well = True
        guard.call(service)


def test_after_the_cooldown_one_caller_tries_and_the_others_wait(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    one, other = process(), process()
    fail(one, service, 3)
    time.pass_by(10)
    service.well = True
    seen: list[str] = []

    def meanwhile() -> str:
        with pytest.raises(CircuitOpen):
            other.call(service)
        seen.append("other waited")
        return service()

    assert one.call(meanwhile) == "yes"
    assert seen == ["other waited"]
    time.pass_by(3)
    assert other.call(service) == "yes"


def test_a_failed_try_keeps_the_circuit_open_twice_as_long_up_to_a_limit(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    guard = process()
    fail(guard, service, 3)
    for cooldown in (10, 20, 30, 30):
        time.pass_by(cooldown - 0.1)
        with pytest.raises(CircuitOpen):
            guard.call(service)
        time.pass_by(0.1)
        fail(guard, service, 1)
    time.pass_by(30)
    service.well = True
    assert guard.call(service) == "yes"
    assert guard.call(service) == "yes"
    fail(guard, service, 2)


def test_when_the_one_who_tries_dies_another_may_after_a_while(
    process: Callable[..., Guard], service: Service, time: Time
) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    one, other = process(), process()
    fail(one, service, 3)
    time.pass_by(10)
    with pytest.raises(Died):
        one.call(die)
    service.well = True
    with pytest.raises(CircuitOpen):
        other.call(service)
    time.pass_by(20)
    assert other.call(service) == "yes"


def test_no_more_calls_than_allowed_are_made_at_once(process: Callable[..., Guard], service: Service) -> None:
    guard = process(Policy(at_once=2))

    def nested(depth: int) -> str:
        return guard.call(lambda: nested(depth - 1)) if depth else service()

    assert nested(2) == "yes"
    with pytest.raises(Busy):
        nested(3)
    assert nested(2) == "yes", "whoever was refused has taken no place"


def test_calls_go_on_when_the_circuit_cannot_be_read_or_counted(
    process: Callable[..., Guard], service: Service, client: "DynamoDBClient"
) -> None:
    guard = process()
    with refusing(client, "GetItem", "AccessDeniedException"):
        assert guard.call(service) == "yes"
        fail(guard, service, 5)
