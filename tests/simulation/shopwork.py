"""What a shop and its customers do while an order is on its way: call it off, hold it, change it, send it back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.simulation.dockwork import LogFound
from tests.simulation.ledger import Kind
from tests.simulation.population import MINUTE, Action, Population
from tests.simulation.wares import LOTS, Parcel

GONE = ("dispatched", "delivered", "closed")
PATIENT = 200
LOOKS = 4


@dataclass(frozen=True)
class CancelAt(Action):
    """Give up the order that the action `order` has placed, as soon as it is seen at a stage."""

    order: str
    stages: tuple[str, ...]

    def act(self, people: Population) -> None:
        """Wait for the stage, then ask."""
        order_id = people.order_placed_by(self.order)
        if order_id is not None and people.seen_at(order_id, *self.stages):
            call_off(people, self, order_id)


def call_off(people: Population, action: Action, order_id: str, part: str = "") -> None:
    """Called inside a task: give an order up, and note what is answered."""
    path = f"/orders/{order_id}/cancellation"
    status, _ = people.ask(action, "POST", path, {"reason": action.name}, part=part)
    people.tally.cancelled[order_id] = max(status, people.tally.cancelled.get(order_id, 0), key=_accepted)


def _accepted(status: int) -> bool:
    return status == 202


@dataclass(frozen=True)
class HoldOrder(Action):
    """Stop the order that the action `order` has placed, and let it go on some time later."""

    order: str
    kind: str
    seconds: float

    def act(self, people: Population) -> None:
        """Wait until the order is placed, ask, wait, and ask again."""
        if order_id := people.order_placed_by(self.order):
            hold = {"kind": self.kind, "reason": self.name}
            path = f"/orders/{order_id}/holds"
            people.ask(self, "POST", path, hold, part="hold")
            people.cloud.scheduler.sleep(self.seconds)
            people.ask(self, "POST", f"{path}/{self.kind}/release", {}, part="release", who="supervisor")


@dataclass(frozen=True)
class ChangeOrder(Action):
    """Send the order that the action `order` has placed elsewhere, or make it more or less urgent."""

    order: str
    what: str
    value: dict[str, Any]

    def act(self, people: Population) -> None:
        """Wait until the order is placed, then ask."""
        if order_id := people.order_placed_by(self.order):
            people.ask(self, "PUT", f"/orders/{order_id}/{self.what}", self.value)


@dataclass(frozen=True)
class VoidShipment(Action):
    """Call a shipment of the order off by hand, and perhaps label it again."""

    order: str
    again: bool

    def act(self, people: Population) -> None:
        """Wait until the order is labelled, then ask."""
        order_id = people.order_placed_by(self.order)
        if order_id is None or not people.seen_at(order_id, "labelled"):
            return
        for shipment in people.get(f"/orders/{order_id}")["shipments"][:1]:
            path = f"/shipping/shipments/{shipment['shipment_id']}"
            people.ask(self, "POST", f"{path}/void", {"reason": self.name}, part="void")
            if self.again:
                people.cloud.scheduler.sleep(MINUTE)
                people.ask(self, "POST", f"{path}/labelling", {}, part="again")


@dataclass(frozen=True)
class RetryCaptures(Action):
    """Ask again for money that was declined."""

    order: str

    def act(self, people: Population) -> None:
        """Wait until the order has left, then ask."""
        order_id = people.order_placed_by(self.order)
        if order_id is not None and people.seen_at(order_id, *GONE):
            people.ask(self, "POST", f"/orders/{order_id}/capture-retries", {}, who="supervisor")


@dataclass(frozen=True)
class ReplaceShort(Action):
    """Have something else sent instead of what an order lacks: of each line that does all of it, or `units`."""

    order: str
    units: int | None

    def act(self, people: Population) -> None:
        """Look now and then whether something is short, and ask for the first that may be sent instead."""
        order_id = people.order_placed_by(self.order)
        for look in range(LOOKS if order_id else 0):
            order = people.get(f"/orders/{order_id}")
            for line in order["lines"]:
                if line["status"] == "backordered" or line.get("missing"):
                    path = f"/orders/{order_id}/lines/{line['line_id']}/substitutions"
                    wish = {"units": self.units} if self.units else {}
                    people.ask(self, "POST", path, wish, part=f"{look}-{line['line_id']}", who="operator")
            people.cloud.scheduler.sleep(20 * MINUTE)


@dataclass(frozen=True)
class SendBack(Action):
    """A customer sends some of an order back: authorized, announced, received at the dock, closed."""

    order: str
    units: int
    dispositions: tuple[str, ...]
    resolution: str
    dock: str
    operator: str
    dated: frozenset[str]
    """Products whose lots have an expiry date."""

    def act(self, people: Population) -> None:
        """Wait until the order is delivered, ask, and bring the goods."""
        order_id = people.order_placed_by(self.order)
        if order_id is None or not people.seen_at(order_id, "delivered", "closed"):
            return
        order = people.get(f"/orders/{order_id}")
        line = order["lines"][0]
        wish = {"line_id": line["line_id"], "units": self.units}
        asked = {"lines": [wish], "reason": self.name, "resolution": self.resolution}
        status, receipt = people.ask(self, "POST", f"/orders/{order_id}/returns", asked, part="wish")
        if status != 201:
            return
        book = people.tally.book
        shipment = self._announced(people, receipt["return_id"])
        if shipment is None:
            people.tally.contradictions.append(f"{self.name} is authorized, and not expected")
            return
        book.shipments[self.name] = book.returns[receipt["return_id"]] = shipment
        at = f"/receiving/shipments/{shipment}"
        people.ask(self, "POST", f"{at}/arrival", {"location": self.dock}, part="arrival", who=self.operator)
        sent = [carton["sscc"] for one in order["shipments"] for carton in one["cartons"]]
        parcels = tuple(self._parcels(people, line["sku"], sent))
        if parcels:
            LogFound(0.0, f"{self.name}-log", (), self.name, self.operator, parcels).act(people)
        status, _ = people.ask(self, "POST", f"{at}/closing", {}, part="closing", who=self.operator)
        if status == 200:
            book.closed.add(shipment)

    def _announced(self, people: Population, return_id: str) -> str | None:
        for _ in range(PATIENT):
            expected = people.pages("/receiving/shipments", supplier="RETURNS")
            for one in expected:
                if one["reference"] == return_id:
                    return str(one["shipment_id"])
            people.cloud.scheduler.sleep(5 * MINUTE)
        return None

    def _parcels(self, people: Population, sku: str, cartons: list[str]) -> Iterator[Parcel]:
        """What is in the customer's parcel: of what was sent to them, and they have not sent back."""
        left = self.units
        back = people.tally.book.sent_back
        for number, (sscc, (named, lot, serial), units) in enumerate(_sent(people, cartons)):
            here = min(left, units - back[sscc, (named, lot, serial)])
            if named != sku or here < 1:
                continue
            back[sscc, (named, lot, serial)] += here
            left -= here
            disposition = self.dispositions[number % len(self.dispositions)]
            label: dict[str, Any] = {"disposition": disposition}
            label |= {"lot": lot} if lot else {}
            label |= {"expires_on": LOTS[lot]} if lot and sku in self.dated else {}
            label |= {"serials": [serial]} if serial else {}
            yield Parcel(sku, here, label)


def _sent(people: Population, cartons: list[str]) -> Iterator[tuple[str, Kind, int]]:
    for sscc in cartons:
        for kind, units in sorted(people.tally.book.packed.get(sscc, {}).items()):
            yield sscc, kind, units
