"""Carriers: who takes cartons away, which service levels they offer, and what our own fleet asks for them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from shared.address import PRINTABLE, Address, CountryCode
from shared.events import Event
from shared.identifiers import WarehouseCode
from shared.money import Currency, MinorUnits
from shared.rejection import Conflict, Unprocessable
from shipping.contracts import CarrierId, ServiceLevel

CARRIERS = ("Carriers", "Carrier#")
"""Where carriers are listed: the partition, and what their sort keys begin with."""

MAX_ZONES = 100
MAX_RATES = 1_000

CarrierKind = Literal["own_fleet", "easypost"]
LabelFormat = Literal["pdf", "zpl", "png"]
CarrierName = Annotated[
    str, Meta(min_length=1, max_length=60, pattern=PRINTABLE, description="The carrier's name on labels.")
]
ZoneName = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$", description="A zone's short name.", examples=["city"])
]
PostalPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z0-9]{1,10}$",
        description="How postal codes begin, in capitals and without spaces or dashes.",
        examples=["101"],
    ),
]
TrackingPrefix = Annotated[
    str,
    Meta(pattern=r"^[A-Z]{2,4}$", description="What the fleet's tracking numbers begin with.", examples=["OF"]),
]
Weight = Annotated[int, Meta(ge=1, le=100_000_000, description="A weight in grams.", examples=[10_000])]


class Zone(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a rate holds: a country, or the postal codes in it that begin so. The longest prefix decides."""

    zone: ZoneName
    country: CountryCode
    postal_prefixes: Annotated[tuple[PostalPrefix, ...], Meta(max_length=500)] = ()


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """What one carton of at most `up_to_g` grams costs by a service level into a zone, in minor units."""

    service: ServiceLevel
    zone: ZoneName
    up_to_g: Weight
    amount: MinorUnits


class Fleet(Struct, frozen=True, forbid_unknown_fields=True):
    """Our own trucks: zones, flat rates by service level, zone and weight, what tracking numbers begin with."""

    currency: Currency
    zones: Annotated[tuple[Zone, ...], Meta(min_length=1, max_length=MAX_ZONES)]
    rates: Annotated[tuple[Rate, ...], Meta(min_length=1, max_length=MAX_RATES)]
    tracking_prefix: TrackingPrefix = "OF"


class Sold(Struct, frozen=True, forbid_unknown_fields=True):
    """What one of our service levels is with a carrier of the account: its name there, and its service's."""

    service: ServiceLevel
    carrier: Annotated[str, Meta(min_length=1, max_length=60, examples=["USPS"])]
    carrier_service: Annotated[str, Meta(min_length=1, max_length=60, examples=["GroundAdvantage"])]


class Account(Struct, frozen=True, forbid_unknown_fields=True):
    """An account where labels of many carriers are bought: where shipments come from, and what is bought there.

    `label_format` is what carriers' own labels are drawn in, as the printers of the warehouse want it.
    """

    origin: Address
    sells: Annotated[tuple[Sold, ...], Meta(min_length=1, max_length=200)]
    label_format: LabelFormat = "pdf"


class Carrier(Struct, frozen=True, omit_defaults=True):
    """What is known of a carrier; an empty `carrier` means: not registered.

    It serves `warehouses` (none named: all of them) while it is `active`.
    """

    carrier: str = ""
    kind: CarrierKind = "own_fleet"
    name: str = ""
    active: bool = True
    warehouses: tuple[str, ...] = ()
    fleet: Fleet | None = None
    account: Account | None = None


class DescribeCarrier(Struct, frozen=True):
    """Register the carrier, or describe it anew."""

    carrier: CarrierId
    kind: CarrierKind
    name: CarrierName
    active: bool = True
    warehouses: tuple[WarehouseCode, ...] = ()
    fleet: Fleet | None = None
    account: Account | None = None


class CarrierDescribed(Event, frozen=True):
    """The carrier is as it is described here, from now on."""

    carrier: CarrierId
    kind: CarrierKind
    name: CarrierName
    active: bool = True
    warehouses: tuple[WarehouseCode, ...] = ()
    fleet: Fleet | None = None
    account: Account | None = None


def decide(command: DescribeCarrier, carrier: Carrier) -> Sequence[Event]:
    """The events that make the carrier what `command` says.

    Raises Conflict when its kind would change, Unprocessable when zones and rates do not fit together.
    """
    if carrier.carrier and command.kind != carrier.kind:
        raise Conflict(
            f"{carrier.carrier} is of the kind {carrier.kind}; labels that were made so would have no carrier.",
            field="kind",
            value=command.kind,
            remedy="Register another carrier under another id.",
            code="kind-is-fixed",
        )
    needs, other = ("fleet", "account") if command.kind == "own_fleet" else ("account", "fleet")
    if getattr(command, needs) is None or getattr(command, other) is not None:
        raise Unprocessable(
            f"A carrier of the kind {command.kind} is described by its {needs}, and has no {other}.",
            field=needs if getattr(command, needs) is None else other,
            remedy="Send the fleet's currency, zones and rates."
            if needs == "fleet"
            else "Send where shipments come from, and what is bought from whom.",
        )
    if command.fleet is not None:
        _require_sense(command.fleet)
    described = structs.asdict(command)
    if described == structs.asdict(carrier):
        return []
    return [CarrierDescribed(**described)]


def evolve(_carrier: Carrier, event: CarrierDescribed) -> Carrier:
    """The carrier after `event`."""
    return Carrier(**structs.asdict(event))


def _require_sense(fleet: Fleet) -> None:
    names = [zone.zone for zone in fleet.zones]
    where: dict[tuple[str, str], str] = {}
    for index, zone in enumerate(fleet.zones):
        if names.index(zone.zone) != index:
            raise _doubled(f"fleet.zones[{index}].zone", zone.zone, "zone")
        for prefix in zone.postal_prefixes or ("",):
            other = where.setdefault((zone.country, prefix), zone.zone)
            if other != zone.zone:
                raise Unprocessable(
                    f"{zone.country} {prefix or 'as a whole'} lies in the zones {other!r} and {zone.zone!r}.",
                    field=f"fleet.zones[{index}].postal_prefixes",
                    value=prefix,
                    remedy="Name it in one zone only; a longer prefix may lie in another.",
                    code="zones-overlap",
                )
    seen: set[tuple[str, str, int]] = set()
    for index, rate in enumerate(fleet.rates):
        if rate.zone not in names:
            raise Unprocessable(
                f"There is no zone {rate.zone!r}; there are {', '.join(names)}.",
                field=f"fleet.rates[{index}].zone",
                value=rate.zone,
                remedy="Name one of the zones, or add the zone.",
                code="unknown-zone",
            )
        key = (rate.service, rate.zone, rate.up_to_g)
        if key in seen:
            raise _doubled(f"fleet.rates[{index}]", f"{rate.service} {rate.zone} {rate.up_to_g}", "rate")
        seen.add(key)


def _doubled(field: str, value: str, what: str) -> Unprocessable:
    return Unprocessable(
        f"The {what} {value!r} is there twice.",
        field=field,
        value=value,
        remedy=f"Send each {what} once.",
        code="duplicate",
    )
