"""Packing's deciders, by the streams they decide on."""

from picking.domain import carton_numbers, carton_range, packing
from shared.decider import Decider

PACKING = Decider(packing.CATALOG, packing.Packing(), packing.evolve, category="Packing", decide=packing.decide)
CARTON_RANGE = Decider(
    carton_range.CATALOG,
    carton_range.CartonRange(),
    carton_range.evolve,
    category="CartonRange",
    decide=carton_range.decide,
)
CARTON_NUMBERS = Decider(
    carton_numbers.CATALOG,
    carton_numbers.CartonNumbers(),
    carton_numbers.evolve,
    category="CartonNumbers",
    decide=carton_numbers.decide,
)
