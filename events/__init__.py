"""The published contracts: generated from each service's code, checked for drift and for breaking changes."""
