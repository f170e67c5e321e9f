"""What people do: how it is done, and what the caller then knows. Who does it when is said in `strategies.py`."""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation import faults as f
from tests.simulation.population import HOUR, Action, Population


@dataclass(frozen=True)
class DescribeProduct(Action):
    """Register a product, or describe it anew."""

    sku: str
    text: str

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        people.ask(self, "PUT", f"/inventory/products/{self.sku}", {"name": self.text})
        people.tally.products.add(self.sku)


@dataclass(frozen=True)
class DescribeLocation(Action):
    """Register a place, or describe it anew."""

    location: str
    zone: str

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        place = {"zone": self.zone, "aisle": "01", "bay": "01", "level": "1"}
        people.ask(self, "PUT", f"/inventory/locations/{self.location}", place)


@dataclass(frozen=True)
class AdjustStock(Action):
    """Put units into a place, or take them out."""

    sku: str
    location: str
    quantity: int

    def act(self, people: Population) -> None:
        """Ask, and remember what was acknowledged."""
        asked = {"sku": self.sku, "location": self.location, "quantity": self.quantity, "reason": self.name}
        status, _ = people.ask(self, "POST", "/inventory/stock/adjustments", asked)
        if status == 201:
            people.tally.stock[self.location, self.sku] += self.quantity


@dataclass(frozen=True)
class PlaceOrder(Action):
    """Order something. What was acknowledged can be read at once."""

    lines: tuple[tuple[str, int], ...]
    token: str
    price: int
    channel: str
    wishes: dict[str, Any] = field(default_factory=dict)
    """What else is said of the order: warehouse, address, priority and the like."""

    def act(self, people: Population) -> None:
        """Ask, read the order, and let those go on who wait for it."""
        asked = {
            "channel": self.channel,
            "currency": "EUR",
            "payment": {"method": self.token},
            "lines": [{"sku": sku, "quantity": units, "unit_price": self.price} for sku, units in self.lines],
        } | self.wishes
        status, receipt = people.ask(self, "POST", "/orders", asked)
        if status == 201:
            people.tally.orders[self.name] = receipt["order_id"]
            shown = people.get(f"/orders/{receipt['order_id']}")
            if shown["total"] != receipt["total"] or not shown["history"]:
                people.tally.contradictions.append(f"order {receipt['order_id']} reads {shown}")
        people.done(self.name)


@dataclass(frozen=True)
class CancelOrder(Action):
    """Give up the order that the action `order` has placed."""

    order: str

    def act(self, people: Population) -> None:
        """Wait until the order is placed, then ask."""
        order_id = people.order_placed_by(self.order)
        if order_id is not None:
            asked = {"reason": self.name}
            status, _ = people.ask(self, "POST", f"/orders/{order_id}/cancellation", asked)
            people.tally.cancelled[order_id] = status


@dataclass(frozen=True)
class CaptureMoney(Action):
    """Take some of the money of the order that the action `order` has placed."""

    order: str
    capture_id: str
    amount: int

    def act(self, people: Population) -> None:
        """Wait until the order is placed, then ask."""
        if order_id := people.order_placed_by(self.order):
            asked = {"capture_id": self.capture_id, "amount": self.amount, "currency": "EUR"}
            status, _ = people.ask(self, "POST", f"/payments/{order_id}/captures", asked)
            people.tally.captures[order_id, self.capture_id] = (status, self.amount)
        people.done(self.name)


@dataclass(frozen=True)
class RefundMoney(Action):
    """Give some of what the action `after` has taken back."""

    order: str
    after: str
    refund_id: str
    amount: int

    def act(self, people: Population) -> None:
        """Wait until the money is taken, then ask."""
        order_id = people.order_placed_by(self.order)
        if order_id is None or self.after not in people.names:
            return
        if not any(taken[0] == order_id for taken in people.tally.captures):
            people.wait_for(self.after)
        asked = {"refund_id": self.refund_id, "amount": self.amount, "currency": "EUR", "reason": self.name}
        status, _ = people.ask(self, "POST", f"/payments/{order_id}/refunds", asked)
        people.tally.refunds[order_id, self.refund_id] = (status, self.amount)


@dataclass(frozen=True)
class RebuildViews(Action):
    """Empty a service's views and fill them again from the history, while work goes on."""

    service: str

    def act(self, people: Population) -> None:
        """Delete every document, then replay."""
        cloud = people.cloud
        cloud.faults.happened(f.REBUILD)
        cloud.note(f"the views of {self.service} are emptied")
        table = cloud.database.tables[f"{self.service}-views"]
        for item in table.items():
            cloud.database.delete_item(TableName=table.name, Key={name: item[name] for name in ("pk", "sk")})
        people.replay(self.service, "views")
        if self.service in (
            "orders",
            "receiving",
            "picking",
        ):  # they keep copies of inventory's products among their views
            people.replay("inventory", "outbox")


@dataclass(frozen=True)
class PauseReader(Action):
    """A service's projector stands still for hours."""

    service: str
    hours: float

    def act(self, people: Population) -> None:
        """Let its readers come back later."""
        cloud = people.cloud
        cloud.faults.happened(f.BEHIND)
        cloud.note(f"the projector of {self.service} stands still for {self.hours} hours")
        for reader in people.readers(self.service, "views"):
            reader.resumes_at = cloud.scheduler.seconds + self.hours * HOUR
