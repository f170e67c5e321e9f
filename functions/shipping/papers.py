"""The documents of others: carriers' own labels and pick-up forms, kept in the bucket beside our own labels."""

from datetime import timedelta

from shared import aws, telemetry
from shared.environment import required
from shipping.carrier_port import CarrierPort, NoDocument

ADDRESS_VALID_FOR = timedelta(minutes=15)
"""How long a signed address can be used."""
MEDIA = {"pdf": "application/pdf", "zpl": "application/zpl", "png": "image/png"}
_BEGINS = ((b"%PDF-", "pdf"), (b"^XA", "zpl"), (b"\x89PNG\r\n", "png"))


def postage_key(shipment_id: str, consignment: str) -> str:
    """Where the carrier's own label of a carton is."""
    return f"attached/postage/{shipment_id}/{consignment}"


def form_key(load_id: str, form: str) -> str:
    """Where a carrier's pick-up form is."""
    return f"attached/forms/{load_id}/{form}"


def keep(key: str, carrier: CarrierPort, address: str) -> str:
    """Put the carrier's document at `address` into the bucket. Its media type; empty when it is not to be had.

    Raises CarrierUnavailable when it may be had later.
    """
    try:
        content = carrier.document(address)
    except NoDocument as error:
        telemetry.error("no document", key=key, error=str(error))
        return ""
    media = next((MEDIA[name] for begins, name in _BEGINS if content.lstrip().startswith(begins)), "")
    if not media:
        telemetry.error("no document", key=key, error="neither PDF, nor ZPL, nor PNG")
        return ""
    aws.s3().put_object(Bucket=required("attachments_bucket"), Key=key, Body=content, ContentType=media)
    return media


def remove(key: str) -> None:
    """Take a document out of the bucket, if it is there."""
    aws.s3().delete_object(Bucket=required("attachments_bucket"), Key=key)


def signed_address(key: str, media: str, file_name: str) -> str:
    """An address that gives the document to whoever has it, for a while."""
    return aws.s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": required("attachments_bucket"),
            "Key": key,
            "ResponseContentType": media,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
        },
        ExpiresIn=int(ADDRESS_VALID_FOR.total_seconds()),
    )
