"""Transfers: goods that leave one warehouse for another, are in transit, and arrive."""

from typing import Annotated

from msgspec import Meta, Struct

from inventory import ground
from inventory.aggregates import HOLDING, TRANSFER
from inventory.domain.holding import is_unit
from inventory.domain.movement import DepartStock, SendContainer
from inventory.domain.stock import Wanted
from inventory.domain.transfer import ArriveTransfer, Transfer, require_another_warehouse
from inventory.measures import Text
from inventory.moving import depart
from inventory.stock_contracts import ContainerDeparted, StockDeparted
from inventory.travelling import land, record_loose, record_unit
from shared.decider import Command, execute
from shared.events import CommandMetadata
from shared.http_edge import Api, Request, Response
from shared.identifiers import HoldingId, LocationId, OrderId, Timestamp, WarehouseCode
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable
from shared.resources import history

handler = Api()


class NewTransfer(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent where: loose `goods` from a location or unit, or (without any) the handling unit itself.

    `arrive_at`: a place on the floor of the other warehouse where they arrive at once.
    """

    location: HoldingId
    destination: WarehouseCode
    goods: Annotated[tuple[Wanted, ...], Meta(max_length=200)] = ()
    arrive_at: LocationId | None = None
    reference: Text | None = None
    occurred_at: Timestamp | None = None


class TransferArrival(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the goods stand now: a dock, staging or packing place of the warehouse that they were sent to."""

    location: LocationId
    occurred_at: Timestamp | None = None


@handler.route(
    "POST",
    "/inventory/stock/transfers",
    scope="inventory/write",
    returns=(201, Transfer),
    rejects=(Conflict, NotFound, Unprocessable),
)
def send(request: Request, body: NewTransfer) -> Response:
    """Send goods to another warehouse. Until they arrive, no warehouse counts with them."""
    at = body.occurred_at or ground.now()
    if body.arrive_at is not None:
        _require_floor(body.arrive_at, "arrive_at", body.destination)
    transfer_id = request.created_id()
    source = ground.find(body.location)
    books = source.books or ground.books(body.location)
    handled = request.metadata.command_id in books.handled
    if not handled:
        require_another_warehouse(source.warehouse, body.destination)
    if body.goods:
        leaving = DepartStock(
            holding=body.location,
            warehouse=source.warehouse,
            destination=transfer_id,
            wanted=body.goods,
            occurred_at=at,
            to_warehouse=body.destination,
            reason=body.reference,
        )
        departed = depart(leaving, request.metadata)
        [goods] = (event for event in departed.events if isinstance(event, StockDeparted))
        outcome = record_loose(goods, ground.part(request.metadata, "transfer"))
        replayed = departed.repeated
    else:
        if not is_unit(body.location):
            raise Unprocessable(
                f"{body.location} is a place: it does not travel.",
                field="goods",
                remedy="Say which goods, or send the SSCC of a handling unit.",
                code="goods-required",
            )
        sending = SendContainer(body.location, source.warehouse, body.destination, transfer_id, at)
        sent = execute(history(), HOLDING, books.id, request.command(sending))
        [unit] = (event for event in sent.events if isinstance(event, ContainerDeparted))
        outcome = record_unit(unit, ground.part(request.metadata, "transfer"))
        replayed = sent.repeated
    transfer = outcome.stream.state
    if body.arrive_at is not None:
        transfer = _arrived(transfer_id, body.arrive_at, at, ground.part(request.metadata, "arrived"))
    return Response(201, transfer, replayed=replayed)


@handler.route(
    "POST",
    "/inventory/stock/transfers/{id}/arrival",
    scope="inventory/write",
    returns=(200, Transfer),
    rejects=(Conflict, NotFound, Unprocessable),
)
def arrive(request: Request, id: OrderId, body: TransferArrival) -> Response:
    """Note that a transfer has arrived: its goods are in stock there from now on."""
    transfer = _arrived(id, body.location, body.occurred_at or ground.now(), request.metadata)
    return Response(200, transfer)


def _arrived(transfer_id: str, location: str, at: str, metadata: CommandMetadata) -> Transfer:
    place = _require_floor(location, "location", None)
    command = ArriveTransfer(transfer_id, place, location, at)
    outcome = execute(history(), TRANSFER, TRANSFER.stream_id(transfer_id), Command(command, metadata))
    transfer = outcome.stream.state
    land(transfer, metadata)
    return transfer


def _require_floor(location: str, field: str, warehouse: str | None) -> str:
    """The warehouse of a place on the floor. Raises a rejection naming `field` for any other."""
    standing = ground.find(location, field)
    if standing.books is not None or standing.rules is not None:
        raise Unprocessable(
            f"{location} is no place on the floor.",
            field=field,
            value=location,
            remedy="Let the goods arrive at a dock, staging or packing place, and put them away from there.",
            code="not-on-the-floor",
        )
    if warehouse is not None and standing.warehouse != warehouse:
        raise _elsewhere(standing, field, warehouse)
    return standing.warehouse


def _elsewhere(standing: ground.Standing, field: str, warehouse: str) -> Rejection:
    return Conflict(
        f"{standing.id} is in {standing.warehouse}, not in {warehouse}.",
        field=field,
        value=standing.id,
        remedy=f"Name a place in {warehouse}.",
        code="other-warehouse",
    )
