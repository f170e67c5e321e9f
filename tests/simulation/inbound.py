"""Who does what when at the dock and in the warehouse, as parts of a population that receives shipments."""

from collections.abc import Iterator
from typing import Any

from tests.simulation import faults as f
from tests.simulation.actions import CancelOrder, PauseReader, PlaceOrder, RebuildViews
from tests.simulation.dockwork import (
    AnnounceShipment,
    ArriveAtDock,
    CloseShipment,
    DescribePlace,
    DescribePlan,
    DescribeWare,
    InspectGoods,
    LogFound,
    RecallLot,
    ReceiveUnannounced,
)
from tests.simulation.people import Part, People
from tests.simulation.population import MINUTE, Action
from tests.simulation.putwork import FindAlternatives, ReleaseOrder, WorkOnTasks
from tests.simulation.stockwork import (
    BlockLot,
    ChangeStatus,
    CorrectStock,
    CountStock,
    CreateUnit,
    EmptyUnit,
    EndTransfer,
    MoveGoods,
    MoveUnit,
    ReceiveDirectly,
    SendTransfer,
    SplitUnit,
)
from tests.simulation.wares import LOTS, UNIT_VOLUME, UNIT_WEIGHT, Parcel, sscc

DOCKS = ("DOCK-1", "DOCK-2")
WANTED = "wanted"
RACKS = ("RACK-1", "RACK-2", "RACK-3")
AWAY = ("NORTH-DOCK", "NORTH-RACK")
FLOOR = {"DOCK-1": "dock", "DOCK-2": "dock", "STAGE-1": "staging", "PACK-1": "packing"}
SUPPLIERS = ("acme", "globex")
OPERATORS = ("ann", "bob")
MANNERS = ("right", "right", "right", "misread", "some", "elsewhere", "full", "give back")
PALLETS = tuple(sscc(number) for number in range(1, 6))
"""Suppliers' handling units: few, so that one comes again while it still stands here."""


def premises(people: People) -> Iterator[Action]:
    """Docks, racks, quarantine, staging and another warehouse; products; and what is inspected."""
    for number, ware in enumerate(people.wares):
        yield DescribeWare(0.0, f"ware-{number}", ware)
        if people.happens(20):
            yield DescribeWare(people.moment(), f"ware-again-{number}", ware)
    places: dict[str, dict[str, Any]] = {place: {"kind": kind} for place, kind in FLOOR.items()}
    places["QUARANTINE-1"] = {"kind": "quarantine"}
    places |= {rack: _rack(people) for rack in RACKS}
    places |= {place: _rack(people) if place.endswith("RACK") else {"kind": "dock"} for place in AWAY}
    for number, (place, described) in enumerate(places.items()):
        described |= {"coordinates": {"x_mm": 1_000 * number, "y_mm": 500}}
        if place in AWAY:
            described |= {"warehouse": "NORTH"}
        yield DescribePlace(0.0, f"place-{number}", place, described)
    for plan in ("category.checked", "supplier.acme"):
        if people.happens(60):
            aql = people.one_of("1.0", "4.0")
            yield DescribePlan(0.0, f"plan-{plan}", plan, aql, True)
            if people.happens(20):
                yield DescribePlan(people.moment(), f"plan-again-{plan}", plan, aql, people.happens(50))


def _rack(people: People) -> dict[str, Any]:
    capacity: dict[str, int] = {}
    if people.happens(60):
        capacity["volume_mm3"] = people.one_of(100, 30, 8) * UNIT_VOLUME
    if people.happens(40):
        capacity["weight_g"] = people.one_of(100, 40, 12) * UNIT_WEIGHT
    if people.happens(40):
        capacity["handling_units"] = people.one_of(2, 1, 0)
    rack: dict[str, Any] = {"kind": people.one_of("bulk", "pick_face")}
    rack["mixing"] = people.one_of("any", "one_sku", "one_lot")
    return rack | ({"capacity": capacity} if capacity else {})


def shipments(people: People) -> Iterator[Action]:
    """Shipments are announced, corrected, arrive, are logged by two operators at once, inspected, closed."""
    for number in range(people.shipments):
        yield from _shipment(people, number)


def _shipment(people: People, number: int) -> Iterator[Action]:
    reference, supplier = f"ASN-{number}", people.one_of(*SUPPLIERS)
    parcels = [_parcel(people, f"S{number}L{line}") for line in range(people.number(1, 4))]
    at, dock = people.moment(), people.one_of(*DOCKS)
    if people.happens(80):
        announced, arrived = f"announce-{number}", f"arrive-{number}"
        hours = people.one_of(None, 1.0, 0.1)
        yield AnnounceShipment(at, announced, supplier, reference, tuple(parcels), hours)
        if people.happens(20):
            fewer = tuple(parcels[: people.number(1, len(parcels))])
            later = at + people.seconds(0, 30)
            yield AnnounceShipment(later, f"correct-{number}", supplier, reference, fewer, hours)
        yield ArriveAtDock(at + people.seconds(0, 300), arrived, (announced,), reference, dock)
    else:
        arrived = f"unannounced-{number}"
        yield ReceiveUnannounced(at, arrived, supplier, reference, dock)
    at += 300
    logs = []
    for scan in people.most_of(people.number(1, 5)):
        logs.append(name := f"log-{number}-{scan}")
        found = tuple(_found(people, parcels, f"{name}-{entry}") for entry in range(people.one_of(1, 1, 2)))
        moment = at + people.seconds(0, people.one_of(5, 600))
        yield LogFound(moment, name, (arrived,), reference, people.one_of(*OPERATORS), found)
    if people.happens(80):
        after = tuple(logs) if people.happens(90) else (arrived,)
        yield CloseShipment(at + people.seconds(0, 900), f"close-{number}", after, reference)
        logs.append(f"close-{number}")
    for again in range(people.one_of(1, 1, 2)):
        verdict, status = people.one_of("accept", "partial", "reject"), people.one_of("damaged", "quarantine")
        after = tuple(logs) if people.happens(80) else tuple(logs[:1])
        moment = at + people.seconds(0, people.one_of(10, 2_000))
        defects = people.one_of(0, 1, 3)
        yield InspectGoods(moment, f"inspect-{number}-{again}", after, reference, verdict, defects, status)


def _parcel(people: People, named: str) -> Parcel:
    ware = people.ware()
    units = people.one_of(1, 2, 6, 12)
    label = ware.labelled(people.one_of(*LOTS), units, named)
    return Parcel(ware.sku, units, label, people.one_of(None, None, *PALLETS))


def _found(people: People, parcels: list[Parcel], named: str) -> Parcel:
    """What an operator finds: mostly something of what was announced, sometimes else."""
    if people.happens(20):
        return _parcel(people, named)
    parcel = people.one_of(*parcels)
    if parcel.sscc and people.happens(25) and "serials" not in parcel.label:
        lots = {str(line): one.label.get("lot", "") for line, one in enumerate(parcels, start=1)}
        return Parcel("", 0, lots, parcel.sscc)
    units = people.one_of(parcel.units, 1, 3)
    ware = next(ware for ware in people.wares if ware.sku == parcel.sku)
    lot = people.one_of(parcel.label.get("lot"), *LOTS) if people.happens(15) else parcel.label.get("lot")
    label = ware.labelled(lot or "L-LATE", units, named)
    return Parcel(parcel.sku, units, label, parcel.sscc, damaged=people.happens(10))


def recalls(people: People) -> Iterator[Action]:
    """A lot is recalled, and perhaps may be used again, perhaps is recalled once more."""
    tracked = [ware for ware in people.wares if ware.tracking in ("lot", "lot_expiry")]
    for ware in tracked:
        if not people.happens(30):
            continue
        lot, at = people.one_of("L-LATE", "L-LONG"), people.moment()
        for number in range(people.one_of(1, 2, 3, 4)):
            lifted = number % 2 == 1
            yield RecallLot(at, f"recall-{ware.sku}-{number}", ware.sku, lot, lifted)
            at += people.seconds(0, people.one_of(5, 900))


def handling(people: People) -> Iterator[Action]:
    """Goods are received directly, corrected, counted, packed, nested, moved, split, sent, and judged anew."""
    made = [f"unit-{number}" for number in range(people.number(1, 4))]
    for name in made:
        kind, label = people.one_of("pallet", "tote", "carton"), people.one_of(None, None, *PALLETS)
        yield CreateUnit(people.moment(), name, kind, people.one_of(*DOCKS, "STAGE-1", *RACKS), label)
    for number in people.most_of(people.shipments * 5):
        yield _work(people, number, made)


def _work(people: People, number: int, made: list[str]) -> Action:
    ware = people.ware()
    at, which, units = people.moment(), people.number(0, 5), people.one_of(1, 2, 5, 12)
    unit = people.one_of(*made, *PALLETS[:2])
    place = people.one_of(*RACKS, *FLOOR, *people.places, "QUARANTINE-1")
    holding = people.one_of(place, place, unit) if unit in PALLETS else place
    label = ware.labelled(people.one_of(*LOTS), units, f"W{number}")
    match people.number(0, 13):
        case 0 | 1:
            status = people.one_of("available", "available", "damaged", "quarantine")
            return ReceiveDirectly(at, f"receive-{number}", ware, units, label, holding, status)
        case 2:
            if people.happens(40):
                return CorrectStock(at, f"correct-{number}", ware, units, label, holding)
            gone = {name: value for name, value in label.items() if name == "lot"}
            return CorrectStock(at, f"correct-{number}", ware, -units, gone, holding)
        case 3:
            return CountStock(at, f"count-{number}", ware, which, people.one_of(0, -1, 2, -3))
        case 4:
            to = people.one_of("damaged", "quarantine", "available")
            return ChangeStatus(at, f"status-{number}", ware, which, units, to)
        case 5 | 6:
            return MoveGoods(at, f"move-{number}", ware, which, units, place)
        case 7 | 8:
            return MoveGoods(at, f"pack-{number}", ware, which, units, unit)
        case 9:
            return MoveUnit(at, f"moves-{number}", unit, people.one_of(place, place, *made))
        case 10:
            return SplitUnit(at, f"split-{number}", unit, people.one_of("carton", "tote"), units)
        case 11:
            return EmptyUnit(at, f"empty-{number}", unit, people.one_of(place, *made))
        case 12:
            return SendTransfer(at, f"send-{number}", ware, which, units, people.one_of(None, unit))
        case _:
            return BlockLot(at, f"block-{number}", ware.sku, "L-WEEK", people.happens(60))


def arrivals_elsewhere(people: People) -> Iterator[Action]:
    """Most of what was sent to the other warehouse arrives there, some of it as soon as it is sent."""
    for number in range(people.shipments * 5):
        if people.happens(80):
            place = people.one_of("NORTH-DOCK", "NORTH-DOCK", "DOCK-1")
            yield EndTransfer(people.moment(), f"end-{number}", f"send-{number}", place)


def bringing_away(people: People) -> Iterator[Action]:
    """Two operators work on put-away tasks at once, well and badly."""
    for operator in OPERATORS:
        manners = tuple(people.one_of(*MANNERS) for _ in range(people.number(1, 6)))
        pace, place = people.one_of(5.0, 60.0, 600.0), people.one_of(*RACKS, "QUARANTINE-1", "STAGE-1")
        yield WorkOnTasks(people.moment(), f"work-{operator}", operator, manners, people.number(0, 3), pace, place)


def demand(people: People) -> Iterator[Action]:
    """Customers order what comes in, some before it has come; some think better of it."""
    for number in people.most_of(people.number(2, 8)):
        lines = tuple((people.ware().sku, people.one_of(1, 2, 2, 5)) for _ in range(people.one_of(1, 1, 2, 3)))
        at, name = people.moment(), f"order-{WANTED}-{number}"
        yield PlaceOrder(at, name, lines, "tok_accepted", people.number(1, 5_000), "webshop")
        if people.happens(25):
            yield CancelOrder(at + people.seconds(0, people.one_of(5, 600)), f"cancel-{WANTED}-{number}", name)


def picking(people: People) -> Iterator[Action]:
    """Orders are released, and sometimes a picker finds nothing."""
    named = [f"{WANTED}-{number}" for number in range(8)] + [str(number) for number in range(people.shape.orders)]
    for number in named:
        if not people.happens(60 if number.startswith(WANTED) else 30):
            continue
        at, release, order = people.moment(), f"release-{number}", f"order-{number}"
        yield ReleaseOrder(at, release, order)
        if people.happens(30):
            yield ReleaseOrder(at + people.seconds(0, 600), f"{release}-again", order)
        if people.happens(30):
            which, later = people.number(0, 3), people.seconds(0, 600)
            yield FindAlternatives(at + later, f"empty-handed-{number}", release, order, which)


def trouble_with_views(people: People) -> Iterator[Action]:
    """Receiving's projector stands still, its views are rebuilt."""
    if people.happens(20) and f.BEHIND in people.weather.enabled:
        at = people.seconds(0, people.shape.minutes * MINUTE)
        yield PauseReader(at, "pause-receiving", "receiving", people.one_of(0.2, 2, 5))
    if people.happens(20) and f.REBUILD in people.weather.enabled:
        yield RebuildViews(people.moment(), "rebuild-receiving", "receiving")


PARTS: tuple[Part, ...] = (
    premises,
    shipments,
    recalls,
    handling,
    arrivals_elsewhere,
    demand,
    bringing_away,
    picking,
    trouble_with_views,
)
