"""Inbound shipments, pure: what was announced, what came, and how the two compare.

    announced ──► arrived ──► closed

What stands at the dock is a fact and is recorded whatever the announcement says: too much, too little, another
lot, expired, never announced. Only what cannot be (a serial twice, no lot where lots are tracked) is refused,
and then the whole request with it, each entry at fault named. Entries only ever add up, so it does not matter in
which order two operators log them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, TypeVar

from immutables import Map
from msgspec import Struct, structs

from receiving.contracts import (
    MAX_INSPECTION_LOTS,
    MAX_RECEIVED_LINES,
    PUBLISHED,
    RETURNS,
    Disposition,
    GoodsReceived,
    HeldGoods,
    InspectionLot,
    InspectionLotsCompleted,
    InspectionsRequested,
    LineNumber,
    Reason,
    ReceivedGoods,
    Reference,
    RequestedInspection,
    ReturnedGoods,
    ReturnId,
    ReturnReceived,
    ShipmentAnnounced,
    ShipmentArrived,
    ShipmentClosed,
    Supplier,
)
from shared import ids
from shared.events import Event, EventCatalog
from shared.gs1 import Sscc, require_sscc
from shared.identifiers import (
    CalendarDate,
    HoldingId,
    LineId,
    LocationId,
    LotNumber,
    OrderId,
    SerialNumber,
    ShipmentId,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity, Units
from shared.rejection import Conflict, NotFound, Rejection, Unprocessable, one_refusal

S = TypeVar("S")

ANNOUNCED, ARRIVED, CLOSED = "announced", "arrived", "closed"
STATUSES = (ANNOUNCED, ARRIVED, CLOSED)
MAX_REQUESTS = 5_000
"""How often goods can be logged to one shipment; as many command ids are remembered, so a repeat never counts."""
_LINES_PER_EVENT = 500

Condition = Literal["ok", "damaged"]
Finding = Literal[
    "matched", "short", "over", "damaged", "short_shelf_life", "expired", "wrong_lot", "unexpected_sku"
]
WORST_FIRST: tuple[Finding, ...] = (
    "unexpected_sku",
    "wrong_lot",
    "expired",
    "short_shelf_life",
    "damaged",
    "over",
    "short",
    "matched",
)


# --- events that only receiving itself reads ---


class ExpectedGoods(Struct, frozen=True, omit_defaults=True):
    """One line of an announcement; of a return also the line of the order (`line_id`)."""

    line: LineNumber
    sku: Sku
    units: Quantity
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    sscc: Sscc | None = None
    line_id: LineId | None = None


class LinesAnnounced(Event, frozen=True):
    """Some lines of the announcement that the same commit records."""

    lines: tuple[ExpectedGoods, ...]


class LoggedEntry(Struct, frozen=True, omit_defaults=True):
    """What was found for an entry. It became `parts` received lines; `remaining` units are still expected."""

    units: Quantity
    findings: tuple[Finding, ...]
    remaining: Units = 0
    parts: int = 1


class EntriesLogged(Event, frozen=True):
    """How the goods that the same commit records compare to the announcement, entry by entry.

    `whole` are the handling units that were logged by their SSCC alone.
    """

    entries: tuple[LoggedEntry, ...]
    whole: tuple[Sscc, ...] = ()


class Discrepancy(Struct, frozen=True, omit_defaults=True):
    """How what came of a line, or of what was not announced (line 0), differs from the announcement.

    `wrong_lot` units carry `lot` instead of the announced one. `repeated` ones were logged by `serials` that were
    known where they were put: inventory has not counted them a second time.
    """

    line: int
    sku: str
    expected: int = 0
    received: int = 0
    damaged: int = 0
    short: int = 0
    over: int = 0
    wrong_lot: int = 0
    lot: str | None = None
    repeated: int = 0
    serials: tuple[str, ...] = ()


class DiscrepanciesReported(Event, frozen=True):
    """Some of the discrepancies of a shipment: that the same commit closes, or that was closed before."""

    discrepancies: tuple[Discrepancy, ...]


class SerialsDoubted(Event, frozen=True):
    """Units were logged by serial numbers that were in `holding` already: inventory counts them once."""

    sku: Sku
    serials: tuple[SerialNumber, ...]
    holding: HoldingId


CATALOG = EventCatalog(
    "receiving", (*PUBLISHED, LinesAnnounced, EntriesLogged, DiscrepanciesReported, SerialsDoubted)
)


# --- state ---


class Line(Struct, frozen=True, omit_defaults=True):
    """An announced line and what has come of it. `received` are undamaged; `held` of them are in quarantine."""

    line: int
    sku: str
    units: int
    lot: str | None = None
    expires_on: str | None = None
    sscc: str | None = None
    received: int = 0
    damaged: int = 0
    line_id: str | None = None
    held: int = 0

    @property
    def remaining(self) -> int:
        """Units that are still expected."""
        return max(0, self.units - self.received - self.damaged)

    @property
    def over(self) -> int:
        """Units that came beyond those announced."""
        return max(0, self.received + self.damaged - self.units)


class Unannounced(Struct, frozen=True, omit_defaults=True):
    """Units of a product that nobody announced."""

    sku: str
    lot: str | None = None
    received: int = 0
    damaged: int = 0


class Inspecting(Struct, frozen=True):
    """Goods that wait for an inspection. `extra`: they came when nothing of the kind was expected (any more)."""

    request: RequestedInspection
    extra: bool
    goods: Map[str, HeldGoods] = Map()
    complete: bool = False


class Shipment(Struct, frozen=True):
    """A shipment; an empty `shipment_id` means: there is none."""

    shipment_id: str = ""
    status: str = ""
    supplier: str = ""
    reference: str = ""
    warehouse: str = ""
    eta: str | None = None
    return_id: str | None = None
    order_id: str | None = None
    reason: str | None = None
    revision: int = 0
    location: str = ""
    arrived_at: str = ""
    closed_at: str = ""
    lines: Map[int, Line] = Map()
    of_sku: Map[str, tuple[int, ...]] = Map()
    of_unit: Map[str, tuple[int, ...]] = Map()
    unannounced: Map[str, Unannounced] = Map()
    wrong_lots: Map[str, int] = Map()
    units: Map[str, bool] = Map()
    """Handling units of which something is logged; True: the whole unit as announced."""
    serials: Map[str, bool] = Map()
    inspections: Map[str, Inspecting] = Map()
    inspecting: Map[str, str] = Map()
    """The latest inspection by SKU and lot."""
    receipts: int = 0
    requests: int = 0
    expired_units: int = 0
    short_life_units: int = 0
    doubted: Map[str, tuple[str, ...]] = Map()
    """By SKU the serial numbers that inventory knew already."""


# --- commands ---


class AnnounceShipment(Struct, frozen=True):
    """A supplier's announcement (the first, or one in the place of an earlier one), or a customer's return."""

    shipment_id: ShipmentId
    supplier: Supplier
    reference: Reference
    warehouse: WarehouseCode
    lines: tuple[ExpectedGoods, ...]
    eta: Timestamp | None = None
    return_id: ReturnId | None = None
    order_id: OrderId | None = None
    reason: Reason | None = None


class RecordArrival(Struct, frozen=True):
    """The shipment stands at a dock door or staging place."""

    location: LocationId
    at: Timestamp


class ReceiveUnannounced(Struct, frozen=True):
    """Goods stand at the dock that nobody announced: a shipment of its own, already arrived."""

    shipment_id: ShipmentId
    supplier: Supplier
    reference: Reference
    warehouse: WarehouseCode
    location: LocationId
    at: Timestamp


class Terms(Struct, frozen=True, omit_defaults=True):
    """What receiving has to know of a product: how it is tracked, how fresh it must be, who wants it inspected."""

    tracking: str = "none"
    minimum_shelf_life_days: int | None = None
    category: str | None = None
    plan: str = ""
    aql: str = ""
    reduced_allowed: bool = True


class Entry(Struct, frozen=True, omit_defaults=True):
    """What an operator found: units of a product; or only an SSCC: that handling unit, whole and as announced.

    `disposition` says where the goods of a return go; without it sound ones are restocked, damaged ones scrapped.
    """

    sku: str = ""
    units: int = 0
    condition: Condition = "ok"
    lot: str | None = None
    expires_on: str | None = None
    produced_on: str | None = None
    serials: tuple[SerialNumber, ...] = ()
    sscc: str | None = None
    disposition: Disposition | None = None


class LogGoods(Struct, frozen=True):
    """Record what was found, `today` (UTC) deciding what is expired. `terms` by SKU."""

    entries: tuple[Entry, ...]
    terms: dict[str, Terms]
    at: Timestamp
    today: CalendarDate


class CloseShipment(Struct, frozen=True):
    """Everything is logged."""

    at: Timestamp


class NoteRepeatedSerials(Struct, frozen=True):
    """Inventory says: units of a product were logged by serial numbers that were in `holding` already."""

    sku: Sku
    serials: tuple[SerialNumber, ...]
    holding: HoldingId


Command = AnnounceShipment | RecordArrival | ReceiveUnannounced | LogGoods | CloseShipment | NoteRepeatedSerials


def decide(command: Command, shipment: Shipment) -> Sequence[Event]:
    """The events that `command` leads to. Raises its Rejection when it cannot be."""
    match command:
        case AnnounceShipment():
            return _announce(command, shipment)
        case ReceiveUnannounced():
            return _receive_unannounced(command, shipment)
        case RecordArrival():
            return _arrive(command, _known(shipment))
        case LogGoods():
            return _log(command, _known(shipment))
        case CloseShipment():
            return _close(command, _known(shipment))
        case NoteRepeatedSerials():
            return _doubted(command, _known(shipment))


def evolve(shipment: Shipment, event: Event) -> Shipment:
    """The shipment after `event`."""
    match event:
        case ShipmentAnnounced():
            return Shipment(
                shipment_id=event.shipment_id,
                status=ANNOUNCED,
                supplier=event.supplier,
                reference=event.reference,
                warehouse=event.warehouse,
                eta=event.eta,
                return_id=event.return_id,
                order_id=event.order_id,
                reason=event.reason,
                revision=event.revision,
            )
        case LinesAnnounced():
            return _with_lines(shipment, event.lines)
        case ShipmentArrived():
            return structs.replace(shipment, status=ARRIVED, location=event.location, arrived_at=event.arrived_at)
        case GoodsReceived():
            return _with_goods(shipment, event)
        case EntriesLogged():
            return structs.replace(
                shipment,
                requests=shipment.requests + 1,
                units=shipment.units.update(dict.fromkeys(event.whole, True)),
                expired_units=shipment.expired_units + _units_found(event, "expired"),
                short_life_units=shipment.short_life_units + _units_found(event, "short_shelf_life"),
            )
        case InspectionsRequested():
            return _with_inspections(shipment, event.inspections)
        case InspectionLotsCompleted():
            inspections = shipment.inspections
            for lot in event.lots:
                done = structs.replace(inspections[lot.inspection_id], complete=True, goods=Map())
                inspections = inspections.set(lot.inspection_id, done)
            return structs.replace(shipment, inspections=inspections)
        case ShipmentClosed():
            return structs.replace(shipment, status=CLOSED, closed_at=event.closed_at)
        case SerialsDoubted(sku=sku, serials=serials):
            known = (*shipment.doubted.get(sku, ()), *serials)
            return structs.replace(shipment, doubted=shipment.doubted.set(sku, known))
        case _:
            return shipment


# --- announcing and arriving ---


def _announce(command: AnnounceShipment, shipment: Shipment) -> list[Event]:
    _require_ssccs(command.lines)
    if shipment.shipment_id and _announced(shipment) == command:
        return []
    if shipment.status not in ("", ANNOUNCED):
        raise Conflict(
            f"Shipment {command.reference!r} of {command.supplier} is {shipment.status}: "
            "its announcement stands as it was.",
            field="reference",
            value=command.reference,
            remedy="Announce further goods under another reference.",
            code="shipment-has-arrived",
        )
    header = ShipmentAnnounced(
        shipment_id=command.shipment_id,
        supplier=command.supplier,
        reference=command.reference,
        warehouse=command.warehouse,
        eta=command.eta,
        lines=len(command.lines),
        units=sum(line.units for line in command.lines),
        revision=shipment.revision + 1,
        return_id=command.return_id,
        order_id=command.order_id,
        reason=command.reason,
    )
    return [header, *(LinesAnnounced(lines=chunk) for chunk in _chunks(command.lines, _LINES_PER_EVENT))]


def _announced(shipment: Shipment) -> AnnounceShipment:
    """The announcement that stands."""
    return AnnounceShipment(
        shipment.shipment_id,
        shipment.supplier,
        shipment.reference,
        shipment.warehouse,
        tuple(
            ExpectedGoods(line.line, line.sku, line.units, line.lot, line.expires_on, line.sscc, line.line_id)
            for _, line in sorted(shipment.lines.items())
        ),
        shipment.eta,
        shipment.return_id,
        shipment.order_id,
        shipment.reason,
    )


def _require_ssccs(lines: Sequence[ExpectedGoods]) -> None:
    problems: list[Rejection] = []
    for index, line in enumerate(lines):
        try:
            _ = line.sscc and require_sscc(line.sscc, field=f"lines[{index}].sscc")
        except Unprocessable as problem:
            problems.append(problem)
    _raise(problems, "lines")


def _receive_unannounced(command: ReceiveUnannounced, shipment: Shipment) -> list[Event]:
    if shipment.shipment_id:
        return []
    return [
        ShipmentAnnounced(
            shipment_id=command.shipment_id,
            supplier=command.supplier,
            reference=command.reference,
            warehouse=command.warehouse,
            lines=0,
            units=0,
        ),
        ShipmentArrived(
            shipment_id=command.shipment_id,
            supplier=command.supplier,
            warehouse=command.warehouse,
            location=command.location,
            arrived_at=command.at,
        ),
    ]


def _arrive(command: RecordArrival, shipment: Shipment) -> list[Event]:
    if shipment.status == ARRIVED and shipment.location == command.location:
        return []
    if shipment.status != ANNOUNCED:
        raise Conflict(
            f"The shipment is {shipment.status} at {shipment.location} since {shipment.arrived_at}.",
            field="location",
            value=command.location,
            remedy="Log its goods where it stands; they can be moved afterwards.",
            code="shipment-has-arrived",
        )
    return [
        ShipmentArrived(
            shipment_id=shipment.shipment_id,
            supplier=shipment.supplier,
            warehouse=shipment.warehouse,
            location=command.location,
            arrived_at=command.at,
            eta=shipment.eta,
        )
    ]


# --- logging ---


def _log(command: LogGoods, shipment: Shipment) -> list[Event]:
    _require_open(shipment)
    tally = _Tally(command, shipment)
    problems: list[Rejection] = []
    for index, entry in enumerate(command.entries):
        try:
            tally.log(index, entry)
        except Rejection as problem:
            problems.append(problem)
    _raise(problems, "entries")
    return tally.events()


def _require_open(shipment: Shipment) -> None:
    if shipment.status == ANNOUNCED:
        raise Conflict(
            "The shipment has not arrived: there is nothing to log yet.",
            remedy="Record its arrival first (POST /receiving/shipments/{id}/arrival).",
            code="shipment-not-arrived",
        )
    if shipment.status == CLOSED:
        raise Conflict(
            f"The shipment was closed at {shipment.closed_at}: nothing more is logged to it.",
            remedy="Log what came later without an announcement (POST /receiving/unannounced-shipments).",
            code="shipment-closed",
        )
    if shipment.requests >= MAX_REQUESTS:
        raise Conflict(
            f"Goods were logged to this shipment {MAX_REQUESTS} times already.",
            remedy="Log more entries per request; log the rest without an announcement.",
            code="too-many-requests-logged",
        )


class _Tally:
    """One request's entries, counted against the announcement one after the other."""

    def __init__(self, command: LogGoods, shipment: Shipment) -> None:
        self._command = command
        self._shipment = shipment
        self._today = date.fromisoformat(command.today)
        self._lines: dict[int, Line] = {}
        self._serials: set[str] = set()
        self._units: dict[str, bool] = {}
        self._goods: list[ReceivedGoods] = []
        self._entries: list[LoggedEntry] = []
        self._requests: dict[str, RequestedInspection] = {}
        self._extra: set[str] = set()

    def log(self, index: int, entry: Entry) -> None:
        """Count one entry. Raises what is wrong with it."""
        where = f"entries[{index}]"
        if entry.sscc:
            require_sscc(entry.sscc, field=f"{where}.sscc")
        if not entry.sku:
            self._log_whole_unit(where, entry)
            return
        if entry.sscc and self._logged(entry.sscc):
            raise _twice(f"{where}.sscc", entry.sscc, "Handling unit", "handling-unit-logged-twice")
        terms = self._command.terms[entry.sku]
        entry = _tracked(where, self._disposed(where, entry), terms)
        self._note_serials(where, entry)
        if entry.sscc:
            self._units[entry.sscc] = False
        parts = list(self._matched(entry))
        goods = [self._receive(entry, terms, line, units, at) for line, units, at in parts]
        self._goods += goods
        self._entries.append(self._found(entry, terms, parts, goods))

    def events(self) -> list[Event]:
        """What is recorded: requests for inspections first, then goods, what was found, and complete lots."""
        shipment, at = self._shipment, self._command.at
        received: list[Event] = [
            GoodsReceived(
                shipment_id=shipment.shipment_id,
                warehouse=shipment.warehouse,
                location=shipment.location,
                receipt=shipment.receipts + number,
                supplier=shipment.supplier,
                occurred_at=at,
                lines=chunk,
            )
            for number, chunk in enumerate(_chunks(tuple(self._goods), MAX_RECEIVED_LINES), start=1)
        ]
        requested = _requested(shipment, tuple(self._requests.values()), at)
        events: list[Event] = [*requested, *received, self._logged_entries()]
        after = shipment
        for event in events:
            after = evolve(after, event)
        return [*events, *_completed(after, _finished(after, {goods.sku for goods in self._goods}), at)]

    def _logged_entries(self) -> EntriesLogged:
        whole = tuple(sscc for sscc, whole in self._units.items() if whole)
        return EntriesLogged(entries=tuple(self._entries), whole=whole)

    def _log_whole_unit(self, where: str, entry: Entry) -> None:
        """Everything that was announced on a handling unit, as it was announced."""
        sscc = entry.sscc or ""
        numbers = self._shipment.of_unit.get(sscc, ())
        if not numbers:
            raise NotFound(
                f"Handling unit {sscc!r} was not announced with this shipment.",
                field=f"{where}.sscc",
                value=sscc,
                remedy="Scan what stands on it: entries with a SKU or GTIN and this SSCC.",
                code="handling-unit-not-announced",
            )
        if sscc in self._shipment.units or sscc in self._units:
            raise _twice(f"{where}.sscc", sscc, "Handling unit", "handling-unit-logged-twice")
        self._units[sscc] = True
        goods: list[ReceivedGoods] = []
        findings: set[Finding] = set()
        for number in numbers:
            line = self._line(number)
            part = structs.replace(entry, sku=line.sku, units=line.units, lot=line.lot, expires_on=line.expires_on)
            terms = self._command.terms[line.sku]
            part = _tracked(where, part, terms)
            goods.append(self._receive(part, terms, line, line.units, 0))
            findings.update(self._findings(part, terms, line))
        self._goods += goods
        whole = LoggedEntry(sum(one.units for one in goods), _sorted(findings or {"matched"}), 0, len(goods))
        self._entries.append(whole)

    def _disposed(self, where: str, entry: Entry) -> Entry:
        """The entry in the condition that its disposition means. Raises Unprocessable for one that cannot be."""
        if entry.disposition is None:
            return entry
        if self._shipment.supplier != RETURNS:
            raise Unprocessable(
                "Only the goods of a return have a disposition.",
                field=f"{where}.disposition",
                value=entry.disposition,
                remedy="Leave it out: the condition, the dates and the inspection plans decide.",
                code="not-a-return",
            )
        if entry.condition == "damaged" and entry.disposition == "restock":
            raise Unprocessable(
                "Damaged goods are not for sale again.",
                field=f"{where}.disposition",
                value=entry.disposition,
                remedy="Send scrap or quarantine, or correct the condition.",
                code="damaged-not-restocked",
            )
        return structs.replace(entry, condition="damaged") if entry.disposition == "scrap" else entry

    def _logged(self, sscc: str) -> bool:
        """Whether the handling unit was logged whole."""
        return self._shipment.units.get(sscc, False) or self._units.get(sscc, False)

    def _line(self, number: int) -> Line:
        return self._lines.get(number) or self._shipment.lines[number]

    def _note_serials(self, where: str, entry: Entry) -> None:
        for position, serial in enumerate(entry.serials):
            key = f"{entry.sku}#{serial}"
            if key in self._shipment.serials or key in self._serials:
                raise _twice(f"{where}.serials[{position}]", serial, "Serial", "serial-logged-twice")
            self._serials.add(key)

    def _matched(self, entry: Entry) -> Iterator[tuple[Line | None, int, int]]:
        """The lines that the entry's units count for, each with its units and the place of the first among them.

        Lines of the same handling unit and lot come first, then those that leave the lot open, then other lots;
        what is too much for all counts for the best one.
        """
        lines = [self._line(number) for number in self._shipment.of_sku.get(entry.sku, ())]
        if not lines:
            yield None, entry.units, 0
            return
        lines.sort(key=lambda line: (_strangeness(entry, line), line.line))
        suited = [line for line in lines if _strangeness(entry, line) < _WRONG_LOT] or lines
        left, parts = entry.units, []
        for line in suited:
            units = min(left, line.remaining)
            if units:
                parts.append((line, units))
                left -= units
        if left:
            best, units = next(((line, units) for line, units in parts if line is suited[0]), (suited[0], 0))
            parts = [(best, units + left), *(part for part in parts if part[0] is not best)]
        at = 0
        for line, units in parts:
            yield line, units, at
            at += units

    def _receive(self, entry: Entry, terms: Terms, line: Line | None, units: int, at: int) -> ReceivedGoods:
        """The goods that are recorded for `units` of the entry, counted for `line`."""
        damaged = entry.condition == "damaged" and entry.disposition != "quarantine"
        if line is not None:
            line = self._line(line.line)
            self._lines[line.line] = structs.replace(
                line,
                received=line.received + (0 if damaged else units),
                damaged=line.damaged + (units if damaged else 0),
            )
        stale = self._expired(entry) or self._short_lived(entry, terms) or entry.disposition == "quarantine"
        inspected = terms.plan and not damaged and not stale
        return ReceivedGoods(
            line=line.line if line else 0,
            sku=entry.sku,
            units=units,
            lot=entry.lot,
            expires_on=entry.expires_on,
            produced_on=entry.produced_on,
            serials=entry.serials[at : at + units],
            sscc=entry.sscc,
            status="damaged" if damaged else "quarantine" if stale or inspected else "available",
            inspection_id=self._inspection(entry, terms) if inspected else None,
        )

    def _inspection(self, entry: Entry, terms: Terms) -> str:
        """The inspection that the goods wait for: the open one of their SKU and lot, else a new one."""
        shipment, key = self._shipment, _lot_key(entry.sku, entry.lot)
        if key in self._requests:
            return self._requests[key].inspection_id
        standing = shipment.inspecting.get(key)
        if standing is not None and not shipment.inspections[standing].complete:
            return standing
        number = sum(1 for one in shipment.inspections.values() if _key_of(one.request) == key) + 1
        lines = [shipment.lines[number] for number in shipment.of_sku.get(entry.sku, ())]
        announced = sum(line.remaining for line in lines if line.lot in (None, entry.lot))
        request = RequestedInspection(
            inspection_id=ids.derived_id("inspection", shipment.shipment_id, key, str(number)),
            sku=entry.sku,
            plan=terms.plan,
            aql=terms.aql,
            units=announced,
            lot=entry.lot,
            category=terms.category,
            reduced_allowed=terms.reduced_allowed,
        )
        self._requests[key] = request
        return request.inspection_id

    def _found(
        self,
        entry: Entry,
        terms: Terms,
        parts: Sequence[tuple[Line | None, int, int]],
        goods: Sequence[ReceivedGoods],
    ) -> LoggedEntry:
        findings: set[Finding] = set()
        remaining = 0
        for line, _, _ in parts:
            now = self._line(line.line) if line else None
            findings |= self._findings(entry, terms, now)
            remaining += now.remaining if now else 0
        if remaining and "wrong_lot" not in findings:
            findings.add("short")
        return LoggedEntry(entry.units, _sorted(findings or {"matched"}), remaining, len(goods))

    def _findings(self, entry: Entry, terms: Terms, line: Line | None) -> set[Finding]:
        found: set[Finding] = set()
        if line is None:
            found.add("unexpected_sku")
        else:
            if line.lot and entry.lot and line.lot != entry.lot:
                found.add("wrong_lot")
            if line.over:
                found.add("over")
        if self._expired(entry):
            found.add("expired")
        elif self._short_lived(entry, terms):
            found.add("short_shelf_life")
        if entry.condition == "damaged":
            found.add("damaged")
        return found

    def _expired(self, entry: Entry) -> bool:
        return entry.expires_on is not None and date.fromisoformat(entry.expires_on) < self._today

    def _short_lived(self, entry: Entry, terms: Terms) -> bool:
        if entry.expires_on is None or terms.minimum_shelf_life_days is None:
            return False
        return (date.fromisoformat(entry.expires_on) - self._today).days < terms.minimum_shelf_life_days


_WRONG_LOT = 2


def _strangeness(entry: Entry, line: Line) -> float:
    """How badly an entry suits a line: 0 same lot, 1 the line leaves it open, 2 another lot; less on its unit."""
    lot = 0 if line.lot == entry.lot else 1 if line.lot is None or entry.lot is None else _WRONG_LOT
    return lot + (0 if entry.sscc == line.sscc else 0.5)


def _tracked(where: str, entry: Entry, terms: Terms) -> Entry:
    """The entry with what its product's tracking policy asks for, and nothing that it does not track."""
    for name in ("expires_on", "produced_on"):
        value = getattr(entry, name)
        if value is not None:
            _require_date(f"{where}.{name}", value)
    missing = ""
    if terms.tracking in ("lot", "lot_expiry") and not entry.lot:
        missing = "lot"
    elif terms.tracking == "lot_expiry" and not entry.expires_on:
        missing = "expires_on"
    if missing:
        raise Unprocessable(
            f"{entry.sku} is tracked by {terms.tracking}: its {missing} is missing.",
            field=f"{where}.{missing}",
            remedy=f"Scan the label that carries it, or type the {missing} in.",
            code=f"{missing.replace('_', '-')}-missing",
        )
    if terms.tracking == "serial" and len(entry.serials) != entry.units:
        raise Unprocessable(
            f"{entry.sku} is tracked by serial: {entry.units} units need {entry.units} serials, "
            f"not {len(entry.serials)}.",
            field=f"{where}.serials",
            value=len(entry.serials),
            remedy="Scan the serial of each unit.",
            code="serials-missing",
        )
    if terms.tracking != "serial":
        entry = structs.replace(entry, serials=())
    if terms.tracking == "none":
        entry = structs.replace(entry, lot=None, expires_on=None, produced_on=None)
    return entry


def _require_date(field: str, value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise Unprocessable(
            f"{value!r} is no day of the calendar.", field=field, value=value, remedy="Correct the date."
        ) from error


def _requested(shipment: Shipment, requests: tuple[RequestedInspection, ...], at: str) -> list[Event]:
    return [
        InspectionsRequested(
            shipment_id=shipment.shipment_id,
            supplier=shipment.supplier,
            warehouse=shipment.warehouse,
            requested_at=at,
            inspections=chunk,
        )
        for chunk in _chunks(requests, MAX_INSPECTION_LOTS)
    ]


def _finished(shipment: Shipment, skus: set[str]) -> list[Inspecting]:
    """The inspection lots of `skus` to which nothing announced can come any more."""
    return [
        one
        for one in shipment.inspections.values()
        if one.request.sku in skus
        and not one.complete
        and not one.extra
        and all(
            shipment.lines[number].remaining == 0
            for number in shipment.of_sku.get(one.request.sku, ())
            if shipment.lines[number].lot in (None, one.request.lot)
        )
    ]


def _completed(shipment: Shipment, finished: Sequence[Inspecting], at: str) -> list[Event]:
    lots = tuple(
        InspectionLot(
            inspection_id=one.request.inspection_id,
            sku=one.request.sku,
            plan=one.request.plan,
            aql=one.request.aql,
            goods=tuple(goods for _, goods in sorted(one.goods.items())),
            lot=one.request.lot,
            category=one.request.category,
            reduced_allowed=one.request.reduced_allowed,
        )
        for one in sorted(finished, key=lambda one: one.request.inspection_id)
    )
    return [
        InspectionLotsCompleted(
            shipment_id=shipment.shipment_id,
            supplier=shipment.supplier,
            warehouse=shipment.warehouse,
            completed_at=at,
            lots=chunk,
        )
        for chunk in _chunks(lots, MAX_INSPECTION_LOTS)
    ]


# --- closing ---


def _close(command: CloseShipment, shipment: Shipment) -> list[Event]:
    if shipment.status == CLOSED:
        return []
    if shipment.status == ANNOUNCED:
        _require_open(shipment)
    waiting = [one for one in shipment.inspections.values() if not one.complete]
    totals = totals_of(shipment)
    return [
        *_completed(shipment, waiting, command.at),
        *(
            DiscrepanciesReported(discrepancies=chunk)
            for chunk in _chunks(tuple(discrepancies_of(shipment)), _LINES_PER_EVENT)
        ),
        ShipmentClosed(
            shipment_id=shipment.shipment_id,
            supplier=shipment.supplier,
            reference=shipment.reference,
            warehouse=shipment.warehouse,
            closed_at=command.at,
            expected_units=totals.expected,
            received_units=totals.received,
            damaged_units=totals.damaged,
            short_units=totals.short,
            over_units=totals.over,
            on_time=shipment.eta is None or shipment.arrived_at <= shipment.eta,
            complete=totals.short == 0,
            undamaged=totals.damaged == 0,
        ),
        *_returned(shipment, command.at),
    ]


def _doubted(command: NoteRepeatedSerials, shipment: Shipment) -> list[Event]:
    """Each serial number once; a shipment that is closed reports it afterwards."""
    known = shipment.doubted.get(command.sku, ())
    new = tuple(serial for serial in command.serials if serial not in known)
    if not new:
        return []
    doubted = SerialsDoubted(sku=command.sku, serials=new, holding=command.holding)
    if shipment.status != CLOSED:
        return [doubted]
    return [doubted, DiscrepanciesReported(discrepancies=(_repeated(command.sku, new),))]


def _repeated(sku: str, serials: tuple[str, ...]) -> Discrepancy:
    return Discrepancy(0, sku, repeated=len(serials), serials=serials)


def _returned(shipment: Shipment, at: str) -> Iterator[Event]:
    """What came back of an authorized return: for each line at most what was authorized, the best of it first."""
    if shipment.return_id is None or shipment.order_id is None:
        return
    goods: list[ReturnedGoods] = []
    for _, line in sorted(shipment.lines.items()):
        left = line.units
        counted: tuple[tuple[Disposition, int], ...] = (
            ("restock", line.received - line.held),
            ("quarantine", line.held),
            ("scrap", line.damaged),
        )
        for disposition, units in counted:
            if (here := min(left, units)) and line.line_id is not None:
                goods.append(ReturnedGoods(line.line_id, line.sku, here, disposition))
                left -= here
    yield ReturnReceived(
        return_id=shipment.return_id,
        order_id=shipment.order_id,
        shipment_id=shipment.shipment_id,
        warehouse=shipment.warehouse,
        lines=tuple(goods),
        received_at=at,
    )


def discrepancies_of(shipment: Shipment) -> Iterator[Discrepancy]:
    """What differs from the announcement: lines, each with its wrong lots behind it, then the unannounced.

    Last are units whose serial numbers inventory knew already.
    """
    wrong: dict[int, list[Discrepancy]] = {}
    for key, units in sorted(shipment.wrong_lots.items()):
        announced, _, lot = key.partition("#")
        line = shipment.lines[int(announced)]
        wrong.setdefault(line.line, []).append(Discrepancy(line.line, line.sku, wrong_lot=units, lot=lot))
    for number, line in sorted(shipment.lines.items()):
        if line.remaining or line.over or line.damaged:
            yield Discrepancy(
                line.line,
                line.sku,
                line.units,
                line.received,
                line.damaged,
                line.remaining,
                line.over,
                lot=line.lot,
            )
        yield from wrong.get(number, ())
    for _, other in sorted(shipment.unannounced.items()):
        came = other.received + other.damaged
        yield Discrepancy(0, other.sku, received=other.received, damaged=other.damaged, over=came, lot=other.lot)
    for sku, serials in sorted(shipment.doubted.items()):
        yield _repeated(sku, serials)


class Totals(Struct, frozen=True):
    """Units of a shipment. `received` are undamaged; `over` counts what nobody announced too."""

    expected: int
    received: int
    damaged: int
    short: int
    over: int


def totals_of(shipment: Shipment) -> Totals:
    """The sums over all lines and what was not announced."""
    lines, others = shipment.lines.values(), shipment.unannounced.values()
    return Totals(
        expected=sum(line.units for line in lines),
        received=sum(line.received for line in lines) + sum(other.received for other in others),
        damaged=sum(line.damaged for line in lines) + sum(other.damaged for other in others),
        short=sum(line.remaining for line in lines),
        over=sum(line.over for line in lines) + sum(other.received + other.damaged for other in others),
    )


# --- folding ---


def _with_lines(shipment: Shipment, lines: Sequence[ExpectedGoods]) -> Shipment:
    known, of_sku, of_unit = shipment.lines, shipment.of_sku, shipment.of_unit
    for line in lines:
        announced = Line(
            line.line, line.sku, line.units, line.lot, line.expires_on, line.sscc, line_id=line.line_id
        )
        known = known.set(line.line, announced)
        of_sku = of_sku.set(line.sku, (*of_sku.get(line.sku, ()), line.line))
        if line.sscc:
            of_unit = of_unit.set(line.sscc, (*of_unit.get(line.sscc, ()), line.line))
    return structs.replace(shipment, lines=known, of_sku=of_sku, of_unit=of_unit)


def _with_goods(shipment: Shipment, event: GoodsReceived) -> Shipment:
    lines, others, wrong = shipment.lines.mutate(), shipment.unannounced.mutate(), shipment.wrong_lots.mutate()
    units, serials, inspections = (
        shipment.units.mutate(),
        shipment.serials.mutate(),
        shipment.inspections.mutate(),
    )
    for goods in event.lines:
        good, bad = (0, goods.units) if goods.status == "damaged" else (goods.units, 0)
        if goods.line:
            line = lines[goods.line]
            quarantined = goods.units if goods.status == "quarantine" else 0
            lines[goods.line] = structs.replace(
                line, received=line.received + good, damaged=line.damaged + bad, held=line.held + quarantined
            )
            if line.lot and goods.lot and line.lot != goods.lot:
                key = f"{goods.line}#{goods.lot}"
                wrong[key] = wrong.get(key, 0) + goods.units
        else:
            key = _lot_key(goods.sku, goods.lot)
            other = others.get(key) or Unannounced(goods.sku, goods.lot)
            others[key] = structs.replace(other, received=other.received + good, damaged=other.damaged + bad)
        if goods.sscc:
            units[goods.sscc] = units.get(goods.sscc, False)
        for serial in goods.serials:
            serials[f"{goods.sku}#{serial}"] = True
        if goods.inspection_id:
            one = inspections[goods.inspection_id]
            holding = goods.sscc or shipment.shipment_id
            held = one.goods.get(holding)
            held = HeldGoods(
                holding,
                goods.units + (held.units if held else 0),
                (*(held.serials if held else ()), *goods.serials),
            )
            inspections[goods.inspection_id] = structs.replace(one, goods=one.goods.set(holding, held))
    return structs.replace(
        shipment,
        lines=lines.finish(),
        unannounced=others.finish(),
        wrong_lots=wrong.finish(),
        units=units.finish(),
        serials=serials.finish(),
        inspections=inspections.finish(),
        receipts=event.receipt,
    )


def _with_inspections(shipment: Shipment, requests: Sequence[RequestedInspection]) -> Shipment:
    inspections, latest = shipment.inspections, shipment.inspecting
    for request in requests:
        inspections = inspections.set(request.inspection_id, Inspecting(request, extra=request.units == 0))
        latest = latest.set(_key_of(request), request.inspection_id)
    return structs.replace(shipment, inspections=inspections, inspecting=latest)


def _units_found(event: EntriesLogged, finding: Finding) -> int:
    return sum(entry.units for entry in event.entries if finding in entry.findings)


def _known(shipment: Shipment) -> Shipment:
    if not shipment.shipment_id:
        raise NotFound(
            "There is no such shipment.",
            field="id",
            remedy="GET /receiving/shipments lists those that there are.",
            code="unknown-shipment",
        )
    return shipment


def _lot_key(sku: str, lot: str | None) -> str:
    return f"{sku}#{lot or ''}"


def _key_of(request: RequestedInspection) -> str:
    return _lot_key(request.sku, request.lot)


def _sorted(findings: set[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in WORST_FIRST if finding in findings)


def _twice(field: str, value: str, what: str, code: str) -> Conflict:
    return Conflict(
        f"{what} {value!r} is logged already.",
        field=field,
        value=value,
        remedy="Leave it out; if two really carry the same number, one of the labels is wrong.",
        code=code,
    )


def _raise(problems: Sequence[Rejection], what: str) -> None:
    """Refuse the whole request for everything that is wrong with it."""
    if problems:
        raise one_refusal(problems, f"{len(problems)} of the {what} cannot be taken; nothing was recorded.")


def _chunks(items: tuple[S, ...], size: int) -> Iterator[tuple[S, ...]]:
    return (items[at : at + size] for at in range(0, len(items), size))
