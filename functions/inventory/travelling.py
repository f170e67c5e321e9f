"""How goods get from one warehouse to another: each step by itself, each as often as need be.

The holding decides first (loose goods depart for the transfer, which is their container; a handling unit
departs), then the transfer is recorded, then whatever stands on the unit follows. Whatever died in between is gone
on with by the reactions to these events.
"""

from collections.abc import Iterator

from inventory import ground
from inventory.aggregates import HOLDING, TRANSFER
from inventory.domain.movement import LandContainer, SendContainer
from inventory.domain.transfer import DispatchTransfer, Transfer
from inventory.stock_contracts import ContainerDeparted, StockDeparted
from shared.decider import Command, Outcome, execute
from shared.events import CommandMetadata
from shared.rejection import Unavailable
from shared.resources import history


def record_loose(departed: StockDeparted, metadata: CommandMetadata) -> Outcome[Transfer]:
    """Record the transfer of loose goods that have departed."""
    return _record(
        DispatchTransfer(
            transfer_id=departed.destination,
            warehouse=departed.warehouse,
            destination=departed.to_warehouse or "",
            origin=departed.holding,
            container=departed.destination,
            goods=departed.goods,
            occurred_at=departed.occurred_at,
            reference=departed.reason,
        ),
        metadata,
    )


def record_unit(departed: ContainerDeparted, metadata: CommandMetadata) -> Outcome[Transfer]:
    """Record the transfer of a handling unit that has departed, and let follow what stands on it."""
    outcome = _record(
        DispatchTransfer(
            transfer_id=departed.transfer_id,
            warehouse=departed.warehouse,
            destination=departed.destination,
            origin=departed.origin,
            container=departed.holding,
            goods=(),
            occurred_at=departed.occurred_at,
        ),
        metadata,
    )
    follow(departed, metadata)
    return outcome


def follow(departed: ContainerDeparted, metadata: CommandMetadata) -> None:
    """Let everything depart that stands on a unit which has departed and is still on its way."""
    books = ground.books(departed.holding).state
    if books.transfer_id != departed.transfer_id:
        return
    for child in books.occupants:
        command = SendContainer(
            holding=child,
            warehouse=departed.warehouse,
            destination=departed.destination,
            transfer_id=departed.transfer_id,
            occurred_at=departed.occurred_at,
            parent=departed.holding,
        )
        outcome = execute(
            history(), HOLDING, HOLDING.stream_id(child), Command(command, ground.part(metadata, f"with/{child}"))
        )
        for event in outcome.events:
            if isinstance(event, ContainerDeparted):
                follow(event, metadata)


def land(transfer: Transfer, metadata: CommandMetadata) -> None:
    """Let a transfer's container arrive where the transfer has, with everything that stands on it.

    Raises Unavailable while its goods are still on their way to it.
    """
    if not ground.books(transfer.container).state.kind:
        raise Unavailable(f"the goods of transfer {transfer.transfer_id} have not reached it yet")
    for container, parent in _with_all_on_it(transfer.container):
        command = LandContainer(
            holding=container,
            warehouse=transfer.destination,
            place=parent or transfer.location,
            transfer_id=transfer.transfer_id,
            occurred_at=transfer.arrived_at,
            parent=parent,
        )
        landing = ground.part(metadata, f"land/{container}")
        execute(history(), HOLDING, HOLDING.stream_id(container), Command(command, landing))


def _with_all_on_it(container: str, parent: str | None = None) -> Iterator[tuple[str, str | None]]:
    yield container, parent
    for child in ground.books(container).state.occupants:
        yield from _with_all_on_it(child, container)


def _record(command: DispatchTransfer, metadata: CommandMetadata) -> Outcome[Transfer]:
    stream_id = TRANSFER.stream_id(command.transfer_id)
    return execute(history(), TRANSFER, stream_id, Command(command, metadata))
