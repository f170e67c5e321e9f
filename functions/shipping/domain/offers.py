"""Which carrier takes a shipment: the cheapest of those that offer what is wanted."""

from collections.abc import Iterable, Iterator

from shared.money import Money
from shipping.domain.carrier import Carrier
from shipping.domain.rates import prices
from shipping.domain.shipment import Answer, NoOffer, Offer, OfferedLabel, Shipment
from shipping.domain.tracking_number import tracking_number


def is_wanted(shipment: Shipment, carrier: str, service: str) -> bool:
    """Whether `carrier:service`, or that service of any carrier, is what the order was promised, if anything."""
    wanted = (shipment.wanted or "").lower()
    return wanted in ("", service, f"{carrier}:{service}")


def answer(shipment: Shipment, carriers: Iterable[Carrier]) -> Answer:
    """The cheapest offer for the labels that the shipment waits for; those in the goods' own currency first."""
    currency = shipment.value.currency if shipment.value is not None else ""
    offers = [offer for carrier in carriers if _serves(carrier, shipment) for offer in _offers(carrier, shipment)]
    if not offers:
        return NoOffer(shipment.revision)
    return min(
        offers,
        key=lambda offer: (offer.cost.currency != currency, offer.cost.amount, offer.carrier, offer.service),
    )


def _serves(carrier: Carrier, shipment: Shipment) -> bool:
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
