"""The front door: what belongs to the whole system and to no service."""
