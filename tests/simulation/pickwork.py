"""What people do between an order's release and its last pick: waves, rules, and pickers with their scanners."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.simulation.population import MINUTE, Action, Population

LISTS = "/picking/pick-lists"


@dataclass(frozen=True)
class DescribeWaveRule(Action):
    """Waves are to be released by a rule, or not any more."""

    rule: str
    description: dict[str, Any]

    def act(self, people: Population) -> None:
        """Ask until it is done."""
        people.ask(self, "PUT", f"/picking/wave-rules/{self.rule}", self.description, who="supervisor")


@dataclass(frozen=True)
class ReleaseMany(Action):
    """A supervisor lets whatever is ready be picked."""

    warehouse: str
    limit: int

    def act(self, people: Population) -> None:
        """Ask."""
        waiting = {"warehouse": self.warehouse, "limit": self.limit}
        people.ask(self, "POST", "/orders/releases", {"waiting": waiting}, who="supervisor")


@dataclass(frozen=True)
class ReleaseWave(Action):
    """A supervisor releases a wave by hand."""

    criteria: dict[str, Any]

    def act(self, people: Population) -> None:
        """Ask."""
        people.ask(self, "POST", "/picking/waves", self.criteria, who="supervisor")


@dataclass(frozen=True)
class PickLists(Action):
    """A picker takes one list after the other and works on it, each in one of these manners.

    `right`: as guided. `clumsy`: scans the wrong things first. `short`: finds one unit fewer. `empty`: finds none.
    `by parts`: confirms one unit, then all, that one again. `offline`: hours late: half of it, all, all.
    `goes home`: after the first position. `gives back`: at once. `covets`: claims what somebody else has.
    """

    warehouse: str
    operator: str
    manners: tuple[str, ...]
    pace: float
    """Seconds from one position to the next."""
    offline: float
    """Seconds without a network."""

    def act(self, people: Population) -> None:
        """Ask for a list as often as there are manners."""
        for number, manner in enumerate(self.manners):
            people.cloud.scheduler.sleep(self.pace)
            if manner == "covets":
                self.covet(people, str(number))
                continue
            taken = self.take_list(people, f"next-{number}")
            if taken is None:
                people.cloud.scheduler.sleep(2 * MINUTE)
            else:
                self.work(people, taken, manner, str(number))

    def covet(self, people: Population, part: str) -> None:
        """Claim a list that somebody seems to have."""
        listed = people.pages(LISTS, warehouse=self.warehouse, status="claimed")
        for one in listed[:1]:
            path = f"{LISTS}/{one['list_id']}"
            begun = people.cloud.scheduler.seconds
            status, taken = people.ask(self, "POST", f"{path}/claim", {}, part=f"covet-{part}", who=self.operator)
            if status == 200 and taken.get("operator") == self.operator:
                people.note_lease(one["list_id"], self.operator, taken["until"], begun)

    def take_list(self, people: Population, part: str) -> dict[str, Any] | None:
        """The next list, which is the picker's from now on; None when there is none."""
        asked, begun = {"warehouse": self.warehouse}, people.cloud.scheduler.seconds
        status, taken = people.ask(self, "POST", f"{LISTS}/next", asked, part=part, who=self.operator)
        if status != 200 or taken.get("operator") != self.operator:
            return None
        people.note_lease(taken["list_id"], self.operator, taken["until"], begun)
        return dict(taken)

    def work(self, people: Population, taken: dict[str, Any], manner: str, part: str) -> None:
        """Go from position to position."""
        list_id = taken["list_id"]
        if manner == "gives back":
            people.end_lease(list_id, self.operator)
            people.ask(self, "POST", f"{LISTS}/{list_id}/release", {}, part=f"back-{part}", who=self.operator)
            return
        kept: list[dict[str, Any]] = []
        for number, step in enumerate(one for one in taken["steps"] if one["status"] == "open"):
            people.cloud.scheduler.sleep(self.pace)
            scans = list(self._scans(people, step, manner, f"{part}-{number}"))
            if manner == "offline":
                kept += scans
                continue
            if manner == "by parts":
                self._confirm(people, list_id, scans[:1], f"{part}-{number}-first")
            self._confirm(people, list_id, scans, f"{part}-{number}")
            if manner == "goes home":
                return
        if kept:
            people.cloud.scheduler.sleep(self.offline)
            self._confirm(people, list_id, kept[: max(1, len(kept) // 2)], f"{part}-half")
            self._confirm(people, list_id, kept, part)
            self._confirm(people, list_id, kept, f"{part}-again")

    def _scans(
        self, people: Population, step: dict[str, Any], manner: str, named: str
    ) -> Iterator[dict[str, Any]]:
        scan = self._scan(people, step, f"{self.name}-{named}")
        units, serials = scan["units"], list(scan.get("serials", ()))
        here = [serial for serial in serials if serial not in people.tally.book.in_hand]
        people.tally.book.in_hand.update(here)
        if here != serials:  # somebody else has them, for whom they were not meant
            yield _less(scan, len(here), "elsewhere", here)
            return
        match manner:
            case "clumsy":
                yield from self._wrong(step, scan)
            case "short" | "empty":
                found = units - 1 if manner == "short" else 0
                scan = _less(scan, found, manner, serials[:found])
            case "by parts" | "offline" if units > 1:
                first = {"confirmation_id": f"{scan['confirmation_id']}-first", "units": 1}
                yield scan | first | {"serials": serials[:1]}
                scan |= {"units": units - 1, "serials": serials[1:]}
        yield scan

    def _scan(self, people: Population, step: dict[str, Any], named: str) -> dict[str, Any]:
        scan: dict[str, Any] = {
            "confirmation_id": named,
            "pick_id": step["pick_id"],
            "location": step.get("holding") or step["place"],
            "code": step["sku"],
            "units": step["remaining"],
        }
        if "holding" not in step:
            scan["check_digits"] = people.digits(step["place"])
        return scan | {name: step[name] for name in ("lot", "serials") if name in step}

    def _wrong(self, step: dict[str, Any], scan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What must be refused, by the ends of their confirmation ids."""
        wrong: list[dict[str, Any]] = [
            {"location": "S-NOWHERE"},
            {"code": "WARE-UNKNOWN"},
            {"units": step["remaining"] + 1},
        ]
        if "lot" in scan:
            wrong.append({"lot": "L-NONE"})
        if "serials" in scan:
            wrong.append({"serials": [f"X{serial}"[:20] for serial in scan["serials"]]})
        if "check_digits" in scan:  # which are not compared as long as picking has not heard of the place
            other = f"{(int(scan['check_digits']) + 1) % 100:02}"
            yield scan | {"check_digits": other, "confirmation_id": f"{scan['confirmation_id']}-misread"}
        for number, one in enumerate(wrong):
            yield scan | one | {"confirmation_id": f"{scan['confirmation_id']}-wrong-{number}"}

    def _confirm(self, people: Population, list_id: str, scans: list[dict[str, Any]], part: str) -> None:
        """Send scans, and note what was accepted: each confirmation once, none that is wrong.

        What was refused was not done: sent once more, it may be accepted, and then the goods have moved.
        """
        path = f"{LISTS}/{list_id}/confirmations"
        asked, begun = {"confirmations": scans}, people.cloud.scheduler.seconds
        answers = people.answers(self, "POST", path, asked, part=f"confirm-{part}", who=self.operator)
        if not answers or any(answer.status != 200 for answer in answers):
            people.tally.contradictions.append(f"{self.name} confirmed picks, and was told {answers}")
            return
        for scan, *verdicts in zip(scans, *(answer.body["verdicts"] for answer in answers), strict=True):
            first, last = verdicts[0]["result"], verdicts[-1]["result"]
            if first not in ("refused", last):
                people.tally.contradictions.append(f"{self.name} was told {verdicts} of one confirmation")
            self._note(people, scan, verdicts[-1])
            if people.tally.book.called_off.get(list_id, begun) < begun and not _says_called_off(verdicts[-1]):
                people.tally.contradictions.append(f"{self.name} went on with a cancelled list: {verdicts[-1]}")
        guidance = answers[-1].body["list"]
        if guidance.get("operator") == self.operator:
            people.note_lease(list_id, self.operator, guidance["until"], begun)
        else:
            people.end_lease(list_id, self.operator)

    def _note(self, people: Population, scan: dict[str, Any], verdict: dict[str, Any]) -> None:
        book, named = people.tally.book, scan["confirmation_id"]
        if verdict["result"] == "accepted":
            units = scan["short"]["units_found"] if "short" in scan else scan["units"]
            if named in book.scans:
                people.tally.contradictions.append(f"{named} was accepted twice")
            book.scans.add(named)
            book.picked[scan["pick_id"]] += units
        if verdict["result"] == "refused" and "-wrong-" not in named:
            book.in_hand.difference_update(scan.get("serials", ()))  # they are laid back
        if verdict["result"] != "refused" and "-wrong-" in named:
            people.tally.contradictions.append(f"{self.name} scanned {scan}, and was told {verdict}")


def _less(scan: dict[str, Any], found: int, reason: str, serials: list[str]) -> dict[str, Any]:
    """The scan of fewer units than there should be."""
    kept = {name: value for name, value in scan.items() if name != "units"}
    return kept | {"short": {"units_found": found, "reason": reason}, "serials": serials}


def _says_called_off(verdict: dict[str, Any]) -> bool:
    """Whether a verdict is what is said of a list that was cancelled: only what was confirmed before counts."""
    return verdict["result"] == "already" or verdict.get("problem") in ("list-cancelled", "pick-closed")


@dataclass(frozen=True)
class TakeOver(Action):
    """A supervisor takes lists away from those who work on them, each in one of these manners.

    `cancelled`: nobody is to go on with it. `handed over`: the successor is. `given up`: whoever comes first is.
    """

    warehouse: str
    manners: tuple[str, ...]
    successor: str
    pace: float

    def act(self, people: Population) -> None:
        """Look which lists somebody has, ten times for each manner, and take one of them."""
        for number, manner in enumerate(self.manners):
            claimed: list[dict[str, Any]] = []
            for _ in range(10):
                people.cloud.scheduler.sleep(self.pace)
                if claimed := people.pages(LISTS, warehouse=self.warehouse, status="claimed"):
                    break
            if claimed:
                self.take(people, claimed[number % len(claimed)]["list_id"], manner, str(number))

    def take(self, people: Population, list_id: str, manner: str, part: str) -> None:
        """Take a list from whoever has it."""
        path = f"{LISTS}/{list_id}"
        people.reassigning(list_id, until=inf)
        if manner == "cancelled":
            why = {"reason": self.name}
            status, _ = people.ask(self, "POST", f"{path}/cancellation", why, part=part, who="supervisor")
            if status == 200:
                people.tally.book.called_off[list_id] = people.cloud.scheduler.seconds
        else:
            whom = {"operator": self.successor if manner == "handed over" else ""}
            people.ask(self, "POST", f"{path}/hand-over", whom, part=part, who="supervisor")
        people.reassigning(list_id, until=people.cloud.scheduler.seconds)
