"""Inventory's deciders: which rules run on which streams."""

from inventory.domain import (
    CATALOG,
    deciding,
    holding,
    location,
    lot,
    order_allocation,
    product,
    promise,
    putaway,
    transfer,
)
from shared.decider import Decider

PRODUCT = Decider(CATALOG, product.Product(), product.evolve, category="Product", decide=product.decide)
LOCATION = Decider(CATALOG, location.Location(), location.evolve, category="Location", decide=location.decide)
HOLDING = Decider(CATALOG, holding.Holding(), holding.evolve, category="Holding", decide=deciding.decide)
LOT = Decider(CATALOG, lot.Lot(), lot.evolve, category="Lot", decide=lot.decide)
TRANSFER = Decider(CATALOG, transfer.Transfer(), transfer.evolve, category="Transfer", decide=transfer.decide)
PROMISE = Decider(CATALOG, promise.Promise(), promise.evolve, category="Promise", decide=promise.decide)
PUT_AWAY = Decider(CATALOG, putaway.PutAway(), putaway.evolve, category="PutAway", decide=putaway.decide)
ALLOCATION = Decider(
    CATALOG,
    order_allocation.Allocation(),
    order_allocation.evolve,
    category="Allocation",
    decide=order_allocation.decide,
)
