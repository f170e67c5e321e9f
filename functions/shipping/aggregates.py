"""Shipping's deciders: which rules run on which streams."""

from shared.decider import Decider
from shared.events import EventCatalog
from shipping import contracts
from shipping.domain import carrier, load, shipment

CATALOG = EventCatalog(
    "shipping",
    (
        *contracts.PUBLISHED,
        carrier.CarrierDescribed,
        shipment.ShipmentAccepted,
        shipment.AddressChanged,
        shipment.ShipmentWithdrawn,
        shipment.CartonStopped,
        shipment.HoldsNoted,
        shipment.CarrierChosen,
        shipment.LabelBought,
        shipment.PostageSettled,
        shipment.CarrierAsked,
        shipment.ReturnLabelOrdered,
        shipment.ReturnPostageChosen,
        shipment.ReturnLabelBought,
        shipment.ReturnLabelRefused,
        shipment.LabelsOrderedAgain,
        shipment.LabelsReprinted,
        load.LoadOpened,
        load.CartonsLoaded,
        load.CartonsUnloaded,
        load.ShipmentsSettled,
        load.FormMade,
        load.FormRefused,
    ),
)

CARRIER: Decider[carrier.Carrier] = Decider(
    CATALOG, carrier.Carrier(), carrier.evolve, category="Carrier", decide=carrier.decide
)
SHIPMENT: Decider[shipment.Shipment] = Decider(
    CATALOG, shipment.Shipment(), shipment.evolve, category="Shipment", decide=shipment.decide
)
LOAD: Decider[load.Load] = Decider(CATALOG, load.Load(), load.evolve, category="Load", decide=load.decide)
