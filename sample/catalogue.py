"""The wholesaler's catalogue: families of articles, each made in variants."""

from collections.abc import Iterator
from itertools import product as combinations
from math import prod

from msgspec import Struct

from sample.model import Dimensions, Packaging, Product
from shared.gs1 import check_digit
from shared.money import Money

CURRENCY = "EUR"

GTIN_PREFIX = "200"
"""GS1 keeps the prefixes 200 to 299 for restricted circulation: numbers that a company gives to goods inside its
own walls, and that no brand owner is ever assigned (GS1 General Specifications, GS1 Prefixes). So no number of
the sample belongs to a real product, and yet each is a valid GTIN-13 with its check digit."""


class Choice(Struct, frozen=True):
    """One value of a variant axis: `code` goes into the SKU, `label` into the name.

    `size` stretches the volume and weight, `cost` the price, both relative to the family's base article.
    """

    code: str
    label: str
    size: float = 1.0
    cost: float = 1.0


class Family(Struct, frozen=True):
    """Articles that differ only by variant. Outer size in mm, weight in g and price in cents are the base's."""

    code: str
    name: str
    storage_class: str
    size_mm: tuple[int, int, int]
    weight_g: int
    price: int
    axes: tuple[tuple[Choice, ...], ...]


def _plain(*pairs: str) -> tuple[Choice, ...]:
    return tuple(Choice(code, label) for code, label in (pair.split(":") for pair in pairs))


CASE_UNITS = 6
"""Units per case: stock comes and lies in whole cases."""

TRACKING = {"PNT": "lot", "VRN": "lot", "THN": "lot", "CEL": "lot_expiry", "GAS": "lot_expiry", "DRV": "serial"}
"""Families whose units are told apart: paints by batch, what ages by expiry too, drill drivers one by one."""

FAST_FAMILIES = frozenset(("MUG", "TIN", "SCR", "BLB", "GLV", "CDL", "TWL", "PNT"))
SLOW_FAMILIES = frozenset(("LAD", "TNT", "SPD", "CTL", "THR", "STV", "HSE", "MAT"))

GLAZES = _plain("WHT:white", "SGE:sage", "NVY:navy", "TER:terracotta")
FABRICS = _plain("NAT:natural", "CHR:charcoal", "OCH:ochre", "TEA:teal")
COLOURS = _plain("BLK:black", "GRN:green", "ORG:orange", "RED:red")
WOODS = (Choice("OAK", "oak"), Choice("BCH", "beech", cost=0.9), Choice("WAL", "walnut", cost=1.35))
SCENTS = _plain("FIG:fig", "CED:cedar", "LIN:linen", "VAN:vanilla")
PAINTS = _plain("WHT:white", "GRY:light grey", "BLU:dove blue", "RED:oxide red")
SMALL_LARGE = (Choice("S", "small"), Choice("L", "large", 1.9, 1.55))
THREE_SIZES = (Choice("S", "small", 0.6, 0.75), Choice("M", "medium"), Choice("L", "large", 1.7, 1.4))
LITRES = (Choice("250", "250 ml", 0.4, 0.45), Choice("750", "750 ml"), Choice("2L5", "2.5 l", 3.1, 2.7))
SCREWS = tuple(
    Choice(f"{width}X{length}", f"{width / 10:g} x {length} mm", length / 40, 0.7 + length / 130)
    for width, length in ((35, 30), (40, 40), (40, 50), (45, 60), (50, 80), (60, 100))
)
DRILLS = tuple(
    Choice(f"{tenths:03d}", f"{tenths / 10:g} mm", 0.5 + tenths / 120, 0.6 + tenths / 120)
    for tenths in (30, 40, 50, 60, 80, 100, 120)
)
SPANNERS = tuple(
    Choice(f"{size:02d}", f"{size} mm", size / 13, 0.6 + size / 32) for size in (8, 10, 13, 15, 17, 19, 22)
)
GRITS = _plain("040:P40", "080:P80", "120:P120", "180:P180", "240:P240")
BULBS = _plain("2700:2700 K", "3000:3000 K", "4000:4000 K")

FAMILIES = (
    # kitchen and table
    Family("MUG", "Stoneware mug 350 ml", "fragile", (125, 95, 100), 340, 790, (GLAZES,)),
    Family("BWL", "Stoneware bowl", "fragile", (165, 165, 75), 520, 1090, (SMALL_LARGE, GLAZES)),
    Family("PLT", "Stoneware plate", "fragile", (215, 215, 28), 560, 990, (SMALL_LARGE, GLAZES)),
    Family("JUG", "Glass jug 1.2 l", "fragile", (180, 125, 235), 870, 2190, (_plain("CLR:clear", "SMK:smoke"),)),
    Family("TMB", "Tumbler set of 4", "fragile", (180, 180, 110), 1040, 1690, (_plain("CLR:clear", "AMB:amber"),)),
    Family("BRD", "Chopping board", "standard", (350, 230, 22), 1150, 2490, (SMALL_LARGE, WOODS)),
    Family("SPN", "Serving spoon", "standard", (320, 65, 30), 95, 690, (WOODS,)),
    Family("PAN", "Cast iron pan", "bulky", (430, 270, 60), 2650, 4490, (THREE_SIZES,)),
    Family("POT", "Enamel casserole", "bulky", (310, 240, 170), 2900, 5990, (SMALL_LARGE, COLOURS)),
    Family("KNF", "Kitchen knife", "high_value", (330, 60, 28), 210, 5490, (THREE_SIZES, WOODS)),
    Family("TIN", "Storage tin", "standard", (130, 130, 160), 240, 990, (THREE_SIZES, GLAZES)),
    Family("BTL", "Insulated bottle 500 ml", "standard", (75, 75, 265), 330, 2490, (COLOURS,)),
    Family("CTL", "Cutlery set, 16 pieces", "high_value", (270, 130, 60), 1180, 6990, (WOODS,)),
    # textiles and living
    Family("TWL", "Tea towel, pack of 2", "standard", (240, 180, 30), 190, 1290, (FABRICS,)),
    Family("APR", "Canvas apron", "standard", (300, 220, 40), 420, 2990, (FABRICS,)),
    Family("CSH", "Cushion cover 45 x 45 cm", "standard", (300, 240, 30), 260, 1990, (FABRICS,)),
    Family("THR", "Wool throw 130 x 180 cm", "bulky", (420, 330, 120), 1180, 6490, (FABRICS,)),
    Family("BSK", "Seagrass basket", "bulky", (360, 360, 300), 980, 2290, (THREE_SIZES,)),
    Family("CDL", "Scented candle 220 g", "standard", (90, 90, 105), 480, 1590, (SCENTS,)),
    Family("VAS", "Ribbed glass vase", "fragile", (150, 150, 240), 930, 2390, (SMALL_LARGE, GLAZES)),
    Family("FRM", "Picture frame", "fragile", (420, 320, 30), 890, 1890, (THREE_SIZES, WOODS)),
    Family("MAT", "Coir doormat", "bulky", (600, 400, 25), 1650, 1990, (SMALL_LARGE, FABRICS)),
    Family("HOK", "Coat hook", "standard", (120, 60, 70), 150, 1190, (WOODS,)),
    # light and power
    Family("BLB", "LED bulb E27", "fragile", (62, 62, 115), 70, 590, (SMALL_LARGE, BULBS)),
    Family("LMP", "Desk lamp", "fragile", (420, 200, 180), 1650, 5990, (COLOURS,)),
    Family("TRC", "Hand torch 600 lm", "battery", (170, 60, 50), 240, 2790, (COLOURS,)),
    Family("HDT", "Head torch 350 lm", "battery", (110, 90, 70), 130, 3290, (COLOURS,)),
    Family("BAT", "Tool battery 18 V", "battery", (140, 90, 75), 720, 6990, (_plain("2AH:2 Ah", "4AH:4 Ah"),)),
    Family("CEL", "Alkaline cells", "battery", (120, 85, 18), 140, 650, (_plain("AA8:AA, 8", "AAA8:AAA, 8"),)),
    Family("EXT", "Extension lead", "standard", (260, 220, 90), 1350, 1990, (SMALL_LARGE, COLOURS)),
    # tools and fixings
    Family("SCR", "Wood screws, box of 200", "standard", (120, 90, 60), 640, 690, (SCREWS,)),
    Family("DRL", "HSS drill bit", "standard", (130, 20, 12), 40, 390, (DRILLS,)),
    Family("SPA", "Combination spanner", "standard", (190, 40, 12), 160, 790, (SPANNERS,)),
    Family("SND", "Sanding discs 125 mm, pack of 25", "standard", (130, 130, 45), 290, 1090, (GRITS,)),
    Family("HMR", "Claw hammer", "standard", (340, 140, 40), 780, 2290, (THREE_SIZES,)),
    Family("SAW", "Hand saw 500 mm", "standard", (560, 140, 30), 560, 1990, (_plain("FIN:fine", "COA:coarse"),)),
    Family("SDR", "Screwdriver", "standard", (230, 38, 38), 120, 690, (THREE_SIZES, _plain("PH:PH", "TX:Torx"))),
    Family("CLP", "Bar clamp", "standard", (520, 110, 40), 940, 1590, (THREE_SIZES,)),
    Family("DRV", "Cordless drill driver 18 V", "high_value", (330, 280, 110), 2450, 13990, (COLOURS,)),
    Family("LVL", "Spirit level", "standard", (640, 60, 28), 480, 1890, (THREE_SIZES,)),
    Family("GLV", "Work gloves", "standard", (250, 120, 20), 95, 590, (THREE_SIZES, COLOURS)),
    Family("BOX", "Tool box", "bulky", (480, 240, 220), 1900, 2990, (THREE_SIZES,)),
    Family("LAD", "Step ladder", "bulky", (1620, 460, 130), 5200, 5990, (_plain("3ST:3 steps", "5ST:5 steps"),)),
    # paint and chemicals
    Family("PNT", "Wall paint", "standard", (110, 110, 130), 1080, 1690, (LITRES, PAINTS)),
    Family("VRN", "Solvent varnish", "flammable", (100, 100, 120), 820, 1990, (LITRES, WOODS)),
    Family("SPR", "Spray paint 400 ml", "flammable", (66, 66, 200), 390, 990, (PAINTS,)),
    Family("THN", "White spirit", "flammable", (100, 70, 210), 690, 590, (LITRES,)),
    Family("BRS", "Paint brush", "standard", (260, 70, 20), 85, 490, (THREE_SIZES,)),
    # garden and outdoor
    Family("SPD", "Garden spade", "bulky", (1150, 190, 110), 2100, 3490, (WOODS,)),
    Family("TRW", "Hand trowel", "standard", (310, 80, 50), 260, 990, (WOODS,)),
    Family("PLN", "Terracotta planter", "fragile", (240, 240, 220), 2300, 1490, (THREE_SIZES,)),
    Family(
        "HSE",
        "Garden hose 20 m",
        "bulky",
        (380, 380, 140),
        2850,
        2990,
        (_plain("12:1/2 inch", "34:3/4 inch"),),
    ),
    Family("CAN", "Watering can", "bulky", (420, 180, 330), 940, 1990, (SMALL_LARGE, COLOURS)),
    Family("TNT", "Tunnel tent", "bulky", (620, 220, 220), 4200, 18990, (_plain("2P:2 persons", "4P:4 persons"),)),
    Family("SLB", "Sleeping bag", "bulky", (380, 230, 230), 1450, 7990, (SMALL_LARGE, COLOURS)),
    Family(
        "STV",
        "Gas stove",
        "high_value",
        (130, 110, 90),
        420,
        4990,
        (_plain("1B:one burner", "2B:two burners"),),
    ),
    Family("GAS", "Gas cartridge", "flammable", (110, 110, 95), 380, 690, (_plain("230:230 g", "450:450 g"),)),
    Family("ENM", "Enamel camping mug", "standard", (115, 90, 85), 130, 690, (COLOURS, SMALL_LARGE)),
    Family("RUK", "Rucksack", "standard", (480, 280, 120), 890, 6990, (THREE_SIZES, COLOURS)),
    Family("TRP", "Tarpaulin", "standard", (310, 220, 70), 980, 1690, (THREE_SIZES, COLOURS)),
    Family("RPE", "Utility rope 20 m", "standard", (220, 160, 70), 560, 1290, (COLOURS,)),
)


def catalogue() -> tuple[Product, ...]:
    """Every variant of every family, with SKU, GTIN, size, weight and price."""
    variants = ((family, choices) for family in FAMILIES for choices in combinations(*family.axes))
    return tuple(_product(number, *variant) for number, variant in enumerate(variants, start=1))


def _product(number: int, family: Family, choices: tuple[Choice, ...]) -> Product:
    size, cost = prod(choice.size for choice in choices), prod(choice.cost for choice in choices)
    return Product(
        sku="-".join((family.code, *(choice.code for choice in choices))),
        name=", ".join((family.name, *(choice.label for choice in choices))),
        gtin=internal_gtin(number),
        dimensions=Dimensions(*_stretched(family.size_mm, size)),
        weight_g=max(5, round(family.weight_g * size / 5) * 5),
        price=Money(_retail(family.price * cost), CURRENCY),
        storage_class=family.storage_class,
        tracking=TRACKING.get(family.code, "none"),
        packaging=(Packaging("case", case_gtin(number), CASE_UNITS),),
        velocity="A" if family.code in FAST_FAMILIES else "C" if family.code in SLOW_FAMILIES else "B",
        category=family.code,
    )


def internal_gtin(number: int) -> str:
    """The wholesaler's own GTIN-13 for its article `number`."""
    digits = f"{GTIN_PREFIX}{number:09d}"
    return f"{digits}{check_digit(digits)}"


def case_gtin(number: int) -> str:
    """The GTIN-14 of a case of article `number`: indicator 1 before the digits of the single unit."""
    digits = f"1{GTIN_PREFIX}{number:09d}"
    return f"{digits}{check_digit(digits)}"


def _stretched(size_mm: tuple[int, int, int], volume: float) -> Iterator[int]:
    return (round(side * volume ** (1 / 3)) for side in size_mm)


def _retail(cents: float) -> int:
    """The nearest price that ends in 50 or 90 cents, as price lists have it."""
    halves = round(cents / 50)
    return halves * 50 if halves % 2 else halves * 50 - 10
