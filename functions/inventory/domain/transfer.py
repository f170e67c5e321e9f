"""Transfers: goods on their way from one warehouse to another."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.measures import Text
from inventory.stock_contracts import Goods, ProcessId, TransferArrived, TransferDispatched
from shared.events import Event
from shared.identifiers import HoldingId, LocationId, Timestamp, WarehouseCode
from shared.rejection import Conflict, NotFound, Unprocessable


class Transfer(Struct, frozen=True):
    """What is sent; an empty `transfer_id` means: there is none. `location` is where it arrived (empty: not yet).

    `goods` leave the holding `origin` for `container`; without any, the container itself travels.
    """

    transfer_id: str = ""
    warehouse: str = ""
    destination: str = ""
    origin: str = ""
    container: str = ""
    goods: tuple[Goods, ...] = ()
    dispatched_at: str = ""
    location: str = ""
    arrived_at: str = ""


class DispatchTransfer(Struct, frozen=True):
    """Send goods, or a whole handling unit, to another warehouse."""

    transfer_id: ProcessId
    warehouse: WarehouseCode
    destination: WarehouseCode
    origin: HoldingId
    container: HoldingId
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    reference: Text | None = None


class ArriveTransfer(Struct, frozen=True):
    """Note that it stands at a place of the warehouse that it was sent to."""

    transfer_id: ProcessId
    warehouse: WarehouseCode
    location: LocationId
    occurred_at: Timestamp


def decide(command: DispatchTransfer | ArriveTransfer, transfer: Transfer) -> Sequence[Event]:
    """What follows from `command`. Raises Unprocessable, NotFound, or Conflict where it has arrived elsewhere."""
    match command:
        case DispatchTransfer():
            require_another_warehouse(command.warehouse, command.destination)
            return [TransferDispatched(**structs.asdict(command))] if not transfer.transfer_id else []
        case ArriveTransfer():
            return _arrive(command, transfer)


def evolve(transfer: Transfer, event: TransferDispatched | TransferArrived) -> Transfer:
    """The transfer after `event`."""
    match event:
        case TransferDispatched():
            return Transfer(
                transfer_id=event.transfer_id,
                warehouse=event.warehouse,
                destination=event.destination,
                origin=event.origin,
                container=event.container,
                goods=event.goods,
                dispatched_at=event.occurred_at,
            )
        case TransferArrived():
            return structs.replace(transfer, location=event.location, arrived_at=event.occurred_at)


def require_another_warehouse(warehouse: str, destination: str) -> None:
    """Raise Unprocessable where goods would be sent to where they are."""
    if destination == warehouse:
        raise Unprocessable(
            f"The goods are in {warehouse} already.",
            field="destination",
            value=destination,
            remedy="Name another warehouse, or move them: POST /inventory/stock/moves.",
            code="same-warehouse",
        )


def _arrive(command: ArriveTransfer, transfer: Transfer) -> Sequence[Event]:
    if not transfer.transfer_id:
        raise NotFound(
            f"There is no transfer {command.transfer_id!r}.",
            field="id",
            value=command.transfer_id,
            remedy="POST /inventory/stock/transfers answers the id of a transfer.",
            code="unknown-transfer",
        )
    if command.warehouse != transfer.destination:
        raise Conflict(
            f"{command.location} is in {command.warehouse}; the transfer was sent to {transfer.destination}.",
            field="location",
            value=command.location,
            remedy=f"Name a place in {transfer.destination}.",
            code="other-warehouse",
        )
    if transfer.location:
        if transfer.location == command.location:
            return []
        raise Conflict(
            f"The transfer has arrived at {transfer.location}.",
            field="location",
            value=command.location,
            remedy="Move its goods from there: POST /inventory/stock/moves.",
            code="has-arrived",
        )
    return [
        TransferArrived(
            transfer_id=command.transfer_id,
            warehouse=command.warehouse,
            location=command.location,
            container=transfer.container,
            occurred_at=command.occurred_at,
        )
    ]
