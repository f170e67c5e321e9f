"""A warehouse whose Lambdas run until nothing is left to do: what was committed is published and reacted to."""

from itertools import count
from typing import Any

from msgspec import structs

from inventory.aggregates import HOLDING, LOT, PROMISE
from inventory.domain.holding import Holding
from inventory.domain.lot import Lot
from inventory.domain.promise import Promise
from shared.envelope import CloudEvent
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

_numbers = count(1)
PLACE = {"zone": "A", "aisle": "01", "bay": "02", "level": "3"}
SIZE = {"dimensions": {"length_mm": 100, "width_mm": 100, "height_mm": 100}, "weight_g": 1_000}
LITRE = 1_000_000
"""Cubic millimetres; one unit of every product here."""


def number() -> int:
    """A number that no other test knows."""
    return next(_numbers)


class Warehouse:
    """Inventory as operators meet it."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    # --- what there is ---

    def product(self, tracking: str = "none", **more: object) -> str:
        """A registered product of a litre and a kilogram."""
        sku = f"P-{number()}"
        body = {"name": sku, "tracking": tracking, **SIZE, **more}
        assert self.landscape.call("PUT", f"/inventory/products/{sku}", body).status == 200
        return sku

    def place(self, kind: str = "bulk", warehouse: str = "MAIN", **more: object) -> str:
        """A registered location."""
        place = f"{warehouse[0]}-{number()}"
        body = {**PLACE, "kind": kind, "warehouse": warehouse, **more}
        assert self.landscape.call("PUT", f"/inventory/locations/{place}", body).status == 200
        return place

    def unit(self, location: str, type: str = "pallet", **more: object) -> str:
        """A handling unit of ours."""
        answer = self.post("/inventory/handling-units", {"type": type, "location": location, **more})
        assert answer.status == 201, answer.body
        return str(answer.body["sscc"])

    def holding(self, holding: str) -> Holding:
        """The books of a place or container."""
        return self.landscape.history("inventory").load(HOLDING, HOLDING.stream_id(holding)).state

    def promise(self, sku: str, warehouse: str = "MAIN") -> Promise:
        """The books of a product's promise."""
        return self.landscape.history("inventory").load(PROMISE, PROMISE.stream_id(warehouse, sku)).state

    def lot(self, sku: str, lot: str) -> Lot:
        """What is known of a lot."""
        return self.landscape.history("inventory").load(LOT, LOT.stream_id(sku, lot)).state

    def units(self, holding: str, sku: str, status: str = "available", lot: str | None = None) -> int:
        """Units of a status (and lot) in one holding."""
        return sum(
            item.units
            for item in self.holding(holding).items.values()
            if (item.sku, item.status) == (sku, status) and lot in (None, item.lot)
        )

    # --- what is asked ---

    def post(self, path: str, body: object, key: str = "") -> Answer:
        """POST with a key, or a new one."""
        return self.landscape.call("POST", path, body, key=key or f"key-{number()}")

    def adjust(self, sku: str, location: str, quantity: int, key: str = "", **more: object) -> Answer:
        """Add units to a place, or take them."""
        body = {"sku": sku, "location": location, "quantity": quantity, "reason": "found", **more}
        return self.post("/inventory/stock/adjustments", body, key)

    def move(self, sku: str, origin: str, to: str, units: int | None, key: str = "", **more: object) -> Answer:
        """Move loose goods."""
        goods = {"sku": sku, **({"units": units} if units else {}), **more}
        return self.post("/inventory/stock/moves", {"from": origin, "to": to, "goods": [goods]}, key)

    def pack(self, sku: str, origin: str, sscc: str, units: int, key: str = "", **more: object) -> Answer:
        """Put goods onto a unit."""
        body = {"from": origin, "goods": [{"sku": sku, "units": units, **more}]}
        return self.post(f"/inventory/handling-units/{sscc}/contents", body, key)

    def bring(self, sscc: str, to: str, key: str = "", **more: object) -> Answer:
        """Move a unit."""
        return self.post(f"/inventory/handling-units/{sscc}/moves", {"to": to, **more}, key)

    # --- what happens by itself ---

    def settle(self) -> list[CloudEvent]:
        """Publish and deliver until nothing is left, each message twice, the second in the reverse order."""
        happened: list[CloudEvent] = []
        while events := self.landscape.publish("inventory"):
            happened += events
            self.deliver(*events)
            self.deliver(*reversed(events))
        return happened

    def deliver(self, *events: CloudEvent) -> None:
        """Hand events to inventory's own reactions; all must be handled."""
        for consumer in (("inventory", "arrivals"), ("inventory", "reservation")):
            mine = [one for one in events if consumer in self.landscape.subscribers(one.type)]
            if mine:
                assert self.landscape.deliver(consumer, *mine) == []

    def tell(self, type: str, data: dict[str, Any], event_id: str = "") -> CloudEvent:
        """An event of another service, delivered."""
        event = bus_event(event_id or f"Other#{number()}@1.0", data, type=type)
        self.deliver(event)
        return structs.replace(event)
