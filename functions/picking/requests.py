"""Requests: which orders are to be picked, what they get elsewhere meanwhile, which are given up or unpacked."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from picking.aggregates import PICK_LIST, PICK_ORDER
from picking.domain.packing import UnpackShipment, without
from picking.domain.pick_list import PickList, Withdraw
from picking.domain.pick_order import (
    CartonsToAsk,
    ListsToAsk,
    LostLine,
    PickOrder,
    RefusedShipment,
    RequestPicks,
    Settled,
    Visit,
    WantedLine,
    WithdrawPicking,
    pick_id,
)
from picking.packing_aggregates import PACKING
from picking.packing_contracts import PackedItem
from picking.subscriptions import (
    READS,
    CancellationStarted,
    PickingRequested,
    RemainderCancelled,
    UnpackingRequested,
)
from shared import clock, codec
from shared.consumer import react_each
from shared.decider import Command, Contended, execute
from shared.envelope import CloudEvent, caused_by
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.resources import history

ROUNDS = 5
"""How often lists are asked for picks that waves keep putting on others."""
REPLACED = "its order gets other units"
REMAINDER_CANCELLED = "the rest of the order was cancelled"
NOT_WANTED = "the order does not want all of it any more: everything is put back"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take note of what orders want to be picked, one after the other."""
    return react_each(event, _react)


def _react(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case PickingRequested() as wanted:
            _request(wanted, caused_by(event))
        case CancellationStarted() as cancelled:
            _withdraw(WithdrawPicking(cancelled.order_id, cancelled.reason, _now()), caused_by(event))
        case UnpackingRequested() as stopped:
            unpack = UnpackShipment(stopped.shipment_id, stopped.reason, stopped.cartons)
            _unpack(stopped.order_id, unpack, caused_by(event))
        case RemainderCancelled() as rest:
            lines = tuple(line.line_id for line in rest.lines)
            _withdraw(WithdrawPicking(rest.order_id, REMAINDER_CANCELLED, _now(), lines), caused_by(event))


def _request(wanted: PickingRequested, metadata: CommandMetadata) -> None:
    """What is on lists and gets replaced is taken off them first; they say how much of it was picked by then.

    What is to be put back is in no closed carton: those are looked into where it matters, which is rare. The goods
    of a refused shipment are taken from the order before it counts as unpacked: nobody packs them again.
    """
    command = RequestPicks(
        order_id=wanted.order_id,
        warehouse=wanted.warehouse,
        number=wanted.number,
        lines=tuple(
            WantedLine(
                line.line_id,
                line.sku,
                line.quantity,
                line.answer,
                tuple(Visit(**structs.asdict(pick)) for pick in line.picks),
                line.in_all,
                line.instead_of or "",
            )
            for line in wanted.lines
        ),
        total_lines=wanted.total_lines,
        at=_now(),
        priority=wanted.priority,
        ship_by=wanted.ship_by,
        carrier_service=wanted.carrier_service,
        substitutes_allowed=wanted.substitutes_allowed,
        lost=tuple(LostLine(**structs.asdict(line)) for line in wanted.withdrawn),
        refused=_refused(wanted),
    )
    asked: dict[str, Settled] = {}
    for _ in range(ROUNDS):
        try:
            _order(wanted.order_id, structs.replace(command, settled=tuple(asked.values())), metadata)
            for shipment_id in wanted.refused:
                part = structs.replace(metadata, command_id=f"{metadata.command_id}/{shipment_id}")
                _unpack(wanted.order_id, UnpackShipment(shipment_id, NOT_WANTED), part)
            return
        except ListsToAsk as first:
            asked |= _taken_off(wanted.order_id, first.lists, REPLACED, metadata, asked)
        except CartonsToAsk:
            command = structs.replace(command, packed=_packed(wanted))
    raise Contended(f"Waves keep putting picks of order {wanted.order_id} on lists while they are replaced.")


def _packed(wanted: PickingRequested) -> tuple[PackedItem, ...]:
    """What of an order is in cartons that inventory leaves as they are, also while they are to be unpacked."""
    packing = history().load(PACKING, PACKING.stream_id(wanted.order_id)).state
    refused = (one.items for one in packing.shipments if one.shipment_id in wanted.refused)
    return without(packing.in_cartons, (item for items in refused for item in items))


def _refused(wanted: PickingRequested) -> tuple[RefusedShipment, ...]:
    """What is in the shipments that do not leave."""
    if not wanted.refused:
        return ()
    packing = history().load(PACKING, PACKING.stream_id(wanted.order_id)).state
    packed = {one.shipment_id: one.items for one in packing.shipments}
    return tuple(RefusedShipment(one, packed[one]) for one in wanted.refused if one in packed)


def _unpack(order_id: str, unpack: UnpackShipment, metadata: CommandMetadata) -> None:
    execute(history(), PACKING, PACKING.stream_id(order_id), Command(unpack, metadata))


def _withdraw(command: WithdrawPicking, metadata: CommandMetadata) -> None:
    """The order first, so that no wave takes more of it; then the lists."""
    order = _order(command.order_id, command, metadata)
    _taken_off(command.order_id, order.on_lists(command.lines), command.reason, metadata, {})


def _order(order_id: str, payload: Struct, metadata: CommandMetadata) -> PickOrder:
    command = Command(payload, metadata)
    return execute(history(), PICK_ORDER, PICK_ORDER.stream_id(order_id), command).stream.state


def _taken_off(
    order_id: str,
    lists: Mapping[str, tuple[int, ...]],
    reason: str,
    metadata: CommandMetadata,
    before: Mapping[str, Settled],
) -> dict[str, Settled]:
    """Take picks off lists; what each list says of them, and of those that it was asked for before."""
    settled: dict[str, Settled] = {}
    for list_id, numbers in lists.items():
        names = tuple(pick_id(order_id, number) for number in numbers)
        part = structs.replace(metadata, command_id=f"{metadata.command_id}/{list_id}/{numbers[0]}.{len(numbers)}")
        command = Command(Withdraw(list_id, names, reason, _now()), part)
        after: Stream[PickList] = execute(history(), PICK_LIST, PICK_LIST.stream_id(list_id), command).stream
        earlier = before[list_id].picks if list_id in before else ()
        every = tuple(dict.fromkeys((*earlier, *numbers)))
        parcels = tuple(
            parcel
            for number in every
            if (progress := after.state.picks.get(pick_id(order_id, number)))
            for parcel in progress.parcels
        )
        settled[list_id] = Settled(list_id, every, parcels)
    return settled


def _now() -> str:
    return clock.iso(clock.now())
