"""Orders go out: picked with surprises, packed, called off, loaded, delivered, not paid, and partly sent back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pypdfium2
import pytest
import urllib3
import zxingcpp

from tests.support.shop import Answer, Json, Shop, order

pytestmark = pytest.mark.cloud

MUG, LAMP = "MUG", "LAMP"
SIZE = {"dimensions": {"length_mm": 100, "width_mm": 100, "height_mm": 100}, "weight_g": 500}
HOME = {
    "name": "Kim Example",
    "street1": "Langer Weg 12",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


@dataclass
class Warehouse:
    """A small warehouse of its own, with mugs in two racks, lamps in one, cartons, and a truck."""

    shop: Shop
    code: str = field(default_factory=lambda: f"W{uuid4().hex[:8].upper()}")

    def sku(self, name: str) -> str:
        return f"{name}-{self.code}"

    def at(self, place: str) -> str:
        return f"{self.code}-{place}"

    @property
    def carrier(self) -> str:
        return f"fleet-{self.code.lower()}"

    def build(self) -> None:
        for name in (MUG, LAMP):
            described: Json = {"name": name, **SIZE}
            self.put(f"/inventory/products/{self.sku(name)}", described)
        for place, kind in (("DOCK", "dock"), ("PACK", "packing"), ("R1", "bulk"), ("R2", "bulk"), ("R3", "bulk")):
            body = {"warehouse": self.code, "zone": "A", "aisle": "01", "bay": place, "level": "1", "kind": kind}
            self.put(f"/inventory/locations/{self.at(place)}", body)
        for place, name, units in (("R1", MUG, 8), ("R2", MUG, 12), ("R3", LAMP, 6)):
            goods: Json = {
                "sku": self.sku(name),
                "location": self.at(place),
                "quantity": units,
                "reason": "received",
            }
            self.post("/inventory/stock/adjustments", goods, 201)
        box = {"length_mm": 400, "width_mm": 300, "height_mm": 300}
        carton = {"inner": box, "outer": box, "max_weight_g": 20_000, "tare_g": 300, "warehouse": self.code}
        self.put("/picking/carton-types/BOX", carton)
        rate = {"service": "standard", "zone": "de", "up_to_g": 30_000, "amount": 490}
        fleet = {"currency": "EUR", "zones": [{"zone": "de", "country": "DE"}], "rates": [rate]}
        self.put(
            f"/shipping/carriers/{self.carrier}", {"name": "Fleet", "warehouses": [self.code], "fleet": fleet}
        )
        self.shop.until(lambda: self.on_hand(MUG) == 20 and self.on_hand(LAMP) == 6, "stock can be promised")

    def put(self, path: str, body: object) -> None:
        answer = self.shop.call("PUT", path, body)
        assert answer.status == 200, answer

    def post(self, path: str, body: object = None, status: int = 200, caller: str = "supervisor") -> Json:
        answer = self.shop.call("POST", path, {} if body is None else body, caller=caller)
        assert answer.status == status, answer
        found: Json = answer.body
        return found

    def once_heard(self, path: str, body: object, status: int) -> Json:
        """As `post`, once the other service has heard of what the request is about."""
        answers: list[Answer] = []

        def asked() -> bool:
            answers.append(self.shop.call("POST", path, body))
            return answers[-1].status == status

        self.shop.until(asked, f"POST {path} is answered {status}")
        found: Json = answers[-1].body
        return found

    def order(self, lines: dict[str, int], method: str = "tok_accepted") -> str:
        body = order({self.sku(name): units for name, units in lines.items()}, method)
        body |= {"warehouse": self.code, "ship_to": HOME}
        return str(self.once_heard("/orders", body, 201)["order_id"])

    def on_hand(self, name: str) -> int:
        answer = self.shop.call("GET", f"/inventory/stock/{self.sku(name)}?warehouse={self.code}")
        return int(answer.body["on_hand"]) if answer.status == 200 else 0

    def digits(self, place: str) -> str:
        return str(self.shop.get(f"/inventory/locations/{place}")["check_digits"])

    def next_list(self, orders: int, caller: str = "operator") -> Json:
        """Release a wave once so many orders wait for one, and claim its list."""
        pool = f"/picking/pool?warehouse={self.code}"
        self.shop.until(lambda: len(self.shop.get(pool)["items"]) == orders, f"{orders} orders wait to be picked")
        self.post("/picking/waves", {"warehouse": self.code}, 202)
        answers: list[Answer] = []

        def claimed() -> bool:
            body = {"warehouse": self.code}
            answers.append(self.shop.call("POST", "/picking/pick-lists/next", body, caller=caller))
            return answers[-1].status == 200

        self.shop.until(claimed, "a pick list can be claimed")
        found: Json = answers[-1].body
        return found

    def scan(self, step: Json, **other: object) -> Json:
        """What a scanner sends for a position."""
        return {
            "confirmation_id": str(uuid4()),
            "pick_id": step["pick_id"],
            "location": step["place"],
            "check_digits": self.digits(str(step["place"])),
            "code": step["sku"],
            "units": step["units"],
        } | other

    def confirm(self, taken: Json, *scans: Json) -> list[str]:
        body = {"confirmations": list(scans)}
        at = f"/picking/pick-lists/{taken['list_id']}/confirmations"
        verdicts = self.post(at, body, caller="operator")["verdicts"]
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
        return self.post(f"{at}/packing", {"cartons": cartons}, 201)


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


@pytest.fixture(scope="module")
def warehouse(shop: Shop) -> Warehouse:
    built = Warehouse(shop)
    built.build()
    return built


def test_orders_go_out_and_every_unit_and_cent_is_accounted_for(warehouse: Warehouse) -> None:
    shop = warehouse.shop
    kept = warehouse.order({MUG: 6, LAMP: 2})
    unpaid = warehouse.order({MUG: 3}, "tok_capture_declined")
    given_up = warehouse.order({MUG: 2})
    orders = (kept, unpaid, given_up)
    for one in orders:
        shop.settled(one, "reserved")
    released = warehouse.post("/orders/releases", {"orders": list(orders)})
    assert released["released"] == 3
    for one in orders:
        shop.settled(one, "allocated")

    # one list for all of them; nobody else gets it, and a wrong scan is told what is wrong
    taken = warehouse.next_list(3)
    rival = shop.call("POST", f"/picking/pick-lists/{taken['list_id']}/claim", {}, caller="supervisor")
    assert rival.status == 409
    steps = taken["steps"]
    assert sum(step["units"] for step in steps) == 13
    first = steps[0]
    assert warehouse.confirm(taken, warehouse.scan(first, check_digits="xx"))[0].startswith("refused")
    assert warehouse.confirm(taken, warehouse.scan(first, code="SOMETHING-ELSE"))[0].startswith("refused")
    too_many = warehouse.scan(first, units=first["units"] + 1)
    assert warehouse.confirm(taken, too_many)[0].startswith("refused")

    # one mug is not where it should be: the rest is picked, and another one is found in the other rack
    mugs = next(step for step in steps if step["order_id"] == kept and step["sku"] == warehouse.sku(MUG))
    found = mugs["units"] - 1
    scans = [
        warehouse.scan(step, short={"units_found": found, "reason": "the shelf is empty"}, units=None)
        if step is mugs
        else warehouse.scan(step)
        for step in steps
    ]
    scans = [{name: value for name, value in scan.items() if value is not None} for scan in scans]
    assert warehouse.confirm(taken, *scans) == ["accepted"] * len(scans)
    assert warehouse.confirm(taken, *scans) == ["already"] * len(scans)
    second = warehouse.next_list(1)
    [extra] = second["steps"]
    assert (extra["order_id"], extra["units"]) == (kept, 1)
    assert warehouse.confirm(second, warehouse.scan(extra)) == ["accepted"]
    for one in orders:
        shop.settled(one, "picked")

    # packed by weight, labelled, and one of them called off at the last moment
    for one in orders:
        assert warehouse.pack(one)["packed"]
    for one in orders:
        shop.settled(one, "labelled")
    assert printed(shop, kept) == [f"]C1(00){carton}" for carton in cartons_of(shop, kept)]
    warehouse.post(f"/orders/{given_up}/cancellation", {"reason": "changed their mind"}, 202)
    shop.settled(given_up, "cancelled")

    # on the truck: what was called off is refused, what is missing is named
    cartons = {one: cartons_of(shop, one) for one in orders}
    load = warehouse.post("/shipping/loads", {"warehouse": warehouse.code, "carrier": warehouse.carrier}, 201)
    at = f"/shipping/loads/{load['load_id']}"
    scanned = warehouse.post(f"{at}/scans", {"ssccs": [*cartons[kept], *cartons[unpaid], *cartons[given_up]]})
    assert sorted(scanned["loaded"]) == sorted([*cartons[kept], *cartons[unpaid]])
    assert [one["sscc"] for one in scanned["refused"]] == cartons[given_up]
    warehouse.post(f"{at}/dispatch", {}, 202)
    for one in (kept, unpaid):
        shop.settled(one, "dispatched", "delivered", "closed")

    # delivered: one is paid and closed, the other is owed for
    for one in (kept, unpaid):
        [shipment] = shop.order(one)["shipments"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        update = {"updates": [{"status": "delivered", "occurred_at": now}]}
        warehouse.post(f"/shipping/shipments/{shipment['shipment_id']}/tracking", update)
    paid = shop.settled(kept, "closed")
    assert paid["payment"]["captured"] == paid["total"]["amount"]
    shop.until(lambda: shop.order(unpaid)["payment"]["due"] > 0, "the declined capture is told")
    owed = shop.order(unpaid)
    assert owed["payment"]["due"] == owed["total"]["amount"]
    assert owed["payment"]["captured"] == 0

    # what has left is gone, what was given up is for sale again
    shop.until(lambda: (warehouse.on_hand(MUG), warehouse.on_hand(LAMP)) == (11, 4), "the units have left")
    stock = shop.get(f"/inventory/stock/{warehouse.sku(MUG)}?warehouse={warehouse.code}")
    assert (stock["reserved"], stock["available"]) == (0, 11)
    tasks = f"/inventory/put-away-tasks?warehouse={warehouse.code}&status=open"
    shop.until(lambda: bool(shop.get(tasks)["items"]), "a task brings the mugs back")

    # a lamp comes back, is restocked and refunded
    lamp = next(line for line in paid["lines"] if line["sku"] == warehouse.sku(LAMP))
    wish = {"lines": [{"line_id": lamp["line_id"], "units": 1}], "reason": "too bright"}
    returned = warehouse.post(f"/orders/{kept}/returns", wish, 201)["return_id"]

    def expected() -> list[str]:
        items = shop.get("/receiving/shipments?supplier=RETURNS")["items"]
        return [one["shipment_id"] for one in items if one["reference"] == returned]

    shop.until(lambda: bool(expected()), "the return is expected")
    [parcel] = expected()
    warehouse.post(f"/receiving/shipments/{parcel}/arrival", {"location": warehouse.at("DOCK")})
    entry = {"sku": warehouse.sku(LAMP), "units": 1, "disposition": "restock"}
    warehouse.post(f"/receiving/shipments/{parcel}/receipts", {"entries": [entry]})
    warehouse.post(f"/receiving/shipments/{parcel}/closing")
    price = lamp["unit_price"]
    shop.until(lambda: shop.order(kept)["payment"]["refunded"] == price, "the lamp is refunded")
    shop.until(lambda: warehouse.on_hand(LAMP) == 5, "the lamp is for sale again")
