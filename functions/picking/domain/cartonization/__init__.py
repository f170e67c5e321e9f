"""Which cartons an order needs, and what lies where in them."""

from picking.domain.cartonization.model import (
    Carton,
    CartonType,
    Item,
    Oversize,
    Packing,
    Placement,
)
from picking.domain.cartonization.packing import pack

__all__ = ["Carton", "CartonType", "Item", "Oversize", "Packing", "Placement", "pack"]
