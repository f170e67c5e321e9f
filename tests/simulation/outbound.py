"""Who does what when between an order and its customer, in a warehouse of its own from which goods are sent."""

from collections.abc import Iterator
from typing import Any

from tests.simulation import faults as f
from tests.simulation.actions import CancelOrder, PauseReader, PlaceOrder, RebuildViews
from tests.simulation.dockwork import (
    AnnounceShipment,
    ArriveAtDock,
    CloseShipment,
    DescribePlace,
    DescribeWare,
    LogFound,
)
from tests.simulation.packwork import CARTON_TYPES, DescribeCarton, PackOrders
from tests.simulation.people import Part, People
from tests.simulation.pickwork import DescribeWaveRule, PickLists, ReleaseMany, ReleaseWave, TakeOver
from tests.simulation.population import MINUTE, Action
from tests.simulation.putwork import ReleaseOrder, WorkOnTasks
from tests.simulation.roadwork import DescribeAccount, DescribeCarrier, FailForMinutes, LoadTruck
from tests.simulation.scanwork import TELLING
from tests.simulation.shopwork import (
    CancelAt,
    ChangeOrder,
    HoldOrder,
    ReplaceShort,
    RetryCaptures,
    SendBack,
    VoidShipment,
)
from tests.simulation.stockwork import CountStock, ReceiveDirectly
from tests.simulation.wares import Parcel, Ware

SOUTH = "SOUTH"
RACKS = ("S-RACK-1", "S-RACK-2", "S-RACK-3", "S-RACK-4")
FLOOR = {"S-DOCK": "dock", "S-STAGE": "staging", "S-PACK": "packing", "S-HOLD": "quarantine"}
PICKERS = ("pat", "quinn", "robin")
MANNERS = (
    *("right",) * 4,
    "clumsy",
    "clumsy",
    "short",
    "empty",
    "by parts",
    "offline",
    "offline",
    "goes home",
    "gives back",
    "covets",
    "covets",
)
PACKERS = ("sam", "toni")
PACKING = (
    *("proposed",) * 4,
    "light",
    "by hand",
    "by hand",
    "overridden",
    "some",
    "cut short",
    "cut short",
    "damaged",
    "missing",
)
CARRIERS = ("fleet-one", "fleet-two")
DISTANT = "distant"
"""A carrier that is not ours: the only one for parcels."""
SOLD = (("parcel", "UPSDAP", "Ground"), ("standard", "USPS", "GroundAdvantage"))
LOADING = ("all", "all", "strangers", "one missing", "twice", "unloaded")
ROADS = (("in_transit", "delivered"), ("delivered",), ("exception", "delivered"), ("delivered", "returned"), ())
PUTTING_AWAY = ("right", "right", "right", "misread", "some", "elsewhere", "give back")
STAGES = ("allocated", "picking", "picked", "packed", "labelled", "partially_dispatched", "dispatched")
DISPOSITIONS = ("restock", "quarantine", "scrap")
TOKENS = (
    *("tok_accepted",) * 6,
    "tok_timeout_once",
    "tok_capture_declined",
    "tok_capture_timeout",
    "tok_expires",
    "tok_releases_rest",
    "tok_refund_declined",
    "tok_refund_timeout",
    "tok_declined",
)
HOME = {
    "name": "Kim Example",
    "street1": "Langer Weg 12",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


def premises(people: People) -> Iterator[Action]:
    """Racks, docks, packing; products by lot and serial; and the first goods."""
    for number, place in enumerate((*RACKS, *FLOOR)):
        described: dict[str, Any] = {"kind": FLOOR.get(place, "bulk"), "warehouse": SOUTH}
        described |= {"coordinates": {"x_mm": 2_000 * number, "y_mm": 3_000 * (number % 3)}}
        yield DescribePlace(0.0, f"place-s{number}", place, described)
    for number, ware in enumerate(people.goods):
        others = tuple(other.sku for other in people.goods if other is not ware)
        yield DescribeWare(0.0, f"goods-{number}", ware, others)
        for receipt in range(people.number(2, 4)):
            at = people.seconds(1, 30) if receipt < 2 else people.moment()
            yield _receipt(people, ware, at, f"in-{ware.sku}-{receipt}")


def equipment(people: People) -> Iterator[Action]:
    """Cartons, and carriers: one for all at home, a dearer one that also goes abroad, one that is not ours."""
    for kind in CARTON_TYPES:
        yield DescribeCarton(0.0, f"carton-{kind}", SOUTH, kind)
    yield DescribeCarrier(0.0, "carrier-one", SOUTH, CARRIERS[0], ("DE",), ("standard",), 490)
    later = people.moment() if people.happens(50) else 0.0
    yield DescribeCarrier(later, "carrier-two", SOUTH, CARRIERS[1], ("DE", "FR"), ("standard", "express"), 690)
    if people.happens(70):
        yield DescribeAccount(0.0, "carrier-distant", SOUTH, DISTANT, SOLD, HOME)
    for number in range(people.one_of(1, 0, 2)):
        yield FailForMinutes(people.moment(), f"outage-{number}", people.one_of(300.0, 1_200.0, 3_600.0))


def replenishment(people: People) -> Iterator[Action]:
    """Shipments come in for orders that wait, are logged by two operators at once, and brought to the racks."""
    for number in range(people.one_of(1, 0, 2)):
        named, at = f"in-south-{number}", people.moment() / 2
        wares = [people.one_of(*people.goods) for _ in range(people.number(1, 3))]
        parcels = tuple(_arriving(people, ware, f"{named}-{line}") for line, ware in enumerate(wares))
        yield AnnounceShipment(at, f"announce-{named}", "acme", named, parcels, None, SOUTH)
        yield ArriveAtDock(at + people.seconds(0, 300), f"arrive-{named}", (f"announce-{named}",), named, "S-DOCK")
        logs = tuple(f"log-{named}-{line}" for line in range(len(parcels)))
        for line, parcel in enumerate(parcels):
            when, who = at + people.seconds(0, 600), ("vic", "wes")[line % 2]
            yield LogFound(when, logs[line], (f"arrive-{named}",), named, who, (parcel,))
        yield CloseShipment(at + people.seconds(0, 900), f"close-{named}", logs, named)
    for operator in ("vic", "wes"):
        manners = tuple(people.one_of(*PUTTING_AWAY) for _ in range(people.number(1, 6)))
        pace, place = people.one_of(60.0, 5.0, 300.0), people.one_of(*RACKS)
        which = people.number(0, 3)
        yield WorkOnTasks(people.moment(), f"put-{operator}", operator, manners, which, pace, place, SOUTH)


def _arriving(people: People, ware: Ware, named: str) -> Parcel:
    units = people.one_of(6, 2, 12)
    return Parcel(ware.sku, units, ware.labelled(people.one_of("L-LATE", "L-LONG"), units, named))


def _receipt(people: People, ware: Ware, at: float, named: str) -> Action:
    units = people.one_of(4, 3, 2, 5) if people.shape.scarce else people.one_of(8, 4, 12, 2)
    lots = ("L-SOON", "L-SOON", "L-LATE") if people.shape.perishable else ("L-LATE", "L-LONG")
    label = ware.labelled(people.one_of(*lots), units, named)
    return ReceiveDirectly(at, named, ware, units, label, people.one_of(*RACKS), "available")


def demand(people: People) -> Iterator[Action]:
    """Customers order; some think better of it, whenever."""
    for number in people.most_of(people.shape.outbound):
        lines = tuple(
            (people.one_of(*people.goods).sku, people.one_of(1, 1, 2, 3, 5)) for _ in range(people.one_of(1, 2, 3))
        )
        at, name = people.moment() / 2, f"order-out-{number}"
        home = people.one_of(HOME, HOME, HOME | {"country": "FR"})
        wishes: dict[str, Any] = {"warehouse": SOUTH, "ship_to": home, "priority": people.one_of(5, 9, 0)}
        if people.happens(70):
            services = (*("parcel",) * 6, "express", "fleet-one:standard", "fleet-two:standard")
            wishes["carrier_service"] = people.one_of(*services)
        wishes |= {"partial_shipments": people.happens(80), "substitutes_allowed": number % 3 != 0}
        if people.happens(10):
            del wishes["ship_to"]
        yield PlaceOrder(at, name, lines, people.one_of(*TOKENS), people.number(1, 5_000), "webshop", wishes)
        if people.happens(15):
            yield CancelOrder(at + people.seconds(0, people.shape.minutes * MINUTE), f"cancel-out-{number}", name)


def releases(people: People) -> Iterator[Action]:
    """Supervisors release orders and waves, by hand and by rule."""
    for number in range(people.shape.outbound):
        if people.happens(40):
            yield ReleaseOrder(people.moment(), f"release-out-{number}", f"order-out-{number}")
    for number in range(people.number(2, 5)):
        yield ReleaseMany(people.moment(), f"release-many-{number}", SOUTH, people.one_of(100, 2, 5))
    for number in range(people.number(1, 4)):
        yield ReleaseWave(people.moment(), f"wave-{number}", _criteria(people))
    if people.happens(60):
        when = {"min_orders": people.one_of(1, 3), "max_wait_minutes": people.one_of(0, 5, 30)}
        yield DescribeWaveRule(people.moment() / 2, "rule", "south", _criteria(people) | when)


def _criteria(people: People) -> dict[str, Any]:
    limits = {"orders": people.one_of(12, 1, 3), "positions": people.one_of(60, 1, 4)}
    return {
        "warehouse": SOUTH,
        "method": people.one_of("batch", "discrete", "zone"),
        "max_orders": people.one_of(100, 1, 4),
        "limits": limits,
    }


def picking(people: People) -> Iterator[Action]:
    """Pickers compete for lists, well and badly."""
    for picker in PICKERS:
        for shift in range(people.one_of(1, 2, 3)):
            manners = tuple(people.one_of(*MANNERS) for _ in range(people.number(1, 6)))
            pace, offline = people.one_of(10.0, 1.0, 60.0), people.one_of(120.0, 1_200.0, 3_000.0)
            yield PickLists(
                people.moment(), f"pick-{picker}-{shift}", SOUTH, f"{picker}-{shift}", manners, pace, offline
            )


def supervision(people: People) -> Iterator[Action]:
    """A supervisor cancels lists that somebody works on, or gives them to somebody else."""
    for number in range(people.one_of(1, 0, 2)):
        manners = tuple(people.one_of("cancelled", "handed over", "given up") for _ in range(people.number(1, 3)))
        successor, pace = f"{people.one_of(*PICKERS)}-0", people.one_of(120.0, 20.0, 300.0)
        yield TakeOver(people.moment() / 2, f"take-over-{number}", SOUTH, manners, successor, pace)


def packing(people: People) -> Iterator[Action]:
    """Packers pack as proposed, or otherwise."""
    for packer in PACKERS:
        for shift in range(people.one_of(1, 2, 3)):
            manners = tuple(people.one_of(*PACKING) for _ in range(people.number(1, 5)))
            which, pace = people.number(0, 3), people.one_of(30.0, 300.0, 1.0)
            yield PackOrders(people.moment(), f"pack-{packer}-{shift}", SOUTH, packer, manners, which, pace)


def roads(people: People) -> Iterator[Action]:
    """Trucks are loaded, leave, and arrive somewhere."""
    for number in range(people.number(2, 5)):
        carrier, manner, road = people.one_of(*CARRIERS, DISTANT), people.one_of(*LOADING), people.one_of(*ROADS)
        name, pace = f"truck-{number}", people.one_of(10.0, 300.0)
        at, telling = people.moment() / 2 + people.shape.minutes * 30, TELLING[number % len(TELLING)]
        yield LoadTruck(at, name, SOUTH, "uma", carrier, manner, road, pace, telling)


def second_thoughts(people: People) -> Iterator[Action]:
    """Orders are called off at every stage, held, redirected, made urgent; labels are voided."""
    for number in range(people.shape.outbound):
        order = f"order-out-{number}"
        if people.happens(25):
            stages = people.one_of(*STAGES)
            yield CancelAt(people.moment() / 2, f"call-off-{number}", order, (stages,))
        if people.happens(20):
            kind, seconds = people.one_of("manual", "fraud", "address"), people.one_of(30.0, 600.0, 3_600.0)
            yield HoldOrder(people.moment(), f"hold-{number}", order, kind, seconds)
        if people.happens(20):
            home = people.one_of(HOME | {"street1": "Ring 9"}, HOME | {"country": "FR"})
            yield ChangeOrder(people.moment(), f"elsewhere-{number}", order, "ship-to", home)
        if people.happens(20):
            urgent = {"priority": people.number(0, 9)}
            yield ChangeOrder(people.moment(), f"urgent-{number}", order, "priority", urgent)
        if people.happens(10):
            yield VoidShipment(people.moment() / 2, f"void-{number}", order, people.happens(50))
        if people.happens(10):
            yield RetryCaptures(people.moment(), f"retry-{number}", order)


def returns(people: People) -> Iterator[Action]:
    """Customers send something back, some of it in no good state."""
    dated = frozenset(ware.sku for ware in people.goods if ware.tracking == "lot_expiry")
    for number in range(people.shape.outbound):
        for again in range(people.one_of(0, 1, 1, 2)):
            units, where = people.one_of(1, 2, 5), people.one_of(DISPOSITIONS, DISPOSITIONS[:1], DISPOSITIONS[1:])
            what = people.one_of("refund", "refund", "replace")
            name, order = f"return-{number}-{again}", f"order-out-{number}"
            yield SendBack(people.moment(), name, order, units, where, what, "S-DOCK", "vic", dated)


def replacing(people: People) -> Iterator[Action]:
    """What is short is replaced by something else, where the customer allows it."""
    for number in range(people.shape.outbound):
        if people.happens(50):
            units = people.one_of(None, 1)
            yield ReplaceShort(people.moment() / 2, f"instead-{number}", f"order-out-{number}", units)


def counting(people: People) -> Iterator[Action]:
    """Somebody counts where goods lie, and finds fewer or more."""
    times = people.number(6, 12) if people.shape.scarce else people.number(0, 3)
    for number in people.most_of(times):
        ware = people.one_of(*people.goods)
        found = people.one_of(0, -1, 1, -3) if not people.shape.scarce else people.one_of(-1, 0, -2, 1, -3)
        yield CountStock(people.moment(), f"count-out-{number}", ware, people.number(0, 5), found)


def trouble(people: People) -> Iterator[Action]:
    """Projectors of those who send goods stand still, their views are rebuilt."""
    for service in ("picking", "shipping"):
        if people.happens(15) and f.BEHIND in people.weather.enabled:
            at = people.seconds(0, people.shape.minutes * MINUTE)
            yield PauseReader(at, f"pause-{service}", service, people.one_of(0.2, 1, 5))
        if people.happens(15) and f.REBUILD in people.weather.enabled:
            yield RebuildViews(people.moment(), f"rebuild-{service}", service)


PARTS: tuple[Part, ...] = (
    premises,
    replenishment,
    demand,
    releases,
    picking,
    supervision,
    counting,
    equipment,
    packing,
    roads,
    second_thoughts,
    returns,
    replacing,
    trouble,
)
