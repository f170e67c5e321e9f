"""Loads: cartons are scanned on a truck or into a cage, taken off again, and leave."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared import clock
from shared.decider import execute
from shared.gs1 import Sscc, has_valid_check_digit
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, LocationId, Timestamp, WarehouseCode
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history, views
from shipping.aggregates import CARRIER, LOAD
from shipping.contracts import CarrierId, LoadId
from shipping.domain.load import (
    DispatchLoad,
    Load,
    LoadedShipment,
    LoadStatus,
    OpenLoad,
    ScanOn,
    TakeOff,
    Vehicle,
    require_known,
)
from shipping.pointers import CartonPointer, carton_key
from shipping.views import LoadSummary, ShipmentView, shipment_key

handler = Api()

MAX_SCANS = 500
MAX_OPEN_LOADS = 200
"""So many loads that were opened last are asked whether they have a carton."""
Ssccs = Annotated[tuple[Sscc, ...], Meta(min_length=1, max_length=MAX_SCANS)]


class NewLoad(Struct, frozen=True, forbid_unknown_fields=True):
    """A truck or a cage of a carrier, and at which door it stands."""

    carrier: CarrierId
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    door: LocationId | None = None
    vehicle: Vehicle | None = None


class CartonScans(Struct, frozen=True, forbid_unknown_fields=True):
    """Cartons as they were scanned, also after minutes without a network. Left out, `occurred_at` is now."""

    ssccs: Ssccs
    occurred_at: Timestamp | None = None


class Departure(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether cartons that are not on the load may follow later."""

    leave_behind: bool = False


class LoadReceipt(Struct, frozen=True):
    """Where the load stands now, and how many cartons are on it."""

    load_id: LoadId
    status: LoadStatus
    cartons: int


class RefusedCarton(Struct, frozen=True):
    """A carton that does not belong on the load, and why: take it off."""

    sscc: Sscc
    reason: Literal[
        "unreadable",
        "unknown",
        "other-warehouse",
        "other-carrier",
        "called-off",
        "recalled",
        "held",
        "not-labelled",
        "has-left",
        "on-other-load",
    ]
    message: str


class ScanReceipt(Struct, frozen=True):
    """What of the scans is on the load now, what was on it before, what does not belong there."""

    load_id: LoadId
    cartons: int
    loaded: list[str]
    already: list[str]
    refused: list[RefusedCarton]
    missing: list[str]


@handler.route(
    "POST", "/shipping/loads", scope="shipping/write", returns=(201, LoadReceipt), rejects=(Unprocessable,)
)
def open_load(request: Request, body: NewLoad) -> Response:
    """Begin to load a truck or a cage."""
    if not history().load(CARRIER, CARRIER.stream_id(body.carrier)).sequence:
        raise Unprocessable(
            f"There is no carrier {body.carrier!r}.",
            field="carrier",
            value=body.carrier,
            remedy="GET /shipping/carriers lists those that there are.",
            code="unknown-carrier",
        )
    load_id = request.created_id()
    at = clock.iso(clock.now())
    command = OpenLoad(load_id, body.warehouse, body.carrier, at, body.door, body.vehicle)
    outcome = execute(history(), LOAD, LOAD.stream_id(load_id), request.command(command))
    receipt = LoadReceipt(load_id, "open", 0)
    return Response(201, receipt, {"location": f"/shipping/loads/{load_id}"}, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/shipping/loads/{id}/scans",
    scope="shipping/write",
    returns=(200, ScanReceipt),
    rejects=(NotFound, Conflict),
)
def scan_on(request: Request, id: LoadId, body: CartonScans) -> Response:
    """Put cartons on the load. Those that do not belong there are named; the others are on it. Twice is once."""
    stream = history().load(LOAD, LOAD.stream_id(id))
    require_known(stream.state)
    ssccs = tuple(dict.fromkeys(body.ssccs))
    shipments = _shipments(ssccs)
    elsewhere = _on_other_loads(stream.state)
    refused = [
        one
        for sscc in ssccs
        if (one := _refusal(stream.state, sscc, shipments.get(sscc), elsewhere.get(sscc))) is not None
    ]
    out = {one.sscc for one in refused}
    on: dict[str, list[str]] = {}
    for sscc in ssccs:
        if sscc not in out:
            on.setdefault(shipments[sscc].shipment_id, []).append(sscc)
    all_of = {view.shipment_id: _to_leave(view) for view in shipments.values()}
    command = ScanOn(
        tuple(LoadedShipment(one, tuple(aboard), all_of[one]) for one, aboard in on.items()),
        body.occurred_at or clock.iso(clock.now()),
    )
    before = stream.state.aboard
    outcome = execute(history(), LOAD, stream.id, request.command(command), known=stream)
    load = outcome.stream.state
    receipt = ScanReceipt(
        id,
        len(load.aboard),
        loaded=[sscc for sscc in ssccs if sscc not in out and sscc not in before],
        already=[sscc for sscc in ssccs if sscc not in out and sscc in before],
        refused=refused,
        missing=[sscc for left in load.missing.values() for sscc in left],
    )
    return Response(200, receipt, version=outcome.stream.sequence, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/shipping/loads/{id}/unloading",
    scope="shipping/write",
    returns=(200, LoadReceipt),
    rejects=(NotFound, Conflict),
)
def take_off(request: Request, id: LoadId, body: CartonScans) -> Response:
    """Take cartons off the load again; those that are not on it stay so."""
    command = TakeOff(body.ssccs, body.occurred_at or clock.iso(clock.now()))
    outcome = execute(history(), LOAD, LOAD.stream_id(id), request.command(command))
    return Response(200, _receipt(outcome.stream.state), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/shipping/loads/{id}/dispatch",
    scope="shipping/write",
    returns=(202, LoadReceipt),
    rejects=(NotFound, Conflict),
)
def dispatch(request: Request, id: LoadId, body: Departure) -> Response:
    """Let the load leave. Each of its shipments follows within moments; one that was called off first does not."""
    command = DispatchLoad(body.leave_behind, clock.iso(clock.now()))
    outcome = execute(history(), LOAD, LOAD.stream_id(id), request.command(command))
    return Response(
        202,
        _receipt(outcome.stream.state),
        {"location": f"/shipping/loads/{id}"},
        replayed=outcome.repeated,
    )


def _receipt(load: Load) -> LoadReceipt:
    return LoadReceipt(load.load_id, load.status, len(load.aboard))


def _shipments(ssccs: tuple[str, ...]) -> dict[str, ShipmentView]:
    """The shipments that the cartons belong to, by carton."""
    pointers = views().documents(CartonPointer, (carton_key(sscc) for sscc in ssccs))
    found = views().documents(ShipmentView, (shipment_key(one.shipment_id) for one in pointers.values()))
    owners = {sscc: pointers[carton_key(sscc)].shipment_id for sscc in ssccs if carton_key(sscc) in pointers}
    return {sscc: found[shipment_key(one)] for sscc, one in owners.items() if shipment_key(one) in found}


def _to_leave(view: ShipmentView) -> tuple[str, ...]:
    return tuple(carton.sscc for carton in view.cartons.values() if not carton.load_id)


def _on_other_loads(load: Load) -> dict[str, str]:
    """Which cartons the carrier's other open loads in the warehouse have, and which of the loads each.

    A moment behind: of two loads that take a carton at the same time, it leaves with the first.
    """
    page = views().list(
        LoadSummary, ("open", "load-open"), "since", index="by_open", descending=True, limit=MAX_OPEN_LOADS
    )
    others = [
        one.load_id
        for _, one in page.items
        if one.cartons
        and one.load_id != load.load_id
        and (one.carrier, one.warehouse) == (load.carrier, load.warehouse)
    ]
    return {sscc: other for other in others for sscc in history().load(LOAD, LOAD.stream_id(other)).state.aboard}


def _refusal(load: Load, sscc: str, view: ShipmentView | None, other: str | None = None) -> RefusedCarton | None:
    """Why the carton does not belong on the load; None when it does. `other` is the load that it is on."""
    if not has_valid_check_digit(sscc):
        return RefusedCarton(sscc, "unreadable", "Its check digit is wrong: scan it again.")
    if view is None:
        return RefusedCarton(sscc, "unknown", "No shipment has it. If it was packed just now, scan it again.")
    if view.warehouse != load.warehouse:
        return RefusedCarton(sscc, "other-warehouse", f"It leaves from {view.warehouse}.")
    kept = sscc in view.stopped and sscc not in view.cartons
    if (stop := view.stop(sscc)) is not None and (kept or not view.cartons[sscc].load_id):
        return RefusedCarton(sscc, stop.kind, f"{stop.why} {stop.remedy}")
    if view.withdrawn:
        return RefusedCarton(sscc, "called-off", f"Its order, {view.order_id}, does not want it any more.")
    if view.cartons[sscc].load_id not in ("", load.load_id):
        return RefusedCarton(sscc, "has-left", f"It has left with load {view.cartons[sscc].load_id}.")
    if not view.is_labelled:
        return RefusedCarton(sscc, "not-labelled", f"It has no label yet: its shipment is {view.status}.")
    if view.carrier != load.carrier:
        return RefusedCarton(sscc, "other-carrier", f"It goes with {view.carrier}.")
    if other is not None and sscc not in load.aboard:
        remedy = f"Take it off there first: POST /shipping/loads/{other}/unloading."
        return RefusedCarton(sscc, "on-other-load", f"It was scanned onto load {other}. {remedy}")
    return None
