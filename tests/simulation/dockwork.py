"""What people do at the dock: announce, arrive, log by scans, inspect, decide, close, recall."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.simulation.population import Action, Population
from tests.simulation.scheduler import START
from tests.simulation.wares import Parcel, Ware


@dataclass(frozen=True)
class DescribeWare(Action):
    """Register a product that comes through the dock; others may be sent instead."""

    ware: Ware
    instead: tuple[str, ...] = ()

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        sku = self.ware.sku
        people.tally.book.wares.add(sku)
        described = {"name": self.name, "substitutes": self.instead} | self.ware.described
        people.ask(self, "PUT", f"/inventory/products/{sku}", described)
        people.tally.products.add(sku)


@dataclass(frozen=True)
class DescribePlace(Action):
    """Register a dock, a rack, a quarantine or staging place."""

    place: str
    description: dict[str, Any]

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        address = {"zone": "W", "aisle": self.name, "bay": "01", "level": "1"}
        people.ask(self, "PUT", f"/inventory/locations/{self.place}", address | self.description)


@dataclass(frozen=True)
class DescribePlan(Action):
    """Ask for inspections, or for none any more."""

    plan: str
    aql: str
    active: bool

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        people.ask(
            self, "PUT", f"/receiving/inspection-plans/{self.plan}", {"aql": self.aql, "active": self.active}
        )


@dataclass(frozen=True)
class AnnounceShipment(Action):
    """A supplier announces a shipment, or corrects its announcement."""

    supplier: str
    reference: str
    parcels: tuple[Parcel, ...]
    hours: float | None
    """When it is expected, from the beginning of the run."""
    warehouse: str = "MAIN"
    may_change_nothing = True

    def act(self, people: Population) -> None:
        """Ask, and remember the shipment's id."""
        asked: dict[str, Any] = {
            "supplier": self.supplier,
            "reference": self.reference,
            "warehouse": self.warehouse,
            "lines": [parcel.announced for parcel in self.parcels],
        }
        if self.hours is not None:
            asked["eta"] = (START + timedelta(hours=self.hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        status, receipt = people.ask(self, "POST", "/receiving/shipments", asked)
        if status == 201:
            people.tally.book.shipments[self.reference] = receipt["shipment_id"]
        people.done(self.name)


@dataclass(frozen=True)
class ArriveAtDock(Action):
    """A shipment stands at a dock."""

    after: tuple[str, ...]
    reference: str
    dock: str

    def act(self, people: Population) -> None:
        """Wait for the announcement, then ask."""
        if shipment := people.shipment(self.reference, self.after):
            people.ask(self, "POST", f"/receiving/shipments/{shipment}/arrival", {"location": self.dock})
        people.done(self.name)


@dataclass(frozen=True)
class ReceiveUnannounced(Action):
    """Goods stand at a dock that nobody has announced."""

    supplier: str
    reference: str
    dock: str

    def act(self, people: Population) -> None:
        """Ask, and remember the shipment's id."""
        asked = {"supplier": self.supplier, "reference": self.reference, "location": self.dock}
        status, receipt = people.ask(self, "POST", "/receiving/unannounced-shipments", asked)
        if status == 201:
            people.tally.book.shipments[self.reference] = receipt["shipment_id"]
        people.done(self.name)


@dataclass(frozen=True)
class LogFound(Action):
    """An operator logs what was found.

    A parcel without a product is the handling unit, whole and as announced; it names the lots by announced line.
    """

    after: tuple[str, ...]
    reference: str
    operator: str
    parcels: tuple[Parcel, ...]

    def act(self, people: Population) -> None:
        """Wait for the arrival, ask, and note what was taken."""
        if shipment := people.shipment(self.reference, self.after):
            asked = {"entries": [parcel.found if parcel.sku else {"sscc": parcel.sscc} for parcel in self.parcels]}
            path = f"/receiving/shipments/{shipment}/receipts"
            status, receipt = people.ask(self, "POST", path, asked, who=self.operator)
            if status == 200:
                self._note(people, shipment, receipt)
        people.done(self.name)

    def _note(self, people: Population, shipment: str, receipt: Any) -> None:
        book = people.tally.book
        for parcel, result in zip(self.parcels, receipt["results"], strict=True):
            if parcel.sku:
                for sku, lot, serial, units in parcel.kinds:
                    book.count(sku, units, lot, (serial,) if serial else ())
                    book.logged[shipment, sku, lot] += units
                if result["units"] != parcel.units:
                    people.tally.contradictions.append(f"{self.name} logged {parcel}, and was told {result}")
            for goods in result["goods"]:
                if "inspection_id" in goods:
                    book.inspections[goods["inspection_id"]] = shipment
                if not parcel.sku:
                    lot = parcel.label[str(goods["line"])]
                    book.count(goods["sku"], goods["units"], lot)
                    book.logged[shipment, goods["sku"], lot] += goods["units"]


@dataclass(frozen=True)
class InspectGoods(Action):
    """Somebody takes samples of what waits for an inspection, and decides on it."""

    after: tuple[str, ...]
    reference: str
    verdict: str
    defects: int
    rejected_status: str

    def act(self, people: Population) -> None:
        """Wait for the goods, then look after each of the shipment's inspections."""
        shipment = people.shipment(self.reference, self.after)
        waiting = [one for one, of in people.tally.book.inspections.items() if of == shipment]
        for number, inspection in enumerate(sorted(waiting)):
            self._inspect(people, inspection, str(number))
        people.done(self.name)

    def _inspect(self, people: Population, inspection: str, part: str) -> None:
        path = f"/receiving/inspections/{inspection}"
        sample = {"inspected": max(1, self.defects), "defects": self.defects}
        people.ask(self, "POST", f"{path}/results", sample, part=f"sample-{part}")
        decision: dict[str, Any] = {
            "decision": self.verdict,
            "reason": self.name,
            "rejected_status": self.rejected_status,
        }
        if self.verdict == "partial":
            shown = people.get(f"{path}")
            goods = shown["goods"][:1]
            decision["rejected"] = [
                {"holding": one["holding"], "units": 1, "serials": one.get("serials", [])[:1]} for one in goods
            ]
        status, _ = people.ask(self, "POST", f"{path}/decision", decision, part=f"decision-{part}")
        if status == 200:
            people.tally.book.decided.add(inspection)


@dataclass(frozen=True)
class CloseShipment(Action):
    """Everything is logged."""

    after: tuple[str, ...]
    reference: str

    def act(self, people: Population) -> None:
        """Wait for the operators, then ask."""
        if shipment := people.shipment(self.reference, self.after):
            status, _ = people.ask(self, "POST", f"/receiving/shipments/{shipment}/closing", {})
            if status == 200:
                people.tally.book.closed.add(shipment)
        people.done(self.name)


@dataclass(frozen=True)
class RecallLot(Action):
    """A lot must not be used; or it may be used again (`lifted`)."""

    sku: str
    lot: str
    lifted: bool = False
    may_change_nothing = True

    def act(self, people: Population) -> None:
        """Ask."""
        if self.lifted:
            people.ask(self, "POST", "/receiving/recalls/lifting", {"sku": self.sku, "lot": self.lot})
        else:
            asked = {"sku": self.sku, "lot": self.lot, "reason": self.name}
            people.ask(self, "POST", "/receiving/recalls", asked)
