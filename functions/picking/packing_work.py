"""What packing looks up before it decides: which carton it is, and which product a code stands for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from picking.domain.carton_range import CartonKind
from picking.domain.packing import Packing, Scan, Traits
from picking.packing_aggregates import CARTON_RANGE, PACKING
from picking.reference import PACKING_PLACE, Article, places
from shared.decider import Command, Outcome, execute
from shared.gs1 import GTIN_LENGTHS, as_gtin14, has_valid_check_digit
from shared.http_edge import Request
from shared.identifiers import LotNumber, SerialNumber, Sku
from shared.quantity import Quantity
from shared.rejection import Rejection, Unprocessable
from shared.resources import history

HAZARD = "hazmat"
"""Products of this storage class, and of those whose name begins with it, share a carton only with their own."""

Scanned = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="What the scanner read: the GTIN of a unit or of a pack, or the SKU.",
        examples=["4006381333931"],
    ),
]


class ItemInHand(Struct, frozen=True, forbid_unknown_fields=True):
    """Units that a packer holds: a scanned `code` or a `sku`; `units` in the product's base unit.

    Of a pack's GTIN there are `count` packs. Left out, there is one unit, one pack, or as many as there are
    serials. The lot has to be said when several lots of the product were picked, the serials when it has any.
    """

    code: Scanned | None = None
    sku: Sku | None = None
    units: Quantity | None = None
    count: Quantity | None = None
    lot: LotNumber | None = None
    serials: Annotated[tuple[SerialNumber, ...], Meta(max_length=5_000)] = ()


class _Answered(Struct, frozen=True):
    """Stands for a command that the stream has answered already."""


def decided(request: Request, order_id: str, make: Callable[[Packing], Struct]) -> Outcome[Packing]:
    """What becomes of the command that `make` makes; a repeated request gets its first answer, unmade."""
    stream_id = PACKING.stream_id(order_id)
    stream = history().load(PACKING, stream_id)
    if request.metadata.command_id in stream.handled:
        return execute(history(), PACKING, stream_id, request.command(_Answered()))
    command = Command(make(stream.state), request.metadata)
    return execute(history(), PACKING, stream_id, command, known=stream)


def carton_kind(id: str, warehouse: str, field: str) -> CartonKind:
    """The kind of carton. Raises Unprocessable naming those that there are."""
    kinds = carton_kinds(warehouse)
    kind = next((kind for kind in kinds if kind.id == id), None)
    if kind is None:
        raise Unprocessable(
            f"Warehouse {warehouse} has no carton {id!r}; it has "
            f"{', '.join(kind.id for kind in kinds) or 'none'}.",
            field=field,
            value=id,
            remedy="Take one of those, or describe it: PUT /picking/carton-types/{id}.",
            code="unknown-carton-type",
        )
    return kind


def carton_kinds(warehouse: str) -> list[CartonKind]:
    """The kinds of carton that a warehouse packs into, by id."""
    kinds = history().load(CARTON_RANGE, CARTON_RANGE.stream_id(warehouse)).state.kinds
    return [kinds[id] for id in sorted(kinds) if kinds[id].active]


def require_packing_place(location: str | None, warehouse: str) -> None:
    """Raises Unprocessable when nothing is packed there."""
    if location is None:
        return
    place = places([location]).get(location)
    if place is None or (place.kind, place.warehouse) != (PACKING_PLACE, warehouse):
        raise Unprocessable(
            f"{location} is no packing place of warehouse {warehouse}"
            + (f", but {place.kind} in {place.warehouse}." if place else "."),
            field="packing_location",
            value=location,
            remedy="Name a location of the kind packing, or leave it out.",
            code="no-place-to-pack",
        )


def traits_of(known: Mapping[str, Article]) -> dict[str, Traits]:
    """What packing has to know of products, as far as inventory has told."""
    return {sku: Traits(article.weight_g, hazard_of(article)) for sku, article in known.items()}


def hazard_of(article: Article) -> str | None:
    """Its hazard class, if it has one."""
    own = article.storage_class or ""
    return own if own.startswith(HAZARD) else None


def scans(items: Sequence[ItemInHand], known: Mapping[str, Article], where: str) -> tuple[Scan, ...]:
    """The items by SKU and base units; `known` are the products that they can be.

    Raises Unprocessable naming each that is none of those, or that nobody can make out.
    """
    packs = {pack.gtin: (sku, pack.units) for sku, article in known.items() for pack in article.packs}
    found: list[Scan] = []
    problems: list[Rejection] = []
    for index, item in enumerate(items):
        try:
            found.append(_scan(item, f"{where}[{index}]", packs))
        except Rejection as problem:
            problems.append(problem)
    if problems:
        first = problems[0]
        raise Unprocessable(
            first.message,
            field=first.field,
            value=first.value,
            remedy=first.remedy,
            code=first.code,
            further=tuple(problems[1:]),
        )
    return tuple(found)


def _scan(item: ItemInHand, field: str, packs: Mapping[str, tuple[str, int]]) -> Scan:
    sku, per_pack = item.code or item.sku or "", 1
    if item.code and _is_gtin(item.code):
        if as_gtin14(item.code) not in packs:
            raise Unprocessable(
                f"Nothing with the GTIN {item.code} was picked for this order.",
                field=f"{field}.code",
                value=item.code,
                remedy="Lay it aside: it belongs to another order, or back to its place. Where its product has no "
                "GTIN yet, enter the SKU.",
                code="wrong-item",
            )
        sku, per_pack = packs[as_gtin14(item.code)]
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
    units = item.units or per_pack * (item.count or max(1, len(item.serials)))
    return Scan(sku, units, field, item.lot, item.serials)


def _is_gtin(code: str) -> bool:
    return len(code) in GTIN_LENGTHS and has_valid_check_digit(code)
