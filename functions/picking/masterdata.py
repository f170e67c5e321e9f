"""Master data: what inventory says of products, places and recalls, as far as picking and packing need it."""

from typing import Any

from picking import keys
from picking.reference import (
    PACKING_PLACE,
    Article,
    Place,
    RecalledLot,
    article_key,
    lot_key,
    packing_in,
    place_key,
)
from picking.subscriptions import (
    READS,
    LocationRegistered,
    LotBlocked,
    LotUnblocked,
    PackagingLevel,
    ProductRegistered,
)
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent
from shared.gs1 import as_gtin14
from shared.resources import views


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note products, places and recalls as inventory tells of them."""
    return react_each(event, _note)


def _note(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ProductRegistered() as product:
            _note_product(product, event.commit_sequence)
        case LocationRegistered() as location:
            _note_place(location, event.commit_sequence)
        case LotBlocked() as lot:
            views().put(
                *lot_key(lot.sku, lot.lot), RecalledLot(lot.sku, lot.lot, lot.reason), event.commit_sequence
            )
        case LotUnblocked() as lot:
            views().put(*lot_key(lot.sku, lot.lot), RecalledLot(lot.sku, lot.lot), event.commit_sequence)


def _note_product(product: ProductRegistered, version: int) -> None:
    own = (PackagingLevel(as_gtin14(product.gtin), 1),) if product.gtin else ()
    packs = tuple(PackagingLevel(as_gtin14(level.gtin), level.units) for level in product.packaging)
    article = Article(
        sku=product.sku,
        name=product.name,
        tracking=product.tracking,
        packs=(*own, *packs),
        dimensions=product.dimensions,
        weight_g=product.weight_g,
        storage_class=product.storage_class,
        category=product.category,
        fragile=product.fragile,
    )
    views().put(*article_key(product.sku), article, version)


def _note_place(location: LocationRegistered, version: int) -> None:
    at = location.coordinates
    place = Place(
        location=location.location,
        warehouse=location.warehouse,
        zone=location.zone,
        aisle=location.aisle,
        bay=location.bay,
        kind=location.kind,
        x_mm=at.x_mm if at else None,
        y_mm=at.y_mm if at else None,
        check_digits=location.check_digits,
    )
    packs = location.kind == PACKING_PLACE
    index = {keys.LIST: packing_in(location.warehouse), keys.PLACE: location.location} if packs else {}
    views().put(*place_key(location.location), place, version, index)
