"""What packing looks up before it decides: which carton it is, where it is packed, what its products are like."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from picking.domain.carton_range import CartonKind
from picking.domain.packing import Packing, Traits
from picking.packing_aggregates import CARTON_RANGE, PACKING
from picking.reference import PACKING_PLACE, Article, places
from shared.decider import Command, Outcome, execute
from shared.http_edge import Request
from shared.rejection import Unprocessable
from shared.resources import history

FRAGILE = "fragile"
"""Products of this storage class lie on top."""

HAZARD = "hazmat"
"""Products of this storage class, and of those whose name begins with it, share a carton only with their own."""


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
    return {
        sku: Traits(article.weight_g, hazard_of(article), is_fragile(article)) for sku, article in known.items()
    }


def is_fragile(article: Article) -> bool:
    """Whether nothing heavy may lie on it."""
    return article.fragile or article.storage_class == FRAGILE


def hazard_of(article: Article) -> str | None:
    """Its hazard class, if it has one."""
    own = article.storage_class or ""
    return own if own.startswith(HAZARD) else None
