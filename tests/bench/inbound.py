"""Whole journeys of goods, from announcement to shelf and onto an order, with a meter listening.

What is there beforehand (products, places, what lies in them) is not billed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from inventory.domain.check_digits import derived_check_digits
from shared.gs1 import check_digit
from tests.bench.journeys import MeteredSystem, metered, order, stocked
from tests.bench.meter import Bill, Meter

DOCK, STAGING, AWAY = "D-01", "S-01", "E-01"
FLOOR = {DOCK: ("dock", "MAIN"), STAGING: ("staging", "MAIN"), AWAY: ("dock", "EAST")}
SUPPLIER = "ACME"
SSCC = "106141411234567897"
LOTS_OF_A_SKU = 10
"""How many lines of a large receipt are of one product, each of a lot of its own."""


@contextmanager
def warehouse(racks: int = 2) -> Iterator[tuple[MeteredSystem, Meter]]:
    """A warehouse with a dock, staging and so many places in racks, and a dock in another warehouse."""
    with metered() as (system, meter):
        for name, (kind, where) in (FLOOR | {f"A-{rack:02d}": ("bulk", "MAIN") for rack in range(racks)}).items():
            place = {
                "zone": name[0],
                "aisle": "01",
                "bay": name[2:],
                "level": "1",
                "kind": kind,
                "warehouse": where,
            }
            system.call("PUT", f"/inventory/locations/{name}", place)
        system.settle()
        yield system, meter


def catalogued(system: MeteredSystem, count: int, **more: object) -> list[str]:
    """Register `count` products of a litre and a kilogram each."""
    size = {"dimensions": {"length_mm": 100, "width_mm": 100, "height_mm": 100}, "weight_g": 1_000}
    names = [f"SKU-{number:04d}" for number in range(count)]
    for name in names:
        system.call("PUT", f"/inventory/products/{name}", {"name": f"Product {name}", **size, **more})
    system.settle()
    return names


def received(lines: Sequence[dict[str, object]], system: MeteredSystem) -> str:
    """A shipment of `lines` is announced, arrives at the dock, is logged as announced, and closed."""
    notice = {"supplier": SUPPLIER, "reference": "ASN-1", "eta": "2030-01-31T12:00:00.000Z", "lines": lines}
    shipment = str(system.call("POST", "/receiving/shipments", notice, key="announce")["shipment_id"])
    at = f"/receiving/shipments/{shipment}"
    system.call("POST", f"{at}/arrival", {"location": DOCK}, key="arrive")
    system.call("POST", f"{at}/receipts", {"entries": lines}, key="log")
    system.call("POST", f"{at}/closing", {}, key="close")
    system.settle()
    return shipment


def shipment_of(lines: int = 4, racks: int = 2) -> Bill:
    """A shipment from its announcement to its put-away tasks, each with a place in one of `racks`."""
    with warehouse(racks) as (system, meter):
        skus = catalogued(system, lines)
        meter.bill = Bill()
        received([{"sku": sku, "units": 24} for sku in skus], system)
        return _tasks_are_open(system, meter, lines)


def receipt_of(lines: int) -> Bill:
    """The same for a large shipment, of products with ten lots each."""
    with warehouse() as (system, meter):
        skus = catalogued(system, lines // LOTS_OF_A_SKU, tracking="lot")
        notice: list[dict[str, object]] = [
            {"sku": skus[line // LOTS_OF_A_SKU], "units": 24, "lot": f"L{line:04d}"} for line in range(lines)
        ]
        meter.bill = Bill()
        received(notice, system)
        return _tasks_are_open(system, meter, lines)


def put_away() -> Bill:
    """One put-away task: claimed, and confirmed by a scan at its place. What made it is not billed."""
    with warehouse() as (system, meter):
        [sku] = catalogued(system, 1)
        received([{"sku": sku, "units": 24}], system)
        [task] = _tasks(system, "open")
        meter.bill = Bill()
        at = f"/inventory/put-away-tasks/{task['task_id']}"
        system.call("POST", f"{at}/claim", {}, key="claim")
        place = str(task["location"])
        scanned = {"location": place, "check_digits": derived_check_digits(place)}
        system.call("POST", f"{at}/confirmation", scanned, key="confirm")
        system.settle()
        bill, meter.bill = meter.bill, Bill()
        assert [one["task_id"] for one in _tasks(system, "confirmed")] == [task["task_id"]]
        return bill


def scanned(tags: int = 500) -> Bill:
    """One read of a pallet's RFID tags: ten products, each unit with a serial number of its own."""
    with warehouse() as (system, meter):
        for number in range(10):
            digits = f"06141418123{number}"
            gtin = f"{digits}{check_digit(digits)}"
            system.call("PUT", f"/inventory/products/SKU-{number}", {"name": f"Product {number}", "gtin": gtin})
        system.settle()
        codes = [f"urn:epc:id:sgtin:0614141.08123{tag % 10}.{tag}" for tag in range(tags)]
        meter.bill = Bill()
        results = system.call("POST", "/inventory/scans", {"codes": codes})["results"]
        assert {one.get("sku") for one in results} == {f"SKU-{number}" for number in range(10)}
        return meter.bill


def pallet_moved(lots: int = 40) -> Bill:
    """A pallet with goods of many lots goes from the dock to staging."""
    with warehouse() as (system, meter):
        [sku] = catalogued(system, 1, tracking="lot")
        system.call(
            "POST", "/inventory/handling-units", {"type": "pallet", "location": DOCK, "sscc": SSCC}, key="unit"
        )
        for number in range(lots):
            there = {"sku": sku, "location": SSCC, "quantity": 5, "lot": f"L{number:02d}", "reason": "found"}
            system.call("POST", "/inventory/stock/adjustments", there, key=f"lot-{number}")
        system.settle()
        meter.bill = Bill()
        system.call("POST", f"/inventory/handling-units/{SSCC}/moves", {"to": STAGING}, key="move")
        system.settle()
        bill, meter.bill = meter.bill, Bill()
        shown = system.call("GET", f"/inventory/handling-units/{SSCC}")
        assert (shown["at"]["location"], len(shown["goods"])) == (STAGING, lots), shown
        return bill


def inspected() -> Bill:
    """One lot at the dock is inspected and accepted, and gets its put-away task. Its receipt is not billed."""
    with warehouse() as (system, meter):
        [sku] = catalogued(system, 1, tracking="lot")
        system.call("PUT", f"/receiving/inspection-plans/sku.{sku}", {"aql": "1.0"})
        system.settle()
        received([{"sku": sku, "units": 80, "lot": "L1"}], system)
        [waiting] = system.call("GET", "/receiving/inspections", status="open")["items"]
        meter.bill = Bill()
        at = f"/receiving/inspections/{waiting['inspection_id']}"
        system.call("POST", f"{at}/results", {"inspected": waiting["sample_size"], "defects": 0}, key="results")
        system.call("POST", f"{at}/decision", {"decision": "accept"}, key="decision")
        system.settle()
        return _tasks_are_open(system, meter, 1)


def transferred() -> Bill:
    """Loose goods of one product leave for another warehouse and arrive there."""
    with warehouse() as (system, meter):
        [sku] = catalogued(system, 1)
        there = {"sku": sku, "location": DOCK, "quantity": 24, "reason": "found"}
        system.call("POST", "/inventory/stock/adjustments", there, key="found")
        system.settle()
        meter.bill = Bill()
        sent = {"location": DOCK, "destination": "EAST", "goods": [{"sku": sku, "units": 12}]}
        transfer = system.call("POST", "/inventory/stock/transfers", sent, key="send")["transfer_id"]
        system.settle()
        system.call("POST", f"/inventory/stock/transfers/{transfer}/arrival", {"location": AWAY}, key="arrive")
        system.settle()
        bill, meter.bill = meter.bill, Bill()
        [here] = system.call("GET", f"/inventory/locations/{AWAY}/stock")["handling_units"]
        assert (here["holding"], here["units"]) == (transfer, 12), here
        return bill


def allocated(lines: int = 4) -> Bill:
    """A reserved order is released: each of its lines gets units of a place of its own."""
    with metered() as (system, meter):
        skus = stocked(system, lines)
        order_id = system.call("POST", "/orders", order(skus), key="order")["order_id"]
        system.settle()
        meter.bill = Bill()
        system.call("POST", f"/orders/{order_id}/release", None, key="release")
        system.settle()
        bill, meter.bill = meter.bill, Bill()
        assert system.call("GET", f"/orders/{order_id}")["status"] == "allocated"
        return bill


def _tasks(system: MeteredSystem, status: str) -> list[dict[str, object]]:
    page = system.call("GET", "/inventory/put-away-tasks", status=status, limit="200")
    found: list[dict[str, object]] = page["items"]
    return found


def _tasks_are_open(system: MeteredSystem, meter: Meter, count: int) -> Bill:
    """The bill, when there are so many tasks, and each knows where to go."""
    bill, meter.bill = meter.bill, Bill()
    after: dict[str, str] = {}
    found = 0
    while True:
        page = system.call("GET", "/inventory/put-away-tasks", status="open", limit="200", **after)
        found += sum(1 for task in page["items"] if task["location"])
        if not page.get("cursor"):
            break
        after = {"cursor": page["cursor"]}
    assert found == count, (found, count)
    return bill


INBOUND: dict[str, Callable[[], Bill]] = {
    "shipment of 4 lines": shipment_of,
    "the same among 100 places": lambda: shipment_of(4, racks=100),
    "put-away task": put_away,
    "receipt of 100 lines": lambda: receipt_of(100),
    "scan of 500 RFID tags": scanned,
    "pallet of 40 lots moves": pallet_moved,
    "inspection": inspected,
    "transfer": transferred,
    "allocation of 4 lines": allocated,
}
