"""What our own fleet asks for taking cartons somewhere."""

from collections.abc import Sequence

from shared.address import Address
from shipping.domain.carrier import Fleet


def zone_of(fleet: Fleet, ship_to: Address) -> str | None:
    """The zone that the address lies in: the longest fitting postal prefix decides, else the country."""
    code = "".join(character for character in ship_to.postal_code.upper() if character.isalnum())
    fitting = [
        (len(prefix), zone.zone)
        for zone in fleet.zones
        if zone.country == ship_to.country
        for prefix in zone.postal_prefixes or ("",)
        if code.startswith(prefix)
    ]
    return max(fitting)[1] if fitting else None


def prices(fleet: Fleet, ship_to: Address, weights_g: Sequence[int]) -> dict[str, int]:
    """What all cartons cost together, by each service level that takes every one of them there."""
    zone = zone_of(fleet, ship_to)
    services = {rate.service for rate in fleet.rates if rate.zone == zone}
    sums = {service: [_price(fleet, service, zone, weight) for weight in weights_g] for service in services}
    return {
        service: sum(amount for amount in amounts if amount is not None)
        for service, amounts in sums.items()
        if None not in amounts
    }


def _price(fleet: Fleet, service: str, zone: str | None, weight_g: int) -> int | None:
    """The rate of the least weight class that the carton fits into; None when it is too heavy."""
    fitting = [
        (rate.up_to_g, rate.amount)
        for rate in fleet.rates
        if rate.service == service and rate.zone == zone and weight_g <= rate.up_to_g
    ]
    return min(fitting)[1] if fitting else None
