"""What inventory's commands begin with: where things stand, what is known of products and lots, room taken ahead.

Everything here is read strongly consistent, and only read, except for the room that is taken.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec import structs

from inventory.aggregates import HOLDING, LOCATION, LOT, PRODUCT
from inventory.contracts import Capacity
from inventory.domain.holding import Holding, is_container
from inventory.domain.location import Location
from inventory.domain.lot import Lot, RegisterLot
from inventory.domain.movement import Changed, TakeSpace
from inventory.domain.outbound import Recall
from inventory.domain.product import Product
from inventory.domain.room import Load, Rules
from inventory.stock_contracts import Goods
from shared import clock, ids
from shared.decider import ATTEMPTS, Command, Contended, execute
from shared.event_store import Stream
from shared.events import CommandMetadata
from shared.rejection import Conflict, Rejection, Unprocessable
from shared.resources import history

DAY = slice(0, 10)


@dataclass(frozen=True, slots=True)
class Standing:
    """A holding and what its commands need to know: its warehouse, its rules (None: nobody counts its room).

    `books` are read only for containers.
    """

    id: str
    warehouse: str
    rules: Rules | None = None
    books: Stream[Holding] | None = None

    @property
    def place(self) -> str:
        """Where a container stands."""
        return self.books.state.place if self.books else ""


def today(at: str) -> str:
    """The day (UTC) of a time."""
    return at[DAY]


def now() -> str:
    """This moment."""
    return clock.iso(clock.now())


def part(metadata: CommandMetadata, name: str) -> CommandMetadata:
    """The metadata of a further command of the same request, on a stream that may get several of them."""
    return structs.replace(metadata, command_id=f"{metadata.command_id}/{name}")


def books(holding: str) -> Stream[Holding]:
    """What lies in a holding."""
    return history().load(HOLDING, HOLDING.stream_id(holding))


def find(holding: str, field: str = "location") -> Standing:
    """The location or container of that id. Raises Unprocessable naming `field` when there is none."""
    if is_container(holding):
        stream = books(holding)
        if not stream.state.kind:
            raise Unprocessable(
                f"There is no handling unit {holding!r}.",
                field=field,
                value=holding,
                remedy="Create it first: POST /inventory/handling-units.",
                code="unknown-handling-unit",
            )
        return Standing(holding, stream.state.warehouse, books=stream)
    location = history().load(LOCATION, LOCATION.stream_id(holding)).state
    if not location.location:
        raise Unprocessable(
            f"There is no location {holding!r}.",
            field=field,
            value=holding,
            remedy="Register it first: PUT /inventory/locations/{id}.",
            code="unknown-location",
        )
    rules = Rules(location.capacity or Capacity(), location.mixing, location.storage_classes)
    return Standing(holding, location.warehouse, None if location.is_floor else rules)


def location_of(holding: str) -> Location | None:
    """What is known of a location; None when there is none of that id."""
    location = history().load(LOCATION, LOCATION.stream_id(holding)).state
    return location if location.location else None


def product_of(sku: str, field: str = "sku") -> Product:
    """What is known of a product. Raises Unprocessable naming `field` when it is not registered."""
    product = history().load(PRODUCT, PRODUCT.stream_id(sku)).state
    if not product.sku:
        raise Unprocessable(
            f"There is no product {sku!r}.",
            field=field,
            value=sku,
            remedy="Register it first: PUT /inventory/products/{sku}.",
            code="unknown-sku",
        )
    return product


def measured(goods: Goods, product: Product) -> Goods:
    """`goods` with what the catalogue says of one unit."""
    size = product.dimensions
    return structs.replace(
        goods,
        volume_mm3=size.length_mm * size.width_mm * size.height_mm if size else 0,
        weight_g=product.weight_g or 0,
        storage_class=product.storage_class,
    )


def require_tracking(goods: Goods, product: Product, at: str = "") -> None:
    """Raise Unprocessable where `goods` lack what the product is tracked by, or name what it is not."""
    tracking = product.tracking
    needs = {
        "lot": tracking in ("lot", "lot_expiry"),
        "serials": tracking == "serial",
    }
    given = {"lot": goods.lot, "expires_on": goods.expires_on, "serials": goods.serials}
    for name, needed in needs.items():
        if needed and not given[name]:
            raise Unprocessable(
                f"{product.sku} is tracked by {_TRACKED_BY[tracking]}; {name} is missing.",
                field=f"{at}{name}",
                remedy="Scan the label, or read it: " + _TRACKED_BY[tracking] + ".",
                code=f"{name.rstrip('s')}-required",
            )
    allowed = {"none": (), "lot": ("lot", "expires_on"), "lot_expiry": ("lot", "expires_on")}.get(
        tracking, ("lot", "expires_on", "serials")
    )
    for name, value in given.items():
        if value and name not in allowed:
            raise Unprocessable(
                f"{product.sku} is tracked by {_TRACKED_BY[tracking]}; {name} means nothing for it.",
                field=f"{at}{name}",
                value=value if isinstance(value, str) else ", ".join(value[:10]),
                remedy=f"Leave {name} out.",
                code=f"{name.rstrip('s')}-not-tracked",
            )
    if tracking == "serial" and len(goods.serials) != goods.units:
        raise Unprocessable(
            f"{len(goods.serials)} serial numbers do not name {goods.units} units.",
            field=f"{at}serials",
            value=goods.units,
            remedy="Send one serial number for each unit.",
            code="serials-and-units-differ",
        )


_TRACKED_BY = {
    "none": "quantity alone",
    "lot": "lot",
    "lot_expiry": "lot and expiry date",
    "serial": "serial number",
}


def lot_of(sku: str, lot: str) -> Lot:
    """What is known of a lot."""
    return history().load(LOT, LOT.stream_id(sku, lot)).state


def registered(
    goods: Goods, product: Product, command: RegisterLot, metadata: CommandMetadata, at: str = ""
) -> Goods:
    """`goods` as their lot says: its expiry date, and quarantine where it is blocked. Registers a lot that is new.

    Raises Unprocessable where the expiry date is needed and nobody knows it, Conflict for another than the lot's.
    """
    known = lot_of(command.sku, command.lot)
    if not known.expires_on and not command.expires_on and product.tracking == "lot_expiry":
        raise Unprocessable(
            f"{command.sku} is tracked by lot and expiry date, and nobody knows when {command.lot} expires.",
            field=f"{at}expires_on",
            remedy="Send the date on the label.",
            code="expires_on-required",
        )
    if not known.lot or (command.expires_on and command.expires_on != known.expires_on):
        stream_id = LOT.stream_id(command.sku, command.lot)
        try:
            known = execute(history(), LOT, stream_id, Command(command, part(metadata, "lot"))).stream.state
        except Rejection as rejection:
            rejection.field = f"{at}{rejection.field}"
            raise
    blocked = known.blocked and goods.status == "available"
    return structs.replace(
        goods,
        expires_on=known.expires_on or goods.expires_on,
        status="quarantine" if blocked else goods.status,
    )


def noted(goods: Goods, command: RegisterLot, metadata: CommandMetadata) -> tuple[Goods, bool]:
    """Like `registered`, for goods that are here whatever their label says: the lot's own expiry date counts.

    And whether the lot is recalled.
    """
    known = lot_of(command.sku, command.lot)
    if not known.lot:
        stream_id = LOT.stream_id(command.sku, command.lot)
        registering = Command(command, part(metadata, f"lot/{command.sku}/{command.lot}"))
        try:
            known = execute(history(), LOT, stream_id, registering).stream.state
        except Conflict:
            known = lot_of(command.sku, command.lot)
    blocked = known.blocked and goods.status == "available"
    described = structs.replace(
        goods,
        expires_on=known.expires_on or goods.expires_on,
        status="quarantine" if blocked else goods.status,
    )
    return described, known.blocked


def blocked_among(goods: Iterable[Goods]) -> tuple[tuple[str, str], ...]:
    """The (SKU, lot) of available `goods` that are recalled."""
    lots = {(one.sku, one.lot) for one in goods if one.lot and one.status == "available"}
    return tuple(sorted((sku, lot) for sku, lot in lots if lot_of(sku, lot).blocked))


def recalls_among(goods: Iterable[Goods]) -> tuple[Recall, ...]:
    """The recalls of lots of `goods`, whatever their status."""
    lots = sorted({(one.sku, one.lot) for one in goods if one.lot})
    known = ((sku, number, lot_of(sku, number)) for sku, number in lots)
    return tuple(Recall(sku, number, lot.reason) for sku, number, lot in known if lot.blocked)


def make_room(
    where: Standing,
    load: Load,
    claim: str,
    metadata: CommandMetadata,
    *,
    origin: str = "",
    inside: bool = True,
    handling_units: int = 0,
    recorded_in: str | None = None,
) -> None:
    """Take room for `load` in `where`, and in all that it stands on, from the outermost inwards.

    Room is counted in racks, and on containers, because they may stand in a rack a moment later. `inside` False:
    only in what `where` stands on, because the load itself is recorded by the same command. `handling_units` is 1
    for a handling unit. Raises Conflict where there is no room, Contended when the containers do not stand still.
    With the warehouse `recorded_in` the load has come already: then what has no room is told of, not refused.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            where = find(where.id)
        path = list(_path(where))
        try:
            for index in reversed(range(0 if inside else 1, len(path))):
                unit = path[index - 1].id if index else ""
                _take(
                    path[index],
                    unit,
                    load,
                    claim,
                    metadata,
                    origin,
                    0 if index else handling_units,
                    recorded_in,
                )
        except Changed:
            continue
        return
    raise Contended(f"{where.id} was moved {ATTEMPTS} times while room was taken.", remedy="Send it again.")


def _path(where: Standing) -> Iterator[Standing]:
    """A holding, what it stands on, and so on to the place on the ground."""
    yield where
    while where.place:
        where = find(where.place)
        yield where


def _take(
    holder: Standing,
    unit: str,
    load: Load,
    claim: str,
    metadata: CommandMetadata,
    origin: str,
    handling_units: int,
    recorded_in: str | None,
) -> None:
    if holder.books is None and holder.rules is None:
        return
    command = TakeSpace(
        holding=holder.id,
        claim=claim,
        load=load,
        at=now(),
        unit=unit,
        origin="" if unit else origin,
        rules=holder.rules,
        standing_at=holder.place if holder.books else None,
        handling_units=handling_units,
        recorded_in=recorded_in,
    )
    execute(
        history(),
        HOLDING,
        HOLDING.stream_id(holder.id),
        Command(command, part(metadata, f"space/{ids.random_hex(16)}")),
    )


def require_warehouse(standing: Standing, warehouse: str, field: str) -> None:
    """Raise Conflict where `standing` is not in `warehouse`."""
    if standing.warehouse != warehouse:
        raise Conflict(
            f"{standing.id} is in {f'warehouse {standing.warehouse}' if standing.warehouse else 'transit'}, "
            f"the goods are in {warehouse}.",
            field=field,
            value=standing.id,
            remedy="Send them by a transfer: POST /inventory/stock/transfers.",
            code="other-warehouse",
        )
