"""The words in which the map of the system (`infra.app`) is written.

Nothing here knows AWS's libraries, so that tests and simulations read the same map as the deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

SYSTEM_NAME = "stowage"


class Grant(Enum):
    """One thing a Lambda may do; each becomes one statement of that Lambda's own role."""

    READ_HISTORY = "ReadHistory"
    WRITE_HISTORY = "WriteHistory"
    READ_VIEWS = "ReadViews"
    WRITE_VIEWS = "WriteViews"
    FOLLOW_HISTORY = "FollowHistory"
    PUBLISH = "Publish"
    CONSUME_QUEUE = "ConsumeQueue"
    KEEP_LEDGER = "KeepLedger"
    AUDIT_LEDGER = "AuditLedger"
    ATTACH = "Attach"
    FETCH_ATTACHED = "FetchAttached"
    REMOVE_ATTACHED = "RemoveAttached"
    READ_KEYS = "ReadKeys"


class Kind(Enum):
    """What starts a capability, and with it what the capability may do."""

    COMMAND = "command"
    QUERY = "query"
    REACTION = "reaction"
    REPLICA = "replica"
    SCHEDULE = "schedule"
    PROJECTOR = "projector"
    OUTBOX = "outbox"
    HEALTH = "health"


GRANTS: Mapping[Kind, frozenset[Grant]] = {
    Kind.COMMAND: frozenset({Grant.READ_HISTORY, Grant.WRITE_HISTORY}),
    Kind.QUERY: frozenset({Grant.READ_HISTORY, Grant.READ_VIEWS}),
    Kind.REACTION: frozenset({Grant.CONSUME_QUEUE, Grant.READ_HISTORY, Grant.WRITE_HISTORY}),
    Kind.REPLICA: frozenset({Grant.CONSUME_QUEUE, Grant.READ_VIEWS, Grant.WRITE_VIEWS}),
    Kind.SCHEDULE: frozenset({Grant.READ_VIEWS, Grant.READ_HISTORY, Grant.WRITE_HISTORY}),
    Kind.PROJECTOR: frozenset({Grant.FOLLOW_HISTORY, Grant.READ_HISTORY, Grant.READ_VIEWS, Grant.WRITE_VIEWS}),
    Kind.OUTBOX: frozenset({Grant.FOLLOW_HISTORY, Grant.PUBLISH}),
    Kind.HEALTH: frozenset({Grant.READ_HISTORY, Grant.READ_VIEWS}),
}


# --- how long things may take, and how often they are tried, in seconds and times ---

TIMEOUT_S: Mapping[Kind, int] = {
    Kind.COMMAND: 10,
    Kind.QUERY: 10,
    Kind.REACTION: 30,
    Kind.REPLICA: 30,
    Kind.SCHEDULE: 50,
    Kind.PROJECTOR: 50,
    Kind.OUTBOX: 30,
    Kind.HEALTH: 5,
}
MUCH_MEMORY_MB, LITTLE_MEMORY_MB = 512, 256
MEMORY_MB: Mapping[Kind, int] = {
    **dict.fromkeys(Kind, LITTLE_MEMORY_MB),
    Kind.COMMAND: MUCH_MEMORY_MB,
    Kind.QUERY: MUCH_MEMORY_MB,
}
"""Lambda gives CPU in proportion to memory and bills both by the time that passes.

So what calculates costs the same with little memory and takes longer; what waits for tables, the bus or others, as
everything does that nobody waits for, costs half.
"""
MAX_RECEIVES = 10
MAX_CONCURRENT_CONSUMERS = 5
# Of the function's timeout. AWS advises 6 for consumers that must not see a batch twice; ours may, and what a
# dead worker held comes back in a minute instead of three.
VISIBILITY_TIMEOUTS = 2
# How long a stream reader repeats a failing record before it parks a pointer to it and goes on. Always far below
# the stream's 24 hours, after which the record would be gone without a trace. Order is worth waiting for on the
# bus; a view is rebuilt from history anyway, and one broken document must not hold up the others for long.
PATIENCE_S: Mapping[Kind, int] = {Kind.OUTBOX: 6 * 3600, Kind.PROJECTOR: 3600}


@dataclass(frozen=True)
class Route:
    """An HTTP route and the scope a token needs for it; `scope` is None where the route is open to all."""

    method: str
    path: str
    scope: str | None

    @property
    def key(self) -> str:
        """API Gateway's route key, for example `GET /orders/{id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Capability:
    """One module of a service, deployed as one Lambda with a role of its own.

    `subscribes` names published events (`<service>.<Event>`), `batch` and `window_s` say how many messages one
    invocation takes and how long it waits to fill up, `also` adds to what its kind grants, `libraries` names the
    further packages that it needs: those of requirements-<libraries>.txt, in a layer of their own. One that
    `calculates` gets the memory, and so the CPU, of those that people wait for.
    """

    name: str
    kind: Kind
    routes: tuple[Route, ...] = ()
    subscribes: tuple[str, ...] = ()
    batch: int = 10
    window_s: int = 0
    every_minutes: int | None = None
    also: frozenset[Grant] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    libraries: str | None = None
    calculates: bool = False

    @property
    def memory_mb(self) -> int:
        """The memory of this Lambda, and with it its part of a CPU."""
        return MUCH_MEMORY_MB if self.calculates else MEMORY_MB[self.kind]

    @property
    def grants(self) -> frozenset[Grant]:
        """Everything this Lambda may do."""
        return GRANTS[self.kind] | self.also

    @property
    def visibility_timeout_s(self) -> int:
        """How long a message that this Lambda has received stays hidden from others, in seconds."""
        return VISIBILITY_TIMEOUTS * TIMEOUT_S[self.kind] + self.window_s


@dataclass(frozen=True)
class Index:
    """A global secondary index of a views table; both keys are strings."""

    name: str
    partition: str
    sort: str
    keys_only: bool = False


@dataclass(frozen=True)
class Signal:
    """A metric that Lambdas of a service count in, and that calls a person at the first count: `says` why."""

    metric: str
    says: str


@dataclass(frozen=True)
class Service:
    """A business service: its capabilities, the indexes of its views, a ledger when it keeps one.

    `attachments_kept_days` says for how long it keeps files, photos and documents, in a bucket of its own; 0: it
    has none. `keys` is the name, in Secrets Manager, of the keys that it needs elsewhere: whoever deploys has put
    them there. `signals` call people.
    """

    name: str
    capabilities: tuple[Capability, ...]
    indexes: tuple[Index, ...] = ()
    ledger_table: str | None = None
    attachments_kept_days: int = 0
    keys: str | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def events_table(self) -> str:
        """Name of the table that holds the service's history."""
        return f"{self.name}-events"

    @property
    def views_table(self) -> str:
        """Name of the table that holds the service's read models."""
        return f"{self.name}-views"

    @property
    def stack(self) -> str:
        """Name of the stack that deploys the service."""
        return f"{SYSTEM_NAME}-{self.name}"

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes of all capabilities."""
        return tuple(route for capability in self.capabilities for route in capability.routes)

    def function(self, capability: Capability) -> str:
        """Name of a capability's Lambda function."""
        return function_name(self.name, capability.name)

    def queue(self, capability: Capability) -> str | None:
        """Name of the queue a capability consumes, if it consumes one; its DLQ is `<queue>-dlq`."""
        return f"{self.name}-{capability.name}" if capability.subscribes else None

    def failures_queue(self, capability: Capability) -> str | None:
        """Name of the queue that keeps what a stream reader gave up on, if the capability reads the stream."""
        follows = Grant.FOLLOW_HISTORY in capability.grants
        return f"{self.name}-{capability.name}-failures" if follows else None


class NoSuchService(LookupError):
    """The map has no service of that name."""


@dataclass(frozen=True)
class MachineClient:
    """A program that gets its own tokens by client credentials, with these scopes at most."""

    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class System:
    """The whole system: what is deployed, and who may call it."""

    services: tuple[Service, ...]
    edge_routes: tuple[Route, ...]
    roles: Mapping[str, tuple[str, ...]]
    machine_clients: tuple[MachineClient, ...]
    bus: str = SYSTEM_NAME
    platform_stack: str = f"{SYSTEM_NAME}-platform"

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route of the HTTP API."""
        return (*self.edge_routes, *(route for service in self.services for route in service.routes))

    def service(self, name: str) -> Service:
        """The service of that name. Raises NoSuchService naming those there are."""
        for service in self.services:
            if service.name == name:
                return service
        raise NoSuchService(f"no service {name!r}; there are {', '.join(s.name for s in self.services)}")


def function_name(service: str, capability: str) -> str:
    """Physical name of a Lambda function."""
    return f"{SYSTEM_NAME}-{service}-{capability}"


def log_group_name(service: str, capability: str) -> str:
    """Physical name of the log group of a Lambda function."""
    return f"/{SYSTEM_NAME}/{service}/{capability}"


def routes(table: Mapping[str, str | None]) -> tuple[Route, ...]:
    """Routes from `{"METHOD /path": scope}`."""
    return tuple(
        Route(method, path, scope) for key, scope in table.items() for method, _, path in (key.partition(" "),)
    )


def command(
    name: str,
    at: Mapping[str, str | None],
    *,
    also: frozenset[Grant] = frozenset(),
    environment: Mapping[str, str] | None = None,
    libraries: str | None = None,
) -> Capability:
    """Changes the service's history on request."""
    return Capability(
        name, Kind.COMMAND, routes(at), also=also, environment=environment or {}, libraries=libraries
    )


def query(
    name: str,
    at: Mapping[str, str | None],
    *,
    also: frozenset[Grant] = frozenset(),
    environment: Mapping[str, str] | None = None,
    libraries: str | None = None,
) -> Capability:
    """Answers from history and views."""
    return Capability(name, Kind.QUERY, routes(at), also=also, environment=environment or {}, libraries=libraries)


def reaction(
    name: str,
    *,
    on: tuple[str, ...],
    batch: int = 10,
    window_s: int = 0,
    also: frozenset[Grant] = frozenset(),
    environment: Mapping[str, str] | None = None,
    libraries: str | None = None,
    calculates: bool = False,
) -> Capability:
    """Changes the service's history because of published events, which reach it through a queue of its own."""
    return Capability(
        name,
        Kind.REACTION,
        subscribes=on,
        batch=batch,
        window_s=window_s,
        also=also,
        environment=environment or {},
        libraries=libraries,
        calculates=calculates,
    )


def replica(name: str, *, on: tuple[str, ...]) -> Capability:
    """Keeps a copy of another service's facts among this service's views."""
    return Capability(name, Kind.REPLICA, subscribes=on)


def schedule(
    name: str,
    *,
    every_minutes: int,
    also: frozenset[Grant] = frozenset(),
    environment: Mapping[str, str] | None = None,
    libraries: str | None = None,
    calculates: bool = False,
) -> Capability:
    """Starts by the clock."""
    return Capability(
        name,
        Kind.SCHEDULE,
        every_minutes=every_minutes,
        also=also,
        environment=environment or {},
        libraries=libraries,
        calculates=calculates,
    )


def machinery(service: str, *, views_window_s: int = 0, outbox_window_s: int = 0) -> tuple[Capability, ...]:
    """What every service has: the projector of its views, its outbox, its health.

    `views_window_s` is how long the projector waits for more to show at once: for so long lists may be behind.
    `outbox_window_s` is how long the outbox waits for more to tell at once.
    """
    return (
        Capability("views", Kind.PROJECTOR, batch=100, window_s=views_window_s),
        Capability("outbox", Kind.OUTBOX, batch=100, window_s=outbox_window_s),
        Capability(
            "health",
            Kind.HEALTH,
            routes({f"GET /{service}/health/live": None, f"GET /{service}/health/ready": None}),
        ),
    )
