"""What is known of packing: the cartons that there are, how an order could be packed, how far its packing is."""

from typing import Literal

from msgspec import Struct

from picking.carton_types import CartonTypeDocument, document
from picking.domain.packing import Packing, PackingCarton, PickedOrder, expected_weight, without
from picking.domain.proposal import Body, Portion, ProposedCarton, Unplaced, propose
from picking.packing_aggregates import CARTON_RANGE, PACKING
from picking.packing_contracts import CartonPacked, CartonTypeId, Grams, PackedItem, PackedLine, PackedShipmentId
from picking.packing_work import carton_kinds, hazard_of, is_fragile
from picking.picked import picked_order, skus_of
from picking.reference import Article, articles
from shared.gs1 import Sscc
from shared.http_edge import Api, Response
from shared.identifiers import DEFAULT_WAREHOUSE, OrderId, WarehouseCode
from shared.journal import HistoryEntry, entries
from shared.rejection import NotFound
from shared.resources import history

handler = Api()


class CartonTypeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose kinds of carton."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class CartonTypes(Struct, frozen=True):
    """Every kind of carton of a warehouse by id, also those that are no longer packed into."""

    items: list[CartonTypeDocument]


class PackingProposal(Struct, frozen=True):
    """Cartons for what of an order is in none yet, and where everything lies in them.

    `unplaced` is what ships as it is or nobody has measured; of `unweighed` products nobody knows the weight.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    cartons: tuple[ProposedCarton, ...]
    unplaced: tuple[Unplaced, ...]
    unweighed: tuple[str, ...]
    void_mm3: int


class CartonStatus(Struct, frozen=True, omit_defaults=True):
    """A carton; while it is open `expected_g` says what it should weigh, as far as that is known."""

    sscc: Sscc
    status: Literal["open", "closed"]
    carton_type: CartonTypeId
    items: tuple[PackedItem, ...]
    weight_g: Grams | None = None
    expected_g: Grams | None = None


class ShipmentStatus(Struct, frozen=True, omit_defaults=True):
    """A shipment of an order; one without `packed_at` is being packed.

    `unpacked` says why cartons of it are to be opened: what `to_pack` has in them is packed anew.
    """

    shipment_id: PackedShipmentId
    cartons: list[CartonStatus]
    packed_at: str | None = None
    unpacked: str = ""


class UnfitItem(Struct, frozen=True):
    """An item that must not be packed, and why: it is to be reported as damaged."""

    item: PackedItem
    code: Literal["expired", "lot-blocked"]
    message: str


class PackingDetails(Struct, frozen=True):
    """How far an order is packed: what waits to be packed, what is still to be picked, shipments, history.

    What of `to_pack` has expired or is of a recalled lot is `unfit`. `to_put_back` is what the order has lost
    since it was picked.
    """

    order_id: OrderId
    warehouse: WarehouseCode
    to_pack: tuple[PackedItem, ...]
    to_put_back: tuple[PackedItem, ...]
    unfit: list[UnfitItem]
    awaited: tuple[PackedLine, ...]
    shipments: list[ShipmentStatus]
    history: list[HistoryEntry]
    cancelled: str | None = None


@handler.route("GET", "/picking/carton-types", scope="picking/read", returns=(200, CartonTypes))
def list_carton_types(query: CartonTypeQuery) -> Response:
    """The kinds of carton of a warehouse."""
    stream = history().load(CARTON_RANGE, CARTON_RANGE.stream_id(query.warehouse))
    kinds = stream.state.kinds
    shown = [document(kinds[id], query.warehouse) for id in sorted(kinds)]
    return Response(200, CartonTypes(shown), version=stream.sequence)


@handler.route(
    "GET",
    "/picking/orders/{id}/packing-proposal",
    scope="picking/read",
    returns=(200, PackingProposal),
    rejects=(NotFound,),
)
def propose_packing(id: OrderId) -> Response:
    """Which cartons an order needs, and which item goes where: for what is picked and not packed, or will be."""
    order = picked_order(id)
    packing = history().load(PACKING, PACKING.stream_id(id)).state
    portions: dict[str, Portion] = {}
    for line_id, sku, units in (
        *((item.line_id, item.sku, item.units) for item in _to_pack(order, packing)),
        *((line.line_id, line.sku, line.units) for line in order.awaited),
    ):
        more = portions[line_id].units if line_id in portions else 0
        portions[line_id] = Portion(line_id, sku, units + more)
    known = articles(skus_of(order))
    bodies = {sku: _body(article) for sku, article in known.items()}
    proposal = propose(list(portions.values()), bodies, carton_kinds(order.warehouse))
    return Response(
        200,
        PackingProposal(
            id, order.warehouse, proposal.cartons, proposal.unplaced, proposal.unweighed, proposal.void_mm3
        ),
    )


@handler.route(
    "GET",
    "/picking/orders/{id}/packing",
    scope="picking/read",
    returns=(200, PackingDetails),
    rejects=(NotFound,),
)
def get_packing(id: OrderId) -> Response:
    """How far an order is packed."""
    order = picked_order(id)
    stream, commits = history().load_with_commits(PACKING, PACKING.stream_id(id))
    packing = stream.state
    shipments = [
        ShipmentStatus(one.shipment_id, [_closed(carton) for carton in one.cartons], one.packed_at, one.unpacked)
        for one in packing.shipments
    ]
    if packing.shipment_id:
        shipments.append(ShipmentStatus(packing.shipment_id, [_status(carton) for carton in packing.cartons]))
    to_pack = _to_pack(order, packing)
    faults = [(item, order.fault_of(item)) for item in to_pack]
    return Response(
        200,
        PackingDetails(
            order_id=id,
            warehouse=order.warehouse,
            to_pack=to_pack,
            to_put_back=packing.lying(order.returned),
            unfit=[UnfitItem(item, fault.code, fault.message) for item, fault in faults if fault],
            awaited=order.awaited,
            shipments=shipments,
            history=entries(commits),
            cancelled=order.cancelled or None,
        ),
        version=stream.sequence,
    )


def _to_pack(order: PickedOrder, packing: Packing) -> tuple[PackedItem, ...]:
    """What is picked, in no carton, and still the order's; by where it lies."""
    return without(packing.lying(order.goods), (*packing.gone, *packing.lying(order.returned)))


def _status(carton: PackingCarton) -> CartonStatus:
    if carton.closed:
        return _closed(carton.closed)
    return CartonStatus(carton.sscc, "open", carton.carton_type, carton.items, expected_g=expected_weight(carton))


def _closed(carton: CartonPacked) -> CartonStatus:
    return CartonStatus(carton.sscc, "closed", carton.carton_type, carton.items, carton.weight_g)


def _body(article: Article) -> Body:
    size = article.dimensions
    return Body(
        (size.length_mm, size.width_mm, size.height_mm) if size else None,
        article.weight_g,
        is_fragile(article),
        hazard_of(article),
    )
