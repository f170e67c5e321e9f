"""Builds the sample data set: the same values on every machine, from one seed.

`python -m sample.generate` prints it as JSON, `--summary` prints what is in it.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

import msgspec

from sample import demand, inbound, outbound, warehouse
from sample.catalogue import CASE_UNITS, catalogue
from sample.chance import Chance
from sample.model import Dataset, Order, Product

SEED = 20251007


def dataset() -> Dataset:
    """Products, locations, shipments and orders that fit each other.

    The shipments bring stock enough for every order, but for the lines that are oversized on purpose: which orders
    end reserved, backordered or cancelled is therefore known beforehand.
    """
    chance = Chance(SEED)
    products = catalogue()
    ranking = demand.by_popularity(products, chance)
    placed = demand.orders(ranking, chance)
    on_hand = _units_on_hand(ranking, placed, chance)
    slow_movers = _wanted_by_nobody(ranking, placed)
    return Dataset(
        products=products,
        locations=warehouse.locations(),
        plans=inbound.PLANS,
        shipments=inbound.shipments(products, on_hand),
        carriers=(outbound.FLEET,),
        cartons=outbound.CARTONS,
        orders=demand.with_oversized_lines(placed, slow_movers, on_hand, chance),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sample data set."""
    parser = argparse.ArgumentParser(prog="python -m sample.generate", description=__doc__)
    parser.add_argument("--summary", action="store_true", help="print counts instead of the data")
    options = parser.parse_args(arguments)
    data = dataset()
    print(_summary(data) if options.summary else msgspec.json.format(msgspec.json.encode(data)).decode())
    return 0


def _units_on_hand(ranking: Sequence[Product], placed: Sequence[Order], chance: Chance) -> Counter[str]:
    """Units per SKU: what the orders ask for and some cases more."""
    wanted = demand.units_demanded(placed)
    spare_cases = {product.sku: chance.within(1, 8) for product in ranking}
    return Counter(
        {sku: (-(-wanted[sku] // CASE_UNITS) + spare) * CASE_UNITS for sku, spare in spare_cases.items()}
    )


def _wanted_by_nobody(ranking: Sequence[Product], placed: Sequence[Order]) -> list[Product]:
    wanted = {line.sku for order in placed for line in order.lines}
    return [product for product in reversed(ranking) if product.sku not in wanted]


def _summary(data: Dataset) -> str:
    lines = sum(len(order.lines) for order in data.orders)
    received = [goods for shipment in data.shipments for goods in shipment.received]
    tokens = Counter(order.payment.method for order in data.orders)
    return "\n".join(
        (
            f"{len(data.products)} products, {len(data.locations)} locations",
            f"{sum(goods.units for goods in received)} units in {len(data.shipments)} shipments, "
            f"{sum(goods.sscc is not None for goods in received)} of {len(received)} lines on pallets",
            f"{len(data.orders)} orders with {lines} lines",
            *(f"  {count:4d} paid with {token}" for token, count in tokens.most_common()),
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
