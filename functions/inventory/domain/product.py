"""Products: what may be stocked and ordered."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.contracts import Code as StorageClass
from inventory.contracts import Dimensions, Grams, ProductChanged, ProductRegistered, Text
from shared.events import Event
from shared.gs1 import Gtin, require_gtin
from shared.identifiers import Sku
from shared.money import Money


class Product(Struct, frozen=True):
    """What is known of a product; an empty `sku` means: not registered."""

    sku: str = ""
    name: str = ""
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: StorageClass | None = None


class DescribeProduct(Struct, frozen=True):
    """Register the product, or describe it anew."""

    sku: Sku
    name: Text
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: StorageClass | None = None


def decide(command: DescribeProduct, product: Product) -> Sequence[Event]:
    """The events that make the product what `command` says. Raises Unprocessable for a wrong GTIN."""
    if command.gtin is not None:
        require_gtin(command.gtin)
    described = structs.asdict(command)
    if not product.sku:
        return [ProductRegistered(**described)]
    if described == structs.asdict(product):
        return []
    return [ProductChanged(**described)]


def evolve(_product: Product, event: ProductRegistered | ProductChanged) -> Product:
    """The product after `event`."""
    return Product(**structs.asdict(event))
