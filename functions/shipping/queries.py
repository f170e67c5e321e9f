"""What is known of carriers, shipments and loads. One of them is exact; lists are a moment behind."""

from typing import Literal

from msgspec import Struct

from shared.address import Address
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import OrderId
from shared.journal import HistoryEntry, entries
from shared.money import Money
from shared.rejection import NotFound
from shared.resources import history, views
from shipping.aggregates import CARRIER, LOAD, SHIPMENT
from shipping.contracts import CarrierId, LoadId, ShipmentId
from shipping.domain.carrier import CARRIERS, Carrier
from shipping.domain.load import Form, LoadStatus, RefusedShipment, require_known
from shipping.domain.shipment import Parcel
from shipping.views import LoadSummary, ShipmentView

handler = Api()


class CarrierList(Struct, frozen=True):
    """All carriers, by their ids."""

    items: list[Carrier]


class ShipmentQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which shipments: those of a status that asks for something to be done, and which page of them."""

    status: Literal["requested", "failed", "labelled", "voiding", "partially_dispatched", "exception"] = "labelled"


class OutboundSummary(Struct, frozen=True, omit_defaults=True):
    """A shipment in a list. `stopped` says of cartons why they must not leave, `holds` why none may for now."""

    shipment_id: ShipmentId
    order_id: OrderId
    warehouse: str
    status: str
    received_at: str
    changed_at: str
    cartons: list[Parcel]
    carrier: str = ""
    service: str = ""
    cost: Money | None = None
    failure: str = ""
    stopped: dict[str, str] = {}
    holds: dict[str, str] = {}


class OutboundPage(Struct, frozen=True, omit_defaults=True):
    """Some shipments, those that have waited longest first, and the cursor of the next page if there is one."""

    items: list[OutboundSummary]
    cursor: str | None = None


class OutboundDetails(Struct, frozen=True, omit_defaults=True):
    """A shipment with everything that is known of it.

    `stopped` says of cartons why they must not leave, `holds` why none may for now.
    """

    shipment_id: ShipmentId
    order_id: OrderId
    status: str
    cartons: list[Parcel]
    history: list[HistoryEntry]
    warehouse: str = ""
    ship_to: Address | None = None
    wanted: str | None = None
    reference: str | None = None
    carrier: str = ""
    service: str = ""
    cost: Money | None = None
    labelled_at: str = ""
    failure: str = ""
    permanent: bool = False
    dispatched_at: str = ""
    delivered_at: str = ""
    stopped: dict[str, str] = {}
    holds: dict[str, str] = {}


class LoadQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which loads that have not left yet, and which page of them."""

    status: Literal["open", "dispatching"] = "open"


class LoadPage(Struct, frozen=True, omit_defaults=True):
    """Some loads, the first opened in front, and the cursor of the next page if there is one."""

    items: list[LoadSummary]
    cursor: str | None = None


class CartonsOfLoad(Struct, frozen=True):
    """The cartons of a shipment that are on the load, and those that are not and should be."""

    shipment_id: ShipmentId
    aboard: list[str]
    missing: list[str]


class LoadDetails(Struct, frozen=True, omit_defaults=True):
    """A load with everything that is on it. What is `refused` does not leave with it: it has to come off again.

    `forms` are the pick-up forms of its carrier; `unformed` cartons still wait for one.
    """

    load_id: LoadId
    warehouse: str
    carrier: str
    status: LoadStatus
    opened_at: str
    cartons: int
    missing: int
    shipments: list[CartonsOfLoad]
    door: str | None = None
    vehicle: str | None = None
    dispatched_at: str = ""
    refused: list[RefusedShipment] = []
    unformed: int = 0
    forms: list[Form] = []


@handler.route("GET", "/shipping/carriers", scope="shipping/read", returns=(200, CarrierList))
def list_carriers() -> Response:
    """The carriers that were registered, also those that are not active."""
    found = views().under(*CARRIERS, Carrier)
    return Response(200, CarrierList([found[carrier][0] for carrier in sorted(found)]))


@handler.route(
    "GET", "/shipping/carriers/{id}", scope="shipping/read", returns=(200, Carrier), rejects=(NotFound,)
)
def get_carrier(id: CarrierId) -> Response:
    """One carrier with its zones and rates."""
    stream = history().load(CARRIER, CARRIER.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no carrier {id!r}.",
            field="id",
            value=id,
            remedy="GET /shipping/carriers lists those that there are.",
            code="unknown-carrier",
        )
    return Response(200, stream.state, version=stream.sequence)


@handler.route("GET", "/shipping/shipments", scope="shipping/read", returns=(200, OutboundPage))
def list_shipments(query: ShipmentQuery) -> Response:
    """The shipments about which something is to be done, those that have waited longest first."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    page = views().list(
        ShipmentView, ("open", query.status), "since", index="by_open", after=after, limit=query.limit
    )
    items = [
        OutboundSummary(
            shipment_id=view.shipment_id,
            order_id=view.order_id,
            warehouse=view.warehouse,
            status=view.status,
            received_at=view.received_at,
            changed_at=view.changed_at,
            cartons=list(view.cartons.values()),
            carrier=view.carrier,
            service=view.service,
            cost=view.cost,
            failure=view.failure,
            stopped=view.stopped,
            holds=view.holds,
        )
        for _, view in page.items
    ]
    return Response(200, OutboundPage(items, encode_cursor(page.next) if page.next else None))


@handler.route(
    "GET",
    "/shipping/shipments/{id}",
    scope="shipping/read",
    returns=(200, OutboundDetails),
    rejects=(NotFound,),
)
def get_shipment(id: ShipmentId) -> Response:
    """One shipment with its cartons, their labels, the latest news of them, and its full history."""
    stream, commits = history().load_with_commits(SHIPMENT, SHIPMENT.stream_id(id))
    shipment = stream.state
    if not stream.sequence:
        raise NotFound(
            f"There is no shipment {id!r}.",
            field="id",
            value=id,
            remedy="GET /shipping/shipments lists those that wait for something.",
            code="unknown-shipment",
        )
    details = OutboundDetails(
        shipment_id=id,
        order_id=shipment.order_id,
        status=shipment.status,
        cartons=list(shipment.cartons.values()),
        history=entries(commits),
        warehouse=shipment.warehouse,
        ship_to=shipment.ship_to,
        wanted=shipment.wanted,
        reference=shipment.reference,
        carrier=shipment.carrier,
        service=shipment.service,
        cost=shipment.cost,
        labelled_at=shipment.labelled_at,
        failure=shipment.failure,
        permanent=shipment.permanent,
        dispatched_at=shipment.dispatched_at,
        delivered_at=shipment.delivered_at,
        stopped=shipment.stopped,
        holds=shipment.holds,
    )
    return Response(200, details, version=stream.sequence)


@handler.route("GET", "/shipping/loads", scope="shipping/read", returns=(200, LoadPage))
def list_loads(query: LoadQuery) -> Response:
    """The loads that have not left yet, the first opened in front."""
    after = decode_cursor(query.cursor)[0] if query.cursor else None
    partition = ("open", f"load-{query.status}")
    page = views().list(LoadSummary, partition, "since", index="by_open", after=after, limit=query.limit)
    items = [load for _, load in page.items]
    return Response(200, LoadPage(items, encode_cursor(page.next) if page.next else None))


@handler.route(
    "GET", "/shipping/loads/{id}", scope="shipping/read", returns=(200, LoadDetails), rejects=(NotFound,)
)
def get_load(id: LoadId) -> Response:
    """One load: what is on it, and which cartons of the same shipments are not."""
    stream = history().load(LOAD, LOAD.stream_id(id))
    load = stream.state
    require_known(load)
    missing = load.missing
    details = LoadDetails(
        load_id=id,
        warehouse=load.warehouse,
        carrier=load.carrier,
        status=load.status,
        opened_at=load.opened_at,
        cartons=len(load.aboard),
        missing=sum(map(len, missing.values())),
        shipments=[
            CartonsOfLoad(one, list(load.aboard_of(one)), list(missing.get(one, ()))) for one in load.shipments
        ],
        door=load.door,
        vehicle=load.vehicle,
        dispatched_at=load.dispatched_at,
        refused=list(load.refused.values()),
        unformed=len(load.postage),
        forms=list(load.forms),
    )
    return Response(200, details, version=stream.sequence)
