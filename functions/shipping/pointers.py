"""Where it says which shipment a carton belongs to: by its SSCC, and by its carrier's number of it."""

from msgspec import Struct


class CartonPointer(Struct, frozen=True):
    """Which shipment a carton belongs to."""

    shipment_id: str


def carton_key(sscc: str) -> tuple[str, str]:
    """Where it says to which shipment the carton with that SSCC belongs."""
    return f"Carton#{sscc}", "Shipment"


def tracking_key(number: str) -> tuple[str, str]:
    """Where it says to which shipment the carton belongs that a carrier knows by that number."""
    return f"Tracking#{number or '-'}", "Shipment"
