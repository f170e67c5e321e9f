"""Which carrier takes a shipment: the cheapest of those that offer what is wanted."""

from collections.abc import Iterable, Iterator, Sequence

from shared.money import Money
from shipping.domain.carrier import Carrier
from shipping.domain.rates import prices
from shipping.domain.shipment import Answer, NoOffer, Offer, OfferedLabel, Shipment
from shipping.domain.tracking_number import tracking_number


def is_wanted(shipment: Shipment, carrier: str, service: str) -> bool:
    """Whether `carrier:service`, or that service of any carrier, is what the order was promised, if anything."""
    wanted = (shipment.wanted or "").lower()
    return wanted in ("", service, f"{carrier}:{service}")


def cheapest(shipment: Shipment, offers: Sequence[Offer]) -> Answer:
    """The cheapest of the offers for the labels that the shipment waits for; in the goods' own currency first."""
    currency = shipment.value.currency if shipment.value is not None else ""
    if not offers:
        return NoOffer(shipment.revision)
    return min(
        offers,
        key=lambda offer: (offer.cost.currency != currency, offer.cost.amount, offer.carrier, offer.service),
    )


def fleet_offers(shipment: Shipment, carriers: Iterable[Carrier]) -> list[Offer]:
    """What our own fleets ask for the labels that the shipment waits for."""
    return [offer for carrier in carriers if serves(carrier, shipment) for offer in _offers(carrier, shipment)]


def answer(shipment: Shipment, carriers: Iterable[Carrier]) -> Answer:
    """The cheapest offer of our own fleets, if any."""
    return cheapest(shipment, fleet_offers(shipment, carriers))


def serves(carrier: Carrier, shipment: Shipment) -> bool:
    """Whether the carrier takes shipments of that warehouse now."""
    return carrier.active and (not carrier.warehouses or shipment.warehouse in carrier.warehouses)


def _offers(carrier: Carrier, shipment: Shipment) -> Iterator[Offer]:
    """What our own fleet asks, with the labels: their numbers need nobody's answer."""
    fleet = carrier.fleet
    if fleet is None or shipment.ship_to is None:
        return
    weights = [carton.weight_g for carton in shipment.cartons.values()]
    for service, amount in prices(fleet, shipment.ship_to, weights).items():
        if is_wanted(shipment, carrier.carrier, service):
            yield Offer(
                revision=shipment.revision,
                carrier=carrier.carrier,
                service=service,
                cost=Money(amount, fleet.currency),
                labels=tuple(
                    OfferedLabel(sscc, tracking_number(fleet.tracking_prefix, sscc, shipment.revision))
                    for sscc in shipment.cartons
                ),
            )
