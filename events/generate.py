"""Writes the contract documents, or checks that they are what the code says: `python -m events.generate --check`.

A change that would break readers of a published version is refused in both cases: publish it as a new version.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from events import documents  # noqa: E402 - the path to the services comes first
from events.compatibility import incompatibilities  # noqa: E402

EVENTS = ROOT / "events"
ASYNCAPI = EVENTS / "asyncapi.json"
OPENAPI = ROOT / "functions" / "edge" / "openapi.json"


def expected() -> dict[Path, dict[str, Any]]:
    """Every document by its path, as the code says it should be."""
    made: dict[Path, dict[str, Any]] = {ASYNCAPI: documents.asyncapi(), OPENAPI: documents.openapi()}
    for service, event, example in documents.contracts():
        stem = EVENTS / service / f"{event.__name__}.v{event.version}"
        made[stem.with_name(stem.name + ".schema.json")] = documents.event_schema(service, event)
        made[stem.with_name(stem.name + ".example.json")] = documents.event_example(example)
    return made


def broken_promises(made: dict[Path, dict[str, Any]]) -> list[str]:
    """What breaks readers of a published version: a changed schema, or one that is gone."""
    complaints: list[str] = []
    for path in sorted(EVENTS.glob("*/*.schema.json")):
        name = path.relative_to(EVENTS)
        if path not in made:
            complaints.append(f"{name}: this version is published, but no longer in the code")
            continue
        published = json.loads(path.read_text())
        complaints += [f"{name}: {what}" for what in incompatibilities(published, made[path])]
    return complaints


def drift(made: dict[Path, dict[str, Any]]) -> list[Path]:
    """The documents that are missing, or not what the code says."""
    return [path for path, document in made.items() if not path.exists() or path.read_text() != _text(document)]


def main() -> int:
    """Check or write; the exit code is 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something differs")
    arguments = parser.parse_args()
    made = expected()
    complaints = broken_promises(made)
    for complaint in complaints:
        print(f"incompatible: {complaint}. Publish it as a new version of the event.", file=sys.stderr)
    stale = drift(made)
    if arguments.check:
        for path in stale:
            print(f"out of date: {path.relative_to(ROOT)}. Run `make contracts`.", file=sys.stderr)
        return 1 if complaints or stale else 0
    if complaints:
        return 1
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(made[path]))
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
