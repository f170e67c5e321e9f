"""Lets the shipments of a load leave, each by its own decision, and tells the load what became of them."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared import codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.rejection import Rejection
from shared.resources import history
from shipping.aggregates import LOAD, SHIPMENT
from shipping.domain.load import Postage, RefusedShipment, Settle
from shipping.domain.shipment import Dispatch
from shipping.subscriptions import DepartingShipment, LoadDispatchStarted

GONE_BEFORE = "has-left"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to parts of loads that leave, one by one."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    part = codec.from_json(bytes(event.data), LoadDispatchStarted)
    left = [_leave(event, part, one) for one in part.shipments]
    settle = Settle(
        part.number,
        tuple(one.shipment_id for one in left if one.gone),
        tuple(one.refused for one in left if one.refused is not None),
        tuple(postage for one in left for postage in one.postage),
    )
    execute(history(), LOAD, LOAD.stream_id(part.load_id), Command(settle, caused_by(event, "settled")))
    telemetry.info("load left", load_id=part.load_id, shipments=len(left), refused=len(settle.refused))


class _Left(Struct, frozen=True):
    """What of a shipment has `gone` with the load, by which bought labels, and what is `refused`."""

    shipment_id: str
    gone: tuple[str, ...] = ()
    refused: RefusedShipment | None = None
    postage: tuple[Postage, ...] = ()


def _leave(event: CloudEvent, part: LoadDispatchStarted, departing: DepartingShipment) -> _Left:
    """Let the shipment decide, going on with its own journey."""
    shipment_id = departing.shipment_id
    stream_id = SHIPMENT.stream_id(shipment_id)
    first = history().commit(stream_id, 1)
    metadata = caused_by(event, shipment_id)
    if first is not None:
        metadata = replace(metadata, correlation_id=first.commands[0].correlation_id)
    dispatch = Dispatch(part.load_id, part.carrier, departing.ssccs, part.dispatched_at)
    try:
        shipment = execute(history(), SHIPMENT, stream_id, Command(dispatch, metadata)).stream.state
    except Rejection as rejection:
        if rejection.status == 409 and rejection.code == "contended":
            raise
        telemetry.warning("shipment stays", shipment_id=shipment_id, code=rejection.code)
        return _Left(shipment_id, refused=RefusedShipment(shipment_id, rejection.code))
    gone = tuple(sscc for sscc in departing.ssccs if shipment.cartons[sscc].load_id == part.load_id)
    before = tuple(sscc for sscc in departing.ssccs if sscc not in gone)
    bought = (shipment.purchases[sscc] for sscc in gone if sscc in shipment.purchases)
    return _Left(
        shipment_id,
        gone,
        RefusedShipment(shipment_id, GONE_BEFORE, before) if before else None,
        tuple(Postage(one.consignment, shipment.service) for one in bought),
    )
