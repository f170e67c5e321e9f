"""Inventory: which products there are, where they lie, and to whom they are promised."""
