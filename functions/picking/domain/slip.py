"""What a packing slip says: the cartons of a shipment and what is in each, for whoever unpacks them. No prices."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from picking.domain.packing import Packing
from picking.packing_contracts import CartonTypeId, Grams, PackedItem, PackedShipmentId
from shared.gs1 import Sscc
from shared.identifiers import CalendarDate, LotNumber, OrderId, SerialNumber, Sku
from shared.quantity import Quantity
from shared.rejection import NotFound


class SlipRow(Struct, frozen=True, omit_defaults=True):
    """Units of one product, of one lot; `instead_of` is what was ordered, where this is sent instead."""

    sku: Sku
    name: str
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    serials: tuple[SerialNumber, ...] = ()
    instead_of: Sku | None = None


class SlipCarton(Struct, frozen=True, omit_defaults=True):
    """Carton `number` of the shipment's; `weight_g` says what it weighs once it is closed."""

    sscc: Sscc
    number: Annotated[int, Meta(ge=1)]
    carton_type: CartonTypeId
    rows: tuple[SlipRow, ...]
    weight_g: Grams | None = None


class PackingSlip(Struct, frozen=True, omit_defaults=True):
    """A shipment's packing slip. It has `of` cartons; while it is being packed nobody knows how many."""

    order_id: OrderId
    shipment_id: PackedShipmentId
    cartons: tuple[SlipCarton, ...]
    of: int | None = None
    packed_at: str | None = None


def slip(
    packing: Packing, shipment_id: str, names: Mapping[str, str], instead_of: Mapping[str, str]
) -> PackingSlip:
    """The slip of one of the order's shipments, with what was ordered in the place of substitutes, by line.

    Raises NotFound naming those that there are.
    """
    for one in packing.shipments:
        if one.shipment_id == shipment_id:
            cartons = tuple(
                SlipCarton(
                    carton.sscc,
                    number,
                    carton.carton_type,
                    _rows(carton.items, names, instead_of),
                    carton.weight_g,
                )
                for number, carton in enumerate(one.cartons, start=1)
            )
            return PackingSlip(packing.order_id, shipment_id, cartons, len(cartons), one.packed_at)
    if packing.shipment_id == shipment_id:
        present = [carton for carton in packing.cartons if carton.contents]
        return PackingSlip(
            packing.order_id,
            shipment_id,
            tuple(
                SlipCarton(
                    carton.sscc,
                    number,
                    carton.carton_type,
                    _rows(carton.contents, names, instead_of),
                    carton.closed.weight_g if carton.closed else None,
                )
                for number, carton in enumerate(present, start=1)
            ),
        )
    raise NotFound(
        f"The order has no shipment {shipment_id}.",
        field="shipment",
        value=shipment_id,
        remedy="GET /picking/orders/{id}/packing names those that it has.",
        code="unknown-shipment",
    )


def latest_shipment(packing: Packing) -> str:
    """The shipment that is being packed, or was packed last. Raises NotFound when there is none."""
    if packing.shipment_id:
        return packing.shipment_id
    if packed := [one.shipment_id for one in packing.shipments if len(one.opened) < len(one.cartons)]:
        return packed[-1]
    raise NotFound(
        "Nothing of the order is packed.",
        remedy="Pack it first: POST /picking/orders/{id}/packing.",
        code="nothing-packed",
    )


def _rows(
    items: tuple[PackedItem, ...], names: Mapping[str, str], instead_of: Mapping[str, str]
) -> tuple[SlipRow, ...]:
    """By product and lot: to whoever unpacks them lines and trolleys do not matter, but what was ordered does."""
    rows: dict[tuple[str, str, str, str], SlipRow] = {}
    for item in items:
        ordered = instead_of.get(item.line_id, "")
        key = (item.sku, ordered, item.lot or "", item.expires_on or "")
        known = rows.get(key)
        rows[key] = SlipRow(
            item.sku,
            names.get(item.sku, item.sku),
            item.units + (known.units if known else 0),
            item.lot,
            item.expires_on,
            (*(known.serials if known else ()), *item.serials),
            ordered or None,
        )
    return tuple(rows[key] for key in sorted(rows))
