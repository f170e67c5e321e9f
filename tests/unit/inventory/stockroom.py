"""Products, places and orders' wishes for tests of inventory's Lambdas."""

from itertools import count

from msgspec import Struct, structs

from inventory.aggregates import PROMISE
from inventory.contracts import LineBroken, LineReserved, LineShort, ReservationReleased
from inventory.domain.promise import Promise
from shared.envelope import CloudEvent
from shared.events import Commit
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

RESERVATION = ("inventory", "reservation")
_numbers = count(1)


class Told(Struct, frozen=True):
    """What an order line was told: the event's name, and whether only the answer was repeated."""

    line: str
    event: str
    repeated: bool


def order(number: int) -> str:
    """The id of order `number`."""
    return f"00000000-0000-8000-8000-{number:012d}"


def new_sku() -> str:
    """A SKU that no other test knows."""
    return f"SKU-{next(_numbers)}"


def requested(number: int, *lines: tuple[str, int], minute: int | None = None, attempt: int = 1) -> CloudEvent:
    """Order `number`, promised at `minute`, asks for units of SKUs."""
    data = {
        "order_id": order(number),
        "warehouse": "MAIN",
        "promised_at": f"2026-01-31T09:{number % 60 if minute is None else minute:02d}:00.000Z",
        "lines": [
            {"line_id": str(line), "sku": sku, "quantity": quantity}
            for line, (sku, quantity) in enumerate(lines, start=1)
        ],
        "deadline": "2026-01-31T10:45:00.000Z",
        "attempt": attempt,
    }
    return bus_event(f"Order#{order(number)}@{attempt}.0", data, type="orders.ReservationRequested")


def release_requested(number: int, *skus: str) -> CloudEvent:
    """Order `number` no longer wants its lines."""
    lines = [{"line_id": str(line), "sku": sku} for line, sku in enumerate(skus, start=1)]
    data = {"order_id": order(number), "warehouse": "MAIN", "lines": lines}
    return bus_event(f"Order#{order(number)}@90.0", data, type="orders.ReservationReleaseRequested")


def counted(sku: str, units: int, version: int = 1, place: str = "A-01") -> CloudEvent:
    """The place holds `units` now, says its commit number `version`."""
    data = {
        "location": place,
        "warehouse": "MAIN",
        "sku": sku,
        "quantity": 1,
        "on_hand": units,
        "reason": "counted",
    }
    event = bus_event(f"Holding#{place}@{version}.0/{sku}", data, type="inventory.StockAdjusted")
    return structs.replace(event, sequence=f"{version:010d}.0000")


class Stockroom:
    """Inventory as its callers and its queue meet it."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    def stocked(self, units: int) -> str:
        """A SKU of which reservation knows `units`."""
        sku = new_sku()
        assert self.deliver(counted(sku, units)) == []
        return sku

    def product(self) -> str:
        """A registered product."""
        sku = new_sku()
        assert self.call("PUT", f"/inventory/products/{sku}", {"name": f"Product {sku}"}).status == 200
        return sku

    def place(self) -> str:
        """A registered location."""
        place = f"A-{next(_numbers)}"
        described = {"zone": "A", "aisle": "01", "bay": "02", "level": "3"}
        assert self.call("PUT", f"/inventory/locations/{place}", described).status == 200
        return place

    def adjust(self, sku: str, place: str, quantity: int, key: str = "") -> Answer:
        """POST an adjustment; without `key` with a new one."""
        body = {"sku": sku, "location": place, "quantity": quantity, "reason": "counted"}
        return self.call("POST", "/inventory/stock/adjustments", body, key=key or f"key-{next(_numbers)}")

    def call(self, method: str, path: str, body: object = None, key: str | None = None, **headers: str) -> Answer:
        """An HTTP request; `key` is its Idempotency-Key."""
        return self.landscape.call(method, path, body, key=key, query=None, **headers)

    def get(self, path: str, **query: str) -> Answer:
        """A GET request with a query."""
        return self.landscape.call("GET", path, query=query)

    def deliver(self, *events: CloudEvent | str) -> list[int]:
        """Hand reservation one queue batch; the places of the messages that have to come again."""
        return self.landscape.deliver(RESERVATION, *events)

    def books(self, sku: str) -> Promise:
        """What is promised of the SKU."""
        return self.landscape.history("inventory").load(PROMISE, PROMISE.stream_id("MAIN", sku)).state

    def commits(self, sku: str) -> list[Commit]:
        """Every decision about the SKU's promise."""
        return list(self.landscape.history("inventory").read(PROMISE.stream_id("MAIN", sku)))

    def told(self, sku: str) -> list[Told]:
        """Everything that order lines were told about the SKU, in order."""
        told: list[Told] = []
        for commit in self.commits(sku):
            for recorded in commit.events:
                event = PROMISE.catalog.decode(recorded)
                if isinstance(event, LineReserved | LineShort | LineBroken | ReservationReleased):
                    repeated = isinstance(event, LineReserved | LineShort) and event.repeated
                    line = f"{int(event.order_id[-12:])}/{event.line_id}"
                    told.append(Told(line, type(event).__name__, repeated))
        return told

    def happened(self, sku: str) -> list[str]:
        """The events of the SKU's promise as JSON, whatever the SKU is called."""
        return [
            f"{recorded.type} {bytes(recorded.data).decode()}".replace(sku, "SKU")
            for commit in self.commits(sku)
            for recorded in commit.events
        ]
