"""Receiving's rules, pure: shipments, inspections, sampling, switching, recalls."""
