"""Orders' decider: the order's rules run on the order's own stream."""

from orders.domain import CATALOG
from orders.domain.order import Order, evolve
from orders.domain.saga import decide
from shared.decider import Decider

ORDER = Decider(CATALOG, Order(), evolve, category="Order", decide=decide)
