"""Packing: cartons are opened, filled by scan, weighed and closed; or all of an order is packed at once."""

from typing import Annotated

from msgspec import Meta, Struct

from picking.carton_numbering import new_ssccs
from picking.domain.packing import (
    CartonOpened,
    CloseCarton,
    CutShipmentShort,
    FilledCarton,
    ItemsPacked,
    ItemsTakenOut,
    OpenCarton,
    PackAtOnce,
    Packing,
    PutItems,
    RejectItems,
    ShipmentCutShort,
    TakeItemsOut,
)
from picking.items_in_hand import CartonCode, ItemInHand, carton_of, scans
from picking.packing_contracts import (
    CartonPacked,
    CartonTypeId,
    Condition,
    Grams,
    ItemsRejected,
    OrderPacked,
    PackedItem,
    PackedShipmentId,
    PositiveGrams,
    RejectionId,
    RejectionReason,
)
from picking.packing_work import carton_kind, decided, require_packing_place, traits_of
from picking.picked import picked_order, skus_of
from picking.reference import articles
from shared import clock
from shared.decider import Outcome
from shared.gs1 import Sscc
from shared.http_edge import Api, Request, Response
from shared.identifiers import LocationId, OrderId, Sku
from shared.rejection import Conflict, NotFound, TooLarge, Unprocessable

handler = Api()

MAX_ITEMS = 500
MAX_CARTONS = 100

ItemsInHand = Annotated[tuple[ItemInHand, ...], Meta(min_length=1, max_length=MAX_ITEMS)]


class CartonOpening(Struct, frozen=True, forbid_unknown_fields=True):
    """The kind of carton, and where it is packed. `partial`: although more of the order is still being picked."""

    carton_type: CartonTypeId
    packing_location: LocationId | None = None
    partial: bool = False


class CartonNote(Struct, frozen=True):
    """An open carton and the SSCC that it has from now on."""

    order_id: OrderId
    sscc: Sscc
    carton_type: CartonTypeId


class CartonItems(Struct, frozen=True, forbid_unknown_fields=True):
    """Items that go into the carton, or come out of it: all of them, or none."""

    items: ItemsInHand


class PackingWarning(Struct, frozen=True):
    """What should be packed otherwise, and how; it is packed nevertheless."""

    code: str
    sku: Sku
    message: str
    remedy: str


class CartonItemsNote(Struct, frozen=True):
    """The items as they were picked: their lines, lots and serials; and what the packer should look after."""

    order_id: OrderId
    sscc: Sscc
    items: tuple[PackedItem, ...]
    warnings: tuple[PackingWarning, ...] = ()


class CartonClosing(Struct, frozen=True, forbid_unknown_fields=True):
    """What the scale says, carton included."""

    weight_g: PositiveGrams


class WeightOverride(Struct, frozen=True, forbid_unknown_fields=True):
    """What the scale says, and why the carton may leave although it should weigh something else."""

    weight_g: PositiveGrams
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ShortShipment(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the shipment leaves without what is not packed yet."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ClosedCarton(Struct, frozen=True):
    """A closed carton."""

    sscc: Sscc
    carton_type: CartonTypeId
    weight_g: Grams
    items: tuple[PackedItem, ...]


class PackingNote(Struct, frozen=True):
    """The cartons that were closed. `packed`: with them the whole shipment is packed."""

    order_id: OrderId
    shipment_id: PackedShipmentId
    cartons: list[ClosedCarton]
    packed: bool


class ShortShipmentNote(Struct, frozen=True):
    """The shipment is packed without `left`."""

    order_id: OrderId
    shipment_id: PackedShipmentId
    left: tuple[PackedItem, ...]


class Rejection(Struct, frozen=True, forbid_unknown_fields=True):
    """Items that were picked and are damaged, or not there. Those in an open carton have to come out first."""

    items: ItemsInHand
    condition: Condition
    reason: RejectionReason


class RejectionNote(Struct, frozen=True):
    """The items as they were picked. `packed`: the shipment is packed without them."""

    order_id: OrderId
    rejection_id: RejectionId
    condition: Condition
    items: tuple[PackedItem, ...]
    packed: bool


class PackedByHand(Struct, frozen=True, forbid_unknown_fields=True):
    """A carton that is packed: its kind, what the scale says, and what was scanned into it."""

    carton_type: CartonTypeId
    weight_g: PositiveGrams
    items: ItemsInHand


class OrderPacking(Struct, frozen=True, forbid_unknown_fields=True):
    """The cartons of an order. `partial`: although more of it is still being picked."""

    cartons: Annotated[tuple[PackedByHand, ...], Meta(min_length=1, max_length=MAX_CARTONS)]
    packing_location: LocationId | None = None
    partial: bool = False


@handler.route(
    "POST",
    "/picking/orders/{id}/cartons",
    scope="picking/write",
    returns=(201, CartonNote),
    rejects=(NotFound, Conflict, Unprocessable),
)
def open_carton(request: Request, id: OrderId, body: CartonOpening) -> Response:
    """Open a carton for an order; it gets an SSCC. With the first one the packing of what is picked begins."""

    def make(_packing: Packing) -> OpenCarton:
        order = picked_order(id)
        require_packing_place(body.packing_location, order.warehouse)
        kind = carton_kind(body.carton_type, order.warehouse, "carton_type")
        [sscc] = new_ssccs(1)
        return OpenCarton(order, sscc, kind, body.packing_location, body.partial)

    outcome = decided(request, id, make)
    [opened] = (event for event in outcome.events if isinstance(event, CartonOpened))
    return Response(201, CartonNote(id, opened.sscc, opened.kind.id), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/picking/orders/{id}/cartons/{sscc}/items",
    scope="picking/write",
    returns=(200, CartonItemsNote),
    rejects=(NotFound, Conflict, Unprocessable),
    any_characters=("code",),
)
def put_items(request: Request, id: OrderId, sscc: CartonCode, body: CartonItems) -> Response:
    """Put items into an open carton. Each has to be among what was picked for the order, and in no carton yet."""

    def make(_packing: Packing) -> PutItems:
        order = picked_order(id)
        known = articles(skus_of(order))
        return PutItems(order, carton_of(sscc), scans(body.items, known, "items"), traits_of(known))

    outcome = decided(request, id, make)
    [packed] = (event for event in outcome.events if isinstance(event, ItemsPacked))
    note = CartonItemsNote(id, packed.sscc, packed.items, tuple(map(_warning, packed.fragile_below)))
    return Response(200, note, replayed=outcome.repeated)


@handler.route(
    "POST",
    "/picking/orders/{id}/cartons/{sscc}/removals",
    scope="picking/write",
    returns=(200, CartonItemsNote),
    rejects=(NotFound, Conflict, Unprocessable),
    any_characters=("code",),
)
def take_items_out(request: Request, id: OrderId, sscc: CartonCode, body: CartonItems) -> Response:
    """Take items out of an open carton; they can be packed into another one."""

    def make(packing: Packing) -> TakeItemsOut:
        known = articles({item.sku for item in packing.goods})
        return TakeItemsOut(carton_of(sscc), scans(body.items, known, "items"), traits_of(known))

    outcome = decided(request, id, make)
    [taken] = (event for event in outcome.events if isinstance(event, ItemsTakenOut))
    return Response(200, CartonItemsNote(id, taken.sscc, taken.items), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/picking/orders/{id}/cartons/{sscc}/closing",
    scope="picking/write",
    returns=(200, PackingNote),
    rejects=(NotFound, Conflict, Unprocessable),
)
def close_carton(request: Request, id: OrderId, sscc: CartonCode, body: CartonClosing) -> Response:
    """Weigh a carton and close it. It has to weigh what is in it, give or take its kind's tolerance."""
    return _closing(request, id, sscc, body.weight_g)


@handler.route(
    "POST",
    "/picking/orders/{id}/cartons/{sscc}/override",
    scope="picking/supervise",
    returns=(200, PackingNote),
    rejects=(NotFound, Conflict, Unprocessable),
)
def override_weight(request: Request, id: OrderId, sscc: CartonCode, body: WeightOverride) -> Response:
    """Close a carton that does not weigh what it should: a supervisor has looked, and says why."""
    return _closing(request, id, sscc, body.weight_g, body.reason)


@handler.route(
    "POST",
    "/picking/orders/{id}/packing",
    scope="picking/write",
    returns=(201, PackingNote),
    rejects=(NotFound, Conflict, Unprocessable, TooLarge),
    any_characters=("code",),
)
def pack_order(request: Request, id: OrderId, body: OrderPacking) -> Response:
    """Pack what was picked for an order, and close the cartons: all of them, or none."""

    def make(_packing: Packing) -> PackAtOnce:
        order = picked_order(id)
        require_packing_place(body.packing_location, order.warehouse)
        known = articles(skus_of(order))
        found = [scans(carton.items, known, f"cartons[{n}].items") for n, carton in enumerate(body.cartons)]
        kinds = [
            carton_kind(carton.carton_type, order.warehouse, f"cartons[{n}].carton_type")
            for n, carton in enumerate(body.cartons)
        ]
        cartons = tuple(
            FilledCarton(sscc, kind, carton.weight_g, items, f"cartons[{n}]")
            for n, (sscc, kind, carton, items) in enumerate(
                zip(new_ssccs(len(kinds)), kinds, body.cartons, found, strict=True)
            )
        )
        return PackAtOnce(
            order,
            cartons,
            traits_of(known),
            request.actor,
            clock.iso(clock.now()),
            body.packing_location,
            body.partial,
        )

    outcome = decided(request, id, make)
    return Response(201, _packed(id, outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/picking/orders/{id}/packing/completion",
    scope="picking/supervise",
    returns=(200, ShortShipmentNote),
    rejects=(NotFound, Conflict),
)
def cut_shipment_short(request: Request, id: OrderId, body: ShortShipment) -> Response:
    """Let a shipment leave without what is not to be found. Should it turn up, it is packed with the next one."""

    def make(_packing: Packing) -> CutShipmentShort:
        return CutShipmentShort(picked_order(id), body.reason, clock.iso(clock.now()))

    outcome = decided(request, id, make)
    [short] = (event for event in outcome.events if isinstance(event, ShipmentCutShort))
    return Response(200, ShortShipmentNote(id, short.shipment_id, short.left), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/picking/orders/{id}/rejections",
    scope="picking/write",
    returns=(201, RejectionNote),
    rejects=(NotFound, Conflict, Unprocessable),
    any_characters=("code",),
)
def reject_items(request: Request, id: OrderId, body: Rejection) -> Response:
    """Report picked items as damaged or missing: the order gets others, if there are any."""

    def make(_packing: Packing) -> RejectItems:
        order = picked_order(id)
        items = scans(body.items, articles(skus_of(order)), "items")
        at = clock.iso(clock.now())
        return RejectItems(order, request.created_id(), items, body.condition, body.reason, request.actor, at)

    outcome = decided(request, id, make)
    [rejected] = (event for event in outcome.events if isinstance(event, ItemsRejected))
    packed = any(isinstance(event, OrderPacked) for event in outcome.events)
    note = RejectionNote(id, rejected.rejection_id, rejected.condition, rejected.items, packed)
    return Response(201, note, replayed=outcome.repeated)


def _warning(sku: str) -> PackingWarning:
    return PackingWarning(
        "fragile-below",
        sku,
        f"{sku} is fragile and was in the carton before: something that is not fragile lies on it now.",
        "Take it out and lay it on top; the proposal shows where everything lies.",
    )


def _closing(request: Request, id: str, sscc: str, weight_g: int, override: str | None = None) -> Response:
    def make(_packing: Packing) -> CloseCarton:
        at = clock.iso(clock.now())
        return CloseCarton(picked_order(id), carton_of(sscc), weight_g, request.actor, at, override)

    outcome = decided(request, id, make)
    return Response(200, _packed(id, outcome), replayed=outcome.repeated)


def _packed(order_id: str, outcome: Outcome[Packing]) -> PackingNote:
    closed = [event for event in outcome.events if isinstance(event, CartonPacked)]
    return PackingNote(
        order_id,
        closed[0].shipment_id,
        [ClosedCarton(one.sscc, one.carton_type, one.weight_g, one.items) for one in closed],
        any(isinstance(event, OrderPacked) for event in outcome.events),
    )
