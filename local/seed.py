"""Loads the sample catalogue, warehouse, stock and orders through the HTTP API: `python -m local.seed`.

Run again, it adds nothing: what is there already is left alone, and every POST has an Idempotency-Key that
derives from the sample.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from local.client import ApiClient, Refused, Unreachable, path_of
from local.connection import connect
from local.environment import ROOT
from local.parallel import Progress, in_parallel
from local.placing import Deadline, PlacedOrder, place
from sample.generate import dataset
from sample.model import Dataset, Order, Stock

PLACED_FILE = ROOT / ".local" / "sample-orders.json"
SETTLED = ("reserved", "backordered", "allocated", "cancelled")
PAGE = 200
POLL_SECONDS = 0.5
SETTLE_SECONDS = 300.0


class Placed(Struct, frozen=True):
    """A sample order as it was placed. `sent_at` is when its first POST left, in the run that created it."""

    reference: str
    order_id: str
    sent_at: datetime


class OrderInList(Struct, frozen=True):
    """What the list of orders says about one."""

    order_id: str


class PlaceInList(Struct, frozen=True):
    """One place where a product lies."""

    location: str


class StockInList(Struct, frozen=True):
    """What the list of stock says about one product."""

    sku: str
    locations: tuple[PlaceInList, ...] = ()


def load(client: ApiClient, data: Dataset, earlier: Sequence[Placed] = ()) -> list[Placed]:
    """Load everything that is not there yet. Returns the sample's orders, those of `earlier` runs as they were."""
    _put_missing(client, "products", "/inventory/products", _bodies(data.products, "sku"), "sku")
    _put_missing(client, "locations", "/inventory/locations", _bodies(data.locations, "location"), "location")
    if added := _adjust_stock(client, data.stock):
        _wait_until_promised_from(client, added)
    return _place_orders(client, data.orders, earlier)


def wait_until_settled(
    client: ApiClient,
    order_ids: Iterable[str],
    seconds: float = SETTLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> set[str]:
    """Wait until every order is reserved, backordered or cancelled. Returns those that are not in time."""
    waiting = set(order_ids)
    progress = Progress("orders settled", len(waiting))
    total, deadline = len(waiting), Deadline(seconds)
    while True:
        by_status = Counter[str]()
        settled: set[str] = set()
        for status in SETTLED:
            found = {order.order_id for order in client.pages("/orders", OrderInList, status=status, limit=PAGE)}
            by_status[status] = len(found)
            settled |= found
        waiting -= settled
        note = ", ".join(f"{count} {status}" for status, count in by_status.items())
        progress.show(total - len(waiting), note)
        if not waiting or deadline.passed():
            progress.finish(note)
            return waiting
        sleep(POLL_SECONDS)


def read_placed(path: Path = PLACED_FILE) -> list[Placed]:
    """The sample orders that earlier runs placed, if any."""
    return msgspec.json.decode(path.read_bytes(), type=list[Placed]) if path.exists() else []


def main(arguments: Sequence[str] | None = None) -> int:
    """Load the sample and wait until its orders have settled."""
    parser = argparse.ArgumentParser(prog="python -m local.seed", description=__doc__)
    parser.add_argument("--settle-seconds", type=float, default=SETTLE_SECONDS, help="how long to wait at most")
    options = parser.parse_args(arguments)
    try:
        client = connect()
        placed = load(client, dataset(), read_placed())
        PLACED_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(placed)))
        unsettled = wait_until_settled(client, (order.order_id for order in placed), options.settle_seconds)
    except (Refused, Unreachable, FileNotFoundError) as error:
        print(f"The sample could not be loaded: {error}", file=sys.stderr)
        return 1
    if unsettled:
        names = sorted(order.reference for order in placed if order.order_id in unsettled)
        print(f"{len(names)} orders have not settled in time: {', '.join(names)}", file=sys.stderr)
    return 1 if unsettled else 0


def _bodies(items: Iterable[Struct], name: str) -> dict[str, dict[str, object]]:
    """Per name the request body: every field but the name, which is in the path."""
    fields = (msgspec.to_builtins(item) for item in items)
    return {body.pop(name): body for body in fields}


def _put_missing(
    client: ApiClient, label: str, path: str, bodies: Mapping[str, Mapping[str, object]], name: str
) -> None:
    """Put what is not stored yet in just this form."""
    stored = {str(item[name]): item for item in client.pages(path, dict[str, object], limit=PAGE)}
    missing = {key: body for key, body in bodies.items() if not _holds(stored.get(key, {}), body)}
    progress = Progress(label, len(bodies))
    progress.advance(len(bodies) - len(missing))
    for _ in in_parallel(lambda key: client.put(path + path_of(key), missing[key]), missing):
        progress.advance()
    progress.finish(f"{len(missing)} new" if missing else "all there")


def _holds(stored: Mapping[str, object], body: Mapping[str, object]) -> bool:
    return all(stored.get(field) == value for field, value in body.items())


def _adjust_stock(client: ApiClient, stock: Sequence[Stock]) -> list[Stock]:
    """Add the stock. Returns what was not there yet."""

    def adjust(one: Stock) -> tuple[Stock, bool]:
        body = {**msgspec.to_builtins(one), "reason": "received"}
        key = f"sample-stock-{one.location}-{one.sku}"
        return one, client.post("/inventory/stock/adjustments", body, key).replayed

    progress = Progress("stock", len(stock))
    added = []
    for one, replayed in in_parallel(adjust, stock):
        if not replayed:
            added.append(one)
        progress.advance()
    progress.finish(f"{len(added)} new" if added else "all there")
    return added


def _wait_until_promised_from(client: ApiClient, added: Sequence[Stock]) -> None:
    """Wait until what was added can be promised too, so that no order comes before its stock."""
    waiting = {(one.sku, one.location) for one in added}
    progress = Progress("stock to promise", len(waiting))
    deadline = Deadline(SETTLE_SECONDS)
    while waiting and not deadline.passed():
        for stock in client.pages("/inventory/stock", StockInList, limit=PAGE):
            waiting -= {(stock.sku, place.location) for place in stock.locations}
        progress.show(len(added) - len(waiting))
        if waiting:
            time.sleep(POLL_SECONDS)
    progress.finish()


def _place_orders(client: ApiClient, orders: Sequence[Order], earlier: Sequence[Placed]) -> list[Placed]:
    known = {order.order_id: order for order in earlier}
    patience = Deadline(SETTLE_SECONDS)

    def place_one(order: Order) -> tuple[Placed, bool]:
        reply = place(client, order, f"sample-order-{order.reference}", patience)
        placed = Placed(order.reference, reply.read(PlacedOrder).order_id, reply.sent_at)
        return (known.get(placed.order_id, placed) if reply.replayed else placed), reply.replayed

    progress = Progress("orders", len(orders))
    new = 0
    result = []
    for placed, replayed in in_parallel(place_one, orders):
        result.append(placed)
        new += not replayed
        progress.advance()
    progress.finish(f"{new} new" if new else "all there")
    return sorted(result, key=lambda placed: placed.reference)


if __name__ == "__main__":
    raise SystemExit(main())
