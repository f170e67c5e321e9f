"""What must hold: at every write, at every publication, and once everything has come to rest."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from inventory.contracts import LineBroken, LineReserved
from inventory.domain.holding import Holding
from inventory.domain.promise import Promise, line_key
from inventory.stock_contracts import StockAdjusted, StockAllocated
from orders.contracts import ShipmentRequested
from orders.domain.order import Order
from orders.domain.states import (
    ALLOCATED,
    ALLOCATING,
    AUTHORIZATION_TIME,
    BACKORDERED,
    CANCELLED,
    LINE_ALLOCATED,
    LINE_BACKORDERED,
    LINE_RELEASED,
    LINE_RESERVED,
    LINE_SHIPPED,
    RESERVED,
)
from payments.contracts import PaymentAuthorized, PaymentCaptured, PaymentRefunded
from payments.domain import Payment, due
from payments.sandbox import Movement
from shared import codec
from shared.decider import Decider
from shared.envelope import CloudEvent, told
from shared.event_store import commit_of
from shared.events import CommandMetadata, Commit, Event
from shared.projection import COMMITS_OF_A_FILLING, UNWRITTEN_AT_MOST, Projection
from shipping.contracts import TrackingUpdated
from tests.simulation.allocations import check_allocations, check_tasks
from tests.simulation.cloud import Cloud, Witness, Worker, is_poison
from tests.simulation.dynamodb import Item
from tests.simulation.outgoing import Outgoing, check_end, replacements
from tests.simulation.population import Tally
from tests.simulation.postoffice import check_postage, held_up
from tests.simulation.scanwork import Heard
from tests.simulation.stockroom import Stockroom, check_allocation
from tests.simulation.violation import Violation

EXPECTED_FAILURES = (
    "Throttled",
    "Unavailable",
    "Contended",
    "OutcomeUnknown",
    "CircuitOpen",
    "ClientError",
    "ReadTimeoutError",
    "PublicationFailed",
    "ProjectionContended",
    "SweepFailed",
)
"""What a handler may fail with while faults happen: each of these means "try again"."""


COPIES = ("Article", "Place", "RecalledLot")
"""What services keep among their views of other services' master data."""

SWEEPS = ("unsettled/", "wave/", "waiting/", "silent/")
"""How the commands of schedules are called that go on with the journey of something else than their stream."""

OWN_JOURNEYS = ("Wave", "CartonNumbers")
"""Streams that rules and processes begin by themselves."""

JOINING = (("Shipment", "Load"),)
"""Who goes on with a journey of its own when told by what carries several at once."""

EXPECTED_TROUBLE = ("bus refused entries", "circuit opened")
"""What a handler may report as an error while faults happen."""


class Watch(Witness):
    """Follows every history with the services' own folds, and checks what each write and publication may do."""

    def __init__(
        self, known: Mapping[tuple[str, str], Decider[Any]], public: Mapping[str, frozenset[str]]
    ) -> None:
        self._deciders = known
        self._public = public
        self.states: dict[str, Any] = {}
        self.commits: dict[str, list[Commit]] = defaultdict(list)
        self.services: dict[str, str] = {}
        self.events = 0
        self.tally = Tally()
        self.noticed: Callable[[str], object] = str
        """Who wants to hear of orders that something has happened to."""
        self.published: set[str] = set()
        self._facts: dict[str, tuple[str, str, str]] = {}
        self._line: dict[str, list[str]] = defaultdict(list)
        self._places: dict[str, int] = {}
        self._offered: dict[str, int] = defaultdict(int)
        self._adjusted: dict[tuple[str, str], int] = {}
        self._suspicions: list[Violation] = []
        self._begun: set[str] = set()
        """The journeys that began by themselves."""
        self._stockroom = Stockroom()
        self._outgoing = Outgoing()
        self._heard = Heard()

    def standing(self, order_id: str) -> str:
        """Where an order stands."""
        order: Order | None = self.states.get(f"Order#{order_id}")
        return order.status if order else ""

    def progress(self, warehouse: str) -> dict[str, object]:
        """By order of a warehouse: where it stands, and each of its lines."""
        return {
            order.order_id: (
                order.status,
                [(line.line_id, line.status, line.open, line.missing) for line in order.lines.values()],
            )
            for _, order in self._states("Order")
            if order.warehouse == warehouse
        }

    def held_up(self) -> list[str]:
        """Shipments that wait for a silent carrier although others take them."""
        return held_up(self.states)

    # --- what happens ---

    def committed(self, service: str, item: Item, old: Item | None, /) -> None:
        """A commit: it replaces nothing, leaves no gap, and its events keep the rules of their stream."""
        commit = commit_of(item)
        if old is not None:
            raise Violation("history was written over", commit.stream, commit.sequence)
        self.require_next(commit)
        self._require_no_suspicion()
        self._follow_journeys(commit)
        decider = self._deciders[service, commit.stream.partition("#")[0]]
        before = self.states.get(commit.stream, decider.initial)
        state = before
        events: list[Event] = []
        for index, recorded in enumerate(commit.events):
            event = decider.catalog.decode(recorded)
            events.append(event)
            self._check_event(commit, commit.commands[recorded.command].command_id, state, event)
            state = decider.evolve(state, event)
            self._publishable(service, commit, index)
        self.commits[commit.stream].append(commit)
        self.services[commit.stream] = service
        self.states[commit.stream] = state
        self.events += len(commit.events)
        check_state(commit.stream, state)
        self._stockroom.committed(commit.stream, before, state, events, self.states)
        self._outgoing.committed(before, events)
        if isinstance(state, Order):
            self.noticed(state.order_id)

    def offered(self, entry: Mapping[str, Any], *, accepted: bool) -> None:
        """A publication: of a committed event, as it was committed, and not before the ones before it."""
        for event in told(entry["Detail"]):
            self._offered_event(event, accepted=accepted)

    def _offered_event(self, event: CloudEvent, *, accepted: bool) -> None:
        fact = self._facts.get(event.id)
        if fact is None or event.id not in self._places:
            raise Violation("published what was never committed", event.id, event.type)
        if fact != (event.correlationid, _trace(event.traceparent), bytes(event.data).decode()):
            raise Violation("published something else than was committed", event.id)
        line = self._line[event.subject]
        place = self._places[event.id]
        if place > self._offered[event.subject]:
            raise Violation("published out of order", event.id, f"before {line[self._offered[event.subject]]}")
        self._offered[event.subject] = max(self._offered[event.subject], place + 1)
        if accepted:
            self.published.add(event.id)

    def logged(self, worker: Worker, level: str, message: str, fields: Mapping[str, object]) -> None:
        """A log line: failures that no retry can explain are bugs."""
        error = str(fields.get("error", ""))
        name = message if level == "RAISED" else error.partition(":")[0]
        if level == "WARNING" or name in EXPECTED_FAILURES or message in EXPECTED_TROUBLE:
            return
        if "poison" in message or "poison" in str(fields.get("event_id", "")):
            return
        self._suspicions.append(Violation("a handler failed without need", worker.name, message, error[:300]))

    # --- continuous rules ---

    def require_next(self, commit: Commit) -> None:
        """Commits are numbered without gaps."""
        if commit.sequence != len(self.commits[commit.stream]) + 1:
            raise Violation("history has a gap", commit.stream, commit.sequence)

    def _follow_journeys(self, commit: Commit) -> None:
        """Correlation and trace come from the event that caused the command, or from the request."""
        origins = set(self.tally.correlations.values()) | self._begun
        for command in commit.commands:
            cause = self._facts.get(command.causation_id)
            if cause is not None:
                joins = (commit.stream.partition("#")[0], command.causation_id.partition("#")[0]) in JOINING
                own = self._journey_of(commit) if joins else cause[0]
                if (command.correlation_id, _trace(command.traceparent)) != (own, cause[1]):
                    raise Violation("a journey was lost", commit.stream, commit.sequence, command.causation_id)
            elif command.causation_id.startswith("deadline/"):
                if command.correlation_id != self._journey_of(commit):
                    raise Violation("a journey was lost", commit.stream, commit.sequence, "deadline")
            elif commit.stream.startswith(OWN_JOURNEYS) and not command.causation_id:
                self._begun.add(command.correlation_id)
            elif command.correlation_id not in origins or not _from_outside(command):
                raise Violation(
                    "a command came from nowhere", commit.stream, commit.sequence, command.causation_id
                )

    def _journey_of(self, commit: Commit) -> str:
        """The correlation id under which the commit's stream began."""
        return next(iter(self.commits[commit.stream]), commit).commands[0].correlation_id

    def _publishable(self, service: str, commit: Commit, index: int) -> None:
        event, event_id = commit.events[index], commit.event_id(index)
        cause = commit.commands[event.command]
        self._facts[event_id] = (cause.correlation_id, _trace(cause.traceparent), bytes(event.data).decode())
        if event.type in self._public[service]:
            self._places[event_id] = len(self._line[commit.stream])
            self._line[commit.stream].append(event_id)

    def _check_event(self, commit: Commit, command_id: str, state: Any, event: Event) -> None:
        match event, state:
            case StockAdjusted(), Holding():
                if event.on_hand != state.units.get(event.sku, 0) + event.quantity:
                    raise Violation("units appeared or vanished", commit.stream, commit.sequence, event)
                known = self._adjusted.setdefault((commit.stream, command_id), commit.sequence)
                if known != commit.sequence:
                    raise Violation("one adjustment counted twice", commit.stream, commit.sequence, command_id)
            case StockAllocated(), Holding():
                check_allocation(commit.stream, event, commit.at[:10])
            case LineReserved(backordered=True, repeated=False), Promise():
                check_turn(commit.stream, state, event)
            case LineBroken(), Promise():
                claim = state.reserved[line_key(event.order_id, event.line_id)]
                if any(other.age > claim.age for other in state.reserved.values()):
                    raise Violation("an older promise was broken before a younger", commit.stream, event)
            case ShipmentRequested(), Order() if state.holds or state.is_over:
                raise Violation("an order was sent that is held or given up", commit.stream, commit.sequence)
            case TrackingUpdated(), _:
                self._heard.committed(event)
            case PaymentAuthorized(), Payment() if state.authorization:
                raise Violation("an order was authorized twice", commit.stream, commit.sequence)
            case PaymentCaptured(), Payment():
                if state.captures[event.capture_id].status == "captured":
                    raise Violation("one capture was made twice", commit.stream, commit.sequence)
                if state.amount is None or state.captured + event.amount + event.held > state.amount.amount:
                    raise Violation("more was taken than was authorized", commit.stream, commit.sequence)
            case PaymentRefunded(), Payment() if state.refunded + event.amount > state.captured:
                raise Violation("more was given back than was taken", commit.stream, commit.sequence)

    def _require_no_suspicion(self) -> None:
        if self._suspicions:
            raise self._suspicions[0]

    # --- at rest ---

    def at_rest(self, cloud: Cloud, tally: Tally) -> None:
        """Everything has happened and every fault is over: all that was begun is done, and all agrees."""
        self._require_no_suspicion()
        if unread := [reader.capability.name for reader in cloud.readers if not reader.caught_up]:
            raise Violation("a stream is not read to its end", *unread)
        for queue in cloud.queues.values():
            if queue.messages:
                raise Violation("messages are left in a queue", queue.name, len(queue.messages))
            if lost := [message.body for message in queue.dead if not is_poison(message)]:
                raise Violation("a good message cannot be handled", queue.name, lost[0])
        if tally.unanswered or tally.contradictions:
            raise Violation("callers were not told the truth", *tally.unanswered, *tally.contradictions)
        unpublished = {one for line in self._line.values() for one in line} - self.published
        if unpublished:
            raise Violation("committed, but never published", *sorted(unpublished)[:5])
        self._stock(cloud, tally)
        self._orders(cloud, tally)
        for service in sorted(set(self.services.values())):
            self._views(cloud, service)
        self._assortment(cloud, tally)
        self._lists(tally)

    def _stock(self, cloud: Cloud, tally: Tally) -> None:
        """Of what does not move, what was put in and not taken out lies there."""
        expected = dict(tally.stock)
        for stream, holding in self._states("Holding"):
            place = stream.partition("#")[2]
            for sku, units in holding.units.items():
                if sku not in tally.book.wares and units != expected.pop((place, sku), 0):
                    raise Violation("stock is not what was put in and taken out", place, sku, units)
        if wrong := {key: units for key, units in expected.items() if units}:
            raise Violation("stock is missing", wrong)
        self._stockroom.at_rest(self.states, tally.book, self._outgoing.cartons_gone)
        self._outgoing.at_rest(self.states, tally.book)
        check_allocations(self.states, cloud.scheduler.now.date().isoformat(), self._outgoing.gone)
        check_tasks(self.states)
        check_postage(self.states, cloud.carrier, (key for _, key in cloud.objects))
        self._heard.at_rest(self.states, cloud.carrier, tally.book.told)

    def _orders(self, cloud: Cloud, tally: Tally) -> None:
        claims: dict[str, str] = {}
        for stream, promise in self._states("Promise"):
            claims |= dict.fromkeys((f"{stream} {key}" for key in promise.reserved), LINE_RESERVED)
            claims |= dict.fromkeys((f"{stream} {key}" for key in promise.waiting), LINE_BACKORDERED)
        orders = dict(self._states("Order"))
        replacing = {f"for {one}": one for order in orders.values() for one in replacements(order)}
        placed = tally.orders | replacing
        if len(set(placed.values())) != len(placed) or {f"Order#{one}" for one in placed.values()} < set(orders):
            raise Violation("orders were lost or doubled", len(placed), len(orders))
        for name, order_id in placed.items():
            order: Order | None = orders.get(f"Order#{order_id}")
            if order is None:
                raise Violation("an acknowledged order does not exist", name, order_id)
            payment: Payment = self.states.get(f"Payment#{order_id}", Payment())
            self._order(cloud, tally, order, payment, claims)
        if claims:
            raise Violation("stock is claimed by nobody", *list(claims)[:3])
        self._money(cloud, orders, tally)

    def _order(self, cloud: Cloud, tally: Tally, order: Order, payment: Payment, claims: dict[str, str]) -> None:
        for line in order.lines.values():
            claim = claims.pop(
                f"Promise#{order.warehouse}#{line.sku} {line_key(order.order_id, line.line_id)}", None
            )
            if claim != _CLAIMS.get(line.status, line.status):
                raise Violation("order and promise disagree", order.order_id, line.line_id, line.status, claim)
        if order.status == CANCELLED:
            if not self._may_be_cancelled(cloud, tally, order, payment):
                raise Violation("an order was cancelled without a reason", order.order_id, order.reason)
            return
        given_up = tally.cancelled.get(order.order_id) == 202 or payment.status in (
            "declined",
            "abandoned",
            "voided",
        )
        if given_up and not order.sent:
            raise Violation("an order goes on that should be cancelled", order.order_id, order.status)
        if order.warehouse in tally.book.sending:
            check_end(order)
            return
        expected = (BACKORDERED,) if order.lines_in(LINE_BACKORDERED) else (RESERVED, ALLOCATING, ALLOCATED)
        if order.status not in expected:
            raise Violation("an order is not where its history puts it", order.order_id, order.status, expected)

    def _may_be_cancelled(self, cloud: Cloud, tally: Tally, order: Order, payment: Payment) -> bool:
        reason = order.reason
        if reason.startswith("payment-declined"):
            return payment.status == "declined" or payment.status == "voided"
        if reason.startswith("payment-unavailable"):
            return payment.attempts > 0
        if reason in ("payment-timeout", "reservation-timeout", "backorder-expired"):
            return cloud.scheduler.seconds > 3 * AUTHORIZATION_TIME.total_seconds()
        return tally.cancelled.get(order.order_id) == 202

    def _money(self, cloud: Cloud, orders: Mapping[str, Order], tally: Tally) -> None:
        """The provider holds, has taken and has given back what our books say, and what callers were told."""
        moved = _moved(cloud)
        for order in orders.values():
            payment: Payment = self.states.get(f"Payment#{order.order_id}", Payment())
            held, captured, refunded = moved.pop(order.order_id, (0, 0, 0))
            if (held, captured, refunded) != (payment.held, payment.captured, payment.refunded):
                raise Violation("the provider and our books disagree about money", order.order_id, order.status)
            wanted = 0 if order.status == CANCELLED or _is_settled(order) else order.total.amount - captured
            if held != wanted:
                raise Violation("the provider holds the wrong money", order.order_id, order.status)
            if due(payment) is not None:
                raise Violation("the provider has not been asked what is due", order.order_id)
        if moved:
            raise Violation("money is held for nobody", *moved)
        for (order_id, capture_id), (status, amount) in tally.captures.items():
            capture = self.states.get(f"Payment#{order_id}", Payment()).captures.get(capture_id)
            if status == 202 and (capture is None or capture.amount != amount or capture.status == "asked"):
                raise Violation("a capture was accepted and not made", order_id, capture_id)
        for (order_id, refund_id), (status, amount) in tally.refunds.items():
            refund = self.states.get(f"Payment#{order_id}", Payment()).refunds.get(refund_id)
            if status == 202 and (refund is None or refund.outstanding or refund.refunded > refund.amount):
                raise Violation("a refund was accepted and not made", order_id, refund_id, amount)

    def _views(self, cloud: Cloud, service: str) -> None:
        """Each document is the fold of its stream, with that stream's version and its index keys.

        It may be a few commits behind of which nobody sees anything in it.
        """
        table = cloud.database.tables[f"{service}-views"]
        expected: dict[tuple[str, str], Item] = {}
        for projection in projections(service):
            for stream, commits in self.commits.items():
                if (self.services[stream], stream.partition("#")[0]) == (service, projection.category):
                    decider = self._deciders[service, projection.category]
                    documents = _documents(projection, decider, stream, commits)
                    key = projection.key(stream)
                    behind = table.get({"pk": {"S": key[0]}, "sk": {"S": key[1]}})
                    version = int(behind["version"]["N"]) % COMMITS_OF_A_FILLING if behind else 0
                    if version < commits[-1].sequence:
                        latest = _unseen_since(projection, decider, stream, commits, version)
                        if latest is None:
                            raise Violation("a view is behind with what is seen", service, *key)
                        documents.pop(key)
                        if behind:
                            documents[key] = latest
                    expected |= documents
        for item in table.items():
            key = (item["pk"]["S"], item["sk"]["S"])
            if key[1].partition("#")[0] in COPIES:
                continue
            wanted = expected.pop(key, None)
            shown = {name: value for name, value in item.items() if name not in ("pk", "sk")}
            if wanted is None or msgspec.json.decode(shown.pop("body")["S"]) != msgspec.json.decode(
                wanted.pop("body")["S"]
            ):
                raise Violation("a view is not the fold of its events", service, *key)
            shown["version"] = {"N": str(int(shown["version"]["N"]) % COMMITS_OF_A_FILLING)}
            if shown != wanted:
                raise Violation("a view has a wrong version or index", service, *key)
        if expected:
            raise Violation("a view lacks documents", service, *list(expected)[:3])

    def _assortment(self, cloud: Cloud, tally: Tally) -> None:
        for service in ("orders", "receiving"):
            known = {
                item["pk"]["S"].partition("#")[2]
                for item in cloud.database.tables[f"{service}-views"].items()
                if item["sk"]["S"] == "Article"
            }
            if known != tally.products:
                raise Violation(f"{service} does not know the products", *(known ^ tally.products))

    def _lists(self, tally: Tally) -> None:
        """Every list shows what there is, each once, whatever the pages."""
        orders = dict(self._states("Order"))
        expected: dict[str, list[str]] = defaultdict(list)
        expected["/inventory/products"] = sorted(tally.products)
        expected["/inventory/stock"] = [
            stream.rpartition("#")[2]
            for stream, _ in self._states("Promise")
            if stream.startswith("Promise#MAIN#")
        ]
        for order in orders.values():
            for name in ("/orders", f"/orders {order.channel}", f"/orders {order.status}"):
                expected[name].append(order.order_id)
        for name, shown in tally.listed.items():
            if sorted(shown) != sorted(expected[name]):
                raise Violation("a list is not what there is", name, len(shown), len(expected[name]))

    def _states(self, category: str) -> Iterator[tuple[str, Any]]:
        for stream, state in self.states.items():
            if stream.partition("#")[0] == category:
                yield stream, state


def _is_settled(order: Order) -> bool:
    """Whether all of it that ever leaves has left and is paid: nothing is held for it any more."""
    return bool(order.sent) and order.all_sent and not order.in_debt


def _moved(cloud: Cloud) -> dict[str, tuple[int, int, int]]:
    """By order what the provider really holds, has taken, and has given back."""
    found: dict[str, tuple[int, int, int]] = {}
    for service in cloud.system.services:
        for row in cloud.database.tables[service.ledger_table].items() if service.ledger_table else ():
            if "order_id" not in row:
                continue
            held, captured, refunded = found.get(row["order_id"]["S"], (0, 0, 0))
            if row["money"]["S"] == "held":
                held += int(row["left"]["N"] if "left" in row else row["amount"]["S"])
            for name, value in row.items():
                if name.startswith(("capture/", "refund/")):
                    movement = codec.from_json(value["S"], Movement)
                    amount = movement.amount if movement.reference else 0
                    captured += amount if name.startswith("capture/") else 0
                    refunded += amount if name.startswith("refund/") else 0
            if held or captured:
                found[row["order_id"]["S"]] = (held, captured, refunded)
    return found


def check_state(stream: str, state: Any) -> None:
    """What holds after every single commit."""
    match state:
        case Holding():
            if any(units < 0 for units in state.units.values()):
                raise Violation("fewer than no units", stream)
        case Promise():
            _check_promise(stream, state)
        case Order():
            _check_order(stream, state)


def check_turn(stream: str, promise: Promise, served: LineReserved) -> None:
    """Whoever waits is served in the order of promises, except those for whom there is too little."""
    turn = (served.promised_at, served.order_id, int(served.line_id))
    if any(other.age < turn and other.quantity <= promise.available_units for other in promise.waiting.values()):
        raise Violation("a younger promise was served before an older", stream, served)


def _check_promise(stream: str, promise: Promise) -> None:
    supply = sum(count.sellable(promise.today) for count in promise.supply.values())
    if promise.sellable_units != supply - promise.gone.sellable(promise.today):
        raise Violation("the books of a promise do not add up", stream)
    if promise.reserved_units != sum(claim.quantity for claim in promise.reserved.values()):
        raise Violation("the books of a promise do not add up", stream)
    if promise.reserved_units > promise.sellable_units and not promise.unsettled:
        raise Violation("oversold", stream, promise.reserved_units, promise.sellable_units)
    free = promise.available_units
    if not promise.unsettled and any(claim.quantity <= free for claim in promise.waiting.values()):
        raise Violation("somebody waits although there is enough", stream)
    if set(promise.reserved) & set(promise.waiting):
        raise Violation("a line is promised and waits", stream)


_CLAIMS = {LINE_RELEASED: None, LINE_SHIPPED: None, LINE_ALLOCATED: LINE_RESERVED}
"""What the promise has of a line whose status it does not share."""


def _check_order(stream: str, order: Order) -> None:
    if order.status == RESERVED:
        if any(line.status not in (LINE_RESERVED, LINE_ALLOCATED) for line in order.lines.values() if line.wanted):
            raise Violation("an order is reserved without its stock", stream)
        if order.total.amount and order.payment != "authorized":
            raise Violation("an order is reserved without its money", stream)
    if order.status == CANCELLED and order.payment in ("requested", "authorized"):
        raise Violation("an order is over and holds money", stream)


def deciders(modules: Mapping[str, Any]) -> dict[tuple[str, str], Decider[Any]]:
    """Every decider of the services, by service and category."""
    return {
        (name.partition(".")[0], value.category): value
        for name, module in modules.items()
        for value in vars(module).values()
        if isinstance(value, Decider)
    }


def projections(service: str) -> list[Projection[Any]]:
    """The projections of a service's read model."""
    module = __import__(f"{service}.views", fromlist=["views"])
    found: list[Projection[Any]] = []
    for value in vars(module).values():
        if isinstance(value, Projection):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(one for one in value if isinstance(one, Projection))
    return found


def _documents(
    projection: Projection[Any], decider: Decider[Any], stream: str, commits: list[Commit]
) -> dict[tuple[str, str], Item]:
    """What the views hold of a stream: its document, its parts, and the entries beside them."""
    shown = projection.after(decider.catalog, projection.start(stream), commits)
    pk, sk = projection.key(stream)
    found = {key: _item(entry.document, sequence, entry.index) for key, (entry, sequence) in shown.entries.items()}
    if projection.parts is not None:
        for name, (part, sequence) in shown.parts.items():
            found[pk, projection.parts.prefix + name] = _item(part, sequence, projection.parts.index(part))
    return found | {(pk, sk): _item(shown.document, commits[-1].sequence, projection.index(shown.document))}


def _unseen_since(
    projection: Projection[Any], decider: Decider[Any], stream: str, commits: list[Commit], version: int
) -> Item | None:
    """The document of commit `version`, if nobody sees anything of the few commits behind it."""
    if len(commits) - version > UNWRITTEN_AT_MOST:
        return None
    document = projection.after(decider.catalog, projection.start(stream), commits[:version]).document
    latest = projection.after(decider.catalog, projection.start(stream), commits).document
    if projection.seen(latest) != projection.seen(document) or not (version or projection.seen(latest) is None):
        return None
    return _item(document, version, projection.index(document))


def _item(document: Struct, sequence: int, index: Mapping[str, str]) -> Item:
    return {
        "version": {"N": str(sequence)},
        "body": {"S": codec.to_json(document).decode()},
        **{name: {"S": value} for name, value in index.items()},
    }


def _from_outside(command: CommandMetadata) -> bool:
    """Whether a person, a schedule or a carrier's message has asked for it."""
    return not command.causation_id or command.causation_id.startswith(SWEEPS) or command.actor == "easypost"


def _trace(traceparent: str) -> str:
    return traceparent[3:35]
