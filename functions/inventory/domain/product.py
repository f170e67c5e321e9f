"""Products: what may be stocked and ordered."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.contracts import (
    Dimensions,
    PackagingLevel,
    ProductChanged,
    ProductRegistered,
    ShelfLifeDays,
    Substitutes,
    Tracking,
    Velocity,
)
from inventory.measures import Code, Grams, Text
from shared.events import Event
from shared.gs1 import Gtin, as_gtin14, require_gtin
from shared.identifiers import Sku
from shared.money import Money
from shared.rejection import Conflict, Unprocessable

EACH = "each"
"""The level of the base unit itself, which carries the product's own GTIN."""

_LEVELS = ("inner", "case", "pallet")


class Product(Struct, frozen=True):
    """What is known of a product; an empty `sku` means: not registered."""

    sku: str = ""
    name: str = ""
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: Code | None = None
    tracking: Tracking = "none"
    packaging: tuple[PackagingLevel, ...] = ()
    velocity: Velocity | None = None
    category: Code | None = None
    minimum_shelf_life_days: ShelfLifeDays | None = None
    substitutes: Substitutes = ()
    fragile: bool = False


class DescribeProduct(Struct, frozen=True):
    """Register the product, or describe it anew. `tracking` left out (None): as it is, at first "none"."""

    sku: Sku
    name: Text
    gtin: Gtin | None = None
    dimensions: Dimensions | None = None
    weight_g: Grams | None = None
    price: Money | None = None
    storage_class: Code | None = None
    tracking: Tracking | None = None
    packaging: tuple[PackagingLevel, ...] = ()
    velocity: Velocity | None = None
    category: Code | None = None
    minimum_shelf_life_days: ShelfLifeDays | None = None
    substitutes: Substitutes = ()
    fragile: bool = False


def decide(command: DescribeProduct, product: Product) -> Sequence[Event]:
    """The events that make the product what `command` says.

    Raises Unprocessable for a wrong GTIN, and for packs or substitutes that make no sense; Conflict when the
    tracking would change.
    """
    _require_sensible_packs(command)
    _require_others(command)
    tracking = command.tracking or product.tracking
    if product.sku and tracking != product.tracking:
        raise Conflict(
            f"{product.sku} is tracked by {product.tracking!r}; units in stock cannot be told apart afterwards.",
            field="tracking",
            value=tracking,
            remedy=f"Send {product.tracking!r} or leave it out, or register a new SKU that is tracked otherwise.",
            code="tracking-is-fixed",
        )
    described = structs.asdict(structs.replace(command, tracking=tracking))
    if not product.sku:
        return [ProductRegistered(**described)]
    if described == structs.asdict(product):
        return []
    return [ProductChanged(**described)]


def evolve(_product: Product, event: ProductRegistered | ProductChanged) -> Product:
    """The product after `event`."""
    return Product(**structs.asdict(event))


def gtins(product: Product) -> dict[str, tuple[str, int]]:
    """Every GTIN-14 that stands for the product, with its level and the base units in it."""
    own = {as_gtin14(product.gtin): (EACH, 1)} if product.gtin else {}
    return own | {as_gtin14(pack.gtin): (pack.level, pack.units) for pack in product.packaging}


def _require_sensible_packs(command: DescribeProduct) -> None:
    """Packs go from small to large, each level at most once, and no GTIN stands for two of them."""
    taken: set[str] = set()
    if command.gtin is not None:
        taken.add(as_gtin14(require_gtin(command.gtin)))
    rank, units = -1, 1
    for index, pack in enumerate(command.packaging):
        field = f"packaging[{index}]"
        gtin = as_gtin14(require_gtin(pack.gtin, field=f"{field}.gtin"))
        if gtin in taken:
            raise Unprocessable(
                f"The GTIN {pack.gtin} stands for two packs of {command.sku}.",
                field=f"{field}.gtin",
                value=pack.gtin,
                remedy="Give every level a GTIN of its own.",
                code="gtin-twice",
            )
        if _LEVELS.index(pack.level) <= rank:
            raise Unprocessable(
                f"The pack {pack.level!r} comes after one that is as large, or larger.",
                field=f"{field}.level",
                value=pack.level,
                remedy=f"Name each level at most once, in this order: {', '.join(_LEVELS)}.",
                code="packs-out-of-order",
            )
        if pack.units <= units:
            raise Unprocessable(
                f"The pack {pack.level!r} holds {pack.units} base units, the one before it {units}.",
                field=f"{field}.units",
                value=pack.units,
                remedy="Count base units: a larger pack holds more of them than a smaller one.",
                code="packs-out-of-order",
            )
        taken.add(gtin)
        rank, units = _LEVELS.index(pack.level), pack.units


def _require_others(command: DescribeProduct) -> None:
    """What is sent instead of a product is another one, and named once."""
    for index, sku in enumerate(command.substitutes):
        if sku == command.sku or sku in command.substitutes[:index]:
            raise Unprocessable(
                f"{sku} cannot be sent instead of itself."
                if sku == command.sku
                else f"{sku} is named twice among the substitutes of {command.sku}.",
                field=f"substitutes[{index}]",
                value=sku,
                remedy="Name other products, each once, the best first.",
                code="no-substitute",
            )
