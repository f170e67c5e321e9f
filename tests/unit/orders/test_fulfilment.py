"""The saga across orders, payments and inventory: real handlers, and a bus that delivers anyhow, also twice."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from inventory.aggregates import PROMISE
from orders.domain.states import WAIT_PROVIDER
from payments.domain import PAYMENTS
from shared import aws
from shared.envelope import CloudEvent
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Consumer, Landscape
from tests.unit.orders.counter import ASSORTMENT, Counter, answer, authorized, registered, reserved, short, unused

SERVICES = ("orders", "payments", "inventory")
LEDGER = "payments-sandbox"


class Bus:
    """Carries what the outboxes publish to the queues that the map names, and hands it out as queues may."""

    def __init__(self, landscape: Landscape, chance: Random, services: Sequence[str] = SERVICES) -> None:
        self._landscape = landscape
        self._chance = chance
        self._services = services
        self._queues: dict[Consumer, list[CloudEvent]] = {}

    def carry(self, event: CloudEvent) -> None:
        """Put an event into the queues of those who hear it."""
        for consumer in self._landscape.subscribers(event.type):
            if consumer[0] in self._services:
                copies = self._chance.choice((1, 1, 1, 2))
                self._queues.setdefault(consumer, []).extend([event] * copies)

    def settle(self) -> None:
        """Go on until nothing is under way any more."""
        for _ in range(2_000):
            for service in self._services:
                for event in self._landscape.publish(service):
                    self.carry(event)
            waiting = [consumer for consumer, messages in self._queues.items() if messages]
            if not waiting:
                return
            self._hand_out(self._chance.choice(waiting))
        raise AssertionError(f"this never ends: {self._queues}")

    def _hand_out(self, consumer: Consumer) -> None:
        """One batch of any messages in any order, to a worker that now and then dies over it."""
        queue = self._queues[consumer]
        self._chance.shuffle(queue)
        batch = [queue.pop() for _ in range(min(len(queue), self._chance.randint(1, 12)))]
        moment = self._chance.randint(0, 5) if self._chance.random() < 0.15 else -1
        failed = list(range(len(batch)))
        with at_moment(aws.dynamodb(), moment, die), suppress(Died):
            failed = self._landscape.deliver(consumer, *batch)
        queue.extend(batch[place] for place in failed)


class Wish(Struct, frozen=True):
    """An order as the test wants it, and whether its customer gives it up later."""

    quantities: tuple[int, ...]
    method: str
    cancelled: bool


wishes = st.builds(
    Wish,
    st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["tok_accepted", "tok_accepted", "tok_declined", "tok_timeout_once", "tok_timeout_always"]),
    st.sampled_from([False, False, False, True]),
)


class Trade:
    """Some products with some stock, and customers who want them."""

    def __init__(self, counter: Counter, chance: Random) -> None:
        self.counter = counter
        self.landscape = counter.landscape
        self.skus = [unused("SKU") for _ in range(3)]
        self.places = {sku: unused("A") for sku in self.skus}
        self.bus = Bus(self.landscape, chance)
        for sku in self.skus:
            self._put(f"products/{sku}", {"name": sku})
            self._put(f"locations/{self.places[sku]}", {"zone": "A", "aisle": "1", "bay": "1", "level": "1"})
            self.landscape.deliver(ASSORTMENT, registered(sku))

    def _put(self, path: str, body: object) -> None:
        assert self.landscape.call("PUT", f"/inventory/{path}", body).status == 200

    def adjust(self, quantity: int) -> None:
        """Add units to every product, or take them away as far as they are there."""
        for sku, place in self.places.items():
            body = {"sku": sku, "location": place, "quantity": quantity, "reason": "counted"}
            path = "/inventory/stock/adjustments"
            assert self.landscape.call("POST", path, body, key=unused("key")).status in (201, 409)

    def order(self, wish: Wish) -> str:
        """Place what is wished for."""
        lines = list(zip(self.skus, wish.quantities, strict=False))
        return self.counter.place(*lines, payment={"method": wish.method})

    def promised(self) -> Iterator[tuple[str, dict[str, int], dict[str, int], int]]:
        """Per SKU: units by order line that are reserved, that are waited for, and units on hand."""
        history = self.landscape.history("inventory")
        for sku in self.skus:
            books = history.load(PROMISE, PROMISE.stream_id("MAIN", sku)).state
            yield (
                sku,
                {key: claim.quantity for key, claim in books.reserved.items()},
                {key: claim.quantity for key, claim in books.waiting.items()},
                books.sellable_units,
            )

    def holds(self, order_id: str) -> tuple[int, bool]:
        """How many authorizations the provider has for the order, and whether it holds money."""
        rows = aws.dynamodb().scan(TableName=LEDGER)["Items"]
        own = [row for row in rows if order_id in row["pk"]["S"] and row.get("authorization", {}).get("S")]
        return len(own), any(row["money"]["S"] == "held" for row in own)


def expected(wish: Wish) -> set[str]:
    """Where an order may end that its customer has wished for like that."""
    if wish.cancelled or wish.method == "tok_declined":
        return {"cancelled"}
    if wish.method == "tok_timeout_always":
        return {"placed"}
    return {"reserved", "backordered"}


def assert_settled(trade: Trade, placed: dict[str, Wish]) -> None:
    """Every order is where its history justifies, and nobody holds more or less than that."""
    reserved_lines: Tally[str] = Tally()
    waiting_lines: Tally[str] = Tally()
    for order_id, wish in placed.items():
        order = trade.counter.order(order_id)
        assert order.status in expected(wish), (wish, trade.counter.happened(order_id))
        statuses = {line.status for line in order.lines.values()}
        if order.status == "backordered":
            assert "backordered" in statuses <= {"reserved", "backordered"}
        else:
            assert statuses == {{"placed": "pending", "reserved": "reserved"}.get(order.status, "released")}
        for line in order.lines_in("reserved"):
            reserved_lines[f"{order_id}/{line.line_id}"] = line.quantity
        for line in order.lines_in("backordered"):
            waiting_lines[f"{order_id}/{line.line_id}"] = line.quantity
        authorizations, held = trade.holds(order_id)
        assert authorizations <= 1
        assert held == (order.status in ("placed", "reserved", "backordered"))
        payment = trade.landscape.history("payments").load(PAYMENTS, PAYMENTS.stream_id(order_id)).state
        assert (payment.status == "authorized" or payment.is_parked) == held
        assert payment.is_parked == (order.waiting_for == WAIT_PROVIDER) == (order.status == "placed")
        if wish.method == "tok_declined":
            assert "ReservationRequested" not in trade.counter.happened(order_id)
    in_the_books: dict[str, int] = {}
    on_the_list: dict[str, int] = {}
    for _, reserved_units, waiting_units, on_hand in trade.promised():
        in_the_books |= reserved_units
        on_the_list |= waiting_units
        assert sum(reserved_units.values()) <= on_hand
        free = on_hand - sum(reserved_units.values())
        assert all(quantity > free for quantity in waiting_units.values()), "a line waits that could be served"
    assert in_the_books == dict(reserved_lines), "stock reserved is the sum of the reserved lines"
    assert on_the_list == dict(waiting_lines)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(wishes, min_size=1, max_size=6),
    stock=st.integers(0, 12),
    later=st.sampled_from([-3, 0, 4, 20]),
    chance=st.integers(0, 2**32).map(Random),
)
def test_every_order_ends_where_its_history_justifies(
    counter: Counter, wanted: list[Wish], stock: int, later: int, chance: Random
) -> None:
    trade = Trade(counter, chance)
    if stock:
        trade.adjust(stock)
    placed = {trade.order(wish): wish for wish in wanted}
    if chance.random() < 0.5:
        trade.bus.settle()
    for order_id, wish in placed.items():
        if wish.cancelled:
            assert counter.cancel(order_id).status == 202
    if later:
        trade.adjust(later)
    trade.bus.settle()
    assert_settled(trade, placed)
    trade.adjust(100)
    trade.bus.settle()
    assert_settled(trade, placed)
    assert {counter.order(order_id).status for order_id in placed} <= {"placed", "reserved", "cancelled"}


def test_a_batch_of_answers_to_one_order_is_one_write(counter: Counter) -> None:
    sku = counter.sku()
    order_id = counter.place(*[(sku, 1)] * 50)
    counter.tell(authorized(order_id))
    before = len(counter.commits(order_id))
    assert counter.tell(*(reserved(order_id, line, line) for line in range(1, 51))) == []
    assert len(counter.commits(order_id)) == before + 1
    assert counter.order(order_id).status == "reserved"


def test_an_answer_to_an_order_that_nobody_knows_fails_alone(counter: Counter) -> None:
    order_id = counter.place()
    stranger = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
    assert counter.tell(authorized(stranger), authorized(order_id), answer("orders.Unknown", order_id)) == [2, 0]
    assert counter.order(order_id).status == "reserving"


def test_an_order_short_of_one_line_is_reserved_when_that_line_is(counter: Counter) -> None:
    order_id = counter.place((counter.sku(), 1), (counter.sku(), 1))
    counter.tell(authorized(order_id))
    counter.tell(short(order_id, 2), reserved(order_id, 1))
    assert counter.order(order_id).status == "backordered"
    counter.tell(reserved(order_id, 2, place=7))
    assert counter.order(order_id).status == "reserved"
