"""What people do at the packing bench: pack as proposed or otherwise, scan, weigh, and err."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.ledger import goods_of
from tests.simulation.population import MINUTE, Action, Population
from tests.simulation.wares import UNIT_WEIGHT

TARES = {"SMALL": 50, "LARGE": 150}
"""Cartons by their kind, and what they weigh empty."""
CARTON_TYPES: dict[str, dict[str, Any]] = {
    "SMALL": {
        "inner": {"length_mm": 30, "width_mm": 20, "height_mm": 10},
        "outer": {"length_mm": 34, "width_mm": 24, "height_mm": 14},
        "max_weight_g": 600,
    },
    "LARGE": {
        "inner": {"length_mm": 60, "width_mm": 40, "height_mm": 40},
        "outer": {"length_mm": 66, "width_mm": 46, "height_mm": 46},
        "max_weight_g": 5_000,
    },
}

Items = list[dict[str, Any]]


@dataclass(frozen=True)
class DescribeCarton(Action):
    """A warehouse has this kind of carton."""

    warehouse: str
    kind: str

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        described = CARTON_TYPES[self.kind] | {"tare_g": TARES[self.kind], "warehouse": self.warehouse}
        people.ask(self, "PUT", f"/picking/carton-types/{self.kind}", described, who="supervisor")


@dataclass(frozen=True)
class PackOrders(Action):
    """A packer looks for orders that are picked, and packs one after the other in these manners.

    `proposed`: as proposed, at once. `light`: with the wrong weight first. `by hand`: carton by carton, item by
    item. `overridden`: by hand, and the scale is wrong. `some`: one item alone, though more is there. `cut short`:
    that, and the rest is not to be found. `damaged`, `missing`: as proposed, but for one unit which is so.
    """

    warehouse: str
    packer: str
    manners: tuple[str, ...]
    which: int
    pace: float

    def act(self, people: Population) -> None:
        """Look what is to be packed as often as there are manners."""
        for number, manner in enumerate(self.manners):
            people.cloud.scheduler.sleep(self.pace)
            orders = people.orders_at(self.warehouse, "picked", "packed")
            if orders:
                self.pack(people, orders[self.which % len(orders)]["order_id"], manner, str(number))
            else:
                people.cloud.scheduler.sleep(5 * MINUTE)

    def pack(self, people: Population, order_id: str, manner: str, part: str) -> None:
        """Pack what is there of an order."""
        at = f"/picking/orders/{order_id}"
        there = people.look(f"{at}/packing") or {"to_pack": (), "cancelled": None}
        items: Items = list(there["to_pack"])
        if not items or there["cancelled"]:
            return
        match manner:
            case "by hand" | "overridden":
                self._by_hand(people, at, items, manner, part)
            case "some" | "cut short":
                one = [_some(items[0], 1)]
                self._at_once(people, at, [_carton("SMALL", one)], part, partial=True)
                if manner == "cut short":
                    why = {"reason": self.name}
                    path = f"{at}/packing/completion"
                    people.ask(self, "POST", path, why, part=f"cut-{part}", who="supervisor")
            case "damaged" | "missing":
                self._reject(people, at, items[0], manner, part)
                self.pack(people, order_id, "proposed", f"{part}-rest")
            case _:
                proposal = people.look(f"{at}/packing-proposal") or {"cartons": ()}
                cartons = [
                    _carton(one["carton_type"], _items(items, one["contents"])) for one in proposal["cartons"]
                ]
                cartons = [one for one in cartons if one["items"]]
                if manner == "light" and cartons:
                    self._require_refused(people, at, cartons, part)
                if cartons and not self._at_once(people, at, cartons, part) and self._lay_aside(people, at, part):
                    self.pack(people, order_id, "proposed", f"{part}-fit")

    def _reject(self, people: Population, at: str, item: dict[str, Any], condition: str, part: str) -> None:
        """Report one unit; and before that, more units than anybody has picked."""
        path, seen = f"{at}/rejections", {"condition": condition, "reason": self.name}
        asked = {"items": [_named(item) | {"units": 1_000}], **seen}
        status, note = people.ask(self, "POST", path, asked, part=f"all-{part}", who=self.packer)
        if status == 201:
            people.tally.contradictions.append(f"{self.name} rejected what was never picked, and was told {note}")
        one = _named(_some(item, 1))
        status, note = people.ask(
            self, "POST", path, {"items": [one], **seen}, part=f"bad-{part}", who=self.packer
        )
        if status == 201:
            people.tally.book.note_rejected(condition, note["items"])
            if goods_of(note["items"]) != goods_of([one]):
                people.tally.contradictions.append(f"{self.name} rejected {one}, and was told {note}")

    def _require_refused(self, people: Population, at: str, cartons: Sequence[Any], part: str) -> None:
        wrong = [cartons[0] | {"weight_g": cartons[0]["weight_g"] - UNIT_WEIGHT}, *cartons[1:]]
        status, note = people.ask(
            self, "POST", f"{at}/packing", {"cartons": wrong}, part=f"light-{part}", who=self.packer
        )
        if status == 201:
            people.tally.contradictions.append(f"{self.name} weighed too little, and was told {note}")

    def _at_once(
        self, people: Population, at: str, cartons: Sequence[Any], part: str, *, partial: bool = False
    ) -> bool:
        asked = {"cartons": cartons, "packing_location": "S-PACK", "partial": partial}
        status, note = people.ask(self, "POST", f"{at}/packing", asked, part=f"pack-{part}", who=self.packer)
        if status == 201:
            people.tally.book.note_cartons(note["cartons"])
        return status == 201

    def _lay_aside(self, people: Population, at: str, part: str) -> bool:
        """Report what has expired since it was picked, all of it. Answers whether there was any."""
        unfit = [one["item"] for one in (people.look(f"{at}/packing") or {"unfit": ()})["unfit"]]
        for number, item in enumerate(unfit):
            asked = {"items": [_named(item)], "condition": "damaged", "reason": "expired"}
            status, note = people.ask(
                self, "POST", f"{at}/rejections", asked, part=f"unfit-{part}-{number}", who=self.packer
            )
            if status == 201:
                people.tally.book.note_rejected("damaged", note["items"])
        return bool(unfit)

    def _by_hand(self, people: Population, at: str, items: Items, manner: str, part: str) -> None:
        """Open a carton, put all in that fits, take one out and put it in again, scan something wrong, weigh."""
        opening = {"carton_type": "LARGE"}
        status, carton = people.ask(self, "POST", f"{at}/cartons", opening, part=f"open-{part}", who=self.packer)
        if status != 201:
            return
        path = f"{at}/cartons/{carton['sscc']}"
        wrong = {"items": [{"sku": "WARE-UNKNOWN", "units": 1}]}
        status, note = people.ask(self, "POST", f"{path}/items", wrong, part=f"wrong-{part}", who=self.packer)
        if status == 200:
            people.tally.contradictions.append(f"{self.name} packed something unknown, and was told {note}")
        inside = 0
        for number, item in enumerate(items):
            asked = {"items": [_named(item)]}
            status, _ = people.ask(
                self, "POST", f"{path}/items", asked, part=f"put-{part}-{number}", who=self.packer
            )
            inside += item["units"] if status == 200 else 0
        first = {"items": [_named(_some(items[0], 1))]}
        for verb in ("removals", "items"):
            status, _ = people.ask(self, "POST", f"{path}/{verb}", first, part=f"{verb}-{part}", who=self.packer)
            if status == 200:
                inside += 1 if verb == "items" else -1
        weight: dict[str, Any] = {"weight_g": TARES["LARGE"] + inside * UNIT_WEIGHT}
        if manner == "overridden":
            weight = {"weight_g": weight["weight_g"] + 400, "reason": self.name}
        verb = "override" if manner == "overridden" else "closing"
        status, note = people.ask(self, "POST", f"{path}/{verb}", weight, part=f"close-{part}", who=self.packer)
        if status == 200:
            people.tally.book.note_cartons(note["cartons"])


def _carton(kind: str, items: Items) -> dict[str, Any]:
    units = sum(item["units"] for item in items)
    named = [_named(item) for item in items]
    return {"carton_type": kind, "weight_g": TARES[kind] + units * UNIT_WEIGHT, "items": named}


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("sku", "units", "lot", "serials") if name in item}


def _some(item: dict[str, Any], units: int) -> dict[str, Any]:
    return item | {"units": units} | ({"serials": item["serials"][:units]} if "serials" in item else {})


def _items(items: Items, stacks: Sequence[dict[str, Any]]) -> Items:
    """Take what a proposed carton holds out of what waits to be packed, lot by lot."""
    return [taken for stack in stacks for taken in _taken(items, stack)]


def _taken(items: Items, stack: dict[str, Any]) -> Iterator[dict[str, Any]]:
    wanted = stack["units"]
    for index, item in enumerate(items):
        units = min(wanted, item["units"]) if item["line_id"] == stack["line_id"] else 0
        if units:
            yield _some(item, units)
            wanted -= units
            rest = item | {"units": item["units"] - units}
            items[index] = rest | ({"serials": item["serials"][units:]} if "serials" in item else {})
