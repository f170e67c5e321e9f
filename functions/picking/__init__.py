"""Picking and packing: waves and routes, pick lists, cartons."""
