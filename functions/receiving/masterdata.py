"""Master data: what inventory has said of products, their packs, and the places where shipments arrive."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from receiving.subscriptions import (
    READS,
    LocationRegistered,
    PackagingLevel,
    ProductRegistered,
)
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent
from shared.gs1 import as_gtin14
from shared.rejection import Unprocessable
from shared.resources import views

ARRIVAL_KINDS = ("dock", "staging")


class Article(Struct, frozen=True, omit_defaults=True):
    """A product as receiving needs it. `packs` are its GTINs in 14 digits, each with its base units."""

    sku: str
    name: str
    tracking: str = "none"
    packs: tuple[PackagingLevel, ...] = ()
    category: str | None = None
    minimum_shelf_life_days: int | None = None


class Pack(Struct, frozen=True):
    """Whose GTIN it is. The article itself says whether it still is, and for how many units."""

    sku: str


class Place(Struct, frozen=True):
    """A location, as far as receiving cares."""

    location: str
    warehouse: str
    kind: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note products and places as inventory describes them."""
    return react_each(event, _note)


def articles(skus: Collection[str]) -> Mapping[str, Article]:
    """Those of `skus` that inventory has announced."""
    found = views().documents(Article, (_article(sku) for sku in skus))
    return {article.sku: article for article in found.values()}


def packs(gtins: Collection[str]) -> Mapping[str, tuple[Article, int]]:
    """For each GTIN (in 14 digits) that stands for a product: the product, and the base units of that pack."""
    owners = views().documents(Pack, (_pack(gtin) for gtin in gtins))
    known = articles({pack.sku for pack in owners.values()})
    return {
        level.gtin: (article, level.units)
        for article in known.values()
        for level in article.packs
        if level.gtin in gtins
    }


def require_arrival_place(location: str, warehouse: str, field: str) -> None:
    """Raises Unprocessable when shipments for `warehouse` cannot stand at `location`."""
    found = views().get(*_place(location), Place)
    if found is None:
        raise Unprocessable(
            f"There is no location {location!r}.",
            field=field,
            value=location,
            remedy="Register it first (PUT /inventory/locations/{id}), or correct it.",
            code="unknown-location",
        )
    place, _ = found
    if place.kind not in ARRIVAL_KINDS or place.warehouse != warehouse:
        raise Unprocessable(
            f"{location} is a {place.kind} in warehouse {place.warehouse}; this shipment arrives in {warehouse}.",
            field=field,
            value=location,
            remedy=f"Name a dock door or staging place in {warehouse}.",
            code="no-place-to-arrive",
        )


def _note(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ProductRegistered() as product:
            _note_product(product, event)
        case LocationRegistered() as place:
            views().put(
                *_place(place.location),
                Place(place.location, place.warehouse, place.kind),
                event.commit_sequence,
            )


def _note_product(product: ProductRegistered, event: CloudEvent) -> None:
    own = [PackagingLevel(as_gtin14(product.gtin), 1)] if product.gtin else []
    levels = (*own, *(PackagingLevel(as_gtin14(level.gtin), level.units) for level in product.packaging))
    # A GTIN may go from one product to another: then the later description has it.
    moment = round(datetime.fromisoformat(event.time).timestamp() * 1000)
    for level in levels:
        views().put(*_pack(level.gtin), Pack(product.sku), moment)
    article = Article(
        product.sku,
        product.name,
        product.tracking,
        levels,
        product.category,
        product.minimum_shelf_life_days,
    )
    views().put(*_article(product.sku), article, event.commit_sequence)


def _article(sku: str) -> tuple[str, str]:
    return f"Article#{sku}", "Article"


def _pack(gtin: str) -> tuple[str, str]:
    return f"Gtin#{gtin}", "Gtin"


def _place(location: str) -> tuple[str, str]:
    return f"Place#{location}", "Place"
