"""Orders' deciders: an order's rules run on its own stream, and so does the choice of many that are released."""

from orders.domain import CATALOG, release
from orders.domain.order import Order, evolve
from orders.domain.saga import decide
from shared.decider import Decider

ORDER = Decider(CATALOG, Order(), evolve, category="Order", decide=decide)
RELEASE = Decider(CATALOG, release.Chosen(), release.evolve, category="Release", decide=release.decide)
