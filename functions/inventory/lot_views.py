"""Lots and transfers in the read model, and which order lines a lot's units were assigned to when they came."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from inventory.due import BLOCKED
from inventory.holding_views import LotUse, lot_partition, use_key
from inventory.stock_contracts import (
    Goods,
    GoodsAssigned,
    LotBlocked,
    LotRegistered,
    LotUnblocked,
    TransferArrived,
    TransferDispatched,
)
from shared.events import Commit, Event
from shared.projection import Entry, Projection

LOT = "Lot"
TRANSFERS = "Transfer"
BY_STATUS = "by_transfer_status"
LotStatus = Literal["active", "blocked"]
TransferStatus = Literal["in_transit", "arrived"]


class LotView(Struct, frozen=True, omit_defaults=True):
    """A lot of a product: when it expires, where it came from first, and whether it is recalled."""

    sku: str
    lot: str
    status: LotStatus = "active"
    expires_on: str | None = None
    produced_on: str | None = None
    supplier: str | None = None
    shipment_id: str | None = None
    registered_at: str | None = None
    blocked_at: str | None = None
    reason: str | None = None


class TransferView(Struct, frozen=True, omit_defaults=True):
    """Goods sent from one warehouse to another: `container` is what travels, a handling unit or the transfer."""

    transfer_id: str
    status: TransferStatus = "in_transit"
    warehouse: str = ""
    destination: str = ""
    origin: str = ""
    container: str = ""
    goods: tuple[Goods, ...] = ()
    reference: str | None = None
    dispatched_at: str = ""
    arrived_at: str | None = None
    location: str | None = None


def show_lot(lot: LotView, event: Event, _at: str) -> LotView:
    """The lot after an event."""
    match event:
        case LotRegistered():
            return structs.replace(
                lot,
                expires_on=event.expires_on,
                produced_on=event.produced_on,
                supplier=event.supplier,
                shipment_id=event.shipment_id,
                registered_at=event.registered_at,
            )
        case LotBlocked():
            return structs.replace(lot, status="blocked", blocked_at=event.blocked_at, reason=event.reason)
        case LotUnblocked():
            return structs.replace(lot, status="active", blocked_at=None, reason=event.reason)
        case _:
            return lot


def index_lot(lot: LotView) -> Mapping[str, str]:
    """Those that are recalled, since when."""
    return {"due": BLOCKED, "deadline": lot.blocked_at} if lot.blocked_at else {}


def show_transfer(transfer: TransferView, event: Event, _at: str) -> TransferView:
    """The transfer after an event."""
    match event:
        case TransferDispatched():
            return structs.replace(
                transfer,
                warehouse=event.warehouse,
                destination=event.destination,
                origin=event.origin,
                container=event.container,
                goods=event.goods,
                reference=event.reference,
                dispatched_at=event.occurred_at,
            )
        case TransferArrived():
            return structs.replace(
                transfer, status="arrived", arrived_at=event.occurred_at, location=event.location
            )
        case _:
            return transfer


def index_transfer(transfer: TransferView) -> Mapping[str, str]:
    """By status, in the order of dispatch."""
    if not transfer.dispatched_at:
        return {}
    return {"transfers": transfer.status, "dispatched": f"{transfer.dispatched_at}#{transfer.transfer_id}"}


def assigned(_view: object, commit: Commit, events: Sequence[Event]) -> Iterator[Entry]:
    """Which order lines were to get units of a lot as soon as it had come."""
    for position, event in enumerate(events):
        if not isinstance(event, GoodsAssigned) or event.lot is None:
            continue
        for line in event.lines:
            use = LotUse(
                order_id=line.order_id,
                line_id=line.line_id,
                holding=event.holding,
                warehouse=event.warehouse,
                units=line.units,
                recorded_at=commit.at,
                assigned=True,
            )
            key = use_key(use, f"{event.warehouse}.{commit.sequence:010d}.{position:04d}")
            yield Entry((lot_partition(event.sku, event.lot), key), use)


def transfer_key(transfer_id: str) -> tuple[str, str]:
    """Where a transfer's document is."""
    return TRANSFERS, transfer_id


def _new_lot(stream_id: str) -> LotView:
    _, sku, lot = stream_id.split("#", 2)
    return LotView(sku, lot)


LOTS: Projection[LotView] = Projection(
    "Lot", LotView, _new_lot, show_lot, lambda stream_id: (stream_id, LOT), index_lot
)
DISPATCHES: Projection[TransferView] = Projection(
    "Transfer",
    TransferView,
    lambda stream_id: TransferView(stream_id.partition("#")[2]),
    show_transfer,
    lambda stream_id: transfer_key(stream_id.partition("#")[2]),
    index_transfer,
)
