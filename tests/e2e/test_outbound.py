"""A day of orders, from their file to their doors, with all that goes wrong in a warehouse on a bad day."""

import csv
import gzip
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from uuid import uuid4

import msgspec
import pypdfium2
import pytest
import urllib3
import zxingcpp

from infra.app import SYSTEM
from infra.declaration import function_name
from local import import_orders, people
from local.client import ApiClient
from local.cloud import LocalCloud
from tests.support.easypost_server import EasyPostServer, easypost_server
from tests.support.shop import Json, Shop

pytestmark = pytest.mark.cloud

Lines = tuple[tuple[str, int, str], ...]
"""The lines of an invoice: SKU, units, price."""

REAL_FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail_2010-12.csv.gz"
SHORT, ABROAD, CALLED_OFF, DAMAGED, UNPAID = DAY = "536366", "536466", "536372", "536564", "536377"
"""Invoices of a gift shop in December 2010, by what befalls them here."""
MADE_UP: dict[str, Lines] = {
    SHORT: (("10001", 6, "1.85"), ("10002", 6, "1.85")),
    ABROAD: (("10003", 6, "4.25"), ("10004", 12, "1.45")),
    CALLED_OFF: (("10002", 6, "1.85"), ("10001", 6, "1.85")),
    DAMAGED: (("10005", 8, "1.45"), ("10006", 4, "9.95")),
    UNPAID: (("10001", 6, "1.85"), ("10002", 6, "1.85")),
}
"""Orders of the same kind, where the real ones are not at hand."""
INSTEAD = "a customer who takes another one"
RUN_OUT, ANOTHER = "77001", "77002"
BY_HAND: dict[str, Lines] = {INSTEAD: ((RUN_OUT, 2, "3.00"),)}
"""What is ordered by hand, and not by a file."""
SIZE = {"dimensions": {"length_mm": 100, "width_mm": 100, "height_mm": 100}, "weight_g": 500}
COLUMNS = ("invoice", "sku", "quantity", "unit price", "recipient", "street", "city", "postal code", "country")
HOME = ("Kim Example", "Langer Weg 12", "Berlin", "10115", "DE")
ISLAND = ("Sam Sample", "1 Long Lane", "London", "EC1A 1BB", "GB")
RAMP = {"name": "Stowage", "street1": "Rampe 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
WEBHOOK_SECRET = "whs-of-the-day"
ASKING_CARRIERS = [one.name for one in SYSTEM.service("shipping").capabilities if one.environment]


def orders_of_the_day() -> dict[str, Lines]:
    """The lines of each invoice: SKU, units, price."""
    if not REAL_FILE.exists():
        return MADE_UP
    found: dict[str, list[tuple[str, int, str]]] = {number: [] for number in DAY}
    with gzip.open(REAL_FILE, "rt", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["InvoiceNo"] in found:
                line = (row["StockCode"], int(row["Quantity"]), row["UnitPrice"])
                found[row["InvoiceNo"]].append(line)
    return {number: tuple(lines) for number, lines in found.items()}


@dataclass
class Warehouse:
    """A small warehouse of its own: a rack per product and a reserve, cartons, a truck, an EasyPost account."""

    shop: Shop
    orders: dict[str, Lines] = field(default_factory=lambda: orders_of_the_day() | BY_HAND)
    code: str = field(default_factory=lambda: f"W{uuid4().hex[:8].upper()}")

    def at(self, place: str) -> str:
        return f"{self.code}-{place}"

    @property
    def carrier(self) -> str:
        return f"fleet-{self.code.lower()}"

    @property
    def easypost(self) -> str:
        return f"easypost-{self.code.lower()}"

    @property
    def wanted(self) -> Counter[str]:
        """How many units of each product the day's orders want: so many are there, and one of another product."""
        wanted: Counter[str] = Counter()
        for lines in self.orders.values():
            for sku, units, _ in lines:
                wanted[sku] += units
        return wanted

    @property
    def brought(self) -> Counter[str]:
        """How many units of each product are there in the morning."""
        return self.wanted + Counter((ANOTHER,))

    def build(self) -> None:
        for place, kind in (("DOCK", "dock"), ("PACK", "packing"), ("RESERVE", "bulk"), ("UNFIT", "quarantine")):
            self.place(place, kind)
        for sku, units in self.brought.items():
            instead = [ANOTHER] if sku == RUN_OUT else []
            self.put(f"/inventory/products/{sku}", {"name": f"Product {sku}", "substitutes": instead, **SIZE})
            self.place(sku, "bulk")
            self.adjust(sku, sku, units, "received")
        box = {"length_mm": 400, "width_mm": 300, "height_mm": 300}
        carton = {"inner": box, "outer": box, "max_weight_g": 20_000, "tare_g": 300, "warehouse": self.code}
        self.put("/picking/carton-types/BOX", carton)
        rate = {"service": "standard", "zone": "de", "up_to_g": 30_000, "amount": 490}
        fleet = {"currency": "GBP", "zones": [{"zone": "de", "country": "DE"}], "rates": [rate]}
        here = {"warehouses": [self.code]}
        self.put(f"/shipping/carriers/{self.carrier}", {"name": "Fleet", **here, "fleet": fleet})
        sold = {"service": "standard", "carrier": "USPS", "carrier_service": "GroundAdvantage"}
        account = {"origin": RAMP, "sells": [sold]}
        described = {"name": "EasyPost", **here, "kind": "easypost", "account": account}
        self.put(f"/shipping/carriers/{self.easypost}", described)
        self.shop.until(lambda: self.on_hand() == self.brought, "stock can be promised")

    def place(self, name: str, kind: str) -> None:
        body = {"warehouse": self.code, "zone": "A", "aisle": "01", "bay": name, "level": "1", "kind": kind}
        self.put(f"/inventory/locations/{self.at(name)}", body)

    def adjust(self, sku: str, place: str, units: int, reason: str) -> None:
        body = {"sku": sku, "location": self.at(place), "quantity": units, "reason": reason}
        self.shop.post("/inventory/stock/adjustments", body, 201)

    def import_orders(self, folder: Path, numbers: tuple[str, ...], *options: str) -> dict[str, str]:
        """Import a file with some of the day's orders. Returns the orders' ids by their invoice."""
        path = folder / f"{numbers[0]}.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for number in numbers:
                home = ISLAND if number == ABROAD else HOME
                rows.writerows((number, *line, *home) for line in self.orders[number])
        channel = f"shop-{self.code.lower()}"
        terms = ("--currency", "GBP", "--channel", channel, "--warehouse", self.code)
        assert import_orders.main([str(path), *terms, "--report", str(path.with_suffix(".report")), *options]) == 0
        found: dict[str, str] = {}

        def listed() -> bool:
            items = self.shop.get(f"/orders?channel={channel}")["items"]
            found.update((one["reference"], one["order_id"]) for one in items if one["reference"] in numbers)
            return len(found) == len(numbers)

        self.shop.until(listed, "the imported orders are listed")
        return found

    def order_by_hand(self) -> str:
        """Place the order of the customer who takes another product when there is none."""
        body = {
            "channel": "counter",
            "warehouse": self.code,
            "currency": "GBP",
            "payment": {"method": "tok_accepted"},
            "ship_to": dict(zip(("name", "street1", "city", "postal_code", "country"), HOME, strict=True)),
            "substitutes_allowed": True,
            "lines": [
                {"sku": sku, "quantity": units, "unit_price": int(Decimal(price) * 100)}
                for sku, units, price in self.orders[INSTEAD]
            ],
        }
        return str(self.shop.once_heard("/orders", body, 201)["order_id"])

    def put(self, path: str, body: object) -> None:
        answer = self.shop.call("PUT", path, body)
        assert answer.status == 200, answer

    def on_hand(self) -> Counter[str]:
        """What is there of each product, wherever it stands."""
        found: Counter[str] = Counter()
        for sku in self.brought:
            answer = self.shop.call("GET", f"/inventory/stock/{sku}?warehouse={self.code}")
            found[sku] = int(answer.body["on_hand"]) if answer.status == 200 else 0
        return found

    def digits(self, place: str) -> str:
        return str(self.shop.get(f"/inventory/locations/{place}")["check_digits"])

    def next_list(self, orders: int, caller: str = "operator") -> Json:
        """Release a wave once so many orders wait for one, and claim its list."""
        pool = f"/picking/pool?warehouse={self.code}"
        self.shop.until(lambda: len(self.shop.get(pool)["items"]) == orders, f"{orders} orders wait to be picked")
        self.shop.post("/picking/waves", {"warehouse": self.code}, 202)
        next_one = "/picking/pick-lists/next"
        return self.shop.once_heard(next_one, {"warehouse": self.code}, 200, caller=caller)

    def scan(self, step: Json, **other: object) -> Json:
        """What a scanner sends for a position; what is None is left out."""
        scan = {
            "confirmation_id": str(uuid4()),
            "pick_id": step["pick_id"],
            "location": step["place"],
            "check_digits": self.digits(str(step["place"])),
            "code": step["sku"],
            "units": step["units"],
        } | other
        return {name: value for name, value in scan.items() if value is not None}

    def confirm(self, taken: Json, *scans: Json) -> list[str]:
        body = {"confirmations": list(scans)}
        at = f"/picking/pick-lists/{taken['list_id']}/confirmations"
        verdicts = self.shop.post(at, body, caller="operator")["verdicts"]
        return [f"{one['result']} {one.get('problem', '')}".strip() for one in verdicts]

    def pack(self, order_id: str) -> Json:
        """Pack an order as it is proposed."""
        at = f"/picking/orders/{order_id}"
        proposal = self.shop.get(f"{at}/packing-proposal")
        cartons = [
            {
                "carton_type": one["carton_type"],
                "weight_g": one["weight_g"],
                "items": [{"sku": stack["sku"], "units": stack["units"]} for stack in one["contents"]],
            }
            for one in proposal["cartons"]
        ]
        wrong = [cartons[0] | {"weight_g": cartons[0]["weight_g"] + 2_000}, *cartons[1:]]
        assert self.shop.call("POST", f"{at}/packing", {"cartons": wrong}).status == 422
        return self.shop.post(f"{at}/packing", {"cartons": cartons}, 201)

    def refusals(self, ssccs: list[str]) -> list[str]:
        """Why a truck does not take cartons; those that it takes come off again."""
        load = self.shop.post("/shipping/loads", {"warehouse": self.code, "carrier": self.carrier}, 201)
        at = f"/shipping/loads/{load['load_id']}"
        refused = self.shop.post(f"{at}/scans", {"ssccs": ssccs})["refused"]
        self.shop.post(f"{at}/unloading", {"ssccs": ssccs})
        return sorted({one["reason"] for one in refused})

    def send(self, carrier: str, loaded: list[str], refused: list[str]) -> None:
        """A truck takes the cartons that it may, and leaves."""
        load = self.shop.post("/shipping/loads", {"warehouse": self.code, "carrier": carrier}, 201)
        at = f"/shipping/loads/{load['load_id']}"
        scanned = self.shop.post(f"{at}/scans", {"ssccs": [*loaded, *refused]})
        assert sorted(scanned["loaded"]) == sorted(loaded)
        assert [one["sscc"] for one in scanned["refused"]] == refused
        self.shop.post(f"{at}/dispatch", {}, 202)
        self.shop.until(lambda: self.shop.get(at)["status"] == "dispatched", "the truck has left")
        manifest = self.shop.call("GET", f"{at}/manifest?format=csv").body.decode()
        listed = csv.DictReader(StringIO(manifest))
        assert sorted(row["sscc"] for row in listed) == sorted(loaded)


def cartons_of(shop: Shop, order_id: str) -> list[str]:
    """The SSCCs of an order's cartons."""
    return [carton["sscc"] for part in shop.order(order_id)["shipments"] for carton in part["cartons"]]


def printed(shop: Shop, order_id: str) -> list[str]:
    """What an independent decoder reads from the labels of an order, page by page."""
    [shipment] = shop.order(order_id)["shipments"]
    address = shop.get(f"/shipping/shipments/{shipment['shipment_id']}/labels")["url"]
    document = urllib3.request("GET", address, timeout=30.0)
    assert document.status == 200, document.data
    pages = [page.render(scale=4).to_pil() for page in pypdfium2.PdfDocument(document.data)]
    codes = [code for page in pages for code in zxingcpp.read_barcodes(page)]
    return [f"{code.symbology_identifier}{code.text}" for code in codes]


@pytest.fixture
def carrier(cloud: LocalCloud) -> Iterator[EasyPostServer]:
    """EasyPost's server as the deployed system asks it. It is out of order."""
    functions = cloud.client("lambda")
    secret = msgspec.json.encode({"api_key": "EZTK-of-the-day", "webhook_secret": WEBHOOK_SECRET}).decode()
    cloud.client("secretsmanager").create_secret(Name="stowage/shipping/easypost", SecretString=secret)
    with easypost_server() as server:
        server.down = True
        for name in ASKING_CARRIERS:
            found = functions.get_function_configuration(FunctionName=function_name("shipping", name))
            environment = found["Environment"]["Variables"] | {"EASYPOST_URL": server.url}
            functions.update_function_configuration(
                FunctionName=found["FunctionName"], Environment={"Variables": environment}
            )
        yield server


@pytest.fixture
def warehouse(cloud: LocalCloud, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    outputs = cloud.outputs()
    cognito = cloud.client("cognito-idp")
    client = ApiClient(outputs.api_url, lambda: people.machine_token(cognito, outputs, "integrator"))
    monkeypatch.setattr(import_orders, "connect", lambda: client)
    built = Warehouse(shop)
    built.build()
    return built


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def test_a_bad_day_ends_with_every_unit_and_every_penny_accounted_for(
    warehouse: Warehouse, carrier: EasyPostServer, tmp_path: Path
) -> None:
    shop = warehouse.shop
    ids = warehouse.import_orders(tmp_path, (SHORT, ABROAD, CALLED_OFF, DAMAGED))
    ids |= warehouse.import_orders(tmp_path, (UNPAID,), "--card", "tok_capture_declined")
    ids[INSTEAD] = warehouse.order_by_hand()
    for number in ids:
        shop.settled(ids[number], "reserved")
    assert shop.post("/orders/releases", {"orders": list(ids.values())})["released"] == len(ids)
    for number in ids:
        shop.settled(ids[number], "allocated")

    # one list for all of them; nobody else gets it, and a wrong scan is told what is wrong
    taken = warehouse.next_list(len(ids))
    rival = shop.call("POST", f"/picking/pick-lists/{taken['list_id']}/claim", {}, caller="supervisor")
    assert rival.status == 409
    steps = taken["steps"]
    assert sum(step["units"] for step in steps) == warehouse.wanted.total()
    first = steps[0]
    assert warehouse.confirm(taken, warehouse.scan(first, check_digits="xx"))[0].startswith("refused")
    assert warehouse.confirm(taken, warehouse.scan(first, code="SOMETHING-ELSE"))[0].startswith("refused")
    too_many = warehouse.scan(first, units=first["units"] + 1)
    assert warehouse.confirm(taken, too_many)[0].startswith("refused")

    # one unit is not where it should be, another one is broken: the reserve has one of each; a third has run out
    missing = next(step for step in steps if step["order_id"] == ids[SHORT])
    broken = next(step for step in steps if step["order_id"] == ids[DAMAGED])
    for step in (missing, broken):
        warehouse.adjust(step["sku"], "RESERVE", 1, "found")
    more = warehouse.brought + Counter((missing["sku"], broken["sku"]))
    shop.until(lambda: warehouse.on_hand() == more, "the reserve is known")
    said = {missing["pick_id"]: "the shelf is empty", broken["pick_id"]: "one is broken"}
    run_out = next(step for step in steps if step["order_id"] == ids[INSTEAD])
    said[run_out["pick_id"]] = "there is no other"
    scans = [
        warehouse.scan(step, units=None, short={"units_found": step["units"] - 1, "reason": said[step["pick_id"]]})
        if step["pick_id"] in said
        else warehouse.scan(step)
        for step in steps
    ]
    assert warehouse.confirm(taken, *scans) == ["accepted"] * len(scans)
    assert warehouse.confirm(taken, *scans) == ["already"] * len(scans)
    instead = f"/orders/{ids[INSTEAD]}/lines/1/substitutions"
    assert shop.once_heard(instead, {}, 202, caller="operator")["sku"] == ANOTHER
    second = warehouse.next_list(3)
    found = sorted((step["order_id"], step["units"], step["place"]) for step in second["steps"])
    reserve = [(ids[number], 1, warehouse.at("RESERVE")) for number in (SHORT, DAMAGED)]
    assert found == sorted([*reserve, (ids[INSTEAD], 1, warehouse.at(ANOTHER))])
    assert warehouse.confirm(second, *map(warehouse.scan, second["steps"])) == ["accepted"] * 3
    for step, reason in ((missing, "lost"), (broken, "damaged"), (run_out, "lost")):
        warehouse.adjust(step["sku"], step["sku"], -1, reason)
    for number in ids:
        shop.settled(ids[number], "picked")

    # at the packing bench one is cracked: it is put aside, and the reserve has another one
    cracked = next(step for step in steps if step["order_id"] == ids[DAMAGED] and step is not broken)
    warehouse.adjust(cracked["sku"], "RESERVE", 1, "found")
    more = warehouse.brought + Counter((cracked["sku"],)) - Counter((RUN_OUT,))
    shop.until(lambda: warehouse.on_hand() == more, "the reserve is known")
    rejection = {"items": [{"sku": cracked["sku"], "units": 1}], "condition": "damaged", "reason": "cracked"}
    bench = f"/picking/orders/{ids[DAMAGED]}"
    assert not shop.post(f"{bench}/rejections", rejection, 201, caller="operator")["packed"]
    third = warehouse.next_list(1)
    [step] = third["steps"]
    assert (step["sku"], step["units"], step["place"]) == (cracked["sku"], 1, warehouse.at("RESERVE"))
    assert warehouse.confirm(third, warehouse.scan(step)) == ["accepted"]
    shop.settled(ids[DAMAGED], "picked")

    # packed by weight and labelled, but for what needs a carrier that does not answer
    for number in ids:
        assert warehouse.pack(ids[number])["packed"]
    for number in (SHORT, CALLED_OFF, DAMAGED, UNPAID, INSTEAD):
        shop.settled(ids[number], "labelled")
    assert shop.order(ids[ABROAD])["status"] == "packed"
    assert carrier.requests
    assert not carrier.bought()
    carrier.down = False
    labels = printed(shop, ids[SHORT])
    assert labels == [f"]C1(00){carton}" for carton in cartons_of(shop, ids[SHORT])]

    # one is called off at the last moment: its carton is refused at the truck
    shop.post(f"/orders/{ids[CALLED_OFF]}/cancellation", {"reason": "changed their mind"}, 202)
    shop.settled(ids[CALLED_OFF], "cancelled")
    cartons = {number: cartons_of(shop, ids[number]) for number in ids}
    # another one is suspected of fraud: its carton stays at the dock until somebody has looked
    holds = f"/orders/{ids[SHORT]}/holds"
    assert shop.post(holds, {"kind": "fraud", "reason": "the address looks odd"})["held"]
    shop.until(lambda: warehouse.refusals(cartons[SHORT]) == ["held"], "the dock hears of the hold")
    assert not shop.post(f"{holds}/fraud/release")["held"]
    shop.until(lambda: warehouse.refusals(cartons[SHORT]) == [], "the dock hears of the release")

    gone = [sscc for number in (SHORT, DAMAGED, UNPAID, INSTEAD) for sscc in cartons[number]]
    warehouse.send(warehouse.carrier, gone, cartons[CALLED_OFF])
    for number in (SHORT, DAMAGED, UNPAID, INSTEAD):
        shop.settled(ids[number], "dispatched", "delivered", "closed")
        [shipment] = shop.order(ids[number])["shipments"]
        update = {"updates": [{"status": "delivered", "occurred_at": now()}]}
        shop.post(f"/shipping/shipments/{shipment['shipment_id']}/tracking", update)

    # the carrier answers again: its label is bought once, and it tells by itself where the parcel is
    shop.settled(ids[ABROAD], "labelled", within=180.0)
    assert len(carrier.bought()) == len(cartons[ABROAD])
    warehouse.send(warehouse.easypost, cartons[ABROAD], [])
    shop.settled(ids[ABROAD], "dispatched")
    [shipment] = shop.order(ids[ABROAD])["shipments"]
    at = f"/shipping/shipments/{shipment['shipment_id']}"
    for carton in shop.get(at)["cartons"]:
        delivered(shop, carton["tracking_number"])

    # everybody pays what has left, but one who owes it
    for number in (SHORT, ABROAD, DAMAGED, INSTEAD):
        paid = shop.settled(ids[number], "closed")
        assert paid["payment"]["captured"] == paid["total"]["amount"] == worth(warehouse.orders[number])
    shop.until(lambda: shop.order(ids[UNPAID])["payment"]["due"] > 0, "the declined capture is told")
    owed = shop.order(ids[UNPAID])
    assert owed["payment"]["due"] == owed["total"]["amount"] == worth(warehouse.orders[UNPAID])
    assert owed["payment"]["captured"] == 0
    assert shop.get(f"/payments/{ids[CALLED_OFF]}")["status"] == "voided"

    # what has left is gone, what was called off is for sale again and on its way back to a rack
    left = warehouse.wanted  # what was brought for what was lost and broken is among it
    for number in (SHORT, ABROAD, DAMAGED, UNPAID, INSTEAD):
        left -= Counter({sku: units for sku, units, _ in warehouse.orders[number]})
    shop.until(lambda: +warehouse.on_hand() == left, "the units have left")
    for sku in warehouse.brought:
        stock = shop.get(f"/inventory/stock/{sku}?warehouse={warehouse.code}")
        assert (stock["reserved"], stock["available"]) == (0, left[sku])
    tasks = f"/inventory/put-away-tasks?warehouse={warehouse.code}&status=open"

    def unfit() -> list[tuple[str, int]]:
        """What is to be brought to quarantine."""
        items = shop.get(tasks)["items"]
        return [(one["sku"], one["units"]) for one in items if one["stock_status"] == "damaged"]

    shop.until(lambda: len(shop.get(tasks)["items"]) > len(unfit()), "a task brings back what was called off")
    assert unfit() == [(cracked["sku"], 1)], shop.get(tasks)

    # two units come back: one is restocked, one is scrap, both are refunded
    line = shop.order(ids[SHORT])["lines"][0]
    wish = {"lines": [{"line_id": line["line_id"], "units": 2}], "reason": "too warm"}
    returned = shop.post(f"/orders/{ids[SHORT]}/returns", wish, 201)["return_id"]

    def expected() -> list[str]:
        items = shop.get("/receiving/shipments?supplier=RETURNS")["items"]
        return [one["shipment_id"] for one in items if one["reference"] == returned]

    shop.until(lambda: bool(expected()), "the return is expected")
    [parcel] = expected()
    shop.post(f"/receiving/shipments/{parcel}/arrival", {"location": warehouse.at("DOCK")})
    entries = [{"sku": line["sku"], "units": 1, "disposition": what} for what in ("restock", "scrap")]
    shop.post(f"/receiving/shipments/{parcel}/receipts", {"entries": entries})
    shop.post(f"/receiving/shipments/{parcel}/closing")
    refunded = 2 * line["unit_price"]
    shop.until(lambda: shop.order(ids[SHORT])["payment"]["refunded"] == refunded, "both are refunded")
    left[line["sku"]] += 1
    shop.until(lambda: +warehouse.on_hand() == left, "one is for sale again")

    # the payment provider's book says the same of every order of the day
    report = shop.get("/payments/reconciliation")
    assert report["provider"]
    assert not {one["order_id"] for one in report["differences"]} & set(ids.values())


def worth(lines: Lines) -> int:
    """What an invoice comes to, in pence."""
    return sum(units * int(Decimal(price) * 100) for _, units, price in lines)


def delivered(shop: Shop, tracking_number: str) -> None:
    """EasyPost tells that a parcel was delivered."""
    way = {"status": "delivered", "datetime": now(), "message": "at the door"}
    tracker = {"object": "Tracker", "tracking_code": tracking_number, "tracking_details": [way]}
    event = {
        "id": f"evt_{tracking_number}",
        "object": "Event",
        "description": "tracker.updated",
        "result": tracker,
    }
    body = msgspec.json.encode(event)
    signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = shop.call(
        "POST",
        "/shipping/webhooks/easypost",
        raw=body,
        caller=None,
        X_Hmac_Signature=f"hmac-sha256-hex={signature}",
    )
    assert answer.status == 200, answer
