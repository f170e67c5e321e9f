"""The events that receiving publishes: its public language."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events import Event
from shared.gs1 import Sscc
from shared.identifiers import (
    CalendarDate,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    SerialNumber,
    ShipmentId,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, Units

Supplier = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="A supplier's code: 1 to 40 letters, digits, dots, dashes or underscores.",
        examples=["ACME-DE"],
    ),
]
Reference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=60,
        description="The supplier's own number of the shipment (despatch advice, delivery note).",
        examples=["ASN-2026-0042"],
    ),
]
InspectionId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="An inspection's identifier.",
        examples=["8c1f9a55-2f8a-8d6b-9c3e-0190f3c25b1e"],
    ),
]
PlanId = Annotated[
    str,
    Meta(
        pattern=r"^(sku|supplier|category)\.[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="What an inspection plan is for: `sku.<sku>`, `supplier.<code>` or `category.<category>`.",
        examples=["sku.MUG-0350-BLU"],
    ),
]
Holding = Annotated[
    str,
    Meta(
        pattern=r"^(\d{18}|[0-9a-f-]{36})$",
        description="Where goods stand until put away: a handling unit (SSCC), or the shipment for loose ones.",
        examples=["106141412345678908"],
    ),
]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
LineNumber = Annotated[
    int, Meta(ge=0, le=100_000, description="A line of the announcement, from 1; 0: not announced.")
]
GoodsStatus = Literal["available", "quarantine", "damaged"]
RejectedStatus = Literal["damaged", "quarantine"]

Disposition = Literal["restock", "quarantine", "scrap"]
RETURNS: Supplier = "RETURNS"
"""The supplier of goods that customers send back: nobody's announcement may carry it."""
ReturnId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="The identifier of a return (RMA).",
        examples=["0190f3c2-7e22-8c1f-9a55-4c9b2e7c8d4f"],
    ),
]

MAX_RECEIVED_LINES = 200
MAX_INSPECTION_LOTS = 100


class ShipmentAnnounced(Event, frozen=True):
    """A supplier has announced goods, or announced them anew (`revision` above 1).

    A customer's return carries its `return_id`, its order and why the goods come back; its supplier is RETURNS.
    """

    shipment_id: ShipmentId
    supplier: Supplier
    reference: Reference
    warehouse: WarehouseCode
    lines: Units
    units: Units
    eta: Timestamp | None = None
    revision: int = 1
    return_id: ReturnId | None = None
    order_id: OrderId | None = None
    reason: Reason | None = None


class ShipmentArrived(Event, frozen=True):
    """A shipment stands at a dock door (or a staging place)."""

    shipment_id: ShipmentId
    supplier: Supplier
    warehouse: WarehouseCode
    location: LocationId
    arrived_at: Timestamp
    eta: Timestamp | None = None


class ReceivedGoods(Struct, frozen=True, omit_defaults=True):
    """Units of one product that came in, of one lot, expiry and status.

    With an `sscc` they stand on that handling unit, without one they are loose goods of the shipment. Goods in
    quarantine because of an inspection carry its id.
    """

    line: LineNumber
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    produced_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    sscc: Sscc | None = None
    status: GoodsStatus = "available"
    inspection_id: InspectionId | None = None


class GoodsReceived(Event, frozen=True):
    """Goods were logged at a dock. `receipt` grows within the shipment and is never used twice."""

    shipment_id: ShipmentId
    warehouse: WarehouseCode
    location: LocationId
    receipt: Annotated[int, Meta(ge=1)]
    supplier: Supplier
    occurred_at: Timestamp
    lines: Annotated[tuple[ReceivedGoods, ...], Meta(min_length=1, max_length=MAX_RECEIVED_LINES)]


class RequestedInspection(Struct, frozen=True, omit_defaults=True):
    """Goods of one product and lot that a plan wants inspected; `units` were announced, so far as is known."""

    inspection_id: InspectionId
    sku: Sku
    plan: PlanId
    aql: str
    units: Units
    lot: LotNumber | None = None
    category: str | None = None
    reduced_allowed: bool = True


class InspectionsRequested(Event, frozen=True):
    """The first goods of some inspection lots have come and are in quarantine."""

    shipment_id: ShipmentId
    supplier: Supplier
    warehouse: WarehouseCode
    requested_at: Timestamp
    inspections: Annotated[tuple[RequestedInspection, ...], Meta(min_length=1, max_length=MAX_INSPECTION_LOTS)]


class HeldGoods(Struct, frozen=True, omit_defaults=True):
    """Units of an inspection lot in one holding, with their serials when the product has any."""

    holding: Holding
    units: Quantity
    serials: tuple[SerialNumber, ...] = ()


class InspectionLot(Struct, frozen=True, omit_defaults=True):
    """Everything of one product and lot that has come and is to be inspected."""

    inspection_id: InspectionId
    sku: Sku
    plan: PlanId
    aql: str
    goods: tuple[HeldGoods, ...]
    lot: LotNumber | None = None
    category: str | None = None
    reduced_allowed: bool = True


class InspectionLotsCompleted(Event, frozen=True):
    """Nothing more will come of these inspection lots: their size, and with it the sample, is certain."""

    shipment_id: ShipmentId
    supplier: Supplier
    warehouse: WarehouseCode
    completed_at: Timestamp
    lots: Annotated[tuple[InspectionLot, ...], Meta(min_length=1, max_length=MAX_INSPECTION_LOTS)]


class InspectedGoods(Struct, frozen=True, omit_defaults=True):
    """What was decided for the units of an inspection lot in one holding."""

    holding: Holding
    accepted_units: Units
    rejected_units: Units
    rejected_serials: tuple[SerialNumber, ...] = ()


class InspectionDecided(Event, frozen=True):
    """An inspection has ended: accepted units become available, rejected ones get `rejected_status`."""

    inspection_id: InspectionId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    sku: Sku
    goods: tuple[InspectedGoods, ...]
    rejected_status: RejectedStatus
    supplier: Supplier
    decision: Literal["accepted", "rejected", "partly_accepted"]
    decided_at: Timestamp
    lot: LotNumber | None = None
    conforming: Annotated[bool, Meta(description="Whether the lot passed its sampling plan.")] = True


class ShipmentClosed(Event, frozen=True):
    """Everything of a shipment is logged; nothing more will be. Units by how they compare to the announcement."""

    shipment_id: ShipmentId
    supplier: Supplier
    reference: Reference
    warehouse: WarehouseCode
    closed_at: Timestamp
    expected_units: Units
    received_units: Units
    damaged_units: Units
    short_units: Units
    over_units: Units
    on_time: bool
    complete: bool
    undamaged: bool


class ReturnedGoods(Struct, frozen=True):
    """Units of an order line that have come back, and where they went.

    `restock`: for sale again; `quarantine`: held, also those that wait for an inspection; `scrap`: damaged.
    """

    line_id: LineId
    sku: Sku
    units: Quantity
    disposition: Disposition


class ReturnReceived(Event, frozen=True):
    """Everything of a return is logged. `lines` are at most what was authorized; more is left out."""

    return_id: ReturnId
    order_id: OrderId
    shipment_id: ShipmentId
    warehouse: WarehouseCode
    lines: tuple[ReturnedGoods, ...]
    received_at: Timestamp


class LotRecalled(Event, frozen=True):
    """A lot must not be used, wherever it is."""

    sku: Sku
    lot: LotNumber
    reason: Reason


class LotRecallLifted(Event, frozen=True):
    """A recalled lot may be used again."""

    sku: Sku
    lot: LotNumber


PUBLISHED: tuple[type[Event], ...] = (
    ShipmentAnnounced,
    ShipmentArrived,
    GoodsReceived,
    InspectionsRequested,
    InspectionLotsCompleted,
    InspectionDecided,
    ShipmentClosed,
    ReturnReceived,
    LotRecalled,
    LotRecallLifted,
)

_SHIPMENT = "5b0c7a52-0d0e-8f7b-9a55-2f8a1d6b7c3e"
_INSPECTION = "8c1f9a55-2f8a-8d6b-9c3e-0190f3c25b1e"
_SSCC = "106141412345678908"
_AT = "2026-01-31T09:30:00.000Z"

EXAMPLES: dict[type[Event], Event] = {
    ShipmentAnnounced: ShipmentAnnounced(
        shipment_id=_SHIPMENT,
        supplier="ACME-DE",
        reference="ASN-2026-0042",
        warehouse="MAIN",
        lines=2,
        units=288,
        eta=_AT,
        revision=2,
    ),
    ShipmentArrived: ShipmentArrived(
        shipment_id=_SHIPMENT, supplier="ACME-DE", warehouse="MAIN", location="DOCK-1", arrived_at=_AT, eta=_AT
    ),
    GoodsReceived: GoodsReceived(
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        location="DOCK-1",
        receipt=1,
        supplier="ACME-DE",
        occurred_at=_AT,
        lines=(
            ReceivedGoods(1, "MUG-0350-BLU", 96, sscc=_SSCC),
            ReceivedGoods(
                2,
                "MILK-1L",
                192,
                lot="L2026-04",
                expires_on="2026-06-30",
                produced_on="2026-01-15",
                status="quarantine",
                inspection_id=_INSPECTION,
            ),
            ReceivedGoods(0, "DRILL-18V", 1, serials=("SN-000123",), status="damaged"),
        ),
    ),
    InspectionsRequested: InspectionsRequested(
        shipment_id=_SHIPMENT,
        supplier="ACME-DE",
        warehouse="MAIN",
        requested_at=_AT,
        inspections=(
            RequestedInspection(
                _INSPECTION, "MILK-1L", "category.dairy", "1.0", 192, lot="L2026-04", category="dairy"
            ),
        ),
    ),
    InspectionLotsCompleted: InspectionLotsCompleted(
        shipment_id=_SHIPMENT,
        supplier="ACME-DE",
        warehouse="MAIN",
        completed_at=_AT,
        lots=(
            InspectionLot(
                _INSPECTION,
                "MILK-1L",
                "category.dairy",
                "1.0",
                goods=(HeldGoods(_SHIPMENT, 192), HeldGoods(_SSCC, 1, serials=("SN-000123",))),
                lot="L2026-04",
                category="dairy",
            ),
        ),
    ),
    InspectionDecided: InspectionDecided(
        inspection_id=_INSPECTION,
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        sku="MILK-1L",
        lot="L2026-04",
        goods=(InspectedGoods(_SHIPMENT, 188, 4, rejected_serials=("SN-000123",)),),
        rejected_status="damaged",
        supplier="ACME-DE",
        decision="partly_accepted",
        decided_at=_AT,
        conforming=False,
    ),
    ShipmentClosed: ShipmentClosed(
        shipment_id=_SHIPMENT,
        supplier="ACME-DE",
        reference="ASN-2026-0042",
        warehouse="MAIN",
        closed_at=_AT,
        expected_units=288,
        received_units=290,
        damaged_units=1,
        short_units=0,
        over_units=2,
        on_time=True,
        complete=True,
        undamaged=False,
    ),
    ReturnReceived: ReturnReceived(
        return_id="0190f3c2-7e22-8c1f-9a55-4c9b2e7c8d4f",
        order_id="7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10",
        shipment_id=_SHIPMENT,
        warehouse="MAIN",
        lines=(
            ReturnedGoods("1", "MUG-0350-BLU", 2, "restock"),
            ReturnedGoods("1", "MUG-0350-BLU", 1, "scrap"),
        ),
        received_at=_AT,
    ),
    LotRecalled: LotRecalled(sku="MILK-1L", lot="L2026-04", reason="Cooling chain broken"),
    LotRecallLifted: LotRecallLifted(sku="MILK-1L", lot="L2026-04"),
}
