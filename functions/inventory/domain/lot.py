"""Lots: what is known of a batch of a product, and whether it is recalled."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.measures import Text
from inventory.stock_contracts import LotBlocked, LotRegistered, LotUnblocked, ProcessId
from shared.events import Event
from shared.identifiers import CalendarDate, LotNumber, Sku, Timestamp
from shared.rejection import Conflict, NotFound


class Lot(Struct, frozen=True):
    """A batch of a product; an empty `lot` means: none of it has come yet (it may be blocked all the same).

    `decided_at` is when it was last blocked or unblocked; `notice` is the number of the latest recall or lifting
    that receiving has told of.
    """

    sku: str = ""
    lot: str = ""
    expires_on: str | None = None
    produced_on: str | None = None
    supplier: str | None = None
    shipment_id: str | None = None
    registered_at: str = ""
    blocked: bool = False
    reason: str = ""
    decided_at: str = ""
    notice: int = 0


class NoticeHeard(Event, frozen=True):
    """Receiving has told of a recall, or of its lifting: its `notice`th word on this lot."""

    notice: int


PRIVATE: tuple[type[Event], ...] = (NoticeHeard,)


class RegisterLot(Struct, frozen=True):
    """Note that units of the lot have come, and what their label says."""

    sku: Sku
    lot: LotNumber
    registered_at: Timestamp
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    supplier: Text | None = None
    shipment_id: ProcessId | None = None


class BlockLot(Struct, frozen=True):
    """Recall the lot. `known`: only one of which something has come, as people who mistype should be told.

    With a `notice`: only when receiving has told of nothing later, and nobody has decided otherwise since `at`.
    """

    sku: Sku
    lot: LotNumber
    reason: Text
    at: Timestamp
    known: bool = False
    notice: int = 0


class UnblockLot(Struct, frozen=True):
    """Lift the recall; with a `notice` as in BlockLot."""

    sku: Sku
    lot: LotNumber
    reason: Text
    at: Timestamp
    notice: int = 0


def decide(command: RegisterLot | BlockLot | UnblockLot, lot: Lot) -> Sequence[Event]:
    """What follows from `command`. Raises Conflict for another expiry date than the lot has, NotFound."""
    match command:
        case RegisterLot():
            return _register(command, lot)
        case BlockLot():
            if command.known and not lot.lot:
                raise NotFound(
                    f"Nothing of {command.sku} has come with the lot {command.lot}.",
                    field="lot",
                    value=command.lot,
                    remedy="Check the lot number on the label.",
                    code="unknown-lot",
                )
            blocked = LotBlocked(sku=command.sku, lot=command.lot, reason=command.reason, blocked_at=command.at)
            return _decided(command, blocked, lot)
        case UnblockLot():
            unblocked = LotUnblocked(
                sku=command.sku, lot=command.lot, reason=command.reason, unblocked_at=command.at
            )
            return _decided(command, unblocked, lot)


def evolve(lot: Lot, event: LotRegistered | LotBlocked | LotUnblocked | NoticeHeard) -> Lot:
    """The lot after `event`."""
    match event:
        case LotRegistered():
            return structs.replace(
                lot,
                sku=event.sku,
                lot=event.lot,
                expires_on=event.expires_on,
                produced_on=event.produced_on,
                supplier=event.supplier,
                shipment_id=event.shipment_id,
                registered_at=event.registered_at,
            )
        case LotBlocked():
            return structs.replace(lot, blocked=True, reason=event.reason, decided_at=event.blocked_at)
        case LotUnblocked():
            return structs.replace(lot, blocked=False, reason=event.reason, decided_at=event.unblocked_at)
        case NoticeHeard():
            return structs.replace(lot, notice=event.notice)


def _register(command: RegisterLot, lot: Lot) -> Sequence[Event]:
    if lot.lot:
        if command.expires_on is not None and lot.expires_on is not None and command.expires_on != lot.expires_on:
            raise Conflict(
                f"Lot {lot.lot} of {lot.sku} expires on {lot.expires_on}, not {command.expires_on}.",
                field="expires_on",
                value=command.expires_on,
                remedy=f"Read the label again; send {lot.expires_on}, or leave the date out.",
                code="lot-expires-otherwise",
            )
        return []
    return [
        LotRegistered(
            sku=command.sku,
            lot=command.lot,
            registered_at=command.registered_at,
            expires_on=command.expires_on,
            produced_on=command.produced_on,
            supplier=command.supplier,
            shipment_id=command.shipment_id,
        )
    ]


def _decided(command: BlockLot | UnblockLot, event: LotBlocked | LotUnblocked, lot: Lot) -> Sequence[Event]:
    """`event` where it changes something. What receiving tells counts in receiving's order, not as it arrives."""
    heard: list[Event] = []
    if command.notice:
        if command.notice <= lot.notice:
            return []
        heard = [NoticeHeard(notice=command.notice)]
        if command.at < lot.decided_at:
            return heard
    return [*heard, event] if lot.blocked != isinstance(event, LotBlocked) else heard
