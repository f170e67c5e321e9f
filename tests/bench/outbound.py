"""Whole journeys of orders out of the warehouse, from placement to delivery, with a meter listening.

An order alone is the dearest way to run: it has a wave, a pick list and a truck to itself, and shares no batch. In
life a wave, a list and a truck are shared, and what comes second by second is batched as far as windows allow. So
the same journey is also measured for a slice of a day, and divided by its orders.

What is there beforehand (products, places, what lies in them, cartons, the carrier) is not billed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from inventory.domain.check_digits import derived_check_digits
from shared import aws
from tests.bench.journeys import MeteredSystem, metered, order
from tests.bench.meter import Bill, Meter

Json = dict[str, Any]

SLICE = 20
"""Orders of a slice: released together, picked in one wave, loaded on one truck."""
SECONDS_BETWEEN_ORDERS = 1.0
"""A million orders a month are one per second in nine hours of every day."""
POSITIONS_PER_CONFIRMATION = 10
CARTONS_PER_SCAN = 10
"""How many a scanner sends at once: what it has read within a few minutes."""
UNITS = 1_000
DOCK, BENCH = "DOCK-01", "PACK-01"
HOME = {
    "name": "Kim Example",
    "street1": "Langer Weg 12",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}
SIDE = {"length_mm": 100, "width_mm": 100, "height_mm": 100}
BOX = {"length_mm": 400, "width_mm": 300, "height_mm": 250}
FLEET = {
    "currency": "EUR",
    "zones": [{"zone": "de", "country": "DE"}],
    "rates": [{"service": "standard", "zone": "de", "up_to_g": 30_000, "amount": 490}],
}


class Warehouse:
    """A warehouse in which each product lies in a place of its own, and the people who work there."""

    def __init__(self, system: MeteredSystem, skus: int) -> None:
        self._system = system
        self._calls = 0
        aws.s3().create_bucket(Bucket="shipping-attachments")
        self._place(DOCK, "dock", 0)
        self._place(BENCH, "packing", 0)
        self.skus = [f"SKU-{number:04d}" for number in range(skus)]
        for number, sku in enumerate(self.skus):
            self._place(f"A-{number:04d}", "pick_face", number)
            system.call(
                "PUT",
                f"/inventory/products/{sku}",
                {"name": f"Product {sku}", "dimensions": SIDE, "weight_g": 1_000},
            )
        system.settle()
        for number, sku in enumerate(self.skus):
            there = {"sku": sku, "location": f"A-{number:04d}", "quantity": UNITS, "reason": "received"}
            self.post("/inventory/stock/adjustments", there)
        box = {"inner": BOX, "outer": BOX, "max_weight_g": 20_000, "tare_g": 300}
        system.call("PUT", "/picking/carton-types/BOX", box)
        system.call("PUT", "/shipping/carriers/fleet", {"name": "Fleet", "fleet": FLEET})
        system.settle()

    def _place(self, name: str, kind: str, number: int) -> None:
        at = {"x_mm": 3_000 * (number // 20), "y_mm": 1_000 * (number % 20)}
        place = {"zone": "A", "aisle": f"{number // 20:02d}", "bay": f"{number % 20:02d}", "level": "1"}
        self._system.call("PUT", f"/inventory/locations/{name}", place | {"kind": kind, "coordinates": at})

    def post(self, path: str, body: object = None) -> Any:
        """A POST with a key of its own."""
        self._calls += 1
        return self._system.call("POST", path, body, key=f"call-{self._calls}")

    def place(self, skus: Sequence[str]) -> str:
        """A customer orders one of each."""
        return str(self.post("/orders", order(list(skus)) | {"ship_to": HOME})["order_id"])

    def release(self, orders: Sequence[str]) -> None:
        """The orders are to be picked."""
        assert self.post("/orders/releases", {"orders": list(orders)})["released"] == len(orders)
        self._system.settle()

    def pick(self) -> None:
        """A wave of everything that waits is released, and its lists are picked, position by position."""
        wave = self.post("/picking/waves", {})["wave_id"]
        self._system.settle()
        for _ in self._system.unbilled("GET", f"/picking/waves/{wave}")["lists"]:
            taken = self.post("/picking/pick-lists/next", {})
            scans = [_scan(step) for step in taken["steps"]]
            for start in range(0, len(scans), POSITIONS_PER_CONFIRMATION):
                sent = {"confirmations": scans[start : start + POSITIONS_PER_CONFIRMATION]}
                verdicts = self.post(f"/picking/pick-lists/{taken['list_id']}/confirmations", sent)["verdicts"]
                assert {one["result"] for one in verdicts} == {"accepted"}, verdicts
                self._system.settle()

    def pack(self, order_id: str) -> Json:
        """An order is packed as it is proposed: its shipment, with its cartons."""
        proposal = self._system.call("GET", f"/picking/orders/{order_id}/packing-proposal")
        cartons = [
            {
                "carton_type": one["carton_type"],
                "weight_g": one["weight_g"],
                "items": [{"sku": stack["sku"], "units": stack["units"]} for stack in one["contents"]],
            }
            for one in proposal["cartons"]
        ]
        body = {"cartons": cartons, "packing_location": BENCH}
        packed: Json = self.post(f"/picking/orders/{order_id}/packing", body)
        assert packed["packed"], packed
        return packed

    def label(self, shipment: Json) -> None:
        """The labels of its cartons go to the printer at the bench."""
        path = f"/shipping/shipments/{shipment['shipment_id']}/labels/document"
        assert "^XA" in self._system.call("GET", path, format="zpl")

    def load(self, shipments: Sequence[Json]) -> None:
        """One truck takes all of them, and leaves."""
        truck = f"/shipping/loads/{self.post('/shipping/loads', {'carrier': 'fleet'})['load_id']}"
        ssccs = [carton["sscc"] for shipment in shipments for carton in shipment["cartons"]]
        for start in range(0, len(ssccs), CARTONS_PER_SCAN):
            scanned = self.post(f"{truck}/scans", {"ssccs": ssccs[start : start + CARTONS_PER_SCAN]})
            assert not scanned["refused"], scanned
            self._system.settle()
        self.post(f"{truck}/dispatch", {})
        self._system.settle()

    def hand_over(self, shipment: Json) -> None:
        """The driver gives the customer the cartons."""
        scans = {"updates": [{"status": "delivered", "occurred_at": "2030-01-31T12:00:00.000Z"}]}
        self.post(f"/shipping/shipments/{shipment['shipment_id']}/tracking", scans)

    def status(self, order_id: str) -> str:
        """Where an order stands."""
        return str(self._system.unbilled("GET", f"/orders/{order_id}")["status"])


def _scan(step: Json) -> Json:
    """What a scanner reads at a position."""
    return {
        "confirmation_id": step["pick_id"],
        "pick_id": step["pick_id"],
        "location": step["place"],
        "check_digits": derived_check_digits(step["place"]),
        "code": step["sku"],
        "units": step["units"],
    }


class Phases:
    """The bills of a journey's phases, one after the other."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.bills: dict[str, Bill] = {}
        meter.bill = Bill()

    def done(self, phase: str) -> None:
        """Everything since the phase before belongs to this one."""
        self.bills[phase] = self._meter.bill
        self._meter.bill = Bill()


RESERVED, ALLOCATED, PICKED, PACKED, LABELLED, DISPATCHED, DELIVERED, CALLED_OFF, RETURNED = (
    "from placement to reserved",
    "release and allocation",
    "wave and picks",
    "packing",
    "label on the carton",
    "load and dispatch",
    "delivery",
    "cancellation of a picked order",
    "return of a line",
)
TO_DELIVERY = (RESERVED, ALLOCATED, PICKED, PACKED, LABELLED, DISPATCHED, DELIVERED)


@contextmanager
def warehouse(skus: int, *, warm: bool = False) -> Iterator[tuple[Warehouse, MeteredSystem, Meter]]:
    """A warehouse with so many products."""
    with metered(warm=warm) as (system, meter):
        yield Warehouse(system, skus), system, meter


@cache
def alone(lines: int = 4) -> dict[str, Bill]:
    """The bills of one order's phases; then of another that is called off, and of one line's return."""
    with warehouse(lines) as (house, system, meter):
        phases = Phases(meter)
        kept = house.place(house.skus)
        system.settle()
        phases.done(RESERVED)
        house.release([kept])
        phases.done(ALLOCATED)
        house.pick()
        phases.done(PICKED)
        shipment = house.pack(kept)
        system.settle()
        phases.done(PACKED)
        house.label(shipment)
        phases.done(LABELLED)
        house.load([shipment])
        phases.done(DISPATCHED)
        house.hand_over(shipment)
        system.settle()
        phases.done(DELIVERED)
        assert house.status(kept) == "closed"
        dropped = house.place(house.skus)
        system.settle()
        house.release([dropped])
        house.pick()
        assert house.status(dropped) == "picked"
        meter.bill = Bill()
        house.post(f"/orders/{dropped}/cancellation", {"reason": "changed my mind"})
        system.settle()
        phases.done(CALLED_OFF)
        assert house.status(dropped) == "cancelled"
        meter.bill = Bill()
        _send_back(house, system, kept)
        phases.done(RETURNED)
        assert system.unbilled("GET", f"/orders/{kept}")["payment"]["refunded"] > 0
        return phases.bills


def _send_back(house: Warehouse, system: MeteredSystem, order_id: str) -> None:
    """A customer sends one line back; it is looked at, restocked and refunded."""
    wish = {"lines": [{"line_id": "1", "units": 1}], "reason": "too bright"}
    returned = house.post(f"/orders/{order_id}/returns", wish)["return_id"]
    system.settle()
    expected = system.unbilled("GET", "/receiving/shipments", supplier="RETURNS")["items"]
    [parcel] = [one["shipment_id"] for one in expected if one["reference"] == returned]
    house.post(f"/receiving/shipments/{parcel}/arrival", {"location": DOCK})
    entry = {"sku": house.skus[0], "units": 1, "disposition": "restock"}
    house.post(f"/receiving/shipments/{parcel}/receipts", {"entries": [entry]})
    house.post(f"/receiving/shipments/{parcel}/closing", {})
    system.settle()


@cache
def together(lines: int = 4, orders: int = SLICE) -> dict[str, Bill]:
    """The bills of the phases of a slice of a day: each product is in two of its orders."""
    with warehouse(lines * orders // 2, warm=True) as (house, system, meter):
        phases = Phases(meter)
        placed: list[str] = []
        for number in range(orders):
            wanted = [house.skus[(number * lines // 2 + line) % len(house.skus)] for line in range(lines)]
            placed.append(house.place(wanted))
            system.elapse(SECONDS_BETWEEN_ORDERS)
        system.settle()
        phases.done(RESERVED)
        house.release(placed)
        phases.done(ALLOCATED)
        house.pick()
        phases.done(PICKED)
        shipments = []
        for order_id in placed:
            shipments.append(house.pack(order_id))
            system.elapse(SECONDS_BETWEEN_ORDERS)
        system.settle()
        phases.done(PACKED)
        for shipment in shipments:
            house.label(shipment)
        phases.done(LABELLED)
        system.at_its_hour("orders", "overdue")
        house.load(shipments)
        phases.done(DISPATCHED)
        for shipment in shipments:
            house.hand_over(shipment)
            system.elapse(SECONDS_BETWEEN_ORDERS)
        system.settle()
        phases.done(DELIVERED)
        assert {house.status(order_id) for order_id in placed} == {"closed"}
        return phases.bills


def to_delivery(phases: dict[str, Bill]) -> Bill:
    """The whole way of an order."""
    whole = Bill()
    for name in TO_DELIVERY:
        whole.include(phases[name])
    return whole


def of_one_in_a_slice() -> Bill:
    """The whole way, for one order of a slice."""
    return to_delivery(together()).shared_by(SLICE)


def _phase(name: str) -> Callable[[], Bill]:
    return lambda: alone()[name]


OUTBOUND: dict[str, Callable[[], Bill]] = {
    **{f"{name}, 4 lines": _phase(name) for name in (*TO_DELIVERY[1:], CALLED_OFF)},
    RETURNED: _phase(RETURNED),
    "placement to delivery, alone": lambda: to_delivery(alone()),
    f"placement to delivery, one of {SLICE}": of_one_in_a_slice,
}
