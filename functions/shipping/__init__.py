"""Shipping: packed cartons get labels, go on a truck, leave, and are followed until they are delivered."""
