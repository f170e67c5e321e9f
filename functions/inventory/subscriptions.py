"""What inventory reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from shared.identifiers import LineId, LocationId, OrderId, Sku, Timestamp, WarehouseCode
from shared.quantity import Quantity, Units


class RequestedLine(Struct, frozen=True):
    """An order line that asks for stock."""

    line_id: LineId
    sku: Sku
    quantity: Quantity


class ReservationRequested(Struct, frozen=True):
    """orders.ReservationRequested: an order asks for the units of its lines, promised at `promised_at`."""

    order_id: OrderId
    warehouse: WarehouseCode
    promised_at: Timestamp
    lines: tuple[RequestedLine, ...]


class ReleasedLine(Struct, frozen=True):
    """An order line that gives its claim back."""

    line_id: LineId
    sku: Sku


class ReservationReleaseRequested(Struct, frozen=True):
    """orders.ReservationReleaseRequested: an order no longer wants the units of these lines."""

    order_id: OrderId
    warehouse: WarehouseCode
    lines: tuple[ReleasedLine, ...]


class StockAdjusted(Struct, frozen=True):
    """inventory.StockAdjusted: a place holds `on_hand` units of a product."""

    location: LocationId
    warehouse: WarehouseCode
    sku: Sku
    on_hand: Units


READS: dict[str, type[Struct]] = {
    "orders.ReservationRequested": ReservationRequested,
    "orders.ReservationReleaseRequested": ReservationReleaseRequested,
    "inventory.StockAdjusted": StockAdjusted,
}
