"""What lists say of stock and places: candidates for allocation and put-away, a moment behind the holdings."""

from collections.abc import Iterable

from msgspec import Struct

from inventory.domain.location import Location
from inventory.domain.picks import Candidate
from inventory.holding_views import BY_SKU, HoldingView, StockInHolding, holding_key
from inventory.standing import parts_in, standings
from inventory.views import BY_KIND, LOCATIONS
from shared.resources import views

PARTS_AT_ONCE = 100
PLACES_AT_ONCE = 100
PAGES_AT_MOST = 5
"""Of a product that lies in more places than these pages hold, the first ones are looked at."""
NOT_FOR_ORDERS = frozenset({"quarantine"})


def candidates(warehouse: str, skus: Iterable[str]) -> list[Candidate]:
    """Free units of products in a warehouse that can be sold, wherever they stand."""
    parts = [part for sku in skus for part in stocked(warehouse, sku)]
    known = holdings_of(part.holding for part in parts)
    at = standings((part.holding for part in parts), known)
    places = places_of(standing.location for standing in at.values() if standing.location)
    return [
        Candidate(
            holding=part.holding,
            sku=part.sku,
            free=batch.units - batch.allocated,
            place=location,
            zone=places[location].zone,
            lot=part.lot or None,
            expires_on=batch.expires_on,
            received_at=batch.received_at or None,
            unit_total=known[part.holding].units if at[part.holding].kind == "handling_unit" else 0,
        )
        for part in parts
        if (location := at[part.holding].location) in places and part.holding in known
        for batch in part.batches
        if batch.status == "available" and not batch.inspection_id and batch.units > batch.allocated
        if location is not None and places[location].kind not in NOT_FOR_ORDERS
    ]


def stocked(warehouse: str, sku: str) -> list[StockInHolding]:
    """What holdings of a warehouse have of a product."""
    found: list[StockInHolding] = []
    after: str | None = None
    for _ in range(PAGES_AT_MOST):
        page = parts_in(BY_SKU, ("stocked", f"{warehouse}#{sku}"), after, PARTS_AT_ONCE)
        found += page.parts
        after = page.next
        if after is None:
            break
    return found


def holdings_of(holdings: Iterable[str]) -> dict[str, HoldingView]:
    """The documents of holdings."""
    found = views().documents(HoldingView, [holding_key(holding) for holding in dict.fromkeys(holdings)])
    return {view.holding: view for view in found.values()}


def places_of(locations: Iterable[str]) -> dict[str, Location]:
    """The documents of locations."""
    found = views().documents(Location, [(LOCATIONS, location) for location in dict.fromkeys(locations)])
    return {place.location: place for place in found.values()}


class PlacesPage(Struct, frozen=True):
    """Some places of one kind; `next` is the sort key behind which more follow (None: there are no more)."""

    places: list[Location]
    next: str | None


def places_by_kind(warehouse: str, kind: str, after: str | None, *, descending: bool) -> PlacesPage:
    """Places of a warehouse and kind, from the warehouse's origin outwards (or the other way)."""
    page = views().list(
        Location,
        ("places", f"{warehouse}#{kind}"),
        "reached",
        index=BY_KIND,
        after=after,
        descending=descending,
        limit=PLACES_AT_ONCE,
    )
    return PlacesPage([place for _, place in page.items], page.next)
