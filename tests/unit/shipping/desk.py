"""What tests of shipping do again and again."""

from itertools import count
from typing import Any

import msgspec

from shared import ids
from shared.envelope import CloudEvent
from shared.gs1 import check_digit
from shipping.aggregates import SHIPMENT
from shipping.domain.shipment import Shipment
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

LABELS = ("shipping", "labels")
DISPATCH = ("shipping", "dispatch")
BERLIN = {
    "name": "Kim Example",
    "street1": "Langer Weg 12",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
HAMBURG = BERLIN | {"city": "Hamburg", "postal_code": "20095"}
PARIS = BERLIN | {"city": "Paris", "postal_code": "75001", "country": "FR"}

FLEET: dict[str, Any] = {
    "currency": "EUR",
    "zones": [
        {"zone": "city", "country": "DE", "postal_prefixes": ["10", "12"]},
        {"zone": "country", "country": "DE"},
        {"zone": "neighbours", "country": "AT"},
    ],
    "rates": [
        {"service": "standard", "zone": "city", "up_to_g": 5_000, "amount": 390},
        {"service": "standard", "zone": "city", "up_to_g": 30_000, "amount": 690},
        {"service": "standard", "zone": "country", "up_to_g": 30_000, "amount": 990},
        {"service": "express", "zone": "city", "up_to_g": 30_000, "amount": 1_490},
    ],
}

_numbers = count(1)


def new_id() -> str:
    """An id that no other test uses."""
    return ids.derived_id("test of shipping", str(next(_numbers)))


def new_sscc() -> str:
    """An SSCC that no other test uses."""
    body = f"10614141{next(_numbers):09d}"
    return f"{body}{check_digit(body)}"


def carton(sscc: str, weight_g: int = 2_000) -> dict[str, Any]:
    """A carton as orders tells of it."""
    return {"sscc": sscc, "length_mm": 400, "width_mm": 300, "height_mm": 200, "weight_g": weight_g}


def requested(order_id: str, shipment_id: str, *ssccs: str, number: int = 7, **more: object) -> CloudEvent:
    """An order asks for a shipment, by the event at that place of its history."""
    data = {
        "order_id": order_id,
        "shipment_id": shipment_id,
        "warehouse": "MAIN",
        "ship_to": BERLIN,
        "cartons": [carton(sscc) for sscc in ssccs],
        "value": {"amount": 5_000, "currency": "EUR"},
    }
    return _told("ShipmentRequested", order_id, number, data | more)


def goes_to(order_id: str, shipment_id: str, ship_to: object, number: int = 8) -> CloudEvent:
    """An order's shipment is to go elsewhere."""
    data = {"order_id": order_id, "shipment_ids": [shipment_id], "ship_to": ship_to}
    return _told("ShipToChanged", order_id, number, data)


def called_off(order_id: str, *shipment_ids: str, number: int = 9) -> CloudEvent:
    """An order's shipments are not to leave."""
    data = {"order_id": order_id, "shipment_ids": list(shipment_ids), "reason": "customer changed their mind"}
    return _told("ShipmentCancellationRequested", order_id, number, data)


def held(order_id: str, *shipment_ids: str, number: int, **holds: str) -> CloudEvent:
    """What stops an order now, by the event at that place of its history; nothing: it may go on."""
    listed = [{"kind": kind, "reason": reason} for kind, reason in holds.items()]
    data = {"order_id": order_id, "shipment_ids": list(shipment_ids), "holds": listed}
    return _told("ShipmentHoldsChanged", order_id, number, data)


def recalled(order_id: str, shipment_id: str, sscc: str, lot: str = "L1") -> CloudEvent:
    """Inventory says: a carton holds units of a recalled lot."""
    data = {
        "holding": sscc,
        "warehouse": "MAIN",
        "order_id": order_id,
        "shipment_id": shipment_id,
        "sku": "MILK-1L",
        "lot": lot,
        "reason": "Salmonella",
        "recalled_at": "2026-01-31T09:30:00.000Z",
    }
    return bus_event(f"Holding#{sscc}@9.{lot}", data, type="inventory.CartonRecalled", subject=f"Holding#{sscc}")


def _told(name: str, order_id: str, number: int, data: dict[str, Any]) -> CloudEvent:
    event = bus_event(f"Order#{order_id}@{number}.0", data, type=f"orders.{name}", subject=f"Order#{order_id}")
    return msgspec.structs.replace(event, sequence=f"{number:010d}.0000")


class Desk:
    """Asks shipping as people and other services do."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    def put_carrier(self, carrier: str = "own-fleet", **described: object) -> Answer:
        """Register a carrier, our own fleet when nothing else is said."""
        body = {"name": "Own Fleet", "fleet": FLEET} | described
        answer = self.landscape.call("PUT", f"/shipping/carriers/{carrier}", body)
        self.landscape.project("shipping")
        return answer

    def post(self, path: str, body: object, key: str | None = None, **more: Any) -> Answer:
        """A POST with a key of its own unless one is given."""
        return self.landscape.call("POST", path, body, key=key or f"key-{next(_numbers)}", **more)

    def get(self, path: str, **query: str) -> Answer:
        """A GET."""
        return self.landscape.call("GET", path, query=query)

    def deliver(self, *events: CloudEvent) -> list[int]:
        """Hand the labels' queue what orders asks; the places of the messages that have to come again."""
        return self.landscape.deliver(LABELS, *events)

    def shipment(self, *ssccs: str, **more: Any) -> tuple[str, str]:
        """A shipment as orders has asked for it: its order and its own id."""
        order_id, shipment_id = new_id(), new_id()
        assert self.deliver(requested(order_id, shipment_id, *(ssccs or (new_sscc(),)), **more)) == []
        self.landscape.project("shipping")
        return order_id, shipment_id

    def state(self, shipment_id: str) -> Shipment:
        """The shipment as its stream has it."""
        return self.landscape.history("shipping").load(SHIPMENT, SHIPMENT.stream_id(shipment_id)).state

    def facts(self, shipment_id: str) -> list[str]:
        """What has happened to the shipment, by name."""
        commits = self.landscape.history("shipping").read(SHIPMENT.stream_id(shipment_id))
        return [event.type.partition(".")[2] for commit in commits for event in commit.events]

    def published(self, name: str, shipment_id: str) -> list[dict[str, Any]]:
        """What the bus has carried of the shipment."""
        self.landscape.publish("shipping")
        data = [msgspec.json.decode(one.data) for one in self.landscape.bus if one.type == f"shipping.{name}"]
        return [one for one in data if one["shipment_id"] == shipment_id]

    def load(self, *ssccs: str, carrier: str = "own-fleet") -> str:
        """A load with cartons on it."""
        load_id = str(self.post("/shipping/loads", {"carrier": carrier, "vehicle": "B-SW 1042"}).body["load_id"])
        if ssccs:
            assert self.scan(load_id, *ssccs).body["refused"] == []
        return load_id

    def scan(self, load_id: str, *ssccs: str, key: str | None = None) -> Answer:
        """Scan cartons on."""
        return self.post(f"/shipping/loads/{load_id}/scans", {"ssccs": list(ssccs)}, key)

    def depart(self, load_id: str, **how: object) -> Answer:
        """Dispatch the load; its parts are on the bus afterwards and not delivered yet."""
        return self.post(f"/shipping/loads/{load_id}/dispatch", how)

    def parts(self, load_id: str) -> list[CloudEvent]:
        """The parts of a load that leave, as the bus has carried them."""
        self.landscape.publish("shipping")
        return [
            one
            for one in self.landscape.bus
            if one.type == "shipping.LoadDispatchStarted" and one.subject == f"Load#{load_id}"
        ]

    def leave(self, load_id: str) -> None:
        """Let the shipments of a dispatched load leave."""
        for part in self.parts(load_id):
            assert self.landscape.deliver(DISPATCH, part) == []
        self.landscape.project("shipping")
