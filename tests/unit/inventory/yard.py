"""A warehouse in which everything goes on by itself: goods come in, tasks are made, orders get their units."""

from typing import Any

from inventory.aggregates import ALLOCATION, PUT_AWAY
from inventory.domain.check_digits import derived_check_digits
from inventory.domain.order_allocation import Allocation
from inventory.domain.putaway import PutAway
from shared.envelope import CloudEvent
from tests.support.landscape import Answer
from tests.unit.inventory.stockroom import order
from tests.unit.inventory.warehouse import Warehouse, number

AT = "2026-01-31T09:30:00.000Z"
PUT_AWAY_TASKS = ("inventory", "put_away_tasks")


def shipment() -> str:
    """The id of a shipment that no other test knows."""
    return f"5b0c7a52-0000-8000-8000-{number():012d}"


def new_order() -> str:
    """The id of an order that no other test knows."""
    return order(1_000_000 + number())


class Yard(Warehouse):
    """A warehouse and its orders, as far as inventory hears of them."""

    skipped: tuple[str, ...] = ()

    def deliver(self, *events: CloudEvent) -> None:
        """Show what happened in the lists, then hand events to inventory's reactions; all must be handled."""
        self.landscape.project("inventory")
        consumers = dict.fromkeys(
            consumer
            for event in events
            for consumer in self.landscape.subscribers(event.type)
            if consumer[0] == "inventory" and consumer[1] not in self.skipped
        )
        for consumer in consumers:
            mine = [one for one in events if consumer in self.landscape.subscribers(one.type)]
            assert self.landscape.deliver(consumer, *mine) == [], consumer

    def settle(self) -> list[CloudEvent]:
        """Go on until nothing is left, and show the end in the lists."""
        happened = super().settle()
        self.landscape.project("inventory")
        return happened

    # --- what comes in ---

    def receive(
        self, sku: str, units: int, dock: str, shipment_id: str = "", receipt: int = 1, **more: Any
    ) -> str:
        """Goods of one line come in. Returns the shipment's id."""
        shipment_id = shipment_id or shipment()
        self.tell(
            "receiving.GoodsReceived",
            {
                "shipment_id": shipment_id,
                "warehouse": "MAIN",
                "location": dock,
                "receipt": receipt,
                "supplier": "ACME",
                "occurred_at": AT,
                "lines": [{"line": 1, "sku": sku, "units": units, "status": "available", **more}],
            },
        )
        self.settle()
        return shipment_id

    def tasks(self, holding: str) -> list[PutAway]:
        """The tasks for a holding's goods, as they are."""
        found: list[PutAway] = []
        for status in ("open", "undirected", "confirmed", "cancelled"):
            answer = self.landscape.call(
                "GET", "/inventory/put-away-tasks", query={"status": status, "limit": "200"}
            )
            assert answer.status == 200, answer
            found += [self.task(one["task_id"]) for one in answer.body["items"] if one["holding"] == holding]
        return found

    def task(self, task_id: str) -> PutAway:
        """A task."""
        return self.landscape.history("inventory").load(PUT_AWAY, PUT_AWAY.stream_id(task_id)).state

    def ask(self, task: PutAway, what: str, body: object = None, key: str = "", actor: str = "ann") -> Answer:
        """POST something of a task."""
        path = f"/inventory/put-away-tasks/{task.task_id}/{what}"
        return self.landscape.call("POST", path, body, key=key or f"key-{number()}", actor=actor)

    def confirm(self, task: PutAway, location: str = "", key: str = "", actor: str = "ann", **more: Any) -> Answer:
        """Confirm a task at a location, by its check digits."""
        place = location or task.location
        body = {"location": place, "check_digits": derived_check_digits(place), **more}
        return self.ask(task, "confirmation", body, key, actor)

    # --- what orders want ---

    def reserve(self, order_id: str, *lines: tuple[str, int]) -> None:
        """An order asks for the promise of its lines."""
        self.tell(
            "orders.ReservationRequested",
            {
                "order_id": order_id,
                "warehouse": "MAIN",
                "promised_at": AT,
                "lines": [
                    {"line_id": str(place), "sku": sku, "quantity": units}
                    for place, (sku, units) in enumerate(lines, 1)
                ],
            },
        )
        self.settle()

    def release(self, order_id: str, *lines: tuple[str, int], promise: int = 10**9) -> CloudEvent:
        """An order is released to picking."""
        event = self.tell("orders.AllocationRequested", self.released(order_id, *lines, promise=promise))
        self.settle()
        return event

    def released(self, order_id: str, *lines: tuple[str, int], promise: int = 10**9) -> dict[str, Any]:
        """What an order that is released says."""
        return {
            "order_id": order_id,
            "warehouse": "MAIN",
            "lines": [
                {"line_id": str(place), "sku": sku, "quantity": units, "promise": promise}
                for place, (sku, units) in enumerate(lines, 1)
            ],
        }

    def give_up(self, order_id: str, *skus: str) -> None:
        """An order is cancelled."""
        lines = [{"line_id": str(place), "sku": sku} for place, sku in enumerate(skus, 1)]
        self.tell(
            "orders.ReservationReleaseRequested", {"order_id": order_id, "warehouse": "MAIN", "lines": lines}
        )
        self.settle()

    def allocation(self, order_id: str) -> Allocation:
        """An order's allocation."""
        return self.landscape.history("inventory").load(ALLOCATION, ALLOCATION.stream_id(order_id)).state

    def set_aside(self, holding: str, order_id: str = "") -> int:
        """Units of a holding that are set aside for an order (or any)."""
        return sum(
            units
            for item in self.holding(holding).items.values()
            for line, units in item.allocated
            if line.startswith(order_id)
        )
