"""Attachments: photos and documents of inspections. Callers send the bytes themselves, to a signed address.

An address names the one file, its type and its size: nothing else can be uploaded with it.
"""

from msgspec import Struct

from receiving.aggregates import INSPECTION
from receiving.contracts import InspectionId
from receiving.domain.inspection import AddAttachment, AttachmentAdded, FileName, FileSize, MediaType
from receiving.keys import ADDRESS_VALID_FOR, attachment_key
from shared import aws, clock
from shared.decider import execute
from shared.environment import required
from shared.http_edge import Api, Request, Response
from shared.identifiers import Timestamp
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()


class NewAttachment(Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is about to be uploaded."""

    file_name: FileName
    media_type: MediaType
    size: FileSize


class UploadAddress(Struct, frozen=True):
    """Where to PUT the bytes, with which headers, and until when."""

    attachment_id: str
    method: str
    url: str
    headers: dict[str, str]
    expires_at: Timestamp


@handler.route(
    "POST",
    "/receiving/inspections/{id}/attachments",
    scope="receiving/write",
    returns=(201, UploadAddress),
    rejects=(NotFound, Conflict, Unprocessable),
)
def add_attachment(request: Request, id: InspectionId, body: NewAttachment) -> Response:
    """Announce a photo or document. The same request again gets a fresh address for the same file."""
    now = clock.now()
    command = AddAttachment(request.created_id(), body.file_name, body.media_type, body.size, clock.iso(now))
    outcome = execute(history(), INSPECTION, INSPECTION.stream_id(id), request.command(command))
    added = next(event for event in outcome.events if isinstance(event, AttachmentAdded))
    url = aws.s3().generate_presigned_url(
        "put_object",
        Params={
            "Bucket": required("attachments_bucket"),
            "Key": attachment_key(id, added.attachment_id),
            "ContentType": added.media_type,
            "ContentLength": added.size,
        },
        ExpiresIn=int(ADDRESS_VALID_FOR.total_seconds()),
    )
    address = UploadAddress(
        added.attachment_id,
        "PUT",
        url,
        {"content-type": added.media_type, "content-length": str(added.size)},
        clock.iso(now + ADDRESS_VALID_FOR),
    )
    return Response(201, address, replayed=outcome.repeated)
