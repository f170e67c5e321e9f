"""Calls to services that are not ours: retried a few times, kept few at once, and not made at all while they fail.

A guard belongs to one such service. The timeout of a single try is set where the connection is made; the guard
bounds everything else. Its circuit is shared by all processes through one row of a table, which each of them looks
at every few seconds: after enough failures it opens, calls are refused at once, and what wanted to call waits
where it is (a queue, a stream). After a while one caller may try (half-open); when that succeeds the circuit
closes, otherwise it stays open for twice as long. A success costs no write.
"""

from collections.abc import Callable
from datetime import datetime
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct
from msgspec.structs import replace

from shared import clock, ids, telemetry
from shared.rejection import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

_RACES = 5


class CircuitOpen(Unavailable):
    """The service has failed too often: it is left alone for a while."""


class Busy(Unavailable):
    """This process already makes as many calls to the service as it may."""


class Policy(Struct, frozen=True):
    """How patient a guard is. Times are in seconds.

    `attempts` tries at most, none begun later than `within`, with a random wait of up to `backoff` before the
    second and twice as much before each one after, at most `longest_backoff`. `failures` calls that fail within
    `window` open the circuit for `cooldown`, then for twice as long each time, at most `longest_cooldown`.
    `looks_every` is how old what is known of the circuit may be, `probe` how long one caller may take to try it,
    `at_once` how many calls a process may make at a time.
    """

    attempts: int = 3
    within: float = 5.0
    backoff: float = 0.2
    longest_backoff: float = 2.0
    failures: int = 10
    window: float = 30.0
    cooldown: float = 15.0
    longest_cooldown: float = 240.0
    looks_every: float = 3.0
    probe: float = 30.0
    at_once: int = 16


class State(Struct, frozen=True):
    """What is known of a circuit. Moments are in milliseconds since 1970, 0 means never.

    `failures` were counted since `since`; it is open `until` (0: closed), for `cooldown`; a caller tries it until
    `probe`. `version` counts the changes.
    """

    failures: int = 0
    since: int = 0
    until: int = 0
    cooldown: int = 0
    probe: int = 0
    version: int = 0


class Circuit:
    """The state of the circuit `name`, in a row of `table` (key `pk`) that all processes share."""

    def __init__(self, client: "DynamoDBClient", table: str, name: str) -> None:
        self._client = client
        self._table = table
        self.name = name

    def read(self, *, consistent: bool = False) -> State:
        """The state as it is stored, at the latest."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=consistent)
        item = answer.get("Item", {})
        return State(**{name: int(item[name]["N"]) for name in State.__struct_fields__ if name in item})

    def write(self, before: State, after: State) -> bool:
        """Replace the state that was read; False when somebody else was faster."""
        names = [name for name in State.__struct_fields__ if name != "version"]
        unseen = "#version = :version" if before.version else "attribute_not_exists(#version)"
        values: dict[str, Any] = {f":{name}": {"N": str(getattr(after, name))} for name in names}
        if before.version:
            values[":version"] = {"N": str(before.version)}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in names)} ADD #version :one",
                ConditionExpression=unseen,
                ExpressionAttributeNames={f"#{name}": name for name in State.__struct_fields__},
                ExpressionAttributeValues={**values, ":one": {"N": "1"}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    @property
    def _key(self) -> Any:
        return {"pk": {"S": f"circuit/{self.name}"}}


class Guard:
    """Stands between this process and one service.

    `failures` are the exceptions that speak against the service; all others are answers.
    """

    def __init__(self, circuit: Circuit, policy: Policy, failures: tuple[type[Exception], ...]) -> None:
        self._circuit = circuit
        self._policy = policy
        self._failures = failures
        self._places = BoundedSemaphore(policy.at_once)
        self._known = State()
        self._looked: datetime | None = None

    def call(self, question: Callable[[], T]) -> T:
        """What `question` answers. It may be asked several times.

        Raises CircuitOpen or Busy without having asked; what it raises itself after the last try.
        """
        if not self._places.acquire(blocking=False):
            raise Busy(f"{self._policy.at_once} calls to {self._circuit.name} are under way")
        try:
            self._enter()
            try:
                answer = self._ask(question)
            except self._failures:
                self._changed(self._failed)
                raise
            except Exception:
                self._succeeded()
                raise
            self._succeeded()
            return answer
        finally:
            self._places.release()

    def _ask(self, question: Callable[[], T]) -> T:
        started = clock.now()
        for attempt in range(1, self._policy.attempts + 1):
            try:
                return question()
            except self._failures as error:
                spent = (clock.now() - started).total_seconds()
                if attempt == self._policy.attempts or spent >= self._policy.within:
                    raise
                telemetry.warning("asked again", service=self._circuit.name, error=type(error).__name__)
                longest = min(self._policy.longest_backoff, self._policy.backoff * 2 ** (attempt - 1))
                clock.sleep(ids.jitter(longest))
        raise AssertionError("the last try answers or raises")

    def _enter(self) -> None:
        """Go on when the circuit is closed, or when it is this caller's turn to try. Raises CircuitOpen."""
        state = self._state()
        if not state.until:
            return
        now = _milliseconds()
        trying = replace(state, probe=now + _in_milliseconds(self._policy.probe))
        if now >= state.until and now >= state.probe and self._store(state, trying):
            return
        raise CircuitOpen(f"{self._circuit.name} is left alone for {max(0, state.until - now) / 1000:.0f} s more")

    def _state(self) -> State:
        now = clock.now()
        if self._looked is None or not 0 <= (now - self._looked).total_seconds() < self._policy.looks_every:
            try:
                self._known = self._circuit.read()
            except (BotoCoreError, ClientError) as error:  # calls matter more than counting them
                telemetry.warning("circuit not read", service=self._circuit.name, error=str(error))
            self._looked = now
        return self._known

    def _succeeded(self) -> None:
        if self._known.failures or self._known.until:
            self._changed(lambda state: State(version=state.version))

    def _failed(self, state: State) -> State:
        """The state after one more failure."""
        now, policy = _milliseconds(), self._policy
        if state.until:
            cooldown = min(_in_milliseconds(policy.longest_cooldown), 2 * state.cooldown)
            return replace(state, until=now + cooldown, cooldown=cooldown, probe=0)
        if now - state.since > _in_milliseconds(policy.window):
            state = replace(state, failures=0, since=now)
        state = replace(state, failures=state.failures + 1)
        if state.failures < policy.failures:
            return state
        telemetry.error("circuit opened", service=self._circuit.name, failures=state.failures)
        cooldown = _in_milliseconds(policy.cooldown)
        return replace(state, until=now + cooldown, cooldown=cooldown)

    def _changed(self, change: Callable[[State], State]) -> None:
        """Store the state after `change`, best effort: a count that is lost only opens the circuit later."""
        try:
            for _ in range(_RACES):
                state = self._circuit.read(consistent=True)
                if self._store(state, change(state)):
                    return
        except (BotoCoreError, ClientError) as error:
            telemetry.warning("circuit not written", service=self._circuit.name, error=str(error))

    def _store(self, before: State, after: State) -> bool:
        if not self._circuit.write(before, after):
            self._looked = None
            return False
        self._known, self._looked = replace(after, version=before.version + 1), clock.now()
        return True


def _milliseconds() -> int:
    return round(clock.now().timestamp() * 1000)


def _in_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
