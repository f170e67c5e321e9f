"""Shipping's read models: carriers, a summary per shipment and load, and which shipment a carton belongs to."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared import clock
from shared.events import Commit, Event
from shared.projection import Entry, Projection, Projector
from shared.resources import history, views
from shipping.aggregates import CARRIER, CATALOG, LOAD, SHIPMENT
from shipping.contracts import LoadDispatched, LoadDispatchStarted
from shipping.domain import shipment as rules
from shipping.domain.carrier import CARRIERS, Carrier, evolve
from shipping.domain.load import (
    CartonsLoaded,
    CartonsUnloaded,
    FormMade,
    FormRefused,
    LoadOpened,
    LoadStatus,
    ShipmentsSettled,
)
from shipping.domain.shipment import TROUBLE, LabelBought, Shipment, ShipmentAccepted
from shipping.pointers import CartonPointer, carton_key, tracking_key

SHARDS = ("0", "1", "2", "3")
"""Partitions of the index by moment, so that no one of them gets all writes."""

SILENT = "silent-"
"""Before a shard: shipments under way, by when their carrier is asked if it tells nothing until then."""

SILENT_FOR = timedelta(hours=24)
"""So long a carrier may tell nothing of a carton that it has taken along."""

ASKED_FOR = timedelta(days=45)
"""So long after it has left a carrier is asked for a shipment: what is not there then is lost."""

LOOKED_AT_AFTER = timedelta(minutes=2)
"""So long after its last change a shipment that still waits for labels is taken up by the schedule."""


class ShipmentView(Shipment, frozen=True, omit_defaults=True):
    """A shipment as it is kept for lists. Times are when its first and last event were.

    Of its address only the `destination` is there: country, postal code and town.
    """

    destination: str = ""
    received_at: str = ""
    changed_at: str = ""


class LoadSummary(Struct, frozen=True, omit_defaults=True):
    """A load in a list: how many `cartons` are on it, and how many of them its carrier has no pick-up form for."""

    load_id: str
    warehouse: str = ""
    carrier: str = ""
    status: LoadStatus = "open"
    opened_at: str = ""
    cartons: int = 0
    unformed: int = 0
    door: str | None = None
    vehicle: str | None = None
    dispatched_at: str = ""


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of the service's commits."""
    projector().handle(event)


@cache
def projector() -> Projector:
    """This process's projector."""
    return Projector(CATALOG, history(), views(), (CARRIER_VIEW, SHIPMENT_VIEW, LOAD_VIEW))


def shipment_key(shipment_id: str) -> tuple[str, str]:
    """Where the summary of a shipment is."""
    return SHIPMENT.stream_id(shipment_id), "Summary"


def _show_carrier(carrier: Carrier, event: Event, _at: str) -> Carrier:
    described: Any = event
    return evolve(carrier, described)


def _show_shipment(view: ShipmentView, event: Event, at: str) -> ShipmentView:
    happened: Any = event
    shown: Any = rules.evolve(view, happened)
    changed: ShipmentView = replace(shown, ship_to=None, received_at=view.received_at or at, changed_at=at)
    if shown.ship_to is None:
        return changed
    to = shown.ship_to
    return replace(changed, destination=f"{to.country} {to.postal_code} {to.city}")


def _index(view: ShipmentView) -> Mapping[str, str]:
    """By status while somebody still has to do something about it, and when the schedule has to look (sparse)."""
    keys: dict[str, str] = {}
    trouble = bool(view.held_back) or any(carton.tracking in TROUBLE for carton in view.cartons.values())
    if view.is_requested and (trouble or view.status not in ("voided", "dispatched", "delivered")):
        keys |= {
            "open": "exception" if trouble else view.status,
            "since": f"{view.received_at}#{view.shipment_id}",
        }
    if rules.due(view) is not None:
        moment = clock.iso(datetime.fromisoformat(view.changed_at) + LOOKED_AT_AFTER)
        keys |= {"due": _shard(view.shipment_id), "moment": moment}
    elif (since := view.last_heard) and datetime.fromisoformat(since) < _last_asked(view):
        moment = clock.iso(datetime.fromisoformat(since) + SILENT_FOR)
        keys |= {"due": f"{SILENT}{_shard(view.shipment_id)}", "moment": moment}
    return keys


def _seen(view: ShipmentView) -> ShipmentView:
    """Where cartons are that have left nobody sees here, once neither a list nor the schedule has the shipment."""
    if view.status not in ("dispatched", "delivered") or not view.has_left or _index(view):
        return view
    cartons = {
        sscc: replace(one, tracking=None, heard_at="", delivered_at="") for sscc, one in view.cartons.items()
    }
    return replace(view, cartons=cartons, delivered_at="", changed_at="")


def _last_asked(view: ShipmentView) -> datetime:
    return datetime.fromisoformat(view.dispatched_at) + ASKED_FOR


def _shard(of: str) -> str:
    return SHARDS[zlib.crc32(of.encode()) % len(SHARDS)]


def _entries(_view: ShipmentView, _commit: Commit, events: Sequence[Event]) -> Iterable[Entry]:
    for event in events:
        if isinstance(event, ShipmentAccepted):
            for carton in event.cartons:
                yield Entry(carton_key(carton.sscc), CartonPointer(event.shipment_id))
        elif isinstance(event, LabelBought):
            yield Entry(tracking_key(event.tracking_number), CartonPointer(event.shipment_id))


def _show_load(load: LoadSummary, event: Event, _at: str) -> LoadSummary:
    match event:
        case LoadOpened():
            return replace(
                load,
                warehouse=event.warehouse,
                carrier=event.carrier,
                opened_at=event.opened_at,
                door=event.door,
                vehicle=event.vehicle,
            )
        case CartonsLoaded(shipments=shipments):
            return replace(load, cartons=load.cartons + sum(len(one.aboard) for one in shipments))
        case CartonsUnloaded(ssccs=ssccs):
            return replace(load, cartons=load.cartons - len(ssccs))
        case LoadDispatchStarted(dispatched_at=at):
            return replace(load, status="dispatching", dispatched_at=at)
        case ShipmentsSettled(postage=postage):
            return replace(load, unformed=load.unformed + len(postage))
        case FormMade(consignments=consignments) | FormRefused(consignments=consignments):
            return replace(load, unformed=load.unformed - len(consignments))
        case LoadDispatched():
            return replace(load, status="dispatched")
        case _:
            return load


def _index_load(load: LoadSummary) -> Mapping[str, str]:
    """By status while it has not left, then while it waits for pick-up forms (sparse)."""
    if load.status == "dispatched":
        return {"due": _shard(load.load_id), "moment": load.dispatched_at} if load.unformed else {}
    return {"open": f"load-{load.status}", "since": f"{load.opened_at}#{load.load_id}"}


CARRIER_VIEW: Projection[Carrier] = Projection(
    CARRIER.category,
    Carrier,
    lambda _: Carrier(),
    _show_carrier,
    lambda stream_id: (CARRIERS[0], stream_id),
)
SHIPMENT_VIEW: Projection[ShipmentView] = Projection(
    SHIPMENT.category,
    ShipmentView,
    lambda _: ShipmentView(),
    _show_shipment,
    lambda stream_id: (stream_id, "Summary"),
    _index,
    _entries,
    seen=_seen,
)
LOAD_VIEW: Projection[LoadSummary] = Projection(
    LOAD.category,
    LoadSummary,
    lambda stream_id: LoadSummary(stream_id.partition("#")[2]),
    _show_load,
    lambda stream_id: (stream_id, "Summary"),
    _index_load,
)
