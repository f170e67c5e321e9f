"""Walks through a warehouse: how far two stops lie apart, and in which order a pick list visits its stops."""

from picking.domain.routing.aisles import largest_gap, s_shape
from picking.domain.routing.layout import ConveyorRows, Metric, RackAisles, Stop, tour_length
from picking.domain.routing.tours import exact_tour, nearest_neighbour, optimised_tour

__all__ = [
    "ConveyorRows",
    "Metric",
    "RackAisles",
    "Stop",
    "exact_tour",
    "largest_gap",
    "nearest_neighbour",
    "optimised_tour",
    "s_shape",
    "tour_length",
]
