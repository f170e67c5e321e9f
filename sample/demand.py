"""The shop's orders: a few best-sellers, a long tail, and the orders that go wrong in every way there is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from sample.catalogue import CURRENCY
from sample.chance import Chance, zipf
from sample.model import Line, Order, Payment, Product
from sample.outbound import address
from sample.warehouse import WAREHOUSE

ORDERS = 200
CUSTOMERS = 120
POPULARITY_EXPONENT = 0.8
FIRST_MORNING = datetime(2025, 10, 6, 7, 0, tzinfo=UTC)
MEAN_MINUTES_BETWEEN_ORDERS = 18

ACCEPTED = "tok_accepted"
TROUBLED_PAYMENTS = {
    "tok_declined": 8,
    "tok_insufficient_funds": 4,
    "tok_timeout_once": 6,
    "tok_timeout_always": 2,
}
"""How many orders are paid with a card token that does not simply succeed."""

OVERSIZED_ORDERS = 8
"""Orders with a line for more units than the warehouse holds."""


class Channel(Struct, frozen=True):
    """How one sales channel orders: `share` out of 100 orders, lines per order, units per line."""

    name: str
    reference_prefix: str
    share: int
    lines: tuple[int, int]
    units: tuple[int, int]
    price_percent: int


CHANNELS = (
    Channel("webshop", "WEB", 50, lines=(1, 4), units=(1, 3), price_percent=100),
    Channel("marketplace", "MKT", 25, lines=(1, 2), units=(1, 2), price_percent=100),
    Channel("trade-counter", "CTR", 14, lines=(2, 9), units=(2, 12), price_percent=90),
    Channel("b2b-portal", "B2B", 11, lines=(8, 30), units=(6, 24), price_percent=80),
)


def by_popularity(products: Sequence[Product], chance: Chance) -> list[Product]:
    """The products, best-seller first."""
    return chance.shuffled(products)


def orders(ranking: Sequence[Product], chance: Chance) -> list[Order]:
    """`ORDERS` orders in the order in which the shops took them, none of them larger than the stock yet."""
    popularity = zipf(len(ranking), POPULARITY_EXPONENT)
    tokens = chance.shuffled([token for token, count in TROUBLED_PAYMENTS.items() for _ in range(count)])
    troubled = dict(zip(chance.shuffled(range(ORDERS)), tokens, strict=False))
    placed_at = FIRST_MORNING
    result = []
    for number in range(ORDERS):
        channel = _channel(chance)
        placed_at += timedelta(seconds=chance.within(0, 2 * MEAN_MINUTES_BETWEEN_ORDERS * 60))
        customer = f"C-{chance.within(1, CUSTOMERS):04d}"
        result.append(
            Order(
                reference=f"{channel.reference_prefix}-{10001 + number}",
                channel=channel.name,
                customer=customer,
                currency=CURRENCY,
                warehouse=WAREHOUSE,
                payment=Payment(troubled.get(number, ACCEPTED)),
                lines=tuple(_lines(channel, ranking, popularity, chance)),
                placed_at=placed_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                ship_to=address(customer),
            )
        )
    return result


def units_demanded(placed: Sequence[Order]) -> Counter[str]:
    """Units per SKU of all orders together."""
    demand: Counter[str] = Counter()
    for order in placed:
        for line in order.lines:
            demand[line.sku] += line.quantity
    return demand


def with_oversized_lines(
    placed: Sequence[Order], slow_movers: Sequence[Product], on_hand: Counter[str], chance: Chance
) -> tuple[Order, ...]:
    """The same orders, some with a further line that asks for more of a slow mover than there is.

    Each slow mover is wanted by nobody else, so that the outcome does not hang on which order comes first.
    """
    result = list(placed)
    payable = [
        index for index, order in enumerate(placed) if order.payment.method == ACCEPTED and len(order.lines) > 3
    ]
    for index, product in zip(chance.shuffled(payable)[:OVERSIZED_ORDERS], slow_movers, strict=False):
        order = result[index]
        quantity = on_hand[product.sku] + chance.within(10, 60)
        result[index] = replace(
            order, lines=(*order.lines[:-1], Line(product.sku, quantity, product.price.amount))
        )
    return tuple(result)


def _channel(chance: Chance) -> Channel:
    return chance.one_of([channel for channel in CHANNELS for _ in range(channel.share)])


def _lines(
    channel: Channel, ranking: Sequence[Product], popularity: Sequence[float], chance: Chance
) -> Iterator[Line]:
    wanted = chance.within(*channel.lines)
    chosen: dict[str, Product] = {}
    while len(chosen) < wanted:
        product = ranking[chance.weighted(popularity)]
        chosen.setdefault(product.sku, product)
    for product in chosen.values():
        yield Line(
            sku=product.sku,
            quantity=chance.within(*channel.units),
            unit_price=product.price.amount * channel.price_percent // 100,
        )
