"""Shipments by hand: called off, labelled again, printed again, and followed by our own drivers."""

from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared import clock, telemetry
from shared.decider import Outcome, execute
from shared.event_store import Stream
from shared.events import part_of
from shared.gs1 import Sscc
from shared.http_edge import Api, Request, Response
from shared.identifiers import Timestamp
from shared.rejection import Conflict, NotFound, Unavailable, Unprocessable
from shared.resources import history
from shipping.aggregates import SHIPMENT
from shipping.contracts import Details, ShipmentId, TrackingStatus
from shipping.conversation import instant_answer, take_up
from shipping.domain.shipment import (
    STATUSES,
    LabelsOrderedAgain,
    News,
    OrderLabelsAgain,
    OrderReturnLabel,
    Reprint,
    Shipment,
    Track,
    Withdraw,
    evolve,
    return_key,
)

handler = Api()

MAX_UPDATES = 200
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
ShipmentStatus = Annotated[str, Meta(pattern=f"^({'|'.join(STATUSES)})$", description="Where a shipment stands.")]


class Voiding(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the shipment is not to leave."""

    reason: Reason


class Reprinting(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose labels are printed once more (none named: all of the shipment), and why."""

    reason: Reason
    ssccs: Annotated[tuple[Sscc, ...], Meta(max_length=MAX_UPDATES)] = ()


class DriversScan(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a carton, and when; without an `sscc` of every carton that has left."""

    status: Literal["in_transit", "out_for_delivery", "delivered", "exception", "returned"]
    occurred_at: Timestamp
    sscc: Sscc | None = None
    details: Details | None = None


class DriversScans(Struct, frozen=True, forbid_unknown_fields=True):
    """Scans of a driver, of a minute or of a day without a network."""

    updates: Annotated[tuple[DriversScan, ...], Meta(min_length=1, max_length=MAX_UPDATES)]


class ReturnParcel(Struct, frozen=True, forbid_unknown_fields=True):
    """The return whose goods come back, and in which of the cartons that they left in."""

    return_id: ShipmentId
    sscc: Sscc


class ReturnLabelReceipt(Struct, frozen=True, omit_defaults=True):
    """Where the carrier's label for the return stands: ordered, bought or refused, and why."""

    shipment_id: ShipmentId
    return_id: ShipmentId
    sscc: Sscc
    status: Literal["ordered", "bought", "refused"]
    tracking_number: str = ""
    refused: str = ""


class OutboundReceipt(Struct, frozen=True):
    """Where the shipment stands now."""

    shipment_id: ShipmentId
    status: ShipmentStatus


class CartonNews(Struct, frozen=True, omit_defaults=True):
    """The latest news of a carton."""

    sscc: Sscc
    tracking: TrackingStatus | None = None
    heard_at: str = ""


class TrackingReceipt(Struct, frozen=True):
    """Where the shipment stands now, and its cartons."""

    shipment_id: ShipmentId
    status: ShipmentStatus
    cartons: list[CartonNews]


@handler.route(
    "POST",
    "/shipping/shipments/{id}/void",
    scope="shipping/write",
    returns=(202, OutboundReceipt),
    rejects=(NotFound, Conflict),
)
def void(request: Request, id: ShipmentId, body: Voiding) -> Response:
    """Call a shipment off that has not left: its labels are void. Twice changes nothing."""
    command = request.command(Withdraw(id, "", body.reason, by_order=False))
    return _settled(request, id, execute(history(), SHIPMENT, SHIPMENT.stream_id(id), command))


@handler.route(
    "POST",
    "/shipping/shipments/{id}/labelling",
    scope="shipping/write",
    returns=(202, OutboundReceipt),
    rejects=(NotFound, Conflict),
)
def label_again(request: Request, id: ShipmentId) -> Response:
    """Label a shipment that has failed, now that what was in the way is mended, or one that was voided by hand."""
    stream = history().load(SHIPMENT, SHIPMENT.stream_id(id))
    ordered = evolve(stream.state, LabelsOrderedAgain(shipment_id=id))
    command = request.command(OrderLabelsAgain(instant_answer(ordered), clock.iso(clock.now())))
    return _settled(request, id, execute(history(), SHIPMENT, stream.id, command, known=stream))


@handler.route(
    "POST",
    "/shipping/shipments/{id}/reprints",
    scope="shipping/write",
    returns=(201, OutboundReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def reprint(request: Request, id: ShipmentId, body: Reprinting) -> Response:
    """Note that labels are printed once more: GET /shipping/shipments/{id}/labels gives the same documents."""
    command = request.command(Reprint(body.ssccs, body.reason))
    outcome = execute(history(), SHIPMENT, SHIPMENT.stream_id(id), command)
    receipt = OutboundReceipt(id, outcome.stream.state.status)
    return Response(201, receipt, {"location": f"/shipping/shipments/{id}/labels"}, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/shipping/shipments/{id}/return-labels",
    scope="shipping/write",
    returns=(202, ReturnLabelReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def order_return_label(request: Request, id: ShipmentId, body: ReturnParcel) -> Response:
    """Buy a label of the shipment's carrier for a parcel that comes back. It costs postage, once a carton."""
    command = request.command(OrderReturnLabel(body.return_id, body.sscc))
    outcome = execute(history(), SHIPMENT, SHIPMENT.stream_id(id), command)
    shipment = _taken_up(request, id, outcome).state
    label = shipment.return_labels[return_key(body.return_id, body.sscc)]
    receipt = ReturnLabelReceipt(id, body.return_id, body.sscc, label.status, label.tracking_number, label.refused)
    where = {"location": f"/shipping/shipments/{id}/return-labels"}
    return Response(202, receipt, where, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/shipping/shipments/{id}/tracking",
    scope="shipping/write",
    returns=(200, TrackingReceipt),
    rejects=(NotFound, Conflict, Unprocessable),
)
def track(request: Request, id: ShipmentId, body: DriversScans) -> Response:
    """Note where cartons are, as our drivers scan them. Older scans do not undo newer ones."""
    stream = history().load(SHIPMENT, SHIPMENT.stream_id(id))
    gone = [carton.sscc for carton in stream.state.cartons.values() if carton.load_id]
    if stream.state.is_requested and not gone:
        raise Conflict(
            f"Shipment {id} has not left yet: it is {stream.state.status}.",
            field="id",
            value=id,
            remedy="Dispatch the load that it is on first.",
            code="shipment-not-dispatched",
        )
    news = tuple(
        News(sscc, one.status, one.occurred_at, one.details)
        for one in body.updates
        for sscc in ([one.sscc] if one.sscc else gone)
    )
    command = request.command(Track(news, by_driver=True))
    outcome = execute(history(), SHIPMENT, stream.id, command, known=stream)
    shipment = outcome.stream.state
    cartons = [CartonNews(one.sscc, one.tracking, one.heard_at) for one in shipment.cartons.values()]
    return Response(200, TrackingReceipt(id, shipment.status, cartons), replayed=outcome.repeated)


def _taken_up(request: Request, shipment_id: str, outcome: Outcome[Shipment]) -> Stream[Shipment]:
    """The shipment after what its carrier has answered by now; the schedule takes up the rest."""
    try:
        return take_up(outcome.stream, partial(part_of, request.metadata))
    except Unavailable as error:
        telemetry.warning("shipment waits", shipment_id=shipment_id, error=f"{type(error).__name__}: {error}")
        return history().load(SHIPMENT, outcome.stream.id)


def _settled(request: Request, shipment_id: str, outcome: Outcome[Shipment]) -> Response:
    """Where the shipment stands then."""
    receipt = OutboundReceipt(shipment_id, _taken_up(request, shipment_id, outcome).state.status)
    return Response(202, receipt, {"location": f"/shipping/shipments/{shipment_id}"}, replayed=outcome.repeated)
