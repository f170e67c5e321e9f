"""What each handler's cold start imports, in a fresh process, as a ratio to boto3 with a DynamoDB client alone.

CPU seconds are compared, not wall time: nothing in an import waits, and other work on the machine counts less. All
handlers and the floor are run in turn, round after round, so that a busy minute touches all of them alike.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from infra.app import SYSTEM
from infra.declaration import Kind
from tests.bench.report import Report, Table, machine, median

ROUNDS = 5
ABSENT = ("typing_extensions",)
"""In the development environment, but not in the deployed layer; msgspec uses it where it is there."""
FLOOR = "import boto3; boto3.client('dynamodb')"
CLIENT = {Kind.OUTBOX: "eventbridge"}
GOALS = {Kind.OUTBOX: 1.15, Kind.PROJECTOR: 1.15}
GOAL = 1.5
ROOT = Path(__file__).parents[2]
_TIMED = "import time; start = time.process_time()\n{}\nprint(time.process_time() - start)"


def handlers() -> dict[str, Kind]:
    """Every handler's module and what starts it."""
    return {
        f"{service.name}.{capability.name}": capability.kind
        for service in SYSTEM.services
        for capability in service.capabilities
    }


def cold_start(module: str, kind: Kind) -> str:
    """What a handler does before its first event: import itself and make its client."""
    return f"import {module}; from shared import aws; aws.{CLIENT.get(kind, 'dynamodb')}()"


def run_fresh(code: str, *arguments: str) -> str:
    """What `code` prints in a process of its own that has a Lambda's environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SERVICE": "bench",
        "CAPABILITY": "bench",
        "EVENTS_TABLE": "events",
        "VIEWS_TABLE": "views",
        "BUS_NAME": "bus",
        "QUEUE_URL": "https://queue",
        "PAYMENT_PROVIDER": "sandbox",
        "PROVIDERS_TABLE": "ledger",
    }
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in ABSENT)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{hidden}{code}", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _seconds(code: str) -> float:
    return float(run_fresh(_TIMED.format(code)))


def main() -> None:
    """Measure every handler against the floor."""
    started = time.monotonic()
    where = machine()
    starts = {module: cold_start(module, kind) for module, kind in handlers().items()}
    for code in (FLOOR, *starts.values()):  # writes the bytecode
        _seconds(code)
    floor: list[float] = []
    taken: dict[str, list[float]] = {module: [] for module in starts}
    for _ in range(ROUNDS):
        floor.append(_seconds(FLOOR))
        for module, code in starts.items():
            taken[module].append(_seconds(code))
    base = median(floor)
    rows: list[list[str | int | float | None]] = [
        ["boto3 and a DynamoDB client alone", "floor", base * 1000, 1.0, None]
    ]
    for module, kind in handlers().items():
        seconds = median(taken[module])
        goal = GOALS.get(kind, GOAL)
        rows.append(
            [
                module,
                kind.value,
                seconds * 1000,
                seconds / base,
                f"{goal} {'ok' if seconds <= goal * base else 'OVER'}",
            ]
        )
    table = Table(
        "Cold start: CPU time of imports and client, in a fresh process",
        ["handler", "kind", "ms", "ratio", "goal"],
        rows,
        [f"Median of {ROUNDS} rounds in turn. Bytecode is there, as in the second start of a machine."],
    )
    Report("imports", time.monotonic() - started, where, [table]).write()


if __name__ == "__main__":
    main()
