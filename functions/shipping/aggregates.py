"""Shipping's deciders: which rules run on which streams."""

from shared.decider import Decider
from shared.events import EventCatalog
from shipping.domain import carrier

CATALOG = EventCatalog("shipping", (carrier.CarrierDescribed,))

CARRIER: Decider[carrier.Carrier] = Decider(
    CATALOG, carrier.Carrier(), carrier.evolve, category="Carrier", decide=carrier.decide
)
