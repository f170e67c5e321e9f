"""Who finishes what the day has left: once all is quiet, whatever can still leave leaves.

A careless shift begins with a round in which a list is cancelled, lists are wanted by others, an order is called
off when it is picked, and what is packed is sent in two parts, damaged or missing: so this happens in every run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.packwork import PackOrders
from tests.simulation.pickwork import PickLists, TakeOver
from tests.simulation.population import MINUTE, Action, Population
from tests.simulation.roadwork import DescribeAccount, DescribeCarrier, LoadTruck
from tests.simulation.shopwork import call_off

ROUNDS = 12
DONE = ("cancelled", "closed")
FIRST = ("proposed", "cut short", "damaged", "missing")
"""How the orders are packed in a careless round."""
OUTAGE = 15 * MINUTE
LEASES_ARE_OVER = 20 * MINUTE


@dataclass(frozen=True)
class LateShift(Action):
    """Somebody goes through all orders of a warehouse until nothing more can be done for any of them."""

    warehouse: str
    carriers: tuple[str, ...]
    distant: DescribeAccount
    """A carrier that is not ours."""
    home: dict[str, str]
    """Where orders go of which nobody knows better."""
    careless: bool
    """Whether the first round goes wrong."""

    def act(self, people: Population) -> None:
        """Work round by round, until one changes nothing."""
        people.tally.book.sending.add(self.warehouse)
        for number, carrier in enumerate(self.carriers):
            everywhere = (f"{self.name}-{carrier}", self.warehouse, carrier, ("DE", "FR"), ("standard", "express"))
            DescribeCarrier(0.0, *everywhere, 490 + 200 * number).act(people)
        self.distant.act(people)
        people.cloud.scheduler.sleep(LEASES_ARE_OVER)
        before: Mapping[str, object] | None = None
        for number in range(ROUNDS):
            standing = people.progress(self.warehouse)
            if standing == before:
                return
            before = standing
            self._round(people, str(number))
            people.cloud.scheduler.sleep(5 * MINUTE)
        people.tally.contradictions.append(f"{self.name} does not come to an end")

    def _orders(self, people: Population) -> list[dict[str, Any]]:
        found = people.pages("/orders", limit="200")
        return [one for one in found if one.get("warehouse") == self.warehouse]

    def _let_go(self, people: Population, part: str) -> None:
        """Whatever holds an order up is over: holds, missing addresses, labels that were voided or failed."""
        for number, order in enumerate(self._orders(people)):
            at, named = f"/orders/{order['order_id']}", f"{part}-{number}"
            for kind in order.get("holds", ()):
                status, _ = people.ask(
                    self, "POST", f"{at}/holds/{kind}/release", {}, part=f"hold-{named}-{kind}", who="supervisor"
                )
                if status == 409:
                    people.ask(self, "PUT", f"{at}/ship-to", self.home, part=f"home-{named}")
            if order["status"] in ("packed", "partially_dispatched"):
                for shipment in people.get(at)["shipments"]:
                    path = f"/shipping/shipments/{shipment['shipment_id']}/labelling"
                    people.ask(self, "POST", path, {}, part=f"label-{shipment['shipment_id']}-{named}")

    def _disturb(self, people: Population, picker: PickLists, taken: dict[str, Any], number: int) -> None:
        """A colleague wants the list. The first one is cancelled after one position: the picker does not know."""
        colleague = PickLists(0.0, f"{self.name}-wants", self.warehouse, "colleague", (), 1.0, 0.0)
        colleague.covet(people, str(number))
        if number == 0:
            picker.work(people, taken, "goes home", "begun")
            supervisor = TakeOver(0.0, f"{self.name}-cancels", self.warehouse, (), "", 0.0)
            supervisor.take(people, taken["list_id"], "cancelled", "first")

    def _void(self, people: Population) -> None:
        """A shipment that the distant carrier was to take is called off by hand, and labelled again later."""
        labelled = people.pages("/shipping/shipments", status="labelled", limit="50")
        for one in [one for one in labelled if one.get("carrier") == self.distant.carrier][:1]:
            path = f"/shipping/shipments/{one['shipment_id']}/void"
            people.ask(self, "POST", path, {"reason": self.name}, part="void")

    def _round(self, people: Population, part: str) -> None:
        self._let_go(people, part)
        waiting = {"waiting": {"warehouse": self.warehouse, "limit": 100}}
        people.ask(self, "POST", "/orders/releases", waiting, part=f"release-{part}", who="supervisor")
        people.cloud.scheduler.sleep(MINUTE)
        wave = {"warehouse": self.warehouse}
        people.ask(self, "POST", "/picking/waves", wave, part=f"wave-{part}", who="supervisor")
        people.cloud.scheduler.sleep(MINUTE)
        picker = PickLists(0.0, f"{self.name}-{part}", self.warehouse, self.name, (), 1.0, 0.0)
        number = 0
        while (taken := picker.take_list(people, f"next-{number}")) is not None:
            if self.careless and part == "0":
                self._disturb(people, picker, taken, number)
            manner = "offline" if self.careless else "right" if number else "clumsy"
            picker.work(people, taken, manner, str(number))
            number += 1
        people.cloud.scheduler.sleep(MINUTE)
        if self.careless and part == "0":
            for order in people.orders_at(self.warehouse, "picked")[:1]:
                call_off(people, self, order["order_id"], "call-off")
        if self.careless and part == "0":
            people.cloud.carrier.fail(OUTAGE)
        packer = PackOrders(0.0, f"pack-{self.name}-{part}", self.warehouse, self.name, (), 0, 1.0)
        for number, order in enumerate(self._orders(people)):
            if order["status"] not in DONE:
                manner = FIRST[number % len(FIRST)] if self.careless and part == "0" else "proposed"
                packer.pack(people, order["order_id"], manner, str(number))
        people.cloud.scheduler.sleep(MINUTE)
        if people.cloud.carrier.out and (behind := people.held_up()):
            people.tally.contradictions.append(f"a silent carrier holds up what others take: {behind}")
        if self.careless and part == "0":
            self._void(people)
        for carrier in sorted((*self.carriers, self.distant.carrier)):
            truck = LoadTruck(
                0.0, f"load-{self.name}-{part}-{carrier}", self.warehouse, self.name, carrier, "all", (), 1.0
            )
            truck.send(people, "")
        people.cloud.scheduler.sleep(MINUTE)
        shipments = [
            shipment["shipment_id"]
            for order in people.orders_at(self.warehouse, "dispatched", "partially_dispatched")
            for shipment in people.get(f"/orders/{order['order_id']}")["shipments"]
            if shipment["status"] in ("dispatched", "partially_dispatched")
        ]
        telling = ("confused", "last first")[int(part) % 2]
        road = ("in_transit", "delivered")
        driver = LoadTruck(
            0.0, f"drive-{self.name}-{part}", self.warehouse, self.name, "", "all", (), 1.0, telling
        )
        driver.drive_away(people, shipments, road, part)
