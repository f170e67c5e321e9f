"""What picking reads of the events on the bus; fields that it does not need are not named here."""

from msgspec import Struct

from shared.identifiers import LocationId, Sku, WarehouseCode


class Dimensions(Struct, frozen=True):
    """Outer dimensions in millimetres."""

    length_mm: int
    width_mm: int
    height_mm: int


class PackagingLevel(Struct, frozen=True):
    """A pack: its GTIN, and how many base units it holds."""

    gtin: str
    units: int


class ProductRegistered(Struct, frozen=True):
    """inventory.ProductRegistered: what has to be known of a product to pick and to pack it."""

    sku: Sku
    name: str
    gtin: str | None = None
    dimensions: Dimensions | None = None
    weight_g: int | None = None
    storage_class: str | None = None
    tracking: str = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    category: str | None = None


class ProductChanged(ProductRegistered, frozen=True):
    """inventory.ProductChanged: the same, said anew."""


class Coordinates(Struct, frozen=True):
    """A point of the warehouse in millimetres: x along the aisles, y across them."""

    x_mm: int
    y_mm: int


class LocationRegistered(Struct, frozen=True):
    """inventory.LocationRegistered: where pickers go, and how they prove that they are there."""

    location: LocationId
    warehouse: WarehouseCode
    zone: str
    aisle: str
    bay: str
    kind: str
    coordinates: Coordinates | None = None
    check_digits: str | None = None


class LocationChanged(LocationRegistered, frozen=True):
    """inventory.LocationChanged: the same, said anew."""


READS: dict[str, type[Struct]] = {
    "inventory.ProductRegistered": ProductRegistered,
    "inventory.ProductChanged": ProductChanged,
    "inventory.LocationRegistered": LocationRegistered,
    "inventory.LocationChanged": LocationChanged,
}
