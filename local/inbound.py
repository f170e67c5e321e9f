"""Receives the sample's shipments through the HTTP API, as people at the dock would: announce, arrive, log, close.

Run again, it adds nothing: shipments that are closed are left alone, and every POST has an Idempotency-Key that
derives from the sample.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
from msgspec import Struct

from local.client import ApiClient, path_of
from local.parallel import Progress, in_parallel
from local.patience import PAUSE_SECONDS, Deadline, once_heard
from sample.model import Dataset, Goods, Shipment

PAGE = 200
TASKS = "/inventory/put-away-tasks"
PATIENCE_SECONDS = 300.0
EXPECTED_IN = timedelta(hours=2)
OPERATORS = 2
"""How many operators log one shipment at the same time."""


class KnownShipment(Struct, frozen=True):
    """What the list of shipments says about one."""

    shipment_id: str
    supplier: str
    reference: str
    status: str


class OpenInspection(Struct, frozen=True):
    """What the list of inspections says about one."""

    inspection_id: str
    sample_size: int
    sku: str


class Announced(Struct, frozen=True):
    """The answer to an announcement."""

    shipment_id: str


def receive(client: ApiClient, data: Dataset) -> int:
    """Receive every shipment that is not closed yet, inspect what a plan asks for. Returns how many were new."""
    shipments = data.shipments
    for plan in data.plans:
        client.put(path_of("receiving", "inspection-plans", f"category.{plan.category}"), {"aql": plan.aql})
    known = {
        (one.supplier, one.reference): one
        for one in client.pages("/receiving/shipments", KnownShipment, limit=PAGE)
    }
    progress = Progress("shipments received", len(shipments))
    new = 0

    def take(shipment: Shipment) -> bool:
        there = known.get((shipment.supplier, shipment.reference))
        if there is not None and there.status == "closed":
            return False
        _receive(client, shipment, there)
        return True

    for was_new in in_parallel(take, shipments):
        new += was_new
        progress.advance()
    progress.finish(f"{new} new" if new else "all there")
    _inspect(client, _inspection_lots(data))
    return new


def _receive(client: ApiClient, shipment: Shipment, known: KnownShipment | None) -> None:
    """One shipment, from its announcement to its discrepancy report."""
    name = shipment.reference
    shipment_id = known.shipment_id if known else _announce(client, shipment)
    at = path_of("receiving", "shipments", shipment_id)
    arrival = partial(client.post, f"{at}/arrival", {"location": shipment.dock}, f"sample-arrival-{name}")
    once_heard(arrival, Deadline(PATIENCE_SECONDS))
    shares = [shipment.received[operator::OPERATORS] for operator in range(OPERATORS)]
    list(in_parallel(lambda share: _log(client, at, name, *share), enumerate(shares)))
    client.post(f"{at}/closing", {}, f"sample-closing-{name}")


def _announce(client: ApiClient, shipment: Shipment) -> str:
    body = {
        "supplier": shipment.supplier,
        "reference": shipment.reference,
        "warehouse": shipment.warehouse,
        "eta": (datetime.now(UTC) + EXPECTED_IN).strftime("%Y-%m-%dT%H:%M:00.000Z"),
        "lines": [_line(goods) for goods in shipment.announced],
    }
    key = f"sample-announcement-{shipment.reference}-{body['eta']}"
    announce = partial(client.post, "/receiving/shipments", body, key)
    return once_heard(announce, Deadline(PATIENCE_SECONDS)).read(Announced).shipment_id


def _log(client: ApiClient, at: str, name: str, operator: int, goods: Sequence[Goods]) -> None:
    """What one operator logs."""
    if goods:
        entries = [msgspec.to_builtins(one) for one in goods]
        log = partial(client.post, f"{at}/receipts", {"entries": entries}, f"sample-receipts-{name}-{operator}")
        once_heard(log, Deadline(PATIENCE_SECONDS))


def _line(goods: Goods) -> object:
    line: dict[str, object] = msgspec.to_builtins(goods)
    line.pop("condition", None)
    return line


def _inspection_lots(data: Dataset) -> int:
    """How many lots the plans want inspected: one for each product and lot of a shipment."""
    categories = {plan.category for plan in data.plans}
    planned = {product.sku for product in data.products if product.category in categories}
    return len(
        {
            (shipment.reference, goods.sku, goods.lot)
            for shipment in data.shipments
            for goods in shipment.received
            if goods.sku in planned
        }
    )


def _inspect(client: ApiClient, lots: int) -> None:
    """Inspect the samples of every lot, find nothing, and accept it."""
    if not lots:
        return
    progress = Progress("inspections", lots)
    deadline = Deadline(PATIENCE_SECONDS)
    while True:
        for one in client.pages("/receiving/inspections", OpenInspection, status="open", limit=PAGE):
            at = path_of("receiving", "inspections", one.inspection_id)
            sample = {"inspected": one.sample_size, "defects": 0, "notes": "sample without findings"}
            client.post(f"{at}/results", sample, f"sample-results-{one.inspection_id}")
            client.post(f"{at}/decision", {"decision": "accept"}, f"sample-decision-{one.inspection_id}")
        done = sum(1 for _ in client.pages("/receiving/inspections", OpenInspection, status="decided", limit=PAGE))
        progress.show(done)
        if done >= lots or deadline.passed():
            break
        time.sleep(PAUSE_SECONDS)
    progress.finish("all accepted")


class PutAwayTask(Struct, frozen=True):
    """What the list of put-away tasks says about one: `location` is where its goods are to go."""

    task_id: str
    location: str = ""


class Label(Struct, frozen=True):
    """What the label of a place says."""

    location: str
    check_digits: str


def put_away(client: ApiClient, shipments: Sequence[Shipment]) -> None:
    """Carry out the put-away tasks of the shipments as operators do: take over, bring, confirm at the place.

    There is a task for every handling unit, and for every product, lot and condition of the loose goods.
    """
    expected = sum(len(shipment.received) for shipment in shipments)
    labels = {one.location: one.check_digits for one in client.pages("/inventory/locations", Label, limit=PAGE)}
    progress = Progress("put away", expected)
    deadline = Deadline(PATIENCE_SECONDS)

    def bring(task: PutAwayTask) -> None:
        at = path_of("inventory", "put-away-tasks", task.task_id)
        client.post(f"{at}/claim", {}, f"sample-claim-{task.task_id}")
        scanned = {"location": task.location, "check_digits": labels[task.location]}
        client.post(f"{at}/confirmation", scanned, f"sample-put-away-{task.task_id}")

    while True:
        done = sum(1 for _ in client.pages(TASKS, PutAwayTask, status="confirmed", limit=PAGE))
        progress.show(done)
        if done >= expected or deadline.passed():
            break
        waiting = [task for task in client.pages(TASKS, PutAwayTask, status="open", limit=PAGE) if task.location]
        for number, _ in enumerate(in_parallel(bring, waiting), start=1):
            progress.show(done + number)
        if not waiting:
            time.sleep(PAUSE_SECONDS)
    progress.finish("" if done >= expected else "some tasks are left")
