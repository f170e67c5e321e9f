"""What the sample data consists of, with the field names of the HTTP API: a value is a request body."""

from msgspec import Struct

from shared.money import Money


class Dimensions(Struct, frozen=True):
    """The outer size of one base unit, in whole millimetres."""

    length_mm: int
    width_mm: int
    height_mm: int


class Product(Struct, frozen=True):
    """One article of the catalogue."""

    sku: str
    name: str
    gtin: str
    dimensions: Dimensions
    weight_g: int
    price: Money
    storage_class: str


class Location(Struct, frozen=True):
    """One place in the warehouse, `location` its id; `kind` is bulk, pick_face, dock or staging."""

    location: str
    warehouse: str
    zone: str
    aisle: str
    bay: str
    level: str
    kind: str


class Stock(Struct, frozen=True):
    """Units of one SKU that lie in one location when the sample begins."""

    sku: str
    location: str
    quantity: int


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


class Dataset(Struct, frozen=True):
    """Everything that the sample loads, in the order in which it has to be loaded."""

    products: tuple[Product, ...]
    locations: tuple[Location, ...]
    stock: tuple[Stock, ...]
    orders: tuple[Order, ...]
