"""Locations: places where stock can lie."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.contracts import (
    Capacity,
    CheckDigits,
    Coordinates,
    GlnExtension,
    LocationChanged,
    LocationKind,
    LocationRegistered,
    Mixing,
)
from inventory.domain.check_digits import derived_check_digits
from inventory.domain.holding import is_container, is_unit
from inventory.measures import Code
from shared.events import Event
from shared.gs1 import Gln, require_gln
from shared.identifiers import LocationId, WarehouseCode
from shared.rejection import Conflict, Unprocessable

FLOOR_KINDS = frozenset({"dock", "staging", "packing"})
"""Kinds of places where things stand on the floor for a while: nobody counts their room."""


class Location(Struct, frozen=True):
    """What is known of a place; an empty `location` means: not registered."""

    location: str = ""
    warehouse: str = ""
    zone: str = ""
    aisle: str = ""
    bay: str = ""
    level: str = ""
    kind: str = ""
    position: str | None = None
    coordinates: Coordinates | None = None
    capacity: Capacity | None = None
    storage_classes: tuple[str, ...] = ()
    mixing: Mixing = "any"
    check_digits: str = ""
    gln: str | None = None
    extension: str | None = None

    @property
    def is_floor(self) -> bool:
        """Whether nobody counts the room here: docks, staging and packing areas."""
        return self.kind in FLOOR_KINDS


class DescribeLocation(Struct, frozen=True):
    """Register the place, or describe it anew."""

    location: LocationId
    warehouse: WarehouseCode
    zone: Code
    aisle: Code
    bay: Code
    level: Code
    kind: LocationKind
    position: Code | None = None
    coordinates: Coordinates | None = None
    capacity: Capacity | None = None
    storage_classes: tuple[Code, ...] = ()
    mixing: Mixing = "any"
    check_digits: CheckDigits | None = None
    gln: Gln | None = None
    extension: GlnExtension | None = None


def decide(command: DescribeLocation, location: Location) -> Sequence[Event]:
    """The events that make the place what `command` says.

    Raises Conflict when it would change warehouses, or be floor and rack in turn; Unprocessable for an id that is
    an SSCC, a capacity on the floor, an extension without a GLN.
    """
    _require_sense(command)
    described = structs.asdict(command) | {
        "check_digits": command.check_digits or derived_check_digits(command.location)
    }
    if not location.location:
        return [LocationRegistered(**described)]
    if command.warehouse != location.warehouse:
        raise Conflict(
            f"{location.location} stands in warehouse {location.warehouse}; a place does not move to another.",
            field="warehouse",
            value=command.warehouse,
            remedy=f"Send {location.warehouse!r}, or register a new location in {command.warehouse}.",
            code="warehouse-is-fixed",
        )
    if (command.kind in FLOOR_KINDS) != location.is_floor:
        raise Conflict(
            f"{location.location} is a {location.kind}; what stands there was placed by the rules for it, and a "
            f"{command.kind} has others.",
            field="kind",
            value=command.kind,
            remedy="Floor kinds are dock, staging, packing; rack kinds bulk, pick_face, quarantine. Register "
            "another location.",
            code="kind-is-fixed",
        )
    if described == structs.asdict(location):
        return []
    return [LocationChanged(**described)]


def evolve(_location: Location, event: LocationRegistered | LocationChanged) -> Location:
    """The place after `event`."""
    described = structs.asdict(event)
    return Location(**described | {"check_digits": event.check_digits or derived_check_digits(event.location)})


def _require_sense(command: DescribeLocation) -> None:
    if is_container(command.location):
        sscc = is_unit(command.location)
        raise Unprocessable(
            f"{command.location!r} could be {'an SSCC' if sscc else 'a shipment'}: nobody could tell them apart.",
            field="id",
            value=command.location,
            remedy="Choose an id that is neither 18 digits nor a UUID.",
            code="location-looks-like-sscc" if sscc else "location-looks-like-shipment",
        )
    if command.kind in FLOOR_KINDS and (command.capacity is not None or command.mixing != "any"):
        field = "capacity" if command.capacity is not None else "mixing"
        raise Unprocessable(
            f"{command.kind} is a place on the floor: nobody counts what stands there for a while.",
            field=field,
            value=None,
            remedy=f"Leave {field} out, or choose one of the kinds bulk, pick_face and quarantine.",
            code="floor-has-no-capacity",
        )
    if command.extension is not None and command.gln is None:
        raise Unprocessable(
            "An extension tells places of one GLN apart; without the GLN it says nothing.",
            field="extension",
            value=command.extension,
            remedy="Send the GLN too, or leave the extension out.",
        )
    if command.gln is not None:
        require_gln(command.gln)
