"""What people do with goods that are in: pack, nest, move, split, empty, send, count, change their status.

Where goods lie they look up first, as people do, so that most of what they want can be done.
"""

from dataclasses import dataclass
from typing import Any

from tests.simulation.population import Action, Population
from tests.simulation.wares import Ware


@dataclass(frozen=True)
class ReceiveDirectly(Action):
    """Goods come in without an inbound shipment, into a place or onto a handling unit."""

    ware: Ware
    units: int
    label: dict[str, Any]
    holding: str
    status: str

    def act(self, people: Population) -> None:
        """Ask, and note what was taken."""
        line = {"sku": self.ware.sku, "units": self.units, "status": self.status} | self.label
        asked = {"location": self.holding, "lines": [line]}
        status, note = people.ask(self, "POST", "/inventory/stock/receipts", asked)
        if status == 201:
            people.tally.book.count_goods(note["goods"])


@dataclass(frozen=True)
class CorrectStock(Action):
    """Somebody finds units, or lacks some."""

    ware: Ware
    units: int
    label: dict[str, Any]
    holding: str

    def act(self, people: Population) -> None:
        """Ask, and note what was changed."""
        asked = {"sku": self.ware.sku, "location": self.holding, "quantity": self.units, "reason": self.name}
        status, receipt = people.ask(self, "POST", "/inventory/stock/adjustments", asked | self.label)
        if status == 201:
            book = people.tally.book
            book.count(self.ware.sku, receipt["quantity"], receipt.get("lot"), receipt.get("serials", ()))


@dataclass(frozen=True)
class CountStock(Action):
    """Somebody counts a product where some of it lies, and finds `found` units fewer or more."""

    ware: Ware
    which: int
    found: int

    def act(self, people: Population) -> None:
        """Look, count, and note the difference."""
        there = people.look_for(self.ware.sku, self.which)
        if there is None:
            return
        asked: dict[str, Any] = {"sku": self.ware.sku, "location": there.holding, "status": there.status}
        if self.ware.tracking == "serial":
            asked["serials"] = list(people.serials_in(there.holding, self.ware.sku))[max(0, -self.found) :]
        else:
            asked["units"] = max(0, there.units + self.found)
        if there.lot:
            asked["lot"] = there.lot
        status, note = people.ask(self, "POST", "/inventory/stock/counts", asked)
        if status != 201:
            return
        book, serials = people.tally.book, (*note["missing_serials"], *note["found_serials"])
        if not serials:
            book.count(self.ware.sku, note["difference"], note["lot"])
        for serial in note["missing_serials"]:
            book.count(self.ware.sku, -1, note["lot"], [serial])
        for serial in note["found_serials"]:
            book.count(self.ware.sku, 1, note["lot"], [serial])


@dataclass(frozen=True)
class ChangeStatus(Action):
    """Goods are damaged, or are good after all."""

    ware: Ware
    which: int
    units: int
    to: str

    def act(self, people: Population) -> None:
        """Look, and ask."""
        there = people.look_for(self.ware.sku, self.which)
        if there is None:
            return
        asked: dict[str, Any] = {
            "sku": self.ware.sku,
            "location": there.holding,
            "status": there.status,
            "to": self.to,
            "reason_code": "other",
        }
        if self.ware.tracking != "serial":
            asked["units"] = min(self.units, there.units)
        if there.lot:
            asked["lot"] = there.lot
        people.ask(self, "POST", "/inventory/stock/status-changes", asked)


@dataclass(frozen=True)
class CreateUnit(Action):
    """A pallet, tote or carton gets a label: ours, or (`sscc`) its own."""

    kind: str
    place: str
    sscc: str | None

    def act(self, people: Population) -> None:
        """Ask, and remember its SSCC."""
        asked = {"type": self.kind, "location": self.place, "tare_g": 50, "volume_mm3": 500}
        asked |= {"sscc": self.sscc} if self.sscc else {}
        status, unit = people.ask(self, "POST", "/inventory/handling-units", asked)
        if status == 201:
            people.tally.book.units[self.name] = unit["sscc"]
        people.done(self.name)


@dataclass(frozen=True)
class MoveGoods(Action):
    """Loose goods go from where some lie to a place, or onto the handling unit that an action has made."""

    ware: Ware
    which: int
    units: int
    to: str

    def act(self, people: Population) -> None:
        """Look, and ask."""
        there = people.look_for(self.ware.sku, self.which)
        goal = people.unit(self.to)
        if there is None or goal is None:
            return
        goods = people.wanted(self.ware.sku, there, self.units)
        if goal != self.to:
            path, asked = f"/inventory/handling-units/{goal}/contents", {"from": there.holding, "goods": [goods]}
        else:
            path, asked = "/inventory/stock/moves", {"from": there.holding, "to": goal, "goods": [goods]}
        people.ask(self, "POST", path, asked)


@dataclass(frozen=True)
class MoveUnit(Action):
    """A handling unit goes elsewhere with everything on it: to a place, or onto another unit."""

    unit: str
    to: str

    def act(self, people: Population) -> None:
        """Wait until both are made, and ask."""
        unit, goal = people.unit(self.unit), people.unit(self.to)
        if unit is None or goal is None:
            return
        if goal != self.to:
            people.ask(self, "POST", f"/inventory/handling-units/{unit}/nesting", {"onto": goal})
        else:
            people.ask(self, "POST", f"/inventory/handling-units/{unit}/moves", {"to": goal})


@dataclass(frozen=True)
class SplitUnit(Action):
    """Some of what is on a handling unit goes onto a new one."""

    unit: str
    kind: str
    units: int

    def act(self, people: Population) -> None:
        """Look what is on it, and ask."""
        unit = people.unit(self.unit)
        if unit is not None and (goods := people.goods_on(unit, self.units)):
            asked = {"goods": goods, "type": self.kind}
            status, note = people.ask(self, "POST", f"/inventory/handling-units/{unit}/splits", asked)
            if status == 201:
                people.tally.book.units[self.name] = note["unit"]["sscc"]
        people.done(self.name)


@dataclass(frozen=True)
class EmptyUnit(Action):
    """Everything on a handling unit goes elsewhere."""

    unit: str
    to: str

    def act(self, people: Population) -> None:
        """Wait until it is made, and ask."""
        unit, goal = people.unit(self.unit), people.unit(self.to)
        if unit is not None and goal is not None:
            people.ask(self, "POST", f"/inventory/handling-units/{unit}/emptying", {"to": goal})


@dataclass(frozen=True)
class SendTransfer(Action):
    """Goods, or a handling unit with all that is on it, go to the other warehouse."""

    ware: Ware
    which: int
    units: int
    unit: str | None

    def act(self, people: Population) -> None:
        """Look, ask, and remember the transfer."""
        asked: dict[str, Any] = {"destination": "NORTH"}
        if self.unit is not None:
            asked["location"] = people.unit(self.unit)
        elif there := people.look_for(self.ware.sku, self.which):
            asked |= {"location": there.holding, "goods": [people.wanted(self.ware.sku, there, self.units)]}
        if asked.get("location"):
            status, transfer = people.ask(self, "POST", "/inventory/stock/transfers", asked)
            if status == 201:
                people.tally.book.transfers[self.name] = transfer["transfer_id"]
        people.done(self.name)


@dataclass(frozen=True)
class EndTransfer(Action):
    """What was sent stands in the other warehouse."""

    transfer: str
    place: str

    def act(self, people: Population) -> None:
        """Wait until it is sent, and ask."""
        people.follow(self.transfer)
        if transfer := people.tally.book.transfers.get(self.transfer):
            path = f"/inventory/stock/transfers/{transfer}/arrival"
            people.ask(self, "POST", path, {"location": self.place})


@dataclass(frozen=True)
class BlockLot(Action):
    """A lot is blocked, or freed again, in the warehouse itself."""

    sku: str
    lot: str
    block: bool

    def act(self, people: Population) -> None:
        """Ask."""
        verb = "block" if self.block else "unblock"
        people.ask(self, "POST", f"/inventory/lots/{self.sku}/{self.lot}/{verb}", {"reason": self.name})
