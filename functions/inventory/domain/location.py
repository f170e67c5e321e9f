"""Locations: places where stock can lie."""

from collections.abc import Sequence

from msgspec import Struct, structs

from inventory.contracts import Code, LocationChanged, LocationRegistered
from shared.events import Event
from shared.identifiers import LocationId, WarehouseCode
from shared.rejection import Conflict


class Location(Struct, frozen=True):
    """What is known of a place; an empty `location` means: not registered."""

    location: str = ""
    warehouse: str = ""
    zone: str = ""
    aisle: str = ""
    bay: str = ""
    level: str = ""
    kind: str = ""


class DescribeLocation(Struct, frozen=True):
    """Register the place, or describe it anew."""

    location: LocationId
    warehouse: WarehouseCode
    zone: Code
    aisle: Code
    bay: Code
    level: Code
    kind: Code


def decide(command: DescribeLocation, location: Location) -> Sequence[Event]:
    """The events that make the place what `command` says. Raises Conflict when it would change warehouses."""
    described = structs.asdict(command)
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
    if described == structs.asdict(location):
        return []
    return [LocationChanged(**described)]


def evolve(_location: Location, event: LocationRegistered | LocationChanged) -> Location:
    """The place after `event`."""
    return Location(**structs.asdict(event))
