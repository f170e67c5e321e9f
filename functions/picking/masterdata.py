"""Master data: what inventory has said of products and places, as far as picking and packing need it."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from picking.subscriptions import READS, Dimensions, LocationRegistered, PackagingLevel, ProductRegistered
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent
from shared.gs1 import as_gtin14
from shared.resources import views

PACKING_PLACE = "packing"


class Article(Struct, frozen=True, omit_defaults=True):
    """A product. `packs` are its GTINs in 14 digits, each with its base units; the rest as inventory has it."""

    sku: str
    name: str
    tracking: str = "none"
    packs: tuple[PackagingLevel, ...] = ()
    dimensions: Dimensions | None = None
    weight_g: int | None = None
    storage_class: str | None = None
    category: str | None = None

    @property
    def volume_mm3(self) -> int | None:
        """The volume of one unit, when its dimensions are known."""
        size = self.dimensions
        return None if size is None else size.length_mm * size.width_mm * size.height_mm


class Place(Struct, frozen=True, omit_defaults=True):
    """A location: where it is, and the check digits on its label."""

    location: str
    warehouse: str
    zone: str
    aisle: str
    bay: str
    kind: str
    x_mm: int | None = None
    y_mm: int | None = None
    check_digits: str | None = None


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note products and places as inventory describes them."""
    return react_each(event, _note)


def articles(skus: Collection[str]) -> Mapping[str, Article]:
    """Those of `skus` that inventory has announced."""
    found = views().documents(Article, (_article(sku) for sku in skus))
    return {article.sku: article for article in found.values()}


def places(locations: Collection[str]) -> Mapping[str, Place]:
    """Those of `locations` that inventory has announced."""
    found = views().documents(Place, (_place(location) for location in locations))
    return {place.location: place for place in found.values()}


def packing_places(warehouse: str) -> list[Place]:
    """Where goods are packed in a warehouse, by name."""
    found = views().under(_floor(warehouse), "", Place)
    return [place for _, (place, _) in sorted(found.items()) if place.kind == PACKING_PLACE]


def _note(event: CloudEvent) -> None:
    match codec.from_json(bytes(event.data), READS[event.type]):
        case ProductRegistered() as product:
            _note_product(product, event.commit_sequence)
        case LocationRegistered() as location:
            _note_place(location, event.commit_sequence, changed=event.commit_sequence > 1)


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
    )
    views().put(*_article(product.sku), article, version)


def _note_place(location: LocationRegistered, version: int, *, changed: bool) -> None:
    """The place by its name; a place that packs, or may have done so, also among those of its warehouse."""
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
    views().put(*_place(location.location), place, version)
    if changed or location.kind == PACKING_PLACE:
        views().put(_floor(location.warehouse), location.location, place, version)


def _article(sku: str) -> tuple[str, str]:
    return f"Article#{sku}", "Article"


def _place(location: str) -> tuple[str, str]:
    return f"Place#{location}", "Place"


def _floor(warehouse: str) -> str:
    return f"Floor#{warehouse}"
