"""What people do with packed cartons: describe carriers, load trucks, let them leave, and drive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import clock
from tests.simulation.population import MINUTE, Action, Population
from tests.simulation.scanwork import TELLING, travel
from tests.simulation.wares import sscc

STRANGER = sscc(9_999)
"""A carton of nobody's."""


@dataclass(frozen=True)
class DescribeCarrier(Action):
    """A carrier takes cartons of a warehouse, by these services into these countries."""

    warehouse: str
    carrier: str
    countries: tuple[str, ...]
    services: tuple[str, ...]
    amount: int

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        rates = [
            {"service": service, "zone": country.lower(), "up_to_g": 30_000, "amount": self.amount}
            for service in self.services
            for country in self.countries
        ]
        zones = [{"zone": country.lower(), "country": country} for country in self.countries]
        fleet = {"currency": "EUR", "zones": zones, "rates": rates}
        described = {"name": self.carrier, "warehouses": [self.warehouse], "fleet": fleet}
        people.ask(self, "PUT", f"/shipping/carriers/{self.carrier}", described, who="supervisor")
        people.done(self.name)


@dataclass(frozen=True)
class DescribeAccount(Action):
    """A carrier that is not ours sells labels for these services of ours, by its own names."""

    warehouse: str
    carrier: str
    services: tuple[tuple[str, str, str], ...]
    """Our service, the carrier's name there, its service."""
    origin: dict[str, str]

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        names = ("service", "carrier", "carrier_service")
        sells = [dict(zip(names, one, strict=True)) for one in self.services]
        account = {"origin": self.origin, "sells": sells}
        described = {"name": self.carrier, "kind": "easypost", "warehouses": [self.warehouse], "account": account}
        people.ask(self, "PUT", f"/shipping/carriers/{self.carrier}", described, who="supervisor")


@dataclass(frozen=True)
class FailForMinutes(Action):
    """The carrier that is not ours answers nothing for so many seconds."""

    seconds: float

    def act(self, people: Population) -> None:
        """Let it fail."""
        people.cloud.carrier.fail(self.seconds)


@dataclass(frozen=True)
class LoadTruck(Action):
    """A loader puts cartons of a carrier on a truck, and lets it leave in this manner; then it is driven away.

    `all`: everything. `strangers`: cartons are scanned that do not belong there. `one missing`: a carton is left
    behind. `twice`: everything is asked twice. `unloaded`: all come off again, and go on again.
    """

    warehouse: str
    loader: str
    carrier: str
    manner: str
    drive: tuple[str, ...]
    pace: float
    telling: str = TELLING[0]
    """How a carrier that is not ours tells of it."""

    def act(self, people: Population) -> None:
        """Load what is labelled, dispatch, drive."""
        self.send(people, "")

    def send(self, people: Population, part: str) -> None:
        """Load what is labelled at this moment; with nothing on it the truck stays."""
        shipments = self._labelled(people)
        cartons = sorted(carton["sscc"] for one in shipments for carton in one["cartons"])
        if not cartons:
            return
        asked = {"warehouse": self.warehouse, "carrier": self.carrier}
        status, load = people.ask(self, "POST", "/shipping/loads", asked, part=f"open{part}", who=self.loader)
        if status != 201:
            return
        at = f"/shipping/loads/{load['load_id']}"
        people.cloud.scheduler.sleep(self.pace)
        if self._scan(people, at, cartons, part):
            people.cloud.scheduler.sleep(self.pace)
            self._dispatch(people, at, part)
            people.cloud.scheduler.sleep(MINUTE)
            self.drive_away(people, [one["shipment_id"] for one in shipments], self.drive, part)

    def _labelled(self, people: Population) -> list[dict[str, Any]]:
        found = [
            one
            for status in ("labelled", "partially_dispatched")
            for one in people.pages("/shipping/shipments", status=status, limit="50")
        ]
        return [one for one in found if (one["warehouse"], one.get("carrier")) == (self.warehouse, self.carrier)]

    def _scan(self, people: Population, at: str, cartons: Sequence[str], part: str) -> bool:
        """Whether something is on the load."""
        scanned = list(cartons[1:] if self.manner == "one missing" and len(cartons) > 1 else cartons)
        if self.manner == "strangers":
            scanned += [STRANGER, f"{STRANGER[:-1]}{(int(STRANGER[-1]) + 1) % 10}"]
        path = f"{at}/scans"
        status, note = people.ask(self, "POST", path, {"ssccs": scanned}, part=f"scan{part}", who=self.loader)
        if status != 200:
            return False
        if self.manner == "strangers":
            refused = {one["sscc"]: one["reason"] for one in note["refused"]}
            if [refused.get(one) for one in scanned[-2:]] != ["unknown", "unreadable"]:
                people.tally.contradictions.append(f"{self.name} loaded strangers, and was told {note}")
        if self.manner == "unloaded":
            off = {"ssccs": scanned}
            people.ask(self, "POST", f"{at}/unloading", off, part=f"off{part}", who=self.loader)
            status, note = people.ask(self, "POST", path, off, part=f"on{part}", who=self.loader)
        return bool(note.get("cartons"))

    def _dispatch(self, people: Population, at: str, part: str) -> None:
        path = f"{at}/dispatch"
        status, _ = people.ask(self, "POST", path, {}, part=f"go{part}", who=self.loader)
        if status == 409:
            status, _ = people.ask(
                self, "POST", path, {"leave_behind": True}, part=f"go-so{part}", who=self.loader
            )
        if self.manner == "twice":
            people.ask(self, "POST", path, {}, part=f"go-again{part}", who=self.loader)

    def drive_away(self, people: Population, shipments: Sequence[str], news: Sequence[str], part: str) -> None:
        """A driver scans what becomes of the cartons: all scans of a shipment at once, the last first.

        Those of a carrier that is not ours are scanned by that.
        """
        for number, shipment in enumerate(shipments):
            now = people.cloud.scheduler.now
            way = [(status, clock.iso(now + timedelta(seconds=second))) for second, status in enumerate(news)]
            cartons = people.get(f"/shipping/shipments/{shipment}")["cartons"]
            theirs = [one for one in cartons if people.cloud.carrier.has_sold(one.get("tracking_number", ""))]
            for carton in theirs:
                if carton.get("load_id"):  # its shipment knows that it has left
                    travel(people, carton["tracking_number"], way, self.telling)
            if way and not theirs:
                updates = [{"status": status, "occurred_at": at} for status, at in reversed(way)]
                path = f"/shipping/shipments/{shipment}/tracking"
                people.ask(self, "POST", path, {"updates": updates}, part=f"drive{part}-{number}", who=self.loader)
