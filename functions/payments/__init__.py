"""Payments: money is held for an order once, and let go again when the order is called off."""
