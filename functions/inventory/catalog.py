"""Products: what may be stocked and ordered."""

from msgspec import Struct, structs

from inventory.aggregates import PRODUCT
from inventory.contracts import Dimensions, PackagingLevel, ShelfLifeDays, Substitutes, Tracking, Velocity
from inventory.domain.product import DescribeProduct, Product
from inventory.measures import Code, Grams, Text
from shared.decider import execute
from shared.gs1 import Gtin
from shared.http_edge import Api, Request, Response
from shared.identifiers import Sku
from shared.money import Money
from shared.rejection import Conflict, PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()


class ProductDescription(Struct, frozen=True, forbid_unknown_fields=True):
    """A product as its owner describes it. Dimensions and weight are those of one base unit.

    `tracking` is chosen when the product is registered and never changes; left out, it is "none" at first and
    stays as it is later. `packaging` names the packs from the smallest to the largest, each with its own GTIN and
    the base units in it. `substitutes` are sent instead when there is too little of it and an order allows it: the
    best first, and they may be registered later. On what is `fragile` nothing heavier is packed.
    """

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


@handler.route(
    "PUT",
    "/inventory/products/{sku}",
    scope="inventory/write",
    returns=(200, Product),
    rejects=(Conflict, PreconditionFailed, Unprocessable),
)
def put_product(request: Request, sku: Sku, body: ProductDescription) -> Response:
    """Register a product, or describe it anew."""
    command = request.command(DescribeProduct(sku, **structs.asdict(body)))
    outcome = execute(history(), PRODUCT, PRODUCT.stream_id(sku), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)
