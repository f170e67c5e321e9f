"""Orders' decider: the order's rules run on the order's own stream."""

from orders.domain import CATALOG, Order, decide, evolve
from shared.decider import Decider

ORDER = Decider(CATALOG, Order(), evolve, category="Order", decide=decide)
