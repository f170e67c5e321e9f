"""Who finishes what the day has left: once all is quiet, whatever can still be picked is picked."""

from dataclasses import dataclass
from typing import Any

from tests.simulation.pickwork import PickLists
from tests.simulation.population import MINUTE, Action, Population

ROUNDS = 12
LEASES_ARE_OVER = 20 * MINUTE


@dataclass(frozen=True)
class LateShift(Action):
    """Somebody goes through all orders of a warehouse until nothing more can be done for any of them."""

    warehouse: str

    def act(self, people: Population) -> None:
        """Work round by round, until one changes nothing."""
        people.tally.book.sending.add(self.warehouse)
        people.cloud.scheduler.sleep(LEASES_ARE_OVER)
        before: list[tuple[str, str]] | None = None
        for number in range(ROUNDS):
            orders = self._orders(people)
            standing = sorted((one["order_id"], one["status"]) for one in orders)
            if standing == before:
                return
            before = standing
            self._round(people, str(number))
            people.cloud.scheduler.sleep(5 * MINUTE)
        people.tally.contradictions.append(f"{self.name} does not come to an end")

    def _orders(self, people: Population) -> list[dict[str, Any]]:
        found = people.pages("/orders", limit="200")
        return [one for one in found if one.get("warehouse") == self.warehouse]

    def _round(self, people: Population, part: str) -> None:
        waiting = {"waiting": {"warehouse": self.warehouse, "limit": 100}}
        people.ask(self, "POST", "/orders/releases", waiting, part=f"release-{part}", who="supervisor")
        people.cloud.scheduler.sleep(MINUTE)
        wave = {"warehouse": self.warehouse}
        people.ask(self, "POST", "/picking/waves", wave, part=f"wave-{part}", who="supervisor")
        people.cloud.scheduler.sleep(MINUTE)
        picker = PickLists(0.0, f"{self.name}-{part}", self.warehouse, self.name, (), 1.0, 0.0)
        number = 0
        while (taken := picker.take_list(people, f"next-{number}")) is not None:
            picker.work(people, taken, "right", str(number))
            number += 1
