"""Where holdings stand, and what is in them: what several queries of stock have in common."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from inventory.domain import CATALOG
from inventory.holding_views import (
    BY_PLACE,
    HOLDINGS,
    PART_PREFIX,
    STATUSES,
    Batch,
    HoldingKind,
    HoldingView,
    StockInHolding,
    holding_key,
)
from shared.projection import as_it_is
from shared.resources import history, views

DEEPEST_NESTING = 5
"""A handling unit stands on one of a higher rank (carton, tote, pallet, trailer), and the last one in a place."""


class HoldingStock(Struct, frozen=True, omit_defaults=True):
    """What one holding has of a product (of one lot), by status, and where the holding stands."""

    holding: str
    statuses: dict[str, int]
    at: "Standing"
    lot: str | None = None
    expires_on: str | None = None
    allocated: int = 0


class Content(Struct, frozen=True, omit_defaults=True):
    """Units of one product that are alike, in one holding."""

    sku: str
    status: str
    units: int
    lot: str | None = None
    allocated: int = 0
    expires_on: str | None = None
    inspection_id: str | None = None
    received_at: str | None = None


class PartsPage(Struct, frozen=True):
    """What is in some holdings; `next` is the sort key behind which more follow."""

    parts: list[StockInHolding]
    next: str | None


class Standing(Struct, frozen=True, omit_defaults=True):
    """Where a holding is. `chain` leads from what it stands on to the location; in transit there is none."""

    holding: str
    kind: HoldingKind
    warehouse: str | None = None
    location: str | None = None
    chain: tuple[str, ...] = ()
    type: str | None = None
    in_transit_to: str | None = None
    transfer_id: str | None = None


def exact(holding: str) -> tuple[HoldingView, list[StockInHolding], int]:
    """A holding, what is in it, and its latest commit's number (0: never heard of), exact at this moment."""
    view, parts, version = as_it_is(HOLDINGS, CATALOG, history(), views(), f"Holding#{holding}")
    return view, [part for _, part in sorted(parts.items()) if part.batches], version


def contents(parts: Iterable[StockInHolding]) -> tuple[Content, ...]:
    """Goods as answers tell of them."""
    return tuple(_content(part, batch) for part in parts for batch in part.batches)


def by_holding(parts: Iterable[StockInHolding]) -> list[HoldingStock]:
    """What each holding has, with the place where it stands."""
    parts = list(parts)
    at = standings(part.holding for part in parts)
    return [
        HoldingStock(
            holding=part.holding,
            statuses=part.balances,
            at=at[part.holding],
            lot=part.lot or None,
            expires_on=min((batch.expires_on for batch in part.batches if batch.expires_on), default=None),
            allocated=sum(batch.allocated for batch in part.batches),
        )
        for part in parts
    ]


def _content(part: StockInHolding, batch: Batch) -> Content:
    return Content(
        sku=part.sku,
        status=batch.status,
        units=batch.units,
        lot=part.lot or None,
        allocated=batch.allocated,
        expires_on=batch.expires_on,
        inspection_id=batch.inspection_id,
        received_at=batch.received_at or None,
    )


def standings(holdings: Iterable[str], known: Mapping[str, HoldingView] | None = None) -> dict[str, Standing]:
    """Where each of `holdings` stands: one read for each level of nesting, however many they are."""
    found: dict[str, HoldingView] = dict(known or {})
    asked = list(dict.fromkeys(holdings))
    unread = [holding for holding in asked if holding not in found]
    unread += [view.place for view in found.values() if view.place and view.place not in found]
    for _ in range(DEEPEST_NESTING):
        if not unread:
            break
        documents = views().documents(HoldingView, [holding_key(holding) for holding in dict.fromkeys(unread)])
        found |= {view.holding: view for view in documents.values()}
        unread = [view.place for view in documents.values() if view.place and view.place not in found]
    return {holding: _standing(holding, found) for holding in asked}


def _standing(holding: str, found: Mapping[str, HoldingView]) -> Standing:
    view = found.get(holding) or HoldingView(holding)
    chain: list[str] = []
    top = view
    while top.place and len(chain) < DEEPEST_NESTING:
        chain.append(top.place)
        top = found.get(top.place) or HoldingView(top.place)
    away = top.is_container and not top.warehouse
    return Standing(
        holding=holding,
        kind=view.kind,
        warehouse=None if away else top.warehouse or view.warehouse or None,
        location=None if top.is_container else top.holding,
        chain=tuple(chain),
        type=view.type or None,
        in_transit_to=top.destination or None if away else None,
        transfer_id=top.transfer_id or None if away else None,
    )


def parts_in(index: str, partition: tuple[str, str], after: str | None, limit: int) -> "PartsPage":
    """Up to `limit` parts of an index over what is in stock, in the order of their holdings."""
    page = views().pointers(partition, "held", index, after=after, limit=limit)
    found = views().documents(StockInHolding, [pointer for _, pointer in page.items])
    return PartsPage([found[pointer] for _, pointer in page.items if pointer in found], page.next)


def totals(parts: Iterable[StockInHolding]) -> dict[str, int]:
    """Units by status, zeros left out."""
    units: dict[str, int] = {}
    for part in parts:
        for status, more in part.balances.items():
            units[status] = units.get(status, 0) + more
    return {status: units[status] for status in STATUSES if units.get(status)}


def units_at(place: str, after: str | None = None, limit: int = 200) -> tuple[list[HoldingView], str | None]:
    """Containers that stand right at `place`, by id, and behind which of them more follow."""
    page = views().pointers(("place", place), "unit", BY_PLACE, after=after, limit=limit)
    found = views().documents(HoldingView, [pointer for _, pointer in page.items])
    return [found[pointer] for _, pointer in page.items if pointer in found], page.next


def contents_of(containers: Iterable[str]) -> dict[str, list[StockInHolding]]:
    """What is in each container, as the read model knows it."""
    return {
        container: [
            part
            for part, _ in views().under(f"Holding#{container}", PART_PREFIX, StockInHolding).values()
            if part.batches
        ]
        for container in containers
    }
