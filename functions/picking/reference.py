"""What picking knows of products, places and recalled lots: a copy of what inventory says."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from picking import keys
from picking.subscriptions import Dimensions, PackagingLevel
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
    fragile: bool = False

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


class RecalledLot(Struct, frozen=True, omit_defaults=True):
    """A lot that was recalled; `blocked` says why, and is empty once that is lifted."""

    sku: str
    lot: str
    blocked: str = ""


def articles(skus: Collection[str]) -> Mapping[str, Article]:
    """Those of `skus` that inventory has announced."""
    found = views().documents(Article, (article_key(sku) for sku in skus))
    return {article.sku: article for article in found.values()}


def places(locations: Collection[str]) -> Mapping[str, Place]:
    """Those of `locations` that inventory has announced."""
    found = views().documents(Place, (place_key(location) for location in locations))
    return {place.location: place for place in found.values()}


def blocked_lots(lots: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Why those of `lots` (SKU and lot number) are recalled that are."""
    wanted = {lot_key(sku, lot) for sku, lot in lots}
    found = views().documents(RecalledLot, sorted(wanted)) if wanted else {}
    return {(lot.sku, lot.lot): lot.blocked for lot in found.values() if lot.blocked}


def packing_places(warehouse: str) -> list[Place]:
    """Where goods are packed in a warehouse, by name."""
    page = views().list(Place, (keys.LIST, packing_in(warehouse)), keys.PLACE, index=keys.BY_LIST)
    return [place for _, place in page.items]


def article_key(sku: str) -> tuple[str, str]:
    """Where a product is."""
    return f"Article#{sku}", "Article"


def place_key(location: str) -> tuple[str, str]:
    """Where a location is."""
    return f"Place#{location}", "Place"


def lot_key(sku: str, lot: str) -> tuple[str, str]:
    """Where a lot is that was ever recalled."""
    return f"RecalledLot#{sku}#{lot}", "RecalledLot"


def packing_in(warehouse: str) -> str:
    """The partition of the places of a warehouse where goods are packed."""
    return f"packing#{warehouse}"
