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
from shipping.domain.load import Postage, RefusedShipment, Settle
from shipping.domain.shipment import Dispatch
from shipping.subscriptions import DepartingShipment, LoadDispatchStarted

GONE_BEFORE = "has-left"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to parts of loads that leave, one by one."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    part = codec.from_json(bytes(event.data), LoadDispatchStarted)
    answers = {one.shipment_id: _leave(event, part, one) for one in part.shipments}
    reasons = {shipment_id: answer for shipment_id, answer in answers.items() if isinstance(answer, str)}
    gone = {shipment_id: answer for shipment_id, answer in answers.items() if not isinstance(answer, str)}
    settle = Settle(
        part.number,
        tuple(gone),
        tuple(RefusedShipment(shipment_id, reason) for shipment_id, reason in reasons.items()),
        tuple(postage for postages in gone.values() for postage in postages),
    )
    execute(history(), LOAD, LOAD.stream_id(part.load_id), Command(settle, caused_by(event, "settled")))
    telemetry.info("load left", load_id=part.load_id, shipments=len(answers), refused=len(settle.refused))


def _leave(event: CloudEvent, part: LoadDispatchStarted, departing: DepartingShipment) -> str | list[Postage]:
    """Why the shipment does not leave; when it does, the bought labels that it leaves by.

    Going on with the shipment's own journey.
    """
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
    if not all(shipment.cartons[sscc].load_id == part.load_id for sscc in departing.ssccs):
        return GONE_BEFORE
    bought = (shipment.purchases[sscc] for sscc in departing.ssccs if sscc in shipment.purchases)
    return [Postage(one.consignment, shipment.service) for one in bought]
