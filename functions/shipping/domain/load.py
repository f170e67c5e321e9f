"""Loads: cartons go on a truck or into a cage, and leave with it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from shared.address import PRINTABLE
from shared.events import Event
from shared.rejection import Conflict, NotFound
from shipping.contracts import DepartingShipment, LoadDispatched, LoadDispatchStarted

MAX_CARTONS = 2_000
"""On one load: what is known of it fits into one item of the history, with room to spare."""
SHIPMENTS_AT_ONCE = 50
"""So many shipments one message tells to leave."""

LoadStatus = Literal["open", "dispatching", "dispatched"]
Vehicle = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=PRINTABLE,
        description="The truck's plate or the cage's number.",
        examples=["B-SW 1042"],
    ),
]


# --- events that only shipping reads ---


class LoadOpened(Event, frozen=True, kw_only=True):
    """Cartons of a carrier may go on a truck or into a cage."""

    load_id: str
    warehouse: str
    carrier: str
    opened_at: str
    door: str | None = None
    vehicle: str | None = None


class LoadedShipment(Struct, frozen=True):
    """Cartons that were scanned on, and all that their shipment has to leave with."""

    shipment_id: str
    aboard: tuple[str, ...]
    all: tuple[str, ...]


class CartonsLoaded(Event, frozen=True, kw_only=True):
    """Cartons were scanned on, at `occurred_at` by the scanner's clock."""

    load_id: str
    shipments: tuple[LoadedShipment, ...]
    occurred_at: str


class CartonsUnloaded(Event, frozen=True, kw_only=True):
    """Cartons were taken off again."""

    load_id: str
    ssccs: tuple[str, ...]
    occurred_at: str


class RefusedShipment(Struct, frozen=True, omit_defaults=True):
    """A shipment whose `cartons` are on the load and do not leave with it, and why.

    Where no cartons are named, all that are aboard are meant.
    """

    shipment_id: str
    reason: str
    cartons: tuple[str, ...] = ()


class Postage(Struct, frozen=True):
    """A bought label that has left with the load: what the carrier calls its carton, and by which service."""

    consignment: str
    service: str


class ShipmentsSettled(Event, frozen=True, kw_only=True):
    """The shipments of one part of the load have left, or are not to: their cartons have to come off."""

    load_id: str
    number: int
    dispatched: tuple[str, ...]
    refused: tuple[RefusedShipment, ...] = ()
    postage: tuple[Postage, ...] = ()


class FormMade(Event, frozen=True, kw_only=True):
    """The carrier has a form for these cartons, which its driver scans when picking them up.

    `document` is the media type of the form as it is kept; empty when it could not be had.
    """

    load_id: str
    form: str
    consignments: tuple[str, ...]
    document: str = ""


class FormRefused(Event, frozen=True, kw_only=True):
    """The carrier makes no form for these cartons: each is scanned by itself."""

    load_id: str
    consignments: tuple[str, ...]
    reason: str


# --- state ---


class Form(Struct, frozen=True, omit_defaults=True):
    """A carrier's pick-up form: for how many cartons, of which media type; without a name it was `refused`."""

    form: str
    cartons: int
    document: str = ""
    refused: str = ""


class Load(Struct, frozen=True, omit_defaults=True):
    """A load; without a `load_id` there is none. `shipments` has all cartons of those that have some `aboard`.

    `refused` are the shipments of which cartons that are aboard did not leave with it.
    `postage` are the bought labels that have left and are on no pick-up form yet, with their services.
    """

    load_id: str = ""
    warehouse: str = ""
    carrier: str = ""
    door: str | None = None
    vehicle: str | None = None
    status: LoadStatus = "open"
    opened_at: str = ""
    dispatched_at: str = ""
    shipments: dict[str, tuple[str, ...]] = {}
    aboard: dict[str, str] = {}
    parts: int = 0
    settled: tuple[int, ...] = ()
    refused: dict[str, RefusedShipment] = {}
    postage: dict[str, str] = {}
    forms: tuple[Form, ...] = ()

    @property
    def waits_for_forms(self) -> bool:
        """Whether its carrier has to be asked for pick-up forms."""
        return self.status == "dispatched" and bool(self.postage)

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """The cartons that are not aboard of shipments of which others are, by shipment."""
        left = {
            shipment_id: tuple(sscc for sscc in ssccs if sscc not in self.aboard)
            for shipment_id, ssccs in self.shipments.items()
        }
        return {shipment_id: ssccs for shipment_id, ssccs in left.items() if ssccs}

    def aboard_of(self, shipment_id: str) -> tuple[str, ...]:
        """The cartons of a shipment that are aboard."""
        return tuple(sscc for sscc in self.shipments.get(shipment_id, ()) if sscc in self.aboard)

    def leaving(self, shipment_id: str) -> tuple[str, ...]:
        """The cartons of a shipment that are aboard and leave with the load, or have left with it."""
        aboard = self.aboard_of(shipment_id)
        if (refused := self.refused.get(shipment_id)) is None:
            return aboard
        return tuple(sscc for sscc in aboard if refused.cartons and sscc not in refused.cartons)


# --- commands ---


class OpenLoad(Struct, frozen=True):
    """Begin a load."""

    load_id: str
    warehouse: str
    carrier: str
    at: str
    door: str | None = None
    vehicle: str | None = None


class ScanOn(Struct, frozen=True):
    """Put cartons on that belong there: for each shipment those that were scanned."""

    shipments: tuple[LoadedShipment, ...]
    occurred_at: str


class TakeOff(Struct, frozen=True):
    """Take cartons off again."""

    ssccs: tuple[str, ...]
    occurred_at: str


class DispatchLoad(Struct, frozen=True):
    """Let the load leave; with `leave_behind` also when shipments are not complete."""

    leave_behind: bool
    at: str


class Settle(Struct, frozen=True):
    """Note what became of the shipments of one part of the load."""

    number: int
    dispatched: tuple[str, ...]
    refused: tuple[RefusedShipment, ...]
    postage: tuple[Postage, ...] = ()


class NoteForm(Struct, frozen=True):
    """Note the carrier's form for these cartons."""

    form: str
    consignments: tuple[str, ...]
    document: str


class NoteNoForm(Struct, frozen=True):
    """Note that the carrier makes none for these cartons."""

    consignments: tuple[str, ...]
    reason: str


LoadCommand = OpenLoad | ScanOn | TakeOff | DispatchLoad | Settle | NoteForm | NoteNoForm
LoadEvent = (
    LoadOpened
    | CartonsLoaded
    | CartonsUnloaded
    | LoadDispatchStarted
    | ShipmentsSettled
    | LoadDispatched
    | FormMade
    | FormRefused
)


def decide(command: LoadCommand, load: Load) -> Sequence[Event]:
    """What happens to the load because of `command`."""
    match command:
        case OpenLoad():
            if load.load_id:
                return []
            return [
                LoadOpened(
                    load_id=command.load_id,
                    warehouse=command.warehouse,
                    carrier=command.carrier,
                    opened_at=command.at,
                    door=command.door,
                    vehicle=command.vehicle,
                )
            ]
        case ScanOn(shipments, occurred_at):
            return _scanned_on(load, shipments, occurred_at)
        case TakeOff(ssccs, occurred_at):
            _require_open(load)
            off = tuple(dict.fromkeys(sscc for sscc in ssccs if sscc in load.aboard))
            return [CartonsUnloaded(load_id=load.load_id, ssccs=off, occurred_at=occurred_at)] if off else []
        case DispatchLoad(leave_behind, at):
            return _dispatched(load, at, leave_behind=leave_behind)
        case Settle():
            return _settled(load, command)
        case NoteForm(form, consignments, document):
            if not (new := _without_form(load, consignments)):
                return []
            return [FormMade(load_id=load.load_id, form=form, consignments=new, document=document)]
        case NoteNoForm(consignments, reason):
            if not (new := _without_form(load, consignments)):
                return []
            return [FormRefused(load_id=load.load_id, consignments=new, reason=reason)]


def evolve(load: Load, event: LoadEvent) -> Load:
    """The load after `event`."""
    match event:
        case LoadOpened():
            return Load(
                load_id=event.load_id,
                warehouse=event.warehouse,
                carrier=event.carrier,
                door=event.door,
                vehicle=event.vehicle,
                opened_at=event.opened_at,
            )
        case CartonsLoaded(shipments=shipments, occurred_at=at):
            return replace(
                load,
                shipments=load.shipments | {one.shipment_id: one.all for one in shipments},
                aboard=load.aboard | {sscc: at for one in shipments for sscc in one.aboard},
            )
        case CartonsUnloaded(ssccs=ssccs):
            aboard = {sscc: at for sscc, at in load.aboard.items() if sscc not in ssccs}
            kept = {
                shipment_id: every
                for shipment_id, every in load.shipments.items()
                if any(sscc in aboard for sscc in every)
            }
            return replace(load, aboard=aboard, shipments=kept)
        case LoadDispatchStarted(dispatched_at=at, parts=parts):
            return replace(load, status="dispatching", dispatched_at=at, parts=parts)
        case ShipmentsSettled(number=number, refused=refused, postage=postage):
            return replace(
                load,
                settled=(*load.settled, number),
                refused=load.refused | {one.shipment_id: one for one in refused},
                postage=load.postage | {one.consignment: one.service for one in postage},
            )
        case LoadDispatched():
            return replace(load, status="dispatched")
        case FormMade(form=form, consignments=consignments, document=document):
            return _formed(load, consignments, Form(form, len(consignments), document))
        case FormRefused(consignments=consignments, reason=reason):
            return _formed(load, consignments, Form("", len(consignments), refused=reason))


def _without_form(load: Load, consignments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in consignments if one in load.postage)


def _formed(load: Load, consignments: tuple[str, ...], form: Form) -> Load:
    left = {one: service for one, service in load.postage.items() if one not in consignments}
    return replace(load, postage=left, forms=(*load.forms, form))


def _scanned_on(load: Load, shipments: Iterable[LoadedShipment], at: str) -> Sequence[Event]:
    """What is aboard already is not put on again."""
    _require_open(load)
    new = tuple(
        replace(one, aboard=tuple(sscc for sscc in one.aboard if sscc not in load.aboard)) for one in shipments
    )
    new = tuple(one for one in new if one.aboard)
    count = len(load.aboard) + sum(len(one.aboard) for one in new)
    if count > MAX_CARTONS:
        raise Conflict(
            f"The load would have {count} cartons; one load holds {MAX_CARTONS}.",
            field="ssccs",
            value=count,
            remedy="Dispatch it, and open another load for the rest.",
            code="load-full",
        )
    return [CartonsLoaded(load_id=load.load_id, shipments=new, occurred_at=at)] if new else []


def _dispatched(load: Load, at: str, *, leave_behind: bool) -> Sequence[Event]:
    require_known(load)
    if load.status != "open":
        return []
    if not load.aboard:
        raise Conflict(
            "Nothing is on the load.",
            field="id",
            value=load.load_id,
            remedy="Scan cartons on: POST /shipping/loads/{id}/scans.",
            code="load-empty",
        )
    if load.missing and not leave_behind:
        missing = [sscc for ssccs in load.missing.values() for sscc in ssccs]
        raise Conflict(
            f"{len(missing)} cartons of shipments on this load are not on it: {', '.join(missing[:20])}"
            f"{' and more' if len(missing) > 20 else ''}.",
            field="leave_behind",
            value=False,
            remedy="Scan them on, take the others off, or send leave_behind: true to let them follow later.",
            code="cartons-missing",
            further=tuple(
                Conflict(f"Carton {sscc} is not on the load.", field=f"shipments.{shipment_id}", value=sscc)
                for shipment_id, ssccs in load.missing.items()
                for sscc in ssccs
            )[:200],
        )
    departing = [
        DepartingShipment(shipment_id, load.aboard_of(shipment_id)) for shipment_id in sorted(load.shipments)
    ]
    chunks = list(_chunks(departing))
    return [
        LoadDispatchStarted(
            load_id=load.load_id,
            warehouse=load.warehouse,
            carrier=load.carrier,
            number=number,
            parts=len(chunks),
            shipments=chunk,
            dispatched_at=at,
        )
        for number, chunk in enumerate(chunks, start=1)
    ]


def _settled(load: Load, command: Settle) -> Sequence[Event]:
    require_known(load)
    if command.number in load.settled:
        return []
    settled = ShipmentsSettled(
        load_id=load.load_id,
        number=command.number,
        dispatched=command.dispatched,
        refused=command.refused,
        postage=command.postage,
    )
    after = evolve(load, settled)
    if len(after.settled) < after.parts:
        return [settled]
    gone = {shipment_id: ssccs for shipment_id in after.shipments if (ssccs := after.leaving(shipment_id))}
    dispatched = LoadDispatched(
        load_id=load.load_id,
        warehouse=load.warehouse,
        carrier=load.carrier,
        shipments=len(gone),
        cartons=sum(map(len, gone.values())),
        refused=tuple(sorted(shipment_id for shipment_id in after.refused if shipment_id not in gone)),
        dispatched_at=load.dispatched_at,
    )
    return [settled, dispatched]


def _chunks(shipments: Sequence[DepartingShipment]) -> Iterator[tuple[DepartingShipment, ...]]:
    for start in range(0, len(shipments), SHIPMENTS_AT_ONCE):
        yield tuple(shipments[start : start + SHIPMENTS_AT_ONCE])


def require_known(load: Load) -> None:
    """Raises NotFound when there is no such load."""
    if not load.load_id:
        raise NotFound(
            "There is no such load.",
            field="id",
            remedy="GET /shipping/loads lists those that are open.",
            code="unknown-load",
        )


def _require_open(load: Load) -> None:
    require_known(load)
    if load.status != "open":
        raise Conflict(
            f"Load {load.load_id} has left at {load.dispatched_at}.",
            field="id",
            value=load.load_id,
            remedy="Open another load.",
            code="load-has-left",
        )
