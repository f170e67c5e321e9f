"""Lets the shipments of a load leave, each by its own decision, and tells the load what became of them."""

from typing import Any

from msgspec.structs import replace

from shared import codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.rejection import Rejection
from shared.resources import history
from shipping.aggregates import LOAD, SHIPMENT
from shipping.domain.load import RefusedShipment, Settle
from shipping.domain.shipment import Dispatch
from shipping.subscriptions import DepartingShipment, LoadDispatchStarted

GONE_BEFORE = "has-left"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to parts of loads that leave, one by one."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    part = codec.from_json(bytes(event.data), LoadDispatchStarted)
    reasons = {one.shipment_id: _leave(event, part, one) for one in part.shipments}
    settle = Settle(
        part.number,
        tuple(shipment_id for shipment_id, reason in reasons.items() if not reason),
        tuple(RefusedShipment(shipment_id, reason) for shipment_id, reason in reasons.items() if reason),
    )
    execute(history(), LOAD, LOAD.stream_id(part.load_id), Command(settle, caused_by(event, "settled")))
    telemetry.info("load left", load_id=part.load_id, shipments=len(reasons), refused=len(settle.refused))


def _leave(event: CloudEvent, part: LoadDispatchStarted, departing: DepartingShipment) -> str:
    """Why the shipment does not leave; empty when it does. Going on with the shipment's own journey."""
    stream_id = SHIPMENT.stream_id(departing.shipment_id)
    first = history().commit(stream_id, 1)
    metadata = caused_by(event, departing.shipment_id)
    if first is not None:
        metadata = replace(metadata, correlation_id=first.commands[0].correlation_id)
    dispatch = Dispatch(part.load_id, part.carrier, departing.ssccs, part.dispatched_at)
    try:
        shipment = execute(history(), SHIPMENT, stream_id, Command(dispatch, metadata)).stream.state
    except Rejection as rejection:
        if rejection.status == 409 and rejection.code == "contended":
            raise
        telemetry.warning("shipment stays", shipment_id=departing.shipment_id, code=rejection.code)
        return rejection.code
    gone = all(shipment.cartons[sscc].load_id == part.load_id for sscc in departing.ssccs)
    return "" if gone else GONE_BEFORE
