"""What happens to goods between the place where they are picked and the carton in which they leave.

Picking and packing are told by the picking service; these events are inventory's books of them, and nobody else's.
Goods go from a place to the container of a pick list (its trolley or totes), and from there into cartons. On their
way they stay set aside for their order line.
"""

from msgspec import Struct

from inventory.measures import CubicMillimetres, Ordinal, Text, Weight
from inventory.stock_contracts import Goods, ProcessId
from shared.events import Event
from shared.gs1 import Sscc
from shared.identifiers import HoldingId, LineId, OrderId, Timestamp, WarehouseCode


class StockPicked(Event, frozen=True):
    """An operator took goods for an order line out of a holding, into the container of a pick list.

    `pick_id` and `number` name the pick. `set_aside` are those of the goods that were set aside for the line.
    """

    holding: HoldingId
    warehouse: WarehouseCode
    container: HoldingId
    pick_id: Text
    number: Ordinal
    order_id: OrderId
    line_id: LineId
    goods: tuple[Goods, ...]
    occurred_at: Timestamp
    set_aside: tuple[Goods, ...] = ()


class StockCollected(Event, frozen=True):
    """Picked goods are in the container of their pick list. What can be sold is set aside for the order line."""

    holding: HoldingId
    warehouse: WarehouseCode
    origin: HoldingId
    pick_id: Text
    number: Ordinal
    order_id: OrderId
    line_id: LineId
    goods: tuple[Goods, ...]
    occurred_at: Timestamp


class LineGoods(Struct, frozen=True):
    """Goods of an order line; `set_aside` are those of them that were set aside for it."""

    line_id: LineId
    goods: tuple[Goods, ...]
    set_aside: tuple[Goods, ...] = ()


class StockPacked(Event, frozen=True):
    """Goods of an order were taken out of a pick list's container, and put into the carton `carton`."""

    holding: HoldingId
    warehouse: WarehouseCode
    carton: Sscc
    order_id: OrderId
    lines: tuple[LineGoods, ...]
    occurred_at: Timestamp


class CartonFilled(Event, frozen=True):
    """A carton of an order's shipment is packed and closed. What can be sold is set aside for its order lines.

    It stands at `place` (empty: nobody said where). `volume_mm3` is its outer volume, `tare_g` its own weight.
    """

    holding: Sscc
    warehouse: WarehouseCode
    place: str
    order_id: OrderId
    shipment_id: ProcessId
    lines: tuple[LineGoods, ...]
    occurred_at: Timestamp
    volume_mm3: CubicMillimetres = 0
    tare_g: Weight = 0


class RejectionNoted(Event, frozen=True):
    """A packer's report of that name was looked into: it is in the books what it says is damaged or missing."""

    holding: HoldingId
    rejection: Text


PRIVATE: tuple[type[Event], ...] = (StockPicked, StockCollected, StockPacked, CartonFilled, RejectionNoted)
