"""What the suppliers deliver: the stock that the warehouse begins with, as shipments that come to its doors.

Most of them come as announced. Some do not, on purpose: a line short, a line over, a case damaged, an article that
nobody announced. What really comes adds up to the stock that the orders count on.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from msgspec.structs import replace

from sample.catalogue import CASE_UNITS
from sample.model import Goods, InspectionPlan, Product, Shipment
from sample.warehouse import WAREHOUSE, dock, units_in_face, units_on_pallet
from shared.gs1 import check_digit

SUPPLIERS = {
    "CLAYWORKS": ("MUG", "BWL", "PLT", "VAS", "PLN"),
    "GLASHUETTE": ("JUG", "TMB", "FRM", "CDL"),
    "HOLZ-UND-HERD": ("BRD", "SPN", "PAN", "POT", "KNF", "CTL"),
    "LINENHALL": ("TWL", "APR", "CSH", "THR", "MAT", "GLV"),
    "TINSMITH": ("TIN", "BTL", "ENM", "CAN", "BSK", "HOK"),
    "VOLTAIC": ("BLB", "LMP", "TRC", "HDT", "BAT", "CEL", "EXT"),
    "IRONMONGER": ("SCR", "DRL", "SPA", "SND", "HMR", "SAW", "SDR", "CLP", "LVL"),
    "MASCHINENBAU": ("DRV", "BOX", "LAD"),
    "FARBENMUEHLE": ("PNT", "VRN", "SPR", "THN", "BRS"),
    "OUTFITTER": ("SPD", "TRW", "HSE", "TNT", "SLB", "STV", "GAS", "RUK", "TRP", "RPE"),
}
"""Which supplier makes which families."""

PLANS = (InspectionPlan(category="GAS", aql="1.0"),)
FIRST_MORNING = datetime(2025, 10, 3, 6, 0, tzinfo=UTC)
EXPIRES = {"CEL": "2032-03-31", "GAS": "2031-12-31"}
SSCC_PREFIX = "1200"
"""Extension digit 1 before a number of the restricted range: of no company in the world."""


def shipments(products: Sequence[Product], units: Mapping[str, int]) -> tuple[Shipment, ...]:
    """One shipment of each supplier, with `units` of every article among what really comes."""
    pallets = count(1)
    return tuple(
        _shipment(
            number, supplier, [product for product in products if product.category in families], units, pallets
        )
        for number, (supplier, families) in enumerate(SUPPLIERS.items())
    )


def _shipment(
    number: int, supplier: str, products: Sequence[Product], units: Mapping[str, int], pallets: Iterator[int]
) -> Shipment:
    goods = [one for product in products for one in _goods(product, units[product.sku], pallets)]
    eta = FIRST_MORNING + timedelta(minutes=45 * number)
    return Shipment(
        supplier=supplier,
        reference=f"{supplier}-{4001 + number}",
        warehouse=WAREHOUSE,
        eta=eta.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        dock=dock(number),
        announced=tuple(_announced(number, goods)),
        received=tuple(_received(number, goods)),
    )


def _goods(product: Product, units: int, pallets: Iterator[int]) -> Iterator[Goods]:
    """Loose cases for the pick face, the rest of them on pallets."""
    done = min(units, units_in_face(product))
    yield _tracked(product, done, first=1)
    while done < units:
        on_pallet = min(units - done, units_on_pallet(product))
        yield replace(_tracked(product, on_pallet, first=done + 1), sscc=_sscc(next(pallets)))
        done += on_pallet


def _tracked(product: Product, units: int, first: int) -> Goods:
    family = product.category
    return Goods(
        sku=product.sku,
        units=units,
        lot=f"{family}2509" if product.tracking in ("lot", "lot_expiry") else None,
        expires_on=EXPIRES[family] if product.tracking == "lot_expiry" else None,
        serials=tuple(f"{product.sku}-{serial:05d}" for serial in range(first, first + units))
        if product.tracking == "serial"
        else (),
    )


def _announced(number: int, goods: Sequence[Goods]) -> Iterator[Goods]:
    """What the supplier says that it sends; serials are read when the goods come."""
    for index, one in enumerate(goods):
        said = replace(one, serials=())
        match number, index:
            case (0, 0):
                yield replace(said, units=said.units + CASE_UNITS)  # a case less will come
            case (1, 0) if said.units > CASE_UNITS:
                yield replace(said, units=said.units - CASE_UNITS)  # a case more will come
            case (3, 1):
                pass  # comes unannounced
            case _:
                yield said


def _received(number: int, goods: Sequence[Goods]) -> Iterator[Goods]:
    yield from goods
    if number == 4:  # beyond what is sold: one case was dropped
        yield replace(goods[0], units=CASE_UNITS, condition="damaged", sscc=None)


def _sscc(number: int) -> str:
    digits = f"{SSCC_PREFIX}{number:013d}"
    return f"{digits}{check_digit(digits)}"
