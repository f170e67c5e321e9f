"""The events that shipping publishes: its public language."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from shared.events import Event
from shared.gs1 import Sscc
from shared.identifiers import OrderId, Timestamp, WarehouseCode
from shared.money import Money

ShipmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="One shipment of an order, as orders calls it: what is labelled and leaves together.",
        examples=["0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"],
    ),
]
LoadId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f-]{36}$",
        description="One load: what goes on a truck or into a cage together.",
        examples=["0190f3c2-8a10-8c1f-9a55-5d0c3f8d9e60"],
    ),
]
CarrierId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,29}$",
        description="A carrier's short name.",
        examples=["own-fleet"],
    ),
]
ServiceLevel = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,29}$",
        description="What a carrier offers: how fast, how careful.",
        examples=["standard"],
    ),
]
TrackingNumber = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]{4,40}$",
        description="The carrier's number of a carton on its way.",
        examples=["OF106141412345678900119"],
    ),
]
TrackingStatus = Literal["pre_transit", "in_transit", "out_for_delivery", "delivered", "exception", "returned"]
LabelFailure = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="Why there is no label: a stable word of ours, or the carrier's.",
        examples=["no-carrier", "address-refused"],
    ),
]
Details = Annotated[
    str, Meta(max_length=500, description="What the carrier or the driver says about it, for people.")
]


class LabelledCarton(Struct, frozen=True):
    """A carton and the number under which its carrier knows it."""

    sscc: Sscc
    tracking_number: TrackingNumber


class ShipmentLabelled(Event, frozen=True, kw_only=True):
    """Every carton of the shipment has a label, for `cost` in all. A later one replaces an earlier one."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    warehouse: WarehouseCode
    carrier: CarrierId
    service: ServiceLevel
    cartons: tuple[LabelledCarton, ...]
    cost: Money
    labelled_at: Timestamp


class LabelFailed(Event, frozen=True, kw_only=True):
    """The shipment gets no label as things are.

    `permanent`: something about the shipment has to change first, such as its address. Otherwise it is tried
    again.
    """

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    reason: LabelFailure
    permanent: bool


class ShipmentVoided(Event, frozen=True, kw_only=True):
    """The shipment will not leave: its labels, if it had any, are void."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId


class CartonKept(Event, frozen=True, kw_only=True):
    """Others of its shipment have left, but this carton must not: the shipment is complete without it."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    sscc: Sscc


class ShipmentDispatched(Event, frozen=True, kw_only=True):
    """`cartons` of the shipment have left with the carrier. What was left behind follows in another one."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    warehouse: WarehouseCode
    load_id: LoadId
    carrier: CarrierId
    cartons: tuple[Sscc, ...]
    dispatched_at: Timestamp


class DepartingShipment(Struct, frozen=True):
    """Cartons of a shipment that are on a load."""

    shipment_id: ShipmentId
    ssccs: tuple[Sscc, ...]


class LoadDispatchStarted(Event, frozen=True, kw_only=True):
    """A load leaves: part `number` of `parts` of what is on it. Each shipment decides whether it goes along."""

    version: ClassVar[int] = 1
    load_id: LoadId
    warehouse: WarehouseCode
    carrier: CarrierId
    number: Annotated[int, Meta(ge=1)]
    parts: Annotated[int, Meta(ge=1)]
    shipments: tuple[DepartingShipment, ...]
    dispatched_at: Timestamp


class LoadDispatched(Event, frozen=True, kw_only=True):
    """The load has left with so many `cartons` of so many `shipments`.

    Those `refused` were called off in the last moment: their cartons have to come back.
    """

    version: ClassVar[int] = 1
    load_id: LoadId
    warehouse: WarehouseCode
    carrier: CarrierId
    shipments: Annotated[int, Meta(ge=0)]
    cartons: Annotated[int, Meta(ge=0)]
    dispatched_at: Timestamp
    refused: tuple[ShipmentId, ...] = ()


class TrackingUpdated(Event, frozen=True, kw_only=True):
    """News of a carton on its way, newer than all that was told of it before, by `occurred_at`.

    Only that it was delivered is told also when something newer was told already: it stays true.
    """

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    sscc: Sscc
    tracking_number: TrackingNumber
    status: TrackingStatus
    occurred_at: Timestamp
    details: Details | None = None


class ShipmentDelivered(Event, frozen=True, kw_only=True):
    """Every carton of the shipment has been delivered, the last one at `delivered_at`."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    delivered_at: Timestamp


class DeliveryExceptionRaised(Event, frozen=True, kw_only=True):
    """A carton does not get where it should (`exception`), or comes back (`returned`): somebody has to look."""

    version: ClassVar[int] = 1
    shipment_id: ShipmentId
    order_id: OrderId
    sscc: Sscc
    tracking_number: TrackingNumber
    status: Literal["exception", "returned"]
    occurred_at: Timestamp
    details: Details | None = None


class DeliveryFailed(Event, frozen=True, kw_only=True):
    """No carton of a shipment is on its way any more, and not all are delivered: those in `returned` came back."""

    shipment_id: ShipmentId
    order_id: OrderId
    delivered: tuple[Sscc, ...]
    returned: tuple[Sscc, ...]
    ended_at: Timestamp


PUBLISHED: tuple[type[Event], ...] = (
    ShipmentLabelled,
    LabelFailed,
    ShipmentVoided,
    CartonKept,
    ShipmentDispatched,
    LoadDispatchStarted,
    LoadDispatched,
    TrackingUpdated,
    ShipmentDelivered,
    DeliveryExceptionRaised,
    DeliveryFailed,
)
TOLD_TOGETHER: tuple[type[Event], ...] = (
    ShipmentLabelled,
    ShipmentDispatched,
    TrackingUpdated,
    ShipmentDelivered,
)
"""Small facts that come in numbers, and whose readers take many at once: several may share a message."""

_ORDER = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
_SHIPMENT = "0190f3c2-6d11-8c1f-9a55-3b8a1d6b7c3e"
_LOAD = "0190f3c2-8a10-8c1f-9a55-5d0c3f8d9e60"
_SSCC = "106141412345678908"
_TRACKING = "OF106141412345678900119"

EXAMPLES: dict[type[Event], Event] = {
    ShipmentLabelled: ShipmentLabelled(
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        warehouse="MAIN",
        carrier="own-fleet",
        service="standard",
        cartons=(LabelledCarton(_SSCC, _TRACKING),),
        cost=Money(490, "EUR"),
        labelled_at="2026-01-31T11:05:00.000Z",
    ),
    LabelFailed: LabelFailed(shipment_id=_SHIPMENT, order_id=_ORDER, reason="address-refused", permanent=True),
    ShipmentVoided: ShipmentVoided(shipment_id=_SHIPMENT, order_id=_ORDER),
    CartonKept: CartonKept(shipment_id=_SHIPMENT, order_id=_ORDER, sscc=_SSCC),
    ShipmentDispatched: ShipmentDispatched(
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        warehouse="MAIN",
        load_id=_LOAD,
        carrier="own-fleet",
        cartons=(_SSCC,),
        dispatched_at="2026-01-31T16:00:00.000Z",
    ),
    LoadDispatchStarted: LoadDispatchStarted(
        load_id=_LOAD,
        warehouse="MAIN",
        carrier="own-fleet",
        number=1,
        parts=1,
        shipments=(DepartingShipment(_SHIPMENT, (_SSCC,)),),
        dispatched_at="2026-01-31T16:00:00.000Z",
    ),
    LoadDispatched: LoadDispatched(
        load_id=_LOAD,
        warehouse="MAIN",
        carrier="own-fleet",
        shipments=1,
        cartons=1,
        dispatched_at="2026-01-31T16:00:00.000Z",
    ),
    TrackingUpdated: TrackingUpdated(
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        sscc=_SSCC,
        tracking_number=_TRACKING,
        status="out_for_delivery",
        occurred_at="2026-02-01T07:12:00.000Z",
    ),
    ShipmentDelivered: ShipmentDelivered(
        shipment_id=_SHIPMENT, order_id=_ORDER, delivered_at="2026-02-01T10:41:00.000Z"
    ),
    DeliveryFailed: DeliveryFailed(
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        delivered=(),
        returned=(_SSCC,),
        ended_at="2026-02-03T10:41:00.000Z",
    ),
    DeliveryExceptionRaised: DeliveryExceptionRaised(
        shipment_id=_SHIPMENT,
        order_id=_ORDER,
        sscc=_SSCC,
        tracking_number=_TRACKING,
        status="exception",
        occurred_at="2026-02-01T10:41:00.000Z",
        details="nobody at home",
    ),
}
