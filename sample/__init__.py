"""A homeware, tools and outdoor wholesaler of our own making: catalogue, warehouse, stock and orders.

Nothing in here is stored as data: `generate.dataset()` builds the same values on every machine, and a test
holds their fingerprint. `python -m sample.generate` prints them.
"""
