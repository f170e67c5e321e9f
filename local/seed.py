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
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from local.client import ApiClient, Refused, Unreachable, path_of
from local.connection import connect, connect_as
from local.environment import ROOT
from local.inbound import put_away, receive
from local.outbound import send_out
from local.parallel import Progress, in_parallel
from local.patience import Deadline, once_heard
from sample.generate import dataset
from sample.model import Dataset, Order, Shipment

PLACED_FILE = ROOT / ".local" / "sample-orders.json"
ON_THEIR_WAY = ("picking", "picked", "packed", "labelled", "partially_dispatched", "dispatched", "delivered")
SETTLED = ("reserved", "backordered", "allocated", *ON_THEIR_WAY, "closed", "cancelled")
"""Where an order stands that has its answer: what follows is a person's turn, or the end."""
PARKED = "the payment provider"
"""Whom a placed order waits for that nobody here can hurry: it is parked."""
WAREHOUSE_ROLE = "supervisor"
"""Who releases, picks, packs and loads: work that no machine client is trusted with."""
PAGE = 200
POLL_SECONDS = 0.5
SETTLE_SECONDS = 300.0


class Placed(Struct, frozen=True):
    """A sample order as it was placed. `sent_at` is when its first POST left, in the run that created it."""

    reference: str
    order_id: str
    sent_at: datetime


class PlacedOrder(Struct, frozen=True):
    """What the API says about an order that it has taken."""

    order_id: str


class OrderInList(Struct, frozen=True):
    """What the list of orders says about one."""

    order_id: str
    waiting_for: str = ""


class StockInList(Struct, frozen=True):
    """What the list of stock says about one product."""

    sku: str
    on_hand: int = 0


def load(client: ApiClient, data: Dataset, earlier: Sequence[Placed] = ()) -> list[Placed]:
    """Load everything that is not there yet. Returns the sample's orders, those of `earlier` runs as they were."""
    _put_missing(client, "products", "/inventory/products", _bodies(data.products, "sku"), "sku")
    _put_missing(client, "locations", "/inventory/locations", _bodies(data.locations, "location"), "location")
    if receive(client, data):  # later, goods have left again
        _wait_until_promised_from(client, data.shipments)
    put_away(client, data.shipments)
    return _place_orders(client, data.orders, earlier)


def wait_until_settled(
    client: ApiClient,
    order_ids: Iterable[str],
    seconds: float = SETTLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> set[str]:
    """Wait until every order is reserved, backordered, cancelled or parked. Returns those that are not in time."""
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
        placed = client.pages("/orders", OrderInList, status="placed", limit=PAGE)
        parked = {order.order_id for order in placed if order.waiting_for == PARKED}
        by_status["parked"] = len(parked)
        settled |= parked
        waiting -= settled
        note = ", ".join(f"{count} {status}" for status, count in by_status.items() if count)
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
        data = dataset()
        placed = load(client, data, read_placed())
        PLACED_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(placed)))
        unsettled = wait_until_settled(client, (order.order_id for order in placed), options.settle_seconds)
        if not unsettled:
            send_out(connect_as(WAREHOUSE_ROLE), data, [order.order_id for order in placed])
    except (Refused, Unreachable, FileNotFoundError) as error:
        print(f"The sample could not be loaded: {error}", file=sys.stderr)
        return 1
    if unsettled:
        names = sorted(order.reference for order in placed if order.order_id in unsettled)
        print(f"{len(names)} orders have not settled in time: {', '.join(names)}", file=sys.stderr)
    return 1 if unsettled else 0


def _bodies(items: Iterable[Struct], name: str) -> dict[str, dict[str, object]]:
    """Per name the request body: every field but the name, which is in the path."""
    fields = (msgspec.json.decode(msgspec.json.encode(item), type=dict[str, object]) for item in items)
    return {str(body.pop(name)): body for body in fields}


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


def _holds(stored: object, wanted: object) -> bool:
    """Whether what is stored says all that is wanted; it may say more."""
    match stored, wanted:
        case dict(), dict():
            return all(_holds(stored.get(name), value) for name, value in wanted.items())
        case list(), list():
            return len(stored) == len(wanted) and all(map(_holds, stored, wanted))
        case _:
            return stored == wanted


def _wait_until_promised_from(client: ApiClient, shipments: Sequence[Shipment]) -> None:
    """Wait until what was received can be promised too, so that no order comes before its stock."""
    expected = Counter[str]()
    for goods in (goods for shipment in shipments for goods in shipment.received if goods.condition == "ok"):
        expected[goods.sku] += goods.units
    progress = Progress("stock to promise", expected.total())
    deadline = Deadline(SETTLE_SECONDS)
    while True:
        found = sum(
            min(expected[stock.sku], stock.on_hand)
            for stock in client.pages("/inventory/stock", StockInList, limit=PAGE)
        )
        progress.show(found)
        if found >= expected.total() or deadline.passed():
            break
        time.sleep(POLL_SECONDS)
    progress.finish()


def _place_orders(client: ApiClient, orders: Sequence[Order], earlier: Sequence[Placed]) -> list[Placed]:
    known = {order.order_id: order for order in earlier}
    patience = Deadline(SETTLE_SECONDS)

    def place_one(order: Order) -> tuple[Placed, bool]:
        key = f"sample-order-{order.reference}"
        reply = once_heard(partial(client.post, "/orders", order, key), patience)
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
