"""What tests of picking do: orders ask to be picked, waves are released, pickers go around."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import msgspec

from shared import ids
from shared.envelope import CloudEvent
from tests.support.clocks import MovableClock
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

Json = dict[str, Any]

PRODUCTS: list[Json] = [
    {"sku": "MUG", "name": "Mug", "gtin": "4006381333931", "packaging": [{"gtin": "14006381333938", "units": 24}]},
    {"sku": "MILK", "name": "Milk", "gtin": "4012345678901", "tracking": "lot_expiry", "weight_g": 1_050},
    {"sku": "DRILL", "name": "Drill", "gtin": "5901234123457", "tracking": "serial", "weight_g": 2_000},
]
PLACES: list[Json] = [
    {
        "location": f"{zone}-{aisle:02d}-{bay:02d}",
        "warehouse": "MAIN",
        "zone": zone,
        "aisle": f"{aisle:02d}",
        "bay": f"{bay:02d}",
        "kind": "pick_face",
        "coordinates": {"x_mm": 1_000 * bay, "y_mm": 3_000 * aisle},
        "check_digits": f"{aisle}{bay}",
    }
    for zone, aisle in (("A", 1), ("A", 2), ("B", 3))
    for bay in (1, 2, 3)
]
PACKING: Json = {
    "location": "PACK-1",
    "warehouse": "MAIN",
    "zone": "P",
    "aisle": "00",
    "bay": "00",
    "kind": "packing",
    "coordinates": {"x_mm": 0, "y_mm": 0},
}


def new_order() -> str:
    return ids.new_id()


def line(line_id: str, sku: str, *picks: Json, answer: int = 1, quantity: int | None = None) -> Json:
    units = sum(pick["units"] for pick in picks) if quantity is None else quantity
    return {"line_id": line_id, "sku": sku, "quantity": units, "answer": answer, "picks": list(picks)}


def visit(place: str, units: int, holding: str | None = None, **more: object) -> Json:
    return {"holding": holding or place, "place": place, "units": units, **more}


class Floor:
    """Picking in a landscape, where time stands still until it is passed."""

    def __init__(self, system: Landscape, clock: MovableClock) -> None:
        self.system = system
        self._clock = clock
        self._calls = count(1)
        for product in PRODUCTS:
            self.tell("inventory.ProductRegistered", product, f"Product#{product['sku']}")
        for place in (*PLACES, PACKING):
            self.tell("inventory.LocationRegistered", place, f"Location#{place['location']}")

    def pass_minutes(self, minutes: int) -> None:
        self._clock.pass_time(timedelta(minutes=minutes))

    def told(self, kind: str, data: Mapping[str, object], subject: str, commit: int = 1) -> CloudEvent:
        return bus_event(f"{subject}@{commit}.0", data, type=kind, subject=subject)

    def tell(self, kind: str, data: Mapping[str, object], subject: str, commit: int = 1) -> None:
        """Let picking hear of an event."""
        message = self.told(kind, data, subject, commit)
        for consumer in self.system.subscribers(kind):
            if consumer[0] == "picking":
                assert self.system.deliver(consumer, message) == []

    def wanted(self, order_id: str, *lines: Json, number: int = 1, **more: object) -> Json:
        return {
            "order_id": order_id,
            "warehouse": "MAIN",
            "number": number,
            "lines": list(lines),
            "total_lines": len(lines),
            **more,
        }

    def ask(self, order_id: str, *lines: Json, number: int = 1, **more: object) -> None:
        """An order asks to be picked."""
        data = self.wanted(order_id, *lines, number=number, **more)
        self.tell("orders.PickingRequested", data, f"Order#{order_id}", 10 * number)
        self.settle()

    def give_up(self, order_id: str) -> None:
        """An order is cancelled."""
        data = {"order_id": order_id, "reason": "changed my mind"}
        self.tell("orders.CancellationStarted", data, f"Order#{order_id}", 999)
        self.settle()

    def settle(self) -> None:
        """Let picking's own events find their readers, and the lists catch up."""
        while events := self.system.publish("picking"):
            for event in events:
                for consumer in self.system.subscribers(event.type):
                    if consumer[0] == "picking":
                        assert self.system.deliver(consumer, event) == []
        self.system.project("picking")

    def post(self, path: str, body: object = None, actor: str = "kim", key: str = "") -> Answer:
        key = key or f"call-{next(self._calls)}"
        return self.system.call("POST", f"/picking{path}", body or {}, key=key, actor=actor)

    def get(self, path: str, **query: str) -> Any:
        answer = self.system.call("GET", f"/picking{path}", query=query)
        assert answer.status == 200, answer
        return answer.body

    def wave(self, **criteria: object) -> Json:
        """Release a wave, and what became of it."""
        answer = self.post("/waves", criteria)
        assert answer.status == 202, answer
        self.settle()
        found: Json = self.get(f"/waves/{answer.body['wave_id']}")
        return found

    def lists(self, **criteria: object) -> list[Json]:
        """Release a wave, and its lists."""
        return [self.get(f"/pick-lists/{list_id}") for list_id in self.wave(**criteria).get("lists", [])]

    def claimed(self, list_id: str, actor: str = "kim") -> Json:
        answer = self.post(f"/pick-lists/{list_id}/claim", actor=actor)
        assert answer.status == 200, answer
        body: Json = answer.body
        return body

    def scan(self, step: Json, **more: object) -> Json:
        """A right confirmation of a step, unless `more` says otherwise."""
        place = next(one for one in PLACES if one["location"] == step["place"])
        right = {
            "confirmation_id": f"scan-{next(self._calls)}",
            "pick_id": step["pick_id"],
            "location": step["place"],
            "check_digits": place["check_digits"],
            "code": step["sku"],
            "units": step["remaining"],
            "occurred_at": "2026-01-31T09:31:00.000Z",
        }
        if "lot" in step:
            right["lot"] = step["lot"]
        if "serials" in step:
            right["serials"] = step["serials"]
        return {name: value for name, value in (right | more).items() if value is not None}

    def confirm(self, list_id: str, *scans: Json, actor: str = "kim", key: str = "") -> list[Json]:
        answer = self.post(f"/pick-lists/{list_id}/confirmations", {"confirmations": scans}, actor, key)
        assert answer.status == 200, answer
        verdicts: list[Json] = answer.body["verdicts"]
        return verdicts

    def pick_all(self, picklist: Json, actor: str = "kim") -> None:
        """Claim a list and pick everything on it."""
        shown = self.claimed(picklist["list_id"], actor)
        steps = [step for step in shown["steps"] if step["status"] == "open"]
        verdicts = self.confirm(picklist["list_id"], *(self.scan(step) for step in steps), actor=actor)
        assert {verdict["result"] for verdict in verdicts} == {"accepted"}, verdicts
        self.settle()

    def published(self, name: str, **matching: object) -> list[Json]:
        """What picking has published of that name, each event once."""
        self.system.publish("picking")
        found = {
            event.id: msgspec.json.decode(event.data)
            for event in self.system.bus
            if event.type == f"picking.{name}"
        }
        return [one for one in found.values() if matching.items() <= one.items()]
