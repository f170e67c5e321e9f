"""Stock: what lies where. Adjustments say what was found, lost, broken or corrected."""

from functools import cache

from msgspec import Struct

from inventory.aggregates import HOLDING, LOCATION, PRODUCT
from inventory.domain.holding import AdjustStock
from inventory.measures import Text
from inventory.stock_contracts import StockAdjusted
from shared import clock
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import LocationId, Sku, Timestamp, WarehouseCode
from shared.quantity import SignedQuantity, Units
from shared.rejection import Conflict, Unprocessable
from shared.resources import history

handler = Api()


class Adjustment(Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of one product's stock in one place.

    `quantity` is added (or taken away when negative); `reason` is received, found, damaged, lost, expired,
    counted or any other word; `occurred_at` is when it happened (left out: now).
    """

    sku: Sku
    location: LocationId
    quantity: SignedQuantity
    reason: Text
    occurred_at: Timestamp | None = None


class AdjustmentReceipt(Struct, frozen=True):
    """The adjustment as it was recorded; `on_hand` is what lay in the place right after it."""

    sku: Sku
    location: LocationId
    warehouse: WarehouseCode
    quantity: SignedQuantity
    on_hand: Units
    reason: Text
    occurred_at: Timestamp
    recorded_at: Timestamp


@handler.route(
    "POST",
    "/inventory/stock/adjustments",
    scope="inventory/write",
    returns=(201, AdjustmentReceipt),
    rejects=(Conflict, Unprocessable),
)
def adjust_stock(request: Request, body: Adjustment) -> Response:
    """Add units to a place, or take them away. What is free to promise follows a moment later."""
    warehouse = _warehouse_of(body.location)
    _require_product(body.sku)
    command = AdjustStock(
        location=body.location,
        warehouse=warehouse,
        sku=body.sku,
        quantity=body.quantity,
        reason=body.reason,
        occurred_at=body.occurred_at or clock.iso(clock.now()),
    )
    outcome = execute(history(), HOLDING, HOLDING.stream_id(body.location), request.command(command))
    adjusted = next(event for event in outcome.events if isinstance(event, StockAdjusted))
    receipt = AdjustmentReceipt(
        sku=adjusted.sku,
        location=adjusted.location,
        warehouse=adjusted.warehouse,
        quantity=adjusted.quantity,
        on_hand=adjusted.on_hand,
        reason=adjusted.reason,
        occurred_at=adjusted.occurred_at,
        recorded_at=outcome.recorded_at,
    )
    return Response(201, receipt, replayed=outcome.repeated)


def _warehouse_of(location_id: str) -> str:
    if location_id not in _warehouses():
        location = history().load(LOCATION, LOCATION.stream_id(location_id)).state
        if not location.location:
            raise Unprocessable(
                f"There is no location {location_id!r}.",
                field="location",
                value=location_id,
                remedy="Register it first: PUT /inventory/locations/{id}.",
                code="unknown-location",
            )
        _warehouses()[location_id] = location.warehouse
    return _warehouses()[location_id]


def _require_product(sku: str) -> None:
    if sku not in _products():
        if not history().load(PRODUCT, PRODUCT.stream_id(sku)).state.sku:
            raise Unprocessable(
                f"There is no product {sku!r}.",
                field="sku",
                value=sku,
                remedy="Register it first: PUT /inventory/products/{sku}.",
                code="unknown-sku",
            )
        _products().add(sku)


@cache
def _warehouses() -> dict[str, str]:
    """The warehouse of each place that this process has seen: a place never moves to another."""
    return {}


@cache
def _products() -> set[str]:
    """The SKUs that this process has seen: a product is never unregistered."""
    return set()
