"""What is attached to inspections: photos and documents, each with a signed address to fetch it from."""

from msgspec import Struct

from receiving.aggregates import INSPECTION
from receiving.contracts import InspectionId
from receiving.domain.inspection import Attachment
from receiving.keys import ADDRESS_VALID_FOR, attachment_key
from shared import aws, clock
from shared.environment import required
from shared.http_edge import Api, Response
from shared.identifiers import Timestamp
from shared.rejection import NotFound
from shared.resources import history

handler = Api()


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
    until = clock.iso(clock.now() + ADDRESS_VALID_FOR)
    added = sorted(stream.state.attachments.values(), key=lambda one: (one.at, one.attachment_id))
    return Response(200, AttachmentLinks([_link(id, one, until) for one in added]))


def _link(inspection_id: str, one: Attachment, until: str) -> AttachmentLink:
    """The browser saves it under its own name and never shows it as a page of ours."""
    url = aws.s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": required("attachments_bucket"),
            "Key": attachment_key(inspection_id, one.attachment_id),
            "ResponseContentType": one.media_type,
            "ResponseContentDisposition": f'attachment; filename="{_ascii(one.file_name)}"',
        },
        ExpiresIn=int(ADDRESS_VALID_FOR.total_seconds()),
    )
    return AttachmentLink(one.attachment_id, one.file_name, one.media_type, one.size, one.at, url, until)


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace("?", "_")
