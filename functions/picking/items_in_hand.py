"""Items in hand: what packers scan and count, by SKU and base units."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from picking.domain.labels import Label
from picking.domain.packing import Scan
from picking.reference import Article
from picking.scanned import read_label
from shared import clock
from shared.codes import LONGEST_CODE
from shared.codes.problems import Unreadable
from shared.gs1 import SSCC_LENGTH
from shared.identifiers import LotNumber, SerialNumber, Sku
from shared.quantity import Quantity
from shared.rejection import Rejection, Unprocessable, one_refusal

SERIAL = "serial"

Scanned = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_CODE,
        description="What the scanner read: the GTIN of a unit or of a pack, alone or with lot, expiry and serial "
        "(an element string or a Digital Link); or the SKU.",
        examples=["4006381333931", "]d201040063813339312112345"],
    ),
]


CartonCode = Annotated[
    str,
    Meta(
        pattern=r"^(\](C1|d2|Q3|J1|e0))?(\(00\)|00)?\d{18}$",
        description="A carton's SSCC, or its label as a scanner reads it.",
        examples=["906141410000000015", "]C100906141410000000015"],
    ),
]


class ItemInHand(Struct, frozen=True, forbid_unknown_fields=True):
    """Units that a packer holds: a scanned `code` or a `sku`; `units` in the product's base unit.

    Of a pack's GTIN there are `count` packs; where `units` are said of it, they are whole packs. Left out, there
    is one unit, one pack, or as many as there are serials. The lot has to be said when several lots of the product
    were picked, the serials when it has any; what the code says of them needs not be said again.
    """

    code: Scanned | None = None
    sku: Sku | None = None
    units: Quantity | None = None
    count: Quantity | None = None
    lot: LotNumber | None = None
    serials: Annotated[tuple[SerialNumber, ...], Meta(max_length=5_000)] = ()


def scans(items: Sequence[ItemInHand], known: Mapping[str, Article], where: str) -> tuple[Scan, ...]:
    """The items by SKU and base units; `known` are the products that they can be.

    Raises Unprocessable naming each that is none of those, or that nobody can make out.
    """
    packs = {pack.gtin: (sku, pack.units) for sku, article in known.items() for pack in article.packs}
    found: list[Scan] = []
    problems: list[Rejection] = []
    for index, item in enumerate(items):
        try:
            found.append(_scan(item, f"{where}[{index}]", known, packs))
        except Rejection as problem:
            problems.append(problem)
    if problems:
        raise one_refusal(problems)
    return tuple(found)


def _scan(
    item: ItemInHand, field: str, known: Mapping[str, Article], packs: Mapping[str, tuple[str, int]]
) -> Scan:
    label = _label(item.code, field) if item.code and item.code not in known else None
    sku, per_pack = item.code or item.sku or "", 1
    if label is not None:
        sku, per_pack = _product(label, item, field, packs)
    if not sku:
        raise Unprocessable(
            "The item names no product.",
            field=field,
            remedy="Send a scanned code, or a sku.",
            code="product-missing",
        )
    if item.sku and item.sku != sku:
        raise Unprocessable(
            f"{item.code} is {sku}, not {item.sku}.",
            field=f"{field}.code",
            value=item.code,
            remedy="Lay it aside, or leave the sku out.",
            code="wrong-item",
        )
    if item.units and item.units % per_pack:
        raise Unprocessable(
            f"What was scanned is a pack of {per_pack} units; {item.units} are no whole packs.",
            field=f"{field}.code",
            value=item.code,
            remedy="Scan one of the units, or enter the SKU.",
            code="wrong-pack",
        )
    lot, serials = item.lot, item.serials
    if label is not None:
        _require_agreement(label, item, field)
        lot = lot or label.lot
        serials = serials or ((label.serial,) if label.serial and known[sku].tracking == SERIAL else ())
    number = item.count or (label.count if label else None) or max(1, len(serials))
    return Scan(sku, item.units or per_pack * number, field, lot, serials, label.expires_on if label else None)


def _label(code: str, field: str) -> Label | None:
    try:
        return read_label(code, clock.now().date())
    except Unreadable as problem:
        raise Unprocessable(
            f"The code cannot be read: {problem.detail}",
            field=f"{field}.code",
            value=code,
            remedy="Scan it again; where the label is wrong or damaged, enter the SKU, and the lot and serials.",
            code="unreadable-code",
        ) from problem


def _product(label: Label, item: ItemInHand, field: str, packs: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """The SKU and the base units of what the label names."""
    if label.gtin is None or label.gtin not in packs:
        named = f"the GTIN {label.gtin}" if label.gtin else f"the SSCC {label.sscc}"
        raise Unprocessable(
            f"Nothing with {named} was picked for this order.",
            field=f"{field}.code",
            value=item.code,
            remedy="Lay it aside: it belongs to another order, or back to its place. Where its product has no "
            "GTIN yet, enter the SKU."
            if label.gtin
            else "Scan the product, not what it stands on.",
            code="wrong-item",
        )
    return packs[label.gtin]


def _require_agreement(label: Label, item: ItemInHand, field: str) -> None:
    """What was entered is what the code says."""
    if label.lot and item.lot and label.lot != item.lot:
        raise Unprocessable(
            f"The code says lot {label.lot}, and lot {item.lot} was entered.",
            field=f"{field}.code",
            value=item.code,
            remedy="Leave the lot out: the code holds it.",
            code="wrong-lot",
        )
    if label.serial and item.serials and label.serial not in item.serials:
        raise Unprocessable(
            f"The code says serial {label.serial}, which is not among those entered.",
            field=f"{field}.code",
            value=item.code,
            remedy="Scan the serial of each unit, or leave them out: the code holds one.",
            code="wrong-serial",
        )


def carton_of(code: str) -> str:
    """The SSCC that a carton's label says."""
    return code[-SSCC_LENGTH:]
