"""The counter where orders are taken: customers in front, the answers of payments and inventory behind."""

from itertools import count
from typing import Any

from msgspec import structs

from orders.aggregates import ORDER
from orders.domain.order import Order
from shared.envelope import CloudEvent
from shared.events import Commit
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

FULFILMENT = ("orders", "fulfilment")
ASSORTMENT = ("orders", "assortment")
_numbers = count(1)


def unused(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


def registered(sku: str) -> CloudEvent:
    """Inventory announces a product."""
    return bus_event(f"Product#{sku}@1.0", {"sku": sku, "name": sku}, type="inventory.ProductRegistered")


def described(sku: str, place: int, *substitutes: str) -> CloudEvent:
    """Inventory describes a product anew, as commit `place` of its stream: these may be sent instead."""
    data = {"sku": sku, "name": sku, "substitutes": list(substitutes)}
    event = bus_event(f"Product#{sku}@{place}.0", data, type="inventory.ProductChanged")
    return structs.replace(event, sequence=f"{place:010d}.0000")


def answer(kind: str, order_id: str, place: int = 1, **data: object) -> CloudEvent:
    """What payments or inventory says of an order; `place` is the event's commit number in its own stream."""
    line = f"/{data['line_id']}" if "line_id" in data else ""
    event = bus_event(f"{kind}-{order_id}{line}@{place}", {"order_id": order_id, **data}, type=kind)
    return structs.replace(event, sequence=f"{place:010d}.0000")


def authorized(order_id: str) -> CloudEvent:
    """Payments has set the money aside."""
    return answer("payments.PaymentAuthorized", order_id, authorization=f"auth_{order_id}")


def reserved(order_id: str, line: int, place: int = 1) -> CloudEvent:
    """Inventory has promised a line its units."""
    return answer("inventory.LineReserved", order_id, place, line_id=str(line))


def short(order_id: str, line: int, place: int = 1) -> CloudEvent:
    """Inventory lets a line wait."""
    return answer("inventory.LineShort", order_id, place, line_id=str(line), available=0)


def allocated(order_id: str, line: int, place: int = 1, units: int = 1) -> CloudEvent:
    """Inventory has set a line's units aside."""
    pick = {"holding": f"A-{line}", "place": f"A-{line}", "sku": "X", "units": units}
    return answer("inventory.LineAllocated", order_id, place, line_id=str(line), picks=[pick])


def packed(order_id: str, shipment_id: str, sscc: str = "106141412345678908", /, **units: int) -> CloudEvent:
    """Picking has packed a shipment; `units` by line (`_1=5`)."""
    carton = {"sscc": sscc, "length_mm": 400, "width_mm": 300, "height_mm": 200, "weight_g": 900}
    lines = [{"line_id": name[1:], "sku": "X", "units": count} for name, count in units.items()]
    event = answer("picking.OrderPacked", order_id, shipment_id=shipment_id, cartons=[carton], lines=lines)
    return structs.replace(event, id=f"{shipment_id}/packed")


def shipped(kind: str, order_id: str, shipment_id: str, place: int = 1, **data: object) -> CloudEvent:
    """What shipping says of a shipment."""
    event = answer(f"shipping.{kind}", order_id, place, shipment_id=shipment_id, **data)
    return structs.replace(event, id=f"{kind}-{shipment_id}@{place}")


def dispatched(order_id: str, shipment_id: str, sscc: str = "106141412345678908") -> CloudEvent:
    """A shipment has left."""
    at = "2026-01-31T16:00:00.000Z"
    return shipped("ShipmentDispatched", order_id, shipment_id, 2, cartons=[sscc], dispatched_at=at)


def delivered(order_id: str, shipment_id: str) -> CloudEvent:
    """The customer has a shipment."""
    return shipped("ShipmentDelivered", order_id, shipment_id, 3, delivered_at="2026-02-01T10:00:00.000Z")


def captured(order_id: str, capture_id: str, amount: int) -> CloudEvent:
    """Payments has taken the money for a shipment."""
    event = answer("payments.PaymentCaptured", order_id, capture_id=capture_id, amount=amount)
    return structs.replace(event, id=f"{capture_id}/captured")


class Counter:
    """The orders service as its callers and its queues meet it."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    def sku(self) -> str:
        """A product that can be ordered."""
        sku = unused("SKU")
        assert self.landscape.deliver(ASSORTMENT, registered(sku)) == []
        return sku

    def post(self, *lines: tuple[str, int], key: str = "", **changes: object) -> Answer:
        """POST /orders; without `key` with a new one."""
        body: dict[str, object] = {
            "channel": "webshop",
            "currency": "EUR",
            "payment": {"method": "tok_accepted"},
            "lines": [{"sku": sku, "quantity": quantity, "unit_price": 995} for sku, quantity in lines],
        }
        return self.landscape.call("POST", "/orders", body | changes, key=key or unused("key"))

    def place(self, *lines: tuple[str, int], **changes: object) -> str:
        """An order that is taken. Returns its id."""
        answer = self.post(*(lines or ((self.sku(), 1),)), **changes)  # type: ignore[arg-type]
        assert answer.status == 201, answer
        return str(answer.body["order_id"])

    def cancel(self, order_id: str, key: str = "") -> Answer:
        """POST a cancellation; without `key` with a new one."""
        path = f"/orders/{order_id}/cancellation"
        return self.landscape.call("POST", path, {"reason": "changed my mind"}, key=key or unused("key"))

    def post_to(self, order_id: str, what: str, body: object = None, key: str = "") -> Answer:
        """POST /orders/{id}/...; without `key` with a new one."""
        return self.landscape.call("POST", f"/orders/{order_id}/{what}", body, key=key or unused("key"))

    def put(self, order_id: str, what: str, body: object, if_match: str = "") -> Answer:
        """PUT /orders/{id}/...; with `if_match` only on that version."""
        path = f"/orders/{order_id}/{what}"
        if if_match:
            return self.landscape.call("PUT", path, body, if_match=if_match)
        return self.landscape.call("PUT", path, body)

    def ready(self, *quantities: int, **changes: object) -> str:
        """An order that is reserved, one line for each of `quantities`."""
        order_id = self.place(*((self.sku(), quantity) for quantity in quantities), **changes)
        self.tell(authorized(order_id))
        self.tell(*(reserved(order_id, line) for line, _ in enumerate(quantities, start=1)))
        return order_id

    def allocated(self, *quantities: int, **changes: object) -> str:
        """An order that may be picked."""
        order_id = self.ready(*quantities, **changes)
        assert self.post_to(order_id, "release").status == 202
        self.tell(*(allocated(order_id, n, units=units) for n, units in enumerate(quantities, start=1)))
        return order_id

    def delivered(self, *quantities: int, shipment_id: str, **changes: object) -> str:
        """An order that was sent in one shipment, arrived and is paid."""
        order_id = self.allocated(*quantities, **changes)
        units = {f"_{n}": count for n, count in enumerate(quantities, start=1)}
        self.tell(packed(order_id, shipment_id, **units))
        self.tell(shipped("ShipmentLabelled", order_id, shipment_id), dispatched(order_id, shipment_id))
        self.tell(captured(order_id, shipment_id, 995 * sum(quantities)), delivered(order_id, shipment_id))
        return order_id

    def tell(self, *events: CloudEvent) -> list[int]:
        """Hand fulfilment one queue batch; the places of the messages that have to come again."""
        return self.landscape.deliver(FULFILMENT, *events)

    def get(self, path: str, **query: str) -> Answer:
        """A GET request with a query."""
        return self.landscape.call("GET", path, query=query)

    def details(self, order_id: str) -> dict[str, Any]:
        """GET /orders/{id}."""
        answer = self.get(f"/orders/{order_id}")
        assert answer.status == 200, answer
        return dict(answer.body)

    def order(self, order_id: str) -> Order:
        """The order as its stream has it."""
        return self.landscape.history("orders").load(ORDER, ORDER.stream_id(order_id)).state

    def commits(self, order_id: str) -> list[Commit]:
        """Every decision about the order."""
        return list(self.landscape.history("orders").read(ORDER.stream_id(order_id)))

    def happened(self, order_id: str) -> list[str]:
        """The names of the order's events, oldest first."""
        return [event.type.removeprefix("orders.") for commit in self.commits(order_id) for event in commit.events]
