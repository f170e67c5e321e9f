"""What tests of packing do at a packing bench: have orders picked, pack them, and see what is told of it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from picking.aggregates import PICK_ORDER
from picking.contracts import Parcel
from picking.domain.pick_order import (
    AssignPicks,
    ListPart,
    NotePart,
    RequestPicks,
    Visit,
    WantedLine,
    WithdrawPicking,
    pick_id,
)
from shared import ids
from shared.decider import Command, execute
from shared.events import originating
from tests.support.deliveries import bus_event
from tests.support.landscape import Answer, Landscape

Json = dict[str, Any]

AT = "2026-01-31T09:30:00.000Z"
MUG_GTIN, CASE_GTIN = "4006381333931", "14006381333938"
MILK_GTIN, DRILL_GTIN = "4012345678901", "5901234123457"
SIZE = {"length_mm": 100, "width_mm": 90, "height_mm": 80}
PRODUCTS: list[Json] = [
    {
        "sku": "MUG",
        "name": "Mug",
        "gtin": MUG_GTIN,
        "weight_g": 400,
        "dimensions": SIZE,
        "storage_class": "fragile",
        "packaging": [{"gtin": CASE_GTIN, "units": 4}],
    },
    {
        "sku": "MILK",
        "name": "Milk",
        "gtin": MILK_GTIN,
        "weight_g": 1_000,
        "dimensions": SIZE,
        "tracking": "lot_expiry",
    },
    {
        "sku": "DRILL",
        "name": "Drill",
        "gtin": DRILL_GTIN,
        "weight_g": 2_000,
        "dimensions": SIZE,
        "tracking": "serial",
    },
    {"sku": "PAINT", "name": "Paint", "weight_g": 900, "dimensions": SIZE, "storage_class": "hazmat-3"},
    {
        "sku": "FLASK",
        "name": "Flask of paint",
        "weight_g": 900,
        "dimensions": SIZE,
        "storage_class": "hazmat-3",
        "fragile": True,
    },
    {"sku": "ODD", "name": "Odd thing"},
]
PLACES: list[Json] = [
    {"location": location, "warehouse": warehouse, "zone": "P", "aisle": "1", "bay": "1", "kind": kind}
    for location, warehouse, kind in (
        ("PACK-1", "MAIN", "packing"),
        ("PACK-9", "NORTH", "packing"),
        ("DOCK-1", "MAIN", "dock"),
    )
]
BOX: Json = {
    "inner": {"length_mm": 400, "width_mm": 300, "height_mm": 250},
    "outer": {"length_mm": 410, "width_mm": 310, "height_mm": 260},
    "max_weight_g": 20_000,
    "tare_g": 300,
}
TARE = 300


def line(
    sku: str, units: int, *, lot: str | None = None, expires_on: str | None = None, serials: Sequence[str] = ()
) -> Visit:
    """Units of a product that are set aside in a place of their own."""
    return Visit(f"A-{sku}", f"A-{sku}", units, lot=lot, expires_on=expires_on, serials=tuple(serials))


class PackingBench:
    """Picking in a landscape, with products, cartons, and orders whose picks are made."""

    def __init__(self, system: Landscape) -> None:
        self.system = system
        self._calls = 0
        for kind, name, known in (("Product", "sku", PRODUCTS), ("Location", "location", PLACES)):
            for one in known:
                subject = f"{kind}#{one[name]}"
                event = bus_event(f"{subject}@1.0", one, type=f"inventory.{kind}Registered", subject=subject)
                assert system.deliver(("picking", "masterdata"), event) == []
        assert self.put("BOX", BOX).status == 200

    def put(self, kind: str, body: Json) -> Answer:
        return self.system.call("PUT", f"/picking/carton-types/{kind}", body)

    def hear(self, name: str, told: Json, commit: int) -> None:
        """Let picking hear what inventory tells of a lot."""
        subject = f"Lot#{told['sku']}#{told['lot']}"
        event = bus_event(f"{subject}@{commit}.0", told, type=f"inventory.{name}", subject=subject)
        event = msgspec.structs.replace(event, sequence=f"{commit:010d}.0000")
        assert self.system.deliver(("picking", "masterdata"), event) == []

    def ask(self, order_id: str, *visits: Visit, first: int = 1, number: int = 1, lines: int = 0) -> None:
        """Let picking hear that the order's lines are to be picked, from line `first` on."""
        wanted = tuple(
            WantedLine(str(at), visit.holding.removeprefix("A-"), visit.units, number, (visit,))
            for at, visit in enumerate(visits, start=first)
        )
        total = lines or first - 1 + len(visits)
        self._decide(order_id, RequestPicks(order_id, "MAIN", number, wanted, total, AT))

    def pick(self, order_id: str, *numbers: int, found: int | None = None) -> str:
        """Let the picks of those numbers be made on a list; the list's id."""
        list_id = ids.new_id()
        self._decide(order_id, AssignPicks(ids.new_id(), (ListPart(list_id, numbers),)))
        stream = self.system.history("picking").load(PICK_ORDER, PICK_ORDER.stream_id(order_id))
        parcels = []
        for number in numbers:
            pick = stream.state.picks[number]
            visit = pick.visit
            units = visit.units if found is None else found
            if units:
                parcels.append(
                    Parcel(
                        pick_id(order_id, number),
                        pick.line_id,
                        pick.sku,
                        units,
                        visit.lot,
                        visit.expires_on,
                        visit.serials,
                    )
                )
        self._decide(order_id, NotePart(list_id, tuple(parcels), AT))
        return list_id

    def picked(self, *visits: Visit) -> str:
        """An order all of whose lines are picked."""
        order_id = ids.new_id()
        self.ask(order_id, *visits)
        self.pick(order_id, *range(1, len(visits) + 1))
        return order_id

    def cancel(self, order_id: str) -> None:
        self._decide(order_id, WithdrawPicking(order_id, "customer changed their mind", AT))

    def post(self, path: str, body: object, key: str = "", actor: str = "operator-7") -> Answer:
        self._calls += 1
        return self.system.call(
            "POST", f"/picking/orders/{path}", body, key=key or f"call-{self._calls}", actor=actor
        )

    def get(self, path: str, **query: str) -> Any:
        answer = self.system.call("GET", f"/picking/orders/{path}", query=query)
        assert answer.status == 200, answer
        return answer.body

    def open(self, order_id: str, **more: object) -> str:
        answer = self.post(f"{order_id}/cartons", {"carton_type": "BOX", **more})
        assert answer.status == 201, answer
        return str(answer.body["sscc"])

    def fill(self, order_id: str, sscc: str, *items: Json, key: str = "") -> Answer:
        return self.post(f"{order_id}/cartons/{sscc}/items", {"items": list(items)}, key)

    def close(self, order_id: str, sscc: str, weight_g: int, key: str = "") -> Answer:
        return self.post(f"{order_id}/cartons/{sscc}/closing", {"weight_g": weight_g}, key)

    def pack(self, order_id: str, *cartons: tuple[int, list[Json]], key: str = "", **more: object) -> Answer:
        body = {
            "cartons": [{"carton_type": "BOX", "weight_g": weight, "items": items} for weight, items in cartons],
            **more,
        }
        return self.post(f"{order_id}/packing", body, key)

    def told(self, name: str) -> list[Json]:
        """The data of every event of that name that reached the bus, each once."""
        self.system.publish("picking")
        events = {event.id: event for event in self.system.bus if event.type == f"picking.{name}"}
        return [msgspec.json.decode(event.data) for event in events.values()]

    def _decide(self, order_id: str, payload: msgspec.Struct) -> None:
        stream_id = PICK_ORDER.stream_id(order_id)
        execute(self.system.history("picking"), PICK_ORDER, stream_id, Command(payload, originating(ids.new_id())))
