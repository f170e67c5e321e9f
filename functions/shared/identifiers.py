"""Identifiers of the trade that every service speaks of."""

from typing import Annotated, Literal

from msgspec import Meta

Sku = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="Stock keeping unit: 1 to 40 letters, digits, dots, dashes or underscores.",
        examples=["MUG-0350-BLU"],
    ),
]
LocationId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="A place in a warehouse, usually zone-aisle-bay-level.",
        examples=["A-01-02-3"],
    ),
]
WarehouseCode = Annotated[
    str,
    Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,19}$", description="A warehouse's short code.", examples=["MAIN"]),
]
HoldingId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        description="Where stock lies: a location, a handling unit (its SSCC), or an inbound shipment or transfer "
        "whose loose goods stand together.",
        examples=["A-01-02-3", "106141412345678908"],
    ),
]
StockStatus = Literal["available", "quarantine", "damaged", "expired"]
OrderId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="An order's identifier.",
        examples=["0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e"],
    ),
]
LineId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,5}$",
        description="An order line's number within its order, from 1.",
        examples=["1"],
    ),
]
Timestamp = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        description="ISO 8601 in UTC, to the millisecond.",
        examples=["2026-01-31T09:30:00.000Z"],
    ),
]
LotNumber = Annotated[
    str,
    Meta(
        pattern=r"^[!\"%-?A-Z_a-z]{1,20}$",
        description="Lot or batch number: 1 to 20 characters of GS1's character set 82 (AI 10).",
        examples=["L2026-04"],
    ),
]
SerialNumber = Annotated[
    str,
    Meta(
        pattern=r"^[!\"%-?A-Z_a-z]{1,20}$",
        description="Serial number: 1 to 20 characters of GS1's character set 82 (AI 21).",
        examples=["SN-000123"],
    ),
]
CalendarDate = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
        description="A day as ISO 8601 writes it, without a time.",
        examples=["2027-06-30"],
    ),
]
ShipmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="An inbound shipment's identifier.",
        examples=["5b0c7a52-0d0e-8f7b-9a55-2f8a1d6b7c3e"],
    ),
]

DEFAULT_WAREHOUSE = "MAIN"
