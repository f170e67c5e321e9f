"""What people do with put-away tasks and allocations: claim, confirm by a scan, deviate, and find places empty."""

from dataclasses import dataclass
from typing import Any

from tests.simulation.population import MINUTE, Action, Population

TASKS = "/inventory/put-away-tasks"


@dataclass(frozen=True)
class WorkOnTasks(Action):
    """An operator takes tasks one after the other and brings the goods away, in these manners."""

    operator: str
    manners: tuple[str, ...]
    which: int
    seconds: float
    elsewhere: str
    warehouse: str = "MAIN"

    def act(self, people: Population) -> None:
        """Look what is to be done, and do it, as often as there are manners."""
        for number, manner in enumerate(self.manners):
            people.cloud.scheduler.sleep(self.seconds)
            tasks = people.tasks(self.warehouse)
            if tasks:
                self._work(people, tasks[self.which % len(tasks)]["task_id"], manner, str(number))

    def _work(self, people: Population, task_id: str, manner: str, part: str) -> None:
        path = f"{TASKS}/{task_id}"
        status, task = people.ask(self, "POST", f"{path}/claim", {}, part=f"claim-{part}", who=self.operator)
        if status != 200:
            return
        people.cloud.scheduler.sleep(self.seconds)
        if manner == "give back":
            people.ask(self, "POST", f"{path}/release", {}, part=f"release-{part}", who=self.operator)
            return
        if manner == "full" and task["location"]:
            avoided = {"avoid": [task["location"]]}
            status, directed = people.ask(
                self, "POST", f"{path}/direction", avoided, part=f"direct-{part}", who=self.operator
            )
            task = directed if status == 200 else task
        place = self.elsewhere if manner == "elsewhere" else task["location"]
        if not place:
            return
        scan = {"location": place, "check_digits": people.digits(place)}
        if manner == "misread":
            wrong = scan | {"check_digits": f"{(int(scan['check_digits']) + 1) % 100:02}"}
            status, note = people.ask(
                self, "POST", f"{path}/confirmation", wrong, part=f"misread-{part}", who=self.operator
            )
            if status == 200:
                people.tally.contradictions.append(f"{self.name} read wrong digits, and was told {note}")
        if manner == "elsewhere":
            scan |= {"reason": self.name}
        if manner == "some" and task["units"] > 1 and not task["whole"]:
            scan |= {"units": task["units"] - 1}
        people.confirm(self, task_id, scan, f"confirm-{part}", self.operator)


@dataclass(frozen=True)
class NightShift(Action):
    """Once all is quiet somebody brings away what still stands where it should not."""

    warehouses: tuple[str, ...]

    def act(self, people: Population) -> None:
        """Go through the tasks until nothing more can be done."""
        before: list[tuple[str, int]] | None = None
        for number in range(20):
            tasks = self._all(people)
            standing = [(task["task_id"], task["units"]) for task in tasks]
            if standing == before:
                return
            before = standing
            for place, task in enumerate(tasks):
                self._work(people, task["task_id"], f"{number}-{place}")
            people.cloud.scheduler.sleep(MINUTE)

    def _all(self, people: Population) -> list[dict[str, Any]]:
        return [task for warehouse in self.warehouses for task in people.tasks(warehouse)]

    def _work(self, people: Population, task_id: str, part: str) -> None:
        path = f"{TASKS}/{task_id}"
        status, task = people.ask(self, "POST", f"{path}/claim", {}, part=f"claim-{part}", who=self.name)
        if status == 200 and not task["location"]:
            status, task = people.ask(self, "POST", f"{path}/direction", {}, part=f"direct-{part}", who=self.name)
        if status == 200 and task["location"]:
            scan = {"location": task["location"], "check_digits": people.digits(task["location"])}
            if people.confirm(self, task_id, scan, f"confirm-{part}", self.name) != 200:
                other = {"avoid": [task["location"]]}
                people.ask(self, "POST", f"{path}/direction", other, part=f"other-{part}", who=self.name)


@dataclass(frozen=True)
class ReleaseOrder(Action):
    """The order that the action `order` has placed is to be picked."""

    order: str

    def act(self, people: Population) -> None:
        """Wait until the order is placed, then ask."""
        if order_id := people.order_placed_by(self.order):
            people.ask(self, "POST", f"/orders/{order_id}/release", {})
        people.done(self.name)


@dataclass(frozen=True)
class FindAlternatives(Action):
    """A picker finds nothing where units of the order are set aside."""

    release: str
    order: str
    which: int

    def act(self, people: Population) -> None:
        """Wait until the order is released, look where its units are, and ask for others."""
        people.follow(self.release)
        order_id = people.tally.orders.get(self.order)
        shown = people.look(f"/inventory/allocations/{order_id}") if order_id else None
        picks = [(line, pick) for line in (shown or {}).get("lines", ()) for pick in line.get("picks", ())]
        if picks:
            line, pick = picks[self.which % len(picks)]
            path = f"/inventory/allocations/{order_id}/lines/{line['line_id']}/alternatives"
            people.ask(self, "POST", path, {"holding": pick["holding"], "reason": self.name})
