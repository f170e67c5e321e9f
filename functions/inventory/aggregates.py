"""Inventory's deciders: which rules run on which streams."""

from inventory.domain import CATALOG, holding, location, product, promise
from shared.decider import Decider

PRODUCT = Decider(CATALOG, product.Product(), product.evolve, category="Product", decide=product.decide)
LOCATION = Decider(CATALOG, location.Location(), location.evolve, category="Location", decide=location.decide)
HOLDING = Decider(CATALOG, holding.Holding(), holding.evolve, category="Holding", decide=holding.decide)
PROMISE = Decider(CATALOG, promise.Promise(), promise.evolve, category="Promise", decide=promise.decide)
