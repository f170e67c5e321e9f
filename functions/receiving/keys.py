"""What shipments, documents and files are called that more than one capability looks up."""

from datetime import timedelta

from shared import ids

ADDRESS_VALID_FOR = timedelta(minutes=15)
"""How long a signed address can be used."""


def shipment_id(supplier: str, reference: str) -> str:
    """The id of the shipment that a supplier calls by `reference`."""
    return ids.derived_id("shipment", supplier, reference)


def plan_key(plan_id: str) -> tuple[str, str]:
    """Where an inspection plan is."""
    return f"Plan#{plan_id}", "Plan"


def attachment_key(inspection_id: str, attachment_id: str) -> str:
    """Where an inspection's photo or document is in the attachments bucket."""
    return f"attached/inspections/{inspection_id}/{attachment_id}"
