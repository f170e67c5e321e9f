"""Holdings: what physically lies in one place. "Never below zero" is decided here."""

from collections.abc import Sequence

from immutables import Map
from msgspec import Struct

from inventory.measures import Text
from inventory.stock_contracts import StockAdjusted
from shared.events import Event
from shared.identifiers import LocationId, Sku, Timestamp, WarehouseCode
from shared.quantity import MAX_UNITS, SignedQuantity
from shared.rejection import Conflict, Unprocessable


class Holding(Struct, frozen=True):
    """Units by SKU that lie in one place."""

    units: Map[str, int] = Map()


class AdjustStock(Struct, frozen=True):
    """Add units to the place, or take them away, for a reason, at the time `occurred_at`."""

    location: LocationId
    warehouse: WarehouseCode
    sku: Sku
    quantity: SignedQuantity
    reason: Text
    occurred_at: Timestamp


def decide(command: AdjustStock, holding: Holding) -> Sequence[Event]:
    """The adjustment. Raises Unprocessable for 0 units, Conflict when fewer lie there than are taken."""
    before = holding.units.get(command.sku, 0)
    after = before + command.quantity
    if command.quantity == 0:
        raise Unprocessable(
            "An adjustment by 0 units changes nothing.",
            field="quantity",
            value=0,
            remedy="Send a positive quantity to add units, a negative one to take them away.",
        )
    if after < 0:
        raise Conflict(
            f"{command.location} holds {before} units of {command.sku}; {-command.quantity} cannot be taken.",
            field="quantity",
            value=command.quantity,
            remedy=f"Take at most {before}, or count the location and correct its stock first.",
            code="insufficient-stock",
        )
    if after > MAX_UNITS:
        raise Conflict(
            f"{command.location} would hold {after} units of {command.sku}; at most {MAX_UNITS} can be counted.",
            field="quantity",
            value=command.quantity,
            remedy="Check the quantity.",
            code="too-much-stock",
        )
    return [
        StockAdjusted(
            location=command.location,
            warehouse=command.warehouse,
            sku=command.sku,
            quantity=command.quantity,
            on_hand=after,
            reason=command.reason,
            occurred_at=command.occurred_at,
        )
    ]


def evolve(holding: Holding, event: StockAdjusted) -> Holding:
    """The place after `event`."""
    return Holding(holding.units.set(event.sku, event.on_hand))
