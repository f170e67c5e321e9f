"""Shipping's rules, pure: carriers and what they cost, shipments, loads."""
