"""What the sample data consists of, with the field names of the HTTP API: a value is a request body."""

from msgspec import Struct

from shared.money import Money


class Dimensions(Struct, frozen=True):
    """The outer size of one base unit, in whole millimetres."""

    length_mm: int
    width_mm: int
    height_mm: int


class Packaging(Struct, frozen=True):
    """A pack of one article: its own GTIN and how many base units it holds."""

    level: str
    gtin: str
    units: int


class Product(Struct, frozen=True):
    """One article of the catalogue.

    `tracking` is none, lot, lot_expiry or serial; `velocity` A for the best-sellers, C for the long tail;
    `category` is the family, which inspection plans go by.
    """

    sku: str
    name: str
    gtin: str
    dimensions: Dimensions
    weight_g: int
    price: Money
    storage_class: str
    tracking: str
    packaging: tuple[Packaging, ...]
    velocity: str
    category: str


class Coordinates(Struct, frozen=True):
    """A point of the warehouse: x along the aisles, y across them, z up."""

    x_mm: int
    y_mm: int
    z_mm: int


class Capacity(Struct, frozen=True):
    """What fits into a place."""

    volume_mm3: int
    weight_g: int
    handling_units: int


class Location(Struct, frozen=True, omit_defaults=True):
    """One place in the warehouse, `location` its id.

    `kind` is bulk, pick_face or quarantine (racks), dock, staging or packing (floor).
    Only racks have a capacity; nothing but the `storage_classes` may lie in them, and what `mixing` lets together.
    """

    location: str
    warehouse: str
    zone: str
    aisle: str
    bay: str
    level: str
    kind: str
    coordinates: Coordinates
    capacity: Capacity | None = None
    storage_classes: tuple[str, ...] = ()
    mixing: str = "any"


class Goods(Struct, frozen=True, omit_defaults=True):
    """Units of one article, loose or on a handling unit (`sscc`), as tracking asks for them."""

    sku: str
    units: int
    lot: str | None = None
    expires_on: str | None = None
    serials: tuple[str, ...] = ()
    sscc: str | None = None
    condition: str = "ok"


class Shipment(Struct, frozen=True):
    """One delivery: what its supplier announced, and what really came to the dock door."""

    supplier: str
    reference: str
    warehouse: str
    eta: str
    dock: str
    announced: tuple[Goods, ...]
    received: tuple[Goods, ...]


class InspectionPlan(Struct, frozen=True):
    """What has to be inspected when it comes: a category's articles, with an acceptable quality limit in %."""

    category: str
    aql: str


class Address(Struct, frozen=True):
    """Where an order goes."""

    name: str
    street1: str
    city: str
    postal_code: str
    country: str


class CartonType(Struct, frozen=True):
    """A kind of carton, `id` its name. `max_weight_g` is that of the contents, `tare_g` its own."""

    id: str
    inner: Dimensions
    outer: Dimensions
    max_weight_g: int
    tare_g: int


class FleetZone(Struct, frozen=True):
    """A country, or the part of it whose postal codes begin so."""

    zone: str
    country: str
    postal_prefixes: tuple[str, ...] = ()


class FleetRate(Struct, frozen=True):
    """What a carton of at most `up_to_g` grams costs into a zone, in minor units."""

    service: str
    zone: str
    up_to_g: int
    amount: int


class Fleet(Struct, frozen=True):
    """Our own trucks: where they go, and for how much."""

    currency: str
    zones: tuple[FleetZone, ...]
    rates: tuple[FleetRate, ...]


class Carrier(Struct, frozen=True):
    """A carrier, `id` its short name."""

    id: str
    name: str
    fleet: Fleet


class Line(Struct, frozen=True):
    """One line of an order; `unit_price` in minor units of the order's currency."""

    sku: str
    quantity: int
    unit_price: int


class Payment(Struct, frozen=True):
    """The card token that the order is paid with."""

    method: str


class Order(Struct, frozen=True):
    """One customer order. `reference` is the shop's own number and names the order in the sample."""

    reference: str
    channel: str
    customer: str
    currency: str
    warehouse: str
    payment: Payment
    lines: tuple[Line, ...]
    placed_at: str
    ship_to: Address


class Dataset(Struct, frozen=True):
    """Everything that the sample loads, in the order in which it has to be loaded."""

    products: tuple[Product, ...]
    locations: tuple[Location, ...]
    plans: tuple[InspectionPlan, ...]
    shipments: tuple[Shipment, ...]
    carriers: tuple[Carrier, ...]
    cartons: tuple[CartonType, ...]
    orders: tuple[Order, ...]
