"""Tables of measurements: printed for people, written as JSON for everything else."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = Path(".local") / "bench"
Cell = str | int | float | None


class Table(Struct, frozen=True):
    """One table; `notes` say how to read it."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    notes: list[str] = []

    def render(self) -> str:
        """The table as text that is also Markdown."""
        cells = [self.columns, *([_shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.columns))]
        lines = [
            _line(self.columns, widths),
            "|" + "|".join(_rule(width, n) for n, width in enumerate(widths)) + "|",
        ]
        lines += [_line(row, widths) for row in cells[1:]]
        return "\n".join([f"### {self.title}", "", *lines, "", *self.notes])


class Report(Struct, frozen=True):
    """What one benchmark has measured."""

    name: str
    seconds: float
    machine: str
    tables: list[Table]

    def write(self) -> None:
        """Keep the report as JSON."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        path_of(self.name).write_text(json.dumps(msgspec.to_builtins(self), indent=2) + "\n")


def path_of(name: str) -> Path:
    """Where the report of that benchmark is kept."""
    return FOLDER / f"{name}.json"


def read(name: str) -> Report:
    """The report that was written last."""
    return msgspec.json.decode(path_of(name).read_bytes(), type=Report)


def machine() -> str:
    """What this was measured on, and how busy it was."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}, load {load:.1f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case float():
            digits = 0 if abs(cell) >= 100 else 1 if abs(cell) >= 10 else 2
            return f"{cell:,.{digits}f}"
        case int():
            return f"{cell:,}"
        case _:
            return cell


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _rule(width: int, place: int) -> str:
    return "-" * (width + 2) if place == 0 else "-" * (width + 1) + ":"
