"""Returns: what customers may send back is expected at the dock like any other shipment."""

from typing import Any, cast

from receiving.aggregates import SHIPMENT
from receiving.contracts import RETURNS
from receiving.domain.shipment import AnnounceShipment, ExpectedGoods
from receiving.keys import shipment_id
from receiving.subscriptions import READS, ReturnAuthorized
from shared import codec
from shared.consumer import react_each
from shared.decider import Command, execute
from shared.envelope import CloudEvent, caused_by
from shared.resources import history


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Announce the returns that a batch of events authorizes."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    authorized = cast(ReturnAuthorized, codec.from_json(bytes(event.data), READS[event.type]))
    shipment = shipment_id(RETURNS, authorized.return_id)
    command = AnnounceShipment(
        shipment_id=shipment,
        supplier=RETURNS,
        reference=authorized.return_id,
        warehouse=authorized.warehouse,
        lines=tuple(
            ExpectedGoods(number, line.sku, line.units, line.lot, line_id=line.line_id)
            for number, line in enumerate(authorized.lines, start=1)
        ),
        return_id=authorized.return_id,
        order_id=authorized.order_id,
        reason=authorized.reason,
    )
    execute(history(), SHIPMENT, SHIPMENT.stream_id(shipment), Command(command, caused_by(event)))
