"""Measures how fast Stowage is and what limits it: `make bench`, or `make bench ONLY=imports,hot_sku`.

Each benchmark runs in a process of its own and leaves a JSON file in `.local/bench`.
"""

import os
import subprocess
import sys
import time

from tests.bench.report import FOLDER, read

BENCHMARKS = {
    "imports": "what a cold start imports, against boto3 alone",
    "streams": "append and load against the `eventsourcing` library",
    "handlers": "CPU per command outside network calls",
    "hot_sku": "many workers and one SKU",
    "batching": "order batching, routes and cartons, against a published benchmark",
    "growth": "a command's cost and a query's latency as data grow",
    "end_to_end": "orders per second over HTTP, on a local cloud",
}


def main(names: list[str]) -> int:
    """Run the benchmarks `names` (none: all of them) one after the other, and print their tables."""
    chosen = names or list(BENCHMARKS)
    if unknown := set(chosen) - set(BENCHMARKS):
        print(f"no such benchmark: {', '.join(sorted(unknown))}")
        for name, what in BENCHMARKS.items():
            print(f"  {name:12} {what}")
        return 2
    failed: list[str] = []
    for name in chosen:
        started = time.monotonic()
        print(f"{name}: {BENCHMARKS[name]} ...", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], env=dict(os.environ), check=False)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        if done.returncode:
            failed.append(name)
    for name in chosen:
        if name in failed:
            continue
        report = read(name)
        print(f"\n## {name}: {BENCHMARKS[name]} ({report.machine}, {report.seconds:.0f} s)\n")
        print("\n\n".join(table.render() for table in report.tables))
    print(f"\nin full: {FOLDER}/*.json")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main([name for name in ",".join(sys.argv[1:]).split(",") if name]))
