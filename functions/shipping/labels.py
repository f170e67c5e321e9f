"""Gives packed shipments their labels, other labels when they go elsewhere, and none when they are called off.

Cartons with recalled goods are kept here, and all cartons of an order that is held.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from msgspec import Struct, structs

from shared import clock, codec, telemetry
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.event_store import Stream
from shared.rejection import Unavailable
from shared.resources import history
from shipping.aggregates import SHIPMENT
from shipping.conversation import instant_answer, take_up
from shipping.domain.shipment import (
    AddressChanged,
    ChangeAddress,
    NoteHolds,
    PackedCarton,
    RequestShipment,
    Shipment,
    ShipmentAccepted,
    StopCarton,
    Withdraw,
    evolve,
)
from shipping.subscriptions import (
    READS,
    CartonRecalled,
    ShipmentCancellationRequested,
    ShipmentHoldsChanged,
    ShipmentRequested,
    ShipToChanged,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """React to a batch of what orders asks, one by one: each is about shipments of its own."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    request: Any = codec.from_json(bytes(event.data), READS[event.type])
    for shipment_id in _concerned(request):
        stream = history().load(SHIPMENT, SHIPMENT.stream_id(shipment_id))
        command = Command(_command(request, event.order_in_stream, shipment_id, stream), caused_by(event))
        stream = execute(history(), SHIPMENT, stream.id, command, known=stream).stream
        try:
            take_up(stream, partial(caused_by, event))
        except Unavailable as error:  # the shipment itself says what is due, and the schedule takes it up
            telemetry.warning("shipment waits", shipment_id=shipment_id, error=f"{type(error).__name__}: {error}")


def _concerned(request: Any) -> Iterator[str]:
    if isinstance(request, ShipmentRequested | CartonRecalled):
        yield request.shipment_id
    else:
        yield from request.shipment_ids


def _command(request: Any, number: int, shipment_id: str, stream: Stream[Shipment]) -> Struct:
    """What is asked of one shipment. `number` is the request's place in its order's history."""
    at = clock.iso(clock.now())
    match request:
        case ShipmentRequested():
            accepted = ShipmentAccepted(
                shipment_id=request.shipment_id,
                order_id=request.order_id,
                warehouse=request.warehouse,
                ship_to=request.ship_to,
                address_number=number,
                cartons=tuple(PackedCarton(**structs.asdict(carton)) for carton in request.cartons),
                value=request.value,
                service=request.service,
                reference=request.reference,
            )
            return RequestShipment(accepted, instant_answer(evolve(stream.state, accepted)), at)
        case ShipToChanged():
            changed = AddressChanged(
                shipment_id=shipment_id,
                order_id=request.order_id,
                ship_to=request.ship_to,
                address_number=number,
            )
            answer = instant_answer(evolve(stream.state, changed)) if stream.state.is_requested else None
            return ChangeAddress(changed, answer, at)
        case ShipmentCancellationRequested():
            return Withdraw(shipment_id, request.order_id, request.reason, by_order=True)
        case ShipmentHoldsChanged(order_id=order_id, holds=holds):
            return NoteHolds(shipment_id, order_id, number, {one.kind: one.reason for one in holds})
        case CartonRecalled(holding=sscc, order_id=order_id, sku=sku, lot=lot, reason=reason):
            return StopCarton(shipment_id, order_id, sscc, sku, lot, reason)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} asks for nothing here")
