"""What the readers of notices share: the notice they make, and the problems they name."""

import re
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from receiving.advice import MAX_LINES, AnnouncedLine, NewShipment
from shared.rejection import Rejection, Unprocessable, one_refusal

_REPORTED = 100
_WHERE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")


@dataclass(slots=True)
class Reading:
    """A notice while it is read. `unit` is what a place in the file is called: row or segment."""

    unit: str
    supplier: str = ""
    reference: str = ""
    warehouse: str = ""
    eta: str | None = None
    lines: list[AnnouncedLine] = field(default_factory=list)
    problems: list[Rejection] = field(default_factory=list)

    def wrong(self, at: int, name: str, value: object, message: str, remedy: str) -> None:
        """Note what is wrong with field `name` at place `at` (from 1)."""
        where = f"{self.unit}[{at}].{name}" if at else name
        self.problems.append(
            Unprocessable(f"{where}: {message}", field=where, value=value, remedy=remedy, code="unreadable-notice")
        )

    def line(self, at: int, **values: object) -> None:
        """Note a line, or what is wrong with it."""
        given = {name: value for name, value in values.items() if value not in (None, "")}
        try:
            self.lines.append(msgspec.convert(given, AnnouncedLine))
        except msgspec.ValidationError as error:
            found = _WHERE.search(str(error))
            name = found["field"] if found else "units"
            text = str(error)[: found.start()] if found else str(error)
            self.wrong(at, name, given.get(name), text, "Correct the value in the file and send it again.")

    def units(self, at: int, name: str, text: str) -> int | None:
        """The whole number that `text` is; 10.000 is one too."""
        match = re.fullmatch(r"0*(\d{1,10})(?:\.0*)?", text.strip())
        if match is None or int(match[1]) == 0:
            self.wrong(at, name, text, "is no whole number of units above 0", "Send a whole number.")
            return None
        return int(match[1])

    def day(self, at: int, name: str, text: str, form: str = "%Y%m%d") -> str | None:
        """The day that `text` is, as ISO 8601 writes it."""
        moment = self.moment(at, name, text, form)
        return moment[:10] if moment else None

    def moment(self, at: int, name: str, text: str, form: str) -> str | None:
        """The moment (UTC) that `text` is."""
        try:
            return datetime.strptime(text, form).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        except ValueError:
            self.wrong(at, name, text, "is no date of the form that it claims", "Correct the date.")
            return None

    def notice(self) -> NewShipment:
        """The whole notice. Raises Unprocessable naming everything that is wrong with it."""
        if not self.lines and not self.problems:
            self.wrong(0, "lines", None, "the file announces nothing", "Send at least one line.")
        if len(self.lines) > MAX_LINES:
            self.wrong(
                0,
                "lines",
                len(self.lines),
                f"at most {MAX_LINES} are taken at once",
                "Announce the shipment in parts, each under its own reference.",
            )
        for name, remedy in (
            ("supplier", "Name it in the file, or add ?supplier= to the request."),
            ("reference", "Name the shipment in the file."),
        ):
            if not getattr(self, name):
                self.wrong(0, name, None, "is missing", remedy)
        if not self.problems:
            given = {
                "supplier": self.supplier,
                "reference": self.reference,
                "eta": self.eta,
                **({"warehouse": self.warehouse} if self.warehouse else {}),
            }
            try:
                checked = msgspec.convert({**given, "lines": [{"units": 1}]}, NewShipment)
                return msgspec.structs.replace(checked, lines=tuple(self.lines))
            except msgspec.ValidationError as error:
                found = _WHERE.search(str(error))
                name = found["field"] if found else ""
                self.wrong(0, name, given.get(name), str(error), "Correct the value and send the file again.")
        raise refusal(self.problems)


def refusal(problems: list[Rejection]) -> Unprocessable:
    """One refusal for all that is wrong with a file; nothing of it is imported."""
    return one_refusal(problems[:_REPORTED], f"The file has {len(problems)} mistakes; nothing was imported.")
