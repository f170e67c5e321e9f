"""Prints what orders and goods cost on AWS, journey by journey and step by step: `make cost`.

Each journey runs alone, so that no batch is shared: the dearest way to run. The last one of the orders runs a
hundred of them together, as a busy hour does. The way from placement to delivery is measured for an order alone
and for one of a slice of a day, and billed by service and by what it is for. LINES=1000 adds a receipt of so many
lines, which takes minutes.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from infra.declaration import LITTLE_MEMORY_MB, MUCH_MEMORY_MB
from tests.bench.inbound import INBOUND, receipt_of
from tests.bench.journeys import JOURNEYS, placed
from tests.bench.meter import NETWORK_SECONDS, Bill
from tests.bench.outbound import OUTBOUND, SLICE, TO_DELIVERY, of_one_in_a_slice, together

PRICES_FILE = Path(__file__).with_name("prices.json")
REPORT = Path(".local") / "bench" / "cost.json"
TOGETHER = 100
MILLION = 1_000_000
_TOLD_FROM = 0.1

COLUMNS = {
    "write units": "dynamodb_write_unit",
    "read units": "dynamodb_read_unit",
    "stream reads": "dynamodb_stream_read",
    "events": "eventbridge_event",
    "sqs": "sqs_request",
    "lambdas": "lambda_invocation",
    "http": "http_api_call",
}


def prices() -> dict[str, float]:
    """The price of one unit of everything that is counted, in USD."""
    found: dict[str, float] = json.loads(PRICES_FILE.read_text())["prices"]
    return found


def main() -> int:
    """Run every journey, print the tables, write the JSON."""
    sheet = json.loads(PRICES_FILE.read_text())
    orders = {name: (run(), 1) for name, run in JOURNEYS.items()}
    orders[f"{TOGETHER} orders of 4 lines together"] = (placed(4, orders=TOGETHER), TOGETHER)
    goods = {name: (run(), 1) for name, run in INBOUND.items()}
    if lines := int(os.environ.get("LINES") or 0):
        goods[f"a line of a receipt of {lines:,}"] = (receipt_of(lines), lines)
    print(
        f"prices of {sheet['region']}, {sheet['as_of']}; "
        f"Lambdas with {MUCH_MEMORY_MB} or {LITTLE_MEMORY_MB} MB on arm64, whose calls"
    )
    print("take " + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in NETWORK_SECONDS.items()))
    out = {name: (run(), 1) for name, run in OUTBOUND.items()}
    shared = {name: (together()[name], SLICE) for name in TO_DELIVERY}
    _print("one order", orders)
    _print("one journey of goods", goods)
    _print("one order, alone, on its way out", out)
    _print(f"one of {SLICE} orders of a slice", shared)
    _print_by_service(of_one_in_a_slice())
    bills = orders | goods | out | {f"{name}, one of {SLICE}": bill for name, bill in shared.items()}
    for name, (bill, count) in bills.items():
        print(f"\n{name}: USD per million, by step (write units)")
        for step, cost in sorted(bill.by_step(prices()).items(), key=lambda entry: -entry[1]):
            print(f"  {step:30}{cost / count * MILLION:10.2f}{_written(bill, step) / count:10.1f}")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(
        json.dumps({"prices": sheet, "journeys": {n: _plain(*b) for n, b in bills.items()}}, indent=2)
    )
    print(f"\nin full: {REPORT}")
    return 0


def _print(what: str, bills: Mapping[str, tuple[Bill, int]]) -> None:
    """A table: what each journey takes, and what it costs."""
    heading = "".join(f"{column:>13}" for column in COLUMNS)
    print(f"\n{what:34}{heading}{'USD/million':>13}")
    for name, (bill, count) in bills.items():
        counts = "".join(f"{bill.total(unit) / count:13.1f}" for unit in COLUMNS.values())
        print(f"{name:34}{counts}{bill.cost(prices()) / count * MILLION:13.2f}")


def _print_by_service(bill: Bill) -> None:
    """What each service costs, and what for, for what costs at least ten cents per million."""
    print(f"\nplacement to delivery, one of {SLICE}: USD per million, by service and what for")
    for service, costs in sorted(bill.by_service(prices()).items()):
        print(f"  {service:42}{sum(costs.values()) * MILLION:10.2f}")
        for billed, cost in sorted(costs.items(), key=lambda entry: -entry[1]):
            if cost * MILLION >= _TOLD_FROM:
                print(f"    {billed:40}{cost * MILLION:10.2f}")


def _written(bill: Bill, step: str) -> float:
    return sum(
        quantity
        for usage, quantity in bill.units.items()
        if (usage.step, usage.unit) == (step, "dynamodb_write_unit")
    )


def _plain(bill: Bill, count: int) -> dict[str, object]:
    return {
        "counts_for": count,
        "usd_per_million": bill.cost(prices()) / count * MILLION,
        "units": [
            {"step": usage.step, "resource": usage.resource, "unit": usage.unit, "quantity": quantity}
            for usage, quantity in sorted(bill.units.items(), key=lambda entry: str(entry[0]))
        ],
        "calls": {" ".join(call): count for call, count in sorted(bill.calls.items())},
    }


if __name__ == "__main__":
    raise SystemExit(main())
