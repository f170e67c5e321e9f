"""Sends the sample's orders out through the HTTP API, as people in the warehouse would: pick, pack, load, deliver.

Run again, it adds nothing: what has left is left alone, and what was begun is gone on with. Every POST has an
Idempotency-Key that derives from what it is about.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from local.client import ApiClient, Refused, path_of
from local.inbound import Label
from local.parallel import Progress, in_parallel
from local.patience import PAUSE_SECONDS, Deadline
from sample.model import Dataset

T = TypeVar("T")

PAGE = 200
TODAY = 60
"""How many of the sample's orders leave today; the others stay reserved, to be released by hand."""
PATIENCE_SECONDS = 300.0
RELEASED_AT_ONCE = 100
CONFIRMED_AT_ONCE = 100
SCANNED_AT_ONCE = 200
DOOR = "D-01-01-0"


class Listed(Struct, frozen=True):
    """What the list of orders says about one."""

    order_id: str


class Step(Struct, frozen=True):
    """A position of a pick list: what to take from where."""

    pick_id: str
    place: str
    sku: str
    status: str
    remaining: int = 0
    holding: str | None = None
    lot: str | None = None
    serials: tuple[str, ...] = ()


class PickList(Struct, frozen=True):
    """A pick list as its picker sees it."""

    list_id: str
    steps: tuple[Step, ...]


class Wave(Struct, frozen=True):
    """A wave that was asked for."""

    wave_id: str


class Item(Struct, frozen=True):
    """Units that were picked for a line and are in no carton yet."""

    line_id: str
    sku: str
    units: int
    lot: str | None = None
    serials: tuple[str, ...] = ()


class Packing(Struct, frozen=True):
    """What of an order waits to be packed."""

    to_pack: tuple[Item, ...]


class Stack(Struct, frozen=True):
    """Units of a line in a proposed carton."""

    line_id: str
    units: int


class ProposedCarton(Struct, frozen=True):
    """A carton that is proposed, and what goes into it."""

    carton_type: str
    weight_g: int
    contents: tuple[Stack, ...]


class Proposal(Struct, frozen=True):
    """The cartons for an order."""

    cartons: tuple[ProposedCarton, ...]


class Parcel(Struct, frozen=True):
    """A carton of a shipment."""

    sscc: str


class Outbound(Struct, frozen=True):
    """What the list of shipments says about one."""

    order_id: str
    cartons: tuple[Parcel, ...]


class Load(Struct, frozen=True):
    """A load that was opened."""

    load_id: str


class OrderShipment(Struct, frozen=True):
    """A shipment of an order, and where it stands."""

    shipment_id: str
    status: str


class OrderOnItsWay(Struct, frozen=True):
    """An order and its shipments."""

    shipments: tuple[OrderShipment, ...] = ()


def send_out(client: ApiClient, data: Dataset, placed: Sequence[str]) -> None:
    """Bring the first orders of the sample (`placed`, by their ids) to their customers."""
    for carrier in data.carriers:
        client.put(path_of("shipping", "carriers", carrier.id), _body(carrier))
    for carton in data.cartons:
        client.put(path_of("picking", "carton-types", carton.id), _body(carton))
    day = _Day(client, frozenset(placed[:TODAY]))
    day.release()
    day.pick()
    day.pack()
    day.load(data.carriers[0].id)
    day.deliver()


class _Day:
    """One day's orders on their way through the warehouse."""

    def __init__(self, client: ApiClient, today: frozenset[str]) -> None:
        self._client = client
        self._today = today

    def release(self) -> None:
        """Let the orders that have their stock be picked, and wait until they have concrete units."""
        ready = sorted(self._those("reserved"))
        for some in _chunks(ready, RELEASED_AT_ONCE):
            self._client.post("/orders/releases", {"orders": some}, f"sample-release-{some[0]}-{len(some)}")
        self._until(
            "orders allocated", len(ready), lambda: len(ready) - len(self._those("reserved", "allocating"))
        )

    def pick(self) -> None:
        """Release waves and pick their lists, until nothing of today's orders is to be picked."""
        waiting = self._those("allocated", "picking")
        progress = Progress("orders picked", len(waiting))
        labels = {
            one.location: one.check_digits for one in self._client.pages("/inventory/locations", Label, limit=PAGE)
        }
        deadline = Deadline(PATIENCE_SECONDS)
        while left := self._those("allocated", "picking"):
            if deadline.passed():
                break
            picked = 0
            while (taken := self._next_list()) is not None:
                self._confirm(taken, labels)
                picked += 1
            if not picked and self._those("allocated"):
                moment = datetime.now(UTC).strftime("%H%M%S%f")
                self._client.post("/picking/waves", {"max_orders": len(left)}, f"sample-wave-{moment}")
            progress.show(len(waiting) - len(left))
            time.sleep(PAUSE_SECONDS)
        progress.finish()

    def pack(self) -> None:
        """Pack what is picked into the cartons that are proposed."""
        waiting = sorted(self._those("picked"))
        progress = Progress("orders packed", len(waiting))
        for _ in in_parallel(self._pack, waiting):
            progress.advance()
        progress.finish()

    def load(self, carrier: str) -> None:
        """Put every labelled carton on a truck, and let it leave."""
        packed = self._those("picked", "packed", "labelled")
        self._until("orders labelled", len(packed), lambda: len(packed) - len(self._those("picked", "packed")))
        labelled = [
            one
            for one in self._client.pages("/shipping/shipments", Outbound, status="labelled", limit=PAGE)
            if one.order_id in self._today
        ]
        cartons = [carton.sscc for one in labelled for carton in one.cartons]
        if not cartons:
            return
        opened = self._client.post(
            "/shipping/loads", {"carrier": carrier, "door": DOOR}, f"sample-load-{cartons[0]}"
        )
        at = path_of("shipping", "loads", opened.read(Load).load_id)
        progress = Progress("cartons loaded", len(cartons))
        for some in _chunks(cartons, SCANNED_AT_ONCE):
            self._client.post(f"{at}/scans", {"ssccs": some}, f"sample-scans-{some[0]}-{len(some)}")
            progress.advance(len(some))
        progress.finish()
        self._client.post(f"{at}/dispatch", {}, f"sample-dispatch-{cartons[0]}")
        self._until("orders dispatched", len(labelled), lambda: len(labelled) - len(self._those("labelled")))

    def deliver(self) -> None:
        """Hand the cartons over to the customers."""
        on_the_road = sorted(self._those("dispatched"))
        for _ in in_parallel(self._hand_over, on_the_road):
            pass
        self._until(
            "orders closed",
            len(on_the_road),
            lambda: len(on_the_road) - len(self._those("dispatched", "delivered") & set(on_the_road)),
        )

    def _next_list(self) -> PickList | None:
        moment = datetime.now(UTC).strftime("%H%M%S%f")
        try:
            return self._client.post("/picking/pick-lists/next", {}, f"sample-next-{moment}").read(PickList)
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return None

    def _confirm(self, taken: PickList, labels: Mapping[str, str]) -> None:
        at = path_of("picking", "pick-lists", taken.list_id)
        steps = [step for step in taken.steps if step.status == "open"]
        for some in _chunks(steps, CONFIRMED_AT_ONCE):
            scans = [_scan(step, labels) for step in some]
            self._client.post(f"{at}/confirmations", {"confirmations": scans}, f"sample-picks-{some[0].pick_id}")

    def _pack(self, order_id: str) -> None:
        at = path_of("picking", "orders", order_id)
        proposal = self._client.get(f"{at}/packing-proposal", Proposal)
        items = list(self._client.get(f"{at}/packing", Packing).to_pack)
        waiting = sum(item.units for item in items)
        cartons = [
            {
                "carton_type": carton.carton_type,
                "weight_g": carton.weight_g,
                "items": [one for stack in carton.contents for one in _taken(items, stack)],
            }
            for carton in proposal.cartons
        ]
        self._client.post(f"{at}/packing", {"cartons": cartons}, f"sample-packing-{order_id}-{waiting}")

    def _hand_over(self, order_id: str) -> None:
        order = self._client.get("/orders" + path_of(order_id), OrderOnItsWay)
        for one in order.shipments:
            if one.status == "dispatched":
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
                at = path_of("shipping", "shipments", one.shipment_id)
                update = {"updates": [{"status": "delivered", "occurred_at": now}]}
                self._client.post(f"{at}/tracking", update, f"sample-delivery-{one.shipment_id}-{now}")

    def _those(self, *statuses: str) -> set[str]:
        """Today's orders that are in any of `statuses`."""
        listed = {
            one.order_id
            for status in statuses
            for one in self._client.pages("/orders", Listed, status=status, limit=PAGE)
        }
        return listed & self._today

    def _until(self, label: str, total: int, count: Callable[[], int]) -> None:
        """Show how many are done, until all are."""
        progress = Progress(label, total)
        deadline = Deadline(PATIENCE_SECONDS)
        while (done := count()) < total and not deadline.passed():
            progress.show(done)
            time.sleep(PAUSE_SECONDS)
        progress.show(done)
        progress.finish()


def _scan(step: Step, labels: Mapping[str, str]) -> dict[str, object]:
    """What the scanner sends for a position: where one stands, what one holds."""
    scan: dict[str, object] = {
        "confirmation_id": f"sample-{step.pick_id}",
        "pick_id": step.pick_id,
        "location": step.holding or step.place,
        "code": step.sku,
        "units": step.remaining,
    }
    if step.holding is None:
        scan["check_digits"] = labels[step.place]
    if step.lot:
        scan["lot"] = step.lot
    if step.serials:
        scan["serials"] = step.serials
    return scan


def _taken(items: list[Item], stack: Stack) -> Iterator[dict[str, object]]:
    """Take the units of a stack out of what waits to be packed, lot by lot."""
    wanted = stack.units
    for index, item in enumerate(items):
        units = min(wanted, item.units) if item.line_id == stack.line_id else 0
        if units:
            taken: dict[str, object] = {"sku": item.sku, "units": units}
            if item.lot:
                taken["lot"] = item.lot
            if item.serials:
                taken["serials"] = item.serials[:units]
            yield taken
            wanted -= units
            items[index] = msgspec.structs.replace(item, units=item.units - units, serials=item.serials[units:])


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _body(described: Struct) -> dict[str, object]:
    """A request body: every field but the id, which is in the path."""
    body = msgspec.json.decode(msgspec.json.encode(described), type=dict[str, object])
    body.pop("id")
    return body
