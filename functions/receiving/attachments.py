"""Attachments: photos and documents of inspections. Callers send and fetch the bytes by signed addresses.

An address names the one file, its type and its size: nothing else can be uploaded with it.
"""

from datetime import timedelta

from msgspec import Struct

from receiving.aggregates import INSPECTION
from receiving.contracts import InspectionId
from receiving.domain.inspection import AddAttachment, Attachment, AttachmentAdded, FileName, FileSize, MediaType
from shared import aws, clock
from shared.decider import execute
from shared.environment import required
from shared.http_edge import Api, Request, Response
from shared.identifiers import Timestamp
from shared.rejection import Conflict, NotFound, Unprocessable
from shared.resources import history

handler = Api()

VALID_FOR = timedelta(minutes=15)


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


class AttachmentLink(Struct, frozen=True):
    """An attachment, and where to GET its bytes until when (404 there: they were never uploaded)."""

    attachment_id: str
    file_name: str
    media_type: str
    size: int
    added_at: Timestamp
    url: str
    expires_at: Timestamp


class AttachmentLinks(Struct, frozen=True):
    """The attachments of an inspection, the first added first."""

    items: list[AttachmentLink]


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
            "Key": _key(id, added.attachment_id),
            "ContentType": added.media_type,
            "ContentLength": added.size,
        },
        ExpiresIn=int(VALID_FOR.total_seconds()),
    )
    address = UploadAddress(
        added.attachment_id,
        "PUT",
        url,
        {"content-type": added.media_type, "content-length": str(added.size)},
        clock.iso(now + VALID_FOR),
    )
    return Response(201, address, replayed=outcome.repeated)


@handler.route(
    "GET",
    "/receiving/inspections/{id}/attachments",
    scope="receiving/read",
    returns=(200, AttachmentLinks),
    rejects=(NotFound,),
)
def list_attachments(id: InspectionId) -> Response:
    """The photos and documents of an inspection, each with an address to fetch it from."""
    stream = history().load(INSPECTION, INSPECTION.stream_id(id))
    if not stream.sequence:
        raise NotFound(
            f"There is no inspection {id!r}.",
            field="id",
            value=id,
            remedy="GET /receiving/inspections lists those that there are.",
            code="unknown-inspection",
        )
    until = clock.iso(clock.now() + VALID_FOR)
    added = sorted(stream.state.attachments.values(), key=lambda one: (one.at, one.attachment_id))
    return Response(200, AttachmentLinks([_link(id, one, until) for one in added]))


def _link(inspection_id: str, one: Attachment, until: str) -> AttachmentLink:
    """The browser saves it under its own name and never shows it as a page of ours."""
    url = aws.s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": required("attachments_bucket"),
            "Key": _key(inspection_id, one.attachment_id),
            "ResponseContentType": one.media_type,
            "ResponseContentDisposition": f'attachment; filename="{_ascii(one.file_name)}"',
        },
        ExpiresIn=int(VALID_FOR.total_seconds()),
    )
    return AttachmentLink(one.attachment_id, one.file_name, one.media_type, one.size, one.at, url, until)


def _key(inspection_id: str, attachment_id: str) -> str:
    return f"attached/inspections/{inspection_id}/{attachment_id}"


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace("?", "_")
