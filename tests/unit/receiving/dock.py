"""What tests of receiving do at a dock: announce, arrive, log, close, and let events find their readers."""

from collections.abc import Mapping
from typing import Any

from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

Json = dict[str, Any]

PRODUCTS: list[Json] = [
    {"sku": "MUG", "name": "Mug", "gtin": "4006381333931", "packaging": [{"gtin": "14006381333938", "units": 24}]},
    {"sku": "MILK", "name": "Milk", "tracking": "lot_expiry", "category": "dairy", "minimum_shelf_life_days": 30},
    {"sku": "PAINT", "name": "Paint", "tracking": "lot"},
    {"sku": "DRILL", "name": "Drill", "tracking": "serial"},
]
PLACES: list[Json] = [
    {"location": "DOCK-1", "warehouse": "MAIN", "kind": "dock"},
    {"location": "STAGE-1", "warehouse": "MAIN", "kind": "staging"},
    {"location": "A-01", "warehouse": "MAIN", "kind": "bulk"},
    {"location": "DOCK-9", "warehouse": "OTHER", "kind": "dock"},
]
SSCC = "106141412345678908"
FRESH, STALE, LONG_GONE = "2999-12-31", "2000-01-02", "2000-01-01"


class Dock:
    """Receiving in a landscape; `calls` makes keys that differ."""

    def __init__(self, system: Landscape) -> None:
        self.system = system
        self._calls = 0
        for product in PRODUCTS:
            self.tell("ProductRegistered", f"Product#{product['sku']}", product)
        for place in PLACES:
            self.tell("LocationRegistered", f"Location#{place['location']}", place)

    def tell(self, event: str, subject: str, data: Mapping[str, object], service: str = "inventory") -> None:
        """Let receiving hear of an event of inventory."""
        kind = f"{service}.{event}"
        message = bus_event(f"{subject}@1.0", data, type=kind, subject=subject)
        for consumer in self.system.subscribers(kind):
            if consumer[0] == "receiving":
                assert self.system.deliver(consumer, message) == []

    def post(self, path: str, body: object, key: str = "") -> Answer:
        self._calls += 1
        return self.system.call("POST", f"/receiving{path}", body, key=key or f"call-{self._calls}")

    def get(self, path: str, **query: str) -> Any:
        answer = self.system.call("GET", f"/receiving{path}", query=query)
        assert answer.status == 200, answer
        return answer.body

    def announce(self, *lines: Json, reference: str = "ASN-1", **more: object) -> str:
        answer = self.post(
            "/shipments", {"supplier": "ACME", "reference": reference, "lines": list(lines), **more}
        )
        assert answer.status == 201, answer
        return str(answer.body["shipment_id"])

    def arrive(self, shipment: str, location: str = "DOCK-1") -> Answer:
        return self.post(f"/shipments/{shipment}/arrival", {"location": location})

    def arrived(self, *lines: Json, reference: str = "ASN-1", **more: object) -> str:
        shipment = self.announce(*lines, reference=reference, **more)
        assert self.arrive(shipment).status == 200
        return shipment

    def log(self, shipment: str, *entries: Json, key: str = "") -> Answer:
        return self.post(f"/shipments/{shipment}/receipts", {"entries": list(entries)}, key)

    def outcomes(self, shipment: str, *entries: Json) -> list[str]:
        answer = self.log(shipment, *entries)
        assert answer.status == 200, answer
        return [result["outcome"] for result in answer.body["results"]]

    def close(self, shipment: str) -> Answer:
        return self.post(f"/shipments/{shipment}/closing", {})

    def plan(self, plan: str, aql: str = "1.0", **more: object) -> None:
        answer = self.system.call("PUT", f"/receiving/inspection-plans/{plan}", {"aql": aql, **more})
        assert answer.status == 200, answer
        self.settle()

    def settle(self) -> None:
        """Let every event of receiving reach receiving's own readers, until nothing is new."""
        while events := self.system.publish("receiving"):
            for event in events:
                for consumer in self.system.subscribers(event.type):
                    if consumer[0] == "receiving":
                        assert self.system.deliver(consumer, event) == []
        self.system.project("receiving")

    def published(self, name: str) -> list[Json]:
        """The data of every event of that name that reached the bus."""
        import msgspec

        self.system.publish("receiving")
        return [msgspec.json.decode(event.data) for event in self.system.bus if event.type == f"receiving.{name}"]
